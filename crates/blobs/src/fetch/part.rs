//! The disk side of one download: the part file, what is known of it, and putting it in place.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use compeer_core::BlobHash;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::{Control, Existing, Fetched, Meter};
use crate::disk::{self, Stamp};
use crate::error::{FetchError, Interrupted, PieceError};
use crate::hash_file::{FileHash, hash_file, verify_pieces};
use crate::piece::{Layout, PieceList, PieceSet};
use crate::safe_path;
use crate::store::record::{Partial, Place};
use crate::store::{Arrived, BlobInfo, BlobStore, Claim};

/// Pieces that may be written before the record of touched pieces is written again. After a crash as many are hashed in
/// vain, at most.
const TOUCH_AHEAD: u32 = 256;
/// Pieces that may be written at once, by all pulls together.
const WRITERS: u32 = 256;

/// One download on disk.
#[derive(Debug)]
pub(super) struct Part {
    store: BlobStore,
    info: BlobInfo,
    layout: Layout,
    place: Place,
    existing: Existing,
    target: PathBuf,
    path: PathBuf,
    file: File,
    /// The blob already lay at its target.
    whole: Option<FileHash>,
    state: Mutex<State>,
    writers: Arc<Semaphore>,
    stop: CancellationToken,
    /// Last, so that it is released after the file is closed.
    _claim: Claim,
}

#[derive(Debug)]
struct State {
    pieces: Option<PieceList>,
    /// Verified and written.
    have: PieceSet,
    /// Recorded as possibly written. What the record claims is proven by hashing when the download is taken up again,
    /// so it may claim too much, and never needs to be synced.
    touched: PieceSet,
    meter: Meter,
}

impl Part {
    pub(super) fn open(
        store: BlobStore,
        claim: Claim,
        info: BlobInfo,
        place: Place,
        existing: Existing,
        control: Control,
    ) -> Result<Self, FetchError> {
        let BlobInfo { hash, size } = info;
        let layout = Layout::of(size).map_err(|_| FetchError::TooLarge { hash, size })?;
        let target = store.absolute(&place);
        let path = disk::part_path(&target).ok_or_else(|| FetchError::Target { path: target.clone() })?;
        let whole = whole_at(&target, &info);
        let failed = |source| FetchError::write(&path, source);

        let (file, pieces, touched, have) = if let Some(whole) = &whole {
            let full = PieceSet::full(layout.count());
            (File::open(&target).map_err(failed)?, Some(whole.pieces.clone()), full.clone(), full)
        } else {
            let kept = store.partial(&place)?.filter(|kept| kept.hash == hash && kept.size == size);
            // Recorded before the file is made, so that no part file is ever without a record.
            if kept.is_none() {
                store.put_partials([(&place, &Partial { hash, size, pieces: Vec::new(), touched: Vec::new() })])?;
            }
            let file = disk::open_part(&path, kept.is_none()).map_err(failed)?;
            let (pieces, touched) = known(hash, layout, kept);
            let have = match &pieces {
                Some(pieces) => verify_pieces(&file, pieces, &touched),
                None => PieceSet::empty(layout.count()),
            };
            (file, pieces, touched, have)
        };
        let done = have.iter().map(|index| layout.len_of(index) as u64).sum();
        let meter = Meter::new(control.progress, done, size);
        Ok(Self {
            store,
            info,
            layout,
            place,
            existing,
            target,
            path,
            file,
            whole,
            state: Mutex::new(State { pieces, have, touched, meter }),
            writers: Arc::new(Semaphore::new(WRITERS as usize)),
            stop: control.stop,
            _claim: claim,
        })
    }

    pub(super) fn info(&self) -> BlobInfo {
        self.info
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// The piece list, once it is known.
    pub(super) fn pieces(&self) -> Option<PieceList> {
        self.state().pieces.clone()
    }

    pub(super) fn missing(&self) -> PieceSet {
        self.state().have.complement()
    }

    /// The right to write one piece.
    pub(super) async fn writer(&self) -> Result<OwnedSemaphorePermit, FetchError> {
        Ok(Arc::clone(&self.writers).acquire_owned().await.map_err(|_| Interrupted)?)
    }

    /// Waits for the last writer, and lets no other begin.
    pub(super) async fn last_writer(&self) -> Result<(), FetchError> {
        let _all = self.writers.acquire_many(WRITERS).await.map_err(|_| Interrupted)?;
        self.writers.close();
        Ok(())
    }

    /// Proves the list if it is new, keeps it, and gives the file its size.
    pub(super) fn start(&self, known: Option<PieceList>, list: &[u8]) -> Result<PieceList, FetchError> {
        let pieces = match known {
            Some(pieces) => pieces,
            None => PieceList::prove(self.info.hash, self.layout, list).map_err(FetchError::BadList)?,
        };
        let len = self.file.metadata().map_err(|source| FetchError::write(&self.path, source))?.len();
        if len != self.info.size {
            disk::preallocate(&self.file, self.info.size).map_err(|source| FetchError::write(&self.path, source))?;
        }
        let mut state = self.state();
        if state.pieces.is_none() {
            state.pieces = Some(pieces.clone());
            self.keep(&state)?;
        }
        Ok(pieces)
    }

    pub(super) fn needs_touch(&self, index: u32) -> bool {
        !self.state().touched.contains(index)
    }

    /// Records that the next pieces of `wanted` from `index` may be on disk soon.
    pub(super) fn touch(&self, index: u32, wanted: &PieceSet) -> Result<(), FetchError> {
        // Few records for huge blobs, too: each holds the whole list.
        let ahead = TOUCH_AHEAD.max(self.layout.count() / 16);
        let mut state = self.state();
        for next in (index..self.layout.count()).filter(|next| wanted.contains(*next)).take(ahead as usize) {
            state.touched.insert(next);
        }
        self.keep(&state)
    }

    fn keep(&self, state: &State) -> Result<(), FetchError> {
        let partial = Partial {
            hash: self.info.hash,
            size: self.info.size,
            pieces: state.pieces.as_ref().map(|pieces| pieces.as_bytes().to_vec()).unwrap_or_default(),
            touched: state.touched.as_bytes().to_vec(),
        };
        Ok(self.store.put_partials([(&self.place, &partial)])?)
    }

    /// Verifies one piece, then writes it.
    pub(super) fn write(&self, pieces: &PieceList, index: u32, bytes: &[u8]) -> Result<(), FetchError> {
        if !pieces.verify(index, bytes) {
            return Err(FetchError::BadPiece { index });
        }
        let start = self.layout.range(index).ok_or(FetchError::UnexpectedPiece { index })?.start;
        disk::write_all_at(&self.file, bytes, start).map_err(|source| FetchError::write(&self.path, source))?;
        let mut state = self.state();
        if state.have.insert(index) {
            state.meter.add(bytes.len() as u64);
        }
        Ok(())
    }

    /// Puts the whole file in place and records it.
    pub(super) fn finish(&self) -> Result<Fetched, FetchError> {
        let pieces = self.pieces().ok_or(FetchError::Incomplete { missing: self.layout.count() })?;
        let (path, stamp) = if let Some(whole) = &self.whole {
            // A part of an earlier attempt, or of another blob for the same target.
            remove_file(&self.path)?;
            (self.target.clone(), whole.stamp)
        } else {
            let failed = |source| FetchError::write(&self.path, source);
            // Exactly its size also when it is empty or was another file's before.
            self.file.set_len(self.info.size).map_err(failed)?;
            self.file.sync_all().map_err(failed)?;
            let stamp = Stamp::of(&self.file.metadata().map_err(failed)?);
            let (path, stamp) = publish(&self.path, &self.target, self.existing, &self.info, stamp)?;
            if let Some(dir) = path.parent() {
                disk::sync_dir(dir).map_err(|source| FetchError::write(dir, source))?;
            }
            (path, stamp)
        };
        let place = if self.place.owned { self.place.clone() } else { Place { path: path.clone(), owned: false } };
        self.store.record(&[Arrived { place, pieces: &pieces, stamp, wanted: Some(&self.place) }])?;
        Ok(Fetched { info: self.info, path })
    }

    pub(super) fn discard(&self) -> Result<(), FetchError> {
        remove(&self.store, &self.place)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a download's part file and record.
pub(super) fn remove(store: &BlobStore, place: &Place) -> Result<(), FetchError> {
    let target = store.absolute(place);
    let path = disk::part_path(&target).ok_or(FetchError::Target { path: target })?;
    remove_file(&path)?;
    Ok(store.remove_partials([place])?)
}

fn remove_file(path: &Path) -> Result<(), FetchError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FetchError::write(path, error)),
        _ => Ok(()),
    }
}

/// What a record of an earlier attempt says: the list, and the pieces that may be on disk.
fn known(hash: BlobHash, layout: Layout, kept: Option<Partial>) -> (Option<PieceList>, PieceSet) {
    let count = layout.count();
    let single = PieceList::single(hash, layout).ok();
    let proven = |list: &[u8]| -> Result<_, PieceError> { PieceList::prove(hash, layout, list) };
    let touched = kept.as_ref().and_then(|kept| PieceSet::from_bytes(count, &kept.touched).ok());
    let pieces = single.or_else(|| kept.and_then(|kept| proven(&kept.pieces).ok()));
    // No bytes are on disk from the start.
    let touched = if layout.size() == 0 { Some(PieceSet::full(count)) } else { touched };
    (pieces, touched.unwrap_or_else(|| PieceSet::empty(count)))
}

/// The file at `path`, if it is the blob.
fn whole_at(path: &Path, info: &BlobInfo) -> Option<FileHash> {
    let meta = fs::symlink_metadata(path).ok()?;
    if !meta.is_file() || meta.len() != info.size {
        return None;
    }
    hash_file(path).ok().filter(|hash| hash.info() == *info)
}

/// Gives a whole part file its name; says which, and the stamp of what lies there. Needs [`disk::sync_dir`] after it.
pub(crate) fn publish(
    part: &Path,
    target: &Path,
    existing: Existing,
    info: &BlobInfo,
    stamp: Stamp,
) -> Result<(PathBuf, Stamp), FetchError> {
    let failed = |source| FetchError::write(target, source);
    if existing == Existing::Replace {
        fs::rename(part, target).map_err(failed)?;
        return Ok((target.to_path_buf(), stamp));
    }
    for copy in 1..=safe_path::MAX_COPIES {
        let path = safe_path::numbered(target, copy);
        match disk::rename_new(part, &path) {
            Ok(()) => return Ok((path, stamp)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // File systems without such a call: look first, then rename.
            Err(_) => {
                if matches!(fs::symlink_metadata(&path), Err(error) if error.kind() == io::ErrorKind::NotFound) {
                    fs::rename(part, &path).map_err(failed)?;
                    return Ok((path, stamp));
                }
            }
        }
        if let Some(same) = whole_at(&path, info) {
            remove_file(part)?;
            return Ok((path, same.stamp));
        }
    }
    Err(failed(io::ErrorKind::AlreadyExists.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::piece::ENTRY_LEN;

    /// A saved download may claim anything: what is taken from it is a list that is proven, and a set that fits.
    #[test]
    fn fuzz_saved_pieces() {
        let layout = Layout::of(3 << 20).expect("fits");
        let list = PieceList::build(layout, (0..3).map(|n| [n; ENTRY_LEN]).collect()).expect("one hash per piece");
        let seed = [list.as_bytes(), &[0b101]].concat();
        compeer_testkit::fuzz::run(&[seed], |bytes| {
            let (pieces, touched) = bytes.split_at(bytes.len().min(3 * ENTRY_LEN));
            let (hash, size) = (list.root(), layout.size());
            let kept = Partial { hash, size, pieces: pieces.to_vec(), touched: touched.to_vec() };
            let (pieces, touched) = known(hash, layout, Some(kept));
            assert!(touched.count() == 3 && touched.iter().all(|index| index < 3));
            assert!(pieces.as_ref().is_none_or(|pieces| *pieces == list));
            pieces.is_some()
        });
    }
}
