//! What this device wrote and nobody counts: it had been removed, or might write no longer, and did not know it yet.
//!
//! It is shown to whoever wrote it until they say it again or give it up. Messages stand among the others of their time.

use compeer_core::{EntryHash, GroupId};
use compeer_journal::Opened;
use rusqlite::{Transaction, params};

use super::apply::{Reader, Source, Words};
use super::{Result, View, entry_at, sql_clock};
use crate::model::Op;

/// One message or file that reached nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undelivered {
    pub(crate) entry: EntryHash,
    /// The file's name; `None` for a message.
    pub(crate) file: Option<String>,
}

impl View {
    /// What of `space` is undelivered, and was neither said again nor given up; oldest first.
    pub(crate) fn undelivered(&self, space: &GroupId) -> Result<Vec<Undelivered>> {
        let connection = self.lock();
        let sql = "SELECT hash, file FROM undelivered WHERE space = ?1 ORDER BY clock, hash";
        let mut statement = connection.prepare_cached(sql)?;
        let one = |row: &rusqlite::Row<'_>| Ok(Undelivered { entry: entry_at(row, 0)?, file: row.get(1)? });
        let rows = statement.query_map([space.as_bytes()], one)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many that are.
    pub(crate) fn count_undelivered(&self, space: &GroupId) -> Result<u64> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT count(*) FROM undelivered WHERE space = ?1")?;
        Ok(statement.query_row([space.as_bytes()], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    /// Shows these no more, whatever is rebuilt: they were said again, or given up.
    pub(crate) fn settle_undelivered(&self, space: &GroupId, entries: &[EntryHash]) -> Result<()> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for entry in entries {
            let row = params![space.as_bytes(), entry.as_bytes()];
            transaction.prepare_cached("INSERT OR IGNORE INTO given_up VALUES (?1, ?2)")?.execute(row)?;
            let gone =
                transaction.prepare_cached("DELETE FROM undelivered WHERE space = ?1 AND hash = ?2")?.execute(row)?;
            if gone > 0 {
                transaction.prepare_cached("DELETE FROM message WHERE space = ?1 AND hash = ?2")?.execute(row)?;
            }
        }
        super::search::note_objects(&transaction, space, entries.iter())?;
        transaction.commit()?;
        self.readers.tell_noted();
        Ok(())
    }
}

/// Puts what counts for nothing into an emptied view. What else than messages and files it may be says nothing that its
/// author would miss.
pub(super) fn show(transaction: &Transaction<'_>, space: &GroupId, voided: &[Opened]) -> Result<()> {
    for entry in voided {
        let (Some(source), Ok(op)) = (Source::of(space, entry), Op::decode(&entry.plain)) else { continue };
        let file = match &op {
            Op::Message { .. } => None,
            Op::File { name, .. } => Some(name.clone()),
            _ => continue,
        };
        let row = params![space.as_bytes(), entry.hash.as_bytes(), sql_clock(entry.clock), file];
        let sql = "INSERT INTO undelivered SELECT ?1, ?2, ?3, ?4
             WHERE NOT EXISTS (SELECT 1 FROM given_up WHERE space = ?1 AND entry = ?2)";
        let shown = transaction.prepare_cached(sql)?.execute(row)?;
        // Nothing of mine is unread.
        let author = Reader { person: source.person, name: String::new(), since: compeer_core::Hlc::default() };
        if let (1, Op::Message { text, nonce, file, reply, place }) = (shown, op) {
            let words =
                Words { text: &text, nonce: nonce.as_deref(), file: file.as_ref(), reply: reply.as_ref(), place };
            super::apply::insert_message(transaction, &source, &words, &author)?;
        }
    }
    Ok(())
}
