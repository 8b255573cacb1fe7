//! What a journal is opened with, and what it tells about itself.

use std::path::PathBuf;
use std::time::Duration;

use compeer_core::group::GroupKind;
use compeer_core::{DeviceKey, EntryHash, GroupId, Hlc, Wall};

use crate::shared::View;

/// Where a journal lies and whose it is.
#[derive(Clone)]
pub struct JournalConfig {
    /// The folder; `journal.sqlite` lies in it.
    pub dir: PathBuf,
    /// This device's key.
    pub key: DeviceKey,
    /// Wall time.
    pub wall: Wall,
    /// There must be one already: a missing file means that it was lost.
    pub exists: bool,
    /// What tests and special uses may want otherwise.
    pub options: JournalOptions,
}

impl JournalConfig {
    /// With the usual options, for a journal that may be new.
    #[must_use]
    pub fn new(dir: PathBuf, key: DeviceKey, wall: Wall) -> Self {
        Self { dir, key, wall, exists: false, options: JournalOptions::default() }
    }
}

/// What can be set.
#[derive(Debug, Clone)]
pub struct JournalOptions {
    /// How long a write waits for a peer to tell our own height after a restore, before it fails with
    /// [`crate::WriteError::AskingPeers`].
    pub asking_limit: Duration,
    /// How long after a restore, by wall time, devices that are away are waited for to tell our own height.
    pub patience: Duration,
    /// How long the journal must be open before their silence counts: links to those who are here take a while.
    pub settling: Duration,
    /// How long others wait before they grant keys that a member lacks and that whoever added it should have granted.
    /// Each device adds up to three times as much, by its own id, so that not everybody does the same.
    pub grant_delay: Duration,
    /// How many bodies one transaction drops; more are left to further ones, so that nobody who writes waits for long.
    pub drop_step: usize,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            asking_limit: Duration::from_secs(10),
            patience: Duration::from_secs(24 * 3600),
            settling: Duration::from_secs(600),
            grant_delay: Duration::from_secs(2),
            drop_step: 2048,
        }
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

impl TopicInfo {
    pub(crate) fn of(topic: GroupId, view: &View) -> Self {
        Self {
            topic,
            kind: view.rules.kind(),
            adopted: view.adopted,
            entries: view.entries,
            bytes: view.bytes,
            readable: view.readable,
        }
    }
}
