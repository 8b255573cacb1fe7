//! The command line as scripts rely on it: one value on stdout, words on stderr, exit codes 0, 1 and 2.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use compeer_testkit::process::Peer;
use serde_json::Value;

use super::{ALONE, findings, peer, running};

/// Runs the program on a peer's home.
pub(super) fn run(peer: &Peer, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_compeer"))
        .args(arguments)
        .env("COMPEER_HOME", peer.home())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    // A command that reads nothing closes the pipe early.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("ends")
}

/// Runs it and checks how it fails: nothing on stdout, a sentence and a hint on stderr.
#[track_caller]
pub(super) fn fails(peer: &Peer, arguments: &[&str], input: &str, exit: i32, code: &str) {
    let json = [arguments, &["--json"]].concat();
    let output = run(peer, &json, input);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {stderr}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    let document: Value = serde_json::from_str(&stderr).unwrap_or_else(|_| panic!("{arguments:?}: {stderr}"));
    assert_eq!(document["code"], code, "{arguments:?}");
    let output = run(peer, arguments, input);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<_> = stderr.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("compeer: ") && lines[1].starts_with("  "), "{stderr}");
}

#[test]
fn introductions_happen_once() {
    let peer = peer();
    let made = peer.ask(&["init", "--name", "Ada", "--device-name", "desk"]).expect("introduces");
    let keys: Vec<_> = made.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["device", "person"]);
    let before = std::fs::read(peer.home().join("identity.json")).expect("a file");
    fails(&peer, &["init", "--name", "Bo"], "", 1, "already-introduced");
    assert_eq!(std::fs::read(peer.home().join("identity.json")).expect("a file"), before);
}

#[test]
fn a_name_that_cannot_be_changes_nothing() {
    let peer = peer();
    fails(&peer, &["init", "--name", ""], "", 1, "bad-name");
    fails(&peer, &["init", "--name", "a\u{202e}b"], "", 1, "bad-name");
    assert!(std::fs::read_dir(peer.home()).expect("lists").next().is_none(), "nothing was made");
    peer.ask(&["init", "--name", "Ada"]).expect("still possible");
}

#[test]
fn introductions_go_through_a_peer_that_runs() {
    let mut peer = peer();
    peer.up(ALONE).expect("starts");
    let made = peer.ask(&["init", "--name", "Ada"]).expect("introduces");
    assert_eq!(peer.ask(&["status"]).expect("answers")["person"], made["person"]);
    fails(&peer, &["init", "--name", "Bo"], "", 1, "already-introduced");
}

#[test]
fn without_a_peer_commands_say_so() {
    let peer = peer();
    fails(&peer, &["status"], "", 1, "not-running");
    peer.ask(&["init", "--name", "Ada"]).expect("introduces");
    for arguments in [
        &["status"][..],
        &["space", "list"],
        &["space", "create", "x"],
        &["space", "join", "-"],
        &["chat", "log", "x"],
        &["file", "list", "x"],
        &["events"],
        &["open", "--print"],
    ] {
        fails(&peer, arguments, "", 1, "not-running");
    }
}

#[test]
fn one_peer_for_each_home() {
    let mut peer = running("Ada");
    fails(&peer, &["up", "--api", "127.0.0.1:0", "--no-lan"], "", 1, "home-in-use");
    peer.ask(&["status"]).expect("the first goes on");
    peer.terminate().expect("ends cleanly");
    assert!(!peer.home().join("api.json").exists());
    fails(&peer, &["status"], "", 1, "not-running");
    peer.up(ALONE).expect("starts again");
    peer.kill();
    // The note that a killed peer leaves behind leads nobody astray.
    assert!(peer.home().join("api.json").exists());
    fails(&peer, &["status"], "", 1, "not-running");
    peer.up(ALONE).expect("starts after a kill");
}

#[test]
fn usage_is_told_apart_from_failure() {
    let peer = running("Ada");
    for arguments in [
        &["space"][..],
        &["space", "create"],
        &["chat", "send", "x"],
        &["up", "--api", "nowhere"],
        &["frobnicate"],
        &["file", "get", "a"],
        &["relay"],
    ] {
        let output = run(&peer, arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        // For programs it is a document like every other.
        let output = run(&peer, &[arguments, &["--json"]].concat(), "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let document: Value = serde_json::from_slice(&output.stderr).expect("JSON");
        assert_eq!(document["code"], "usage", "{arguments:?}");
    }
    fails(&peer, &["frobnicate\u{1b}[2J\u{202e}"], "", 2, "usage");
    fails(&peer, &["status", "--a\n\nb"], "", 2, "usage");
    fails(&peer, &["up", "--api", &"x".repeat(10_000)], "", 2, "usage");
    // An invitation is no argument.
    fails(&peer, &["space", "join", "compeer1abc"], "", 2, "usage");
    fails(&peer, &["space", "join", "-"], "not an invitation", 1, "bad-invitation");
    fails(&peer, &["space", "members", "Nowhere"], "", 1, "space-not-found");
    for name in ["", " \t", "two\nlines", &"x".repeat(81)] {
        fails(&peer, &["space", "create", name], "", 1, "bad-name");
    }
    peer.ask(&["space", "create", "Harbour"]).expect("creates");
    fails(&peer, &["space", "remove", "Harbour", "Bo"], "", 1, "member-not-found");
    fails(&peer, &["space", "invite", "Harbour", "--expires", "soon"], "", 2, "usage");
    fails(&peer, &["space", "invite", "Harbour", "--uses", "0"], "", 2, "usage");
    fails(&peer, &["space", "invite", "Harbour", "--uses", "99999999999"], "", 2, "usage");
    fails(&peer, &["space", "invite", "Harbour", "--expires", "0d"], "", 1, "bad-terms");
    fails(&peer, &["chat", "log", "Harbour", "--limit", "0"], "", 2, "usage");
    fails(&peer, &["chat", "send", "Harbour", ""], "", 1, "bad-content");
    fails(&peer, &["chat", "send", "Harbour", "-"], "", 1, "bad-content");
    fails(&peer, &["file", "put", "Harbour", "/nothing/there"], "", 1, "bad-path");
    fails(&peer, &["file", "get", "Harbour", "plan.txt", "--to", "/tmp"], "", 1, "file-not-found");
}

#[test]
fn an_address_of_other_computers_is_refused() {
    let peer = peer();
    fails(&peer, &["up", "--api", "0.0.0.0:0", "--no-lan"], "", 2, "usage");
    fails(&peer, &["up", "--relay", "http://nowhere", "--no-lan"], "", 2, "usage");
    fails(&peer, &["relay", "--listen", "[::1]:0"], "", 2, "usage");
    assert!(!peer.home().join("api.json").exists());
}

/// A pipe waits for a writer, and a device never ends: neither is a file.
#[test]
fn only_regular_files_are_read() {
    let peer = peer();
    let pipe = peer.home().with_extension("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("runs").success());
    let pipe = pipe.to_str().expect("plain");
    let large = peer.home().with_extension("large");
    std::fs::File::create(&large).and_then(|file| file.set_len(1 << 40)).expect("a file");
    let large = large.to_str().expect("plain");
    for file in [pipe, large, "/dev/zero", "/tmp"] {
        fails(&peer, &["up", "--no-lan", "--relay", &format!("@{file}")], "", 2, "usage");
        fails(&peer, &["relay", "--listen", "127.0.0.1:0", "--devices", file], "", 2, "usage");
    }
    std::fs::remove_file(pipe).and_then(|()| std::fs::remove_file(large)).expect("removed");
}

#[test]
fn what_is_repeated_is_short() {
    let peer = running("Ada");
    peer.ask(&["space", "create", "Harbour"]).expect("creates");
    let long = "x".repeat(20_000);
    let arguments: &[&[&str]] = &[
        &["space", "members", &long],
        &["space", "remove", "Harbour", &long],
        &["space", "create", &long],
        &["space", "invite", "Harbour", "--expires", &long],
        &["file", "get", "Harbour", &long, "--to", "/tmp"],
        &["file", "put", "Harbour", &long],
        &["file", "get", "Harbour", "a", "--to", &long],
        &["up", "--relay", &long],
        &["up", "--relay", &format!("@{long}")],
        &["relay", "--listen", "127.0.0.1:0", "--host", &long],
        &["relay", "--listen", "127.0.0.1:0", "--devices", &long],
        &["init", "--name", &long],
    ];
    let mut wrong = Vec::new();
    for arguments in arguments {
        let output = run(&peer, arguments, "");
        if output.status.success() || output.stderr.len() > 1000 {
            wrong.push(format!("{} bytes of {:.20}", output.stderr.len(), arguments.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn what_cannot_be_logged_is_wrong_usage() {
    let output = Command::new(env!("CARGO_BIN_EXE_compeer"))
        .args(["status", "--json"])
        .env("COMPEER_HOME", peer().home())
        .env("COMPEER_LOG", "compeer=loudly")
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let document: Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert_eq!(document["code"], "usage");
}

#[test]
fn a_folder_of_somebody_else_is_no_home() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("letter.txt"), "dear").expect("a file");
    let home = folder.path().to_str().expect("plain");
    fails(&peer(), &["--home", home, "init", "--name", "Ada"], "", 1, "home-foreign");
    assert_eq!(std::fs::read_dir(folder.path()).expect("lists").count(), 1);
    let file = folder.path().join("letter.txt");
    for command in [&["status"][..], &["up"], &["init", "--name", "Ada"]] {
        let arguments = [&["--home", file.to_str().expect("plain")], command].concat();
        fails(&peer(), &arguments, "", 1, "home-not-a-folder");
    }
}

#[test]
fn names_lead_to_spaces() {
    let peer = running("Ada");
    let first = peer.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    peer.ask(&["space", "create", "Harbour Quay"]).expect("creates");
    for name in ["Harbour", "harbour", first.as_str().expect("an id")] {
        let members = peer.ask(&["space", "members", name]).expect("lists");
        assert_eq!(members[0]["name"], "Ada");
    }
    peer.ask(&["space", "members", "harbour q"]).expect("the start of a name is enough");
    fails(&peer, &["space", "members", "har"], "", 1, "ambiguous");
}

#[test]
fn nothing_of_a_name_reaches_the_terminal_raw() {
    let peer = running("Ada");
    peer.ask(&["space", "create", "Harbour"]).expect("creates");
    // Messages may hold what turns text around; C1 controls and escapes are refused at the door.
    peer.ask(&["chat", "send", "Harbour", "see invoice\u{202e}fdp.exe\nnew line"]).expect("sends");
    for arguments in [&["chat", "log", "Harbour"][..], &["chat", "log", "Harbour", "--json"]] {
        let output = run(&peer, arguments, "");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(!text.contains('\u{202e}'), "{text}");
        assert!(text.contains("202e"), "{text}");
    }
    let log = peer.ask(&["chat", "log", "Harbour"]).expect("shows");
    assert_eq!(log[0]["text"], "see invoice\u{202e}fdp.exe\nnew line", "JSON keeps the meaning");
}

#[test]
fn the_description_is_stable_and_whole() {
    let peer = peer();
    let first = run(&peer, &["api-description"], "");
    let second = run(&peer, &["api-description"], "");
    assert_eq!(first.stdout, second.stdout);
    let description: Value = serde_json::from_slice(&first.stdout).expect("JSON");
    let schemas = description["components"]["schemas"].as_object().expect("schemas");
    for name in ["Status", "Space", "Member", "Message", "File", "Transfer", "Event", "ProblemDocument"] {
        assert!(schemas.contains_key(name), "{name}");
    }
    assert!(description["paths"].as_object().expect("paths").len() >= 25);
    assert!(std::fs::read_dir(peer.home()).expect("lists").next().is_none(), "asking leaves nothing behind");
}

#[test]
fn completions_and_a_doctor_need_no_peer() {
    let peer = peer();
    let script = run(&peer, &["completions", "bash"], "");
    assert!(script.status.success() && String::from_utf8_lossy(&script.stdout).contains("compeer"));
    let (code, findings) = findings(&peer);
    assert_eq!(code, Some(1), "{findings}");
    let wrong: Vec<_> = findings.as_array().expect("a list").iter().filter(|one| one["ok"] == false).collect();
    assert!(wrong.iter().any(|one| one["check"] == "peer"), "{findings}");
    assert!(wrong.iter().all(|one| one["hint"].as_str().is_some_and(|hint| !hint.is_empty())), "{findings}");
    let (code, findings) = super::findings(&running("Ada"));
    assert_eq!(code, Some(0), "{findings}");
    let wrong: Vec<_> = findings.as_array().expect("a list").iter().filter(|one| one["ok"] == false).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_relay_keeps_its_name() {
    let peer = peer();
    let start = || {
        let mut child = Command::new(env!("CARGO_BIN_EXE_compeer"))
            .args(["relay", "--listen", "127.0.0.1:0", "--json"])
            .env("COMPEER_HOME", peer.home())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a line");
        child.kill().expect("ends");
        child.wait().expect("ends");
        let ready: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(ready["ready"], true);
        let url = ready["url"].as_str().expect("a URL").to_owned();
        url.split_once('#').expect("a key").1.to_owned()
    };
    assert_eq!(start(), start(), "the key is kept in the home");
}
