//! Boards: by command, by the API, and over the socket of a page.

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
fn boards_are_made_drawn_on_and_carried_in_files() {
    let (ada, bo) = (running("Ada"), running("Bo"));
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    tour::join(&ada, &bo, space.as_str().expect("an id"), "write");
    let plan = id(&ada.ask(&["board", "create", "Harbour", "Plan"]).expect("creates"));
    let file = json!({
        "type": "excalidraw",
        "version": 2,
        "elements": [
            { "id": "box", "type": "rectangle", "x": 1.5, "y": 2, "width": 30, "height": 40, "seed": 7, "index": "a1", "version": 9 },
            { "id": "pen", "type": "freedraw", "x": 1, "y": 2, "width": 3, "height": 4, "seed": 8, "index": "a0",
              "points": [[0, 0], [3, 4]], "pressures": [], "simulatePressure": true },
            { "id": "web", "type": "embeddable", "x": 0, "y": 0, "width": 1, "height": 1 },
            { "id": "gone", "type": "ellipse", "isDeleted": true },
        ],
    });
    let path = ada.home().join("plan.excalidraw");
    std::fs::write(&path, file.to_string()).expect("writes");
    let path = path.to_str().expect("UTF-8");
    let import = ["board", "import", "Harbour", "Plan", path];
    assert_eq!(ada.ask(&import).expect("imports"), json!({ "count": 2, "left_out": 1 }));
    assert_eq!(ada.ask(&import).expect("imports"), json!({ "count": 0, "left_out": 1 }), "it is so already");
    let wrong = run(&ada, &["board", "import", "Harbour", "Plan", "/dev/null"], "");
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");

    tour::until(&bo, &["board", "list", "Harbour"], "both elements", |boards| boards[0]["elements"] == 2);
    let exported = bo.ask(&["board", "export", "Harbour", &plan[..8]]).expect("exports");
    assert_eq!(exported["type"], "excalidraw");
    let elements = exported["elements"].as_array().expect("a list");
    let ids: Vec<_> = elements.iter().map(|element| element["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, ["pen", "box"], "what is below comes first");
    assert_eq!((&elements[1]["x"], &elements[1]["strokeColor"]), (&json!(1.5), &json!("#1e1e1e")));
}

/// The answer's first line to a request that opens a board.
fn opened(api: &Api, path: &str, headers: &str) -> String {
    let address = api.address.as_str();
    let mut stream = TcpStream::connect(address).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("sets");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).expect("writes");
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n") && stream.read(&mut byte).expect("reads") > 0 {
        answer.push(byte[0]);
    }
    String::from_utf8(answer).expect("text").trim_end().to_owned()
}

#[test]
fn a_socket_is_opened_by_the_pages_own_origin_and_nobody_else() {
    let ada = running("Ada");
    let api = Api::of(&ada);
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    let board = id(&ada.ask(&["board", "create", "Harbour", "Plan"]).expect("creates"));
    let path = format!("/api/v1/spaces/{}/boards/{board}/live", space.as_str().expect("an id"));
    let address = api.address.as_str();
    let token = format!("Authorization: Bearer {}\r\n", api.token.trim());
    assert!(opened(&api, &path, &token).starts_with("HTTP/1.1 101"));
    let own = format!("{token}Origin: http://{address}\r\n");
    assert!(opened(&api, &path, &own).starts_with("HTTP/1.1 101"));
    for (headers, status) in [
        (String::new(), "401"),
        (format!("Origin: http://{address}\r\n"), "401"),
        (format!("{token}Origin: http://evil.example\r\n"), "403"),
        (format!("{token}Sec-Fetch-Site: cross-site\r\n"), "403"),
        (
            format!(
                "Cookie: compeer_session_{}=x\r\nOrigin: http://{address}\r\n",
                address.rsplit(':').next().expect("a port")
            ),
            "401",
        ),
    ] {
        let line = opened(&api, &path, &headers);
        assert!(line.starts_with(&format!("HTTP/1.1 {status}")), "{headers:?}: {line}");
    }
}
