//! Whether an entry counts, and if not, why.

use crate::group::act::Level;
use crate::id::EntryHash;

/// Whether an entry counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Accepted,
    /// It does not, by what is known now.
    Void(VoidReason),
    /// Cannot be told yet: control entries before it are not known, or those of a group that its author may be in by.
    Waiting,
}

/// Why an entry does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VoidReason {
    /// Of another group.
    #[error("it belongs to another group")]
    Foreign,
    /// It is dated before a control entry it names, or builds on one that is.
    #[error("its time runs backwards")]
    Backwards,
    /// Does not build on the act that founded the group.
    #[error("it does not build on the act that founded the group")]
    Unfounded,
    /// Founds a group that is founded, or another one.
    #[error("it founds another group, or this one a second time")]
    SecondFounding,
    /// Its author had seen the end of the group.
    #[error("the group had ended")]
    Ended,
    /// Its author had seen that the group was made read-only.
    #[error("the group was read-only")]
    Archived,
    /// Its author did not have the right.
    #[error("its author may not do that")]
    Rights {
        /// What the author might do; `None` when it was no member.
        has: Option<Level>,
        /// What this takes.
        needs: Level,
    },
    /// A removal, or a lowering, that its author had not seen took the right.
    #[error("its author had been removed or lowered")]
    Removed {
        /// The entry that did.
        by: EntryHash,
    },
    /// The invitation it makes or uses is no good.
    #[error("{0}")]
    Invitation(InviteFault),
    /// The group has as many members as it may have.
    #[error("the group is full")]
    Full,
}

/// What is wrong with an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InviteFault {
    /// The group knows of no such invitation.
    #[error("there is no such invitation")]
    Unknown,
    /// It was closed before its time.
    #[error("the invitation was revoked")]
    Revoked,
    /// Its time is over.
    #[error("the invitation has expired")]
    Expired,
    /// It is for another level.
    #[error("the invitation is for another level")]
    OtherLevel,
    /// It has let in as many members as it may, or this member once before.
    #[error("the invitation is used up")]
    UsedUp,
    /// The device that made it may no longer manage the group.
    #[error("whoever made the invitation may no longer invite")]
    InviterGone,
    /// The member is in already, with more rights.
    #[error("the member is in already, with more rights")]
    AlreadyIn,
    /// Another invitation has the same key.
    #[error("another invitation has the same key")]
    KeyTaken,
}
