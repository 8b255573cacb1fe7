//! Takes in what a peer sent.
//!
//! Everything that needs only the bytes (decoding, hashes, the chain within a run, its last signature) is done by the
//! caller's thread; the engine then only has to fit each run to the log it has.

use std::collections::BTreeMap;
use std::sync::Arc;

use compeer_core::entry::verify_run;
use compeer_core::limits::CLOCK_AHEAD_MS;
use compeer_core::{BodyClass, DeviceId, Entry, EntryError, GroupId, Hlc, SignedHeader, Tip};

use crate::engine::Engine;
use crate::error::IngestError;
use crate::event::ProblemCause;
use crate::fork::Fork;
use crate::identity::Asking;
use crate::run::{IngestReport, RawEntry, Refusal, Refused, Run, Wanted};
use crate::settle::Fresh;
use crate::store::{SEQ_LIMIT, StoreError, entry_id, write};
use crate::topic::Topic;

/// Logs by devices that the rules do not know, per topic.
const STRANGERS: usize = 64;
/// Bytes of runs that are kept because their last signature did not hold.
const CARRIED_BYTES: usize = 8 * 1024 * 1024;

/// A run whose chain and bodies hold.
#[derive(Debug)]
pub(crate) struct Checked {
    topic: GroupId,
    author: DeviceId,
    /// How many entries before the first one the sender left out.
    pruned: u64,
    entries: Vec<Entry>,
    /// Whether its last signature holds, and with it all of it.
    settled: bool,
}

/// Checks what can be checked without the log that the run continues. `None` for an empty run.
pub(crate) fn check(run: Run) -> Result<Option<Checked>, Refused> {
    let Run { topic, author, first, pruned, entries } = run;
    let refuse = |why: String| Refused { topic, author, cause: Refusal::Invalid(why) };
    let mut decoded = Vec::with_capacity(entries.len());
    for (seq, RawEntry { header, body }) in (first..SEQ_LIMIT).zip(entries) {
        let header = SignedHeader::decode(&header).map_err(|error| refuse(error.to_string()))?;
        if header.topic != topic || header.author != author || header.seq != seq {
            return Err(refuse("an entry of another place".into()));
        }
        if body.is_none() && header.class != BodyClass::Data {
            // Nothing else is ever dropped. Data without its body is taken, and the body is asked for.
            return Err(refuse("a body is missing".into()));
        }
        decoded.push(Entry { header, body });
    }
    let Some(head) = decoded.first() else { return Ok(None) };
    // Within itself, the run starts behind whatever it says it continues.
    let claimed = (head.header.seq > 0).then(|| Tip {
        seq: head.header.seq - 1,
        hash: head.header.prev,
        clock: Hlc::from_bits(head.header.clock.bits().saturating_sub(1)),
    });
    let settled = match verify_run(claimed, &decoded) {
        Ok(_) => true,
        Err(EntryError::Signature) => false,
        Err(error) => return Err(refuse(error.to_string())),
    };
    Ok(Some(Checked { topic, author, pruned, entries: decoded, settled }))
}

/// Runs whose last signature did not hold, by log.
#[derive(Default)]
pub(crate) struct Carried {
    /// Each with how many entries before it were left out.
    runs: BTreeMap<(GroupId, DeviceId), (u64, Vec<Entry>)>,
    bytes: usize,
}

impl Carried {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn forget(&mut self, topic: &GroupId) {
        let logs: Vec<_> = self.runs.keys().filter(|(of, _)| of == topic).copied().collect();
        logs.into_iter().for_each(|log| drop(self.take(log)));
    }

    fn take(&mut self, log: (GroupId, DeviceId)) -> (u64, Vec<Entry>) {
        let (pruned, run) = self.runs.remove(&log).unwrap_or_default();
        self.bytes -= size(&run);
        (pruned, run)
    }

    /// Keeps a run if there is room for it.
    fn keep(&mut self, log: (GroupId, DeviceId), pruned: u64, run: Vec<Entry>) {
        self.take(log);
        let size = size(&run);
        if self.bytes + size <= CARRIED_BYTES {
            self.bytes += size;
            self.runs.insert(log, (pruned, run));
        }
    }

    /// Puts what was kept of this log in front of the run that continues it.
    fn join(&mut self, run: &mut Checked) {
        let log = (run.topic, run.author);
        let continues = self.runs.get(&log).and_then(|(_, kept)| kept.last()).is_some_and(|last| {
            let next = run.entries.first().map(|entry| &entry.header);
            next.is_some_and(|next| next.prev == last.header.hash() && next.clock > last.header.clock)
        });
        if continues {
            let (pruned, mut joined) = self.take(log);
            joined.append(&mut run.entries);
            (run.pruned, run.entries) = (pruned, joined);
        }
    }
}

fn size(run: &[Entry]) -> usize {
    run.iter().map(|entry| entry.header.bytes().len() + entry.body.as_ref().map_or(0, Vec::len)).sum()
}

/// How a run fits the log that is here.
enum Fit {
    /// It starts behind the log's end; wanted is this number.
    Gap(u64),
    /// The log reaches as far. Entries up to this number are part of it, whether they are here or not.
    Known(Option<u64>),
    /// It continues the log from its entry of this index on.
    Continues(usize),
    /// It is dated no later than the entry before it.
    Standstill,
    /// It contradicts the log: another entry stands at this number here, with this header.
    Fork { seq: u64, ours: Vec<u8>, theirs: Vec<u8> },
}

impl Engine {
    /// Takes checked runs in.
    pub(crate) fn ingest(
        &mut self,
        from: DeviceId,
        runs: Vec<Checked>,
        refused: Vec<Refused>,
    ) -> Result<IngestReport, IngestError> {
        let mut report = IngestReport { refused, ..IngestReport::default() };
        let mut fresh = Fresh::default();
        let mut logs: Vec<(GroupId, DeviceId)> = Vec::new();
        for run in runs {
            let (topic, author) = (run.topic, run.author);
            if let Err(cause) = self.take_run(from, run, &mut fresh, &mut report)? {
                report.refused.push(Refused { topic, author, cause });
            }
            logs.push((topic, author));
        }
        for id in self.settle(fresh)? {
            self.schedule_grants(&id, false);
        }
        logs.sort_unstable();
        logs.dedup();
        for (id, author) in logs {
            let Some(topic) = self.topics.0.get(&id) else { continue };
            if let Some(tip) = topic.logs.get(&author).and_then(|log| log.tip) {
                report.heights.push((id, author, tip));
            }
            if author == self.me {
                self.check_own_height(id)?;
            }
        }
        Ok(report)
    }

    fn take_run(
        &mut self,
        from: DeviceId,
        mut run: Checked,
        fresh: &mut Fresh,
        report: &mut IngestReport,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let (id, author) = (run.topic, run.author);
        let Some(topic) = self.topics.0.get(&id) else { return Ok(Err(Refusal::NotWanted)) };
        let returned = topic.asking == Asking::Returned;
        let log = topic.logs.get(&author);
        let frozen = topic.forks.contains_key(&author);
        if frozen && log.is_none_or(|log| log.lacks.is_none()) {
            return Ok(Err(Refusal::Frozen));
        }
        if log.is_none() && is_crowded_by_strangers(topic, &author) {
            return Ok(Err(Refusal::Strangers));
        }
        self.carried.join(&mut run);
        let start = match self.fit(&run)? {
            // Nothing new is taken of it; bodies of what was taken may be lacking.
            fit if frozen && !matches!(fit, Fit::Known(_)) => return Ok(Err(Refusal::Frozen)),
            Fit::Gap(from) => {
                report.wanted.push(Wanted { topic: id, author, from });
                return Ok(Ok(()));
            }
            Fit::Known(upto) => {
                let entries = &run.entries;
                let part = entries.iter().take_while(|entry| Some(entry.header.seq) <= upto).count();
                let filled = self.fill(from, id, author, &entries[..part], fresh)?;
                report.known += entries.len() as u64 - filled;
                report.stored += filled;
                return Ok(Ok(()));
            }
            Fit::Standstill => return Ok(Err(Refusal::Invalid("time stands still".into()))),
            Fit::Fork { .. } if !run.settled => {
                return Ok(Err(Refusal::Invalid("the signature is not the author's".into())));
            }
            Fit::Fork { seq, ours, theirs } => {
                self.freeze(id, author, seq, &ours, &theirs)?;
                return Ok(Err(Refusal::Frozen));
            }
            Fit::Continues(start) => start,
        };
        let Checked { mut entries, settled, pruned, .. } = run;
        let mut new = entries.split_off(start);
        let filled = self.fill(from, id, author, &entries, fresh)?;
        report.known += start as u64 - filled;
        report.stored += filled;
        if !settled {
            self.carried.keep((id, author), pruned, new);
            return Ok(Err(Refusal::Unsettled));
        }
        // What lies behind the cut has vouched for what lies before it.
        let latest = self.shared.now().saturating_add(CLOCK_AHEAD_MS);
        let ahead = new.iter().position(|entry| entry.header.clock.millis() > latest);
        let ahead = ahead.map(|at| (at, new[at].header.clock.millis()));
        if let Some((at, millis)) = ahead {
            new.truncate(at);
            if self.warned.insert(author) {
                self.problem(author, id, ProblemCause::ClockAhead { millis });
            }
        }
        // Of a space that was left and is joined again nothing else is to be expected.
        if author == self.me && !new.is_empty() && !returned {
            self.problem(author, id, ProblemCause::Restored { entries: new.len() as u64 });
        }
        report.stored += new.len() as u64;
        for entry in new {
            self.store_entry(entry, Some(from), fresh)?;
        }
        Ok(match ahead {
            Some((_, millis)) => Err(Refusal::ClockAhead { until: millis - CLOCK_AHEAD_MS }),
            None => Ok(()),
        })
    }

    /// Compares a run with the log that is here. Hashes are compared at one place only: the chains answer for the rest.
    fn fit(&self, run: &Checked) -> Result<Fit, StoreError> {
        let Checked { topic, author, pruned, entries, settled } = run;
        let log = self.topics.0.get(topic).and_then(|topic| topic.logs.get(author));
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(Fit::Known(None)) };
        let (begin, end) = (first.header.seq, last.header.seq);
        let (Some(row), Some(tip)) = (log.map(|log| log.row), log.and_then(|log| log.tip)) else {
            return Ok(if begin <= *pruned { Fit::Continues(0) } else { Fit::Gap(0) });
        };
        let next = tip.seq + 1;
        if begin > next && begin - next > *pruned {
            return Ok(Fit::Gap(next));
        }
        if begin > next || (begin == next && first.header.prev == tip.hash) {
            return Ok(if first.header.clock > tip.clock { Fit::Continues(0) } else { Fit::Standstill });
        }
        let at = |seq: u64| entries.get(usize::try_from(seq.checked_sub(begin)?).ok()?);
        // The last entry that both have, or else those beside each other at one end of the run: in a hole here there is none.
        let upto = end.min(tip.seq);
        let shared = write::last_of(&self.db, row, begin, upto)?;
        let before = || begin.checked_sub(1).map_or(Ok(None), |seq| write::entry(&self.db, entry_id(row, seq)));
        let behind = write::entry(&self.db, entry_id(row, upto + 1))?.filter(|_| upto == end);
        let mut compared = Vec::new();
        if let Some(ours) = shared {
            let theirs = at(ours.header.seq).map(|entry| entry.header.clone());
            let same = theirs.as_ref().is_some_and(|theirs| theirs.hash() == ours.header.hash());
            compared.extend(theirs.map(|theirs| (same, ours.header, theirs)));
        } else if let Some(ours) = before()? {
            compared.push((first.header.prev == ours.header.hash(), ours.header, first.header.clone()));
        }
        if let Some(ours) = behind {
            compared.push((ours.header.prev == last.header.hash(), ours.header, last.header.clone()));
        }
        if let Some((_, ours, theirs)) = compared.iter().find(|(same, ..)| !same) {
            return Ok(Fit::Fork { seq: ours.seq, ours: ours.bytes().to_vec(), theirs: theirs.bytes().to_vec() });
        }
        let start = usize::try_from(next - begin).unwrap_or(usize::MAX);
        if start < entries.len() {
            return Ok(Fit::Continues(start));
        }
        // The chain answers for what lies before an entry that both have, and the author's signature for what lies behind.
        let ends_alike = compared.iter().any(|(_, ours, _)| ours.seq >= end);
        let links = begin == 0 || !compared.is_empty();
        Ok(Fit::Known(match compared.first() {
            _ if ends_alike || (*settled && links) => Some(end),
            Some((_, ours, _)) if ours.seq >= begin => Some(ours.seq),
            _ => None,
        }))
    }

    /// Takes nothing more from an author who wrote two entries with one number. What was taken stays.
    pub(crate) fn freeze(
        &mut self,
        id: GroupId,
        author: DeviceId,
        seq: u64,
        ours: &[u8],
        theirs: &[u8],
    ) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get_mut(&id).filter(|topic| !topic.forks.contains_key(&author)) else {
            return Ok(());
        };
        let (Some(log), Some(fork)) = (topic.logs.get(&author), Fork::stored(ours, theirs)) else { return Ok(()) };
        write::freeze(&self.db, log.row, ours, theirs)?;
        Arc::make_mut(&mut topic.forks).insert(author, fork);
        self.touch(id);
        self.problem(author, id, ProblemCause::Fork { seq });
        Ok(())
    }
}

/// Whether this author is one of too many that nothing known lets in. As long as control entries are missing, anybody
/// may still turn out to be a member.
fn is_crowded_by_strangers(topic: &Topic, author: &DeviceId) -> bool {
    let known = topic.rules.past_devices();
    let complete = topic.rules.founded() && topic.rules.unknown_groups().is_empty() && topic.log.missing().is_empty();
    complete
        && !known.contains_key(author)
        && topic.logs.keys().filter(|author| !known.contains_key(author)).count() >= STRANGERS
}
