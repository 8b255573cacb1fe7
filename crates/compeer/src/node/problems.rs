//! What somebody should look at: a short list, each thing once.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use compeer_core::{DeviceId, GroupId, Millis};
use tokio::sync::broadcast;

use crate::error::trouble::REFUSED;
use crate::text::visible;

/// Problems kept; the oldest makes room.
const KEPT: usize = 100;
/// Changes a slow listener may fall behind.
const CHANGES: usize = 256;

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Something is worse than it should be.
    Warning,
    /// Somebody must act.
    Error,
}

/// A problem in words, not yet recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// How much it matters.
    pub severity: Severity,
    /// What it is, for programs.
    pub code: &'static str,
    /// What it is, in a plain sentence.
    pub text: String,
    /// What to do about it.
    pub hint: String,
    /// The device it is about.
    pub device: Option<DeviceId>,
    /// The space it is about.
    pub space: Option<GroupId>,
}

/// A recorded problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its number since the start.
    pub id: u64,
    /// When it was last seen.
    pub at: Millis,
    /// The words.
    pub trouble: Trouble,
}

/// A change of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemChange {
    /// Somebody should look at this, possibly again.
    Added(Problem),
    /// Somebody has looked.
    Dismissed(u64),
}

/// The list.
#[derive(Debug)]
pub struct Problems {
    state: Mutex<State>,
    changes: broadcast::Sender<ProblemChange>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    list: VecDeque<Problem>,
}

impl Default for Problems {
    fn default() -> Self {
        Self { state: Mutex::default(), changes: broadcast::Sender::new(CHANGES) }
    }
}

impl Problems {
    /// Records a problem, and logs it unless it stands there in the same words. The same thing about the same device and
    /// space stands in the list once, with its newest time and words.
    pub fn record(&self, trouble: Trouble, now: Millis) {
        let (problem, known) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let same = |old: &Problem| {
                // Strangers can have as many ids as they like, and must not crowd out what matters.
                let key = |trouble: &Trouble| {
                    (trouble.code, trouble.device.filter(|_| trouble.code != REFUSED), trouble.space)
                };
                key(&old.trouble) == key(&trouble)
            };
            let old = state.list.iter().position(same).and_then(|at| state.list.remove(at));
            let known = old.as_ref().is_some_and(|old| old.trouble == trouble);
            let id = old.map_or_else(
                || {
                    state.next += 1;
                    state.next
                },
                |old| old.id,
            );
            if state.list.len() >= KEPT {
                state.list.pop_front();
            }
            let problem = Problem { id, at: now, trouble };
            state.list.push_back(problem.clone());
            (problem, known)
        };
        if !known {
            log(&problem.trouble);
        }
        // Nobody listening is fine.
        let _ = self.changes.send(ProblemChange::Added(problem));
    }

    /// Takes a problem off the list; false when it is not on it.
    pub fn dismiss(&self, id: u64) -> bool {
        self.remove(|problem| problem.id == id)
    }

    /// Takes what is over by itself off the list.
    pub fn resolve(&self, code: &str, device: Option<DeviceId>) {
        self.remove(|problem| problem.trouble.code == code && problem.trouble.device == device);
    }

    /// The same for something about a space.
    pub fn resolve_in(&self, code: &str, space: GroupId) {
        self.remove(|problem| problem.trouble.code == code && problem.trouble.space == Some(space));
    }

    fn remove(&self, which: impl Fn(&Problem) -> bool) -> bool {
        let gone: Vec<u64> = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let gone = state.list.iter().filter(|problem| which(problem)).map(|problem| problem.id).collect();
            state.list.retain(|problem| !which(problem));
            gone
        };
        for id in &gone {
            let _ = self.changes.send(ProblemChange::Dismissed(*id));
        }
        !gone.is_empty()
    }

    /// The list, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Problem> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).list.iter().cloned().collect()
    }

    /// Changes from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<ProblemChange> {
        self.changes.subscribe()
    }
}

/// One line for whoever looks at the terminal that the peer runs in.
fn log(trouble: &Trouble) {
    let (text, hint) = (visible(&trouble.text), visible(&trouble.hint));
    match trouble.severity {
        Severity::Warning => tracing::warn!(target: "compeer::problem", "{text} {hint}"),
        Severity::Error => tracing::error!(target: "compeer::problem", "{text} {hint}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(code: &'static str, device: u8) -> Trouble {
        Trouble {
            severity: Severity::Warning,
            code,
            text: "Something.".into(),
            hint: "Do something.".into(),
            device: Some(DeviceId::from_bytes([device; 32])),
            space: None,
        }
    }

    #[test]
    fn the_same_thing_stands_there_once() {
        let problems = Problems::default();
        let mut changes = problems.changes();
        problems.record(trouble("a", 1), 10);
        problems.record(trouble("a", 2), 11);
        problems.record(trouble("a", 1), 12);
        let list = problems.list();
        assert_eq!(list.iter().map(|problem| (problem.id, problem.at)).collect::<Vec<_>>(), [(2, 11), (1, 12)]);
        assert!(problems.dismiss(2));
        assert!(!problems.dismiss(2));
        problems.resolve("a", Some(DeviceId::from_bytes([1; 32])));
        assert!(problems.list().is_empty());
        let told: Vec<_> = std::iter::from_fn(|| changes.try_recv().ok()).collect();
        assert_eq!(told.len(), 5);
        assert_eq!(told.last(), Some(&ProblemChange::Dismissed(1)));
    }

    #[test]
    fn the_list_is_short() {
        let problems = Problems::default();
        for device in 0..=u8::MAX {
            problems.record(trouble("a", device), 0);
        }
        assert_eq!(problems.list().len(), KEPT);
        assert_eq!(problems.list()[0].id, 256 - KEPT as u64 + 1);
    }
}
