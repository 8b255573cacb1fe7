//! What new entries change: rules, epochs, keys, and what can be read.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use compeer_core::group::{Act, GroupKind, Member, Verdict};
use compeer_core::{BodyClass, DeviceId, Entry, EpochId, GroupId, Hlc, limits};

use crate::drops::drops_of;
use crate::engine::Engine;
use crate::event::ProblemCause;
use crate::store::write::{self, BodyState, Stored};
use crate::store::{StoreError, drops, entry_id, holes};
use crate::topic::{Keys, Log, Topic, act_of, grant_of, load_epochs};

/// Groups that one group's log may bring here as its members, those that have left included.
const MEMBER_GROUPS: usize = 2 * limits::MEMBERS_PER_GROUP;
/// What an entry waits for that names control entries, or is by a device of a group, that are not known here.
pub(crate) const RULES: &[u8] = &[];

/// Entries that were stored and are not judged yet.
#[derive(Default)]
pub(crate) struct Fresh {
    entries: BTreeMap<GroupId, Vec<Stored>>,
    /// Topics with new entries of any kind.
    stored: BTreeSet<GroupId>,
    /// Topics with new control entries.
    changed: BTreeSet<GroupId>,
    set: BTreeSet<(GroupId, Member)>,
    /// Some control entry may change the verdict on entries judged before: it takes rights away, or its author had not
    /// seen all that counts.
    crossing: bool,
}

impl Fresh {
    /// An entry is to be judged and put where it belongs.
    pub(crate) fn place(&mut self, id: GroupId, stored: Stored) {
        self.entries.entry(id).or_default().push(stored);
    }

    fn note(&mut self, topic: &Topic, stored: &Stored, act: &Act) {
        let id = topic.log.id();
        let first = self.changed.insert(id);
        let rules = &topic.rules;
        let raises = match act {
            Act::Found { .. } | Act::Invite { .. } | Act::Revoke { .. } => true,
            Act::End | Act::Archive { .. } => false,
            Act::Set { member, level, .. } => {
                let had = rules.members().get(member).map(|info| info.level);
                self.set.insert((id, *member)) && level.is_some() && *level >= had
            }
        };
        let mut seen: Vec<_> = rules.heads().to_vec();
        seen.sort_unstable();
        // Only the first of a batch can be compared with rules as they are.
        let saw_all = first && stored.header.heads == seen && !topic.log.missing().contains(&stored.header.hash());
        self.crossing |= !(raises && saw_all);
    }
}

impl Engine {
    /// Stores an entry that continues its author's log. `from` is who sent it; `None` when we wrote it.
    pub(crate) fn store_entry(
        &mut self,
        entry: Entry,
        from: Option<DeviceId>,
        fresh: &mut Fresh,
    ) -> Result<(), StoreError> {
        let tip = entry.tip();
        let (id, author) = (entry.header.topic, entry.header.author);
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(()) };
        if !topic.logs.contains_key(&author) {
            topic.logs.insert(author, Log::new(write::add_log(&self.db, topic.row, &author)?));
        }
        let Some(log) = topic.logs.get_mut(&author) else { return Ok(()) };
        let (row, next) = (log.row, log.len());
        if next < tip.seq {
            // What was left out may yet turn out to be pruned.
            holes::add(&self.db, row, holes::Hole { first: next, last: tip.seq - 1, lacking: true })?;
            log.lacks.get_or_insert(next);
        }
        self.admit(entry, from, fresh)?;
        if let Some(log) = self.topics.0.get_mut(&id).and_then(|topic| topic.logs.get_mut(&author)) {
            log.tip = Some(tip);
        }
        self.clock.observe(tip.clock, self.shared.now());
        if from.is_none() {
            self.count.add();
        }
        Ok(())
    }

    /// Stores an entry of a log that is here, of a number of which nothing is.
    pub(crate) fn admit(&mut self, entry: Entry, from: Option<DeviceId>, fresh: &mut Fresh) -> Result<(), StoreError> {
        let state = self.body_state(&entry)?;
        let Entry { header, body } = entry;
        let (id, author) = (header.topic, header.author);
        let body = body.filter(|_| state == BodyState::Here);
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(()) };
        let Some(log) = topic.logs.get_mut(&author) else { return Ok(()) };
        let row = entry_id(log.row, header.seq);
        write::add_entry(&self.db, row, &header, body.as_deref())?;
        let bytes = header.bytes().len() + body.as_ref().map_or(0, Vec::len);
        if state == BodyState::Lacking {
            drops::set_lacking(&self.db, row, true)?;
            log.lacks.get_or_insert(header.seq);
        }
        fresh.stored.insert(id);
        let seq = header.seq;
        let (data, control) = (header.class == BodyClass::Data, header.class == BodyClass::Control);
        topic.has_drops |= header.class == BodyClass::Drop;
        let stored = Stored { id: row, header, body: body.filter(|_| !data), state };
        let mut readable = true;
        if control {
            match act_of(&stored) {
                Some(act) => {
                    fresh.note(topic, &stored, &act);
                    topic.log.insert(&stored.header, act);
                }
                None => readable = false,
            }
        } else {
            readable = data || grant_of(&stored).is_some() || drops_of(&stored).is_some();
            fresh.place(id, stored);
        }
        if !readable {
            self.problem(author, id, ProblemCause::Unreadable { seq });
        }
        self.touch(id).logs.insert(author, from);
        self.grow(id, author, bytes);
        Ok(())
    }

    /// Works out what the stored entries change. Returns the topics in which members may now lack keys.
    pub(crate) fn settle(&mut self, fresh: Fresh) -> Result<BTreeSet<GroupId>, StoreError> {
        let Fresh { mut entries, stored, changed, crossing, .. } = fresh;
        for id in &changed {
            self.attach_members(id)?;
        }
        let affected = if changed.is_empty() { Vec::new() } else { self.topics.with_dependents(changed) };
        let mut lacking: BTreeSet<GroupId> = affected.iter().copied().collect();
        for id in affected {
            let Some(rules) = self.topics.reduce(&id) else { continue };
            let Some(topic) = self.topics.0.get_mut(&id) else { continue };
            let before = std::mem::replace(&mut topic.rules, rules);
            let wrote = |device: &DeviceId| topic.logs.get(device).is_some_and(|log| log.judged > 0);
            let raised = topic
                .rules
                .devices()
                .iter()
                .any(|(device, access)| Some(access.level) > before.level(device) && wrote(device));
            // Whose words may be dropped by whom goes by whose devices they are.
            let known =
                || topic.rules.past_devices().keys().filter(|device| before.past_devices().contains_key(device));
            let moved =
                topic.has_drops && known().any(|device| before.owner_of(device) != topic.rules.owner_of(device));
            let ends = before.ended().is_some() != topic.rules.ended().is_some();
            self.touch(id).rules = true;
            if crossing || raised || moved || ends {
                entries.remove(&id);
                self.judge_all(id)?;
            } else {
                self.judge_waiting(id)?;
            }
        }
        for (id, mut entries) in entries {
            // Across authors in the order of time; each author's own clock only runs forwards.
            entries.sort_by_key(|stored| stored.header.clock);
            for stored in entries {
                if self.place(id, stored)? {
                    lacking.insert(id);
                }
            }
        }
        for id in stored {
            let logs = self.topics.0.get_mut(&id).into_iter().flat_map(|topic| topic.logs.values_mut());
            logs.for_each(|log| log.judged = log.len());
        }
        if self.drops_due {
            self.carry_out()?;
        }
        Ok(lacking)
    }

    /// Takes in the groups that are named as members, since who is in cannot be told without them.
    fn attach_members(&mut self, id: &GroupId) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get(id) else { return Ok(()) };
        // People have no groups in them, whatever their log says.
        if !matches!(topic.log.kind(), Some(GroupKind::Company | GroupKind::Space)) {
            return Ok(());
        }
        let named = topic.log.member_groups().iter().take(MEMBER_GROUPS);
        let new: Vec<GroupId> = named.filter(|group| !self.topics.0.contains_key(group)).copied().collect();
        new.into_iter().try_for_each(|group| self.join_topic(group, false))
    }

    /// Judges one entry and puts it where it belongs. Whether it was a key entry that counts.
    fn place(&mut self, id: GroupId, stored: Stored) -> Result<bool, StoreError> {
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(false) };
        let verdict = topic.rules.judge(&stored.header);
        let data = stored.header.class == BodyClass::Data;
        if data && verdict == Verdict::Accepted {
            topic.used.insert(stored.header.epoch);
        }
        if verdict == Verdict::Waiting {
            write::wait(&self.db, topic.row, RULES, stored.id)?;
        }
        match (stored.header.class, verdict) {
            (BodyClass::Keys, _) => {
                let Some(grant) = grant_of(&stored) else { return Ok(false) };
                if verdict != Verdict::Waiting {
                    topic.note_grant(&stored.header, &grant, verdict);
                    self.touch(id).keys = true;
                }
                self.take_keys(id, &grant)?;
                return Ok(verdict == Verdict::Accepted);
            }
            (BodyClass::Drop, Verdict::Accepted) => self.claim(id, &stored)?,
            // It is put here once its body comes.
            (BodyClass::Data, _) if stored.state == BodyState::Lacking => {}
            // Whoever reads hears of it, with or without the key.
            (BodyClass::Data, Verdict::Accepted) if stored.state == BodyState::Dropped => {
                self.make_readable(id, &[stored.id])?;
            }
            (BodyClass::Data, Verdict::Accepted) if topic.keys.contains_key(&stored.header.epoch) => {
                self.make_readable(id, &[stored.id])?;
            }
            (BodyClass::Data, Verdict::Accepted) => {
                write::wait(&self.db, topic.row, stored.header.epoch.as_bytes(), stored.id)?;
            }
            _ => {}
        }
        Ok(false)
    }

    /// Opens what a grant holds for us. A key is taken whatever the rules say of the grant: it opens what it opens.
    fn take_keys(&mut self, id: GroupId, grant: &compeer_core::group::KeyGrant) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get(&id).filter(|topic| topic.rules.ended().is_none()) else { return Ok(()) };
        if grant.epochs.iter().all(|epoch| topic.keys.contains_key(epoch)) {
            return Ok(());
        }
        let Some(wrap) = grant.wraps.iter().find(|wrap| wrap.device == self.me) else { return Ok(()) };
        let Ok(keys) = wrap.open(&self.key) else { return Ok(()) };
        let named: Keys = keys.into_iter().map(|key| (key.id(), key)).collect();
        for (epoch, key) in named.into_iter().filter(|(epoch, _)| grant.epochs.contains(epoch)) {
            self.hold_key(id, epoch, key)?;
        }
        Ok(())
    }

    /// Keeps a key, and makes readable what waited for it.
    pub(crate) fn hold_key(
        &mut self,
        id: GroupId,
        epoch: EpochId,
        key: compeer_core::EpochKey,
    ) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(()) };
        if topic.keys.contains_key(&epoch) {
            return Ok(());
        }
        write::add_key(&self.db, topic.row, &key)?;
        Arc::make_mut(&mut topic.keys).insert(epoch, key);
        let waited = write::take_waiting(&self.db, topic.row, epoch.as_bytes())?;
        self.touch(id).keys = true;
        self.make_readable(id, &waited)
    }

    pub(crate) fn make_readable(&mut self, id: GroupId, entries: &[i64]) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get_mut(&id).filter(|_| !entries.is_empty()) else { return Ok(()) };
        for entry in entries {
            write::feed(&self.db, topic.row, topic.readable, *entry)?;
            topic.readable += 1;
        }
        self.touch(id).readable = true;
        Ok(())
    }

    /// Judges again what waited for control entries.
    fn judge_waiting(&mut self, id: GroupId) -> Result<(), StoreError> {
        let Some(row) = self.topics.0.get(&id).map(|topic| topic.row) else { return Ok(()) };
        for entry in write::take_waiting(&self.db, row, RULES)? {
            if let Some(stored) = write::entry(&self.db, entry)? {
                self.place(id, stored)?;
            }
        }
        Ok(())
    }

    /// Judges everything again. Entries that count only now go to the end of the feed; if one that could be read counts
    /// no longer, the feed is made anew under a new generation.
    fn judge_all(&mut self, id: GroupId) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(()) };
        if topic.rules.ended().is_some() {
            return self.bury(id);
        }
        load_epochs(&self.db, topic)?;
        write::clear_waiting(&self.db, topic.row)?;
        let logs: Vec<i64> = topic.logs.values().map(|log| log.row).collect();
        // Keys first, so that the data is judged with all of them at hand.
        let mut rules_only = Vec::new();
        for log in &logs {
            write::each_rule(&self.db, *log, |stored| rules_only.push(stored))?;
        }
        for stored in rules_only {
            if let Some(grant) = grant_of(&stored) {
                self.take_keys(id, &grant)?;
            }
            let Some(topic) = self.topics.0.get(&id) else { return Ok(()) };
            if stored.header.class == BodyClass::Keys && topic.rules.judge(&stored.header) == Verdict::Waiting {
                write::wait(&self.db, topic.row, RULES, stored.id)?;
            }
        }
        self.claim_all(id)?;
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(()) };
        let mut counting: Vec<(Hlc, i64)> = Vec::new();
        let mut bodiless: Vec<(Stored, bool)> = Vec::new();
        let mut waiting: Vec<(i64, Option<EpochId>)> = Vec::new();
        topic.used.clear();
        for log in logs {
            write::each_data(&self.db, log, |stored| match topic.rules.judge(&stored.header) {
                Verdict::Accepted => {
                    topic.used.insert(stored.header.epoch);
                    if stored.state != BodyState::Here {
                        bodiless.push((stored, true));
                    } else if topic.keys.contains_key(&stored.header.epoch) {
                        counting.push((stored.header.clock, stored.id));
                    } else {
                        waiting.push((stored.id, Some(stored.header.epoch)));
                    }
                }
                verdict => {
                    waiting.extend((verdict == Verdict::Waiting).then_some((stored.id, None)));
                    if stored.state != BodyState::Here {
                        bodiless.push((stored, false));
                    }
                }
            })?;
        }
        for (stored, counts) in bodiless {
            let state = self.look_again(id, &stored)?;
            counting.extend((counts && state == BodyState::Dropped).then_some((stored.header.clock, stored.id)));
        }
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(()) };
        for (entry, epoch) in &waiting {
            write::wait(&self.db, topic.row, epoch.as_ref().map_or(RULES, |epoch| epoch.as_bytes()), *entry)?;
        }
        counting.sort_unstable();
        let mut fed: HashSet<i64> = write::fed(&self.db, topic.row)?.into_iter().collect();
        let before = fed.len();
        let new: Vec<i64> = counting.iter().map(|(_, entry)| *entry).filter(|entry| fed.insert(*entry)).collect();
        let lost = before + new.len() > counting.len();
        if lost {
            write::clear_feed(&self.db, topic.row)?;
            topic.readable = 0;
            // Never one that a view has seen, even if topic and view do not come from the same time.
            topic.generation = (topic.generation + 1).max(self.shared.now());
            write::put_topic(&self.db, &id, topic.adopted, topic.asking, topic.generation)?;
            self.touch(id).rebuilt = true;
            let all: Vec<i64> = counting.iter().map(|(_, entry)| *entry).collect();
            self.make_readable(id, &all)?;
        } else {
            self.make_readable(id, &new)?;
        }
        self.touch(id).keys = true;
        Ok(())
    }
}
