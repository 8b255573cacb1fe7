//! The view's tables. A change here raises `VERSION`, and every view is built anew.

use std::path::Path;

use rusqlite::Connection;

use super::{Result, boards};

const VERSION: i64 = 19;

/// Made of entries: dropped and rebuilt at will.
///
/// `shown` is what is shown of what was made: of a room nothing but the first board, and that only if it was made for a board
/// (6 is [`crate::model::Kind::Board`]). Whatever else a program makes there is kept and never seen, in whatever order it came.
const VIEW: &str = "
    DROP VIEW IF EXISTS shown;
    DROP TABLE IF EXISTS cursor; DROP TABLE IF EXISTS name; DROP TABLE IF EXISTS profile; DROP TABLE IF EXISTS device;
    DROP TABLE IF EXISTS message; DROP TABLE IF EXISTS file; DROP TABLE IF EXISTS unlisted; DROP TABLE IF EXISTS holds;
    DROP TABLE IF EXISTS undelivered; DROP TABLE IF EXISTS version; DROP TABLE IF EXISTS register;
    DROP TABLE IF EXISTS object; DROP TABLE IF EXISTS place; DROP TABLE IF EXISTS deleted; DROP TABLE IF EXISTS dropped;
    DROP TABLE IF EXISTS direct; DROP TABLE IF EXISTS room; DROP TABLE IF EXISTS issue;
    DROP TABLE IF EXISTS imported; DROP TABLE IF EXISTS imported_person;
    DROP TABLE IF EXISTS history; DROP TABLE IF EXISTS element; DROP TABLE IF EXISTS page_update; DROP TABLE IF EXISTS page_run;
    DROP TABLE IF EXISTS page_state; DROP TABLE IF EXISTS page_text; DROP TABLE IF EXISTS page_peer;
    DROP TABLE IF EXISTS board_text;
    DROP TABLE IF EXISTS page_new;
    CREATE TABLE cursor (space BLOB PRIMARY KEY, generation INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE name (space BLOB PRIMARY KEY, name TEXT NOT NULL, clock INTEGER NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE profile (space BLOB, person BLOB, name TEXT NOT NULL, picture BLOB, own INTEGER NOT NULL,
        clock INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (space, person)) WITHOUT ROWID;
    CREATE TABLE device (space BLOB, device BLOB, name TEXT NOT NULL, own INTEGER NOT NULL, clock INTEGER NOT NULL,
        hash BLOB NOT NULL, PRIMARY KEY (space, device)) WITHOUT ROWID;
    CREATE TABLE message (space BLOB, clock INTEGER, hash BLOB, author BLOB NOT NULL, person BLOB NOT NULL,
        seq INTEGER NOT NULL, position INTEGER NOT NULL, text TEXT NOT NULL, nonce TEXT, file BLOB, reply BLOB, place BLOB,
        mention INTEGER NOT NULL, unread INTEGER NOT NULL, deleted BLOB, PRIMARY KEY (space, clock, hash)) WITHOUT ROWID;
    CREATE UNIQUE INDEX message_hash ON message (hash);
    CREATE INDEX message_log ON message (space, author, seq);
    CREATE INDEX message_place ON message (space, place, clock, hash);
    CREATE INDEX message_unread ON message (space, place, clock, hash) WHERE unread;
    CREATE TABLE object (hash BLOB PRIMARY KEY, space BLOB NOT NULL, kind INTEGER NOT NULL, clock INTEGER NOT NULL,
        author BLOB NOT NULL, person BLOB NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE direct (space BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE room (space BLOB PRIMARY KEY, kind INTEGER NOT NULL, parent BLOB NOT NULL, clock INTEGER NOT NULL,
        hash BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE place (space BLOB, place BLOB, PRIMARY KEY (space, place)) WITHOUT ROWID;
    CREATE INDEX object_kind ON object (space, kind, clock, hash);
    CREATE VIEW shown AS SELECT * FROM object AS made WHERE NOT EXISTS (SELECT 1 FROM room WHERE room.space = made.space)
        OR made.kind = 6 AND EXISTS (SELECT 1 FROM room WHERE room.space = made.space AND room.kind = 6)
        AND NOT EXISTS (SELECT 1 FROM object AS other WHERE other.space = made.space AND other.kind = 6
                        AND (other.clock, other.hash) < (made.clock, made.hash));
    CREATE TABLE file (hash BLOB PRIMARY KEY, space BLOB NOT NULL, clock INTEGER NOT NULL, author BLOB NOT NULL,
        person BLOB NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, blob BLOB NOT NULL) WITHOUT ROWID;
    CREATE INDEX file_space ON file (space, name);
    CREATE INDEX file_blob ON file (blob);
    CREATE TABLE unlisted (space BLOB, file BLOB, person BLOB, manager INTEGER NOT NULL,
        PRIMARY KEY (space, file, person)) WITHOUT ROWID;
    CREATE TABLE holds (space BLOB, blob BLOB, device BLOB, PRIMARY KEY (space, blob, device)) WITHOUT ROWID;
    CREATE TABLE version (space BLOB, object BLOB, person BLOB, clock INTEGER, hash BLOB, author BLOB NOT NULL,
        seq INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (space, object, person, clock, hash)) WITHOUT ROWID;
    CREATE INDEX version_hash ON version (hash);
    CREATE TABLE deleted (space BLOB, object BLOB, clock INTEGER, hash BLOB, person BLOB NOT NULL, manager INTEGER NOT NULL,
        place BLOB, PRIMARY KEY (space, object, clock, hash)) WITHOUT ROWID;
    CREATE INDEX deleted_hash ON deleted (hash);
    CREATE TABLE dropped (hash BLOB PRIMARY KEY, space BLOB NOT NULL, clock INTEGER NOT NULL, author BLOB NOT NULL,
        person BLOB NOT NULL, seq INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE register (space BLOB, object BLOB, field TEXT, person BLOB, value NOT NULL, clock INTEGER NOT NULL,
        hash BLOB NOT NULL, PRIMARY KEY (space, object, field, person)) WITHOUT ROWID;
    CREATE TABLE element (space BLOB, board BLOB, id TEXT, value BLOB, clock INTEGER NOT NULL, hash BLOB NOT NULL,
        first INTEGER NOT NULL, change INTEGER NOT NULL, PRIMARY KEY (space, board, id)) WITHOUT ROWID;
    CREATE TABLE board_text (space BLOB, board BLOB, id TEXT, text TEXT NOT NULL, PRIMARY KEY (space, board, id)) WITHOUT ROWID;
    CREATE INDEX element_change ON element (space, board, change);
    CREATE INDEX element_there ON element (space, board) WHERE value IS NOT NULL;
    CREATE INDEX element_clock ON element (space, board, clock);
    CREATE INDEX register_on ON register (space, field, object) WHERE value;
    CREATE INDEX register_hash ON register (hash);
    CREATE INDEX register_set ON register (space, person, field, object);
    CREATE TABLE issue (space BLOB, hash BLOB, number INTEGER NOT NULL, title TEXT NOT NULL, folded TEXT NOT NULL,
        status INTEGER NOT NULL, priority INTEGER NOT NULL, assignee BLOB, estimate INTEGER, due INTEGER, parent BLOB,
        project BLOB, cycle BLOB, archived INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
        person BLOB NOT NULL, PRIMARY KEY (space, hash)) WITHOUT ROWID;
    CREATE INDEX issue_number ON issue (space, number);
    CREATE INDEX issue_status ON issue (space, archived, status);
    CREATE INDEX issue_parent ON issue (space, parent);
    CREATE INDEX issue_project ON issue (space, project);
    CREATE INDEX issue_cycle ON issue (space, cycle);
    CREATE TABLE history (space BLOB, object BLOB, clock INTEGER, hash BLOB, field TEXT, which BLOB, value NOT NULL,
        person BLOB NOT NULL, PRIMARY KEY (space, object, clock, hash, field, which)) WITHOUT ROWID;
    CREATE INDEX history_hash ON history (hash);
    CREATE TABLE imported (hash BLOB PRIMARY KEY, space BLOB NOT NULL, entry BLOB NOT NULL, original BLOB NOT NULL)
        WITHOUT ROWID;
    CREATE INDEX imported_entry ON imported (entry);
    CREATE TABLE imported_person (space BLOB, person BLOB, original BLOB NOT NULL, PRIMARY KEY (space, person)) WITHOUT ROWID;
    CREATE TABLE page_update (hash BLOB PRIMARY KEY, space BLOB NOT NULL, page BLOB NOT NULL, author BLOB NOT NULL,
        seq INTEGER NOT NULL, clock INTEGER NOT NULL, person BLOB NOT NULL, bytes BLOB NOT NULL, size INTEGER NOT NULL,
        ops INTEGER NOT NULL, refused TEXT, beyond INTEGER NOT NULL, bad TEXT, number INTEGER NOT NULL, form INTEGER NOT NULL,
        place INTEGER NOT NULL, until INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL, updates INTEGER NOT NULL,
        adrift INTEGER NOT NULL);
    CREATE INDEX page_update_log ON page_update (space, page, author, place, seq);
    CREATE INDEX page_update_stands ON page_update (space, page, author, until) WHERE form = 2;
    CREATE INDEX page_update_imported ON page_update (space, page, author) WHERE form = 3;
    CREATE INDEX page_update_bad ON page_update (space, page, author) WHERE bad IS NOT NULL;
    CREATE INDEX page_update_adrift ON page_update (space, page) WHERE adrift;
    CREATE INDEX page_update_ended ON page_update (space, page, ended, hash);
    CREATE INDEX page_update_number ON page_update (space, page, number);
    CREATE TABLE page_new (hash BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE page_run (space BLOB, page BLOB, author BLOB, peer INTEGER, place INTEGER, seq INTEGER, ends INTEGER NOT NULL,
        PRIMARY KEY (space, page, author, peer, place, seq)) WITHOUT ROWID;
    CREATE INDEX page_run_place ON page_run (space, page, author, place);
    CREATE INDEX page_run_peer ON page_run (space, page, peer);
    CREATE TABLE page_state (space BLOB, page BLOB, floor INTEGER NOT NULL, again INTEGER NOT NULL, bytes INTEGER NOT NULL,
        ops INTEGER NOT NULL, PRIMARY KEY (space, page)) WITHOUT ROWID;
    CREATE TABLE page_text (space BLOB, page BLOB, number INTEGER NOT NULL, snapshot BLOB NOT NULL, words TEXT NOT NULL,
        waiting BLOB NOT NULL, PRIMARY KEY (space, page));
    CREATE TABLE undelivered (space BLOB, hash BLOB, clock INTEGER NOT NULL, file TEXT,
        PRIMARY KEY (space, hash)) WITHOUT ROWID;";

/// This device's own: kept.
const OWN: &str = "
    CREATE TABLE IF NOT EXISTS seen (space BLOB, author BLOB, first INTEGER, last INTEGER NOT NULL, read INTEGER NOT NULL,
        clock INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (space, author, first)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS attention (space BLOB, place BLOB, level INTEGER NOT NULL, clock INTEGER NOT NULL,
        hash BLOB NOT NULL, PRIMARY KEY (space, place)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS welcome (space BLOB, person BLOB, invite TEXT NOT NULL, PRIMARY KEY (space, person)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS welcomed (space BLOB PRIMARY KEY, person BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS change (space BLOB PRIMARY KEY, last INTEGER NOT NULL, floor INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS wish (space BLOB, file BLOB, dir TEXT NOT NULL, paused INTEGER NOT NULL,
        done INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (space, file)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS scrub (due INTEGER PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS farewell (space BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS given_up (space BLOB, entry BLOB, PRIMARY KEY (space, entry)) WITHOUT ROWID;";

/// A marker says the same as runs that reach as far in each author's log.
const MARKS: &str = "
    INSERT OR IGNORE INTO seen SELECT message.space, message.author, 0, MAX(message.seq), 1, 0, zeroblob(32)
        FROM message JOIN mark ON mark.space = message.space AND (message.clock, message.hash) <= (mark.clock, mark.hash)
        GROUP BY message.space, message.author;
    DROP TABLE mark;";

/// Opens the file and brings its tables to this version.
pub(super) fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    // Everything but the marks and wishes can be rebuilt, and losing the last second of those in a power cut costs a
    // click, so the view does not wait for the disk at each change. Deleted content is overwritten.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000;",
    )?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for table in ["mark", "wish", "farewell", "given_up"] {
        // Made when spaces were called topics here.
        if connection.prepare(&format!("SELECT topic FROM {table}")).is_ok() {
            connection.execute_batch(&format!("ALTER TABLE {table} RENAME COLUMN topic TO space"))?;
        }
    }
    connection.execute_batch(OWN)?;
    if connection.prepare("SELECT 1 FROM mark").is_ok() {
        // Made when what is read was one marker in time.
        connection.execute_batch(MARKS)?;
    }
    if connection.prepare("SELECT done FROM wish").is_err() {
        // Made before it was remembered how far a wish is.
        connection.execute_batch("ALTER TABLE wish ADD COLUMN done INTEGER NOT NULL DEFAULT 0")?;
    }
    if version != VERSION {
        connection.execute_batch(VIEW)?;
        super::search::create(&connection)?;
        boards::begin_anew(&connection, None)?;
        connection.pragma_update(None, "user_version", VERSION)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
