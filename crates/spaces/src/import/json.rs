//! JSON of strangers: sizes first, then the form; what is wrong is told by file and place.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use serde::de::DeserializeOwned;

use super::{ImportError, disk};

/// Reads a file of at most `limit` bytes. What it holds beyond the form that is asked for is passed over and not kept; what is
/// nested deeper than 128 times is refused.
pub(super) fn read<T: DeserializeOwned>(folder: &Path, name: &str, limit: u64) -> Result<T, ImportError> {
    let path = folder.join(name);
    let meta = fs::symlink_metadata(&path).map_err(disk(&path))?;
    if !meta.is_file() {
        return Err(disk(&path)(std::io::Error::other("it is no file")));
    }
    if meta.len() > limit {
        return Err(ImportError::TooLarge { file: name.to_owned(), limit });
    }
    let file = File::open(&path).map_err(disk(&path))?;
    serde_json::from_reader(BufReader::new(file.take(limit))).map_err(|error| wrong(name, &error))
}

/// The same if it is there.
pub(super) fn read_if_there<T: DeserializeOwned + Default>(
    folder: &Path,
    name: &str,
    limit: u64,
) -> Result<T, ImportError> {
    match read(folder, name, limit) {
        Err(ImportError::Disk { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(T::default()),
        read => read,
    }
}

fn wrong(name: &str, error: &serde_json::Error) -> ImportError {
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default().to_owned();
    ImportError::Json { file: name.to_owned(), line: error.line(), column: error.column(), what }
}

/// The next line, without its end; `None` at the end of the file. One of more than `limit` bytes is none.
pub(super) fn line(reader: &mut impl BufRead, buffer: &mut Vec<u8>, limit: u64) -> std::io::Result<Option<usize>> {
    buffer.clear();
    let read = reader.by_ref().take(limit + 1).read_until(b'\n', buffer)?;
    if read as u64 > limit {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    Ok((read > 0).then_some(read))
}
