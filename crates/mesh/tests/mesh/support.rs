//! Nodes to test with: a gate that can be changed, and waiting for events with a limit.

use std::collections::{BTreeSet, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use compeer_core::{DeviceId, DeviceKey};
use compeer_mesh::{
    Addresses, Admission, Door, IncomingStream, Link, Mesh, MeshConfig, MeshEvent, RelaySpec, Source, StreamKind,
};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout;

/// How long anything may take before a test fails.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// The protocol that tests speak: what comes is sent back.
pub(crate) const ECHO: StreamKind = StreamKind::new(100);

/// Who is admitted, changeable at any time.
#[derive(Clone, Default)]
pub(crate) struct Guests {
    members: Arc<Mutex<HashSet<DeviceId>>>,
    /// Members until they were let in.
    once: Arc<Mutex<HashSet<DeviceId>>>,
    invitation: Arc<Mutex<bool>>,
}

impl Guests {
    pub(crate) fn admit(&self, device: DeviceId) {
        self.members.lock().expect("lock").insert(device);
    }

    pub(crate) fn remove(&self, device: DeviceId) {
        self.members.lock().expect("lock").remove(&device);
    }

    /// Admits a device the first time only, as if it were removed while it comes in.
    pub(crate) fn admit_once(&self, device: DeviceId) {
        self.once.lock().expect("lock").insert(device);
    }

    pub(crate) fn open_invitation(&self, open: bool) {
        *self.invitation.lock().expect("lock") = open;
    }

    fn decide(&self, device: DeviceId) -> Admission {
        if self.members.lock().expect("lock").contains(&device) || self.once.lock().expect("lock").remove(&device) {
            Admission::Member
        } else if *self.invitation.lock().expect("lock") {
            Admission::Guest
        } else {
            Admission::Refuse
        }
    }
}

pub(crate) struct Node {
    pub(crate) mesh: Mesh,
    pub(crate) gate: Guests,
    pub(crate) events: broadcast::Receiver<MeshEvent>,
    pub(crate) joins: mpsc::Receiver<IncomingStream>,
}

/// What a test node is started with.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) seed: u8,
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) relays: Vec<RelaySpec>,
}

impl Setup {
    pub(crate) fn new(seed: u8) -> Self {
        Self { seed, listen: vec!["127.0.0.1:0".parse().expect("address")], relays: Vec::new() }
    }

    pub(crate) fn relay(mut self, relay: &RelaySpec) -> Self {
        self.relays.push(relay.clone());
        self
    }

    pub(crate) fn key(&self) -> DeviceKey {
        key(self.seed)
    }
}

/// The device of that number.
pub(crate) fn key(seed: u8) -> DeviceKey {
    DeviceKey::from_seed([seed; 32])
}

/// Two keys of which the first has the smaller id.
pub(crate) fn ordered_pair() -> (u8, u8) {
    if key(1).id() < key(2).id() { (1, 2) } else { (2, 1) }
}

impl Node {
    pub(crate) async fn start(setup: Setup) -> Self {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let gate = Guests::default();
        let config =
            MeshConfig { listen: setup.listen.clone(), relays: setup.relays.clone(), ..MeshConfig::new(setup.key()) };
        let deciding = gate.clone();
        let mut builder = Mesh::builder(config, move |device, _: Door| deciding.decide(device));
        let echoes = builder.accept(ECHO, 64);
        let joins = builder.accept(StreamKind::JOIN, 8);
        let mesh = builder.start().await.expect("starts");
        let events = mesh.events();
        tokio::spawn(echo(echoes));
        Self { mesh, gate, events, joins }
    }

    pub(crate) async fn with_seed(seed: u8) -> Self {
        Self::start(Setup::new(seed)).await
    }

    pub(crate) fn device(&self) -> DeviceId {
        self.mesh.device()
    }

    pub(crate) fn admit(&self, other: &Node) {
        self.gate.admit(other.device());
    }

    pub(crate) fn want(&self, others: &[&Node]) {
        self.mesh.want(others.iter().map(|node| node.device()).collect());
    }

    /// Learns the direct addresses at which the other listens.
    pub(crate) fn learn(&self, other: &Node) {
        let addresses = Addresses::direct(other.mesh.my_addresses().direct);
        assert!(!addresses.is_empty());
        self.mesh.learn(other.device(), addresses, Source::Given);
    }

    /// The next event for which `pick` finds something.
    pub(crate) async fn event<T>(&mut self, what: &str, pick: impl FnMut(&MeshEvent) -> Option<T>) -> T {
        next_event(&mut self.events, what, pick).await
    }

    pub(crate) async fn up(&mut self, other: DeviceId) {
        self.event("PeerUp", |event| {
            matches!(event, MeshEvent::PeerUp { device, .. } if *device == other).then_some(())
        })
        .await;
    }

    pub(crate) async fn down(&mut self, other: DeviceId) -> compeer_mesh::DownReason {
        self.event("PeerDown", |event| match event {
            MeshEvent::PeerDown { device, reason } if *device == other => Some(*reason),
            _ => None,
        })
        .await
    }

    /// Waits until there is a link, whatever happens in between.
    pub(crate) async fn linked(&mut self, other: DeviceId) {
        let wait = async {
            while self.mesh.link(other).is_none() {
                let _ = self.events.recv().await;
            }
        };
        timeout(LIMIT * 3, wait).await.expect("a link in time");
    }

    pub(crate) fn link(&self, other: &Node) -> Link {
        self.mesh.link(other.device()).expect("a link")
    }
}

pub(crate) async fn next_event<T>(
    events: &mut broadcast::Receiver<MeshEvent>,
    what: &str,
    mut pick: impl FnMut(&MeshEvent) -> Option<T>,
) -> T {
    let wait = async {
        loop {
            if let Some(found) = pick(&events.recv().await.expect("no event lost")) {
                return found;
            }
        }
    };
    timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("no {what} in time"))
}

/// Members of each other, knowing each other's addresses.
pub(crate) fn acquaint(a: &Node, b: &Node) {
    a.admit(b);
    b.admit(a);
    a.learn(b);
    b.learn(a);
}

/// Sends bytes over a link and gets them back.
pub(crate) async fn echoes(link: &Link, bytes: &[u8]) -> Vec<u8> {
    let exchange = async {
        let (mut send, mut recv) = link.open(ECHO).await.expect("opens");
        send.write_all(bytes).await.expect("writes");
        send.shutdown().await.expect("finishes");
        recv.read_to_end(1 << 24).await.expect("reads")
    };
    timeout(LIMIT, exchange).await.expect("an answer in time")
}

async fn echo(mut streams: mpsc::Receiver<IncomingStream>) {
    while let Some(mut stream) = streams.recv().await {
        tokio::spawn(async move {
            if tokio::io::copy(&mut stream.recv, &mut stream.send).await.is_ok() {
                let _ = stream.send.shutdown().await;
            }
        });
    }
}

pub(crate) fn only(nodes: &[&Node]) -> BTreeSet<DeviceId> {
    nodes.iter().map(|node| node.device()).collect()
}
