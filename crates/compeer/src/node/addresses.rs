//! Where other devices were last reached, kept in the home, so that a restart finds them without anybody's help; and the
//! port that this device last listened on, so that they find it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use compeer_mesh::{Addresses, Mesh, MeshEvent, RelaySpec, Source};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::Node;
use crate::error::{ApiError, trouble};
use crate::home::{self, HomeError, HomePath};

/// How long changes are collected before they are written. Short: who is ended by force forgets what was learned since.
const COLLECT: Duration = Duration::from_millis(100);
/// After a failed write, the next is tried at the latest after this time.
const RETRY: Duration = Duration::from_secs(5);
/// Bytes of the largest address book that is read.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// What `addresses.json` holds.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Book {
    /// The UDP port of the last run.
    port: Option<u16>,
    /// Relays that came with invitations, with their keys: without them, a newcomer behind a NAT would not find back.
    #[serde(default)]
    relays: Vec<String>,
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

/// The relays that invitations named in earlier runs.
pub(super) fn invited_relays(path: &HomePath) -> Vec<RelaySpec> {
    read(path).relays.iter().filter_map(|relay| relay.parse().ok()).collect()
}

/// Tells the mesh what was known last time.
pub(super) fn load(path: &HomePath, mesh: &Mesh) {
    for (device, known) in read(path).devices {
        let Ok(device) = device.parse() else { continue };
        let relays = known.relays.iter().filter_map(|url| url.parse().ok()).collect();
        mesh.learn(device, Addresses { direct: known.direct, relays }, Source::Given);
    }
}

/// Writes the book when it starts, whenever something was learned, and when it stops; after a failure, again and again.
pub(super) async fn keep(node: Node, mut events: broadcast::Receiver<MeshEvent>) {
    let stop = node.stopping();
    loop {
        let saved = save(&node).await;
        if stop.is_cancelled() {
            return;
        }
        let open = tokio::select! {
            open = learned(&mut events, &stop) => open,
            () = tokio::time::sleep(RETRY), if !saved => true,
        };
        if !open {
            return;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(COLLECT) => {}
        }
        // What was told meanwhile is in what is saved next.
        events = events.resubscribe();
    }
}

/// Waits until something was learned or the node stops; false when nothing will be any more.
async fn learned(events: &mut broadcast::Receiver<MeshEvent>, stop: &CancellationToken) -> bool {
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return true,
            event = events.recv() => event,
        };
        match event {
            Ok(MeshEvent::AddressesLearned { .. }) | Err(RecvError::Lagged(_)) => return true,
            Ok(_) => {}
            Err(RecvError::Closed) => return false,
        }
    }
}

/// Writes down where devices are known to be, and returns when that is durable. A disk that fails is no reason to stop: it
/// stands on the list of problems until a write succeeds. Whether this one did.
pub(super) async fn save(node: &Node) -> bool {
    let _one_at_a_time = node.inner.address_book.lock().await;
    let port = node.inner.port;
    let devices = node.mesh().export_addresses().into_iter().map(|(device, addresses)| {
        let relays = addresses.relays.iter().map(ToString::to_string).collect();
        (device.to_string(), Known { direct: addresses.direct, relays })
    });
    let given = &node.options().relays;
    let relays = node.mesh().relays().iter().filter(|relay| !given.contains(relay)).map(ToString::to_string).collect();
    let book = Book { port, relays, devices: devices.collect() };
    let path = node.home().path().addresses();
    let write = move || -> Result<(), HomeError> {
        let text = serde_json::to_vec(&book).map_err(|source| HomeError::Damaged { path: path.clone(), source })?;
        home::write_private(&path, &text)
    };
    let failure = match tokio::task::spawn_blocking(write).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(ApiError::from(error).detail.into_owned()),
        // The program is ending.
        Err(_) => return false,
    };
    match &failure {
        None => node.problems().resolve(trouble::ADDRESSES_UNWRITTEN, None),
        Some(why) => {
            node.problems().record(trouble::addresses_unwritten(why), node.now());
        }
    }
    failure.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_address_books() {
        let known = Known {
            direct: vec!["192.0.2.1:7".parse().expect("v4"), "[2001:db8::1%3]:7".parse().expect("v6")],
            relays: vec!["https://relay.example:7/".to_owned()],
        };
        let devices = [(compeer_core::DeviceId::from_bytes([7; 32]).to_string(), known)].into();
        let relays = vec!["https://relay.example:7/#aeaqcaibaeaqcaibaeaqcaibae".to_owned()];
        let books = [Book::default(), Book { port: Some(7), relays, devices }];
        compeer_testkit::fuzz::run(&books.map(|book| serde_json::to_vec(&book).expect("text")), |bytes| {
            let Ok(book) = serde_json::from_slice::<Book>(bytes) else { return false };
            for relay in &book.relays {
                let _: Option<RelaySpec> = relay.parse().ok();
            }
            let again = serde_json::to_vec(&book).expect("text");
            assert_eq!(serde_json::from_slice::<Book>(&again).ok(), Some(book));
            true
        });
    }
}
