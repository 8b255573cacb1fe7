//! The handle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;

use compeer_core::group::{Act, DropRange, EpochInfo, GroupKind, InviteTerms, Level, Member, Rules};
use compeer_core::{DeviceId, DeviceKey, EntryHash, GroupId, Tip};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::config::{Appended, JournalConfig, TopicInfo};
use crate::engine::{self, Answer, Engine, Job};
use crate::error::{Failure, IngestError, OpenError, ReadError, WriteError};
use crate::event::JournalEvent;
use crate::feed::{Cursor, Opened, Page};
use crate::fork::Fork;
use crate::house;
use crate::ingest;
use crate::run::{BATCH_BYTES, BATCH_ENTRIES, Growth, IngestReport, RawEntry, Run};
use crate::shared::{LogView, Shared, View};
use crate::store::{self, SEQ_LIMIT, StoreError};

/// Numbers of a log over which lacking bodies are asked for at once.
const LACKING: u64 = 4096;

/// A handle to one journal. Cloning is cheap; the file is closed when the last one is gone.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
    asking_limit: Duration,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Journal of {}", self.shared.device.short())
    }
}

impl Journal {
    /// Whether a journal lies in `dir`, as [`JournalConfig::exists`] wants it. Opens and changes nothing.
    pub fn check_exists(dir: &Path) -> Result<(), OpenError> {
        store::check(dir, true)
    }

    /// Opens the journal in `config.dir`, or makes one. Needs a Tokio runtime, on which it keeps one small task.
    pub async fn open(config: JournalConfig) -> Result<Self, OpenError> {
        let asking_limit = config.options.asking_limit;
        let (jobs, queue) = mpsc::channel(engine::QUEUE);
        let (opened, open) = oneshot::channel();
        let work = move || {
            let JournalConfig { dir, key, wall, exists, options } = config;
            match Engine::open(dir, key, wall, exists, options) {
                Ok((engine, due)) => {
                    if opened.send(Ok((Arc::clone(&engine.shared), due))).is_ok() {
                        engine.run(queue);
                    }
                }
                Err(error) => drop(opened.send(Err(error))),
            }
        };
        thread::Builder::new().name("journal".into()).spawn(work).map_err(OpenError::Thread)?;
        // The thread always answers before it ends.
        let (shared, due) = open.await.unwrap_or(Err(OpenError::Damaged("reading it failed unexpectedly")))?;
        tokio::spawn(house::keep(jobs.downgrade(), due, Arc::clone(&shared)));
        Ok(Self { shared, jobs, asking_limit })
    }

    /// Finishes what was asked for, then closes the file. Later calls fail with `Closed`.
    pub async fn close(&self) {
        let asked: Result<(), StoreError> = self
            .write(|engine| {
                engine.close();
                Ok(())
            })
            .await;
        drop(asked);
        // The engine drops the queue when the file is closed.
        self.jobs.closed().await;
    }

    /// Hands work to the engine and waits until its transaction is on disk.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Engine) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure + Send + 'static,
    {
        let (reply, result) = oneshot::channel();
        let job: Job = Box::new(move |engine| {
            let outcome = work(engine);
            let failed = outcome.as_ref().err().and_then(E::failed);
            let answer: Answer = Box::new(move |committed| {
                let outcome = outcome.and_then(|value| committed.map(|()| value).map_err(E::from));
                // Whoever asked may have gone.
                let _ = reply.send(outcome);
            });
            (answer, failed)
        });
        self.jobs.send(job).await.map_err(|_| E::closed())?;
        result.await.map_err(|_| E::closed())?
    }

    /// After a restore, waits until others have told how far our own log had come.
    async fn until_known(&self, topic: &GroupId) {
        let mut asking = self.shared.asking.subscribe();
        // When the time is over, the engine says why it refuses.
        let _ = tokio::time::timeout(self.asking_limit, asking.wait_for(|asking| !asking.contains_key(topic))).await;
    }

    /// This device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.shared.device
    }

    /// This device's key: replication proves with it and opens invitations.
    #[must_use]
    pub fn key(&self) -> &DeviceKey {
        &self.shared.key
    }

    /// Founds a group with `founder` (this device, or the person it belongs to) as its first manager, and adopts it.
    pub async fn found(&self, kind: GroupKind, founder: Member) -> Result<GroupId, WriteError> {
        self.write(move |engine| engine.found(kind, founder)).await
    }

    /// Takes part in a group that somebody else founded: its entries are taken in from peers from now on.
    pub async fn adopt(&self, topic: GroupId) -> Result<(), WriteError> {
        self.write(move |engine| Ok(engine.join_topic(topic, true)?)).await
    }

    /// Takes in a group's entries without taking part: the person group of somebody who is about to join.
    pub async fn attach(&self, topic: GroupId) -> Result<(), WriteError> {
        self.write(move |engine| Ok(engine.join_topic(topic, false)?)).await
    }

    /// Adds a member, changes its level, or removes it (`None`). When adding by an invitation, names its key. Whoever is
    /// added is given the keys at once; after a removal the next write starts a new epoch.
    pub async fn set_member(
        &self,
        topic: GroupId,
        member: Member,
        level: Option<Level>,
        invite: Option<DeviceId>,
    ) -> Result<EntryHash, WriteError> {
        self.until_known(&topic).await;
        self.write(move |engine| engine.set_member(topic, member, level, invite)).await
    }

    /// Opens an invitation.
    pub async fn invite(&self, topic: GroupId, terms: InviteTerms) -> Result<EntryHash, WriteError> {
        self.act(topic, Act::Invite { terms }).await
    }

    /// Closes an invitation.
    pub async fn revoke(&self, topic: GroupId, key: DeviceId) -> Result<EntryHash, WriteError> {
        self.act(topic, Act::Revoke { key }).await
    }

    /// Ends the group for everybody.
    pub async fn end(&self, topic: GroupId) -> Result<EntryHash, WriteError> {
        self.act(topic, Act::End).await
    }

    /// Makes a space read-only for everybody, or takes that back.
    pub async fn archive(&self, topic: GroupId, on: bool) -> Result<EntryHash, WriteError> {
        self.act(topic, Act::Archive { on }).await
    }

    async fn act(&self, topic: GroupId, act: Act) -> Result<EntryHash, WriteError> {
        self.until_known(&topic).await;
        self.write(move |engine| engine.act(topic, act)).await
    }

    /// Everything on this disk, adopted or attached.
    #[must_use]
    pub fn topics(&self) -> Vec<TopicInfo> {
        self.shared.views().iter().map(|(topic, view)| TopicInfo::of(*topic, view)).collect()
    }

    /// One topic on this disk.
    #[must_use]
    pub fn topic(&self, topic: &GroupId) -> Option<TopicInfo> {
        self.shared.views().get(topic).map(|view| TopicInfo::of(*topic, view))
    }

    /// What a group's control entries mean now; `None` when the group is not known here.
    #[must_use]
    pub fn rules(&self, topic: &GroupId) -> Option<Arc<Rules>> {
        self.shared.views().get(topic).map(|view| Arc::clone(&view.rules))
    }

    /// The epochs of a topic, oldest first.
    #[must_use]
    pub fn epochs(&self, topic: &GroupId) -> Vec<EpochInfo> {
        self.shared.views().get(topic).map(|view| view.epochs.to_vec()).unwrap_or_default()
    }

    /// Drops a topic's entries, keys and feed from this disk.
    pub async fn forget(&self, topic: GroupId) -> Result<(), WriteError> {
        self.write(move |engine| Ok(engine.forget(topic)?)).await
    }

    /// Seals, signs and stores `plain`; on disk when it returns.
    pub async fn append(&self, topic: GroupId, plain: Vec<u8>) -> Result<Appended, WriteError> {
        let appended = self.append_all(topic, vec![plain]).await?;
        appended.first().copied().ok_or(WriteError::Closed)
    }

    /// All of them or none, in one transaction.
    pub async fn append_all(&self, topic: GroupId, plains: Vec<Vec<u8>>) -> Result<Vec<Appended>, WriteError> {
        self.append_dropping(topic, plains, Vec::new()).await
    }

    /// The same, and has the bodies of these entries dropped everywhere: data only, and what they name need not be here.
    /// Fails with [`WriteError::NotAllowed`] unless they are this device's person's or this device manages the group.
    pub async fn append_dropping(
        &self,
        topic: GroupId,
        plains: Vec<Vec<u8>>,
        drops: Vec<DropRange>,
    ) -> Result<Vec<Appended>, WriteError> {
        self.until_known(&topic).await;
        self.write(move |engine| engine.append(topic, &plains, &drops, false)).await
    }

    /// Writes these, and has entries of this device go everywhere as a whole: data that makes no difference any more, with what is
    /// written now. Readers are not told. `entries` are numbers of this device's log, from the first to the last of each stretch;
    /// acts and keys among them stay, and should not be named. Fails with [`WriteError::NotAllowed`] if they are not written yet.
    pub async fn append_pruning(
        &self,
        topic: GroupId,
        plains: Vec<Vec<u8>>,
        entries: Vec<(u64, u64)>,
    ) -> Result<Vec<Appended>, WriteError> {
        self.until_known(&topic).await;
        let author = self.device();
        let ranges: Vec<_> = entries.into_iter().map(|(first, last)| DropRange { author, first, last }).collect();
        self.write(move |engine| engine.append(topic, &plains, &ranges, true)).await
    }

    /// The next at most `limit` readable entries. Reads the disk: call it where blocking is allowed.
    ///
    /// One author's entries mostly come in their order, but not always: one that could be judged or opened only later
    /// comes later.
    pub fn read(&self, topic: &GroupId, from: Cursor, limit: usize) -> Result<Page, ReadError> {
        self.shared.read(topic, from, limit)
    }

    /// The data that this device wrote and that counts, in the order of its log: what there is of about `limit` entries from
    /// number `from` on, and the number to go on from; `None` at the end. Reads the disk: call it where blocking is allowed.
    pub fn own(&self, topic: &GroupId, from: u64, limit: usize) -> Result<(Vec<Opened>, Option<u64>), ReadError> {
        self.shared.own(topic, from, limit)
    }

    /// The data that this device wrote and that counts for nothing, oldest first: it did not know yet that it was removed,
    /// or might no longer write. What changes it is told by [`JournalEvent::Rebuild`]. Reads the disk: call it where
    /// blocking is allowed.
    pub fn voided(&self, topic: &GroupId) -> Result<Vec<Opened>, ReadError> {
        self.shared.voided(topic)
    }

    /// What happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<JournalEvent> {
        self.shared.events.subscribe()
    }

    /// The logs of a topic in which somebody has written two histories. Nothing more is taken of them.
    #[must_use]
    pub fn forks(&self, topic: &GroupId) -> Vec<Fork> {
        self.shared.views().get(topic).into_iter().flat_map(|view| view.forks.values().cloned()).collect()
    }

    /// Takes in what may prove that a log has two histories. Whether it does.
    pub(crate) async fn hear_fork(&self, topic: GroupId, one: &[u8], other: &[u8]) -> Result<bool, StoreError> {
        // It is told again each time that topics are compared.
        let is_known = |fork: &Fork| fork.headers() == [one, other];
        if self.forks(&topic).iter().any(is_known) {
            return Ok(true);
        }
        let Some(fork) = Fork::stored(one, other).filter(|fork| fork.convinces(&topic)) else { return Ok(false) };
        self.write(move |engine| engine.hear_fork(topic, &fork)).await?;
        Ok(true)
    }

    /// The devices known to hold this entry on disk, ours and its author included. Of a log with two histories nobody knows
    /// which of them others have, from where these part.
    #[must_use]
    pub fn holders(&self, topic: &GroupId, author: &DeviceId, seq: u64) -> BTreeSet<DeviceId> {
        let views = self.shared.views();
        let fork = views.get(topic).and_then(|view| view.forks.get(author));
        let mut holders = match fork.is_some_and(|fork| seq >= fork.parted()) {
            true => BTreeSet::new(),
            false => self.shared.receipts.holders(topic, author, seq),
        };
        if views.get(topic).and_then(|view| view.logs.get(author)).is_some_and(|log| log.held() >= Some(seq)) {
            holders.insert(self.shared.device);
            holders.insert(*author);
        }
        holders
    }

    /// How many of the entries here each other device with access is not known to hold.
    #[must_use]
    pub fn receipts(&self, topic: &GroupId) -> BTreeMap<DeviceId, u64> {
        let views = self.shared.views();
        let Some(view) = views.get(topic) else { return BTreeMap::new() };
        let lacks = |device: &DeviceId| -> u64 {
            let others = view.logs.iter().filter(|(author, _)| *author != device);
            let held = |author| self.shared.receipts.height(topic, device, author).map_or(0, |seq| seq + 1);
            others.map(|(author, log)| (log.tip.seq + 1).saturating_sub(held(author))).sum()
        };
        let others = view.rules.devices().keys().filter(|device| **device != self.shared.device);
        others.map(|device| (*device, lacks(device))).collect()
    }

    /// Where each author's log ends here.
    #[must_use]
    pub fn heights(&self, topic: &GroupId) -> BTreeMap<DeviceId, Tip> {
        let views = self.shared.views();
        let logs = views.get(topic).into_iter().flat_map(|view| &view.logs);
        logs.map(|(author, log)| (*author, log.tip)).collect()
    }

    /// Up to which number each author's log is held here, bodies included: what a receipt says. Bodies that were dropped are
    /// not missed, unless what dropped them does not count.
    #[must_use]
    pub fn held(&self, topic: &GroupId) -> BTreeMap<DeviceId, u64> {
        self.logs(topic).into_iter().filter_map(|(author, log)| Some((author, log.held()?))).collect()
    }

    // What replication needs.

    /// Where each author's log ends here, and what is lacking first.
    pub(crate) fn logs(&self, topic: &GroupId) -> BTreeMap<DeviceId, LogView> {
        self.shared.views().get(topic).map(|view| view.logs.clone()).unwrap_or_default()
    }

    /// Entries of a log from number `from` on whose bodies are lacking: the first, and the last of a bounded stretch behind
    /// it. Reads the disk: call it where blocking is allowed.
    pub(crate) fn lacking(
        &self,
        topic: &GroupId,
        author: &DeviceId,
        from: u64,
    ) -> Result<Option<(u64, u64)>, ReadError> {
        let log = self.shared.views().get(topic).ok_or(ReadError::UnknownTopic)?.logs.get(author).copied();
        let Some(log) = log.filter(|log| log.lacks.is_some()) else { return Ok(None) };
        Ok(self.shared.readers.lacking(log.row, from, LACKING).ok_or(ReadError::Closed)??)
    }

    /// Takes in what `from` sent: verifies, stores (on disk when it returns), judges, and makes readable what counts.
    ///
    /// At most [`BATCH_ENTRIES`] entries and [`BATCH_BYTES`] bytes.
    pub async fn ingest(&self, from: DeviceId, runs: Vec<Run>) -> Result<IngestReport, IngestError> {
        let entries = || runs.iter().flat_map(|run| &run.entries);
        let bytes = |entry: &RawEntry| entry.header.len() + entry.body.as_ref().map_or(0, Vec::len);
        if entries().count() > BATCH_ENTRIES || entries().map(bytes).sum::<usize>() > BATCH_BYTES {
            return Err(IngestError::TooMuch);
        }
        let check = move || {
            let (mut checked, mut refused) = (Vec::new(), Vec::new());
            for run in runs {
                match ingest::check(run) {
                    Ok(run) => checked.extend(run),
                    Err(refusal) => refused.push(refusal),
                }
            }
            (checked, refused)
        };
        let (checked, refused) = tokio::task::spawn_blocking(check).await.map_err(|_| IngestError::Closed)?;
        self.write(move |engine| engine.ingest(from, checked, refused)).await
    }

    /// Consecutive entries of a log from number `from`, at most `max_entries` and about `max_bytes`, at least one if
    /// there is one. Reads the disk: call it where blocking is allowed.
    pub fn run(
        &self,
        topic: &GroupId,
        author: &DeviceId,
        from: u64,
        max_entries: usize,
        max_bytes: usize,
    ) -> Result<Run, ReadError> {
        let log = {
            let views = self.shared.views();
            views.get(topic).ok_or(ReadError::UnknownTopic)?.logs.get(author).copied()
        };
        let (first, entries) = match log.filter(|log| from <= log.tip.seq) {
            Some(log) => self.shared.readers.run(log.row, from, max_entries, max_bytes).ok_or(ReadError::Closed)??,
            None => (from, Vec::new()),
        };
        Ok(Run { topic: *topic, author: *author, first, pruned: first - from, entries })
    }

    /// Whether this topic's entries are taken in here: adopted, attached, or a member group of one that is.
    #[must_use]
    pub fn wants(&self, topic: &GroupId) -> bool {
        self.shared.views().contains_key(topic)
    }

    /// Whether `device` may be sent this topic's entries.
    #[must_use]
    pub fn may_pull(&self, device: &DeviceId, topic: &GroupId) -> bool {
        self.shared.may_pull(device, topic)
    }

    /// Whether `device` has access to something that we take part in.
    pub(crate) fn is_member(&self, device: &DeviceId) -> bool {
        self.shared.views().values().any(|view| view.adopted && view.rules.level(device).is_some())
    }

    /// The topics that `device` may pull from here.
    #[must_use]
    pub fn shared_with(&self, device: &DeviceId) -> Arc<BTreeSet<GroupId>> {
        self.shared.shared_with(device)
    }

    /// The devices that may pull anything from here, ours excluded: whom to connect to.
    #[must_use]
    pub fn neighbours(&self) -> Arc<BTreeSet<DeviceId>> {
        self.shared.neighbours()
    }

    /// The topic along whose links this one's entries travel.
    pub(crate) fn tree(&self, topic: &GroupId) -> GroupId {
        self.shared.tree(topic)
    }

    /// A hash over where every log of the topic ends and what is lacking of it first: equal when two devices hold the same.
    #[must_use]
    pub fn digest(&self, topic: &GroupId) -> Option<[u8; 32]> {
        self.shared.views().get(topic).map(View::digest)
    }

    /// Every log that grows here, ours and those of others. A receiver that falls behind compares heights instead.
    #[must_use]
    pub fn growth(&self) -> broadcast::Receiver<Growth> {
        self.shared.growth.subscribe()
    }

    /// `device` says that it holds, on disk, these logs up to these numbers (inclusive). Kept in memory at once, on
    /// disk some seconds later. Logs of authors that the topic does not know are passed over. So is what it says of more
    /// of our own log than there is here: that is from another copy of it, or will be said again once it has come back.
    pub fn record_receipts(&self, device: &DeviceId, topic: &GroupId, heights: &[(DeviceId, u64)]) {
        let known: Vec<(DeviceId, u64)> = {
            let views = self.shared.views();
            let Some(view) = views.get(topic).filter(|view| view.rules.level(device).is_some()) else { return };
            let known = |author| view.logs.contains_key(author) || view.rules.past_devices().contains_key(author);
            let own = view.logs.get(&self.shared.device).map(|log| log.tip.seq);
            let is_here = |author: &DeviceId, seq| *author != self.shared.device || Some(seq) <= own;
            let heights =
                heights.iter().filter(|(author, seq)| known(author) && *seq < SEQ_LIMIT && is_here(author, *seq));
            heights.copied().collect()
        };
        if self.shared.receipts.record(*topic, *device, &known) {
            self.shared.receipts_noted.notify_one();
            self.shared.emit(JournalEvent::Receipts { topic: *topic });
        }
    }

    /// `from` has said where our own log ends on `topic` at its place (`None`: it has nothing of ours). After a restore,
    /// writing starts again once all devices with access have said so and our log has come that far; `identity.rs` has the
    /// whole rule.
    pub async fn own_height_heard(&self, topic: GroupId, from: DeviceId, height: Option<u64>) {
        // Mostly there is no doubt, and the engine is spared the question.
        if !self.shared.doubted.read().unwrap_or_else(PoisonError::into_inner).contains(&topic) {
            return;
        }
        let told: Result<(), StoreError> = self.write(move |engine| engine.hear_own_height(topic, from, height)).await;
        if let Err(error) = told {
            tracing::warn!(%error, from = %from.short(), "our own height was heard and not noted");
        }
    }

    /// Topics on which we may not write before others have told our own height.
    #[must_use]
    pub fn asking(&self) -> BTreeSet<GroupId> {
        self.shared.asking.borrow().keys().copied().collect()
    }

    /// The devices whose word is missing before we may write on `topic`: whom to connect to.
    #[must_use]
    pub fn unheard(&self, topic: &GroupId) -> BTreeSet<DeviceId> {
        self.shared.asking.borrow().get(topic).cloned().unwrap_or_default()
    }

    /// Changes whenever the disk takes entries again after it had failed.
    pub(crate) fn recoveries(&self) -> watch::Receiver<u64> {
        self.shared.recoveries.subscribe()
    }

    /// Writes again without asking: whoever says so knows that no other copy of this journal has been in use.
    pub async fn trust_local(&self) -> Result<(), WriteError> {
        self.write(|engine| Ok(engine.trust_local()?)).await
    }
}
