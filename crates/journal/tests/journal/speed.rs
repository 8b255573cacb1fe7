//! Figures, printed: run with `--nocapture`. The limits are far above what any computer should need.

use std::time::{Duration, Instant};

use compeer_core::group::Level;

use crate::common::{Peer, Time};

const MANY: usize = 100_000;

#[tokio::test]
async fn a_hundred_thousand_entries() {
    let time = Time::new();
    let (a, mut b) = (Peer::new(1, &time).await, Peer::new(2, &time).await);
    let topic = a.space().await;
    a.add(topic, &b, Level::Write).await;
    let start = Instant::now();
    for batch in 0..MANY / 1000 {
        let plains = (0..1000).map(|n| format!("entry {batch} {n} with a few more words in it").into_bytes());
        a.journal.append_all(topic, plains.collect()).await.expect("written");
    }
    eprintln!("written in batches of 1000: {:?}", start.elapsed());

    b.journal.adopt(topic).await.expect("adopted");
    let start = Instant::now();
    let mut from = 0;
    loop {
        let run = a.journal.run(&topic, &a.id(), from, 4096, 4 << 20).expect("reads");
        from += run.entries.len() as u64;
        if run.entries.is_empty() {
            break;
        }
        b.take(&a, vec![run]).await;
    }
    let ingested = start.elapsed();
    eprintln!("read, taken in and made readable: {ingested:?}");

    let start = Instant::now();
    let read = b.read(&topic).len();
    eprintln!("read back in pages of 7: {:?}", start.elapsed());
    assert_eq!(read, MANY);

    b.journal.close().await;
    let start = Instant::now();
    b.open_again().await.expect("opens");
    let opened = start.elapsed();
    eprintln!("opened again: {opened:?}");
    assert!(ingested < Duration::from_secs(60) && opened < Duration::from_secs(5));

    // All of it judged again.
    let start = Instant::now();
    b.journal.set_member(topic, b.member(), None, None).await.expect("left");
    eprintln!("a removal: {:?}", start.elapsed());
}

#[tokio::test]
async fn durable_appends_one_after_another() {
    let peer = Peer::new(1, &Time::new()).await;
    let topic = peer.space().await;
    let mut times = Vec::new();
    for n in 0..2000 {
        let start = Instant::now();
        peer.journal.append(topic, format!("entry {n}").into_bytes()).await.expect("written");
        times.push(start.elapsed());
    }
    times.sort_unstable();
    eprintln!("append: p50 {:?}, p99 {:?}, max {:?}", times[1000], times[1980], times[1999]);
    assert!(times[1000] < Duration::from_millis(200));
}
