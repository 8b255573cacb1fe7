//! The handle on spaces, and the task that keeps the view in step with the journal.

mod away;
mod boards;
mod changes;
mod chat;
mod comments;
mod delete;
mod direct;
mod farewell;
mod files;
mod follow;
mod groups;
mod guests;
mod introduce;
mod invitations;
pub(crate) mod issues;
mod jobs;
pub(crate) mod pages;
mod presence;
mod pruning;
mod reading;
mod retention;
mod rooms;
mod search;
mod topics;
mod transfers;
mod undelivered;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use compeer_blobs::BlobStore;
use compeer_core::group::{Level, Member, Rules};
use compeer_core::{DeviceId, GroupId, Wall};
use compeer_journal::Journal;
use compeer_journal::sync::Sync;
use compeer_mesh::{IncomingStream, Mesh};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use boards::{BoardNews, BoardSession, BoardShown, DRAWN_AT_ONCE};
pub use files::{LeftOut, Listed, NamedFile, SameName, Shared};
pub use issues::{CsvError, ImportOptions, ImportReport, RowError, RowNote};
pub use jobs::{JobInfo, JobKind, JobState};
pub use pages::{PageNews, PageSession};
pub use presence::PRESENCE;
pub use rooms::BOARDS;
pub use transfers::BLOBS;

use crate::error::{ActError, StartError};
use crate::model::{Op, Profile, SpaceState, SpacesEvent};
use crate::pages::WorkerCommand;
use crate::view::{Reader, View};

/// Events that a slow listener may fall behind before it is told that it missed some.
const EVENTS: usize = 4096;

/// Who uses this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// The person's group.
    pub person: GroupId,
    /// How they show themselves.
    pub profile: Profile,
}

/// What spaces are built on.
pub struct Parts {
    /// The journal.
    pub journal: Journal,
    /// Its replication.
    pub sync: Sync,
    /// Links.
    pub mesh: Mesh,
    /// Blobs.
    pub blobs: BlobStore,
    /// Streams of presence that others open to us.
    pub presence: mpsc::Receiver<IncomingStream>,
    /// Streams of what others show on boards and pages.
    pub boards: mpsc::Receiver<IncomingStream>,
    /// How the process is started that reads what is written on pages.
    pub page_worker: WorkerCommand,
    /// Folder for `spaces.sqlite`.
    pub dir: PathBuf,
    /// Folder for received files that were not asked for by a path.
    pub downloads: PathBuf,
    /// Who uses this device, if anybody has introduced themselves.
    pub me: Option<Me>,
    /// Whether a peer keeps its keys in this folder: it is never shared.
    pub is_home: fn(&std::path::Path) -> bool,
    /// The wall clock.
    pub wall: Wall,
}

/// The handle on spaces. Cloning is cheap.
#[derive(Clone)]
pub struct Spaces {
    inner: Arc<Inner>,
}

struct Inner {
    journal: Journal,
    sync: Sync,
    mesh: Mesh,
    blobs: BlobStore,
    view: View,
    downloads: PathBuf,
    is_home: fn(&std::path::Path) -> bool,
    wall: Wall,
    me: RwLock<Option<Me>>,
    events: broadcast::Sender<SpacesEvent>,
    transfers: transfers::Transfers,
    jobs: jobs::Jobs,
    typing: presence::TypingLimit,
    /// Devices that nobody is at.
    away: away::Away,
    /// Boards and pages that somebody has open.
    rooms: rooms::Rooms,
    /// The texts of pages that are in use.
    texts: pages::Texts,
    /// What readers asked of us.
    requests: introduce::Requests,
    /// Held while a reader is introduced.
    introducing: tokio::sync::Mutex<()>,
    /// Told when a space may show me under another name than mine, and I may not write in it.
    nameless: tokio::sync::Notify,
    /// Spaces that I was brought into and that have not shown yet whether they are direct talks, or rooms of spaces that I am in.
    welcomed: Mutex<std::collections::BTreeSet<GroupId>>,
    /// Told when somebody is to be brought into a direct talk.
    welcomes: tokio::sync::Notify,
    /// Spaces that are rooms, in which guests take part.
    guest_rooms: guests::GuestRooms,
    /// Told when the members of rooms may not be those of their parents.
    rooms_due: tokio::sync::Notify,
    /// What was last told of each space's members, to tell what changed.
    followed: Mutex<HashMap<GroupId, follow::Followed>>,
    /// Held from the look at which names are taken until new ones are listed.
    listing: tokio::sync::Mutex<()>,
    /// Held from the look at which numbers issues have until new ones are made.
    numbering: tokio::sync::Mutex<()>,
    /// Held while the view is brought up to date.
    catching_up: tokio::sync::Mutex<()>,
    /// Spaces that are off the list and kept only until others know that I left, or that they ended.
    leaving: Mutex<std::collections::BTreeSet<GroupId>>,
    /// Spaces of which it is watched whether that is so.
    seen_off: Mutex<std::collections::BTreeSet<GroupId>>,
    /// Held by whoever takes a space off this device or back.
    parting: tokio::sync::Mutex<()>,
    /// Spaces of which nobody who is online lets this device in.
    shut_out: Mutex<std::collections::BTreeSet<GroupId>>,
    /// Told when it shall be looked which messages are due to go.
    retention_due: tokio::sync::Notify,
    /// Told when somebody searches and not all is indexed.
    index_now: tokio::sync::Notify,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Spaces {
    /// Opens the view, brings it up to date, and begins to follow the journal.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let view = View::open(&parts.dir)?;
        let leaving = view.farewells()?.into_iter().collect();
        let welcomed = view.all_welcomed()?.into_iter().collect();
        // Subscribed before the first reading, so nothing falls between.
        let changes = parts.journal.subscribe();
        let spaces = Self {
            inner: Arc::new(Inner {
                journal: parts.journal,
                sync: parts.sync,
                mesh: parts.mesh,
                blobs: parts.blobs,
                view,
                downloads: parts.downloads,
                is_home: parts.is_home,
                wall: parts.wall,
                me: RwLock::new(parts.me),
                events: broadcast::Sender::new(EVENTS),
                transfers: transfers::Transfers::default(),
                jobs: jobs::Jobs::default(),
                typing: presence::TypingLimit::default(),
                away: away::Away::default(),
                rooms: rooms::Rooms::default(),
                texts: pages::Texts::new(parts.page_worker),
                requests: introduce::Requests::default(),
                introducing: tokio::sync::Mutex::default(),
                nameless: tokio::sync::Notify::new(),
                welcomed: Mutex::new(welcomed),
                welcomes: tokio::sync::Notify::new(),
                guest_rooms: guests::GuestRooms::default(),
                rooms_due: tokio::sync::Notify::new(),
                followed: Mutex::default(),
                listing: tokio::sync::Mutex::new(()),
                numbering: tokio::sync::Mutex::default(),
                catching_up: tokio::sync::Mutex::default(),
                leaving: Mutex::new(leaving),
                seen_off: Mutex::default(),
                parting: tokio::sync::Mutex::default(),
                shut_out: Mutex::default(),
                retention_due: tokio::sync::Notify::new(),
                index_now: tokio::sync::Notify::new(),
                tasks: TaskTracker::new(),
                stop: CancellationToken::new(),
            }),
        };
        spaces.load_rooms()?;
        spaces.drop_unfinished_joins().await;
        spaces.catch_up_all().await?;
        let inner = &spaces.inner;
        inner.tasks.spawn(spaces.clone().follow(changes));
        inner.tasks.spawn(spaces.clone().scrub_views());
        inner.tasks.spawn(spaces.clone().keep_indexed());
        inner.tasks.spawn(spaces.clone().keep_to_retention());
        inner.tasks.spawn(spaces.clone().keep_pruned());
        inner.tasks.spawn(spaces.clone().run_transfers());
        inner.tasks.spawn(spaces.clone().ask_for_introductions());
        inner.tasks.spawn(spaces.clone().send_welcomes());
        inner.tasks.spawn(spaces.clone().keep_rooms());
        inner.tasks.spawn(spaces.clone().follow_presence());
        let left = spaces.leaving().clone();
        for space in left.into_iter().chain(spaces.ended_by_me()) {
            spaces.begin_to_see_off(space);
        }
        inner.tasks.spawn(spaces.clone().receive_presence(parts.presence));
        inner.tasks.spawn(spaces.clone().receive_boards(parts.boards));
        inner.tasks.spawn(spaces.clone().keep_pages_read());
        Ok(spaces)
    }

    /// Stops following and waits for what is under way.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// What happens from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<SpacesEvent> {
        self.inner.events.subscribe()
    }

    /// Who uses this device.
    #[must_use]
    pub fn me(&self) -> Option<Me> {
        self.inner.me.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says who uses this device, or how they show themselves from now on, and tells it to every space: by writing it, or
    /// by asking somebody who may write.
    pub async fn set_me(&self, me: Me) -> Result<(), ActError> {
        let op = Op::Profile { profile: me.profile.clone() }.encode()?;
        *self.inner.me.write().unwrap_or_else(PoisonError::into_inner) = Some(me);
        self.inner.nameless.notify_one();
        for (topic, rules) in self.spaces() {
            let may_write = rules.level(&self.inner.journal.device()) >= Some(Level::Write);
            if may_write && rules.ended().is_none() && rules.archived().is_none() {
                self.inner.journal.append(topic, op.clone()).await?;
            }
        }
        Ok(())
    }

    /// A person's name and picture, from the space that heard of them last.
    pub async fn person(&self, person: GroupId) -> Result<Option<(String, Option<Vec<u8>>)>, ActError> {
        let spaces = self.clone();
        let knows = move |topic: &GroupId| {
            spaces.rules(topic).is_ok_and(|rules| rules.members().contains_key(&Member::Group(person)))
        };
        Ok(self.inner.view.with(move |view| view.person(&person, knows)).await?)
    }

    /// What a device is called by its owner.
    pub async fn device_name(&self, device: DeviceId) -> Result<Option<String>, ActError> {
        let spaces = self.clone();
        let knows = move |topic: &GroupId| spaces.rules(topic).is_ok_and(|rules| rules.level(&device).is_some());
        Ok(self.inner.view.with(move |view| view.device_name(&device, knows)).await?)
    }

    fn person_id(&self) -> Result<GroupId, ActError> {
        self.me().map(|me| me.person).ok_or(ActError::NoPerson)
    }

    /// All spaces on this device.
    fn spaces(&self) -> Vec<(GroupId, Arc<Rules>)> {
        let topics = self.inner.journal.topics();
        let adopted = topics.into_iter().filter(|topic| topic.adopted);
        let leaving = self.leaving().clone();
        adopted
            .filter(|topic| !leaving.contains(&topic.topic))
            .filter_map(|topic| self.inner.journal.rules(&topic.topic).map(|rules| (topic.topic, rules)))
            .filter(|(_, rules)| rules.kind() == Some(compeer_core::group::GroupKind::Space))
            .collect()
    }

    /// The rules of one space.
    fn rules(&self, space: &GroupId) -> Result<Arc<Rules>, ActError> {
        let rules = self.inner.journal.rules(space).ok_or(ActError::UnknownSpace)?;
        if self.leaving().contains(space) {
            return Err(ActError::UnknownSpace);
        }
        if rules.kind() == Some(compeer_core::group::GroupKind::Space) {
            Ok(rules)
        } else {
            Err(ActError::UnknownSpace)
        }
    }

    /// For whom a view is made.
    fn reader(&self, rules: &Rules) -> Reader {
        let (person, name) = match self.me() {
            Some(me) => (me.person, me.profile.name),
            // Nobody's id, so that nothing is theirs.
            None => (GroupId::from_bytes([0; 32]), String::new()),
        };
        let since = rules.members().get(&Member::Group(person)).map(|member| member.since).unwrap_or_default();
        Reader { person, name, since }
    }

    /// The rules of a space in which I may do what needs `level`.
    fn rules_for(&self, space: &GroupId, level: Level) -> Result<Arc<Rules>, ActError> {
        let rules = self.rules(space)?;
        match self.state_by(&rules) {
            SpaceState::Ended | SpaceState::Removed => return Err(ActError::Over),
            SpaceState::Active | SpaceState::Joining | SpaceState::ShutOut => {}
        }
        if level == Level::Write && rules.archived().is_some() {
            return Err(ActError::Archived);
        }
        if rules.level(&self.inner.journal.device()) >= Some(level) {
            Ok(rules)
        } else if level == Level::Manage {
            Err(ActError::NeedsManage)
        } else {
            Err(ActError::NeedsWrite)
        }
    }

    /// Where a space stands as far as its rules tell.
    fn state_by(&self, rules: &Rules) -> SpaceState {
        if rules.ended().is_some() {
            SpaceState::Ended
        } else if rules.level(&self.inner.journal.device()).is_none() {
            SpaceState::Removed
        } else {
            SpaceState::Active
        }
    }

    /// Notes whether everybody in a space who is online refuses this device: it was probably removed, and nobody tells it.
    pub fn set_shut_out(&self, space: GroupId, out: bool) {
        let changed = {
            let mut shut_out = self.inner.shut_out.lock().unwrap_or_else(PoisonError::into_inner);
            if out { shut_out.insert(space) } else { shut_out.remove(&space) }
        };
        if changed {
            self.tell(SpacesEvent::Space { space });
        }
    }

    fn is_shut_out(&self, space: &GroupId) -> bool {
        self.inner.shut_out.lock().unwrap_or_else(PoisonError::into_inner).contains(space)
    }

    /// The devices linked to this one now.
    fn linked(&self) -> std::collections::BTreeSet<DeviceId> {
        self.inner.mesh.links().iter().map(compeer_mesh::Link::device).collect()
    }

    fn tell(&self, event: SpacesEvent) {
        // Nobody listening is not a failure.
        let _ = self.inner.events.send(event);
    }
}

/// The names of people, and whether they have a picture.
type People = HashMap<GroupId, (String, bool)>;

/// A person's name, or something to call them by until it arrives.
fn name_or_id(names: &HashMap<GroupId, (String, bool)>, person: &GroupId) -> String {
    names.get(person).map_or_else(|| nameless(person), |(name, _)| name.clone())
}

/// What to call a person whose name has not arrived.
pub(crate) fn nameless(person: &GroupId) -> String {
    format!("somebody ({})", &person.short()[..6])
}
