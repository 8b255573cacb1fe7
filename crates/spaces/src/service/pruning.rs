//! What this device wrote and nothing shows any more goes from every disk.
//!
//! An element of a board that is moved a hundred times is a hundred entries, of which the first and the last say all that
//! anybody is shown. Each device prunes its own log ([`compeer_journal::Journal::append_pruning`]), so nobody has to be believed
//! about what others wrote, and a space is bounded by what it has and not by what was done to it.
//!
//! Nothing goes before it has been out of use for a month: until then an entry by which it is may still turn out not to count.
//! What was typed on pages is said again at once when it goes, in the same log (`pages/squash.rs`), so that need not wait.

use std::time::Duration;

use compeer_core::group::{Level, Rules};
use compeer_core::{GroupId, Hlc, Millis};

use super::Spaces;
use super::retention::ranges;
use crate::error::ActError;
use crate::model::{Field, Op};
use crate::view::Drawing;

/// How long ago it was superseded.
const AGE: Millis = 30 * 24 * 60 * 60 * 1000;
/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// Entries that are looked at in one go.
const LOOKED_AT: usize = 2048;
/// Less than so many are not worth the entry that says so.
const LEAST: usize = 32;

/// The elements that an entry is about, if it is about nothing else.
fn drawing(opened: &compeer_journal::Opened) -> Option<Drawing> {
    let Ok(Op::Set { object, fields }) = Op::decode(&opened.plain) else { return None };
    let ids = fields.into_iter().map(|field| match field {
        Field::Element { id, .. } => Some(id),
        _ => None,
    });
    Some(Drawing { hash: opened.hash, clock: opened.clock, board: object, ids: ids.collect::<Option<_>>()? })
}

impl Spaces {
    /// The task: prunes this device's log in every space.
    pub(super) async fn keep_pruned(self) {
        loop {
            for (space, rules) in self.spaces() {
                if let Err(error) = self.prune(space, &rules).await {
                    tracing::warn!(space = %space.short(), %error, "what is out of use was not pruned; it is tried again");
                }
                if let Err(error) = self.squash_pages(space, &rules).await {
                    tracing::warn!(space = %space.short(), %error, "what is written on pages was not squashed; it is tried again");
                }
            }
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn prune(&self, space: GroupId, rules: &Rules) -> Result<(), ActError> {
        let own = self.inner.journal.device();
        if rules.ended().is_some() || rules.level(&own) < Some(Level::Write) {
            return Ok(());
        }
        self.catch_up(space).await;
        let until = Hlc::new(self.now().saturating_sub(AGE), 0);
        let (mut gone, mut next) = (Vec::new(), Some(0));
        while let Some(from) = next {
            let journal = self.inner.journal.clone();
            let look = move |view: &crate::view::View| {
                let (entries, next) = match journal.own(&space, from, LOOKED_AT) {
                    Ok(read) => read,
                    Err(error) => return Ok(Err(error)),
                };
                let old = entries.iter().filter(|entry| entry.clock < until);
                let (seqs, drawings): (Vec<u64>, Vec<Drawing>) =
                    old.filter_map(|entry| Some((entry.seq, drawing(entry)?))).unzip();
                let superseded = view.superseded(&space, until, &drawings)?;
                Ok(Ok((
                    seqs.into_iter().zip(superseded).filter_map(|(seq, gone)| gone.then_some(seq)).collect::<Vec<_>>(),
                    next,
                )))
            };
            let (seqs, after) = self.inner.view.with(look).await??;
            gone.extend(seqs.into_iter().map(|seq| (own, seq)));
            next = after;
        }
        if gone.len() >= LEAST {
            tracing::info!(space = %space.short(), entries = gone.len(), "prunes what is out of use");
            let stretches = ranges(&gone).iter().map(|range| (range.first, range.last)).collect();
            self.inner.journal.append_pruning(space, Vec::new(), stretches).await?;
        }
        Ok(())
    }
}
