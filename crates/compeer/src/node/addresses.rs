//! Where other devices were last reached, kept in the home, so that a restart finds them without anybody's help; and the
//! port that this device last listened on, so that they find it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use compeer_mesh::{Addresses, Mesh, MeshEvent, Source};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::{self, error::RecvError};

use super::Node;
use crate::home::{self, HomePath};

/// How long changes are collected before they are written.
const COLLECT: Duration = Duration::from_secs(1);
/// Bytes of the largest address book that is read.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// What `addresses.json` holds.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Book {
    /// The UDP port of the last run.
    port: Option<u16>,
    /// By device id.
    devices: BTreeMap<String, Known>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    direct: Vec<SocketAddr>,
    relays: Vec<String>,
}

/// A book that is missing or damaged is an empty one: it only saves time.
fn read(path: &HomePath) -> Book {
    match home::read_text(&path.addresses(), MAX_FILE_BYTES) {
        Ok(Some(text)) => serde_json::from_str(&text).unwrap_or_default(),
        Ok(None) => Book::default(),
        Err(error) => {
            tracing::warn!(%error, "known addresses are forgotten");
            Book::default()
        }
    }
}

/// The port of the last run.
pub(super) fn last_port(path: &HomePath) -> Option<u16> {
    read(path).port
}

/// Tells the mesh what was known last time.
pub(super) fn load(path: &HomePath, mesh: &Mesh) {
    for (device, known) in read(path).devices {
        let Ok(device) = device.parse() else { continue };
        let relays = known.relays.iter().filter_map(|url| url.parse().ok()).collect();
        mesh.learn(device, Addresses { direct: known.direct, relays }, Source::Given);
    }
}

/// Writes down what is known now.
pub(super) async fn save(node: &Node) {
    let mesh = node.mesh();
    let devices = mesh.export_addresses().into_iter().map(|(device, addresses)| {
        let relays = addresses.relays.iter().map(ToString::to_string).collect();
        (device.to_string(), Known { direct: addresses.direct, relays })
    });
    let port = mesh.my_addresses().direct.first().map(SocketAddr::port);
    let book = Book { port, devices: devices.collect() };
    let path = node.home().path().addresses();
    let written =
        tokio::task::spawn_blocking(move || serde_json::to_vec(&book).map(|text| home::write_private(&path, &text)));
    if let Ok(Ok(Err(error))) = written.await {
        tracing::warn!(%error, "known addresses could not be written down");
    }
}

/// Writes the book whenever something was learned, at most once a second.
pub(super) async fn keep(node: Node, mut events: broadcast::Receiver<MeshEvent>) {
    let stop = node.stopping();
    save(&node).await;
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.recv() => event,
        };
        match event {
            Ok(MeshEvent::AddressesLearned { .. }) | Err(RecvError::Lagged(_)) => {}
            Ok(_) => continue,
            Err(RecvError::Closed) => return,
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(COLLECT) => {}
        }
        // What was told meanwhile is in what is saved now.
        events = events.resubscribe();
        save(&node).await;
    }
}
