//! A guarded page: nobody but the owner's page and scripts gets anything.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::http::Api;
use super::running;

/// Request line, headers, body, and the status and code of the refusal.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, u16, &'a str);

#[test]
fn strangers_are_refused_at_the_door() {
    let peer = running("Ada");
    let api = Api::of(&peer);
    let bearer = format!("Bearer {}", api.token);
    let cookie = api.sign_in();
    let here = ("Host", api.address.as_str());
    let port = api.address.rsplit(':').next().expect("a port");
    let rebound = format!("rebound.example:{port}");
    let own = format!("http://{}", api.address);
    let json = ("Content-Type", "application/json");
    let table: &[Case] = &[
        // A rebinding name.
        ("GET /api/v1/status", &[("Host", &rebound), ("Authorization", &bearer)], "", 421, "wrong-host"),
        ("GET /", &[("Host", &rebound)], "", 421, "wrong-host"),
        // No token, a wrong one, and a cookie of nobody.
        ("GET /api/v1/status", &[here], "", 401, "signed-out"),
        ("GET /api/v1/status", &[here, ("Authorization", "Bearer guess")], "", 401, "wrong-token"),
        ("GET /api/v1/status", &[here, ("Cookie", &format!("compeer_session_{port}=guess"))], "", 401, "signed-out"),
        ("GET /api/v1/nothing", &[here], "", 401, "signed-out"),
        ("GET /api/v1/openapi.json", &[here], "", 401, "signed-out"),
        // A wrong or missing origin.
        ("POST /api/v1/spaces", &[here, ("Cookie", &cookie), json], "{}", 403, "origin-missing"),
        (
            "POST /api/v1/spaces",
            &[here, ("Cookie", &cookie), ("Origin", "http://evil.example"), json],
            "{}",
            403,
            "wrong-origin",
        ),
        ("POST /api/v1/spaces", &[here, ("Cookie", &cookie), ("Origin", "null"), json], "{}", 403, "wrong-origin"),
        // A form on another site: its browser sends the cookie if it is fooled, and says where it comes from.
        (
            "POST /api/v1/spaces",
            &[here, ("Cookie", &cookie), ("Content-Type", "text/plain"), ("Origin", "http://evil.example")],
            "{\"name\":\"x\"}",
            403,
            "wrong-origin",
        ),
        (
            "POST /api/v1/signout",
            &[here, ("Cookie", &cookie), ("Sec-Fetch-Site", "cross-site"), ("Origin", &own)],
            "",
            403,
            "cross-site",
        ),
        // A stream read by another site, or by a page on another port of this computer.
        ("GET /api/v1/events", &[here, ("Cookie", &cookie), ("Sec-Fetch-Site", "cross-site")], "", 403, "cross-site"),
        ("GET /api/v1/events", &[here, ("Cookie", &cookie), ("Sec-Fetch-Site", "same-site")], "", 403, "cross-site"),
        // JSON that does not say so, which is all that a form can send.
        (
            "POST /api/v1/spaces",
            &[here, ("Cookie", &cookie), ("Origin", &own), ("Content-Type", "text/plain")],
            "{\"name\":\"x\"}",
            415,
            "not-json",
        ),
        ("POST /api/v1/spaces", &[here, ("Authorization", &bearer)], "{\"name\":\"x\"}", 415, "not-json"),
        // A page may not name paths, nor make links.
        ("POST /api/v1/signin-links", &[here, ("Cookie", &cookie), ("Origin", &own)], "", 403, "scripts-only"),
        // There are no preflights: nothing is ever allowed across origins.
        (
            "OPTIONS /api/v1/spaces",
            &[here, ("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST")],
            "",
            403,
            "wrong-origin",
        ),
    ];
    for (line, headers, body, status, code) in table {
        let answer = api.raw(line, headers, body.as_bytes());
        assert_eq!((answer.status, answer.code().as_str()), (*status, *code), "{line} {headers:?}");
        assert!(!answer.headers.keys().any(|name| name.starts_with("access-control-")), "{answer:?}");
    }
    let spaces = peer.ask(&["space", "list"]).expect("lists");
    assert_eq!(spaces, serde_json::json!([]), "nothing was changed");
}

#[test]
fn the_page_signs_in_once_and_out_again() {
    let peer = running("Ada");
    let api = Api::of(&peer);
    let here = ("Host", api.address.as_str());
    let link = peer.ask(&["open", "--print"]).expect("a link");
    let url = link["url"].as_str().expect("a link");
    let path = url.strip_prefix(&format!("http://{}", api.address)).expect("our own");
    let first = api.raw(&format!("GET {path}"), &[here], b"");
    let cookie = &first.headers["set-cookie"];
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"), "{cookie}");
    let again = api.raw(&format!("GET {path}"), &[here], b"");
    assert_eq!((again.status, again.headers["location"].as_str()), (303, "/?link=used"));
    assert!(!again.headers.contains_key("set-cookie"), "a link works once");
    let guess = api.raw("GET /signin/guess", &[here], b"");
    assert_eq!((guess.status, guess.headers["location"].as_str()), (303, "/?link=old"));

    let cookie = cookie.split(';').next().expect("a cookie");
    let origin = format!("http://{}", api.address);
    let page = [here, ("Cookie", cookie), ("Origin", origin.as_str()), ("Sec-Fetch-Site", "same-origin")];
    assert_eq!(api.raw("GET /api/v1/status", &page, b"").json()["name"], "Ada");
    assert_eq!(api.raw("POST /api/v1/signout", &page, b"").status, 200);
    assert_eq!(api.raw("GET /api/v1/status", &page, b"").code(), "signed-out");
}

/// The page is read in a browser: what it says to type has to work in a terminal in whatever folder.
#[test]
fn commands_on_the_page_name_the_program_and_the_home() {
    let peer = running("Ada");
    let api = Api::of(&peer);
    let command = format!("{} --home {}", env!("CARGO_BIN_EXE_compeer"), peer.home().display());
    let here = ("Host", api.address.as_str());
    let refused = api.raw("GET /api/v1/status", &[here], b"").json();
    assert_eq!(refused["hint"], format!("Run `{command} open` on this computer."));
    let cookie = api.sign_in();
    let page = [here, ("Cookie", cookie.as_str())];
    assert_eq!(api.raw("GET /api/v1/status", &page, b"").json()["command"], command);
    let nowhere = format!("GET /api/v1/spaces/{}", "a".repeat(52));
    let refused = api.raw(&nowhere, &page, b"").json();
    assert_eq!(refused["hint"], format!("`{command} space list` shows them."));
    assert_eq!(api.script(&nowhere, "").json()["hint"], "`compeer space list` shows them.");
}

#[test]
fn signing_out_ends_what_the_browser_still_listens_to() {
    let peer = running("Ada");
    let api = Api::of(&peer);
    let (leaves, stays) = (api.sign_in(), api.sign_in());
    let origin = format!("http://{}", api.address);
    let page = |cookie| [("Host", api.address.as_str()), ("Cookie", cookie), ("Origin", origin.as_str())];
    let (mut left, mut other) = (api.listen(&page(&leaves)), api.listen(&page(&stays)));
    assert_eq!(api.raw("POST /api/v1/signout", &page(&leaves), b"").status, 200);
    peer.ask(&["space", "create", "Harbour"]).expect("creates");
    assert_eq!(left.next_event(), None, "nothing more, and no waiting for it");
    assert!(other.next_event().is_some());
}

#[test]
fn every_answer_carries_the_policy() {
    let peer = running("Ada");
    let api = Api::of(&peer);
    let here = ("Host", api.address.as_str());
    for (line, status) in [
        ("GET /", 200),
        ("GET /space/abc/chat", 200),
        ("GET /assets/nothing.js", 404),
        ("GET /api/v1/status", 401),
        ("GET /signin/guess", 303),
        ("POST /", 404),
        // Tricks with paths lead nowhere: there is a table of files, and no file system behind it.
        ("GET /assets/../../../etc/passwd", 404),
        ("GET /assets/%2e%2e/%2e%2e/etc/passwd", 404),
        ("GET /..%2f..%2fetc/passwd", 200),
        ("GET //etc/passwd", 200),
        ("GET /api/../../etc/passwd", 401),
    ] {
        let answer = api.raw(line, &[here], b"");
        assert_eq!(answer.status, status, "{line}");
        let policy = &answer.headers["content-security-policy"];
        assert_eq!(
            policy,
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
             connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "{line}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.headers[name], value, "{line}");
        }
        assert!(!String::from_utf8_lossy(&answer.body).contains("root:"), "{line}");
    }
}

#[test]
fn what_a_peer_shares_cannot_become_a_page_of_ours() {
    let peer = running("Ada");
    let api = Api::of(&peer);
    let space = peer.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    let space = space.as_str().expect("an id");
    let folder = tempfile::tempdir().expect("a folder");
    for (name, shown, media) in [
        ("page.html", false, "application/octet-stream"),
        ("drawing.svg", false, "application/octet-stream"),
        ("picture.png", true, "image/png"),
        ("notes.txt", true, "text/plain; charset=utf-8"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, "<script>alert(1)</script>").expect("a file");
        let path = path.to_str().expect("plain");
        let files = peer.ask(&["file", "put", space, path]).expect("shares");
        let id = files[0]["id"].as_str().expect("an id");
        let content = format!("/api/v1/spaces/{space}/files/{id}/content");
        let answer = api.script(&format!("GET {content}"), "");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], media);
        assert_eq!(answer.headers["content-disposition"].starts_with("inline"), shown, "{name}");
        assert!(answer.headers["content-security-policy"].starts_with("sandbox;"), "{name}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        let saved = api.script(&format!("GET {content}?download=1"), "");
        assert!(saved.headers["content-disposition"].starts_with("attachment"), "{name}");
        let bearer = format!("Bearer {}", api.token);
        let part = [("Host", api.address.as_str()), ("Authorization", bearer.as_str()), ("Range", "bytes=1-6")];
        let part = api.raw(&format!("GET {content}"), &part, b"");
        assert_eq!((part.status, part.body.as_slice()), (206, b"script".as_slice()));
        assert_eq!(part.headers["content-range"], "bytes 1-6/25");
    }
}

#[test]
fn connections_that_say_nothing_keep_nobody_out() {
    let peer = running("Ada");
    let api = Api::of(&peer);
    let connect = || {
        let stream = TcpStream::connect(&api.address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
        stream
    };
    let ask = format!(
        "GET /api/v1/openapi.json HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        api.address, api.token
    );
    // Whoever showed the token stays, however many come after.
    let mut kept = BufReader::new(connect());
    let answered = |kept: &mut BufReader<TcpStream>| {
        kept.get_mut().write_all(ask.as_bytes()).expect("asks");
        let (mut line, mut length) = (String::new(), 0);
        kept.read_line(&mut line).expect("answers");
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        while line != "\r\n" {
            line.clear();
            kept.read_line(&mut line).expect("a header");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a number");
            }
        }
        kept.read_exact(&mut vec![0; length]).expect("a body");
    };
    answered(&mut kept);
    let mut silent: Vec<TcpStream> = (0..600).map(|_| connect()).collect();
    for stream in &mut silent {
        // Those that were ended meanwhile take nothing more.
        let _ = stream.write_all(b"GET /api/v1/status HTTP/1.1\r\nHost: ");
    }
    answered(&mut kept);
    answered(&mut BufReader::new(connect()));
    let ended = silent[0].read(&mut [0; 100]);
    assert!(!matches!(ended, Ok(1..)), "the oldest was ended without a word: {ended:?}");
    assert!(
        ended.is_ok() || ended.is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock),
        "within the limit"
    );
}
