//! Deleting messages for everybody.

use std::time::{Duration, Instant};

use compeer_core::group::{DropRange, Level};
use compeer_core::{EntryHash, GroupId};

use super::Spaces;
use crate::error::ActError;
use crate::model::Op;

/// How long more is waited for that is deleted, before the view's file is written anew.
const REST: Duration = Duration::from_secs(2);
/// Then it is let alone for so many times as long as that took.
const SHARE: u32 = 100;
/// When it is tried again after it failed.
const AGAIN: Duration = Duration::from_secs(60);

impl Spaces {
    /// Deletes a message that I wrote, or that anybody wrote in a space that I manage: it is shown as deleted, and its words
    /// are dropped from every disk as soon as that is heard of. One that was deleted already is left.
    pub async fn delete_message(&self, space: GroupId, message: EntryHash) -> Result<(), ActError> {
        let rules = self.rules_for(&space, Level::Write)?;
        let me = self.person_id()?;
        self.catch_up(space).await;
        let row = self.inner.view.with(move |view| view.message(&space, &message)).await?;
        let row = row.filter(|row| !row.undelivered).ok_or(ActError::UnknownMessage)?;
        if row.deleted.is_some() {
            return Ok(());
        }
        let manages = rules.level(&self.inner.journal.device()) >= Some(Level::Manage);
        if row.person != me && !manages {
            return Err(ActError::NotYoursToDelete);
        }
        let whose = Some(me).filter(|_| !manages);
        let words = self.inner.view.with(move |view| view.words_of(&space, &message, whose.as_ref())).await?;
        let drops = words.into_iter().map(|(author, seq)| DropRange { author, first: seq, last: seq }).collect();
        let said = Op::Delete { object: message, place: row.place }.encode()?;
        self.inner.journal.append_dropping(space, vec![said], drops).await?;
        self.catch_up(space).await;
        Ok(())
    }

    /// The task: writes the view's file anew after words were taken out of it, for no more than a hundredth of the time.
    pub(super) async fn scrub_views(self) {
        loop {
            let due = async {
                self.inner.view.scrub_due.notified().await;
                tokio::time::sleep(REST).await;
            };
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                () = due => {}
            }
            let began = Instant::now();
            let scrubbed = self.inner.view.with(|view| view.scrub()).await;
            let pause = match scrubbed {
                Ok(true) => began.elapsed() * SHARE,
                Ok(false) => {
                    self.inner.view.scrub_due.notify_one();
                    REST
                }
                Err(error) => {
                    tracing::warn!(%error, "the view was not written anew after messages were deleted");
                    self.inner.view.scrub_due.notify_one();
                    AGAIN
                }
            };
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}
