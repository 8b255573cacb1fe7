//! Two or three devices: linking, agreeing on one connection, restarting, moving, ending.

use std::collections::HashSet;
use std::time::Duration;

use compeer_mesh::{Addresses, DownReason, MeshEvent, Path, PeerState, Source};
use compeer_testkit::wait::eventually;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, timeout};

use crate::support::{ECHO, LIMIT, Node, Setup, acquaint, echoes, key, only, ordered_pair};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_devices_link_and_exchange_a_stream() {
    let (mut a, mut b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    acquaint(&a, &b);
    a.want(&[&b]);
    a.up(b.device()).await;
    b.up(a.device()).await;
    let bytes: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
    assert_eq!(echoes(&a.link(&b), &bytes).await, bytes);
    assert_eq!(echoes(&b.link(&a), b"and back").await, b"and back");
    assert!(a.link(&b).outgoing());
    assert!(!b.link(&a).outgoing());
    let peers = a.mesh.peers();
    assert_eq!(peers.len(), 1);
    assert_eq!(peers[0].state, PeerState::Linked);
    assert!(matches!(peers[0].path.path, Path::Direct(addr) if addr.ip().is_loopback()), "{peers:?}");
    assert!(peers[0].path.sent > 100_000 && peers[0].path.rtt_ms > 0.0, "{peers:?}");

    a.mesh.shutdown().await;
    assert_eq!(b.down(a.device()).await, DownReason::ShuttingDown);
    b.mesh.shutdown().await;
}

/// A device that is away is dialled, and nobody there hears that the dial is given up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dial_under_way_does_not_hold_up_the_end() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("binds");
    let (mut a, mut b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    acquaint(&a, &b);
    let away = key(3).id();
    a.gate.admit(away);
    a.mesh.learn(away, Addresses::direct([silent.local_addr().expect("an address")]), Source::Given);
    a.mesh.want([b.device(), away].into());
    a.up(b.device()).await;
    b.up(a.device()).await;
    timeout(LIMIT, silent.recv_from(&mut [0; 2000])).await.expect("is dialled").expect("hears it");
    let begun = Instant::now();
    a.mesh.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(b.down(a.device()).await, DownReason::ShuttingDown);
    b.mesh.shutdown().await;
}

/// Whoever remembers a link by its id must not take a later one for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_links_have_the_same_id() {
    let (mut a, mut b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    acquaint(&a, &b);
    a.want(&[&b]);
    let mut seen = HashSet::new();
    for _ in 0..40 {
        a.up(b.device()).await;
        b.up(a.device()).await;
        let link = a.link(&b);
        assert!(seen.insert(link.id()), "twice");
        link.close();
        b.down(a.device()).await;
    }
}

/// A reader waits for its disk while data keeps coming: that holds up one stream and must not cost the link.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_lags_keeps_its_link() {
    const BYTES: usize = 24 << 20;
    let (mut a, mut b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    acquaint(&a, &b);
    a.want(&[&b]);
    a.up(b.device()).await;
    b.up(a.device()).await;
    let link = a.link(&b);
    let (mut send, mut recv) = link.open(ECHO).await.expect("opens");
    // Nobody reads the echo until all buffers on the way are full.
    let mut written = 0;
    let piece = vec![7; 64 << 10];
    while let Ok(wrote) = timeout(Duration::from_secs(1), send.write(&piece)).await {
        written += wrote.expect("the link holds");
    }
    assert!((1 << 20..BYTES).contains(&written), "{written}");
    let writing = async {
        while written < BYTES {
            written += send.write(&piece[..piece.len().min(BYTES - written)]).await.expect("writes");
        }
        send.shutdown().await.expect("finishes");
    };
    let both = async { tokio::join!(writing, recv.read_to_end(BYTES)) };
    let ((), read) = timeout(LIMIT, both).await.expect("all in time");
    assert_eq!(read.expect("reads").len(), BYTES);
    assert_eq!(link.down(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_down_when_it_is_not_wanted_and_comes_back_when_it_is() {
    let (mut a, mut b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    acquaint(&a, &b);
    a.want(&[&b]);
    a.up(b.device()).await;
    b.up(a.device()).await;
    a.want(&[]);
    assert_eq!(a.down(b.device()).await, DownReason::Unwanted);
    assert_eq!(b.down(a.device()).await, DownReason::Unwanted);
    a.want(&[&b]);
    a.up(b.device()).await;
    b.up(a.device()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_sided_knowledge_of_addresses_is_enough_in_either_direction() {
    let (small, large) = ordered_pair();
    for (dials, waits) in [(small, large), (large, small)] {
        let (mut a, mut b) = (Node::with_seed(dials).await, Node::with_seed(waits).await);
        a.admit(&b);
        b.admit(&a);
        a.learn(&b);
        a.want(&[&b]);
        b.want(&[&a]);
        a.up(b.device()).await;
        b.up(a.device()).await;
        assert_eq!(echoes(&b.link(&a), b"x").await, b"x");
        // B was told over the control stream where A listens.
        let told = async {
            while !b
                .mesh
                .known_addresses(a.device())
                .is_some_and(|known| a.mesh.my_addresses().direct.iter().all(|address| known.direct.contains(address)))
            {
                b.event("AddressesLearned", |event| matches!(event, MeshEvent::AddressesLearned { .. }).then_some(()))
                    .await;
            }
        };
        timeout(LIMIT, told).await.expect("told");
        a.mesh.shutdown().await;
        b.mesh.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dialling_at_the_same_time_gives_exactly_one_link() {
    let (mut a, mut b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    acquaint(&a, &b);
    for round in 0..60 {
        a.want(&[&b]);
        b.want(&[&a]);
        a.up(b.device()).await;
        b.up(a.device()).await;
        // A stream opened at once, in both directions, is not lost to a duplicate being closed.
        let (ab, ba) = (a.link(&b), b.link(&a));
        let (one, two) = tokio::join!(echoes(&ab, b"one"), echoes(&ba, b"two"));
        assert_eq!((one.as_slice(), two.as_slice()), (&b"one"[..], &b"two"[..]), "round {round}");
        assert_ne!(ab.outgoing(), ba.outgoing(), "round {round}: both sides must mean the same connection");
        a.want(&[]);
        b.want(&[]);
        let downs = (a.down(b.device()).await, b.down(a.device()).await);
        assert_eq!(downs, (DownReason::Unwanted, DownReason::Unwanted), "round {round}");
    }
    // No link came up or went down that was not accounted for.
    for node in [&mut a, &mut b] {
        while let Ok(event) = node.events.try_recv() {
            assert!(!matches!(event, MeshEvent::PeerUp { .. } | MeshEvent::PeerDown { .. }), "{event:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_restarted_on_another_port_is_found_by_the_side_that_knows_addresses() {
    for (stays, restarts) in [(1, 2), (2, 1)] {
        let (mut a, mut b) = (Node::with_seed(stays).await, Node::with_seed(restarts).await);
        acquaint(&a, &b);
        a.want(&[&b]);
        b.want(&[&a]);
        a.up(b.device()).await;
        b.up(a.device()).await;
        b.mesh.shutdown().await;
        a.down(b.device()).await;
        drop(b);
        let mut b = Node::with_seed(restarts).await;
        b.admit(&a);
        b.learn(&a);
        b.want(&[&a]);
        a.up(b.device()).await;
        b.up(a.device()).await;
        assert_eq!(echoes(&a.link(&b), b"again").await, b"again");
        a.mesh.shutdown().await;
        b.mesh.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_vanished_without_goodbye_is_replaced_when_it_comes_back() {
    for (stays, crashes) in [(1, 2), (2, 1)] {
        let mut a = Node::with_seed(stays).await;
        // Killed with all its sockets, as a process is: its runtime goes away in one piece.
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let b = {
            let b = runtime.spawn(Node::with_seed(crashes)).await.expect("starts");
            acquaint(&a, &b);
            a.want(&[&b]);
            b
        };
        let device = b.device();
        a.up(device).await;
        let first = a.link(&b);
        std::mem::forget(b);
        runtime.shutdown_background();
        let begun = Instant::now();
        let mut b = Node::with_seed(crashes).await;
        b.admit(&a);
        b.learn(&a);
        b.want(&[&a]);
        b.up(a.device()).await;
        a.up(device).await;
        assert_ne!(first.id(), a.link(&b).id());
        assert!(first.down().is_some());
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
        assert_eq!(echoes(&a.link(&b), b"back").await, b"back");
        a.mesh.shutdown().await;
        b.mesh.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_address_is_dialled_at_once() {
    let (mut a, b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    a.admit(&b);
    b.admit(&a);
    // Nothing listens there.
    a.mesh.learn(b.device(), Addresses::direct(["127.0.0.1:9".parse().expect("address")]), Source::Given);
    a.want(&[&b]);
    eventually(LIMIT, "a failed dial", async || a.mesh.peers()[0].failure.is_some()).await;
    let begun = Instant::now();
    a.learn(&b);
    a.up(b.device()).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wanting_oneself_or_somebody_without_address_does_no_harm() {
    let a = Node::with_seed(1).await;
    a.mesh.want([a.device(), key(9).id()].into());
    a.mesh.want(only(&[&a]));
    a.mesh.want([key(9).id()].into());
    a.gate.admit(key(9).id());
    let peers = a.mesh.peers();
    assert!(peers.iter().all(|peer| peer.device != a.device()), "{peers:?}");
    assert!(a.mesh.link(key(9).id()).is_none());
    a.mesh.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_is_bounded_even_if_a_peer_does_not_answer() {
    let (mut a, b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    acquaint(&a, &b);
    a.want(&[&b]);
    a.mesh.learn(key(7).id(), Addresses::direct(["127.0.0.1:9".parse().expect("address")]), Source::Given);
    a.up(b.device()).await;
    let begun = Instant::now();
    a.mesh.shutdown().await;
    assert!(begun.elapsed() < Duration::from_millis(3500), "{:?}", begun.elapsed());
    assert!(a.mesh.link(b.device()).is_none_or(|link| link.down().is_some()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listening_on_all_interfaces_and_on_several_addresses() {
    let mut setup = Setup::new(1);
    setup.listen = Vec::new();
    let a = Node::start(setup).await;
    assert!(!a.mesh.my_addresses().direct.is_empty());
    let mut setup = Setup::new(2);
    setup.listen = vec!["127.0.0.1:0".parse().expect("address"), "127.0.0.2:0".parse().expect("address")];
    let b = Node::start(setup).await;
    assert_eq!(b.mesh.my_addresses().direct.len(), 2, "{:?}", b.mesh.my_addresses());
    a.mesh.shutdown().await;
    b.mesh.shutdown().await;
}
