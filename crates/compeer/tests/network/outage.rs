//! Outages end by themselves: soon after the network is back everything that was said meanwhile is there, once.

use std::time::{Duration, Instant};

use compeer_testkit::netns::Nat::{PortRestricted, Symmetric};

use super::world::{DIRECT, HEALED, Offices, SOON, texts, wait_out};

/// How long cables stay pulled.
fn pulled() -> Duration {
    let long = std::env::var_os("COMPEER_LONG_TESTS").is_some_and(|value| value == "1");
    Duration::from_secs(if long { 60 } else { 15 })
}

/// Both talk before, during and after an outage.
fn outage(offices: &mut Offices, begin: impl FnOnce(&mut Offices), time: Duration, end: impl FnOnce(&mut Offices)) {
    let mut said = texts("Before", 3);
    said.iter().for_each(|text| offices.ada.says(text));
    offices.bo.has_heard(SOON, &said);
    let begun = Instant::now();
    begin(offices);
    for (number, text) in texts("Meanwhile", 20).into_iter().enumerate() {
        if number % 2 == 0 { &offices.ada } else { &offices.bo }.says(&text);
        said.push(text);
    }
    wait_out(time.saturating_sub(begun.elapsed()));
    assert_eq!((offices.ada.log().len(), offices.bo.log().len()), (13, 13), "nothing came through");
    end(offices);
    let healed = Instant::now();
    offices.ada.has_heard(HEALED, &said);
    offices.bo.has_heard(HEALED.saturating_sub(healed.elapsed()), &said);
    println!("healed {:?} after an outage of {time:?}", healed.elapsed());
    for text in texts("Afterwards", 3) {
        offices.bo.says(&text);
        said.push(text);
    }
    offices.ada.has_heard(SOON, &said);
    offices.bo.has_heard(SOON, &said);
}

#[test]
fn a_pulled_cable_of_an_office_heals() {
    let Some(mut offices) = Offices::together([PortRestricted, PortRestricted]) else { return };
    let together = Instant::now();
    offices.reach_each_other("direct", DIRECT);
    println!("direct {:?} after joining", together.elapsed());
    let cut = |offices: &mut Offices| offices.right.cut().expect("cuts");
    outage(&mut offices, cut, pulled(), |offices| offices.right.heal().expect("heals"));
    let again = Instant::now();
    offices.reach_each_other("direct", DIRECT);
    println!("direct again {:?} after that", again.elapsed());
}

#[test]
fn a_pulled_cable_of_a_computer_heals() {
    let Some(mut offices) = Offices::together([PortRestricted, PortRestricted]) else { return };
    offices.reach_each_other("direct", DIRECT);
    let cut = |offices: &mut Offices| offices.bo.host.cut().expect("cuts");
    outage(&mut offices, cut, pulled(), |offices| offices.bo.host.heal().expect("heals"));
}

#[test]
fn a_pulled_cable_heals_over_the_relay() {
    let Some(mut offices) = Offices::together([Symmetric, Symmetric]) else { return };
    let cut = |offices: &mut Offices| offices.right.cut().expect("cuts");
    outage(&mut offices, cut, pulled(), |offices| offices.right.heal().expect("heals"));
    offices.reach_each_other("relay", SOON);
}

#[test]
fn a_relay_that_was_away_is_used_again() {
    let Some(mut offices) = Offices::together([Symmetric, Symmetric]) else { return };
    outage(&mut offices, |offices| offices.relay.kill(), pulled(), |offices| offices.relay.start());
    offices.reach_each_other("relay", SOON);
}

#[test]
fn a_relay_restart_is_hardly_felt() {
    let Some(mut offices) = Offices::together([Symmetric, Symmetric]) else { return };
    let mut said = texts("Before", 3);
    said.iter().for_each(|text| offices.ada.says(text));
    offices.bo.has_heard(SOON, &said);
    offices.relay.kill();
    offices.relay.start();
    let back = Instant::now();
    for text in texts("Afterwards", 3) {
        offices.bo.says(&text);
        said.push(text);
    }
    offices.ada.has_heard(HEALED, &said);
    println!("healed {:?} after a restart", back.elapsed());
}
