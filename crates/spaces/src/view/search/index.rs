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
/// So many documents are taken out one by one until nothing is left to do; beyond, it is quicker to fill in what stays. Tests
/// come by both ways.
const ONE_BY_ONE: usize = if cfg!(test) { 3 } else { 1000 };
/// Bits of an id below the milliseconds.
const ID_SHIFT: u32 = 6;
/// Bits below which ids of one millisecond are spread when there is no room left.
const ID_SPREAD: u32 = 28;

/// Notes what changed in a space, in the transaction that changes it. Whether names may be others now.
pub(crate) fn note(transaction: &Transaction<'_>, space: &GroupId, changes: &[Change]) -> Result<bool> {
    let objects = changes.iter().filter_map(|change| match change {
        Change::Message(object)
        | Change::Made(object)
        | Change::Changed(object)
        | Change::Vanished(object)
        | Change::FileAdded(object)
        | Change::FileRemoved(object) => Some(object),
        // Names are looked up where they stand; who holds a file is not asked for.
        Change::Name | Change::Profile(_) | Change::Rooms => None,
        // What a page says is noted once somebody has read it.
        Change::Written(_) => None,
        Change::Rebuilt | Change::Moved | Change::FileChanged(_) | Change::Drawn(_) | Change::Nonsense(..) => None,
    });
    note_objects(transaction, space, objects)?;
    let files = changes.iter().filter_map(|change| match change {
        Change::FileAdded(file) | Change::FileRemoved(file) => Some(file),
        _ => None,
    });
    note_messages_with(transaction, space, files)?;
    let mut made = transaction.prepare_cached("SELECT 1 FROM object WHERE hash = ?1")?;
    for change in changes {
        let named = match change {
            Change::Name | Change::Profile(_) | Change::Made(_) => true,
            Change::Changed(object) => made.exists([object.as_bytes()])?,
            _ => false,
        };
        if named {
            return Ok(true);
        }
    }
    Ok(false)
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

/// Notes the messages that say the names of these files. Each file comes once and is taken off once by each member, so this
/// is not asked for again and again.
fn note_messages_with<'a>(
    transaction: &Transaction<'_>,
    space: &GroupId,
    files: impl Iterator<Item = &'a EntryHash>,
) -> Result<()> {
    let sql = "INSERT INTO dirty (space, object) SELECT space, hash FROM message WHERE file = ?2 AND space = ?1";
    let mut statement = transaction.prepare_cached(sql)?;
    for file in files {
        statement.execute([space.as_bytes(), file.as_bytes()])?;
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
        self.work_off(&mut self.lock(), time)
    }

    /// The same, unless somebody else is writing. `None`: somebody is.
    pub(crate) fn try_index(&self, time: Duration) -> Result<Option<bool>> {
        match self.connection.try_lock() {
            Ok(mut connection) => self.work_off(&mut connection, time).map(Some),
            Err(TryLockError::Poisoned(poisoned)) => self.work_off(&mut poisoned.into_inner(), time).map(Some),
            Err(TryLockError::WouldBlock) => Ok(None),
        }
    }

    fn work_off(&self, connection: &mut Connection, time: Duration) -> Result<bool> {
        if !any_left(connection)? {
            return Ok(false);
        }
        let transaction = connection.transaction()?;
        let mut turn = Turn::begin(&transaction, Instant::now() + time, self.readers.taken_out())?;
        turn.work_off(&notes(&transaction)?)?;
        turn.fill_in()?;
        let (taken_out, more) = (turn.taken_out, any_left(&transaction)?);
        transaction.commit()?;
        self.readers.set_taken_out(if more { taken_out } else { 0 });
        if taken_out > 0 {
            self.readers.tell_in_log();
        }
        Ok(more)
    }

    /// Empties the log of the file, if what was taken out of the index could still be read there. Whether that is done.
    pub(crate) fn clear_log(&self) -> Result<bool> {
        if !self.readers.was_in_log() {
            return Ok(true);
        }
        let busy: i64 = self.lock().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy != 0 {
            self.readers.tell_in_log();
        }
        Ok(busy == 0)
    }
}

/// Whether something is noted that the index does not say yet.
pub(crate) fn any_left(connection: &Connection) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM dirty) OR EXISTS (SELECT 1 FROM refill)";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

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

/// What is done in one transaction.
struct Turn<'a> {
    transaction: &'a Transaction<'a>,
    until: Instant,
    looked_at: usize,
    /// Documents taken out since there was last nothing to do.
    taken_out: usize,
    /// Words are filled in up to this id.
    filled: i64,
}

impl<'a> Turn<'a> {
    fn begin(transaction: &'a Transaction<'a>, until: Instant, taken_out: usize) -> Result<Self> {
        let filled =
            transaction.prepare_cached("SELECT after FROM refill")?.query_row([], |row| row.get(0)).optional()?;
        Ok(Self { transaction, until, looked_at: 0, taken_out, filled: filled.unwrap_or(i64::MAX) })
    }

    fn is_over(&self) -> bool {
        self.looked_at >= AT_ONCE || self.looked_at > 0 && Instant::now() >= self.until
    }

    fn work_off(&mut self, notes: &[Note]) -> Result<()> {
        // What changed several times is read once.
        let mut seen = HashSet::new();
        for note in notes {
            if self.is_over() {
                return Ok(());
            }
            match note.what {
                What::Object(object) => {
                    if seen.insert(object) {
                        self.update(&note.space, &object)?;
                    }
                }
                What::Space { mut after } => {
                    while let Some((id, object)) = next_of(self.transaction, &note.space, after)? {
                        if self.is_over() {
                            let mut goes_on =
                                self.transaction.prepare_cached("UPDATE dirty SET after = ?2 WHERE n = ?1")?;
                            goes_on.execute([note.n, after])?;
                            return Ok(());
                        }
                        self.update(&note.space, &object)?;
                        after = id;
                    }
                }
            }
            self.transaction.prepare_cached("DELETE FROM dirty WHERE n = ?1")?.execute([note.n])?;
        }
        Ok(())
    }

    /// Makes the index say of one thing what the view says.
    fn update(&mut self, space: &GroupId, object: &EntryHash) -> Result<()> {
        self.looked_at += 1;
        let sql = format!("SELECT {}, id FROM doc WHERE object = ?1", documents::COLUMNS);
        let before = self
            .transaction
            .prepare_cached(&sql)?
            .query_row([object.as_bytes()], |row| Ok((documents::stored(row)?, row.get::<_, i64>(10)?)))
            .optional()?
            .and_then(|(document, id)| document.map(|document| (document, id)));
        let now = documents::read(self.transaction, space, object)?;
        match &before {
            Some((document, _)) if Some(document) == now.as_ref() => return Ok(()),
            // An id names one thing in one space; what another space says of it is about nothing.
            Some((document, _)) if now.is_none() && document.space != *space => return Ok(()),
            Some((document, id)) => self.take_out(document, *id)?,
            None => {}
        }
        if let Some(document) = &now {
            self.put_in(document)?;
        }
        Ok(())
    }

    fn take_out(&mut self, document: &Document, id: i64) -> Result<()> {
        self.transaction.prepare_cached("DELETE FROM doc WHERE id = ?1")?.execute([id])?;
        self.taken_out += 1;
        if id > self.filled {
            return Ok(());
        }
        if self.taken_out > ONE_BY_ONE {
            self.transaction.execute_batch("INSERT INTO words (words) VALUES ('delete-all'); DELETE FROM refill")?;
            self.filled = i64::MIN;
            self.transaction.execute("INSERT INTO refill VALUES (?1)", [self.filled])?;
            return Ok(());
        }
        let mut statement = self
            .transaction
            .prepare_cached("INSERT INTO words (words, rowid, title, text, marks) VALUES ('delete', ?1, ?2, ?3, ?4)")?;
        statement.execute(params![id, words(&document.title), words(&document.text), document.marks()])?;
        Ok(())
    }

    fn put_in(&mut self, document: &Document) -> Result<()> {
        let id = free_id(self.transaction, document.clock, &document.object)?;
        let mut statement =
            self.transaction.prepare_cached("INSERT INTO doc VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")?;
        statement.execute(params![
            id,
            document.object.as_bytes(),
            document.space.as_bytes(),
            document.kind as i64,
            document.person.as_bytes(),
            sql_clock(document.clock),
            document.file,
            document.pinned,
            document.title,
            document.text,
            document.place.as_ref().map(EntryHash::as_bytes)
        ])?;
        if id <= self.filled { self.put_words_in(document, id) } else { Ok(()) }
    }

    fn put_words_in(&self, document: &Document, id: i64) -> Result<()> {
        self.transaction
            .prepare_cached("INSERT INTO words (rowid, title, text, marks) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![id, words(&document.title), words(&document.text), document.marks()])?;
        Ok(())
    }

    /// Fills in words that all went, once nothing else is to do.
    fn fill_in(&mut self) -> Result<()> {
        let noted = "SELECT EXISTS (SELECT 1 FROM dirty)";
        if self.filled == i64::MAX || self.transaction.prepare_cached(noted)?.query_row([], |row| row.get(0))? {
            return Ok(());
        }
        let sql = format!("SELECT {}, id FROM doc WHERE id > ?1 ORDER BY id LIMIT ?2", documents::COLUMNS);
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let mut rows = statement.query(params![self.filled, AT_ONCE as i64])?;
        while let Some(row) = rows.next()? {
            if self.is_over() {
                self.transaction.execute("UPDATE refill SET after = ?1", [self.filled])?;
                return Ok(());
            }
            let id = row.get(10)?;
            if let Some(document) = documents::stored(row)? {
                self.put_words_in(&document, id)?;
            }
            (self.filled, self.looked_at) = (id, self.looked_at + 1);
        }
        let left = "SELECT EXISTS (SELECT 1 FROM doc WHERE id > ?1)";
        if self.transaction.prepare_cached(left)?.query_row([self.filled], |row| row.get(0))? {
            self.transaction.execute("UPDATE refill SET after = ?1", [self.filled])?;
        } else {
            self.transaction.execute("DELETE FROM refill", [])?;
        }
        Ok(())
    }
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
