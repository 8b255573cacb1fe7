//! How much is unread, by place.
//!
//! The counts of each space are kept in memory and grow with what comes: counting thousands of unread messages again for
//! each new one would cost more than the message itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use compeer_core::{EntryHash, GroupId};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Result, Stamp, View, clock_of, entry_at, sql_clock};
use crate::model::{Attention, Kind};

/// Messages of others that I have not read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) messages: u64,
    /// How many of those name me.
    pub(crate) mentions: u64,
}

/// What is unread at each place; none is the space's general talk.
pub(crate) type ByPlace = BTreeMap<Option<EntryHash>, Unread>;

/// An unread message that was added to the view.
pub(super) struct Added {
    pub(super) place: Option<EntryHash>,
    pub(super) mention: bool,
}

/// What was counted, by space. Only looked at while the connection is locked, so that it says the same as the tables.
#[derive(Default)]
pub(super) struct Counts(Mutex<HashMap<GroupId, ByPlace>>);

impl Counts {
    fn lock(&self) -> MutexGuard<'_, HashMap<GroupId, ByPlace>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what was added to a space.
    pub(super) fn add(&self, space: &GroupId, added: &[Added]) {
        let mut counts = self.lock();
        let Some(counted) = counts.get_mut(space) else { return };
        for added in added {
            let unread = counted.entry(added.place).or_default();
            unread.messages += 1;
            unread.mentions += u64::from(added.mention);
        }
    }

    /// The space is counted again when somebody asks.
    pub(super) fn forget(&self, space: &GroupId) {
        self.lock().remove(space);
    }
}

impl View {
    /// How much is unread at each place of `space`.
    pub(crate) fn unread_by_place(&self, space: &GroupId) -> Result<ByPlace> {
        let connection = self.lock();
        if let Some(counted) = self.counts.lock().get(space) {
            return Ok(counted.clone());
        }
        let counted = count(&connection, space)?;
        self.counts.lock().insert(*space, counted.clone());
        Ok(counted)
    }

    /// How much is unread in all of `space`. Of a muted place only what names me counts.
    pub(crate) fn unread(&self, space: &GroupId) -> Result<Unread> {
        let attention = self.attention(space)?;
        let mut unread = Unread::default();
        let is_room = self.room(space)?.is_some();
        for (place, at) in self.unread_by_place(space)? {
            // What is said in a room at something else than what it is for is shown nowhere.
            if is_room
                && let Some(place) = place
                && self.kind(space, &place)?.is_none()
            {
                continue;
            }
            unread.mentions += at.mentions;
            let muted = attention.at(place.as_ref()) == Attention::Muted;
            unread.messages += if muted { at.mentions } else { at.messages };
        }
        Ok(unread)
    }

    /// How much of it is at things of one kind.
    pub(crate) fn unread_at(&self, space: &GroupId, kind: Kind) -> Result<u64> {
        let attention = self.attention(space)?;
        let mut messages = 0;
        for (place, at) in self.unread_by_place(space)? {
            let Some(place) = place else { continue };
            if self.kind(space, &place)? == Some(kind) {
                let muted = attention.at(Some(&place)) == Attention::Muted;
                messages += if muted { at.mentions } else { at.messages };
            }
        }
        Ok(messages)
    }

    /// The oldest unread message at a place.
    pub(crate) fn first_unread(&self, space: &GroupId, place: Option<&EntryHash>) -> Result<Option<EntryHash>> {
        Ok(self
            .lock()
            .prepare_cached(
                "SELECT hash FROM message WHERE space = ?1 AND place IS ?2 AND unread ORDER BY clock, hash LIMIT 1",
            )?
            .query_row(params![space.as_bytes(), place.map(EntryHash::as_bytes)], |row| entry_at(row, 0))
            .optional()?)
    }

    /// How much I want to hear of the space and its places.
    pub(crate) fn attention(&self, space: &GroupId) -> Result<Attentions> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT place, level FROM attention WHERE space = ?1")?;
        let mut rows = statement.query([space.as_bytes()])?;
        let mut attentions = Attentions::default();
        while let Some(row) = rows.next()? {
            let (place, level): (Vec<u8>, Option<Attention>) = (row.get(0)?, Attention::of(row.get(1)?));
            if place == space.as_bytes() {
                attentions.space = level;
            } else if let Some(level) = level {
                let place = <[u8; 32]>::try_from(place).ok().map(EntryHash::from_bytes);
                attentions.places.insert(place, level);
            }
        }
        Ok(attentions)
    }

    /// Says how much I want to hear: of all of `space`, or of a place in it; `None` is as the whole of which it is a part.
    pub(crate) fn set_attention(
        &self,
        space: &GroupId,
        part: Part,
        level: Option<Attention>,
        stamp: Stamp,
    ) -> Result<()> {
        let place = match &part {
            Part::Whole => space.as_bytes().as_slice(),
            Part::Place(Some(place)) => place.as_bytes().as_slice(),
            Part::Place(None) => &[],
        };
        self.lock()
            .prepare_cached(
                "INSERT INTO attention VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (space, place) DO UPDATE
                 SET level = excluded.level, clock = excluded.clock, hash = excluded.hash
                 WHERE (excluded.clock, excluded.hash) >= (attention.clock, attention.hash)",
            )?
            .execute(params![
                space.as_bytes(),
                place,
                level.map_or(-1, Attention::number),
                sql_clock(stamp.clock),
                stamp.hash.as_bytes()
            ])?;
        Ok(())
    }

    /// The time that comes after all that was said about what is read here, and not before `now`.
    pub(crate) fn next_stamp(&self, space: &GroupId, now: compeer_core::Hlc) -> Result<Stamp> {
        let last: Option<i64> = self
            .lock()
            .prepare_cached(
                "SELECT MAX(clock) FROM (SELECT clock FROM seen WHERE space = ?1
                 UNION ALL SELECT clock FROM attention WHERE space = ?1)",
            )?
            .query_row([space.as_bytes()], |row| row.get(0))?;
        let after = last.map_or(0, |last| clock_of(last).bits() + 1);
        let clock = compeer_core::Hlc::from_bits(now.bits().max(after));
        Ok(Stamp { clock, hash: EntryHash::from_bytes([0; 32]) })
    }
}

/// What [`View::set_attention`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    Place(Option<EntryHash>),
}

/// How much I want to hear of a space and of its places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Attentions {
    pub(crate) space: Option<Attention>,
    pub(crate) places: BTreeMap<Option<EntryHash>, Attention>,
}

impl Attentions {
    /// What goes for a place.
    pub(crate) fn at(&self, place: Option<&EntryHash>) -> Attention {
        self.places.get(&place.copied()).copied().or(self.space).unwrap_or_default()
    }
}

fn count(connection: &Connection, space: &GroupId) -> Result<ByPlace> {
    let mut statement = connection.prepare_cached(
        "SELECT place, COUNT(*), SUM(mention) FROM message WHERE space = ?1 AND unread GROUP BY place",
    )?;
    let rows = statement.query_map([space.as_bytes()], |row| {
        let place = row.get::<_, Option<[u8; 32]>>(0)?.map(EntryHash::from_bytes);
        Ok((place, Unread { messages: row.get::<_, i64>(1)? as u64, mentions: row.get::<_, i64>(2)? as u64 }))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
