//! Groups that have ended: no content and no keys are left, and what was crossed is made good.

use compeer_core::group::Level;
use compeer_core::{BodyClass, GroupId, SignedHeader};
use compeer_journal::{Run, WriteError};
use compeer_testkit::wait::eventually;

use crate::common::{LIMIT, Peer, Time, sync};

/// Three managers who have said something each.
async fn scene() -> (Time, [Peer; 3], GroupId) {
    let time = Time::new();
    let peers = [Peer::new(1, &time).await, Peer::new(2, &time).await, Peer::new(3, &time).await];
    let [a, b, c] = &peers;
    let topic = a.space().await;
    for peer in [b, c] {
        a.add(topic, peer, Level::Manage).await;
        peer.journal.adopt(topic).await.expect("adopted");
    }
    sync(&[a, b, c]).await;
    for n in 0..40 {
        for peer in [a, b, c] {
            peer.say(topic, &format!("{n} {}", "word ".repeat(n))).await;
        }
    }
    sync(&[a, b, c]).await;
    (time, peers, topic)
}

/// Pieces of the bodies of data in a log, as they lie in files.
fn pieces(run: &Run) -> Vec<Vec<u8>> {
    let is_data = |header: &[u8]| SignedHeader::decode(header).expect("a header").class == BodyClass::Data;
    let data = run.entries.iter().filter(|entry| is_data(&entry.header));
    data.filter_map(|entry| entry.body.as_ref()).map(|body| body[body.len() / 2..][..16].to_vec()).collect()
}

fn lies_in(peer: &Peer, needles: &[Vec<u8>]) -> bool {
    std::fs::read_dir(peer.dir.path()).expect("a folder").any(|file| {
        let content = std::fs::read(file.expect("a file").path()).unwrap_or_default();
        needles.iter().any(|needle| content.windows(needle.len()).any(|window| window == needle.as_slice()))
    })
}

/// How many epoch keys the file has.
fn keys(peer: &Peer) -> u64 {
    let db = rusqlite::Connection::open(peer.dir.path().join("journal.sqlite")).expect("opens");
    db.query_row("SELECT COUNT(*) FROM epoch_key", [], |row| row.get::<_, i64>(0)).expect("reads").cast_unsigned()
}

#[tokio::test]
async fn no_content_and_no_key_is_left_of_what_ended() {
    let (_time, [a, b, mut c], topic) = scene().await;
    let all: Vec<_> = [&a, &b, &c].iter().flat_map(|peer| pieces(&a.run(&topic, &peer.id(), 0))).collect();
    assert!([&a, &b, &c].iter().all(|peer| lies_in(peer, &all) && keys(peer) > 0) && all.len() == 120);
    a.journal.end(topic).await.expect("ended");
    // C has not heard, and goes on.
    c.say(topic, "unknowing").await;
    let crossed = pieces(&c.run(&topic, &c.id(), 0));
    sync(&[&a, &b]).await;
    b.take(&c, vec![c.run(&topic, &c.id(), 0)]).await;
    let words: Vec<_> = all.into_iter().chain(crossed).collect();
    for peer in [&a, &b] {
        eventually(LIMIT, "no trace", async || !lies_in(peer, &words)).await;
        assert_eq!(keys(peer), 0);
    }
    assert!(lies_in(&c, &words));
    // From B, who has only heard of it, and has no content either.
    sync(&[&b, &c]).await;
    eventually(LIMIT, "no trace", async || !lies_in(&c, &words)).await;
    assert_eq!(keys(&c), 0);
    c.open_again().await.expect("opens");
    assert_eq!((keys(&c), lies_in(&c, &words)), (0, false));
    for peer in [&a, &b, &c] {
        assert_eq!(peer.journal.append(topic, b"more".to_vec()).await, Err(WriteError::Ended));
    }
    sync(&[&a, &b, &c]).await;
    for peer in [&a, &b, &c] {
        let ends = peer.journal.heights(&topic).into_iter().map(|(author, tip)| (author, tip.seq)).collect();
        assert_eq!(peer.journal.held(&topic), ends, "nothing is missed");
    }
}

#[tokio::test]
async fn an_end_by_one_who_had_been_removed_is_made_good_by_those_who_had_not_heard_of_it() {
    let (_time, [a, b, c], topic) = scene().await;
    let before = c.texts(&topic);
    b.journal.end(topic).await.expect("ended");
    c.journal.set_member(topic, b.member(), None, None).await.expect("removed");
    sync(&[&a, &b]).await;
    eventually(LIMIT, "A has nothing left", async || keys(&a) == 0 && a.journal.topic(&topic).is_some()).await;
    assert!(a.journal.rules(&topic).expect("rules").ended().is_some());
    // Now A hears that B had been removed: nothing has ended.
    sync(&[&a, &c]).await;
    assert!(a.journal.rules(&topic).expect("rules").ended().is_none());
    a.take(&c, c.bodies_for(&a, &topic)).await;
    assert_eq!(a.texts(&topic), before);
    assert_eq!(c.texts(&topic), before);
    a.say(topic, "and on").await;
    sync(&[&a, &c]).await;
    assert!(c.texts(&topic).contains("and on"));
}

#[tokio::test]
async fn a_read_only_space_takes_no_words_until_it_is_taken_back() {
    let (_time, [a, b, c], topic) = scene().await;
    let before = a.texts(&topic);
    a.journal.archive(topic, true).await.expect("archived");
    assert_eq!(a.journal.append(topic, b"late".to_vec()).await, Err(WriteError::Archived));
    c.say(topic, "unknowing").await;
    sync(&[&a, &b, &c]).await;
    for peer in [&a, &b, &c] {
        assert_eq!(peer.journal.append(topic, b"late".to_vec()).await, Err(WriteError::Archived));
        assert_eq!(peer.texts(&topic).len(), before.len() + 1, "what crossed it counts");
    }
    b.journal.archive(topic, false).await.expect("taken back");
    sync(&[&a, &b, &c]).await;
    c.say(topic, "again").await;
    sync(&[&a, &b, &c]).await;
    assert!([&a, &b, &c].iter().all(|peer| peer.texts(&topic).contains("again")));
}
