//! The iroh endpoint: how it is built so that nothing leaks, who is let in, and how it is replaced when it is stuck.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use compeer_core::DeviceKey;
use futures_util::StreamExt as _;
use iroh::dns::{DnsResolver, FallbackMode};
use iroh::endpoint::{
    BindOpts, ConnectError, ConnectWithOptsError, ConnectingError, Incoming, PortmapperConfig, QuicTransportConfig,
    VarInt, presets,
};
use iroh::{Endpoint, NetReportConfig, RelayConfig, RelayMap, RelayMode, SecretKey, Watcher as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use crate::address::Addresses;
use crate::error::StartError;
use crate::event::{DownReason, Problem};
use crate::gate::{Door, Doorkeeper, Hooks, JOIN_ALPN, MEMBER_ALPN};
use crate::home::watch_relay;
use crate::link::Link;
use crate::mesh::Inner;
use crate::relay::{Pins, RelaySpec};

/// A path without traffic sends something this often.
const KEEP_ALIVE: Duration = Duration::from_secs(3);
/// A direct path that has been silent this long is given up for another one.
const PATH_IDLE: Duration = Duration::from_millis(6500);
/// A link that has been silent this long is down. Milliseconds.
const LINK_IDLE_MS: u32 = 10_000;
/// Streams that one peer may have open towards us at once.
const STREAMS_PER_PEER: u32 = 128;
/// Bytes that one stream may have in flight to us: 280 Mbit/s at 30 ms.
///
/// noq keeps what arrived on a stream and is not yet read in one piece per frame, and ends the whole link when there are
/// more than 2,048 of them ("too many gaps in stream buffer"), gaps or not (quinn issue 2809). Frames of a small packet
/// carry some 1,160 bytes, so a reader that lags behind a window above 2.3 MB would lose its link. The rest is room for
/// frames that are shorter.
const STREAM_WINDOW: u32 = 1 << 20;
/// Bytes that one peer may have in flight to us over all its streams, which bounds what it can make us hold.
const LINK_WINDOW: u32 = 16 << 20;

/// Handshakes under way at once; beyond that, newcomers are turned away unread.
const HANDSHAKES: usize = 256;
/// From that many on, newcomers must first prove that their address is theirs (a QUIC Retry).
const HANDSHAKES_UNPROVEN: usize = 32;
/// One handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(8);
/// Guests served at once.
const GUESTS: usize = 16;
/// Streams one guest may have open at once.
const STREAMS_PER_GUEST: u32 = 4;
/// How long a guest may take to say what it wants.
const GUEST_FIRST_LIMIT: Duration = Duration::from_secs(10);
/// How long a guest may stay. Whoever serves it may close its link sooner.
const GUEST_LIMIT: Duration = Duration::from_secs(60);

/// Between two looks at the clock.
const SLEEP_LOOK: Duration = Duration::from_secs(5);
/// A gap this long between wall time and timers means that every link is gone for the other side.
const SLEPT: Duration = Duration::from_millis(LINK_IDLE_MS as u64);
/// How long an old endpoint may take to close before its successor is bound.
const CLOSE_LIMIT: Duration = Duration::from_millis(500);
/// Between two attempts to bind again.
const REBIND_PAUSE: Duration = Duration::from_millis(250);

/// Builds and binds an endpoint. See the crate's page on what may leave the machine.
pub(crate) async fn bind(
    key: &DeviceKey,
    listen: &[SocketAddr],
    relays: &[RelaySpec],
    pins: &Pins,
    keeper: &Arc<Doorkeeper>,
) -> Result<Endpoint, StartError> {
    let mut reports = NetReportConfig::minimal();
    // Without this a device that reaches its relay by TCP only would never choose it as home. Asks our relays alone.
    reports.https_probes = true;
    let dns = DnsResolver::builder().with_system_defaults().with_fallback_mode(FallbackMode::Never).build();
    let relay_map: RelayMap = relays.iter().map(RelaySpec::to_iroh).collect::<Vec<RelayConfig>>().into_iter().collect();
    let mut builder = Endpoint::builder(presets::Minimal)
        .secret_key(SecretKey::from_bytes(&key.seed()))
        .alpns(vec![MEMBER_ALPN.to_vec(), JOIN_ALPN.to_vec()])
        // Also when empty: this way relays can be added later.
        .relay_mode(RelayMode::Custom(relay_map))
        .ca_tls_config(pins.tls_config())
        .dns_resolver(dns)
        .portmapper_config(PortmapperConfig::Disabled)
        .net_report_config(reports)
        .transport_config(transport())
        .hooks(Hooks(keeper.clone()));
    if !listen.is_empty() {
        builder = builder.clear_ip_transports();
    }
    // The first of each family sends what no other socket is for. iroh takes that one last.
    for (index, address) in listen.iter().enumerate().rev() {
        let first = !listen[..index].iter().any(|other| other.is_ipv4() == address.is_ipv4());
        builder = builder
            .bind_addr_with_opts(*address, BindOpts::default().set_is_default_route(first))
            .map_err(|source| StartError::Listen { address: *address, source })?;
    }
    builder.bind().await.map_err(StartError::Bind)
}

fn transport() -> QuicTransportConfig {
    QuicTransportConfig::builder()
        .keep_alive_interval(KEEP_ALIVE)
        .default_path_keep_alive_interval(KEEP_ALIVE)
        .default_path_max_idle_timeout(PATH_IDLE)
        .max_idle_timeout(Some(VarInt::from_u32(LINK_IDLE_MS).into()))
        .max_concurrent_bidi_streams(VarInt::from_u32(STREAMS_PER_PEER))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(LINK_WINDOW))
        .datagram_receive_buffer_size(None)
        .build()
}

/// Why a dial failed, as far as the other side or our own gate said so.
pub(crate) fn dial_failure(error: &ConnectError) -> Option<DownReason> {
    match error {
        ConnectError::Connect { source: ConnectWithOptsError::LocallyRejected { .. }, .. }
        | ConnectError::Connecting { source: ConnectingError::LocallyRejected { .. }, .. } => Some(DownReason::Refused),
        ConnectError::Connecting { source: ConnectingError::ConnectionError { source, .. }, .. }
        | ConnectError::Connection { source, .. } => Some(source.into()),
        _ => None,
    }
}

/// Runs the endpoint, and its successors, until the mesh stops.
pub(crate) async fn run(inner: Arc<Inner>, first: Endpoint, listen: Vec<SocketAddr>) {
    let mut endpoint = first;
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
    let guests = Arc::new(Semaphore::new(GUESTS));
    loop {
        tokio::select! {
            () = inner.stop.cancelled() => return,
            () = inner.rebind.notified() => tracing::info!("sockets are replaced"),
            () = watch_relay(&inner, &endpoint) => tracing::info!("the relay is back and the endpoint is stuck: replaced"),
            () = accept(&inner, &endpoint, &handshakes, &guests) => {}
            () = watch_addresses(&inner, &endpoint) => {}
            () = watch_sleep(&inner, &endpoint) => {}
        }
        let Some(next) = replace(&inner, endpoint, &listen).await else { return };
        endpoint = next;
    }
}

/// Notices that the computer slept: wall time went on and the timers did not. The other side gave the links up meanwhile,
/// so they are ended here too instead of waiting for silence to be noticed.
async fn watch_sleep(inner: &Arc<Inner>, endpoint: &Endpoint) {
    loop {
        let (wall, timer) = (SystemTime::now(), Instant::now());
        sleep(SLEEP_LOOK).await;
        // A clock set back says nothing about sleep.
        let slept = wall.elapsed().unwrap_or_default().saturating_sub(timer.elapsed());
        if slept < SLEPT {
            continue;
        }
        tracing::info!(seconds = slept.as_secs(), "the computer slept, or its clock was set");
        let links: Vec<Link> = inner.peers().values().filter_map(|peer| peer.link()).collect();
        for link in links {
            link.close_with(DownReason::TimedOut);
        }
        endpoint.network_change().await;
        inner.nudge_all();
    }
}

/// Closes an endpoint and binds its successor, on the same ports if they are to be had.
async fn replace(inner: &Arc<Inner>, old: Endpoint, listen: &[SocketAddr]) -> Option<Endpoint> {
    let same = old.bound_sockets();
    inner.set_endpoint(None);
    let _ = timeout(CLOSE_LIMIT, old.close()).await;
    drop(old);
    let mut attempts = 0u32;
    loop {
        // Peers and NATs know the old ports, so they are worth a second of patience. Fixed ones stay fixed.
        let wish = if attempts < 4 { &same } else { listen };
        match bind(&inner.key, wish, &inner.relays(), &inner.pins, &inner.keeper).await {
            Ok(endpoint) => {
                inner.set_endpoint(Some(endpoint.clone()));
                inner.nudge_all();
                return Some(endpoint);
            }
            Err(error) => tracing::debug!(%error, attempts, "cannot bind again yet"),
        }
        attempts = attempts.saturating_add(1);
        if attempts == 20 {
            inner.problems.record(Problem::Rebind);
        }
        tokio::select! {
            () = inner.stop.cancelled() => return None,
            () = sleep(REBIND_PAUSE) => {}
        }
    }
}

/// Takes in connections. Returns when the endpoint is closed.
async fn accept(inner: &Arc<Inner>, endpoint: &Endpoint, handshakes: &Arc<Semaphore>, guests: &Arc<Semaphore>) {
    while let Some(incoming) = endpoint.accept().await {
        let Ok(permit) = handshakes.clone().try_acquire_owned() else {
            inner.problems.record(Problem::TooManyHandshakes);
            incoming.refuse();
            continue;
        };
        let busy = HANDSHAKES - handshakes.available_permits() > HANDSHAKES_UNPROVEN;
        if busy && !incoming.remote_addr_validated() {
            // Only fails for addresses that are proven, which was just asked.
            let _ = incoming.retry();
            continue;
        }
        inner.tasks.spawn(welcome(inner.clone(), incoming, permit, guests.clone()));
    }
}

/// One incoming handshake. The gate's hook runs inside it.
async fn welcome(inner: Arc<Inner>, incoming: Incoming, permit: OwnedSemaphorePermit, guests: Arc<Semaphore>) {
    let handshake = async {
        match incoming.accept() {
            Ok(accepting) => accepting.await.ok(),
            Err(_) => None,
        }
    };
    let conn = tokio::select! {
        () = inner.stop.cancelled() => return,
        conn = timeout(HANDSHAKE_LIMIT, handshake) => conn.ok().flatten(),
    };
    drop(permit);
    // Failures are the business of whoever knocked; strangers and noise must not fill our log.
    let Some(conn) = conn else { return };
    match Door::from_alpn(conn.alpn()) {
        Some(Door::Member) => inner.arrived(conn),
        Some(Door::Join) => {
            let Ok(_seat) = guests.try_acquire_owned() else {
                inner.problems.record(Problem::TooManyGuests);
                return conn.close(DownReason::Busy.code(), b"");
            };
            conn.set_max_concurrent_bi_streams(VarInt::from_u32(STREAMS_PER_GUEST));
            let link = Link::new(conn, Door::Join);
            tokio::select! {
                () = inner.stop.cancelled() => link.close_with(DownReason::ShuttingDown),
                _ = timeout(GUEST_LIMIT, serve_guest(&inner, &link)) => link.close_with(DownReason::Closed),
            }
        }
        None => {}
    }
}

async fn serve_guest(inner: &Arc<Inner>, link: &Link) {
    let mut limit = GUEST_FIRST_LIMIT;
    while let Ok(Ok((send, recv))) = timeout(limit, link.conn().accept_bi()).await {
        limit = GUEST_LIMIT;
        let (inner, link) = (inner.clone(), link.clone());
        inner.clone().tasks.spawn(async move {
            inner.handlers.dispatch(link, send, recv, &inner.problems).await;
        });
    }
}

/// Publishes where we can be reached; a change also means that the network changed, so everybody is tried at once.
async fn watch_addresses(inner: &Arc<Inner>, endpoint: &Endpoint) {
    let mut addrs = endpoint.watch_addr().stream();
    while let Some(addr) = addrs.next().await {
        let addresses = Addresses::of_endpoint(&addr);
        let changed = inner.mine.send_if_modified(|mine| {
            let changed = *mine != addresses;
            if changed {
                mine.clone_from(&addresses);
            }
            changed
        });
        if changed {
            tracing::debug!(?addresses, "our addresses");
            inner.nudge_all();
        }
    }
    std::future::pending().await
}
