//! Spaces from elsewhere: from a folder that Compeer wrote, from Slack's export and from Zulip's.
//!
//! Each reader turns what it finds into the operations that would have said the same ([`Imported`]), and hands them to
//! [`Taker`], which writes them into a new space. What they were about is theirs to decide (`docs/decisions/0010-export.md`).
//! Whoever made the archive is a stranger: sizes are looked at first, and nothing of it names a path.

mod archive;
mod json;
mod ours;
mod slack;
mod taker;
mod words;
mod zulip;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use self::archive::unpack;
pub(crate) use self::taker::Taker;
use crate::error::ActError;
use crate::export::ManifestError;
use crate::progress::Stopped;

/// What is taken in of an archive of somebody else's, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportWish {
    /// Also what was said in private channels and between few people: everybody who comes into the space will read it.
    pub private: bool,
    /// Of Zulip, this stream alone.
    pub stream: Option<String>,
}

/// What became of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportDone {
    /// Entries that were written.
    pub entries: u64,
    /// Files that are here.
    pub files: u64,
    /// Private conversations that were left out.
    pub private: u64,
    /// Reactions, files and the like that there is no way to say here.
    pub lost: u64,
}

/// What an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// Written by Compeer.
    Compeer,
    /// Written by Slack.
    Slack,
    /// Written by Zulip.
    Zulip,
}

/// Why nothing was imported. Nothing is left of the new space then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Neither a folder nor a ZIP file, or one of something else.
    #[error("{} is no export of Compeer, Slack or Zulip", .0.display())]
    Unknown(PathBuf),
    /// Not what was exported.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A line of the record that says nothing.
    #[error("line {line} of {file} is none that was exported")]
    Line {
        /// Which file.
        file: String,
        /// Which line, from 1.
        line: u64,
    },
    /// A file that is no JSON, or not of the form that it should have.
    #[error("{file}, line {line}, column {column}: {what}")]
    Json {
        /// Which file.
        file: String,
        /// Where, from 1.
        line: usize,
        /// Where in the line.
        column: usize,
        /// What was wrong.
        what: String,
    },
    /// More of something than is taken in.
    #[error("{file} is larger than is taken in ({limit} bytes)")]
    TooLarge {
        /// Which file.
        file: String,
        /// How many bytes are.
        limit: u64,
    },
    /// A ZIP file that is damaged, or made to do harm.
    #[error("{file} is a ZIP file that cannot be unpacked: {what}")]
    Zip {
        /// Which file, and which part of it.
        file: String,
        /// What was wrong.
        what: &'static str,
    },
    /// Something that was written later than now.
    #[error("{file} holds something from the future: a clock is wrong")]
    Future {
        /// Which file.
        file: String,
    },
    /// It has no stream of that name.
    #[error("there is no stream called {0:?} in it")]
    NoStream(String),
    /// The disk.
    #[error("{} could not be read or written", path.display())]
    Disk {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody stopped it.
    #[error("the import was cancelled")]
    Stopped(#[from] Stopped),
    /// The space.
    #[error(transparent)]
    Act(#[from] ActError),
}

/// A folder that can be imported.
pub(crate) struct Archive {
    pub(crate) kind: ArchiveKind,
    pub(crate) folder: PathBuf,
    /// What the space will be called.
    pub(crate) name: String,
}

impl Archive {
    /// Looks what lies in a folder, or in the only folder in it.
    pub(crate) fn open(path: &Path, wish: &ImportWish) -> Result<Self, ImportError> {
        let inner = only_folder(path).unwrap_or_else(|| path.to_path_buf());
        for folder in [path, &inner] {
            let has = |name: &str| fs::symlink_metadata(folder.join(name)).is_ok_and(|meta| meta.is_file());
            let (kind, name) = if has(crate::export::manifest::FILE) && has(crate::export::record::FILE) {
                (ArchiveKind::Compeer, ours::name(folder)?)
            } else if has("realm.json") {
                (ArchiveKind::Zulip, zulip::name(folder, wish)?)
            } else if has("users.json") && has("channels.json") {
                (ArchiveKind::Slack, slack::name(folder))
            } else {
                continue;
            };
            return Ok(Self { kind, folder: folder.to_path_buf(), name });
        }
        Err(ImportError::Unknown(path.to_path_buf()))
    }

    /// Writes everything into the space of `taker`. Blocks.
    pub(crate) fn read(&self, wish: &ImportWish, taker: &mut Taker) -> Result<(), ImportError> {
        match self.kind {
            ArchiveKind::Compeer => ours::read(&self.folder, taker),
            ArchiveKind::Slack => slack::read(&self.folder, wish, taker),
            ArchiveKind::Zulip => zulip::read(&self.folder, wish, taker),
        }?;
        taker.flush()
    }
}

/// The folder in a folder that holds nothing else: what many programs unpack a ZIP file to.
fn only_folder(path: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(path).ok()?.flatten();
    let (first, none) = (entries.next()?, entries.next());
    (none.is_none() && first.file_type().ok()?.is_dir()).then(|| first.path())
}

fn disk(path: &Path) -> impl FnOnce(io::Error) -> ImportError + '_ {
    move |source| ImportError::Disk { path: path.to_path_buf(), source }
}
