//! The file: one SQLite database in WAL mode, written by one connection and read by a few others.
//!
//! An entry's row id is its log's number and its place in that log, so a log lies together, in order, without an index,
//! and other tables refer to an entry by one integer.

pub(crate) mod drops;
pub(crate) mod holes;
pub(crate) mod lacking;
pub(crate) mod read;
mod schema;
pub(crate) mod write;

use std::fs::{self, File, TryLockError};
use std::ops::Range;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::OpenError;
use crate::identity;

/// The database, in the journal's folder.
const FILE: &str = "journal.sqlite";
/// Held by the process that has the journal open.
const LOCK: &str = "journal.lock";
/// Bits of an entry's row id that hold its number; the rest is the log.
const SEQ_BITS: u32 = 40;
/// Entries one log can have here.
pub(crate) const SEQ_LIMIT: u64 = 1 << SEQ_BITS;
/// Logs one journal can have.
pub(crate) const LOG_LIMIT: i64 = 1 << (62 - SEQ_BITS);
/// Pages in the write-ahead log before a commit moves them into the database (4 MiB). A log that begins anew this early is
/// written over again and again: a file that grows with each commit would make the file system note its new size, too,
/// which costs as much as the sync itself.
const AUTO_CHECKPOINT: u32 = 1024;

/// Why SQLite did not do as told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreError {
    /// No space left on the disk.
    #[error("the disk is full")]
    Full,
    /// A record cannot be read back.
    #[error("the journal is damaged: {0}")]
    Damaged(&'static str),
    /// Anything else; what SQLite said.
    #[error("{0}")]
    Failed(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged("SQLite cannot read the file"),
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// The row id of an entry.
pub(crate) const fn entry_id(log: i64, seq: u64) -> i64 {
    (log << SEQ_BITS) | (seq & (SEQ_LIMIT - 1)).cast_signed()
}

/// The row ids of a log's entries.
pub(crate) const fn log_range(log: i64) -> Range<i64> {
    entry_id(log, 0)..entry_id(log + 1, 0)
}

/// The write connection, and the lock that keeps other processes out for as long as it lives.
pub(crate) struct Opened {
    pub(crate) db: Connection,
    pub(crate) lock: File,
    pub(crate) path: PathBuf,
}

/// Opens the journal in `dir`, or makes one, if it need not exist.
pub(crate) fn open(dir: &Path, exists: bool) -> Result<Opened, OpenError> {
    let folder = |source| OpenError::Folder { path: dir.to_owned(), source };
    let path = dir.join(FILE);
    check(dir, exists)?;
    fs::create_dir_all(dir).map_err(folder)?;
    let lock = private(&dir.join(LOCK)).map_err(folder)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse),
        Err(TryLockError::Error(source)) => return Err(folder(source)),
    }
    // Made by us first, so that nobody else on this computer can read the epoch keys in it; SQLite gives the files
    // beside it the same permissions.
    private(&path).map_err(folder)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(&path, flags)?;
    db.set_prepared_statement_cache_capacity(64);
    schema::prepare(&db)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "secure_delete", "ON")?;
    db.pragma_update(None, "wal_autocheckpoint", AUTO_CHECKPOINT)?;
    db.pragma_update(None, "cache_size", -8192)?;
    Ok(Opened { db, lock, path })
}

/// Refuses to make a new journal where there was one: where somebody knows of it, or where whoever has written entries has
/// left a count of them beside the file.
pub(crate) fn check(dir: &Path, exists: bool) -> Result<(), OpenError> {
    let path = dir.join(FILE);
    let missing = is_missing(&path).map_err(|source| OpenError::Folder { path: dir.to_owned(), source })?;
    if missing && (exists || identity::has_counted(&path)) { Err(OpenError::Lost { path }) } else { Ok(()) }
}

/// A file that somebody emptied is as lost as one that was removed.
fn is_missing(path: &Path) -> std::io::Result<bool> {
    match path.metadata() {
        Ok(metadata) => Ok(metadata.len() == 0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_ids_keep_a_log_together() {
        assert_eq!(entry_id(7, 13), entry_id(7, 12) + 1);
        assert!(entry_id(LOG_LIMIT - 1, SEQ_LIMIT - 1) > entry_id(LOG_LIMIT - 1, 0));
        assert!(log_range(7).contains(&entry_id(7, SEQ_LIMIT - 1)));
        assert!(!log_range(7).contains(&entry_id(8, 0)));
    }

    #[test]
    fn a_lost_journal_is_not_made_anew() {
        let dir = tempfile::tempdir().expect("folder");
        let lost = |exists| matches!(open(dir.path(), exists), Err(OpenError::Lost { .. }));
        assert!(lost(true));
        assert!(!dir.path().join(LOCK).exists(), "nothing was made");
        assert!(!lost(false) && !lost(true), "there is one");
        std::fs::write(dir.path().join(FILE), "").expect("emptied");
        assert!(lost(true));
        std::fs::remove_file(dir.path().join(FILE)).expect("removed");
        assert!(!lost(false), "it held nothing of ours");
        std::fs::remove_file(dir.path().join(FILE)).expect("removed");
        let mut count = identity::Count::open(&dir.path().join(FILE), 0).expect("opens");
        count.add();
        count.commit();
        assert!(lost(false), "it held entries of ours");
    }

    #[test]
    fn a_second_process_is_kept_out() {
        let dir = tempfile::tempdir().expect("folder");
        let first = open(dir.path(), false).expect("opens");
        assert!(matches!(open(dir.path(), false), Err(OpenError::InUse)));
        drop(first);
        assert!(open(dir.path(), false).is_ok());
    }

    #[test]
    fn a_file_of_the_first_version_is_brought_up_to_date() {
        let dir = tempfile::tempdir().expect("folder");
        let db = open(dir.path(), false).expect("opens").db;
        let old =
            "DROP TABLE drop_range; DROP TABLE drop_due; DROP TABLE lacking; DROP INDEX entry_drops; DROP TABLE hole;
            PRAGMA user_version = 1";
        db.execute_batch(old).expect("as it was");
        drop(db);
        let db = open(dir.path(), true).expect("opens").db;
        assert_eq!(db.pragma_query_value(None, "user_version", |row| row.get(0)), Ok(3));
        assert!(!drops::is_any_due(&db).expect("reads"));
    }

    #[test]
    fn a_newer_file_is_left_alone() {
        let dir = tempfile::tempdir().expect("folder");
        open(dir.path(), false).expect("opens").db.pragma_update(None, "user_version", 99).expect("pragma");
        assert!(matches!(open(dir.path(), false), Err(OpenError::Newer { found: 99, known: 3 })));
    }
}
