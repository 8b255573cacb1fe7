//! A space as a folder that a person can read and a fresh installation can take in: see `docs/decisions/0010-export.md`.
//!
//! Each tool writes its part in a form of its own, for people and for other programs: one function in [`TOOLS`]. What Compeer
//! itself takes in again is [`record`]: every operation, by whom and when, so a tool that is added needs nothing there. All
//! of it is read from one snapshot of the view and from the journal as far as that snapshot goes.

mod boards;
mod files;
mod folder;
mod issues;
pub(crate) mod manifest;
mod messages;
mod names;
mod originals;
mod pages;
mod readme;
pub(crate) mod record;
mod svg;
mod text;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use compeer_blobs::BlobStore;
use compeer_core::{EntryHash, GroupId};
use compeer_journal::{Journal, ReadError};
use serde_json::Value;

pub(crate) use self::files::Exported;
pub(crate) use self::files::FILE as FILES;
pub(crate) use self::folder::Folder;
pub use self::manifest::{Manifest, ManifestError, Verified, verify};
use self::originals::Originals;
use crate::error::ViewError;
use crate::model::Element;
use crate::progress::{Progress, Stopped};
use crate::view::{UpdateRow, View};

/// Why a space was not exported. Nothing is left of the folder then.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Something lies there.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// It is not named, or lies in no folder.
    #[error("{} is no place for a folder", .0.display())]
    NoPlace(PathBuf),
    /// The disk.
    #[error("{} could not be written", path.display())]
    Disk {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Somebody stopped it.
    #[error("the export was cancelled")]
    Stopped(#[from] Stopped),
    /// Rights were taken away meanwhile, and what counts is another now.
    #[error("the space was rebuilt meanwhile")]
    Changed,
    /// The view.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// The blobs.
    #[error(transparent)]
    Blobs(#[from] compeer_blobs::ReadError),
    /// A key.
    #[error(transparent)]
    Key(#[from] compeer_core::key::KeyError),
}

/// Writes one element of a board as Excalidraw's file has it.
pub type Draw = fn(String, &Element) -> Value;

/// Reads as Markdown what the updates of a page say together; none when they cannot be read. Blocks.
pub(crate) type ReadPage = Box<dyn Fn(Vec<UpdateRow>) -> Option<String> + Send>;

/// What an export is made from.
pub(crate) struct Source {
    /// A snapshot.
    pub(crate) view: View,
    pub(crate) journal: Journal,
    pub(crate) blobs: BlobStore,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) space: GroupId,
    /// What it is called.
    pub(crate) name: String,
    pub(crate) draw: Draw,
    pub(crate) read_page: ReadPage,
    /// Whether the files go along.
    pub(crate) with_files: bool,
    pub(crate) progress: Progress,
}

/// What the tools share.
pub(crate) struct Reading {
    pub(crate) source: Source,
    /// The names of people, as they were called where they were.
    pub(crate) names: HashMap<GroupId, String>,
    pub(crate) originals: Originals,
    /// Who is named by anything, by their original ids.
    pub(crate) named: RefCell<BTreeSet<GroupId>>,
    /// The files of the space.
    pub(crate) files: OnceCell<HashMap<EntryHash, Exported>>,
}

/// Writes what one tool knows.
type Tool = fn(&Reading, &mut Folder) -> Result<(), ExportError>;

/// All of them. Messages are last: they name what the others wrote. A new tool stands here.
const TOOLS: [Tool; 7] =
    [record::write, record::people, files::write, issues::write, boards::write, pages::write, messages::write];

/// What was written.
pub(crate) struct Done {
    /// As it was signed.
    pub(crate) manifest: Manifest,
    /// Files of the space that are not in the folder.
    pub(crate) missing: u64,
}

/// Writes the folder, or leaves nothing. Blocks.
pub(crate) fn write(source: Source, target: &Path, head: manifest::Head) -> Result<Done, ExportError> {
    let mut folder = Folder::create(target)?;
    let (view, space) = (&source.view, source.space);
    let names = view.people(&space)?.into_iter().map(|(person, (name, _))| (person, name)).collect();
    let originals = Originals::new(view.clone(), space)?;
    let key = source.journal.key().clone();
    let (named, files) = (RefCell::default(), OnceCell::new());
    let reading = Reading { names, originals, named, files, source };
    for tool in TOOLS {
        tool(&reading, &mut folder)?;
    }
    readme::write(&reading, &mut folder)?;
    reading.source.progress.check()?;
    let manifest = manifest::write(&mut folder, head, &key)?;
    folder.commit(target)?;
    let missing = |files: &HashMap<_, Exported>| files.values().filter(|file| file.path.is_none()).count() as u64;
    Ok(Done { manifest, missing: reading.files.get().map_or(0, missing) })
}

impl Reading {
    /// What somebody is called, for people; their id where that is not known.
    pub(crate) fn name(&self, person: &GroupId) -> String {
        self.names.get(person).cloned().unwrap_or_else(|| crate::service::nameless(person))
    }
}
