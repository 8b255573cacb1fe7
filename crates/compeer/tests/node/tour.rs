//! The tour: three people open a space together, talk, and hand each other files.

use std::time::Duration;

use compeer_testkit::process::Peer;
use compeer_testkit::wait::eventually_blocking;
use serde_json::{Value, json};

use super::{ALONE, running};

const SOON: Duration = Duration::from_secs(30);

pub(super) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// Joins a space of `host` by a fresh invitation.
pub(super) fn join(host: &Peer, guest: &Peer, space: &str, level: &str) {
    let made = host.ask(&["space", "invite", space, "--level", level]).expect("invites");
    assert_eq!(keys(&made), ["id", "invite"]);
    let invite = made["invite"].as_str().expect("a text");
    let joined = guest.ask_with(&["space", "join", "-"], &format!("  {invite}\n")).expect("joins");
    assert_eq!(keys(&joined), ["space"]);
}

/// Waits until a command's answer is as it should be.
#[track_caller]
pub(super) fn until(peer: &Peer, arguments: &[&str], what: &str, accept: impl Fn(&Value) -> bool) -> Value {
    eventually_blocking(SOON, what, || peer.ask(arguments).ok().filter(&accept))
}

#[test]
fn three_people_work_together() {
    let (ada, bo) = (running("Ada"), running("Bo"));
    let mut cleo = running("Cleo");
    let made = ada.ask(&["space", "create", "Harbour Quay"]).expect("creates");
    assert_eq!(keys(&made), ["space"]);
    let space = made["space"].as_str().expect("an id");
    join(&ada, &bo, "Harbour Quay", "manage");
    until(&bo, &["space", "list"], "the space's name", |list| list[0]["name"] == "Harbour Quay");
    // Any manager can invite.
    join(&bo, &cleo, "Harbour Quay", "write");

    let events = bo.events().expect("listens");
    events.named(SOON, "hello");
    let sent = ada.ask(&["chat", "send", "Harbour Quay", "Good morning."]).expect("sends");
    assert_eq!(keys(&sent), ["id"]);
    let heard = events.first(SOON, "the message", |event| event["id"] == sent["id"]);
    assert_eq!((heard["event"].as_str(), heard["space"].as_str()), (Some("chat.message"), Some(space)));
    assert_eq!(heard["message"]["author_name"], "Ada");
    let log = until(&ada, &["chat", "log", space], "everybody has it", |log| log[0]["held_by"] == 3);
    assert_eq!(keys(&log[0]), ["author", "author_name", "held_by", "id", "text", "time"]);
    cleo.ask_with(&["chat", "send", "harbour quay", "-"], "From a pipe\nin two lines\n").expect("sends");
    until(&bo, &["chat", "log", space], "both messages", |log| log[1]["text"] == "From a pipe\nin two lines");
    let list = bo.ask(&["space", "list"]).expect("lists");
    assert_eq!(keys(&list[0]), ["members", "name", "space", "unread"]);
    assert_eq!((list[0]["members"].as_u64(), list[0]["unread"].as_u64()), (Some(3), Some(2)));

    let members = until(&ada, &["space", "members", space], "all names", |members| {
        members.as_array().is_some_and(|list| list.len() == 3 && list.iter().any(|one| one["name"] == "Cleo"))
    });
    assert_eq!(keys(&members[0]), ["devices", "level", "name", "person", "presence"]);
    let status = ada.ask(&["status"]).expect("answers");
    assert_eq!(keys(&status), ["device", "name", "peers", "person", "problems"]);
    assert_eq!(keys(&status["peers"][0]), ["device", "name", "path", "rtt_ms"]);
    assert_eq!(status["problems"], json!([]));

    files(&ada, &bo, space);

    // Whoever was away has everything once back.
    cleo.terminate().expect("ends");
    ada.ask(&["chat", "send", space, "While Cleo is away"]).expect("sends");
    cleo.up(ALONE).expect("starts again");
    until(&cleo, &["chat", "log", space], "what was missed", |log| log[2]["text"] == "While Cleo is away");

    // Whoever is removed reads nothing new.
    assert_eq!(ada.ask(&["space", "remove", space, "Cleo"]).expect("removes"), json!({}));
    until(&bo, &["space", "members", space], "two are left", |list| list.as_array().map(Vec::len) == Some(2));
    ada.ask(&["chat", "send", space, "Between us"]).expect("sends");
    until(&bo, &["chat", "log", space], "the new message", |log| log[3]["text"] == "Between us");
    let log = cleo.ask(&["chat", "log", space]).expect("what was there stays readable");
    assert!(log.as_array().is_some_and(|log| log.iter().all(|message| message["text"] != "Between us")), "{log}");

    assert_eq!(bo.ask(&["space", "leave", space]).expect("leaves"), json!({}));
    assert_eq!(bo.ask(&["space", "list"]).expect("lists"), json!([]));
    assert_eq!(ada.ask(&["space", "delete", space]).expect("ends"), json!({ "unheard": [] }));
    assert_eq!(ada.ask(&["space", "list"]).expect("lists"), json!([]));
}

/// Ada shares a file and a folder; Bo fetches both.
fn files(ada: &Peer, bo: &Peer, space: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let big: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(folder.path().join("survey.bin"), &big).expect("a file");
    std::fs::create_dir_all(folder.path().join("plans/north")).expect("folders");
    std::fs::write(folder.path().join("plans/a.txt"), "a").expect("a file");
    std::fs::write(folder.path().join("plans/north/b.txt"), "b").expect("a file");
    let path = |name: &str| folder.path().join(name).to_str().expect("plain").to_owned();
    let put = ada.ask(&["file", "put", space, &path("survey.bin"), &path("plans")]).expect("shares");
    assert_eq!(put.as_array().map(Vec::len), Some(3));
    assert_eq!(keys(&put[0]), ["blob", "id", "name", "size"]);

    let listed = until(bo, &["file", "list", space], "three files", |list| list.as_array().map(Vec::len) == Some(3));
    assert_eq!(keys(&listed[0]), ["blob", "held_by", "here", "id", "name", "size"]);
    assert!(listed.as_array().is_some_and(|list| list.iter().all(|file| file["here"] == false)));

    let target = tempfile::tempdir().expect("a folder");
    let to = target.path().to_str().expect("plain");
    let got = bo.ask(&["file", "get", space, "survey.bin", "--to", to]).expect("fetches");
    assert_eq!(keys(&got), ["path"]);
    let got = got["path"].as_str().expect("a path");
    assert!(got.starts_with(to), "{got}");
    assert!(std::fs::read(got).expect("reads") == big, "what arrived is what was shared");
    bo.ask(&["file", "get", space, "plans", "--to", to]).expect("fetches a folder");
    assert_eq!(std::fs::read_to_string(target.path().join("plans/north/b.txt")).expect("reads"), "b");
    // Without a folder it goes where the page puts what is fetched.
    let got = bo.ask(&["file", "get", space, "plans/a.txt"]).expect("fetches");
    let received = bo.home().join("files/Harbour Quay/plans");
    assert_eq!(got["path"].as_str(), received.join("a.txt").to_str());
    let got = bo.ask(&["file", "get", space, "plans"]).expect("fetches a folder");
    assert_eq!(got["path"].as_str(), received.to_str());
    assert_eq!(std::fs::read_to_string(received.join("north/b.txt")).expect("reads"), "b");
    until(ada, &["file", "list", space], "Bo has it, too", |list| {
        list.as_array().is_some_and(|list| list.iter().all(|file| file["held_by"] == 2))
    });
}

#[test]
fn invitations_are_used_once_and_tell_what_is_wrong() {
    let (ada, bo, cleo) = (running("Ada"), running("Bo"), running("Cleo"));
    ada.ask(&["space", "create", "Harbour"]).expect("creates");
    let made = ada.ask(&["space", "invite", "Harbour"]).expect("invites");
    let invite = made["invite"].as_str().expect("a text");
    bo.ask_with(&["space", "join", "-"], invite).expect("joins");
    bo.ask_with(&["space", "join", "-"], invite).expect("is in already, which is fine");
    let refused = cleo.ask_with(&["space", "join", "-"], invite).expect_err("used up").to_string();
    assert!(refused.contains("invite-used") || refused.contains("invite-refused"), "{refused}");
    assert_eq!(cleo.ask(&["space", "list"]).expect("lists"), json!([]));
}

/// More small files than stay on the list of transfers, and more than are told one by one.
#[test]
fn a_folder_of_many_files_arrives_whole() {
    const FILES: usize = 1500;
    let (ada, bo) = (running("Ada"), running("Bo"));
    let made = ada.ask(&["space", "create", "Archive"]).expect("creates");
    let space = made["space"].as_str().expect("an id");
    join(&ada, &bo, space, "write");
    let work = tempfile::tempdir().expect("a folder");
    let folder = work.path().join("scans");
    std::fs::create_dir(&folder).expect("a folder");
    for n in 0..FILES {
        std::fs::write(folder.join(format!("{n}.txt")), format!("page {n}")).expect("a file");
    }
    let listed = ada.ask(&["file", "put", space, folder.to_str().expect("Unicode")]).expect("lists");
    assert_eq!(listed.as_array().map(Vec::len), Some(FILES));
    until(&bo, &["file", "list", space], "all files", |list| list.as_array().map(Vec::len) == Some(FILES));
    let to = work.path().join("got");
    let got = bo.ask(&["file", "get", space, "scans", "--to", to.to_str().expect("Unicode")]).expect("fetches");
    assert_eq!(got["path"].as_str(), to.join("scans").to_str());
    for n in 0..FILES {
        let text = std::fs::read_to_string(to.join("scans").join(format!("{n}.txt"))).expect("is there");
        assert_eq!(text, format!("page {n}"));
    }
    until(&ada, &["file", "list", space], "who holds them", |list| {
        list.as_array().is_some_and(|files| files.iter().all(|file| file["held_by"] == 2))
    });
}

#[test]
fn keys_are_never_shared() {
    let ada = running("Ada");
    let made = ada.ask(&["space", "create", "Harbour"]).expect("creates");
    let space = made["space"].as_str().expect("an id");
    let (home, key) = (ada.home().to_owned(), ada.home().join("device.key"));
    for path in [&home, &key] {
        let refused = ada.ask(&["file", "put", space, path.to_str().expect("Unicode")]);
        assert!(refused.is_err_and(|error| error.to_string().contains("bad-path")), "{}", path.display());
    }
    assert_eq!(ada.ask(&["file", "list", space]).expect("lists"), json!([]));
    // What was received lies in the home, and is nobody's key.
    let received = home.join("files/Harbour");
    std::fs::create_dir_all(&received).expect("a folder");
    std::fs::write(received.join("plan.txt"), "plan").expect("a file");
    ada.ask(&["file", "put", space, received.join("plan.txt").to_str().expect("Unicode")]).expect("shares");
}
