//! The newcomer's side.

use std::sync::Arc;
use std::time::Duration;

use compeer_core::group::Member;
use compeer_core::invite::{self, Host, Invite};
use compeer_core::{DeviceId, GroupId, Millis};
use compeer_mesh::{Addresses, DownReason, Link, RecvStream, SendStream, Source, StreamKind};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Cause, JoinError, JoinMessage, STEP_LIMIT, transcript};
use crate::journal::Journal;
use crate::sync::shared::Shared;
use crate::sync::wire::{self, Frames, Part};

/// How long the group's own entries may take to arrive and say that we are in it.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(60);
/// If they do not, the hosts are asked again this often.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// A clock that is wrong by a little must not keep anybody out; the host's clock decides in the end.
const CLOCK_MARGIN: Millis = 10 * 60 * 1000;
/// Bytes of the log of the person who joins.
const PERSON_BYTES: usize = wire::BATCH_BYTES;

/// Joins `invite.topic` as `person`, or as this device alone, and returns when the group's entries say so here.
pub(crate) async fn join(shared: &Arc<Shared>, invite: &Invite, person: Option<GroupId>) -> Result<GroupId, JoinError> {
    let journal = &shared.journal;
    let me = journal.device();
    let topic = invite.topic;
    // As far as is known here. Whoever was removed is told by nobody, and comes back by asking all the same.
    let seems_in = is_in(journal, &topic);
    // Whoever is in already is told so by the host, however old the invitation is.
    if !seems_in && invite.terms.expires.saturating_add(CLOCK_MARGIN) < shared.gate.now() {
        return Err(JoinError::Expired);
    }
    let member = person.map_or(Member::Device(me), Member::Group);
    let parts = match person {
        Some(person) => log_of(journal, person).await.ok_or(JoinError::NotThisPerson)?,
        None => Vec::new(),
    };
    let mut events = journal.subscribe();
    let end = Instant::now() + ARRIVAL_LIMIT;
    let mut let_in = None;
    loop {
        match ask_hosts(shared, invite, member, &parts).await {
            Ok((host, seq)) => {
                let_in = Some((host, seq));
                // From here on the host counts as a member, so that the group's entries can come.
                shared.gate.introduce(topic, host);
                journal.adopt(topic).await?;
                shared.wants_changed.notify_one();
                shared.mesh.nudge(host);
                if let Some(session) = shared.session(&host) {
                    session.ask_heights(topic);
                }
            }
            Err(error) if seems_in && !says_we_are_out(shared, &topic, &error) => {
                tracing::debug!(%error, "in already, as far as is known here");
                return Ok(topic);
            }
            Err(error @ (JoinError::Unreachable { .. } | JoinError::Refused)) if let_in.is_some() => {
                tracing::debug!(%error, "asked again");
            }
            Err(error) => {
                if let_in.is_some() && !seems_in {
                    // Somebody else was let in at the same moment by another host, and came first.
                    journal.forget(topic).await?;
                }
                return Err(error);
            }
        }
        let again = (Instant::now() + ASK_AGAIN).min(end);
        // Whoever comes back was in before, by a log that does not know of the removal yet: what is written now must come
        // after both it and the return. Anybody else is in by what the host has just written.
        let has_heard = || {
            let_in.is_none_or(|(host, seq)| {
                !seems_in || journal.heights(&topic).get(&host).is_some_and(|tip| tip.seq >= seq)
            })
        };
        let arrived = || is_in(journal, &topic) && has_heard();
        while !arrived() {
            tokio::select! {
                () = shared.stop.cancelled() => return Err(JoinError::ShuttingDown),
                // What happened is looked up, so it does not matter which events were lost.
                event = timeout_at(again, events.recv()) => if event.is_err() { break },
            }
        }
        if arrived() {
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

/// Whether a failure means that we are in no longer, although our own log says so. A host asks for nothing more where it
/// knows somebody as a member.
fn says_we_are_out(shared: &Shared, topic: &GroupId, error: &JoinError) -> bool {
    match error {
        JoinError::Expired | JoinError::Used | JoinError::Revoked => true,
        // Those who do not know the invitation may not be managers any more. While anybody talks to us, we are in.
        JoinError::Altered | JoinError::Refused => {
            let Some(rules) = shared.journal.rules(topic) else { return false };
            !shared.sessions().iter().any(|session| rules.level(&session.peer).is_some())
        }
        _ => false,
    }
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

/// Knocks at all hosts at once and asks the first that answers; if that comes to nothing, the next. Returns who let us in,
/// and how far its own log was by then.
async fn ask_hosts(
    shared: &Arc<Shared>,
    invite: &Invite,
    member: Member,
    person: &[Part],
) -> Result<(DeviceId, u64), JoinError> {
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
                refused |= matches!(error, compeer_mesh::JoinError::Refused(DownReason::Refused | DownReason::Busy));
                tried.push(host);
                continue;
            }
        };
        let proof =
            invite::proof(&invite.secret, &transcript(invite.topic, invite.terms.key, member, me, host, &visit.nonce));
        let request =
            JoinMessage::Request { topic: invite.topic, key: invite.terms.key, member, person: person.to_vec(), proof };
        match timeout(STEP_LIMIT, visit.ask(&request)).await.ok().flatten() {
            Some(JoinMessage::Accepted { seq }) => return Ok((host, seq)),
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
