//! Which devices of a topic to stay linked to. Pure.
//!
//! In a small group everybody is linked to everybody. In a larger one the devices stand on a ring, in an order that
//! differs from topic to topic, and each is linked to others at fixed distances in both directions: next to it, and at
//! powers of the fourth root of the ring's size, so that a few hops reach everybody. The choice is symmetric: both ends
//! of a link want it.

use std::collections::BTreeSet;

use compeer_core::{DeviceId, GroupId};

/// Up to this many others, all are wanted.
pub(crate) const FULL_MESH: usize = 12;
const RING_CONTEXT: &str = "compeer 2026 topic ring v1";

/// The devices that `me` wants to be linked to for `topic`.
///
/// `devices` are all that may hold the topic; `away` are those among them that have been wanted for long in vain. These
/// stay wanted, for they may come back, and the next on the ring that is not away stands in for each.
pub(crate) fn neighbours(
    topic: &GroupId,
    me: &DeviceId,
    devices: &BTreeSet<DeviceId>,
    away: &BTreeSet<DeviceId>,
) -> BTreeSet<DeviceId> {
    let others = devices.iter().filter(|device| *device != me);
    if others.clone().count() <= FULL_MESH {
        return others.copied().collect();
    }
    let mut ring: Vec<([u8; 32], DeviceId)> =
        others.chain([me]).map(|device| (place_on_ring(topic, device), *device)).collect();
    ring.sort_unstable();
    let size = ring.len();
    let here = ring.iter().position(|(_, device)| device == me).unwrap_or(0);
    let mut wanted = BTreeSet::new();
    for distance in distances(size) {
        for step in [1, size - 1] {
            // `step` is one forward or, modulo the size, one back.
            let first = (here + distance * step) % size;
            for further in 0..size {
                let (_, device) = ring[(first + further * step) % size];
                if device == *me {
                    break;
                }
                wanted.insert(device);
                if !away.contains(&device) {
                    break;
                }
            }
        }
    }
    wanted
}

/// How far apart linked devices stand on a ring of this size: 1, 2, and three more at about equal ratios.
fn distances(size: usize) -> BTreeSet<usize> {
    let quarter = (size as f64).sqrt().sqrt();
    let chord = |power: i32| (quarter.powi(power).round() as usize).clamp(1, size / 2);
    BTreeSet::from([1, 2, chord(1), chord(2), chord(3)])
}

fn place_on_ring(topic: &GroupId, device: &DeviceId) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(RING_CONTEXT);
    hasher.update(topic.as_bytes()).update(device.as_bytes());
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
        let most = links.values().map(BTreeSet::len).max();
        assert!(most <= Some(10), "{most:?}");
        let hops = hops(&links, &all);
        assert!(hops.is_some_and(|hops| hops <= 6), "{hops:?}");
    }

    #[test]
    fn the_choice_is_symmetric() {
        for size in [14, 15, 20, 50, 201] {
            let all = devices(size);
            for me in &all {
                for other in neighbours(&topic(3), me, &all, &BTreeSet::new()) {
                    assert!(neighbours(&topic(3), &other, &all, &BTreeSet::new()).contains(me));
                }
            }
        }
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
