//! The least of an HTTP client: one kept-alive connection, JSON in and out. Small, so that it measures the peer and not
//! itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A connection to one peer's API.
pub(crate) struct Client {
    address: String,
    token: String,
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: &str, token: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(300)))?;
        Ok(Self { address: address.to_owned(), token: token.to_owned(), stream: BufReader::new(stream) })
    }

    pub(crate) fn get(&mut self, path: &str) -> Result<Value, Failure> {
        self.call("GET", path, None)
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call("POST", path, Some(body))
    }

    fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (status, length) = self.head()?;
        let mut bytes = vec![0; length.ok_or("an answer without a length")?];
        self.stream.read_exact(&mut bytes)?;
        if !(200..300).contains(&status) {
            return Err(format!("{method} {path}: {status} {}", String::from_utf8_lossy(&bytes)).into());
        }
        Ok(if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? })
    }

    /// Reads status and headers.
    fn head(&mut self) -> Result<(u16, Option<usize>), Failure> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).ok_or("no status")?.parse()?;
        let mut length = None;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                return Ok((status, length));
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = Some(value.trim().parse()?);
            }
        }
    }

    /// Turns the connection into a stream of events, and calls `each` until it says to stop.
    pub(crate) fn events(mut self, mut each: impl FnMut(&Value) -> bool) -> Result<(), Failure> {
        let request = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nAccept: text/event-stream\r\n\r\n",
            self.address, self.token
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (status, _) = self.head()?;
        if status != 200 {
            return Err(format!("events: {status}").into());
        }
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err("the stream of events ended".into());
            }
            // The stream is chunked; chunk sizes and blank lines are no data lines.
            if let Some(data) = line.strip_prefix("data:")
                && !each(&serde_json::from_str(data.trim())?)
            {
                return Ok(());
            }
        }
    }
}
