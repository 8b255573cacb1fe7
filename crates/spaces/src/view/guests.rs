//! Rooms, in which guests take part: which a space says that it has, and which say that they are one.

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId, Hlc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::apply::{Change, Source};
use super::issues::{RETENTION, itself};
use super::registers::{EVERYBODY, TITLE, register};
use super::{Result, View, clock_of, entry_at, group_at, search, sql_clock};
use crate::model::{Field, Kind};

/// The id of a room.
const ROOM: &str = "room";
/// What a room is for: a hash, or no bytes once it has ended.
const ROOM_OF: &str = "roomof";

/// A room that a space says it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedRoom {
    /// The entry that says so.
    pub(crate) made: EntryHash,
    pub(crate) room: GroupId,
    /// What it is for.
    pub(crate) thing: EntryHash,
    /// Who says so, and when.
    pub(crate) person: GroupId,
    pub(crate) clock: Hlc,
}

/// What a room says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoomRow {
    pub(crate) kind: Kind,
    /// Its parent, as [`crate::model::room_tag`] names it.
    pub(crate) parent: [u8; 32],
}

/// What a space is called and after how many days its messages go, each with when that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) name: Option<(String, Hlc)>,
    pub(crate) days: Option<(Option<u16>, Hlc)>,
}

fn register_said(
    connection: &Connection,
    space: &GroupId,
    object: &EntryHash,
    field: &str,
) -> Result<Option<(Value, Hlc)>> {
    Ok(connection
        .prepare_cached(
            "SELECT value, clock FROM register WHERE space = ?1 AND object = ?2 AND field = ?3 AND person = x''",
        )?
        .query_row(params![space.as_bytes(), object.as_bytes(), field], |row| Ok((row.get(0)?, clock_of(row.get(1)?))))
        .optional()?)
}

/// Takes in a field of a room. What was imported is about no room that is here.
pub(super) fn set(
    transaction: &Transaction<'_>,
    source: &Source,
    object: &EntryHash,
    field: &Field,
    changes: &mut Vec<Change>,
) -> Result<()> {
    if source.device != source.author {
        return Ok(());
    }
    if source.level < Level::Manage {
        changes.push(Change::Nonsense(source.author, "says what rooms there are without being a manager".into()));
        return Ok(());
    }
    match field {
        Field::Room { room } if *object == source.hash => {
            register(transaction, source, object, ROOM, EVERYBODY, room.as_bytes())?;
        }
        Field::RoomOf { thing } => {
            let thing = thing.as_ref().map_or(&[][..], |thing| thing.as_bytes());
            register(transaction, source, object, ROOM_OF, EVERYBODY, thing)?;
        }
        _ => return Ok(()),
    }
    changes.push(Change::Rooms);
    Ok(())
}

/// Takes in that a space says it is a room. What was said first counts.
pub(super) fn be(
    transaction: &Transaction<'_>,
    source: &Source,
    kind: Kind,
    parent: &[u8; 32],
    changes: &mut Vec<Change>,
) -> Result<()> {
    if source.level < Level::Manage {
        changes.push(Change::Nonsense(source.author, "makes a room of a space without being a manager".into()));
        return Ok(());
    }
    transaction
        .prepare_cached(
            "INSERT INTO room VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (space) DO UPDATE SET kind = excluded.kind,
             parent = excluded.parent, clock = excluded.clock, hash = excluded.hash
             WHERE (excluded.clock, excluded.hash) < (room.clock, room.hash)",
        )?
        .execute(params![
            source.space.as_bytes(),
            kind.number(),
            parent,
            sql_clock(source.clock),
            source.hash.as_bytes()
        ])?;
    // Of a room less is shown, also of what came before this.
    transaction.prepare_cached("DELETE FROM issue WHERE space = ?1")?.execute([source.space.as_bytes()])?;
    search::note_space(transaction, &source.space)?;
    changes.extend([Change::Rooms, Change::Name]);
    Ok(())
}

/// Notes that something has another title, if there is a room for it: that goes by the same name.
pub(super) fn note_title(
    transaction: &Transaction<'_>,
    source: &Source,
    thing: &EntryHash,
    changes: &mut Vec<Change>,
) -> Result<()> {
    let mut rooms = transaction.prepare_cached(
        "SELECT 1 FROM register INDEXED BY register_set WHERE space = ?1 AND person = ?2 AND field = ?3 AND value = ?4",
    )?;
    if rooms.exists(params![source.space.as_bytes(), EVERYBODY, ROOM_OF, thing.as_bytes()])? {
        changes.push(Change::Rooms);
    }
    Ok(())
}

impl View {
    /// The rooms that managers of `space` say it has and that have not ended, the first made first, at most `limit`.
    pub(crate) fn listed_rooms(&self, space: &GroupId, limit: usize) -> Result<Vec<ListedRoom>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT o.hash, r.value, f.value, o.person, o.clock FROM shown o
             JOIN register r ON r.space = o.space AND r.object = o.hash AND r.field = ?3 AND r.person = x''
             JOIN register f ON f.space = o.space AND f.object = o.hash AND f.field = ?4 AND f.person = x''
             WHERE o.space = ?1 AND o.kind = ?2 AND f.value != x'' ORDER BY o.clock, o.hash LIMIT ?5",
        )?;
        let row = |row: &Row<'_>| {
            let (made, room) = (entry_at(row, 0)?, group_at(row, 1)?);
            let (thing, person, clock) = (entry_at(row, 2)?, group_at(row, 3)?, clock_of(row.get(4)?));
            Ok(ListedRoom { made, room, thing, person, clock })
        };
        let kind = Kind::Room.number();
        let rows = statement.query_map(params![space.as_bytes(), kind, ROOM, ROOM_OF, limit as i64], row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What `space` says of itself, if it is a room.
    pub(crate) fn room(&self, space: &GroupId) -> Result<Option<RoomRow>> {
        let found = self
            .lock()
            .prepare_cached("SELECT kind, parent FROM room WHERE space = ?1")?
            .query_row([space.as_bytes()], |row| Ok((row.get::<_, u8>(0)?, row.get(1)?)))
            .optional()?;
        Ok(found.and_then(|(kind, parent)| Some(RoomRow { kind: Kind::of(kind)?, parent })))
    }

    /// What a space says of what rooms take over from their parents.
    pub(crate) fn said(&self, space: &GroupId) -> Result<Said> {
        let connection = self.lock();
        let name = connection
            .prepare_cached("SELECT name, clock FROM name WHERE space = ?1")?
            .query_row([space.as_bytes()], |row| Ok((row.get(0)?, clock_of(row.get(1)?))))
            .optional()?;
        let days = register_said(&connection, space, &itself(space), RETENTION)?;
        let days = days.map(|(value, clock)| match value {
            Value::Integer(days) => (u16::try_from(days).ok(), clock),
            _ => (None, clock),
        });
        Ok(Said { name, days })
    }

    /// What something is called, and since when.
    pub(crate) fn title_said(&self, space: &GroupId, thing: &EntryHash) -> Result<Option<(String, Hlc)>> {
        let said = register_said(&self.lock(), space, thing, TITLE)?;
        Ok(said.and_then(|(value, clock)| if let Value::Text(title) = value { Some((title, clock)) } else { None }))
    }

    /// All spaces here that say that they are rooms.
    pub(crate) fn all_rooms(&self) -> Result<Vec<GroupId>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT space FROM room")?;
        let rows = statement.query_map([], |row| group_at(row, 0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The first board that was made in `space`: that of a room for one.
    pub(crate) fn first_board(&self, space: &GroupId) -> Result<Option<EntryHash>> {
        Ok(self
            .lock()
            .prepare_cached("SELECT hash FROM shown WHERE space = ?1 AND kind = ?2 ORDER BY clock, hash LIMIT 1")?
            .query_row(params![space.as_bytes(), Kind::Board.number()], |row| entry_at(row, 0))
            .optional()?)
    }

    /// When somebody said in `space` what they are called, if they did so themselves: they were a member then.
    pub(crate) fn was_in(&self, space: &GroupId, person: &GroupId) -> Result<Option<Hlc>> {
        Ok(self
            .lock()
            .prepare_cached("SELECT clock FROM profile WHERE space = ?1 AND person = ?2 AND own")?
            .query_row([space.as_bytes(), person.as_bytes()], |row| Ok(clock_of(row.get(0)?)))
            .optional()?)
    }
}

#[cfg(test)]
mod tests {
    use compeer_core::DeviceId;
    use compeer_journal::{Cursor, Opened};

    use super::super::entries;
    use super::*;
    use crate::model::{Imported, IssueFilter, Op, room_tag};
    use crate::view::Reader;

    const SPACE: GroupId = GroupId::from_bytes([1; 32]);
    const ANN: GroupId = GroupId::from_bytes([3; 32]);
    const MALLORY: GroupId = GroupId::from_bytes([4; 32]);
    const ROOMS: [GroupId; 2] = [GroupId::from_bytes([5; 32]), GroupId::from_bytes([6; 32])];
    const TOPIC: EntryHash = EntryHash::from_bytes([7; 32]);

    fn entry(n: u8, by: GroupId, op: &Op) -> Opened {
        let level = if by == ANN { Level::Manage } else { Level::Write };
        entries::entry(n, by, level, n.into(), op)
    }

    fn make(room: GroupId) -> Op {
        Op::Make { kind: Kind::Room, fields: vec![Field::Room { room }, Field::RoomOf { thing: Some(TOPIC) }] }
    }

    fn set(object: u8, field: Field) -> Op {
        Op::Set { object: EntryHash::from_bytes([object; 32]), fields: vec![field] }
    }

    /// What is listed after these, which is the same in whatever order they come.
    fn listed(entries: &[Opened]) -> Vec<GroupId> {
        let dir = tempfile::tempdir().expect("folder");
        let view = View::open(dir.path()).expect("view");
        let reader = Reader { person: ANN, name: "Ann".into(), since: Hlc::default() };
        let mut outcomes = entries::orders(entries).into_iter().map(|order| {
            view.wipe(&SPACE, 0, &[]).expect("wipes");
            for entry in order {
                view.apply(SPACE, &[entry], Cursor::default(), &reader).expect("applies");
            }
            view.listed_rooms(&SPACE, 10).expect("reads").into_iter().map(|row| row.room).collect::<Vec<_>>()
        });
        let first = outcomes.next().expect("an order");
        assert!(outcomes.all(|outcome| outcome == first), "the order of arrival matters");
        first
    }

    #[test]
    fn only_managers_say_what_rooms_there_are() {
        let by_ann = entry(10, ANN, &make(ROOMS[0]));
        assert_eq!(listed(std::slice::from_ref(&by_ann)), [ROOMS[0]]);
        assert!(listed(&[entry(10, MALLORY, &make(ROOMS[0]))]).is_empty());
        let another = set(10, Field::Room { room: ROOMS[1] });
        assert_eq!(listed(&[by_ann.clone(), entry(11, MALLORY, &another)]), [ROOMS[0]]);
        assert_eq!(listed(&[by_ann.clone(), entry(11, ANN, &another)]), [ROOMS[0]], "it is made with its id");
        let end = set(10, Field::RoomOf { thing: None });
        assert_eq!(listed(&[by_ann.clone(), entry(11, MALLORY, &end)]), [ROOMS[0]]);
        assert!(listed(&[by_ann, entry(11, ANN, &end)]).is_empty());
        // What somebody made who might not is no room even when a manager says what it is for.
        let of = set(10, Field::RoomOf { thing: Some(TOPIC) });
        assert!(listed(&[entry(10, MALLORY, &make(ROOMS[0])), entry(11, ANN, &of)]).is_empty());
    }

    #[test]
    fn what_is_imported_lists_no_rooms() {
        let imported = |manages| Op::Imported {
            imported: Imported {
                id: EntryHash::from_bytes([9; 32]),
                clock: Hlc::new(1, 0),
                person: ANN,
                device: DeviceId::from_bytes([9; 32]),
                manages,
                op: Some(make(ROOMS[0]).encode().expect("encodes")),
            },
        };
        assert!(listed(&[entry(10, ANN, &imported(true))]).is_empty());
        assert!(listed(&[entry(10, MALLORY, &imported(true))]).is_empty());
    }

    #[test]
    fn what_a_room_says_first_counts_if_a_manager_says_it() {
        let dir = tempfile::tempdir().expect("folder");
        let view = View::open(dir.path()).expect("view");
        let reader = Reader { person: ANN, name: "Ann".into(), since: Hlc::default() };
        let op = |parent: u8, kind| Op::Room { kind, parent: room_tag(&GroupId::from_bytes([parent; 32]), &SPACE) };
        let said = [
            entry(10, MALLORY, &op(1, Kind::Topic)),
            entry(11, ANN, &op(2, Kind::Board)),
            entry(12, ANN, &op(3, Kind::Topic)),
        ];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            view.wipe(&SPACE, 0, &[]).expect("wipes");
            assert_eq!(view.room(&SPACE).expect("reads"), None);
            for at in order {
                view.apply(SPACE, &said[at..=at], Cursor::default(), &reader).expect("applies");
            }
            let row = view.room(&SPACE).expect("reads").expect("a room");
            assert_eq!(row, RoomRow { kind: Kind::Board, parent: room_tag(&GroupId::from_bytes([2; 32]), &SPACE) });
        }
    }

    #[test]
    fn a_room_shows_one_thing_whatever_came_first() {
        let dir = tempfile::tempdir().expect("folder");
        let view = View::open(dir.path()).expect("view");
        let reader = Reader { person: ANN, name: "Ann".into(), since: Hlc::default() };
        let titled = |kind, text: &str| {
            let mut fields = vec![Field::Title { text: text.into() }];
            fields.extend((kind == Kind::Issue).then_some(Field::Number { number: 1 }));
            Op::Make { kind, fields }
        };
        let said = [
            entry(10, ANN, &Op::Room { kind: Kind::Board, parent: [9; 32] }),
            entry(11, ANN, &Op::Name { name: "Plan".into() }),
            entry(12, ANN, &titled(Kind::Board, "Plan")),
            entry(13, MALLORY, &titled(Kind::Issue, "Mine")),
            entry(14, MALLORY, &titled(Kind::Board, "Mine")),
            entry(15, MALLORY, &set(12, Field::Title { text: "Mine, too".into() })),
        ];
        let filter = IssueFilter { limit: 10, ..IssueFilter::default() };
        for order in entries::orders(&said) {
            view.wipe(&SPACE, 0, &[]).expect("wipes");
            for entry in order {
                view.apply(SPACE, &[entry], Cursor::default(), &reader).expect("applies");
            }
            assert!(view.issues(&SPACE, &filter).expect("reads").0.is_empty());
            let boards = view.boards(&SPACE, 10).expect("reads");
            let boards: Vec<_> = boards.iter().map(|row| (row.hash, row.title.as_deref())).collect();
            assert_eq!(boards, [(EntryHash::from_bytes([12; 32]), Some("Plan"))]);
        }
    }

    #[test]
    fn a_room_tells_its_parent_to_those_alone_who_know_it() {
        let [one, other] = ROOMS.map(|room| room_tag(&SPACE, &room));
        assert_ne!(one, other, "two rooms of one space have nothing in common");
        assert_ne!(one, room_tag(&ROOMS[0], &SPACE));
    }
}
