//! What is found.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FoundKind {
    /// A message.
    Message,
    /// A listed file.
    File,
    /// Somebody.
    Person,
    /// A space.
    Space,
    /// A topic.
    Topic,
    /// An issue.
    Issue,
    /// A board.
    Board,
    /// A page.
    Page,
}

/// A stretch of text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// The text: content, never markup.
    pub text: String,
    /// Whether it is what was looked for.
    pub found: bool,
}

/// One result.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Found {
    /// What it is.
    pub kind: FoundKind,
    /// Its id: that of the message, file, person, space, topic, issue, board or page.
    pub id: String,
    /// The space it is in.
    pub space: String,
    /// That space's name; empty while it is not known.
    pub space_name: String,
    /// Whether that is a room, in which guests take part.
    pub room: bool,
    /// Whether who wrote or listed it, or the person that it is, is a guest there.
    pub guest: bool,
    /// The topic it was said at; null in the general talk, and for what is not said.
    #[schema(required = true)]
    pub topic: Option<String>,
    /// That topic's title; null while it is not known.
    #[schema(required = true)]
    pub topic_title: Option<String>,
    /// Who wrote or listed it; null for people, spaces and topics.
    #[schema(required = true)]
    pub author: Option<String>,
    /// That person's name.
    #[schema(required = true)]
    pub author_name: Option<String>,
    /// When; null for people, spaces and topics.
    #[schema(required = true)]
    pub time: Option<u64>,
    /// Its name, in stretches; for a message, the name of its file. Empty where it has none.
    pub title: Vec<Part>,
    /// What of its text stands around what was found, in stretches.
    pub text: Vec<Part>,
}

/// A part of a query that matches nothing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SearchNote {
    /// Why, for programs: `bad-date`, `bad-operator`, `no-person`, `no-space` or `no-topic`.
    pub code: String,
    /// Why, in one sentence.
    pub text: String,
    /// What to do about it, in one sentence.
    pub hint: String,
}

/// What was found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SearchAnswer {
    /// The best first: people, spaces and topics by their names, then what was written.
    pub results: Vec<Found>,
    /// How many there are from the beginning of this page on, as far as was counted.
    pub count: u64,
    /// What to ask for the page that follows with, as `cursor`; null when there is none.
    #[schema(required = true)]
    pub next: Option<String>,
    /// Whether all that is on this device was looked at. What has only just come may not be: ask again a moment later.
    pub complete: bool,
    /// What of the query matches nothing. Then there are no results.
    pub notes: Vec<SearchNote>,
}
