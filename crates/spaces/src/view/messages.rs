//! Messages and read markers.

use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::files::LISTED;
use super::registers::{self, IS_PINNED, IS_SHOWN, ReactionRow, newest_version, title_of};
use super::{Result, View, Which, clock_of, device_at, entry_at, group_at};
use crate::model::MessageFile;

/// Messages with the files they are about and the messages they answer. A file that is not listed, or of another space, is
/// none.
fn select(rest: &str) -> String {
    let (text, changed) = (newest_version("message", "text"), newest_version("message", "clock"));
    let answered = newest_version("answered", "text");
    let title = title_of("message.space", "message.place");
    format!(
        "SELECT message.hash, message.clock, message.author, message.person, message.seq, COALESCE({text}, message.text),
         message.nonce, message.file, file.name, file.size, undelivered.hash IS NOT NULL, {changed}, {IS_PINNED},
         message.reply, answered.person, COALESCE({answered}, answered.text), message.place, message.unread, message.mention,
         CASE WHEN message.place IS NOT NULL THEN {title} END, message.deleted, answered.deleted IS NOT NULL,
         EXISTS (SELECT 1 FROM imported WHERE imported.hash = message.hash)
         FROM message LEFT JOIN file ON file.hash = message.file AND file.space = message.space AND {LISTED}
         LEFT JOIN undelivered ON undelivered.space = message.space AND undelivered.hash = message.hash
         LEFT JOIN message answered ON answered.hash = message.reply AND answered.space = message.space
         WHERE message.space = ?1 AND {IS_SHOWN} {rest}"
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
    /// When its text was last changed.
    pub(crate) changed: Option<Hlc>,
    pub(crate) pinned: bool,
    pub(crate) reply: Option<AnsweredRow>,
    pub(crate) place: Option<EntryHash>,
    /// What that is called.
    pub(crate) title: Option<String>,
    pub(crate) unread: bool,
    pub(crate) mention: bool,
    /// Who deleted it.
    pub(crate) deleted: Option<GroupId>,
    /// It is only said to be by whom it is shown as.
    pub(crate) imported: bool,
    pub(crate) reactions: Vec<ReactionRow>,
}

/// The message that another one answers.
#[derive(Debug, Clone)]
pub(crate) struct AnsweredRow {
    pub(crate) hash: EntryHash,
    /// Who wrote it and what it says, if it is here.
    pub(crate) here: Option<(GroupId, String)>,
    pub(crate) deleted: bool,
}

fn message(row: &Row<'_>) -> rusqlite::Result<MessageRow> {
    let name: Option<String> = row.get(8)?;
    let listed = name.map(|name| row.get::<_, i64>(9).map(|size| (name, size as u64))).transpose()?;
    let file = row.get::<_, Option<[u8; 32]>>(7)?;
    let reply = row.get::<_, Option<[u8; 32]>>(13)?;
    let (answered, deleted) = (row.get::<_, Option<[u8; 32]>>(14)?, row.get(21)?);
    let here = answered.map(|person| row.get(15).map(|text| (GroupId::from_bytes(person), text))).transpose()?;
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
        changed: row.get::<_, Option<i64>>(11)?.map(clock_of),
        pinned: row.get(12)?,
        reply: reply.map(|hash| AnsweredRow { hash: EntryHash::from_bytes(hash), here, deleted }),
        place: row.get::<_, Option<[u8; 32]>>(16)?.map(EntryHash::from_bytes),
        unread: row.get(17)?,
        mention: row.get(18)?,
        title: row.get(19)?,
        deleted: row.get::<_, Option<[u8; 32]>>(20)?.map(GroupId::from_bytes),
        imported: row.get(22)?,
        reactions: Vec::new(),
    })
}

/// Adds to each message how people reacted to it.
fn with_reactions(connection: &Connection, space: &GroupId, mut rows: Vec<MessageRow>) -> Result<Vec<MessageRow>> {
    for row in rows.iter_mut().filter(|row| row.deleted.is_none()) {
        row.reactions = registers::reactions(connection, space, &row.hash)?;
    }
    Ok(rows)
}

impl View {
    /// One message of `space`.
    pub(crate) fn message(&self, space: &GroupId, hash: &EntryHash) -> Result<Option<MessageRow>> {
        let connection = self.lock();
        let row = connection
            .prepare_cached(&select("AND message.hash = ?2"))?
            .query_row(params![space.as_bytes(), hash.as_bytes()], message)
            .optional()?;
        Ok(with_reactions(&connection, space, row.into_iter().collect())?.pop())
    }

    /// The messages said at `place` after `after`, oldest first, at most `limit`.
    pub(crate) fn messages_after(
        &self,
        space: &GroupId,
        place: Option<EntryHash>,
        after: (Hlc, EntryHash),
        limit: usize,
    ) -> Result<Vec<MessageRow>> {
        let connection = self.lock();
        let sql = select(
            "AND message.place IS ?2 AND (message.clock, message.hash) > (?3, ?4)
             ORDER BY message.clock, message.hash LIMIT ?5",
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let place = place.as_ref().map(EntryHash::as_bytes);
        let bounds = params![space.as_bytes(), place, super::sql_clock(after.0), after.1.as_bytes(), limit as i64];
        let rows = statement.query_map(bounds, message)?.collect::<rusqlite::Result<Vec<_>>>()?;
        with_reactions(&connection, space, rows)
    }

    /// The pinned messages of `space`, the newest `limit` of them, oldest first.
    pub(crate) fn pinned(&self, space: &GroupId, limit: usize) -> Result<Vec<MessageRow>> {
        let connection = self.lock();
        // From the few that are pinned to their messages: left to itself SQLite looks through all messages for them.
        let mut pinned = connection.prepare_cached(&format!(
            "SELECT message.hash FROM register r INDEXED BY register_on CROSS JOIN message ON message.hash = r.object
             WHERE r.space = ?1 AND r.field = 'pin' AND r.value AND message.space = ?1 AND message.deleted IS NULL AND {IS_SHOWN}
             ORDER BY message.clock DESC, message.hash DESC LIMIT ?2",
        ))?;
        let pinned = pinned.query_map(params![space.as_bytes(), limit as i64], |row| row.get::<_, [u8; 32]>(0))?;
        let mut one = connection.prepare_cached(&select("AND message.hash = ?2"))?;
        let mut rows = Vec::new();
        for hash in pinned {
            rows.push(one.query_row(params![space.as_bytes(), hash?], message)?);
        }
        rows.reverse();
        with_reactions(&connection, space, rows)
    }

    /// Messages among `which` in order of time, oldest first: the last `limit` before `before`, or the first `limit` after `after`,
    /// or the last of all. The flag says whether there are more on that side.
    pub(crate) fn messages(
        &self,
        space: &GroupId,
        which: Which,
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
            Some(_) => format!("AND {} AND (message.clock, message.hash) {compare} (?4, ?5)", which.condition(3)),
            None => format!("AND {}", which.condition(3)),
        };
        let sql = select(&format!("{filter} ORDER BY message.clock {order}, message.hash {order} LIMIT ?2"));
        let mut statement = connection.prepare_cached(&sql)?;
        let limit_and_one = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let mut rows = match bound {
            Some(row) => statement
                .query_map(
                    params![
                        space.as_bytes(),
                        limit_and_one,
                        which.place(),
                        super::sql_clock(row.clock),
                        row.hash.as_bytes()
                    ],
                    message,
                )?
                .collect::<rusqlite::Result<Vec<_>>>()?,
            None => statement
                .query_map(params![space.as_bytes(), limit_and_one, which.place()], message)?
                .collect::<rusqlite::Result<Vec<_>>>()?,
        };
        let more = rows.len() > limit;
        rows.truncate(limit);
        if !forward {
            rows.reverse();
        }
        Ok((with_reactions(&connection, space, rows)?, more))
    }
}
