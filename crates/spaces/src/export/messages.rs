//! What was said: for each topic, and for each thing that was talked about, a month a file, as Markdown and as JSON.

use std::io::Write as _;

use compeer_core::{EntryHash, GroupId, Hlc};
use serde::Serialize;
use serde_json::{Value, json};

use super::folder::{List, OutFile};
use super::text::{minute, month, plain, quoted, time};
use super::{ExportError, Folder, Reading};
use crate::model::{Kind, Rename as _};
use crate::view::{MessageRow, PlaceRow};

/// Messages read at once.
const PAGE: usize = 500;
/// Characters of a message that are shown where it is answered.
const ANSWERED: usize = 80;

/// A message.
#[derive(Serialize)]
struct Message {
    id: String,
    time: String,
    by: String,
    name: String,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<Value>,
}

pub(super) fn write(reading: &Reading, folder: &mut Folder) -> Result<(), ExportError> {
    let source = &reading.source;
    source.progress.expect(source.view.count_messages(&source.space)?);
    let general = folder.names.free("messages", "general", "");
    write_place(reading, folder, None, "General talk", &format!("messages/{general}"))?;
    let keys = keys(reading)?;
    let mut topics = List::begin(folder, "topics.json")?;
    for place in source.view.places(&source.space)? {
        let title = title(&place, &keys);
        let root = if matches!(place.kind, None | Some(Kind::Topic)) { "messages" } else { "comments" };
        let name = folder.names.free(root, &title, "");
        write_place(reading, folder, Some(place.hash), &title, &format!("{root}/{name}"))?;
        if root == "messages" {
            topics.add(&topic(reading, &place, &name)?)?;
        }
    }
    topics.end(folder)
}

fn topic(reading: &Reading, place: &PlaceRow, folder: &str) -> Result<Value, ExportError> {
    let made = place.made.map(|(clock, by)| {
        json!({ "time": time(clock.millis()), "by": reading.originals.person(by).to_string(), "name": reading.name(&by) })
    });
    let id = reading.originals.thing(place.hash)?.to_string();
    Ok(json!({ "id": id, "title": place.title, "resolved": place.resolved, "made": made, "folder": folder }))
}

/// What issues are called.
fn keys(reading: &Reading) -> Result<std::collections::HashMap<EntryHash, String>, ExportError> {
    let source = &reading.source;
    let issues = crate::service::issues::export::all_issues(&source.view, &source.space)?;
    Ok(issues.into_iter().map(|issue| (issue.id, issue.key)).collect())
}

fn title(place: &PlaceRow, keys: &std::collections::HashMap<EntryHash, String>) -> String {
    let title = place.title.clone().unwrap_or_else(|| format!("unnamed {}", &place.hash.short()[..6]));
    match keys.get(&place.hash) {
        Some(key) => format!("{key} {title}"),
        None => title,
    }
}

/// One month of one place, while it is written.
struct Month {
    name: String,
    markdown: OutFile,
    json: List,
}

impl Month {
    fn begin(folder: &mut Folder, root: &str, title: &str, name: String) -> Result<Self, ExportError> {
        let mut markdown = folder.begin(&format!("{root}/{name}.md"))?;
        markdown.write(format!("# {}\n\n{name}, times in UTC.\n", plain(title)).as_bytes())?;
        Ok(Self { markdown, json: List::begin(folder, &format!("{root}/{name}.json"))?, name })
    }

    fn end(self, folder: &mut Folder) -> Result<(), ExportError> {
        folder.end(self.markdown)?;
        self.json.end(folder)
    }
}

fn write_place(
    reading: &Reading,
    folder: &mut Folder,
    place: Option<EntryHash>,
    title: &str,
    root: &str,
) -> Result<(), ExportError> {
    let source = &reading.source;
    let mut after = (Hlc::default(), EntryHash::from_bytes([0; 32]));
    let mut open: Option<Month> = None;
    loop {
        let rows = source.view.messages_after(&source.space, place, after, PAGE)?;
        let Some(last) = rows.last() else { break };
        after = (last.clock, last.hash);
        let ids: Vec<EntryHash> = rows.iter().map(|row| row.hash).collect();
        let anchors = source.view.anchors(&source.space, &ids)?;
        for (row, about) in rows.into_iter().zip(anchors).filter(|(row, _)| !row.undelivered) {
            source.progress.advance(1)?;
            let name = month(row.clock.millis());
            if open.as_ref().is_none_or(|month| month.name != name) {
                if let Some(month) = open.take() {
                    month.end(folder)?;
                }
                open = Some(Month::begin(folder, root, title, name)?);
            }
            if let Some(month) = &mut open {
                write_message(reading, month, &row, about)?;
            }
        }
    }
    open.map_or(Ok(()), |month| month.end(folder))
}

fn write_message(
    reading: &Reading,
    month: &mut Month,
    row: &MessageRow,
    about: Option<String>,
) -> Result<(), ExportError> {
    month.json.add(&message(reading, row, about)?)?;
    month.markdown.write(markdown(reading, row).as_bytes())
}

fn message(reading: &Reading, row: &MessageRow, about: Option<String>) -> Result<Message, ExportError> {
    let originals = &reading.originals;
    let person =
        |person: &GroupId| json!({ "id": originals.person(*person).to_string(), "name": reading.name(person) });
    let reactions = row.reactions.iter().map(
        |reaction| json!({ "emoji": reaction.emoji, "people": reaction.people.iter().map(person).collect::<Vec<_>>() }),
    );
    let file = match &row.file {
        Some(file) => {
            let exported = reading.file(&file.id);
            let (name, path) = (exported.map(|file| &file.name), exported.and_then(|file| file.path.as_ref()));
            Some(json!({ "id": originals.thing(file.id)?.to_string(), "name": name, "path": path }))
        }
        None => None,
    };
    let answers = row.reply.as_ref().map(|reply| originals.thing(reply.hash)).transpose()?;
    Ok(Message {
        id: originals.thing(row.hash)?.to_string(),
        time: time(row.clock.millis()),
        by: originals.person(row.person).to_string(),
        name: reading.name(&row.person),
        text: row.text.clone(),
        versions: versions(reading, row)?,
        answers: answers.map(|id| id.to_string()),
        file,
        reactions: reactions.collect(),
        pinned: row.pinned,
        about,
        deleted: row.deleted.as_ref().map(person),
    })
}

/// The texts that a message had and has, if it was ever changed.
fn versions(reading: &Reading, row: &MessageRow) -> Result<Vec<Value>, ExportError> {
    let (Some(_), None) = (row.changed, row.deleted) else { return Ok(Vec::new()) };
    let (view, space) = (&reading.source.view, &reading.source.space);
    let first = view.first_text(space, &row.hash)?.unwrap_or_default();
    let mut versions = vec![json!({ "time": time(row.clock.millis()), "text": first })];
    for version in view.versions(space, &row.hash, &row.person)? {
        versions.push(json!({ "time": time(version.clock.millis()), "text": version.text }));
    }
    Ok(versions)
}

fn markdown(reading: &Reading, row: &MessageRow) -> String {
    let mut out = Vec::new();
    // Writing into memory does not fail.
    let _ = write!(out, "\n**{}** · {}", plain(&reading.name(&row.person)), minute(row.clock.millis()));
    if let Some(by) = &row.deleted {
        let _ = writeln!(out, "  \n*deleted by {}*", plain(&reading.name(by)));
        return String::from_utf8_lossy(&out).into_owned();
    }
    if row.changed.is_some() {
        let _ = write!(out, " · edited");
    }
    if row.pinned {
        let _ = write!(out, " · pinned");
    }
    if let Some((person, text)) = row.reply.as_ref().and_then(|reply| reply.here.as_ref()) {
        let beginning: String = text.chars().take(ANSWERED).collect();
        let _ = write!(out, " · answers {}: {}", plain(&reading.name(person)), plain(&beginning));
    }
    let _ = write!(out, "\n\n{}", quoted(&row.text));
    if let Some(file) = row.file.as_ref().and_then(|file| reading.file(&file.id)) {
        let there = if file.path.is_some() { "" } else { " (not part of this folder)" };
        let _ = writeln!(out, "\nFile: {}{there}", plain(file.path.as_ref().unwrap_or(&file.name)));
    }
    for reaction in &row.reactions {
        let people: Vec<String> = reaction.people.iter().map(|person| plain(&reading.name(person))).collect();
        let _ = writeln!(out, "\n{} {}", reaction.emoji, people.join(", "));
    }
    String::from_utf8_lossy(&out).into_owned()
}
