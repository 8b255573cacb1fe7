//! A full disk: a clear problem, nothing acknowledged is lost, and everything works again once there is room.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use compeer_testkit::process::{Peer, ProcessError};
use serde_json::Value;

use crate::cli::{does, fails};
use crate::http::{Answer, Api, Connection};
use crate::said::Said;
use crate::{Computer, join, rows, text, until};

/// A small disk at a folder.
struct Disk(PathBuf);

impl Disk {
    /// `None` without the right to mount one.
    fn mount(folder: &Path) -> Option<Self> {
        let command =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs"]).arg(folder).output();
        command.is_ok_and(|output| output.status.success()).then(|| Self(folder.to_owned()))
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.ballast()).expect("a file");
        for size in [1 << 20, 4096, 1] {
            let full = loop {
                match ballast.write_all(&vec![1; size]) {
                    Ok(()) => {}
                    Err(error) => break error,
                }
            };
            assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        }
    }

    /// Makes room.
    fn free(&self) {
        fs::remove_file(self.ballast()).expect("is there");
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("journal/ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_is_said_and_got_over() {
    let mut ada = Computer::new();
    let Some(disk) = Disk::mount(ada.home()) else {
        compeer_testkit::skip("needs the right to mount a small disk");
        return;
    };
    ada.ask(&["init", "--name", "Ada"]).expect("introduces");
    ada.up();
    let bo = Computer::of("Bo");
    let space = text(&does(&ada, &["space", "create", "Harbour"], ""), "space").to_owned();
    join(&ada, &bo, &space);
    let mut said = Said::default();
    let connect = |peer: &Peer| Api::of(peer).connect().expect("connects");
    let (mut to_ada, mut to_bo) = (connect(&ada), connect(&bo));
    let mut number = 0;
    for round in 1..=2 {
        for _ in 0..20 {
            number += 1;
            said.say(&mut to_ada, &space, format!("Ada {number}"));
        }
        // What has been shown once stays readable; what has not needs room for the view first.
        let shown = to_ada.log(&space).expect("answers");
        disk.fill();
        // What has room in pages that the files have already may still go through.
        let refused = send_until_refused(&mut to_ada, &mut said, &space, &mut number);
        assert_disk_full(&refused);
        // It stays so, for every kind of change, and what is there can be read.
        let again = to_ada.send(&space, "refused 1").expect("answers").expect_err("there still is no room");
        assert_disk_full(&again);
        fails(&ada, &["chat", "send", &space, "refused 2"], "", "disk-full");
        fails(&ada, &["space", "create", "Another"], "", "disk-full");
        fails(&ada, &["space", "invite", &space], "", "disk-full");
        let log = to_ada.log(&space).expect("answers");
        assert!(log.starts_with(&shown), "{} of {} are shown", log.len(), shown.len());
        until(&ada, &["status"], "the problem is on the list", |status| named(status, "disk-full").is_some());
        let status = does(&ada, &["status"], "");
        let problem = named(&status, "disk-full").expect("is on the list");
        assert!(!text(problem, "text").is_empty() && !text(problem, "hint").is_empty(), "{problem}");
        // Others go on; what they write waits for room.
        for line in 1..=50 {
            said.say(&mut to_bo, &space, format!("Bo in round {round}: {line}"));
        }
        disk.free();
        number += 1;
        said.say(&mut to_ada, &space, format!("Ada {number}"));
        said.arrives(&[&ada, &bo], &space);
        until(&ada, &["status"], "the problem is over", |status| named(status, "disk-full").is_none());
        does(&ada, &["space", "invite", &space], "");
    }
    assert_eq!(rows(&does(&ada, &["space", "list"], "")).len(), 1);

    // A kill while it is full, and a start: it may refuse, but then says why.
    disk.fill();
    let refused = send_until_refused(&mut to_ada, &mut said, &space, &mut number);
    assert_disk_full(&refused);
    ada.kill();
    match ada.try_up() {
        Ok(_) => {
            assert_disk_full(&connect(&ada).send(&space, "refused 3").expect("answers").expect_err("no room"));
        }
        Err(ProcessError::Ended { stderr, .. }) => {
            let problem = stderr.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok());
            let problem = problem.unwrap_or_else(|| panic!("no problem: {stderr}"));
            assert!(text(&problem, "detail").contains("full") && !text(&problem, "hint").is_empty(), "{problem}");
        }
        Err(error) => panic!("{error}"),
    }
    disk.free();
    if ada.ready().is_err() {
        ada.up();
    }
    said.say(&mut connect(&ada), &space, format!("Ada {}", number + 1));
    said.arrives(&[&ada, &bo], &space);
    ada.down();
}

#[test]
fn an_address_book_that_cannot_be_written_is_said_and_got_over() {
    let ada = Computer::of("Ada");
    // What is in the way of the new file cannot be replaced by one.
    let obstacle = ada.home().join("addresses.json.new");
    fs::create_dir(&obstacle).expect("makes");
    let bo = Computer::of("Bo");
    let space = text(&does(&ada, &["space", "create", "Harbour"], ""), "space").to_owned();
    join(&ada, &bo, &space);
    let status =
        until(&ada, &["status"], "the problem is on the list", |status| named(status, "addresses-unwritten").is_some());
    let problem = named(&status, "addresses-unwritten").expect("is on the list");
    assert!(!text(problem, "text").is_empty() && !text(problem, "hint").is_empty(), "{problem}");
    fs::remove_dir(&obstacle).expect("removes");
    until(&ada, &["status"], "the problem is over", |status| named(status, "addresses-unwritten").is_none());
    let book = fs::read_to_string(ada.home().join("addresses.json")).expect("is there");
    assert!(book.contains(&bo.ready().expect("runs").device), "{book}");
}

/// What the first message is answered that has no room.
fn send_until_refused(to: &mut Connection, said: &mut Said, space: &str, number: &mut usize) -> Answer {
    for _ in 0..10_000 {
        *number += 1;
        let text = format!("Ada {number}");
        match to.send(space, &text).expect("answers") {
            Ok(id) => said.note(id, text),
            Err(answer) => return answer,
        }
    }
    panic!("a full disk takes no 10,000 messages");
}

#[track_caller]
fn assert_disk_full(answer: &Answer) {
    let document = answer.json();
    assert_eq!((answer.status, &document["code"]), (507, &Value::from("disk-full")), "{document}");
    assert!(!text(&document, "hint").is_empty(), "{document}");
    assert!(answer.head.to_lowercase().contains("content-type: application/problem+json"), "{answer:?}");
}

/// The problem of this code on the list of `status`.
fn named<'a>(status: &'a Value, code: &str) -> Option<&'a Value> {
    rows(&status["problems"]).iter().find(|problem| problem["code"] == code)
}
