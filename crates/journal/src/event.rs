//! What the journal tells those who listen.

use compeer_core::{DeviceId, GroupId, Millis};

/// Something changed. Sent after it is on disk. Listeners that fall behind lose the oldest events, and then look at
/// everything they show once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalEvent {
    /// More can be read.
    Readable {
        /// The topic.
        topic: GroupId,
    },
    /// What counts has changed: views of this topic start again at position 0 of its new generation.
    Rebuild {
        /// The topic.
        topic: GroupId,
    },
    /// Members, levels or invitations changed.
    Rules {
        /// The topic.
        topic: GroupId,
    },
    /// Another device holds more than it was known to hold.
    Receipts {
        /// The topic.
        topic: GroupId,
    },
    /// This device now takes part in the topic.
    Adopted {
        /// The topic.
        topic: GroupId,
    },
    /// The topic is gone from this disk.
    Forgotten {
        /// The topic.
        topic: GroupId,
    },
    /// Something a person should hear about.
    Problem(JournalProblem),
    /// The disk takes entries again, after [`ProblemCause::DiskFull`] or [`ProblemCause::Disk`].
    Recovered,
}

/// Something a person should hear about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalProblem {
    /// Whose doing it is.
    pub device: DeviceId,
    /// Where; `None` when it concerns the whole journal.
    pub topic: Option<GroupId>,
    /// What it is.
    pub cause: ProblemCause,
}

/// What a problem is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemCause {
    /// The device wrote two entries with one number. Nothing more is taken from it on this topic.
    Fork {
        /// The number.
        seq: u64,
    },
    /// A control or key entry has a body that says nothing. It is kept and does not count.
    Unreadable {
        /// The entry's number.
        seq: u64,
    },
    /// The device's clock runs ahead. Its entries are taken when their time comes.
    ClockAhead {
        /// What its entry is dated.
        millis: Millis,
    },
    /// A body does not open with the key it names. It is skipped.
    Unopenable {
        /// The entry's number.
        seq: u64,
    },
    /// This journal was restored from an older copy; some of our own entries came back from peers.
    Restored {
        /// How many came back.
        entries: u64,
    },
    /// The disk is full: nothing can be written until there is space.
    DiskFull,
    /// The disk failed; what SQLite said.
    Disk(String),
}
