//! What I have read, and what is news to me.

use compeer_core::{EntryHash, GroupId, Hlc};

use super::Spaces;
use crate::error::ActError;
use crate::model::{At, SpacesEvent};
use crate::view::{Unread, View};

/// Messages that can be marked as read one by one in one call.
const SEEN: usize = 1000;

impl Spaces {
    /// Marks as read what is at or before a message, among those at a place, and had come when it came.
    pub async fn mark_read(&self, space: GroupId, at: At, message: EntryHash) -> Result<(), ActError> {
        self.rules(&space)?;
        let now = self.stamp_now();
        let marked = move |view: &View| {
            let Some(row) = view.message(&space, &message)? else { return Ok(None) };
            let stamp = view.next_stamp(&space, now)?;
            view.read_up_to(&space, at.into(), &row, stamp).map(Some)
        };
        let runs = self.inner.view.with(marked).await?.ok_or(ActError::UnknownMessage)?;
        if !runs.is_empty() {
            self.tell_unread(space).await;
        }
        Ok(())
    }

    /// Marks just these messages as read. Those that are not here are left.
    pub async fn mark_seen(&self, space: GroupId, messages: Vec<EntryHash>) -> Result<(), ActError> {
        self.rules(&space)?;
        if messages.len() > SEEN {
            return Err(ActError::TooMany(SEEN));
        }
        let now = self.stamp_now();
        let marked = move |view: &View| {
            let stamp = view.next_stamp(&space, now)?;
            view.read_these(&space, &messages, stamp)
        };
        if !self.inner.view.with(marked).await?.is_empty() {
            self.tell_unread(space).await;
        }
        Ok(())
    }

    /// Marks as unread what others wrote from a message on, among those at a place: the newest 1,000 of it.
    pub async fn mark_unread(&self, space: GroupId, at: At, message: EntryHash) -> Result<(), ActError> {
        self.rules(&space)?;
        let (now, me) = (self.stamp_now(), self.person_id()?);
        let marked = move |view: &View| {
            let Some(row) = view.message(&space, &message)? else { return Ok(None) };
            let stamp = view.next_stamp(&space, now)?;
            view.unread_from(&space, at.into(), &row, &me, stamp).map(Some)
        };
        let runs = self.inner.view.with(marked).await?.ok_or(ActError::UnknownMessage)?;
        if !runs.is_empty() {
            self.tell_unread(space).await;
        }
        Ok(())
    }

    /// Tells how much is unread.
    pub(super) async fn tell_unread(&self, space: GroupId) {
        match self.inner.view.with(move |view| view.unread(&space)).await {
            Ok(Unread { messages, mentions }) => self.tell(SpacesEvent::Read { space, unread: messages, mentions }),
            Err(error) => tracing::error!(space = %space.short(), %error, "what is unread could not be counted"),
        }
    }

    pub(super) fn stamp_now(&self) -> Hlc {
        Hlc::new((self.inner.wall)(), 0)
    }
}
