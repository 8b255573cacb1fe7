//! Rows in and out of the store's database. Every function is one statement or two, in the caller's transaction.

use std::path::{Path, PathBuf};

use compeer_core::BlobHash;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::disk::Stamp;
use crate::error::StoreError;
use crate::piece::PieceList;

/// The blob with up to 16 of its places: one is needed, and an empty file may lie in a hundred thousand. One statement,
/// because it is asked ten thousand times in a row, and without a parameter behind `LIMIT`: SQLite would plan it anew each
/// time (`sqlite3ExprIsInteger` looks at what is bound).
const FIND: &str = "SELECT size, path, owned, mtime_ns, inode FROM blob JOIN place ON place.blob = blob.id
    WHERE hash = ?1 LIMIT 16";

/// Where a file lies: the user's, by absolute path, or the store's, relative to its folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) owned: bool,
}

/// A blob as recorded.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) size: u64,
    pub(super) pieces: Vec<u8>,
    pub(super) places: Vec<(Place, Stamp)>,
}

/// A download under way, as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partial {
    pub(crate) hash: BlobHash,
    pub(crate) size: u64,
    pub(crate) pieces: Vec<u8>,
    pub(crate) touched: Vec<u8>,
}

struct Hash(BlobHash);

impl ToSql for Hash {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Hash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        let bytes = bytes
            .try_into()
            .map_err(|_| FromSqlError::InvalidBlobSize { expected_size: 32, blob_size: bytes.len() })?;
        Ok(Self(BlobHash::from_bytes(bytes)))
    }
}

/// A path as the platform spells it: bytes on Unix, UTF-8 elsewhere.
#[cfg(unix)]
fn path_bytes(path: &Path) -> Result<&[u8], StoreError> {
    Ok(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()))
}

#[cfg(not(unix))]
fn path_bytes(path: &Path) -> Result<&[u8], StoreError> {
    let text = path.to_str().ok_or_else(|| StoreError::PathText { path: path.to_path_buf() })?;
    Ok(text.as_bytes())
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
}

/// SQLite has signed integers only. Sizes and inodes keep their bits.
fn stamp_of(row: &Row<'_>, mtime: usize, inode: usize, size: u64) -> rusqlite::Result<Stamp> {
    Ok(Stamp { size, mtime_ns: row.get(mtime)?, inode: row.get::<_, i64>(inode)? as u64 })
}

/// The blob with some of its places. Its list is left out unless `with_list`: for huge blobs it takes 2 MiB.
pub(super) fn find(db: &Connection, hash: &BlobHash, with_list: bool) -> Result<Option<Found>, StoreError> {
    let Some(mut found) = find_places(db, hash)? else { return Ok(None) };
    if with_list {
        found.pieces =
            db.prepare_cached("SELECT pieces FROM blob WHERE hash = ?1")?.query_row([Hash(*hash)], |row| row.get(0))?;
    }
    Ok(Some(found))
}

fn find_places(db: &Connection, hash: &BlobHash) -> Result<Option<Found>, StoreError> {
    let mut statement = db.prepare_cached(FIND)?;
    let mut rows = statement.query([Hash(*hash)])?;
    let mut found: Option<Found> = None;
    while let Some(row) = rows.next()? {
        let size = row.get::<_, i64>(0)? as u64;
        let place = Place { path: path_of(row.get(1)?), owned: row.get(2)? };
        let stamp = stamp_of(row, 3, 4, size)?;
        // A blob has a place for as long as it is recorded.
        let found = found.get_or_insert(Found { size, pieces: Vec::new(), places: Vec::new() });
        found.places.push((place, stamp));
    }
    Ok(found)
}

/// All places of a blob.
pub(super) fn places(db: &Connection, hash: &BlobHash) -> Result<Vec<Place>, StoreError> {
    let places = db
        .prepare_cached("SELECT path, owned FROM place WHERE blob = (SELECT id FROM blob WHERE hash = ?1)")?
        .query_map([Hash(*hash)], |row| Ok(Place { path: path_of(row.get(0)?), owned: row.get(1)? }))?
        .collect::<Result<_, _>>()?;
    Ok(places)
}

/// Which blob lies at a place, and the stamp its file had.
pub(super) fn at(db: &Connection, place: &Place) -> Result<Option<(BlobHash, Stamp)>, StoreError> {
    let found = db
        .prepare_cached(
            "SELECT blob.hash, blob.size, mtime_ns, inode FROM place JOIN blob ON blob.id = place.blob
             WHERE owned = ?1 AND path = ?2",
        )?
        .query_row(params![place.owned, path_bytes(&place.path)?], |row| {
            let size = row.get::<_, i64>(1)? as u64;
            Ok((row.get::<_, Hash>(0)?.0, stamp_of(row, 2, 3, size)?))
        })
        .optional()?;
    Ok(found)
}

/// Records that a blob lies at a place, instead of whatever lay there before.
pub(super) fn put(db: &Connection, place: &Place, pieces: &PieceList, stamp: &Stamp) -> Result<(), StoreError> {
    remove_place(db, place)?;
    let hash = Hash(pieces.root());
    db.prepare_cached("INSERT INTO blob (hash, size, pieces) VALUES (?1, ?2, ?3) ON CONFLICT (hash) DO NOTHING")?
        .execute(params![hash, pieces.layout().size() as i64, pieces.as_bytes()])?;
    db.prepare_cached(
        "INSERT INTO place (path, owned, blob, mtime_ns, inode)
         VALUES (?1, ?2, (SELECT id FROM blob WHERE hash = ?3), ?4, ?5)",
    )?
    .execute(params![path_bytes(&place.path)?, place.owned, hash, stamp.mtime_ns, stamp.inode as i64])?;
    Ok(())
}

/// Forgets a place, and the blob with its last place. Says whether there was a record.
pub(super) fn remove_place(db: &Connection, place: &Place) -> Result<bool, StoreError> {
    let blob: Option<i64> = db
        .prepare_cached("DELETE FROM place WHERE owned = ?1 AND path = ?2 RETURNING blob")?
        .query_row(params![place.owned, path_bytes(&place.path)?], |row| row.get(0))
        .optional()?;
    let Some(blob) = blob else { return Ok(false) };
    db.prepare_cached("DELETE FROM blob WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM place WHERE blob = ?1)")?
        .execute([blob])?;
    Ok(true)
}

/// The download for a place.
pub(super) fn partial(db: &Connection, place: &Place) -> Result<Option<Partial>, StoreError> {
    let found = db
        .prepare_cached("SELECT hash, size, pieces, touched FROM partial WHERE owned = ?1 AND path = ?2")?
        .query_row(params![place.owned, path_bytes(&place.path)?], |row| {
            Ok(Partial {
                hash: row.get::<_, Hash>(0)?.0,
                size: row.get::<_, i64>(1)? as u64,
                pieces: row.get(2)?,
                touched: row.get(3)?,
            })
        })
        .optional()?;
    Ok(found)
}

/// Every download under way.
pub(super) fn partials(db: &Connection) -> Result<Vec<(Place, BlobHash, u64)>, StoreError> {
    let found = db
        .prepare_cached("SELECT path, owned, hash, size FROM partial")?
        .query_map([], |row| {
            let place = Place { path: path_of(row.get(0)?), owned: row.get(1)? };
            Ok((place, row.get::<_, Hash>(2)?.0, row.get::<_, i64>(3)? as u64))
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// Records a download under way, instead of another for the same place.
pub(super) fn put_partial(db: &Connection, place: &Place, partial: &Partial) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO partial (path, owned, hash, size, pieces, touched) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        path_bytes(&place.path)?,
        place.owned,
        Hash(partial.hash),
        partial.size as i64,
        partial.pieces,
        partial.touched
    ])?;
    Ok(())
}

/// Forgets a download under way.
pub(super) fn remove_partial(db: &Connection, place: &Place) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM partial WHERE owned = ?1 AND path = ?2")?
        .execute(params![place.owned, path_bytes(&place.path)?])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a damaged database says of a download: the blob's name, its size, and the list and set that are kept.
    #[test]
    fn fuzz_saved_downloads() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = super::super::schema::open(&folder.path().join("blobs.sqlite")).expect("opens");
        db.execute_batch("BEGIN").expect("begins");
        let place = Place { path: "/a/b.txt".into(), owned: false };
        let seed = [&[9; 32][..], &(3_i64 << 20).to_be_bytes(), &[1, 2, 3]].concat();
        compeer_testkit::fuzz::run(&[seed], |bytes| {
            let (hash, rest) = bytes.split_at(bytes.len().min(32));
            let (size, kept) = rest.split_at(rest.len().min(8));
            let size = size.iter().fold(0, |size: i64, byte| size << 8 | i64::from(*byte));
            db.execute(
                "INSERT OR REPLACE INTO partial (path, owned, hash, size, pieces, touched) VALUES (?1, 0, ?2, ?3, ?4, ?4)",
                params![path_bytes(&place.path).expect("bytes"), hash, size, kept],
            )
            .expect("written");
            let all = partials(&db).is_ok();
            let Ok(found) = partial(&db, &place) else {
                assert!(!all && hash.len() != 32);
                return false;
            };
            let found = found.expect("recorded");
            assert_eq!((found.hash.as_bytes().as_slice(), found.touched.as_slice()), (hash, kept));
            true
        });
    }
}
