//! Two offices behind NATs reach each other by their own relay, and directly where the NATs allow.

use std::time::{Duration, Instant};

use compeer_testkit::netns::Nat::{self, FullCone, PortRestricted, Symmetric};

use super::world::{DIRECT, Offices, SOON, texts};

/// Bo joins Ada's space through the relay, and they talk; returns once both have both messages.
fn meet(nats: [Nat; 2]) -> Option<Offices> {
    let mut offices = Offices::quiet(nats)?;
    offices.ada.up(&["--relay", &offices.relay.url]);
    // Bo is told of the relay by the invitation alone.
    offices.bo.up(&[]);
    let invite = offices.ada.invites();
    let events = offices.ada.peer.events().expect("listens");
    events.named(SOON, "hello");
    let begun = Instant::now();
    offices.bo.joins(&invite);
    let joined = begun.elapsed();
    let up = events.named(SOON, "peer.up");
    println!("{nats:?}: joined and synchronised after {joined:?}; the first path was {}", up["path"]);
    offices.ada.says("From Ada");
    offices.bo.says("From Bo");
    for computer in [&offices.ada, &offices.bo] {
        computer.has_heard(SOON, &["From Ada".into(), "From Bo".into()]);
    }
    if ![nats[0], nats[1]].contains(&Symmetric) {
        let direct = Instant::now();
        offices.reach_each_other("direct", DIRECT);
        println!(
            "{nats:?}: direct {:?} after that, {:?} after the start of joining",
            direct.elapsed(),
            begun.elapsed()
        );
    }
    Some(offices)
}

#[test]
fn two_port_restricted_offices_meet_by_the_relay_and_go_direct() {
    meet([PortRestricted, PortRestricted]);
}

#[test]
fn a_full_cone_and_a_port_restricted_office_go_direct() {
    meet([FullCone, PortRestricted]);
}

#[test]
fn without_a_relay_the_same_offices_do_not_meet() {
    let Some(mut offices) = Offices::quiet([PortRestricted, PortRestricted]) else { return };
    offices.ada.up(&[]);
    offices.bo.up(&[]);
    let invite = offices.ada.invites();
    let refused = offices.bo.peer.ask_with(&["space", "join", "-"], &invite).expect_err("no way").to_string();
    assert!(refused.contains("invite-unreachable"), "{refused}");
}

#[test]
fn two_symmetric_offices_work_over_the_relay() {
    let Some(offices) = meet([Symmetric, Symmetric]) else { return };
    let mut said = vec!["From Ada".to_owned(), "From Bo".to_owned()];
    // Long enough for hole punching to be tried more than once.
    let end = Instant::now() + Duration::from_secs(12);
    for text in texts("Over the relay", 1000) {
        offices.ada.says(&text);
        said.push(text);
        offices.bo.has_heard(SOON, &said);
        assert_eq!(offices.ada.path_to(offices.bo.device()), "relay");
        assert_eq!(offices.bo.path_to(offices.ada.device()), "relay");
        if Instant::now() > end {
            break;
        }
    }
    println!("{} messages over the relay", said.len());
}
