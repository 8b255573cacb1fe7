//! Writing, reading, opening again, forgetting.

use compeer_core::group::{GroupKind, Level};
use compeer_core::{DeviceKey, limits};
use compeer_journal::{Cursor, Journal, JournalEvent, OpenError, Page, ReadError, WriteError};

use crate::common::{Peer, Time, config, event, sync};

#[tokio::test]
async fn what_is_written_is_read_in_order_and_after_opening_again() {
    let mut peer = Peer::new(1, &Time::new()).await;
    let topic = peer.space().await;
    let mut events = peer.journal.subscribe();
    for n in 0..20 {
        peer.say(topic, &format!("{n:02}")).await;
    }
    event(&mut events, |event| *event == JournalEvent::Readable { topic }).await;
    let before = peer.read(&topic);
    let texts: Vec<String> = (0..20).map(|n| format!("{n:02}")).collect();
    assert_eq!(
        before.iter().map(|entry| String::from_utf8_lossy(&entry.plain).into_owned()).collect::<Vec<_>>(),
        texts
    );
    assert!(before.iter().enumerate().all(|(n, entry)| entry.position == n as u64 && entry.author == peer.id()));
    assert!(before.iter().all(|entry| entry.level == Level::Manage));
    let (heights, digest) = (peer.journal.heights(&topic), peer.journal.digest(&topic));
    let info = peer.journal.topic(&topic).expect("known");
    assert_eq!((info.kind, info.adopted, info.entries, info.readable), (Some(GroupKind::Space), true, 22, 20));

    peer.open_again().await.expect("opens");
    assert_eq!(peer.read(&topic), before);
    assert_eq!(peer.journal.heights(&topic), heights);
    assert_eq!(peer.journal.digest(&topic), digest);
    assert_eq!(peer.journal.topic(&topic).expect("known").bytes, info.bytes);
    assert!(peer.journal.asking().is_empty());
    peer.say(topic, "more").await;
    assert_eq!(peer.read(&topic).len(), 21);
    assert_eq!(peer.journal.epochs(&topic).len(), 1, "the epoch goes on");
}

#[tokio::test]
async fn concurrent_writers_share_transactions_and_all_or_none_holds() {
    let peer = Peer::new(1, &Time::new()).await;
    let topic = peer.space().await;
    let writers: Vec<_> = (0..50)
        .map(|n| {
            let journal = peer.journal.clone();
            tokio::spawn(async move { journal.append(topic, format!("{n}").into_bytes()).await })
        })
        .collect();
    let mut seqs = Vec::new();
    for writer in writers {
        seqs.push(writer.await.expect("runs").expect("written").seq);
    }
    seqs.sort_unstable();
    assert_eq!(seqs, (2..52).collect::<Vec<_>>());
    let long = vec![b"fits".to_vec(), vec![0; limits::BODY_BYTES]];
    let refused = peer.journal.append_all(topic, long).await;
    assert!(matches!(refused, Err(WriteError::TooLong { .. })));
    let all = peer.journal.append_all(topic, vec![b"a".to_vec(), b"b".to_vec()]).await.expect("written");
    assert_eq!(all.iter().map(|appended| appended.seq).collect::<Vec<_>>(), [52, 53]);
    assert_eq!(peer.read(&topic).len(), 52);
}

#[tokio::test]
async fn a_cursor_of_another_generation_or_beyond_the_end_means_rebuild() {
    let peer = Peer::new(1, &Time::new()).await;
    let topic = peer.space().await;
    peer.say(topic, "one").await;
    let Page::Rebuild { generation } = peer.journal.read(&topic, Cursor::default(), 9).expect("reads") else {
        panic!("a new view starts with the generation")
    };
    let beyond = Cursor { generation, position: 2 };
    assert_eq!(peer.journal.read(&topic, beyond, 9), Ok(Page::Rebuild { generation }));
    let at_end = Cursor { generation, position: 1 };
    let nothing = Page::Entries { entries: vec![], dropped: vec![], next: at_end, more: false };
    assert_eq!(peer.journal.read(&topic, at_end, 9), Ok(nothing));
}

#[tokio::test]
async fn only_its_own_device_opens_it_and_only_once() {
    let time = Time::new();
    let peer = Peer::new(1, &time).await;
    let second = Journal::open(config(peer.dir.path(), &peer.key, time.wall())).await;
    assert!(matches!(second, Err(OpenError::InUse)));
    peer.journal.close().await;
    assert_eq!(peer.journal.append(compeer_core::GroupId::from_bytes([1; 32]), vec![]).await, Err(WriteError::Closed));
    let other = DeviceKey::from_seed([2; 32]);
    let opened = Journal::open(config(peer.dir.path(), &other, time.wall())).await;
    assert!(matches!(opened, Err(OpenError::OtherDevice)));
}

#[tokio::test]
async fn a_forgotten_topic_leaves_no_bytes() {
    let mut peer = Peer::new(1, &Time::new()).await;
    let topic = peer.space().await;
    let kept = peer.space().await;
    peer.say(topic, "gone").await;
    peer.say(kept, "stays").await;
    let run = peer.run(&topic, &peer.id(), 0);
    let body = run.entries.last().and_then(|entry| entry.body.clone()).expect("a body");
    let holds = |peer: &Peer| {
        let bytes = std::fs::read(peer.dir.path().join("journal.sqlite")).expect("reads");
        let wal = std::fs::read(peer.dir.path().join("journal.sqlite-wal")).unwrap_or_default();
        [bytes, wal].iter().any(|bytes| bytes.windows(body.len()).any(|window| window == body))
    };
    peer.open_again().await.expect("opens");
    assert!(holds(&peer));
    peer.journal.forget(topic).await.expect("forgotten");
    assert_eq!(peer.journal.read(&topic, Cursor::default(), 1), Err(ReadError::UnknownTopic));
    assert!(peer.journal.rules(&topic).is_none());
    peer.open_again().await.expect("opens");
    assert!(!holds(&peer));
    assert_eq!(peer.texts(&kept).len(), 1);
}

#[tokio::test]
async fn who_left_and_forgot_asks_before_it_writes_again() {
    let time = Time::new();
    let (a, b) = (Peer::new(1, &time).await, Peer::new(2, &time).await);
    let topic = a.space().await;
    a.add(topic, &b, Level::Write).await;
    b.journal.adopt(topic).await.expect("adopted");
    sync(&[&a, &b]).await;
    b.say(topic, "before").await;
    a.pull(&b).await;
    b.journal.forget(topic).await.expect("forgotten");
    b.journal.adopt(topic).await.expect("adopted");
    let mut events = b.journal.subscribe();
    let own = |runs: Vec<compeer_journal::Run>, own: bool| -> Vec<_> {
        runs.into_iter().filter(|run| (run.author == b.id()) == own).collect()
    };
    b.take(&a, own(a.news_for(&b, &topic), false)).await;
    assert!(b.journal.asking().contains(&topic));
    assert!(matches!(b.journal.append(topic, vec![1]).await, Err(WriteError::AskingPeers { devices: 1 })));
    let height = a.journal.heights(&topic).get(&b.id()).map(|tip| tip.seq);
    b.journal.own_height_heard(topic, a.id(), height).await;
    assert!(b.journal.asking().contains(&topic), "told, but not there yet");
    b.take(&a, own(a.news_for(&b, &topic), true)).await;
    assert!(b.journal.asking().is_empty());
    // Nothing was put back from a copy, and nobody is told so.
    while let Ok(event) = events.try_recv() {
        assert!(!matches!(event, JournalEvent::Problem(_)), "{event:?}");
    }
    b.say(topic, "after").await;
    a.pull(&b).await;
    assert_eq!(a.texts(&topic).len(), 2);
}

#[tokio::test]
async fn receipts_say_who_holds_what_also_after_opening_again() {
    let time = Time::new();
    let (mut a, b) = (Peer::new(1, &time).await, Peer::new(2, &time).await);
    let topic = a.space().await;
    a.add(topic, &b, Level::Read).await;
    a.say(topic, "hello").await;
    let top = a.journal.heights(&topic)[&a.id()].seq;
    assert_eq!(a.journal.receipts(&topic)[&b.id()], top + 1);
    assert_eq!(a.journal.holders(&topic, &a.id(), top).len(), 1);
    a.journal.record_receipts(&b.id(), &topic, &[(a.id(), top - 1)]);
    assert_eq!(a.journal.receipts(&topic)[&b.id()], 1);
    let stranger = DeviceKey::from_seed([9; 32]).id();
    a.journal.record_receipts(&stranger, &topic, &[(a.id(), top)]);
    a.journal.record_receipts(&b.id(), &topic, &[(a.id(), top), (stranger, 7)]);
    assert_eq!(a.journal.holders(&topic, &a.id(), top), [a.id(), b.id()].into());
    a.open_again().await.expect("opens");
    assert_eq!(a.journal.holders(&topic, &a.id(), top), [a.id(), b.id()].into());
    assert_eq!(a.journal.receipts(&topic)[&b.id()], 0);
}
