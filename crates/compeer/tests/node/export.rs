//! Exports and imports as people use them: by command, by the API, and from a page.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use compeer_testkit::wait::eventually_blocking;
use serde_json::{Value, json};

use super::cli::run;
use super::http::Api;
use super::{running, tour};

/// Every file but the manifest, by its path.
fn content(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let text = String::from_utf8_lossy(&std::fs::read(&path).expect("reads")).into_owned();
                all.insert(path.strip_prefix(folder).expect("inside").to_owned(), text);
            }
        }
    }
    all.retain(|path, _| !path.to_string_lossy().starts_with("manifest."));
    all
}

#[test]
fn export_import_into_a_fresh_home_export_again_equal() {
    let (ada, bo, cy) = (running("Ada"), running("Bo"), running("Cy"));
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    tour::join(&ada, &bo, space.as_str().expect("an id"), "write");
    let said = ada.ask(&["chat", "send", "Harbour", "does the crane creak?"]).expect("sends");
    tour::until(&bo, &["chat", "log", "Harbour"], "the question", |log| log[0]["text"] == "does the crane creak?");
    let id = said["id"].as_str().expect("an id");
    bo.ask(&["chat", "send", "Harbour", "it does", "--reply", id]).expect("answers");
    bo.ask(&["chat", "react", "Harbour", id, "\u{1f44d}"]).expect("reacts");
    ada.ask(&["chat", "edit", "Harbour", id, "does the big crane creak?"]).expect("edits");
    ada.ask(&["topic", "start", "Harbour", "Oil?"]).expect("starts");
    ada.ask(&["chat", "send", "Harbour", "which oil", "--topic", "Oil?"]).expect("sends");
    ada.ask(&["issue", "create", "Harbour", "Oil it", "--status", "doing", "--label", "crane"]).expect("creates");
    let outside = tempfile::tempdir().expect("a folder");
    let plan = outside.path().join("plan.txt");
    std::fs::write(&plan, "the plan").expect("writes");
    ada.ask(&["file", "put", "Harbour", plan.to_str().expect("UTF-8")]).expect("shares");
    let drawing = ada.home().join("plan.excalidraw");
    let element = json!({ "id": "box", "type": "rectangle", "x": 1.5, "y": 2, "width": 30, "height": 40, "seed": 7 });
    std::fs::write(&drawing, json!({ "type": "excalidraw", "elements": [element] }).to_string()).expect("writes");
    ada.ask(&["board", "create", "Harbour", "Plan"]).expect("creates");
    ada.ask(&["board", "import", "Harbour", "Plan", drawing.to_str().expect("UTF-8")]).expect("imports");
    tour::until(&ada, &["chat", "log", "Harbour"], "both", |log| log.as_array().is_some_and(|log| log.len() == 3));

    let (first, second) = (ada.home().join("out"), cy.home().join("out"));
    let (first_path, second_path) = (first.to_str().expect("UTF-8"), second.to_str().expect("UTF-8"));
    let done = ada.ask(&["export", "Harbour", first_path]).expect("exports");
    assert_eq!((&done["files"], &done["missing"]), (&json!(1), &json!(0)), "{done}");
    assert_eq!(run(&ada, &["export", "Harbour", first_path], "").status.code(), Some(1), "nothing is overwritten");
    let verified = cy.ask(&["export", "verify", first_path]).expect("verifies");
    assert_eq!((&verified["name"], &verified["by"]), (&json!("Harbour"), &json!("Ada")));

    let imported = cy.ask(&["import", first_path]).expect("imports");
    assert_eq!(imported["name"], "Harbour");
    let log = cy.ask(&["chat", "log", "Harbour"]).expect("lists");
    assert_eq!((&log[0]["author_name"], &log[0]["imported"]), (&json!("Ada (imported)"), &json!("Cy")), "{log}");
    let words = run(&cy, &["chat", "log", "Harbour"], "");
    assert!(String::from_utf8_lossy(&words.stdout).contains("Bo (imported)"), "{words:?}");
    cy.ask(&["export", "Harbour", second_path]).expect("exports");
    let (first, second) = (content(&first), content(&second));
    assert!(first.len() > 12, "{:?}", first.keys());
    assert_eq!(first, second);
}

#[test]
fn a_page_says_neither_where_to_nor_where_from() {
    let ada = running("Ada");
    let api = Api::of(&ada);
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    let space = space.as_str().expect("an id");
    ada.ask(&["chat", "send", "Harbour", "hello"]).expect("sends");
    let cookie = api.sign_in();
    let origin = format!("http://{}", api.address);
    let page = |line: &str, body: &str| {
        let mut headers =
            vec![("Host", api.address.as_str()), ("Cookie", cookie.as_str()), ("Origin", origin.as_str())];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        api.raw(line, &headers, body.as_bytes())
    };
    let out = ada.home().join("out");
    let body = json!({ "files": true, "to": out }).to_string();
    assert_eq!(page(&format!("POST /api/v1/spaces/{space}/export"), &body).code(), "scripts-only");
    assert_eq!(page("POST /api/v1/imports", &json!({ "path": "/etc" }).to_string()).code(), "scripts-only");
    let begun = page(&format!("POST /api/v1/spaces/{space}/export"), "{\"files\":true}");
    assert_eq!(begun.status, 202, "{begun:?}");
    let id = begun.json()["id"].as_str().expect("an id").to_owned();
    let job: Value = eventually_blocking(Duration::from_secs(30), "the end of the export", || {
        let job = page(&format!("GET /api/v1/jobs/{id}"), "").json();
        (job["state"] != "running").then_some(job)
    });
    assert_eq!(job["state"], "done", "{job}");
    let path = PathBuf::from(job["path"].as_str().expect("a path"));
    assert!(path.starts_with(ada.home().join("exports")) && path.join("manifest.sig").exists(), "{job}");
    assert_eq!(page("GET /api/v1/jobs", "").json()[0]["id"], job["id"]);
}
