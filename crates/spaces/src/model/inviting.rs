//! Pictures of invitations, and of guests and the rooms that they are in. Times are milliseconds since 1970.

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId, Millis};

use super::{Kind, MemberInfo};

/// What an invitation shall allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InviteRequest {
    /// What the newcomer may do.
    pub level: Level,
    /// For how long, in milliseconds.
    pub expires_in: Millis,
    /// For how many people.
    pub uses: u32,
}

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// Can be used.
    Open,
    /// All its uses are used up.
    Used,
    /// Its time is over.
    Expired,
    /// Somebody closed it.
    Revoked,
    /// Whoever made it manages no more.
    Lapsed,
}

/// An invitation, as all managers see it. Its secret is in the text handed over and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationInfo {
    /// Its public key.
    pub id: DeviceId,
    /// What it allows.
    pub level: Level,
    /// For how many people.
    pub uses: u32,
    /// How many have used it.
    pub used: usize,
    /// Until when.
    pub expires: Millis,
    /// When it was made.
    pub created: Millis,
    /// Who made it.
    pub by_name: String,
    /// Where it stands.
    pub state: InvitationState,
}

/// What a space is in which guests take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomInfo {
    /// Whether it was made for a topic or a board.
    pub kind: Kind,
    /// The board in it, if it was made for one and that has come.
    pub board: Option<EntryHash>,
    /// The space that it belongs to, if I am in that, too.
    pub parent: Option<GroupId>,
    /// What it was made for there.
    pub thing: Option<EntryHash>,
    /// What that is called: the room goes by the same name.
    pub title: Option<String>,
    /// How many of its members are guests.
    pub guests: usize,
}

/// A room of a space, and who is or may become a guest in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestRoom {
    /// Its id.
    pub room: GroupId,
    /// Its name.
    pub name: String,
    /// Whether it was made for a topic or a board.
    pub kind: Kind,
    /// Which.
    pub thing: EntryHash,
    /// Its guests, by name.
    pub guests: Vec<MemberInfo>,
    /// Its invitations that can still be used, newest first.
    pub invitations: Vec<InvitationInfo>,
}
