//! Files that are dropped on the page: written to the home, then shared from there.

use std::io;
use std::path::{Path as FsPath, PathBuf};

use axum::Json;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use compeer_blobs::safe_path;
use compeer_core::GroupId;
use compeer_core::key::random_bytes;
use compeer_spaces::model::check_file_name;
use compeer_spaces::{NamedFile, SameName};
use serde::Deserialize;
use tokio::fs::{self, File};
use tokio::io::{AsyncWriteExt, BufWriter};
use utoipa::IntoParams;

use super::extract::{Id, Path, Query};
use super::{Api, Shared, dto, files};
use crate::error::{ApiError, words};
use crate::home::HomePath;
use crate::text::shorten;

/// Files in one request, at most.
const MOST: usize = 1000;
/// The folder, among the home's files, of what is on its way here.
const COMING: &str = "coming";
/// Bytes collected before they are written.
const BUFFER: usize = 256 * 1024;

/// How to list them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// `1` keeps another file of mine that has the same name, and finds a new name.
    keep: Option<u8>,
}

/// Takes files from the page. Each part is called `file`; its file name may be a relative path.
#[utoipa::path(
    post, path = "/spaces/{space}/files", tag = "files",
    params(("space" = String, Path, description = "The space's id."), How),
    request_body(content_type = "multipart/form-data", description = "Parts called `file`."),
    responses((status = 201, body = [dto::File]))
)]
pub(super) async fn upload(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    Query(how): Query<How>,
    parts: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<(StatusCode, Json<Vec<dto::File>>), ApiError> {
    // A space that is not there is said before gigabytes are taken in.
    api.node.spaces().info(space).await?;
    let mut parts = parts.map_err(|_| no_form())?;
    let files = api.node.home().path().files();
    let name = short_name()?;
    let (coming, shared) = (files.join(COMING).join(&name), files.join("shared"));
    for folder in [&coming, &shared] {
        fs::create_dir_all(folder).await.map_err(|error| ApiError::disk(folder, &error))?;
    }
    let folder = shared.join(&name);
    let mut names = Vec::new();
    let taken = match take_all(&mut parts, &coming, &mut names).await {
        Ok(()) => fs::rename(&coming, &folder).await.map_err(|error| ApiError::disk(&folder, &error)),
        Err(error) => Err(error),
    };
    let named = names.into_iter().map(|name| NamedFile { path: folder.join(&name), name }).collect();
    let shared = match taken {
        Ok(()) => share(&api, space, named, how).await,
        Err(error) => Err(error),
    };
    if shared.is_err() {
        // What was not shared is of no use; a leftover would only take room.
        let _ = fs::remove_dir_all(&coming).await;
        let _ = fs::remove_dir_all(&folder).await;
    }
    Ok((StatusCode::CREATED, Json(shared?)))
}

/// Takes one file from the page: the folder that was made for it, and where in that it lies.
pub(super) async fn take_single(
    api: &Api,
    parts: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<(PathBuf, PathBuf), ApiError> {
    let mut parts = parts.map_err(|_| no_form())?;
    let coming = api.node.home().path().files().join(COMING).join(short_name()?);
    fs::create_dir_all(&coming).await.map_err(|error| ApiError::disk(&coming, &error))?;
    let mut names = Vec::new();
    let taken = take_all(&mut parts, &coming, &mut names).await;
    match (taken, names.as_slice()) {
        (Ok(()), [name]) => Ok((coming.clone(), coming.join(name))),
        (taken, _) => {
            let _ = fs::remove_dir_all(&coming).await;
            taken?;
            Err(ApiError::bad_request("There is not one file in it.", "Send one file as a part called file."))
        }
    }
}

fn no_form() -> ApiError {
    ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not-a-form",
        "Not a form",
        "Files are sent as multipart/form-data.",
        "Send each file as a part called file.",
    )
}

async fn share(api: &Api, space: GroupId, named: Vec<NamedFile>, how: How) -> Result<Vec<dto::File>, ApiError> {
    if named.is_empty() {
        return Err(ApiError::bad_request("There is no file in it.", "Send each file as a part called file."));
    }
    let same_name = if how.keep == Some(1) { SameName::Keep } else { SameName::Replace };
    let infos = api.node.spaces().put_named(space, named, same_name).await?;
    files::answer(api, space, infos).await
}

/// Removes what was on its way to a peer that was ended meanwhile: nobody has been told of it.
pub(super) fn clear_interrupted(home: &HomePath) {
    let folder = home.files().join(COMING);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, folder = %folder.display(), "interrupted uploads cannot be removed");
        }
        _ => {}
    }
}

async fn take_all(parts: &mut Multipart, folder: &FsPath, names: &mut Vec<String>) -> Result<(), ApiError> {
    while let Some(field) = parts.next_field().await.map_err(broken)? {
        if field.name() != Some("file") {
            continue;
        }
        if names.len() >= MOST {
            return Err(ApiError::bad_request("That are too many files at once.", "Send at most 1,000 at once."));
        }
        let name = field.file_name().unwrap_or_default().to_owned();
        check_file_name(&name).map_err(|error| {
            ApiError::bad_request(words::sentence(&error), "Give the file a plain name and send it again.")
        })?;
        let (within, wanted) = (folder.to_owned(), name.clone());
        let prepared = tokio::task::spawn_blocking(move || safe_path::Folders::below(&within).prepare(&wanted)).await;
        let path = prepared.map_err(|_| ApiError::closing())?.map_err(|error| {
            if names.is_empty() {
                ApiError::bad_request(words::sentence(&error), "Give the file a plain name and send it again.")
            } else {
                meets(&name)
            }
        })?;
        if path.symlink_metadata().is_ok() {
            return Err(meets(&name));
        }
        take_one(field, &path).await?;
        names.push(name);
    }
    Ok(())
}

async fn take_one(mut field: Field<'_>, path: &PathBuf) -> Result<(), ApiError> {
    let failed = |error| ApiError::disk(path, &error);
    let file = File::create_new(path).await.map_err(failed)?;
    let mut file = BufWriter::with_capacity(BUFFER, file);
    while let Some(bytes) = field.chunk().await.map_err(broken)? {
        file.write_all(&bytes).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    file.into_inner().sync_all().await.map_err(failed)
}

/// Two of the names cannot stand in one folder.
fn meets(name: &str) -> ApiError {
    ApiError::bad_request(
        format!("{} cannot stand beside the other files of this upload.", shorten(name)),
        "Give each file a name of its own, and send them again.",
    )
}

/// A folder of its own for each upload, so that two files of one name do not meet.
fn short_name() -> Result<String, ApiError> {
    Ok(compeer_core::id::to_base32(&random_bytes::<10>()?))
}

fn broken(_: MultipartError) -> ApiError {
    ApiError::bad_request("The files did not arrive whole.", "Send them again.")
}
