//! Pages: each as Markdown, in the folders that they stand under.

use std::collections::HashMap;

use compeer_core::EntryHash;
use serde_json::{Value, json};

use super::text::time;
use super::{ExportError, Folder, Reading};
use crate::model::Rename as _;
use crate::service::pages::above;
use crate::view::PageRow;

/// Pages of one space that are read.
const MANY: usize = 1_000_000;
/// Folders inside each other: a path must stay as short as every system can hold. What stands deeper lies in the last one.
const DEPTH: usize = 4;

/// Where a page lies: the folder for what stands under it, and how deep that is.
type Place = (String, usize);

pub(super) fn write(reading: &Reading, folder: &mut Folder) -> Result<(), ExportError> {
    let source = &reading.source;
    let mut rows = source.view.pages(&source.space, MANY)?;
    rows.sort_by_key(|row| (row.made, row.hash));
    source.progress.expect(rows.len() as u64);
    let above = above(&rows);
    let by_id: HashMap<EntryHash, &PageRow> = rows.iter().map(|row| (row.hash, row)).collect();
    let mut places: HashMap<EntryHash, Place> = HashMap::new();
    let mut list = Vec::new();
    for row in &rows {
        source.progress.advance(1)?;
        // Those above first: their names are the folders.
        let mut way = vec![row.hash];
        while let Some(parent) = way.last().and_then(|at| above.get(at)).filter(|parent| !places.contains_key(parent)) {
            way.push(*parent);
        }
        for at in way.into_iter().rev().filter(|at| !places.contains_key(at)).collect::<Vec<_>>() {
            let (root, depth) =
                above.get(&at).and_then(|parent| places.get(parent)).cloned().unwrap_or(("pages".into(), 0));
            let title = by_id.get(&at).and_then(|row| row.title.as_deref()).unwrap_or("unnamed");
            let name = folder.names.free(&root, title, ".md");
            let stem = format!("{root}/{}", name.trim_end_matches(".md"));
            let path = format!("{root}/{name}");
            places.insert(at, if depth + 1 < DEPTH { (stem, depth + 1) } else { (root, depth) });
            if let Some(row) = by_id.get(&at) {
                list.push(put(reading, folder, row, above.get(&at).copied(), &path)?);
            }
        }
    }
    folder.put_json("pages.json", &list)
}

fn put(
    reading: &Reading,
    folder: &mut Folder,
    row: &PageRow,
    parent: Option<EntryHash>,
    path: &str,
) -> Result<Value, ExportError> {
    let source = &reading.source;
    let updates = source.view.page_updates(&source.space, &row.hash, i64::MIN)?;
    let text = (source.read_page)(updates);
    if let Some(text) = &text {
        folder.put(path, text.as_bytes())?;
    }
    let (changed, by) = row.written.unwrap_or((row.made, row.person));
    let person = |person| json!({ "id": reading.originals.person(person).to_string(), "name": reading.name(&person) });
    let parent = parent.map(|parent| reading.originals.thing(parent)).transpose()?;
    Ok(json!({
        "id": reading.originals.thing(row.hash)?.to_string(),
        "title": row.title,
        "parent": parent.map(|id| id.to_string()),
        "order": row.order,
        "archived": row.archived,
        "created": time(row.made.millis()),
        "created_by": person(row.person),
        "changed": time(changed.millis()),
        "changed_by": person(by),
        // None: what is written on it cannot be read. It is in the record all the same.
        "file": text.map(|_| path),
    }))
}
