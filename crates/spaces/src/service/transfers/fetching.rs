//! Fetching: one large file or many small ones from one device, and what comes of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use compeer_blobs::fetch::Control;
use compeer_blobs::{BlobInfo, Existing, FetchError as BlobError, Target, Want, fetch, fetch_many};
use compeer_core::{BlobHash, DeviceId, EntryHash, GroupId};
use tokio_util::sync::CancellationToken;

use super::BLOBS;
use super::jobs::{Job, Phase};
use crate::error::FetchError;
use crate::model::{SpacesEvent, TransferId};
use crate::service::Spaces;

/// How often a running transfer is told of.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// A bundle that ends more transfers than this is told as one "look again" instead of one event each.
const TOLD_SINGLY: usize = 500;

impl Spaces {
    /// Fetches one file, telling of its progress.
    pub(super) async fn run_large(&self, device: DeviceId, id: TransferId) {
        let Some((want, stop)) = self.prepare(id).await else { return };
        let control = Control { stop: stop.clone(), ..Control::default() };
        let progress = control.progress.subscribe();
        let fetching = async {
            let (send, recv) = self.open_blobs(&device).await?;
            fetch(&self.inner.blobs, &want, recv, send, control).await
        };
        tokio::pin!(fetching);
        let mut tick = tokio::time::interval(TELL_EVERY);
        let outcome = loop {
            tokio::select! {
                outcome = &mut fetching => break outcome,
                () = self.inner.stop.cancelled() => { stop.cancel(); break fetching.await; }
                _ = tick.tick() => {
                    let now = *progress.borrow();
                    self.update(id, |job| { job.done = now.done; job.rate = now.rate; });
                }
            }
        };
        self.settle(device, vec![(id, outcome.map(|fetched| fetched.path))]).await;
    }

    /// Fetches many small files on one stream.
    pub(super) async fn run_bundle(&self, device: DeviceId, ids: Vec<TransferId>) {
        let prepared = self.prepare_all(ids).await;
        let wants: Vec<_> = prepared.iter().map(|(_, want)| want.clone()).collect();
        let control = Control::default();
        let stop_all = control.stop.clone();
        let fetching = async {
            let (send, recv) = self.open_blobs(&device).await?;
            fetch_many(&self.inner.blobs, &wants, recv, send, control).await
        };
        tokio::pin!(fetching);
        let outcome = tokio::select! {
            outcome = &mut fetching => outcome,
            () = self.inner.stop.cancelled() => { stop_all.cancel(); fetching.await }
        };
        let outcomes: Vec<(TransferId, Result<PathBuf, BlobError>)> = match outcome {
            Ok(outcomes) => {
                let paths = outcomes.into_iter().map(|outcome| outcome.map(|fetched| fetched.path));
                prepared.iter().map(|(id, _)| *id).zip(paths).collect()
            }
            Err(error) => {
                tracing::debug!(device = %device.short(), %error, "a bundle of files broke off");
                // What was put in place before the stream broke is here; the rest is asked for again.
                let liar = error.is_misbehaviour();
                let hashes = prepared.iter().map(|(_, want)| want.info.hash).collect();
                let here = self.inner.blobs.has_many(hashes).await.unwrap_or_default();
                let mut whole = Vec::new();
                for (at, (id, want)) in prepared.iter().enumerate() {
                    match &want.target {
                        Target::File { path, .. } if here.get(at) == Some(&true) => whole.push((*id, Ok(path.clone()))),
                        _ => self.update(*id, |job| job.retry_elsewhere(device, liar)),
                    }
                }
                whole
            }
        };
        self.settle(device, outcomes).await;
    }

    async fn open_blobs(
        &self,
        device: &DeviceId,
    ) -> Result<(compeer_mesh::SendStream, compeer_mesh::RecvStream), BlobError> {
        let gone = || BlobError::Stream(std::io::Error::from(std::io::ErrorKind::NotConnected));
        let link = self.inner.mesh.link(*device).ok_or_else(gone)?;
        link.open(BLOBS).await.map_err(|_| gone())
    }

    /// What to fetch for a job; a job whose name or folder cannot be used fails here.
    async fn prepare(&self, id: TransferId) -> Option<(Want, CancellationToken)> {
        let stop = self.inner.transfers.with(|jobs| jobs.get(&id).map(|job| job.stop.clone()))?;
        let (_, want) = self.prepare_all(vec![id]).await.pop()?;
        Some((want, stop))
    }

    /// The same for many jobs.
    async fn prepare_all(&self, ids: Vec<TransferId>) -> Vec<(TransferId, Want)> {
        let places: Vec<_> = self.inner.transfers.with(|jobs| {
            let running = ids.iter().filter_map(|id| Some((*id, jobs.get(id)?)));
            let running = running.filter(|(_, job)| job.phase == Phase::Running);
            running.map(|(id, job)| (id, job.dir.clone(), job.name.clone(), job.blob)).collect()
        });
        let make = move || places.into_iter().map(|(id, dir, name, blob)| (id, want_of(&dir, &name, blob))).collect();
        // A runtime that is shutting down prepares nothing more.
        let made: Vec<(TransferId, Result<Want, FetchError>)> =
            tokio::task::spawn_blocking(make).await.unwrap_or_default();
        let mut wants = Vec::with_capacity(made.len());
        for (id, want) in made {
            match want {
                Ok(want) => wants.push((id, want)),
                Err(error) => self.update(id, |job| job.phase = Phase::Failed(error)),
            }
        }
        wants
    }

    /// Takes note of how fetches ended, and says which files are here.
    async fn settle(&self, device: DeviceId, outcomes: Vec<(TransferId, Result<PathBuf, BlobError>)>) {
        let mut whole: BTreeMap<GroupId, Vec<EntryHash>> = BTreeMap::new();
        for (id, outcome) in &outcomes {
            if outcome.is_ok() {
                whole.entry(id.space).or_default().push(id.file);
            }
        }
        let fulfilled = whole.clone();
        let forgotten = self
            .inner
            .view
            .with(move |view| fulfilled.iter().try_for_each(|(space, files)| view.unwish_all(space, files)));
        if let Err(error) = forgotten.await {
            tracing::warn!(%error, "fulfilled wishes were not forgotten");
        }
        let (blobs, pictures) = self.inner.transfers.with(|jobs| {
            let mut blobs: BTreeMap<GroupId, Vec<BlobHash>> = BTreeMap::new();
            let mut pictures = Vec::with_capacity(outcomes.len());
            for (id, outcome) in outcomes {
                let hash = jobs.get(&id).map(|job| job.blob.hash).filter(|_| outcome.is_ok());
                if let Some(hash) = hash {
                    blobs.entry(id.space).or_default().push(hash);
                }
                pictures.extend(jobs.change(&id, |job| match outcome {
                    Ok(path) => job.phase = Phase::Done(path),
                    Err(error) => job.failed(device, &error),
                }));
            }
            (blobs, pictures)
        });
        if pictures.len() > TOLD_SINGLY {
            whole.keys().for_each(|space| self.tell(SpacesEvent::Much { space: *space }));
        } else {
            pictures.into_iter().for_each(|transfer| self.tell(SpacesEvent::Transfer(transfer)));
            for (space, files) in whole {
                self.tell_files(space, files).await;
            }
        }
        for (space, blobs) in blobs {
            self.announce_holding(space, blobs).await;
        }
    }

    /// Changes a job and tells of it.
    pub(super) fn update(&self, id: TransferId, change: impl FnOnce(&mut Job)) {
        if let Some(transfer) = self.inner.transfers.with(|jobs| jobs.change(&id, change)) {
            self.tell(SpacesEvent::Transfer(transfer));
        }
    }

    /// A wanted file whose content lies here already, maybe elsewhere: it is copied, not fetched.
    pub(super) async fn copy_here(&self, id: TransferId, dir: &Path) {
        let Some((name, blob)) =
            self.inner.transfers.with(|jobs| jobs.get(&id).map(|job| (job.name.clone(), job.blob)))
        else {
            return;
        };
        let places = self.inner.blobs.places(blob.hash).await.unwrap_or_default();
        let (dir, blobs) = (dir.to_owned(), self.inner.blobs.clone());
        let copied = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&dir).map_err(|error| disk_error(&dir, &error))?;
            let target = compeer_blobs::safe_path::prepare(&dir, &name).map_err(|_| FetchError::Name)?;
            let here = places.into_iter().filter(|place| place.is_file()).collect::<Vec<_>>();
            if here.contains(&target) {
                return Ok((target, false));
            }
            let source = here.first().ok_or_else(|| FetchError::Target(dir.display().to_string()))?;
            let target = compeer_blobs::safe_path::free(&target).map_err(|_| FetchError::Name)?;
            std::fs::copy(source, &target).map_err(|error| disk_error(&target, &error))?;
            std::fs::File::open(&target)
                .and_then(|file| file.sync_all())
                .map_err(|error| disk_error(&target, &error))?;
            Ok((target, true))
        });
        let outcome = match copied.await {
            Ok(Ok((path, true))) => match blobs.add_file(&path).await {
                Ok(info) if info == blob => Ok(path),
                // The file changed while it was copied: it is fetched after all.
                Ok(_) | Err(_) => return,
            },
            Ok(Ok((path, false))) => Ok(path),
            Ok(Err(error)) => Err(error),
            Err(_) => return,
        };
        if let Err(error) = self.inner.view.with(move |view| view.unwish(&id.space, &id.file)).await {
            tracing::warn!(%error, "a fulfilled wish was not forgotten");
        }
        self.update(id, |job| {
            job.phase = match outcome {
                Ok(path) => Phase::Done(path),
                Err(error) => Phase::Failed(error),
            };
        });
    }
}

/// Makes the folders, and says where a file goes. Its name was chosen by somebody else, its folder by the person here.
pub(super) fn want_of(dir: &Path, name: &str, info: BlobInfo) -> Result<Want, FetchError> {
    std::fs::create_dir_all(dir).map_err(|error| disk_error(dir, &error))?;
    let path = compeer_blobs::safe_path::prepare(dir, name).map_err(|_| FetchError::Name)?;
    Ok(Want { info, target: Target::File { path, existing: Existing::KeepBoth } })
}

fn disk_error(path: &Path, error: &std::io::Error) -> FetchError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        FetchError::DiskFull
    } else {
        FetchError::Target(path.display().to_string())
    }
}
