//! The handle that the floors above hold, and how it is built and shut down.

use std::collections::{BTreeSet, HashMap};
use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use compeer_core::{DeviceId, DeviceKey};
use iroh::endpoint::{ConnectError, Connection};
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayUrl, TransportAddr};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::address::{AddressBook, Addresses, Learned, Source};
use crate::config::MeshConfig;
use crate::endpoint;
use crate::error::{JoinError, StartError};
use crate::event::{DownReason, MeshEvent};
use crate::gate::{Door, Doorkeeper, Gate, JOIN_ALPN};
use crate::home::HomeRelay;
use crate::lan;
use crate::link::Link;
use crate::peer::{Peer, PeerInfo};
use crate::problem::Problems;
use crate::relay::{Pins, RelaySpec};
use crate::stream::{Handlers, IncomingStream, StreamKind};

/// Events a slow listener may fall behind before it loses the oldest.
const EVENTS: usize = 1024;
/// Dials under way at once. More peers than that wait for their turn.
const DIALS: usize = 128;
/// How long links may take to end during a shutdown.
const LINKS_LIMIT: Duration = Duration::from_millis(1500);
/// How long iroh may take after that to say goodbye to everybody.
const ENDPOINT_LIMIT: Duration = Duration::from_millis(1500);
/// The same, besides two round trips to the farthest linked device, when there was a dial that nobody answered.
const UNANSWERED_LIMIT: Duration = Duration::from_millis(150);
/// QUIC keeps a connection that nobody answered for so long after it was given up: three times its first timeout.
const UNANSWERED_KEPT: Duration = Duration::from_secs(3);

/// What all parts of a mesh share.
pub(crate) struct Inner {
    pub(crate) device: DeviceId,
    pub(crate) key: DeviceKey,
    pub(crate) keeper: Arc<Doorkeeper>,
    pub(crate) handlers: Handlers,
    pub(crate) problems: Arc<Problems>,
    pub(crate) events: broadcast::Sender<MeshEvent>,
    pub(crate) book: Mutex<AddressBook>,
    pub(crate) peers: Mutex<HashMap<DeviceId, Arc<Peer>>>,
    pub(crate) relays: Mutex<Vec<RelaySpec>>,
    pub(crate) pins: Pins,
    /// The endpoint in use. It is replaced when a relay connection is stuck and when a relay is taken out; in between
    /// there is none, because its successor can only have its ports once nobody holds it any more.
    pub(crate) endpoint: Mutex<Option<Endpoint>>,
    /// Where we can be reached.
    pub(crate) mine: watch::Sender<Addresses>,
    pub(crate) home: watch::Sender<HomeRelay>,
    /// The relays changed: whoever watches them looks again.
    pub(crate) relays_changed: Notify,
    /// Asks for the endpoint to be replaced.
    pub(crate) rebind: Notify,
    pub(crate) dials: Semaphore,
    /// When a dial was given up last that nobody had answered.
    pub(crate) unanswered: Mutex<Option<Instant>>,
    pub(crate) tasks: TaskTracker,
    /// Stops everything but the endpoint, which closes last.
    pub(crate) stop: CancellationToken,
}

impl Inner {
    pub(crate) fn book(&self) -> MutexGuard<'_, AddressBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn peers(&self) -> MutexGuard<'_, HashMap<DeviceId, Arc<Peer>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn endpoint(&self) -> Option<Endpoint> {
        self.endpoint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_endpoint(&self, endpoint: Option<Endpoint>) {
        *self.endpoint.lock().unwrap_or_else(PoisonError::into_inner) = endpoint;
    }

    pub(crate) fn relays(&self) -> Vec<RelaySpec> {
        self.relays.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn emit(&self, event: MeshEvent) {
        // Nobody listening is fine.
        let _ = self.events.send(event);
    }

    /// Takes addresses into the book; a new one is dialled at once if the device is wanted and not linked.
    pub(crate) fn learn(&self, device: DeviceId, addresses: Addresses, source: Source) {
        if device == self.device {
            return;
        }
        let learned = self.book().learn(device, addresses, source);
        if learned == Learned::Nothing {
            return;
        }
        self.emit(MeshEvent::AddressesLearned { device });
        if learned == Learned::New
            && let Some(peer) = self.peers().get(&device)
        {
            peer.nudge();
        }
    }

    /// What to try for a dial, or `None` if nothing is known.
    pub(crate) fn dialable(&self, device: DeviceId) -> Option<EndpointAddr> {
        let ours: Vec<RelayUrl> = self.relays().iter().map(|relay| relay.url().clone()).collect();
        self.book().dialable(device, &ours)
    }

    /// Connects to a device. Dropping this gives the dial up.
    pub(crate) async fn dial(
        &self,
        endpoint: &Endpoint,
        addr: EndpointAddr,
        alpn: &[u8],
    ) -> Result<Connection, ConnectError> {
        let mut dial = Dial { unanswered: Some(&self.unanswered) };
        let outcome = Box::pin(endpoint.connect(addr, alpn)).await;
        dial.unanswered = None;
        outcome
    }

    /// Something about the network changed for the better: nobody waits out a pause any longer.
    pub(crate) fn nudge_all(&self) {
        for peer in self.peers().values() {
            peer.nudge();
        }
    }
}

/// A dial under way.
struct Dial<'a> {
    unanswered: Option<&'a Mutex<Option<Instant>>>,
}

impl Drop for Dial<'_> {
    fn drop(&mut self) {
        if let Some(unanswered) = self.unanswered {
            *unanswered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }
}

/// Collects who serves which streams, then starts the mesh.
pub struct MeshBuilder {
    config: MeshConfig,
    gate: Arc<dyn Gate>,
    handlers: Handlers,
}

impl MeshBuilder {
    /// Registers for incoming streams of `kind`. At most `capacity` wait to be taken; while it is full, openers wait,
    /// and after ten seconds their streams are reset.
    #[must_use]
    pub fn accept(&mut self, kind: StreamKind, capacity: usize) -> mpsc::Receiver<IncomingStream> {
        self.handlers.register(kind, capacity)
    }

    /// Binds the sockets and starts. Must be called inside a tokio runtime. Returns once the endpoint listens; relays
    /// are contacted in the background and never waited for.
    pub async fn start(self) -> Result<Mesh, StartError> {
        let Self { config, gate, handlers } = self;
        let MeshConfig { key, listen, relays, lan_discovery } = config;
        let (events, _) = broadcast::channel(EVENTS);
        let problems = Arc::new(Problems::new(events.clone()));
        let keeper = Arc::new(Doorkeeper::new(gate, problems.clone()));
        let pins = Pins::default();
        pins.set(&relays);
        let first = endpoint::bind(&key, &listen, &relays, &pins, &keeper).await?;
        let inner = Arc::new(Inner {
            device: key.id(),
            key,
            keeper,
            handlers,
            problems,
            events,
            book: Mutex::default(),
            peers: Mutex::default(),
            relays: Mutex::new(relays),
            pins,
            mine: watch::Sender::new(Addresses::of_endpoint(&first.addr())),
            home: watch::Sender::new(HomeRelay::default()),
            endpoint: Mutex::new(Some(first.clone())),
            relays_changed: Notify::new(),
            rebind: Notify::new(),
            dials: Semaphore::new(DIALS),
            unanswered: Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        let span = tracing::info_span!("mesh", device = %inner.device.short());
        tracing::info!(parent: &span, sockets = ?first.bound_sockets(), "listening");
        inner.tasks.spawn(endpoint::run(inner.clone(), first, listen).instrument(span.clone()));
        if lan_discovery {
            inner.tasks.spawn(lan::run(inner.clone()).instrument(span));
        }
        Ok(Mesh { inner })
    }
}

/// The mesh. Cloning is cheap. It runs until [`Mesh::shutdown`], which ends it for all clones; dropping them does not.
#[derive(Clone)]
pub struct Mesh {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Mesh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mesh({})", self.device().short())
    }
}

impl Mesh {
    /// Starts building a mesh with this configuration, whose visitors `gate` judges.
    pub fn builder(config: MeshConfig, gate: impl Gate) -> MeshBuilder {
        MeshBuilder { config, gate: Arc::new(gate), handlers: Handlers::default() }
    }

    /// This device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.inner.device
    }

    // Whom to talk to.

    /// Stay linked to exactly these devices (ourselves left out). Links to devices that were wanted before and are not
    /// any more are closed, and so is every link to a device that the gate refuses by now. Links that others made to us
    /// stay.
    pub fn want(&self, devices: BTreeSet<DeviceId>) {
        self.inner.want(devices);
    }

    /// Try that device now instead of after the present pause.
    pub fn nudge(&self, device: DeviceId) {
        if let Some(peer) = self.inner.peers().get(&device) {
            peer.nudge();
        }
    }

    /// The live link to a device, if there is one.
    #[must_use]
    pub fn link(&self, device: DeviceId) -> Option<Link> {
        self.inner.peers().get(&device).and_then(|peer| peer.link())
    }

    /// All live links between members.
    #[must_use]
    pub fn links(&self) -> Vec<Link> {
        self.inner.peers().values().filter_map(|peer| peer.link()).collect()
    }

    /// Every device we want or are linked to, ordered by id.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerInfo> {
        let peers: Vec<_> = self.inner.peers().values().cloned().collect();
        let mut infos: Vec<_> = peers.iter().map(|peer| peer.info()).collect();
        infos.sort_unstable_by_key(|info| info.device);
        infos
    }

    /// Knocks at the join door of `host`, which made an invitation for us, for at most `limit`. On the link that comes
    /// back only [`StreamKind::JOIN`] streams can be opened; whether the host lets us in shows on the first of them: if
    /// not, it fails and [`Link::closed`] says `Refused`. The link ends with its last clone, its streams included, and
    /// after a minute. Relays of the invitation have to be made ours first ([`Mesh::set_relays`]).
    pub async fn join(&self, host: DeviceId, addresses: Addresses, limit: Duration) -> Result<Link, JoinError> {
        if host == self.device() {
            return Err(JoinError::Ourselves);
        }
        let mut addr = match self.inner.dialable(host) {
            Some(addr) => addr,
            None => EndpointAddr::new(EndpointId::from_bytes(host.as_bytes()).map_err(|_| JoinError::NoAddress)?),
        };
        addr.addrs.extend(addresses.tidy().direct.into_iter().map(TransportAddr::Ip));
        if addr.is_empty() {
            return Err(JoinError::NoAddress);
        }
        let _pass = self.inner.keeper.allow_host(host);
        let endpoint = self.inner.endpoint().ok_or(JoinError::TimedOut)?;
        let dial = self.inner.dial(&endpoint, addr, JOIN_ALPN);
        tokio::select! {
            () = self.inner.stop.cancelled() => Err(JoinError::ShuttingDown),
            dialled = timeout(limit, dial) => match dialled {
                Ok(Ok(conn)) => Ok(Link::new(conn, Door::Join)),
                Ok(Err(error)) => Err(endpoint::dial_failure(&error).map_or(JoinError::TimedOut, JoinError::Refused)),
                Err(_) => Err(JoinError::TimedOut),
            },
        }
    }

    // Addresses.

    /// Where we can be reached: direct addresses and our home relay.
    #[must_use]
    pub fn my_addresses(&self) -> Addresses {
        self.inner.mine.borrow().clone()
    }

    /// The same, with changes.
    #[must_use]
    pub fn watch_my_addresses(&self) -> watch::Receiver<Addresses> {
        self.inner.mine.subscribe()
    }

    /// Takes in where a device may be reached. What cannot be dialled is left out, and so is what is over the limits.
    pub fn learn(&self, device: DeviceId, addresses: Addresses, source: Source) {
        self.inner.learn(device, addresses, source);
    }

    /// What is known of a device's addresses, the most promising first.
    #[must_use]
    pub fn known_addresses(&self, device: DeviceId) -> Option<Addresses> {
        self.inner.book().known(device)
    }

    /// Forgets a device's addresses.
    pub fn forget(&self, device: DeviceId) {
        self.inner.book().forget(device);
    }

    /// The whole address book, ordered by device, to be saved and given back to [`Mesh::learn`] next time.
    #[must_use]
    pub fn export_addresses(&self) -> Vec<(DeviceId, Addresses)> {
        self.inner.book().export()
    }

    // Relays.

    /// The relays in use, with their keys.
    #[must_use]
    pub fn relays(&self) -> Vec<RelaySpec> {
        self.inner.relays()
    }

    /// Uses these relays from now on. Taking one out means new sockets, so links are made anew.
    pub async fn set_relays(&self, relays: Vec<RelaySpec>) {
        self.inner.set_relays(relays).await;
    }

    /// Our home relay and whether it is connected, with changes.
    #[must_use]
    pub fn watch_home_relay(&self) -> watch::Receiver<HomeRelay> {
        self.inner.home.subscribe()
    }

    // Life.

    /// What happens from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<MeshEvent> {
        self.inner.events.subscribe()
    }

    /// Tells the mesh that the network may have changed (woken from sleep, another Wi-Fi). It usually notices by itself.
    pub async fn network_changed(&self) {
        if let Some(endpoint) = self.inner.endpoint() {
            endpoint.network_change().await;
        }
        self.inner.nudge_all();
    }

    /// Ends it: no new connections, links told goodbye, sockets closed. Takes at most about three seconds.
    pub async fn shutdown(&self) {
        let inner = &self.inner;
        let farthest = self.links().iter().map(|link| link.way().1).fold(0.0, f64::max);
        inner.stop.cancel();
        inner.tasks.close();
        if timeout(LINKS_LIMIT, inner.tasks.wait()).await.is_err() {
            tracing::warn!("links did not end in time");
        }
        for link in self.links() {
            link.close_with(DownReason::ShuttingDown);
        }
        let Some(endpoint) = inner.endpoint() else { return };
        inner.set_endpoint(None);
        // QUIC waits until the other side of every connection has heard of its end. Where nobody has answered yet there is
        // nobody to hear of it, and that takes three seconds: then only those who do answer are waited for.
        let unanswered = *inner.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = match unanswered {
            Some(at) if at.elapsed() < UNANSWERED_KEPT => UNANSWERED_LIMIT + Duration::from_secs_f64(farthest / 500.0),
            _ => ENDPOINT_LIMIT,
        };
        // What is left of it ends in the background, or with the program; iroh calls it a fault when an endpoint is
        // dropped before it is wholly closed.
        let endpoint = ManuallyDrop::new(endpoint);
        let closing = tokio::spawn(async move {
            endpoint.close().await;
            drop(ManuallyDrop::into_inner(endpoint));
        });
        if timeout(limit.min(ENDPOINT_LIMIT), closing).await.is_err() {
            tracing::debug!("silent devices are not waited for");
        }
    }
}
