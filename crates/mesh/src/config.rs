//! What a mesh is started with.

use std::net::SocketAddr;

use compeer_core::DeviceKey;

use crate::relay::RelaySpec;

/// What a mesh is started with. Only the relays can be changed later ([`crate::Mesh::set_relays`]).
#[derive(Debug, Clone)]
pub struct MeshConfig {
    /// This device's key; its public half is the address that peers dial.
    pub key: DeviceKey,
    /// UDP addresses to listen on. Empty: all interfaces, IPv4 and (where there is any) IPv6, on free ports. Otherwise
    /// exactly these; port 0 picks a free one.
    pub listen: Vec<SocketAddr>,
    /// Our own relays. No other relay is ever contacted, whatever peers say.
    pub relays: Vec<RelaySpec>,
    /// Announce this device on the local network by multicast DNS, and find others there.
    pub lan_discovery: bool,
}

impl MeshConfig {
    /// All interfaces, no relays, no discovery.
    #[must_use]
    pub fn new(key: DeviceKey) -> Self {
        Self { key, listen: Vec::new(), relays: Vec::new(), lan_discovery: false }
    }
}
