//! Broken streams, dropped tasks and damaged part files: what was verified is kept, and nothing else counts.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use compeer_blobs::wire::{Request, decode_request};
use compeer_blobs::{Anyone, BlobInfo, BlobStore, Control, Download, FetchError, fetch, serve};
use proptest::prelude::*;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::support::{Cut, Home, LIMIT, MIB, Spy, Trip, content, parts, want};

/// Fetches over streams that break after the given numbers of bytes, then over one that does not. Each attempt must ask
/// for exactly what is missing.
async fn survive(size: usize, cuts: Vec<usize>, reopen: bool) {
    let (a, mut b) = (Home::new().await, Home::new().await);
    let bytes = content(size, 1);
    let info = a.share("source", &bytes).await;
    let wanted = want(info, b.path("t"));
    let mut before = u32::MAX;
    for left in cuts.into_iter().chain([usize::MAX]) {
        let download = Download::open(&b.store, &wanted, Control::default()).await.expect("opens");
        let missing = download.missing();
        assert!(missing.len() <= before, "what was verified is kept");
        before = missing.len();
        if missing.is_empty() {
            break;
        }
        let ((recv, send), served) = a.provide();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (recv, send) = (Cut { inner: recv, left }, Spy { inner: send, seen: Arc::clone(&seen) });
        let done = download.pull(&missing, recv, send).await;
        assert!(matches!(done, Ok(()) | Err(FetchError::Stream(_))), "{done:?}");
        let asked = decode_request(&seen.lock().expect("no panic")[4..]).expect("a request");
        assert!(matches!(asked, Request::Pieces { wanted, .. } if wanted == missing));
        assert!(!b.path("t").exists());
        drop(download);
        // Its stream is gone; it must notice.
        let _ = timeout(LIMIT, served).await.expect("the provider ends");
        if reopen {
            let Home { dir, store } = b;
            drop(store);
            let store = BlobStore::open(dir.path().join("store")).await.expect("opens");
            b = Home { dir, store };
        }
    }
    let ((recv, send), _) = a.provide();
    fetch(&b.store, &wanted, recv, send, Control::default()).await.expect("fetches");
    assert_eq!(fs::read(b.path("t")).expect("reads"), bytes);
    assert!(parts(b.dir.path()).is_empty());
    assert!(b.store.partials().await.expect("asks").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_cuts_are_survived(
        size in 0..6 * MIB,
        cuts in prop::collection::vec(0..5 * MIB, 0..4),
        reopen: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(survive(size, cuts, reopen));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_dropped_at_any_moment_lose_nothing_that_was_verified() {
    let (a, b) = (Home::new().await, Home::new().await);
    let bytes = content(24 * MIB, 2);
    let info = a.share("source", &bytes).await;
    let wanted = want(info, b.path("t"));
    for stop_at in [0, 1, 3, 7, 12, 20] {
        let control = Control::default();
        let mut progress = control.progress.subscribe();
        let ((recv, send), _) = a.provide();
        let (store, want) = (b.store.clone(), wanted.clone());
        let task = tokio::spawn(async move { fetch(&store, &want, recv, send, control).await });
        let reached = progress.wait_for(|progress| progress.size > 0 && progress.done >= stop_at * MIB as u64).await;
        let verified = reached.map(|progress| progress.done).unwrap_or_default();
        task.abort();
        let _ = task.await;
        let download = Download::open(&b.store, &wanted, Control::default()).await.expect("opens");
        let here = info.size - u64::from(download.missing().len()) * MIB as u64;
        assert!(here >= verified, "{here} of {verified} verified bytes are still here");
    }
    let download = Download::open(&b.store, &wanted, Control::default()).await.expect("opens");
    let ((recv, send), served) = a.provide();
    let missing = download.missing();
    assert!(missing.len() <= 4);
    download.pull(&missing, recv, send).await.expect("pulls");
    download.finish().await.expect("finishes");
    if !missing.is_empty() {
        assert_eq!(served.await.expect("no panic").expect("serves").pieces, u64::from(missing.len()));
    }
    assert_eq!(fs::read(b.path("t")).expect("reads"), bytes);
    // Nobody wrote after the stamp was taken.
    assert!(b.store.has(info.hash).await.expect("asks"));
}

/// The part of the next test that dies: fetches in a process of its own.
#[tokio::test]
#[ignore = "run by the test below, in a process of its own"]
async fn victim() {
    let Some(home) = std::env::var_os("VICTIM_HOME").map(PathBuf::from) else { return };
    let told = |name: &str| std::env::var(name).expect("told by the test below");
    let info = BlobInfo {
        hash: told("VICTIM_HASH").parse().expect("a hash"),
        size: told("VICTIM_SIZE").parse().expect("a size"),
    };
    let store = BlobStore::open(home.join("store")).await.expect("opens");
    let (recv, send) = TcpStream::connect(told("VICTIM_FROM")).await.expect("connects").into_split();
    let _ = fetch(&store, &want(info, home.join("t")), recv, send, Control::default()).await;
}

#[tokio::test]
async fn a_killed_process_goes_on_where_it_was() {
    let (a, b) = (Home::new().await, tempfile::tempdir().expect("a folder"));
    let bytes = content(20 * MIB, 7);
    let info = a.share("source", &bytes).await;
    fs::write(b.path().join("t"), b"old").expect("writes");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let mut served = 0;
    for left in [1, 2 * MIB, 5 * MIB + 1000, 9 * MIB] {
        let mut child = Command::new(std::env::current_exe().expect("is a test"))
            .args(["--exact", "crash::victim", "--ignored"])
            .env("VICTIM_HOME", b.path())
            .env("VICTIM_HASH", info.hash.to_string())
            .env("VICTIM_SIZE", info.size.to_string())
            .env("VICTIM_FROM", listener.local_addr().expect("bound").to_string())
            .stdout(Stdio::null())
            .spawn()
            .expect("starts");
        let (stream, _) = timeout(LIMIT, listener.accept()).await.expect("in time").expect("accepts");
        let (recv, send) = stream.into_split();
        let (bell, rung) = oneshot::channel();
        let (send, store) = (Trip { inner: send, left, bell: Some(bell) }, a.store.clone());
        let provider = tokio::spawn(async move { serve(&store, Arc::new(Anyone), recv, send).await });
        timeout(LIMIT, rung).await.expect("in time").expect("rings");
        child.kill().expect("kills");
        child.wait().expect("is dead");
        served += timeout(LIMIT, provider).await.expect("ends").expect("no panic").map_or(0, |served| served.pieces);
        assert_eq!(fs::read(b.path().join("t")).expect("reads"), b"old");
    }
    let store = BlobStore::open(b.path().join("store")).await.expect("opens");
    let wanted = want(info, b.path().join("t"));
    assert_eq!(store.partials().await.expect("asks"), [(b.path().join("t"), info)]);
    let ((recv, send), last) = a.provide();
    fetch(&store, &wanted, recv, send, Control::default()).await.expect("fetches");
    assert_eq!(fs::read(b.path().join("t")).expect("reads"), bytes);
    assert!(parts(b.path()).is_empty());
    let last = last.await.expect("no panic").expect("serves").pieces;
    assert!(last < 20, "{last} pieces after {served} before");
}

#[tokio::test]
async fn damage_to_the_part_file_is_found_and_fetched_again() {
    let (a, b) = (Home::new().await, Home::new().await);
    let bytes = content(8 * MIB, 3);
    let info = a.share("source", &bytes).await;
    let wanted = want(info, b.path("t"));
    let download = Download::open(&b.store, &wanted, Control::default()).await.expect("opens");
    let ((recv, send), _) = a.provide();
    download.pull(&download.missing(), recv, send).await.expect("pulls");
    drop(download);
    // As after a power cut: one piece was not written, the end of the file is gone.
    let part = parts(b.dir.path()).pop().expect("a part file");
    let mut damaged = fs::read(&part).expect("reads");
    damaged[2 * MIB..3 * MIB].fill(0);
    damaged.truncate(6 * MIB + 10);
    fs::write(&part, damaged).expect("writes");
    let download = Download::open(&b.store, &wanted, Control::default()).await.expect("opens");
    assert_eq!(download.missing().iter().collect::<Vec<_>>(), [2, 6, 7]);
    let ((recv, send), _) = a.provide();
    download.pull(&download.missing(), recv, send).await.expect("pulls");
    download.finish().await.expect("finishes");
    assert_eq!(fs::read(b.path("t")).expect("reads"), bytes);
}

#[tokio::test]
async fn a_part_of_another_blob_does_not_get_in() {
    let (a, b) = (Home::new().await, Home::new().await);
    let (old, new) = (content(5 * MIB, 4), content(3 * MIB + 7, 5));
    let (old_info, new_info) = (a.share("old", &old).await, a.share("new", &new).await);
    let download = Download::open(&b.store, &want(old_info, b.path("t")), Control::default()).await.expect("opens");
    let ((recv, send), _) = a.provide();
    download.pull(&download.missing(), recv, send).await.expect("pulls");
    drop(download);
    let ((recv, send), _) = a.provide();
    fetch(&b.store, &want(new_info, b.path("t")), recv, send, Control::default()).await.expect("fetches");
    assert_eq!(fs::read(b.path("t")).expect("reads"), new);
    assert!(b.store.partials().await.expect("asks").is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_in_place_of_the_part_file_is_not_followed() {
    let (a, b) = (Home::new().await, Home::new().await);
    let info = a.share("source", &content(100, 6)).await;
    fs::write(b.path("precious"), b"precious").expect("writes");
    std::os::unix::fs::symlink(b.path("precious"), b.path(".t.compeer-part")).expect("links");
    let ((recv, send), _) = a.provide();
    let done = fetch(&b.store, &want(info, b.path("t")), recv, send, Control::default()).await;
    assert!(matches!(done, Err(FetchError::File { .. })), "{done:?}");
    assert_eq!(fs::read(b.path("precious")).expect("reads"), b"precious");
}
