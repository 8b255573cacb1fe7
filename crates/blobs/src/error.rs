//! What can go wrong, one enum for each operation.

use std::io;
use std::path::PathBuf;

use compeer_core::BlobHash;

/// Work was cut short because the program is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the program is stopping")]
pub struct Interrupted;

/// Why a size, a piece list or a set of pieces is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PieceError {
    /// The blob exceeds [`crate::piece::MAX_BLOB_LEN`].
    #[error("{size} bytes are more than a blob may have")]
    TooLarge {
        /// The blob's bytes.
        size: u64,
    },
    /// A list has the wrong number of bytes for the blob's size.
    #[error("a piece list of {expected} bytes expected, {found} found")]
    ListLength {
        /// Bytes the layout asks for.
        expected: usize,
        /// Bytes there were.
        found: usize,
    },
    /// A list does not merge to the blob's name.
    #[error("the piece list does not belong to the blob")]
    WrongList,
    /// A set of pieces has the wrong length or bits beyond its end.
    #[error("{found} bytes are no set of {count} pieces")]
    SetShape {
        /// Pieces the set is about.
        count: u32,
        /// Bytes there were.
        found: usize,
    },
}

/// Why a request could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Longer than [`crate::wire::MAX_REQUEST`].
    #[error("a request of {len} bytes is too long")]
    TooLong {
        /// Bytes announced or found.
        len: usize,
    },
    /// Not the CBOR that was expected.
    #[error("a request that is not well formed")]
    Malformed,
    /// Bytes follow the request.
    #[error("a request with bytes left over")]
    Trailing,
    /// A version or kind that this program does not know.
    #[error("a request of version {version} and kind {kind}, which is unknown here")]
    Unknown {
        /// The version found.
        version: u8,
        /// The kind found.
        kind: u8,
    },
    /// More hashes than [`crate::wire::MAX_HASHES`], or none.
    #[error("a request for {count} blobs")]
    HashCount {
        /// Hashes announced.
        count: u64,
    },
    /// A set of pieces that is none.
    #[error(transparent)]
    Pieces(#[from] PieceError),
    /// An answer code that this program does not know.
    #[error("an answer with the unknown code {code}")]
    Answer {
        /// The code found.
        code: u8,
    },
}

/// Why a file could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The file could not be opened or read.
    #[error("cannot read {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The path is a folder, a device or the like.
    #[error("{path} is not a regular file", path = path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file was written to while it was hashed.
    #[error("{path} changed while it was read", path = path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file is too large for a blob.
    #[error(transparent)]
    Pieces(#[from] PieceError),
}

/// Why the store's own records could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error("the blob database failed")]
    Database(#[from] rusqlite::Error),
    /// The database was written by a newer program.
    #[error("the blob database has version {found}, this program knows {known}")]
    Newer {
        /// Version in the file.
        found: i64,
        /// Version this program writes.
        known: i64,
    },
    /// A folder or file of the store failed.
    #[error("cannot use {path}", path = path.display())]
    File {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A path that this platform cannot write down exactly.
    #[error("{path} is not Unicode", path = path.display())]
    PathText {
        /// The path.
        path: PathBuf,
    },
    /// The program is stopping.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Why a file or bytes could not be taken into the store.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The file could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The record could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Interrupted> for AddError {
    fn from(stop: Interrupted) -> Self {
        Self::Store(stop.into())
    }
}

/// Why a blob could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file no longer holds the blob. The record is gone and [`crate::StoreEvent::Changed`] was sent.
    #[error("{path} has changed since it was shared", path = path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be read.
    #[error("cannot read {path}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes or a piece past the blob's end were asked for.
    #[error("past the end of the blob")]
    PastEnd,
    /// The record could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Interrupted> for ReadError {
    fn from(stop: Interrupted) -> Self {
        Self::Store(stop.into())
    }
}

/// Why serving a stream ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The stream broke.
    #[error("the stream broke")]
    Stream(#[from] io::Error),
    /// The requester neither read nor wrote for [`crate::IDLE_LIMIT`].
    #[error("the requester stalled")]
    Stalled,
    /// The requester sent what is no request. Nothing was answered.
    #[error(transparent)]
    Request(#[from] WireError),
    /// The store failed, which is no fault of the requester.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Interrupted> for ServeError {
    fn from(stop: Interrupted) -> Self {
        Self::Store(stop.into())
    }
}

/// Why a fetch did not end with the blob in place. What was verified is kept for the next attempt.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The provider does not have the blob, or does not give it to this device; the two look the same.
    #[error("the provider does not have the blob")]
    NotServed,
    /// The provider had the blob, but its file changed on the way.
    #[error("the provider's file changed on the way")]
    ProviderChanged,
    /// The provider ended before all pieces asked for had come.
    #[error("{missing} pieces are still missing")]
    Incomplete {
        /// Pieces not yet here.
        missing: u32,
    },
    /// The provider's size is not the size that was announced for the blob.
    #[error("a blob of {expected} bytes expected, the provider has {told}")]
    SizeMismatch {
        /// Bytes the caller expected.
        expected: u64,
        /// Bytes the provider told.
        told: u64,
    },
    /// The provider's piece list is wrong.
    #[error("the provider sent a wrong piece list")]
    BadList(#[source] PieceError),
    /// A piece does not have the hash it must have. Nothing of it was written.
    #[error("the provider sent a piece that does not belong to the blob (piece {index})")]
    BadPiece {
        /// The piece; 0 for a small blob.
        index: u32,
    },
    /// A piece came that was not asked for, or not in order.
    #[error("the provider sent piece {index}, which was not its turn")]
    UnexpectedPiece {
        /// The piece told.
        index: u32,
    },
    /// A length that the piece or blob cannot have.
    #[error("the provider announced {told} bytes where {expected} belong")]
    WrongLength {
        /// Bytes that belong there.
        expected: u64,
        /// Bytes announced.
        told: u64,
    },
    /// The provider said something unknown.
    #[error(transparent)]
    Answer(WireError),
    /// Nothing came for [`crate::IDLE_LIMIT`].
    #[error("the provider stalled")]
    Stalled,
    /// The stream broke.
    #[error("the stream broke")]
    Stream(#[source] io::Error),
    /// The caller stopped the fetch.
    #[error("stopped")]
    Stopped,
    /// No space left for the file.
    #[error("the disk of {path} is full", path = path.display())]
    DiskFull {
        /// The file being written.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("cannot write {path}", path = path.display())]
    File {
        /// The file being written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The target is no path that a file can have.
    #[error("{path} is no path for a file", path = path.display())]
    Target {
        /// The path.
        path: PathBuf,
    },
    /// Another fetch writes the same target right now.
    #[error("{path} is being fetched already", path = path.display())]
    Busy {
        /// The target.
        path: PathBuf,
    },
    /// The blob is too large for this kind of fetch.
    #[error("{hash:?} of {size} bytes is too large")]
    TooLarge {
        /// The blob.
        hash: BlobHash,
        /// Its bytes.
        size: u64,
    },
    /// The record could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FetchError {
    /// Whether the provider broke the rules, so that it should be asked no more.
    #[must_use]
    pub fn is_misbehaviour(&self) -> bool {
        matches!(
            self,
            Self::BadList(_)
                | Self::BadPiece { .. }
                | Self::UnexpectedPiece { .. }
                | Self::WrongLength { .. }
                | Self::Answer(_)
        )
    }

    /// The system's complaint about writing `path`, with the full disk told apart.
    pub(crate) fn write(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::File { path, source },
        }
    }
}

impl From<Interrupted> for FetchError {
    fn from(stop: Interrupted) -> Self {
        Self::Store(stop.into())
    }
}
