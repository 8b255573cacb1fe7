//! What is lacking of a log: bodies of entries that are here ([`super::drops`]), and whole entries ([`super::holes`]).

use rusqlite::Connection;

use super::{StoreError, drops, holes};

/// The first number of a log from `from` on of which something is lacking.
pub(crate) fn first(db: &Connection, log: i64, from: u64) -> Result<Option<u64>, StoreError> {
    let (body, entry) = (drops::lacking(db, log, from)?, holes::lacking(db, log, from)?);
    Ok(body.into_iter().chain(entry).min())
}

/// The same for the last one of number `to` or less.
pub(crate) fn last(db: &Connection, log: i64, to: u64) -> Result<Option<u64>, StoreError> {
    Ok(drops::last_lacking(db, log, to)?.max(holes::last_lacking(db, log, to)?))
}
