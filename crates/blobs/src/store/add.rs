//! Taking files and bytes into the store.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use compeer_core::BlobHash;

use super::record::{self, Place};
use super::{Arrived, BlobInfo, BlobStore, STATS};
use crate::disk::{self, Stamp, blocking};
use crate::error::{AddError, HashError, Interrupted, StoreError};
use crate::hash_file::{FileHash, hash_file};

/// What became of one file.
enum Looked {
    /// Recorded already, with the stamp that the file has now.
    Known(BlobInfo),
    Hashed(Place, FileHash),
}

impl BlobStore {
    /// Takes a file into the store where it lies. Hashes it, unless it is recorded with the stamp it has now.
    ///
    /// # Errors
    /// [`AddError`] if the file cannot be hashed or the record not written.
    pub async fn add_file(&self, path: impl Into<PathBuf>) -> Result<BlobInfo, AddError> {
        let mut done = self.add_files(vec![path.into()]).await?;
        done.pop().unwrap_or(Err(Interrupted.into()))
    }

    /// Takes many files into the store where they lie, recorded together. The results are in the order of `paths`.
    ///
    /// # Errors
    /// [`StoreError`] if the records could not be written; then none is. Files that cannot be hashed fail one by one.
    pub async fn add_files(&self, paths: Vec<PathBuf>) -> Result<Vec<Result<BlobInfo, AddError>>, StoreError> {
        let permit = self.inner.hashing.clone().acquire_owned().await.map_err(|_| Interrupted)?;
        let store = self.clone();
        blocking(move || {
            // Held until the work is done, even if nobody waits for it any more.
            let _permit = permit;
            store.add_files_blocking(&paths)
        })
        .await
    }

    fn add_files_blocking(&self, paths: &[PathBuf]) -> Result<Vec<Result<BlobInfo, AddError>>, StoreError> {
        let known = self.known_blocking(paths)?;
        let looked = disk::on_all_cores(paths.len(), 1, |at| match (known.get(at), paths.get(at)) {
            (Some(Some(info)), _) => Ok(Looked::Known(*info)),
            (_, path) => hash_at(path.map_or(Path::new(""), PathBuf::as_path)),
        });
        let arrived: Vec<_> = looked
            .iter()
            .filter_map(|looked| match looked {
                Ok(Looked::Hashed(place, hash)) => {
                    Some(Arrived { place: place.clone(), pieces: &hash.pieces, stamp: hash.stamp, wanted: None })
                }
                _ => None,
            })
            .collect();
        self.record(&arrived)?;
        let results = looked.iter().map(|looked| match looked {
            Ok(Looked::Known(info)) => Ok(*info),
            Ok(Looked::Hashed(_, hash)) => Ok(hash.info()),
            Err(_) => Err(Interrupted.into()),
        });
        let mut results: Vec<Result<BlobInfo, AddError>> = results.collect();
        drop(arrived);
        for (result, looked) in results.iter_mut().zip(looked) {
            if let Err(error) = looked {
                *result = Err(error.into());
            }
        }
        Ok(results)
    }

    /// For each path the blob that is recorded there with the stamp that the file has now.
    fn known_blocking(&self, paths: &[PathBuf]) -> Result<Vec<Option<BlobInfo>>, StoreError> {
        let stamped = |path: &PathBuf| {
            let path = std::path::absolute(path).ok()?;
            let stamp = Stamp::of(&fs::metadata(&path).ok()?);
            Some((Place { path, owned: false }, stamp))
        };
        let stamps = disk::on_all_cores(paths.len(), STATS, |at| paths.get(at).and_then(stamped));
        let mut db = self.db();
        // One transaction, so that the database is locked once.
        let tx = db.transaction()?;
        let known = stamps.into_iter().map(|found| {
            let Some((place, stamp)) = found else { return Ok(None) };
            let recorded = record::at(&tx, &place)?.filter(|(_, recorded)| *recorded == stamp);
            Ok(recorded.map(|(hash, _)| BlobInfo { hash, size: stamp.size }))
        });
        known.collect()
    }

    /// Keeps bytes that have no file, in the store's own folder.
    ///
    /// # Errors
    /// [`AddError`] if they could not be written.
    pub async fn add_bytes(&self, bytes: Vec<u8>) -> Result<BlobInfo, AddError> {
        let hash = BlobHash::from_bytes(*blake3::hash(&bytes).as_bytes());
        let place = Self::owned_place(&hash);
        let claim = self.claim(&self.absolute(&place)).await;
        let store = self.clone();
        blocking(move || {
            let _claim = claim;
            store.add_bytes_blocking(place, hash, &bytes)
        })
        .await
    }

    fn add_bytes_blocking(&self, place: Place, hash: BlobHash, bytes: &[u8]) -> Result<BlobInfo, AddError> {
        let info = BlobInfo { hash, size: bytes.len() as u64 };
        let path = self.absolute(&place);
        let recorded = record::at(&self.db(), &place)?;
        if let (Some((_, stamp)), Ok(meta)) = (recorded, fs::metadata(&path))
            && stamp == Stamp::of(&meta)
        {
            return Ok(info);
        }
        write_whole(&path, bytes).map_err(|source| StoreError::File { path: path.clone(), source })?;
        // Hashed again from the file: the record says what is there, not what should be.
        let hashed = hash_file(&path)?;
        if hashed.info() != info {
            return Err(HashError::Changed { path }.into());
        }
        self.record(&[Arrived { place, pieces: &hashed.pieces, stamp: hashed.stamp, wanted: None }])?;
        Ok(info)
    }
}

fn hash_at(path: &Path) -> Result<Looked, HashError> {
    let path = std::path::absolute(path).map_err(|source| HashError::Read { path: path.into(), source })?;
    let hash = hash_file(&path)?;
    Ok(Looked::Hashed(Place { path, owned: false }, hash))
}

/// Writes a file so that its path holds all of it or what was there before, also after a power cut.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = disk::part_path(path).ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = disk::open_part(&part, true)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    path.parent().map_or(Ok(()), disk::sync_dir)
}
