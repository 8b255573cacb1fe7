//! What becomes of a space in the end: deleted for everybody, archived, or with messages that go after a time.

use serde_json::json;

use super::cli::run;
use super::deleted::{lies_in, unheard, until_nowhere};
use super::tour::{join, until};
use super::{ALONE, running};

#[test]
fn of_a_space_that_was_deleted_no_file_keeps_a_word_and_it_is_told_who_has_not_heard() {
    let (ada, bo) = (running("Ada"), running("Bo"));
    let mut cleo = running("Cleo");
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    for guest in [&bo, &cleo] {
        join(&ada, guest, space.as_str().expect("an id"), "write");
    }
    let (said, title, about, content, drawn) = (unheard(), unheard(), unheard(), unheard(), unheard());
    let words = [&said, &title, &about, &content, &drawn].map(String::as_str);
    bo.ask(&["chat", "send", "Harbour", &said]).expect("sends");
    bo.ask(&["discuss", "start", "Harbour", &title]).expect("starts");
    bo.ask(&["issue", "create", "Harbour", &about]).expect("creates");
    bo.ask(&["board", "create", "Harbour", &drawn]).expect("creates");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("plan.txt");
    std::fs::write(&file, &content).expect("a file");
    bo.ask(&["file", "put", "Harbour", file.to_str().expect("plain")]).expect("shares");
    for peer in [&ada, &bo, &cleo] {
        until(peer, &["chat", "log", "Harbour"], "the message", |log| log[0]["held_by"] == 3);
        until(peer, &["board", "list", "Harbour"], "the board", |list| list[0]["title"] == *drawn);
        until(peer, &["search", &said], "it is indexed", |found| {
            found["results"].as_array().is_some_and(|all| !all.is_empty())
        });
        until(peer, &["space", "members", "Harbour"], "all names", |members| {
            ["Ada", "Bo", "Cleo"].iter().all(|name| members.to_string().contains(name))
        });
    }
    until(&ada, &["file", "list", "Harbour"], "the file", |list| list[0]["name"] == "plan.txt");
    ada.ask(&["file", "get", "Harbour", "plan.txt"]).expect("fetches");
    assert!(words.iter().all(|words| lies_in(ada.home(), words)), "they lie there in clear");
    cleo.terminate().expect("stops");

    let ended = ada.ask(&["space", "delete", "Harbour"]).expect("deletes");
    assert!(ended["unheard"].to_string().contains("Cleo"), "{ended}");
    for peer in [&ada, &bo] {
        until(peer, &["space", "show", "Harbour"], "only Cleo has not heard", |space| {
            space["state"] == "ended"
                && space["end"]["by_name"] == "Ada"
                && space["end"]["unheard"].as_array().is_some_and(|who| who.len() == 1 && who[0]["name"] == "Cleo")
        });
    }
    until_nowhere(&[&ada, &bo], &words);
    assert!(file.exists(), "what lies in a folder of its own is its owner's");
    let list = String::from_utf8(run(&ada, &["space", "list"], "").stdout).expect("UTF-8");
    assert!(list.contains("Harbour (ended; not heard of it yet: Cleo ("), "{list}");
    let shown = String::from_utf8(run(&bo, &["space", "show", "Harbour"], "").stdout).expect("UTF-8");
    assert!(shown.contains("Deleted for everybody by Ada on "), "{shown}");

    assert!(lies_in(cleo.home(), &said));
    cleo.up(ALONE).expect("starts again");
    until(&cleo, &["space", "list"], "it has ended", |list| list[0]["end"]["by_name"] == "Ada");
    until_nowhere(&[&cleo], &words);
    until(&ada, &["space", "list"], "all have heard", |list| *list == json!([]));
    until(&bo, &["space", "show", "Harbour"], "all have heard", |space| space["end"]["unheard"] == json!([]));
    bo.ask(&["space", "leave", "Harbour"]).expect("leaves");
    assert_eq!(bo.ask(&["space", "list"]).expect("lists"), json!([]));
}

#[test]
fn an_archived_space_is_read_only_until_a_manager_takes_it_back() {
    let (ada, bo) = (running("Ada"), running("Bo"));
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    join(&ada, &bo, space.as_str().expect("an id"), "write");
    ada.ask(&["chat", "send", "Harbour", "before"]).expect("sends");
    until(&bo, &["chat", "log", "Harbour"], "the message", |log| log[0]["text"] == "before");
    let refused = run(&bo, &["--json", "space", "archive", "Harbour"], "");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("needs-manage"), "{refused:?}");
    ada.ask(&["space", "archive", "Harbour"]).expect("archives");
    until(&bo, &["space", "list"], "it is archived", |list| list[0]["archived"]["by_name"] == "Ada");
    for peer in [&ada, &bo] {
        let shown = peer.ask(&["space", "show", "Harbour"]).expect("shows");
        assert_eq!(
            (&shown["level"], &shown["archived"]["may_restore"]),
            (&"read".into(), &(peer.home() == ada.home()).into())
        );
        for refused in [
            &["chat", "send", "Harbour", "late"][..],
            &["issue", "create", "Harbour", "late"],
            &["board", "create", "Harbour", "late"],
            &["discuss", "start", "Harbour", "late"],
            &["space", "rename", "Harbour", "Pier"],
            &["space", "retention", "Harbour", "90"],
        ] {
            let told = run(peer, &[&["--json"], refused].concat(), "");
            let said = String::from_utf8_lossy(&told.stderr).into_owned();
            let is_not_for_bo = peer.home() == bo.home() && said.contains("needs-manage");
            assert!(said.contains("space-archived") || is_not_for_bo, "{refused:?}: {said}");
        }
    }
    let list = String::from_utf8(run(&bo, &["space", "list"], "").stdout).expect("UTF-8");
    assert!(list.contains("Harbour (archived)"), "{list}");
    ada.ask(&["space", "restore", "Harbour"]).expect("takes it back");
    until(&bo, &["space", "list"], "it is in use", |list| list[0]["archived"].is_null());
    bo.ask(&["chat", "send", "Harbour", "after"]).expect("sends");
    until(&ada, &["chat", "log", "Harbour"], "the message", |log| log[1]["text"] == "after");
}

#[test]
fn how_long_messages_stay_is_shown_to_all() {
    let (ada, bo) = (running("Ada"), running("Bo"));
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    join(&ada, &bo, space.as_str().expect("an id"), "write");
    let set = ada.ask(&["space", "retention", "Harbour", "90"]).expect("sets");
    assert_eq!(set["retention"]["days"], 90);
    until(&bo, &["space", "show", "Harbour"], "it is shown", |space| {
        space["retention"]["days"] == 90 && space["retention"]["by_name"] == "Ada"
    });
    let shown = String::from_utf8(run(&bo, &["space", "show", "Harbour"], "").stdout).expect("UTF-8");
    assert!(shown.contains("Messages older than 90 days are deleted on every computer, from "), "{shown}");
    let refused = run(&bo, &["--json", "space", "retention", "Harbour", "off"], "");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("needs-manage"), "{refused:?}");
    ada.ask(&["space", "retention", "Harbour", "off"]).expect("switches it off");
    until(&bo, &["space", "show", "Harbour"], "all stay", |space| space["retention"].is_null());
}
