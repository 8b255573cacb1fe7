//! What somebody is said to have written elsewhere: one operation of another space, or of another program, carried over.
//!
//! Whoever imports cannot sign for others, so an entry says: "this was written by X at T, say I". It can do no harm to what
//! was written here, because everything it names is renamed by who imports: ids of things, of people and of devices become
//! hashes of the space, the importing device and what they were. So it can only be about what the same device imported, and nobody it
//! names is anybody who is here. The first eight bytes stay, so what was told apart and ordered by how its id begins still is.

use compeer_core::{DeviceId, EntryHash, GroupId, Hlc, cbor, limits};
use minicbor::{Decode, Encode};

use super::element::{Element, Shape};
use super::field::Field;
use super::op::{Op, OpError};

/// Stands in what is carried over where a space names itself.
pub const THE_SPACE: EntryHash = EntryHash::from_bytes([0; 32]);
/// What follows the name of somebody who is only said to have been there.
pub const SAID: &str = " (imported)";
/// Bytes of an id that stay as they were.
const KEPT: usize = 8;

/// An entry as it was elsewhere, as far as whoever imports it knows.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Imported {
    /// The id it had.
    #[n(0)]
    pub id: EntryHash,
    /// When it was written.
    #[n(1)]
    pub clock: Hlc,
    /// By whom.
    #[n(2)]
    pub person: GroupId,
    /// On which device.
    #[n(3)]
    pub device: DeviceId,
    /// Whether its author managed the space.
    #[n(4)]
    pub manages: bool,
    /// The operation, encoded; none is one that was deleted.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub op: Option<Vec<u8>>,
}

impl Imported {
    /// The operation that was written, with the ids that it had; none if it was deleted.
    pub fn op(&self) -> Result<Option<Op>, OpError> {
        let Some(bytes) = &self.op else { return Ok(None) };
        let op: Op = cbor::decode(bytes, limits::BODY_BYTES)?;
        // Looked at before anything inside is: what is carried over carries nothing itself, so there is no end to follow.
        if !op.can_be_carried_over() {
            return Err(OpError::Imported);
        }
        op.check()?;
        Ok(Some(op))
    }
}

impl Op {
    /// Whether it says the same elsewhere. Who holds what does not, nor that a space is a talk between the people in it or a room.
    #[must_use]
    pub fn can_be_carried_over(&self) -> bool {
        !matches!(
            self,
            Self::Imported { .. } | Self::Holds { .. } | Self::Direct {} | Self::Room { .. } | Self::RoomName { .. }
        )
    }
}

/// How ids are renamed.
pub trait Rename {
    /// Of an entry.
    fn entry(&self, id: EntryHash) -> EntryHash;
    /// Of a person.
    fn person(&self, id: GroupId) -> GroupId;
    /// Of a device.
    fn device(&self, id: DeviceId) -> DeviceId;
}

/// Renames what a device imports into a space.
#[derive(Debug, Clone, Copy)]
pub struct Importer {
    /// Where to.
    pub space: GroupId,
    /// Who imports.
    pub device: DeviceId,
}

impl Importer {
    fn renamed(&self, what: &str, id: &[u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("compeer 2026 imported id");
        for part in [self.space.as_bytes(), self.device.as_bytes(), id] {
            hasher.update(part);
        }
        hasher.update(what.as_bytes());
        let mut renamed = *id;
        renamed[KEPT..].copy_from_slice(&hasher.finalize().as_bytes()[KEPT..]);
        renamed
    }
}

impl Rename for Importer {
    fn entry(&self, id: EntryHash) -> EntryHash {
        if id == THE_SPACE {
            return EntryHash::from_bytes(*self.space.as_bytes());
        }
        EntryHash::from_bytes(self.renamed("entry", id.as_bytes()))
    }

    fn person(&self, id: GroupId) -> GroupId {
        GroupId::from_bytes(self.renamed("person", id.as_bytes()))
    }

    fn device(&self, id: DeviceId) -> DeviceId {
        DeviceId::from_bytes(self.renamed("device", id.as_bytes()))
    }
}

impl Op {
    /// The same about things of other names. A new operation says here which ids it names.
    #[must_use]
    pub fn renamed(self, by: &dyn Rename) -> Self {
        match self {
            Self::Message { text, nonce: _, file, reply, place } => Self::Message {
                text,
                nonce: None,
                file: file.map(|id| by.entry(id)),
                reply: reply.map(|id| by.entry(id)),
                place: place.map(|id| by.entry(id)),
            },
            Self::Unlist { file } => Self::Unlist { file: by.entry(file) },
            Self::Introduce { person, device, profile } => {
                Self::Introduce { person: by.person(person), device: by.device(device), profile }
            }
            Self::Set { object, fields } => {
                let fields = fields.into_iter().map(|field| field.renamed(by)).collect();
                Self::Set { object: by.entry(object), fields }
            }
            Self::Make { kind, fields } => {
                Self::Make { kind, fields: fields.into_iter().map(|field| field.renamed(by)).collect() }
            }
            Self::Delete { object, place } => {
                Self::Delete { object: by.entry(object), place: place.map(|id| by.entry(id)) }
            }
            same @ (Self::Name { .. }
            | Self::Profile { .. }
            | Self::File { .. }
            | Self::Holds { .. }
            | Self::Direct {}
            | Self::Room { .. }
            | Self::RoomName { .. }
            | Self::Imported { .. }) => same,
        }
    }

    /// The people it names, its author aside.
    pub(crate) fn people(&self) -> Vec<GroupId> {
        match self {
            Self::Set { fields, .. } | Self::Make { fields, .. } => {
                let named = |field: &Field| if let Field::Assignee { person } = field { *person } else { None };
                fields.iter().filter_map(named).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Field {
    /// The same about things of other names. A new field says here which ids it names.
    #[must_use]
    pub fn renamed(self, by: &dyn Rename) -> Self {
        let entry = |id: Option<EntryHash>| id.map(|id| by.entry(id));
        match self {
            Self::Place { at } => Self::Place { at: entry(at) },
            Self::Assignee { person } => Self::Assignee { person: person.map(|id| by.person(id)) },
            Self::Parent { issue } => Self::Parent { issue: entry(issue) },
            Self::Label { label, on } => Self::Label { label: by.entry(label), on },
            Self::Blocks { issue, on } => Self::Blocks { issue: by.entry(issue), on },
            Self::Project { project } => Self::Project { project: entry(project) },
            Self::Cycle { cycle } => Self::Cycle { cycle: entry(cycle) },
            Self::PageParent { page } => Self::PageParent { page: entry(page) },
            // Whoever is called so here is no room of anything.
            Self::Room { room } => Self::Room { room: by.person(room) },
            Self::RoomOf { thing } => Self::RoomOf { thing: entry(thing) },
            Self::Element { id, element } => Self::Element { id, element: element.map(|it| renamed_element(it, by)) },
            same @ (Self::Text { .. }
            | Self::Reaction { .. }
            | Self::Pinned { .. }
            | Self::Title { .. }
            | Self::Resolved { .. }
            | Self::Status { .. }
            | Self::Priority { .. }
            | Self::Estimate { .. }
            | Self::Due { .. }
            | Self::Description { .. }
            | Self::Number { .. }
            | Self::Prefix { .. }
            | Self::Archived { .. }
            | Self::Retention { .. }
            | Self::Start { .. }
            | Self::Hue { .. }
            | Self::Query { .. }
            | Self::Order { .. }
            // Whose ops are in it stays as it was; `view/pages.rs` says what that may mean.
            | Self::Update { .. }
            | Self::Squashed { .. }
            | Self::Anchor { .. }) => same,
        }
    }
}

/// The same with the file of a picture renamed.
fn renamed_element(mut element: Box<Element>, by: &dyn Rename) -> Box<Element> {
    if let Shape::Image(image) = &mut element.shape {
        image.file = image.file.map(|file| by.entry(file));
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Importer = Importer { space: GroupId::from_bytes([1; 32]), device: DeviceId::from_bytes([2; 32]) };
    const BO: Importer = Importer { space: GroupId::from_bytes([1; 32]), device: DeviceId::from_bytes([3; 32]) };

    fn imported(op: Option<Vec<u8>>) -> Op {
        let (id, device) = (EntryHash::from_bytes([4; 32]), DeviceId::from_bytes([5; 32]));
        let person = GroupId::from_bytes([6; 32]);
        Op::Imported { imported: Imported { id, clock: Hlc::new(7, 0), person, device, manages: false, op } }
    }

    #[test]
    fn nobody_names_what_somebody_else_imported_or_what_is_here() {
        let id = EntryHash::from_bytes([7; 32]);
        assert_ne!(ANN.entry(id), BO.entry(id));
        assert_ne!(ANN.entry(id), id);
        let elsewhere = Importer { space: GroupId::from_bytes([9; 32]), ..ANN };
        assert_ne!(ANN.entry(id), elsewhere.entry(id), "the same archive twice makes two spaces");
        assert_ne!(ANN.entry(id).as_bytes(), ANN.person(GroupId::from_bytes([7; 32])).as_bytes());
        assert_eq!(ANN.entry(id).as_bytes()[..KEPT], id.as_bytes()[..KEPT]);
        assert_eq!(ANN.entry(THE_SPACE).as_bytes(), ANN.space.as_bytes());
    }

    #[test]
    fn what_is_carried_over_carries_nothing_itself() {
        let name = Op::Name { name: "Quay".into() }.encode().expect("encodes");
        let once = imported(Some(name)).encode().expect("encodes");
        assert_eq!(Op::decode(&once).and_then(|op| op.encode()), Ok(once.clone()));
        assert_eq!(imported(Some(once)).encode(), Err(OpError::Imported));
        assert_eq!(imported(Some(Op::Direct {}.encode().expect("encodes"))).encode(), Err(OpError::Imported));
        assert!(matches!(imported(Some(vec![0xFF])).encode(), Err(OpError::Encoding(_))));
        assert!(imported(None).encode().is_ok());
    }
}
