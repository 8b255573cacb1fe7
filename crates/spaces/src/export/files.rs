//! The files of a space, as they are listed; those that lie here are copied, checked against their hashes.

use std::collections::HashMap;

use compeer_core::{BlobHash, EntryHash};
use serde::Serialize;

use super::text::time;
use super::{ExportError, Folder, Reading};
use crate::model::Rename as _;
use crate::view::FileRow;

/// Bytes that are read at once.
const STEP: u64 = 4 * 1024 * 1024;
/// Where the list stands.
pub(crate) const FILE: &str = "files.json";

/// A file as the other tools name it.
#[derive(Debug, Clone)]
pub(crate) struct Exported {
    pub(super) name: String,
    /// Where it lies in the folder, if it does.
    pub(super) path: Option<String>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    name: String,
    size: u64,
    blob: String,
    by: String,
    author: String,
    time: String,
    path: Option<String>,
}

pub(super) fn write(reading: &Reading, folder: &mut Folder) -> Result<(), ExportError> {
    let source = &reading.source;
    let mut files = source.view.files(&source.space)?;
    files.sort_by_key(|file| (file.clock, file.hash));
    source.progress.expect(files.len() as u64);
    let (mut rows, mut exported) = (Vec::new(), HashMap::new());
    // What is listed twice is there once.
    let mut copied: HashMap<BlobHash, String> = HashMap::new();
    for file in files {
        source.progress.advance(1)?;
        let path = match copied.get(&file.blob) {
            Some(path) => Some(path.clone()),
            None if source.with_files => copy(reading, folder, &file)?,
            None => None,
        };
        if let Some(path) = &path {
            copied.insert(file.blob, path.clone());
        }
        rows.push(row(reading, &file, path.clone())?);
        exported.insert(file.hash, Exported { name: file.name, path });
    }
    // Nobody has set it before.
    let _ = reading.files.set(exported);
    folder.put_json(FILE, &rows)
}

fn row(reading: &Reading, file: &FileRow, path: Option<String>) -> Result<Row, ExportError> {
    Ok(Row {
        id: reading.originals.thing(file.hash)?.to_string(),
        name: file.name.clone(),
        size: file.size,
        blob: file.blob.to_string(),
        by: reading.originals.person(file.person).to_string(),
        author: reading.name(&file.person),
        time: time(file.clock.millis()),
        path,
    })
}

/// Copies a file if it lies here, and says where to.
fn copy(reading: &Reading, folder: &mut Folder, file: &FileRow) -> Result<Option<String>, ExportError> {
    let Source { blobs, runtime, progress } = Source::of(reading);
    let reader = match runtime.block_on(blobs.reader(file.blob)) {
        Ok(Some(reader)) => reader,
        // It was changed or moved away since, so it is not here any more.
        Ok(None) | Err(compeer_blobs::ReadError::Changed { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let path = folder.names.path("files", &file.name);
    let mut out = folder.begin(&path)?;
    let mut at = 0;
    while at < file.size {
        progress.check()?;
        let bytes = runtime.block_on(reader.read_range(at..at + STEP))?;
        if bytes.is_empty() {
            break;
        }
        at += bytes.len() as u64;
        out.write(&bytes)?;
    }
    folder.end(out)?;
    Ok(Some(path))
}

/// What copying needs.
struct Source<'a> {
    blobs: &'a compeer_blobs::BlobStore,
    runtime: &'a tokio::runtime::Handle,
    progress: &'a crate::progress::Progress,
}

impl<'a> Source<'a> {
    fn of(reading: &'a Reading) -> Self {
        let super::Source { blobs, runtime, progress, .. } = &reading.source;
        Self { blobs, runtime, progress }
    }
}

impl Reading {
    /// The file that something is about.
    pub(super) fn file(&self, id: &EntryHash) -> Option<&Exported> {
        self.files.get().and_then(|files| files.get(id))
    }
}
