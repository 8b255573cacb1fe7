//! What can be read: accepted entries that this device has the key for, in the order in which they became so.

use std::sync::Arc;

use compeer_core::group::{Level, Rules, Verdict};
use compeer_core::{BodyClass, DeviceId, EntryHash, GroupId, Hlc, SignedHeader};

use crate::error::ReadError;
use crate::event::ProblemCause;
use crate::run::RawEntry;
use crate::shared::Shared;
use crate::store::read::{Fed, PAGE_BYTES};
use crate::topic::Keys;

/// How far a view has read. The default is the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// Grows whenever entries that could be read no longer count.
    pub generation: u64,
    /// The next position to read, from 0.
    pub position: u64,
}

/// What [`crate::Journal::read`] returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// The next entries.
    Entries {
        /// In feed order; may be empty.
        entries: Vec<Opened>,
        /// What lies between them that says nothing any more: forget what was made of it, if it was read before.
        dropped: Vec<Dropped>,
        /// Where to go on.
        next: Cursor,
        /// Whether there is more right now.
        more: bool,
    },
    /// The cursor is of another generation: wipe the view and start at position 0 of this one.
    Rebuild {
        /// The generation that counts now.
        generation: u64,
    },
}

/// A readable entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its place in the feed of this device; other devices have another order. What does not count has none: 0.
    pub position: u64,
    /// Its name.
    pub hash: EntryHash,
    /// The device that wrote it.
    pub author: DeviceId,
    /// The person that device belongs (or belonged) to.
    pub person: Option<GroupId>,
    /// What its author was allowed at the control heads it names (never below Write if it counts): views need it for what
    /// only managers may say.
    pub level: Level,
    /// Its number in the author's log.
    pub seq: u64,
    /// When, by the author's clock.
    pub clock: Hlc,
    /// What was sealed.
    pub plain: Vec<u8>,
}

/// An entry that counts and whose body was dropped, by its author or a manager. It may come more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// Its place in the feed of this device.
    pub position: u64,
    /// Its name.
    pub hash: EntryHash,
    /// The device that wrote it.
    pub author: DeviceId,
    /// The person that device belongs (or belonged) to.
    pub person: Option<GroupId>,
    /// Its number in the author's log.
    pub seq: u64,
    /// When, by the author's clock.
    pub clock: Hlc,
}

impl Shared {
    /// The next at most `limit` readable entries.
    pub(crate) fn read(&self, id: &GroupId, from: Cursor, limit: usize) -> Result<Page, ReadError> {
        let (row, generation, readable, keys, rules) = {
            let views = self.views();
            let view = views.get(id).ok_or(ReadError::UnknownTopic)?;
            (view.row, view.generation, view.readable, Arc::clone(&view.keys), Arc::clone(&view.rules))
        };
        if from.generation != generation || from.position > readable {
            return Ok(Page::Rebuild { generation });
        }
        let page = self.readers.feed(row, from.position, readable, limit).ok_or(ReadError::Closed)??;
        if page.generation != generation {
            // Committed a moment ago, and not yet visible here.
            return Ok(Page::Rebuild { generation: page.generation });
        }
        // Positions of entries that were pruned stay empty, also the last ones.
        let next =
            if page.more { page.entries.last().map_or(from.position, |last| last.position + 1) } else { readable };
        let (mut entries, mut dropped) = (Vec::with_capacity(page.entries.len()), Vec::new());
        for Fed { position, header, body } in page.entries {
            let header = SignedHeader::decode(&header).map_err(|_| ReadError::Damaged("an unreadable header"))?;
            let Some(body) = body else {
                let (hash, author, person) = (header.hash(), header.author, rules.person_of(&header.author));
                dropped.push(Dropped { position, hash, author, person, seq: header.seq, clock: header.clock });
                continue;
            };
            // Accepted, so never below Write; if the rules have just moved on, a rebuild follows.
            let level = rules.level_at(&header).unwrap_or(Level::Write);
            entries.extend(self.open_entry(&rules, &keys, position, header, level, body));
        }
        Ok(Page::Entries { entries, dropped, next: Cursor { generation, position: next }, more: next < readable })
    }

    /// What this device wrote that counts, of at most `limit` entries from number `from` on, and where to go on; `None` at the end.
    pub(crate) fn own(&self, id: &GroupId, from: u64, limit: usize) -> Result<(Vec<Opened>, Option<u64>), ReadError> {
        let (row, keys, rules) = {
            let views = self.views();
            let view = views.get(id).ok_or(ReadError::UnknownTopic)?;
            let Some(log) = view.logs.get(&self.device) else { return Ok((Vec::new(), None)) };
            (log.row, Arc::clone(&view.keys), Arc::clone(&view.rules))
        };
        let (first, entries) = self.readers.run(row, from, limit, PAGE_BYTES).ok_or(ReadError::Closed)??;
        let next = (!entries.is_empty()).then_some(first + entries.len() as u64);
        let mut own = Vec::new();
        for RawEntry { header, body } in entries {
            let header = SignedHeader::decode(&header).map_err(|_| ReadError::Damaged("an unreadable header"))?;
            let counts = header.class == BodyClass::Data && rules.judge(&header) == Verdict::Accepted;
            if let Some(body) = body.filter(|_| counts) {
                let level = rules.level_at(&header).unwrap_or(Level::Write);
                own.extend(self.open_entry(&rules, &keys, 0, header, level, body));
            }
        }
        Ok((own, next))
    }

    /// What this device wrote that counts for nothing, oldest first.
    pub(crate) fn voided(&self, id: &GroupId) -> Result<Vec<Opened>, ReadError> {
        let (row, log, keys, rules) = {
            let views = self.views();
            let view = views.get(id).ok_or(ReadError::UnknownTopic)?;
            let Some(log) = view.logs.get(&self.device) else { return Ok(Vec::new()) };
            (view.row, log.row, Arc::clone(&view.keys), Arc::clone(&view.rules))
        };
        let mut voided = Vec::new();
        for RawEntry { header, body } in self.readers.unfed(row, log).ok_or(ReadError::Closed)?? {
            let header = SignedHeader::decode(&header).map_err(|_| ReadError::Damaged("an unreadable header"))?;
            if let Some(body) = body.filter(|_| matches!(rules.judge(&header), Verdict::Void(_))) {
                let level = rules.level_at(&header).unwrap_or(Level::Pull);
                voided.extend(self.open_entry(&rules, &keys, 0, header, level, body));
            }
        }
        Ok(voided)
    }

    /// `None` for a body that does not open.
    fn open_entry(
        &self,
        rules: &Rules,
        keys: &Keys,
        position: u64,
        header: SignedHeader,
        level: Level,
        body: Vec<u8>,
    ) -> Option<Opened> {
        let key = keys.get(&header.epoch)?;
        let Ok(plain) = key.open(&header.place(), &body) else {
            // Only its author could seal it wrongly. Everybody skips it.
            self.problem(header.author, Some(header.topic), ProblemCause::Unopenable { seq: header.seq });
            return None;
        };
        Some(Opened {
            position,
            hash: header.hash(),
            author: header.author,
            person: rules.person_of(&header.author),
            level,
            seq: header.seq,
            clock: header.clock,
            plain,
        })
    }
}
