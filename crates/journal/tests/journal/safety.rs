//! What was acknowledged survives: kills, restored copies, full disks.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use compeer_core::group::{GroupKind, Level, Member};
use compeer_core::{DeviceKey, GroupId, system_wall};
use compeer_journal::{Cursor, Journal, JournalEvent, Page, ProblemCause, WriteError};

use crate::common::{Peer, Time, config, event, sync};

const CHILD: &str = "COMPEER_JOURNAL_CHILD";

/// Not a test: what [`acknowledged_writes_survive_a_kill`] starts and kills.
#[tokio::test]
#[ignore = "only as a child of acknowledged_writes_survive_a_kill"]
async fn killed_child() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let key = DeviceKey::from_seed([1; 32]);
    let journal = Journal::open(config(Path::new(&dir), &key, system_wall())).await.expect("opens");
    let topic = match journal.topics().first() {
        Some(info) => info.topic,
        None => journal.found(GroupKind::Space, Member::Device(key.id())).await.expect("founded"),
    };
    let mut out = std::io::stdout();
    // More than one writer, so that kills hit transactions with several jobs.
    let (tell, mut told) = tokio::sync::mpsc::channel(64);
    for _ in 0..4 {
        let (journal, tell) = (journal.clone(), tell.clone());
        tokio::spawn(async move {
            loop {
                let appended = journal.append(topic, vec![7; 300]).await.expect("written");
                if tell.send(appended.seq).await.is_err() {
                    return;
                }
            }
        });
    }
    while let Some(seq) = told.recv().await {
        writeln!(out, "ack {topic} {seq}").and_then(|()| out.flush()).expect("told");
    }
}

#[tokio::test]
async fn acknowledged_writes_survive_a_kill() {
    let dir = tempfile::tempdir().expect("folder");
    let key = DeviceKey::from_seed([1; 32]);
    let (mut acknowledged, mut random) = (None, 0x2545_f491_u32);
    for _round in 0..20 {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "safety::killed_child", "--ignored", "--nocapture", "--test-threads", "1"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let enough = (random >> 24) + 1;
        let mut lines = BufReader::new(child.stdout.take().expect("output")).lines().map_while(Result::ok);
        let mut acks = 0;
        while acks < enough {
            let line = lines.next().expect("the child writes until it is killed");
            // The test runner's own words may stand in front on the same line.
            let Some(ack) = line.split("ack ").nth(1) else { continue };
            let (topic, seq) = ack.split_once(' ').expect("two words");
            let (topic, seq): (GroupId, u64) = (topic.parse().expect("a topic"), seq.parse().expect("a number"));
            acknowledged = acknowledged.max(Some((topic, seq)));
            acks += 1;
        }
        child.kill().expect("killed");
        child.wait().expect("gone");
    }
    let (topic, last) = acknowledged.expect("some");
    let journal = Journal::open(config(dir.path(), &key, system_wall())).await.expect("opens");
    assert!(journal.heights(&topic)[&key.id()].seq >= last);
    let Ok(Page::Rebuild { generation }) = journal.read(&topic, Cursor::default(), 1) else { panic!("a generation") };
    let Ok(Page::Entries { entries, .. }) = journal.read(&topic, Cursor { generation, position: 0 }, usize::MAX) else {
        panic!("entries")
    };
    let read: std::collections::BTreeSet<u64> = entries.iter().map(|entry| entry.seq).collect();
    // The founding entry and the key come first; everything else is data.
    assert!((2..=last).all(|seq| read.contains(&seq)));
    assert!(journal.asking().is_empty(), "a crash is not a restore");
}

#[tokio::test]
async fn a_restored_copy_asks_and_gets_its_own_entries_back() {
    let time = Time::new();
    let (mut a, b) = (Peer::new(1, &time).await, Peer::new(2, &time).await);
    let topic = a.space().await;
    let alone = a.space().await;
    a.add(topic, &b, Level::Write).await;
    b.journal.adopt(topic).await.expect("adopted");
    a.say(topic, "in the copy").await;
    a.journal.close().await;
    let file = a.dir.path().join("journal.sqlite");
    let copy = a.dir.path().join("copy");
    std::fs::copy(&file, &copy).expect("copied");
    a.open_again().await.expect("opens");
    a.say(topic, "after the copy").await;
    a.say(topic, "and more").await;
    sync(&[&a, &b]).await;
    a.journal.close().await;
    std::fs::remove_file(&file).expect("lost");
    std::fs::copy(&copy, &file).expect("restored");
    a.open_again().await.expect("opens");

    assert_eq!(a.journal.asking(), [topic].into(), "nobody else could know about the other");
    a.say(alone, "needs nobody's word").await;
    assert_eq!(a.journal.append(topic, vec![1]).await, Err(WriteError::AskingPeers { devices: 1 }));
    let mut events = a.journal.subscribe();
    let height = b.journal.heights(&topic).get(&a.id()).map(|tip| tip.seq);
    a.journal.own_height_heard(topic, b.id(), height).await;
    a.pull(&b).await;
    let restored = ProblemCause::Restored { entries: 2 };
    event(&mut events, |event| matches!(event, JournalEvent::Problem(p) if p.cause == restored)).await;
    a.say(topic, "goes on").await;
    sync(&[&a, &b]).await;
    assert_eq!(a.texts(&topic).len(), 4);
    assert_eq!(a.texts(&topic), b.texts(&topic));
    a.open_again().await.expect("opens");
    assert!(a.journal.asking().is_empty());
}

#[tokio::test]
async fn a_waiting_write_goes_on_once_told_and_a_person_can_vouch() {
    let time = Time::new();
    let (mut a, b) = (Peer::new(1, &time).await, Peer::new(2, &time).await);
    let topic = a.space().await;
    a.add(topic, &b, Level::Write).await;
    b.journal.adopt(topic).await.expect("adopted");
    sync(&[&a, &b]).await;
    for told in [true, false] {
        a.journal.close().await;
        let (file, copy) = (a.dir.path().join("journal.sqlite"), a.dir.path().join("copy"));
        std::fs::copy(&file, &copy).expect("copied");
        std::fs::rename(&copy, &file).expect("restored");
        let mut config = config(a.dir.path(), &a.key, time.wall());
        config.options.asking_limit = crate::common::LIMIT;
        a.journal = Journal::open(config).await.expect("opens");
        assert!(a.journal.asking().contains(&topic));
        let writing = tokio::spawn({
            let journal = a.journal.clone();
            async move { journal.append(topic, vec![1]).await }
        });
        if told {
            let height = b.journal.heights(&topic).get(&a.id()).map(|tip| tip.seq);
            a.journal.own_height_heard(topic, b.id(), height).await;
        } else {
            a.journal.trust_local().await.expect("trusted");
        }
        writing.await.expect("runs").expect("written");
    }
    b.pull(&a).await;
    assert_eq!(b.read(&topic).len(), 2);
}

#[tokio::test]
async fn one_who_knows_less_is_not_enough() {
    let time = Time::new();
    let (mut a, b, c) = (Peer::new(1, &time).await, Peer::new(2, &time).await, Peer::new(3, &time).await);
    let topic = a.space().await;
    for other in [&b, &c] {
        a.add(topic, other, Level::Write).await;
        other.journal.adopt(topic).await.expect("adopted");
    }
    a.say(topic, "one").await;
    b.pull(&a).await;
    a.journal.close().await;
    let (file, copy) = (a.dir.path().join("journal.sqlite"), a.dir.path().join("copy"));
    std::fs::copy(&file, &copy).expect("copied");
    std::fs::rename(&copy, &file).expect("restored");
    a.open_again().await.expect("opens");
    a.journal.own_height_heard(topic, c.id(), None).await;
    assert!(a.journal.asking().contains(&topic), "C never had anything; B may");
    a.journal.own_height_heard(topic, b.id(), Some(1)).await;
    assert!(a.journal.asking().is_empty(), "everybody has answered, and nobody has more");
}

/// A copy of what lies in a peer's folder, to be put back later.
struct Copy(tempfile::TempDir);

impl Copy {
    async fn of(peer: &mut Peer) -> Self {
        peer.journal.close().await;
        let copy = Self(tempfile::tempdir().expect("folder"));
        put(peer.dir.path(), copy.0.path(), &[]);
        peer.open_again().await.expect("opens");
        copy
    }

    /// Puts some of it, or all, over what is there, so that every file stays the same one to the file system.
    async fn put_back(&self, peer: &mut Peer, files: &[&str]) {
        peer.journal.close().await;
        put(self.0.path(), peer.dir.path(), files);
        peer.open_again().await.expect("opens");
    }
}

/// Copies the files of these names, or all of them.
fn put(from: &Path, to: &Path, files: &[&str]) {
    for file in std::fs::read_dir(from).expect("lists") {
        let file = file.expect("lists");
        if files.is_empty() || files.iter().any(|name| file.file_name() == *name) {
            std::fs::copy(file.path(), to.join(file.file_name())).expect("copied");
        }
    }
}

/// A space of three, of which everybody has everything.
async fn three(time: &Time) -> ([Peer; 3], GroupId) {
    let (a, b, c) = (Peer::new(1, time).await, Peer::new(2, time).await, Peer::new(3, time).await);
    let topic = a.space().await;
    for other in [&b, &c] {
        a.add(topic, other, Level::Write).await;
        other.journal.adopt(topic).await.expect("adopted");
    }
    a.say(topic, "in the copy").await;
    sync(&[&a, &b, &c]).await;
    ([a, b, c], topic)
}

/// `from` tells `to` how far its log has come there.
async fn tell(from: &Peer, to: &Peer, topic: GroupId) {
    let height = from.journal.heights(&topic).get(&to.id()).map(|tip| tip.seq);
    to.journal.own_height_heard(topic, from.id(), height).await;
}

#[tokio::test]
async fn a_copy_over_the_live_file_is_noticed() {
    let time = Time::new();
    let ([mut a, b, c], topic) = three(&time).await;
    for files in [&["journal.sqlite"] as &[&str], &[]] {
        let copy = Copy::of(&mut a).await;
        assert!(a.journal.asking().is_empty(), "nothing was put back");
        a.say(topic, "after the copy").await;
        b.pull(&a).await;
        copy.put_back(&mut a, files).await;
        assert_eq!(a.journal.asking(), [topic].into(), "{files:?}");
        assert_eq!(a.journal.append(topic, vec![1]).await, Err(WriteError::AskingPeers { devices: 2 }));
        a.open_again().await.expect("opens");
        assert_eq!(a.journal.asking(), [topic].into(), "still, after a restart");
        tell(&b, &a, topic).await;
        tell(&c, &a, topic).await;
        a.pull(&b).await;
        assert!(a.journal.asking().is_empty());
        a.say(topic, "goes on").await;
        a.open_again().await.expect("opens");
        assert!(a.journal.asking().is_empty(), "a restart is no restore");
        sync(&[&a, &b, &c]).await;
        assert_eq!(a.texts(&topic), b.texts(&topic));
    }
}

#[tokio::test]
async fn an_older_copy_of_the_same_run_is_noticed() {
    let time = Time::new();
    let ([mut a, b, _], topic) = three(&time).await;
    // Made while the journal is open, so nothing but the count of entries tells it from what came later.
    a.say(topic, "moves into the file").await;
    let file = a.dir.path().join("journal.sqlite");
    let copy = a.dir.path().join("copy");
    rusqlite_backup(&file, &copy);
    a.say(topic, "after the copy").await;
    b.pull(&a).await;
    a.journal.close().await;
    std::fs::copy(&copy, &file).expect("restored");
    a.open_again().await.expect("opens");
    assert_eq!(a.journal.asking(), [topic].into());
}

/// Copies a database that is in use.
fn rusqlite_backup(from: &Path, to: &Path) {
    let db = rusqlite::Connection::open(from).expect("opens");
    db.execute("VACUUM INTO ?1", [to.to_str().expect("a plain path")]).expect("copied");
}

#[tokio::test]
async fn the_newest_entries_may_be_with_one_who_is_away() {
    let time = Time::new();
    let ([mut a, b, c], topic) = three(&time).await;
    let copy = Copy::of(&mut a).await;
    a.say(topic, "B and C have it").await;
    sync(&[&a, &b, &c]).await;
    a.say(topic, "only C has it").await;
    c.pull(&a).await;
    copy.put_back(&mut a, &[]).await;
    // B has more than is here, and is not the one who knows.
    tell(&b, &a, topic).await;
    a.pull(&b).await;
    assert!(a.texts(&topic).contains("B and C have it"));
    assert_eq!(a.journal.append(topic, vec![1]).await, Err(WriteError::AskingPeers { devices: 1 }));
    assert_eq!(a.journal.unheard(&topic), [c.id()].into());
    // C has told, but it is not here yet.
    tell(&c, &a, topic).await;
    assert_eq!(a.journal.append(topic, vec![1]).await, Err(WriteError::AskingPeers { devices: 1 }));
    a.pull(&c).await;
    assert!(a.journal.asking().is_empty());
    a.say(topic, "goes on").await;
    sync(&[&a, &b, &c]).await;
    for peer in [&a, &b, &c] {
        assert_eq!(peer.texts(&topic).len(), 4);
    }
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let time = Time::new();
    let ([mut a, b, c], topic) = three(&time).await;
    let patience = u64::try_from(compeer_journal::JournalOptions::default().patience.as_millis()).expect("fits");
    let copy = Copy::of(&mut a).await;
    a.say(topic, "after the copy").await;
    b.pull(&a).await;
    copy.put_back(&mut a, &[]).await;
    // C has gone for good, and B makes up a height.
    a.journal.own_height_heard(topic, b.id(), Some(u64::MAX)).await;
    time.pass(patience - 1);
    a.journal.own_height_heard(topic, b.id(), Some(u64::MAX)).await;
    assert_eq!(a.journal.append(topic, vec![1]).await, Err(WriteError::AskingPeers { devices: 2 }));
    time.pass(1);
    a.journal.own_height_heard(topic, b.id(), Some(u64::MAX)).await;
    assert!(a.journal.asking().contains(&topic), "there is no honest answer yet");
    // The time is that since the restore, also over a restart.
    a.open_again().await.expect("opens");
    assert!(a.journal.asking().contains(&topic), "nobody has answered: only a person can know");
    tell(&b, &a, topic).await;
    assert!(a.journal.asking().contains(&topic), "what B has is not here yet");
    a.pull(&b).await;
    assert!(a.journal.asking().is_empty());
    a.say(topic, "goes on").await;
    sync(&[&a, &b, &c]).await;
    assert_eq!(c.texts(&topic).len(), 3);
}

#[tokio::test]
async fn who_was_removed_need_not_answer_and_has_no_word() {
    let time = Time::new();
    let ([mut a, b, c], topic) = three(&time).await;
    let copy = Copy::of(&mut a).await;
    a.journal.set_member(topic, c.member(), None, None).await.expect("removed");
    b.pull(&a).await;
    copy.put_back(&mut a, &[]).await;
    tell(&b, &a, topic).await;
    assert_eq!(a.journal.unheard(&topic), [b.id(), c.id()].into());
    a.pull(&b).await;
    assert!(a.journal.asking().is_empty(), "C is not in it any more");
    a.journal.own_height_heard(topic, c.id(), Some(u64::MAX)).await;
    a.say(topic, "goes on").await;
}

#[tokio::test]
async fn a_disk_that_is_really_full_is_got_over() {
    let dir = tempfile::tempdir().expect("folder");
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=600k", "tmpfs"]).arg(dir.path()).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        compeer_testkit::skip("needs the right to mount a small disk");
        return;
    }
    let mounted = Mounted(dir);
    let key = DeviceKey::from_seed([1; 32]);
    let config = config(mounted.0.path(), &key, system_wall());
    let journal = Journal::open(config.clone()).await.expect("opens");
    let topic = journal.found(GroupKind::Space, Member::Device(key.id())).await.expect("founded");
    let ballast = mounted.0.path().join("ballast");
    std::fs::write(&ballast, vec![0; 100_000]).expect("written");
    let mut written = 0;
    let refused = loop {
        match journal.append(topic, vec![7; 5000]).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, WriteError::DiskFull | WriteError::Disk(_)), "{refused:?}");
    std::fs::remove_file(&ballast).expect("removed");
    journal.append(topic, vec![7; 5000]).await.expect("there is space again");
    journal.close().await;
    let journal = Journal::open(config).await.expect("opens");
    assert_eq!(journal.topic(&topic).expect("known").readable, written + 1);
    journal.close().await;
}

struct Mounted(tempfile::TempDir);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).output();
    }
}

#[tokio::test]
async fn writing_on_in_two_copies_is_a_fork_and_stops_both() {
    let time = Time::new();
    let (mut a, b) = (Peer::new(1, &time).await, Peer::new(2, &time).await);
    let topic = a.space().await;
    a.add(topic, &b, Level::Write).await;
    b.journal.adopt(topic).await.expect("adopted");
    a.say(topic, "one").await;
    a.journal.close().await;
    let (file, copy) = (a.dir.path().join("journal.sqlite"), a.dir.path().join("copy"));
    std::fs::copy(&file, &copy).expect("copied");
    a.open_again().await.expect("opens");
    a.say(topic, "left").await;
    b.pull(&a).await;
    a.journal.close().await;
    std::fs::rename(&copy, &file).expect("restored");
    a.open_again().await.expect("opens");
    a.journal.trust_local().await.expect("wrongly trusted");
    a.say(topic, "right").await;
    let report = a.take(&b, vec![b.run(&topic, &a.id(), 0)]).await;
    assert_eq!(report.refused.len(), 1);
    assert_eq!(a.journal.append(topic, vec![1]).await, Err(WriteError::Forked));
    // What B has is another entry with that number, whatever it says of how far it has come.
    let seq = a.journal.heights(&topic)[&a.id()].seq;
    a.journal.record_receipts(&b.id(), &topic, &[(a.id(), seq)]);
    assert_eq!(a.journal.holders(&topic, &a.id(), seq), [a.id()].into());
    assert!(a.journal.holders(&topic, &a.id(), seq - 1).contains(&b.id()));
    // It stays so when it is opened again, and can still be said why.
    a.open_again().await.expect("opens");
    assert_eq!(a.journal.append(topic, vec![1]).await, Err(WriteError::Forked));
    let forks: Vec<_> = a.journal.forks(&topic).iter().map(|fork| (fork.author(), fork.seq())).collect();
    assert_eq!(forks, [(a.id(), seq)]);
}

#[tokio::test]
async fn nobody_holds_more_of_our_log_than_there_is() {
    let time = Time::new();
    let (a, b) = (Peer::new(1, &time).await, Peer::new(2, &time).await);
    let topic = a.space().await;
    a.add(topic, &b, Level::Write).await;
    a.say(topic, "one").await;
    let seq = a.journal.heights(&topic)[&a.id()].seq;
    // As a device does that has a newer copy of it.
    a.journal.record_receipts(&b.id(), &topic, &[(a.id(), seq + 1)]);
    a.say(topic, "two").await;
    assert_eq!(a.journal.holders(&topic, &a.id(), seq + 1), [a.id()].into());
}
