//! `kill -9` at random moments under load: nothing acknowledged is lost, nothing is doubled, all converge.

use std::hash::{BuildHasher, RandomState};
use std::process::{Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use compeer_testkit::random::Random;
use serde_json::json;

use crate::cli::{Ended, does};
use crate::http::{Answer, Api};
use crate::said::Said;
use crate::{Computer, join, text, until};

/// Scripts that write through each peer at the same time, so that kills hit transactions with several messages in them.
const WRITERS: usize = 3;
/// How often a peer is killed.
const KILLS: u64 = 300;
/// How long it may take until the load goes on.
const LIMIT: Duration = Duration::from_secs(60);

/// What writers and the one who kills tell each other.
#[derive(Default)]
struct Load {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Where each peer listens, and how often it has been started.
    peers: [(usize, Option<Api>); 3],
    said: Said,
    /// Answers that are neither an acknowledgement nor a broken connection.
    refused: Vec<Answer>,
    over: bool,
}

impl Load {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `ready` gives something.
    #[track_caller]
    fn wait<T>(&self, what: &str, mut ready: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut found = None;
        let waiting = |state: &mut State| {
            found = ready(state);
            found.is_none()
        };
        let (state, _) =
            self.changed.wait_timeout_while(self.lock(), LIMIT, waiting).unwrap_or_else(PoisonError::into_inner);
        drop(state);
        found.unwrap_or_else(|| panic!("not within {LIMIT:?}: {what}"))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.notify_all();
        changed
    }

    /// Lets the load go on until so many more messages are acknowledged.
    #[track_caller]
    fn go_on(&self, messages: usize) {
        let enough = self.lock().said.0.len() + messages;
        self.wait("messages are acknowledged", |state| (state.said.0.len() >= enough).then_some(()));
    }

    /// Sends one message after another through one peer, wherever it listens, until the load is over. A message whose
    /// answer was cut off may be there or not; it is not sent again.
    fn write(&self, peer: usize, writer: usize, space: &str) {
        let mut number = 0;
        let mut started = 0;
        loop {
            // A start is used once: a connection that breaks without a kill would show as a writer that stands still.
            let next = self.wait("the peer is started again", |state| match &state.peers[peer] {
                _ if state.over => Some(None),
                (starts, Some(api)) if *starts > started => Some(Some((*starts, api.clone()))),
                _ => None,
            });
            let Some((starts, api)) = next else { return };
            started = starts;
            let Ok(mut connection) = api.connect() else { continue };
            while !self.lock().over {
                number += 1;
                let text = format!("peer {peer}, writer {writer}: {number}");
                match connection.send(space, &text) {
                    Ok(Ok(id)) => self.change(|state| state.said.note(id, text)),
                    Ok(Err(answer)) => self.change(|state| state.refused.push(answer)),
                    Err(_) => break,
                }
            }
        }
    }
}

/// A number that whoever runs the tests may choose.
fn chosen(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// `COMPEER_KILLS` says how many, `COMPEER_KILLS_SEED` repeats the choices of an earlier run.
#[test]
fn soak_nothing_acknowledged_is_lost() {
    let wanted = chosen("COMPEER_KILLS").unwrap_or(KILLS);
    let seed = chosen("COMPEER_KILLS_SEED").unwrap_or_else(|| RandomState::new().hash_one(wanted));
    println!("COMPEER_KILLS={wanted} COMPEER_KILLS_SEED={seed}");
    let mut random = Random::new(seed);
    let mut peers = [Computer::of("Ada"), Computer::of("Bo"), Computer::of("Cleo")];
    let space = text(&does(&peers[0], &["space", "create", "Harbour"], ""), "space").to_owned();
    join(&peers[0], &peers[1], &space);
    join(&peers[1], &peers[2], &space);
    until(&peers[0], &["space", "members", &space], "all are in", |members| members[2]["name"].is_string());

    let load = Load::default();
    thread::scope(|scope| {
        let over = Over(&load);
        for (index, peer) in peers.iter().enumerate() {
            load.change(|state| state.peers[index] = (1, Some(Api::of(peer))));
            for writer in 0..WRITERS {
                let (load, space) = (&load, &space);
                scope.spawn(move || load.write(index, writer, space));
            }
        }
        let mut kills = 0;
        while kills < wanted {
            load.go_on(random.within(1..60));
            let victim = random.within(0..3);
            peers[victim].kill();
            kills += 1;
            // Some are killed again while they start.
            if random.chance(0.25) {
                let _starting = start(&peers[victim]);
                load.go_on(random.within(0..40));
                kills += 1;
            }
            if let Err(error) = peers[victim].try_up() {
                panic!("after {kills} kills: {error}");
            }
            load.change(|state| state.peers[victim] = (state.peers[victim].0 + 1, Some(Api::of(&peers[victim]))));
        }
        load.go_on(50);
        drop(over);
    });
    let State { said, refused, .. } = load.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(refused.is_empty(), "{} were refused, first {:?}", refused.len(), refused.first());
    let [ada, bo, cleo] = &peers;
    let log = said.arrives(&[ada, bo, cleo], &space);
    println!("{wanted} kills, {} messages acknowledged, {} there", said.0.len(), log.len());
    for peer in &peers {
        assert_eq!(does(peer, &["status"], "")["problems"], json!([]));
    }
    // What is shown now is also what is on each disk.
    peers.iter_mut().for_each(Computer::kill);
    for peer in &mut peers {
        peer.up();
        assert_eq!(said.arrives(&[peer], &space), log);
        peer.kill();
    }
}

#[test]
fn a_newcomer_killed_at_once_finds_the_way_back() {
    let (mut host, mut guest) = (Computer::of("Ada"), Computer::of("Bo"));
    let space = text(&does(&host, &["space", "create", "Harbour"], ""), "space").to_owned();
    join(&host, &guest, &space);
    guest.kill();
    host.kill();
    host.up();
    guest.up();
    does(&guest, &["chat", "send", &space, "still here"], "");
    until(&host, &["chat", "log", &space], "the message arrives", |log| log[0]["text"] == "still here");
}

/// Ends the load, also when the test fails.
struct Over<'a>(&'a Load);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.over = true);
    }
}

/// A peer that is starting; dropping it kills it.
fn start(peer: &Computer) -> Ended {
    let command = Command::new(env!("CARGO_BIN_EXE_compeer"))
        .arg("up")
        .args(Computer::arguments(&peer.listen))
        .env("COMPEER_HOME", peer.home())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Ended(command.expect("starts"))
}
