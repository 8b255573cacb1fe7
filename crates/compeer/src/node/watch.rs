//! Listens to the floors below: remembers when devices were last seen, and records what somebody should look at.

use compeer_core::group::Level;
use compeer_core::{DeviceId, GroupId};
use compeer_journal::sync::SyncEvent;
use compeer_journal::{JournalEvent, JournalProblem, ProblemCause};
use compeer_mesh::MeshEvent;
use compeer_spaces::SpacesEvent;
use std::sync::PoisonError;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::Node;
use crate::error::trouble;

/// Follows links and the relay.
pub(super) async fn mesh(node: Node, events: Receiver<MeshEvent>) {
    follow(node, events, async |node, event| match event {
        MeshEvent::PeerUp { device, .. } | MeshEvent::PeerDown { device, .. } => {
            if matches!(event, MeshEvent::PeerUp { .. }) {
                // It has been let in since.
                node.problems().resolve(trouble::REFUSED, Some(device));
            }
            let mut seen = node.inner.last_seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.insert(device, node.now());
        }
        MeshEvent::Relay { connected: true, .. } => {
            trouble::OF_RELAY.iter().for_each(|code| node.problems().resolve(code, None));
        }
        MeshEvent::Problem(problem) => {
            let name = match trouble::device_of(&problem) {
                Some(device) => name_of(node, device).await,
                None => String::new(),
            };
            let trouble = trouble::of_mesh(&problem, node.device(), &name);
            if trouble::OF_RELAY.contains(&trouble.code) {
                let before = trouble::OF_RELAY.iter().filter(|code| **code != trouble.code);
                before.for_each(|code| node.problems().resolve(code, None));
            }
            node.problems().record(trouble, node.now());
        }
        MeshEvent::Relay { .. } | MeshEvent::PathChanged { .. } | MeshEvent::AddressesLearned { .. } => {}
    })
    .await;
}

/// Follows the journal's complaints.
pub(super) async fn journal(node: Node, events: Receiver<JournalEvent>) {
    // A log with two histories stays one.
    for topic in node.journal().topics() {
        for fork in node.journal().forks(&topic.topic) {
            let (device, cause) = (fork.author(), ProblemCause::Fork { seq: fork.seq() });
            let is_in = node.journal().rules(&topic.topic).is_some_and(|rules| rules.level(&device).is_some());
            if is_in {
                record(&node, JournalProblem { device, topic: Some(topic.topic), cause }).await;
            }
        }
    }
    follow(node, events, async |node, event| match event {
        JournalEvent::Problem(problem) => record(node, problem).await,
        JournalEvent::Recovered => {
            for code in [trouble::DISK_FULL, trouble::DISK_FAILED] {
                node.problems().resolve(code, Some(node.device()));
            }
        }
        _ => {}
    })
    .await;
}

async fn record(node: &Node, problem: JournalProblem) {
    let name = name_of(node, problem.device).await;
    let space = match problem.topic {
        Some(topic) => space_name(node, topic).await,
        None => None,
    };
    let own = problem.device == node.device();
    node.problems().record(trouble::of_journal(&problem, &name, own, space.as_deref()), node.now());
}

/// Follows what peers do that no honest device does.
pub(super) async fn sync(node: Node, events: Receiver<SyncEvent>) {
    follow(node, events, async |node, event| {
        if let SyncEvent::Problem { device, cause } = event {
            let name = name_of(node, device).await;
            node.problems().record(trouble::nonsense(device, None, &name, &cause.to_string()), node.now());
        }
    })
    .await;
}

/// Follows what peers write that makes no sense, and what of our own nobody counts.
pub(super) async fn spaces(node: Node, events: Receiver<SpacesEvent>) {
    // What was undelivered when this device was last running is so still.
    if let Err(error) = node.spaces().tell_undelivered().await {
        tracing::error!(%error, "what is undelivered could not be read");
    }
    follow(node, events, async |node, event| match event {
        SpacesEvent::Nonsense { space, device, what } => {
            let name = name_of(node, device).await;
            node.problems().record(trouble::nonsense(device, Some(space), &name, &what), node.now());
        }
        SpacesEvent::Undelivered { space, messages: 0, files } if files.is_empty() => {
            node.problems().resolve_in(trouble::UNDELIVERED, space);
        }
        SpacesEvent::RetentionWaits { space, due: 0, .. } => {
            node.problems().resolve_in(trouble::RETENTION_WAITS, space);
        }
        SpacesEvent::RetentionWaits { space, due, all } => {
            let name = space_name(node, space).await;
            node.problems().record(trouble::retention_waits((space, name.as_deref()), due, all), node.now());
        }
        SpacesEvent::Undelivered { space, messages, files } => {
            let name = space_name(node, space).await;
            let level = node.journal().rules(&space).and_then(|rules| rules.level(&node.device()));
            let may_write = level >= Some(Level::Write);
            let trouble = trouble::undelivered((space, name.as_deref()), may_write, messages, &files);
            node.problems().record(trouble, node.now());
        }
        _ => {}
    })
    .await;
}

/// Hands every event to `take` until the node stops. What is missed by falling behind is not worth a stop.
async fn follow<E: Clone>(node: Node, mut events: Receiver<E>, take: impl AsyncFn(&Node, E)) {
    let stop = node.stopping();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.recv() => event,
        };
        match event {
            Ok(event) => take(&node, event).await,
            Err(RecvError::Lagged(missed)) => tracing::debug!(missed, "events were missed"),
            Err(RecvError::Closed) => return,
        }
    }
}

/// What to call a device in a sentence.
pub(super) async fn name_of(node: &Node, device: DeviceId) -> String {
    if device == node.device() {
        return "This computer".into();
    }
    let name = node.spaces().device_name(device).await.ok().flatten();
    name.unwrap_or_else(|| format!("The device {}", device.short()))
}

/// What a space is called, if that is known.
pub(super) async fn space_name(node: &Node, space: GroupId) -> Option<String> {
    node.spaces().info(space).await.ok().map(|info| info.name).filter(|name| !name.is_empty())
}
