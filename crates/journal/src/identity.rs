//! Whether the journal's file is the one we wrote, or a copy that was put back.
//!
//! A copy may be older than what we last wrote and sent to others. Writing on would use numbers of our log a second
//! time, which is a fork. So the file remembers what the file system calls it, and a file that finds itself under
//! another identity asks other devices how far our log had come before it writes again. A copy written over the old file
//! in place keeps its identity; that is noticed as soon as a peer sends back what the copy lacks.

use std::path::Path;

/// What the file system calls this file; `None` where it gives no answer that would survive a restart.
#[cfg(unix)]
pub(crate) fn mark(path: &Path) -> Option<Vec<u8>> {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.metadata().ok()?;
    // Not the device number: it changes with the order in which disks are found.
    let mut mark = metadata.ino().to_be_bytes().to_vec();
    mark.extend(born(&metadata));
    Some(mark)
}

/// What the file system calls this file; `None` where it gives no answer that would survive a restart.
#[cfg(not(unix))]
pub(crate) fn mark(path: &Path) -> Option<Vec<u8>> {
    let born = born(&path.metadata().ok()?);
    (!born.is_empty()).then_some(born)
}

/// The time of birth in nanoseconds since 1970; empty where the file system keeps none.
fn born(metadata: &std::fs::Metadata) -> Vec<u8> {
    let since = metadata.created().ok().and_then(|born| born.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or_else(Vec::new, |since| since.as_nanos().to_be_bytes().to_vec())
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
}
