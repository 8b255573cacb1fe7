//! The thread that alone writes.
//!
//! It takes jobs from a bounded queue, runs as many as are there in one transaction, commits once (one fsync: group
//! commit), makes the new state visible, and only then answers. If anything in the transaction fails, all of it is rolled
//! back, the topics touched are read again from disk, and all its jobs are told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use compeer_core::clock::Clock;
use compeer_core::{DeviceId, DeviceKey, GroupId, Millis};
use rusqlite::Connection;
use tokio::sync::{mpsc, watch};

use crate::config::JournalOptions;
use crate::error::OpenError;
use crate::event::{JournalEvent, JournalProblem, ProblemCause};
use crate::identity::{self, Asking, Count};
use crate::ingest::Carried;
use crate::receipts::Receipt;
use crate::recovery::Recovery;
use crate::run::Growth;
use crate::scrub::Scrub;
use crate::shared::{Shared, View};
use crate::store::read::Readers;
use crate::store::{self, StoreError, drops, write};
use crate::topic::{Topic, Topics, load_epochs};

/// Jobs that may wait for the engine.
pub(crate) const QUEUE: usize = 1024;
/// Jobs in one transaction.
const BATCH_JOBS: usize = 1024;
/// Bytes written in one transaction, after which it takes no further job.
pub(crate) const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Records: how many entries we wrote, and when this journal was last put back from a copy.
const COUNT: &str = "count";
const RESTORED: &str = "restored";
/// When the write-ahead log that could not be emptied is tried again.
const CHECKPOINT_AGAIN: Duration = Duration::from_secs(1);
/// How long counts and the write-ahead log may wait to be tidied.
const UPKEEP: Duration = Duration::from_secs(30);

fn number(record: Option<Vec<u8>>) -> Option<u64> {
    record.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes)
}

/// Work for the engine. Returns what to tell the caller, and what failed if the transaction cannot go on.
pub(crate) type Job = Box<dyn FnOnce(&mut Engine) -> (Answer, Option<StoreError>) + Send>;
/// Tells the caller, once it is known whether the transaction is on disk.
pub(crate) type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// What the engine owns.
pub(crate) struct Engine {
    pub(crate) db: Connection,
    pub(crate) key: DeviceKey,
    pub(crate) me: DeviceId,
    pub(crate) clock: Clock,
    pub(crate) topics: Topics,
    pub(crate) options: JournalOptions,
    pub(crate) shared: Arc<Shared>,
    /// Runs whose last signature did not hold, in case that what follows settles them.
    pub(crate) carried: Carried,
    /// Authors that a person has been told of because their clock runs ahead.
    pub(crate) warned: BTreeSet<DeviceId>,
    /// Readers that lack keys we hold, and when to grant them.
    pub(crate) grants_due: BTreeMap<GroupId, BTreeMap<DeviceId, Instant>>,
    /// What the transaction at hand has changed.
    touched: BTreeMap<GroupId, Touched>,
    problems: Vec<JournalProblem>,
    receipts: Vec<Receipt>,
    written: usize,
    /// Logs with entries that are not in the counts on disk.
    pub(crate) uncounted: BTreeSet<(GroupId, DeviceId)>,
    upkeep_due: Option<Instant>,
    pub(crate) opened: Instant,
    /// When this journal was last put back from a copy, by wall time.
    pub(crate) restored: Option<Millis>,
    /// When to look whether that is long enough ago.
    pub(crate) look_due: Option<Instant>,
    /// How many entries we wrote.
    pub(crate) count: Count,
    /// Topics whose memory may be ahead of the disk, because a transaction failed.
    stale: BTreeSet<GroupId>,
    pub(crate) recovery: Recovery,
    pub(crate) vacuum_wal: bool,
    /// Some bodies are still to be dropped.
    pub(crate) drops_due: bool,
    pub(crate) scrub: Scrub,
    closing: bool,
    due: watch::Sender<Option<Instant>>,
    // Released last.
    _lock: File,
}

/// What a transaction has changed in one topic.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Logs that grew, and who sent it; `None` when we wrote it.
    pub(crate) logs: BTreeMap<DeviceId, Option<DeviceId>>,
    pub(crate) rules: bool,
    pub(crate) keys: bool,
    pub(crate) readable: bool,
    pub(crate) rebuilt: bool,
    pub(crate) adopted: bool,
    /// Logs of which other bodies are lacking than before.
    pub(crate) bodies: BTreeSet<DeviceId>,
}

impl Engine {
    /// Opens the file and reads what is kept in memory. Also returns when the engine next wants to be woken.
    pub(crate) fn open(
        dir: PathBuf,
        key: DeviceKey,
        wall: compeer_core::Wall,
        exists: bool,
        options: JournalOptions,
    ) -> Result<(Self, watch::Receiver<Option<Instant>>), OpenError> {
        let store::Opened { db, lock, path } = store::open(&dir, exists)?;
        let me = key.id();
        match write::meta(&db, "device")? {
            Some(device) if device != me.as_bytes() => return Err(OpenError::OtherDevice),
            Some(_) => {}
            None => write::set_meta(&db, "device", me.as_bytes())?,
        }
        let shared = Arc::new(Shared::new(key.clone(), wall, Readers::new(path.clone())));
        let count = number(write::meta(&db, COUNT)?).unwrap_or_default();
        let count = Count::open(&path, count).map_err(|source| OpenError::Folder { path: dir, source })?;
        let (due, woken) = watch::channel(None);
        let mut engine = Self {
            db,
            key,
            me,
            clock: Clock::default(),
            topics: Topics::default(),
            options,
            shared,
            carried: Carried::default(),
            warned: BTreeSet::new(),
            grants_due: BTreeMap::new(),
            touched: BTreeMap::new(),
            problems: Vec::new(),
            receipts: Vec::new(),
            written: 0,
            uncounted: BTreeSet::new(),
            upkeep_due: None,
            opened: Instant::now(),
            restored: None,
            look_due: None,
            count,
            stale: BTreeSet::new(),
            recovery: Recovery::default(),
            vacuum_wal: false,
            drops_due: false,
            scrub: Scrub::default(),
            closing: false,
            due,
            _lock: lock,
        };
        engine.recognise(&path)?;
        engine.load()?;
        Ok((engine, woken))
    }

    /// Notices a file that was restored from a copy: see [`identity`].
    fn recognise(&mut self, path: &std::path::Path) -> Result<(), StoreError> {
        self.restored = number(write::meta(&self.db, RESTORED)?);
        let (mark, known) = (identity::mark(path), write::meta(&self.db, "mark")?);
        let moved = mark.as_ref().zip(known.as_ref()).is_some_and(|(mark, known)| !identity::is_same(known, mark));
        let restored = moved || self.count.is_behind();
        if !restored && mark == known {
            return Ok(());
        }
        let transaction = self.db.unchecked_transaction()?;
        if restored {
            tracing::warn!("the journal was restored from a copy: asking others how far it had come");
            self.count.start_again();
            if let Some(count) = self.count.unwritten() {
                write::set_meta(&transaction, COUNT, &count)?;
            }
            let now = self.shared.now();
            self.restored = Some(now);
            write::set_meta(&transaction, RESTORED, &now.to_be_bytes())?;
            // Views may be newer than the copy: a new generation makes them start again.
            let sql = "UPDATE topic SET asking = ?1, generation = MAX(generation + 1, ?2)";
            transaction.execute(sql, [Asking::Restored as i64, now.cast_signed()])?;
        }
        if let Some(mark) = mark {
            write::set_meta(&transaction, "mark", &mark)?;
        }
        transaction.commit()?;
        self.count.commit();
        Ok(())
    }

    fn load(&mut self) -> Result<(), StoreError> {
        for row in write::topics(&self.db)? {
            self.topics.0.insert(row.topic, Topic::load(&self.db, &row)?);
            self.shared.receipts.load(row.topic, write::receipts(&self.db, row.id)?);
        }
        let ids: Vec<GroupId> = self.topics.0.keys().copied().collect();
        self.work_out(&ids)?;
        self.drops_due = drops::is_any_due(&self.db)?;
        self.scrub = Scrub::load(&self.db)?;
        let mut views = self.shared.views_mut();
        views.extend(self.topics.0.iter().map(|(id, topic)| (*id, View::of(topic))));
        drop(views);
        self.clock = Clock::starting_after(self.topics.0.values().map(Topic::latest).max().unwrap_or_default());
        self.publish_asking();
        self.look_due = (!self.shared.asking.borrow().is_empty()).then(|| self.opened + self.options.settling);
        for id in ids {
            self.schedule_grants(&id, false);
        }
        self.tell_due();
        Ok(())
    }

    /// Works out rules and epochs from scratch.
    fn work_out(&mut self, ids: &[GroupId]) -> Result<(), StoreError> {
        for id in ids {
            let Some(rules) = self.topics.reduce(id) else { continue };
            if let Some(topic) = self.topics.0.get_mut(id) {
                topic.rules = rules;
                topic.has_drops |= topic.rules.ended().is_some();
                load_epochs(&self.db, topic)?;
            }
        }
        Ok(())
    }

    /// Works until the last handle is gone or [`close`](Self::close) was called.
    pub(crate) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.blocking_recv() {
            self.batch(job, &mut jobs);
            if self.closing {
                break;
            }
            self.try_disk();
            self.scrub();
            if self.vacuum_wal && jobs.is_empty() {
                self.vacuum_wal = !self.checkpoint("TRUNCATE");
            }
            self.tell_due();
        }
        self.finish();
    }

    fn finish(mut self) {
        let flushed = self.in_transaction(|engine| engine.upkeep());
        if let Err(error) = flushed {
            tracing::warn!(%error, "the journal's counts were not written; they are taken again when it opens");
        }
        self.shared.readers.close();
        self.checkpoint("TRUNCATE");
    }

    pub(crate) fn in_transaction(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let result = work(self).and_then(|()| Ok(self.db.prepare_cached("COMMIT")?.execute([]).map(drop)?));
        if result.is_err() && !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK")?;
        }
        result
    }

    /// Runs `first` and what else is waiting in one transaction.
    fn batch(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) {
        let mut answers: Vec<Answer> = Vec::new();
        let outcome = self.refresh().and_then(|()| {
            self.in_transaction(|engine| {
                let mut next = Some(first);
                while let Some(job) = next {
                    let (answer, failed) = job(engine);
                    answers.push(answer);
                    if let Some(failed) = failed {
                        return Err(failed);
                    }
                    let full = engine.closing || answers.len() >= BATCH_JOBS || engine.written >= BATCH_BYTES;
                    next = if full { None } else { jobs.try_recv().ok() };
                }
                match engine.count.unwritten() {
                    Some(count) => write::set_meta(&engine.db, COUNT, &count),
                    None => Ok(()),
                }
            })
        });
        match &outcome {
            Ok(()) => {
                self.count.commit();
                self.publish();
            }
            Err(error) => self.undo(error),
        }
        // A transaction that wrote no entry says nothing about the disk.
        if outcome.is_ok() && self.written > 0 && self.recovery.wrote() {
            self.recovered();
        }
        self.written = 0;
        for answer in answers {
            answer(outcome.clone());
        }
    }

    /// Forgets what the failed transaction has changed in memory.
    fn undo(&mut self, error: &StoreError) {
        // It is told below; whoever listens has the words for it.
        tracing::debug!(%error, "the journal could not write");
        self.count.undo();
        self.stale.extend(std::mem::take(&mut self.touched).into_keys());
        self.problems.clear();
        self.carried.clear();
        self.shared.receipts.put_back(&std::mem::take(&mut self.receipts));
        let cause = match error {
            StoreError::Full => ProblemCause::DiskFull,
            other => ProblemCause::Disk(other.to_string()),
        };
        self.recovery.failed(self.written);
        self.shared.problem(self.me, None, cause);
        // If even reading fails now, it is tried again before the next transaction.
        let _ = self.refresh();
    }

    /// Reads the topics again whose memory may be ahead of the disk.
    fn refresh(&mut self) -> Result<(), StoreError> {
        if self.stale.is_empty() {
            return Ok(());
        }
        let rows = write::topics(&self.db)?;
        for id in &self.stale {
            match rows.iter().find(|row| row.topic == *id) {
                Some(row) => {
                    let mut topic = Topic::load(&self.db, row)?;
                    // Nobody says it twice.
                    topic.told = self.topics.0.remove(id).map(|topic| topic.told).unwrap_or_default();
                    self.topics.0.insert(*id, topic);
                }
                None => drop(self.topics.0.remove(id)),
            }
        }
        let again = self.topics.with_dependents(self.stale.iter().copied());
        self.work_out(&again)?;
        self.stale.clear();
        Ok(())
    }

    /// What the transaction at hand changes in a topic.
    pub(crate) fn touch(&mut self, topic: GroupId) -> &mut Touched {
        self.touched.entry(topic).or_default()
    }

    /// Something a person should hear about, once the transaction is on disk.
    pub(crate) fn problem(&mut self, device: DeviceId, topic: GroupId, cause: ProblemCause) {
        self.problems.push(JournalProblem { device, topic: Some(topic), cause });
    }

    pub(crate) fn count_written(&mut self, topic: GroupId, author: DeviceId, bytes: usize) {
        self.written += bytes;
        self.uncounted.insert((topic, author));
        self.upkeep_due.get_or_insert_with(|| Instant::now() + UPKEEP);
    }

    /// Makes the committed state visible and says what changed.
    fn publish(&mut self) {
        self.receipts.clear();
        let touched = std::mem::take(&mut self.touched);
        let mut growth = Vec::new();
        {
            let mut views = self.shared.views_mut();
            for (id, touched) in &touched {
                let Some(topic) = self.topics.0.get(id) else {
                    views.remove(id);
                    self.shared.forget_reach();
                    continue;
                };
                for (author, from) in &touched.logs {
                    let Some((tip, lacks)) = topic.logs.get(author).and_then(|log| Some((log.tip?, log.lacks))) else {
                        continue;
                    };
                    let before = views.get(id).and_then(|view| view.logs.get(author));
                    let first = before.map_or(0, |log| log.tip.seq + 1);
                    growth.push(Growth { topic: *id, author: *author, first, tip, lacks, from: *from });
                }
                for author in touched.bodies.iter().filter(|author| !touched.logs.contains_key(author)) {
                    let Some((tip, lacks)) = topic.logs.get(author).and_then(|log| Some((log.tip?, log.lacks))) else {
                        continue;
                    };
                    let from = Some(self.me).filter(|me| me != author);
                    growth.push(Growth { topic: *id, author: *author, first: tip.seq + 1, tip, lacks, from });
                }
                let whole = touched.rules || touched.keys || touched.adopted;
                match views.get_mut(id).filter(|_| !whole) {
                    Some(view) => view.advance(topic, touched.logs.keys().chain(&touched.bodies)),
                    None => {
                        views.insert(*id, View::of(topic));
                        self.shared.forget_reach();
                    }
                }
            }
        }
        self.publish_asking();
        for growth in growth {
            let _ = self.shared.growth.send(growth);
        }
        for (topic, touched) in touched {
            if !self.topics.0.contains_key(&topic) {
                self.shared.receipts.forget(&topic);
                self.shared.emit(JournalEvent::Forgotten { topic });
                continue;
            }
            let events = [
                (touched.adopted, JournalEvent::Adopted { topic }),
                (touched.rules, JournalEvent::Rules { topic }),
                (touched.rebuilt, JournalEvent::Rebuild { topic }),
                (touched.readable && !touched.rebuilt, JournalEvent::Readable { topic }),
            ];
            events.into_iter().filter(|(happened, _)| *happened).for_each(|(_, event)| self.shared.emit(event));
        }
        for JournalProblem { device, topic, cause } in std::mem::take(&mut self.problems) {
            self.shared.problem(device, topic, cause);
        }
    }

    /// A topic on which only this device has access needs nobody's word.
    fn publish_asking(&self) {
        let asking = self.topics.0.iter().filter(|(_, topic)| topic.asking != Asking::No);
        *self.shared.doubted.write().unwrap_or_else(PoisonError::into_inner) =
            asking.clone().map(|(id, _)| *id).collect();
        let unheard = asking.map(|(id, topic)| (*id, topic.unheard(&self.me).copied().collect::<BTreeSet<_>>()));
        let asking: BTreeMap<_, _> = unheard.filter(|(_, devices)| !devices.is_empty()).collect();
        self.shared.asking.send_if_modified(|known| {
            let changed = *known != asking;
            *known = asking;
            changed
        });
    }

    /// Does what is due: hands out keys that members still lack, writes receipts and counts.
    pub(crate) fn keep_house(&mut self) -> Result<(), StoreError> {
        let now = Instant::now();
        let due = self.grants_due.iter().filter(|(_, waiting)| waiting.values().any(|at| *at <= now));
        for id in due.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.grant_due(id)?;
        }
        if self.drops_due {
            self.carry_out()?;
        }
        self.write_receipts()?;
        if self.look_due.is_some_and(|due| due <= now) {
            self.look_at_asking()?;
        }
        if self.upkeep_due.is_some_and(|due| due <= now) {
            self.upkeep()?;
        }
        Ok(())
    }

    pub(crate) fn upkeep_now(&mut self) {
        self.upkeep_due = Some(Instant::now());
    }

    fn upkeep(&mut self) -> Result<(), StoreError> {
        self.upkeep_due = None;
        self.write_receipts()?;
        for (id, author) in std::mem::take(&mut self.uncounted) {
            if let Some(log) = self.topics.0.get(&id).and_then(|topic| topic.logs.get(&author)) {
                write::count_log(&self.db, log.row, log.len(), log.bytes)?;
            }
        }
        Ok(())
    }

    fn write_receipts(&mut self) -> Result<(), StoreError> {
        self.receipts.extend(self.shared.receipts.take_unwritten());
        for Receipt { topic, device, author, seq } in &self.receipts {
            if let Some(topic) = self.topics.0.get(topic) {
                write::put_receipt(&self.db, topic.row, device, author, *seq)?;
            }
        }
        Ok(())
    }

    /// The queue takes no further jobs after this one.
    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    /// Moves the write-ahead log into the database. Whether that worked: busy readers delay it.
    fn checkpoint(&self, mode: &str) -> bool {
        let busy = self.db.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get::<_, bool>(0));
        match busy {
            Ok(busy) => !busy,
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log was not emptied");
                false
            }
        }
    }

    fn tell_due(&self) {
        if self.recovery.is_failing() {
            self.due.send_replace(self.recovery.due());
            return;
        }
        let grants = self.grants_due.values().flat_map(BTreeMap::values).copied();
        let now = Instant::now();
        let drops = self.drops_due.then_some(now).into_iter().chain(self.scrub.due());
        let again = self.vacuum_wal.then(|| now + CHECKPOINT_AGAIN);
        let due = grants.chain(self.upkeep_due).chain(self.look_due).chain(drops).chain(again).min();
        self.due.send_replace(due);
    }
}
