//! Whether the journal's file is the one we wrote, or a copy that was put back.
//!
//! A copy may be older than what we last wrote and sent to others. Writing on would use numbers of our log a second
//! time, which is a fork: whoever has seen the first version takes nothing from us any more. Three things give a copy away:
//! - **What the file system calls the file.** A file that was put in its place has another inode or time of birth.
//! - **A seal beside it** (`journal.seal`), written once and never again, whose time of change the file remembers. Whoever
//!   copies a whole home over this one in place writes it once more, which changes that time, and no copy can set it
//!   back. (A change of its owner or mode changes it, too: then others are asked without need, which only takes time.)
//! - **A count beside it** (`journal.count`) of the entries that we wrote, told after each commit. A file that knows of
//!   fewer is an older one, also if only it was copied over the live one in place.
//!
//! A file that is not there at all, though there was one, opens nothing: nobody could tell what it held, and without it no
//! topic is known to ask about.
//!
//! # The rule
//! A journal that was put back writes nothing on a topic before it is known how far our log there had come. Only those who
//! may have our entries can know: the devices with access. **Each of them has to answer**, and our log has to come as far
//! as each of them has it. One answer is not enough, not even one that tells of more than is here: the newest entries may
//! have reached only a device that is away now. Devices that joined after the copy was made count as soon as the control
//! entries that say so are here; those that were removed do not.
//!
//! Nobody waits for ever for a device that is gone for good. Once [`crate::JournalOptions::patience`] has passed since the
//! restore, and the journal has been open for [`crate::JournalOptions::settling`], the answers of those who are here do, if
//! there is at least one, and so nobody can hold us up by telling of entries that do not exist. While nobody at all has
//! answered, only a person can say that no newer copy was in use ([`crate::Journal::trust_local`]). A topic on which
//! nobody else has access needs nobody's word.
//!
//! What remains: after `patience`, the newest entries may still be with a device that was away all the time. When it comes
//! back, our log forks there, which is reported and freezes the log on that topic. And devices that take what they
//! hold of us from a copy of their own cannot know better than that copy.
//!
//! A topic that was forgotten and is joined again asks in another way: nothing was put back, so whoever has anything of our
//! log has all of it that counts, and the first such answer is enough.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// Beside the database: its time of change is part of the mark.
const SEAL: &str = "journal.seal";
const SEAL_TEXT: &[u8] = b"The journal in this folder knows by this file whether it was put back from a copy.\n";
/// Beside the database: how many entries we wrote.
const COUNT: &str = "journal.count";
/// Entries that nobody writes in a life: a million a second for 300 years.
const MOST: u64 = 1 << 53;

/// Whether our own log on a topic may be behind what we once wrote. Kept in the database by these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    /// It is what we wrote.
    No = 0,
    /// The journal was put back from a copy.
    Restored = 1,
    /// The topic was forgotten and is joined again.
    Returned = 2,
}

impl Asking {
    pub(crate) fn from_number(number: i64) -> Self {
        match number {
            0 => Self::No,
            2 => Self::Returned,
            _ => Self::Restored,
        }
    }
}

/// What the file system calls this file and its seal; `None` where it gives no answer that would survive a restart.
#[cfg(unix)]
pub(crate) fn mark(path: &Path) -> Option<Vec<u8>> {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.metadata().ok()?;
    // Not the device number: it changes with the order in which disks are found.
    let mut mark = metadata.ino().to_be_bytes().to_vec();
    mark.extend(born(&metadata));
    let seal = seal(&path.with_file_name(SEAL)).ok()?;
    mark.extend(seal.ino().to_be_bytes());
    mark.extend(seal.ctime().to_be_bytes());
    mark.extend(seal.ctime_nsec().to_be_bytes());
    Some(mark)
}

/// What the file system calls this file; `None` where it gives no answer that would survive a restart.
#[cfg(not(unix))]
pub(crate) fn mark(path: &Path) -> Option<Vec<u8>> {
    let born = born(&path.metadata().ok()?);
    (!born.is_empty()).then_some(born)
}

/// Whether two marks are of the same file. Earlier versions had no seal.
pub(crate) fn is_same(known: &[u8], mark: &[u8]) -> bool {
    mark == known || (!known.is_empty() && known.len() < mark.len() && mark.starts_with(known))
}

/// The seal, made if there is none.
#[cfg(unix)]
fn seal(path: &Path) -> io::Result<std::fs::Metadata> {
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut file = private().create_new(true).open(path)?;
            file.write_all(SEAL_TEXT)?;
            file.sync_all()?;
            file.metadata()
        }
        found => found,
    }
}

fn private() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The time of birth in nanoseconds since 1970; empty where the file system keeps none.
fn born(metadata: &std::fs::Metadata) -> Vec<u8> {
    let since = metadata.created().ok().and_then(|born| born.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or_else(Vec::new, |since| since.as_nanos().to_be_bytes().to_vec())
}

/// Whether a count beside the database says that there were entries of ours in it.
pub(crate) fn has_counted(database: &Path) -> bool {
    File::open(database.with_file_name(COUNT)).is_ok_and(|mut file| read_count(&mut file) > 0)
}

/// A file that is too short is new. One that says more than anybody can have written is damaged, and tells nothing.
fn read_count(file: &mut File) -> u64 {
    let mut bytes = [0; 8];
    let count = file.read_exact(&mut bytes).map_or(0, |()| u64::from_be_bytes(bytes));
    if count > MOST { 0 } else { count }
}

/// How many entries we wrote: in the database, and beside it. Beside it there are never more than in the database that was
/// written last, for it is told after each commit; after a power cut there may be fewer.
#[derive(Debug)]
pub(crate) struct Count {
    file: File,
    beside: u64,
    committed: u64,
    now: u64,
}

impl Count {
    /// `committed` is what the database says.
    pub(crate) fn open(database: &Path, committed: u64) -> io::Result<Self> {
        let mut file = private().create(true).truncate(false).open(database.with_file_name(COUNT))?;
        let beside = read_count(&mut file);
        Ok(Self { file, beside, committed, now: committed })
    }

    /// Whether the database is older than the one that was written last.
    pub(crate) fn is_behind(&self) -> bool {
        self.committed < self.beside
    }

    /// A copy was put back: counts on from above all that either has seen, so that a further copy shows as well.
    pub(crate) fn start_again(&mut self) {
        self.now = self.committed.max(self.beside) + 1;
    }

    /// We wrote an entry.
    pub(crate) fn add(&mut self) {
        self.now += 1;
    }

    /// What the transaction at hand has to write; `None` when nothing has changed.
    pub(crate) fn unwritten(&self) -> Option<[u8; 8]> {
        (self.now != self.committed).then(|| self.now.to_be_bytes())
    }

    /// The transaction is on disk.
    pub(crate) fn commit(&mut self) {
        self.committed = self.now;
        if self.beside == self.now {
            return;
        }
        let told = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(&self.now.to_be_bytes()));
        match told {
            Ok(()) => self.beside = self.now,
            // It only helps to notice a copy, and the next entry tells it again.
            Err(error) => tracing::debug!(%error, "the count of our entries was not told"),
        }
    }

    /// The transaction was rolled back.
    pub(crate) fn undo(&mut self) {
        self.now = self.committed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_mark_and_a_copy_has_another() {
        let dir = tempfile::tempdir().expect("folder");
        let (file, copy) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&file, b"one").expect("written");
        let first = mark(&file);
        std::fs::write(&file, b"two").expect("written");
        assert_eq!(mark(&file), first);
        std::fs::copy(&file, &copy).expect("copied");
        assert_ne!(mark(&copy), first);
    }

    #[cfg(unix)]
    #[test]
    fn a_seal_that_is_written_again_is_another() {
        let dir = tempfile::tempdir().expect("folder");
        let (file, seal, copy) = (dir.path().join("a"), dir.path().join(SEAL), dir.path().join("copy"));
        std::fs::write(&file, b"one").expect("written");
        let first = mark(&file).expect("a mark");
        assert_eq!(mark(&file).as_ref(), Some(&first));
        std::fs::copy(&seal, &copy).expect("copied");
        let times = std::fs::FileTimes::new().set_modified(seal.metadata().and_then(|m| m.modified()).expect("a time"));
        // Clocks of file systems tick some hundred times a second.
        compeer_testkit::wait::eventually_blocking(std::time::Duration::from_secs(5), "another time of change", || {
            std::fs::copy(&copy, &seal).expect("copied back in place");
            // As `cp -a` does.
            File::options().write(true).open(&seal).and_then(|seal| seal.set_times(times)).expect("set");
            mark(&file).as_ref() != Some(&first)
        });
        assert!(!is_same(&first, &mark(&file).expect("a mark")));
        // The mark of an earlier version says less, and is no reason to ask.
        assert!(is_same(&first[..first.len() - 24], &first));
        assert!(!is_same(&[], &first));
    }

    #[test]
    fn a_damaged_count_tells_nothing() {
        let dir = tempfile::tempdir().expect("folder");
        let database = dir.path().join("db");
        for damaged in [u64::MAX, u64::MAX - 1, MOST + 1] {
            std::fs::write(dir.path().join(COUNT), damaged.to_be_bytes()).expect("written");
            let mut count = Count::open(&database, 3).expect("opens");
            assert!(!count.is_behind());
            count.add();
            count.commit();
            assert!(Count::open(&database, 3).expect("opens").is_behind(), "it tells again");
        }
    }

    #[test]
    fn a_count_tells_an_older_database() {
        let dir = tempfile::tempdir().expect("folder");
        let database = dir.path().join("db");
        let mut count = Count::open(&database, 0).expect("opens");
        assert!(!count.is_behind());
        count.add();
        count.add();
        assert_eq!(count.unwritten(), Some(2_u64.to_be_bytes()));
        count.commit();
        count.add();
        count.undo();
        assert_eq!(count.unwritten(), None);
        assert!(!Count::open(&database, 2).expect("opens").is_behind());
        assert!(!Count::open(&database, 3).expect("opens").is_behind(), "a power cut may take it back");
        let mut older = Count::open(&database, 1).expect("opens");
        assert!(older.is_behind());
        older.start_again();
        older.commit();
        assert!(Count::open(&database, 2).expect("opens").is_behind());
        assert!(!Count::open(&database, 3).expect("opens").is_behind());
    }
}
