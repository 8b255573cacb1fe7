//! What the engine keeps in memory of each topic.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use compeer_core::group::{Act, Epochs, GroupLog, KeyGrant, Level, Logs, Rules, Verdict};
use compeer_core::{BodyClass, DeviceId, EpochId, EpochKey, GroupId, Hlc, SignedHeader, Tip};
use rusqlite::Connection;

use crate::fork::Fork;
use crate::identity::Asking;
use crate::store::write::{self, Stored, TopicRow};
use crate::store::{StoreError, drops};

/// The keys of a topic's epochs.
pub(crate) type Keys = BTreeMap<EpochId, EpochKey>;

/// One topic.
pub(crate) struct Topic {
    pub(crate) row: i64,
    pub(crate) adopted: bool,
    /// Our own log may be behind what we once wrote: no writing before a peer has told how far it had come.
    pub(crate) asking: Asking,
    /// Where our own log ends at the devices that have been asked for it and have answered; `None`: they have nothing of
    /// it. It must come to these numbers first.
    pub(crate) told: BTreeMap<DeviceId, Option<u64>>,
    pub(crate) generation: u64,
    pub(crate) log: GroupLog,
    pub(crate) rules: Arc<Rules>,
    pub(crate) epochs: Epochs,
    /// Authors and recipients of key entries that do not count, by the epochs they name. They may well have those keys,
    /// so we do not seal under them while one of these devices is outside.
    pub(crate) doubtful: BTreeMap<EpochId, BTreeSet<DeviceId>>,
    /// Epochs that data which counts was seen sealed under, since the journal was opened.
    pub(crate) used: BTreeSet<EpochId>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) logs: BTreeMap<DeviceId, Log>,
    /// Logs with two histories: nothing more is taken of them.
    pub(crate) forks: Arc<BTreeMap<DeviceId, Fork>>,
    /// Positions in the feed.
    pub(crate) readable: u64,
    /// Whether any entry drops others, be it one that counts or not.
    pub(crate) has_drops: bool,
}

/// One author's log.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) row: i64,
    pub(crate) tip: Option<Tip>,
    pub(crate) bytes: u64,
    /// The number of the first entry whose body is lacking: neither here nor dropped.
    pub(crate) lacks: Option<u64>,
    /// Entries that have been judged: all but those of the batch at hand.
    pub(crate) judged: u64,
}

impl Log {
    pub(crate) const fn new(row: i64) -> Self {
        Self { row, tip: None, bytes: 0, lacks: None, judged: 0 }
    }

    /// How many entries it has; also the number of the next one.
    pub(crate) fn len(&self) -> u64 {
        self.tip.map_or(0, |tip| tip.seq + 1)
    }
}

/// All topics.
#[derive(Default)]
pub(crate) struct Topics(pub(crate) BTreeMap<GroupId, Topic>);

impl Logs for Topics {
    fn log(&self, id: &GroupId) -> Option<&GroupLog> {
        self.0.get(id).map(|topic| &topic.log)
    }

    fn rules(&self, id: &GroupId) -> Option<Arc<Rules>> {
        self.0.get(id).map(|topic| Arc::clone(&topic.rules))
    }
}

impl Topics {
    /// `groups` and all groups that have one of them as a member, over any number of steps.
    pub(crate) fn with_dependents(&self, groups: impl IntoIterator<Item = GroupId>) -> Vec<GroupId> {
        let mut all: Vec<GroupId> = groups.into_iter().collect();
        let mut at = 0;
        while let Some(group) = all.get(at).copied() {
            for (id, topic) in &self.0 {
                if topic.log.member_groups().contains(&group) && !all.contains(id) {
                    all.push(*id);
                }
            }
            at += 1;
        }
        all
    }

    /// Works out the rules of a topic from the control entries known.
    pub(crate) fn reduce(&self, id: &GroupId) -> Option<Arc<Rules>> {
        self.0.get(id).map(|topic| Arc::new(Rules::reduce(&topic.log, self)))
    }
}

impl Topic {
    /// A topic of which nothing is known.
    pub(crate) fn empty(row: i64, id: GroupId, adopted: bool, asking: Asking, generation: u64) -> Self {
        let log = GroupLog::new(id);
        let rules = Arc::new(Rules::reduce(&log, &Topics::default()));
        Self {
            row,
            adopted,
            asking,
            told: BTreeMap::new(),
            generation,
            log,
            rules,
            epochs: Epochs::new(),
            doubtful: BTreeMap::new(),
            used: BTreeSet::new(),
            keys: Arc::default(),
            logs: BTreeMap::new(),
            forks: Arc::default(),
            readable: 0,
            has_drops: false,
        }
    }

    /// Reads what is on disk of a topic: ends of logs, control entries and keys, no data. The rules and epochs are still
    /// to be worked out ([`load_epochs`]), once all groups are there.
    pub(crate) fn load(db: &Connection, row: &TopicRow) -> Result<Self, StoreError> {
        let mut topic = Self::empty(row.id, row.topic, row.adopted, row.asking, row.generation);
        for log in write::logs(db, row.id)? {
            let judged = log.tip.map_or(0, |tip| tip.seq + 1);
            write::each_rule(db, log.id, |stored| {
                if let Some(act) = act_of(&stored) {
                    topic.log.insert(&stored.header, act);
                }
            })?;
            topic.has_drops |= drops::has_any(db, log.id)?;
            let known = Log { row: log.id, tip: log.tip, bytes: log.bytes, lacks: log.lacks, judged };
            if let Some(fork) = log.fork {
                Arc::make_mut(&mut topic.forks).insert(log.author, fork);
            }
            topic.logs.insert(log.author, known);
        }
        topic.keys = Arc::new(write::keys(db, row.id)?.into_iter().collect());
        topic.readable = write::feed_end(db, row.id)?;
        Ok(topic)
    }

    /// Takes note of a key entry by what the rules say of it.
    pub(crate) fn note_grant(&mut self, header: &SignedHeader, grant: &KeyGrant, verdict: Verdict) {
        if verdict == Verdict::Accepted {
            self.epochs.grant(header, grant);
        } else {
            for epoch in &grant.epochs {
                let holders = self.doubtful.entry(*epoch).or_default();
                holders.insert(header.author);
                holders.extend(grant.wraps.iter().map(|wrap| wrap.device));
            }
        }
    }

    /// Devices outside that may have this epoch's key, although no grant that counts says so.
    pub(crate) fn outside(&self, epoch: &EpochId) -> impl Iterator<Item = &DeviceId> {
        let holders = self.doubtful.get(epoch).into_iter().flatten();
        holders.filter(|device| self.rules.level(device) < Some(Level::Read))
    }

    /// The epoch to seal under; `None` when a new one must be started.
    pub(crate) fn current_epoch(&self) -> Option<&EpochKey> {
        let safe = |id: &EpochId| self.outside(id).next().is_none();
        let id = self.epochs.current(&self.rules, &|id| self.keys.contains_key(id) && safe(id))?;
        self.keys.get(&id)
    }

    /// The newest timestamp in any of its logs.
    pub(crate) fn latest(&self) -> Hlc {
        self.logs.values().filter_map(|log| log.tip).map(|tip| tip.clock).max().unwrap_or_default()
    }

    /// Where our own log ends.
    pub(crate) fn own_height(&self, me: &DeviceId) -> Option<u64> {
        self.logs.get(me).and_then(|log| log.tip).map(|tip| tip.seq)
    }

    /// The other devices with access.
    pub(crate) fn others(&self, me: &DeviceId) -> impl Iterator<Item = &DeviceId> {
        self.rules.devices().keys().filter(move |device| *device != me)
    }

    /// Those of them who have not told how far our own log had come, or have told of more than is here.
    pub(crate) fn unheard(&self, me: &DeviceId) -> impl Iterator<Item = &DeviceId> {
        let here = self.own_height(me);
        self.others(me).filter(move |device| self.told.get(device).is_none_or(|told| *told > here))
    }

    /// How many entries all logs have.
    pub(crate) fn entries(&self) -> u64 {
        self.logs.values().map(Log::len).sum()
    }

    /// How many bytes all entries have.
    pub(crate) fn bytes(&self) -> u64 {
        self.logs.values().map(|log| log.bytes).sum()
    }
}

/// The act in a control entry; `None` for other entries and for what cannot be read.
pub(crate) fn act_of(stored: &Stored) -> Option<Act> {
    let body = stored.body.as_deref().filter(|_| stored.header.class == BodyClass::Control)?;
    Act::decode(body).ok()
}

/// The grant in a key entry; `None` for other entries and for what cannot be read.
pub(crate) fn grant_of(stored: &Stored) -> Option<KeyGrant> {
    let body = stored.body.as_deref().filter(|_| stored.header.class == BodyClass::Keys)?;
    KeyGrant::decode(body).ok()
}

/// Works out the epochs of a topic from its key entries, by the rules it has.
pub(crate) fn load_epochs(db: &Connection, topic: &mut Topic) -> Result<(), StoreError> {
    topic.epochs = Epochs::new();
    topic.doubtful.clear();
    let logs: Vec<i64> = topic.logs.values().map(|log| log.row).collect();
    for log in logs {
        write::each_rule(db, log, |stored| {
            if let Some(grant) = grant_of(&stored) {
                let verdict = topic.rules.judge(&stored.header);
                topic.note_grant(&stored.header, &grant, verdict);
            }
        })?;
    }
    Ok(())
}
