//! What can be typed about this device: its notifications and its mail server.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::api::dto::MailSecurity;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Notify {
    /// Show what is set, and whether this computer's desktop can show notifications.
    Show,
    /// Change it. What is not named stays as it is.
    #[command(arg_required_else_help = true)]
    Set(NotifySet),
    /// Be told nothing for a while: badges count on.
    Pause {
        /// A number and m, h or d, up to 30d; `tomorrow` for until tomorrow at eight; or `off`.
        time: String,
    },
    /// Show a notification on the desktop, to see whether they work.
    Test,
}

/// Yes or no, as people say it of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Switch {
    On,
    Off,
}

impl Switch {
    pub(in crate::cli) fn is_on(self) -> bool {
        self == Self::On
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct NotifySet {
    /// Whether the desktop says that something is new while no page does.
    #[arg(long, value_enum)]
    pub(in crate::cli) desktop: Option<Switch>,
    /// Whether it shows who wrote what, or only where something is new.
    #[arg(long, value_enum)]
    pub(in crate::cli) words: Option<Switch>,
    /// Quiet hours by this computer's clock, also over midnight, such as 22:00-07:00; or `off`.
    #[arg(long, value_name = "FROM-TO")]
    pub(in crate::cli) quiet: Option<String>,
    /// The days on which they begin, such as mon-fri or sat,sun.
    #[arg(long, value_name = "DAYS", requires = "quiet", default_value = "daily")]
    pub(in crate::cli) days: String,
    /// Whether what names you is told all the same.
    #[arg(long, value_enum)]
    pub(in crate::cli) mentions: Option<Switch>,
    /// Whether others are told that nobody is at this computer.
    #[arg(long, value_enum, value_name = "SWITCH")]
    pub(in crate::cli) show_away: Option<Switch>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Mail {
    /// Show the mail server that is set.
    Show,
    /// Set the mail server that invitations are sent through. Its password is read from stdin.
    Set(MailSet),
    /// Send a mail through it, to see whether it works.
    Test {
        /// To this address; when left out, to the one that mails come from.
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
    },
    /// Forget the mail server and its password.
    Forget,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MailSet {
    /// The server's name.
    #[arg(long)]
    pub(in crate::cli) host: String,
    /// How the connection is secured.
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) security: MailSecurity,
    /// Its port; 587, or with `--security tls` 465, when left out.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) port: Option<u16>,
    /// Whom it knows you as. Without it, no password is asked for.
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) user: Option<String>,
    /// Leave the password as it is.
    #[arg(long, requires = "user")]
    pub(in crate::cli) keep_password: bool,
    /// The address that mails come from.
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) from: String,
    /// A file with one more certificate authority to trust, in PEM: that of your company.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) authority: Option<PathBuf>,
}
