//! What is said at boards and pages: messages, each about a part of it or all of it.

use compeer_core::{EntryHash, GroupId};

use super::Spaces;
use crate::error::ActError;
use crate::model::{At, Field, MessageInfo, MessageRange, NewMessage};

/// Comments that are handed out.
const COMMENTS: usize = 1000;

impl Spaces {
    /// What was said at a board or a page, oldest first, each with the part it is about: the newest [`COMMENTS`] of it.
    pub async fn comments(
        &self,
        space: GroupId,
        thing: EntryHash,
    ) -> Result<Vec<(MessageInfo, Option<String>)>, ActError> {
        self.place(space, thing).await?;
        let range = MessageRange { at: At::Place(Some(thing)), limit: COMMENTS, ..MessageRange::default() };
        let (messages, _) = self.messages(space, range).await?;
        let ids: Vec<EntryHash> = messages.iter().map(|message| message.id).collect();
        let anchors = self.inner.view.with(move |view| view.anchors(&space, &ids)).await?;
        Ok(messages.into_iter().zip(anchors).collect())
    }

    /// Says something at a board or a page, about a part of it or all of it.
    pub async fn comment(
        &self,
        space: GroupId,
        thing: EntryHash,
        text: String,
        element: Option<String>,
    ) -> Result<MessageInfo, ActError> {
        self.place(space, thing).await?;
        let anchor = Field::Anchor { element: element.clone() };
        anchor.check()?;
        let said = self.send(space, NewMessage { place: Some(thing), ..NewMessage::text(text) }).await?;
        match element {
            Some(_) => self.change(space, said.id, vec![anchor]).await,
            None => Ok(said),
        }
    }
}
