//! Sharing: what lies on this disk is hashed where it lies and listed.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use compeer_blobs::safe_path::numbered_name;
use compeer_blobs::{AddError, BlobInfo};
use compeer_core::group::Level;
use compeer_core::{BlobHash, EntryHash, GroupId};

use super::gather::{Keys, LeftOut, NamedFile, gather};
use crate::error::{ActError, Unshared, ViewError};
use crate::model::{FileInfo, Op, check_file_name};
use crate::service::Spaces;
use crate::view::View;

/// Files hashed and listed together: large enough that commits do not matter, small enough that the first are seen soon.
const BATCH: usize = 2_000;

/// What becomes of another file that I have listed under the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameName {
    /// It is taken off the list: the new one is its next version.
    Replace,
    /// It stays, and the new one gets another name: messages may be about either.
    Keep,
}

/// How a file came to be on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// It was not there before.
    New,
    /// In place of what I had listed under its name.
    Version,
    /// It was there already, with this content.
    Before,
}

/// What became of paths that somebody shares.
#[derive(Debug)]
pub struct Shared {
    /// What is on the list now, in the order in which it was found, and how it came there.
    pub files: Vec<(FileInfo, Listed)>,
    /// What is not.
    pub left_out: LeftOut,
}

/// What one call has listed so far.
#[derive(Default)]
struct Sharing {
    listed: Vec<(EntryHash, Listed)>,
    /// The names that this call has given away: two files that it shares do not replace each other.
    names: HashMap<String, BlobHash>,
}

impl Spaces {
    /// Lists files and whole folders in a space. They stay where they are; nothing is copied. What lies in a folder and
    /// cannot be shared is left out. A file that I list again under its name takes the place of the earlier one.
    ///
    /// # Errors
    /// [`ActError::Path`] if a path itself cannot be shared, or nothing that lies in it; then nothing is listed.
    pub async fn put(&self, space: GroupId, paths: Vec<PathBuf>) -> Result<Shared, ActError> {
        self.rules_for(&space, Level::Write)?;
        let keys = Keys { is_home: self.inner.is_home, received: self.inner.downloads.clone() };
        let gathered = tokio::task::spawn_blocking(move || gather(&paths, &keys)).await;
        let (found, mut left_out) = gathered.map_err(|_| ActError::Closed)??;
        let mut sharing = Sharing::default();
        // While a batch is listed the next is hashed.
        let mut hashed: Vec<(NamedFile, BlobInfo)> = Vec::new();
        for batch in found.chunks(BATCH).map(Some).chain([None]) {
            let ready = std::mem::take(&mut hashed);
            let hash = async {
                match batch {
                    Some(batch) => self.hash(batch).await,
                    None => Ok(Vec::new()),
                }
            };
            let list = self.list_batch(space, ready, SameName::Replace, &mut sharing, &mut left_out);
            let (results, ()) = tokio::try_join!(hash, list)?;
            for (file, result) in batch.unwrap_or_default().iter().zip(results) {
                match result {
                    Ok(blob) => hashed.push((file.clone(), blob)),
                    Err(AddError::Hash(error)) => left_out.add(file.path.clone(), error.into()),
                    Err(error @ AddError::Store(_)) => return Err(error.into()),
                }
            }
        }
        if sharing.listed.is_empty() {
            left_out = left_out.none()?;
        }
        Ok(Shared { files: self.shared(space, sharing).await?, left_out })
    }

    /// Lists files under given names, all or none of them.
    pub async fn put_named(
        &self,
        space: GroupId,
        files: Vec<NamedFile>,
        same_name: SameName,
    ) -> Result<Vec<FileInfo>, ActError> {
        self.rules_for(&space, Level::Write)?;
        let hashed = self.hash(&files).await?;
        let whole = files.into_iter().zip(hashed).map(|(file, blob)| Ok((file, blob?)));
        let whole = whole.collect::<Result<_, AddError>>()?;
        let (mut sharing, mut left_out) = (Sharing::default(), LeftOut::default());
        self.list_batch(space, whole, same_name, &mut sharing, &mut left_out).await?;
        left_out.none()?;
        Ok(self.shared(space, sharing).await?.into_iter().map(|(file, _)| file).collect())
    }

    async fn hash(&self, files: &[NamedFile]) -> Result<Vec<Result<BlobInfo, AddError>>, ActError> {
        let paths = files.iter().map(|file| file.path.clone()).collect();
        Ok(self.inner.blobs.add_files(paths).await.map_err(AddError::from)?)
    }

    /// Lists what was hashed.
    async fn list_batch(
        &self,
        space: GroupId,
        files: Vec<(NamedFile, BlobInfo)>,
        same_name: SameName,
        sharing: &mut Sharing,
        left_out: &mut LeftOut,
    ) -> Result<(), ActError> {
        if files.is_empty() {
            return Ok(());
        }
        let me = self.person_id()?;
        // Whoever shares the same at the same time waits, and then finds it listed.
        let turn = self.inner.listing.lock().await;
        let mut names = std::mem::take(&mut sharing.names);
        let look = move |view: &View| {
            let mut found = Vec::with_capacity(files.len());
            for (file, blob) in files {
                let name = name_for(view, (&space, &me), &file.name, blob.hash, same_name, &names)?;
                if let Some((name, _)) = &name
                    && names.insert(name.clone(), blob.hash).is_some()
                {
                    // The same file twice in one call.
                    continue;
                }
                found.push((file.path, blob, name));
            }
            Ok((found, names))
        };
        let (found, names) = self.inner.view.with(look).await?;
        sharing.names = names;
        let mut ops = Vec::with_capacity(found.len());
        // Each an entry, or the operation that becomes one.
        let mut listed: Vec<(Result<EntryHash, usize>, Listed)> = Vec::with_capacity(found.len());
        for (path, blob, name) in found {
            let Some((name, before)) = name else {
                left_out.add(path, Unshared::NoFreeName);
                continue;
            };
            if let Some((file, _)) = before.iter().find(|(_, other)| *other == blob.hash) {
                listed.push((Ok(*file), Listed::Before));
                continue;
            }
            let how = if before.is_empty() { Listed::New } else { Listed::Version };
            for (file, _) in before {
                ops.push(Op::Unlist { file }.encode()?);
            }
            listed.push((Err(ops.len()), how));
            ops.push(Op::File { name, size: blob.size, blob: blob.hash }.encode()?);
        }
        let appended = if ops.is_empty() { Vec::new() } else { self.inner.journal.append_all(space, ops).await? };
        sharing.listed.extend(listed.into_iter().filter_map(|(entry, how)| {
            let entry = entry.or_else(|at| appended.get(at).map(|entry| entry.hash).ok_or(())).ok()?;
            Some((entry, how))
        }));
        self.catch_up(space).await;
        drop(turn);
        Ok(())
    }

    /// What was listed, as it looks now. What this device holds and has not said so is said.
    async fn shared(&self, space: GroupId, sharing: Sharing) -> Result<Vec<(FileInfo, Listed)>, ActError> {
        let ids = sharing.listed.iter().map(|(id, _)| *id).collect();
        let infos = self.files_by(space, ids).await?;
        let how: HashMap<EntryHash, Listed> = sharing.listed.into_iter().collect();
        let listed = |info: FileInfo| {
            let how = how.get(&info.id).copied()?;
            Some((info, how))
        };
        let files: Vec<_> = infos.into_iter().filter_map(listed).collect();
        // It may have been listed by another device of mine.
        let known = files.iter().filter(|(_, how)| *how == Listed::Before).map(|(info, _)| info.blob);
        let known: HashSet<BlobHash> = known.collect();
        self.announce_holding(space, known.into_iter().collect()).await;
        Ok(files)
    }
}

/// A name, and what somebody lists under it.
type NameTaken = (String, Vec<(EntryHash, BlobHash)>);

/// The name under which a file is listed, and what I list under it now. `None` when there is no room for a number.
fn name_for(
    view: &View,
    (space, me): (&GroupId, &GroupId),
    name: &str,
    blob: BlobHash,
    same_name: SameName,
    given: &HashMap<String, BlobHash>,
) -> Result<Option<NameTaken>, ViewError> {
    for candidate in candidates(name) {
        if check_file_name(&candidate).is_err() {
            break;
        }
        if given.get(&candidate).is_some_and(|other| *other != blob) {
            continue;
        }
        let rows = view.files_named(space, Some(me), &candidate)?;
        let before: Vec<_> = rows.into_iter().map(|row| (row.hash, row.blob)).collect();
        let free = before.is_empty() || before.iter().any(|(_, other)| *other == blob);
        if same_name == SameName::Replace || free {
            return Ok(Some((candidate, before)));
        }
    }
    Ok(None)
}

/// `name`, then `name (2)`, `name (3)` and so on.
fn candidates(name: &str) -> impl Iterator<Item = String> {
    let (folder, file) = name.split_at(name.rfind('/').map_or(0, |slash| slash + 1));
    let numbered = (2..).map(move |copy| format!("{folder}{}", numbered_name(file, copy)));
    std::iter::once(name.to_owned()).chain(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        for (name, second) in
            [("a.png", "a (2).png"), ("b/.rc", "b/.rc (2)"), ("c.d/e", "c.d/e (2)"), ("g.tar.gz", "g (2).tar.gz")]
        {
            assert_eq!(candidates(name).take(2).collect::<Vec<_>>(), [name, second]);
        }
    }
}
