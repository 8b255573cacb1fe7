//! Settles removals that crossed.
//!
//! A lowering is strong: it bears on what the lowered member's devices wrote without knowing of it. When two lowerings
//! crossed, each may take from the other's author the right to it, and it has to be settled which of them stand:
//!
//! 1. A lowering that no other one can undo stands, and what it undoes is void.
//! 2. Where each of several would undo the next in a circle (two managers remove each other), all of them stand.
//! 3. This is repeated with what is left until every lowering either stands or is void.
//!
//! Most lowerings cross nothing that they could undo; those need none of this.

use std::collections::{BTreeSet, HashMap};

use crate::group::act::{Act, Member};
use crate::group::ledger::Ledger;
use crate::group::reach::Spot;
use crate::id::DeviceId;

/// An act on a member that crossed entries by that member's devices. If it counts and lowers, it takes those entries'
/// rights.
struct Crossed {
    at: usize,
    member: Member,
    /// Positions of those entries, ascending, never empty.
    hits: Vec<usize>,
}

impl Crossed {
    fn first(&self) -> usize {
        self.hits[0]
    }
}

/// Weighs all entries and settles which lowerings stand.
pub(super) fn settle(ledger: &mut Ledger) {
    let crossed = find_crossed(ledger);
    ledger.weigh_all();
    loop {
        let open: Vec<&Crossed> =
            crossed.iter().filter(|one| ledger.lowers(one.at) && !ledger.settled.contains(&one.at)).collect();
        if open.is_empty() {
            break;
        }
        let undoes = influence(ledger, &open);
        for one in undisputed(&undoes) {
            settle_one(ledger, open[one]);
        }
        ledger.weigh_all();
    }
    // From here on only entries other than control entries are weighed, and on those every lowering bears.
    let lowerings = ledger.members.iter().map(|(member, history)| {
        (*member, history.iter().filter(|change| change.lowers).map(|change| change.at).collect())
    });
    ledger.strong = lowerings.collect();
}

fn find_crossed(ledger: &Ledger) -> Vec<Crossed> {
    let mut devices: HashMap<Member, Vec<DeviceId>> = HashMap::new();
    for (device, ways) in &ledger.ways {
        for way in ways.iter().filter(|_| !ledger.dag.by(device).is_empty()) {
            devices.entry(way.member).or_default().push(*device);
        }
    }
    let mut crossed = Vec::new();
    for at in 0..ledger.dag.len() {
        let Act::Set { member, .. } = &ledger.dag.entry(at).act else { continue };
        let mut hits = Vec::new();
        for device in devices.get(member).into_iter().flatten() {
            let own = ledger.dag.by(device);
            // What the act's author had seen of this device, then what crossed it, then what came after it.
            let unseen = own.partition_point(|entry| *entry < ledger.dag.past(at).full());
            let cut = ledger.cut(at, device);
            for entry in own[unseen..].iter().take_while(|entry| !ledger.dag.past(**entry).contains(at)) {
                let node = ledger.dag.entry(*entry);
                let spot = Spot { seq: node.seq, hash: node.hash, clock: node.clock };
                if ledger.crossed(at, *entry) && cut.is_none_or(|cut| spot.is_beyond(cut)) {
                    hits.push(*entry);
                }
            }
        }
        if !hits.is_empty() {
            hits.sort_unstable();
            crossed.push(Crossed { at, member: *member, hits });
        }
    }
    crossed
}

fn settle_one(ledger: &mut Ledger, one: &Crossed) {
    ledger.settled.insert(one.at);
    let strong = ledger.strong.entry(one.member).or_default();
    let place = strong.partition_point(|at| *at < one.at);
    strong.insert(place, one.at);
    ledger.unwind(one.first().min(one.at));
}

fn unsettle_one(ledger: &mut Ledger, one: &Crossed) {
    ledger.settled.remove(&one.at);
    if let Some(strong) = ledger.strong.get_mut(&one.member) {
        strong.retain(|at| *at != one.at);
    }
    ledger.unwind(one.first().min(one.at));
}

/// For each open lowering, which of the others would be void if it stood. The ledger is left unwound.
fn influence(ledger: &mut Ledger, open: &[&Crossed]) -> Vec<Vec<usize>> {
    let mut undoes = vec![Vec::new(); open.len()];
    for (one, outgoing) in open.iter().zip(&mut undoes) {
        let near = |other: &Crossed| {
            let past = ledger.dag.past(other.at);
            other.at != one.at && one.hits.iter().any(|hit| *hit == other.at || past.contains(*hit))
        };
        let near: Vec<usize> = (0..open.len()).filter(|other| near(open[*other])).collect();
        if near.is_empty() {
            continue;
        }
        settle_one(ledger, one);
        ledger.weigh_all();
        outgoing.extend(near.into_iter().filter(|other| !ledger.lowers(open[*other].at)));
        unsettle_one(ledger, one);
        ledger.weigh_all();
    }
    undoes
}

/// Those that are undone by none but such as they undo themselves, directly or through others.
fn undisputed(undoes: &[Vec<usize>]) -> Vec<usize> {
    let reached: Vec<BTreeSet<usize>> = (0..undoes.len())
        .map(|from| {
            let mut seen = BTreeSet::new();
            let mut next = undoes[from].clone();
            while let Some(one) = next.pop() {
                if seen.insert(one) {
                    next.extend(&undoes[one]);
                }
            }
            seen
        })
        .collect();
    let stands = |one: &usize| (0..undoes.len()).all(|by| !reached[by].contains(one) || reached[*one].contains(&by));
    (0..undoes.len()).filter(stands).collect()
}
