//! A whole peer: a process of the program that is measured, with a home of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{Client, Failure};

/// Where the measured program is: `COMPEER_BIN`.
pub(crate) fn program() -> Result<PathBuf, Failure> {
    std::env::var_os("COMPEER_BIN").map(PathBuf::from).ok_or_else(|| "COMPEER_BIN names the program to measure".into())
}

/// A running peer. Ended when dropped.
pub(crate) struct Peer {
    pub(crate) home: PathBuf,
    pub(crate) address: String,
    pub(crate) ready_in: Duration,
    child: Child,
}

impl Peer {
    /// Introduces `name` in a new home below `dir` and starts.
    pub(crate) fn start(dir: &Path, name: &str) -> Result<Self, Failure> {
        let home = dir.join(name);
        let done = Command::new(program()?).args(["init", "--name", name, "--json", "--home"]).arg(&home).output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into());
        }
        Self::again(home)
    }

    /// Starts with a home that is there.
    pub(crate) fn again(home: PathBuf) -> Result<Self, Failure> {
        let started = Instant::now();
        let mut child = Command::new(program()?)
            .args(["up", "--json", "--no-lan", "--api", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--home"])
            .arg(&home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let ready_in = started.elapsed();
        let ready: Value = serde_json::from_str(&line)?;
        let url = ready["api"].as_str().ok_or("no address")?;
        let address = url.trim_start_matches("http://").split('/').next().unwrap_or_default().to_owned();
        Ok(Self { home, address, ready_in, child })
    }

    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let token = std::fs::read_to_string(self.home.join("api-token"))?;
        Client::connect(&self.address, token.trim())
    }

    /// Runs a command of the program at this peer.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<(), Failure> {
        let done = Command::new(program()?).arg("--home").arg(&self.home).args(arguments).output()?;
        if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into()) }
    }

    /// Makes a space and returns its id.
    pub(crate) fn create(&self, name: &str) -> Result<String, Failure> {
        text(&self.client()?.post("/spaces", &json!({ "name": name }))?, "space")
    }

    /// One invitation for `uses` people.
    pub(crate) fn invite(&self, space: &str, uses: usize) -> Result<String, Failure> {
        let terms = json!({ "level": "write", "uses": uses, "expires": "1d" });
        text(&self.client()?.post(&format!("/spaces/{space}/invitations"), &terms)?, "invite")
    }

    pub(crate) fn join(&self, invite: &str) -> Result<(), Failure> {
        self.client()?.post("/spaces/join", &json!({ "invite": invite }))?;
        Ok(())
    }

    /// Says these messages in the general talk of a space, several at a time. What it is said to say last: whoever says so has all, since
    /// a device's log comes in its order.
    pub(crate) fn write(&self, space: &str, texts: &[String]) -> Result<Value, Failure> {
        const WRITERS: usize = 16;
        std::thread::scope(|scope| {
            let writers: Vec<_> = texts
                .chunks(texts.len().div_ceil(WRITERS).max(1))
                .map(|texts| {
                    scope.spawn(move || -> Result<(), Failure> {
                        let mut client = self.client()?;
                        for text in texts {
                            client.post(&format!("/spaces/{space}/messages"), &json!({ "text": text }))?;
                        }
                        Ok(())
                    })
                })
                .collect();
            writers.into_iter().try_for_each(|writer| writer.join().map_err(|_| "a writer panicked")?)
        })?;
        Ok(self.client()?.get(&format!("/spaces/{space}"))?["last"].take())
    }

    /// Resident memory in bytes, of pages that are this process's own (Pss counts what it shares by its part).
    pub(crate) fn memory(&self) -> Result<u64, Failure> {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).ok_or("no Pss")?;
        let kib: u64 = line.split_whitespace().next().ok_or("no size")?.parse()?;
        Ok(kib * 1024)
    }

    /// Processor time used so far.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 =
            fields.get(11).ok_or("stat")?.parse::<u64>()? + fields.get(12).ok_or("stat")?.parse::<u64>()?;
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn text(value: &Value, field: &str) -> Result<String, Failure> {
    value[field].as_str().map(str::to_owned).ok_or_else(|| format!("no {field} in {value}").into())
}

/// Asks until `check` is true, at most `limit`; how long it took.
pub(crate) fn until(limit: Duration, mut check: impl FnMut() -> Result<bool, Failure>) -> Result<Duration, Failure> {
    let started = Instant::now();
    while !check()? {
        if started.elapsed() > limit {
            return Err(format!("not within {limit:?}").into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(started.elapsed())
}
