//! `compeer file`: sharing, listing, fetching and giving that up, taking off the list.

mod get;

use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::Context;
use super::args::File;
use super::chat::SHUT_OUT;
use super::client::Client;
use super::find::{ambiguous, called, find_space, short};
use super::output::{size, table};
use crate::api::dto;
use crate::error::ApiError;
use crate::name::{is_below, same};
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
    /// How much of it is here, in a word, while it is fetched.
    #[serde(skip)]
    coming: Option<String>,
}

pub(super) async fn run(context: &Context, verb: File) -> Result<(), ApiError> {
    let client = context.client()?;
    match verb {
        File::Put { space, paths } => put(context, &client, &space, &paths).await,
        File::List { space } => list(context, &client, &space).await,
        File::Get { space, file, to } => get::get(context, &client, &space, &file, to.as_deref()).await,
        File::Stop { space, file } => stop(context, &client, &space, &file).await,
        File::Remove { space, file } => remove(context, &client, &space, &file).await,
    }
}

async fn put(context: &Context, client: &Client, space: &str, paths: &[PathBuf]) -> Result<(), ApiError> {
    let paths = paths.iter().map(|path| absolute(path)).collect::<Result<Vec<_>, _>>()?;
    let space = find_space(client, space).await?;
    let shared: dto::SharedFiles =
        client.post(&format!("/spaces/{space}/files/local"), &dto::LocalFiles { paths }).await?;
    let mut words = String::new();
    let mut rows = Vec::with_capacity(shared.files.len());
    for dto::SharedFile { file, listed } in shared.files {
        let (name, size) = (visible(&file.name), size(file.size));
        words.push_str(&match listed {
            dto::Listed::New => format!("shared {name} ({size})\n"),
            dto::Listed::Version => format!("shared {name} ({size}), a new version\n"),
            dto::Listed::Before => format!("unchanged {name} ({size}), shared before\n"),
        });
        rows.push(Shared { id: file.id, name: file.name, size: file.size, blob: file.blob });
    }
    context.out.either(&rows, || words)?;
    if !context.out.is_json() {
        let now: dto::Space = client.get(&format!("/spaces/{space}")).await?;
        if let Some(words) = who_gets_it(&now) {
            context.out.progress(words);
        }
    }
    left_out(context, &shared.left_out, shared.left_out_count)
}

/// Why nobody gets it at once, if so.
fn who_gets_it(space: &dto::Space) -> Option<&'static str> {
    match space.state {
        dto::SpaceState::ShutOut => Some(SHUT_OUT.trim_end()),
        _ if space.members <= 1 => Some("Nobody else is in this space yet."),
        _ if space.here_now <= 1 => Some("Nobody else in this space is online: they see it as soon as they are."),
        _ => None,
    }
}

fn name_left_out(context: &Context, named: &[dto::LeftOut]) {
    for one in named {
        let words = format!("left out {}: {}", visible(&one.path), visible(&one.reason));
        context.out.news(&json!({ "event": "left-out", "path": one.path, "reason": one.reason }), &words);
    }
}

/// Names what was not shared. A command that left something out has failed in part.
fn left_out(context: &Context, named: &[dto::LeftOut], count: u64) -> Result<(), ApiError> {
    name_left_out(context, named);
    if count == 0 {
        return Ok(());
    }
    let detail = match count {
        1 => "1 thing was left out; the rest is shared.".to_owned(),
        _ => format!("{count} things were left out; the rest is shared."),
    };
    Err(ApiError::new(
        StatusCode::CONFLICT,
        "left-out",
        "Not all is shared",
        detail,
        "Mend what is said above and run the same command again; what is shared stays as it is.",
    ))
}

async fn list(context: &Context, client: &Client, space: &str) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let files: Vec<dto::File> = client.get(&format!("/spaces/{space}/files")).await?;
    let row = |file: dto::File| Listed {
        coming: file.transfer.as_ref().filter(|transfer| is_open(transfer)).map(coming),
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
                .hint(&format!("There are no files yet. Share some with `compeer file put {} PATH`.\n", short(&space)))
                .into_owned();
        }
        let cells = |row: &Listed| {
            let here = if row.here { "here" } else { row.coming.as_deref().unwrap_or_default() };
            vec![row.name.clone(), size(row.size), row.held_by.to_string(), here.to_owned(), row.id.clone()]
        };
        table(&["name", "size", "held by", "on this disk", "id"], &rows.iter().map(cells).collect::<Vec<_>>())
    })
}

/// Whether there is something to give up.
fn is_open(transfer: &dto::Transfer) -> bool {
    transfer.state != dto::TransferState::Done
}

/// How far a file has come.
fn coming(transfer: &dto::Transfer) -> String {
    match transfer.state {
        dto::TransferState::Failed => "failed".to_owned(),
        _ => format!("{}% here", transfer.done.saturating_mul(100).checked_div(transfer.size).unwrap_or_default()),
    }
}

async fn stop(context: &Context, client: &Client, space: &str, wanted: &str) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let files: Vec<dto::File> = client.get(&format!("/spaces/{space}/files")).await?;
    let file = find_file(&files, wanted)?;
    let folder = wanted.trim_end_matches('/');
    let meant: Vec<&dto::File> = match file {
        Some(file) => vec![file],
        None => files.iter().filter(|file| is_below(&file.name, folder)).collect(),
    };
    if meant.is_empty() {
        return Err(not_found(&space, wanted));
    }
    let mut stopped = 0_u64;
    for file in meant.iter().filter(|file| file.transfer.as_ref().is_some_and(is_open)) {
        match client.post(&format!("/spaces/{space}/files/{}/cancel", file.id), &json!({})).await {
            Ok(dto::Done {}) => stopped += 1,
            // Somebody else was faster.
            Err(error) if error.status == StatusCode::NOT_FOUND => {}
            Err(error) => return Err(error),
        }
    }
    if stopped == 0 {
        return Err(not_coming(&space, wanted, meant.iter().all(|file| file.here)));
    }
    context.out.either(&json!({ "files": stopped }), || match file {
        Some(file) => format!("{} is not fetched any more. What had arrived of it is gone.\n", visible(&file.name)),
        None => format!(
            "Below {}, {} not fetched any more. What had arrived of files that are not whole is gone.\n",
            visible(folder),
            so_many_are(stopped)
        ),
    })
}

async fn remove(context: &Context, client: &Client, space: &str, wanted: &str) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let files: Vec<dto::File> = client.get(&format!("/spaces/{space}/files")).await?;
    let folder = wanted.trim_end_matches('/');
    match find_file(&files, wanted)? {
        Some(file) => {
            let _: dto::Done = client.delete(&format!("/spaces/{space}/files/{}", file.id)).await?;
            context.out.either(&json!({}), || {
                format!("{} is off the list. The file itself stays where it is.\n", visible(&file.name))
            })
        }
        None if files.iter().any(|file| is_below(&file.name, folder)) => {
            let request = dto::Folder { folder: folder.to_owned() };
            let off: dto::UnlistedFiles = client.post(&format!("/spaces/{space}/files/unlist"), &request).await?;
            context.out.either(&json!({ "files": off.files }), || {
                let (folder, files) = (visible(folder), so_many_are(off.files));
                format!("Below {folder}, {files} off the list. The files themselves stay where they are.\n")
            })?;
            name_left_out(context, &off.left_out);
            match off.left_out_count {
                0 => Ok(()),
                count => Err(ApiError::new(
                    StatusCode::CONFLICT,
                    "left-out",
                    "Not all is off the list",
                    format!("Below {}, {} still on the list.", shorten(folder), so_many_are(count)),
                    "Ask those who listed them, or a manager of the space.",
                )),
            }
        }
        None => Err(not_found(&space, wanted)),
    }
}

/// The files that go by a name or id.
async fn files_named(client: &Client, space: &str, name: &str) -> Result<Vec<dto::File>, ApiError> {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("named", name).finish();
    client.get(&format!("/spaces/{space}/files?{query}")).await
}

/// The one file that goes by that name or id, if there is one.
fn find_file<'a>(files: &'a [dto::File], wanted: &str) -> Result<Option<&'a dto::File>, ApiError> {
    let is_meant = |file: &&dto::File| file.id == wanted || wanted.len() >= 8 && file.id.starts_with(wanted);
    if let Some(file) = files.iter().find(is_meant) {
        return Ok(Some(file));
    }
    let mut named: Vec<&dto::File> = files.iter().filter(|file| file.name == wanted).collect();
    if named.is_empty() {
        named = files.iter().filter(|file| same(&file.name, wanted)).collect();
    }
    match named.as_slice() {
        [] => Ok(None),
        [file] => Ok(Some(file)),
        several => {
            let choice = |file: &&dto::File| {
                format!("{} (of {}, {})", short(&file.id), visible(&file.author_name), size(file.size))
            };
            Err(ambiguous(wanted, &several.iter().map(choice).collect::<Vec<_>>()))
        }
    }
}

fn so_many_are(files: u64) -> String {
    if files == 1 { "1 file is".to_owned() } else { format!("{files} files are") }
}

fn not_coming(space: &str, wanted: &str, here: bool) -> ApiError {
    let detail = match here {
        true => format!("{} is here already; nothing of it is being fetched.", shorten(wanted)),
        false => format!("Nobody is fetching {} here.", shorten(wanted)),
    };
    ApiError::new(
        StatusCode::CONFLICT,
        "not-fetched",
        "Nothing to give up",
        detail,
        format!("`compeer file list {}` shows what is here and what is on its way.", short(space)),
    )
}

fn not_found(space: &str, wanted: &str) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "file-not-found",
        "No such file",
        format!("There is no file or folder {} in this space.", called(wanted)),
        format!("`compeer file list {}` shows them.", short(space)),
    )
}

/// The peer runs in another folder, so paths go to it whole. They travel as JSON, so they are Unicode.
pub(super) fn absolute(path: &Path) -> Result<String, ApiError> {
    let whole = std::path::absolute(path).ok().and_then(|path| path.into_os_string().into_string().ok());
    whole.ok_or_else(|| {
        let named = path.to_string_lossy();
        ApiError::usage(format!("{} cannot be used as a path.", shorten(&named)), "Name a path that is plain Unicode.")
    })
}
