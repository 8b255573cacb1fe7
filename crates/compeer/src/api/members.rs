//! `/spaces/{space}/members`: who is in a space, and who may do what.

use axum::Json;
use axum::extract::State;
use compeer_core::GroupId;

use super::extract::{Id, JsonBody, Path};
use super::{Shared, convert, dto};
use crate::error::ApiError;
use compeer_spaces::ActError;

/// The members: me first, then by name.
#[utoipa::path(
    get, path = "/spaces/{space}/members", tag = "members",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = [dto::Member]))
)]
pub(super) async fn list(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
) -> Result<Json<Vec<dto::Member>>, ApiError> {
    let paths = convert::Paths::now(&api.node);
    let members = api.node.spaces().members(space).await?;
    Ok(Json(members.into_iter().map(|info| convert::member(&api.node, &paths, info)).collect()))
}

/// Gives a member another level.
#[utoipa::path(
    patch, path = "/spaces/{space}/members/{person}", tag = "members",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("person" = String, Path, description = "The member's id.")
    ),
    request_body = dto::LevelChange,
    responses((status = 200, body = dto::Member))
)]
pub(super) async fn set_level(
    State(api): Shared,
    Path((Id(space), Id(person))): Path<(Id<GroupId>, Id<GroupId>)>,
    JsonBody(change): JsonBody<dto::LevelChange>,
) -> Result<Json<dto::Member>, ApiError> {
    let spaces = api.node.spaces();
    spaces.set_level(space, person, change.level.into()).await?;
    let member = spaces.members(space).await?.into_iter().find(|member| member.person == person);
    let member = member.ok_or(ActError::UnknownPerson)?;
    Ok(Json(convert::member(&api.node, &convert::Paths::now(&api.node), member)))
}

/// Removes a member, who reads nothing new from then on.
#[utoipa::path(
    delete, path = "/spaces/{space}/members/{person}", tag = "members",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("person" = String, Path, description = "The member's id.")
    ),
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn remove(
    State(api): Shared,
    Path((Id(space), Id(person))): Path<(Id<GroupId>, Id<GroupId>)>,
) -> Result<Json<dto::Done>, ApiError> {
    api.node.spaces().remove(space, person).await?;
    Ok(Json(dto::Done {}))
}
