//! What a device may do at some point of a group's history, and what takes it away.

use std::sync::Arc;

use crate::group::act::{Level, Member};
use crate::group::reach::{LastAccepted, Reach, Spot};
use crate::id::DeviceId;

/// What a device may do at some point of the group's history, before looking at the entry in which it does it.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) device: DeviceId,
    /// Whether the group was read-only, according to what the device had seen.
    pub(super) archived: bool,
    pub(super) grips: Vec<Grip>,
}

/// One membership by which a device has its standing.
#[derive(Debug)]
pub(super) struct Grip {
    pub(super) member: Member,
    pub(super) level: Level,
    pub(super) caps: Vec<Cap>,
    pub(super) reach: Arc<Reach>,
}

/// A lowering that the device did not know of.
#[derive(Debug)]
pub(super) struct Cap {
    pub(super) by: usize,
    pub(super) level: Option<Level>,
    pub(super) cut: Option<LastAccepted>,
}

impl Cap {
    fn hits(&self, spot: &Spot) -> bool {
        self.cut.is_none_or(|cut| spot.is_beyond(cut))
    }
}

impl Grip {
    fn uncapped(&self, spot: &Spot) -> Option<Level> {
        self.reach.at(spot).min(Some(self.level))
    }

    fn at(&self, spot: &Spot) -> Option<Level> {
        let caps = self.caps.iter().filter(|cap| cap.hits(spot)).map(|cap| cap.level);
        caps.fold(self.uncapped(spot), Ord::min)
    }
}

impl Standing {
    pub(super) fn level(&self, spot: &Spot) -> Option<Level> {
        self.grips.iter().map(|grip| grip.at(spot)).max().flatten()
    }

    /// The lowering without which the entry would have had the level it needs.
    pub(super) fn lowered_by(&self, spot: &Spot, needs: Level) -> Option<usize> {
        let able = self.grips.iter().filter(|grip| grip.uncapped(spot) >= Some(needs));
        let caps = able.flat_map(|grip| &grip.caps).filter(|cap| cap.hits(spot) && cap.level < Some(needs));
        caps.map(|cap| cap.by).min()
    }

    /// Whether lowering this member is the device's own business: it is the member, or it manages the group that is.
    pub(super) fn leaves(&self, member: &Member, spot: &Spot) -> bool {
        let own = self.grips.iter().filter(|grip| grip.member == *member && grip.at(spot).is_some());
        own.into_iter().any(|grip| match member {
            Member::Device(device) => *device == self.device,
            Member::Group(_) => grip.reach.at(spot) == Some(Level::Manage),
        })
    }
}
