//! From a name that a peer chose to a path that is safe to write, on every platform.
//!
//! What no system should be asked to write is refused. What only this system cannot hold, such as `CON` or `a?b` on
//! Windows, is written under a name that it can: every file that somebody has can be had by everybody. [`system`]
//! knows which names those are.

mod system;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use self::system::System;

/// Bytes of one component: what common file systems hold.
pub const MAX_COMPONENT: usize = 255;
/// Components of one relative path: as many as fit into 1,024 bytes, beyond which no file can be listed.
pub const MAX_DEPTH: usize = 512;
/// How many numbers are tried until a name is free.
pub(crate) const MAX_COPIES: u32 = 10_000;

/// Why a peer's name is not written to disk.
#[derive(Debug, thiserror::Error)]
pub enum SafePathError {
    /// The name or one of its components is empty.
    #[error("an empty name")]
    Empty,
    /// The path starts at a root.
    #[error("a name that starts at a root")]
    Absolute,
    /// A component is `.` or `..`.
    #[error("a name that climbs")]
    Climbs,
    /// A control character, a backslash, or one that changes the direction of text.
    #[error("a name with the character {0:?}")]
    Character(char),
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
    /// The folder could not be read or made.
    #[error("cannot use {path}", path = path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Judges one component of a name, by what no system should be asked to hold.
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
    match name.chars().find(|c| is_bad(*c)) {
        Some(bad) => Err(SafePathError::Character(bad)),
        None => Ok(()),
    }
}

/// The path of `name` under `dir`. `name` is relative, with `/` between its folders. A folder or file whose name this
/// system cannot hold gets the closest name that it can. Touches no disk.
///
/// # Errors
/// The rule that `name` breaks.
pub fn join(dir: &Path, name: &str) -> Result<PathBuf, SafePathError> {
    let mut path = dir.to_path_buf();
    components(System::HERE, name)?.iter().for_each(|component| path.push(component.as_ref()));
    Ok(path)
}

/// The components of `name` as `system` can hold them.
fn components(system: System, name: &str) -> Result<Vec<Cow<'_, str>>, SafePathError> {
    if name.is_empty() {
        return Err(SafePathError::Empty);
    }
    if name.starts_with('/') {
        return Err(SafePathError::Absolute);
    }
    let mut components = Vec::new();
    for component in name.split('/') {
        if components.len() == MAX_DEPTH {
            return Err(SafePathError::TooDeep);
        }
        check_component(component)?;
        components.push(system.held(component));
    }
    Ok(components)
}

/// The folders below one folder that were looked at and hold nothing that could lead elsewhere: what many files share is
/// looked at once.
#[derive(Debug)]
pub struct Folders {
    dir: PathBuf,
    safe: HashSet<PathBuf>,
}

impl Folders {
    /// The folders below `dir`. `dir` itself may be a symbolic link: it is the user's.
    #[must_use]
    pub fn below(dir: &Path) -> Self {
        Self { dir: dir.to_path_buf(), safe: HashSet::new() }
    }

    /// Like [`join`], and makes the folders on the way. No component below the folder was a symbolic link when it was
    /// first looked at, so a link that lies in a shared folder cannot lead a peer's file out of it.
    ///
    /// # Errors
    /// The rule that `name` breaks, or what stands in the way.
    pub fn prepare(&mut self, name: &str) -> Result<PathBuf, SafePathError> {
        let mut components = components(System::HERE, name)?;
        let last = components.pop().ok_or(SafePathError::Empty)?;
        let mut folder = self.dir.clone();
        for component in &components {
            folder.push(component.as_ref());
            if !self.safe.contains(&folder) {
                make_folder(&folder)?;
                self.safe.insert(folder.clone());
            }
        }
        folder.push(last.as_ref());
        Ok(folder)
    }
}

/// Makes a folder if it is not there; a link to one is none.
fn make_folder(folder: &Path) -> Result<(), SafePathError> {
    let failed = |source| SafePathError::File { path: folder.to_path_buf(), source };
    match fs::create_dir(folder) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(source) => return Err(failed(source)),
    }
    let meta = fs::symlink_metadata(folder).map_err(failed)?;
    if meta.is_symlink() {
        return Err(SafePathError::Link(folder.to_path_buf()));
    }
    if meta.is_dir() { Ok(()) } else { Err(SafePathError::NotAFolder(folder.to_path_buf())) }
}

/// A component that this system can hold, as close to `name` as that allows: bad characters become `_`, and long names
/// lose their middle and keep their extension.
#[must_use]
pub fn tame(name: &str) -> String {
    tame_for(System::HERE, name)
}

/// Like [`tame`], and every system can hold it: for what is written on one and read on another.
#[must_use]
pub fn tame_everywhere(name: &str) -> String {
    tame_for(System::Windows, name)
}

fn tame_for(system: System, name: &str) -> String {
    let tamed: String = name.chars().map(|c| if c == '/' || is_bad(c) { '_' } else { c }).collect();
    let tamed = shortened(&tamed, "");
    let tamed = if matches!(tamed.as_str(), "" | "." | "..") { "_".to_owned() } else { tamed };
    system.held(&tamed).into_owned()
}

/// The name for the `copy`-th file that would be called `path`; the first is `path` itself.
#[must_use]
pub fn numbered(path: &Path, copy: u32) -> PathBuf {
    let name = path.file_name().and_then(OsStr::to_str);
    match (copy, name) {
        (0 | 1, _) => path.to_path_buf(),
        (_, Some(name)) => path.with_file_name(numbered_name(name, copy)),
        // A name that is no Unicode: append, so that nothing of it is lost.
        (_, None) => {
            let mut name = path.file_name().unwrap_or_default().to_os_string();
            name.push(format!(" ({copy})"));
            path.with_file_name(name)
        }
    }
}

/// `name` with a number from 2 on before its extension, and still of a length that file systems hold.
#[must_use]
pub fn numbered_name(name: &str, copy: u32) -> String {
    shortened(name, &format!(" ({copy})"))
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

/// `name` with `number` before its extension, and as much of its stem as leaves room for both.
fn shortened(name: &str, number: &str) -> String {
    let (stem, extension) = split_extension(name);
    // An extension that long is none.
    let (stem, extension) = if extension.len() > 32 { (name, "") } else { (stem, extension) };
    let keep = floor_boundary(stem, MAX_COMPONENT - number.len() - extension.len());
    format!("{}{number}{extension}", &stem[..keep])
}

fn is_bad(c: char) -> bool {
    // Bidirectional overrides make `exe.gpj` read as `jpg.exe`.
    let overrides = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || matches!(c, '/' | '\\') || overrides
}

#[cfg(test)]
mod tests;
