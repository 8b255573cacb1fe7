//! The seam to replication: runs of entries as they travel, and what became of them.

use compeer_core::{DeviceId, GroupId, Millis, Tip};

/// Entries one call of [`crate::Journal::ingest`] takes.
pub const BATCH_ENTRIES: usize = 16_384;
/// Bytes (headers and bodies) one call of [`crate::Journal::ingest`] takes.
pub const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// An entry as stored and sent; nothing about it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    /// Header and signature, as [`compeer_core::SignedHeader::bytes`] gives them.
    pub header: Vec<u8>,
    /// The body as stored. `None` when the sender has dropped it, or lacks it; only data is taken without.
    pub body: Option<Vec<u8>>,
}

/// Consecutive entries of one author's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The topic.
    pub topic: GroupId,
    /// Whose log.
    pub author: DeviceId,
    /// The number of the first entry.
    pub first: u64,
    /// How many entries before it are not at the sender's: pruned, or lacking there too.
    pub pruned: u64,
    /// The entries, in order.
    pub entries: Vec<RawEntry>,
}

/// What became of a batch. Everything counted here is on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IngestReport {
    /// Entries that are new here, and bodies of entries here that were lacking.
    pub stored: u64,
    /// Entries that were here already.
    pub known: u64,
    /// Where the logs named in the batch end here now.
    pub heights: Vec<(GroupId, DeviceId, Tip)>,
    /// Runs that start behind a gap: send from here instead.
    pub wanted: Vec<Wanted>,
    /// Runs that were not taken, or only in part.
    pub refused: Vec<Refused>,
}

/// The next entry that is wanted of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The topic.
    pub topic: GroupId,
    /// Whose log.
    pub author: DeviceId,
    /// The number to start from.
    pub from: u64,
}

/// A run that was not taken, or only in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The topic.
    pub topic: GroupId,
    /// Whose log.
    pub author: DeviceId,
    /// Why.
    pub cause: Refusal,
}

/// Why a run was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// This device takes no part in the topic.
    NotWanted,
    /// The sender's fault: bytes that decode to nothing, break a limit, the chain or a signature.
    Invalid(String),
    /// The author's log has been forked and is frozen.
    Frozen,
    /// Dated too far ahead of our clock. Offer it again at `until`.
    ClockAhead {
        /// When it can be taken, by our clock.
        until: Millis,
    },
    /// The last entry's signature does not hold, which may be the author's trick rather than the sender's fault. The
    /// run is kept in memory; it counts if what follows it verifies.
    Unsettled,
    /// Too many logs on this topic by devices that its rules do not know.
    Strangers,
}

impl Refusal {
    /// Whether only a sender that breaks the protocol can cause it.
    #[must_use]
    pub const fn is_senders_fault(&self) -> bool {
        matches!(self, Self::Invalid(_))
    }
}

/// A log on this disk grew: what replication pushes on. When `first` lies behind `tip`, nothing is new but that bodies came
/// that were lacking, or are accounted for by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// The topic.
    pub topic: GroupId,
    /// Whose log.
    pub author: DeviceId,
    /// The number of the first entry that is new.
    pub first: u64,
    /// Its new end.
    pub tip: Tip,
    /// The number of its first entry whose body is lacking.
    pub lacks: Option<u64>,
    /// Who sent it to us; `None` when we wrote it.
    pub from: Option<DeviceId>,
}

impl Growth {
    /// The number of the last entry up to which all bodies are here, or dropped by an entry that counts.
    pub(crate) fn held(&self) -> Option<u64> {
        self.lacks.map_or(Some(self.tip.seq), |lacks| lacks.checked_sub(1))
    }
}
