//! One blob from store to store.

use std::fs;
use std::sync::Arc;

use compeer_blobs::fetch::discard;
use compeer_blobs::piece::PieceSet;
use compeer_blobs::wire::Request;
use compeer_blobs::{Anyone, Control, Download, FetchError, StoreEvent, Target, Want, fetch, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::{Home, LIMIT, MIB, content, info_of, parts, request, want, want_beside};

#[tokio::test]
async fn blobs_of_all_sizes_arrive_whole_and_are_served_on() {
    let (a, b, c) = (Home::new().await, Home::new().await, Home::new().await);
    for size in [0, 1, 1024, MIB - 1, MIB, MIB + 1, 2 * MIB, 7 * MIB + 12_345] {
        let bytes = content(size, 1);
        let info = a.share("source", &bytes).await;
        let ((recv, send), served) = a.provide();
        let control = Control::default();
        let progress = control.progress.subscribe();
        let target = b.path("target");
        let fetched = fetch(&b.store, &want(info, &target), recv, send, control).await.expect("fetches");
        assert_eq!((fetched.info, fetched.path), (info, target.clone()));
        assert_eq!(fs::read(&target).expect("reads"), bytes);
        assert!(parts(b.dir.path()).is_empty());
        assert_eq!(b.store.partials().await.expect("asks"), []);
        assert_eq!((progress.borrow().done, progress.borrow().size), (info.size, info.size));
        if size > 0 {
            assert_eq!(served.await.expect("no panic").expect("serves").bytes, info.size);
        }

        // From the copy to a third, into its own folder.
        let ((recv, send), _) = b.provide();
        let owned = Want { info, target: Target::Owned };
        fetch(&c.store, &owned, recv, send, Control::default()).await.expect("fetches");
        let reader = c.store.reader(info.hash).await.expect("opens").expect("is here");
        assert_eq!(reader.read_all(u64::MAX).await.expect("reads"), bytes);
    }
}

#[tokio::test]
async fn over_tcp() {
    let (a, b) = (Home::new().await, Home::new().await);
    let bytes = content(20 * MIB + 3, 2);
    let info = a.share("source", &bytes).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("bound");
    let store = a.store.clone();
    let provider = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("accepts");
        let (recv, send) = stream.into_split();
        serve(&store, Arc::new(Anyone), recv, send).await
    });
    let (recv, send) = TcpStream::connect(address).await.expect("connects").into_split();
    fetch(&b.store, &want(info, b.path("t")), recv, send, Control::default()).await.expect("fetches");
    assert_eq!(fs::read(b.path("t")).expect("reads"), bytes);
    assert_eq!(provider.await.expect("no panic").expect("serves").pieces, 21);
}

#[tokio::test]
async fn a_refusal_and_a_lack_look_the_same() {
    let a = Home::new().await;
    let held = a.share("source", &content(3 * MIB, 3)).await.hash;
    let lacking = info_of(b"nobody has this").hash;
    for make in
        [|hash| Request::Pieces { hash, with_list: true, wanted: PieceSet::full(3) }, |hash| Request::Many(vec![hash])]
    {
        let mut answers = Vec::new();
        for (hash, allowed) in [(held, false), (lacking, true), (lacking, false)] {
            let ((mut recv, mut send), _) = a.provide_if(move |_| allowed);
            let body = compeer_blobs::wire::encode_request(&make(hash));
            send.write_u32(body.len() as u32).await.expect("sends");
            send.write_all(&body).await.expect("sends");
            send.shutdown().await.expect("closes");
            let mut answer = Vec::new();
            recv.read_to_end(&mut answer).await.expect("answers");
            answers.push(answer);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
    let b = Home::new().await;
    let ((recv, send), _) = a.provide_if(|_| false);
    let done = fetch(&b.store, &want(info_of(&content(3 * MIB, 3)), b.path("t")), recv, send, Control::default()).await;
    assert!(matches!(done, Err(FetchError::NotServed)));
    assert!(!b.path("t").exists());
}

#[tokio::test]
async fn the_old_file_is_there_until_the_new_one_is_whole() {
    let (a, b) = (Home::new().await, Home::new().await);
    let new = content(8 * MIB, 4);
    let info = a.share("source", &new).await;
    let target = b.path("t");
    fs::write(&target, b"old").expect("writes");
    let download = Download::open(&b.store, &want(info, &target), Control::default()).await.expect("opens");
    let ((recv, send), _) = a.provide();
    download.pull(&download.missing(), recv, send).await.expect("pulls");
    assert_eq!(fs::read(&target).expect("reads"), b"old");
    download.finish().await.expect("finishes");
    assert_eq!(fs::read(&target).expect("reads"), new);
}

#[tokio::test]
async fn both_are_kept_where_asked_and_equals_are_not_doubled() {
    let (a, b) = (Home::new().await, Home::new().await);
    let bytes = content(MIB + 5, 5);
    let info = a.share("source", &bytes).await;
    fs::write(b.path("t.txt"), b"mine").expect("writes");
    for _ in 0..2 {
        let ((recv, send), _) = a.provide();
        let control = Control::default();
        let fetched = fetch(&b.store, &want_beside(info, b.path("t.txt")), recv, send, control).await.expect("fetches");
        assert_eq!(fetched.path, b.path("t (2).txt"));
    }
    assert_eq!(fs::read(b.path("t.txt")).expect("reads"), b"mine");
    assert_eq!(fs::read(b.path("t (2).txt")).expect("reads"), bytes);
    assert!(!b.path("t (3).txt").exists() && parts(b.dir.path()).is_empty());

    // A target that already is the blob needs no provider, and is recorded.
    fs::write(b.path("same"), &bytes).expect("writes");
    let download =
        Download::open(&b.store, &want_beside(info, b.path("same")), Control::default()).await.expect("opens");
    assert!(download.missing().is_empty());
    assert_eq!(download.finish().await.expect("finishes").path, b.path("same"));
    assert!(b.store.places(info.hash).await.expect("asks").contains(&b.path("same")));
}

#[tokio::test]
async fn stopping_keeps_what_came_and_discarding_removes_it() {
    let (a, b) = (Home::new().await, Home::new().await);
    let bytes = content(32 * MIB, 6);
    let info = a.share("source", &bytes).await;
    let wanted = want(info, b.path("t"));
    for discarded in [true, false] {
        let control = Control::default();
        let mut progress = control.progress.subscribe();
        let stop = control.stop.clone();
        let ((recv, send), _) = a.provide();
        let (done, ()) = timeout(LIMIT, async {
            tokio::join!(fetch(&b.store, &wanted, recv, send, control), async {
                progress.wait_for(|progress| progress.done > 0).await.expect("makes progress");
                stop.cancel();
            })
        })
        .await
        .expect("stops");
        assert!(matches!(done, Err(FetchError::Stopped)), "{done:?}");
        assert_eq!(b.store.partials().await.expect("asks"), [(b.path("t"), info)]);
        assert_eq!(parts(b.dir.path()).len(), 1);
        if discarded {
            discard(&b.store, &wanted).await.expect("discards");
            assert!(b.store.partials().await.expect("asks").is_empty() && parts(b.dir.path()).is_empty());
        }
    }
    // The second attempt was kept, and ends here.
    let download = Download::open(&b.store, &wanted, Control::default()).await.expect("opens");
    assert!(download.missing().len() < 32);
    let ((recv, send), served) = a.provide();
    let missing = download.missing();
    download.pull(&missing, recv, send).await.expect("pulls");
    download.finish().await.expect("finishes");
    assert_eq!(served.await.expect("no panic").expect("serves").pieces, u64::from(missing.len()));
    assert_eq!(fs::read(b.path("t")).expect("reads"), bytes);
}

#[tokio::test]
async fn two_providers_at_once_and_one_with_only_some_pieces() {
    let (a, b, c) = (Home::new().await, Home::new().await, Home::new().await);
    let bytes = content(9 * MIB + 1, 7);
    let info = a.share("source", &bytes).await;
    b.share("source", &bytes).await;
    let download = Download::open(&c.store, &want(info, c.path("t")), Control::default()).await.expect("opens");
    let (mut even, mut odd) = (PieceSet::empty(10), PieceSet::empty(10));
    for index in 0..8 {
        if index % 2 == 0 {
            even.insert(index)
        } else {
            odd.insert(index)
        };
    }
    let (from_a, from_b) = (a.provide(), b.provide());
    let (one, other) =
        tokio::join!(download.pull(&even, from_a.0.0, from_a.0.1), download.pull(&odd, from_b.0.0, from_b.0.1));
    one.expect("pulls");
    other.expect("pulls");
    assert_eq!(from_a.1.await.expect("no panic").expect("serves").pieces, 4);
    assert_eq!(from_b.1.await.expect("no panic").expect("serves").pieces, 4);
    assert_eq!(download.missing().iter().collect::<Vec<_>>(), [8, 9]);
    let ((recv, send), _) = a.provide();
    download.pull(&download.missing(), recv, send).await.expect("pulls");
    download.finish().await.expect("finishes");
    assert_eq!(fs::read(c.path("t")).expect("reads"), bytes);
}

#[tokio::test]
async fn an_incomplete_download_is_not_put_in_place() {
    let b = Home::new().await;
    let info = info_of(&content(3 * MIB, 8));
    let download = Download::open(&b.store, &want(info, b.path("t")), Control::default()).await.expect("opens");
    assert!(matches!(download.finish().await, Err(FetchError::Incomplete { missing: 3 })));
    assert!(!b.path("t").exists());
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_served_yields_no_wrong_byte() {
    let (a, b, c) = (Home::new().await, Home::new().await, Home::new().await);
    let bytes = content(32 * MIB, 9);
    let info = a.share("source", &bytes).await;
    c.share("source", &bytes).await;
    let mut events = a.store.events();
    let control = Control::default();
    let mut progress = control.progress.subscribe();
    let ((recv, send), _) = a.provide();
    let wanted = want(info, b.path("t"));
    let (done, ()) = tokio::join!(fetch(&b.store, &wanted, recv, send, control), async {
        progress.wait_for(|progress| progress.done > 0).await.expect("makes progress");
        let mut other = bytes.clone();
        other[20 * MIB] ^= 1;
        fs::write(a.path("source"), other).expect("writes");
    });
    assert!(matches!(done, Err(FetchError::ProviderChanged)), "{done:?}");
    assert!(matches!(events.recv().await, Ok(StoreEvent::Changed { hash, .. }) if hash == info.hash));
    // Another provider completes it.
    let ((recv, send), served) = c.provide();
    fetch(&b.store, &wanted, recv, send, Control::default()).await.expect("fetches");
    assert_eq!(fs::read(b.path("t")).expect("reads"), bytes);
    assert!(served.await.expect("no panic").expect("serves").pieces < 32);
}

#[tokio::test]
async fn two_fetches_for_one_target_take_turns() {
    let (a, b) = (Home::new().await, Home::new().await);
    let bytes = content(6 * MIB, 10);
    let info = a.share("source", &bytes).await;
    let wanted = want(info, b.path("t"));
    let (one, two) = (a.provide(), a.provide());
    let (first, second) = tokio::join!(
        fetch(&b.store, &wanted, one.0.0, one.0.1, Control::default()),
        fetch(&b.store, &wanted, two.0.0, two.0.1, Control::default()),
    );
    assert_eq!(first.expect("fetches"), second.expect("finds it there"));
    let pieces = async |served: tokio::task::JoinHandle<Result<compeer_blobs::Served, _>>| {
        served.await.expect("no panic").expect("serves").pieces
    };
    assert_eq!(pieces(one.1).await + pieces(two.1).await, 6);
}

#[tokio::test]
async fn the_list_is_asked_for_once() {
    let (a, b) = (Home::new().await, Home::new().await);
    let bytes = content(4 * MIB, 11);
    let info = a.share("source", &bytes).await;
    let wanted = want(info, b.path("t"));
    let download = Download::open(&b.store, &wanted, Control::default()).await.expect("opens");
    let mut first = PieceSet::empty(4);
    first.insert(2);
    let ((recv, send), _) = a.provide();
    download.pull(&first, recv, send).await.expect("pulls");
    drop(download);
    let download = Download::open(&b.store, &wanted, Control::default()).await.expect("opens");
    assert_eq!(download.missing().iter().collect::<Vec<_>>(), [0, 1, 3]);
    let (near, mut far) = tokio::io::duplex(1024);
    let (recv, send) = tokio::io::split(near);
    let missing = download.missing();
    let (done, asked) = tokio::join!(download.pull(&missing, recv, send), async {
        let asked = request(&mut far).await;
        drop(far);
        asked
    });
    assert!(matches!(done, Err(FetchError::Stream(_))));
    assert_eq!(asked, Request::Pieces { hash: info.hash, with_list: false, wanted: missing });
}

#[tokio::test]
async fn targets_inside_the_store_are_refused() {
    let b = Home::new().await;
    let info = info_of(b"x");
    let inside = fs::canonicalize(b.path("store")).expect("exists").join("owned/x");
    for path in [inside, "/".into()] {
        let opened = Download::open(&b.store, &want(info, path), Control::default()).await;
        assert!(matches!(opened, Err(FetchError::Target { .. })));
    }
}
