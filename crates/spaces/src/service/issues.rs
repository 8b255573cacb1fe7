//! Issues: made, looked for, changed, many at once.

mod activity;
pub(crate) mod csv;
pub(crate) mod export;
mod import;
mod things;

pub use csv::CsvError;
pub use import::{ImportOptions, ImportReport, RowError, RowNote};

use std::collections::HashMap;

use compeer_core::group::{Level, Member, Rules};
use compeer_core::{EntryHash, GroupId};

use super::{Spaces, name_or_id};
use crate::error::{ActError, ViewError};
use crate::model::{Field, IssueDetail, IssueFilter, IssueInfo, Key, Kind, Op, Status};
use crate::view::{IssueRow, View};

/// Issues handed out at once, at most.
const ISSUES: usize = 5000;
/// Issues that can be changed at once.
const CHANGED: usize = 1000;

type Names = HashMap<GroupId, (String, bool)>;

impl Spaces {
    /// The issues of a space that fit, in order, and how many there are in all.
    pub async fn issues(&self, space: GroupId, filter: IssueFilter) -> Result<(Vec<IssueInfo>, u64), ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let filter = IssueFilter { limit: filter.limit.clamp(1, ISSUES), ..filter };
        let found = move |view: &View| {
            let filter = IssueFilter { label: same_title(view, &space, &filter.label)?, ..filter };
            let (rows, total) = view.issues(&space, &filter)?;
            Ok((infos(view, &space, rows)?, total))
        };
        Ok(self.inner.view.with(found).await?)
    }

    /// Everything about one issue but what is said at it.
    pub async fn issue(&self, space: GroupId, issue: EntryHash) -> Result<IssueDetail, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let found = move |view: &View| {
            let Some(row) = view.issue(&space, &issue)? else { return Ok(None) };
            let Some(info) = infos(view, &space, vec![row])?.pop() else { return Ok(None) };
            Ok(Some(IssueDetail {
                first_unread: if info.unread > 0 { view.first_unread(&space, Some(&issue))? } else { None },
                issue: info,
                description: view.description(&space, &issue)?,
                above: view.above(&space, &issue)?,
                parts: view.parts(&space, &issue)?,
                blocks: view.blocks(&space, &issue)?,
                blocked_by: view.blocked_by(&space, &issue)?,
            }))
        };
        self.inner.view.with(found).await?.ok_or(ActError::UnknownIssue)
    }

    /// The issue that a text names: its id, a key such as `WEB-123` or `web-123-k7`, or its number alone. A key that several
    /// issues have is not one of them.
    pub async fn find_issue(&self, space: GroupId, text: &str) -> Result<EntryHash, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        if let Ok(id) = text.parse::<EntryHash>() {
            let row = self.inner.view.with(move |view| view.issue(&space, &id)).await?;
            return row.map(|row| row.hash).ok_or(ActError::UnknownIssue);
        }
        let text = text.trim().trim_start_matches('#').to_owned();
        let found = move |view: &View| {
            let numbered = |prefix: String| Key::parse(&format!("{prefix}-{text}"));
            let key = Key::parse(&text).or(numbered(view.prefix(&space)?));
            key.map_or(Ok(Vec::new()), |key| view.by_key(&space, &key))
        };
        let mut found = self.inner.view.with(found).await?;
        match found.len() {
            0 => Err(ActError::UnknownIssue),
            1 => Ok(found.remove(0).0),
            _ => Err(ActError::SeveralIssues(found.into_iter().map(|(_, key)| key).collect())),
        }
    }

    /// Makes an issue, with the number that comes next as far as this device knows.
    pub async fn create_issue(&self, space: GroupId, fields: Vec<Field>) -> Result<IssueDetail, ActError> {
        self.person_id()?;
        let rules = self.rules_to_make(&space)?;
        self.check_fields(space, &rules, &[], &fields).await?;
        let made = self.number_and_make(space, vec![fields]).await?;
        self.issue(space, made[0]).await
    }

    /// Makes issues with these fields, which are checked.
    async fn number_and_make(&self, space: GroupId, all: Vec<Vec<Field>>) -> Result<Vec<EntryHash>, ActError> {
        // Nobody else on this device takes a number until these are seen.
        let turn = self.inner.numbering.lock().await;
        self.catch_up(space).await;
        let first = self.inner.view.with(move |view| view.next_number(&space)).await?;
        let make = |(number, mut fields): (u32, Vec<Field>)| {
            fields.insert(0, Field::Number { number });
            Op::Make { kind: Kind::Issue, fields }.encode()
        };
        let ops = (first..).zip(all).map(make).collect::<Result<Vec<_>, _>>()?;
        let made = self.inner.journal.append_all(space, ops).await?;
        self.catch_up(space).await;
        drop(turn);
        Ok(made.into_iter().map(|made| made.hash).collect())
    }

    /// Sets fields of many issues, in one go. What is so already is left. The issues, as they are then.
    pub async fn change_issues(
        &self,
        space: GroupId,
        issues: Vec<EntryHash>,
        fields: Vec<Field>,
    ) -> Result<Vec<IssueInfo>, ActError> {
        let rules = self.rules_for(&space, Level::Write)?;
        if issues.len() > CHANGED {
            return Err(ActError::TooMany(CHANGED));
        }
        self.catch_up(space).await;
        self.check_fields(space, &rules, &issues, &fields).await?;
        let asked = issues.clone();
        let changes = move |view: &View| {
            let mut changes = Vec::new();
            for issue in asked {
                let Some(row) = view.issue(&space, &issue)? else { return Ok(None) };
                let mut other = Vec::new();
                for field in &fields {
                    if !is_so(view, &space, &row, field)? {
                        other.push(field.clone());
                    }
                }
                if !other.is_empty() {
                    changes.push(Op::Set { object: issue, fields: other });
                }
            }
            Ok(Some(changes))
        };
        let changes = self.inner.view.with(changes).await?.ok_or(ActError::UnknownIssue)?;
        if !changes.is_empty() {
            let ops = changes.iter().map(Op::encode).collect::<Result<Vec<_>, _>>()?;
            self.inner.journal.append_all(space, ops).await?;
            self.catch_up(space).await;
        }
        let found = move |view: &View| {
            let rows = issues.iter().map(|issue| view.issue(&space, issue)).collect::<Result<Vec<_>, _>>()?;
            infos(view, &space, rows.into_iter().flatten().collect())
        };
        Ok(self.inner.view.with(found).await?)
    }

    /// Whether fields can be set to this: the values themselves, and that what they name is here.
    async fn check_fields(
        &self,
        space: GroupId,
        rules: &Rules,
        issues: &[EntryHash],
        fields: &[Field],
    ) -> Result<(), ActError> {
        if !fields.is_empty() {
            Op::Set { object: EntryHash::from_bytes([0; 32]), fields: fields.to_vec() }.encode()?;
        } else if !issues.is_empty() {
            return Err(ActError::Content(crate::model::OpError::Empty));
        }
        let kind = async |id: EntryHash| self.inner.view.with(move |view| view.kind(&space, &id)).await;
        for field in fields {
            let wanted = match field {
                Field::Assignee { person: Some(person) } if !rules.members().contains_key(&Member::Group(*person)) => {
                    return Err(ActError::UnknownPerson);
                }
                Field::Label { label, .. } => Some((*label, Kind::Label)),
                Field::Project { project } => project.map(|project| (project, Kind::Project)),
                Field::Cycle { cycle } => cycle.map(|cycle| (cycle, Kind::Cycle)),
                Field::Parent { issue } => issue.map(|issue| (issue, Kind::Issue)),
                Field::Blocks { issue, .. } => Some((*issue, Kind::Issue)),
                _ => None,
            };
            let Some((id, wanted)) = wanted else { continue };
            if kind(id).await? != Some(wanted) {
                return Err(if wanted == Kind::Issue {
                    ActError::UnknownIssue
                } else {
                    ActError::UnknownThing(wanted)
                });
            }
            for issue in issues.iter().copied() {
                let circle = match field {
                    Field::Parent { .. } => {
                        self.inner.view.with(move |view| view.would_circle(&space, &issue, &id)).await?
                    }
                    Field::Blocks { on, .. } => *on && issue == id,
                    _ => false,
                };
                if circle {
                    return Err(ActError::Circle);
                }
            }
        }
        Ok(())
    }
}

/// Whether a field is so already.
fn is_so(view: &View, space: &GroupId, row: &IssueRow, field: &Field) -> Result<bool, ViewError> {
    Ok(match field {
        Field::Title { text } => row.title == *text,
        Field::Status { status } => row.status == *status,
        Field::Priority { priority } => row.priority == *priority,
        Field::Assignee { person } => row.assignee == *person,
        Field::Estimate { points } => row.estimate == *points,
        Field::Due { day } => row.due == *day,
        Field::Parent { issue } => row.parent == *issue,
        Field::Project { project } => row.project == *project,
        Field::Cycle { cycle } => row.cycle == *cycle,
        Field::Label { label, on } => row.labels.contains(label) == *on,
        Field::Archived { on } => row.archived == *on,
        Field::Description { text } => view.description(space, &row.hash)? == *text,
        Field::Blocks { issue, on } => view.blocks(space, &row.hash)?.iter().any(|one| one.id == *issue) == *on,
        // What an issue does not have.
        _ => true,
    })
}

/// Labels, and all others that are called the same: people who made the same label offline mean the same.
fn same_title(view: &View, space: &GroupId, labels: &[EntryHash]) -> Result<Vec<EntryHash>, ViewError> {
    if labels.is_empty() {
        return Ok(Vec::new());
    }
    let all = view.things(space, Kind::Label, things::THINGS)?;
    let titles: Vec<_> =
        all.iter().filter(|one| labels.contains(&one.hash)).map(|one| one.title.to_lowercase()).collect();
    let same = all.iter().filter(|one| titles.contains(&one.title.to_lowercase())).map(|one| one.hash);
    Ok(labels.iter().copied().filter(|label| !all.iter().any(|one| one.hash == *label)).chain(same).collect())
}

/// Rows as they are handed out.
pub(crate) fn infos(view: &View, space: &GroupId, rows: Vec<IssueRow>) -> Result<Vec<IssueInfo>, ViewError> {
    let names: Names = view.people(space)?;
    let unread = view.unread_by_place(space)?;
    let named = |person: GroupId| (person, name_or_id(&names, &person));
    let info = |row: IssueRow| {
        let unread = unread.get(&Some(row.hash)).copied().unwrap_or_default();
        IssueInfo {
            id: row.hash,
            key: row.key,
            title: row.title,
            status: row.status,
            priority: row.priority,
            assignee: row.assignee.map(named),
            estimate: row.estimate,
            due: row.due,
            parent: row.parent,
            labels: row.labels,
            project: row.project,
            cycle: row.cycle,
            blocked: row.blocked && !row.status.is_over(),
            parts: row.parts,
            parts_over: row.parts_over,
            comments: row.comments,
            unread: unread.messages,
            mentions: unread.mentions,
            created: row.created.millis(),
            updated: row.updated.millis(),
            author: named(row.person),
            archived: row.archived,
        }
    };
    Ok(rows.into_iter().map(info).collect())
}

/// The statuses in which there is something to do.
pub(super) fn open() -> Vec<Status> {
    Status::ALL.into_iter().filter(|status| !status.is_over()).collect()
}

impl Spaces {
    /// What I have to do in a space: open issues that are mine, the most urgent first.
    pub async fn my_issues(&self, space: GroupId) -> Result<Vec<IssueInfo>, ActError> {
        let me = self.person_id()?;
        let filter = IssueFilter { status: open(), assignee: vec![Some(me)], limit: CHANGED, ..IssueFilter::default() };
        Ok(self.issues(space, filter).await?.0)
    }
}
