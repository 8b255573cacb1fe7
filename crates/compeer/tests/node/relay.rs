//! `compeer relay`: who is let in, who is remembered, and another key.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use compeer_testkit::process::Peer;
use compeer_testkit::wait::eventually_blocking;
use serde_json::Value;

use super::{ALONE, findings, peer};

/// iroh's relay client pauses up to sixteen seconds between attempts.
const SOON: Duration = Duration::from_secs(60);

/// A relay that runs. Ends with the test.
struct Relay {
    child: Child,
    news: mpsc::Receiver<String>,
    /// What it said when it was ready.
    ready: Value,
}

impl Relay {
    fn new(home: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_compeer"))
            .args(["relay", "--json"])
            .args(arguments)
            .env("COMPEER_HOME", home)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let ready = lines(child.stdout.take().expect("a pipe"));
        let news = lines(child.stderr.take().expect("a pipe"));
        let ready = ready.recv_timeout(SOON).expect("is ready in time");
        Self { child, news, ready: serde_json::from_str(&ready).expect("JSON") }
    }

    fn url(&self) -> &str {
        self.ready["url"].as_str().expect("a URL")
    }

    /// The next thing it has to say that is an event.
    #[track_caller]
    fn event(&self, name: &str) -> Value {
        let line = loop {
            let line = self.news.recv_timeout(SOON).unwrap_or_else(|_| panic!("nothing of {name} in time"));
            // Lines of the log stand between.
            if line.starts_with("{\"event\"") || line.contains("\"event\":") {
                break line;
            }
        };
        let event: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(event["event"], name, "{event}");
        event
    }

    /// Ends it as a user does.
    fn end(mut self) {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().expect("is told");
        let status = eventually_blocking(SOON, "the relay ends", || self.child.try_wait().ok().flatten());
        assert!(status.success(), "{status}");
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    lines
}

/// A peer that uses the relay.
fn using(url: &str, name: &str) -> Peer {
    let mut peer = peer();
    peer.ask(&["init", "--name", name]).expect("introduces");
    peer.up(&[ALONE, &["--relay", url]].concat()).expect("starts");
    peer
}

/// Waits until the peer is connected to its relay, or is not.
#[track_caller]
fn connected(peer: &Peer, connected: bool) {
    eventually_blocking(SOON, "the relay's state", || {
        let (code, findings) = findings(peer);
        let list = findings.as_array().expect("a list");
        let relay = list.iter().find(|one| one["check"] == "relay").cloned();
        // A relay that is down is one finding, whatever the peer has noted about it.
        let again = list.iter().any(|one| one["check"] == "problem" && one["text"].to_string().contains("The relay"));
        let right = relay.as_ref().is_some_and(|relay| relay["ok"] == connected);
        if right && (connected || (code == Some(1) && !again)) { Ok(()) } else { Err(relay) }
    });
}

fn device(peer: &Peer) -> String {
    peer.ready().expect("runs").device.clone()
}

#[test]
fn only_listed_devices_with_the_key_are_let_in() {
    let home = peer();
    let list = home.home().with_extension("list");
    std::fs::write(&list, "# nobody yet\n").expect("written");
    let arguments = ["--listen", "127.0.0.1:0", "--devices", list.to_str().expect("a plain path")];
    let relay = Relay::new(home.home(), &arguments);
    assert_eq!(relay.ready["devices"], 0);

    // The key alone is not enough, and whoever runs the relay is told what would be.
    let ada = using(relay.url(), "Ada");
    let refused = relay.event("refused");
    assert_eq!((&refused["device"], &refused["line"]), (&device(&ada).into(), &device(&ada).into()));
    let problem = eventually_blocking(SOON, "the refusal is on Ada's list", || {
        let status = ada.ask(&["status"]).expect("answers");
        status["problems"].as_array()?.iter().find(|one| one["code"] == "relay-not-listed").cloned()
    });
    let hint = problem["hint"].as_str().expect("a text");
    assert!(hint.contains(&device(&ada)) && hint.contains("`--devices`"), "{hint}");
    connected(&ada, false);

    // The line that was told lets it in, without a restart of anything.
    std::fs::write(&list, format!("{}  # Ada\n", device(&ada))).expect("written");
    assert_eq!(relay.event("list-changed")["devices"], 1);
    connected(&ada, true);

    // Being listed is not enough either.
    let (address, key) = relay.url().split_once('#').expect("a key");
    let other = if key.starts_with('a') { "b" } else { "a" };
    let bo = using(&format!("{address}#{other}{}", &key[1..]), "Bo");
    let both = format!("{}\n{}\n", device(&ada), device(&bo));
    std::fs::write(&list, &both).expect("written");
    assert_eq!(relay.event("list-changed")["devices"], 2);
    eventually_blocking(SOON, "Bo's problem is on the list", || {
        let status = bo.ask(&["status"]).expect("answers");
        let codes = ["relay-refused", "relay-unreachable"];
        let list = status["problems"].as_array().expect("a list").clone();
        list.iter().any(|one| codes.iter().any(|code| one["code"] == *code))
    });
    connected(&bo, false);

    // A bad line changes nothing.
    std::fs::write(&list, format!("{}\nBo\n", device(&bo))).expect("written");
    let failed = relay.event("list-failed");
    let detail = failed["problem"]["detail"].as_str().expect("a text");
    assert!(detail.starts_with("Line 2 of the list"), "{detail}");
    connected(&ada, true);

    // Who is taken out is dropped, and refused from then on.
    std::fs::write(&list, format!("{}\n", device(&bo))).expect("written");
    assert_eq!(relay.event("list-changed")["devices"], 1);
    assert_eq!(relay.event("dropped")["device"], device(&ada));
    assert_eq!(relay.event("refused")["device"], device(&ada));
    connected(&ada, false);

    // Who was let in is remembered, and nobody else.
    relay.end();
    let text = std::fs::read_to_string(home.home().join("relay-devices.json")).expect("a file");
    let written: Value = serde_json::from_str(&text).expect("JSON");
    let devices = written["devices"].as_array().expect("a list");
    assert_eq!(devices.len(), 1, "{written}");
    assert_eq!(devices[0]["device"], device(&ada));
    let time = |name: &str| devices[0][name].as_u64().expect("a time");
    assert!(time("first_seen") > 0 && time("last_seen") > time("first_seen"), "{written}");
    std::fs::remove_file(list).expect("removed");
}

#[test]
fn another_key_shuts_out_those_who_have_the_old_one() {
    let home = peer();
    let relay = Relay::new(home.home(), &["--listen", "127.0.0.1:0"]);
    let (old, listen) = (relay.url().to_owned(), address(relay.url()));
    assert_eq!((&relay.ready["new_key"], &relay.ready["devices"]), (&Value::Bool(false), &Value::Null));
    let ada = using(&old, "Ada");
    connected(&ada, true);

    // While the port is taken, nothing changes.
    let refused = Command::new(env!("CARGO_BIN_EXE_compeer"))
        .args(["relay", "--listen", &listen, "--new-key", "--json"])
        .env("COMPEER_HOME", home.home())
        .output()
        .expect("runs");
    assert_eq!(refused.status.code(), Some(1));
    relay.end();
    let relay = Relay::new(home.home(), &["--listen", &listen]);
    assert_eq!(relay.url(), old);
    relay.end();

    let relay = Relay::new(home.home(), &["--listen", &listen, "--new-key"]);
    assert_eq!(relay.ready["new_key"], true);
    let new = relay.url().to_owned();
    assert_eq!(address(&new), listen);
    assert_ne!(new, old);
    connected(&ada, false);
    connected(&using(&new, "Bo"), true);
    connected(&using(&old, "Cleo"), false);
    relay.end();
    let relay = Relay::new(home.home(), &["--listen", &listen]);
    assert_eq!(relay.url(), new, "it stays");
}

/// Where a relay listens.
fn address(url: &str) -> String {
    let address = url.strip_prefix("https://").and_then(|url| url.split_once('/'));
    address.expect("a host and a port").0.to_owned()
}
