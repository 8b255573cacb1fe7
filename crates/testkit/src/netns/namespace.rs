//! One network namespace: made, entered, removed; and the commands that act inside it.

use super::NetnsError;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::{
    fs::{self, File},
    io::{self, Write},
    os::fd::AsFd,
    path::Path,
    process::{Command, Stdio},
    thread,
};

/// Begins the name of every namespace; the process id of its maker follows.
pub(super) const PREFIX: &str = "compeer-";

/// Where `ip netns` keeps named namespaces.
const FOLDER: &str = "/run/netns";

#[derive(Debug)]
pub(crate) struct Namespace {
    pub(super) name: String,
}

impl Namespace {
    /// A new namespace with loopback up and IPv6 off.
    pub(super) fn new(name: &str) -> Result<Self, NetnsError> {
        run("ip", &["netns", "add", name], None)?;
        let namespace = Self { name: name.to_owned() };
        for scope in ["all", "default"] {
            let path = format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6");
            if Path::new(&path).exists() {
                namespace.write(&path, "1")?;
            }
        }
        namespace.ip(&["link", "set", "lo", "up"])?;
        Ok(namespace)
    }

    /// Runs `ip` inside the namespace.
    pub(super) fn ip(&self, arguments: &[&str]) -> Result<(), NetnsError> {
        run("ip", &[&["-n", &self.name], arguments].concat(), None)
    }

    /// Runs `tc` inside the namespace.
    pub(super) fn tc(&self, arguments: &[&str]) -> Result<(), NetnsError> {
        run("tc", &[&["-n", &self.name], arguments].concat(), None)
    }

    /// Loads nftables rules inside the namespace.
    pub(super) fn nft(&self, rules: &str) -> Result<(), NetnsError> {
        self.enter(|| run("nft", &["-f", "-"], Some(rules)))?
    }

    /// Writes a kernel setting of the namespace.
    pub(super) fn write(&self, path: &str, value: &str) -> Result<(), NetnsError> {
        self.enter(|| fs::write(path, value))?
            .map_err(|source| NetnsError::System { what: "change a kernel setting", source })
    }

    /// Runs `act` on a thread inside the namespace. Sockets made there, and processes started there, stay in it.
    pub(crate) fn enter<T: Send>(&self, act: impl FnOnce() -> T + Send) -> Result<T, NetnsError> {
        let result = thread::scope(|scope| {
            let inside = scope.spawn(|| {
                move_this_thread(&self.name)?;
                Ok(act())
            });
            // A panic inside is the caller's panic.
            inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        result.map_err(|source| NetnsError::System { what: "enter a namespace", source })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.name) {
            eprintln!("namespace {}: {error}", self.name);
        }
    }
}

/// Moves the calling thread into a namespace for good.
pub(super) fn move_this_thread(name: &str) -> io::Result<()> {
    let namespace = File::open(Path::new(FOLDER).join(name))?;
    Ok(move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?)
}

/// Removes the namespaces of processes that are gone.
pub(super) fn sweep() -> Result<(), NetnsError> {
    let Ok(entries) = fs::read_dir(FOLDER) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(maker) = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()) else { continue };
        if maker.parse::<u32>().is_ok() && !Path::new("/proc").join(maker).exists() {
            // Somebody else may be sweeping at the same time.
            let _ = remove(&name);
        }
    }
    Ok(())
}

/// Ends whatever still runs inside a namespace and removes it.
fn remove(name: &str) -> Result<(), NetnsError> {
    if let Ok(output) = Command::new("ip").args(["netns", "pids", name]).output() {
        for pid in String::from_utf8_lossy(&output.stdout).split_whitespace() {
            let pid = pid.parse().ok().and_then(rustix::process::Pid::from_raw);
            // A thread of this process that is still inside must not end all of it.
            if let Some(pid) = pid.filter(|pid| *pid != rustix::process::getpid()) {
                // It may have ended by itself meanwhile.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
    run("ip", &["netns", "delete", name], None)
}

/// Runs a command; no shell takes part.
fn run(program: &'static str, arguments: &[&str], input: Option<&str>) -> Result<(), NetnsError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => NetnsError::Missing(program),
        _ => NetnsError::System { what: "run a network command", source },
    };
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let (Some(text), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(text.as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(NetnsError::Command { command: format!("{program} {}", arguments.join(" ")), stderr })
}
