//! What others offer and what is being fetched from whom, over all links. Pure.
//!
//! One log is fetched from one device at a time, because entries can only be taken in order; different logs and topics
//! come from different devices at once. An offer is used up by asking for it, whatever came of it: who has more says so
//! again, at the latest when digests are next compared.

use std::collections::{BTreeMap, HashMap, HashSet};

use compeer_core::{DeviceId, GroupId, Tip};

use super::wire::{ITEMS, Range};

/// Logs of one topic that one device may offer at a time; what is over comes when digests are next compared.
const OFFERS: usize = 16_384;

/// The state of all fetching.
#[derive(Debug, Default)]
pub(crate) struct Pulls {
    /// By who offers it: the number of the last entry of each log.
    offers: HashMap<DeviceId, BTreeMap<GroupId, BTreeMap<DeviceId, u64>>>,
    /// Entries that another device has under another hash: fetched once more, as the proof of a fork.
    suspects: BTreeMap<(DeviceId, GroupId, DeviceId), u64>,
    /// Logs whose lacking bodies a device may have, and from which number on it is to be asked.
    bodies: BTreeMap<(DeviceId, GroupId, DeviceId), u64>,
    /// Logs being fetched.
    flying: HashSet<(GroupId, DeviceId)>,
    /// Logs that were forked: nothing more is taken from them.
    frozen: HashSet<(GroupId, DeviceId)>,
}

impl Pulls {
    /// `peer` has the log of `author` up to entry `seq`.
    pub(crate) fn offer(&mut self, peer: DeviceId, topic: GroupId, author: DeviceId, seq: u64) {
        if self.frozen.contains(&(topic, author)) {
            return;
        }
        let logs = self.offers.entry(peer).or_default().entry(topic).or_default();
        if logs.len() < OFFERS || logs.contains_key(&author) {
            let known = logs.entry(author).or_default();
            *known = seq.max(*known);
        }
    }

    /// `peer` has another entry `seq` of this log than we.
    pub(crate) fn suspect(&mut self, peer: DeviceId, topic: GroupId, author: DeviceId, seq: u64) {
        if !self.frozen.contains(&(topic, author)) && self.suspects.len() < OFFERS {
            self.suspects.insert((peer, topic, author), seq);
        }
    }

    /// `peer` may have bodies of this log that are lacking here.
    pub(crate) fn offer_bodies(&mut self, peer: DeviceId, topic: GroupId, author: DeviceId) {
        if self.bodies.len() < OFFERS {
            self.bodies.entry((peer, topic, author)).or_default();
        }
    }

    /// The next log of which to ask `peer` for lacking bodies, and from which number on. It counts as being fetched until
    /// [`Pulls::bodies_done`].
    pub(crate) fn plan_bodies(&mut self, peer: &DeviceId) -> Option<(GroupId, DeviceId, u64)> {
        let free = |(from, topic, author): &&(DeviceId, GroupId, DeviceId)| {
            from == peer && !self.flying.contains(&(*topic, *author))
        };
        let key = self.bodies.keys().find(free).copied()?;
        let from = self.bodies.remove(&key)?;
        let (_, topic, author) = key;
        self.flying.insert((topic, author));
        Some((topic, author, from))
    }

    /// The bodies of a log that `peer` was asked for have come, or will not. It is to be asked for those from number `more`
    /// on, too. Returns who else may be asked for some of that log.
    pub(crate) fn bodies_done(
        &mut self,
        peer: &DeviceId,
        topic: GroupId,
        author: DeviceId,
        more: Option<u64>,
    ) -> Vec<DeviceId> {
        self.flying.remove(&(topic, author));
        if let Some(more) = more {
            self.bodies.entry((*peer, topic, author)).or_insert(more);
        }
        let bodies = self.bodies.keys().filter(|(_, of, by)| (*of, *by) == (topic, author)).map(|(peer, ..)| *peer);
        let offers = self.offers.iter().filter(|(_, topics)| topics.contains_key(&topic)).map(|(peer, _)| *peer);
        bodies.chain(offers).collect()
    }

    /// The next ranges of one topic to ask `peer` for, given where our logs end. They count as being fetched until
    /// [`Pulls::done`].
    pub(crate) fn plan(
        &mut self,
        peer: &DeviceId,
        heights: impl Fn(&GroupId) -> BTreeMap<DeviceId, Tip>,
    ) -> Option<(GroupId, Vec<Range>)> {
        let suspect = self
            .suspects
            .keys()
            .copied()
            .find(|(from, topic, author)| from == peer && !self.flying.contains(&(*topic, *author)));
        if let Some((key, seq)) = suspect.and_then(|key| self.suspects.remove_entry(&key)) {
            let (_, topic, author) = key;
            self.flying.insert((topic, author));
            return Some((topic, vec![Range { author, from: seq, to: seq }]));
        }
        let topics = self.offers.get_mut(peer)?;
        let mut planned = None;
        topics.retain(|topic, logs| {
            if planned.is_some() {
                return true;
            }
            let ours = heights(topic);
            let missing = |author: &DeviceId| ours.get(author).map_or(0, |tip| tip.seq.saturating_add(1));
            logs.retain(|author, seq| *seq >= missing(author) && !self.frozen.contains(&(*topic, *author)));
            let ranges: Vec<Range> = logs
                .iter()
                .filter(|(author, _)| !self.flying.contains(&(*topic, **author)))
                .map(|(author, seq)| Range { author: *author, from: missing(author), to: *seq })
                .take(ITEMS)
                .collect();
            if !ranges.is_empty() {
                self.flying.extend(ranges.iter().map(|range| (*topic, range.author)));
                planned = Some((*topic, ranges));
            }
            !logs.is_empty()
        });
        planned
    }

    /// What was asked of `peer` has arrived, or will not. Returns who else offers something of that topic.
    pub(crate) fn done(&mut self, peer: &DeviceId, topic: &GroupId, ranges: &[Range]) -> Vec<DeviceId> {
        for range in ranges {
            self.flying.remove(&(*topic, range.author));
        }
        if let Some(logs) = self.offers.get_mut(peer).and_then(|topics| topics.get_mut(topic)) {
            for range in ranges {
                if logs.get(&range.author).is_some_and(|seq| *seq <= range.to) {
                    logs.remove(&range.author);
                }
            }
        }
        let bodies = self.bodies.keys().filter(|(_, of, _)| of == topic).map(|(peer, ..)| *peer);
        let offers = self.offers.iter().filter(|(_, topics)| topics.contains_key(topic)).map(|(peer, _)| *peer);
        bodies.chain(offers).collect()
    }

    /// Nothing more is fetched of this log.
    pub(crate) fn freeze(&mut self, topic: GroupId, author: DeviceId) {
        self.frozen.insert((topic, author));
    }

    /// `peer` is not there any more. What was being fetched from it ends with [`Pulls::done`].
    pub(crate) fn gone(&mut self, peer: &DeviceId) {
        self.offers.remove(peer);
        self.suspects.retain(|(from, _, _), _| from != peer);
        self.bodies.retain(|(from, _, _), _| from != peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compeer_core::{EntryHash, Hlc};

    const TOPIC: GroupId = GroupId::from_bytes([9; 32]);

    fn device(n: u8) -> DeviceId {
        DeviceId::from_bytes([n; 32])
    }

    fn at(seq: u64) -> Tip {
        Tip { seq, hash: EntryHash::from_bytes([1; 32]), clock: Hlc::default() }
    }

    fn plan(pulls: &mut Pulls, peer: u8, heights: &[(u8, u64)]) -> Vec<(u8, u64, u64)> {
        let heights: BTreeMap<_, _> = heights.iter().map(|(author, seq)| (device(*author), at(*seq))).collect();
        let planned = pulls.plan(&device(peer), |_| heights.clone());
        planned
            .into_iter()
            .flat_map(|(_, ranges)| ranges)
            .map(|range| (range.author.as_bytes()[0], range.from, range.to))
            .collect()
    }

    fn ranges(of: &[(u8, u64, u64)]) -> Vec<Range> {
        of.iter().map(|(author, from, to)| Range { author: device(*author), from: *from, to: *to }).collect()
    }

    #[test]
    fn a_log_is_asked_of_one_device_and_then_of_the_next() {
        let mut pulls = Pulls::default();
        for peer in [1, 2] {
            pulls.offer(device(peer), TOPIC, device(7), 9);
        }
        pulls.offer(device(2), TOPIC, device(8), 3);
        assert_eq!(plan(&mut pulls, 1, &[(7, 4)]), [(7, 5, 9)]);
        assert_eq!(plan(&mut pulls, 1, &[(7, 4)]), []);
        assert_eq!(plan(&mut pulls, 2, &[(7, 4)]), [(8, 0, 3)]);
        // The first delivered up to 6 and went away: the second is asked for the rest.
        pulls.gone(&device(1));
        assert_eq!(pulls.done(&device(1), &TOPIC, &ranges(&[(7, 5, 9)])), [device(2)]);
        assert_eq!(plan(&mut pulls, 2, &[(7, 6), (8, 3)]), [(7, 7, 9)]);
    }

    #[test]
    fn an_offer_that_comes_to_nothing_is_not_tried_again() {
        let mut pulls = Pulls::default();
        pulls.offer(device(1), TOPIC, device(7), u64::MAX);
        let asked = plan(&mut pulls, 1, &[]);
        assert_eq!(asked, [(7, 0, u64::MAX)]);
        pulls.done(&device(1), &TOPIC, &ranges(&asked));
        assert_eq!(plan(&mut pulls, 1, &[]), []);
        // What was offered meanwhile is.
        pulls.offer(device(1), TOPIC, device(7), 5);
        let asked = plan(&mut pulls, 1, &[(7, 4)]);
        pulls.offer(device(1), TOPIC, device(7), 6);
        pulls.done(&device(1), &TOPIC, &ranges(&asked));
        assert_eq!(plan(&mut pulls, 1, &[(7, 5)]), [(7, 6, 6)]);
    }

    #[test]
    fn what_is_here_or_frozen_is_not_asked_for() {
        let mut pulls = Pulls::default();
        pulls.offer(device(1), TOPIC, device(7), 9);
        pulls.offer(device(1), TOPIC, device(8), 9);
        pulls.freeze(TOPIC, device(8));
        assert_eq!(plan(&mut pulls, 1, &[(7, 9)]), []);
        pulls.offer(device(1), TOPIC, device(8), 12);
        assert_eq!(plan(&mut pulls, 1, &[]), []);
    }

    #[test]
    fn another_version_of_an_entry_is_fetched_once() {
        let mut pulls = Pulls::default();
        pulls.suspect(device(1), TOPIC, device(7), 9);
        assert_eq!(plan(&mut pulls, 2, &[(7, 9)]), []);
        assert_eq!(plan(&mut pulls, 1, &[(7, 9)]), [(7, 9, 9)]);
        assert_eq!(plan(&mut pulls, 1, &[(7, 9)]), []);
    }

    #[test]
    fn lacking_bodies_are_asked_of_one_device_at_a_time_and_of_all() {
        let mut pulls = Pulls::default();
        for peer in [1, 2] {
            pulls.offer_bodies(device(peer), TOPIC, device(7));
        }
        assert_eq!(pulls.plan_bodies(&device(1)), Some((TOPIC, device(7), 0)));
        assert_eq!(pulls.plan_bodies(&device(2)), None);
        // There was more than one request takes.
        let others = pulls.bodies_done(&device(1), TOPIC, device(7), Some(50));
        assert_eq!(others, [device(1), device(2)]);
        assert_eq!(pulls.plan_bodies(&device(2)), Some((TOPIC, device(7), 0)));
        pulls.bodies_done(&device(2), TOPIC, device(7), None);
        assert_eq!(pulls.plan_bodies(&device(1)), Some((TOPIC, device(7), 50)));
        pulls.bodies_done(&device(1), TOPIC, device(7), None);
        assert_eq!(pulls.plan_bodies(&device(1)), None);
    }

    #[test]
    fn nobody_fills_memory_with_offers() {
        let mut pulls = Pulls::default();
        for n in 0..2 * OFFERS as u64 {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            pulls.offer(device(1), TOPIC, DeviceId::from_bytes(bytes), 9);
        }
        assert_eq!(pulls.offers[&device(1)][&TOPIC].len(), OFFERS);
    }
}
