//! The jobs of all transfers: what is wanted, how far it is, and how it ended. No I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use compeer_blobs::{BlobInfo, FetchError as BlobError};
use compeer_core::DeviceId;
use tokio_util::sync::CancellationToken;

use super::BUNDLE;
use crate::error::FetchError;
use crate::model::{Transfer, TransferId, TransferSource, TransferState};
use crate::view::{FileRow, Wish};

/// Transfers that are over and still listed.
const REMEMBERED: usize = 1000;

/// A file that is wanted here.
pub(super) struct Job {
    pub(super) name: String,
    pub(super) blob: BlobInfo,
    pub(super) dir: PathBuf,
    pub(super) phase: Phase,
    pub(super) done: u64,
    pub(super) rate: u64,
    pub(super) from: Option<DeviceId>,
    /// Devices that lied or failed in this job, and are not asked again until they come back.
    pub(super) avoided: BTreeSet<DeviceId>,
    pub(super) liar: Option<DeviceId>,
    pub(super) stop: CancellationToken,
    /// In which order jobs ended; 0 while this one has not. Kept by [`Jobs`].
    ended: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    Queued,
    Running,
    Paused,
    Failed(FetchError),
    Done(PathBuf),
}

impl Job {
    pub(super) fn new(row: &FileRow, dir: PathBuf) -> Self {
        Self {
            name: row.name.clone(),
            blob: BlobInfo { hash: row.blob, size: row.size },
            dir,
            phase: Phase::Queued,
            done: 0,
            rate: 0,
            from: None,
            avoided: BTreeSet::new(),
            liar: None,
            stop: CancellationToken::new(),
            ended: 0,
        }
    }

    /// What was wanted before this device was started.
    pub(super) fn again(row: &FileRow, wish: &Wish) -> Self {
        let phase = if wish.paused { Phase::Paused } else { Phase::Queued };
        Self { phase, done: wish.done.min(row.size), ..Self::new(row, wish.dir.clone()) }
    }

    /// Where it goes, in a form that is the same for two names that some file system takes for one.
    pub(super) fn place(&self) -> (&Path, String) {
        (&self.dir, self.name.to_lowercase())
    }

    /// Whether it is done, under its own name.
    pub(super) fn is_where_it_should_be(&self) -> bool {
        matches!(&self.phase, Phase::Done(path) if *path == self.dir.join(&self.name))
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Failed(_) | Phase::Done(_))
    }

    pub(super) fn picture(&self, id: TransferId) -> Transfer {
        let running = self.phase == Phase::Running;
        Transfer {
            id,
            name: self.name.clone(),
            dir: self.dir.clone(),
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

impl Job {
    /// `still_linked`: over the link that it was asked on. One that came back meanwhile is not to blame for the end of the
    /// link before.
    pub(super) fn retry_elsewhere(&mut self, device: DeviceId, liar: bool, still_linked: bool) {
        if self.phase != Phase::Running {
            return;
        }
        if liar || still_linked {
            self.avoided.insert(device);
        }
        if liar {
            self.liar = Some(device);
        }
        self.phase = Phase::Queued;
        self.from = None;
    }

    /// Another device may do better, unless the fault lies on this side.
    pub(super) fn failed(&mut self, device: DeviceId, error: &BlobError, still_linked: bool) {
        if self.phase != Phase::Running {
            return;
        }
        if matches!(error, BlobError::Busy { .. }) {
            // Another file was on its way to the same place. The next look finds it free.
            self.phase = Phase::Queued;
            self.from = None;
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
            None => self.retry_elsewhere(device, error.is_misbehaviour(), still_linked),
        }
    }
}

/// All jobs, by transfer. Those that are over are remembered for a while, the latest [`REMEMBERED`] of them.
#[derive(Default)]
pub(super) struct Jobs {
    all: BTreeMap<TransferId, Job>,
    /// Those that are over, in the order in which they ended.
    ended: BTreeMap<u64, TransferId>,
    last: u64,
}

impl Jobs {
    pub(super) fn get(&self, id: &TransferId) -> Option<&Job> {
        self.all.get(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&TransferId, &Job)> {
        self.all.iter()
    }

    /// Adds a job unless there is one that is not over or paused; one that waits gives everybody another chance. What had
    /// arrived for one before it is not lost.
    pub(super) fn want(&mut self, id: TransferId, mut job: Job) {
        if let Some(waiting) = self.all.get_mut(&id).filter(|job| job.phase == Phase::Queued) {
            waiting.avoided.clear();
            waiting.liar = None;
        }
        if self.all.get(&id).is_none_or(|job| job.is_over() || job.phase == Phase::Paused) {
            if let Some(before) =
                self.remove(&id).filter(|before| !matches!(before.phase, Phase::Done(_)) && before.dir == job.dir)
            {
                job.done = before.done;
            }
            self.all.insert(id, job);
        }
    }

    /// Makes a job unless there is one.
    pub(super) fn want_again(&mut self, id: TransferId, new: impl FnOnce() -> Job) {
        self.all.entry(id).or_insert_with(new);
    }

    pub(super) fn remove(&mut self, id: &TransferId) -> Option<Job> {
        let job = self.all.remove(id)?;
        self.ended.remove(&job.ended);
        Some(job)
    }

    /// Changes a job. Returns how it looks now.
    pub(super) fn change(&mut self, id: &TransferId, change: impl FnOnce(&mut Job)) -> Option<Transfer> {
        let job = self.all.get_mut(id)?;
        change(job);
        let picture = job.picture(*id);
        if job.is_over() != (job.ended > 0) {
            self.ended.remove(&job.ended);
            job.ended = 0;
            if job.is_over() {
                self.last += 1;
                job.ended = self.last;
                self.ended.insert(self.last, *id);
            }
        }
        if self.ended.len() > REMEMBERED
            && let Some((_, oldest)) = self.ended.pop_first()
        {
            self.all.remove(&oldest);
        }
        Some(picture)
    }

    /// Marks those of `ids` as running that wait. Returns which they are.
    pub(super) fn start(&mut self, mut ids: Vec<TransferId>) -> Vec<TransferId> {
        ids.retain(|id| self.all.get(id).is_some_and(|job| job.phase == Phase::Queued));
        for id in &ids {
            self.change(id, |job| {
                job.phase = Phase::Running;
                job.stop = CancellationToken::new();
            });
        }
        ids
    }

    /// Takes as many of `ids` as travel together, no two of them to one place.
    pub(super) fn take_bundle(&self, ids: &mut Vec<TransferId>) -> Vec<TransferId> {
        let mut taken = BTreeSet::new();
        let mut bundle = Vec::new();
        ids.retain(|id| {
            let Some(job) = self.all.get(id) else { return false };
            let takes = bundle.len() < BUNDLE && taken.insert(job.place());
            if takes {
                bundle.push(*id);
            }
            !takes
        });
        bundle
    }

    /// Changes every job that is not over, in ways that do not end it.
    pub(super) fn each_open(&mut self, change: impl FnMut(&mut Job)) {
        self.all.values_mut().filter(|job| !job.is_over()).for_each(change);
    }

    /// All of them, those under way first, then the latest.
    pub(super) fn list(&self) -> Vec<Transfer> {
        let open = self.all.iter().filter(|(_, job)| !job.is_over());
        let over = self.ended.values().rev().filter_map(|id| self.all.get_key_value(id));
        open.chain(over).map(|(id, job)| job.picture(*id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compeer_core::{BlobHash, EntryHash, GroupId};

    fn id(n: u32) -> TransferId {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        TransferId { space: GroupId::from_bytes([1; 32]), file: EntryHash::from_bytes(bytes) }
    }

    fn job() -> Job {
        Job {
            name: "plan.pdf".into(),
            blob: BlobInfo { hash: BlobHash::from_bytes([2; 32]), size: 10 },
            dir: PathBuf::new(),
            phase: Phase::Queued,
            done: 0,
            rate: 0,
            from: None,
            avoided: BTreeSet::new(),
            liar: None,
            stop: CancellationToken::new(),
            ended: 0,
        }
    }

    #[test]
    fn the_latest_that_ended_are_remembered() {
        let mut jobs = Jobs::default();
        let many = REMEMBERED as u32 + 10;
        for n in 0..many {
            jobs.want(id(n), job());
            jobs.change(&id(n), |job| job.phase = Phase::Done(PathBuf::new()));
        }
        jobs.want(id(many), job());
        let list = jobs.list();
        assert_eq!(list.len(), REMEMBERED + 1);
        assert_eq!((list[0].id, list[1].id), (id(many), id(many - 1)));
        assert!(jobs.get(&id(9)).is_none() && jobs.get(&id(10)).is_some());
    }

    #[test]
    fn who_came_back_meanwhile_is_asked_again() {
        let device = DeviceId::from_bytes([3; 32]);
        let broken = BlobError::Stream(std::io::ErrorKind::ConnectionReset.into());
        for still_linked in [true, false] {
            let mut job = Job { phase: Phase::Running, ..job() };
            job.failed(device, &broken, still_linked);
            assert_eq!((&job.phase, job.avoided.contains(&device)), (&Phase::Queued, still_linked));
            let mut job = Job { phase: Phase::Running, ..self::job() };
            job.failed(device, &BlobError::BadPiece { index: 0 }, still_linked);
            assert_eq!((job.avoided.contains(&device), job.liar), (true, Some(device)), "a liar is a liar");
        }
    }

    #[test]
    fn what_goes_on_is_no_longer_over() {
        let mut jobs = Jobs::default();
        jobs.want(id(1), job());
        jobs.change(&id(1), |job| job.phase = Phase::Failed(FetchError::Name));
        assert_eq!(jobs.ended.len(), 1);
        jobs.change(&id(1), |job| job.phase = Phase::Queued);
        assert!(jobs.ended.is_empty());
        jobs.change(&id(1), |job| job.phase = Phase::Done(PathBuf::new()));
        // Wanted once more: a new job.
        jobs.want(id(1), job());
        assert!(jobs.ended.is_empty() && jobs.get(&id(1)).is_some_and(|job| job.phase == Phase::Queued));
        // One that runs stays.
        jobs.change(&id(1), |job| job.phase = Phase::Running);
        jobs.want(id(1), job());
        assert!(jobs.get(&id(1)).is_some_and(|job| job.phase == Phase::Running));
        assert!(jobs.remove(&id(1)).is_some() && jobs.list().is_empty());
    }
}
