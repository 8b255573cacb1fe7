//! Pages and what was written on them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::board::{BoardDevice, BoardPerson};

/// A page.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page {
    /// Its id.
    pub id: String,
    /// What it is called: content, never markup; null while that is not here.
    #[schema(required = true)]
    pub title: Option<String>,
    /// The page it stands under; null at the top.
    #[schema(required = true)]
    pub parent: Option<String>,
    /// Where it stands among its siblings: in the order of these texts, then of the ids.
    pub order: String,
    /// Whether it was put away.
    pub archived: bool,
    /// By whom it was made.
    pub created_by: BoardPerson,
    /// When.
    pub created_ms: u64,
    /// Who last wrote on it, or made it.
    pub changed_by: BoardPerson,
    /// When.
    pub changed_ms: u64,
    /// Who of the others has it open now.
    pub here: Vec<BoardPerson>,
    /// Comments of others that I have not read.
    pub unread_comments: u64,
}

/// A page to make.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPage {
    /// What it is called: one line of at most 200 characters.
    pub title: String,
    /// The page it shall stand under; the top when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What it shall say, as Markdown of at most 1 MiB; nothing when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub markdown: Option<String>,
}

/// What shall be different about a page; what is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PageChange {
    /// Another title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The page it shall stand under; null is the top.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub parent: Option<Option<String>>,
    /// Another place among its siblings: 1 to 64 letters and digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Whether it is put away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// Something that is there, be it null.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// What a page says.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PageMarkdown {
    /// As Markdown: content of others.
    pub markdown: String,
}

/// A stretch of time in which somebody wrote on a page on one device without a pause of ten minutes, whoever else wrote then.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PageRun {
    /// What to ask for what the page said at its end.
    pub id: String,
    /// Who.
    pub person: String,
    /// That person's name: content, never markup.
    pub name: String,
    /// On which device.
    pub device: String,
    /// When it began.
    pub from_ms: u64,
    /// When it ended.
    pub to_ms: u64,
    /// How many updates were written.
    pub updates: u64,
}

/// What a page said once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PageVersion {
    /// As Markdown: content of others.
    pub markdown: String,
    /// As ProseMirror's JSON, with nodes and marks of pages only.
    #[schema(value_type = Object)]
    pub json: serde_json::Value,
}

/// A text that the node says on the socket of an open page; one of these fields is there.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct PageLive {
    /// The first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hello: Option<PageHello>,
    /// So many updates of this socket have been kept: they are durable on this device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub kept: Option<u64>,
    /// Why an update was not kept. Those that go on from it will not be, either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub refused: Option<String>,
    /// The other devices that have the page open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub here: Option<Vec<BoardDevice>>,
}

/// What the node says first on the socket of an open page.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PageHello {
    /// The number by which Loro shall know what is written from now on: 64 bits, in decimals.
    pub peer: String,
    /// Whether something can be written.
    pub can_write: bool,
}
