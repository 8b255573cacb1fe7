//! How far something is that takes long, and whether it shall go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

/// Somebody stopped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

/// Told by whoever works, looked at by whoever waits. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    done: Arc<AtomicU64>,
    all: Arc<AtomicU64>,
    pub(crate) stop: CancellationToken,
}

impl Progress {
    /// Something that goes on until it is stopped.
    pub(crate) fn until(stop: CancellationToken) -> Self {
        Self { stop, ..Self::default() }
    }

    /// So much more is to be done.
    pub(crate) fn expect(&self, more: u64) {
        self.all.fetch_add(more, Ordering::Relaxed);
    }

    /// So much of it is.
    pub(crate) fn advance(&self, by: u64) -> Result<(), Stopped> {
        self.done.fetch_add(by, Ordering::Relaxed);
        self.check()
    }

    pub(crate) fn check(&self) -> Result<(), Stopped> {
        if self.stop.is_cancelled() { Err(Stopped) } else { Ok(()) }
    }

    /// How much is done, and how much there is as far as that is known.
    pub(crate) fn state(&self) -> (u64, u64) {
        let done = self.done.load(Ordering::Relaxed);
        (done, self.all.load(Ordering::Relaxed).max(done))
    }
}
