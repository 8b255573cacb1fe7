//! What this device typed on pages is said again in few words, and what was typed goes.
//!
//! Typing is an entry for each tenth of a second, most of which is what an entry costs, however little it says. A day after a
//! stretch of writing has ended, its author's device says all of it as one update that stands for the others, and prunes them in
//! the same append. The ops are the same under the same ids, so nothing that refers to them changes: neither what others wrote on
//! top, nor where comments stand, nor what an open page holds.

use compeer_core::group::{Level, Rules};
use compeer_core::{DeviceId, EntryHash, GroupId, Hlc, Millis};

use super::super::Spaces;
use super::super::retention::ranges;
use super::history::{PAUSE, joined};
use crate::error::ActError;
use crate::model::update::{Stretch, UPDATE_BYTES, read_runs};
use crate::model::{Field, Op};
use crate::pages::{Answer, Ask, Bytes};
use crate::view::OwnUpdate;

/// How long ago the last of a stretch was written.
const AGE: Millis = 24 * 60 * 60 * 1000;
/// Less than so many updates of a page are not worth the entries that take their place.
const LEAST: usize = 32;
/// Updates that become one. Fewer stay as they are.
const FEWEST: usize = 4;
/// Bytes that are appended at once: others write in between.
const APPENDED: usize = 1 << 20;

/// Updates in one, and what they were.
struct Squashed {
    stretch: Stretch,
    bytes: Vec<u8>,
    seqs: Vec<u64>,
}

impl Spaces {
    /// Squashes what this device wrote on the pages of a space.
    pub(in crate::service) async fn squash_pages(&self, space: GroupId, rules: &Rules) -> Result<(), ActError> {
        let own = self.inner.journal.device();
        if rules.ended().is_some() || rules.archived().is_some() || rules.level(&own) < Some(Level::Write) {
            return Ok(());
        }
        let until = Hlc::new(self.now().saturating_sub(AGE), 0);
        let pages = self.inner.view.with(move |view| view.squashable(&space, &own, until, LEAST)).await?;
        for page in pages {
            if self.inner.view.with(move |view| view.page(&space, &page)).await?.is_some() {
                self.squash_page(space, page, own, until).await?;
            }
        }
        Ok(())
    }

    async fn squash_page(&self, space: GroupId, page: EntryHash, own: DeviceId, until: Hlc) -> Result<(), ActError> {
        let updates = self.inner.view.with(move |view| view.own_updates(&space, &page, &own)).await?;
        let stretches: Vec<&[OwnUpdate]> = finished(&updates, until).collect();
        let fewer: usize = stretches.iter().map(|stretch| stretch.len() - 1).sum();
        if fewer < LEAST {
            return Ok(());
        }
        tracing::info!(page = %page.short(), updates = fewer, "squashes what was written on a page");
        let (mut said, mut size) = (Vec::new(), 0);
        let count = stretches.len();
        for (at, stretch) in stretches.into_iter().enumerate() {
            let squashed = self.squash((space, page), stretch).await?;
            size += squashed.iter().map(|one| one.bytes.len()).sum::<usize>();
            said.extend(squashed);
            if size < APPENDED && at + 1 < count {
                continue;
            }
            if self.inner.stop.is_cancelled() {
                return Ok(());
            }
            size = 0;
            let mut gone: Vec<(DeviceId, u64)> =
                said.iter().flat_map(|one: &Squashed| &one.seqs).map(|seq| (own, *seq)).collect();
            gone.sort_unstable();
            let stretches = ranges(&gone).iter().map(|range| (range.first, range.last)).collect();
            let field = |Squashed { stretch, bytes, .. }| Field::Squashed { stretch, bytes };
            let ops = said.drain(..).map(|one| Op::Set { object: page, fields: vec![field(one)] }.encode());
            let ops = ops.collect::<Result<Vec<_>, _>>()?;
            if !ops.is_empty() {
                self.inner.journal.append_pruning(space, ops, stretches).await?;
            }
        }
        self.catch_up(space).await;
        Ok(())
    }

    /// A stretch in as few updates as it takes. What cannot be said in fewer stays as it is.
    async fn squash(&self, key: (GroupId, EntryHash), stretch: &[OwnUpdate]) -> Result<Vec<Squashed>, ActError> {
        let (mut squashed, mut left) = (Vec::new(), vec![stretch]);
        while let Some(part) = left.pop() {
            let [first, .., last] = part else { continue };
            if part.len() < FEWEST {
                continue;
            }
            let runs = joined(part.iter().flat_map(|update| update.runs.clone().unwrap_or_default()));
            let (_, answer) = self.ask_about(key, |document| Ask::Export { document, runs: runs.clone() }).await?;
            let Answer::Update { bytes: Bytes(bytes) } = answer else { return Err(ActError::PageUnread) };
            if bytes.len() > UPDATE_BYTES {
                let (one, other) = part.split_at(part.len() / 2);
                left.extend([other, one]);
                continue;
            }
            // The worker may have been broken by somebody's update, or not have all of it yet.
            let said = read_runs(&bytes).map(|said| joined(said.into_iter()));
            if said != Ok(runs) {
                tracing::warn!(page = %key.1.short(), "what was written on a page does not come back as it was; it stays");
                continue;
            }
            squashed.push(Squashed {
                stretch: Stretch {
                    first: first.seq,
                    last: last.seq,
                    began: first.clock,
                    ended: last.clock,
                    updates: part.len() as u32,
                },
                bytes,
                seqs: part.iter().map(|update| update.seq).collect(),
            });
        }
        Ok(squashed)
    }
}

/// The stretches of updates that count and are alone in their entries, one after the other without a pause, that ended before
/// `until`.
fn finished(updates: &[OwnUpdate], until: Hlc) -> impl Iterator<Item = &[OwnUpdate]> {
    let goes_on = |one: &OwnUpdate, next: &OwnUpdate| {
        one.runs.is_some() && next.runs.is_some() && next.clock.millis() < one.clock.millis().saturating_add(PAUSE)
    };
    let is_over = move |stretch: &&[OwnUpdate]| stretch.last().is_some_and(|last| last.clock < until);
    let stretches = updates.chunk_by(goes_on).filter(is_over);
    stretches.filter(|stretch| stretch.len() >= FEWEST && stretch.iter().all(|update| update.runs.is_some()))
}
