//! Answers other devices that ask for blobs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use compeer_core::{BlobHash, DeviceId};
use compeer_mesh::IncomingStream;
use tokio::sync::{Semaphore, mpsc};

use super::Node;
use crate::error::trouble;

/// Streams answered at once.
const AT_ONCE: usize = 64;
/// Of these, for one device.
const PER_DEVICE: usize = 12;

/// Takes streams until the node stops. A stream that is one too many is dropped: the one who asks tries again.
pub(super) async fn run(node: Node, mut streams: mpsc::Receiver<IncomingStream>) {
    let stop = node.stopping();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let busy: Arc<Mutex<HashMap<DeviceId, usize>>> = Arc::default();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            stream = streams.recv() => stream,
        };
        let Some(stream) = stream else { return };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let Some(turn) = Turn::take(&busy, stream.device) else { continue };
        let (serving, stop) = (node.clone(), stop.clone());
        node.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = serve(&serving, stream) => {}
            }
            drop((place, turn));
        });
    }
}

async fn serve(node: &Node, stream: IncomingStream) {
    let device = stream.device;
    let spaces = node.spaces().clone();
    let access = Arc::new(move |hashes: &[BlobHash]| spaces.may_read_blobs(&device, hashes));
    let served = Box::pin(compeer_blobs::serve(node.blobs(), access, stream.recv, stream.send)).await;
    match served {
        Ok(served) => tracing::debug!(device = %device.short(), bytes = served.bytes, "served blobs"),
        Err(compeer_blobs::ServeError::Request(error)) => {
            let name = super::watch::name_of(node, device).await;
            node.problems().record(trouble::nonsense(device, None, &name, &error.to_string()), node.now());
        }
        Err(error) => tracing::debug!(device = %device.short(), %error, "serving blobs ended early"),
    }
}

/// One of the streams that a device may have answered at once.
struct Turn {
    busy: Arc<Mutex<HashMap<DeviceId, usize>>>,
    device: DeviceId,
}

impl Turn {
    fn take(busy: &Arc<Mutex<HashMap<DeviceId, usize>>>, device: DeviceId) -> Option<Self> {
        let mut counts = busy.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(device).or_default();
        if *count >= PER_DEVICE {
            return None;
        }
        *count += 1;
        Some(Self { busy: Arc::clone(busy), device })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut counts = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.device) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.device);
            }
        }
    }
}
