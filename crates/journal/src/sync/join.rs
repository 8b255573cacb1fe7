//! Joining by invitation, at the join door: both sides.
//!
//! ```text
//! newcomer                               host (any device that manages the group)
//!    opens a stream  ─────────────────▶
//!                    ◀───── Challenge   a fresh nonce
//!    Request  ────────────────────────▶ checks the proof, the invitation and the person, and adds the member
//!                    ◀───── Answer      accepted, or why not
//! ```
//!
//! The TLS handshake pins the host's device id, which stands in the invitation. The proof is a signature by the
//! invitation's secret over everything that matters, both device ids and the nonce included, so it cannot be replayed,
//! passed on, or turned to another group. What the group is comes afterwards by ordinary replication, and proves itself:
//! the group's id is the hash of the act that founded it, and everything follows from that by signatures.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use compeer_core::group::{GroupKind, InviteFault, Level, Member};
use compeer_core::invite::{self, Host, Invite};
use compeer_core::key::random_bytes;
use compeer_core::{DeviceId, GroupId, Hlc, Signature, cbor};
use compeer_mesh::{Addresses, IncomingStream, Link, RecvStream, SendStream, Source, StreamKind};
use minicbor::{Decode, Encode};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::shared::Shared;
use super::wire::{self, Frames, Part};
use crate::error::WriteError;
use crate::journal::Journal;

/// Reaching one host, and each step of talking to it.
const STEP_LIMIT: Duration = Duration::from_secs(10);
/// How long the group's own entries may take to arrive and say that we are in it.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(60);
/// If they do not, the hosts are asked again this often.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Newcomers served at once.
const GUESTS: usize = 16;
/// Attempts of one device within [`ATTEMPTS_SPAN`].
const ATTEMPTS: u32 = 8;
const ATTEMPTS_SPAN: Duration = Duration::from_secs(60);
/// Devices whose attempts are counted.
const COUNTED: usize = 1024;
/// Bytes of the log of the person who joins.
const PERSON_BYTES: usize = wire::BATCH_BYTES;

/// Why joining failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The invitation's time is over.
    #[error("the invitation has expired")]
    Expired,
    /// It has let in as many as it may.
    #[error("the invitation is used up")]
    Used,
    /// It was closed before its time.
    #[error("the invitation was revoked")]
    Revoked,
    /// No device that answered knows of it: it was changed, or made for another group.
    #[error("nobody there knows this invitation")]
    Altered,
    /// None of the devices it names could be reached.
    #[error("none of the devices in the invitation could be reached")]
    Unreachable {
        /// Those that were tried.
        tried: Vec<DeviceId>,
    },
    /// They were reached and let nobody in: no invitation is open there, or they are too busy.
    #[error("the devices in the invitation let nobody in")]
    Refused,
    /// The person who wants to join is not known here, or this device does not belong to it.
    #[error("this device does not belong to the person who wants to join")]
    NotThisPerson,
    /// A host let us in, but the group's entries did not come, or do not say so. Asking again does no harm.
    #[error("let in, but the group has not arrived")]
    NotArrived,
    /// Our own journal did not take it.
    #[error(transparent)]
    Journal(#[from] WriteError),
    /// Replication is shutting down.
    #[error("shutting down")]
    ShuttingDown,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
enum JoinMessage {
    /// From the host, at once.
    #[n(0)]
    Challenge {
        #[cbor(n(0), with = "minicbor::bytes")]
        nonce: [u8; 32],
    },
    /// From the newcomer.
    #[n(1)]
    Request {
        #[n(0)]
        topic: GroupId,
        /// The invitation's public key.
        #[n(1)]
        key: DeviceId,
        /// Who joins: the newcomer's device, or the person it belongs to.
        #[n(2)]
        member: Member,
        /// All entries of that person's group.
        #[n(3)]
        person: Vec<Part>,
        #[n(4)]
        proof: Signature,
    },
    /// From the host: in.
    #[n(2)]
    Accepted,
    /// From the host: not in.
    #[n(3)]
    Refused {
        #[n(0)]
        cause: Cause,
    },
}

/// Why a host refuses. Who does not prove to hold an invitation hears [`Cause::Unknown`], whatever is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
enum Cause {
    #[n(0)]
    Unknown,
    #[n(1)]
    Expired,
    #[n(2)]
    Used,
    #[n(3)]
    Revoked,
    #[n(4)]
    Person,
    #[n(5)]
    Busy,
}

/// What the proof is over.
fn transcript(
    topic: GroupId,
    key: DeviceId,
    member: Member,
    newcomer: DeviceId,
    host: DeviceId,
    nonce: &[u8; 32],
) -> Vec<u8> {
    cbor::encode(&(topic, key, member, newcomer, host, minicbor::bytes::ByteArray::from(*nonce)))
}

// The newcomer's side.

/// Joins `invite.topic` as `person`, or as this device alone, and returns when the group's entries say so here.
pub(crate) async fn join(shared: &Arc<Shared>, invite: &Invite, person: Option<GroupId>) -> Result<GroupId, JoinError> {
    let journal = &shared.journal;
    let me = journal.device();
    let topic = invite.topic;
    if is_in(journal, &topic) {
        return Ok(topic);
    }
    if invite.terms.expires <= shared.gate.now() {
        return Err(JoinError::Expired);
    }
    let member = person.map_or(Member::Device(me), Member::Group);
    let parts = match person {
        Some(person) => log_of(journal, person).await.ok_or(JoinError::NotThisPerson)?,
        None => Vec::new(),
    };
    let mut events = journal.subscribe();
    let end = Instant::now() + ARRIVAL_LIMIT;
    let mut let_in = false;
    loop {
        match ask_hosts(shared, invite, member, &parts).await {
            Ok(host) => {
                let_in = true;
                // From here on the host counts as a member, so that the group's entries can come.
                shared.gate.introduce(topic, host);
                journal.adopt(topic).await?;
                shared.wants_changed.notify_one();
                shared.mesh.nudge(host);
                if let Some(session) = shared.session(&host) {
                    session.ask_heights(topic);
                }
            }
            Err(error @ (JoinError::Unreachable { .. } | JoinError::Refused)) if let_in => {
                tracing::debug!(%error, "asked again");
            }
            Err(error) => {
                if let_in {
                    // Somebody else was let in at the same moment by another host, and came first.
                    journal.forget(topic).await?;
                }
                return Err(error);
            }
        }
        let again = (Instant::now() + ASK_AGAIN).min(end);
        while !is_in(journal, &topic) {
            tokio::select! {
                () = shared.stop.cancelled() => return Err(JoinError::ShuttingDown),
                // What happened is looked up, so it does not matter which events were lost.
                event = timeout_at(again, events.recv()) => if event.is_err() { break },
            }
        }
        if is_in(journal, &topic) {
            return Ok(topic);
        }
        if again == end {
            return Err(JoinError::NotArrived);
        }
    }
}

fn is_in(journal: &Journal, topic: &GroupId) -> bool {
    journal.rules(topic).is_some_and(|rules| rules.level(&journal.device()).is_some())
        && journal.topics().iter().any(|info| info.topic == *topic && info.adopted)
}

/// The whole log of a person's group; `None` when it is not here, or not ours.
async fn log_of(journal: &Journal, person: GroupId) -> Option<Vec<Part>> {
    let rules = journal.rules(&person)?;
    rules.level(&journal.device())?;
    let journal = journal.clone();
    let read = tokio::task::spawn_blocking(move || {
        let mut parts = Vec::new();
        for (author, tip) in journal.heights(&person) {
            let entries = usize::try_from(tip.seq).ok()?.checked_add(1)?;
            let run = journal.run(&person, &author, 0, entries, PERSON_BYTES).ok()?;
            (run.entries.len() == entries).then_some(())?;
            parts.push(Part::from(run));
        }
        Some(parts)
    });
    read.await.ok().flatten()
}

/// Knocks at all hosts at once and asks the first that answers; if that comes to nothing, the next. Returns who let us in.
async fn ask_hosts(
    shared: &Arc<Shared>,
    invite: &Invite,
    member: Member,
    person: &[Part],
) -> Result<DeviceId, JoinError> {
    let me = shared.journal.device();
    add_relays(shared, &invite.relays).await;
    let mut knocking = JoinSet::new();
    for host in invite.hosts.iter().filter(|host| host.device != me) {
        let (shared, host) = (shared.clone(), host.clone());
        knocking.spawn(async move { (host.device, knock(&shared, &host).await) });
    }
    let (mut tried, mut refused, mut unknown) = (Vec::new(), false, false);
    loop {
        let answered = tokio::select! {
            () = shared.stop.cancelled() => return Err(JoinError::ShuttingDown),
            answered = knocking.join_next() => answered,
        };
        let Some(answered) = answered else { break };
        let Ok((host, answered)) = answered else { continue };
        let visit = match answered {
            Ok(visit) => visit,
            Err(error) => {
                refused |= matches!(error, compeer_mesh::JoinError::Refused(_));
                tried.push(host);
                continue;
            }
        };
        let proof =
            invite::proof(&invite.secret, &transcript(invite.topic, invite.terms.key, member, me, host, &visit.nonce));
        let request =
            JoinMessage::Request { topic: invite.topic, key: invite.terms.key, member, person: person.to_vec(), proof };
        match timeout(STEP_LIMIT, visit.ask(&request)).await.ok().flatten() {
            Some(JoinMessage::Accepted) => return Ok(host),
            Some(JoinMessage::Refused { cause: Cause::Expired }) => return Err(JoinError::Expired),
            Some(JoinMessage::Refused { cause: Cause::Used }) => return Err(JoinError::Used),
            Some(JoinMessage::Refused { cause: Cause::Revoked }) => return Err(JoinError::Revoked),
            Some(JoinMessage::Refused { cause: Cause::Person }) => return Err(JoinError::NotThisPerson),
            // It may not have heard of the invitation yet, so the others are asked as well.
            Some(JoinMessage::Refused { cause: Cause::Unknown }) => unknown = true,
            Some(JoinMessage::Refused { cause: Cause::Busy }) => refused = true,
            Some(JoinMessage::Challenge { .. } | JoinMessage::Request { .. }) | None => tried.push(host),
        }
    }
    Err(match (unknown, refused) {
        (true, _) => JoinError::Altered,
        (false, true) => JoinError::Refused,
        (false, false) => JoinError::Unreachable { tried },
    })
}

/// Uses the relays named in the invitation from now on: whoever pastes an invitation names them.
async fn add_relays(shared: &Shared, named: &[String]) {
    let mut relays = shared.mesh.relays();
    let before = relays.len();
    for relay in named.iter().filter_map(|relay| relay.parse::<compeer_mesh::RelaySpec>().ok()) {
        if !relays.iter().any(|known| known.url() == relay.url()) {
            relays.push(relay);
        }
    }
    if relays.len() > before {
        shared.mesh.set_relays(relays).await;
    }
}

/// A host that has answered and waits for our request.
struct Visit {
    // The link ends with its last clone, its streams included.
    _link: Link,
    send: SendStream,
    frames: Frames<RecvStream>,
    nonce: [u8; 32],
}

async fn knock(shared: &Shared, host: &Host) -> Result<Visit, compeer_mesh::JoinError> {
    let addresses = Addresses::direct(host.addrs.iter().copied());
    shared.mesh.learn(host.device, addresses.clone(), Source::Given);
    let link = shared.mesh.join(host.device, addresses, STEP_LIMIT).await?;
    // The host turns guests away after the handshake, so it may show only here.
    let lost = || link.down().map_or(compeer_mesh::JoinError::TimedOut, compeer_mesh::JoinError::Refused);
    let (send, recv) = link.open(StreamKind::JOIN).await.map_err(|_| lost())?;
    let mut frames = Frames::new(recv);
    match timeout(STEP_LIMIT, frames.next()).await {
        Ok(Ok(Some(JoinMessage::Challenge { nonce }))) => Ok(Visit { _link: link, send, frames, nonce }),
        _ => Err(lost()),
    }
}

impl Visit {
    async fn ask(mut self, request: &JoinMessage) -> Option<JoinMessage> {
        wire::send(&mut self.send, request).await.ok()?;
        self.frames.next().await.ok()?
    }
}

// The host's side.

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
                    Ok(()) => JoinMessage::Accepted,
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
    ) -> Result<(), Cause> {
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
        let is_member = rules.members().get(&member).is_some_and(|info| info.level >= invitation.terms.level);
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
        Ok(())
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
    let runs: VecDeque<_> = log.into_iter().map(|part| part.into_run(person)).collect();
    let taken = journal.ingest(newcomer, runs.into()).await;
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
    use proptest::prelude::*;

    #[test]
    fn messages_round_trip() {
        let device = DeviceId::from_bytes([1; 32]);
        let request = JoinMessage::Request {
            topic: GroupId::from_bytes([2; 32]),
            key: device,
            member: Member::Device(device),
            person: vec![],
            proof: Signature::from_bytes([3; 64]),
        };
        for message in [JoinMessage::Challenge { nonce: [4; 32] }, request, JoinMessage::Accepted] {
            let mut frames = Frames::new(&*Box::leak(wire::frame(&message).into_boxed_slice()));
            assert_eq!(frames.next_now::<JoinMessage>().expect("reads"), Some(message));
        }
    }

    #[test]
    fn attempts_are_counted_by_device() {
        let reception = Reception::default();
        let device = |n: usize| DeviceId::from_bytes([u8::try_from(n % 256).expect("a byte"); 32]);
        assert!((0..ATTEMPTS).all(|_| !reception.too_many(device(1))));
        assert!(reception.too_many(device(1)));
        assert!(!reception.too_many(device(2)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = cbor::decode::<JoinMessage>(&bytes, wire::FRAME_BYTES);
        }
    }
}
