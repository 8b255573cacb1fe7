//! Markdown as a page. What pages do not hold stays as its words.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::DEPTH;
use super::document::{Kind, Marks, Node, is_link};

/// Reads Markdown.
pub(super) fn parse(text: &str) -> Node {
    let mut builder = Builder { open: vec![Node::new(Kind::Doc, Vec::new())], ..Builder::default() };
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS) {
        builder.take(event);
    }
    while builder.open.len() > 1 {
        builder.close();
    }
    let page = builder.open.pop().unwrap_or_else(|| Node::new(Kind::Doc, Vec::new()));
    fill(page)
}

/// ProseMirror has words in every item and quote, and something on every page.
fn fill(mut node: Node) -> Node {
    node.children = node.children.into_iter().map(fill).collect();
    let needs = match node.kind {
        Kind::Doc | Kind::Blockquote => node.children.is_empty(),
        Kind::ListItem(_) => node.children.first().is_none_or(|first| first.kind != Kind::Paragraph),
        _ => false,
    };
    if needs {
        node.children.insert(0, Node::new(Kind::Paragraph, Vec::new()));
    }
    node
}

#[derive(Default)]
struct Builder {
    /// What is open, the outermost first; never empty.
    open: Vec<Node>,
    /// How what comes is marked.
    marks: Marks,
    links: Vec<Option<String>>,
    /// Tags that are passed over because they lie too deep.
    deep: usize,
    /// Words of an image that is open, and where it leads.
    image: Option<(String, String)>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.words(&text, &self.marks.clone()),
            Event::Code(text) => self.words(&text, &Marks { code: true, ..self.marks.clone() }),
            Event::Html(text) | Event::InlineHtml(text) => self.words(text.trim_end_matches('\n'), &self.marks.clone()),
            Event::SoftBreak => self.words(" ", &self.marks.clone()),
            Event::HardBreak => self.inline(Node::new(Kind::HardBreak, Vec::new())),
            Event::Rule => self.put(Node::new(Kind::HorizontalRule, Vec::new())),
            Event::TaskListMarker(checked) => {
                let item = self.open.iter_mut().rev().find(|node| matches!(node.kind, Kind::ListItem(_)));
                if let Some(item) = item {
                    item.kind = Kind::ListItem(Some(checked));
                }
            }
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.words(&text, &self.marks.clone());
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let kind = match tag {
            Tag::Paragraph | Tag::HtmlBlock => Kind::Paragraph,
            Tag::Heading { level, .. } => Kind::Heading(match level {
                HeadingLevel::H1 => 1,
                HeadingLevel::H2 => 2,
                _ => 3,
            }),
            Tag::BlockQuote(_) => Kind::Blockquote,
            Tag::CodeBlock(kind) => Kind::CodeBlock(match kind {
                CodeBlockKind::Fenced(params) => params.to_string(),
                CodeBlockKind::Indented => String::new(),
            }),
            Tag::List(Some(first)) => Kind::OrderedList(first.min(999_999_999) as u32),
            Tag::List(None) => Kind::BulletList,
            Tag::Item => Kind::ListItem(None),
            Tag::Emphasis => return self.marks.em = true,
            Tag::Strong => return self.marks.strong = true,
            Tag::Strikethrough => return self.marks.strike = true,
            Tag::Link { dest_url, .. } => {
                self.links.push(self.marks.link.take());
                self.marks.link = Some(dest_url.to_string()).filter(|href| is_link(href));
                return;
            }
            Tag::Image { dest_url, .. } => {
                self.image = Some((dest_url.to_string(), String::new()));
                return;
            }
            // What else there is has not been asked for.
            _ => return,
        };
        // An item needs its list around it, so room is kept for both.
        if self.deep > 0
            || self.open.len() + 3 > DEPTH && matches!(kind, Kind::BulletList | Kind::OrderedList(_) | Kind::Blockquote)
        {
            self.deep += 1;
            return;
        }
        // Words that stand in an item without a paragraph of their own end before a block.
        if !kind.is_inline() {
            self.close_words();
        }
        self.open.push(Node::new(kind, Vec::new()));
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis => self.marks.em = false,
            TagEnd::Strong => self.marks.strong = false,
            TagEnd::Strikethrough => self.marks.strike = false,
            TagEnd::Link => self.marks.link = self.links.pop().flatten(),
            TagEnd::Image => {
                if let Some((src, alt)) = self.image.take() {
                    self.inline(Node::new(Kind::Image { src, alt }, Vec::new()));
                }
            }
            TagEnd::Paragraph
            | TagEnd::HtmlBlock
            | TagEnd::Heading(_)
            | TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock
            | TagEnd::List(_)
            | TagEnd::Item => {
                if self.deep > 0 {
                    self.deep -= 1;
                    self.close_words();
                    return;
                }
                if !matches!(tag, TagEnd::Paragraph | TagEnd::HtmlBlock) {
                    self.close_words();
                }
                self.close();
            }
            _ => {}
        }
    }

    fn words(&mut self, text: &str, marks: &Marks) {
        if text.is_empty() {
            return;
        }
        if let Some((_, alt)) = &mut self.image {
            alt.push_str(text);
            return;
        }
        let code = matches!(self.open.last().map(|node| &node.kind), Some(Kind::CodeBlock(_)));
        let marks = if code { Marks::default() } else { marks.clone() };
        self.inline(Node::text(text, marks));
    }

    /// Puts something into a line of text, which is begun if none is open.
    fn inline(&mut self, node: Node) {
        let holds = |kind: &Kind| matches!(kind, Kind::Paragraph | Kind::Heading(_) | Kind::CodeBlock(_));
        if !self.open.last().is_some_and(|last| holds(&last.kind)) {
            self.open.push(Node::new(Kind::Paragraph, Vec::new()));
        }
        let Some(last) = self.open.last_mut() else { return };
        if let (Kind::Text(more, marks), Some(Node { kind: Kind::Text(text, before), .. })) =
            (&node.kind, last.children.last_mut())
            && marks == before
        {
            text.push_str(more);
            return;
        }
        last.children.push(node);
    }

    /// Puts a block where it belongs.
    fn put(&mut self, node: Node) {
        self.close_words();
        if let Some(last) = self.open.last_mut() {
            last.children.push(node);
        }
    }

    fn close_words(&mut self) {
        if self.open.last().is_some_and(|last| last.kind == Kind::Paragraph) {
            self.close();
        }
    }

    fn close(&mut self) {
        if self.open.len() > 1
            && let Some(mut node) = self.open.pop()
        {
            if let (Kind::CodeBlock(_), Some(Node { kind: Kind::Text(text, _), .. })) =
                (&node.kind, node.children.last_mut())
                && text.ends_with('\n')
            {
                text.pop();
            }
            node.children.retain(|child| !matches!(&child.kind, Kind::Text(text, _) if text.is_empty()));
            if let Some(last) = self.open.last_mut() {
                last.children.push(node);
            }
        }
    }
}
