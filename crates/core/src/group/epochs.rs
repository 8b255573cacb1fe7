//! Which epochs there are, who can open each, and which one may be sealed under.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Hlc;
use crate::entry::SignedHeader;
use crate::epoch::EpochId;
use crate::group::act::{KeyGrant, Level};
use crate::group::rules::Rules;
use crate::id::{DeviceId, EntryHash};

/// One epoch, as the accepted key entries tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochInfo {
    /// Which.
    pub id: EpochId,
    /// The clock of the first grant that names it.
    pub started: Hlc,
    /// The device that wrote that grant.
    pub by: DeviceId,
    /// How many devices can open it, as far as is known.
    pub recipients: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Epoch {
    /// Clock, hash and author of the earliest grant that names it.
    start: (Hlc, EntryHash, DeviceId),
    /// Devices that a grant was wrapped for or came from.
    recipients: BTreeSet<DeviceId>,
}

/// What the accepted key entries of one topic add up to, in whatever order they are given.
///
/// A hostile writer can name a stranger as recipient, or wrap a wrong key. Neither leaks anything: an epoch that a
/// stranger may open is never [`current`](Self::current), and a wrong key does not have the epoch's id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Epochs {
    epochs: BTreeMap<EpochId, Epoch>,
}

impl Epochs {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of an accepted key entry.
    pub fn grant(&mut self, header: &SignedHeader, grant: &KeyGrant) {
        let start = (header.clock, header.hash(), header.author);
        for id in &grant.epochs {
            let epoch = self.epochs.entry(*id).or_insert_with(|| Epoch { start, recipients: BTreeSet::new() });
            epoch.start = epoch.start.min(start);
            // Whoever hands a key out has it, wrapped for itself or not.
            epoch.recipients.insert(header.author);
            epoch.recipients.extend(grant.wraps.iter().map(|wrap| wrap.device));
        }
    }

    /// The epoch to seal under: the newest (by start, then id) whose key is `held` here, that no device outside can open
    /// as far as is known, and that was started after the last act that took rights from somebody. Before that act was
    /// known everywhere, somebody may have handed the key to whom it keeps out, or to whom somebody let in who might not any
    /// more. `None` means that a new one must be started first.
    pub fn current(&self, rules: &Rules, held: &dyn Fn(&EpochId) -> bool) -> Option<EpochId> {
        self.epochs
            .iter()
            .filter(|(_, epoch)| epoch.start.0 > rules.taken)
            .filter(|(id, epoch)| epoch.recipients.iter().all(|device| reads(rules, device)) && held(id))
            .max_by_key(|(id, epoch)| (epoch.start.0, **id))
            .map(|(id, _)| *id)
    }

    /// Readers now that no grant gives this epoch's key to.
    #[must_use]
    pub fn lacking(&self, epoch: &EpochId, rules: &Rules) -> BTreeSet<DeviceId> {
        let recipients = self.epochs.get(epoch).map(|epoch| &epoch.recipients);
        let readers = rules.devices().keys().filter(|device| reads(rules, device));
        readers.filter(|device| recipients.is_none_or(|known| !known.contains(device))).copied().collect()
    }

    /// All epochs, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<EpochInfo> {
        let mut list: Vec<EpochInfo> = self
            .epochs
            .iter()
            .map(|(id, epoch)| EpochInfo {
                id: *id,
                started: epoch.start.0,
                by: epoch.start.2,
                recipients: epoch.recipients.len(),
            })
            .collect();
        list.sort_by_key(|info| (info.started, info.id));
        list
    }

    /// Whether this epoch's key is known to have been handed to this device.
    #[must_use]
    pub fn given_to(&self, epoch: &EpochId, device: &DeviceId) -> bool {
        self.epochs.get(epoch).is_some_and(|epoch| epoch.recipients.contains(device))
    }
}

fn reads(rules: &Rules, device: &DeviceId) -> bool {
    rules.level(device) >= Some(Level::Read)
}
