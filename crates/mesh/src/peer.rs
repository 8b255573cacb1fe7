//! One remote, as the rest of the mesh sees it. What happens with it happens in its actor, one task for each.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use compeer_core::DeviceId;
use iroh::endpoint::Connection;
use tokio::sync::{Notify, mpsc};
use tracing::Instrument as _;

use crate::event::DownReason;
use crate::link::Link;
use crate::mesh::Inner;
use crate::path::{Path, PathInfo};

mod actor;
mod talk;

/// Connections from one device that wait to be looked at.
const ARRIVALS: usize = 4;

/// Where things stand with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeerState {
    /// There is a link.
    Linked,
    /// A dial, or the agreement on a connection, is under way.
    Connecting,
    /// Wanted, and tried again after a pause.
    Waiting,
    /// Wanted, and no way to reach it is known.
    NoAddress,
    /// Not wanted.
    Idle,
}

/// What is known about a remote device at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerInfo {
    /// The device.
    pub device: DeviceId,
    /// The floors above want a link to it.
    pub wanted: bool,
    /// Where things stand.
    pub state: PeerState,
    /// How the link travels, with figures; [`Path::None`] and zeros without a link.
    pub path: PathInfo,
    /// Why the last link ended or the last attempt failed, while there is no link.
    pub failure: Option<DownReason>,
}

/// The part of a remote that others see; the rest belongs to its actor.
pub(crate) struct Peer {
    device: DeviceId,
    wake: Notify,
    arrivals: mpsc::Sender<Connection>,
    view: Mutex<View>,
}

struct View {
    wanted: bool,
    /// It was wanted until now: the link has to go.
    released: bool,
    /// Something happened that makes a dial at once worth while.
    nudged: bool,
    link: Option<Link>,
    state: PeerState,
    failure: Option<DownReason>,
}

impl Peer {
    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn device(&self) -> DeviceId {
        self.device
    }

    /// The link, while it is up: its actor hears of its end a moment later.
    pub(crate) fn link(&self) -> Option<Link> {
        self.view().link.clone().filter(|link| link.down().is_none())
    }

    pub(crate) fn set_wanted(&self, wanted: bool) {
        {
            let mut view = self.view();
            if view.wanted == wanted {
                return;
            }
            (view.wanted, view.released, view.nudged) = (wanted, !wanted, wanted);
        }
        self.wake.notify_one();
    }

    /// Dial now if there is no link, whatever pause was planned.
    pub(crate) fn nudge(&self) {
        self.view().nudged = true;
        self.wake.notify_one();
    }

    pub(crate) fn arrive(&self, conn: Connection) {
        if let Err(error) = self.arrivals.try_send(conn) {
            error.into_inner().close(DownReason::Busy.code(), b"");
        }
    }

    /// Nobody wants it and no connection waits to be looked at.
    pub(crate) fn is_idle(&self) -> bool {
        !self.view().wanted && self.arrivals.capacity() == ARRIVALS
    }

    pub(crate) fn info(&self) -> PeerInfo {
        let view = self.view();
        let path = match &view.link {
            Some(link) => link.path(),
            None => PathInfo { path: Path::None, rtt_ms: 0.0, sent: 0, received: 0, send_rate: 0.0, receive_rate: 0.0 },
        };
        PeerInfo { device: self.device, wanted: view.wanted, state: view.state, path, failure: view.failure }
    }
}

/// Starts the actor of a device.
pub(crate) fn spawn(inner: &Arc<Inner>, device: DeviceId) -> Arc<Peer> {
    let (sender, arrivals) = mpsc::channel(ARRIVALS);
    let view =
        View { wanted: false, released: false, nudged: false, link: None, state: PeerState::Idle, failure: None };
    let peer = Arc::new(Peer { device, wake: Notify::new(), arrivals: sender, view: Mutex::new(view) });
    let actor = actor::Actor::new(inner.clone(), peer.clone(), arrivals);
    let span = tracing::info_span!("peer", device = %device.short());
    inner.tasks.spawn(actor.run().instrument(span));
    peer
}
