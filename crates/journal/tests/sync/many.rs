//! Many peers, and a long history.

use compeer_testkit::random::Random;
use compeer_testkit::wait::eventually;
use tokio::time::Instant;

use crate::ears::heard_of;
use crate::support::{
    LIMIT, Peer, in_an_hour, let_in_one_by_one, old_friends, peers_in_a_space, until_equal, until_equal_within,
};

/// Peers in one large space.
const COMPANY: usize = 60;

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

/// `COMPEER_PEERS` asks for more or fewer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_reaches_a_whole_company_over_few_links() {
    let count = std::env::var("COMPEER_PEERS").map_or(COMPANY, |count| count.parse().expect("a number"));
    let limit = 5 * LIMIT;
    let at = Instant::now();
    let (peers, topic) = old_friends(count).await;
    let ann = &peers[0];
    eventually(limit, "everybody is linked to whom it wants", async || {
        let linked = |peer: &&Peer| {
            let wanted = peer.mesh.peers();
            wanted.len() >= 4 && wanted.iter().all(|other| other.state == compeer_mesh::PeerState::Linked)
        };
        let ready = peers.iter().filter(linked).count();
        if ready == count { Ok(()) } else { Err(format!("{ready} of {count}")) }
    })
    .await;
    println!("{count} peers linked after {:?}", at.elapsed());

    let at = Instant::now();
    ann.say(topic, "hello, all of you").await;
    eventually(limit, "all read it", async || {
        let readers = peers.iter().filter(|peer| !peer.texts(topic).is_empty()).count();
        if readers == count { Ok(()) } else { Err(format!("{readers} of {count}")) }
    })
    .await;
    println!("all read it after {:?}", at.elapsed());
    let seq = ann.journal.heights(&topic)[&ann.device()].seq;
    eventually(limit, "all are known to hold it", async || {
        let holders = ann.journal.holders(&topic, &ann.device(), seq);
        let others = peers[1..].iter().filter(|peer| holders.contains(&peer.device())).count();
        if others == count - 1 { Ok(()) } else { Err(format!("held by {others} of {}", count - 1)) }
    })
    .await;
    println!("held by {0} of {0} after {1:?}", count - 1, at.elapsed());

    let links: Vec<_> = peers.iter().map(|peer| peer.mesh.links().len()).collect();
    println!("links: {links:?}");
    // Each wants seven others; about as many want it, more where chance has it.
    assert!(links.iter().all(|links| *links <= 32), "{links:?}");
    assert!(links.iter().sum::<usize>() <= 16 * count, "{links:?}");
}

/// What is lacking of the others' groups is fetched in few requests, and not told by everybody who has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_comes_together_tells_little_of_its_members() {
    const CROWD: usize = 40;
    let at = Instant::now();
    let (peers, topic) = let_in_one_by_one(CROWD).await;
    println!("let in after {:?}", at.elapsed());
    let at = Instant::now();
    eventually(5 * LIMIT, "everybody knows all", async || {
        let knows = |peer: &&Peer| peer.journal.rules(&topic).is_some_and(|rules| rules.devices().len() == CROWD);
        let ready = peers.iter().filter(knows).count();
        if ready == CROWD { Ok(()) } else { Err(format!("{ready} of {CROWD}")) }
    })
    .await;
    println!("known after {:?}", at.elapsed());
    until_equal_within(5 * LIMIT, &peers.iter().collect::<Vec<_>>(), topic).await;
    let said = |kind| peers.iter().map(|peer| heard_of(peer.device(), kind)).sum::<usize>();
    let (hellos, heights, entries, have) = (said("Hello"), said("Heights"), said("Entries"), said("Have"));
    println!("hellos {hellos}, heights {heights}, entries {entries}, have {have}");
    // Each talk tells of the space and perhaps of some who have changed, but not of a third of the members.
    assert!(heights <= 6 * hellos, "{heights} for {hellos}");
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
