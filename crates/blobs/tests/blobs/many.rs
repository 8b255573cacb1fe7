//! Many small blobs on one stream.

use std::fs;

use compeer_blobs::{BlobInfo, Control, FetchError, Target, Want, fetch_many};

use crate::support::{Home, MIB, content, info_of, parts, want, want_beside};

/// Files of many small sizes, shared together.
async fn share_many(home: &Home, count: usize) -> Vec<(BlobInfo, Vec<u8>)> {
    let mut paths = Vec::with_capacity(count);
    let mut all = Vec::with_capacity(count);
    for number in 0..count {
        let bytes = content(number * 7919 % 9000, number as u64);
        let path = home.path(&format!("source {number}"));
        fs::write(&path, &bytes).expect("writes");
        paths.push(path);
        all.push((info_of(&bytes), bytes));
    }
    for done in home.store.add_files(paths).await.expect("records") {
        done.expect("adds");
    }
    all
}

#[tokio::test]
async fn thousands_arrive_on_one_stream() {
    let (a, b) = (Home::new().await, Home::new().await);
    let mut all = share_many(&a, 5000).await;
    let large = content(MIB, 1);
    all.insert(2500, (a.share("large", &large).await, large));
    fs::create_dir_all(b.path("sub/folder")).expect("makes");
    let name =
        |number: usize| if number.is_multiple_of(3) { format!("sub/folder/{number}") } else { format!("{number}") };
    let wants: Vec<_> = all.iter().enumerate().map(|(at, (info, _))| want(*info, b.path(&name(at)))).collect();

    let ((recv, send), served) = a.provide();
    let control = Control::default();
    let progress = control.progress.subscribe();
    let done = fetch_many(&b.store, &wants, recv, send, control).await.expect("fetches");
    assert_eq!(done.len(), all.len());
    for (number, (done, (info, bytes))) in done.iter().zip(&all).enumerate() {
        let fetched = done.as_ref().expect("fetched");
        assert_eq!((&fetched.info, &fetched.path), (info, &b.path(&name(number))));
        assert_eq!(fs::read(&fetched.path).expect("reads"), *bytes);
    }
    let hashes = all.iter().map(|(info, _)| info.hash).collect();
    assert!(b.store.has_many(hashes).await.expect("asks").into_iter().all(|here| here));
    let served = served.await.expect("no panic").expect("serves");
    assert_eq!(served.blobs, 5001);
    assert_eq!(served.bytes, progress.borrow().done);
    assert_eq!(progress.borrow().size, progress.borrow().done);
    assert!(parts(b.dir.path()).is_empty() && b.store.partials().await.expect("asks").is_empty());
}

#[tokio::test]
async fn what_fails_fails_alone_and_leaves_nothing() {
    let (a, b) = (Home::new().await, Home::new().await);
    let secret = a.share("secret", b"secret").await;
    let gone = a.share("gone", b"gone").await;
    let changed = a.share("changed", b"changed").await;
    let fine = a.share("fine", b"fine").await;
    let big = a.share("big", &content(MIB + 1, 1)).await;
    fs::remove_file(a.path("gone")).expect("removes");
    fs::write(a.path("changed"), b"CHANGED").expect("writes");
    let wants = [
        want(secret, b.path("secret")),
        want(gone, b.path("gone")),
        want(fine, b.path("fine")),
        want(changed, b.path("changed")),
        want(big, b.path("big")),
        want(fine, b.path("no/such/folder")),
        want(fine, b.path("fine")),
        want(info_of(b"nobody's"), b.path("nobody's")),
        Want { info: fine, target: Target::Owned },
    ];
    let ((recv, send), _) = a.provide_if(move |hash| *hash != secret.hash);
    let done = fetch_many(&b.store, &wants, recv, send, Control::default()).await.expect("fetches");
    assert!(matches!(&done[0], Err(FetchError::NotServed)));
    assert!(matches!(&done[1], Err(FetchError::NotServed)));
    assert!(matches!(&done[2], Ok(fetched) if fetched.path == b.path("fine")));
    assert!(matches!(&done[3], Err(FetchError::NotServed)));
    assert!(matches!(&done[4], Err(FetchError::TooLarge { .. })));
    assert!(matches!(&done[5], Err(FetchError::File { .. })), "{:?}", done[5]);
    assert!(matches!(&done[6], Err(FetchError::Busy { .. })));
    assert!(matches!(&done[7], Err(FetchError::NotServed)));
    assert!(matches!(&done[8], Ok(fetched) if fs::read(&fetched.path).expect("reads") == b"fine"));
    assert_eq!(fs::read(b.path("fine")).expect("reads"), b"fine");
    assert!(parts(b.dir.path()).is_empty() && b.store.partials().await.expect("asks").is_empty());
    assert!(!b.path("secret").exists() && !b.path("nobody's").exists());
}

#[tokio::test]
async fn both_are_kept_where_asked() {
    let (a, b) = (Home::new().await, Home::new().await);
    let (one, two) = (a.share("1", b"one").await, a.share("2", b"two").await);
    fs::write(b.path("1.txt"), b"mine").expect("writes");
    fs::write(b.path("2.txt"), b"two").expect("writes");
    let wants = [want_beside(one, b.path("1.txt")), want_beside(two, b.path("2.txt"))];
    let ((recv, send), _) = a.provide();
    let done = fetch_many(&b.store, &wants, recv, send, Control::default()).await.expect("fetches");
    let paths: Vec<_> = done.into_iter().map(|done| done.expect("fetched").path).collect();
    assert_eq!(paths, [b.path("1 (2).txt"), b.path("2.txt")]);
    assert_eq!(fs::read(b.path("1.txt")).expect("reads"), b"mine");
    assert_eq!(fs::read(b.path("1 (2).txt")).expect("reads"), b"one");
    assert!(parts(b.dir.path()).is_empty());
}

#[tokio::test]
async fn a_stopped_fetch_can_be_taken_up() {
    let (a, b) = (Home::new().await, Home::new().await);
    let all = share_many(&a, 3000).await;
    let wants: Vec<_> = (0..).zip(&all).map(|(at, (info, _))| want(*info, b.path(&format!("{at}")))).collect();
    let control = Control::default();
    let mut progress = control.progress.subscribe();
    let stop = control.stop.clone();
    let ((recv, send), _) = a.provide();
    let (done, ()) = tokio::join!(fetch_many(&b.store, &wants, recv, send, control), async {
        progress.wait_for(|progress| progress.done > 0).await.expect("makes progress");
        stop.cancel();
    });
    assert!(matches!(done, Err(FetchError::Stopped)), "{:?}", done.map(|done| done.len()));
    for want in &wants {
        // Waits for writers that are winding down.
        compeer_blobs::fetch::discard(&b.store, want).await.expect("discards");
    }
    assert!(parts(b.dir.path()).is_empty() && b.store.partials().await.expect("asks").is_empty());
    let ((recv, send), _) = a.provide();
    let done = fetch_many(&b.store, &wants, recv, send, Control::default()).await.expect("fetches");
    assert!(done.iter().all(Result::is_ok));
    for (number, (_, bytes)) in all.iter().enumerate() {
        assert_eq!(fs::read(b.path(&format!("{number}"))).expect("reads"), *bytes);
    }
}

#[tokio::test]
async fn nothing_wanted_asks_nobody() {
    let b = Home::new().await;
    let done = fetch_many(&b.store, &[], tokio::io::empty(), tokio::io::sink(), Control::default()).await;
    assert!(done.expect("nothing to do").is_empty());
}
