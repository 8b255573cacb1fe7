//! The talk of one link: what the other device is told and what it tells, on one stream in both directions.
//!
//! Nothing that is to be said stands in a queue: a session keeps what is *due* (which logs grew, which heights are asked
//! for), and its writer turns that into messages when the stream takes them. So bursts become batches by themselves, a
//! slow device costs no memory, and what a device may know is decided at the moment of sending.

mod hear;
mod say;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use compeer_core::{DeviceId, GroupId, Tip};
use compeer_mesh::{Link, RecvStream, SendStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use super::transfer::{self, SERVED_AT_ONCE};
use super::wire::{self, Digest, Frames, Message, Part, Receipt, Whereabouts};
use crate::run::Growth;

/// An announcement waits this long for the entries to come by a push, before they are asked for.
const GRACE: Duration = Duration::from_millis(100);
/// Logs of which it is remembered how far the other device has them. Forgetting costs a message, not more.
const KNOWN: usize = 32 * 1024;
/// Receipts that wait to be sent. The oldest are dropped: later ones say the same and more.
const RECEIPTS: usize = 4096;
/// Receipts in one message.
const RECEIPTS_AT_ONCE: usize = 128;
/// Announced logs that wait for their grace to end.
const HINTS: usize = 16 * 1024;
/// Devices whose addresses one device is told, or believed to know.
pub(crate) const WHEREABOUTS: usize = 256;

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum End {
    /// The stream or the link is gone.
    #[error("the link went away")]
    Gone,
    /// We stopped it: shut down, replaced by a newer one, or nothing is shared any more.
    #[error("stopped")]
    Stopped,
    /// The other side speaks another version.
    #[error("it speaks version {0}")]
    Version(u16),
    /// The other side did what no honest device does.
    #[error("{0}")]
    Misconduct(Misconduct),
    /// Our own disk does not take or give entries.
    #[error("our own journal fails")]
    Journal,
}

/// What no honest device does. The session is dropped, and the device is not spoken to for a while.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misconduct {
    /// Bytes that are no message, or too many of them.
    #[error("it sent bytes that are no message")]
    Malformed,
    /// A message where it has no place.
    #[error("it said something out of place")]
    OutOfPlace,
    /// Entries that were not asked for, in answer to a request.
    #[error("it sent what was not asked for")]
    Unasked,
    /// Entries that are forged or damaged.
    #[error("it sent a bad entry: {0}")]
    BadEntry(String),
    /// A receipt with a false signature.
    #[error("it passed on a forged receipt")]
    ForgedReceipt,
}

impl From<wire::WireError> for End {
    fn from(error: wire::WireError) -> Self {
        if error.is_misconduct() { Self::Misconduct(Misconduct::Malformed) } else { Self::Gone }
    }
}

/// A log that grew: from which entry on, to where, and whether the entries themselves are sent.
#[derive(Debug, Clone, Copy)]
struct Fresh {
    first: u64,
    tip: Tip,
    lacks: Option<u64>,
    push: bool,
}

#[derive(Default)]
struct State {
    // What is due to be said.
    hello: bool,
    summary: bool,
    addresses: bool,
    /// Topics whose heights are to be told, and whether the other's are asked for.
    heights: BTreeMap<GroupId, bool>,
    fresh: BTreeMap<(GroupId, DeviceId), Fresh>,
    /// When logs that are only announced are to be said, should nothing else be.
    announce_at: Option<Instant>,
    /// Where the other device's own logs end here, as far as it was not told.
    held: BTreeMap<GroupId, Tip>,
    lazy: BTreeSet<GroupId>,
    receipts: VecDeque<Receipt>,
    // What is known of the other device.
    /// How many entries of a log it has.
    known: HashMap<(GroupId, DeviceId), u64>,
    /// Topics along whose links it does not want entries by others to be pushed.
    announce: HashSet<GroupId>,
    /// The digest over all shared topics when it last had the same as we.
    equal: Option<Digest>,
    /// What it announced, and when that is to be asked for.
    hints: BTreeMap<(GroupId, DeviceId), u64>,
    hints_at: Option<Instant>,
    /// Whether topics were compared with it since the talk began.
    compared: bool,
    /// Forks that it was told of.
    forks: HashSet<(GroupId, DeviceId)>,
    /// Topics that it should share by all that is known here, and did not name when topics were last compared.
    withheld: BTreeSet<GroupId>,
    /// The topics it is in, as of the last look.
    shares: Option<BTreeSet<GroupId>>,
    /// What it was told about where others are.
    told: BTreeMap<DeviceId, Whereabouts>,
    /// Where devices are of which we do not know yet that they are members: that may show later.
    places: BTreeMap<DeviceId, Whereabouts>,
}

impl State {
    fn knows(&mut self, topic: GroupId, author: DeviceId, entries: u64) {
        if self.known.len() >= KNOWN {
            self.known.clear();
        }
        let known = self.known.entry((topic, author)).or_default();
        *known = entries.max(*known);
    }

    /// Takes out what is due, leaving what is known.
    fn take_due(&mut self) -> Self {
        Self {
            hello: std::mem::take(&mut self.hello),
            summary: std::mem::take(&mut self.summary),
            addresses: std::mem::take(&mut self.addresses),
            heights: std::mem::take(&mut self.heights),
            fresh: std::mem::take(&mut self.fresh),
            announce_at: self.announce_at.take(),
            held: std::mem::take(&mut self.held),
            lazy: std::mem::take(&mut self.lazy),
            receipts: self.receipts.drain(..self.receipts.len().min(RECEIPTS_AT_ONCE)).collect(),
            ..Self::default()
        }
    }

    fn is_anything_due(&self, now: Instant) -> bool {
        self.hello
            || self.summary
            || self.addresses
            || !(self.heights.is_empty() && self.held.is_empty() && self.lazy.is_empty() && self.receipts.is_empty())
            || self.announce_at.is_some_and(|at| at <= now)
            || self.fresh.values().any(|fresh| fresh.push)
    }
}

/// One other device, while we talk to it.
pub(crate) struct Session {
    pub(crate) peer: DeviceId,
    pub(crate) link: Link,
    pub(crate) stop: CancellationToken,
    /// How many requests of the other device are being answered.
    pub(crate) serving: Arc<Semaphore>,
    /// There may be something to fetch.
    pub(crate) fetch: Notify,
    write: Notify,
    state: Mutex<State>,
}

impl Session {
    pub(crate) fn new(link: Link, stop: CancellationToken) -> Self {
        Self {
            peer: link.device(),
            link,
            stop,
            serving: Arc::new(Semaphore::new(SERVED_AT_ONCE)),
            fetch: Notify::new(),
            write: Notify::new(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn due(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.write.notify_one();
    }

    /// Compare digests.
    pub(crate) fn say_hello(&self) {
        self.due(|state| state.hello = true);
    }

    /// The other device is in these topics now: tells it about those that are new.
    pub(crate) fn shares(&self, topics: BTreeSet<GroupId>) {
        self.due(|state| {
            let before = state.shares.replace(topics.clone());
            // Who has just been taken out of one finds out by what we no longer name.
            state.hello |= before.as_ref().is_some_and(|before| !before.is_subset(&topics));
            let news = topics.iter().filter(|topic| before.as_ref().is_some_and(|before| !before.contains(topic)));
            for topic in news {
                state.heights.entry(*topic).or_insert(false);
            }
        });
    }

    /// The topics that it does not share with us, although by all that is known here it should.
    pub(crate) fn withheld(&self) -> BTreeSet<GroupId> {
        self.state().withheld.clone()
    }

    /// Say where other members were reached.
    pub(crate) fn say_addresses(&self) {
        self.due(|state| state.addresses = true);
    }

    /// Ask how far the other device has the topic.
    pub(crate) fn ask_heights(&self, topic: GroupId) {
        self.due(|state| {
            state.heights.insert(topic, true);
        });
    }

    /// Tell of a fork, unless that was done since the talk began.
    pub(crate) fn tell_fork(&self, topic: GroupId, author: DeviceId) {
        self.due(|state| {
            if state.forks.len() < KNOWN && state.forks.insert((topic, author)) {
                state.heights.entry(topic).or_insert(false);
            }
        });
    }

    /// Learns where those are who turned out to be members since it told about them.
    pub(crate) fn learn_places(&self, shared: &Shared) {
        let places = std::mem::take(&mut self.state().places);
        if !places.is_empty() {
            self.remember_places(shared.learn(places.into_values().collect()));
        }
    }

    fn remember_places(&self, places: Vec<Whereabouts>) {
        let mut state = self.state();
        for place in places {
            if state.places.len() < WHEREABOUTS || state.places.contains_key(&place.device) {
                state.places.insert(place.device, place);
            }
        }
    }

    /// A log grew here: its entries are sent or announced. Those that nobody sent us, our `own`, are sent even when the other
    /// device gets those of others sooner elsewhere. An announcement waits for `hold`, unless something else is said.
    pub(crate) fn grew(&self, growth: &Growth, push: bool, tree: &GroupId, hold: Duration) {
        let Growth { topic, author, first, tip, lacks, from } = *growth;
        let mut state = self.state();
        if state.known.get(&(topic, author)).is_some_and(|known| *known > tip.seq) {
            return;
        }
        let push = push && (from.is_none() || !state.announce.contains(tree));
        let fresh = state.fresh.entry((topic, author)).or_insert(Fresh { first, tip, lacks, push });
        fresh.first = fresh.first.min(first);
        fresh.push &= push;
        if fresh.tip.seq < tip.seq {
            (fresh.tip, fresh.lacks) = (tip, lacks);
        }
        if !fresh.push {
            state.announce_at.get_or_insert(Instant::now() + hold);
        }
        drop(state);
        self.write.notify_one();
    }

    /// Its own log on the topic is here up to this entry.
    pub(crate) fn holds(&self, topic: GroupId, tip: Tip) {
        self.due(|state| {
            state.held.insert(topic, tip);
        });
    }

    /// Says a receipt: one of our own, or one that is passed on along the links on which entries are pushed.
    pub(crate) fn send_receipt(&self, receipt: Receipt, passed_on: bool) {
        self.due(|state| {
            if passed_on && state.announce.contains(&receipt.topic) {
                return;
            }
            if state.receipts.len() >= RECEIPTS {
                state.receipts.pop_front();
            }
            state.receipts.push_back(receipt);
        });
    }

    /// It asked for entries that travel along the links of this topic: pushing there is worth while again.
    pub(crate) fn asked_for(&self, tree: &GroupId) {
        self.state().announce.remove(tree);
    }

    /// These were sent from one of us to the other, so it has them.
    pub(crate) fn has(&self, topic: GroupId, parts: &[Part]) {
        let mut state = self.state();
        for part in parts {
            state.knows(topic, part.author, part.end());
        }
    }

    /// When announced entries are to be asked for.
    pub(crate) fn hints_at(&self) -> Option<Instant> {
        self.state().hints_at
    }

    /// Announced entries whose grace is over.
    pub(crate) fn take_hints(&self, now: Instant) -> BTreeMap<(GroupId, DeviceId), u64> {
        let mut state = self.state();
        if state.hints_at.is_some_and(|at| at <= now) {
            state.hints_at = None;
            return std::mem::take(&mut state.hints);
        }
        BTreeMap::new()
    }

    /// Talks until one side ends it. `frames` may hold what was read already.
    pub(crate) async fn run(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        send: SendStream,
        frames: Frames<RecvStream>,
        first: Option<Message>,
    ) -> End {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => End::Stopped,
            ended = self.write(shared, send) => ended.err().unwrap_or(End::Gone),
            ended = self.read(shared, frames, first) => ended.err().unwrap_or(End::Gone),
            ended = transfer::fetch(self, shared) => ended,
        }
    }
}

/// Where a device was reached, as it is told to others.
impl From<(DeviceId, compeer_mesh::Addresses)> for Whereabouts {
    fn from((device, addresses): (DeviceId, compeer_mesh::Addresses)) -> Self {
        Self {
            device,
            addrs: addresses.direct.iter().map(ToString::to_string).collect(),
            relays: addresses.relays.iter().map(ToString::to_string).collect(),
        }
    }
}
