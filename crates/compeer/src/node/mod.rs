//! The node: joins the floors below and knows in which order they start and stop.
//!
//! Start: home, journal, blobs, mesh, replication, spaces. Stop: the other way round, each stage with a limit, so that a
//! stuck one cannot keep the program from ending. What was acknowledged is on disk before any of this matters.

mod addresses;
mod attendance;
mod failed_files;
mod person;
mod problems;
mod serve_blobs;
mod shut_out;
mod watch;

use std::collections::HashMap;
use std::future::Future;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use compeer_blobs::BlobStore;
use compeer_core::invite::Invite;
use compeer_core::{DeviceId, DeviceKey, GroupId, Millis, Wall, system_wall};
use compeer_journal::Journal;
use compeer_journal::sync::{JournalGate, SYNC, Sync, SyncOptions};
use compeer_mesh::{Mesh, MeshConfig, RelaySpec, StreamKind};
use compeer_spaces::pages::WorkerCommand;
use compeer_spaces::{JoinSpaceError, Parts, Spaces};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::trouble;
use crate::home::{Home, HomeError, Identity, Settings};
use crate::notify;
pub use attendance::{Attendance, Report};
pub use person::{IntroduceError, Introduction, found_person};
pub use problems::{Problem, ProblemChange, Problems, Severity, Trouble};

/// Incoming streams of one kind that wait to be taken.
const STREAMS_WAITING: usize = 64;
/// How long the worker may take to read what was written on a page.
const PAGE_PATIENCE: Duration = Duration::from_secs(5);
/// How long one stage of the shutdown may take.
const STAGE_LIMIT: Duration = Duration::from_secs(4);
/// The port that is tried first; the port of the last run comes before it.
const USUAL_PORT: u16 = 4919;

/// What a node is started with.
#[derive(Clone)]
pub struct NodeOptions {
    /// UDP addresses to listen on; empty means all interfaces, on the port of the last run where possible.
    pub listen: Vec<SocketAddr>,
    /// Our own relays.
    pub relays: Vec<RelaySpec>,
    /// Whether to announce this device on the local network and look for others there.
    pub lan_discovery: bool,
    /// Whether to write on although the home was put back from a copy: somebody vouches that no newer one was in use.
    pub trust_home: bool,
    /// The wall clock.
    pub wall: Wall,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self { listen: Vec::new(), relays: Vec::new(), lan_discovery: true, trust_home: false, wall: system_wall() }
    }
}

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The home folder.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] compeer_journal::OpenError),
    /// The blobs.
    #[error(transparent)]
    Blobs(#[from] compeer_blobs::StoreError),
    /// The mesh.
    #[error(transparent)]
    Mesh(#[from] compeer_mesh::StartError),
    /// The spaces.
    #[error(transparent)]
    Spaces(#[from] compeer_spaces::StartError),
}

/// A running node. Cloning is cheap; [`Node::shutdown`] ends it for all clones.
#[derive(Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

struct Inner {
    home: Home,
    options: NodeOptions,
    started: Millis,
    journal: Journal,
    blobs: BlobStore,
    mesh: Mesh,
    sync: Sync,
    spaces: Spaces,
    problems: Problems,
    identity: RwLock<Option<Identity>>,
    settings: tokio::sync::watch::Sender<Settings>,
    attendance: Attendance,
    last_shown: notify::LastShown,
    /// Serialises changes of the identity.
    introducing: tokio::sync::Mutex<()>,
    /// The UDP port that is listened on.
    port: Option<u16>,
    /// Held while `addresses.json` is written.
    address_book: tokio::sync::Mutex<()>,
    last_seen: Mutex<HashMap<DeviceId, Millis>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Node {
    /// Starts everything. Returns once it can be used; peers are looked for in the background.
    pub async fn start(home: Home, options: NodeOptions) -> Result<Self, StartError> {
        let path = home.path().clone();
        let config = home.journal(options.wall.clone())?;
        let key = config.key.clone();
        let identity = path.read_identity()?;
        let settings = path.read_settings().unwrap_or_else(|error| {
            // Better told too much than not started.
            tracing::warn!(%error, "notifications are as usual");
            Settings::default()
        });
        for folder in [path.spaces(), path.files()] {
            home.make_folder(&folder)?;
        }
        let wall = options.wall.clone();
        let (journal, blobs) = tokio::join!(Journal::open(config), BlobStore::open(path.blobs()));
        let (journal, blobs) = (journal?, blobs?);
        if options.trust_home
            && let Err(error) = journal.trust_local().await
        {
            // It stays as it is, and says so to whoever writes.
            tracing::warn!(%error, "the home is not trusted");
        }
        // Subscribed before the first peer can be linked: what it brings may be worth a look.
        let journal_events = journal.subscribe();
        let gate = JournalGate::new(journal.clone(), wall.clone());
        let invited = addresses::invited_relays(&path).into_iter().filter(|relay| !options.relays.contains(relay));
        let relays = options.relays.iter().cloned().chain(invited).collect();
        let reachable = NodeOptions { relays, ..options.clone() };
        let started = start_mesh(&gate, &key, &reachable, addresses::last_port(&path)).await?;
        let Links { mesh, sync: sync_streams, joins, blobs: blob_streams, presence, boards } = started;
        addresses::load(&path, &mesh);
        let sync = Sync::start(journal.clone(), mesh.clone(), gate, sync_streams, joins, SyncOptions::default());
        let parts = Parts {
            journal: journal.clone(),
            sync: sync.clone(),
            mesh: mesh.clone(),
            blobs: blobs.clone(),
            presence,
            boards,
            page_worker: page_worker(),
            dir: path.spaces(),
            downloads: path.files(),
            is_home: crate::home::is_home,
            me: identity.as_ref().map(person::me),
            wall: wall.clone(),
        };
        let spaces = match Spaces::start(parts).await {
            Ok(spaces) => spaces,
            Err(error) => {
                sync.shutdown().await;
                mesh.shutdown().await;
                journal.close().await;
                return Err(error.into());
            }
        };
        let port = mesh.my_addresses().direct.first().map(SocketAddr::port);
        let node = Self {
            inner: Arc::new(Inner {
                home,
                options,
                started: wall(),
                journal,
                blobs,
                mesh,
                sync,
                spaces,
                problems: Problems::default(),
                identity: RwLock::new(identity),
                settings: tokio::sync::watch::Sender::new(settings),
                attendance: Attendance::default(),
                last_shown: notify::LastShown::default(),
                introducing: tokio::sync::Mutex::default(),
                port,
                address_book: tokio::sync::Mutex::default(),
                last_seen: Mutex::default(),
                tasks: TaskTracker::new(),
                stop: CancellationToken::new(),
            }),
        };
        let tasks = &node.inner.tasks;
        tasks.spawn(serve_blobs::run(node.clone(), blob_streams));
        tasks.spawn(watch::mesh(node.clone(), node.inner.mesh.events()));
        tasks.spawn(watch::journal(node.clone(), journal_events));
        tasks.spawn(watch::sync(node.clone(), node.inner.sync.subscribe()));
        tasks.spawn(watch::spaces(node.clone(), node.inner.spaces.events()));
        tasks.spawn(failed_files::watch(node.clone(), node.inner.spaces.events()));
        tasks.spawn(shut_out::watch(node.clone()));
        tasks.spawn(attendance::keep(node.clone()));
        tasks.spawn(notify::run(node.clone(), node.inner.spaces.events()));
        tasks.spawn(addresses::keep(node.clone(), node.inner.mesh.events()));
        tracing::info!(device = %node.device().short(), "the node is up");
        Ok(node)
    }

    /// Ends everything, stage by stage. Takes at most about twelve seconds.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        stage("spaces", self.inner.spaces.shutdown()).await;
        stage("replication", self.inner.sync.shutdown()).await;
        stage("mesh", self.inner.mesh.shutdown()).await;
        self.inner.tasks.close();
        stage("tasks", self.inner.tasks.wait()).await;
        stage("journal", self.inner.journal.close()).await;
        tracing::info!("the node is down");
    }

    /// This device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.inner.journal.device()
    }

    /// The home it runs on.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.inner.home
    }

    /// What it was started with.
    #[must_use]
    pub fn options(&self) -> &NodeOptions {
        &self.inner.options
    }

    /// When it was started.
    #[must_use]
    pub fn started(&self) -> Millis {
        self.inner.started
    }

    /// The wall clock.
    #[must_use]
    pub fn now(&self) -> Millis {
        (self.inner.options.wall)()
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// Its replication.
    pub(crate) fn sync(&self) -> &Sync {
        &self.inner.sync
    }

    /// Blobs.
    #[must_use]
    pub fn blobs(&self) -> &BlobStore {
        &self.inner.blobs
    }

    /// Links.
    #[must_use]
    pub fn mesh(&self) -> &Mesh {
        &self.inner.mesh
    }

    /// Spaces.
    #[must_use]
    pub fn spaces(&self) -> &Spaces {
        &self.inner.spaces
    }

    /// What somebody should look at.
    #[must_use]
    pub fn problems(&self) -> &Problems {
        &self.inner.problems
    }

    /// Who uses this device, if anybody has introduced themselves.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.inner.identity.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was chosen for this device.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.inner.settings.borrow().clone()
    }

    /// Changes what was chosen. It is on disk when this returns.
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) -> Result<(), HomeError> {
        let mut written = Ok(());
        self.inner.settings.send_if_modified(|settings| {
            let mut next = settings.clone();
            change(&mut next);
            written = self.inner.home.write_settings(&next);
            if written.is_ok() {
                *settings = next;
            }
            written.is_ok()
        });
        self.inner.attendance.look_again();
        written
    }

    /// Tells whoever follows the settings that what they mean has changed: quiet hours have begun or ended.
    pub(crate) fn tell_settings(&self) {
        self.inner.settings.send_modify(|_| {});
    }

    /// Changes of what was chosen.
    pub(crate) fn settings_changes(&self) -> tokio::sync::watch::Receiver<Settings> {
        self.inner.settings.subscribe()
    }

    /// The pages of this device that are open.
    pub(crate) fn attendance(&self) -> &Attendance {
        &self.inner.attendance
    }

    /// What became of the last notification.
    pub(crate) fn last_shown(&self) -> &notify::LastShown {
        &self.inner.last_shown
    }

    /// When a device was last linked since the start; now for one that is.
    #[must_use]
    pub fn last_seen(&self, device: &DeviceId) -> Option<Millis> {
        if self.inner.mesh.link(*device).is_some() {
            return Some(self.now());
        }
        self.inner.last_seen.lock().unwrap_or_else(PoisonError::into_inner).get(device).copied()
    }

    /// Joins a space. Where its host is found is durable before this returns: until other members are known, that is the
    /// only way back.
    pub async fn join(&self, invite: &Invite) -> Result<GroupId, JoinSpaceError> {
        let space = self.inner.spaces.join(invite).await?;
        addresses::save(self).await;
        self.inner.problems.resolve_in(trouble::SHUT_OUT, space);
        Ok(space)
    }

    /// Done when the node is told to stop.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.inner.stop.clone()
    }

    /// Runs a task that [`Node::shutdown`] waits for; it must end when [`Node::stopping`] says so.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.inner.tasks.spawn(task);
    }
}

/// This program, as the worker that reads pages. On Linux by the name under which it goes on being there when another version
/// is put in its place.
fn page_worker() -> WorkerCommand {
    let program = if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() };
    WorkerCommand {
        // Where the system does not say, it is looked for like any other command.
        program: program.unwrap_or_else(|_| "compeer".into()),
        arguments: vec!["page-worker".into()],
        variables: Vec::new(),
        patience: PAGE_PATIENCE,
    }
}

/// A mesh and those who wait for streams on it.
struct Links {
    mesh: Mesh,
    sync: tokio::sync::mpsc::Receiver<compeer_mesh::IncomingStream>,
    joins: tokio::sync::mpsc::Receiver<compeer_mesh::IncomingStream>,
    blobs: tokio::sync::mpsc::Receiver<compeer_mesh::IncomingStream>,
    presence: tokio::sync::mpsc::Receiver<compeer_mesh::IncomingStream>,
    boards: tokio::sync::mpsc::Receiver<compeer_mesh::IncomingStream>,
}

/// Starts the mesh where it was told to listen; or else on the last port, so that addresses in invitations stay good;
/// or else on any port.
async fn start_mesh(
    gate: &JournalGate,
    key: &DeviceKey,
    options: &NodeOptions,
    last_port: Option<u16>,
) -> Result<Links, compeer_mesh::StartError> {
    let everywhere =
        |port| -> Vec<SocketAddr> { vec![(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into()] };
    let mut choices = Vec::new();
    if options.listen.is_empty() {
        for port in last_port.into_iter().chain([USUAL_PORT]) {
            choices.push(everywhere(port));
            // Where there is no IPv6.
            choices.push(vec![(Ipv4Addr::UNSPECIFIED, port).into()]);
        }
        choices.push(Vec::new());
    } else {
        choices.push(options.listen.clone());
    }
    let mut failure = None;
    for listen in choices {
        let config = MeshConfig {
            listen,
            relays: options.relays.clone(),
            lan_discovery: options.lan_discovery,
            ..MeshConfig::new(key.clone())
        };
        let mut builder = Mesh::builder(config, gate.clone());
        let sync = builder.accept(SYNC, STREAMS_WAITING);
        let joins = builder.accept(StreamKind::JOIN, STREAMS_WAITING);
        let blobs = builder.accept(compeer_spaces::BLOBS, STREAMS_WAITING);
        let presence = builder.accept(compeer_spaces::PRESENCE, STREAMS_WAITING);
        let boards = builder.accept(compeer_spaces::BOARDS, STREAMS_WAITING);
        match builder.start().await {
            Ok(mesh) => return Ok(Links { mesh, sync, joins, blobs, presence, boards }),
            Err(error) => {
                tracing::debug!(%error, "cannot listen there");
                failure = Some(error);
            }
        }
    }
    // There is at least one choice, so there is a failure if nothing worked.
    Err(failure.unwrap_or(compeer_mesh::StartError::Key))
}

async fn stage(name: &'static str, work: impl Future<Output = ()>) {
    if tokio::time::timeout(STAGE_LIMIT, work).await.is_err() {
        tracing::warn!(stage = name, "did not end in time and is cut off");
    }
}
