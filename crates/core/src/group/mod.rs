//! Groups: one set of rules for people, companies and spaces.
//!
//! A group's state is a pure function of the set of its control entries (and those of the groups that are its members):
//! the order of arrival does not matter. `act` says what can be written, `rules` says what it means.

mod act;

pub use act::{Act, Cut, CutElsewhere, GroupKind, InviteTerms, KeyGrant, Level, Member, founding_id, topic_tag};
