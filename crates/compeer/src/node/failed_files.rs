//! Notices files that were asked for and did not come, for a reason that waiting does not mend.
//!
//! Whoever asks for a folder may be gone when some of its files fail; what failed stays a problem of its space until the
//! files are here or nobody wants them any more.

use std::collections::BTreeMap;
use std::time::Duration;

use compeer_core::GroupId;
use compeer_spaces::SpacesEvent;
use compeer_spaces::model::{Transfer, TransferState};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{MissedTickBehavior, interval};

use super::Node;
use super::watch::space_name;
use crate::error::trouble;
use crate::error::words::sentence;

/// Files of a folder fail in a row; they are looked at together.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What failed in a space.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Failed {
    count: usize,
    /// The name of the one that failed first, and why it did.
    first: (String, String),
}

/// Watches until the node stops.
pub(super) async fn watch(node: Node, mut events: Receiver<SpacesEvent>) {
    let stop = node.stopping();
    let mut timer = interval(LOOK_EVERY);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = BTreeMap::new();
    let mut look = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timer.tick(), if look => {
                look = false;
                known = told(&node, known).await;
            }
            event = events.recv() => match event {
                Ok(event) => look |= is_about_failures(&event, !known.is_empty()),
                Err(RecvError::Lagged(_)) => look = true,
                Err(RecvError::Closed) => return,
            },
        }
    }
}

/// Whether it may have changed what failed. `some`: something has.
fn is_about_failures(event: &SpacesEvent, some: bool) -> bool {
    match event {
        SpacesEvent::Transfer(transfer) => some || matches!(transfer.state, TransferState::Failed(_)),
        SpacesEvent::Fetched { .. }
        | SpacesEvent::FileChanged { .. }
        | SpacesEvent::FileRemoved { .. }
        | SpacesEvent::SpaceGone { .. }
        | SpacesEvent::Much { .. } => some,
        _ => false,
    }
}

/// Brings the problems in line with what has failed by now. Returns that.
async fn told(node: &Node, before: BTreeMap<GroupId, Failed>) -> BTreeMap<GroupId, Failed> {
    let now = failed(node.spaces().transfers());
    for space in before.keys().filter(|space| !now.contains_key(space)) {
        node.problems().resolve_in(trouble::FILES_FAILED, *space);
    }
    for (space, failed) in &now {
        let more = before.get(space).is_none_or(|before| before.count < failed.count);
        // What somebody has dismissed comes back only when there is more of it.
        if before.get(space) != Some(failed) && (more || is_listed(node, *space)) {
            let name = space_name(node, *space).await;
            let (file, why) = &failed.first;
            let trouble = trouble::files_failed(*space, name.as_deref(), failed.count, file, why);
            node.problems().record(trouble, node.now());
        }
    }
    now
}

fn is_listed(node: &Node, space: GroupId) -> bool {
    let is =
        |problem: super::Problem| problem.trouble.code == trouble::FILES_FAILED && problem.trouble.space == Some(space);
    node.problems().list().into_iter().any(is)
}

/// What has failed, by space. The latest to end stands first among those that are over.
fn failed(transfers: Vec<Transfer>) -> BTreeMap<GroupId, Failed> {
    let mut all: BTreeMap<GroupId, Failed> = BTreeMap::new();
    for transfer in transfers.into_iter().rev() {
        if let TransferState::Failed(cause) = &transfer.state {
            let first = || (transfer.name.clone(), sentence(cause));
            all.entry(transfer.id.space).or_insert_with(|| Failed { count: 0, first: first() }).count += 1;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use compeer_core::EntryHash;
    use compeer_spaces::{FetchError, TransferId};

    use super::*;

    fn transfer(space: u8, name: &str, state: TransferState) -> Transfer {
        Transfer {
            id: TransferId { space: GroupId::from_bytes([space; 32]), file: EntryHash::from_bytes([9; 32]) },
            name: name.into(),
            dir: "/tmp".into(),
            done: 0,
            size: 1,
            rate: 0,
            from: Vec::new(),
            state,
        }
    }

    #[test]
    fn the_first_that_failed_is_named() {
        let all = failed(vec![
            transfer(1, "c", TransferState::Running),
            transfer(1, "b", TransferState::Failed(FetchError::Name)),
            transfer(2, "x", TransferState::Done("/tmp/x".into())),
            transfer(1, "a", TransferState::Failed(FetchError::DiskFull)),
        ]);
        let expected = Failed { count: 2, first: ("a".into(), "This disk has no room for it.".into()) };
        assert_eq!(all, BTreeMap::from([(GroupId::from_bytes([1; 32]), expected)]));
    }
}
