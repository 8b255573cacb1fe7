//! The host's side.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use compeer_core::group::{GroupKind, InviteFault, Level, Member};
use compeer_core::key::random_bytes;
use compeer_core::{DeviceId, GroupId, Hlc, invite};
use compeer_mesh::IncomingStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::{Cause, JoinMessage, STEP_LIMIT, transcript};
use crate::journal::Journal;
use crate::sync::shared::Shared;
use crate::sync::wire::{self, Frames, Part};

/// Newcomers served at once.
const GUESTS: usize = 16;
/// Attempts of one device within [`ATTEMPTS_SPAN`].
const ATTEMPTS: u32 = 8;
const ATTEMPTS_SPAN: Duration = Duration::from_secs(60);
/// Devices whose attempts are counted.
const COUNTED: usize = 1024;

/// Receives newcomers.
pub(crate) struct Reception {
    places: Semaphore,
    /// One at a time is judged and added, so that an invitation for one does not let in two here.
    desk: tokio::sync::Mutex<()>,
    attempts: Mutex<HashMap<DeviceId, (Instant, u32)>>,
}

impl Default for Reception {
    fn default() -> Self {
        Self { places: Semaphore::new(GUESTS), desk: tokio::sync::Mutex::default(), attempts: Mutex::default() }
    }
}

impl Reception {
    /// Whether that device has tried too often of late.
    fn too_many(&self, device: DeviceId) -> bool {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if attempts.len() >= COUNTED {
            attempts.retain(|_, (since, _)| now.duration_since(*since) < ATTEMPTS_SPAN);
        }
        if attempts.len() >= COUNTED {
            return true;
        }
        let (since, count) = attempts.entry(device).or_insert((now, 0));
        if now.duration_since(*since) >= ATTEMPTS_SPAN {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count > ATTEMPTS
    }

    /// Talks to one newcomer.
    pub(crate) async fn receive(&self, shared: &Shared, stream: IncomingStream) {
        let Ok(_place) = self.places.try_acquire() else { return };
        let IncomingStream { device, mut send, recv, link: _link, .. } = stream;
        let talk = async {
            let answer = if self.too_many(device) {
                JoinMessage::Refused { cause: Cause::Busy }
            } else {
                let nonce = random_bytes().ok()?;
                wire::send(&mut send, &JoinMessage::Challenge { nonce }).await.ok()?;
                let mut frames = Frames::new(recv);
                let request = timeout(STEP_LIMIT, frames.next()).await.ok()?.ok()??;
                match self.judge(shared, device, &nonce, request).await {
                    Ok(seq) => JoinMessage::Accepted { seq },
                    Err(cause) => JoinMessage::Refused { cause },
                }
            };
            tracing::info!(guest = %device.short(), ?answer, "asked to join");
            wire::send(&mut send, &answer).await.ok()?;
            send.finish().ok()?;
            // Until the answer has arrived, the link must not be dropped.
            timeout(STEP_LIMIT, send.stopped()).await.ok()
        };
        tokio::select! {
            () = shared.stop.cancelled() => {}
            _ = Box::pin(talk) => {}
        }
    }

    async fn judge(
        &self,
        shared: &Shared,
        newcomer: DeviceId,
        nonce: &[u8; 32],
        request: JoinMessage,
    ) -> Result<u64, Cause> {
        let JoinMessage::Request { topic, key, member, person, proof } = request else { return Err(Cause::Unknown) };
        let journal = &shared.journal;
        let host = journal.device();
        // The same work whether or not the topic is here.
        let proven = invite::verify_proof(&key, &transcript(topic, key, member, newcomer, host, nonce), &proof);
        let _desk = self.desk.lock().await;
        let rules = journal.rules(&topic).ok_or(Cause::Unknown)?;
        let invitation = rules.invites().get(&key).ok_or(Cause::Unknown)?;
        if !proven || rules.level(&host) != Some(Level::Manage) || rules.ended().is_some() {
            return Err(Cause::Unknown);
        }
        // Who came in by it and was given less since is in all the same, and gets nothing more by it.
        let is_member = rules
            .members()
            .get(&member)
            .is_some_and(|info| info.level >= invitation.terms.level || invitation.used.contains(&member));
        let checked = rules.check_invite(&key, member, Hlc::new(shared.gate.now(), 0));
        let needed = match checked {
            // The answer to an earlier request was lost, or it came in another way meanwhile.
            _ if is_member => false,
            Ok(_) => true,
            Err(InviteFault::Expired) => return Err(Cause::Expired),
            Err(InviteFault::Revoked | InviteFault::InviterGone) => return Err(Cause::Revoked),
            Err(InviteFault::UsedUp) => return Err(Cause::Used),
            Err(InviteFault::Unknown | InviteFault::OtherLevel | InviteFault::AlreadyIn | InviteFault::KeyTaken) => {
                return Err(Cause::Unknown);
            }
        };
        match member {
            Member::Device(device) if device == newcomer => {}
            Member::Device(_) => return Err(Cause::Person),
            Member::Group(group) => take_person(journal, newcomer, group, person).await?,
        }
        if needed {
            let level = invitation.terms.level;
            journal.set_member(topic, member, Some(level), Some(key)).await.map_err(|error| {
                tracing::warn!(topic = %topic.short(), %error, "a newcomer could not be added");
                Cause::Busy
            })?;
        }
        journal.heights(&topic).get(&host).map(|tip| tip.seq).ok_or(Cause::Busy)
    }
}

/// Takes in the log of the person who wants to join, and checks that the newcomer's device belongs to it.
async fn take_person(journal: &Journal, newcomer: DeviceId, person: GroupId, log: Vec<Part>) -> Result<(), Cause> {
    let belongs = || {
        journal
            .rules(&person)
            .is_some_and(|rules| rules.kind() == Some(GroupKind::Person) && rules.level(&newcomer).is_some())
    };
    if belongs() {
        return Ok(());
    }
    let known = journal.wants(&person);
    if !known {
        journal.attach(person).await.map_err(|_| Cause::Busy)?;
    }
    let runs = log.into_iter().map(|part| part.into_run(person));
    let taken = journal.ingest(newcomer, runs.collect()).await;
    if taken.is_ok() && belongs() {
        return Ok(());
    }
    if !known {
        // Nothing of a stranger is kept.
        let _ = journal.forget(person).await;
    }
    Err(Cause::Person)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_device() {
        let reception = Reception::default();
        let device = |n: usize| DeviceId::from_bytes([u8::try_from(n % 256).expect("a byte"); 32]);
        assert!((0..ATTEMPTS).all(|_| !reception.too_many(device(1))));
        assert!(reception.too_many(device(1)));
        assert!(!reception.too_many(device(2)));
    }
}
