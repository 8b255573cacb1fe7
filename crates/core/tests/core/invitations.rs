//! Invitations as the rules see them.

use compeer_core::group::{Act, GroupKind, InviteFault, InviteTerms, Level, VoidReason};
use compeer_core::{DeviceId, GroupId, Hlc};

use crate::sim::Sim;

const LATER: u64 = u64::MAX;

fn world() -> (Sim, GroupId) {
    let mut sim = Sim::new(&["alice", "bob", "carol", "dave", "eve"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    sim.set("alice", space, sim.device("bob"), Level::Manage);
    sim.meet_all();
    (sim, space)
}

fn fault(sim: &Sim, at: usize) -> InviteFault {
    match sim.void(at) {
        VoidReason::Invitation(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn any_manager_honours_an_invitation_as_often_as_it_says() {
    let (mut sim, space) = world();
    let key = sim.invite("alice", space, 2, LATER);
    sim.meet_all();
    let first = sim.redeem("bob", space, sim.device("carol"), Level::Write, key);
    let second = sim.redeem("bob", space, sim.device("dave"), Level::Write, key);
    let third = sim.redeem("bob", space, sim.device("eve"), Level::Write, key);
    assert!(sim.counts(first) && sim.counts(second));
    assert_eq!(fault(&sim, third), InviteFault::UsedUp);
    let state = sim.rules(space).invites()[&key].clone();
    assert_eq!(state.used, [sim.device("carol"), sim.device("dave")]);
    assert_eq!((state.by, state.revoked), (sim.id("alice"), false));
}

#[test]
fn used_by_two_managers_at_once_the_first_in_order_stays() {
    let (mut sim, space) = world();
    let key = sim.invite("alice", space, 1, LATER);
    sim.meet_all();
    let first = sim.redeem("alice", space, sim.device("carol"), Level::Write, key);
    let second = sim.redeem("bob", space, sim.device("dave"), Level::Write, key);
    assert!(sim.counts(first));
    assert_eq!(fault(&sim, second), InviteFault::UsedUp);
    assert_eq!(sim.members(space), "alice:manage bob:manage carol:write");
}

#[test]
fn the_same_newcomer_let_in_by_two_managers_counts_once() {
    let (mut sim, space) = world();
    let key = sim.invite("alice", space, 1, LATER);
    sim.meet_all();
    let first = sim.redeem("alice", space, sim.device("carol"), Level::Write, key);
    let second = sim.redeem("bob", space, sim.device("carol"), Level::Write, key);
    assert!(sim.counts(first) && sim.counts(second));
    assert_eq!(sim.rules(space).invites()[&key].used, [sim.device("carol")]);
}

#[test]
fn one_who_was_removed_does_not_come_back_by_the_same_invitation() {
    let (mut sim, space) = world();
    let key = sim.invite("alice", space, 5, LATER);
    sim.redeem("alice", space, sim.device("carol"), Level::Write, key);
    sim.remove("alice", space, sim.device("carol"));
    let again = sim.redeem("alice", space, sim.device("carol"), Level::Write, key);
    assert_eq!(fault(&sim, again), InviteFault::UsedUp);
    assert_eq!(
        sim.rules(space).check_invite(&key, sim.device("carol"), Hlc::new(sim.now(), 0)),
        Err(InviteFault::UsedUp)
    );
    assert!(sim.rules(space).check_invite(&key, sim.device("dave"), Hlc::new(sim.now(), 0)).is_ok());
}

#[test]
fn unknown_revoked_expired_and_other_terms() {
    let (mut sim, space) = world();
    let carol = sim.device("carol");
    let unknown = sim.redeem("alice", space, carol, Level::Write, DeviceId::from_bytes([9; 32]));
    assert_eq!(fault(&sim, unknown), InviteFault::Unknown);
    let key = sim.invite("alice", space, 1, LATER);
    let level = sim.redeem("alice", space, carol, Level::Manage, key);
    assert_eq!(fault(&sim, level), InviteFault::OtherLevel);
    // Bob has not heard of it yet.
    let unheard = sim.redeem("bob", space, carol, Level::Write, key);
    assert_eq!(fault(&sim, unheard), InviteFault::Unknown);
    sim.act("alice", space, Act::Revoke { key });
    let revoked = sim.redeem("alice", space, carol, Level::Write, key);
    assert_eq!(fault(&sim, revoked), InviteFault::Revoked);
    assert!(sim.rules(space).invites()[&key].revoked);
    let expires = sim.now() + 100;
    let key = sim.invite("alice", space, 2, expires);
    let in_time = sim.redeem("alice", space, sim.device("dave"), Level::Write, key);
    sim.wait(1000);
    let late = sim.redeem("alice", space, carol, Level::Write, key);
    assert!(sim.counts(in_time));
    assert_eq!(fault(&sim, late), InviteFault::Expired);
    assert_eq!(sim.members(space), "alice:manage bob:manage dave:write");
}

#[test]
fn only_managers_invite_and_let_in() {
    let (mut sim, space) = world();
    sim.set("alice", space, sim.device("carol"), Level::Write);
    let key = sim.invite("alice", space, 1, LATER);
    sim.meet_all();
    let let_in = sim.redeem("carol", space, sim.device("dave"), Level::Write, key);
    assert_eq!(sim.void(let_in), VoidReason::Rights { has: Some(Level::Write), needs: Level::Manage });
    let own = sim.invite("carol", space, 1, LATER);
    sim.meet_all();
    let used = sim.redeem("alice", space, sim.device("dave"), Level::Write, own);
    assert_eq!(fault(&sim, used), InviteFault::Unknown);
    let revoked = sim.act("carol", space, Act::Revoke { key });
    assert!(!sim.counts(revoked));
}

#[test]
fn an_invitation_falls_with_its_maker() {
    let (mut sim, space) = world();
    let key = sim.invite("bob", space, 5, LATER);
    sim.meet_all();
    let before = sim.redeem("alice", space, sim.device("carol"), Level::Write, key);
    sim.meet_all();
    sim.remove("alice", space, sim.device("bob"));
    let after = sim.redeem("alice", space, sim.device("dave"), Level::Write, key);
    assert!(sim.counts(before));
    assert_eq!(fault(&sim, after), InviteFault::InviterGone);
}

#[test]
fn an_invitation_neither_lowers_anybody_nor_shares_its_key() {
    let (mut sim, space) = world();
    let key = sim.invite("alice", space, 5, LATER);
    let lower = sim.redeem("alice", space, sim.device("bob"), Level::Write, key);
    assert_eq!(fault(&sim, lower), InviteFault::AlreadyIn);
    let terms = InviteTerms { key, level: Level::Manage, uses: 100, expires: LATER };
    let taken = sim.act("alice", space, Act::Invite { terms });
    assert_eq!(fault(&sim, taken), InviteFault::KeyTaken);
    assert_eq!(sim.members(space), "alice:manage bob:manage");
}
