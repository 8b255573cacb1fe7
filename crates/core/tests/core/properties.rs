//! Random histories, with partitions, forged views of the past and forged clocks.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use compeer_core::group::{Act, GroupKind, GroupLog, Level, Logs, Member, Rules, Verdict, VoidReason};
use compeer_core::{BodyClass, DeviceId, EntryHash, EpochId, GroupId, Hlc};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::sim::{Note, START, Sim, reduce};

/// Six devices for themselves, and two of one person.
const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

#[derive(Debug, Clone)]
enum Op {
    Set { by: usize, who: usize, level: Option<Level>, in_person: bool },
    Forge { by: usize, who: usize, level: Option<Level>, seen: Vec<Index>, clock: Option<u16> },
    Say { by: usize },
    SayOld { by: usize, seen: Index },
    Invite { by: usize, uses: u32 },
    Redeem { by: usize, who: usize, invite: Index },
    Revoke { by: usize, invite: Index },
    End { by: usize },
    Archive { by: usize, on: bool },
    Grant { by: usize, epoch: u8, to: Option<usize> },
    Meet { a: usize, b: usize },
    MeetAll,
}

fn level() -> impl Strategy<Value = Option<Level>> {
    prop_oneof![
        4 => Just(None),
        1 => Just(Some(Level::Pull)),
        2 => Just(Some(Level::Read)),
        2 => Just(Some(Level::Write)),
        4 => Just(Some(Level::Manage)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let who = || 0..NAMES.len();
    prop_oneof![
        12 => (who(), 0..=NAMES.len(), level(), prop::bool::weighted(0.15))
            .prop_map(|(by, who, level, in_person)| Op::Set { by, who, level, in_person }),
        5 => (who(), 0..=NAMES.len(), level(), prop::collection::vec(any::<Index>(), 0..3), any::<Option<u16>>())
            .prop_map(|(by, who, level, seen, clock)| Op::Forge { by, who, level, seen, clock }),
        4 => who().prop_map(|by| Op::Say { by }),
        2 => (who(), any::<Index>()).prop_map(|(by, seen)| Op::SayOld { by, seen }),
        2 => (who(), 1..3u32).prop_map(|(by, uses)| Op::Invite { by, uses }),
        3 => (who(), who(), any::<Index>()).prop_map(|(by, who, invite)| Op::Redeem { by, who, invite }),
        1 => (who(), any::<Index>()).prop_map(|(by, invite)| Op::Revoke { by, invite }),
        3 => (who(), 1..6u8, any::<Option<Index>>())
            .prop_map(|(by, epoch, to)| Op::Grant { by, epoch, to: to.map(|to| to.index(NAMES.len())) }),
        1 => who().prop_map(|by| Op::End { by }),
        3 => (who(), any::<bool>()).prop_map(|(by, on)| Op::Archive { by, on }),
        8 => (who(), who()).prop_map(|(a, b)| Op::Meet { a, b }),
        2 => Just(Op::MeetAll),
    ]
}

fn play(ops: &[Op]) -> (Sim, GroupId) {
    let mut sim = Sim::new(&NAMES);
    let person = sim.found("person", GroupKind::Person, "g");
    sim.set("g", person, sim.device("h"), Level::Manage);
    let space = sim.found("space", GroupKind::Space, "a");
    for name in &NAMES[1..4] {
        sim.set("a", space, sim.device(name), Level::Manage);
    }
    sim.set("a", space, Member::Group(person), Level::Manage);
    sim.meet_all();
    let member = |sim: &Sim, who: usize| NAMES.get(who).map_or(Member::Group(person), |name| sim.device(name));
    let mut invites = Vec::new();
    for op in ops {
        match op {
            Op::Set { by, who, level, in_person } => {
                let group = if *in_person { person } else { space };
                let who = member(&sim, *who);
                match level {
                    Some(level) => sim.set(NAMES[*by], group, who, *level),
                    None => sim.remove(NAMES[*by], group, who),
                };
            }
            Op::Forge { by, who, level, seen, clock } => {
                let old: Vec<EntryHash> = control(&sim.notes, space).map(|note| note.header.hash()).collect();
                let heads = seen.iter().map(|at| old[at.index(old.len())]).collect();
                let act = Act::Set {
                    member: member(&sim, *who),
                    level: *level,
                    invite: None,
                    cuts: Vec::new(),
                    elsewhere: Vec::new(),
                };
                let clock = clock.map(|millis| Hlc::new(START + u64::from(millis) % 100, millis));
                sim.act_naming(NAMES[*by], space, act, heads, clock);
            }
            Op::Say { by } => drop(sim.say(NAMES[*by], space)),
            Op::SayOld { by, seen } => {
                let old: Vec<EntryHash> = control(&sim.notes, space).map(|note| note.header.hash()).collect();
                sim.say_naming(NAMES[*by], space, vec![old[seen.index(old.len())]], None);
            }
            Op::Invite { by, uses } => invites.push(sim.invite(NAMES[*by], space, *uses, u64::MAX)),
            Op::Redeem { by, who, invite } if !invites.is_empty() => {
                let key = invites[invite.index(invites.len())];
                sim.redeem(NAMES[*by], space, member(&sim, *who), Level::Write, key);
            }
            Op::Revoke { by, invite } if !invites.is_empty() => {
                let key = invites[invite.index(invites.len())];
                sim.act(NAMES[*by], space, Act::Revoke { key });
            }
            Op::Redeem { .. } | Op::Revoke { .. } => {}
            Op::End { by } => drop(sim.act(NAMES[*by], space, Act::End)),
            Op::Archive { by, on } => drop(sim.act(NAMES[*by], space, Act::Archive { on: *on })),
            Op::Grant { by, epoch, to } => {
                let rules = sim.view(NAMES[*by], space);
                let readers = rules.devices().iter().filter(|(_, access)| access.level >= Level::Read);
                let mut to: Vec<DeviceId> = to.iter().map(|to| sim.id(NAMES[*to])).collect();
                to.extend(readers.map(|(device, _)| *device));
                sim.grant(NAMES[*by], space, &[EpochId::from_bytes([*epoch; 16])], &to);
            }
            Op::Meet { a, b } => sim.meet(&[NAMES[*a], NAMES[*b]]),
            Op::MeetAll => sim.meet_all(),
        }
    }
    (sim, space)
}

fn control(notes: &[Note], group: GroupId) -> impl Iterator<Item = &Note> {
    notes.iter().filter(move |note| note.act.is_some() && note.header.topic == group)
}

/// Everything that rules say, as text to compare.
fn told(rules: &Rules, notes: &[Note]) -> String {
    let verdicts: Vec<Verdict> = notes.iter().map(|note| rules.judge(&note.header)).collect();
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{verdicts:?}",
        rules.members(),
        rules.devices(),
        rules.past_devices(),
        rules.invites(),
        rules.heads(),
        rules.ended(),
        rules.archived(),
        rules.unknown_groups(),
    )
}

/// What each control entry's author had seen, worked out in the plainest way.
fn pasts(notes: &[Note], group: GroupId) -> HashMap<EntryHash, HashSet<EntryHash>> {
    let mut pasts: HashMap<EntryHash, HashSet<EntryHash>> = HashMap::new();
    let mut own: BTreeMap<DeviceId, EntryHash> = BTreeMap::new();
    for note in control(notes, group) {
        let hash = note.header.hash();
        let previous = own.insert(note.header.author, hash);
        let mut past = HashSet::new();
        for parent in note.header.heads.iter().chain(&previous) {
            past.insert(*parent);
            past.extend(pasts.get(parent).into_iter().flatten());
        }
        pasts.insert(hash, past);
    }
    pasts
}

fn check_removals(sim: &Sim, space: GroupId, rules: &Rules) {
    let pasts = pasts(&sim.notes, space);
    let counting: Vec<&Note> =
        control(&sim.notes, space).filter(|note| rules.judge(&note.header) == Verdict::Accepted).collect();
    for removal in &counting {
        let Some(Act::Set { member, level: None, cuts, .. }) = &removal.act else { continue };
        let knows = |note: &Note| pasts[&note.header.hash()].contains(&removal.header.hash());
        let let_in_again = counting.iter().any(|note| {
            knows(note) && matches!(&note.act, Some(Act::Set { member: who, level: Some(_), .. }) if who == member)
        });
        if !let_in_again {
            assert!(!rules.members().contains_key(member), "{member:?} is out");
        }
        let Member::Device(device) = member else { continue };
        if rules.person_of(device).is_some() {
            // It may have acted by its other way in.
            continue;
        }
        if !let_in_again {
            assert_eq!(rules.level(device), None, "{device:?} is out");
        }
        // Nothing that it did without knowing counts, but for removals that crossed and its own leaving.
        for note in sim.notes.iter().filter(|note| note.header.topic == space && note.header.author == *device) {
            let within = cuts.iter().any(|cut| note.header.seq <= cut.seq);
            let lowers = |act: &Act| matches!(act, Act::Set { level, .. } if *level < Some(Level::Manage));
            let excused = match &note.act {
                Some(act) => {
                    knows(note)
                        || pasts[&removal.header.hash()].contains(&note.header.hash())
                        || lowers(act)
                        || matches!(act, Act::Found { .. })
                }
                None => data_knows(note, removal, &pasts, sim, space, &|_| true),
            };
            if !within && !excused {
                assert_ne!(
                    rules.judge(&note.header),
                    Verdict::Accepted,
                    "{:?} after {:?}",
                    note.header,
                    removal.header
                );
            }
        }
    }
}

fn data_knows(
    note: &Note,
    removal: &Note,
    pasts: &HashMap<EntryHash, HashSet<EntryHash>>,
    sim: &Sim,
    space: GroupId,
    is_act: &dyn Fn(&Note) -> bool,
) -> bool {
    let own = control(&sim.notes, space)
        .filter(|other| other.header.author == note.header.author && other.header.seq < note.header.seq)
        .filter(|other| is_act(other))
        .map(|other| other.header.hash())
        .last();
    let hash = removal.header.hash();
    note.header.heads.iter().chain(&own).any(|head| *head == hash || pasts[head].contains(&hash))
}

/// Whether `one` stands before `other` in the order of all entries.
fn is_before(one: &Note, other: &Note) -> bool {
    (one.header.clock, one.header.hash()) < (other.header.clock, other.header.hash())
}

/// Nothing is said by whoever had seen that the space was read-only, as the plainest way to look it up tells it.
fn check_archive(sim: &Sim, space: GroupId, rules: &Rules) {
    let pasts = pasts(&sim.notes, space);
    let counting: Vec<&Note> =
        control(&sim.notes, space).filter(|note| rules.judge(&note.header) == Verdict::Accepted).collect();
    let last = |seen: &dyn Fn(&Note) -> bool| {
        let acts = counting.iter().filter(|note| matches!(note.act, Some(Act::Archive { .. })) && seen(note));
        acts.fold(None, |last: Option<&Note>, note| last.filter(|last| is_before(note, last)).or(Some(note)))
    };
    let is_on = |note: Option<&Note>| note.is_some_and(|note| matches!(note.act, Some(Act::Archive { on: true })));
    let now = last(&|_| true);
    assert_eq!(rules.archived().map(|said| said.entry), now.filter(|_| is_on(now)).map(|note| note.header.hash()));
    // What is dated before what it names is no act at all, and nobody has seen anything by it.
    let is_act = |note: &Note| rules.judge(&note.header) != Verdict::Void(VoidReason::Backwards);
    for note in sim.notes.iter().filter(|note| note.header.topic == space && note.header.class == BodyClass::Data) {
        let closed = is_on(last(&|act| data_knows(note, act, &pasts, sim, space, &is_act)));
        let verdict = rules.judge(&note.header);
        assert!(!closed || verdict != Verdict::Accepted, "{:?} was written in a read-only space", note.header);
        assert!(closed || verdict != Verdict::Void(VoidReason::Archived), "{:?} was written in time", note.header);
    }
}

fn check_epochs(sim: &Sim, space: GroupId, rules: &Rules) {
    let epochs = sim.epochs(space, rules);
    let Some(current) = epochs.current(rules, &|_| true) else { return };
    let grants = sim.notes.iter().filter(|note| rules.judge(&note.header) == Verdict::Accepted);
    for note in grants {
        let Some(grant) = note.grant.as_ref().filter(|grant| grant.epochs.contains(&current)) else { continue };
        for device in grant.wraps.iter().map(|wrap| &wrap.device).chain([&note.header.author]) {
            assert!(rules.level(device) >= Some(Level::Read), "{device:?} can open {current:?}");
        }
    }
    let lacking: BTreeSet<DeviceId> = epochs.lacking(&current, rules);
    assert!(lacking.iter().all(|device| rules.level(device) >= Some(Level::Read)));
}

/// Logs, with the rules of some moment in the past.
struct Remembering {
    rules: HashMap<GroupId, Arc<Rules>>,
    logs: BTreeMap<GroupId, GroupLog>,
}

impl Logs for Remembering {
    fn log(&self, id: &GroupId) -> Option<&GroupLog> {
        self.logs.get(id)
    }

    fn rules(&self, id: &GroupId) -> Option<Arc<Rules>> {
        self.rules.get(id).cloned()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn any_history(ops in prop::collection::vec(op(), 1..40), order in any::<u64>(), split in any::<Index>()) {
        let (sim, space) = play(&ops);
        let rules = sim.rules(space);
        let all = told(&rules, &sim.notes);

        // In any order of arrival the same.
        let mut shuffled: Vec<&Note> = sim.notes.iter().collect();
        shuffled.sort_by_key(|note| {
            let hash = note.header.hash();
            hash.as_bytes().iter().fold(order, |sum, byte| sum.wrapping_mul(0x0100_0000_01B3) ^ u64::from(*byte))
        });
        prop_assert_eq!(&told(&reduce(space, shuffled), &sim.notes), &all);

        // In two parts, with a reduction between, the same.
        let mut logs: BTreeMap<GroupId, GroupLog> = BTreeMap::new();
        let split = split.index(sim.notes.len());
        let mut remembered = HashMap::new();
        for (at, note) in sim.notes.iter().enumerate() {
            let topic = note.header.topic;
            let log = logs.entry(topic).or_insert_with(|| GroupLog::new(topic));
            if let Some(act) = &note.act {
                prop_assert!(log.insert(&note.header, act.clone()));
                prop_assert!(!log.insert(&note.header, act.clone()));
            }
            if at == split && let Some(log) = logs.get(&space) {
                let _ = Rules::reduce(log, &logs).devices();
                remembered.extend(logs.iter().map(|(id, log)| (*id, Arc::new(Rules::reduce(log, &logs)))));
            }
        }
        let at_once = Rules::reduce(&logs[&space], &logs);
        prop_assert_eq!(&told(&at_once, &sim.notes), &all);
        prop_assert!(logs[&space].missing().is_empty());

        // With what was remembered at that point, some of it outdated by now, the same.
        let remembering = Remembering { rules: remembered, logs };
        let with_memory = Rules::reduce(&remembering.logs[&space], &remembering);
        prop_assert_eq!(&told(&with_memory, &sim.notes), &all);

        check_removals(&sim, space, &rules);
        check_archive(&sim, space, &rules);
        check_epochs(&sim, space, &rules);
        prop_assert!(!rules.heads().is_empty());
    }

    /// Each device by itself never counts as many as everything lets it: what it knows is reduced without a surprise.
    #[test]
    fn any_part_of_a_history(ops in prop::collection::vec(op(), 1..40), keep in any::<u64>()) {
        let (sim, space) = play(&ops);
        let part: Vec<Note> =
            sim.notes.iter().enumerate().filter(|(at, _)| keep >> (at % 64) & 1 == 1).map(|(_, note)| note.clone()).collect();
        let rules = reduce(space, &part);
        check_epochs(&sim, space, &rules);
        for (device, access) in rules.devices() {
            prop_assert!(rules.past_devices().contains_key(device));
            prop_assert!(rules.members()[&access.via].level >= access.level);
        }
        for note in control(&part, space) {
            if rules.judge(&note.header) == Verdict::Accepted {
                prop_assert!(note.header.heads.iter().all(|head| part.iter().any(|other| other.header.hash() == *head)));
            }
        }
    }
}
