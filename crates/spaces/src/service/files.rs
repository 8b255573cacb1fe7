//! Files: listing what lies here, seeing what others have, and who may be served what.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use compeer_core::group::{Level, Rules};
use compeer_core::{BlobHash, DeviceId, EntryHash, GroupId};

use super::{Spaces, name_or_id};
use crate::error::ActError;
use crate::model::{FileInfo, FileState, HOLDS_PER_OP, Op, TransferId};
use crate::view::FileRow;

/// Files listed by one call, at most.
const FILES: usize = 200_000;
/// Files hashed and listed together: large enough that commits do not matter, small enough that the first are seen soon.
const BATCH: usize = 2_000;
/// Folders inside folders that are followed.
const DEPTH: usize = 64;

/// A file on this disk and the name to list it under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Relative, with `/` between its parts.
    pub name: String,
}

/// What becomes of another file that I have listed under the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameName {
    /// It is taken off the list: the new one is its next version.
    Replace,
    /// It stays, and the new one gets another name: messages may be about either.
    Keep,
}

impl Spaces {
    /// Lists files and whole folders in a space. They stay where they are; nothing is copied. Symbolic links and what is
    /// neither file nor folder are left out. A file that I list again under its name takes the place of the earlier one.
    pub async fn put(&self, space: GroupId, paths: Vec<PathBuf>) -> Result<Vec<FileInfo>, ActError> {
        self.rules_for(&space, Level::Write)?;
        let keys = Keys { is_home: self.inner.is_home, received: self.inner.downloads.clone() };
        let found =
            tokio::task::spawn_blocking(move || gather(&paths, &keys)).await.map_err(|_| ActError::Closed)??;
        self.put_named(space, found, SameName::Replace).await
    }

    /// Lists files under given names.
    pub async fn put_named(
        &self,
        space: GroupId,
        files: Vec<NamedFile>,
        same_name: SameName,
    ) -> Result<Vec<FileInfo>, ActError> {
        self.rules_for(&space, Level::Write)?;
        let me = self.person_id()?;
        let before: HashMap<String, (EntryHash, BlobHash)> = self
            .inner
            .view
            .with(move |view| view.files(&space))
            .await?
            .into_iter()
            .filter(|row| row.person == me)
            .map(|row| (row.name, (row.hash, row.blob)))
            .collect();
        let mut listed = Vec::with_capacity(files.len());
        for batch in files.chunks(BATCH) {
            let hashed = self.inner.blobs.add_files(batch.iter().map(|file| file.path.clone()).collect()).await;
            let mut ops = Vec::with_capacity(batch.len());
            let mut at = Vec::with_capacity(batch.len());
            for (file, blob) in batch.iter().zip(hashed.map_err(compeer_blobs::AddError::from)?) {
                let blob = blob?;
                let name = match same_name {
                    SameName::Replace => file.name.clone(),
                    SameName::Keep => {
                        free_name(&file.name, |name| before.get(name).is_some_and(|(_, other)| *other != blob.hash))
                    }
                };
                match before.get(&name) {
                    Some((listed_as, other)) if *other == blob.hash => {
                        listed.push(*listed_as);
                        continue;
                    }
                    Some((listed_as, _)) => ops.push(Op::Unlist { file: *listed_as }.encode()?),
                    None => {}
                }
                at.push(ops.len());
                ops.push(Op::File { name, size: blob.size, blob: blob.hash }.encode()?);
            }
            if ops.is_empty() {
                continue;
            }
            let appended = self.inner.journal.append_all(space, ops).await?;
            listed.extend(at.into_iter().filter_map(|at| appended.get(at).map(|entry| entry.hash)));
        }
        self.catch_up(space).await;
        self.files_by(space, listed).await
    }

    /// Those of `files` that are listed, in the same order.
    pub(super) async fn files_by(&self, space: GroupId, files: Vec<EntryHash>) -> Result<Vec<FileInfo>, ActError> {
        let rules = self.rules(&space)?;
        let rows = self
            .inner
            .view
            .with(move |view| {
                let rows = files.iter().map(|hash| view.file(&space, hash));
                rows.collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let rows: Vec<FileRow> = rows.into_iter().flatten().collect();
        if let [row] = rows.as_slice() {
            return Ok(vec![self.file(space, row.hash).await?]);
        }
        self.file_infos(&space, &rules, rows).await
    }

    /// The files of a space, by name.
    pub async fn files(&self, space: GroupId) -> Result<Vec<FileInfo>, ActError> {
        let rules = self.rules(&space)?;
        self.catch_up(space).await;
        let rows = self.inner.view.with(move |view| view.files(&space)).await?;
        self.file_infos(&space, &rules, rows).await
    }

    /// One file, with the place where it lies here.
    pub async fn file(&self, space: GroupId, file: EntryHash) -> Result<FileInfo, ActError> {
        let rules = self.rules(&space)?;
        let row = self.inner.view.with(move |view| view.file(&space, &file)).await?.ok_or(ActError::UnknownFile)?;
        let blob = row.blob;
        let mut infos = self.file_infos(&space, &rules, vec![row]).await?;
        let mut info = infos.pop().ok_or(ActError::UnknownFile)?;
        if info.state == FileState::Here {
            let places = self.inner.blobs.places(blob).await.map_err(compeer_blobs::AddError::from)?;
            info.path = places.into_iter().find(|path| path.exists());
        }
        Ok(info)
    }

    /// Takes a file off the list. The file itself stays where it is.
    pub async fn unlist(&self, space: GroupId, file: EntryHash) -> Result<(), ActError> {
        let rules = self.rules_for(&space, Level::Write)?;
        let row = self.inner.view.with(move |view| view.file(&space, &file)).await?.ok_or(ActError::UnknownFile)?;
        let manager = rules.level(&self.inner.journal.device()) >= Some(Level::Manage);
        if row.person != self.person_id()? && !manager {
            return Err(ActError::NeedsManage);
        }
        self.inner.journal.append(space, Op::Unlist { file }.encode()?).await?;
        Ok(())
    }

    /// Tells a space that these blobs lie here now, too.
    pub(super) async fn announce_holding(&self, space: GroupId, blobs: Vec<BlobHash>) {
        // Who may only read cannot say it; the file is served all the same to whoever asks.
        if self.rules_for(&space, Level::Write).is_err() {
            return;
        }
        for chunk in blobs.chunks(HOLDS_PER_OP) {
            let Ok(op) = (Op::Holds { blobs: chunk.to_vec() }).encode() else { return };
            if let Err(error) = self.inner.journal.append(space, op).await {
                tracing::warn!(space = %space.short(), %error, "could not say which files are here");
            }
        }
    }

    /// Whether `device` may be served `blob`: it may read a space in which this device offers it. Asked for every blob,
    /// so it only looks at indexes; call it where blocking is allowed.
    #[must_use]
    pub fn may_read_blob(&self, device: &DeviceId, blob: &BlobHash) -> bool {
        let topics = self.inner.view.topics_served(blob, &self.inner.journal.device());
        topics.is_ok_and(|topics| self.may_read_any(device, &topics))
    }

    fn may_read_any(&self, device: &DeviceId, topics: &[GroupId]) -> bool {
        topics.iter().any(|topic| {
            self.rules(topic).is_ok_and(|rules| rules.ended().is_none() && rules.level(device) >= Some(Level::Read))
        })
    }

    async fn file_infos(&self, space: &GroupId, rules: &Rules, rows: Vec<FileRow>) -> Result<Vec<FileInfo>, ActError> {
        let (space, single) = (*space, (rows.len() == 1).then(|| rows[0].blob));
        let (names, holders) = self
            .inner
            .view
            .with(move |view| {
                let holders = match single {
                    Some(blob) => HashMap::from([(blob, view.holders(&space, &blob)?)]),
                    None => view.all_holders(&space)?,
                };
                Ok((view.people(&space)?, holders))
            })
            .await?;
        let blobs = rows.iter().map(|row| row.blob).collect();
        let here = self.inner.blobs.has_many(blobs).await.map_err(compeer_blobs::AddError::from)?;
        let own = self.inner.journal.device();
        let infos = rows.into_iter().zip(here).map(|(row, here)| {
            let devices = holders.get(&row.blob).map(Vec::as_slice).unwrap_or_default();
            let says_held = devices.contains(&own);
            let members: BTreeSet<_> = devices
                .iter()
                // What this device said it holds counts only while it is true.
                .filter(|device| rules.level(device).is_some() && (**device != own || here))
                .filter_map(|device| rules.person_of(device))
                .collect();
            let state = if here {
                FileState::Here
            } else if self.is_fetching(&TransferId { space, file: row.hash }) {
                FileState::Fetching
            } else if says_held {
                FileState::Changed
            } else {
                FileState::Remote
            };
            FileInfo {
                id: row.hash,
                size: row.size,
                blob: row.blob,
                author: row.person,
                author_name: name_or_id(&names, &row.person),
                time: row.clock.millis(),
                holders: members.into_iter().collect(),
                state,
                path: None,
                name: row.name,
            }
        });
        Ok(infos.collect())
    }
}

/// What must never be shared, however it is named: the folders in which peers keep their keys.
struct Keys {
    is_home: fn(&Path) -> bool,
    /// Lies in our own home, and may be shared all the same.
    received: PathBuf,
}

impl Keys {
    /// Refuses what lies in such a folder, through links too.
    fn check(&self, path: &Path) -> Result<(), ActError> {
        let path = path.canonicalize().map_err(|error| unusable(path, &error))?;
        if self.received.canonicalize().is_ok_and(|received| path.starts_with(received)) {
            return Ok(());
        }
        path.ancestors().try_for_each(|folder| self.check_folder(folder))
    }

    fn check_folder(&self, folder: &Path) -> Result<(), ActError> {
        if (self.is_home)(folder) {
            let cause = "a peer keeps its keys there, and they are never shared".into();
            return Err(ActError::Path { path: folder.display().to_string(), cause });
        }
        Ok(())
    }
}

/// The files behind `paths`, folders walked through, in a stable order.
fn gather(paths: &[PathBuf], keys: &Keys) -> Result<Vec<NamedFile>, ActError> {
    let mut found = Vec::new();
    for path in paths {
        let path = std::path::absolute(path).map_err(|error| unusable(path, &error))?;
        keys.check(&path)?;
        let name = part_name(&path)?;
        // What the person names may be a link; what lies inside a folder may not.
        let meta = std::fs::metadata(&path).map_err(|error| unusable(&path, &error))?;
        if meta.is_dir() {
            walk(&path, &name, 0, keys, &mut found)?;
        } else if meta.is_file() {
            found.push(NamedFile { path, name });
        } else {
            return Err(ActError::Path {
                path: path.display().to_string(),
                cause: "neither a file nor a folder".into(),
            });
        }
    }
    Ok(found)
}

fn walk(folder: &Path, prefix: &str, depth: usize, keys: &Keys, found: &mut Vec<NamedFile>) -> Result<(), ActError> {
    if depth > DEPTH {
        return Err(ActError::Path {
            path: folder.display().to_string(),
            cause: "too many folders inside folders".into(),
        });
    }
    let entries = std::fs::read_dir(folder).map_err(|error| unusable(folder, &error))?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(|error| unusable(folder, &error))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| unusable(&path, &error))?;
        if !kind.is_dir() && !kind.is_file() {
            continue;
        }
        let name = format!("{prefix}/{}", part_name(&path)?);
        if kind.is_dir() {
            keys.check_folder(&path)?;
            walk(&path, &name, depth + 1, keys, found)?;
        } else if found.len() >= FILES {
            return Err(ActError::TooManyFiles { limit: FILES });
        } else {
            found.push(NamedFile { path, name });
        }
    }
    Ok(())
}

/// `name`, or the first of `name (2)`, `name (3)` and so on that is not taken. The number goes before the file's ending.
fn free_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let end = name[start..].rfind('.').filter(|dot| *dot > 0).map_or(name.len(), |dot| start + dot);
    let (stem, ending) = name.split_at(end);
    let numbered = (2u32..).map(|n| format!("{stem} ({n}){ending}"));
    // There are only so many taken names, so the search ends.
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_else(|| name.to_owned())
}

/// The last part of a path, as a name that every computer understands.
fn part_name(path: &Path) -> Result<String, ActError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    crate::model::check_file_name(name)
        .map_err(|error| ActError::Path { path: path.display().to_string(), cause: error.to_string() })?;
    Ok(name.to_owned())
}

fn unusable(path: &Path, error: &std::io::Error) -> ActError {
    ActError::Path { path: path.display().to_string(), cause: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let taken = ["a.png", "a (2).png", "b/.rc", "c.d/e"];
        let free = |name| free_name(name, |name| taken.contains(&name));
        assert_eq!(free("b.png"), "b.png");
        assert_eq!(free("a.png"), "a (3).png");
        assert_eq!(free("b/.rc"), "b/.rc (2)");
        assert_eq!(free("c.d/e"), "c.d/e (2)");
    }

    #[test]
    fn a_folder_goes_whole_and_links_stay_out() {
        let dir = tempfile::tempdir().expect("folder");
        let root = dir.path().join("drawings");
        std::fs::create_dir_all(root.join("a/b")).expect("folders");
        std::fs::write(root.join("z.txt"), "z").expect("file");
        std::fs::write(root.join("a/b/c.txt"), "c").expect("file");
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", root.join("a/link")).expect("link");
        let keys = Keys { is_home: |folder| folder.join("device.key").exists(), received: root.join("home/files") };
        let names = |paths: &[PathBuf]| {
            gather(paths, &keys).map(|files| files.into_iter().map(|file| file.name).collect::<Vec<_>>())
        };
        assert_eq!(names(std::slice::from_ref(&root)).expect("gathers"), ["drawings/a/b/c.txt", "drawings/z.txt"]);
        assert!(matches!(names(&[dir.path().join("nothing")]), Err(ActError::Path { .. })));

        // A home inside keeps everything around it from being shared, and says which it is.
        let home = root.join("home");
        std::fs::create_dir_all(home.join("files")).expect("folders");
        std::fs::write(home.join("device.key"), "secret").expect("file");
        std::fs::write(home.join("files/got.txt"), "got").expect("file");
        for path in [&root, &home, &home.join("device.key"), &root.join("a/../home/device.key")] {
            let Err(ActError::Path { path, .. }) = names(std::slice::from_ref(path)) else { panic!("{path:?}") };
            assert!(path.ends_with("home"), "{path}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(home.join("device.key"), dir.path().join("innocent")).expect("link");
            assert!(names(&[dir.path().join("innocent")]).is_err());
        }
        assert_eq!(names(&[home.join("files/got.txt")]).expect("what was received"), ["got.txt"]);
    }
}
