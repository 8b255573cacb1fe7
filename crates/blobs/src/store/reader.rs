//! Reading one blob back, each piece verified before its bytes go anywhere.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use compeer_core::BlobHash;

use super::{BlobInfo, BlobStore};
use crate::disk::{self, Stamp, blocking};
use crate::error::ReadError;
use crate::hash_file::STEP;
use crate::piece::{Layout, PieceHasher, PieceList};
use crate::store::record::Place;

/// An open blob. Cheap to clone; holds the file open.
#[derive(Debug, Clone)]
pub struct BlobReader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: BlobStore,
    place: Place,
    file: File,
    stamp: Stamp,
    pieces: PieceList,
}

impl BlobReader {
    pub(super) fn new(store: BlobStore, place: Place, file: File, stamp: Stamp, pieces: PieceList) -> Self {
        Self { shared: Arc::new(Shared { store, place, file, stamp, pieces }) }
    }

    /// The blob's name.
    #[must_use]
    pub fn hash(&self) -> BlobHash {
        self.shared.pieces.root()
    }

    /// Name and size.
    #[must_use]
    pub fn info(&self) -> BlobInfo {
        BlobInfo { hash: self.hash(), size: self.layout().size() }
    }

    /// How the blob is cut.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.shared.pieces.layout()
    }

    /// The proven piece list.
    #[must_use]
    pub fn pieces(&self) -> &PieceList {
        &self.shared.pieces
    }

    /// The bytes of `range`, cut to the blob. Whole pieces are read and verified for it, so ask for large ranges, in
    /// order, where you can.
    ///
    /// # Errors
    /// [`ReadError`]; in particular [`ReadError::Changed`] if the file is no longer the blob.
    pub async fn read_range(&self, range: Range<u64>) -> Result<Vec<u8>, ReadError> {
        let reader = self.clone();
        blocking(move || reader.read_range_blocking(&range)).await
    }

    /// The whole blob, if it has at most `limit` bytes.
    ///
    /// # Errors
    /// [`ReadError::PastEnd`] if the blob is larger, and as [`Self::read_range`].
    pub async fn read_all(&self, limit: u64) -> Result<Vec<u8>, ReadError> {
        let size = self.layout().size();
        if size > limit {
            return Err(ReadError::PastEnd);
        }
        self.read_range(0..size).await
    }

    fn read_range_blocking(&self, range: &Range<u64>) -> Result<Vec<u8>, ReadError> {
        let layout = self.layout();
        let range = range.start..range.end.min(layout.size());
        let mut out = Vec::with_capacity(range.end.saturating_sub(range.start) as usize);
        let mut piece = Vec::new();
        for index in layout.pieces_of(&range) {
            let within = layout.range(index).ok_or(ReadError::PastEnd)?;
            piece.resize(layout.len_of(index), 0);
            self.read_piece_blocking(index, &mut piece)?;
            let start = range.start.max(within.start) - within.start;
            let end = range.end.min(within.end) - within.start;
            out.extend_from_slice(&piece[start as usize..end as usize]);
        }
        Ok(out)
    }

    /// Fills `out`, which has the piece's length, with a verified piece. Blocks.
    pub(crate) fn read_piece_blocking(&self, index: u32, out: &mut [u8]) -> Result<(), ReadError> {
        let shared = &*self.shared;
        let layout = self.layout();
        let range = layout.range(index).ok_or(ReadError::PastEnd)?;
        if out.len() != layout.len_of(index) {
            return Err(ReadError::PastEnd);
        }
        let mut hasher = PieceHasher::new(&layout, index);
        let mut offset = range.start;
        // Read in steps that stay in the cache until they are hashed.
        for step in out.chunks_mut(STEP) {
            match disk::read_exact_at(&shared.file, step, offset) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Err(self.changed()),
                Err(source) => return Err(self.failed(source)),
            }
            hasher.update(step);
            offset += step.len() as u64;
        }
        // Checked after reading: a stamp that is still the old one then says that nothing was written before. The
        // hash covers what a stamp cannot see, such as a change within one tick of the file system's clock, or through a
        // memory map: such a file may by now hold what nobody meant to share.
        let meta = shared.file.metadata().map_err(|source| self.failed(source))?;
        if Stamp::of(&meta) != shared.stamp || Some(&hasher.finish()) != shared.pieces.expected(index) {
            return Err(self.changed());
        }
        Ok(())
    }

    fn changed(&self) -> ReadError {
        let shared = &*self.shared;
        shared.store.note_changed(&shared.place, self.hash());
        ReadError::Changed { path: shared.store.absolute(&shared.place) }
    }

    fn failed(&self, source: std::io::Error) -> ReadError {
        ReadError::File { path: self.shared.store.absolute(&self.shared.place), source }
    }
}
