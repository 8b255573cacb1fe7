//! Figures of messages: latency, throughput, taking over, many peers.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::Failure;
use crate::peer::{Peer, text, until};
use crate::report::{Report, percentile};

/// Tells, over a channel, when each message showed in a peer's events.
fn watch(peer: &Peer, who: usize, seen: mpsc::Sender<(usize, String, Instant)>) -> Result<(), Failure> {
    let client = peer.client()?;
    let (ready, wait) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = client.events(|event| {
            if event["event"] == "chat.message" {
                let at = Instant::now();
                if let Ok(id) = text(event, "id") {
                    return seen.send((who, id, at)).is_ok();
                }
            } else {
                let _ = ready.send(());
            }
            true
        });
    });
    // The first event says that the stream is on.
    wait.recv_timeout(Duration::from_secs(10)).map_err(|_| "no events")?;
    Ok(())
}

fn all_joined(first: &Peer, space: &str, people: usize, limit: Duration) -> Result<(), Failure> {
    let mut client = first.client()?;
    until(limit, || Ok(client.get(&format!("/spaces/{space}"))?["members"] == json!(people)))?;
    Ok(())
}

/// From the moment a message is durable here until it shows in the events of `others` peers; milliseconds, sorted.
fn latencies(dir: &Path, others: usize, rounds: usize, pause: Duration) -> Result<Vec<f64>, Failure> {
    let first = Peer::start(dir, "first")?;
    let space = first.create("Latency")?;
    let invite = first.invite(&space, others)?;
    let rest = (0..others).map(|n| Peer::start(dir, &format!("peer{n}"))).collect::<Result<Vec<_>, _>>()?;
    for peer in &rest {
        peer.join(&invite)?;
    }
    all_joined(&first, &space, others + 1, Duration::from_secs(120))?;
    let (send, seen) = mpsc::channel();
    for (n, peer) in rest.iter().enumerate() {
        let mut client = peer.client()?;
        until(Duration::from_secs(120), || {
            Ok(client.get(&format!("/spaces/{space}"))?["members"] == json!(others + 1))
        })?;
        watch(peer, n, send.clone())?;
    }
    let mut client = first.client()?;
    let mut figures = Vec::with_capacity(rounds);
    for round in 0..rounds + 3 {
        let sent = client.post(&format!("/spaces/{space}/messages"), &json!({ "text": format!("message {round}") }))?;
        let durable = Instant::now();
        let id = text(&sent, "id")?;
        let mut last = durable;
        let mut waiting = others;
        while waiting > 0 {
            let (_, seen_id, at) = seen.recv_timeout(Duration::from_secs(30)).map_err(|_| "a message was not seen")?;
            if seen_id == id {
                waiting -= 1;
                last = last.max(at);
            }
        }
        // The first ones warm caches and connections.
        if round >= 3 {
            figures.push(last.duration_since(durable).as_secs_f64() * 1e3);
        }
        std::thread::sleep(pause);
    }
    figures.sort_by(f64::total_cmp);
    Ok(figures)
}

pub(crate) fn latency(dir: &Path, report: &mut Report) -> Result<(), Failure> {
    let two = latencies(&dir.join("two"), 1, 500, Duration::from_millis(5))?;
    report.row("message durable here until seen by 1 other, p50", percentile(&two, 50.0), "ms", "2 ms");
    report.row("the same, p99", percentile(&two, 99.0), "ms", "10 ms");
    let ten = latencies(&dir.join("ten"), 9, 200, Duration::from_millis(20))?;
    report.row("message until all of 10 have it, p99", percentile(&ten, 99.0), "ms", "20 ms");
    Ok(())
}

pub(crate) fn crowd(dir: &Path, report: &mut Report) -> Result<(), Failure> {
    let many = latencies(dir, 199, 30, Duration::from_millis(200))?;
    report.row("message until all of 200 peers on this machine have it, p50", percentile(&many, 50.0), "ms", "");
    report.row("the same, p99", percentile(&many, 99.0), "ms", "1,000 ms");
    Ok(())
}

pub(crate) fn throughput(dir: &Path, report: &mut Report) -> Result<(), Failure> {
    const MESSAGES: usize = 10_000;
    let (first, second) = (Peer::start(dir, "first")?, Peer::start(dir, "second")?);
    let space = first.create("Throughput")?;
    second.join(&first.invite(&space, 1)?)?;
    all_joined(&first, &space, 2, Duration::from_secs(30))?;
    let mut client = first.client()?;
    let path = format!("/spaces/{space}/messages");
    let started = Instant::now();
    for n in 0..MESSAGES {
        client.post(&path, &json!({ "text": format!("message {n}") }))?;
    }
    let sent = started.elapsed();
    let mut client = second.client()?;
    until(Duration::from_secs(120), || Ok(client.get(&format!("/spaces/{space}"))?["unread"] == json!(MESSAGES)))?;
    let until_all = started.elapsed();
    report.row("10,000 messages one after another, each durable", sent.as_secs_f64(), "s", "");
    report.row("the same, until a peer has all", until_all.as_secs_f64(), "s", "3 s");
    if until_all > Duration::from_secs(3) {
        report.note(format!(
            "10,000 messages: each is a request of its own that is answered once the message is on disk, and the next one is \
             sent then. One such turn takes {:.2} ms, while the other peer takes in what was sent on the same two cores.",
            sent.as_secs_f64() * 1e3 / MESSAGES as f64
        ));
    }
    Ok(())
}

pub(crate) fn newcomer(dir: &Path, report: &mut Report) -> Result<(), Failure> {
    const MESSAGES: usize = 100_000;
    const WRITERS: usize = 16;
    let first = Peer::start(dir, "first")?;
    let space = first.create("Long history")?;
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (first, space) = (&first, &space);
                scope.spawn(move || -> Result<(), Failure> {
                    let mut client = first.client()?;
                    for n in 0..MESSAGES / WRITERS {
                        let text = format!("{writer}/{n}: the quick brown fox jumps over the lazy dog");
                        client.post(&format!("/spaces/{space}/messages"), &json!({ "text": text }))?;
                    }
                    Ok(())
                })
            })
            .collect();
        writers.into_iter().try_for_each(|writer| writer.join().map_err(|_| "a writer panicked")?)
    })?;
    let second = Peer::start(dir, "second")?;
    let invite = first.invite(&space, 1)?;
    let started = Instant::now();
    second.join(&invite)?;
    let mut client = second.client()?;
    until(Duration::from_secs(120), || Ok(client.get(&format!("/spaces/{space}"))?["unread"] == json!(MESSAGES)))?;
    report.row("a newcomer takes over 100,000 messages", started.elapsed().as_secs_f64(), "s", "3 s");
    report.row("memory of the newcomer afterwards", second.memory()? as f64 / 1e6, "MB", "");
    Ok(())
}

pub(crate) fn idle(dir: &Path, report: &mut Report) -> Result<(), Failure> {
    let other = Peer::start(dir, "other")?;
    let space = other.create("Idle")?;
    let peer = Peer::start(dir, "idle")?;
    peer.join(&other.invite(&space, 1)?)?;
    let mut starts = Vec::new();
    let mut home = peer.home.clone();
    drop(peer);
    for _ in 0..7 {
        let peer = Peer::again(home)?;
        starts.push(peer.ready_in.as_secs_f64() * 1e3);
        home = peer.home.clone();
    }
    starts.sort_by(f64::total_cmp);
    report.row("start to ready, median of 7", percentile(&starts, 50.0), "ms", "300 ms");
    let peer = Peer::again(home)?;
    std::thread::sleep(Duration::from_secs(10));
    let (before, at) = (peer.cpu()?, Instant::now());
    std::thread::sleep(Duration::from_secs(30));
    let used = (peer.cpu()?.saturating_sub(before)).as_secs_f64() / at.elapsed().as_secs_f64() * 100.0;
    report.row("memory idle in one space", peer.memory()? as f64 / 1e6, "MB", "50 MB");
    report.row("processor idle in one space", used, "% of a core", "0.3 %");
    Ok(())
}
