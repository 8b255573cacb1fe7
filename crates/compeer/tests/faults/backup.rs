//! A home that was put back from an old copy: it learns from others how far it had come before it writes again.

use std::fs;
use std::path::Path;

use compeer_testkit::wait::eventually_blocking;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{does, fails};
use crate::http::Api;
use crate::said::Said;
use crate::{Computer, SOON, join, rows, text, until};

/// Three peers in a space, and a copy of Ada's home from when something had been said already.
struct Scene {
    ada: Computer,
    bo: Computer,
    cleo: Computer,
    space: String,
    said: Said,
    copy: TempDir,
}

impl Scene {
    fn new() -> Self {
        let (mut ada, bo, cleo) = (Computer::of("Ada"), Computer::of("Bo"), Computer::of("Cleo"));
        let space = text(&does(&ada, &["space", "create", "Harbour"], ""), "space").to_owned();
        join(&ada, &bo, &space);
        join(&bo, &cleo, &space);
        let mut said = Said::default();
        say(&mut said, &ada, &space, "before", 10);
        said.arrives(&[&ada, &bo, &cleo], &space);
        ada.down();
        let copy = tempfile::tempdir().expect("a folder");
        put(ada.home(), copy.path());
        ada.up();
        Self { ada, bo, cleo, space, said, copy }
    }

    /// Pulls the plug, and puts the old copy in the home's place.
    fn restore(&mut self) {
        self.ada.kill();
        for entry in fs::read_dir(self.ada.home()).expect("lists") {
            let path = entry.expect("lists").path();
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }.expect("removes");
        }
        put(self.copy.path(), self.ada.home());
    }

    /// Everything is everywhere, nobody has seen two histories, and Ada writes again as ever.
    fn all_is_well(&mut self) {
        self.said.arrives(&[&self.ada, &self.bo, &self.cleo], &self.space);
        for peer in [&self.ada, &self.bo, &self.cleo] {
            let status = does(peer, &["status"], "");
            assert!(!codes(&status).contains(&"forked"), "{status}");
        }
        self.ada.down();
        self.ada.up();
        assert_eq!(does(&self.ada, &["status"], "")["problems"], json!([]), "a restart is no restore");
        say(&mut self.said, &self.ada, &self.space, "in the end", 5);
        self.said.arrives(&[&self.ada, &self.bo, &self.cleo], &self.space);
    }
}

/// Says `WHO 1`, `WHO 2` and so on through one peer.
#[track_caller]
fn say(said: &mut Said, peer: &Computer, space: &str, who: &str, lines: usize) {
    let mut connection = Api::of(peer).connect().expect("connects");
    for line in 1..=lines {
        said.say(&mut connection, space, format!("{who} {line}"));
    }
}

/// The codes of the problems on a status's list.
fn codes(status: &Value) -> Vec<&str> {
    rows(&status["problems"]).iter().map(|problem| text(problem, "code")).collect()
}

/// Copies what is in a folder, permissions included.
fn put(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("lists") {
        let from = entry.expect("lists").path();
        let to = to.join(from.file_name().expect("a name"));
        if from.is_dir() {
            if !to.is_dir() {
                fs::create_dir(&to).expect("makes");
            }
            put(&from, &to);
            fs::set_permissions(&to, from.metadata().expect("is there").permissions()).expect("sets");
        } else {
            fs::copy(&from, &to).expect("copies");
        }
    }
}

#[test]
fn an_old_copy_catches_up_before_it_writes() {
    let mut scene = Scene::new();
    say(&mut scene.said, &scene.ada, &scene.space, "after", 30);
    say(&mut scene.said, &scene.bo, &scene.space, "Bo after", 10);
    scene.said.arrives(&[&scene.ada, &scene.bo, &scene.cleo], &scene.space);
    scene.restore();
    scene.ada.up();
    // At once: the answer comes when others have told how far it had come.
    say(&mut scene.said, &scene.ada, &scene.space, "again", 5);
    until(&scene.ada, &["status"], "the restore is on the list", |status| codes(status).contains(&"restored"));
    scene.all_is_well();
}

#[test]
fn an_old_copy_writes_nothing_while_nobody_can_tell() {
    let mut scene = Scene::new();
    // Cleo alone has the newest.
    scene.bo.down();
    say(&mut scene.said, &scene.ada, &scene.space, "after", 30);
    scene.said.arrives(&[&scene.ada, &scene.cleo], &scene.space);
    scene.cleo.down();
    scene.restore();
    scene.ada.up();
    let here = does(&scene.ada, &["chat", "log", &scene.space, "--limit", "1000"], "");
    fails(&scene.ada, &["chat", "send", &scene.space, "too early 1"], "", "asking-peers");
    assert_eq!(does(&scene.ada, &["chat", "log", &scene.space, "--limit", "1000"], ""), here);
    // What concerns nobody else goes on.
    does(&scene.ada, &["space", "create", "Alone"], "");
    does(&scene.ada, &["chat", "send", "Alone", "to myself"], "");
    // Bo has what the copy has, and that is not all there is.
    scene.bo.up();
    let linked = |status: &Value| rows(&status["peers"]).iter().any(|peer| peer["path"] == "direct");
    until(&scene.ada, &["status"], "Bo is here", linked);
    fails(&scene.ada, &["chat", "send", &scene.space, "too early 2"], "", "asking-peers");
    scene.cleo.up();
    eventually_blocking(SOON, "Ada may write again", || {
        scene.ada.ask(&["chat", "send", &scene.space, "again 1"]).map(|sent| {
            scene.said.note(text(&sent, "id").to_owned(), "again 1".to_owned());
        })
    });
    scene.all_is_well();
}

#[test]
fn an_old_copy_over_the_living_home_is_noticed() {
    let mut scene = Scene::new();
    say(&mut scene.said, &scene.ada, &scene.space, "after", 30);
    scene.said.arrives(&[&scene.ada, &scene.bo, &scene.cleo], &scene.space);
    scene.ada.down();
    // As `cp -r` does it: every file stays the same one to the file system.
    put(scene.copy.path(), scene.ada.home());
    scene.ada.up();
    say(&mut scene.said, &scene.ada, &scene.space, "again", 5);
    until(&scene.ada, &["status"], "the restore is on the list", |status| codes(status).contains(&"restored"));
    scene.all_is_well();
}

#[test]
fn a_person_can_vouch_for_a_copy() {
    let mut scene = Scene::new();
    scene.ada.down();
    scene.copy = tempfile::tempdir().expect("a folder");
    put(scene.ada.home(), scene.copy.path());
    scene.bo.down();
    scene.cleo.down();
    scene.restore();
    scene.ada.up();
    fails(&scene.ada, &["chat", "send", &scene.space, "too early 1"], "", "asking-peers");
    scene.ada.down();
    scene.ada.up_with(&["--trust-home"]);
    say(&mut scene.said, &scene.ada, &scene.space, "again", 5);
    scene.bo.up();
    scene.cleo.up();
    scene.all_is_well();
}

#[test]
fn a_fresh_copy_just_goes_on() {
    let mut scene = Scene::new();
    scene.ada.down();
    scene.copy = tempfile::tempdir().expect("a folder");
    put(scene.ada.home(), scene.copy.path());
    scene.restore();
    scene.ada.up();
    say(&mut scene.said, &scene.ada, &scene.space, "again", 5);
    scene.all_is_well();
}
