//! Two and three peers: joining, writing both ways, being away, and how long a message takes.

use std::time::Duration;

use compeer_core::group::{GroupKind, Level};
use compeer_journal::JournalEvent;
use compeer_journal::sync::SyncEvent;
use compeer_testkit::wait::eventually;
use tokio::time::{Instant, timeout};

use crate::support::{LIMIT, Peer, in_an_hour, peer_on_a_small_disk, peers_in_a_space, peers_on_disk, until_equal};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_peers_meet_by_invitation_and_write_both_ways() {
    let (ann, bo) = (Peer::new().await, Peer::new().await);
    let topic = ann.space().await;
    ann.say(topic, "before you came").await;
    let invite = ann.invite(topic, 1, in_an_hour()).await;
    assert_eq!(bo.join(&invite).await, Ok(topic));
    bo.until_reads(topic, &["before you came"]).await;
    bo.say(topic, "hello from bo").await;
    ann.until_reads(topic, &["hello from bo"]).await;
    ann.say(topic, "hello from ann").await;
    bo.until_reads(topic, &["hello from ann"]).await;
    until_equal(&[&ann, &bo], topic).await;
    // Joining again changes nothing, though the invitation was for one.
    assert_eq!(bo.join(&invite).await, Ok(topic));
    // Each learns that the other holds everything.
    for (one, other) in [(&ann, &bo), (&bo, &ann)] {
        one.until("held by both", |one| {
            let tip = one.journal.heights(&topic).get(&one.device()).copied()?;
            one.journal.holders(&topic, &one.device(), tip.seq).contains(&other.device()).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_apart_comes_together() {
    let (mut peers, topic) = peers_in_a_space(2).await;
    let mut bo = peers.pop().expect("two");
    let ann = peers.pop().expect("two");
    bo.restart(async || {
        for n in 0..20 {
            ann.say(topic, &format!("ann alone {n}")).await;
        }
    })
    .await;
    // Nobody knows where the other is now.
    for n in 0..20 {
        bo.say(topic, &format!("bo alone {n}")).await;
    }
    bo.knows(&ann);
    until_equal(&[&ann, &bo], topic).await;
    ann.until_reads(topic, &["bo alone 0", "bo alone 19"]).await;
    bo.until_reads(topic, &["ann alone 0", "ann alone 19"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_peers_survive_the_loss_of_the_middle_one() {
    let (mut peers, topic) = peers_in_a_space(3).await;
    let cy = peers.pop().expect("three");
    let bo = peers.pop().expect("three");
    let mut ann = peers.pop().expect("three");
    // Bo and Cy both joined through Ann, who told each where the other is.
    eventually(LIMIT, "bo and cy talk", async || bo.sync.talking_to().contains(&cy.device())).await;
    ann.restart(async || {
        bo.say(topic, "without ann").await;
        cy.until_reads(topic, &["without ann"]).await;
    })
    .await;
    ann.knows(&bo);
    ann.until_reads(topic, &["without ann"]).await;
    // Bo tells Ann where Cy is.
    ann.say(topic, "back again").await;
    cy.until_reads(topic, &["back again"]).await;
    until_equal(&[&ann, &bo, &cy], topic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_device_of_a_person_sees_what_the_person_is_in() {
    let (mut peers, topic) = peers_in_a_space(2).await;
    let bo = peers.pop().expect("two");
    let ann = peers.pop().expect("two");
    ann.say(topic, "for all of bo's devices").await;
    let phone = Peer::new().await;
    let invite = bo.invite_at(bo.person, Level::Manage, 1, in_an_hour()).await;
    phone.sync.join(&invite, None).await.expect("joins bo");
    phone
        .until("the space is adopted", |phone| {
            phone.journal.topics().iter().find(|info| info.topic == topic && info.adopted).map(|_| ())
        })
        .await;
    phone.until_reads(topic, &["for all of bo's devices"]).await;
    phone.say(topic, "from the phone").await;
    ann.until_reads(topic, &["from the phone"]).await;
    bo.until_reads(topic, &["from the phone"]).await;
    // Ann's person is known to the phone, but the phone is not part of it.
    let adopted = phone.journal.topics().into_iter().filter(|info| info.adopted);
    let kinds: Vec<_> = adopted.map(|info| (info.topic, info.kind)).collect();
    assert!(kinds.iter().all(|(topic, _)| *topic != ann.person), "{kinds:?}");
    assert!(kinds.contains(&(bo.person, Some(GroupKind::Person))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_there_at_once_and_a_burst_flows() {
    let (peers, topic) = peers_on_disk().await;
    let (ann, bo) = (&peers[0], &peers[1]);
    until_equal(&[ann, bo], topic).await;
    let mut events = bo.journal.subscribe();
    let mut taken = Vec::new();
    for n in 0..300 {
        ann.say(topic, &format!("message {n}")).await;
        let at = Instant::now();
        loop {
            match timeout(LIMIT, events.recv()).await.expect("in time") {
                Ok(JournalEvent::Readable { topic: of }) if of == topic => break,
                _ => {}
            }
        }
        taken.push(at.elapsed());
    }
    taken.sort_unstable();
    println!("push: p50 {:?}, p90 {:?}, p99 {:?}", taken[150], taken[270], taken[297]);
    assert!(taken[150] < Duration::from_millis(60), "{:?}", taken[150]);

    let before = bo.texts(topic).len();
    let at = Instant::now();
    for n in 0..10_000 {
        ann.say(topic, &format!("burst {n}")).await;
    }
    let written = at.elapsed();
    bo.until("the burst", |bo| {
        let entries = bo.journal.topics().iter().find(|info| info.topic == topic)?.readable;
        (entries >= before as u64 + 10_000).then_some(())
    })
    .await;
    println!("burst: 10,000 written in {written:?}, all there {:?} later", at.elapsed() - written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_that_break_while_much_is_written_are_nobodys_misconduct() {
    let (peers, topic) = peers_in_a_space(2).await;
    let (ann, bo) = (&peers[0], &peers[1]);
    let mut events = [ann.sync.subscribe(), bo.sync.subscribe()];
    for _ in 0..15 {
        eventually(LIMIT, "they talk", async || ann.sync.talking_to().contains(&bo.device())).await;
        if let Some(link) = ann.mesh.link(bo.device()) {
            link.close();
        }
        // Both write all the time until they talk again, and a little longer.
        let mut after = 0;
        while after < 20 {
            after += u32::from(ann.sync.talking_to().contains(&bo.device()));
            tokio::join!(ann.say(topic, "and on"), bo.say(topic, "and on"));
        }
    }
    until_equal(&[ann, bo], topic).await;
    for events in &mut events {
        while let Ok(event) = events.try_recv() {
            assert!(!matches!(event, SyncEvent::Problem { .. }), "{event:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn talks_go_on_soon_after_a_full_disk_has_room_again() {
    // Long enough for pauses between talks to grow beyond what is allowed after it.
    const FULL: Duration = Duration::from_secs(9);
    const SOON: Duration = Duration::from_secs(4);
    // Whoever dials opens the talk, and both ways have to be quick.
    for ann_joins in [true, false] {
        let Some((ann, disk)) = peer_on_a_small_disk().await else { return };
        let bo = Peer::new().await;
        let (host, guest) = if ann_joins { (&bo, &ann) } else { (&ann, &bo) };
        let topic = host.space().await;
        let invite = host.invite(topic, 1, in_an_hour()).await;
        guest.join(&invite).await.expect("joins");
        until_equal(&[&ann, &bo], topic).await;
        disk.fill();
        for n in 0..100 {
            bo.say(topic, &format!("{n} {}", "x".repeat(20_000))).await;
        }
        bo.say(topic, "the last").await;
        let arrived = timeout(FULL, ann.until_reads(topic, &["the last"])).await;
        assert!(arrived.is_err(), "there was room");
        disk.free();
        let begun = Instant::now();
        ann.until_reads(topic, &["the last"]).await;
        assert!(begun.elapsed() < SOON, "after {:?}", begun.elapsed());
        until_equal(&[&ann, &bo], topic).await;
        bo.stop().await;
        ann.stop().await;
    }
}
