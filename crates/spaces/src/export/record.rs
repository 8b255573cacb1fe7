//! Everything that was ever written in a space, as Compeer takes it in again: one operation a line, by time. What stands for others
//! that were written before stands where the first of them did.
//!
//! ```json
//! {"id":"…","clock":117690…,"by":"…","device":"…","manages":true,"op":"…"}
//! ```
//! `id` is what the entry is called, `clock` its hybrid time (milliseconds since 1970 times 65,536), `by` the person and
//! `device` the device that wrote it, `manages` whether that person managed the space, `op` the operation as canonical CBOR
//! (`model/op.rs`) in base64. A line without `op` is an entry that was deleted. Ids are those that things had first, however
//! often they were imported.

use std::collections::BTreeSet;

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use compeer_journal::{Cursor, Dropped, Opened, Page};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{ExportError, Folder, Reading};
use crate::model::{Field, Imported, Op, Rename as _, THE_SPACE};

/// Where it stands.
pub(crate) const FILE: &str = "record.jsonl";
/// Entries read at once.
const PAGE: usize = 1000;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) clock: u64,
    pub(crate) by: String,
    pub(crate) device: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) manages: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) op: Option<String>,
}

impl From<&Imported> for Line {
    fn from(entry: &Imported) -> Self {
        Self {
            id: entry.id.to_string(),
            clock: entry.clock.bits(),
            by: entry.person.to_string(),
            device: entry.device.to_string(),
            manages: entry.manages,
            op: entry.op.as_ref().map(|op| BASE64.encode(op)),
        }
    }
}

impl Line {
    /// What it says, if it says anything that can be.
    pub(crate) fn read(&self) -> Option<Imported> {
        let op = match &self.op {
            Some(op) => Some(BASE64.decode(op.as_bytes()).ok()?),
            None => None,
        };
        let (id, person, device) = (self.id.parse::<EntryHash>(), self.by.parse::<GroupId>(), self.device.parse());
        let clock = i64::try_from(self.clock).ok().map(|_| Hlc::from_bits(self.clock))?;
        let device: DeviceId = device.ok()?;
        let read = Imported { id: id.ok()?, clock, person: person.ok()?, device, manages: self.manages, op };
        read.op().ok().map(|_| read)
    }
}

/// Where an entry stands in the journal, in the order in which it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    clock: Hlc,
    id: EntryHash,
    position: u64,
}

/// Something that is written: an entry as it is or was, and the operation in it.
struct Said {
    entry: Imported,
    op: Option<Op>,
}

impl Said {
    /// Since when what it says stands.
    fn since(&self) -> Hlc {
        let (Some(Op::Set { fields, .. }) | Some(Op::Make { fields, .. })) = &self.op else { return self.entry.clock };
        let began =
            |field: &Field| if let Field::Squashed { stretch, .. } = field { Some(stretch.began) } else { None };
        fields.iter().find_map(began).unwrap_or(self.entry.clock)
    }
}

pub(super) fn write(reading: &Reading, folder: &mut Folder) -> Result<(), ExportError> {
    let mut walk = Walk::new(reading)?;
    let mut places: Vec<Place> = Vec::new();
    while let Some((position, said)) = walk.next()? {
        if let Some(said) = said {
            note_people(&said, &mut reading.named.borrow_mut());
            places.push(Place { clock: said.since(), id: said.entry.id, position });
        }
    }
    places.sort_unstable();
    let progress = &reading.source.progress;
    progress.expect(places.len() as u64);
    let named = reading.named.borrow().clone();
    let mut out = folder.begin(FILE)?;
    for (at, place) in places.iter().enumerate() {
        progress.advance(1)?;
        let Some(said) = walk.at(place.position, || run(&places[at..]))? else { continue };
        if is_about(&said).is_none_or(|person| named.contains(&person)) {
            out.line(&Line::from(&said.entry))?;
        }
    }
    folder.end(out)
}

/// How many of these stand one after the other in the journal. By time, what several people wrote at once does not.
fn run(places: &[Place]) -> usize {
    let next = |pair: &&[Place]| pair[1].position == pair[0].position + 1;
    1 + places.windows(2).take(PAGE - 1).take_while(next).count()
}

/// Who is named by anything that was written, and what they are called.
pub(super) fn people(reading: &Reading, folder: &mut Folder) -> Result<(), ExportError> {
    let originals = &reading.originals;
    let names: std::collections::BTreeMap<GroupId, &String> =
        reading.names.iter().map(|(person, name)| (originals.person(*person), name)).collect();
    let named = reading.named.borrow();
    let person = |id: &GroupId| json!({ "id": id.to_string(), "name": names.get(id) });
    folder.put_json("people.json", &named.iter().map(person).collect::<Vec<_>>())
}

/// The person of whom an entry only says how they show themselves. It goes along if anything else names them.
fn is_about(said: &Said) -> Option<GroupId> {
    match &said.op {
        Some(Op::Profile { .. }) => Some(said.entry.person),
        Some(Op::Introduce { person, .. }) => Some(*person),
        _ => None,
    }
}

fn note_people(said: &Said, named: &mut BTreeSet<GroupId>) {
    if is_about(said).is_none() {
        named.insert(said.entry.person);
        named.extend(said.op.as_ref().map(Op::people).unwrap_or_default());
    }
}

/// The same without what a space is ruled by: whether it rests and how long messages stay. An import of old messages would be
/// empty at once; what is left, if anything.
fn without_rules(op: Op) -> Option<Op> {
    let Op::Set { object: THE_SPACE, mut fields } = op else { return Some(op) };
    fields.retain(|field| !matches!(field, Field::Retention { .. } | Field::Archived { .. }));
    (!fields.is_empty()).then_some(Op::Set { object: THE_SPACE, fields })
}

/// Reads the journal as far as the snapshot goes.
struct Walk<'a> {
    reading: &'a Reading,
    /// Where the snapshot ends.
    end: Cursor,
    /// The next to be read.
    next: u64,
    page: std::collections::VecDeque<(u64, Entry)>,
    more: bool,
}

enum Entry {
    Opened(Opened),
    Dropped(Dropped),
}

impl<'a> Walk<'a> {
    fn new(reading: &'a Reading) -> Result<Self, ExportError> {
        let end = reading.source.view.cursor(&reading.source.space)?;
        Ok(Self { reading, end, next: 0, page: std::collections::VecDeque::new(), more: true })
    }

    /// The next entry; none of it if it is not part of an export.
    fn next(&mut self) -> Result<Option<(u64, Option<Said>)>, ExportError> {
        if self.page.is_empty() && self.more {
            self.reading.source.progress.check()?;
            self.fill(self.next, PAGE)?;
        }
        let Some((position, entry)) = self.page.pop_front() else { return Ok(None) };
        Ok(Some((position, self.said(entry)?)))
    }

    /// The entry at a place, read together with the `run` that begins there.
    fn at(&mut self, position: u64, run: impl FnOnce() -> usize) -> Result<Option<Said>, ExportError> {
        while self.page.front().is_some_and(|(first, _)| *first < position) {
            self.page.pop_front();
        }
        if self.page.front().is_none_or(|(first, _)| *first != position) {
            self.fill(position, run())?;
        }
        match self.page.pop_front() {
            Some((found, entry)) if found == position => self.said(entry),
            _ => Err(ExportError::Changed),
        }
    }

    fn fill(&mut self, from: u64, count: usize) -> Result<(), ExportError> {
        let source = &self.reading.source;
        let cursor = Cursor { generation: self.end.generation, position: from };
        let Page::Entries { entries, dropped, next, more } = source.journal.read(&source.space, cursor, count)? else {
            return Err(ExportError::Changed);
        };
        let opened = entries.into_iter().map(|entry| (entry.position, Entry::Opened(entry)));
        let dropped = dropped.into_iter().map(|entry| (entry.position, Entry::Dropped(entry)));
        let mut page: Vec<_> = opened.chain(dropped).filter(|(at, _)| *at < self.end.position).collect();
        page.sort_by_key(|(position, _)| *position);
        (self.page, self.next) = (page.into(), next.position);
        self.more = more && next.position < self.end.position;
        Ok(())
    }

    fn said(&self, entry: Entry) -> Result<Option<Said>, ExportError> {
        match entry {
            Entry::Opened(entry) => self.opened(entry),
            Entry::Dropped(entry) => Ok(entry.person.map(|person| Said {
                entry: Imported {
                    id: entry.hash,
                    clock: entry.clock,
                    person,
                    device: entry.author,
                    manages: false,
                    op: None,
                },
                op: None,
            })),
        }
    }

    fn opened(&self, entry: Opened) -> Result<Option<Said>, ExportError> {
        let (Some(person), Ok(op)) = (entry.person, Op::decode(&entry.plain)) else { return Ok(None) };
        if let Op::Imported { imported } = op {
            // As it was, again.
            let op = imported.op().ok().flatten();
            return Ok(Some(Said { entry: imported, op }));
        }
        if !op.can_be_carried_over() {
            return Ok(None);
        }
        let op = self.reading.originals.rename(|originals| op.renamed(originals))?;
        let Some(op) = without_rules(op) else { return Ok(None) };
        let Ok(bytes) = op.encode() else { return Ok(None) };
        let manages = entry.level >= Level::Manage;
        let Opened { hash: id, clock, author: device, .. } = entry;
        Ok(Some(Said { entry: Imported { id, clock, person, device, manages, op: Some(bytes) }, op: Some(op) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_line() {
        let op = Op::Name { name: "Quay".into() }.encode().expect("encodes");
        let entry = Imported {
            id: EntryHash::from_bytes([1; 32]),
            clock: Hlc::new(5, 6),
            person: GroupId::from_bytes([2; 32]),
            device: DeviceId::from_bytes([3; 32]),
            manages: true,
            op: Some(op),
        };
        let seeds = [Line::from(&entry), Line::from(&Imported { op: None, ..entry })];
        let seeds = seeds.map(|line| serde_json::to_vec(&line).expect("writes"));
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let read = serde_json::from_slice::<Line>(bytes).ok().and_then(|line| line.read());
            if let Some(read) = &read {
                assert_eq!(Line::from(read).read().as_ref(), Some(read));
            }
            read.is_some()
        });
    }
}
