//! `compeer status`: this device and those around it.

use serde::Serialize;

use super::Context;
use super::output::{Output, table};
use crate::api::dto;
use crate::error::ApiError;
use crate::text::visible;

#[derive(Serialize)]
struct Status {
    device: String,
    person: Option<String>,
    name: Option<String>,
    peers: Vec<Peer>,
    problems: Vec<dto::Problem>,
}

#[derive(Serialize)]
struct Peer {
    device: String,
    name: Option<String>,
    path: dto::PathKind,
    rtt_ms: Option<f64>,
}

pub(super) async fn run(context: &Context) -> Result<(), ApiError> {
    let full: dto::Status = context.client()?.get("/status").await?;
    let words = if context.out.is_json() { String::new() } else { words(&full, &context.out) };
    let peer = |peer: dto::Peer| Peer { device: peer.device, name: peer.name, path: peer.path, rtt_ms: peer.rtt_ms };
    let status = Status {
        device: full.device,
        person: full.person,
        name: full.name,
        peers: full.peers.into_iter().map(peer).collect(),
        problems: full.problems.into_iter().map(|problem| good_for_copying(problem, &context.out)).collect(),
    };
    context.out.either(&status, || words)
}

/// A problem whose hint names commands for this home.
fn good_for_copying(problem: dto::Problem, out: &Output) -> dto::Problem {
    dto::Problem { hint: out.hint(&problem.hint).into_owned(), ..problem }
}

fn words(status: &dto::Status, out: &Output) -> String {
    let who = match &status.name {
        Some(name) => format!("{} on {}", visible(name), visible(&status.device_name)),
        None => out.hint("Nobody has introduced themselves here yet. Run `compeer init --name NAME`.").into_owned(),
    };
    let mut text = format!("{who}\ndevice {}\n", status.device);
    if status.peers.is_empty() {
        text.push_str("\nNo other devices are known yet.\n");
    } else {
        let rows: Vec<_> = status.peers.iter().map(row).collect();
        text.push('\n');
        text.push_str(&table(&["device", "person", "path", "round trip", "address"], &rows));
    }
    for problem in &status.problems {
        text.push_str(&format!("\n! {}\n  {}\n", visible(&problem.text), visible(&out.hint(&problem.hint))));
    }
    text
}

fn row(peer: &dto::Peer) -> Vec<String> {
    let path = match peer.path {
        dto::PathKind::Direct => "direct",
        dto::PathKind::Relay => "relay",
        dto::PathKind::None if peer.refuses => "refuses",
        dto::PathKind::None => "offline",
    };
    vec![
        peer.name.clone().unwrap_or_else(|| peer.device.chars().take(10).collect()),
        peer.person_name.clone().unwrap_or_default(),
        path.to_owned(),
        peer.rtt_ms.map(|rtt| format!("{rtt:.1} ms")).unwrap_or_default(),
        peer.address.clone().unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::commands::Commands;

    #[test]
    fn hints_are_good_for_copying() {
        let problem = dto::Problem {
            id: "1".into(),
            at: 0,
            severity: dto::Severity::Warning,
            code: "made-up".into(),
            text: "Something is wrong.".into(),
            hint: "Run `compeer doctor`.".into(),
            device: None,
            space: None,
        };
        let out = Output::new(true, Commands::default().on(Some(Path::new("/tmp/ann"))));
        assert_eq!(good_for_copying(problem, &out).hint, "Run `compeer --home /tmp/ann doctor`.");
    }
}
