//! What I have read: runs of entries of each author's log, each run a last-writer-wins register of its own.
//!
//! A marker in time would lose what was written offline and comes late, and one for each topic would lose what is moved
//! between topics. What somebody wrote has a number in their log, which neither changes: a message is read when its number
//! lies in a run that says so. One that lies in no run is unread, unless it was written before I came.

use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use rusqlite::{OptionalExtension, Transaction, params};

use super::{MessageRow, Result, View, sql_clock};

/// Messages that can be marked as unread at once: from the newest back.
const MARKED: usize = 1000;

/// Says of the entries `first..=last` of `author` that they are read, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) author: DeviceId,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) read: bool,
}

/// When that was said: of several, the last counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    pub(crate) clock: Hlc,
    pub(crate) hash: EntryHash,
}

/// Which messages are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All of the space.
    All,
    /// Those that are said at a place; at none, the space's general talk.
    At(Option<EntryHash>),
}

impl Which {
    /// The condition over `message`; the place is the parameter number `n`.
    pub(super) fn condition(self, n: usize) -> String {
        match self {
            Self::All => format!("?{n} IS NULL"),
            Self::At(_) => format!("message.place IS ?{n}"),
        }
    }

    pub(super) fn place(&self) -> Option<&[u8; 32]> {
        match self {
            Self::All => None,
            Self::At(place) => place.as_ref().map(EntryHash::as_bytes),
        }
    }
}

impl View {
    /// Marks as read what is at or before `row`, among `which`, and was here by the time `row` came: what came later, but
    /// was written earlier, has not been seen by who looks at `row`. What was said, to tell my other devices.
    pub(crate) fn read_up_to(&self, space: &GroupId, which: Which, row: &MessageRow, stamp: Stamp) -> Result<Vec<Run>> {
        let sql = format!(
            "SELECT author, seq FROM message WHERE space = ?1 AND unread AND (clock, hash) <= (?2, ?3) AND {}
             AND position <= (SELECT position FROM message WHERE hash = ?3) ORDER BY author, seq",
            which.condition(4)
        );
        self.mark(space, stamp, true, |transaction| {
            let mut statement = transaction.prepare_cached(&sql)?;
            let (clock, hash) = (sql_clock(row.clock), row.hash.as_bytes());
            let rows = statement.query_map(params![space.as_bytes(), clock, hash, which.place()], number)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Marks just these messages as read.
    pub(crate) fn read_these(&self, space: &GroupId, messages: &[EntryHash], stamp: Stamp) -> Result<Vec<Run>> {
        self.mark(space, stamp, true, |transaction| {
            let mut statement = transaction
                .prepare_cached("SELECT author, seq FROM message WHERE hash = ?2 AND space = ?1 AND unread")?;
            let mut numbers = Vec::new();
            for message in messages {
                numbers.extend(statement.query_row(params![space.as_bytes(), message.as_bytes()], number).optional()?);
            }
            numbers.sort();
            Ok(numbers)
        })
    }

    /// Marks as unread what others wrote from `row` on, among `which`.
    pub(crate) fn unread_from(
        &self,
        space: &GroupId,
        which: Which,
        row: &MessageRow,
        me: &GroupId,
        stamp: Stamp,
    ) -> Result<Vec<Run>> {
        let sql = format!(
            "SELECT author, seq FROM (SELECT author, seq FROM message WHERE space = ?1 AND NOT unread AND person <> ?5
             AND (clock, hash) >= (?2, ?3) AND {} ORDER BY clock DESC, hash DESC LIMIT {MARKED}) ORDER BY author, seq",
            which.condition(4)
        );
        self.mark(space, stamp, false, |transaction| {
            let mut statement = transaction.prepare_cached(&sql)?;
            let (clock, hash) = (sql_clock(row.clock), row.hash.as_bytes());
            let rows =
                statement.query_map(params![space.as_bytes(), clock, hash, which.place(), me.as_bytes()], number)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn mark(
        &self,
        space: &GroupId,
        stamp: Stamp,
        read: bool,
        choose: impl FnOnce(&Transaction<'_>) -> Result<Vec<(DeviceId, u64)>>,
    ) -> Result<Vec<Run>> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let chosen = choose(&transaction)?;
        let mut runs: Vec<Run> = Vec::new();
        for (author, seq) in chosen {
            let first = if read { after_last_unread(&transaction, space, &author, seq, runs.last())? } else { seq };
            match runs.last_mut() {
                Some(run) if run.author == author && run.last + 1 >= first => run.last = seq,
                _ => runs.push(Run { author, first, last: seq, read }),
            }
        }
        for run in &runs {
            say(&transaction, space, run, stamp)?;
        }
        transaction.commit()?;
        self.counts.forget(space);
        Ok(runs)
    }

    /// Takes in what one of my devices says is read.
    #[cfg(test)]
    pub(crate) fn take_in(&self, space: &GroupId, run: &Run, stamp: Stamp) -> Result<()> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        say(&transaction, space, run, stamp)?;
        transaction.commit()?;
        self.counts.forget(space);
        Ok(())
    }
}

fn number(row: &rusqlite::Row<'_>) -> rusqlite::Result<(DeviceId, u64)> {
    Ok((super::device_at(row, 0)?, row.get::<_, i64>(1)? as u64))
}

/// Where a run that ends with `seq` begins: after the last message of that author that is left unread before it. What lies
/// between are reactions and the like, and what was read before: so reading on makes one run longer, not many runs.
fn after_last_unread(
    transaction: &Transaction<'_>,
    space: &GroupId,
    author: &DeviceId,
    seq: u64,
    before: Option<&Run>,
) -> Result<u64> {
    let known = before.filter(|run| run.author == *author).map_or(-1, |run| run.last as i64);
    let last: Option<i64> = transaction
        .prepare_cached(
            "SELECT MAX(seq) FROM message WHERE space = ?1 AND author = ?2 AND seq < ?3 AND seq > ?4 AND unread",
        )?
        .query_row(params![space.as_bytes(), author.as_bytes(), seq as i64, known], |row| row.get(0))?;
    Ok((last.unwrap_or(known) + 1) as u64)
}

/// Takes in a run where nothing later was said, and what that makes of the messages in it.
fn say(transaction: &Transaction<'_>, space: &GroupId, run: &Run, stamp: Stamp) -> Result<()> {
    let (space, author) = (space.as_bytes(), run.author.as_bytes());
    let (clock, hash) = (sql_clock(stamp.clock), stamp.hash.as_bytes());
    let (Ok(first), Ok(last)) = (i64::try_from(run.first), i64::try_from(run.last)) else { return Ok(()) };
    let mut statement = transaction.prepare_cached(
        "SELECT first, last, read, clock, hash, (clock, hash) > (?5, ?6) FROM seen
         WHERE space = ?1 AND author = ?2 AND last >= ?3 AND first <= ?4 ORDER BY first",
    )?;
    type Piece = (i64, i64, bool, i64, [u8; 32], bool);
    let piece =
        |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?));
    let pieces: Vec<Piece> = statement
        .query_map(params![space, author, first, last, clock, hash], piece)?
        .collect::<rusqlite::Result<_>>()?;
    let put = |first: i64, last: i64, read: bool, clock: i64, hash: &[u8; 32]| -> Result<()> {
        if first <= last {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO seen VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
                .execute(params![space, author, first, last, read, clock, hash])?;
        }
        Ok(())
    };
    // The next number that nothing later was found for.
    let mut next = first;
    let mut said = Vec::new();
    for (from, to, read, at, by, later) in &pieces {
        if *later {
            said.push((next, from - 1));
            next = to + 1;
        } else {
            transaction
                .prepare_cached("DELETE FROM seen WHERE space = ?1 AND author = ?2 AND first = ?3")?
                .execute(params![space, author, from])?;
            put(*from, (first - 1).min(*to), *read, *at, by)?;
            put((last + 1).max(*from), *to, *read, *at, by)?;
        }
    }
    said.push((next, last));
    for (first, last) in said {
        put(first, last, run.read, clock, hash)?;
        transaction
            .prepare_cached(
                "UPDATE message SET unread = ?5 AND deleted IS NULL WHERE space = ?1 AND author = ?2 AND seq BETWEEN ?3 AND ?4",
            )?
            .execute(params![space, author, first, last, !run.read])?;
    }
    Ok(())
}

/// What is said of one entry, if anything is.
pub(super) fn is_read(
    transaction: &Transaction<'_>,
    space: &GroupId,
    author: &DeviceId,
    seq: u64,
) -> Result<Option<bool>> {
    Ok(transaction
        .prepare_cached(
            "SELECT read FROM seen WHERE space = ?1 AND author = ?2 AND first <= ?3 AND last >= ?3
             ORDER BY first DESC LIMIT 1",
        )?
        .query_row(params![space.as_bytes(), author.as_bytes(), seq as i64], |row| row.get(0))
        .optional()?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use compeer_core::group::Level;
    use compeer_journal::{Cursor, Opened};
    use proptest::prelude::*;

    use super::super::{Reader, Unread};
    use super::*;
    use crate::model::{Field, Op};

    const SPACE: GroupId = GroupId::from_bytes([9; 32]);
    const ME: GroupId = GroupId::from_bytes([0; 32]);
    const TOPIC: EntryHash = EntryHash::from_bytes([77; 32]);

    fn view() -> (tempfile::TempDir, View) {
        let dir = tempfile::tempdir().expect("folder");
        let view = View::open(dir.path()).expect("opens");
        (dir, view)
    }

    fn reader() -> Reader {
        Reader { person: ME, name: "Ann".into(), since: Hlc::from_bits(100) }
    }

    fn author(n: u8) -> DeviceId {
        DeviceId::from_bytes([n; 32])
    }

    fn name(author: u8, seq: u64) -> EntryHash {
        EntryHash::from_bytes(std::array::from_fn(|at| if at == 0 { author } else { seq as u8 }))
    }

    fn opened(by: u8, seq: u64, clock: u64, op: &Op) -> Opened {
        Opened {
            position: 1000 * u64::from(by) + seq,
            hash: name(by, seq),
            author: author(by),
            person: Some(GroupId::from_bytes([by; 32])),
            level: Level::Write,
            seq,
            clock: Hlc::from_bits(clock),
            plain: op.encode().expect("encodes"),
        }
    }

    fn message(text: &str, place: Option<EntryHash>) -> Op {
        Op::Message { text: text.into(), nonce: None, file: None, reply: None, place }
    }

    fn put(view: &View, entries: &[Opened]) {
        view.apply(SPACE, entries, Cursor::default(), &reader()).expect("applies");
    }

    fn stamp(clock: u64) -> Stamp {
        Stamp { clock: Hlc::from_bits(clock), hash: EntryHash::from_bytes([0; 32]) }
    }

    fn row(view: &View, by: u8, seq: u64) -> MessageRow {
        view.message(&SPACE, &name(by, seq)).expect("reads").expect("is there")
    }

    fn unread(view: &View) -> u64 {
        view.unread(&SPACE).expect("counts").messages
    }

    #[test]
    fn what_was_written_before_and_comes_later_is_not_lost() {
        let (_dir, view) = view();
        put(&view, &[opened(1, 0, 200, &message("first", None)), opened(1, 1, 300, &message("second", None))]);
        view.read_up_to(&SPACE, Which::All, &row(&view, 1, 1), stamp(1)).expect("marks");
        assert_eq!(unread(&view), 0);
        // By somebody who was away, between the two; and a third.
        put(
            &view,
            &[opened(2, 0, 250, &message("I was offline, @Ann", None)), opened(1, 2, 400, &message("third", None))],
        );
        assert_eq!(view.unread(&SPACE).expect("counts"), Unread { messages: 2, mentions: 1 });
        // Who looks at what was there before has not seen it.
        view.read_up_to(&SPACE, Which::All, &row(&view, 1, 1), stamp(2)).expect("marks");
        assert_eq!(unread(&view), 2);
        view.read_these(&SPACE, &[name(2, 0)], stamp(3)).expect("marks");
        assert_eq!(view.first_unread(&SPACE, None).expect("reads"), Some(name(1, 2)));
    }

    #[test]
    fn what_is_moved_stays_as_unread_as_it_was() {
        let (_dir, view) = view();
        let said = [(0, Some(TOPIC)), (1, None), (2, Some(TOPIC)), (3, None)];
        put(&view, &said.map(|(seq, place)| opened(1, seq, 200 + seq, &message("words", place))));
        view.read_up_to(&SPACE, Which::At(Some(TOPIC)), &row(&view, 1, 2), stamp(1)).expect("marks");
        assert_eq!(unread(&view), 2);
        // One that was not read goes where later ones were.
        let moved = Op::Set { object: name(1, 1), fields: vec![Field::Place { at: Some(TOPIC) }] };
        put(&view, &[opened(1, 4, 300, &moved)]);
        assert_eq!(view.first_unread(&SPACE, Some(&TOPIC)).expect("reads"), Some(name(1, 1)));
        let by_place = view.unread_by_place(&SPACE).expect("counts");
        assert_eq!((by_place[&None].messages, by_place[&Some(TOPIC)].messages), (1, 1));
    }

    #[test]
    fn what_was_said_before_i_came_is_not_news_and_marks_outlive_a_rebuild() {
        let (_dir, view) = view();
        let entries: Vec<_> = (0..6).map(|seq| opened(1, seq, 97 + seq, &message("words", None))).collect();
        put(&view, &entries);
        assert_eq!(unread(&view), 3);
        view.read_up_to(&SPACE, Which::All, &row(&view, 1, 4), stamp(1)).expect("marks");
        view.unread_from(&SPACE, Which::All, &row(&view, 1, 1), &ME, stamp(2)).expect("marks");
        assert_eq!(unread(&view), 5);
        view.wipe(&SPACE, 1, &[]).expect("wipes");
        put(&view, &entries);
        assert_eq!(unread(&view), 5);
    }

    #[test]
    fn reading_on_makes_one_run_longer() {
        let (_dir, view) = view();
        for seq in 0..50 {
            put(&view, &[opened(1, 2 * seq, 200 + seq, &message("words", None))]);
            view.read_up_to(&SPACE, Which::All, &row(&view, 1, 2 * seq), stamp(seq)).expect("marks");
        }
        let runs: i64 = view.lock().query_row("SELECT COUNT(*) FROM seen", [], |row| row.get(0)).expect("counts");
        assert_eq!(runs, 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        /// My devices say what is read in any order; the last word counts for each message, and whether the messages come
        /// before or after makes no difference.
        #[test]
        fn my_devices_agree(
            (said, shuffled) in proptest::collection::vec((0..2u8, 0..12u64, 0..12u64, any::<bool>()), 1..20)
                .prop_flat_map(|runs| {
                    let said: Vec<_> = runs.into_iter().enumerate().map(|(at, (by, a, b, read))| {
                        (Run { author: author(by + 1), first: a.min(b), last: a.max(b), read }, stamp(at as u64))
                    }).collect();
                    (Just(said.clone()), Just(said).prop_shuffle())
                }),
            early in 0..12u64,
        ) {
            let mut last = BTreeMap::new();
            for (run, _) in &said {
                (run.first..=run.last).for_each(|seq| { last.insert((run.author, seq), run.read); });
            }
            let entries: Vec<_> = (0..24u64)
                .map(|n| opened(1 + (n / 12) as u8, n % 12, 95 + n, &message("words", None))).collect();
            let (_dir, view) = view();
            put(&view, &entries[..early as usize]);
            for (run, stamp) in &shuffled {
                view.take_in(&SPACE, run, *stamp).expect("takes in");
            }
            put(&view, &entries);
            for entry in &entries {
                let row = view.message(&SPACE, &entry.hash).expect("reads").expect("is there");
                let read = last.get(&(entry.author, entry.seq)).copied().unwrap_or(entry.clock < reader().since);
                prop_assert_eq!(row.unread, !read, "{:?}", entry);
            }
            let kept = view.unread_by_place(&SPACE).expect("counts");
            view.counts.forget(&SPACE);
            prop_assert_eq!(view.unread_by_place(&SPACE).expect("counts"), kept);
        }
    }
}
