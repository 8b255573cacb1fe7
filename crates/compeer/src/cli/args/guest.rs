//! What can be typed after `compeer guest`.

use clap::Subcommand;

use super::life;

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
        /// How long it can be used: a number and m, h or d.
        #[arg(long, default_value = "7d", value_name = "TIME", value_parser = life)]
        expires: String,
        /// For how many guests it is.
        #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
        uses: u32,
        /// Show it as a QR code as well, for the camera of another device.
        #[arg(long)]
        qr: bool,
        /// The mail address of whom it is for. It is sent there if a mail server is set (`compeer mail set`), and otherwise made
        /// ready for your own mail program.
        #[arg(long, value_name = "ADDRESS", conflicts_with = "uses")]
        mail: Option<String>,
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
