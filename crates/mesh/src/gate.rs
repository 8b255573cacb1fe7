//! Who may connect, decided at the handshake: before a stream is accepted and before anybody unknown is dialled.
//!
//! The TLS handshake proves the other device's id (iroh uses Ed25519 raw public keys on both sides). Straight after it,
//! and before the connection is handed to anyone, iroh calls the hooks below. What they refuse is closed with a code;
//! no byte of an unknown device is ever parsed above QUIC.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use compeer_core::DeviceId;
use iroh::EndpointAddr;
use iroh::endpoint::{AfterHandshakeOutcome, BeforeConnectOutcome, Connection, EndpointHooks, Side};

use crate::event::{DownReason, Problem};
use crate::problem::Problems;

/// ALPN of links between devices that share a group.
pub(crate) const MEMBER_ALPN: &[u8] = b"compeer/1";
/// ALPN for people who hold an invitation and share no group yet.
pub(crate) const JOIN_ALPN: &[u8] = b"compeer/join/1";

/// The door at which a device knocks: two ALPNs of one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// `compeer/1`: links between devices that share a group.
    Member,
    /// `compeer/join/1`: for holders of an invitation, who may open only [`crate::StreamKind::JOIN`] streams.
    Join,
}

impl Door {
    pub(crate) fn from_alpn(alpn: &[u8]) -> Option<Self> {
        match alpn {
            MEMBER_ALPN => Some(Self::Member),
            JOIN_ALPN => Some(Self::Join),
            _ => None,
        }
    }
}

/// What the gate says about a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Admission {
    /// It shares a group with us: welcome at both doors.
    Member,
    /// Unknown, but an invitation is open: welcome at the join door only.
    Guest,
    /// Not welcome.
    Refuse,
}

/// Decides who may connect. Provided by the floors above, which know the groups and the open invitations.
///
/// Called on every handshake and before every dial, so it must answer from memory at once and never block.
pub trait Gate: Send + Sync + 'static {
    /// What is this device to us, as it knocks at (or is dialled through) that door?
    fn admit(&self, device: DeviceId, door: Door) -> Admission;
}

impl<F: Fn(DeviceId, Door) -> Admission + Send + Sync + 'static> Gate for F {
    fn admit(&self, device: DeviceId, door: Door) -> Admission {
        self(device, door)
    }
}

/// The gate as iroh's hooks ask it, together with the devices that we ourselves want to join through.
pub(crate) struct Doorkeeper {
    gate: Arc<dyn Gate>,
    problems: Arc<Problems>,
    hosts: Mutex<HashMap<DeviceId, usize>>,
}

impl Doorkeeper {
    pub(crate) fn new(gate: Arc<dyn Gate>, problems: Arc<Problems>) -> Self {
        Self { gate, problems, hosts: Mutex::default() }
    }

    /// May this device use that door?
    pub(crate) fn admits(&self, device: DeviceId, door: Door) -> bool {
        match (self.gate.admit(device, door), door) {
            (Admission::Member, _) | (Admission::Guest, Door::Join) => true,
            (Admission::Guest, Door::Member) | (Admission::Refuse, _) => false,
        }
    }

    /// Lets us dial `host` through the join door for as long as the answer lives.
    pub(crate) fn allow_host(self: &Arc<Self>, host: DeviceId) -> HostPass {
        *self.hosts.lock().unwrap_or_else(PoisonError::into_inner).entry(host).or_default() += 1;
        HostPass { keeper: self.clone(), host }
    }

    fn may_dial(&self, device: DeviceId, door: Door) -> bool {
        match door {
            Door::Member => self.admits(device, door),
            Door::Join => self.hosts.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&device),
        }
    }
}

/// Permission to dial one host of an invitation; dropped, the permission ends.
pub(crate) struct HostPass {
    keeper: Arc<Doorkeeper>,
    host: DeviceId,
}

impl Drop for HostPass {
    fn drop(&mut self) {
        let mut hosts = self.keeper.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = hosts.get_mut(&self.host) {
            *count -= 1;
            if *count == 0 {
                hosts.remove(&self.host);
            }
        }
    }
}

/// The doorkeeper as a type of ours, so that iroh's trait can be implemented for it. Holds no endpoint, so there is no
/// reference cycle.
pub(crate) struct Hooks(pub(crate) Arc<Doorkeeper>);

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hooks")
    }
}

impl EndpointHooks for Hooks {
    async fn before_connect(&self, remote: &EndpointAddr, alpn: &[u8]) -> BeforeConnectOutcome {
        let device = DeviceId::from_bytes(*remote.id.as_bytes());
        match Door::from_alpn(alpn) {
            Some(door) if self.0.may_dial(device, door) => BeforeConnectOutcome::Accept,
            _ => BeforeConnectOutcome::Reject,
        }
    }

    async fn after_handshake(&self, conn: &Connection) -> AfterHandshakeOutcome {
        let device = device_of(conn);
        let admitted = match (Door::from_alpn(conn.alpn()), conn.side()) {
            (Some(door), Side::Server) => self.0.admits(device, door),
            // We dialled it, TLS proved that it is the one we dialled, and `before_connect` had allowed it.
            (Some(door), Side::Client) => self.0.may_dial(device, door),
            (None, _) => false,
        };
        if admitted {
            return AfterHandshakeOutcome::Accept;
        }
        self.0.problems.record(Problem::Refused { device });
        AfterHandshakeOutcome::Reject { error_code: DownReason::Refused.code(), reason: Vec::new() }
    }
}

/// The device at the other end of a connection, proven by TLS.
pub(crate) fn device_of(conn: &Connection) -> DeviceId {
    DeviceId::from_bytes(*conn.remote_id().as_bytes())
}
