//! Pages: where they stand, and the updates that their texts are made of.
//!
//! Which updates count is a function of the set of them. Each author's updates of a page are looked at in the order of the
//! author's log: their ops must be by numbers of that device, and go on for each number where it had ended. So nobody can write
//! two different ops under one id, and everybody refuses the same. Of those that are left, a page holds the first by (clock,
//! hash) up to [`PAGE_BYTES`] and [`PAGE_OPS`].
//!
//! Whoever has read a page's text up to a number reads on from there. `page_state.floor` is where such numbers begin: an update
//! that counted before does not any more, so whoever has read less must read all anew.

use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::apply::{Change, Source};
use super::registers::{ORDER, PAGE_PARENT, RESOLVED, TITLE};
use super::{Result, View, boards, clock_of, device_at, entry_at, group_at, search, sql_clock};
use crate::model::Kind;
use crate::model::update::{Run, UpdateError, is_peer_of, read_runs};

/// Bytes of the updates of one page.
pub(crate) const PAGE_BYTES: i64 = 32 << 20;
/// Ops on one page, as Loro counts them: each letter that was ever written is one.
pub(crate) const PAGE_OPS: i64 = 8 << 20;
/// Updates of one author that may break whoever reads a page before the rest is left alone.
const STRIKES: i64 = 3;
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

/// When and by whom an update that counts was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrittenRow {
    pub(crate) hash: EntryHash,
    pub(crate) clock: Hlc,
    pub(crate) author: DeviceId,
    pub(crate) person: GroupId,
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

/// Takes in a part of what is written on `page`. Whether it is new.
pub(super) fn write(
    transaction: &Transaction<'_>,
    source: &Source,
    page: &EntryHash,
    bytes: &[u8],
    changes: &mut Vec<Change>,
) -> Result<bool> {
    let runs = read_runs(bytes).unwrap_or_default();
    let ops: i64 = runs.iter().map(|run| i64::from(run.end - run.first)).sum();
    let number = boards::next_number(transaction, &source.space)?;
    let left_alone = strikes(transaction, &source.space, page, &source.author)? >= STRIKES;
    let new = transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO page_update VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, 0, ?12, ?11)",
        )?
        .execute(params![
            source.hash.as_bytes(),
            source.space.as_bytes(),
            page.as_bytes(),
            source.author.as_bytes(),
            source.seq as i64,
            sql_clock(source.clock),
            source.person.as_bytes(),
            bytes,
            bytes.len() as i64,
            ops,
            number,
            left_alone.then_some("its author's updates broke whoever read them")
        ])?;
    if new == 0 {
        return Ok(false);
    }
    claim(transaction, source, page, &runs)?;
    if let Some(error) = judge(transaction, source, page)? {
        changes.push(Change::Nonsense(source.author, error.to_string()));
    }
    if !bound(transaction, source, page)? {
        changes.push(Change::Nonsense(source.author, "writes more on a page than it holds".into()));
    }
    Ok(true)
}

/// Looks at a new update of an author and at those that come after it in the author's log. Why the new one is refused, if it is.
fn judge(transaction: &Transaction<'_>, source: &Source, page: &EntryHash) -> Result<Option<UpdateError>> {
    let (space, author) = (source.space.as_bytes(), source.author.as_bytes());
    let key = params![space, page.as_bytes(), author, source.seq as i64];
    transaction
        .prepare_cached("DELETE FROM page_run WHERE space = ?1 AND page = ?2 AND author = ?3 AND seq >= ?4")?
        .execute(key)?;
    let mut statement = transaction.prepare_cached(
        "SELECT hash, seq, bytes, refused FROM page_update WHERE space = ?1 AND page = ?2 AND author = ?3 AND seq >= ?4
         ORDER BY seq",
    )?;
    let mut rows = statement.query(key)?;
    let mut new = None;
    while let Some(row) = rows.next()? {
        let (hash, seq) = (entry_at(row, 0)?, row.get::<_, i64>(1)?);
        let before: Option<String> = row.get(3)?;
        let found = fits(transaction, source, page, &hash, seq, row.get_ref(2)?.as_blob().unwrap_or_default())?;
        let error = found.map(|error| error.to_string());
        if hash == source.hash {
            new = found;
        }
        if before != error {
            set_refused(transaction, source, page, &hash, error.as_deref())?;
            if before.is_none() && hash != source.hash {
                begin_anew(transaction, &source.space, page)?;
            }
        }
    }
    Ok(new)
}

/// Why an update does not go on where its author had ended; if it does, that is noted.
fn fits(
    transaction: &Transaction<'_>,
    source: &Source,
    page: &EntryHash,
    hash: &EntryHash,
    seq: i64,
    bytes: &[u8],
) -> Result<Option<UpdateError>> {
    let runs = match read_runs(bytes) {
        Ok(runs) => runs,
        Err(error) => return Ok(Some(error)),
    };
    for run in &runs {
        if !is_peer_of(run.peer, &source.author) && !is_said(transaction, source, page, hash, run.peer)? {
            return Ok(Some(UpdateError::Author));
        }
        if end_of(transaction, &source.space, page, &source.author, run.peer)? != run.first {
            return Ok(Some(UpdateError::Order));
        }
    }
    for run in runs {
        transaction.prepare_cached("INSERT INTO page_run VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            source.space.as_bytes(),
            page.as_bytes(),
            source.author.as_bytes(),
            run.peer as i64,
            seq,
            run.end
        ])?;
    }
    Ok(None)
}

/// Whether an update by others is imported, and none of them has written here, under that number, what says otherwise. Nobody
/// else can import to the same page, so nobody's ops are said by two.
fn is_said(
    transaction: &Transaction<'_>,
    source: &Source,
    page: &EntryHash,
    hash: &EntryHash,
    peer: u64,
) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM imported WHERE hash = ?1)
         AND NOT EXISTS (SELECT 1 FROM page_peer WHERE space = ?2 AND page = ?3 AND peer = ?4 AND author != ?5)";
    let key = params![hash.as_bytes(), source.space.as_bytes(), page.as_bytes(), peer as i64, source.author.as_bytes()];
    Ok(transaction.prepare_cached(sql)?.query_row(key, |row| row.get(0))?)
}

/// Notes that a device has written on a page under numbers of its own, whether that counts or not: what somebody else imported
/// there as its words does not from then on.
fn claim(transaction: &Transaction<'_>, source: &Source, page: &EntryHash, runs: &[Run]) -> Result<()> {
    let (space, author) = (source.space.as_bytes(), source.author.as_bytes());
    for run in runs.iter().filter(|run| is_peer_of(run.peer, &source.author)) {
        let key = params![space, page.as_bytes(), run.peer as i64, author];
        if transaction.prepare_cached("INSERT OR IGNORE INTO page_peer VALUES (?1, ?2, ?3, ?4)")?.execute(key)? == 0 {
            continue;
        }
        let others: Vec<(DeviceId, u64)> = transaction
            .prepare_cached(
                "SELECT author, MIN(seq) FROM page_run WHERE space = ?1 AND page = ?2 AND peer = ?3 AND author != ?4 GROUP BY author",
            )?
            .query_map(key, |row| Ok((device_at(row, 0)?, row.get::<_, i64>(1)? as u64)))?
            .collect::<rusqlite::Result<_>>()?;
        for (author, seq) in others {
            judge(transaction, &Source { author, seq, ..*source }, page)?;
        }
    }
    Ok(())
}

/// Where the ops of one of Loro's peers end.
fn end_of(connection: &Connection, space: &GroupId, page: &EntryHash, author: &DeviceId, peer: u64) -> Result<u32> {
    let end: Option<u32> = connection
        .prepare_cached(
            "SELECT until FROM page_run WHERE space = ?1 AND page = ?2 AND author = ?3 AND peer = ?4 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(params![space.as_bytes(), page.as_bytes(), author.as_bytes(), peer as i64], |row| row.get(0))
        .optional()?;
    Ok(end.unwrap_or_default())
}

/// Says why an update is refused, or that it is not. One that counts again is read again.
fn set_refused(
    transaction: &Transaction<'_>,
    source: &Source,
    page: &EntryHash,
    hash: &EntryHash,
    refused: Option<&str>,
) -> Result<()> {
    let number = boards::next_number(transaction, &source.space)?;
    transaction
        .prepare_cached("UPDATE page_update SET refused = ?2, number = ?3 WHERE hash = ?1")?
        .execute(params![hash.as_bytes(), refused, number])?;
    // What counts was counted when it came, or is from now on.
    let sign = if refused.is_none() { 1 } else { -1 };
    if *hash != source.hash {
        count(transaction, &source.space, page, hash, sign)?;
    }
    Ok(())
}

fn count(transaction: &Transaction<'_>, space: &GroupId, page: &EntryHash, hash: &EntryHash, sign: i64) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO page_state SELECT ?1, ?2, 0, ?4 * size, ?4 * ops FROM page_update WHERE hash = ?3
             ON CONFLICT (space, page) DO UPDATE SET bytes = bytes + excluded.bytes, ops = ops + excluded.ops",
        )?
        .execute(params![space.as_bytes(), page.as_bytes(), hash.as_bytes(), sign])?;
    Ok(())
}

/// Counts the new update; whether the page holds all of its updates. If not, those that were written last are beyond it.
fn bound(transaction: &Transaction<'_>, source: &Source, page: &EntryHash) -> Result<bool> {
    let (space, key) = (source.space.as_bytes(), page.as_bytes());
    let refused: bool = transaction
        .prepare_cached("SELECT refused IS NOT NULL FROM page_update WHERE hash = ?1")?
        .query_row([source.hash.as_bytes()], |row| row.get(0))?;
    if !refused {
        count(transaction, &source.space, page, &source.hash, 1)?;
    }
    let (bytes, ops): (i64, i64) = transaction
        .prepare_cached("SELECT bytes, ops FROM page_state WHERE space = ?1 AND page = ?2")?
        .query_row(params![space, key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .unwrap_or_default();
    if bytes <= PAGE_BYTES && ops <= PAGE_OPS {
        // Nothing is beyond, or what was is not any more, since something before it does not count.
        let back = "UPDATE page_update SET beyond = 0, number = ?3 WHERE space = ?1 AND page = ?2 AND beyond";
        let number = boards::next_number(transaction, &source.space)?;
        transaction.prepare_cached(back)?.execute(params![space, key, number])?;
        return Ok(true);
    }
    let mut statement = transaction.prepare_cached(
        "SELECT hash, size, ops, beyond FROM page_update WHERE space = ?1 AND page = ?2 AND refused IS NULL ORDER BY clock, hash",
    )?;
    let mut rows = statement.query(params![space, key])?;
    let (mut bytes, mut ops, mut full, mut anew) = (0, 0, false, false);
    while let Some(row) = rows.next()? {
        bytes += row.get::<_, i64>(1)?;
        ops += row.get::<_, i64>(2)?;
        full |= bytes > PAGE_BYTES || ops > PAGE_OPS;
        let before: bool = row.get(3)?;
        if before != full {
            let hash = entry_at(row, 0)?;
            let number = boards::next_number(transaction, &source.space)?;
            transaction
                .prepare_cached("UPDATE page_update SET beyond = ?2, number = ?3 WHERE hash = ?1")?
                .execute(params![hash.as_bytes(), full, number])?;
            anew |= full && hash != source.hash;
        }
    }
    if anew {
        begin_anew(transaction, &source.space, page)?;
    }
    Ok(false)
}

/// Something does not count any more: whoever has read the page reads it anew.
fn begin_anew(connection: &Connection, space: &GroupId, page: &EntryHash) -> Result<()> {
    let number = boards::next_number(connection, space)?;
    connection
        .prepare_cached(
            "INSERT INTO page_state VALUES (?1, ?2, ?3, 0, 0) ON CONFLICT (space, page) DO UPDATE SET floor = excluded.floor",
        )?
        .execute(params![space.as_bytes(), page.as_bytes(), number])?;
    connection
        .prepare_cached("DELETE FROM page_text WHERE space = ?1 AND page = ?2")?
        .execute(params![space.as_bytes(), page.as_bytes()])?;
    Ok(())
}

/// How many updates of an author on a page cannot be read.
fn strikes(connection: &Connection, space: &GroupId, page: &EntryHash, author: &DeviceId) -> Result<i64> {
    Ok(connection
        .prepare_cached(
            "SELECT COUNT(*) FROM page_update WHERE space = ?1 AND page = ?2 AND author = ?3 AND bad IS NOT NULL",
        )?
        .query_row(params![space.as_bytes(), page.as_bytes(), author.as_bytes()], |row| row.get(0))?)
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
             ORDER BY u.clock DESC, u.hash DESC LIMIT 1"
        )
    };
    format!(
        "o.hash, o.clock, o.person, ({}), ({}), COALESCE(({}), ''), COALESCE(({}), 0), ({}), ({})",
        register(TITLE),
        register(PAGE_PARENT),
        register(ORDER),
        register(RESOLVED),
        last("clock"),
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
    pub(crate) fn page_floor(&self, space: &GroupId, page: &EntryHash) -> Result<i64> {
        let connection = self.lock();
        let floor: Option<i64> = connection
            .prepare_cached(
                "SELECT MAX(COALESCE((SELECT floor FROM change WHERE space = ?1), 0),
                 COALESCE((SELECT floor FROM page_state WHERE space = ?1 AND page = ?2), 0))",
            )?
            .query_row(params![space.as_bytes(), page.as_bytes()], |row| row.get(0))?;
        Ok(floor.unwrap_or_default())
    }

    /// The updates of a page that count and whose numbers are above `after`, in the order they were written.
    pub(crate) fn page_updates(&self, space: &GroupId, page: &EntryHash, after: i64) -> Result<Vec<UpdateRow>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT number, hash, author, bytes FROM page_update WHERE space = ?1 AND page = ?2 AND number > ?3 AND {COUNTS}
             ORDER BY clock, hash"
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

    /// Who wrote when on a page, the first first.
    pub(crate) fn page_written(&self, space: &GroupId, page: &EntryHash) -> Result<Vec<WrittenRow>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT hash, clock, author, person FROM page_update WHERE space = ?1 AND page = ?2 AND {COUNTS}
             ORDER BY clock, hash"
        ))?;
        let row = |row: &Row<'_>| {
            Ok(WrittenRow {
                hash: entry_at(row, 0)?,
                clock: clock_of(row.get(1)?),
                author: device_at(row, 2)?,
                person: group_at(row, 3)?,
            })
        };
        let rows = statement.query_map(params![space.as_bytes(), page.as_bytes()], row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Where the ops of one of Loro's peers on a page end, if they are this author's.
    pub(crate) fn page_end(&self, space: &GroupId, page: &EntryHash, author: &DeviceId, peer: u64) -> Result<u32> {
        end_of(&self.lock(), space, page, author, peer)
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

    /// Notes that an update cannot be part of a page, which nobody was told to be. Its author's later ones are not read once that
    /// has happened [`STRIKES`] times. Who that is.
    pub(crate) fn mark_bad_update(
        &self,
        space: &GroupId,
        page: &EntryHash,
        hash: &EntryHash,
        why: &str,
    ) -> Result<Option<DeviceId>> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let marked = transaction
            .prepare_cached("UPDATE page_update SET bad = ?2 WHERE hash = ?1 RETURNING author, seq")?
            .query_row(params![hash.as_bytes(), why], |row| Ok((device_at(row, 0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        let Some((author, seq)) = marked else { return Ok(None) };
        if strikes(&transaction, space, page, &author)? >= STRIKES {
            transaction
                .prepare_cached(
                    "UPDATE page_update SET bad = ?5 WHERE space = ?1 AND page = ?2 AND author = ?3 AND seq > ?4 AND bad IS NULL",
                )?
                .execute(params![space.as_bytes(), page.as_bytes(), author.as_bytes(), seq, why])?;
        }
        transaction.commit()?;
        Ok(Some(author))
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
        let changed = transaction
            .prepare_cached(
                "INSERT INTO page_text SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?3 >= MAX(
                 COALESCE((SELECT floor FROM change WHERE space = ?1), 0),
                 COALESCE((SELECT floor FROM page_state WHERE space = ?1 AND page = ?2), 0))
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
