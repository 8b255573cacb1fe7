//! What of a text is shown, and which of it was looked for.

use std::ops::Range;

use super::Part;
use super::query::Term;
use super::tokens::{Token, tokens};

/// Characters of a text that are shown.
const SHOWN: usize = 240;
/// Of these, before what was found.
const BEFORE: usize = 60;
/// Words of a text in which what was found is marked. A hostile text has no more of them than it has room.
const MARKED: usize = 64;

/// How well a text fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Match {
    /// Terms that it has, as whole words and as beginnings.
    pub(crate) whole: usize,
    pub(crate) begun: usize,
    /// Words it has.
    pub(crate) words: usize,
}

/// The places of `term` among the words: where each of them begins, and whether the last word is whole.
fn places<'a>(words: &'a [Token], term: &'a Term) -> impl Iterator<Item = (usize, bool)> + 'a {
    words.windows(term.words.len()).enumerate().filter_map(|(at, window)| {
        let (last, first) = term.words.split_last()?;
        let (last_here, first_here) = window.split_last()?;
        if !first.iter().eq(first_here.iter().map(|token| &token.word)) {
            return None;
        }
        let whole = last_here.word == *last;
        (whole || term.prefix && last_here.word.starts_with(last.as_str())).then_some((at, whole))
    })
}

/// How well a text fits the terms.
pub(crate) fn fits(text: &str, terms: &[Term]) -> Match {
    let words: Vec<Token> = tokens(text).collect();
    let mut found = Match { whole: 0, begun: 0, words: words.len() };
    for term in terms {
        match places(&words, term).map(|(_, whole)| whole).max() {
            Some(true) => found.whole += 1,
            Some(false) => found.begun += 1,
            None => {}
        }
    }
    found
}

/// The stretch of a text around what was found first, cut into what was looked for and what was not. The parts joined are
/// the text, but for `…` where something is left out, and for line breaks.
pub(crate) fn parts(text: &str, terms: &[Term]) -> Vec<Part> {
    let words: Vec<Token> = tokens(text).collect();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for term in terms {
        for (at, _) in places(&words, term).take(MARKED) {
            ranges.extend(words[at..at + term.words.len()].iter().map(|token| token.at.clone()));
        }
    }
    ranges.sort_by_key(|range| range.start);
    ranges.dedup();
    let start = ranges.first().map_or(0, |range| beginning(text, range.start));
    let end = text[start..].char_indices().nth(SHOWN).map_or(text.len(), |(at, _)| start + at);
    let mut parts: Vec<Part> = Vec::new();
    let mut push = |text: &str, found: bool| {
        if text.is_empty() {
            return;
        }
        let text = text.replace(['\n', '\r', '\t'], " ");
        match parts.last_mut() {
            Some(last) if last.found == found => last.text.push_str(&text),
            _ => parts.push(Part { text, found }),
        }
    };
    if start > 0 {
        push("…", false);
    }
    let mut done = start;
    for range in ranges {
        let (from, to) = (range.start.clamp(done, end), range.end.clamp(done, end));
        push(&text[done..from], false);
        push(&text[from..to], true);
        done = to;
    }
    push(&text[done..end], false);
    if end < text.len() {
        push("…", false);
    }
    parts
}

/// Where to begin, so that `at` stands not far from the beginning: at a blank if there is one.
fn beginning(text: &str, at: usize) -> usize {
    let Some((cut, _)) = text[..at].char_indices().rev().nth(BEFORE - 1).filter(|(cut, _)| *cut > 0) else { return 0 };
    text[cut..at].find(char::is_whitespace).map_or(cut, |blank| {
        let after = cut + blank;
        after + text[after..at].chars().next().map_or(0, char::len_utf8)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::query::Query;

    fn marked(text: &str, query: &str) -> String {
        let terms = Query::parse(query, 0, 0).expect("a query").terms;
        let part = |part: Part| if part.found { format!("[{}]", part.text) } else { part.text };
        parts(text, &terms).into_iter().map(part).collect()
    }

    #[test]
    fn what_was_looked_for_is_marked() {
        let table = [
            ("The Crane is here.", "crane", "The [Crane] is here."),
            ("Cranes and crane", "cran", "[Cranes] and [crane]"),
            ("Cranes and crane", "crane and", "Cranes [and] [crane]"),
            ("the crane, the the crane", "\"the crane\"", "[the] [crane], the [the] [crane]"),
            ("東京都の港", "京都", "東[京都]の港"),
            ("Müller ok\u{1f44d}\u{1f3fd}!", "muller \u{1f44d}", "[Müller] ok[\u{1f44d}\u{1f3fd}]!"),
            ("one\ntwo", "two", "one [two]"),
            ("nothing", "x", "nothing"),
            ("", "x", ""),
        ];
        for (text, query, expected) in table {
            assert_eq!(marked(text, query), expected);
        }
    }

    #[test]
    fn of_a_long_text_what_is_around_it_is_shown() {
        let text = format!("{}needle{}", "hay ".repeat(1000), " straw".repeat(1000));
        let shown = marked(&text, "needle");
        assert!(shown.starts_with("…hay ") && shown.contains(" [needle] straw") && shown.ends_with('…'), "{shown}");
        assert!((SHOWN..SHOWN + 8).contains(&shown.chars().count()), "{}", shown.chars().count());
        let one = format!("{}x", "y".repeat(2000));
        assert_eq!(marked(&one, "x").chars().count(), SHOWN + 1);
    }

    #[test]
    fn fuzz_parts() {
        let seeds = ["The Crane 東京 ok", "e\u{301} \u{1f44d}\u{1f3fd} ﬁ e e e", "crane\n\ncrane"];
        let seeds: Vec<_> = seeds.iter().map(|text| text.as_bytes().to_vec()).collect();
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return false };
            let terms = Query::parse("crane e 東京 \u{1f44d} f", 0, 0).expect("a query").terms;
            let whole: String = parts(text, &terms).into_iter().map(|part| part.text).collect();
            if text.chars().count() < SHOWN - BEFORE {
                let clean = text.replace(['\n', '\r', '\t'], " ");
                let end = whole.trim_start_matches('…');
                assert!(clean.ends_with(end), "{whole}");
            }
            true
        });
    }
}
