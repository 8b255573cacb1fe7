//! Whole programs: the guards on the API, the command line, and the tour that three people take.

mod bad_input;
mod boards;
mod cli;
mod deleted;
mod direct;
mod ends;
mod export;
mod guards;
mod guests;
mod homes;
mod http;
mod issues;
mod mail;
mod notify;
mod pages;
mod people;
mod relay;
mod search;
mod talk;
mod told;
mod topics;
mod tour;

use std::path::Path;

use compeer_testkit::process::Peer;
use serde_json::Value;

/// Everything on loopback, on ports that the system picks.
const ALONE: &[&str] = &["--api", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--no-lan"];

/// A new home for the program under test.
fn peer() -> Peer {
    Peer::with_program(Path::new(env!("CARGO_BIN_EXE_compeer"))).expect("a home")
}

/// What `doctor` finds, and its exit code.
fn findings(peer: &Peer) -> (Option<i32>, Value) {
    let output = cli::run(peer, &["doctor", "--json"], "");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code(), serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// A peer that runs and belongs to somebody.
fn running(name: &str) -> Peer {
    let mut peer = peer();
    peer.ask(&["init", "--name", name]).expect("introduces");
    peer.up(ALONE).expect("starts");
    peer
}
