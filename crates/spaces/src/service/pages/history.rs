//! What was written on a page by whom, and what it said then.
//!
//! A device's stretch of writing ends with a pause, whoever else writes meanwhile. So what it is does not depend on whether it is
//! still there as it was typed or was said again since (`squash`); and neither does what the page said at its end, which is taken
//! to be what its author had before them.

use compeer_core::{EntryHash, GroupId};

use super::super::{Spaces, name_or_id};
use crate::error::ActError;
use crate::model::update::{Run, read_runs};
use crate::model::{BoardPerson, PageRun};
use crate::pages::{Answer, Ask};
use crate::view::{View, WrittenRow};

/// A pause after which a stretch of writing has ended, in milliseconds.
pub(super) const PAUSE: u64 = 10 * 60 * 1000;
/// Stretches that are handed out.
const LISTED: usize = 500;

/// The updates of each stretch, which are at least one. They come device by device, and each device's in order.
fn stretches(written: &[WrittenRow]) -> impl Iterator<Item = &[WrittenRow]> {
    written.chunk_by(|one, next| {
        (one.author, one.person) == (next.author, next.person)
            && next.began.millis() < one.ended.millis().saturating_add(PAUSE)
    })
}

impl Spaces {
    /// Who wrote on a page when, the last first.
    pub async fn page_history(&self, space: GroupId, page: EntryHash) -> Result<Vec<PageRun>, ActError> {
        self.page(space, page).await?;
        let look = move |view: &View| Ok((view.page_written(&space, &page)?, view.people(&space)?));
        let (written, names) = self.inner.view.with(look).await?;
        let runs = stretches(&written).filter_map(|updates| {
            let (first, last) = (updates.first()?, updates.last()?);
            Some(PageRun {
                id: last.hash,
                person: BoardPerson { person: last.person, name: name_or_id(&names, &last.person) },
                device: last.author,
                from: first.began.millis(),
                to: last.ended.millis(),
                updates: updates.iter().map(|update| update.updates as usize).sum(),
            })
        });
        let mut runs: Vec<PageRun> = runs.collect();
        runs.sort_by_key(|run| std::cmp::Reverse((run.to, run.from, run.device)));
        runs.truncate(LISTED);
        Ok(runs)
    }

    /// What a page said to whoever had just written an update, with all that they had written before it in the same stretch: as
    /// ProseMirror's JSON and as Markdown.
    pub async fn page_version(
        &self,
        space: GroupId,
        page: EntryHash,
        update: EntryHash,
    ) -> Result<(String, String), ActError> {
        self.page(space, page).await?;
        let look = move |view: &View| {
            let written = view.page_written(&space, &page)?;
            let stretch = stretches(&written).find_map(|updates| {
                let last = updates.iter().position(|one| one.hash == update)?;
                Some(updates[..=last].iter().map(|one| one.hash).collect::<Vec<_>>())
            });
            stretch.map(|hashes| view.page_updates_of(&hashes)).transpose()
        };
        let updates = self.inner.view.with(look).await?.ok_or(ActError::UnknownVersion)?;
        let runs = joined(updates.iter().flat_map(|update| read_runs(&update.bytes).unwrap_or_default()));
        match self.ask_about((space, page), |document| Ask::ReadThen { document, runs: runs.clone() }).await? {
            (_, Answer::Text { text }) => Ok((text.json, text.markdown)),
            _ => Err(ActError::PageUnread),
        }
    }
}

/// Runs that follow each other as one for each of Loro's peers, in the order of those.
pub(super) fn joined(runs: impl Iterator<Item = Run>) -> Vec<Run> {
    let mut joined = std::collections::BTreeMap::new();
    for run in runs {
        let whole: &mut Run = joined.entry(run.peer).or_insert(run);
        (whole.first, whole.end) = (whole.first.min(run.first), whole.end.max(run.end));
    }
    joined.into_values().collect()
}
