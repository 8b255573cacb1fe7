//! Messages that were deleted, and entries whose bodies were dropped.
//!
//! Whoever deletes a message says so, and has the bodies of its words dropped. What is shown in its place is made of what
//! that entry says and of the header of the dropped one, so it is the same for whoever had read the message and for
//! whoever never had it. Deleting counts if it was by the message's author or a manager; either may come before the other.

use compeer_core::{DeviceId, EntryHash, GroupId};
use compeer_journal::Dropped;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::apply::{Change, Source};
use super::{Result, View, device_at, entry_at, group_at, imported, search, sql_clock, topics};

/// Takes in that somebody deletes a message that was said at `place`.
pub(super) fn delete(
    transaction: &Transaction<'_>,
    source: &Source,
    object: &EntryHash,
    place: Option<EntryHash>,
    changes: &mut Vec<Change>,
) -> Result<()> {
    transaction.prepare_cached("INSERT OR IGNORE INTO deleted VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(
        params![
            source.space.as_bytes(),
            object.as_bytes(),
            sql_clock(source.clock),
            source.hash.as_bytes(),
            source.person.as_bytes(),
            source.level >= compeer_core::group::Level::Manage,
            place.as_ref().map(EntryHash::as_bytes)
        ],
    )?;
    settle(transaction, &source.space, object, changes)?;
    Ok(())
}

/// Takes in that an entry says nothing any more. `false` when what it had said has become part of something else that cannot
/// be taken back: messages and their versions stand for themselves.
pub(super) fn drop_entry(
    transaction: &Transaction<'_>,
    space: &GroupId,
    entry: &Dropped,
    changes: &mut Vec<Change>,
) -> Result<bool> {
    let Some(person) = entry.person else { return Ok(true) };
    let new = transaction
        .prepare_cached("INSERT OR IGNORE INTO dropped VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            entry.hash.as_bytes(),
            space.as_bytes(),
            sql_clock(entry.clock),
            entry.author.as_bytes(),
            person.as_bytes(),
            entry.seq as i64,
            entry.position as i64
        ])?;
    if new == 0 {
        return Ok(true);
    }
    if let Some(imported) = imported::taken_back(transaction, &entry.hash)? {
        return take_out(transaction, space, &imported, changes);
    }
    let version = transaction
        .prepare_cached("DELETE FROM version WHERE hash = ?1 RETURNING object")?
        .query_row([entry.hash.as_bytes()], |row| entry_at(row, 0))
        .optional()?;
    if let Some(object) = version {
        note_scrub(transaction)?;
        changes.push(Change::Changed(object));
    } else if left_traces(transaction, &entry.hash)? {
        return Ok(false);
    }
    settle(transaction, space, &entry.hash, changes)?;
    Ok(true)
}

/// Takes out what an entry had imported that says nothing any more. No mark is left in its place: whoever never had the entry
/// knows neither who is said to have written it nor when. `false` as in [`drop_entry`].
fn take_out(
    transaction: &Transaction<'_>,
    space: &GroupId,
    imported: &EntryHash,
    changes: &mut Vec<Change>,
) -> Result<bool> {
    if left_traces(transaction, imported)? {
        return Ok(false);
    }
    let version = transaction
        .prepare_cached("DELETE FROM version WHERE hash = ?1 RETURNING object")?
        .query_row([imported.as_bytes()], |row| entry_at(row, 0))
        .optional()?;
    changes.extend(version.map(Change::Changed));
    let ids = params![space.as_bytes(), imported.as_bytes()];
    if transaction.prepare_cached("DELETE FROM message WHERE space = ?1 AND hash = ?2")?.execute(ids)? > 0 {
        transaction.prepare_cached("DELETE FROM version WHERE space = ?1 AND object = ?2")?.execute(ids)?;
        changes.extend([Change::Moved, Change::Vanished(*imported)]);
    }
    note_scrub(transaction)?;
    Ok(true)
}

/// Whether something else than a message's words is as this entry said.
fn left_traces(transaction: &Transaction<'_>, entry: &EntryHash) -> Result<bool> {
    let tables = [
        "register",
        "name",
        "profile",
        "device",
        "file",
        "object",
        "deleted",
        "history",
        "element",
        "page_update",
        "room",
    ];
    let found = tables.map(|table| format!("EXISTS (SELECT 1 FROM {table} WHERE hash = ?1)")).join(" OR ");
    Ok(transaction.prepare_cached(&format!("SELECT {found}"))?.query_row([entry.as_bytes()], |row| row.get(0))?)
}

/// Whether an entry says nothing any more.
pub(super) fn is_dropped(connection: &Connection, entry: &EntryHash) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM dropped WHERE hash = ?1)")?
        .query_row([entry.as_bytes()], |row| row.get(0))?)
}

/// Whether a message that is here, or was, is deleted.
pub(super) fn is_deleted(connection: &Connection, space: &GroupId, message: &EntryHash) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM message WHERE hash = ?2 AND space = ?1 AND deleted IS NOT NULL)")?
        .query_row(params![space.as_bytes(), message.as_bytes()], |row| row.get(0))?)
}

/// Makes of a message what is known of it: leaves it alone, takes its words away, puts a mark in the place of one whose words
/// never came, or takes it out. Whether it is shown as deleted now.
pub(super) fn settle(
    transaction: &Transaction<'_>,
    space: &GroupId,
    message: &EntryHash,
    changes: &mut Vec<Change>,
) -> Result<bool> {
    let ids = params![space.as_bytes(), message.as_bytes()];
    let here = transaction
        .prepare_cached("SELECT person FROM message WHERE space = ?1 AND hash = ?2")?
        .query_row(ids, |row| group_at(row, 0))
        .optional()?;
    let dropped = transaction
        .prepare_cached("SELECT person FROM dropped WHERE space = ?1 AND hash = ?2")?
        .query_row(ids, |row| group_at(row, 0))
        .optional()?;
    let Some(author) = dropped.or(here) else { return Ok(false) };
    let by = transaction
        .prepare_cached(
            "SELECT person, place FROM deleted WHERE space = ?1 AND object = ?2 AND (person = ?3 OR manager)
             ORDER BY clock, hash LIMIT 1",
        )?
        .query_row(params![space.as_bytes(), message.as_bytes(), author.as_bytes()], |row| {
            Ok((group_at(row, 0)?, row.get::<_, Option<[u8; 32]>>(1)?.map(EntryHash::from_bytes)))
        })
        .optional()?;
    let Some((by, place)) = by else {
        if dropped.is_some() && here.is_some() {
            transaction.prepare_cached("DELETE FROM message WHERE space = ?1 AND hash = ?2")?.execute(ids)?;
            note_scrub(transaction)?;
            changes.extend([Change::Moved, Change::Vanished(*message)]);
        }
        return Ok(false);
    };
    if here.is_none() {
        let sql =
            "INSERT INTO message SELECT space, clock, hash, author, person, seq, position, '', NULL, NULL, NULL, NULL,
            0, 0, NULL FROM dropped WHERE hash = ?1";
        transaction.prepare_cached(sql)?.execute([message.as_bytes()])?;
    }
    transaction
        .prepare_cached(
            "UPDATE message SET text = '', nonce = NULL, file = NULL, reply = NULL, mention = 0, unread = 0, deleted = ?3
             WHERE space = ?1 AND hash = ?2",
        )?
        .execute(params![space.as_bytes(), message.as_bytes(), by.as_bytes()])?;
    if dropped.is_some() {
        // Where it was said nobody knows any more but who deleted it; where it was moved is said by others.
        let place = topics::moved(transaction, space, message)?.unwrap_or(place);
        if let Some(place) = &place {
            topics::note_place(transaction, space, place)?;
        }
        transaction
            .prepare_cached("UPDATE message SET place = ?3 WHERE space = ?1 AND hash = ?2")?
            .execute(params![space.as_bytes(), message.as_bytes(), place.as_ref().map(EntryHash::as_bytes)])?;
    }
    transaction.prepare_cached("DELETE FROM version WHERE space = ?1 AND object = ?2")?.execute(ids)?;
    note_scrub(transaction)?;
    changes.extend([Change::Moved, Change::Changed(*message)]);
    Ok(true)
}

/// Notes that words were taken out of which copies may be left.
pub(super) fn note_scrub(connection: &Connection) -> Result<()> {
    connection.prepare_cached("INSERT OR IGNORE INTO scrub VALUES (1)")?.execute([])?;
    Ok(())
}

/// Whether words were taken out of which copies may be left.
pub(super) fn is_scrub_due(connection: &Connection) -> Result<bool> {
    Ok(connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM scrub)")?.query_row([], |row| row.get(0))?)
}

/// Leaves nothing in the write-ahead log. `false`: somebody reads in it.
pub(super) fn empty_log(connection: &Connection) -> Result<bool> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

impl View {
    /// Writes the whole file anew if words were taken out of it: as in the journal (its `scrub.rs`), where records were moved
    /// from page to page, copies are left that nothing overwrites. `false`: it is too early, because the index still has
    /// them, or somebody searches in the file as it was.
    pub(crate) fn scrub(&self) -> Result<bool> {
        let connection = self.lock();
        if !is_scrub_due(&connection)? {
            return Ok(true);
        }
        if search::any_left(&connection)? {
            return Ok(false);
        }
        connection.execute_batch("VACUUM")?;
        if !empty_log(&connection)? {
            return Ok(false);
        }
        connection.execute_batch("DELETE FROM scrub")?;
        Ok(true)
    }

    /// The entries that hold words of a message: its own, and those of its versions that are by `person`, or by anybody.
    pub(crate) fn words_of(
        &self,
        space: &GroupId,
        message: &EntryHash,
        person: Option<&GroupId>,
    ) -> Result<Vec<(DeviceId, u64)>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT author, seq FROM message WHERE space = ?1 AND hash = ?2
             UNION SELECT author, seq FROM version WHERE space = ?1 AND object = ?2 AND (?3 IS NULL OR person = ?3)
             ORDER BY author, seq",
        )?;
        let values = params![space.as_bytes(), message.as_bytes(), person.map(GroupId::as_bytes)];
        let rows = statement.query_map(values, |row| Ok((device_at(row, 0)?, row.get::<_, i64>(1)? as u64)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
