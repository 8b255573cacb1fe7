//! Whole programs through good days and bad ones: the tour by command line, kills, a full disk, an old backup, bad input.

mod cli;
mod http;
mod tour;

use std::path::Path;
use std::time::Duration;

use compeer_testkit::process::Peer;
use compeer_testkit::wait::eventually_blocking;
use serde_json::Value;

/// Everything on loopback, on ports that the system picks.
const ALONE: &[&str] = &["--api", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--no-lan"];

/// How long what happens between peers may take.
const SOON: Duration = Duration::from_secs(30);

/// A new home for the program under test.
fn peer() -> Peer {
    Peer::with_program(Path::new(env!("CARGO_BIN_EXE_compeer"))).expect("a home")
}

/// A peer that runs and belongs to somebody.
fn running(name: &str) -> Peer {
    let mut peer = peer();
    peer.ask(&["init", "--name", name]).expect("introduces");
    peer.up(ALONE).expect("starts");
    peer
}

/// Lets a guest into a space of the host.
fn join(host: &Peer, guest: &Peer, space: &str) {
    let made = host.ask(&["space", "invite", space, "--level", "manage"]).expect("invites");
    guest.ask_with(&["space", "join", "-"], made["invite"].as_str().expect("a text")).expect("joins");
}

/// Waits until a command's answer is as it should be.
#[track_caller]
fn until(peer: &Peer, arguments: &[&str], what: &str, accept: impl Fn(&Value) -> bool) -> Value {
    eventually_blocking(SOON, what, || peer.ask(arguments).ok().filter(&accept))
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
