//! Just enough of a Rust lexer for rules that look for words: it blanks what is not code, and finds what is test code.

use std::ops::Range;

/// The text with comments, strings and character literals replaced by spaces, byte for byte; line ends stay.
pub(super) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => line_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => block_comment_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' if !follows_word(bytes, at, b"b") => raw_string_end(bytes, at).unwrap_or(at),
            b'\'' => char_end(bytes, at).unwrap_or(at),
            _ => at,
        };
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    // Whole literals and comments were replaced by spaces, so what is left is still UTF-8.
    String::from_utf8_lossy(&code).into_owned()
}

fn line_end(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| start + length)
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        match &bytes[at..bytes.len().min(at + 2)] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `r"…"` and `r#"…"#` with any number of `#`; none for a raw identifier or a word that begins with r.
fn raw_string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let hashes = bytes[start + 1..].iter().take_while(|byte| **byte == b'#').count();
    let open = start + 1 + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    let length = bytes[open + 1..].windows(close.len()).position(|window| window == close);
    Some(length.map_or(bytes.len(), |length| open + 1 + length + close.len()))
}

/// A character literal; none for a lifetime.
fn char_end(bytes: &[u8], start: usize) -> Option<usize> {
    let first = *bytes.get(start + 1)?;
    if first == b'\\' {
        // An escape: the closing quote is the first one after the escaped character.
        let rest = bytes.get(start + 3..)?;
        return rest.iter().position(|byte| *byte == b'\'').map(|length| start + 3 + length + 1);
    }
    let width = match first {
        0x00..=0x7f => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    (bytes.get(start + 1 + width) == Some(&b'\'')).then_some(start + 2 + width)
}

/// Whether the byte at `at` continues an identifier; a single byte out of `prefixes` in front of it does not count.
fn follows_word(bytes: &[u8], at: usize, prefixes: &[u8]) -> bool {
    let is_word = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let Some(before) = at.checked_sub(1) else { return false };
    if prefixes.contains(&bytes[before]) {
        return before.checked_sub(1).is_some_and(is_word);
    }
    is_word(before)
}

/// What `#[cfg(test)]` and `#[test]`-like attributes cover in a masked text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TestCode {
    /// Byte ranges of items with a body.
    pub(super) ranges: Vec<Range<usize>>,
    /// Names of modules that are test code and lie in files of their own.
    pub(super) modules: Vec<String>,
}

pub(super) fn test_code(code: &str) -> TestCode {
    let mut found = TestCode::default();
    for attribute in ["#[cfg(test)]", "#[test]", "#[tokio::test"] {
        for (start, _) in code.match_indices(attribute) {
            let Some(length) = code[start + attribute.len()..].find(['{', ';']) else { continue };
            let end = start + attribute.len() + length;
            if code.as_bytes()[end] == b'{' {
                found.ranges.push(start..closing_brace(code, end));
            } else if let Some((_, name)) = code[start..end].rsplit_once("mod ") {
                found.modules.push(name.trim().to_owned());
            } else {
                found.ranges.push(start..end);
            }
        }
    }
    found
}

/// One past the brace that closes the one at `open`.
fn closing_brace(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at + 1,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let code = code_only(text);
        assert_eq!(code.len(), text.len(), "every byte keeps its place");
        assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn comments_are_not_code() {
        check("a // b\nc", "a c");
        check("a /* b /* c */ d */ e", "a e");
        check("a // \"b\nc", "a c");
        check("a /* b", "a");
    }

    #[test]
    fn strings_are_not_code() {
        check(r#"a("b // \" c") d"#, "a( ) d");
        check(r###"a(r#"b " c"#) d"###, "a( ) d");
        check(r##"a(br"b\") d"##, "a(b ) d");
        check("for r#in in attr\"x\" {}", "for r#in in attr {}");
        check("a \"b\nc", "a");
    }

    #[test]
    fn characters_are_not_code_and_lifetimes_are() {
        check("a('\"', '\\'', 'é', '{') b", "a( , , , ) b");
        check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
        check("'\\u{7b}' b", "b");
    }

    #[test]
    fn finds_test_code() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { {} } }\nfn c() {}\n#[cfg(test)]\nmod table;\n";
        let found = test_code(text);
        assert_eq!(found.modules, ["table"]);
        assert_eq!(found.ranges.len(), 1);
        assert_eq!(&text[found.ranges[0].clone()], "#[cfg(test)]\nmod tests { fn b() { {} } }");
    }
}
