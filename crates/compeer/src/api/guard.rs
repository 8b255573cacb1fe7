//! Who may ask this API anything: decided from a request's head alone, before any of it is acted upon.
//!
//! The API listens on loopback, which every program and every web page on this computer can reach. What keeps them out:
//!
//! | attack | guard |
//! | --- | --- |
//! | a name that resolves to 127.0.0.1 (DNS rebinding) | the `Host` must be one of ours |
//! | a page of another site, or of another port here | `Sec-Fetch-Site` must be `same-origin` or `none`, `Origin` ours |
//! | a form post or a link from another site | a cookie that changes something needs our `Origin`; JSON needs its type |
//! | another user or program without the token | the script token, or a session cookie that no script can read |
//!
//! Ports share cookies and count as one site, so `SameSite` alone keeps no local page out; the two checks of the second
//! line do. See Fetch Metadata (W3C) and RFC 6265, section 8.5.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};

use super::session::Sessions;
use crate::error::ApiError;

/// How a request proved itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// With the token from the home folder: somebody who can read the owner's files anyway.
    Script,
    /// With a session cookie: the page in a browser. Never told to touch paths of this computer.
    Page {
        /// The session, for signing out.
        session: String,
    },
}

/// What is needed to judge requests.
pub(crate) struct Guard {
    hosts: Vec<String>,
    origins: Vec<String>,
    cookie: String,
    token: blake3::Hash,
    sessions: Sessions,
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

impl Guard {
    /// A guard for an API that listens at `address`.
    pub(crate) fn new(address: SocketAddr, token: &str, sessions: Sessions) -> Self {
        let port = address.port();
        let mut hosts = vec![
            SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string(),
            SocketAddr::from((Ipv6Addr::LOCALHOST, port)).to_string(),
            format!("localhost:{port}"),
        ];
        if !matches!(address.ip(), IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST)) {
            hosts.push(address.to_string());
        }
        let origins = hosts.iter().map(|host| format!("http://{host}")).collect();
        // Cookies know no ports: two peers on one computer would overwrite each other's under one name.
        let cookie = format!("compeer_session_{port}");
        Self { hosts, origins, cookie, token: blake3::hash(token.as_bytes()), sessions }
    }

    /// Who is signed in.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The `Set-Cookie` that opens or (with no session) closes a session in a browser.
    pub(crate) fn set_cookie(&self, session: Option<&str>) -> String {
        let seconds = if session.is_some() { super::session::SESSION_LIFE / 1000 } else { 0 };
        let (name, value) = (&self.cookie, session.unwrap_or_default());
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict")
    }

    /// Judges a request. `None` is a request for the page's own files, which hold nobody's data.
    pub(crate) fn judge(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Option<Caller>, ApiError> {
        self.check_host(uri, headers)?;
        let api = is_api(uri.path());
        check_site(api, headers)?;
        let ours = self.check_origin(headers)?;
        if api { self.authenticate(method, headers, ours).map(Some) } else { Ok(None) }
    }

    fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        let known = |host: &str| self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host));
        let named = only(headers, &HOST).is_some_and(known);
        // A request line may carry a host of its own (RFC 9112, section 3.2.2).
        let in_line = uri.authority().is_none_or(|authority| known(authority.as_str()));
        if named && in_line {
            return Ok(());
        }
        Err(ApiError::new(
            StatusCode::MISDIRECTED_REQUEST,
            "wrong-host",
            "Wrong address",
            "This peer does not answer under that name.",
            "Open the page under the address that `compeer open` prints.",
        ))
    }

    /// Whether there is an `Origin`; one that is not ours is refused whatever else the request shows.
    fn check_origin(&self, headers: &HeaderMap) -> Result<bool, ApiError> {
        if !headers.contains_key(ORIGIN) {
            return Ok(false);
        }
        if only(headers, &ORIGIN).is_some_and(|origin| self.origins.iter().any(|ours| ours == origin)) {
            return Ok(true);
        }
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "wrong-origin",
            "Another page asked",
            "Only this peer's own page may do that.",
            "Open the page with `compeer open`.",
        ))
    }

    fn authenticate(&self, method: &Method, headers: &HeaderMap, own_origin: bool) -> Result<Caller, ApiError> {
        if headers.contains_key(AUTHORIZATION) {
            let token = only(headers, &AUTHORIZATION)
                .and_then(|value| value.split_once(' '))
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, token)| blake3::hash(token.trim().as_bytes()));
            // Comparing two `blake3::Hash` takes the same time wherever they differ.
            if token == Some(self.token) {
                return Ok(Caller::Script);
            }
            return Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "wrong-token",
                "Wrong token",
                "That is not the token of this peer.",
                "The token lies in the home folder, in the file api-token. If that file was changed while the peer ran, end the \
                 peer and start it again.",
            ));
        }
        let session = cookie(headers, &self.cookie).filter(|session| self.sessions.is_open(session));
        let Some(session) = session else {
            return Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "signed-out",
                "Signed out",
                "This browser is not signed in.",
                "Run `compeer open` on this computer.",
            ));
        };
        if method.is_safe() || own_origin {
            return Ok(Caller::Page { session: session.to_owned() });
        }
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "origin-missing",
            "No origin",
            "A browser that changes something must say which page asked for it.",
            "Scripts use the token in the home folder instead of a cookie.",
        ))
    }
}

/// Whether a path belongs to the API, where everything needs a proven caller.
pub(crate) fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// What a browser says about where a request comes from. Old browsers and other programs say nothing.
fn check_site(api: bool, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(site) = headers.get(SEC_FETCH_SITE) else { return Ok(()) };
    let says = |name: HeaderName, value: &str| only(headers, &name) == Some(value);
    let own = only(headers, &SEC_FETCH_SITE).is_some_and(|site| site == "same-origin" || site == "none");
    // Another page may link to ours: that opens our page on its own, out of the other's sight.
    let link = !api && says(SEC_FETCH_MODE, "navigate") && says(SEC_FETCH_DEST, "document");
    if own || link {
        return Ok(());
    }
    tracing::debug!(?site, "refused a request from another site");
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "cross-site",
        "Another site asked",
        "Other sites may not ask this peer anything.",
        "Open the page with `compeer open`.",
    ))
}

/// The header's value, if it is there exactly once and is text.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests;
