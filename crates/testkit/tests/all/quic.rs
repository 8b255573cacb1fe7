//! Real iroh endpoints on a wire: what the wire does reaches them, and they have no way past it.

use compeer_testkit::{
    wait::eventually,
    wire::{Conditions, Way, Wire},
};
use iroh::{
    Endpoint, EndpointAddr, RelayMode, TransportAddr,
    endpoint::{Connection, PortmapperConfig, presets},
};
use std::{net::SocketAddr, time::Duration};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(20);
const ALPN: &[u8] = b"compeer-testkit/echo";

/// An endpoint that knows nobody and asks nobody.
async fn endpoint(listen: &str) -> (Endpoint, SocketAddr) {
    let endpoint = Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .portmapper_config(PortmapperConfig::Disabled)
        .alpns(vec![ALPN.to_vec()])
        .clear_ip_transports()
        .bind_addr(listen.parse::<SocketAddr>().unwrap())
        .unwrap()
        .bind()
        .await
        .unwrap();
    let address = endpoint.bound_sockets()[0];
    (endpoint, address)
}

/// Answers every stream of one connection with what came in.
async fn echo(endpoint: Endpoint) {
    let connection = endpoint.accept().await.unwrap().await.unwrap();
    while let Ok((mut send, mut receive)) = connection.accept_bi().await {
        // Whoever asked may have given up meanwhile.
        let Ok(heard) = receive.read_to_end(1 << 24).await else { continue };
        if send.write_all(&heard).await.is_ok() {
            let _ = send.finish();
        }
    }
}

async fn ask(connection: &Connection, said: &[u8]) -> Vec<u8> {
    let (mut send, mut receive) = connection.open_bi().await.unwrap();
    send.write_all(said).await.unwrap();
    send.finish().unwrap();
    receive.read_to_end(1 << 24).await.unwrap()
}

#[tokio::test]
async fn endpoints_cannot_get_past_their_wire() {
    // Each has only one family of addresses, so that neither can use the other's own address.
    let ((a, a_address), (b, b_address)) = (endpoint("127.0.0.1:0").await, endpoint("[::1]:0").await);
    let wire = Wire::between(a_address, b_address, 1).unwrap();
    let server = tokio::spawn(echo(b.clone()));
    let over_the_wire = EndpointAddr::from_parts(b.id(), [TransportAddr::Ip(wire.toward_b())]);
    let connection = timeout(LIMIT, a.connect(over_the_wire, ALPN)).await.expect("not connected").unwrap();

    let large = vec![7; 4 << 20];
    assert_eq!(timeout(LIMIT, ask(&connection, &large)).await.unwrap(), large);
    assert!(wire.traffic(Way::AToB).bytes > 4 << 20, "all of it went over the wire");

    wire.set(Conditions { delay: Duration::from_millis(40), loss: 0.02, ..Conditions::default() });
    let start = std::time::Instant::now();
    assert_eq!(timeout(LIMIT, ask(&connection, b"slowly")).await.unwrap(), b"slowly");
    assert!(start.elapsed() >= Duration::from_millis(80), "there and back takes twice the delay");

    wire.set(Conditions::default());
    wire.cut();
    let silent = timeout(Duration::from_millis(500), ask(&connection, b"anybody?")).await;
    assert!(silent.is_err(), "something found a way past the cut");
    wire.heal();
    eventually(LIMIT, "an answer after healing", async || {
        timeout(Duration::from_secs(2), ask(&connection, b"again")).await.is_ok_and(|heard| heard == b"again")
    })
    .await;
    server.abort();
    a.close().await;
    b.close().await;
}
