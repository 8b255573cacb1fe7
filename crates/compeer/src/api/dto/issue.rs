//! Issues, what they are sorted into, and tables of them. Days are written `2026-11-27`.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// How far an issue is, in the order of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum IssueStatus {
    /// Somebody has to look whether it is one at all.
    Triage,
    /// Perhaps some day.
    Backlog,
    /// Comes next.
    Todo,
    /// Somebody is at it.
    Doing,
    /// Made; somebody else looks at it.
    Review,
    /// Done.
    Done,
    /// Will not be done.
    Cancelled,
}

/// How much an issue matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum IssuePriority {
    /// Now, before all else.
    Urgent,
    /// Soon.
    High,
    /// As it comes.
    Medium,
    /// When there is time.
    Low,
    /// Nobody has said.
    None,
}

/// What something that issues are sorted into is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum IssueThingKind {
    /// Something that issues are marked with.
    Label,
    /// What many issues are for.
    Project,
    /// A stretch of days that issues are planned for.
    Cycle,
    /// A way to look at the issues.
    View,
}

/// Somebody an issue has to do with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssuePerson {
    /// Their id.
    pub person: String,
    /// Their name.
    pub name: String,
}

/// An issue as it stands in a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Issue {
    /// Its id.
    pub id: String,
    /// What it is called, such as `WEB-123`; with a suffix where several have that number.
    pub key: String,
    /// Its title: content, never markup.
    pub title: String,
    /// How far it is.
    pub status: IssueStatus,
    /// How much it matters.
    pub priority: IssuePriority,
    /// Who does it.
    #[schema(required = true)]
    pub assignee: Option<IssuePerson>,
    /// Points.
    #[schema(required = true)]
    pub estimate: Option<u16>,
    /// By which day.
    #[schema(required = true)]
    pub due: Option<String>,
    /// The id of the issue it is part of.
    #[schema(required = true)]
    pub parent: Option<String>,
    /// The ids of its labels.
    pub labels: Vec<String>,
    /// The id of its project.
    #[schema(required = true)]
    pub project: Option<String>,
    /// The id of its cycle.
    #[schema(required = true)]
    pub cycle: Option<String>,
    /// Whether one that blocks it is not over.
    pub blocked: bool,
    /// How many issues are part of it.
    pub parts: u64,
    /// How many of those are over.
    pub parts_over: u64,
    /// Messages said at it: those whose `place` it is.
    pub comments: u64,
    /// How many of those I have not read.
    pub unread: u64,
    /// How many of those name me.
    pub mentions: u64,
    /// When it was made.
    pub created: u64,
    /// When a field of it was last set.
    pub updated: u64,
    /// Who made it.
    pub author: IssuePerson,
    /// Whether it was put away.
    pub archived: bool,
}

/// Issues that fit a filter.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssuePage {
    /// Some of them, in order.
    pub issues: Vec<Issue>,
    /// How many there are in all.
    pub total: u64,
}

/// Another issue, as far as a line about it needs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssueRef {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub key: String,
    /// Its title.
    pub title: String,
    /// How far it is.
    pub status: IssueStatus,
}

/// Everything about one issue but what is said at it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssueDetail {
    /// As in a list.
    pub issue: Issue,
    /// What it is about, in Markdown: content, never markup.
    pub description: String,
    /// What it is part of, the nearest first.
    pub above: Vec<IssueRef>,
    /// What is part of it.
    pub parts: Vec<IssueRef>,
    /// What cannot be done before it.
    pub blocks: Vec<IssueRef>,
    /// What has to be done before it.
    pub blocked_by: Vec<IssueRef>,
    /// The oldest message at it that I have not read.
    #[schema(required = true)]
    pub first_unread: Option<String>,
}

/// Tells null, which takes something away, from what is left out.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// What shall be different about an issue; what is left out stays, and null takes away. Where an issue's id can stand, so can
/// its key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueChange {
    /// One line of at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub title: Option<String>,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub status: Option<IssueStatus>,
    /// How much it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub priority: Option<IssuePriority>,
    /// Who does it: a person's id, or `me`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub assignee: Option<Option<String>>,
    /// Points, at most 1,000.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u16>)]
    pub estimate: Option<Option<u16>>,
    /// By which day.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub due: Option<Option<String>>,
    /// The issue it is part of.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub parent: Option<Option<String>>,
    /// Its project.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub project: Option<Option<String>>,
    /// Its cycle.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cycle: Option<Option<String>>,
    /// What it is about, in Markdown: at most 32 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<String>,
    /// Whether it is put away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub archived: Option<bool>,
    /// Ids of labels it gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub add_labels: Vec<String>,
    /// Ids of labels it loses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub remove_labels: Vec<String>,
    /// Issues that cannot be done before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub add_blocks: Vec<String>,
    /// Issues that can, after all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub remove_blocks: Vec<String>,
}

/// The same change of many issues.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuesChange {
    /// Which, by id or key: at most 1,000.
    pub issues: Vec<String>,
    /// What shall be different.
    pub change: IssueChange,
}

/// Issues as they are after a change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Issues {
    /// In the order they were named.
    pub issues: Vec<Issue>,
}

/// One change of an issue. The first is its making.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Activity {
    /// When.
    pub time: u64,
    /// Who.
    pub person: IssuePerson,
    /// Which field: title, status, priority, assignee, estimate, due, parent, label, blocks, project, cycle, description or
    /// archived; null for its making.
    #[schema(required = true)]
    pub field: Option<String>,
    /// What that was before, in words: content, never markup. Null for nothing, and for a description.
    #[schema(required = true)]
    pub from: Option<String>,
    /// What it became.
    #[schema(required = true)]
    pub to: Option<String>,
}

/// A text that an issue's description had.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Description {
    /// Markdown.
    pub text: String,
    /// Since when.
    pub time: u64,
    /// Who wrote it.
    pub author_name: String,
}

/// A label, project, cycle or saved view.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssueThing {
    /// Its id.
    pub id: String,
    /// Its title: content, never markup.
    pub title: String,
    /// A label's colour, in degrees.
    #[schema(required = true)]
    pub hue: Option<u16>,
    /// The first day.
    #[schema(required = true)]
    pub start: Option<String>,
    /// The last day.
    #[schema(required = true)]
    pub due: Option<String>,
    /// Who leads a project.
    #[schema(required = true)]
    pub lead: Option<IssuePerson>,
    /// A project's description, in Markdown.
    pub description: String,
    /// What a saved view asks for, as in the address of a list of issues.
    pub query: String,
    /// Whether it was put away.
    pub archived: bool,
    /// How many issues are in it, put away ones aside.
    pub issues: u64,
    /// How many of those are over.
    pub over: u64,
}

/// What the issues of a space are sorted into.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssueSetup {
    /// How keys begin.
    pub prefix: String,
    /// Labels, by title.
    pub labels: Vec<IssueThing>,
    /// Projects, by title.
    pub projects: Vec<IssueThing>,
    /// Cycles, the last first.
    pub cycles: Vec<IssueThing>,
    /// Saved views, by title.
    pub views: Vec<IssueThing>,
}

/// How keys shall begin.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyPrefix {
    /// 2 to 5 letters.
    pub prefix: String,
}

/// What shall be different about a label, project, cycle or saved view; what is left out stays, and null takes away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueThingChange {
    /// One line of at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub title: Option<String>,
    /// A label's colour, in degrees from 0 to 359.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hue: Option<u16>,
    /// The first day.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub start: Option<Option<String>>,
    /// The last day.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub due: Option<Option<String>>,
    /// Who leads a project: a person's id, or `me`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub lead: Option<Option<String>>,
    /// A project's description, in Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<String>,
    /// What a saved view asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub query: Option<String>,
    /// Whether it is put away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub archived: Option<bool>,
}

/// A label, project, cycle or saved view to make.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIssueThing {
    /// What it is.
    pub kind: IssueThingKind,
    /// What its fields are; it needs a title.
    pub fields: IssueThingChange,
}

/// A table of issues to make.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueImport {
    /// Comma-separated values, or with semicolons or tabs: at most 5,000 rows and 8 MiB. The first row names the columns.
    pub table: String,
    /// Only say what would come of it.
    #[serde(default)]
    pub look: bool,
    /// Leave out rows that cannot be issues; otherwise nothing is made when there is one.
    #[serde(default)]
    pub skip: bool,
}

/// Something about a row of a table.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ImportRemark {
    /// The line in which the row begins, from 1.
    pub line: u64,
    /// What is to be said.
    pub text: String,
}

/// What became of a table, or would.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ImportReport {
    /// Rows with something in them, the first aside.
    pub rows: u64,
    /// How many of them can be issues.
    pub good: u64,
    /// The ids of the issues that were made, in order; none while only looking, or when there are errors.
    pub made: Vec<String>,
    /// Labels, projects and cycles that are new, by title.
    pub new: Vec<String>,
    /// Rows that cannot be issues; of very many, the first 500.
    pub errors: Vec<ImportRemark>,
    /// What is left out.
    pub notes: Vec<ImportRemark>,
    /// Columns that are not read.
    pub ignored: Vec<String>,
}

/// What I have to do in one space.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MyIssues {
    /// The space's id.
    pub space: String,
    /// Its name.
    pub name: String,
    /// Open issues that are mine, the most urgent first.
    pub issues: Vec<Issue>,
}
