//! The tables.

use rusqlite::Connection;

use crate::error::OpenError;

/// The format that this program writes, kept in `PRAGMA user_version`.
const VERSION: u32 = 3;
/// "CmpJ": tells `file` and curious people whose database this is.
const APPLICATION: i32 = 0x436d_704a;

const TABLES: &str = "
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE topic (
    id INTEGER PRIMARY KEY,
    topic BLOB NOT NULL UNIQUE,
    adopted INTEGER NOT NULL,       -- 0: only here because a group that we take part in has it as a member
    asking INTEGER NOT NULL,        -- our own log may be behind what we wrote, see identity::Asking
    generation INTEGER NOT NULL
);

-- One author's log on one topic. Its first `counted` entries have `bytes` bytes; the rest is counted when opening.
CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    topic INTEGER NOT NULL REFERENCES topic (id),
    author BLOB NOT NULL,
    counted INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    UNIQUE (topic, author)
);

-- id: log << 40 | seq. class: 0 control, 1 keys, 2 data, 3 drop. body is NULL once dropped, or while lacking.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    class INTEGER NOT NULL,
    header BLOB NOT NULL,
    body BLOB
);
-- What opening reads.
CREATE INDEX entry_rules ON entry (id) WHERE class < 2;

-- What counts and can be opened, in the order in which it became so.
CREATE TABLE feed (
    topic INTEGER NOT NULL,
    position INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (topic, position)
) WITHOUT ROWID;

-- What cannot be judged or opened yet. cause: empty for control entries not known, else the epoch whose key is missing.
CREATE TABLE waiting (
    topic INTEGER NOT NULL,
    cause BLOB NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (topic, cause, entry)
) WITHOUT ROWID;

CREATE TABLE epoch_key (
    topic INTEGER NOT NULL,
    key BLOB NOT NULL,
    PRIMARY KEY (topic, key)
) WITHOUT ROWID;

CREATE TABLE receipt (
    topic INTEGER NOT NULL,
    device BLOB NOT NULL,
    author BLOB NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (topic, device, author)
) WITHOUT ROWID;

-- A frozen log, and the two headers that prove why.
CREATE TABLE fork (
    log INTEGER PRIMARY KEY,
    ours BLOB NOT NULL,
    theirs BLOB NOT NULL
);

-- Topics we have written on and forgotten, by a hash that names them to nobody.
CREATE TABLE forgotten (
    tag BLOB PRIMARY KEY
) WITHOUT ROWID;
";

/// Since version 2.
const DROPS: &str = "
-- What drop entries that count name. Ranges of one author do not overlap; only entries dated before `until` are dropped.
CREATE TABLE drop_range (
    topic INTEGER NOT NULL,
    author BLOB NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (topic, author, first)
) WITHOUT ROWID;

-- Ranges whose bodies may still be here.
CREATE TABLE drop_due (
    id INTEGER PRIMARY KEY,
    topic INTEGER NOT NULL,
    author BLOB NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
);

-- Data without a body that no drop entry which counts accounts for.
CREATE TABLE lacking (
    entry INTEGER PRIMARY KEY
);

CREATE INDEX entry_drops ON entry (id) WHERE class = 3;
";

/// Since version 3.
const PRUNED: &str = "
-- Whether the entries of a due range go as a whole.
ALTER TABLE drop_due ADD COLUMN prune INTEGER NOT NULL DEFAULT 0;

-- Numbers of a log of which nothing is here, before others of which something is; lacking: no entry that counts prunes them.
CREATE TABLE hole (
    log INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    lacking INTEGER NOT NULL,
    PRIMARY KEY (log, first)
) WITHOUT ROWID;
CREATE INDEX hole_lacking ON hole (log, last) WHERE lacking;
";

/// Makes the tables in an empty file, or checks that the file's format is ours.
pub(super) fn prepare(db: &Connection) -> Result<(), OpenError> {
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > VERSION {
        return Err(OpenError::Newer { found, known: VERSION });
    }
    let _mode: String = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    let steps = [TABLES, DROPS, PRUNED];
    if found < VERSION {
        let setup = steps[found as usize..].concat();
        db.execute_batch(&format!(
            "BEGIN IMMEDIATE; {setup} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; COMMIT"
        ))?;
    }
    Ok(())
}
