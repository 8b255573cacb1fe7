//! The view's tables. A change here raises `VERSION`, and every view is built anew.

use std::path::Path;

use rusqlite::Connection;

use super::Result;

const VERSION: i64 = 4;

/// Made of entries: dropped and rebuilt at will.
const VIEW: &str = "
    DROP TABLE IF EXISTS cursor; DROP TABLE IF EXISTS name; DROP TABLE IF EXISTS profile; DROP TABLE IF EXISTS device;
    DROP TABLE IF EXISTS message; DROP TABLE IF EXISTS file; DROP TABLE IF EXISTS unlisted; DROP TABLE IF EXISTS holds;
    DROP TABLE IF EXISTS undelivered;
    CREATE TABLE cursor (topic BLOB PRIMARY KEY, generation INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE name (topic BLOB PRIMARY KEY, name TEXT NOT NULL, clock INTEGER NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE profile (topic BLOB, person BLOB, name TEXT NOT NULL, picture BLOB, own INTEGER NOT NULL,
        clock INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (topic, person)) WITHOUT ROWID;
    CREATE TABLE device (topic BLOB, device BLOB, name TEXT NOT NULL, own INTEGER NOT NULL, clock INTEGER NOT NULL,
        hash BLOB NOT NULL, PRIMARY KEY (topic, device)) WITHOUT ROWID;
    CREATE TABLE message (topic BLOB, clock INTEGER, hash BLOB, author BLOB NOT NULL, person BLOB NOT NULL,
        seq INTEGER NOT NULL, text TEXT NOT NULL, nonce TEXT, file BLOB, mention INTEGER NOT NULL,
        PRIMARY KEY (topic, clock, hash)) WITHOUT ROWID;
    CREATE UNIQUE INDEX message_hash ON message (hash);
    CREATE TABLE file (hash BLOB PRIMARY KEY, topic BLOB NOT NULL, clock INTEGER NOT NULL, author BLOB NOT NULL,
        person BLOB NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, blob BLOB NOT NULL) WITHOUT ROWID;
    CREATE INDEX file_topic ON file (topic, name);
    CREATE INDEX file_blob ON file (blob);
    CREATE TABLE unlisted (topic BLOB, file BLOB, person BLOB, manager INTEGER NOT NULL,
        PRIMARY KEY (topic, file, person)) WITHOUT ROWID;
    CREATE TABLE holds (topic BLOB, blob BLOB, device BLOB, PRIMARY KEY (topic, blob, device)) WITHOUT ROWID;
    CREATE TABLE undelivered (topic BLOB, hash BLOB, clock INTEGER NOT NULL, file TEXT,
        PRIMARY KEY (topic, hash)) WITHOUT ROWID;";

/// This device's own: kept.
const OWN: &str = "
    CREATE TABLE IF NOT EXISTS mark (topic BLOB PRIMARY KEY, clock INTEGER NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS wish (topic BLOB, file BLOB, dir TEXT NOT NULL, paused INTEGER NOT NULL,
        done INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (topic, file)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS farewell (topic BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS given_up (topic BLOB, entry BLOB, PRIMARY KEY (topic, entry)) WITHOUT ROWID;";

/// Opens the file and brings its tables to this version.
pub(super) fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    // Everything but the marks and wishes can be rebuilt, and losing the last second of those in a power cut costs a
    // click, so the view does not wait for the disk at each change. Deleted content is overwritten.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000;",
    )?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    connection.execute_batch(OWN)?;
    if connection.prepare("SELECT done FROM wish").is_err() {
        // Made before it was remembered how far a wish is.
        connection.execute_batch("ALTER TABLE wish ADD COLUMN done INTEGER NOT NULL DEFAULT 0")?;
    }
    if version != VERSION {
        connection.execute_batch(VIEW)?;
        connection.pragma_update(None, "user_version", VERSION)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
