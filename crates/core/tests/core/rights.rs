//! Who may do what, with everybody in touch.

use compeer_core::group::{Act, GroupKind, Level, Member, Verdict, VoidReason};
use compeer_core::{DeviceId, EntryHash, Hlc};

use crate::sim::{START, Sim};

#[test]
fn the_founder_manages_and_lets_others_in() {
    let mut sim = Sim::new(&["alice", "bob"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    assert_eq!(sim.members(space), "alice:manage");
    sim.set("alice", space, sim.device("bob"), Level::Write);
    assert_eq!(sim.members(space), "alice:manage bob:write");
    let rules = sim.rules(space);
    assert!(rules.founded());
    assert_eq!(rules.kind(), Some(GroupKind::Space));
    let bob = rules.members()[&sim.device("bob")];
    assert_eq!((bob.by, bob.entry), (sim.id("alice"), sim.hash(1)));
}

#[test]
fn each_level_does_what_it_may() {
    let mut sim = Sim::new(&["alice", "puller", "reader", "writer", "manager", "carol"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    let levels =
        [("puller", Level::Pull), ("reader", Level::Read), ("writer", Level::Write), ("manager", Level::Manage)];
    for (name, level) in levels {
        sim.set("alice", space, sim.device(name), level);
    }
    sim.meet_all();
    for (name, level) in levels {
        let said = sim.say(name, space);
        assert_eq!(sim.counts(said), level >= Level::Write, "{name} speaks");
        assert_eq!(sim.rules(space).level_at(&sim.notes[said].header), Some(level));
        let granted = sim.grant(name, space, &[], &[]);
        assert_eq!(sim.counts(granted), level >= Level::Write, "{name} hands out keys");
        let carol = sim.device("carol");
        let added = sim.set(name, space, carol, Level::Read);
        assert_eq!(sim.counts(added), level >= Level::Manage, "{name} adds");
    }
    sim.meet_all();
    let read_only = sim.say("carol", space);
    assert_eq!(sim.void(read_only), VoidReason::Rights { has: Some(Level::Read), needs: Level::Write });
}

#[test]
fn a_strangers_acts_are_nothing() {
    let mut sim = Sim::new(&["alice", "mallory"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    sim.meet_all();
    let act = sim.set("mallory", space, sim.device("mallory"), Level::Manage);
    assert_eq!(sim.void(act), VoidReason::Rights { has: None, needs: Level::Manage });
    assert_eq!(sim.members(space), "alice:manage");
    // Nobody builds on it either.
    sim.meet_all();
    assert_eq!(sim.view("alice", space).heads(), [sim.hash(0)]);
}

#[test]
fn only_the_named_device_founds_and_only_once() {
    let mut sim = Sim::new(&["alice", "mallory"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    let Some(act) = sim.notes[0].act.clone() else { panic!("an act") };
    // Another device with the same body, and the same device with another one.
    let copied = sim.act_naming("mallory", space, act.clone(), vec![], None);
    assert_eq!(sim.void(copied), VoidReason::Unfounded);
    let again = sim.act_naming("alice", space, act, vec![], None);
    assert_eq!(sim.void(again), VoidReason::SecondFounding);
    let other = Act::Found {
        kind: GroupKind::Person,
        nonce: [9; 32],
        founder: sim.device("mallory"),
        device: sim.id("mallory"),
    };
    let foreign = sim.act_naming("mallory", space, other, vec![sim.hash(0)], None);
    assert_eq!(sim.void(foreign), VoidReason::SecondFounding);
    assert_eq!(sim.members(space), "alice:manage");
    assert_eq!(sim.rules(space).kind(), Some(GroupKind::Space));
}

#[test]
fn what_does_not_build_on_the_founding_is_nothing() {
    let mut sim = Sim::new(&["alice", "bob"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    sim.set("alice", space, sim.device("bob"), Level::Manage);
    let adrift = sim.say_naming("bob", space, vec![], None);
    assert_eq!(sim.void(adrift), VoidReason::Unfounded);
}

#[test]
fn an_entry_waits_for_its_past() {
    let mut sim = Sim::new(&["alice", "bob", "carol"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    let bob = sim.set("alice", space, sim.device("bob"), Level::Manage);
    sim.meet_all();
    let carol = sim.set("bob", space, sim.device("carol"), Level::Write);
    let said = sim.say("bob", space);
    let notes: Vec<_> = [0, carol, said].iter().map(|at| sim.notes[*at].clone()).collect();
    let rules = crate::sim::reduce(space, &notes);
    assert_eq!(rules.judge(&notes[1].header), Verdict::Waiting);
    assert_eq!(rules.judge(&notes[2].header), Verdict::Waiting);
    assert_eq!(rules.members().len(), 1);
    assert_eq!(rules.heads(), [sim.hash(0)]);
    let unheard = compeer_core::group::GroupLog::new(space);
    assert!(unheard.missing().is_empty() && unheard.is_empty());
    assert!(sim.counts(bob) && sim.counts(carol) && sim.counts(said));
}

#[test]
fn an_author_cannot_forget_own_acts() {
    let mut sim = Sim::new(&["alice", "bob"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    sim.set("alice", space, sim.device("bob"), Level::Write);
    sim.meet_all();
    let before = sim.view("bob", space).heads().to_vec();
    sim.remove("bob", space, sim.device("bob"));
    // It left, and now claims not to know: by its own word it does.
    let said = sim.say_naming("bob", space, before.clone(), None);
    assert_eq!(sim.void(said), VoidReason::Rights { has: None, needs: Level::Write });
    // The same holds for its acts.
    let act =
        Act::Set { member: sim.device("bob"), level: Some(Level::Pull), invite: None, cuts: vec![], elsewhere: vec![] };
    let act = sim.act_naming("bob", space, act, before, None);
    assert_eq!(sim.void(act), VoidReason::Rights { has: None, needs: Level::Manage });
    assert_eq!(sim.members(space), "alice:manage");
}

#[test]
fn time_runs_forwards_along_what_is_named() {
    let mut sim = Sim::new(&["alice", "bob", "carol"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    let bob = sim.set("alice", space, sim.device("bob"), Level::Manage);
    sim.meet_all();
    let act = Act::Revoke { key: DeviceId::from_bytes([1; 32]) };
    let back = sim.act_naming("bob", space, act.clone(), vec![sim.hash(bob)], Some(Hlc::new(START, 0)));
    assert_eq!(sim.void(back), VoidReason::Backwards);
    // What builds on it is no better, whoever wrote it.
    let built = sim.act_naming("alice", space, act, vec![sim.hash(back)], None);
    assert_eq!(sim.void(built), VoidReason::Backwards);
    let said = sim.say_naming("alice", space, vec![sim.hash(back)], None);
    assert_eq!(sim.void(said), VoidReason::Backwards);
    // Its author goes on from what it did before.
    let next = sim.set("bob", space, sim.device("carol"), Level::Read);
    assert!(sim.counts(next));
}

#[test]
fn leaving_needs_nobody_and_leaves_the_rest_alone() {
    let mut sim = Sim::new(&["alice", "bob", "carol"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    sim.set("alice", space, sim.device("bob"), Level::Read);
    sim.set("alice", space, sim.device("carol"), Level::Write);
    sim.meet_all();
    let other = sim.remove("bob", space, sim.device("carol"));
    assert!(!sim.counts(other), "a reader removes nobody else");
    let left = sim.remove("bob", space, sim.device("bob"));
    assert!(sim.counts(left));
    assert_eq!(sim.members(space), "alice:manage carol:write");
    assert_eq!(sim.rules(space).past_devices().len(), 3);
}

#[test]
fn after_the_end_nothing_counts_and_the_end_can_still_reach_everybody() {
    let mut sim = Sim::new(&["alice", "bob"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    sim.set("alice", space, sim.device("bob"), Level::Write);
    sim.meet_all();
    let early = sim.act("bob", space, Act::End);
    assert!(!sim.counts(early), "a writer ends nothing");
    let end = sim.act("alice", space, Act::End);
    let crossing = sim.say("bob", space);
    sim.meet_all();
    let late = sim.say("bob", space);
    let act = sim.set("alice", space, sim.device("bob"), Level::Read);
    assert!(sim.counts(crossing));
    assert_eq!(sim.void(late), VoidReason::Ended);
    assert_eq!(sim.void(act), VoidReason::Ended);
    assert_eq!(sim.rules(space).ended().map(|said| said.entry), Some(sim.hash(end)));
    assert_eq!(sim.devices(space), "alice:manage bob:write");
}

#[test]
fn what_knows_that_a_space_is_read_only_does_not_count_and_what_crossed_it_does() {
    let mut sim = Sim::new(&["alice", "bob", "carol", "dave"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    sim.set("alice", space, sim.device("bob"), Level::Write);
    sim.set("alice", space, sim.device("carol"), Level::Manage);
    sim.meet_all();
    let early = sim.act("bob", space, Act::Archive { on: true });
    assert!(!sim.counts(early), "a writer archives nothing");
    let closed = sim.act("alice", space, Act::Archive { on: true });
    let crossing = sim.say("bob", space);
    let own = sim.say("alice", space);
    sim.meet_all();
    let late = sim.say("bob", space);
    assert!(sim.counts(crossing), "Bob did not know");
    assert_eq!(sim.void(own), VoidReason::Archived, "Alice cannot forget her own act");
    assert_eq!(sim.void(late), VoidReason::Archived);
    assert_eq!(sim.rules(space).archived().map(|said| said.entry), Some(sim.hash(closed)));
    // Keys are handed out and bodies dropped all the same, and members come and go.
    let dropped = sim.drop("bob", space);
    let granted = sim.grant("bob", space, &[], &[]);
    let added = sim.set("carol", space, sim.device("dave"), Level::Read);
    assert!(sim.counts(dropped) && sim.counts(granted) && sim.counts(added));
    let opened = sim.act("carol", space, Act::Archive { on: false });
    assert!(sim.counts(opened));
    let unaware = sim.say("bob", space);
    sim.meet_all();
    let again = sim.say("bob", space);
    assert_eq!(sim.void(unaware), VoidReason::Archived, "Bob had not heard that it was taken back");
    assert!(sim.counts(again));
    assert_eq!(sim.rules(space).archived(), None);
}

#[test]
fn of_closing_and_opening_at_once_the_last_counts_and_a_removed_managers_closing_is_void() {
    let mut sim = Sim::new(&["alice", "bob", "carol"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    for name in ["bob", "carol"] {
        sim.set("alice", space, sim.device(name), Level::Manage);
    }
    sim.meet_all();
    sim.act("alice", space, Act::Archive { on: true });
    sim.act("bob", space, Act::Archive { on: false });
    assert_eq!(sim.rules(space).archived(), None);
    sim.meet_all();
    sim.remove("alice", space, sim.device("bob"));
    let closed = sim.act("bob", space, Act::Archive { on: true });
    assert!(matches!(sim.void(closed), VoidReason::Removed { .. }));
    sim.meet_all();
    let said = sim.say("carol", space);
    assert!(sim.counts(said));
}

#[test]
fn of_levels_given_at_once_the_last_counts_and_of_two_in_a_row_the_later() {
    let mut sim = Sim::new(&["alice", "bob", "carol"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    sim.set("alice", space, sim.device("bob"), Level::Manage);
    sim.meet_all();
    sim.set("alice", space, sim.device("carol"), Level::Write);
    sim.set("bob", space, sim.device("carol"), Level::Read);
    assert_eq!(sim.members(space), "alice:manage bob:manage carol:read");
    sim.meet_all();
    sim.set("alice", space, sim.device("carol"), Level::Write);
    assert_eq!(sim.members(space), "alice:manage bob:manage carol:write");
}

#[test]
fn an_entry_of_another_group_is_foreign() {
    let mut sim = Sim::new(&["alice"]);
    let here = sim.found("here", GroupKind::Space, "alice");
    let there = sim.found("there", GroupKind::Space, "alice");
    let said = sim.say("alice", there);
    assert_eq!(sim.rules(here).judge(&sim.notes[said].header), Verdict::Void(VoidReason::Foreign));
}

#[test]
fn a_group_nobody_founded_has_no_members() {
    let mut sim = Sim::new(&["alice"]);
    let nowhere = compeer_core::GroupId::from_bytes([7; 32]);
    let act = sim.act_naming("alice", nowhere, Act::End, vec![EntryHash::from_bytes([1; 32])], None);
    assert_eq!(sim.verdict(act), Verdict::Waiting);
    let act = sim.act_naming("alice", nowhere, Act::End, vec![], None);
    assert_eq!(sim.verdict(act), Verdict::Waiting, "behind its author's own waiting act");
    let rules = sim.rules(nowhere);
    assert!(!rules.founded() && rules.members().is_empty() && rules.heads().is_empty());
    assert!(rules.members().get(&Member::Group(nowhere)).is_none());
}
