//! Who has a board or a page open now. A room is there for everything that somebody has open; what its people show is kept in
//! memory, the newest of each device, and nothing of it is an entry.

mod streams;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::streams::BOARDS;
use super::{Spaces, name_or_id};
use crate::error::ViewError;
use crate::model::{BoardPerson, Showing, Step, StepError};

/// Boards and pages that one device is seen on at once.
const PER_DEVICE: usize = 16;

/// A board or a page of a space.
pub(in crate::service) type Key = (GroupId, EntryHash);

/// What somebody has open.
#[derive(Default)]
pub(in crate::service) struct Rooms(Mutex<HashMap<Key, Arc<Room>>>);

/// One thing that somebody has open.
pub(in crate::service) struct Room {
    people: Mutex<People>,
    /// What this device shows.
    pub(in crate::service) mine: watch::Sender<Arc<Showing>>,
    /// Counts whatever happens here.
    pub(in crate::service) changed: watch::Sender<u64>,
}

#[derive(Default)]
struct People {
    /// Pages of ours that have it open, and what ends what they began.
    pages: usize,
    open: CancellationToken,
    others: BTreeMap<DeviceId, Other>,
    /// Devices that are told what we show.
    told: BTreeSet<DeviceId>,
    /// Counts what was drawn or written.
    drawn: u64,
    /// Counts who came and went.
    moved: u64,
}

/// Another device that has it open.
struct Other {
    person: GroupId,
    showing: Arc<Showing>,
    /// The stream it is told on; a later one takes its place.
    stream: u64,
}

impl Room {
    fn new() -> Self {
        Self { people: Mutex::default(), mine: watch::Sender::new(Arc::default()), changed: watch::Sender::new(0) }
    }

    fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Whether a device has it open, too.
    pub(super) fn has(&self, device: &DeviceId) -> bool {
        self.people().others.contains_key(device)
    }

    /// What ends when our last page of it does; `None` when none is open.
    pub(super) fn open(&self) -> Option<CancellationToken> {
        let people = self.people();
        (people.pages > 0).then(|| people.open.clone())
    }

    /// Notes that a device is told from now on. Whether it was not.
    pub(super) fn begin_telling(&self, device: DeviceId) -> bool {
        self.people().told.insert(device)
    }

    pub(super) fn end_telling(&self, device: &DeviceId) {
        self.people().told.remove(device);
    }
}

impl Rooms {
    fn rooms(&self) -> MutexGuard<'_, HashMap<Key, Arc<Room>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn room(&self, key: Key) -> Arc<Room> {
        self.rooms().entry(key).or_insert_with(|| Arc::new(Room::new())).clone()
    }

    /// What our own pages have open.
    pub(super) fn open(&self) -> Vec<(Key, Arc<Room>)> {
        let open = |(key, room): (&Key, &Arc<Room>)| room.open().map(|_| (*key, room.clone()));
        self.rooms().iter().filter_map(open).collect()
    }

    /// The people of other devices who have something open.
    pub(in crate::service) fn here(&self, space: GroupId, thing: EntryHash) -> BTreeSet<GroupId> {
        let room = self.rooms().get(&(space, thing)).cloned();
        room.map(|room| room.people().others.values().map(|other| other.person).collect()).unwrap_or_default()
    }

    /// Forgets a room in which nobody is.
    fn tidy(&self, key: &Key) {
        let mut rooms = self.rooms();
        let empty = rooms.get(key).is_some_and(|room| {
            let people = room.people();
            people.pages == 0 && people.others.is_empty()
        });
        if empty {
            rooms.remove(key);
        }
    }

    /// Lets a device in that says it has something open; `None` when it is on too many. `stream` tells its streams apart.
    pub(super) fn enter(&self, key: Key, device: DeviceId, person: GroupId, stream: u64) -> Option<Arc<Room>> {
        let on = self.rooms().iter().filter(|(other, room)| **other != key && room.has(&device)).count();
        if on >= PER_DEVICE {
            return None;
        }
        let room = self.room(key);
        {
            let mut people = room.people();
            people.others.insert(device, Other { person, showing: Arc::default(), stream });
            people.moved += 1;
        }
        room.touch();
        Some(room)
    }

    /// A device, or an older stream of it, has gone.
    pub(super) fn leave(&self, key: Key, room: &Room, device: &DeviceId, stream: u64) {
        {
            let mut people = room.people();
            if people.others.get(device).is_none_or(|other| other.stream != stream) {
                return;
            }
            people.others.remove(device);
            people.moved += 1;
        }
        room.touch();
        self.tidy(&key);
    }

    /// Something was drawn on a board, or written on a page.
    pub(in crate::service) fn drawn(&self, space: GroupId, thing: EntryHash) {
        let room = self.rooms().get(&(space, thing)).cloned();
        if let Some(room) = room {
            room.people().drawn += 1;
            room.touch();
        }
    }

    /// Everything in a space was taken in anew.
    pub(in crate::service) fn rebuilt(&self, space: GroupId) {
        let rooms: Vec<_> =
            self.rooms().iter().filter(|(key, _)| key.0 == space).map(|(_, room)| room.clone()).collect();
        for room in rooms {
            room.people().drawn += 1;
            room.touch();
        }
    }
}

impl Room {
    /// Takes what a device shows now; somebody who may only read draws nothing.
    pub(super) fn show(&self, device: &DeviceId, stream: u64, step: Step, level: Level) -> Result<(), StepError> {
        let mut people = self.people();
        let Some(other) = people.others.get_mut(device).filter(|other| other.stream == stream) else { return Ok(()) };
        let mut showing = Showing::clone(&other.showing);
        showing.take(step)?;
        if level < Level::Write {
            showing.drawing.clear();
        }
        other.showing = Arc::new(showing);
        drop(people);
        self.touch();
        Ok(())
    }
}

/// What is new in a room since somebody last looked.
#[derive(Default)]
pub(in crate::service) struct News {
    /// Who is there now, this device not among them, when somebody came or went.
    pub(in crate::service) here: Option<Vec<(DeviceId, BoardPerson)>>,
    /// What the others show, of those that show something else than before, and how it came to be that.
    pub(in crate::service) shown: Vec<(DeviceId, Step, Arc<Showing>)>,
}

/// A page of ours that has a board or a page of a space open. Others see this device there until the last one is dropped.
pub(in crate::service) struct Seat {
    spaces: Spaces,
    pub(in crate::service) key: Key,
    room: Arc<Room>,
    changed: watch::Receiver<u64>,
    drawn: Option<u64>,
    moved: Option<u64>,
    shown: BTreeMap<DeviceId, Arc<Showing>>,
}

impl Spaces {
    /// Opens a board or a page for a page of ours: from now on this device is seen there.
    pub(in crate::service) fn sit_down(&self, key: Key) -> Seat {
        let room = self.inner.rooms.room(key);
        {
            let mut people = room.people();
            if people.pages == 0 {
                people.open = CancellationToken::new();
            }
            people.pages += 1;
        }
        // It may have been forgotten between being made and being entered.
        self.inner.rooms.rooms().insert(key, room.clone());
        self.tell_room(key, &room);
        let changed = room.changed.subscribe();
        Seat { spaces: self.clone(), key, room, changed, drawn: None, moved: None, shown: BTreeMap::new() }
    }
}

impl Seat {
    /// Shows something to the others who are there. Somebody who may only read shows no drawing.
    pub(in crate::service) fn show(&self, mut showing: Showing) -> Result<(), StepError> {
        showing.check()?;
        if self.spaces.rules_for(&self.key.0, Level::Write).is_err() {
            showing.drawing.clear();
        }
        self.room.mine.send_replace(Arc::new(showing));
        Ok(())
    }

    /// Waits until something happens after the last look.
    pub(in crate::service) async fn changed(&mut self) {
        // The room is held here, so it goes on.
        let _ = self.changed.changed().await;
    }

    /// Whether something was drawn or written after what this page was told, or it was told nothing yet: then the count to
    /// remember with [`Seat::has_drawn`]. To be asked before [`Seat::look`].
    pub(in crate::service) fn is_drawn(&mut self) -> Option<u64> {
        self.changed.borrow_and_update();
        let drawn = self.room.people().drawn;
        (self.drawn != Some(drawn)).then_some(drawn)
    }

    /// Looks at who is there and what they show. If the look is given up, nothing is lost.
    pub(in crate::service) async fn look(&mut self) -> Result<News, ViewError> {
        let (moved, now) = {
            let people = self.room.people();
            let now = people.others.iter().map(|(device, other)| (*device, (other.person, other.showing.clone())));
            (people.moved, now.collect::<BTreeMap<_, _>>())
        };
        let space = self.key.0;
        let names = match self.moved != Some(moved) {
            true => Some(self.spaces.inner.view.with(move |view| view.people(&space)).await?),
            false => None,
        };
        // Nothing is waited for from here on: who stops waiting for news loses none.
        let mut news = News::default();
        if let Some(names) = names {
            let person = |(device, (person, _)): (&DeviceId, &(GroupId, _))| {
                (*device, BoardPerson { person: *person, name: name_or_id(&names, person) })
            };
            news.here = Some(now.iter().map(person).collect());
            self.shown.retain(|device, _| now.contains_key(device));
            self.moved = Some(moved);
        }
        for (device, (_, showing)) in now {
            let before = self.shown.get(&device).cloned().unwrap_or_default();
            if let Some(step) = showing.since(&before) {
                news.shown.push((device, step, showing.clone()));
                self.shown.insert(device, showing);
            }
        }
        Ok(news)
    }

    /// Whether this page was told nothing yet of what is drawn or written.
    pub(in crate::service) fn is_first(&self) -> bool {
        self.drawn.is_none()
    }

    /// What was drawn or written up to this count has been told.
    pub(in crate::service) fn has_drawn(&mut self, count: u64) {
        self.drawn = Some(count);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        {
            let mut people = self.room.people();
            people.pages -= 1;
            if people.pages == 0 {
                people.open.cancel();
                drop(people);
                self.room.mine.send_replace(Arc::default());
            }
        }
        self.spaces.inner.rooms.tidy(&self.key);
    }
}
