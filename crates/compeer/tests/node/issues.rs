//! Issues: by command, and as others see them; the same number twice; tables.

use std::time::Duration;

use compeer_testkit::process::Peer;
use serde_json::{Value, json};

use super::cli::run;
use super::{peer, tour};

const SOON: Duration = Duration::from_secs(30);

/// Loopback addresses of this test alone, so that peers find each other again when both were away.
const ADA: &[&str] = &["--api", "127.0.0.1:0", "--listen", "127.73.6.1:4973", "--no-lan"];
const BO: &[&str] = &["--api", "127.0.0.1:0", "--listen", "127.73.6.2:4973", "--no-lan"];

fn running(name: &str, arguments: &[&str]) -> Peer {
    let mut peer = peer();
    peer.ask(&["init", "--name", name]).expect("introduces");
    peer.up(arguments).expect("starts");
    peer
}

#[track_caller]
fn said(peer: &Peer, arguments: &[&str], stdin: &str) -> String {
    let output = run(peer, arguments, stdin);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn keys(issues: &Value) -> Vec<String> {
    issues.as_array().expect("a list").iter().map(|one| one["key"].as_str().expect("a key").to_owned()).collect()
}

#[test]
fn issues_are_made_changed_talked_at_and_exported() {
    let (mut ada, mut bo) = (running("Ada", ADA), running("Bo", BO));
    let space = ada.ask(&["space", "create", "Website"]).expect("creates")["space"].clone();
    tour::join(&ada, &bo, space.as_str().expect("an id"), "write");
    let first =
        said(&ada, &["issue", "create", "Website", "Crane creaks", "--status", "doing", "--assignee", "me"], "");
    assert_eq!(first, "WEB-1\n");
    let list = ["issue", "list", "Website"];
    let issues = tour::until(&bo, &list, "the issue", |issues| keys(issues) == ["WEB-1"]);
    assert_eq!(
        issues[0].as_object().expect("an object").keys().collect::<Vec<_>>(),
        ["assignee", "blocked", "due", "estimate", "id", "key", "priority", "status", "title", "unread"]
    );
    assert_eq!((&issues[0]["status"], &issues[0]["assignee"]), (&json!("doing"), &json!("Ada")));

    // Both make the second while Bo cannot be heard.
    bo.terminate().expect("ends");
    said(&ada, &["issue", "create", "Website", "Ada's", "--priority", "high", "--label", "bug"], "");
    ada.terminate().expect("ends");
    bo.up(BO).expect("starts again");
    said(&bo, &["issue", "create", "Website", "Bo's", "--due", "2026-12-24", "--estimate", "3"], "");
    ada.up(ADA).expect("starts again");
    let issues = tour::until(&ada, &list, "Bo's", |issues| keys(issues).len() == 3);
    let keys_now = keys(&issues);
    let twice: Vec<_> = keys_now.iter().filter(|key| key.starts_with("WEB-2-")).cloned().collect();
    assert!(twice.len() == 2 && twice[0] != twice[1], "{keys_now:?}");
    let ambiguous = run(&ada, &["issue", "show", "Website", "WEB-2"], "");
    let words = String::from_utf8_lossy(&ambiguous.stderr).into_owned();
    assert!(!ambiguous.status.success() && twice.iter().all(|key| words.contains(key)), "{words}");

    // Many at once, and talk.
    said(&ada, &["issue", "set", "Website", &twice[0], &twice[1], "--status", "todo", "--assignee", "Bo"], "");
    said(&ada, &["issue", "set", "Website", "1", "--blocks", &twice[0], "--description", "-"], "It *creaks*.\n");
    said(&ada, &["issue", "comment", "Website", "web-1", "@Bo, oil?"], "");
    let mine = ["issue", "list", "Website", "--assignee", "me", "--status", "todo"];
    tour::until(&bo, &mine, "what is Bo's", |issues| issues.as_array().is_some_and(|all| all.len() == 2));
    let everywhere = tour::until(&bo, &["issue", "mine"], "what is Bo's", |mine| mine[0]["issues"].is_array());
    assert_eq!(everywhere[0]["name"], "Website");
    let show = ["issue", "show", "Website", "WEB-1"];
    let shown = tour::until(&bo, &show, "the comment", |shown| shown["comments"][0]["text"] == "@Bo, oil?");
    assert_eq!((&shown["description"], &shown["issue"]["unread"]), (&json!("It *creaks*."), &json!(1)));
    assert_eq!(shown["blocks"][0]["key"], *twice[0]);
    let words = said(&bo, &show, "");
    for part in ["WEB-1  Crane creaks", "Assignee: Ada", "It *creaks*.", "changed the description", "@Bo, oil?"] {
        assert!(words.contains(part), "{part} in {words}");
    }
    let blocked = bo.ask(&["issue", "show", "Website", &twice[0]]).expect("shows");
    assert_eq!((&blocked["issue"]["blocked"], &blocked["blocked_by"][0]["key"]), (&json!(true), &json!("WEB-1")));

    // A label that is there is not made again, and one that is not is.
    said(&bo, &["issue", "label", "Website", "Bug", "WEB-1"], "");
    said(&bo, &["issue", "label", "Website", "crane", "WEB-1"], "");
    said(&bo, &["issue", "label", "Website", "crane", "WEB-1", "--undo"], "");
    let setup = bo.ask(&["issue", "setup", "Website"]).expect("shows");
    let labels: Vec<_> = setup["labels"].as_array().expect("a list").iter().map(|one| &one["title"]).collect();
    assert_eq!(labels, ["bug", "crane"]);
    let bugs = bo.ask(&["issue", "list", "Website", "--label", "bug"]).expect("lists");
    assert_eq!(bugs.as_array().expect("a list").len(), 2);

    // Managers choose how keys begin, and old ones stay good.
    let refused = run(&bo, &["issue", "setup", "Website", "--prefix", "SITE"], "");
    assert!(!refused.status.success());
    let events = bo.events().expect("listens");
    events.named(SOON, "hello");
    said(&ada, &["issue", "setup", "Website", "--prefix", "site"], "");
    events.first(SOON, "a change", |event| event["event"] == "issue.changed");
    tour::until(&bo, &["issue", "show", "Website", "WEB-1"], "the prefix", |shown| shown["issue"]["key"] == "SITE-1");

    // A table goes out and comes into another space.
    let table = said(&ada, &["issue", "export", "Website"], "");
    assert!(table.starts_with("Key,Title,Status,") && table.lines().count() == 4, "{table}");
    ada.ask(&["space", "create", "Other"]).expect("creates");
    let looked = said(&ada, &["issue", "import", "Other", "-", "--look"], &table);
    assert!(looked.contains("3 of 3 rows can be issues"), "{looked}");
    // Bo is not in the other space, which is said and stops nothing.
    assert!(looked.contains("“Bo”"), "{looked}");
    let imported = said(&ada, &["issue", "import", "Other", "-"], &table);
    assert!(imported.starts_with("Imported 3 of 3 rows.\n"), "{imported}");
    let bad = run(&ada, &["issue", "import", "Other", "-"], "Title,Status\nfine,doing\n,todo\n");
    let words = String::from_utf8_lossy(&bad.stdout).into_owned();
    assert!(!bad.status.success() && words.contains("line 3, cannot be an issue"), "{words}");
    // A program has the report, and hears that nothing came of it.
    let bad = run(&ada, &["issue", "import", "Other", "-", "--json"], "Title\n\"open\n");
    let report: Value = serde_json::from_slice(&bad.stdout).expect("JSON");
    assert!(bad.status.code() == Some(1) && report["errors"][0]["line"] == 1, "{report}");
    let issues = ada.ask(&["issue", "list", "Other", "--sort", "created"]).expect("lists");
    assert_eq!(keys(&issues).len(), 3, "{issues}");
}
