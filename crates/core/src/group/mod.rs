//! Groups: one set of rules for people, companies and spaces.
//!
//! A group's state is a pure function of the set of its control entries (and those of the groups that are its members):
//! the order of arrival does not matter. `act` says what can be written, `log` holds what was, `rules` says what it
//! means, and `epochs` which key may be sealed under. What wins over what, and why, is told in
//! `docs/decisions/0002-group-rules.md`.
//!
//! Behind `rules`: `dag` puts the entries in order, `reach` says how far a device's membership in a member group
//! carries, `ledger` weighs one entry after another, and `removals` settles removals that crossed.

mod act;
mod dag;
mod epochs;
mod ledger;
mod log;
mod reach;
mod removals;
mod rules;

pub use act::{Act, Cut, CutElsewhere, GroupKind, InviteTerms, KeyGrant, Level, Member, founding_id, topic_tag};
pub use epochs::{EpochInfo, Epochs};
pub use log::{GroupLog, Logs};
pub use rules::{DeviceAccess, InviteFault, InviteState, MemberInfo, Rules, Verdict, VoidReason};
