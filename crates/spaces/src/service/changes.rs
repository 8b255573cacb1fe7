//! Changes of messages that were sent: other words, reactions, pins.

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId};

use super::Spaces;
use crate::error::ActError;
use crate::model::{Field, MessageInfo, Op, Version};
use crate::view::MessageRow;

/// Pinned messages that are handed out.
const PINNED: usize = 200;

impl Spaces {
    /// Gives a message of mine another text. The texts it had stay readable.
    pub async fn change_text(&self, space: GroupId, message: EntryHash, text: String) -> Result<MessageInfo, ActError> {
        let row = self.counted(space, message).await?;
        if row.person != self.person_id()? {
            return Err(ActError::NotYours);
        }
        let same = row.text == text;
        self.set(space, message, Field::Text { text }, same).await
    }

    /// Reacts to a message with an emoji, or takes that back.
    pub async fn react(
        &self,
        space: GroupId,
        message: EntryHash,
        emoji: String,
        on: bool,
    ) -> Result<MessageInfo, ActError> {
        self.counted(space, message).await?;
        let (me, of) = (self.person_id()?, emoji.clone());
        let is_on = self.inner.view.with(move |view| view.reacts(&space, &message, &me, &of)).await?;
        self.set(space, message, Field::Reaction { emoji, on }, is_on == on).await
    }

    /// Pins a message for everybody, or takes the pin out.
    pub async fn pin(&self, space: GroupId, message: EntryHash, on: bool) -> Result<MessageInfo, ActError> {
        let row = self.counted(space, message).await?;
        self.set(space, message, Field::Pinned { on }, row.pinned == on).await
    }

    /// The pinned messages, oldest first.
    pub async fn pinned(&self, space: GroupId) -> Result<Vec<MessageInfo>, ActError> {
        let rules = self.rules(&space)?;
        self.catch_up(space).await;
        let (rows, names) =
            self.inner.view.with(move |view| Ok((view.pinned(&space, PINNED)?, view.people(&space)?))).await?;
        Ok(rows.into_iter().map(|row| self.picture(&space, &rules, &names, row)).collect())
    }

    /// The texts a message has had, oldest first; the last is what it says now.
    pub async fn versions(&self, space: GroupId, message: EntryHash) -> Result<Vec<Version>, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let found = self
            .inner
            .view
            .with(move |view| {
                let (Some(row), Some(first)) = (view.message(&space, &message)?, view.first_text(&space, &message)?)
                else {
                    return Ok(None);
                };
                Ok(Some((
                    Version { text: first, time: row.clock.millis() },
                    view.versions(&space, &message, &row.person)?,
                )))
            })
            .await?;
        let (first, later) = found.ok_or(ActError::UnknownMessage)?;
        let later = later.into_iter().map(|row| Version { text: row.text, time: row.clock.millis() });
        Ok(std::iter::once(first).chain(later).collect())
    }

    /// A message that others have or will have: about one that counts for nothing there is nothing to say to them.
    async fn counted(&self, space: GroupId, message: EntryHash) -> Result<MessageRow, ActError> {
        self.rules_for(&space, Level::Write)?;
        self.catch_up(space).await;
        let row = self.inner.view.with(move |view| view.message(&space, &message)).await?;
        row.filter(|row| !row.undelivered).ok_or(ActError::UnknownMessage)
    }

    /// Sets one field, unless it is so already. Whatever it is set to is checked in any case.
    async fn set(&self, space: GroupId, object: EntryHash, field: Field, is_so: bool) -> Result<MessageInfo, ActError> {
        let plain = Op::Set { object, fields: vec![field] }.encode()?;
        if !is_so {
            self.inner.journal.append(space, plain).await?;
            self.catch_up(space).await;
        }
        self.message(space, object).await
    }
}
