//! How devices tell each other what they show on a board or a page: each opens one stream to every linked member for each thing
//! it has open, says which, and then steps, each with its length before it. A stream that ends means that it was closed.
//!
//! Steps go only to those who have told that they are there, too, and are made when the stream can take them, so whoever is
//! slow is told less often and nobody keeps a queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId, cbor};
use compeer_mesh::{IncomingStream, Link, MeshEvent, RecvStream, StreamKind};
use minicbor::{Decode, Encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};

use super::{Key, Room, Spaces};
use crate::model::{Kind, Showing, Step};

/// Streams on which a device tells what it shows on one board or page.
pub const BOARDS: StreamKind = StreamKind::new(34);

/// Bytes of one step.
const STEP_BYTES: usize = 224 * 1024;
/// Bytes of what a stream says first.
const HELLO_BYTES: usize = 128;
/// How long a stream may take to say what it is about, and to end a step that it has begun.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two steps that are sent.
const SENT_EVERY: Duration = Duration::from_millis(20);
/// Between two steps that are taken in, from one device.
const TAKEN_EVERY: Duration = Duration::from_millis(8);
/// Bytes a second that are taken in from one device on one thing.
const TAKEN_BYTES: u64 = 1 << 20;
/// After a stream that was not taken.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// What a stream says first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Hello {
    #[n(0)]
    space: GroupId,
    /// A board or a page.
    #[n(1)]
    thing: EntryHash,
}

impl Spaces {
    /// The task that takes in streams, and opens some to those who come.
    pub(in crate::service) async fn receive_boards(self, mut streams: mpsc::Receiver<IncomingStream>) {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut links = self.inner.mesh.events();
        loop {
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                stream = streams.recv() => {
                    let Some(stream) = stream else { return };
                    let (spaces, number) = (self.clone(), NEXT.fetch_add(1, Ordering::Relaxed));
                    self.inner.tasks.spawn(async move {
                        tokio::select! {
                            () = spaces.inner.stop.cancelled() => {}
                            () = spaces.hear(stream, number) => {}
                        }
                    });
                }
                event = links.recv() => if !self.note_link(event) { return },
            }
        }
    }

    fn note_link(&self, event: Result<MeshEvent, broadcast::error::RecvError>) -> bool {
        match event {
            Ok(MeshEvent::PeerUp { .. }) | Err(RecvError::Lagged(_)) => {
                self.inner.rooms.open().iter().for_each(|(key, room)| self.tell_room(*key, room));
            }
            Ok(_) => {}
            Err(RecvError::Closed) => return false,
        }
        true
    }

    /// Begins to tell every linked member that this device has something open, unless they are told already.
    pub(super) fn tell_room(&self, key: Key, room: &Arc<Room>) {
        let Ok(rules) = self.rules(&key.0) else { return };
        let own = self.inner.journal.device();
        for link in self.inner.mesh.links() {
            let device = link.device();
            if device != own && rules.level(&device) >= Some(Level::Read) && room.begin_telling(device) {
                let (spaces, room) = (self.clone(), room.clone());
                self.inner.tasks.spawn(async move {
                    spaces.tell_device(key, &room, device).await;
                    room.end_telling(&device);
                });
            }
        }
    }

    /// Tells one device for as long as it is linked, is a member, and a page of ours has it open.
    async fn tell_device(&self, key: Key, room: &Room, device: DeviceId) {
        while let (Some(open), Some(link)) = (room.open(), self.inner.mesh.link(device)) {
            if self.rules(&key.0).is_ok_and(|rules| rules.level(&device) < Some(Level::Read)) {
                return;
            }
            let told = async {
                // Why it ended makes no difference: it is tried again while there is somebody to tell.
                let _ = self.tell_on(key, room, &link).await;
                tokio::time::sleep(AGAIN_AFTER).await;
            };
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                () = open.cancelled() => {}
                _ = link.closed() => {}
                () = told => {}
            }
        }
    }

    async fn tell_on(&self, key: Key, room: &Room, link: &Link) -> Option<()> {
        let device = link.device();
        let (mut send, _recv) = link.open(BOARDS).await.ok()?;
        let hello = Hello { space: key.0, thing: key.1 };
        write(&mut send, &cbor::encode(&hello)).await?;
        let (mut mine, mut changed) = (room.mine.subscribe(), room.changed.subscribe());
        let mut told = Arc::<Showing>::default();
        loop {
            let now = mine.borrow_and_update().clone();
            changed.borrow_and_update();
            let member = self.rules(&key.0).ok()?.level(&device) >= Some(Level::Read);
            if !member {
                return None;
            }
            if room.has(&device)
                && let Some(step) = now.since(&told)
            {
                write(&mut send, &cbor::encode(&step)).await?;
                told = now;
                tokio::time::sleep(SENT_EVERY).await;
                continue;
            }
            tokio::select! {
                moved = mine.changed() => moved.ok()?,
                came = changed.changed() => came.ok()?,
                _ = send.stopped() => return None,
            }
        }
    }

    /// Hears what a device shows until it leaves.
    async fn hear(&self, mut stream: IncomingStream, number: u64) {
        let device = stream.device;
        let hello = tokio::time::timeout(PATIENCE, read(&mut stream.recv, HELLO_BYTES)).await;
        let Ok(Some(Ok(Hello { space, thing }))) =
            hello.map(|bytes| bytes.map(|bytes| cbor::decode(&bytes, HELLO_BYTES)))
        else {
            return;
        };
        let Some((person, _)) = self.member(&space, &device) else { return };
        let known = self.inner.view.with(move |view| view.kind(&space, &thing)).await;
        if !matches!(known, Ok(Some(Kind::Board | Kind::Page))) {
            return;
        }
        let key = (space, thing);
        let Some(room) = self.inner.rooms.enter(key, device, person, number) else { return };
        self.tell_thing(space, thing).await;
        self.hear_steps(&mut stream.recv, &space, &room, device, number).await;
        self.inner.rooms.leave(key, &room, &device, number);
        self.tell_thing(space, thing).await;
    }

    async fn hear_steps(&self, recv: &mut RecvStream, space: &GroupId, room: &Room, device: DeviceId, number: u64) {
        while let Some(bytes) = read(recv, STEP_BYTES).await {
            let Ok(step) = cbor::decode::<Step>(&bytes, STEP_BYTES) else { return };
            let Some((_, level)) = self.member(space, &device) else { return };
            if let Err(error) = room.show(&device, number, step, level) {
                tracing::debug!(device = %device.short(), %error, "what is shown is refused");
                return;
            }
            // Until it is read on, the stream is full and the other side waits.
            tokio::time::sleep(TAKEN_EVERY + Duration::from_millis(bytes.len() as u64 * 1000 / TAKEN_BYTES)).await;
        }
    }

    /// Whose device it is and what they may do, if I may read the space, and they.
    fn member(&self, space: &GroupId, device: &DeviceId) -> Option<(GroupId, Level)> {
        let rules = self.rules_for(space, Level::Read).ok()?;
        let level = rules.level(device).filter(|level| *level >= Level::Read)?;
        Some((rules.person_of(device)?, level))
    }
}

/// Writes a length and so many bytes.
async fn write(send: &mut compeer_mesh::SendStream, bytes: &[u8]) -> Option<()> {
    send.write_all(&(bytes.len() as u32).to_be_bytes()).await.ok()?;
    send.write_all(bytes).await.ok()?;
    send.flush().await.ok()
}

/// Reads a length and so many bytes; `None` when it ended, or more than `limit` are announced. Waits for the length as long as
/// it takes, for the rest only so long.
async fn read(recv: &mut RecvStream, limit: usize) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    AsyncReadExt::read_exact(recv, &mut length).await.ok()?;
    let length = u32::from_be_bytes(length) as usize;
    if length > limit {
        return None;
    }
    // Grows with what comes, not with what was promised.
    let mut bytes = Vec::new();
    let mut rest = recv.take(length as u64);
    tokio::time::timeout(PATIENCE, rest.read_to_end(&mut bytes)).await.ok()?.ok()?;
    (bytes.len() == length).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_hellos() {
        let hello = Hello { space: GroupId::from_bytes([0xFF; 32]), thing: EntryHash::from_bytes([0xEE; 32]) };
        let bytes = cbor::encode(&hello);
        assert!(bytes.len() <= HELLO_BYTES);
        compeer_testkit::fuzz::run(&[bytes], |input| cbor::decode::<Hello>(input, HELLO_BYTES).is_ok());
    }
}
