//! `/spaces/{space}/messages`: the chat.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use compeer_core::{EntryHash, GroupId};
use compeer_spaces::{Field, MessageRange, NewMessage};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Id, JsonBody, Path, Query};
use super::topics::{at, place_id};
use super::{Shared, dto};
use crate::error::ApiError;

/// Messages handed out when nothing else was said.
const USUAL_LIMIT: usize = 50;
/// Messages handed out at once, at most.
const MOST: usize = 1000;

/// Which messages to hand out.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Range {
    /// How many at most, 1 to 1,000; 50 when left out.
    limit: Option<usize>,
    /// Only those before this message.
    before: Option<String>,
    /// Only those after this message.
    after: Option<String>,
    /// Only those said there: the id of a topic, or `general`.
    place: Option<String>,
}

/// Messages, oldest first: the newest ones when neither `before` nor `after` is given.
#[utoipa::path(
    get, path = "/spaces/{space}/messages", tag = "chat",
    params(("space" = String, Path, description = "The space's id."), Range),
    responses((status = 200, body = dto::MessagePage))
)]
pub(super) async fn list(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    Query(range): Query<Range>,
) -> Result<Json<dto::MessagePage>, ApiError> {
    let limit = range.limit.unwrap_or(USUAL_LIMIT);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::bad_request("The limit is out of range.", "Ask for 1 to 1,000 messages."));
    }
    let id = |text: Option<String>| text.map(|text| message_id(&text)).transpose();
    let at = at(range.place.as_deref())?;
    let range = MessageRange { at, before: id(range.before)?, after: id(range.after)?, limit };
    let (messages, more) = api.node.spaces().messages(space, range).await?;
    Ok(Json(dto::MessagePage { messages: messages.into_iter().map(Into::into).collect(), more }))
}

/// Sends a message, about a listed file and as an answer to another message if these are named. It is durable on this device when this answers.
#[utoipa::path(
    post, path = "/spaces/{space}/messages", tag = "chat",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::NewMessage,
    responses((status = 201, body = dto::Message))
)]
pub(super) async fn send(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::NewMessage>,
) -> Result<(StatusCode, Json<dto::Message>), ApiError> {
    let file = body.file.map(|text| file_id(&text)).transpose()?;
    let reply = body.reply.map(|text| message_id(&text)).transpose()?;
    let place = body.place.map(|text| place_id(&text)).transpose()?.flatten();
    let new = NewMessage { text: body.text, nonce: body.nonce, file, reply, place };
    let message = api.node.spaces().send(space, new).await?;
    Ok((StatusCode::CREATED, Json(message.into())))
}

/// One message.
#[utoipa::path(
    get, path = "/spaces/{space}/messages/{message}", tag = "chat",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("message" = String, Path, description = "The message's id.")
    ),
    responses((status = 200, body = dto::Message))
)]
pub(super) async fn get_one(
    State(api): Shared,
    Path((Id(space), Id(message))): Path<(Id<GroupId>, Id<EntryHash>)>,
) -> Result<Json<dto::Message>, ApiError> {
    Ok(Json(api.node.spaces().message(space, message).await?.into()))
}

/// Changes a message: its text, if I wrote it; my reaction to it; whether it is pinned; where it stands.
#[utoipa::path(
    patch, path = "/spaces/{space}/messages/{message}", tag = "chat",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("message" = String, Path, description = "The message's id.")
    ),
    request_body = dto::MessageChange,
    responses((status = 200, body = dto::Message))
)]
pub(super) async fn change(
    State(api): Shared,
    Path((Id(space), Id(message))): Path<(Id<GroupId>, Id<EntryHash>)>,
    JsonBody(body): JsonBody<dto::MessageChange>,
) -> Result<Json<dto::Message>, ApiError> {
    let dto::MessageChange { text, pinned, reaction, place } = body;
    let text = text.map(|text| Field::Text { text });
    let pinned = pinned.map(|on| Field::Pinned { on });
    let reaction = reaction.map(|mine| Field::Reaction { emoji: mine.emoji, on: mine.on });
    let place = place.map(|place| place_id(&place)).transpose()?.map(|at| Field::Place { at });
    let fields: Vec<Field> = [text, pinned, reaction, place].into_iter().flatten().collect();
    Ok(Json(api.node.spaces().change(space, message, fields).await?.into()))
}

/// Deletes a message for everybody: one of mine, or any if I manage the space. Its text is dropped from every computer as soon
/// as that hears of it.
#[utoipa::path(
    delete, path = "/spaces/{space}/messages/{message}", tag = "chat",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("message" = String, Path, description = "The message's id.")
    ),
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn remove(
    State(api): Shared,
    Path((Id(space), Id(message))): Path<(Id<GroupId>, Id<EntryHash>)>,
) -> Result<Json<dto::Done>, ApiError> {
    api.node.spaces().delete_message(space, message).await?;
    Ok(Json(dto::Done {}))
}

/// The texts that a message has had, oldest first; the last is what it says now.
#[utoipa::path(
    get, path = "/spaces/{space}/messages/{message}/versions", tag = "chat",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("message" = String, Path, description = "The message's id.")
    ),
    responses((status = 200, body = [dto::Version]))
)]
pub(super) async fn versions(
    State(api): Shared,
    Path((Id(space), Id(message))): Path<(Id<GroupId>, Id<EntryHash>)>,
) -> Result<Json<Vec<dto::Version>>, ApiError> {
    let versions = api.node.spaces().versions(space, message).await?;
    Ok(Json(versions.into_iter().map(|version| dto::Version { text: version.text, time: version.time }).collect()))
}

/// The pinned messages, oldest first: the newest 200 of them.
#[utoipa::path(
    get, path = "/spaces/{space}/pinned", tag = "chat",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = [dto::Message]))
)]
pub(super) async fn pinned(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
) -> Result<Json<Vec<dto::Message>>, ApiError> {
    Ok(Json(api.node.spaces().pinned(space).await?.into_iter().map(Into::into).collect()))
}

/// Says undelivered messages and files again, with the time of now. Files that no longer lie here as they were are left.
#[utoipa::path(
    post, path = "/spaces/{space}/undelivered/send", tag = "chat",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::Undelivered,
    responses((status = 200, body = dto::Settled))
)]
pub(super) async fn say_again(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::Undelivered>,
) -> Result<Json<dto::Settled>, ApiError> {
    let count = api.node.spaces().say_again(space, only(body)?).await?;
    Ok(Json(dto::Settled { count: count as u64 }))
}

/// Shows undelivered messages and files no more.
#[utoipa::path(
    post, path = "/spaces/{space}/undelivered/discard", tag = "chat",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::Undelivered,
    responses((status = 200, body = dto::Settled))
)]
pub(super) async fn give_up(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::Undelivered>,
) -> Result<Json<dto::Settled>, ApiError> {
    let count = api.node.spaces().give_up(space, only(body)?).await?;
    Ok(Json(dto::Settled { count: count as u64 }))
}

fn only(body: dto::Undelivered) -> Result<Option<Vec<EntryHash>>, ApiError> {
    body.only.map(|ids| ids.iter().map(|id| message_id(id)).collect()).transpose()
}

/// Which members have a message.
#[utoipa::path(
    get, path = "/spaces/{space}/messages/{message}/holders", tag = "chat",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("message" = String, Path, description = "The message's id.")
    ),
    responses((status = 200, body = [dto::Holder]))
)]
pub(super) async fn holders(
    State(api): Shared,
    Path((Id(space), Id(message))): Path<(Id<GroupId>, Id<EntryHash>)>,
) -> Result<Json<Vec<dto::Holder>>, ApiError> {
    let holders = api.node.spaces().message_holders(space, message).await?;
    let holder = |info: compeer_spaces::HolderInfo| dto::Holder {
        person: info.person.to_string(),
        name: info.name,
        holds: info.holds,
    };
    Ok(Json(holders.into_iter().map(holder).collect()))
}

/// Tells those who are here that I am writing.
#[utoipa::path(
    post, path = "/spaces/{space}/typing", tag = "chat",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::Typing,
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn typing(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::Typing>,
) -> Result<Json<dto::Done>, ApiError> {
    let place = body.place.map(|text| place_id(&text)).transpose()?.flatten();
    api.node.spaces().typing(space, place).await?;
    Ok(Json(dto::Done {}))
}

pub(super) fn message_id(text: &str) -> Result<EntryHash, ApiError> {
    text.parse().map_err(|error| {
        ApiError::bad_request(format!("That is no message's id: {error}."), "Take the id from the list of messages.")
    })
}

fn file_id(text: &str) -> Result<EntryHash, ApiError> {
    text.parse().map_err(|error| {
        ApiError::bad_request(format!("That is no file's id: {error}."), "Take the id from the list of files.")
    })
}
