//! Boards: Excalidraw's open file, which draws everything, and a picture, which everything can show.

use serde_json::{Value, json};

use super::svg;
use super::text::time;
use super::{ExportError, Folder, Reading};
use crate::model::element::Shape;
use crate::model::{Element, Rename as _};
use crate::view::BoardRow;

/// Boards of one space that are read.
const MANY: usize = 1_000_000;

pub(super) fn write(reading: &Reading, folder: &mut Folder) -> Result<(), ExportError> {
    let source = &reading.source;
    let mut boards = source.view.boards(&source.space, MANY)?;
    boards.sort_by_key(|board| (board.made, board.hash));
    source.progress.expect(boards.len() as u64);
    let mut list = Vec::new();
    for board in &boards {
        source.progress.advance(1)?;
        let elements = source.view.elements(&source.space, &board.hash)?;
        let title = board.title.clone().unwrap_or_else(|| "unnamed".into());
        let name = folder.names.free("boards", &title, ".excalidraw");
        let stem = name.trim_end_matches(".excalidraw").to_owned();
        let picture = format!("boards/{stem}.svg");
        folder.put(&picture, svg::draw(&title, &elements, &|id| reading.file(id)).as_bytes())?;
        list.push(row(reading, board, &stem)?);
        put_open_file(reading, folder, &format!("boards/{name}"), elements)?;
    }
    folder.put_json("boards.json", &list)
}

fn row(reading: &Reading, board: &BoardRow, stem: &str) -> Result<Value, ExportError> {
    Ok(json!({
        "id": reading.originals.thing(board.hash)?.to_string(),
        "title": board.title,
        "archived": board.archived,
        "created": time(board.made.millis()),
        "changed": time(board.at.millis()),
        "by": reading.originals.person(board.person).to_string(),
        "name": reading.name(&board.person),
        "files": [format!("boards/{stem}.excalidraw"), format!("boards/{stem}.svg")],
    }))
}

fn put_open_file(
    reading: &Reading,
    folder: &mut Folder,
    path: &str,
    elements: Vec<(String, Element)>,
) -> Result<(), ExportError> {
    let mut drawn = Vec::with_capacity(elements.len());
    for (id, mut element) in elements {
        if let Shape::Image(image) = &mut element.shape
            && let Some(file) = image.file
        {
            image.file = Some(reading.originals.thing(file)?);
        }
        drawn.push((reading.source.draw)(id, &element));
    }
    let file = json!({
        "type": "excalidraw",
        "version": 2,
        "source": "compeer",
        "elements": drawn,
        "appState": { "viewBackgroundColor": "#ffffff" },
        "files": {},
    });
    folder.put_json(path, &file)
}
