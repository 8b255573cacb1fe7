//! How a relay is named: `https://HOST:PORT/#KEY`.

use std::fmt;
use std::str::FromStr;

use compeer_core::id::{from_base32, to_base32};
use compeer_core::key::{KeyError, random_bytes};
use compeer_core::{DeviceId, DeviceKey};
use iroh::RelayUrl;

use crate::address::RELAY_URL_BYTES;

/// Longest text read as a relay's name.
const TEXT_BYTES: usize = 512;

/// A relay's secret: 16 random bytes, written as 26 characters of base32.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayKey([u8; 16]);

impl RelayKey {
    /// A new key from the operating system's randomness.
    pub fn generate() -> Result<Self, KeyError> {
        random_bytes().map(Self)
    }

    /// The key as it is.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, to be stored where only the owner can read them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// What a device presents to be let in, inside TLS.
    pub(super) fn token(&self) -> String {
        to_base32(&blake3::derive_key("compeer 1 relay token", &self.0))
    }

    /// The relay's TLS key pair.
    pub(super) fn tls_key(&self) -> DeviceKey {
        DeviceKey::from_seed(blake3::derive_key("compeer 1 relay TLS key", &self.0))
    }

    /// The public half of the relay's TLS key pair, by which devices recognise it.
    pub(super) fn tls_id(&self) -> DeviceId {
        self.tls_key().id()
    }
}

impl fmt::Display for RelayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_base32(&self.0))
    }
}

impl fmt::Debug for RelayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RelayKey")
    }
}

impl FromStr for RelayKey {
    type Err = RelaySpecError;

    fn from_str(text: &str) -> Result<Self, RelaySpecError> {
        let bytes = from_base32(text).ok_or(RelaySpecError::Key)?;
        bytes.try_into().map(Self).map_err(|_| RelaySpecError::Key)
    }
}

/// A relay: where it is and its key. Written `https://HOST:PORT/#KEY`; that text is a secret of those who use it.
#[derive(Clone, PartialEq, Eq)]
pub struct RelaySpec {
    url: RelayUrl,
    key: RelayKey,
}

impl RelaySpec {
    /// The relay at `host` (a name or an IPv4 address) and `port`.
    pub fn new(host: &str, port: u16, key: RelayKey) -> Result<Self, RelaySpecError> {
        Ok(Self { url: parse_url(&format!("https://{host}:{port}/"))?, key })
    }

    /// Where it is, without the key: fit to be shown and told.
    #[must_use]
    pub fn url(&self) -> &RelayUrl {
        &self.url
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &RelayKey {
        &self.key
    }

    /// Its host: a name or an IPv4 address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Its port, for TCP and for UDP.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// As iroh wants it: address discovery by QUIC on the same port number, and the token.
    pub(crate) fn to_iroh(&self) -> iroh::RelayConfig {
        let quic = iroh_relay::RelayQuicConfig::new(self.port());
        iroh::RelayConfig::new(self.url.clone(), Some(quic)).with_auth_token(self.key.token())
    }
}

impl fmt::Display for RelaySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.url, self.key)
    }
}

impl fmt::Debug for RelaySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelaySpec({})", self.url)
    }
}

/// Why a text does not name a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RelaySpecError {
    /// Longer than any relay's name.
    #[error("too long for a relay's address")]
    TooLong,
    /// Spaces, control characters or letters outside ASCII.
    #[error("a relay's address has only plain letters, digits and punctuation")]
    Characters,
    /// No URL at all.
    #[error("a relay's address looks like https://HOST:PORT/#KEY")]
    Url,
    /// Not `https`.
    #[error("a relay's address starts with https://")]
    Scheme,
    /// A user name, a path or a query in it.
    #[error("a relay's address has only a host, a port and a key")]
    Extra,
    /// An IPv6 address as host (the relay client cannot verify those).
    #[error("a relay needs a name or an IPv4 address, not an IPv6 address")]
    Ipv6,
    /// Port 0, or a host that is no host (0.0.0.0).
    #[error("nobody can connect to this host and port")]
    Host,
    /// No `#KEY`, or not 26 characters of base32.
    #[error("the key after # is missing or damaged: it has 26 letters and digits")]
    Key,
}

fn parse_url(text: &str) -> Result<RelayUrl, RelaySpecError> {
    let url: RelayUrl = text.parse().map_err(|_| RelaySpecError::Url)?;
    if url.scheme() != "https" {
        return Err(RelaySpecError::Scheme);
    }
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(RelaySpecError::Extra);
    }
    let host = url.host_str().ok_or(RelaySpecError::Host)?;
    if host.starts_with('[') {
        return Err(RelaySpecError::Ipv6);
    }
    if let Ok(ip) = host.parse::<std::net::Ipv4Addr>()
        && (ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast())
    {
        return Err(RelaySpecError::Host);
    }
    if url.port() == Some(0) {
        return Err(RelaySpecError::Host);
    }
    if url.as_str().len() > RELAY_URL_BYTES {
        return Err(RelaySpecError::TooLong);
    }
    Ok(url)
}

impl FromStr for RelaySpec {
    type Err = RelaySpecError;

    fn from_str(text: &str) -> Result<Self, RelaySpecError> {
        if text.len() > TEXT_BYTES {
            return Err(RelaySpecError::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RelaySpecError::Characters);
        }
        let (address, key) = match text.split_once('#') {
            Some((address, key)) => (address, Some(key)),
            None => (text, None),
        };
        let url = parse_url(address)?;
        let key = key.ok_or(RelaySpecError::Key)?.parse()?;
        Ok(Self { url, key })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "aaaqeayeaudaocajbifqydiob4";

    #[test]
    fn good_texts() {
        let key = RelayKey::from_bytes(std::array::from_fn(|i| i as u8));
        assert_eq!(key.to_string(), KEY);
        for (text, host, port) in [
            (format!("https://relay.example:4433/#{KEY}"), "relay.example", 4433),
            (format!("https://relay.example:4433#{}", KEY.to_uppercase()), "relay.example", 4433),
            (format!("https://192.0.2.7/#{KEY}"), "192.0.2.7", 443),
            (format!("HTTPS://Relay.Example:1/#{KEY}"), "relay.example", 1),
        ] {
            let spec: RelaySpec = text.parse().expect(&text);
            assert_eq!((spec.host(), spec.port(), spec.key()), (host, port, &key), "{text}");
            assert_eq!(spec.to_string().parse(), Ok(spec));
        }
    }

    #[test]
    fn bad_texts_say_what_is_wrong() {
        use RelaySpecError as E;
        for (text, error) in [
            (String::new(), E::Url),
            ("relay.example:4433".into(), E::Scheme),
            (format!("http://relay.example/#{KEY}"), E::Scheme),
            ("https://relay.example/".into(), E::Key),
            ("https://relay.example/#".into(), E::Key),
            (format!("https://relay.example/#{KEY}a"), E::Key),
            (format!("https://relay.example/#{}1", &KEY[..25]), E::Key),
            (format!("https://relay.example/#{}5", &KEY[..25]), E::Key),
            (format!("https://relay.example/path#{KEY}"), E::Extra),
            (format!("https://relay.example/?q#{KEY}"), E::Extra),
            (format!("https://user@relay.example/#{KEY}"), E::Extra),
            (format!("https://[::1]:4433/#{KEY}"), E::Ipv6),
            (format!("https://0.0.0.0:4433/#{KEY}"), E::Host),
            (format!("https://relay.example:0/#{KEY}"), E::Host),
            (format!("https://relay.example:70000/#{KEY}"), E::Url),
            (format!("https://relay .example/#{KEY}"), E::Characters),
            (format!("https://relay\u{1b}[31m.example/#{KEY}"), E::Characters),
            (format!("https://r\u{202e}elay.example/#{KEY}"), E::Characters),
            (format!("https://{}/#{KEY}", "a".repeat(600)), E::TooLong),
        ] {
            assert_eq!(text.parse::<RelaySpec>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn fuzz_relay_spec() {
        let seeds = [format!("https://relay.example:4433/#{KEY}"), format!("https://192.0.2.7/#{KEY}")];
        let seeds: Vec<Vec<u8>> = seeds.into_iter().map(String::into_bytes).collect();
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let spec = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<RelaySpec>().ok());
            if let Some(spec) = &spec {
                assert_eq!(spec.to_string().parse(), Ok(spec.clone()));
            }
            spec.is_some()
        });
    }

    proptest! {
        #[test]
        fn any_key_round_trips(bytes: [u8; 16], port in 1u16..) {
            let spec = RelaySpec::new("relay.example", port, RelayKey::from_bytes(bytes)).expect("good");
            prop_assert_eq!(spec.to_string().parse::<RelaySpec>(), Ok(spec));
        }

        #[test]
        fn noise_never_panics(text in "\\PC{0,80}") {
            let _ = text.parse::<RelaySpec>();
        }
    }
}
