//! What peers send that is not as it should be: refused, recorded, and never a panic.

use compeer_core::group::Level;
use compeer_core::{Body, BodyClass, DeviceKey, Entry, EntryHash, EpochId, GroupId, Hlc, Tip};
use compeer_journal::{BATCH_ENTRIES, IngestError, JournalEvent, ProblemCause, RawEntry, Refusal, Run};
use proptest::prelude::*;

use crate::common::{Peer, Time, event, sync};

/// Signs entries by hand.
struct Forger {
    key: DeviceKey,
    topic: GroupId,
    tip: Option<Tip>,
    clock: u64,
}

impl Forger {
    fn new(key: &DeviceKey, topic: GroupId, time: &Time) -> Self {
        Self { key: key.clone(), topic, tip: None, clock: time.now() }
    }

    fn write(&mut self, class: BodyClass, heads: Vec<EntryHash>, bytes: &[u8]) -> Entry {
        self.clock += 1;
        let epoch = if class == BodyClass::Data { EpochId::from_bytes([7; 16]) } else { EpochId::NONE };
        let body = Body { class, epoch, bytes: bytes.to_vec() };
        let clock = Hlc::new(self.clock, 0);
        let entry = Entry::create(&self.key, self.topic, self.tip, clock, heads, body).expect("signed");
        self.tip = Some(entry.tip());
        entry
    }

    fn run(&self, entries: &[Entry]) -> Run {
        let raw = |entry: &Entry| RawEntry { header: entry.header.bytes().to_vec(), body: entry.body.clone() };
        let first = entries.first().map_or(0, |entry| entry.header.seq);
        Run { topic: self.topic, author: self.key.id(), first, pruned: 0, entries: entries.iter().map(raw).collect() }
    }
}

struct Scene {
    time: Time,
    a: Peer,
    b: Peer,
    topic: GroupId,
    heads: Vec<EntryHash>,
}

/// A has a space with B in it, who has written nothing yet.
async fn scene() -> Scene {
    let time = Time::new();
    let (a, b) = (Peer::new(1, &time).await, Peer::new(2, &time).await);
    let topic = a.space().await;
    a.add(topic, &b, Level::Write).await;
    b.journal.adopt(topic).await.expect("adopted");
    sync(&[&a, &b]).await;
    time.pass(10);
    let heads = a.journal.rules(&topic).expect("rules").heads().to_vec();
    Scene { time, a, b, topic, heads }
}

fn cause(report: &compeer_journal::IngestReport) -> Option<&Refusal> {
    report.refused.first().map(|refused| &refused.cause)
}

#[tokio::test]
async fn a_fork_freezes_its_author_and_is_reported() {
    let Scene { time, mut a, b, topic, heads } = scene().await;
    let mut left = Forger::new(&b.key, topic, &time);
    let mut right = Forger::new(&b.key, topic, &time);
    let one: Vec<Entry> = (0..3).map(|n| left.write(BodyClass::Data, heads.clone(), &[n; 50])).collect();
    let two: Vec<Entry> = (0..5).map(|n| right.write(BodyClass::Data, heads.clone(), &[n + 9; 50])).collect();
    assert_eq!(a.take(&b, vec![left.run(&one)]).await.stored, 3);
    let mut events = a.journal.subscribe();
    let report = a.take(&b, vec![right.run(&two)]).await;
    assert_eq!((report.stored, cause(&report)), (0, Some(&Refusal::Frozen)));
    let forked = event(&mut events, |event| matches!(event, JournalEvent::Problem(_))).await;
    let JournalEvent::Problem(problem) = forked else { panic!("a problem") };
    assert_eq!((problem.device, problem.topic, problem.cause), (b.id(), Some(topic), ProblemCause::Fork { seq: 2 }));
    a.open_again().await.expect("opens");
    let more = left.write(BodyClass::Data, heads, &[8; 50]);
    let report = a.take(&b, vec![left.run(&[more])]).await;
    assert_eq!(cause(&report), Some(&Refusal::Frozen));
    a.say(topic, "others go on").await;
}

#[tokio::test]
async fn every_way_to_contradict_a_log_is_a_fork() {
    // (entries on the other branch, which of them are sent)
    for (length, sent) in [(3, 0..3), (3, 1..2), (2, 0..2), (4, 3..4), (6, 2..6)] {
        let Scene { time, a, b, topic, heads } = scene().await;
        let mut left = Forger::new(&b.key, topic, &time);
        let mut right = Forger::new(&b.key, topic, &time);
        let one: Vec<Entry> = (0..3).map(|n| left.write(BodyClass::Data, heads.clone(), &[n; 50])).collect();
        let two: Vec<Entry> = (0..length).map(|n| right.write(BodyClass::Data, heads.clone(), &[n + 9; 50])).collect();
        a.take(&b, vec![left.run(&one)]).await;
        let report = a.take(&b, vec![right.run(&two[sent.clone()])]).await;
        assert_eq!(cause(&report), Some(&Refusal::Frozen), "{length} {sent:?}");
    }
}

#[tokio::test]
async fn a_badly_signed_entry_in_the_middle_cuts_nobody_off() {
    let Scene { time, a, b, topic, heads } = scene().await;
    let mut forger = Forger::new(&b.key, topic, &time);
    let mut run: Vec<Entry> = vec![forger.write(BodyClass::Data, heads.clone(), b"first")];
    // Signed wrongly, and then built upon.
    let mut bytes = forger.write(BodyClass::Data, heads.clone(), b"second").header.bytes().to_vec();
    let end = bytes.len() - 1;
    bytes[end] ^= 1;
    let header = compeer_core::SignedHeader::decode(&bytes).expect("decodes");
    let bad = Entry { header, body: Some(b"second".to_vec()) };
    forger.tip = Some(bad.tip());
    run.push(bad);
    run.push(forger.write(BodyClass::Data, heads.clone(), b"third"));
    let report = a.take(&b, vec![forger.run(&run[..2])]).await;
    assert_eq!((report.stored, cause(&report)), (0, Some(&Refusal::Unsettled)));
    let report = a.take(&b, vec![forger.run(&run[2..])]).await;
    assert_eq!((report.stored, cause(&report)), (3, None));
    // Sent on, it may be cut in the same place.
    let c = Peer::new(3, &time).await;
    a.add(topic, &c, Level::Read).await;
    c.journal.adopt(topic).await.expect("adopted");
    c.take(&a, vec![a.run(&topic, &a.id(), 0)]).await;
    let mut cut = a.run(&topic, &b.id(), 0);
    let rest = cut.entries.split_off(2);
    c.take(&a, vec![cut.clone()]).await;
    let report = c.take(&a, vec![Run { first: 2, entries: rest, ..cut }]).await;
    assert_eq!(report.stored, 3);
}

#[tokio::test]
async fn bodies_that_say_nothing_are_kept_void_and_reported() {
    let Scene { time, a, b, topic, heads } = scene().await;
    let mut forger = Forger::new(&b.key, topic, &time);
    let mut events = a.journal.subscribe();
    let entries = [
        forger.write(BodyClass::Control, heads.clone(), b"not an act"),
        forger.write(BodyClass::Keys, heads.clone(), &[0xff; 300]),
        forger.write(BodyClass::Control, heads.clone(), b""),
        // A grant with a wrap that does not open.
        forger.write(
            BodyClass::Keys,
            heads.clone(),
            &compeer_core::group::KeyGrant {
                epochs: vec![EpochId::from_bytes([3; 16])],
                wraps: vec![compeer_core::epoch::Wrap { device: a.id(), sealed: vec![1; 80] }],
            }
            .encode(),
        ),
    ];
    let report = a.take(&b, vec![forger.run(&entries)]).await;
    assert_eq!((report.stored, report.refused.len()), (4, 0));
    for seq in 0..3 {
        let wanted = ProblemCause::Unreadable { seq };
        event(&mut events, |event| matches!(event, JournalEvent::Problem(p) if p.cause == wanted)).await;
    }
    a.say(topic, "goes on").await;
    assert_eq!(a.texts(&topic).len(), 1);
}

#[tokio::test]
async fn a_body_sealed_wrongly_is_skipped_and_reported() {
    let Scene { time, a, b, topic, heads } = scene().await;
    a.say(topic, "opens the epoch").await;
    let epoch = a.journal.epochs(&topic)[0].id;
    let body = Body { class: BodyClass::Data, epoch, bytes: vec![5; 90] };
    let clock = Hlc::new(time.now(), 9);
    let entry = Entry::create(&b.key, topic, None, clock, heads, body).expect("signed");
    let forger = Forger::new(&b.key, topic, &time);
    assert_eq!(a.take(&b, vec![forger.run(&[entry])]).await.stored, 1);
    let mut events = a.journal.subscribe();
    assert_eq!(a.texts(&topic).len(), 1);
    let wanted = ProblemCause::Unopenable { seq: 0 };
    event(&mut events, |event| matches!(event, JournalEvent::Problem(p) if p.cause == wanted)).await;
}

#[tokio::test]
async fn what_breaks_the_rules_of_sending_is_refused() {
    let Scene { time, a, b, topic, heads } = scene().await;
    let mut forger = Forger::new(&b.key, topic, &time);
    let entries: Vec<Entry> = (0..3).map(|n| forger.write(BodyClass::Data, heads.clone(), &[n; 50])).collect();
    let good = forger.run(&entries);
    let mut keys = Forger::new(&a.key, topic, &time);
    let entry = keys.write(BodyClass::Keys, heads.clone(), b"keys");
    let mut stripped = keys.run(&[entry]);
    stripped.entries[0].body = None;
    let mut swapped = good.clone();
    swapped.entries[0].body = good.entries[1].body.clone();
    let mut shifted = good.clone();
    shifted.first = 1;
    let renamed = Run { author: a.id(), ..good.clone() };
    let gap = Run { entries: vec![good.entries[0].clone(), good.entries[2].clone()], ..good.clone() };
    for bad in [stripped, swapped, shifted, renamed, gap] {
        let report = a.take(&b, vec![bad]).await;
        assert_eq!(report.stored, 0);
        assert!(cause(&report).is_some_and(Refusal::is_senders_fault), "{report:?}");
    }
    let elsewhere = Forger::new(&b.key, GroupId::from_bytes([5; 32]), &time).write(BodyClass::Data, heads, b"x");
    let other = Run { topic: GroupId::from_bytes([5; 32]), ..forger.run(&[elsewhere]) };
    assert_eq!(cause(&a.take(&b, vec![other]).await), Some(&Refusal::NotWanted));
    let nothing = RawEntry { header: vec![], body: Some(vec![]) };
    let many = Run { entries: vec![nothing; BATCH_ENTRIES + 1], ..good.clone() };
    assert_eq!(a.journal.ingest(b.id(), vec![many]).await, Err(IngestError::TooMuch));
    assert_eq!(a.take(&b, vec![Run { entries: vec![], ..good.clone() }, good]).await.stored, 3);
}

#[tokio::test]
async fn strangers_cannot_fill_the_disk_with_logs() {
    let Scene { time, a, b, topic, heads } = scene().await;
    let mut refused = 0;
    for seed in 0..80u8 {
        let mut stranger = Forger::new(&DeviceKey::from_seed([100 + seed; 32]), topic, &time);
        let entry = stranger.write(BodyClass::Data, heads.clone(), b"spam");
        let report = a.take(&b, vec![stranger.run(&[entry])]).await;
        refused += u64::from(cause(&report) == Some(&Refusal::Strangers));
    }
    assert_eq!(refused, 80 - 64);
    assert!(a.texts(&topic).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any byte of a run changed, cut or doubled: never a panic, never a stored entry that was not signed.
    #[test]
    fn damaged_runs_never_get_in(
        damage in proptest::collection::vec((0..3usize, any::<bool>(), any::<prop::sample::Index>(), 1..=255u8), 1..20)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(async {
            let Scene { time, a, b, topic, heads } = scene().await;
            let mut forger = Forger::new(&b.key, topic, &time);
            let entries: Vec<Entry> = (0..3).map(|n| forger.write(BodyClass::Data, heads.clone(), &[n; 50])).collect();
            let good = forger.run(&entries);
            for (entry, in_header, at, flip) in damage {
                let mut bad = good.clone();
                let raw = &mut bad.entries[entry];
                let bytes = if in_header { &mut raw.header } else { raw.body.as_mut().expect("a body") };
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
                let report = a.take(&b, vec![bad]).await;
                assert_eq!(report.stored, 0);
                assert_eq!(report.refused.len(), 1);
            }
            assert_eq!(a.take(&b, vec![good]).await.stored, 3);
        });
    }
}

/// Somebody hides where two histories part by leaving those entries out, and fills in the others later.
#[tokio::test]
async fn a_fork_within_what_was_left_out_is_found_when_that_comes() {
    let Scene { time, mut a, b, topic, heads } = scene().await;
    let mut left = Forger::new(&b.key, topic, &time);
    let mut right = Forger::new(&b.key, topic, &time);
    let one: Vec<Entry> = (0..6).map(|n| left.write(BodyClass::Data, heads.clone(), &[n; 50])).collect();
    let two: Vec<Entry> = (0..4)
        .map(|n| right.write(BodyClass::Data, heads.clone(), &if n < 2 { [n; 50] } else { [n + 9; 50] }))
        .collect();
    assert_eq!(one[1].header.hash(), two[1].header.hash());
    let report = a.take(&b, vec![left.run(&one[..2]), Run { pruned: 1, ..left.run(&one[4..]) }]).await;
    assert_eq!((report.stored, report.wanted.len()), (2, 1), "more is missing than it says");
    assert_eq!(a.take(&b, vec![Run { pruned: 2, ..left.run(&one[4..]) }]).await.stored, 2);
    assert_eq!(a.journal.held(&topic)[&b.id()], 1);
    let report = a.take(&b, vec![right.run(&two[2..])]).await;
    assert_eq!((report.stored, cause(&report)), (0, Some(&Refusal::Frozen)));
    a.open_again().await.expect("opens");
    // What belongs to the log that was taken comes all the same, in any parts.
    assert_eq!(a.take(&b, vec![left.run(&one[3..4])]).await.stored, 1);
    assert_eq!(a.take(&b, vec![left.run(&one[2..])]).await.stored, 1);
    assert_eq!(a.journal.held(&topic)[&b.id()], 5);
    // Signed wrongly on purpose, in a hole: nothing vouches for it.
    let c = Forger::new(&compeer_core::DeviceKey::from_seed([7; 32]), topic, &time);
    assert!(cause(&a.take(&b, vec![Run { pruned: u64::MAX, ..c.run(&one[5..]) }]).await).is_some());
}
