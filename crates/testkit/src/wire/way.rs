//! One way of a wire: takes datagrams from one end's peer and hands them to the other end's.
//!
//! Reads and writes whole batches (the kernel's generic segmentation and receive offload), because one system call per
//! datagram would make the wire the bottleneck of every test. Only when the conditions ask for it is a batch taken
//! apart.

use super::line::{Conditions, Line};
use crate::random::Random;
use noq_udp::{EcnCodepoint, RecvMeta, Transmit, UdpSocketState};
use std::{
    io::{self, IoSliceMut},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{
    io::Interest,
    net::UdpSocket,
    sync::watch,
    time::{Instant, sleep_until},
};

/// The largest batch that a socket hands over at once: a full UDP datagram, or as many small ones.
const BATCH: usize = 64 << 10;

/// One socket of the wire and the peer that it talks to.
#[derive(Debug)]
pub(super) struct End {
    socket: UdpSocket,
    state: UdpSocketState,
    peer: SocketAddr,
}

impl End {
    pub(super) fn new(socket: std::net::UdpSocket, peer: SocketAddr) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let state = UdpSocketState::new((&socket).into())?;
        // A wire must not lose what it is not told to lose. The kernel grants what it allows at most.
        state.set_recv_buffer_size((&socket).into(), 4 << 20)?;
        state.set_send_buffer_size((&socket).into(), 4 << 20)?;
        Ok(Self { socket: UdpSocket::from_std(socket)?, state, peer })
    }

    async fn receive(&self, buffer: &mut [u8]) -> io::Result<RecvMeta> {
        loop {
            self.socket.readable().await?;
            let mut meta = [RecvMeta::default()];
            let received = self.socket.try_io(Interest::READABLE, || {
                self.state.recv((&self.socket).into(), &mut [IoSliceMut::new(buffer)], &mut meta)
            });
            match received {
                Ok(_) => return Ok(meta[0]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends one datagram, or several of `segment` bytes each (the last may be shorter).
    async fn send(&self, contents: &[u8], segment: usize, ecn: Option<EcnCodepoint>) -> io::Result<()> {
        let segment_size = (segment < contents.len()).then_some(segment);
        let transmit = Transmit { destination: self.peer, ecn, contents, segment_size, src_ip: None };
        loop {
            self.socket.writable().await?;
            let sent = self.socket.try_io(Interest::WRITABLE, || self.state.try_send((&self.socket).into(), &transmit));
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }
}

/// What went through one way of a wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Datagrams handed on.
    pub datagrams: u64,
    /// Their bytes, without headers.
    pub bytes: u64,
    /// Datagrams lost because the conditions said so.
    pub lost: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    datagrams: AtomicU64,
    bytes: AtomicU64,
    lost: AtomicU64,
}

impl Counters {
    pub(super) fn now(&self) -> Traffic {
        Traffic {
            datagrams: self.datagrams.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
        }
    }

    fn passed(&self, datagrams: usize, bytes: usize) {
        self.datagrams.fetch_add(datagrams as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn lost(&self, datagrams: usize) {
        self.lost.fetch_add(datagrams as u64, Ordering::Relaxed);
    }
}

/// A datagram under way.
#[derive(Debug)]
struct Datagram {
    contents: Box<[u8]>,
    ecn: Option<EcnCodepoint>,
}

/// Forwards until it is dropped, or until the wire is.
pub(super) async fn run(
    from: Arc<End>,
    to: Arc<End>,
    mut changes: watch::Receiver<Conditions>,
    random: Random,
    traffic: Arc<Counters>,
) {
    let mut line: Line<Datagram> = Line::new(random);
    let mut buffer = vec![0; BATCH];
    loop {
        let next_arrival = line.next_arrival();
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                if changes.borrow_and_update().cut {
                    traffic.lost(line.clear());
                }
            }
            () = sleep_until(next_arrival.unwrap_or_else(Instant::now)), if next_arrival.is_some() => {
                let now = Instant::now();
                while let Some(datagram) = line.arrived(now) {
                    hand_on(&to, &datagram.contents, datagram.contents.len(), datagram.ecn, &traffic).await;
                }
            }
            received = from.receive(&mut buffer) => {
                // An error here tells of an earlier datagram that found nobody (ICMP); the next may find somebody.
                let Ok(meta) = received else { continue };
                if meta.addr != from.peer || meta.len == 0 {
                    continue;
                }
                let conditions = *changes.borrow();
                let (batch, segment) = (&buffer[..meta.len], meta.stride.max(1));
                if conditions.is_clear() && line.is_empty() {
                    hand_on(&to, batch, segment, meta.ecn, &traffic).await;
                    continue;
                }
                let now = Instant::now();
                for contents in batch.chunks(segment) {
                    let datagram = Datagram { contents: contents.into(), ecn: meta.ecn };
                    if !line.take(datagram, contents.len(), now, &conditions) {
                        traffic.lost(1);
                    }
                }
            }
        }
    }
}

async fn hand_on(to: &End, batch: &[u8], segment: usize, ecn: Option<EcnCodepoint>, traffic: &Counters) {
    // The kernel takes as many segments at once as it gives, except where it has lost the ability meanwhile.
    let most = segment.saturating_mul(to.state.max_gso_segments().get()).min(BATCH);
    for part in batch.chunks(most.max(segment)) {
        // A peer that is not there is the peer's matter: UDP loses the datagram, and so does the wire.
        match to.send(part, segment, ecn).await {
            Ok(()) => traffic.passed(part.len().div_ceil(segment), part.len()),
            Err(_) => traffic.lost(part.len().div_ceil(segment)),
        }
    }
}
