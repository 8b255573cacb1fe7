//! What can be read: accepted entries that this device has the key for, in the order in which they became so.

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};

/// How far a view has read. The default is the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// Grows whenever entries that could be read no longer count.
    pub generation: u64,
    /// The next position to read, from 0.
    pub position: u64,
}

/// What [`crate::Journal::read`] returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// The next entries.
    Entries {
        /// In feed order; may be empty.
        entries: Vec<Opened>,
        /// Where to go on.
        next: Cursor,
        /// Whether there is more right now.
        more: bool,
    },
    /// The cursor is of another generation: wipe the view and start at position 0 of this one.
    Rebuild {
        /// The generation that counts now.
        generation: u64,
    },
}

/// A readable entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its place in the feed of this device; other devices have another order.
    pub position: u64,
    /// Its name.
    pub hash: EntryHash,
    /// The device that wrote it.
    pub author: DeviceId,
    /// The person that device belongs (or belonged) to.
    pub person: Option<GroupId>,
    /// What its author was allowed at the control heads it names (never below Write): views need it for what only
    /// managers may say.
    pub level: Level,
    /// Its number in the author's log.
    pub seq: u64,
    /// When, by the author's clock.
    pub clock: Hlc,
    /// What was sealed.
    pub plain: Vec<u8>,
}
