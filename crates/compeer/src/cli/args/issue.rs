//! What can be typed about issues.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::api::dto::{IssuePriority, IssueStatus};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Issue {
    /// Make an issue.
    Create {
        /// The space's name or id.
        space: String,
        /// What it is called.
        title: String,
        #[command(flatten)]
        fields: Box<Fields>,
    },
    /// List issues, the most urgent first: those in which there is something to do, unless a status is named.
    List {
        /// The space's name or id.
        space: String,
        #[command(flatten)]
        filter: Box<Filter>,
    },
    /// List what you have to do, in all spaces.
    Mine,
    /// Show an issue, what became of it, and what was said at it.
    Show {
        /// The space's name or id.
        space: String,
        /// Its key, such as WEB-123, or its id.
        issue: String,
    },
    /// Change issues, all of them or none. `none` takes something away.
    #[command(arg_required_else_help = true)]
    Set {
        /// The space's name or id.
        space: String,
        /// Their keys or ids.
        #[arg(required = true, value_name = "ISSUE")]
        issues: Vec<String>,
        /// Another title.
        #[arg(long)]
        title: Option<String>,
        #[command(flatten)]
        fields: Box<Fields>,
        /// An issue that can only be done after these. Can be given several times.
        #[arg(long, value_name = "ISSUE")]
        blocks: Vec<String>,
        /// An issue that can be done before these, after all.
        #[arg(long, value_name = "ISSUE")]
        unblocks: Vec<String>,
        /// Put them away.
        #[arg(long)]
        archive: bool,
        /// Take them out again.
        #[arg(long, conflicts_with = "archive")]
        restore: bool,
    },
    /// Say something at an issue.
    Comment {
        /// The space's name or id.
        space: String,
        /// Its key or id.
        issue: String,
        /// The text, or `-` to read it from stdin.
        #[arg(allow_hyphen_values = true)]
        text: String,
    },
    /// Give issues a label. One that is not there yet is made.
    Label {
        /// The space's name or id.
        space: String,
        /// The label's title or id.
        label: String,
        /// The issues' keys or ids.
        #[arg(required = true, value_name = "ISSUE")]
        issues: Vec<String>,
        /// Take it away.
        #[arg(long)]
        undo: bool,
    },
    /// Show what the issues of a space are sorted into, or say how their keys begin.
    Setup {
        /// The space's name or id.
        space: String,
        /// 2 to 5 letters; only managers can choose them. Keys that began otherwise are still understood.
        #[arg(long, value_name = "LETTERS")]
        prefix: Option<String>,
    },
    /// Make issues of a table, as `compeer issue export`, Linear, Jira or GitHub write it.
    ///
    /// The whole table is looked at first. When one row cannot be an issue, nothing is made, and it is said which.
    Import {
        /// The space's name or id.
        space: String,
        /// A file of comma-separated values, of at most 8 MB, or `-` for stdin.
        file: PathBuf,
        /// Only look.
        #[arg(long)]
        look: bool,
        /// Leave out rows that cannot be issues.
        #[arg(long)]
        skip: bool,
    },
    /// Print all issues of a space as comma-separated values.
    ///
    /// A cell that a spreadsheet would take for a formula has a ' before it, which importing takes away again.
    Export {
        /// The space's name or id.
        space: String,
    },
}

/// What an issue's fields shall be.
#[derive(Debug, Args)]
pub(in crate::cli) struct Fields {
    /// How far it is.
    #[arg(long, value_enum)]
    pub(in crate::cli) status: Option<IssueStatus>,
    /// How much it matters.
    #[arg(long, value_enum)]
    pub(in crate::cli) priority: Option<IssuePriority>,
    /// Who does it: a person's name or id, `me`, or `none`.
    #[arg(long, value_name = "PERSON")]
    pub(in crate::cli) assignee: Option<String>,
    /// Points from 0 to 1,000, or `none`.
    #[arg(long, value_name = "POINTS")]
    pub(in crate::cli) estimate: Option<String>,
    /// By which day, such as 2026-11-27, or `none`.
    #[arg(long, value_name = "DAY")]
    pub(in crate::cli) due: Option<String>,
    /// The issue it is part of: its key or id, or `none`.
    #[arg(long, value_name = "ISSUE")]
    pub(in crate::cli) parent: Option<String>,
    /// Its project: the title or id, or `none`.
    #[arg(long)]
    pub(in crate::cli) project: Option<String>,
    /// Its cycle: the title or id, or `none`.
    #[arg(long)]
    pub(in crate::cli) cycle: Option<String>,
    /// What it is about, in Markdown, or `-` to read it from stdin.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(in crate::cli) description: Option<String>,
    /// A label it gets: the title or id. Can be given several times.
    #[arg(long, value_name = "LABEL")]
    pub(in crate::cli) label: Vec<String>,
}

/// Which issues. Of several values of one kind, one has to fit.
#[derive(Debug, Args)]
pub(in crate::cli) struct Filter {
    /// How far they are. Can be given several times.
    #[arg(long, value_enum)]
    pub(in crate::cli) status: Vec<IssueStatus>,
    /// How much they matter. Can be given several times.
    #[arg(long, value_enum)]
    pub(in crate::cli) priority: Vec<IssuePriority>,
    /// Who does them: a person's name or id, `me`, or `none`. Can be given several times.
    #[arg(long, value_name = "PERSON")]
    pub(in crate::cli) assignee: Vec<String>,
    /// A label they have: the title or id. Can be given several times.
    #[arg(long, value_name = "LABEL")]
    pub(in crate::cli) label: Vec<String>,
    /// Their project: the title or id, or `none`. Can be given several times.
    #[arg(long)]
    pub(in crate::cli) project: Vec<String>,
    /// Their cycle: the title or id, or `none`. Can be given several times.
    #[arg(long)]
    pub(in crate::cli) cycle: Vec<String>,
    /// What they are part of: a key or id.
    #[arg(long, value_name = "ISSUE")]
    pub(in crate::cli) parent: Option<String>,
    /// Due at or before this day, such as 2026-11-27.
    #[arg(long, value_name = "DAY")]
    pub(in crate::cli) due_by: Option<String>,
    /// Words that their title or key has in it.
    #[arg(long)]
    pub(in crate::cli) text: Option<String>,
    /// Those that were put away instead of the others.
    #[arg(long)]
    pub(in crate::cli) archived: bool,
    /// By what they are sorted.
    #[arg(long, default_value = "priority", value_parser = ["priority", "created", "updated", "due", "status", "title"])]
    pub(in crate::cli) sort: String,
    /// How many at most.
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(in crate::cli) limit: u32,
}
