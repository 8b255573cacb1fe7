//! Times, and text that stands between marks of Markdown or XML.

use compeer_core::Millis;

use crate::model::Day;

/// A moment as ISO 8601, in UTC, to the millisecond.
pub(super) fn time(at: Millis) -> String {
    let (minute, seconds) = (minute(at).replace(' ', "T"), at / 1000 % 60);
    format!("{minute}:{seconds:02}.{:03}Z", at % 1000)
}

/// A moment for people, in UTC, to the minute.
pub(super) fn minute(at: Millis) -> String {
    let seconds = at / 1000;
    let day = Day(u32::try_from(seconds / 86_400).unwrap_or(u32::MAX));
    let of_day = seconds % 86_400;
    format!("{day} {:02}:{:02}", of_day / 3600, of_day / 60 % 60)
}

/// The month of a moment, as `2026-11`.
pub(super) fn month(at: Millis) -> String {
    let day = Day(u32::try_from(at / 86_400_000).unwrap_or(u32::MAX)).to_string();
    day.rsplit_once('-').map_or(day.clone(), |(month, _)| month.to_owned())
}

/// A name or a title that means nothing but itself in Markdown.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | '-' | '(' | ')' | '\'' | ':' | '/') {
            plain.push('\\');
        }
        plain.push(if c.is_control() { ' ' } else { c });
    }
    plain
}

/// A text of somebody's, set in: whatever it holds, it cannot look like what stands around it.
pub(super) fn quoted(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { ">\n".to_owned() } else { format!("> {line}\n") };
    text.lines().map(line).collect()
}

/// A text in XML, in an attribute too. Characters that XML 1.0 does not have are left out.
pub(super) fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_as_they_should() {
        assert_eq!(time(1_795_811_070_123), "2026-11-27T20:24:30.123Z");
        assert_eq!(minute(1_795_811_070_123), "2026-11-27 20:24");
        assert_eq!(month(1_795_811_070_123), "2026-11");
    }

    #[test]
    fn nothing_breaks_out() {
        assert_eq!(xml("<script>\"'&\u{0}"), "&lt;script&gt;&quot;&#39;&amp;");
        assert_eq!(plain("*Ann* <b>"), "\\*Ann\\* \\<b\\>");
        assert_eq!(quoted("a\n\n**Bo** · 2026"), "> a\n>\n> **Bo** · 2026\n");
    }
}
