//! What somebody typed about issues, as it is asked of the peer.

use axum::http::StatusCode;
use compeer_core::EntryHash;
use compeer_spaces::{HIGHEST_ESTIMATE, Key};

use super::super::args::{IssueFields, IssueFilter};
use super::super::chat::typed;
use super::super::client::Client;
use super::super::find::{Typed, find_member, find_thing, short};
use super::show;
use crate::api::dto;
use crate::error::ApiError;
use crate::text::shorten;

/// What takes something away, or asks for what has none.
const NONE: &str = "none";

/// A key, number or id, as it can stand in an address. Nothing else leads to an issue.
pub(super) fn key(space: &str, wanted: &str) -> Result<String, ApiError> {
    let wanted = wanted.trim().trim_start_matches('#');
    let is_number = !wanted.is_empty() && wanted.len() < 10 && wanted.bytes().all(|byte| byte.is_ascii_digit());
    if is_number || Key::parse(wanted).is_some() || wanted.parse::<EntryHash>().is_ok() {
        return Ok(wanted.to_owned());
    }
    Err(ApiError::new(
        StatusCode::NOT_FOUND,
        "issue-not-found",
        "No such issue",
        format!("There is no issue with the key {}.", shorten(wanted)),
        format!("`compeer issue list {}` shows them with their keys, such as WEB-123.", short(space)),
    ))
}

pub(super) fn path(space: &str, wanted: &str) -> Result<String, ApiError> {
    Ok(format!("/spaces/{space}/issues/{}", key(space, wanted)?))
}

/// The id of a label, project, cycle or saved view.
pub(super) async fn thing(
    client: &Client,
    space: &str,
    kind: dto::IssueThingKind,
    wanted: &str,
) -> Result<String, ApiError> {
    let setup: dto::IssueSetup = client.get(&format!("/spaces/{space}/issues/setup")).await?;
    let (things, word) = match kind {
        dto::IssueThingKind::Label => (setup.labels, "label"),
        dto::IssueThingKind::Project => (setup.projects, "project"),
        dto::IssueThingKind::Cycle => (setup.cycles, "cycle"),
        dto::IssueThingKind::View => (setup.views, "saved view"),
    };
    let things = things.into_iter().map(|thing| (thing.id, thing.title, format!("{} issues", thing.issues)));
    find_thing(space, word, things.collect(), wanted)
}

/// The id of a label, which is made if it is not there yet.
pub(super) async fn label(client: &Client, space: &str, wanted: &str) -> Result<String, ApiError> {
    match thing(client, space, dto::IssueThingKind::Label, wanted).await {
        Err(error) if error.status == StatusCode::NOT_FOUND => {
            let fields = dto::IssueThingChange { title: Some(wanted.to_owned()), ..dto::IssueThingChange::default() };
            let new = dto::NewIssueThing { kind: dto::IssueThingKind::Label, fields };
            let made: dto::IssueThing = client.post(&format!("/spaces/{space}/issues/things"), &new).await?;
            Ok(made.id)
        }
        found => found,
    }
}

async fn person(client: &Client, space: &str, wanted: &str) -> Result<String, ApiError> {
    if wanted == "me" {
        return Ok(wanted.to_owned());
    }
    Ok(find_member(client, space, wanted, Typed::Start).await?.0)
}

pub(super) async fn change(client: &Client, space: &str, typed_in: IssueFields) -> Result<dto::IssueChange, ApiError> {
    let IssueFields { status, priority, assignee, estimate, due, parent, project, cycle, description, label: labels } =
        typed_in;
    let mut change = dto::IssueChange { status, priority, ..dto::IssueChange::default() };
    let or_none = |text: String| (text != NONE).then_some(text);
    if let Some(assignee) = assignee {
        change.assignee = Some(match or_none(assignee) {
            Some(wanted) => Some(person(client, space, &wanted).await?),
            None => None,
        });
    }
    if let Some(estimate) = estimate {
        let points = |text: String| {
            text.parse::<u16>().ok().filter(|points| *points <= HIGHEST_ESTIMATE).ok_or_else(|| {
                ApiError::bad_request(
                    format!("{} is no estimate.", shorten(&text)),
                    "Give points from 0 to 1,000, or `none`.",
                )
            })
        };
        change.estimate = Some(or_none(estimate).map(points).transpose()?);
    }
    change.due = due.map(or_none);
    change.parent = parent.map(|parent| or_none(parent).map(|parent| key(space, &parent)).transpose()).transpose()?;
    if let Some(project) = project {
        change.project = Some(match or_none(project) {
            Some(wanted) => Some(thing(client, space, dto::IssueThingKind::Project, &wanted).await?),
            None => None,
        });
    }
    if let Some(cycle) = cycle {
        change.cycle = Some(match or_none(cycle) {
            Some(wanted) => Some(thing(client, space, dto::IssueThingKind::Cycle, &wanted).await?),
            None => None,
        });
    }
    change.description = description.map(typed).transpose()?;
    for wanted in labels {
        change.add_labels.push(label(client, space, &wanted).await?);
    }
    Ok(change)
}

/// What follows the question mark.
pub(super) async fn query(client: &Client, space: &str, filter: IssueFilter) -> Result<String, ApiError> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let status: Vec<&str> = filter.status.iter().map(|status| show::status(*status)).collect();
    // What was put away is shown however far it is.
    let usual = if filter.archived { "" } else { "open" };
    query.append_pair("status", &if status.is_empty() { usual.to_owned() } else { status.join(",") });
    let priority: Vec<&str> = filter.priority.iter().map(|priority| show::priority(*priority)).collect();
    query.append_pair("priority", &priority.join(","));
    let mut people = Vec::new();
    for wanted in &filter.assignee {
        people.push(if wanted == NONE { wanted.clone() } else { person(client, space, wanted).await? });
    }
    query.append_pair("assignee", &people.join(","));
    for (name, kind, all) in [
        ("label", dto::IssueThingKind::Label, &filter.label),
        ("project", dto::IssueThingKind::Project, &filter.project),
        ("cycle", dto::IssueThingKind::Cycle, &filter.cycle),
    ] {
        let mut ids = Vec::new();
        for wanted in all {
            let is_none = wanted == NONE && kind != dto::IssueThingKind::Label;
            ids.push(if is_none { wanted.clone() } else { thing(client, space, kind, wanted).await? });
        }
        query.append_pair(name, &ids.join(","));
    }
    if let Some(parent) = &filter.parent {
        query.append_pair("parent", &key(space, parent)?);
    }
    if let Some(day) = &filter.due_by {
        query.append_pair("due_by", day);
    }
    if let Some(text) = &filter.text {
        query.append_pair("text", text);
    }
    query.append_pair("archived", if filter.archived { "true" } else { "false" });
    query.append_pair("sort", &filter.sort).append_pair("limit", &filter.limit.to_string());
    Ok(query.finish())
}
