//! Figures of search: an answer for each key, next to a scan of the same texts.

use std::path::Path;
use std::time::{Duration, Instant};

use compeer_testkit::random::Random;
use rusqlite::Connection;

use crate::http::Failure;
use crate::peer::{Peer, until};
use crate::report::{Report, percentile};
use crate::texts::{text, vocabulary, word};

const MESSAGES: usize = 100_000;
const QUERIES: usize = 200;
pub(crate) fn run(dir: &Path, report: &mut Report) -> Result<(), Failure> {
    let mut random = Random::new(20_261_127);
    let vocabulary = vocabulary(&mut random);
    let texts: Vec<String> = (0..MESSAGES).map(|_| text(&vocabulary, &mut random)).collect();
    let peer = Peer::start(dir, "search")?;
    let space = peer.create("Search")?;
    peer.write(&space, &texts)?;
    let mut client = peer.client()?;
    let rest = until(Duration::from_secs(120), || Ok(client.get("/search?q=x")?["complete"] == true))?;
    report.row("100,000 messages: until all are indexed, after the last", rest.as_secs_f64(), "s", "");

    // What a rival without an index would do with each key.
    let scan = Connection::open(dir.join("scan.sqlite"))?;
    scan.execute_batch("CREATE TABLE message (id INTEGER PRIMARY KEY, text TEXT NOT NULL); BEGIN")?;
    for text in &texts {
        scan.prepare_cached("INSERT INTO message (text) VALUES (?1)")?.execute([text])?;
    }
    scan.execute_batch("COMMIT")?;

    let (mut ours, mut scanned, mut partial) = (Vec::new(), Vec::new(), 0);
    for _ in 0..QUERIES {
        let words: Vec<&str> = (0..random.within(1..4)).map(|_| word(&vocabulary, &mut random)).collect();
        let query = words.join(" ");
        for end in 1..=query.len() {
            let typed = &query[..end];
            let started = Instant::now();
            let answer = client.get(&format!("/search?q={}", typed.replace(' ', "+")))?;
            ours.push(started.elapsed().as_secs_f64() * 1e3);
            partial += usize::from(answer["complete"] != true);
        }
        let started = Instant::now();
        let like = words.iter().map(|word| format!("text LIKE '%{word}%'")).collect::<Vec<_>>().join(" AND ");
        scan.prepare(&format!("SELECT id FROM message WHERE {like} ORDER BY id DESC LIMIT 20"))?
            .query_map([], |row| row.get::<_, i64>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        scanned.push(started.elapsed().as_secs_f64() * 1e3);
    }
    ours.sort_by(f64::total_cmp);
    scanned.sort_by(f64::total_cmp);
    report.row("search among 100,000 messages, per key, p50", percentile(&ours, 50.0), "ms", "");
    report.row("the same, p99", percentile(&ours, 99.0), "ms", "30 ms");
    report.row("a scan of the same texts (SQLite, LIKE), per query, p50", percentile(&scanned, 50.0), "ms", "");
    report.row("the same, p99", percentile(&scanned, 99.0), "ms", "");
    report.note(format!(
        "search: {} keys of {QUERIES} queries, each typed letter by letter and answered over HTTP; {partial} answers said that not all was looked at in the time there is. The scan is the naive baseline, \
         in this process and without HTTP; it ranks nothing.",
        ours.len()
    ));
    Ok(())
}
