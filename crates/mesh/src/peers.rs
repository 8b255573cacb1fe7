//! The set of remotes: one actor each, made when a device is wanted or comes by itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use compeer_core::DeviceId;
use iroh::endpoint::Connection;

use crate::event::DownReason;
use crate::gate::{Door, device_of};
use crate::mesh::Inner;
use crate::peer::{self, Peer};

impl Inner {
    /// Makes the set of wanted devices exactly this one.
    pub(crate) fn want(self: &Arc<Self>, mut devices: BTreeSet<DeviceId>) {
        devices.remove(&self.device);
        let mut peers = self.peers();
        for (device, peer) in peers.iter() {
            peer.set_wanted(devices.contains(device));
            if !self.keeper.admits(*device, Door::Member)
                && let Some(link) = peer.link()
            {
                link.close_with(DownReason::Refused);
            }
        }
        for device in devices {
            peers.entry(device).or_insert_with(|| {
                let peer = peer::spawn(self, device);
                peer.set_wanted(true);
                peer
            });
        }
    }

    /// A device came through the member door: its actor takes the connection.
    pub(crate) fn arrived(self: &Arc<Self>, conn: Connection) {
        let device = device_of(&conn);
        let mut peers = self.peers();
        if self.stop.is_cancelled() {
            return conn.close(DownReason::ShuttingDown.code(), b"");
        }
        let peer = peers.entry(device).or_insert_with(|| peer::spawn(self, device)).clone();
        // Under the lock, so that an actor about to end sees that somebody came.
        peer.arrive(conn);
    }

    /// Takes a peer's entry out if nobody wants it and nobody came. `false`: its actor has to go on.
    pub(crate) fn retire(&self, peer: &Peer) -> bool {
        let mut peers = self.peers();
        let idle = peer.is_idle();
        if idle {
            peers.remove(&peer.device());
        }
        idle
    }
}
