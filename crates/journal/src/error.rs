//! What can go wrong, one enum per operation.

use std::path::PathBuf;

use compeer_core::group::InviteFault;
use compeer_core::key::KeyError;
use compeer_core::{EntryError, GroupId};

use crate::store::StoreError;

/// Why a journal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or read.
    #[error("cannot use the folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Written by a newer version of this program.
    #[error("the journal has format {found}, this program knows {known}: a newer version wrote it")]
    Newer {
        /// The file's format.
        found: u32,
        /// The newest format this program knows.
        known: u32,
    },
    /// There was one, and it is gone. Starting a new one under the same key could write a second history.
    #[error("the journal of this device is missing: there is no {path}", path = path.display())]
    Lost {
        /// Where it should be.
        path: PathBuf,
    },
    /// It belongs to another device.
    #[error("the journal was written by another device")]
    OtherDevice,
    /// Another process has it open.
    #[error("another process has the journal open")]
    InUse,
    /// A record in it cannot be read back.
    #[error("the journal is damaged: {0}")]
    Damaged(&'static str),
    /// No space left.
    #[error("the disk is full")]
    Full,
    /// The disk failed in another way; what SQLite said.
    #[error("the disk failed: {0}")]
    Disk(String),
    /// The operating system gave no thread.
    #[error("no thread for the journal")]
    Thread(#[source] std::io::Error),
}

/// Why something could not be written. Nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// No such group on this computer.
    #[error("no such group here")]
    UnknownTopic,
    /// The member names a group whose log is not on this computer.
    #[error("the member group {0:?} is not known here")]
    UnknownMember(GroupId),
    /// This device's rights do not reach that far.
    #[error("this device may not do that here")]
    NotAllowed,
    /// The group has been ended.
    #[error("the group has ended")]
    Ended,
    /// The group is read-only.
    #[error("the group is read-only")]
    Archived,
    /// The invitation is no good.
    #[error("{0}")]
    Invitation(InviteFault),
    /// The group has as many members as it may have.
    #[error("the group is full")]
    Full,
    /// One entry would be too long.
    #[error("{got} bytes, one entry takes {limit}")]
    TooLong {
        /// How many there were.
        got: usize,
        /// How many fit.
        limit: usize,
    },
    /// This device's own log exists in two versions; whoever finds it frozen takes no more from it.
    #[error("this device's log was forked")]
    Forked,
    /// The journal was restored from a copy, and not all other devices have yet said how far this device's log had come.
    #[error("restored from a copy: waiting for other devices to say how far this one had written ({devices} missing)")]
    AskingPeers {
        /// How many devices have not answered, or hold more than has come back yet.
        devices: usize,
    },
    /// No space left. Nothing is lost; writing works again once there is space.
    #[error("the disk is full")]
    DiskFull,
    /// The disk failed in another way; what SQLite said.
    #[error("the disk failed: {0}")]
    Disk(String),
    /// Keys could not be made or sealed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The entry breaks a limit.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The journal has been closed.
    #[error("the journal is closed")]
    Closed,
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No such group on this computer.
    #[error("no such group here")]
    UnknownTopic,
    /// A record cannot be read back.
    #[error("the journal is damaged: {0}")]
    Damaged(&'static str),
    /// The disk failed; what SQLite said.
    #[error("the disk failed: {0}")]
    Disk(String),
    /// The journal has been closed.
    #[error("the journal is closed")]
    Closed,
}

/// Why a whole batch from a peer was not taken. Nothing of it was stored. What is wrong with single runs stands in
/// [`crate::IngestReport::refused`] instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// More than one call takes.
    #[error("the batch is larger than one call takes")]
    TooMuch,
    /// No space left. The same batch can be offered again later.
    #[error("the disk is full")]
    DiskFull,
    /// The disk failed; what SQLite said.
    #[error("the disk failed: {0}")]
    Disk(String),
    /// The journal has been closed.
    #[error("the journal is closed")]
    Closed,
}

/// An error that can come from the store: what the engine looks at to see whether its transaction can go on.
pub(crate) trait Failure: From<StoreError> {
    /// The journal has been closed.
    fn closed() -> Self;
    /// What failed after something may have been changed; `None` for a refusal that changed nothing.
    fn failed(&self) -> Option<StoreError>;
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::DiskFull,
            other => Self::Disk(other.to_string()),
        }
    }
}

impl Failure for WriteError {
    fn closed() -> Self {
        Self::Closed
    }

    fn failed(&self) -> Option<StoreError> {
        match self {
            Self::DiskFull => Some(StoreError::Full),
            Self::Disk(said) => Some(StoreError::Failed(said.clone())),
            Self::Key(error) => Some(StoreError::Failed(error.to_string())),
            Self::Entry(error) => Some(StoreError::Failed(error.to_string())),
            _ => None,
        }
    }
}

impl From<StoreError> for IngestError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::DiskFull,
            other => Self::Disk(other.to_string()),
        }
    }
}

impl Failure for IngestError {
    fn closed() -> Self {
        Self::Closed
    }

    fn failed(&self) -> Option<StoreError> {
        match self {
            Self::DiskFull => Some(StoreError::Full),
            Self::Disk(said) => Some(StoreError::Failed(said.clone())),
            Self::TooMuch | Self::Closed => None,
        }
    }
}

impl Failure for StoreError {
    fn closed() -> Self {
        Self::Failed("the journal is closed".into())
    }

    fn failed(&self) -> Option<StoreError> {
        Some(self.clone())
    }
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged(what) => Self::Damaged(what),
            other => Self::Disk(other.to_string()),
        }
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged(what) => Self::Damaged(what),
            StoreError::Full => Self::Full,
            StoreError::Failed(said) => Self::Disk(said),
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}
