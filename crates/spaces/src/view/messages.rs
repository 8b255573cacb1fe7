//! Messages and read markers.

use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use rusqlite::{OptionalExtension, Row, params};

use super::{Result, View, clock_of, device_at, entry_at, group_at};

const COLUMNS: &str = "hash, clock, author, person, seq, text, nonce";

/// A message as it lies in the view.
#[derive(Debug, Clone)]
pub(crate) struct MessageRow {
    pub(crate) hash: EntryHash,
    pub(crate) clock: Hlc,
    pub(crate) author: DeviceId,
    pub(crate) person: GroupId,
    pub(crate) seq: u64,
    pub(crate) text: String,
    pub(crate) nonce: Option<String>,
}

fn message(row: &Row<'_>) -> rusqlite::Result<MessageRow> {
    Ok(MessageRow {
        hash: entry_at(row, 0)?,
        clock: clock_of(row.get(1)?),
        author: device_at(row, 2)?,
        person: group_at(row, 3)?,
        seq: row.get::<_, i64>(4)? as u64,
        text: row.get(5)?,
        nonce: row.get(6)?,
    })
}

impl View {
    /// One message of `topic`.
    pub(crate) fn message(&self, topic: &GroupId, hash: &EntryHash) -> Result<Option<MessageRow>> {
        let sql = format!("SELECT {COLUMNS} FROM message WHERE topic = ?1 AND hash = ?2");
        Ok(self
            .lock()
            .prepare_cached(&sql)?
            .query_row(params![topic.as_bytes(), hash.as_bytes()], message)
            .optional()?)
    }

    /// Messages in order of time, oldest first: the last `limit` before `before`, or the first `limit` after `after`,
    /// or the last of all. The flag says whether there are more on that side.
    pub(crate) fn messages(
        &self,
        topic: &GroupId,
        before: Option<&MessageRow>,
        after: Option<&MessageRow>,
        limit: usize,
    ) -> Result<(Vec<MessageRow>, bool)> {
        let connection = self.lock();
        let (bound, forward) = match (before, after) {
            (_, Some(row)) => (Some(row), true),
            (row, None) => (row, false),
        };
        let (compare, order) = if forward { (">", "ASC") } else { ("<", "DESC") };
        let filter = if bound.is_some() { format!("AND (clock, hash) {compare} (?3, ?4)") } else { String::new() };
        let sql = format!(
            "SELECT {COLUMNS} FROM message WHERE topic = ?1 {filter} ORDER BY clock {order}, hash {order} LIMIT ?2"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let limit_and_one = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let mut rows = match bound {
            Some(row) => statement
                .query_map(
                    params![topic.as_bytes(), limit_and_one, super::sql_clock(row.clock), row.hash.as_bytes()],
                    message,
                )?
                .collect::<rusqlite::Result<Vec<_>>>()?,
            None => statement
                .query_map(params![topic.as_bytes(), limit_and_one], message)?
                .collect::<rusqlite::Result<Vec<_>>>()?,
        };
        let more = rows.len() > limit;
        rows.truncate(limit);
        if !forward {
            rows.reverse();
        }
        Ok((rows, more))
    }
}
