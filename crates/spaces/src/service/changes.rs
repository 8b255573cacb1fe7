//! Changes of messages that were sent: other words, reactions, pins.

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId};

use super::Spaces;
use crate::error::ActError;
use crate::model::{Field, MessageInfo, Op, Version};

/// Pinned messages that are handed out.
const PINNED: usize = 200;

impl Spaces {
    /// Sets fields of a message: its text, if it is mine; my reactions; whether it is pinned. What is so already is left.
    pub async fn change(
        &self,
        space: GroupId,
        message: EntryHash,
        fields: Vec<Field>,
    ) -> Result<MessageInfo, ActError> {
        self.rules_for(&space, Level::Write)?;
        let me = self.person_id()?;
        // Checked whether it is so already or not.
        Op::Set { object: message, fields: fields.clone() }.encode()?;
        self.catch_up(space).await;
        let row = self.inner.view.with(move |view| view.message(&space, &message)).await?;
        // About one that counts for nothing there is nothing to say to others.
        let row = row.filter(|row| !row.undelivered).ok_or(ActError::UnknownMessage)?;
        if row.deleted.is_some() {
            return Err(ActError::Deleted);
        }
        if row.person != me && fields.iter().any(|field| matches!(field, Field::Text { .. })) {
            return Err(ActError::NotYours);
        }
        for field in &fields {
            if let Field::Place { at: Some(place) } = field {
                self.place(space, *place).await?;
            }
        }
        let is_so = |field: &Field| match field {
            Field::Text { text } => row.text == *text,
            Field::Pinned { on } => row.pinned == *on,
            Field::Place { at } => row.place == *at,
            // Set with what it belongs to.
            Field::Anchor { .. } => false,
            Field::Reaction { emoji, on } => {
                let reaction = row.reactions.iter().find(|reaction| reaction.emoji == *emoji);
                reaction.is_some_and(|reaction| reaction.people.contains(&me)) == *on
            }
            // What a message does not have.
            _ => true,
        };
        let fields: Vec<Field> = fields.into_iter().filter(|field| !is_so(field)).collect();
        if !fields.is_empty() {
            self.inner.journal.append(space, Op::Set { object: message, fields }.encode()?).await?;
            self.catch_up(space).await;
        }
        self.message(space, message).await
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
                    return Ok(Err(ActError::UnknownMessage));
                };
                if row.deleted.is_some() {
                    return Ok(Err(ActError::Deleted));
                }
                let first = Version { text: first, time: row.clock.millis() };
                Ok(Ok((first, view.versions(&space, &message, &row.person)?)))
            })
            .await?;
        let (first, later) = found?;
        let later = later.into_iter().map(|row| Version { text: row.text, time: row.clock.millis() });
        Ok(std::iter::once(first).chain(later).collect())
    }
}
