//! Which epoch may be sealed under.

use compeer_core::group::{Epochs, GroupKind, Level};
use compeer_core::{DeviceId, EpochId, GroupId};

use crate::sim::Sim;

const FIRST: EpochId = EpochId::from_bytes([1; 16]);
const SECOND: EpochId = EpochId::from_bytes([2; 16]);

fn world() -> (Sim, GroupId) {
    let mut sim = Sim::new(&["alice", "bob", "carol"]);
    let space = sim.found("space", GroupKind::Space, "alice");
    sim.set("alice", space, sim.device("bob"), Level::Write);
    sim.meet_all();
    (sim, space)
}

fn current(sim: &Sim, space: GroupId) -> Option<EpochId> {
    let rules = sim.rules(space);
    sim.epochs(space, &rules).current(&rules, &|_| true)
}

fn ids(sim: &Sim, names: &[&str]) -> Vec<DeviceId> {
    names.iter().map(|name| sim.id(name)).collect()
}

#[test]
fn the_newest_epoch_that_only_readers_can_open() {
    let (mut sim, space) = world();
    assert_eq!(current(&sim, space), None);
    sim.grant("alice", space, &[FIRST], &ids(&sim, &["alice", "bob"]));
    assert_eq!(current(&sim, space), Some(FIRST));
    sim.grant("bob", space, &[SECOND], &ids(&sim, &["alice", "bob"]));
    assert_eq!(current(&sim, space), Some(SECOND));
    let rules = sim.rules(space);
    let epochs = sim.epochs(space, &rules);
    assert_eq!(epochs.current(&rules, &|epoch| *epoch == FIRST), Some(FIRST), "the newest that is held");
    assert_eq!(epochs.current(&rules, &|_| false), None);
    assert_eq!(
        epochs.list().iter().map(|info| (info.id, info.recipients)).collect::<Vec<_>>(),
        [(FIRST, 2), (SECOND, 2)]
    );
    assert_eq!(epochs.list()[1].by, sim.id("bob"));
}

#[test]
fn after_a_removal_a_new_one_is_needed() {
    let (mut sim, space) = world();
    sim.grant("alice", space, &[FIRST], &ids(&sim, &["alice", "bob"]));
    sim.remove("alice", space, sim.device("bob"));
    assert_eq!(current(&sim, space), None);
    sim.grant("alice", space, &[SECOND], &ids(&sim, &["alice"]));
    assert_eq!(current(&sim, space), Some(SECOND));
}

#[test]
fn after_any_lowering_a_new_one_is_needed() {
    let (mut sim, space) = world();
    sim.grant("alice", space, &[FIRST], &ids(&sim, &["alice", "bob"]));
    // Bob may just have let somebody in who is not in by this, and have handed out the key.
    sim.lower("alice", space, sim.device("bob"), Some(Level::Read));
    assert_eq!(current(&sim, space), None);
    sim.grant("alice", space, &[SECOND], &ids(&sim, &["alice", "bob"]));
    assert_eq!(current(&sim, space), Some(SECOND));
    sim.lower("alice", space, sim.device("bob"), Some(Level::Pull));
    assert_eq!(current(&sim, space), None);
}

#[test]
fn whoever_started_an_epoch_can_open_it_even_if_no_wrap_says_so() {
    let (mut sim, space) = world();
    sim.grant("bob", space, &[FIRST], &ids(&sim, &["alice"]));
    assert_eq!(current(&sim, space), Some(FIRST));
    sim.meet_all();
    sim.remove("alice", space, sim.device("bob"));
    assert_eq!(current(&sim, space), None);
}

#[test]
fn a_lost_device_of_a_person_means_a_new_epoch() {
    let mut sim = Sim::new(&["laptop", "phone"]);
    let person = sim.found("person", GroupKind::Person, "laptop");
    sim.set("laptop", person, sim.device("phone"), Level::Manage);
    let space = sim.found_for("space", GroupKind::Space, "laptop", compeer_core::group::Member::Group(person));
    sim.grant("laptop", space, &[FIRST], &ids(&sim, &["laptop", "phone"]));
    assert_eq!(current(&sim, space), Some(FIRST));
    sim.remove("laptop", person, sim.device("phone"));
    assert_eq!(current(&sim, space), None);
}

#[test]
fn newcomers_lack_keys_until_they_are_given() {
    let (mut sim, space) = world();
    sim.grant("alice", space, &[FIRST], &ids(&sim, &["alice", "bob"]));
    sim.set("alice", space, sim.device("carol"), Level::Read);
    let lacking = |sim: &Sim| {
        let rules = sim.rules(space);
        sim.epochs(space, &rules).lacking(&FIRST, &rules).into_iter().collect::<Vec<_>>()
    };
    assert_eq!(lacking(&sim), ids(&sim, &["carol"]));
    assert_eq!(current(&sim, space), Some(FIRST), "it may be used meanwhile");
    sim.grant("alice", space, &[FIRST], &ids(&sim, &["carol"]));
    assert!(lacking(&sim).is_empty());
    let rules = sim.rules(space);
    assert_eq!(Epochs::new().lacking(&SECOND, &rules).len(), 3, "nobody has what nobody gave");
}

#[test]
fn a_stranger_named_as_recipient_spoils_the_epoch_and_nothing_else() {
    let (mut sim, space) = world();
    sim.grant("alice", space, &[FIRST], &ids(&sim, &["alice", "bob"]));
    sim.grant("bob", space, &[SECOND], &ids(&sim, &["alice", "bob", "carol"]));
    assert_eq!(current(&sim, space), Some(FIRST));
}

#[test]
fn a_grant_by_a_reader_is_void() {
    let (mut sim, space) = world();
    sim.lower("alice", space, sim.device("bob"), Some(Level::Read));
    sim.meet_all();
    let grant = sim.grant("bob", space, &[FIRST], &ids(&sim, &["alice", "bob"]));
    assert!(!sim.counts(grant));
    assert_eq!(current(&sim, space), None);
}
