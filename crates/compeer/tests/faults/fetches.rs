//! Files on their way, over restarts and over more than one space.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use compeer_testkit::process::{LIMIT, Peer};
use compeer_testkit::wait::eventually_blocking;
use serde_json::Value;

use crate::cli::{Ended, does};
use crate::http::Api;
use crate::{Computer, join, rows, text, until};

fn plain(path: &Path) -> &str {
    path.to_str().expect("plain")
}

fn space(peer: &Peer, name: &str) -> String {
    text(&does(peer, &["space", "create", name], ""), "space").to_owned()
}

/// Whoever got a file in one space holds it in the next, too: others can have it from there.
#[test]
fn what_lies_here_already_is_offered_in_every_space() {
    let (mut ada, bo, cleo) = (Computer::of("Ada"), Computer::of("Bo"), Computer::of("Cleo"));
    let dir = tempfile::tempdir().expect("a folder");
    let plan = dir.path().join("plan.txt");
    fs::write(&plan, "where the quay ends").expect("a file");

    let harbour = space(&ada, "Harbour");
    join(&ada, &bo, &harbour);
    does(&ada, &["file", "put", &harbour, plain(&plan)], "");
    until(&bo, &["file", "list", &harbour], "the list", |list| rows(list).len() == 1);
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    does(&bo, &["file", "get", &harbour, "plan.txt", "--to", plain(&first)], "");

    let quay = space(&ada, "Quay");
    join(&ada, &bo, &quay);
    join(&ada, &cleo, &quay);
    does(&ada, &["file", "put", &quay, plain(&plan)], "");
    for peer in [&bo, &cleo] {
        until(peer, &["file", "list", &quay], "the list", |list| rows(list).len() == 1);
    }
    does(&bo, &["file", "get", &quay, "plan.txt", "--to", plain(&second)], "");
    until(&cleo, &["file", "list", &quay], "Bo holds it", |list| list[0]["held_by"] == 2);
    ada.down();
    let third = dir.path().join("third");
    does(&cleo, &["file", "get", &quay, "plan.txt", "--to", plain(&third)], "");
    assert_eq!(fs::read_to_string(third.join("plan.txt")).expect("is there"), "where the quay ends");
    // Asking once more for what lies there says nothing anew.
    does(&cleo, &["file", "get", &quay, "plan.txt", "--to", plain(&third)], "");
    let list = does(&bo, &["file", "list", &quay], "");
    assert_eq!(list[0]["held_by"], 3, "{list}");
}

#[test]
fn how_far_a_file_is_is_known_after_a_restart() {
    const SIZE: usize = 300 << 20;
    let (mut ada, mut bo) = (Computer::of("Ada"), Computer::of("Bo"));
    let space = space(&ada, "Harbour");
    join(&ada, &bo, &space);
    let dir = tempfile::tempdir().expect("a folder");
    let plan = dir.path().join("plan.bin");
    fs::write(&plan, vec![7; SIZE]).expect("a file");
    let put = does(&ada, &["file", "put", &space, plain(&plan)], "");
    until(&bo, &["file", "list", &space], "the list", |list| rows(list).len() == 1);
    let fetch = format!("/spaces/{space}/files/{}/fetch", text(&put[0], "id"));
    let asked = Api::of(&bo).ask("POST", &fetch, "{}");
    assert_eq!(asked.status, 200, "{asked:?}");
    let transfer = |bo: &Peer| -> Value { Api::of(bo).ask("GET", "/transfers", "").json()[0].clone() };
    let done = |bo: &Peer| transfer(bo)["done"].as_u64().expect("a number");
    eventually_blocking(LIMIT, "it comes", || (done(&bo) > 0).then_some(()));
    // At once: whoever is told to end sends on for a moment.
    ada.kill();
    bo.down();
    bo.up();
    let before = eventually_blocking(LIMIT, "it is listed", || Some(transfer(&bo)).filter(Value::is_object));
    assert_eq!(before["state"], "waiting", "it was stopped too late to show anything");
    assert!((1..SIZE as u64).contains(&done(&bo)), "{before}");
    // Nothing of it comes twice.
    ada.up();
    eventually_blocking(LIMIT, "it is whole", || {
        let now = transfer(&bo);
        assert!(now["done"].as_u64() >= before["done"].as_u64(), "{now} after {before}");
        (now["state"] == "done").then_some(())
    });
}

/// A command that waits for files in the background.
fn get(peer: &Peer, space: &str, file: &str, to: &Path) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_compeer"));
    command.args(["file", "get", space, file, "--to", plain(to), "--json"]).env("COMPEER_HOME", peer.home());
    Ended(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts"))
}

#[test]
fn what_is_given_up_or_taken_off_the_list_is_waited_for_no_more() {
    let (mut ada, bo) = (Computer::of("Ada"), Computer::of("Bo"));
    let space = space(&ada, "Harbour");
    join(&ada, &bo, &space);
    let dir = tempfile::tempdir().expect("a folder");
    let plan = dir.path().join("plan.txt");
    fs::write(&plan, "where the quay ends").expect("a file");
    does(&ada, &["file", "put", &space, plain(&plan)], "");
    until(&bo, &["file", "list", &space], "the list", |list| rows(list).len() == 1);
    // It cannot come.
    fs::remove_file(&plan).expect("removes");
    let ends = |mut child: Ended, by: &dyn Fn()| {
        let mut lines = BufReader::new(child.0.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        assert!(lines.next().is_some_and(|line| line.contains("waiting")));
        by();
        let status = eventually_blocking(LIMIT, "it ends", || child.0.try_wait().ok().flatten());
        assert_eq!(status.code(), Some(1));
        let why = lines.next().expect("a line");
        assert!(why.contains("transfer-given-up"), "{why}");
    };
    let to = dir.path().join("to");
    ends(get(&bo, &space, "plan.txt", &to), &|| {
        does(&bo, &["file", "stop", &space, "plan.txt"], "");
    });
    ends(get(&bo, &space, "plan.txt", &to), &|| {
        does(&ada, &["file", "remove", &space, "plan.txt"], "");
    });
    ada.down();
}

/// Nothing tells that a file which had changed is back as it was: whoever still wants it finds out by asking.
#[test]
fn a_file_that_is_back_as_it_was_comes_to_who_asks_again() {
    let (ada, bo) = (Computer::of("Ada"), Computer::of("Bo"));
    let space = space(&ada, "Harbour");
    join(&ada, &bo, &space);
    let dir = tempfile::tempdir().expect("a folder");
    let plan = dir.path().join("plan.txt");
    let put = || does(&ada, &["file", "put", &space, plain(&plan)], "");
    fs::write(&plan, "where the quay ends").expect("a file");
    put();
    until(&bo, &["file", "list", &space], "the list", |list| rows(list).len() == 1);
    fs::write(&plan, "something else").expect("a file");
    let to = dir.path().join("to");
    let mut first = get(&bo, &space, "plan.txt", &to);
    let mut lines = BufReader::new(first.0.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    assert!(lines.next().is_some_and(|line| line.contains("waiting")));
    fs::write(&plan, "where the quay ends").expect("a file");
    put();
    does(&bo, &["file", "get", &space, "plan.txt", "--to", plain(&to)], "");
    assert_eq!(fs::read_to_string(to.join("plan.txt")).expect("is there"), "where the quay ends");
    let status = eventually_blocking(LIMIT, "the first ends, too", || first.0.try_wait().ok().flatten());
    assert_eq!(status.code(), Some(0));
}
