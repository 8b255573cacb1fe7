//! What issues are sorted into: labels, projects, cycles, saved views; and how their keys begin.

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId};

use super::super::{Spaces, name_or_id};
use super::Names;
use crate::error::{ActError, ViewError};
use crate::model::{Field, IssueSetup, Kind, Op, ThingInfo};
use crate::view::{ThingRow, View, itself};

/// Things of one kind that are handed out.
pub(super) const THINGS: usize = 1000;

impl Spaces {
    /// What the issues of a space are sorted into. What was put away is among it.
    pub async fn issue_setup(&self, space: GroupId) -> Result<IssueSetup, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let setup = move |view: &View| {
            let names = view.people(&space)?;
            let all = |kind| -> Result<Vec<ThingInfo>, ViewError> {
                Ok(view.things(&space, kind, THINGS)?.into_iter().map(|row| info(&names, row)).collect())
            };
            let mut cycles = all(Kind::Cycle)?;
            cycles.sort_by_key(|cycle| std::cmp::Reverse((cycle.start, cycle.due)));
            Ok(IssueSetup {
                prefix: view.prefix(&space)?,
                labels: all(Kind::Label)?,
                projects: all(Kind::Project)?,
                cycles,
                views: all(Kind::SavedView)?,
            })
        };
        Ok(self.inner.view.with(setup).await?)
    }

    /// Says how the keys of a space begin.
    pub async fn set_key_prefix(&self, space: GroupId, prefix: String) -> Result<(), ActError> {
        self.rules_for(&space, Level::Manage)?;
        self.rules_to_make(&space)?;
        self.catch_up(space).await;
        if self.inner.view.with(move |view| view.prefix(&space)).await? != prefix {
            let op = Op::Set { object: itself(&space), fields: vec![Field::Prefix { text: prefix }] };
            self.inner.journal.append(space, op.encode()?).await?;
            self.catch_up(space).await;
        }
        Ok(())
    }

    /// Makes a label, project, cycle or saved view. A label that is there already is not made again.
    pub async fn create_thing(&self, space: GroupId, kind: Kind, fields: Vec<Field>) -> Result<ThingInfo, ActError> {
        self.person_id()?;
        self.rules_to_make(&space)?;
        self.catch_up(space).await;
        let title = fields.iter().find_map(|field| match field {
            Field::Title { text } => Some(text.to_lowercase()),
            _ => None,
        });
        let op = Op::Make { kind, fields }.encode()?;
        if kind == Kind::Label {
            let there = self.inner.view.with(move |view| view.things(&space, kind, THINGS)).await?;
            let same = there.into_iter().find(|row| !row.archived && Some(row.title.to_lowercase()) == title);
            if let Some(same) = same {
                return self.thing(space, kind, same.hash).await;
            }
        }
        let made = self.inner.journal.append(space, op).await?;
        self.catch_up(space).await;
        self.thing(space, kind, made.hash).await
    }

    /// Sets fields of a label, project, cycle or saved view.
    pub async fn change_thing(&self, space: GroupId, id: EntryHash, fields: Vec<Field>) -> Result<ThingInfo, ActError> {
        self.rules_for(&space, Level::Write)?;
        self.catch_up(space).await;
        let kind = self.inner.view.with(move |view| view.kind(&space, &id)).await?;
        let kind = kind.filter(|kind| !matches!(kind, Kind::Topic | Kind::Issue));
        let kind = kind.ok_or(ActError::UnknownThing(Kind::Label))?;
        self.inner.journal.append(space, Op::Set { object: id, fields }.encode()?).await?;
        self.catch_up(space).await;
        self.thing(space, kind, id).await
    }

    async fn thing(&self, space: GroupId, kind: Kind, id: EntryHash) -> Result<ThingInfo, ActError> {
        let found = move |view: &View| {
            let names = view.people(&space)?;
            Ok(view.thing(&space, kind, &id)?.map(|row| info(&names, row)))
        };
        self.inner.view.with(found).await?.ok_or(ActError::UnknownThing(kind))
    }
}

fn info(names: &Names, row: ThingRow) -> ThingInfo {
    ThingInfo {
        id: row.hash,
        title: row.title,
        hue: row.hue,
        start: row.start,
        due: row.due,
        lead: row.lead.map(|person| (person, name_or_id(names, &person))),
        description: row.description,
        query: row.query,
        archived: row.archived,
        issues: row.issues,
        over: row.over,
    }
}
