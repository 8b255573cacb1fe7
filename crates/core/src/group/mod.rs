//! Groups: one set of rules for people, companies and spaces.
//!
//! A group's state is a pure function of the set of its control entries (and those of the groups that are its members):
//! the order of arrival does not matter. `act` says what can be written, `log` holds what was, `rules` says what it
//! means, and `epochs` which key may be sealed under. What wins over what, and why, is told in
//! `docs/decisions/0002-group-rules.md`.
//!
//! From the one to the other: `reduce` takes the groups that are members first, `dag` puts the entries in order, `ledger`
//! weighs one after another by the `standing` of its author, `reach` says how far a device's membership in a member
//! group carries, and `removals` settles removals that crossed.

mod act;
mod dag;
mod drops;
mod epochs;
mod ledger;
mod log;
mod reach;
mod reduce;
mod removals;
mod rules;
mod standing;
mod verdict;

pub use act::{Act, Cut, CutElsewhere, GroupKind, InviteTerms, KeyGrant, Level, Member, founding_id, topic_tag};
pub use drops::{DropRange, Drops};
pub use epochs::{EpochInfo, Epochs};
pub use log::{GroupLog, Logs};
pub use rules::{DeviceAccess, InviteState, MemberInfo, Rules, Said};
pub use verdict::{InviteFault, Verdict, VoidReason};
