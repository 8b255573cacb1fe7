//! Search: what can be asked, what words are, and what is handed out. The tables beneath are the view's.

pub(crate) mod names;
pub(crate) mod query;
pub(crate) mod snippet;
pub(crate) mod tokens;

use compeer_core::{EntryHash, GroupId, Millis};

/// Bytes of a query.
pub const QUERY_BYTES: usize = 1024;
/// Words, phrases and operators of a query.
pub const QUERY_TERMS: usize = 16;
/// Results handed out at once, at most.
pub const RESULTS: usize = 100;

/// What somebody looks for.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// Words, phrases and operators, as typed; at most [`QUERY_BYTES`].
    pub query: String,
    /// Only in this space.
    pub space: Option<GroupId>,
    /// Results, 1 to [`RESULTS`].
    pub limit: usize,
    /// Where the page before ended: [`SearchAnswer::next`].
    pub cursor: Option<String>,
    /// Minutes that the asker's clocks are ahead of UTC: in which zone days begin and end.
    pub offset: i32,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchAnswer {
    /// The best first: people, spaces and topics by their names, then what was written.
    pub hits: Vec<Hit>,
    /// How many there are from here on, as far as was counted.
    pub count: usize,
    /// The cursor of the page that follows; there may be more.
    pub next: Option<String>,
    /// Whether all that is on this device has been looked at. What has only just come may not be indexed yet.
    pub complete: bool,
    /// What of the query can match nothing.
    pub notes: Vec<Note>,
}

/// One result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What it is.
    pub target: Target,
    /// The space it is in.
    pub space: GroupId,
    /// That space's name; empty while it is not known.
    pub space_name: String,
    /// Whether that is a room, in which guests take part.
    pub room: bool,
    /// Whether who wrote or listed it, or the person that it is, is a guest there.
    pub guest: bool,
    /// The topic it was said at, and its title if that is known; `None` in the general talk, and for what is not said.
    pub topic: Option<(EntryHash, Option<String>)>,
    /// Who wrote or listed it, and their name.
    pub author: Option<(GroupId, String)>,
    /// When.
    pub time: Option<Millis>,
    /// A name, such as that of a file; empty for a message without a file.
    pub title: Vec<Part>,
    /// The stretch of its text around what was found.
    pub text: Vec<Part>,
}

/// What a result leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A message.
    Message(EntryHash),
    /// A listed file.
    File(EntryHash),
    /// Somebody.
    Person(GroupId),
    /// A space.
    Space(GroupId),
    /// A topic.
    Topic(EntryHash),
    /// An issue.
    Issue(EntryHash),
    /// A board.
    Board(EntryHash),
    /// A page.
    Page(EntryHash),
}

/// A stretch of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The text as it was written.
    pub text: String,
    /// Whether it is what was looked for.
    pub found: bool,
}

/// Why a part of the query matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// `before:`, `after:` or `on:` without a day.
    Date(String),
    /// Nobody goes by this name.
    NoPerson(String),
    /// No space goes by this name.
    NoSpace(String),
    /// No topic has this title.
    NoTopic(String),
    /// `has:` or `is:` with something that nothing has or is.
    NoSuch {
        /// The operator.
        operator: &'static str,
        /// What stood behind it.
        value: String,
    },
}

/// Why nothing was looked for.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// More than [`QUERY_BYTES`].
    #[error("the query is longer than {QUERY_BYTES} bytes")]
    TooLong,
    /// More than [`QUERY_TERMS`], or a phrase without end.
    #[error("the query has more than {QUERY_TERMS} words and operators, or too long a phrase")]
    TooMany,
    /// Not what an answer said.
    #[error("that is no cursor of a search")]
    Cursor,
    /// The space is not here.
    #[error(transparent)]
    Space(#[from] crate::error::ActError),
    /// The view's file.
    #[error(transparent)]
    View(#[from] crate::error::ViewError),
}

/// Kinds of what is in the index. The numbers are those of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Message = 1,
    File = 2,
    Issue = 3,
    Board = 4,
    Page = 5,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Message, Self::File, Self::Issue, Self::Board, Self::Page];

    pub(crate) fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i64 == number)
    }

    /// As a word among the marks of a document, and after `is:`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::File => "file",
            Self::Issue => "issue",
            Self::Board => "board",
            Self::Page => "page",
        }
    }
}
