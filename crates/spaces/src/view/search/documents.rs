//! How each kind of thing reads as a document.

use compeer_core::{EntryHash, GroupId, Hlc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::boards;
use super::super::files::LISTED;
use super::super::issues::DESCRIPTION;
use super::super::registers::{IS_PINNED, IS_SHOWN, newest_version, title_of};
use super::super::{Result, clock_of, entry_at, group_at};
use crate::model;
use crate::search::Kind;

/// Letters of an id among the marks: 50 bits. Whoever makes two ids that begin alike gains nothing, because whole ids are
/// compared afterwards.
const ID_LETTERS: usize = 10;

/// What can be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) kind: Kind,
    pub(crate) object: EntryHash,
    pub(crate) space: GroupId,
    /// What it was said at; `None` for the general talk, and for what is not said.
    pub(crate) place: Option<EntryHash>,
    /// Who wrote or listed it.
    pub(crate) person: GroupId,
    pub(crate) clock: Hlc,
    /// It comes with a file.
    pub(crate) file: bool,
    pub(crate) pinned: bool,
    /// A name; empty if it has none.
    pub(crate) title: String,
    pub(crate) text: String,
}

/// Reads one kind of thing of a space, if that is what the id names.
type Reader = fn(&Connection, &GroupId, &EntryHash) -> Result<Option<Document>>;

/// One for each kind.
const READERS: [Reader; 3] = [message, file, thing];

/// How a thing of a space reads now. `None`: there is none any more, or not yet.
pub(super) fn read(connection: &Connection, space: &GroupId, object: &EntryHash) -> Result<Option<Document>> {
    for reader in READERS {
        if let Some(document) = reader(connection, space, object)? {
            return Ok(Some(document));
        }
    }
    Ok(None)
}

fn message(connection: &Connection, space: &GroupId, object: &EntryHash) -> Result<Option<Document>> {
    let text = newest_version("message", "text");
    let sql = format!(
        "SELECT message.person, message.clock, {IS_PINNED}, file.name, COALESCE({text}, message.text), message.place FROM message
         LEFT JOIN file ON file.hash = message.file AND file.space = message.space AND {LISTED}
         WHERE message.hash = ?1 AND message.space = ?2 AND {IS_SHOWN}"
    );
    let message = |row: &Row<'_>| {
        let name: Option<String> = row.get(3)?;
        Ok(Document {
            kind: Kind::Message,
            object: *object,
            space: *space,
            person: group_at(row, 0)?,
            clock: clock_of(row.get(1)?),
            pinned: row.get(2)?,
            file: name.is_some(),
            title: name.unwrap_or_default(),
            text: row.get(4)?,
            place: row.get::<_, Option<[u8; 32]>>(5)?.map(EntryHash::from_bytes),
        })
    };
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row(params![object.as_bytes(), space.as_bytes()], message).optional()?)
}

fn file(connection: &Connection, space: &GroupId, object: &EntryHash) -> Result<Option<Document>> {
    let sql = format!("SELECT person, clock, name FROM file WHERE hash = ?1 AND space = ?2 AND {LISTED}");
    let file = |row: &Row<'_>| {
        Ok(Document {
            kind: Kind::File,
            object: *object,
            space: *space,
            person: group_at(row, 0)?,
            clock: clock_of(row.get(1)?),
            pinned: false,
            file: true,
            title: row.get(2)?,
            text: String::new(),
            place: None,
        })
    };
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row(params![object.as_bytes(), space.as_bytes()], file).optional()?)
}

/// An issue, by its title and description; a board, by its title and what is written on it; or a page, by its title and what was last read of its text.
fn thing(connection: &Connection, space: &GroupId, object: &EntryHash) -> Result<Option<Document>> {
    let register = |field| {
        format!(
            "COALESCE((SELECT value FROM register r WHERE r.space = o.space AND r.object = o.hash AND r.field = '{field}'
             AND r.person = x''), '')"
        )
    };
    let sql = format!(
        "SELECT o.person, o.clock, o.kind, COALESCE({}, ''),
         COALESCE((SELECT words FROM page_text t WHERE t.space = o.space AND t.page = o.hash AND o.kind = ?5), {})
         FROM shown o WHERE o.hash = ?1 AND o.space = ?2 AND o.kind IN (?3, ?4, ?5)",
        title_of("o.space", "o.hash"),
        register(DESCRIPTION)
    );
    let [issue, board, page] = [model::Kind::Issue, model::Kind::Board, model::Kind::Page].map(model::Kind::number);
    let thing = |row: &Row<'_>| {
        Ok(Document {
            kind: match row.get::<_, u8>(2)? {
                kind if kind == issue => Kind::Issue,
                kind if kind == board => Kind::Board,
                _ => Kind::Page,
            },
            object: *object,
            space: *space,
            person: group_at(row, 0)?,
            clock: clock_of(row.get(1)?),
            pinned: false,
            file: false,
            title: row.get(3)?,
            text: row.get(4)?,
            place: None,
        })
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let found = params![object.as_bytes(), space.as_bytes(), issue, board, page];
    let Some(mut thing) = statement.query_row(found, thing).optional()? else { return Ok(None) };
    if thing.kind == Kind::Board {
        thing.text = boards::words(connection, space, object)?;
    }
    Ok(Some(thing))
}

/// The columns of `doc` that [`stored`] reads.
pub(super) const COLUMNS: &str = "object, space, kind, person, clock, file, pinned, title, text, place";

/// A document as the index has it; `None` for a kind that this version does not know.
pub(super) fn stored(row: &Row<'_>) -> rusqlite::Result<Option<Document>> {
    let Some(kind) = Kind::of(row.get(2)?) else { return Ok(None) };
    Ok(Some(Document {
        kind,
        object: entry_at(row, 0)?,
        space: group_at(row, 1)?,
        person: group_at(row, 3)?,
        clock: clock_of(row.get(4)?),
        file: row.get(5)?,
        pinned: row.get(6)?,
        title: row.get(7)?,
        text: row.get(8)?,
        place: row.get::<_, Option<[u8; 32]>>(9)?.map(EntryHash::from_bytes),
    }))
}

/// The mark that every document has.
pub(super) const ALL: &str = "all";
pub(super) const FILE: &str = "hasfile";
pub(super) const LINK: &str = "haslink";
pub(super) const PINNED: &str = "pinned";

pub(super) fn mark_of_space(space: &GroupId) -> String {
    format!("s{}", &space.to_string()[..ID_LETTERS])
}

pub(super) fn mark_of_person(person: &GroupId) -> String {
    format!("p{}", &person.to_string()[..ID_LETTERS])
}

/// The mark of what is said at a place, or in the general talk.
pub(super) fn mark_of_place(place: Option<&EntryHash>) -> String {
    place.map_or_else(|| "general".into(), |place| format!("t{}", &place.to_string()[..ID_LETTERS]))
}

impl Document {
    /// What it is found by besides its words, as words of a column of their own.
    pub(super) fn marks(&self) -> String {
        let mut marks =
            vec![ALL.into(), self.kind.word().into(), mark_of_space(&self.space), mark_of_person(&self.person)];
        if self.kind == Kind::Message {
            marks.push(mark_of_place(self.place.as_ref()));
        }
        let has_link = ["http://", "https://"].iter().any(|scheme| self.text.contains(scheme));
        let also = [(self.file, FILE), (has_link, LINK), (self.pinned, PINNED)];
        marks.extend(also.into_iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| mark.to_owned()));
        marks.join(" ")
    }
}
