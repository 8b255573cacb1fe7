//! Exports and imports: spaces as folders, and folders as spaces.

use std::path::PathBuf;

use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use compeer_core::GroupId;
use compeer_spaces::{ActError, Day, Element, ImportWish, JobInfo, JobKind, JobState};
use serde::Deserialize;
use tokio::fs;
use utoipa::IntoParams;

use super::extract::{Id, JsonBody, Path, Query};
use super::guard::Caller;
use super::signin::scripts_only;
use super::transfers::absolute;
use super::{Api, Shared, dto, elements, upload};
use crate::error::ApiError;

/// What of an archive that a page sends is taken in.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// `1`: also private channels and what was said between few.
    private: Option<u8>,
}

/// Begins to write a space as a folder that people can read. Where nothing is named, it is made in the home.
#[utoipa::path(
    post, path = "/spaces/{space}/export", tag = "jobs",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::NewExport,
    responses((status = 202, body = dto::Job))
)]
pub(super) async fn export(
    State(api): Shared,
    Extension(caller): Extension<Caller>,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::NewExport>,
) -> Result<(StatusCode, Json<dto::Job>), ApiError> {
    let to = match body.to {
        Some(to) => {
            scripts_only(&caller)?;
            absolute(&to)?
        }
        None => own_place(&api, space).await?,
    };
    let job = api.node.spaces().export(space, to, body.files, draw).await?;
    Ok((StatusCode::ACCEPTED, Json(job.into())))
}

/// A folder of the home, by the space's name and the time.
async fn own_place(api: &Api, space: GroupId) -> Result<PathBuf, ApiError> {
    let name = api.node.spaces().info(space).await?.name;
    let seconds = api.node.now() / 1000;
    let (day, of_day) = (Day(u32::try_from(seconds / 86_400).unwrap_or(u32::MAX)), seconds % 86_400);
    let stamp = format!("{day} {:02}{:02}{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60);
    let name = compeer_blobs::safe_path::tame_everywhere(&format!("{name} {stamp}"));
    Ok(api.node.home().path().exports().join(name))
}

fn draw(id: String, element: &Element) -> serde_json::Value {
    // Numbers and texts always become JSON.
    serde_json::to_value(elements::write(id, element)).unwrap_or_default()
}

/// Begins to make a space of a folder or ZIP file that Compeer, Slack or Zulip exported.
#[utoipa::path(
    post, path = "/imports", tag = "jobs",
    request_body = dto::NewImport,
    responses((status = 202, body = dto::Job))
)]
pub(super) async fn import(
    State(api): Shared,
    Extension(caller): Extension<Caller>,
    JsonBody(body): JsonBody<dto::NewImport>,
) -> Result<(StatusCode, Json<dto::Job>), ApiError> {
    scripts_only(&caller)?;
    let wish = ImportWish { private: body.private, stream: body.stream };
    let job = api.node.spaces().import(absolute(&body.path)?, wish, None)?;
    Ok((StatusCode::ACCEPTED, Json(job.into())))
}

/// The same with a ZIP file that the page sends, as a part called `file`.
#[utoipa::path(
    post, path = "/imports/file", tag = "jobs",
    params(How),
    request_body(content_type = "multipart/form-data", description = "One part called `file`."),
    responses((status = 202, body = dto::Job))
)]
pub(super) async fn import_file(
    State(api): Shared,
    Query(how): Query<How>,
    parts: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<(StatusCode, Json<dto::Job>), ApiError> {
    let (folder, path) = upload::take_single(&api, parts).await?;
    let wish = ImportWish { private: how.private == Some(1), stream: None };
    let begun = api.node.spaces().import(path, wish, Some(folder.clone()));
    if begun.is_err() {
        let _ = fs::remove_dir_all(&folder).await;
    }
    Ok((StatusCode::ACCEPTED, Json(begun?.into())))
}

/// Exports and imports since the start, the newest first.
#[utoipa::path(get, path = "/jobs", tag = "jobs", responses((status = 200, body = [dto::Job])))]
pub(super) async fn list(State(api): Shared) -> Json<Vec<dto::Job>> {
    Json(api.node.spaces().jobs().into_iter().map(Into::into).collect())
}

/// How one of them goes.
#[utoipa::path(
    get, path = "/jobs/{job}", tag = "jobs",
    params(("job" = String, Path, description = "Its number.")),
    responses((status = 200, body = dto::Job))
)]
pub(super) async fn get_one(State(api): Shared, Path(job): Path<String>) -> Result<Json<dto::Job>, ApiError> {
    Ok(Json(api.node.spaces().job(number(&job)?)?.into()))
}

/// Stops one of them; nothing is left of it.
#[utoipa::path(
    delete, path = "/jobs/{job}", tag = "jobs",
    params(("job" = String, Path, description = "Its number.")),
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn cancel(State(api): Shared, Path(job): Path<String>) -> Result<Json<dto::Done>, ApiError> {
    api.node.spaces().cancel_job(number(&job)?)?;
    Ok(Json(dto::Done {}))
}

/// What is no number names no job.
fn number(job: &str) -> Result<u64, ActError> {
    job.parse().map_err(|_| ActError::UnknownJob)
}

impl From<JobInfo> for dto::Job {
    fn from(info: JobInfo) -> Self {
        let mut job = Self {
            id: info.id.to_string(),
            kind: match info.kind {
                JobKind::Export => dto::JobKind::Export,
                JobKind::Import => dto::JobKind::Import,
            },
            path: info.path.display().to_string(),
            space: info.space.map(|space| space.to_string()),
            name: info.name,
            state: dto::JobState::Done,
            done: info.done,
            all: info.all,
            files: 0,
            missing: 0,
            bytes: 0,
            private: 0,
            lost: 0,
            error: None,
        };
        match info.state {
            JobState::Running => job.state = dto::JobState::Running,
            JobState::Cancelled => job.state = dto::JobState::Cancelled,
            JobState::Exported { files, missing, bytes } => {
                (job.files, job.missing, job.bytes) = (files, missing, bytes);
            }
            JobState::Imported(done) => {
                (job.files, job.private, job.lost) = (done.files, done.private, done.lost);
            }
            JobState::ExportFailed(error) => job.fail(&ApiError::from(&*error)),
            JobState::ImportFailed(error) => job.fail(&ApiError::from(&*error)),
        }
        job
    }
}

impl dto::Job {
    fn fail(&mut self, error: &ApiError) {
        self.state = dto::JobState::Failed;
        self.error = Some(error.document());
    }
}
