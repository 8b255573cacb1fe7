//! The pure heart of Compeer: identifiers, keys, clocks, entries and group rules.
//!
//! Nothing here touches a socket, a file, a thread or a runtime. Every function is a plain computation over its
//! arguments, so the rules that decide who may read what can be tested as tables and properties.

pub mod cbor;
pub mod clock;
pub mod entry;
pub mod epoch;
pub mod group;
pub mod id;
pub mod invite;
pub mod key;
pub mod limits;

pub use clock::{Clock, Hlc, Millis, Wall, system_wall};
pub use entry::{Body, BodyClass, Entry, EntryError, Header, SignedHeader, Tip};
pub use epoch::{EpochId, EpochKey};
pub use id::{BlobHash, DeviceId, EntryHash, GroupId, IdError};
pub use key::{DeviceKey, Signature};
