//! Issues, what they are sorted into, and everything that changed in them: a table for spreadsheets, and JSON with all of it.

use std::collections::HashMap;

use compeer_core::{EntryHash, GroupId};
use rusqlite::types::Value as Stored;
use serde_json::{Value, json};

use super::folder::List;
use super::text::time;
use super::{ExportError, Folder, Reading};
use crate::model::{Day, IssueInfo, Kind, Priority, Rename as _, Status};
use crate::service::issues::export::{all_issues, table, titles};
use crate::view::{HistoryRow, ThingRow};

/// Things and changes of one kind that are read.
const MANY: usize = 1_000_000;

pub(super) fn write(reading: &Reading, folder: &mut Folder) -> Result<(), ExportError> {
    let (view, space) = (&reading.source.view, &reading.source.space);
    let issues = all_issues(view, space)?;
    reading.source.progress.expect(issues.len() as u64);
    folder.put("issues.csv", table(view, space, &issues)?.as_bytes())?;
    let titles = titles(view, space)?;
    let mut list = List::begin(folder, "issues.json")?;
    for issue in &issues {
        reading.source.progress.advance(1)?;
        list.add(&issue_json(reading, &titles, issue)?)?;
    }
    list.end(folder)?;
    let setup = json!({
        "name": reading.source.name,
        "prefix": view.prefix(space)?,
        "labels": things(reading, Kind::Label)?,
        "projects": things(reading, Kind::Project)?,
        "cycles": things(reading, Kind::Cycle)?,
        "views": things(reading, Kind::SavedView)?,
    });
    folder.put_json("space.json", &setup)
}

fn issue_json(reading: &Reading, titles: &HashMap<EntryHash, String>, issue: &IssueInfo) -> Result<Value, ExportError> {
    let (view, space, originals) = (&reading.source.view, &reading.source.space, &reading.originals);
    let thing = |id: Option<EntryHash>| -> Result<Value, ExportError> {
        let Some(id) = id else { return Ok(Value::Null) };
        Ok(json!({ "id": originals.thing(id)?.to_string(), "title": titles.get(&id) }))
    };
    let person = |id: &GroupId| json!({ "id": originals.person(*id).to_string(), "name": reading.name(id) });
    let mut labels: Vec<(Option<&String>, EntryHash)> =
        issue.labels.iter().map(|label| (titles.get(label), *label)).collect();
    labels.sort();
    let labels = labels.into_iter().map(|(_, label)| thing(Some(label))).collect::<Result<Vec<_>, _>>()?;
    let parent = issue.parent.map(|id| originals.thing(id)).transpose()?;
    let blocks: Vec<String> = view.blocks(space, &issue.id)?.into_iter().map(|other| other.key).collect();
    let changes = view.history(space, &issue.id, MANY)?;
    let changes = changes.iter().map(|row| change(reading, row)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({
        "id": originals.thing(issue.id)?.to_string(),
        "key": issue.key,
        "title": issue.title,
        "status": issue.status.word(),
        "priority": issue.priority.word(),
        "assignee": issue.assignee.as_ref().map(|(id, _)| person(id)),
        "estimate": issue.estimate,
        "due": issue.due.map(|day| day.to_string()),
        "parent": parent.map(|id| id.to_string()),
        "labels": labels,
        "project": thing(issue.project)?,
        "cycle": thing(issue.cycle)?,
        "blocks": blocks,
        "description": view.description(space, &issue.id)?,
        "archived": issue.archived,
        "created": time(issue.created),
        "updated": time(issue.updated),
        "by": person(&issue.author.0),
        "changes": changes,
    }))
}

/// One field of an issue as it was set once.
fn change(reading: &Reading, row: &HistoryRow) -> Result<Value, ExportError> {
    let id = |bytes: &[u8]| -> Result<Value, ExportError> {
        let Ok(bytes) = <[u8; 32]>::try_from(bytes) else { return Ok(Value::Null) };
        Ok(match row.field.as_str() {
            "assignee" => reading.originals.person(GroupId::from_bytes(bytes)).to_string().into(),
            _ => reading.originals.thing(EntryHash::from_bytes(bytes))?.to_string().into(),
        })
    };
    let value = match &row.value {
        Stored::Integer(number) => number_value(&row.field, *number),
        Stored::Text(text) => json!(text),
        Stored::Blob(bytes) => id(bytes)?,
        Stored::Null | Stored::Real(_) => Value::Null,
    };
    let mut change = json!({
        "time": time(row.clock.millis()),
        "by": reading.originals.person(row.person).to_string(),
        "name": reading.name(&row.person),
        "field": row.field,
        "value": value,
    });
    if !row.which.is_empty() {
        change["which"] = id(&row.which)?;
    }
    Ok(change)
}

/// What a number stands for.
fn number_value(field: &str, number: i64) -> Value {
    let small = u8::try_from(number).ok();
    let day = || u32::try_from(number).ok().map(|day| Day(day).to_string());
    match field {
        "status" => json!(small.and_then(Status::of).map(Status::word)),
        "priority" => json!(small.and_then(Priority::of).map(Priority::word)),
        "due" | "start" => json!(day()),
        "label" | "blocks" | "archived" => json!(number != 0),
        _ => json!(number),
    }
}

fn things(reading: &Reading, kind: Kind) -> Result<Vec<Value>, ExportError> {
    let mut rows = reading.source.view.things(&reading.source.space, kind, MANY)?;
    rows.sort_by(|one, other| (&one.title, one.hash).cmp(&(&other.title, other.hash)));
    rows.iter().map(|row| thing(reading, row)).collect()
}

fn thing(reading: &Reading, row: &ThingRow) -> Result<Value, ExportError> {
    Ok(json!({
        "id": reading.originals.thing(row.hash)?.to_string(),
        "title": row.title,
        "hue": row.hue,
        "start": row.start.map(|day| day.to_string()),
        "due": row.due.map(|day| day.to_string()),
        "lead": row.lead.map(|lead| json!({ "id": reading.originals.person(lead).to_string(), "name": reading.name(&lead) })),
        "description": row.description,
        "query": row.query,
        "archived": row.archived,
    }))
}
