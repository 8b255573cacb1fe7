//! How far a device's membership in a member group carries: in a space whose member is a person, what does a device of
//! that person reach?
//!
//! An entry of the space does not say what its author had seen of the person's log, so this goes by the person's log as
//! it is known now, and a device taken out of it is cut off where that act says (`elsewhere`), or else by the clock.

use crate::clock::Hlc;
use crate::group::act::Level;
use crate::id::EntryHash;

/// Where an entry stands in its author's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) seq: u64,
    pub(super) hash: EntryHash,
    pub(super) clock: Hlc,
}

/// The last entry that still counts: its number and hash.
pub(super) type LastAccepted = (u64, EntryHash);

impl Spot {
    /// Whether this entry comes after the cut, or in its place on another branch of a forked log.
    pub(super) fn is_beyond(&self, cut: LastAccepted) -> bool {
        self.seq > cut.0 || (self.seq == cut.0 && self.hash != cut.1)
    }
}

/// A lowering in a member group, as it bears on one device's entries on one topic elsewhere.
#[derive(Debug)]
pub(super) struct Bound {
    /// The device's last entry there that was known; `None` when the act does not say.
    pub(super) cut: Option<LastAccepted>,
    /// When the act was written.
    pub(super) clock: Hlc,
    /// The level of what lies behind it.
    pub(super) after: Option<Level>,
}

/// One membership on the way from a device to a topic.
#[derive(Debug)]
pub(super) struct Track {
    /// The level now.
    pub(super) now: Option<Level>,
    /// The highest it ever was.
    pub(super) peak: Option<Level>,
    pub(super) bounds: Vec<Bound>,
}

impl Track {
    fn at(&self, spot: &Spot) -> Option<Level> {
        let behind = |bound: &&Bound| bound.cut.map_or(spot.clock > bound.clock, |cut| spot.is_beyond(cut));
        let lowered = self.bounds.iter().filter(behind).map(|bound| bound.after).min();
        lowered.map_or(self.peak, |level| level.min(self.peak))
    }

    fn by_clock(&self, clock: Hlc) -> Option<Level> {
        let lowered = self.bounds.iter().filter(|bound| clock > bound.clock).map(|bound| bound.after).min();
        lowered.map_or(self.peak, |level| level.min(self.peak))
    }
}

/// All ways from a device to a topic through one member. A way gives no more than the least of its memberships; the
/// best way counts.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub(super) ways: Vec<Vec<Track>>,
}

impl Reach {
    /// Of a device that is itself the member.
    pub(super) fn whole() -> Self {
        Self { ways: vec![Vec::new()] }
    }

    /// The most that the device may do now.
    pub(super) fn now(&self) -> Option<Level> {
        self.best(|track| track.now)
    }

    /// The most that it might do when it wrote this entry.
    pub(super) fn at(&self, spot: &Spot) -> Option<Level> {
        self.best(|track| track.at(spot))
    }

    /// The most that it might do at this time, whatever it wrote.
    pub(super) fn by_clock(&self, clock: Hlc) -> Option<Level> {
        self.best(|track| track.by_clock(clock))
    }

    fn best(&self, level: impl Fn(&Track) -> Option<Level>) -> Option<Level> {
        let least = |way: &Vec<Track>| way.iter().map(&level).min().unwrap_or(Some(Level::Manage));
        self.ways.iter().map(least).max().flatten()
    }
}
