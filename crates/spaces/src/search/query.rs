//! What is typed into a search: words, phrases and operators.
//!
//! | typed | finds what |
//! | --- | --- |
//! | `harbour wall` | has both words, the last one also as the beginning of a word |
//! | `"harbour wall"` | has them in a row |
//! | `wal*` | has a word that begins so |
//! | `-wall` | does not have it; also before a phrase or an operator |
//! | `from:ann`, `from:me` | somebody of that name wrote or listed |
//! | `in:quay` | is in a space of that name |
//! | `topic:crane`, `topic:general` | was said at a topic of that title, or in the general talk |
//! | `has:file`, `has:link` | comes with one |
//! | `is:message`, `is:file`, `is:person`, `is:space`, `is:topic`, `is:pinned` | is one |
//! | `before:`, `after:`, `on:` and a day | `2026-11-27`, `2026-11`, `2026`, `today` or `yesterday` |
//!
//! Names with blanks stand between quotes: `from:"Ann Lee"`. An operator that is none of these is two words.

use compeer_core::Millis;

use super::tokens::tokens;
use super::{Kind, Note, QUERY_BYTES, QUERY_TERMS, SearchError};

/// Words in all phrases of a query together. Writings without blanks have one for each character.
const WORDS: usize = 96;
const DAY: i64 = 86_400_000;

/// One word, or several in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// At least one.
    pub(crate) words: Vec<String>,
    /// Whether the last one may go on.
    pub(crate) prefix: bool,
}

/// Something that a document is marked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    HasFile,
    HasLink,
    Pinned,
}

/// What somebody or something goes by, and whether it shall not be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) not: bool,
}

/// Of what kind results are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Is {
    Kind(Kind),
    Person,
    Space,
    Topic,
}

/// A query, taken apart. All that it asks must hold; of several `from:`, `in:`, `topic:` or kinds, one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) terms: Vec<Term>,
    pub(crate) not: Vec<Term>,
    pub(crate) from: Vec<Named>,
    pub(crate) within: Vec<Named>,
    pub(crate) topic: Vec<Named>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) not_marks: Vec<Mark>,
    pub(crate) is: Vec<Is>,
    pub(crate) is_not: Vec<Is>,
    /// From this time on, inclusive.
    pub(crate) since: Option<Millis>,
    /// Up to this time, exclusive.
    pub(crate) until: Option<Millis>,
    /// What can match nothing.
    pub(crate) notes: Vec<Note>,
}

/// A piece of what was typed: `not`, an operator, and what follows.
struct Piece<'a> {
    not: bool,
    operator: Option<&'a str>,
    value: &'a str,
    /// Between quotes: whether they were closed.
    quoted: Option<bool>,
}

impl Query {
    /// Takes apart what was typed at `now`, by somebody whose clocks are `offset` minutes ahead of UTC.
    pub(crate) fn parse(text: &str, now: Millis, offset: i32) -> Result<Self, SearchError> {
        if text.len() > QUERY_BYTES {
            return Err(SearchError::TooLong);
        }
        let mut query = Self::default();
        let pieces = pieces(text);
        if pieces.len() > QUERY_TERMS {
            return Err(SearchError::TooMany);
        }
        let last = pieces.len().saturating_sub(1);
        let mut count = 0;
        for (at, piece) in pieces.into_iter().enumerate() {
            if query.operate(&piece, now, offset) {
                continue;
            }
            // No operator that is known: its name is a word like others.
            for text in [piece.operator.unwrap_or_default(), piece.value] {
                let words: Vec<String> = tokens(text).map(|token| token.word).collect();
                if words.is_empty() {
                    continue;
                }
                count += words.len();
                let open = piece.quoted != Some(true) && at == last && std::ptr::eq(text, piece.value);
                let prefix = open || piece.quoted.is_none() && text.ends_with('*');
                let term = Term { words, prefix };
                if piece.not { query.not.push(term) } else { query.terms.push(term) }
            }
        }
        if count > WORDS || query.terms.len() + query.not.len() > 2 * QUERY_TERMS {
            return Err(SearchError::TooMany);
        }
        Ok(query)
    }

    /// Takes in an operator. Whether it is one. One without a value is being typed, and asks nothing yet.
    fn operate(&mut self, piece: &Piece<'_>, now: Millis, offset: i32) -> bool {
        let Some(operator) = piece.operator.map(str::to_ascii_lowercase) else { return false };
        let (value, not) = (piece.value.trim(), piece.not);
        let named = || Named { name: value.to_owned(), not };
        match operator.as_str() {
            "from" | "in" | "topic" | "has" | "is" | "before" | "after" | "on" if value.is_empty() => {}
            "from" => self.from.push(named()),
            "in" => self.within.push(named()),
            "topic" => self.topic.push(named()),
            "has" => match value.to_ascii_lowercase().as_str() {
                "file" | "files" => self.mark(Mark::HasFile, not),
                "link" | "links" => self.mark(Mark::HasLink, not),
                _ => self.none("has", value),
            },
            "is" => match value.to_ascii_lowercase().as_str() {
                "pinned" => self.mark(Mark::Pinned, not),
                "message" | "messages" => self.kind(Is::Kind(Kind::Message), not),
                "file" | "files" => self.kind(Is::Kind(Kind::File), not),
                "issue" | "issues" => self.kind(Is::Kind(Kind::Issue), not),
                "board" | "boards" => self.kind(Is::Kind(Kind::Board), not),
                "page" | "pages" => self.kind(Is::Kind(Kind::Page), not),
                "person" | "people" => self.kind(Is::Person, not),
                "space" | "spaces" => self.kind(Is::Space, not),
                "topic" | "topics" => self.kind(Is::Topic, not),
                _ => self.none("is", value),
            },
            "before" | "after" | "on" if !not => match days(value, now, offset) {
                Some((start, end)) => {
                    let later = |time: Option<Millis>, bound| Some(time.map_or(bound, |time| time.max(bound)));
                    let earlier = |time: Option<Millis>, bound| Some(time.map_or(bound, |time| time.min(bound)));
                    match operator.as_str() {
                        "before" => self.until = earlier(self.until, start),
                        "after" => self.since = later(self.since, end),
                        _ => {
                            self.since = later(self.since, start);
                            self.until = earlier(self.until, end);
                        }
                    }
                }
                None => self.notes.push(Note::Date(value.to_owned())),
            },
            _ => return false,
        }
        true
    }

    fn mark(&mut self, mark: Mark, not: bool) {
        if not { self.not_marks.push(mark) } else { self.marks.push(mark) }
    }

    fn kind(&mut self, is: Is, not: bool) {
        if not { self.is_not.push(is) } else { self.is.push(is) }
    }

    fn none(&mut self, operator: &'static str, value: &str) {
        self.notes.push(Note::NoSuch { operator, value: value.to_owned() });
    }

    /// Whether nothing is asked.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether results may be of this kind.
    pub(crate) fn wants(&self, is: Is) -> bool {
        (self.is.is_empty() || self.is.contains(&is)) && !self.is_not.contains(&is)
    }

    /// Whether a name can be what is asked for: nothing is asked that only what was written has.
    pub(crate) fn may_name(&self) -> bool {
        self.from.is_empty()
            && self.topic.is_empty()
            && self.marks.is_empty()
            && self.since.is_none()
            && self.until.is_none()
    }
}

/// Cuts what was typed at its blanks, but not between quotes.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let negated =
            rest.strip_prefix('-').filter(|after| after.starts_with(|c: char| !c.is_whitespace() && c != '-'));
        let (not, body) = (negated.is_some(), negated.unwrap_or(rest));
        let name = body.find(|c: char| !c.is_ascii_alphabetic()).filter(|at| *at > 0 && body[*at..].starts_with(':'));
        let (operator, body) = match name {
            Some(at) => (Some(&body[..at]), &body[at + 1..]),
            None => (None, body),
        };
        let (value, quoted, after) = value(body);
        // A lone sign is passed over, so that this ends.
        rest = if after.len() < rest.len() { after } else { &rest[first.len_utf8()..] };
        rest = rest.trim_start();
        pieces.push(Piece { not, operator, value, quoted });
    }
    pieces
}

/// What stands at the beginning of `text`, whether it is quoted and closed, and what comes after it.
fn value(text: &str) -> (&str, Option<bool>, &str) {
    let is_quote = |c: char| matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}');
    if let Some(quote) = text.chars().next().filter(|c| is_quote(*c)) {
        let inner = &text[quote.len_utf8()..];
        return match inner.char_indices().find(|(_, c)| is_quote(*c)) {
            Some((end, closing)) => (&inner[..end], Some(true), &inner[end + closing.len_utf8()..]),
            None => (inner, Some(false), ""),
        };
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], None, &text[end..])
}

/// From when until when a day, month or year lasts where clocks are `offset` minutes ahead of UTC.
fn days(text: &str, now: Millis, offset: i32) -> Option<(Millis, Millis)> {
    let ahead = i64::from(offset) * 60_000;
    let today = || Some((i64::try_from(now).ok()? + ahead).div_euclid(DAY));
    let (first, end) = match text.to_ascii_lowercase().as_str() {
        "today" => (today()?, today()? + 1),
        "yesterday" => (today()? - 1, today()?),
        _ => {
            let parts: Vec<&str> = text.split('-').collect();
            let digits = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            if !parts.iter().all(digits) || parts[0].len() != 4 {
                return None;
            }
            let numbers = parts.iter().map(|part| part.parse().ok()).collect::<Option<Vec<i64>>>()?;
            match numbers[..] {
                [year] => (day(year, 1, 1)?, day(year + 1, 1, 1)?),
                [year, 12] => (day(year, 12, 1)?, day(year + 1, 1, 1)?),
                [year, month] => (day(year, month, 1)?, day(year, month + 1, 1)?),
                [year, month, date] => (day(year, month, date)?, day(year, month, date)? + 1),
                _ => return None,
            }
        }
    };
    let millis = |day: i64| Millis::try_from((day * DAY - ahead).max(0)).ok();
    Some((millis(first)?, millis(end)?))
}

/// Days from 1970-01-01 to a date. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn day(year: i64, month: i64, date: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&date) {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + date - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-27 12:00 UTC.
    const NOW: Millis = 1_795_780_800_000;

    fn parse(text: &str) -> Query {
        Query::parse(text, NOW, 0).expect("a query")
    }

    fn term(words: &[&str], prefix: bool) -> Term {
        Term { words: words.iter().map(|&word| word.to_owned()).collect(), prefix }
    }

    #[test]
    fn words_phrases_and_beginnings() {
        let table: &[(&str, &[Term], &[Term])] = &[
            ("", &[], &[]),
            ("  ", &[], &[]),
            ("Harbour", &[term(&["harbour"], true)], &[]),
            ("harbour wall ", &[term(&["harbour"], false), term(&["wall"], true)], &[]),
            ("har* wall", &[term(&["har"], true), term(&["wall"], true)], &[]),
            ("\"the crane\"", &[term(&["the", "crane"], false)], &[]),
            ("\u{201c}the crane\u{201d} is", &[term(&["the", "crane"], false), term(&["is"], true)], &[]),
            ("\"the cra", &[term(&["the", "cra"], true)], &[]),
            ("quay-wall.dwg x", &[term(&["quay", "wall", "dwg"], false), term(&["x"], true)], &[]),
            ("東京都", &[term(&["東", "京", "都"], true)], &[]),
            ("crane -wall", &[term(&["crane"], false)], &[term(&["wall"], true)]),
            ("-\"no crane\" x", &[term(&["x"], true)], &[term(&["no", "crane"], false)]),
            ("3-4 - -- x", &[term(&["3", "4"], false), term(&["x"], true)], &[]),
            ("http://a.b", &[term(&["http"], false), term(&["a", "b"], true)], &[]),
            ("12:30 x", &[term(&["12", "30"], false), term(&["x"], true)], &[]),
            ("foo:bar x", &[term(&["foo"], false), term(&["bar"], false), term(&["x"], true)], &[]),
            ("\"\" ... ?", &[], &[]),
        ];
        for (text, terms, not) in table {
            let query = parse(text);
            assert_eq!((query.terms.as_slice(), query.not.as_slice()), (*terms, *not), "{text}");
            assert_eq!(query.notes, [], "{text}");
        }
    }

    #[test]
    fn operators() {
        let query = parse(
            "from:\"Ann Lee\" -FROM:bo in:quay topic:\"the crane\" has:file -has:link is:pinned is:message -is:space is: crane",
        );
        let named = |name: &str, not| Named { name: name.into(), not };
        assert_eq!(query.from, [named("Ann Lee", false), named("bo", true)]);
        assert_eq!(query.within, [named("quay", false)]);
        assert_eq!(query.topic, [named("the crane", false)]);
        assert_eq!((query.marks, query.not_marks), (vec![Mark::HasFile, Mark::Pinned], vec![Mark::HasLink]));
        assert_eq!((query.is, query.is_not), (vec![Is::Kind(Kind::Message)], vec![Is::Space]));
        assert_eq!(query.terms, [term(&["crane"], true)]);
        let query = parse("has:wings is:issue2 on:someday before:2026-13 after:2026-02-30 from:");
        let such = |operator, value: &str| Note::NoSuch { operator, value: value.into() };
        let date = |text: &str| Note::Date(text.into());
        let notes = [such("has", "wings"), such("is", "issue2"), date("someday"), date("2026-13"), date("2026-02-30")];
        assert_eq!(query.notes, notes);
        assert!(query.terms.is_empty() && query.from.is_empty());
    }

    #[test]
    fn days_begin_where_the_asker_is() {
        let bounds = |text: &str, offset| {
            let query = Query::parse(text, NOW, offset).expect("a query");
            (query.since, query.until)
        };
        let day = 86_400_000;
        let start = 1_795_737_600_000;
        assert_eq!(bounds("on:2026-11-27", 0), (Some(start), Some(start + day)));
        assert_eq!(bounds("on:today", 0), (Some(start), Some(start + day)));
        assert_eq!(bounds("on:yesterday", 0), (Some(start - day), Some(start)));
        // In Berlin the day begins an hour before that of Greenwich; in Auckland it is the next one.
        assert_eq!(bounds("on:2026-11-27", 60), (Some(start - 3_600_000), Some(start + day - 3_600_000)));
        assert_eq!(bounds("on:today", 13 * 60).0, Some(start + day - 13 * 3_600_000));
        assert_eq!(bounds("before:2026-11-27", 0), (None, Some(start)));
        assert_eq!(bounds("after:2026-11-27", 0), (Some(start + day), None));
        assert_eq!(bounds("on:2026-11", 0), (Some(start - 26 * day), Some(start + 4 * day)));
        assert_eq!(bounds("on:2026-12", 0), (Some(start + 4 * day), Some(start + 35 * day)));
        assert_eq!(bounds("on:2024", 0), (Some(1_704_067_200_000), Some(1_735_689_600_000)));
        assert_eq!(
            bounds("after:2026-11 before:2027-01 after:2025", 0),
            (Some(start + 4 * day), Some(1_798_761_600_000))
        );
        for none in ["2026-0", "2026-11-31", "2023-02-29", "26", "2026-", "20261127", "2026-11-27-1", "+026", "99999"] {
            assert_eq!(parse(&format!("on:{none}")).notes, [Note::Date(none.into())], "{none}");
        }
        assert_eq!(parse("on:2024-02-29").notes, []);
    }

    #[test]
    fn what_is_too_much_is_refused() {
        assert!(matches!(Query::parse(&"x".repeat(QUERY_BYTES + 1), NOW, 0), Err(SearchError::TooLong)));
        assert!(matches!(Query::parse(&"x ".repeat(QUERY_TERMS + 1), NOW, 0), Err(SearchError::TooMany)));
        assert!(matches!(Query::parse(&"東".repeat(WORDS + 1), NOW, 0), Err(SearchError::TooMany)));
        assert!(Query::parse(&"x ".repeat(QUERY_TERMS), NOW, 0).is_ok());
    }

    #[test]
    fn fuzz_queries() {
        let seeds =
            ["from:\"Ann\" -in:x \"a b\" c* on:2026-11-27", "\u{201c}東京\u{201d} -is:file has:link -", "a:b -\"c"];
        let seeds: Vec<_> = seeds.iter().map(|text| text.as_bytes().to_vec()).collect();
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return false };
            let Ok(query) = Query::parse(text, NOW, 60) else { return false };
            let terms = query.terms.iter().chain(&query.not);
            assert!(terms.clone().all(|term| !term.words.is_empty()));
            assert!(terms.map(|term| term.words.len()).sum::<usize>() <= WORDS);
            true
        });
    }
}
