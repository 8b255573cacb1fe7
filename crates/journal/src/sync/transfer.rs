//! Entries in bulk: asking for them on a stream of their own, answering such a request, and cutting logs into messages.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use compeer_core::{DeviceId, GroupId};
use compeer_mesh::{RecvStream, SendStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::SYNC;
use super::session::{End, Misconduct, Session};
use super::shared::Shared;
use super::wire::{self, BATCH_BYTES, BATCH_ENTRIES, Frames, Message, Part, Range};
use crate::error::ReadError;
use crate::journal::Journal;
use crate::run::RawEntry;

/// Requests of one device answered at once; as many are asked of it.
pub(crate) const SERVED_AT_ONCE: usize = 4;
/// A request that brings nothing for this long is given up, and somebody else is asked.
const STALL: Duration = Duration::from_secs(10);
/// A device that let a request wait is asked again after this long, times how often it did so.
const STALL_PAUSE: Duration = Duration::from_secs(10);
/// Talk goes before answers to requests.
const BULK_PRIORITY: i32 = -1;

/// Bytes of an entry.
pub(crate) fn size(entry: &RawEntry) -> usize {
    entry.header.len() + entry.body.as_ref().map_or(0, Vec::len)
}

/// Takes the next message's worth of entries off the ranges, which shrink.
fn next_batch(journal: &Journal, topic: &GroupId, ranges: &mut VecDeque<Range>) -> Result<Vec<Part>, ReadError> {
    let mut parts = Vec::new();
    let (mut bytes, mut entries) = (0, 0);
    while bytes < BATCH_BYTES && entries < BATCH_ENTRIES {
        let Some(range) = ranges.front_mut() else { break };
        let left = range.to.checked_sub(range.from).map_or(0, |last| last.saturating_add(1));
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(BATCH_ENTRIES - entries);
        if most == 0 {
            ranges.pop_front();
            continue;
        }
        let part = Part::from(journal.run(topic, &range.author, range.from, most, BATCH_BYTES - bytes)?);
        if part.entries.is_empty() {
            ranges.pop_front();
            continue;
        }
        range.from = part.end();
        bytes += part.entries.iter().map(size).sum::<usize>();
        entries += part.entries.len();
        parts.push(part);
    }
    Ok(parts)
}

/// Sends entries to `peer`, message by message, for as long as it may have them; `sent` hears of each message.
pub(crate) async fn send_ranges(
    shared: &Shared,
    peer: &DeviceId,
    stream: &mut SendStream,
    topic: GroupId,
    mut ranges: VecDeque<Range>,
    sent: impl Fn(&[Part]),
) -> Result<(), End> {
    while !ranges.is_empty() {
        let journal = shared.journal.clone();
        let read = tokio::task::spawn_blocking(move || {
            let parts = next_batch(&journal, &topic, &mut ranges)?;
            Ok::<_, ReadError>((parts, ranges))
        });
        let parts = match read.await {
            Ok(Ok((parts, rest))) => {
                ranges = rest;
                parts
            }
            // Forgotten while it was being read.
            Ok(Err(ReadError::UnknownTopic)) => return Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "entries could not be read");
                return Err(End::Journal);
            }
            Err(_) => return Err(End::Stopped),
        };
        // Asked for each message: a removal counts from the moment it is known.
        if parts.is_empty() || !shared.journal.may_pull(peer, &topic) {
            return Ok(());
        }
        sent(&parts);
        wire::send(stream, &Message::Entries { topic, parts }).await?;
    }
    Ok(())
}

/// Answers a request.
pub(crate) async fn serve(
    shared: &Shared,
    session: &Session,
    mut send: SendStream,
    topic: GroupId,
    ranges: Vec<Range>,
) {
    let Ok(_place) = session.serving.acquire().await else { return };
    // A stream that is gone has no priority, which the first write will notice.
    let _ = send.set_priority(BULK_PRIORITY);
    session.asked_for(&shared.journal.tree(&topic));
    let served = tokio::select! {
        () = session.stop.cancelled() => return,
        served = send_ranges(shared, &session.peer, &mut send, topic, ranges.into(), |parts| session.has(topic, parts)) => served,
    };
    if served.is_ok() {
        let _ = send.finish();
    }
}

/// Fetches what the other device offers, a few requests at a time, until something ends the session.
pub(crate) async fn fetch(session: &Arc<Session>, shared: &Arc<Shared>) -> End {
    let mut asked: JoinSet<(GroupId, Vec<Range>, Result<Asked, End>)> = JoinSet::new();
    let mut under_way = Flights { shared: shared.clone(), peer: session.peer, flying: BTreeMap::new() };
    let mut stalls = 0;
    let mut paused: Option<Instant> = None;
    loop {
        while paused.is_none() && asked.len() < SERVED_AT_ONCE {
            let Some((topic, ranges)) = shared.pulls().plan(&session.peer, |topic| shared.journal.heights(topic))
            else {
                break;
            };
            under_way.take_off(topic, &ranges);
            let (session, shared) = (session.clone(), shared.clone());
            asked.spawn(async move {
                let result = ask(&session, &shared, topic, &ranges).await;
                (topic, ranges, result)
            });
        }
        let hints_at = session.hints_at();
        tokio::select! {
            Some(Ok((topic, ranges, result))) = asked.join_next(), if !asked.is_empty() => {
                under_way.land(topic, &ranges);
                match result {
                    Ok(Asked::Answered) => {}
                    Ok(Asked::Stalled) => {
                        stalls += 1;
                        paused = Some(Instant::now() + STALL_PAUSE * stalls);
                    }
                    // Refused or reset: the talk ends with the link, if that is what happened.
                    Err(End::Gone) => {}
                    Err(end) => return end,
                }
            }
            () = session.fetch.notified() => {}
            () = sleep_until(paused.unwrap_or_else(Instant::now)), if paused.is_some() => paused = None,
            () = sleep_until(hints_at.unwrap_or_else(Instant::now)), if hints_at.is_some() => {
                for ((topic, author), seq) in session.take_hints(Instant::now()) {
                    shared.pulls().offer(session.peer, topic, author, seq);
                }
            }
        }
    }
}

/// What is being fetched from one device: given back when the session ends, however it ends.
struct Flights {
    shared: Arc<Shared>,
    peer: DeviceId,
    flying: BTreeMap<(GroupId, DeviceId), Range>,
}

impl Flights {
    fn take_off(&mut self, topic: GroupId, ranges: &[Range]) {
        self.flying.extend(ranges.iter().map(|range| ((topic, range.author), *range)));
    }

    fn land(&mut self, topic: GroupId, ranges: &[Range]) {
        for range in ranges {
            self.flying.remove(&(topic, range.author));
        }
        self.shared.fetched(&self.peer, topic, ranges);
    }
}

impl Drop for Flights {
    fn drop(&mut self) {
        for ((topic, _), range) in std::mem::take(&mut self.flying) {
            self.shared.fetched(&self.peer, topic, &[range]);
        }
    }
}

/// What became of a request.
enum Asked {
    /// Whatever there was has come.
    Answered,
    /// Nothing came for long.
    Stalled,
}

/// One request: asks, takes in what comes, and checks that it is what was asked for.
async fn ask(session: &Session, shared: &Shared, topic: GroupId, ranges: &[Range]) -> Result<Asked, End> {
    let (mut send, recv) = session.link.open(SYNC).await.map_err(|_| End::Gone)?;
    wire::send(&mut send, &Message::Want { topic, ranges: ranges.to_vec() }).await?;
    // Only tells the other side that nothing follows.
    let _ = send.finish();
    let mut frames: Frames<RecvStream> = Frames::new(recv);
    let mut left: BTreeMap<DeviceId, Range> = ranges.iter().map(|range| (range.author, *range)).collect();
    loop {
        let message = match timeout(STALL, frames.next()).await {
            Err(_) => return Ok(Asked::Stalled),
            Ok(message) => message?,
        };
        let Some(Message::Entries { topic: of, parts }) = message else {
            return if message.is_none() { Ok(Asked::Answered) } else { Err(End::Misconduct(Misconduct::OutOfPlace)) };
        };
        for part in &parts {
            let fits = |range: &&mut Range| {
                of == topic && range.from == part.first && part.end() <= range.to.saturating_add(1)
            };
            let Some(range) = left.get_mut(&part.author).filter(fits).filter(|_| !part.entries.is_empty()) else {
                return Err(End::Misconduct(Misconduct::Unasked));
            };
            range.from = part.end();
        }
        session.has(topic, &parts);
        session.take_in(shared, parts.into_iter().map(|part| part.into_run(topic)).collect()).await?;
    }
}
