//! What this device writes: data under the right epoch, acts, and keys for those who lack them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use compeer_core::epoch::{SEAL_OVERHEAD, Wrap};
use compeer_core::group::{
    Act, Cut, CutElsewhere, DropRange, Drops, GroupKind, GroupLog, KeyGrant, Level, Member, Rules, Verdict, VoidReason,
    founding_id, topic_tag,
};
use compeer_core::key::{KeyError, random_bytes};
use compeer_core::{Body, BodyClass, DeviceId, Entry, EntryHash, EpochId, EpochKey, GroupId, limits};

use crate::config::Appended;
use crate::engine::Engine;
use crate::error::WriteError;
use crate::settle::Fresh;
use crate::store::StoreError;
use crate::topic::Topic;

/// Epoch keys in one grant. More go into further entries.
const KEYS_PER_GRANT: usize = 1024;
/// Bytes that a wrap takes around its keys, in its encoding: device, seal, lengths.
const WRAP_BYTES: usize = 96;
/// When a grant that failed is tried again.
const GRANT_AGAIN: Duration = Duration::from_secs(30);
/// For each so many devices, those who could hand out keys in another's place spread over three times the delay.
pub(crate) const SPREAD_OVER: usize = 12;
/// Devices outside that one grant names.
const OUTSIDERS: usize = 256;
/// Cuts on other topics in one act; devices cut off beyond that are cut off by the clock.
const CUTS_ELSEWHERE: usize = 1024;

impl Engine {
    /// Founds a group and takes part in it.
    pub(crate) fn found(&mut self, kind: GroupKind, founder: Member) -> Result<GroupId, WriteError> {
        self.must_know(&founder)?;
        let act = Act::Found { kind, nonce: random_bytes()?, founder, device: self.me };
        let id = founding_id(&act.encode());
        let entry = self.sign(id, None, Vec::new(), clear(BodyClass::Control, act.encode()))?;
        self.check_act(GroupLog::new(id), &entry, act)?;
        self.join_topic(id, true)?;
        self.write_act(entry)?;
        Ok(id)
    }

    /// Adds, changes or removes a member.
    pub(crate) fn set_member(
        &mut self,
        id: GroupId,
        member: Member,
        level: Option<Level>,
        invite: Option<DeviceId>,
    ) -> Result<EntryHash, WriteError> {
        let topic = self.topics.0.get(&id).ok_or(WriteError::UnknownTopic)?;
        let had = topic.rules.members().get(&member).map(|info| info.level);
        let (mut cuts, mut elsewhere) = (Vec::new(), Vec::new());
        // Who is out already may be removed once more: without cuts, everything they ever wrote would be void.
        if level < had || level.is_none() {
            let devices: Vec<DeviceId> = match member {
                Member::Device(device) => vec![device],
                Member::Group(_) => {
                    let past = topic.rules.past_devices().iter();
                    past.filter(|(_, via)| **via == member).map(|(device, _)| *device).collect()
                }
            };
            cuts = devices.iter().filter_map(|device| cut(topic, *device)).collect();
            for other in self.topics.with_dependents([id]).into_iter().filter(|other| *other != id) {
                let Some(topic) = self.topics.0.get(&other) else { continue };
                let named = devices.iter().filter_map(|device| cut(topic, *device));
                elsewhere.extend(named.map(|cut| CutElsewhere { tag: topic_tag(&other, &cut.device), cut }));
            }
            elsewhere.truncate(CUTS_ELSEWHERE);
        } else {
            self.must_know(&member)?;
        }
        self.act(id, Act::Set { member, level, invite, cuts, elsewhere })
    }

    /// Writes a control entry, if the rules allow it.
    pub(crate) fn act(&mut self, id: GroupId, act: Act) -> Result<EntryHash, WriteError> {
        let topic = self.writable(&id)?;
        let (log, heads) = (topic.log.clone(), topic.rules.heads().to_vec());
        self.clock.observe(log.latest(), self.shared.now());
        let entry = self.sign_next(id, heads, clear(BodyClass::Control, act.encode()))?;
        self.check_act(log, &entry, act)?;
        self.write_act(entry)
    }

    /// Whether the act would count.
    fn check_act(&self, mut log: GroupLog, entry: &Entry, act: Act) -> Result<(), WriteError> {
        log.insert(&entry.header, act);
        match Rules::reduce(&log, &self.topics).judge(&entry.header) {
            Verdict::Accepted => Ok(()),
            Verdict::Void(VoidReason::Ended) => Err(WriteError::Ended),
            Verdict::Void(VoidReason::Invitation(fault)) => Err(WriteError::Invitation(fault)),
            Verdict::Void(VoidReason::Full) => Err(WriteError::Full),
            _ => Err(WriteError::NotAllowed),
        }
    }

    fn write_act(&mut self, entry: Entry) -> Result<EntryHash, WriteError> {
        let (hash, mut fresh) = (entry.header.hash(), Fresh::default());
        self.store_entry(entry, None, &mut fresh)?;
        // Whoever adds somebody hands out the keys, at once.
        for id in self.settle(fresh)? {
            self.schedule_grants(&id, true);
            self.grant_due(id)?;
        }
        Ok(hash)
    }

    /// Seals and writes data, starting an epoch first if there is none that only readers can open, and drops the bodies of
    /// others, or prunes entries of this device.
    pub(crate) fn append(
        &mut self,
        id: GroupId,
        plains: &[Vec<u8>],
        drops: &[DropRange],
        prune: bool,
    ) -> Result<Vec<Appended>, WriteError> {
        let topic = self.writable(&id)?;
        let written = self.next_seq(&id);
        let own = |range: &DropRange| range.author == self.me && range.last < written;
        let may = if prune { drops.iter().all(own) } else { topic.may_drop(&self.me, drops) };
        if topic.rules.level(&self.me) < Some(Level::Write) || !may {
            return Err(WriteError::NotAllowed);
        }
        if topic.rules.archived().is_some() && !plains.is_empty() {
            return Err(WriteError::Archived);
        }
        let limit = limits::BODY_BYTES - SEAL_OVERHEAD;
        if let Some(long) = plains.iter().find(|plain| plain.len() > limit) {
            return Err(WriteError::TooLong { got: long.len(), limit });
        }
        let heads = topic.rules.heads().to_vec();
        let mut fresh = Fresh::default();
        let key = topic.current_epoch().cloned();
        let key = match key {
            None if !plains.is_empty() => Some(self.start_epoch(id, &heads, &mut fresh)?),
            known => known,
        };
        let mut written = Vec::with_capacity(plains.len());
        for (plain, key) in plains.iter().zip(std::iter::repeat(key).flatten()) {
            let place = compeer_core::epoch::Place { topic: id, author: self.me, seq: self.next_seq(&id) };
            let body = Body { class: BodyClass::Data, epoch: key.id(), bytes: key.seal(&place, plain)? };
            let entry = self.sign_next(id, heads.clone(), body)?;
            let header = &entry.header;
            written.push(Appended { hash: header.hash(), seq: header.seq, clock: header.clock });
            self.store_entry(entry, None, &mut fresh)?;
        }
        for ranges in drops.chunks(limits::DROP_RANGES) {
            let body = clear(BodyClass::Drop, Drops { ranges: ranges.to_vec(), prune: prune.then_some(true) }.encode());
            let entry = self.sign_next(id, heads.clone(), body)?;
            self.store_entry(entry, None, &mut fresh)?;
        }
        self.settle(fresh)?;
        Ok(written)
    }

    /// Makes a key and grants it to everybody who may read, this device included: should its disk be lost, its own log
    /// comes back from others with the key in it.
    fn start_epoch(&mut self, id: GroupId, heads: &[EntryHash], fresh: &mut Fresh) -> Result<EpochKey, WriteError> {
        let key = EpochKey::generate()?;
        let rules = self.topics.0.get(&id).map(|topic| topic.rules.clone()).ok_or(WriteError::UnknownTopic)?;
        let readers = rules.devices().iter().filter(|(_, access)| access.level >= Level::Read);
        let readers: Vec<DeviceId> = readers.map(|(device, _)| *device).collect();
        for grant in grants(std::slice::from_ref(&key), &readers)? {
            let entry = self.sign_next(id, heads.to_vec(), clear(BodyClass::Keys, grant.encode()))?;
            self.store_entry(entry, None, fresh)?;
        }
        self.hold_key(id, key.id(), key.clone())?;
        Ok(key)
    }

    /// Grants the keys we hold to readers for whom that is due, if we may.
    pub(crate) fn grant_due(&mut self, id: GroupId) -> Result<(), StoreError> {
        let now = Instant::now();
        let waiting = self.grants_due.get_mut(&id).into_iter().flatten();
        let due: Vec<DeviceId> = waiting
            .filter(|(_, at)| **at <= now)
            .map(|(device, at)| {
                // Should it fail, it is tried again later.
                *at = now + GRANT_AGAIN;
                *device
            })
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        self.grant(id, &due)?;
        if let Some(waiting) = self.grants_due.get_mut(&id) {
            waiting.retain(|device, _| !due.contains(device));
        }
        Ok(())
    }

    /// Grants the keys we hold to those of these readers that no grant has given them to, if we may.
    fn grant(&mut self, id: GroupId, to: &[DeviceId]) -> Result<(), StoreError> {
        let Ok(topic) = self.writable(&id) else { return Ok(()) };
        if topic.rules.level(&self.me) < Some(Level::Write) {
            return Ok(());
        }
        let heads = topic.rules.heads().to_vec();
        let mut plan: BTreeMap<Vec<EpochId>, Vec<DeviceId>> = BTreeMap::new();
        for (device, epochs) in lacking(topic).into_iter().filter(|(device, _)| to.contains(device)) {
            plan.entry(epochs).or_default().push(device);
        }
        let keys = topic.keys.clone();
        // Somebody outside who may have one of these keys is named as a recipient, with nothing in the wrap: so
        // everybody who sees this grant knows not to seal under that epoch, even before they see that one's own entry.
        let mut outside: BTreeMap<Vec<EpochId>, Vec<Wrap>> = BTreeMap::new();
        for epochs in plan.keys().flat_map(|epochs| epochs.chunks(KEYS_PER_GRANT)) {
            let devices: BTreeSet<&DeviceId> = epochs.iter().flat_map(|epoch| topic.outside(epoch)).collect();
            let nothing = |device: &&DeviceId| Wrap { device: **device, sealed: Vec::new() };
            outside.insert(epochs.to_vec(), devices.iter().take(OUTSIDERS).map(nothing).collect());
        }
        let mut fresh = Fresh::default();
        for (epochs, devices) in plan {
            for epochs in epochs.chunks(KEYS_PER_GRANT) {
                let keys: Vec<EpochKey> = epochs.iter().filter_map(|epoch| keys.get(epoch).cloned()).collect();
                for mut grant in grants(&keys, &devices).map_err(|error| StoreError::Failed(error.to_string()))? {
                    grant.wraps.extend(outside.get(epochs).into_iter().flatten().cloned());
                    let signed = self.sign_next(id, heads.clone(), clear(BodyClass::Keys, grant.encode()));
                    let entry = signed.map_err(|error| StoreError::Failed(error.to_string()))?;
                    self.store_entry(entry, None, &mut fresh)?;
                }
            }
        }
        self.settle(fresh)?;
        Ok(())
    }

    /// Looks which readers lack keys we hold, and notes when to grant them: at once if they came in by what we did; later
    /// if it was somebody else, who will most likely have done it by then. Each of them waits on its own: where many join
    /// one after another, there is always somebody who lacks keys for the moment.
    pub(crate) fn schedule_grants(&mut self, id: &GroupId, ours: bool) {
        let known = self.grants_due.remove(id).unwrap_or_default();
        let Some(topic) = self.topics.0.get(id) else { return };
        let lacking = lacking(topic);
        if lacking.is_empty() || topic.rules.level(&self.me) < Some(Level::Write) {
            return;
        }
        let let_in = |device: &DeviceId| {
            let via = topic.rules.devices().get(device).map(|access| access.via)?;
            topic.rules.members().get(&via).map(|info| info.by)
        };
        // Between one and four times the delay in a small group. In a large one many could do it, so they spread further
        // and the first of them spares the others the work.
        let crowd = topic.rules.devices().len().div_ceil(SPREAD_OVER);
        let spread = f64::from(topic_tag(id, &self.me)[0]) / 85.0 * crowd as f64;
        let (now, later) = (Instant::now(), self.options.grant_delay.mul_f64(1.0 + spread));
        let when = |device: DeviceId| {
            let delay = if ours || let_in(&device) == Some(self.me) { Duration::ZERO } else { later };
            (device, known.get(&device).copied().unwrap_or(now + delay))
        };
        self.grants_due.insert(*id, lacking.into_keys().map(when).collect());
    }

    /// A member group has to be known here, or nobody could tell who is in it.
    fn must_know(&self, member: &Member) -> Result<(), WriteError> {
        match member {
            Member::Device(_) => Ok(()),
            Member::Group(group) => {
                let known = self.topics.0.get(group).is_some_and(|topic| topic.rules.founded());
                if known { Ok(()) } else { Err(WriteError::UnknownMember(*group)) }
            }
        }
    }

    /// The topic, if anything can be written on it at all.
    fn writable(&self, id: &GroupId) -> Result<&Topic, WriteError> {
        let topic = self.topics.0.get(id).ok_or(WriteError::UnknownTopic)?;
        if topic.rules.ended().is_some() {
            return Err(WriteError::Ended);
        }
        if topic.forks.contains_key(&self.me) {
            return Err(WriteError::Forked);
        }
        match self.must_ask(topic) {
            Some(devices) => Err(WriteError::AskingPeers { devices }),
            None => Ok(topic),
        }
    }

    fn next_seq(&self, id: &GroupId) -> u64 {
        self.topics.0.get(id).and_then(|topic| topic.logs.get(&self.me)).map_or(0, crate::topic::Log::len)
    }

    fn sign_next(&mut self, id: GroupId, heads: Vec<EntryHash>, body: Body) -> Result<Entry, WriteError> {
        let tip = self.topics.0.get(&id).and_then(|topic| topic.logs.get(&self.me)).and_then(|log| log.tip);
        self.sign(id, tip, heads, body)
    }

    fn sign(
        &mut self,
        id: GroupId,
        tip: Option<compeer_core::Tip>,
        heads: Vec<EntryHash>,
        body: Body,
    ) -> Result<Entry, WriteError> {
        let clock = self.clock.tick(self.shared.now());
        Ok(Entry::create(&self.key, id, tip, clock, heads, body)?)
    }
}

fn clear(class: BodyClass, bytes: Vec<u8>) -> Body {
    Body { class, epoch: EpochId::NONE, bytes }
}

/// Where a device's log ends here.
fn cut(topic: &Topic, device: DeviceId) -> Option<Cut> {
    let tip = topic.logs.get(&device)?.tip?;
    Some(Cut { device, seq: tip.seq, hash: tip.hash })
}

/// Readers that lack keys we hold, each with the epochs in ascending order. Only epochs that a grant that counts has
/// started, or that data that counts was sealed under: anybody can make up others.
fn lacking(topic: &Topic) -> BTreeMap<DeviceId, Vec<EpochId>> {
    let started: BTreeSet<EpochId> = topic.epochs.list().into_iter().map(|epoch| epoch.id).collect();
    let mut lacking: BTreeMap<DeviceId, Vec<EpochId>> = BTreeMap::new();
    for epoch in topic.keys.keys().filter(|epoch| started.contains(epoch) || topic.used.contains(epoch)) {
        for device in topic.epochs.lacking(epoch, &topic.rules) {
            lacking.entry(device).or_default().push(*epoch);
        }
    }
    lacking
}

/// The key entries that give `keys` to `devices`, each short enough. Devices whose id is no usable key get none.
fn grants(keys: &[EpochKey], devices: &[DeviceId]) -> Result<Vec<KeyGrant>, KeyError> {
    let epochs: Vec<EpochId> = keys.iter().map(EpochKey::id).collect();
    let room = limits::BODY_BYTES - 64 - 18 * epochs.len() - WRAP_BYTES * OUTSIDERS;
    let per_entry = (room / (WRAP_BYTES + 32 * keys.len())).max(1);
    let mut wraps = Vec::with_capacity(devices.len());
    for device in devices {
        match Wrap::seal(*device, keys) {
            Ok(wrap) => wraps.push(wrap),
            Err(KeyError::BadPublicKey) => {
                tracing::warn!(device = %device.short(), "no keys for an unusable device id")
            }
            Err(error) => return Err(error),
        }
    }
    Ok(wraps.chunks(per_entry).map(|wraps| KeyGrant { epochs: epochs.clone(), wraps: wraps.to_vec() }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use compeer_core::DeviceKey;

    #[test]
    fn grants_fit_into_entries() {
        let keys: Vec<EpochKey> = (0..200u8).map(|n| EpochKey::from_bytes([n; 32])).collect();
        let devices: Vec<DeviceId> = (0..100).map(|n| DeviceKey::from_seed([n; 32]).id()).collect();
        let grants = grants(&keys, &devices).expect("sealed");
        assert!(grants.len() > 1);
        assert!(grants.iter().all(|grant| grant.encode().len() <= limits::BODY_BYTES));
        assert_eq!(grants.iter().map(|grant| grant.wraps.len()).sum::<usize>(), 100);
    }

    #[test]
    fn a_weak_device_id_is_left_out() {
        let devices = [DeviceId::from_bytes([0; 32]), DeviceKey::from_seed([1; 32]).id()];
        let grants = grants(&[EpochKey::from_bytes([1; 32])], &devices).expect("sealed");
        assert_eq!(grants[0].wraps.len(), 1);
    }
}
