//! Whole programs through good days and bad ones: the tour by command line, kills, a full disk, an old backup, bad input.

mod backup;
mod bad_input;
mod cli;
mod disk;
mod ends;
mod fetches;
mod files;
mod http;
mod kills;
mod said;
mod tour;

use std::net::UdpSocket;
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use compeer_testkit::process::{Peer, ProcessError, Ready};
use compeer_testkit::wait::eventually_blocking;
use serde_json::Value;

/// How long what happens between peers may take.
const SOON: Duration = Duration::from_secs(30);

/// A computer: a home and a place on the network, which stay the same however often its program is started.
struct Computer {
    peer: Peer,
    listen: String,
}

impl Computer {
    /// A new home for the program under test.
    fn new() -> Self {
        let peer = Peer::with_program(Path::new(env!("CARGO_BIN_EXE_compeer"))).expect("a home");
        // Free now, and no other program is likely to be given it next.
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        Self { peer, listen: socket.local_addr().expect("a port").to_string() }
    }

    /// One that runs and belongs to somebody.
    fn of(name: &str) -> Self {
        let mut computer = Self::new();
        computer.ask(&["init", "--name", name]).expect("introduces");
        computer.up();
        computer
    }

    /// What `up` is told: everything on loopback, and the page's port picked by the system.
    fn arguments(listen: &str) -> [&str; 5] {
        ["--api", "127.0.0.1:0", "--listen", listen, "--no-lan"]
    }

    #[track_caller]
    fn up(&mut self) {
        self.try_up().expect("starts");
    }

    /// The same with further arguments.
    #[track_caller]
    fn up_with(&mut self, further: &[&str]) {
        self.peer.up(&[&Self::arguments(&self.listen), further].concat()).expect("starts");
    }

    fn try_up(&mut self) -> Result<Ready, ProcessError> {
        self.peer.up(&Self::arguments(&self.listen))
    }

    /// Ends it as a user does.
    #[track_caller]
    fn down(&mut self) {
        self.peer.terminate().expect("ends cleanly");
    }

    /// Pulls the plug.
    fn kill(&mut self) {
        self.peer.kill();
    }
}

impl Deref for Computer {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.peer
    }
}

/// Lets a guest into a space of the host.
fn join(host: &Peer, guest: &Peer, space: &str) {
    let made = host.ask(&["space", "invite", space, "--level", "manage"]).expect("invites");
    guest.ask_with(&["space", "join", "-"], made["invite"].as_str().expect("a text")).expect("joins");
}

/// Waits until a command's answer is as it should be.
#[track_caller]
fn until(peer: &Peer, arguments: &[&str], what: &str, accept: impl Fn(&Value) -> bool) -> Value {
    eventually_blocking(SOON, what, || {
        let answer = peer.ask(arguments).map_err(|error| error.to_string())?;
        if accept(&answer) { Ok(answer) } else { Err(answer.to_string()) }
    })
}

/// The elements of an answer that is a list.
#[track_caller]
fn rows(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

/// The names of an object's fields, sorted.
#[track_caller]
fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    let mut keys: Vec<_> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// A field that is text.
#[track_caller]
fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no text {field} in {value}"))
}
