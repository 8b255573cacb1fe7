//! `/status`: this device and its surroundings.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::State;
use compeer_core::{DeviceId, GroupId};
use compeer_mesh::DownReason;

use super::{Api, Shared, convert, dto};
use crate::error::ApiError;
use crate::node::Node;

/// This device, the devices around it, and what somebody should look at.
#[utoipa::path(get, path = "/status", tag = "node", responses((status = 200, body = dto::Status)))]
pub(super) async fn get_status(State(api): Shared) -> Result<Json<dto::Status>, ApiError> {
    Ok(Json(status(&api).await?))
}

/// The status at this moment.
pub(super) async fn status(api: &Api) -> Result<dto::Status, ApiError> {
    let node = &api.node;
    let identity = node.identity();
    let mesh = node.mesh();
    let relay = {
        let home = mesh.watch_home_relay();
        let home = home.borrow();
        let url = home.url.as_ref().map(ToString::to_string);
        url.or_else(|| mesh.relays().first().map(|relay| relay.url().to_string()))
            .map(|url| dto::Relay { url, connected: home.connected })
    };
    Ok(dto::Status {
        ready: true,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        device: node.device().to_string(),
        device_name: identity.as_ref().map_or_else(crate::home::default_device_name, |me| me.device_name.clone()),
        person: identity.as_ref().map(|me| me.person.to_string()),
        name: identity.as_ref().map(|me| me.name.clone()),
        picture: identity.as_ref().filter(|me| me.picture.is_some()).map(|me| convert::picture_url(&me.person)),
        hue: identity.as_ref().map_or(0, |me| convert::hue(&me.person)),
        home: node.home().path().folder().display().to_string(),
        command: api.commands.anywhere(),
        started: node.started(),
        peers: peers(node).await?,
        problems: node.problems().list().into_iter().map(Into::into).collect(),
        listening: mesh.my_addresses().direct.iter().map(ToString::to_string).collect(),
        relay,
        lan_discovery: node.options().lan_discovery,
    })
}

/// What is known of a device from the spaces it is in.
#[derive(Default)]
struct Known {
    name: Option<String>,
    person: Option<GroupId>,
    person_name: Option<String>,
    spaces: Vec<String>,
}

async fn peers(node: &Node) -> Result<Vec<dto::Peer>, ApiError> {
    let mut known: HashMap<DeviceId, Known> = HashMap::new();
    for space in node.spaces().list().await? {
        for member in node.spaces().members(space.space).await? {
            for device in member.devices.into_iter().filter(|device| !device.own) {
                let known = known.entry(device.device).or_default();
                known.name = Some(device.name);
                known.person = Some(member.person);
                known.person_name = Some(member.name.clone());
                known.spaces.push(space.space.to_string());
            }
        }
    }
    // A large space is not linked to every device, but all are worth showing; a stranger on the way in is, too.
    let mut infos: BTreeMap<_, _> =
        node.mesh().peers().into_iter().map(|peer| (peer.device, Some((peer.path, peer.failure)))).collect();
    for device in known.keys() {
        infos.entry(*device).or_insert(None);
    }
    let peers = infos.into_iter().map(|(device, info)| {
        let known = known.remove(&device).unwrap_or_default();
        let (info, failure) = info.unzip();
        let (path, address) = info.as_ref().map_or((dto::PathKind::None, None), |info| convert::path(&info.path));
        let figures = info.filter(|_| path != dto::PathKind::None);
        dto::Peer {
            name: known.name,
            person: known.person.map(|person| person.to_string()),
            person_name: known.person_name,
            refuses: path == dto::PathKind::None && failure.flatten() == Some(DownReason::Refused),
            lan: path == dto::PathKind::Direct && address.as_deref().is_some_and(is_local),
            path,
            address,
            rtt_ms: figures.as_ref().map(|figures| figures.rtt_ms),
            sent_bytes: figures.as_ref().map_or(0, |figures| figures.sent),
            received_bytes: figures.as_ref().map_or(0, |figures| figures.received),
            send_rate: figures.as_ref().map_or(0.0, |figures| figures.send_rate),
            receive_rate: figures.as_ref().map_or(0.0, |figures| figures.receive_rate),
            last_seen: node.last_seen(&device),
            spaces: known.spaces,
            device: device.to_string(),
        }
    });
    Ok(peers.collect())
}

/// Whether an address lies on this computer or its own network.
fn is_local(address: &str) -> bool {
    address.parse::<std::net::SocketAddr>().is_ok_and(|address| match address.ip() {
        std::net::IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        std::net::IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    })
}
