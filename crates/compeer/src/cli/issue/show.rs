//! Issues in words.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::Context;
use super::super::client::Client;
use super::super::find::find_space;
use super::super::output::{table, time};
use super::{ask, command};
use crate::api::dto;
use crate::error::ApiError;
use crate::text::{visible, visible_lines};

pub(super) fn status(status: dto::IssueStatus) -> &'static str {
    compeer_spaces::Status::from(status).word()
}

pub(super) fn priority(priority: dto::IssuePriority) -> &'static str {
    compeer_spaces::Priority::from(priority).word()
}

pub(super) fn mine(space: &dto::MyIssues) -> Vec<Vec<String>> {
    let cells = |issue: &dto::Issue| {
        vec![
            space.name.clone(),
            issue.key.clone(),
            status(issue.status).to_owned(),
            priority(issue.priority).to_owned(),
            issue.due.clone().unwrap_or_default(),
            issue.title.clone(),
        ]
    };
    space.issues.iter().map(cells).collect()
}

/// All about an issue, as scripts see it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    detail: dto::IssueDetail,
    activity: Vec<dto::Activity>,
    comments: Vec<dto::Message>,
}

pub(super) async fn show(context: &Context, client: &Client, space: &str, issue: &str) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let detail: dto::IssueDetail = client.get(&ask::path(&space, issue)?).await?;
    let id = &detail.issue.id;
    let activity: Vec<dto::Activity> = client.get(&format!("/spaces/{space}/issues/{id}/activity")).await?;
    let said: dto::MessagePage = client.get(&format!("/spaces/{space}/messages?place={id}&limit=1000")).await?;
    let setup: dto::IssueSetup = client.get(&format!("/spaces/{space}/issues/setup")).await?;
    let shown = Shown { detail, activity, comments: said.messages };
    context.out.either(&shown, || words(&space, &shown, &setup))
}

fn words(space: &str, shown: &Shown, setup: &dto::IssueSetup) -> String {
    let dto::IssueDetail { issue, description, above, parts, blocks, blocked_by, .. } = &shown.detail;
    let titled = |things: &[dto::IssueThing], id: &String| {
        things.iter().find(|thing| thing.id == *id).map(|thing| thing.title.clone()).unwrap_or_default()
    };
    let refs = |all: &[dto::IssueRef]| {
        let one = |other: &dto::IssueRef| format!("{} {} ({})", other.key, other.title, status(other.status));
        all.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let labels: Vec<String> = issue.labels.iter().map(|label| titled(&setup.labels, label)).collect();
    let facts = [
        ("Status", status(issue.status).to_owned()),
        ("Priority", priority(issue.priority).to_owned()),
        ("Assignee", issue.assignee.as_ref().map(|one| one.name.clone()).unwrap_or_default()),
        ("Estimate", issue.estimate.map(|points| points.to_string()).unwrap_or_default()),
        ("Due", issue.due.clone().unwrap_or_default()),
        ("Labels", labels.join(", ")),
        ("Project", issue.project.as_ref().map(|id| titled(&setup.projects, id)).unwrap_or_default()),
        ("Cycle", issue.cycle.as_ref().map(|id| titled(&setup.cycles, id)).unwrap_or_default()),
        ("Part of", refs(above.get(..1).unwrap_or_default())),
        ("Parts", refs(parts)),
        ("Blocks", refs(blocks)),
        ("Blocked by", refs(blocked_by)),
        ("Archived", if issue.archived { "yes".into() } else { String::new() }),
    ];
    let mut text = format!("{}  {}\n", issue.key, visible(&issue.title));
    for (name, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
        let _ = writeln!(text, "  {name}: {}", visible(fact));
    }
    if !description.is_empty() {
        let _ = write!(text, "\n{}\n", visible_lines(description));
    }
    text.push('\n');
    // Changes and comments, as they came.
    let mut lines: Vec<(u64, String)> = shown.activity.iter().map(|one| (one.time, change(one))).collect();
    lines.extend(shown.comments.iter().map(|message| {
        let said = visible_lines(&message.text).replace('\n', "\n    ");
        (message.time, format!("{}  {}\n    {said}\n", time(message.time), visible(&message.author_name)))
    }));
    lines.sort_by_key(|(at, _)| *at);
    text.extend(lines.into_iter().map(|(_, line)| line));
    if issue.unread > 0 {
        let _ =
            writeln!(text, "\n{} you have not read; the page marks them. {}", issue.unread, command(space, &issue.key));
    }
    text
}

fn change(one: &dto::Activity) -> String {
    let what = match (one.field.as_deref(), &one.from, &one.to) {
        (None, ..) => "made it".to_owned(),
        (Some("description"), ..) => "changed the description".to_owned(),
        (Some("archived"), _, to) => if to.is_some() { "put it away" } else { "took it out again" }.to_owned(),
        (Some(field), Some(from), Some(to)) => format!("{field}: {} → {}", visible(from), visible(to)),
        (Some(field), None, Some(to)) => format!("{field}: {}", visible(to)),
        (Some(field), Some(from), None) => format!("{field}: no longer {}", visible(from)),
        (Some(field), None, None) => format!("{field}: nothing"),
    };
    format!("{}  {}  {what}\n", time(one.time), visible(&one.person.name))
}

pub(super) fn setup(setup: &dto::IssueSetup) -> String {
    let kinds =
        [("label", &setup.labels), ("project", &setup.projects), ("cycle", &setup.cycles), ("view", &setup.views)];
    let line = |kind: &str, thing: &dto::IssueThing| {
        let days = [&thing.start, &thing.due].into_iter().flatten().cloned().collect::<Vec<_>>().join(" to ");
        vec![kind.to_owned(), thing.title.clone(), format!("{}/{}", thing.over, thing.issues), days]
    };
    let lines: Vec<_> = kinds.iter().flat_map(|(kind, things)| things.iter().map(|thing| line(kind, thing))).collect();
    format!("Keys begin with {}.\n", setup.prefix) + &table(&["KIND", "TITLE", "DONE", "DAYS"], &lines)
}

pub(super) fn report(report: &dto::ImportReport, look: bool) -> String {
    let mut text = match (report.made.len(), look) {
        (_, true) => format!("{} of {} rows can be issues.\n", report.good, report.rows),
        (made, false) => format!("Imported {made} of {} rows.\n", report.rows),
    };
    for (word, remarks) in [("cannot be an issue", &report.errors), ("note", &report.notes)] {
        for remark in remarks {
            let _ = writeln!(text, "line {}, {word}: {}", remark.line, visible(&remark.text));
        }
    }
    if !report.new.is_empty() {
        let _ = writeln!(text, "New labels, projects and cycles: {}", visible(&report.new.join(", ")));
    }
    if !report.ignored.is_empty() {
        let _ = writeln!(text, "Columns that are not read: {}", visible(&report.ignored.join(", ")));
    }
    text
}
