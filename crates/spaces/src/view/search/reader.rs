//! Connections that only read, and the names that are looked up with every search.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use compeer_core::{EntryHash, GroupId};
use rusqlite::{Connection, InterruptHandle, OpenFlags, params};
use tokio::sync::Notify;

use super::super::registers::TITLE;
use super::super::{Result, View, entry_at, group_at};
use crate::model::Kind;
use crate::search::names::Name;

/// Connections that are kept for the next search.
const KEPT: usize = 4;

/// What searching needs besides the tables.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// Counts changes of names.
    changes: AtomicU64,
    names: Mutex<Option<(u64, Arc<Names>)>>,
    /// Told when something is noted that is to be indexed.
    noted: Notify,
    /// Documents taken out of the index since it was last up to date.
    taken_out: AtomicUsize,
    /// Something was taken out that may still lie in the log of the file.
    in_log: AtomicBool,
}

/// All names, as they are compared.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Of each person in each space.
    pub(crate) people: Vec<Name<GroupId>>,
    pub(crate) spaces: Vec<Name<GroupId>>,
    pub(crate) topics: Vec<Name<EntryHash>>,
}

/// Ends a search from outside.
#[derive(Default)]
pub(crate) struct Stop {
    stopped: AtomicBool,
    running: Mutex<Option<InterruptHandle>>,
}

impl Stop {
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        if let Some(handle) = &*self.running.lock().unwrap_or_else(PoisonError::into_inner) {
            handle.interrupt();
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn set(&self, handle: Option<InterruptHandle>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = handle;
    }
}

impl Readers {
    pub(in super::super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::default(),
            changes: AtomicU64::new(0),
            names: Mutex::default(),
            noted: Notify::new(),
            taken_out: AtomicUsize::new(0),
            in_log: AtomicBool::new(false),
        }
    }

    /// Where the file is.
    pub(in super::super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Names are others now.
    pub(in super::super) fn names_changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Something is noted, and committed.
    pub(in super::super) fn tell_noted(&self) {
        self.noted.notify_one();
    }

    pub(super) fn taken_out(&self) -> usize {
        self.taken_out.load(Ordering::SeqCst)
    }

    pub(super) fn set_taken_out(&self, count: usize) {
        self.taken_out.store(count, Ordering::SeqCst);
    }

    pub(super) fn tell_in_log(&self) {
        self.in_log.store(true, Ordering::SeqCst);
    }

    pub(super) fn was_in_log(&self) -> bool {
        self.in_log.swap(false, Ordering::SeqCst)
    }

    fn take(&self) -> Result<Connection> {
        if let Some(connection) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(connection);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.execute_batch("PRAGMA busy_timeout = 1000;")?;
        connection.set_prepared_statement_cache_capacity(16);
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
    }
}

impl View {
    /// Returns once something is noted that is to be indexed.
    pub(crate) async fn noted(&self) {
        self.readers.noted.notified().await;
    }

    /// Runs `work` on a connection that only reads, and on one state of the file. Once `stop` is told to, it fails soon.
    pub(crate) fn read<T>(&self, stop: &Stop, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let connection = self.readers.take()?;
        stop.set(Some(connection.get_interrupt_handle()));
        let result = (|| {
            let reading = connection.unchecked_transaction()?;
            let result = work(&reading)?;
            reading.finish()?;
            Ok(result)
        })();
        // Taken back first, so that what comes late ends nobody else's search.
        stop.set(None);
        if result.is_ok() {
            self.readers.give_back(connection);
        }
        result
    }

    /// All names, read anew only when one has changed.
    pub(crate) fn names(&self, stop: &Stop) -> Result<Arc<Names>> {
        // Looked at before reading: what changes meanwhile is read the next time.
        let changes = self.readers.changes.load(Ordering::SeqCst);
        let known = self.readers.names.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, names)) = known.filter(|(of, _)| *of == changes) {
            return Ok(names);
        }
        let names = Arc::new(self.read(stop, read_names)?);
        *self.readers.names.lock().unwrap_or_else(PoisonError::into_inner) = Some((changes, Arc::clone(&names)));
        Ok(names)
    }
}

fn read_names(connection: &Connection) -> Result<Names> {
    let people = connection
        .prepare("SELECT space, person, name FROM profile ORDER BY own DESC, clock DESC, hash DESC")?
        .query_map([], |row| Ok(Name::new(group_at(row, 0)?, group_at(row, 1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let spaces = connection
        .prepare("SELECT space, name FROM name ORDER BY space")?
        .query_map([], |row| Ok(Name::new(group_at(row, 0)?, group_at(row, 0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let topics = connection
        .prepare(
            "SELECT o.space, o.hash, r.value FROM shown o JOIN register r ON r.space = o.space AND r.object = o.hash
             AND r.field = ?2 AND r.person = x'' WHERE o.kind = ?1 ORDER BY o.clock DESC, o.hash DESC",
        )?
        .query_map(params![Kind::Topic.number(), TITLE], |row| {
            Ok(Name::new(group_at(row, 0)?, entry_at(row, 1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Names { people, spaces, topics })
}
