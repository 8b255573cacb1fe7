//! Dropping bodies: what entries of that class ask for, as far as they count, and what is lacking without one.
//!
//! What is to go is noted in the transaction that takes the entry in, and carried out in the same one as far as a bounded
//! number of bodies; what is more follows in further transactions, also after a restart. A body that comes later is never
//! written at all. Whoever reads the feed is told of each that was dropped by another position of its entry, without a body.
//!
//! Entries that their author prunes go as a whole. What is left of them is a hole in the log, and a peer that has not carried it
//! out yet has the same log as one that has: it ends alike. A hole that no entry which counts accounts for, because whoever sent
//! the log left something out or because the rules have changed, is lacking.
//!
//! Of a group that has ended every body of data is dropped, and its keys are forgotten. What is left are headers and rules,
//! which tell others of the end.
//!
//! What was dropped stays dropped on this disk. If what dropped it turns out not to count, or somebody sent an entry without
//! its body, the body is *lacking*: it is asked for ([`crate::sync`]), and until it comes this device does not claim to hold
//! what lies behind it.

use std::collections::BTreeSet;
use std::sync::Arc;

use compeer_core::group::{DropRange, Drops, Level, Verdict};
use compeer_core::{BodyClass, DeviceId, Entry, GroupId, Hlc};

use crate::engine::Engine;
use crate::settle::{Fresh, RULES};
use crate::store::write::{self, BodyState, Stored};
use crate::store::{StoreError, drops, entry_id, holes, lacking};
use crate::topic::Topic;

/// Entries that are looked at in one transaction, for each one that may be dropped in it.
const LOOKED_AT: u64 = 64;

/// What a drop entry names; `None` for other entries and for what cannot be read.
pub(crate) fn drops_of(stored: &Stored) -> Option<Drops> {
    let body = stored.body.as_deref().filter(|_| stored.header.class == BodyClass::Drop)?;
    Drops::decode(body).ok()
}

impl Topic {
    /// Whether `device` may drop these, by what is known now.
    pub(crate) fn may_drop(&self, device: &DeviceId, ranges: &[DropRange]) -> bool {
        let manages = self.rules.level(device) >= Some(Level::Manage);
        manages || ranges.iter().all(|range| self.rules.is_same_person(device, &range.author))
    }
}

impl Engine {
    /// What becomes of the body of an entry that is about to be stored.
    pub(crate) fn body_state(&self, entry: &Entry) -> Result<BodyState, StoreError> {
        let header = &entry.header;
        let topic = self.topics.0.get(&header.topic).filter(|_| header.class == BodyClass::Data);
        let dropped = match topic.filter(|topic| topic.has_drops) {
            Some(topic) if topic.rules.ended().is_some() => true,
            Some(topic) => drops::is_dropped(&self.db, topic.row, &header.author, header.seq, header.clock)?,
            None => false,
        };
        Ok(match (dropped, &entry.body) {
            (true, _) => BodyState::Dropped,
            (false, Some(_)) => BodyState::Here,
            (false, None) => BodyState::Lacking,
        })
    }

    /// Notes what an entry that counts drops. What it names of authors that nobody knows waits for the rules.
    pub(crate) fn claim(&mut self, id: GroupId, stored: &Stored) -> Result<(), StoreError> {
        let Some(named) = drops_of(stored) else { return Ok(()) };
        if named.prunes(&stored.header) {
            return self.claim_pruned(id, &named.ranges);
        }
        let Some(topic) = self.topics.0.get(&id) else { return Ok(()) };
        let mut waits = false;
        for range in named.ranges {
            match topic.rules.drops(&stored.header, &range.author) {
                Some(true) => drops::add(&self.db, topic.row, &range, stored.header.clock)?,
                Some(false) => {}
                None => waits = true,
            }
        }
        if waits {
            write::wait(&self.db, topic.row, RULES, stored.id)?;
        }
        self.drops_due = drops::is_any_due(&self.db)?;
        Ok(())
    }

    /// Notes what an author prunes of its own log, which is all here but for its holes: this comes behind it.
    fn claim_pruned(&mut self, id: GroupId, ranges: &[DropRange]) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get(&id) else { return Ok(()) };
        for range in ranges {
            let Some(log) = topic.logs.get(&range.author) else { continue };
            holes::account(&self.db, log.row, range.first, range.last)?;
            drops::note_due(&self.db, topic.row, range, true)?;
        }
        for author in ranges.iter().map(|range| range.author).collect::<BTreeSet<_>>() {
            self.look_what_lacks(id, author)?;
        }
        self.drops_due = true;
        Ok(())
    }

    /// Finds anew what of a log is lacking first.
    fn look_what_lacks(&mut self, id: GroupId, author: DeviceId) -> Result<(), StoreError> {
        let Some(log) = self.topics.0.get_mut(&id).and_then(|topic| topic.logs.get_mut(&author)) else {
            return Ok(());
        };
        let lacks = lacking::first(&self.db, log.row, 0)?;
        if std::mem::replace(&mut log.lacks, lacks) != lacks {
            self.touch(id).bodies.insert(author);
        }
        Ok(())
    }

    /// Carries out some of what is to be dropped.
    pub(crate) fn carry_out(&mut self) -> Result<(), StoreError> {
        let mut looks = self.options.drop_step as u64 * LOOKED_AT;
        let mut left = self.options.drop_step;
        while looks > 0 && left > 0 {
            let Some(due) = drops::next_due(&self.db)? else { break };
            let DropRange { author, first, last } = due.range;
            let topic = self.topics.0.iter().find(|(_, topic)| topic.row == due.topic);
            let log = topic.and_then(|(id, topic)| Some((*id, topic.logs.get(&author)?)));
            // Of entries that come later nothing is written.
            let Some((id, row, end)) = log.map(|(id, log)| (id, log.row, log.len())).filter(|(.., end)| first < *end)
            else {
                drops::set_due(&self.db, due.id, None)?;
                continue;
            };
            let last = last.min(end - 1);
            if due.prune {
                let until = last.min(first.saturating_add(left as u64 - 1));
                left -= usize::try_from(until - first + 1).unwrap_or(left);
                self.prune(id, author, first, until)?;
                drops::set_due(&self.db, due.id, Some(until + 1).filter(|next| *next <= last))?;
                continue;
            }
            let until = last.min(first.saturating_add(looks - 1));
            let found = drops::candidates(&self.db, row, first, until, left)?;
            let next = match found.last().filter(|_| found.len() == left) {
                Some(last) => last.header.seq + 1,
                None => until + 1,
            };
            looks -= (next - first).min(looks);
            left -= found.len();
            self.drop_bodies(id, author, found)?;
            drops::set_due(&self.db, due.id, Some(next).filter(|next| *next <= last))?;
        }
        self.drops_due = drops::is_any_due(&self.db)?;
        Ok(())
    }

    /// Takes entries out as a whole. Readers are not told: their author says that they make no difference.
    fn prune(&mut self, id: GroupId, author: DeviceId, first: u64, last: u64) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get(&id) else { return Ok(()) };
        let Some(row) = topic.logs.get(&author).map(|log| log.row) else { return Ok(()) };
        let (gone, freed) = write::prune(&self.db, topic.row, row, first, last)?;
        for (first, last) in gone {
            holes::add(&self.db, row, holes::Hole { first, last, lacking: false })?;
        }
        self.lose(id, author, freed, false)?;
        self.look_what_lacks(id, author)
    }

    /// Takes bodies out that are to be dropped, and tells readers.
    fn drop_bodies(
        &mut self,
        id: GroupId,
        author: DeviceId,
        candidates: Vec<drops::Candidate>,
    ) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(()) };
        let (mut freed, mut lacked, mut told) = (0, false, Vec::new());
        for drops::Candidate { id: entry, header, bytes } in candidates {
            if !drops::is_dropped(&self.db, topic.row, &author, header.seq, header.clock)? {
                continue;
            }
            drops::drop_body(&self.db, entry)?;
            freed += bytes.unwrap_or(0);
            lacked |= bytes.is_none();
            if topic.rules.judge(&header) == Verdict::Accepted {
                told.push(entry);
            }
        }
        let is_over = topic.rules.ended().is_some();
        self.lose(id, author, freed, lacked)?;
        // Nobody reads on in what has ended.
        if is_over { Ok(()) } else { self.make_readable(id, &told) }
    }

    /// Takes note that a log has so many bytes less, and that other bodies of it are lacking.
    fn lose(&mut self, id: GroupId, author: DeviceId, freed: u64, lacked: bool) -> Result<(), StoreError> {
        let Some(log) = self.topics.0.get_mut(&id).and_then(|topic| topic.logs.get_mut(&author)) else {
            return Ok(());
        };
        if freed > 0 {
            log.bytes = log.bytes.saturating_sub(freed);
            self.scrub.note(&self.db)?;
        }
        if lacked {
            log.lacks = lacking::first(&self.db, log.row, 0)?;
        }
        if freed > 0 || lacked {
            // What is counted on disk is not counted again when opening.
            write::count_log(&self.db, log.row, log.len(), log.bytes)?;
            self.touch(id).bodies.extend(lacked.then_some(author));
        }
        Ok(())
    }

    /// Takes in what was lacking of the part of a log that is here: bodies of entries, and whole entries. How many there were.
    /// The entries are vouched for: each is one of this log.
    pub(crate) fn fill(
        &mut self,
        from: DeviceId,
        id: GroupId,
        author: DeviceId,
        known: &[Entry],
        fresh: &mut Fresh,
    ) -> Result<u64, StoreError> {
        let log = self.topics.0.get(&id).and_then(|topic| topic.logs.get(&author));
        let Some((row, lacks)) = log.and_then(|log| Some((log.row, log.lacks?))) else { return Ok(0) };
        let mut filled = 0;
        for entry in known.iter().filter(|entry| entry.header.seq >= lacks) {
            let Entry { header, body: Some(body) } = entry else { continue };
            if holes::is_lacking(&self.db, row, header.seq)? {
                holes::remove(&self.db, row, header.seq, header.seq)?;
                self.admit(entry.clone(), Some(from), fresh)?;
            } else if drops::lacking(&self.db, row, header.seq)? == Some(header.seq) {
                drops::put_body(&self.db, entry_id(row, header.seq), body)?;
                self.grow(id, author, body.len());
                let stored = Stored {
                    id: entry_id(row, header.seq),
                    header: header.clone(),
                    body: None,
                    state: BodyState::Here,
                };
                fresh.place(id, stored);
            } else {
                continue;
            }
            filled += 1;
        }
        if filled > 0 {
            let log = self.topics.0.get(&id).and_then(|topic| topic.logs.get(&author));
            if let Some((len, bytes)) = log.map(|log| (log.len(), log.bytes)) {
                write::count_log(&self.db, row, len, bytes)?;
            }
            self.look_what_lacks(id, author)?;
            self.touch(id).bodies.insert(author);
        }
        Ok(filled)
    }

    /// A log has so many bytes more.
    pub(crate) fn grow(&mut self, id: GroupId, author: DeviceId, bytes: usize) {
        if let Some(log) = self.topics.0.get_mut(&id).and_then(|topic| topic.logs.get_mut(&author)) {
            log.bytes += bytes as u64;
        }
        self.count_written(id, author, bytes);
    }

    /// Works out anew what is to be dropped on a topic, by the rules it has.
    pub(crate) fn claim_all(&mut self, id: GroupId) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get(&id).filter(|topic| topic.has_drops) else { return Ok(()) };
        drops::clear(&self.db, topic.row)?;
        let mut holed = Vec::new();
        for (author, log) in &topic.logs {
            holed.extend(holes::account_anew(&self.db, log.row)?.then_some(*author));
        }
        if topic.rules.ended().is_some() {
            for author in topic.logs.keys() {
                let whole = DropRange { author: *author, first: 0, last: u64::MAX };
                drops::add(&self.db, topic.row, &whole, Hlc::from_bits(u64::MAX))?;
            }
            for author in &holed {
                if let Some(log) = topic.logs.get(author) {
                    holes::account(&self.db, log.row, 0, u64::MAX >> 1)?;
                }
            }
            self.drops_due = drops::is_any_due(&self.db)?;
            return Ok(());
        }
        let mut found = Vec::new();
        for log in topic.logs.values() {
            drops::each_drop(&self.db, log.row, |stored| found.push(stored))?;
        }
        for stored in found {
            let Some(topic) = self.topics.0.get(&id) else { return Ok(()) };
            match topic.rules.judge(&stored.header) {
                Verdict::Accepted => self.claim(id, &stored)?,
                Verdict::Waiting => write::wait(&self.db, topic.row, RULES, stored.id)?,
                Verdict::Void(_) => {}
            }
        }
        holed.into_iter().try_for_each(|author| self.look_what_lacks(id, author))
    }

    /// Leaves of a topic that has ended what tells others of the end: no content, and no keys to it.
    pub(crate) fn bury(&mut self, id: GroupId) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(()) };
        topic.has_drops = true;
        topic.keys = Arc::default();
        write::drop_keys(&self.db, topic.row)?;
        write::clear_waiting(&self.db, topic.row)?;
        self.scrub.note(&self.db)?;
        self.touch(id).keys = true;
        self.claim_all(id)
    }

    /// Whether the body of an entry that has none was dropped or is lacking, by what is to be dropped now; takes note of it.
    pub(crate) fn look_again(&mut self, id: GroupId, stored: &Stored) -> Result<BodyState, StoreError> {
        let header = &stored.header;
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(BodyState::Lacking) };
        let dropped = drops::is_dropped(&self.db, topic.row, &header.author, header.seq, header.clock)?;
        drops::set_lacking(&self.db, stored.id, !dropped)?;
        self.look_what_lacks(id, header.author)?;
        Ok(if dropped { BodyState::Dropped } else { BodyState::Lacking })
    }
}
