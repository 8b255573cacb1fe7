//! `/spaces/{space}/files`: what is shared, by whom, and who has it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use compeer_core::{EntryHash, GroupId};
use compeer_spaces::{ActError, FileInfo, TransferId};
use futures_util::stream::{self, StreamExt as _};
use serde::Deserialize;
use utoipa::IntoParams;

use super::convert::{self, Paths, People};
use super::extract::{Id, JsonBody, Path, Query};
use super::guard::Caller;
use super::signin::scripts_only;
use super::transfers::absolute;
use super::{Api, Shared, dto};
use crate::error::{ApiError, words};
use crate::name::{is_below, same};

/// Files that are taken off the list at once.
const UNLISTED_AT_ONCE: usize = 64;
/// Files that could not be taken off the list and are named.
const NAMED: usize = 100;

/// Which files to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those that go by this name or id.
    named: Option<String>,
}

/// The files of a space, by name.
#[utoipa::path(
    get, path = "/spaces/{space}/files", tag = "files",
    params(("space" = String, Path, description = "The space's id."), Which),
    responses((status = 200, body = [dto::File]))
)]
pub(super) async fn list(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    Query(which): Query<Which>,
) -> Result<Json<Vec<dto::File>>, ApiError> {
    let files = match which.named {
        Some(name) => named(&api, space, name).await?,
        None => api.node.spaces().files(space).await?,
    };
    Ok(Json(answer(&api, space, files).await?))
}

/// The files that go by a name or id. A name that is none here may be meant in another form.
async fn named(api: &Api, space: GroupId, name: String) -> Result<Vec<FileInfo>, ApiError> {
    let mut files = api.node.spaces().files_named(space, name.clone()).await?;
    if files.is_empty() && !name.is_ascii() {
        files = api.node.spaces().files(space).await?;
        files.retain(|file| same(&file.name, &name));
    }
    Ok(files)
}

/// Shares files and whole folders where they lie. What lies in a folder and cannot be shared is left out and named. Only
/// scripts may: a page has no business with paths.
#[utoipa::path(
    post, path = "/spaces/{space}/files/local", tag = "files",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::LocalFiles,
    responses((status = 201, body = dto::SharedFiles))
)]
pub(super) async fn share_local(
    State(api): Shared,
    Extension(caller): Extension<Caller>,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::LocalFiles>,
) -> Result<(StatusCode, Json<dto::SharedFiles>), ApiError> {
    scripts_only(&caller)?;
    let paths = body.paths.iter().map(|path| absolute(path)).collect::<Result<Vec<_>, _>>()?;
    if paths.is_empty() {
        return Err(ApiError::bad_request("There is no path.", "Name at least one file or folder."));
    }
    let shared = api.node.spaces().put(space, paths).await?;
    let (files, listed): (Vec<_>, Vec<_>) = shared.files.into_iter().unzip();
    let files = answer(&api, space, files).await?.into_iter().zip(listed);
    let left_out = shared
        .left_out
        .first
        .into_iter()
        .map(|(path, cause)| dto::LeftOut { path: path.display().to_string(), reason: words::sentence(&cause) });
    let answer = dto::SharedFiles {
        files: files.map(|(file, listed)| dto::SharedFile { file, listed: listed.into() }).collect(),
        left_out: left_out.collect(),
        left_out_count: shared.left_out.count as u64,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Takes a file off the list. The file itself stays where it is.
#[utoipa::path(
    delete, path = "/spaces/{space}/files/{file}", tag = "files",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("file" = String, Path, description = "The file's id.")
    ),
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn unlist(
    State(api): Shared,
    Path((Id(space), Id(file))): Path<(Id<GroupId>, Id<EntryHash>)>,
) -> Result<Json<dto::Done>, ApiError> {
    api.node.spaces().unlist(space, file).await?;
    Ok(Json(dto::Done {}))
}

/// Takes all files below a folder off the list. The files themselves stay where they are. What this person may not take
/// off the list stays on it and is named.
#[utoipa::path(
    post, path = "/spaces/{space}/files/unlist", tag = "files",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::Folder,
    responses((status = 200, body = dto::UnlistedFiles))
)]
pub(super) async fn unlist_folder(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::Folder>,
) -> Result<Json<dto::UnlistedFiles>, ApiError> {
    let spaces = api.node.spaces();
    let files = spaces.files(space).await?.into_iter().filter(|file| is_below(&file.name, &body.folder));
    // Many at once, because many share one write to the disk.
    let mut outcomes = stream::iter(files)
        .map(async |file| (spaces.unlist(space, file.id).await, file.name))
        .buffered(UNLISTED_AT_ONCE);
    let mut answer = dto::UnlistedFiles { files: 0, left_out: Vec::new(), left_out_count: 0 };
    let mut refusal = ActError::UnknownFile;
    while let Some((outcome, name)) = outcomes.next().await {
        match outcome {
            Ok(()) => answer.files += 1,
            // Somebody else was faster.
            Err(ActError::UnknownFile) => {}
            Err(error @ ActError::NeedsManage) => {
                answer.left_out_count += 1;
                if answer.left_out.len() < NAMED {
                    let reason = "Somebody else listed it; only they and managers take it off the list.".to_owned();
                    answer.left_out.push(dto::LeftOut { path: name, reason });
                }
                refusal = error;
            }
            Err(error) => return Err(error.into()),
        }
    }
    if answer.files == 0 { Err(refusal.into()) } else { Ok(Json(answer)) }
}

/// Files as they travel, with their transfers.
pub(super) async fn answer(api: &Api, space: GroupId, files: Vec<FileInfo>) -> Result<Vec<dto::File>, ApiError> {
    let people = People::of(&api.node, space).await?;
    let mut transfers = convert::transfers_of(&api.node, space, &people, &Paths::now(&api.node));
    let file = |info: FileInfo| {
        let transfer = transfers.remove(&TransferId { space, file: info.id });
        convert::file(info, &people, transfer)
    };
    Ok(files.into_iter().map(file).collect())
}
