//! Who is on a board now. A room is there for every board that somebody has open; what its people show is kept in memory, the
//! newest of each device, and nothing of it is an entry.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::{Spaces, name_or_id};
use crate::error::ActError;
use crate::model::{BoardPerson, Drawing, Showing, SpacesEvent, Step, StepError};

/// Boards that one device is seen on at once.
const BOARDS_PER_DEVICE: usize = 16;
/// A page is told at most this often: once for each picture that a screen draws.
const TOLD_EVERY: Duration = Duration::from_millis(14);

/// A board of a space.
pub(super) type Key = (GroupId, EntryHash);

/// The boards on which somebody is.
#[derive(Default)]
pub(in crate::service) struct Rooms(Mutex<HashMap<Key, Arc<Room>>>);

/// One board that somebody has open.
pub(super) struct Room {
    people: Mutex<People>,
    /// What this device shows.
    pub(super) mine: watch::Sender<Arc<Showing>>,
    /// Counts whatever happens here.
    pub(super) changed: watch::Sender<u64>,
}

#[derive(Default)]
struct People {
    /// Pages of ours that have it open, and what ends what they began.
    pages: usize,
    open: CancellationToken,
    others: BTreeMap<DeviceId, Other>,
    /// Devices that are told what we show.
    told: BTreeSet<DeviceId>,
    /// Counts what was drawn.
    drawn: u64,
    /// Counts who came and went.
    moved: u64,
}

/// Another device that has the board open.
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

    /// The boards that pages of ours have open.
    pub(super) fn open(&self) -> Vec<(Key, Arc<Room>)> {
        let open = |(key, room): (&Key, &Arc<Room>)| room.open().map(|_| (*key, room.clone()));
        self.rooms().iter().filter_map(open).collect()
    }

    /// The people of other devices who have a board open.
    pub(super) fn here(&self, space: GroupId, board: EntryHash) -> BTreeSet<GroupId> {
        let room = self.rooms().get(&(space, board)).cloned();
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

    /// Lets a device in that says it has a board open; `None` when it is on too many. `stream` tells its streams apart.
    pub(super) fn enter(&self, key: Key, device: DeviceId, person: GroupId, stream: u64) -> Option<Arc<Room>> {
        let on = self.rooms().iter().filter(|(other, room)| **other != key && room.has(&device)).count();
        if on >= BOARDS_PER_DEVICE {
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

    /// Something was drawn on a board.
    pub(in crate::service) fn drawn(&self, space: GroupId, board: EntryHash) {
        let room = self.rooms().get(&(space, board)).cloned();
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

/// What a page is told of a board.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BoardNews {
    /// What was drawn.
    pub drawn: Option<Drawing>,
    /// Who is there now, this device not among them, when somebody came or went.
    pub here: Option<Vec<(DeviceId, BoardPerson)>>,
    /// What the others show, of those that show something else than before.
    pub shown: Vec<BoardShown>,
}

/// What somebody shows now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardShown {
    /// On which device.
    pub device: DeviceId,
    /// How it came to be what it is.
    pub step: Step,
    /// All of it.
    pub now: Arc<Showing>,
}

/// A page that has a board open. Others see this device on it until the last such page is dropped.
pub struct BoardSession {
    spaces: Spaces,
    key: Key,
    room: Arc<Room>,
    changed: watch::Receiver<u64>,
    /// What the page was told.
    since: Option<i64>,
    drawn: Option<u64>,
    moved: Option<u64>,
    shown: BTreeMap<DeviceId, Arc<Showing>>,
    next: Instant,
}

impl Spaces {
    /// Opens a board for a page: from now on this device is seen there. The first news are all there is, unless the page has
    /// it all up to `since`.
    pub async fn open_board(
        &self,
        space: GroupId,
        board: EntryHash,
        since: Option<i64>,
    ) -> Result<BoardSession, ActError> {
        self.rules_for(&space, Level::Read)?;
        self.board(space, board).await?;
        let key = (space, board);
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
        Ok(BoardSession {
            spaces: self.clone(),
            key,
            room,
            changed,
            since,
            drawn: None,
            moved: None,
            shown: BTreeMap::new(),
            next: Instant::now(),
        })
    }

    /// Tells pages that do not have it open that somebody came to a board or left it.
    pub(super) fn tell_board(&self, (space, board): Key) {
        self.tell(SpacesEvent::Board { space, board });
    }
}

impl BoardSession {
    /// Shows something to the others on the board. Somebody who may only read shows no drawing.
    pub fn show(&self, mut showing: Showing) -> Result<(), StepError> {
        showing.check()?;
        if self.spaces.rules_for(&self.key.0, Level::Write).is_err() {
            showing.drawing.clear();
        }
        self.room.mine.send_replace(Arc::new(showing));
        Ok(())
    }

    /// What is new; waits until something is, and may be given up at any time. Whoever is slow misses what lay between and
    /// nothing of what is drawn.
    pub async fn next(&mut self) -> Result<BoardNews, ActError> {
        loop {
            tokio::time::sleep_until(self.next).await;
            self.changed.borrow_and_update();
            let news = self.look().await?;
            if news != BoardNews::default() {
                self.next = Instant::now() + TOLD_EVERY;
                return Ok(news);
            }
            // The room is held here, so it goes on.
            let _ = self.changed.changed().await;
        }
    }

    async fn look(&mut self) -> Result<BoardNews, ActError> {
        let (space, board) = self.key;
        self.spaces.rules_for(&space, Level::Read)?;
        let (drawn, moved, now) = {
            let people = self.room.people();
            let now = people.others.iter().map(|(device, other)| (*device, (other.person, other.showing.clone())));
            (people.drawn, people.moved, now.collect::<BTreeMap<_, _>>())
        };
        let drawing = match self.drawn != Some(drawn) {
            true => Some(self.spaces.drawing_here(space, board, self.since).await?),
            false => None,
        };
        let names = match self.moved != Some(moved) {
            true => Some(self.spaces.inner.view.with(move |view| view.people(&space)).await?),
            false => None,
        };
        // Nothing is waited for from here on: who stops waiting for news loses none.
        let mut news = BoardNews::default();
        if let Some(drawing) = drawing {
            self.since = Some(drawing.upto);
            news.drawn = (self.drawn.is_none() || drawing.all || !drawing.elements.is_empty()).then_some(drawing);
            self.drawn = Some(drawn);
        }
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
                news.shown.push(BoardShown { device, step, now: showing.clone() });
                self.shown.insert(device, showing);
            }
        }
        Ok(news)
    }
}

impl Drop for BoardSession {
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
