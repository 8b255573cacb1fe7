//! The handle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use compeer_core::group::{GroupKind, InviteTerms, Level, Member};
use compeer_core::{DeviceId, DeviceKey, EntryHash, GroupId, Hlc, Tip, Wall};
use tokio::sync::broadcast;

use crate::error::{IngestError, OpenError, ReadError, WriteError};
use crate::event::JournalEvent;
use crate::feed::{Cursor, Page};
use crate::run::{Growth, IngestReport, Run};

/// Where a journal lies and whose it is.
#[derive(Clone)]
pub struct JournalConfig {
    /// The folder; `journal.sqlite` lies in it.
    pub dir: PathBuf,
    /// This device's key.
    pub key: DeviceKey,
    /// Wall time.
    pub wall: Wall,
    /// What tests and special uses may want otherwise.
    pub options: JournalOptions,
}

impl JournalConfig {
    /// With the usual options.
    #[must_use]
    pub fn new(dir: PathBuf, key: DeviceKey, wall: Wall) -> Self {
        Self { dir, key, wall, options: JournalOptions::default() }
    }
}

/// What can be set.
#[derive(Debug, Clone)]
pub struct JournalOptions {
    /// How long a write waits for a peer to tell our own height after a restore, before it fails with
    /// [`WriteError::AskingPeers`].
    pub asking_limit: Duration,
    /// How long others wait before they grant keys that a member lacks and that whoever added it should have granted.
    /// Each device adds up to three times as much, by its own id, so that not everybody does the same.
    pub grant_delay: Duration,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self { asking_limit: Duration::from_secs(10), grant_delay: Duration::from_secs(2) }
    }
}

/// An entry of our own that is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Its name.
    pub hash: EntryHash,
    /// Its number in our log.
    pub seq: u64,
    /// Its time.
    pub clock: Hlc,
}

/// One topic on this disk.
#[derive(Debug, Clone)]
pub struct TopicInfo {
    /// The topic.
    pub topic: GroupId,
    /// What it stands for; `None` until its founding entry is here.
    pub kind: Option<GroupKind>,
    /// Whether this device takes part in it; otherwise it is here because a member group of such a topic is.
    pub adopted: bool,
    /// Entries of all classes.
    pub entries: u64,
    /// Bytes of their headers and bodies.
    pub bytes: u64,
    /// Entries that can be read.
    pub readable: u64,
}

/// A handle to one journal. Cloning is cheap.
#[derive(Clone)]
pub struct Journal;

impl Journal {
    /// Opens the journal in `config.dir`, or makes one.
    pub async fn open(_config: JournalConfig) -> Result<Self, OpenError> {
        Err(OpenError::InUse)
    }

    /// Finishes what was asked for, then closes the file. Later calls fail with `Closed`.
    pub async fn close(&self) {}

    /// This device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        DeviceId::from_bytes([0; 32])
    }

    /// This device's key: replication proves with it and opens invitations.
    #[must_use]
    pub fn key(&self) -> &DeviceKey {
        unimplemented!()
    }

    /// Founds a group with `founder` (this device, or the person it belongs to) as its first manager, and adopts it.
    pub async fn found(&self, _kind: GroupKind, _founder: Member) -> Result<GroupId, WriteError> {
        Err(WriteError::Closed)
    }

    /// Takes part in a group that somebody else founded: its entries are taken in from peers from now on.
    pub async fn adopt(&self, _topic: GroupId) -> Result<(), WriteError> {
        Err(WriteError::Closed)
    }

    /// Takes in a group's entries without taking part: the person group of somebody who is about to join.
    pub async fn attach(&self, _topic: GroupId) -> Result<(), WriteError> {
        Err(WriteError::Closed)
    }

    /// Adds a member, changes its level, or removes it (`None`). When adding by an invitation, names its key.
    pub async fn set_member(
        &self,
        _topic: GroupId,
        _member: Member,
        _level: Option<Level>,
        _invite: Option<DeviceId>,
    ) -> Result<EntryHash, WriteError> {
        Err(WriteError::Closed)
    }

    /// Opens an invitation.
    pub async fn invite(&self, _topic: GroupId, _terms: InviteTerms) -> Result<EntryHash, WriteError> {
        Err(WriteError::Closed)
    }

    /// Closes an invitation.
    pub async fn revoke(&self, _topic: GroupId, _key: DeviceId) -> Result<EntryHash, WriteError> {
        Err(WriteError::Closed)
    }

    /// Ends the group for everybody.
    pub async fn end(&self, _topic: GroupId) -> Result<EntryHash, WriteError> {
        Err(WriteError::Closed)
    }

    /// Everything on this disk, adopted or attached.
    #[must_use]
    pub fn topics(&self) -> Vec<TopicInfo> {
        Vec::new()
    }

    /// One topic on this disk.
    #[must_use]
    pub fn topic(&self, _topic: &GroupId) -> Option<TopicInfo> {
        None
    }

    /// Drops a topic's entries, keys and feed from this disk.
    pub async fn forget(&self, _topic: GroupId) -> Result<(), WriteError> {
        Err(WriteError::Closed)
    }

    /// Seals, signs and stores `plain`; on disk when it returns.
    pub async fn append(&self, _topic: GroupId, _plain: Vec<u8>) -> Result<Appended, WriteError> {
        Err(WriteError::Closed)
    }

    /// All of them or none, in one transaction.
    pub async fn append_all(&self, _topic: GroupId, _plains: Vec<Vec<u8>>) -> Result<Vec<Appended>, WriteError> {
        Err(WriteError::Closed)
    }

    /// The next at most `limit` readable entries. Reads the disk: call it where blocking is allowed.
    pub fn read(&self, _topic: &GroupId, _from: Cursor, _limit: usize) -> Result<Page, ReadError> {
        Err(ReadError::Closed)
    }

    /// What happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<JournalEvent> {
        broadcast::channel(1).1
    }

    /// The devices known to hold this entry on disk, ours included.
    #[must_use]
    pub fn holders(&self, _topic: &GroupId, _author: &DeviceId, _seq: u64) -> BTreeSet<DeviceId> {
        BTreeSet::new()
    }

    /// How many of our entries each other device with access is not known to hold.
    #[must_use]
    pub fn receipts(&self, _topic: &GroupId) -> BTreeMap<DeviceId, u64> {
        BTreeMap::new()
    }

    /// Where each author's log ends here.
    #[must_use]
    pub fn heights(&self, _topic: &GroupId) -> BTreeMap<DeviceId, Tip> {
        BTreeMap::new()
    }

    // What replication needs.

    /// Takes in what `from` sent: verifies, stores (on disk when it returns), judges, and makes readable what counts.
    pub async fn ingest(&self, _from: DeviceId, _runs: Vec<Run>) -> Result<IngestReport, IngestError> {
        Err(IngestError::Closed)
    }

    /// Consecutive entries of a log from number `from`, at most `max_entries` and about `max_bytes`, at least one if
    /// there is one. Reads the disk: call it where blocking is allowed.
    pub fn run(
        &self,
        _topic: &GroupId,
        _author: &DeviceId,
        _from: u64,
        _max_entries: usize,
        _max_bytes: usize,
    ) -> Result<Run, ReadError> {
        Err(ReadError::Closed)
    }

    /// Whether this topic's entries are taken in here: adopted, attached, or a member group of one that is.
    #[must_use]
    pub fn wants(&self, _topic: &GroupId) -> bool {
        false
    }

    /// Whether `device` may be sent this topic's entries.
    #[must_use]
    pub fn may_pull(&self, _device: &DeviceId, _topic: &GroupId) -> bool {
        false
    }

    /// The topics that `device` may pull from here, in ascending order.
    #[must_use]
    pub fn shared_with(&self, _device: &DeviceId) -> Vec<GroupId> {
        Vec::new()
    }

    /// The devices that may pull anything from here, ours excluded: whom to connect to.
    #[must_use]
    pub fn neighbours(&self) -> BTreeSet<DeviceId> {
        BTreeSet::new()
    }

    /// A hash over where every log of the topic ends: equal exactly when two devices hold the same of it.
    #[must_use]
    pub fn digest(&self, _topic: &GroupId) -> Option<[u8; 32]> {
        None
    }

    /// Every log that grows here, ours and those of others. A receiver that falls behind compares heights instead.
    #[must_use]
    pub fn growth(&self) -> broadcast::Receiver<Growth> {
        broadcast::channel(1).1
    }

    /// `device` says that it holds, on disk, these logs up to these numbers (inclusive). Kept in memory at once, on
    /// disk within a second.
    pub fn record_receipts(&self, _device: &DeviceId, _topic: &GroupId, _heights: &[(DeviceId, u64)]) {}

    /// `from` has said where our own log ends on `topic` at its place (`None`: it has nothing of ours). After a restore,
    /// writing starts again once our log has come that far. Call it before pulling.
    pub async fn own_height_heard(&self, _topic: GroupId, _from: DeviceId, _height: Option<u64>) {}

    /// Topics on which we may not write before somebody told our own height.
    #[must_use]
    pub fn asking(&self) -> BTreeSet<GroupId> {
        BTreeSet::new()
    }

    /// Writes again without asking: whoever says so knows that no other copy of this journal has been in use.
    pub async fn trust_local(&self) {}
}
