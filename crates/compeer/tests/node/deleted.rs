//! Deleted messages: what a person sees of them, and that no file keeps a byte of what they said.

use std::path::Path;
use std::time::Duration;

use compeer_core::key::random_bytes;
use compeer_testkit::process::Peer;
use compeer_testkit::wait::eventually_blocking;

use super::cli::run;
use super::tour::{join, until};
use super::{ALONE, running};

const SOON: Duration = Duration::from_secs(30);

/// Words that nobody has ever written.
pub(super) fn unheard() -> String {
    let bytes: [u8; 16] = random_bytes().expect("randomness");
    format!("slip-{}", compeer_core::id::to_base32(&bytes))
}

/// Whether any file below a folder holds these words.
pub(super) fn lies_in(dir: &Path, words: &str) -> bool {
    std::fs::read_dir(dir).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return lies_in(&path, words);
        }
        std::fs::read(path).is_ok_and(|content| content.windows(words.len()).any(|window| window == words.as_bytes()))
    })
}

#[track_caller]
pub(super) fn until_nowhere(peers: &[&Peer], words: &[&str]) {
    for peer in peers {
        let gone = || words.iter().all(|words| !lies_in(peer.home(), words));
        eventually_blocking(SOON, "no file keeps it", gone);
    }
}

#[test]
fn no_file_of_anybody_keeps_what_was_deleted() {
    let (ada, bo) = (running("Ada"), running("Bo"));
    let mut cleo = running("Cleo");
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    for guest in [&bo, &cleo] {
        join(&ada, guest, space.as_str().expect("an id"), "write");
    }
    let (first, later, managers) = (unheard(), unheard(), unheard());
    let sent = bo.ask(&["chat", "send", "Harbour", &format!("Before {first} after")]).expect("sends");
    let id = sent["id"].as_str().expect("an id");
    until(&bo, &["chat", "log", "Harbour"], "all have it", |log| log[0]["held_by"] == 3);
    bo.ask(&["chat", "edit", "Harbour", id, &format!("Now {later}")]).expect("edits");
    bo.ask(&["chat", "send", "Harbour", &managers]).expect("sends");
    for peer in [&ada, &bo, &cleo] {
        until(peer, &["chat", "log", "Harbour"], "both", |log| {
            log[0]["text"].as_str().is_some_and(|text| text.contains(&later)) && log[1]["text"] == *managers
        });
        assert!([&first, &later, &managers].iter().all(|words| lies_in(peer.home(), words)), "they lie there in clear");
    }
    cleo.terminate().expect("stops");

    let events = ada.events().expect("listens");
    events.named(SOON, "hello");
    let refused = run(&ada, &["chat", "delete", "Harbour", "abcdefgh"], "");
    assert!(!refused.status.success());
    bo.ask(&["chat", "delete", "Harbour", id]).expect("deletes");
    let heard = events.first(SOON, "the mark", |event| event["event"] == "chat.changed" && event["id"] == *id);
    assert_eq!((&heard["message"]["text"], &heard["message"]["deleted"]["by_name"]), (&"".into(), &"Bo".into()));
    let log = ada.ask(&["chat", "log", "Harbour"]).expect("lists");
    let second = log[1]["id"].as_str().expect("an id");
    ada.ask(&["chat", "delete", "Harbour", &second[..8]]).expect("deletes as a manager");
    until(&bo, &["chat", "log", "Harbour"], "both marks", |log| {
        log[0]["deleted"]["by_name"] == "Bo" && log[1]["deleted"]["by_name"] == "Ada"
    });
    let words = String::from_utf8(run(&bo, &["chat", "log", "Harbour"], "").stdout).expect("UTF-8");
    assert!(words.contains("[deleted]") && words.contains("[deleted by Ada]"), "{words}");
    until_nowhere(&[&ada, &bo], &[&first, &later, &managers]);

    // Who was away hears of it when they are back.
    assert!(lies_in(cleo.home(), &first));
    cleo.up(ALONE).expect("starts again");
    until(&cleo, &["chat", "log", "Harbour"], "both marks", |log| {
        log[0]["deleted"]["by_name"] == "Bo" && log[1]["deleted"]["by_name"] == "Ada"
    });
    until_nowhere(&[&cleo], &[&first, &later, &managers]);
    let refused = run(&cleo, &["--json", "chat", "delete", "Harbour", &second[..8]], "");
    assert!(refused.status.success(), "it is deleted already: {refused:?}");
    let kept = ada.ask(&["chat", "send", "Harbour", "This stays"]).expect("sends");
    let refused = run(&bo, &["--json", "chat", "delete", "Harbour", kept["id"].as_str().expect("an id")], "");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("not-yours") || said.contains("message-not-found"), "{said}");
}
