//! Presence: small signs that somebody is there, sent straight to who is linked and kept nowhere.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use compeer_core::cbor;
use compeer_core::group::Level;
use compeer_core::{DeviceId, GroupId};
use compeer_mesh::{IncomingStream, StreamKind};
use minicbor::{Decode, Encode};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use super::{Spaces, name_or_id};
use crate::error::ActError;
use crate::model::SpacesEvent;

/// Streams that carry one sign each.
pub const PRESENCE: StreamKind = StreamKind::new(33);

/// Bytes of one sign.
const SIGN_BYTES: usize = 128;
/// That somebody here types is told at most this often, unless they send what they typed.
const TOLD_EVERY: Duration = Duration::from_secs(2);
/// Of one other device it is heard at most this often.
const HEARD_EVERY: Duration = Duration::from_millis(100);
/// How long a stream may take to say its sign.
const PATIENCE: Duration = Duration::from_secs(5);
/// People whose typing is remembered, per device of ours.
const REMEMBERED: usize = 1024;

/// A sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
enum Sign {
    /// The sender is writing in a space.
    #[n(0)]
    Typing(#[n(0)] GroupId),
}

/// When each typing was last told, so that nobody can flood a page with it.
#[derive(Default)]
pub(super) struct TypingLimit(Mutex<HashMap<(GroupId, Option<DeviceId>), Instant>>);

impl TypingLimit {
    fn passes(&self, space: GroupId, device: Option<DeviceId>) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let pause = if device.is_none() { TOLD_EVERY } else { HEARD_EVERY };
        if last.len() >= REMEMBERED {
            last.retain(|_, at| now.duration_since(*at) < TOLD_EVERY);
        }
        if last.get(&(space, device)).is_some_and(|at| now.duration_since(*at) < pause) || last.len() >= REMEMBERED {
            return false;
        }
        last.insert((space, device), now);
        true
    }

    /// What was typed here is sent: more typing is something new.
    pub(super) fn sent(&self, space: GroupId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(space, None));
    }
}

impl Spaces {
    /// Tells the members who are here that I am writing. Calling it at every key press is fine.
    pub async fn typing(&self, space: GroupId) -> Result<(), ActError> {
        let rules = self.rules_for(&space, Level::Write)?;
        if !self.inner.typing.passes(space, None) {
            return Ok(());
        }
        let bytes = cbor::encode(&Sign::Typing(space));
        let own = self.inner.journal.device();
        for link in self.inner.mesh.links() {
            if link.device() == own || rules.level(&link.device()) < Some(Level::Read) {
                continue;
            }
            let bytes = bytes.clone();
            // A sign that does not arrive is not worth a retry.
            self.inner.tasks.spawn(async move {
                let send = async {
                    let (mut send, _recv) = link.open(PRESENCE).await.ok()?;
                    send.write_all(&bytes).await.ok()?;
                    send.finish().ok()
                };
                let _ = tokio::time::timeout(PATIENCE, send).await;
            });
        }
        Ok(())
    }

    /// The task that takes in what others are signalling.
    pub(super) async fn receive_presence(self, mut streams: mpsc::Receiver<IncomingStream>) {
        loop {
            let stream = tokio::select! {
                () = self.inner.stop.cancelled() => return,
                stream = streams.recv() => stream,
            };
            let Some(stream) = stream else { return };
            let spaces = self.clone();
            self.inner.tasks.spawn(async move {
                let _ = tokio::time::timeout(PATIENCE, spaces.receive_sign(stream)).await;
            });
        }
    }

    async fn receive_sign(&self, stream: IncomingStream) {
        let mut bytes = Vec::with_capacity(SIGN_BYTES);
        let mut limited = stream.recv.take(SIGN_BYTES as u64 + 1);
        if limited.read_to_end(&mut bytes).await.is_err() {
            return;
        }
        let Ok(Sign::Typing(space)) = cbor::decode(&bytes, SIGN_BYTES) else { return };
        let Ok(rules) = self.rules_for(&space, Level::Read) else { return };
        if rules.level(&stream.device) < Some(Level::Write) || !self.inner.typing.passes(space, Some(stream.device)) {
            return;
        }
        if let Some(person) = rules.person_of(&stream.device) {
            let names = self.inner.view.with(move |view| view.people(&space)).await.unwrap_or_default();
            self.tell(SpacesEvent::Typing { space, person, name: name_or_id(&names, &person) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_signs() {
        let seed = cbor::encode(&Sign::Typing(GroupId::from_bytes([0xA5; 32])));
        assert!(seed.len() <= SIGN_BYTES);
        compeer_testkit::fuzz::run(&[seed], |bytes| {
            let Ok(sign) = cbor::decode::<Sign>(bytes, SIGN_BYTES) else { return false };
            assert_eq!(cbor::encode(&sign), bytes);
            true
        });
    }
}
