//! Slack's own marks ("Formatting text for app surfaces", api.slack.com/reference/surfaces/formatting) as Markdown.

use std::collections::HashMap;

/// A text as Markdown. Code is left as it is, but for the three characters that Slack escapes.
pub(super) fn to_markdown(text: &str, people: &HashMap<String, String>, channels: &HashMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, part) in text.split("```").enumerate() {
        if number % 2 == 1 {
            out.push_str("```\n");
            out.push_str(unescaped(part).trim_matches('\n'));
            out.push_str("\n```");
            continue;
        }
        for (number, part) in part.split('`').enumerate() {
            if number > 0 {
                out.push('`');
            }
            match number % 2 {
                1 => out.push_str(&unescaped(part)),
                _ => out.push_str(&plain(part, people, channels)),
            }
        }
    }
    out
}

/// A name on a line of its own, leading somewhere if that is a page.
pub(super) fn link_line(name: &str, link: Option<&str>) -> String {
    let name = name.replace(['[', ']', '\n'], " ");
    match link.filter(|link| is_page(link)) {
        Some(link) => format!("\n[{name}]({link})"),
        None => format!("\n{name}"),
    }
}

fn is_page(link: &str) -> bool {
    let known = ["https://", "http://", "mailto:"].iter().any(|scheme| link.starts_with(scheme));
    known && !link.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '(' | ')' | '<' | '>'))
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Text outside of code: what stands in angle brackets, and what is bold, slanted or struck.
fn plain(text: &str, people: &HashMap<String, String>, channels: &HashMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(&unescaped(&marks(before)));
        match after.split_once('>') {
            Some((inside, after)) => {
                out.push_str(&bracket(inside, people, channels));
                rest = after;
            }
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out + &unescaped(&marks(rest))
}

/// A mention, a channel or a link.
fn bracket(inside: &str, people: &HashMap<String, String>, channels: &HashMap<String, String>) -> String {
    let (target, label) = match inside.split_once('|') {
        Some((target, label)) => (target, Some(unescaped(label))),
        None => (inside, None),
    };
    if let Some(user) = target.strip_prefix('@') {
        return format!("@{}", people.get(user).cloned().or(label).unwrap_or_else(|| user.to_owned()));
    }
    if let Some(channel) = target.strip_prefix('#') {
        return format!("#{}", channels.get(channel).cloned().or(label).unwrap_or_else(|| channel.to_owned()));
    }
    if let Some(special) = target.strip_prefix('!') {
        return match special {
            "here" | "channel" | "everyone" => "@everyone".into(),
            other => label.unwrap_or_else(|| format!("@{}", other.split('^').next().unwrap_or(other))),
        };
    }
    let target = unescaped(target);
    match label.filter(|label| *label != target) {
        Some(label) if is_page(&target) => format!("[{}]({target})", label.replace(['[', ']'], " ")),
        Some(label) => format!("{label} ({target})"),
        None => target,
    }
}

/// `*bold*` is `**bold**` in Markdown, `~struck~` is `~~struck~~`; `_slanted_` is the same in both.
fn marks(text: &str) -> String {
    let doubled = double(text, '*');
    double(&doubled, '~')
}

/// Doubles a mark where it opens or closes a span within one line.
fn double(text: &str, mark: char) -> String {
    text.split('\n').map(|line| double_in_line(line, mark)).collect::<Vec<_>>().join("\n")
}

fn double_in_line(line: &str, mark: char) -> String {
    let chars: Vec<char> = line.chars().collect();
    let is_word = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
    let is_blank = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_none_or(|c| c.is_whitespace());
    let mut doubled = vec![false; chars.len()];
    let mut open = None;
    for at in (0..chars.len()).filter(|at| chars[*at] == mark) {
        match open {
            Some(from) if !is_blank(at.checked_sub(1)) && !is_word(Some(at + 1)) && at > from + 1 => {
                (doubled[from], doubled[at]) = (true, true);
                open = None;
            }
            _ if !is_word(at.checked_sub(1)) && !is_blank(Some(at + 1)) => open = Some(at),
            _ => {}
        }
    }
    let twice = |(c, twice): (&char, &bool)| std::iter::repeat_n(*c, if *twice { 2 } else { 1 }).collect::<String>();
    chars.iter().zip(&doubled).map(twice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_markdown() {
        let people = HashMap::from([("U1".to_owned(), "Ann Lee".to_owned())]);
        let channels = HashMap::from([("C1".to_owned(), "cranes".to_owned())]);
        for (slack, markdown) in [
            ("*bold* and _slanted_ and ~gone~", "**bold** and _slanted_ and ~~gone~~"),
            ("2 * 3 * 4 and a*b*c", "2 * 3 * 4 and a*b*c"),
            ("hello <@U1>, see <#C1|old>", "hello @Ann Lee, see #cranes"),
            ("<@U9|bo> <!here> <!subteam^S1|@crew>", "@bo @everyone @crew"),
            ("<https://a.example/x|the *page*>", "[the *page*](https://a.example/x)"),
            ("<https://a.example/?a=1&amp;b=2>", "https://a.example/?a=1&b=2"),
            ("<javascript:alert(1)|click>", "click (javascript:alert(1))"),
            ("1 &lt; 2 &amp;&amp; 3", "1 < 2 && 3"),
            ("`*a* &lt;b&gt;` and ```x &lt; *y*```", "`*a* <b>` and ```\nx < *y*\n```"),
            ("a < b", "a < b"),
        ] {
            assert_eq!(to_markdown(slack, &people, &channels), markdown, "{slack}");
        }
        assert_eq!(link_line("[a]", Some("https://f.example/1")), "\n[ a ](https://f.example/1)");
        assert_eq!(link_line("a", Some("data:text/html,x")), "\na");
    }
}
