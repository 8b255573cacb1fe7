//! Numbers of a log of which nothing is here, although entries behind them are: they were pruned, or whoever sent the log left
//! them out. What no entry that counts prunes is *lacking*, like a body that nothing drops. All but [`lacking`] and
//! [`last_lacking`] run inside the engine's transaction.
//!
//! The last entry of a log is always here, so behind a hole there is one whose header names the hash of what is missing.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

/// Consecutive numbers of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) lacking: bool,
}

/// Takes note that nothing is here of these numbers.
pub(crate) fn add(db: &Connection, log: i64, hole: Hole) -> Result<()> {
    set(db, log, hole.first, hole.last, None)?;
    put(db, log, hole)
}

/// Something is here of these numbers now.
pub(crate) fn remove(db: &Connection, log: i64, first: u64, last: u64) -> Result<()> {
    set(db, log, first, last, None)
}

/// What is missing of these numbers is accounted for.
pub(crate) fn account(db: &Connection, log: i64, first: u64, last: u64) -> Result<()> {
    set(db, log, first, last, Some(false))
}

/// Nothing that is missing of a log is accounted for until [`account`] says so again. Whether anything is missing.
pub(crate) fn account_anew(db: &Connection, log: i64) -> Result<bool> {
    let holes = overlapping(db, log, 0, u64::MAX >> 1)?;
    for hole in &holes {
        set(db, log, hole.first, hole.last, Some(true))?;
    }
    Ok(!holes.is_empty())
}

/// Whether the entry of this number is missing, and not accounted for.
pub(crate) fn is_lacking(db: &Connection, log: i64, seq: u64) -> Result<bool> {
    Ok(overlapping(db, log, seq, seq)?.first().is_some_and(|hole| hole.lacking))
}

/// The first number from `from` on that is lacking.
pub(crate) fn lacking(db: &Connection, log: i64, from: u64) -> Result<Option<u64>> {
    let sql = "SELECT first FROM hole INDEXED BY hole_lacking WHERE log = ?1 AND last >= ?2 AND lacking
        ORDER BY last LIMIT 1";
    let found: Option<i64> =
        db.prepare_cached(sql)?.query_row([log, from.cast_signed()], |row| row.get(0)).optional()?;
    Ok(found.map(|first| first.cast_unsigned().max(from)))
}

/// The last number up to `to` that is lacking.
pub(crate) fn last_lacking(db: &Connection, log: i64, to: u64) -> Result<Option<u64>> {
    let sql = "SELECT last FROM hole WHERE log = ?1 AND first <= ?2 AND lacking ORDER BY first DESC LIMIT 1";
    let to_sql = i64::try_from(to).unwrap_or(i64::MAX);
    let found: Option<i64> = db.prepare_cached(sql)?.query_row([log, to_sql], |row| row.get(0)).optional()?;
    Ok(found.map(|last| last.cast_unsigned().min(to)))
}

/// Sets what is missing of these numbers to lacking or not, or takes it out.
fn set(db: &Connection, log: i64, first: u64, last: u64, lacking: Option<bool>) -> Result<()> {
    for hole in overlapping(db, log, first, last)? {
        db.prepare_cached("DELETE FROM hole WHERE log = ?1 AND first = ?2")?
            .execute([log, hole.first.cast_signed()])?;
        if hole.first < first {
            put(db, log, Hole { last: first - 1, ..hole })?;
        }
        if hole.last > last {
            put(db, log, Hole { first: last + 1, ..hole })?;
        }
        if let Some(lacking) = lacking {
            put(db, log, Hole { first: hole.first.max(first), last: hole.last.min(last), lacking })?;
        }
    }
    Ok(())
}

/// Writes a hole that overlaps none, as one with those beside it that are of its kind.
fn put(db: &Connection, log: i64, hole: Hole) -> Result<()> {
    let Hole { mut first, mut last, lacking } = hole;
    for near in overlapping(db, log, first.saturating_sub(1), last + 1)? {
        if near.lacking == lacking {
            db.prepare_cached("DELETE FROM hole WHERE log = ?1 AND first = ?2")?
                .execute([log, near.first.cast_signed()])?;
            (first, last) = (first.min(near.first), last.max(near.last));
        }
    }
    db.prepare_cached("INSERT INTO hole (log, first, last, lacking) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        log,
        first.cast_signed(),
        last.cast_signed(),
        lacking
    ])?;
    Ok(())
}

/// Holes that have one of these numbers, in order.
fn overlapping(db: &Connection, log: i64, first: u64, last: u64) -> Result<Vec<Hole>> {
    let sql = "SELECT first, last, lacking FROM hole WHERE log = ?1 AND last >= ?2 AND first <= ?3
        AND first >= COALESCE((SELECT MAX(first) FROM hole WHERE log = ?1 AND first <= ?2), 0) ORDER BY first";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([log, first.cast_signed(), last.cast_signed()], |row| {
        let number = |at| Ok::<u64, rusqlite::Error>(row.get::<_, i64>(at)?.cast_unsigned());
        Ok(Hole { first: number(0)?, last: number(1)?, lacking: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is added, taken out and accounted for: it is the same as numbers kept one by one.
        #[test]
        fn holes_are_sets_of_numbers(steps in prop::collection::vec((0u8..5, 0u64..30, 0u64..12), 1..24)) {
            let dir = tempfile::tempdir().expect("folder");
            let db = super::super::open(dir.path(), false).expect("opens").db;
            let mut numbers = std::collections::BTreeMap::new();
            for (what, first, more) in steps {
                let last = first + more;
                match what {
                    0 | 1 => {
                        add(&db, 1, Hole { first, last, lacking: what == 1 }).expect("added");
                        numbers.extend((first..=last).map(|seq| (seq, what == 1)));
                    }
                    2 => {
                        remove(&db, 1, first, last).expect("removed");
                        numbers.retain(|seq, _| !(first..=last).contains(seq));
                    }
                    3 => {
                        account(&db, 1, first, last).expect("accounted for");
                        numbers.range_mut(first..=last).for_each(|(_, lacking)| *lacking = false);
                    }
                    _ => {
                        let any = account_anew(&db, 1).expect("anew");
                        prop_assert_eq!(any, !numbers.is_empty());
                        numbers.values_mut().for_each(|lacking| *lacking = true);
                    }
                }
                for seq in 0..50 {
                    prop_assert_eq!(is_lacking(&db, 1, seq).expect("reads"), numbers.get(&seq) == Some(&true), "{}", seq);
                    let next = numbers.range(seq..).find(|(_, lacking)| **lacking).map(|(seq, _)| *seq);
                    prop_assert_eq!(lacking(&db, 1, seq).expect("reads"), next);
                    let last = numbers.range(..=seq).rfind(|(_, lacking)| **lacking).map(|(seq, _)| *seq);
                    prop_assert_eq!(last_lacking(&db, 1, seq).expect("reads"), last);
                }
            }
            let apart = "SELECT NOT EXISTS (SELECT 1 FROM hole a JOIN hole b ON a.first < b.first
                AND (a.last >= b.first OR (a.last + 1 = b.first AND a.lacking = b.lacking)))";
            prop_assert!(db.query_row(apart, [], |row| row.get::<_, bool>(0)).expect("reads"), "overlaps, or two in a row");
        }
    }
}
