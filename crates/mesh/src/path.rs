//! How a link travels: directly or over a relay, how long a round trip takes and how much flows.

use std::net::SocketAddr;
use std::time::Duration;

use iroh::RelayUrl;
use iroh::TransportAddr;
use iroh::endpoint::Connection;
use tokio::time::Instant;

/// The way a link's traffic takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Path {
    /// UDP from us to that address of the peer, nobody in between.
    Direct(SocketAddr),
    /// Through a relay, which sees ciphertext and the two device ids.
    Relay(RelayUrl),
    /// No way at this moment.
    None,
}

/// A link's path with its figures.
#[derive(Debug, Clone, PartialEq)]
pub struct PathInfo {
    /// The way taken now.
    pub path: Path,
    /// Round trip in milliseconds, smoothed.
    pub rtt_ms: f64,
    /// Bytes sent in UDP datagrams since the link came up, overhead included.
    pub sent: u64,
    /// Bytes received likewise.
    pub received: u64,
    /// Bytes sent per second, between the last two times somebody looked.
    pub send_rate: f64,
    /// Bytes received per second likewise.
    pub receive_rate: f64,
}

/// The path that carries a connection's data now, with its round trip in milliseconds.
pub(crate) fn current(conn: &Connection) -> (Path, f64) {
    let paths = conn.paths();
    let chosen = paths.iter().find(iroh::endpoint::Path::is_selected).or_else(|| paths.iter().next());
    let Some(chosen) = chosen else { return (Path::None, 0.0) };
    let path = match chosen.remote_addr() {
        TransportAddr::Ip(addr) => Path::Direct(SocketAddr::new(addr.ip().to_canonical(), addr.port())),
        TransportAddr::Relay(url) => Path::Relay(url.clone()),
        _ => Path::None,
    };
    (path, chosen.rtt().as_secs_f64() * 1000.0)
}

/// Turns two looks at the byte counters into rates, so that rates cost nothing while nobody looks.
#[derive(Debug)]
pub(crate) struct Meter {
    at: Instant,
    sent: u64,
    received: u64,
    send_rate: f64,
    receive_rate: f64,
}

/// Looks closer together than this give the previous rate, because a short interval says little.
const SHORTEST: Duration = Duration::from_millis(400);

impl Meter {
    pub(crate) fn new() -> Self {
        Self { at: Instant::now(), sent: 0, received: 0, send_rate: 0.0, receive_rate: 0.0 }
    }

    pub(crate) fn look(&mut self, conn: &Connection) -> PathInfo {
        let stats = conn.stats();
        let (sent, received) = (stats.udp_tx.bytes, stats.udp_rx.bytes);
        let now = Instant::now();
        let passed = now.duration_since(self.at);
        if passed >= SHORTEST {
            // Counters fit a double exactly up to 2^53 bytes.
            self.send_rate = sent.saturating_sub(self.sent) as f64 / passed.as_secs_f64();
            self.receive_rate = received.saturating_sub(self.received) as f64 / passed.as_secs_f64();
            (self.at, self.sent, self.received) = (now, sent, received);
        }
        let (path, rtt_ms) = current(conn);
        PathInfo { path, rtt_ms, sent, received, send_rate: self.send_rate, receive_rate: self.receive_rate }
    }
}
