//! The index of what is in the view, and searching in it.
//!
//! Whatever can be found is a [`Document`](documents::Document). There is one function for each kind of thing that says how
//! it reads as one, and one that brings the index up to date about it: it reads the thing again and compares. So whoever
//! changes the view only notes which things may read differently now ([`note`]), and the order of notes does not matter.
//!
//! Notes are a queue in the same file. It is worked off behind the changes, in short transactions ([`View::index`]), because
//! a message must not wait for its words to be sorted in. Searching has connections of its own, which only read: nobody who
//! searches waits for whoever writes.

mod documents;
mod find;
mod index;
mod reader;
#[cfg(test)]
mod tests;

use rusqlite::Connection;

use super::Result;

pub(crate) use documents::Document;
pub(crate) use find::{Cursor, Wanted};
pub(crate) use index::{any_left, note, note_objects, note_space};
pub(crate) use reader::{Names, Readers, Stop};

/// Made of the view: dropped and rebuilt with it.
///
/// `words` holds no text, only where each word stands (FTS5, "contentless tables"), and gets its words as they are compared,
/// so SQLite's plainest tokenizer cuts them at the blanks. With `secure-delete` it forgets words at once when their text is
/// taken out; for that the old text must be said again, which is why `doc` keeps it. An index of first letters makes the
/// first key press as quick as the others. Forgetting costs milliseconds each time, so where much goes, all words go and are
/// filled in again: `refill` says how far that is.
const TABLES: &str = "
    DROP TABLE IF EXISTS doc; DROP TABLE IF EXISTS words; DROP TABLE IF EXISTS dirty; DROP TABLE IF EXISTS refill;
    CREATE TABLE doc (id INTEGER PRIMARY KEY, object BLOB NOT NULL, space BLOB NOT NULL, kind INTEGER NOT NULL,
        person BLOB NOT NULL, clock INTEGER NOT NULL, file INTEGER NOT NULL, pinned INTEGER NOT NULL, title TEXT NOT NULL,
        text TEXT NOT NULL, place BLOB);
    CREATE UNIQUE INDEX doc_object ON doc (object);
    CREATE INDEX doc_space ON doc (space, id);
    CREATE VIRTUAL TABLE words USING fts5(title, text, marks, content = '', tokenize = 'ascii', prefix = '1');
    INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
    CREATE TABLE dirty (n INTEGER PRIMARY KEY, space BLOB NOT NULL, object BLOB, after INTEGER);
    CREATE TABLE refill (after INTEGER NOT NULL);
    CREATE INDEX message_file ON message (file) WHERE file IS NOT NULL;";

/// Makes the tables anew.
pub(super) fn create(connection: &Connection) -> Result<()> {
    Ok(connection.execute_batch(TABLES)?)
}
