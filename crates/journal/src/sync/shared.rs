//! What all sessions share, and what they do for each other.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use compeer_core::group::GroupKind;
use compeer_core::{DeviceId, GroupId, Tip};
use compeer_mesh::{Addresses, Mesh, Source};
use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::SyncEvent;
use super::gate::JournalGate;
use super::neighbours::neighbours;
use super::pulls::Pulls;
use super::receipts::{Receipts, is_large};
use super::seeking::Seeking;
use super::session::{Misconduct, Session, WHEREABOUTS};
use super::wire::{Digest, Held, ITEMS, Range, Receipt, Whereabouts};
use crate::journal::Journal;
use crate::run::Growth;

/// A log that grew by more than this at once is announced, not pushed: such growth was fetched, and others fetch it too.
const PUSHED: u64 = 1024;
/// In a large group most links only tell of what comes along others: what is to be told waits so long for more of it.
const HOLD: Duration = Duration::from_millis(100);
/// How long a device that misbehaved is not spoken to; twice as long each further time.
const SHUNNED: Duration = Duration::from_secs(30);
const SHUNNED_MOST: Duration = Duration::from_secs(3600);
/// Devices linked to at once only to be asked for our own height.
const UNHEARD_AT_ONCE: usize = 32;
/// Events a slow listener may fall behind.
const EVENTS: usize = 256;
const ALL_CONTEXT: &str = "compeer 2026 shared topics digest v1";

/// What all sessions share.
pub(crate) struct Shared {
    pub(crate) journal: Journal,
    pub(crate) mesh: Mesh,
    pub(crate) gate: JournalGate,
    pub(crate) events: broadcast::Sender<SyncEvent>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    /// There is a new time at which receipts are due.
    pub(crate) receipts_changed: Notify,
    /// Whom to be linked to may have changed.
    pub(crate) wants_changed: Notify,
    sessions: Mutex<HashMap<DeviceId, Arc<Session>>>,
    pulls: Mutex<Pulls>,
    seeking: Mutex<Seeking>,
    receipts: Mutex<Receipts>,
    /// The topics that we take part in, and how many devices do.
    devices: Mutex<HashMap<GroupId, usize>>,
    shunned: Mutex<HashMap<DeviceId, (Instant, Duration)>>,
    /// Devices that we will talk to again once our own disk works.
    waiting: Mutex<HashSet<DeviceId>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(journal: Journal, mesh: Mesh, gate: JournalGate) -> Self {
        Self {
            journal,
            mesh,
            gate,
            events: broadcast::channel(EVENTS).0,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            receipts_changed: Notify::new(),
            wants_changed: Notify::new(),
            sessions: Mutex::default(),
            pulls: Mutex::default(),
            seeking: Mutex::default(),
            receipts: Mutex::default(),
            devices: Mutex::default(),
            shunned: Mutex::default(),
            waiting: Mutex::default(),
        }
    }

    pub(crate) fn pulls(&self) -> MutexGuard<'_, Pulls> {
        locked(&self.pulls)
    }

    pub(crate) fn seeking(&self) -> MutexGuard<'_, Seeking> {
        locked(&self.seeking)
    }

    pub(crate) fn receipts(&self) -> MutexGuard<'_, Receipts> {
        locked(&self.receipts)
    }

    pub(crate) fn emit(&self, event: SyncEvent) {
        // Nobody listening is fine.
        let _ = self.events.send(event);
    }

    // Sessions.

    pub(crate) fn session(&self, peer: &DeviceId) -> Option<Arc<Session>> {
        locked(&self.sessions).get(peer).cloned()
    }

    pub(crate) fn sessions(&self) -> Vec<Arc<Session>> {
        locked(&self.sessions).values().cloned().collect()
    }

    /// A new session takes the place of an older one with the same device.
    pub(crate) fn begin(&self, session: &Arc<Session>) {
        if let Some(old) = locked(&self.sessions).insert(session.peer, session.clone()) {
            old.stop.cancel();
        }
    }

    pub(crate) fn end(&self, session: &Arc<Session>) {
        let mut sessions = locked(&self.sessions);
        if sessions.get(&session.peer).is_some_and(|current| Arc::ptr_eq(current, session)) {
            sessions.remove(&session.peer);
            self.pulls().gone(&session.peer);
            self.seeking().gone(&session.peer);
        }
    }

    /// Whether nobody else waits for our own disk to talk to this device again; from now on, the caller does.
    pub(crate) fn begin_waiting(&self, device: DeviceId) -> bool {
        locked(&self.waiting).insert(device)
    }

    pub(crate) fn end_waiting(&self, device: &DeviceId) {
        locked(&self.waiting).remove(device);
    }

    /// Records what a device did, and does not speak to it for a while.
    pub(crate) fn shun(&self, device: DeviceId, cause: Misconduct) {
        // Whoever listens has the words for it.
        tracing::debug!(peer = %device.short(), %cause, "session dropped");
        let mut shunned = locked(&self.shunned);
        let span = shunned.get(&device).map_or(SHUNNED, |(_, span)| (*span * 2).min(SHUNNED_MOST));
        shunned.insert(device, (Instant::now() + span, span));
        drop(shunned);
        self.emit(SyncEvent::Problem { device, cause });
    }

    /// Until when a device is not spoken to.
    pub(crate) fn shunned_until(&self, device: &DeviceId) -> Option<Instant> {
        locked(&self.shunned).get(device).map(|(until, _)| *until).filter(|until| *until > Instant::now())
    }

    // What is shared.

    /// One digest over all topics shared with `peer`.
    pub(crate) fn digest_with(&self, peer: &DeviceId) -> Digest {
        let mut hasher = blake3::Hasher::new_derive_key(ALL_CONTEXT);
        for topic in self.journal.shared_with(peer).iter().take(ITEMS) {
            if let Some(digest) = self.journal.digest(topic) {
                hasher.update(topic.as_bytes()).update(&digest);
            }
        }
        *hasher.finalize().as_bytes()
    }

    /// Whether a topic that is not known here is taken in because `peer` offers it. Another device of our own person
    /// knows what that person takes part in; nobody else can make us store anything.
    pub(crate) async fn takes_part(&self, topic: &GroupId, peer: &DeviceId) -> bool {
        let me = self.journal.device();
        let same_person = self.journal.topics().iter().any(|info| {
            info.adopted
                && info.kind == Some(GroupKind::Person)
                && self
                    .journal
                    .rules(&info.topic)
                    .is_some_and(|rules| rules.level(&me).is_some() && rules.level(peer).is_some())
        });
        // Attached only: it is adopted when its own entries say that we are in it.
        same_person && self.journal.attach(*topic).await.is_ok()
    }

    /// Adopts what is attached and whose entries say that we are in it. Rules of people stay attached.
    pub(crate) async fn adopt_ours(&self) {
        let me = self.journal.device();
        for info in self.journal.topics() {
            let ours = !info.adopted
                && matches!(info.kind, Some(GroupKind::Space | GroupKind::Company))
                && self.journal.rules(&info.topic).is_some_and(|rules| rules.level(&me).is_some());
            if ours && let Err(error) = self.journal.adopt(info.topic).await {
                tracing::warn!(topic = %info.topic.short(), %error, "not adopted");
            }
        }
    }

    /// Works out anew whom to be linked to. Tells those who may have more topics than before, ends the sessions of those
    /// who may have none, and has the logs of members asked for that have not come yet. `away` have been wanted in vain.
    pub(crate) fn refresh(&self, away: &BTreeSet<DeviceId>) -> BTreeSet<DeviceId> {
        let me = self.journal.device();
        let mut wanted: BTreeSet<_> = self.gate.hosts().into_iter().collect();
        let mut sizes = HashMap::new();
        let mut unknown = BTreeSet::new();
        for info in self.journal.topics() {
            let Some(rules) = self.journal.rules(&info.topic) else { continue };
            unknown.extend(rules.unknown_groups());
            // Who has left stays until somebody has heard of it.
            let unheard = || {
                let holders = |tip: &Tip| self.journal.holders(&info.topic, &me, tip.seq);
                self.journal
                    .heights(&info.topic)
                    .get(&me)
                    .is_some_and(|tip| holders(tip).iter().all(|held| *held == me))
            };
            if !info.adopted || (rules.level(&me).is_none() && !unheard()) {
                continue;
            }
            let devices: BTreeSet<_> = rules.devices().keys().copied().collect();
            wanted.extend(neighbours(&info.topic, &me, &devices, away));
            // After a restore, everybody's word is needed; a few at a time, first those who may be here.
            let (absent, here): (Vec<_>, Vec<_>) =
                self.journal.unheard(&info.topic).into_iter().partition(|device| away.contains(device));
            wanted.extend(here.into_iter().chain(absent).take(UNHEARD_AT_ONCE));
            sizes.insert(info.topic, devices.len());
        }
        *locked(&self.devices) = sizes;
        for session in self.sessions() {
            if !self.gate.is_member(&session.peer) {
                session.stop.cancel();
                continue;
            }
            session.shares(self.shares(&session.peer));
            session.learn_places(self);
        }
        if self.seeking().lack(unknown, Instant::now()) {
            self.seek();
        }
        wanted
    }

    /// Has member groups asked for that have not come yet. Whoever we talk to first has them all to ask for.
    pub(crate) fn seek(&self) {
        self.sessions().iter().for_each(|session| session.fetch.notify_one());
    }

    /// The member groups to ask `peer` for.
    pub(crate) fn plan_groups(&self, peer: &DeviceId) -> BTreeSet<GroupId> {
        self.seeking().plan(peer, |group| self.has_come(group))
    }

    /// Groups that were asked for have come, or will not: others are asked for those.
    pub(crate) fn sought(&self, groups: &BTreeSet<GroupId>) {
        if self.seeking().done(groups, |group| self.has_come(group)) {
            self.seek();
        }
    }

    fn has_come(&self, group: &GroupId) -> bool {
        self.journal.rules(group).is_some_and(|rules| rules.founded())
    }

    /// The topics that `peer` itself is in. The rules of members come with these.
    pub(crate) fn shares(&self, peer: &DeviceId) -> BTreeSet<GroupId> {
        let shared = self.journal.shared_with(peer);
        let is_in = |topic: &&GroupId| self.journal.rules(topic).is_some_and(|rules| rules.level(peer).is_some());
        shared.iter().filter(is_in).copied().collect()
    }

    // Growth and receipts.

    /// How many devices take part in the largest topic.
    pub(crate) fn crowd(&self) -> usize {
        locked(&self.devices).values().copied().max().unwrap_or(0)
    }

    /// How many devices take part in the largest topic that is shared with `peer`.
    pub(crate) fn crowd_with(&self, peer: &DeviceId) -> usize {
        let mut sizes: Vec<_> = locked(&self.devices).iter().map(|(topic, devices)| (*devices, *topic)).collect();
        // The largest first: mostly it is shared, and with whom the others are need not be worked out.
        sizes.sort_unstable_by_key(|size| std::cmp::Reverse(*size));
        sizes.iter().find(|(_, topic)| self.journal.may_pull(peer, topic)).map_or(0, |(devices, _)| *devices)
    }

    /// How many devices take part in a topic; `None` when we do not.
    fn devices(&self, topic: &GroupId) -> Option<usize> {
        locked(&self.devices).get(topic).copied()
    }

    /// A log grew: pushes it to all who may have it. Those who get it sooner elsewhere have said so, and hear only that
    /// it is here.
    pub(crate) fn grew(&self, growth: &Growth) {
        let Growth { topic, author, first, tip, lacks, from } = *growth;
        let push = tip.seq.saturating_sub(first) < PUSHED;
        let tree = self.journal.tree(&topic);
        let devices = self.devices(&topic);
        let large = self.devices(&tree).is_some_and(is_large);
        let hold = if large { HOLD } else { Duration::ZERO };
        // In a small group the receipt is as quick.
        let tell_author = devices.is_some_and(is_large);
        // A group that is new as a member of a large one: whoever lacks it asks for it once the larger one's log says that it
        // is a member, and takes nothing of it before. To push it to everybody would tell most of them what they have.
        if large && from.is_some() && devices.is_none() && first == 0 && self.journal.heights(&topic).len() == 1 {
            return;
        }
        // Otherwise only bodies came that were lacking: who compares heights hears of it, and who lacks them asks.
        let grew = first <= tip.seq;
        let sessions = self.sessions().into_iter().filter(|session| self.journal.may_pull(&session.peer, &topic));
        for session in sessions.filter(|_| grew) {
            if session.peer == author {
                // It has its own, and wants to know that it is here.
                if tell_author && lacks.is_none() {
                    session.holds(topic, tip);
                }
            } else if Some(session.peer) != from {
                session.grew(growth, push, &tree, hold);
            }
        }
        // The author of an entry holds it; everybody else says so.
        if from.is_some()
            && let (Some(devices), Some(held)) = (devices, growth.held())
        {
            self.receipts().grew(topic, author, held, devices, Instant::now());
        }
    }

    /// What was asked of `peer` has arrived, or will not: others may be asked for the rest.
    pub(crate) fn fetched(&self, peer: &DeviceId, topic: GroupId, ranges: &[Range]) {
        let others = self.pulls().done(peer, &topic, ranges);
        for other in others.iter().filter_map(|other| self.session(other)) {
            other.fetch.notify_one();
        }
    }

    /// The same for bodies of a log that were lacking; `more` of them are to be asked for from that number on.
    pub(crate) fn fetched_bodies(&self, peer: &DeviceId, topic: GroupId, author: DeviceId, more: Option<u64>) {
        let others = self.pulls().bodies_done(peer, topic, author, more);
        for other in others.iter().filter_map(|other| self.session(other)) {
            other.fetch.notify_one();
        }
    }

    /// Says the receipts that are due.
    pub(crate) fn say_receipts(&self) {
        let due = self.receipts().take(self.journal.key(), Instant::now());
        for (receipt, but) in due {
            self.say_receipt(&receipt, but);
        }
    }

    /// Names all logs of the topics that grew.
    pub(crate) fn say_full_receipts(&self) {
        let topics = self.receipts().take_grown();
        for topic in topics {
            let held = self.journal.held(&topic).into_iter().take(ITEMS);
            let logs: Vec<_> = held.map(|(author, seq)| Held { author, seq }).collect();
            if !logs.is_empty() {
                self.say_receipt(&Receipt::sign(self.journal.key(), topic, logs), None);
            }
        }
    }

    fn say_receipt(&self, receipt: &Receipt, but: Option<DeviceId>) {
        for session in self.sessions() {
            if Some(session.peer) != but && session.peer != receipt.device {
                session.send_receipt(receipt.clone(), but.is_some());
            }
        }
    }

    /// Takes in a receipt that `from` sent, and passes it on if it is heard for the first time. Also when it says nothing
    /// new here: a neighbour's heights are compared directly, and those further away have only its word.
    pub(crate) fn hear_receipt(&self, from: DeviceId, receipt: Receipt) -> Result<(), Misconduct> {
        let Receipt { topic, device, ref logs, .. } = receipt;
        let Some(devices) = self.devices(&topic) else { return Ok(()) };
        if device == self.journal.device() || !self.journal.may_pull(&device, &topic) {
            return Ok(());
        }
        if !self.receipts().is_first(&receipt) {
            return Ok(());
        }
        if !receipt.verify() {
            return Err(Misconduct::ForgedReceipt);
        }
        let heights: Vec<_> = logs.iter().take(ITEMS).map(|held| (held.author, held.seq)).collect();
        self.journal.record_receipts(&device, &topic, &heights);
        self.receipts().pass_on(receipt, from, devices, Instant::now());
        self.receipts_changed.notify_one();
        Ok(())
    }

    /// Somebody has written two histories: tells all who share the topic.
    pub(crate) fn tell_fork(&self, topic: GroupId, author: DeviceId) {
        for session in self.sessions().into_iter().filter(|session| self.journal.may_pull(&session.peer, &topic)) {
            session.tell_fork(topic, author);
        }
    }

    // Addresses.

    /// Where the devices were reached that `peer` shares a topic with.
    pub(crate) fn whereabouts_for(&self, peer: &DeviceId) -> BTreeMap<DeviceId, Whereabouts> {
        let me = self.journal.device();
        let topics = self.journal.shared_with(peer);
        let rules = topics.iter().filter_map(|topic| self.journal.rules(topic));
        let devices: HashSet<DeviceId> = rules
            .filter(|rules| rules.level(peer).is_some())
            .flat_map(|rules| rules.devices().keys().copied().collect::<Vec<_>>())
            .filter(|device| *device != me && device != peer)
            .collect();
        devices
            .into_iter()
            .filter_map(|device| Some((device, self.mesh.known_addresses(device)?)))
            .filter(|(_, addresses)| !addresses.is_empty())
            .take(WHEREABOUTS)
            .map(|(device, addresses)| (device, Whereabouts::from((device, addresses))))
            .collect()
    }

    /// Takes in where other members were reached. Gives back what is about devices that are not known as members.
    pub(crate) fn learn(&self, places: Vec<Whereabouts>) -> Vec<Whereabouts> {
        let members = self.journal.neighbours();
        let (known, unknown): (Vec<_>, Vec<_>) = places.into_iter().partition(|place| members.contains(&place.device));
        for Whereabouts { device, addrs, relays } in known {
            // The mesh keeps what it can use, and not more than its own limits.
            let addresses = Addresses {
                direct: addrs.iter().filter_map(|addr| addr.parse().ok()).collect(),
                relays: relays.iter().filter_map(|relay| relay.parse().ok()).collect(),
            };
            self.mesh.learn(device, addresses, Source::Member);
        }
        unknown
    }
}
