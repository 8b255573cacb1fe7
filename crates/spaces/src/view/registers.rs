//! Fields of what was written before: what each was set to, by whom, and what that makes of them.
//!
//! A field may arrive before the thing it belongs to, so it is kept as said, and only looked at beside it. Which of several
//! wins is decided when it is read: of those who may set it, the last by (clock, hash).

use compeer_core::{EntryHash, GroupId, Hlc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, Transaction, params};

use super::apply::{Change, Source};
use super::{Result, View, boards, clock_of, deleted, group_at, guests, issues, sql_clock, topics, written};
use crate::model::Field;

/// Different emoji that are handed out for one message.
const EMOJI_SHOWN: usize = 32;
/// The person in the key of a field that is everybody's.
pub(super) const EVERYBODY: &[u8] = &[];
/// How the field of a reaction begins; the emoji follows. Between `r:` and `r;` lie all of them.
const REACTION: &str = "r:";
const PINNED: &str = "pin";
/// What something is called.
pub(super) const TITLE: &str = "title";
/// Where a message stands: the hash of a place, or no bytes.
pub(super) const PLACE: &str = "place";
/// Which element of its board a message is about; no letters are none.
pub(super) const ANCHOR: &str = "anchor";
pub(super) const RESOLVED: &str = "resolved";
/// The page that a page stands under: a hash, or no bytes.
pub(super) const PAGE_PARENT: &str = "page";
/// Where a page stands among its siblings.
pub(super) const ORDER: &str = "order";

/// The newest version of a message's text, for a query over `message`; what `column` of it is asked for.
pub(super) fn newest_version(of: &str, column: &str) -> String {
    format!(
        "(SELECT v.{column} FROM version v WHERE v.space = {of}.space AND v.object = {of}.hash AND v.person = {of}.person
          ORDER BY v.clock DESC, v.hash DESC LIMIT 1)"
    )
}

/// What something is called, for a query: in a room, what the room is.
pub(super) fn title_of(space: &str, object: &str) -> String {
    format!(
        "COALESCE((SELECT n.name FROM name n JOIN room ON room.space = n.space WHERE n.space = {space}),
          (SELECT r.value FROM register r WHERE r.space = {space} AND r.object = {object} AND r.field = '{TITLE}'
           AND r.person = x''))"
    )
}

/// Whether a message is pinned, for a query over `message`.
pub(super) const IS_PINNED: &str =
    "message.deleted IS NULL AND EXISTS (SELECT 1 FROM register r WHERE r.space = message.space AND r.object = message.hash
    AND r.field = 'pin' AND r.person = x'' AND r.value)";

/// Whether a message is shown, for a query over `message`: in a room not what is said at something else than what it is for.
pub(super) const IS_SHOWN: &str =
    "(message.place IS NULL OR NOT EXISTS (SELECT 1 FROM room WHERE room.space = message.space)
     OR EXISTS (SELECT 1 FROM shown WHERE shown.hash = message.place AND shown.space = message.space))";

/// One emoji under a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReactionRow {
    pub(crate) emoji: String,
    /// Whose, first come first.
    pub(crate) people: Vec<GroupId>,
}

/// A text that a message has or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionRow {
    pub(crate) text: String,
    pub(crate) clock: Hlc,
}

/// Takes in what somebody says some fields of `object` shall be.
pub(super) fn set(
    transaction: &Transaction<'_>,
    source: &Source,
    object: EntryHash,
    fields: Vec<Field>,
    changes: &mut Vec<Change>,
) -> Result<()> {
    let (space, clock, hash) = (source.space.as_bytes(), sql_clock(source.clock), source.hash.as_bytes());
    let (mut changed, mut drawn, mut wrote) = (false, false, false);
    let alone = fields.len() == 1;
    for field in fields {
        changed |= !field.is_written() && !matches!(field, Field::Element { .. });
        match field {
            Field::Update { bytes } => {
                // What makes something stays as what it made.
                let alone = alone && object != source.hash;
                wrote |= written::write(transaction, source, &object, &bytes, None, alone, changes)?;
            }
            Field::Squashed { stretch, bytes } => {
                wrote |= written::write(transaction, source, &object, &bytes, Some(stretch), alone, changes)?;
            }
            Field::PageParent { page } => {
                let page = page.as_ref().map_or(&[][..], |page| page.as_bytes());
                register(transaction, source, &object, PAGE_PARENT, EVERYBODY, page)?;
            }
            Field::Order { key } => {
                register(transaction, source, &object, ORDER, EVERYBODY, key)?;
            }
            Field::Element { id, element } => {
                drawn |= boards::set(transaction, source, &object, &id, element.as_deref())?;
            }
            Field::Text { text } => {
                if author(transaction, &source.space, &object)?.is_some_and(|author| author != source.person) {
                    changes.push(Change::Nonsense(source.author, "changes the words of somebody else".into()));
                    continue;
                }
                if deleted::is_deleted(transaction, &source.space, &object)? {
                    continue;
                }
                transaction
                    .prepare_cached("INSERT OR IGNORE INTO version VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
                    .execute(params![
                        space,
                        object.as_bytes(),
                        source.person.as_bytes(),
                        clock,
                        hash,
                        source.author.as_bytes(),
                        source.seq as i64,
                        text
                    ])?;
            }
            Field::Reaction { emoji, on } => {
                register(transaction, source, &object, &format!("{REACTION}{emoji}"), source.person.as_bytes(), on)?;
            }
            Field::Pinned { on } => {
                register(transaction, source, &object, PINNED, EVERYBODY, on)?;
            }
            Field::Title { text } => {
                issues::note(transaction, source, &object, TITLE, &[], &Value::Text(text.clone()))?;
                register(transaction, source, &object, TITLE, EVERYBODY, text)?;
                guests::note_title(transaction, source, &object, changes)?;
            }
            Field::Resolved { on } => {
                register(transaction, source, &object, RESOLVED, EVERYBODY, on)?;
            }
            Field::Anchor { element } => {
                register(transaction, source, &object, ANCHOR, EVERYBODY, element.unwrap_or_default())?;
            }
            Field::Place { at } => {
                let place = at.as_ref().map(EntryHash::as_bytes);
                if register(
                    transaction,
                    source,
                    &object,
                    PLACE,
                    EVERYBODY,
                    place.map_or(&[][..], <[u8; 32]>::as_slice),
                )? {
                    transaction
                        .prepare_cached("UPDATE message SET place = ?3 WHERE hash = ?2 AND space = ?1")?
                        .execute(params![space, object.as_bytes(), place])?;
                    if let Some(at) = &at {
                        topics::note_place(transaction, &source.space, at)?;
                    }
                    changes.push(Change::Moved);
                }
            }
            field @ (Field::Room { .. } | Field::RoomOf { .. }) => {
                guests::set(transaction, source, &object, &field, changes)?;
            }
            field => issues::set(transaction, source, &object, field, changes)?,
        }
    }
    issues::refresh(transaction, &source.space, &object)?;
    changes.extend(changed.then_some(Change::Changed(object)));
    changes.extend(drawn.then_some(Change::Drawn(object)));
    changes.extend(wrote.then_some(Change::Written(object)));
    Ok(())
}

/// Sets one register, if nothing later has. Whether it did. `person`: whose it is, or which one of a set.
pub(super) fn register(
    transaction: &Transaction<'_>,
    source: &Source,
    object: &EntryHash,
    field: &str,
    person: &[u8],
    value: impl ToSql,
) -> Result<bool> {
    let set = transaction
        .prepare_cached(
            "INSERT INTO register VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (space, object, field, person) DO UPDATE
             SET value = excluded.value, clock = excluded.clock, hash = excluded.hash
             WHERE (excluded.clock, excluded.hash) > (register.clock, register.hash)",
        )?
        .execute(params![
            source.space.as_bytes(),
            object.as_bytes(),
            field,
            person,
            value,
            sql_clock(source.clock),
            source.hash.as_bytes()
        ])?;
    Ok(set > 0)
}

/// Who wrote a message, if it is here already.
fn author(connection: &Connection, space: &GroupId, message: &EntryHash) -> Result<Option<GroupId>> {
    Ok(connection
        .prepare_cached("SELECT person FROM message WHERE hash = ?1 AND space = ?2")?
        .query_row(params![message.as_bytes(), space.as_bytes()], |row| group_at(row, 0))
        .optional()?)
}

/// The reactions to a message, by when each emoji was first seen under it.
pub(super) fn reactions(connection: &Connection, space: &GroupId, message: &EntryHash) -> Result<Vec<ReactionRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT substr(field, 3), person FROM register
         WHERE space = ?1 AND object = ?2 AND field >= 'r:' AND field < 'r;' AND value ORDER BY clock, hash",
    )?;
    let mut rows = statement.query(params![space.as_bytes(), message.as_bytes()])?;
    let mut reactions: Vec<ReactionRow> = Vec::new();
    while let Some(row) = rows.next()? {
        let (emoji, person): (String, _) = (row.get(0)?, group_at(row, 1)?);
        match reactions.iter().position(|reaction| reaction.emoji == emoji) {
            Some(at) => reactions[at].people.push(person),
            None if reactions.len() < EMOJI_SHOWN => reactions.push(ReactionRow { emoji, people: vec![person] }),
            None => {}
        }
    }
    Ok(reactions)
}

impl View {
    /// The texts that a message of `person` was changed to, oldest first.
    pub(crate) fn versions(&self, space: &GroupId, message: &EntryHash, person: &GroupId) -> Result<Vec<VersionRow>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT text, clock FROM version WHERE space = ?1 AND object = ?2 AND person = ?3 ORDER BY clock, hash",
        )?;
        let version = |row: &Row<'_>| Ok(VersionRow { text: row.get(0)?, clock: clock_of(row.get(1)?) });
        let rows = statement.query_map(params![space.as_bytes(), message.as_bytes(), person.as_bytes()], version)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The text that a message was written with.
    pub(crate) fn first_text(&self, space: &GroupId, message: &EntryHash) -> Result<Option<String>> {
        Ok(self
            .lock()
            .prepare_cached("SELECT text FROM message WHERE hash = ?1 AND space = ?2")?
            .query_row(params![message.as_bytes(), space.as_bytes()], |row| row.get(0))
            .optional()?)
    }
}
