//! Peers on one LAN find each other there, also when every address that they knew has become wrong.

use std::time::Instant;

use compeer_testkit::netns::Lab;

use super::world::{Computer, SOON};

#[test]
fn peers_whose_addresses_are_all_wrong_find_each_other_on_the_lan() {
    let Some(lab) = Lab::new_or_skip() else { return };
    let [first, second, third] = ["first", "second", "third"].map(|name| lab.lan(name).expect("a LAN"));
    let mut ada = Computer::running(lab.host("ada", &first).expect("a host"), "Ada", &[]);
    let mut bo = Computer::running(lab.host("bo", &first).expect("a host"), "Bo", &[]);
    bo.joins(&ada.invites());
    let mut said = vec!["At home".to_owned()];
    ada.says(&said[0]);
    bo.has_heard(SOON, &said);

    // Both laptops are carried elsewhere while they run.
    ada.host.plug_into(&second).expect("moves");
    bo.host.plug_into(&second).expect("moves");
    let moved = Instant::now();
    said.push("At work".into());
    bo.says(&said[1]);
    ada.has_heard(SOON, &said);
    println!("found {:?} after both moved while they ran", moved.elapsed());

    // And once more while they are off.
    ada.peer.terminate().expect("ends");
    bo.peer.terminate().expect("ends");
    ada.host.plug_into(&third).expect("moves");
    bo.host.plug_into(&third).expect("moves");
    ada.up(&[]);
    bo.up(&[]);
    let started = Instant::now();
    said.push("In the garden".into());
    ada.says(&said[2]);
    bo.has_heard(SOON, &said);
    ada.reaches(bo.device(), "direct", SOON);
    println!("found {:?} after both started elsewhere", started.elapsed());
}
