//! What can go wrong, one enum per operation.

use std::path::PathBuf;

use compeer_core::key::KeyError;
use compeer_core::{EntryError, GroupId};

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
    /// It belongs to another device.
    #[error("the journal was written by another device")]
    OtherDevice,
    /// Another process has it open.
    #[error("another process has the journal open")]
    InUse,
    /// A record in it cannot be read back.
    #[error("the journal is damaged: {0}")]
    Damaged(&'static str),
    /// SQLite or the disk failed.
    #[error("the disk failed")]
    Disk(#[from] rusqlite::Error),
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
    /// The journal was restored from a copy, and no other device has yet said how far this device's log had come.
    #[error("restored from a copy: waiting for another device to say how far this one had written")]
    AskingPeers {
        /// How many other devices could answer.
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
