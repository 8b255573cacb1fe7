//! How long the rules take for a large group. Prints, asserts nothing about time: run with
//! `cargo nextest run -p compeer-core --release --no-capture bench`.

use std::collections::HashMap;
use std::time::Instant;

use compeer_core::entry::{Body, BodyClass, Entry, SignedHeader, Tip};
use compeer_core::group::{Act, Cut, GroupKind, GroupLog, Level, Member, Rules, Verdict, founding_id};
use compeer_core::{DeviceKey, EntryHash, EpochId, GroupId, Hlc};

/// Writes logs without asking the rules.
struct Scribe {
    logs: HashMap<GroupId, GroupLog>,
    tips: HashMap<(GroupId, EntryHash), Tip>,
    clock: u64,
}

impl Scribe {
    fn write(&mut self, key: &DeviceKey, topic: GroupId, heads: Vec<EntryHash>, act: Act) -> EntryHash {
        self.clock += 1;
        let body = Body { class: BodyClass::Control, epoch: EpochId::NONE, bytes: act.encode() };
        let place = (topic, EntryHash::from_bytes(*key.id().as_bytes()));
        let tip = self.tips.get(&place).copied();
        let entry = Entry::create(key, topic, tip, Hlc::new(self.clock, 0), heads, body).expect("an entry");
        self.tips.insert(place, entry.tip());
        self.logs.entry(topic).or_insert_with(|| GroupLog::new(topic)).insert(&entry.header, act);
        entry.header.hash()
    }

    fn found(&mut self, key: &DeviceKey, kind: GroupKind, nonce: [u8; 32], founder: Member) -> (GroupId, EntryHash) {
        let act = Act::Found { kind, nonce, founder, device: key.id() };
        let id = founding_id(&act.encode());
        (id, self.write(key, id, vec![], act))
    }

    fn reduce(&self, what: &str, topic: GroupId) -> Rules {
        let started = Instant::now();
        let rules = Rules::reduce(&self.logs[&topic], &self.logs);
        let took = started.elapsed();
        println!("{what}: {} entries, {} devices in {took:?}", self.logs[&topic].len(), rules.devices().len());
        rules
    }
}

fn key(n: u32) -> DeviceKey {
    let mut seed = [1; 32];
    seed[..4].copy_from_slice(&n.to_be_bytes());
    DeviceKey::from_seed(seed)
}

fn set(member: Member, level: Option<Level>, cuts: Vec<Cut>) -> Act {
    Act::Set { member, level, invite: None, cuts, elsewhere: vec![] }
}

#[test]
fn a_large_space_and_a_storm_of_removals() {
    let scale = if cfg!(debug_assertions) { 10 } else { 1 };
    let (people, changes) = (4000 / scale, 6000 / scale);
    let mut scribe = Scribe { logs: HashMap::new(), tips: HashMap::new(), clock: 1 };
    let people: Vec<(DeviceKey, Member)> = (0..people)
        .map(|n| {
            let key = key(n);
            let mut nonce = [0; 32];
            nonce[..4].copy_from_slice(&n.to_be_bytes());
            let (person, head) = scribe.found(&key, GroupKind::Person, nonce, Member::Device(key.id()));
            let second = DeviceKey::from_seed([n as u8; 32]).id();
            scribe.write(&key, person, vec![head], set(Member::Device(second), Some(Level::Write), vec![]));
            (key, Member::Group(person))
        })
        .collect();
    let (founder, first) = &people[0];
    let (space, mut head) = scribe.found(founder, GroupKind::Space, [7; 32], *first);
    for (n, (_, member)) in people.iter().enumerate().skip(1) {
        let level = if n < 40 { Level::Manage } else { Level::Write };
        head = scribe.write(founder, space, vec![head], set(*member, Some(level), vec![]));
    }
    // Ten managers at a time act without seeing each other, then all meet.
    let mut heads = vec![head];
    for round in 0..changes / 10 {
        let before = heads.clone();
        heads = (0..10)
            .map(|n| {
                let who = &people[50 + (round * 10 + n) as usize % (people.len() - 50)].1;
                let level = [None, Some(Level::Read), Some(Level::Write)][(round % 3) as usize];
                scribe.write(&people[n as usize].0, space, before.clone(), set(*who, level, vec![]))
            })
            .collect();
    }
    let rules = scribe.reduce("large space", space);
    assert!(rules.devices().len() > people.len() / 2);

    let data: Vec<SignedHeader> = (0..100_000 / scale)
        .map(|n| {
            let body = Body { class: BodyClass::Data, epoch: EpochId::from_bytes([1; 16]), bytes: vec![0; 40] };
            let tip = Tip { seq: 1_000_000 + u64::from(n), hash: heads[0], clock: Hlc::new(1, 0) };
            Entry::create(founder, space, Some(tip), Hlc::new(9_999_999, 0), heads.clone(), body)
                .expect("an entry")
                .header
        })
        .collect();
    let started = Instant::now();
    let accepted = data.iter().filter(|header| rules.judge(header) == Verdict::Accepted).count();
    println!("judged {} data entries in {:?}", data.len(), started.elapsed());
    assert_eq!(accepted, data.len());

    // Thirty managers, each removing three others at once, while everybody else's acts cross.
    let before = heads.clone();
    for n in 0..30 {
        for step in 1..4 {
            let who = &people[(n + step * 7) % 30].1;
            scribe.write(&people[n].0, space, before.clone(), set(*who, None, vec![]));
        }
    }
    let rules = scribe.reduce("a storm of removals", space);
    assert!(!rules.members().contains_key(first));
}
