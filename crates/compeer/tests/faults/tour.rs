//! Three people work together by command line; every command answers as its table says.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use compeer_testkit::process::{LIMIT, Peer};
use compeer_testkit::wait::eventually_blocking;
use serde_json::{Value, json};

use crate::cli::{Ended, does, fails, makes_no_sense, run};
use crate::http::Api;
use crate::{Computer, SOON, keys, rows, text, until};

#[test]
fn the_tour() {
    let (ada, mut bo, cleo) = (introduced("Ada"), Computer::of("Bo"), Computer::of("Cleo"));
    let space = together(&ada, &bo, &cleo);
    talk(&ada, &bo, &cleo, &space);
    files(&ada, &bo, &space);
    status(&ada, &bo);
    page(&ada);
    mistakes(&cleo);
    farewell(&ada, &mut bo, &cleo, &space);
}

/// `init`, once, and `up`.
fn introduced(name: &str) -> Computer {
    let mut peer = Computer::new();
    let made = does(&peer, &["init", "--name", name, "--device-name", "desk"], "");
    assert_eq!(keys(&made), ["device", "person"]);
    fails(&peer, &["init", "--name", "Mallory"], "", "already-introduced");
    peer.up();
    fails(&peer, &["init", "--name", "Mallory"], "", "already-introduced");
    let status = does(&peer, &["status"], "");
    assert_eq!((&status["person"], &status["device"]), (&made["person"], &made["device"]));
    assert_eq!(status["name"], name);
    peer
}

/// `space create`, `list`, `invite`, `join`, `members`.
fn together(ada: &Peer, bo: &Peer, cleo: &Peer) -> String {
    assert_eq!(does(ada, &["space", "list"], ""), json!([]));
    let made = does(ada, &["space", "create", "Harbour Quay"], "");
    assert_eq!(keys(&made), ["space"]);
    let space = text(&made, "space").to_owned();
    let join = |host: &Peer, guest: &Peer, invite: &[&str]| {
        let made = does(host, &[&["space", "invite"], invite].concat(), "");
        assert_eq!(keys(&made), ["id", "invite"]);
        assert_eq!(does(guest, &["space", "join", "-"], text(&made, "invite")), json!({ "space": space }));
        text(&made, "invite").to_owned()
    };
    join(ada, bo, &["Harbour Quay", "--level", "manage", "--expires", "2h", "--uses", "2"]);
    until(bo, &["space", "list"], "the space's name", |list| list[0]["name"] == "Harbour Quay");
    // Another manager's device honours invitations, too.
    let used = join(bo, cleo, &[&space]);
    let dan = Computer::of("Dan");
    let refused = run(&dan, &["space", "join", "-", "--json"], &used);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
    assert_eq!(does(&dan, &["space", "list"], ""), json!([]));

    let members = until(ada, &["space", "members", "harbour quay"], "three names", |members| {
        rows(members).len() == 3 && rows(members).iter().all(|member| member["name"] != "")
    });
    for member in rows(&members) {
        assert_eq!(keys(member), ["devices", "level", "name", "person", "presence"]);
        let level = if text(member, "name") == "Cleo" { "write" } else { "manage" };
        assert_eq!(member["level"], level);
        assert_eq!(rows(&member["devices"]).len(), 1);
    }
    space
}

/// `chat send`, `chat log`, `events`.
fn talk(ada: &Peer, bo: &Peer, cleo: &Peer, space: &str) {
    let events = bo.events().expect("listens");
    events.named(SOON, "hello");
    let sent = does(ada, &["chat", "send", "Harbour Quay", "Good morning."], "");
    assert_eq!(keys(&sent), ["id"]);
    let heard = events.first(SOON, "the message", |event| event["id"] == sent["id"]);
    assert_eq!((&heard["event"], &heard["space"]), (&json!("chat.message"), &json!(space)));
    assert!(heard["at"].is_u64(), "{heard}");
    until(cleo, &["chat", "log", space], "the first message", |log| rows(log).len() == 1);
    let piped = does(cleo, &["chat", "send", space, "-"], "From a pipe,\nin two lines\n");
    events.first(SOON, "the second message", |event| event["id"] == piped["id"]);

    let log = until(ada, &["chat", "log", space], "both messages held by all", |log| {
        rows(log).len() == 2 && rows(log).iter().all(|message| message["held_by"] == 3)
    });
    for message in rows(&log) {
        assert_eq!(keys(message), ["author", "author_name", "held_by", "id", "text", "time"]);
    }
    let said = |message: &Value| (text(message, "author_name").to_owned(), text(message, "text").to_owned());
    let expected = [("Ada", "Good morning."), ("Cleo", "From a pipe,\nin two lines")];
    assert_eq!(rows(&log).iter().map(said).collect::<Vec<_>>(), expected.map(|(who, what)| (who.into(), what.into())));
    let last = does(ada, &["chat", "log", space, "--limit", "1"], "");
    assert_eq!(last, json!([log[1]]));

    let list = does(bo, &["space", "list"], "");
    assert_eq!(keys(&list[0]), ["members", "name", "space", "unread"]);
    assert_eq!((&list[0]["members"], &list[0]["unread"]), (&json!(3), &json!(2)));
}

/// `file put` of a file and a folder, `file list`, `file get` by name, by id, and of a whole folder.
fn files(ada: &Peer, bo: &Peer, space: &str) {
    let source = tempfile::tempdir().expect("a folder");
    let survey: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).step_by(3).collect();
    fs::write(source.path().join("survey.bin"), &survey).expect("a file");
    fs::create_dir_all(source.path().join("plans/north")).expect("folders");
    fs::write(source.path().join("plans/a.txt"), "a").expect("a file");
    fs::write(source.path().join("plans/north/b.txt"), "").expect("a file");
    let path = |name: &str| source.path().join(name).to_str().expect("plain").to_owned();
    let put = does(ada, &["file", "put", space, &path("survey.bin"), &path("plans")], "");
    for file in rows(&put) {
        assert_eq!(keys(file), ["blob", "id", "name", "size"]);
    }
    let listed = until(bo, &["file", "list", space], "three files", |list| rows(list).len() == 3);
    let names: Vec<_> = rows(&listed).iter().map(|file| text(file, "name")).collect();
    assert_eq!(names, ["plans/a.txt", "plans/north/b.txt", "survey.bin"]);
    for file in rows(&listed) {
        assert_eq!(keys(file), ["blob", "held_by", "here", "id", "name", "size"]);
        assert_eq!((&file["held_by"], &file["here"]), (&json!(1), &json!(false)));
    }

    let target = tempfile::tempdir().expect("a folder");
    let get = |file: &str, to: &str| {
        let to = target.path().join(to);
        let got = run(bo, &["file", "get", space, file, "--to", to.to_str().expect("plain"), "--json"], "");
        assert_eq!(got.code, Some(0), "{got:?}");
        let got: Value = serde_json::from_str(&got.stdout).expect("one value");
        assert_eq!(keys(&got), ["path"]);
        assert!(Path::new(text(&got, "path")).starts_with(&to), "{got}");
        text(&got, "path").to_owned()
    };
    assert!(fs::read(get("survey.bin", "by-name")).expect("reads") == survey, "what arrived is what was shared");
    let by_id = fs::read_to_string(get(text(&listed[0], "id"), "by-id")).expect("reads");
    assert_eq!(by_id, "a");
    let folder = get("plans", "folder");
    assert_eq!(fs::read_to_string(Path::new(&folder).join("a.txt")).expect("reads"), "a");
    assert_eq!(fs::read_to_string(Path::new(&folder).join("north/b.txt")).expect("reads"), "");
    until(ada, &["file", "list", space], "Bo has everything", |list| rows(list).iter().all(|one| one["held_by"] == 2));
    assert!(rows(&does(bo, &["file", "list", space], "")).iter().all(|file| file["here"] == true));
}

/// `status`.
fn status(ada: &Peer, bo: &Peer) {
    let status = does(ada, &["status"], "");
    assert_eq!(keys(&status), ["device", "name", "peers", "person", "problems"]);
    assert_eq!(status["problems"], json!([]));
    for peer in rows(&status["peers"]) {
        assert_eq!(keys(peer), ["device", "name", "path", "rtt_ms"]);
    }
    let device = &does(bo, &["status"], "")["device"];
    let link = rows(&status["peers"]).iter().find(|peer| peer["device"] == *device).expect("Bo's device");
    assert_eq!(link["path"], "direct");
    assert!(link["rtt_ms"].is_number(), "{link}");
}

/// `open --print`: a link that signs in one browser.
fn page(ada: &Peer) {
    let link = does(ada, &["open", "--print"], "");
    assert_eq!(keys(&link), ["url"]);
    let api = Api::of(ada);
    let path = text(&link, "url").strip_prefix(&format!("http://{}", api.address)).expect("its own address");
    let visit = || {
        let answer = api.connect().and_then(|mut browser| browser.visit(path)).expect("answers");
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.head.to_lowercase().contains("set-cookie: ")
    };
    assert!(visit(), "the first one is signed in");
    assert!(!visit(), "the link works once");
}

/// What is wrong is said; nothing comes of it.
fn mistakes(cleo: &Peer) {
    let before = does(cleo, &["space", "list"], "");
    fails(cleo, &["chat", "send", "Nowhere", "hello"], "", "space-not-found");
    fails(cleo, &["space", "join", "-"], "compeer1nonsense", "bad-invitation");
    fails(cleo, &["space", "join", "compeer1nonsense"], "", "usage");
    fails(cleo, &["space", "invite", "Harbour Quay"], "", "needs-manage");
    makes_no_sense(cleo, &["chat", "send", "Harbour Quay"]);
    makes_no_sense(cleo, &["chat", "shout", "Harbour Quay", "HELLO"]);
    assert_eq!(does(cleo, &["space", "list"], ""), before);
}

/// Being away and coming back, `space remove`, `leave`, `delete`.
fn farewell(ada: &Peer, bo: &mut Computer, cleo: &Peer, space: &str) {
    bo.down();
    fails(bo, &["status"], "", "not-running");
    does(ada, &["chat", "send", space, "While Bo is away"], "");
    bo.up();
    let away = |log: &Value| rows(log).iter().any(|message| message["text"] == "While Bo is away");
    until(bo, &["chat", "log", space], "what Bo missed", away);

    assert_eq!(does(ada, &["space", "remove", space, "Cleo"], ""), json!({}));
    until(bo, &["space", "members", space], "two are left", |members| rows(members).len() == 2);
    does(ada, &["chat", "send", space, "Between us"], "");
    let between_us = |log: &Value| rows(log).iter().any(|message| message["text"] == "Between us");
    until(bo, &["chat", "log", space], "the new message", between_us);
    assert!(!between_us(&does(cleo, &["chat", "log", space], "")));

    assert_eq!(does(bo, &["space", "leave", space], ""), json!({}));
    assert_eq!(does(bo, &["space", "list"], ""), json!([]));
    until(ada, &["space", "members", space], "Ada is alone", |members| rows(members).len() == 1);
    assert_eq!(does(ada, &["space", "delete", space], ""), json!({ "unheard": [] }), "nobody is left to hear of it");
    assert_eq!(does(ada, &["space", "list"], ""), json!([]));
}

#[test]
fn a_peer_that_is_up_says_one_line_and_ends_when_told() {
    let peer = Computer::new();
    let child = Command::new(env!("CARGO_BIN_EXE_compeer"))
        .args(["up", "--json"])
        .args(Computer::arguments(&peer.listen))
        .env("COMPEER_HOME", peer.home())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut child = Ended(child);
    let mut lines = BufReader::new(child.0.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let ready: Value = serde_json::from_str(&lines.next().expect("a line")).expect("JSON");
    assert_eq!(keys(&ready), ["api", "device", "pid", "ready"]);
    assert_eq!((&ready["ready"], &ready["pid"]), (&json!(true), &json!(child.0.id())));
    let told = Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status().expect("tells");
    assert!(told.success());
    let status = eventually_blocking(LIMIT, "it ends", || child.0.try_wait().ok().flatten());
    assert_eq!((status.code(), lines.next()), (Some(0), None));
}
