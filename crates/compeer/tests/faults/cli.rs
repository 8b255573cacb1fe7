//! Commands to their very end: the exit code and what stands on stdout and stderr.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

use compeer_testkit::process::{LIMIT, Peer};
use compeer_testkit::wait::eventually_blocking;
use serde_json::Value;

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command on a peer's home.
#[track_caller]
pub(crate) fn run(peer: &Peer, arguments: &[&str], input: &str) -> Ran {
    let child = Command::new(env!("CARGO_BIN_EXE_compeer"))
        .args(arguments)
        .env("COMPEER_HOME", peer.home())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut child = Ended(child);
    let mut stdin = child.0.stdin.take().expect("a pipe");
    let stdout = read(child.0.stdout.take().expect("a pipe"));
    let stderr = read(child.0.stderr.take().expect("a pipe"));
    // A command that reads nothing closes the pipe early.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let status = eventually_blocking(LIMIT, &format!("{arguments:?} ends"), || child.0.try_wait().ok().flatten());
    let text = |reader: thread::JoinHandle<String>| reader.join().expect("reads");
    Ran { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

fn read(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8(bytes).expect("UTF-8")
    })
}

/// A child that does not outlive the test.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a command that must succeed, with `--json`: one JSON value on one line of stdout, nothing on stderr.
#[track_caller]
pub(crate) fn does(peer: &Peer, arguments: &[&str], input: &str) -> Value {
    let ran = run(peer, &[arguments, &["--json"]].concat(), input);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    assert_eq!(ran.stderr, "", "{arguments:?}");
    assert_eq!(ran.stdout.lines().count(), 1, "{arguments:?}: {ran:?}");
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{arguments:?}: no JSON: {ran:?}"))
}

/// Runs a command that must fail, once for a program and once for a person: nothing on stdout, a problem document or a
/// sentence and a hint on stderr, and the exit code 2 for wrong usage, 1 for everything else.
#[track_caller]
pub(crate) fn fails(peer: &Peer, arguments: &[&str], input: &str, code: &str) {
    let exit = if code == "usage" { 2 } else { 1 };
    let ran = run(peer, &[arguments, &["--json"]].concat(), input);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(exit), ""), "{arguments:?}: {ran:?}");
    let document: Value = serde_json::from_str(&ran.stderr).unwrap_or_else(|_| panic!("{arguments:?}: {ran:?}"));
    assert_eq!(document["code"], code, "{arguments:?}: {document}");
    for field in ["title", "detail", "hint"] {
        assert!(document[field].as_str().is_some_and(|text| !text.is_empty()), "{arguments:?}: {document}");
    }
    let ran = run(peer, arguments, input);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(exit), ""), "{arguments:?}: {ran:?}");
    let lines: Vec<_> = ran.stderr.lines().collect();
    let shaped = matches!(lines[..], [what, hint] if what.starts_with("compeer: ") && hint.starts_with("  "));
    assert!(shaped, "{arguments:?}: {ran:?}");
}

/// Runs a command that cannot be meant: words on stderr, exit code 2.
#[track_caller]
pub(crate) fn makes_no_sense(peer: &Peer, arguments: &[&str]) {
    let ran = run(peer, arguments, "");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
    assert!(ran.stderr.contains("--help"), "{arguments:?}: {ran:?}");
}
