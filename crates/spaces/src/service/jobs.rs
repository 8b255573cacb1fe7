//! Exports and imports: each runs by itself, can be looked at and stopped, and leaves all or nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use compeer_core::group::{Level, Member as Of};
use compeer_core::{GroupId, limits};

use super::Spaces;
use crate::error::ActError;
use crate::export::manifest::{Head, Member};
use crate::export::{self, Draw, ExportError};
use crate::import::{Archive, ImportDone, ImportError, ImportWish, Taker, unpack};
use crate::model::{Op, SpacesEvent};
use crate::progress::Progress;

/// Jobs that are over and still told of.
const KEPT: usize = 50;
/// Jobs that run at once.
const RUNNING: usize = 4;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// Writes a folder.
    Export,
    /// Makes a space.
    Import,
}

/// How a job goes.
#[derive(Debug, Clone)]
pub enum JobState {
    /// It is at it.
    Running,
    /// Somebody stopped it.
    Cancelled,
    /// The folder is there.
    Exported {
        /// Files of the space that are in it.
        files: u64,
        /// Files that are not: on no disk here, or not wanted.
        missing: u64,
        /// Bytes in all.
        bytes: u64,
    },
    /// The space is there.
    Imported(ImportDone),
    /// There is no folder.
    ExportFailed(Arc<ExportError>),
    /// There is no space.
    ImportFailed(Arc<ImportError>),
}

/// A job as others see it.
#[derive(Debug, Clone)]
pub struct JobInfo {
    /// Its number since this program started.
    pub id: u64,
    /// What it does.
    pub kind: JobKind,
    /// The folder or file.
    pub path: PathBuf,
    /// The space that is exported, or that was made.
    pub space: Option<GroupId>,
    /// What that is called.
    pub name: String,
    /// Steps that are done.
    pub done: u64,
    /// Steps in all, as far as they are known.
    pub all: u64,
    /// How it goes.
    pub state: JobState,
}

struct Job {
    info: JobInfo,
    progress: Progress,
}

/// All jobs since this program started.
#[derive(Default)]
pub(super) struct Jobs {
    jobs: Mutex<(u64, BTreeMap<u64, Job>)>,
}

impl Jobs {
    fn with<T>(&self, work: impl FnOnce(&mut u64, &mut BTreeMap<u64, Job>) -> T) -> T {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, jobs) = &mut *jobs;
        work(last, jobs)
    }

    /// Begins to tell of a job, if not too many run already.
    fn begin(
        &self,
        kind: JobKind,
        path: PathBuf,
        space: Option<GroupId>,
        name: String,
        progress: &Progress,
    ) -> Result<u64, ActError> {
        self.with(|last, jobs| {
            let is_over = |job: &Job| !matches!(job.info.state, JobState::Running);
            if jobs.values().filter(|job| !is_over(job)).count() >= RUNNING {
                return Err(ActError::TooMany(RUNNING));
            }
            while jobs.len() >= KEPT {
                let Some(oldest) = jobs.iter().find(|(_, job)| is_over(job)).map(|(id, _)| *id) else { break };
                jobs.remove(&oldest);
            }
            *last += 1;
            let info = JobInfo { id: *last, kind, path, space, name, done: 0, all: 0, state: JobState::Running };
            jobs.insert(*last, Job { info, progress: progress.clone() });
            Ok(*last)
        })
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut JobInfo)) {
        self.with(|_, jobs| {
            if let Some(job) = jobs.get_mut(&id) {
                change(&mut job.info);
            }
        });
    }
}

impl Job {
    fn told(&self) -> JobInfo {
        let (done, all) = self.progress.state();
        JobInfo { done, all, ..self.info.clone() }
    }
}

impl Spaces {
    /// Jobs, the newest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobInfo> {
        self.inner.jobs.with(|_, jobs| jobs.values().rev().map(Job::told).collect())
    }

    /// One job.
    pub fn job(&self, id: u64) -> Result<JobInfo, ActError> {
        self.inner.jobs.with(|_, jobs| jobs.get(&id).map(Job::told)).ok_or(ActError::UnknownJob)
    }

    /// Stops a job. It ends soon, and leaves nothing.
    pub fn cancel_job(&self, id: u64) -> Result<(), ActError> {
        let stop = self.inner.jobs.with(|_, jobs| jobs.get(&id).map(|job| job.progress.stop.clone()));
        stop.ok_or(ActError::UnknownJob)?.cancel();
        Ok(())
    }

    /// Begins to write a space as a folder at `target`, where nothing may lie; `draw` is how Excalidraw writes an element.
    pub async fn export(
        &self,
        space: GroupId,
        target: PathBuf,
        with_files: bool,
        draw: Draw,
    ) -> Result<JobInfo, ActError> {
        let name = self.info(space).await?.name;
        self.person_id()?;
        let progress = self.progress();
        let id = self.inner.jobs.begin(JobKind::Export, target.clone(), Some(space), name.clone(), &progress)?;
        let spaces = self.clone();
        self.inner.tasks.spawn(async move {
            let state = match spaces.run_export(space, &target, name, with_files, draw, progress).await {
                Ok(state) => state,
                Err(ExportError::Stopped(_)) => JobState::Cancelled,
                Err(error) => JobState::ExportFailed(Arc::new(error)),
            };
            spaces.end_job(id, state);
        });
        self.job(id)
    }

    fn end_job(&self, id: u64, state: JobState) {
        self.inner.jobs.change(id, |job| job.state = state);
        self.tell(SpacesEvent::Job { id });
    }

    fn progress(&self) -> Progress {
        Progress::until(self.inner.stop.child_token())
    }

    async fn run_export(
        &self,
        space: GroupId,
        target: &Path,
        name: String,
        with_files: bool,
        draw: Draw,
        progress: Progress,
    ) -> Result<JobState, ExportError> {
        let head = self.head(space, &name).await.map_err(|_| ExportError::Changed)?;
        let view = self.inner.view.with(crate::view::View::snapshot).await?;
        let (journal, blobs) = (self.inner.journal.clone(), self.inner.blobs.clone());
        let runtime = tokio::runtime::Handle::current();
        let (spaces, handle) = (self.clone(), runtime.clone());
        let read_page: export::ReadPage = Box::new(move |updates| {
            let text = handle.block_on(spaces.text_of(updates));
            let text = text.inspect_err(|error| tracing::warn!(%error, "a page could not be read for an export"));
            text.ok().map(|text| text.markdown)
        });
        let source =
            export::Source { view, journal, blobs, runtime, space, name, draw, read_page, with_files, progress };
        let target = target.to_path_buf();
        let written = tokio::task::spawn_blocking(move || export::write(source, &target, head)).await;
        let written = written.map_err(|_| ExportError::Stopped(crate::progress::Stopped))??;
        let manifest = &written.manifest;
        let files = manifest.files.iter().filter(|file| file.path.starts_with("files/")).count() as u64;
        let bytes = manifest.files.iter().map(|file| file.size).sum();
        Ok(JobState::Exported { files, missing: written.missing, bytes })
    }

    /// What a manifest says of a space.
    async fn head(&self, space: GroupId, name: &str) -> Result<Head, ActError> {
        let rules = self.rules(&space)?;
        let names = self.inner.view.with(move |view| view.people(&space)).await?;
        let mut members: Vec<Member> = rules
            .members()
            .iter()
            .filter_map(|(member, info)| match member {
                Of::Group(person) => Some((person, info)),
                Of::Device(_) => None,
            })
            .map(|(person, info)| Member {
                id: person.to_string(),
                name: super::name_or_id(&names, person),
                level: format!("{:?}", info.level).to_lowercase(),
                since: info.since.millis(),
            })
            .collect();
        members.sort_by(|one, other| (one.since, &one.id).cmp(&(other.since, &other.id)));
        let me = self.me().ok_or(ActError::NoPerson)?;
        Ok(Head {
            space: space.to_string(),
            name: name.to_owned(),
            exported: self.now(),
            by: me.profile.name,
            device: self.inner.journal.device().to_string(),
            members,
        })
    }

    /// Begins to make a space of what lies at `path`: a folder that was exported, or a ZIP file of one. `scratch` is removed
    /// when it is over.
    pub fn import(&self, path: PathBuf, wish: ImportWish, scratch: Option<PathBuf>) -> Result<JobInfo, ActError> {
        self.person_id()?;
        let progress = self.progress();
        let id = self.inner.jobs.begin(JobKind::Import, path.clone(), None, String::new(), &progress)?;
        let spaces = self.clone();
        self.inner.tasks.spawn(async move {
            let run = spaces.run_import(id, path, wish, progress).await;
            if let Some(scratch) = scratch
                && let Err(error) = tokio::fs::remove_dir_all(&scratch).await
            {
                tracing::warn!(%error, path = %scratch.display(), "an archive that was imported could not be removed");
            }
            let state = match run {
                Ok(done) => JobState::Imported(done),
                Err(ImportError::Stopped(_)) => JobState::Cancelled,
                Err(error) => JobState::ImportFailed(Arc::new(error)),
            };
            spaces.end_job(id, state);
        });
        self.job(id)
    }

    async fn run_import(
        &self,
        id: u64,
        path: PathBuf,
        wish: ImportWish,
        progress: Progress,
    ) -> Result<ImportDone, ImportError> {
        let stopped = |_| ImportError::Stopped(crate::progress::Stopped);
        let (room, wishes, watched) = (self.inner.downloads.clone(), wish.clone(), progress.clone());
        let opened = tokio::task::spawn_blocking(move || {
            let unpacked = unpack(&path, &room, &watched)?;
            let folder = unpacked.as_ref().map_or(path.as_path(), |unpacked| unpacked.path());
            Ok::<_, ImportError>((Archive::open(folder, &wishes)?, unpacked))
        });
        let (archive, unpacked) = opened.await.map_err(stopped)??;
        let name: String = archive.name.chars().take(limits::NAME_CHARS).collect();
        let space = self.found_for_import().await?;
        self.inner.jobs.change(id, |job| job.name.clone_from(&name));
        let keep = self.inner.downloads.join(compeer_blobs::safe_path::tame(&name));
        let stores = (self.inner.journal.clone(), self.inner.blobs.clone());
        let mut taker = Taker::new(stores, space, progress, self.now(), keep);
        let read = tokio::task::spawn_blocking(move || {
            let read = archive.read(&wish, &mut taker);
            // Unpacked files are not needed any more, and go here, where that may block.
            drop(unpacked);
            if read.is_err() {
                taker.give_up();
            }
            read.map(|()| taker.done)
        });
        let done = match read.await.map_err(stopped) {
            Ok(Ok(done)) => done,
            Ok(Err(error)) | Err(error) => {
                self.drop_space(space).await?;
                return Err(error);
            }
        };
        self.finish_import(space, name).await?;
        self.inner.jobs.change(id, |job| job.space = Some(space));
        Ok(done)
    }

    /// Makes the space that is filled then. Nobody is shown it before it is whole.
    async fn found_for_import(&self) -> Result<GroupId, ActError> {
        let me = self.me().ok_or(ActError::NoPerson)?;
        let profile = Op::Profile { profile: me.profile }.encode()?;
        let space = self.inner.journal.found(compeer_core::group::GroupKind::Space, Of::Group(me.person)).await?;
        // As if it had just been left: it is not shown, and gone after a crash.
        self.inner.view.with(move |view| view.begin_farewell(&space)).await?;
        self.leaving().insert(space);
        self.inner.journal.append(space, profile).await?;
        Ok(space)
    }

    /// Names the space unless what was imported has done so.
    async fn finish_import(&self, space: GroupId, name: String) -> Result<(), ActError> {
        self.inner.view.with(move |view| view.end_farewell(&space)).await?;
        self.leaving().remove(&space);
        self.rules_for(&space, Level::Manage)?;
        self.catch_up(space).await;
        if self.inner.view.with(move |view| view.name(&space)).await?.is_none() {
            self.inner.journal.append(space, Op::Name { name }.encode()?).await?;
            self.catch_up(space).await;
        }
        self.tell(SpacesEvent::Space { space });
        Ok(())
    }
}
