//! What is written on pages, as the worker has read it. Each page that is in use has a document there, and whoever asks for it
//! brings it up to date first.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId};
use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::Instant;

use super::super::Spaces;
use super::super::rooms::Key;
use crate::error::ActError;
use crate::model::update::{Run, UpdateError, is_peer_of, read_runs};
use crate::model::{Field, Op, OpError, SpacesEvent};
use crate::pages::{Answer, Ask, Bad, Bytes, Text, Worker, WorkerCommand, WorkerError};
use crate::view::{Floors, TextRow, UpdateRow};

/// Pages whose documents are kept.
const KEPT: usize = 32;
/// Bytes of updates that the worker is handed at once.
const HANDED: usize = 4 << 20;
/// Ops that are compared at once.
const COMPARED: u32 = 1 << 14;
/// How often a page is tried that breaks the worker. Each time at least one update is left out.
const TRIES: usize = 64;
/// A page is read for its words once nobody has written for so long.
const QUIET: Duration = Duration::from_secs(2);
/// And after so long although somebody writes.
const PATIENCE: Duration = Duration::from_secs(10);
/// The name of an update that is not written yet.
const OWN: EntryHash = EntryHash::from_bytes([0; 32]);

/// The texts of pages that are in use.
pub(in crate::service) struct Texts {
    worker: Worker,
    pages: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<Loaded>>>>,
    next: AtomicU32,
    /// Pages whose words are to be read.
    due: Mutex<BTreeSet<Key>>,
    noted: Notify,
}

/// A document in the worker.
#[derive(Default)]
pub(super) struct Loaded {
    /// The worker that has it; `None` while there is none.
    worker: Option<u64>,
    document: u32,
    /// Up to which number of the view it is read.
    pub(super) number: i64,
    /// Updates that go on from what is not here.
    pub(super) waiting: Vec<EntryHash>,
    /// Updates with higher numbers that are in it already.
    has: HashSet<EntryHash>,
    /// Whether the worker broke over several updates: then it is handed one at a time.
    careful: bool,
}

impl Texts {
    pub(in crate::service) fn new(command: WorkerCommand) -> Self {
        Self {
            worker: Worker::new(command),
            pages: Mutex::default(),
            next: AtomicU32::new(1),
            due: Mutex::default(),
            noted: Notify::new(),
        }
    }

    /// Something was written on a page.
    pub(in crate::service) fn note(&self, space: GroupId, page: EntryHash) {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).insert((space, page));
        self.noted.notify_one();
    }

    /// A space has ended: nothing of what was read of its pages stays in memory.
    pub(in crate::service) async fn forget(&self, space: &GroupId) {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).retain(|(other, _), _| other != space);
        self.worker.end().await;
    }

    fn page(&self, key: Key) -> Arc<tokio::sync::Mutex<Loaded>> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= KEPT {
            // Whoever uses one holds it. What is let go of here is forgotten by the worker when its number comes again, or it ends.
            pages.retain(|other, loaded| *other == key || Arc::strong_count(loaded) > 1);
        }
        pages.entry(key).or_default().clone()
    }
}

impl Spaces {
    /// The document of a page, up to date, for whoever holds it.
    pub(super) async fn read_page(&self, key: Key) -> Result<OwnedMutexGuard<Loaded>, ActError> {
        let mut loaded = self.inner.texts.page(key).lock_owned().await;
        let (space, page) = key;
        let floors = self.inner.view.with(move |view| view.page_floors(&space, &page)).await?;
        let mut before = None;
        if floors.again > floors.floor.max(loaded.number) {
            if loaded.worker.is_some() && loaded.number >= floors.floor {
                before = Some(std::mem::take(&mut *loaded));
            } else {
                // What it was is not here to be compared.
                self.inner.view.with(move |view| view.begin_page_again(&space, &page)).await?;
            }
        }
        for _ in 0..TRIES {
            if self.bring_up(key, &mut loaded).await? {
                if let Some(before) = before
                    && !self.is_continued(key, &before, &loaded).await?
                {
                    self.inner.view.with(move |view| view.begin_page_again(&space, &page)).await?;
                }
                return Ok(loaded);
            }
            let careful = loaded.careful;
            *loaded = Loaded { careful, document: loaded.document, ..Loaded::default() };
        }
        Err(ActError::PageUnread)
    }

    /// Whether a document that was read anew, because updates were said again, says the same as far as the one from before goes.
    /// That one is forgotten.
    async fn is_continued(&self, (space, page): Key, before: &Loaded, now: &Loaded) -> Result<bool, ActError> {
        let after = before.number;
        let news = self.inner.view.with(move |view| view.page_updates(&space, &page, after)).await?;
        let mut same = before.worker == now.worker;
        // Also if nothing is new: something may be missing.
        let nothing = std::iter::once((None, Vec::new()));
        let parts =
            nothing.chain(news.iter().flat_map(|update| parts(update).map(|run| (Some(update.author), vec![run]))));
        for (author, runs) in parts {
            let ask = Ask::Compare { document: before.document, other: now.document, runs };
            match self.ask_worker(before.worker, ask).await {
                Ok(Some((_, Answer::Compared { same: true }))) => continue,
                Ok(Some((_, Answer::Compared { same: false }))) => {
                    if let Some(device) = author {
                        let what = "says again what it wrote on a page as something else".into();
                        self.tell(SpacesEvent::Nonsense { space, device, what });
                    }
                }
                Err(WorkerError::Start(error)) => return Err(self.no_worker(&error)),
                _ => {}
            }
            same = false;
            if author.is_some() {
                break;
            }
        }
        let forgotten = self.ask_worker(before.worker, Ask::Forget { document: before.document }).await;
        if let Err(error) = forgotten {
            tracing::debug!(%error, "a document is gone with its worker");
        }
        Ok(same)
    }

    /// Reads on in a page. `false`: something went wrong that is known now, and it has to be read anew.
    async fn bring_up(&self, (space, page): Key, loaded: &mut Loaded) -> Result<bool, ActError> {
        let view = &self.inner.view;
        let Floors { floor, again } = view.with(move |view| view.page_floors(&space, &page)).await?;
        let floor = floor.max(again);
        let mut waited = Vec::new();
        if loaded.worker.is_none() || loaded.number < floor {
            let text = view.with(move |view| view.page_text(&space, &page)).await?.filter(|text| text.number >= floor);
            if loaded.document == 0 {
                loaded.document = self.inner.texts.next.fetch_add(1, Ordering::Relaxed);
            }
            let (number, snapshot, waiting) = match text {
                Some(TextRow { number, snapshot, waiting }) => (number, Some(Bytes(snapshot)), waiting),
                None => (floor, None, Vec::new()),
            };
            let kept = snapshot.is_some();
            match self.ask_worker(None, Ask::Begin { document: loaded.document, snapshot }).await {
                Ok(Some((worker, Answer::Done))) => loaded.worker = Some(worker),
                Err(WorkerError::Start(error)) => return Err(self.no_worker(&error)),
                // What was kept is of no use; the updates are all there.
                _ if kept => {
                    view.with(move |view| view.forget_page_text(&space, &page)).await?;
                    return Ok(false);
                }
                _ => return Ok(false),
            }
            // Whatever counts is above the floor, unless the numbers began anew after it was written.
            loaded.number = if kept { number } else { i64::MIN };
            loaded.has.clear();
            loaded.waiting.clear();
            waited = view.with(move |view| view.page_updates_of(&waiting)).await?;
        }
        let after = loaded.number;
        let news = view.with(move |view| view.page_updates(&space, &page, after)).await?;
        let last = news.iter().map(|update| update.number).max().unwrap_or(after).max(floor);
        let news = news.into_iter().filter(|update| !loaded.has.contains(&update.hash));
        let updates: Vec<UpdateRow> = waited.into_iter().chain(news).collect();
        let most = if loaded.careful { 0 } else { HANDED };
        let mut released = Vec::new();
        for batch in batches(updates, most) {
            let names: Vec<EntryHash> = batch.iter().map(|update| update.hash).collect();
            let updates = batch.into_iter().map(|update| (update.hash, Bytes(update.bytes))).collect();
            match self.ask_worker(loaded.worker, Ask::Take { document: loaded.document, updates }).await {
                Ok(Some((_, Answer::Taken { bad, waiting }))) if bad.is_empty() => {
                    released.extend(loaded.waiting.iter().filter(|update| !waiting.contains(update)));
                    loaded.waiting = waiting;
                }
                Ok(Some((_, Answer::Taken { bad, .. }))) => {
                    for Bad { update, why, adrift } in bad {
                        self.leave_out((space, page), update, why, adrift).await?;
                    }
                    return Ok(false);
                }
                Err(WorkerError::Start(error)) => return Err(self.no_worker(&error)),
                // Another page may have broken it.
                Ok(_) => return Ok(false),
                Err(error) => {
                    tracing::warn!(page = %page.short(), %error, "a page could not be read");
                    if let [update] = names[..] {
                        let why = "writes on a page what breaks whoever reads it".into();
                        self.leave_out((space, page), update, why, false).await?;
                    }
                    loaded.careful = true;
                    return Ok(false);
                }
            }
        }
        loaded.careful = false;
        loaded.number = last;
        loaded.has.clear();
        if !released.is_empty() {
            loaded.has.extend(&released);
            view.with(move |view| view.renumber_updates(&space, &released)).await?;
            self.inner.rooms.drawn(space, page);
        }
        Ok(true)
    }

    /// From now on an update counts for nothing here, and somebody is told who wrote it, if it is surely theirs.
    async fn leave_out(
        &self,
        (space, page): Key,
        update: EntryHash,
        why: String,
        adrift: bool,
    ) -> Result<(), ActError> {
        let what = why.clone();
        let mark = move |view: &crate::view::View| view.mark_bad_update(&space, &page, &update, &why, adrift);
        let author = self.inner.view.with(mark).await?;
        if let Some(device) = author {
            self.tell(SpacesEvent::Nonsense { space, device, what });
        }
        Ok(())
    }

    /// Asks the worker. Whoever gives up waiting for the answer does not end it.
    async fn ask_worker(&self, worker: Option<u64>, ask: Ask) -> Result<Option<(u64, Answer)>, WorkerError> {
        let spaces = self.clone();
        let asked = self.inner.tasks.spawn(async move { spaces.inner.texts.worker.ask(worker, &ask).await });
        asked.await.unwrap_or(Err(WorkerError::Died))
    }

    fn no_worker(&self, error: &std::io::Error) -> ActError {
        tracing::error!(%error, "the program that reads pages could not be started");
        ActError::PageUnread
    }

    /// Asks something about a page's document. If the worker ends over it, once more.
    pub(super) async fn ask_about(
        &self,
        key: Key,
        ask: impl Fn(u32) -> Ask,
    ) -> Result<(OwnedMutexGuard<Loaded>, Answer), ActError> {
        for _ in 0..2 {
            let mut loaded = self.read_page(key).await?;
            match self.ask_worker(loaded.worker, ask(loaded.document)).await {
                Ok(Some((_, answer))) if answer != Answer::Failed => return Ok((loaded, answer)),
                _ => loaded.worker = None,
            }
        }
        Err(ActError::PageUnread)
    }

    /// All that is written on a page, as Loro's snapshot of it.
    pub async fn page_state(&self, space: GroupId, page: EntryHash) -> Result<Vec<u8>, ActError> {
        self.page(space, page).await?;
        match self.ask_about((space, page), |document| Ask::Snapshot { document }).await? {
            (_, Answer::Snapshot { bytes: Bytes(bytes) }) => Ok(bytes),
            _ => Err(ActError::PageUnread),
        }
    }

    /// What a page says: as ProseMirror's JSON and as Markdown.
    pub async fn page_text(&self, space: GroupId, page: EntryHash) -> Result<(String, String), ActError> {
        self.page(space, page).await?;
        match self.ask_about((space, page), |document| Ask::Read { document }).await? {
            (_, Answer::Text { text }) => Ok((text.json, text.markdown)),
            _ => Err(ActError::PageUnread),
        }
    }

    /// What updates say together, with a document that is only there for it.
    pub(in crate::service) async fn text_of(&self, updates: Vec<UpdateRow>) -> Result<Text, ActError> {
        let document = self.inner.texts.next.fetch_add(1, Ordering::Relaxed);
        let asked = async {
            let (worker, _) =
                self.ask_worker(None, Ask::Begin { document, snapshot: None }).await?.ok_or(WorkerError::Died)?;
            for batch in batches(updates, HANDED) {
                let updates = batch.into_iter().map(|update| (update.hash, Bytes(update.bytes))).collect();
                self.ask_worker(Some(worker), Ask::Take { document, updates }).await?.ok_or(WorkerError::Died)?;
            }
            let read = self.ask_worker(Some(worker), Ask::Read { document }).await?;
            self.ask_worker(Some(worker), Ask::Forget { document }).await?;
            Ok(read)
        };
        match asked.await {
            Ok(Some((_, Answer::Text { text }))) => Ok(text),
            Ok(_) => Err(ActError::PageUnread),
            Err(WorkerError::Start(error)) => Err(self.no_worker(&error)),
            Err(error) => {
                tracing::warn!(%error, "what a page said could not be read");
                Err(ActError::PageUnread)
            }
        }
    }

    /// Writes on a page: an update of this device's own, as its page in the browser made it. It is durable when this returns.
    pub(super) async fn write_page(&self, key: Key, bytes: Vec<u8>) -> Result<EntryHash, ActError> {
        let spaces = self.clone();
        // What has begun is finished, whether it is waited for or not: else the document would hold what nobody has written.
        let written = self.inner.tasks.spawn(async move { spaces.write_update(key, bytes).await });
        written.await.unwrap_or(Err(ActError::Closed))
    }

    async fn write_update(&self, key: Key, bytes: Vec<u8>) -> Result<EntryHash, ActError> {
        let (space, page) = key;
        self.person_id()?;
        self.rules_for(&space, Level::Write)?;
        let refused = |error: UpdateError| ActError::from(OpError::from(error));
        let runs = read_runs(&bytes).map_err(refused)?;
        let device = self.inner.journal.device();
        if runs.iter().any(|run| !is_peer_of(run.peer, &device)) {
            return Err(refused(UpdateError::Author));
        }
        let mut loaded = self.read_page(key).await?;
        let size = bytes.len();
        let fits = move |view: &crate::view::View| {
            let mut ops = 0;
            for run in runs {
                if view.page_end(&space, &page, &device, run.peer)? != run.first {
                    return Ok(Err(refused(UpdateError::Order)));
                }
                ops += i64::from(run.end - run.first);
            }
            Ok(if view.page_has_room(&space, &page, size, ops)? { Ok(()) } else { Err(ActError::PageFull) })
        };
        self.inner.view.with(fits).await??;
        let ask = Ask::Take { document: loaded.document, updates: vec![(OWN, Bytes(bytes.clone()))] };
        match self.ask_worker(loaded.worker, ask).await {
            Ok(Some((_, Answer::Taken { bad, waiting }))) if bad.is_empty() && !waiting.contains(&OWN) => {}
            answer => {
                // Whatever the document is now, it is not what is written.
                loaded.worker = None;
                return Err(match answer {
                    Err(WorkerError::Start(error)) => self.no_worker(&error),
                    _ => refused(UpdateError::Form),
                });
            }
        }
        let op = Op::Set { object: page, fields: vec![Field::Update { bytes }] };
        match self.inner.journal.append(space, op.encode()?).await {
            Ok(written) => {
                loaded.has.insert(written.hash);
                drop(loaded);
                self.catch_up(space).await;
                Ok(written.hash)
            }
            Err(error) => {
                loaded.worker = None;
                Err(error.into())
            }
        }
    }

    /// The task: reads what pages say a moment after somebody wrote on them, so that they can be found and are opened at once.
    pub(in crate::service) async fn keep_pages_read(self) {
        let texts = &self.inner.texts;
        let work = async {
            match self.inner.view.with(|view| view.unread_pages()).await {
                Ok(pages) => pages.into_iter().for_each(|(space, page)| texts.note(space, page)),
                Err(error) => tracing::error!(%error, "which pages were not read could not be looked up"),
            }
            loop {
                texts.noted.notified().await;
                let latest = Instant::now() + PATIENCE;
                loop {
                    let quiet = (Instant::now() + QUIET).min(latest);
                    tokio::select! {
                        () = tokio::time::sleep_until(quiet) => break,
                        () = texts.noted.notified() => {}
                    }
                }
                let due = std::mem::take(&mut *texts.due.lock().unwrap_or_else(PoisonError::into_inner));
                for key in due {
                    if let Err(error) = self.keep_text(key).await {
                        tracing::warn!(page = %key.1.short(), %error, "a page's words could not be read");
                    }
                }
            }
        };
        tokio::select! {
            () = self.inner.stop.cancelled() => {}
            () = work => {}
        }
    }

    async fn keep_text(&self, key: Key) -> Result<(), ActError> {
        let (space, page) = key;
        if self.inner.view.with(move |view| view.page(&space, &page)).await?.is_none() {
            return Ok(());
        }
        let (loaded, answer) = self.ask_about(key, |document| Ask::Snapshot { document }).await?;
        let Answer::Snapshot { bytes: Bytes(snapshot) } = answer else { return Err(ActError::PageUnread) };
        let read = self.ask_worker(loaded.worker, Ask::Read { document: loaded.document }).await;
        let Ok(Some((_, Answer::Text { text }))) = read else { return Err(ActError::PageUnread) };
        let row = TextRow { number: loaded.number, snapshot, waiting: loaded.waiting.clone() };
        drop(loaded);
        self.inner.view.with(move |view| view.keep_page_text(&space, &page, &row, &text.words)).await?;
        self.tell(SpacesEvent::Page { space, page });
        Ok(())
    }
}

/// The ops of an update in parts that can be compared at once.
fn parts(update: &UpdateRow) -> impl Iterator<Item = Run> {
    let part = |run: Run| move |first| Run { first, end: run.end.min(first + COMPARED), ..run };
    let runs = read_runs(&update.bytes).unwrap_or_default().into_iter();
    runs.flat_map(move |run| (run.first..run.end).step_by(COMPARED as usize).map(part(run)))
}

/// Updates in parts of at most so many bytes, or of one update.
fn batches(updates: Vec<UpdateRow>, most: usize) -> Vec<Vec<UpdateRow>> {
    let (mut batches, mut bytes): (Vec<Vec<UpdateRow>>, usize) = (Vec::new(), 0);
    for update in updates {
        bytes += update.bytes.len();
        match batches.last_mut() {
            Some(batch) if bytes <= most => batch.push(update),
            _ => {
                bytes = update.bytes.len();
                batches.push(vec![update]);
            }
        }
    }
    batches
}
