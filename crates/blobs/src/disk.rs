//! The few things about files that the standard library spells differently on each platform.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::UNIX_EPOCH;

use crate::error::Interrupted;

/// What tells, without reading it, that a file is still the one that was hashed.
///
/// The device number is left out: it can change with every boot or mount, and would make every shared file look
/// changed. A change that the stamp misses (same size within one tick of the clock) is caught when pieces are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Bytes of the file.
    pub size: u64,
    /// When its content last changed, in nanoseconds since 1970; negative before.
    pub mtime_ns: i64,
    /// Its number in the file system; 0 where there is none.
    pub inode: u64,
}

impl Stamp {
    /// The stamp of a file.
    #[must_use]
    pub fn of(meta: &Metadata) -> Self {
        let mtime_ns = match meta.modified().map(|time| time.duration_since(UNIX_EPOCH)) {
            Ok(Ok(after)) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Ok(Err(before)) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
            Err(_) => 0,
        };
        Self { size: meta.len(), mtime_ns, inode: inode(meta) }
    }
}

#[cfg(unix)]
fn inode(meta: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(meta)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

/// Fills `out` from `offset`.
#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

/// Writes all of `bytes` at `offset`.
#[cfg(unix)]
pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Fills `out` from `offset`.
#[cfg(windows)]
pub(crate) fn read_exact_at(file: &File, mut out: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                out = &mut out[count..];
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes all of `bytes` at `offset`.
#[cfg(windows)]
pub(crate) fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                bytes = &bytes[count..];
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Opens a file of ours for reading and writing, and makes it if it is not there. Never follows a link, which
/// somebody else could have laid in a shared folder.
pub(crate) fn open_part(path: &Path, truncate: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(truncate);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    options.open(path)
}

/// Gives the file its size, if its file system has the space.
///
/// The space is looked for but not taken: taking it (`fallocate`) costs as much as writing on some file systems, before
/// the first byte has come. A disk that others fill meanwhile is noticed when a piece is written.
pub(crate) fn preallocate(file: &File, size: u64) -> io::Result<()> {
    #[cfg(unix)]
    {
        let system = rustix::fs::fstatvfs(file)?;
        let free = system.f_bavail.saturating_mul(system.f_frsize);
        // In units of 512 bytes, whatever the file system's blocks are (stat(2)).
        let taken = std::os::unix::fs::MetadataExt::blocks(&file.metadata()?).saturating_mul(512);
        if size.saturating_sub(taken) > free {
            return Err(io::ErrorKind::StorageFull.into());
        }
    }
    file.set_len(size)
}

/// Gives a file another name, never that of another file. Where the file system knows no way to do so the answer is an
/// error that is not [`io::ErrorKind::AlreadyExists`].
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // File systems without it; NFS is one.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            renamed => return Ok(renamed?),
        }
    }
    // A second name never replaces a file, where a rename would.
    std::fs::hard_link(from, to)?;
    std::fs::remove_file(from)
}

/// Makes the names in a folder survive a power cut.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    // Windows has no such call and needs none: NTFS journals names.
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}

/// Makes everything written in these folders survive a power cut. On Linux that is one call for each file system,
/// and includes the files' content; elsewhere it is the names, and each file must have been through [`sync_each`].
#[cfg(target_os = "linux")]
pub(crate) fn settle<'a>(dirs: &BTreeSet<&'a Path>) -> Result<(), (&'a Path, io::Error)> {
    let mut settled = BTreeSet::new();
    for &dir in dirs {
        let mut sync = || -> io::Result<()> {
            let file = File::open(dir)?;
            if settled.insert(std::os::unix::fs::MetadataExt::dev(&file.metadata()?)) {
                rustix::fs::syncfs(file)?;
            }
            Ok(())
        };
        sync().map_err(|error| (dir, error))?;
    }
    Ok(())
}

/// Makes the names in these folders survive a power cut.
#[cfg(not(target_os = "linux"))]
pub(crate) fn settle<'a>(dirs: &BTreeSet<&'a Path>) -> Result<(), (&'a Path, io::Error)> {
    dirs.iter().try_for_each(|dir| sync_dir(dir).map_err(|error| (*dir, error)))
}

/// The counterpart of [`settle`] for the content of one file.
pub(crate) fn sync_each(file: &File) -> io::Result<()> {
    if cfg!(target_os = "linux") { Ok(()) } else { file.sync_all() }
}

/// Where a download for `target` is collected: a hidden file beside it, so that the last step is a rename.
/// `None` if `target` names no file.
pub(crate) fn part_path(target: &Path) -> Option<PathBuf> {
    let mut name = OsString::from(".");
    name.push(target.file_name()?);
    name.push(".compeer-part");
    // Longer names than this do not fit common file systems; the tail of the hash keeps them apart.
    if name.len() > 255 {
        let hash = blake3::hash(name.as_encoded_bytes());
        name = OsString::from(format!(".{}.compeer-part", &hash.to_hex()[..32]));
    }
    Some(target.with_file_name(name))
}

/// How many threads are worth it for `jobs` pieces of work that read and hash.
pub(crate) fn threads(jobs: usize) -> usize {
    /// More threads than this wait for the disk or the memory, not for each other.
    const MOST: usize = 8;
    /// Asked once: the answer is found in the files of the control groups, slower than hashing a small file.
    static CORES: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, NonZero::get));
    if jobs <= 1 { jobs } else { jobs.min(*CORES).min(MOST) }
}

/// `work` for each number below `count`, results in order. `worth` is how much of it is worth a thread.
pub(crate) fn on_all_cores<T: Send>(count: usize, worth: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = threads(count.div_ceil(worth));
    if threads <= 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let turn = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return done;
            }
            done.push((at, work(at)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(turn)).collect();
        let mut done = turn();
        for other in others {
            match other.join() {
                Ok(theirs) => done.extend(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Runs work that blocks on the threads kept for that.
pub(crate) async fn blocking<T, E, F>(work: F) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Interrupted> + Send + 'static,
    F: FnOnce() -> Result<T, E> + Send + 'static,
{
    joined(tokio::task::spawn_blocking(work).await)?
}

/// What a task returned. A panic goes on where the task was awaited; a cancelled task means that we are stopping.
pub(crate) fn joined<T>(done: Result<T, tokio::task::JoinError>) -> Result<T, Interrupted> {
    done.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Interrupted,
    })
}
