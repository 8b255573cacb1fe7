//! Groups in groups: people in spaces, companies in spaces.

use compeer_core::group::{Act, GroupKind, Level, Member, Verdict, VoidReason};
use compeer_core::{GroupId, Hlc};

use crate::sim::{Sim, reduce};

/// Alice with a laptop and a phone, bob with one computer, and a space of both.
fn people() -> (Sim, GroupId, GroupId, GroupId) {
    let mut sim = Sim::new(&["laptop", "phone", "pc", "tablet"]);
    let alice = sim.found("alice", GroupKind::Person, "laptop");
    sim.set("laptop", alice, sim.device("phone"), Level::Manage);
    let bob = sim.found("bob", GroupKind::Person, "pc");
    let space = sim.found_for("space", GroupKind::Space, "laptop", Member::Group(alice));
    sim.meet_all();
    sim.set("laptop", space, Member::Group(bob), Level::Write);
    sim.meet_all();
    (sim, alice, bob, space)
}

#[test]
fn a_person_in_a_space_is_all_their_devices() {
    let (mut sim, alice, bob, space) = people();
    assert_eq!(sim.members(space), "alice:manage bob:write");
    assert_eq!(sim.devices(space), "laptop:manage pc:write phone:manage");
    let rules = sim.rules(space);
    assert_eq!(rules.person_of(&sim.id("phone")), Some(alice));
    assert_eq!(rules.person_of(&sim.id("pc")), Some(bob));
    assert_eq!(rules.person_of(&sim.id("tablet")), None);
    // The second device acts for its person.
    let act = sim.set("phone", space, Member::Group(bob), Level::Read);
    assert!(sim.counts(act));
    assert_eq!(sim.rules(alice).person_of(&sim.id("phone")), Some(alice));
}

#[test]
fn a_device_that_joins_a_person_is_in_the_spaces_at_once() {
    let (mut sim, _, bob, space) = people();
    sim.set("pc", bob, sim.device("tablet"), Level::Manage);
    sim.meet_all();
    let said = sim.say("tablet", space);
    assert!(sim.counts(said));
    assert_eq!(sim.devices(space), "laptop:manage pc:write phone:manage tablet:write");
}

#[test]
fn a_device_can_be_no_more_in_a_space_than_it_is_in_its_person() {
    let (mut sim, _, bob, space) = people();
    sim.set("pc", bob, sim.device("tablet"), Level::Pull);
    assert_eq!(sim.devices(space), "laptop:manage pc:write phone:manage tablet:pull");
}

#[test]
fn a_lost_device_is_cut_off_everywhere_by_its_person() {
    let (mut sim, alice, bob, space) = people();
    let known = sim.say("phone", space);
    sim.meet(&["phone", "laptop"]);
    sim.remove("laptop", alice, sim.device("phone"));
    // It dates what it writes back, and names old heads: the cut does not care.
    let heads = sim.view("phone", space).heads().to_vec();
    let clock = sim.notes[known].header.clock;
    let said = sim.say_naming("phone", space, heads, Some(Hlc::from_bits(clock.bits() + 1)));
    let act = sim.remove("phone", space, Member::Group(bob));
    assert!(sim.counts(known));
    assert!(!sim.counts(said) && !sim.counts(act));
    assert_eq!(sim.devices(space), "laptop:manage pc:write");
    let rules = sim.rules(space);
    assert_eq!(rules.person_of(&sim.id("phone")), Some(alice), "who it was stays known");
    assert_eq!(rules.past_devices()[&sim.id("phone")], Member::Group(alice));
}

#[test]
fn on_a_topic_that_no_cut_names_the_time_of_the_removal_decides() {
    let (mut sim, alice, _, space) = people();
    let before = sim.say("phone", space);
    // The laptop has not seen it, so its cuts name the phone on no topic.
    sim.remove("laptop", alice, sim.device("phone"));
    let after = sim.say("phone", space);
    assert!(sim.counts(before));
    assert!(!sim.counts(after));
}

#[test]
fn a_device_taken_back_writes_again() {
    let (mut sim, alice, _, space) = people();
    sim.remove("laptop", alice, sim.device("phone"));
    let lost = sim.say("phone", space);
    sim.set("laptop", alice, sim.device("phone"), Level::Manage);
    sim.meet_all();
    let said = sim.say("phone", space);
    assert!(sim.counts(said));
    assert!(sim.counts(lost), "a limit: the space cannot tell what lies between removal and return");
}

#[test]
fn a_person_removed_is_out_with_all_devices() {
    let (mut sim, alice, bob, space) = people();
    sim.set("laptop", space, Member::Group(bob), Level::Manage);
    sim.meet_all();
    let known = sim.say("phone", space);
    sim.meet(&["pc", "phone"]);
    let removal = sim.remove("pc", space, Member::Group(alice));
    let crossing = [sim.say("phone", space), sim.say("laptop", space)];
    assert!(sim.counts(known));
    for late in crossing {
        assert_eq!(sim.void(late), VoidReason::Removed { by: sim.hash(removal) });
    }
    assert_eq!(sim.devices(space), "pc:manage");
}

#[test]
fn any_device_of_a_person_leaves_for_it_but_not_for_others() {
    let (mut sim, alice, bob, space) = people();
    let other = sim.remove("pc", space, Member::Group(alice));
    assert!(!sim.counts(other));
    let own = sim.remove("pc", space, Member::Group(bob));
    assert!(sim.counts(own));
    assert_eq!(sim.members(space), "alice:manage");
}

#[test]
fn a_person_who_is_no_more_reaches_nothing() {
    let (mut sim, _, bob, space) = people();
    sim.act("pc", bob, Act::End);
    sim.wait(1);
    let said = sim.say("pc", space);
    assert!(!sim.counts(said));
    assert_eq!(sim.devices(space), "laptop:manage phone:manage");
}

#[test]
fn a_company_in_a_space_is_all_its_people() {
    let (mut sim, alice, bob, space) = people();
    let company = sim.found_for("company", GroupKind::Company, "laptop", Member::Group(alice));
    sim.set("laptop", company, Member::Group(bob), Level::Write);
    let other = sim.found("tina", GroupKind::Person, "tablet");
    sim.meet_all();
    sim.set("laptop", company, Member::Group(other), Level::Read);
    sim.remove("laptop", space, Member::Group(bob));
    sim.set("laptop", space, Member::Group(company), Level::Write);
    sim.meet_all();
    assert_eq!(sim.devices(space), "laptop:manage pc:write phone:manage tablet:read");
    let rules = sim.rules(space);
    assert_eq!(rules.person_of(&sim.id("tablet")), Some(other), "the innermost");
    assert_eq!(rules.devices()[&sim.id("tablet")].via, Member::Group(company));
    let said = sim.say("pc", space);
    assert!(sim.counts(said));
    // Out of the company, out of the space.
    sim.meet_all();
    sim.remove("laptop", company, Member::Group(bob));
    let late = sim.say("pc", space);
    assert!(sim.counts(said) && !sim.counts(late));
    assert_eq!(sim.devices(space), "laptop:manage phone:manage tablet:read");
    // One who does not manage the company does not leave for it.
    let leave = sim.remove("tablet", space, Member::Group(company));
    assert!(!sim.counts(leave));
    let leave = sim.remove("phone", space, Member::Group(company));
    assert!(sim.counts(leave));
}

#[test]
fn a_device_in_by_two_ways_has_the_better_and_keeps_the_other() {
    let (mut sim, alice, _, space) = people();
    sim.set("laptop", space, sim.device("phone"), Level::Read);
    sim.meet_all();
    assert_eq!(sim.rules(space).level(&sim.id("phone")), Some(Level::Manage));
    sim.remove("laptop", alice, sim.device("phone"));
    assert_eq!(sim.rules(space).level(&sim.id("phone")), Some(Level::Read));
}

#[test]
fn groups_of_the_same_or_a_higher_kind_are_members_in_name_only() {
    let (mut sim, alice, bob, space) = people();
    sim.set("laptop", space, Member::Group(space), Level::Manage);
    sim.set("laptop", alice, Member::Group(bob), Level::Manage);
    sim.set("pc", bob, Member::Group(space), Level::Manage);
    sim.meet_all();
    assert_eq!(sim.devices(alice), "laptop:manage phone:manage");
    assert_eq!(sim.devices(bob), "pc:manage");
    assert_eq!(sim.devices(space), "laptop:manage pc:write phone:manage");
}

#[test]
fn entries_wait_for_the_log_of_a_member_group() {
    let (mut sim, _, bob, space) = people();
    let said = sim.say("pc", space);
    let without = |at: &&crate::sim::Note| at.header.topic != bob;
    let rules = reduce(space, sim.notes.iter().filter(without));
    assert_eq!(rules.unknown_groups().iter().copied().collect::<Vec<_>>(), [bob]);
    assert_eq!(rules.judge(&sim.notes[said].header), Verdict::Waiting);
    assert!(sim.counts(said));
}

#[test]
fn an_invitation_by_a_lost_device_falls_but_not_those_it_let_in() {
    let (mut sim, alice, bob, space) = people();
    let key = sim.invite("phone", space, 5, u64::MAX);
    sim.meet_all();
    sim.remove("laptop", space, Member::Group(bob));
    let before = sim.redeem("laptop", space, Member::Group(bob), Level::Write, key);
    sim.meet_all();
    sim.remove("laptop", alice, sim.device("phone"));
    let after = sim.redeem("laptop", space, sim.device("tablet"), Level::Write, key);
    assert!(sim.counts(before));
    assert!(!sim.counts(after));
}
