//! Who has told to hold what. In memory at once; the engine writes it down some seconds later.
//!
//! A receipt that is lost in between costs nothing: the device says it again when next compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use compeer_core::{DeviceId, GroupId};

type Heights = BTreeMap<DeviceId, u64>;

/// A receipt: `device` holds the log of `author` on `topic` up to number `seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) topic: GroupId,
    pub(crate) device: DeviceId,
    pub(crate) author: DeviceId,
    pub(crate) seq: u64,
}

#[derive(Default)]
pub(crate) struct Receipts(Mutex<State>);

#[derive(Default)]
struct State {
    known: BTreeMap<GroupId, BTreeMap<DeviceId, Heights>>,
    /// Not yet on disk.
    unwritten: BTreeSet<(GroupId, DeviceId, DeviceId)>,
}

impl Receipts {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read from disk.
    pub(crate) fn load(&self, topic: GroupId, receipts: Vec<(DeviceId, DeviceId, u64)>) {
        let mut state = self.state();
        let devices = state.known.entry(topic).or_default();
        for (device, author, seq) in receipts {
            devices.entry(device).or_default().insert(author, seq);
        }
    }

    /// Notes higher numbers; whether any was higher.
    pub(crate) fn record(&self, topic: GroupId, device: DeviceId, heights: &[(DeviceId, u64)]) -> bool {
        let mut state = self.state();
        let State { known, unwritten } = &mut *state;
        let held = known.entry(topic).or_default().entry(device).or_default();
        let mut news = false;
        for (author, seq) in heights {
            if held.get(author).is_none_or(|known| known < seq) {
                held.insert(*author, *seq);
                unwritten.insert((topic, device, *author));
                news = true;
            }
        }
        news
    }

    /// The number up to which `device` holds the log of `author`.
    pub(crate) fn height(&self, topic: &GroupId, device: &DeviceId, author: &DeviceId) -> Option<u64> {
        self.state().known.get(topic)?.get(device)?.get(author).copied()
    }

    /// Devices that hold entry `seq` of `author`.
    pub(crate) fn holders(&self, topic: &GroupId, author: &DeviceId, seq: u64) -> BTreeSet<DeviceId> {
        let state = self.state();
        let devices = state.known.get(topic).into_iter().flatten();
        let holds = devices.filter(|(_, heights)| heights.get(author).is_some_and(|height| *height >= seq));
        holds.map(|(device, _)| *device).collect()
    }

    /// Takes what is not on disk yet. Give it back with [`put_back`](Self::put_back) if writing fails.
    pub(crate) fn take_unwritten(&self) -> Vec<Receipt> {
        let mut state = self.state();
        let unwritten = std::mem::take(&mut state.unwritten);
        let receipt = |(topic, device, author)| {
            let seq = *state.known.get(&topic)?.get(&device)?.get(&author)?;
            Some(Receipt { topic, device, author, seq })
        };
        unwritten.into_iter().filter_map(receipt).collect()
    }

    pub(crate) fn put_back(&self, receipts: &[Receipt]) {
        let keys = receipts.iter().map(|receipt| (receipt.topic, receipt.device, receipt.author));
        self.state().unwritten.extend(keys);
    }

    pub(crate) fn forget(&self, topic: &GroupId) {
        let mut state = self.state();
        state.known.remove(topic);
        state.unwritten.retain(|(of, _, _)| of != topic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_only_grow_and_are_written_once() {
        let id = |n| DeviceId::from_bytes([n; 32]);
        let (receipts, topic) = (Receipts::default(), GroupId::from_bytes([1; 32]));
        assert!(receipts.record(topic, id(2), &[(id(3), 5)]));
        assert!(!receipts.record(topic, id(2), &[(id(3), 4)]));
        assert_eq!(receipts.holders(&topic, &id(3), 5), BTreeSet::from([id(2)]));
        assert!(receipts.holders(&topic, &id(3), 6).is_empty());
        let taken = receipts.take_unwritten();
        assert_eq!(taken, [Receipt { topic, device: id(2), author: id(3), seq: 5 }]);
        assert!(receipts.take_unwritten().is_empty());
        receipts.put_back(&taken);
        assert_eq!(receipts.take_unwritten(), taken);
        receipts.forget(&topic);
        assert_eq!(receipts.height(&topic, &id(2), &id(3)), None);
    }
}
