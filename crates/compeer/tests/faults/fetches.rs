//! Files on their way, over restarts and over more than one space.

use std::fs;
use std::path::Path;

use compeer_testkit::process::{LIMIT, Peer};
use compeer_testkit::wait::eventually_blocking;
use serde_json::Value;

use crate::cli::does;
use crate::http::Api;
use crate::{Computer, join, rows, text, until};

fn plain(path: &Path) -> &str {
    path.to_str().expect("plain")
}

fn space(peer: &Peer, name: &str) -> String {
    text(&does(peer, &["space", "create", name], ""), "space").to_owned()
}

/// Whoever got a file in one space holds it in the next, too: others can have it from there.
#[test]
fn what_lies_here_already_is_offered_in_every_space() {
    let (mut ada, bo, cleo) = (Computer::of("Ada"), Computer::of("Bo"), Computer::of("Cleo"));
    let dir = tempfile::tempdir().expect("a folder");
    let plan = dir.path().join("plan.txt");
    fs::write(&plan, "where the quay ends").expect("a file");

    let harbour = space(&ada, "Harbour");
    join(&ada, &bo, &harbour);
    does(&ada, &["file", "put", &harbour, plain(&plan)], "");
    until(&bo, &["file", "list", &harbour], "the list", |list| rows(list).len() == 1);
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    does(&bo, &["file", "get", &harbour, "plan.txt", "--to", plain(&first)], "");

    let quay = space(&ada, "Quay");
    join(&ada, &bo, &quay);
    join(&ada, &cleo, &quay);
    does(&ada, &["file", "put", &quay, plain(&plan)], "");
    for peer in [&bo, &cleo] {
        until(peer, &["file", "list", &quay], "the list", |list| rows(list).len() == 1);
    }
    does(&bo, &["file", "get", &quay, "plan.txt", "--to", plain(&second)], "");
    until(&cleo, &["file", "list", &quay], "Bo holds it", |list| list[0]["held_by"] == 2);
    ada.down();
    let third = dir.path().join("third");
    does(&cleo, &["file", "get", &quay, "plan.txt", "--to", plain(&third)], "");
    assert_eq!(fs::read_to_string(third.join("plan.txt")).expect("is there"), "where the quay ends");
    // Asking once more for what lies there says nothing anew.
    does(&cleo, &["file", "get", &quay, "plan.txt", "--to", plain(&third)], "");
    let list = does(&bo, &["file", "list", &quay], "");
    assert_eq!(list[0]["held_by"], 3, "{list}");
}

#[test]
fn how_far_a_file_is_is_known_after_a_restart() {
    const SIZE: usize = 200 << 20;
    let (mut ada, mut bo) = (Computer::of("Ada"), Computer::of("Bo"));
    let space = space(&ada, "Harbour");
    join(&ada, &bo, &space);
    let dir = tempfile::tempdir().expect("a folder");
    let plan = dir.path().join("plan.bin");
    fs::write(&plan, vec![7; SIZE]).expect("a file");
    let put = does(&ada, &["file", "put", &space, plain(&plan)], "");
    until(&bo, &["file", "list", &space], "the list", |list| rows(list).len() == 1);
    let fetch = format!("/spaces/{space}/files/{}/fetch", text(&put[0], "id"));
    let asked = Api::of(&bo).ask("POST", &fetch, "{}");
    assert_eq!(asked.status, 200, "{asked:?}");
    let transfer = |bo: &Peer| -> Value { Api::of(bo).ask("GET", "/transfers", "").json()[0].clone() };
    let done = |bo: &Peer| transfer(bo)["done"].as_u64().expect("a number");
    eventually_blocking(LIMIT, "it comes", || (done(&bo) > 0).then_some(()));
    bo.down();
    ada.down();
    bo.up();
    let before = transfer(&bo);
    assert_eq!(before["state"], "waiting", "it was stopped too late to show anything");
    assert!((1..SIZE as u64).contains(&done(&bo)), "{before}");
    // Nothing of it comes twice.
    ada.up();
    eventually_blocking(LIMIT, "it is whole", || {
        let now = transfer(&bo);
        assert!(now["done"].as_u64() >= before["done"].as_u64(), "{now} after {before}");
        (now["state"] == "done").then_some(())
    });
}
