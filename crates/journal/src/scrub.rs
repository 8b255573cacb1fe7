//! Leaves nothing of dropped bodies in the file.
//!
//! `secure_delete` overwrites what is taken out where it lies. But SQLite moves records from page to page as the file grows,
//! and where it lays out a page anew (`rebuildPage` in its `btree.c`), earlier copies of what lay there stay behind in the
//! part of the page that is not in use. About one body in a thousand has such a copy, and nothing overwrites it for certain.
//! So once bodies were dropped, the whole file is written anew (`VACUUM`) and the write-ahead log emptied: a moment later,
//! for all that were dropped until then, and in the long run for no more than a hundredth of the time.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::engine::Engine;
use crate::store::{StoreError, write};

/// The record that the file is to be written anew.
const RECORD: &str = "scrub";
/// How long more is waited for that is to be dropped.
const REST: Duration = Duration::from_secs(2);
/// After a file was written anew it is let alone for so many times as long as that took.
const SHARE: u32 = 100;
/// When it is tried again after it failed.
const AGAIN: Duration = Duration::from_secs(60);

/// When the file is to be written anew.
#[derive(Debug, Default)]
pub(crate) struct Scrub {
    due: Option<Instant>,
    /// Not before that.
    rested: Option<Instant>,
}

impl Scrub {
    /// What is left to do of before.
    pub(crate) fn load(db: &Connection) -> Result<Self, StoreError> {
        let due = write::meta(db, RECORD)?.map(|_| Instant::now() + REST);
        Ok(Self { due, rested: None })
    }

    /// When the file is to be written anew; `None` while nothing was taken out of it.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Notes that something was taken out, within the transaction that does so.
    pub(crate) fn note(&mut self, db: &Connection) -> Result<(), StoreError> {
        if self.due.is_none() {
            let soon = Instant::now() + REST;
            self.due = Some(self.rested.map_or(soon, |rested| rested.max(soon)));
        }
        write::set_meta(db, RECORD, &[])
    }
}

impl Engine {
    /// Writes the file anew if that is due.
    pub(crate) fn scrub(&mut self) {
        let began = Instant::now();
        if self.drops_due || self.recovery.is_failing() || self.scrub.due.is_none_or(|due| due > began) {
            return;
        }
        let done = self.db.execute_batch("VACUUM").map_err(StoreError::from);
        let done = done.and_then(|()| self.in_transaction(|engine| write::remove_meta(&engine.db, RECORD)));
        match done {
            Ok(()) => {
                self.scrub = Scrub { due: None, rested: Some(Instant::now() + began.elapsed() * SHARE) };
                self.vacuum_wal = true;
            }
            Err(error) => {
                tracing::warn!(%error, "the journal was not written anew after bodies were dropped");
                self.scrub.due = Some(Instant::now() + AGAIN);
            }
        }
    }
}
