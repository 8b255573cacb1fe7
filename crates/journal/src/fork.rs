//! Logs in which somebody has written two histories, and the proof of it.
//!
//! Whoever finds out takes nothing more of that log, and tells all with whom it shares the topic: the author, too, who may
//! only have put back an older copy and would go on writing what nobody takes.

use compeer_core::entry::proves_fork;
use compeer_core::{DeviceId, GroupId, SignedHeader};

use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::write;
use crate::topic::Log;

/// Two headers of one log that cannot both be part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    one: SignedHeader,
    other: SignedHeader,
}

impl Fork {
    /// A fork, if these headers prove it. Nothing about them needs to have been checked.
    pub(crate) fn proven(topic: &GroupId, one: &[u8], other: &[u8]) -> Option<Self> {
        let fork = Self::stored(one, other)?;
        (fork.one.topic == *topic && proves_fork(&fork.one, &fork.other)).then_some(fork)
    }

    /// A fork as it lies in the file: it was found by the chains of whole runs, which say more than two headers do.
    pub(crate) fn stored(one: &[u8], other: &[u8]) -> Option<Self> {
        Some(Self { one: SignedHeader::decode(one).ok()?, other: SignedHeader::decode(other).ok()? })
    }

    /// Whose log.
    #[must_use]
    pub fn author(&self) -> DeviceId {
        self.one.author
    }

    /// The number at which the histories were found to differ; they may have parted before.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.one.seq.min(self.other.seq)
    }

    /// The first entry of which it is not known that both histories have it.
    pub(crate) fn parted(&self) -> u64 {
        let here = self.one.seq == self.other.seq && self.one.prev == self.other.prev;
        if here { self.seq() } else { 0 }
    }

    /// The encoded headers.
    pub(crate) fn headers(&self) -> [&[u8]; 2] {
        [self.one.bytes(), self.other.bytes()]
    }
}

impl Engine {
    /// Takes in the proof of a fork that somebody else has found.
    pub(crate) fn hear_fork(&mut self, id: GroupId, fork: &Fork) -> Result<(), StoreError> {
        let author = fork.author();
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(()) };
        if author == self.me && !topic.logs.contains_key(&author) {
            topic.logs.insert(author, Log::new(write::add_log(&self.db, topic.row, &author)?));
        }
        let [one, other] = fork.headers();
        self.freeze(id, author, fork.seq(), one, other)
    }
}
