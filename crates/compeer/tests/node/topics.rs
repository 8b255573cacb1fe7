//! Topics: by command, and as others see them; what is read of them.

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

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

/// What is unread in each topic, by title.
fn unread(topics: &Value) -> Vec<(String, u64, u64)> {
    let count = |topic: &Value, field: &str| topic[field].as_u64().expect("a count");
    let topics = topics.as_array().expect("a list").iter();
    let topics = topics.map(|topic| {
        (topic["title"].as_str().unwrap_or("-").to_owned(), count(topic, "unread"), count(topic, "mentions"))
    });
    topics.collect()
}

#[test]
fn topics_are_made_talked_at_and_read() {
    let (ada, bo) = (running("Ada"), running("Bo"));
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    tour::join(&ada, &bo, space.as_str().expect("an id"), "write");
    let walls = id(&ada.ask(&["discuss", "start", "Harbour", "Quay walls"]).expect("starts"));
    let first = id(&ada.ask(&["chat", "send", "Harbour", "They lean.", "--topic", "quay"]).expect("sends"));
    ada.ask(&["chat", "send", "Harbour", "Lunch?"]).expect("sends");
    ada.ask(&["chat", "send", "Harbour", "@Bo, look.", "--topic", &walls[..8]]).expect("sends");

    let topics = tour::until(&bo, &["discuss", "list", "Harbour"], "all of it", |topics| {
        unread(topics) == [("-".into(), 1, 0), ("Quay walls".into(), 2, 1)]
    });
    assert_eq!((&topics[0]["id"], &topics[1]["id"]), (&json!("general"), &json!(walls)));
    assert_eq!(
        topics[1].as_object().expect("an object").keys().collect::<Vec<_>>(),
        ["at", "attention", "id", "mentions", "resolved", "title", "unread"]
    );
    // What is read of a topic is read of nothing else.
    let words = said(&bo, &["chat", "log", "Harbour", "--topic", "Quay walls"]);
    assert!(words.contains("They lean.") && words.contains("@Bo, look.") && !words.contains("Lunch?"), "{words}");
    let list = || bo.ask(&["discuss", "list", "Harbour"]).expect("lists");
    assert_eq!(unread(&list()), [("-".into(), 1, 0), ("Quay walls".into(), 0, 0)]);
    let all = said(&bo, &["chat", "log", "Harbour", "--keep-unread"]);
    assert!(all.contains("[Quay walls]\n    They lean."), "{all}");
    assert!(said(&bo, &["discuss", "list", "Harbour"]).contains("General"));

    // Not read after all: from a message on, in its topic alone.
    said(&bo, &["discuss", "unread", "Harbour", &first[..8]]);
    assert_eq!(unread(&list()), [("-".into(), 1, 0), ("Quay walls".into(), 2, 1)]);
    // Moved, it is as unread as it was.
    assert_eq!(said(&bo, &["discuss", "move", "Harbour", "general", &first[..8]]), "Moved one message.\n");
    assert_eq!(unread(&list()), [("-".into(), 2, 0), ("Quay walls".into(), 1, 1)]);
    assert_eq!(
        said(&bo, &["discuss", "move", "Harbour", "general", &first[..8]]),
        "Nothing moved: all of it was there already.\n"
    );

    // Muted: only what names me counts.
    said(&bo, &["discuss", "hear", "Harbour", "muted", "--topic", "general"]);
    let spaces = bo.ask(&["space", "list"]).expect("lists");
    assert_eq!(spaces[0]["unread"], 1, "{spaces}");
    said(&bo, &["discuss", "hear", "Harbour", "default", "--topic", "general"]);
    assert_eq!(bo.ask(&["space", "list"]).expect("lists")[0]["unread"], 3);

    let events = bo.events().expect("listens");
    events.named(SOON, "hello");
    said(&ada, &["discuss", "rename", "Harbour", "Quay walls", "Walls"]);
    events.first(SOON, "a change", |event| event["event"] == "topic.changed" && event["id"] == *walls);
    said(&ada, &["discuss", "resolve", "Harbour", "Walls"]);
    tour::until(&bo, &["discuss", "list", "Harbour"], "the change", |topics| {
        topics[1]["title"] == "Walls" && topics[1]["resolved"] == true
    });
    let log = ada.ask(&["chat", "log", "Harbour", "--topic", "general"]).expect("lists");
    assert_eq!(log.as_array().expect("a list").len(), 2, "what Bo moved is there for Ada, too");
}
