//! The mail server that invitations are sent through.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a connection to a mail server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum MailSecurity {
    /// TLS from the first byte on; usually port 465.
    Tls,
    /// TLS after STARTTLS; usually port 587.
    #[default]
    StartTls,
    /// None; only for a server on this computer.
    None,
}

/// The server that is set; all is empty while none is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct MailSettings {
    /// Whether one is.
    pub set: bool,
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub security: MailSecurity,
    /// Whom it knows me as; null if it does not ask.
    #[schema(required = true)]
    pub user: Option<String>,
    /// Whether a password is kept.
    pub has_password: bool,
    /// The address that mails come from.
    pub from: String,
    /// Whether a certificate authority of its own is trusted.
    pub authority: bool,
}

/// A mail server.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailChange {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    #[serde(default)]
    pub security: MailSecurity,
    /// Whom it knows me as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The password that goes with it. Left out, the one before stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The address that mails come from.
    pub from: String,
    /// One more certificate authority to trust, in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// Where a test goes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailTest {
    /// An address; the one that mails come from when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// A mail that the server has taken.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MailSent {
    /// To whom.
    pub to: String,
}
