//! Who may connect, as the journal knows it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use compeer_core::group::Level;
use compeer_core::{DeviceId, GroupId, Wall};
use compeer_mesh::{Admission, Door, Gate};

use crate::journal::Journal;

/// The mesh's gate: members are devices in a group that we are in; guests are welcome at the join door while an
/// invitation to a group that this device manages has not expired.
#[derive(Clone)]
pub struct JournalGate {
    journal: Journal,
    wall: Wall,
    /// By topic: the device that let us in. It counts as a member until the topic's own entries say who is one.
    hosts: Arc<Mutex<HashMap<GroupId, DeviceId>>>,
}

impl JournalGate {
    /// The gate of this journal. `wall` says which invitations have expired.
    #[must_use]
    pub fn new(journal: Journal, wall: Wall) -> Self {
        Self { journal, wall, hosts: Arc::default() }
    }

    pub(crate) fn now(&self) -> u64 {
        (self.wall)()
    }

    /// `host` has let us into `topic`, whose entries are not here yet.
    pub(crate) fn introduce(&self, topic: GroupId, host: DeviceId) {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(topic, host);
    }

    /// The hosts of topics whose entries do not say yet that we are members.
    pub(crate) fn hosts(&self) -> Vec<DeviceId> {
        let me = self.journal.device();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.retain(|topic, _| self.journal.rules(topic).is_none_or(|rules| rules.level(&me).is_none()));
        hosts.values().copied().collect()
    }

    /// Whether the device is in something that we take part in. The log of its own person alone does not count: it stays
    /// here when that person is removed from everything.
    pub(crate) fn is_member(&self, device: &DeviceId) -> bool {
        self.journal.is_member(device) || self.hosts().contains(device)
    }

    fn expects_guests(&self) -> bool {
        let (me, now) = (self.journal.device(), self.now());
        // Used-up and revoked invitations count as well: their holders are told what is the matter.
        self.journal.topics().iter().filter_map(|info| self.journal.rules(&info.topic)).any(|rules| {
            rules.level(&me) == Some(Level::Manage) && rules.invites().values().any(|invite| invite.terms.expires > now)
        })
    }
}

impl Gate for JournalGate {
    fn admit(&self, device: DeviceId, door: Door) -> Admission {
        if self.is_member(&device) {
            return Admission::Member;
        }
        if door == Door::Join && self.expects_guests() {
            return Admission::Guest;
        }
        Admission::Refuse
    }
}
