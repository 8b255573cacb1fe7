//! Boards and what stands on them: one register for each element, and numbers by which a page asks what has changed.
//!
//! The numbers are this view's own and go on through a rebuild; `floor` is where the last rebuild began. Whoever asks from
//! before it, or with a number that this view never gave, is handed everything.

use compeer_core::{EntryHash, GroupId, Hlc};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::apply::Source;
use super::registers::{ANCHOR, RESOLVED, title_of};
use super::{Result, View, clock_of, entry_at, group_at, search, sql_clock};
use crate::model::{Element, Kind};

/// Elements that a board may have. Beyond them those that were made last are not shown.
pub(crate) const ELEMENTS: usize = 50_000;
/// Bytes of the words of a board by which it is found: they are looked through whenever a text on it changes.
const WORDS: usize = 256 * 1024;

/// An element by its id; `None` is deleted, or was never there.
type Named = (String, Option<Element>);

/// An entry that says what elements of a board shall be, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drawing {
    pub(crate) hash: EntryHash,
    pub(crate) clock: Hlc,
    pub(crate) board: EntryHash,
    pub(crate) ids: Vec<String>,
}

/// A board as it lies in the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoardRow {
    pub(crate) hash: EntryHash,
    pub(crate) made: Hlc,
    pub(crate) person: GroupId,
    pub(crate) title: Option<String>,
    pub(crate) archived: bool,
    /// Elements that are there, also those beyond [`ELEMENTS`].
    pub(crate) elements: usize,
    /// When something was last drawn on it, or it was made.
    pub(crate) at: Hlc,
}

/// What stands on a board, or what has changed there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Drawn {
    /// Whether this is all there is, instead of what has changed.
    pub(crate) all: bool,
    /// By id; `None` is deleted. Of all that there is, nothing is.
    pub(crate) elements: Vec<Named>,
    /// Where to ask from next time.
    pub(crate) upto: i64,
    /// Elements that are not shown because the board has too many.
    pub(crate) hidden: usize,
}

/// Takes in what an element of `board` shall be. Whether it is that now.
pub(super) fn set(
    transaction: &Transaction<'_>,
    source: &Source,
    board: &EntryHash,
    id: &str,
    element: Option<&Element>,
) -> Result<bool> {
    let (space, clock) = (source.space.as_bytes(), sql_clock(source.clock));
    let number = next_number(transaction, &source.space)?;
    let set = transaction
        .prepare_cached(
            "INSERT INTO element VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?7) ON CONFLICT (space, board, id) DO UPDATE
             SET value = excluded.value, clock = excluded.clock, hash = excluded.hash, change = excluded.change,
             first = MIN(element.first, excluded.first)
             WHERE (excluded.clock, excluded.hash) > (element.clock, element.hash)",
        )?
        .execute(params![
            space,
            board.as_bytes(),
            id,
            element.map(Element::encode),
            clock,
            source.hash.as_bytes(),
            number
        ])?;
    if set == 0 {
        transaction
            .prepare_cached("UPDATE element SET first = ?4 WHERE space = ?1 AND board = ?2 AND id = ?3 AND first > ?4")?
            .execute(params![space, board.as_bytes(), id, clock])?;
    }
    if set > 0 && set_words(transaction, &source.space, board, id, element.and_then(Element::words))? {
        search::note_objects(transaction, &source.space, std::iter::once(board))?;
    }
    Ok(set > 0)
}

/// Keeps what can be read of an element, for search. Whether that changed.
fn set_words(
    transaction: &Transaction<'_>,
    space: &GroupId,
    board: &EntryHash,
    id: &str,
    words: Option<&str>,
) -> Result<bool> {
    let changed = match words.filter(|words| !words.is_empty()) {
        Some(words) => transaction
            .prepare_cached(
                "INSERT INTO board_text VALUES (?1, ?2, ?3, ?4) ON CONFLICT (space, board, id) DO UPDATE SET text = excluded.text
                 WHERE text != excluded.text",
            )?
            .execute(params![space.as_bytes(), board.as_bytes(), id, words])?,
        None => transaction
            .prepare_cached("DELETE FROM board_text WHERE space = ?1 AND board = ?2 AND id = ?3")?
            .execute(params![space.as_bytes(), board.as_bytes(), id])?,
    };
    Ok(changed > 0)
}

/// What can be read on a board, a line for each element, the beginning of it if that is much.
pub(super) fn words(connection: &Connection, space: &GroupId, board: &EntryHash) -> Result<String> {
    let mut statement =
        connection.prepare_cached("SELECT text FROM board_text WHERE space = ?1 AND board = ?2 ORDER BY id")?;
    let mut rows = statement.query(params![space.as_bytes(), board.as_bytes()])?;
    let mut all = String::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        if all.len() + text.len() >= WORDS {
            break;
        }
        if !all.is_empty() {
            all.push('\n');
        }
        all.push_str(&text);
    }
    Ok(all)
}

/// The number of a change of `space` that happens now.
pub(super) fn next_number(connection: &Connection, space: &GroupId) -> Result<i64> {
    connection
        .prepare_cached("UPDATE change SET last = last + 1 WHERE space = ?1 RETURNING last")?
        .query_row([space.as_bytes()], |row| row.get(0))
        .optional()?
        .map_or_else(|| start(connection, space), Ok)
}

/// Begins to number the changes of a space, from anywhere, so that a number from before a view that was deleted is not
/// taken for one of this. JavaScript counts that far.
fn start(connection: &Connection, space: &GroupId) -> Result<i64> {
    Ok(connection.query_row(
        "INSERT INTO change SELECT ?1, start, start - 1 FROM (SELECT 1 + (random() & 0xFFFFFFFFFFFF) AS start) RETURNING last",
        [space.as_bytes()],
        |row| row.get(0),
    )?)
}

/// Everything is taken in anew: whoever asks what changed since before is handed all.
pub(super) fn begin_anew(connection: &Connection, space: Option<&GroupId>) -> rusqlite::Result<()> {
    let sql = "UPDATE change SET last = last + 1, floor = last + 1 WHERE ?1 IS NULL OR space = ?1";
    connection.execute(sql, [space.map(GroupId::as_bytes)]).map(drop)
}

/// How many elements stand on a board.
pub(super) fn count(connection: &Connection, space: &GroupId, board: &EntryHash) -> Result<usize> {
    let there: i64 = connection
        .prepare_cached("SELECT COUNT(*) FROM element WHERE space = ?1 AND board = ?2 AND value IS NOT NULL")?
        .query_row(params![space.as_bytes(), board.as_bytes()], |row| row.get(0))?;
    Ok(there as usize)
}

fn columns() -> String {
    let register = |field| {
        format!(
            "SELECT value FROM register r WHERE r.space = o.space AND r.object = o.hash AND r.field = '{field}'
             AND r.person = x''"
        )
    };
    let elements = "FROM element e WHERE e.space = o.space AND e.board = o.hash";
    format!(
        "o.hash, o.clock, o.person, {}, COALESCE(({}), 0) AND NOT EXISTS (SELECT 1 FROM room WHERE room.space = o.space),
         (SELECT COUNT(*) {elements} AND e.value IS NOT NULL),
         MAX(o.clock, COALESCE((SELECT MAX(e.clock) {elements}), 0))",
        title_of("o.space", "o.hash"),
        register(RESOLVED)
    )
}

fn board(row: &Row<'_>) -> rusqlite::Result<BoardRow> {
    Ok(BoardRow {
        hash: entry_at(row, 0)?,
        made: clock_of(row.get(1)?),
        person: group_at(row, 2)?,
        title: row.get(3)?,
        archived: row.get(4)?,
        elements: row.get::<_, i64>(5)? as usize,
        at: clock_of(row.get(6)?),
    })
}

impl View {
    /// The boards of `space`, the last drawn on first, at most `limit`.
    pub(crate) fn boards(&self, space: &GroupId, limit: usize) -> Result<Vec<BoardRow>> {
        let connection = self.lock();
        let sql =
            format!("SELECT {} FROM shown o WHERE o.space = ?1 AND o.kind = ?2 ORDER BY 7 DESC, 1 LIMIT ?3", columns());
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![space.as_bytes(), Kind::Board.number(), limit as i64], board)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One board, if it was made in `space`.
    pub(crate) fn board(&self, space: &GroupId, hash: &EntryHash) -> Result<Option<BoardRow>> {
        let connection = self.lock();
        let sql = format!("SELECT {} FROM shown o WHERE o.hash = ?2 AND o.space = ?1 AND o.kind = ?3", columns());
        let found = params![space.as_bytes(), hash.as_bytes(), Kind::Board.number()];
        Ok(connection.prepare_cached(&sql)?.query_row(found, board).optional()?)
    }

    /// Which elements messages are about, by message.
    pub(crate) fn anchors(&self, space: &GroupId, messages: &[EntryHash]) -> Result<Vec<Option<String>>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT value FROM register WHERE space = ?1 AND object = ?2 AND field = ?3 AND person = x''",
        )?;
        let anchor = |message: &EntryHash| {
            let found: Option<String> = statement
                .query_row(params![space.as_bytes(), message.as_bytes(), ANCHOR], |row| row.get(0))
                .optional()?;
            Ok(found.filter(|id| !id.is_empty()))
        };
        messages.iter().map(anchor).collect()
    }

    /// Which of these entries make no difference any more: everything that they say elements shall be was said anew before
    /// `until`. What an element was first is kept, since the order in which they were made counts.
    pub(crate) fn superseded(&self, space: &GroupId, until: Hlc, entries: &[Drawing]) -> Result<Vec<bool>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT hash != ?4 AND first != ?5 AND clock < ?6 FROM element WHERE space = ?1 AND board = ?2 AND id = ?3",
        )?;
        let mut is_superseded = |drawing: &Drawing| -> Result<bool> {
            for id in &drawing.ids {
                let values = params![
                    space.as_bytes(),
                    drawing.board.as_bytes(),
                    id,
                    drawing.hash.as_bytes(),
                    sql_clock(drawing.clock),
                    sql_clock(until)
                ];
                let superseded: Option<bool> = statement.query_row(values, |row| row.get(0)).optional()?;
                if superseded != Some(true) {
                    return Ok(false);
                }
            }
            Ok(!drawing.ids.is_empty())
        };
        entries.iter().map(&mut is_superseded).collect()
    }

    /// How many elements stand on a board.
    pub(crate) fn count_drawn(&self, space: &GroupId, board: &EntryHash) -> Result<usize> {
        count(&self.lock(), space, board)
    }

    /// The number of the last change of a board.
    pub(crate) fn last_change(&self, space: &GroupId, board: &EntryHash) -> Result<i64> {
        let last: Option<i64> = self
            .lock()
            .prepare_cached("SELECT MAX(change) FROM element WHERE space = ?1 AND board = ?2")?
            .query_row(params![space.as_bytes(), board.as_bytes()], |row| row.get(0))?;
        Ok(last.unwrap_or_default())
    }

    /// Those of `elements` that are not so already, and how many more there will be with them.
    pub(crate) fn news(&self, space: &GroupId, board: &EntryHash, elements: Vec<Named>) -> Result<(Vec<Named>, isize)> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT value FROM element WHERE space = ?1 AND board = ?2 AND id = ?3")?;
        let (mut news, mut more) = (Vec::with_capacity(elements.len()), 0);
        for (id, element) in elements {
            let now: Option<Option<Vec<u8>>> =
                statement.query_row(params![space.as_bytes(), board.as_bytes(), id], |row| row.get(0)).optional()?;
            // What was never there is as good as deleted.
            let now = now.flatten();
            if now != element.as_ref().map(Element::encode) {
                more += isize::from(element.is_some()) - isize::from(now.is_some());
                news.push((id, element));
            }
        }
        Ok((news, more))
    }

    /// What stands on a board, or what has changed since number `since`.
    pub(crate) fn drawn(&self, space: &GroupId, board: &EntryHash, since: Option<i64>) -> Result<Drawn> {
        let mut connection = self.lock();
        // One look, though several queries.
        let transaction = connection.transaction()?;
        let key = params![space.as_bytes(), board.as_bytes()];
        let numbers = transaction
            .prepare_cached("SELECT floor, last FROM change WHERE space = ?1")?
            .query_row([space.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (floor, upto): (i64, i64) = match numbers {
            Some(numbers) => numbers,
            // Nothing was ever drawn in this space. What comes shall be told as what has changed.
            None => {
                let start = start(&transaction, space)?;
                (start, start)
            }
        };
        let hidden = count(&transaction, space, board)?.saturating_sub(ELEMENTS);
        // With too many, one that goes lets another in, which did not change: then only all of them say what is there.
        let since = since.filter(|since| (floor..=upto).contains(since) && hidden == 0);
        let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Option<Vec<u8>>>(1)?));
        let rows: Vec<(String, Option<Vec<u8>>)> = match since {
            Some(since) => transaction
                .prepare_cached(
                    "SELECT id, value FROM element WHERE space = ?1 AND board = ?2 AND change > ?3 ORDER BY id",
                )?
                .query_map(params![space.as_bytes(), board.as_bytes(), since], read)?
                .collect::<rusqlite::Result<_>>()?,
            None if hidden == 0 => transaction
                .prepare_cached(
                    "SELECT id, value FROM element WHERE space = ?1 AND board = ?2 AND value IS NOT NULL ORDER BY id",
                )?
                .query_map(key, read)?
                .collect::<rusqlite::Result<_>>()?,
            None => transaction
                .prepare_cached(
                    "SELECT id, value FROM (SELECT id, value FROM element WHERE space = ?1 AND board = ?2
                     AND value IS NOT NULL ORDER BY first, id LIMIT ?3) ORDER BY id",
                )?
                .query_map(params![space.as_bytes(), board.as_bytes(), ELEMENTS as i64], read)?
                .collect::<rusqlite::Result<_>>()?,
        };
        let decode = |(id, value): (String, Option<Vec<u8>>)| (id, value.and_then(|bytes| Element::decode(&bytes)));
        // Nor does what changes later say who is let in, so it is not asked for.
        let upto = if hidden > 0 { 0 } else { upto };
        transaction.commit()?;
        Ok(Drawn { all: since.is_none(), elements: rows.into_iter().map(decode).collect(), upto, hidden })
    }
}
