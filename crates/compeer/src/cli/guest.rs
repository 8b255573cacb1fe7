//! `compeer guest`: people from outside who take part in one topic or board and see nothing else of a space.

use serde_json::json;

use super::Context;
use super::args::Guest;
use super::client::Client;
use super::find::{Typed, find_guest, find_space, find_talked, short};
use super::output::{table, time};
use super::space::invitations;
use crate::api::dto;
use crate::error::ApiError;
use crate::text::visible;

/// Said to whoever invites a guest.
const WHAT_THEY_SEE: &str = "A guest sees what is said or drawn in this room, what was said in it before, and who is in it: all members of the \
     space. Nothing else of the space, and nothing of what was said before at the topic or board itself.";

pub(super) async fn run(context: &Context, verb: Guest) -> Result<(), ApiError> {
    let client = context.client()?;
    match verb {
        Guest::Invite { space, thing, read, expires, uses, qr, mail } => {
            let space = find_space(&client, &space).await?;
            let (thing, _) = find_talked(&client, &space, &thing).await?;
            let room: dto::Space = client.post(&format!("/spaces/{space}/rooms"), &dto::NewRoom { thing }).await?;
            if !context.out.is_json() {
                context.out.progress(WHAT_THEY_SEE);
            }
            let level = if read { dto::Level::Read } else { dto::Level::Write };
            let request = dto::InviteRequest { level, expires: Some(expires), uses: Some(uses), mail };
            invitations::invite(context, &client, &room.space, &request, qr).await
        }
        Guest::List { space } => list(context, &client, &space).await,
        Guest::Revoke { space, thing, invitation } => {
            let room = room_of(&client, &space, &thing).await?;
            invitations::revoke(context, &client, &room.space, &invitation).await
        }
        Guest::Remove { space, thing, person } => {
            let room = room_of(&client, &space, &thing).await?;
            let (person, name) = find_guest(&room, &person, Typed::Whole)?;
            let _: dto::Done = client.delete(&format!("/spaces/{}/members/{person}", room.space)).await?;
            context.out.either(&json!({}), || {
                let (name, room) = (visible(&name), visible(&room.name));
                format!("{name} is no longer a guest in {room}. Nothing new reaches that person.\n")
            })
        }
    }
}

/// The room of the topic or board that is meant.
async fn room_of(client: &Client, space: &str, thing: &str) -> Result<dto::GuestRoom, ApiError> {
    let space = find_space(client, space).await?;
    let (thing, name) = find_talked(client, &space, thing).await?;
    let rooms: Vec<dto::GuestRoom> = client.get(&format!("/spaces/{space}/rooms")).await?;
    rooms.into_iter().find(|room| room.thing == thing).ok_or_else(|| {
        ApiError::new(
            axum::http::StatusCode::NOT_FOUND,
            "room-not-found",
            "No guests there",
            format!("{} has no room for guests on this computer.", visible(&name)),
            format!("`compeer guest list {}` shows those that there are.", short(&space)),
        )
    })
}

async fn list(context: &Context, client: &Client, space: &str) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let rooms: Vec<dto::GuestRoom> = client.get(&format!("/spaces/{space}/rooms")).await?;
    context.out.either(&rooms, || {
        if rooms.is_empty() {
            return "No topic or board here has a room for guests.\n".to_owned();
        }
        let rows: Vec<_> = rooms.iter().flat_map(rows).collect();
        table(&["room", "for a", "who", "may", "state", "id"], &rows)
    })
}

/// A room's guests, then its open invitations; or that there is neither.
fn rows(room: &dto::GuestRoom) -> Vec<Vec<String>> {
    let kind = match room.kind {
        dto::RoomKind::Topic => "topic",
        dto::RoomKind::Board => "board",
    };
    let row = |who: String, may: &str, state: String, id: &str| {
        vec![room.name.clone(), kind.to_owned(), who, may.to_owned(), state, id.to_owned()]
    };
    let may = |level| if level == dto::Level::Read { "read" } else { "write" };
    let guest = |guest: &dto::Member| row(guest.name.clone(), may(guest.level), "guest".to_owned(), &guest.person);
    let invited = |invitation: &dto::Invitation| {
        let who = invitation.mail.clone().unwrap_or_else(|| "whoever has it".to_owned());
        let state = format!("invited until {} UTC", time(invitation.expires));
        row(who, may(invitation.level), state, short(&invitation.id))
    };
    let mut rows: Vec<_> = room.guests.iter().map(guest).chain(room.invitations.iter().map(invited)).collect();
    if rows.is_empty() {
        rows.push(row("nobody".to_owned(), "", String::new(), ""));
    }
    rows
}
