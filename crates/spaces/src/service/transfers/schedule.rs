//! What is fetched next, and from whom.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use compeer_core::{BlobHash, DeviceId, GroupId};
use compeer_mesh::MeshEvent;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::jobs::{Job, Jobs, Phase};
use super::{BUNDLE, SMALL};
use crate::error::FetchError;
use crate::model::{SpacesEvent, TransferId};
use crate::service::Spaces;

/// Large files fetched at the same time.
const LARGE_AT_ONCE: usize = 3;
/// Bundles of small files fetched at the same time.
const BUNDLES_AT_ONCE: usize = 2;

/// After so long, devices that could not send a file are asked for it again.
const AGAIN_EVERY: Duration = Duration::from_secs(30);

/// What the deciding task starts next.
enum Start {
    Large(DeviceId, TransferId),
    Bundle(DeviceId, Vec<TransferId>),
}

/// The devices that hold each blob, by space.
type Holders = BTreeMap<GroupId, HashMap<BlobHash, Vec<DeviceId>>>;

impl Spaces {
    /// The task that decides what is fetched next.
    pub(in crate::service) async fn run_transfers(self) {
        self.load_wishes().await;
        if let Err(error) = self.start_local(|_| true).await {
            tracing::error!(%error, "whether files that were wanted before are here could not be read");
        }
        let mut mesh = self.inner.mesh.events();
        let mut spaces = self.events();
        let mut again = tokio::time::interval(AGAIN_EVERY);
        again.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.start_what_can().await;
            tokio::select! {
                // Who could not send a file that had changed may have it back by now, and nothing tells of that.
                _ = again.tick() => self.another_chance(|_| true),
                () = self.inner.stop.cancelled() => return,
                () = self.inner.transfers.wake.notified() => {}
                event = mesh.recv() => match event {
                    // A device that is back gets another chance.
                    Ok(MeshEvent::PeerUp { device, .. }) => self.another_chance(|avoided| *avoided == device),
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                event = spaces.recv() => match event {
                    Ok(SpacesEvent::FileChanged { .. } | SpacesEvent::Space { .. } | SpacesEvent::Much { .. })
                    | Err(RecvError::Lagged(_)) => {}
                    Ok(_) => continue,
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }

    /// Those that failed are asked again, but for liars.
    fn another_chance(&self, which: impl Fn(&DeviceId) -> bool) {
        self.inner.transfers.with(|jobs| {
            jobs.each_open(|job| job.avoided.retain(|device| job.liar == Some(*device) || !which(device)));
        });
    }

    async fn load_wishes(&self) {
        let loaded = self
            .inner
            .view
            .with(|view| {
                let mut found = Vec::new();
                for wish in view.wishes()? {
                    if let Some(row) = view.file(&wish.space, &wish.file)? {
                        found.push((wish, row));
                    }
                }
                Ok(found)
            })
            .await;
        match loaded {
            Ok(wishes) => self.inner.transfers.with(|jobs| {
                for (wish, row) in wishes {
                    let id = TransferId { space: wish.space, file: wish.file };
                    jobs.want_again(id, || Job::again(&row, &wish));
                }
            }),
            Err(error) => tracing::error!(%error, "the files that were wanted before could not be read"),
        }
    }

    /// Starts as many queued transfers as may run, each from a device that has the file and is linked.
    async fn start_what_can(&self) {
        let spaces: BTreeSet<GroupId> = self.inner.transfers.with(|jobs| {
            let queued = jobs.iter().filter(|(_, job)| job.phase == Phase::Queued);
            queued.map(|(id, _)| id.space).collect()
        });
        if spaces.is_empty() {
            return;
        }
        let linked = self.linked();
        let mut holders = Holders::new();
        for space in spaces {
            match self.inner.view.with(move |view| view.all_holders(&space)).await {
                Ok(map) => holders.insert(space, map),
                Err(error) => {
                    tracing::error!(%error, "who holds files could not be read");
                    return;
                }
            };
        }
        for start in self.inner.transfers.with(|jobs| choose(jobs, &holders, &linked)) {
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
}

/// Chooses which queued jobs run now, and marks them as running.
fn choose(jobs: &mut Jobs, holders: &Holders, linked: &BTreeSet<DeviceId>) -> Vec<Start> {
    let running = || jobs.iter().map(|(_, job)| job).filter(|job| job.phase == Phase::Running);
    // What this device copies to itself comes from nobody, and takes nobody's turn.
    let coming = running().filter(|job| job.blob.size > SMALL && job.from.is_some());
    let mut large = LARGE_AT_ONCE.saturating_sub(coming.count());
    // One device sends one bundle at a time.
    let sending = running().filter(|job| job.blob.size <= SMALL).filter_map(|job| job.from).collect::<BTreeSet<_>>();
    let bundles = BUNDLES_AT_ONCE.saturating_sub(sending.len());
    // Two files with one place go there one after the other; the second finds the first, and gets another name.
    let mut taken: BTreeSet<_> = running().map(Job::place).collect();
    let mut starts = Vec::new();
    let mut small: BTreeMap<DeviceId, Vec<TransferId>> = BTreeMap::new();
    let mut hopeless = Vec::new();
    for (id, job) in jobs.iter().filter(|(_, job)| job.phase == Phase::Queued) {
        let devices = holders.get(&id.space).and_then(|map| map.get(&job.blob.hash));
        let devices = devices.map(Vec::as_slice).unwrap_or_default();
        let usable = devices.iter().filter(|device| linked.contains(device) && !job.avoided.contains(device));
        // Small files go to the device that already has most of the bundle, so that they travel together.
        match usable.max_by_key(|device| small.get(device).map_or(0, Vec::len)) {
            None => {
                let liar = job.liar.filter(|_| devices.iter().all(|device| job.avoided.contains(device)));
                hopeless.extend(liar.map(|liar| (*id, liar)));
            }
            Some(device) if job.blob.size <= SMALL => {
                let bundle = small.entry(*device).or_default();
                if bundle.len() < BUNDLE && taken.insert(job.place()) {
                    bundle.push(*id);
                }
            }
            Some(device) if large > 0 && taken.insert(job.place()) => {
                large -= 1;
                starts.push(Start::Large(*device, *id));
            }
            Some(_) => {}
        }
    }
    for (id, liar) in hopeless {
        jobs.change(&id, |job| job.phase = Phase::Failed(FetchError::Liar(liar)));
    }
    starts.extend(small.into_iter().take(bundles).map(|(device, ids)| Start::Bundle(device, ids)));
    for start in &starts {
        let (device, ids) = match start {
            Start::Large(device, id) => (*device, std::slice::from_ref(id)),
            Start::Bundle(device, ids) => (*device, ids.as_slice()),
        };
        for id in ids {
            jobs.change(id, |job| {
                job.phase = Phase::Running;
                job.from = Some(device);
                job.stop = CancellationToken::new();
            });
        }
    }
    starts
}
