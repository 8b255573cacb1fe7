//! The end of a space, and members that were not there when it came.

use serde_json::json;

use crate::cli::{does, fails, run};
use crate::http::Api;
use crate::{Computer, join, rows, text, until};

/// How a space stands on a computer; `gone` when it is not there.
fn state(computer: &Computer, space: &str) -> String {
    let spaces = Api::of(computer).ask("GET", "/spaces", "").json();
    let here = rows(&spaces).iter().find(|one| text(one, "space") == space);
    here.map_or_else(|| "gone".to_owned(), |one| text(one, "state").to_owned())
}

#[track_caller]
fn comes_to(computer: &Computer, space: &str, wanted: &str) {
    compeer_testkit::wait::eventually_blocking(crate::SOON, wanted, || {
        let state = state(computer, space);
        if state == wanted { Ok(()) } else { Err(state) }
    });
}

/// Three people, of whom the last is killed before the first ends the space.
fn three() -> (Computer, Computer, Computer, String) {
    let (ada, cleo, mut bo) = (Computer::of("Ada"), Computer::of("Cleo"), Computer::of("Bo"));
    let space = text(&does(&ada, &["space", "create", "Harbour"], ""), "space").to_owned();
    join(&ada, &cleo, &space);
    join(&ada, &bo, &space);
    for peer in [&ada, &cleo, &bo] {
        until(peer, &["space", "members", &space], "all are in", |members| {
            let names: Vec<_> = rows(members).iter().map(|one| text(one, "name")).collect();
            names.len() == 3 && ["Ada", "Bo", "Cleo"].iter().all(|name| names.contains(name))
        });
    }
    bo.kill();
    (ada, cleo, bo, space)
}

/// What a member that learns of the end shows, and how it gets rid of the space.
#[track_caller]
fn says_so(bo: &Computer, space: &str) {
    comes_to(bo, space, "ended");
    let ran = run(bo, &["space", "list"], "");
    assert!(ran.stdout.contains("Harbour (ended"), "{ran:?}");
    fails(bo, &["chat", "send", space, "hello?"], "", "space-over");
    assert_eq!(does(bo, &["space", "leave", space], ""), json!({}));
    assert_eq!(does(bo, &["space", "list"], ""), json!([]));
}

#[test]
fn the_end_reaches_one_that_was_killed() {
    let (ada, cleo, mut bo, space) = three();
    does(&ada, &["space", "delete", &space], "");
    comes_to(&cleo, &space, "ended");
    assert_eq!(state(&ada, &space), "ended", "Bo has not heard");
    bo.up();
    says_so(&bo, &space);
    says_so(&cleo, &space);
    comes_to(&ada, &space, "gone");
}

#[test]
fn the_end_reaches_it_from_another_than_who_ended_it() {
    let (mut ada, cleo, mut bo, space) = three();
    does(&ada, &["space", "delete", &space], "");
    comes_to(&cleo, &space, "ended");
    ada.down();
    bo.up();
    says_so(&bo, &space);
}

#[test]
fn the_end_reaches_it_though_nobody_else_was_there() {
    let (mut ada, mut cleo, mut bo, space) = three();
    cleo.kill();
    does(&ada, &["space", "delete", &space], "");
    // Also when the one who ended it is killed before anybody knows, and has taken it off the list.
    ada.kill();
    ada.up();
    assert_eq!(state(&ada, &space), "ended");
    does(&ada, &["space", "leave", &space], "");
    assert_eq!(state(&ada, &space), "gone");
    bo.up();
    comes_to(&bo, &space, "ended");
    ada.down();
    // Now Bo tells of it.
    cleo.up();
    says_so(&cleo, &space);
    says_so(&bo, &space);
}

/// Whoever has taken an ended space off the list goes on telling those who have not heard.
#[test]
fn who_comes_back_when_all_have_taken_it_off_the_list_is_told_all_the_same() {
    let (mut ada, cleo, mut bo, space) = three();
    does(&ada, &["space", "delete", &space], "");
    says_so(&cleo, &space);
    does(&ada, &["space", "leave", &space], "");
    ada.down();
    bo.up();
    says_so(&bo, &space);
}
