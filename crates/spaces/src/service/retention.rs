//! Messages that go after a time: a manager says after how many days, and managers' devices drop what is due.
//!
//! Every disk follows a drop by the rule that exists for it, so what has gone is the same everywhere. What is due is looked up
//! by whole days, so that after the first look of a day nothing is left to do, and managers take turns: each waits some hours
//! longer than the one before it and finds that it was done.
//!
//! A clock that is wrong must not delete what is not due. No peer takes an entry that is dated ahead of its own clock, so a
//! drop that follows from a clock far ahead reaches nobody; and where a large part of a space would be due at once that was
//! not so when the time was set, this device waits until a manager sets it again.

use std::time::Duration;

use compeer_core::group::{DropRange, Level, Rules, topic_tag};
use compeer_core::{DeviceId, GroupId, Hlc, Millis};

use super::Spaces;
use crate::error::ActError;
use crate::model::{Field, Op, SpacesEvent};
use crate::view::{Dues, itself};

const HOUR: Millis = 60 * 60 * 1000;
const DAY: Millis = 24 * HOUR;
/// How often it is looked what is due.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// How long it is shown to all before anything goes.
pub(super) const NOTICE: Millis = DAY;
/// How much longer each manager's device waits than the one before it.
const TURN: Millis = 2 * HOUR;
/// Those after so many wait no longer.
const TURNS: usize = 12;
/// Messages that go at one look.
const AT_ONCE: usize = 10_000;
/// So many may always go.
const FEW: u64 = 100;

/// Before what date messages go, for whoever is `turn`th to see to it.
fn until(now: Millis, days: u16, turn: usize) -> Millis {
    let today = now.saturating_sub(turn.min(TURNS) as u64 * TURN) / DAY * DAY;
    today.saturating_sub(u64::from(days) * DAY)
}

/// Whether so much is due that was not when the time was set that a person should look at it first.
const fn is_too_much(dues: &Dues) -> bool {
    dues.later > FEW && dues.later * 2 > dues.all
}

/// The entries as ranges of consecutive ones; they are sorted.
pub(super) fn ranges(entries: &[(DeviceId, u64)]) -> Vec<DropRange> {
    let mut ranges: Vec<DropRange> = Vec::new();
    for (author, seq) in entries {
        match ranges.last_mut() {
            Some(range) if range.author == *author && range.last + 1 == *seq => range.last = *seq,
            _ => ranges.push(DropRange { author: *author, first: *seq, last: *seq }),
        }
    }
    ranges
}

/// How many managers' devices come before this one on a space.
fn turn(space: &GroupId, rules: &Rules, own: &DeviceId) -> usize {
    let mine = topic_tag(space, own);
    let managers = rules.devices().iter().filter(|(_, access)| access.level >= Level::Manage);
    managers.filter(|(device, _)| topic_tag(space, device) < mine).count()
}

impl Spaces {
    /// Says after how many days messages of a space and its rooms go; none keeps them for good. To say the same again is to say that what
    /// is due now may go.
    pub async fn set_retention(&self, space: GroupId, days: Option<u16>) -> Result<(), ActError> {
        self.rules_for(&space, Level::Manage)?;
        let op = Op::Set { object: itself(&space), fields: vec![Field::Retention { days }] };
        self.inner.journal.append(space, op.encode()?).await?;
        self.catch_up(space).await;
        self.even_out_rooms(space).await;
        self.inner.retention_due.notify_one();
        Ok(())
    }

    /// Looks soon which messages are due to go.
    pub fn look_at_retention(&self) {
        self.inner.retention_due.notify_one();
    }

    /// The task: drops what is due, in every space that this device manages.
    pub(super) async fn keep_to_retention(self) {
        loop {
            for (space, rules) in self.spaces() {
                if let Err(error) = self.retire(space, &rules).await {
                    tracing::warn!(space = %space.short(), %error, "what is due to go was not dropped; it is tried again");
                }
            }
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                () = self.inner.retention_due.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn retire(&self, space: GroupId, rules: &Rules) -> Result<(), ActError> {
        let own = self.inner.journal.device();
        if rules.ended().is_some() || rules.level(&own) < Some(Level::Manage) {
            return Ok(());
        }
        self.catch_up(space).await;
        let Some(row) = self.inner.view.with(move |view| view.retention(&space)).await? else {
            self.tell_waits(space, 0, 0);
            return Ok(());
        };
        let (set, now) = (row.clock.millis(), self.now());
        if now < set.saturating_add(NOTICE) {
            return Ok(());
        }
        let until = Hlc::new(until(now, row.days, turn(&space, rules, &own)), 0);
        let agreed = Hlc::new(set.saturating_sub(u64::from(row.days) * DAY), 0);
        let dues = self.inner.view.with(move |view| view.dues(&space, until, agreed, AT_ONCE)).await?;
        if is_too_much(&dues) {
            self.tell_waits(space, dues.due, dues.all);
            return Ok(());
        }
        self.tell_waits(space, 0, 0);
        if !dues.entries.is_empty() {
            self.inner.journal.append_dropping(space, Vec::new(), ranges(&dues.entries)).await?;
            self.catch_up(space).await;
        }
        Ok(())
    }

    fn tell_waits(&self, space: GroupId, due: u64, all: u64) {
        self.tell(SpacesEvent::RetentionWaits { space, due, all });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_goes_by_whole_days_and_managers_take_turns() {
        let noon = 20_000 * DAY + 12 * HOUR;
        assert_eq!(until(noon, 90, 0), (20_000 - 90) * DAY);
        assert_eq!(until(noon + 11 * HOUR, 90, 0), until(noon, 90, 0), "once a day");
        assert_eq!(until(20_000 * DAY + HOUR, 90, 1), (20_000 - 91) * DAY, "it is not this one's turn yet");
        assert_eq!(until(20_000 * DAY + 2 * HOUR, 90, 1), (20_000 - 90) * DAY);
        assert_eq!(until(DAY, 90, 4_000), 0);
    }

    #[test]
    fn entries_in_a_row_are_one_range() {
        let (a, b) = (DeviceId::from_bytes([1; 32]), DeviceId::from_bytes([2; 32]));
        let found = ranges(&[(a, 3), (a, 4), (a, 6), (b, 7), (b, 8)]);
        let range = |author, first, last| DropRange { author, first, last };
        assert_eq!(found, [range(a, 3, 4), range(a, 6, 6), range(b, 7, 8)]);
        assert!(ranges(&[]).is_empty());
    }

    #[test]
    fn much_at_once_that_nobody_has_agreed_to_waits() {
        let dues = |all, later| Dues { entries: Vec::new(), all, due: later, later };
        assert!(!is_too_much(&dues(100, 100)));
        assert!(!is_too_much(&dues(1_000, 500)));
        assert!(is_too_much(&dues(1_000, 501)));
    }
}
