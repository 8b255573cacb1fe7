//! Text as words. What is indexed, what is asked for and what is highlighted is cut by these rules alone.
//!
//! A word is a run of letters and digits, with the marks on them. Writings that put no blanks between words (Han, kana,
//! Hangul, Thai and its neighbours) are cut into single characters, as emoji are: two or more in a row are then looked for as
//! a phrase, which finds every substring. Words are compared without regard to case, to accents and vowel points, and to
//! different encodings of one character (Unicode's compatibility forms, UAX #15).

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

/// Characters of a word that count: longer ones are told apart by their beginnings.
const WORD_CHARS: usize = 64;

/// A word in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// As it is compared: lower-case letters and digits, never a blank or a sign of ASCII.
    pub(crate) word: String,
    /// Where it stands, in bytes of the text.
    pub(crate) at: Range<usize>,
}

/// The words of a text, in order.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = Token> + '_ {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (start, first) = chars.next()?;
            let alone = stands_alone(first);
            if !alone && !first.is_alphanumeric() {
                continue;
            }
            let mut end = start + first.len_utf8();
            while let Some(&(at, c)) = chars.peek() {
                let goes_on = joins(c) || !alone && c.is_alphanumeric() && !stands_alone(c);
                if !goes_on {
                    break;
                }
                end = at + c.len_utf8();
                chars.next();
            }
            let word = fold(&text[start..end]);
            if !word.is_empty() {
                return Some(Token { word, at: start..end });
            }
        }
    })
}

/// The words of a text with a blank between them.
pub(crate) fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for token in tokens(text) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&token.word);
    }
    words
}

/// Whether a character is a word of its own.
const fn stands_alone(c: char) -> bool {
    matches!(c,
        // Thai, Lao; Myanmar; Khmer.
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        // Kana, Bopomofo, Han with its extensions, Yi.
        | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3031}'..='\u{303c}'
        | '\u{3041}'..='\u{312f}' | '\u{31a0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{a4cf}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9d}' | '\u{1b000}'..='\u{1b16f}' | '\u{20000}'..='\u{3ffff}'
        // Hangul: syllables, and letters on their own.
        | '\u{ac00}'..='\u{d7a3}' | '\u{3130}'..='\u{318f}'
        // Signs and emoji (the ranges of UTS #51, and the arrows and technical signs before them).
        | '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
}

/// Whether a character belongs to the one before it: marks, joiners, and the skin tones of emoji.
fn joins(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{ff9e}' | '\u{ff9f}' | '\u{1f3fb}'..='\u{1f3ff}')
        || !c.is_ascii() && is_combining_mark(c)
}

/// Whether a character makes no difference: accents and points (by their combining class, UAX #44), joiners, and strokes that
/// only stretch a word.
fn makes_no_difference(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{640}' | '\u{20e3}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
        || matches!(canonical_combining_class(c), 1 | 10..=36 | 200..=240)
}

/// A word as it is compared.
fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.chars().take(WORD_CHARS).map(|c| c.to_ascii_lowercase()).collect();
    }
    let different = word.nfkd().filter(|c| !makes_no_difference(*c)).flat_map(char::to_lowercase).flat_map(plain);
    let different = different.filter(|c| !c.is_ascii() || c.is_ascii_alphanumeric());
    different.nfc().take(WORD_CHARS).collect()
}

/// Letters with strokes and joined letters, which Unicode does not take apart, as those who lack them on their keyboards type
/// them.
fn plain(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'ø' => ('o', None),
        'ł' => ('l', None),
        'đ' => ('d', None),
        'ħ' => ('h', None),
        'ı' => ('i', None),
        'ς' => ('σ', None),
        c => (c, None),
    };
    std::iter::once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        tokens(text).map(|token| token.word).collect()
    }

    #[test]
    fn words_are_cut_and_compared_as_people_do() {
        let table: &[(&str, &[&str])] = &[
            ("Quay wall, 12.5 m", &["quay", "wall", "12", "5", "m"]),
            ("plans/Quay-Wall_v2.PDF", &["plans", "quay", "wall", "v2", "pdf"]),
            ("Straße Œuvre Łódź Ørsted", &["strasse", "oeuvre", "lodz", "orsted"]),
            ("Café cafe\u{301} CAFÉ", &["cafe", "cafe", "cafe"]),
            ("ΣΟΦΟΣ σοφός", &["σοφοσ", "σοφοσ"]),
            ("İstanbul ılık", &["istanbul", "ilik"]),
            ("ﬁle ｑｕａｙ ①", &["file", "quay", "1"]),
            ("東京都 quay岸壁", &["東", "京", "都", "quay", "岸", "壁"]),
            ("ガス ｶﾞｽ か\u{3099}", &["ガ", "ス", "ガ", "ス", "が"]),
            ("부산항에서", &["부", "산", "항", "에", "서"]),
            ("مَرْحَبًا مرحبا مـرحبا أهلا", &["مرحبا", "مرحبا", "مرحبا", "اهلا"]),
            ("שָׁלוֹם", &["שלום"]),
            ("हिन्दी में", &["हिन्दी", "में"]),
            ("ท่าเรือ", &["ท่", "า", "เ", "รื", "อ"]),
            ("ok\u{1f44d}\u{1f3fd} \u{2764}\u{fe0f}", &["ok", "\u{1f44d}", "\u{2764}"]),
            ("\u{1f1e9}\u{1f1ea}", &["\u{1f1e9}", "\u{1f1ea}"]),
            ("don't a/c ½", &["don", "t", "a", "c", "1\u{2044}2"]),
            ("", &[]),
            (" \u{640} -- \u{301}", &[]),
        ];
        for (text, words) in table {
            assert_eq!(cut(text), *words, "{text}");
        }
    }

    #[test]
    fn a_word_is_known_where_it_stands() {
        let text = "Der Größte, im 東京!";
        let places: Vec<_> = tokens(text).map(|token| &text[token.at]).collect();
        assert_eq!(places, ["Der", "Größte", "im", "東", "京"]);
        assert_eq!(cut(&"x".repeat(1000)), ["x".repeat(WORD_CHARS)]);
    }

    #[test]
    fn fuzz_words() {
        let seeds = ["Größte 東京 ok\u{1f44d}\u{1f3fd}", "مَرْحَبًا ½ ｶﾞ ﷺ", "हिन्दी ท่า 부산\u{200d}"];
        let seeds: Vec<_> = seeds.iter().map(|text| text.as_bytes().to_vec()).collect();
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return false };
            let mut end = 0;
            for token in tokens(text) {
                assert!(token.at.start >= end && !text[token.at.clone()].is_empty());
                end = token.at.end;
                assert!(!token.word.is_empty() && token.word.chars().count() <= WORD_CHARS);
                // What the table of words would cut apart, or a query take for a sign.
                assert!(token.word.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric()), "{token:?}");
                assert!(!token.word.contains(char::is_uppercase) || !token.word.is_ascii());
            }
            true
        });
    }
}
