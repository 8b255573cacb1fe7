//! Who people are and what they may do, said on the command line: profiles, levels, names of spaces.

use std::time::Duration;

use compeer_testkit::process::Peer;
use compeer_testkit::wait::eventually_blocking;
use serde_json::{Value, json};

use super::cli::{fails, run};
use super::{peer, running};

const SOON: Duration = Duration::from_secs(30);

/// The smallest thing that is a picture by its first bytes.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

/// What a command says to a person.
#[track_caller]
fn said(peer: &Peer, arguments: &[&str]) -> String {
    let output = run(peer, arguments, "");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Waits until a command's answer is as it should be.
#[track_caller]
fn until(peer: &Peer, arguments: &[&str], what: &str, accept: impl Fn(&Value) -> bool) -> Value {
    eventually_blocking(SOON, what, || peer.ask(arguments).ok().filter(&accept))
}

/// Ada and Bo in a space of hers.
fn two_in(space: &str) -> (Peer, Peer) {
    let (ada, bo) = (running("Ada"), running("Bo"));
    ada.ask(&["space", "create", space]).expect("creates");
    let invite = ada.ask(&["space", "invite", space]).expect("invites")["invite"].clone();
    bo.ask_with(&["space", "join", "-"], invite.as_str().expect("a text")).expect("joins");
    until(&ada, &["space", "members", space], "both names", |list| list[1]["name"] == "Bo");
    (ada, bo)
}

#[test]
fn a_profile_is_shown_and_changed() {
    let ada = running("Ada");
    let first = ada.ask(&["profile", "show"]).expect("shows");
    let keys: Vec<_> = first.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["device", "device_name", "name", "person", "picture"]);
    assert_eq!((&first["name"], &first["picture"]), (&json!("Ada"), &json!(false)));

    let picture = ada.home().with_extension("png");
    std::fs::write(&picture, PNG).expect("a file");
    let path = picture.to_str().expect("plain");
    let set = ada.ask(&["profile", "set", "--name", "Ada L.", "--picture", path]).expect("sets");
    assert_eq!((&set["name"], &set["picture"]), (&json!("Ada L."), &json!(true)));
    assert_eq!(set["device_name"], first["device_name"], "what was not named stays");
    let set = ada.ask(&["profile", "set", "--device-name", "desk", "--no-picture"]).expect("sets");
    assert_eq!((&set["name"], &set["picture"]), (&json!("Ada L."), &json!(false)));
    assert_eq!(ada.ask(&["profile", "show"]).expect("shows"), set);
    let words = said(&ada, &["profile", "show"]);
    assert!(words.starts_with("Ada L., without a picture\n") && words.contains(" desk\n"), "{words}");

    fails(&ada, &["profile", "set", "--name", " "], "", 1, "bad-name");
    fails(&ada, &["profile", "set", "--picture", "/dev/zero"], "", 2, "usage");
    std::fs::write(&picture, "no picture").expect("a file");
    fails(&ada, &["profile", "set", "--picture", path], "", 1, "bad-picture");
    assert_eq!(ada.ask(&["profile", "show"]).expect("shows"), set, "nothing was changed");
    std::fs::remove_file(&picture).expect("removed");
    fails(&peer(), &["profile", "show"], "", 1, "not-running");
}

#[test]
fn two_spaces_of_one_name_are_told_apart() {
    let ada = running("Ada");
    let create = || {
        let made = ada.ask(&["space", "create", "Harbour"]).expect("creates");
        made["space"].as_str().expect("an id").to_owned()
    };
    let warned = |name: &str| String::from_utf8(run(&ada, &["space", "create", name], "").stderr).expect("UTF-8");
    assert_eq!(warned("Quay"), "");
    let (first, second) = (create(), create());
    let words = warned("harbour");
    assert!(words.contains("is called harbour, too") && words.contains(" space rename ID NAME`"), "{words}");
    assert!(words.contains(&first[..8]) && words.contains(&second[..8]), "{words}");

    fails(&ada, &["space", "members", "Harbour"], "", 1, "ambiguous");
    let refused = String::from_utf8(run(&ada, &["space", "members", "Harbour"], "").stderr).expect("UTF-8");
    assert!(refused.contains(&first[..8]) && refused.contains(&second[..8]), "{refused}");
    assert!(refused.contains("(Harbour, 1 member)"), "{refused}");
    ada.ask(&["space", "members", &first[..12]]).expect("the beginning of an id will do");
    ada.ask(&["space", "delete", &second[..12]]).expect("even where the whole name is needed");
    ada.ask(&["space", "rename", &first[..12], "Wharf"]).expect("renames");
    ada.ask(&["chat", "log", "Harbour"]).expect("there is only one left");
}

#[test]
fn what_a_person_was_shown_is_read() {
    let (ada, bo) = two_in("Harbour");
    for text in ["one", "two", "three"] {
        ada.ask(&["chat", "send", "Harbour", text]).expect("sends");
    }
    let unread = |peer: &Peer| peer.ask(&["space", "list"]).expect("lists")[0]["unread"].as_u64();
    until(&bo, &["space", "list"], "three to read", |list| list[0]["unread"] == 3);
    // Programs read nothing, and a person need not.
    bo.ask(&["chat", "log", "Harbour"]).expect("shows");
    said(&bo, &["chat", "log", "Harbour", "--keep-unread"]);
    assert_eq!(unread(&bo), Some(3));
    assert!(said(&bo, &["chat", "log", "Harbour", "--limit", "1"]).contains("three"));
    assert_eq!(unread(&bo), Some(0));
}

#[test]
fn others_see_a_new_name() {
    let (ada, bo) = two_in("Harbour");
    bo.ask(&["profile", "set", "--name", "Bo T."]).expect("sets");
    until(&ada, &["space", "members", "Harbour"], "the new name", |list| list[1]["name"] == "Bo T.");
}

#[test]
fn managers_change_levels_and_names() {
    let (ada, bo) = two_in("Harbour");
    let level = |name: &'static str| move |list: &Value| list[0]["level"] == name;
    fails(&bo, &["space", "level", "Harbour", "Ada", "read"], "", 1, "needs-manage");
    fails(&ada, &["space", "level", "Harbour", "Ada", "read"], "", 1, "last-manager");
    fails(&ada, &["space", "level", "Harbour", "Nobody", "read"], "", 1, "member-not-found");
    assert_eq!(said(&ada, &["space", "level", "harb", "bo", "read"]), "Bo can read in Harbour from now on.\n");
    until(&bo, &["space", "members", "Harbour"], "he only reads", level("read"));
    let set = ada.ask(&["space", "level", "Harbour", "Bo", "manage"]).expect("sets");
    assert_eq!(set["level"], "manage");
    until(&bo, &["space", "members", "Harbour"], "he manages", level("manage"));

    fails(&ada, &["space", "rename", "Nowhere", "Quay"], "", 1, "space-not-found");
    assert_eq!(said(&bo, &["space", "rename", "Harbour", " Quay "]), "Harbour is called Quay from now on.\n");
    until(&ada, &["space", "list"], "the new name", |list| list[0]["name"] == "Quay");
}
