//! What a page says: a tree of nodes, as ProseMirror has it and `loro-prosemirror` writes it into a document of Loro. What the
//! schema of pages does not know is left out.

use std::borrow::Cow;

use loro::{Container, LoroDoc, LoroList, LoroMap, LoroText, LoroValue, TextDelta, ValueOrContainer};
use serde_json::{Value, json};

use super::{ATTRIBUTES, CHILDREN, DEPTH, NAME, ROOT};

/// Nodes of one page that are shown.
const NODES: usize = 200_000;

/// A node and what is in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) children: Vec<Node>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Doc,
    Paragraph,
    /// 1 to 3.
    Heading(u8),
    BulletList,
    /// The number of the first item.
    OrderedList(u32),
    /// Whether it is ticked, if it is something to tick.
    ListItem(Option<bool>),
    Blockquote,
    /// The language.
    CodeBlock(String),
    HorizontalRule,
    Image {
        src: String,
        alt: String,
    },
    HardBreak,
    Text(String, Marks),
}

/// How a stretch of text is marked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    pub(crate) strong: bool,
    pub(crate) em: bool,
    pub(crate) strike: bool,
    pub(crate) code: bool,
    pub(crate) link: Option<String>,
}

impl Node {
    pub(crate) fn new(kind: Kind, children: Vec<Self>) -> Self {
        Self { kind, children }
    }

    pub(crate) fn text(text: impl Into<String>, marks: Marks) -> Self {
        Self::new(Kind::Text(text.into(), marks), Vec::new())
    }

    /// As ProseMirror's JSON.
    pub(super) fn json(&self) -> Value {
        if let Kind::Text(text, marks) = &self.kind {
            let marks: Vec<Value> = marks.names().into_iter().map(|(name, attrs)| mark_json(name, &attrs)).collect();
            return if marks.is_empty() {
                json!({"type": "text", "text": text})
            } else {
                json!({"type": "text", "text": text, "marks": marks})
            };
        }
        let mut node = json!({"type": self.kind.name()});
        let attributes = self.kind.attributes();
        if !attributes.is_empty() {
            node["attrs"] =
                Value::Object(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        }
        if !self.children.is_empty() {
            node["content"] = self.children.iter().map(Self::json).collect();
        }
        node
    }

    /// Its words, one line for each block of them.
    pub(super) fn words(&self) -> String {
        let mut words = String::new();
        self.add_words(&mut words);
        words.trim().to_owned()
    }

    fn add_words(&self, words: &mut String) {
        match &self.kind {
            Kind::Text(text, _) => words.push_str(text),
            Kind::Image { alt, .. } => words.push_str(alt),
            Kind::HardBreak => words.push('\n'),
            _ => {
                self.children.iter().for_each(|child| child.add_words(words));
                if matches!(self.kind, Kind::Paragraph | Kind::Heading(_) | Kind::CodeBlock(_)) {
                    words.push('\n');
                }
            }
        }
    }
}

fn mark_json(name: &str, attributes: &[(&'static str, String)]) -> Value {
    let attributes: serde_json::Map<_, _> =
        attributes.iter().map(|(name, value)| ((*name).to_owned(), Value::String(value.clone()))).collect();
    if attributes.is_empty() { json!({"type": name}) } else { json!({"type": name, "attrs": attributes}) }
}

impl Kind {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Doc => "doc",
            Self::Paragraph => "paragraph",
            Self::Heading(_) => "heading",
            Self::BulletList => "bullet_list",
            Self::OrderedList(_) => "ordered_list",
            Self::ListItem(_) => "list_item",
            Self::Blockquote => "blockquote",
            Self::CodeBlock(_) => "code_block",
            Self::HorizontalRule => "horizontal_rule",
            Self::Image { .. } => "image",
            Self::HardBreak => "hard_break",
            Self::Text(..) => "text",
        }
    }

    pub(super) fn attributes(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::Heading(level) => vec![("level", json!(level))],
            Self::OrderedList(order) => vec![("order", json!(order))],
            Self::ListItem(checked) => vec![("checked", json!(checked))],
            Self::CodeBlock(params) => vec![("params", json!(params))],
            Self::Image { src, alt } => vec![("src", json!(src)), ("alt", json!(alt))],
            _ => Vec::new(),
        }
    }

    /// Whether it stands in a line of text.
    pub(super) const fn is_inline(&self) -> bool {
        matches!(self, Self::Text(..) | Self::HardBreak | Self::Image { .. })
    }

    /// Whether such a node may be in this one.
    fn holds(&self, child: &Self) -> bool {
        match self {
            Self::Paragraph | Self::Heading(_) => child.is_inline(),
            Self::CodeBlock(_) => matches!(child, Self::Text(..)),
            Self::BulletList | Self::OrderedList(_) => matches!(child, Self::ListItem(_)),
            Self::Doc | Self::ListItem(_) | Self::Blockquote => {
                !matches!(child, Self::Text(..) | Self::HardBreak | Self::ListItem(_) | Self::Doc)
            }
            Self::HorizontalRule | Self::Image { .. } | Self::HardBreak | Self::Text(..) => false,
        }
    }
}

impl Marks {
    /// The marks with their attributes, the outermost first.
    pub(super) fn names(&self) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
        let mut names = Vec::new();
        names.extend(self.link.as_ref().map(|href| ("link", vec![("href", href.clone())])));
        let plain = [(self.strong, "strong"), (self.em, "em"), (self.strike, "strike"), (self.code, "code")];
        names.extend(plain.into_iter().filter(|(is, _)| *is).map(|(_, name)| (name, Vec::new())));
        names
    }
}

/// Whether a link leads somewhere that pages may lead.
pub(super) fn is_link(href: &str) -> bool {
    let scheme = href.split(':').next().unwrap_or_default().to_ascii_lowercase();
    href.contains(':') && matches!(scheme.as_str(), "http" | "https" | "mailto" | "compeer") && href.len() <= 2048
}

/// What a document says; an empty page if it says nothing.
pub(super) fn read(doc: &LoroDoc) -> Node {
    let mut left = NODES;
    let root = doc.try_get_map(ROOT);
    let children = root.and_then(|root| list_of(&root)).map(|list| read_children(&list, &Kind::Doc, DEPTH, &mut left));
    Node::new(Kind::Doc, children.unwrap_or_default())
}

fn list_of(map: &LoroMap) -> Option<LoroList> {
    match map.get(CHILDREN)? {
        ValueOrContainer::Container(Container::List(list)) => Some(list),
        _ => None,
    }
}

fn read_children(list: &LoroList, within: &Kind, depth: usize, left: &mut usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    for at in 0..list.len() {
        if *left == 0 {
            break;
        }
        *left -= 1;
        match list.get(at) {
            Some(ValueOrContainer::Container(Container::Map(map))) if depth > 0 => {
                nodes.extend(read_node(&map, within, depth - 1, left));
            }
            Some(ValueOrContainer::Container(Container::Text(text))) => read_text(&text, within, &mut nodes),
            _ => {}
        }
    }
    nodes
}

fn read_node(map: &LoroMap, within: &Kind, depth: usize, left: &mut usize) -> Option<Node> {
    let name = match map.get(NAME)? {
        ValueOrContainer::Value(LoroValue::String(name)) => name,
        _ => return None,
    };
    let attributes = match map.get(ATTRIBUTES) {
        Some(ValueOrContainer::Container(Container::Map(attributes))) => Some(attributes),
        _ => None,
    };
    let value = |name: &str| match attributes.as_ref()?.get(name)? {
        ValueOrContainer::Value(value) => Some(value),
        ValueOrContainer::Container(_) => None,
    };
    let words = |name: &str| match value(name) {
        Some(LoroValue::String(text)) => text.to_string(),
        _ => String::new(),
    };
    let number = |name: &str| match value(name) {
        Some(LoroValue::I64(number)) => u32::try_from(number).ok(),
        Some(LoroValue::Double(number)) => Some(number as u32),
        _ => None,
    };
    let kind = match name.as_str() {
        "paragraph" => Kind::Paragraph,
        "heading" => Kind::Heading(number("level").unwrap_or(1).clamp(1, 3) as u8),
        "bullet_list" => Kind::BulletList,
        "ordered_list" => Kind::OrderedList(number("order").unwrap_or(1).min(999_999_999)),
        "list_item" => Kind::ListItem(match value("checked") {
            Some(LoroValue::Bool(checked)) => Some(checked),
            _ => None,
        }),
        "blockquote" => Kind::Blockquote,
        "code_block" => Kind::CodeBlock(words("params")),
        "horizontal_rule" => Kind::HorizontalRule,
        "image" => Kind::Image { src: words("src"), alt: words("alt") },
        "hard_break" => Kind::HardBreak,
        _ => return None,
    };
    if !within.holds(&kind) {
        return None;
    }
    let children = list_of(map).map(|list| read_children(&list, &kind, depth, left)).unwrap_or_default();
    Some(Node::new(kind, children))
}

fn read_text(text: &LoroText, within: &Kind, nodes: &mut Vec<Node>) {
    if !within.holds(&Kind::Text(String::new(), Marks::default())) {
        return;
    }
    for stretch in text.to_delta() {
        let TextDelta::Insert { insert, attributes } = stretch else { continue };
        let is = |name: &str| match attributes.as_ref().and_then(|attributes| attributes.get(name)) {
            None | Some(LoroValue::Null | LoroValue::Bool(false)) => None,
            Some(value) => Some(Cow::Borrowed(value)),
        };
        let href = is("link").and_then(|value| match value.into_owned() {
            LoroValue::Map(attributes) => match attributes.get("href") {
                Some(LoroValue::String(href)) => Some(href.to_string()),
                _ => None,
            },
            _ => None,
        });
        let plain = matches!(within, Kind::CodeBlock(_));
        let marks = Marks {
            strong: is("strong").is_some(),
            em: is("em").is_some(),
            strike: is("strike").is_some(),
            code: is("code").is_some(),
            link: href.filter(|href| is_link(href)),
        };
        nodes.push(Node::text(insert, if plain { Marks::default() } else { marks }));
    }
}
