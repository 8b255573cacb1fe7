//! What everybody may look at: the committed state of each topic, and who has told to hold what.
//!
//! The engine changes it after each commit; handles read it under short locks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use compeer_core::group::{EpochInfo, GroupKind, Rules};
use compeer_core::{DeviceId, DeviceKey, GroupId, Millis, Tip, Wall};
use tokio::sync::{Notify, broadcast, watch};

use crate::event::{JournalEvent, JournalProblem, ProblemCause};
use crate::fork::Fork;
use crate::receipts::Receipts;
use crate::run::Growth;
use crate::store::read::Readers;
use crate::topic::{Keys, Log, Topic};

/// Events that a slow listener may be behind.
const EVENTS: usize = 1024;
/// Devices of which it is remembered what they may have.
const REMEMBERED: usize = 4096;
const DIGEST_CONTEXT: &str = "compeer 2026 topic digest v2";

pub(crate) struct Shared {
    pub(crate) key: DeviceKey,
    pub(crate) device: DeviceId,
    pub(crate) wall: Wall,
    pub(crate) readers: Readers,
    views: RwLock<BTreeMap<GroupId, View>>,
    /// Worked out from the views, and asked for with every message. Locked after them.
    reach: Mutex<Reach>,
    pub(crate) receipts: Receipts,
    /// Some receipt is new.
    pub(crate) receipts_noted: Notify,
    pub(crate) events: broadcast::Sender<JournalEvent>,
    pub(crate) growth: broadcast::Sender<Growth>,
    /// The topics on which we may not write yet, and whose word is missing.
    pub(crate) asking: watch::Sender<BTreeMap<GroupId, BTreeSet<DeviceId>>>,
    /// All topics on which our own log may be behind what we once wrote, also where nobody else has access so far.
    pub(crate) doubted: RwLock<BTreeSet<GroupId>>,
    /// How often the disk has taken entries again after it had failed.
    pub(crate) recoveries: watch::Sender<u64>,
}

/// Who may have what, as far as somebody has asked since the rules last changed.
#[derive(Default)]
struct Reach {
    shared: HashMap<DeviceId, Arc<BTreeSet<GroupId>>>,
    neighbours: Option<Arc<BTreeSet<DeviceId>>>,
    trees: Option<BTreeMap<GroupId, GroupId>>,
}

/// The committed state of one topic.
pub(crate) struct View {
    pub(crate) row: i64,
    pub(crate) adopted: bool,
    pub(crate) generation: u64,
    pub(crate) readable: u64,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    pub(crate) rules: Arc<Rules>,
    /// Groups that are named as members: whoever may pull this topic may pull those.
    pub(crate) member_groups: Arc<BTreeSet<GroupId>>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) epochs: Arc<Vec<EpochInfo>>,
    pub(crate) logs: BTreeMap<DeviceId, LogView>,
    pub(crate) forks: Arc<BTreeMap<DeviceId, Fork>>,
    digest: OnceLock<[u8; 32]>,
}

/// The committed end of one log.
#[derive(Clone, Copy)]
pub(crate) struct LogView {
    pub(crate) row: i64,
    pub(crate) tip: Tip,
    /// The number of the first entry whose body is lacking.
    pub(crate) lacks: Option<u64>,
}

impl LogView {
    fn of(log: &Log) -> Option<Self> {
        Some(Self { row: log.row, tip: log.tip?, lacks: log.lacks })
    }

    /// The number of the last entry up to which all bodies are here, or dropped by an entry that counts.
    pub(crate) fn held(&self) -> Option<u64> {
        self.lacks.map_or(Some(self.tip.seq), |lacks| lacks.checked_sub(1))
    }
}

impl Shared {
    pub(crate) fn new(key: DeviceKey, wall: Wall, readers: Readers) -> Self {
        Self {
            device: key.id(),
            key,
            wall,
            readers,
            views: RwLock::default(),
            reach: Mutex::default(),
            receipts: Receipts::default(),
            receipts_noted: Notify::new(),
            events: broadcast::channel(EVENTS).0,
            growth: broadcast::channel(EVENTS).0,
            asking: watch::Sender::default(),
            doubted: RwLock::default(),
            recoveries: watch::Sender::default(),
        }
    }

    pub(crate) fn now(&self) -> Millis {
        (self.wall)()
    }

    pub(crate) fn views(&self) -> RwLockReadGuard<'_, BTreeMap<GroupId, View>> {
        self.views.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn views_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<GroupId, View>> {
        self.views.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn emit(&self, event: JournalEvent) {
        // Nobody listening is fine.
        let _ = self.events.send(event);
    }

    pub(crate) fn problem(&self, device: DeviceId, topic: Option<GroupId>, cause: ProblemCause) {
        // Whoever listens has the words for it.
        tracing::debug!(device = %device.short(), topic = ?topic, ?cause, "journal problem");
        self.emit(JournalEvent::Problem(JournalProblem { device, topic, cause }));
    }

    /// Whether `device` may be sent this topic's entries: it has access, or it has access to a group that has this one
    /// as a member and so must be able to judge who is in it. Spaces are never shown by that second way: they hold more
    /// than rules, and whoever manages a group could name them as members of it.
    pub(crate) fn may_pull(&self, device: &DeviceId, topic: &GroupId) -> bool {
        let rules_only = {
            let views = self.views();
            let Some(view) = views.get(topic) else { return false };
            if view.rules.level(device).is_some() {
                return true;
            }
            is_rules_only(view)
        };
        rules_only && self.shared_with(device).contains(topic)
    }

    pub(crate) fn shared_with(&self, device: &DeviceId) -> Arc<BTreeSet<GroupId>> {
        let views = self.views();
        if let Some(known) = self.reach().shared.get(device) {
            return Arc::clone(known);
        }
        let shared = Arc::new(Self::work_out_shared(&views, device));
        let mut reach = self.reach();
        if reach.shared.len() >= REMEMBERED {
            reach.shared.clear();
        }
        reach.shared.insert(*device, Arc::clone(&shared));
        shared
    }

    fn work_out_shared(views: &BTreeMap<GroupId, View>, device: &DeviceId) -> BTreeSet<GroupId> {
        let direct = || views.iter().filter(|(_, view)| view.rules.level(device).is_some());
        let mut topics: BTreeSet<GroupId> = direct().map(|(topic, _)| *topic).collect();
        // A company in a space brings its people along.
        let mut outer: Vec<&View> = direct().map(|(_, view)| view).collect();
        while let Some(view) = outer.pop() {
            for group in view.member_groups.iter() {
                if let Some(inner) = views.get(group).filter(|inner| is_rules_only(inner))
                    && topics.insert(*group)
                {
                    outer.push(inner);
                }
            }
        }
        topics
    }

    pub(crate) fn neighbours(&self) -> Arc<BTreeSet<DeviceId>> {
        let views = self.views();
        let mut reach = self.reach();
        let work_out = || {
            // Where we are out, the others keep nothing for us.
            let ours = views.values().filter(|view| view.rules.level(&self.device).is_some());
            let devices = ours.flat_map(|view| view.rules.devices().keys());
            Arc::new(devices.filter(|device| **device != self.device).copied().collect())
        };
        Arc::clone(reach.neighbours.get_or_insert_with(work_out))
    }

    /// The topic along whose links this one's entries travel: that of a member group is the one it is a member of, so that
    /// everybody who joins need not find the quickest links anew.
    pub(crate) fn tree(&self, topic: &GroupId) -> GroupId {
        let views = self.views();
        let mut reach = self.reach();
        let work_out = || {
            let ours = views.iter().rev().filter(|(_, view)| view.adopted);
            ours.flat_map(|(outer, view)| view.member_groups.iter().map(|inner| (*inner, *outer))).collect()
        };
        let trees = reach.trees.get_or_insert_with(work_out);
        trees.get(topic).copied().unwrap_or(*topic)
    }

    fn reach(&self) -> MutexGuard<'_, Reach> {
        self.reach.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules of some topic have changed; whoever says so holds the views.
    pub(crate) fn forget_reach(&self) {
        *self.reach() = Reach::default();
    }
}

fn is_rules_only(view: &View) -> bool {
    matches!(view.rules.kind(), Some(GroupKind::Person | GroupKind::Company))
}

impl View {
    pub(crate) fn of(topic: &Topic) -> Self {
        let logs = topic.logs.iter().filter_map(|(author, log)| Some((*author, LogView::of(log)?)));
        Self {
            row: topic.row,
            adopted: topic.adopted,
            generation: topic.generation,
            readable: topic.readable,
            entries: topic.entries(),
            bytes: topic.bytes(),
            rules: Arc::clone(&topic.rules),
            member_groups: Arc::new(topic.log.member_groups().clone()),
            keys: Arc::clone(&topic.keys),
            epochs: Arc::new(topic.epochs.list()),
            logs: logs.collect(),
            forks: Arc::clone(&topic.forks),
            digest: OnceLock::new(),
        }
    }

    /// Takes over the new ends of the logs of `authors` and the counts.
    pub(crate) fn advance<'a>(&mut self, topic: &Topic, authors: impl Iterator<Item = &'a DeviceId>) {
        self.readable = topic.readable;
        self.generation = topic.generation;
        self.forks = Arc::clone(&topic.forks);
        for author in authors {
            if let Some(log) = topic.logs.get(author).and_then(LogView::of) {
                self.logs.insert(*author, log);
            }
        }
        self.entries = topic.entries();
        self.bytes = topic.bytes();
        self.digest = OnceLock::new();
    }

    /// A hash over where all logs end, and which bodies are lacking first.
    pub(crate) fn digest(&self) -> [u8; 32] {
        *self.digest.get_or_init(|| {
            let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
            for (author, log) in &self.logs {
                hasher.update(author.as_bytes()).update(&log.tip.seq.to_be_bytes()).update(log.tip.hash.as_bytes());
                hasher.update(&log.lacks.unwrap_or(u64::MAX).to_be_bytes());
            }
            *hasher.finalize().as_bytes()
        })
    }
}
