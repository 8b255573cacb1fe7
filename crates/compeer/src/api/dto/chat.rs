//! Messages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Place;

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
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
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FileRef {
    /// The file's id.
    pub id: String,
    /// Its name; null when it is not on the list of files: taken off, or not arrived yet.
    #[schema(required = true)]
    pub name: Option<String>,
    /// Bytes; null when it is not on the list.
    #[schema(required = true)]
    pub size: Option<u64>,
    /// What it can be shown as.
    #[schema(required = true)]
    pub media: Option<String>,
}

/// The message that another one answers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Answered {
    /// Its id.
    pub id: String,
    /// Its author's name; null while it is not here.
    #[schema(required = true)]
    pub author_name: Option<String>,
    /// How its text begins: content, never markup; null while it is not here.
    #[schema(required = true)]
    pub text: Option<String>,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// Somebody who reacted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Reacting {
    /// The person.
    pub person: String,
    /// The name.
    pub name: String,
}

/// How people reacted to a message with one emoji.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Who, whoever was first before the others.
    pub people: Vec<Reacting>,
    /// Whether I am one of them.
    pub mine: bool,
}

/// A chat message.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The person who wrote it.
    pub author: String,
    /// That person's name.
    pub author_name: String,
    /// Whether that person is a guest here, as in [`super::Member`].
    pub guest: bool,
    /// The device it was written on.
    pub author_device: String,
    /// Whether I wrote it.
    pub mine: bool,
    /// The text, as last written: content, never markup. Empty only when there is a file.
    pub text: String,
    /// When it was sent.
    pub time: u64,
    /// Where it is.
    pub state: MessageState,
    /// How many members have it, its author included.
    pub held_by: u64,
    /// How many members there are.
    pub of: u64,
    /// The label its sender's page gave it.
    #[schema(required = true)]
    pub nonce: Option<String>,
    /// The file it is about.
    #[schema(required = true)]
    pub file: Option<FileRef>,
    /// The message it answers.
    #[schema(required = true)]
    pub reply: Option<Answered>,
    /// When its text was last changed; null when it never was.
    #[schema(required = true)]
    pub changed: Option<u64>,
    /// Whether it is pinned.
    pub pinned: bool,
    /// How people reacted to it.
    pub reactions: Vec<Reaction>,
    /// What it is said at; null is the space's general talk.
    #[schema(required = true)]
    pub place: Option<Place>,
    /// Whether I have not read it.
    pub unread: bool,
    /// Whether it names me.
    pub mention: bool,
    /// Who deleted it; null when nobody did. Then nothing of it is left but who wrote it and when.
    #[schema(required = true)]
    pub deleted: Option<Deleted>,
    /// The name of who imported it; null when it was written here. Then it is only said to be by its author, and from its
    /// time: nobody has signed that.
    #[schema(required = true)]
    pub imported: Option<String>,
}

/// That a message was deleted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Deleted {
    /// Who did it.
    pub by: String,
    /// That person's name.
    pub by_name: String,
}

/// Some messages, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MessagePage {
    /// The messages.
    pub messages: Vec<Message>,
    /// Whether there are more in the direction that was asked for.
    pub more: bool,
}

/// A message to send.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// The text; may be empty when there is a file.
    pub text: String,
    /// A label of the page's own, to find its optimistic row again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The id of the listed file that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The id of the message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// What it is said at: the id of a topic, or `general`, as when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// My reaction to a message.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MyReaction {
    /// One emoji.
    pub emoji: String,
    /// Whether it shall be there.
    pub on: bool,
}

/// What shall be different about a message from now on; what is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageChange {
    /// Another text, by whoever wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether it is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// My reaction with one emoji.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<MyReaction>,
    /// Where it stands: the id of a topic, or `general`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Where somebody is writing.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Typing {
    /// The id of a topic, or `general`, as when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// A text that a message has or had.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// The text: content, never markup.
    pub text: String,
    /// Since when.
    pub time: u64,
}

/// Which undelivered messages and files.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Undelivered {
    /// Their ids; all of the space when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
}

/// How many that were.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Settled {
    /// Messages and files.
    pub count: u64,
}

/// Whether a member has a message.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Holder {
    /// The person.
    pub person: String,
    /// The name.
    pub name: String,
    /// Whether one of the person's devices has it.
    pub holds: bool,
}
