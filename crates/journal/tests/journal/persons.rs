//! People with several devices each: whatever comes and goes in whatever order, in the end all agree on who is in, at which
//! level, and what was said; and no device reads what was written when its removal was known. (A member who has not heard
//! yet that a device was taken out of its *person* may still hand it a key: docs/decisions/0002, known limits.)

use std::collections::{BTreeMap, BTreeSet};

use compeer_core::entry::{BodyClass, SignedHeader};
use compeer_core::group::{GroupKind, Level, Member};
use compeer_core::{DeviceId, EntryHash, GroupId};
use compeer_journal::Run;
use proptest::prelude::*;

use crate::common::{LIMIT, Peer, Time, cases, first_of};

/// People, with so many devices each; device `n` is one of person `n / DEVICES`.
const PEOPLE: usize = 3;
const DEVICES: usize = 2;
const PEERS: usize = PEOPLE * DEVICES;

#[derive(Debug, Clone)]
enum Step {
    /// Somebody writes to the space, if it may.
    Say { by: usize },
    /// Somebody sets a person's level in the space, if it may. The founder stays.
    Person { by: usize, whom: usize, level: Option<Level> },
    /// Somebody adds a device to its person or removes it, if it may. Each person's first device stays.
    Device { by: usize, whom: usize, level: Option<Level> },
    /// Part of what one has of the space and the people goes to another.
    Send { from: usize, to: usize, logs: u16, part: u8 },
    /// Some tell each other everything, and the others nothing.
    Meet { who: u8 },
    /// A journal is closed and opened again.
    Reopen { whom: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let level = || {
        prop_oneof![
            3 => Just(None),
            1 => Just(Some(Level::Pull)),
            1 => Just(Some(Level::Read)),
            2 => Just(Some(Level::Write)),
            3 => Just(Some(Level::Manage)),
        ]
    };
    prop_oneof![
        8 => (0..PEERS).prop_map(|by| Step::Say { by }),
        3 => (0..PEERS, 1..PEOPLE, level()).prop_map(|(by, whom, level)| Step::Person { by, whom, level }),
        4 => (0..PEERS, 0..PEERS, level()).prop_map(|(by, whom, level)| Step::Device { by, whom, level }),
        6 => (0..PEERS, 0..PEERS, any::<u16>(), 1..=4u8)
            .prop_map(|(from, to, logs, part)| Step::Send { from, to, logs, part }),
        4 => any::<u8>().prop_map(|who| Step::Meet { who }),
        1 => (0..PEERS).prop_map(|whom| Step::Reopen { whom }),
    ]
}

/// A message that was written.
struct Said {
    text: String,
    /// The newest acts in the space that its author knew.
    heads: Vec<EntryHash>,
    /// Devices that may not read it: its author knew of an act that keeps them out, and nobody who knew as much of the
    /// space takes them to be in, then or since.
    barred: BTreeSet<DeviceId>,
}

struct World {
    peers: Vec<Peer>,
    people: Vec<GroupId>,
    space: GroupId,
    said: Vec<Said>,
    /// The acts that each peer holds.
    acts: Vec<BTreeSet<EntryHash>>,
    /// The acts that keep somebody from reading, and which peers those are.
    keep_out: Vec<(EntryHash, std::ops::Range<usize>)>,
}

impl World {
    async fn new(time: &Time) -> Self {
        let mut peers = Vec::new();
        for seed in 1..=PEERS {
            peers.push(Peer::new(u8::try_from(seed).expect("few"), time).await);
        }
        let mut people = Vec::new();
        for devices in peers.chunks(DEVICES) {
            let person = devices[0].journal.found(GroupKind::Person, devices[0].member()).await.expect("founded");
            devices[0].add(person, &devices[1], Level::Manage).await;
            people.push(person);
        }
        let space = peers[0].journal.found(GroupKind::Space, Member::Group(people[0])).await.expect("founded");
        for (n, peer) in peers.iter().enumerate() {
            peer.journal.adopt(space).await.expect("adopted");
            for (m, person) in people.iter().enumerate() {
                if m == n / DEVICES {
                    peer.journal.adopt(*person).await.expect("adopted");
                } else {
                    peer.journal.attach(*person).await.expect("attached");
                }
            }
        }
        let mut world =
            Self { peers, people, space, said: Vec::new(), acts: vec![BTreeSet::new(); PEERS], keep_out: Vec::new() };
        world.exchange(&(0..PEERS).collect::<Vec<_>>()).await;
        for (person, level) in [(1, Level::Manage), (2, Level::Write)] {
            let member = Member::Group(world.people[person]);
            world.peers[0].journal.set_member(space, member, Some(level), None).await.expect("added");
        }
        world
    }

    fn topics(&self) -> Vec<GroupId> {
        self.people.iter().chain([&self.space]).copied().collect()
    }

    fn readers(&self, peer: usize) -> BTreeSet<DeviceId> {
        let rules = self.peers[peer].journal.rules(&self.space).expect("rules");
        rules.devices().iter().filter(|(_, access)| access.level >= Level::Read).map(|(device, _)| *device).collect()
    }

    /// These give each other everything, whether they may have it or not.
    async fn exchange(&mut self, who: &[usize]) {
        loop {
            let mut stored = 0;
            for (to, from) in who.iter().flat_map(|to| who.iter().map(move |from| (*to, *from))) {
                if to != from {
                    let (one, other) = (&self.peers[to], &self.peers[from]);
                    let runs = self.topics().iter().flat_map(|topic| other.news_for(one, topic)).collect();
                    stored += self.give(from, to, runs).await;
                }
            }
            if stored == 0 {
                return;
            }
        }
    }

    async fn give(&mut self, from: usize, to: usize, runs: Vec<Run>) -> u64 {
        let report = self.peers[to].take(&self.peers[from], runs).await;
        assert_eq!((report.refused, report.wanted), (vec![], vec![]));
        if report.stored > 0 {
            self.learned(to);
        }
        report.stored
    }

    /// Whoever knows what a message's author knew of the space, and more, may know that somebody was let in again, and
    /// give it the key.
    fn learned(&mut self, peer: usize) {
        let journal = &self.peers[peer].journal;
        for topic in self.topics() {
            for author in journal.heights(&topic).into_keys() {
                let run = self.peers[peer].run(&topic, &author, 0);
                let headers = run.entries.iter().map(|entry| SignedHeader::decode(&entry.header).expect("a header"));
                let acts = headers.filter(|header| header.class == BodyClass::Control);
                self.acts[peer].extend(acts.map(|header| header.hash()));
            }
        }
        let (acts, readers) = (&self.acts[peer], self.readers(peer));
        for said in self.said.iter_mut().filter(|said| said.heads.iter().all(|head| acts.contains(head))) {
            said.barred.retain(|device| !readers.contains(device));
        }
    }

    /// A part of what `from` could send `to`: some logs, and a part of each.
    fn parcel(&self, from: usize, to: usize, logs: u16, part: u8) -> Vec<Run> {
        let (from, to) = (&self.peers[from], &self.peers[to]);
        let runs = self.topics().into_iter().flat_map(|topic| from.news_for(to, &topic));
        let chosen = runs.enumerate().filter(|(n, _)| logs >> (n % 16) & 1 == 1).map(|(_, run)| run);
        chosen
            .map(|mut run| {
                run.entries.truncate(run.entries.len() * usize::from(part) / 4);
                run
            })
            .collect()
    }

    async fn say(&mut self, by: usize) {
        let text = format!("{}", self.said.len());
        // Not being allowed to is part of the game.
        if self.peers[by].journal.append(self.space, text.clone().into_bytes()).await.is_ok() {
            let heads = self.peers[by].journal.rules(&self.space).expect("rules").heads().to_vec();
            let readers = self.readers(by);
            let known = self.keep_out.iter().filter(|(act, _)| self.acts[by].contains(act));
            let kept_out = known.flat_map(|(_, who)| who.clone()).map(|peer| self.peers[peer].id());
            let barred = kept_out.filter(|device| !readers.contains(device)).collect();
            self.said.push(Said { text, heads, barred });
            // Some may have handed keys on already, by what they know.
            (0..PEERS).for_each(|peer| self.learned(peer));
        }
    }

    /// Nobody reads what it may not.
    fn check(&self) {
        for peer in &self.peers {
            let read = peer.texts(&self.space);
            let leaked = self.said.iter().find(|said| said.barred.contains(&peer.id()) && read.contains(&said.text));
            assert!(leaked.is_none(), "{} reads {:?}", peer.id().short(), leaked.map(|said| &said.text));
        }
    }

    /// Takes note of what somebody did, if it was allowed to.
    fn acted(&mut self, by: usize, act: Option<EntryHash>, level: Option<Level>, whom: std::ops::Range<usize>) {
        self.keep_out.extend(act.filter(|_| level < Some(Level::Read)).map(|act| (act, whom)));
        self.learned(by);
    }

    async fn play(&mut self, step: &Step) {
        match *step {
            Step::Say { by } => self.say(by).await,
            Step::Person { by, whom, level } => {
                let member = Member::Group(self.people[whom]);
                let act = self.peers[by].journal.set_member(self.space, member, level, None).await;
                self.acted(by, act.ok(), level, DEVICES * whom..DEVICES * (whom + 1));
            }
            Step::Device { by, whom, level } if whom % DEVICES != 0 => {
                let (person, member) = (self.people[whom / DEVICES], self.peers[whom].member());
                let act = self.peers[by].journal.set_member(person, member, level, None).await;
                self.acted(by, act.ok(), level, whom..whom + 1);
            }
            Step::Send { from, to, logs, part } if from != to => {
                let runs = self.parcel(from, to, logs, part);
                self.give(from, to, runs).await;
            }
            Step::Device { .. } | Step::Send { .. } => {}
            Step::Meet { who } => {
                let who: Vec<_> = (0..PEERS).filter(|peer| who >> peer & 1 == 1).collect();
                self.exchange(&who).await;
            }
            Step::Reopen { whom } => self.peers[whom].open_again_the_same(&self.space).await,
        }
    }

    /// Everybody gets everything, removed or not, until keys have reached all readers; then all must agree.
    async fn converge(&mut self) {
        let all: Vec<_> = (0..PEERS).collect();
        let mut growth: Vec<_> = self.peers.iter().map(|peer| peer.journal.growth()).collect();
        let settled = async {
            loop {
                self.exchange(&all).await;
                let readers = self.readers(0);
                let reading = self.peers.iter().filter(|peer| readers.contains(&peer.id()));
                if reading.map(|peer| peer.texts(&self.space)).collect::<BTreeSet<_>>().len() == 1 {
                    return;
                }
                // Somebody still has to hand out keys, which it does by itself.
                let waits = growth.iter_mut().map(|growth| Box::pin(growth.recv()));
                let _ = first_of(waits.collect()).await;
            }
        };
        if tokio::time::timeout(LIMIT, settled).await.is_err() {
            for peer in &self.peers {
                let level = peer.journal.rules(&self.space).and_then(|rules| rules.level(&peer.id()));
                eprintln!(
                    "{} {level:?} {:?} {:?}",
                    peer.id().short(),
                    peer.texts(&self.space),
                    peer.journal.epochs(&self.space)
                );
            }
            panic!("those who may read do not come to read the same");
        }
        for topic in self.topics() {
            let first = self.peers[0].journal.rules(&topic).expect("rules");
            for peer in &self.peers[1..] {
                let rules = peer.journal.rules(&topic).expect("rules");
                assert_eq!((rules.members(), rules.devices()), (first.members(), first.devices()));
                assert_eq!(peer.journal.digest(&topic), self.peers[0].journal.digest(&topic));
            }
        }
        // Each entry once, a feed without holes, and under the same person and level everywhere.
        let readers = self.readers(0);
        let mut known = BTreeMap::new();
        for peer in &self.peers {
            let read = peer.read(&self.space);
            assert!(read.iter().enumerate().all(|(n, entry)| entry.position == n as u64));
            assert_eq!(read.iter().map(|entry| entry.hash).collect::<BTreeSet<_>>().len(), read.len());
            for entry in read {
                let told = (entry.person, entry.level, entry.plain);
                assert_eq!(*known.entry(entry.hash).or_insert(told.clone()), told);
            }
        }
        assert!(readers.contains(&self.peers[0].id()), "the founder is never out");
    }
}

async fn play(steps: &[Step]) {
    let time = Time::new();
    let mut world = World::new(&time).await;
    for step in steps {
        time.pass(1);
        world.play(step).await;
        world.check();
    }
    world.converge().await;
    world.check();
    // A message written when all is known reaches exactly those who are in.
    world.say(0).await;
    world.exchange(&(0..PEERS).collect::<Vec<_>>()).await;
    world.check();
    let readers = world.readers(0);
    let last = &world.said.last().expect("written").text;
    for peer in &world.peers {
        assert_eq!(peer.texts(&world.space).contains(last), readers.contains(&peer.id()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(32), max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn people_and_devices_come_and_go_in_any_order(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(play(&steps));
    }
}

/// Who keeps somebody out without having heard that somebody else let them in goes on under a key that they cannot have.
#[tokio::test]
async fn who_is_kept_out_before_being_let_in_reads_nothing() {
    for level in [None, Some(Level::Pull)] {
        play(&[
            Step::Say { by: 1 },
            Step::Meet { who: 0b11_1010 },
            Step::Person { by: 1, whom: 1, level },
            // These hand the key of the first message on, as far as they know rightly.
            Step::Meet { who: 0b10_0001 },
            Step::Say { by: 1 },
        ])
        .await;
    }
}

/// Somebody is let in again, by a manager who is lowered at the same time: the key that he was handed meanwhile opens
/// nothing that is written once all of this is known.
#[tokio::test]
async fn who_was_handed_a_key_by_somebody_who_might_not_reads_nothing() {
    play(&[
        Step::Person { by: 0, whom: 2, level: None },
        Step::Say { by: 0 },
        Step::Meet { who: 0b00_1011 },
        Step::Person { by: 3, whom: 2, level: Some(Level::Read) },
        Step::Person { by: 0, whom: 1, level: Some(Level::Read) },
    ])
    .await;
}

/// The known limit: a member who has not heard that a device was taken out of its person hands it the key that was made to
/// keep it out. That is found out before anything else is written by somebody who has seen it done.
#[tokio::test]
async fn a_key_handed_on_in_ignorance_is_not_sealed_under_again() {
    play(&[
        Step::Device { by: 4, whom: 5, level: None },
        Step::Meet { who: 0b11_1110 },
        Step::Say { by: 1 },
        Step::Send { from: 1, to: 0, logs: 0b1101_1100_1010_1010, part: 2 },
        Step::Say { by: 1 },
        Step::Meet { who: 0b11_1111 },
        Step::Say { by: 1 },
    ])
    .await;
}

/// Whom a manager lets in who is just being lowered reads nothing of what is written after that.
#[tokio::test]
async fn who_is_let_in_by_somebody_who_might_not_any_more_reads_nothing() {
    play(&[
        Step::Person { by: 0, whom: 2, level: Some(Level::Manage) },
        Step::Person { by: 0, whom: 1, level: None },
        Step::Say { by: 0 },
        Step::Meet { who: 0b01_1011 },
        Step::Person { by: 0, whom: 2, level: Some(Level::Read) },
        Step::Say { by: 0 },
        Step::Person { by: 4, whom: 1, level: Some(Level::Read) },
        Step::Say { by: 0 },
    ])
    .await;
}
