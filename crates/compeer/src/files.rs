//! Files that somebody names, or that should be what they were: regular ones, up to a size.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// The system did not give it.
    #[error(transparent)]
    System(#[from] io::Error),
    /// A folder, a device or a pipe: reading it might never end.
    #[error("it is no regular file")]
    NotRegular,
    /// Larger than anything it should be.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
}

/// What stands in a regular file of at most `limit` bytes. Anything else is refused before it is opened, because opening
/// a pipe waits for somebody to write.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    if !fs::metadata(path)?.is_file() {
        return Err(FileError::NotRegular);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge(limit));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_up_to_a_size_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "12345").expect("written");
        assert_eq!(read(&path, 5).expect("read"), b"12345");
        assert!(matches!(read(&path, 4), Err(FileError::TooLarge(4))));
        assert!(matches!(read(folder.path(), 4), Err(FileError::NotRegular)));
        assert!(matches!(read(&folder.path().join("none"), 4), Err(FileError::System(_))));
        #[cfg(unix)]
        assert!(matches!(read(Path::new("/dev/zero"), 4), Err(FileError::NotRegular)));
    }
}
