//! Whose bodies an entry drops.

use compeer_core::group::{GroupKind, Level, Member, Verdict};

use crate::sim::Sim;

/// Alice with a laptop and a phone, bob with a pc and a tablet, carol with a desktop; alice manages their space.
fn people() -> (Sim, [compeer_core::GroupId; 4]) {
    let mut sim = Sim::new(&["laptop", "phone", "pc", "tablet", "desktop"]);
    let alice = sim.found("alice", GroupKind::Person, "laptop");
    sim.set("laptop", alice, sim.device("phone"), Level::Manage);
    let bob = sim.found("bob", GroupKind::Person, "pc");
    sim.set("pc", bob, sim.device("tablet"), Level::Manage);
    let carol = sim.found("carol", GroupKind::Person, "desktop");
    let space = sim.found_for("space", GroupKind::Space, "laptop", Member::Group(alice));
    sim.meet_all();
    sim.set("laptop", space, Member::Group(bob), Level::Write);
    sim.set("laptop", space, Member::Group(carol), Level::Write);
    sim.meet_all();
    (sim, [space, alice, bob, carol])
}

#[test]
fn ones_own_and_all_if_one_manages() {
    let (mut sim, [space, ..]) = people();
    let own = sim.drop("tablet", space);
    let managers = sim.drop("phone", space);
    for (author, by_bob) in [("pc", true), ("tablet", true), ("laptop", false), ("desktop", false)] {
        assert_eq!(sim.drops(own, author), Some(by_bob), "bob drops what {author} wrote");
        assert_eq!(sim.drops(managers, author), Some(true), "alice drops what {author} wrote");
    }
}

#[test]
fn a_manager_at_that_time() {
    let (mut sim, [space, _, bob, _]) = people();
    sim.set("laptop", space, Member::Group(bob), Level::Manage);
    let before = sim.drop("pc", space);
    sim.meet_all();
    let after = sim.drop("pc", space);
    sim.meet_all();
    sim.lower("laptop", space, Member::Group(bob), Some(Level::Write));
    sim.meet_all();
    let lowered = sim.drop("pc", space);
    let drops = [before, after, lowered].map(|at| sim.drops(at, "desktop"));
    assert_eq!(drops, [Some(false), Some(true), Some(false)]);
}

#[test]
fn who_was_removed_or_only_reads_drops_nothing() {
    let (mut sim, [space, _, bob, carol]) = people();
    sim.remove("laptop", space, Member::Group(bob));
    sim.lower("laptop", space, Member::Group(carol), Some(Level::Read));
    let removed = sim.drop("pc", space);
    sim.meet_all();
    let reader = sim.drop("desktop", space);
    for drop in [removed, reader] {
        assert!(matches!(sim.verdict(drop), Verdict::Void(_)), "{:?}", sim.verdict(drop));
    }
}

#[test]
fn nobody_drops_anothers_words_by_claiming_their_device() {
    let (mut sim, [space, _, _, carol]) = people();
    // The tablet has never acted in bob's log, so nothing but bob's word says that it is his.
    sim.set("desktop", carol, sim.device("tablet"), Level::Manage);
    sim.set("desktop", carol, sim.device("pc"), Level::Manage);
    let (thief, owner, itself) = (sim.drop("desktop", space), sim.drop("pc", space), sim.drop("tablet", space));
    sim.meet_all();
    assert_eq!(["pc", "tablet"].map(|author| sim.drops(thief, author)), [Some(false); 2]);
    assert_eq!(["pc", "tablet"].map(|author| sim.drops(owner, author)), [Some(true), Some(false)]);
    assert_eq!(sim.drops(itself, "tablet"), Some(true));
}

#[test]
fn whoever_is_not_known_may_turn_out_to_be_a_member() {
    let (mut sim, [space, _, bob, _]) = people();
    let drop = sim.drop("pc", space);
    let header = sim.notes[drop].header.clone();
    let stranger = compeer_core::DeviceKey::from_seed([77; 32]).id();
    assert_eq!(sim.rules(space).drops(&header, &stranger), None);
    sim.set("pc", bob, Member::Device(stranger), Level::Write);
    assert_eq!(sim.rules(space).drops(&header, &stranger), Some(true));
}
