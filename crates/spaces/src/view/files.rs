//! Listed files, who holds them, and which ones this device wants.

use std::path::PathBuf;

use compeer_core::{BlobHash, DeviceId, EntryHash, GroupId, Hlc};
use rusqlite::{OptionalExtension, Row, params};

use super::{Result, View, blob_at, clock_of, entry_at, group_at};

const COLUMNS: &str = "hash, clock, person, name, size, blob";
/// A file is listed until the person who listed it, or a manager, takes it off.
pub(super) const LISTED: &str = "NOT EXISTS (SELECT 1 FROM unlisted u WHERE u.space = file.space AND u.file = file.hash
    AND (u.person = file.person OR u.manager))";

/// A file as it lies in the view.
#[derive(Debug, Clone)]
pub(crate) struct FileRow {
    pub(crate) hash: EntryHash,
    pub(crate) clock: Hlc,
    pub(crate) person: GroupId,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) blob: BlobHash,
}

fn file(row: &Row<'_>) -> rusqlite::Result<FileRow> {
    Ok(FileRow {
        hash: entry_at(row, 0)?,
        clock: clock_of(row.get(1)?),
        person: group_at(row, 2)?,
        name: row.get(3)?,
        size: row.get::<_, i64>(4)? as u64,
        blob: blob_at(row, 5)?,
    })
}

/// A file that somebody here asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) space: GroupId,
    pub(crate) file: EntryHash,
    /// The folder it shall go to.
    pub(crate) dir: PathBuf,
    pub(crate) paused: bool,
    /// Bytes of it that had arrived when this was last noted. The blob store knows better once the fetch goes on.
    pub(crate) done: u64,
}

impl View {
    /// The listed files of `space`, by name.
    pub(crate) fn files(&self, space: &GroupId) -> Result<Vec<FileRow>> {
        let connection = self.lock();
        let sql = format!("SELECT {COLUMNS} FROM file WHERE space = ?1 AND {LISTED} ORDER BY name, clock");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([space.as_bytes()], file)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The files of `space` that `person`, or anybody, lists under `name`, oldest first.
    pub(crate) fn files_named(&self, space: &GroupId, person: Option<&GroupId>, name: &str) -> Result<Vec<FileRow>> {
        let connection = self.lock();
        let sql = format!(
            "SELECT {COLUMNS} FROM file WHERE space = ?1 AND name = ?2 AND (?3 IS NULL OR person = ?3) AND {LISTED}
             ORDER BY clock"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![space.as_bytes(), name, person.map(GroupId::as_bytes)], file)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The listed files of `space` in the folder `folder` of the list, by name.
    pub(crate) fn files_below(&self, space: &GroupId, folder: &str) -> Result<Vec<FileRow>> {
        let connection = self.lock();
        // Between `folder/` and `folder0`: the character after the slash.
        let sql = format!(
            "SELECT {COLUMNS} FROM file WHERE space = ?1 AND name > ?2 || '/' AND name < ?2 || '0' AND {LISTED}
             ORDER BY name, clock"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![space.as_bytes(), folder], file)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Those of `files` that are listed in `space`, in their order.
    pub(crate) fn files_by(&self, space: &GroupId, files: &[EntryHash]) -> Result<Vec<FileRow>> {
        let connection = self.lock();
        let sql = format!("SELECT {COLUMNS} FROM file WHERE space = ?1 AND hash = ?2 AND {LISTED}");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut row =
            |hash: &EntryHash| statement.query_row(params![space.as_bytes(), hash.as_bytes()], file).optional();
        let rows = files.iter().filter_map(|hash| row(hash).transpose());
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One listed file of `space`.
    pub(crate) fn file(&self, space: &GroupId, hash: &EntryHash) -> Result<Option<FileRow>> {
        Ok(self.files_by(space, std::slice::from_ref(hash))?.pop())
    }

    /// The blobs that no other space here has ever listed.
    pub(crate) fn blobs_of_this_alone(&self, space: &GroupId) -> Result<Vec<BlobHash>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT DISTINCT blob FROM file WHERE space = ?1
             AND NOT EXISTS (SELECT 1 FROM file other WHERE other.blob = file.blob AND other.space != ?1)",
        )?;
        let rows = statement.query_map([space.as_bytes()], |row| blob_at(row, 0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The devices that say they hold `blob` whole.
    pub(crate) fn holders(&self, space: &GroupId, blob: &BlobHash) -> Result<Vec<DeviceId>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT device FROM holds WHERE space = ?1 AND blob = ?2")?;
        let rows = statement.query_map(params![space.as_bytes(), blob.as_bytes()], |row| super::device_at(row, 0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// All holders of all blobs of `space` at once.
    pub(crate) fn all_holders(&self, space: &GroupId) -> Result<std::collections::HashMap<BlobHash, Vec<DeviceId>>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT blob, device FROM holds WHERE space = ?1")?;
        let mut rows = statement.query([space.as_bytes()])?;
        let mut holders: std::collections::HashMap<BlobHash, Vec<DeviceId>> = std::collections::HashMap::new();
        while let Some(row) = rows.next()? {
            holders.entry(blob_at(row, 0)?).or_default().push(super::device_at(row, 1)?);
        }
        Ok(holders)
    }

    /// Those of `blobs` of which `device` has not said in `space` that it holds them.
    pub(crate) fn not_said_held(
        &self,
        space: &GroupId,
        device: &DeviceId,
        blobs: Vec<BlobHash>,
    ) -> Result<Vec<BlobHash>> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT 1 FROM holds WHERE space = ?1 AND blob = ?2 AND device = ?3")?;
        let mut unsaid = Vec::new();
        for blob in blobs {
            if !statement.exists(params![space.as_bytes(), blob.as_bytes(), device.as_bytes()])? {
                unsaid.push(blob);
            }
        }
        Ok(unsaid)
    }

    /// For each blob the spaces that list it and in which `own` has said that it holds it. Somebody else's listing alone
    /// opens nothing: whoever learned a hash could otherwise list it where they may read, and be served.
    pub(crate) fn spaces_served(&self, blobs: &[BlobHash], own: &DeviceId) -> Result<Vec<Vec<GroupId>>> {
        let connection = self.lock();
        let sql = format!(
            "SELECT DISTINCT space FROM file WHERE blob = ?1 AND {LISTED}
             AND EXISTS (SELECT 1 FROM holds h WHERE h.space = file.space AND h.blob = file.blob AND h.device = ?2)"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut spaces =
            |blob: &BlobHash| statement.query_map([blob.as_bytes(), own.as_bytes()], |row| group_at(row, 0))?.collect();
        Ok(blobs.iter().map(&mut spaces).collect::<rusqlite::Result<_>>()?)
    }

    /// Remembers that a file is wanted, across restarts. How far it is stays as it is known, unless it goes to another
    /// folder now.
    pub(crate) fn wish(&self, wish: &Wish) -> Result<()> {
        self.wish_all(std::slice::from_ref(wish))
    }

    /// Remembers many wishes in one transaction.
    pub(crate) fn wish_all(&self, wishes: &[Wish]) -> Result<()> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for wish in wishes {
            transaction
                .prepare_cached(
                    "INSERT INTO wish (space, file, dir, paused, done) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (space, file) DO UPDATE SET done = iif(dir = excluded.dir, done, excluded.done),
                        dir = excluded.dir, paused = excluded.paused",
                )?
                .execute(params![
                    wish.space.as_bytes(),
                    wish.file.as_bytes(),
                    wish.dir.to_string_lossy(),
                    wish.paused,
                    wish.done as i64
                ])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Remembers how many bytes of a wanted file have arrived.
    pub(crate) fn note_arrived(&self, space: &GroupId, file: &EntryHash, done: u64) -> Result<()> {
        self.lock().prepare_cached("UPDATE wish SET done = ?3 WHERE space = ?1 AND file = ?2")?.execute(params![
            space.as_bytes(),
            file.as_bytes(),
            done as i64
        ])?;
        Ok(())
    }

    /// The wish for a file is fulfilled or given up.
    pub(crate) fn unwish(&self, space: &GroupId, file: &EntryHash) -> Result<()> {
        self.unwish_all(space, std::slice::from_ref(file))
    }

    /// The same for many files of one space, in one transaction.
    pub(crate) fn unwish_all(&self, space: &GroupId, files: &[EntryHash]) -> Result<()> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for file in files {
            transaction
                .prepare_cached("DELETE FROM wish WHERE space = ?1 AND file = ?2")?
                .execute(params![space.as_bytes(), file.as_bytes()])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// What was wanted when this device was last running.
    pub(crate) fn wishes(&self) -> Result<Vec<Wish>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT space, file, dir, paused, done FROM wish")?;
        let rows = statement.query_map([], |row| {
            Ok(Wish {
                space: group_at(row, 0)?,
                file: entry_at(row, 1)?,
                dir: PathBuf::from(row.get::<_, String>(2)?),
                paused: row.get(3)?,
                done: row.get::<_, i64>(4)?.max(0) as u64,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
