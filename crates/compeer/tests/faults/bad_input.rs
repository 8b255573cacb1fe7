//! Bad input for every command and every route: a sentence with a hint, the documented exit code or status, nothing
//! changed. That it is every one is checked against the program's own help and description.

use std::collections::BTreeSet;

use compeer_testkit::process::Peer;
use serde_json::Value;

use crate::cli::{does, fails, makes_no_sense, run};
use crate::http::{Api, Connection};
use crate::{Computer, text};

/// A well-formed id of nothing.
const NOBODY: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Commands that cannot be meant: exit code 2, before anything is asked.
const SENSELESS: &[&str] = &[
    "frobnicate",
    "init",
    "init --name",
    "init --name A --age 7",
    "up --api nowhere",
    "up --listen 127.0.0.1",
    "up now",
    "status --all",
    "profile",
    "profile show Ada",
    "profile set",
    "profile set --picture a.png --no-picture",
    "space",
    "space frobnicate",
    "space create",
    "space create A B",
    "space list all",
    "space invite",
    "space invite Harbour --level owner",
    "space invite Harbour --uses many",
    "space invite Harbour --uses -1",
    "space invite Harbour --uses 0",
    "space invite Harbour --uses 1001",
    "space show",
    "space archive",
    "space restore",
    "space retention Harbour",
    "space retention Harbour forever",
    "space retention Harbour 70000",
    "space invite Harbour --expires soon",
    "space join",
    "space invite Harbour --mail",
    "space invite Harbour --mail a@b.c --uses 2",
    "space invitations",
    "space invitations Harbour --open",
    "space revoke",
    "space revoke Harbour",
    "notify",
    "notify show all",
    "notify set",
    "notify set --desktop perhaps",
    "notify set --days mon",
    "notify pause",
    "notify test now",
    "mail",
    "mail show all",
    "mail set --host a",
    "mail set --host a --from a@b.c --port 65536",
    "mail test --to",
    "mail forget all",
    "space members",
    "space level Harbour",
    "space level Harbour Ada owner",
    "space rename Harbour",
    "space remove Harbour",
    "space leave",
    "space delete",
    "space delete Harbour --force",
    "chat",
    "chat send Harbour",
    "chat log",
    "chat log Harbour --limit -1",
    "chat log Harbour --limit many",
    "chat send Harbour hello --reply",
    "chat edit Harbour",
    "chat edit Harbour abcdefgh",
    "chat delete Harbour",
    "chat react Harbour abcdefgh",
    "chat pin Harbour",
    "chat pins",
    "chat history Harbour",
    "chat resend",
    "chat resend Harbour --all",
    "chat discard",
    "discuss",
    "discuss list",
    "discuss start Harbour",
    "discuss rename Harbour Walls",
    "discuss resolve Harbour",
    "discuss move Harbour general",
    "discuss hear Harbour",
    "issue create Harbour",
    "issue create Harbour Crane --status perhaps",
    "issue list Harbour --limit 5001",
    "issue mine Harbour",
    "issue show Harbour",
    "issue set Harbour",
    "issue comment Harbour HAR-1",
    "issue label Harbour bug",
    "issue setup",
    "issue import Harbour",
    "issue export",
    "chat direct",
    "discuss unread Harbour",
    "export",
    "export Harbour",
    "export verify",
    "import",
    "import a b",
    "guest",
    "guest invite Harbour",
    "guest list",
    "guest revoke Harbour Plan",
    "guest remove Harbour Plan",
    "board",
    "board list",
    "board create Harbour",
    "board export Harbour",
    "board import Harbour Plan",
    "page",
    "page list",
    "page show Harbour",
    "page create Harbour",
    "page rename Harbour Plan",
    "page move Harbour",
    "page archive Harbour",
    "page restore Harbour",
    "page history Harbour",
    "page export Harbour",
    "page import Harbour",
    "file",
    "file put Harbour",
    "file list",
    "file get Harbour",
    "file get Harbour --to /tmp",
    "file stop",
    "file remove",
    "file stop Harbour",
    "file remove Harbour",
    "file stop Harbour a b",
    "file remove Harbour a b",
    "search",
    "search --space Harbour",
    "search crane --limit 0",
    "search -wall",
    "events now",
    "open --pint",
    "relay",
    "relay --listen nowhere",
    "doctor who",
    "demo please",
    "completions",
    "completions klingon",
];

/// Commands that can be meant but not done, what stands on stdin, and the code of the failure.
const REFUSED: &[(&[&str], &str, &str)] = &[
    (&["init", "--name", "Mallory"], "", "already-introduced"),
    (&["up", "--api", "127.0.0.1:0"], "", "home-in-use"),
    (&["up", "--api", "0.0.0.0:0"], "", "usage"),
    (&["up", "--relay", "http://nowhere"], "", "usage"),
    (&["up", "--relay", "@/nothing/there"], "", "usage"),
    (&["space", "create", ""], "", "bad-name"),
    (&["space", "create", "a\u{202e}b"], "", "bad-name"),
    (&["space", "invite", "Nowhere"], "", "space-not-found"),
    (&["space", "invite", "Harbour", "--expires", "0d"], "", "bad-terms"),
    (&["space", "invite", "Harbour", "--mail", "bo"], "", "bad-address"),
    (&["space", "invite", "Harbour", "--mail", "a@b.c\r\nBcc: d@e.f"], "", "bad-address"),
    (&["space", "invitations", "Nowhere"], "", "space-not-found"),
    (&["space", "revoke", "Nowhere", NOBODY], "", "space-not-found"),
    (&["space", "revoke", "Harbour", NOBODY], "", "invitation-not-found"),
    (&["space", "revoke", "Harbour", ""], "", "invitation-not-found"),
    (&["notify", "set", "--quiet", "22-7"], "", "bad-request"),
    (&["notify", "set", "--quiet", "22:00"], "", "bad-request"),
    (&["notify", "set", "--quiet", "22:00-07:00", "--days", "someday"], "", "bad-request"),
    (&["notify", "pause", "a while"], "", "bad-request"),
    (&["notify", "pause", "31d"], "", "bad-request"),
    (&["notify", "test"], "", "no-desktop"),
    (&["mail", "test"], "", "mail-not-set"),
    (&["mail", "set", "--host", "a b", "--from", "a@b.c"], "", "bad-mail-server"),
    (&["mail", "set", "--host", "a.example", "--from", "a"], "", "bad-address"),
    (&["mail", "set", "--host", "a.example", "--from", "a@b.c", "--security", "none"], "", "mail-needs-tls"),
    (&["mail", "set", "--host", "a.example", "--from", "a@b.c", "--authority", "/dev/zero"], "", "usage"),
    (&["mail", "set", "--host", "a.example", "--from", "a@b.c", "--user", "ann"], "", "bad-mail-server"),
    (&["space", "join", "compeer1abc"], "", "usage"),
    (&["space", "join", "-"], "", "bad-invitation"),
    (&["space", "join", "-"], "compeer1abc", "bad-invitation"),
    (&["space", "members", "Nowhere"], "", "space-not-found"),
    (&["space", "members", ""], "", "space-not-found"),
    (&["space", "members", "twin"], "", "ambiguous"),
    (&["profile", "set", "--name", ""], "", "bad-name"),
    (&["profile", "set", "--picture", "/dev/zero"], "", "usage"),
    (&["space", "level", "Nowhere", "Ada", "read"], "", "space-not-found"),
    (&["space", "level", "Harbour", "Mallory", "read"], "", "member-not-found"),
    (&["space", "rename", "Nowhere", "Quay"], "", "space-not-found"),
    (&["space", "rename", "Harbour", ""], "", "bad-name"),
    (&["space", "remove", "Nowhere", "Ada"], "", "space-not-found"),
    (&["space", "remove", "Harbour", "Mallory"], "", "member-not-found"),
    (&["space", "remove", "Harbour", NOBODY], "", "member-not-found"),
    (&["space", "show", "Nowhere"], "", "space-not-found"),
    (&["space", "archive", "Nowhere"], "", "space-not-found"),
    (&["space", "restore", "Nowhere"], "", "space-not-found"),
    (&["space", "retention", "Nowhere", "90"], "", "space-not-found"),
    (&["space", "retention", "Harbour", "6"], "", "bad-content"),
    (&["space", "leave", "Nowhere"], "", "space-not-found"),
    (&["space", "delete", NOBODY], "", "space-not-found"),
    (&["chat", "send", "Nowhere", "hello"], "", "space-not-found"),
    (&["chat", "send", "Harbour", ""], "", "bad-content"),
    (&["chat", "send", "Harbour", "a\u{1b}b"], "", "bad-content"),
    (&["chat", "send", "Harbour", "-"], "", "bad-content"),
    (&["chat", "log", "Nowhere"], "", "space-not-found"),
    (&["chat", "send", "Harbour", "hello", "--reply", "abcdefgh"], "", "message-not-found"),
    (&["chat", "send", "Harbour", "hello", "--reply", NOBODY], "", "message-not-found"),
    (&["chat", "edit", "Harbour", "abcdefgh", "hello"], "", "message-not-found"),
    (&["chat", "edit", "Harbour", NOBODY, "hello"], "", "message-not-found"),
    (&["chat", "edit", "Harbour", NOBODY, ""], "", "bad-content"),
    (&["chat", "delete", "Harbour", NOBODY], "", "message-not-found"),
    (&["chat", "delete", "Nowhere", NOBODY], "", "space-not-found"),
    (&["chat", "react", "Harbour", NOBODY, "yes"], "", "bad-content"),
    (&["chat", "react", "Harbour", NOBODY, "\u{1f44d}"], "", "message-not-found"),
    (&["chat", "pin", "Harbour", ""], "", "message-not-found"),
    (&["chat", "pins", "Nowhere"], "", "space-not-found"),
    (&["chat", "send", "Harbour", "hello", "--topic", "Walls"], "", "topic-not-found"),
    (&["chat", "send", "Harbour", "hello", "--topic", ""], "", "topic-not-found"),
    (&["chat", "log", "Harbour", "--topic", NOBODY], "", "topic-not-found"),
    (&["chat", "direct", "Mallory"], "", "member-not-found"),
    (&["chat", "direct", NOBODY], "", "member-not-found"),
    (&["discuss", "list", "Nowhere"], "", "space-not-found"),
    (&["discuss", "start", "Harbour", ""], "", "bad-name"),
    (&["discuss", "start", "Harbour", "a\u{202e}b"], "", "bad-name"),
    (&["discuss", "rename", "Harbour", "Walls", "Doors"], "", "topic-not-found"),
    (&["discuss", "rename", "Harbour", "general", "Doors"], "", "bad-request"),
    (&["discuss", "resolve", "Harbour", NOBODY], "", "topic-not-found"),
    (&["discuss", "move", "Harbour", "general", NOBODY], "", "message-not-found"),
    (&["discuss", "move", "Harbour", "Walls", NOBODY], "", "topic-not-found"),
    (&["discuss", "hear", "Nowhere", "muted"], "", "space-not-found"),
    (&["discuss", "hear", "Harbour", "muted", "--topic", "Walls"], "", "topic-not-found"),
    (&["discuss", "unread", "Harbour", NOBODY], "", "message-not-found"),
    (&["issue", "create", "Nowhere", "Crane"], "", "space-not-found"),
    (&["issue", "create", "Harbour", ""], "", "bad-name"),
    (&["issue", "create", "Harbour", "a\u{202e}b"], "", "bad-name"),
    (&["issue", "create", "Harbour", "Crane", "--assignee", "Mallory"], "", "member-not-found"),
    (&["issue", "create", "Harbour", "Crane", "--estimate", "1001"], "", "bad-request"),
    (&["issue", "create", "Harbour", "Crane", "--due", "2026-02-30"], "", "bad-request"),
    (&["issue", "create", "Harbour", "Crane", "--parent", "HAR-9"], "", "issue-not-found"),
    (&["issue", "create", "Harbour", "Crane", "--project", "Quay"], "", "issue-thing-not-found"),
    (&["issue", "list", "Nowhere"], "", "space-not-found"),
    (&["issue", "list", "Harbour", "--label", "bug"], "", "issue-thing-not-found"),
    (&["issue", "list", "Harbour", "--due-by", "soon"], "", "bad-request"),
    (&["issue", "show", "Harbour", "HAR-9"], "", "issue-not-found"),
    (&["issue", "show", "Harbour", "setup"], "", "issue-not-found"),
    (&["issue", "show", "Harbour", ""], "", "issue-not-found"),
    (&["issue", "set", "Harbour", "HAR-9", "--status", "done"], "", "issue-not-found"),
    (&["issue", "set", "Harbour", "HAR-9"], "", "bad-request"),
    (&["issue", "comment", "Harbour", NOBODY, "hello"], "", "issue-not-found"),
    (&["issue", "label", "Harbour", "bug", "HAR-9", "--undo"], "", "issue-thing-not-found"),
    (&["issue", "setup", "Harbour", "--prefix", "h4"], "", "bad-content"),
    (&["issue", "import", "Harbour", "/nothing/there"], "", "bad-request"),
    (&["issue", "export", "Nowhere"], "", "space-not-found"),
    (&["chat", "history", "Harbour", NOBODY], "", "message-not-found"),
    (&["search", "crane", "--space", "Nowhere"], "", "space-not-found"),
    (&["search", "crane", "on:someday"], "", "usage"),
    (&["search", "crane", "has:wings"], "", "usage"),
    (&["search", "crane", "from:mallory"], "", "no-person"),
    (&["search", "crane", "topic:nothing"], "", "no-topic"),
    (&["search", "crane", "in:nowhere"], "", "no-space"),
    (&["search", "a b c d e f g h i j k l m n o p q"], "", "bad-query"),
    (&["export", "Nowhere", "/tmp/nothing"], "", "space-not-found"),
    (&["export", "Harbour", "/etc"], "", "export-exists"),
    (&["export", "verify", "/etc"], "", "not-an-export"),
    (&["import", "/nothing/there"], "", "unreadable"),
    (&["import", "/etc/hostname"], "", "not-an-export"),
    (&["guest", "list", "Nowhere"], "", "space-not-found"),
    (&["guest", "invite", "Harbour", "Plan"], "", "topic-not-found"),
    (&["guest", "revoke", "Harbour", NOBODY, "abcdefgh"], "", "topic-not-found"),
    (&["guest", "remove", "Harbour", "Plan", "Bo"], "", "topic-not-found"),
    (&["board", "list", "Nowhere"], "", "space-not-found"),
    (&["board", "create", "Harbour", ""], "", "bad-name"),
    (&["board", "export", "Harbour", "Plan"], "", "board-not-found"),
    (&["board", "import", "Harbour", NOBODY, "/nothing/there"], "", "board-not-found"),
    (&["page", "list", "Nowhere"], "", "space-not-found"),
    (&["page", "show", "Harbour", "Plan"], "", "page-not-found"),
    (&["page", "create", "Harbour", ""], "", "bad-name"),
    (&["page", "create", "Harbour", "Plan", "--file", "/dev/zero"], "", "bad-request"),
    (&["page", "create", "Harbour", "Plan", "--under", NOBODY], "", "page-not-found"),
    (&["page", "rename", "Harbour", "Plan", "x"], "", "page-not-found"),
    (&["page", "move", "Harbour", "Plan"], "", "page-not-found"),
    (&["page", "archive", "Harbour", NOBODY], "", "page-not-found"),
    (&["page", "restore", "Harbour", NOBODY], "", "page-not-found"),
    (&["page", "history", "Harbour", NOBODY], "", "page-not-found"),
    (&["page", "export", "Harbour", NOBODY], "", "page-not-found"),
    (&["page", "import", "Harbour", "/dev/zero"], "", "bad-request"),
    (&["chat", "resend", "Nowhere"], "", "space-not-found"),
    (&["chat", "resend", "Harbour", "x"], "", "bad-request"),
    (&["chat", "resend", "Harbour", NOBODY], "", "not-undelivered"),
    (&["chat", "discard", "Nowhere"], "", "space-not-found"),
    (&["chat", "discard", "Harbour", NOBODY], "", "not-undelivered"),
    (&["file", "put", "Nowhere", "/etc/hostname"], "", "space-not-found"),
    (&["file", "put", "Harbour", "/nothing/there"], "", "bad-path"),
    (&["file", "put", "Harbour", "/dev/null"], "", "bad-path"),
    (&["file", "list", "Nowhere"], "", "space-not-found"),
    (&["file", "get", "Nowhere", "a.txt", "--to", "/tmp"], "", "space-not-found"),
    (&["file", "get", "Harbour", "a.txt", "--to", "/tmp"], "", "file-not-found"),
    (&["file", "get", "Harbour", "a.txt"], "", "file-not-found"),
    (&["file", "get", "Harbour", NOBODY, "--to", "/tmp"], "", "file-not-found"),
    (&["file", "stop", "Nowhere", "a.txt"], "", "space-not-found"),
    (&["file", "remove", "Nowhere", "a.txt"], "", "space-not-found"),
    (&["file", "stop", "Harbour", "a.txt"], "", "file-not-found"),
    (&["file", "remove", "Harbour", "a.txt"], "", "file-not-found"),
    (&["file", "stop", "Harbour", ""], "", "file-not-found"),
    (&["file", "remove", "Harbour", ""], "", "file-not-found"),
    (&["file", "remove", "Harbour", NOBODY], "", "file-not-found"),
    (&["file", "remove", "Harbour", "cargo.toml"], "", "file-not-found"),
    (&["relay", "--listen", "127.0.0.1:0", "--host", "two words"], "", "usage"),
    (&["relay", "--listen", "192.0.2.1:1"], "", "relay-cannot-listen"),
    (&["relay", "--listen", "192.0.2.1:1", "--new-key"], "", "relay-cannot-listen"),
    (&["relay", "--listen", "127.0.0.1:0", "--devices", "/nothing/there"], "", "usage"),
    (&["relay", "--listen", "127.0.0.1:0", "--devices", "/etc/hostname"], "", "usage"),
];

#[test]
fn every_command_says_what_is_wrong() {
    let peer = harbour();
    let before = everything(&peer);
    let mut tried = BTreeSet::new();
    for line in SENSELESS {
        let words: Vec<_> = line.split(' ').collect();
        makes_no_sense(&peer, &words);
        tried.extend(words.iter().take(2).map(|word| (*word).to_owned()));
    }
    for (arguments, input, code) in REFUSED {
        fails(&peer, arguments, input, code);
    }
    let long = "x".repeat(33 << 10);
    fails(&peer, &["chat", "send", "Harbour", "-"], &long, "bad-content");
    fails(&peer, &["chat", "send", "Harbour", "-"], &"x".repeat(300 << 10), "usage");
    assert_eq!(everything(&peer), before);

    for command in commands(&peer, &[]) {
        assert!(tried.contains(&command), "nothing bad was tried with {command}");
        for verb in commands(&peer, &[&command]) {
            assert!(tried.contains(&verb), "nothing bad was tried with {command} {verb}");
        }
    }
}

#[test]
fn without_a_peer_every_command_says_so() {
    let mut peer = harbour();
    peer.down();
    for line in [
        "status",
        "space create A",
        "space list",
        "space invite Harbour",
        "space join -",
        "space invitations Harbour",
        "space revoke Harbour abcdefgh",
        "notify show",
        "notify pause 1h",
        "notify test",
        "mail show",
        "mail test",
        "mail forget",
        "space members Harbour",
        "profile show",
        "profile set --name Ann",
        "space level Harbour Ada read",
        "space rename Harbour Quay",
        "space remove Harbour Ada",
        "space leave Harbour",
        "space delete Harbour",
        "chat send Harbour hello",
        "chat log Harbour",
        "file put Harbour /etc/hostname",
        "file list Harbour",
        "file get Harbour a.txt --to /tmp",
        "file stop Harbour a.txt",
        "file remove Harbour a.txt",
        "events",
        "open --print",
    ] {
        fails(&peer, &line.split(' ').collect::<Vec<_>>(), "", "not-running");
    }
    peer.up();
    assert_eq!(does(&peer, &["chat", "log", "Harbour"], "")[0]["text"], "hello");
}

/// The commands that the help names, below the given ones.
fn commands(peer: &Peer, above: &[&str]) -> Vec<String> {
    let help = run(peer, &[above, &["--help"]].concat(), "");
    assert_eq!(help.code, Some(0), "{help:?}");
    let below = help.stdout.split_once("\nCommands:\n").map_or("", |(_, below)| below);
    let named = below.lines().take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  "));
    let named = named.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    named.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// A peer with one of everything that bad input could spoil.
fn harbour() -> Computer {
    let peer = Computer::of("Ada");
    for name in ["Harbour", "Twin", "Twin"] {
        does(&peer, &["space", "create", name], "");
    }
    does(&peer, &["chat", "send", "Harbour", "hello"], "");
    does(&peer, &["space", "invite", "Harbour"], "");
    does(&peer, &["file", "put", "Harbour", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")], "");
    peer
}

/// What a peer answers about all its spaces, how many bytes their journals take included.
fn everything(peer: &Peer) -> Vec<Value> {
    let api = Api::of(peer);
    let get = |path: &str| {
        let mut answer = api.ask("GET", path, "").json();
        forget_the_time(&mut answer);
        answer
    };
    let spaces = get("/spaces");
    let mut all = vec![get("/transfers"), does(peer, &["status"], "")];
    for space in spaces.as_array().expect("a list") {
        let id = text(space, "space");
        all.extend(["members", "invitations", "messages", "files"].map(|noun| get(&format!("/spaces/{id}/{noun}"))));
    }
    all.push(spaces);
    all
}

/// This device is seen whenever it is asked.
fn forget_the_time(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(forget_the_time),
        Value::Object(fields) => {
            fields.remove("last_seen");
            fields.values_mut().for_each(forget_the_time);
        }
        _ => {}
    }
}

#[test]
fn every_route_says_what_is_wrong() {
    let peer = harbour();
    let before = everything(&peer);
    let space = text(&before.last().expect("spaces")[0], "space").to_owned();
    let mut api = Api::of(&peer).connect().expect("connects");
    let described = api.ask("GET", "/openapi.json", "").expect("answers").json();
    let mut wrong = Vec::new();
    let mut tries = 0;
    for (path, methods) in described["paths"].as_object().expect("paths") {
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        let methods = methods.as_object().expect("methods");
        for method in ["get", "post", "put", "patch", "delete", "options", "trace"] {
            let bad = match methods.get(method) {
                Some(operation) => bad_requests(path, operation, &space),
                // Whoever answers GET also answers HEAD; every other method must be refused.
                None => vec![Bad::of(filled(path, NOBODY), 405)],
            };
            tries += bad.len();
            wrong.extend(bad.into_iter().filter_map(|bad| bad.goes_wrong(&mut api, &method.to_uppercase())));
        }
    }
    assert!(wrong.is_empty(), "{} of {tries} requests:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tries > 200, "only {tries} requests");
    assert_eq!(everything(&peer), before);
}

/// A request that must be refused.
struct Bad {
    path: String,
    media: &'static str,
    body: String,
    status: u16,
}

impl Bad {
    fn of(path: String, status: u16) -> Self {
        Self { path, media: "", body: String::new(), status }
    }

    /// What is wrong with the answer, if something is.
    fn goes_wrong(&self, api: &mut Connection, method: &str) -> Option<String> {
        let ask = |api: &mut Connection| api.ask_as(method, &self.path, self.media, &self.body);
        // After a refusal in the middle of a body the connection is of no further use.
        let answer = ask(api).or_else(|_| {
            *api = api.again()?;
            ask(api)
        });
        let answer = answer.unwrap_or_else(|error| panic!("{method} {}: {error}", self.path));
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let words = ["title", "code", "detail", "hint"];
        let whole = words.iter().all(|field| document[field].as_str().is_some_and(|text| !text.is_empty()))
            && document["status"] == answer.status
            && answer.head.to_lowercase().contains("content-type: application/problem+json");
        let right = whole && answer.status == self.status;
        let start = |text: &str, length| text.chars().take(length).collect::<String>();
        let (body, said) = (start(&self.body, 40), start(&document.to_string(), 300));
        (!right).then(|| format!("{method} {} {body}: {} instead of {}: {said}", self.path, answer.status, self.status))
    }
}

/// Everything that can be wrong with one operation, as far as its description tells. Nothing here may be right: what it
/// names is not there, or what it says about it makes no sense.
fn bad_requests(path: &str, operation: &Value, space: &str) -> Vec<Bad> {
    let mut bad = Vec::new();
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let within = |place: &str| parameters.iter().filter(|one| one["in"] == place).count();
    let nowhere = filled(path, NOBODY);
    let here = nowhere.replacen(NOBODY, space, 1);
    let media = operation["requestBody"]["content"].as_object().and_then(|content| content.keys().next());
    if within("path") > 0 {
        // Problems and jobs are named by a number; what is no number names none.
        let status = if path.starts_with("/problems") || path.starts_with("/jobs") { 404 } else { 400 };
        bad.push(Bad::of(filled(path, "short"), status));
        bad.push(Bad::of(filled(path, "%00%ff"), 400));
        if media.is_none() {
            bad.push(Bad::of(nowhere.clone(), 404));
        }
    }
    if within("path") > 1 && media.is_none() {
        bad.push(Bad::of(here.clone(), 404));
    }
    if within("query") > 0 {
        bad.extend(["nonsense=1", "limit=-1", "download=maybe"].map(|query| Bad::of(format!("{here}?{query}"), 400)));
    }
    match media.map(String::as_str) {
        Some("application/json") => {
            let json = |body: &str, status| Bad {
                path: here.clone(),
                media: "application/json",
                body: body.to_owned(),
                status,
            };
            bad.extend(["", "{", "[]", "null", "\"text\"", "{\"nonsense\":1}", "{}{}"].map(|body| json(body, 400)));
            // A table of issues, much that is drawn at once, and what a page shall say may be larger than anything else.
            let large = ["/issues/import", "/elements", "/pages"].iter().any(|end| path.ends_with(end));
            let much = if large { 9 << 20 } else { 300 << 10 };
            bad.push(json(&format!("\"{}\"", "x".repeat(much)), 413));
            bad.push(Bad { media: "text/plain", ..json("{}", 415) });
            bad.push(Bad { media: "application/x-www-form-urlencoded", ..json("a=b", 415) });
        }
        Some("multipart/form-data") => {
            bad.push(Bad { path: here.clone(), media: "application/json", body: "{}".into(), status: 415 });
            let form = |body: &str| Bad {
                path: here.clone(),
                media: "multipart/form-data; boundary=b",
                body: body.to_owned(),
                status: 400,
            };
            let part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
            bad.extend(["", "nonsense", "--b--\r\n", part].map(form));
            if within("path") > 0 {
                bad.push(Bad { path: nowhere.clone(), ..form("--b--\r\n") }.with_status(404));
            }
        }
        Some(other) => panic!("{path} takes {other}, which nothing is tried with"),
        None => {}
    }
    bad
}

impl Bad {
    fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// A path with the same text for each of its variable parts.
fn filled(path: &str, with: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { with.to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}
