//! Guests by the command line: invited, listed, marked, and removed.

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
    assert_eq!(keys(&made), ["id", "invite"]);
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
