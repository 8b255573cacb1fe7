//! One operation in a space's journal: the plain text of a data entry.

use compeer_core::cbor::{self, CborError};
use compeer_core::{BlobHash, DeviceId, EntryHash, GroupId, Hlc, limits};
use minicbor::{Decode, Encode};

use super::element::ElementError;
use super::field::Field;
use super::imported::Imported;
use super::text::{NameError, TextError, check_file_name, check_message, check_name};
use super::update::UpdateError;

/// Bytes a person's picture may have. It travels inside an entry, so that a face is there as soon as the name is.
pub const PICTURE_BYTES: usize = 64 * 1024;
/// Blobs that one [`Op::Holds`] may name.
pub const HOLDS_PER_OP: usize = 4096;
/// Fields that one [`Op::Set`] may set.
pub const FIELDS_PER_OP: usize = 32;
/// Bytes of the label by which a page finds its own message again.
const NONCE_BYTES: usize = 64;

/// How a person shows itself in a space.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Profile {
    /// The person's name.
    #[n(0)]
    pub name: String,
    /// What the writing device is called.
    #[n(1)]
    pub device_name: String,
    /// A PNG, JPEG or WebP picture of at most [`PICTURE_BYTES`].
    #[cbor(n(2), with = "minicbor::bytes")]
    pub picture: Option<Vec<u8>>,
}

/// An operation. Which version of two concurrent ones wins is decided by (clock, hash) of their entries.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Op {
    /// Names the space. The last writer wins.
    #[n(0)]
    Name {
        /// The new name.
        #[n(0)]
        name: String,
    },
    /// The author's name and picture in this space. The last one of each person wins; the device name is the author's.
    /// Beats every [`Op::Introduce`].
    #[n(1)]
    Profile {
        /// The profile.
        #[n(0)]
        profile: Profile,
    },
    /// A chat message.
    #[n(2)]
    Message {
        /// Plain text, at most [`limits::MESSAGE_BYTES`]. Empty only when there is a file.
        #[n(0)]
        text: String,
        /// Made by the page that sent it, so that it can match its optimistic row.
        #[n(1)]
        nonce: Option<String>,
        /// The entry of the [`Op::File`] that it is about. Nobody promises that there is one, or that it is still listed.
        #[n(2)]
        file: Option<EntryHash>,
        /// The message it answers. Nobody promises that there is one.
        #[n(3)]
        reply: Option<EntryHash>,
        /// What it is said at, such as a topic. Nobody promises that there is one; none is the space's general talk.
        #[n(4)]
        place: Option<EntryHash>,
    },
    /// A file is here: it lies on the author's disk, and whoever may read the space may fetch it.
    #[n(3)]
    File {
        /// A relative path with `/` between its parts.
        #[n(0)]
        name: String,
        /// Bytes.
        #[n(1)]
        size: u64,
        /// Its content.
        #[n(2)]
        blob: BlobHash,
    },
    /// Takes a file off the list. By whoever put it there, or a manager.
    #[n(4)]
    Unlist {
        /// The entry of the [`Op::File`].
        #[n(0)]
        file: EntryHash,
    },
    /// The author's device holds these blobs whole, too.
    #[n(5)]
    Holds {
        /// At most [`HOLDS_PER_OP`].
        #[n(0)]
        blobs: Vec<BlobHash>,
    },
    /// The name and picture of somebody who may not write them here, as they told the author. Of several, the last wins.
    #[n(6)]
    Introduce {
        /// Who.
        #[n(0)]
        person: GroupId,
        /// On which device, for its name.
        #[n(1)]
        device: DeviceId,
        /// How they show themselves.
        #[n(2)]
        profile: Profile,
    },
    /// Sets fields of something that was written before. Each field is a register of its own: of those who may write it,
    /// the last wins.
    #[n(7)]
    Set {
        /// The entry that made it. Nobody promises that there is one.
        #[n(0)]
        object: EntryHash,
        /// At least one, at most [`FIELDS_PER_OP`].
        #[n(1)]
        fields: Vec<Field>,
    },
    /// Makes something that is named by this entry from now on.
    #[n(8)]
    Make {
        /// What it is.
        #[n(0)]
        kind: Kind,
        /// What its fields are to begin with, as if they were set with this entry; at most [`FIELDS_PER_OP`].
        #[n(1)]
        fields: Vec<Field>,
    },
    /// Deletes a message. By whoever wrote it, or a manager. The same append drops the bodies of its words, so this alone
    /// says where it stood.
    #[n(9)]
    Delete {
        /// The entry of the [`Op::Message`]. Nobody promises that there is one.
        #[n(0)]
        object: EntryHash,
        /// What it was said at.
        #[n(1)]
        place: Option<EntryHash>,
    },
    /// The space is a talk between the people in it and has no name of its own. By whoever founded it.
    #[n(12)]
    Direct {},
    /// The space is a room, in which guests take part: it was made for a topic or a board of another space, its parent. By its
    /// managers; the first counts.
    #[n(16)]
    Room {
        /// [`Kind::Topic`] or [`Kind::Board`].
        #[n(0)]
        kind: Kind,
        /// The parent, as [`room_tag`] names it.
        #[cbor(n(1), with = "minicbor::bytes")]
        parent: [u8; 32],
    },
    /// What the room is called: the title that the thing it was made for had in the parent from a time on. By its managers, whoever
    /// of them has heard of it; the last title wins, whenever that was said here.
    #[n(27)]
    RoomName {
        /// The name.
        #[n(0)]
        name: String,
        /// When it was given as a title; not after this entry.
        #[n(1)]
        since: Hlc,
    },
    /// What somebody is said to have written elsewhere.
    #[n(15)]
    Imported {
        /// Who, when and what.
        #[n(0)]
        imported: Imported,
    },
}

/// What an [`Op::Make`] makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// Something to talk about; messages are said at it.
    #[n(0)]
    Topic,
    /// Something to be done. Messages are said at it. It is made with its number.
    #[n(1)]
    Issue,
    /// Something that issues are marked with.
    #[n(2)]
    Label,
    /// What many issues are for.
    #[n(3)]
    Project,
    /// A stretch of days that issues are planned for.
    #[n(4)]
    Cycle,
    /// A way to look at the issues.
    #[n(5)]
    SavedView,
    /// Something to draw on together.
    #[n(6)]
    Board,
    /// Something to write together.
    #[n(7)]
    Page,
    /// A space of its own in which guests take part. Made by managers, with its id and what it is for.
    #[n(8)]
    Room,
}

impl Kind {
    /// The number it is written as.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Topic => 0,
            Self::Issue => 1,
            Self::Label => 2,
            Self::Project => 3,
            Self::Cycle => 4,
            Self::SavedView => 5,
            Self::Board => 6,
            Self::Page => 7,
            Self::Room => 8,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Issue => "issue",
            Self::Label => "label",
            Self::Project => "project",
            Self::Cycle => "cycle",
            Self::SavedView => "saved view",
            Self::Board => "board",
            Self::Page => "page",
            Self::Room => "room",
        }
    }

    /// The kind with this number.
    #[must_use]
    pub const fn of(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Topic),
            1 => Some(Self::Issue),
            2 => Some(Self::Label),
            3 => Some(Self::Project),
            4 => Some(Self::Cycle),
            5 => Some(Self::SavedView),
            6 => Some(Self::Board),
            7 => Some(Self::Page),
            8 => Some(Self::Room),
            _ => None,
        }
    }
}

/// Why an operation is refused, when writing or when reading what a peer wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpError {
    /// Not an operation, or not in canonical form.
    #[error(transparent)]
    Encoding(#[from] CborError),
    /// An unusable name of a space, person or device.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An unusable text or file name.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A picture that is too large or none of the kinds that are shown.
    #[error("a picture is a PNG, JPEG or WebP file of at most 64 KiB")]
    Picture,
    /// What cannot stand on a board.
    #[error(transparent)]
    Element(#[from] ElementError),
    /// What cannot become part of a page.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// No place among siblings.
    #[error("a place among siblings is 1 to 64 letters and digits")]
    Order,
    /// No emoji.
    #[error("a reaction is one emoji")]
    Emoji,
    /// A label or a list over its limit.
    #[error("too long")]
    TooLong,
    /// A list that must not be empty.
    #[error("nothing is set")]
    Empty,
    /// An issue without a number, or with several, or one out of range.
    #[error("an issue has one number from 1 to 999,999,999")]
    Number,
    /// No prefix of keys.
    #[error("keys begin with 2 to 5 letters from A to Z")]
    Prefix,
    /// No time for which messages are kept.
    #[error("messages are kept for 7 to 3,650 days, or for good")]
    Retention,
    /// A room without its id or what it is for, or for something that has no rooms.
    #[error("a room has one id, and is for one topic or board")]
    Room,
    /// An estimate out of range.
    #[error("an estimate is at most 1,000 points")]
    Estimate,
    /// A day after the year 9999.
    #[error("there is no such day")]
    Day,
    /// No colour.
    #[error("a colour is an angle from 0 to 359 degrees")]
    Hue,
    /// Something that says nothing elsewhere.
    #[error("an operation of this kind cannot be imported")]
    Imported,
}

impl Op {
    /// The plain text of the entry, once [`Op::check`] has found nothing.
    pub fn encode(&self) -> Result<Vec<u8>, OpError> {
        self.check()?;
        Ok(cbor::encode(self))
    }

    /// Reads what anybody may have written.
    pub fn decode(plain: &[u8]) -> Result<Self, OpError> {
        let op: Self = cbor::decode(plain, limits::BODY_BYTES)?;
        op.check()?;
        Ok(op)
    }

    pub(super) fn check(&self) -> Result<(), OpError> {
        match self {
            Self::Imported { imported } => drop(imported.op()?),
            Self::Name { name } | Self::RoomName { name, .. } => check_name(name)?,
            Self::Profile { profile } | Self::Introduce { profile, .. } => {
                check_name(&profile.name)?;
                check_name(&profile.device_name)?;
                if let Some(picture) = &profile.picture
                    && (picture.len() > PICTURE_BYTES || picture_type(picture).is_none())
                {
                    return Err(OpError::Picture);
                }
            }
            Self::Message { text, nonce, file, .. } => {
                if !text.is_empty() || file.is_none() {
                    check_message(text)?;
                }
                if nonce.as_ref().is_some_and(|nonce| nonce.len() > NONCE_BYTES) {
                    return Err(OpError::TooLong);
                }
            }
            Self::File { name, .. } => check_file_name(name).map_err(TextError::from)?,
            Self::Unlist { .. } | Self::Direct {} | Self::Delete { .. } => {}
            Self::Holds { blobs } if blobs.len() > HOLDS_PER_OP => return Err(OpError::TooLong),
            Self::Holds { .. } => {}
            Self::Set { fields, .. } if fields.is_empty() => return Err(OpError::Empty),
            Self::Set { fields, .. } if fields.len() > FIELDS_PER_OP => return Err(OpError::TooLong),
            Self::Make { fields, .. } if fields.len() > FIELDS_PER_OP => return Err(OpError::TooLong),
            Self::Make { kind: Kind::Issue, fields }
                if fields.iter().filter(|field| matches!(field, Field::Number { .. })).count() != 1 =>
            {
                return Err(OpError::Number);
            }
            Self::Make { kind: Kind::Room, fields }
                if fields.iter().filter(|field| matches!(field, Field::Room { .. })).count() != 1
                    || fields.iter().filter(|field| matches!(field, Field::RoomOf { thing: Some(_) })).count() != 1 =>
            {
                return Err(OpError::Room);
            }
            Self::Room { kind, .. } if !matches!(kind, Kind::Topic | Kind::Board) => return Err(OpError::Room),
            Self::Room { .. } => {}
            // Each has a number in its author's log, which says what comes after what.
            Self::Set { fields, .. } | Self::Make { fields, .. }
                if fields.iter().filter(|field| field.is_written()).count() > 1 =>
            {
                return Err(UpdateError::Several.into());
            }
            Self::Set { fields, .. } | Self::Make { fields, .. } => fields.iter().try_for_each(Field::check)?,
        }
        Ok(())
    }
}

/// How a room names its parent: nobody can tell whose it is who does not know the parent's id, and two rooms of one space have
/// nothing in common.
#[must_use]
pub fn room_tag(parent: &GroupId, room: &GroupId) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("compeer 2026 room of a space");
    hasher.update(parent.as_bytes()).update(room.as_bytes());
    *hasher.finalize().as_bytes()
}

/// The media type of a picture, told by its first bytes and never by its name.
#[must_use]
pub fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Some("image/jpeg")
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use compeer_core::Hlc;

    use super::*;
    use crate::model::element::{Element, tests::rectangle};
    use crate::model::field::TITLE_CHARS;
    use crate::model::update::Stretch;
    use crate::model::{Day, HIGHEST_ESTIMATE, HIGHEST_NUMBER, LAST_DAY, Priority, QUERY_BYTES, Status};

    fn introduction(name: &str, picture: Option<Vec<u8>>) -> Op {
        let profile = Profile { name: name.into(), device_name: "laptop".into(), picture };
        Op::Introduce { person: GroupId::from_bytes([5; 32]), device: DeviceId::from_bytes([6; 32]), profile }
    }

    fn set(fields: Vec<Field>) -> Op {
        Op::Set { object: EntryHash::from_bytes([7; 32]), fields }
    }

    fn reaction(emoji: &str) -> Field {
        Field::Reaction { emoji: emoji.into(), on: true }
    }

    fn issue_fields() -> Vec<Field> {
        let some = EntryHash::from_bytes([9; 32]);
        vec![
            Field::Number { number: 12 },
            Field::Title { text: "Crane creaks".into() },
            Field::Status { status: Status::Review },
            Field::Priority { priority: Priority::Urgent },
            Field::Assignee { person: Some(GroupId::from_bytes([3; 32])) },
            Field::Estimate { points: Some(3) },
            Field::Due { day: Some(Day(LAST_DAY)) },
            Field::Parent { issue: Some(some) },
            Field::Label { label: some, on: true },
            Field::Blocks { issue: some, on: false },
            Field::Project { project: Some(some) },
            Field::Cycle { cycle: None },
            Field::Description { text: String::new() },
            Field::Archived { on: true },
            Field::Start { day: None },
            Field::Hue { degrees: 359 },
            Field::Query { text: "status=doing".into() },
            Field::Prefix { text: "WEB".into() },
            Field::Retention { days: Some(90) },
            Field::Retention { days: None },
        ]
    }

    fn drawn(id: &str, element: Option<Element>) -> Op {
        set(vec![Field::Element { id: id.into(), element: element.map(Box::new) }])
    }

    fn room(fields: Vec<Field>) -> Op {
        Op::Make { kind: Kind::Room, fields }
    }

    fn room_fields() -> Vec<Field> {
        let thing = Some(EntryHash::from_bytes([7; 32]));
        vec![Field::Room { room: GroupId::from_bytes([8; 32]) }, Field::RoomOf { thing }]
    }

    fn update() -> Vec<u8> {
        let doc = loro::LoroDoc::new();
        doc.set_peer_id(7).expect("sets");
        doc.get_map("doc").insert("nodeName", "doc").expect("inserts");
        doc.export(loro::ExportMode::all_updates()).expect("exports")
    }

    fn squashed() -> Field {
        let (began, ended) = (Hlc::new(1, 0), Hlc::new(1_000, 3));
        Field::Squashed { stretch: Stretch { first: 3, last: 40, began, ended, updates: 30 }, bytes: update() }
    }

    fn ops() -> [Op; 26] {
        let picture = Some(b"\x89PNG\r\n\x1a\nmore".to_vec());
        [
            Op::Name { name: "Harbour Quay".into() },
            Op::Profile { profile: Profile { name: "Ann".into(), device_name: "laptop".into(), picture: None } },
            Op::Message { text: "hello\nthere".into(), nonce: Some("n1".into()), file: None, reply: None, place: None },
            Op::Message {
                text: String::new(),
                nonce: None,
                file: Some(EntryHash::from_bytes([4; 32])),
                reply: None,
                place: None,
            },
            Op::Message {
                text: "so".into(),
                nonce: None,
                file: None,
                reply: Some(EntryHash::from_bytes([5; 32])),
                place: None,
            },
            set(vec![Field::Text { text: "hello".into() }, Field::Pinned { on: false }]),
            Op::Message {
                text: "at".into(),
                nonce: None,
                file: None,
                reply: None,
                place: Some(EntryHash::from_bytes([8; 32])),
            },
            Op::Make { kind: Kind::Topic, fields: vec![Field::Title { text: "Quay wall".into() }] },
            set(vec![Field::Place { at: None }, Field::Resolved { on: true }]),
            set(vec![reaction("\u{1f44d}")]),
            Op::File { name: "a/b.txt".into(), size: 3, blob: BlobHash::from_bytes([1; 32]) },
            Op::Unlist { file: EntryHash::from_bytes([2; 32]) },
            Op::Direct {},
            Op::Room { kind: Kind::Board, parent: [0xFF; 32] },
            set(vec![squashed()]),
            Op::RoomName { name: "Quay walls".into(), since: Hlc::new(7, 1) },
            room(room_fields()),
            set(vec![Field::RoomOf { thing: None }]),
            Op::Holds { blobs: vec![BlobHash::from_bytes([3; 32])] },
            Op::Profile { profile: Profile { name: "Ann".into(), device_name: "desk".into(), picture } },
            introduction("Cy", Some(vec![0xFF, 0xD8, 0xFF, 1])),
            Op::Delete { object: EntryHash::from_bytes([9; 32]), place: Some(EntryHash::from_bytes([8; 32])) },
            Op::Make { kind: Kind::Issue, fields: issue_fields() },
            Op::Make { kind: Kind::Board, fields: vec![Field::Title { text: "Plan".into() }] },
            drawn("box-1", Some(rectangle())),
            drawn("box-1", None),
        ]
    }

    #[test]
    fn operations_round_trip() {
        for op in ops() {
            assert_eq!(Op::decode(&op.encode().expect("encodes")), Ok(op));
        }
    }

    /// What was written before messages could name a file: the same bytes, and nothing added to them.
    #[test]
    fn messages_without_a_file_are_as_they_always_were() {
        // An array of two or one: [2, ["hi", "n"]] and [2, ["hi"]].
        let old: [(&[u8], Option<&str>); 2] = [(b"\x82\x02\x82\x62hi\x61n", Some("n")), (b"\x82\x02\x81\x62hi", None)];
        for (bytes, nonce) in old {
            let op = Op::Message {
                text: "hi".into(),
                nonce: nonce.map(str::to_owned),
                file: None,
                reply: None,
                place: None,
            };
            assert_eq!(Op::decode(bytes), Ok(op.clone()));
            assert_eq!(op.encode().expect("encodes"), bytes);
        }
    }

    #[test]
    fn a_room_has_one_id_and_one_thing() {
        let [id, of] = <[Field; 2]>::try_from(room_fields()).expect("two");
        let none = Field::RoomOf { thing: None };
        for fields in [
            vec![],
            vec![id.clone()],
            vec![of.clone()],
            vec![id.clone(), none],
            vec![id.clone(), id.clone(), of.clone()],
            vec![id, of.clone(), of],
        ] {
            assert_eq!(room(fields.clone()).encode(), Err(OpError::Room), "{fields:?}");
        }
        assert_eq!(Op::Room { kind: Kind::Page, parent: [0; 32] }.encode(), Err(OpError::Room));
    }

    #[test]
    fn fuzz_operations() {
        let seeds = ops().map(|op| op.encode().expect("encodes"));
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Ok(op) = Op::decode(bytes) else { return false };
            assert_eq!(op.encode().as_deref(), Ok(bytes), "what is accepted is what we would write ourselves");
            true
        });
    }

    #[test]
    fn hostile_operations_are_refused_on_both_sides() {
        let bad = [
            Op::Name { name: String::new() },
            Op::Name { name: "x".repeat(limits::NAME_CHARS + 1) },
            Op::Message {
                text: "x".repeat(limits::MESSAGE_BYTES + 1),
                nonce: None,
                file: None,
                reply: None,
                place: None,
            },
            Op::Message { text: "x".into(), nonce: Some("n".repeat(65)), file: None, reply: None, place: None },
            Op::Message { text: String::new(), nonce: None, file: None, reply: None, place: None },
            Op::Message {
                text: " ".into(),
                nonce: None,
                file: Some(EntryHash::from_bytes([4; 32])),
                reply: None,
                place: None,
            },
            set(vec![]),
            set(vec![Field::Pinned { on: true }; FIELDS_PER_OP + 1]),
            set(vec![Field::Text { text: String::new() }]),
            set(vec![Field::Text { text: "x".repeat(limits::MESSAGE_BYTES + 1) }]),
            set(vec![reaction("yes")]),
            set(vec![Field::Title { text: "two\nlines".into() }]),
            Op::Make { kind: Kind::Topic, fields: vec![Field::Title { text: "x".repeat(TITLE_CHARS + 1) }] },
            Op::Make { kind: Kind::Topic, fields: vec![Field::Pinned { on: true }; FIELDS_PER_OP + 1] },
            Op::Make { kind: Kind::Issue, fields: vec![] },
            Op::Make { kind: Kind::Issue, fields: vec![Field::Number { number: 1 }, Field::Number { number: 1 }] },
            Op::Make { kind: Kind::Issue, fields: vec![Field::Number { number: 0 }] },
            set(vec![Field::Number { number: HIGHEST_NUMBER + 1 }]),
            set(vec![Field::Estimate { points: Some(HIGHEST_ESTIMATE + 1) }]),
            set(vec![Field::Due { day: Some(Day(LAST_DAY + 1)) }]),
            set(vec![Field::Start { day: Some(Day(u32::MAX)) }]),
            set(vec![Field::Description { text: "x".repeat(limits::MESSAGE_BYTES + 1) }]),
            set(vec![Field::Description { text: "\u{1b}[2J".into() }]),
            set(vec![Field::Prefix { text: "web".into() }]),
            set(vec![Field::Prefix { text: "W".into() }]),
            set(vec![Field::Prefix { text: "WEBSIT".into() }]),
            set(vec![Field::Hue { degrees: 360 }]),
            set(vec![Field::Retention { days: Some(6) }]),
            set(vec![squashed(), squashed()]),
            set(vec![squashed(), Field::Update { bytes: update() }]),
            set(vec![Field::Retention { days: Some(3_651) }]),
            set(vec![Field::Query { text: "x".repeat(QUERY_BYTES + 1) }]),
            set(vec![Field::Query { text: "two\nlines".into() }]),
            Op::File { name: "../up".into(), size: 0, blob: BlobHash::from_bytes([1; 32]) },
            Op::Holds { blobs: vec![BlobHash::from_bytes([1; 32]); HOLDS_PER_OP + 1] },
            drawn("", None),
            drawn("box", Some(Element { link: Some("javascript:alert(1)".into()), ..rectangle() })),
            introduction("C\ny", None),
            introduction("Cy", Some(b"GIF89a".to_vec())),
            introduction("Cy", Some([&[0xFF, 0xD8, 0xFF][..], &[0; PICTURE_BYTES]].concat())),
            Op::Profile {
                profile: Profile {
                    name: "Ann".into(),
                    device_name: "d".into(),
                    picture: Some(b"<svg onload=alert(1)>".to_vec()),
                },
            },
        ];
        for op in bad {
            assert!(op.encode().is_err(), "{op:?}");
            assert!(Op::decode(&cbor::encode(&op)).is_err(), "{op:?}");
        }
        assert!(Op::decode(b"").is_err());
        assert!(Op::decode(&[0xFF; 64]).is_err());
    }
}
