//! Replication: brings entries from and to the devices that share a topic.
//!
//! - [`Sync`] is the handle. It keeps a session with every linked device and decides whom to be linked to.
//! - `wire` is what is said, `session` says and hears it, `transfer` moves entries in bulk on streams of their own.
//! - `shared` is what sessions know together; `pulls` (what is fetched from whom), `seeking` (whom member groups are asked
//!   of), `receipts` (who holds what) and `neighbours` (whom to be linked to) are plain state without any I/O.
//! - `join` lets newcomers in at the join door; [`JournalGate`] says who may knock.
//!
//! How two devices find out what is missing: one sends a digest over all topics they share. If the other has the same,
//! that was all. Otherwise it answers with a digest for each topic, the first asks for heights where these differ, and
//! each fetches what it lacks. What is new after that is pushed as it comes. Comparing again from time to time repairs
//! whatever got lost. Member groups of which nothing has come yet are asked for by name, all together.
//!
//! **Giving** is governed by [`Journal::may_pull`], asked for every message at the moment of sending. **Taking** is
//! governed by [`Journal::wants`], whoever gives: entries prove themselves.

mod gate;
mod join;
mod keep;
mod neighbours;
mod pulls;
mod receipts;
mod seeking;
mod session;
mod shared;
mod transfer;
mod wire;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use compeer_core::invite::Invite;
use compeer_core::{DeviceId, GroupId};
use compeer_mesh::{IncomingStream, Link, Mesh, StreamKind};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::Instrument as _;

pub use gate::JournalGate;
pub use join::JoinError;
pub use session::Misconduct;

use crate::journal::Journal;
use join::Reception;
use session::{End, Session};
use shared::Shared;
use wire::{Frames, Message};

/// The streams of replication: register for them with the mesh.
pub const SYNC: StreamKind = StreamKind::new(16);
/// How many incoming streams of either kind may wait; enough for the mesh's `accept`.
pub const STREAMS: usize = 256;

/// How long a stream may take to say what it is for.
const FIRST_LIMIT: Duration = Duration::from_secs(10);
/// How long shutting down may take.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(3);

/// What can be set.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// How often digests are compared with each linked device; up to a quarter more or less.
    pub repair: Duration,
    /// A device that has been wanted for so long without a link counts as away, and another stands in for it.
    pub away: Duration,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self { repair: Duration::from_secs(30), away: Duration::from_secs(15) }
    }
}

/// Something happened. Listeners that fall behind lose the oldest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncEvent {
    /// We talk to that device.
    Talking {
        /// Which.
        device: DeviceId,
    },
    /// We no longer do.
    Silent {
        /// Which.
        device: DeviceId,
    },
    /// A device did what no honest device does. It is not spoken to for a while.
    Problem {
        /// Which.
        device: DeviceId,
        /// What it did.
        cause: Misconduct,
    },
}

/// Replication of a journal over a mesh. Cloning is cheap; [`Sync::shutdown`] ends it for all clones.
#[derive(Clone)]
pub struct Sync {
    shared: Arc<Shared>,
}

impl Sync {
    /// Starts replicating. `streams` are the mesh's incoming streams of kind [`SYNC`], `joins` those of kind
    /// [`StreamKind::JOIN`]; `gate` is the one that the mesh asks. Must be called inside a tokio runtime.
    #[must_use]
    pub fn start(
        journal: Journal,
        mesh: Mesh,
        gate: JournalGate,
        streams: Receiver<IncomingStream>,
        joins: Receiver<IncomingStream>,
        options: SyncOptions,
    ) -> Self {
        let shared = Arc::new(Shared::new(journal, mesh, gate));
        let span = tracing::info_span!("sync", device = %shared.journal.device().short());
        let mesh_events = shared.mesh.events();
        let journal_events = shared.journal.subscribe();
        let growth = shared.journal.growth();
        let tasks = &shared.tasks;
        tasks.spawn(push(shared.clone(), growth).instrument(span.clone()));
        tasks.spawn(keep::keep(shared.clone(), mesh_events, journal_events, options).instrument(span.clone()));
        tasks.spawn(accept(shared.clone(), streams).instrument(span.clone()));
        tasks.spawn(receive(shared.clone(), joins).instrument(span));
        Self { shared }
    }

    /// Joins the group of an invitation, as `person` or as this device alone (`None`), and returns when the group's
    /// entries say so here. Being in already is fine; asking again after a failure does no harm.
    pub async fn join(&self, invite: &Invite, person: impl Into<Option<GroupId>>) -> Result<GroupId, JoinError> {
        Box::pin(join::join(&self.shared, invite, person.into())).await
    }

    /// Asks a device that we talk to how far it has a topic that we have adopted and of which nothing is here. It answers if we are in the
    /// topic by all that it knows; then the entries come. That we want the topic is no secret to it from then on.
    pub fn ask(&self, topic: GroupId, device: &DeviceId) {
        if let Some(session) = self.shared.session(device) {
            session.ask_heights(topic);
        }
    }

    /// What happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<SyncEvent> {
        self.shared.events.subscribe()
    }

    /// The devices we talk to at this moment.
    #[must_use]
    pub fn talking_to(&self) -> BTreeSet<DeviceId> {
        self.shared.sessions().iter().map(|session| session.peer).collect()
    }

    /// The topics that a device we talk to does not share with us, although by all that is known here it should: it may have
    /// heard that we were removed, which nobody tells us.
    #[must_use]
    pub fn withheld_by(&self, device: &DeviceId) -> BTreeSet<GroupId> {
        self.shared.session(device).map_or_else(BTreeSet::new, |session| session.withheld())
    }

    /// Ends all sessions. Takes at most about three seconds.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        if timeout(SHUTDOWN_LIMIT, self.shared.tasks.wait()).await.is_err() {
            tracing::warn!("sessions did not end in time");
        }
    }
}

/// Passes on what grows, and says receipts when they are due.
async fn push(shared: Arc<Shared>, mut growth: broadcast::Receiver<crate::run::Growth>) {
    loop {
        let due = shared.receipts().due();
        tokio::select! {
            biased;
            () = shared.stop.cancelled() => return,
            grown = growth.recv() => match grown {
                Ok(growth) => shared.grew(&growth),
                Err(RecvError::Lagged(_)) => shared.sessions().iter().for_each(|session| session.say_hello()),
                Err(RecvError::Closed) => return,
            },
            () = shared.receipts_changed.notified() => {}
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => shared.say_receipts(),
        }
    }
}

/// Why a talk ended, as far as it matters for when the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Our own disk does not take or give entries.
    Ours,
    /// Anything else.
    Other,
}

/// One session from begin to end. The side that opened the talk says hello.
async fn talk(
    shared: &Arc<Shared>,
    link: &Link,
    send: compeer_mesh::SendStream,
    frames: Frames<compeer_mesh::RecvStream>,
    first: Option<Message>,
) -> Fault {
    let device = link.device();
    let session = Arc::new(Session::new(link.clone(), shared.stop.child_token()));
    shared.begin(&session);
    session.shares(shared.shares(&device));
    if first.is_none() {
        session.say_hello();
    }
    session.say_addresses();
    for topic in shared.journal.asking() {
        session.ask_heights(topic);
    }
    shared.emit(SyncEvent::Talking { device });
    let end = Box::pin(session.run(shared, send, frames, first)).await;
    tracing::debug!(peer = %device.short(), %end, "talk ended");
    session.stop.cancel();
    shared.end(&session);
    let fault = if matches!(end, End::Journal) { Fault::Ours } else { Fault::Other };
    if let End::Misconduct(cause) = end {
        shared.shun(device, cause);
    }
    shared.emit(SyncEvent::Silent { device });
    fault
}

/// Takes the streams that others open: talks, and requests for entries.
async fn accept(shared: Arc<Shared>, mut streams: Receiver<IncomingStream>) {
    loop {
        let stream = tokio::select! {
            () = shared.stop.cancelled() => return,
            stream = streams.recv() => stream,
        };
        let Some(stream) = stream else { return };
        if shared.shunned_until(&stream.device).is_some() {
            continue;
        }
        shared.tasks.spawn(Box::pin(answer(shared.clone(), stream)).in_current_span());
    }
}

async fn answer(shared: Arc<Shared>, stream: IncomingStream) {
    let IncomingStream { device, link, send, recv, .. } = stream;
    let mut frames = Frames::new(recv);
    let first = tokio::select! {
        () = shared.stop.cancelled() => return,
        first = timeout(FIRST_LIMIT, frames.next()) => first,
    };
    match first {
        Ok(Ok(Some(hello @ Message::Hello { .. }))) => {
            let recoveries = shared.journal.recoveries();
            if talk(&shared, &link, send, frames, Some(hello)).await == Fault::Ours {
                keep::talk_again(&shared, &link, recoveries).await;
            }
        }
        Ok(Ok(Some(Message::Want { topic, ranges }))) => {
            if let Some(session) = shared.session(&device) {
                transfer::serve(&shared, &session, send, topic, ranges).await;
            }
        }
        Ok(Ok(Some(Message::WantGroups { groups }))) => {
            if let Some(session) = shared.session(&device) {
                transfer::serve_groups(&shared, &session, send, groups).await;
            }
        }
        Ok(Ok(Some(_))) => shared.shun(device, Misconduct::OutOfPlace),
        Ok(Err(error)) if error.is_misconduct() => shared.shun(device, Misconduct::Malformed),
        // Gone, or silent.
        Ok(Ok(None) | Err(_)) | Err(_) => return,
    }
    if shared.shunned_until(&device).is_some()
        && let Some(session) = shared.session(&device)
    {
        session.stop.cancel();
    }
}

/// Receives newcomers at the join door.
async fn receive(shared: Arc<Shared>, mut joins: Receiver<IncomingStream>) {
    let reception = Arc::new(Reception::default());
    loop {
        let stream = tokio::select! {
            () = shared.stop.cancelled() => return,
            stream = joins.recv() => stream,
        };
        let Some(stream) = stream else { return };
        let (shared, reception) = (shared.clone(), reception.clone());
        shared.tasks.clone().spawn(async move { reception.receive(&shared, stream).await }.in_current_span());
    }
}
