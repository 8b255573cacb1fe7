//! Pictures of spaces, people, messages and files as they are handed to the node. Times are milliseconds since 1970.

use std::path::PathBuf;

use compeer_core::group::Level;
use compeer_core::{BlobHash, DeviceId, EntryHash, GroupId, Millis};

use super::RoomInfo;
use super::element::Element;
use crate::error::FetchError;

/// Where a space stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpaceState {
    /// In use.
    Active,
    /// Joined, but its name and first entries have not arrived yet.
    Joining,
    /// Those in it who are online do not let this device in: somebody has probably removed me, and nobody may tell me.
    ShutOut,
    /// Somebody removed me: what I had stays readable, nothing new comes.
    Removed,
    /// A manager ended it for everybody.
    Ended,
}

/// The newest message of a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastMessage {
    /// When.
    pub at: Millis,
    /// Its text, or the name of the file it is about when there is none.
    pub text: String,
    /// Who wrote it.
    pub author_name: String,
}

/// What somebody did to a space as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub by: Option<GroupId>,
    /// What they are called.
    pub by_name: String,
    /// When.
    pub at: Millis,
}

/// That messages of a space go after a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// After how many days.
    pub days: u16,
    /// Who said so, and when.
    pub deed: Deed,
    /// Nothing goes before this time, so that all see it coming.
    pub from: Millis,
}

/// That a space has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Who ended it.
    pub deed: Deed,
    /// Those who are not known to have heard of it, each with the devices that have not: everything still lies there.
    pub unheard: Vec<Unheard>,
}

/// A member of whom some device has not heard of the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unheard {
    /// Who.
    pub person: GroupId,
    /// The name, or a short id.
    pub name: String,
    /// What these devices are called.
    pub devices: Vec<String>,
}

/// A space at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceInfo {
    /// Its id.
    pub space: GroupId,
    /// Its name; empty while joining. A direct talk goes by the names of the others in it.
    pub name: String,
    /// Whether it is a talk between people, without the furniture of a space.
    pub direct: bool,
    /// What it is to guests, if it is a room.
    pub room: Option<RoomInfo>,
    /// What I may do in it.
    pub level: Option<Level>,
    /// Who made it read-only, while it is: then nobody writes, whatever their level.
    pub archived: Option<Deed>,
    /// After what time its messages go, if they do.
    pub retention: Option<Retention>,
    /// How it ended, if it has.
    pub end: Option<End>,
    /// How many people are members, me included.
    pub members: usize,
    /// How many of them have a device linked to this one now, me included.
    pub here_now: usize,
    /// Messages of others after my read marker.
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
    pub attention: Attention,
    /// My messages that no other member has yet.
    pub waiting: u64,
    /// My messages and files that nobody counts, and that were neither said again nor given up.
    pub undelivered: u64,
    /// The newest message.
    pub last: Option<LastMessage>,
    /// When it was founded.
    pub created: Millis,
    /// Where it stands.
    pub state: SpaceState,
    /// Bytes its entries take on this disk.
    pub disk_bytes: u64,
    /// How many epochs there have been.
    pub epoch_number: usize,
    /// When the newest one started.
    pub epoch_since: Millis,
}

/// A device of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberDevice {
    /// Its id.
    pub device: DeviceId,
    /// What its owner calls it.
    pub name: String,
    /// Whether it is this one.
    pub own: bool,
    /// Since when nobody has been at it, as it says.
    pub away: Option<Millis>,
    /// Entries of this space that it lacks, as far as known here.
    pub missing: u64,
}

/// A member of a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberInfo {
    /// Who.
    pub person: GroupId,
    /// The name, or a short id while none has arrived.
    pub name: String,
    /// Whether there is a picture to ask for.
    pub has_picture: bool,
    /// What the person may do.
    pub level: Level,
    /// Whether they are a guest: in a room, and not in the space that it belongs to.
    pub guest: bool,
    /// Whether it is me.
    pub me: bool,
    /// Since when.
    pub joined: Millis,
    /// The person's devices.
    pub devices: Vec<MemberDevice>,
}

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// Only on this device.
    Waiting,
    /// At least one other member has it.
    Sent,
    /// Every member has it.
    Held,
    /// Nobody counts it: when I wrote it I had been removed, or might not write any more, and did not know it.
    Undelivered,
}

/// The file that a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageFile {
    /// Its entry.
    pub id: EntryHash,
    /// Its name and bytes, while it is listed here.
    pub listed: Option<(String, u64)>,
}

/// The message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Its entry.
    pub id: EntryHash,
    /// Its author's name and how its text begins; `None` while it is not here.
    pub here: Option<(String, String)>,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// How people reacted to a message with one emoji.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Who, by id and name; whoever was first comes first.
    pub people: Vec<(GroupId, String)>,
    /// Whether I am one of them.
    pub mine: bool,
}

/// A text that a message has or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The text.
    pub text: String,
    /// Since when.
    pub time: Millis,
}

/// How much I want to hear of a space or of a place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attention {
    /// Everything is news.
    #[default]
    All,
    /// What is said is counted, but only what names me is told.
    Mentions,
    /// Only what names me is counted and told.
    Muted,
}

impl Attention {
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::All => 0,
            Self::Mentions => 1,
            Self::Muted => 2,
        }
    }

    pub(crate) const fn of(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::All),
            1 => Some(Self::Mentions),
            2 => Some(Self::Muted),
            _ => None,
        }
    }
}

/// What a message is said at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceInfo {
    /// The entry that made it.
    pub id: EntryHash,
    /// What it is called; `None` while that is not here.
    pub title: Option<String>,
}

/// A topic, or the general talk of a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    /// The entry that made it; `None` for the general talk.
    pub id: Option<EntryHash>,
    /// What it is called; `None` for the general talk, and while its making is not here.
    pub title: Option<String>,
    /// Whether there is nothing more to say about it.
    pub resolved: bool,
    /// Messages of others that I have not read.
    pub unread: u64,
    /// How many of those name me.
    pub mentions: u64,
    /// The oldest of them.
    pub first_unread: Option<EntryHash>,
    /// The newest message.
    pub last: Option<LastMessage>,
    /// When something was last said at it, or it was made.
    pub at: Millis,
    /// How much I want to hear of it.
    pub attention: Attention,
    /// Whether I chose that for it alone.
    pub chosen: bool,
}

/// Somebody, by id and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardPerson {
    /// Who.
    pub person: GroupId,
    /// The name.
    pub name: String,
}

/// A board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardInfo {
    /// The entry that made it.
    pub id: EntryHash,
    /// What it is called.
    pub title: Option<String>,
    /// Whether it was put away.
    pub archived: bool,
    /// How many elements stand on it.
    pub elements: usize,
    /// When it was made.
    pub created: Millis,
    /// By whom.
    pub by: BoardPerson,
    /// When something was last drawn on it, or it was made.
    pub at: Millis,
    /// Who of the others has it open now.
    pub here: Vec<BoardPerson>,
    /// Comments of others that I have not read.
    pub unread: u64,
}

/// What stands on a board, or what has changed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// Whether this is all there is, instead of what has changed.
    pub all: bool,
    /// By id; `None` is deleted. Of all that there is, nothing is.
    pub elements: Vec<(String, Option<Element>)>,
    /// What to ask with next time.
    pub upto: i64,
    /// Elements that are not shown because the board has too many.
    pub hidden: usize,
}

/// Which messages of a space are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum At {
    /// All.
    #[default]
    Anywhere,
    /// Those that are said at this; at none, the general talk.
    Place(Option<EntryHash>),
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewMessage {
    /// The text; may be empty when there is a file.
    pub text: String,
    /// The page's own label.
    pub nonce: Option<String>,
    /// The listed file that it is about.
    pub file: Option<EntryHash>,
    /// The message that it answers.
    pub reply: Option<EntryHash>,
    /// What it is said at; none is the general talk.
    pub place: Option<EntryHash>,
}

impl NewMessage {
    /// Words, and nothing else.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// A chat message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageInfo {
    /// Its entry.
    pub id: EntryHash,
    /// Who wrote it.
    pub author: GroupId,
    /// The author's name.
    pub author_name: String,
    /// Whether its author is a guest here.
    pub guest: bool,
    /// On which device.
    pub author_device: DeviceId,
    /// Its number in the log of that device.
    pub seq: u64,
    /// Whether I wrote it.
    pub mine: bool,
    /// The text, as last written; empty only when there is a file.
    pub text: String,
    /// When.
    pub time: Millis,
    /// Where it is.
    pub state: MessageState,
    /// How many members have it, its author included.
    pub held_by: usize,
    /// How many members there are.
    pub of: usize,
    /// The page's own label.
    pub nonce: Option<String>,
    /// The file it is about.
    pub file: Option<MessageFile>,
    /// The message it answers.
    pub reply: Option<Answered>,
    /// When its text was last changed.
    pub changed: Option<Millis>,
    /// Whether it is pinned.
    pub pinned: bool,
    /// How people reacted to it.
    pub reactions: Vec<Reaction>,
    /// What it is said at; none is the general talk.
    pub place: Option<PlaceInfo>,
    /// Whether I have not read it.
    pub unread: bool,
    /// Whether it names me.
    pub mention: bool,
    /// Who deleted it, by id and name. Then it has no text and nothing else that was said with it or about it.
    pub deleted: Option<(GroupId, String)>,
    /// Who imported it, by name. Then it is only said to be by its author and from its time: nobody has signed that.
    pub imported: Option<String>,
}

/// Which messages to hand out, always oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageRange {
    /// Only those said there.
    pub at: At,
    /// Only those before this one.
    pub before: Option<EntryHash>,
    /// Only those after this one.
    pub after: Option<EntryHash>,
    /// At most this many (1 to 1,000).
    pub limit: usize,
}

/// Whether a member has a message or file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderInfo {
    /// Who.
    pub person: GroupId,
    /// The name.
    pub name: String,
    /// Whether one of the person's devices has it.
    pub holds: bool,
}

/// Where a listed file is, seen from this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Whole, on this disk.
    Here,
    /// On somebody else's disk.
    Remote,
    /// On its way.
    Fetching,
    /// It was here, but the file on the disk has been changed since.
    Changed,
}

/// A listed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Its entry.
    pub id: EntryHash,
    /// Relative path with `/`.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Its content.
    pub blob: BlobHash,
    /// Who listed it.
    pub author: GroupId,
    /// That person's name.
    pub author_name: String,
    /// When.
    pub time: Millis,
    /// Members that have it whole.
    pub holders: Vec<GroupId>,
    /// Where it is.
    pub state: FileState,
    /// Where it lies here.
    pub path: Option<PathBuf>,
}

/// Names a transfer: the file it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId {
    /// The space.
    pub space: GroupId,
    /// The file's entry.
    pub file: EntryHash,
}

/// How a transfer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferState {
    /// Bytes are coming.
    Running,
    /// Somebody paused it.
    Paused,
    /// Nobody who has it can be reached now.
    Waiting,
    /// It stopped for a reason that does not go away by itself.
    Failed(FetchError),
    /// Whole, verified, in place.
    Done(PathBuf),
}

/// Whom bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferSource {
    /// The device.
    pub device: DeviceId,
}

/// A file on its way to this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Which.
    pub id: TransferId,
    /// The file's name.
    pub name: String,
    /// The folder that it goes to, under its name.
    pub dir: PathBuf,
    /// Verified bytes on this disk.
    pub done: u64,
    /// Bytes in all.
    pub size: u64,
    /// Bytes per second, lately.
    pub rate: u64,
    /// Whom from.
    pub from: Vec<TransferSource>,
    /// How it goes.
    pub state: TransferState,
}

/// Something happened that a page may want to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpacesEvent {
    /// By this device's clock so many messages of a space are due to go at once that it waits for somebody to look at it;
    /// none when that is over.
    RetentionWaits {
        /// Where.
        space: GroupId,
        /// How many.
        due: u64,
        /// Of how many.
        all: u64,
    },
    /// A message became readable here.
    Message {
        /// Where.
        space: GroupId,
        /// What.
        message: Box<MessageInfo>,
    },
    /// A message that was here is another now: its text, how people reacted to it, whether it is pinned.
    MessageChanged {
        /// Where.
        space: GroupId,
        /// What.
        message: Box<MessageInfo>,
    },
    /// More or fewer members have messages of mine than before; those that changed.
    Held {
        /// Where.
        space: GroupId,
        /// Which.
        messages: Vec<MessageInfo>,
    },
    /// A topic was made or changed, or I want to hear more or less of one.
    Topic {
        /// Where.
        space: GroupId,
        /// Which; `None` for the general talk.
        topic: Option<EntryHash>,
    },
    /// An issue was made or changed, or I want to hear more or less of one.
    Issue {
        /// Where.
        space: GroupId,
        /// Which; `None` when what issues are sorted into is another: labels, projects, cycles, views, how keys begin.
        issue: Option<EntryHash>,
    },
    /// A board was made or changed, or somebody came there or left it. What is drawn is told to whoever has it open.
    Board {
        /// Where.
        space: GroupId,
        /// Which.
        board: EntryHash,
    },
    /// A page was made, changed, moved or written on, or somebody came there or left it. What is being written is told to
    /// whoever has it open.
    Page {
        /// Where.
        space: GroupId,
        /// Which.
        page: EntryHash,
    },
    /// Somebody is writing.
    Typing {
        /// Where.
        space: GroupId,
        /// At what; `None` for the general talk.
        place: Option<EntryHash>,
        /// Who.
        person: GroupId,
        /// The name.
        name: String,
    },
    /// Somebody came to a device or left it, as it says.
    Presence {
        /// Which.
        device: DeviceId,
    },
    /// Unread counts changed.
    Read {
        /// Where.
        space: GroupId,
        /// Messages I have not read.
        unread: u64,
        /// How many of those name me.
        mentions: u64,
    },
    /// What I wrote there counts differently from before: these many messages and the files of these names are
    /// undelivered now, possibly none.
    Undelivered {
        /// Where.
        space: GroupId,
        /// How many messages.
        messages: usize,
        /// Names of files.
        files: Vec<String>,
    },
    /// So much came at once that it is not told one by one: look at the space again.
    Much {
        /// Where.
        space: GroupId,
    },
    /// A file was listed.
    FileAdded {
        /// Where.
        space: GroupId,
        /// What.
        file: Box<FileInfo>,
    },
    /// A file got more holders, or its state here changed.
    FileChanged {
        /// Where.
        space: GroupId,
        /// What.
        file: Box<FileInfo>,
    },
    /// A file was taken off the list.
    FileRemoved {
        /// Where.
        space: GroupId,
        /// Which.
        file: EntryHash,
    },
    /// A transfer moved.
    Transfer(Transfer),
    /// Many transfers ended as they should: these files are here, each under its name in `dir`.
    Fetched {
        /// Where.
        space: GroupId,
        /// The folder they were wanted in.
        dir: PathBuf,
        /// Which.
        files: Vec<EntryHash>,
    },
    /// A space appeared, changed its name, level or state, or was rebuilt: look again.
    Space {
        /// Which.
        space: GroupId,
    },
    /// A space is no longer on this device.
    SpaceGone {
        /// Which.
        space: GroupId,
    },
    /// Somebody became a member.
    MemberJoined {
        /// Where.
        space: GroupId,
        /// Who.
        person: GroupId,
        /// The name, if known already.
        name: String,
    },
    /// Somebody is no longer a member.
    MemberRemoved {
        /// Where.
        space: GroupId,
        /// Who.
        person: GroupId,
    },
    /// Somebody's level changed.
    MemberChanged {
        /// Where.
        space: GroupId,
        /// Who.
        person: GroupId,
    },
    /// Somebody's name or picture changed.
    Profile {
        /// Where.
        space: GroupId,
        /// Who.
        person: GroupId,
    },
    /// An export or import ended.
    Job {
        /// Its number.
        id: u64,
    },
    /// A peer wrote something that makes no sense.
    Nonsense {
        /// Where.
        space: GroupId,
        /// By which device.
        device: DeviceId,
        /// What was wrong.
        what: String,
    },
}
