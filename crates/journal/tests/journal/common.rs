//! Journals in temporary folders, and entries carried between them by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use compeer_core::group::{GroupKind, Level, Member};
use compeer_core::{DeviceId, DeviceKey, GroupId, Tip, Wall};
use compeer_journal::{Cursor, IngestReport, Journal, JournalConfig, JournalOptions, OpenError, Opened, Page, Run};
use tempfile::TempDir;
use tokio::sync::broadcast;

/// How long anything may take in these tests.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Wall time that only the test moves.
#[derive(Clone)]
pub(crate) struct Time(Arc<AtomicU64>);

impl Time {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_700_000_000_000)))
    }

    pub(crate) fn wall(&self) -> Wall {
        let time = Arc::clone(&self.0);
        Arc::new(move || time.load(Ordering::SeqCst))
    }

    pub(crate) fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

/// One device with its journal.
pub(crate) struct Peer {
    pub(crate) key: DeviceKey,
    pub(crate) dir: TempDir,
    pub(crate) journal: Journal,
    time: Time,
}

pub(crate) fn config(dir: &std::path::Path, key: &DeviceKey, wall: Wall) -> JournalConfig {
    let options = JournalOptions {
        grant_delay: Duration::ZERO,
        asking_limit: Duration::from_millis(200),
        settling: Duration::ZERO,
        ..JournalOptions::default()
    };
    JournalConfig { dir: dir.to_owned(), key: key.clone(), wall, exists: false, options }
}

impl Peer {
    pub(crate) async fn new(seed: u8, time: &Time) -> Self {
        let (key, dir) = (DeviceKey::from_seed([seed; 32]), tempfile::tempdir().expect("folder"));
        let journal = Journal::open(config(dir.path(), &key, time.wall())).await.expect("opens");
        Self { key, dir, journal, time: time.clone() }
    }

    pub(crate) fn id(&self) -> DeviceId {
        self.key.id()
    }

    pub(crate) fn member(&self) -> Member {
        Member::Device(self.id())
    }

    pub(crate) async fn open_again(&mut self) -> Result<(), OpenError> {
        self.journal.close().await;
        self.journal = Journal::open(config(self.dir.path(), &self.key, self.time.wall())).await?;
        Ok(())
    }

    /// All of a topic is there again. Keys that were handed out before it was closed may have come on top.
    pub(crate) async fn open_again_the_same(&mut self, topic: &GroupId) {
        let state = |peer: &Self| (peer.texts(topic), peer.journal.heights(topic));
        let (said, mut logs) = state(self);
        self.open_again().await.expect("opens");
        let (said_then, mut logs_then) = state(self);
        let own = |logs: &mut BTreeMap<_, Tip>| logs.remove(&self.id()).map(|tip| tip.seq);
        assert!(own(&mut logs) <= own(&mut logs_then));
        assert_eq!((said, logs), (said_then, logs_then));
    }

    /// A space that only this device is in.
    pub(crate) async fn space(&self) -> GroupId {
        self.journal.found(GroupKind::Space, self.member()).await.expect("founded")
    }

    pub(crate) async fn add(&self, topic: GroupId, other: &Peer, level: Level) {
        self.journal.set_member(topic, other.member(), Some(level), None).await.expect("added");
    }

    pub(crate) async fn say(&self, topic: GroupId, text: &str) {
        self.time.pass(1);
        self.journal.append(topic, text.into()).await.expect("written");
    }

    /// Everything readable, in feed order.
    pub(crate) fn read(&self, topic: &GroupId) -> Vec<Opened> {
        let (mut all, mut from) = (Vec::new(), Cursor::default());
        loop {
            match self.journal.read(topic, from, 7).expect("reads") {
                Page::Rebuild { generation } => {
                    all.clear();
                    from = Cursor { generation, position: 0 };
                }
                Page::Entries { entries, next, more, .. } => {
                    all.extend(entries);
                    from = next;
                    if !more {
                        return all;
                    }
                }
            }
        }
    }

    /// The texts readable, sorted.
    pub(crate) fn texts(&self, topic: &GroupId) -> BTreeSet<String> {
        self.read(topic).into_iter().map(|entry| String::from_utf8(entry.plain).expect("text")).collect()
    }

    /// All of a log from `from` on, in as many runs as there are stretches without a hole.
    pub(crate) fn runs(&self, topic: &GroupId, author: &DeviceId, from: u64) -> Vec<Run> {
        let (mut runs, mut next) = (Vec::new(), from);
        loop {
            let run = self.run(topic, author, next);
            if run.entries.is_empty() {
                return runs;
            }
            next = run.first + run.entries.len() as u64;
            runs.push(run);
        }
    }

    /// A log from `from` on, up to its next hole.
    pub(crate) fn run(&self, topic: &GroupId, author: &DeviceId, from: u64) -> Run {
        self.journal.run(topic, author, from, 10_000, 16 << 20).expect("reads")
    }

    /// What `other` lacks of a topic.
    pub(crate) fn news_for(&self, other: &Peer, topic: &GroupId) -> Vec<Run> {
        let theirs = other.journal.heights(topic);
        let lacking = |(author, tip): (DeviceId, compeer_core::Tip)| {
            let from = theirs.get(&author).map_or(0, |tip| tip.seq + 1);
            if from <= tip.seq { self.runs(topic, &author, from) } else { Vec::new() }
        };
        self.journal.heights(topic).into_iter().flat_map(lacking).collect()
    }

    /// All entries whose bodies may be lacking at `other`, each log from there on.
    pub(crate) fn bodies_for(&self, other: &Peer, topic: &GroupId) -> Vec<Run> {
        let (ends, held) = (other.journal.heights(topic), other.journal.held(topic));
        let lacking = ends.iter().filter(|(author, tip)| held.get(author) != Some(&tip.seq));
        let from = |author| held.get(author).map_or(0, |seq| seq + 1);
        let here = self.journal.heights(topic);
        let runs = lacking.filter(|(author, _)| here.contains_key(author));
        runs.flat_map(|(author, _)| self.runs(topic, author, from(author))).collect()
    }

    pub(crate) async fn take(&self, from: &Peer, runs: Vec<Run>) -> IngestReport {
        self.journal.ingest(from.id(), runs).await.expect("taken in")
    }

    /// Pulls all that is wanted here and may be had there, over all topics.
    pub(crate) async fn pull(&self, from: &Peer) -> u64 {
        let mut stored = 0;
        loop {
            let shared = from.journal.shared_with(&self.id());
            let shared = shared.iter().copied().filter(|topic| self.journal.wants(topic));
            let runs: Vec<Run> = shared.flat_map(|topic| from.news_for(self, &topic)).collect();
            let report = self.take(from, runs).await;
            assert_eq!(report.refused, []);
            stored += report.stored;
            if report.stored == 0 {
                return stored;
            }
        }
    }
}

/// Exchanges everything between all until nobody has news.
pub(crate) async fn sync(peers: &[&Peer]) {
    loop {
        let mut stored = 0;
        for a in peers {
            for b in peers.iter().filter(|b| b.id() != a.id()) {
                stored += a.pull(b).await;
            }
        }
        if stored == 0 {
            return;
        }
    }
}

/// Waits until an event passes `wanted`.
pub(crate) async fn event<T: Clone>(receiver: &mut broadcast::Receiver<T>, wanted: impl Fn(&T) -> bool) -> T {
    let wait = async {
        loop {
            let event = receiver.recv().await.expect("events");
            if wanted(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(LIMIT, wait).await.expect("the event comes in time")
}

/// The first of several.
pub(crate) async fn first_of<F: Future + Unpin>(mut futures: Vec<F>) -> F::Output {
    std::future::poll_fn(|context| {
        for future in &mut futures {
            if let std::task::Poll::Ready(output) = std::pin::Pin::new(future).poll(context) {
                return std::task::Poll::Ready(output);
            }
        }
        std::task::Poll::Pending
    })
    .await
}

/// How many cases a property is tried with; `COMPEER_CASES` for a long run.
pub(crate) fn cases(usual: u32) -> u32 {
    std::env::var("COMPEER_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}
