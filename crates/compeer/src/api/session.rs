//! Browsers that are signed in, and the one-time codes that sign them in.
//!
//! Only hashes are kept, so that the file in the home lets nobody in. Sessions outlive a restart of the peer; codes do
//! not.

use std::collections::HashMap;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use compeer_core::id::to_base32;
use compeer_core::key::{KeyError, random_bytes};
use compeer_core::{Millis, Wall};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::home;

/// How long a sign-in link is good for, in milliseconds.
pub(crate) const CODE_LIFE: Millis = 60_000;
/// How long a browser stays signed in, in milliseconds (30 days).
pub(crate) const SESSION_LIFE: Millis = 30 * 24 * 60 * 60 * 1000;
/// Links that may be open at once; the oldest goes first.
const MAX_CODES: usize = 16;
/// Browsers that may be signed in at once; the oldest goes first.
const MAX_SESSIONS: usize = 64;
/// Bytes of the largest file of sessions that is read.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The BLAKE3 hash of a secret, in hexadecimal.
type SecretHash = String;

/// How long a link that was used is known as such, in milliseconds (a day).
const USED_LIFE: Millis = 24 * 60 * 60 * 1000;

/// What a code leads to.
#[derive(Debug)]
pub(crate) enum SignIn {
    /// A new session.
    Opened(Zeroizing<String>),
    /// Nothing: somebody has used it before.
    Used,
    /// Nothing: it is too old, or never was one.
    Stale,
}

/// Who is signed in, and who may sign in.
pub(crate) struct Sessions {
    file: PathBuf,
    wall: Wall,
    state: Mutex<State>,
    /// Rings when a session was closed.
    closed: Notify,
}

#[derive(Default)]
struct State {
    codes: HashMap<SecretHash, Millis>,
    /// Codes that were good once: whoever comes with one again is told so.
    used: HashMap<SecretHash, Millis>,
    sessions: HashMap<SecretHash, Millis>,
}

impl Sessions {
    /// Takes up the sessions that `file` holds. A file that cannot be read signs everybody out, and no more.
    pub(crate) fn load(file: PathBuf, wall: Wall) -> Self {
        let text = home::read_text(&file, MAX_FILE_BYTES).unwrap_or_else(|error| {
            tracing::warn!(%error, "all browsers are signed out");
            None
        });
        let sessions = text.and_then(|text| parse(&text)).unwrap_or_default();
        Self { file, wall, state: Mutex::new(State { sessions, ..State::default() }), closed: Notify::new() }
    }

    /// A new code: 32 random bytes in base32, good for one browser within a minute.
    pub(crate) fn new_code(&self) -> Result<Zeroizing<String>, KeyError> {
        let code = secret()?;
        let now = (self.wall)();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        insert(&mut state.codes, hash(&code), now, CODE_LIFE, MAX_CODES);
        Ok(code)
    }

    /// Uses up a code and opens a session for it.
    pub(crate) fn sign_in(&self, code: &str) -> Result<SignIn, KeyError> {
        let now = (self.wall)();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let code = hash(code);
        if state.used.get(&code).is_some_and(|expires| *expires > now) {
            return Ok(SignIn::Used);
        }
        if state.codes.remove(&code).is_none_or(|expires| expires <= now) {
            return Ok(SignIn::Stale);
        }
        let session = secret()?;
        insert(&mut state.used, code, now, USED_LIFE, MAX_CODES);
        insert(&mut state.sessions, hash(&session), now, SESSION_LIFE, MAX_SESSIONS);
        self.save(&state);
        drop(state);
        // It may have taken the place of another one.
        self.closed.notify_waiters();
        Ok(SignIn::Opened(session))
    }

    /// Whether this session is open.
    pub(crate) fn is_open(&self, session: &str) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Looking up a hash by equality tells nothing about the secret behind it, however long it takes.
        state.sessions.get(&hash(session)).is_some_and(|expires| *expires > (self.wall)())
    }

    /// Returns once this session is not open any more, at once if it is not now. One that ends by time alone is noticed
    /// when next asked.
    pub(crate) async fn ended(&self, session: &str) {
        loop {
            let mut closed = pin!(self.closed.notified());
            // From here on no ringing is missed.
            closed.as_mut().enable();
            if !self.is_open(session) {
                return;
            }
            closed.await;
        }
    }

    /// Closes a session.
    pub(crate) fn sign_out(&self, session: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.sessions.remove(&hash(session)).is_some() {
            self.save(&state);
        }
        drop(state);
        self.closed.notify_waiters();
    }

    fn save(&self, state: &State) {
        let written = serde_json::to_vec(&state.sessions).map(|text| home::write_private(&self.file, &text));
        if let Ok(Err(error)) = written {
            tracing::warn!(%error, "browsers will be signed out at the next start");
        }
    }
}

fn parse(text: &str) -> Option<HashMap<SecretHash, Millis>> {
    serde_json::from_str(text).ok()
}

fn secret() -> Result<Zeroizing<String>, KeyError> {
    Ok(Zeroizing::new(to_base32(&*Zeroizing::new(random_bytes::<32>()?))))
}

fn hash(secret: &str) -> SecretHash {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}

/// Adds one that lives for `life`, making room by dropping what is over and then what ends soonest.
fn insert(map: &mut HashMap<SecretHash, Millis>, key: SecretHash, now: Millis, life: Millis, most: usize) {
    map.retain(|_, expires| *expires > now);
    while map.len() >= most {
        let Some(oldest) = map.iter().min_by_key(|(_, expires)| **expires).map(|(key, _)| key.clone()) else { break };
        map.remove(&oldest);
    }
    map.insert(key, now.saturating_add(life));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn sessions() -> (tempfile::TempDir, Arc<AtomicU64>, Sessions) {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(AtomicU64::new(1_000));
        let hands = clock.clone();
        let wall: Wall = Arc::new(move || hands.load(Ordering::SeqCst));
        let sessions = Sessions::load(folder.path().join("sessions.json"), wall);
        (folder, clock, sessions)
    }

    #[track_caller]
    fn opened(sessions: &Sessions, code: &str) -> Zeroizing<String> {
        match sessions.sign_in(code) {
            Ok(SignIn::Opened(session)) => session,
            other => panic!("not signed in: {other:?}"),
        }
    }

    #[test]
    fn a_code_works_once_and_for_a_minute() {
        let (_folder, clock, sessions) = sessions();
        let code = sessions.new_code().expect("a code");
        let session = opened(&sessions, &code);
        assert!(sessions.is_open(&session));
        assert!(matches!(sessions.sign_in(&code), Ok(SignIn::Used)));
        assert!(matches!(sessions.sign_in("guess"), Ok(SignIn::Stale)));
        assert!(!sessions.is_open("guess"));

        let late = sessions.new_code().expect("a code");
        clock.fetch_add(CODE_LIFE, Ordering::SeqCst);
        assert!(matches!(sessions.sign_in(&late), Ok(SignIn::Stale)), "too late");
        clock.fetch_add(SESSION_LIFE, Ordering::SeqCst);
        assert!(!sessions.is_open(&session), "too old");
    }

    #[test]
    fn sessions_survive_a_restart_but_not_signing_out() {
        let (_folder, clock, sessions) = sessions();
        let sign_in = || {
            let code = sessions.new_code().expect("a code");
            opened(&sessions, &code)
        };
        let (kept, closed) = (sign_in(), sign_in());
        sessions.sign_out(&closed);
        let hands = clock.clone();
        let again = Sessions::load(sessions.file.clone(), Arc::new(move || hands.load(Ordering::SeqCst)));
        assert!(again.is_open(&kept));
        assert!(!again.is_open(&closed));
        let text = std::fs::read_to_string(&sessions.file).expect("a file");
        assert!(!text.contains(kept.as_str()), "only hashes are kept");
    }

    #[test]
    fn fuzz_session_files() {
        let seeds =
            [serde_json::to_vec(&HashMap::from([(hash("session"), Millis::MAX)])).expect("text"), b"{}".to_vec()];
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Some(mut sessions) = std::str::from_utf8(bytes).ok().and_then(parse) else { return false };
            // A clock that is as far off as can be does no harm to who signs in next.
            insert(&mut sessions, hash("next"), Millis::MAX - 1, SESSION_LIFE, MAX_SESSIONS);
            assert!(sessions.contains_key(&hash("next")) && sessions.len() <= MAX_SESSIONS);
            true
        });
    }

    #[test]
    fn there_is_an_end_to_codes_and_sessions() {
        let (_folder, clock, sessions) = sessions();
        let first = sessions.new_code().expect("a code");
        for _ in 0..MAX_CODES {
            clock.fetch_add(1, Ordering::SeqCst);
            sessions.new_code().expect("a code");
        }
        assert!(matches!(sessions.sign_in(&first), Ok(SignIn::Stale)), "the oldest made room");
        assert_eq!(sessions.state.lock().expect("no panic").codes.len(), MAX_CODES);
    }
}
