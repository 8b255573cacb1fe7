//! Our own relay: reachability, moving to a direct path, keys, restarts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use compeer_core::DeviceId;
use compeer_mesh::relay::{Doorkeeper, RelayAccess, RelayServer, RelayServerConfig};
use compeer_mesh::{Addresses, Mesh, MeshEvent, Path, Problem, RelayKey, RelaySpec, Source};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::support::{LIMIT, Node, Setup, acquaint, echoes};

const KEY: RelayKey = RelayKey::from_bytes([7; 16]);

async fn relay(access: RelayAccess) -> (RelayServer, RelaySpec) {
    let config = RelayServerConfig { listen: "127.0.0.1:0".parse().expect("address"), key: KEY, access };
    let server = RelayServer::start(config).await.expect("starts");
    let spec = server.spec().expect("a name");
    (server, spec)
}

/// Waits until the home relay is connected (or is not).
async fn online(mesh: &Mesh, connected: bool) {
    let mut home = mesh.watch_home_relay();
    timeout(LIMIT, home.wait_for(|home| home.connected == connected)).await.expect("in time").expect("alive");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_devices_that_know_only_their_relay_link_and_then_go_direct() {
    let (server, spec) = relay(RelayAccess::Key).await;
    let mut a = Node::start(Setup::new(1).relay(&spec)).await;
    let mut b = Node::start(Setup::new(2).relay(&spec)).await;
    a.admit(&b);
    b.admit(&a);
    online(&a.mesh, true).await;
    online(&b.mesh, true).await;
    assert_eq!(a.mesh.my_addresses().relays, [spec.url().clone()]);
    a.want(&[&b]);
    a.up(b.device()).await;
    b.up(a.device()).await;
    assert_eq!(echoes(&a.link(&b), b"over the relay").await, b"over the relay");
    let other = b.device();
    // That it began over the relay shows in the relay's figures: there was no other way to say the first word.
    a.event("a direct path", |event| {
        let MeshEvent::PathChanged { device, path: Path::Direct(_), .. } = event else { return None };
        (*device == other).then_some(())
    })
    .await;
    assert!(server.metrics().clients == 2 && server.metrics().received > 0, "{:?}", server.metrics());
    a.mesh.shutdown().await;
    b.mesh.shutdown().await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_refused_before_anything_is_said() {
    let (_server, spec) = relay(RelayAccess::Key).await;
    let wrong = RelaySpec::new(spec.host(), spec.port(), RelayKey::from_bytes([8; 16])).expect("a name");
    let mut a = Node::start(Setup::new(1).relay(&wrong)).await;
    // The relay cannot prove that it is the one the device means, so the device tells it nothing.
    a.event("RelayUnreachable", |event| {
        matches!(event, MeshEvent::Problem(Problem::RelayUnreachable { .. } | Problem::RelayRefused { .. }))
            .then_some(())
    })
    .await;
    assert!(!a.mesh.watch_home_relay().borrow().connected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_relay_is_told_from_one_that_lets_nobody_in() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
        }
    });
    let (_server, spec) = relay(RelayAccess::Key).await;
    let wrong = RelaySpec::new(spec.host(), spec.port(), RelayKey::from_bytes([8; 16])).expect("a name");
    let web = RelaySpec::new("127.0.0.1", port, KEY).expect("a name");
    let mut a = Node::start(Setup::new(1).relay(&web)).await;
    let mut b = Node::start(Setup::new(2).relay(&wrong)).await;
    let first = |event: &MeshEvent| match event {
        MeshEvent::Problem(problem) => Some(problem.clone()),
        _ => None,
    };
    assert_eq!(a.event("a problem", first).await, Problem::NoRelay { url: web.url().clone() });
    assert_eq!(b.event("a problem", first).await, Problem::RelayRefused { url: wrong.url().clone() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_may_refuse_devices_that_hold_the_key() {
    let member = crate::support::key(1).id();
    let (_server, spec) = relay(RelayAccess::KeyAnd(Arc::new(move |device: DeviceId| device == member))).await;
    let a = Node::start(Setup::new(1).relay(&spec)).await;
    online(&a.mesh, true).await;
    let mut b = Node::start(Setup::new(2).relay(&spec)).await;
    let refused = b
        .event("RelayNotListed", |event| match event {
            MeshEvent::Problem(Problem::RelayNotListed { url }) => Some(url.clone()),
            _ => None,
        })
        .await;
    assert_eq!(&refused, spec.url());
}

/// Lets in whom a test names, and keeps a book.
#[derive(Default)]
struct Book {
    listed: Mutex<BTreeSet<DeviceId>>,
    connections: watch::Sender<BTreeMap<DeviceId, usize>>,
    refused: Mutex<BTreeSet<DeviceId>>,
}

impl Doorkeeper for Book {
    fn admits(&self, device: DeviceId) -> bool {
        if !self.listed.lock().expect("lock").contains(&device) {
            self.refused.lock().expect("lock").insert(device);
            return false;
        }
        self.connections.send_modify(|book| *book.entry(device).or_default() += 1);
        true
    }

    fn gone(&self, device: DeviceId) {
        self.connections.send_modify(|book| *book.entry(device).or_default() -= 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_is_no_longer_admitted_can_be_dropped() {
    let (first, second) = (crate::support::key(1).id(), crate::support::key(2).id());
    let book = Arc::new(Book::default());
    book.listed.lock().expect("lock").extend([first, second]);
    let (server, spec) = relay(RelayAccess::KeyAnd(book.clone())).await;
    let mut a = Node::start(Setup::new(1).relay(&spec)).await;
    let b = Node::start(Setup::new(2).relay(&spec)).await;
    online(&a.mesh, true).await;
    online(&b.mesh, true).await;
    book.listed.lock().expect("lock").remove(&first);
    assert!(server.disconnect(first));
    a.event("RelayNotListed", |event| {
        matches!(event, MeshEvent::Problem(Problem::RelayNotListed { .. })).then_some(())
    })
    .await;
    assert!(!a.mesh.watch_home_relay().borrow().connected);
    let gone = |book: &BTreeMap<_, _>| book.get(&first) == Some(&0) && book.get(&second) == Some(&1);
    let mut connections = book.connections.subscribe();
    timeout(LIMIT, connections.wait_for(gone)).await.expect("in time").expect("alive");
    assert!(b.mesh.watch_home_relay().borrow().connected);
    assert!(!server.disconnect(crate::support::key(3).id()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn being_listed_is_nothing_without_the_key() {
    let book = Arc::new(Book::default());
    book.listed.lock().expect("lock").insert(crate::support::key(1).id());
    let (_server, spec) = relay(RelayAccess::KeyAnd(book.clone())).await;
    let wrong = RelaySpec::new(spec.host(), spec.port(), RelayKey::from_bytes([8; 16])).expect("a name");
    let mut a = Node::start(Setup::new(1).relay(&wrong)).await;
    a.event("a refusal", |event| {
        matches!(event, MeshEvent::Problem(Problem::RelayUnreachable { .. } | Problem::RelayRefused { .. }))
            .then_some(())
    })
    .await;
    assert!(book.connections.borrow().is_empty() && book.refused.lock().expect("lock").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relays_can_be_added_and_taken_out_while_running() {
    let (_server, spec) = relay(RelayAccess::Key).await;
    let (mut a, mut b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    a.admit(&b);
    b.admit(&a);
    a.mesh.set_relays(vec![spec.clone()]).await;
    b.mesh.set_relays(vec![spec.clone()]).await;
    online(&a.mesh, true).await;
    online(&b.mesh, true).await;
    b.want(&[&a]);
    b.up(a.device()).await;
    a.up(b.device()).await;
    a.mesh.set_relays(Vec::new()).await;
    online(&a.mesh, false).await;
    assert!(a.mesh.relays().is_empty());
    // The link comes back without the relay, because each was told the other's addresses.
    a.up(b.device()).await;
    assert_eq!(echoes(&a.link(&b), b"direct").await, b"direct");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strange_relays_are_not_contacted() {
    let (server, spec) = relay(RelayAccess::Key).await;
    let (a, b) = (Node::with_seed(1).await, Node::with_seed(2).await);
    acquaint(&a, &b);
    let strange = Addresses { direct: Vec::new(), relays: vec![spec.url().clone()] };
    a.mesh.learn(b.device(), strange, Source::Member);
    let mut a = a;
    a.want(&[&b]);
    a.up(b.device()).await;
    assert_eq!(server.metrics(), Default::default());
}

/// Two devices that have no address family in common, so that only the relay joins them. `None` without IPv6 loopback.
async fn relayed_pair(spec: &RelaySpec) -> Option<(Node, Node)> {
    if tokio::net::UdpSocket::bind("[::1]:0").await.is_err() {
        eprintln!("skipped: there is no IPv6 loopback");
        return None;
    }
    let mut four = Setup::new(1).relay(spec);
    four.listen = vec!["127.0.0.1:0".parse().expect("address")];
    let mut six = Setup::new(2).relay(spec);
    six.listen = vec!["[::1]:0".parse().expect("address")];
    let (mut a, mut b) = (Node::start(four).await, Node::start(six).await);
    a.admit(&b);
    b.admit(&a);
    online(&a.mesh, true).await;
    online(&b.mesh, true).await;
    a.want(&[&b]);
    b.want(&[&a]);
    a.up(b.device()).await;
    b.up(a.device()).await;
    assert!(matches!(a.link(&b).path().path, Path::Relay(_)), "{:?}", a.link(&b).path());
    Some((a, b))
}

async fn restart(server: RelayServer, outage: Duration) -> RelayServer {
    let listen = server.address();
    server.shutdown().await;
    tokio::time::sleep(outage).await;
    RelayServer::start(RelayServerConfig { listen, key: KEY, access: RelayAccess::Key }).await.expect("the same port")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_survives_a_short_relay_restart() {
    let (server, spec) = relay(RelayAccess::Key).await;
    let Some((a, b)) = relayed_pair(&spec).await else { return };
    let link = a.link(&b);
    let _server = restart(server, Duration::from_millis(300)).await;
    assert_eq!(echoes(&link, b"still the same link").await, b"still the same link");
    assert_eq!(link.down(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_relay_outage_heals_within_seconds() {
    let (server, spec) = relay(RelayAccess::Key).await;
    let Some((mut a, mut b)) = relayed_pair(&spec).await else { return };
    // Long enough for links to time out and for iroh's relay client to fall asleep for many seconds.
    let _server = restart(server, Duration::from_secs(25)).await;
    let begun = Instant::now();
    a.down(b.device()).await;
    b.down(a.device()).await;
    a.up(b.device()).await;
    b.up(a.device()).await;
    let took = begun.elapsed();
    eprintln!("healed after {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(echoes(&a.link(&b), b"back").await, b"back");
}
