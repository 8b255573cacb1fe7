//! The read connections: a few, opened when needed, each used by one caller at a time.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::{StoreError, entry_id, lacking, log_range};
use crate::run::RawEntry;

/// Connections that are kept open when nobody reads.
const KEPT: usize = 3;
/// Bytes of bodies after which a page of the feed ends.
pub(crate) const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// The read connections.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Option<Vec<Connection>>>,
}

/// An entry of the feed.
pub(crate) struct Fed {
    pub(crate) position: u64,
    pub(crate) header: Vec<u8>,
    pub(crate) body: Option<Vec<u8>>,
}

/// What lies in the feed from a position on.
pub(crate) struct FedPage {
    /// The generation that the file has.
    pub(crate) generation: u64,
    pub(crate) entries: Vec<Fed>,
    /// Whether there is more up to the end that was asked for.
    pub(crate) more: bool,
}

impl Readers {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Some(Vec::new())) }
    }

    /// Closes them; later reads fail with `None`.
    pub(crate) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Lends a connection to `work`; `None` after [`close`](Self::close).
    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Option<Result<T, StoreError>> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).as_mut()?.pop();
        let db = match kept.map_or_else(|| self.open(), Ok) {
            Ok(db) => db,
            Err(error) => return Some(Err(error)),
        };
        let result = work(&db);
        if let Some(idle) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
            && idle.len() < KEPT
        {
            idle.push(db);
        }
        Some(result)
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.path, flags)?;
        db.pragma_update(None, "cache_size", -2048)?;
        Ok(db)
    }

    /// The first entry of a log that is here from number `from` on, by its number, and those that follow it without a gap: at
    /// most `max_entries`, and none after the one that reaches `max_bytes`.
    pub(crate) fn run(
        &self,
        log: i64,
        from: u64,
        max_entries: usize,
        max_bytes: usize,
    ) -> Option<Result<(u64, Vec<RawEntry>), StoreError>> {
        self.with(|db| {
            let sql = "SELECT id, header, body FROM entry WHERE id >= ?1 AND id < ?2 ORDER BY id";
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([entry_id(log, from), log_range(log).end])?;
            let (mut first, mut next, mut entries, mut bytes) = (from, None, Vec::new(), 0);
            while entries.len() < max_entries && bytes < max_bytes {
                let Some(row) = rows.next()? else { break };
                let id: i64 = row.get(0)?;
                match next {
                    None => first = (id - log_range(log).start).cast_unsigned(),
                    Some(next) if next != id => break,
                    Some(_) => {}
                }
                next = Some(id + 1);
                let entry = RawEntry { header: row.get(1)?, body: row.get(2)? };
                bytes += entry.header.len() + entry.body.as_ref().map_or(0, Vec::len);
                entries.push(entry);
            }
            Ok((first, entries))
        })
    }

    /// The first entry of a log from number `from` on whose body is lacking, and the last of fewer than `span` behind it.
    pub(crate) fn lacking(&self, log: i64, from: u64, span: u64) -> Option<Result<Option<(u64, u64)>, StoreError>> {
        self.with(|db| {
            let Some(first) = lacking::first(db, log, from)? else { return Ok(None) };
            let last = lacking::last(db, log, first.saturating_add(span - 1))?;
            Ok(Some((first, last.unwrap_or(first).max(first))))
        })
    }

    /// The data of a log that is not in its topic's feed, oldest first.
    pub(crate) fn unfed(&self, topic: i64, log: i64) -> Option<Result<Vec<RawEntry>, StoreError>> {
        self.with(|db| {
            let sql = "SELECT header, body FROM entry WHERE id >= ?1 AND id < ?2 AND class = 2
                AND id NOT IN (SELECT entry FROM feed WHERE topic = ?3) ORDER BY id";
            let mut statement = db.prepare_cached(sql)?;
            let entry = |row: &rusqlite::Row<'_>| Ok(RawEntry { header: row.get(0)?, body: row.get(1)? });
            let rows = statement.query_map([log_range(log).start, log_range(log).end, topic], entry)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The feed of a topic from `from` on, at most up to `end` and at most `limit` entries.
    pub(crate) fn feed(&self, topic: i64, from: u64, end: u64, limit: usize) -> Option<Result<FedPage, StoreError>> {
        self.with(|db| {
            // One transaction, so that generation and entries belong together.
            let transaction = db.unchecked_transaction()?;
            let generation: i64 = transaction
                .prepare_cached("SELECT generation FROM topic WHERE id = ?1")?
                .query_row([topic], |row| row.get(0))?;
            let sql = "SELECT feed.position, entry.header, entry.body FROM feed JOIN entry ON entry.id = feed.entry
                WHERE feed.topic = ?1 AND feed.position >= ?2 AND feed.position < ?3 ORDER BY feed.position";
            let mut statement = transaction.prepare_cached(sql)?;
            let mut rows = statement.query([topic, from.cast_signed(), end.cast_signed()])?;
            let (mut entries, mut bytes, mut more) = (Vec::new(), 0, true);
            while entries.len() < limit && bytes < PAGE_BYTES {
                let Some(row) = rows.next()? else {
                    more = false;
                    break;
                };
                let body: Option<Vec<u8>> = row.get(2)?;
                bytes += body.as_ref().map_or(0, Vec::len);
                entries.push(Fed { position: row.get::<_, i64>(0)?.cast_unsigned(), header: row.get(1)?, body });
            }
            Ok(FedPage { generation: generation.cast_unsigned(), entries, more })
        })
    }
}
