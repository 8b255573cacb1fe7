//! Transfers: files on their way here.

use std::collections::{HashMap, HashSet};
use std::path::{Path as FsPath, PathBuf};

use axum::extract::State;
use axum::{Extension, Json};
use compeer_core::{EntryHash, GroupId};
use compeer_spaces::{ActError, Transfer, TransferId};

use super::convert::{self, Paths, People};
use super::extract::{Id, JsonBody, Path};
use super::guard::Caller;
use super::signin::scripts_only;
use super::{Api, Shared, dto};
use crate::error::ApiError;
use crate::name::is_below;

type FilePath = Path<(Id<GroupId>, Id<EntryHash>)>;

/// All transfers since the start, those under way first.
#[utoipa::path(get, path = "/transfers", tag = "files", responses((status = 200, body = [dto::Transfer])))]
pub(super) async fn list(State(api): Shared) -> Result<Json<Vec<dto::Transfer>>, ApiError> {
    let paths = Paths::now(&api.node);
    let transfers = api.node.spaces().transfers();
    let mut people = HashMap::new();
    for space in transfers.iter().map(|info| info.id.space).collect::<HashSet<_>>() {
        people.insert(space, People::of(&api.node, space).await?);
    }
    let list = transfers.into_iter().filter_map(|info| {
        let people = people.get(&info.id.space)?;
        Some(convert::transfer(info, people, &paths))
    });
    Ok(Json(list.collect()))
}

/// Asks for a file; verified pieces that are here already are kept. Only scripts may say where it goes.
#[utoipa::path(
    post, path = "/spaces/{space}/files/{file}/fetch", tag = "files",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("file" = String, Path, description = "The file's id.")
    ),
    request_body = dto::FetchRequest,
    responses((status = 200, body = dto::Transfer))
)]
pub(super) async fn fetch(
    State(api): Shared,
    Extension(caller): Extension<Caller>,
    Path((Id(space), Id(file))): FilePath,
    JsonBody(body): JsonBody<dto::FetchRequest>,
) -> Result<Json<dto::Transfer>, ApiError> {
    let to = destination(&caller, body.to)?;
    let transfer = api.node.spaces().fetch(space, file, to).await?;
    Ok(Json(answer(&api, transfer).await?))
}

/// Asks for all files below a folder of the list at once.
#[utoipa::path(
    post, path = "/spaces/{space}/files/fetch", tag = "files",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::FolderRequest,
    responses((status = 200, body = [dto::Transfer]))
)]
pub(super) async fn fetch_folder(
    State(api): Shared,
    Extension(caller): Extension<Caller>,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::FolderRequest>,
) -> Result<Json<Vec<dto::Transfer>>, ApiError> {
    let to = destination(&caller, body.to)?;
    let spaces = api.node.spaces();
    let folder = body.folder.trim_end_matches('/').to_owned();
    let transfers = match spaces.fetch_folder(space, folder, to.clone()).await {
        // Another form of the name may be meant.
        Err(ActError::UnknownFile) => {
            let files = spaces.files(space).await?;
            let below = files.iter().filter(|file| is_below(&file.name, &body.folder));
            let wanted: Vec<_> = below.map(|file| file.id).collect();
            if wanted.is_empty() {
                return Err(ActError::UnknownFile.into());
            }
            spaces.fetch_all(space, wanted, to).await?
        }
        transfers => transfers?,
    };
    let people = People::of(&api.node, space).await?;
    let paths = Paths::now(&api.node);
    Ok(Json(transfers.into_iter().map(|info| convert::transfer(info, &people, &paths)).collect()))
}

/// Holds a transfer; what has arrived is kept.
#[utoipa::path(
    post, path = "/spaces/{space}/files/{file}/pause", tag = "files",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("file" = String, Path, description = "The file's id.")
    ),
    responses((status = 200, body = dto::Transfer))
)]
pub(super) async fn pause(
    State(api): Shared,
    Path((Id(space), Id(file))): FilePath,
) -> Result<Json<dto::Transfer>, ApiError> {
    let transfer = api.node.spaces().pause(TransferId { space, file }).await?;
    Ok(Json(answer(&api, transfer).await?))
}

/// Lets a paused or failed transfer go on.
#[utoipa::path(
    post, path = "/spaces/{space}/files/{file}/resume", tag = "files",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("file" = String, Path, description = "The file's id.")
    ),
    responses((status = 200, body = dto::Transfer))
)]
pub(super) async fn resume(
    State(api): Shared,
    Path((Id(space), Id(file))): FilePath,
) -> Result<Json<dto::Transfer>, ApiError> {
    let transfer = api.node.spaces().resume(TransferId { space, file }).await?;
    Ok(Json(answer(&api, transfer).await?))
}

/// Gives a transfer up; what has arrived of it goes.
#[utoipa::path(
    post, path = "/spaces/{space}/files/{file}/cancel", tag = "files",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("file" = String, Path, description = "The file's id.")
    ),
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn cancel(
    State(api): Shared,
    Path((Id(space), Id(file))): FilePath,
) -> Result<Json<dto::Done>, ApiError> {
    api.node.spaces().cancel(TransferId { space, file }).await?;
    Ok(Json(dto::Done {}))
}

async fn answer(api: &Api, transfer: Transfer) -> Result<dto::Transfer, ApiError> {
    let people = People::of(&api.node, transfer.id.space).await?;
    Ok(convert::transfer(transfer, &people, &Paths::now(&api.node)))
}

/// The folder that a script named; a page may name none.
fn destination(caller: &Caller, to: Option<String>) -> Result<Option<PathBuf>, ApiError> {
    let Some(to) = to else { return Ok(None) };
    scripts_only(caller)?;
    absolute(&to).map(Some)
}

/// A path that does not depend on where the peer was started.
pub(super) fn absolute(path: &str) -> Result<PathBuf, ApiError> {
    let path = FsPath::new(path);
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    Err(ApiError::bad_request(
        format!("{} is not an absolute path.", path.display().to_string().escape_default()),
        "Name the whole path, from the root on.",
    ))
}
