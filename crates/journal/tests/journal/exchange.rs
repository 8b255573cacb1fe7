//! Whatever order entries arrive in, whatever is lost or comes twice: those who may read end up reading the same.

use std::collections::{BTreeMap, BTreeSet};

use compeer_core::group::{DropRange, Level};
use compeer_core::{DeviceId, EntryHash, GroupId, SignedHeader};
use compeer_journal::{Cursor, Page, Run};
use proptest::prelude::*;

use crate::common::{LIMIT, Peer, Time, cases, first_of, sync};

const PEERS: usize = 4;

#[derive(Debug, Clone)]
enum Step {
    /// Somebody writes, if it may.
    Say { by: usize },
    /// Somebody sets somebody's level, if it may. The founder stays.
    Set { by: usize, whom: usize, level: Option<Level> },
    /// Somebody drops bodies of somebody, if it may; also such as are not there yet.
    Drop { by: usize, whose: usize, first: u64, more: u64 },
    /// Somebody prunes entries of its own, if it may.
    Prune { by: usize, first: u64, more: u64 },
    /// Part of what one has goes to another: some logs, a part of each, possibly starting with what is known.
    Send { from: usize, to: usize, logs: u8, part: u8, again: bool },
    /// A journal is closed and opened again.
    Reopen { whom: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let level = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Level::Pull)),
        1 => Just(Some(Level::Read)),
        3 => Just(Some(Level::Write)),
        3 => Just(Some(Level::Manage)),
    ];
    prop_oneof![
        8 => (0..PEERS).prop_map(|by| Step::Say { by }),
        3 => (0..PEERS, 1..PEERS, level).prop_map(|(by, whom, level)| Step::Set { by, whom, level }),
        3 => (0..PEERS, 0..PEERS, 0..12u64, 0..6u64)
            .prop_map(|(by, whose, first, more)| Step::Drop { by, whose, first, more }),
        3 => (0..PEERS, 0..12u64, 0..6u64).prop_map(|(by, first, more)| Step::Prune { by, first, more }),
        10 => (0..PEERS, 0..PEERS, any::<u8>(), 1..=4u8, any::<bool>())
            .prop_map(|(from, to, logs, part, again)| Step::Send { from, to, logs, part, again }),
        1 => (0..PEERS).prop_map(|whom| Step::Reopen { whom }),
    ]
}

/// A part of what `from` could send `to`.
fn parcel(from: &Peer, to: &Peer, topic: &GroupId, logs: u8, part: u8, again: bool) -> Vec<Run> {
    let known = to.journal.heights(topic);
    let mut runs = Vec::new();
    for (n, (author, tip)) in from.journal.heights(topic).into_iter().enumerate() {
        if logs >> (n % 8) & 1 == 0 {
            continue;
        }
        let next = known.get(&author).map_or(0, |tip| tip.seq + 1);
        let first = if again { next.saturating_sub(2) } else { next };
        if first > tip.seq {
            continue;
        }
        let all = from.runs(topic, &author, first);
        let mut left = all.iter().map(|run| run.entries.len()).sum::<usize>() * usize::from(part) / 4;
        for mut run in all {
            run.entries.truncate(left);
            left -= run.entries.len();
            runs.extend((!run.entries.is_empty()).then_some(run));
        }
    }
    runs
}

async fn play(steps: Vec<Step>) {
    let time = Time::new();
    let mut peers = Vec::new();
    for seed in 1..=PEERS {
        peers.push(Peer::new(u8::try_from(seed).expect("few"), &time).await);
    }
    let topic = peers[0].space().await;
    peers[0].add(topic, &peers[1], Level::Manage).await;
    peers[0].add(topic, &peers[2], Level::Write).await;
    for peer in &peers[1..] {
        peer.journal.adopt(topic).await.expect("adopted");
    }
    let mut said = 0;
    let mut readers = vec![Reader::default(); PEERS];
    let mut pruned = BTreeSet::new();
    for step in steps {
        time.pass(1);
        match step {
            Step::Drop { by, whose, first, more } => {
                let range = DropRange { author: peers[whose].id(), first, last: first + more };
                let _ = peers[by].journal.append_dropping(topic, vec![], vec![range]).await;
            }
            Step::Prune { by, first, more } => {
                let entries = peers[by].runs(&topic, &peers[by].id(), 0).into_iter().flat_map(|run| run.entries);
                let headers = entries.map(|entry| SignedHeader::decode(&entry.header).expect("a header"));
                let named = headers.filter(|header| (first..=first + more).contains(&header.seq));
                let own: Vec<EntryHash> = named.map(|header| header.hash()).collect();
                if peers[by].journal.append_pruning(topic, vec![], vec![(first, first + more)]).await.is_ok() {
                    pruned.extend(own);
                }
            }
            Step::Say { by } => {
                said += 1;
                // Not being allowed to is part of the game.
                let _ = peers[by].journal.append(topic, format!("{said}").into_bytes()).await;
            }
            Step::Set { by, whom, level } => {
                let _ = peers[by].journal.set_member(topic, peers[whom].member(), level, None).await;
            }
            Step::Send { from, to, logs, part, again } if from != to => {
                let runs = parcel(&peers[from], &peers[to], &topic, logs, part, again);
                let report = peers[to].take(&peers[from], runs).await;
                assert_eq!(report.refused, []);
                assert_eq!(report.wanted, []);
            }
            Step::Send { .. } => {}
            Step::Reopen { whom } => peers[whom].open_again_the_same(&topic).await,
        }
        for (peer, reader) in peers.iter().zip(&mut readers) {
            reader.go_on(peer, &topic);
        }
    }
    converge(&peers, &topic).await;
    let logs: BTreeSet<String> = peers
        .iter()
        .map(|peer| {
            let authors = peer.journal.heights(&topic).into_keys();
            format!("{:?}", authors.map(|author| peer.runs(&topic, &author, 0)).collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(logs.len(), 1, "all have the same bodies");
    for (peer, mut reader) in peers.iter().zip(readers) {
        reader.go_on(peer, &topic);
        let mut anew = Reader::default();
        anew.go_on(peer, &topic);
        // Of these nobody is told that they went.
        for reader in [&mut reader, &mut anew] {
            reader.texts.retain(|hash, _| !pruned.contains(hash));
            reader.dropped.retain(|hash| !pruned.contains(hash));
        }
        assert_eq!((reader.texts, reader.dropped), (anew.texts, anew.dropped), "to read on is to read anew");
    }
}

/// What somebody makes of the feed who reads on whenever something happens.
#[derive(Clone, Default)]
struct Reader {
    at: Cursor,
    texts: BTreeMap<EntryHash, Vec<u8>>,
    dropped: BTreeSet<EntryHash>,
}

impl Reader {
    fn go_on(&mut self, peer: &Peer, topic: &GroupId) {
        loop {
            match peer.journal.read(topic, self.at, 5) {
                Ok(Page::Rebuild { generation }) => {
                    *self = Self { at: Cursor { generation, position: 0 }, ..Self::default() };
                }
                Ok(Page::Entries { entries, dropped, next, more }) => {
                    self.texts.extend(entries.into_iter().map(|entry| (entry.hash, entry.plain)));
                    self.dropped.extend(dropped.iter().map(|entry| entry.hash));
                    self.texts.retain(|hash, _| !self.dropped.contains(hash));
                    self.at = next;
                    if !more {
                        return;
                    }
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// Gives everybody everything, removed or not, until keys have reached all readers; then compares.
async fn converge(peers: &[Peer], topic: &GroupId) {
    let mut growth: Vec<_> = peers.iter().map(|peer| peer.journal.growth()).collect();
    let settled = async {
        loop {
            loop {
                let mut stored = 0;
                for a in peers {
                    for b in peers.iter().filter(|b| b.id() != a.id()) {
                        stored += a.take(b, b.news_for(a, topic)).await.stored;
                        stored += a.take(b, b.bodies_for(a, topic)).await.stored;
                    }
                }
                if stored == 0 {
                    break;
                }
            }
            let rules = peers[0].journal.rules(topic).expect("rules");
            let reads = |peer: &&Peer| rules.level(&peer.id()) >= Some(Level::Read);
            let texts: BTreeSet<_> = peers.iter().filter(reads).map(|peer| peer.texts(topic)).collect();
            if texts.len() == 1 {
                return;
            }
            // Somebody still has to hand out keys, which it does by itself.
            let waits = growth.iter_mut().map(|growth| Box::pin(growth.recv()));
            drop(first_of(waits.collect()).await);
        }
    };
    if tokio::time::timeout(LIMIT, settled).await.is_err() {
        for peer in peers {
            let level = peer.journal.rules(topic).and_then(|rules| rules.level(&peer.id()));
            eprintln!("{} {level:?} {:?} {:?}", peer.id().short(), peer.texts(topic), peer.journal.epochs(topic));
        }
        panic!("those who may read do not come to read the same");
    }
    let rules: Vec<_> = peers.iter().map(|peer| peer.journal.rules(topic).expect("rules")).collect();
    assert!(rules.iter().all(|one| one.devices() == rules[0].devices() && one.members() == rules[0].members()));
    let digests: BTreeSet<_> = peers.iter().map(|peer| peer.journal.digest(topic)).collect();
    assert_eq!(digests.len(), 1);
    for peer in peers {
        // Each entry once, in order.
        let read = peer.read(topic);
        let distinct: BTreeSet<(DeviceId, u64)> = read.iter().map(|entry| (entry.author, entry.seq)).collect();
        assert_eq!(distinct.len(), read.len());
        assert!(read.is_sorted_by(|one, next| one.position < next.position));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(48), max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_orders_lead_to_the_same(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(play(steps));
    }
}

#[tokio::test]
async fn a_gap_is_named_and_nothing_of_it_taken() {
    let time = Time::new();
    let (a, b) = (Peer::new(1, &time).await, Peer::new(2, &time).await);
    let topic = a.space().await;
    a.add(topic, &b, Level::Write).await;
    b.journal.adopt(topic).await.expect("adopted");
    a.say(topic, "one").await;
    let report = b.take(&a, vec![a.run(&topic, &a.id(), 2)]).await;
    assert_eq!(report.stored, 0);
    let wanted = report.wanted.first().expect("wanted");
    assert_eq!((wanted.topic, wanted.author, wanted.from), (topic, a.id(), 0));
    sync(&[&a, &b]).await;
    let report = b.take(&a, vec![a.run(&topic, &a.id(), 1)]).await;
    assert_eq!((report.stored, report.wanted.len()), (0, 0));
    assert_eq!(
        report.heights.first().map(|(_, _, tip)| tip.seq),
        a.journal.heights(&topic).get(&a.id()).map(|t| t.seq)
    );
}
