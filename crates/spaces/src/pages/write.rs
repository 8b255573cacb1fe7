//! A page's first updates, made of Markdown. Nothing of others is read here, so it needs no worker.

use loro::{
    ExpandType, ExportMode, LoroDoc, LoroList, LoroMap, LoroText, LoroValue, StyleConfig, StyleConfigMap, TextDelta,
    VersionVector,
};

use super::document::{Kind, Marks, Node};
use super::parse::parse;
use super::{ATTRIBUTES, CHILDREN, NAME, ROOT};
use crate::model::update::UPDATE_BYTES;

/// Bytes of Markdown that become a page.
pub(crate) const MARKDOWN_BYTES: usize = 1 << 20;
/// Bytes of text after which an update ends, so that it stays below what it may have.
const PART: usize = UPDATE_BYTES / 4;

/// Why no page was made of Markdown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MarkdownError {
    /// Loro does not take it.
    #[error("the text cannot be written")]
    Loro(#[from] loro::LoroError),
    /// Loro does not write it down.
    #[error("the text cannot be written")]
    Encode(#[from] loro::LoroEncodeError),
}

/// The updates that make the text, of at most [`MARKDOWN_BYTES`], of an empty page. Its root is made here and by nobody else, so
/// that two people who begin to write at once write into the same. At least one, the last of which may be long past the first.
pub(crate) fn write_markdown(peer: u64, text: &str) -> Result<Vec<Vec<u8>>, MarkdownError> {
    let doc = LoroDoc::new();
    doc.set_peer_id(peer)?;
    doc.config_text_style(styles());
    let mut writer = Writer { doc: &doc, since: VersionVector::default(), bytes: 0, updates: Vec::new() };
    let root = doc.get_map(ROOT);
    let page = parse(text);
    root.insert(NAME, page.kind.name())?;
    root.insert_container(ATTRIBUTES, LoroMap::new())?;
    let children = root.insert_container(CHILDREN, LoroList::new())?;
    writer.children(&children, &page.children)?;
    writer.end()?;
    Ok(writer.updates)
}

/// Which marks go on when somebody writes at their end; as in the page.
fn styles() -> StyleConfigMap {
    let mut styles = StyleConfigMap::new();
    for (name, expand) in [
        ("strong", ExpandType::After),
        ("em", ExpandType::After),
        ("strike", ExpandType::After),
        ("code", ExpandType::None),
        ("link", ExpandType::None),
        ("comment", ExpandType::None),
    ] {
        styles.insert(name.into(), StyleConfig { expand });
    }
    styles
}

struct Writer<'a> {
    doc: &'a LoroDoc,
    since: VersionVector,
    bytes: usize,
    updates: Vec<Vec<u8>>,
}

impl Writer<'_> {
    fn children(&mut self, list: &LoroList, nodes: &[Node]) -> Result<(), MarkdownError> {
        let mut line: Option<LoroText> = None;
        for node in nodes {
            if let Kind::Text(text, marks) = &node.kind {
                let into = match line.take() {
                    Some(into) => into,
                    None => list.push_container(LoroText::new())?,
                };
                self.text(&into, text, marks)?;
                line = Some(into);
                continue;
            }
            line = None;
            let map = list.push_container(LoroMap::new())?;
            map.insert(NAME, node.kind.name())?;
            let attributes = map.insert_container(ATTRIBUTES, LoroMap::new())?;
            for (name, value) in node.kind.attributes() {
                attributes.insert(name, LoroValue::from(value))?;
            }
            let children = map.insert_container(CHILDREN, LoroList::new())?;
            if node.children.is_empty() && matches!(node.kind, Kind::Paragraph | Kind::Heading(_) | Kind::CodeBlock(_))
            {
                // Two people who begin to write here at once write into the same line.
                children.push_container(LoroText::new())?;
            }
            self.children(&children, &node.children)?;
            self.add(64)?;
        }
        Ok(())
    }

    fn text(&mut self, into: &LoroText, text: &str, marks: &Marks) -> Result<(), MarkdownError> {
        let marks = || {
            let value = |attributes: Vec<(&'static str, String)>| -> LoroValue {
                let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
                attributes.collect::<std::collections::HashMap<String, LoroValue>>().into()
            };
            marks.names().into_iter().map(|(name, attributes)| (name.to_owned(), value(attributes))).collect()
        };
        let mut rest = text;
        while !rest.is_empty() {
            let end = (0..=PART.min(rest.len())).rev().find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            let retain = into.len_unicode();
            // It is marked as this says and not as what stands before it.
            let insert = TextDelta::Insert { insert: part.to_owned(), attributes: Some(marks()) };
            let before = (retain > 0).then_some(TextDelta::Retain { retain, attributes: None });
            into.apply_delta(&before.into_iter().chain([insert]).collect::<Vec<_>>())?;
            self.add(part.len())?;
            rest = after;
        }
        Ok(())
    }

    fn add(&mut self, bytes: usize) -> Result<(), MarkdownError> {
        self.bytes += bytes;
        if self.bytes >= PART { self.end() } else { Ok(()) }
    }

    /// Ends an update here.
    fn end(&mut self) -> Result<(), MarkdownError> {
        self.doc.commit();
        let now = self.doc.oplog_vv();
        if now != self.since {
            self.updates.push(self.doc.export(ExportMode::updates(&self.since))?);
            self.since = now;
        }
        self.bytes = 0;
        Ok(())
    }
}
