//! A member that breaks the protocol: it loses its link, a problem is recorded, nothing else happens.

use compeer_core::DeviceKey;
use compeer_mesh::{MeshEvent, Problem};
use iroh::endpoint::{Connection, RecvStream, SendStream, presets};
use iroh::{Endpoint, EndpointAddr, EndpointId, SecretKey, TransportAddr};
use tokio::time::timeout;

use crate::support::{LIMIT, Node, acquaint, echoes, key};

/// A bare endpoint with a member's key.
async fn rogue(key: &DeviceKey) -> Endpoint {
    Endpoint::builder(presets::Minimal)
        .secret_key(SecretKey::from_bytes(&key.seed()))
        .alpns(vec![b"compeer/1".to_vec()])
        .clear_ip_transports()
        .bind_addr("127.0.0.1:0")
        .expect("an address")
        .bind()
        .await
        .expect("binds")
}

async fn connect(rogue: &Endpoint, node: &Node) -> (Connection, SendStream, RecvStream) {
    let id = EndpointId::from_bytes(node.device().as_bytes()).expect("an id");
    let addresses = node.mesh.my_addresses().direct.into_iter().map(TransportAddr::Ip);
    let conn = rogue.connect(EndpointAddr::from_parts(id, addresses), b"compeer/1").await.expect("connects");
    let (send, recv) = conn.open_bi().await.expect("opens");
    (conn, send, recv)
}

fn frame(content: &[u8]) -> Vec<u8> {
    let mut bytes = u16::try_from(content.len()).expect("short").to_be_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes
}

/// A sound hello: session 7, no addresses.
fn hello() -> Vec<u8> {
    frame(&[0x84, 0x00, 0x07, 0x80, 0x80])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_on_the_control_stream_costs_the_link() {
    let escape = b"https://a\x1b[31m.example/";
    let mut coloured = vec![0x83, 0x01, 0x80, 0x81, 0x78, u8::try_from(escape.len()).expect("short")];
    coloured.extend_from_slice(escape);
    let cases: Vec<(&str, Vec<u8>, bool)> = vec![
        ("another protocol first", vec![0, 200], false),
        ("no CBOR as hello", [vec![0, 0], frame(b"\xff\xff\xff")].concat(), false),
        ("addresses as hello", [vec![0, 0], frame(&[0x83, 0x01, 0x80, 0x80])].concat(), false),
        ("an oversized frame as hello", vec![0, 0, 0xff, 0xff], false),
        ("garbage later", [vec![0, 0], hello(), frame(&[0x00])].concat(), true),
        ("an empty frame later", [vec![0, 0], hello(), frame(&[])].concat(), true),
        ("an oversized frame later", [vec![0, 0], hello(), vec![0xff, 0xff]].concat(), true),
        ("a second hello", [vec![0, 0], hello(), hello()].concat(), true),
        ("control characters", [vec![0, 0], hello(), frame(&coloured)].concat(), true),
    ];
    for (index, (name, bytes, links)) in cases.into_iter().enumerate() {
        let mut node = Node::with_seed(1).await;
        let key = key(50 + u8::try_from(index).expect("few"));
        node.gate.admit(key.id());
        let rogue = rogue(&key).await;
        let (conn, mut send, _recv) = connect(&rogue, &node).await;
        send.write_all(&bytes).await.expect("writes");
        if links {
            node.up(key.id()).await;
        }
        let device = node
            .event(name, |event| match event {
                MeshEvent::Problem(Problem::BadControl { device }) => Some(*device),
                _ => None,
            })
            .await;
        assert_eq!(device, key.id(), "{name}");
        timeout(LIMIT, conn.closed()).await.expect(name);
        assert!(node.mesh.links().is_empty(), "{name}");
        node.mesh.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_and_stolen_time_do_not_hold_up_others() {
    let (mut node, mut friend) = (Node::with_seed(1).await, Node::with_seed(2).await);
    acquaint(&node, &friend);
    let mut rogues = Vec::new();
    for seed in 60..70 {
        let key = key(seed);
        node.gate.admit(key.id());
        let rogue = rogue(&key).await;
        let (conn, mut send, recv) = connect(&rogue, &node).await;
        // Says what the stream is and never anything more.
        send.write_all(&[0, 0]).await.expect("writes");
        rogues.push((rogue, conn, send, recv));
    }
    friend.want(&[&node]);
    friend.up(node.device()).await;
    node.up(friend.device()).await;
    assert_eq!(echoes(&friend.link(&node), b"fine").await, b"fine");
    for (_, conn, ..) in &rogues {
        timeout(LIMIT, conn.closed()).await.expect("closed after the limit");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_addresses_stays_within_the_limits() {
    let mut node = Node::with_seed(1).await;
    let key = key(80);
    node.gate.admit(key.id());
    let rogue = rogue(&key).await;
    let (_conn, mut send, _recv) = connect(&rogue, &node).await;
    send.write_all(&[vec![0, 0], hello()].concat()).await.expect("writes");
    node.up(key.id()).await;
    for round in 0..5u8 {
        let mut addresses = vec![0x83, 0x01, 0x90];
        for n in 0..16u8 {
            addresses.extend_from_slice(&[0x46, 10, round, 0, n, 0x12, 0x34]);
        }
        addresses.push(0x80);
        send.write_all(&frame(&addresses)).await.expect("writes");
    }
    let last = "10.4.0.0:4660".parse().expect("address");
    let arrived = async {
        while !node.mesh.known_addresses(key.id()).is_some_and(|known| known.direct.contains(&last)) {
            node.event("AddressesLearned", |event| matches!(event, MeshEvent::AddressesLearned { .. }).then_some(()))
                .await;
        }
    };
    timeout(LIMIT, arrived).await.expect("arrives");
    assert!(node.mesh.known_addresses(key.id()).expect("known").direct.len() <= 16);
}
