//! Issues as they are handed out: one, many that fit a filter, and what they have to do with each other.

use compeer_core::{EntryHash, GroupId, Hlc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params, params_from_iter};

use super::issues::{BLOCKS, DESCRIPTION, Keys, LABEL};
use super::{Result, View, clock_of, entry_at, group_at};
use crate::model::{Day, IssueFilter, IssueRef, IssueSort, Key, Priority, Status};

/// Issues that are followed upwards.
const ABOVE: usize = 16;
/// Issues that are looked at to find out whether one would be part of itself.
const CHAIN: usize = 1000;
/// Issues that one is shown to have to do with.
const RELATED: usize = 500;

/// An issue as it lies in the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IssueRow {
    pub(crate) hash: EntryHash,
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) status: Status,
    pub(crate) priority: Priority,
    pub(crate) assignee: Option<GroupId>,
    pub(crate) estimate: Option<u16>,
    pub(crate) due: Option<Day>,
    pub(crate) parent: Option<EntryHash>,
    pub(crate) project: Option<EntryHash>,
    pub(crate) cycle: Option<EntryHash>,
    pub(crate) archived: bool,
    pub(crate) created: Hlc,
    pub(crate) updated: Hlc,
    pub(crate) person: GroupId,
    pub(crate) blocked: bool,
    pub(crate) parts: u64,
    pub(crate) parts_over: u64,
    pub(crate) comments: u64,
    pub(crate) labels: Vec<EntryHash>,
}

/// The columns of a row. Which index finds what belongs to an issue is said: SQLite, which knows nothing of how many rows
/// there are, takes all of the space to be few.
fn columns() -> String {
    let over = Status::Done.number();
    format!(
        "issue.hash, issue.number, issue.title, issue.status, issue.priority, issue.assignee, issue.estimate, issue.due,
         issue.parent, issue.project, issue.cycle, issue.archived, issue.created, issue.updated, issue.person,
         EXISTS (SELECT 1 FROM register r INDEXED BY register_set JOIN issue b ON b.space = r.space AND b.hash = r.object
                 WHERE r.space = issue.space AND r.person = issue.hash AND r.field = 'blocks' AND r.value
                 AND b.status < {over} AND NOT b.archived),
         (SELECT COUNT(*) FROM issue p INDEXED BY issue_parent WHERE p.space = issue.space AND p.parent = issue.hash AND NOT p.archived),
         (SELECT COUNT(*) FROM issue p INDEXED BY issue_parent WHERE p.space = issue.space AND p.parent = issue.hash AND NOT p.archived
          AND p.status >= {over}),
         (SELECT COUNT(*) FROM message m WHERE m.space = issue.space AND m.place = issue.hash AND m.deleted IS NULL)"
    )
}

fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<[u8; 32]>> {
    row.get(column)
}

fn issue(row: &Row<'_>, keys: &Keys) -> rusqlite::Result<IssueRow> {
    let hash = entry_at(row, 0)?;
    let count = |column| row.get::<_, i64>(column).map(|count| count as u64);
    Ok(IssueRow {
        hash,
        key: keys.key(row.get(1)?, &hash),
        title: row.get(2)?,
        status: Status::of(row.get(3)?).unwrap_or_default(),
        priority: Priority::of(row.get(4)?).unwrap_or_default(),
        assignee: id(row, 5)?.map(GroupId::from_bytes),
        estimate: row.get(6)?,
        due: row.get::<_, Option<u32>>(7)?.map(Day),
        parent: id(row, 8)?.map(EntryHash::from_bytes),
        project: id(row, 9)?.map(EntryHash::from_bytes),
        cycle: id(row, 10)?.map(EntryHash::from_bytes),
        archived: row.get(11)?,
        created: clock_of(row.get(12)?),
        updated: clock_of(row.get(13)?),
        person: group_at(row, 14)?,
        blocked: row.get(15)?,
        parts: count(16)?,
        parts_over: count(17)?,
        comments: count(18)?,
        labels: Vec::new(),
    })
}

fn with_labels(connection: &Connection, space: &GroupId, mut rows: Vec<IssueRow>) -> Result<Vec<IssueRow>> {
    let mut labels = connection.prepare_cached(
        "SELECT person FROM register WHERE space = ?1 AND object = ?2 AND field = ?3 AND value ORDER BY person",
    )?;
    for row in &mut rows {
        let found = labels.query_map(params![space.as_bytes(), row.hash.as_bytes(), LABEL], |row| entry_at(row, 0))?;
        row.labels = found.collect::<rusqlite::Result<_>>()?;
    }
    Ok(rows)
}

/// The condition of a filter over `issue`, with what stands for its question marks.
struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    fn and(&mut self, sql: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
    }

    /// A place for a value.
    fn put(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    fn list<T: Into<Value>>(&mut self, values: impl IntoIterator<Item = T>) -> String {
        let places: Vec<_> = values.into_iter().map(|value| self.put(value)).collect();
        places.join(", ")
    }

    /// One of `values`; nothing at all is one, too.
    fn one_of(&mut self, column: &str, values: &[Option<Vec<u8>>]) {
        if values.is_empty() {
            return;
        }
        let list = self.list(values.iter().flatten().cloned());
        let none = if values.contains(&None) { format!("{column} IS NULL") } else { "0".into() };
        self.and(&format!("({column} IN ({list}) OR {none})"));
    }

    fn of(space: &GroupId, filter: &IssueFilter) -> Self {
        let mut made = Self { sql: String::new(), values: Vec::new() };
        let space = made.put(space.as_bytes().to_vec());
        made.sql = format!("issue.space = {space}");
        made.and(if filter.archived { "issue.archived" } else { "NOT issue.archived" });
        if !filter.status.is_empty() {
            let list = made.list(filter.status.iter().map(|status| i64::from(status.number())));
            made.and(&format!("issue.status IN ({list})"));
        }
        if !filter.priority.is_empty() {
            let list = made.list(filter.priority.iter().map(|priority| i64::from(priority.number())));
            made.and(&format!("issue.priority IN ({list})"));
        }
        let people: Vec<_> =
            filter.assignee.iter().map(|person| person.map(|person| person.as_bytes().to_vec())).collect();
        made.one_of("issue.assignee", &people);
        let authors: Vec<_> = filter.author.iter().map(|person| Some(person.as_bytes().to_vec())).collect();
        made.one_of("issue.person", &authors);
        let entries = |ids: &[Option<EntryHash>]| -> Vec<_> {
            ids.iter().map(|id| id.map(|id| id.as_bytes().to_vec())).collect()
        };
        made.one_of("issue.project", &entries(&filter.project));
        made.one_of("issue.cycle", &entries(&filter.cycle));
        made.one_of("issue.parent", &entries(&filter.parent.map(Some).into_iter().collect::<Vec<_>>()));
        if !filter.label.is_empty() {
            let list = made.list(filter.label.iter().map(|label| label.as_bytes().to_vec()));
            made.and(&format!(
                "EXISTS (SELECT 1 FROM register r WHERE r.space = issue.space AND r.object = issue.hash
                 AND r.field = '{LABEL}' AND r.person IN ({list}) AND r.value)"
            ));
        }
        if let Some(day) = filter.due_by {
            let day = made.put(i64::from(day.0));
            made.and(&format!("issue.due <= {day}"));
        }
        let text = filter.text.trim().to_lowercase();
        if !text.is_empty() {
            let digits = text.trim_start_matches('#').parse::<u32>().ok();
            let number = Key::parse(&text).map(|key| key.number).or(digits).map(i64::from).unwrap_or(0);
            let (text, number) = (made.put(text), made.put(number));
            made.and(&format!("(instr(issue.folded, {text}) OR issue.number = {number})"));
        }
        made
    }
}

fn order(sort: IssueSort) -> &'static str {
    match sort {
        IssueSort::Priority => "issue.priority = 0, issue.priority",
        IssueSort::Created => "1",
        IssueSort::Updated => "issue.updated DESC",
        IssueSort::Due => "issue.due IS NULL, issue.due",
        IssueSort::Status => "issue.status",
        IssueSort::Title => "issue.folded",
    }
}

impl View {
    /// The issues of `space` that fit, in order, and how many there are in all.
    pub(crate) fn issues(&self, space: &GroupId, filter: &IssueFilter) -> Result<(Vec<IssueRow>, u64)> {
        let connection = self.lock();
        let keys = Keys::of(&connection, space)?;
        let mut condition = Condition::of(space, filter);
        let count = format!("SELECT COUNT(*) FROM issue WHERE {}", condition.sql);
        let total: i64 =
            connection.prepare_cached(&count)?.query_row(params_from_iter(&condition.values), |row| row.get(0))?;
        let whole = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let (limit, offset) = (condition.put(whole(filter.limit)), condition.put(whole(filter.offset)));
        let sql = format!(
            "SELECT {} FROM issue WHERE {} ORDER BY {}, issue.created DESC, issue.hash LIMIT {limit} OFFSET {offset}",
            columns(),
            condition.sql,
            order(filter.sort)
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(&condition.values), |row| issue(row, &keys))?;
        let rows = rows.collect::<rusqlite::Result<_>>()?;
        Ok((with_labels(&connection, space, rows)?, total as u64))
    }

    /// One issue of `space`.
    pub(crate) fn issue(&self, space: &GroupId, hash: &EntryHash) -> Result<Option<IssueRow>> {
        let connection = self.lock();
        let keys = Keys::of(&connection, space)?;
        let row = connection
            .prepare_cached(&format!("SELECT {} FROM issue WHERE space = ?1 AND hash = ?2", columns()))?
            .query_row(params![space.as_bytes(), hash.as_bytes()], |row| issue(row, &keys))
            .optional()?;
        Ok(with_labels(&connection, space, row.into_iter().collect())?.pop())
    }

    /// What something is about, in Markdown.
    pub(crate) fn description(&self, space: &GroupId, object: &EntryHash) -> Result<String> {
        let text = self
            .lock()
            .prepare_cached(
                "SELECT value FROM register WHERE space = ?1 AND object = ?2 AND field = ?3 AND person = x''",
            )?
            .query_row(params![space.as_bytes(), object.as_bytes(), DESCRIPTION], |row| row.get(0))
            .optional()?;
        Ok(text.unwrap_or_default())
    }

    /// The issues that `condition` finds, in the order of their making.
    fn related(&self, space: &GroupId, issue: &EntryHash, condition: &str) -> Result<Vec<IssueRef>> {
        let connection = self.lock();
        let keys = Keys::of(&connection, space)?;
        let sql = format!(
            "SELECT hash, number, title, status FROM issue WHERE space = ?1 AND {condition} ORDER BY created, hash LIMIT {RELATED}"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([space.as_bytes() as &dyn ToSql, issue.as_bytes()], |row| short(row, &keys))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What is part of an issue.
    pub(crate) fn parts(&self, space: &GroupId, issue: &EntryHash) -> Result<Vec<IssueRef>> {
        self.related(space, issue, "parent = ?2 AND NOT archived")
    }

    /// What cannot be done before an issue.
    pub(crate) fn blocks(&self, space: &GroupId, issue: &EntryHash) -> Result<Vec<IssueRef>> {
        let others = format!(
            "hash IN (SELECT person FROM register WHERE space = ?1 AND object = ?2 AND field = '{BLOCKS}' AND value)"
        );
        self.related(space, issue, &others)
    }

    /// What has to be done before an issue.
    pub(crate) fn blocked_by(&self, space: &GroupId, issue: &EntryHash) -> Result<Vec<IssueRef>> {
        let others = "hash IN (SELECT object FROM register INDEXED BY register_set
            WHERE space = ?1 AND person = ?2 AND field = 'blocks' AND value)";
        self.related(space, issue, others)
    }

    /// What an issue is part of, the nearest first. It ends where somebody has made a circle.
    pub(crate) fn above(&self, space: &GroupId, issue: &EntryHash) -> Result<Vec<IssueRef>> {
        let connection = self.lock();
        let keys = Keys::of(&connection, space)?;
        let mut above: Vec<IssueRef> = Vec::new();
        let mut now = *issue;
        while above.len() < ABOVE {
            let parent = connection
                .prepare_cached(
                    "SELECT p.hash, p.number, p.title, p.status FROM issue JOIN issue p ON p.space = issue.space
                     AND p.hash = issue.parent WHERE issue.space = ?1 AND issue.hash = ?2",
                )?
                .query_row(params![space.as_bytes(), now.as_bytes()], |row| short(row, &keys))
                .optional()?;
            let Some(parent) = parent else { break };
            if parent.id == *issue || above.iter().any(|one| one.id == parent.id) {
                break;
            }
            now = parent.id;
            above.push(parent);
        }
        Ok(above)
    }

    /// Whether an issue would be part of itself if it were part of `parent`.
    pub(crate) fn would_circle(&self, space: &GroupId, issue: &EntryHash, parent: &EntryHash) -> Result<bool> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT parent FROM issue WHERE space = ?1 AND hash = ?2")?;
        let mut now = *parent;
        for _ in 0..CHAIN {
            if now == *issue {
                return Ok(true);
            }
            let next = statement.query_row(params![space.as_bytes(), now.as_bytes()], |row| id(row, 0)).optional()?;
            match next.flatten() {
                Some(next) => now = EntryHash::from_bytes(next),
                None => return Ok(false),
            }
        }
        // A chain of that length is a circle of others, or as good as one.
        Ok(true)
    }
}

fn short(row: &Row<'_>, keys: &Keys) -> rusqlite::Result<IssueRef> {
    let hash = entry_at(row, 0)?;
    Ok(IssueRef {
        id: hash,
        key: keys.key(row.get(1)?, &hash),
        title: row.get(2)?,
        status: Status::of(row.get(3)?).unwrap_or_default(),
    })
}
