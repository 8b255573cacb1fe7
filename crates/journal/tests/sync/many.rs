//! Many peers, and a long history.

use compeer_testkit::random::Random;
use tokio::time::Instant;

use crate::support::{LIMIT, Peer, in_an_hour, peers_in_a_space, until_equal, until_equal_within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soak_thirty_peers_converge_whatever_links_are_cut() {
    const PEERS: usize = 30;
    let at = Instant::now();
    let (peers, topic) = peers_in_a_space(PEERS).await;
    println!("thirty peers joined in {:?}", at.elapsed());
    let mut random = Random::new(7);
    let at = Instant::now();
    for round in 0..10 {
        for _ in 0..20 {
            let peer = &peers[random.within(0..PEERS)];
            let links = peer.mesh.links();
            if !links.is_empty() {
                links[random.within(0..links.len())].close();
            }
        }
        for n in 0..10 {
            let peer = &peers[random.within(0..PEERS)];
            peer.say(topic, &format!("round {round}, message {n}")).await;
        }
    }
    println!("written in {:?}", at.elapsed());
    until_equal_within(3 * LIMIT, &peers.iter().collect::<Vec<_>>(), topic).await;
    println!("the same everywhere {:?} after the first", at.elapsed());
    for peer in &peers {
        peer.until("reads all", |peer| (peer.texts(topic).len() == 100).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_takes_over_a_long_history() {
    const MESSAGES: usize = 20_000;
    let (ann, bo) = (Peer::new().await, Peer::new().await);
    let topic = ann.space().await;
    for chunk in 0..20 {
        let texts = (0..MESSAGES / 20).map(|n| format!("message {chunk} {n}, as long as messages are").into_bytes());
        ann.journal.append_all(topic, texts.collect()).await.expect("appended");
    }
    let invite = ann.invite(topic, 1, in_an_hour()).await;
    let at = Instant::now();
    bo.join(&invite).await.expect("joins");
    println!("joined after {:?}", at.elapsed());
    bo.until("all of it", |bo| {
        let info = bo.journal.topics().into_iter().find(|info| info.topic == topic)?;
        (info.readable >= MESSAGES as u64).then_some(())
    })
    .await;
    let took = at.elapsed();
    println!("{MESSAGES} messages in {took:?}: {:.0} a second", MESSAGES as f64 / took.as_secs_f64());
    until_equal(&[&ann, &bo], topic).await;
}
