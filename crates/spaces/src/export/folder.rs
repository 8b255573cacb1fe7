//! The folder of an export while it is written: beside its place, under another name, until all of it is on the disk.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use compeer_core::id::to_base32;
use compeer_core::key::random_bytes;
use serde::Serialize;

use super::ExportError;
use super::manifest::Written;
use super::names::Names;

/// A folder that is being written. What is not committed is removed.
pub(crate) struct Folder {
    root: PathBuf,
    pub(super) names: Names,
    pub(super) written: Vec<Written>,
    committed: bool,
}

impl Folder {
    /// Begins beside `target`, where nothing may lie.
    pub(crate) fn create(target: &Path) -> Result<Self, ExportError> {
        refuse_existing(target)?;
        let no_place = || ExportError::NoPlace(target.to_path_buf());
        let (parent, name) = target.parent().zip(target.file_name()).ok_or_else(no_place)?;
        fs::create_dir_all(parent).map_err(|source| ExportError::Disk { path: parent.to_path_buf(), source })?;
        let mark = to_base32(&random_bytes::<5>()?);
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{mark}.partial"));
        let root = parent.join(hidden);
        fs::create_dir(&root).map_err(|source| ExportError::Disk { path: root.clone(), source })?;
        Ok(Self { root, names: Names::default(), written: Vec::new(), committed: false })
    }

    /// Begins a file at a path of safe names, with `/` between them.
    pub(crate) fn begin(&mut self, path: &str) -> Result<OutFile, ExportError> {
        let at = self.root.join(path);
        let failed = |source| ExportError::Disk { path: at.clone(), source };
        if let Some(parent) = at.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let file = File::create_new(&at).map_err(failed)?;
        let hasher = blake3::Hasher::new();
        Ok(OutFile { out: BufWriter::new(file), hasher, size: 0, path: path.to_owned(), at })
    }

    /// Ends a file: it is on the disk, and will be in the manifest.
    pub(crate) fn end(&mut self, file: OutFile) -> Result<(), ExportError> {
        let OutFile { mut out, hasher, size, path, at } = file;
        let synced = out.flush().and_then(|()| out.get_ref().sync_data());
        synced.map_err(|source| ExportError::Disk { path: at, source })?;
        self.written.push(Written { path, size, blake3: hasher.finalize().to_hex().to_string() });
        Ok(())
    }

    /// Writes a small file in one go.
    pub(crate) fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let mut file = self.begin(path)?;
        file.write(bytes)?;
        self.end(file)
    }

    /// Writes something as JSON for people to read.
    pub(crate) fn put_json(&mut self, path: &str, value: &impl Serialize) -> Result<(), ExportError> {
        let mut file = self.begin(path)?;
        let written = serde_json::to_writer_pretty(&mut file, value);
        written.map_err(|error| ExportError::Disk { path: file.at.clone(), source: error.into() })?;
        file.write(b"\n")?;
        self.end(file)
    }

    /// All of it is on the disk; now it stands where it shall.
    pub(crate) fn commit(mut self, target: &Path) -> Result<(), ExportError> {
        refuse_existing(target)?;
        let failed = |source| ExportError::Disk { path: target.to_path_buf(), source };
        sync_folders(&self.root).map_err(failed)?;
        fs::rename(&self.root, target).map_err(failed)?;
        self.committed = true;
        if let Some(parent) = target.parent() {
            sync_folder(parent).map_err(failed)?;
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.committed
            && let Err(error) = fs::remove_dir_all(&self.root)
        {
            tracing::warn!(%error, path = %self.root.display(), "what was written of an export could not be removed");
        }
    }
}

fn refuse_existing(target: &Path) -> Result<(), ExportError> {
    match fs::symlink_metadata(target) {
        Ok(_) => Err(ExportError::Exists(target.to_path_buf())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(ExportError::Disk { path: target.to_path_buf(), source }),
    }
}

fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    sync_folder(folder)
}

/// Windows opens no folders, and keeps their order itself.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(windows) { Ok(()) } else { File::open(folder)?.sync_all() }
}

/// A file that is being written.
pub(crate) struct OutFile {
    out: BufWriter<File>,
    hasher: blake3::Hasher,
    size: u64,
    path: String,
    at: PathBuf,
}

impl OutFile {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.write_all(bytes).map_err(|source| ExportError::Disk { path: self.at.clone(), source })
    }

    /// One value as one line.
    pub(crate) fn line(&mut self, value: &impl Serialize) -> Result<(), ExportError> {
        let mut line = serde_json::to_vec(value)
            .map_err(|error| ExportError::Disk { path: self.at.clone(), source: error.into() })?;
        line.push(b'\n');
        self.write(&line)
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A list in JSON, written one value a line.
pub(crate) struct List {
    out: OutFile,
    empty: bool,
}

impl List {
    pub(crate) fn begin(folder: &mut Folder, path: &str) -> Result<Self, ExportError> {
        let mut out = folder.begin(path)?;
        out.write(b"[")?;
        Ok(Self { out, empty: true })
    }

    pub(crate) fn add(&mut self, value: &impl Serialize) -> Result<(), ExportError> {
        let separator: &[u8] = if std::mem::replace(&mut self.empty, false) { b"\n" } else { b",\n" };
        self.out.write(separator)?;
        let json = serde_json::to_vec(value)
            .map_err(|error| ExportError::Disk { path: self.out.at.clone(), source: error.into() })?;
        self.out.write(&json)
    }

    pub(crate) fn end(mut self, folder: &mut Folder) -> Result<(), ExportError> {
        self.out.write(b"\n]\n")?;
        folder.end(self.out)
    }
}
