//! `/spaces/{space}/rooms`: rooms of topics and boards, in which guests take part.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use compeer_core::invite::GuestAt;
use compeer_core::{EntryHash, GroupId};
use compeer_spaces::{GuestRoom, Kind, RoomInfo};

use super::extract::{Id, JsonBody, Path};
use super::{Shared, convert, dto, invitations};
use crate::error::ApiError;

/// The rooms of a space that are on this device, with their guests and the invitations that can still be used.
#[utoipa::path(
    get, path = "/spaces/{space}/rooms", tag = "guests",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = [dto::GuestRoom]))
)]
pub(super) async fn list(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
) -> Result<Json<Vec<dto::GuestRoom>>, ApiError> {
    let paths = convert::Paths::now(&api.node);
    let mailed = invitations::MailedTo::read(&api)?;
    let rooms = api.node.spaces().guest_rooms(space).await?;
    let room = |room: GuestRoom| dto::GuestRoom {
        space: room.room.to_string(),
        name: room.name,
        kind: kind(room.kind),
        thing: room.thing.to_string(),
        guests: room.guests.into_iter().map(|guest| convert::member(&api.node, &paths, guest)).collect(),
        invitations: room.invitations.into_iter().map(|info| mailed.note(info.into())).collect(),
    };
    Ok(Json(rooms.into_iter().map(room).collect()))
}

/// Makes an invitation for a guest at a topic or board: into its room, which is made if there is none. A room is a space of its own
/// that all members of this one are in, and begins empty; guests see nothing of this space. Nothing is made if the invitation
/// cannot be.
#[utoipa::path(
    post, path = "/spaces/{space}/rooms", tag = "guests",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::NewGuest,
    responses((status = 201, body = dto::GuestInvitation))
)]
pub(super) async fn invite(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::NewGuest>,
) -> Result<(StatusCode, Json<dto::GuestInvitation>), ApiError> {
    let thing = body.thing.parse::<EntryHash>().map_err(|error| {
        ApiError::bad_request(
            format!("That is no id of a topic or board: {error}."),
            "Take it from the list of topics or boards.",
        )
    })?;
    let (request, to) = invitations::checked(&body.invite)?;
    let (room, invite) = api.node.spaces().invite_guest(space, thing, request).await?;
    let invitation = invitations::hand_out(&api, &invite, to).await?;
    let room = convert::space(&api.node, room).await?;
    Ok((StatusCode::CREATED, Json(dto::GuestInvitation { room, invitation })))
}

fn kind(kind: Kind) -> dto::RoomKind {
    if kind == Kind::Board { dto::RoomKind::Board } else { dto::RoomKind::Topic }
}

impl From<GuestAt> for dto::RoomKind {
    fn from(at: GuestAt) -> Self {
        match at {
            GuestAt::Topic => Self::Topic,
            GuestAt::Board => Self::Board,
        }
    }
}

impl From<RoomInfo> for dto::Room {
    fn from(info: RoomInfo) -> Self {
        Self {
            kind: kind(info.kind),
            board: info.board.map(|id| id.to_string()),
            parent: info.parent.map(|id| id.to_string()),
            thing: info.thing.map(|id| id.to_string()),
            guests: info.guests as u64,
        }
    }
}
