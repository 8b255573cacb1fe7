//! The API over connections that are kept, as a script that sends much uses it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use compeer_testkit::process::Peer;
use serde_json::Value;

/// How long one answer may take. A restored peer waits ten seconds for others before it says no.
const LIMIT: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// Where a peer's API is, and what opens it.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) address: String,
    token: String,
}

impl Api {
    /// The API of a peer that runs.
    pub(crate) fn of(peer: &Peer) -> Self {
        let address = peer.ready().expect("runs").api.strip_prefix("http://").expect("a URL").to_owned();
        let token = std::fs::read_to_string(peer.home().join("api-token")).expect("a token");
        Self { address, token }
    }

    pub(crate) fn connect(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        Ok(Connection { stream: BufReader::new(stream), api: self.clone() })
    }

    /// One request on a connection of its own.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        self.connect().and_then(|mut connection| connection.ask(method, path, body)).expect("answers")
    }
}

/// A connection that is kept.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    api: Api,
}

impl Connection {
    /// Asks with a JSON body, or none. The path starts behind `/api/v1`.
    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        let media = if body.is_empty() { "" } else { "application/json" };
        self.ask_as(method, path, media, body)
    }

    /// Asks with a body of any media type.
    pub(crate) fn ask_as(&mut self, method: &str, path: &str, media: &str, body: &str) -> io::Result<Answer> {
        let Api { address, token } = &self.api;
        let media = if media.is_empty() { String::new() } else { format!("Content-Type: {media}\r\n") };
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n{media}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        // Whoever refuses a long body may answer before all of it was sent.
        let sent = self.stream.get_mut().write_all(request.as_bytes());
        let answer = self.answer();
        if answer.is_err() { sent.and(answer) } else { answer }
    }

    /// A new connection to the same peer.
    pub(crate) fn again(&self) -> io::Result<Self> {
        self.api.connect()
    }

    /// Asks for a page as a browser that follows a link does, without the token.
    pub(crate) fn visit(&mut self, path: &str) -> io::Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.api.address);
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.answer()
    }

    /// Sends a message: its id, or what was said instead.
    pub(crate) fn send(&mut self, space: &str, text: &str) -> io::Result<Result<String, Answer>> {
        let body = serde_json::json!({ "text": text }).to_string();
        let answer = self.ask("POST", &format!("/spaces/{space}/messages"), &body)?;
        let id = (answer.status == 201).then(|| answer.json()["id"].as_str().map(str::to_owned)).flatten();
        Ok(id.ok_or(answer))
    }

    /// Everything that was said in a space, oldest first: ids and texts.
    pub(crate) fn log(&mut self, space: &str) -> io::Result<Vec<(String, String)>> {
        let mut pages = Vec::new();
        let mut before = String::new();
        loop {
            let answer = self.ask("GET", &format!("/spaces/{space}/messages?limit=1000{before}"), "")?;
            assert_eq!(answer.status, 200, "{answer:?}");
            let page = answer.json();
            let field = |message: &Value, name: &str| message[name].as_str().expect("a text").to_owned();
            let messages = page["messages"].as_array().expect("a list");
            pages.push(messages.iter().map(|one| (field(one, "id"), field(one, "text"))).collect::<Vec<_>>());
            match messages.first().filter(|_| page["more"] == true) {
                Some(first) => before = format!("&before={}", field(first, "id")),
                None => return Ok(pages.into_iter().rev().flatten().collect()),
            }
        }
    }

    fn answer(&mut self) -> io::Result<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length = head.lines().filter_map(|line| line.split_once(": "));
        let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).map(|(_, value)| value);
        let length: usize = length.next_back().and_then(|value| value.parse().ok()).unwrap_or_default();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status: status.ok_or(io::ErrorKind::InvalidData)?, head, body })
    }
}
