//! `compeer issue`: what is to be done.

mod ask;
mod show;

use std::io::Read as _;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::Context;
use super::args::Issue;
use super::chat::typed;
use super::client::Client;
use super::find::{find_space, short};
use super::output::table;
use crate::api::dto;
use crate::error::ApiError;

/// Bytes of a table that is read: with what JSON adds, it fits into a request.
const TABLE_BYTES: u64 = 8 * 1000 * 1000;

/// An issue as scripts see it.
#[derive(Serialize)]
struct Row {
    id: String,
    key: String,
    title: String,
    status: dto::IssueStatus,
    priority: dto::IssuePriority,
    assignee: Option<String>,
    estimate: Option<u16>,
    due: Option<String>,
    blocked: bool,
    unread: u64,
}

impl From<dto::Issue> for Row {
    fn from(issue: dto::Issue) -> Self {
        let dto::Issue { id, key, title, status, priority, assignee, estimate, due, blocked, unread, .. } = issue;
        Self {
            id,
            key,
            title,
            status,
            priority,
            assignee: assignee.map(|one| one.name),
            estimate,
            due,
            blocked,
            unread,
        }
    }
}

pub(super) async fn run(context: &Context, verb: Issue) -> Result<(), ApiError> {
    let client = context.client()?;
    match verb {
        Issue::Create { space, title, fields } => {
            let space = find_space(&client, &space).await?;
            let mut change = ask::change(&client, &space, *fields).await?;
            change.title = Some(title);
            let made: dto::IssueDetail = client.post(&format!("/spaces/{space}/issues"), &change).await?;
            let key = made.issue.key.clone();
            context.out.either(&Row::from(made.issue), || format!("{key}\n"))
        }
        Issue::List { space, filter } => {
            let space = find_space(&client, &space).await?;
            let query = ask::query(&client, &space, *filter).await?;
            let page: dto::IssuePage = client.get(&format!("/spaces/{space}/issues?{query}")).await?;
            let more = page.total.saturating_sub(page.issues.len() as u64);
            let rows: Vec<Row> = page.issues.into_iter().map(Row::from).collect();
            context.out.either(&rows, || {
                let lines: Vec<_> = rows.iter().map(cells).collect();
                let rest = if more > 0 {
                    format!("… and {more} more: --limit shows more of them.\n")
                } else {
                    String::new()
                };
                table(&["KEY", "STATUS", "PRIORITY", "ASSIGNEE", "DUE", "TITLE"], &lines) + &rest
            })
        }
        Issue::Mine => {
            let mine: Vec<dto::MyIssues> = client.get("/issues/mine").await?;
            let lines: Vec<Vec<String>> = mine.iter().flat_map(show::mine).collect();
            context.out.either(&mine, || table(&["SPACE", "KEY", "STATUS", "PRIORITY", "DUE", "TITLE"], &lines))
        }
        Issue::Show { space, issue } => show::show(context, &client, &space, &issue).await,
        Issue::Set { space, issues, title, fields, blocks, unblocks, archive, restore } => {
            let space = find_space(&client, &space).await?;
            let mut change = ask::change(&client, &space, *fields).await?;
            change.title = title;
            change.archived = (archive || restore).then_some(archive);
            change.add_blocks = blocks;
            change.remove_blocks = unblocks;
            if change == dto::IssueChange::default() {
                return Err(ApiError::bad_request(
                    "Nothing is to be changed.",
                    "`compeer issue set --help` shows what can be.",
                ));
            }
            set(context, &client, &space, issues, change).await
        }
        Issue::Comment { space, issue, text } => {
            let space = find_space(&client, &space).await?;
            let found: dto::IssueDetail = client.get(&ask::path(&space, &issue)?).await?;
            let place = Some(found.issue.id);
            let message = dto::NewMessage { text: typed(text)?, place, ..dto::NewMessage::default() };
            let sent: dto::Message = client.post(&format!("/spaces/{space}/messages"), &message).await?;
            context.out.either(&json!({ "id": sent.id }), || format!("Said at {}.\n", found.issue.key))
        }
        Issue::Label { space, label, issues, undo } => {
            let space = find_space(&client, &space).await?;
            let label = if undo {
                ask::thing(&client, &space, dto::IssueThingKind::Label, &label).await?
            } else {
                ask::label(&client, &space, &label).await?
            };
            let labels = vec![label];
            let change = if undo {
                dto::IssueChange { remove_labels: labels, ..dto::IssueChange::default() }
            } else {
                dto::IssueChange { add_labels: labels, ..dto::IssueChange::default() }
            };
            set(context, &client, &space, issues, change).await
        }
        Issue::Setup { space, prefix } => {
            let space = find_space(&client, &space).await?;
            let path = format!("/spaces/{space}/issues/setup");
            let setup: dto::IssueSetup = match prefix {
                Some(prefix) => client.patch(&path, &dto::KeyPrefix { prefix }).await?,
                None => client.get(&path).await?,
            };
            context.out.either(&setup, || show::setup(&setup))
        }
        Issue::Import { space, file, look, skip } => {
            let space = find_space(&client, &space).await?;
            let import = dto::IssueImport { table: read_table(&file)?, look, skip };
            let report: dto::ImportReport = client.post(&format!("/spaces/{space}/issues/import"), &import).await?;
            let failed = report.made.is_empty() && !report.errors.is_empty();
            context.out.either(&report, || show::report(&report, look))?;
            if failed && !look {
                return Err(ApiError::bad_request(
                    "Nothing was imported.",
                    "Mend these rows, or leave them out with `--skip`.",
                ));
            }
            Ok(())
        }
        Issue::Export { space } => {
            let space = find_space(&client, &space).await?;
            let table = client.text(&format!("/spaces/{space}/issues/export")).await?;
            if context.out.is_json() { context.out.json(&json!({ "table": table })) } else { context.out.raw(&table) }
        }
    }
}

async fn set(
    context: &Context,
    client: &Client,
    space: &str,
    issues: Vec<String>,
    change: dto::IssueChange,
) -> Result<(), ApiError> {
    let issues = issues.iter().map(|issue| ask::key(space, issue)).collect::<Result<_, _>>()?;
    let body = dto::IssuesChange { issues, change };
    let changed: dto::Issues = client.post(&format!("/spaces/{space}/issues/change"), &body).await?;
    let rows: Vec<Row> = changed.issues.into_iter().map(Row::from).collect();
    context.out.either(&rows, || {
        let lines: Vec<_> = rows.iter().map(cells).collect();
        table(&["KEY", "STATUS", "PRIORITY", "ASSIGNEE", "DUE", "TITLE"], &lines)
    })
}

fn cells(row: &Row) -> Vec<String> {
    let title = if row.blocked { format!("{} (blocked)", row.title) } else { row.title.clone() };
    vec![
        row.key.clone(),
        show::status(row.status).to_owned(),
        show::priority(row.priority).to_owned(),
        row.assignee.clone().unwrap_or_default(),
        row.due.clone().unwrap_or_default(),
        title,
    ]
}

/// A table from a file or stdin, no longer than one that can be sent.
fn read_table(file: &Path) -> Result<String, ApiError> {
    let unreadable = |error: std::io::Error| {
        ApiError::bad_request(
            format!("{} cannot be read: {error}.", crate::text::shorten(&file.to_string_lossy())),
            "Name a file of comma-separated values, or `-` for stdin.",
        )
    };
    let mut table = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().take(TABLE_BYTES + 1).read_to_end(&mut table).map_err(unreadable)?;
    } else {
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        opened.take(TABLE_BYTES + 1).read_to_end(&mut table).map_err(unreadable)?;
    }
    if table.len() as u64 > TABLE_BYTES {
        return Err(ApiError::bad_request("The table is larger than 8 MB.", "Import it in parts."));
    }
    String::from_utf8(table).map_err(|_| {
        ApiError::bad_request("The table is no text in UTF-8.", "Save it as CSV in UTF-8, and import that.")
    })
}

/// How an issue is asked for by a command that is told to somebody.
fn command(space: &str, key: &str) -> String {
    format!("`compeer issue show {} {key}`", short(space))
}
