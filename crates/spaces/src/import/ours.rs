//! A folder that Compeer wrote: its record, entry by entry, and its files. First it is seen whether it is whole.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use compeer_core::{BlobHash, limits};
use serde::Deserialize;

use super::{ImportError, Taker, disk, json};
use crate::export::manifest::{self, Manifest};
use crate::export::record::{self, Line};
use crate::model::check_file_name;

/// Bytes of a list of files.
const LIST_BYTES: u64 = 256 * 1024 * 1024;
/// Bytes of a line: the largest body of an entry in base64, with room for what stands around it.
const LINE_BYTES: u64 = (limits::BODY_BYTES as u64) * 2;

#[derive(Deserialize)]
struct Listed {
    name: String,
    blob: String,
    path: Option<String>,
}

pub(super) fn name(folder: &Path) -> Result<String, ImportError> {
    let manifest: Manifest = json::read(folder, manifest::FILE, LIST_BYTES)?;
    Ok(manifest.head.name)
}

pub(super) fn read(folder: &Path, taker: &mut Taker) -> Result<(), ImportError> {
    manifest::verify_with(folder, &taker.progress)?;
    keep_files(folder, taker)?;
    let path = folder.join(record::FILE);
    let mut reader = BufReader::new(File::open(&path).map_err(disk(&path))?);
    let (mut buffer, mut number) = (Vec::new(), 0);
    loop {
        number += 1;
        let bad = || ImportError::Line { file: record::FILE.into(), line: number };
        match json::line(&mut reader, &mut buffer, LINE_BYTES) {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return Err(bad()),
            Err(error) => return Err(disk(&path)(error)),
        }
        let line: Line = serde_json::from_slice(&buffer).map_err(|_| bad())?;
        taker.entry(line.read().ok_or_else(bad)?, record::FILE)?;
    }
}

fn keep_files(folder: &Path, taker: &mut Taker) -> Result<(), ImportError> {
    let listed: Vec<Listed> = json::read(folder, crate::export::FILES, LIST_BYTES)?;
    let mut kept = std::collections::HashSet::new();
    for file in listed {
        taker.progress.check()?;
        let Some(path) = &file.path else { continue };
        let bad = || ImportError::Manifest(manifest::ManifestError::Path(path.clone()));
        let blob: BlobHash = file.blob.parse().map_err(|_| bad())?;
        check_file_name(&file.name).map_err(|_| bad())?;
        if kept.insert(blob) {
            let from = compeer_blobs::safe_path::join(folder, path).map_err(|_| bad())?;
            taker.file(&from, &file.name, Some(blob))?;
        }
    }
    Ok(())
}
