//! The relay's door: lets devices in by the list, notes who comes, and tells of those who are refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use compeer_core::{DeviceId, Millis, Wall};
use compeer_mesh::relay::Doorkeeper;
use tokio::sync::mpsc;

use super::Book;

/// A device that is refused again is told of again after this many milliseconds.
const SAY_AGAIN: Millis = 10 * 60 * 1000;
/// Refused devices that are remembered for that. They hold the key, so somebody gave it to them.
const REFUSED: usize = 1000;
/// Refusals that wait to be told; more are not.
const UNTOLD: usize = 64;

/// A device that holds the key and is not on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) DeviceId);

/// The door.
pub(crate) struct Door {
    state: Mutex<State>,
    wall: Wall,
    refusals: mpsc::Sender<Refusal>,
}

struct State {
    /// Who is let in; `None` lets everybody in who holds the key.
    listed: Option<BTreeSet<DeviceId>>,
    /// Who is connected, how often.
    connected: BTreeMap<DeviceId, usize>,
    /// When devices were last told of as refused.
    refused: BTreeMap<DeviceId, Millis>,
    book: Book,
}

impl Door {
    /// The door, and where those are told who are refused.
    pub(crate) fn new(listed: Option<BTreeSet<DeviceId>>, book: Book, wall: Wall) -> (Self, mpsc::Receiver<Refusal>) {
        let (refusals, told) = mpsc::channel(UNTOLD);
        let state = State { listed, connected: BTreeMap::new(), refused: BTreeMap::new(), book };
        (Self { state: Mutex::new(state), wall, refusals }, told)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is another list.
    pub(crate) fn set_listed(&self, listed: BTreeSet<DeviceId>) {
        let mut state = self.state();
        // Who is taken out later is told of at once.
        state.refused.retain(|device, _| !listed.contains(device));
        state.listed = Some(listed);
    }

    /// Who is connected and not on the list any more. Asked again and again, it also finds who was on the way in when the
    /// list changed.
    pub(crate) fn unwelcome(&self) -> Vec<DeviceId> {
        let state = self.state();
        let Some(listed) = &state.listed else { return Vec::new() };
        state.connected.keys().filter(|device| !listed.contains(device)).copied().collect()
    }

    /// What to write into the home, if anything has changed. `all`: also that those who are connected are still here.
    pub(crate) fn take_unwritten(&self, all: bool) -> Option<Vec<u8>> {
        let now = (self.wall)();
        let mut state = self.state();
        if all {
            let here: Vec<DeviceId> = state.connected.keys().copied().collect();
            here.into_iter().for_each(|device| state.book.saw(device, now));
        }
        state.book.take_unwritten()
    }

    /// What was taken could not be written.
    pub(crate) fn keep_unwritten(&self) {
        self.state().book.keep_unwritten();
    }
}

impl Doorkeeper for Door {
    fn admits(&self, device: DeviceId) -> bool {
        let now = (self.wall)();
        let mut state = self.state();
        if state.listed.as_ref().is_none_or(|listed| listed.contains(&device)) {
            *state.connected.entry(device).or_default() += 1;
            state.book.saw(device, now);
            return true;
        }
        // A clock that was set back does not silence anybody.
        let said = state.refused.get(&device).is_some_and(|at| now.abs_diff(*at) < SAY_AGAIN);
        if !said && self.refusals.try_send(Refusal(device)).is_ok() {
            if state.refused.len() >= REFUSED {
                let oldest = state.refused.iter().min_by_key(|(_, at)| **at).map(|(device, _)| *device);
                oldest.map(|device| state.refused.remove(&device));
            }
            state.refused.insert(device, now);
        }
        false
    }

    fn gone(&self, device: DeviceId) {
        let now = (self.wall)();
        let mut state = self.state();
        state.book.saw(device, now);
        if let Some(connections) = state.connected.get_mut(&device) {
            *connections -= 1;
            if *connections == 0 {
                state.connected.remove(&device);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn id(number: u16) -> DeviceId {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        DeviceId::from_bytes(bytes)
    }

    #[test]
    fn the_list_decides_and_a_refusal_is_told_now_and_then() {
        let time = Arc::new(AtomicU64::new(1_000_000));
        let wall = Arc::clone(&time);
        let wall: Wall = Arc::new(move || wall.load(Ordering::SeqCst));
        let (door, mut refusals) = Door::new(Some([id(1)].into()), Book::default(), wall);
        assert!(door.admits(id(1)) && door.admits(id(1)));
        assert!(!door.admits(id(2)) && !door.admits(id(2)));
        assert_eq!(refusals.try_recv(), Ok(Refusal(id(2))));
        assert!(refusals.try_recv().is_err(), "told once");
        time.fetch_add(SAY_AGAIN, Ordering::SeqCst);
        assert!(!door.admits(id(2)));
        assert_eq!(refusals.try_recv(), Ok(Refusal(id(2))));
        door.set_listed([id(2)].into());
        assert!(door.admits(id(2)));
        assert_eq!(door.unwelcome(), [id(1)]);
        door.gone(id(1));
        assert_eq!(door.unwelcome(), [id(1)], "one connection of two is left");
        door.gone(id(1));
        assert!(door.unwelcome().is_empty());
        assert!(!door.admits(id(1)));
        assert_eq!(refusals.try_recv(), Ok(Refusal(id(1))));
        assert!(door.take_unwritten(false).is_some());
        assert!(door.take_unwritten(false).is_none());
        assert!(door.take_unwritten(true).is_some(), "one is still here");
    }

    #[test]
    fn a_flood_of_devices_is_bounded() {
        let (door, mut refusals) = Door::new(Some(BTreeSet::new()), Book::default(), Arc::new(|| 7));
        for number in 0..5000 {
            assert!(!door.admits(id(number)));
            if number % 2 == 0 {
                let _ = refusals.try_recv();
            }
        }
        assert!(door.state().refused.len() <= REFUSED);
        let (open, _) = Door::new(None, Book::default(), Arc::new(|| 7));
        assert!(open.admits(id(1)) && open.unwelcome().is_empty());
    }
}
