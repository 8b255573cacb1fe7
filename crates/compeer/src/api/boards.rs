//! `/spaces/{space}/boards`: what people draw on together.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use compeer_core::{EntryHash, GroupId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Id, JsonBody, Path, Query};
use super::{Shared, dto, elements};
use crate::error::ApiError;
use crate::text::shorten;

/// Bytes of elements in one request: 5,000 of them.
pub(super) const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// From where on something is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Since {
    /// Only what has changed since an answer whose `upto` was this.
    pub(super) since: Option<i64>,
}

/// The boards of a space, the last drawn on first: at most 500 of them.
#[utoipa::path(
    get, path = "/spaces/{space}/boards", tag = "boards",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = [dto::Board]))
)]
pub(super) async fn list(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
) -> Result<Json<Vec<dto::Board>>, ApiError> {
    Ok(Json(api.node.spaces().boards(space).await?.into_iter().map(Into::into).collect()))
}

/// Makes a board.
#[utoipa::path(
    post, path = "/spaces/{space}/boards", tag = "boards",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::NewBoard,
    responses((status = 201, body = dto::Board))
)]
pub(super) async fn create(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::NewBoard>,
) -> Result<(StatusCode, Json<dto::Board>), ApiError> {
    let board = api.node.spaces().create_board(space, body.title.trim().to_owned()).await?;
    Ok((StatusCode::CREATED, Json(board.into())))
}

/// One board.
#[utoipa::path(
    get, path = "/spaces/{space}/boards/{board}", tag = "boards",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("board" = String, Path, description = "The board's id.")
    ),
    responses((status = 200, body = dto::Board))
)]
pub(super) async fn get_one(
    State(api): Shared,
    Path((Id(space), Id(board))): Path<(Id<GroupId>, Id<EntryHash>)>,
) -> Result<Json<dto::Board>, ApiError> {
    Ok(Json(api.node.spaces().board(space, board).await?.into()))
}

/// Gives a board another title, puts it away, or takes it back.
#[utoipa::path(
    patch, path = "/spaces/{space}/boards/{board}", tag = "boards",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("board" = String, Path, description = "The board's id.")
    ),
    request_body = dto::BoardChange,
    responses((status = 200, body = dto::Board))
)]
pub(super) async fn change(
    State(api): Shared,
    Path((Id(space), Id(board))): Path<(Id<GroupId>, Id<EntryHash>)>,
    JsonBody(body): JsonBody<dto::BoardChange>,
) -> Result<Json<dto::Board>, ApiError> {
    let title = body.title.map(|title| title.trim().to_owned());
    Ok(Json(api.node.spaces().change_board(space, board, title, body.archived).await?.into()))
}

/// What stands on a board, or what has changed there.
#[utoipa::path(
    get, path = "/spaces/{space}/boards/{board}/elements", tag = "boards",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("board" = String, Path, description = "The board's id."),
        Since
    ),
    responses((status = 200, body = dto::Drawing))
)]
pub(super) async fn drawing(
    State(api): Shared,
    Path((Id(space), Id(board))): Path<(Id<GroupId>, Id<EntryHash>)>,
    Query(since): Query<Since>,
) -> Result<Json<dto::Drawing>, ApiError> {
    Ok(Json(api.node.spaces().drawing(space, board, since.since).await?.into()))
}

/// Draws, changes and deletes elements: all of them or none. They are durable on this device when this answers.
#[utoipa::path(
    post, path = "/spaces/{space}/boards/{board}/elements", tag = "boards",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("board" = String, Path, description = "The board's id.")
    ),
    request_body = dto::NewElements,
    responses((status = 200, body = dto::ElementsDrawn))
)]
pub(super) async fn draw(
    State(api): Shared,
    Path((Id(space), Id(board))): Path<(Id<GroupId>, Id<EntryHash>)>,
    JsonBody(body): JsonBody<dto::NewElements>,
) -> Result<Json<dto::ElementsDrawn>, ApiError> {
    let mut named = Vec::with_capacity(body.elements.len());
    for element in body.elements {
        let id = element.id.clone();
        named.push(elements::read(element).map_err(|error| {
            ApiError::bad_request(
                format!("The element {} cannot be drawn: {error}.", shorten(&id)),
                "Elements are those of Excalidraw's open file; `/api/v1/openapi.json` describes them.",
            )
        })?);
    }
    let (count, upto) = api.node.spaces().draw(space, board, named).await?;
    Ok(Json(dto::ElementsDrawn { count: count as u64, upto }))
}

/// What was said at a board, oldest first: the newest 1,000 of it.
#[utoipa::path(
    get, path = "/spaces/{space}/boards/{board}/comments", tag = "boards",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("board" = String, Path, description = "The board's id.")
    ),
    responses((status = 200, body = [dto::Comment]))
)]
pub(super) async fn comments(
    State(api): Shared,
    Path((Id(space), Id(board))): Path<(Id<GroupId>, Id<EntryHash>)>,
) -> Result<Json<Vec<dto::Comment>>, ApiError> {
    api.node.spaces().board(space, board).await?;
    let comments = api.node.spaces().comments(space, board).await?.into_iter();
    Ok(Json(comments.map(|(message, element)| dto::Comment { message: message.into(), element }).collect()))
}

/// Says something at a board, about one of its elements or all of it.
#[utoipa::path(
    post, path = "/spaces/{space}/boards/{board}/comments", tag = "boards",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("board" = String, Path, description = "The board's id.")
    ),
    request_body = dto::NewComment,
    responses((status = 201, body = dto::Comment))
)]
pub(super) async fn comment(
    State(api): Shared,
    Path((Id(space), Id(board))): Path<(Id<GroupId>, Id<EntryHash>)>,
    JsonBody(body): JsonBody<dto::NewComment>,
) -> Result<(StatusCode, Json<dto::Comment>), ApiError> {
    api.node.spaces().board(space, board).await?;
    let message = api.node.spaces().comment(space, board, body.text, body.element.clone()).await?;
    Ok((StatusCode::CREATED, Json(dto::Comment { message: message.into(), element: body.element })))
}
