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
    /// Whether the two headers alone prove it. An author can have signed one of them wrongly on purpose, which a later entry
    /// of the run made up for; whoever passed that on would look like a liar.
    is_proof: bool,
}

impl Fork {
    /// A fork by its encoded headers; `None` when they are none. One that lies in the file was found by the chains of whole runs, which say more than two headers do.
    pub(crate) fn stored(one: &[u8], other: &[u8]) -> Option<Self> {
        let (one, other) = (SignedHeader::decode(one).ok()?, SignedHeader::decode(other).ok()?);
        let is_proof = proves_fork(&one, &other);
        Some(Self { one, other, is_proof })
    }

    /// Whether somebody else can be convinced of it, on this topic.
    pub(crate) fn convinces(&self, topic: &GroupId) -> bool {
        self.is_proof && self.one.topic == *topic
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

#[cfg(test)]
mod tests {
    use compeer_core::{Body, BodyClass, DeviceKey, Entry, EntryHash, EpochId, Hlc};

    use super::*;

    const TOPIC: GroupId = GroupId::from_bytes([9; 32]);

    fn header(text: &[u8]) -> Vec<u8> {
        let body = Body { class: BodyClass::Data, epoch: EpochId::from_bytes([1; 16]), bytes: text.to_vec() };
        let heads = vec![EntryHash::from_bytes([5; 32])];
        let key = DeviceKey::from_seed([1; 32]);
        Entry::create(&key, TOPIC, None, Hlc::new(1_000, 0), heads, body).expect("entry").header.bytes().to_vec()
    }

    #[test]
    fn only_what_convinces_others_is_passed_on() {
        let (one, other) = (header(b"one"), header(b"other"));
        let fork = Fork::stored(&one, &other).expect("headers");
        assert!(fork.convinces(&TOPIC) && !fork.convinces(&GroupId::from_bytes([8; 32])));
        assert!(!Fork::stored(&one, &one).expect("headers").convinces(&TOPIC));
        // Its author signed it wrongly; it was taken with a later entry of the run.
        let mut wrong = other;
        let end = wrong.len() - 1;
        wrong[end] ^= 1;
        let fork = Fork::stored(&one, &wrong).expect("headers");
        assert!(!fork.convinces(&TOPIC));
        assert_eq!((fork.author(), fork.seq()), (DeviceKey::from_seed([1; 32]).id(), 0), "known here all the same");
        assert!(Fork::stored(b"", &one).is_none());
    }
}
