//! Brings the index up to date, a little at a time.

use std::collections::HashSet;
use std::sync::TryLockError;
use std::time::{Duration, Instant};

use compeer_core::{EntryHash, GroupId, Hlc};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::super::apply::Change;
use super::super::{Result, View, entry_at, group_at, sql_clock};
use super::documents::{self, Document};
use crate::search::tokens::words;

/// Things that are looked at in one transaction, at most.
const AT_ONCE: usize = 256;
/// Bits of an id below the milliseconds.
const ID_SHIFT: u32 = 6;
/// Bits below which ids of one millisecond are spread when there is no room left.
const ID_SPREAD: u32 = 28;

/// Notes what changed in a space, in the transaction that changes it.
pub(crate) fn note(transaction: &Transaction<'_>, space: &GroupId, changes: &[Change]) -> Result<()> {
    let objects = changes.iter().filter_map(|change| match change {
        Change::Message(object) | Change::Changed(object) | Change::FileAdded(object) | Change::FileRemoved(object) => {
            Some(object)
        }
        // Names are looked up where they stand; who holds a file is not asked for.
        Change::Name | Change::Profile(_) | Change::Rebuilt | Change::FileChanged(_) | Change::Nonsense(..) => None,
    });
    note_objects(transaction, space, objects)
}

/// Notes that these things may read differently from now on, or be gone.
pub(crate) fn note_objects<'a>(
    transaction: &Transaction<'_>,
    space: &GroupId,
    objects: impl Iterator<Item = &'a EntryHash>,
) -> Result<()> {
    let mut statement = transaction.prepare_cached("INSERT INTO dirty (space, object) VALUES (?1, ?2)")?;
    for object in objects {
        statement.execute(params![space.as_bytes(), object.as_bytes()])?;
    }
    Ok(())
}

/// Notes that all that was in a space may be gone.
pub(crate) fn note_space(transaction: &Transaction<'_>, space: &GroupId) -> Result<()> {
    transaction
        .prepare_cached("INSERT INTO dirty (space, after) VALUES (?1, ?2)")?
        .execute(params![space.as_bytes(), i64::MIN])?;
    Ok(())
}

/// A line of the queue.
struct Note {
    n: i64,
    space: GroupId,
    /// A thing, or all of a space after an id of the index.
    what: What,
}

enum What {
    Object(EntryHash),
    Space { after: i64 },
}

impl View {
    /// Works off notes for about as long as `time`, in one transaction. Whether there are more.
    pub(crate) fn index(&self, time: Duration) -> Result<bool> {
        let done = work_off(&mut self.lock(), time)?;
        Ok(self.indexed(done))
    }

    /// The same, unless somebody else is writing. `None`: somebody is.
    pub(crate) fn try_index(&self, time: Duration) -> Result<Option<bool>> {
        let done = match self.connection.try_lock() {
            Ok(mut connection) => work_off(&mut connection, time)?,
            Err(TryLockError::Poisoned(poisoned)) => work_off(&mut poisoned.into_inner(), time)?,
            Err(TryLockError::WouldBlock) => return Ok(None),
        };
        Ok(Some(self.indexed(done)))
    }

    fn indexed(&self, done: Done) -> bool {
        if done.taken_out {
            self.readers.tell_taken_out();
        }
        done.more
    }

    /// Empties the log of the file, if what was taken out of the index could still be read there. Whether that is done.
    pub(crate) fn clear_log(&self) -> Result<bool> {
        if !self.readers.was_taken_out() {
            return Ok(true);
        }
        let busy: i64 = self.lock().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy != 0 {
            self.readers.tell_taken_out();
        }
        Ok(busy == 0)
    }
}

/// What a turn has done.
#[derive(Default)]
struct Done {
    /// Whether there is more to do.
    more: bool,
    /// Whether something is no longer in the index.
    taken_out: bool,
}

fn work_off(connection: &mut Connection, time: Duration) -> Result<Done> {
    let mut done = Done::default();
    let notes = notes(connection)?;
    if notes.is_empty() {
        return Ok(done);
    }
    let until = Instant::now() + time;
    let transaction = connection.transaction()?;
    // What changed several times is read once.
    let mut seen = HashSet::new();
    let mut looked_at = 0;
    for note in &notes {
        if looked_at >= AT_ONCE || looked_at > 0 && Instant::now() >= until {
            break;
        }
        let more = match note.what {
            What::Object(object) => {
                if seen.insert(object) {
                    done.taken_out |= update(&transaction, &note.space, &object)?;
                }
                looked_at += 1;
                None
            }
            What::Space { mut after } => loop {
                let Some((id, object)) = next_of(&transaction, &note.space, after)? else { break None };
                after = id;
                done.taken_out |= update(&transaction, &note.space, &object)?;
                looked_at += 1;
                if looked_at >= AT_ONCE || Instant::now() >= until {
                    break Some(after);
                }
            },
        };
        match more {
            Some(after) => {
                let mut goes_on = transaction.prepare_cached("UPDATE dirty SET after = ?2 WHERE n = ?1")?;
                goes_on.execute([note.n, after])?;
                break;
            }
            None => {
                transaction.prepare_cached("DELETE FROM dirty WHERE n = ?1")?.execute([note.n])?;
            }
        }
    }
    transaction.commit()?;
    done.more = connection.prepare_cached(ANY_LEFT)?.query_row([], |row| row.get(0))?;
    Ok(done)
}

/// Whether something is noted that the index does not say yet.
pub(super) const ANY_LEFT: &str = "SELECT EXISTS (SELECT 1 FROM dirty)";

fn notes(connection: &Connection) -> Result<Vec<Note>> {
    let mut statement = connection.prepare_cached("SELECT n, space, object, after FROM dirty ORDER BY n LIMIT ?1")?;
    let rows = statement.query_map([AT_ONCE as i64], |row| {
        let what = match row.get::<_, Option<i64>>(3)? {
            Some(after) => What::Space { after },
            None => What::Object(entry_at(row, 2)?),
        };
        Ok(Note { n: row.get(0)?, space: group_at(row, 1)?, what })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The next thing of a space in the order of the index.
fn next_of(connection: &Connection, space: &GroupId, after: i64) -> Result<Option<(i64, EntryHash)>> {
    Ok(connection
        .prepare_cached("SELECT id, object FROM doc WHERE space = ?1 AND id > ?2 ORDER BY id LIMIT 1")?
        .query_row(params![space.as_bytes(), after], |row| Ok((row.get(0)?, entry_at(row, 1)?)))
        .optional()?)
}

/// Makes the index say of one thing what the view says. Whether it said something else before.
fn update(transaction: &Transaction<'_>, space: &GroupId, object: &EntryHash) -> Result<bool> {
    let sql = format!("SELECT {}, id FROM doc WHERE object = ?1", documents::COLUMNS);
    let before = transaction
        .prepare_cached(&sql)?
        .query_row([object.as_bytes()], |row| Ok((documents::stored(row)?, row.get::<_, i64>(9)?)))
        .optional()?;
    let now = documents::read(transaction, space, object)?;
    let (before, id) = before.unzip();
    let before = before.flatten();
    // An id names one thing in one space; what another space says of it is about nothing.
    if before == now || now.is_none() && before.as_ref().is_some_and(|before| before.space != *space) {
        return Ok(false);
    }
    if let (Some(document), Some(id)) = (&before, id) {
        transaction
            .prepare_cached("INSERT INTO words (words, rowid, title, text, marks) VALUES ('delete', ?1, ?2, ?3, ?4)")?
            .execute(params![id, words(&document.title), words(&document.text), document.marks()])?;
        transaction.prepare_cached("DELETE FROM doc WHERE id = ?1")?.execute([id])?;
    }
    if let Some(document) = &now {
        insert(transaction, document)?;
    }
    let is_file = |document: &Document| document.kind == crate::search::Kind::File;
    if before.as_ref().or(now.as_ref()).is_some_and(is_file) {
        // Messages say the names of their files. Each file comes and goes once, so this cannot be asked for again and again.
        transaction
            .prepare_cached("INSERT INTO dirty (space, object) SELECT space, hash FROM message WHERE file = ?1")?
            .execute([object.as_bytes()])?;
    }
    Ok(before.is_some())
}

fn insert(transaction: &Transaction<'_>, document: &Document) -> Result<()> {
    let id = free_id(transaction, document.clock, &document.object)?;
    transaction.prepare_cached("INSERT INTO doc VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?.execute(
        params![
            id,
            document.object.as_bytes(),
            document.space.as_bytes(),
            document.kind as i64,
            document.person.as_bytes(),
            sql_clock(document.clock),
            document.file,
            document.pinned,
            document.title,
            document.text
        ],
    )?;
    transaction
        .prepare_cached("INSERT INTO words (rowid, title, text, marks) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, words(&document.title), words(&document.text), document.marks()])?;
    Ok(())
}

/// Ids go by time, so that the index hands out the newest first and finds a stretch of time at once. Where ids of a
/// millisecond are taken, later ones are tried, further and further away: whoever dates everything alike shall not make
/// others look long.
fn free_id(connection: &Connection, clock: Hlc, object: &EntryHash) -> Result<i64> {
    let mut taken = connection.prepare_cached("SELECT 1 FROM doc WHERE id = ?1")?;
    let first = first_id(clock.millis());
    let chance = object.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    for spread in (ID_SHIFT..=ID_SPREAD).step_by(2) {
        let id = first + (chance.rotate_left(spread * 5) & ((1 << spread) - 1)).cast_signed();
        if !taken.exists([id])? {
            return Ok(id);
        }
    }
    let mut id = last_id(clock.millis());
    while taken.exists([id])? {
        id += 1;
    }
    Ok(id)
}

/// The first id that something of this time may have.
pub(super) const fn first_id(millis: u64) -> i64 {
    (millis << ID_SHIFT).cast_signed()
}

/// An id that nothing of before this time has, unless there is no room for it anywhere.
pub(super) const fn last_id(millis: u64) -> i64 {
    first_id(millis) + (1 << ID_SPREAD)
}
