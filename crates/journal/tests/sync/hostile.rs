//! A member whose program is hostile: it speaks on raw streams. Nothing it does harms the others, and what no honest
//! device does ends the talk and is recorded.

use std::collections::BTreeSet;
use std::convert::Infallible;

use compeer_core::group::{Act, Level, Member};
use compeer_core::{
    Body, BodyClass, DeviceId, DeviceKey, Entry, EpochId, GroupId, Hlc, Signature, SignedHeader, system_wall,
};
use compeer_journal::sync::{Misconduct, SYNC, SyncEvent};
use compeer_journal::{RawEntry, Run};
use compeer_mesh::{Admission, Door, IncomingStream, Link, Mesh, MeshConfig, RecvStream, SendStream, Source};
use compeer_testkit::wait::eventually;
use minicbor::Encoder;
use minicbor::encode::Error;
use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout;

use crate::support::{LIMIT, Peer, peers_in_a_space, until_equal};

/// The hostile member: its key is in the group, its program is not ours.
struct Villain {
    key: DeviceKey,
    mesh: Mesh,
    streams: mpsc::Receiver<IncomingStream>,
    victim: DeviceId,
}

impl Villain {
    /// Takes over the computer of a member.
    async fn take_over(peer: Peer, victim: &Peer) -> Self {
        peer.stop().await;
        let config =
            MeshConfig { listen: vec!["127.0.0.1:0".parse().expect("address")], ..MeshConfig::new(peer.key.clone()) };
        let mut builder = Mesh::builder(config, |_, _: Door| Admission::Member);
        let streams = builder.accept(SYNC, 64);
        let mesh = builder.start().await.expect("starts");
        mesh.learn(victim.device(), victim.mesh.my_addresses(), Source::Given);
        mesh.want(BTreeSet::from([victim.device()]));
        Self { key: peer.key.clone(), mesh, streams, victim: victim.device() }
    }

    async fn link(&self) -> Link {
        eventually(LIMIT, "a link", async || self.mesh.link(self.victim)).await
    }

    /// Opens a talk with a digest that differs from any.
    async fn talk(&self) -> (SendStream, RecvStream) {
        let (mut send, recv) = self.link().await.open(SYNC).await.expect("opens");
        say(&mut send, 0, |e| e.array(2)?.u16(5)?.bytes(&[1; 32])?.ok()).await;
        (send, recv)
    }
}

/// One message of our protocol, by its number.
fn frame(number: u32, fields: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Result<(), Error<Infallible>>) -> Vec<u8> {
    let mut content = Vec::new();
    let mut encoder = Encoder::new(&mut content);
    encoder.array(2).and_then(|e| e.u32(number)).expect("encodes");
    fields(&mut encoder).expect("encodes");
    let mut frame = u32::try_from(content.len()).expect("short").to_be_bytes().to_vec();
    frame.extend(content);
    frame
}

async fn say(
    send: &mut SendStream,
    number: u32,
    fields: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Result<(), Error<Infallible>>,
) {
    send.write_all(&frame(number, fields)).await.expect("written");
}

fn entries_message(topic: GroupId, entries: &[Entry]) -> Vec<u8> {
    frame(4, |e| {
        e.array(2)?.bytes(topic.as_bytes())?.array(1)?;
        let header = &entries[0].header;
        e.array(4)?.bytes(header.author.as_bytes())?.u64(header.seq)?.array(entries.len() as u64)?;
        for entry in entries {
            e.array(2)?.bytes(entry.header.bytes())?;
            match &entry.body {
                Some(body) => e.bytes(body)?,
                None => e.null()?,
            };
        }
        e.u64(0)?.ok()
    })
}

fn heights_message(topic: GroupId, author: DeviceId, seq: u64) -> Vec<u8> {
    frame(2, |e| {
        e.array(4)?.bytes(topic.as_bytes())?.array(1)?;
        e.array(3)?.bytes(author.as_bytes())?.u64(seq)?.bytes(&[9; 32])?;
        e.bool(false)?.array(0)?.ok()
    })
}

/// What shall prove that somebody has written two histories.
fn fork_message(topic: GroupId, one: &[u8], other: &[u8]) -> Vec<u8> {
    frame(2, |e| {
        e.array(4)?.bytes(topic.as_bytes())?.array(0)?.bool(false)?;
        e.array(1)?.array(2)?.bytes(one)?.bytes(other)?.ok()
    })
}

fn receipt_message(topic: GroupId, device: DeviceId, author: DeviceId, seq: u64) -> Vec<u8> {
    frame(7, |e| {
        e.array(1)?.array(1)?.array(4)?.bytes(topic.as_bytes())?.bytes(device.as_bytes())?;
        e.array(1)?.array(2)?.bytes(author.as_bytes())?.u64(seq)?;
        e.bytes(Signature::from_bytes([5; 64]).as_bytes())?.ok()
    })
}

fn entry(key: &DeviceKey, topic: GroupId) -> Entry {
    let body = Body { class: BodyClass::Data, epoch: EpochId::from_bytes([1; 16]), bytes: vec![7; 100] };
    Entry::create(key, topic, None, Hlc::new(1_000, 0), vec![], body).expect("entry")
}

async fn recorded(events: &mut broadcast::Receiver<SyncEvent>, villain: DeviceId) -> Misconduct {
    let search = async {
        loop {
            if let Ok(SyncEvent::Problem { device, cause }) = events.recv().await {
                assert_eq!(device, villain);
                return cause;
            }
        }
    };
    timeout(LIMIT, search).await.expect("recorded in time")
}

/// Two honest peers and a villain with a link to the first.
async fn stage() -> (Peer, Peer, Villain, GroupId, broadcast::Receiver<SyncEvent>) {
    let (mut peers, topic) = peers_in_a_space(3).await;
    until_equal(&peers.iter().collect::<Vec<_>>(), topic).await;
    let (cy, bo, ann) = (peers.pop().expect("three"), peers.pop().expect("three"), peers.pop().expect("three"));
    let events = ann.sync.subscribe();
    let villain = Villain::take_over(cy, &ann).await;
    (ann, bo, villain, topic, events)
}

/// The honest ones go on as if nothing had happened.
async fn unharmed(ann: &Peer, bo: &Peer, topic: GroupId) {
    ann.say(topic, "all is well").await;
    bo.until_reads(topic, &["all is well"]).await;
    bo.say(topic, "indeed").await;
    ann.until_reads(topic, &["indeed"]).await;
    until_equal(&[ann, bo], topic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_message_end_the_talk() {
    let (ann, bo, villain, topic, mut events) = stage().await;
    let (mut send, _recv) = villain.talk().await;
    send.write_all(&[0, 0, 0, 3, 0xFF, 0xFF, 0xFF]).await.expect("written");
    assert_eq!(recorded(&mut events, villain.key.id()).await, Misconduct::Malformed);
    assert!(!ann.sync.talking_to().contains(&villain.key.id()));
    unharmed(&ann, &bo, topic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_too_long_is_not_waited_for() {
    let (ann, bo, villain, topic, mut events) = stage().await;
    let (mut send, _recv) = villain.talk().await;
    send.write_all(&u32::MAX.to_be_bytes()).await.expect("written");
    assert_eq!(recorded(&mut events, villain.key.id()).await, Misconduct::Malformed);
    unharmed(&ann, &bo, topic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_begins_out_of_place_ends_the_talk() {
    let (ann, bo, villain, topic, mut events) = stage().await;
    let (mut send, _recv) = villain.link().await.open(SYNC).await.expect("opens");
    send.write_all(&heights_message(topic, villain.key.id(), 1)).await.expect("written");
    assert_eq!(recorded(&mut events, villain.key.id()).await, Misconduct::OutOfPlace);
    unharmed(&ann, &bo, topic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lying_heights_and_unasked_entries_bring_nothing() {
    let (ann, bo, mut villain, topic, mut events) = stage().await;
    let (mut send, _recv) = villain.talk().await;
    let stranger = DeviceKey::from_seed([3; 32]);
    send.write_all(&heights_message(topic, stranger.id(), u64::MAX)).await.expect("written");
    // Ann asks, and is sent something else.
    let asked = timeout(LIMIT, villain.streams.recv()).await.expect("in time").expect("a stream");
    let mut answer = asked.send;
    let other = entry(&DeviceKey::from_seed([4; 32]), topic);
    answer.write_all(&entries_message(topic, &[other])).await.expect("written");
    assert_eq!(recorded(&mut events, villain.key.id()).await, Misconduct::Unasked);
    assert!(!ann.journal.heights(&topic).contains_key(&stranger.id()));
    unharmed(&ann, &bo, topic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_of_groups_that_were_not_asked_for_end_the_talk() {
    let (ann, bo, mut villain, topic, mut events) = stage().await;
    let (_send, _recv) = villain.talk().await;
    eventually(LIMIT, "talking", async || ann.sync.talking_to().contains(&villain.key.id())).await;
    // Bo lets in a group of which nothing is here.
    ann.journal.set_member(topic, Member::Group(bo.person), Some(Level::Manage), None).await.expect("raised");
    bo.stop().await;
    let nobody = Member::Group(GroupId::from_bytes([5; 32]));
    let act = Act::Set { member: nobody, level: Some(Level::Read), invite: None, cuts: vec![], elsewhere: vec![] };
    let body = Body { class: BodyClass::Control, epoch: EpochId::NONE, bytes: act.encode() };
    let heads = ann.journal.rules(&topic).expect("rules").heads().to_vec();
    let tip = ann.journal.heights(&topic).get(&bo.device()).copied();
    let entry_by_bo = Entry::create(&bo.key, topic, tip, Hlc::new(system_wall()(), 0), heads, body).expect("entry");
    let raw = RawEntry { header: entry_by_bo.header.bytes().to_vec(), body: entry_by_bo.body };
    let run =
        Run { topic, author: bo.device(), first: tip.map_or(0, |tip| tip.seq + 1), pruned: 0, entries: vec![raw] };
    ann.journal.ingest(bo.device(), vec![run]).await.expect("taken in");
    // Ann asks for it, and is sent something else.
    let asked = timeout(LIMIT, villain.streams.recv()).await.expect("in time").expect("a stream");
    let mut answer = asked.send;
    answer.write_all(&entries_message(topic, &[entry(&villain.key, topic)])).await.expect("written");
    answer.finish().expect("open");
    assert_eq!(recorded(&mut events, villain.key.id()).await, Misconduct::Unasked);
    ann.say(topic, "all is well").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_of_topics_that_nobody_wants_are_not_kept() {
    let (ann, bo, villain, topic, _events) = stage().await;
    let (mut send, _recv) = villain.talk().await;
    let nowhere = GroupId::from_bytes([6; 32]);
    send.write_all(&entries_message(nowhere, &[entry(&villain.key, nowhere)])).await.expect("written");
    send.write_all(&heights_message(nowhere, villain.key.id(), 12)).await.expect("written");
    unharmed(&ann, &bo, topic).await;
    assert!(ann.journal.topics().iter().all(|info| info.topic != nowhere));
    assert!(ann.sync.talking_to().contains(&villain.key.id()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_entries_end_the_talk() {
    let (ann, bo, villain, topic, mut events) = stage().await;
    let (mut send, _recv) = villain.talk().await;
    // The body is not the one in the header.
    let mut forged = entry(&DeviceKey::from_seed([4; 32]), topic);
    forged.body = Some(vec![8; 100]);
    send.write_all(&entries_message(topic, &[forged])).await.expect("written");
    assert!(matches!(recorded(&mut events, villain.key.id()).await, Misconduct::BadEntry(_)));
    assert!(!ann.journal.heights(&topic).contains_key(&DeviceKey::from_seed([4; 32]).id()));
    unharmed(&ann, &bo, topic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_a_member_leaves_out_come_from_others() {
    let (ann, mut bo, mut villain, topic, mut events) = stage().await;
    bo.sync.shutdown().await;
    bo.mesh.shutdown().await;
    let first = bo.journal.heights(&topic).get(&bo.device()).map_or(0, |tip| tip.seq + 1);
    for text in ["inconvenient", "harmless", "inconvenient, too"] {
        bo.say(topic, text).await;
    }
    let run = bo.journal.run(&topic, &bo.device(), first, 10, 1 << 20).expect("reads");
    let header = |raw: &RawEntry| SignedHeader::decode(&raw.header).expect("a header");
    let whole: Vec<Entry> =
        run.entries.iter().map(|raw| Entry { header: header(raw), body: raw.body.clone() }).collect();
    let harmless = bo.journal.heights(&topic)[&bo.device()].seq - 1;
    let strip = |entry: &Entry| match entry.header.class {
        BodyClass::Data if entry.header.seq != harmless => Entry { body: None, ..entry.clone() },
        _ => entry.clone(),
    };
    let stripped: Vec<Entry> = whole.iter().map(strip).collect();
    let (mut send, _recv) = villain.talk().await;
    send.write_all(&entries_message(topic, &stripped)).await.expect("written");
    ann.until_reads(topic, &["harmless"]).await;
    let held = |peer: &Peer| peer.journal.held(&topic).get(&bo.device()).copied();
    assert!(held(&ann) < Some(harmless), "Ann does not claim to hold what she lacks");
    // The villain says that it has them. Ann asks, and it leaves them out once more.
    send.write_all(&heights_message(topic, bo.device(), harmless)).await.expect("written");
    let mut answer = timeout(LIMIT, villain.streams.recv()).await.expect("in time").expect("a stream").send;
    let from = stripped.iter().position(|entry| entry.body.is_none()).expect("one was left out");
    answer.write_all(&entries_message(topic, &stripped[from..])).await.expect("written");
    answer.finish().expect("open");
    bo.restart(async || {}).await;
    bo.knows(&ann);
    ann.until_reads(topic, &["inconvenient", "harmless", "inconvenient, too"]).await;
    assert_eq!(ann.journal.held(&topic)[&bo.device()], harmless + 1);
    unharmed(&ann, &bo, topic).await;
    assert!(events.try_recv().is_ok(), "there were talks");
    while let Ok(event) = events.try_recv() {
        assert!(!matches!(event, SyncEvent::Problem { .. }), "to leave bodies out is no misconduct: {event:?}");
    }
}

/// Nobody can be slandered: two entries of one history prove nothing, and neither does what somebody else has signed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_that_is_none_ends_the_talk_and_stops_nobody() {
    for honest in [true, false] {
        let (ann, bo, villain, topic, mut events) = stage().await;
        bo.say(topic, "of one history").await;
        ann.until_reads(topic, &["of one history"]).await;
        let log = bo.journal.run(&topic, &bo.device(), 0, 10, 1 << 20).expect("reads").entries;
        let (one, other) = match honest {
            true => (log[0].header.clone(), log[1].header.clone()),
            // Not by Bo, although it says so: the signature is the villain's.
            false => {
                let mut forged = entry(&villain.key, topic).header.bytes().to_vec();
                let at = forged.windows(32).position(|bytes| bytes == villain.key.id().as_bytes()).expect("its author");
                forged[at..at + 32].copy_from_slice(bo.device().as_bytes());
                (log[0].header.clone(), forged)
            }
        };
        let (mut send, _recv) = villain.talk().await;
        send.write_all(&fork_message(topic, &one, &other)).await.expect("written");
        assert!(matches!(recorded(&mut events, villain.key.id()).await, Misconduct::BadEntry(_)), "{honest}");
        assert_eq!(ann.journal.forks(&topic), []);
        unharmed(&ann, &bo, topic).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_receipts_end_the_talk_and_count_for_nothing() {
    let (ann, bo, villain, topic, mut events) = stage().await;
    let (mut send, _recv) = villain.talk().await;
    send.write_all(&receipt_message(topic, bo.device(), ann.device(), 1_000)).await.expect("written");
    assert_eq!(recorded(&mut events, villain.key.id()).await, Misconduct::ForgedReceipt);
    assert!(!ann.journal.holders(&topic, &ann.device(), 1_000).contains(&bo.device()));
    unharmed(&ann, &bo, topic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn impossible_requests_are_answered_with_nothing() {
    let (ann, bo, villain, topic, _events) = stage().await;
    let (_send, _recv) = villain.talk().await;
    eventually(LIMIT, "talking", async || ann.sync.talking_to().contains(&villain.key.id())).await;
    let unknown = GroupId::from_bytes([6; 32]);
    for (of, from, to) in
        [(unknown, 0, 5), (topic, 5, 0), (topic, 0, u64::MAX), (topic, u64::MAX, u64::MAX), (bo.person, 0, 9)]
    {
        let (mut send, mut recv) = villain.link().await.open(SYNC).await.expect("opens");
        let author = DeviceId::from_bytes([7; 32]);
        say(&mut send, 3, |e| {
            e.array(2)?.bytes(of.as_bytes())?.array(1)?;
            e.array(3)?.bytes(author.as_bytes())?.u64(from)?.u64(to)?.ok()
        })
        .await;
        send.finish().expect("open");
        let answer = timeout(LIMIT, recv.read_to_end(1024)).await.expect("in time").expect("ends");
        assert_eq!(answer, [0_u8; 0]);
    }
    // Groups that are not here, and one that the villain has no part in.
    let foreign = ann.space().await;
    let (mut send, mut recv) = villain.link().await.open(SYNC).await.expect("opens");
    say(&mut send, 9, |e| {
        e.array(1)?.array(10_001)?.bytes(foreign.as_bytes())?;
        (0..10_000).try_for_each(|_| e.bytes(unknown.as_bytes()).map(drop))
    })
    .await;
    send.finish().expect("open");
    let answer = timeout(LIMIT, recv.read_to_end(1024)).await.expect("in time").expect("ends");
    assert_eq!(answer, [0_u8; 0]);
    unharmed(&ann, &bo, topic).await;
}
