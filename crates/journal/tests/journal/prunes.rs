//! Entries that their author prunes: gone with their headers, while every peer goes on to have the same log, and nobody can use
//! it to hide what is not pruned.

use compeer_core::group::Level;
use compeer_core::{BodyClass, SignedHeader};
use compeer_journal::{Cursor, Journal, Page, Run, WriteError};

use crate::common::{Peer, Time, config, sync};
use crate::drops::{lies_in, scene, until_nowhere};

/// The numbers of a log that a peer has.
fn numbers(peer: &Peer, topic: &compeer_core::GroupId, of: &Peer) -> Vec<u64> {
    let runs = peer.runs(topic, &of.id(), 0);
    runs.iter().flat_map(|run| run.first..run.first + run.entries.len() as u64).collect()
}

/// The signatures of data in a log: what is in no other record.
fn signatures(runs: &[Run]) -> Vec<Vec<u8>> {
    let entries = runs.iter().flat_map(|run| &run.entries);
    let data = entries.filter(|entry| SignedHeader::decode(&entry.header).expect("a header").class == BodyClass::Data);
    data.map(|entry| entry.header[entry.header.len() - 32..].to_vec()).collect()
}

#[tokio::test]
async fn headers_go_too_and_a_newcomer_misses_nothing() {
    let (time, [a, b, c], topic) = scene().await;
    for n in 0..40 {
        b.say(topic, &format!("moved {n}")).await;
    }
    sync(&[&a, &b, &c]).await;
    let first = b.read(&topic)[0].seq;
    let gone = signatures(&b.runs(&topic, &b.id(), first));
    assert!(gone.len() == 40 && lies_in(a.dir.path(), &gone[..39]));
    b.journal
        .append_pruning(topic, vec![b"all that was moved".to_vec()], vec![(first, first + 38)])
        .await
        .expect("pruned");
    sync(&[&a, &b, &c]).await;
    let d = Peer::new(4, &time).await;
    a.add(topic, &d, Level::Read).await;
    d.journal.adopt(topic).await.expect("adopted");
    sync(&[&c, &d]).await;
    sync(&[&a, &b, &c, &d]).await;
    for peer in [&a, &b, &c, &d] {
        assert_eq!(peer.texts(&topic), ["moved 39".to_owned(), "all that was moved".to_owned()].into());
        assert_eq!(peer.journal.held(&topic)[&b.id()], peer.journal.heights(&topic)[&b.id()].seq, "nothing is missed");
        assert_eq!(peer.journal.digest(&topic), a.journal.digest(&topic));
        assert!(!numbers(peer, &topic, &b).contains(&(first + 3)));
        until_nowhere(peer, &gone[..39]).await;
    }
}

#[tokio::test]
async fn acts_among_what_is_pruned_stay() {
    let (_time, [a, b, c], topic) = scene().await;
    a.say(topic, "one").await;
    a.journal.set_member(topic, b.member(), Some(Level::Manage), None).await.expect("raised");
    a.say(topic, "two").await;
    let last = a.journal.heights(&topic)[&a.id()].seq;
    a.journal.append_pruning(topic, vec![], vec![(0, last)]).await.expect("pruned");
    sync(&[&a, &b, &c]).await;
    for peer in [&a, &b, &c] {
        assert!(peer.texts(&topic).is_empty());
        assert_eq!(peer.journal.rules(&topic).and_then(|rules| rules.level(&b.id())), Some(Level::Manage));
        assert_eq!(numbers(peer, &topic, &a), numbers(&a, &topic, &a));
    }
}

#[tokio::test]
async fn only_ones_own_that_are_written_already() {
    let (_time, [a, b, _c], topic) = scene().await;
    a.say(topic, "words").await;
    let next = a.journal.heights(&topic)[&a.id()].seq + 1;
    let early = a.journal.append_pruning(topic, vec![], vec![(next, next)]).await;
    assert_eq!(early, Err(WriteError::NotAllowed));
    // What a changed program says of others' logs, or of what it has not written, prunes nothing.
    let range = compeer_core::group::DropRange { author: a.id(), first: 0, last: next };
    let told = compeer_core::group::Drops { ranges: vec![range], prune: Some(true) };
    let run = a.runs(&topic, &a.id(), 0).pop().expect("a run");
    let header = SignedHeader::decode(&run.entries[0].header).expect("a header");
    assert!(!told.prunes(&header));
    let header = SignedHeader::decode(
        &b.runs(&topic, &b.id(), 0).pop().map_or(run.entries[1].header.clone(), |run| run.entries[0].header.clone()),
    );
    assert!(!told.prunes(&header.expect("a header")));
}

/// Whoever leaves out what is not pruned hides nothing: it is lacking, and comes from somebody else.
#[tokio::test]
async fn what_a_sender_leaves_out_is_lacking_and_comes_from_others() {
    let (_time, [a, b, c], topic) = scene().await;
    for text in ["one", "two", "three", "four", "five"] {
        a.say(topic, text).await;
    }
    b.pull(&a).await;
    let whole = a.run(&topic, &a.id(), 0);
    let at = a.read(&topic).iter().find(|entry| entry.plain == b"two").expect("written").seq;
    let end = c.journal.heights(&topic)[&a.id()].seq;
    let entries = |from: u64, to: u64| {
        whole.entries[usize::try_from(from).expect("small")..=usize::try_from(to).expect("small")].to_vec()
    };
    let run = |first, last, pruned| Run { first, pruned, entries: entries(first, last), ..whole.clone() };
    let tip = whole.entries.len() as u64 - 1;
    c.take(&b, vec![run(end + 1, at - 1, 0), run(at + 2, tip, 2)]).await;
    assert_eq!(c.journal.heights(&topic)[&a.id()].seq, tip);
    assert_eq!(c.journal.held(&topic)[&a.id()], at - 1, "it does not claim to hold what lies behind");
    assert!(!c.texts(&topic).contains("two") && c.texts(&topic).contains("four"));
    assert_ne!(c.journal.digest(&topic), a.journal.digest(&topic));
    // In two parts, the last one first.
    let report = c.take(&a, vec![run(at + 1, tip, 0)]).await;
    assert_eq!((report.stored, report.refused.len()), (1, 0));
    assert_eq!(c.journal.held(&topic)[&a.id()], at - 1);
    assert_eq!(c.take(&a, vec![run(at, at, 0)]).await.stored, 1);
    assert_eq!(c.journal.held(&topic)[&a.id()], tip);
    assert_eq!(c.texts(&topic), a.texts(&topic));
    assert_eq!(c.journal.digest(&topic), a.journal.digest(&topic));
}

/// What turns out not to count takes nothing from those who kept it, and gives back to those who did not.
#[tokio::test]
async fn a_prune_that_counts_no_longer_is_undone_by_whoever_kept_it() {
    let (_time, [a, b, c], topic) = scene().await;
    for text in ["one", "two", "three"] {
        b.say(topic, text).await;
    }
    sync(&[&a, &b, &c]).await;
    let first = b.read(&topic)[0].seq;
    // A removes B, who prunes without having heard of it; C hears of that first.
    a.journal.set_member(topic, b.member(), None, None).await.expect("removed");
    b.journal.append_pruning(topic, vec![], vec![(first, first + 2)]).await.expect("pruned");
    c.take(&b, b.news_for(&c, &topic)).await;
    assert!(c.texts(&topic).is_empty());
    a.take(&b, b.news_for(&a, &topic)).await;
    c.take(&a, a.news_for(&c, &topic)).await;
    assert_eq!(c.journal.held(&topic)[&b.id()], first - 1, "what went is lacking now");
    c.take(&a, a.bodies_for(&c, &topic)).await;
    assert_eq!(c.texts(&topic), ["one".to_owned(), "two".to_owned(), "three".to_owned()].into());
    assert_eq!(c.journal.digest(&topic), a.journal.digest(&topic));
}

#[tokio::test]
async fn positions_are_not_given_twice_and_what_is_due_is_carried_out_after_a_restart() {
    let time = Time::new();
    let mut a = Peer::new(1, &time).await;
    let topic = a.space().await;
    a.journal.close().await;
    let mut unhurried = config(a.dir.path(), &a.key, time.wall());
    unhurried.options.drop_step = 0;
    a.journal = Journal::open(unhurried).await.expect("opens");
    for n in 0..10 {
        a.say(topic, &format!("{n}")).await;
    }
    let all = a.read(&topic);
    let (first, last) = (all[0].seq, all[9].seq);
    a.journal.append_pruning(topic, vec![], vec![(first, last)]).await.expect("pruned");
    assert_eq!(a.texts(&topic).len(), 10, "not yet carried out");
    a.journal.close().await;
    a.journal = Journal::open(config(a.dir.path(), &a.key, time.wall())).await.expect("opens");
    compeer_testkit::wait::eventually(crate::common::LIMIT, "all went", async || a.texts(&topic).is_empty()).await;
    let Ok(Page::Rebuild { generation }) = a.journal.read(&topic, Cursor::default(), 1) else { panic!("a generation") };
    let at = Cursor { generation, position: all[9].position + 1 };
    let nothing_more =
        |page| matches!(page, Ok(Page::Entries { entries, next, more: false, .. }) if entries.is_empty() && next == at);
    assert!(nothing_more(a.journal.read(&topic, at, 5)));
    a.open_again().await.expect("opens");
    assert!(nothing_more(a.journal.read(&topic, at, 5)), "whoever has read so far goes on there");
    a.say(topic, "more").await;
    let Ok(Page::Entries { entries, .. }) = a.journal.read(&topic, at, 5) else { panic!("entries") };
    assert_eq!(
        entries.first().map(|entry| (entry.position, entry.plain.as_slice())),
        Some((at.position, &b"more"[..]))
    );
}
