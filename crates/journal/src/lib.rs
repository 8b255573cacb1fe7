//! The journal: topics of signed, sealed entries on this disk, and their replication to others.
//!
//! [`Journal`] is a handle to one SQLite file and the thread that alone writes it. What it acknowledges is on disk. It
//! judges entries by the rules of their group ([`compeer_core::group`]), keeps the epoch keys, and hands out what
//! counts and can be opened, in the order in which it became readable here. [`sync`] brings entries from and to other
//! devices.

mod adopt;
mod append;
mod config;
mod drops;
mod engine;
mod error;
mod event;
mod feed;
mod fork;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod grant_schedule;
mod house;
mod identity;
mod ingest;
mod journal;
mod receipts;
mod recovery;
mod run;
mod scrub;
mod settle;
mod shared;
mod store;
pub mod sync;
mod topic;

pub use config::{Appended, JournalConfig, JournalOptions, TopicInfo};
pub use error::{IngestError, OpenError, ReadError, WriteError};
pub use event::{JournalEvent, JournalProblem, ProblemCause};
pub use feed::{Cursor, Dropped, Opened, Page};
pub use fork::Fork;
pub use journal::Journal;
pub use run::{BATCH_BYTES, BATCH_ENTRIES, Growth, IngestReport, RawEntry, Refusal, Refused, Run, Wanted};
