//! Search, as two people use it: what one writes the other finds, and what is written over nobody does.

use compeer_testkit::process::Peer;
use serde_json::{Value, json};

use super::cli::run;
use super::{ALONE, running, tour};

/// The ids of what is found, once all is indexed.
fn found(peer: &Peer, words: &[&str]) -> Vec<Value> {
    let answer = peer.ask(&[&["search"], words].concat()).expect("searches");
    assert_eq!(answer["complete"], true, "{answer}");
    let results = answer["results"].as_array().expect("a list");
    assert_eq!(answer["count"], results.len(), "{answer}");
    results.iter().map(|result| result["id"].clone()).collect()
}

fn one(id: &Value) -> &[Value] {
    std::slice::from_ref(id)
}

#[test]
fn what_one_writes_the_other_finds() {
    let (ada, mut bo) = (running("Ada Löwe"), running("Bo Tanaka"));
    let made = ada.ask(&["space", "create", "Harbour Quay"]).expect("creates");
    let space = made["space"].as_str().expect("an id");
    tour::join(&ada, &bo, space, "write");
    let say = |peer: &Peer, text: &str| peer.ask(&["chat", "send", "Harbour", text]).expect("sends")["id"].clone();
    let crane = say(&ada, "The cranes at the quay wall are heer");
    let tokyo = say(&bo, "東京都の港 https://example.org/tokyo");
    let folder = tempfile::tempdir().expect("folder");
    let plan = folder.path().join("Quay-Wall plan.txt");
    std::fs::write(&plan, "concrete").expect("writes");
    let put = ada.ask(&["file", "put", "Harbour", plan.to_str().expect("a path")]).expect("shares");
    let plan = put[0]["id"].clone();
    for peer in [&ada, &bo] {
        tour::until(peer, &["chat", "log", "Harbour"], "both messages", |log| {
            log.as_array().is_some_and(|log| log.len() == 2)
        });
        tour::until(peer, &["file", "list", "Harbour"], "the file", |files| files[0]["id"] == plan);
        tour::until(peer, &["space", "members", "Harbour"], "both names", |members| {
            let names: Vec<_> =
                members.as_array().expect("a list").iter().map(|member| member["name"].clone()).collect();
            names.contains(&json!("Ada Löwe")) && names.contains(&json!("Bo Tanaka"))
        });
    }
    let status = |peer: &Peer| peer.ask(&["status"]).expect("answers")["person"].clone();
    let (ada_id, bo_id) = (status(&ada), status(&bo));

    for peer in [&ada, &bo] {
        // Right after it was written, words, beginnings and phrases; in all spaces or in one.
        assert_eq!(found(peer, &["crane"]), one(&crane));
        assert_eq!(found(peer, &["WALL", "cran"]), one(&crane));
        assert_eq!(found(peer, &["\"quay wall\"", "--space", "Harbour"]).len(), 2);
        assert_eq!(found(peer, &["\"wall quay\""]), [] as [Value; 0]);
        assert_eq!(found(peer, &["京都"]), one(&tokyo));
        // Names before what was written, and slips in them are forgiven.
        assert_eq!(found(peer, &["tanka"]), one(&bo_id));
        assert_eq!(found(peer, &["lowe"]), one(&ada_id));
        let quay = found(peer, &["quay"]);
        assert_eq!((quay.len(), &quay[0]), (3, &json!(space)));
        // Operators.
        assert_eq!(found(peer, &["from:lowe", "is:message"]), one(&crane));
        assert_eq!(found(peer, &["from:\"Bo Tnaka\"", "in:harbuor"]), one(&tokyo));
        assert_eq!(found(peer, &["has:link"]), one(&tokyo));
        assert_eq!(found(peer, &["is:file"]), one(&plan));
        assert_eq!(found(peer, &["quay", "has:file", "from:ada"]), one(&plan));
        assert_eq!(found(peer, &["quay -has:file is:message on:today"]), one(&crane));
        assert_eq!(found(peer, &["quay", "before:today"]), [] as [Value; 0]);
        assert_eq!(found(peer, &["from:me"]).len(), if status(peer) == ada_id { 2 } else { 1 });
    }
    let words = String::from_utf8(run(&ada, &["search", "cranes"], "").stdout).expect("UTF-8");
    assert!(words.ends_with("  Ada Löwe in Harbour Quay\n    The cranes at the quay wall are heer\n"), "{words}");
    let answer = bo.ask(&["search", "crane"]).expect("searches");
    let part = |text: &str, found| json!({ "text": text, "found": found });
    assert_eq!(
        answer["results"][0]["text"],
        json!([part("The ", false), part("cranes", true), part(" at the quay wall are heer", false)])
    );

    // What is said at a topic; a message that moves is found at its new place alone.
    let topic = ada.ask(&["topic", "start", "Harbour", "Paving works"]).expect("starts")["id"].clone();
    let gravel =
        ada.ask(&["chat", "send", "Harbour", "more gravel", "--topic", "Paving works"]).expect("sends")["id"].clone();
    tour::until(&bo, &["chat", "log", "Harbour", "--topic", "Paving works"], "it", |log| log[0]["id"] == gravel);
    for peer in [&ada, &bo] {
        assert_eq!(found(peer, &["pavign"]), one(&topic));
        assert_eq!(found(peer, &["is:topic"]), one(&topic));
        assert_eq!(found(peer, &["topic:paving"]), one(&gravel));
        assert_eq!(found(peer, &["topic:general", "crane"]), one(&crane));
    }
    let id = crane.as_str().expect("an id");
    ada.ask(&["topic", "move", "Harbour", "Paving works", id]).expect("moves");
    tour::until(&bo, &["chat", "log", "Harbour", "--topic", "Paving works"], "both", |log| {
        log.as_array().is_some_and(|log| log.len() == 2)
    });
    for peer in [&ada, &bo] {
        assert_eq!(found(peer, &["topic:general", "crane"]), [] as [Value; 0]);
        assert_eq!(found(peer, &["topic:paving", "crane"]), one(&crane));
    }
    ada.ask(&["topic", "move", "Harbour", "general", id]).expect("moves back");

    // Other words: the old ones are found no more, by nobody, also after a restart.
    let id = crane.as_str().expect("an id");
    ada.ask(&["chat", "edit", "Harbour", id, "The cranes are here"]).expect("changes");
    ada.ask(&["file", "remove", "Harbour", plan.as_str().expect("an id")]).expect("takes off");
    tour::until(&bo, &["chat", "log", "Harbour"], "the change", |log| log[0]["text"] == "The cranes are here");
    tour::until(&bo, &["file", "list", "Harbour"], "no file", |files| *files == json!([]));
    bo.terminate().expect("ends");
    bo.up(ALONE).expect("starts");
    for peer in [&ada, &bo] {
        assert_eq!(found(peer, &["heer"]), [] as [Value; 0]);
        assert_eq!(found(peer, &["cranes"]), one(&crane));
        assert_eq!(found(peer, &["plan"]), [] as [Value; 0]);
    }

    // Who is removed keeps what was there; who leaves does not.
    ada.ask(&["space", "remove", "Harbour Quay", "Bo Tanaka"]).expect("removes");
    say(&ada, "cranes without Bo");
    assert_eq!(found(&ada, &["cranes"]).len(), 2);
    tour::until(&bo, &["space", "list"], "that he is out", |spaces| spaces[0]["state"] != "active");
    assert_eq!(found(&bo, &["cranes"]), [crane]);
    bo.ask(&["space", "leave", "Harbour Quay"]).expect("leaves");
    assert_eq!(found(&bo, &["cranes"]), [] as [Value; 0]);
}

#[test]
fn issues_and_boards_are_found() {
    let ada = running("Ada");
    ada.ask(&["space", "create", "Harbour"]).expect("creates");
    let made = |arguments: &[&str]| ada.ask(arguments).expect("makes")["id"].clone();
    let issue = made(&["issue", "create", "Harbour", "Mend the gantry", "--description", "It creaks since May"]);
    let board = made(&["board", "create", "Harbour", "Gantry sketches"]);
    assert_eq!(found(&ada, &["creaks"]), one(&issue));
    assert_eq!(found(&ada, &["gantry", "is:issue"]), one(&issue));
    assert_eq!(found(&ada, &["gantry", "is:board"]), one(&board));
    assert_eq!(found(&ada, &["gantry"]).len(), 2);
    let id = issue.as_str().expect("an id");
    ada.ask(&["issue", "set", "Harbour", id, "--title", "Oil the winch"]).expect("changes");
    assert_eq!(found(&ada, &["gantry"]), one(&board), "it says something else now");
    assert_eq!(found(&ada, &["winch"]), one(&issue));

    let words = json!({ "type": "excalidraw", "elements": [{
        "id": "words", "type": "text", "x": 0, "y": 0, "width": 90, "height": 25, "seed": 1,
        "text": "bollards to be painted", "fontSize": 20, "fontFamily": 5, "textAlign": "left", "verticalAlign": "top",
        "lineHeight": 1.25, "index": "a0",
    }] });
    let file = ada.home().join("sketch.excalidraw");
    std::fs::write(&file, words.to_string()).expect("writes");
    ada.ask(&["board", "import", "Harbour", "Gantry sketches", file.to_str().expect("UTF-8")]).expect("imports");
    assert_eq!(found(&ada, &["bollards"]), one(&board), "what is written on it is found");
    let said = run(&ada, &["search", "bollards"], "");
    let said = String::from_utf8_lossy(&said.stdout);
    assert!(said.contains("(a board in Harbour)\n") && said.contains("bollards to be painted"), "{said}");
}
