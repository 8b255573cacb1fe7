//! A full disk, made by telling SQLite that the file may not grow.

use std::sync::Arc;
use std::time::Duration;

use compeer_core::DeviceKey;
use compeer_core::group::{GroupKind, Member};

use crate::error::WriteError;
use crate::event::{JournalEvent, ProblemCause};
use crate::store::StoreError;
use crate::{Journal, JournalConfig};

/// Sets how many pages the file may have; `None` sets it to what it has.
async fn limit(journal: &Journal, pages: Option<i64>) {
    let set: Result<(), StoreError> = journal
        .write(move |engine| {
            let has: i64 = engine.db.pragma_query_value(None, "page_count", |row| row.get(0))?;
            let limit = pages.unwrap_or(has);
            Ok(engine.db.pragma_update_and_check(None, "max_page_count", limit, |_| Ok(()))?)
        })
        .await;
    set.expect("set");
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_is_got_over() {
    let dir = tempfile::tempdir().expect("folder");
    let key = DeviceKey::from_seed([1; 32]);
    let config = JournalConfig::new(dir.path().to_owned(), key.clone(), Arc::new(|| 1_700_000_000_000));
    let journal = Journal::open(config.clone()).await.expect("opens");
    let topic = journal.found(GroupKind::Space, Member::Device(key.id())).await.expect("founded");
    journal.append(topic, b"before".to_vec()).await.expect("written");
    limit(&journal, None).await;
    let mut events = journal.subscribe();
    let mut written = 0;
    let refused = loop {
        match journal.append(topic, vec![7; 20_000]).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, WriteError::DiskFull);
    loop {
        if let JournalEvent::Problem(problem) = events.recv().await.expect("events") {
            assert_eq!(problem.cause, ProblemCause::DiskFull);
            break;
        }
    }
    let tip = journal.heights(&topic)[&key.id()];
    assert_eq!(journal.found(GroupKind::Space, Member::Device(key.id())).await.err(), None, "what fits is written");
    assert_eq!(journal.append(topic, vec![7; 20_000]).await, Err(WriteError::DiskFull));
    assert_eq!(journal.heights(&topic)[&key.id()], tip);
    limit(&journal, Some(1 << 30)).await;
    let appended = journal.append(topic, vec![7; 20_000]).await.expect("there is space again");
    assert_eq!(appended.seq, tip.seq + 1);
    while events.recv().await.expect("events") != JournalEvent::Recovered {}
    journal.close().await;
    let journal = Journal::open(config).await.expect("opens");
    assert_eq!(journal.topic(&topic).expect("known").readable, written + 2);
}

#[tokio::test]
async fn that_there_is_room_again_is_noticed_without_a_write() {
    let dir = tempfile::tempdir().expect("folder");
    let key = DeviceKey::from_seed([1; 32]);
    let config = JournalConfig::new(dir.path().to_owned(), key.clone(), Arc::new(|| 1_700_000_000_000));
    let journal = Journal::open(config).await.expect("opens");
    let topic = journal.found(GroupKind::Space, Member::Device(key.id())).await.expect("founded");
    limit(&journal, None).await;
    let mut events = journal.subscribe();
    while journal.append(topic, vec![7; 20_000]).await.is_ok() {}
    let mut recoveries = journal.recoveries();
    // It is tried more than once in vain, and nothing is said of that.
    let tried = tokio::time::timeout(Duration::from_secs(3), recoveries.changed()).await;
    assert!(tried.is_err(), "there is no room yet");
    limit(&journal, Some(1 << 30)).await;
    tokio::time::timeout(Duration::from_secs(5), recoveries.changed()).await.expect("in time").expect("is open");
    let mut told = Vec::new();
    while told.last() != Some(&JournalEvent::Recovered) {
        told.push(events.recv().await.expect("events"));
    }
    let problems = told.iter().filter(|event| matches!(event, JournalEvent::Problem(_))).count();
    assert_eq!(problems, 1, "{told:?}");
    journal.append(topic, vec![7; 20_000]).await.expect("there is space again");
    journal.close().await;
}

#[tokio::test]
async fn more_is_tried_after_room_that_was_not_enough() {
    let dir = tempfile::tempdir().expect("folder");
    let key = DeviceKey::from_seed([1; 32]);
    let config = JournalConfig::new(dir.path().to_owned(), key.clone(), Arc::new(|| 1_700_000_000_000));
    let journal = Journal::open(config).await.expect("opens");
    let topic = journal.found(GroupKind::Space, Member::Device(key.id())).await.expect("founded");
    journal.append(topic, b"before".to_vec()).await.expect("written");
    // Room for what is tried first, and not for what is to be written.
    let has: Result<i64, StoreError> =
        journal.write(|engine| Ok(engine.db.pragma_query_value(None, "page_count", |row| row.get(0))?)).await;
    limit(&journal, Some(has.expect("counts") + 25)).await;
    let long = vec![7; 200_000];
    let mut recoveries = journal.recoveries();
    let mut soon = async || tokio::time::timeout(Duration::from_secs(4), recoveries.changed()).await;
    assert_eq!(journal.append(topic, long.clone()).await, Err(WriteError::DiskFull));
    soon().await.expect("what is tried can be written").expect("is open");
    // Peers that are told so send the same once more, in vain; the next attempt knows better.
    assert_eq!(journal.append(topic, long.clone()).await, Err(WriteError::DiskFull));
    assert!(soon().await.is_err(), "nobody is told again that there is room");
    limit(&journal, Some(1 << 30)).await;
    soon().await.expect("now there is").expect("is open");
    journal.append(topic, long).await.expect("written");
    journal.close().await;
}
