//! A small client of the API: HTTP/1.1 over loopback, one connection for each request.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{Method, Request, Response, StatusCode};
use compeer_core::GroupId;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::find::short;
use crate::api::Event;
use crate::error::{ApiError, ProblemDocument};
use crate::home::HomePath;

/// Somebody holds the home and does not answer.
const IN_BETWEEN: &str = "One is starting or ending right now; try again in a moment. If it stays so, end that process and start it again with `compeer up`.";

/// How long a peer that holds its home may take until it answers, as far as a command waits for it.
const STARTING: Duration = Duration::from_secs(3);
/// How long a program that was started at the same time as a command may take until it holds its home.
const LAUNCHING: Duration = Duration::from_millis(300);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Bytes of one event, at most: a peer of ours sends none that long.
const MAX_EVENT: usize = 16 * 1024 * 1024;

/// A client of the peer that runs on one home.
pub(super) struct Client {
    address: SocketAddr,
    token: Zeroizing<String>,
}

impl Client {
    /// Finds the peer that runs on `home`, and waits for one that has just been started. The note that it left counts
    /// only while it holds the home's lock: the token must not go to whoever listens on its port now.
    pub(super) fn find(home: &HomePath) -> Result<Self, ApiError> {
        if home.read_device()?.is_none() {
            return Err(not_running("Run `compeer init --name NAME`, then start it with `compeer up`."));
        }
        let since = Instant::now();
        loop {
            let locked = home.is_locked();
            if locked
                && let (Some(running), Some(token)) = (home.read_running_api()?, home.read_api_token()?)
                && std::net::TcpStream::connect_timeout(&running.address, STARTING).is_ok()
            {
                return Ok(Self { address: running.address, token });
            }
            match since.elapsed() {
                waited if locked && waited >= STARTING => return Err(not_running(IN_BETWEEN)),
                waited if !locked && waited >= LAUNCHING => return Err(not_running("Start it with `compeer up`.")),
                _ => std::thread::sleep(LOOK_EVERY),
            }
        }
    }

    /// A client of a known address.
    pub(super) fn new(address: SocketAddr, token: Zeroizing<String>) -> Self {
        Self { address, token }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.ask(Method::GET, path, None).await
    }

    /// What is no JSON.
    pub(super) async fn text(&self, path: &str) -> Result<String, ApiError> {
        let response = self.send(Method::GET, path, None).await?;
        let status = response.status();
        let bytes = response.into_body().collect().await.map_err(|_| broken())?.to_bytes();
        if status.is_success() {
            return String::from_utf8(bytes.into()).map_err(|_| misunderstood());
        }
        Err(refused(path, &bytes))
    }

    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ApiError> {
        let body = serde_json::to_vec(body).map_err(|error| ApiError::internal(format!("{error}.")))?;
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(super) async fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ApiError> {
        let body = serde_json::to_vec(body).map_err(|error| ApiError::internal(format!("{error}.")))?;
        self.ask(Method::PATCH, path, Some(body)).await
    }

    pub(super) async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ApiError> {
        let body = serde_json::to_vec(body).map_err(|error| ApiError::internal(format!("{error}.")))?;
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.ask(Method::DELETE, path, None).await
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<T, ApiError> {
        let response = self.send(method, path, body).await?;
        let status = response.status();
        let bytes = response.into_body().collect().await.map_err(|_| broken())?.to_bytes();
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|_| misunderstood());
        }
        Err(refused(path, &bytes))
    }

    async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Response<Incoming>, ApiError> {
        let stream = TcpStream::connect(self.address).await.map_err(|_| not_running(IN_BETWEEN))?;
        // A small request must not wait for more to send; without it everything still works.
        let _ = stream.set_nodelay(true);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| broken())?;
        tokio::spawn(async move {
            // Its failure shows at the request.
            let _ = connection.await;
        });
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(HOST, self.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", *self.token))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(|_| misunderstood())?;
        sender.send_request(request).await.map_err(|_| broken())
    }

    /// What happens from now on. The first event is `hello`.
    pub(super) async fn events(&self) -> Result<Events, ApiError> {
        let response = self.send(Method::GET, "/events", None).await?;
        if response.status().is_success() {
            return Ok(Events { body: response.into_body(), parser: Parser::default() });
        }
        let bytes = response.into_body().collect().await.map_err(|_| broken())?.to_bytes();
        Err(refused("/events", &bytes))
    }
}

/// What the peer answers instead. It says `SPACE` in the commands that it recommends; here it is known which one was asked about.
fn refused(path: &str, bytes: &[u8]) -> ApiError {
    let Ok(problem) = serde_json::from_slice::<ProblemDocument>(bytes) else { return misunderstood() };
    let error = ApiError::from(problem);
    let space = path.strip_prefix("/spaces/").and_then(|rest| rest.split(['/', '?']).next());
    match space.filter(|space| space.parse::<GroupId>().is_ok()) {
        Some(space) => ApiError { hint: error.hint.replace("SPACE", short(space)).into(), ..error },
        None => error,
    }
}

/// A stream of events.
pub(super) struct Events {
    body: Incoming,
    parser: Parser,
}

impl Events {
    /// The next event as JSON text; `None` when the peer has ended.
    pub(super) async fn next_text(&mut self) -> Result<Option<String>, ApiError> {
        loop {
            if let Some(text) = self.parser.take() {
                return Ok(Some(text));
            }
            match self.body.frame().await {
                None | Some(Err(_)) => return Ok(None),
                Some(Ok(frame)) => {
                    if let Some(bytes) = frame.data_ref() {
                        self.parser.feed(bytes)?;
                    }
                }
            }
        }
    }

    /// The next event.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, ApiError> {
        match self.next_text().await? {
            Some(text) => serde_json::from_str(&text).map(Some).map_err(|_| misunderstood()),
            None => Ok(None),
        }
    }
}

/// Server-Sent Events as our own API writes them: lines end with a line feed, and an event has one `data:` line.
#[derive(Default)]
struct Parser {
    bytes: Vec<u8>,
    /// Up to where there is no line feed.
    searched: usize,
}

impl Parser {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), ApiError> {
        if self.bytes.len() + bytes.len() > MAX_EVENT {
            return Err(misunderstood());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn take(&mut self) -> Option<String> {
        loop {
            let end = self.searched + self.bytes.get(self.searched..)?.iter().position(|byte| *byte == b'\n')?;
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            self.searched = 0;
            if let Some(data) = line.strip_prefix(b"data:") {
                return Some(String::from_utf8_lossy(data).trim().to_owned());
            }
        }
    }
}

fn not_running(hint: &'static str) -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not-running",
        "No peer is running",
        "No peer is running for this home.",
        hint,
    )
}

fn broken() -> ApiError {
    ApiError::new(
        StatusCode::BAD_GATEWAY,
        "broken-off",
        "The peer broke off",
        "The peer stopped answering.",
        "It may be shutting down. `compeer doctor` says more.",
    )
}

fn misunderstood() -> ApiError {
    ApiError::new(
        StatusCode::BAD_GATEWAY,
        "misunderstood",
        "Not understood",
        "The peer answered something that this program does not understand.",
        "The peer may be of another version: end it and start it again with this program.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_events() {
        let seed = b"event: hello\ndata: {\"event\":\"hello\"}\n\n: keep\n\nid: 7\ndata:{\"a\":1}\n\n".to_vec();
        compeer_testkit::fuzz::run(&[seed], |bytes| {
            let read = |parts: &[&[u8]]| {
                let mut parser = Parser::default();
                let mut found = Vec::new();
                for part in parts {
                    parser.feed(part).expect("fits");
                    found.extend(std::iter::from_fn(|| parser.take()));
                }
                found
            };
            let (head, tail) = bytes.split_at(bytes.len() / 2);
            let whole = read(&[bytes]);
            assert_eq!(read(&[head, tail]), whole);
            whole.iter().any(|text| serde_json::from_str::<serde_json::Value>(text).is_ok())
        });
    }

    #[test]
    fn events_are_found_however_they_are_cut() {
        let text = b"event: hello\ndata: {\"event\":\"hello\"}\n\n: keep\n\nid: 7\ndata:{\"a\":1}\n\n";
        for cut in 0..text.len() {
            let mut parser = Parser::default();
            let mut found = Vec::new();
            for part in [&text[..cut], &text[cut..]] {
                parser.feed(part).expect("fits");
                found.extend(std::iter::from_fn(|| parser.take()));
            }
            assert_eq!(found, ["{\"event\":\"hello\"}", "{\"a\":1}"], "cut at {cut}");
        }
        assert!(Parser::default().feed(&vec![b'a'; MAX_EVENT + 1]).is_err());
    }
}
