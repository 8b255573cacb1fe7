//! Why a home folder cannot be used.

use std::io;
use std::path::PathBuf;

use compeer_core::key::KeyError;

/// Why a home folder, or a file in it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The platform names no folder for a program's data.
    #[error("this computer names no folder for a program's data")]
    NoDefault,
    /// The home is something else than a folder.
    #[error("{path} is not a folder", path = path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// The folder holds other files and no key of ours.
    #[error("{path} holds other files and is no home of Compeer", path = path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// Another process runs a peer on this home.
    #[error("a peer is already running on {path}", path = path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// That process, where it left a note.
        pid: Option<u32>,
    },
    /// A secret can be read by others than its owner.
    #[error("{path} can be read by other users of this computer (mode {mode:o})", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file could not be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("{path} cannot be written: {source}", path = path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A settings file that does not hold what it should.
    #[error("{path} is damaged: {source}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        source: serde_json::Error,
    },
    /// A settings file of a size that no settings have.
    #[error("{path} is too large to be what it should be", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The device's key is gone from a home in which a peer has run.
    #[error("the key of this device is missing: there is no {path}", path = path.display())]
    KeyLost {
        /// Where it should be.
        path: PathBuf,
    },
    /// A key file that holds no key.
    #[error("{path} holds no key", path = path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
    },
    /// No randomness for a new key or token.
    #[error(transparent)]
    Key(#[from] KeyError),
}
