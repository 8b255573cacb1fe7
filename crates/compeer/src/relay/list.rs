//! The file of devices that a relay lets in: one device id a line; blank lines and what follows `#` say nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use compeer_core::DeviceId;
use compeer_core::id::IdError;

use crate::files::{self, FileError};

/// Bytes of the longest list that is read: enough for ten thousand devices with a remark each.
const MAX_BYTES: u64 = 1024 * 1024;

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    /// The file cannot be read.
    #[error("the list of devices {path} cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FileError,
    },
    /// Longer than any list.
    #[error("the list of devices {path} is longer than {MAX_BYTES} bytes", path = path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// A line that names no device.
    #[error("line {line} of the list of devices {path} names no device: {source}", path = path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong.
        source: IdError,
    },
}

/// Devices that are let in, as they stood in the file at last.
#[derive(Debug)]
pub(crate) struct DeviceList {
    path: PathBuf,
    /// What was read last, good or bad.
    text: Option<Vec<u8>>,
    /// What the last failure said, so that it is said once.
    failure: Option<String>,
    devices: BTreeSet<DeviceId>,
}

impl DeviceList {
    /// Reads the list for the first time: it has to be good.
    pub(crate) fn open(path: PathBuf) -> Result<Self, ListError> {
        let text = read(&path)?;
        let devices = parse(&path, &text)?;
        Ok(Self { path, text: Some(text), failure: None, devices })
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The devices of the last good list.
    pub(crate) fn devices(&self) -> &BTreeSet<DeviceId> {
        &self.devices
    }

    /// Reads the file again. True when the devices are others than before; an error is given once, and as long as there
    /// is one, the last good list stays.
    pub(crate) fn refresh(&mut self) -> Result<bool, ListError> {
        let read = read(&self.path).and_then(|text| {
            if self.text.as_ref() == Some(&text) {
                return Ok(None);
            }
            let devices = parse(&self.path, &text);
            self.text = Some(text);
            devices.map(Some)
        });
        match read {
            Ok(Some(devices)) => {
                self.failure = None;
                let changed = devices != self.devices;
                self.devices = devices;
                Ok(changed)
            }
            Ok(None) => Ok(false),
            Err(error) => {
                if !matches!(error, ListError::Line { .. }) {
                    // Once it can be read again, it is looked at whatever it says.
                    self.text = None;
                }
                let said = error.to_string();
                if self.failure.replace(said.clone()) == Some(said) { Ok(false) } else { Err(error) }
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ListError> {
    files::read(path, MAX_BYTES).map_err(|source| match source {
        FileError::TooLarge(_) => ListError::TooLong { path: path.to_owned() },
        source => ListError::Read { path: path.to_owned(), source },
    })
}

/// The devices in a list. What is no UTF-8 can only stand in a remark.
fn parse(path: &Path, text: &[u8]) -> Result<BTreeSet<DeviceId>, ListError> {
    let mut devices = BTreeSet::new();
    for (number, line) in String::from_utf8_lossy(text).lines().enumerate() {
        // Editors on Windows may put a mark in front of the first line.
        let line = line.trim_start_matches('\u{feff}');
        let id = line.split('#').next().unwrap_or_default().trim();
        if id.is_empty() {
            continue;
        }
        let bad = |source| ListError::Line { path: path.to_owned(), line: number + 1, source };
        devices.insert(id.parse().map_err(bad)?);
    }
    Ok(devices)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> DeviceId {
        DeviceId::from_bytes([number; 32])
    }

    #[test]
    fn a_line_a_device() {
        let text = format!(
            "\u{feff}# who may use the relay\n\n{}\n  {} # Bo's laptop\r\n\t#{}\n{}",
            id(1),
            id(2).to_string().to_uppercase(),
            id(3),
            id(4)
        );
        let devices = parse(Path::new("list"), text.as_bytes()).expect("good");
        assert_eq!(devices, [id(1), id(2), id(4)].into());
        assert!(parse(Path::new("list"), b"# nobody yet").expect("good").is_empty());
    }

    #[test]
    fn a_bad_line_is_named() {
        let text = format!("{}\n# fine\nAda {}\n", id(1), id(2));
        let error = parse(Path::new("list"), text.as_bytes()).expect_err("bad");
        assert!(matches!(error, ListError::Line { line: 3, source: IdError::Length(56), .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "line 3 of the list of devices list names no device: an id has 52 characters, this has 56"
        );
    }

    #[test]
    fn an_error_is_said_once_and_the_last_good_list_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("devices");
        assert!(matches!(DeviceList::open(path.clone()), Err(ListError::Read { .. })));
        std::fs::write(&path, id(1).to_string()).expect("written");
        let mut list = DeviceList::open(path.clone()).expect("good");
        assert!(!list.refresh().expect("the same"));
        for bad in ["nonsense", "other nonsense on a line"] {
            std::fs::write(&path, bad).expect("written");
            assert!(matches!(list.refresh(), Err(ListError::Line { line: 1, .. })));
            assert!(!list.refresh().expect("said already"));
            assert_eq!(list.devices(), &[id(1)].into());
        }
        std::fs::remove_file(&path).expect("removed");
        assert!(matches!(list.refresh(), Err(ListError::Read { .. })));
        assert!(!list.refresh().expect("said already"));
        assert_eq!(list.devices(), &[id(1)].into());
        std::fs::write(&path, id(1).to_string()).expect("written");
        assert!(!list.refresh().expect("as it was"));
        std::fs::write(&path, format!("{}\n{}\n", id(1), id(2))).expect("written");
        assert!(list.refresh().expect("good"));
        assert_eq!(list.devices(), &[id(1), id(2)].into());
        std::fs::write(&path, "nonsense").expect("written");
        assert!(list.refresh().is_err(), "again, after it was good");
        std::fs::File::create(&path).and_then(|file| file.set_len(MAX_BYTES + 1)).expect("written");
        assert!(matches!(list.refresh(), Err(ListError::TooLong { .. })));
    }

    #[test]
    fn fuzz_device_list() {
        let seeds = [format!("# remark\n{}\n", id(1)), format!("{} # Bo\r\n\n{}", id(2), id(3))];
        let seeds: Vec<Vec<u8>> = seeds.into_iter().map(String::into_bytes).collect();
        compeer_testkit::fuzz::run(&seeds, |bytes| parse(Path::new("list"), bytes).is_ok());
    }
}
