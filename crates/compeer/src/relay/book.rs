//! The devices that a relay has let in, with the times when each was first and last seen: `relay-devices.json` in the home.

use std::collections::BTreeMap;

use compeer_core::{DeviceId, Millis};
use serde::{Deserialize, Serialize};

use crate::home::{self, HomeError, HomePath};

/// Devices that are remembered; who was seen longest ago makes room.
const MOST: usize = 1000;
/// Bytes of the largest file that is read.
const MAX_BYTES: u64 = 1024 * 1024;

/// When a device was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    first: Millis,
    last: Millis,
}

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    devices: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    device: String,
    first_seen: Millis,
    last_seen: Millis,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Book {
    devices: BTreeMap<DeviceId, Seen>,
    changed: bool,
}

impl Book {
    /// What was remembered last time; nothing when there is no file.
    pub(crate) fn read(path: &HomePath) -> Result<Self, HomeError> {
        let path = path.relay_devices();
        let Some(text) = home::read_text(&path, MAX_BYTES)? else { return Ok(Self::default()) };
        let written: Written = serde_json::from_str(&text).map_err(|source| HomeError::Damaged { path, source })?;
        let mut book = Self::default();
        for Line { device, first_seen, last_seen } in written.devices {
            if let Ok(device) = device.parse() {
                book.insert(device, Seen { first: first_seen, last: last_seen });
            }
        }
        Ok(book)
    }

    /// A device is here.
    pub(crate) fn saw(&mut self, device: DeviceId, now: Millis) {
        let first = self.devices.get(&device).map_or(now, |seen| seen.first);
        self.insert(device, Seen { first, last: now });
        self.changed = true;
    }

    fn insert(&mut self, device: DeviceId, seen: Seen) {
        self.devices.insert(device, seen);
        if self.devices.len() > MOST {
            let oldest = self.devices.iter().filter(|(other, _)| **other != device).min_by_key(|(_, seen)| seen.last);
            if let Some(oldest) = oldest.map(|(device, _)| *device) {
                self.devices.remove(&oldest);
            }
        }
    }

    /// What to write, if anything has changed since the last time; who was seen last stands first.
    pub(crate) fn take_unwritten(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let mut devices: Vec<_> = self.devices.iter().collect();
        devices.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.last));
        let line = |(device, seen): (&DeviceId, &Seen)| Line {
            device: device.to_string(),
            first_seen: seen.first,
            last_seen: seen.last,
        };
        let written = Written { devices: devices.into_iter().map(line).collect() };
        let mut text = serde_json::to_vec_pretty(&written).unwrap_or_default();
        text.push(b'\n');
        Some(text)
    }

    /// What was taken could not be written.
    pub(crate) fn keep_unwritten(&mut self) {
        self.changed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> DeviceId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        DeviceId::from_bytes(bytes)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = HomePath::resolve(Some(folder.path().to_owned())).expect("resolves");
        let mut book = Book::read(&path).expect("nothing yet");
        assert_eq!(book.take_unwritten(), None);
        book.saw(id(1), 10);
        book.saw(id(2), 20);
        book.saw(id(1), 30);
        let text = book.take_unwritten().expect("news");
        assert_eq!(book.take_unwritten(), None);
        home::write_private(&path.relay_devices(), &text).expect("written");
        let again = Book::read(&path).expect("good");
        assert_eq!(again.devices, book.devices);
        assert_eq!(again.devices[&id(1)], Seen { first: 10, last: 30 });
        std::fs::write(path.relay_devices(), "{").expect("written");
        assert!(matches!(Book::read(&path), Err(HomeError::Damaged { .. })));
    }

    #[test]
    fn who_was_seen_longest_ago_makes_room() {
        let mut book = Book::default();
        for number in 0..MOST {
            book.saw(id(number), 100 + number as u64);
        }
        book.saw(id(0), 5000);
        book.saw(id(MOST), 5001);
        assert_eq!(book.devices.len(), MOST);
        assert!(book.devices.contains_key(&id(0)) && !book.devices.contains_key(&id(1)));
        let text = book.take_unwritten().expect("news");
        assert!(text.len() as u64 <= MAX_BYTES, "{}", text.len());
    }

    #[test]
    fn fuzz_relay_devices() {
        let mut book = Book::default();
        book.saw(id(1), 10);
        book.saw(id(2), 20);
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
        let path = HomePath::resolve(Some(folder.path().to_owned())).expect("resolves");
        compeer_testkit::fuzz::run(&[book.take_unwritten().expect("news")], |bytes| {
            std::fs::write(path.relay_devices(), bytes).expect("written");
            Book::read(&path).is_ok()
        });
    }
}
