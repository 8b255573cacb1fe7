//! Labels, projects, cycles and saved views; and what the fields of something were, one after the other.

use compeer_core::{EntryHash, GroupId, Hlc};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params};

use super::issues::{ARCHIVED, ASSIGNEE, CYCLE, DESCRIPTION, DUE, HUE, LABEL, PROJECT, QUERY, START};
use super::registers::{TITLE, title_of};
use super::{Result, View, clock_of, entry_at, group_at};
use crate::model::{Day, Kind, Status};

/// A label, project, cycle or saved view, as it lies in the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ThingRow {
    pub(crate) hash: EntryHash,
    pub(crate) title: String,
    pub(crate) hue: Option<u16>,
    pub(crate) start: Option<Day>,
    pub(crate) due: Option<Day>,
    pub(crate) lead: Option<GroupId>,
    pub(crate) description: String,
    pub(crate) query: String,
    pub(crate) archived: bool,
    pub(crate) issues: u64,
    pub(crate) over: u64,
}

/// What a field was set to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HistoryRow {
    pub(crate) clock: Hlc,
    pub(crate) hash: EntryHash,
    pub(crate) field: String,
    /// Which one of a set.
    pub(crate) which: Vec<u8>,
    pub(crate) value: Value,
    pub(crate) person: GroupId,
}

fn select(kind: Kind, rest: &str) -> String {
    let register = |field| {
        format!(
            "(SELECT NULLIF(value, x'') FROM register r WHERE r.space = o.space AND r.object = o.hash AND r.field = '{field}'
              AND r.person = x'')"
        )
    };
    let (index, within) = match kind {
        Kind::Label => ("", format!(
            "i.hash IN (SELECT r.object FROM register r INDEXED BY register_set WHERE r.space = o.space AND r.person = o.hash
             AND r.field = '{LABEL}' AND r.value)"
        )),
        Kind::Project => ("INDEXED BY issue_project", format!("i.{PROJECT} = o.hash")),
        Kind::Cycle => ("INDEXED BY issue_cycle", format!("i.{CYCLE} = o.hash")),
        Kind::Topic | Kind::Issue | Kind::SavedView | Kind::Board | Kind::Page | Kind::Room => ("", "0".into()),
    };
    let issues =
        format!("(SELECT COUNT(*) FROM issue i {index} WHERE i.space = o.space AND NOT i.archived AND {within}");
    format!(
        "SELECT o.hash, COALESCE({}, ''), {}, {}, {}, {}, COALESCE({}, ''), COALESCE({}, ''), COALESCE({}, 0), {issues}),
         {issues} AND i.status >= {}) FROM shown o WHERE o.space = ?1 AND o.kind = ?2 {rest}",
        register(TITLE),
        register(HUE),
        register(START),
        register(DUE),
        register(ASSIGNEE),
        register(DESCRIPTION),
        register(QUERY),
        register(ARCHIVED),
        Status::Done.number()
    )
}

fn thing(row: &Row<'_>) -> rusqlite::Result<ThingRow> {
    Ok(ThingRow {
        hash: entry_at(row, 0)?,
        title: row.get(1)?,
        hue: row.get(2)?,
        start: row.get::<_, Option<u32>>(3)?.map(Day),
        due: row.get::<_, Option<u32>>(4)?.map(Day),
        lead: row.get::<_, Option<[u8; 32]>>(5)?.map(GroupId::from_bytes),
        description: row.get(6)?,
        query: row.get(7)?,
        archived: row.get(8)?,
        issues: row.get::<_, i64>(9)? as u64,
        over: row.get::<_, i64>(10)? as u64,
    })
}

impl View {
    /// Things of one kind in `space`, by title, at most `limit`.
    pub(crate) fn things(&self, space: &GroupId, kind: Kind, limit: usize) -> Result<Vec<ThingRow>> {
        let connection = self.lock();
        let sql = select(kind, "ORDER BY 2 COLLATE NOCASE, o.clock, o.hash LIMIT ?3");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![space.as_bytes(), kind.number(), limit as i64], thing)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One thing of `space`.
    pub(crate) fn thing(&self, space: &GroupId, kind: Kind, hash: &EntryHash) -> Result<Option<ThingRow>> {
        Ok(self
            .lock()
            .prepare_cached(&select(kind, "AND o.hash = ?3"))?
            .query_row(params![space.as_bytes(), kind.number(), hash.as_bytes()], thing)
            .optional()?)
    }

    /// What the fields of something were set to, the last `limit` times, oldest first.
    pub(crate) fn history(&self, space: &GroupId, object: &EntryHash, limit: usize) -> Result<Vec<HistoryRow>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT clock, hash, field, which, value, person FROM history WHERE space = ?1 AND object = ?2
             ORDER BY clock DESC, hash DESC, field, which LIMIT ?3",
        )?;
        let row = |row: &Row<'_>| {
            Ok(HistoryRow {
                clock: clock_of(row.get(0)?),
                hash: entry_at(row, 1)?,
                field: row.get(2)?,
                which: row.get(3)?,
                value: row.get(4)?,
                person: group_at(row, 5)?,
            })
        };
        let rows = statement.query_map(params![space.as_bytes(), object.as_bytes(), limit as i64], row)?;
        let mut rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        rows.reverse();
        Ok(rows)
    }

    /// What something is called, whatever it is.
    pub(crate) fn title(&self, space: &GroupId, object: &EntryHash) -> Result<Option<String>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!("SELECT {}", title_of("?1", "?2")))?;
        Ok(statement.query_row([space.as_bytes(), object.as_bytes()], |row| row.get(0))?)
    }
}
