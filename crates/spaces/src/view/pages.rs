//! Pages: where they stand, and what is read of the updates that their texts are made of (`written` says which count).
//!
//! Whoever has read a page's text up to a number reads on from there. `page_state.floor` is where such numbers begin: an update
//! that counted before does not any more, so whoever has read less must read all anew. `page_state.again` is the same, but what
//! does not count is said again by another update, so most likely the text is what it was.

use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::registers::{ORDER, PAGE_PARENT, RESOLVED, TITLE};
use super::written::{end_of, is_said_again_by_others, left_alone};
use super::{Result, View, boards, clock_of, device_at, entry_at, group_at, search, sql_clock};
use crate::model::Kind;
use crate::model::update::{Run, UpdateError, read_runs};

/// Bytes of the updates of one page.
pub(crate) const PAGE_BYTES: i64 = 32 << 20;
/// Ops on one page, as Loro counts them: each letter that was ever written is one.
pub(crate) const PAGE_OPS: i64 = 8 << 20;
/// Which updates count, for a query over `page_update`.
const COUNTS: &str = "refused IS NULL AND NOT beyond AND bad IS NULL";

/// A page as it lies in the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageRow {
    pub(crate) hash: EntryHash,
    pub(crate) made: Hlc,
    pub(crate) person: GroupId,
    pub(crate) title: Option<String>,
    pub(crate) parent: Option<EntryHash>,
    pub(crate) order: String,
    pub(crate) archived: bool,
    /// When something was last written on it, and by whom.
    pub(crate) written: Option<(Hlc, GroupId)>,
}

/// An update that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UpdateRow {
    pub(crate) number: i64,
    pub(crate) hash: EntryHash,
    pub(crate) author: DeviceId,
    pub(crate) bytes: Vec<u8>,
}

/// When and by whom an update that counts was written, or those that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenRow {
    pub(crate) hash: EntryHash,
    pub(crate) began: Hlc,
    pub(crate) ended: Hlc,
    pub(crate) author: DeviceId,
    pub(crate) person: GroupId,
    /// How many it is.
    pub(crate) updates: u32,
}

/// From which number on whoever has read a page may read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Floors {
    /// Below it something is read that does not count.
    pub(crate) floor: i64,
    /// Below it something is read that is said again by another update.
    pub(crate) again: i64,
}

/// An update that a device wrote on a page and that no other stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnUpdate {
    pub(crate) seq: u64,
    pub(crate) clock: Hlc,
    /// The ops that are in it, if it counts and its entry says nothing else.
    pub(crate) runs: Option<Vec<Run>>,
}

/// A page's text as it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextRow {
    /// Up to which number.
    pub(crate) number: i64,
    /// The document, as Loro keeps it.
    pub(crate) snapshot: Vec<u8>,
    /// Updates up to that number that are not in it, because they go on from what is not here.
    pub(crate) waiting: Vec<EntryHash>,
}

fn columns() -> String {
    let register = |field| {
        format!(
            "SELECT value FROM register r WHERE r.space = o.space AND r.object = o.hash AND r.field = '{field}'
             AND r.person = x''"
        )
    };
    let last = |column| {
        format!(
            "SELECT u.{column} FROM page_update u WHERE u.space = o.space AND u.page = o.hash AND {COUNTS}
             ORDER BY u.ended DESC, u.hash DESC LIMIT 1"
        )
    };
    format!(
        "o.hash, o.clock, o.person, ({}), ({}), COALESCE(({}), ''), COALESCE(({}), 0), ({}), ({})",
        register(TITLE),
        register(PAGE_PARENT),
        register(ORDER),
        register(RESOLVED),
        last("ended"),
        last("person")
    )
}

fn page(row: &Row<'_>) -> rusqlite::Result<PageRow> {
    let parent = row.get::<_, Option<Vec<u8>>>(4)?.and_then(|parent| <[u8; 32]>::try_from(parent).ok());
    let written = row.get::<_, Option<i64>>(7)?;
    let written = written.map(|clock| group_at(row, 8).map(|person| (clock_of(clock), person))).transpose()?;
    Ok(PageRow {
        hash: entry_at(row, 0)?,
        made: clock_of(row.get(1)?),
        person: group_at(row, 2)?,
        title: row.get(3)?,
        parent: parent.map(EntryHash::from_bytes),
        order: row.get(5)?,
        archived: row.get(6)?,
        written,
    })
}

fn update(row: &Row<'_>) -> rusqlite::Result<UpdateRow> {
    Ok(UpdateRow { number: row.get(0)?, hash: entry_at(row, 1)?, author: device_at(row, 2)?, bytes: row.get(3)? })
}

fn floors(connection: &Connection, space: &GroupId, page: &EntryHash) -> rusqlite::Result<Floors> {
    let mut statement = connection.prepare_cached(
        "SELECT MAX(COALESCE((SELECT floor FROM change WHERE space = ?1), 0), COALESCE(MAX(floor), 0)), COALESCE(MAX(again), 0)
         FROM page_state WHERE space = ?1 AND page = ?2",
    )?;
    statement.query_row(params![space.as_bytes(), page.as_bytes()], |row| {
        Ok(Floors { floor: row.get(0)?, again: row.get(1)? })
    })
}

impl View {
    /// The pages of `space`, in the order of their places, at most `limit`.
    pub(crate) fn pages(&self, space: &GroupId, limit: usize) -> Result<Vec<PageRow>> {
        let connection = self.lock();
        let sql =
            format!("SELECT {} FROM shown o WHERE o.space = ?1 AND o.kind = ?2 ORDER BY 6, 1 LIMIT ?3", columns());
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![space.as_bytes(), Kind::Page.number(), limit as i64], page)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One page, if it was made in `space`.
    pub(crate) fn page(&self, space: &GroupId, hash: &EntryHash) -> Result<Option<PageRow>> {
        let connection = self.lock();
        let sql = format!("SELECT {} FROM shown o WHERE o.hash = ?2 AND o.space = ?1 AND o.kind = ?3", columns());
        let found = params![space.as_bytes(), hash.as_bytes(), Kind::Page.number()];
        Ok(connection.prepare_cached(&sql)?.query_row(found, page).optional()?)
    }

    /// Where numbers begin that say how far a page was read: for the space, and for the page.
    pub(crate) fn page_floors(&self, space: &GroupId, page: &EntryHash) -> Result<Floors> {
        Ok(floors(&self.lock(), space, page)?)
    }

    /// What is said again of a page is not what it was: whoever has read less reads all anew.
    pub(crate) fn begin_page_again(&self, space: &GroupId, page: &EntryHash) -> Result<()> {
        self.lock()
            .prepare_cached("UPDATE page_state SET floor = MAX(floor, again) WHERE space = ?1 AND page = ?2")?
            .execute(params![space.as_bytes(), page.as_bytes()])?;
        Ok(())
    }

    /// The updates of a page that count and whose numbers are above `after`, in the order in which they were begun.
    pub(crate) fn page_updates(&self, space: &GroupId, page: &EntryHash, after: i64) -> Result<Vec<UpdateRow>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT number, hash, author, bytes FROM page_update WHERE space = ?1 AND page = ?2 AND number > ?3 AND {COUNTS}
             ORDER BY began, hash"
        ))?;
        let rows = statement.query_map(params![space.as_bytes(), page.as_bytes(), after], update)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Updates that could not be read until now are there: whoever has read the page further reads them, too.
    pub(crate) fn renumber_updates(&self, space: &GroupId, hashes: &[EntryHash]) -> Result<()> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for hash in hashes {
            let number = boards::next_number(&transaction, space)?;
            transaction
                .prepare_cached("UPDATE page_update SET number = ?2 WHERE hash = ?1")?
                .execute(params![hash.as_bytes(), number])?;
        }
        Ok(transaction.commit()?)
    }

    /// Those of a page's updates that are named and count.
    pub(crate) fn page_updates_of(&self, hashes: &[EntryHash]) -> Result<Vec<UpdateRow>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT number, hash, author, bytes FROM page_update WHERE hash = ?1 AND {COUNTS}"
        ))?;
        let mut rows = Vec::new();
        for hash in hashes {
            rows.extend(statement.query_row([hash.as_bytes()], update).optional()?);
        }
        Ok(rows)
    }

    /// Who wrote when on a page: device by device, person by person, and each one's in order.
    pub(crate) fn page_written(&self, space: &GroupId, page: &EntryHash) -> Result<Vec<WrittenRow>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT hash, began, ended, author, person, updates FROM page_update WHERE space = ?1 AND page = ?2 AND {COUNTS}
             ORDER BY author, person, began, place, seq"
        ))?;
        let row = |row: &Row<'_>| {
            Ok(WrittenRow {
                hash: entry_at(row, 0)?,
                began: clock_of(row.get(1)?),
                ended: clock_of(row.get(2)?),
                author: device_at(row, 3)?,
                person: group_at(row, 4)?,
                updates: row.get(5)?,
            })
        };
        let rows = statement.query_map(params![space.as_bytes(), page.as_bytes()], row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The pages of a space on which a device has at least so many updates from before a time that count and that no other stands
    /// for, and which are at most half full.
    pub(crate) fn squashable(
        &self,
        space: &GroupId,
        author: &DeviceId,
        until: Hlc,
        least: usize,
    ) -> Result<Vec<EntryHash>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT u.page FROM page_update u JOIN page_state s USING (space, page) WHERE u.space = ?1 AND u.author = ?2
             AND u.form = 0 AND u.clock < ?3 AND {COUNTS} AND 2 * s.bytes <= ?5 AND 2 * s.ops <= ?6
             GROUP BY u.page HAVING COUNT(*) >= ?4"
        ))?;
        let key = params![space.as_bytes(), author.as_bytes(), sql_clock(until), least as i64, PAGE_BYTES, PAGE_OPS];
        let rows = statement.query_map(key, |row| entry_at(row, 0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The updates of a device on a page that no other stands for, in the order of their places.
    pub(crate) fn own_updates(&self, space: &GroupId, page: &EntryHash, author: &DeviceId) -> Result<Vec<OwnUpdate>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT seq, clock, form = 0 AND {COUNTS}, bytes FROM page_update INDEXED BY page_update_log
             WHERE space = ?1 AND page = ?2 AND author = ?3 AND refused IS NOT ?4 ORDER BY place, seq"
        ))?;
        let again = UpdateError::Again.to_string();
        let rows =
            statement.query_map(params![space.as_bytes(), page.as_bytes(), author.as_bytes(), again], |row| {
                let runs =
                    if row.get(2)? { read_runs(row.get_ref(3)?.as_blob().unwrap_or_default()).ok() } else { None };
                Ok(OwnUpdate { seq: row.get::<_, i64>(0)? as u64, clock: clock_of(row.get(1)?), runs })
            })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Where the ops of one of Loro's peers on a page end, if they are this author's.
    pub(crate) fn page_end(&self, space: &GroupId, page: &EntryHash, author: &DeviceId, peer: u64) -> Result<u32> {
        end_of(&self.lock(), space, page, author, peer, i64::MAX)
    }

    /// Whether a page holds so many more bytes and ops.
    pub(crate) fn page_has_room(&self, space: &GroupId, page: &EntryHash, bytes: usize, ops: i64) -> Result<bool> {
        let there: Option<(i64, i64)> = self
            .lock()
            .prepare_cached("SELECT bytes, ops FROM page_state WHERE space = ?1 AND page = ?2")?
            .query_row(params![space.as_bytes(), page.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (there, were) = there.unwrap_or_default();
        Ok(there + bytes as i64 <= PAGE_BYTES && were + ops <= PAGE_OPS)
    }

    /// Notes that an update cannot be part of a page, which nobody was told to be; `adrift`: it may be for what it goes on from.
    /// Its author's later ones are not read once that has happened a few times. Who that is, if it is surely their doing.
    pub(crate) fn mark_bad_update(
        &self,
        space: &GroupId,
        page: &EntryHash,
        hash: &EntryHash,
        why: &str,
        adrift: bool,
    ) -> Result<Option<DeviceId>> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let marked = transaction
            .prepare_cached("UPDATE page_update SET bad = ?2, adrift = ?3 WHERE hash = ?1 RETURNING author, seq")?
            .query_row(params![hash.as_bytes(), why, adrift], |row| Ok((device_at(row, 0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        let Some((author, seq)) = marked else { return Ok(None) };
        if let Some(adrift) = left_alone(&transaction, space, page, &author)? {
            let key = params![space.as_bytes(), page.as_bytes(), author.as_bytes(), seq, why, adrift];
            transaction
                .prepare_cached(
                    "UPDATE page_update SET bad = ?5, adrift = ?6 WHERE space = ?1 AND page = ?2 AND author = ?3 AND seq > ?4
                     AND bad IS NULL",
                )?
                .execute(key)?;
        }
        let theirs = !adrift || !is_said_again_by_others(&transaction, space, page, &author)?;
        transaction.commit()?;
        Ok(Some(author).filter(|_| theirs))
    }

    /// What was kept of a page's text cannot be used.
    pub(crate) fn forget_page_text(&self, space: &GroupId, page: &EntryHash) -> Result<()> {
        self.lock()
            .prepare_cached("DELETE FROM page_text WHERE space = ?1 AND page = ?2")?
            .execute(params![space.as_bytes(), page.as_bytes()])?;
        Ok(())
    }

    /// The text of a page as it was last read, unless it has to be read anew.
    pub(crate) fn page_text(&self, space: &GroupId, page: &EntryHash) -> Result<Option<TextRow>> {
        let found = self
            .lock()
            .prepare_cached("SELECT number, snapshot, waiting FROM page_text WHERE space = ?1 AND page = ?2")?
            .query_row(params![space.as_bytes(), page.as_bytes()], |row| {
                let (waiting, _) = row.get_ref(2)?.as_blob().unwrap_or_default().as_chunks::<32>();
                let waiting = waiting.iter().map(|hash| EntryHash::from_bytes(*hash)).collect();
                Ok(TextRow { number: row.get(0)?, snapshot: row.get(1)?, waiting })
            })
            .optional()?;
        Ok(found)
    }

    /// Keeps a page's text as it was read up to a number, if nothing before that has to be read anew. It can be found by its
    /// words from now on.
    pub(crate) fn keep_page_text(&self, space: &GroupId, page: &EntryHash, kept: &TextRow, words: &str) -> Result<()> {
        let waiting: Vec<u8> = kept.waiting.iter().flat_map(|hash| hash.as_bytes()).copied().collect();
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let Floors { floor, again } = floors(&transaction, space, page)?;
        if kept.number < floor.max(again) {
            return Ok(());
        }
        let changed = transaction
            .prepare_cached(
                "INSERT INTO page_text VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (space, page) DO UPDATE SET number = excluded.number, snapshot = excluded.snapshot,
                 words = excluded.words, waiting = excluded.waiting WHERE excluded.number >= page_text.number",
            )?
            .execute(params![space.as_bytes(), page.as_bytes(), kept.number, kept.snapshot, words, waiting])?;
        if changed > 0 {
            search::note_objects(&transaction, space, std::iter::once(page))?;
        }
        transaction.commit()?;
        self.readers.tell_noted();
        Ok(())
    }

    /// The pages whose text was not read up to their last update, in all spaces.
    pub(crate) fn unread_pages(&self) -> Result<Vec<(GroupId, EntryHash)>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT o.space, o.hash FROM shown o WHERE o.kind = ?1 AND
             (SELECT MAX(number) FROM page_update u WHERE u.space = o.space AND u.page = o.hash AND {COUNTS})
             > COALESCE((SELECT number FROM page_text t WHERE t.space = o.space AND t.page = o.hash), -1)"
        ))?;
        let rows = statement.query_map([Kind::Page.number()], |row| Ok((group_at(row, 0)?, entry_at(row, 1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// All updates of a page and why those do not count that do not, for tests: whatever came first, this is the same.
    #[cfg(test)]
    pub(crate) fn page_verdicts(
        &self,
        space: &GroupId,
        page: &EntryHash,
    ) -> Result<Vec<(EntryHash, Option<String>, bool)>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT hash, refused, beyond FROM page_update WHERE space = ?1 AND page = ?2 ORDER BY clock, hash",
        )?;
        let rows = statement.query_map(params![space.as_bytes(), page.as_bytes()], |row| {
            Ok((entry_at(row, 0)?, row.get(1)?, row.get(2)?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
