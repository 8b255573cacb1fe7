//! Removing and lowering, with and against acts that crossed. The table is in docs/decisions/0002-group-rules.md.

use compeer_core::group::{Act, Cut, GroupKind, Level, Member, VoidReason};
use compeer_core::{GroupId, Hlc};

use crate::sim::{START, Sim};

/// A space of managers in which everybody knows everything.
fn managers(names: &[&'static str]) -> (Sim, GroupId) {
    let mut all = names.to_vec();
    all.extend(["xavier", "yann"]);
    let mut sim = Sim::new(&all);
    let space = sim.found("space", GroupKind::Space, names[0]);
    for name in &names[1..] {
        sim.set(names[0], space, sim.device(name), Level::Manage);
    }
    sim.meet_all();
    (sim, space)
}

#[test]
fn two_managers_who_remove_each_other_are_both_out() {
    let (mut sim, space) = managers(&["alice", "bob", "carol"]);
    let one = sim.remove("alice", space, sim.device("bob"));
    let other = sim.remove("bob", space, sim.device("alice"));
    assert!(sim.counts(one) && sim.counts(other));
    assert_eq!(sim.members(space), "carol:manage");
    // Carol, who knows both, can let one of them in again.
    sim.meet_all();
    sim.set("carol", space, sim.device("alice"), Level::Manage);
    assert_eq!(sim.members(space), "alice:manage carol:manage");
}

#[test]
fn three_who_remove_each_other_in_a_circle_are_all_out() {
    let (mut sim, space) = managers(&["alice", "bob", "carol", "dave"]);
    sim.remove("alice", space, sim.device("bob"));
    sim.remove("bob", space, sim.device("carol"));
    sim.remove("carol", space, sim.device("alice"));
    assert_eq!(sim.members(space), "dave:manage");
}

#[test]
fn in_a_chain_the_removed_ones_removal_is_void_and_frees_the_next() {
    let (mut sim, space) = managers(&["alice", "bob", "carol", "dave"]);
    let first = sim.remove("alice", space, sim.device("bob"));
    let second = sim.remove("bob", space, sim.device("carol"));
    let third = sim.remove("carol", space, sim.device("dave"));
    assert!(sim.counts(first) && sim.counts(third));
    assert_eq!(sim.void(second), VoidReason::Removed { by: sim.hash(first) });
    assert_eq!(sim.members(space), "alice:manage carol:manage");
}

#[test]
fn whoever_removes_one_of_two_in_a_circle_wins_over_it() {
    let (mut sim, space) = managers(&["alice", "bob", "carol"]);
    // Carol removes bob, while alice and bob remove each other: bob is undone by one nobody undoes.
    sim.remove("carol", space, sim.device("bob"));
    sim.remove("alice", space, sim.device("bob"));
    let undone = sim.remove("bob", space, sim.device("alice"));
    assert!(!sim.counts(undone));
    assert_eq!(sim.members(space), "alice:manage carol:manage");
}

#[test]
fn a_removed_managers_concurrent_acts_are_void_and_so_is_what_hangs_on_them() {
    let (mut sim, space) = managers(&["alice", "bob"]);
    let removal = sim.remove("alice", space, sim.device("bob"));
    let add = sim.set("bob", space, sim.device("xavier"), Level::Manage);
    sim.meet(&["bob", "xavier"]);
    let chain = sim.set("xavier", space, sim.device("yann"), Level::Write);
    let word = sim.say("xavier", space);
    assert_eq!(sim.void(add), VoidReason::Removed { by: sim.hash(removal) });
    for late in [chain, word] {
        assert!(matches!(sim.void(late), VoidReason::Rights { has: None, .. }));
    }
    assert_eq!(sim.members(space), "alice:manage");
}

#[test]
fn an_add_by_somebody_else_crosses_a_removal_unharmed() {
    let (mut sim, space) = managers(&["alice", "bob", "carol"]);
    sim.remove("alice", space, sim.device("bob"));
    sim.set("carol", space, sim.device("xavier"), Level::Write);
    assert_eq!(sim.members(space), "alice:manage carol:manage xavier:write");
}

#[test]
fn a_removal_wins_over_a_raise_of_the_same_member_that_crossed_it() {
    let (mut sim, space) = managers(&["alice", "bob"]);
    sim.set("alice", space, sim.device("xavier"), Level::Write);
    sim.meet_all();
    sim.remove("alice", space, sim.device("xavier"));
    sim.wait(1000);
    sim.set("bob", space, sim.device("xavier"), Level::Manage);
    assert_eq!(sim.members(space), "alice:manage bob:manage");
    // What knows of the removal overrides both.
    sim.meet_all();
    sim.set("bob", space, sim.device("xavier"), Level::Read);
    assert_eq!(sim.members(space), "alice:manage bob:manage xavier:read");
}

#[test]
fn of_two_lowerings_that_crossed_the_lower_counts() {
    let (mut sim, space) = managers(&["alice", "bob", "carol"]);
    sim.lower("alice", space, sim.device("carol"), Some(Level::Read));
    sim.lower("bob", space, sim.device("carol"), Some(Level::Write));
    assert_eq!(sim.members(space), "alice:manage bob:manage carol:read");
    sim.meet_all();
    sim.lower("alice", space, sim.device("carol"), Some(Level::Pull));
    assert_eq!(sim.members(space), "alice:manage bob:manage carol:pull");
}

#[test]
fn what_was_written_within_the_cut_stays_and_what_is_dated_back_does_not() {
    let (mut sim, space) = managers(&["alice", "bob"]);
    sim.set("alice", space, sim.device("xavier"), Level::Write);
    sim.meet_all();
    let before = sim.say("xavier", space);
    sim.meet(&["alice", "xavier"]);
    let removal = sim.remove("alice", space, sim.device("xavier"));
    let heads = sim.view("xavier", space).heads().to_vec();
    let crossing = sim.say("xavier", space);
    let backdated = sim.say_naming("xavier", space, heads, Some(Hlc::new(START + 1, 0)));
    sim.meet_all();
    let knowing = sim.say("xavier", space);
    assert!(sim.counts(before));
    for late in [crossing, backdated] {
        assert_eq!(sim.void(late), VoidReason::Removed { by: sim.hash(removal) });
    }
    assert_eq!(sim.void(knowing), VoidReason::Rights { has: None, needs: Level::Write });
}

#[test]
fn a_device_that_no_cut_names_has_no_accepted_entries() {
    let (mut sim, space) = managers(&["alice", "bob"]);
    sim.set("alice", space, sim.device("xavier"), Level::Write);
    sim.meet_all();
    let unknown = sim.say("xavier", space);
    sim.remove("alice", space, sim.device("xavier"));
    assert!(!sim.counts(unknown), "alice had not seen it");
}

#[test]
fn another_branch_of_a_forked_log_does_not_slip_through_the_cut() {
    let (mut sim, space) = managers(&["alice", "bob"]);
    sim.set("alice", space, sim.device("xavier"), Level::Write);
    sim.meet_all();
    let said = sim.say("xavier", space);
    let header = sim.notes[said].header.clone();
    let cut = |hash| Cut { device: header.author, seq: header.seq, hash };
    let remove = |cut| Act::Set {
        member: Member::Device(header.author),
        level: None,
        invite: None,
        cuts: vec![cut],
        elsewhere: vec![],
    };
    let this_branch = sim.act("alice", space, remove(cut(header.hash())));
    assert!(sim.counts(this_branch) && sim.counts(said));
    let other_branch = sim.act("bob", space, remove(cut(sim.hash(0))));
    assert!(sim.counts(other_branch));
    assert_eq!(sim.void(said), VoidReason::Removed { by: sim.hash(other_branch) });
}

#[test]
fn a_removal_voids_nothing_that_its_author_had_built_on() {
    let (mut sim, space) = managers(&["alice", "bob"]);
    sim.set("bob", space, sim.device("xavier"), Level::Manage);
    sim.meet_all();
    // Xavier removes bob, who let him in, and leaves bob no accepted entry at all.
    let act = Act::Set { member: sim.device("bob"), level: None, invite: None, cuts: vec![], elsewhere: vec![] };
    let removal = sim.act("xavier", space, act);
    assert!(sim.counts(removal));
    assert_eq!(sim.members(space), "alice:manage xavier:manage");
}

#[test]
fn a_demotion_is_as_strong_as_a_removal() {
    let (mut sim, space) = managers(&["alice", "bob"]);
    let demotion = sim.lower("alice", space, sim.device("bob"), Some(Level::Write));
    let add = sim.set("bob", space, sim.device("xavier"), Level::Read);
    let word = sim.say("bob", space);
    assert_eq!(sim.void(add), VoidReason::Removed { by: sim.hash(demotion) });
    assert!(sim.counts(word), "writing is left to him");
    assert_eq!(sim.rules(space).level_at(&sim.notes[word].header), Some(Level::Write));
    assert_eq!(sim.members(space), "alice:manage bob:write");
}

#[test]
fn one_who_is_let_in_again_starts_from_there() {
    let (mut sim, space) = managers(&["alice", "bob"]);
    sim.remove("alice", space, sim.device("bob"));
    let lost = sim.say("bob", space);
    sim.set("alice", space, sim.device("bob"), Level::Manage);
    let still_lost = sim.say("bob", space);
    sim.meet_all();
    let back = sim.set("bob", space, sim.device("xavier"), Level::Read);
    let word = sim.say("bob", space);
    assert!(!sim.counts(lost) && !sim.counts(still_lost));
    assert!(sim.counts(back) && sim.counts(word));
    assert_eq!(sim.members(space), "alice:manage bob:manage xavier:read");
}

#[test]
fn long_after_a_removal_the_removed_one_changes_nothing_by_forged_adds() {
    let (mut sim, space) = managers(&["alice", "bob"]);
    let heads = sim.view("bob", space).heads().to_vec();
    sim.remove("alice", space, sim.device("bob"));
    sim.meet_all();
    for _ in 0..3 {
        sim.set("alice", space, sim.device("xavier"), Level::Write);
        sim.meet_all();
    }
    let forged = Act::Set {
        member: sim.device("yann"),
        level: Some(Level::Manage),
        invite: None,
        cuts: vec![],
        elsewhere: vec![],
    };
    let forged = sim.act_naming("bob", space, forged, heads, None);
    assert!(!sim.counts(forged));
    assert_eq!(sim.members(space), "alice:manage xavier:write");
}

/// A known limit: there is no telling a forged removal from one that crossed, so it takes the remover along.
#[test]
fn a_forged_removal_counts_as_one_that_crossed() {
    let (mut sim, space) = managers(&["alice", "bob", "carol"]);
    let heads = sim.view("bob", space).heads().to_vec();
    sim.remove("alice", space, sim.device("bob"));
    sim.meet_all();
    let forged = Act::Set { member: sim.device("alice"), level: None, invite: None, cuts: vec![], elsewhere: vec![] };
    sim.act_naming("bob", space, forged, heads, None);
    assert_eq!(sim.members(space), "carol:manage");
}

#[test]
fn a_demotion_and_a_leave_that_crossed_both_hold() {
    let (mut sim, space) = managers(&["alice", "bob"]);
    sim.lower("alice", space, sim.device("bob"), Some(Level::Write));
    let left = sim.remove("bob", space, sim.device("bob"));
    assert!(sim.counts(left));
    assert_eq!(sim.members(space), "alice:manage");
}

#[test]
fn a_removal_by_one_who_is_lowered_elsewhere_at_the_same_time_falls_only_with_its_right() {
    let (mut sim, space) = managers(&["alice", "bob", "carol"]);
    // Bob loses Manage while he removes carol, who at the same time lets xavier in.
    sim.lower("alice", space, sim.device("bob"), Some(Level::Read));
    let void = sim.remove("bob", space, sim.device("carol"));
    let add = sim.set("carol", space, sim.device("xavier"), Level::Write);
    assert!(!sim.counts(void));
    assert!(sim.counts(add));
    assert_eq!(sim.members(space), "alice:manage bob:read carol:manage xavier:write");
}

#[test]
fn a_removal_after_both_branches_met_is_an_ordinary_one() {
    let (mut sim, space) = managers(&["alice", "bob", "carol"]);
    sim.remove("alice", space, sim.device("bob"));
    let add = sim.set("carol", space, sim.device("xavier"), Level::Manage);
    sim.meet(&["alice", "carol", "xavier"]);
    let later = sim.remove("xavier", space, sim.device("alice"));
    assert!(sim.counts(add) && sim.counts(later));
    assert_eq!(sim.members(space), "carol:manage xavier:manage");
}
