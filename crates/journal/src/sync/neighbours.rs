//! Which devices of a topic to stay linked to. Pure.
//!
//! In a small group everybody is linked to everybody. In a larger one the devices stand on a ring, in an order that
//! differs from topic to topic, and each wants the two before and after it, which keeps all of them together, and three
//! more whom chance draws for it, which keeps the way short. Who comes or goes changes the choice of few others.

use std::collections::BTreeSet;

use compeer_core::{DeviceId, GroupId};

/// Up to this many others, all are wanted.
pub(crate) const FULL_MESH: usize = 12;
/// Neighbours on the ring, in each direction.
const NEXT: usize = 2;
/// Neighbours across it.
const DRAWN: usize = 3;
const RING_CONTEXT: &str = "compeer 2026 topic ring v1";
const DRAW_CONTEXT: &str = "compeer 2026 topic draw v1";

/// The devices that `me` wants to be linked to for `topic`. Others may want `me`.
///
/// `devices` are all that may hold the topic; `away` are those among them that have been wanted for long in vain. These
/// stay wanted, for they may come back, and somebody else stands in for each.
pub(crate) fn neighbours(
    topic: &GroupId,
    me: &DeviceId,
    devices: &BTreeSet<DeviceId>,
    away: &BTreeSet<DeviceId>,
) -> BTreeSet<DeviceId> {
    let others: Vec<DeviceId> = devices.iter().filter(|device| *device != me).copied().collect();
    if others.len() <= FULL_MESH {
        return others.into_iter().collect();
    }
    let here = hash(RING_CONTEXT, topic, me, me);
    let mut ring: Vec<_> = others.iter().map(|other| (hash(RING_CONTEXT, topic, other, other), *other)).collect();
    ring.sort_unstable();
    let after = ring.partition_point(|(place, _)| *place < here);
    ring.rotate_left(after);
    let mut drawn: Vec<_> =
        others.iter().map(|other| (hash(DRAW_CONTEXT, topic, me.min(other), me.max(other)), *other)).collect();
    drawn.sort_unstable();
    let mut wanted = BTreeSet::new();
    let mut choose = |order: &mut dyn Iterator<Item = &([u8; 32], DeviceId)>, count: usize| {
        let mut there = 0;
        for (_, device) in order {
            if there == count {
                break;
            }
            wanted.insert(*device);
            there += usize::from(!away.contains(device));
        }
    };
    choose(&mut ring.iter(), NEXT);
    choose(&mut ring.iter().rev(), NEXT);
    choose(&mut drawn.iter(), DRAWN);
    wanted
}

fn hash(context: &str, topic: &GroupId, one: &DeviceId, other: &DeviceId) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    hasher.update(topic.as_bytes()).update(one.as_bytes()).update(other.as_bytes());
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, VecDeque};

    fn devices(count: usize) -> BTreeSet<DeviceId> {
        (0..count)
            .map(|n| {
                let mut bytes = [0; 32];
                bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
                DeviceId::from_bytes(bytes)
            })
            .collect()
    }

    fn topic(n: u8) -> GroupId {
        GroupId::from_bytes([n; 32])
    }

    /// Who is linked to whom among the devices online, once everybody has noticed which of those it wants are away.
    fn links(
        topic: &GroupId,
        all: &BTreeSet<DeviceId>,
        online: &BTreeSet<DeviceId>,
    ) -> BTreeMap<DeviceId, BTreeSet<DeviceId>> {
        let mut links: BTreeMap<DeviceId, BTreeSet<DeviceId>> = BTreeMap::new();
        for me in online {
            let mut away = BTreeSet::new();
            loop {
                let wanted = neighbours(topic, me, all, &away);
                let missed: BTreeSet<DeviceId> = wanted.difference(online).copied().collect();
                if missed == away {
                    for other in wanted.intersection(online) {
                        links.entry(*me).or_default().insert(*other);
                        links.entry(*other).or_default().insert(*me);
                    }
                    break;
                }
                away = missed;
            }
        }
        links
    }

    /// The largest number of hops from the first device to any other; `None` when some are out of reach.
    fn hops(links: &BTreeMap<DeviceId, BTreeSet<DeviceId>>, online: &BTreeSet<DeviceId>) -> Option<usize> {
        let first = *online.first()?;
        let mut reached = BTreeMap::from([(first, 0)]);
        let mut queue = VecDeque::from([first]);
        while let Some(device) = queue.pop_front() {
            let distance = reached[&device];
            for next in links.get(&device).into_iter().flatten() {
                if !reached.contains_key(next) {
                    reached.insert(*next, distance + 1);
                    queue.push_back(*next);
                }
            }
        }
        (reached.len() == online.len()).then(|| reached.values().copied().max().unwrap_or(0))
    }

    #[test]
    fn a_small_group_is_linked_in_full() {
        let all = devices(13);
        for me in &all {
            assert_eq!(neighbours(&topic(1), me, &all, &BTreeSet::new()).len(), 12);
        }
        assert!(neighbours(&topic(1), &DeviceId::from_bytes([9; 32]), &BTreeSet::new(), &BTreeSet::new()).is_empty());
    }

    #[test]
    fn two_hundred_are_few_hops_apart_with_few_links_each() {
        let all = devices(200);
        let links = links(&topic(2), &all, &all);
        let degrees: Vec<usize> = links.values().map(BTreeSet::len).collect();
        assert!(degrees.iter().sum::<usize>() <= 10 * all.len(), "{degrees:?}");
        assert!(degrees.iter().all(|degree| (4..=16).contains(degree)), "{degrees:?}");
        let hops = hops(&links, &all);
        assert!(hops.is_some_and(|hops| hops <= 5), "{hops:?}");
    }

    #[test]
    fn a_newcomer_changes_the_choice_of_few() {
        let (before, after) = (devices(100), devices(101));
        let choice = |me, all| neighbours(&topic(3), me, all, &BTreeSet::new());
        let dropped: usize = before.iter().map(|me| choice(me, &before).difference(&choice(me, &after)).count()).sum();
        assert!(dropped <= 10, "{dropped}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn those_online_are_connected_whoever_is_away(size in 2usize..80, which in any::<u8>(), odds in 0u64..10, seed in any::<u64>()) {
            let all = devices(size);
            let online: BTreeSet<DeviceId> = all
                .iter()
                .enumerate()
                .filter(|(n, _)| blake3::hash(&(seed ^ (*n as u64)).to_be_bytes()).as_bytes()[0] % 10 >= odds as u8)
                .map(|(_, device)| *device)
                .collect();
            prop_assume!(!online.is_empty());
            prop_assert!(hops(&links(&topic(which), &all, &online), &online).is_some());
        }
    }
}
