//! Waiting in tests: for what must come true, within a limit, with a message that helps when it does not.
//!
//! The only place in the tests where time passes. Prefer waiting for an event ([`first`]) to asking again and again
//! ([`eventually`]).

use std::{
    collections::VecDeque,
    fmt::Debug,
    future::Future,
    panic::Location,
    time::{Duration, Instant},
};
use tokio::time::{sleep, timeout, timeout_at};

/// What a condition may return: `bool`, `Option<T>` (there, or not yet) or `Result<T, E>` (there, or why not yet).
pub trait Outcome {
    /// What the condition gives once it holds.
    type Value;

    /// The value, or why there is none yet.
    ///
    /// # Errors
    /// While the condition does not hold.
    fn settle(self) -> Result<Self::Value, String>;
}

impl Outcome for bool {
    type Value = ();

    fn settle(self) -> Result<(), String> {
        self.then_some(()).ok_or_else(|| "false".to_owned())
    }
}

impl<T> Outcome for Option<T> {
    type Value = T;

    fn settle(self) -> Result<T, String> {
        self.ok_or_else(|| "None".to_owned())
    }
}

impl<T, E: Debug> Outcome for Result<T, E> {
    type Value = T;

    fn settle(self) -> Result<T, String> {
        self.map_err(|error| format!("{error:?}"))
    }
}

/// Asks until the condition holds and returns what it gives, asking every millisecond at first and every 50 ms later.
///
/// # Panics
/// After `limit`, naming the caller, `what` was waited for, and the last answer.
#[track_caller]
pub fn eventually<O: Outcome>(
    limit: Duration,
    what: &str,
    mut condition: impl AsyncFnMut() -> O,
) -> impl Future<Output = O::Value> {
    let caller = Location::caller();
    async move {
        let end = tokio::time::Instant::now() + limit;
        let mut pause = Duration::from_millis(1);
        let mut last = "no answer".to_owned();
        // One question must not take longer than all of them may.
        while let Ok(answer) = timeout_at(end, condition()).await {
            match answer.settle() {
                Ok(value) => return value,
                Err(reason) => last = reason,
            }
            if tokio::time::Instant::now() + pause > end {
                break;
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
        panic!("{caller}: not within {limit:?}: {what}; the last answer was {last}");
    }
}

/// The same for tests without a runtime.
///
/// # Panics
/// After `limit`, as [`eventually`] does.
#[track_caller]
pub fn eventually_blocking<O: Outcome>(limit: Duration, what: &str, mut condition: impl FnMut() -> O) -> O::Value {
    let end = Instant::now() + limit;
    let mut pause = Duration::from_millis(1);
    loop {
        let last = match condition().settle() {
            Ok(value) => return value,
            Err(reason) => reason,
        };
        assert!(Instant::now() + pause <= end, "not within {limit:?}: {what}; the last answer was {last}");
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// The first event that `accept` takes, out of a stream whose `next` gives `None` when it ends.
///
/// # Panics
/// After `limit`, or when the stream ends, naming the caller, `what` was waited for, and the last events that came
/// instead.
#[track_caller]
pub fn first<T: Debug>(
    limit: Duration,
    what: &str,
    mut next: impl AsyncFnMut() -> Option<T>,
    mut accept: impl FnMut(&T) -> bool,
) -> impl Future<Output = T> {
    let caller = Location::caller();
    async move {
        let mut others = VecDeque::new();
        let search = async {
            while let Some(event) = next().await {
                if accept(&event) {
                    return Some(event);
                }
                if others.len() == 20 {
                    others.pop_front();
                }
                others.push_back(event);
            }
            None
        };
        let found = timeout(limit, search).await;
        match found {
            Ok(Some(event)) => event,
            Ok(None) => panic!("{caller}: the stream ended without {what}; before that came {others:#?}"),
            Err(_) => panic!("{caller}: not within {limit:?}: {what}; what came instead: {others:#?}"),
        }
    }
}
