//! Files on their way here.
//!
//! One task decides; each running fetch is a task of its own that reports back. A wish is remembered on disk, so a
//! transfer goes on after a restart; its verified pieces are remembered by the blob store. Many small files of one
//! provider travel together on one stream.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use compeer_blobs::fetch::Control;
use compeer_blobs::{BlobInfo, Existing, FetchError as BlobError, Target, Want, fetch, fetch_many};
use compeer_core::{BlobHash, DeviceId, EntryHash, GroupId};
use compeer_mesh::{MeshEvent, StreamKind};
use tokio::sync::{Notify, broadcast::error::RecvError};
use tokio_util::sync::CancellationToken;

use super::Spaces;
use crate::error::{ActError, FetchError};
use crate::model::{SpacesEvent, Transfer, TransferId, TransferSource, TransferState};
use crate::view::{FileRow, Wish};

/// Streams on which blobs are asked for.
pub const BLOBS: StreamKind = StreamKind::new(32);

/// Large files fetched at the same time.
const LARGE_AT_ONCE: usize = 3;
/// Bundles of small files fetched at the same time.
const BUNDLES_AT_ONCE: usize = 2;
/// Small files that travel together.
const BUNDLE: usize = 4096;
/// How often a running transfer is told of.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Transfers that are over and still listed.
const REMEMBERED: usize = 1000;

/// All transfers of this device since it started.
#[derive(Default)]
pub(super) struct Transfers {
    jobs: Mutex<BTreeMap<TransferId, Job>>,
    wake: Notify,
}

struct Job {
    name: String,
    blob: BlobInfo,
    dir: PathBuf,
    phase: Phase,
    done: u64,
    rate: u64,
    from: Option<DeviceId>,
    /// Devices that lied or failed in this job, and are not asked again until they come back.
    avoided: BTreeSet<DeviceId>,
    liar: Option<DeviceId>,
    stop: CancellationToken,
    /// In which order jobs ended, to forget the oldest.
    ended: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Queued,
    Running,
    Paused,
    Failed(FetchError),
    Done(PathBuf),
}

impl Job {
    fn new(row: &FileRow, dir: PathBuf, paused: bool) -> Self {
        Self {
            name: row.name.clone(),
            blob: BlobInfo { hash: row.blob, size: row.size },
            dir,
            phase: if paused { Phase::Paused } else { Phase::Queued },
            done: 0,
            rate: 0,
            from: None,
            avoided: BTreeSet::new(),
            liar: None,
            stop: CancellationToken::new(),
            ended: 0,
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Failed(_) | Phase::Done(_))
    }

    fn picture(&self, id: TransferId) -> Transfer {
        let running = self.phase == Phase::Running;
        Transfer {
            id,
            name: self.name.clone(),
            done: if matches!(self.phase, Phase::Done(_)) { self.blob.size } else { self.done },
            size: self.blob.size,
            rate: if running { self.rate } else { 0 },
            from: self.from.filter(|_| running).map(|device| TransferSource { device }).into_iter().collect(),
            state: match &self.phase {
                Phase::Queued => TransferState::Waiting,
                Phase::Running => TransferState::Running,
                Phase::Paused => TransferState::Paused,
                Phase::Failed(error) => TransferState::Failed(error.clone()),
                Phase::Done(path) => TransferState::Done(path.clone()),
            },
        }
    }
}

/// What the deciding task starts next.
enum Start {
    Large(DeviceId, TransferId),
    Bundle(DeviceId, Vec<TransferId>),
}

impl Transfers {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<TransferId, Job>) -> T) -> T {
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
        let dir = match dir {
            Some(dir) => dir,
            None => self.inner.downloads.join(self.folder_of(space).await?),
        };
        let (asked, to) = (files.clone(), dir.clone());
        let rows = self
            .inner
            .view
            .with(move |view| {
                let mut rows = Vec::with_capacity(asked.len());
                for file in &asked {
                    rows.push(view.file(&space, file)?);
                }
                let wish = |row: &FileRow| Wish { topic: space, file: row.hash, dir: to.clone(), paused: false };
                view.wish_all(&rows.iter().flatten().map(wish).collect::<Vec<_>>())?;
                Ok(rows)
            })
            .await?;
        let rows = rows.into_iter().collect::<Option<Vec<_>>>().ok_or(ActError::UnknownFile)?;
        let here = self.inner.blobs.has_many(rows.iter().map(|row| row.blob).collect()).await;
        let here = here.map_err(compeer_blobs::AddError::from)?;
        for (row, here) in rows.iter().zip(here) {
            let id = TransferId { space, file: row.hash };
            self.inner.transfers.with(|jobs| {
                let job = jobs.entry(id).or_insert_with(|| Job::new(row, dir.clone(), false));
                if job.phase != Phase::Running && job.phase != Phase::Queued {
                    *job = Job::new(row, dir.clone(), false);
                }
            });
            if here {
                self.copy_here(id, &dir).await;
            }
        }
        self.inner.transfers.wake.notify_one();
        let ids = rows.iter().map(|row| TransferId { space, file: row.hash });
        Ok(self.inner.transfers.with(|jobs| ids.filter_map(|id| jobs.get(&id).map(|job| job.picture(id))).collect()))
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
                    Ok(SpacesEvent::SpaceGone { .. }) | Err(RecvError::Lagged(_)) => break,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        }
    }

    /// All transfers, those under way first.
    #[must_use]
    pub fn transfers(&self) -> Vec<Transfer> {
        self.inner.transfers.with(|jobs| {
            let mut list: Vec<_> = jobs.iter().map(|(id, job)| (job.ended, job.picture(*id))).collect();
            list.sort_by_key(|(ended, _)| (*ended > 0, std::cmp::Reverse(*ended)));
            list.into_iter().map(|(_, transfer)| transfer).collect()
        })
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
        let (dir, transfer) = self
            .inner
            .transfers
            .with(|jobs| {
                let job = jobs.get_mut(&id)?;
                if !matches!(job.phase, Phase::Done(_)) {
                    if paused {
                        job.stop.cancel();
                        job.phase = Phase::Paused;
                    } else if job.phase != Phase::Running {
                        job.stop = CancellationToken::new();
                        job.avoided.clear();
                        job.liar = None;
                        job.ended = 0;
                        job.phase = Phase::Queued;
                    }
                }
                Some((job.dir.clone(), job.picture(id)))
            })
            .ok_or(ActError::UnknownFile)?;
        let wish = Wish { topic: id.space, file: id.file, dir, paused };
        self.inner.view.with(move |view| view.wish(&wish)).await?;
        self.tell(SpacesEvent::Transfer(transfer.clone()));
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

    pub(super) fn is_fetching(&self, id: &TransferId) -> bool {
        self.inner.transfers.with(|jobs| jobs.get(id).is_some_and(|job| !job.is_over()))
    }

    pub(super) async fn forget_transfers(&self, space: GroupId) {
        let ids: Vec<_> =
            self.inner.transfers.with(|jobs| jobs.keys().filter(|id| id.space == space).copied().collect());
        for id in ids {
            if let Err(error) = self.cancel(id).await {
                tracing::debug!(%error, "a transfer of a space that goes was not cancelled");
            }
        }
    }

    /// The task that decides what is fetched next.
    pub(super) async fn run_transfers(self) {
        self.load_wishes().await;
        let mut mesh = self.inner.mesh.events();
        let mut spaces = self.events();
        loop {
            self.start_what_can().await;
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                () = self.inner.transfers.wake.notified() => {}
                event = mesh.recv() => match event {
                    // A device that is back gets another chance.
                    Ok(MeshEvent::PeerUp { device, .. }) => self.inner.transfers.with(|jobs| {
                        jobs.values_mut().filter(|job| job.liar != Some(device)).for_each(|job| { job.avoided.remove(&device); });
                    }),
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                event = spaces.recv() => match event {
                    Ok(SpacesEvent::FileChanged { .. } | SpacesEvent::Space { .. }) | Err(RecvError::Lagged(_)) => {}
                    Ok(_) => continue,
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }

    async fn load_wishes(&self) {
        let loaded = self
            .inner
            .view
            .with(|view| {
                let mut found = Vec::new();
                for wish in view.wishes()? {
                    if let Some(row) = view.file(&wish.topic, &wish.file)? {
                        found.push((wish, row));
                    }
                }
                Ok(found)
            })
            .await;
        match loaded {
            Ok(wishes) => self.inner.transfers.with(|jobs| {
                for (wish, row) in wishes {
                    let id = TransferId { space: wish.topic, file: wish.file };
                    jobs.entry(id).or_insert_with(|| Job::new(&row, wish.dir, wish.paused));
                }
            }),
            Err(error) => tracing::error!(%error, "the files that were wanted before could not be read"),
        }
    }

    /// Starts as many queued transfers as may run, each from a device that has the file and is linked.
    async fn start_what_can(&self) {
        let queued: Vec<(TransferId, BlobHash, u64)> = self.inner.transfers.with(|jobs| {
            let queued = jobs.iter().filter(|(_, job)| job.phase == Phase::Queued);
            queued.map(|(id, job)| (*id, job.blob.hash, job.blob.size)).collect()
        });
        if queued.is_empty() {
            return;
        }
        let linked = self.linked();
        let spaces: BTreeSet<GroupId> = queued.iter().map(|(id, ..)| id.space).collect();
        let mut holders = BTreeMap::new();
        for space in spaces {
            match self.inner.view.with(move |view| view.all_holders(&space)).await {
                Ok(map) => holders.insert(space, map),
                Err(error) => {
                    tracing::error!(%error, "who holds files could not be read");
                    return;
                }
            };
        }
        let starts = self.inner.transfers.with(|jobs| {
            let running = |jobs: &BTreeMap<TransferId, Job>, small: bool| {
                let is = |job: &&Job| job.phase == Phase::Running && (job.blob.size <= SMALL) == small;
                jobs.values().filter(is).filter_map(|job| job.from.filter(|_| small)).collect::<BTreeSet<_>>().len()
                    + if small { 0 } else { jobs.values().filter(is).count() }
            };
            let mut large = LARGE_AT_ONCE.saturating_sub(running(jobs, false));
            let bundles = BUNDLES_AT_ONCE.saturating_sub(running(jobs, true));
            let mut starts = Vec::new();
            let mut small: BTreeMap<DeviceId, Vec<TransferId>> = BTreeMap::new();
            for (id, hash, size) in queued {
                let Some(job) = jobs.get_mut(&id).filter(|job| job.phase == Phase::Queued) else { continue };
                let devices =
                    holders.get(&id.space).and_then(|map| map.get(&hash)).map(Vec::as_slice).unwrap_or_default();
                let usable = devices.iter().filter(|device| linked.contains(device) && !job.avoided.contains(device));
                // Small files go to the device that already has most of the bundle, so that they travel together.
                let provider = usable.max_by_key(|device| small.get(device).map_or(0, Vec::len)).copied();
                match provider {
                    None => {
                        let others_lied =
                            job.liar.filter(|_| devices.iter().all(|device| job.avoided.contains(device)));
                        if let Some(liar) = others_lied {
                            job.phase = Phase::Failed(FetchError::Liar(liar));
                        }
                    }
                    Some(device) if size <= SMALL => {
                        let bundle = small.entry(device).or_default();
                        if bundle.len() < BUNDLE {
                            bundle.push(id);
                        }
                    }
                    Some(device) if large > 0 => {
                        large -= 1;
                        starts.push(Start::Large(device, id));
                    }
                    Some(_) => {}
                }
            }
            starts.extend(small.into_iter().take(bundles).map(|(device, ids)| Start::Bundle(device, ids)));
            for start in &starts {
                let (device, ids) = match start {
                    Start::Large(device, id) => (*device, std::slice::from_ref(id)),
                    Start::Bundle(device, ids) => (*device, ids.as_slice()),
                };
                for id in ids {
                    if let Some(job) = jobs.get_mut(id) {
                        job.phase = Phase::Running;
                        job.from = Some(device);
                        job.stop = CancellationToken::new();
                    }
                }
            }
            starts
        });
        for start in starts {
            let spaces = self.clone();
            self.inner.tasks.spawn(async move {
                match start {
                    Start::Large(device, id) => spaces.run_large(device, id).await,
                    Start::Bundle(device, ids) => spaces.run_bundle(device, ids).await,
                }
                spaces.inner.transfers.wake.notify_one();
            });
        }
    }

    /// Fetches one file, telling of its progress.
    async fn run_large(&self, device: DeviceId, id: TransferId) {
        let Some((want, stop)) = self.prepare(id) else { return };
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
        self.settle(id, device, outcome.map(|fetched| fetched.path)).await;
    }

    /// Fetches many small files on one stream.
    async fn run_bundle(&self, device: DeviceId, ids: Vec<TransferId>) {
        let prepared: Vec<_> =
            ids.iter().filter_map(|id| self.prepare(*id).map(|(want, stop)| (*id, want, stop))).collect();
        let wants: Vec<_> = prepared.iter().map(|(_, want, _)| want.clone()).collect();
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
        match outcome {
            Ok(outcomes) => {
                let mut held: BTreeMap<GroupId, Vec<BlobHash>> = BTreeMap::new();
                for ((id, want, _), outcome) in prepared.iter().zip(outcomes) {
                    if outcome.is_ok() {
                        held.entry(id.space).or_default().push(want.info.hash);
                    }
                    self.settle_quietly(*id, device, outcome.map(|fetched| fetched.path)).await;
                }
                for (space, blobs) in held {
                    self.announce_holding(space, blobs).await;
                }
            }
            Err(error) => {
                // What was put in place before the stream broke is here; the rest is asked for again.
                let liar = error.is_misbehaviour();
                let hashes = prepared.iter().map(|(_, want, _)| want.info.hash).collect();
                let here = self.inner.blobs.has_many(hashes).await.unwrap_or_default();
                for (at, (id, want, _)) in prepared.iter().enumerate() {
                    if here.get(at).copied().unwrap_or(false) {
                        let Target::File { path, .. } = &want.target else { continue };
                        self.settle(*id, device, Ok(path.clone())).await;
                    } else {
                        self.update(*id, |job| job.retry_elsewhere(device, liar));
                    }
                }
                tracing::debug!(device = %device.short(), %error, "a bundle of files broke off");
            }
        }
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
    fn prepare(&self, id: TransferId) -> Option<(Want, CancellationToken)> {
        let (dir, name, blob, stop) = self.inner.transfers.with(|jobs| {
            let job = jobs.get(&id).filter(|job| job.phase == Phase::Running)?;
            Some((job.dir.clone(), job.name.clone(), job.blob, job.stop.clone()))
        })?;
        match want_of(&dir, &name, blob) {
            Ok(want) => Some((want, stop)),
            Err(error) => {
                self.update(id, |job| job.phase = Phase::Failed(error));
                None
            }
        }
    }

    /// Takes note of how a fetch ended, and says that the file is here.
    async fn settle(&self, id: TransferId, device: DeviceId, outcome: Result<PathBuf, BlobError>) {
        let whole = outcome.is_ok();
        self.settle_quietly(id, device, outcome).await;
        if whole && let Some(blob) = self.inner.transfers.with(|jobs| jobs.get(&id).map(|job| job.blob.hash)) {
            self.announce_holding(id.space, vec![blob]).await;
        }
    }

    async fn settle_quietly(&self, id: TransferId, device: DeviceId, outcome: Result<PathBuf, BlobError>) {
        match outcome {
            Ok(path) => {
                if let Err(error) = self.inner.view.with(move |view| view.unwish(&id.space, &id.file)).await {
                    tracing::warn!(%error, "a fulfilled wish was not forgotten");
                }
                self.update(id, |job| job.phase = Phase::Done(path));
                self.tell_file(id.space, id.file).await;
            }
            Err(error) => self.update(id, |job| job.failed(device, &error)),
        }
    }

    /// Changes a job and tells of it.
    fn update(&self, id: TransferId, change: impl FnOnce(&mut Job)) {
        let told = self.inner.transfers.with(|jobs| {
            let last = jobs.values().map(|job| job.ended).max().unwrap_or_default();
            let job = jobs.get_mut(&id)?;
            change(job);
            if job.is_over() && job.ended == 0 {
                job.ended = last + 1;
            }
            let picture = job.picture(id);
            let over: Vec<_> = jobs.iter().filter(|(_, job)| job.ended > 0).map(|(id, job)| (job.ended, *id)).collect();
            if over.len() > REMEMBERED
                && let Some((_, oldest)) = over.into_iter().min()
            {
                jobs.remove(&oldest);
            }
            Some(picture)
        });
        if let Some(transfer) = told {
            self.tell(SpacesEvent::Transfer(transfer));
        }
    }

    /// A wanted file whose content lies here already, maybe elsewhere: it is copied, not fetched.
    async fn copy_here(&self, id: TransferId, dir: &Path) {
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

    /// The folder for what is received in a space: its name as far as a file system takes it.
    async fn folder_of(&self, space: GroupId) -> Result<String, ActError> {
        let name = self.inner.view.with(move |view| view.name(&space)).await?.unwrap_or_default();
        Ok(compeer_blobs::safe_path::tame(&name))
    }
}

impl Job {
    fn retry_elsewhere(&mut self, device: DeviceId, liar: bool) {
        if self.phase != Phase::Running {
            return;
        }
        self.avoided.insert(device);
        if liar {
            self.liar = Some(device);
        }
        self.phase = Phase::Queued;
        self.from = None;
    }

    /// Another device may do better, unless the fault lies on this side.
    fn failed(&mut self, device: DeviceId, error: &BlobError) {
        if self.phase != Phase::Running {
            return;
        }
        let own_fault = match error {
            BlobError::DiskFull { .. } => Some(FetchError::DiskFull),
            BlobError::File { path, .. } => Some(FetchError::Target(path.display().to_string())),
            BlobError::Target { .. } => Some(FetchError::Name),
            BlobError::Store(_) => Some(FetchError::Target(self.dir.display().to_string())),
            _ => None,
        };
        match own_fault {
            Some(fault) => self.phase = Phase::Failed(fault),
            None => self.retry_elsewhere(device, error.is_misbehaviour()),
        }
    }
}

/// Files up to this size travel in bundles.
const SMALL: u64 = compeer_blobs::wire::SMALL_LEN;

/// Makes the folders, and says where a file goes. Its name was chosen by somebody else, its folder by the person here.
fn want_of(dir: &Path, name: &str, info: BlobInfo) -> Result<Want, FetchError> {
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
