//! Issues as they come in: a row for each, made of its registers; what each field was before; and what issues are called.
//!
//! A row says nothing that the registers do not say. It is made anew whenever one of them changes, so it does not matter what
//! came first, and many issues can be filtered and sorted without looking at each register of each.

use std::collections::{BTreeMap, HashMap};

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::apply::{Change, Source};
use super::registers::{TITLE, register};
use super::{Result, View, entry_at, sql_clock};
use crate::model::{Field, Key, Kind, prefix_of, suffixes};

pub(super) const STATUS: &str = "status";
pub(super) const PRIORITY: &str = "priority";
pub(super) const ASSIGNEE: &str = "assignee";
pub(super) const ESTIMATE: &str = "estimate";
pub(super) const DUE: &str = "due";
pub(super) const PARENT: &str = "parent";
/// A set: which label it is stands where other registers have the person.
pub(super) const LABEL: &str = "label";
/// A set, like labels.
pub(super) const BLOCKS: &str = "blocks";
pub(super) const PROJECT: &str = "project";
pub(super) const CYCLE: &str = "cycle";
pub(in crate::view) const DESCRIPTION: &str = "description";
pub(super) const ARCHIVED: &str = "archived";
pub(super) const START: &str = "start";
pub(super) const HUE: &str = "hue";
pub(super) const QUERY: &str = "query";
const NUMBER: &str = "number";
const PREFIX: &str = "prefix";
pub(super) const RETENTION: &str = "retention";
/// In the history alone: what the space was called.
const NAME: &str = "name";

/// Numbers further above the count of issues than this are not counted on from: somebody who writes the highest number
/// there is takes nobody's numbers away.
const REACH: u32 = 100_000;

/// The fields of a space itself are those of an object with the space's id: no entry of a space has that hash.
pub(crate) fn itself(space: &GroupId) -> EntryHash {
    EntryHash::from_bytes(*space.as_bytes())
}

/// Nothing, as a register holds it.
fn none() -> Value {
    Value::Blob(Vec::new())
}

fn bytes(id: &[u8; 32]) -> Value {
    Value::Blob(id.to_vec())
}

/// The register of a field, which one of a set it is, and what it holds; `None` for a field that is none of an issue's.
fn stored(field: Field) -> Option<(&'static str, Vec<u8>, Value)> {
    let alone = |name, value| Some((name, Vec::new(), value));
    let whole = |number: i64| Value::Integer(number);
    match field {
        Field::Status { status } => alone(STATUS, whole(status.number().into())),
        Field::Priority { priority } => alone(PRIORITY, whole(priority.number().into())),
        Field::Assignee { person } => alone(ASSIGNEE, person.map_or_else(none, |id| bytes(id.as_bytes()))),
        Field::Estimate { points } => alone(ESTIMATE, points.map_or_else(none, |points| whole(points.into()))),
        Field::Due { day } => alone(DUE, day.map_or_else(none, |day| whole(day.0.into()))),
        Field::Start { day } => alone(START, day.map_or_else(none, |day| whole(day.0.into()))),
        Field::Parent { issue } => alone(PARENT, issue.map_or_else(none, |id| bytes(id.as_bytes()))),
        Field::Project { project } => alone(PROJECT, project.map_or_else(none, |id| bytes(id.as_bytes()))),
        Field::Cycle { cycle } => alone(CYCLE, cycle.map_or_else(none, |id| bytes(id.as_bytes()))),
        Field::Description { text } => alone(DESCRIPTION, Value::Text(text)),
        Field::Archived { on } => alone(ARCHIVED, whole(on.into())),
        Field::Hue { degrees } => alone(HUE, whole(degrees.into())),
        Field::Query { text } => alone(QUERY, Value::Text(text)),
        Field::Number { number } => alone(NUMBER, whole(number.into())),
        Field::Prefix { text } => alone(PREFIX, Value::Text(text)),
        Field::Retention { days } => alone(RETENTION, days.map_or_else(none, |days| whole(days.into()))),
        Field::Label { label, on } => Some((LABEL, label.as_bytes().to_vec(), whole(on.into()))),
        Field::Blocks { issue, on } => Some((BLOCKS, issue.as_bytes().to_vec(), whole(on.into()))),
        Field::Text { .. }
        | Field::Reaction { .. }
        | Field::Pinned { .. }
        | Field::Title { .. }
        | Field::Place { .. }
        | Field::Resolved { .. }
        | Field::Element { .. }
        | Field::Anchor { .. }
        | Field::Update { .. }
        | Field::Squashed { .. }
        | Field::PageParent { .. }
        | Field::Order { .. }
        | Field::Room { .. }
        | Field::RoomOf { .. } => None,
    }
}

/// Takes in one field of an issue, of what issues are sorted into, or of the space itself.
pub(super) fn set(
    transaction: &Transaction<'_>,
    source: &Source,
    object: &EntryHash,
    field: Field,
    changes: &mut Vec<Change>,
) -> Result<()> {
    let refused = match &field {
        Field::Number { .. } if *object != source.hash => Some("gives an issue another number"),
        Field::Prefix { .. } if source.level < Level::Manage || *object != itself(&source.space) => {
            Some("changes the keys of the space without being a manager")
        }
        Field::Retention { .. } if source.level < Level::Manage || *object != itself(&source.space) => {
            Some("says how long messages are kept without being a manager")
        }
        _ => None,
    };
    if let Some(refused) = refused {
        changes.push(Change::Nonsense(source.author, refused.into()));
        return Ok(());
    }
    if let Some((name, which, value)) = stored(field) {
        note(transaction, source, object, name, &which, &value)?;
        let set = register(transaction, source, object, name, &which, value)?;
        changes.extend((set && name == RETENTION).then_some(Change::Name));
    }
    Ok(())
}

/// Remembers that a field was set, whatever became of it.
pub(super) fn note(
    transaction: &Transaction<'_>,
    source: &Source,
    object: &EntryHash,
    field: &str,
    which: &[u8],
    value: &Value,
) -> Result<()> {
    transaction.prepare_cached("INSERT OR IGNORE INTO history VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(
        params![
            source.space.as_bytes(),
            object.as_bytes(),
            sql_clock(source.clock),
            source.hash.as_bytes(),
            field,
            which,
            value,
            source.person.as_bytes()
        ],
    )?;
    Ok(())
}

/// Remembers what the space was called: the first name gives the keys their prefix.
pub(super) fn note_name(transaction: &Transaction<'_>, source: &Source, name: &str) -> Result<()> {
    note(transaction, source, &itself(&source.space), NAME, &[], &Value::Text(name.to_owned()))
}

/// Makes the row of an issue anew, if `object` is one.
pub(super) fn refresh(transaction: &Transaction<'_>, space: &GroupId, object: &EntryHash) -> Result<()> {
    let key = params![space.as_bytes(), object.as_bytes(), Kind::Issue.number()];
    let register = |field| {
        format!(
            "(SELECT value FROM register r WHERE r.space = ?1 AND r.object = ?2 AND r.field = '{field}' AND r.person = x'')"
        )
    };
    let title: Option<Option<String>> = transaction
        .prepare_cached(&format!("SELECT {} FROM shown WHERE hash = ?2 AND space = ?1 AND kind = ?3", register(TITLE)))?
        .query_row(key, |row| row.get(0))
        .optional()?;
    let Some(title) = title else { return Ok(()) };
    let title = title.unwrap_or_default();
    let or_null = |field| format!("NULLIF({}, x'')", register(field));
    let sql = format!(
        "INSERT OR REPLACE INTO issue SELECT o.space, o.hash, {number}, ?4, ?5, COALESCE({status}, 1), COALESCE({priority}, 0),
         {assignee}, {estimate}, {due}, {parent}, {project}, {cycle}, COALESCE({archived}, 0), o.clock,
         MAX(o.clock, COALESCE((SELECT MAX(clock) FROM register r WHERE r.space = ?1 AND r.object = ?2), 0)), o.person
         FROM object o WHERE o.hash = ?2 AND o.space = ?1 AND o.kind = ?3",
        number = register(NUMBER),
        status = register(STATUS),
        priority = register(PRIORITY),
        assignee = or_null(ASSIGNEE),
        estimate = or_null(ESTIMATE),
        due = or_null(DUE),
        parent = or_null(PARENT),
        project = or_null(PROJECT),
        cycle = or_null(CYCLE),
        archived = register(ARCHIVED),
    );
    let folded = title.to_lowercase();
    transaction.prepare_cached(&sql)?.execute(params![
        space.as_bytes(),
        object.as_bytes(),
        Kind::Issue.number(),
        title,
        folded
    ])?;
    Ok(())
}

/// What the issues of a space are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    prefix: String,
    /// Those whose number others have, too.
    suffixes: HashMap<EntryHash, String>,
}

impl Keys {
    pub(super) fn of(connection: &Connection, space: &GroupId) -> Result<Self> {
        let mut statement = connection.prepare_cached(
            "SELECT number, hash FROM issue WHERE space = ?1 AND number IN
             (SELECT number FROM issue WHERE space = ?1 GROUP BY number HAVING COUNT(*) > 1)",
        )?;
        let mut rows = statement.query([space.as_bytes()])?;
        let mut same: BTreeMap<u32, Vec<EntryHash>> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            same.entry(row.get(0)?).or_default().push(entry_at(row, 1)?);
        }
        let with_suffixes = |hashes: Vec<EntryHash>| {
            let suffixes = suffixes(&hashes);
            hashes.into_iter().zip(suffixes).filter_map(|(hash, suffix)| Some((hash, suffix?)))
        };
        Ok(Self { prefix: prefix(connection, space)?, suffixes: same.into_values().flat_map(with_suffixes).collect() })
    }

    pub(super) fn key(&self, number: u32, hash: &EntryHash) -> String {
        let suffix = self.suffixes.get(hash).cloned();
        Key { prefix: self.prefix.clone(), number, suffix }.to_string()
    }
}

/// What the keys of a space begin with: what a manager chose last, or letters of the space's first name.
pub(super) fn prefix(connection: &Connection, space: &GroupId) -> Result<String> {
    let chosen: Option<String> = connection
        .prepare_cached("SELECT value FROM register WHERE space = ?1 AND object = ?2 AND field = ?3 AND person = x''")?
        .query_row(params![space.as_bytes(), itself(space).as_bytes(), PREFIX], |row| row.get(0))
        .optional()?;
    match chosen {
        Some(chosen) => Ok(chosen),
        None => first_prefix(connection, space),
    }
}

fn first_prefix(connection: &Connection, space: &GroupId) -> Result<String> {
    let first: Option<String> = connection
        .prepare_cached(
            "SELECT value FROM history WHERE space = ?1 AND object = ?2 AND field = ?3 ORDER BY clock, hash LIMIT 1",
        )?
        .query_row(params![space.as_bytes(), itself(space).as_bytes(), NAME], |row| row.get(0))
        .optional()?;
    Ok(prefix_of(first.as_deref().unwrap_or_default()))
}

impl View {
    /// The number that the next issue of `space` takes.
    pub(crate) fn next_number(&self, space: &GroupId) -> Result<u32> {
        let connection = self.lock();
        let count: u32 = connection
            .prepare_cached("SELECT COUNT(*) FROM issue WHERE space = ?1")?
            .query_row([space.as_bytes()], |row| row.get(0))?;
        let last: Option<u32> = connection
            .prepare_cached("SELECT MAX(number) FROM issue WHERE space = ?1 AND number <= ?2")?
            .query_row(params![space.as_bytes(), count.saturating_add(REACH)], |row| row.get(0))?;
        Ok(last.unwrap_or(0) + 1)
    }

    /// What the keys of `space` begin with.
    pub(crate) fn prefix(&self, space: &GroupId) -> Result<String> {
        prefix(&self.lock(), space)
    }

    /// All issues that are meant by a key, by id and as they are called now. A prefix that the space had before is good, too:
    /// what somebody wrote down stays right.
    pub(crate) fn by_key(&self, space: &GroupId, key: &Key) -> Result<Vec<(EntryHash, String)>> {
        let connection = self.lock();
        let known = prefix(&connection, space)? == key.prefix
            || first_prefix(&connection, space)? == key.prefix
            || connection
                .prepare_cached("SELECT 1 FROM history WHERE space = ?1 AND object = ?2 AND field = ?3 AND value = ?4")?
                .exists(params![space.as_bytes(), itself(space).as_bytes(), PREFIX, key.prefix])?;
        if !known {
            return Ok(Vec::new());
        }
        let keys = Keys::of(&connection, space)?;
        let mut statement = connection
            .prepare_cached("SELECT hash FROM issue WHERE space = ?1 AND number = ?2 ORDER BY created, hash")?;
        let rows = statement.query_map(params![space.as_bytes(), key.number], |row| entry_at(row, 0))?;
        let all = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let fits =
            |hash: &EntryHash| key.suffix.as_ref().is_none_or(|suffix| hash.to_string().starts_with(suffix.as_str()));
        Ok(all.into_iter().filter(fits).map(|hash| (hash, keys.key(key.number, &hash))).collect())
    }
}
