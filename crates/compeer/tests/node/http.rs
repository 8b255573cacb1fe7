//! HTTP by hand: what browsers and attackers can send, a well-behaved client cannot.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use compeer_testkit::process::Peer;
use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The `code` of a problem document, which must be a whole one.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        let document = self.json();
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(document["type"], "about:blank");
        assert_eq!(document["status"], self.status);
        for field in ["title", "detail", "hint"] {
            assert!(document[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {document}");
        }
        document["code"].as_str().expect("a code").to_owned()
    }
}

/// A running peer's API, without any help.
pub(crate) struct Api {
    pub(crate) address: String,
    pub(crate) token: String,
}

impl Api {
    pub(crate) fn of(peer: &Peer) -> Self {
        let address = peer.ready().expect("runs").api.strip_prefix("http://").expect("a URL").to_owned();
        let token = std::fs::read_to_string(peer.home().join("api-token")).expect("a token");
        Self { address, token }
    }

    /// Sends a request head with these headers, and a body.
    pub(crate) fn raw(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
        if !body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut stream = TcpStream::connect(&self.address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
        stream.write_all(head.as_bytes()).expect("sends");
        // A refusal may come before the whole body is sent.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        parse(&bytes)
    }

    /// Opens the stream of events, and returns when it has begun.
    pub(crate) fn listen(&self, headers: &[(&str, &str)]) -> Events {
        let mut stream = TcpStream::connect(&self.address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        stream.write_all(format!("GET /api/v1/events HTTP/1.1\r\n{headers}\r\n").as_bytes()).expect("sends");
        let mut events = Events(BufReader::new(stream));
        let hello = events.next_event().expect("an event");
        assert!(hello.contains("\"hello\""), "{hello}");
        events
    }

    /// Sends a request as a script does.
    pub(crate) fn script(&self, line: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("Host", self.address.as_str()), ("Authorization", bearer.as_str())];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        self.raw(line, &headers, body.as_bytes())
    }

    /// Signs in as a browser does, and returns the cookie.
    pub(crate) fn sign_in(&self) -> String {
        let link = self.script("POST /api/v1/signin-links", "").json();
        let url = link["url"].as_str().expect("a link").to_owned();
        let path = url.strip_prefix(&format!("http://{}", self.address)).expect("our own").to_owned();
        let answer = self.raw(&format!("GET {path}"), &[("Host", &self.address)], b"");
        assert_eq!((answer.status, answer.headers["location"].as_str()), (303, "/"));
        answer.headers["set-cookie"].split(';').next().expect("a cookie").to_owned()
    }
}

/// A stream of events.
pub(crate) struct Events(BufReader<TcpStream>);

impl Events {
    /// What the next event says; `None` when the stream has ended.
    #[track_caller]
    pub(crate) fn next_event(&mut self) -> Option<String> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.0.read_line(&mut line).expect("goes on or ends, in time") == 0 {
                return None;
            }
            match line.strip_prefix("data: ") {
                Some(data) => return Some(data.trim().to_owned()),
                // The last chunk.
                None if line == "0\r\n" => return None,
                None => {}
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut body = bytes[end + 4..].to_vec();
    if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        body = dechunk(&body);
    }
    Answer { status: status.expect("a status"), headers, body }
}

fn dechunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(String::from_utf8_lossy(&bytes[..end]).trim(), 16).unwrap_or_default();
        let start = end + 2;
        if size == 0 || bytes.len() < start + size {
            break;
        }
        body.extend_from_slice(&bytes[start..start + size]);
        bytes = &bytes[(start + size + 2).min(bytes.len())..];
    }
    body
}
