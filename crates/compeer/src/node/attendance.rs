//! Whether somebody is at this device, as far as its pages tell, and what others are told of it.
//!
//! A page says whether somebody has touched any of its tabs lately, and whether it tells what is new by itself. That counts
//! for as long as it listens for events. Others are told that nobody is here, since when, and nothing else; where no page
//! was ever open, nothing is known and nothing told.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use compeer_core::Millis;
use tokio::sync::Notify;

use super::Node;

/// How long no page may be open until nobody is here: reloading one, or closing one to open another, is no absence.
const GONE_AFTER: Millis = 5 * 60_000;
/// Between two times that others are told.
const PAUSE: Duration = Duration::from_secs(1);

/// What a page says about who is at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Somebody has used it lately.
    pub active: bool,
    /// Somebody looks at it now, or the browser shows notifications for it.
    pub tells: bool,
}

/// The pages of this device that are open.
#[derive(Default)]
pub struct Attendance {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// By session: how many streams it listens on, and what it last said.
    pages: HashMap<String, (usize, Report)>,
    /// Since when nobody is here.
    away: Option<Millis>,
    /// Since when no page is open, after one was.
    closed: Option<Millis>,
}

impl State {
    /// Since when nobody is here; and when to look again.
    fn look(&mut self, now: Millis) -> (Option<Millis>, Option<Millis>) {
        let active = self.pages.values().any(|(_, report)| report.active);
        let mut again = None;
        if active {
            (self.away, self.closed) = (None, None);
        } else if self.pages.is_empty() {
            match self.closed {
                Some(closed) if now >= closed.saturating_add(GONE_AFTER) => self.away = self.away.or(Some(closed)),
                closed => again = closed.map(|closed| closed.saturating_add(GONE_AFTER)),
            }
        } else {
            self.away = self.away.or(Some(now));
        }
        (self.away, again)
    }
}

impl Attendance {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page begins to listen. Sessions are few ([`crate::api`] limits them), and so are streams.
    pub(crate) fn open(&self, session: &str) {
        // Whoever opens a page is at it.
        let fresh = Report { active: true, tells: false };
        self.lock().pages.entry(session.to_owned()).or_insert((0, fresh)).0 += 1;
        self.changed.notify_one();
    }

    /// A page listens no more.
    pub(crate) fn close(&self, session: &str, now: Millis) {
        let mut state = self.lock();
        if let Some((streams, _)) = state.pages.get_mut(session) {
            *streams -= 1;
            if *streams == 0 {
                state.pages.remove(session);
            }
        }
        if state.pages.is_empty() {
            state.closed = Some(now);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// What a page says. One that does not listen is not counted.
    pub(crate) fn report(&self, session: &str, report: Report) {
        if let Some(page) = self.lock().pages.get_mut(session) {
            page.1 = report;
        }
        self.changed.notify_one();
    }

    /// Whether some page tells what is new.
    pub(crate) fn is_told(&self) -> bool {
        self.lock().pages.values().any(|(_, report)| report.tells)
    }

    /// Others may be told something else from now on.
    pub(crate) fn look_again(&self) {
        self.changed.notify_one();
    }
}

/// The task that tells others.
pub(super) async fn keep(node: Node) {
    let stop = node.stopping();
    loop {
        let (away, again) = node.attendance().lock().look(node.now());
        let told = away.filter(|_| node.settings().show_away);
        let changed = node.spaces().set_away(told);
        let wait = again.map(|at| Duration::from_millis(at.saturating_sub(node.now()) + 1));
        tokio::select! {
            () = stop.cancelled() => return,
            () = node.attendance().changed.notified() => {}
            () = tokio::time::sleep(wait.unwrap_or(PAUSE)), if wait.is_some() => {}
        }
        if changed {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Report = Report { active: false, tells: true };
    const HERE: Report = Report { active: true, tells: true };

    /// Since when nobody is here at `now`.
    fn away(attendance: &Attendance, now: Millis) -> Option<Millis> {
        attendance.lock().look(now).0
    }

    #[test]
    fn nobody_is_here_when_no_page_is_used() {
        let attendance = Attendance::default();
        assert_eq!(away(&attendance, 1), None, "nothing is known");
        attendance.open("a");
        attendance.open("b");
        attendance.report("a", IDLE);
        assert_eq!(away(&attendance, 2), None, "b is new");
        attendance.report("b", IDLE);
        assert_eq!(away(&attendance, 3), Some(3));
        assert_eq!(away(&attendance, 9), Some(3), "it stays the moment it began");
        attendance.report("a", HERE);
        assert_eq!(away(&attendance, 10), None);
    }

    #[test]
    fn a_page_that_is_closed_says_nothing_any_more() {
        let attendance = Attendance::default();
        attendance.open("a");
        attendance.open("a");
        attendance.report("a", HERE);
        attendance.close("a", 5);
        assert!(attendance.is_told());
        attendance.close("a", 10);
        assert!(!attendance.is_told());
        attendance.report("a", HERE);
        assert!(!attendance.is_told(), "it does not listen");
        assert_eq!(attendance.lock().look(11), (None, Some(10 + GONE_AFTER)));
        assert_eq!(away(&attendance, 10 + GONE_AFTER), Some(10));
        attendance.open("a");
        assert_eq!(away(&attendance, 11 + GONE_AFTER), None);
        attendance.close("a", 12 + GONE_AFTER);
        attendance.close("a", 13 + GONE_AFTER);
        assert_eq!(away(&attendance, 14 + GONE_AFTER), None);
    }
}
