//! Pictures of pages as they are handed to the node. Times are milliseconds since 1970.

use compeer_core::{DeviceId, EntryHash, Millis};

use super::info::BoardPerson;

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageInfo {
    /// The entry that made it.
    pub id: EntryHash,
    /// What it is called.
    pub title: Option<String>,
    /// The page that it stands under, if that is here and leads to the top.
    pub parent: Option<EntryHash>,
    /// Where it stands among its siblings: in the order of these texts, then of the ids.
    pub order: String,
    /// Whether it was put away.
    pub archived: bool,
    /// When it was made.
    pub created: Millis,
    /// By whom.
    pub by: BoardPerson,
    /// When something was last written on it, or it was made.
    pub changed: Millis,
    /// By whom.
    pub changed_by: BoardPerson,
    /// Who of the others has it open now.
    pub here: Vec<BoardPerson>,
    /// Comments of others that I have not read.
    pub unread: u64,
}

/// What shall be different about a page; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageChange {
    /// Another title.
    pub title: Option<String>,
    /// Another page that it stands under; none is the top.
    pub parent: Option<Option<EntryHash>>,
    /// Another place among its siblings.
    pub order: Option<String>,
    /// Whether it is put away.
    pub archived: Option<bool>,
}

/// A stretch of time in which somebody wrote on a page on one device without a pause of ten minutes, whoever else wrote then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRun {
    /// The entry of the last update in it.
    pub id: EntryHash,
    /// Who.
    pub person: BoardPerson,
    /// On which device.
    pub device: DeviceId,
    /// When the first update was written.
    pub from: Millis,
    /// When the last one was.
    pub to: Millis,
    /// How many there are.
    pub updates: usize,
}
