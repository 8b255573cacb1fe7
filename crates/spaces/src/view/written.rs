//! What is written on pages: which updates count.
//!
//! That is a function of the set of them. An update that stands for others (a [`Stretch`]) takes the place of those: of all that
//! its author wrote on the page before it, and that lies within what it names, others that stand for something among them. What it
//! takes the place of never counts and is not kept, so whoever has read it and whoever never had it agree. Then each
//! author's updates of a page are looked at in the order of their places in the author's log: their ops must be by numbers of that
//! device, and go on for each number where it had ended. So nobody can write two different ops under one id, and everybody refuses
//! the same. Of those that are left, a page holds the first by (clock, hash) up to [`PAGE_BYTES`] and [`PAGE_OPS`]; when a stretch
//! was written is its author's word alone, so it is counted by when it was said again.
//!
//! What comes is looked at once, at the end of each transaction ([`settle`]): who makes others look at much again does so no
//! more often than that.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use compeer_core::{DeviceId, EntryHash, GroupId};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::apply::{Change, Source};
use super::pages::{PAGE_BYTES, PAGE_OPS};
use super::{Result, boards, device_at, entry_at, sql_clock};
use crate::model::update::{Stretch, UpdateError, is_peer_of, read_runs};

/// Updates of one author that may break whoever reads a page before the rest is left alone.
const STRIKES: i64 = 3;
/// The same where it may be for what others say again: in a session of writing only the first is found, as the rest goes on from it.
const ADRIFT: i64 = 64;

/// What an update is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Form {
    /// An entry that says nothing else: it can be pruned when another update stands for it.
    Alone = 0,
    /// An entry that says more.
    Part = 1,
    /// It stands for others.
    Stands = 2,
    /// It was written elsewhere. Nothing stands for it, and it stands for nothing: numbers of another log mean nothing here.
    Imported = 3,
}

/// Takes in a part of what is written on `page`; `alone`: the entry says nothing else. Whether it is new.
pub(super) fn write(
    transaction: &Transaction<'_>,
    source: &Source,
    page: &EntryHash,
    bytes: &[u8],
    stretch: Option<Stretch>,
    alone: bool,
    changes: &mut Vec<Change>,
) -> Result<bool> {
    // Of what was imported the numbers are of another log, so only the time says anything.
    let before = |stretch: &Stretch| match source.is_imported() {
        true => stretch.ended <= source.clock,
        false => stretch.is_before(source.seq, source.clock),
    };
    if stretch.is_some_and(|stretch| !before(&stretch)) {
        changes.push(Change::Nonsense(source.author, UpdateError::Stretch.to_string()));
        return Ok(false);
    }
    let form = match stretch {
        _ if source.is_imported() => Form::Imported,
        Some(_) => Form::Stands,
        None if alone => Form::Alone,
        None => Form::Part,
    };
    let place = stretch.filter(|_| form == Form::Stands).map_or((source.seq, source.seq), |it| (it.first, it.last));
    let time = stretch.map_or((source.clock, source.clock), |it| (it.began, it.ended));
    let runs = read_runs(bytes).unwrap_or_default();
    let ops: i64 = runs.iter().map(|run| i64::from(run.end - run.first)).sum();
    let number = boards::next_number(transaction, &source.space)?;
    let left_alone = left_alone(transaction, &source.space, page, &source.author)?;
    // Refused until it is looked at.
    let new = transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO page_update (hash, space, page, author, seq, clock, person, bytes, size, ops, refused, beyond,
             number, bad, form, place, until, began, ended, updates, adrift)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, '', 0, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
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
            left_alone.map(|_| "its author's updates broke whoever read them"),
            form as u8,
            place.0 as i64,
            place.1 as i64,
            sql_clock(time.0),
            sql_clock(time.1),
            stretch.map_or(1, |stretch| stretch.updates),
            left_alone.unwrap_or_default(),
        ])?;
    if new > 0 {
        transaction.prepare_cached("INSERT INTO page_new VALUES (?1)")?.execute([source.hash.as_bytes()])?;
    }
    Ok(new > 0)
}

/// An update that has come.
struct New {
    hash: EntryHash,
    place: i64,
    until: i64,
}

/// Looks at the updates that came with this transaction.
pub(super) fn settle(transaction: &Transaction<'_>, space: &GroupId, changes: &mut Vec<Change>) -> Result<()> {
    let mut pages: BTreeMap<EntryHash, BTreeMap<DeviceId, Vec<New>>> = BTreeMap::new();
    {
        let mut statement = transaction.prepare_cached(
            "SELECT u.page, u.author, u.hash, u.place, u.until FROM page_new JOIN page_update u USING (hash) ORDER BY u.seq",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let new = New { hash: entry_at(row, 2)?, place: row.get(3)?, until: row.get(4)? };
            pages.entry(entry_at(row, 0)?).or_default().entry(device_at(row, 1)?).or_default().push(new);
        }
    }
    if pages.is_empty() {
        return Ok(());
    }
    transaction.prepare_cached("DELETE FROM page_new")?.execute([])?;
    for (page, authors) in pages {
        let mut look = Look { transaction, space: *space, page, anew: false, again: false };
        let mut claimed = false;
        for (author, new) in &authors {
            for one in new {
                look.replace(author, &one.hash)?;
            }
            let first = new.iter().map(|one| one.place).min().unwrap_or_default();
            let last = new.iter().map(|one| one.until).max().unwrap_or_default();
            claimed |= look.judge(author, first, last)?;
        }
        if claimed {
            // What somebody else imported as their words may be said by themselves now.
            for importer in look.importers()? {
                look.judge(&importer, 0, i64::MAX)?;
            }
        }
        let new: BTreeSet<EntryHash> = authors.values().flatten().map(|one| one.hash).collect();
        let holds_all = look.bound(&new)?;
        look.end()?;
        for (author, new) in &authors {
            for one in new {
                let refused: Option<String> = transaction
                    .prepare_cached("SELECT refused FROM page_update WHERE hash = ?1")?
                    .query_row([one.hash.as_bytes()], |row| row.get(0))
                    .optional()?
                    .flatten();
                let why = refused.filter(|why| *why != UpdateError::Again.to_string());
                changes.extend(why.map(|why| Change::Nonsense(*author, why)));
            }
            if !holds_all {
                changes.push(Change::Nonsense(*author, "writes more on a page than it holds".into()));
            }
        }
    }
    Ok(())
}

/// A look at what is written on one page.
struct Look<'a, 'b> {
    transaction: &'a Transaction<'b>,
    space: GroupId,
    page: EntryHash,
    /// Something does not count any more.
    anew: bool,
    /// The same, and it is said again.
    again: bool,
}

impl Look<'_, '_> {
    /// Has an update take the place of what it stands for, or sees that another one stands for it.
    fn replace(&mut self, author: &DeviceId, new: &EntryHash) -> Result<()> {
        let by_others = "SELECT new.hash, new.refused FROM page_update new CROSS JOIN page_update other INDEXED BY page_update_stands
             WHERE new.hash = ?4 AND new.form != 3 AND other.space = ?1 AND other.page = ?2 AND other.author = ?3
             AND other.form = 2 AND other.until >= new.until AND other.place <= new.place AND other.seq > new.seq LIMIT 1";
        let others = "SELECT other.hash, other.refused FROM page_update new CROSS JOIN page_update other INDEXED BY page_update_log
             WHERE new.hash = ?4 AND new.form = 2 AND other.space = ?1 AND other.page = ?2 AND other.author = ?3
             AND other.form != 3 AND other.place BETWEEN new.place AND new.until AND other.until <= new.until
             AND other.seq < new.seq";
        for sql in [by_others, others] {
            let key = params![self.space.as_bytes(), self.page.as_bytes(), author.as_bytes(), new.as_bytes()];
            let found: Vec<(EntryHash, Option<String>)> = self
                .transaction
                .prepare_cached(sql)?
                .query_map(key, |row| Ok((entry_at(row, 0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            for (hash, before) in found {
                self.set_refused(&hash, before.as_deref(), Some(UpdateError::Again))?;
            }
        }
        Ok(())
    }

    /// Looks at the updates of an author with places from `first` to `last`, which may be others than before, and at those behind
    /// them if that makes a difference for these. Whether there are numbers of Loro's that the author has now and had not before,
    /// or the other way.
    fn judge(&mut self, author: &DeviceId, first: i64, last: i64) -> Result<bool> {
        let mut before = BTreeMap::new();
        for peer in self.peers(author, first, last)? {
            before.insert(peer, self.end_of(author, peer, last)?);
        }
        self.pass(author, first, last)?;
        for peer in self.peers(author, first, last)? {
            // Nothing of these had it, so what comes before them says where it ended.
            if let Entry::Vacant(new) = before.entry(peer) {
                new.insert(self.end_of(author, peer, first - 1)?);
            }
        }
        let (mut differs, mut claims) = (false, false);
        for (peer, before) in before {
            let after = self.end_of(author, peer, last)?;
            differs |= before != after;
            claims |= (before == 0) != (after == 0);
        }
        let behind = differs && last < i64::MAX && self.has_behind(author, last)?;
        if behind {
            self.pass(author, last + 1, i64::MAX)?;
        }
        Ok(claims || behind)
    }

    /// The numbers of Loro's under which an author's updates with these places count.
    fn peers(&self, author: &DeviceId, first: i64, last: i64) -> Result<Vec<u64>> {
        let sql = "SELECT DISTINCT peer FROM page_run WHERE space = ?1 AND page = ?2 AND author = ?3 AND place BETWEEN ?4 AND ?5";
        let key = params![self.space.as_bytes(), self.page.as_bytes(), author.as_bytes(), first, last];
        let mut statement = self.transaction.prepare_cached(sql)?;
        let rows = statement.query_map(key, |row| row.get::<_, i64>(0))?;
        Ok(rows.map(|peer| peer.map(|peer| peer as u64)).collect::<rusqlite::Result<_>>()?)
    }

    fn has_behind(&self, author: &DeviceId, last: i64) -> Result<bool> {
        let sql =
            "SELECT EXISTS (SELECT 1 FROM page_update WHERE space = ?1 AND page = ?2 AND author = ?3 AND place > ?4)";
        let key = params![self.space.as_bytes(), self.page.as_bytes(), author.as_bytes(), last];
        Ok(self.transaction.prepare_cached(sql)?.query_row(key, |row| row.get(0))?)
    }

    fn end_of(&self, author: &DeviceId, peer: u64, upto: i64) -> Result<u32> {
        end_of(self.transaction, &self.space, &self.page, author, peer, upto)
    }

    /// Looks at updates one after the other.
    fn pass(&mut self, author: &DeviceId, first: i64, last: i64) -> Result<()> {
        let key = params![self.space.as_bytes(), self.page.as_bytes(), author.as_bytes(), first, last];
        self.transaction
            .prepare_cached(
                "DELETE FROM page_run WHERE space = ?1 AND page = ?2 AND author = ?3 AND place BETWEEN ?4 AND ?5",
            )?
            .execute(key)?;
        let transaction = self.transaction;
        let mut statement = transaction.prepare_cached(
            "SELECT hash, place, seq, bytes, refused, form FROM page_update INDEXED BY page_update_log
             WHERE space = ?1 AND page = ?2 AND author = ?3 AND place BETWEEN ?4 AND ?5 ORDER BY place, seq",
        )?;
        let again = UpdateError::Again.to_string();
        let mut rows = statement.query(key)?;
        while let Some(row) = rows.next()? {
            let before: Option<String> = row.get(4)?;
            if before.as_ref() == Some(&again) {
                continue;
            }
            let (place, imported) = ((row.get(1)?, row.get(2)?), row.get::<_, u8>(5)? == Form::Imported as u8);
            let error = self.fits(author, place, imported, row.get_ref(3)?.as_blob().unwrap_or_default())?;
            self.set_refused(&entry_at(row, 0)?, before.as_deref(), error)?;
        }
        Ok(())
    }

    /// Why an update does not go on where its author had ended; if it does, that is noted.
    fn fits(
        &self,
        author: &DeviceId,
        (place, seq): (i64, i64),
        imported: bool,
        bytes: &[u8],
    ) -> Result<Option<UpdateError>> {
        let runs = match read_runs(bytes) {
            Ok(runs) => runs,
            Err(error) => return Ok(Some(error)),
        };
        for run in &runs {
            if !is_peer_of(run.peer, author) && (!imported || self.is_said_by_others(author, run.peer)?) {
                return Ok(Some(UpdateError::Author));
            }
            if self.end_of(author, run.peer, place)? != run.first {
                return Ok(Some(UpdateError::Order));
            }
        }
        for run in runs {
            self.transaction.prepare_cached("INSERT INTO page_run VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(
                params![
                    self.space.as_bytes(),
                    self.page.as_bytes(),
                    author.as_bytes(),
                    run.peer as i64,
                    place,
                    seq,
                    run.end
                ],
            )?;
        }
        Ok(None)
    }

    /// Whether somebody has written here under this number what counts: then nobody imports it. Nobody else can import to the same
    /// page, so nobody's ops are said by two.
    fn is_said_by_others(&self, author: &DeviceId, peer: u64) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM page_run INDEXED BY page_run_peer
             WHERE space = ?1 AND page = ?2 AND peer = ?4 AND author != ?3)";
        let key = params![self.space.as_bytes(), self.page.as_bytes(), author.as_bytes(), peer as i64];
        Ok(self.transaction.prepare_cached(sql)?.query_row(key, |row| row.get(0))?)
    }

    /// Who imported something to this page.
    fn importers(&self) -> Result<Vec<DeviceId>> {
        let sql = "SELECT DISTINCT author FROM page_update INDEXED BY page_update_imported
             WHERE space = ?1 AND page = ?2 AND form = 3";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let rows =
            statement.query_map(params![self.space.as_bytes(), self.page.as_bytes()], |row| device_at(row, 0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Says why an update is refused, or that it is not. One that counts again is read again.
    fn set_refused(&mut self, hash: &EntryHash, before: Option<&str>, error: Option<UpdateError>) -> Result<()> {
        let now = error.map(|error| error.to_string());
        if before == now.as_deref() {
            return Ok(());
        }
        let number = boards::next_number(self.transaction, &self.space)?;
        self.transaction
            .prepare_cached("UPDATE page_update SET refused = ?2, number = ?3 WHERE hash = ?1")?
            .execute(params![hash.as_bytes(), now, number])?;
        match (before, error) {
            (None, Some(UpdateError::Again)) => self.again = true,
            (None, Some(_)) => self.anew = true,
            _ => {}
        }
        match (before.is_none(), now.is_none()) {
            (true, false) => self.count(hash, -1)?,
            (false, true) => self.count(hash, 1)?,
            _ => {}
        }
        if error == Some(UpdateError::Again) {
            // Nobody reads it any more. That it broke whoever did is held against its author all the same.
            self.transaction
                .prepare_cached("DELETE FROM page_update WHERE hash = ?1 AND bad IS NULL")?
                .execute([hash.as_bytes()])?;
        }
        Ok(())
    }

    fn count(&self, hash: &EntryHash, sign: i64) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT INTO page_state SELECT ?1, ?2, 0, 0, ?4 * size, ?4 * ops FROM page_update WHERE hash = ?3
                 ON CONFLICT (space, page) DO UPDATE SET bytes = bytes + excluded.bytes, ops = ops + excluded.ops",
            )?
            .execute(params![self.space.as_bytes(), self.page.as_bytes(), hash.as_bytes(), sign])?;
        Ok(())
    }

    /// Whether the page holds all of its updates. If not, those that were written last are beyond it.
    fn bound(&mut self, new: &BTreeSet<EntryHash>) -> Result<bool> {
        let (transaction, space, page) = (self.transaction, self.space.as_bytes(), self.page.as_bytes());
        let (bytes, ops): (i64, i64) = transaction
            .prepare_cached("SELECT bytes, ops FROM page_state WHERE space = ?1 AND page = ?2")?
            .query_row(params![space, page], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?
            .unwrap_or_default();
        if bytes <= PAGE_BYTES && ops <= PAGE_OPS {
            // Nothing is beyond, or what was is not any more, since something before it does not count.
            let back = "UPDATE page_update SET beyond = 0, number = ?3 WHERE space = ?1 AND page = ?2 AND beyond";
            let number = boards::next_number(transaction, &self.space)?;
            transaction.prepare_cached(back)?.execute(params![space, page, number])?;
            return Ok(true);
        }
        let mut statement = transaction.prepare_cached(
            "SELECT hash, size, ops, beyond FROM page_update WHERE space = ?1 AND page = ?2 AND refused IS NULL ORDER BY clock, hash",
        )?;
        let mut rows = statement.query(params![space, page])?;
        let (mut bytes, mut ops, mut full) = (0, 0, false);
        while let Some(row) = rows.next()? {
            bytes += row.get::<_, i64>(1)?;
            ops += row.get::<_, i64>(2)?;
            full |= bytes > PAGE_BYTES || ops > PAGE_OPS;
            let before: bool = row.get(3)?;
            if before != full {
                let hash = entry_at(row, 0)?;
                let number = boards::next_number(transaction, &self.space)?;
                transaction
                    .prepare_cached("UPDATE page_update SET beyond = ?2, number = ?3 WHERE hash = ?1")?
                    .execute(params![hash.as_bytes(), full, number])?;
                self.anew |= full && !new.contains(&hash);
            }
        }
        Ok(false)
    }

    /// Has whoever has read the page read it anew, if need be.
    fn end(self) -> Result<()> {
        if self.anew || self.again {
            // What did not fit what was there may fit what is, and the other way: all of it is looked at again.
            let number = boards::next_number(self.transaction, &self.space)?;
            self.transaction
                .prepare_cached(
                    "UPDATE page_update SET bad = NULL, adrift = 0, number = ?3 WHERE space = ?1 AND page = ?2 AND adrift",
                )?
                .execute(params![self.space.as_bytes(), self.page.as_bytes(), number])?;
        }
        if self.anew {
            begin_anew(self.transaction, &self.space, &self.page)?;
        }
        if self.again {
            let number = boards::next_number(self.transaction, &self.space)?;
            self.transaction
                .prepare_cached("UPDATE page_state SET again = ?3 WHERE space = ?1 AND page = ?2")?
                .execute(params![self.space.as_bytes(), self.page.as_bytes(), number])?;
        }
        Ok(())
    }
}

/// Where the ops of one of Loro's peers end, by what has a place up to `upto`.
pub(super) fn end_of(
    connection: &Connection,
    space: &GroupId,
    page: &EntryHash,
    author: &DeviceId,
    peer: u64,
    upto: i64,
) -> Result<u32> {
    let end: Option<u32> = connection
        .prepare_cached(
            "SELECT ends FROM page_run WHERE space = ?1 AND page = ?2 AND author = ?3 AND peer = ?4 AND place <= ?5
             ORDER BY place DESC, seq DESC LIMIT 1",
        )?
        .query_row(params![space.as_bytes(), page.as_bytes(), author.as_bytes(), peer as i64, upto], |row| row.get(0))
        .optional()?;
    Ok(end.unwrap_or_default())
}

/// Something does not count any more: whoever has read the page reads it anew.
fn begin_anew(connection: &Connection, space: &GroupId, page: &EntryHash) -> Result<()> {
    let number = boards::next_number(connection, space)?;
    connection
        .prepare_cached(
            "INSERT INTO page_state VALUES (?1, ?2, ?3, 0, 0, 0) ON CONFLICT (space, page) DO UPDATE SET floor = excluded.floor",
        )?
        .execute(params![space.as_bytes(), page.as_bytes(), number])?;
    connection
        .prepare_cached("DELETE FROM page_text WHERE space = ?1 AND page = ?2")?
        .execute(params![space.as_bytes(), page.as_bytes()])?;
    Ok(())
}

/// Whether an author's updates on a page are not read any more, since several broke whoever read them; and whether that may be for
/// what they go on from.
pub(super) fn left_alone(
    connection: &Connection,
    space: &GroupId,
    page: &EntryHash,
    author: &DeviceId,
) -> Result<Option<bool>> {
    let (bad, adrift): (i64, i64) = connection
        .prepare_cached(
            "SELECT COUNT(*), COALESCE(SUM(adrift), 0) FROM page_update INDEXED BY page_update_bad
             WHERE space = ?1 AND page = ?2 AND author = ?3 AND bad IS NOT NULL",
        )?
        .query_row(params![space.as_bytes(), page.as_bytes(), author.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if bad - adrift >= STRIKES {
        return Ok(Some(false));
    }
    let most =
        if bad >= STRIKES && is_said_again_by_others(connection, space, page, author)? { ADRIFT } else { STRIKES };
    Ok((bad >= most).then_some(true))
}

/// Whether somebody else says again what they wrote on a page. If it is not what it was, what others wrote on top of it may not fit
/// any more, without their doing.
pub(super) fn is_said_again_by_others(
    connection: &Connection,
    space: &GroupId,
    page: &EntryHash,
    author: &DeviceId,
) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM page_update INDEXED BY page_update_stands
         WHERE space = ?1 AND page = ?2 AND form = 2 AND author != ?3)";
    let key = params![space.as_bytes(), page.as_bytes(), author.as_bytes()];
    Ok(connection.prepare_cached(sql)?.query_row(key, |row| row.get(0))?)
}
