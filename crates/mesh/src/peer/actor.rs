//! The task of one remote: dials it while it is wanted, agrees with it on one connection, and keeps the link.
//!
//! Everything about one device happens in this one task, so there is nothing to lock and no order of events to guard
//! against. The page of `control.rs` says how two devices agree on one connection.

use std::sync::Arc;
use std::time::Duration;

use compeer_core::key::random_bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use iroh::endpoint::{Connection, RecvStream, SendStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::talk::{greeting, serve};
use super::{Peer, PeerState};
use crate::address::{Addresses, Source};
use crate::control::{self, Control, ControlError};
use crate::endpoint::dial_failure;
use crate::event::{DownReason, MeshEvent, Problem};
use crate::gate::{Door, MEMBER_ALPN, device_of};
use crate::link::Link;
use crate::mesh::Inner;

/// One dial. Short, because after an outage a fresh dial gets through sooner than an old one that has backed off.
const DIAL_LIMIT: Duration = Duration::from_secs(5);
/// How long the other side may take to say hello.
const HELLO_LIMIT: Duration = Duration::from_secs(6);
/// How long it may take to choose. Longer, so that under load nobody drops what the other is about to choose.
const CHOICE_LIMIT: Duration = Duration::from_secs(12);
/// Connections with one device that are being agreed on at once.
const GREETINGS: usize = 8;
/// The first pause after a failed dial; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause towards a device that was linked lately or whose address is fresh: an outage of any length is over
/// for us a few seconds after it is over.
const PAUSE_LIMIT: Duration = Duration::from_secs(3);
/// The longest pause towards a device that has not been seen for a while or does not let us in.
const LONG_PAUSE_LIMIT: Duration = Duration::from_secs(30);
/// For how long without a link a device counts as seen lately.
const LATELY: Duration = Duration::from_secs(15 * 60);
/// Pause towards a device that broke the protocol.
const PENALTY: Duration = Duration::from_secs(30);
/// A dial younger than this is not given up for a newer address.
const FRESH_DIAL: Duration = Duration::from_millis(300);

/// See `control.rs`. Only has to differ from the one before, so a failing randomness source is no reason to stop.
fn new_session() -> u64 {
    random_bytes().map_or(0, u64::from_le_bytes)
}

/// A connection whose other side said hello. Not a link yet.
struct Greeted {
    conn: Connection,
    send: SendStream,
    recv: RecvStream,
    session: u64,
    addresses: Addresses,
}

struct Dial {
    since: Instant,
    work: BoxFuture<'static, Result<Connection, DownReason>>,
}

struct Live {
    link: Link,
    their_session: u64,
    work: BoxFuture<'static, DownReason>,
}

pub(super) struct Actor {
    inner: Arc<Inner>,
    peer: Arc<Peer>,
    arrivals: mpsc::Receiver<Connection>,
    /// Our id is the smaller one: we choose among connections.
    decides: bool,
    session: u64,
    /// Failed attempts since the last link or nudge.
    attempts: u32,
    /// When there was a link last, or we started.
    seen: Instant,
    next_dial: Instant,
    dial: Option<Dial>,
    greetings: FuturesUnordered<BoxFuture<'static, Result<Greeted, DownReason>>>,
    live: Option<Live>,
}

impl Actor {
    pub(super) fn new(inner: Arc<Inner>, peer: Arc<Peer>, arrivals: mpsc::Receiver<Connection>) -> Self {
        Self {
            decides: inner.device < peer.device,
            inner,
            peer,
            arrivals,
            session: new_session(),
            attempts: 0,
            seen: Instant::now(),
            next_dial: Instant::now(),
            dial: None,
            greetings: FuturesUnordered::new(),
            live: None,
        }
    }

    pub(super) async fn run(mut self) {
        let inner = self.inner.clone();
        let peer = self.peer.clone();
        loop {
            let quiet = self.live.is_none() && self.dial.is_none() && self.greetings.is_empty();
            let wanted = peer.view().wanted;
            if quiet && !wanted && inner.retire(&peer) {
                return;
            }
            let reachable = quiet && wanted && inner.dialable(peer.device).is_some();
            peer.view().state = match quiet {
                _ if self.live.is_some() => PeerState::Linked,
                false => PeerState::Connecting,
                true if reachable => PeerState::Waiting,
                true if wanted => PeerState::NoAddress,
                true => PeerState::Idle,
            };
            tokio::select! {
                () = inner.stop.cancelled() => break,
                Some(conn) = self.arrivals.recv() => self.greet(conn),
                Some(greeted) = self.greetings.next(), if !self.greetings.is_empty() => match greeted {
                    Ok(greeted) => self.settle(greeted).await,
                    Err(reason) => self.failed(reason),
                },
                dialled = work(self.dial.as_mut().map(|dial| &mut dial.work)) => {
                    self.dial = None;
                    match dialled {
                        Ok(conn) => self.greet(conn),
                        Err(reason) => self.failed(reason),
                    }
                }
                reason = work(self.live.as_mut().map(|live| &mut live.work)) => self.down(reason),
                () = peer.wake.notified() => self.woken(),
                () = sleep_until(self.next_dial), if reachable => self.start_dial(),
            }
        }
        if let Some(live) = self.live.take() {
            live.link.close_with(DownReason::ShuttingDown);
            self.announce_down(DownReason::ShuttingDown);
        }
    }

    /// Wanted, or not any more, or nudged.
    fn woken(&mut self) {
        let (released, nudged) = {
            let mut view = self.peer.view();
            (std::mem::take(&mut view.released), std::mem::take(&mut view.nudged))
        };
        if released {
            self.dial = None;
            self.greetings.clear();
            if let Some(live) = &self.live {
                live.link.close_with(DownReason::Unwanted);
            }
        }
        if nudged {
            self.attempts = 0;
            self.next_dial = Instant::now();
            if self.dial.as_ref().is_some_and(|dial| dial.since.elapsed() > FRESH_DIAL) {
                // The dial under way does not know what we know now.
                self.dial = None;
            }
        }
    }

    fn start_dial(&mut self) {
        let Some(addr) = self.inner.dialable(self.peer.device) else { return };
        let inner = self.inner.clone();
        let work = async move {
            let Ok(_turn) = inner.dials.acquire().await else { return Err(DownReason::ShuttingDown) };
            let Some(endpoint) = inner.endpoint() else { return Err(DownReason::Transport) };
            match timeout(DIAL_LIMIT, inner.dial(&endpoint, addr, MEMBER_ALPN)).await {
                Ok(Ok(conn)) => Ok(conn),
                Ok(Err(error)) => Err(dial_failure(&error).unwrap_or(DownReason::TimedOut)),
                Err(_) => Err(DownReason::TimedOut),
            }
        };
        self.dial = Some(Dial { since: Instant::now(), work: Box::pin(work) });
    }

    /// A dial or a greeting failed, or a link ended: plan the next attempt.
    fn failed(&mut self, reason: DownReason) {
        if reason != DownReason::Duplicate {
            tracing::debug!(%reason, "no link");
            self.peer.view().failure = Some(reason);
            // A connection that came to nothing must not be taken for one that is still coming about.
            if self.live.is_none() {
                self.session = new_session();
            }
        }
        let limit = match reason {
            DownReason::Refused | DownReason::BadControl => LONG_PAUSE_LIMIT,
            _ if self.seen.elapsed() < LATELY => PAUSE_LIMIT,
            _ => LONG_PAUSE_LIMIT,
        };
        let pause = FIRST_PAUSE.saturating_mul(1 << self.attempts.min(10)).min(limit);
        self.attempts = self.attempts.saturating_add(1);
        // Between half and the whole of it, so that many who lost the same peer do not come back in step.
        let share = f64::from(random_bytes().map_or(u16::MAX, u16::from_le_bytes)) / f64::from(u16::MAX);
        self.next_dial = Instant::now() + pause.mul_f64(0.5 + share / 2.0);
    }

    /// Exchanges hellos on a new connection, in the background.
    fn greet(&mut self, conn: Connection) {
        if self.greetings.len() >= GREETINGS {
            return conn.close(DownReason::Busy.code(), b"");
        }
        let hello = Control::Hello { session: self.session, addresses: self.inner.mine.borrow().clone() };
        let (says, limit) = if self.decides { (None, HELLO_LIMIT) } else { (Some(hello), CHOICE_LIMIT) };
        let inner = self.inner.clone();
        let work = async move {
            match timeout(limit, greeting(&conn, says)).await {
                Ok(Ok((send, recv, session, addresses))) => Ok(Greeted { conn, send, recv, session, addresses }),
                Ok(Err(error @ (ControlError::Bad(_) | ControlError::OutOfPlace))) => {
                    let device = device_of(&conn);
                    tracing::debug!(%error, "bad hello");
                    inner.problems.record(Problem::BadControl { device });
                    conn.close(DownReason::BadControl.code(), b"");
                    Err(DownReason::BadControl)
                }
                Ok(Err(ControlError::Ended)) => {
                    Err(conn.close_reason().map_or(DownReason::BadControl, |error| DownReason::from(&error)))
                }
                Err(_) => Err(DownReason::TimedOut),
            }
        };
        self.greetings.push(Box::pin(work));
    }

    /// The other side said hello. If we decide, choose; if not, this is the one that was chosen.
    async fn settle(&mut self, greeted: Greeted) {
        let Greeted { conn, mut send, recv, session, addresses } = greeted;
        if self.decides {
            if self.live.as_ref().is_some_and(|live| live.their_session == session && live.link.down().is_none()) {
                return conn.close(DownReason::Duplicate.code(), b"");
            }
            let hello = Control::Hello { session: self.session, addresses: self.inner.mine.borrow().clone() };
            // A first small frame on a fresh stream fits the peer's window, so this does not wait.
            if !matches!(timeout(HELLO_LIMIT, control::write(&mut send, &hello)).await, Ok(Ok(()))) {
                return self.failed(DownReason::TimedOut);
            }
        }
        if let Some(old) = self.live.take() {
            old.link.close_with(DownReason::Replaced);
            self.announce_down(DownReason::Replaced);
        }
        // Settled: whatever else is under way would be a duplicate.
        self.dial = None;
        self.greetings.clear();
        self.attempts = 0;
        let link = Link::new(conn, Door::Member);
        self.peer.view().link = Some(link.clone());
        // The gate is asked again: the device may have been removed since it came. From here on `want` sees the link, so
        // that one of the two notices a removal, whenever it happens.
        if !self.inner.keeper.admits(self.peer.device, Door::Member) {
            link.close_with(DownReason::Refused);
            self.peer.view().link = None;
            return self.failed(DownReason::Refused);
        }
        let work = Box::pin(serve(self.inner.clone(), link.clone(), send, recv));
        {
            let mut view = self.peer.view();
            view.failure = None;
            view.state = PeerState::Linked;
        }
        let (path, _) = link.way();
        tracing::info!(?path, outgoing = link.outgoing(), "up");
        self.inner.emit(MeshEvent::PeerUp { device: self.peer.device, path, outgoing: link.outgoing() });
        self.inner.learn(self.peer.device, addresses, Source::Itself);
        self.live = Some(Live { link, their_session: session, work });
    }

    fn down(&mut self, reason: DownReason) {
        self.live = None;
        self.seen = Instant::now();
        self.announce_down(reason);
        self.failed(reason);
        if reason == DownReason::BadControl {
            self.next_dial = Instant::now() + PENALTY;
        }
    }

    fn announce_down(&mut self, reason: DownReason) {
        self.session = new_session();
        self.peer.view().link = None;
        tracing::info!(%reason, "down");
        self.inner.emit(MeshEvent::PeerDown { device: self.peer.device, reason });
    }
}

/// The work of an optional background future; waits forever if there is none.
async fn work<T>(future: Option<&mut BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
