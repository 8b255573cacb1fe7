//! Mail to people who are not here yet: through the user's own server, or made ready for the user's own program.
//!
//! The server is the one that the user named, and nothing else is asked. A password goes only over TLS; without it, only to a
//! server on this computer. What names this computer stays out of the mail.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use compeer_core::id::to_base32;
use compeer_core::key::random_bytes;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::home::{MailServer, Security};

/// Bytes of an address (RFC 5321, section 4.5.3.1.3, without the brackets).
const ADDRESS: usize = 254;
/// Bytes of a server's name (RFC 1035) and of what else is set about it.
const NAME: usize = 255;
/// Bytes of a certificate authority in PEM, with room for a chain.
const AUTHORITY: usize = 64 * 1024;
/// How long sending may take in all.
const PATIENCE: Duration = Duration::from_secs(30);
/// Mails within `WITHIN`, at most.
const MOST: usize = 30;
const WITHIN: Duration = Duration::from_secs(60 * 60);

/// Why a mail was not sent, or a server not taken.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// No server is set.
    #[error("no mail server is set")]
    NotSet,
    /// An address that cannot be one.
    #[error("{0:?} is no mail address")]
    Address(String),
    /// The server's name cannot be one, or a user or password is too long or holds control characters.
    #[error("the {0} cannot be right")]
    Setting(&'static str),
    /// Without TLS, on another computer.
    #[error("without TLS everybody on the way could read the password and the invitation")]
    Plain,
    /// A user without a password.
    #[error("the password is missing")]
    Password,
    /// The certificate authority is none.
    #[error("the certificate authority is no certificate in PEM")]
    Authority,
    /// Too many lately.
    #[error("{MOST} mails were sent within the last hour")]
    TooMany,
    /// The server did not answer in time.
    #[error("{0} did not answer")]
    Silent(String),
    /// The connection could not be made.
    #[error("{host} cannot be reached: {cause}")]
    Connect {
        /// The server.
        host: String,
        /// What the system said.
        cause: String,
    },
    /// No TLS with that server.
    #[error("no secure connection to {host}: {cause}")]
    Tls {
        /// The server.
        host: String,
        /// Why.
        cause: String,
    },
    /// The server does not know the user or the password.
    #[error("{0} does not accept the user or the password")]
    Login(String),
    /// The server did not take the mail.
    #[error("{host} did not take the mail: {cause}")]
    Refused {
        /// The server.
        host: String,
        /// What it said.
        cause: String,
    },
    /// No mail could be made of it.
    #[error("the mail could not be put together")]
    Build,
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    /// Where it goes; `None` where the user fills it in.
    pub(crate) to: Option<String>,
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// How many were sent lately.
#[derive(Default)]
pub(crate) struct Limit(Mutex<Vec<Instant>>);

impl Limit {
    /// Counts one more, unless there were too many.
    pub(crate) fn take(&self, now: Instant) -> Result<(), MailError> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.retain(|at| now.duration_since(*at) < WITHIN);
        if sent.len() >= MOST {
            return Err(MailError::TooMany);
        }
        sent.push(now);
        Ok(())
    }
}

/// One bare address: no name, no list, nothing that would end a header.
pub(crate) fn address(text: &str) -> Result<Address, MailError> {
    let bad = || MailError::Address(text.chars().take(80).collect());
    let text = text.trim();
    if text.len() > ADDRESS || text.chars().any(|char| char.is_control() || char.is_whitespace()) {
        return Err(bad());
    }
    text.parse().map_err(|_| bad())
}

/// Whether a server can be used as it is set.
pub(crate) fn check(server: &MailServer) -> Result<(), MailError> {
    let is_good = |text: &str, most| !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control);
    let plain = |char: char| char.is_ascii_alphanumeric() || "-._:".contains(char);
    if !is_good(&server.host, NAME) || !server.host.chars().all(plain) {
        return Err(MailError::Setting("name of the server"));
    }
    if server.port == 0 {
        return Err(MailError::Setting("port"));
    }
    if server.user.as_ref().is_some_and(|user| !is_good(user, NAME)) {
        return Err(MailError::Setting("user"));
    }
    match (&server.user, &server.password) {
        (Some(_), None) => return Err(MailError::Password),
        (_, Some(password)) if !is_good(password, 1024) => return Err(MailError::Setting("password")),
        _ => {}
    }
    address(&server.from)?;
    if server.security == Security::None && !is_here(&server.host) {
        return Err(MailError::Plain);
    }
    authority(server).map(|_| ())
}

/// Whether a server runs on this computer.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn authority(server: &MailServer) -> Result<Option<Certificate>, MailError> {
    let Some(pem) = &server.authority else { return Ok(None) };
    if pem.len() > AUTHORITY || !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(MailError::Authority);
    }
    Certificate::from_pem(pem.as_bytes()).map(Some).map_err(|_| MailError::Authority)
}

/// Sends a mail. `name`: who it comes from.
pub(crate) async fn send(server: &MailServer, name: &str, mail: &Mail) -> Result<(), MailError> {
    check(server)?;
    let host = || server.host.clone();
    let from = address(&server.from)?;
    let to = address(mail.to.as_deref().unwrap_or_default())?;
    // A random id at the sender's domain: the usual one names the computer.
    let random = random_bytes::<16>().map_err(|_| MailError::Build)?;
    let id = format!("<{}@{}>", to_base32(&random), from.domain());
    let message = Message::builder()
        .from(Mailbox::new(Some(name.to_owned()), from))
        .to(Mailbox::new(None, to))
        .message_id(Some(id))
        .subject(mail.subject.clone())
        .header(ContentType::TEXT_PLAIN)
        .body(mail.text.clone())
        .map_err(|_| MailError::Build)?;
    let tls = || -> Result<TlsParameters, MailError> {
        let mut parameters = TlsParameters::builder(server.host.clone());
        if let Some(authority) = authority(server)? {
            parameters = parameters.add_root_certificate(authority);
        }
        parameters.build().map_err(|error| MailError::Tls { host: host(), cause: cause(&error) })
    };
    let security = match server.security {
        Security::Tls => Tls::Wrapper(tls()?),
        Security::StartTls => Tls::Required(tls()?),
        Security::None => Tls::None,
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
        .port(server.port)
        .tls(security)
        .timeout(Some(PATIENCE / 2));
    if let (Some(user), Some(password)) = (&server.user, &server.password) {
        transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
    }
    match tokio::time::timeout(PATIENCE, transport.build().send(message)).await {
        Err(_) => Err(MailError::Silent(host())),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(told(&error, host())),
    }
}

fn told(error: &lettre::transport::smtp::Error, host: String) -> MailError {
    let cause = cause(error);
    // RFC 4954, section 6: what a server answers to whom it does not let in.
    const LOGIN: [u16; 4] = [530, 534, 535, 538];
    if error.is_timeout() {
        MailError::Silent(host)
    } else if error.is_tls() || is_of_tls(error) {
        MailError::Tls { host, cause }
    } else if let Some(code) = error.status() {
        if LOGIN.contains(&u16::from(code)) { MailError::Login(host) } else { MailError::Refused { host, cause } }
    } else if error.is_client() && cause.contains("STARTTLS") {
        // What the library says of a server that has none.
        MailError::Tls { host, cause: "the server offers no STARTTLS".into() }
    } else if error.is_client() || error.is_response() {
        MailError::Refused { host, cause }
    } else {
        MailError::Connect { host, cause }
    }
}

/// Whether TLS is the cause, within what looks like the connection.
fn is_of_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    // tokio-rustls tells what TLS complains about as data that is not valid; a socket never says so.
    let is_invalid = |error: &std::io::Error| error.kind() == std::io::ErrorKind::InvalidData;
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.downcast_ref::<std::io::Error>().is_some_and(is_invalid))
}

/// The innermost cause, in few words: what a server says is its word.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let text: String = inner.to_string().chars().filter(|char| !char.is_control()).take(200).collect();
    text.trim_end_matches('.').to_owned()
}

/// The mail for the user's own program (RFC 6068).
pub(crate) fn mailto(mail: &Mail) -> String {
    // A form writes a blank as a plus, and a plus as %2B; a mail program knows only %20.
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let to = mail.to.as_deref().unwrap_or_default();
    let (to, text) = (encoded(to).replace("%40", "@"), mail.text.replace('\n', "\r\n"));
    format!("mailto:{to}?subject={}&body={}", encoded(&mail.subject), encoded(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(host: &str, security: Security) -> MailServer {
        MailServer {
            host: host.into(),
            port: 587,
            security,
            user: Some("ann".into()),
            password: Some("secret".into()),
            from: "ann@example.org".into(),
            authority: None,
        }
    }

    #[test]
    fn an_address_is_one_address() {
        for good in ["a@b.c", " ann.lee+x@mail.example.org ", "ü@example.org"] {
            assert!(address(good).is_ok(), "{good:?}");
        }
        let long = format!("{}@b.c", "a".repeat(300));
        for bad in [
            "",
            "ann",
            "@b.c",
            "a@",
            "a@b.c, d@e.f",
            "Ann <a@b.c>",
            "a@b.c\r\nBcc: x@y.z",
            "a@b.c\nX: y",
            "a b@c.d",
            "a@b .c",
            "a@b.c\0",
            &long,
        ] {
            assert!(address(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn without_tls_only_on_this_computer() {
        for here in ["localhost", "127.0.0.1", "::1"] {
            assert!(check(&server(here, Security::None)).is_ok(), "{here}");
        }
        for elsewhere in ["mail.example.org", "10.0.0.1", "localhost.example.org"] {
            assert!(matches!(check(&server(elsewhere, Security::None)), Err(MailError::Plain)), "{elsewhere}");
            assert!(check(&server(elsewhere, Security::StartTls)).is_ok());
        }
    }

    #[test]
    fn what_cannot_be_right_is_not_taken() {
        let good = server("mail.example.org", Security::Tls);
        let bad = [
            MailServer { host: String::new(), ..good.clone() },
            MailServer { host: "mail example".into(), ..good.clone() },
            MailServer { host: "a\r\nb".into(), ..good.clone() },
            MailServer { port: 0, ..good.clone() },
            MailServer { user: Some("a\nb".into()), ..good.clone() },
            MailServer { password: None, ..good.clone() },
            MailServer { password: Some("a\r\nb".into()), ..good.clone() },
            MailServer { from: "ann".into(), ..good.clone() },
            MailServer { authority: Some("no certificate".into()), ..good.clone() },
        ];
        for server in bad {
            assert!(check(&server).is_err(), "{server:?}");
        }
        assert!(check(&good).is_ok());
    }

    #[test]
    fn mails_within_an_hour_are_counted() {
        let (limit, start) = (Limit::default(), Instant::now());
        assert!((0..MOST).all(|_| limit.take(start).is_ok()));
        assert!(limit.take(start + WITHIN / 2).is_err());
        assert!(limit.take(start + WITHIN).is_ok());
    }

    #[test]
    fn a_ready_made_mail_is_one_link() {
        let mail = Mail { to: Some("a+b@c.d".into()), subject: "Hi & ho?".into(), text: "one two\n#three+".into() };
        assert_eq!(mailto(&mail), "mailto:a%2Bb@c.d?subject=Hi%20%26%20ho%3F&body=one%20two%0D%0A%23three%2B");
        assert!(mailto(&Mail { to: None, ..mail }).starts_with("mailto:?subject="));
    }

    #[test]
    fn fuzz_addresses() {
        let seeds = ["a@b.c", "ann.lee+x@mail.example.org", "\"a b\"@c.d", "a@[127.0.0.1]"];
        compeer_testkit::fuzz::run(&seeds.map(|text| text.as_bytes().to_vec()), |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return false };
            let Ok(address) = address(text) else { return false };
            assert!(!address.to_string().contains(['\r', '\n', '\0', ' ']), "{text:?}");
            true
        });
    }
}
