//! Computers with a Compeer on each, and a relay, in a lab.

use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use compeer_testkit::netns::{Child, Host, Lab, Lan, Nat};
use compeer_testkit::process::Peer;
use compeer_testkit::wait::eventually_blocking;
use serde_json::Value;

/// Long enough for anything that needs no outage to end first, on a busy machine.
pub(super) const SOON: Duration = Duration::from_secs(30);
/// How long a direct path may take: where the first attempt to punch a hole fails, iroh makes its next after a minute
/// (`UPGRADE_INTERVAL` in `iroh/src/socket/remote_map/remote_state.rs`).
pub(super) const DIRECT: Duration = Duration::from_secs(75);
/// How long an outage may be felt after it is over.
pub(super) const HEALED: Duration = Duration::from_secs(10);
/// The space that all tests use.
pub(super) const SPACE: &str = "Harbour";
/// Where relays listen, for TCP and UDP.
pub(super) const RELAY_PORT: u16 = 4920;

const PROGRAM: &str = env!("CARGO_BIN_EXE_compeer");

/// A computer that belongs to somebody.
pub(super) struct Computer {
    pub(super) peer: Peer,
    pub(super) host: Host,
}

impl Computer {
    /// Introduces a person there. The program does not run yet.
    pub(super) fn new(host: Host, name: &str) -> Self {
        let peer = Peer::with_program(Path::new(PROGRAM)).expect("a home").on(&host);
        peer.ask(&["init", "--name", name]).expect("introduces");
        Self { peer, host }
    }

    /// Starts the program.
    pub(super) fn up(&mut self, arguments: &[&str]) {
        self.peer.up(&[&["--api", "127.0.0.1:0"], arguments].concat()).expect("starts");
    }

    /// The same for a new computer.
    pub(super) fn running(host: Host, name: &str, arguments: &[&str]) -> Self {
        let mut computer = Self::new(host, name);
        computer.up(arguments);
        computer
    }

    pub(super) fn device(&self) -> &str {
        &self.peer.ready().expect("runs").device
    }

    /// Makes the space and invites one person to it.
    pub(super) fn invites(&self) -> String {
        self.peer.ask(&["space", "create", SPACE]).expect("creates");
        self.invites_again()
    }

    pub(super) fn invites_again(&self) -> String {
        let made = self.peer.ask(&["space", "invite", SPACE]).expect("invites");
        made["invite"].as_str().expect("a text").to_owned()
    }

    /// Joins by an invitation and knows the space's name afterwards.
    #[track_caller]
    pub(super) fn joins(&self, invite: &str) {
        self.peer.ask_with(&["space", "join", "-"], invite).expect("joins");
        eventually_blocking(SOON, "the space's name", || {
            self.peer.ask(&["space", "list"]).is_ok_and(|list| list[0]["name"] == SPACE)
        });
    }

    pub(super) fn says(&self, text: &str) {
        self.peer.ask(&["chat", "send", SPACE, text]).expect("sends");
    }

    /// The texts of the newest messages here, in order.
    pub(super) fn log(&self) -> Vec<String> {
        let log = self.peer.ask(&["chat", "log", SPACE, "--limit", "1000"]).expect("shows");
        log.as_array().expect("a list").iter().map(|one| one["text"].as_str().expect("a text").to_owned()).collect()
    }

    /// Waits until exactly these messages are here, each once.
    #[track_caller]
    pub(super) fn has_heard(&self, limit: Duration, texts: &[String]) {
        let mut expected = texts.to_vec();
        expected.sort();
        eventually_blocking(limit, "exactly what was said", || {
            let mut log = self.log();
            log.sort();
            if log == expected { Ok(()) } else { Err(log) }
        });
    }

    /// How another device is reached: `direct`, `relay` or `none`.
    pub(super) fn path_to(&self, other: &str) -> String {
        let status = self.peer.ask(&["status"]).expect("answers");
        let peers = status["peers"].as_array().expect("a list");
        let peer = peers.iter().find(|peer| peer["device"] == other);
        peer.and_then(|peer| peer["path"].as_str()).unwrap_or("none").to_owned()
    }

    /// Waits until another device is reached that way.
    #[track_caller]
    pub(super) fn reaches(&self, other: &str, path: &str, limit: Duration) {
        eventually_blocking(limit, &format!("a path that is {path}"), || {
            let now = self.path_to(other);
            if now == path { Ok(()) } else { Err(now) }
        });
    }

    /// The problem with this code, once it stands on the list.
    #[track_caller]
    pub(super) fn problem(&self, code: &str) -> Value {
        eventually_blocking(SOON, "the problem", || {
            let status = self.peer.ask(&["status"]).expect("answers");
            let list = status["problems"].as_array().expect("a list").clone();
            list.iter().find(|problem| problem["code"] == code).cloned().ok_or(list)
        })
    }
}

/// A relay on a computer of its own.
pub(super) struct Relay {
    program: Option<Child>,
    pub(super) host: Host,
    home: tempfile::TempDir,
    /// Its address with its key, as peers are told it.
    pub(super) url: String,
}

impl Relay {
    pub(super) fn new(host: Host) -> Self {
        let mut relay = Self { program: None, host, home: tempfile::tempdir().expect("a folder"), url: String::new() };
        relay.start();
        relay
    }

    /// Starts it, and returns when it listens.
    pub(super) fn start(&mut self) {
        let mut command = Command::new(PROGRAM);
        command
            .args(["relay", "--listen", &format!("0.0.0.0:{RELAY_PORT}")])
            .args(["--host", &self.host.address().to_string(), "--json"])
            .env("COMPEER_HOME", self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = self.host.spawn(command).expect("starts");
        let stdout = child.process().stdout.take().expect("a pipe");
        let (send, line) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let mut line = String::new();
            // Nobody waits any more after the limit.
            let _ = send.send(BufReader::new(stdout).read_line(&mut line).map(|_| line));
        });
        let line = line.recv_timeout(SOON).expect("is ready in time").expect("says something");
        let ready: Value = serde_json::from_str(&line).expect("JSON");
        self.url = ready["url"].as_str().expect("a URL").to_owned();
        self.program = Some(child);
    }

    /// Pulls its plug.
    pub(super) fn kill(&mut self) {
        self.program = None;
    }
}

/// Two offices behind NATs, and a relay that both can reach.
pub(super) struct Offices {
    pub(super) ada: Computer,
    pub(super) bo: Computer,
    pub(super) relay: Relay,
    pub(super) left: Lan,
    pub(super) right: Lan,
    _lab: Lab,
}

impl Offices {
    /// Computers with people, and a relay that runs; nothing else does.
    pub(super) fn quiet(nats: [Nat; 2]) -> Option<Self> {
        let lab = Lab::new_or_skip()?;
        let outside = lab.lan("outside").expect("a LAN");
        let relay = Relay::new(lab.host("relay", &outside).expect("a host"));
        let [left, right] = [("left", nats[0]), ("right", nats[1])]
            .map(|(name, nat)| lab.lan_behind(name, &outside, nat).expect("an office"));
        let ada = Computer::new(lab.host("ada", &left).expect("a host"), "Ada");
        let bo = Computer::new(lab.host("bo", &right).expect("a host"), "Bo");
        Some(Self { ada, bo, relay, left, right, _lab: lab })
    }

    /// Both run and share a space.
    pub(super) fn together(nats: [Nat; 2]) -> Option<Self> {
        let mut offices = Self::quiet(nats)?;
        for computer in [&mut offices.ada, &mut offices.bo] {
            computer.up(&["--no-lan", "--relay", &offices.relay.url]);
        }
        let invite = offices.ada.invites();
        offices.bo.joins(&invite);
        Some(offices)
    }

    /// What outsiders see of the two offices.
    pub(super) fn outer_addresses(&self) -> [Ipv4Addr; 2] {
        [&self.left, &self.right].map(|office| office.outer_address().expect("an uplink"))
    }

    /// Waits until each reaches the other that way.
    #[track_caller]
    pub(super) fn reach_each_other(&self, path: &str, limit: Duration) {
        self.ada.reaches(self.bo.device(), path, limit);
        self.bo.reaches(self.ada.device(), path, limit);
    }
}

/// Lets time pass, which is what is tested: an idle computer, or a cable that stays pulled.
pub(super) fn wait_out(time: Duration) {
    let end = Instant::now() + time;
    eventually_blocking(time + SOON, "the end of a wait", || Instant::now() >= end);
}

/// Numbered texts, so that a doubled or lost one shows.
pub(super) fn texts(who: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{who} {number}")).collect()
}
