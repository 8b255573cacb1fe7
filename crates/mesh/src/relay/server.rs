//! A relay of our own: iroh's relay server, letting in only who presents the key.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use compeer_core::DeviceId;
use iroh::EndpointId;
use iroh_relay::server::{
    Access, AccessControl, CertConfig, ClientRequest, ConnectionId, QuicConfig, RelayConfig, Server, ServerConfig,
    TlsConfig,
};
use tokio::time::timeout;

use super::pin::server_config;
use super::{RelayKey, RelaySpec, RelaySpecError};

/// How long a shutdown may take before the rest is cut off.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(3);
/// How often a free port is sought that is free for TCP and for UDP.
const PORT_TRIES: usize = 16;

/// Decides about devices that hold the relay's key, and is told of their coming and going. Must answer from memory at
/// once. A function from a device to yes or no is one that does not care when they go.
pub trait Doorkeeper: Send + Sync {
    /// A device has shown the key and proved its id: is it let in?
    fn admits(&self, device: DeviceId) -> bool;

    /// A connection of a device that was let in has ended. One device can have several.
    fn gone(&self, device: DeviceId) {
        let _ = device;
    }
}

impl<F: Fn(DeviceId) -> bool + Send + Sync> Doorkeeper for F {
    fn admits(&self, device: DeviceId) -> bool {
        self(device)
    }
}

/// Who may use a relay.
#[derive(Clone)]
pub enum RelayAccess {
    /// Every device that presents the key.
    Key,
    /// Devices that present the key and that the doorkeeper lets in. It is not asked about others.
    KeyAnd(Arc<dyn Doorkeeper>),
}

impl std::fmt::Debug for RelayAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Key => "Key",
            Self::KeyAnd(_) => "KeyAnd",
        })
    }
}

/// What a relay is started with.
#[derive(Debug, Clone)]
pub struct RelayServerConfig {
    /// Address for TCP (forwarding) and UDP (address discovery) alike; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The relay's key, kept across restarts.
    pub key: RelayKey,
    /// Who may use it.
    pub access: RelayAccess,
}

/// Why a relay did not start.
#[derive(Debug, thiserror::Error)]
pub enum RelayStartError {
    /// The key gives no TLS key.
    #[error("the relay's TLS key cannot be used")]
    Tls(#[from] rustls::Error),
    /// The port is taken, or the address is not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where it was tried.
        address: SocketAddr,
        /// What the relay's library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What went through a relay since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RelayMetrics {
    /// Devices connected now.
    pub clients: u64,
    /// Bytes taken in.
    pub received: u64,
    /// Bytes handed on.
    pub sent: u64,
}

/// A running relay. Dropping it stops it at once; [`RelayServer::shutdown`] says goodbye first.
#[derive(Debug)]
pub struct RelayServer {
    server: Server,
    address: SocketAddr,
    key: RelayKey,
}

impl RelayServer {
    /// Starts listening.
    pub async fn start(config: RelayServerConfig) -> Result<Self, RelayStartError> {
        let RelayServerConfig { listen, key, access } = config;
        let mut tries = if listen.port() == 0 { PORT_TRIES } else { 1 };
        loop {
            let address = SocketAddr::new(listen.ip(), free_port(listen).await?);
            let tls = server_config(&key.tls_key())?;
            match Server::spawn(iroh_config(address, tls, &key, access.clone())).await {
                Ok(server) => return Ok(Self { server, address, key }),
                Err(error) => {
                    tries -= 1;
                    if tries == 0 {
                        return Err(RelayStartError::Listen { address, source: Box::new(error) });
                    }
                }
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The relay's name for devices that reach it as `host`.
    pub fn spec_for(&self, host: &str) -> Result<RelaySpec, RelaySpecError> {
        RelaySpec::new(host, self.address.port(), self.key.clone())
    }

    /// The relay's name by the address it listens on; `127.0.0.1` if it listens on all of them.
    pub fn spec(&self) -> Result<RelaySpec, RelaySpecError> {
        let ip = match self.address.ip() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        self.spec_for(&ip.to_string())
    }

    /// What went through so far.
    #[must_use]
    pub fn metrics(&self) -> RelayMetrics {
        let metrics = &self.server.metrics().server;
        RelayMetrics {
            clients: metrics.accepts.get().saturating_sub(metrics.disconnects.get()),
            received: metrics.bytes_recv.get(),
            sent: metrics.bytes_sent.get(),
        }
    }

    /// Ends the connections of a device, which is asked about again when it comes back. False when it has none.
    pub fn disconnect(&self, device: DeviceId) -> bool {
        let Ok(id) = EndpointId::from_bytes(device.as_bytes()) else { return false };
        self.server.relay_service().is_some_and(|service| service.clients().disconnect(id, None))
    }

    /// Stops listening, closes every connection, and waits for that, at most three seconds.
    pub async fn shutdown(self) {
        match timeout(SHUTDOWN_LIMIT, self.server.shutdown()).await {
            Ok(Ok(())) => tracing::info!("relay stopped"),
            Ok(Err(error)) => tracing::warn!(%error, "relay stopped with an error"),
            Err(_) => tracing::warn!("relay did not stop in time and was cut off"),
        }
    }
}

/// The port to listen on. One port number serves TCP and UDP, so with port 0 a free one has to be known beforehand.
async fn free_port(listen: SocketAddr) -> Result<u16, RelayStartError> {
    if listen.port() != 0 {
        return Ok(listen.port());
    }
    let failed = |error| RelayStartError::Listen { address: listen, source: Box::new(error) };
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(failed)?;
    Ok(listener.local_addr().map_err(failed)?.port())
}

fn iroh_config(address: SocketAddr, tls: rustls::ServerConfig, key: &RelayKey, access: RelayAccess) -> ServerConfig {
    // iroh's server wants a second, plain HTTP listener for captive portal checks. Ours is never asked (devices have
    // those checks off), so it gets a free port on loopback.
    let mut relay = RelayConfig::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    relay.tls = Some(TlsConfig::new(address, CertConfig::Manual { server_config: tls }));
    relay.access = Arc::new(Porter { token: blake3::hash(key.token().as_bytes()), access });
    let mut config = ServerConfig::default();
    config.relay = Some(relay);
    config.quic = Some(QuicConfig::new(address));
    config
}

/// Lets in who presents the key.
#[derive(Debug)]
struct Porter {
    token: blake3::Hash,
    access: RelayAccess,
}

impl AccessControl for Porter {
    async fn on_connect(&self, request: &ClientRequest) -> Access {
        let device = DeviceId::from_bytes(*request.endpoint_id().as_bytes());
        // Comparing two BLAKE3 hashes takes the same time wherever they differ.
        let holds_key = request.auth_token().is_some_and(|token| blake3::hash(token.as_bytes()) == self.token);
        // Who does not hold the key is nobody, and is not named to anybody.
        let admitted = holds_key
            && match &self.access {
                RelayAccess::Key => true,
                RelayAccess::KeyAnd(doorkeeper) => doorkeeper.admits(device),
            };
        if admitted {
            return Access::Allow;
        }
        tracing::info!(device = %device.short(), holds_key, "refused");
        Access::Deny { reason: None }
    }

    fn on_disconnect(&self, endpoint_id: EndpointId, _connection_id: ConnectionId) {
        if let RelayAccess::KeyAnd(doorkeeper) = &self.access {
            doorkeeper.gone(DeviceId::from_bytes(*endpoint_id.as_bytes()));
        }
    }
}
