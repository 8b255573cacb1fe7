//! What people are told while peers talk: what is true, in our own words.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use compeer_testkit::process::Peer;
use compeer_testkit::wait::eventually_blocking;
use serde_json::Value;

use super::cli::run;
use super::{ALONE, peer, running};

const SOON: Duration = Duration::from_secs(30);

/// What a command says to a person.
#[track_caller]
fn said(peer: &Peer, arguments: &[&str], input: &str) -> String {
    let output = run(peer, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_message_says_what_became_of_it() {
    let (ada, mut bo) = (running("Ada"), running("Bo"));
    ada.ask(&["space", "create", "Harbour"]).expect("creates");
    let send = || said(&ada, &["chat", "send", "Harbour", "hello"], "");
    assert_eq!(send(), "Written down. Nobody else is in this space yet.\n");
    let invite = said(&ada, &["space", "invite", "Harbour", "--uses", "2"], "");
    assert!(said(&bo, &["space", "join", "-"], &invite).starts_with("Harbour is joined."));
    assert!(said(&bo, &["space", "join", "-"], &invite).starts_with("Harbour is one of your spaces already."));
    eventually_blocking(SOON, "it is sent", || {
        let said = send();
        if said == "Sent: held by 2 of 2.\n" { Ok(()) } else { Err(said) }
    });
    bo.terminate().expect("ends");
    let away = |status: &Value| status["peers"][0]["path"] == "none";
    eventually_blocking(SOON, "Bo is away", || ada.ask(&["status"]).ok().filter(away));
    assert!(send().starts_with("Waiting: nobody else in this space is online."));
    // For programs nothing waits, and nothing has changed.
    let sent = ada.ask(&["chat", "send", "Harbour", "hello"]).expect("sends");
    assert_eq!(sent.as_object().expect("an object").keys().collect::<Vec<_>>(), ["id"]);
}

/// What a program that runs until it is told to end has said by then, on stdout and stderr.
fn until_ended(peer: &Peer, arguments: &[&str]) -> (String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_compeer"))
        .args(arguments)
        .env("COMPEER_HOME", peer.home())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut said = String::new();
    stdout.read_line(&mut said).expect("a line");
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("is told");
    stdout.read_to_string(&mut said).expect("the rest");
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success(), "{output:?}");
    (said, String::from_utf8(output.stderr).expect("UTF-8"))
}

/// Their sentences are for those who know them; a dial that is cut off at the end is no matter for anybody.
#[test]
fn libraries_do_not_speak_to_people() {
    let (mut ada, mut bo) = (running("Ada"), running("Bo"));
    ada.ask(&["space", "create", "Harbour"]).expect("creates");
    let invite = said(&ada, &["space", "invite", "Harbour"], "");
    said(&bo, &["space", "join", "-"], &invite);
    ada.terminate().expect("ends");
    bo.terminate().expect("ends");
    let relay = format!("https://127.0.0.1:1/#{}", "a".repeat(26));
    let (_, stderr) = until_ended(&bo, &[&["up"], ALONE, &["--relay", &relay]].concat());
    assert!(stderr.lines().all(|line| line.contains("WARN") && line.contains(" compeer::problem: ")), "{stderr}");
}

#[test]
fn a_problem_is_one_line_in_the_terminal() {
    let mut peer = peer();
    peer.ask(&["init", "--name", "Ada"]).expect("introduces");
    let relay = format!("https://127.0.0.1:1/#{}", "a".repeat(26));
    peer.up(&[ALONE, &["--relay", &relay]].concat()).expect("starts");
    eventually_blocking(SOON, "the relay is a problem", || {
        let status = peer.ask(&["status"]).expect("a status");
        status["problems"].as_array().is_some_and(|problems| problems.len() == 1).then_some(())
    });
    let log = peer.log();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("WARN compeer::problem: The relay https://127.0.0.1:1/ cannot be reached. Devices"), "{log}");
}

#[test]
fn a_home_without_anybody_says_how_to_begin() {
    let peer = peer();
    let up = |further: &[&str]| until_ended(&peer, &[&["up"], ALONE, further].concat()).0;
    // Words are for people, wherever they go, unless JSON is asked for.
    let words = up(&[]);
    assert!(words.contains("Nobody has introduced themselves here yet"), "{words}");
    assert!(words.contains(" init --name NAME`"), "{words}");
    let json = up(&["--json"]);
    let ready: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(ready["ready"], true);
    assert_eq!(json.lines().count(), 1, "{json}");
    peer.ask(&["init", "--name", "Ada"]).expect("introduces");
    let words = up(&[]);
    assert!(words.starts_with("Compeer is running at http://127.0.0.1:") && !words.contains("Nobody"), "{words}");
}

#[test]
fn who_is_introduced_while_a_peer_runs_need_not_start_one() {
    let mut peer = peer();
    peer.up(ALONE).expect("starts");
    let words = said(&peer, &["init", "--name", "Ada"], "");
    assert!(words.contains("is running") && !words.contains(" up`"), "{words}");
}

#[test]
fn a_relay_on_all_addresses_does_not_call_itself_this_computer() {
    let home = peer();
    let (words, _) = until_ended(&home, &["relay", "--listen", "0.0.0.0:0"]);
    assert!(words.starts_with("The relay is running.") && words.contains("`--host NAME`"), "{words}");
    let alone = words.contains("is on no network");
    assert_eq!(words.contains("https://127.0.0.1:"), alone, "{words}");
    let (words, _) = until_ended(&home, &["relay", "--listen", "127.0.0.1:0"]);
    assert!(words.contains("Only peers on this computer reach it there."), "{words}");
}

/// The problem of this code that a peer tells of.
fn told_of(peer: &Peer, code: &str) -> Option<Value> {
    let status = peer.ask(&["status"]).expect("a status");
    let problems = status["problems"].as_array().expect("problems").clone();
    problems.into_iter().find(|problem| problem["code"] == code)
}

#[test]
fn files_that_did_not_come_are_a_problem_until_they_are_here_or_given_up() {
    let (ada, bo) = (running("Ada"), running("Bo"));
    ada.ask(&["space", "create", "Harbour"]).expect("creates");
    let invite = said(&ada, &["space", "invite", "Harbour"], "");
    said(&bo, &["space", "join", "-"], &invite);
    let work = tempfile::tempdir().expect("a folder");
    let path = |name: &str| work.path().join(name);
    std::fs::create_dir_all(path("plans/north")).expect("folders");
    for name in ["plans/a.txt", "plans/north/b.txt", "plans/north/c.txt"] {
        std::fs::write(path(name), name).expect("a file");
    }
    ada.ask(&["file", "put", "Harbour", path("plans").to_str().expect("plain")]).expect("shares");
    eventually_blocking(SOON, "Bo sees them", || {
        (bo.ask(&["file", "list", "Harbour"]).ok()?.as_array()?.len() == 3).then_some(())
    });
    let problem = || {
        let status = bo.ask(&["status"]).expect("a status");
        status["problems"].as_array()?.iter().find(|problem| problem["code"] == "files-failed").cloned()
    };
    let over = |what| eventually_blocking(SOON, what, || problem().is_none().then_some(()));
    // Where a folder should be is a file.
    let obstacle = path("to/plans/north");
    let get = || bo.ask(&["file", "get", "Harbour", "plans", "--to", path("to").to_str().expect("plain")]);
    std::fs::create_dir_all(path("to/plans")).expect("a folder");
    std::fs::write(&obstacle, "in the way").expect("a file");

    get().expect_err("two have no place");
    let told = eventually_blocking(SOON, "both are told of", || {
        problem()
            .filter(|problem| problem["text"].as_str().is_some_and(|text| text.starts_with("2 files in “Harbour”")))
    });
    assert!(told["text"].as_str().is_some_and(|text| text.contains("is in the way")), "{told}");
    bo.ask(&["file", "stop", "Harbour", "plans"]).expect("gives them up");
    over("it is given up");

    get().expect_err("nothing has changed");
    eventually_blocking(SOON, "it is a problem again", problem);
    std::fs::remove_file(&obstacle).expect("removed");
    get().expect("comes");
    over("all are here");
}

#[test]
fn who_was_removed_finds_out() {
    removed_and_back(false);
}

/// Then their computers stay linked, and nobody refuses anybody.
#[test]
fn who_was_removed_finds_out_although_another_space_is_shared() {
    removed_and_back(true);
}

fn removed_and_back(shares_another: bool) {
    let (ada, mut bo) = (running("Ada"), running("Bo"));
    if shares_another {
        ada.ask(&["space", "create", "Office"]).expect("creates");
        let invite = said(&ada, &["space", "invite", "Office"], "");
        said(&bo, &["space", "join", "-"], &invite);
    }
    ada.ask(&["space", "create", "Harbour"]).expect("creates");
    let invite = said(&ada, &["space", "invite", "Harbour"], "");
    said(&bo, &["space", "join", "-"], &invite);
    let person = bo.ask(&["status"]).expect("a status")["person"].as_str().expect("a person").to_owned();
    eventually_blocking(SOON, "both are in", || {
        let members = ada.ask(&["space", "members", "Harbour"]).ok()?;
        (members.as_array()?.len() == 2).then_some(())
    });
    let told = |peer: &Peer| told_of(peer, "shut-out");
    assert_eq!(told(&bo), None);
    ada.ask(&["space", "remove", "Harbour", &person]).expect("removes");
    let problem = eventually_blocking(2 * SOON, "Bo is told", || told(&bo));
    assert!(
        problem["text"].as_str().is_some_and(|text| text.starts_with("Those in “Harbour” who are online")),
        "{problem}"
    );
    assert_eq!(told(&ada), None);
    // What Bo writes now goes nowhere, and nothing says otherwise.
    let words = said(&bo, &["chat", "send", "Harbour", "into the void"], "");
    assert!(words.starts_with("Written down here, but it reaches nobody"), "{words}");
    assert!(said(&bo, &["space", "list"], "").contains("Harbour (those online do not let you in)"));
    assert!(said(&bo, &["chat", "log", "Harbour"], "").contains("(reaches nobody)\n    into the void"));
    assert!(said(&bo, &["space", "members", "Harbour"], "").contains("you were probably removed"));
    assert_eq!(said(&bo, &["status"], "").contains("refuses"), !shares_another);
    let refused = run(&bo, &["space", "join", "-"], &invite);
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{refused:?}");
    // A new invitation brings Bo back, and the problem is over.
    let invite = said(&ada, &["space", "invite", "Harbour"], "");
    let words = said(&bo, &["space", "join", "-"], &invite);
    assert!(words.starts_with("Harbour is joined."), "{words}");
    assert_eq!(told(&bo), None, "it is over");
    eventually_blocking(SOON, "Bo is told what nobody got", || {
        let log = said(&bo, &["chat", "log", "Harbour"], "");
        let problem = told_of(&bo, "undelivered")?["text"].to_string();
        let known = log.contains("(not delivered)\n    into the void") && log.contains("chat resend");
        (known && problem.contains("In “Harbour”, one message of yours reached nobody")).then_some(())
    });
    // A restart changes nothing about it.
    bo.terminate().expect("ends");
    bo.up(ALONE).expect("starts");
    eventually_blocking(SOON, "Bo is told again", || told_of(&bo, "undelivered"));
    assert_eq!(said(&bo, &["chat", "resend", "Harbour"], ""), "Sent again: one message or file.\n");
    eventually_blocking(SOON, "Ada has it", || {
        said(&ada, &["chat", "log", "Harbour"], "").contains("into the void").then_some(())
    });
    let log = said(&bo, &["chat", "log", "Harbour"], "");
    assert!(log.matches("into the void").count() == 1 && !log.contains("not delivered"), "{log}");
    assert_eq!(told_of(&bo, "undelivered"), None);
    assert_eq!(said(&bo, &["chat", "discard", "Harbour"], ""), "Nothing was undelivered.\n");
}
