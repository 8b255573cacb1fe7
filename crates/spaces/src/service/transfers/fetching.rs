//! Fetching: one large file or many small ones from one device, and what comes of it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use compeer_blobs::fetch::{Control, Progress};
use compeer_blobs::safe_path::{Folders, SafePathError};
use compeer_blobs::{Anyone, BlobInfo, Existing, FetchError as BlobError, Target, Want, fetch, fetch_many, serve};
use compeer_core::{BlobHash, DeviceId, EntryHash, GroupId};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::jobs::{Job, Phase};
use super::{BLOBS, SMALL};
use crate::error::FetchError;
use crate::model::{SpacesEvent, TransferId};
use crate::service::Spaces;

/// Bytes on their way from this device to itself.
const LOCAL_BUFFER: usize = 1 << 20;
/// How often a running transfer is told of.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// How often it is noted how far a running transfer is.
const NOTE_EVERY: Duration = Duration::from_secs(2);
/// A bundle that ends more transfers than this is told as one "look again" instead of one event each.
const TOLD_SINGLY: usize = 500;

/// Both ends of a stream on which blobs are asked for.
type BlobStream = (Box<dyn AsyncWrite + Send + Unpin>, Box<dyn AsyncRead + Send + Unpin>);

impl Spaces {
    /// Fetches one file, telling of its progress.
    pub(super) async fn run_large(&self, device: DeviceId, id: TransferId) {
        let Some((want, stop)) = self.prepare(id).await else { return };
        let link = self.link_to(&device);
        let control = Control { stop: stop.clone(), ..Control::default() };
        let progress = control.progress.subscribe();
        let fetching = async {
            let (send, recv) = self.open_blobs(&device).await?;
            fetch(&self.inner.blobs, &want, recv, send, control).await
        };
        tokio::pin!(fetching);
        let known = || Some(*progress.borrow()).filter(|now| now.size > 0);
        let mut tick = tokio::time::interval(TELL_EVERY);
        let mut note = tokio::time::interval(NOTE_EVERY);
        let outcome = loop {
            tokio::select! {
                outcome = &mut fetching => break outcome,
                () = self.inner.stop.cancelled() => { stop.cancel(); break fetching.await; }
                _ = tick.tick() => {
                    // Before what is here is verified, the last note is all that is known.
                    if let Some(now) = known() {
                        self.update(id, |job| { job.done = now.done; job.rate = now.rate; });
                    }
                }
                _ = note.tick() => self.note_arrived(id, known()).await,
            }
        };
        if outcome.is_err() {
            self.note_arrived(id, known()).await;
        }
        self.settle((device, link), vec![(id, outcome.map(|fetched| fetched.path))]).await;
    }

    /// After a restart it is shown how far a file was, even while nobody is there who has it.
    async fn note_arrived(&self, id: TransferId, now: Option<Progress>) {
        let Some(Progress { done, .. }) = now else { return };
        self.update(id, |job| job.done = done);
        let noted = self.inner.view.with(move |view| view.note_arrived(&id.space, &id.file, done)).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "how much of a file has arrived could not be noted");
        }
    }

    /// Puts files in place whose content lies here already, elsewhere. This device serves them to itself: what is
    /// promised of a file that comes from others holds for these, too.
    pub(super) async fn run_local(&self, ids: Vec<TransferId>) {
        let own = self.inner.journal.device();
        let prepared = self.prepare_all(ids).await;
        let there = self.in_place(&prepared).await;
        let (whole, rest): (Vec<_>, Vec<_>) = prepared.into_iter().zip(there).partition(|(_, there)| there.is_some());
        let whole = whole.into_iter().filter_map(|((id, _), path)| Some((id, Ok(path?))));
        self.settle((own, None), whole.collect()).await;
        let (small, large): (Vec<_>, Vec<_>) =
            rest.into_iter().map(|(prepared, _)| prepared).partition(|(_, want)| want.info.size <= SMALL);
        let mut small: Vec<TransferId> = small.into_iter().map(|(id, _)| id).collect();
        while !small.is_empty() {
            let bundle = self.inner.transfers.with(|jobs| jobs.take_bundle(&mut small));
            self.run_bundle(own, bundle).await;
        }
        for (id, _) in large {
            self.run_large(own, id).await;
        }
    }

    /// For each of these files where it lies, if it already lies where it is wanted.
    async fn in_place(&self, prepared: &[(TransferId, Want)]) -> Vec<Option<PathBuf>> {
        let place = |(_, want): &(TransferId, Want)| match &want.target {
            Target::File { path, .. } => (want.info.hash, path.clone()),
            Target::Owned => (want.info.hash, PathBuf::new()),
        };
        let places: Vec<_> = prepared.iter().map(place).collect();
        // What cannot be known is fetched again.
        let there = self.inner.blobs.lie_at(places.clone()).await.unwrap_or_else(|_| vec![false; places.len()]);
        places.into_iter().zip(there).map(|((_, path), there)| there.then_some(path)).collect()
    }

    /// Fetches many small files on one stream.
    pub(super) async fn run_bundle(&self, device: DeviceId, ids: Vec<TransferId>) {
        let prepared = self.prepare_all(ids).await;
        let link = self.link_to(&device);
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
                let (liar, still_linked) = (error.is_misbehaviour(), link == self.link_to(&device));
                let mut whole = Vec::new();
                for ((id, _), path) in prepared.iter().zip(self.in_place(&prepared).await) {
                    match path {
                        Some(path) => whole.push((*id, Ok(path))),
                        None => self.update(*id, |job| job.retry_elsewhere(device, liar, still_linked)),
                    }
                }
                whole
            }
        };
        self.settle((device, link), outcomes).await;
    }

    /// Over which link a device is reached now.
    fn link_to(&self, device: &DeviceId) -> Option<u64> {
        self.inner.mesh.link(*device).map(|link| link.id())
    }

    /// A stream on which a device serves blobs; it may be this one.
    async fn open_blobs(&self, device: &DeviceId) -> Result<BlobStream, BlobError> {
        if *device == self.inner.journal.device() {
            let (near, far) = tokio::io::duplex(LOCAL_BUFFER);
            let blobs = self.inner.blobs.clone();
            self.inner.tasks.spawn(async move {
                let (recv, send) = tokio::io::split(far);
                // How it ends shows at the other side.
                let _ = Box::pin(serve(&blobs, Arc::new(Anyone), recv, send)).await;
            });
            let (recv, send) = tokio::io::split(near);
            return Ok((Box::new(send), Box::new(recv)));
        }
        let gone = || BlobError::Stream(std::io::Error::from(std::io::ErrorKind::NotConnected));
        let link = self.inner.mesh.link(*device).ok_or_else(gone)?;
        let (send, recv) = link.open(BLOBS).await.map_err(|_| gone())?;
        Ok((Box::new(send), Box::new(recv)))
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
        let make = move || {
            let mut folders = HashMap::new();
            let want = |(id, dir, name, blob): (TransferId, PathBuf, String, BlobInfo)| {
                let folders = folders.entry(dir).or_insert_with_key(|dir| folders_below(dir));
                let want = folders.as_mut().map_err(|error| error.clone());
                (id, want.and_then(|folders| want_in(folders, &name, blob)))
            };
            places.into_iter().map(want).collect()
        };
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

    /// Takes note of how fetches from a device over some link ended, and says which files are here.
    async fn settle(
        &self,
        (device, link): (DeviceId, Option<u64>),
        outcomes: Vec<(TransferId, Result<PathBuf, BlobError>)>,
    ) {
        let still_linked = link == self.link_to(&device);
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
                let picture = jobs.change(&id, |job| match outcome {
                    Ok(path) => job.phase = Phase::Done(path),
                    Err(error) => job.failed(device, &error, still_linked),
                });
                let expected = jobs.get(&id).filter(|job| job.is_where_it_should_be()).map(|job| job.dir.clone());
                pictures.extend(picture.map(|picture| (picture, expected)));
            }
            (blobs, pictures)
        });
        let many = pictures.len() > TOLD_SINGLY;
        let mut expected: BTreeMap<(GroupId, PathBuf), Vec<EntryHash>> = BTreeMap::new();
        for (transfer, place) in pictures {
            // Among many, only what did not go as expected is told by itself.
            match place.filter(|_| many) {
                Some(dir) => expected.entry((transfer.id.space, dir)).or_default().push(transfer.id.file),
                None => self.tell(SpacesEvent::Transfer(transfer)),
            }
        }
        for ((space, dir), files) in expected {
            self.tell(SpacesEvent::Fetched { space, dir, files });
        }
        if many {
            whole.keys().for_each(|space| self.tell(SpacesEvent::Much { space: *space }));
        } else {
            for (space, files) in whole {
                self.tell_files(space, files).await;
            }
        }
        // What lay here before may have been said in another space only.
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
}

/// Makes the folders, and says where a file goes.
pub(super) fn want_of(dir: &Path, name: &str, info: BlobInfo) -> Result<Want, FetchError> {
    want_in(&mut folders_below(dir)?, name, info)
}

/// The folder that files go to, made if it is not there.
fn folders_below(dir: &Path) -> Result<Folders, FetchError> {
    std::fs::create_dir_all(dir).map_err(|error| disk_error(dir, &error))?;
    Ok(Folders::below(dir))
}

/// Says where a file goes. Its name was chosen by somebody else, its folder by the person here.
fn want_in(folders: &mut Folders, name: &str, info: BlobInfo) -> Result<Want, FetchError> {
    let path = folders.prepare(name).map_err(|error| match error {
        SafePathError::Link(path) | SafePathError::NotAFolder(path) => {
            FetchError::NotAFolder(path.display().to_string())
        }
        SafePathError::File { path, source } => disk_error(&path, &source),
        _ => FetchError::Name,
    })?;
    Ok(Want { info, target: Target::File { path, existing: Existing::KeepBoth } })
}

fn disk_error(path: &Path, error: &std::io::Error) -> FetchError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        FetchError::DiskFull
    } else {
        FetchError::Target(path.display().to_string())
    }
}
