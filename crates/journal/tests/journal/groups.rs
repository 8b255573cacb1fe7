//! Members come and go: who reads what, and what counts.

use compeer_core::group::{GroupKind, Level, Member};
use compeer_core::{GroupId, Millis};
use compeer_journal::{Cursor, JournalEvent, Page, WriteError};

use crate::common::{Peer, Time, event, sync};

async fn pair(time: &Time) -> (Peer, Peer, GroupId) {
    let (a, b) = (Peer::new(1, time).await, Peer::new(2, time).await);
    let topic = a.space().await;
    a.say(topic, "before").await;
    a.add(topic, &b, Level::Write).await;
    b.journal.adopt(topic).await.expect("adopted");
    b.pull(&a).await;
    (a, b, topic)
}

#[tokio::test]
async fn a_joiner_reads_the_history_and_writes() {
    let (a, b, topic) = pair(&Time::new()).await;
    assert_eq!(b.texts(&topic), ["before".to_owned()].into());
    b.say(topic, "hello").await;
    assert_eq!(b.journal.epochs(&topic).len(), 1, "the same epoch goes on");
    a.pull(&b).await;
    assert_eq!(a.texts(&topic).len(), 2);
    let last = a.read(&topic).pop().expect("an entry");
    assert_eq!((last.author, last.level), (b.id(), Level::Write));
}

#[tokio::test]
async fn a_removed_device_reads_nothing_new() {
    let (a, b, topic) = pair(&Time::new()).await;
    a.journal.set_member(topic, b.member(), None, None).await.expect("removed");
    a.say(topic, "secret").await;
    assert_eq!(a.journal.epochs(&topic).len(), 2, "a fresh epoch");
    assert!(!a.journal.may_pull(&b.id(), &topic));
    // Even if it gets hold of all entries.
    let report = b.take(&a, a.news_for(&b, &topic)).await;
    assert_eq!(report.refused, []);
    assert_eq!(b.texts(&topic), ["before".to_owned()].into());
    assert_eq!(b.journal.append(topic, vec![1]).await, Err(WriteError::NotAllowed));
}

#[tokio::test]
async fn a_removal_voids_what_the_removed_wrote_without_knowing_of_it() {
    let (a, b, topic) = pair(&Time::new()).await;
    let c = Peer::new(3, &Time::new()).await;
    a.add(topic, &c, Level::Write).await;
    c.journal.adopt(topic).await.expect("adopted");
    sync(&[&a, &b, &c]).await;
    b.say(topic, "in time").await;
    sync(&[&a, &b, &c]).await;
    // B writes and C reads it; A has not seen it and removes B.
    b.say(topic, "too late").await;
    c.pull(&b).await;
    assert_eq!(c.texts(&topic).len(), 3);
    let mut events = c.journal.subscribe();
    a.journal.set_member(topic, b.member(), None, None).await.expect("removed");
    c.pull(&a).await;
    event(&mut events, |event| *event == JournalEvent::Rebuild { topic }).await;
    assert_eq!(c.texts(&topic), ["before".to_owned(), "in time".to_owned()].into());
    sync(&[&a, &c]).await;
    assert_eq!(a.texts(&topic), c.texts(&topic));
    // A view in the middle of the old generation is told.
    let stale = Cursor { generation: 1, position: 1 };
    assert!(matches!(c.journal.read(&topic, stale, 5), Ok(Page::Rebuild { .. })));
    c.say(topic, "after").await;
    a.pull(&c).await;
    assert_eq!(a.texts(&topic).len(), 3);
}

#[tokio::test]
async fn who_is_removed_twice_keeps_what_they_wrote_before() {
    let (a, b, topic) = pair(&Time::new()).await;
    b.say(topic, "in time").await;
    a.pull(&b).await;
    a.journal.set_member(topic, b.member(), None, None).await.expect("removed");
    assert_eq!(a.texts(&topic).len(), 2);
    // By somebody who had not seen yet that they were gone, or by a second program that keeps order.
    a.journal.set_member(topic, b.member(), None, None).await.expect("removed");
    assert_eq!(a.texts(&topic), ["before".to_owned(), "in time".to_owned()].into());
}

#[tokio::test]
async fn a_relay_holds_what_it_cannot_read() {
    let time = Time::new();
    let (a, b, topic) = pair(&time).await;
    let relay = Peer::new(3, &time).await;
    a.add(topic, &relay, Level::Pull).await;
    relay.journal.adopt(topic).await.expect("adopted");
    relay.pull(&a).await;
    assert_eq!(relay.journal.digest(&topic), a.journal.digest(&topic));
    assert!(relay.read(&topic).is_empty());
    b.pull(&relay).await;
    assert_eq!(relay.journal.append(topic, vec![1]).await, Err(WriteError::NotAllowed));
    // Once it may read, the keys follow, and all it holds opens.
    a.add(topic, &relay, Level::Read).await;
    relay.pull(&a).await;
    assert_eq!(relay.texts(&topic), a.texts(&topic));
}

#[tokio::test]
async fn a_persons_new_device_gets_the_keys_and_a_lost_one_is_cut_off() {
    let time = Time::new();
    let (a, phone, b) = (Peer::new(1, &time).await, Peer::new(2, &time).await, Peer::new(3, &time).await);
    let alice = a.journal.found(GroupKind::Person, a.member()).await.expect("founded");
    let bob = b.journal.found(GroupKind::Person, b.member()).await.expect("founded");
    let topic = a.journal.found(GroupKind::Space, Member::Group(alice)).await.expect("founded");
    let unknown = a.journal.set_member(topic, Member::Group(bob), Some(Level::Manage), None).await;
    assert_eq!(unknown, Err(WriteError::UnknownMember(bob)));
    a.journal.attach(bob).await.expect("attached");
    a.take(&b, b.news_for(&a, &bob)).await;
    a.say(topic, "before").await;
    a.journal.set_member(topic, Member::Group(bob), Some(Level::Manage), None).await.expect("added");
    b.journal.adopt(topic).await.expect("adopted");
    b.pull(&a).await;
    assert_eq!(b.texts(&topic).len(), 1);
    assert_eq!(b.journal.rules(&topic).and_then(|rules| rules.person_of(&a.id())), Some(alice));
    assert!(b.journal.wants(&alice), "whose rules are needed is taken in by itself");

    a.journal.set_member(alice, phone.member(), Some(Level::Manage), None).await.expect("added");
    for id in [alice, topic] {
        phone.journal.adopt(id).await.expect("adopted");
    }
    phone.pull(&a).await;
    assert_eq!(phone.texts(&topic).len(), 1);
    phone.say(topic, "from the phone").await;
    // B hears the phone before it hears that the phone is Alice's.
    let runs: Vec<_> = phone.news_for(&b, &topic).into_iter().filter(|run| run.author == phone.id()).collect();
    b.take(&phone, runs).await;
    assert_eq!(b.texts(&topic).len(), 1);
    b.pull(&a).await;
    assert_eq!(b.texts(&topic).len(), 2);

    a.pull(&phone).await;
    a.journal.set_member(alice, phone.member(), None, None).await.expect("removed");
    phone.say(topic, "stolen").await;
    sync(&[&a, &b]).await;
    b.say(topic, "private").await;
    for peer in [&a, &b] {
        peer.take(&phone, phone.news_for(peer, &topic)).await;
    }
    sync(&[&a, &b]).await;
    let texts = ["before", "from the phone", "private"].map(str::to_owned).into();
    assert_eq!(a.texts(&topic), texts);
    assert_eq!(b.texts(&topic), texts);
    phone.take(&b, b.news_for(&phone, &topic)).await;
    assert!(!phone.texts(&topic).contains("private"));
}

#[tokio::test]
async fn an_ended_space_takes_nothing_more() {
    let (a, b, topic) = pair(&Time::new()).await;
    assert_eq!(b.journal.end(topic).await, Err(WriteError::NotAllowed));
    a.journal.end(topic).await.expect("ended");
    assert_eq!(a.journal.append(topic, vec![1]).await, Err(WriteError::Ended));
    b.pull(&a).await;
    assert_eq!(b.journal.append(topic, vec![1]).await, Err(WriteError::Ended));
    assert_eq!(b.texts(&topic).len(), 0, "nothing of what was said stays");
}

#[tokio::test]
async fn a_clock_that_runs_ahead_is_waited_for() {
    const HOUR: Millis = 3_600_000;
    let (ahead, time) = (Time::new(), Time::new());
    let (a, b, topic) = pair(&time).await;
    let _ = b;
    let fast = Peer::new(3, &ahead).await;
    a.add(topic, &fast, Level::Write).await;
    fast.journal.adopt(topic).await.expect("adopted");
    fast.pull(&a).await;
    fast.say(topic, "now").await;
    ahead.pass(HOUR);
    fast.say(topic, "from the future").await;
    let report = a.take(&fast, fast.news_for(&a, &topic)).await;
    assert_eq!(report.stored, 1);
    let cause = &report.refused.first().expect("refused").cause;
    let compeer_journal::Refusal::ClockAhead { until } = *cause else { panic!("{cause:?}") };
    time.pass(until - time.now());
    assert_eq!(a.pull(&fast).await, 1);
    assert_eq!(a.texts(&topic).len(), 3);
}
