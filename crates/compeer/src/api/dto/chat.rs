//! Messages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

/// A chat message.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The person who wrote it.
    pub author: String,
    /// That person's name.
    pub author_name: String,
    /// The device it was written on.
    pub author_device: String,
    /// Whether I wrote it.
    pub mine: bool,
    /// The text, as written: content, never markup. Empty only when there is a file.
    pub text: String,
    /// When.
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
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
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

/// Up to where I have read.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadMarker {
    /// The newest message I have seen.
    pub up_to: String,
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
