//! Peers to test with: a journal in a folder of its own, a mesh on the loopback interface, and replication.

use std::collections::BTreeSet;
use std::time::Duration;

use compeer_core::group::{DropRange, GroupKind, InviteTerms, Level, Member};
use compeer_core::invite::{Host, Invite};
use compeer_core::key::random_bytes;
use compeer_core::{DeviceId, DeviceKey, GroupId, Millis, system_wall};
use compeer_journal::sync::{JoinError, JournalGate, STREAMS, SYNC, Sync, SyncOptions};
use compeer_journal::{Cursor, Journal, JournalConfig, Page, Run};
use compeer_mesh::{Mesh, MeshConfig, StreamKind};
use tempfile::TempDir;
use tokio::time::{Instant, timeout_at};

/// How long anything may take before a test fails.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// One computer.
pub(crate) struct Peer {
    pub(crate) key: DeviceKey,
    pub(crate) person: GroupId,
    pub(crate) dir: TempDir,
    pub(crate) running: Running,
}

/// What runs on it.
pub(crate) struct Running {
    pub(crate) journal: Journal,
    pub(crate) mesh: Mesh,
    pub(crate) sync: Sync,
}

impl std::ops::Deref for Peer {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

pub(crate) fn options() -> SyncOptions {
    SyncOptions { repair: Duration::from_secs(5), away: Duration::from_secs(10) }
}

/// In memory where there is such a thing: dozens of journals that share one disk would measure the disk.
fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).expect("folder")
}

async fn run(dir: &TempDir, key: &DeviceKey, options: SyncOptions) -> Running {
    let config = JournalConfig::new(dir.path().to_owned(), key.clone(), system_wall());
    let journal = Journal::open(config).await.expect("opens");
    let gate = JournalGate::new(journal.clone(), system_wall());
    let config = MeshConfig { listen: vec!["127.0.0.1:0".parse().expect("address")], ..MeshConfig::new(key.clone()) };
    let mut builder = Mesh::builder(config, gate.clone());
    let streams = builder.accept(SYNC, STREAMS);
    let joins = builder.accept(StreamKind::JOIN, STREAMS);
    let mesh = builder.start().await.expect("starts");
    let sync = Sync::start(journal.clone(), mesh.clone(), gate, streams, joins, options);
    Running { journal, mesh, sync }
}

impl Peer {
    /// A computer with a person of its own.
    pub(crate) async fn new() -> Self {
        Self::in_folder(folder()).await
    }

    async fn in_folder(dir: TempDir) -> Self {
        crate::ears::open();
        let key = DeviceKey::generate().expect("randomness");
        let running = run(&dir, &key, options()).await;
        let founder = Member::Device(key.id());
        let person = running.journal.found(GroupKind::Person, founder).await.expect("person");
        Self { key, person, dir, running }
    }

    pub(crate) fn device(&self) -> DeviceId {
        self.key.id()
    }

    /// Stops and starts again with the same folder, on another port.
    pub(crate) async fn restart(&mut self, mut meanwhile: impl AsyncFnMut()) {
        self.stop().await;
        meanwhile().await;
        self.running = run(&self.dir, &self.key, options()).await;
    }

    pub(crate) async fn stop(&self) {
        self.sync.shutdown().await;
        self.mesh.shutdown().await;
        self.journal.close().await;
    }

    /// Tells where another peer is, as an address book would.
    pub(crate) fn knows(&self, other: &Self) {
        self.mesh.learn(other.device(), other.mesh.my_addresses(), compeer_mesh::Source::Given);
    }

    pub(crate) async fn space(&self) -> GroupId {
        self.journal.found(GroupKind::Space, Member::Group(self.person)).await.expect("space")
    }

    pub(crate) async fn join(&self, invite: &Invite) -> Result<GroupId, JoinError> {
        self.sync.join(invite, self.person).await
    }

    pub(crate) async fn say(&self, topic: GroupId, text: &str) {
        self.journal.append(topic, text.as_bytes().to_vec()).await.expect("appended");
    }

    /// All of this device's own log.
    fn log(&self, topic: &GroupId) -> Run {
        self.journal.run(topic, &self.device(), 0, 10_000, 16 << 20).expect("reads")
    }

    /// Everything that can be read, in any order.
    pub(crate) fn texts(&self, topic: GroupId) -> BTreeSet<String> {
        let mut cursor = Cursor::default();
        let mut texts = BTreeSet::new();
        loop {
            match self.journal.read(&topic, cursor, 4096) {
                Ok(Page::Entries { entries, next, more, .. }) => {
                    texts.extend(entries.into_iter().map(|entry| String::from_utf8(entry.plain).expect("text")));
                    cursor = next;
                    if !more {
                        return texts;
                    }
                }
                Ok(Page::Rebuild { generation }) => {
                    cursor = Cursor { generation, position: 0 };
                    texts.clear();
                }
                Err(_) => return texts,
            }
        }
    }

    /// Waits until `check` gives something, looking again whenever the journal says that something happened.
    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, mut check: impl FnMut(&Self) -> Option<T>) -> impl Future<Output = T> {
        let caller = std::panic::Location::caller();
        let mut events = self.journal.subscribe();
        async move {
            let end = Instant::now() + LIMIT;
            loop {
                if let Some(value) = check(self) {
                    return value;
                }
                assert!(timeout_at(end, events.recv()).await.is_ok(), "{caller}: not in time: {what}");
            }
        }
    }

    #[track_caller]
    pub(crate) fn until_reads(&self, topic: GroupId, texts: &[&str]) -> impl Future<Output = ()> {
        let wanted: BTreeSet<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let what = format!("reads {wanted:?}");
        let waiting = self.until("reads", move |peer| wanted.is_subset(&peer.texts(topic)).then_some(()));
        async move {
            let _what = what;
            waiting.await;
        }
    }

    /// Whether these bytes lie in any file here.
    pub(crate) fn keeps(&self, bytes: &[u8]) -> bool {
        let files = std::fs::read_dir(self.dir.path()).expect("a folder");
        let contents = files.map(|file| std::fs::read(file.expect("a file").path()).unwrap_or_default());
        contents.into_iter().any(|content| content.windows(bytes.len()).any(|window| window == bytes))
    }

    /// The body of the last entry in this device's own log, as stored.
    pub(crate) fn last_body(&self, topic: &GroupId) -> Vec<u8> {
        self.log(topic).entries.pop().and_then(|entry| entry.body).expect("a body")
    }

    /// Has the last entry of this device's own log dropped.
    pub(crate) async fn drop_last(&self, topic: GroupId) {
        let (author, last) = (self.device(), self.journal.heights(&topic)[&self.device()].seq);
        let range = DropRange { author, first: last, last };
        self.journal.append_dropping(topic, vec![b"gone".to_vec()], vec![range]).await.expect("dropped");
    }

    /// Opens an invitation and gives its text's content.
    pub(crate) async fn invite(&self, topic: GroupId, uses: u32, expires: Millis) -> Invite {
        self.invite_at(topic, Level::Write, uses, expires).await
    }

    pub(crate) async fn invite_at(&self, topic: GroupId, level: Level, uses: u32, expires: Millis) -> Invite {
        let secret: [u8; 32] = random_bytes().expect("randomness");
        let terms = InviteTerms { key: DeviceKey::from_seed(secret).id(), level, uses, expires };
        self.journal.invite(topic, terms).await.expect("invitation");
        Invite {
            topic,
            secret: secret.into(),
            terms,
            space_name: "space".into(),
            inviter_name: "host".into(),
            hosts: vec![self.as_host()],
            relays: vec![],
            guest_at: None,
        }
    }

    pub(crate) fn as_host(&self) -> Host {
        Host { device: self.device(), addrs: self.mesh.my_addresses().direct }
    }
}

pub(crate) fn in_an_hour() -> Millis {
    system_wall()() + 3_600_000
}

/// So many peers in one space, the first of which founded it.
pub(crate) async fn peers_in_a_space(count: usize) -> (Vec<Peer>, GroupId) {
    let mut peers = Vec::new();
    for _ in 0..count {
        peers.push(Peer::new().await);
    }
    let topic = gather(&peers).await;
    (peers, topic)
}

/// A disk of its own at a folder, so small that it is soon full.
pub(crate) struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    const BALLAST: &str = "ballast";

    /// Fills it but for a few pages.
    pub(crate) fn fill(&self) {
        use std::io::Write as _;
        let mut ballast = std::fs::File::create(self.0.join(Self::BALLAST)).expect("a file");
        while ballast.write_all(&[1; 4096]).is_ok() {}
    }

    /// Makes room.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.0.join(Self::BALLAST)).expect("is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

/// A peer whose journal lies on a small disk; `None` without the right to mount one.
pub(crate) async fn peer_on_a_small_disk() -> Option<(Peer, SmallDisk)> {
    let dir = TempDir::new().expect("folder");
    let mut mount = std::process::Command::new("mount");
    let mount = mount.args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"]).arg(dir.path()).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        compeer_testkit::skip("needs the right to mount a small disk");
        return None;
    }
    let disk = SmallDisk(dir.path().to_owned());
    Some((Peer::in_folder(dir).await, disk))
}

/// So many peers in one space, as after long acquaintance: each holds what the founder wrote when adding them, and knows
/// where all are. Joining one after the other would make everybody work out the rules anew for each.
pub(crate) async fn old_friends(count: usize) -> (Vec<Peer>, GroupId) {
    let mut peers = Vec::new();
    for _ in 0..count {
        peers.push(Peer::new().await);
    }
    let (first, others) = peers.split_first().expect("peers");
    let topic = first.space().await;
    let mut runs = vec![first.log(&first.person)];
    for peer in others {
        let log = peer.log(&peer.person);
        first.journal.attach(peer.person).await.expect("attached");
        first.journal.ingest(peer.device(), vec![log.clone()]).await.expect("taken in");
        let member = Member::Group(peer.person);
        first.journal.set_member(topic, member, Some(Level::Write), None).await.expect("added");
        runs.push(log);
    }
    runs.push(first.log(&topic));
    for peer in others {
        for run in runs.iter().filter(|run| run.topic != topic && run.topic != peer.person) {
            peer.journal.attach(run.topic).await.expect("attached");
        }
        peer.journal.adopt(topic).await.expect("adopted");
        peer.journal.ingest(first.device(), runs.clone()).await.expect("taken in");
    }
    for peer in &peers {
        peers.iter().filter(|other| other.device() != peer.device()).for_each(|other| peer.knows(other));
    }
    (peers, topic)
}

/// So many peers in one space, each of which was let in after the last one and went away at once: it holds what was written
/// until then, and has never heard of those who came later. Now all are here, and know where the others are.
pub(crate) async fn let_in_one_by_one(count: usize) -> (Vec<Peer>, GroupId) {
    let mut peers = vec![Peer::new().await];
    let topic = peers[0].space().await;
    let mut people = vec![peers[0].log(&peers[0].person)];
    for _ in 1..count {
        let (first, peer) = (&peers[0], Peer::new().await);
        let log = peer.log(&peer.person);
        first.journal.attach(peer.person).await.expect("attached");
        first.journal.ingest(peer.device(), vec![log.clone()]).await.expect("taken in");
        let member = Member::Group(peer.person);
        first.journal.set_member(topic, member, Some(Level::Write), None).await.expect("added");
        for run in &people {
            peer.journal.attach(run.topic).await.expect("attached");
        }
        peer.journal.adopt(topic).await.expect("adopted");
        let runs = people.iter().cloned().chain([first.log(&topic)]);
        peer.journal.ingest(first.device(), runs.collect()).await.expect("taken in");
        people.push(log);
        peers.push(peer);
    }
    for peer in &peers {
        peers.iter().filter(|other| other.device() != peer.device()).for_each(|other| peer.knows(other));
    }
    (peers, topic)
}

/// Two peers in one space, with journals on a real disk.
pub(crate) async fn peers_on_disk() -> (Vec<Peer>, GroupId) {
    let mut peers = Vec::new();
    for _ in 0..2 {
        peers.push(Peer::in_folder(TempDir::new().expect("folder")).await);
    }
    let topic = gather(&peers).await;
    (peers, topic)
}

/// All join a space that the first founds.
async fn gather(peers: &[Peer]) -> GroupId {
    let (first, others) = peers.split_first().expect("peers");
    let topic = first.space().await;
    let invite = first.invite(topic, u32::try_from(peers.len()).expect("few"), in_an_hour()).await;
    for peer in others {
        peer.join(&invite).await.expect("joins");
    }
    topic
}

/// Waits until all have the same entries of the topic.
pub(crate) async fn until_equal(peers: &[&Peer], topic: GroupId) {
    until_equal_within(LIMIT, peers, topic).await;
}

pub(crate) async fn until_equal_within(limit: Duration, peers: &[&Peer], topic: GroupId) {
    compeer_testkit::wait::eventually(limit, "the same everywhere", async || {
        let digests: BTreeSet<_> = peers.iter().map(|peer| peer.journal.digest(&topic)).collect();
        let entries =
            |peer: &&Peer| peer.journal.topics().iter().find(|info| info.topic == topic).map(|info| info.entries);
        let entries: BTreeSet<_> = peers.iter().map(entries).collect();
        if digests.len() == 1 { Ok(()) } else { Err(format!("{} different, with {entries:?} entries", digests.len())) }
    })
    .await;
}
