//! One remote: dials it while it is wanted, agrees with it on one connection, and keeps the link.
//!
//! Everything about one device happens in one task, so there is nothing to lock and no order of events to guard
//! against. The page of `control.rs` says how two devices agree on one connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use compeer_core::DeviceId;
use compeer_core::key::random_bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use iroh::endpoint::{Connection, RecvStream, SendStream, Side};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::Instrument as _;

use crate::address::{Addresses, Source};
use crate::control::{self, Control, ControlError};
use crate::endpoint::dial_failure;
use crate::event::{DownReason, MeshEvent, Problem};
use crate::gate::{Door, MEMBER_ALPN};
use crate::link::Link;
use crate::mesh::Inner;
use crate::path::{Path, PathInfo};
use crate::stream::StreamKind;

/// One dial. Short, because after an outage a fresh dial gets through sooner than an old one that has backed off.
const DIAL_LIMIT: Duration = Duration::from_secs(5);
/// How long the other side may take to say hello.
const HELLO_LIMIT: Duration = Duration::from_secs(6);
/// How long it may take to choose. Longer, so that under load nobody drops what the other is about to choose.
const CHOICE_LIMIT: Duration = Duration::from_secs(12);
/// Connections from one device that wait to be looked at.
const ARRIVALS: usize = 4;
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
/// Between two signs of life. Shorter than QUIC's keep-alive, which it makes superfluous on the selected path.
const ALIVE: Duration = Duration::from_millis(2500);
/// Address messages are read no faster than this, so a peer that floods us is slowed by flow control.
const READ_PACE: Duration = Duration::from_millis(100);

/// Where things stand with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeerState {
    /// There is a link.
    Linked,
    /// A dial, or the agreement on a connection, is under way.
    Connecting,
    /// Wanted, and tried again after a pause.
    Waiting,
    /// Wanted, and no way to reach it is known.
    NoAddress,
    /// Not wanted.
    Idle,
}

/// What is known about a remote device at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerInfo {
    /// The device.
    pub device: DeviceId,
    /// The floors above want a link to it.
    pub wanted: bool,
    /// Where things stand.
    pub state: PeerState,
    /// How the link travels, with figures; [`Path::None`] and zeros without a link.
    pub path: PathInfo,
    /// Why the last link ended or the last attempt failed, while there is no link.
    pub failure: Option<DownReason>,
}

/// The part of a remote that others see; the rest belongs to its actor.
pub(crate) struct Peer {
    device: DeviceId,
    wake: Notify,
    arrivals: mpsc::Sender<Connection>,
    view: Mutex<View>,
}

struct View {
    wanted: bool,
    /// It was wanted until now: the link has to go.
    released: bool,
    /// Something happened that makes a dial at once worth while.
    nudged: bool,
    link: Option<Link>,
    state: PeerState,
    failure: Option<DownReason>,
}

impl Peer {
    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn device(&self) -> DeviceId {
        self.device
    }

    pub(crate) fn link(&self) -> Option<Link> {
        self.view().link.clone()
    }

    pub(crate) fn set_wanted(&self, wanted: bool) {
        {
            let mut view = self.view();
            if view.wanted == wanted {
                return;
            }
            (view.wanted, view.released, view.nudged) = (wanted, !wanted, wanted);
        }
        self.wake.notify_one();
    }

    /// Dial now if there is no link, whatever pause was planned.
    pub(crate) fn nudge(&self) {
        self.view().nudged = true;
        self.wake.notify_one();
    }

    pub(crate) fn arrive(&self, conn: Connection) {
        if let Err(error) = self.arrivals.try_send(conn) {
            error.into_inner().close(DownReason::Busy.code(), b"");
        }
    }

    /// Nobody wants it and no connection waits to be looked at.
    pub(crate) fn is_idle(&self) -> bool {
        !self.view().wanted && self.arrivals.capacity() == ARRIVALS
    }

    pub(crate) fn info(&self) -> PeerInfo {
        let view = self.view();
        let path = match &view.link {
            Some(link) => link.path(),
            None => PathInfo { path: Path::None, rtt_ms: 0.0, sent: 0, received: 0, send_rate: 0.0, receive_rate: 0.0 },
        };
        PeerInfo { device: self.device, wanted: view.wanted, state: view.state, path, failure: view.failure }
    }
}

/// Starts the actor of a device.
pub(crate) fn spawn(inner: &Arc<Inner>, device: DeviceId) -> Arc<Peer> {
    let (sender, arrivals) = mpsc::channel(ARRIVALS);
    let view =
        View { wanted: false, released: false, nudged: false, link: None, state: PeerState::Idle, failure: None };
    let peer = Arc::new(Peer { device, wake: Notify::new(), arrivals: sender, view: Mutex::new(view) });
    let actor = Actor {
        inner: inner.clone(),
        peer: peer.clone(),
        arrivals,
        decides: inner.device < device,
        session: new_session(),
        attempts: 0,
        seen: Instant::now(),
        next_dial: Instant::now(),
        dial: None,
        greetings: FuturesUnordered::new(),
        live: None,
    };
    let span = tracing::info_span!("peer", device = %device.short());
    inner.tasks.spawn(actor.run().instrument(span));
    peer
}

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

struct Actor {
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
    async fn run(mut self) {
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
            match timeout(DIAL_LIMIT, Box::pin(endpoint.connect(addr, MEMBER_ALPN))).await {
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
                    let device = crate::gate::device_of(&conn);
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
        let work = Box::pin(serve(self.inner.clone(), link.clone(), send, recv));
        {
            let mut view = self.peer.view();
            view.link = Some(link.clone());
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

/// Gets the control stream (the dialler opens it), says our hello if we are not the one who decides, and reads theirs.
async fn greeting(
    conn: &Connection,
    says: Option<Control>,
) -> Result<(SendStream, RecvStream, u64, Addresses), ControlError> {
    let (mut send, mut recv) = match conn.side() {
        Side::Client => {
            let (mut send, recv) = conn.open_bi().await.map_err(|_| ControlError::Ended)?;
            // Alone these two bytes already make the stream visible to the other side.
            send.write_all(&StreamKind::CONTROL.number().to_be_bytes()).await.map_err(|_| ControlError::Ended)?;
            (send, recv)
        }
        Side::Server => {
            let (send, mut recv) = conn.accept_bi().await.map_err(|_| ControlError::Ended)?;
            let mut kind = [0; 2];
            recv.read_exact(&mut kind).await.map_err(|_| ControlError::Ended)?;
            if kind != StreamKind::CONTROL.number().to_be_bytes() {
                return Err(ControlError::OutOfPlace);
            }
            (send, recv)
        }
    };
    if let Some(hello) = says {
        control::write(&mut send, &hello).await?;
    }
    match control::read(&mut recv).await? {
        Control::Hello { session, addresses } => Ok((send, recv, session, addresses)),
        Control::Addresses(_) | Control::Alive => Err(ControlError::OutOfPlace),
    }
}

/// Serves a link until it is down: its streams, both directions of its control stream, and its path.
async fn serve(inner: Arc<Inner>, link: Link, mut send: SendStream, mut recv: RecvStream) -> DownReason {
    let device = link.device();
    let streams = async {
        while let Ok((send, recv)) = link.conn().accept_bi().await {
            let (inner, link) = (inner.clone(), link.clone());
            inner.clone().tasks.spawn(async move {
                inner.handlers.dispatch(link, send, recv, &inner.problems).await;
            });
        }
        std::future::pending::<()>().await;
    };
    let tell = async {
        let mut mine = inner.mine.subscribe();
        // What we said in our hello may be old by now.
        mine.mark_changed();
        let decides = inner.device < device;
        loop {
            let news = tokio::select! {
                Ok(()) = mine.changed() => Control::Addresses(mine.borrow_and_update().clone()),
                () = sleep(ALIVE), if decides => Control::Alive,
                else => break,
            };
            if control::write(&mut send, &news).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let hear = async {
        loop {
            match control::read(&mut recv).await {
                Ok(Control::Addresses(addresses)) => inner.learn(device, addresses, Source::Itself),
                Ok(Control::Alive) => {}
                // Either the link is going down, or the peer ended the stream, which an honest one never does.
                Err(ControlError::Ended) => break,
                Ok(Control::Hello { .. }) | Err(_) => {
                    inner.problems.record(Problem::BadControl { device });
                    break;
                }
            }
            sleep(READ_PACE).await;
        }
    };
    let watch = async {
        let mut changes = link.conn().path_events();
        let mut last = Path::None;
        loop {
            let (path, rtt_ms) = link.way();
            if path != last {
                if let Path::Direct(address) = path {
                    inner.learn(device, Addresses::direct([address]), Source::Live);
                }
                last = path.clone();
                tracing::debug!(?path, rtt_ms, "path");
                inner.emit(MeshEvent::PathChanged { device, path, rtt_ms });
            }
            if changes.next().await.is_none() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        biased;
        reason = link.closed() => reason,
        () = hear => {
            match link.down() {
                Some(reason) => reason,
                None => {
                    link.close_with(DownReason::BadControl);
                    DownReason::BadControl
                }
            }
        }
        () = streams => DownReason::Closed,
        () = tell => DownReason::Closed,
        () = watch => DownReason::Closed,
    }
}
