//! Messages and read markers.

use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use rusqlite::{OptionalExtension, Row, params};

use super::files::LISTED;
use super::{Result, View, clock_of, device_at, entry_at, group_at};
use crate::model::MessageFile;

/// Messages with the files they are about. A file that is not listed, or of another space, is none.
fn select(rest: &str) -> String {
    format!(
        "SELECT message.hash, message.clock, message.author, message.person, message.seq, message.text, message.nonce,
         message.file, file.name, file.size, undelivered.hash IS NOT NULL
         FROM message LEFT JOIN file ON file.hash = message.file AND file.topic = message.topic AND {LISTED}
         LEFT JOIN undelivered ON undelivered.topic = message.topic AND undelivered.hash = message.hash
         WHERE message.topic = ?1 {rest}"
    )
}

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
    pub(crate) file: Option<MessageFile>,
    /// It is this device's own, and counts for nothing.
    pub(crate) undelivered: bool,
}

fn message(row: &Row<'_>) -> rusqlite::Result<MessageRow> {
    let name: Option<String> = row.get(8)?;
    let listed = name.map(|name| row.get::<_, i64>(9).map(|size| (name, size as u64))).transpose()?;
    let file = row.get::<_, Option<[u8; 32]>>(7)?;
    Ok(MessageRow {
        hash: entry_at(row, 0)?,
        clock: clock_of(row.get(1)?),
        author: device_at(row, 2)?,
        person: group_at(row, 3)?,
        seq: row.get::<_, i64>(4)? as u64,
        text: row.get(5)?,
        nonce: row.get(6)?,
        file: file.map(|id| MessageFile { id: EntryHash::from_bytes(id), listed }),
        undelivered: row.get(10)?,
    })
}

impl View {
    /// One message of `topic`.
    pub(crate) fn message(&self, topic: &GroupId, hash: &EntryHash) -> Result<Option<MessageRow>> {
        Ok(self
            .lock()
            .prepare_cached(&select("AND message.hash = ?2"))?
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
        let filter = match bound {
            Some(_) => format!("AND (message.clock, message.hash) {compare} (?3, ?4)"),
            None => String::new(),
        };
        let sql = select(&format!("{filter} ORDER BY message.clock {order}, message.hash {order} LIMIT ?2"));
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
