//! Bulk bytes: blobs named by their BLAKE3 hash, hashed in place, served and fetched piece by piece, verified.
//!
//! The rooms, from pure to busy:
//! - [`piece`]: how a blob is cut, and how a list of piece hashes proves itself and each piece. Pure.
//! - [`wire`]: what requester and provider say to each other. Pure encoders and decoders.
//! - [`safe_path`]: from a name that a peer chose to a path that is safe to write.
//! - [`hash_file`](mod@hash_file): a file's name and pieces, on all cores.
//! - [`store`]: which blob lies where on this device, and reading it back verified.
//! - [`provide`]: answers one stream. [`fetch`](mod@fetch) and [`fetch_many`](mod@fetch_many): ask one.
//!
//! Transfer runs over any pair of `AsyncRead` and `AsyncWrite`; this crate knows nothing of networks, groups or
//! topics. Who may read a blob is asked through [`Access`].

mod disk;
pub mod error;
pub mod fetch;
pub mod fetch_many;
pub mod hash_file;
pub mod piece;
pub mod provide;
pub mod safe_path;
pub mod store;
mod stream;
pub mod wire;

pub use disk::Stamp;
pub use error::{
    AddError, FetchError, HashError, Interrupted, PieceError, ReadError, ServeError, StoreError, WireError,
};
pub use fetch::{Control, Download, Existing, Fetched, Progress, Target, Want, fetch};
pub use fetch_many::fetch_many;
pub use hash_file::{FileHash, hash_file};
pub use piece::{Layout, PieceList, PieceSet};
pub use provide::{Access, Anyone, Served, serve};
pub use store::{BlobInfo, BlobReader, BlobStore, StoreEvent};
pub use stream::IDLE_LIMIT;
