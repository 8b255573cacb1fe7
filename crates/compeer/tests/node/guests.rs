//! Guests by the command line: invited, listed, marked, and removed.

use compeer_testkit::process::Peer;

use super::cli::{fails, run};
use super::tour::{keys, until};
use super::{running, tour};

#[test]
fn guests_are_invited_listed_and_removed() {
    let (ada, bo, gus) = (running("Ada"), running("Bo"), running("Gus"));
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    let space = space.as_str().expect("an id");
    tour::join(&ada, &bo, space, "write");
    ada.ask(&["discuss", "start", "Harbour", "Crane rails"]).expect("starts");
    ada.ask(&["chat", "send", "Harbour", "For us alone.", "--topic", "Crane"]).expect("sends");
    assert_eq!(ada.ask(&["guest", "list", "Harbour"]).expect("lists"), serde_json::json!([]));

    let made = ada.ask(&["guest", "invite", "Harbour", "Crane", "--read"]).expect("invites");
    assert_eq!(keys(&made), ["id", "invite", "room", "thing", "title"]);
    let rooms = ada.ask(&["guest", "list", "Harbour"]).expect("lists");
    assert_eq!(keys(&rooms[0]), ["guests", "invitations", "kind", "name", "space", "thing"]);
    assert_eq!((&rooms[0]["name"], &rooms[0]["kind"]), (&"Crane rails".into(), &"topic".into()));
    assert_eq!(rooms[0]["invitations"][0]["level"], "read");
    assert_eq!(rooms[0]["invitations"][0]["id"], made["id"]);
    let room = rooms[0]["space"].as_str().expect("an id");
    let id = made["id"].as_str().expect("an id");
    ada.ask(&["guest", "revoke", "Harbour", "Crane", &id[..8]]).expect("closes");
    let rooms = ada.ask(&["guest", "list", "Harbour"]).expect("lists");
    assert_eq!((rooms.as_array().map(Vec::len), &rooms[0]["invitations"]), (Some(1), &serde_json::json!([])));

    let made = ada.ask(&["guest", "invite", "Harbour", "Crane"]).expect("invites");
    let invite = made["invite"].as_str().expect("a text");
    assert_eq!(gus.ask_with(&["space", "join", "-"], invite).expect("joins")["space"], room);
    until(&gus, &["space", "list"], "the room alone", |list| {
        list.as_array().is_some_and(|all| all.len() == 1 && all[0]["name"] == "Crane rails")
    });
    gus.ask(&["chat", "send", room, "Hello from outside."]).expect("sends");
    // Whoever is in the space is in the room by themselves, and sees who is a guest.
    until(&bo, &["chat", "log", room], "what the guest said", |log| {
        log[0]["text"] == "Hello from outside." && log[0]["guest"] == true && log[0]["author_name"] == "Gus"
    });
    until(&ada, &["guest", "list", "Harbour"], "the guest", |rooms| rooms[0]["guests"][0]["name"] == "Gus");

    ada.ask(&["guest", "remove", "Harbour", "Crane", "Gus"]).expect("removes");
    until(&bo, &["guest", "list", "Harbour"], "no guest", |rooms| rooms[0]["guests"] == serde_json::json!([]));
}

/// What a command says to a person: on stdout, then on stderr.
#[track_caller]
fn said(peer: &Peer, arguments: &[&str], input: &str) -> (String, String) {
    let output = run(peer, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (text(output.stdout), text(output.stderr))
}

#[test]
fn an_invitation_that_cannot_be_makes_no_room() {
    let ada = running("Ada");
    ada.ask(&["space", "create", "Harbour"]).expect("creates");
    ada.ask(&["discuss", "start", "Harbour", "Crane rails"]).expect("starts");
    ada.ask(&["board", "create", "Harbour", "Crane plan"]).expect("makes");
    let none = |peer: &Peer| assert_eq!(peer.ask(&["space", "list"]).expect("lists").as_array().map(Vec::len), Some(1));
    fails(&ada, &["guest", "invite", "Harbour", "Crane rails", "--expires", "0d"], "", 1, "bad-terms");
    fails(&ada, &["guest", "invite", "Harbour", "Crane rails", "--expires", "999d"], "", 1, "bad-terms");
    fails(&ada, &["guest", "invite", "Harbour", "Crane rails", "--mail", "nobody"], "", 1, "bad-address");
    none(&ada);
    // Several that could be meant are listed, and nothing is chosen.
    let output = run(&ada, &["guest", "invite", "Harbour", "Crane"], "");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!output.status.success() && stderr.contains("Crane rails, a topic"), "{stderr}");
    assert!(stderr.contains("Crane plan, a board"), "{stderr}");
    none(&ada);
    // What is called exactly so is chosen before what has an id that begins so; and it is said which one that is.
    let topics = ada.ask(&["discuss", "list", "Harbour"]).expect("lists");
    let topics = topics.as_array().expect("a list").iter();
    let id = topics.filter_map(|topic| topic["id"].as_str()).find(|id| id.len() > 20).expect("an id");
    ada.ask(&["board", "create", "Harbour", &id[..8]]).expect("makes");
    let (_, stderr) = said(&ada, &["guest", "invite", "Harbour", &id[..8]], "");
    assert!(stderr.starts_with(&format!("It is for the room of the board {}. A guest sees", &id[..8])), "{stderr}");
    let (_, stderr) = said(&ada, &["guest", "invite", "Harbour", "crane rails"], "");
    assert!(stderr.starts_with("It is for the room of the topic Crane rails. A guest sees"), "{stderr}");
    let made = ada.ask(&["guest", "invite", "Harbour", &id[..9]]).expect("invites");
    assert_eq!((made["title"].as_str(), made["thing"].as_str()), (Some("Crane rails"), Some(id)));
}

#[test]
fn people_are_told_what_a_room_is_and_what_becomes_of_it() {
    let (ada, gus) = (running("Ada"), running("Gus"));
    let made = ada.ask(&["space", "create", "Harbour"]).expect("creates");
    let space = made["space"].as_str().expect("an id");
    ada.ask(&["discuss", "start", "Harbour", "Crane"]).expect("starts");
    let (invite, _) = said(&ada, &["guest", "invite", "Harbour", "Crane", "--uses", "5"], "");
    let (_, stderr) = said(&gus, &["space", "join", "-"], &invite);
    assert!(stderr.contains("Ada invites you as a guest: to Crane, a room for one topic."), "{stderr}");
    until(&ada, &["guest", "list", "Harbour"], "the guest", |rooms| rooms[0]["guests"][0]["name"] == "Gus");
    // Used again by whoever is in, it leads there.
    let (stdout, _) = said(&gus, &["space", "join", "-"], &invite);
    assert!(stdout.starts_with("Crane is one of your spaces already"), "{stdout}");
    let (list, _) = said(&ada, &["guest", "list", "Harbour"], "");
    assert!(list.contains("1 of 5 used"), "{list}");

    // One name for both, whoever changes it.
    let room = ada.ask(&["guest", "list", "Harbour"]).expect("lists")[0]["space"].as_str().expect("an id").to_owned();
    ada.ask(&["discuss", "rename", "Harbour", "Crane", "Rails"]).expect("renames");
    until(&gus, &["space", "list"], "the new name", |list| list[0]["name"] == "Rails");
    assert_eq!(ada.ask(&["guest", "list", "Harbour"]).expect("lists")[0]["name"], "Rails");
    fails(&ada, &["space", "rename", &room, "Other"], "", 1, "named-by-space");
    fails(&ada, &["discuss", "start", &room, "Other"], "", 1, "one-thing");
    fails(&gus, &["board", "create", &room, "Other"], "", 1, "one-thing");
    fails(&gus, &["page", "create", &room, "Other"], "", 1, "one-thing");
    fails(&gus, &["issue", "create", &room, "Other"], "", 1, "one-thing");

    // In the room, and in a space with rooms, nobody is told to do what cannot be done there.
    fails(&ada, &["space", "leave", &room], "", 1, "follows-space");
    fails(&ada, &["space", "level", &room, "Ada", "read"], "", 1, "follows-space");
    let output = run(&ada, &["space", "leave", "Harbour"], "");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        !output.status.success() && stderr.contains("You are the last in this space, and a guest is in a room of it."),
        "{stderr}"
    );
    assert!(stderr.contains(&format!("guest list {}`", &space[..8])), "the hint names the space: {stderr}");

    let (shown, _) = said(&ada, &["space", "show", "Harbour"], "");
    assert!(shown.contains("a room with 1 guest"), "{shown}");
    gus.ask(&["chat", "send", &room, "the winch squeaks"]).expect("sends");
    let found = until(&ada, &["search", "winch"], "what the guest said", |found| {
        found["results"].as_array().is_some_and(|all| !all.is_empty())
    });
    assert_eq!((&found["results"][0]["guest"], &found["results"][0]["room"]), (&true.into(), &true.into()));
    let (found, _) = said(&ada, &["search", "winch"], "");
    assert!(found.contains("Gus (a guest) in the room Rails"), "{found}");

    let (archived, _) = said(&ada, &["space", "archive", "Harbour"], "");
    assert!(archived.ends_with("The same goes for its room with 1 guest.\n"), "{archived}");
    until(&gus, &["space", "list"], "that it is archived", |list| list[0]["archived"].is_object());
    said(&ada, &["space", "restore", "Harbour"], "");
    until(&gus, &["space", "list"], "that it is in use", |list| list[0]["archived"].is_null());
    let (deleted, _) = said(&ada, &["space", "delete", "Harbour"], "");
    assert!(
        deleted.starts_with("Harbour is deleted for everybody, and its room with 1 guest along with it."),
        "{deleted}"
    );
}

#[test]
fn who_was_removed_and_comes_back_as_a_guest_sees_that_the_space_is_shut() {
    let (ada, gus) = (running("Ada"), running("Gus"));
    let made = ada.ask(&["space", "create", "Harbour"]).expect("creates");
    let space = made["space"].as_str().expect("an id");
    ada.ask(&["discuss", "start", "Harbour", "Crane"]).expect("starts");
    tour::join(&ada, &gus, space, "write");
    until(&gus, &["space", "list"], "the space", |list| list[0]["name"] == "Harbour");
    let made = ada.ask(&["guest", "invite", "Harbour", "Crane"]).expect("invites");
    let room = made["room"].as_str().expect("an id");
    until(&gus, &["space", "list"], "the room", |list| list.as_array().is_some_and(|all| all.len() == 2));
    let (removed, _) = said(&ada, &["space", "remove", "Harbour", "Gus"], "");
    assert!(removed.starts_with("Gus is removed from Harbour and from its room for guests"), "{removed}");
    let made = ada.ask(&["guest", "invite", "Harbour", "Crane"]).expect("invites");
    gus.ask_with(&["space", "join", "-"], made["invite"].as_str().expect("a text")).expect("joins");
    ada.ask(&["chat", "send", room, "welcome back"]).expect("sends");
    until(&gus, &["chat", "log", room], "the room", |log| log[0]["text"] == "welcome back");
    let shown = until(&gus, &["space", "show", space], "that it is shut", |shown| shown["state"] == "shutout");
    assert_eq!(shown["name"], "Harbour");
    let shown = gus.ask(&["space", "show", room]).expect("shows");
    assert_eq!((shown["state"].as_str(), &shown["room"]["parent"]), (Some("active"), &serde_json::Value::Null));
    assert_eq!(shown["room"]["guests"], 1);
}
