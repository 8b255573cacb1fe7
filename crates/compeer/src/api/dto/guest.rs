//! Guests, and the rooms that they are in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Invitation, InviteRequest, Member, NewInvitation, Space};

/// What a room can be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoomKind {
    /// A topic: there is talk in it.
    Topic,
    /// A board: there is one in it.
    Board,
}

/// What a space is in which guests take part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Room {
    /// What it was made for.
    pub kind: RoomKind,
    /// The board in it, of a room for a board, once that has come.
    #[schema(required = true)]
    pub board: Option<String>,
    /// The space that it belongs to, if I am in that, too: a guest is not.
    #[schema(required = true)]
    pub parent: Option<String>,
    /// The topic or board there that it was made for.
    #[schema(required = true)]
    pub thing: Option<String>,
    /// How many of its members are guests.
    pub guests: u64,
}

/// A room of a space, and who is or may become a guest in it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct GuestRoom {
    /// The room: a space of its own.
    pub space: String,
    /// Its name.
    pub name: String,
    /// What it was made for.
    pub kind: RoomKind,
    /// Which topic or board.
    pub thing: String,
    /// Its guests, by name.
    pub guests: Vec<Member>,
    /// Its invitations that can still be used, newest first.
    pub invitations: Vec<Invitation>,
}

/// To what a guest is invited, and how.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGuest {
    /// The id of a topic or board.
    pub thing: String,
    /// What the invitation shall allow; `manage` is for no guest.
    #[serde(default)]
    pub invite: InviteRequest,
}

/// A guest's fresh invitation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct GuestInvitation {
    /// The room that it leads to.
    pub room: Space,
    /// The invitation.
    pub invitation: NewInvitation,
}
