//! After what time messages go, and which of them are due.

use compeer_core::{DeviceId, GroupId, Hlc};
use rusqlite::{OptionalExtension, params};

use super::issues::{RETENTION, itself};
use super::registers::IS_PINNED;
use super::{Result, View, clock_of, device_at, group_at, sql_clock};
use crate::model::Kind;

/// After how many days messages go, and who said so when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RetentionRow {
    pub(crate) days: u16,
    pub(crate) clock: Hlc,
    pub(crate) person: GroupId,
}

/// Messages that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dues {
    /// The entries of the first of them and of their versions, by log and number.
    pub(crate) entries: Vec<(DeviceId, u64)>,
    /// How many messages there are in all that could become due.
    pub(crate) all: u64,
    /// How many of them are.
    pub(crate) due: u64,
    /// How many of those were not so when the time was set, by the date that it was set.
    pub(crate) later: u64,
}

/// What goes after a time, for a query over `message`: what was said in the general talk or at a topic and is neither pinned
/// nor gone. What was said at anything else belongs to that.
fn goes() -> String {
    format!(
        "message.space = ?1 AND message.deleted IS NULL AND NOT ({IS_PINNED})
         AND (message.place IS NULL OR EXISTS (SELECT 1 FROM object o WHERE o.hash = message.place AND o.kind = {}))
         AND NOT EXISTS (SELECT 1 FROM undelivered u WHERE u.space = message.space AND u.hash = message.hash)",
        Kind::Topic.number()
    )
}

impl View {
    /// After what time messages of `space` go; none when they stay.
    pub(crate) fn retention(&self, space: &GroupId) -> Result<Option<RetentionRow>> {
        let connection = self.lock();
        let row = connection
            .prepare_cached(
                "SELECT r.value, r.clock, h.person FROM register r
                 JOIN history h ON h.space = r.space AND h.object = r.object AND h.clock = r.clock AND h.hash = r.hash
                 AND h.field = r.field WHERE r.space = ?1 AND r.object = ?2 AND r.field = ?3 AND r.person = x''
                 AND r.value != x''",
            )?
            .query_row(params![space.as_bytes(), itself(space).as_bytes(), RETENTION], |row| {
                Ok(RetentionRow { days: row.get(0)?, clock: clock_of(row.get(1)?), person: group_at(row, 2)? })
            })
            .optional()?;
        Ok(row)
    }

    /// What is due of the messages dated before `until`, at most `limit` of them with their versions. Of those dated from
    /// `agreed` on it is also told how many they are.
    pub(crate) fn dues(&self, space: &GroupId, until: Hlc, agreed: Hlc, limit: usize) -> Result<Dues> {
        let connection = self.lock();
        let count = format!(
            "SELECT COUNT(*), COUNT(*) FILTER (WHERE clock < ?2), COUNT(*) FILTER (WHERE clock < ?2 AND clock >= ?3)
             FROM message WHERE {}",
            goes()
        );
        let values = params![space.as_bytes(), sql_clock(until), sql_clock(agreed)];
        let number = |row: &rusqlite::Row<'_>, at| Ok::<u64, rusqlite::Error>(row.get::<_, i64>(at)? as u64);
        let (all, due, later) = connection
            .prepare_cached(&count)?
            .query_row(values, |row| Ok((number(row, 0)?, number(row, 1)?, number(row, 2)?)))?;
        let entries = format!(
            "WITH due AS (SELECT hash, author, seq FROM message WHERE {} AND clock < ?2 ORDER BY clock, hash LIMIT ?3)
             SELECT author, seq FROM due UNION SELECT v.author, v.seq FROM due JOIN version v
             ON v.space = ?1 AND v.object = due.hash ORDER BY 1, 2",
            goes()
        );
        let mut statement = connection.prepare_cached(&entries)?;
        let values = params![space.as_bytes(), sql_clock(until), limit as i64];
        let rows = statement.query_map(values, |row| Ok((device_at(row, 0)?, number(row, 1)?)))?;
        Ok(Dues { entries: rows.collect::<rusqlite::Result<_>>()?, all, due, later })
    }
}
