//! The requester's side for many small blobs on one stream: received in order, verified and written by several
//! threads, put in place and recorded in batches.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use crate::disk::{self, Stamp, blocking, joined};
use crate::error::{FetchError, Interrupted};
use crate::fetch::{Control, Existing, Fetched, Meter, Want, or_stop, publish, send_request};
use crate::piece::{Layout, PieceList};
use crate::store::record::{Partial, Place};
use crate::store::{Arrived, BlobInfo, BlobStore, Claim};
use crate::stream::{IDLE_LIMIT, Reader, Writer};
use crate::wire::{MAX_HASHES, Request, SMALL_LEN, SmallHead, decode_small_head};

/// Blobs verified and written by one job.
const GROUP: usize = 64;
/// Bytes verified and written by one job; exceeded by at most one blob.
const GROUP_LEN: usize = 1 << 20;
/// Jobs at once. What they hold bounds the memory of a fetch.
const GROUPS: usize = 4;
/// Blobs put in place and recorded together: large, because a batch waits for the disk twice.
const BATCH: usize = 2048;
/// Bytes put in place and recorded together.
const BATCH_LEN: u64 = 64 << 20;

/// One blob to fetch, with all that a job needs to know.
struct Job {
    info: BlobInfo,
    pieces: PieceList,
    place: Place,
    existing: Existing,
    target: PathBuf,
    part: PathBuf,
    _claim: Claim,
}

type Outcome = Result<Fetched, FetchError>;

/// Fetches many blobs of at most [`SMALL_LEN`] bytes from one provider. The outcomes are in the order of `wants`; a
/// blob that the provider lacks or that cannot be written fails by itself.
///
/// # Errors
/// [`FetchError`] if the stream broke, the provider broke the rules, or the caller stopped. Blobs that were put in place
/// before stay and are recorded: ask [`BlobStore::has_many`] what is left.
pub async fn fetch_many<R, W>(
    store: &BlobStore,
    wants: &[Want],
    recv: R,
    send: W,
    control: Control,
) -> Result<Vec<Outcome>, FetchError>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let stop = control.stop.clone();
    let (store, wants) = (store.clone(), wants.to_vec());
    let mut fetch = blocking(move || Fetch::prepare(store, &wants, control)).await?;
    if !fetch.jobs.is_empty() {
        let jobs = Arc::clone(&fetch.jobs);
        let ask = async {
            let mut send = Writer::new(send, IDLE_LIMIT);
            for some in jobs.chunks(MAX_HASHES) {
                let hashes = some.iter().map(|(_, job)| job.info.hash).collect();
                send_request(&mut send, &Request::Many(hashes)).await?;
            }
            send.close().await?;
            Ok(())
        };
        let receive = fetch.receive(Reader::new(recv, IDLE_LIMIT));
        or_stop(&stop, Box::pin(async { tokio::try_join!(ask, receive) })).await?;
    }
    blocking(move || fetch.outcomes()).await
}

struct Fetch {
    store: BlobStore,
    /// What is asked for, in the order of the answers, each with its position in the caller's list.
    jobs: Arc<[(usize, Job)]>,
    outcomes: Vec<Option<Outcome>>,
    meter: Meter,
}

/// Received bytes of several blobs, one after another.
#[derive(Default)]
struct Group {
    bytes: Vec<u8>,
    /// Which job, and where its bytes are.
    blobs: Vec<(usize, Range<usize>)>,
}

/// What one group's writer has done: its buffer for reuse, and for each job the stamp of its part file.
type Written = (Group, Vec<(usize, Result<Stamp, FetchError>)>);

impl Fetch {
    fn prepare(store: BlobStore, wants: &[Want], control: Control) -> Result<Self, FetchError> {
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(wants.len());
        let mut jobs = Vec::with_capacity(wants.len());
        for (at, want) in wants.iter().enumerate() {
            let outcome = match Job::new(&store, want) {
                Ok(job) => {
                    jobs.push((at, job));
                    None
                }
                Err(error) => Some(Err(error)),
            };
            outcomes.push(outcome);
        }
        // Recorded before any part file is made, so that none is ever without a record.
        let partials: Vec<Partial> = jobs.iter().map(|(_, job)| job.partial()).collect();
        store.put_partials(jobs.iter().map(|(_, job)| &job.place).zip(&partials))?;
        let size = jobs.iter().map(|(_, job)| job.info.size).sum();
        Ok(Self { store, jobs: jobs.into(), outcomes, meter: Meter::new(control.progress, 0, size) })
    }

    async fn receive<R: AsyncRead + Unpin>(&mut self, mut recv: Reader<R>) -> Result<(), FetchError> {
        let mut writing: JoinSet<Result<Written, FetchError>> = JoinSet::new();
        let mut placing: JoinSet<Result<Vec<(usize, Outcome)>, FetchError>> = JoinSet::new();
        let mut batch: Vec<(usize, Stamp)> = Vec::new();
        let mut group = Group::default();
        let jobs = Arc::clone(&self.jobs);
        for (number, (at, job)) in jobs.iter().enumerate() {
            let len = match decode_small_head(&recv.array().await?) {
                SmallHead::Bytes { len } => len as usize,
                SmallHead::NotHere | SmallHead::TooLarge => {
                    self.set(*at, Err(FetchError::NotServed));
                    continue;
                }
            };
            if len as u64 > SMALL_LEN {
                return Err(FetchError::WrongLength { expected: job.info.size, told: len as u64 });
            }
            let start = group.bytes.len();
            group.bytes.resize(start + len, 0);
            recv.fill(&mut group.bytes[start..]).await?;
            // The size was announced by whoever shared the blob; the provider need not be the one that is wrong.
            if len as u64 != job.info.size {
                group.bytes.truncate(start);
                self.set(*at, Err(FetchError::SizeMismatch { expected: job.info.size, told: len as u64 }));
                continue;
            }
            group.blobs.push((number, start..start + len));
            if group.blobs.len() < GROUP && group.bytes.len() < GROUP_LEN {
                continue;
            }
            let mut spare = Group::default();
            if writing.len() >= GROUPS
                && let Some(done) = writing.join_next().await
            {
                spare = self.written(joined(done)??, &mut batch);
                self.place_if_full(&mut batch, &mut placing).await?;
            }
            let full = std::mem::replace(&mut group, spare);
            let jobs = Arc::clone(&jobs);
            writing.spawn_blocking(move || write_group(full, &jobs));
        }
        let jobs = Arc::clone(&jobs);
        writing.spawn_blocking(move || write_group(group, &jobs));
        while let Some(done) = writing.join_next().await {
            self.written(joined(done)??, &mut batch);
            self.place_if_full(&mut batch, &mut placing).await?;
        }
        self.place(&mut batch, &mut placing).await?;
        self.placed(&mut placing).await
    }

    /// Takes note of what a writer has done; gives its buffer back, empty.
    fn written(&mut self, (mut group, results): Written, batch: &mut Vec<(usize, Stamp)>) -> Group {
        let jobs = Arc::clone(&self.jobs);
        for (number, result) in results {
            let Some((at, job)) = jobs.get(number) else { continue };
            match result {
                Ok(stamp) => {
                    self.meter.add(job.info.size);
                    batch.push((number, stamp));
                }
                Err(error) => self.set(*at, Err(error)),
            }
        }
        group.bytes.clear();
        group.blobs.clear();
        group
    }

    async fn place_if_full(
        &mut self,
        batch: &mut Vec<(usize, Stamp)>,
        placing: &mut JoinSet<Result<Vec<(usize, Outcome)>, FetchError>>,
    ) -> Result<(), FetchError> {
        let len: u64 = batch.iter().map(|(_, stamp)| stamp.size).sum();
        if batch.len() >= BATCH || len >= BATCH_LEN { self.place(batch, placing).await } else { Ok(()) }
    }

    /// Puts a batch in place, while the next is received. One batch at a time.
    async fn place(
        &mut self,
        batch: &mut Vec<(usize, Stamp)>,
        placing: &mut JoinSet<Result<Vec<(usize, Outcome)>, FetchError>>,
    ) -> Result<(), FetchError> {
        self.placed(placing).await?;
        let (store, jobs, batch) = (self.store.clone(), Arc::clone(&self.jobs), std::mem::take(batch));
        placing.spawn_blocking(move || place_batch(&store, &jobs, &batch));
        Ok(())
    }

    async fn placed(
        &mut self,
        placing: &mut JoinSet<Result<Vec<(usize, Outcome)>, FetchError>>,
    ) -> Result<(), FetchError> {
        while let Some(done) = placing.join_next().await {
            for (at, outcome) in joined(done)?? {
                self.set(at, outcome);
            }
        }
        Ok(())
    }

    fn set(&mut self, at: usize, outcome: Outcome) {
        if let Some(slot) = self.outcomes.get_mut(at) {
            *slot = Some(outcome);
        }
    }

    /// All outcomes. What failed leaves nothing behind.
    fn outcomes(self) -> Result<Vec<Outcome>, FetchError> {
        let failed: Vec<&Job> = self
            .jobs
            .iter()
            .filter(|(at, _)| !matches!(self.outcomes.get(*at), Some(Some(Ok(_)))))
            .map(|(_, job)| job)
            .collect();
        for job in &failed {
            // Most have none; one that cannot be removed keeps its record.
            let _ = fs::remove_file(&job.part);
        }
        let gone = failed.iter().filter(|job| !job.part.exists()).map(|job| &job.place);
        self.store.remove_partials(gone)?;
        Ok(self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Err(Interrupted.into()))).collect())
    }
}

impl Job {
    fn new(store: &BlobStore, want: &Want) -> Result<Self, FetchError> {
        let BlobInfo { hash, size } = want.info;
        let layout = Layout::of(size).ok().filter(|layout| layout.size() <= SMALL_LEN);
        let pieces = layout.and_then(|layout| PieceList::single(hash, layout).ok());
        let pieces = pieces.ok_or(FetchError::TooLarge { hash, size })?;
        let (place, existing) = want.target.place(store, &want.info)?;
        let target = store.absolute(&place);
        let part = disk::part_path(&target).ok_or_else(|| FetchError::Target { path: target.clone() })?;
        let claim = store.try_claim(&target).ok_or_else(|| FetchError::Busy { path: target.clone() })?;
        Ok(Self { info: want.info, pieces, place, existing, target, part, _claim: claim })
    }

    fn partial(&self) -> Partial {
        Partial { hash: self.info.hash, size: self.info.size, pieces: Vec::new(), touched: Vec::new() }
    }

    /// Writes the part file. On Linux it is not synced: the whole batch is, at once.
    fn write(&self, bytes: &[u8]) -> std::io::Result<Stamp> {
        let mut file = disk::open_part(&self.part, true)?;
        file.write_all(bytes)?;
        disk::sync_each(&file)?;
        Ok(Stamp::of(&file.metadata()?))
    }
}

/// Verifies all blobs of a group, then writes them. One wrong byte ends the fetch: the provider lies.
fn write_group(group: Group, jobs: &[(usize, Job)]) -> Result<Written, FetchError> {
    let mut results = Vec::with_capacity(group.blobs.len());
    for (number, range) in &group.blobs {
        let (Some((_, job)), Some(bytes)) = (jobs.get(*number), group.bytes.get(range.clone())) else { continue };
        if !job.pieces.verify(0, bytes) {
            return Err(FetchError::BadPiece { index: 0 });
        }
        results.push((*number, job.write(bytes).map_err(|source| FetchError::write(&job.part, source))));
    }
    Ok((group, results))
}

/// Gives a batch of part files their names and records them: content on disk before names, names before records.
fn place_batch(
    store: &BlobStore,
    jobs: &[(usize, Job)],
    batch: &[(usize, Stamp)],
) -> Result<Vec<(usize, Outcome)>, FetchError> {
    let batch: Vec<_> = batch.iter().filter_map(|(number, stamp)| Some((jobs.get(*number)?, *stamp))).collect();
    let dirs: BTreeSet<_> = batch.iter().filter_map(|((_, job), _)| job.target.parent()).collect();
    let settle = || disk::settle(&dirs).map_err(|(dir, source)| FetchError::write(dir, source));
    settle()?;
    let mut outcomes = Vec::with_capacity(batch.len());
    let mut arrived = Vec::with_capacity(batch.len());
    for ((at, job), stamp) in batch {
        match publish(&job.part, &job.target, job.existing, &job.info, stamp) {
            Ok((path, stamp)) => {
                let place =
                    if job.place.owned { job.place.clone() } else { Place { path: path.clone(), owned: false } };
                arrived.push(Arrived { place, pieces: &job.pieces, stamp, wanted: Some(&job.place) });
                outcomes.push((*at, Ok(Fetched { info: job.info, path })));
            }
            Err(error) => outcomes.push((*at, Err(error))),
        }
    }
    settle()?;
    store.record(&arrived)?;
    Ok(outcomes)
}
