//! What was made in a space, and the topics among it.

use compeer_core::{EntryHash, GroupId, Hlc};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::apply::Source;
use super::registers::{PLACE, RESOLVED, TITLE};
use super::{Result, View, clock_of, entry_at, group_at, sql_clock};
use crate::model::Kind;

/// Takes in that something was made.
pub(super) fn make(transaction: &Transaction<'_>, source: &Source, kind: Kind) -> Result<()> {
    transaction.prepare_cached("INSERT OR IGNORE INTO object VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(
        params![
            source.hash.as_bytes(),
            source.space.as_bytes(),
            kind.number(),
            sql_clock(source.clock),
            source.author.as_bytes(),
            source.person.as_bytes(),
            source.seq as i64
        ],
    )?;
    Ok(())
}

/// Notes that messages are said at a place.
pub(super) fn note_place(transaction: &Transaction<'_>, space: &GroupId, place: &EntryHash) -> Result<()> {
    transaction
        .prepare_cached("INSERT OR IGNORE INTO place VALUES (?1, ?2)")?
        .execute(params![space.as_bytes(), place.as_bytes()])?;
    Ok(())
}

/// Where a message was moved to, if it was: what it said itself counts otherwise.
pub(super) fn moved(
    transaction: &Transaction<'_>,
    space: &GroupId,
    message: &EntryHash,
) -> Result<Option<Option<EntryHash>>> {
    let place = transaction
        .prepare_cached("SELECT value FROM register WHERE space = ?1 AND object = ?2 AND field = ?3 AND person = x''")?
        .query_row(params![space.as_bytes(), message.as_bytes(), PLACE], |row| row.get::<_, Vec<u8>>(0))
        .optional()?;
    Ok(place.map(|place| <[u8; 32]>::try_from(place).ok().map(EntryHash::from_bytes)))
}

/// A topic as it lies in the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicRow {
    pub(crate) hash: EntryHash,
    /// When it was made and by whom; `None` while only messages at it are here.
    pub(crate) made: Option<(Hlc, GroupId)>,
    pub(crate) title: Option<String>,
    pub(crate) resolved: bool,
    /// The newest message at it.
    pub(crate) last: Option<EntryHash>,
    /// When something was last said at it, or it was made.
    pub(crate) at: Hlc,
}

/// A topic, by its hash in `p.hash`, whether or not its making is here.
fn columns() -> String {
    let register = |field| {
        format!(
            "SELECT value FROM register r WHERE r.space = ?1 AND r.object = p.hash AND r.field = '{field}' AND r.person = x''"
        )
    };
    let messages = "FROM message m WHERE m.space = ?1 AND m.place = p.hash AND m.deleted IS NULL";
    format!(
        "p.hash, o.clock, o.person, ({}), COALESCE(({}), 0),
         (SELECT m.hash {messages} ORDER BY m.clock DESC, m.hash DESC LIMIT 1),
         MAX(COALESCE((SELECT MAX(m.clock) {messages}), 0), COALESCE(o.clock, 0))",
        register(TITLE),
        register(RESOLVED)
    )
}

fn topic(row: &Row<'_>) -> rusqlite::Result<TopicRow> {
    let by = row.get::<_, Option<i64>>(1)?.map(clock_of);
    Ok(TopicRow {
        hash: entry_at(row, 0)?,
        made: by.map(|clock| group_at(row, 2).map(|person| (clock, person))).transpose()?,
        title: row.get(3)?,
        resolved: row.get(4)?,
        last: row.get::<_, Option<[u8; 32]>>(5)?.map(EntryHash::from_bytes),
        at: clock_of(row.get(6)?),
    })
}

impl View {
    /// The topics of `space`, the last in use first, at most `limit`. A topic that messages name and whose making has not
    /// come is one, too: what is said at it is not hidden. A room has none.
    pub(crate) fn topics(&self, space: &GroupId, limit: usize) -> Result<Vec<TopicRow>> {
        let (connection, columns) = (self.lock(), columns());
        let sql = format!(
            "SELECT {columns} FROM
             (SELECT hash FROM shown WHERE space = ?1 AND kind = ?2
              UNION SELECT place FROM place WHERE space = ?1 AND NOT EXISTS (SELECT 1 FROM object WHERE hash = place)
                    AND EXISTS (SELECT 1 FROM message m WHERE m.space = ?1 AND m.place = place.place)
                    AND NOT EXISTS (SELECT 1 FROM room WHERE room.space = ?1)) p
             LEFT JOIN object o ON o.hash = p.hash ORDER BY 7 DESC, 1 LIMIT ?3"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![space.as_bytes(), Kind::Topic.number(), limit as i64], topic)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One topic, if it was made in `space`.
    pub(crate) fn topic(&self, space: &GroupId, hash: &EntryHash) -> Result<Option<TopicRow>> {
        let (connection, columns) = (self.lock(), columns());
        let sql = format!(
            "SELECT {columns} FROM (SELECT ?2 AS hash) p JOIN shown o ON o.hash = p.hash
             WHERE o.space = ?1 AND o.kind = ?3"
        );
        Ok(connection
            .prepare_cached(&sql)?
            .query_row(params![space.as_bytes(), hash.as_bytes(), Kind::Topic.number()], topic)
            .optional()?)
    }

    /// What something of `space` that was made is.
    pub(crate) fn kind(&self, space: &GroupId, hash: &EntryHash) -> Result<Option<Kind>> {
        let number: Option<u8> = self
            .lock()
            .prepare_cached("SELECT kind FROM shown WHERE hash = ?2 AND space = ?1")?
            .query_row(params![space.as_bytes(), hash.as_bytes()], |row| row.get(0))
            .optional()?;
        Ok(number.and_then(Kind::of))
    }

    /// The newest message of the general talk.
    pub(crate) fn last_general(&self, space: &GroupId) -> Result<Option<EntryHash>> {
        Ok(self
            .lock()
            .prepare_cached(
                "SELECT hash FROM message WHERE space = ?1 AND place IS NULL AND deleted IS NULL
                 ORDER BY clock DESC, hash DESC LIMIT 1",
            )?
            .query_row([space.as_bytes()], |row| entry_at(row, 0))
            .optional()?)
    }
}
