//! A small world of devices that know only what has reached them.

use std::collections::BTreeMap;

use compeer_core::cbor;
use compeer_core::entry::{Body, BodyClass, Entry, SignedHeader, Tip};
use compeer_core::group::{
    Act, Cut, CutElsewhere, Drops, Epochs, GroupKind, GroupLog, InviteTerms, KeyGrant, Level, Member, Rules, Verdict,
    VoidReason, founding_id, topic_tag,
};
use compeer_core::{Clock, DeviceId, DeviceKey, EntryHash, EpochId, GroupId, Hlc};

/// One entry in the world: what every device would send of it.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) header: SignedHeader,
    pub(crate) act: Option<Act>,
    pub(crate) grant: Option<KeyGrant>,
}

/// A device: its key, and the entries it knows, by their number in the world.
struct Peer {
    key: DeviceKey,
    clock: Clock,
    tips: BTreeMap<GroupId, Tip>,
    knows: Vec<bool>,
}

/// All devices and all entries.
#[derive(Default)]
pub(crate) struct Sim {
    peers: BTreeMap<&'static str, Peer>,
    names: BTreeMap<DeviceId, &'static str>,
    groups: BTreeMap<GroupId, &'static str>,
    pub(crate) notes: Vec<Note>,
    now: u64,
    nonce: u8,
}

pub(crate) const START: u64 = 1_000_000;

impl Sim {
    pub(crate) fn new(names: &[&'static str]) -> Self {
        let mut sim = Self { now: START, ..Self::default() };
        for name in names {
            let key = DeviceKey::from_seed(*blake3_like(name));
            sim.names.insert(key.id(), name);
            let peer = Peer { key, clock: Clock::default(), tips: BTreeMap::new(), knows: Vec::new() };
            sim.peers.insert(name, peer);
        }
        sim
    }

    pub(crate) fn id(&self, name: &str) -> DeviceId {
        self.peers[name].key.id()
    }

    pub(crate) fn device(&self, name: &str) -> Member {
        Member::Device(self.id(name))
    }

    /// The time of the next entry, in milliseconds.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    pub(crate) fn wait(&mut self, millis: u64) {
        self.now += millis;
    }

    /// Founds a group whose first manager is the device itself.
    pub(crate) fn found(&mut self, name: &'static str, kind: GroupKind, by: &'static str) -> GroupId {
        self.found_for(name, kind, by, self.device(by))
    }

    pub(crate) fn found_for(
        &mut self,
        name: &'static str,
        kind: GroupKind,
        by: &'static str,
        founder: Member,
    ) -> GroupId {
        self.nonce += 1;
        let act = Act::Found { kind, nonce: [self.nonce; 32], founder, device: self.id(by) };
        let group = founding_id(&act.encode());
        self.groups.insert(group, name);
        self.act(by, group, act);
        group
    }

    fn known(&self, by: &str) -> impl Iterator<Item = &Note> {
        let knows = &self.peers[by].knows;
        self.notes.iter().zip(knows).filter(|(_, known)| **known).map(|(note, _)| note)
    }

    /// The rules of a group as this device knows them.
    pub(crate) fn view(&self, by: &str, group: GroupId) -> Rules {
        reduce(group, self.known(by))
    }

    /// The rules of a group to somebody who knows everything.
    pub(crate) fn rules(&self, group: GroupId) -> Rules {
        reduce(group, &self.notes)
    }

    fn write(
        &mut self,
        by: &'static str,
        group: GroupId,
        heads: Vec<EntryHash>,
        clock: Option<Hlc>,
        body: Body,
        note: impl FnOnce(SignedHeader) -> Note,
    ) -> usize {
        let newest = self.known(by).map(|note| note.header.clock).max().unwrap_or_default();
        self.now += 1;
        let now = self.now;
        let peer = self.peers.get_mut(by).expect("a named peer");
        peer.clock.observe(newest, now);
        let clock = clock.unwrap_or_else(|| peer.clock.tick(now));
        let tip = peer.tips.get(&group).copied();
        let entry = Entry::create(&peer.key, group, tip, clock, heads, body).expect("an entry");
        peer.tips.insert(group, entry.tip());
        self.notes.push(note(entry.header));
        let at = self.notes.len() - 1;
        self.tell(by, at);
        at
    }

    /// Lets a device know an entry.
    pub(crate) fn tell(&mut self, name: &'static str, at: usize) {
        let peer = self.peers.get_mut(name).expect("a named peer");
        peer.knows.resize(self.notes.len(), false);
        peer.knows[at] = true;
    }

    /// An act, written with what the device knows.
    pub(crate) fn act(&mut self, by: &'static str, group: GroupId, act: Act) -> usize {
        let heads = self.view(by, group).heads().to_vec();
        self.act_naming(by, group, act, heads, None)
    }

    /// An act that claims whatever heads and clock its author likes.
    pub(crate) fn act_naming(
        &mut self,
        by: &'static str,
        group: GroupId,
        act: Act,
        heads: Vec<EntryHash>,
        clock: Option<Hlc>,
    ) -> usize {
        let body = Body { class: BodyClass::Control, epoch: EpochId::NONE, bytes: act.encode() };
        self.write(by, group, heads, clock, body, |header| Note { header, act: Some(act), grant: None })
    }

    /// A data entry, written with what the device knows.
    pub(crate) fn say(&mut self, by: &'static str, group: GroupId) -> usize {
        let heads = self.view(by, group).heads().to_vec();
        self.say_naming(by, group, heads, None)
    }

    pub(crate) fn say_naming(
        &mut self,
        by: &'static str,
        group: GroupId,
        heads: Vec<EntryHash>,
        clock: Option<Hlc>,
    ) -> usize {
        let body = Body { class: BodyClass::Data, epoch: EpochId::from_bytes([1; 16]), bytes: vec![0; 40] };
        self.write(by, group, heads, clock, body, |header| Note { header, act: None, grant: None })
    }

    /// An entry that drops others; which ones does not matter to the rules.
    pub(crate) fn drop(&mut self, by: &'static str, group: GroupId) -> usize {
        let heads = self.view(by, group).heads().to_vec();
        let body = Body {
            class: BodyClass::Drop,
            epoch: EpochId::NONE,
            bytes: Drops { ranges: Vec::new(), prune: None }.encode(),
        };
        self.write(by, group, heads, None, body, |header| Note { header, act: None, grant: None })
    }

    /// Whether an entry drops what `author` wrote, to somebody who knows everything.
    pub(crate) fn drops(&self, at: usize, author: &str) -> Option<bool> {
        let header = &self.notes[at].header;
        self.rules(header.topic).drops(header, &self.id(author))
    }

    /// Hands keys out. The wraps are empty: nobody opens them here.
    pub(crate) fn grant(&mut self, by: &'static str, group: GroupId, epochs: &[EpochId], to: &[DeviceId]) -> usize {
        let heads = self.view(by, group).heads().to_vec();
        let wrap = |device: &DeviceId| compeer_core::epoch::Wrap { device: *device, sealed: Vec::new() };
        let grant = KeyGrant { epochs: epochs.to_vec(), wraps: to.iter().map(wrap).collect() };
        let body = Body { class: BodyClass::Keys, epoch: EpochId::NONE, bytes: grant.encode() };
        self.write(by, group, heads, None, body, |header| Note { header, act: None, grant: Some(grant) })
    }

    pub(crate) fn set(&mut self, by: &'static str, group: GroupId, member: Member, level: Level) -> usize {
        self.change(by, group, member, Some(level), None)
    }

    /// Lowers or removes, with the cuts that an honest device fills in: what it knows of the member's devices.
    pub(crate) fn lower(&mut self, by: &'static str, group: GroupId, member: Member, level: Option<Level>) -> usize {
        self.change(by, group, member, level, None)
    }

    pub(crate) fn remove(&mut self, by: &'static str, group: GroupId, member: Member) -> usize {
        self.lower(by, group, member, None)
    }

    /// Adds a member by an invitation.
    pub(crate) fn redeem(
        &mut self,
        by: &'static str,
        group: GroupId,
        who: Member,
        level: Level,
        key: DeviceId,
    ) -> usize {
        self.change(by, group, who, Some(level), Some(key))
    }

    fn change(
        &mut self,
        by: &'static str,
        group: GroupId,
        member: Member,
        level: Option<Level>,
        invite: Option<DeviceId>,
    ) -> usize {
        let rules = self.view(by, group);
        let lowers = level < rules.members().get(&member).map(|info| info.level);
        let act = if lowers {
            let (cuts, elsewhere) = self.cuts(by, group, &self.devices_of(by, member));
            Act::Set { member, level, invite, cuts, elsewhere }
        } else {
            Act::Set { member, level, invite, cuts: Vec::new(), elsewhere: Vec::new() }
        };
        self.act(by, group, act)
    }

    fn devices_of(&self, by: &str, member: Member) -> Vec<DeviceId> {
        match member {
            Member::Device(device) => vec![device],
            Member::Group(group) => self.view(by, group).past_devices().keys().copied().collect(),
        }
    }

    /// Where the logs of these devices end, on this topic and elsewhere, as far as `by` knows.
    pub(crate) fn cuts(&self, by: &str, group: GroupId, devices: &[DeviceId]) -> (Vec<Cut>, Vec<CutElsewhere>) {
        let mut last: BTreeMap<(GroupId, DeviceId), Cut> = BTreeMap::new();
        for note in self.known(by).filter(|note| devices.contains(&note.header.author)) {
            let header = &note.header;
            let cut = Cut { device: header.author, seq: header.seq, hash: header.hash() };
            let known = last.entry((header.topic, header.author)).or_insert(cut);
            if known.seq < cut.seq {
                *known = cut;
            }
        }
        let here = last.iter().filter(|((topic, _), _)| *topic == group).map(|(_, cut)| *cut).collect();
        let elsewhere = last.iter().filter(|((topic, _), _)| *topic != group);
        let tagged = |((topic, device), cut): (&(GroupId, DeviceId), &Cut)| CutElsewhere {
            tag: topic_tag(topic, device),
            cut: *cut,
        };
        (here, elsewhere.map(tagged).collect())
    }

    pub(crate) fn invite(&mut self, by: &'static str, group: GroupId, uses: u32, expires: u64) -> DeviceId {
        let terms =
            InviteTerms { key: DeviceId::from_bytes([self.notes.len() as u8; 32]), level: Level::Write, uses, expires };
        self.act(by, group, Act::Invite { terms });
        terms.key
    }

    /// These devices tell each other all they know.
    pub(crate) fn meet(&mut self, names: &[&'static str]) {
        let count = self.notes.len();
        let mut all = vec![false; count];
        for name in names {
            self.peers[name].knows.iter().zip(&mut all).for_each(|(known, all)| *all |= known);
        }
        for name in names {
            self.peers.get_mut(name).expect("a named peer").knows.clone_from(&all);
        }
    }

    pub(crate) fn meet_all(&mut self) {
        let names: Vec<&'static str> = self.peers.keys().copied().collect();
        self.meet(&names);
    }

    pub(crate) fn hash(&self, at: usize) -> EntryHash {
        self.notes[at].header.hash()
    }

    /// What somebody who knows everything makes of an entry.
    pub(crate) fn verdict(&self, at: usize) -> Verdict {
        let header = &self.notes[at].header;
        self.rules(header.topic).judge(header)
    }

    pub(crate) fn counts(&self, at: usize) -> bool {
        match self.verdict(at) {
            Verdict::Accepted => true,
            Verdict::Void(_) => false,
            Verdict::Waiting => panic!("nothing is unknown here"),
        }
    }

    pub(crate) fn void(&self, at: usize) -> VoidReason {
        match self.verdict(at) {
            Verdict::Void(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    /// The members now, as a line of text: `alice:manage bob:write`.
    pub(crate) fn members(&self, group: GroupId) -> String {
        let rules = self.rules(group);
        let mut members: Vec<String> = rules
            .members()
            .iter()
            .map(|(member, info)| {
                let name = match member {
                    Member::Device(device) => self.names.get(device),
                    Member::Group(group) => self.groups.get(group),
                };
                format!("{}:{}", name.unwrap_or(&"?"), format!("{:?}", info.level).to_lowercase())
            })
            .collect();
        members.sort();
        members.join(" ")
    }

    /// The devices that have access now, as a line of text.
    pub(crate) fn devices(&self, group: GroupId) -> String {
        let rules = self.rules(group);
        let name = |device| self.names.get(device).copied().unwrap_or("?");
        let mut devices: Vec<String> = rules
            .devices()
            .iter()
            .map(|(device, access)| format!("{}:{}", name(device), format!("{:?}", access.level).to_lowercase()))
            .collect();
        devices.sort();
        devices.join(" ")
    }

    /// The epochs of a group, from the key entries that count.
    pub(crate) fn epochs(&self, group: GroupId, rules: &Rules) -> Epochs {
        let mut epochs = Epochs::new();
        for note in self.notes.iter().filter(|note| note.header.topic == group) {
            if let Some(grant) = note.grant.as_ref().filter(|_| rules.judge(&note.header) == Verdict::Accepted) {
                epochs.grant(&note.header, grant);
            }
        }
        epochs
    }
}

/// Reduces one group, with the logs of all others at hand.
pub(crate) fn reduce<'a>(group: GroupId, notes: impl IntoIterator<Item = &'a Note>) -> Rules {
    let mut logs: BTreeMap<GroupId, GroupLog> = BTreeMap::new();
    for note in notes {
        if let Some(act) = &note.act {
            let topic = note.header.topic;
            logs.entry(topic).or_insert_with(|| GroupLog::new(topic)).insert(&note.header, act.clone());
        }
    }
    let log = logs.entry(group).or_insert_with(|| GroupLog::new(group)).clone();
    Rules::reduce(&log, &logs)
}

/// A seed that depends on a name.
fn blake3_like(name: &str) -> Box<[u8; 32]> {
    let mut seed = [0; 32];
    let bytes = cbor::encode(&name);
    let end = bytes.len().min(32);
    seed[..end].copy_from_slice(&bytes[..end]);
    Box::new(seed)
}
