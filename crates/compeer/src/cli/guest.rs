//! `compeer guest`: people from outside who take part in one topic or board and see nothing else of a space.

use std::collections::BTreeSet;

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
        Guest::Invite { space, thing, read, terms } => {
            let space = find_space(&client, &space).await?;
            let (thing, title) = find_talked(&client, &space, &thing).await?;
            let level = if read { dto::Level::Read } else { dto::Level::Write };
            let request = dto::NewGuest { thing, invite: terms.request(level) };
            let made: dto::GuestInvitation = client.post(&format!("/spaces/{space}/rooms"), &request).await?;
            if !context.out.is_json() {
                let kind = made.room.room.as_ref().map_or("topic", |room| word(room.kind));
                context.out.progress(&format!("It is for the room of the {kind} {}. {WHAT_THEY_SEE}", visible(&title)));
            }
            let about = json!({ "room": made.room.space, "thing": request.thing, "title": title });
            invitations::hand_out(context, &made.invitation, about, terms.qr)
        }
        Guest::List { space } => list(context, &client, &space).await,
        Guest::Revoke { space, thing, invitation } => {
            let space = find_space(&client, &space).await?;
            let room = room_of(&client, &space, &thing).await?;
            invitations::revoke(context, &client, &room.space, &invitation).await
        }
        Guest::Remove { space, thing, person } => {
            let space = find_space(&client, &space).await?;
            let room = room_of(&client, &space, &thing).await?;
            let (person, name) = find_guest(&space, &room, &person, Typed::Whole)?;
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
    let (thing, name) = find_talked(client, space, thing).await?;
    let rooms: Vec<dto::GuestRoom> = client.get(&format!("/spaces/{space}/rooms")).await?;
    rooms.into_iter().find(|room| room.thing == thing).ok_or_else(|| {
        ApiError::new(
            axum::http::StatusCode::NOT_FOUND,
            "room-not-found",
            "No guests there",
            format!("{} has no room for guests on this computer.", visible(&name)),
            format!("`compeer guest list {}` shows those that there are.", short(space)),
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

const fn word(kind: dto::RoomKind) -> &'static str {
    match kind {
        dto::RoomKind::Topic => "topic",
        dto::RoomKind::Board => "board",
    }
}

/// What somebody is told who is about to come in as a guest.
pub(super) fn invited(preview: &dto::InvitePreview, at: dto::RoomKind) -> String {
    let (who, room, kind) = (visible(&preview.inviter_name), visible(&preview.space_name), word(at));
    format!(
        "{who} invites you as a guest: to {room}, a room for one {kind}. You see what is in it, also from before you came, and who \
         is in it, and nothing else of the space it belongs to."
    )
}

/// The rooms of a space, in words: `2 rooms with 3 guests`. `None` if it has none, or a program asks, which has a list of them.
pub(super) async fn rooms_of(context: &Context, client: &Client, space: &str) -> Result<Option<String>, ApiError> {
    if context.out.is_json() {
        return Ok(None);
    }
    let rooms: Vec<dto::GuestRoom> = client.get(&format!("/spaces/{space}/rooms")).await?;
    let guests: BTreeSet<&str> =
        rooms.iter().flat_map(|room| &room.guests).map(|guest| guest.person.as_str()).collect();
    Ok((!rooms.is_empty()).then(|| rooms_words(rooms.len(), guests.len())))
}

fn rooms_words(rooms: usize, guests: usize) -> String {
    let rooms = if rooms == 1 { "room".to_owned() } else { format!("{rooms} rooms") };
    match guests {
        0 => format!("{rooms} for guests (still empty)"),
        1 => format!("{rooms} with 1 guest"),
        guests => format!("{rooms} with {guests} guests"),
    }
}

/// A room's guests, then its open invitations; or that there is neither.
fn rows(room: &dto::GuestRoom) -> Vec<Vec<String>> {
    let kind = word(room.kind);
    let row = |who: String, may: &str, state: String, id: &str| {
        vec![room.name.clone(), kind.to_owned(), who, may.to_owned(), state, id.to_owned()]
    };
    let may = |level| if level == dto::Level::Read { "read" } else { "write" };
    let guest = |guest: &dto::Member| row(guest.name.clone(), may(guest.level), "guest".to_owned(), &guest.person);
    let invited = |invitation: &dto::Invitation| {
        let who = invitation.mail.clone().unwrap_or_else(|| "whoever has it".to_owned());
        let used = match invitation.uses {
            1 => String::new(),
            uses => format!(", {} of {uses} used", invitation.used),
        };
        let state = format!("invited until {} UTC{used}", time(invitation.expires));
        row(who, may(invitation.level), state, short(&invitation.id))
    };
    let mut rows: Vec<_> = room.guests.iter().map(guest).chain(room.invitations.iter().map(invited)).collect();
    if rows.is_empty() {
        rows.push(row("nobody".to_owned(), "", String::new(), ""));
    }
    rows
}
