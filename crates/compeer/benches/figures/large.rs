//! Figures of a large space: 100,000 messages, 2,000 issues, 200 pages and a board of 5,000 elements; taken over by a newcomer, and
//! opened cold in a browser.

use std::path::Path;
use std::time::{Duration, Instant};

use compeer_testkit::random::Random;
use serde_json::{Value, json};

use crate::browser;
use crate::http::{Client, Failure};
use crate::peer::{Peer, text, until};
use crate::report::{Report, percentile};
use crate::texts::{self, vocabulary};

const MESSAGES: usize = 100_000;
const ISSUES: usize = 2_000;
const PAGES: usize = 200;
const ELEMENTS: usize = 5_000;
/// Things that are said or moved one by one, to see what one costs.
const ONE_BY_ONE: usize = 100;

/// One shape of a board, `moved` to the right.
fn shape(n: usize, moved: usize) -> Value {
    let kind = ["rectangle", "ellipse", "diamond"][n % 3];
    json!({
        "id": format!("e{n}"), "type": kind, "seed": n + 1,
        "x": n % 100 * 14 + moved, "y": n / 100 * 15, "width": 11, "height": 11, "index": format!("b{n:05}1"),
        "backgroundColor": if n.is_multiple_of(2) { "transparent" } else { "#a5d8ff" },
    })
}

/// Fills a space. What is said last in it, and its board's path.
fn fill(peer: &Peer, space: &str) -> Result<(Value, String), Failure> {
    let mut random = Random::new(20_261_127);
    let vocabulary = vocabulary(&mut random);
    let mut sentence = || texts::text(&vocabulary, &mut random);
    let last = peer.write(space, &(0..MESSAGES).map(|_| sentence()).collect::<Vec<_>>())?;
    let mut client = peer.client()?;
    let mut table = String::from("Title,Status,Description\n");
    for n in 0..ISSUES {
        let status = ["Todo", "In Progress", "Done"][n % 3];
        table.push_str(&format!("{n} {},{status},{}\n", sentence(), sentence()));
    }
    client.post(&format!("/spaces/{space}/issues/import"), &json!({ "table": table }))?;
    for n in 0..PAGES {
        let paragraphs: Vec<_> = (0..20).map(|_| sentence()).collect();
        let page = json!({ "title": format!("Page {n}"), "markdown": paragraphs.join("\n\n") });
        client.post(&format!("/spaces/{space}/pages"), &page)?;
    }
    let boards = format!("/spaces/{space}/boards");
    let board = format!("{boards}/{}", text(&client.post(&boards, &json!({ "title": "Large" }))?, "id")?);
    for first in (0..ELEMENTS).step_by(1000) {
        let elements: Vec<_> = (first..first + 1000).map(|n| shape(n, 0)).collect();
        client.post(&format!("{board}/elements"), &json!({ "elements": elements }))?;
    }
    Ok((last, board))
}

/// Whether a peer has all of it.
fn is_whole(client: &mut Client, space: &str, last: &Value, board: &str) -> Result<bool, Failure> {
    Ok(client.get(&format!("/spaces/{space}"))?["last"] == *last
        && client.get(&format!("/spaces/{space}/issues?limit=1"))?["total"] == json!(ISSUES)
        && client.get(&format!("/spaces/{space}/pages"))?.as_array().map(Vec::len) == Some(PAGES)
        && client.get(board).is_ok_and(|board| board["elements"] == json!(ELEMENTS)))
}

/// Bytes that `step` costs, done `ONE_BY_ONE` times with a pause so that none travels with another: all that this peer sends
/// meanwhile, without what it sends when nothing happens.
fn bytes_each(peer: &Peer, mut step: impl FnMut(&mut Client, usize) -> Result<(), Failure>) -> Result<f64, Failure> {
    const PAUSE: Duration = Duration::from_millis(100);
    let sent = |client: &mut Client| -> Result<f64, Failure> {
        let status = client.get("/status")?;
        let peers = status["peers"].as_array().ok_or("no peers")?;
        Ok(peers.iter().filter_map(|peer| peer["sent_bytes"].as_f64()).sum())
    };
    let mut client = peer.client()?;
    let before = sent(&mut client)?;
    for _ in 0..ONE_BY_ONE {
        std::thread::sleep(PAUSE);
    }
    let quiet = sent(&mut client)? - before;
    let before = sent(&mut client)?;
    for n in 0..ONE_BY_ONE {
        step(&mut client, n)?;
        std::thread::sleep(PAUSE);
    }
    Ok((sent(&mut client)? - before - quiet) / ONE_BY_ONE as f64)
}

/// Spaces of that size at one peer.
const SPACES: usize = 20;

/// What a peer takes that is in many such spaces and has nothing to do. It fills them itself: what it holds is the same.
pub(crate) fn many(dir: &Path, report: &mut Report) -> Result<(), Failure> {
    let peer = Peer::start(dir, "many")?;
    for n in 0..SPACES {
        let space = peer.create(&format!("Large {n}"))?;
        fill(&peer, &space)?;
    }
    let mut client = peer.client()?;
    until(Duration::from_secs(300), || Ok(client.get("/search?q=x")?["complete"] == true))?;
    let home = peer.home.clone();
    drop((client, peer));
    let peer = Peer::again(home)?;
    browser::open(&peer)?;
    std::thread::sleep(Duration::from_secs(30));
    report.row(&format!("memory of a peer in {SPACES} such spaces, idle"), peer.memory()? as f64 / 1e6, "MB", "120 MB");
    Ok(())
}

/// The large space as a folder, and a space made of that at somebody else's.
pub(crate) fn carried(dir: &Path, report: &mut Report) -> Result<(), Failure> {
    let peer = Peer::start(dir, "from")?;
    let space = peer.create("Large")?;
    fill(&peer, &space)?;
    let folder = dir.join("exported");
    let path = folder.to_str().ok_or("a path that is no text")?;
    let started = Instant::now();
    peer.command(&["export", "Large", path])?;
    report.row("export the large space as a folder", started.elapsed().as_secs_f64(), "s", "");
    drop(peer);
    let other = Peer::start(dir, "to")?;
    let started = Instant::now();
    other.command(&["import", path])?;
    report.row("import it at another peer", started.elapsed().as_secs_f64(), "s", "");
    Ok(())
}

pub(crate) fn run(dir: &Path, report: &mut Report) -> Result<(), Failure> {
    let first = Peer::start(dir, "first")?;
    let space = first.create("Large")?;
    let (last, board) = fill(&first, &space)?;

    let second = Peer::start(dir, "second")?;
    let invite = first.invite(&space, 1)?;
    let started = Instant::now();
    second.join(&invite)?;
    let mut client = second.client()?;
    until(Duration::from_secs(120), || is_whole(&mut client, &space, &last, &board))?;
    report.row("a newcomer takes over the large space", started.elapsed().as_secs_f64(), "s", "5 s");

    let message = bytes_each(&first, |client, n| {
        client
            .post(&format!("/spaces/{space}/messages"), &json!({ "text": format!("message {n}, as long as most") }))?;
        Ok(())
    })?;
    report.row("bytes for one message, to one other", message, "B", "600 B");
    let moved = bytes_each(&first, |client, n| {
        client.post(&format!("{board}/elements"), &json!({ "elements": [shape(n, 7)] }))?;
        Ok(())
    })?;
    report.row("bytes for one moved element, to one other", moved, "B", "600 B");
    // The peer has closed the connection that nothing was asked on meanwhile.
    let mut client = second.client()?;
    until(Duration::from_secs(120), || Ok(client.get("/search?q=x")?["complete"] == true))?;

    let home = second.home.clone();
    drop((client, second));
    let mut opened = Vec::new();
    for _ in 0..5 {
        let second = Peer::again(home.clone())?;
        opened.push(browser::open(&second)?);
    }
    opened.sort_by(f64::total_cmp);
    report.row("open the large space in a browser, cold, median of 5", percentile(&opened, 50.0), "ms", "1000 ms");
    let second = Peer::again(home)?;
    browser::open(&second)?;
    std::thread::sleep(Duration::from_secs(10));
    report.row("memory of that peer, idle again", second.memory()? as f64 / 1e6, "MB", "");
    Ok(())
}
