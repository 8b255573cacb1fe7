//! Bad input for every route: a whole problem document, the documented status, nothing changed.

use serde_json::{Value, json};

use super::http::{Answer, Api};
use super::{ALONE, peer, running};

const NOBODY: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[test]
fn every_route_says_what_is_wrong() {
    let peer = running("Ada");
    let api = Api::of(&peer);
    let space = peer.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    let space = space.as_str().expect("an id");
    let here = format!("/api/v1/spaces/{space}");
    let gone = format!("/api/v1/spaces/{NOBODY}");
    let long_name = format!("{{\"name\":\"{}\"}}", "x".repeat(81));
    let long_text = format!("{{\"text\":\"{}\"}}", "x".repeat(33 * 1024));
    let no_file = format!("{{\"text\":\"\",\"file\":\"{NOBODY}\"}}");
    let no_answer = format!("{{\"text\":\"x\",\"reply\":\"{NOBODY}\"}}");
    let no_thing = format!("{{\"thing\":\"{NOBODY}\"}}");
    let no_guest = |invite: &str| format!("{{\"thing\":\"{NOBODY}\",\"invite\":{{{invite}}}}}");
    let stranger = format!("{{\"people\":[\"{NOBODY}\"]}}");
    let no_topic = format!("{{\"text\":\"x\",\"place\":\"{NOBODY}\"}}");
    let no_assignee = format!("{{\"title\":\"x\",\"assignee\":\"{NOBODY}\"}}");
    let no_label = format!("{{\"title\":\"x\",\"add_labels\":[\"{NOBODY}\"]}}");
    let no_element = "{\"elements\":[{\"id\":\"a\",\"type\":\"iframe\"}]}".to_owned();
    let no_message = format!("{{\"messages\":[\"{NOBODY}\"],\"place\":\"general\"}}");
    let no_mark = format!("{{\"from\":\"{NOBODY}\"}}");
    let not_lost = format!("{{\"only\":[\"{NOBODY}\"]}}");
    let huge = format!("{{\"text\":\"{}\"}}", "x".repeat(300 * 1024));
    let picture = format!("{{\"picture\":\"{}\"}}", "AAAA".repeat(10));
    let table: &[(&str, String, &str, u16, &str)] = &[
        ("GET", "/api/v1/nothing".into(), "", 404, "not-found"),
        ("GET", "/api/v2/status".into(), "", 404, "not-found"),
        ("GET", "/api".into(), "", 404, "not-found"),
        ("POST", "/api/v1/status".into(), "", 405, "wrong-method"),
        ("POST", "/api/v1/problems/7/dismiss".into(), "", 404, "problem-not-found"),
        ("POST", "/api/v1/problems/x/dismiss".into(), "", 404, "problem-not-found"),
        ("POST", "/api/v1/profile".into(), "{\"name\":\"\"}", 400, "bad-name"),
        ("POST", "/api/v1/profile".into(), "{\"name\":\"a\\u202eb\"}", 400, "bad-name"),
        ("POST", "/api/v1/profile".into(), &long_name, 400, "bad-name"),
        ("POST", "/api/v1/profile".into(), "{\"picture\":\"?\"}", 400, "bad-request"),
        ("POST", "/api/v1/profile".into(), &picture, 400, "bad-picture"),
        ("POST", "/api/v1/profile".into(), "{\"nmae\":\"Ada\"}", 400, "bad-request"),
        ("GET", format!("/api/v1/people/{NOBODY}/picture"), "", 404, "no-picture"),
        ("GET", "/api/v1/people/ada/picture".into(), "", 400, "bad-request"),
        ("POST", "/api/v1/spaces".into(), "{", 400, "bad-request"),
        ("POST", "/api/v1/spaces".into(), "[]", 400, "bad-request"),
        ("POST", "/api/v1/spaces".into(), "{}", 400, "bad-request"),
        ("POST", "/api/v1/spaces".into(), "{\"name\":\"  \"}", 400, "bad-name"),
        ("POST", "/api/v1/spaces".into(), &long_name, 400, "bad-name"),
        ("GET", "/api/v1/spaces/short".into(), "", 400, "bad-request"),
        ("GET", gone.clone(), "", 404, "space-not-found"),
        ("PATCH", gone.clone(), "{\"name\":\"x\"}", 404, "space-not-found"),
        ("PATCH", here.clone(), "{\"name\":\"\"}", 400, "bad-name"),
        ("DELETE", gone.clone(), "", 404, "space-not-found"),
        ("POST", format!("{gone}/leave"), "{}", 404, "space-not-found"),
        ("POST", format!("{gone}/archive"), "", 404, "space-not-found"),
        ("POST", format!("{gone}/restore"), "", 404, "space-not-found"),
        ("PUT", format!("{gone}/retention"), "{\"days\":90}", 404, "space-not-found"),
        ("PUT", format!("{here}/retention"), "{\"days\":6}", 400, "bad-content"),
        ("PUT", format!("{here}/retention"), "{\"days\":70000}", 400, "bad-request"),
        ("PUT", format!("{here}/retention"), "{}", 400, "bad-request"),
        ("POST", "/api/v1/spaces/join".into(), "{\"invite\":\"hello\"}", 400, "bad-invitation"),
        ("POST", "/api/v1/spaces/join".into(), "{\"invite\":\"compeer1aaaa\"}", 400, "bad-invitation"),
        ("POST", "/api/v1/spaces/join/preview".into(), "{\"invite\":\"\"}", 400, "bad-invitation"),
        ("GET", format!("{gone}/members"), "", 404, "space-not-found"),
        ("PATCH", format!("{here}/members/{NOBODY}"), "{\"level\":\"read\"}", 404, "member-not-found"),
        ("PATCH", format!("{here}/members/{NOBODY}"), "{\"level\":\"owner\"}", 400, "bad-request"),
        ("DELETE", format!("{here}/members/{NOBODY}"), "", 404, "member-not-found"),
        ("GET", format!("{gone}/invitations"), "", 404, "space-not-found"),
        ("POST", format!("{here}/invitations"), "{\"expires\":\"soon\"}", 400, "bad-request"),
        ("POST", format!("{here}/invitations"), "{\"expires\":\"0d\"}", 400, "bad-terms"),
        ("POST", format!("{here}/invitations"), "{\"uses\":0}", 400, "bad-terms"),
        ("POST", format!("{here}/invitations"), "{\"uses\":1001}", 400, "bad-terms"),
        ("POST", format!("{here}/invitations"), "{\"uses\":-1}", 400, "bad-request"),
        ("DELETE", format!("{here}/invitations/{NOBODY}"), "", 404, "invitation-not-found"),
        ("GET", format!("{gone}/messages"), "", 404, "space-not-found"),
        ("GET", format!("{here}/messages?limit=0"), "", 400, "bad-request"),
        ("GET", format!("{here}/messages?limit=many"), "", 400, "bad-request"),
        ("GET", format!("{here}/messages?limit=1001"), "", 400, "bad-request"),
        ("GET", format!("{here}/messages?before=x"), "", 400, "bad-request"),
        ("GET", format!("{here}/messages?before={NOBODY}"), "", 404, "message-not-found"),
        ("GET", format!("{here}/messages?nonsense=1"), "", 400, "bad-request"),
        ("POST", format!("{gone}/messages"), "{\"text\":\"x\"}", 404, "space-not-found"),
        ("POST", format!("{here}/messages"), "{\"text\":\"\"}", 400, "bad-content"),
        ("POST", format!("{here}/messages"), "{\"text\":\"a\\u001bb\"}", 400, "bad-content"),
        ("POST", format!("{here}/messages"), &long_text, 400, "bad-content"),
        ("POST", format!("{here}/messages"), "{\"text\":\"\",\"file\":\"x\"}", 400, "bad-request"),
        ("POST", format!("{here}/messages"), &no_file, 404, "file-not-found"),
        ("POST", format!("{here}/messages"), &huge, 413, "too-large"),
        ("GET", format!("{here}/messages/{NOBODY}/holders"), "", 404, "message-not-found"),
        ("GET", format!("{here}/messages/{NOBODY}"), "", 404, "message-not-found"),
        ("GET", format!("{here}/messages/x"), "", 400, "bad-request"),
        ("DELETE", format!("{here}/messages/{NOBODY}"), "", 404, "message-not-found"),
        ("DELETE", format!("{here}/messages/x"), "", 400, "bad-request"),
        ("DELETE", format!("{gone}/messages/{NOBODY}"), "", 404, "space-not-found"),
        ("GET", format!("{here}/messages/{NOBODY}/versions"), "", 404, "message-not-found"),
        ("POST", format!("{here}/messages"), &no_answer, 404, "message-not-found"),
        ("PATCH", format!("{here}/messages/{NOBODY}"), "{\"text\":\"x\"}", 404, "message-not-found"),
        ("PATCH", format!("{here}/messages/{NOBODY}"), "{}", 400, "bad-content"),
        ("PATCH", format!("{here}/messages/{NOBODY}"), "{\"text\":\"\"}", 400, "bad-content"),
        ("PATCH", format!("{here}/messages/{NOBODY}"), "{\"pinned\":1}", 400, "bad-request"),
        (
            "PATCH",
            format!("{here}/messages/{NOBODY}"),
            "{\"reaction\":{\"emoji\":\"yes\",\"on\":true}}",
            400,
            "bad-content",
        ),
        ("PATCH", format!("{here}/messages/{NOBODY}"), "{\"reaction\":{\"on\":true}}", 400, "bad-request"),
        ("PATCH", format!("{gone}/messages/{NOBODY}"), "{\"pinned\":true}", 404, "space-not-found"),
        ("GET", format!("{gone}/pinned"), "", 404, "space-not-found"),
        ("GET", "/api/v1/search".into(), "", 400, "bad-request"),
        ("GET", "/api/v1/search?q=x&limit=0".into(), "", 400, "bad-request"),
        ("GET", "/api/v1/search?q=x&limit=101".into(), "", 400, "bad-request"),
        ("GET", "/api/v1/search?q=x&offset=1441".into(), "", 400, "bad-request"),
        ("GET", "/api/v1/search?q=x&cursor=x".into(), "", 400, "bad-request"),
        ("GET", "/api/v1/search?q=x&cursor=-1-0".into(), "", 400, "bad-request"),
        ("GET", "/api/v1/search?q=x&space=x".into(), "", 400, "bad-request"),
        ("GET", "/api/v1/search?q=x&more=1".into(), "", 400, "bad-request"),
        ("GET", format!("/api/v1/search?q=x&space={NOBODY}"), "", 404, "space-not-found"),
        ("GET", format!("/api/v1/search?q={}", "x".repeat(1025)), "", 400, "bad-query"),
        ("GET", format!("/api/v1/search?q={}", "x+".repeat(17)), "", 400, "bad-query"),
        ("POST", format!("{here}/read"), "{\"up_to\":\"x\"}", 400, "bad-request"),
        ("POST", format!("{here}/undelivered/send"), "{\"only\":[\"x\"]}", 400, "bad-request"),
        ("POST", format!("{here}/undelivered/send"), "{\"all\":true}", 400, "bad-request"),
        ("POST", format!("{here}/undelivered/send"), &not_lost, 404, "not-undelivered"),
        ("POST", format!("{gone}/undelivered/send"), "{}", 404, "space-not-found"),
        ("POST", format!("{here}/undelivered/discard"), "{\"only\":[\"x\"]}", 400, "bad-request"),
        ("POST", format!("{here}/undelivered/discard"), &not_lost, 404, "not-undelivered"),
        ("POST", format!("{gone}/undelivered/discard"), "{}", 404, "space-not-found"),
        ("POST", format!("{here}/typing?x"), "{}", 200, ""),
        ("POST", format!("{gone}/typing"), "{}", 404, "space-not-found"),
        ("POST", format!("{here}/typing"), "{\"place\":\"x\"}", 400, "bad-request"),
        ("GET", format!("{here}/messages?place=x"), "", 400, "bad-request"),
        ("POST", format!("{here}/messages"), &no_topic, 404, "topic-not-found"),
        ("PATCH", format!("{here}/messages/{NOBODY}"), "{\"place\":\"x\"}", 400, "bad-request"),
        ("POST", "/api/v1/direct".into(), "{\"people\":[]}", 404, "member-not-found"),
        ("POST", "/api/v1/direct".into(), "{\"people\":[\"x\"]}", 400, "bad-request"),
        ("POST", "/api/v1/direct".into(), &stranger, 404, "member-not-found"),
        ("GET", format!("{gone}/topics"), "", 404, "space-not-found"),
        ("POST", format!("{gone}/topics"), "{\"title\":\"x\"}", 404, "space-not-found"),
        ("POST", format!("{here}/topics"), "{\"title\":\"\"}", 400, "bad-name"),
        ("POST", format!("{here}/topics"), "{\"title\":\"a\\nb\"}", 400, "bad-name"),
        ("POST", format!("{here}/topics"), "{}", 400, "bad-request"),
        ("POST", format!("{gone}/export"), "{\"files\":true}", 404, "space-not-found"),
        ("POST", format!("{here}/export"), "{}", 400, "bad-request"),
        ("POST", format!("{here}/export"), "{\"files\":true,\"to\":\"here\"}", 400, "bad-request"),
        ("POST", "/api/v1/imports".into(), "{\"path\":\"here\"}", 400, "bad-request"),
        ("POST", "/api/v1/imports".into(), "{}", 400, "bad-request"),
        ("POST", "/api/v1/imports/file".into(), "{}", 415, "not-a-form"),
        ("GET", "/api/v1/jobs/999".into(), "", 404, "job-not-found"),
        ("GET", "/api/v1/jobs/x".into(), "", 404, "job-not-found"),
        ("DELETE", "/api/v1/jobs/999".into(), "", 404, "job-not-found"),
        ("GET", format!("{gone}/rooms"), "", 404, "space-not-found"),
        ("POST", format!("{gone}/rooms"), &no_thing, 404, "space-not-found"),
        ("POST", format!("{here}/rooms"), &no_thing, 404, "topic-not-found"),
        ("POST", format!("{here}/rooms"), "{\"thing\":\"x\"}", 400, "bad-request"),
        ("POST", format!("{here}/rooms"), "{}", 400, "bad-request"),
        ("POST", format!("{here}/rooms"), &no_guest("\"expires\":\"soon\""), 400, "bad-request"),
        ("POST", format!("{here}/rooms"), &no_guest("\"uses\":0"), 400, "bad-terms"),
        ("POST", format!("{here}/rooms"), &no_guest("\"level\":\"manage\""), 409, "guests-manage-nothing"),
        ("POST", format!("{here}/rooms"), &no_guest("\"more\":1"), 400, "bad-request"),
        ("GET", format!("{gone}/boards"), "", 404, "space-not-found"),
        ("POST", format!("{gone}/boards"), "{\"title\":\"x\"}", 404, "space-not-found"),
        ("POST", format!("{here}/boards"), "{\"title\":\"\"}", 400, "bad-name"),
        ("GET", format!("{here}/boards/{NOBODY}"), "", 404, "board-not-found"),
        ("GET", format!("{here}/boards/x"), "", 400, "bad-request"),
        ("PATCH", format!("{here}/boards/{NOBODY}"), "{\"title\":\"x\"}", 404, "board-not-found"),
        ("PATCH", format!("{here}/boards/{NOBODY}"), "{\"name\":\"x\"}", 400, "bad-request"),
        ("GET", format!("{here}/boards/{NOBODY}/elements"), "", 404, "board-not-found"),
        ("GET", format!("{here}/boards/{NOBODY}/elements?since=x"), "", 400, "bad-request"),
        ("POST", format!("{here}/boards/{NOBODY}/elements"), "{\"elements\":[]}", 404, "board-not-found"),
        ("POST", format!("{here}/boards/{NOBODY}/elements"), "{\"elements\":[{}]}", 400, "bad-request"),
        ("POST", format!("{here}/boards/{NOBODY}/elements"), &no_element, 400, "bad-request"),
        ("GET", format!("{here}/boards/{NOBODY}/comments"), "", 404, "board-not-found"),
        ("POST", format!("{here}/boards/{NOBODY}/comments"), "{\"text\":\"x\"}", 404, "board-not-found"),
        ("GET", format!("{here}/boards/{NOBODY}/live"), "", 404, "board-not-found"),
        ("GET", format!("{gone}/pages"), "", 404, "space-not-found"),
        ("POST", format!("{gone}/pages"), "{\"title\":\"x\"}", 404, "space-not-found"),
        ("POST", format!("{here}/pages"), "{\"title\":\"\"}", 400, "bad-name"),
        ("POST", format!("{here}/pages"), "{\"title\":\"x\",\"parent\":\"y\"}", 400, "bad-request"),
        ("GET", format!("{here}/pages/{NOBODY}"), "", 404, "page-not-found"),
        ("GET", format!("{here}/pages/x"), "", 400, "bad-request"),
        ("PATCH", format!("{here}/pages/{NOBODY}"), "{\"title\":\"x\"}", 404, "page-not-found"),
        ("PATCH", format!("{here}/pages/{NOBODY}"), "{\"name\":\"x\"}", 400, "bad-request"),
        ("GET", format!("{here}/pages/{NOBODY}/state"), "", 404, "page-not-found"),
        ("GET", format!("{here}/pages/{NOBODY}/markdown"), "", 404, "page-not-found"),
        ("GET", format!("{here}/pages/{NOBODY}/history"), "", 404, "page-not-found"),
        ("GET", format!("{here}/pages/{NOBODY}/history/{NOBODY}"), "", 404, "page-not-found"),
        ("GET", format!("{here}/pages/{NOBODY}/comments"), "", 404, "page-not-found"),
        ("POST", format!("{here}/pages/{NOBODY}/comments"), "{\"text\":\"x\"}", 404, "page-not-found"),
        ("GET", format!("{here}/pages/{NOBODY}/live"), "", 404, "page-not-found"),
        ("GET", format!("{here}/topics/{NOBODY}"), "", 404, "topic-not-found"),
        ("GET", format!("{here}/topics/x"), "", 400, "bad-request"),
        ("GET", format!("{gone}/issues"), "", 404, "space-not-found"),
        ("GET", format!("{here}/issues?status=perhaps"), "", 400, "bad-request"),
        ("GET", format!("{here}/issues?limit=5001"), "", 400, "bad-request"),
        ("GET", format!("{here}/issues?assignee=ada"), "", 400, "bad-request"),
        ("GET", format!("{here}/issues?due_by=2026-02-30"), "", 400, "bad-request"),
        ("GET", format!("{here}/issues?sort=weight"), "", 400, "bad-request"),
        ("GET", format!("{here}/issues?parent=HAR-9"), "", 404, "issue-not-found"),
        ("POST", format!("{gone}/issues"), "{\"title\":\"x\"}", 404, "space-not-found"),
        ("POST", format!("{here}/issues"), "{}", 400, "bad-request"),
        ("POST", format!("{here}/issues"), "{\"title\":\"a\\nb\"}", 400, "bad-name"),
        ("POST", format!("{here}/issues"), "{\"title\":\"x\",\"estimate\":1001}", 400, "bad-content"),
        ("POST", format!("{here}/issues"), "{\"title\":\"x\",\"due\":\"soon\"}", 400, "bad-request"),
        ("POST", format!("{here}/issues"), "{\"title\":\"x\",\"status\":\"perhaps\"}", 400, "bad-request"),
        ("POST", format!("{here}/issues"), &no_assignee, 404, "member-not-found"),
        ("POST", format!("{here}/issues"), &no_label, 404, "issue-thing-not-found"),
        ("GET", format!("{here}/issues/{NOBODY}"), "", 404, "issue-not-found"),
        ("GET", format!("{here}/issues/HAR-9"), "", 404, "issue-not-found"),
        ("PATCH", format!("{here}/issues/HAR-9"), "{\"status\":\"done\"}", 404, "issue-not-found"),
        ("GET", format!("{here}/issues/HAR-9/activity"), "", 404, "issue-not-found"),
        ("GET", format!("{here}/issues/HAR-9/descriptions"), "", 404, "issue-not-found"),
        ("POST", format!("{here}/issues/change"), "{\"issues\":[\"HAR-9\"],\"change\":{}}", 404, "issue-not-found"),
        ("POST", format!("{here}/issues/change"), "{\"issues\":[]}", 400, "bad-request"),
        ("PATCH", format!("{here}/issues/setup"), "{\"prefix\":\"h4\"}", 400, "bad-content"),
        ("GET", format!("{gone}/issues/setup"), "", 404, "space-not-found"),
        ("POST", format!("{here}/issues/things"), "{\"kind\":\"label\",\"fields\":{}}", 400, "bad-request"),
        (
            "POST",
            format!("{here}/issues/things"),
            "{\"kind\":\"topic\",\"fields\":{\"title\":\"x\"}}",
            400,
            "bad-request",
        ),
        ("PATCH", format!("{here}/issues/things/{NOBODY}"), "{\"title\":\"x\"}", 404, "issue-thing-not-found"),
        ("GET", format!("{gone}/issues/export"), "", 404, "space-not-found"),
        ("POST", format!("{gone}/issues/import"), "{\"table\":\"Title\"}", 404, "space-not-found"),
        ("POST", format!("{here}/issues/import"), "{}", 400, "bad-request"),
        ("PATCH", format!("{here}/topics/{NOBODY}"), "{\"title\":\"x\"}", 404, "topic-not-found"),
        ("PATCH", format!("{here}/topics/general"), "{\"title\":\"x\"}", 400, "bad-request"),
        ("POST", format!("{here}/move"), &no_message, 404, "message-not-found"),
        ("POST", format!("{here}/move"), "{\"messages\":[],\"place\":\"x\"}", 400, "bad-request"),
        ("PUT", format!("{here}/attention"), "{\"attention\":\"loud\"}", 400, "bad-request"),
        ("PUT", format!("{gone}/attention"), "{}", 404, "space-not-found"),
        ("POST", format!("{here}/read"), "{\"seen\":[\"x\"]}", 400, "bad-request"),
        ("POST", format!("{here}/unread"), "{\"from\":\"x\"}", 400, "bad-request"),
        ("POST", format!("{here}/unread"), &no_mark, 404, "message-not-found"),
        ("GET", format!("{gone}/files"), "", 404, "space-not-found"),
        ("POST", format!("{here}/files"), "{}", 415, "not-a-form"),
        ("POST", format!("{here}/files?keep=yes"), "{}", 400, "bad-request"),
        ("POST", format!("{here}/files/local"), "{\"paths\":[]}", 400, "bad-request"),
        ("POST", format!("{here}/files/local"), "{\"paths\":[\"relative\"]}", 400, "bad-request"),
        ("POST", format!("{here}/files/local"), "{\"paths\":[\"/nothing/there\"]}", 400, "bad-path"),
        ("POST", format!("{here}/files/local"), "{\"paths\":[\"/dev/null\"]}", 400, "bad-path"),
        ("DELETE", format!("{here}/files/{NOBODY}"), "", 404, "file-not-found"),
        ("GET", format!("{here}/files/{NOBODY}/content"), "", 404, "file-not-found"),
        ("POST", format!("{here}/files/{NOBODY}/fetch"), "{}", 404, "file-not-found"),
        ("POST", format!("{here}/files/{NOBODY}/fetch"), "{\"to\":\"here\"}", 400, "bad-request"),
        ("POST", format!("{here}/files/fetch"), "{\"folder\":\"x\"}", 404, "file-not-found"),
        ("POST", format!("{here}/files/{NOBODY}/pause"), "{}", 404, "file-not-found"),
        ("POST", format!("{here}/files/{NOBODY}/resume"), "{}", 404, "file-not-found"),
        ("POST", format!("{here}/files/{NOBODY}/cancel"), "{}", 404, "file-not-found"),
    ];
    let mut wrong = Vec::new();
    for (method, path, body, status, code) in table {
        let answer = api.script(&format!("{method} {path}"), body);
        let got = if answer.status < 400 { String::new() } else { answer.code() };
        if (answer.status, got.as_str()) != (*status, *code) {
            wrong.push(format!("{method} {path} {}: {} {got}", &body[..body.len().min(60)], answer.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(peer.ask(&["space", "list"]).expect("lists")[0]["name"], "Harbour");
    assert_eq!(peer.ask(&["chat", "log", space]).expect("lists"), json!([]));
    assert_eq!(peer.ask(&["file", "list", space]).expect("lists"), json!([]));
}

#[test]
fn the_first_run_needs_a_name() {
    let mut peer = peer();
    peer.up(ALONE).expect("starts without anybody");
    let api = Api::of(&peer);
    assert_eq!(api.script("GET /api/v1/status", "").json()["person"], Value::Null);
    assert_eq!(api.script("POST /api/v1/spaces", "{\"name\":\"x\"}").code(), "no-person");
    assert_eq!(api.script("POST /api/v1/profile", "{}").code(), "name-needed");
    let status = api.script("POST /api/v1/profile", "{\"name\":\" Ada \",\"device_name\":\"desk\"}").json();
    assert_eq!((status["name"].as_str(), status["device_name"].as_str()), (Some("Ada"), Some("desk")));
    let picture = data_encoding::BASE64.encode(b"\x89PNG\r\n\x1a\nrest");
    let status = api.script("POST /api/v1/profile", &format!("{{\"picture\":\"{picture}\"}}")).json();
    let answer = api.script(&format!("GET {}", status["picture"].as_str().expect("a picture")), "");
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "image/png"));
    let status = api.script("POST /api/v1/profile", "{\"picture\":null}").json();
    assert_eq!(status["picture"], Value::Null);
    assert_eq!(status["name"], "Ada");

    peer.terminate().expect("ends");
    peer.up(ALONE).expect("starts again");
    assert_eq!(peer.ask(&["status"]).expect("answers")["name"], "Ada");
}

#[test]
fn files_dropped_on_the_page_are_shared() {
    let peer = running("Ada");
    let api = Api::of(&peer);
    let space = peer.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    let space = space.as_str().expect("an id");
    let cookie = api.sign_in();
    let upload = |name: &str, content: &str| upload(&api, &cookie, &format!("spaces/{space}/files"), name, content);
    let files = upload("plans/north wall.txt", "bay 4").json();
    assert_eq!((files[0]["name"].as_str(), files[0]["here"].as_bool()), (Some("plans/north wall.txt"), Some(true)));
    for name in ["../up.txt", "/abs.txt", "a//b", "a/../../b", "", "a\\\\b"] {
        let answer = upload(name, "x");
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad-request"), "{name}");
    }
    let listed = peer.ask(&["file", "list", space]).expect("lists");
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    for (one, other) in [("same", "same"), ("s", "s/t")] {
        let path = format!("spaces/{space}/files");
        let met = upload_all(&api, &cookie, &path, &[(one, "1"), (other, "2")]);
        assert_eq!((met.status, met.code().as_str()), (400, "bad-request"), "{one} {other}");
        assert!(!met.json()["detail"].to_string().contains("files/"), "no path of ours: {}", met.json());
    }
    // Nothing is left of what was not shared.
    let left = |folder: &str| std::fs::read_dir(peer.home().join("files").join(folder)).expect("reads").count();
    assert_eq!((left("coming"), left("shared")), (0, 1));
    assert!(!peer.home().join("files/up.txt").exists());
}

/// Hands over one file as the page does.
fn upload(api: &Api, cookie: &str, path: &str, name: &str, content: &str) -> Answer {
    upload_all(api, cookie, path, &[(name, content)])
}

/// Hands over files, by name and content.
fn upload_all(api: &Api, cookie: &str, path: &str, files: &[(&str, &str)]) -> Answer {
    let part = |(name, content): &(&str, &str)| {
        format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{content}\r\n")
    };
    let body = files.iter().map(part).collect::<String>() + "--b--\r\n";
    let origin = format!("http://{}", api.address);
    let headers = [
        ("Host", api.address.as_str()),
        ("Cookie", cookie),
        ("Origin", origin.as_str()),
        ("Content-Type", "multipart/form-data; boundary=b"),
    ];
    api.raw(&format!("POST /api/v1/{path}"), &headers, body.as_bytes())
}

#[test]
fn messages_can_be_about_files() {
    let peer = running("Ada");
    let api = Api::of(&peer);
    let space = peer.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    let space = space.as_str().expect("an id");
    let cookie = api.sign_in();
    let share = |query: &str, content: &str| {
        let path = format!("spaces/{space}/files{query}");
        upload(&api, &cookie, &path, "image.png", content).json()[0].clone()
    };
    let say = |file: &Value| {
        let body = json!({ "text": "", "file": file["id"] }).to_string();
        api.script(&format!("POST /api/v1/spaces/{space}/messages"), &body).json()["file"].clone()
    };
    let first = share("?keep=1", "one");
    let file = json!({ "id": first["id"], "name": "image.png", "size": 3, "media": "image/png" });
    assert_eq!(say(&first), file);

    // Another picture of that name takes nothing away from the message; the same one is the same file.
    let second = share("?keep=1", "two");
    assert_eq!(
        (second["name"].as_str(), share("?keep=1", "one")["id"].clone()),
        (Some("image (2).png"), first["id"].clone())
    );
    assert_eq!(say(&second)["name"], "image (2).png");
    let log = || api.script(&format!("GET /api/v1/spaces/{space}/messages"), "").json()["messages"].clone();
    assert_eq!(log()[0]["file"], file);

    // A new version does.
    share("", "three");
    assert_eq!(log()[0]["file"], json!({ "id": first["id"], "name": null, "size": null, "media": null }));
    assert_eq!(log()[1]["file"]["name"], "image (2).png");

    // Scripts see what they always saw.
    let row = peer.ask(&["chat", "log", space]).expect("lists")[1].clone();
    let keys: Vec<_> = row.as_object().expect("a row").keys().map(String::as_str).collect();
    assert_eq!(keys, ["author", "author_name", "held_by", "id", "text", "time"]);
}
