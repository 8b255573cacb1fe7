//! From a name that a peer chose to a path that is safe to write, on every platform.
//!
//! The rules are those of the strictest platform, so that what one device may receive all may: what Windows cannot
//! hold is refused on Linux too. The exceptions are `< > : " | ? *`, common in names on Unix, which only Windows
//! refuses. [`tame`] makes a valid name of any other, for those who must write the file anyway.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes of one component; common file systems hold 255. Leaves room for ` (99)` and for the name of a part file.
pub const MAX_COMPONENT: usize = 230;
/// Components of one relative path.
pub const MAX_DEPTH: usize = 64;
/// How many names [`free`] tries.
pub(crate) const MAX_COPIES: u32 = 10_000;

/// Names that Windows gives to devices, with any extension and in any case.
const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];

/// Why a peer's name is not written to disk.
#[derive(Debug, thiserror::Error)]
pub enum SafePathError {
    /// The name or one of its components is empty.
    #[error("an empty name")]
    Empty,
    /// The path starts at a root or a drive.
    #[error("a name that starts at a root or a drive")]
    Absolute,
    /// A component is `.` or `..`.
    #[error("a name that climbs")]
    Climbs,
    /// A control character, a backslash, or on Windows another character that names cannot have.
    #[error("a name with the character {0:?}")]
    Character(char),
    /// A component ends with a dot or a space, which Windows drops.
    #[error("a name that ends with a dot or a space")]
    Ending,
    /// A component is the name of a Windows device.
    #[error("a name that Windows keeps for a device")]
    Device,
    /// A component exceeds [`MAX_COMPONENT`] bytes.
    #[error("a name of {0} bytes is too long")]
    TooLong(usize),
    /// More than [`MAX_DEPTH`] components.
    #[error("a name of too many folders")]
    TooDeep,
    /// A folder on the way is a symbolic link, and could lead elsewhere.
    #[error("{} is a link", .0.display())]
    Link(PathBuf),
    /// A folder on the way is a file.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// Every name that was tried is taken.
    #[error("no free name for {}", .0.display())]
    NoFreeName(PathBuf),
    /// The folder could not be read or made.
    #[error("cannot use {path}", path = path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Judges one component of a name.
///
/// # Errors
/// The rule that it breaks.
pub fn check_component(name: &str) -> Result<(), SafePathError> {
    if name.is_empty() {
        return Err(SafePathError::Empty);
    }
    if name == "." || name == ".." {
        return Err(SafePathError::Climbs);
    }
    if name.len() > MAX_COMPONENT {
        return Err(SafePathError::TooLong(name.len()));
    }
    if has_drive(name) {
        return Err(SafePathError::Absolute);
    }
    if let Some(bad) = name.chars().find(|c| is_bad(*c)) {
        return Err(SafePathError::Character(bad));
    }
    if name.ends_with(['.', ' ']) {
        return Err(SafePathError::Ending);
    }
    if is_device(name) {
        return Err(SafePathError::Device);
    }
    Ok(())
}

/// The path of `name` under `dir`. `name` is relative, with `/` between its folders. Touches no disk.
///
/// # Errors
/// The rule that `name` breaks.
pub fn join(dir: &Path, name: &str) -> Result<PathBuf, SafePathError> {
    if name.is_empty() {
        return Err(SafePathError::Empty);
    }
    if name.starts_with('/') {
        return Err(SafePathError::Absolute);
    }
    let mut path = dir.to_path_buf();
    for (depth, component) in name.split('/').enumerate() {
        if depth == MAX_DEPTH {
            return Err(SafePathError::TooDeep);
        }
        check_component(component)?;
        path.push(component);
    }
    Ok(path)
}

/// Like [`join`], and makes the folders on the way. No component below `dir` is a symbolic link when it returns, so
/// a link that lies in a shared folder cannot lead a peer's file out of it. `dir` itself may be one: it is the user's.
///
/// # Errors
/// The rule that `name` breaks, or what stands in the way.
pub fn prepare(dir: &Path, name: &str) -> Result<PathBuf, SafePathError> {
    let target = join(dir, name)?;
    let mut folder = dir.to_path_buf();
    let parents = name.split('/').count() - 1;
    for component in name.split('/').take(parents) {
        folder.push(component);
        match fs::create_dir(&folder) {
            Ok(()) => continue,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(SafePathError::File { path: folder, source }),
        }
        let meta =
            fs::symlink_metadata(&folder).map_err(|source| SafePathError::File { path: folder.clone(), source })?;
        if meta.is_symlink() {
            return Err(SafePathError::Link(folder));
        }
        if !meta.is_dir() {
            return Err(SafePathError::NotAFolder(folder));
        }
    }
    Ok(target)
}

/// A valid component as close to `name` as the rules allow: bad characters become `_`, long names lose their middle
/// and keep their extension. For names from systems with other rules.
#[must_use]
pub fn tame(name: &str) -> String {
    let mut tamed: String = name.chars().map(|c| if c == '/' || is_bad(c) { '_' } else { c }).collect();
    if has_drive(&tamed) {
        tamed.replace_range(1..2, "_");
    }
    if tamed.len() > MAX_COMPONENT - 8 {
        let (stem, extension) = split_extension(&tamed);
        let extension = if extension.len() > 32 { "" } else { extension };
        let keep = floor_boundary(stem, MAX_COMPONENT - 8 - extension.len());
        tamed = format!("{}{extension}", &stem[..keep]);
    }
    while tamed.ends_with(['.', ' ']) {
        tamed.pop();
    }
    if tamed.is_empty() || is_device(&tamed) {
        tamed.insert(0, '_');
    }
    tamed
}

/// `path` if nothing lies there, else the first free of `name (2).ext`, `name (3).ext` and so on. Another program can
/// take the name in between: whoever writes there must still not replace what it finds.
///
/// # Errors
/// [`SafePathError::NoFreeName`], or the folder cannot be read.
pub fn free(path: &Path) -> Result<PathBuf, SafePathError> {
    for copy in 1..=MAX_COPIES {
        let candidate = numbered(path, copy);
        match fs::symlink_metadata(&candidate) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(candidate),
            Err(source) => return Err(SafePathError::File { path: candidate, source }),
            Ok(_) => {}
        }
    }
    Err(SafePathError::NoFreeName(path.to_path_buf()))
}

/// The name for the `copy`-th file that would be called `path`; the first is `path` itself.
#[must_use]
pub fn numbered(path: &Path, copy: u32) -> PathBuf {
    let name = path.file_name().and_then(OsStr::to_str);
    match (copy, name) {
        (0 | 1, _) => path.to_path_buf(),
        (_, Some(name)) => {
            let (stem, extension) = split_extension(name);
            path.with_file_name(format!("{stem} ({copy}){extension}"))
        }
        // A name that is no Unicode: append, so that nothing of it is lost.
        (_, None) => {
            let mut name = path.file_name().unwrap_or_default().to_os_string();
            name.push(format!(" ({copy})"));
            path.with_file_name(name)
        }
    }
}

/// Stem and extension, the dot with the extension. `.profile` has none; `a.tar.gz` keeps `.tar.gz` together.
fn split_extension(name: &str) -> (&str, &str) {
    let Some(dot) = name.rfind('.').filter(|dot| *dot > 0) else { return (name, "") };
    let at = match name[..dot].strip_suffix(".tar") {
        Some(stem) if !stem.is_empty() => stem.len(),
        _ => dot,
    };
    name.split_at(at)
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn has_drive(name: &str) -> bool {
    matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

fn is_bad(c: char) -> bool {
    // Bidirectional overrides make `exe.gpj` read as `jpg.exe`.
    let overrides = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let windows = cfg!(windows) && matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*');
    c.is_control() || c == '\\' || overrides || windows
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    if DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device)) {
        return true;
    }
    // COM1 to COM9 and LPT1 to LPT9, also with superscript digits.
    let mut chars = stem.chars();
    let prefix: String = chars.by_ref().take(3).collect();
    let numbered = prefix.eq_ignore_ascii_case("COM") || prefix.eq_ignore_ascii_case("LPT");
    let digit = chars.next().is_some_and(|c| matches!(c, '0'..='9' | '\u{B9}' | '\u{B2}' | '\u{B3}'));
    numbered && digit && chars.next().is_none()
}

#[cfg(test)]
mod tests;
