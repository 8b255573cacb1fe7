//! Finding devices on the local network by multicast DNS, and being found.
//!
//! What is announced is this device's id and its local addresses, to everybody on the network. What is heard is a hint
//! like any other: it says where to dial, and the handshake proves who answers.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use compeer_core::DeviceId;
use futures_util::StreamExt as _;
use iroh::EndpointId;
use iroh::address_lookup::{AddressLookup as _, EndpointData};
use iroh_mdns_address_lookup::{DiscoveryEvent, MdnsAddressLookup};

use crate::address::Learned;
use crate::event::Problem;
use crate::mesh::Inner;

/// The service's name on the network: `_compeer._udp.local`.
const SERVICE: &str = "compeer";
/// How often the network is asked for others; one question serves all who hear it.
const CADENCE: Duration = Duration::from_secs(3);

/// Announces and listens until the mesh stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let Ok(id) = EndpointId::from_bytes(inner.device.as_bytes()) else { return };
    let builder = MdnsAddressLookup::builder().service_name(SERVICE).discovery_cadence(CADENCE);
    // Not registered with the endpoint: there its findings would bypass the address book, and be lost to it during dials.
    let mdns = match builder.build(id) {
        Ok(mdns) => mdns,
        Err(error) => {
            tracing::debug!(%error, "no multicast DNS");
            return inner.problems.record(Problem::LanDiscovery);
        }
    };
    let mut found = mdns.subscribe().await;
    let mut mine = inner.mine.subscribe();
    mine.mark_changed();
    loop {
        tokio::select! {
            () = inner.stop.cancelled() => return,
            changed = mine.changed() => {
                if changed.is_err() {
                    return;
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
                None => return,
            },
        }
    }
}
