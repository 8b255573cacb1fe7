//! One writer for each target: two downloads of one file, or one that is winding down and the next, never meet.

use std::path::{Path, PathBuf};

use super::{BlobStore, lock};

/// Held by whoever writes a target. Nobody else does, until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    store: BlobStore,
    path: PathBuf,
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock(&self.store.inner.claims).remove(&self.path);
        self.store.inner.released.notify_waiters();
    }
}

impl BlobStore {
    /// Claims a target, unless somebody writes it now.
    pub(crate) fn try_claim(&self, path: &Path) -> Option<Claim> {
        let free = lock(&self.inner.claims).insert(path.to_path_buf());
        free.then(|| Claim { store: self.clone(), path: path.to_path_buf() })
    }

    /// Claims a target, as soon as nobody else writes it.
    pub(crate) async fn claim(&self, path: &Path) -> Claim {
        loop {
            // Listening before looking, so that a release in between is heard.
            let released = self.inner.released.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            if let Some(claim) = self.try_claim(path) {
                return claim;
            }
            released.await;
        }
    }
}
