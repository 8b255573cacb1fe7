//! `compeer doctor`: looks at what may be wrong, in plain sentences.

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use compeer_journal::Journal;
use serde::Serialize;

use super::Context;
use super::client::Client;
use crate::api::dto;
use crate::error::ApiError;
use crate::text::{quoted, visible};

/// A clock before this is certainly wrong: the program is younger (2026-01-01, in seconds since 1970).
const YOUNGEST: u64 = 1_767_225_600;
/// Less room than this on the disk is worth a word.
const LITTLE_ROOM: u64 = 512 * 1024 * 1024;

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    check: &'static str,
    ok: bool,
    /// Somebody must act.
    serious: bool,
    text: String,
    hint: String,
}

impl Finding {
    fn good(check: &'static str, text: impl Into<String>) -> Self {
        Self { check, ok: true, serious: false, text: text.into(), hint: String::new() }
    }

    fn bad(check: &'static str, error: impl Into<ApiError>) -> Self {
        let error = error.into();
        Self::wrong(check, error.detail, error.hint)
    }

    fn wrong(check: &'static str, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { check, ok: false, serious: true, text: text.into(), hint: hint.into() }
    }

    /// How it shows at the start of its line.
    fn mark(&self) -> &'static str {
        match self {
            Self { ok: true, .. } => "ok",
            Self { serious: true, .. } => "!!",
            Self { .. } => "!",
        }
    }
}

/// Looks at everything, changes nothing. What it finds is its answer, on stdout; the exit code says whether somebody must
/// act.
/// How long a relay may take before it counts as not connected.
const A_MOMENT: Duration = Duration::from_secs(3);

pub(super) async fn run(context: &Context) -> Result<ExitCode, ApiError> {
    let mut findings = vec![home(context), secrets(context), person(context), journal(context), clock(), room(context)];
    match context.client() {
        Ok(client) => peer(&client, &mut findings).await,
        Err(error) => findings.push(Finding::bad("peer", error)),
    }
    for finding in &mut findings {
        finding.hint = context.out.hint(&finding.hint).into_owned();
    }
    context.out.either(&findings, || {
        let line = |finding: &Finding| {
            let hint =
                if finding.hint.is_empty() { String::new() } else { format!("\n    {}", visible(&finding.hint)) };
            format!("{:<2}  {}{hint}\n", finding.mark(), visible(&finding.text))
        };
        findings.iter().map(line).collect()
    })?;
    Ok(if findings.iter().any(|finding| finding.serious) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn home(context: &Context) -> Finding {
    let folder = context.home.folder();
    let shown = folder.display();
    match fs::metadata(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::wrong("home", format!("There is no home at {shown} yet."), "Run `compeer init --name NAME`.")
        }
        Err(error) => Finding::wrong(
            "home",
            format!("The home {shown} cannot be read: {error}."),
            "Check who owns it, or name another with `--home DIR`.",
        ),
        Ok(meta) if !meta.is_dir() => {
            Finding::wrong("home", format!("{shown} is not a folder."), "Name another with `--home DIR`.")
        }
        Ok(meta) if is_open_to_others(&meta) => Finding::wrong(
            "home",
            format!("The home {shown} can be entered by other users."),
            format!("Run `chmod 700 {}`; `compeer up` does it, too.", quoted(folder)),
        ),
        Ok(_) => Finding::good("home", format!("The home is {shown}, for its owner alone.")),
    }
}

#[cfg(unix)]
fn is_open_to_others(meta: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

fn secrets(context: &Context) -> Finding {
    match context.home.read_device().and_then(|device| context.home.read_api_token().map(|_| device)) {
        Ok(Some(device)) => Finding::good("key", format!("The key of this device ({}) is in order.", device.short())),
        Ok(None) => Finding::wrong("key", "This device has no key yet.", "Run `compeer init --name NAME`."),
        Err(error) => Finding::bad("key", error),
    }
}

fn person(context: &Context) -> Finding {
    match context.home.read_identity() {
        Ok(Some(me)) => Finding::good("person", format!("{} uses this computer, called {}.", me.name, me.device_name)),
        Ok(None) => Finding::wrong(
            "person",
            "Nobody has introduced themselves here yet.",
            "Run `compeer init --name NAME`, or open the page.",
        ),
        Err(error) => Finding::bad("person", error),
    }
}

fn journal(context: &Context) -> Finding {
    match context.home.was_used() {
        Ok(false) => Finding::good("journal", "There is no journal yet; the first start makes it."),
        Ok(true) => match Journal::check_exists(&context.home.journal()) {
            Ok(()) => Finding::good("journal", "The journal is there."),
            Err(error) => Finding::bad("journal", error),
        },
        Err(error) => Finding::bad("journal", error),
    }
}

fn clock() -> Finding {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    if now.as_secs() < YOUNGEST {
        return Finding::wrong(
            "clock",
            "The clock of this computer is years behind.",
            "Set it by the network; messages are dated by it.",
        );
    }
    let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    Finding::good("clock", format!("The clock says {} UTC.", super::output::time(millis)))
}

/// Asks the system's own tool, because the standard library knows no free space.
fn room(context: &Context) -> Finding {
    let unknown = || Finding::good("disk", "How much room the disk has is not known here.");
    let mut folder = context.home.folder();
    while !folder.exists() {
        let Some(above) = folder.parent() else { return unknown() };
        folder = above;
    }
    let output = std::process::Command::new("df").arg("-Pk").arg(folder).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    // POSIX: one line of heads, then one of figures, of which the fourth is the free room in kilobytes.
    let free = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    let Some(free) = free.map(|kilobytes| kilobytes.saturating_mul(1024)) else { return unknown() };
    let words = super::output::size(free);
    if free < LITTLE_ROOM {
        return Finding::wrong("disk", format!("The disk has only {words} left."), "Make room on it.");
    }
    Finding::good("disk", format!("The disk has {words} left."))
}

/// The status once the relay is connected, or after a moment: who has just started, or just learned of a relay, is on the way.
async fn settled(client: &Client, mut status: dto::Status) -> dto::Status {
    let end = tokio::time::Instant::now() + A_MOMENT;
    while status.relay.as_ref().is_some_and(|relay| !relay.connected) && tokio::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(200)).await;
        match client.get("/status").await {
            Ok(later) => status = later,
            Err(_) => break,
        }
    }
    status
}

async fn peer(client: &Client, findings: &mut Vec<Finding>) {
    let status: dto::Status = match client.get("/status").await {
        Ok(status) => status,
        Err(error) => return findings.push(Finding::bad("peer", error)),
    };
    findings.push(Finding::good("peer", format!("The peer is running, version {}.", status.version)));
    findings.push(if status.listening.is_empty() {
        Finding::wrong(
            "listening",
            "Other devices have no address of this one.",
            "Check that this computer is on a network.",
        )
    } else {
        Finding::good("listening", format!("Other devices reach it at {}.", status.listening.join(", ")))
    });
    let status = settled(client, status).await;
    let linked = status.peers.iter().filter(|peer| peer.path != dto::PathKind::None).count();
    findings.push(Finding::good("peers", format!("{linked} of {} known devices are linked.", status.peers.len())));
    if let Ok(settings) = client.get::<dto::Settings>("/settings").await {
        // A computer without a desktop is as it should be.
        let words = super::notify::desktop_words(&settings);
        let words = if settings.desktop {
            format!("Notifications of the desktop are on, {words}.")
        } else {
            "Notifications of the desktop are off.".to_owned()
        };
        findings.push(Finding::good("notifications", words));
    }
    let is_of_relay = |problem: &dto::Problem| problem.code.starts_with("relay-");
    let down = status.relay.as_ref().is_some_and(|relay| !relay.connected);
    match status.relay {
        None => findings.push(Finding::good("relay", "No relay is used.")),
        Some(relay) if relay.connected => {
            findings.push(Finding::good("relay", format!("The relay {} is connected.", relay.url)));
        }
        Some(relay) => findings.push(match status.problems.iter().rfind(|problem| is_of_relay(problem)) {
            // The peer knows more of why.
            Some(problem) => Finding::wrong("relay", problem.text.clone(), problem.hint.clone()),
            None => Finding::wrong(
                "relay",
                format!("The relay {} is not connected.", relay.url),
                "Check that it runs and that its address, the part after # included, is right.",
            ),
        }),
    }
    for problem in status.problems.into_iter().filter(|problem| !(down && is_of_relay(problem))) {
        let serious = problem.severity == dto::Severity::Error;
        findings.push(Finding { serious, ..Finding::wrong("problem", problem.text, problem.hint) });
    }
}
