//! Writes what is imported into its space, many entries at once, and keeps its files.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use compeer_blobs::safe_path::{Folders, numbered};
use compeer_blobs::{AddError, BlobInfo, BlobStore};
use compeer_core::{BlobHash, GroupId, Millis, limits};
use compeer_journal::Journal;

use super::{ImportDone, ImportError, disk};
use crate::error::ActError;
use crate::model::{HOLDS_PER_OP, Imported, Op};
use crate::progress::Progress;

/// Entries and bytes that are written at once.
const ENTRIES: usize = 1000;
const BYTES: usize = 2 * 1024 * 1024;
/// Files that are hashed at once.
const FILES: usize = 256;
/// How many names are tried for a file that is in the way.
const COPIES: u32 = 10_000;

/// Where what is imported goes.
pub(crate) struct Taker {
    pub(crate) journal: Journal,
    pub(crate) blobs: BlobStore,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) space: GroupId,
    pub(crate) progress: Progress,
    pub(crate) now: Millis,
    /// The folder that its files are copied to.
    pub(crate) keep: PathBuf,
    pub(crate) done: ImportDone,
    batch: Vec<Vec<u8>>,
    bytes: usize,
    /// Copies that are not hashed yet, and what they must be.
    copies: Vec<(PathBuf, Option<BlobHash>, String)>,
    hold: Vec<BlobHash>,
    written: Vec<PathBuf>,
}

impl Taker {
    pub(crate) fn new(
        (journal, blobs): (Journal, BlobStore),
        space: GroupId,
        progress: Progress,
        now: Millis,
        keep: PathBuf,
    ) -> Self {
        Self {
            journal,
            blobs,
            runtime: tokio::runtime::Handle::current(),
            space,
            progress,
            now,
            keep,
            done: ImportDone::default(),
            batch: Vec::new(),
            bytes: 0,
            copies: Vec::new(),
            hold: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Takes in one entry; `file` is where it was read.
    pub(super) fn entry(&mut self, imported: Imported, file: &str) -> Result<(), ImportError> {
        self.progress.advance(1)?;
        if imported.clock.millis() > self.now.saturating_add(limits::CLOCK_AHEAD_MS / 2) {
            return Err(ImportError::Future { file: file.to_owned() });
        }
        let op = Op::Imported { imported }.encode().map_err(ActError::from)?;
        self.bytes += op.len();
        self.batch.push(op);
        self.done.entries += 1;
        if self.batch.len() >= ENTRIES || self.bytes >= BYTES { self.write() } else { Ok(()) }
    }

    /// Copies a file to where it stays. It is looked at with others later; what it must be is said here, where it is known.
    pub(super) fn file(&mut self, from: &Path, name: &str, blob: Option<BlobHash>) -> Result<(), ImportError> {
        let path = self.copy(from, name)?;
        self.copies.push((path, blob, name.to_owned()));
        if self.copies.len() >= FILES { self.hash().map(drop) } else { Ok(()) }
    }

    /// Copies a file to where it stays, and says what it is.
    pub(super) fn file_now(&mut self, from: &Path, name: &str) -> Result<BlobInfo, ImportError> {
        self.file(from, name, None)?;
        let infos = self.hash()?;
        infos.last().copied().ok_or_else(|| ImportError::Disk {
            path: from.to_path_buf(),
            source: io::Error::other("it was not hashed"),
        })
    }

    fn copy(&mut self, from: &Path, name: &str) -> Result<PathBuf, ImportError> {
        fs::create_dir_all(&self.keep).map_err(disk(&self.keep))?;
        let unsafe_name = |error| ImportError::Disk { path: from.to_path_buf(), source: io::Error::other(error) };
        let wanted = Folders::below(&self.keep).prepare(name).map_err(unsafe_name)?;
        let meta = fs::symlink_metadata(from).map_err(disk(from))?;
        if !meta.is_file() {
            return Err(disk(from)(io::Error::other("it is no file")));
        }
        for copy in 1..COPIES {
            let path = numbered(&wanted, copy);
            let mut to = match File::create_new(&path) {
                Ok(to) => to,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(disk(&path)(error)),
            };
            self.written.push(path.clone());
            let mut source = File::open(from).map_err(disk(from))?;
            io::copy(&mut source, &mut to).and_then(|_| to.sync_data()).map_err(disk(&path))?;
            return Ok(path);
        }
        Err(disk(&wanted)(io::ErrorKind::AlreadyExists.into()))
    }

    /// Hashes what was copied.
    fn hash(&mut self) -> Result<Vec<BlobInfo>, ImportError> {
        let copies = std::mem::take(&mut self.copies);
        let paths = copies.iter().map(|(path, _, _)| path.clone()).collect();
        let added =
            self.runtime.block_on(self.blobs.add_files(paths)).map_err(AddError::from).map_err(ActError::from)?;
        let mut infos = Vec::with_capacity(added.len());
        for (info, (_, wanted, name)) in added.into_iter().zip(copies) {
            let info = info.map_err(ActError::from)?;
            if wanted.is_some_and(|wanted| wanted != info.hash) {
                return Err(crate::export::ManifestError::Changed(name).into());
            }
            self.hold.push(info.hash);
            self.done.files += 1;
            infos.push(info);
        }
        Ok(infos)
    }

    fn write(&mut self) -> Result<(), ImportError> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        if !batch.is_empty() {
            self.runtime.block_on(self.journal.append_all(self.space, batch)).map_err(ActError::from)?;
        }
        Ok(())
    }

    /// Writes what is left, and says which files are here.
    pub(super) fn flush(&mut self) -> Result<(), ImportError> {
        self.hash()?;
        let hold = std::mem::take(&mut self.hold);
        for blobs in hold.chunks(HOLDS_PER_OP) {
            self.batch.push(Op::Holds { blobs: blobs.to_vec() }.encode().map_err(ActError::from)?);
        }
        self.write()
    }

    /// Nothing came of it: what was copied goes again.
    pub(crate) fn give_up(&mut self) {
        for path in self.written.drain(..) {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "a file of an import that failed could not be removed");
            }
        }
        let _ = fs::remove_dir(&self.keep);
    }
}

/// Ids that are made up for what had others: the same for the same, every time.
pub(super) struct Made {
    system: &'static str,
    realm: String,
}

impl Made {
    pub(super) fn new(system: &'static str, realm: impl Into<String>) -> Self {
        Self { system, realm: realm.into() }
    }

    /// Of a kind of thing, by what tells it apart.
    pub(super) fn id(&self, kind: &str, parts: &[&str]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("compeer 2026 id of what was elsewhere");
        for part in [self.system, &self.realm, kind].iter().chain(parts) {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}

/// Somebody elsewhere, by what they are called there.
pub(super) type People = HashMap<String, String>;
