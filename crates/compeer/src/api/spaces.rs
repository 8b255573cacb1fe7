//! `/spaces`: making, listing, naming, leaving, ending.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use compeer_core::GroupId;

use super::extract::{Id, JsonBody, Path};
use super::{Shared, convert, dto};
use crate::error::ApiError;

/// All spaces on this device, by name.
#[utoipa::path(get, path = "/spaces", tag = "spaces", responses((status = 200, body = [dto::Space])))]
pub(super) async fn list(State(api): Shared) -> Result<Json<Vec<dto::Space>>, ApiError> {
    Ok(Json(api.node.spaces().list().await?.into_iter().map(Into::into).collect()))
}

/// The direct talk between me and some people: the one there is, or a new one. It is on their devices as soon as these hear
/// of it.
#[utoipa::path(
    post, path = "/direct", tag = "spaces",
    request_body = dto::DirectTalk,
    responses((status = 200, body = dto::Space))
)]
pub(super) async fn direct(
    State(api): Shared,
    JsonBody(body): JsonBody<dto::DirectTalk>,
) -> Result<Json<dto::Space>, ApiError> {
    let person = |text: &String| {
        text.parse::<GroupId>().map_err(|error| {
            ApiError::bad_request(format!("That is no person's id: {error}."), "Take the id from the list of members.")
        })
    };
    let people = body.people.iter().map(person).collect::<Result<_, _>>()?;
    let space = api.node.spaces().direct(people).await?;
    Ok(Json(convert::space(&api.node, space).await?))
}

/// Makes a space with me as its manager.
#[utoipa::path(
    post, path = "/spaces", tag = "spaces",
    request_body = dto::SpaceName,
    responses((status = 201, body = dto::Space))
)]
pub(super) async fn create(
    State(api): Shared,
    JsonBody(body): JsonBody<dto::SpaceName>,
) -> Result<(StatusCode, Json<dto::Space>), ApiError> {
    let space = api.node.spaces().create(body.name.trim().to_owned()).await?;
    Ok((StatusCode::CREATED, Json(convert::space(&api.node, space).await?)))
}

/// One space.
#[utoipa::path(
    get, path = "/spaces/{space}", tag = "spaces",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = dto::Space))
)]
pub(super) async fn get_one(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
) -> Result<Json<dto::Space>, ApiError> {
    Ok(Json(convert::space(&api.node, space).await?))
}

/// Gives a space another name.
#[utoipa::path(
    patch, path = "/spaces/{space}", tag = "spaces",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::SpaceName,
    responses((status = 200, body = dto::Space))
)]
pub(super) async fn rename(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::SpaceName>,
) -> Result<Json<dto::Space>, ApiError> {
    let name = body.name.trim().to_owned();
    api.node.spaces().rename(space, name.clone()).await?;
    // The view follows the journal a moment later; the caller's own change shows at once.
    let renamed = dto::Space { name, ..convert::space(&api.node, space).await? };
    Ok(Json(renamed))
}

/// Ends a space for everybody.
#[utoipa::path(
    delete, path = "/spaces/{space}", tag = "spaces",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn end(State(api): Shared, Path(Id(space)): Path<Id<GroupId>>) -> Result<Json<dto::Done>, ApiError> {
    api.node.spaces().end(space).await?;
    Ok(Json(dto::Done {}))
}

/// Leaves a space; it goes from this device.
#[utoipa::path(
    post, path = "/spaces/{space}/leave", tag = "spaces",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn leave(State(api): Shared, Path(Id(space)): Path<Id<GroupId>>) -> Result<Json<dto::Done>, ApiError> {
    api.node.spaces().leave(space).await?;
    Ok(Json(dto::Done {}))
}
