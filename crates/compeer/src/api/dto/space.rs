//! Spaces, members and invitations.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PathKind;

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Read everything.
    Read,
    /// Read and write.
    #[default]
    Write,
    /// Also invite, remove and rename.
    Manage,
}

/// Where a space stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpaceState {
    /// In use.
    Active,
    /// Joined, but its first entries have not arrived.
    Joining,
    /// Those in it who are online do not let this device in: somebody has probably removed me, and nobody may tell me.
    ShutOut,
    /// Somebody removed me.
    Removed,
    /// A manager ended it for everybody.
    Ended,
}

/// The newest message of a space.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LastMessage {
    /// When.
    pub at: u64,
    /// Its text, or the name of the file it is about when there is none.
    pub text: String,
    /// Who wrote it.
    pub author_name: String,
}

/// The key period a space is in. A new one starts whenever somebody leaves.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Epoch {
    /// How many there have been.
    pub number: u64,
    /// Since when.
    pub since: u64,
}

/// What somebody did to a space as a whole.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Deed {
    /// Who.
    #[schema(required = true)]
    pub by: Option<String>,
    /// What they are called.
    pub by_name: String,
    /// When.
    pub at: u64,
}

/// That a space is archived.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Archived {
    /// Who did so, and when.
    #[serde(flatten)]
    pub deed: Deed,
    /// Whether I may take it back.
    pub may_restore: bool,
}

/// That messages of a space go after a time.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Retention {
    /// After how many days.
    pub days: u16,
    /// Who said so, and when.
    #[serde(flatten)]
    pub deed: Deed,
    /// Nothing goes before this time.
    pub from: u64,
}

/// How a space ended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct End {
    /// Who ended it, and when.
    #[serde(flatten)]
    pub deed: Deed,
    /// Members with devices that are not known to have heard of it: everything still lies there.
    pub unheard: Vec<Unheard>,
}

/// A member of whom some device has not heard of the end of a space.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Unheard {
    /// Who.
    pub person: String,
    /// What they are called.
    pub name: String,
    /// What these devices are called.
    pub devices: Vec<String>,
}

/// After what time messages shall go.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionChange {
    /// After how many days, from 7 to 3650; `null` keeps them for good.
    #[schema(required = true)]
    #[serde(deserialize_with = "Option::deserialize")]
    pub days: Option<u16>,
}

/// A space at a glance.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Space {
    /// Its id.
    pub space: String,
    /// Its name; empty while joining. A direct talk goes by the names of the others in it.
    pub name: String,
    /// Whether it is a talk between people, without the furniture of a space.
    pub direct: bool,
    /// What it is to guests, if it is a room, in which they take part.
    #[schema(required = true)]
    pub room: Option<super::Room>,
    /// What I may do in it; in an archived space nobody may more than read.
    pub level: Level,
    /// Who made it read-only, while it is.
    #[schema(required = true)]
    pub archived: Option<Archived>,
    /// After what time its messages go, if they do.
    #[schema(required = true)]
    pub retention: Option<Retention>,
    /// How it ended, if it has.
    #[schema(required = true)]
    pub end: Option<End>,
    /// How many people are in it.
    pub members: u64,
    /// How many of them are here now.
    pub here_now: u64,
    /// Messages I have not read.
    pub unread: u64,
    /// How many of those name me.
    pub mentions: u64,
    /// How many of the unread are said at issues.
    pub unread_issues: u64,
    /// How many of them are said at boards.
    pub unread_boards: u64,
    /// How many of them are said at pages.
    pub unread_pages: u64,
    /// How much I want to hear of it.
    pub attention: super::Attention,
    /// My messages that nobody else has.
    pub waiting: u64,
    /// My messages and files that nobody counts, because I had been removed or might not write any more when I wrote
    /// them; until they are said again or given up.
    pub undelivered: u64,
    /// The newest message.
    #[schema(required = true)]
    pub last: Option<LastMessage>,
    /// When it was founded.
    pub created: u64,
    /// Where it stands.
    pub state: SpaceState,
    /// Bytes it takes on this disk.
    pub disk_bytes: u64,
    /// The key period it is in.
    pub epoch: Epoch,
}

/// A new space, or a new name for one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpaceName {
    /// The name.
    pub name: String,
}

/// Whom to talk to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectTalk {
    /// The people's ids, one to eight; everybody must share a space with me.
    pub people: Vec<String>,
}

/// An invitation that was received.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteText {
    /// The text that starts with `compeer1`.
    pub invite: String,
}

/// What an invitation says before it is used.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct InvitePreview {
    /// The space's id.
    pub space: String,
    /// The space's name, as the inviter wrote it down.
    pub space_name: String,
    /// The inviter's name, as the inviter wrote it down.
    pub inviter_name: String,
    /// What it is for if I come as a guest, into a room of one topic or board, as the inviter wrote it down.
    #[schema(required = true)]
    pub guest_at: Option<super::RoomKind>,
    /// What I may do there.
    pub level: Level,
    /// Until when it can be used.
    pub expires: u64,
    /// Whether that is over.
    pub expired: bool,
    /// Whether I am in the space already.
    pub already_member: bool,
}

/// Whether somebody is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// Somebody is at a device of theirs that is linked to this one.
    Online,
    /// Such a device is linked, and says that nobody is at it.
    Away,
    /// None is linked.
    Offline,
}

/// How a member's device is reached now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DevicePath {
    /// Nobody in between.
    Direct,
    /// Over a relay, which sees only ciphertext.
    Relay,
    /// Not at all.
    None,
    /// It is this device.
    #[serde(rename = "self")]
    Own,
}

impl From<PathKind> for DevicePath {
    fn from(path: PathKind) -> Self {
        match path {
            PathKind::Direct => Self::Direct,
            PathKind::Relay => Self::Relay,
            PathKind::None => Self::None,
        }
    }
}

/// A device of a member.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MemberDevice {
    /// Its id.
    pub device: String,
    /// What its owner calls it.
    pub name: String,
    /// How it is reached now.
    pub path: DevicePath,
    /// Round trip in milliseconds.
    #[schema(required = true)]
    pub rtt_ms: Option<f64>,
    /// When it was last linked.
    #[schema(required = true)]
    pub last_seen: Option<u64>,
    /// Since when nobody has been at it, as it says; null while somebody is, or while it is not linked.
    #[schema(required = true)]
    pub away_since: Option<u64>,
    /// Whether it has everything that this device has.
    pub has_all: bool,
    /// How many entries it lacks, as far as known here.
    pub missing: u64,
}

/// A member of a space.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// The person's id.
    pub person: String,
    /// The name.
    pub name: String,
    /// Where the picture can be had.
    #[schema(required = true)]
    pub picture: Option<String>,
    /// The person's colour, in degrees.
    pub hue: u16,
    /// What the person may do.
    pub level: Level,
    /// Whether the person is a guest: in a room, and not in the space that it belongs to.
    pub guest: bool,
    /// Whether it is me.
    pub me: bool,
    /// Since when.
    pub joined: u64,
    /// The person's devices.
    pub devices: Vec<MemberDevice>,
    /// Whether the person is here.
    pub presence: Presence,
}

/// A new level for a member.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelChange {
    /// The level.
    pub level: Level,
}

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InvitationState {
    /// Can be used.
    Open,
    /// All its uses are used up.
    Used,
    /// Its time is over.
    Expired,
    /// Somebody closed it.
    Revoked,
    /// Whoever made it manages the space no more, so it lets nobody in.
    Lapsed,
}

/// An invitation as managers see it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// Its id.
    pub id: String,
    /// What the newcomer may do.
    pub level: Level,
    /// For how many people it is.
    pub uses: u32,
    /// How many have used it.
    pub used: u64,
    /// Until when.
    pub expires: u64,
    /// When it was made.
    pub created: u64,
    /// Who made it.
    pub by_name: String,
    /// The mail address it was made for, if it was made on this computer for one.
    #[schema(required = true)]
    pub mail: Option<String>,
    /// Where it stands.
    pub state: InvitationState,
}

/// What a new invitation shall allow.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteRequest {
    /// What the newcomer may do; `write` when left out.
    #[serde(default)]
    pub level: Level,
    /// For how long: a number and m, h or d; `7d` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// For how many people; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// The mail address of whom it is for. If a mail server is set, it is sent there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
}

/// What became of an invitation's mail.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct InvitationMail {
    /// To whom it is.
    pub to: String,
    /// Whether the server has taken it.
    pub sent: bool,
    /// Why not; null as well where no server is set.
    #[schema(required = true)]
    pub problem: Option<String>,
}

/// A fresh invitation. Its text is shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NewInvitation {
    /// Its id.
    pub id: String,
    /// The text to hand over.
    pub invite: String,
    /// The same as a QR code: an SVG picture.
    pub qr_svg: String,
    /// A mail with it for the user's own mail program: a `mailto:` link.
    pub mailto: String,
    /// What became of its mail, if it is for somebody's address.
    #[schema(required = true)]
    pub mail: Option<InvitationMail>,
    /// What to call it as a file.
    pub file_name: String,
    /// Until when.
    pub expires: u64,
    /// What the newcomer may do.
    pub level: Level,
    /// For how many people it is.
    pub uses: u32,
}
