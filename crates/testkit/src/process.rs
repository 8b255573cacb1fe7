//! Real `compeer` programs, each with a home of its own: started, asked over its command line, killed, and started
//! again with the same home.
//!
//! The program is the one named by `COMPEER_BIN`, or the one beside the running test in cargo's target folder.
//! Everything here blocks; every wait has a limit.

#[cfg(target_os = "linux")]
use crate::netns::{Host, Namespace};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    env,
    ffi::{OsStr, OsString},
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// How long a peer may take to become ready, and a command to answer.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The most of a peer's stderr that is kept: its end.
const LOG: usize = 256 << 10;

/// Lines that may wait to be read before the program that prints them has to wait.
const LINES: usize = 1024;

/// Why a program did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There is no program to test.
    #[error("there is no compeer program at {0}: build it, or name it in COMPEER_BIN")]
    NoProgram(PathBuf),
    /// The home folder could not be made.
    #[error("no folder for a peer: {0}")]
    Home(io::Error),
    /// The program could not be started.
    #[error("`{command}` could not be started: {source}")]
    Start {
        /// Program and arguments.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// The program took too long.
    #[error("`{command}` took longer than {LIMIT:?}; it said: {stderr}")]
    TooLong {
        /// Program and arguments.
        command: String,
        /// What it said on stderr.
        stderr: String,
    },
    /// The program ended with an error, or earlier than it should.
    #[error("`{command}` ended with {status}; it said: {stderr}")]
    Ended {
        /// Program and arguments.
        command: String,
        /// 1 is a failure and 2 wrong usage.
        status: ExitStatus,
        /// What it said on stderr.
        stderr: String,
    },
    /// The program printed something other than one JSON value.
    #[error("`{command}` printed no JSON: {printed:?}")]
    NotJson {
        /// Program and arguments.
        command: String,
        /// What it printed.
        printed: String,
    },
    /// The peer has not been started, or was stopped.
    #[error("the peer does not run")]
    NotRunning,
    /// A network namespace refused.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Netns(#[from] crate::netns::NetnsError),
}

/// What a peer says when it is ready, as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// Where its HTTP API listens: `http://127.0.0.1:PORT`.
    pub api: String,
    /// The device's id.
    pub device: String,
    /// The process id.
    pub pid: u32,
}

/// A person's computer: a home folder and, while it is up, a running program.
#[derive(Debug)]
pub struct Peer {
    program: PathBuf,
    home: TempDir,
    place: Place,
    environment: Vec<(String, OsString)>,
    running: Option<Running>,
}

/// Where programs run.
#[derive(Debug, Clone)]
enum Place {
    Here,
    #[cfg(target_os = "linux")]
    Inside(Arc<Namespace>),
}

#[derive(Debug)]
struct Running {
    child: Child,
    ready: Ready,
    log: Arc<Mutex<String>>,
}

impl Peer {
    /// A new home, not yet initialised, for the program that is tested.
    ///
    /// # Errors
    /// When there is no program, or no room for a home.
    pub fn new() -> Result<Self, ProcessError> {
        Self::with_program(&program()?)
    }

    /// The same for a program of the caller's choice.
    ///
    /// # Errors
    /// When there is no room for a home.
    pub fn with_program(program: &Path) -> Result<Self, ProcessError> {
        let home = tempfile::Builder::new().prefix("compeer-").tempdir().map_err(ProcessError::Home)?;
        Ok(Self { program: program.to_owned(), home, place: Place::Here, environment: Vec::new(), running: None })
    }

    /// Gives the programs of this peer a variable.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Moves the peer's computer into a lab: from now on its programs run on this host.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn on(mut self, host: &Host) -> Self {
        self.place = Place::Inside(host.namespace());
        self
    }

    /// The home folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Starts `compeer up --json` with these further arguments and waits until it is ready. A peer that runs already is
    /// killed first.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn up(&mut self, arguments: &[&str]) -> Result<Ready, ProcessError> {
        self.kill();
        let mut command = self.command(&[&["up"], arguments, &["--json"]].concat());
        let shown = show(&command);
        let mut child = self.place.spawn(&mut command)?;
        let log = Arc::new(Mutex::new(String::new()));
        if let Some(stderr) = child.stderr.take() {
            keep_end(stderr, log.clone());
        }
        let lines = lines_of(&mut child);
        let mut running = Running { child, ready: Ready { api: String::new(), device: String::new(), pid: 0 }, log };
        let line = match lines.recv_timeout(LIMIT) {
            Ok(line) => line,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                return Err(ProcessError::TooLong { command: shown, stderr: running.log() });
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let status =
                    running.child.wait().map_err(|source| ProcessError::Start { command: shown.clone(), source })?;
                return Err(ProcessError::Ended { command: shown, status, stderr: running.log() });
            }
        };
        running.ready = ready(&line).ok_or(ProcessError::NotJson { command: shown, printed: line })?;
        // Whatever it prints later must not fill the pipe.
        thread::spawn(move || lines.iter().for_each(drop));
        Ok(self.running.insert(running).ready.clone())
    }

    /// What the peer said when it became ready.
    ///
    /// # Errors
    /// While it does not run.
    pub fn ready(&self) -> Result<&Ready, ProcessError> {
        self.running.as_ref().map(|running| &running.ready).ok_or(ProcessError::NotRunning)
    }

    /// Runs a command with `--json` on this peer's home and returns the one value that it prints.
    ///
    /// # Errors
    /// [`ProcessError::Ended`] when the command refuses.
    pub fn ask(&self, arguments: &[&str]) -> Result<Value, ProcessError> {
        self.ask_with(arguments, "")
    }

    /// The same with something on stdin.
    ///
    /// # Errors
    /// [`ProcessError::Ended`] when the command refuses.
    pub fn ask_with(&self, arguments: &[&str], input: &str) -> Result<Value, ProcessError> {
        let mut command = self.command(&[arguments, &["--json"]].concat());
        command.stdin(Stdio::piped());
        let shown = show(&command);
        let failed = |source| ProcessError::Start { command: shown.clone(), source };
        let mut child = self.place.spawn(&mut command)?;
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = child.stderr.take().map(|stderr| keep_end(stderr, log.clone()));
        let stdin = child.stdin.take();
        let input = input.to_owned();
        // A command that reads nothing closes the pipe early, which is its right.
        let writer = thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
        let (send, printed) = mpsc::sync_channel(1);
        if let Some(mut stdout) = child.stdout.take() {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                let result = stdout.read_to_end(&mut bytes).map(|_| bytes);
                // Nobody waits any more after the limit.
                let _ = send.send(result);
            });
        }
        let Ok(printed) = printed.recv_timeout(LIMIT) else {
            end(&mut child);
            return Err(ProcessError::TooLong { command: shown, stderr: text_of(&log) });
        };
        let printed = String::from_utf8_lossy(&printed.map_err(failed)?).into_owned();
        let status = child.wait().map_err(failed)?;
        let _ = writer.join();
        let _ = stderr.map(thread::JoinHandle::join);
        if !status.success() {
            return Err(ProcessError::Ended { command: shown, status, stderr: text_of(&log) });
        }
        serde_json::from_str(&printed).map_err(|_| ProcessError::NotJson { command: shown, printed })
    }

    /// Follows `compeer events`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn events(&self) -> Result<Events, ProcessError> {
        let mut child = self.place.spawn(&mut self.command(&["events", "--json"]))?;
        let log = Arc::new(Mutex::new(String::new()));
        if let Some(stderr) = child.stderr.take() {
            keep_end(stderr, log.clone());
        }
        let lines = lines_of(&mut child);
        Ok(Events { child, lines, log })
    }

    /// Asks the peer to end (SIGTERM) and waits until it has.
    ///
    /// # Errors
    /// [`ProcessError::Ended`] when it ends with an error, [`ProcessError::TooLong`] when it does not.
    pub fn terminate(&mut self) -> Result<(), ProcessError> {
        let mut running = self.running.take().ok_or(ProcessError::NotRunning)?;
        let command = format!("{} up", self.program.display());
        let failed = |source| ProcessError::Start { command: command.clone(), source };
        kill_process(Pid::from_child(&running.child), Signal::TERM).map_err(|errno| failed(errno.into()))?;
        let status = wait_until_ended(&mut running.child).map_err(failed)?;
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(ProcessError::Ended { command, status, stderr: running.log() }),
            None => Err(ProcessError::TooLong { command, stderr: running.log() }),
        }
    }

    /// Pulls the plug (SIGKILL). Nothing happens when it does not run.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// The end of what the running peer said on stderr.
    pub fn log(&self) -> String {
        self.running.as_ref().map(Running::log).unwrap_or_default()
    }

    /// A command on this peer's home. Its input is empty and its output is kept.
    fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("COMPEER_HOME", self.home.path())
            // What tests make peers say is not for whoever sits at this computer.
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env_remove("XDG_RUNTIME_DIR")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Place {
    fn spawn(&self, command: &mut Command) -> Result<Child, ProcessError> {
        let child = match self {
            Self::Here => command.spawn(),
            #[cfg(target_os = "linux")]
            Self::Inside(namespace) => namespace.enter(|| command.spawn())?,
        };
        child.map_err(|source| ProcessError::Start { command: show(command), source })
    }
}

impl Running {
    fn log(&self) -> String {
        text_of(&self.log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// What happens on a peer, as `compeer events` tells it. Dropping it ends the command.
#[derive(Debug)]
pub struct Events {
    child: Child,
    lines: mpsc::Receiver<String>,
    log: Arc<Mutex<String>>,
}

impl Events {
    /// The first event that `accept` takes; those before it are passed over.
    ///
    /// # Panics
    /// After `limit`, or when the stream ends, naming `what` was waited for and what came instead.
    #[track_caller]
    pub fn first(&self, limit: Duration, what: &str, mut accept: impl FnMut(&Value) -> bool) -> Value {
        let end = std::time::Instant::now() + limit;
        let mut others = Vec::new();
        loop {
            let left = end.saturating_duration_since(std::time::Instant::now());
            let line = match self.lines.recv_timeout(left) {
                Ok(line) => line,
                Err(why) => panic!("no {what} within {limit:?} ({why}); instead: {others:#?}\n{}", text_of(&self.log)),
            };
            match serde_json::from_str(&line) {
                Ok(event) if accept(&event) => return event,
                _ => others.push(line),
            }
        }
    }

    /// The first event of this name.
    ///
    /// # Panics
    /// As [`Events::first`] does.
    #[track_caller]
    pub fn named(&self, limit: Duration, name: &str) -> Value {
        self.first(limit, name, |event| event["event"] == name)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// The program that is tested.
fn program() -> Result<PathBuf, ProcessError> {
    let path = match env::var_os("COMPEER_BIN") {
        Some(path) => PathBuf::from(path),
        // Tests lie in TARGET/PROFILE/deps, programs in TARGET/PROFILE.
        None => env::current_exe()
            .ok()
            .and_then(|test| Some(test.parent()?.parent()?.join(format!("compeer{}", env::consts::EXE_SUFFIX))))
            .unwrap_or_default(),
    };
    if path.is_file() { Ok(path) } else { Err(ProcessError::NoProgram(path)) }
}

fn ready(line: &str) -> Option<Ready> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    (value["ready"] == true).then_some(())?;
    Some(Ready { api: text("api")?, device: text("device")?, pid: u32::try_from(value["pid"].as_u64()?).ok()? })
}

/// The lines that a program prints; the sender's end closes with the program.
fn lines_of(child: &mut Child) -> mpsc::Receiver<String> {
    let (send, lines) = mpsc::sync_channel(LINES);
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
    }
    lines
}

/// Keeps the end of what a program says on stderr.
fn keep_end(mut stderr: impl Read + Send + 'static, log: Arc<Mutex<String>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = stderr.read(&mut buffer) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&String::from_utf8_lossy(&buffer[..length]));
            if log.len() > 2 * LOG {
                let cut = log.ceil_char_boundary(log.len() - LOG);
                log.drain(..cut);
            }
        }
    })
}

fn text_of(log: &Mutex<String>) -> String {
    log.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn wait_until_ended(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let end = std::time::Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if std::time::Instant::now() > end {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

fn show(command: &Command) -> String {
    let words: Vec<_> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}
