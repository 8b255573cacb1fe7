//! Files by command line, clumsily: names that not every computer holds, what cannot be shared, names that are taken,
//! and people who are away.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use compeer_testkit::process::{LIMIT, Peer};
use compeer_testkit::wait::eventually_blocking;
use serde_json::{Value, json};

use crate::cli::{Ended, Ran, does, fails, run};
use crate::{Computer, join, rows, text, until};

fn plain(path: &Path) -> &str {
    path.to_str().expect("plain")
}

/// The lines of stderr, each a JSON value.
#[track_caller]
fn said(ran: &Ran) -> Vec<Value> {
    ran.stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{ran:?}"))).collect()
}

/// The names on the list of a space.
fn listed(peer: &Peer, space: &str) -> Vec<String> {
    rows(&does(peer, &["file", "list", space], "")).iter().map(|file| text(file, "name").to_owned()).collect()
}

fn space_of(peer: &Peer) -> String {
    text(&does(peer, &["space", "create", "Harbour"], ""), "space").to_owned()
}

#[cfg(unix)]
#[test]
fn what_can_be_shared_is_shared_and_the_rest_is_named() {
    let ada = Computer::of("Ada");
    let space = space_of(&ada);
    let dir = tempfile::tempdir().expect("a folder");
    let plans = dir.path().join("plans");
    fs::create_dir_all(plans.join("empty")).expect("folders");
    for name in ["a.txt", "CON", "end. ", "c:d", "back\\slash", &"x".repeat(255)] {
        fs::write(plans.join(name), name).expect("a file");
    }
    std::os::unix::fs::symlink("/etc/hostname", plans.join("link")).expect("a link");
    std::os::unix::fs::symlink(".", plans.join("loop")).expect("a link");
    assert!(Command::new("mkfifo").arg(plans.join("pipe")).status().expect("runs").success());

    let put = ["file", "put", &space, plain(&plans)];
    let ran = run(&ada, &[&put[..], &["--json"]].concat(), "");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let shared: Value = serde_json::from_str(&ran.stdout).expect("one value");
    assert_eq!(rows(&shared).len(), 5, "{shared}");
    let said = said(&ran);
    let (problem, left_out) = said.split_last().expect("lines");
    assert_eq!(problem["code"], "left-out");
    let left_out: Vec<_> = left_out.iter().map(|one| Path::new(text(one, "path")).file_name()).collect();
    let expected = ["back\\slash", "link", "loop", "pipe"].map(|name| Path::new(name).file_name());
    assert_eq!(left_out, expected);

    // Nothing has changed since, and nothing is new.
    let ran = run(&ada, &put, "");
    assert_eq!((ran.code, ran.stdout.lines().count()), (Some(1), 5), "{ran:?}");
    assert!(ran.stdout.lines().all(|line| line.starts_with("unchanged ")), "{ran:?}");
    assert!(ran.stderr.contains("plans/pipe: It is neither a file nor a folder."), "{ran:?}");
    assert_eq!(listed(&ada, &space).len(), 5);

    // What cannot be meant changes nothing.
    let before = listed(&ada, &space);
    fails(&ada, &["file", "put", &space, plain(&plans.join("empty"))], "", "nothing-to-share");
    fails(&ada, &["file", "put", &space, plain(&plans.join("pipe"))], "", "bad-path");
    fails(&ada, &["file", "put", &space, plain(&plans.join("back\\slash"))], "", "bad-path");
    fails(&ada, &["file", "put", &space, plain(&plans.join("a.txt")), "/nothing/there"], "", "bad-path");
    fails(&ada, &["file", "put", &space, plain(ada.home())], "", "bad-path");
    assert_eq!(listed(&ada, &space), before);

    // All of them go to somebody else.
    let bo = Computer::of("Bo");
    join(&ada, &bo, &space);
    until(&bo, &["file", "list", &space], "the list", |list| rows(list).len() == 5);
    let target = tempfile::tempdir().expect("a folder");
    let got = does(&bo, &["file", "get", &space, "plans", "--to", plain(target.path())], "");
    assert_eq!(text(&got, "path"), plain(&target.path().join("plans")));
    for name in ["a.txt", "CON", "end. ", "c:d", &"x".repeat(255)] {
        assert_eq!(fs::read_to_string(target.path().join("plans").join(name)).expect("is there"), name);
    }
}

#[test]
fn a_file_is_listed_once() {
    let ada = Computer::of("Ada");
    let space = space_of(&ada);
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name);
    for folder in ["x", "y"] {
        fs::create_dir(path(folder)).expect("a folder");
        fs::write(path(folder).join("plan.txt"), folder).expect("a file");
    }
    let (x, y) = (path("x/plan.txt"), path("y/plan.txt"));
    let put = |paths: &[&Path]| {
        let paths: Vec<_> = paths.iter().map(|path| plain(path)).collect();
        does(&ada, &[&["file", "put", &space], &paths[..]].concat(), "")
    };
    let first = put(&[&x, &x]);
    assert_eq!(rows(&first).len(), 1, "{first}");
    assert_eq!(put(&[&x]), first, "unchanged");
    // Two files of one name do not replace each other.
    let both = put(&[&x, &y]);
    let names: Vec<_> = rows(&both).iter().map(|file| text(file, "name")).collect();
    assert_eq!((names, &both[0]), (vec!["plan.txt", "plan (2).txt"], &first[0]));
    assert_eq!(put(&[&x, &y]), both);
    // A change makes a new version, under the same name.
    fs::write(&x, "changed").expect("a file");
    let version = put(&[&x]);
    assert!(version[0]["name"] == "plan.txt" && version[0]["id"] != first[0]["id"], "{version}");
    assert_eq!(listed(&ada, &space), ["plan (2).txt", "plan.txt"]);
    // At the same time, too.
    fs::write(path("new.txt"), "new").expect("a file");
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| put(&[&path("new.txt")]));
        }
    });
    assert_eq!(listed(&ada, &space), ["new.txt", "plan (2).txt", "plan.txt"]);

    // Off the list, it is where it was.
    fails(&ada, &["file", "remove", &space, "plan"], "", "file-not-found");
    assert_eq!(does(&ada, &["file", "remove", &space, "plan.txt"], ""), json!({}));
    assert_eq!(does(&ada, &["file", "remove", &space, text(&both[1], "id")], ""), json!({}));
    assert_eq!(listed(&ada, &space), ["new.txt"]);
    assert_eq!(fs::read_to_string(&x).expect("is there"), "changed");
    fails(&ada, &["file", "remove", &space, "plan.txt"], "", "file-not-found");
}

#[test]
fn a_folder_goes_off_the_list_as_far_as_one_may() {
    let (ada, bo) = (Computer::of("Ada"), Computer::of("Bo"));
    let space = space_of(&ada);
    let invite = does(&ada, &["space", "invite", &space, "--level", "write"], "");
    does(&bo, &["space", "join", "-"], text(&invite, "invite"));
    let dir = tempfile::tempdir().expect("a folder");
    let plans = dir.path().join("plans");
    fs::create_dir_all(plans.join("old")).expect("folders");
    for name in ["one.txt", "two.txt", "old/three.txt"] {
        fs::write(plans.join(name), name).expect("a file");
    }
    fs::write(dir.path().join("plans.txt"), "beside it").expect("a file");
    does(&ada, &["file", "put", &space, plain(&plans), plain(&dir.path().join("plans.txt"))], "");
    until(&bo, &["file", "list", &space], "the list", |list| rows(list).len() == 4);

    // Nothing of it is Bo's.
    fails(&bo, &["file", "remove", &space, "plans"], "", "needs-manage");
    fs::write(plans.join("mine.txt"), "mine").expect("a file");
    fs::create_dir_all(dir.path().join("bo/plans")).expect("folders");
    fs::rename(plans.join("mine.txt"), dir.path().join("bo/plans/mine.txt")).expect("moves");
    does(&bo, &["file", "put", &space, plain(&dir.path().join("bo/plans"))], "");
    let ran = run(&bo, &["file", "remove", &space, "plans/", "--json"], "");
    assert_eq!((ran.code, ran.stdout.trim()), (Some(1), r#"{"files":1}"#), "{ran:?}");
    let said = said(&ran);
    let named: Vec<_> = said.iter().filter(|one| one["event"] == "left-out").map(|one| text(one, "path")).collect();
    assert_eq!(named, ["plans/old/three.txt", "plans/one.txt", "plans/two.txt"]);
    assert_eq!(said[3]["code"], "left-out");

    // A manager may, and only what lies in it goes.
    assert_eq!(does(&ada, &["file", "remove", &space, "plans/old"], ""), json!({ "files": 1 }));
    assert_eq!(does(&ada, &["file", "remove", &space, "plans/"], ""), json!({ "files": 2 }));
    assert_eq!(listed(&ada, &space), ["plans.txt"]);
    assert_eq!(fs::read_to_string(plans.join("old/three.txt")).expect("is there"), "old/three.txt");
    fails(&ada, &["file", "remove", &space, "plans"], "", "file-not-found");
    fails(&ada, &["file", "remove", &space, "plan"], "", "file-not-found");
}

#[test]
fn what_is_there_is_never_replaced() {
    let (ada, bo) = (Computer::of("Ada"), Computer::of("Bo"));
    let space = space_of(&ada);
    join(&ada, &bo, &space);
    let dir = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(dir.path().join("plans/sub")).expect("folders");
    for (name, content) in [("same.txt", "same"), ("other.txt", "theirs"), ("sub/deep.txt", "deep")] {
        fs::write(dir.path().join("plans").join(name), content).expect("a file");
    }
    does(&ada, &["file", "put", &space, plain(&dir.path().join("plans"))], "");
    until(&bo, &["file", "list", &space], "the list", |list| rows(list).len() == 3);

    let target = tempfile::tempdir().expect("a folder");
    let there = |name: &str| target.path().join("plans").join(name);
    fs::create_dir(target.path().join("plans")).expect("a folder");
    fs::write(there("same.txt"), "same").expect("a file");
    fs::write(there("other.txt"), "mine").expect("a file");
    let get = ["file", "get", &space, "plans", "--to", plain(target.path()), "--json"];
    // Again and again: the first time from Ada, then from this disk.
    for _ in 0..3 {
        let ran = run(&bo, &get, "");
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let got: Value = serde_json::from_str(&ran.stdout).expect("one value");
        assert_eq!(text(&got, "path"), plain(&target.path().join("plans")));
        let said = said(&ran);
        assert_eq!(said.len(), 1, "{ran:?}");
        assert_eq!((&said[0]["event"], text(&said[0], "path")), (&json!("renamed"), plain(&there("other (2).txt"))));
        let mut names: Vec<_> = fs::read_dir(target.path().join("plans"))
            .expect("lists")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("plain"))
            .collect();
        names.sort();
        assert_eq!(names, ["other (2).txt", "other.txt", "same.txt", "sub"]);
    }
    assert_eq!(fs::read_to_string(there("other.txt")).expect("is there"), "mine");
    assert_eq!(fs::read_to_string(there("other (2).txt")).expect("is there"), "theirs");

    // A file where a folder should be keeps what goes there away, and only that.
    let target = tempfile::tempdir().expect("a folder");
    fs::create_dir(target.path().join("plans")).expect("a folder");
    fs::write(target.path().join("plans/sub"), "no folder").expect("a file");
    let ran = run(&bo, &["file", "get", &space, "plans", "--to", plain(target.path()), "--json"], "");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    assert_eq!(said(&ran)[0]["code"], "transfer-failed");
    assert!(ran.stderr.contains("plans/sub is in the way"), "{ran:?}");
    assert_eq!(fs::read_to_string(target.path().join("plans/other.txt")).expect("is there"), "theirs");
    assert_eq!(fs::read_to_string(target.path().join("plans/sub")).expect("is there"), "no folder");
}

/// So many that their arrival is told in one event, and what did not go as expected in one of its own.
#[test]
fn a_folder_of_many_files_comes_whole() {
    const MANY: usize = 600;
    let (ada, bo) = (Computer::of("Ada"), Computer::of("Bo"));
    let space = space_of(&ada);
    join(&ada, &bo, &space);
    let dir = tempfile::tempdir().expect("a folder");
    let name = |n: usize| format!("plans/{}/plan {n}.txt", n % 7);
    for n in 0..MANY {
        let path = dir.path().join(name(n));
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, format!("plan {n}")).expect("a file");
    }
    does(&ada, &["file", "put", &space, plain(&dir.path().join("plans"))], "");
    until(&bo, &["file", "list", &space], "the list", |list| rows(list).len() == MANY);

    let target = tempfile::tempdir().expect("a folder");
    let taken = target.path().join(name(8));
    fs::create_dir_all(taken.parent().expect("a folder")).expect("folders");
    fs::write(&taken, "mine").expect("a file");
    let ran = run(&bo, &["file", "get", &space, "plans/", "--to", plain(target.path()), "--json"], "");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let got: Value = serde_json::from_str(&ran.stdout).expect("one value");
    assert_eq!(text(&got, "path"), plain(&target.path().join("plans")));
    let said = said(&ran);
    assert_eq!((said.len(), &said[0]["event"], text(&said[0], "name")), (1, &json!("renamed"), &*name(8)), "{ran:?}");
    assert_eq!(fs::read_to_string(&taken).expect("is there"), "mine");
    assert_eq!(fs::read_to_string(text(&said[0], "path")).expect("is there"), "plan 8");
    for n in (0..MANY).filter(|n| *n != 8) {
        assert_eq!(fs::read_to_string(target.path().join(name(n))).expect("is there"), format!("plan {n}"));
    }
    until(&bo, &["file", "list", &space], "all are here", |list| rows(list).iter().all(|file| file["here"] == true));
    // A file by its name, and one that nobody has.
    let one = run(&bo, &["file", "get", &space, &name(3), "--to", plain(target.path()), "--json"], "");
    assert_eq!(one.code, Some(0), "{one:?}");
    fails(&bo, &["file", "get", &space, "plan", "--to", plain(target.path())], "", "file-not-found");
}

/// Two people list different files under one name; somebody fetches both from one device.
#[test]
fn two_files_of_one_name_both_arrive() {
    let (ada, bo, cleo) = (Computer::of("Ada"), Computer::of("Bo"), Computer::of("Cleo"));
    let space = space_of(&ada);
    join(&ada, &bo, &space);
    join(&ada, &cleo, &space);
    let dir = tempfile::tempdir().expect("a folder");
    let put = |peer: &Peer, content: &str| {
        let plans = dir.path().join(content).join("plans");
        fs::create_dir_all(&plans).expect("folders");
        fs::write(plans.join("plan.txt"), content).expect("a file");
        does(peer, &["file", "put", &space, plain(&plans)], "");
    };
    put(&ada, "Ada's");
    put(&bo, "Bo's");
    let both = |list: &Value| rows(list).len() == 2;
    until(&ada, &["file", "list", &space], "both", both);
    fails(&ada, &["file", "get", &space, "plans/plan.txt", "--to", plain(dir.path())], "", "ambiguous");
    fails(&ada, &["file", "remove", &space, "plans/plan.txt"], "", "ambiguous");
    // Now Ada has both.
    let got = run(&ada, &["file", "get", &space, "plans", "--to", plain(&dir.path().join("got")), "--json"], "");
    assert_eq!(got.code, Some(0), "{got:?}");
    until(&cleo, &["file", "list", &space], "that Ada has both", |list| {
        both(list) && rows(list).iter().any(|file| file["held_by"] == 2)
    });
    let target = tempfile::tempdir().expect("a folder");
    let got = run(&cleo, &["file", "get", &space, "plans", "--to", plain(target.path()), "--json"], "");
    assert_eq!(got.code, Some(0), "{got:?}");
    let read = |name: &str| fs::read_to_string(target.path().join("plans").join(name)).expect("is there");
    let mut contents = [read("plan.txt"), read("plan (2).txt")];
    contents.sort();
    assert_eq!(contents, ["Ada's", "Bo's"]);
}

#[cfg(unix)]
#[test]
fn while_nobody_has_it_the_command_waits_and_says_so() {
    let (mut ada, bo) = (Computer::of("Ada"), Computer::of("Bo"));
    let space = space_of(&ada);
    join(&ada, &bo, &space);
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("plan.txt"), "plan").expect("a file");
    does(&ada, &["file", "put", &space, plain(&dir.path().join("plan.txt"))], "");
    until(&bo, &["file", "list", &space], "the list", |list| rows(list).len() == 1);
    ada.down();

    let target = tempfile::tempdir().expect("a folder");
    let get = |further: &[&str]| {
        let child = Command::new(env!("CARGO_BIN_EXE_compeer"))
            .args(["file", "get", &space, "plan.txt", "--to", plain(target.path())])
            .args(further)
            .env("COMPEER_HOME", bo.home())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut child = Ended(child);
        let stderr = BufReader::new(child.0.stderr.take().expect("a pipe"));
        (child, stderr.lines().map_while(Result::ok))
    };
    let stdout = |child: &mut Ended| {
        let mut text = String::new();
        child.0.stdout.take().expect("a pipe").read_to_string(&mut text).expect("reads");
        text
    };
    let (mut child, mut lines) = get(&[]);
    let line = lines.next().expect("a line");
    assert!(line.contains("plan.txt") && line.contains("ask Ada"), "{line}");
    let told = Command::new("kill").args(["-INT", &child.0.id().to_string()]).status().expect("tells");
    assert!(told.success());
    let status = eventually_blocking(LIMIT, "it ends", || child.0.try_wait().ok().flatten());
    assert_eq!((status.code(), stdout(&mut child).as_str()), (Some(1), ""));
    assert!(lines.next().is_some_and(|line| line.starts_with("compeer: The command ended before plan.txt arrived")));

    // The peer goes on, until it is told to give up: then nothing is left behind.
    let transfers = || {
        let list = crate::http::Api::of(&bo).ask("GET", "/transfers", "").json();
        rows(&list).iter().map(|transfer| text(transfer, "state").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(transfers(), ["waiting"]);
    let ran = run(&bo, &["file", "list", &space], "");
    assert!(ran.stdout.contains("0% here"), "{ran:?}");
    assert_eq!(does(&bo, &["file", "stop", &space, "plan.txt"], ""), json!({ "files": 1 }));
    assert_eq!(transfers(), [""; 0]);
    assert_eq!(fs::read_dir(target.path()).expect("lists").count(), 0);
    fails(&bo, &["file", "stop", &space, "plan.txt"], "", "not-fetched");
    fails(&bo, &["file", "stop", &space, "plan"], "", "file-not-found");

    let (mut child, mut lines) = get(&["--json"]);
    let waiting: Value = serde_json::from_str(&lines.next().expect("a line")).expect("JSON");
    assert_eq!(waiting, json!({ "event": "waiting", "files": 1, "online": [], "away": ["Ada"] }));
    ada.up();
    let status = eventually_blocking(LIMIT, "it ends", || child.0.try_wait().ok().flatten());
    assert_eq!(status.code(), Some(0));
    let got: Value = serde_json::from_str(&stdout(&mut child)).expect("one value");
    assert_eq!(got, json!({ "path": plain(&target.path().join("plan.txt")) }));
}

/// Whoever is sending is killed and is there again before the other side has given up on what it was sending.
#[test]
fn who_was_killed_while_sending_is_asked_again() {
    const SIZE: usize = 200 << 20;
    let (mut ada, bo) = (Computer::of("Ada"), Computer::of("Bo"));
    let space = space_of(&ada);
    join(&ada, &bo, &space);
    let dir = tempfile::tempdir().expect("a folder");
    let plan = dir.path().join("plan.bin");
    let content: Vec<u8> = (0..SIZE).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    fs::write(&plan, &content).expect("a file");
    does(&ada, &["file", "put", &space, plain(&plan)], "");
    until(&bo, &["file", "list", &space], "the list", |list| rows(list).len() == 1);
    let target = tempfile::tempdir().expect("a folder");
    let mut child = Ended(
        Command::new(env!("CARGO_BIN_EXE_compeer"))
            .args(["file", "get", &space, "plan.bin", "--to", plain(target.path()), "--json"])
            .env("COMPEER_HOME", bo.home())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts"),
    );
    let transfer = || crate::http::Api::of(&bo).ask("GET", "/transfers", "").json()[0].clone();
    eventually_blocking(LIMIT, "it comes", || (transfer()["done"].as_u64() > Some(0)).then_some(()));
    ada.kill();
    ada.up();
    assert_ne!(transfer()["state"], "done", "it was killed too late to show anything");
    let status = eventually_blocking(LIMIT, "it ends", || child.0.try_wait().ok().flatten());
    assert_eq!(status.code(), Some(0));
    assert_eq!(fs::read(target.path().join("plan.bin")).expect("is there"), content);
}

#[test]
fn what_is_wanted_in_two_folders_comes_to_both() {
    let (mut ada, bo) = (Computer::of("Ada"), Computer::of("Bo"));
    let space = space_of(&ada);
    join(&ada, &bo, &space);
    let dir = tempfile::tempdir().expect("a folder");
    fs::create_dir(dir.path().join("plans")).expect("a folder");
    for name in ["a.txt", "b.txt"] {
        fs::write(dir.path().join("plans").join(name), name).expect("a file");
    }
    does(&ada, &["file", "put", &space, plain(&dir.path().join("plans"))], "");
    until(&bo, &["file", "list", &space], "the list", |list| rows(list).len() == 2);
    ada.down();
    let targets = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    // Both are asked for before anything can come.
    let mut children = targets.each_ref().map(|target| {
        let child = Command::new(env!("CARGO_BIN_EXE_compeer"))
            .args(["file", "get", &space, "plans", "--to", plain(target.path()), "--json"])
            .env("COMPEER_HOME", bo.home())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut child = Ended(child);
        let mut lines = BufReader::new(child.0.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        assert!(lines.next().is_some_and(|line| line.contains("waiting")));
        (child, lines)
    });
    ada.up();
    for ((child, lines), target) in children.iter_mut().zip(&targets) {
        let status = eventually_blocking(LIMIT, "it ends", || child.0.try_wait().ok().flatten());
        assert_eq!((status.code(), lines.next()), (Some(0), None));
        let mut got = String::new();
        child.0.stdout.take().expect("a pipe").read_to_string(&mut got).expect("reads");
        let got: Value = serde_json::from_str(&got).expect("one value");
        assert_eq!(got, json!({ "path": plain(&target.path().join("plans")) }));
        for name in ["a.txt", "b.txt"] {
            assert_eq!(fs::read_to_string(target.path().join("plans").join(name)).expect("is there"), name);
        }
    }
}
