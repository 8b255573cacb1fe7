//! When keys that others should have handed out are handed out from here, as the engine notes it; no clock runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use compeer_core::group::{GroupKind, Level, Member, topic_tag};
use compeer_core::{DeviceId, DeviceKey, GroupId};
use tempfile::TempDir;

use crate::append::SPREAD_OVER;
use crate::error::WriteError;
use crate::{Journal, JournalConfig};

/// So long that nothing becomes due while a test runs.
const DELAY: Duration = Duration::from_secs(10_000);

struct Peer {
    journal: Journal,
    _dir: TempDir,
}

impl Peer {
    async fn new(seed: u8) -> Self {
        let dir = tempfile::tempdir().expect("folder");
        let mut config = JournalConfig::new(dir.path().to_owned(), key(seed), Arc::new(|| 1_700_000_000_000));
        config.options.grant_delay = DELAY;
        Self { journal: Journal::open(config).await.expect("opens"), _dir: dir }
    }

    /// A space in which the devices of these seeds may write, and keys for all of them.
    async fn space(&self, writers: impl IntoIterator<Item = u8>) -> GroupId {
        let me = Member::Device(self.journal.device());
        let topic = self.journal.found(GroupKind::Space, me).await.expect("founded");
        for seed in writers {
            self.add(topic, seed).await;
        }
        self.journal.append(topic, b"hello".to_vec()).await.expect("written");
        topic
    }

    async fn add(&self, topic: GroupId, seed: u8) {
        let member = Member::Device(key(seed).id());
        self.journal.set_member(topic, member, Some(Level::Write), None).await.expect("added");
    }

    /// The number of the last entry here of the one who runs this journal.
    fn tip(&self, topic: &GroupId) -> u64 {
        self.journal.heights(topic)[&self.journal.device()].seq
    }

    /// Takes in what `from` wrote, up to this entry.
    async fn take(&self, from: &Self, topic: GroupId, last: u64) {
        let author = from.journal.device();
        let known = self.journal.heights(&topic).get(&author).map_or(0, |tip| tip.seq + 1);
        let most = usize::try_from(last + 1 - known).expect("few");
        let run = from.journal.run(&topic, &author, known, most, 16 << 20).expect("reads");
        let report = self.journal.ingest(author, vec![run]).await.expect("taken in");
        assert_eq!(report.refused, []);
    }

    /// Who is handed keys from here, and when.
    async fn due(&self, topic: GroupId) -> BTreeMap<DeviceId, Instant> {
        let work = move |engine: &mut crate::engine::Engine| -> Result<_, WriteError> {
            Ok(engine.grants_due.get(&topic).cloned().unwrap_or_default())
        };
        self.journal.write(work).await.expect("looks")
    }
}

fn key(seed: u8) -> DeviceKey {
    DeviceKey::from_seed([seed; 32])
}

#[tokio::test]
async fn each_newcomer_waits_on_its_own() {
    // Two managers let in one each, and the keys of both are under way.
    let (ann, bo, eve) = (Peer::new(1).await, Peer::new(2).await, Peer::new(5).await);
    let topic = ann.space([2]).await;
    let member = Member::Device(eve.journal.device());
    ann.journal.set_member(topic, member, Some(Level::Manage), None).await.expect("added");
    for peer in [&bo, &eve] {
        peer.journal.adopt(topic).await.expect("adopted");
        peer.take(&ann, topic, ann.tip(&topic)).await;
    }
    assert_eq!(bo.due(topic).await, BTreeMap::new(), "everybody has the key");
    let (cy, dee) = (key(3).id(), key(4).id());
    ann.add(topic, 3).await;
    bo.take(&ann, topic, ann.tip(&topic) - 1).await;
    let first = bo.due(topic).await[&cy];
    eve.add(topic, 4).await;
    bo.take(&eve, topic, eve.tip(&topic) - 1).await;
    let both = bo.due(topic).await;
    assert_eq!(both[&cy], first, "as before");
    assert!(both[&dee] > first);
    bo.take(&ann, topic, ann.tip(&topic)).await;
    let rest = bo.due(topic).await;
    assert_eq!(rest, BTreeMap::from([(dee, both[&dee])]), "the one who has keys now waits no more");
}

#[tokio::test]
async fn in_a_large_group_those_who_could_help_out_spread_further() {
    for (members, crowd) in [(3, 1), (60, 6)] {
        let ann = Peer::new(1).await;
        let topic = ann.space(2..=members).await;
        let newcomer = key(200).id();
        ann.add(topic, 200).await;
        assert_eq!(usize::from(members + 1).div_ceil(SPREAD_OVER), crowd);
        for seed in 2..=members.min(9) {
            let helper = Peer::new(seed).await;
            helper.journal.adopt(topic).await.expect("adopted");
            let before = Instant::now();
            helper.take(&ann, topic, ann.tip(&topic) - 1).await;
            let due = helper.due(topic).await[&newcomer];
            let (least, most) = (due - Instant::now(), due - before);
            // Each by its own id, so that they do not agree: from one delay to one and three more for each dozen.
            let place = f64::from(topic_tag(&topic, &helper.journal.device())[0]) / 255.0;
            let delay = DELAY.mul_f64(1.0 + 3.0 * place * crowd as f64);
            let slack = Duration::from_millis(1);
            assert!(least <= delay + slack && delay <= most + slack, "{seed} of {members}: {least:?} {delay:?}");
        }
        assert_eq!(ann.due(topic).await, BTreeMap::new(), "who let it in did not wait");
    }
}
