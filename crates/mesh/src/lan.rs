//! Finding devices on the local network by multicast DNS, and being found.
//!
//! What is announced is this device's id and its local addresses, to everybody on the network. What is heard is a hint
//! like any other: it says where to dial, and the handshake proves who answers.

use std::collections::BTreeSet;
use std::future::pending;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use compeer_core::DeviceId;
use futures_util::StreamExt as _;
use iroh::EndpointId;
use iroh::address_lookup::{AddressLookup as _, EndpointData};
use iroh_mdns_address_lookup::{DiscoveryEvent, MdnsAddressLookup};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::address::{Addresses, Learned};
use crate::event::Problem;
use crate::mesh::Inner;

/// The service's name on the network: `_compeer._udp.local`.
const SERVICE: &str = "compeer";
/// How often the network is asked for others; one question serves all who hear it.
const CADENCE: Duration = Duration::from_secs(3);
/// How long a new network may take to be whole: its route comes a moment after its address, and multicast needs both.
const SETTLE: Duration = Duration::from_secs(1);

/// Announces and listens until the mesh stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let Ok(id) = EndpointId::from_bytes(inner.device.as_bytes()) else { return };
    let mut mine = inner.mine.subscribe();
    loop {
        let networks = networks(&mine.borrow());
        tokio::select! {
            () = inner.stop.cancelled() => return,
            () = on_these_networks(&inner, id) => {}
            // A socket hears multicast only from the interfaces that were there when it was made, so after a move we
            // would neither hear nor be heard.
            () = moved(&mut mine, &networks, SETTLE) => {}
        }
        tracing::debug!("the networks have changed: discovery starts again");
        inner.book().lose_sight();
    }
}

/// The addresses by which networks are told apart.
fn networks(mine: &Addresses) -> BTreeSet<IpAddr> {
    mine.direct.iter().map(SocketAddr::ip).filter(|ip| !ip.is_loopback()).collect()
}

/// Returns once our networks are others than before, and have settled.
async fn moved(mine: &mut watch::Receiver<Addresses>, before: &BTreeSet<IpAddr>, settle: Duration) {
    while mine.wait_for(|now| networks(now) != *before).await.is_ok() {
        sleep(settle).await;
        if networks(&mine.borrow()) != *before {
            return;
        }
    }
    pending().await
}

/// Announces and listens. Never returns.
async fn on_these_networks(inner: &Inner, id: EndpointId) {
    let builder = MdnsAddressLookup::builder().service_name(SERVICE).discovery_cadence(CADENCE);
    // Not registered with the endpoint: there its findings would bypass the address book, and be lost to it during dials.
    let mdns = match builder.build(id) {
        Ok(mdns) => mdns,
        Err(error) => {
            tracing::debug!(%error, "no multicast DNS");
            inner.problems.record(Problem::LanDiscovery);
            return pending().await;
        }
    };
    let mut found = mdns.subscribe().await;
    let mut mine = inner.mine.subscribe();
    mine.mark_changed();
    loop {
        tokio::select! {
            changed = mine.changed() => {
                if changed.is_err() {
                    return pending().await;
                }
                let local: BTreeSet<SocketAddr> =
                    mine.borrow_and_update().direct.iter().copied().filter(|addr| !addr.ip().is_loopback()).collect();
                mdns.publish(&EndpointData::from(local));
            }
            event = found.next() => match event {
                Some(DiscoveryEvent::Discovered { endpoint_info, .. }) => {
                    let device = DeviceId::from_bytes(*endpoint_info.endpoint_id.as_bytes());
                    let learned = inner.book().sighted(device, endpoint_info.data.ip_addrs().copied());
                    if learned == Learned::New
                        && let Some(peer) = inner.peers().get(&device)
                    {
                        peer.nudge();
                    }
                }
                Some(DiscoveryEvent::Expired { endpoint_id, .. }) => {
                    inner.book().vanished(DeviceId::from_bytes(*endpoint_id.as_bytes()));
                }
                Some(_) => {}
                None => return pending().await,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_move_is_told_from_a_flicker_and_from_another_port() {
        let at = |text: &str| Addresses::direct([text.parse().expect("an address")]);
        let sender = watch::Sender::new(at("10.0.0.2:1"));
        let mut mine = sender.subscribe();
        let home = networks(&mine.borrow());
        let settle = Duration::from_millis(100);
        let mut waiting = std::pin::pin!(moved(&mut mine, &home, settle));
        sender.send_replace(at("10.0.0.2:2"));
        assert!(timeout(2 * settle, &mut waiting).await.is_err(), "another port");
        sender.send_replace(Addresses::default());
        assert!(timeout(settle / 4, &mut waiting).await.is_err(), "not settled yet");
        sender.send_replace(at("10.0.0.2:1"));
        assert!(timeout(2 * settle, &mut waiting).await.is_err(), "back again");
        sender.send_replace(at("192.168.0.2:1"));
        assert!(timeout(100 * settle, &mut waiting).await.is_ok(), "moved");
    }
}
