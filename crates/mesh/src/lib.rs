//! Links: one iroh endpoint that talks to nobody it was not told about, and keeps authenticated links to the devices
//! that the floors above want.
//!
//! - [`Mesh`] is the handle: whom to stay linked to, addresses, events. Build one with [`Mesh::builder`].
//! - [`Gate`] decides at the handshake who may connect. Provided by the floor above.
//! - [`Link`] is one live connection to one device; streams on it name the protocol they speak ([`StreamKind`]).
//! - [`relay::RelayServer`] is a relay of our own; [`relay::RelaySpec`] names one.
//!
//! # What leaves this machine
//! Read in the sources of iroh 1.4.1 and kept true by how `endpoint.rs` builds the endpoint:
//! - QUIC to the addresses of devices that the gate knows, or through whom a person joins (`before_connect` refuses any
//!   other dial), and during hole punching to the address candidates those devices name inside the encrypted connection.
//! - TLS and QUIC to our own relays ([`MeshConfig::relays`]): the relay connection, address discovery
//!   (`iroh/src/net_report.rs`, `run_probe_v4`), and a latency request to `/ping` (`run_https_probe`). The captive portal
//!   check, which would ask port 80 of the relay's host, is off.
//! - DNS lookups of relay host names, to the system's resolver only: `FallbackMode::Never` takes out iroh's public ones.
//! - Multicast DNS on the local network if [`MeshConfig::lan_discovery`] is on.
//!
//! Nothing else: `presets::Minimal` has no default relays and no address lookup, hence no pkarr and no DNS discovery
//! (`iroh/src/endpoint/presets.rs`; ours is the table in `address.rs`, handed over with each dial); the port mapper is
//! not compiled in; there is no telemetry. Relays that peers name are remembered and not contacted unless they are ours.

mod address;
mod config;
mod control;
mod endpoint;
mod error;
mod event;
mod gate;
mod home;
mod lan;
mod link;
mod mesh;
mod path;
mod peer;
mod peers;
mod problem;
pub mod relay;
mod stream;

pub use iroh::RelayUrl;

pub use address::{Addresses, DIRECT_PER_DEVICE, RELAY_URL_BYTES, RELAYS_PER_DEVICE, Source};
pub use config::MeshConfig;
pub use error::{JoinError, OpenError, StartError};
pub use event::{DownReason, MeshEvent, Problem};
pub use gate::{Admission, Door, Gate};
pub use home::HomeRelay;
pub use link::Link;
pub use mesh::{Mesh, MeshBuilder};
pub use path::{Path, PathInfo};
pub use peer::{PeerInfo, PeerState};
pub use relay::{RelayKey, RelaySpec};
pub use stream::{IncomingStream, RecvStream, SendStream, StreamKind};
