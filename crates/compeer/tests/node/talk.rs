//! Messages that answer, change, are reacted to and pinned: by command, and as others see it.

use std::time::Duration;

use compeer_testkit::process::Peer;
use serde_json::{Value, json};

use super::cli::run;
use super::{running, tour};

const SOON: Duration = Duration::from_secs(30);

/// What a command says to a person.
#[track_caller]
fn said(peer: &Peer, arguments: &[&str]) -> String {
    let output = run(peer, arguments, "");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Waits until a message is told anew, and is as it should be.
fn changed(events: &compeer_testkit::process::Events, id: &Value, accept: impl Fn(&Value) -> bool) {
    let is_it = |event: &Value| event["event"] == "chat.changed" && event["id"] == *id && accept(&event["message"]);
    events.first(SOON, "a change", is_it);
}

#[test]
fn messages_are_answered_changed_reacted_to_and_pinned() {
    let (ada, bo) = (running("Ada"), running("Bo"));
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    tour::join(&ada, &bo, space.as_str().expect("an id"), "write");
    let events = bo.events().expect("listens");
    events.named(SOON, "hello");
    let sent = ada.ask(&["chat", "send", "Harbour", "The crane is heer."]).expect("sends")["id"].clone();
    let id = sent.as_str().expect("an id");
    events.first(SOON, "the message", |event| event["id"] == sent);
    let short = &id[..8];

    // By the beginning of its id, which the log shows.
    assert!(said(&ada, &["chat", "log", "Harbour", "--ids"]).starts_with(short));
    assert!(!said(&ada, &["chat", "log", "Harbour"]).contains(short));
    assert_eq!(said(&ada, &["chat", "edit", "Harbour", short, "The crane is here."]), "Changed.\n");
    changed(&events, &sent, |message| message["text"] == "The crane is here." && message["changed"].is_u64());
    assert_eq!(said(&bo, &["chat", "react", "Harbour", short, "\u{1f44d}"]), "Reacted.\n");
    assert_eq!(said(&bo, &["chat", "pin", "Harbour", short]), "Pinned.\n");
    changed(&events, &sent, |message| message["pinned"] == true && message["reactions"][0]["mine"] == true);
    let answer = bo.ask(&["chat", "send", "Harbour", "I see it.", "--reply", short]).expect("answers");
    assert_eq!(answer.as_object().expect("an object").keys().collect::<Vec<_>>(), ["id"]);

    let log = tour::until(&ada, &["chat", "log", "Harbour"], "all of it", |log| {
        log[1]["reply"] == sent && log[0]["pinned"] == true
    });
    assert_eq!(log[0]["reactions"][0]["people"][0]["name"], "Bo");
    assert_eq!(ada.ask(&["chat", "pins", "Harbour"]).expect("lists")[0]["id"], sent);
    let texts: Vec<Value> = ada
        .ask(&["chat", "history", "Harbour", id])
        .expect("lists")
        .as_array()
        .expect("a list")
        .iter()
        .map(|version| version["text"].clone())
        .collect();
    assert_eq!(texts, ["The crane is heer.", "The crane is here."]);
    let words = said(&ada, &["chat", "log", "Harbour"]);
    for part in ["(pinned)  (edited)", "\n    \u{1f44d} 1\n", "\n    > Ada: The crane is here.\n    I see it.\n"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(said(&ada, &["chat", "pins", "Harbour"]).contains("The crane is here."));

    // Each may only change their own words.
    let refused = run(&bo, &["--json", "chat", "edit", "Harbour", id, "mine"], "");
    let refused: Value = serde_json::from_slice(&refused.stderr).expect("JSON");
    assert_eq!(refused["code"], "not-yours");

    assert_eq!(said(&bo, &["chat", "react", "Harbour", short, "\u{1f44d}", "--undo"]), "Taken back.\n");
    assert_eq!(said(&ada, &["chat", "pin", "Harbour", short, "--undo"]), "Not pinned any more.\n");
    changed(&events, &sent, |message| message["pinned"] == false && message["reactions"] == json!([]));
    assert_eq!(said(&ada, &["chat", "pins", "Harbour"]), "Nothing is pinned.\n");
}
