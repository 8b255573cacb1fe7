//! Figures of messages: latency, throughput, taking over, many peers.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::Failure;
use crate::peer::{Peer, text, until};
use crate::report::{Report, percentile};

/// How long the steps of the crowd may take: until each knows all, then until it is quiet, and then all its messages. With
/// all of them it ends within nine minutes.
const UNTIL_KNOWN: Duration = Duration::from_secs(240);
const UNTIL_QUIET: Duration = Duration::from_secs(120);
const ALL_MESSAGES: Duration = Duration::from_secs(120);

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

/// A space of `others` peers and the first one, and its name.
fn group(dir: &Path, others: usize) -> Result<(Peer, Vec<Peer>, String), Failure> {
    let first = Peer::start(dir, "first")?;
    let space = first.create("Latency")?;
    let invite = first.invite(&space, others)?;
    let rest = (0..others).map(|n| Peer::start(dir, &format!("peer{n}"))).collect::<Result<Vec<_>, _>>()?;
    for peer in &rest {
        peer.join(&invite)?;
    }
    Ok((first, rest, space))
}

/// From the moment a message is durable at the first until it shows in the events of all others; milliseconds, sorted.
/// Fewer than `rounds` when they take very long.
fn latencies(first: &Peer, rest: &[Peer], space: &str, rounds: usize, pause: Duration) -> Result<Vec<f64>, Failure> {
    let others = rest.len();
    let (send, seen) = mpsc::channel();
    for (n, peer) in rest.iter().enumerate() {
        all_joined(peer, space, others + 1, Duration::from_secs(300))?;
        watch(peer, n, send.clone())?;
    }
    let mut client = first.client()?;
    let mut figures = Vec::with_capacity(rounds);
    let started = Instant::now();
    for round in 0..rounds + 3 {
        if started.elapsed() > ALL_MESSAGES && !figures.is_empty() {
            break;
        }
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
    let (first, rest, space) = group(&dir.join("two"), 1)?;
    let two = latencies(&first, &rest, &space, 500, Duration::from_millis(5))?;
    report.row("message durable here until seen by 1 other, p50", percentile(&two, 50.0), "ms", "2 ms");
    report.row("the same, p99", percentile(&two, 99.0), "ms", "10 ms");
    let (first, rest, space) = group(&dir.join("ten"), 9)?;
    let ten = latencies(&first, &rest, &space, 200, Duration::from_millis(20))?;
    report.row("message until all of 10 have it, p99", percentile(&ten, 99.0), "ms", "20 ms");
    Ok(())
}

/// `COMPEER_PEERS` asks for more or fewer than 200.
pub(crate) fn crowd(dir: &Path, report: &mut Report) -> Result<(), Failure> {
    let peers: usize = std::env::var("COMPEER_PEERS").map_or(Ok(200), |peers| peers.parse())?;
    let others = peers - 1;
    let first = Peer::start(dir, "first")?;
    let space = first.create("Crowd")?;
    let invite = first.invite(&space, others)?;
    // Everybody joins and goes again, as people do who are invited on many days. Two hundred that are all online would
    // take in each of two hundred joins on the two cores that they share here.
    let mut homes = Vec::with_capacity(others);
    for n in 0..others {
        let peer = Peer::start(dir, &format!("peer{n}"))?;
        peer.join(&invite)?;
        all_joined(&first, &space, n + 2, Duration::from_secs(60))?;
        homes.push(peer.home.clone());
    }
    let started = Instant::now();
    let rest = homes.into_iter().map(Peer::again).collect::<Result<Vec<_>, _>>()?;
    for peer in &rest {
        all_joined(peer, &space, peers, UNTIL_KNOWN.saturating_sub(started.elapsed()))?;
    }
    let row = format!("{peers} peers start on this machine until each knows all");
    report.row(&row, started.elapsed().as_secs_f64(), "s", "");
    let quiet = quiet_down(&rest)?;
    report.row("the same, until they are quiet", started.elapsed().as_secs_f64(), "s", "");
    report.row("the same, processor time of all", cpu(&rest)?.as_secs_f64(), "s", "");
    if !quiet {
        report.note(format!(
            "crowd: the {peers} peers were not quiet after {} seconds; the figures below are those of busy ones.",
            UNTIL_QUIET.as_secs()
        ));
    }
    let many = latencies(&first, &rest, &space, 100, Duration::from_millis(200))?;
    let row = format!("message until all of {peers} peers on this machine have it, p50");
    report.row(&row, percentile(&many, 50.0), "ms", "");
    report.row("the same, p99", percentile(&many, 99.0), "ms", "1,000 ms");
    Ok(())
}

/// Processor time that all of them have used.
fn cpu(peers: &[Peer]) -> Result<Duration, Failure> {
    peers.iter().map(Peer::cpu).sum()
}

/// Waits until `peers` together need less than half a core for five seconds, but no longer than [`UNTIL_QUIET`].
fn quiet_down(peers: &[Peer]) -> Result<bool, Failure> {
    let span = Duration::from_secs(5);
    let started = Instant::now();
    while started.elapsed() < UNTIL_QUIET {
        let before = cpu(peers)?;
        std::thread::sleep(span);
        if cpu(peers)?.saturating_sub(before) < span / 2 {
            return Ok(true);
        }
    }
    Ok(false)
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
    let first = Peer::start(dir, "first")?;
    let space = first.create("Long history")?;
    let texts: Vec<_> = (0..MESSAGES).map(|n| format!("{n}: the quick brown fox jumps over the lazy dog")).collect();
    let last = first.write(&space, &texts)?;
    let second = Peer::start(dir, "second")?;
    let invite = first.invite(&space, 1)?;
    let started = Instant::now();
    second.join(&invite)?;
    let mut client = second.client()?;
    until(Duration::from_secs(120), || Ok(client.get(&format!("/spaces/{space}"))?["last"] == last))?;
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
