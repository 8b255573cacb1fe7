//! The view as it is at one moment, for whoever reads all of it: nobody waits meanwhile, and nothing changes under the reader.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use compeer_core::{EntryHash, GroupId, Hlc};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::boards::ELEMENTS;
use super::registers::IS_SHOWN;
use super::{Result, View, entry_at, group_at};
use crate::model::{Element, Kind};

/// Where messages are said, with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlaceRow {
    pub(crate) hash: EntryHash,
    pub(crate) kind: Option<Kind>,
    pub(crate) title: Option<String>,
    pub(crate) resolved: bool,
    /// When it was made and by whom.
    pub(crate) made: Option<(Hlc, GroupId)>,
}

impl View {
    /// The view as it is now, on a connection of its own. Who is only said to have been there goes by the bare name.
    pub(crate) fn snapshot(&self) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.readers.path(), flags)?;
        connection.execute_batch("PRAGMA busy_timeout = 5000; BEGIN")?;
        // The snapshot is taken by the first look.
        connection.query_row("SELECT COUNT(*) FROM cursor", [], |row| row.get::<_, i64>(0))?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { connection: Arc::new(Mutex::new(connection)), bare_names: true, ..self.clone() })
    }

    /// The id that something had where it was imported from, or else the one it has.
    pub(crate) fn original(&self, hash: EntryHash) -> Result<EntryHash> {
        let found = self
            .lock()
            .prepare_cached("SELECT original FROM imported WHERE hash = ?1")?
            .query_row([hash.as_bytes()], |row| entry_at(row, 0))
            .optional()?;
        Ok(found.unwrap_or(hash))
    }

    /// The ids that people had where they were imported from.
    pub(crate) fn original_people(&self, space: &GroupId) -> Result<HashMap<GroupId, GroupId>> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT person, original FROM imported_person WHERE space = ?1")?;
        let rows = statement.query_map([space.as_bytes()], |row| Ok((group_at(row, 0)?, group_at(row, 1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Everything that messages can be said at or are, but the general talk, the oldest first.
    pub(crate) fn places(&self, space: &GroupId) -> Result<Vec<PlaceRow>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT p.hash, o.kind, o.clock, o.person,
             (SELECT value FROM register r WHERE r.space = ?1 AND r.object = p.hash AND r.field = 'title' AND r.person = x''),
             COALESCE((SELECT value FROM register r WHERE r.space = ?1 AND r.object = p.hash AND r.field = 'resolved'
              AND r.person = x''), 0)
             FROM (SELECT hash FROM shown WHERE space = ?1 AND kind = ?2
                   UNION SELECT place FROM message WHERE space = ?1 AND place IS NOT NULL AND {IS_SHOWN}) p
             LEFT JOIN object o ON o.hash = p.hash AND o.space = ?1 ORDER BY COALESCE(o.clock, 0), p.hash",
        ))?;
        let rows = statement.query_map(params![space.as_bytes(), Kind::Topic.number()], |row| {
            let clock = row.get::<_, Option<i64>>(2)?.map(super::clock_of);
            Ok(PlaceRow {
                hash: entry_at(row, 0)?,
                kind: row.get::<_, Option<u8>>(1)?.and_then(Kind::of),
                made: clock.map(|clock| group_at(row, 3).map(|by| (clock, by))).transpose()?,
                title: row.get(4)?,
                resolved: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many messages were said.
    pub(crate) fn count_messages(&self, space: &GroupId) -> Result<u64> {
        let count: i64 = self
            .lock()
            .prepare_cached("SELECT COUNT(*) FROM message WHERE space = ?1")?
            .query_row([space.as_bytes()], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// What stands on a board, what is below first.
    pub(crate) fn elements(&self, space: &GroupId, board: &EntryHash) -> Result<Vec<(String, Element)>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT id, value FROM element WHERE space = ?1 AND board = ?2 AND value IS NOT NULL
             ORDER BY first, id LIMIT ?3",
        )?;
        let rows = statement.query_map(params![space.as_bytes(), board.as_bytes(), ELEMENTS as i64], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let decode = |(id, value): (String, Vec<u8>)| Some((id, Element::decode(&value)?));
        let mut elements: Vec<(String, Element)> = rows.into_iter().filter_map(decode).collect();
        elements.sort_by(|(one, a), (other, b)| (&a.order, one).cmp(&(&b.order, other)));
        Ok(elements)
    }
}
