//! Who holds what: our own receipts, and passing on those of others.
//!
//! A receipt says which logs grew, a moment after they did, so that a burst makes one receipt.
//! Everybody in a small group is linked to everybody and hears it first-hand. In a larger group receipts wait longer and
//! are passed on, in batches, along the links on which entries are pushed; the author hears from its neighbours at once
//! that they hold what it wrote ([`Have`](super::wire::Message::Have)). From time to time a receipt names all logs and
//! is passed on in groups of any size: that repairs what was missed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use compeer_core::{DeviceId, DeviceKey, GroupId};
use tokio::time::Instant;

use super::neighbours::FULL_MESH;
use super::wire::{Held, Receipt};

/// How long a receipt waits for more to say in a small group.
const SHORTEST: Duration = Duration::from_millis(20);
/// In a larger group everybody's receipt reaches everybody, so what a device has to check grows with their number. It waits
/// this long for each of them, which keeps the work of checking below a thousandth of a core.
const EACH: Duration = Duration::from_millis(150);
/// How long it waits at most.
const LONGEST: Duration = Duration::from_secs(60);
/// Others' receipts that are passed on wait so much shorter, at each step: that is no more to check, only more messages.
const STEPS: u32 = 6;
/// Receipts of others that wait to be passed on. The oldest are dropped: later ones say the same and more.
const PASSING: usize = 4096;

/// Whether not everybody is linked to everybody in a group of this many devices.
pub(crate) fn is_large(devices: usize) -> bool {
    devices > FULL_MESH + 1
}

/// How long a receipt waits in a group of this many devices.
fn delay(devices: usize) -> Duration {
    if is_large(devices) { in_crowd(EACH, devices).min(LONGEST) } else { SHORTEST }
}

/// What is spent on each device in a large group; nothing in a small one.
pub(crate) fn in_crowd(each: Duration, devices: usize) -> Duration {
    if is_large(devices) { each.saturating_mul(u32::try_from(devices).unwrap_or(u32::MAX)) } else { Duration::ZERO }
}

/// What is to be said, and when.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    /// Our own, by topic.
    own: HashMap<GroupId, (Instant, BTreeMap<DeviceId, u64>)>,
    /// Of others, with who sent it here.
    passing: Vec<(Receipt, DeviceId)>,
    passing_at: Option<Instant>,
    /// Signatures of receipts that were heard lately, and of those before: most come more than once.
    heard: HashSet<[u8; 64]>,
    heard_before: HashSet<[u8; 64]>,
    /// Topics that grew since all of their logs were last named.
    grown: HashSet<GroupId>,
}

impl Receipts {
    /// A log grew to `seq` on a topic of so many devices.
    pub(crate) fn grew(&mut self, topic: GroupId, author: DeviceId, seq: u64, devices: usize, now: Instant) {
        let (_, logs) = self.own.entry(topic).or_insert_with(|| (now + delay(devices), BTreeMap::new()));
        let held = logs.entry(author).or_default();
        *held = seq.max(*held);
        self.grown.insert(topic);
    }

    /// Whether this receipt is heard for the first time, as far as is remembered.
    pub(crate) fn is_first(&mut self, receipt: &Receipt) -> bool {
        if self.heard.len() >= PASSING {
            // Never all at once: what is still on its way would be passed on once more.
            self.heard_before = std::mem::take(&mut self.heard);
        }
        let signature = *receipt.signature.as_bytes();
        !self.heard_before.contains(&signature) && self.heard.insert(signature)
    }

    /// A receipt that said something new came from `from`: to be passed on in a group of so many devices.
    pub(crate) fn pass_on(&mut self, receipt: Receipt, from: DeviceId, devices: usize, now: Instant) {
        if !is_large(devices) && receipt.logs.len() < devices {
            return;
        }
        if self.passing.len() >= PASSING {
            self.passing.drain(..PASSING / 2);
        }
        self.passing.push((receipt, from));
        self.passing_at.get_or_insert(now + delay(devices) / STEPS);
    }

    /// When something is next to be said.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.own.values().map(|(at, _)| *at).chain(self.passing_at).min()
    }

    /// What is to be said now, with whom not to say it to.
    pub(crate) fn take(&mut self, key: &DeviceKey, now: Instant) -> Vec<(Receipt, Option<DeviceId>)> {
        let mut said = Vec::new();
        self.own.retain(|topic, (at, logs)| {
            if *at > now {
                return true;
            }
            let logs = logs.iter().map(|(author, seq)| Held { author: *author, seq: *seq }).collect();
            said.push((Receipt::sign(key, *topic, logs), None));
            false
        });
        if self.passing_at.is_some_and(|at| at <= now) {
            self.passing_at = None;
            said.extend(self.passing.drain(..).map(|(receipt, from)| (receipt, Some(from))));
        }
        said
    }

    /// The topics of which all logs should be named once more.
    pub(crate) fn take_grown(&mut self) -> HashSet<GroupId> {
        std::mem::take(&mut self.grown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_makes_one_receipt_a_moment_later() {
        let key = DeviceKey::from_seed([1; 32]);
        let (topic, now) = (GroupId::from_bytes([9; 32]), Instant::now());
        let mut receipts = Receipts::default();
        assert_eq!(receipts.due(), None);
        for seq in 0..100 {
            receipts.grew(topic, key.id(), seq, 3, now);
        }
        assert_eq!(receipts.due(), Some(now + SHORTEST));
        assert!(receipts.take(&key, now).is_empty());
        let said = receipts.take(&key, now + SHORTEST);
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].0.logs, [Held { author: key.id(), seq: 99 }]);
        assert!(said[0].0.verify());
        assert_eq!(receipts.due(), None);
        assert_eq!(receipts.take_grown().len(), 1);
    }

    #[test]
    fn what_was_heard_lately_is_not_new_however_much_comes() {
        let key = DeviceKey::from_seed([1; 32]);
        let receipt = |seq| Receipt::sign(&key, GroupId::from_bytes([9; 32]), vec![Held { author: key.id(), seq }]);
        let mut receipts = Receipts::default();
        for seq in 0..3 * PASSING as u64 {
            assert!(receipts.is_first(&receipt(seq)));
            assert!(!receipts.is_first(&receipt(seq.saturating_sub(PASSING as u64 / 2))));
        }
        assert!(receipts.heard.len() + receipts.heard_before.len() <= 2 * PASSING);
        assert!(receipts.is_first(&receipt(0)), "what was heard long ago is forgotten");
    }

    #[test]
    fn larger_groups_say_less_and_pass_on() {
        assert!(delay(200) > delay(50) && delay(50) > delay(10) && delay(100_000) == LONGEST);
        let key = DeviceKey::from_seed([1; 32]);
        let (topic, now) = (GroupId::from_bytes([9; 32]), Instant::now());
        let receipt = Receipt::sign(&key, topic, vec![Held { author: key.id(), seq: 1 }]);
        let mut receipts = Receipts::default();
        receipts.pass_on(receipt.clone(), key.id(), 5, now);
        assert_eq!(receipts.due(), None);
        for _ in 0..2 * PASSING {
            receipts.pass_on(receipt.clone(), key.id(), 50, now);
        }
        let said = receipts.take(&key, now + LONGEST);
        assert!(said.len() <= PASSING && said.iter().all(|(_, but)| *but == Some(key.id())));
    }
}
