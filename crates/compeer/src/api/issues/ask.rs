//! What is asked about issues, from what travels to what spaces take.

use std::str::FromStr;

use compeer_core::{EntryHash, GroupId};
use compeer_spaces::{Day, Field, IssueFilter, IssueSort, Priority, Spaces, Status};
use serde::Deserialize;
use utoipa::IntoParams;

use super::dto;
use crate::error::ApiError;

/// Issues handed out when nothing else was said.
const USUAL_LIMIT: usize = 200;
/// Issues handed out at once, at most.
const MOST: usize = 5000;
/// Values of one kind that can be asked for at once.
const VALUES: usize = 200;

/// Which issues. Several values of one kind stand with commas between them, and one of them has to fit.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct IssueQuery {
    /// triage, backlog, todo, doing, review, done, cancelled; or `open`: all but the last two.
    status: Option<String>,
    /// urgent, high, medium, low, none.
    priority: Option<String>,
    /// Ids of people, `me`, `none`.
    assignee: Option<String>,
    /// Ids of people, `me`: who made them.
    author: Option<String>,
    /// Ids of labels.
    label: Option<String>,
    /// Ids of projects, `none`.
    project: Option<String>,
    /// Ids of cycles, `none`.
    cycle: Option<String>,
    /// The id or key of the issue they are part of.
    parent: Option<String>,
    /// Due at or before this day.
    due_by: Option<String>,
    /// Words that their title or key has in it, whatever the case.
    text: Option<String>,
    /// Those that were put away instead of the others.
    archived: Option<bool>,
    /// priority, created, updated, due, status, title.
    sort: Option<String>,
    /// How many to leave out at the beginning.
    offset: Option<usize>,
    /// How many at most, 1 to 5,000; 200 when left out.
    limit: Option<usize>,
}

fn not_understood(what: &str, value: &str) -> ApiError {
    ApiError::bad_request(
        format!("{} is no {what}.", crate::text::shorten(value)),
        "`/api/v1/openapi.json` describes what may stand there.",
    )
}

fn values(text: Option<String>) -> Result<Vec<String>, ApiError> {
    let values: Vec<String> = text
        .iter()
        .flat_map(|text| text.split(','))
        .map(|one| one.trim().to_owned())
        .filter(|one| !one.is_empty())
        .collect();
    if values.len() > VALUES {
        return Err(ApiError::bad_request("That are too many values.", "Ask for at most 200 of a kind."));
    }
    Ok(values)
}

pub(super) fn id<T: FromStr>(what: &str, text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| not_understood(what, text))
}

fn or_none<T: FromStr>(what: &str, text: &str) -> Result<Option<T>, ApiError> {
    if text == "none" { Ok(None) } else { id(what, text).map(Some) }
}

fn day(text: &str) -> Result<Day, ApiError> {
    Day::parse(text).ok_or_else(|| not_understood("day such as 2026-11-27", text))
}

fn person(spaces: &Spaces, text: &str) -> Result<GroupId, ApiError> {
    match spaces.me() {
        Some(me) if text == "me" => Ok(me.person),
        _ => id("person's id", text),
    }
}

pub(super) async fn filter(spaces: &Spaces, space: GroupId, query: IssueQuery) -> Result<IssueFilter, ApiError> {
    let mut status = Vec::new();
    for word in values(query.status)? {
        match word.as_str() {
            "open" => status.extend(Status::ALL.into_iter().filter(|status| !status.is_over())),
            word => status.push(Status::named(word).ok_or_else(|| not_understood("status", word))?),
        }
    }
    let priority = |word: &String| Priority::named(word).ok_or_else(|| not_understood("priority", word));
    let assignee = |text: &String| if text == "none" { Ok(None) } else { person(spaces, text).map(Some) };
    let sort = match query.sort.as_deref() {
        None | Some("priority") => IssueSort::Priority,
        Some("created") => IssueSort::Created,
        Some("updated") => IssueSort::Updated,
        Some("due") => IssueSort::Due,
        Some("status") => IssueSort::Status,
        Some("title") => IssueSort::Title,
        Some(other) => return Err(not_understood("order", other)),
    };
    let limit = query.limit.unwrap_or(USUAL_LIMIT);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::bad_request("The limit is out of range.", "Ask for 1 to 5,000 issues."));
    }
    let parent = match query.parent {
        Some(parent) => Some(spaces.find_issue(space, &parent).await?),
        None => None,
    };
    Ok(IssueFilter {
        status,
        priority: values(query.priority)?.iter().map(priority).collect::<Result<_, _>>()?,
        assignee: values(query.assignee)?.iter().map(assignee).collect::<Result<_, _>>()?,
        author: values(query.author)?.iter().map(|text| person(spaces, text)).collect::<Result<_, _>>()?,
        label: values(query.label)?.iter().map(|text| id("label's id", text)).collect::<Result<_, _>>()?,
        project: values(query.project)?.iter().map(|text| or_none("project's id", text)).collect::<Result<_, _>>()?,
        cycle: values(query.cycle)?.iter().map(|text| or_none("cycle's id", text)).collect::<Result<_, _>>()?,
        parent,
        due_by: query.due_by.as_deref().map(day).transpose()?,
        text: query.text.unwrap_or_default().chars().take(200).collect(),
        archived: query.archived.unwrap_or_default(),
        sort,
        offset: query.offset.unwrap_or_default(),
        limit,
    })
}

/// The fields that a change sets.
pub(super) async fn fields(spaces: &Spaces, space: GroupId, change: dto::IssueChange) -> Result<Vec<Field>, ApiError> {
    let mut fields = Vec::new();
    fields.extend(change.title.map(|title| Field::Title { text: title.trim().to_owned() }));
    fields.extend(change.status.map(|status| Field::Status { status: status.into() }));
    fields.extend(change.priority.map(|priority| Field::Priority { priority: priority.into() }));
    if let Some(assignee) = change.assignee {
        let person = assignee.map(|text| person(spaces, &text)).transpose()?;
        fields.push(Field::Assignee { person });
    }
    fields.extend(change.estimate.map(|points| Field::Estimate { points }));
    if let Some(due) = change.due {
        fields.push(Field::Due { day: due.as_deref().map(day).transpose()? });
    }
    if let Some(parent) = change.parent {
        let issue = match parent {
            Some(parent) => Some(spaces.find_issue(space, &parent).await?),
            None => None,
        };
        fields.push(Field::Parent { issue });
    }
    if let Some(project) = change.project {
        let project = project.map(|text| id("project's id", &text)).transpose()?;
        fields.push(Field::Project { project });
    }
    if let Some(cycle) = change.cycle {
        fields.push(Field::Cycle { cycle: cycle.map(|text| id("cycle's id", &text)).transpose()? });
    }
    fields.extend(change.description.map(|text| Field::Description { text }));
    fields.extend(change.archived.map(|on| Field::Archived { on }));
    for (labels, on) in [(change.add_labels, true), (change.remove_labels, false)] {
        for label in labels {
            fields.push(Field::Label { label: id::<EntryHash>("label's id", &label)?, on });
        }
    }
    for (issues, on) in [(change.add_blocks, true), (change.remove_blocks, false)] {
        for issue in issues {
            fields.push(Field::Blocks { issue: spaces.find_issue(space, &issue).await?, on });
        }
    }
    Ok(fields)
}

/// The fields of a label, project, cycle or saved view that a change sets.
pub(super) fn thing_fields(spaces: &Spaces, change: dto::IssueThingChange) -> Result<Vec<Field>, ApiError> {
    let mut fields = Vec::new();
    fields.extend(change.title.map(|title| Field::Title { text: title.trim().to_owned() }));
    fields.extend(change.hue.map(|degrees| Field::Hue { degrees }));
    if let Some(start) = change.start {
        fields.push(Field::Start { day: start.as_deref().map(day).transpose()? });
    }
    if let Some(due) = change.due {
        fields.push(Field::Due { day: due.as_deref().map(day).transpose()? });
    }
    if let Some(lead) = change.lead {
        fields.push(Field::Assignee { person: lead.map(|text| person(spaces, &text)).transpose()? });
    }
    fields.extend(change.description.map(|text| Field::Description { text }));
    fields.extend(change.query.map(|text| Field::Query { text }));
    fields.extend(change.archived.map(|on| Field::Archived { on }));
    Ok(fields)
}
