//! Which files lie behind the paths that somebody shares, and what of them is left out.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::{ActError, Unshared};
use crate::model::check_file_name;

/// Files shared by one call, at most.
const FILES: usize = 200_000;
/// Folders inside folders that are followed.
const DEPTH: usize = 64;
/// Of what is left out, as much is named.
const NAMED: usize = 100;

/// A file on this disk and the name to list it under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Relative, with `/` between its parts.
    pub name: String,
}

/// What was not shared, while the rest was. A folder that is left out counts as one.
#[derive(Debug, Default)]
pub struct LeftOut {
    /// The first of it, and why.
    pub first: Vec<(PathBuf, Unshared)>,
    /// How much it is.
    pub count: usize,
}

impl LeftOut {
    pub(super) fn add(&mut self, path: PathBuf, cause: Unshared) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push((path, cause));
        }
    }

    /// Itself if nothing was left out, or else the failure of a call that shared nothing.
    pub(super) fn none(mut self) -> Result<Self, ActError> {
        let count = self.count;
        if self.first.is_empty() {
            return Ok(self);
        }
        let (path, cause) = self.first.swap_remove(0);
        Err(if count == 1 { ActError::Path { path, cause } } else { ActError::NothingShared { path, cause, count } })
    }
}

/// What must never be shared, however it is named: the folders in which peers keep their keys.
pub(super) struct Keys {
    pub(super) is_home: fn(&Path) -> bool,
    /// Lies in our own home, and may be shared all the same.
    pub(super) received: PathBuf,
}

impl Keys {
    /// Whether a path lies in such a folder, through links too. Says which.
    fn folder_of(&self, path: &Path) -> Result<Option<PathBuf>, std::io::Error> {
        let path = path.canonicalize()?;
        if self.received.canonicalize().is_ok_and(|received| path.starts_with(received)) {
            return Ok(None);
        }
        Ok(path.ancestors().find(|folder| (self.is_home)(folder)).map(Path::to_path_buf))
    }
}

/// The files behind `paths`, folders walked through, in a stable order, and what in those folders is left out.
///
/// # Errors
/// A path itself cannot be shared: it may be a mistake, so nothing is.
pub(super) fn gather(paths: &[PathBuf], keys: &Keys) -> Result<(Vec<NamedFile>, LeftOut), ActError> {
    let mut walk = Walk { keys, found: Vec::new(), left_out: LeftOut::default() };
    for path in paths {
        let refused = |cause| ActError::Path { path: path.clone(), cause };
        let read = |error| refused(Unshared::Read(error));
        let mut path = std::path::absolute(path).map_err(read)?;
        if let Some(folder) = keys.folder_of(&path).map_err(read)? {
            return Err(ActError::Path { path: folder, cause: Unshared::Keys });
        }
        // `..` has no name of its own; the folder that it leads to has one.
        if path.file_name().is_none() {
            path = path.canonicalize().map_err(read)?;
        }
        let name = path.file_name().ok_or(Unshared::NoName).and_then(|name| name_of("", name)).map_err(refused)?;
        // What the person names may be a link; what lies inside a folder may not.
        let meta = std::fs::metadata(&path).map_err(read)?;
        if meta.is_dir() {
            let before = (walk.found.len(), walk.left_out.count);
            walk.folder(&path, &name, 0)?;
            if before == (walk.found.len(), walk.left_out.count) {
                walk.left_out.add(path, Unshared::Empty);
            }
        } else if meta.is_file() {
            walk.found.push(NamedFile { path, name });
        } else {
            return Err(refused(Unshared::Special));
        }
    }
    Ok((walk.found, walk.left_out))
}

struct Walk<'a> {
    keys: &'a Keys,
    found: Vec<NamedFile>,
    left_out: LeftOut,
}

impl Walk<'_> {
    /// Takes what lies in a folder that is listed as `prefix`.
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), ActError> {
        let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                self.left_out.add(folder.to_owned(), Unshared::Read(error));
                return Ok(());
            }
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            match self.look(&entry, prefix, depth) {
                Ok((name, true)) => self.folder(&path, &name, depth + 1)?,
                Ok(_) if self.found.len() >= FILES => return Err(ActError::TooManyFiles { limit: FILES }),
                Ok((name, false)) => self.found.push(NamedFile { path, name }),
                Err(cause) => self.left_out.add(path, cause),
            }
        }
        Ok(())
    }

    /// The name to list something under that lies in a folder, and whether it is a folder itself.
    fn look(&self, entry: &std::fs::DirEntry, prefix: &str, depth: usize) -> Result<(String, bool), Unshared> {
        let kind = entry.file_type().map_err(Unshared::Read)?;
        if kind.is_symlink() {
            return Err(Unshared::Link);
        }
        if !kind.is_dir() && !kind.is_file() {
            return Err(Unshared::Special);
        }
        let name = name_of(prefix, &entry.file_name())?;
        if kind.is_dir() && (self.keys.is_home)(&entry.path()) {
            return Err(Unshared::Keys);
        }
        if kind.is_dir() && depth >= DEPTH {
            return Err(Unshared::TooDeep);
        }
        Ok((name, kind.is_dir()))
    }
}

/// The name to list something under, if every computer can be asked to hold it.
fn name_of(prefix: &str, name: &OsStr) -> Result<String, Unshared> {
    let name = name.to_str().ok_or(Unshared::NotUnicode)?;
    let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
    check_file_name(&name)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(received: PathBuf) -> Keys {
        Keys { is_home: |folder| folder.join("device.key").exists(), received }
    }

    /// The names of what is shared, and the names and causes of what is not.
    type Looked = (Vec<String>, Vec<(String, String)>);

    fn look(path: &Path, keys: &Keys) -> Result<Looked, ActError> {
        let (found, left_out) = gather(&[path.to_owned()], keys)?;
        assert_eq!(left_out.count, left_out.first.len());
        let name = |path: &Path| path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let left_out = left_out.first.into_iter().map(|(path, cause)| (name(&path), cause.to_string()));
        Ok((found.into_iter().map(|file| file.name).collect(), left_out.collect()))
    }

    #[test]
    fn a_folder_goes_whole() {
        let dir = tempfile::tempdir().expect("folder");
        let root = dir.path().join("drawings");
        std::fs::create_dir_all(root.join("a/b")).expect("folders");
        std::fs::create_dir_all(root.join("a/empty")).expect("folders");
        std::fs::write(root.join("z.txt"), "z").expect("file");
        std::fs::write(root.join("a/b/c.txt"), "c").expect("file");
        let keys = keys(root.join("none"));
        let names = vec!["drawings/a/b/c.txt".to_owned(), "drawings/z.txt".to_owned()];
        for path in [root.clone(), root.join("a/b/../.."), root.join("a/..")] {
            assert_eq!(look(&path, &keys).expect("gathers"), (names.clone(), vec![]), "{path:?}");
        }
        let nothing = look(&dir.path().join("nothing"), &keys);
        assert!(matches!(nothing, Err(ActError::Path { cause: Unshared::Read(_), .. })), "{nothing:?}");
        let root_of_all = look(dir.path().ancestors().last().expect("a root"), &keys);
        assert!(matches!(root_of_all, Err(ActError::Path { cause: Unshared::NoName, .. })), "{root_of_all:?}");
        let empty = (vec![], vec![("empty".to_owned(), Unshared::Empty.to_string())]);
        assert_eq!(look(&root.join("a/empty"), &keys).expect("looks"), empty);
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_shared_is_named_and_the_rest_goes() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().expect("folder");
        let root = dir.path().join("drawings");
        std::fs::create_dir_all(root.join("b\\d")).expect("folders");
        std::fs::write(root.join("b\\d/in.txt"), "b").expect("file");
        std::fs::write(root.join("CON"), "c").expect("file");
        std::fs::write(root.join("a:b. "), "c").expect("file");
        std::fs::write(root.join("line\nbreak"), "c").expect("file");
        std::fs::write(root.join(OsStr::from_bytes(b"latin\xe9")), "c").expect("file");
        std::os::unix::fs::symlink("/etc/passwd", root.join("link")).expect("link");
        std::os::unix::fs::symlink(".", root.join("loop")).expect("link");
        let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).expect("socket");
        let (found, left_out) = look(&root, &keys(root.join("none"))).expect("gathers");
        assert_eq!(found, ["drawings/CON", "drawings/a:b. "]);
        let text = |name: &str, cause: Unshared| (name.to_owned(), cause.to_string());
        let character = |c| Unshared::Name(crate::model::FileNameError::Character(c));
        let expected = [
            text("b\\d", character('\\')),
            text("latin\u{fffd}", Unshared::NotUnicode),
            text("line\nbreak", character('\n')),
            text("link", Unshared::Link),
            text("loop", Unshared::Link),
            text("socket", Unshared::Special),
        ];
        assert_eq!(left_out, expected);
        let special = look(&root.join("socket"), &keys(root.join("none")));
        assert!(matches!(special, Err(ActError::Path { cause: Unshared::Special, .. })), "{special:?}");
    }

    #[test]
    fn a_path_that_is_too_long_or_too_deep_is_left_out() {
        let dir = tempfile::tempdir().expect("folder");
        let mut deep = dir.path().join("d");
        for _ in 0..70 {
            deep.push("d");
        }
        std::fs::create_dir_all(&deep).expect("folders");
        let long = dir.path().join("long").join(["x".repeat(240).as_str(); 4].join("/"));
        std::fs::create_dir_all(&long).expect("folders");
        std::fs::write(long.join("fits"), "f").expect("file");
        std::fs::write(long.join("y".repeat(100)), "f").expect("file");
        let keys = keys(dir.path().join("none"));
        let (found, left_out) = look(&dir.path().join("d"), &keys).expect("gathers");
        assert_eq!((found.len(), left_out), (0, vec![("d".to_owned(), Unshared::TooDeep.to_string())]));
        let (found, left_out) = look(&dir.path().join("long"), &keys).expect("gathers");
        assert!(found.len() == 1 && left_out.len() == 1 && left_out[0].1.contains("1,024"), "{left_out:?}");
    }

    #[test]
    fn keys_are_never_shared() {
        let dir = tempfile::tempdir().expect("folder");
        let root = dir.path().join("drawings");
        let home = root.join("home");
        std::fs::create_dir_all(home.join("files")).expect("folders");
        std::fs::write(home.join("device.key"), "secret").expect("file");
        std::fs::write(home.join("files/got.txt"), "got").expect("file");
        std::fs::write(root.join("z.txt"), "z").expect("file");
        let keys = keys(home.join("files"));
        let (found, left_out) = look(&root, &keys).expect("gathers");
        assert_eq!(
            (found, left_out),
            (vec!["drawings/z.txt".into()], vec![("home".into(), Unshared::Keys.to_string())])
        );
        for path in [&home, &home.join("device.key"), &root.join("a/../home/device.key"), &home.join("files/..")] {
            std::fs::create_dir_all(root.join("a")).expect("folder");
            let refused = look(path, &keys);
            let Err(ActError::Path { path, cause: Unshared::Keys }) = refused else { panic!("{path:?}: {refused:?}") };
            assert!(path.ends_with("home"), "{path:?}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(home.join("device.key"), dir.path().join("innocent")).expect("link");
            assert!(look(&dir.path().join("innocent"), &keys).is_err());
        }
        assert_eq!(look(&home.join("files/got.txt"), &keys).expect("what was received").0, ["got.txt"]);
    }
}
