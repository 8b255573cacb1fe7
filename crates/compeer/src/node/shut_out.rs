//! Notices that nobody in a space lets this device in any more.
//!
//! Who is removed from a space is told so by nobody: those who know of the removal do not talk to it. What shows is that
//! they refuse its links, all of them, again and again; or, where another space is shared, that they do not share this one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use compeer_core::GroupId;
use compeer_core::group::GroupKind;
use compeer_mesh::DownReason;
use tokio::time::{MissedTickBehavior, interval};

use super::Node;
use super::watch::space_name;
use crate::error::trouble;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks in a row after which it is said: right after joining, some may not have heard yet that we belong to them.
const LOOKS: u32 = 5;

/// Looks until the node stops.
pub(super) async fn watch(node: Node) {
    let stop = node.stopping();
    let mut timer = interval(LOOK_EVERY);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks: BTreeMap<GroupId, u32> = BTreeMap::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timer.tick() => {}
        }
        let closed = closed(&node);
        for (space, _) in looks.extract_if(.., |space, _| !closed.contains(space)) {
            node.problems().resolve_in(trouble::SHUT_OUT, space);
            node.spaces().set_shut_out(space, false);
        }
        for space in closed {
            let count = looks.entry(space).or_default();
            *count = count.saturating_add(1);
            if *count == LOOKS {
                node.spaces().set_shut_out(space, true);
                let name = space_name(&node, space).await;
                node.problems().record(trouble::shut_out(space, name.as_deref()), node.now());
            }
        }
    }
}

/// The spaces that no other member shares with us and of which somebody refuses us. Other devices of our own person do not
/// count: they are as much in or out as we are.
fn closed(node: &Node) -> BTreeSet<GroupId> {
    let journal = node.journal();
    let me = node.device();
    let peers = node.mesh().peers().into_iter().map(|peer| {
        let linked = node.mesh().link(peer.device).is_some();
        (peer.device, (linked, peer.failure, node.sync().withheld_by(&peer.device)))
    });
    let peers: BTreeMap<_, _> = peers.collect();
    let is_closed = |space: &GroupId| {
        let Some(rules) = journal.rules(space) else { return false };
        let Some(own) = rules.devices().get(&me) else { return false };
        let others = rules.devices().iter().filter(|(_, access)| access.via != own.via);
        let known: Vec<_> = others.filter_map(|(device, _)| peers.get(device)).collect();
        let lets_in = known.iter().any(|(linked, _, withheld)| *linked && !withheld.contains(space));
        let refuses = known.iter().any(|(linked, failure, withheld)| match linked {
            true => withheld.contains(space),
            false => *failure == Some(DownReason::Refused),
        });
        rules.ended().is_none() && !lets_in && refuses
    };
    let spaces = journal.topics().into_iter().filter(|info| info.adopted && info.kind == Some(GroupKind::Space));
    spaces.map(|info| info.topic).filter(is_closed).collect()
}
