//! `/spaces/{space}/topics`: what a space talks about; what is read of it; how much of it is news.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use compeer_core::{EntryHash, GroupId};
use compeer_spaces::At;

use super::extract::{Id, JsonBody, Path};
use super::messages::message_id;
use super::{Shared, dto};
use crate::error::ApiError;

/// What a path or a body names a place by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PlaceId(pub(super) Option<EntryHash>);

impl std::str::FromStr for PlaceId {
    type Err = <EntryHash as std::str::FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == dto::GENERAL { Ok(Self(None)) } else { text.parse().map(|id| Self(Some(id))) }
    }
}

/// The place that a body or query names, if it names one.
pub(super) fn place_id(text: &str) -> Result<Option<EntryHash>, ApiError> {
    text.parse().map(|PlaceId(id)| id).map_err(|error| {
        ApiError::bad_request(
            format!("That is no topic's id: {error}."),
            "Take the id from the list of topics, or write general.",
        )
    })
}

/// Which messages are meant by a place, or by none.
pub(super) fn at(place: Option<&str>) -> Result<At, ApiError> {
    place.map_or(Ok(At::Anywhere), |place| place_id(place).map(At::Place))
}

/// The general talk, then the topics, those in use last first: at most 500 of them.
#[utoipa::path(
    get, path = "/spaces/{space}/topics", tag = "topics",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = [dto::Topic]))
)]
pub(super) async fn list(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
) -> Result<Json<Vec<dto::Topic>>, ApiError> {
    Ok(Json(api.node.spaces().topics(space).await?.into_iter().map(Into::into).collect()))
}

/// Makes a topic.
#[utoipa::path(
    post, path = "/spaces/{space}/topics", tag = "topics",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::NewTopic,
    responses((status = 201, body = dto::Topic))
)]
pub(super) async fn create(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::NewTopic>,
) -> Result<(StatusCode, Json<dto::Topic>), ApiError> {
    let topic = api.node.spaces().create_topic(space, body.title.trim().to_owned()).await?;
    Ok((StatusCode::CREATED, Json(topic.into())))
}

/// One topic.
#[utoipa::path(
    get, path = "/spaces/{space}/topics/{topic}", tag = "topics",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("topic" = String, Path, description = "The topic's id, or `general`.")
    ),
    responses((status = 200, body = dto::Topic))
)]
pub(super) async fn get_one(
    State(api): Shared,
    Path((Id(space), Id(PlaceId(topic)))): Path<(Id<GroupId>, Id<PlaceId>)>,
) -> Result<Json<dto::Topic>, ApiError> {
    Ok(Json(api.node.spaces().topic(space, topic).await?.into()))
}

/// Gives a topic another title, or says whether it is resolved.
#[utoipa::path(
    patch, path = "/spaces/{space}/topics/{topic}", tag = "topics",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("topic" = String, Path, description = "The topic's id.")
    ),
    request_body = dto::TopicChange,
    responses((status = 200, body = dto::Topic))
)]
pub(super) async fn change(
    State(api): Shared,
    Path((Id(space), Id(topic))): Path<(Id<GroupId>, Id<EntryHash>)>,
    JsonBody(body): JsonBody<dto::TopicChange>,
) -> Result<Json<dto::Topic>, ApiError> {
    let title = body.title.map(|title| title.trim().to_owned());
    Ok(Json(api.node.spaces().change_topic(space, topic, title, body.resolved).await?.into()))
}

/// Moves messages to a topic, or to the general talk.
#[utoipa::path(
    post, path = "/spaces/{space}/move", tag = "topics",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::Move,
    responses((status = 200, body = dto::Moved))
)]
pub(super) async fn move_messages(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::Move>,
) -> Result<Json<dto::Moved>, ApiError> {
    let messages = body.messages.iter().map(|id| message_id(id)).collect::<Result<_, _>>()?;
    let count = api.node.spaces().move_messages(space, messages, place_id(&body.place)?).await?;
    Ok(Json(dto::Moved { count: count as u64 }))
}

/// Says how much I want to hear of a space, or of a place in it.
#[utoipa::path(
    put, path = "/spaces/{space}/attention", tag = "topics",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::AttentionChange,
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn attention(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::AttentionChange>,
) -> Result<Json<dto::Done>, ApiError> {
    let at = at(body.place.as_deref())?;
    api.node.spaces().set_attention(space, at, body.attention.map(Into::into)).await?;
    Ok(Json(dto::Done {}))
}

/// Marks as read: what is at or before a message, and single messages.
#[utoipa::path(
    post, path = "/spaces/{space}/read", tag = "topics",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::ReadMarker,
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn mark_read(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::ReadMarker>,
) -> Result<Json<dto::Done>, ApiError> {
    let at = at(body.place.as_deref())?;
    let seen: Option<Vec<EntryHash>> =
        body.seen.map(|seen| seen.iter().map(|id| message_id(id)).collect()).transpose()?;
    if let Some(up_to) = body.up_to {
        api.node.spaces().mark_read(space, at, message_id(&up_to)?).await?;
    }
    if let Some(seen) = seen {
        api.node.spaces().mark_seen(space, seen).await?;
    }
    Ok(Json(dto::Done {}))
}

/// Marks as unread what others wrote from a message on: the newest 1,000 of it.
#[utoipa::path(
    post, path = "/spaces/{space}/unread", tag = "topics",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::UnreadMarker,
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn mark_unread(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::UnreadMarker>,
) -> Result<Json<dto::Done>, ApiError> {
    api.node.spaces().mark_unread(space, at(body.place.as_deref())?, message_id(&body.from)?).await?;
    Ok(Json(dto::Done {}))
}
