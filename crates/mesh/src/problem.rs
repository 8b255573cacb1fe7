//! Records problems as events, so seldom that nobody can flood the log or the page with them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::event::{MeshEvent, Problem};

/// One and the same problem is reported again only after this long.
const QUIET: Duration = Duration::from_secs(60);
/// Problems remembered at once. Beyond that nothing new is reported until some are old, so strangers cannot fill memory.
const REMEMBERED: usize = 256;

/// The one place where problems are recorded.
pub(crate) struct Problems {
    events: broadcast::Sender<MeshEvent>,
    recent: Mutex<HashMap<Problem, Instant>>,
}

impl Problems {
    pub(crate) fn new(events: broadcast::Sender<MeshEvent>) -> Self {
        Self { events, recent: Mutex::default() }
    }

    /// Reports the problem, unless the same was reported within the last minute.
    pub(crate) fn record(&self, problem: Problem) {
        let now = Instant::now();
        {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            if recent.get(&problem).is_some_and(|at| now.duration_since(*at) < QUIET) {
                return;
            }
            if recent.len() >= REMEMBERED {
                recent.retain(|_, at| now.duration_since(*at) < QUIET);
            }
            if recent.len() >= REMEMBERED {
                return;
            }
            recent.insert(problem.clone(), now);
        }
        // Whoever listens has the words for it.
        tracing::debug!(%problem, "problem");
        // Nobody listening is fine.
        let _ = self.events.send(MeshEvent::Problem(problem));
    }
}
