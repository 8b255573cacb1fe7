//! The mail server that invitations are sent through, and to whom they were sent.

use std::fmt;

use compeer_core::{DeviceId, GroupId, Millis};
use serde::{Deserialize, Serialize};

/// How a connection to a mail server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte on (RFC 8314, usually port 465).
    Tls,
    /// TLS after STARTTLS, without which nothing is sent (RFC 3207, usually port 587).
    StartTls,
    /// None. Only on this computer itself.
    None,
}

/// What `mail.json` holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// Whom it knows me as; `None` if it does not ask.
    pub user: Option<String>,
    /// The password that goes with it.
    pub password: Option<String>,
    /// The address that mails come from.
    pub from: String,
    /// One more certificate authority to trust, in PEM, beside those of the system: companies have their own.
    #[serde(default)]
    pub authority: Option<String>,
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the password.
        f.debug_struct("MailServer").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// An invitation that was sent to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailed {
    /// The space, as text.
    pub space: String,
    /// The invitation, as text.
    pub invitation: String,
    /// The address.
    pub to: String,
    /// When.
    pub at: Millis,
}

impl Mailed {
    /// A note of an invitation.
    #[must_use]
    pub fn new(space: GroupId, invitation: DeviceId, to: String, at: Millis) -> Self {
        Self { space: space.to_string(), invitation: invitation.to_string(), to, at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown_by_accident() {
        let server = MailServer {
            host: "mail.example".into(),
            port: 587,
            security: Security::StartTls,
            user: Some("ann".into()),
            password: Some("s3cret".into()),
            from: "ann@mail.example".into(),
            authority: None,
        };
        assert!(!format!("{server:?}").contains("s3cret"));
    }

    #[test]
    fn fuzz_mail_files() {
        let server = r#"{"host":"a","port":25,"security":"starttls","user":"u","password":"p","from":"a@b.c"}"#;
        let mailed = r#"[{"space":"a","invitation":"b","to":"a@b.c","at":7}]"#;
        compeer_testkit::fuzz::run(&[server, mailed].map(|text| text.as_bytes().to_vec()), |bytes| {
            let server = serde_json::from_slice::<MailServer>(bytes).is_ok();
            server | serde_json::from_slice::<Vec<Mailed>>(bytes).is_ok()
        });
    }
}
