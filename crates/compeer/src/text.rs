//! Text from others, made safe to show in a terminal.
//!
//! A message or name may hold escape sequences that move the cursor or retitle the window, and bidirectional controls
//! that make a text read as another (CVE-2021-42574, "Trojan Source"). They are shown as what they are, and in names
//! so is what cannot be seen at all.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use compeer_spaces::model::is_hidden;

/// The text on one line, with every control, bidirectional and invisible character written as `\u{1b}` and the like.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(
        text,
        |before, char, after| is_control(char) || is_hidden(before, char, after),
        |out, char| {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(char));
        },
    )
}

/// Several lines of whole text: line breaks stay, and so does what is merely not seen, such as places where a word may
/// be broken.
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(
        text,
        |_, char, _| char != '\n' && is_control(char),
        |out, char| {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(char));
        },
    )
}

/// JSON text that means the same and can be shown in a terminal. In JSON such characters can only stand within
/// strings, where `\u` escapes are allowed; `serde_json` itself escapes those below U+0020 alone.
#[must_use]
pub fn visible_json(json: &str) -> Cow<'_, str> {
    escaped(
        json,
        |_, char, _| char != '\n' && is_control(char),
        |out, char| {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        },
    )
}

/// The most characters of a name or argument that an error repeats.
const SHORT: usize = 80;

/// The most characters of a word in a sentence. Paths that are in use are shorter.
const LONG_WORD: usize = 300;

/// What somebody typed, short enough to be repeated in a sentence about it.
#[must_use]
pub fn shorten(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// A sentence in which no word is longer than any path has to be: lower floors name paths in their errors, however long.
#[must_use]
pub fn shorten_words(text: &str) -> Cow<'_, str> {
    let is_long = |word: &str| word.chars().nth(LONG_WORD).is_some();
    if !text.split(' ').any(is_long) {
        return Cow::Borrowed(text);
    }
    let short = |word| if is_long(word) { shorten(word) } else { Cow::Borrowed(word) };
    Cow::Owned(text.split(' ').map(short).collect::<Vec<_>>().join(" "))
}

/// A path as a shell takes it: in quotes where it holds anything that a shell would read otherwise.
#[must_use]
pub fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-+,:@%".contains(char);
    if cfg!(windows) {
        format!("\"{text}\"")
    } else if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// C0, DEL and C1 controls, line and paragraph separators, and what changes the direction of text.
fn is_control(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// `bad` is asked about each character between those beside it.
fn escaped<'a>(
    text: &'a str,
    bad: impl Fn(Option<char>, char, Option<char>) -> bool,
    escape: impl Fn(&mut String, char),
) -> Cow<'a, str> {
    // Nothing of plain ASCII is hidden, and most text is that.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if bad(before, char, chars.peek().copied()) {
            escape(&mut out, char)
        } else {
            out.push(char)
        }
        before = Some(char);
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_do_harm_is_shown_as_what_it_is() {
        let table = [
            ("plain", "plain"),
            ("grüße 👩‍🚀 漢字", "grüße 👩‍🚀 漢字"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("a\nb\tc\rd", "a\\u{a}b\\u{9}c\\u{d}d"),
            ("del \u{7f}", "del \\u{7f}"),
            ("c1 \u{9b}31m", "c1 \\u{9b}31m"),
            ("invoice\u{202e}fdp.exe", "invoice\\u{202e}fdp.exe"),
            ("\u{2066}isolate\u{2069}", "\\u{2066}isolate\\u{2069}"),
            ("\u{202a}\u{202d}\u{200f}\u{61c}", "\\u{202a}\\u{202d}\\u{200f}\\u{61c}"),
            ("line\u{2028}separator", "line\\u{2028}separator"),
            ("Ann\u{200b}", "Ann\\u{200b}"),
            ("A\u{200d}nn\u{ad}", "A\\u{200d}nn\\u{ad}"),
            ("می‌خواهم ❤️ 1️⃣", "می‌خواهم ❤️ 1️⃣"),
        ];
        for (text, expected) in table {
            assert_eq!(visible(text), expected, "{text:?}");
        }
        assert_eq!(visible_lines("one\ntwo\u{1b}"), "one\ntwo\\u{1b}");
        assert_eq!(visible_lines("soft\u{ad}hyphen"), "soft\u{ad}hyphen");
    }

    #[test]
    fn what_is_long_is_shortened() {
        assert_eq!(shorten("Harbour"), "Harbour");
        assert_eq!(shorten(&"ü".repeat(SHORT)), "ü".repeat(SHORT));
        assert_eq!(shorten(&"ü".repeat(SHORT + 1)), format!("{}…", "ü".repeat(SHORT)));
        let path = format!("/{}", "x".repeat(LONG_WORD - 1));
        assert_eq!(shorten_words(&path), path);
        assert_eq!(shorten_words(&format!("No  {path}x.")), format!("No  /{}…", "x".repeat(SHORT - 1)));
    }

    #[cfg(unix)]
    #[test]
    fn paths_survive_a_shell() {
        let table = [
            ("/home/ann/.local/share/compeer", "/home/ann/.local/share/compeer"),
            ("/home/Ann Lee", "'/home/Ann Lee'"),
            ("/it's", "'/it'\\''s'"),
            ("/$HOME`id`", "'/$HOME`id`'"),
            ("/grüße", "'/grüße'"),
        ];
        for (path, expected) in table {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({ "name": "a\u{1b}b\u{9b}c\u{202e}d\u{7f}", "list": ["x\ny"] });
        let json = serde_json::to_string(&value).expect("writes");
        let safe = visible_json(&json);
        assert!(!safe.chars().any(|char| char != '\n' && is_control(char)), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).expect("reads"), value);
    }
}
