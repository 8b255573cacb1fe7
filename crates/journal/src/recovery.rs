//! Finding out by ourselves that a disk which failed takes entries again.
//!
//! While it fails, nothing else but what callers ask for is written, and nobody may ask for a long time: what peers bring
//! is the reason to write, and talks with them end because it cannot be written. So the engine tries from time to time to
//! write as much as could not be written last, and takes it out again. When that works, [`JournalEvent::Recovered`] is told
//! and talks go on at once.

use std::time::{Duration, Instant};

use crate::engine::{BATCH_BYTES, Engine};
use crate::event::JournalEvent;
use crate::store::{StoreError, write};

/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);
/// The same on a disk that takes what is tried and then fails again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// What could not be written is at least so much: how much it was is not known when already its first entry failed.
const MARGIN: usize = 64 * 1024;
/// The record that is written to see whether it can be.
const RECORD: &str = "room";

/// Whether the disk fails, and when it is tried next.
#[derive(Debug)]
pub(crate) struct Recovery {
    /// When it is tried next; `None` while nothing fails.
    due: Option<Instant>,
    pause: Duration,
    bytes: usize,
}

impl Default for Recovery {
    fn default() -> Self {
        Self { due: None, pause: PAUSE, bytes: 0 }
    }
}

impl Recovery {
    /// Whether the last entries could not be written.
    pub(crate) fn is_failing(&self) -> bool {
        self.due.is_some()
    }

    /// When the disk is tried next; `None` while nothing fails.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A transaction failed that had written so much.
    pub(crate) fn failed(&mut self, bytes: usize) {
        self.bytes = self.bytes.max(bytes + MARGIN).min(BATCH_BYTES);
        self.due.get_or_insert_with(|| Instant::now() + self.pause);
    }

    /// Entries were written. Whether they could not be before.
    pub(crate) fn wrote(&mut self) -> bool {
        (self.pause, self.bytes) = (PAUSE, 0);
        self.due.take().is_some()
    }
}

impl Engine {
    /// Tries the disk if it is time.
    pub(crate) fn try_disk(&mut self) {
        if self.recovery.due.is_none_or(|due| due > Instant::now()) {
            return;
        }
        let record = vec![1; self.recovery.bytes];
        let tried = self.in_transaction(|engine| write::set_meta(&engine.db, RECORD, &record));
        let taken_out = self.in_transaction(|engine| write::remove_meta(&engine.db, RECORD));
        self.vacuum_wal = true;
        if tried.is_ok() && taken_out.is_ok() {
            self.recovery.due = None;
            // Should entries fail all the same, more room was needed than was tried, and it is not said every second that
            // there is room.
            self.recovery.pause = (self.recovery.pause * 2).min(LONGEST_PAUSE);
            self.recovery.bytes = (self.recovery.bytes * 2).min(BATCH_BYTES);
            self.recovered();
        } else {
            self.recovery.due = Some(Instant::now() + self.recovery.pause);
        }
    }

    /// Entries can be written again.
    pub(crate) fn recovered(&mut self) {
        self.upkeep_now();
        self.shared.recoveries.send_modify(|count| *count += 1);
        self.shared.emit(JournalEvent::Recovered);
    }

    /// Does what is due, unless the disk fails: then it is done once it does not.
    pub(crate) fn keep_house_if_possible(&mut self) -> Result<(), StoreError> {
        if self.recovery.is_failing() { Ok(()) } else { self.keep_house() }
    }
}
