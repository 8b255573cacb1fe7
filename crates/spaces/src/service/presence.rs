//! Presence: signs that somebody is there, sent straight to who is linked.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use compeer_core::cbor;
use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId};
use compeer_mesh::{IncomingStream, Link, RecvStream, StreamKind};
use minicbor::{Decode, Encode};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use super::{Spaces, name_or_id};
use crate::error::ActError;
use crate::model::{PICTURE_BYTES, Profile, SpacesEvent};

/// Streams that carry one sign each.
pub const PRESENCE: StreamKind = StreamKind::new(33);

/// Bytes of one sign: two names and a few more beside a picture.
const SIGN_BYTES: usize = PICTURE_BYTES + 1024;
/// That somebody here types is told at most this often, unless they send what they typed.
const TOLD_EVERY: Duration = Duration::from_secs(2);
/// Of one other device it is heard at most this often.
const HEARD_EVERY: Duration = Duration::from_millis(100);
/// How long a stream may take to say its sign.
const PATIENCE: Duration = Duration::from_secs(5);
/// People whose typing is remembered, per device of ours.
const REMEMBERED: usize = 1024;

/// A sign.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) enum Sign {
    /// The sender is writing in a space, at a place in it.
    #[n(0)]
    Typing(#[n(0)] GroupId, #[n(1)] Option<EntryHash>),
    /// The sender may only read in a space, and asks to be introduced there.
    #[n(1)]
    Introduce {
        /// Where.
        #[n(0)]
        space: GroupId,
        /// How the sender's person shows itself.
        #[n(1)]
        profile: Profile,
    },
    /// The sender starts a direct talk with the receiver's person.
    #[n(2)]
    Welcome {
        /// The invitation's text.
        #[n(0)]
        invite: String,
    },
    /// Nobody is at the sender's device, or somebody is again.
    #[n(3)]
    Away {
        /// For how many milliseconds nobody has been; none once somebody is. A length of time, because clocks differ.
        #[n(0)]
        age: Option<u64>,
    },
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
    pub async fn typing(&self, space: GroupId, place: Option<EntryHash>) -> Result<(), ActError> {
        let rules = self.rules_for(&space, Level::Write)?;
        if !self.inner.typing.passes(space, None) {
            return Ok(());
        }
        let own = self.inner.journal.device();
        for link in self.inner.mesh.links() {
            if link.device() != own && rules.level(&link.device()) >= Some(Level::Read) {
                self.send_sign(link, &Sign::Typing(space, place));
            }
        }
        Ok(())
    }

    /// Sends a sign to one device. One that does not arrive is not worth a retry.
    pub(super) fn send_sign(&self, link: Link, sign: &Sign) {
        let bytes = cbor::encode(sign);
        self.inner.tasks.spawn(async move {
            let send = async {
                let (mut send, _recv) = link.open(PRESENCE).await.ok()?;
                send.write_all(&bytes).await.ok()?;
                send.finish().ok()
            };
            let _ = tokio::time::timeout(PATIENCE, send).await;
        });
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
                let IncomingStream { device, recv, send, .. } = stream;
                if let Ok(Some(sign)) = tokio::time::timeout(PATIENCE, receive(recv)).await {
                    spaces.take_in(device, sign).await;
                }
                // Open until now, so that the limit on a link's streams is one on what its device keeps us busy with.
                drop(send);
            });
        }
    }

    async fn take_in(&self, device: DeviceId, sign: Sign) {
        match sign {
            Sign::Typing(space, place) => self.somebody_types(space, place, device).await,
            Sign::Introduce { space, profile } => self.introduce_reader(space, device, profile).await,
            Sign::Welcome { invite } => self.be_welcomed(device, &invite).await,
            Sign::Away { age } => self.somebody_is_away(device, age),
        }
    }

    async fn somebody_types(&self, space: GroupId, place: Option<EntryHash>, device: DeviceId) {
        let Ok(rules) = self.rules_for(&space, Level::Read) else { return };
        if rules.level(&device) < Some(Level::Write) || !self.inner.typing.passes(space, Some(device)) {
            return;
        }
        if let Some(person) = rules.person_of(&device) {
            // What was said before is told first: a message ends the writing that came before it.
            self.catch_up(space).await;
            let names = self.inner.view.with(move |view| view.people(&space)).await.unwrap_or_default();
            self.tell(SpacesEvent::Typing { space, place, person, name: name_or_id(&names, &person) });
        }
    }
}

/// Reads one sign; `None` if it is none.
async fn receive(recv: RecvStream) -> Option<Sign> {
    let mut bytes = Vec::new();
    recv.take(SIGN_BYTES as u64 + 1).read_to_end(&mut bytes).await.ok()?;
    cbor::decode(&bytes, SIGN_BYTES).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_introduction_fits() {
        let name = "\u{1D11E}".repeat(compeer_core::limits::NAME_CHARS);
        let profile = Profile { name: name.clone(), device_name: name, picture: Some(vec![0xFF; PICTURE_BYTES]) };
        let sign = Sign::Introduce { space: GroupId::from_bytes([0xFF; 32]), profile };
        assert_eq!(cbor::decode(&cbor::encode(&sign), SIGN_BYTES), Ok(sign));
    }

    #[test]
    fn fuzz_signs() {
        let profile = Profile { name: "Ann".into(), device_name: "laptop".into(), picture: Some(vec![0xFF; 40]) };
        let space = GroupId::from_bytes([7; 32]);
        let signs = [
            Sign::Typing(space, None),
            Sign::Typing(space, Some(EntryHash::from_bytes([8; 32]))),
            Sign::Introduce { space, profile },
            Sign::Welcome { invite: "compeer1aaaa".into() },
            Sign::Away { age: None },
            Sign::Away { age: Some(u64::MAX) },
        ];
        let seeds: Vec<_> = signs.iter().map(cbor::encode).collect();
        compeer_testkit::fuzz::run(&seeds, |input| cbor::decode::<Sign>(input, SIGN_BYTES).is_ok());
    }
}
