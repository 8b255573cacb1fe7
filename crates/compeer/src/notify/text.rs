//! What a notification says. Names and words come from others: they are one short line without anything that acts.

use compeer_spaces::MessageInfo;
use compeer_spaces::model::is_hidden;

/// Characters of a title.
const TITLE: usize = 100;
/// Characters of what stands below it.
const BODY: usize = 160;

/// A notification, as text and not as markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) title: String,
    /// May be empty.
    pub(crate) body: String,
}

impl Notice {
    fn new(title: &str, body: &str) -> Self {
        Self { title: plain(title, TITLE), body: plain(body, BODY) }
    }
}

/// One message. A direct talk goes by the names of the others in it.
pub(super) fn of_one(message: &MessageInfo, space: &str, direct: bool, words: bool) -> Notice {
    if !words {
        return Notice::new(&format!("New message {} {space}", if direct { "from" } else { "in" }), "");
    }
    let mut title = message.author_name.clone();
    if !direct {
        title.push_str(&format!(" in {space}"));
    }
    if let Some(place) = message.place.as_ref().and_then(|place| place.title.as_ref()) {
        title.push_str(&format!(" on {place}"));
    }
    Notice::new(&title, said(message))
}

/// Several in one space, of which this is the last.
pub(super) fn of_several(count: u64, message: &MessageInfo, space: &str, direct: bool, words: bool) -> Notice {
    let title = format!("{count} new messages {} {space}", if direct { "from" } else { "in" });
    let body = if words { format!("{}: {}", message.author_name, said(message)) } else { String::new() };
    Notice::new(&title, &body)
}

/// Many in several spaces, of which some are named.
pub(super) fn of_many(count: u64, names: &[&str], spaces: usize) -> Notice {
    let more = spaces.saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Notice::new(&format!("{count} new messages"), &format!("in {}{more}", names.join(", ")))
}

fn said(message: &MessageInfo) -> &str {
    let file = message.file.as_ref().and_then(|file| file.listed.as_ref()).map(|(name, _)| name.as_str());
    if message.text.is_empty() { file.unwrap_or_default() } else { &message.text }
}

/// The beginning of a text on one line, without what is not seen or changes how the rest of it reads.
fn plain(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    let mut before = None;
    // No more is looked at than could be shown, however long it is.
    let mut chars = text.chars().take(most * 8).peekable();
    while let Some(char) = chars.next() {
        let char = if char.is_whitespace() { ' ' } else { char };
        let hidden = char.is_control()
            || is_hidden(before, char, chars.peek().copied())
            || matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if hidden || char == ' ' && (out.is_empty() || out.ends_with(' ')) {
            continue;
        }
        if count == most {
            out.push('…');
            break;
        }
        out.push(char);
        before = Some(char);
        count += 1;
    }
    out.trim_end().to_owned()
}

/// A text as markup that shows just that text: desktops read the body of a notification as a little HTML (Desktop
/// Notifications Specification 1.2, "Markup").
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_one_short_line() {
        let table = [
            ("Hello\n\n  there\t!", "Hello there !"),
            ("\u{1b}]0;title\u{7}", "]0;title"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("An\u{200b}n", "Ann"),
            ("👩‍🚀 grüße", "👩‍🚀 grüße"),
            ("   ", ""),
        ];
        for (text, expected) in table {
            assert_eq!(plain(text, 100), expected, "{text:?}");
        }
        assert_eq!(plain(&"ü".repeat(101), 100), format!("{}…", "ü".repeat(100)));
        assert_eq!(plain(&" ".repeat(1 << 20), 100), "");
        assert_eq!(escaped("<a href='x'>&"), "&lt;a href='x'&gt;&amp;");
    }

    #[test]
    fn many_are_counted_and_some_named() {
        assert_eq!(of_many(7, &["Harbour", "Quay"], 2).body, "in Harbour, Quay");
        assert_eq!(
            of_many(70, &["A", "B", "C"], 5),
            Notice { title: "70 new messages".into(), body: "in A, B, C and 2 more".into() }
        );
    }
}
