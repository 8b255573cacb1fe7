//! A file's name and pieces, read where it lies, on all cores.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::disk::{self, Stamp};
use crate::error::HashError;
use crate::piece::{ENTRY_LEN, Layout, PieceHasher, PieceList, PieceSet};
use crate::store::BlobInfo;

/// Bytes read before they are hashed: small enough that they are still in the core's cache.
pub(crate) const STEP: usize = 128 * 1024;

/// A file's name, pieces and the stamp it had while it was hashed.
#[derive(Debug, Clone)]
pub struct FileHash {
    /// The proven pieces, and with them the name and the size.
    pub pieces: PieceList,
    /// The file's stamp, before as after.
    pub stamp: Stamp,
}

impl FileHash {
    /// Name and size.
    #[must_use]
    pub fn info(&self) -> BlobInfo {
        BlobInfo { hash: self.pieces.root(), size: self.stamp.size }
    }
}

/// Hashes the file at `path`. Blocks; large files are read by several threads at once.
///
/// # Errors
/// [`HashError`]; in particular [`HashError::Changed`] if somebody wrote to the file meanwhile.
pub fn hash_file(path: &Path) -> Result<FileHash, HashError> {
    let read = |source| HashError::Read { path: path.to_path_buf(), source };
    // Asked before it is opened: opening a pipe would wait for its other end.
    if !std::fs::metadata(path).map_err(read)?.is_file() {
        return Err(HashError::NotAFile { path: path.to_path_buf() });
    }
    let file = File::open(path).map_err(read)?;
    let stamp = Stamp::of(&file.metadata().map_err(read)?);
    let layout = Layout::of(stamp.size)?;
    let changed = || HashError::Changed { path: path.to_path_buf() };

    let hashes = Mutex::new(vec![[0; ENTRY_LEN]; layout.count() as usize]);
    let done = each_piece(&layout, &PieceSet::full(layout.count()), |index, buffer| {
        let hash = hash_piece(&file, &layout, index, buffer)?;
        if let Some(entry) = lock(&hashes).get_mut(index as usize) {
            *entry = hash;
        }
        Ok(())
    });
    match done {
        Ok(()) => {}
        // The file became shorter.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Err(changed()),
        Err(source) => return Err(read(source)),
    }
    // Size and time of what was read, and that the path still leads to it.
    if stamp.size == 0 && (&file).read(&mut [0]).map_err(read)? > 0 {
        // What the system makes up when somebody reads, as in /proc.
        return Err(HashError::NotAFile { path: path.to_owned() });
    }
    let after = Stamp::of(&file.metadata().map_err(read)?);
    let at_path = Stamp::of(&std::fs::metadata(path).map_err(|_| changed())?);
    if after != stamp || at_path != stamp {
        return Err(changed());
    }
    let hashes = hashes.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(FileHash { pieces: PieceList::build(layout, hashes)?, stamp })
}

/// Which of `claimed` really are in `file`. Blocks. A piece that cannot be read counts as missing.
pub(crate) fn verify_pieces(file: &File, pieces: &PieceList, claimed: &PieceSet) -> PieceSet {
    let layout = pieces.layout();
    let found = Mutex::new(PieceSet::empty(layout.count()));
    let _always_ok = each_piece(&layout, claimed, |index, buffer| {
        let hash = hash_piece(file, &layout, index, buffer).ok();
        if hash.is_some() && hash.as_ref() == pieces.expected(index) {
            lock(&found).insert(index);
        }
        Ok(())
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn hash_piece(file: &File, layout: &Layout, index: u32, buffer: &mut [u8]) -> std::io::Result<[u8; ENTRY_LEN]> {
    let mut hasher = PieceHasher::new(layout, index);
    let range = layout.range(index).unwrap_or_default();
    let mut offset = range.start;
    while offset < range.end {
        let step = (range.end - offset).min(buffer.len() as u64);
        let part = &mut buffer[..step as usize];
        disk::read_exact_at(file, part, offset)?;
        hasher.update(part);
        offset += step;
    }
    Ok(hasher.finish())
}

/// Calls `work` for every piece of `set`, from as many threads as are worth it, each with a buffer of its own. Ends
/// early with the first error.
fn each_piece<F>(layout: &Layout, set: &PieceSet, work: F) -> std::io::Result<()>
where
    F: Fn(u32, &mut [u8]) -> std::io::Result<()> + Sync,
{
    let threads = disk::threads(set.len() as usize);
    let next = AtomicU32::new(0);
    let failed = AtomicBool::new(false);
    let turn = || {
        let mut buffer = vec![0; STEP.min(layout.size() as usize)];
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= layout.count() {
                break;
            }
            if set.contains(index) {
                work(index, &mut buffer).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            }
        }
        Ok(())
    };
    if threads <= 1 {
        return turn();
    }
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(turn)).collect();
        let mut done = turn();
        for other in others {
            match other.join() {
                Ok(theirs) => done = done.and(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn agrees_with_plain_blake3() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("file");
        for size in [0usize, 1, STEP - 1, STEP, STEP + 1, 1 << 20, (1 << 20) + 1, 5_000_011] {
            let bytes: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
            fs::write(&path, &bytes).expect("writes");
            let hash = hash_file(&path).expect("hashes");
            assert_eq!(hash.info().hash.as_bytes(), blake3::hash(&bytes).as_bytes(), "{size}");
            assert_eq!(hash.info().size, size as u64);
        }
    }

    #[test]
    fn folders_and_missing_files_are_told() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(matches!(hash_file(dir.path()), Err(HashError::NotAFile { .. })));
        assert!(matches!(hash_file(&dir.path().join("none")), Err(HashError::Read { .. })));
    }

    /// Such a file says that it is empty, and is not.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_system_makes_up_is_no_file() {
        assert!(matches!(hash_file(Path::new("/proc/self/status")), Err(HashError::NotAFile { .. })));
    }

    #[test]
    fn verifying_finds_exactly_the_pieces_that_are_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("file");
        let mut bytes: Vec<u8> = (0..4_500_000usize).map(|at| (at * 31 % 251) as u8).collect();
        fs::write(&path, &bytes).expect("writes");
        let pieces = hash_file(&path).expect("hashes").pieces;
        bytes[1_100_000] ^= 1;
        bytes.truncate(4_400_000);
        fs::write(&path, &bytes).expect("writes");
        let file = File::open(&path).expect("opens");
        let mut claimed = PieceSet::full(5);
        assert_eq!(verify_pieces(&file, &pieces, &claimed).iter().collect::<Vec<_>>(), [0, 2, 3]);
        claimed = PieceSet::empty(5);
        claimed.insert(2);
        assert_eq!(verify_pieces(&file, &pieces, &claimed).iter().collect::<Vec<_>>(), [2]);
    }
}
