//! Who changed what of an issue, in words that need nothing else to be read.

use std::collections::HashMap;

use compeer_core::{EntryHash, GroupId};
use rusqlite::types::Value;

use super::super::{Spaces, name_or_id};
use super::Names;
use crate::error::{ActError, ViewError};
use crate::model::{Activity, Day, Priority, Status, Version};
use crate::view::{HistoryRow, View};

/// Changes that are looked at: the last.
const CHANGES: usize = 2000;

/// The fields that are told, as they are called outside.
const TOLD: [&str; 13] = [
    "title",
    "status",
    "priority",
    "assignee",
    "estimate",
    "due",
    "parent",
    "label",
    "blocks",
    "project",
    "cycle",
    "description",
    "archived",
];

impl Spaces {
    /// What became of an issue, oldest first, from its making on. Of very many changes the last 2,000.
    pub async fn issue_activity(&self, space: GroupId, issue: EntryHash) -> Result<Vec<Activity>, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let told = move |view: &View| {
            let Some(row) = view.issue(&space, &issue)? else { return Ok(None) };
            let words = Words { view, space: &space, names: view.people(&space)? };
            let mut told = vec![Activity {
                time: row.created.millis(),
                person: words.person(row.person),
                field: None,
                from: None,
                to: None,
            }];
            let mut before: HashMap<(String, Vec<u8>), Value> = HashMap::new();
            for change in view.history(&space, &issue, CHANGES)? {
                let Some(field) = TOLD.into_iter().find(|field| *field == change.field) else { continue };
                let last = before.insert((change.field.clone(), change.which.clone()), change.value.clone());
                // What it was made with is part of its making; what says the same again is no change.
                if change.hash != issue && last.as_ref() != Some(&change.value) {
                    told.push(words.activity(field, &change, last)?);
                }
            }
            Ok(Some(told))
        };
        self.inner.view.with(told).await?.ok_or(ActError::UnknownIssue)
    }

    /// The texts that an issue's description has had, oldest first, and who wrote each.
    pub async fn issue_descriptions(
        &self,
        space: GroupId,
        issue: EntryHash,
    ) -> Result<Vec<(String, Version)>, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let found = move |view: &View| {
            if view.issue(&space, &issue)?.is_none() {
                return Ok(None);
            }
            let names = view.people(&space)?;
            let version = |row: HistoryRow| match row.value {
                Value::Text(text) if row.field == "description" => {
                    Some((name_or_id(&names, &row.person), Version { text, time: row.clock.millis() }))
                }
                _ => None,
            };
            Ok(Some(view.history(&space, &issue, CHANGES)?.into_iter().filter_map(version).collect()))
        };
        self.inner.view.with(found).await?.ok_or(ActError::UnknownIssue)
    }
}

struct Words<'a> {
    view: &'a View,
    space: &'a GroupId,
    names: Names,
}

impl Words<'_> {
    fn person(&self, person: GroupId) -> (GroupId, String) {
        (person, name_or_id(&self.names, &person))
    }

    fn activity(&self, field: &'static str, row: &HistoryRow, last: Option<Value>) -> Result<Activity, ViewError> {
        let (from, to) = if row.which.is_empty() {
            (last.map_or(Ok(None), |last| self.word(field, &last))?, self.word(field, &row.value)?)
        } else {
            let one = self.word(field, &Value::Blob(row.which.clone()))?;
            if row.value == Value::Integer(0) { (one, None) } else { (None, one) }
        };
        Ok(Activity { time: row.clock.millis(), person: self.person(row.person), field: Some(field), from, to })
    }

    fn word(&self, field: &str, value: &Value) -> Result<Option<String>, ViewError> {
        let id = |bytes: &Vec<u8>| <[u8; 32]>::try_from(bytes.as_slice()).ok();
        Ok(match (field, value) {
            ("description", _) => None,
            ("status", Value::Integer(n)) => {
                u8::try_from(*n).ok().and_then(Status::of).map(|status| status.word().to_owned())
            }
            ("priority", Value::Integer(n)) => {
                u8::try_from(*n).ok().and_then(Priority::of).map(|priority| priority.word().to_owned())
            }
            ("due", Value::Integer(n)) => u32::try_from(*n).ok().map(|day| Day(day).to_string()),
            ("archived", Value::Integer(n)) => (*n != 0).then(|| "archived".to_owned()),
            (_, Value::Integer(n)) => Some(n.to_string()),
            (_, Value::Text(text)) => Some(text.clone()),
            ("assignee", Value::Blob(bytes)) => id(bytes).map(|id| self.person(GroupId::from_bytes(id)).1),
            ("parent" | "blocks", Value::Blob(bytes)) => match id(bytes).map(EntryHash::from_bytes) {
                Some(issue) => Some(match self.view.issue(self.space, &issue)? {
                    Some(row) => format!("{} {}", row.key, row.title),
                    None => issue.short(),
                }),
                None => None,
            },
            (_, Value::Blob(bytes)) => match id(bytes).map(EntryHash::from_bytes) {
                Some(thing) => Some(self.view.title(self.space, &thing)?.unwrap_or_else(|| thing.short())),
                None => None,
            },
            _ => None,
        })
    }
}
