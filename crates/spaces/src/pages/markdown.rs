//! A page as Markdown (CommonMark, with `~~` and `- [ ]` of GitHub's).

use super::document::{Kind, Marks, Node};

/// Bytes of Markdown that are made of one page. The rest is left out.
const BYTES: usize = 16 << 20;

/// A page as Markdown.
pub(super) fn write(page: &Node) -> String {
    let mut lines = Vec::new();
    blocks(&page.children, &mut lines);
    let mut text = lines.join("\n");
    if text.len() > BYTES {
        let end = (0..=BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Blocks with an empty line between two.
fn blocks(nodes: &[Node], lines: &mut Vec<String>) {
    // Markdown cannot say that there is an empty line of text.
    let is_empty = |node: &&Node| node.kind == Kind::Paragraph && inline(&node.children).is_empty();
    let nodes: Vec<&Node> = nodes.iter().filter(|node| !is_empty(node)).collect();
    // Two lists of a kind, one after the other, would be one: then the other sign is used.
    let mut other = false;
    for (at, node) in nodes.iter().enumerate() {
        if at > 0 {
            lines.push(String::new());
        }
        let same = at > 0 && std::mem::discriminant(&nodes[at - 1].kind) == std::mem::discriminant(&node.kind);
        other = same && !other;
        block(node, other, lines);
    }
}

fn block(node: &Node, other: bool, lines: &mut Vec<String>) {
    match &node.kind {
        Kind::Paragraph => lines.extend(inline(&node.children).split('\n').map(str::to_owned)),
        Kind::Heading(level) => {
            let text = inline(&node.children).replace("\\\n", " ").replace('\n', " ");
            lines.push(format!("{} {text}", "#".repeat((*level).into())));
        }
        Kind::BulletList => list(node, |_| if other { "* ".into() } else { "- ".into() }, lines),
        Kind::OrderedList(first) => {
            let sign = if other { ')' } else { '.' };
            list(node, |at| format!("{}{sign} ", first.saturating_add(at as u32)), lines);
        }
        Kind::Blockquote => {
            let mut inside = Vec::new();
            blocks(&node.children, &mut inside);
            lines.extend(inside.into_iter().map(|line| format!("> {line}").trim_end().to_owned()));
            if node.children.is_empty() {
                lines.push(">".into());
            }
        }
        Kind::CodeBlock(params) => {
            let text = plain(&node.children);
            let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
            let fence = "`".repeat(longest.max(2) + 1);
            let params: String = params.chars().filter(|c| !c.is_control() && *c != '`').collect();
            lines.push(format!("{fence}{}", params.trim()));
            if !text.is_empty() {
                lines.extend(text.split('\n').map(str::to_owned));
            }
            lines.push(fence);
        }
        // Not of `-`, which below a line of text makes a heading of it.
        Kind::HorizontalRule => lines.push("***".into()),
        Kind::Image { .. } => lines.push(inline(std::slice::from_ref(node))),
        Kind::Doc | Kind::ListItem(_) => blocks(&node.children, lines),
        Kind::HardBreak | Kind::Text(..) => {}
    }
}

fn list(node: &Node, sign: impl Fn(usize) -> String, lines: &mut Vec<String>) {
    // With an empty line anywhere all of it is loose, which reads the same.
    for (at, item) in node.children.iter().enumerate() {
        let sign = sign(at);
        let Kind::ListItem(checked) = item.kind else { continue };
        let tick = match checked {
            None => "",
            Some(true) => "[x] ",
            Some(false) => "[ ] ",
        };
        let mut inside = Vec::new();
        item_blocks(&item.children, &mut inside);
        if inside.is_empty() {
            inside.push(String::new());
        }
        for (number, line) in inside.into_iter().enumerate() {
            let begin = if number == 0 { format!("{sign}{tick}") } else { " ".repeat(sign.len()) };
            lines.push(format!("{begin}{line}").trim_end().to_owned());
        }
    }
}

/// What is in an item: a list right below its words needs no empty line.
fn item_blocks(nodes: &[Node], lines: &mut Vec<String>) {
    match nodes {
        [words, lists @ ..]
            if words.kind == Kind::Paragraph
                && lists.len() == 1
                && matches!(lists[0].kind, Kind::BulletList | Kind::OrderedList(1)) =>
        {
            block(words, false, lines);
            block(&lists[0], false, lines);
        }
        nodes => blocks(nodes, lines),
    }
}

fn plain(nodes: &[Node]) -> String {
    nodes.iter().map(|node| if let Kind::Text(text, _) = &node.kind { text.as_str() } else { "" }).collect()
}

/// A line of text: marks are opened and closed where they begin and end, never around blanks.
fn inline(nodes: &[Node]) -> String {
    let mut out = Line::default();
    for node in nodes {
        match &node.kind {
            Kind::Text(text, marks) => out.text(text, marks),
            Kind::HardBreak => {
                out.to(&Marks::default());
                out.text.push_str("\\\n");
            }
            Kind::Image { src, alt } => {
                out.to(&Marks::default());
                out.flush();
                out.text.push_str(&format!("![{}]({})", escape(alt), target(src)));
            }
            _ => {}
        }
    }
    out.to(&Marks::default());
    let text = out.text.trim_end_matches("\\\n").trim();
    protect_lines(text)
}

#[derive(Default)]
struct Line {
    text: String,
    /// What is open, the outermost first.
    open: Vec<(&'static str, Vec<(&'static str, String)>)>,
    /// Blanks that come after what is open, if it ends here.
    blanks: String,
}

impl Line {
    fn text(&mut self, text: &str, marks: &Marks) {
        let words = text.trim();
        if words.is_empty() {
            self.blanks.push_str(text);
            return;
        }
        let (before, rest) = text.split_at(text.len() - text.trim_start().len());
        let after = &rest[words.len()..];
        self.blanks.push_str(before);
        self.to(marks);
        self.flush();
        if marks.code {
            let longest = words.split(|c| c != '`').map(str::len).max().unwrap_or(0);
            let ticks = "`".repeat(longest + 1);
            let space = if words.starts_with('`') || words.ends_with('`') { " " } else { "" };
            self.text.push_str(&format!("{ticks}{space}{}{space}{ticks}", words.replace('\n', " ")));
        } else {
            self.text.push_str(&escape(words));
        }
        self.blanks.push_str(after);
    }

    /// Closes and opens marks until these are open.
    fn to(&mut self, marks: &Marks) {
        let wanted: Vec<_> = marks.names().into_iter().filter(|(name, _)| *name != "code").collect();
        let same = self.open.iter().zip(&wanted).take_while(|(one, other)| one == other).count();
        while self.open.len() > same {
            if let Some((name, attributes)) = self.open.pop() {
                self.text.push_str(&close(name, &attributes));
            }
        }
        if wanted.len() > same {
            self.flush();
        }
        for mark in &wanted[same..] {
            self.text.push_str(open(mark.0));
            self.open.push(mark.clone());
        }
    }

    fn flush(&mut self) {
        let blanks = std::mem::take(&mut self.blanks);
        self.text.push_str(&blanks.replace('\n', " "));
    }
}

fn open(name: &str) -> &'static str {
    match name {
        "strong" => "**",
        "em" => "*",
        "strike" => "~~",
        _ => "[",
    }
}

fn close(name: &str, attributes: &[(&'static str, String)]) -> String {
    match (name, attributes) {
        ("link", [(_, href), ..]) => format!("]({})", target(href)),
        _ => open(name).to_owned(),
    }
}

/// Where a link or an image leads, so that nothing of it ends it.
fn target(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    if text.is_empty() || text.contains([' ', '(', ')', '<', '>', '\\']) {
        format!("<{}>", text.replace('\\', "\\\\").replace('<', "\\<").replace('>', "\\>"))
    } else {
        text
    }
}

/// Words with a `\` before each sign that would mean something.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' | '&' | '!') {
            out.push('\\');
        }
        out.push(if c == '\n' { ' ' } else { c });
    }
    out
}

/// Keeps lines of words from being read as something else for how they begin.
fn protect_lines(text: &str) -> String {
    let protect = |line: &str| {
        let line = line.trim_start();
        let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let rest = &line[digits..];
        if digits > 0 && (rest.starts_with('.') || rest.starts_with(')')) {
            return format!("{}\\{rest}", &line[..digits]);
        }
        // Signs of lists, of headings, and lines below a line that make a heading or a rule of it.
        if line.starts_with(['#', '-', '+', '=', '|', ':']) { format!("\\{line}") } else { line.to_owned() }
    };
    text.split('\n').map(protect).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    /// What is read again is what was written.
    #[test]
    fn markdown_is_written_as_it_is_read() {
        for text in [
            "# Plan\n\nfirst *second* **third** ~~gone~~ `code` [there](https://example.org)\n",
            "- one\n  - two\n- three\n",
            "1. one\n2. two\n",
            "3. one\n4. two\n",
            "- [ ] open\n- [x] done\n",
            "> quoted\n>\n> more\n",
            "```rust\nfn main() {}\n\n// more\n```\n",
            "````\n```\n````\n",
            "***\n",
            "one\\\ntwo\n",
            "### deep\n\n\\# no heading\n\n1\\. no list\n\n\\- no list\n",
            "![a picture](abc)\n",
            "***both*** *one*\n",
            "2 \\* 3 \\* 4 \\_x\\_ \\<b\\> \\[a\\] \\& \\~\\~ \\`\n",
        ] {
            assert_eq!(write(&parse(text)), text);
        }
    }

    #[test]
    fn whatever_is_read_is_the_same_when_it_is_written_and_read_again() {
        for text in [
            "",
            "a  \nb",
            "<div>x</div>\n\n<b>y</b>",
            "| a | b |\n| - | - |\n| 1 | 2 |",
            "* a\n\n  b\n* c\n\n      code",
            "- a\n- b\n\n* c",
            "a\n===\n\nb\n---\n\n#### c",
            "** a **b** c",
            "1) x\n2) y\n\n1. z",
            "> - > 1. # x",
            "[x](javascript:alert(1)) [y](mailto:a@b.example)",
            "![](<a b>) \\\\ &amp; &lt;",
            "-\n\n-\n",
            "- [x]\n",
        ] {
            let once = parse(text);
            let written = write(&once);
            assert_eq!(write(&parse(&written)), written, "{text:?}");
        }
        let deep = "> ".repeat(500) + "x" + &"\n- ".repeat(10);
        assert!(write(&parse(&deep)).contains('x'));
        let lists: String = (0..200).map(|depth| format!("{}- x\n", "  ".repeat(depth))).collect();
        assert!(write(&parse(&lists)).len() > 200);
    }

    #[test]
    fn fuzz_markdown() {
        let seeds =
            ["# a\n\n- *b* [c](https://d.example)\n\n> `e` ~~f~~", "1. [ ] a\n\n   ```x\n   b\n   ```\n\n![c](d)"];
        let seeds: Vec<Vec<u8>> = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return false };
            write(&parse(text));
            true
        });
    }
}
