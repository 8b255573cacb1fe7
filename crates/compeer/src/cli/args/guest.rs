//! What can be typed after `compeer guest`.

use clap::Subcommand;

use super::Terms;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Guest {
    /// Make an invitation for a guest. The topic or board gets a room for guests if it has none, which begins empty.
    Invite {
        /// The space's name or id.
        space: String,
        /// The topic's or board's title or id.
        thing: String,
        /// Let the guest read, and not write.
        #[arg(long)]
        read: bool,
        #[command(flatten)]
        terms: Terms,
    },
    /// List the rooms for guests of a space, who is a guest there, and the invitations that can still be used.
    List {
        /// The space's name or id.
        space: String,
    },
    /// Close a guest's invitation before its time.
    Revoke {
        /// The space's name or id.
        space: String,
        /// The topic's or board's title or id.
        thing: String,
        /// The invitation's id, or the first eight letters of it: `compeer guest list` shows them.
        invitation: String,
    },
    /// Remove a guest.
    Remove {
        /// The space's name or id.
        space: String,
        /// The topic's or board's title or id.
        thing: String,
        /// The guest's whole name or id.
        person: String,
    },
}
