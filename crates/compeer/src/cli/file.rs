//! `compeer file`: sharing, listing, fetching.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::Context;
use super::args::File;
use super::client::{Client, Events};
use super::output::{size, table};
use super::space::{ambiguous, find_space};
use crate::api::{EventName, dto};
use crate::error::ApiError;
use crate::text::{shorten, visible};

#[derive(Serialize)]
struct Shared {
    id: String,
    name: String,
    size: u64,
    blob: String,
}

#[derive(Serialize)]
struct Listed {
    id: String,
    name: String,
    size: u64,
    blob: String,
    held_by: u64,
    here: bool,
}

pub(super) async fn run(context: &Context, verb: File) -> Result<(), ApiError> {
    let client = context.client()?;
    match verb {
        File::Put { space, paths } => put(context, &client, &space, &paths).await,
        File::List { space } => list(context, &client, &space).await,
        File::Get { space, file, to } => get(context, &client, &space, &file, &to).await,
    }
}

async fn put(context: &Context, client: &Client, space: &str, paths: &[PathBuf]) -> Result<(), ApiError> {
    let paths = paths.iter().map(|path| absolute(path)).collect::<Result<Vec<_>, _>>()?;
    let space = find_space(client, space).await?;
    let files: Vec<dto::File> =
        client.post(&format!("/spaces/{space}/files/local"), &dto::LocalFiles { paths }).await?;
    let row = |file: dto::File| Shared { id: file.id, name: file.name, size: file.size, blob: file.blob };
    let rows: Vec<Shared> = files.into_iter().map(row).collect();
    context.out.either(&rows, || {
        let lines = rows.iter().map(|row| format!("shared {} ({})\n", visible(&row.name), size(row.size)));
        lines.collect()
    })
}

async fn list(context: &Context, client: &Client, space: &str) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let files: Vec<dto::File> = client.get(&format!("/spaces/{space}/files")).await?;
    let row = |file: dto::File| Listed {
        id: file.id,
        name: file.name,
        size: file.size,
        blob: file.blob,
        held_by: file.held_by,
        here: file.here,
    };
    let rows: Vec<Listed> = files.into_iter().map(row).collect();
    context.out.either(&rows, || {
        if rows.is_empty() {
            return context
                .out
                .hint("There are no files yet. Share some with `compeer file put SPACE PATH`.\n")
                .into_owned();
        }
        let cells = |row: &Listed| {
            let here = if row.here { "here" } else { "" };
            vec![row.name.clone(), size(row.size), row.held_by.to_string(), here.into(), row.id.clone()]
        };
        table(&["name", "size", "held by", "", "id"], &rows.iter().map(cells).collect::<Vec<_>>())
    })
}

async fn get(context: &Context, client: &Client, space: &str, wanted: &str, to: &Path) -> Result<(), ApiError> {
    let folder = absolute(to)?;
    let space = find_space(client, space).await?;
    let files: Vec<dto::File> = client.get(&format!("/spaces/{space}/files")).await?;
    // Listening starts before the transfer does, so that its end cannot be missed.
    let mut events = client.events().await?;
    let prefix = format!("{}/", wanted.trim_end_matches('/'));
    let named: Vec<&dto::File> = files.iter().filter(|file| file.id == wanted || file.name == wanted).collect();
    let (transfers, path): (Vec<dto::Transfer>, Option<String>) = match named.as_slice() {
        [file] => {
            let request = dto::FetchRequest { to: Some(folder) };
            (vec![client.post(&format!("/spaces/{space}/files/{}/fetch", file.id), &request).await?], None)
        }
        [] if files.iter().any(|file| file.name.starts_with(&prefix)) => {
            let path = Path::new(&folder).join(prefix.trim_end_matches('/')).display().to_string();
            let request = dto::FolderRequest { folder: wanted.to_owned(), to: Some(folder) };
            (client.post(&format!("/spaces/{space}/files/fetch"), &request).await?, Some(path))
        }
        [] => return Err(not_found(wanted)),
        several => return Err(ambiguous(wanted, &several.iter().map(|file| file.id.clone()).collect::<Vec<_>>())),
    };
    let mut pending = Pending::default();
    for transfer in transfers {
        pending.take(transfer)?;
    }
    wait(context, client, &mut events, &space, &mut pending).await?;
    // A single file says where it came to lie: next to one of the same name it gets another.
    let path = path.or(pending.last_path).unwrap_or_default();
    context.out.either(&json!({ "path": path }), || format!("{}\n", visible(&path)))
}

/// Transfers that are not over.
#[derive(Default)]
struct Pending {
    open: BTreeMap<String, dto::Transfer>,
    last_path: Option<String>,
}

impl Pending {
    /// Takes note of how a transfer goes; one that failed fails everything.
    fn take(&mut self, transfer: dto::Transfer) -> Result<(), ApiError> {
        match transfer.state {
            dto::TransferState::Done => {
                self.open.remove(&transfer.id);
                self.last_path = transfer.path;
                Ok(())
            }
            dto::TransferState::Failed => Err(ApiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "transfer-failed",
                "The file did not arrive",
                format!("{} did not arrive: {}", transfer.name, transfer.error.unwrap_or_default()),
                "Mend that and run the same command again; what has arrived is kept.",
            )),
            _ => {
                self.open.insert(transfer.id.clone(), transfer);
                Ok(())
            }
        }
    }

    fn progress(&self) -> String {
        let sum = |figure: fn(&dto::Transfer) -> u64| self.open.values().map(figure).sum::<u64>();
        let rate: f64 = self.open.values().map(|transfer| transfer.rate).sum();
        let idle = self.open.values().all(|transfer| transfer.state == dto::TransferState::Waiting);
        if idle {
            return "waiting for somebody who has it".into();
        }
        // The rate is a few gigabytes a second at most.
        format!("{} of {}, {}/s", size(sum(|one| one.done)), size(sum(|one| one.size)), size(rate as u64))
    }
}

async fn wait(
    context: &Context,
    client: &Client,
    events: &mut Events,
    space: &str,
    pending: &mut Pending,
) -> Result<(), ApiError> {
    let watched = !context.out.is_json() && std::io::stderr().is_terminal();
    let mut told = String::new();
    while !pending.open.is_empty() {
        let progress = pending.progress();
        if watched && progress != told {
            context.out.progress(&progress);
            told = progress;
        }
        let Some(event) = events.next().await? else { return Err(ApiError::closing()) };
        match (event.event, event.transfer) {
            (EventName::TransferChanged, Some(transfer)) if pending.open.contains_key(&transfer.id) => {
                pending.take(transfer)?;
            }
            (EventName::Lagged, _) => look_again(client, space, pending).await?,
            (EventName::SpaceLeft | EventName::SpaceEnded, _) if event.space.as_deref() == Some(space) => {
                return Err(ApiError::new(
                    StatusCode::CONFLICT,
                    "space-over",
                    "The space is over",
                    "The space ended before the file was whole.",
                    "Ask whoever has the file for it.",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Finds out how transfers stand after events were missed.
async fn look_again(client: &Client, space: &str, pending: &mut Pending) -> Result<(), ApiError> {
    let all: Vec<dto::Transfer> = client.get("/transfers").await?;
    let mut unlisted: BTreeSet<String> = pending.open.keys().cloned().collect();
    for transfer in all {
        if transfer.space == space && unlisted.remove(&transfer.id) {
            pending.take(transfer)?;
        }
    }
    if unlisted.is_empty() {
        return Ok(());
    }
    // Only the latest that are over are listed as transfers; the others show in the files.
    let files: Vec<dto::File> = client.get(&format!("/spaces/{space}/files")).await?;
    for file in files.into_iter().filter(|file| file.here) {
        if unlisted.remove(&file.id) {
            pending.open.remove(&file.id);
            pending.last_path = file.path;
        }
    }
    match unlisted.iter().find_map(|id| pending.open.get(id)) {
        None => Ok(()),
        Some(gone) => Err(ApiError::new(
            StatusCode::CONFLICT,
            "transfer-given-up",
            "The file did not arrive",
            format!("{} is no longer being fetched: somebody gave it up or took it off the list.", gone.name),
            "Run the same command again; what has arrived is kept.",
        )),
    }
}

fn not_found(wanted: &str) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "file-not-found",
        "No such file",
        format!("There is no file or folder called {} in this space.", shorten(wanted)),
        "`compeer file list SPACE` shows them.",
    )
}

/// The peer runs in another folder, so paths go to it whole. They travel as JSON, so they are Unicode.
fn absolute(path: &Path) -> Result<String, ApiError> {
    let whole = std::path::absolute(path).ok().and_then(|path| path.into_os_string().into_string().ok());
    whole.ok_or_else(|| {
        let named = path.to_string_lossy();
        ApiError::usage(format!("{} cannot be used as a path.", shorten(&named)), "Name a path that is plain Unicode.")
    })
}
