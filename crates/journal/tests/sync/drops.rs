//! Bodies that are dropped, between real peers: whoever was away hears of it, whoever comes later never has them, and nobody
//! hides anything by leaving bodies out.

use compeer_testkit::wait::eventually;

use crate::support::{LIMIT, Peer, in_an_hour, peers_in_a_space, until_equal};

async fn until_nobody_keeps(peers: &[&Peer], body: &[u8]) {
    for peer in peers {
        eventually(LIMIT, "no trace", async || !peer.keeps(body)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_away_drops_it_later() {
    let (mut peers, topic) = peers_in_a_space(3).await;
    let (mut cy, bo, ann) = (peers.pop().expect("three"), peers.pop().expect("three"), peers.pop().expect("three"));
    eventually(LIMIT, "bo and cy talk", async || bo.sync.talking_to().contains(&cy.device())).await;
    ann.say(topic, "a slip").await;
    cy.until_reads(topic, &["a slip"]).await;
    bo.until_reads(topic, &["a slip"]).await;
    let body = ann.last_body(&topic);
    assert!(cy.keeps(&body));
    cy.restart(async || {
        ann.drop_last(topic).await;
        bo.until_reads(topic, &["gone"]).await;
        // Cy hears of it from somebody else than its author.
        ann.stop().await;
    })
    .await;
    cy.knows(&bo);
    cy.until_reads(topic, &["gone"]).await;
    until_equal(&[&bo, &cy], topic).await;
    assert!(!cy.texts(topic).contains("a slip"));
    until_nobody_keeps(&[&ann, &bo, &cy], &body).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_joins_later_never_has_it_and_misses_nothing() {
    let (peers, topic) = peers_in_a_space(2).await;
    let (ann, bo) = (&peers[0], &peers[1]);
    for text in ["one", "two", "a slip"] {
        bo.say(topic, text).await;
    }
    ann.until_reads(topic, &["a slip"]).await;
    let body = bo.last_body(&topic);
    bo.drop_last(topic).await;
    bo.say(topic, "three").await;
    until_equal(&[ann, bo], topic).await;
    let cy = Peer::new().await;
    cy.join(&ann.invite(topic, 1, in_an_hour()).await).await.expect("joins");
    cy.until_reads(topic, &["one", "two", "gone", "three"]).await;
    until_equal(&[ann, bo, &cy], topic).await;
    assert!(!cy.texts(topic).contains("a slip") && !cy.keeps(&body));
    assert_eq!(cy.journal.held(&topic)[&bo.device()], cy.journal.heights(&topic)[&bo.device()].seq);
    let seq = bo.journal.heights(&topic)[&bo.device()].seq;
    bo.until("cy holds it all", |bo| {
        bo.journal.holders(&topic, &bo.device(), seq).contains(&cy.device()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pruned_reaches_nobody_who_joins_later_and_goes_from_those_who_were_away() {
    let (mut peers, topic) = peers_in_a_space(3).await;
    let (mut cy, bo, ann) = (peers.pop().expect("three"), peers.pop().expect("three"), peers.pop().expect("three"));
    for n in 0..30 {
        bo.say(topic, &format!("moved {n}")).await;
    }
    cy.until_reads(topic, &["moved 29"]).await;
    let end = bo.journal.heights(&topic)[&bo.device()].seq;
    cy.restart(async || {
        let stretches = vec![(end - 29, end - 20), (end - 18, end - 1)];
        bo.journal.append_pruning(topic, vec![b"pruned".to_vec()], stretches).await.expect("pruned");
        ann.until_reads(topic, &["pruned"]).await;
    })
    .await;
    cy.knows(&bo);
    let dee = Peer::new().await;
    dee.join(&ann.invite(topic, 1, in_an_hour()).await).await.expect("joins");
    for peer in [&cy, &dee] {
        peer.until_reads(topic, &["moved 10", "moved 29", "pruned"]).await;
    }
    until_equal(&[&ann, &bo, &cy, &dee], topic).await;
    for peer in [&ann, &bo, &cy, &dee] {
        eventually(LIMIT, "only that", async || peer.texts(topic).len() == 3).await;
        let tip = peer.journal.heights(&topic)[&bo.device()];
        assert_eq!(peer.journal.held(&topic)[&bo.device()], tip.seq, "nothing is missed");
        let first = peer.journal.run(&topic, &bo.device(), end - 29, 100, 1 << 20).expect("reads");
        assert_eq!((first.first, first.entries.len()), (end - 19, 1), "the headers went, too");
    }
}
