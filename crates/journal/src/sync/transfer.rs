//! Entries in bulk: asking for them on a stream of their own, answering such a request, and cutting logs into messages.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use compeer_core::{DeviceId, GroupId};
use compeer_mesh::{RecvStream, SendStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::SYNC;
use super::seeking::GROUPS;
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
fn size(entry: &RawEntry) -> usize {
    entry.header.len() + entry.body.as_ref().map_or(0, Vec::len)
}

/// Bytes of all entries in these.
pub(crate) fn bytes_of(parts: &[Part]) -> usize {
    parts.iter().flat_map(|part| &part.entries).map(size).sum()
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
        let mut part = Part::from(journal.run(topic, &range.author, range.from, most, BATCH_BYTES - bytes)?);
        // Beyond what was left out there may be less to say than there was room for.
        let upto = range.to.saturating_add(1).saturating_sub(part.first);
        part.entries.truncate(usize::try_from(upto).unwrap_or(usize::MAX));
        if part.entries.is_empty() {
            ranges.pop_front();
            continue;
        }
        range.from = part.end();
        bytes += bytes_of(std::slice::from_ref(&part));
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

/// Answers a request for all of some groups.
pub(crate) async fn serve_groups(shared: &Shared, session: &Session, mut send: SendStream, groups: Vec<GroupId>) {
    let Ok(_place) = session.serving.acquire().await else { return };
    let _ = send.set_priority(BULK_PRIORITY);
    let served = tokio::select! {
        () = session.stop.cancelled() => return,
        served = send_groups(shared, session, &mut send, groups) => served,
    };
    if served.is_ok() {
        let _ = send.finish();
    }
}

async fn send_groups(
    shared: &Shared,
    session: &Session,
    stream: &mut SendStream,
    mut groups: Vec<GroupId>,
) -> Result<(), End> {
    groups.truncate(GROUPS);
    let whole = |group: GroupId| {
        let logs = shared.journal.heights(&group);
        let ranges = logs.into_iter().map(|(author, tip)| Range { author, from: 0, to: tip.seq });
        (group, ranges.collect::<VecDeque<_>>())
    };
    let may_pull = |group: &GroupId| shared.journal.may_pull(&session.peer, group);
    let mut left: VecDeque<_> = groups.into_iter().filter(may_pull).map(whole).collect();
    while !left.is_empty() {
        let journal = shared.journal.clone();
        let read = tokio::task::spawn_blocking(move || {
            let batches = next_batches(&journal, &mut left)?;
            Ok::<_, ReadError>((batches, left))
        });
        let batches = match read.await {
            Ok(Ok((batches, rest))) => {
                left = rest;
                batches
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "entries could not be read");
                return Err(End::Journal);
            }
            Err(_) => return Err(End::Stopped),
        };
        for (topic, parts) in batches {
            if may_pull(&topic) {
                session.has(topic, &parts);
                wire::send(stream, &Message::Entries { topic, parts }).await?;
            }
        }
    }
    Ok(())
}

/// Takes some messages' worth of entries off the ranges of these groups, which shrink.
fn next_batches(
    journal: &Journal,
    groups: &mut VecDeque<(GroupId, VecDeque<Range>)>,
) -> Result<Vec<(GroupId, Vec<Part>)>, ReadError> {
    let mut batches = Vec::new();
    let mut bytes = 0;
    while let Some((topic, ranges)) = groups.front_mut().filter(|_| bytes < BATCH_BYTES) {
        let parts = match next_batch(journal, topic, ranges) {
            // Forgotten meanwhile.
            Err(ReadError::UnknownTopic) => Vec::new(),
            read => read?,
        };
        if parts.is_empty() {
            groups.pop_front();
            continue;
        }
        bytes += bytes_of(&parts);
        batches.push((*topic, parts));
    }
    Ok(batches)
}

/// Fetches what the other device offers, a few requests at a time, until something ends the session.
pub(crate) async fn fetch(session: &Arc<Session>, shared: &Arc<Shared>) -> End {
    let mut asked: JoinSet<(Request, Result<Asked, End>)> = JoinSet::new();
    let mut under_way = Flights {
        shared: shared.clone(),
        peer: session.peer,
        flying: BTreeMap::new(),
        bodies: BTreeSet::new(),
        groups: BTreeSet::new(),
    };
    let mut stalls = 0;
    let mut paused: Option<Instant> = None;
    loop {
        while paused.is_none() && asked.len() < SERVED_AT_ONCE {
            let groups = shared.plan_groups(&session.peer);
            let request = if groups.is_empty() {
                let mut pulls = shared.pulls();
                let ranges = pulls.plan(&session.peer, |topic| shared.journal.heights(topic));
                let ranges = ranges.map(|(topic, ranges)| Request::Ranges(topic, ranges));
                let bodies = || pulls.plan_bodies(&session.peer).map(Request::bodies);
                let Some(request) = ranges.or_else(bodies) else { break };
                request
            } else {
                Request::Groups(groups)
            };
            under_way.take_off(&request);
            let (session, shared) = (session.clone(), shared.clone());
            asked.spawn(async move {
                let mut request = request;
                let result = match &mut request {
                    Request::Ranges(topic, ranges) => ask(&session, &shared, *topic, ranges).await,
                    Request::Bodies { topic, author, from, more } => {
                        ask_bodies(&session, &shared, *topic, *author, *from, more).await
                    }
                    Request::Groups(groups) => ask_groups(&session, &shared, groups).await,
                };
                (request, result)
            });
        }
        let hints_at = session.hints_at();
        tokio::select! {
            Some(Ok((request, result))) = asked.join_next(), if !asked.is_empty() => {
                under_way.land(&request);
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

/// What is asked for at once.
enum Request {
    /// Parts of logs of one topic.
    Ranges(GroupId, Vec<Range>),
    /// Bodies of a log that are lacking here, from a number on.
    Bodies {
        topic: GroupId,
        author: DeviceId,
        from: u64,
        /// From where on there are more of them than one request takes.
        more: Option<u64>,
    },
    /// All of these groups.
    Groups(BTreeSet<GroupId>),
}

impl Request {
    fn bodies((topic, author, from): (GroupId, DeviceId, u64)) -> Self {
        Self::Bodies { topic, author, from, more: None }
    }
}

/// What is being fetched from one device: given back when the session ends, however it ends.
struct Flights {
    shared: Arc<Shared>,
    peer: DeviceId,
    flying: BTreeMap<(GroupId, DeviceId), Range>,
    bodies: BTreeSet<(GroupId, DeviceId)>,
    groups: BTreeSet<GroupId>,
}

impl Flights {
    fn take_off(&mut self, request: &Request) {
        match request {
            Request::Ranges(topic, ranges) => {
                self.flying.extend(ranges.iter().map(|range| ((*topic, range.author), *range)));
            }
            Request::Bodies { topic, author, .. } => drop(self.bodies.insert((*topic, *author))),
            Request::Groups(groups) => self.groups.extend(groups),
        }
    }

    fn land(&mut self, request: &Request) {
        match request {
            Request::Ranges(topic, ranges) => {
                for range in ranges {
                    self.flying.remove(&(*topic, range.author));
                }
                self.shared.fetched(&self.peer, *topic, ranges);
            }
            Request::Bodies { topic, author, more, .. } => {
                self.bodies.remove(&(*topic, *author));
                self.shared.fetched_bodies(&self.peer, *topic, *author, *more);
            }
            Request::Groups(groups) => {
                self.groups.retain(|group| !groups.contains(group));
                self.shared.sought(groups);
            }
        }
    }
}

impl Drop for Flights {
    fn drop(&mut self) {
        for ((topic, _), range) in std::mem::take(&mut self.flying) {
            self.shared.fetched(&self.peer, topic, &[range]);
        }
        for (topic, author) in std::mem::take(&mut self.bodies) {
            self.shared.fetched_bodies(&self.peer, topic, author, None);
        }
        if !self.groups.is_empty() {
            self.shared.sought(&self.groups);
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
                of == topic && part.start() == Some(range.from) && part.end() <= range.to.saturating_add(1)
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

/// One request for bodies that are lacking here: for all entries from the first to the last of a stretch of them, since those
/// between have mostly been dropped, too. Tells from where on there are `more`.
async fn ask_bodies(
    session: &Session,
    shared: &Shared,
    topic: GroupId,
    author: DeviceId,
    from: u64,
    more: &mut Option<u64>,
) -> Result<Asked, End> {
    let journal = shared.journal.clone();
    let lacking = tokio::task::spawn_blocking(move || journal.lacking(&topic, &author, from));
    let (from, to) = match lacking.await {
        Ok(Ok(Some(stretch))) => stretch,
        Ok(Ok(None) | Err(ReadError::UnknownTopic)) => return Ok(Asked::Answered),
        Ok(Err(error)) => {
            tracing::warn!(%error, "what is lacking could not be read");
            return Err(End::Journal);
        }
        Err(_) => return Err(End::Stopped),
    };
    *more = Some(to.saturating_add(1));
    ask(session, shared, topic, &[Range { author, from, to }]).await
}

/// One request for all of these groups. What comes is taken in together: each time that somebody becomes known, the rules of
/// the groups that they are in are worked out anew.
async fn ask_groups(session: &Session, shared: &Shared, groups: &BTreeSet<GroupId>) -> Result<Asked, End> {
    let (mut send, recv) = session.link.open(SYNC).await.map_err(|_| End::Gone)?;
    wire::send(&mut send, &Message::WantGroups { groups: groups.iter().copied().collect() }).await?;
    let _ = send.finish();
    let mut frames: Frames<RecvStream> = Frames::new(recv);
    let mut here: BTreeMap<(GroupId, DeviceId), u64> = BTreeMap::new();
    loop {
        let (mut runs, mut bytes) = (Vec::new(), 0);
        let end = loop {
            if bytes >= BATCH_BYTES {
                break None;
            }
            let message = match timeout(STALL, frames.next()).await {
                Err(_) => break Some(Asked::Stalled),
                Ok(message) => message?,
            };
            let Some(message) = message else { break Some(Asked::Answered) };
            let Message::Entries { topic, parts } = message else {
                return Err(End::Misconduct(Misconduct::OutOfPlace));
            };
            for part in &parts {
                let next = here.entry((topic, part.author)).or_default();
                if !groups.contains(&topic) || part.entries.is_empty() || part.start() != Some(*next) {
                    return Err(End::Misconduct(Misconduct::Unasked));
                }
                *next = part.end();
            }
            bytes += bytes_of(&parts);
            session.has(topic, &parts);
            runs.extend(parts.into_iter().map(|part| part.into_run(topic)));
        };
        if !runs.is_empty() {
            session.take_in(shared, runs).await?;
        }
        if let Some(end) = end {
            return Ok(end);
        }
    }
}
