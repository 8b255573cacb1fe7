//! Files on their way here.
//!
//! One task decides; each running fetch is a task of its own that reports back. A wish is remembered on disk, so a
//! transfer goes on after a restart; its verified pieces are remembered by the blob store. Many small files of one
//! provider travel together on one stream.

mod fetching;
mod jobs;
mod schedule;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use compeer_core::{EntryHash, GroupId};
use compeer_mesh::StreamKind;
use tokio::sync::{Notify, broadcast::error::RecvError};
use tokio_util::sync::CancellationToken;

use self::fetching::want_of;
use self::jobs::{Job, Jobs, Phase};
use super::Spaces;
use crate::error::{ActError, FetchError};
use crate::model::{SpacesEvent, Transfer, TransferId};
use crate::view::{FileRow, Wish};

/// Streams on which blobs are asked for.
pub const BLOBS: StreamKind = StreamKind::new(32);

/// Small files that travel together.
const BUNDLE: usize = 4096;
/// Files up to this size travel in bundles.
const SMALL: u64 = compeer_blobs::wire::SMALL_LEN;

/// All transfers of this device since it started.
#[derive(Default)]
pub(super) struct Transfers {
    jobs: Mutex<Jobs>,
    wake: Notify,
}

impl Transfers {
    fn with<T>(&self, work: impl FnOnce(&mut Jobs) -> T) -> T {
        work(&mut self.jobs.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Spaces {
    /// Asks for a file. It goes to `dir`, or to the folder of received files. Asking again changes nothing; asking for a
    /// transfer that failed or was paused sets it going.
    pub async fn fetch(&self, space: GroupId, file: EntryHash, dir: Option<PathBuf>) -> Result<Transfer, ActError> {
        let mut transfers = self.fetch_all(space, vec![file], dir).await?;
        transfers.pop().ok_or(ActError::UnknownFile)
    }

    /// Asks for many files at once. The transfers are in the order of `files`.
    pub async fn fetch_all(
        &self,
        space: GroupId,
        files: Vec<EntryHash>,
        dir: Option<PathBuf>,
    ) -> Result<Vec<Transfer>, ActError> {
        self.rules(&space)?;
        let asked = files.len();
        let rows = self.inner.view.with(move |view| view.files_by(&space, &files)).await?;
        if rows.len() < asked {
            return Err(ActError::UnknownFile);
        }
        self.fetch_rows(space, rows, dir).await
    }

    /// Asks for all files in a folder of the list.
    ///
    /// # Errors
    /// [`ActError::UnknownFile`] if there are none.
    pub async fn fetch_folder(
        &self,
        space: GroupId,
        folder: String,
        dir: Option<PathBuf>,
    ) -> Result<Vec<Transfer>, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let rows = self.inner.view.with(move |view| view.files_below(&space, &folder)).await?;
        if rows.is_empty() {
            return Err(ActError::UnknownFile);
        }
        self.fetch_rows(space, rows, dir).await
    }

    async fn fetch_rows(
        &self,
        space: GroupId,
        rows: Vec<FileRow>,
        dir: Option<PathBuf>,
    ) -> Result<Vec<Transfer>, ActError> {
        let dir = match dir {
            Some(dir) => dir,
            None => self.inner.downloads.join(self.folder_of(space).await?),
        };
        let wish = |row: &FileRow| Wish { space, file: row.hash, dir: dir.clone(), paused: false, done: 0 };
        let wishes: Vec<_> = rows.iter().map(wish).collect();
        self.inner.view.with(move |view| view.wish_all(&wishes)).await?;
        self.inner.transfers.with(|jobs| {
            for row in &rows {
                jobs.want(TransferId { space, file: row.hash }, Job::new(row, dir.clone()));
            }
        });
        let asked: BTreeSet<EntryHash> = rows.iter().map(|row| row.hash).collect();
        self.start_local(|id| id.space == space && asked.contains(&id.file)).await?;
        self.inner.transfers.wake.notify_one();
        let ids = rows.iter().map(|row| TransferId { space, file: row.hash });
        Ok(self.inner.transfers.with(|jobs| ids.filter_map(|id| jobs.get(&id).map(|job| job.picture(id))).collect()))
    }

    /// Starts those of `which` that wait although their content lies here already, maybe under another name: nobody else
    /// is needed for them.
    async fn start_local(&self, which: impl Fn(&TransferId) -> bool) -> Result<(), ActError> {
        let queued: Vec<_> = self.inner.transfers.with(|jobs| {
            let queued = jobs.iter().filter(|(id, job)| job.phase == Phase::Queued && which(id));
            queued.map(|(id, job)| (*id, job.blob.hash)).collect()
        });
        let here = self.inner.blobs.has_many(queued.iter().map(|(_, blob)| *blob).collect()).await;
        let here = here.map_err(compeer_blobs::AddError::from)?;
        let ids: Vec<_> = queued.into_iter().zip(here).filter(|(_, here)| *here).map(|((id, _), _)| id).collect();
        let ids = self.inner.transfers.with(|jobs| jobs.start(ids));
        if !ids.is_empty() {
            let spaces = self.clone();
            self.inner.tasks.spawn(async move {
                spaces.run_local(ids).await;
                spaces.inner.transfers.wake.notify_one();
            });
        }
        Ok(())
    }

    /// Waits until a transfer is over. `None` if it was given up.
    pub async fn fetched(&self, id: TransferId) -> Option<Result<PathBuf, FetchError>> {
        let mut events = self.events();
        loop {
            let phase = self.inner.transfers.with(|jobs| jobs.get(&id).map(|job| job.phase.clone()))?;
            match phase {
                Phase::Done(path) => return Some(Ok(path)),
                Phase::Failed(error) => return Some(Err(error)),
                Phase::Queued | Phase::Running | Phase::Paused => {}
            }
            loop {
                match events.recv().await {
                    Ok(SpacesEvent::Transfer(transfer)) if transfer.id == id => break,
                    Ok(SpacesEvent::SpaceGone { .. } | SpacesEvent::Much { .. }) | Err(RecvError::Lagged(_)) => break,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        }
    }

    /// All transfers, those under way first.
    #[must_use]
    pub fn transfers(&self) -> Vec<Transfer> {
        self.inner.transfers.with(|jobs| jobs.list())
    }

    /// Holds a transfer; what has arrived is kept.
    pub async fn pause(&self, id: TransferId) -> Result<Transfer, ActError> {
        self.set_paused(id, true).await
    }

    /// Lets a paused or failed transfer go on.
    pub async fn resume(&self, id: TransferId) -> Result<Transfer, ActError> {
        self.set_paused(id, false).await
    }

    async fn set_paused(&self, id: TransferId, paused: bool) -> Result<Transfer, ActError> {
        let changed = self.inner.transfers.with(|jobs| {
            let (dir, done) = jobs.get(&id).map(|job| (job.dir.clone(), job.done))?;
            let transfer = jobs.change(&id, |job| match job.phase {
                Phase::Done(_) => {}
                _ if paused => {
                    job.stop.cancel();
                    job.phase = Phase::Paused;
                }
                Phase::Running => {}
                _ => {
                    job.stop = CancellationToken::new();
                    job.avoided.clear();
                    job.liar = None;
                    job.phase = Phase::Queued;
                }
            })?;
            Some((Wish { space: id.space, file: id.file, dir, paused, done }, transfer))
        });
        let (wish, transfer) = changed.ok_or(ActError::UnknownFile)?;
        self.inner.view.with(move |view| view.wish(&wish)).await?;
        self.tell(SpacesEvent::Transfer(transfer.clone()));
        if !paused {
            self.start_local(|other| *other == id).await?;
        }
        self.inner.transfers.wake.notify_one();
        Ok(transfer)
    }

    /// Gives a transfer up; what has arrived of it goes.
    pub async fn cancel(&self, id: TransferId) -> Result<(), ActError> {
        let job = self.inner.transfers.with(|jobs| jobs.remove(&id)).ok_or(ActError::UnknownFile)?;
        job.stop.cancel();
        self.inner.view.with(move |view| view.unwish(&id.space, &id.file)).await?;
        if let Ok(want) = want_of(&job.dir, &job.name, job.blob)
            && let Err(error) = compeer_blobs::fetch::discard(&self.inner.blobs, &want).await
        {
            tracing::warn!(%error, "what had arrived of a file could not be removed");
        }
        self.tell_file(id.space, id.file).await;
        Ok(())
    }

    /// Gives up a transfer whose file is off the list: nobody would send it any more.
    pub(super) async fn give_up_unlisted(&self, id: TransferId) {
        if self.is_fetching(&id)
            && matches!(self.file(id.space, id.file).await, Err(ActError::UnknownFile))
            && let Err(error) = self.cancel(id).await
        {
            tracing::debug!(%error, "a transfer of an unlisted file was not cancelled");
        }
    }

    pub(super) fn is_fetching(&self, id: &TransferId) -> bool {
        self.inner.transfers.with(|jobs| jobs.get(id).is_some_and(|job| !job.is_over()))
    }

    pub(super) async fn forget_transfers(&self, space: GroupId) {
        let ids: Vec<_> =
            self.inner.transfers.with(|jobs| jobs.iter().map(|(id, _)| *id).filter(|id| id.space == space).collect());
        for id in ids {
            if let Err(error) = self.cancel(id).await {
                tracing::debug!(%error, "a transfer of a space that goes was not cancelled");
            }
        }
    }

    /// The folder for what is received in a space: its name as far as a file system takes it.
    async fn folder_of(&self, space: GroupId) -> Result<String, ActError> {
        let name = self.inner.view.with(move |view| view.name(&space)).await?.unwrap_or_default();
        Ok(compeer_blobs::safe_path::tame(&name))
    }
}
