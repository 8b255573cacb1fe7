//! Which bodies are to be dropped, which still are, and which are lacking. All but [`lacking`] run inside the engine's
//! transaction.

use compeer_core::group::DropRange;
use compeer_core::{DeviceId, Hlc, SignedHeader};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::write::{each_row, header};
use super::{SEQ_LIMIT, StoreError, entry_id, log_range};

type Result<T> = std::result::Result<T, StoreError>;

/// Entries `first` to `last` of a log that are dated before `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    first: u64,
    last: u64,
    until: Hlc,
}

/// A range whose bodies may still be here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    pub(crate) id: i64,
    pub(crate) topic: i64,
    pub(crate) range: DropRange,
    /// Whether the entries go as a whole.
    pub(crate) prune: bool,
}

/// An entry whose body is here, of so many bytes, or lacking (`None`).
pub(crate) struct Candidate {
    pub(crate) id: i64,
    pub(crate) header: SignedHeader,
    pub(crate) bytes: Option<u64>,
}

/// Notes a range that an entry of this time drops, and that it is to be carried out. Does nothing if that was known.
pub(crate) fn add(db: &Connection, topic: i64, range: &DropRange, until: Hlc) -> Result<()> {
    let DropRange { author, first, last } = *range;
    let new = Piece { first, last: last.min(SEQ_LIMIT - 1), until };
    if new.first > new.last {
        return Ok(());
    }
    let known = pieces(db, topic, &author, new)?;
    let laid = lay_over(&known, new);
    if laid == known {
        return Ok(());
    }
    for piece in known {
        let sql = "DELETE FROM drop_range WHERE topic = ?1 AND author = ?2 AND first = ?3";
        db.prepare_cached(sql)?.execute(params![topic, author.as_bytes(), piece.first.cast_signed()])?;
    }
    for Piece { first, last, until } in laid {
        let sql = "INSERT INTO drop_range (topic, author, first, last, until) VALUES (?1, ?2, ?3, ?4, ?5)";
        let (first, last, until) = (first.cast_signed(), last.cast_signed(), until.bits().cast_signed());
        db.prepare_cached(sql)?.execute(params![topic, author.as_bytes(), first, last, until])?;
    }
    note_due(db, topic, &DropRange { last: new.last, ..*range }, false)
}

/// A range is to be carried out.
pub(crate) fn note_due(db: &Connection, topic: i64, range: &DropRange, prune: bool) -> Result<()> {
    let DropRange { author, first, last } = *range;
    let sql = "INSERT INTO drop_due (topic, author, first, last, prune) VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![topic, author.as_bytes(), first.cast_signed(), last.cast_signed(), prune];
    db.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// The pieces known that overlap this one, in order.
fn pieces(db: &Connection, topic: i64, author: &DeviceId, new: Piece) -> Result<Vec<Piece>> {
    let sql =
        "SELECT first, last, until FROM drop_range WHERE topic = ?1 AND author = ?2 AND last >= ?3 AND first <= ?4
        AND first >= COALESCE((SELECT MAX(first) FROM drop_range WHERE topic = ?1 AND author = ?2 AND first <= ?3), 0)
        ORDER BY first";
    let mut statement = db.prepare_cached(sql)?;
    let values = params![topic, author.as_bytes(), new.first.cast_signed(), new.last.cast_signed()];
    let rows = statement.query_map(values, |row| {
        let number = |at| Ok::<u64, rusqlite::Error>(row.get::<_, i64>(at)?.cast_unsigned());
        Ok(Piece { first: number(0)?, last: number(1)?, until: Hlc::from_bits(number(2)?) })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// `known`, which overlap `new`, with it: of two for one entry, the later time. In one author's log the time only grows.
fn lay_over(known: &[Piece], new: Piece) -> Vec<Piece> {
    let mut laid: Vec<Piece> = Vec::new();
    let mut lay = |piece: Piece| match laid.last_mut() {
        Some(before) if before.until == piece.until && before.last + 1 == piece.first => before.last = piece.last,
        _ => laid.push(piece),
    };
    let mut next = new.first;
    for piece in known {
        if piece.first < new.first {
            lay(Piece { last: new.first - 1, ..*piece });
        } else if next < piece.first {
            lay(Piece { first: next, last: piece.first - 1, ..new });
        }
        let last = piece.last.min(new.last);
        lay(Piece { first: piece.first.max(new.first), last, until: piece.until.max(new.until) });
        if piece.last > new.last {
            lay(Piece { first: new.last + 1, ..*piece });
        }
        next = last + 1;
    }
    if next <= new.last {
        lay(Piece { first: next, ..new });
    }
    laid
}

/// Whether an entry that counts drops the body of the entry of this number and time.
pub(crate) fn is_dropped(db: &Connection, topic: i64, author: &DeviceId, seq: u64, clock: Hlc) -> Result<bool> {
    let sql = "SELECT last, until FROM drop_range WHERE topic = ?1 AND author = ?2 AND first <= ?3
        ORDER BY first DESC LIMIT 1";
    let values = params![topic, author.as_bytes(), seq.cast_signed()];
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?));
    let found = db.prepare_cached(sql)?.query_row(values, row).optional()?;
    Ok(found.is_some_and(|(last, until)| seq <= last && clock < Hlc::from_bits(until.cast_unsigned())))
}

/// Forgets what is to be dropped on a topic, to be noted anew.
pub(crate) fn clear(db: &Connection, topic: i64) -> Result<()> {
    for table in ["drop_range", "drop_due"] {
        db.execute(&format!("DELETE FROM {table} WHERE topic = ?1"), [topic])?;
    }
    Ok(())
}

pub(crate) fn is_any_due(db: &Connection) -> Result<bool> {
    Ok(db.prepare_cached("SELECT EXISTS (SELECT 1 FROM drop_due)")?.query_row([], |row| row.get(0))?)
}

pub(crate) fn next_due(db: &Connection) -> Result<Option<Due>> {
    let sql = "SELECT id, topic, author, first, last, prune FROM drop_due ORDER BY id LIMIT 1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let author: [u8; 32] = row.get(2)?;
    let (first, last) = (row.get::<_, i64>(3)?.cast_unsigned(), row.get::<_, i64>(4)?.cast_unsigned());
    let range = DropRange { author: DeviceId::from_bytes(author), first, last };
    Ok(Some(Due { id: row.get(0)?, topic: row.get(1)?, range, prune: row.get(5)? }))
}

/// What is left of a due range begins at `first`; nothing is left with `None`.
pub(crate) fn set_due(db: &Connection, id: i64, first: Option<u64>) -> Result<()> {
    match first {
        Some(first) => {
            let sql = "UPDATE drop_due SET first = ?2 WHERE id = ?1";
            db.prepare_cached(sql)?.execute([id, first.cast_signed()])?
        }
        None => db.prepare_cached("DELETE FROM drop_due WHERE id = ?1")?.execute([id])?,
    };
    Ok(())
}

/// Data of a log with numbers from `first` to `last` whose body is here or lacking, in order, at most so many.
pub(crate) fn candidates(db: &Connection, log: i64, first: u64, last: u64, most: usize) -> Result<Vec<Candidate>> {
    let sql = "SELECT id, header, LENGTH(body) FROM entry NOT INDEXED LEFT JOIN lacking ON lacking.entry = entry.id
        WHERE class = 2 AND id >= ?1 AND id <= ?2 AND (body IS NOT NULL OR lacking.entry IS NOT NULL)
        ORDER BY id LIMIT ?3";
    let mut statement = db.prepare_cached(sql)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows = statement.query([entry_id(log, first), entry_id(log, last), most])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes = row.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned);
        found.push(Candidate { id: row.get(0)?, header: header(row, 1)?, bytes });
    }
    Ok(found)
}

/// Calls `each` with the entries of a log that drop others, in order.
pub(crate) fn each_drop(db: &Connection, log: i64, each: impl FnMut(super::write::Stored)) -> Result<()> {
    let sql = "SELECT id, header, body FROM entry INDEXED BY entry_drops WHERE class = 3 AND id >= ?1 AND id < ?2
        ORDER BY id";
    each_row(db, sql, log, each)
}

/// Whether a log has an entry that drops others.
pub(crate) fn has_any(db: &Connection, log: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM entry INDEXED BY entry_drops WHERE class = 3 AND id >= ?1 AND id < ?2)";
    let range = log_range(log);
    Ok(db.prepare_cached(sql)?.query_row([range.start, range.end], |row| row.get(0))?)
}

/// Overwrites a body and takes it out (`secure_delete`). It is not lacking any more.
pub(crate) fn drop_body(db: &Connection, entry: i64) -> Result<()> {
    db.prepare_cached("UPDATE entry SET body = NULL WHERE id = ?1")?.execute([entry])?;
    set_lacking(db, entry, false)
}

/// Puts a body in that was lacking.
pub(crate) fn put_body(db: &Connection, entry: i64, body: &[u8]) -> Result<()> {
    db.prepare_cached("UPDATE entry SET body = ?2 WHERE id = ?1")?.execute(params![entry, body])?;
    set_lacking(db, entry, false)
}

pub(crate) fn set_lacking(db: &Connection, entry: i64, lacking: bool) -> Result<()> {
    let sql = match lacking {
        true => "INSERT OR IGNORE INTO lacking (entry) VALUES (?1)",
        false => "DELETE FROM lacking WHERE entry = ?1",
    };
    db.prepare_cached(sql)?.execute([entry])?;
    Ok(())
}

/// The number of the first entry of a log from number `from` on whose body is lacking.
pub(crate) fn lacking(db: &Connection, log: i64, from: u64) -> Result<Option<u64>> {
    let first = "SELECT MIN(entry) FROM lacking WHERE entry >= ?1 AND entry < ?2";
    let values = [entry_id(log, from), log_range(log).end];
    let entry: Option<i64> = db.prepare_cached(first)?.query_row(values, |row| row.get(0))?;
    Ok(entry.map(|entry| (entry - log_range(log).start).cast_unsigned()))
}

/// The same for the last one of number `to` or less.
pub(crate) fn last_lacking(db: &Connection, log: i64, to: u64) -> Result<Option<u64>> {
    let last = "SELECT MAX(entry) FROM lacking WHERE entry >= ?1 AND entry <= ?2";
    let values = [log_range(log).start, entry_id(log, to.min(SEQ_LIMIT - 1))];
    let entry: Option<i64> = db.prepare_cached(last)?.query_row(values, |row| row.get(0))?;
    Ok(entry.map(|entry| (entry - log_range(log).start).cast_unsigned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// In whatever order ranges come, each entry ends with the latest time that any of them says.
        #[test]
        fn ranges_say_the_same_in_any_order(ranges in prop::collection::vec((0u64..30, 0u64..12, 1u64..9), 1..14)) {
            let dir = tempfile::tempdir().expect("folder");
            let db = super::super::open(dir.path(), false).expect("opens").db;
            let author = DeviceId::from_bytes([7; 32]);
            for (first, more, until) in &ranges {
                let range = DropRange { author, first: *first, last: first + more };
                add(&db, 1, &range, Hlc::from_bits(*until)).expect("noted");
            }
            for seq in 0..45 {
                let named = ranges.iter().filter(|(first, more, _)| (*first..=first + more).contains(&seq));
                let until = named.map(|(_, _, until)| *until).max();
                for clock in 0..10 {
                    let dropped = is_dropped(&db, 1, &author, seq, Hlc::from_bits(clock)).expect("reads");
                    prop_assert_eq!(dropped, until.is_some_and(|until| clock < until), "{} at {}", seq, clock);
                }
            }
            let overlaps: bool = db.query_row(
                "SELECT EXISTS (SELECT 1 FROM drop_range a JOIN drop_range b ON a.first < b.first AND a.last >= b.first)",
                [], |row| row.get(0)).expect("reads");
            prop_assert!(!overlaps);
        }
    }
}
