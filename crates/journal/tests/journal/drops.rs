//! Bodies that are dropped: gone from every file, whatever comes in whatever order, and over kills.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use compeer_core::group::{DropRange, GroupKind, Level, Member};
use compeer_core::{BodyClass, DeviceKey, GroupId, SignedHeader, system_wall};
use compeer_journal::{Cursor, Journal, Page, Run, WriteError};
use compeer_testkit::wait::eventually;

use crate::common::{LIMIT, Peer, Time, config, sync};

const CHILD: &str = "COMPEER_JOURNAL_DROPPING_CHILD";

/// A and B, who may write, and C, who manages as A does.
pub(crate) async fn scene() -> (Time, [Peer; 3], GroupId) {
    let time = Time::new();
    let peers = [Peer::new(1, &time).await, Peer::new(2, &time).await, Peer::new(3, &time).await];
    let [a, b, c] = &peers;
    let topic = a.space().await;
    a.add(topic, b, Level::Write).await;
    a.add(topic, c, Level::Manage).await;
    for peer in [b, c] {
        peer.journal.adopt(topic).await.expect("adopted");
    }
    sync(&[a, b, c]).await;
    (time, peers, topic)
}

async fn drop_from(by: &Peer, topic: GroupId, whose: &Peer, first: u64, last: u64) {
    let range = DropRange { author: whose.id(), first, last };
    by.journal.append_dropping(topic, vec![], vec![range]).await.expect("dropped");
}

/// The bodies of data in a log, as stored.
fn bodies(run: &Run) -> Vec<Vec<u8>> {
    let is_data = |header: &[u8]| SignedHeader::decode(header).expect("a header").class == BodyClass::Data;
    run.entries.iter().filter(|entry| is_data(&entry.header)).filter_map(|entry| entry.body.clone()).collect()
}

/// Whether any of these bytes lie in any file of a folder.
pub(crate) fn lies_in(dir: &Path, needles: &[Vec<u8>]) -> bool {
    std::fs::read_dir(dir).expect("a folder").any(|file| {
        let content = std::fs::read(file.expect("a file").path()).unwrap_or_default();
        needles.iter().any(|needle| content.windows(needle.len()).any(|window| window == needle.as_slice()))
    })
}

pub(crate) async fn until_nowhere(peer: &Peer, needles: &[Vec<u8>]) {
    eventually(LIMIT, "no trace", async || !lies_in(peer.dir.path(), needles)).await;
}

#[tokio::test]
async fn no_file_keeps_a_trace() {
    let (_time, [a, b, c], topic) = scene().await;
    // Logs that grow in turn, so that records are moved from page to page.
    for n in 0..120 {
        for (peer, other) in [(&a, &b), (&b, &a)] {
            peer.say(topic, &format!("{n} {}", "word ".repeat(n % 40))).await;
            other.pull(peer).await;
        }
    }
    sync(&[&a, &b, &c]).await;
    let before = b.run(&topic, &b.id(), 0);
    let gone: Vec<_> = bodies(&before).into_iter().map(|body| body[body.len() / 2..][..16].to_vec()).collect();
    assert!(lies_in(a.dir.path(), &gone) && gone.len() >= 120);
    drop_from(&b, topic, &b, 0, u64::MAX).await;
    sync(&[&a, &b, &c]).await;
    for peer in [&a, &b, &c] {
        until_nowhere(peer, &gone).await;
        assert!(peer.read(&topic).iter().all(|entry| entry.author == a.id()));
        assert_eq!(peer.read(&topic).len(), 120);
        assert_eq!(peer.journal.held(&topic)[&b.id()], peer.journal.heights(&topic)[&b.id()].seq, "nothing is missed");
    }
}

#[tokio::test]
async fn what_comes_after_it_was_dropped_is_never_written() {
    let (_time, [a, b, c], topic) = scene().await;
    b.say(topic, "words").await;
    a.pull(&b).await;
    let last = b.journal.heights(&topic)[&b.id()].seq;
    drop_from(&a, topic, &b, 0, 1_000).await;
    // From whoever has not heard of it.
    let run = b.run(&topic, &b.id(), 0);
    let words = bodies(&run);
    c.pull(&a).await;
    assert!(!lies_in(c.dir.path(), &words));
    c.take(&b, vec![run]).await;
    assert!(!lies_in(c.dir.path(), &words));
    assert_eq!(c.journal.held(&topic)[&b.id()], last);
    b.say(topic, "more").await;
    sync(&[&a, &b, &c]).await;
    assert_eq!(c.texts(&topic), ["more".to_owned()].into(), "what was written later stays");
}

#[tokio::test]
async fn only_ones_own_unless_one_manages_and_only_what_was_written_before() {
    let (_time, [a, b, c], topic) = scene().await;
    for peer in [&a, &b, &c] {
        peer.say(topic, "words").await;
    }
    sync(&[&a, &b, &c]).await;
    let range = DropRange { author: a.id(), first: 0, last: 9 };
    let refused = b.journal.append_dropping(topic, vec![b"and this".to_vec()], vec![range]).await;
    assert_eq!(refused, Err(WriteError::NotAllowed));
    assert_eq!(b.texts(&topic).len(), 1, "nothing of it was written");
    drop_from(&c, topic, &a, 0, u64::MAX).await;
    sync(&[&a, &b, &c]).await;
    a.say(topic, "later").await;
    sync(&[&a, &b, &c]).await;
    for peer in [&a, &b, &c] {
        let said: Vec<_> = peer.read(&topic).into_iter().filter(|entry| entry.author == a.id()).collect();
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].plain, b"later");
    }
}

#[tokio::test]
async fn rules_and_keys_are_never_dropped() {
    let (_time, [a, b, c], topic) = scene().await;
    a.say(topic, "words").await;
    let before = a.run(&topic, &a.id(), 0);
    drop_from(&a, topic, &a, 0, u64::MAX).await;
    sync(&[&a, &b, &c]).await;
    let missing = |run: &Run| run.entries.iter().filter(|entry| entry.body.is_none()).count();
    assert_eq!((missing(&before), missing(&a.run(&topic, &a.id(), 0))), (0, 1));
    let (mut a, rules) = (a, b.journal.rules(&topic).expect("rules"));
    a.open_again().await.expect("opens");
    assert_eq!(a.journal.rules(&topic).expect("rules").members(), rules.members());
}

#[tokio::test]
async fn a_drop_that_turns_out_void_is_made_up_for_by_those_who_have_the_bodies() {
    let (_time, [a, mut b, c], topic) = scene().await;
    a.say(topic, "words").await;
    b.say(topic, "own words").await;
    sync(&[&a, &b, &c]).await;
    // C manages, and drops what A said; A removes C without knowing, and so all that C did since does not count.
    drop_from(&c, topic, &a, 0, u64::MAX).await;
    b.pull(&c).await;
    assert_eq!(b.texts(&topic), ["own words".to_owned()].into());
    a.journal.set_member(topic, c.member(), None, None).await.expect("removed");
    b.take(&a, a.news_for(&b, &topic)).await;
    let held = |peer: &Peer| peer.journal.held(&topic).get(&a.id()).copied();
    assert!(held(&b) < held(&a), "B does not claim to hold what it dropped");
    assert!(!b.journal.holders(&topic, &a.id(), held(&a).expect("all")).contains(&b.id()));
    assert_ne!(a.journal.digest(&topic), b.journal.digest(&topic));
    b.open_again_the_same(&topic).await;
    let report = b.take(&a, a.bodies_for(&b, &topic)).await;
    assert_eq!((report.stored, report.refused.len()), (1, 0));
    assert_eq!(b.texts(&topic), a.texts(&topic));
    assert_eq!(held(&b), held(&a));
    assert_eq!(b.journal.topic(&topic).expect("known").bytes, {
        b.open_again().await.expect("opens");
        b.journal.topic(&topic).expect("known").bytes
    });
}

#[tokio::test]
async fn bodies_that_were_left_out_are_taken_later() {
    let (_time, [a, b, mut c], topic) = scene().await;
    for n in 0..5 {
        a.say(topic, &format!("{n}")).await;
    }
    let whole = a.run(&topic, &a.id(), 0);
    let mut stripped = whole.clone();
    let (first, last) = (stripped.entries.len() - 4, stripped.entries.len() - 2);
    (stripped.entries[first].body, stripped.entries[last].body) = (None, None);
    let report = c.take(&b, vec![stripped.clone()]).await;
    assert_eq!(report.refused, []);
    assert_eq!(c.texts(&topic).len(), 3);
    assert_eq!(c.journal.held(&topic)[&a.id()], first as u64 - 1);
    c.open_again_the_same(&topic).await;
    // The same again brings nothing; somebody else brings the rest.
    assert_eq!(c.take(&b, vec![stripped]).await.stored, 0);
    let mut reads = c.journal.subscribe();
    assert_eq!(c.take(&a, vec![whole]).await.stored, 2);
    assert!(reads.try_recv().is_ok(), "whoever reads is told");
    assert_eq!(c.texts(&topic), a.texts(&topic));
    assert_eq!(c.journal.digest(&topic), a.journal.digest(&topic));
}

/// Which devices are one person's may show later than what they wrote.
#[tokio::test]
async fn a_drop_waits_until_it_is_known_whose_device_it_names() {
    let time = Time::new();
    let [laptop, phone, a] = [Peer::new(1, &time).await, Peer::new(2, &time).await, Peer::new(3, &time).await];
    let person = laptop.journal.found(GroupKind::Person, laptop.member()).await.expect("founded");
    let topic = a.space().await;
    a.journal.attach(person).await.expect("attached");
    a.take(&laptop, vec![laptop.run(&person, &laptop.id(), 0)]).await;
    a.journal.set_member(topic, Member::Group(person), Some(Level::Write), None).await.expect("added");
    for device in [&laptop, &phone] {
        device.journal.adopt(topic).await.expect("adopted");
        device.journal.attach(person).await.expect("attached");
    }
    sync(&[&laptop, &a]).await;
    laptop.journal.set_member(person, phone.member(), Some(Level::Manage), None).await.expect("added");
    let from_laptop = |to: &Peer, topics: &[GroupId]| topics.iter().flat_map(|t| laptop.news_for(to, t)).collect();
    phone.take(&laptop, from_laptop(&phone, &[person])).await;
    phone.take(&a, [person, topic].iter().flat_map(|t| a.news_for(&phone, t)).collect()).await;
    phone.take(&laptop, from_laptop(&phone, &[person, topic])).await;
    phone.say(topic, "words").await;
    laptop.take(&phone, phone.news_for(&laptop, &topic)).await;
    drop_from(&laptop, topic, &phone, 0, u64::MAX).await;
    // A hears of the drop, then of the words, and then that the phone is the same person's.
    a.take(&laptop, vec![laptop.run(&topic, &laptop.id(), 0)]).await;
    let words = phone.run(&topic, &phone.id(), 0);
    a.take(&phone, vec![words.clone()]).await;
    assert!(lies_in(a.dir.path(), &bodies(&words)), "it may yet be a stranger's");
    a.take(&laptop, laptop.news_for(&a, &person)).await;
    until_nowhere(&a, &bodies(&words)).await;
    assert!(a.texts(&topic).is_empty());
}

/// Not a test: what [`a_drop_is_carried_out_after_a_kill`] starts and kills.
#[tokio::test]
#[ignore = "only as a child of a_drop_is_carried_out_after_a_kill"]
async fn killed_while_dropping() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let key = DeviceKey::from_seed([1; 32]);
    let mut config = config(Path::new(&dir), &key, system_wall());
    config.options.drop_step = 1;
    let journal = Journal::open(config).await.expect("opens");
    let topic = journal.found(GroupKind::Space, Member::Device(key.id())).await.expect("founded");
    journal.append_all(topic, (0..3000u32).map(|n| n.to_be_bytes().repeat(20)).collect()).await.expect("written");
    let range = DropRange { author: key.id(), first: 0, last: u64::MAX };
    journal.append_dropping(topic, vec![], vec![range]).await.expect("dropped");
    let mut out = std::io::stdout();
    writeln!(out, "dropped {topic}").and_then(|()| out.flush()).expect("told");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_drop_is_carried_out_after_a_kill() {
    let dir = tempfile::tempdir().expect("folder");
    let key = DeviceKey::from_seed([1; 32]);
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "drops::killed_while_dropping", "--ignored", "--nocapture", "--test-threads", "1"])
        .env(CHILD, dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("output")).lines().map_while(Result::ok);
    let told = lines.filter_map(|line| line.split("dropped ").nth(1).map(str::to_owned)).next();
    child.kill().expect("killed");
    child.wait().expect("gone");
    let topic: GroupId = told.expect("the child drops").parse().expect("a topic");
    let left = |journal: &Journal| {
        let run = journal.run(&topic, &key.id(), 2, 10_000, 16 << 20).expect("reads");
        run.entries.iter().filter(|entry| entry.body.is_some()).count()
    };
    let mut unhurried = config(dir.path(), &key, system_wall());
    unhurried.options.drop_step = 0;
    let journal = Journal::open(unhurried).await.expect("opens");
    assert!(left(&journal) > 1000, "it was killed before all was carried out");
    journal.close().await;
    let journal = Journal::open(config(dir.path(), &key, system_wall())).await.expect("opens");
    // The entry that drops the others keeps its body.
    eventually(LIMIT, "all are dropped", async || left(&journal) == 1).await;
    let Ok(Page::Rebuild { generation }) = journal.read(&topic, Cursor::default(), 1) else { panic!("a generation") };
    let start = Cursor { generation, position: 0 };
    let Ok(Page::Entries { entries, dropped, .. }) = journal.read(&topic, start, usize::MAX) else { panic!("entries") };
    assert!(entries.is_empty() && dropped.len() >= 3000);
}
