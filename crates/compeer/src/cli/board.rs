//! `compeer board`: what people draw on together, and Excalidraw's open file.

use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Context;
use super::args::Board;
use super::client::Client;
use super::find::{find_board, find_space, short};
use super::output::{table, time};
use crate::api::dto;
use crate::error::ApiError;
use crate::text::quoted;

/// Bytes of a file that is taken in.
const FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Elements in one request.
const AT_ONCE: usize = 1000;

/// A board as scripts see it.
#[derive(Serialize)]
struct Row {
    id: String,
    title: Option<String>,
    archived: bool,
    elements: u64,
    at: u64,
}

impl From<dto::Board> for Row {
    fn from(board: dto::Board) -> Self {
        let dto::Board { id, title, archived, elements, at, .. } = board;
        Self { id, title, archived, elements, at }
    }
}

/// Excalidraw's open file, as far as it is read here.
#[derive(Deserialize)]
struct OpenFile {
    #[serde(rename = "type")]
    kind: String,
    elements: Vec<dto::BoardElement>,
}

pub(super) async fn run(context: &Context, verb: Board) -> Result<(), ApiError> {
    let client = context.client()?;
    match verb {
        Board::List { space } => {
            let space = find_space(&client, &space).await?;
            let boards: Vec<dto::Board> = client.get(&format!("/spaces/{space}/boards")).await?;
            let rows: Vec<Row> = boards.into_iter().map(Row::from).collect();
            context.out.either(&rows, || {
                let cells = |row: &Row| {
                    let title = row.title.clone().unwrap_or_else(|| "(its title is not here yet)".into());
                    let mark = if row.archived { "archived" } else { "" };
                    vec![title, row.elements.to_string(), time(row.at), short(&row.id).to_owned(), mark.into()]
                };
                table(&["BOARD", "ELEMENTS", "LAST", "ID", ""], &rows.iter().map(cells).collect::<Vec<_>>())
            })
        }
        Board::Create { space, title } => {
            let space = find_space(&client, &space).await?;
            let board: dto::Board = client.post(&format!("/spaces/{space}/boards"), &dto::NewBoard { title }).await?;
            context.out.either(&json!({ "id": board.id }), || {
                format!("Created, as {}. It is on the page of the space.\n", short(&board.id))
            })
        }
        Board::Export { space, board } => {
            let (space, board) = of(&client, &space, &board).await?;
            let drawing: dto::Drawing = client.get(&format!("/spaces/{space}/boards/{board}/elements")).await?;
            let pictures = drawing.elements.iter().filter(|element| element.file_id.is_some()).count();
            if pictures > 0 {
                context.out.progress(&format!(
                    "Pictures are named in it ({pictures}), and not part of it. The page saves them along."
                ));
            }
            let file = json!({
                "type": "excalidraw",
                "version": 2,
                "source": "compeer",
                "elements": in_order(drawing.elements),
                "appState": { "viewBackgroundColor": "#ffffff" },
                "files": {},
            });
            context.out.json(&file)
        }
        Board::Import { space, board, file } => {
            let (space, board) = of(&client, &space, &board).await?;
            let (elements, left_out) = read(&file)?;
            let mut count = 0;
            for part in elements.chunks(AT_ONCE) {
                let body = dto::NewElements { elements: part.to_vec() };
                let drawn: dto::ElementsDrawn =
                    client.post(&format!("/spaces/{space}/boards/{board}/elements"), &body).await?;
                count += drawn.count;
            }
            context.out.either(&json!({ "count": count, "left_out": left_out }), || {
                let rest = match left_out {
                    0 => String::new(),
                    left_out => format!(" Left out: {left_out} pictures or web pages, which only the page takes in."),
                };
                format!("Drawn: {count} elements.{rest}\n")
            })
        }
    }
}

async fn of(client: &Client, space: &str, board: &str) -> Result<(String, String), ApiError> {
    let space = find_space(client, space).await?;
    let board = find_board(client, &space, board).await?;
    Ok((space, board))
}

/// As Excalidraw's file has them: what is below comes first.
fn in_order(mut elements: Vec<dto::BoardElement>) -> Vec<dto::BoardElement> {
    elements.sort_by(|one, other| (&one.index, &one.id).cmp(&(&other.index, &other.id)));
    elements
}

/// The elements of a file, and how many of it are left out: pictures, whose bytes lie in the file and not among those of the
/// space, and what no board here holds.
fn read(path: &Path) -> Result<(Vec<dto::BoardElement>, usize), ApiError> {
    let unreadable =
        |hint: &str| ApiError::bad_request(format!("{} is no drawing of Excalidraw.", quoted(path)), hint.to_owned());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| ApiError::disk(path, &error))?;
    file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| ApiError::disk(path, &error))?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(unreadable("Files of at most 64 MiB are taken in."));
    }
    let file: OpenFile =
        serde_json::from_slice(&bytes).map_err(|_| unreadable("Save it as a .excalidraw file and try again."))?;
    if file.kind != "excalidraw" {
        return Err(unreadable("Save it as a .excalidraw file and try again."));
    }
    let all = file.elements.len();
    let drawn = |element: &dto::BoardElement| {
        !element.is_deleted
            && !matches!(element.kind.as_str(), "image" | "embeddable" | "iframe" | "magicframe" | "selection")
    };
    let gone = file.elements.iter().filter(|element| element.is_deleted).count();
    let elements: Vec<_> = file.elements.into_iter().filter(drawn).collect();
    let left_out = all - gone - elements.len();
    Ok((elements, left_out))
}
