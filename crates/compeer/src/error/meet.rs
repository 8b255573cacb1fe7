//! Words for what goes wrong with mail, notifications and quiet hours.

use axum::http::StatusCode;

use super::ApiError;
use super::words::sentence;
use crate::mail::MailError;
use crate::notify::{Absent, ShowError};
use crate::quiet::QuietError;

impl From<QuietError> for ApiError {
    fn from(error: QuietError) -> Self {
        let hint = match error {
            QuietError::Day => "Name at least one day; `mon-fri`, `sat,sun` and `daily` do, too, on the command line.",
            QuietError::Time => "Write two digits for the hour and two for the minute.",
        };
        Self::bad_request(sentence(&error), hint)
    }
}

impl From<ShowError> for ApiError {
    fn from(error: ShowError) -> Self {
        let hint = match &error {
            ShowError::Absent(Absent::Session) => {
                "Start the peer from within your desktop; a server has none, and needs none."
            }
            ShowError::Absent(Absent::Program) => "Install notify-send (on Debian: the package libnotify-bin).",
            _ => "Check that your desktop shows notifications of other programs.",
        };
        let code = if matches!(error, ShowError::Absent(_)) { "no-desktop" } else { "notification-failed" };
        Self::new(StatusCode::CONFLICT, code, "No notification", sentence(&error), hint)
    }
}

impl From<MailError> for ApiError {
    fn from(error: MailError) -> Self {
        let detail = sentence(&error);
        let bad =
            |code, hint: &'static str| Self::new(StatusCode::BAD_REQUEST, code, "That cannot be", detail.clone(), hint);
        let failed = |code, hint: &'static str| {
            Self::new(StatusCode::BAD_GATEWAY, code, "No mail was sent", detail.clone(), hint)
        };
        match &error {
            MailError::NotSet => Self::new(
                StatusCode::CONFLICT,
                "mail-not-set",
                "No mail server",
                detail,
                "`compeer mail set` sets one.",
            ),
            MailError::Address(_) => bad("bad-address", "Write one plain address, such as bo@example.org."),
            MailError::Setting(_) => bad("bad-mail-server", "Look at what your provider calls outgoing mail or SMTP."),
            MailError::Plain => {
                bad("mail-needs-tls", "Choose TLS or STARTTLS; a server on this computer may do without.")
            }
            MailError::Password => bad("mail-needs-password", "Give the password that goes with the user."),
            MailError::Authority => bad("bad-authority", "Name a file that begins with -----BEGIN CERTIFICATE-----."),
            MailError::TooMany => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-mails",
                "Too many mails",
                detail,
                "Wait a while, or hand the invitation over another way.",
            ),
            MailError::Silent(_) | MailError::Connect { .. } => {
                failed("mail-unreachable", "Check the server's name and port, and that this computer is online.")
            }
            MailError::Tls { .. } => failed(
                "mail-insecure",
                "Check the port and how it is secured: usually 465 with TLS, 587 with STARTTLS.",
            ),
            MailError::Login(_) => {
                failed("mail-login", "Check both; many providers want a password of its own for programs.")
            }
            MailError::Refused { .. } => {
                failed("mail-refused", "Check the address it goes to and the one it comes from.")
            }
            MailError::Build => Self::internal(detail),
        }
    }
}
