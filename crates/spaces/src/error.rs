//! Why an operation on spaces fails: one enum per kind of operation, each variant a cause.

use std::path::PathBuf;

use compeer_blobs::HashError;
use compeer_core::DeviceId;
use compeer_journal::{ReadError, WriteError};

use crate::model::{FileNameError, Kind, OpError};

/// The view's own file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the file of spaces could not be used")]
pub struct ViewError(#[from] pub rusqlite::Error);

/// Why spaces did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The view's file.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] ReadError),
}

/// Why something was not done in a space.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// There is no person on this device yet.
    #[error("nobody has introduced themselves on this computer yet")]
    NoPerson,
    /// No such space here.
    #[error("there is no such space on this computer")]
    UnknownSpace,
    /// No such member.
    #[error("there is no such person in this space")]
    UnknownPerson,
    /// No such message.
    #[error("there is no such message in this space")]
    UnknownMessage,
    /// No such topic.
    #[error("there is no such topic in this space")]
    UnknownTopic,
    /// No such issue.
    #[error("there is no such issue in this space")]
    UnknownIssue,
    /// Several issues have that key: as they are called in full.
    #[error("several issues have that key: {}", .0.join(", "))]
    SeveralIssues(Vec<String>),
    /// No such label, project, cycle or saved view.
    #[error("there is no such {} in this space", .0.word())]
    UnknownThing(Kind),
    /// An issue would be part of itself, or block itself.
    #[error("an issue cannot be part of itself or block itself")]
    Circle,
    /// No such board.
    #[error("there is no such board in this space")]
    UnknownBoard,
    /// A board cannot hold more.
    #[error("a board holds at most {0} elements")]
    BoardFull(usize),
    /// No such page.
    #[error("there is no such page in this space")]
    UnknownPage,
    /// No such stretch of a page's history.
    #[error("there is no such version of this page")]
    UnknownVersion,
    /// A page would stand under itself.
    #[error("a page cannot stand under itself")]
    PageCircle,
    /// A page cannot hold more.
    #[error("a page cannot hold more than has been written on it")]
    PageFull,
    /// The program that reads pages does not run.
    #[error("the text of pages cannot be read now")]
    PageUnread,
    /// What was told of a page does not count any more.
    #[error("what is on the page has to be read anew")]
    PageAnew,
    /// One element cannot be two things.
    #[error("an element is named twice")]
    Twice,
    /// More than this at once.
    #[error("at most {0} at once")]
    TooMany(usize),
    /// Somebody else wrote it.
    #[error("only whoever wrote a message can change it")]
    NotYours,
    /// Somebody else wrote it, and I am no manager.
    #[error("only whoever wrote a message, or a manager, can delete it")]
    NotYoursToDelete,
    /// It was deleted.
    #[error("this message was deleted")]
    Deleted,
    /// It is counted, or was never said here.
    #[error("that is not one of your undelivered messages and files")]
    NotUndelivered,
    /// No such file.
    #[error("there is no such file in this space")]
    UnknownFile,
    /// No such export or import.
    #[error("there is no such export or import")]
    UnknownJob,
    /// No such invitation.
    #[error("there is no such invitation")]
    UnknownInvitation,
    /// My level does not allow it.
    #[error("only a manager of the space can do this")]
    NeedsManage,
    /// My level does not allow it.
    #[error("you can read this space, but not write in it")]
    NeedsWrite,
    /// The last manager cannot go while others stay.
    #[error("you are the only manager, and without one nobody can be invited or removed")]
    LastManager,
    /// The space has ended, or I am no longer in it.
    #[error("this space has ended")]
    Over,
    /// A manager made the space read-only.
    #[error("this space is archived: it can be read, and nobody writes in it")]
    Archived,
    /// Rooms for guests are for topics and boards of spaces, and have none themselves.
    #[error("guests are invited to a topic or a board of a space")]
    NoRooms,
    /// Somebody else has made it, and it is not here yet.
    #[error("the room for guests was made on another computer and has not come to this one yet")]
    RoomNotHere,
    /// A guest would manage.
    #[error("a guest can read, or read and write, and does not manage")]
    GuestsManageNothing,
    /// Who of a space is in its rooms, and what they may do there, follows from the space.
    #[error("members of the space are in its rooms by themselves, with the same rights")]
    FollowsSpace,
    /// A room goes by the name of what it was made for, and so does the board in it.
    #[error("a room has the name of the topic or board that it was made for")]
    NamedBySpace,
    /// A room is for one topic or board.
    #[error("a room for guests is for one topic or board, and holds nothing else")]
    OneThing,
    /// Nobody would be left who could let guests go.
    #[error("you are the last in this space, and {} of it", guests_in(*guests, *rooms))]
    GuestsLeft {
        /// How many guests.
        guests: usize,
        /// In how many rooms.
        rooms: usize,
    },
    /// Expiry or number of uses out of range.
    #[error("an invitation lasts from a minute to a year and is for 1 to 1,000 people")]
    BadTerms,
    /// The content cannot be written.
    #[error(transparent)]
    Content(#[from] OpError),
    /// A path cannot be shared; nothing was.
    #[error("{} cannot be shared: {cause}", path.display())]
    Path {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: Unshared,
    },
    /// Nothing that lies in the paths can be shared.
    #[error("nothing of the {count} things there can be shared; the first is {}: {cause}", path.display())]
    NothingShared {
        /// The first.
        path: PathBuf,
        /// Why.
        cause: Unshared,
        /// How many they are.
        count: usize,
    },
    /// More files at once than can be listed.
    #[error("more than {limit} files at once")]
    TooManyFiles {
        /// How many may be.
        limit: usize,
    },
    /// The blobs' store failed.
    #[error(transparent)]
    Blobs(#[from] compeer_blobs::AddError),
    /// The journal did not take it.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The journal could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The view's file.
    #[error(transparent)]
    View(#[from] ViewError),
    /// A key could not be made or used.
    #[error(transparent)]
    Key(#[from] compeer_core::key::KeyError),
    /// The service is shutting down.
    #[error("shutting down")]
    Closed,
}

/// `2 guests are in a room`.
fn guests_in(guests: usize, rooms: usize) -> String {
    let who = if guests == 1 { "a guest is".to_owned() } else { format!("{guests} guests are") };
    let rooms = if rooms == 1 { "a room".to_owned() } else { format!("{rooms} rooms") };
    format!("{who} in {rooms}")
}

/// Why something on this disk is not shared.
#[derive(Debug, thiserror::Error)]
pub enum Unshared {
    /// A folder holds none, at any depth.
    #[error("there is no file in it")]
    Empty,
    /// A symbolic link inside a folder, which may lead anywhere.
    #[error("it is a link, and what it leads to was not named")]
    Link,
    /// A pipe, a socket or a device.
    #[error("it is neither a file nor a folder")]
    Special,
    /// The root of a disk.
    #[error("it has no name")]
    NoName,
    /// A name that is no text.
    #[error("its name is not Unicode")]
    NotUnicode,
    /// A name that not every computer can be asked to hold.
    #[error("it has {0}")]
    Name(#[from] FileNameError),
    /// Others have its name, and there is no room for a number in it.
    #[error("another file has its name, which is too long for a number")]
    NoFreeName,
    /// Below more folders than are followed.
    #[error("it lies in too many folders inside folders")]
    TooDeep,
    /// The home of a peer.
    #[error("a peer keeps its keys there, and they are never shared")]
    Keys,
    /// Somebody wrote to it.
    #[error("it changed while it was read")]
    Changed,
    /// More bytes than a blob may have.
    #[error(transparent)]
    TooLarge(compeer_blobs::PieceError),
    /// The system refuses.
    #[error("{0}")]
    Read(std::io::Error),
}

impl From<HashError> for Unshared {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Read { source, .. } => Self::Read(source),
            HashError::NotAFile { .. } => Self::Special,
            HashError::Changed { .. } => Self::Changed,
            HashError::Pieces(error) => Self::TooLarge(error),
        }
    }
}

/// Why a space was not joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinSpaceError {
    /// There is no person on this device yet.
    #[error("nobody has introduced themselves on this computer yet")]
    NoPerson,
    /// The exchange with those who can honour it failed.
    #[error(transparent)]
    Join(#[from] compeer_journal::sync::JoinError),
    /// Joined, but the rest went wrong.
    #[error(transparent)]
    After(#[from] ActError),
}

/// Why a file does not arrive, for a reason that waiting does not mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The disk has no room.
    #[error("this disk has no room for it")]
    DiskFull,
    /// The place to put it cannot be written.
    #[error("it cannot be written to {0}")]
    Target(String),
    /// A file or a link has the name of a folder on the way.
    #[error("{0} is in the way: it is not a folder")]
    NotAFolder(String),
    /// The name cannot be used here.
    #[error("its name cannot be used on this computer")]
    Name,
    /// A device sent other bytes than it should; it was told off, and nobody else has the file.
    #[error("what {} sent is not this file", .0.short())]
    Liar(DeviceId),
}
