//! The statements of the write connection. All run inside the engine's transaction.

use compeer_core::{DeviceId, EpochId, EpochKey, GroupId, SignedHeader, Tip};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::fork::Fork;
use crate::identity::Asking;

use super::{LOG_LIMIT, StoreError, entry_id, lacking, log_range};

type Result<T> = std::result::Result<T, StoreError>;

/// What became of an entry's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyState {
    /// It is here.
    Here,
    /// It was dropped, as an entry which counts says.
    Dropped,
    /// It did not come, or was dropped by an entry that no longer counts.
    Lacking,
}

/// An entry as it lies in the file. The body is only there where it was asked for.
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) header: SignedHeader,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) state: BodyState,
}

pub(crate) struct TopicRow {
    pub(crate) id: i64,
    pub(crate) topic: GroupId,
    pub(crate) adopted: bool,
    pub(crate) asking: Asking,
    pub(crate) generation: u64,
}

pub(crate) struct LogRow {
    pub(crate) id: i64,
    pub(crate) author: DeviceId,
    pub(crate) bytes: u64,
    pub(crate) tip: Option<Tip>,
    pub(crate) lacks: Option<u64>,
    pub(crate) fork: Option<Fork>,
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| StoreError::Damaged("an id of the wrong length"))
}

fn blob<const N: usize>(row: &Row<'_>, at: usize) -> Result<[u8; N]> {
    array(row.get_ref(at)?.as_blob().map_err(|_| StoreError::Damaged("a field of the wrong type"))?)
}

pub(super) fn header(row: &Row<'_>, at: usize) -> Result<SignedHeader> {
    let bytes = row.get_ref(at)?.as_blob().map_err(|_| StoreError::Damaged("a field of the wrong type"))?;
    SignedHeader::decode(bytes).map_err(|_| StoreError::Damaged("an unreadable header"))
}

pub(crate) fn meta(db: &Connection, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(db.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0)).optional()?)
}

pub(crate) fn set_meta(db: &Connection, name: &str, value: &[u8]) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
    db.prepare_cached(sql)?.execute(params![name, value])?;
    Ok(())
}

pub(crate) fn remove_meta(db: &Connection, name: &str) -> Result<()> {
    db.execute("DELETE FROM meta WHERE name = ?1", [name])?;
    Ok(())
}

pub(crate) fn topics(db: &Connection) -> Result<Vec<TopicRow>> {
    let mut statement = db.prepare_cached("SELECT id, topic, adopted, asking, generation FROM topic")?;
    let mut rows = statement.query([])?;
    let mut topics = Vec::new();
    while let Some(row) = rows.next()? {
        topics.push(TopicRow {
            id: row.get(0)?,
            topic: GroupId::from_bytes(blob(row, 1)?),
            adopted: row.get(2)?,
            asking: Asking::from_number(row.get(3)?),
            generation: row.get::<_, i64>(4)?.cast_unsigned(),
        });
    }
    Ok(topics)
}

pub(crate) fn put_topic(
    db: &Connection,
    topic: &GroupId,
    adopted: bool,
    asking: Asking,
    generation: u64,
) -> Result<i64> {
    let sql = "INSERT INTO topic (topic, adopted, asking, generation) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (topic) DO UPDATE SET adopted = excluded.adopted, asking = excluded.asking,
            generation = excluded.generation
        RETURNING id";
    let values = params![topic.as_bytes(), adopted, asking as i64, generation.cast_signed()];
    Ok(db.prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
}

/// The logs of a topic, each with its end.
pub(crate) fn logs(db: &Connection, topic: i64) -> Result<Vec<LogRow>> {
    let sql = "SELECT log.id, author, counted, bytes, fork.ours, fork.theirs
        FROM log LEFT JOIN fork ON fork.log = log.id WHERE topic = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([topic])?;
    let mut logs = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, counted) = (row.get(0)?, row.get::<_, i64>(2)?.cast_unsigned());
        let (tip, rest) = end(db, id, counted)?;
        let fork = match (row.get::<_, Option<Vec<u8>>>(4)?, row.get::<_, Option<Vec<u8>>>(5)?) {
            (Some(ours), Some(theirs)) => {
                Some(Fork::stored(&ours, &theirs).ok_or(StoreError::Damaged("an unreadable header"))?)
            }
            _ => None,
        };
        logs.push(LogRow {
            id,
            author: DeviceId::from_bytes(blob(row, 1)?),
            bytes: row.get::<_, i64>(3)?.cast_unsigned() + rest,
            tip,
            lacks: lacking::first(db, id, 0)?,
            fork,
        });
    }
    Ok(logs)
}

/// Where a log ends, and how many bytes lie behind its first `counted` entries.
fn end(db: &Connection, log: i64, counted: u64) -> Result<(Option<Tip>, u64)> {
    let range = log_range(log);
    let last = "SELECT header FROM entry WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 1";
    let mut statement = db.prepare_cached(last)?;
    let mut rows = statement.query([range.start, range.end])?;
    let tip = match rows.next()? {
        Some(row) => {
            let header = header(row, 0)?;
            Some(Tip { seq: header.seq, hash: header.hash(), clock: header.clock })
        }
        None => None,
    };
    let rest =
        "SELECT COALESCE(SUM(LENGTH(header) + COALESCE(LENGTH(body), 0)), 0) FROM entry WHERE id >= ?1 AND id < ?2";
    let values = [entry_id(log, counted), range.end];
    let rest: i64 = db.prepare_cached(rest)?.query_row(values, |row| row.get(0))?;
    Ok((tip, rest.cast_unsigned()))
}

pub(crate) fn add_log(db: &Connection, topic: i64, author: &DeviceId) -> Result<i64> {
    let sql = "INSERT INTO log (topic, author, counted, bytes) VALUES (?1, ?2, 0, 0) RETURNING id";
    let id: i64 = db.prepare_cached(sql)?.query_row(params![topic, author.as_bytes()], |row| row.get(0))?;
    if id < LOG_LIMIT { Ok(id) } else { Err(StoreError::Failed("too many logs".into())) }
}

pub(crate) fn count_log(db: &Connection, log: i64, counted: u64, bytes: u64) -> Result<()> {
    let sql = "UPDATE log SET counted = ?2, bytes = ?3 WHERE id = ?1";
    db.prepare_cached(sql)?.execute([log, counted.cast_signed(), bytes.cast_signed()])?;
    Ok(())
}

pub(crate) fn freeze(db: &Connection, log: i64, ours: &[u8], theirs: &[u8]) -> Result<()> {
    let sql = "INSERT OR IGNORE INTO fork (log, ours, theirs) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?.execute(params![log, ours, theirs])?;
    Ok(())
}

pub(crate) fn add_entry(db: &Connection, id: i64, header: &SignedHeader, body: Option<&[u8]>) -> Result<()> {
    let sql = "INSERT INTO entry (id, class, header, body) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute(params![id, header.class as u8, header.bytes(), body])?;
    Ok(())
}

/// One entry, with its body.
pub(crate) fn entry(db: &Connection, id: i64) -> Result<Option<Stored>> {
    let sql = "SELECT header, body, EXISTS (SELECT 1 FROM lacking WHERE entry = ?1) FROM entry WHERE id = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let body: Option<Vec<u8>> = row.get(1)?;
    let state = match (&body, row.get(2)?) {
        (Some(_), _) => BodyState::Here,
        (None, false) => BodyState::Dropped,
        (None, true) => BodyState::Lacking,
    };
    Ok(Some(Stored { id, header: header(row, 0)?, body, state }))
}

/// The last entry of a log that is here, of those with numbers from `first` to `last`.
pub(crate) fn last_of(db: &Connection, log: i64, first: u64, last: u64) -> Result<Option<Stored>> {
    let sql = "SELECT MAX(id) FROM entry WHERE id >= ?1 AND id <= ?2";
    let values = [entry_id(log, first), entry_id(log, last)];
    let id: Option<i64> = db.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    id.map_or(Ok(None), |id| entry(db, id))
}

/// Takes out the data of a log with numbers from `first` to `last`, and whatever names it. The stretches that went, and the bytes
/// that they had. Positions of the feed are not given again: the last one stays taken, by an entry that there is not (0).
pub(crate) fn prune(db: &Connection, topic: i64, log: i64, first: u64, last: u64) -> Result<(Vec<(u64, u64)>, u64)> {
    let values = [entry_id(log, first), entry_id(log, last)];
    let (mut stretches, mut bytes): (Vec<(u64, u64)>, u64) = (Vec::new(), 0);
    {
        let sql = "SELECT id, LENGTH(header) + COALESCE(LENGTH(body), 0) FROM entry NOT INDEXED
            WHERE class = 2 AND id >= ?1 AND id <= ?2 ORDER BY id";
        let mut statement = db.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            let seq = (row.get::<_, i64>(0)? - log_range(log).start).cast_unsigned();
            bytes += row.get::<_, i64>(1)?.cast_unsigned();
            match stretches.last_mut() {
                Some((_, end)) if *end + 1 == seq => *end = seq,
                _ => stretches.push((seq, seq)),
            }
        }
    }
    if stretches.is_empty() {
        return Ok((stretches, 0));
    }
    let end = feed_end(db, topic)?;
    let sql = "DELETE FROM entry WHERE class = 2 AND id >= ?1 AND id <= ?2";
    db.prepare_cached(sql)?.execute(values)?;
    let gone = "entry >= ?1 AND entry <= ?2 AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.id = entry)";
    for (table, of) in [("feed", "topic = ?3 AND"), ("waiting", "topic = ?3 AND"), ("lacking", "?3 = ?3 AND")] {
        let sql = format!("DELETE FROM {table} WHERE {of} {gone}");
        db.prepare_cached(&sql)?.execute([values[0], values[1], topic])?;
    }
    if feed_end(db, topic)? < end {
        feed(db, topic, end - 1, 0)?;
    }
    Ok((stretches, bytes))
}

/// Calls `each` with the control and key entries of a log, bodies included, in order.
pub(crate) fn each_rule(db: &Connection, log: i64, each: impl FnMut(Stored)) -> Result<()> {
    let sql = "SELECT id, header, body FROM entry INDEXED BY entry_rules WHERE class < 2 AND id >= ?1 AND id < ?2";
    each_row(db, sql, log, each)
}

/// Calls `each` with those entries of a log, bodies included, that `sql` picks.
pub(super) fn each_row(db: &Connection, sql: &str, log: i64, mut each: impl FnMut(Stored)) -> Result<()> {
    let mut statement = db.prepare_cached(sql)?;
    let range = log_range(log);
    let mut rows = statement.query([range.start, range.end])?;
    while let Some(row) = rows.next()? {
        each(Stored { id: row.get(0)?, header: header(row, 1)?, body: row.get(2)?, state: BodyState::Here });
    }
    Ok(())
}

/// Calls `each` with the data entries of a log, without their bodies, in order. One that has no body is called dropped,
/// whether it was or is lacking.
pub(crate) fn each_data(db: &Connection, log: i64, mut each: impl FnMut(Stored)) -> Result<()> {
    let sql =
        "SELECT id, header, body IS NULL FROM entry NOT INDEXED WHERE class = 2 AND id >= ?1 AND id < ?2 ORDER BY id";
    let mut statement = db.prepare_cached(sql)?;
    let range = log_range(log);
    let mut rows = statement.query([range.start, range.end])?;
    while let Some(row) = rows.next()? {
        let state = if row.get(2)? { BodyState::Dropped } else { BodyState::Here };
        each(Stored { id: row.get(0)?, header: header(row, 1)?, body: None, state });
    }
    Ok(())
}

/// How many positions the feed has.
pub(crate) fn feed_end(db: &Connection, topic: i64) -> Result<u64> {
    let sql = "SELECT COALESCE(MAX(position) + 1, 0) FROM feed WHERE topic = ?1";
    let end: i64 = db.prepare_cached(sql)?.query_row([topic], |row| row.get(0))?;
    Ok(end.cast_unsigned())
}

pub(crate) fn feed(db: &Connection, topic: i64, position: u64, entry: i64) -> Result<()> {
    let sql = "INSERT INTO feed (topic, position, entry) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?.execute([topic, position.cast_signed(), entry])?;
    Ok(())
}

pub(crate) fn fed(db: &Connection, topic: i64) -> Result<Vec<i64>> {
    let mut statement = db.prepare_cached("SELECT entry FROM feed WHERE topic = ?1 AND entry != 0")?;
    let rows = statement.query_map([topic], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(crate) fn clear_feed(db: &Connection, topic: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM feed WHERE topic = ?1")?.execute([topic])?;
    Ok(())
}

pub(crate) fn wait(db: &Connection, topic: i64, cause: &[u8], entry: i64) -> Result<()> {
    let sql = "INSERT OR IGNORE INTO waiting (topic, cause, entry) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?.execute(params![topic, cause, entry])?;
    Ok(())
}

/// Takes out what waits for `cause`.
pub(crate) fn take_waiting(db: &Connection, topic: i64, cause: &[u8]) -> Result<Vec<i64>> {
    let sql = "SELECT entry FROM waiting WHERE topic = ?1 AND cause = ?2 ORDER BY entry";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![topic, cause], |row| row.get(0))?;
    let entries: Vec<i64> = rows.collect::<rusqlite::Result<_>>()?;
    if !entries.is_empty() {
        let sql = "DELETE FROM waiting WHERE topic = ?1 AND cause = ?2";
        db.prepare_cached(sql)?.execute(params![topic, cause])?;
    }
    Ok(entries)
}

pub(crate) fn clear_waiting(db: &Connection, topic: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM waiting WHERE topic = ?1")?.execute([topic])?;
    Ok(())
}

pub(crate) fn keys(db: &Connection, topic: i64) -> Result<Vec<(EpochId, EpochKey)>> {
    let mut statement = db.prepare_cached("SELECT key FROM epoch_key WHERE topic = ?1")?;
    let mut rows = statement.query([topic])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let key = EpochKey::from_bytes(blob(row, 0)?);
        keys.push((key.id(), key));
    }
    Ok(keys)
}

pub(crate) fn add_key(db: &Connection, topic: i64, key: &EpochKey) -> Result<()> {
    let sql = "INSERT OR IGNORE INTO epoch_key (topic, key) VALUES (?1, ?2)";
    db.prepare_cached(sql)?.execute(params![topic, key.as_bytes()])?;
    Ok(())
}

/// Overwrites the keys of a topic and takes them out.
pub(crate) fn drop_keys(db: &Connection, topic: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM epoch_key WHERE topic = ?1")?.execute([topic])?;
    Ok(())
}

/// Device, author and number of each receipt on a topic.
pub(crate) fn receipts(db: &Connection, topic: i64) -> Result<Vec<(DeviceId, DeviceId, u64)>> {
    let mut statement = db.prepare_cached("SELECT device, author, seq FROM receipt WHERE topic = ?1")?;
    let mut rows = statement.query([topic])?;
    let mut receipts = Vec::new();
    while let Some(row) = rows.next()? {
        let (device, author) = (DeviceId::from_bytes(blob(row, 0)?), DeviceId::from_bytes(blob(row, 1)?));
        receipts.push((device, author, row.get::<_, i64>(2)?.cast_unsigned()));
    }
    Ok(receipts)
}

pub(crate) fn put_receipt(db: &Connection, topic: i64, device: &DeviceId, author: &DeviceId, seq: u64) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO receipt (topic, device, author, seq) VALUES (?1, ?2, ?3, ?4)";
    let values = params![topic, device.as_bytes(), author.as_bytes(), seq.cast_signed()];
    db.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Removes a topic and all that belongs to it. The bytes are overwritten (`secure_delete`).
pub(crate) fn forget(db: &Connection, topic: i64, logs: &[i64]) -> Result<()> {
    for log in logs {
        let range = log_range(*log);
        db.prepare_cached("DELETE FROM entry WHERE id >= ?1 AND id < ?2")?.execute([range.start, range.end])?;
        for table in ["fork", "hole"] {
            db.execute(&format!("DELETE FROM {table} WHERE log = ?1"), [log])?;
        }
        db.prepare_cached("DELETE FROM lacking WHERE entry >= ?1 AND entry < ?2")?.execute([range.start, range.end])?;
    }
    for table in ["log", "feed", "waiting", "epoch_key", "receipt", "drop_range", "drop_due"] {
        db.execute(&format!("DELETE FROM {table} WHERE topic = ?1"), [topic])?;
    }
    db.execute("DELETE FROM topic WHERE id = ?1", [topic])?;
    Ok(())
}

pub(crate) fn note_forgotten(db: &Connection, tag: &[u8]) -> Result<()> {
    db.execute("INSERT OR IGNORE INTO forgotten (tag) VALUES (?1)", [tag])?;
    Ok(())
}

pub(crate) fn was_forgotten(db: &Connection, tag: &[u8]) -> Result<bool> {
    Ok(db.query_row("SELECT EXISTS (SELECT 1 FROM forgotten WHERE tag = ?1)", [tag], |row| row.get(0))?)
}
