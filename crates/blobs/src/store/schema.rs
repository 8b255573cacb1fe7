//! The store's database: opening it, and the shape of its tables.

use std::path::Path;

use rusqlite::Connection;

use crate::error::StoreError;

/// The shape below. A database with a higher number was written by a newer program and is left alone.
const VERSION: i64 = 1;

const TABLES: &str = "
-- One row for each blob that lies somewhere on this device. `pieces` is its list, 32 bytes a piece; empty for a blob of
-- one piece.
CREATE TABLE blob (
    id      INTEGER PRIMARY KEY,
    hash    BLOB NOT NULL UNIQUE,
    size    INTEGER NOT NULL,
    pieces  BLOB NOT NULL
) STRICT;

-- Where blobs lie: one path holds one blob, one blob may lie in several places. `owned` paths are relative to the
-- store's folder, and their files are the store's; all others are absolute, and their files are the user's.
CREATE TABLE place (
    path      BLOB NOT NULL,
    owned     INTEGER NOT NULL,
    blob      INTEGER NOT NULL REFERENCES blob (id),
    mtime_ns  INTEGER NOT NULL,
    inode     INTEGER NOT NULL,
    PRIMARY KEY (owned, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX place_blob ON place (blob);

-- Downloads under way, by where they will lie. `touched` is the set of pieces that may lie in the part file; what
-- truly does is found by hashing them. `pieces` is empty until the list is known.
CREATE TABLE partial (
    path     BLOB NOT NULL,
    owned    INTEGER NOT NULL,
    hash     BLOB NOT NULL,
    size     INTEGER NOT NULL,
    pieces   BLOB NOT NULL,
    touched  BLOB NOT NULL,
    PRIMARY KEY (owned, path)
) STRICT, WITHOUT ROWID;
";

/// Opens the database, and makes it if it is not there.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let mut db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    // A commit is on disk when it returns: what was acknowledged survives a power cut.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.set_prepared_statement_cache_capacity(32);
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    match tx.pragma_query_value(None, "user_version", |row| row.get(0))? {
        0 => {
            tx.execute_batch(TABLES)?;
            tx.pragma_update(None, "user_version", VERSION)?;
        }
        VERSION => {}
        found => return Err(StoreError::Newer { found, known: VERSION }),
    }
    tx.commit()?;
    Ok(db)
}
