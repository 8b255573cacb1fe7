//! Which blob lies where on this device. Files are read in place: taking one into the store copies nothing.
//!
//! The store is a SQLite file and a folder for blobs that have no home elsewhere. Its methods return after their
//! records are on disk. A recorded file may change at any time, so every way out of the store compares the stamp
//! and, where bytes leave, the hash.

mod add;
mod claim;
mod reader;
pub(crate) mod record;
mod schema;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use compeer_core::BlobHash;
use rusqlite::Connection;
use tokio::sync::{Notify, Semaphore, broadcast};
use tracing::{info, warn};

pub(crate) use self::claim::Claim;
pub use self::reader::BlobReader;
use self::record::{Found, Partial, Place};
use crate::disk::{self, Stamp, blocking};
use crate::error::{ReadError, StoreError};
use crate::piece::{Layout, PieceList};

/// Events kept for a listener that is slow; it then gets a `Lagged` error and should look at the files themselves.
const EVENTS: usize = 1024;
/// Files hashed at the same time. Each large one already uses every core.
const HASHERS: usize = 2;
/// Files to look at, without reading them, that are worth a thread.
const STATS: usize = 256;

/// A blob's name and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobInfo {
    /// BLAKE3 of its bytes.
    pub hash: BlobHash,
    /// How many bytes.
    pub size: u64,
}

/// What happened to a blob on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreEvent {
    /// A blob lies here now, at one more place.
    Added(BlobInfo),
    /// The file at `path` is no longer this blob; its record is gone. Whoever shares the file should add it anew.
    Changed {
        /// The blob that lay there.
        hash: BlobHash,
        /// The file, absolute.
        path: PathBuf,
    },
    /// The file at `path` cannot be found. Its record stays, because disks are unplugged and come back.
    Missing {
        /// The blob that should lie there.
        hash: BlobHash,
        /// The file, absolute.
        path: PathBuf,
    },
}

/// A handle to the store. Cheap to clone.
#[derive(Clone)]
pub struct BlobStore {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    db: Mutex<Connection>,
    events: broadcast::Sender<StoreEvent>,
    hashing: Arc<Semaphore>,
    /// Targets that are being written now.
    claims: Mutex<HashSet<PathBuf>>,
    /// Rings when a target is no longer being written.
    released: Notify,
}

/// A file that is to be recorded.
pub(crate) struct Arrived<'a> {
    /// Where it lies.
    pub(crate) place: Place,
    pub(crate) pieces: &'a PieceList,
    pub(crate) stamp: Stamp,
    /// Which download it ends, by the place that was wanted.
    pub(crate) wanted: Option<&'a Place>,
}

impl std::fmt::Debug for BlobStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobStore").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}

impl BlobStore {
    /// Opens the store in the folder `dir`, and makes it if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if the folder or the database cannot be used.
    pub async fn open(dir: PathBuf) -> Result<Self, StoreError> {
        blocking(move || {
            let owned = dir.join("owned");
            fs::create_dir_all(&owned).map_err(|source| StoreError::File { path: owned, source })?;
            let dir = fs::canonicalize(&dir).map_err(|source| StoreError::File { path: dir, source })?;
            let db = schema::open(&dir.join("blobs.sqlite"))?;
            Ok(Self {
                inner: Arc::new(Inner {
                    dir,
                    db: Mutex::new(db),
                    events: broadcast::channel(EVENTS).0,
                    hashing: Arc::new(Semaphore::new(HASHERS)),
                    claims: Mutex::new(HashSet::new()),
                    released: Notify::new(),
                }),
            })
        })
        .await
    }

    /// What happens from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<StoreEvent> {
        self.inner.events.subscribe()
    }

    /// Whether the blob lies here with the stamp it was recorded with. Reads no content.
    ///
    /// # Errors
    /// [`StoreError`] if the record cannot be read.
    pub async fn has(&self, hash: BlobHash) -> Result<bool, StoreError> {
        Ok(self.has_many(vec![hash]).await?.pop().unwrap_or(false))
    }

    /// [`Self::has`] for many, in order.
    ///
    /// # Errors
    /// [`StoreError`] if a record cannot be read.
    pub async fn has_many(&self, hashes: Vec<BlobHash>) -> Result<Vec<bool>, StoreError> {
        let store = self.clone();
        blocking(move || {
            let found = store.find_blocking(&hashes)?;
            let is_there = |(place, stamp): &(Place, Stamp)| {
                fs::metadata(store.absolute(place)).is_ok_and(|meta| Stamp::of(&meta) == *stamp)
            };
            Ok(disk::on_all_cores(found.len(), STATS, |at| {
                found.get(at).and_then(Option::as_ref).is_some_and(|found| found.places.iter().any(is_there))
            }))
        })
        .await
    }

    /// Where the blob lies, absolute; empty if it is not here. The files may have changed since.
    ///
    /// # Errors
    /// [`StoreError`] if the record cannot be read.
    pub async fn places(&self, hash: BlobHash) -> Result<Vec<PathBuf>, StoreError> {
        let store = self.clone();
        blocking(move || {
            let places = record::places(&store.db(), &hash)?;
            Ok(places.iter().map(|place| store.absolute(place)).collect())
        })
        .await
    }

    /// Which of these blobs lie whole at these very paths, in order.
    ///
    /// # Errors
    /// [`StoreError`] if a record cannot be read.
    pub async fn lie_at(&self, wanted: Vec<(BlobHash, PathBuf)>) -> Result<Vec<bool>, StoreError> {
        let store = self.clone();
        blocking(move || {
            let hashes: Vec<_> = wanted.iter().map(|(hash, _)| *hash).collect();
            let found = store.find_blocking(&hashes)?;
            let lies = |path: &Path, (place, stamp): &(Place, Stamp)| {
                store.absolute(place) == *path
                    && fs::symlink_metadata(path).is_ok_and(|meta| Stamp::of(&meta) == *stamp)
            };
            Ok(disk::on_all_cores(wanted.len(), STATS, |at| match (wanted.get(at), found.get(at)) {
                (Some((_, path)), Some(Some(found))) => found.places.iter().any(|place| lies(path, place)),
                _ => false,
            }))
        })
        .await
    }

    /// Opens a blob for reading; `None` if it is not here. Files found changed or missing are reported by
    /// [`StoreEvent`], and the blob's next place is tried.
    ///
    /// # Errors
    /// [`ReadError`] if a record or file cannot be read.
    pub async fn reader(&self, hash: BlobHash) -> Result<Option<BlobReader>, ReadError> {
        let store = self.clone();
        blocking(move || store.open_blocking(&hash)).await
    }

    pub(crate) fn open_blocking(&self, hash: &BlobHash) -> Result<Option<BlobReader>, ReadError> {
        let found = record::find(&self.db(), hash, true)?;
        found.map_or(Ok(None), |found| self.open_found(hash, found))
    }

    /// Many records with one look, without the lists of large blobs.
    pub(crate) fn find_blocking(&self, hashes: &[BlobHash]) -> Result<Vec<Option<Found>>, StoreError> {
        let mut db = self.db();
        // One transaction, so that the database is locked once.
        let tx = db.transaction()?;
        hashes.iter().map(|hash| record::find(&tx, hash, false)).collect()
    }

    /// Opens a blob by its record; `None` if its file is not what was recorded.
    pub(crate) fn open_found(&self, hash: &BlobHash, found: Found) -> Result<Option<BlobReader>, ReadError> {
        let mut failure = None;
        for (place, stamp) in found.places {
            let path = self.absolute(&place);
            let opened = File::open(&path).and_then(|file| Ok((Stamp::of(&file.metadata()?), file)));
            match opened {
                Ok((now, file)) if now == stamp => {
                    let pieces = Layout::of(found.size)
                        .and_then(|layout| PieceList::prove(*hash, layout, &found.pieces))
                        .map_err(|_| StoreError::Database(rusqlite::Error::InvalidQuery))?;
                    return Ok(Some(BlobReader::new(self.clone(), place, file, stamp, pieces)));
                }
                Ok(_) => self.note_changed(&place, *hash),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.send(StoreEvent::Missing { hash: *hash, path });
                }
                Err(source) => failure = Some(ReadError::File { path, source }),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// Forgets a blob: all its records, and the store's own copy of it. Files of the user stay as they are.
    ///
    /// # Errors
    /// [`StoreError`] if the records could not be changed.
    pub async fn forget(&self, hash: BlobHash) -> Result<(), StoreError> {
        let store = self.clone();
        blocking(move || {
            let places = record::places(&store.db(), &hash)?;
            store.forget_blocking(&places)
        })
        .await
    }

    /// Forgets what lies at `path`, if it is recorded. The file stays as it is.
    ///
    /// # Errors
    /// [`StoreError`] if the records could not be changed.
    pub async fn forget_path(&self, path: impl Into<PathBuf>) -> Result<(), StoreError> {
        let store = self.clone();
        let path = path.into();
        blocking(move || {
            let path = std::path::absolute(&path).map_err(|source| StoreError::File { path, source })?;
            store.forget_blocking(&[Place { path, owned: false }])
        })
        .await
    }

    fn forget_blocking(&self, places: &[Place]) -> Result<(), StoreError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        for place in places {
            record::remove_place(&tx, place)?;
        }
        tx.commit()?;
        drop(db);
        for place in places.iter().filter(|place| place.owned) {
            let path = self.absolute(place);
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::File { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The place of the store's own copy of a blob.
    pub(crate) fn owned_place(hash: &BlobHash) -> Place {
        Place { path: Path::new("owned").join(hash.to_string()), owned: true }
    }

    /// The folder of the store's own copies.
    pub(crate) fn owned_dir(&self) -> PathBuf {
        self.inner.dir.join("owned")
    }

    /// The absolute path of a place.
    pub(crate) fn absolute(&self, place: &Place) -> PathBuf {
        // Joining an absolute path gives that path.
        self.inner.dir.join(&place.path)
    }

    /// Records blobs at places, durably and together, and ends the downloads they came from. Whoever listens learns
    /// of them.
    pub(crate) fn record(&self, blobs: &[Arrived<'_>]) -> Result<(), StoreError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        for blob in blobs {
            record::put(&tx, &blob.place, blob.pieces, &blob.stamp)?;
            if let Some(wanted) = blob.wanted {
                record::remove_partial(&tx, wanted)?;
            }
        }
        tx.commit()?;
        drop(db);
        for blob in blobs {
            self.send(StoreEvent::Added(BlobInfo { hash: blob.pieces.root(), size: blob.stamp.size }));
        }
        Ok(())
    }

    /// Downloads that were started and neither finished nor discarded: target, blob and size.
    ///
    /// # Errors
    /// [`StoreError`] if the records cannot be read.
    pub async fn partials(&self) -> Result<Vec<(PathBuf, BlobInfo)>, StoreError> {
        let store = self.clone();
        blocking(move || {
            let found = record::partials(&store.db())?;
            Ok(found.into_iter().map(|(place, hash, size)| (store.absolute(&place), BlobInfo { hash, size })).collect())
        })
        .await
    }

    pub(crate) fn partial(&self, place: &Place) -> Result<Option<Partial>, StoreError> {
        record::partial(&self.db(), place)
    }

    /// Notes a download under way. Not synced: what a power cut takes back is fetched again, and what it leaves is
    /// verified before it counts.
    pub(crate) fn put_partials<'a, I>(&self, partials: I) -> Result<(), StoreError>
    where
        I: IntoIterator<Item = (&'a Place, &'a Partial)>,
    {
        let mut db = self.db();
        db.pragma_update(None, "synchronous", "NORMAL")?;
        let done = (|| {
            let tx = db.transaction()?;
            for (place, partial) in partials {
                record::put_partial(&tx, place, partial)?;
            }
            Ok(tx.commit()?)
        })();
        db.pragma_update(None, "synchronous", "FULL")?;
        done
    }

    /// Forgets downloads under way. Their part files must be gone.
    pub(crate) fn remove_partials<'a>(&self, places: impl IntoIterator<Item = &'a Place>) -> Result<(), StoreError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        for place in places {
            record::remove_partial(&tx, place)?;
        }
        Ok(tx.commit()?)
    }

    /// Drops the record of a file that is no longer its blob, and says so.
    pub(crate) fn note_changed(&self, place: &Place, hash: BlobHash) {
        let path = self.absolute(place);
        let removed = self.remove_if(place, hash);
        match removed {
            Ok(true) => {
                info!(hash = %hash.short(), path = %path.display(), "a shared file has changed");
                self.send(StoreEvent::Changed { hash, path });
            }
            Ok(false) => {}
            Err(error) => warn!(%error, "cannot drop the record of a changed file"),
        }
    }

    /// Drops the record of a place if it is still of that blob: somebody may have recorded newer content already.
    fn remove_if(&self, place: &Place, hash: BlobHash) -> Result<bool, StoreError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let same = record::at(&tx, place)?.is_some_and(|(recorded, _)| recorded == hash);
        let removed = same && record::remove_place(&tx, place)?;
        tx.commit()?;
        Ok(removed)
    }

    fn send(&self, event: StoreEvent) {
        // Without listeners nobody misses it.
        let _ = self.inner.events.send(event);
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        lock(&self.inner.db)
    }
}

/// A panic while a lock was held left the data whole: every change is one SQLite transaction or one insert.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
