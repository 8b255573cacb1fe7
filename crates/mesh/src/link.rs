//! A link: one live, authenticated connection to another device, as the floors above hold it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use compeer_core::DeviceId;
use iroh::endpoint::{Connection, Side};
use tokio::time::timeout;

use crate::error::OpenError;
use crate::event::DownReason;
use crate::gate::{Door, device_of};
use crate::path::{self, Meter, Path, PathInfo};
use crate::stream::{RecvStream, SendStream, StreamKind};

/// How long opening waits for the other side to finish some of the streams it has.
const OPEN_LIMIT: Duration = Duration::from_secs(10);

/// A live, authenticated connection to another device. Clones share it.
///
/// A link never heals: when it ends, hold on to the device and ask [`crate::Mesh::link`] for the next one.
#[derive(Clone)]
pub struct Link {
    inner: Arc<Inner>,
}

/// The id of the next link. A connection's own `stable_id` is an address in memory and comes again.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

struct Inner {
    id: u64,
    conn: Connection,
    device: DeviceId,
    door: Door,
    meter: Mutex<Meter>,
    /// Why we closed it, if we did: the transport only knows that we did.
    closed: OnceLock<DownReason>,
}

impl Link {
    pub(crate) fn new(conn: Connection, door: Door) -> Self {
        let device = device_of(&conn);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let inner = Inner { id, conn, device, door, meter: Mutex::new(Meter::new()), closed: OnceLock::new() };
        Self { inner: Arc::new(inner) }
    }

    /// The device at the other end, proven by its key.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.inner.device
    }

    /// The door through which the link was made.
    #[must_use]
    pub fn door(&self) -> Door {
        self.inner.door
    }

    /// We dialled.
    #[must_use]
    pub fn outgoing(&self) -> bool {
        self.inner.conn.side() == Side::Client
    }

    /// Tells this link from any earlier or later one of this process, also to the same device.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.inner.id
    }

    /// Opens a stream that speaks `kind`. The other side learns of it with the first bytes, which are on their way
    /// when this returns.
    pub async fn open(&self, kind: StreamKind) -> Result<(SendStream, RecvStream), OpenError> {
        let opened = timeout(OPEN_LIMIT, self.inner.conn.open_bi()).await.map_err(|_| OpenError::Busy)?;
        let (mut send, recv) = opened.map_err(|error| OpenError::Down(self.reason(&error)))?;
        let header = kind.number().to_be_bytes();
        send.write_all(&header).await.map_err(|_| OpenError::Down(self.down().unwrap_or(DownReason::Closed)))?;
        Ok((send, recv))
    }

    /// Waits until the link is down and says why.
    pub async fn closed(&self) -> DownReason {
        let error = self.inner.conn.closed().await;
        self.reason(&error)
    }

    /// Why the link is down; `None` while it is up.
    #[must_use]
    pub fn down(&self) -> Option<DownReason> {
        self.inner.conn.close_reason().map(|error| self.reason(&error))
    }

    /// The path taken now, with round trip, bytes and rates.
    #[must_use]
    pub fn path(&self) -> PathInfo {
        self.inner.meter.lock().unwrap_or_else(PoisonError::into_inner).look(&self.inner.conn)
    }

    /// Ends the link at once; what is still in flight may be lost. Whoever wants the device is linked to it again.
    pub fn close(&self) {
        self.close_with(DownReason::Closed);
    }

    pub(crate) fn close_with(&self, reason: DownReason) {
        let _ = self.inner.closed.set(reason);
        self.inner.conn.close(reason.code(), b"");
    }

    pub(crate) fn conn(&self) -> &Connection {
        &self.inner.conn
    }

    /// The path and its round trip in milliseconds, without touching the meter.
    pub(crate) fn way(&self) -> (Path, f64) {
        path::current(&self.inner.conn)
    }

    fn reason(&self, error: &iroh::endpoint::ConnectionError) -> DownReason {
        self.inner.closed.get().copied().unwrap_or_else(|| error.into())
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({}, {:?})", self.device().short(), self.door())
    }
}
