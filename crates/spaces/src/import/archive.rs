//! ZIP files (PKWARE's APPNOTE.TXT 6.3), unpacked into a folder that goes again: stored and deflated files, nothing else.
//!
//! Whoever made one may mean harm: names that lead elsewhere, links, files that overlap, a few bytes that become many. All that
//! the directory of the file says is looked at before anything is written, and what is unpacked is held against it.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use compeer_blobs::safe_path::Folders;
use compeer_core::id::to_base32;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use super::{ImportError, disk};
use crate::error::ActError;
use crate::progress::Progress;

/// Files in one archive.
const FILES: usize = 500_000;
/// Bytes of its directory.
const DIRECTORY: u64 = 128 * 1024 * 1024;
/// What is unpacked is at most so many times as large as the archive, beyond the first bytes. Text becomes a tenth.
const GROWTH: u64 = 50;
const FREE: u64 = 1024 * 1024 * 1024;
/// Bytes at its end in which the directory is looked for.
const TAIL: u64 = 65_536 + 22;

/// A folder that goes when nobody uses it any more.
pub(crate) struct Unpacked {
    outer: PathBuf,
    inner: PathBuf,
}

impl Unpacked {
    pub(crate) fn path(&self) -> &Path {
        &self.inner
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.outer) {
            tracing::warn!(%error, path = %self.outer.display(), "an unpacked archive could not be removed");
        }
    }
}

/// One file in the directory of an archive.
struct Entry {
    name: String,
    deflated: bool,
    crc: u32,
    packed: u64,
    size: u64,
    at: u64,
}

/// Unpacks a ZIP file into a folder in `room`; `None` if `path` is a folder already.
pub(crate) fn unpack(path: &Path, room: &Path, progress: &Progress) -> Result<Option<Unpacked>, ImportError> {
    let meta = fs::metadata(path).map_err(disk(path))?;
    if meta.is_dir() {
        return Ok(None);
    }
    if !meta.is_file() {
        return Err(ImportError::Unknown(path.to_path_buf()));
    }
    let file = File::open(path).map_err(disk(path))?;
    let mut zip = Zip { file, length: meta.len(), name: path.display().to_string() };
    let entries = zip.directory(path)?;
    let mark = compeer_core::key::random_bytes::<8>().map_err(ActError::from)?;
    let stem = path.file_stem().map(|stem| compeer_blobs::safe_path::tame(&stem.to_string_lossy())).unwrap_or_default();
    // The last folder is called as the archive, which may be all that says what it is.
    let folder = room.join(format!(".import-{}", to_base32(&mark)));
    fs::create_dir_all(&folder).map_err(disk(&folder))?;
    let inner = folder.join(stem);
    let unpacked = Unpacked { outer: folder, inner: inner.clone() };
    fs::create_dir(&inner).map_err(disk(&inner))?;
    let mut folders = Folders::below(&inner);
    for entry in &entries {
        progress.check()?;
        zip.extract(entry, &mut folders)?;
    }
    Ok(Some(unpacked))
}

struct Zip {
    file: File,
    length: u64,
    name: String,
}

impl Zip {
    fn bad(&self, what: &'static str) -> ImportError {
        ImportError::Zip { file: self.name.clone(), what }
    }

    fn bad_entry(&self, entry: &str, what: &'static str) -> ImportError {
        ImportError::Zip { file: format!("{entry} in {}", self.name), what }
    }

    fn read_at(&mut self, at: u64, length: u64) -> Result<Vec<u8>, ImportError> {
        if at.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(self.bad("it ends too early"));
        }
        let mut bytes = vec![0; length as usize];
        let read = self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.read_exact(&mut bytes));
        read.map_err(|source| ImportError::Disk { path: PathBuf::from(&self.name), source })?;
        Ok(bytes)
    }

    /// What lies in it, once all of it was looked at.
    fn directory(&mut self, path: &Path) -> Result<Vec<Entry>, ImportError> {
        let tail_at = self.length.saturating_sub(TAIL);
        let tail = self.read_at(tail_at, self.length - tail_at)?;
        let end = tail.windows(22).rposition(|window| window.starts_with(b"PK\x05\x06"));
        let end = end.ok_or_else(|| ImportError::Unknown(path.to_path_buf()))?;
        let end = &tail[end..];
        let (count, size, at) = (short(end, 10), long(end, 12), long(end, 16));
        if count == 0xFFFF || size == 0xFFFF_FFFF || at == 0xFFFF_FFFF {
            return Err(
                self.bad("it is larger than 4 GiB or has more than 65,534 files; unpack it and import the folder")
            );
        }
        if size > DIRECTORY || count as usize > FILES {
            return Err(self.bad("it holds too many files"));
        }
        let directory = self.read_at(at, size)?;
        let mut entries = Vec::new();
        let mut rest = directory.as_slice();
        for _ in 0..count {
            rest = self.entry(rest, &mut entries)?;
        }
        self.check(&entries, at)?;
        Ok(entries)
    }

    /// Reads one record of the directory; what follows it.
    fn entry<'a>(&self, record: &'a [u8], entries: &mut Vec<Entry>) -> Result<&'a [u8], ImportError> {
        if record.len() < 46 || !record.starts_with(b"PK\x01\x02") {
            return Err(self.bad("its directory is damaged"));
        }
        let (flags, method, attributes) = (short(record, 8), short(record, 10), long(record, 38));
        let lengths = [28, 30, 32].map(|at| short(record, at) as usize);
        let all = 46 + lengths.iter().sum::<usize>();
        let name = record.get(46..46 + lengths[0]).ok_or_else(|| self.bad("its directory is damaged"))?;
        let rest = record.get(all..).ok_or_else(|| self.bad("its directory is damaged"))?;
        let name = std::str::from_utf8(name).map_err(|_| self.bad("a name in it is not Unicode"))?;
        // Folders are made for the files in them, and what macOS adds is nobody's.
        if name.ends_with('/') || name.starts_with("__MACOSX/") || name.ends_with(".DS_Store") {
            return Ok(rest);
        }
        if flags & 1 != 0 {
            return Err(self.bad_entry(name, "it is encrypted"));
        }
        if attributes >> 28 == 0xA {
            return Err(self.bad_entry(name, "it is a link"));
        }
        if method != 0 && method != 8 {
            return Err(self.bad_entry(name, "it is packed in another way than ZIP files mostly are"));
        }
        let entry = Entry {
            name: name.to_owned(),
            deflated: method == 8,
            crc: long(record, 16) as u32,
            packed: long(record, 20),
            size: long(record, 24),
            at: long(record, 42),
        };
        if compeer_blobs::safe_path::join(Path::new(""), name).is_err() {
            return Err(self.bad_entry(name, "its name leads elsewhere"));
        }
        entries.push(entry);
        Ok(rest)
    }

    /// Whether the files lie one after the other, and do not become too much.
    fn check(&self, entries: &[Entry], directory: u64) -> Result<(), ImportError> {
        let mut ranges: Vec<(u64, u64)> =
            entries.iter().map(|entry| (entry.at, entry.at + 30 + entry.packed)).collect();
        ranges.sort_unstable();
        let overlap = ranges.windows(2).any(|pair| pair[0].1 > pair[1].0);
        if overlap || ranges.last().is_some_and(|(_, end)| *end > directory) {
            return Err(self.bad("files in it overlap"));
        }
        let total: u64 = entries.iter().map(|entry| entry.size).sum();
        if total > FREE + self.length.saturating_mul(GROWTH) {
            return Err(self.bad("unpacked it would be much larger than any export"));
        }
        Ok(())
    }

    fn extract(&mut self, entry: &Entry, folders: &mut Folders) -> Result<(), ImportError> {
        let head = self.read_at(entry.at, 30)?;
        if !head.starts_with(b"PK\x03\x04") {
            return Err(self.bad_entry(&entry.name, "it is not where the directory says"));
        }
        let start = entry.at + 30 + short(&head, 26) + short(&head, 28);
        if start + entry.packed > self.length {
            return Err(self.bad_entry(&entry.name, "it ends too early"));
        }
        let path = folders.prepare(&entry.name).map_err(|_| self.bad_entry(&entry.name, "its name leads elsewhere"))?;
        let out = File::create_new(&path).map_err(disk(&path))?;
        let mut out = Checked { out: BufWriter::new(out), crc: !0, left: entry.size };
        self.file.seek(SeekFrom::Start(start)).map_err(disk(&path))?;
        let mut packed = BufReader::new((&self.file).take(entry.packed));
        let copied =
            if entry.deflated { inflate_all(&mut packed, &mut out) } else { io::copy(&mut packed, &mut out).map(drop) };
        match copied.and_then(|()| out.flush()) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(self.bad_entry(&entry.name, "it is damaged"));
            }
            Err(error) => return Err(disk(&path)(error)),
        }
        if out.left > 0 || !out.crc != entry.crc {
            return Err(self.bad_entry(&entry.name, "it is damaged"));
        }
        Ok(())
    }
}

/// Takes no more than was said, and sums it up.
struct Checked {
    out: BufWriter<File>,
    crc: u32,
    left: u64,
}

impl Write for Checked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(io::ErrorKind::InvalidData)?;
        self.crc = crc(self.crc, bytes);
        self.out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn inflate_all(packed: &mut impl Read, out: &mut impl Write) -> io::Result<()> {
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let (mut input, mut output) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let (mut start, mut end) = (0, 0);
    loop {
        if start == end {
            (start, end) = (0, packed.read(&mut input)?);
        }
        let done = inflate(&mut state, &input[start..end], &mut output, MZFlush::None);
        start += done.bytes_consumed;
        out.write_all(&output[..done.bytes_written])?;
        match done.status {
            Ok(MZStatus::StreamEnd) => return Ok(()),
            Ok(_) if done.bytes_consumed > 0 || done.bytes_written > 0 => {}
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// CRC-32 (ISO 3309), a byte at a time, from the state so far.
fn crc(mut state: u32, bytes: &[u8]) -> u32 {
    static TABLE: std::sync::LazyLock<[u32; 256]> = std::sync::LazyLock::new(|| {
        std::array::from_fn(|byte| {
            (0..8).fold(byte as u32, |value, _| if value & 1 == 1 { 0xEDB8_8320 ^ (value >> 1) } else { value >> 1 })
        })
    });
    for byte in bytes {
        state = TABLE[((state ^ u32::from(*byte)) & 0xFF) as usize] ^ (state >> 8);
    }
    state
}

fn short(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 2).map_or(0, |bytes| u64::from(bytes[0]) | u64::from(bytes[1]) << 8)
}

fn long(bytes: &[u8], at: usize) -> u64 {
    short(bytes, at) | short(bytes, at + 2) << 16
}
