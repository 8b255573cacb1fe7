//! Boards: made, named and put away; what is drawn on them, and (in `live`) who is there and draws just now.

mod live;

use std::collections::HashSet;

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId};

pub use self::live::{BoardNews, BoardSession, BoardShown};
use super::{Spaces, name_or_id};
use crate::error::ActError;
use crate::model::{BoardInfo, BoardPerson, Drawing, Element, FIELDS_PER_OP, Field, Kind, Op};
use crate::view::{BoardRow, ByPlace, Drawn, ELEMENTS, View};

/// Boards that are handed out: the last drawn on.
const LISTED: usize = 500;
/// Elements that can be drawn at once.
pub const DRAWN_AT_ONCE: usize = 5_000;
/// Bytes of elements in one entry, so that it stays below what an entry may have.
const ENTRY_BYTES: usize = 160 * 1024;

impl Spaces {
    /// The boards of a space, the last drawn on first.
    pub async fn boards(&self, space: GroupId) -> Result<Vec<BoardInfo>, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let look =
            move |view: &View| Ok((view.boards(&space, LISTED)?, view.people(&space)?, view.unread_by_place(&space)?));
        let (rows, names, unread) = self.inner.view.with(look).await?;
        Ok(rows.into_iter().map(|row| self.board_info(space, row, &names, &unread)).collect())
    }

    /// One board.
    pub async fn board(&self, space: GroupId, id: EntryHash) -> Result<BoardInfo, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let look =
            move |view: &View| Ok((view.board(&space, &id)?, view.people(&space)?, view.unread_by_place(&space)?));
        let (row, names, unread) = self.inner.view.with(look).await?;
        Ok(self.board_info(space, row.ok_or(ActError::UnknownBoard)?, &names, &unread))
    }

    /// Makes a board.
    pub async fn create_board(&self, space: GroupId, title: String) -> Result<BoardInfo, ActError> {
        self.person_id()?;
        self.rules_to_make(&space)?;
        let op = Op::Make { kind: Kind::Board, fields: vec![Field::Title { text: title }] };
        let made = self.inner.journal.append(space, op.encode()?).await?;
        self.board(space, made.hash).await
    }

    /// Gives a board another title, puts it away, or takes it back. What is so already is left.
    pub async fn change_board(
        &self,
        space: GroupId,
        id: EntryHash,
        title: Option<String>,
        archived: Option<bool>,
    ) -> Result<BoardInfo, ActError> {
        self.rules_for(&space, Level::Write)?;
        self.check_named_here(&space)?;
        let now = self.board(space, id).await?;
        let title = title.filter(|title| now.title.as_ref() != Some(title)).map(|text| Field::Title { text });
        let archived = archived.filter(|on| now.archived != *on).map(|on| Field::Resolved { on });
        let fields: Vec<Field> = title.into_iter().chain(archived).collect();
        if !fields.is_empty() {
            self.inner.journal.append(space, Op::Set { object: id, fields }.encode()?).await?;
        }
        self.board(space, id).await
    }

    /// What stands on a board, or what has changed since it was last asked for.
    pub async fn drawing(&self, space: GroupId, board: EntryHash, since: Option<i64>) -> Result<Drawing, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        self.drawing_here(space, board, since).await
    }

    async fn drawing_here(&self, space: GroupId, board: EntryHash, since: Option<i64>) -> Result<Drawing, ActError> {
        let look = move |view: &View| match view.board(&space, &board)? {
            Some(_) => view.drawn(&space, &board, since).map(Some),
            None => Ok(None),
        };
        let drawn = self.inner.view.with(look).await?.ok_or(ActError::UnknownBoard)?;
        let Drawn { all, elements, upto, hidden } = drawn;
        Ok(Drawing { all, elements, upto, hidden })
    }

    /// Draws on a board: each element, by id, is this from now on, or no more. What is so already is left. All of it is durable
    /// on this device when this returns, or nothing is. How many changed, and what a page asks with that has heard of it.
    pub async fn draw(
        &self,
        space: GroupId,
        board: EntryHash,
        elements: Vec<(String, Option<Element>)>,
    ) -> Result<(usize, i64), ActError> {
        self.person_id()?;
        self.rules_for(&space, Level::Write)?;
        if elements.len() > DRAWN_AT_ONCE {
            return Err(ActError::TooMany(DRAWN_AT_ONCE));
        }
        let mut ids = HashSet::new();
        for (id, element) in &elements {
            let field = Field::Element { id: id.clone(), element: element.clone().map(Box::new) };
            field.check()?;
            if !ids.insert(id) {
                return Err(ActError::Twice);
            }
        }
        self.catch_up(space).await;
        let look = move |view: &View| {
            if view.board(&space, &board)?.is_none() {
                return Ok(Err(ActError::UnknownBoard));
            }
            let (changed, more) = view.news(&space, &board, elements)?;
            let there = view.count_drawn(&space, &board)?;
            if more > 0 && there.saturating_add_signed(more) > ELEMENTS {
                return Ok(Err(ActError::BoardFull(ELEMENTS)));
            }
            Ok(Ok(changed))
        };
        let changed = self.inner.view.with(look).await??;
        let count = changed.len();
        let ops = split(changed).into_iter().map(|fields| Op::Set { object: board, fields }.encode());
        let ops = ops.collect::<Result<Vec<_>, _>>()?;
        if !ops.is_empty() {
            self.inner.journal.append_all(space, ops).await?;
            self.catch_up(space).await;
        }
        let upto = self.inner.view.with(move |view| view.last_change(&space, &board)).await?;
        Ok((count, upto))
    }

    fn board_info(&self, space: GroupId, row: BoardRow, names: &super::People, unread: &ByPlace) -> BoardInfo {
        let here = self.inner.rooms.here(space, row.hash);
        let person = |person: GroupId| BoardPerson { person, name: name_or_id(names, &person) };
        BoardInfo {
            id: row.hash,
            title: row.title,
            archived: row.archived,
            elements: row.elements,
            created: row.made.millis(),
            by: person(row.person),
            at: row.at.millis(),
            here: here.into_iter().map(person).collect(),
            unread: unread.get(&Some(row.hash)).map_or(0, |at| at.messages),
        }
    }
}

/// The elements as fields of as few entries as hold them.
fn split(elements: Vec<(String, Option<Element>)>) -> Vec<Vec<Field>> {
    let (mut ops, mut fields, mut bytes) = (Vec::new(), Vec::new(), 0);
    for (id, element) in elements {
        let size = id.len() + element.as_ref().map_or(0, |element| element.encode().len());
        if !fields.is_empty() && (fields.len() == FIELDS_PER_OP || bytes + size > ENTRY_BYTES) {
            ops.push(std::mem::take(&mut fields));
            bytes = 0;
        }
        bytes += size;
        fields.push(Field::Element { id, element: element.map(Box::new) });
    }
    if !fields.is_empty() {
        ops.push(fields);
    }
    ops
}
