//! Notifications of the desktop, shown by a stand-in for the program that shows them.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use compeer_testkit::process::Peer;
use compeer_testkit::wait::eventually_blocking;
use serde_json::Value;
use tempfile::TempDir;

use super::cli::{fails, run};
use super::{ALONE, findings, peer, running};

const SOON: Duration = Duration::from_secs(30);

/// A desktop on which everything shown is written down.
struct Desktop(TempDir);

impl Desktop {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let shown = folder.path().join("shown");
        // In one piece, so that nobody reads half of it.
        let script = format!(
            "#!/bin/sh\nall=''\nfor word; do all=\"$all$word|\"; done\nprintf '%s\\n' \"$all\" >> '{}'\n",
            shown.display()
        );
        let program = folder.path().join("notify-send");
        std::fs::write(&program, script).expect("a program");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
        Self(folder)
    }

    /// A peer of somebody on this desktop.
    fn running(&self, name: &str) -> Peer {
        let mut peer =
            peer().with_variable("PATH", self.0.path()).with_variable("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x");
        peer.ask(&["init", "--name", name]).expect("introduces");
        peer.up(ALONE).expect("starts");
        peer
    }

    /// Title and body of each notification.
    fn shown(&self) -> Vec<(String, String)> {
        let text = std::fs::read_to_string(self.0.path().join("shown")).unwrap_or_default();
        let pair = |line: &str| {
            let words = line.trim_end_matches('|').split("--|").nth(1).unwrap_or_default();
            let (title, body) = words.split_once('|').unwrap_or((words, ""));
            (title.to_owned(), body.to_owned())
        };
        text.lines().map(pair).collect()
    }

    #[track_caller]
    fn shows(&self, what: impl Fn(&(String, String)) -> bool, name: &str) {
        eventually_blocking(SOON, name, || {
            let shown = self.shown();
            if shown.iter().any(&what) { Ok(()) } else { Err(format!("{shown:?}")) }
        });
    }
}

/// Two people in a space; the first has a desktop.
fn two(desktop: &Desktop) -> (Peer, Peer) {
    let (ada, bo) = (desktop.running("Ada"), running("Bo"));
    ada.ask(&["space", "create", "Harbour"]).expect("creates");
    let invite = ada.ask(&["space", "invite", "Harbour"]).expect("invites")["invite"].clone();
    bo.ask_with(&["space", "join", "-"], invite.as_str().expect("a text")).expect("joins");
    eventually_blocking(SOON, "both names", || {
        let members = ada.ask(&["space", "members", "Harbour"]).ok()?;
        (members[1]["name"] == "Bo").then_some(())
    });
    (ada, bo)
}

fn says(from: &Peer, to: &Peer, text: &str) {
    from.ask(&["chat", "send", "Harbour", text]).expect("sends");
    eventually_blocking(SOON, text, || {
        let log = to.ask(&["chat", "log", "Harbour"]).ok()?;
        log.as_array()?.iter().any(|message| message["text"] == text).then_some(())
    });
}

#[test]
fn the_desktop_says_what_is_new() {
    let desktop = Desktop::new();
    let (ada, bo) = two(&desktop);
    says(&bo, &ada, "<b>hi</b> & $(you)\nthere");
    let body = "&lt;b&gt;hi&lt;/b&gt; &amp; $(you) there";
    desktop.shows(|shown| *shown == ("Bo in Harbour".into(), body.into()), "the first");
    // One's own is no news. What comes at once is said together, however fast this computer is.
    ada.ask(&["chat", "send", "Harbour", "mine"]).expect("sends");
    let began = std::time::Instant::now();
    for text in ["one", "two", "three"] {
        says(&bo, &ada, text);
    }
    desktop.shows(|(_, body)| body.ends_with("three"), "the last");
    let shown = desktop.shown();
    let most = 2 + began.elapsed().as_secs() / 5;
    assert!(shown.len() as u64 <= most, "{shown:?} in {most} times five seconds");
    let counted = |(title, _): &(String, String)| {
        title.split_once(" new messages").map_or("1", |(count, _)| count).parse::<u64>()
    };
    assert_eq!(shown.iter().map(|one| counted(one).expect("a number")).sum::<u64>(), 4, "{shown:?}");

    ada.ask(&["notify", "set", "--words", "off"]).expect("sets");
    says(&bo, &ada, "secret");
    desktop.shows(|shown| *shown == ("New message in Harbour".into(), String::new()), "without words");
    assert!(!format!("{:?}", desktop.shown()).contains("secret"));
}

#[test]
fn quiet_is_quiet_but_for_what_names_me() {
    let desktop = Desktop::new();
    let (ada, bo) = two(&desktop);
    let settings = |arguments: &[&str]| -> Value { ada.ask(&[&["notify"], arguments].concat()).expect("sets") };
    assert_eq!(settings(&["show"])["quiet_now"], false);
    let paused = settings(&["pause", "1h"]);
    assert!(paused["quiet_now"] == true && paused["paused_until"].is_u64(), "{paused}");
    says(&bo, &ada, "during the pause");
    settings(&["set", "--mentions", "on"]);
    says(&bo, &ada, "@Ada look");
    desktop.shows(|(_, body)| body == "@Ada look", "what names her");
    assert!(settings(&["pause", "off"])["paused_until"].is_null());
    // A whole day, every day: whatever the clock shows.
    let quiet = settings(&["set", "--quiet", "00:00-00:00", "--mentions", "off"]);
    assert!(
        quiet["quiet_now"] == true && quiet["quiet"]["days"].as_array().is_some_and(|days| days.len() == 7),
        "{quiet}"
    );
    says(&bo, &ada, "@Ada at night");
    assert_eq!(settings(&["set", "--quiet", "off"])["quiet_now"], false);
    ada.ask(&["discuss", "hear", "Harbour", "mentions"]).expect("sets");
    says(&bo, &ada, "not for her");
    ada.ask(&["discuss", "hear", "Harbour", "all"]).expect("sets");
    settings(&["set", "--desktop", "off"]);
    says(&bo, &ada, "with the desktop off");
    settings(&["set", "--desktop", "on"]);
    says(&bo, &ada, "the last");
    desktop.shows(|(_, body)| body == "the last", "what comes after");
    let shown: Vec<_> = desktop.shown().into_iter().map(|(_, body)| body).collect();
    assert_eq!(shown, ["@Ada look", "the last"]);
    // All of it was counted.
    assert_eq!(ada.ask(&["space", "list"]).expect("lists")[0]["unread"], 6);
}

#[test]
fn what_was_chosen_outlives_a_restart() {
    let desktop = Desktop::new();
    let mut ada = desktop.running("Ada");
    let set = ["notify", "set", "--quiet", "22:00-07:00", "--days", "mon-fri", "--show-away", "off"];
    ada.ask(&set).expect("sets");
    ada.terminate().expect("ends");
    ada.up(ALONE).expect("starts");
    let settings = ada.ask(&["notify", "show"]).expect("shows");
    assert_eq!((&settings["quiet"]["from"], &settings["quiet"]["to"]), (&"22:00".into(), &"07:00".into()));
    assert_eq!(settings["quiet"]["days"].as_array().map(Vec::len), Some(5));
    assert_eq!(settings["show_away"], false);
    let words = String::from_utf8(run(&ada, &["notify", "show"], "").stdout).expect("UTF-8");
    assert!(
        words.contains("on, shown by notify-send\n") && words.contains("22:00-07:00, beginning on mon, tue"),
        "{words}"
    );
    ada.ask(&["notify", "test"]).expect("shows");
    assert_eq!(desktop.shown(), [("Compeer".into(), "Notifications of this computer work.".into())]);
}

#[test]
fn a_computer_without_a_desktop_says_so() {
    let server = running("Server");
    fails(&server, &["notify", "test"], "", 1, "no-desktop");
    assert_eq!(server.ask(&["notify", "show"]).expect("shows")["desktop_state"], "no-session");
    let (code, found) = findings(&server);
    let finding =
        found.as_array().and_then(|all| all.iter().find(|one| one["check"] == "notifications")).expect("a finding");
    assert_eq!((code, &finding["ok"]), (Some(0), &Value::from(true)));
    assert!(finding["text"].as_str().is_some_and(|text| text.contains("no desktop")), "{finding}");
    // A desktop without the program is another matter.
    let empty = tempfile::tempdir().expect("a folder");
    let mut bare = peer().with_variable("PATH", empty.path()).with_variable("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x");
    bare.ask(&["init", "--name", "Bare"]).expect("introduces");
    bare.up(ALONE).expect("starts");
    assert_eq!(bare.ask(&["notify", "show"]).expect("shows")["desktop_state"], "no-program");
}
