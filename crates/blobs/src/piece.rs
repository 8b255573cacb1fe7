//! How a blob is cut into pieces, and how pieces are verified. Pure: no files, no network.
//!
//! A piece is a subtree of the blob's BLAKE3 tree, so the chaining values of all pieces merge to the blob's name
//! (section 2.1 of the BLAKE3 paper; `blake3::hazmat`). A list of them is checked once against the name; after
//! that each piece is verified by itself, from anybody and in any order. A blob of one piece needs no list: its
//! name is the piece's hash.

use std::ops::Range;
use std::sync::Arc;

use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use compeer_core::BlobHash;

use crate::error::PieceError;

/// Bytes of the smallest piece. A power of two of at least 1,024, or pieces would not be subtrees.
pub const PIECE_LEN: u64 = 1 << 20;
/// Pieces one blob may have. Bounds the list to 2 MiB and the set of wanted pieces to 8 KiB.
pub const MAX_PIECES: u32 = 1 << 16;
/// Bytes of the largest piece. Bounds the memory of a transfer, which holds a few whole pieces.
pub const MAX_PIECE_LEN: u64 = 16 << 20;
/// Bytes of the largest blob (1 TiB): the most pieces of the largest kind.
pub const MAX_BLOB_LEN: u64 = MAX_PIECES as u64 * MAX_PIECE_LEN;
/// Bytes of one entry in a piece list.
pub const ENTRY_LEN: usize = 32;

/// How a blob of a certain size is cut: equal pieces of a power of two, the last one shorter.
///
/// The empty blob has one piece of no bytes, so that nothing needs a special case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    size: u64,
    piece_len: u64,
}

impl Layout {
    /// The layout of a blob of `size` bytes. A function of the size alone, so both sides agree without talking.
    ///
    /// # Errors
    /// [`PieceError::TooLarge`] above [`MAX_BLOB_LEN`].
    pub fn of(size: u64) -> Result<Self, PieceError> {
        if size > MAX_BLOB_LEN {
            return Err(PieceError::TooLarge { size });
        }
        let least = size.div_ceil(u64::from(MAX_PIECES));
        Ok(Self { size, piece_len: least.next_power_of_two().max(PIECE_LEN) })
    }

    /// Bytes of the whole blob.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of every piece but the last.
    #[must_use]
    pub fn piece_len(&self) -> u64 {
        self.piece_len
    }

    /// How many pieces there are, at least one and at most [`MAX_PIECES`].
    #[must_use]
    pub fn count(&self) -> u32 {
        // At most MAX_PIECES by the choice of piece_len, so the cast keeps the value.
        self.size.div_ceil(self.piece_len).max(1) as u32
    }

    /// Which bytes of the blob are piece `index`; `None` past the end.
    #[must_use]
    pub fn range(&self, index: u32) -> Option<Range<u64>> {
        if index >= self.count() {
            return None;
        }
        let start = u64::from(index) * self.piece_len;
        Some(start..(start + self.piece_len).min(self.size))
    }

    /// Bytes of piece `index`, or 0 past the end.
    #[must_use]
    pub fn len_of(&self, index: u32) -> usize {
        // At most MAX_PIECE_LEN.
        self.range(index).map_or(0, |range| (range.end - range.start) as usize)
    }

    /// The pieces that hold the bytes of `range`, which is cut to the blob.
    #[must_use]
    pub fn pieces_of(&self, range: &Range<u64>) -> Range<u32> {
        let end = range.end.min(self.size);
        if range.start >= end {
            return 0..0;
        }
        (range.start / self.piece_len) as u32..end.div_ceil(self.piece_len) as u32
    }

    /// Bytes of this layout's piece list on the wire and on disk: none for a single piece.
    #[must_use]
    pub fn list_len(&self) -> usize {
        match self.count() {
            1 => 0,
            count => count as usize * ENTRY_LEN,
        }
    }
}

/// Hashes one piece, fed in order. The result is its list entry, or the blob's name if the blob has one piece.
pub struct PieceHasher {
    hasher: blake3::Hasher,
    is_root: bool,
}

impl PieceHasher {
    /// A hasher for piece `index`. The caller feeds exactly [`Layout::len_of`] bytes.
    #[must_use]
    pub fn new(layout: &Layout, index: u32) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(u64::from(index) * layout.piece_len);
        Self { hasher, is_root: layout.count() == 1 }
    }

    /// Takes the next bytes. Large slices (16 KiB and up) are hashed several chunks at a time.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// The piece's hash.
    #[must_use]
    pub fn finish(&self) -> [u8; ENTRY_LEN] {
        if self.is_root { *self.hasher.finalize().as_bytes() } else { self.hasher.finalize_non_root() }
    }
}

/// The proven pieces of one blob. Cheap to clone. Exists only if it merges to the blob's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceList {
    root: BlobHash,
    layout: Layout,
    /// One chaining value per piece; empty for a blob of one piece.
    entries: Arc<[[u8; ENTRY_LEN]]>,
}

impl PieceList {
    /// The list of a blob of one piece, which is its name.
    ///
    /// # Errors
    /// [`PieceError::ListLength`] if blobs of that layout have several pieces.
    pub fn single(root: BlobHash, layout: Layout) -> Result<Self, PieceError> {
        if layout.count() != 1 {
            return Err(PieceError::ListLength { expected: layout.list_len(), found: 0 });
        }
        Ok(Self { root, layout, entries: Arc::from([]) })
    }

    /// Reads a list that somebody claims belongs to `root`, and proves it.
    ///
    /// The proof covers the list for this layout; the layout's size is proven by the last piece, whose hash depends
    /// on its length.
    ///
    /// # Errors
    /// [`PieceError::ListLength`] or [`PieceError::WrongList`].
    pub fn prove(root: BlobHash, layout: Layout, bytes: &[u8]) -> Result<Self, PieceError> {
        if bytes.len() != layout.list_len() {
            return Err(PieceError::ListLength { expected: layout.list_len(), found: bytes.len() });
        }
        let (entries, _) = bytes.as_chunks::<ENTRY_LEN>();
        if !entries.is_empty() && merge_root(entries) != root {
            return Err(PieceError::WrongList);
        }
        Ok(Self { root, layout, entries: entries.into() })
    }

    /// Makes the list from the hashes of all pieces in order, as [`PieceHasher`] gives them. The name follows.
    ///
    /// # Errors
    /// [`PieceError::ListLength`] if there is not one hash per piece.
    pub fn build(layout: Layout, hashes: Vec<[u8; ENTRY_LEN]>) -> Result<Self, PieceError> {
        let expected = layout.count() as usize;
        if hashes.len() != expected {
            return Err(PieceError::ListLength { expected: expected * ENTRY_LEN, found: hashes.len() * ENTRY_LEN });
        }
        match hashes.as_slice() {
            [only] => Self::single(BlobHash::from_bytes(*only), layout),
            entries => Ok(Self { root: merge_root(entries), layout, entries: hashes.into() }),
        }
    }

    /// The blob's name.
    #[must_use]
    pub fn root(&self) -> BlobHash {
        self.root
    }

    /// How the blob is cut.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The list as bytes, 32 for each piece; empty for a blob of one piece.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.entries.as_flattened()
    }

    /// The hash that piece `index` must have; `None` past the end.
    #[must_use]
    pub fn expected(&self, index: u32) -> Option<&[u8; ENTRY_LEN]> {
        match self.layout.count() {
            1 if index == 0 => Some(self.root.as_bytes()),
            _ => self.entries.get(index as usize),
        }
    }

    /// Whether `bytes` are piece `index`: right length, right hash.
    #[must_use]
    pub fn verify(&self, index: u32, bytes: &[u8]) -> bool {
        let Some(expected) = self.expected(index) else { return false };
        // Length first: a longer input would not be a subtree, and blake3 panics on those.
        if bytes.len() != self.layout.len_of(index) {
            return false;
        }
        let mut hasher = PieceHasher::new(&self.layout, index);
        hasher.update(bytes);
        hasher.finish() == *expected
    }
}

/// The name of a blob whose pieces (two or more) have these chaining values.
fn merge_root(entries: &[[u8; ENTRY_LEN]]) -> BlobHash {
    let (left, right) = entries.split_at(left_count(entries.len()));
    BlobHash::from_bytes(*merge_subtrees_root(&merge(left), &merge(right), Mode::Hash).as_bytes())
}

/// Depth is at most log2 of `MAX_PIECES`.
fn merge(entries: &[[u8; ENTRY_LEN]]) -> [u8; ENTRY_LEN] {
    match entries {
        [only] => *only,
        _ => {
            let (left, right) = entries.split_at(left_count(entries.len()));
            merge_subtrees_non_root(&merge(left), &merge(right), Mode::Hash)
        }
    }
}

/// BLAKE3 gives the left side the largest power of two that leaves something for the right.
fn left_count(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// A set of pieces of one blob, one bit each; piece 0 is the lowest bit of the first byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceSet {
    bits: Vec<u8>,
    count: u32,
}

impl PieceSet {
    /// No piece of `count`.
    #[must_use]
    pub fn empty(count: u32) -> Self {
        Self { bits: vec![0; count.div_ceil(8) as usize], count }
    }

    /// All pieces of `count`.
    #[must_use]
    pub fn full(count: u32) -> Self {
        let mut bits = vec![0xFF; count.div_ceil(8) as usize];
        if let (Some(last), spare @ 1..) = (bits.last_mut(), count % 8) {
            *last = (1 << spare) - 1;
        }
        Self { bits, count }
    }

    /// Reads a set of pieces of a blob with `count` pieces.
    ///
    /// # Errors
    /// [`PieceError::SetShape`] if there are too many pieces, the length does not fit, or spare bits are set.
    pub fn from_bytes(count: u32, bits: &[u8]) -> Result<Self, PieceError> {
        let fits = count <= MAX_PIECES && bits.len() == count.div_ceil(8) as usize;
        let spare_clear = match (bits.last(), count % 8) {
            (Some(last), spare @ 1..) => last >> spare == 0,
            _ => true,
        };
        if !fits || !spare_clear {
            return Err(PieceError::SetShape { count, found: bits.len() });
        }
        Ok(Self { bits: bits.to_vec(), count })
    }

    /// The bits, eight pieces a byte.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bits
    }

    /// How many pieces the blob has, in the set or not.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// How many pieces are in the set.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.bits.iter().map(|byte| byte.count_ones()).sum()
    }

    /// Whether no piece is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|byte| *byte == 0)
    }

    /// Whether piece `index` is in the set.
    #[must_use]
    pub fn contains(&self, index: u32) -> bool {
        self.bits.get((index / 8) as usize).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// Adds piece `index`; says whether it is new. Indexes past the end are left out.
    pub fn insert(&mut self, index: u32) -> bool {
        if index >= self.count || self.contains(index) {
            return false;
        }
        if let Some(byte) = self.bits.get_mut((index / 8) as usize) {
            *byte |= 1 << (index % 8);
        }
        true
    }

    /// The pieces that are not in the set.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut other = Self::full(self.count);
        for (theirs, ours) in other.bits.iter_mut().zip(&self.bits) {
            *theirs &= !ours;
        }
        other
    }

    /// The pieces in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.count).filter(|index| self.contains(*index))
    }
}

#[cfg(test)]
mod tests;
