//! What the store knows, keeps, and notices.

use std::fs;

use compeer_blobs::{AddError, BlobStore, HashError, ReadError, StoreError, StoreEvent};

use crate::support::{Home, MIB, content, info_of};

#[tokio::test]
async fn a_file_is_shared_where_it_lies_and_read_back_in_any_range() {
    let home = Home::new().await;
    let bytes = content(3 * MIB + 77, 1);
    let info = home.share("a.bin", &bytes).await;
    assert_eq!(info, info_of(&bytes));
    assert!(home.store.has(info.hash).await.expect("asks"));
    assert_eq!(home.store.places(info.hash).await.expect("asks"), [home.path("a.bin")]);
    assert_eq!(fs::read_dir(home.path("store/owned")).expect("reads").count(), 0, "sharing copies nothing");

    let reader = home.store.reader(info.hash).await.expect("opens").expect("is here");
    for range in [0..0, 0..1, 5..17, MIB as u64 - 3..MIB as u64 + 3, 0..bytes.len() as u64, 3 * MIB as u64..u64::MAX] {
        let expected = &bytes[range.start as usize..bytes.len().min(range.end as usize)];
        assert_eq!(reader.read_range(range.clone()).await.expect("reads"), expected, "{range:?}");
    }
    assert_eq!(reader.read_all(u64::MAX).await.expect("reads"), bytes);
    assert!(matches!(reader.read_all(100).await, Err(ReadError::PastEnd)));
}

#[tokio::test]
async fn bytes_without_a_file_are_kept_and_forgotten() {
    let home = Home::new().await;
    for bytes in [Vec::new(), content(500, 2), content(2 * MIB + 1, 2)] {
        let info = home.store.add_bytes(bytes.clone()).await.expect("adds");
        assert_eq!(home.store.add_bytes(bytes.clone()).await.expect("adds again"), info_of(&bytes));
        let reader = home.store.reader(info.hash).await.expect("opens").expect("is here");
        assert_eq!(reader.read_all(u64::MAX).await.expect("reads"), bytes);
        home.store.forget(info.hash).await.expect("forgets");
        assert!(!home.store.has(info.hash).await.expect("asks"));
        assert!(home.store.reader(info.hash).await.expect("asks").is_none());
    }
    assert_eq!(fs::read_dir(home.path("store/owned")).expect("reads").count(), 0);
}

#[tokio::test]
async fn records_outlive_the_store() {
    let home = Home::new().await;
    let bytes = content(MIB + 1, 3);
    let shared = home.share("a.bin", &bytes).await;
    let owned = home.store.add_bytes(content(9, 3)).await.expect("adds");
    let Home { dir, store } = home;
    drop(store);
    // The store's own copies are found also where the whole home was moved.
    fs::rename(dir.path().join("store"), dir.path().join("moved")).expect("moves");
    let store = BlobStore::open(dir.path().join("moved")).await.expect("opens");
    assert_eq!(store.has_many(vec![shared.hash, owned.hash]).await.expect("asks"), [true, true]);
    let reader = store.reader(shared.hash).await.expect("opens").expect("is here");
    assert_eq!(reader.read_all(u64::MAX).await.expect("reads"), bytes);
}

#[tokio::test]
async fn a_changed_file_is_refused_and_reported() {
    let home = Home::new().await;
    let info = home.share("a.bin", &content(5000, 4)).await;
    let mut events = home.store.events();
    fs::write(home.path("a.bin"), content(5001, 4)).expect("writes");
    assert!(!home.store.has(info.hash).await.expect("asks"));
    assert!(home.store.reader(info.hash).await.expect("asks").is_none());
    let changed = StoreEvent::Changed { hash: info.hash, path: home.path("a.bin") };
    assert_eq!(events.recv().await, Ok(changed));
    // Told once: the record is gone.
    assert!(home.store.reader(info.hash).await.expect("asks").is_none());
    assert!(events.try_recv().is_err());
}

#[tokio::test]
async fn a_change_that_the_stamp_cannot_show_is_caught_by_the_hash() {
    let home = Home::new().await;
    let path = home.path("a.bin");
    let mut bytes = content(2 * MIB, 5);
    let info = home.share("a.bin", &bytes).await;
    let mut events = home.store.events();

    let modified = fs::metadata(&path).expect("stats").modified().expect("has a time");
    bytes[MIB + 5] ^= 1;
    fs::write(&path, &bytes).expect("writes");
    fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(modified)).expect("sets the time");

    let reader = home.store.reader(info.hash).await.expect("opens").expect("looks unchanged");
    assert_eq!(reader.read_range(0..100).await.expect("the first piece is the same").len(), 100);
    let read = reader.read_range(0..2 * MIB as u64).await;
    assert!(matches!(read, Err(ReadError::Changed { path: told }) if told == path));
    assert_eq!(events.recv().await, Ok(StoreEvent::Changed { hash: info.hash, path: path.clone() }));
    // With the record gone, adding hashes anew.
    assert_eq!(home.store.add_file(&path).await.expect("adds"), info_of(&bytes));
}

#[tokio::test]
async fn a_missing_file_may_come_back() {
    let home = Home::new().await;
    let info = home.share("a.bin", &content(5000, 6)).await;
    let mut events = home.store.events();
    fs::rename(home.path("a.bin"), home.path("away")).expect("moves");
    assert!(!home.store.has(info.hash).await.expect("asks"));
    assert!(home.store.reader(info.hash).await.expect("asks").is_none());
    assert_eq!(events.recv().await, Ok(StoreEvent::Missing { hash: info.hash, path: home.path("a.bin") }));
    fs::rename(home.path("away"), home.path("a.bin")).expect("moves");
    assert!(home.store.has(info.hash).await.expect("asks"));
}

#[tokio::test]
async fn one_of_two_places_is_enough() {
    let home = Home::new().await;
    let bytes = content(5000, 7);
    let info = home.share("a.bin", &bytes).await;
    home.share("b.bin", &bytes).await;
    fs::write(home.path("a.bin"), b"other").expect("writes");
    fs::write(home.path("c.bin"), b"other").expect("writes");
    let reader = home.store.reader(info.hash).await.expect("opens").expect("is here");
    assert_eq!(reader.read_all(u64::MAX).await.expect("reads"), bytes);
    home.store.forget_path(home.path("b.bin")).await.expect("forgets");
    assert!(home.store.reader(info.hash).await.expect("asks").is_none());
    assert!(home.path("b.bin").exists(), "files of the user stay");
}

#[tokio::test]
async fn a_path_holds_the_blob_that_was_added_last() {
    let home = Home::new().await;
    let old = home.share("a.bin", b"old").await;
    let new = home.share("a.bin", b"new!").await;
    assert_eq!(home.store.has_many(vec![old.hash, new.hash]).await.expect("asks"), [false, true]);
    assert!(home.store.places(old.hash).await.expect("asks").is_empty());
}

#[tokio::test]
async fn many_files_are_added_together_and_fail_alone() {
    let home = Home::new().await;
    let mut paths = Vec::new();
    for number in 0..300usize {
        let path = home.path(&format!("{number}"));
        fs::write(&path, content(number * 13, number as u64)).expect("writes");
        paths.push(path);
    }
    paths.insert(100, home.path("missing"));
    paths.insert(200, home.dir.path().to_path_buf());
    let done = home.store.add_files(paths.clone()).await.expect("records");
    assert_eq!(done.len(), 302);
    for (at, done) in done.iter().enumerate() {
        match at {
            100 => assert!(matches!(done, Err(AddError::Hash(HashError::Read { .. })))),
            200 => assert!(matches!(done, Err(AddError::Hash(HashError::NotAFile { .. })))),
            _ => assert_eq!(*done.as_ref().expect("adds"), info_of(&fs::read(&paths[at]).expect("reads"))),
        }
    }
    let hashes = done.iter().flatten().map(|info| info.hash).collect();
    assert!(home.store.has_many(hashes).await.expect("asks").into_iter().all(|here| here));
}

#[cfg(unix)]
#[tokio::test]
async fn names_that_are_no_unicode_are_kept_exactly() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::new().await;
    let path = home.dir.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    fs::write(&path, b"x").expect("writes");
    let info = home.store.add_file(&path).await.expect("adds");
    assert_eq!(home.store.places(info.hash).await.expect("asks"), [path]);
    assert!(home.store.has(info.hash).await.expect("asks"));
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    let home = Home::new().await;
    let Home { dir, store } = home;
    drop(store);
    let db = rusqlite::Connection::open(dir.path().join("store/blobs.sqlite")).expect("opens");
    db.pragma_update(None, "user_version", 99).expect("sets");
    drop(db);
    let opened = BlobStore::open(dir.path().join("store")).await;
    assert!(matches!(opened, Err(StoreError::Newer { found: 99, known: 1 })));
}
