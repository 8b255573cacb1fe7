//! `/spaces/{space}/pages`: what people write together.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use compeer_core::{EntryHash, GroupId};
use compeer_spaces::{BoardPerson, PageInfo, PageRun};

use super::extract::{Id, JsonBody, Path};
use super::{Shared, dto};
use crate::error::ApiError;

/// Bytes of a request that makes a page: 1 MiB of Markdown, each letter of which may be written as six in JSON.
pub(super) const BODY_LIMIT: usize = 8 << 20;

fn person(person: BoardPerson) -> dto::BoardPerson {
    dto::BoardPerson { person: person.person.to_string(), name: person.name }
}

impl From<PageInfo> for dto::Page {
    fn from(info: PageInfo) -> Self {
        Self {
            id: info.id.to_string(),
            title: info.title,
            parent: info.parent.map(|parent| parent.to_string()),
            order: info.order,
            archived: info.archived,
            created_by: person(info.by),
            created_ms: info.created,
            changed_by: person(info.changed_by),
            changed_ms: info.changed,
            here: info.here.into_iter().map(person).collect(),
            unread_comments: info.unread,
        }
    }
}

impl From<PageRun> for dto::PageRun {
    fn from(run: PageRun) -> Self {
        Self {
            id: run.id.to_string(),
            person: run.person.person.to_string(),
            name: run.person.name,
            device: run.device.to_string(),
            from_ms: run.from,
            to_ms: run.to,
            updates: run.updates as u64,
        }
    }
}

/// A page that is named in a body.
fn named(id: &str) -> Result<EntryHash, ApiError> {
    id.parse().map_err(|_| {
        ApiError::bad_request(
            "What the page shall stand under is no id.",
            "Ids are in the list of pages; null is the top.",
        )
    })
}

/// The pages of a space, in the order of their places: at most 5,000 of them.
#[utoipa::path(
    get, path = "/spaces/{space}/pages", tag = "pages",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = [dto::Page]))
)]
pub(super) async fn list(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
) -> Result<Json<Vec<dto::Page>>, ApiError> {
    Ok(Json(api.node.spaces().pages(space).await?.into_iter().map(Into::into).collect()))
}

/// Makes a page, as the last one under its parent.
#[utoipa::path(
    post, path = "/spaces/{space}/pages", tag = "pages",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::NewPage,
    responses((status = 201, body = dto::Page))
)]
pub(super) async fn create(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::NewPage>,
) -> Result<(StatusCode, Json<dto::Page>), ApiError> {
    let parent = body.parent.as_deref().map(named).transpose()?;
    let (title, markdown) = (body.title.trim().to_owned(), body.markdown.unwrap_or_default());
    let page = api.node.spaces().create_page(space, title, parent, markdown).await?;
    Ok((StatusCode::CREATED, Json(page.into())))
}

/// One page.
#[utoipa::path(
    get, path = "/spaces/{space}/pages/{page}", tag = "pages",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("page" = String, Path, description = "The page's id.")
    ),
    responses((status = 200, body = dto::Page))
)]
pub(super) async fn get_one(
    State(api): Shared,
    Path((Id(space), Id(page))): Path<(Id<GroupId>, Id<EntryHash>)>,
) -> Result<Json<dto::Page>, ApiError> {
    Ok(Json(api.node.spaces().page(space, page).await?.into()))
}

/// Gives a page another title or place, puts it away, or takes it back. Moved without an order, it stands last.
#[utoipa::path(
    patch, path = "/spaces/{space}/pages/{page}", tag = "pages",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("page" = String, Path, description = "The page's id.")
    ),
    request_body = dto::PageChange,
    responses((status = 200, body = dto::Page))
)]
pub(super) async fn change(
    State(api): Shared,
    Path((Id(space), Id(page))): Path<(Id<GroupId>, Id<EntryHash>)>,
    JsonBody(body): JsonBody<dto::PageChange>,
) -> Result<Json<dto::Page>, ApiError> {
    let change = compeer_spaces::PageChange {
        title: body.title.map(|title| title.trim().to_owned()),
        parent: body.parent.map(|parent| parent.as_deref().map(named).transpose()).transpose()?,
        order: body.order,
        archived: body.archived,
    };
    Ok(Json(api.node.spaces().change_page(space, page, change).await?.into()))
}

/// All that is written on a page: a snapshot of Loro 1.x.
#[utoipa::path(
    get, path = "/spaces/{space}/pages/{page}/state", tag = "pages",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("page" = String, Path, description = "The page's id.")
    ),
    responses((status = 200, content_type = "application/octet-stream"))
)]
pub(super) async fn state(
    State(api): Shared,
    Path((Id(space), Id(page))): Path<(Id<GroupId>, Id<EntryHash>)>,
) -> Result<Response, ApiError> {
    let state = api.node.spaces().page_state(space, page).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], state).into_response())
}

/// What a page says, as Markdown.
#[utoipa::path(
    get, path = "/spaces/{space}/pages/{page}/markdown", tag = "pages",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("page" = String, Path, description = "The page's id.")
    ),
    responses((status = 200, body = dto::PageMarkdown))
)]
pub(super) async fn markdown(
    State(api): Shared,
    Path((Id(space), Id(page))): Path<(Id<GroupId>, Id<EntryHash>)>,
) -> Result<Json<dto::PageMarkdown>, ApiError> {
    let (_, markdown) = api.node.spaces().page_text(space, page).await?;
    Ok(Json(dto::PageMarkdown { markdown }))
}

/// Who wrote on a page when, the last first: at most 500 stretches.
#[utoipa::path(
    get, path = "/spaces/{space}/pages/{page}/history", tag = "pages",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("page" = String, Path, description = "The page's id.")
    ),
    responses((status = 200, body = [dto::PageRun]))
)]
pub(super) async fn history(
    State(api): Shared,
    Path((Id(space), Id(page))): Path<(Id<GroupId>, Id<EntryHash>)>,
) -> Result<Json<Vec<dto::PageRun>>, ApiError> {
    Ok(Json(api.node.spaces().page_history(space, page).await?.into_iter().map(Into::into).collect()))
}

/// What a page said to whoever wrote at the end of their stretch of writing: with what they had of others by then.
#[utoipa::path(
    get, path = "/spaces/{space}/pages/{page}/history/{version}", tag = "pages",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("page" = String, Path, description = "The page's id."),
        ("version" = String, Path, description = "The id of a stretch in the history.")
    ),
    responses((status = 200, body = dto::PageVersion))
)]
pub(super) async fn version(
    State(api): Shared,
    Path((Id(space), Id(page), Id(version))): Path<(Id<GroupId>, Id<EntryHash>, Id<EntryHash>)>,
) -> Result<Json<dto::PageVersion>, ApiError> {
    let (json, markdown) = api.node.spaces().page_version(space, page, version).await?;
    let json = serde_json::from_str(&json).map_err(|_| ApiError::internal("A page was read as something else."))?;
    Ok(Json(dto::PageVersion { markdown, json }))
}

/// What was said at a page, oldest first: the newest 1,000 of it. `element` is where on the page, in the page's own letters.
#[utoipa::path(
    get, path = "/spaces/{space}/pages/{page}/comments", tag = "pages",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("page" = String, Path, description = "The page's id.")
    ),
    responses((status = 200, body = [dto::Comment]))
)]
pub(super) async fn comments(
    State(api): Shared,
    Path((Id(space), Id(page))): Path<(Id<GroupId>, Id<EntryHash>)>,
) -> Result<Json<Vec<dto::Comment>>, ApiError> {
    api.node.spaces().page(space, page).await?;
    let comments = api.node.spaces().comments(space, page).await?.into_iter();
    Ok(Json(comments.map(|(message, element)| dto::Comment { message: message.into(), element }).collect()))
}

/// Says something at a page, about some words of it or all of it.
#[utoipa::path(
    post, path = "/spaces/{space}/pages/{page}/comments", tag = "pages",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("page" = String, Path, description = "The page's id.")
    ),
    request_body = dto::NewComment,
    responses((status = 201, body = dto::Comment))
)]
pub(super) async fn comment(
    State(api): Shared,
    Path((Id(space), Id(page))): Path<(Id<GroupId>, Id<EntryHash>)>,
    JsonBody(body): JsonBody<dto::NewComment>,
) -> Result<(StatusCode, Json<dto::Comment>), ApiError> {
    api.node.spaces().page(space, page).await?;
    let message = api.node.spaces().comment(space, page, body.text, body.element.clone()).await?;
    Ok((StatusCode::CREATED, Json(dto::Comment { message: message.into(), element: body.element })))
}
