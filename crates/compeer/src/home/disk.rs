//! Files that are private and never half written: temporary file, fsync, rename, fsync of the folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::HomeError;
use crate::files::{self, FileError};

/// Permission bits of others than the owner.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Makes a folder that only its owner may enter, with the folders above it as the system likes them.
pub(super) fn create_private_folder(path: &Path) -> Result<(), HomeError> {
    let failed = |source| HomeError::Write { path: path.to_owned(), source };
    if let Some(above) = path.parent() {
        fs::create_dir_all(above).map_err(failed)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed)
}

/// Shuts others out of a folder that is ours. One that belongs to somebody else cannot be shut and is refused.
pub(super) fn keep_private(path: &Path) -> Result<(), HomeError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let failed = |source| HomeError::Write { path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & OTHERS != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Opens a file for writing that only its owner may read, making it when there is none.
pub(super) fn open_private(path: &Path) -> Result<File, HomeError> {
    private_options(false).open(path).map_err(|source| HomeError::Write { path: path.to_owned(), source })
}

/// Replaces the file as a whole, readable by its owner alone. After this returns, a power cut leaves the new content.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    let temporary = with_suffix(path, ".new");
    let failed = |source| HomeError::Write { path: path.to_owned(), source };
    // What a crash left behind may have other permissions; a new file has ours.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = private_options(true).open(&temporary).map_err(failed)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // The old file is untouched; a temporary that stays behind is replaced next time.
        let _ = fs::remove_file(&temporary);
        return Err(failed(error));
    }
    sync_folder(path).map_err(failed)
}

/// A text file as a whole, `None` when there is none.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<Option<String>, HomeError> {
    let failed = |source| HomeError::Read { path: path.to_owned(), source };
    let bytes = match files::read(path, limit) {
        Ok(bytes) => bytes,
        Err(FileError::System(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // Something above it is no folder, and of that it is the home that was named.
        Err(FileError::System(error)) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(HomeError::NotAFolder { path: path.parent().unwrap_or(path).to_owned() });
        }
        Err(FileError::System(error)) => return Err(failed(error)),
        Err(FileError::TooLarge(_)) => return Err(HomeError::TooLarge { path: path.to_owned() }),
        Err(error @ FileError::NotRegular) => return Err(failed(io::Error::other(error))),
    };
    String::from_utf8(bytes).map(Some).map_err(|_| failed(io::Error::other("it is no text")))
}

/// A secret, `None` when there is none. One that others can read is refused: it may be no secret any more.
pub(super) fn read_secret(path: &Path, limit: u64) -> Result<Option<Zeroizing<String>>, HomeError> {
    #[cfg(unix)]
    if let Ok(meta) = fs::metadata(path) {
        use std::os::unix::fs::PermissionsExt;
        let mode = meta.permissions().mode() & 0o777;
        if mode & OTHERS != 0 {
            return Err(HomeError::Exposed { path: path.to_owned(), mode });
        }
    }
    Ok(read_text(path, limit)?.map(Zeroizing::new))
}

fn private_options(new: bool) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    if new {
        options.create_new(true)
    } else {
        options.create(true).truncate(false)
    };
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the rename itself durable. Only Unix can open a folder for that.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
