//! Topics, what is read, and how much somebody wants to hear.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::LastMessage;

/// The id that stands for a space's general talk, where a topic's id can stand.
pub const GENERAL: &str = "general";

/// How much I want to hear of a space or of a place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Attention {
    /// Everything is news.
    All,
    /// What is said is counted, but only what names me is told.
    Mentions,
    /// Only what names me is counted and told.
    Muted,
}

/// What a message is said at.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// Its id.
    pub id: String,
    /// What it is called: content, never markup; null while that is not here.
    #[schema(required = true)]
    pub title: Option<String>,
}

/// A topic, or the general talk of a space.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Topic {
    /// Its id; `general` for the general talk.
    pub id: String,
    /// What it is called: content, never markup; null for the general talk, and while that is not here.
    #[schema(required = true)]
    pub title: Option<String>,
    /// Whether there is nothing more to say about it.
    pub resolved: bool,
    /// Messages of others that I have not read.
    pub unread: u64,
    /// How many of those name me.
    pub mentions: u64,
    /// The oldest of them.
    #[schema(required = true)]
    pub first_unread: Option<String>,
    /// The newest message.
    #[schema(required = true)]
    pub last: Option<LastMessage>,
    /// When something was last said at it, or it was made; 0 when nothing ever was.
    pub at: u64,
    /// How much I want to hear of it.
    pub attention: Attention,
    /// Whether I chose that for it alone.
    pub chosen: bool,
}

/// A topic to make.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTopic {
    /// What it is called: one line of at most 200 characters.
    pub title: String,
}

/// What shall be different about a topic; what is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicChange {
    /// Another title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether there is nothing more to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<bool>,
}

/// Messages to move.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Their ids, at most 1,000.
    pub messages: Vec<String>,
    /// Where to: the id of a topic, or `general`.
    pub place: String,
}

/// How many messages moved.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Moved {
    /// Those that were elsewhere before.
    pub count: u64,
}

/// How much I want to hear.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttentionChange {
    /// Of what: the id of a topic, or `general`; of the whole space when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// How much; as for the whole space when left out, and everything for the space itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention: Option<Attention>,
}

/// What I have read. `up_to` and `seen` can both be given.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadMarker {
    /// Everything at or before this message, if it had come by the time this message came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<String>,
    /// Of that only what is said there: the id of a topic, or `general`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Just these messages, at most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Vec<String>>,
}

/// What I have not read after all.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnreadMarker {
    /// What others wrote from this message on.
    pub from: String,
    /// Of that only what is said there: the id of a topic, or `general`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}
