//! Exports and imports.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ProblemDocument;

/// What is exported, and where to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExport {
    /// The folder that is made, absolute; a new one in the home when left out. Only scripts may name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether the files go along.
    pub files: bool,
}

/// What is imported.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewImport {
    /// The folder or ZIP file, absolute.
    pub path: String,
    /// Of Slack and Zulip also private channels, and what was said between few: everybody who comes in will read it.
    #[serde(default)]
    pub private: bool,
    /// Of Zulip only this stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// Writes a space as a folder.
    Export,
    /// Makes a space of what somebody exported.
    Import,
}

/// How a job goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It is at it.
    Running,
    /// All of it is there.
    Done,
    /// Nothing is there; `error` says why.
    Failed,
    /// Somebody stopped it; nothing is there.
    Cancelled,
}

/// An export or import.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Its number since the start.
    pub id: String,
    /// What it does.
    pub kind: JobKind,
    /// The folder or file, absolute.
    pub path: String,
    /// The space that is exported, or the one that was made, once it is.
    #[schema(required = true)]
    pub space: Option<String>,
    /// What that is called; empty while it is not known.
    pub name: String,
    /// How it goes.
    pub state: JobState,
    /// Steps that are done.
    pub done: u64,
    /// Steps in all, as far as they are known.
    pub all: u64,
    /// Files that went along.
    pub files: u64,
    /// Of an export: files that are on no disk here, or were not wanted. They are listed.
    pub missing: u64,
    /// Of an export: bytes in all.
    pub bytes: u64,
    /// Of an import: private conversations that were left out.
    pub private: u64,
    /// Of an import: reactions, files and the like that there is no way to say here.
    pub lost: u64,
    /// Why it failed.
    #[schema(required = true)]
    pub error: Option<ProblemDocument>,
}
