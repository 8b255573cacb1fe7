//! The read marker, and how much comes after it.
//!
//! The counts of each space are kept in memory and grow with what comes: counting thousands of unread messages again for
//! each new one would cost more than the message itself.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use compeer_core::{EntryHash, GroupId};
use rusqlite::{Connection, OptionalExtension, params};

use super::{MessageRow, Result, View, sql_clock};

/// Counts of what is after the read marker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) messages: u64,
    pub(crate) mentions: u64,
}

/// Where a message stands among all of its space.
type Place = (i64, [u8; 32]);

/// A message that was added to the view.
pub(super) struct Added {
    pub(super) place: Place,
    pub(super) person: GroupId,
    pub(super) mention: bool,
}

impl Added {
    pub(super) fn new(clock: i64, hash: EntryHash, person: GroupId, mention: bool) -> Self {
        Self { place: (clock, *hash.as_bytes()), person, mention }
    }
}

/// What was counted in one space.
struct Counted {
    me: GroupId,
    mark: Option<Place>,
    unread: Unread,
}

/// What was counted, by space. Only looked at while the connection is locked, so that it says the same as the tables.
#[derive(Default)]
pub(super) struct Counts(Mutex<HashMap<GroupId, Counted>>);

impl Counts {
    fn lock(&self) -> MutexGuard<'_, HashMap<GroupId, Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what was added to a space.
    pub(super) fn add(&self, space: &GroupId, added: &[Added]) {
        let mut counts = self.lock();
        let Some(counted) = counts.get_mut(space) else { return };
        let unread = added.iter().filter(|added| added.person != counted.me && Some(added.place) > counted.mark);
        for added in unread {
            counted.unread.messages += 1;
            counted.unread.mentions += u64::from(added.mention);
        }
    }

    /// The space is counted again when somebody asks.
    pub(super) fn forget(&self, space: &GroupId) {
        self.lock().remove(space);
    }
}

impl View {
    /// Moves the read marker of `space` up to `row`; it never moves back. Whether it moved.
    pub(crate) fn mark_read(&self, space: &GroupId, row: &MessageRow) -> Result<bool> {
        let connection = self.lock();
        let moved = connection
            .prepare_cached(
                "INSERT INTO mark VALUES (?1, ?2, ?3) ON CONFLICT (space) DO UPDATE
                 SET clock = excluded.clock, hash = excluded.hash
                 WHERE (excluded.clock, excluded.hash) > (mark.clock, mark.hash)",
            )?
            .execute(params![space.as_bytes(), sql_clock(row.clock), row.hash.as_bytes()])?;
        self.counts.forget(space);
        Ok(moved > 0)
    }

    /// How much is unread for `me`: what others wrote after the marker.
    pub(crate) fn unread(&self, space: &GroupId, me: &GroupId) -> Result<Unread> {
        let connection = self.lock();
        if let Some(counted) = self.counts.lock().get(space).filter(|counted| counted.me == *me) {
            return Ok(counted.unread);
        }
        let mark = connection
            .prepare_cached("SELECT clock, hash FROM mark WHERE space = ?1")?
            .query_row([space.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let unread = count(&connection, space, me, mark)?;
        self.counts.lock().insert(*space, Counted { me: *me, mark, unread });
        Ok(unread)
    }
}

fn count(connection: &Connection, space: &GroupId, me: &GroupId, mark: Option<Place>) -> Result<Unread> {
    let (clock, hash) = mark.map_or((-1, Vec::new()), |(clock, hash)| (clock, hash.to_vec()));
    Ok(connection
        .prepare_cached(
            "SELECT COUNT(*), COALESCE(SUM(mention), 0) FROM message
             WHERE space = ?1 AND person <> ?2 AND (clock, hash) > (?3, ?4)",
        )?
        .query_row(params![space.as_bytes(), me.as_bytes(), clock, hash], |row| {
            Ok(Unread { messages: row.get::<_, i64>(0)? as u64, mentions: row.get::<_, i64>(1)? as u64 })
        })?)
}

#[cfg(test)]
mod tests {
    use compeer_core::group::Level;
    use compeer_core::{DeviceId, Hlc};
    use compeer_journal::{Cursor, Opened};

    use super::*;
    use crate::model::Op;

    const SPACE: GroupId = GroupId::from_bytes([9; 32]);

    fn person(n: u64) -> GroupId {
        GroupId::from_bytes([n as u8; 32])
    }

    fn message(n: u64, random: u64) -> Opened {
        let text = if random.is_multiple_of(5) { "@Ann, look" } else { "hello" };
        Opened {
            position: n,
            hash: EntryHash::from_bytes(std::array::from_fn(|at| n.rotate_left(8 * at as u32) as u8)),
            author: DeviceId::from_bytes([1; 32]),
            person: Some(person(random % 3)),
            level: Level::Write,
            seq: n,
            // Some at the same time, and out of order.
            clock: Hlc::from_bits(n + random % 40),
            plain: Op::Message { text: text.into(), nonce: None, file: None, reply: None }.encode().expect("good"),
        }
    }

    #[test]
    fn what_is_kept_is_what_would_be_counted() {
        let dir = tempfile::tempdir().expect("folder");
        let view = View::open(dir.path()).expect("opens");
        let mut random = 0x2545_F491_4F6C_DD1D_u64;
        let mut all = Vec::new();
        for n in 0..600u64 {
            // xorshift64 (Marsaglia, 2003)
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let next = Cursor { generation: 1, position: n + 1 };
            match random % 16 {
                0 if !all.is_empty() && n < 560 => {
                    let row = view.message(&SPACE, &all[random as usize % all.len()]).expect("reads");
                    view.mark_read(&SPACE, &row.expect("is there")).expect("marks");
                }
                1 if n.is_multiple_of(50) => {
                    view.wipe(&SPACE, n, &[]).expect("wipes");
                    all.clear();
                }
                _ => {
                    let page = [message(n, random >> 8)];
                    all.push(page[0].hash);
                    // A page may come twice.
                    for _ in 0..1 + random % 2 {
                        view.apply(SPACE, &page, next, "Ann").expect("applies");
                    }
                }
            }
            // In between, the counts grow with what comes.
            if n.is_multiple_of(7) {
                let me = person(n / 200);
                let kept = view.unread(&SPACE, &me).expect("counts");
                view.counts.forget(&SPACE);
                assert_eq!(view.unread(&SPACE, &me).expect("counts"), kept, "{n}");
            }
        }
        assert!(view.unread(&SPACE, &person(2)).expect("counts").mentions > 0);
    }
}
