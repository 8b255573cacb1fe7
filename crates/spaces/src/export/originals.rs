//! Ids as they were before they were imported, so that what is exported again is the same.

use std::cell::RefCell;
use std::collections::HashMap;

use compeer_core::{DeviceId, EntryHash, GroupId};

use crate::error::ViewError;
use crate::model::{Rename, THE_SPACE};
use crate::view::{View, itself};

/// Renames back what was imported, and leaves the rest.
pub(crate) struct Originals {
    view: View,
    space: GroupId,
    people: HashMap<GroupId, GroupId>,
    /// What went wrong while something was renamed.
    failure: RefCell<Option<ViewError>>,
}

impl Originals {
    pub(super) fn new(view: View, space: GroupId) -> Result<Self, ViewError> {
        let people = view.original_people(&space)?;
        Ok(Self { view, space, people, failure: RefCell::default() })
    }

    /// Renames all of something.
    pub(super) fn rename<T>(&self, work: impl FnOnce(&Self) -> T) -> Result<T, ViewError> {
        let renamed = work(self);
        match self.failure.take() {
            Some(error) => Err(error),
            None => Ok(renamed),
        }
    }

    /// One id of a thing.
    pub(super) fn thing(&self, id: EntryHash) -> Result<EntryHash, ViewError> {
        self.rename(|this| this.entry(id))
    }
}

impl Rename for Originals {
    fn entry(&self, id: EntryHash) -> EntryHash {
        if id == itself(&self.space) {
            return THE_SPACE;
        }
        self.view.original(id).unwrap_or_else(|error| {
            self.failure.replace(Some(error));
            id
        })
    }

    fn person(&self, id: GroupId) -> GroupId {
        self.people.get(&id).copied().unwrap_or(id)
    }

    fn device(&self, id: DeviceId) -> DeviceId {
        id
    }
}
