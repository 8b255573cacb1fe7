//! Finds documents.
//!
//! The index hands out matches by time, the newest first, and a stretch of them at a time is ranked. So no query reads more
//! than it shows, however common its words are, and pages follow each other without gaps.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Instant;

use compeer_core::{EntryHash, GroupId, Millis};
use rusqlite::{Connection, OptionalExtension, params};

use super::super::{Result, View};
use super::documents::{self, Document};
use super::index::{any_left, first_id, last_id};
use super::reader::Stop;
use crate::search::query::{Is, Mark, Query, Term};
use crate::search::snippet::{self, Match};
use crate::search::{Kind, SearchError};

/// Matches that are ranked together.
const STRETCH: usize = 200;
/// Bytes of a text by which it is ranked.
const RANKED_BYTES: usize = 4096;
/// Words of a usual message.
const USUAL_WORDS: f64 = 12.0;
/// How long something counts as fresh, in milliseconds: a month.
const FRESH: f64 = 30.0 * 86_400_000.0;

/// What documents are asked for: a query whose names are known.
pub(crate) struct Wanted {
    pub(crate) query: Query,
    /// Whose; `None`: anybody's.
    pub(crate) people: Option<BTreeSet<GroupId>>,
    pub(crate) not_people: BTreeSet<GroupId>,
    /// At which topics; `None` among them is the general talk. `None`: at any.
    pub(crate) places: Option<BTreeSet<Option<EntryHash>>>,
    pub(crate) not_places: BTreeSet<Option<EntryHash>>,
    /// Where.
    pub(crate) spaces: BTreeSet<GroupId>,
    /// Whether these are fewer than there are on this device.
    pub(crate) some_spaces: bool,
    pub(crate) limit: usize,
    pub(crate) cursor: Cursor,
    /// When to end, whatever was found.
    pub(crate) until: Instant,
}

/// Where a page ended: how many of the best of a stretch, which begins below an id, have been handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    below: i64,
    handed_out: usize,
}

impl Cursor {
    pub(crate) const START: Self = Self { below: i64::MAX, handed_out: 0 };
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.below, self.handed_out)
    }
}

impl FromStr for Cursor {
    type Err = SearchError;

    fn from_str(text: &str) -> std::result::Result<Self, SearchError> {
        let (below, handed_out) = text.split_once('-').ok_or(SearchError::Cursor)?;
        let below = i64::from_str_radix(below, 16).map_err(|_| SearchError::Cursor)?;
        let handed_out = handed_out.parse().map_err(|_| SearchError::Cursor)?;
        if below < 0 || handed_out > STRETCH {
            return Err(SearchError::Cursor);
        }
        Ok(Self { below, handed_out })
    }
}

/// A document that was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FoundDocument {
    pub(crate) document: Document,
    score: f64,
}

/// A page of what was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) documents: Vec<FoundDocument>,
    /// How many there are from the beginning of the page on, as far as was counted.
    pub(crate) count: usize,
    pub(crate) next: Option<Cursor>,
    /// Whether the index says all that the view does, and there was time to look.
    pub(crate) complete: bool,
}

impl View {
    /// A page of what matches.
    pub(crate) fn find(&self, stop: &Stop, wanted: &Wanted) -> Result<Found> {
        self.read(stop, |connection| find(connection, stop, wanted))
    }
}

fn find(connection: &Connection, stop: &Stop, wanted: &Wanted) -> Result<Found> {
    let behind = any_left(connection)?;
    let mut found = Found { complete: !behind, ..Found::default() };
    let Some(expression) = expression(wanted) else { return Ok(found) };
    let mut cursor = wanted.cursor;
    loop {
        let (stretch, last) = stretch(connection, &expression, wanted, cursor.below)?;
        let mut ranked = Vec::with_capacity(stretch.len());
        for id in stretch {
            let Some(document) = document(connection, id)? else { continue };
            if wanted.is_met_by(&document)
                // What is noted and not yet indexed is not handed out as it was.
                && (!behind
                    || documents::read(connection, &document.space, &document.object)?.as_ref() == Some(&document))
            {
                ranked.push(document);
            }
        }
        let ranked = rank(ranked, &wanted.query.terms);
        let room = wanted.limit - found.documents.len();
        let rest = ranked.len().saturating_sub(cursor.handed_out);
        found.count += rest;
        found.documents.extend(ranked.into_iter().skip(cursor.handed_out).take(room));
        cursor = if rest > room {
            Cursor { handed_out: cursor.handed_out + room, ..cursor }
        } else {
            match last {
                Some(below) => Cursor { below, handed_out: 0 },
                None => return Ok(found),
            }
        };
        let out_of_time = stop.is_stopped() || Instant::now() >= wanted.until;
        if rest >= room || out_of_time {
            found.complete &= rest >= room || !out_of_time;
            found.next = Some(cursor);
            return Ok(found);
        }
    }
}

/// The ids of the newest matches below an id; and where to go on, if there are more.
fn stretch(connection: &Connection, expression: &str, wanted: &Wanted, below: i64) -> Result<(Vec<i64>, Option<i64>)> {
    let below = wanted.query.until.map_or(below, |until| below.min(last_id(until)));
    let from = wanted.query.since.map_or(0, first_id);
    let mut statement = connection.prepare_cached(
        "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid < ?2 AND rowid >= ?3 ORDER BY rowid DESC LIMIT ?4",
    )?;
    let rows = statement.query_map(params![expression, below, from, STRETCH as i64 + 1], |row| row.get(0))?;
    let mut ids: Vec<i64> = rows.collect::<rusqlite::Result<_>>()?;
    let more = ids.len() > STRETCH;
    ids.truncate(STRETCH);
    let last = ids.last().copied().filter(|_| more);
    Ok((ids, last))
}

fn document(connection: &Connection, id: i64) -> Result<Option<Document>> {
    let sql = format!("SELECT {} FROM doc WHERE id = ?1", documents::COLUMNS);
    Ok(connection.prepare_cached(&sql)?.query_row([id], documents::stored).optional()?.flatten())
}

impl Wanted {
    /// What the index finds by beginnings of ids and by stretches of time, looked at exactly.
    fn is_met_by(&self, document: &Document) -> bool {
        let time: Millis = document.clock.millis();
        self.spaces.contains(&document.space)
            && self.people.as_ref().is_none_or(|people| people.contains(&document.person))
            && !self.not_people.contains(&document.person)
            && self.places.as_ref().is_none_or(|places| places.contains(&document.place))
            && !(document.kind == Kind::Message && self.not_places.contains(&document.place))
            && self.query.since.is_none_or(|since| time >= since)
            && self.query.until.is_none_or(|until| time < until)
    }
}

/// The best first; of those alike, the newest.
fn rank(documents: Vec<Document>, terms: &[Term]) -> Vec<FoundDocument> {
    // As old as they are beside the newest of them, so that each page ranks alike.
    let newest = documents.iter().map(|document| document.clock).max().unwrap_or_default();
    let mut ranked: Vec<FoundDocument> = documents
        .into_iter()
        .map(|document| {
            let age = newest.millis().saturating_sub(document.clock.millis()) as f64;
            let score = relevance(&document, terms) + 0.7 / (1.0 + age / FRESH);
            FoundDocument { document, score }
        })
        .collect();
    ranked.sort_by(|a, b| {
        let order = |found: &FoundDocument| (found.document.clock, found.document.object);
        b.score.total_cmp(&a.score).then_with(|| order(b).cmp(&order(a)))
    });
    ranked
}

/// How well a document fits, 0 to 1.3: Okapi BM25's weight of a word that stands in a text once (Robertson and Zaragoza, "The
/// Probabilistic Relevance Framework", 2009), half of it for the beginning of a word. How rare a word is stays out: all that
/// is ranked has all words.
fn relevance(document: &Document, terms: &[Term]) -> f64 {
    if terms.is_empty() {
        return 0.0;
    }
    let end = document.text.floor_char_boundary(RANKED_BYTES);
    let (title, text) = (snippet::fits(&document.title, terms), snippet::fits(&document.text[..end], terms));
    let weight = |fits: Match| {
        let length = fits.words as f64 / USUAL_WORDS;
        let once = 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * length));
        let share = (fits.whole as f64 + 0.5 * fits.begun as f64) / terms.len() as f64;
        share * (0.6 + 0.4 * once.min(1.0))
    };
    (1.3 * weight(title)).max(weight(text))
}

/// What the index is asked (FTS5, "Full-text Query Syntax"). `None`: nothing that is indexed can match. Words hold letters
/// and digits alone, so none of them ends the quotes.
fn expression(wanted: &Wanted) -> Option<String> {
    let query = &wanted.query;
    let mut all: Vec<String> = Vec::new();
    let mut none: Vec<String> = Vec::new();
    if !query.terms.is_empty() {
        let terms: Vec<String> = query.terms.iter().map(phrase).collect();
        all.push(format!("{{title text}} : ({})", terms.join(" AND ")));
    }
    none.extend(query.not.iter().map(|term| format!("{{title text}} : ({})", phrase(term))));
    let kinds = Kind::ALL;
    let of_kinds: Vec<&str> = kinds.into_iter().filter(|kind| query.wants(Is::Kind(*kind))).map(Kind::word).collect();
    if of_kinds.is_empty() {
        return None;
    }
    if of_kinds.len() < kinds.len() {
        all.push(marked(of_kinds));
    }
    if wanted.some_spaces {
        all.push(marked(wanted.spaces.iter().map(documents::mark_of_space)));
    }
    if let Some(people) = &wanted.people {
        all.push(marked(people.iter().map(documents::mark_of_person)));
    }
    if let Some(places) = &wanted.places {
        all.push(marked(places.iter().map(|place| documents::mark_of_place(place.as_ref()))));
    }
    let word = |mark: &Mark| match mark {
        Mark::HasFile => documents::FILE,
        Mark::HasLink => documents::LINK,
        Mark::Pinned => documents::PINNED,
    };
    all.extend(query.marks.iter().map(|mark| marked([word(mark)])));
    none.extend(query.not_marks.iter().map(|mark| marked([word(mark)])));
    if all.is_empty() {
        all.push(marked([documents::ALL]));
    }
    let all = all.join(" AND ");
    Some(if none.is_empty() { all } else { format!("({all}) NOT ({})", none.join(" OR ")) })
}

fn phrase(term: &Term) -> String {
    format!("\"{}\"{}", term.words.join(" "), if term.prefix { " *" } else { "" })
}

/// One of these marks. Of no marks, one that nothing has.
fn marked(marks: impl IntoIterator<Item: AsRef<str>>) -> String {
    let marks: Vec<String> = marks.into_iter().map(|mark| format!("\"{}\"", mark.as_ref())).collect();
    format!("marks : ({})", if marks.is_empty() { "\"none\"".into() } else { marks.join(" OR ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_cursors() {
        let seeds = [Cursor::START, Cursor { below: 77, handed_out: 5 }].map(|cursor| cursor.to_string().into_bytes());
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Some(cursor) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<Cursor>().ok()) else {
                return false;
            };
            assert!(cursor.below >= 0 && cursor.handed_out <= STRETCH);
            assert_eq!(cursor.to_string().parse::<Cursor>().ok(), Some(cursor));
            true
        });
    }
}
