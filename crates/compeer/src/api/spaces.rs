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

/// Makes a space read-only for everybody.
#[utoipa::path(
    post, path = "/spaces/{space}/archive", tag = "spaces",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = dto::Space))
)]
pub(super) async fn archive(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
) -> Result<Json<dto::Space>, ApiError> {
    api.node.spaces().archive(space, true).await?;
    Ok(Json(convert::space(&api.node, space).await?))
}

/// Lets people write again in a space that was made read-only.
#[utoipa::path(
    post, path = "/spaces/{space}/restore", tag = "spaces",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = dto::Space))
)]
pub(super) async fn restore(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
) -> Result<Json<dto::Space>, ApiError> {
    api.node.spaces().archive(space, false).await?;
    Ok(Json(convert::space(&api.node, space).await?))
}

/// Says after how many days messages of a space are deleted on every computer. Nothing goes before a day has passed. To say
/// the same again is to say that all that is due now may go.
#[utoipa::path(
    put, path = "/spaces/{space}/retention", tag = "spaces",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::RetentionChange,
    responses((status = 200, body = dto::Space))
)]
pub(super) async fn retention(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::RetentionChange>,
) -> Result<Json<dto::Space>, ApiError> {
    api.node.spaces().set_retention(space, body.days).await?;
    Ok(Json(convert::space(&api.node, space).await?))
}

/// Ends a space for everybody: its content and keys go from each device as it hears of it. It stays on my list until all
/// have, or I leave it.
#[utoipa::path(
    delete, path = "/spaces/{space}", tag = "spaces",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn end(State(api): Shared, Path(Id(space)): Path<Id<GroupId>>) -> Result<Json<dto::Done>, ApiError> {
    api.node.spaces().end(space).await?;
    Ok(Json(dto::Done {}))
}

/// Leaves a space; it goes from this device. One that has ended goes off the list.
#[utoipa::path(
    post, path = "/spaces/{space}/leave", tag = "spaces",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn leave(State(api): Shared, Path(Id(space)): Path<Id<GroupId>>) -> Result<Json<dto::Done>, ApiError> {
    api.node.spaces().leave(space).await?;
    Ok(Json(dto::Done {}))
}
