//! The guard as a table: what comes in, and what becomes of it.

use super::super::session::SignIn;
use super::*;
use axum::http::{HeaderValue, Request};
use compeer_core::system_wall;

const TOKEN: &str = "secret-token";

struct Fixture {
    guard: Guard,
    session: String,
    _folder: tempfile::TempDir,
}

fn fixture(address: &str) -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let sessions = Sessions::load(folder.path().join("sessions.json"), system_wall());
    let code = sessions.new_code().expect("a code");
    let Ok(SignIn::Opened(session)) = sessions.sign_in(&code) else { panic!("not signed in") };
    let session = session.to_string();
    let guard = Guard::new(address.parse().expect("an address"), TOKEN, sessions);
    Fixture { guard, session, _folder: folder }
}

impl Fixture {
    /// Judges `METHOD PATH` with headers; `{session}` stands for the open session's cookie.
    fn judge(&self, line: &str, headers: &[(&'static str, &str)]) -> Result<Option<Caller>, String> {
        let (method, path) = line.split_once(' ').expect("a method and a path");
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            let value = value.replace("{session}", &self.session);
            request = request.header(*name, HeaderValue::from_str(&value).expect("a value"));
        }
        let (head, ()) = request.body(()).expect("a request").into_parts();
        self.guard.judge(&head.method, &head.uri, &head.headers).map_err(|error| error.code.into_owned())
    }
}

const HERE: (&str, &str) = ("host", "127.0.0.1:4918");
const BEARER: (&str, &str) = ("authorization", "Bearer secret-token");
const COOKIE: (&str, &str) = ("cookie", "theme=dark; compeer_session_4918={session}");
const ORIGIN: (&str, &str) = ("origin", "http://127.0.0.1:4918");

/// One line per header. Only the exact token or session opens the door, whatever else is in the head.
#[test]
fn fuzz_request_heads() {
    let fixture = fixture("127.0.0.1:4918");
    let head = |headers: &[(&str, &str)]| {
        let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        lines.join("\n").replace("{session}", &fixture.session).into_bytes()
    };
    let seeds = [head(&[HERE, BEARER]), head(&[HERE, COOKIE, ORIGIN, ("sec-fetch-site", "same-origin")])];
    compeer_testkit::fuzz::run(&seeds, |bytes| {
        let mut headers = HeaderMap::new();
        for line in bytes.split(|byte| *byte == b'\n').take(64) {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = (HeaderName::from_bytes(&line[..colon]), line[colon + 1..].trim_ascii());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
        let shows = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        match fixture.guard.judge(&Method::POST, &Uri::from_static("/api/v1/spaces"), &headers) {
            Ok(Some(Caller::Script)) => assert!(shows(TOKEN)),
            Ok(Some(Caller::Page { session })) => {
                assert!(session == fixture.session && shows("http://") && shows(&session));
            }
            Ok(None) => panic!("the API without a caller"),
            Err(_) => return false,
        }
        true
    });
}

#[test]
#[expect(clippy::type_complexity, reason = "a table reads best with its types in place")]
fn what_is_ours_passes() {
    let fixture = fixture("127.0.0.1:4918");
    let page = Caller::Page { session: fixture.session.clone() };
    let same = ("sec-fetch-site", "same-origin");
    let table: &[(&str, &[(&str, &str)], Option<Caller>)] = &[
        ("GET /api/v1/status", &[HERE, BEARER], Some(Caller::Script)),
        ("POST /api/v1/spaces", &[HERE, BEARER], Some(Caller::Script)),
        ("GET /api/v1/status", &[("host", "localhost:4918"), BEARER], Some(Caller::Script)),
        ("GET /api/v1/status", &[("host", "LOCALHOST:4918"), BEARER], Some(Caller::Script)),
        ("GET /api/v1/status", &[("host", "[::1]:4918"), BEARER], Some(Caller::Script)),
        ("GET /api/v1/status", &[HERE, COOKIE, same], Some(page.clone())),
        ("GET /api/v1/status", &[HERE, COOKIE, ("sec-fetch-site", "none")], Some(page.clone())),
        ("GET /api/v1/events", &[HERE, COOKIE], Some(page.clone())),
        ("POST /api/v1/spaces", &[HERE, COOKIE, ORIGIN, same], Some(page.clone())),
        ("POST /api/v1/spaces", &[HERE, COOKIE, ("origin", "http://localhost:4918")], Some(page)),
        ("GET /", &[HERE], None),
        ("GET /assets/index.js", &[HERE, same], None),
        (
            "GET /",
            &[HERE, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
            None,
        ),
    ];
    for (line, headers, expected) in table {
        assert_eq!(fixture.judge(line, headers), Ok(expected.clone()), "{line} {headers:?}");
    }
}

#[test]
#[expect(clippy::type_complexity, reason = "a table reads best with its types in place")]
fn what_is_not_ours_is_refused() {
    let fixture = fixture("127.0.0.1:4918");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let table: &[(&str, &[(&str, &str)], &str)] = &[
        // Names that are not ours, whatever else is right.
        ("GET /api/v1/status", &[("host", "rebound.example:4918"), BEARER], "wrong-host"),
        ("GET /api/v1/status", &[("host", "127.0.0.1.nip.io:4918"), BEARER], "wrong-host"),
        ("GET /api/v1/status", &[("host", "127.0.0.1:4919"), BEARER], "wrong-host"),
        ("GET /api/v1/status", &[("host", "127.0.0.1"), BEARER], "wrong-host"),
        ("GET /api/v1/status", &[("host", "localhost.:4918"), BEARER], "wrong-host"),
        ("GET /api/v1/status", &[BEARER], "wrong-host"),
        ("GET /api/v1/status", &[HERE, ("host", "evil.example"), BEARER], "wrong-host"),
        ("GET http://evil.example/api/v1/status", &[HERE, BEARER], "wrong-host"),
        ("GET /", &[("host", "rebound.example:4918")], "wrong-host"),
        ("GET /signin/abc", &[("host", "rebound.example:4918")], "wrong-host"),
        // Origins that are not ours, token or not, reading or not.
        ("POST /api/v1/spaces", &[HERE, COOKIE, ("origin", "http://evil.example")], "wrong-origin"),
        ("POST /api/v1/spaces", &[HERE, COOKIE, ("origin", "http://127.0.0.1:8080")], "wrong-origin"),
        ("POST /api/v1/spaces", &[HERE, COOKIE, ("origin", "https://127.0.0.1:4918")], "wrong-origin"),
        ("POST /api/v1/spaces", &[HERE, COOKIE, ("origin", "null")], "wrong-origin"),
        ("POST /api/v1/spaces", &[HERE, BEARER, ("origin", "http://evil.example")], "wrong-origin"),
        ("POST /api/v1/spaces", &[HERE, COOKIE, ORIGIN, ("origin", "http://evil.example")], "wrong-origin"),
        ("GET /api/v1/events", &[HERE, COOKIE, ("origin", "http://evil.example")], "wrong-origin"),
        ("OPTIONS /api/v1/spaces", &[HERE, ("origin", "http://evil.example")], "wrong-origin"),
        // A cookie alone changes nothing.
        ("POST /api/v1/spaces", &[HERE, COOKIE], "origin-missing"),
        ("POST /api/v1/signout", &[HERE, COOKIE, form], "origin-missing"),
        ("DELETE /api/v1/spaces/x", &[HERE, COOKIE], "origin-missing"),
        ("PATCH /api/v1/spaces/x", &[HERE, COOKIE], "origin-missing"),
        // What browsers say about other sites, and about other ports of this computer.
        ("GET /api/v1/events", &[HERE, COOKIE, ("sec-fetch-site", "cross-site")], "cross-site"),
        ("GET /api/v1/events", &[HERE, COOKIE, ("sec-fetch-site", "same-site")], "cross-site"),
        ("GET /api/v1/spaces/x/files/y/content", &[HERE, COOKIE, ("sec-fetch-site", "cross-site")], "cross-site"),
        ("POST /api/v1/spaces", &[HERE, COOKIE, form, ("sec-fetch-site", "cross-site")], "cross-site"),
        (
            "GET /api/v1/status",
            &[
                HERE,
                COOKIE,
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document"),
            ],
            "cross-site",
        ),
        (
            "GET /assets/index.js",
            &[HERE, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")],
            "cross-site",
        ),
        (
            "GET /",
            &[HERE, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
            "cross-site",
        ),
        // Nobody proven.
        ("GET /api/v1/status", &[HERE], "signed-out"),
        ("GET /api/v1/status", &[HERE, ("cookie", "compeer_session_4918=guess")], "signed-out"),
        ("GET /api/v1/status", &[HERE, ("cookie", "compeer_session_4919={session}")], "signed-out"),
        ("GET /api/v1/status", &[HERE, ("authorization", "Bearer guess")], "wrong-token"),
        ("GET /api/v1/status", &[HERE, ("authorization", "Bearer ")], "wrong-token"),
        ("GET /api/v1/status", &[HERE, ("authorization", "Basic secret-token")], "wrong-token"),
        ("GET /api/v1/status", &[HERE, ("authorization", "Bearer guess"), COOKIE], "wrong-token"),
        ("GET /api", &[HERE], "signed-out"),
        ("GET /api/", &[HERE], "signed-out"),
        ("GET /api/v1/openapi.json", &[HERE], "signed-out"),
    ];
    for (line, headers, expected) in table {
        assert_eq!(fixture.judge(line, headers), Err((*expected).to_owned()), "{line} {headers:?}");
    }
}

#[test]
fn an_address_that_was_asked_for_counts_as_ours() {
    let fixture = fixture("127.0.0.2:4918");
    assert!(fixture.judge("GET /api/v1/status", &[("host", "127.0.0.2:4918"), BEARER]).is_ok());
    assert!(fixture.judge("GET /api/v1/status", &[("host", "127.0.0.3:4918"), BEARER]).is_err());
}

#[test]
fn cookies_are_closed_to_scripts_and_other_sites() {
    let fixture = fixture("127.0.0.1:4918");
    let opened = fixture.guard.set_cookie(Some("abc"));
    assert_eq!(opened, "compeer_session_4918=abc; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict");
    assert!(fixture.guard.set_cookie(None).contains("Max-Age=0"));
}
