//! What was written on a page by whom, and what it said then.

use compeer_core::{EntryHash, GroupId};

use super::super::{Spaces, name_or_id};
use crate::error::ActError;
use crate::model::{BoardPerson, PageRun};
use crate::view::{View, WrittenRow};

/// A pause after which a stretch of writing has ended, in milliseconds.
const PAUSE: u64 = 10 * 60 * 1000;
/// Stretches that are handed out.
const LISTED: usize = 500;

impl Spaces {
    /// Who wrote on a page when, the last first.
    pub async fn page_history(&self, space: GroupId, page: EntryHash) -> Result<Vec<PageRun>, ActError> {
        self.page(space, page).await?;
        let look = move |view: &View| Ok((view.page_written(&space, &page)?, view.people(&space)?));
        let (written, names) = self.inner.view.with(look).await?;
        let mut runs: Vec<PageRun> = Vec::new();
        for WrittenRow { hash, clock, author, person } in written {
            let at = clock.millis();
            match runs.last_mut() {
                Some(run) if run.device == author && at < run.to.saturating_add(PAUSE) => {
                    (run.id, run.to) = (hash, at);
                    run.updates += 1;
                }
                _ => runs.push(PageRun {
                    id: hash,
                    person: BoardPerson { person, name: name_or_id(&names, &person) },
                    device: author,
                    from: at,
                    to: at,
                    updates: 1,
                }),
            }
        }
        runs.reverse();
        runs.truncate(LISTED);
        Ok(runs)
    }

    /// What a page said after one of its updates, by what had been written then: as ProseMirror's JSON and as Markdown.
    pub async fn page_version(
        &self,
        space: GroupId,
        page: EntryHash,
        update: EntryHash,
    ) -> Result<(String, String), ActError> {
        self.page(space, page).await?;
        // Whatever breaks a reader is known and left out after this.
        drop(self.read_page((space, page)).await?);
        let mut updates = self.inner.view.with(move |view| view.page_updates(&space, &page, i64::MIN)).await?;
        let last = updates.iter().position(|one| one.hash == update).ok_or(ActError::UnknownVersion)?;
        updates.truncate(last + 1);
        let text = self.text_of(updates).await?;
        Ok((text.json, text.markdown))
    }
}
