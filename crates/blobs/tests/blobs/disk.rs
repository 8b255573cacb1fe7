//! A disk without space.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use compeer_blobs::{Control, FetchError, fetch, fetch_many};

use crate::support::{Home, MIB, content, want};

/// A file system of 8 MiB, unmounted when dropped.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir(at).expect("makes");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Self(at.to_path_buf()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_the_fetch_goes_on_when_there_is_space() {
    let (a, b) = (Home::new().await, Home::new().await);
    let Some(small) = Small::mount(&b.path("small")) else {
        eprintln!("skipped: mounting needs root");
        return;
    };
    let bytes = content(6 * MIB, 1);
    let info = a.share("source", &bytes).await;
    let blobs = [a.share("1", &content(MIB, 2)).await, a.share("2", &content(MIB, 3)).await];
    let filler = small.0.join("filler");
    fs::write(&filler, content(7 * MIB + MIB / 2, 4)).expect("fills");
    let wanted = want(info, small.0.join("t"));

    let ((recv, send), _) = a.provide();
    let done = fetch(&b.store, &wanted, recv, send, Control::default()).await;
    assert!(matches!(done, Err(FetchError::DiskFull { .. })), "{done:?}");
    assert!(!small.0.join("t").exists());

    let wants = blobs.map(|info| want(info, small.0.join(info.hash.short())));
    let ((recv, send), _) = a.provide();
    let done = fetch_many(&b.store, &wants, recv, send, Control::default()).await.expect("each fails by itself");
    assert!(done.iter().all(|done| matches!(done, Err(FetchError::DiskFull { .. }))), "{done:?}");

    fs::remove_file(filler).expect("removes");
    let ((recv, send), _) = a.provide();
    fetch(&b.store, &wanted, recv, send, Control::default()).await.expect("fetches");
    assert_eq!(fs::read(small.0.join("t")).expect("reads"), bytes);
}
