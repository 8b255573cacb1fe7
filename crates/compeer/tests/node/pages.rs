//! Pages: by command, by the API, found by their words, and over the socket of a page in the browser.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::cli::run;
use super::http::Api;
use super::{running, tour};

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

#[test]
fn pages_are_written_moved_found_and_carried_in_files() {
    let (ada, bo) = (running("Ada"), running("Bo"));
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    let space = space.as_str().expect("an id");
    tour::join(&ada, &bo, space, "write");
    let path = ada.home().join("Crane manual.md");
    let text = "# Crane\n\nOil the **winch** each May.\n\n- [x] rope\n- [ ] hook\n";
    std::fs::write(&path, text).expect("writes");
    let made = ada.ask(&["page", "import", "Harbour", path.to_str().expect("UTF-8")]).expect("imports");
    let manual = made["made"][0].as_str().expect("an id").to_owned();
    let top = id(&ada.ask(&["page", "create", "Harbour", "Machines"]).expect("creates"));
    let wrong = run(&ada, &["page", "create", "Harbour", "x", "--file", "/dev/zero"], "");
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    ada.ask(&["page", "move", "Harbour", "Crane manual", "--under", "Machines"]).expect("moves");
    let circle = run(&ada, &["page", "move", "Harbour", "Machines", "--under", "Crane manual"], "");
    assert_eq!(circle.status.code(), Some(1), "{circle:?}");

    // The same for the other, and what it says, too.
    tour::until(&bo, &["page", "list", "Harbour"], "both pages", |pages| {
        pages.as_array().is_some_and(|pages| pages.len() == 2 && pages.iter().any(|page| page["parent"] == json!(top)))
    });
    assert_eq!(bo.ask(&["page", "export", "Harbour", "Crane manual"]).expect("exports"), json!({ "markdown": text }));
    let shown = bo.ask(&["page", "show", "Harbour", &manual[..8]]).expect("shows");
    assert_eq!((&shown["page"]["title"], &shown["markdown"]), (&json!("Crane manual"), &json!(text)));
    bo.ask(&["page", "rename", "Harbour", "Crane manual", "Winch manual"]).expect("renames");
    bo.ask(&["page", "archive", "Harbour", "Winch manual"]).expect("puts away");
    assert_eq!(bo.ask(&["page", "restore", "Harbour", "Winch manual"]).expect("takes back")["archived"], false);

    // Words are found some moments after they came.
    let find = ["search", "oil", "winch", "may", "is:page"];
    tour::until(&bo, &find, "the page by its words", |found| found["results"][0]["id"] == json!(manual));
    let history = ada.ask(&["page", "history", "Harbour", &manual[..8]]).expect("history");
    assert_eq!((history.as_array().map(Vec::len), &history[0]["name"]), (Some(1), &json!("Ada")));
    let at = id(&history[0]);
    let then = ada.ask(&["page", "history", "Harbour", &manual[..8], "--at", &at[..10]]).expect("reads");
    assert_eq!(then["markdown"], json!(text));
    assert_eq!(
        then["json"]["content"][0],
        json!({ "type": "heading", "attrs": { "level": 1 }, "content": [
        { "type": "text", "text": "Crane" }] })
    );
}

/// Reads the first frame that a socket says (RFC 6455, section 5.2); short texts only.
fn first_text(stream: &mut TcpStream) -> Value {
    let mut head = [0; 2];
    stream.read_exact(&mut head).expect("a frame");
    assert_eq!(head[0], 0x81, "one text");
    let length = match head[1] {
        126 => {
            let mut more = [0; 2];
            stream.read_exact(&mut more).expect("a length");
            u16::from_be_bytes(more).into()
        }
        short => usize::from(short),
    };
    let mut text = vec![0; length];
    stream.read_exact(&mut text).expect("a text");
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn an_open_page_is_greeted_with_a_number_of_its_own() {
    let ada = running("Ada");
    let api = Api::of(&ada);
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    let page = id(&ada.ask(&["page", "create", "Harbour", "Plan"]).expect("creates"));
    let path = format!("/api/v1/spaces/{}/pages/{page}/live", space.as_str().expect("an id"));
    let open = |headers: &str| {
        let address = api.address.as_str();
        let mut stream = TcpStream::connect(address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("sets");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).expect("writes");
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("reads") > 0 {
            head.push(byte[0]);
        }
        (String::from_utf8(head).expect("text"), stream)
    };
    let token = format!("Authorization: Bearer {}\r\n", api.token.trim());
    let hello = || {
        let (head, mut stream) = open(&token);
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        let hello = first_text(&mut stream)["hello"].clone();
        assert_eq!(hello["can_write"], true);
        hello["peer"].as_str().expect("a number").parse::<u64>().expect("a number")
    };
    let (one, other) = (hello(), hello());
    assert!(one >> 24 == other >> 24 && one != other, "{one:x} {other:x}");
    assert!(open("").0.starts_with("HTTP/1.1 401"));
    assert!(open(&format!("{token}Origin: http://evil.example\r\n")).0.starts_with("HTTP/1.1 403"));
}
