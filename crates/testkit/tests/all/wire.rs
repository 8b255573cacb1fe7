//! Wires with real sockets on loopback.

use compeer_testkit::wire::{Conditions, Net, Way, Wire};
use noq_udp::{RecvMeta, Transmit, UdpSocketState};
use std::{
    io::IoSliceMut,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, Instant},
};
use tokio::{net::UdpSocket, time::timeout};

const LIMIT: Duration = Duration::from_secs(10);
/// Long enough for a datagram on loopback that is not lost.
const SILENCE: Duration = Duration::from_millis(100);

async fn socket(address: impl Into<IpAddr>) -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((address.into(), 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

async fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2048];
    let (length, from) = timeout(LIMIT, socket.recv_from(&mut buffer)).await.expect("nothing came").unwrap();
    (buffer[..length].to_vec(), from)
}

async fn assert_silent(socket: &UdpSocket) {
    let mut buffer = [0; 2048];
    let received = timeout(SILENCE, socket.recv_from(&mut buffer)).await;
    assert!(received.is_err(), "something came: {received:?}");
}

#[tokio::test]
async fn each_side_sees_one_address_for_the_other() {
    let (a, a_address) = socket(Ipv4Addr::LOCALHOST).await;
    let (b, b_address) = socket(Ipv6Addr::LOCALHOST).await;
    let wire = Wire::between(a_address, b_address, 1).unwrap();
    a.send_to(b"question", wire.toward_b()).await.unwrap();
    assert_eq!(receive(&b).await, (b"question".to_vec(), wire.toward_a()));
    b.send_to(b"answer", wire.toward_a()).await.unwrap();
    assert_eq!(receive(&a).await, (b"answer".to_vec(), wire.toward_b()));
    let traffic = wire.traffic(Way::AToB);
    assert_eq!((traffic.datagrams, traffic.bytes, traffic.lost), (1, 8, 0));
}

#[tokio::test]
async fn strangers_are_not_forwarded() {
    let (_a, a_address) = socket(Ipv4Addr::LOCALHOST).await;
    let (b, b_address) = socket(Ipv4Addr::LOCALHOST).await;
    let (stranger, _) = socket(Ipv4Addr::LOCALHOST).await;
    let wire = Wire::between(a_address, b_address, 1).unwrap();
    stranger.send_to(b"let me in", wire.toward_b()).await.unwrap();
    assert_silent(&b).await;
}

#[tokio::test]
async fn a_cut_wire_is_silent_until_it_heals() {
    let (a, a_address) = socket(Ipv4Addr::LOCALHOST).await;
    let (b, b_address) = socket(Ipv4Addr::LOCALHOST).await;
    let wire = Wire::between(a_address, b_address, 1).unwrap();
    wire.cut();
    a.send_to(b"1", wire.toward_b()).await.unwrap();
    assert_silent(&b).await;
    wire.heal();
    a.send_to(b"2", wire.toward_b()).await.unwrap();
    assert_eq!(receive(&b).await.0, b"2");
    assert_eq!(wire.traffic(Way::AToB).lost, 1);
}

#[tokio::test]
async fn one_way_may_differ_from_the_other() {
    let (a, a_address) = socket(Ipv4Addr::LOCALHOST).await;
    let (b, b_address) = socket(Ipv4Addr::LOCALHOST).await;
    let wire = Wire::between(a_address, b_address, 1).unwrap();
    wire.set_way(Way::BToA, Conditions { delay: Duration::from_millis(80), ..Conditions::default() });
    let start = Instant::now();
    a.send_to(b"fast", wire.toward_b()).await.unwrap();
    receive(&b).await;
    assert!(start.elapsed() < Duration::from_millis(80));
    b.send_to(b"slow", wire.toward_a()).await.unwrap();
    receive(&a).await;
    assert!(start.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_rate_is_kept() {
    let (a, a_address) = socket(Ipv4Addr::LOCALHOST).await;
    let (b, b_address) = socket(Ipv4Addr::LOCALHOST).await;
    let wire = Wire::between(a_address, b_address, 1).unwrap();
    // 100 datagrams of 1,000 bytes at 8 Mbit/s take 100 ms.
    wire.set(Conditions { rate: Some(8_000_000), ..Conditions::default() });
    let start = Instant::now();
    for _ in 0..100 {
        a.send_to(&[0; 1000], wire.toward_b()).await.unwrap();
    }
    for _ in 0..100 {
        receive(&b).await;
    }
    let took = start.elapsed();
    assert!((Duration::from_millis(98)..Duration::from_secs(2)).contains(&took), "took {took:?}");
}

#[tokio::test]
async fn a_net_parts_and_heals() {
    let mut peers = Vec::new();
    for _ in 0..3 {
        peers.push(socket(Ipv4Addr::LOCALHOST).await);
    }
    let address = |n: usize| peers[n].1;
    let net = Net::new(1);
    let say = async |from: usize, to: usize| {
        peers[from].0.send_to(b"hello", net.dial(address(from), address(to)).unwrap()).await.unwrap();
    };
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        say(from, to).await;
        let (_, seen) = receive(&peers[to].0).await;
        assert_eq!(seen, net.dial(address(to), address(from)).unwrap(), "answers go back the same way");
    }
    net.part(&[address(0)], &[address(1), address(2)]);
    say(0, 1).await;
    say(2, 0).await;
    say(1, 2).await;
    receive(&peers[2].0).await;
    assert_silent(&peers[0].0).await;
    assert_silent(&peers[1].0).await;
    net.heal();
    say(0, 1).await;
    receive(&peers[1].0).await;
}

/// Not a benchmark, but a wire that is slow would shape what it only has to carry. Sends as QUIC does: many datagrams
/// with one system call.
#[test]
fn much_goes_through_in_batches() {
    const SEGMENT: usize = 1_400;
    const BATCH: usize = 40 * SEGMENT;
    const BATCHES: usize = 2_000;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let bind = || {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let state = UdpSocketState::new((&socket).into()).unwrap();
        socket.set_nonblocking(false).unwrap();
        socket.set_read_timeout(Some(LIMIT)).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, state, address)
    };
    let ((a, a_state, a_address), (b, b_state, b_address)) = (bind(), bind());
    let inside = runtime.enter();
    let wire = Wire::between(a_address, b_address, 1).unwrap();
    drop(inside);
    let contents = vec![7; BATCH];
    let mut buffer = vec![0; 64 << 10];
    let start = Instant::now();
    let mut received = 0;
    for sent in 1..=BATCHES {
        let transmit = Transmit {
            destination: wire.toward_b(),
            ecn: None,
            contents: &contents,
            segment_size: Some(SEGMENT),
            src_ip: None,
        };
        a_state.try_send((&a).into(), &transmit).unwrap();
        // Two batches under way fit into every socket's buffer, so that nothing is lost.
        while received + 2 * BATCH <= sent * BATCH {
            let mut meta = [RecvMeta::default()];
            b_state.recv((&b).into(), &mut [IoSliceMut::new(&mut buffer)], &mut meta).expect("nothing came");
            assert!(buffer[..meta[0].len].iter().all(|byte| *byte == 7));
            received += meta[0].len;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{:.2} Gbit/s", (received * 8) as f64 / seconds / 1e9);
    assert_eq!(wire.traffic(Way::AToB).lost, 0);
}
