//! Homes in which something is missing, damaged or open to others: what is said leads out, and nothing is changed.

use std::fs;
use std::path::Path;
use std::process::Command;

use compeer_testkit::process::Peer;
use serde_json::Value;

use super::cli::{fails, run};
use super::{ALONE, findings, peer, running};

/// A home that was in use, with a space in it. Nothing runs on it.
fn used() -> Peer {
    let mut peer = running("Ada");
    peer.ask(&["space", "create", "Harbour"]).expect("creates");
    peer.terminate().expect("ends");
    peer
}

/// The hint of a command that fails.
#[track_caller]
fn hint(peer: &Peer, arguments: &[&str]) -> String {
    let output = run(peer, &[arguments, &["--json"]].concat(), "");
    let document: Value = serde_json::from_slice(&output.stderr).expect("a document");
    document["hint"].as_str().expect("a hint").to_owned()
}

/// The names of all files of a home.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("lists").map(|entry| entry.expect("lists").path());
    let mut names: Vec<String> = entries.map(|path| path.display().to_string()).collect();
    names.sort();
    names
}

#[test]
fn a_home_without_its_key_is_not_used() {
    let mut peer = used();
    let key = peer.home().join("device.key");
    let kept = fs::read(&key).expect("a key");
    fs::remove_file(&key).expect("removed");
    let before = names(peer.home());
    for command in [&["up", "--no-lan"][..], &["status"]] {
        fails(&peer, command, "", 1, "key-lost");
        let hint = hint(&peer, command);
        assert!(hint.contains("back from a backup") && hint.contains("new invitation"), "{hint}");
    }
    fails(&peer, &["init", "--name", "Ada"], "", 1, "already-introduced");
    let (code, found) = findings(&peer);
    assert_eq!((code, finding(&found, "key")["ok"].as_bool()), (Some(1), Some(false)), "{found}");
    assert_eq!(names(peer.home()), before);

    fs::write(&key, kept).expect("put back");
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("sets");
    fails(&peer, &["up", "--no-lan"], "", 1, "home-exposed");
    let hint = hint(&peer, &["up", "--no-lan"]);
    assert!(hint.contains(&format!("`chmod 600 {}`", key.display())) && hint.contains("new invitation"), "{hint}");
    // What the hint says helps.
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("sets");
    peer.up(ALONE).expect("starts");
    assert_eq!(peer.ask(&["space", "list"]).expect("lists")[0]["name"], "Harbour");
}

fn finding<'a>(found: &'a Value, check: &str) -> &'a Value {
    found.as_array().and_then(|list| list.iter().find(|one| one["check"] == check)).unwrap_or(&Value::Null)
}

#[test]
fn a_home_that_lost_its_journal_says_so() {
    let mut peer = used();
    let (journal, kept) = (peer.home().join("journal"), peer.home().join("kept"));
    fs::rename(&journal, &kept).expect("moved");
    for command in [&["up", "--no-lan"][..], &["up", "--no-lan", "--trust-home"]] {
        fails(&peer, command, "", 1, "journal-lost");
        let hint = hint(&peer, command);
        assert!(hint.contains("back from a backup") && hint.contains("new invitation"), "{hint}");
    }
    assert!(!journal.exists());
    let (code, found) = findings(&peer);
    assert_eq!((code, finding(&found, "journal")["ok"].as_bool()), (Some(1), Some(false)), "{found}");
    // Also when nobody knows any more whose home it was, and when the file was only emptied.
    let identity = peer.home().join("identity.json");
    let me = fs::read(&identity).expect("a file");
    fs::remove_file(&identity).expect("removed");
    fails(&peer, &["init", "--name", "Ada"], "", 1, "journal-lost");
    fs::write(&identity, me).expect("put back");
    fs::create_dir(&journal).expect("made");
    fs::write(journal.join("journal.sqlite"), "").expect("emptied");
    fails(&peer, &["up", "--no-lan"], "", 1, "journal-lost");
    // What the hint says helps.
    fs::remove_dir_all(&journal).expect("removed");
    fs::rename(&kept, &journal).expect("moved back");
    peer.up(ALONE).expect("starts");
    assert_eq!(peer.ask(&["space", "list"]).expect("lists")[0]["name"], "Harbour");
}

#[test]
fn who_uses_a_home_can_be_said_again() {
    let mut peer = used();
    let identity = peer.home().join("identity.json");
    let before: Value = serde_json::from_slice(&fs::read(&identity).expect("a file")).expect("JSON");
    fs::write(&identity, "{").expect("damaged");
    fails(&peer, &["up", "--no-lan"], "", 1, "home-damaged");
    let hint = hint(&peer, &["up", "--no-lan"]);
    assert!(hint.contains("remove it and say once more who you are"), "{hint}");
    fs::remove_file(&identity).expect("removed");
    let made = peer.ask(&["init", "--name", "Ada"]).expect("introduces");
    assert_eq!(made["person"], before["person"]);
    peer.up(ALONE).expect("starts");
    peer.ask(&["chat", "send", "Harbour", "still me"]).expect("sends");
}

#[test]
fn hints_repeat_the_home_that_was_named() {
    let peer = peer();
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("Ann's home");
    let program = env!("CARGO_BIN_EXE_compeer");
    let named = format!("`{program} --home '{}' init", home.display().to_string().replace('\'', "'\\''"));
    let home = home.to_str().expect("plain");
    assert!(hint(&peer, &["--home", home, "status"]).contains(&named));
    let output = run(&peer, &["--home", home, "init", "--name", "Ann"], "");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains(&format!("`{program} --home '")) && said.contains("' up`"), "{said}");
    // The variable names a home, too.
    let here = format!("`{program} --home {} init --name NAME`", peer.home().display());
    assert!(hint(&peer, &["status"]).contains(&here));
}

#[test]
fn a_variable_that_says_nothing_names_no_home() {
    let folder = tempfile::tempdir().expect("a folder");
    let status = |home: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_compeer"));
        command.args(["status", "--json"]).env_remove("COMPEER_HOME");
        command.env("HOME", folder.path()).env("XDG_DATA_HOME", folder.path());
        home.map(|home| command.env("COMPEER_HOME", home));
        let output = command.output().expect("runs");
        serde_json::from_slice::<Value>(&output.stderr).unwrap_or_else(|_| panic!("{output:?}"))
    };
    assert_eq!(status(Some("")), status(None));
    let named = folder.path().join("named");
    let hint = status(Some(named.to_str().expect("plain")))["hint"].to_string();
    assert!(hint.contains("named"), "{hint}");
}
