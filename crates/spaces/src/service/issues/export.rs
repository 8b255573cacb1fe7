//! All issues of a space as a table.

use std::collections::HashMap;

use compeer_core::{EntryHash, GroupId, Millis};

use super::super::Spaces;
use super::csv::{write, write_list};
use super::{Names, infos};
use crate::error::{ActError, ViewError};
use crate::model::{Day, IssueFilter, IssueInfo, IssueSort, Key, Kind};
use crate::view::View;

/// The columns, as they are called when they are read again.
pub(super) const COLUMNS: [&str; 17] = [
    "Key",
    "Title",
    "Status",
    "Priority",
    "Assignee",
    "Estimate",
    "Due",
    "Labels",
    "Project",
    "Cycle",
    "Parent",
    "Blocks",
    "Description",
    "Archived",
    "Created",
    "Updated",
    "Author",
];
/// Issues taken from the view at once.
const PAGE: usize = 1000;

impl Spaces {
    /// All issues of a space as comma-separated values, by number. What was put away is among them.
    pub async fn export_issues(&self, space: GroupId) -> Result<String, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        Ok(self.inner.view.with(move |view| table(view, &space, &all_issues(view, &space)?)).await?)
    }
}

/// All issues of a space, by number.
pub(crate) fn all_issues(view: &View, space: &GroupId) -> Result<Vec<IssueInfo>, ViewError> {
    let mut issues: Vec<IssueInfo> = Vec::new();
    for archived in [false, true] {
        let mut offset = 0;
        loop {
            let filter =
                IssueFilter { archived, sort: IssueSort::Created, offset, limit: PAGE, ..IssueFilter::default() };
            let (rows, _) = view.issues(space, &filter)?;
            offset += rows.len();
            let last = rows.len() < PAGE;
            issues.extend(infos(view, space, rows)?);
            if last {
                break;
            }
        }
    }
    issues.sort_by_key(|issue| Key::parse(&issue.key).map(|key| (key.number, key.suffix)));
    Ok(issues)
}

/// These issues as comma-separated values.
pub(crate) fn table(view: &View, space: &GroupId, issues: &[IssueInfo]) -> Result<String, ViewError> {
    let (names, titles) = (view.people(space)?, titles(view, space)?);
    let keys: HashMap<EntryHash, String> = issues.iter().map(|issue| (issue.id, issue.key.clone())).collect();
    let mut rows = vec![COLUMNS.map(str::to_owned).to_vec()];
    for issue in issues {
        rows.push(row(view, space, &names, &titles, &keys, issue)?);
    }
    Ok(write(rows))
}

/// What labels, projects and cycles are called.
pub(crate) fn titles(view: &View, space: &GroupId) -> Result<HashMap<EntryHash, String>, ViewError> {
    let mut titles = HashMap::new();
    for kind in [Kind::Label, Kind::Project, Kind::Cycle] {
        let things = view.things(space, kind, usize::from(u16::MAX))?;
        titles.extend(things.into_iter().map(|thing| (thing.hash, thing.title)));
    }
    Ok(titles)
}

fn row(
    view: &View,
    space: &GroupId,
    names: &Names,
    titles: &HashMap<EntryHash, String>,
    keys: &HashMap<EntryHash, String>,
    issue: &IssueInfo,
) -> Result<Vec<String>, ViewError> {
    let title = |id: Option<EntryHash>| id.and_then(|id| titles.get(&id).cloned()).unwrap_or_default();
    let mut labels: Vec<String> = issue.labels.iter().filter_map(|label| titles.get(label).cloned()).collect();
    labels.sort();
    let blocks: Vec<String> = view.blocks(space, &issue.id)?.into_iter().map(|other| other.key).collect();
    // A name is looked for in those of the members, so somebody who has none here is left out.
    let assignee = issue.assignee.as_ref().filter(|(person, _)| names.contains_key(person));
    Ok(vec![
        issue.key.clone(),
        issue.title.clone(),
        issue.status.word().to_owned(),
        issue.priority.word().to_owned(),
        assignee.map(|(_, name)| name.clone()).unwrap_or_default(),
        issue.estimate.map(|points| points.to_string()).unwrap_or_default(),
        issue.due.map(|day| day.to_string()).unwrap_or_default(),
        write_list(&labels),
        title(issue.project),
        title(issue.cycle),
        issue.parent.and_then(|parent| keys.get(&parent).cloned()).unwrap_or_default(),
        write_list(&blocks),
        view.description(space, &issue.id)?,
        if issue.archived { "yes".into() } else { String::new() },
        time(issue.created),
        time(issue.updated),
        issue.author.1.clone(),
    ])
}

/// A moment as ISO 8601, in UTC, to the second.
fn time(at: Millis) -> String {
    let seconds = at / 1000;
    let day = Day(u32::try_from(seconds / 86_400).unwrap_or(u32::MAX));
    let of_day = seconds % 86_400;
    format!("{day}T{:02}:{:02}:{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60)
}
