//! Who is let in: members at one door, guests at the other while an invitation is open, nobody else.

use std::time::Duration;

use compeer_mesh::{Door, DownReason, JoinError, MeshEvent, OpenError, Problem, StreamKind};
use compeer_testkit::wait::eventually;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::support::{ECHO, LIMIT, Node, acquaint};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_device_is_refused_at_both_doors() {
    let (mut host, mut stranger) = (Node::with_seed(1).await, Node::with_seed(2).await);
    // The stranger believes to be a member; the host does not know it.
    stranger.admit(&host);
    stranger.learn(&host);
    stranger.want(&[&host]);
    let refused = host
        .event("Refused", |event| match event {
            MeshEvent::Problem(Problem::Refused { device }) => Some(*device),
            _ => None,
        })
        .await;
    assert_eq!(refused, stranger.device());
    eventually(LIMIT, "told that it was refused", async || {
        stranger.mesh.peers()[0].failure == Some(DownReason::Refused)
    })
    .await;

    let reason = match stranger.mesh.join(host.device(), host.mesh.my_addresses(), LIMIT).await {
        Err(JoinError::Refused(reason)) => reason,
        Err(error) => panic!("{error}"),
        Ok(link) => timeout(LIMIT, link.closed()).await.expect("closed"),
    };
    assert_eq!(reason, DownReason::Refused);
    assert!(host.mesh.links().is_empty() && stranger.mesh.links().is_empty());
    assert!(host.joins.try_recv().is_err());
    assert!(stranger.events.try_recv().is_err() || host.mesh.peers().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_the_gate_does_not_know_is_never_dialled() {
    let (mut a, mut b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    b.admit(&a);
    a.learn(&b);
    a.want(&[&b]);
    eventually(LIMIT, "refused by our own gate", async || a.mesh.peers()[0].failure == Some(DownReason::Refused)).await;
    assert!(b.events.try_recv().is_err(), "nothing reached the other side");
    a.admit(&b);
    a.mesh.nudge(b.device());
    a.up(b.device()).await;
    b.up(a.device()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_comes_in_only_while_an_invitation_is_open() {
    let (mut host, guest) = (Node::with_seed(1).await, Node::with_seed(2).await);
    host.gate.open_invitation(true);
    let link = guest.mesh.join(host.device(), host.mesh.my_addresses(), LIMIT).await.expect("let in");
    assert_eq!((link.device(), link.door()), (host.device(), Door::Join));
    let (mut send, mut recv) = link.open(StreamKind::JOIN).await.expect("opens");
    send.write_all(b"here is my secret").await.expect("writes");
    send.shutdown().await.expect("finishes");
    let mut stream = timeout(LIMIT, host.joins.recv()).await.expect("in time").expect("a stream");
    assert_eq!((stream.device, stream.door, stream.kind), (guest.device(), Door::Join, StreamKind::JOIN));
    let mut text = String::new();
    stream.recv.read_to_string(&mut text).await.expect("reads");
    assert_eq!(text, "here is my secret");
    stream.send.write_all(b"welcome").await.expect("writes");
    stream.send.shutdown().await.expect("finishes");
    let mut answer = String::new();
    recv.read_to_string(&mut answer).await.expect("reads");
    assert_eq!(answer, "welcome");

    // A guest may open nothing else.
    let (mut send, mut recv) = link.open(ECHO).await.expect("opens");
    let _ = send.write_all(b"let me read").await;
    assert!(timeout(LIMIT, recv.read_to_end(100)).await.expect("in time").is_err(), "reset");
    let kind = host
        .event("UnknownStream", |event| match event {
            MeshEvent::Problem(Problem::UnknownStream { kind, .. }) => Some(*kind),
            _ => None,
        })
        .await;
    assert_eq!(kind, ECHO.number());
    // A guest is no peer.
    assert!(host.mesh.links().is_empty() && guest.mesh.links().is_empty());

    host.gate.open_invitation(false);
    drop(stream);
    link.close();
    let reason = match guest.mesh.join(host.device(), host.mesh.my_addresses(), LIMIT).await {
        Err(JoinError::Refused(reason)) => reason,
        Err(error) => panic!("{error}"),
        Ok(link) => timeout(LIMIT, link.closed()).await.expect("closed"),
    };
    assert_eq!(reason, DownReason::Refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_is_refused_at_the_member_door() {
    let (mut host, guest) = (Node::with_seed(1).await, Node::with_seed(2).await);
    host.gate.open_invitation(true);
    guest.admit(&host);
    guest.learn(&host);
    guest.want(&[&host]);
    host.event("Refused", |event| matches!(event, MeshEvent::Problem(Problem::Refused { .. })).then_some(())).await;
    assert!(host.mesh.links().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_says_what_went_wrong() {
    let a = Node::with_seed(1).await;
    let limit = Duration::from_millis(300);
    let nowhere = compeer_mesh::Addresses::default();
    let dead = compeer_mesh::Addresses::direct(["127.0.0.1:9".parse().expect("address")]);
    let other = crate::support::key(9).id();
    assert_eq!(a.mesh.join(a.device(), nowhere.clone(), limit).await.err(), Some(JoinError::Ourselves));
    assert_eq!(a.mesh.join(other, nowhere, limit).await.err(), Some(JoinError::NoAddress));
    assert_eq!(a.mesh.join(other, dead, limit).await.err(), Some(JoinError::TimedOut));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_member_loses_its_link_and_cannot_come_back() {
    let (mut a, mut b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    acquaint(&a, &b);
    a.want(&[&b]);
    b.want(&[&a]);
    a.up(b.device()).await;
    b.up(a.device()).await;
    let link = b.link(&a);
    a.gate.remove(b.device());
    a.want(&[]);
    b.down(a.device()).await;
    assert!(matches!(link.open(ECHO).await, Err(OpenError::Down(_))));
    a.event("Refused", |event| matches!(event, MeshEvent::Problem(Problem::Refused { .. })).then_some(())).await;
    assert!(a.mesh.links().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_while_it_comes_in_gets_no_link() {
    for (host, guest) in [(1, 2), (2, 1)] {
        let (mut host, guest) = (Node::with_seed(host).await, Node::with_seed(guest).await);
        guest.admit(&host);
        guest.learn(&host);
        host.gate.admit_once(guest.device());
        guest.want(&[&host]);
        // The handshake went well, and what came of it has to end before the next attempt is refused.
        host.event("Refused", |event| {
            assert!(!matches!(event, MeshEvent::PeerUp { .. }), "a link to a device that was removed");
            matches!(event, MeshEvent::Problem(Problem::Refused { .. })).then_some(())
        })
        .await;
        assert!(host.mesh.links().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_nobody_serves_is_reset() {
    let (mut a, mut b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    acquaint(&a, &b);
    a.want(&[&b]);
    a.up(b.device()).await;
    b.up(a.device()).await;
    let (_send, mut recv) = a.link(&b).open(StreamKind::new(999)).await.expect("opens");
    assert!(timeout(LIMIT, recv.read_to_end(10)).await.expect("in time").is_err());
    assert_eq!(crate::support::echoes(&a.link(&b), b"the link lives").await, b"the link lives");
}
