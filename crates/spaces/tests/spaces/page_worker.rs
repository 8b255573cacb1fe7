//! This program of tests as the worker that reads pages, with switches to break it that no other worker has.

use std::time::Duration;

use compeer_spaces::pages::{Confine, WorkerCommand, run_worker_with};

/// An update that says this keeps the worker busy for ever.
pub(crate) const HANG: &str = "please hang";
/// An update that says this makes it want all memory there is.
pub(crate) const GROW: &str = "please grow";
/// An update that says this ends it.
pub(crate) const BREAK: &str = "please break";
/// Told to the worker, so that the test below knows that it is one.
const VARIABLE: &str = "COMPEER_TEST_PAGE_WORKER";

pub(crate) fn command() -> WorkerCommand {
    WorkerCommand {
        program: std::env::current_exe().expect("this program"),
        arguments: ["page_worker::worker", "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec(),
        variables: vec![(VARIABLE.into(), "1".into())],
        patience: Duration::from_secs(5),
    }
}

#[test]
#[ignore = "it is the worker of the other tests"]
fn worker() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    let says = |update: &[u8], what: &str| update.windows(what.len()).any(|part| part == what.as_bytes());
    let done = run_worker_with(Confine { memory: 1 << 30, seconds: 60 }, |update| {
        if says(update, HANG) {
            loop {
                std::hint::spin_loop();
            }
        }
        if says(update, GROW) {
            let mut all = Vec::new();
            loop {
                all.push(vec![1_u8; 1 << 20]);
            }
        }
        if says(update, BREAK) {
            std::process::abort();
        }
    });
    done.expect("the pipe is there until it is closed");
}
