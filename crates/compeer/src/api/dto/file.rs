//! Files and transfers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PathKind;

/// A member who has a file.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FileHolder {
    /// The person.
    pub person: String,
    /// The name.
    pub name: String,
    /// Whether the person is here now.
    pub online: bool,
}

/// Where a listed file is, seen from this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileState {
    /// Whole, on this disk.
    Here,
    /// On somebody else's disk.
    Remote,
    /// On its way.
    Fetching,
    /// It was here, but has been changed since.
    Changed,
    /// Nobody that is known has it.
    Missing,
}

/// A listed file.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct File {
    /// Its id.
    pub id: String,
    /// Its name: a relative path with `/`.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// The hash of its content.
    pub blob: String,
    /// The person who listed it.
    pub author: String,
    /// That person's name.
    pub author_name: String,
    /// When.
    pub time: u64,
    /// How many members have it whole.
    pub held_by: u64,
    /// Who they are.
    pub holders: Vec<FileHolder>,
    /// Whether it is here.
    pub here: bool,
    /// Where it lies here.
    #[schema(required = true)]
    pub path: Option<String>,
    /// What it can be shown as; null when it can only be downloaded.
    #[schema(required = true)]
    pub media: Option<String>,
    /// Where it is.
    pub state: FileState,
    /// How it comes here, while it does.
    #[schema(required = true)]
    pub transfer: Option<Transfer>,
}

/// Files to share where they lie.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalFiles {
    /// Absolute paths; a folder goes whole.
    pub paths: Vec<String>,
}

/// How a file came to be on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Listed {
    /// It was not there before.
    New,
    /// In place of what I had listed under its name.
    Version,
    /// It was there already, with this content.
    Before,
}

/// A file that somebody wanted to be on the list, and is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SharedFile {
    /// The file.
    pub file: File,
    /// How it came there.
    pub listed: Listed,
}

/// Something that was not shared, or not taken off the list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    /// Where it lies; a folder stands for all that is in it. What is on the list already, by its name there.
    pub path: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// What became of paths that were to be shared.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SharedFiles {
    /// What is on the list now.
    pub files: Vec<SharedFile>,
    /// What is not: the first of it.
    pub left_out: Vec<LeftOut>,
    /// How much was left out.
    pub left_out_count: u64,
}

/// Where to put a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FetchRequest {
    /// A folder; only scripts may name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Which files to fetch, and where to put them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderRequest {
    /// A folder of the list: every file whose name starts with it and `/`.
    pub folder: String,
    /// A folder; only scripts may name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// A folder of the list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// Every file whose name starts with it and `/`.
    pub folder: String,
}

/// What became of files that were to be taken off the list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UnlistedFiles {
    /// How many are off the list.
    pub files: u64,
    /// Those that are not: the first of them, by their names.
    pub left_out: Vec<LeftOut>,
    /// How many were left.
    pub left_out_count: u64,
}

/// How a transfer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TransferState {
    /// Bytes are coming.
    Running,
    /// Somebody paused it.
    Paused,
    /// Nobody who has it can be reached now.
    Waiting,
    /// It stopped for a reason that does not go away by itself.
    Failed,
    /// Whole, verified, in place.
    Done,
}

/// A device that bytes come from.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TransferSource {
    /// The device.
    pub device: String,
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub path: PathKind,
}

/// A file on its way to this device.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Transfer {
    /// Its id: the file's.
    pub id: String,
    /// The file.
    pub file: String,
    /// The file's name.
    pub name: String,
    /// The space.
    pub space: String,
    /// The folder that it goes to, under its name.
    pub folder: String,
    /// Verified bytes on this disk.
    pub done: u64,
    /// Bytes in all.
    pub size: u64,
    /// Bytes per second, lately.
    pub rate: f64,
    /// Seconds still to go; null when nobody can tell.
    #[schema(required = true)]
    pub eta_s: Option<f64>,
    /// Whom from.
    pub from: Vec<TransferSource>,
    /// How it goes.
    pub state: TransferState,
    /// Why it failed, in a sentence.
    #[schema(required = true)]
    pub error: Option<String>,
    /// Where it lies, once done.
    #[schema(required = true)]
    pub path: Option<String>,
}
