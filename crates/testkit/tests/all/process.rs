//! Programs with homes, tried on a stand-in: a shell script that speaks as `compeer` does.

use compeer_testkit::process::{Peer, ProcessError};
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};
use tempfile::TempDir;

const STAND_IN: &str = r#"#!/bin/sh
case "$1" in
  up)
    echo start >>"$COMPEER_HOME/starts"
    [ "$2" = --broken ] && { echo "no room here" >&2; exit 1; }
    trap 'echo ended >>"$COMPEER_HOME/starts"; exit 0' TERM
    echo "listening" >&2
    echo "{\"ready\":true,\"api\":\"http://127.0.0.1:1\",\"device\":\"abc\",\"pid\":$$}"
    while :; do sleep 0.01; done ;;
  events)
    echo '{"event":"peer.up","device":"x"}'
    echo '{"event":"chat.message","id":"m1"}'
    while :; do sleep 0.01; done ;;
  echo) printf '{"said":"%s"}\n' "$(cat)" ;;
  lines) printf '1\n2\n' ;;
  *) echo "unknown command; try help" >&2; exit 2 ;;
esac
"#;

/// The folder has to live as long as the program in it is used.
fn stand_in() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("compeer");
    fs::write(&path, STAND_IN).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    (folder, path)
}

#[test]
fn a_peer_comes_up_goes_down_and_keeps_its_home() {
    let (_folder, program) = stand_in();
    let mut peer = Peer::with_program(&program).unwrap();
    assert!(matches!(peer.ready(), Err(ProcessError::NotRunning)));
    let ready = peer.up(&["--api", "127.0.0.1:0"]).unwrap();
    assert_eq!((ready.api.as_str(), ready.device.as_str()), ("http://127.0.0.1:1", "abc"));
    peer.terminate().unwrap();
    peer.up(&[]).unwrap();
    peer.kill();
    assert!(!fs::exists(format!("/proc/{}", ready.pid)).unwrap());
    let starts = fs::read_to_string(peer.home().join("starts")).unwrap();
    assert_eq!(starts, "start\nended\nstart\n", "a killed program says nothing");
}

#[test]
fn a_peer_that_does_not_come_up_says_why() {
    let (_folder, program) = stand_in();
    let mut peer = Peer::with_program(&program).unwrap();
    let error = peer.up(&["--broken"]).unwrap_err().to_string();
    assert!(error.contains("no room here") && error.contains("up --broken"), "{error}");
}

#[test]
fn commands_answer_in_json() {
    let (_folder, program) = stand_in();
    let peer = Peer::with_program(&program).unwrap();
    assert_eq!(peer.ask_with(&["echo"], "hello").unwrap()["said"], "hello");
    assert!(matches!(peer.ask(&["lines"]), Err(ProcessError::NotJson { .. })));
    let refused = peer.ask(&["nonsense"]).unwrap_err();
    assert!(
        matches!(&refused, ProcessError::Ended { status, stderr, .. } if status.code() == Some(2) && stderr.contains("try help")),
        "{refused}"
    );
}

#[test]
fn events_are_found_by_name() {
    let (_folder, program) = stand_in();
    let peer = Peer::with_program(&program).unwrap();
    let events = peer.events().unwrap();
    assert_eq!(events.named(Duration::from_secs(10), "chat.message")["id"], "m1");
}
