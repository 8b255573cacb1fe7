//! The view: tables made of a space's entries. It can be deleted at any time and is rebuilt from the journal.
//!
//! Only the read markers and the wishes for files are this device's own; they live beside the view and survive a
//! rebuild.

mod apply;
mod boards;
mod deleted;
mod direct;
#[cfg(test)]
mod entries;
mod files;
mod guests;
mod imported;
mod issue_list;
#[cfg(test)]
mod issue_tests;
mod issues;
mod messages;
#[cfg(test)]
mod page_tests;
mod pages;
mod people;
mod registers;
mod retention;
mod schema;
pub(crate) mod search;
mod seen;
mod snapshot;
#[cfg(test)]
mod squashed_tests;
#[cfg(test)]
mod tests;
mod things;
mod topics;
mod undelivered;
mod unread;
mod written;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use compeer_core::{EntryHash, GroupId, Hlc};
use rusqlite::Connection;
use tokio::sync::Notify;

pub(crate) use apply::{Change, Reader};
pub(crate) use boards::{BoardRow, Drawing, Drawn, ELEMENTS};
pub(crate) use files::{FileRow, Wish};
pub(crate) use guests::{ListedRoom, RoomRow, Said};
pub(crate) use issue_list::IssueRow;
pub(crate) use issues::itself;
pub(crate) use messages::MessageRow;
pub(crate) use pages::{Floors, OwnUpdate, PageRow, TextRow, UpdateRow, WrittenRow};
pub(crate) use registers::ReactionRow;
pub(crate) use retention::Dues;
pub(crate) use seen::{Stamp, Which};
pub(crate) use snapshot::PlaceRow;
pub(crate) use things::{HistoryRow, ThingRow};
pub(crate) use topics::TopicRow;
pub(crate) use unread::{ByPlace, Part, Unread};

use crate::error::ViewError;

type Result<T> = std::result::Result<T, ViewError>;

/// The handle on the view's file. Calls block for a moment of disk work; [`View::with`] moves them off the runtime.
#[derive(Clone)]
pub(crate) struct View {
    connection: Arc<Mutex<Connection>>,
    counts: Arc<unread::Counts>,
    /// There is something to be overwritten: see [`View::scrub`].
    pub(crate) scrub_due: Arc<Notify>,
    readers: Arc<search::Readers>,
    /// Whether those who are only said to have been there go by their bare names.
    bare_names: bool,
}

impl View {
    /// Opens or makes `spaces.sqlite` in `dir`.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let path = dir.join("spaces.sqlite");
        let connection = schema::open(&path)?;
        let scrub_due = Arc::new(Notify::new());
        if deleted::is_scrub_due(&connection)? {
            scrub_due.notify_one();
        }
        let readers = Arc::new(search::Readers::new(path));
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            counts: Arc::default(),
            scrub_due,
            readers,
            bare_names: false,
        })
    }

    /// Runs `work` on a thread that may block. A runtime that is shutting down runs it on this one.
    pub(crate) async fn with<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T> + Send + 'static,
    {
        let view = self.clone();
        match tokio::task::spawn_blocking(move || work(&view)).await {
            Ok(result) => result,
            // The task can only be missing because the runtime refused it or the work panicked; neither left a
            // transaction open, so the file is as it was.
            Err(_) => Err(ViewError(rusqlite::Error::InvalidQuery)),
        }
    }

    /// A panic in another call cannot leave half a change, because changes are transactions.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A 64-bit clock as SQLite orders it. The journal refuses clocks whose top bit is set: they lie millennia ahead.
pub(crate) fn sql_clock(clock: Hlc) -> i64 {
    clock.bits() as i64
}

pub(crate) fn clock_of(value: i64) -> Hlc {
    Hlc::from_bits(value as u64)
}

macro_rules! id_column {
    ($name:ident, $type:ty) => {
        /// Reads an id from a column; a value of another length is a damaged file.
        pub(crate) fn $name(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<$type> {
            row.get::<_, [u8; 32]>(column).map(<$type>::from_bytes)
        }
    };
}
id_column!(group_at, GroupId);
id_column!(entry_at, EntryHash);
id_column!(device_at, compeer_core::DeviceId);
id_column!(blob_at, compeer_core::BlobHash);
