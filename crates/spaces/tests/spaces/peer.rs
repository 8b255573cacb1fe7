//! A peer as the tests see it: all floors up to spaces, in one process, over real links on loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use compeer_blobs::BlobStore;
use compeer_core::group::{GroupKind, Level, Member};
use compeer_core::{DeviceId, DeviceKey, EntryHash, GroupId, Wall, system_wall};
use compeer_journal::sync::{JournalGate, SYNC, Sync, SyncOptions};
use compeer_journal::{Journal, JournalConfig};
use compeer_mesh::{Addresses, Mesh, MeshConfig, Source, StartError as MeshStartError, StreamKind};
use compeer_spaces::{
    BLOBS, BOARDS, InviteRequest, Me, MessageInfo, MessageRange, NewMessage, PRESENCE, Parts, Profile, Spaces,
    SpacesEvent,
};
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

/// How long anything may take before a test gives up.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct Peer {
    pub(crate) spaces: Spaces,
    pub(crate) journal: Journal,
    pub(crate) mesh: Mesh,
    sync: Sync,
    serving: tokio::task::JoinHandle<()>,
    pub(crate) me: Me,
    key: DeviceKey,
    pub(crate) home: TempDir,
}

impl Peer {
    pub(crate) async fn start(name: &str) -> Self {
        Self::start_at(name, 0).await
    }

    /// Starts with a clock that is so many milliseconds ahead.
    pub(crate) async fn start_at(name: &str, ahead: u64) -> Self {
        let home = tempfile::tempdir().expect("home");
        let before = Before { ahead, ..Before::default() };
        Self::in_home(home, DeviceKey::generate().expect("key"), name, None, before).await
    }

    async fn in_home(home: TempDir, key: DeviceKey, name: &str, person: Option<GroupId>, before: Before) -> Self {
        let dir = home.path().to_owned();
        let (system, ahead) = (system_wall(), before.ahead);
        let wall: Wall = std::sync::Arc::new(move || system() + ahead);
        let journal = Journal::open(JournalConfig::new(dir.clone(), key.clone(), wall.clone())).await.expect("journal");
        let person = match person {
            Some(person) => person,
            None => journal.found(GroupKind::Person, Member::Device(key.id())).await.expect("person"),
        };
        let profile = Profile { name: name.into(), device_name: format!("{name}'s laptop"), picture: None };
        let me = Me { person, profile };
        let gate = JournalGate::new(journal.clone(), wall.clone());
        let mut config = MeshConfig::new(key.clone());
        // A loopback address of its own: the port that a peer comes back to is not taken by another test meanwhile.
        let [one, two, three, ..] = *key.id().as_bytes();
        config.listen = vec![SocketAddr::from((Ipv4Addr::new(127, one, two, three.clamp(1, 254)), before.port))];
        let started = Instant::now();
        let (mesh, [streams, joins, presence, boards, mut blob_streams]) = loop {
            let mut builder = Mesh::builder(config.clone(), gate.clone());
            let kinds = [(SYNC, 256), (StreamKind::JOIN, 256), (PRESENCE, 64), (BOARDS, 64), (BLOBS, 64)];
            let streams = kinds.map(|(kind, room)| builder.accept(kind, room));
            match builder.start().await {
                Ok(mesh) => break (mesh, streams),
                // What is left of an endpoint that was shut down ends in the background, and has the port until then.
                Err(MeshStartError::Bind(_)) if started.elapsed() < LIMIT => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("mesh: {error}"),
            }
        };
        for (device, addresses) in before.addresses {
            mesh.learn(device, addresses, Source::Given);
        }
        let sync = Sync::start(journal.clone(), mesh.clone(), gate, streams, joins, SyncOptions::default());
        let blobs = BlobStore::open(dir.join("blobs")).await.expect("blobs");
        let spaces = Spaces::start(Parts {
            journal: journal.clone(),
            sync: sync.clone(),
            mesh: mesh.clone(),
            blobs: blobs.clone(),
            presence,
            boards,
            page_worker: crate::page_worker::command(),
            dir: dir.clone(),
            downloads: dir.join("received"),
            is_home: |_| false,
            me: Some(me.clone()),
            wall,
        })
        .await
        .expect("spaces");
        let serving = tokio::spawn({
            let (spaces, blobs) = (spaces.clone(), blobs.clone());
            async move {
                while let Some(stream) = blob_streams.recv().await {
                    let (spaces, blobs) = (spaces.clone(), blobs.clone());
                    tokio::spawn(async move {
                        let device = stream.device;
                        let access = move |hashes: &[_]| spaces.may_read_blobs(&device, hashes);
                        let _ =
                            compeer_blobs::serve(&blobs, std::sync::Arc::new(access), stream.recv, stream.send).await;
                    });
                }
            }
        });
        Self { spaces, journal, mesh, sync, serving, me, key, home }
    }

    /// Stops, as a program that is closed.
    pub(crate) async fn stop(self) -> Stopped {
        let port = self.mesh.my_addresses().direct.first().map_or(0, SocketAddr::port);
        let before = Before { port, addresses: self.mesh.export_addresses(), ahead: 0 };
        self.spaces.shutdown().await;
        self.sync.shutdown().await;
        self.mesh.shutdown().await;
        self.serving.abort();
        self.journal.close().await;
        Stopped { home: self.home, key: self.key, me: self.me, before }
    }

    pub(crate) fn person(&self) -> GroupId {
        self.me.person
    }

    /// Invites `other`, who joins.
    pub(crate) async fn bring(&self, space: GroupId, other: &Self, level: Level) {
        let request = InviteRequest { level, expires_in: 3_600_000, uses: 1 };
        let invite = self.spaces.invite(space, request).await.expect("invitation");
        let joined = tokio::time::timeout(LIMIT, other.spaces.join(&invite)).await.expect("in time").expect("joins");
        assert_eq!(joined, space);
    }

    /// The texts of all messages here, oldest first.
    pub(crate) async fn texts(&self, space: GroupId) -> Vec<String> {
        self.log(space).await.into_iter().map(|message| message.text).collect()
    }

    pub(crate) async fn log(&self, space: GroupId) -> Vec<MessageInfo> {
        let range = MessageRange { limit: 1000, ..MessageRange::default() };
        self.spaces.messages(space, range).await.expect("messages").0
    }

    pub(crate) async fn say(&self, space: GroupId, text: &str) -> EntryHash {
        self.spaces.send(space, NewMessage::text(text)).await.expect("sent").id
    }

    /// Waits until `check` holds, looking again after each event.
    pub(crate) async fn until<F, Fut>(&self, what: &str, mut check: F)
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = bool>,
    {
        let mut events = self.spaces.events();
        let wait = async {
            while !check().await {
                next(&mut events).await;
            }
        };
        tokio::time::timeout(LIMIT, wait)
            .await
            .unwrap_or_else(|_| panic!("{}: not in time: {what}", self.me.profile.name));
    }

    /// Waits until all these texts are here, in any order.
    pub(crate) async fn hears(&self, space: GroupId, texts: &[&str]) {
        self.until(&format!("{texts:?}"), || async {
            let here = self.texts(space).await;
            texts.iter().all(|text| here.iter().any(|here| here == text))
        })
        .await;
    }

    /// Waits until there is a link to `other`: they have learned each other's addresses from somebody they share.
    pub(crate) async fn meets(&self, other: &Self) {
        let mut events = self.mesh.events();
        let wait = async {
            while self.mesh.link(other.journal.device()).is_none() {
                let _ = events.recv().await;
            }
        };
        tokio::time::timeout(LIMIT, wait).await.expect("a link in time");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
}

/// A peer that is not running.
pub(crate) struct Stopped {
    home: TempDir,
    key: DeviceKey,
    me: Me,
    before: Before,
}

/// What the node remembers for the mesh across restarts.
#[derive(Default)]
struct Before {
    port: u16,
    addresses: Vec<(DeviceId, Addresses)>,
    /// How far the clock is ahead, in milliseconds.
    ahead: u64,
}

impl Stopped {
    pub(crate) fn person(&self) -> GroupId {
        self.me.person
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) async fn start(self) -> Peer {
        self.start_later(0).await
    }

    /// Starts again with a clock that is so many milliseconds ahead.
    pub(crate) async fn start_later(self, ahead: u64) -> Peer {
        let before = Before { ahead, ..self.before };
        Peer::in_home(self.home, self.key, &self.me.profile.name.clone(), Some(self.me.person), before).await
    }
}

async fn next(events: &mut Receiver<SpacesEvent>) {
    use tokio::sync::broadcast::error::RecvError;
    match events.recv().await {
        Ok(_) | Err(RecvError::Lagged(_)) => {}
        Err(RecvError::Closed) => panic!("the service ended"),
    }
}
