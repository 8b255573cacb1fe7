//! Whatever comes in whatever order, the view says the same in the end, and so does one that is made anew.

use compeer_core::group::Level;
use compeer_core::{BlobHash, DeviceId, EntryHash, GroupId, Hlc};
use compeer_journal::{Cursor, Dropped, Opened};
use proptest::prelude::*;

use super::boards::ELEMENTS;
use super::{Reader, View, Which};
use crate::model::element::tests::rectangle;
use crate::model::{Element, Field, Kind, Op, Profile};

const SPACE: GroupId = GroupId::from_bytes([9; 32]);
const PEOPLE: u8 = 3;

/// One operation: by whom, when, and what. `object` is the number of the entry it is about, which may come later, be
/// something else, or not be there at all.
#[derive(Debug, Clone)]
struct Step {
    person: u8,
    clock: u64,
    manages: bool,
    what: What,
    object: usize,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Message,
    Answer,
    Text,
    Reaction(bool),
    Pinned(bool),
    Name,
    Profile,
    Introduce,
    File,
    Unlist,
    Holds,
    SaidAt,
    Make,
    Title,
    Resolved(bool),
    Place,
    Delete,
    Draw(bool),
    /// That the space is a room, of a board or of a topic.
    Room(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let what = prop_oneof![
        4 => Just(What::Message),
        1 => Just(What::Answer),
        3 => Just(What::Text),
        3 => any::<bool>().prop_map(What::Reaction),
        2 => any::<bool>().prop_map(What::Pinned),
        1 => Just(What::Name),
        1 => Just(What::Profile),
        1 => Just(What::Introduce),
        1 => Just(What::File),
        1 => Just(What::Unlist),
        1 => Just(What::Holds),
        2 => Just(What::SaidAt),
        2 => Just(What::Make),
        1 => Just(What::Title),
        1 => any::<bool>().prop_map(What::Resolved),
        3 => Just(What::Place),
        3 => Just(What::Delete),
        5 => any::<bool>().prop_map(What::Draw),
        1 => any::<bool>().prop_map(What::Room),
    ];
    // Few clocks and things, so that some are the same.
    let step = (0..PEOPLE, 0..3u64, any::<bool>(), what, 0..4usize)
        .prop_map(|(person, clock, manages, what, object)| Step { person, clock, manages, what, object });
    proptest::collection::vec(step, 1..40).prop_map(|mut steps| {
        steps.iter_mut().take(3).for_each(|step| step.what = What::Message);
        steps
    })
}

fn hash(n: usize) -> EntryHash {
    EntryHash::from_bytes(std::array::from_fn(|at| if at == 0 { (n * 89 % 251) as u8 } else { n as u8 }))
}

fn entry(n: usize, step: &Step) -> Opened {
    let object = hash(step.object);
    let set = |field| Op::Set { object, fields: vec![field] };
    let profile =
        |name: &str| Profile { name: format!("{name} {n}"), device_name: format!("{name}'s {n}"), picture: None };
    let blob = BlobHash::from_bytes([step.object as u8; 32]);
    let op = match step.what {
        What::Message => {
            Op::Message { text: format!("words {n}."), nonce: None, file: Some(object), reply: None, place: None }
        }
        What::Answer => {
            Op::Message { text: format!("answer {n}"), nonce: None, file: None, reply: Some(object), place: None }
        }
        What::SaidAt => {
            Op::Message { text: format!("said {n}"), nonce: None, file: None, reply: None, place: Some(object) }
        }
        What::Draw(on) => {
            let moved = Element { x: n as i32, ..rectangle() };
            set(Field::Element { id: ["box", "line"][n % 2].into(), element: on.then(|| Box::new(moved)) })
        }
        What::Make if !n.is_multiple_of(2) => {
            Op::Make { kind: Kind::Board, fields: vec![Field::Title { text: format!("board {n}") }] }
        }
        What::Make => Op::Make { kind: Kind::Topic, fields: vec![Field::Title { text: format!("topic {n}") }] },
        What::Room(board) => Op::Room { kind: if board { Kind::Board } else { Kind::Topic }, parent: [n as u8; 32] },
        What::Title => set(Field::Title { text: format!("title {n}") }),
        What::Resolved(on) => set(Field::Resolved { on }),
        What::Place => set(Field::Place { at: (!n.is_multiple_of(3)).then_some(hash(n % 5)) }),
        What::Text => set(Field::Text { text: format!("other words {n}.") }),
        What::Reaction(on) => set(Field::Reaction { emoji: ["\u{1f44d}", "\u{1f389}"][n % 2].into(), on }),
        What::Pinned(on) => set(Field::Pinned { on }),
        What::Name if n.is_multiple_of(2) => {
            Op::RoomName { name: format!("Room {n}"), since: Hlc::from_bits(step.clock.saturating_sub(1)) }
        }
        What::Name => Op::Name { name: format!("Quay {n}") },
        What::Profile => Op::Profile { profile: profile("me") },
        What::Introduce => {
            let person = GroupId::from_bytes([step.object as u8 % PEOPLE; 32]);
            Op::Introduce {
                person,
                device: DeviceId::from_bytes([step.object as u8 % PEOPLE; 32]),
                profile: profile("it"),
            }
        }
        What::File => Op::File { name: format!("{n}.txt"), size: n as u64, blob },
        What::Unlist => Op::Unlist { file: object },
        What::Holds => Op::Holds { blobs: vec![blob] },
        What::Delete => Op::Delete { object, place: (!n.is_multiple_of(3)).then_some(hash(n % 5)) },
    };
    Opened {
        position: n as u64,
        hash: hash(n),
        author: DeviceId::from_bytes([step.person; 32]),
        person: Some(GroupId::from_bytes([step.person; 32])),
        level: if step.manages { Level::Manage } else { Level::Write },
        seq: n as u64,
        clock: Hlc::from_bits(step.clock),
        plain: op.encode().expect("encodes"),
    }
}

/// All that the view says of the space.
fn told(view: &View) -> String {
    let (messages, more) = view.messages(&SPACE, Which::All, None, None, 1000).expect("messages");
    assert!(!more);
    let versions: Vec<_> =
        messages.iter().map(|row| view.versions(&SPACE, &row.hash, &row.person).expect("versions")).collect();
    let pinned: Vec<_> = view.pinned(&SPACE, 1000).expect("pinned").into_iter().map(|row| row.hash).collect();
    let people: Vec<_> =
        (0..PEOPLE).map(|n| view.profile(&SPACE, &GroupId::from_bytes([n; 32])).expect("profile")).collect();
    let mut devices: Vec<_> = view.devices(&SPACE).expect("devices").into_iter().collect();
    devices.sort();
    let mut holders: Vec<_> = view.all_holders(&SPACE).expect("holders").into_iter().collect();
    holders.iter_mut().for_each(|(_, devices)| devices.sort());
    holders.sort();
    let files = view.files(&SPACE).expect("files");
    let name = view.name(&SPACE).expect("name");
    let unread = (view.unread(&SPACE).expect("unread"), view.unread_by_place(&SPACE).expect("by place"));
    let boards = view.boards(&SPACE, 1000).expect("boards");
    // Also of what is no board, or not here: it may become one.
    let drawn: Vec<_> = (0..4).map(|n| view.drawn(&SPACE, &hash(n), None).expect("drawn").elements).collect();
    let room = view.room(&SPACE).expect("room");
    let titles: Vec<_> = boards.iter().map(|board| view.title(&SPACE, &board.hash).expect("title")).collect();
    let topics = view.topics(&SPACE, 1000).expect("topics");
    let at = |place| view.messages(&SPACE, Which::At(place), None, None, 1000).expect("messages").0.len();
    let places: Vec<_> = topics
        .iter()
        .map(|topic| (at(Some(topic.hash)), view.first_unread(&SPACE, Some(&topic.hash)).expect("first")))
        .collect();
    let general = (at(None), view.last_general(&SPACE).expect("last"));
    let boards_at: Vec<_> = boards.iter().map(|board| at(Some(board.hash))).collect();
    let said = places.iter().map(|place| place.0).chain(boards_at).sum::<usize>() + general.0;
    assert_eq!(said, messages.len(), "all are somewhere");
    if let Some(room) = &room {
        assert!(topics.is_empty() && boards.len() <= usize::from(room.kind == Kind::Board), "a room holds one thing");
        assert!(name.is_none() || titles.iter().all(|title| *title == name), "and is called as that");
    }
    format!(
        "{boards:?}{drawn:?}{topics:?}{places:?}{general:?}{messages:#?}{versions:#?}{pinned:?}{people:?}{devices:?}{holders:?}{files:?}{name:?}{unread:?}{room:?}{titles:?}"
    )
}

/// What comes of an entry, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    Said(usize),
    /// Its body was dropped.
    Gone(usize),
}

/// Entries, which of them are dropped, and an order in which all that comes.
fn arrivals() -> impl Strategy<Value = (Vec<Step>, Vec<Arrival>)> {
    let with_drops = |steps: Vec<Step>| {
        let length = steps.len();
        (Just(steps), proptest::collection::vec(0..4u8, length))
    };
    let shuffled = |(steps, drops): (Vec<Step>, Vec<u8>)| {
        // A file that was unlisted stays so, and who holds what is not taken back.
        let droppable =
            |n: &usize| drops[*n] == 0 && !matches!(steps[*n].what, What::Unlist | What::Holds | What::File);
        let gone = (0..steps.len()).filter(droppable).map(Arrival::Gone);
        let all: Vec<_> = (0..steps.len()).map(Arrival::Said).chain(gone).collect();
        (Just(steps), Just(all).prop_shuffle())
    };
    steps().prop_flat_map(with_drops).prop_flat_map(shuffled)
}

/// Reads what came, page by page; the view is made anew when it asks for it. What a journal has dropped it never hands out.
fn read(view: &View, entries: &[Opened], arrived: &[Arrival], page: usize, reader: &Reader) {
    let mut upto = 0;
    while upto < arrived.len() {
        let end = (upto + page).min(arrived.len());
        if !take(view, entries, &arrived[upto..end], &arrived[..end], reader) {
            view.wipe(&SPACE, 1, &[]).expect("wipes");
            assert!(take(view, entries, &arrived[..end], &arrived[..end], reader), "anew only once");
        }
        upto = end;
    }
}

fn take(view: &View, entries: &[Opened], page: &[Arrival], so_far: &[Arrival], reader: &Reader) -> bool {
    let said = page.iter().filter_map(|arrival| match arrival {
        Arrival::Said(n) if !so_far.contains(&Arrival::Gone(*n)) => Some(entries[*n].clone()),
        _ => None,
    });
    let gone = page.iter().filter_map(|arrival| match arrival {
        Arrival::Gone(n) => Some(&entries[*n]),
        Arrival::Said(_) => None,
    });
    let header = |entry: &Opened| Dropped {
        position: entry.position,
        hash: entry.hash,
        author: entry.author,
        person: entry.person,
        seq: entry.seq,
        clock: entry.clock,
    };
    let (said, gone): (Vec<_>, Vec<_>) = (said.collect(), gone.map(header).collect());
    view.apply_page(SPACE, &said, &gone, Cursor::default(), reader).expect("applies").is_some()
}

/// The words that nothing may be left of: of messages that are shown as deleted or not at all, and of their versions.
fn gone_words(view: &View, steps: &[Step], arrived: &[Arrival]) -> Vec<String> {
    let rows: Vec<_> = (0..steps.len()).map(|n| view.message(&SPACE, &hash(n)).expect("reads")).collect();
    let is_gone = |n: usize| arrived.contains(&Arrival::Gone(n));
    let is_deleted = |n: usize| rows.get(n).is_some_and(|row| row.as_ref().is_some_and(|row| row.deleted.is_some()));
    let words = |(n, step): (usize, &Step)| match step.what {
        What::Message if is_gone(n) || is_deleted(n) => Some(format!("words {n}.")),
        What::Text if is_gone(n) || is_deleted(step.object) => Some(format!("other words {n}.")),
        _ => None,
    };
    steps.iter().enumerate().filter_map(words).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_does_not_matter(
        (entries, shuffled) in steps().prop_flat_map(|steps| {
            let entries: Vec<_> = steps.iter().enumerate().map(|(n, step)| entry(n, step)).collect();
            (Just(entries.clone()), Just(entries).prop_shuffle())
        }),
        page in 1..8usize,
    ) {
        let dir = tempfile::tempdir().expect("folder");
        let view = View::open(dir.path()).expect("view");
        let reader = Reader { person: GroupId::from_bytes([0; 32]), name: "Ann".into(), since: Hlc::from_bits(1) };
        view.apply(SPACE, &entries, Cursor::default(), &reader).expect("applies");
        let whole = told(&view);
        view.wipe(&SPACE, 1, &[]).expect("wipes");
        for page in shuffled.chunks(page) {
            view.apply(SPACE, page, Cursor::default(), &reader).expect("applies");
            // What comes twice changes nothing.
            view.apply(SPACE, page, Cursor::default(), &reader).expect("applies");
        }
        prop_assert_eq!(told(&view), whole);
    }

    /// Deleting and dropping come before or after what they are about, whose words may have come or not: it is all the same.
    #[test]
    fn what_is_deleted_is_as_if_its_words_had_never_come((steps, arrived) in arrivals(), page in 1..8usize) {
        let dir = tempfile::tempdir().expect("folder");
        let view = View::open(dir.path()).expect("view");
        let reader = Reader { person: GroupId::from_bytes([0; 32]), name: "Ann".into(), since: Hlc::from_bits(1) };
        let entries: Vec<_> = steps.iter().enumerate().map(|(n, step)| entry(n, step)).collect();
        read(&view, &entries, &arrived, page, &reader);
        let live = told(&view);
        while view.index(std::time::Duration::from_secs(1)).expect("indexes") {}
        prop_assert!(view.scrub().expect("scrubs"), "nobody else reads");
        let file = std::fs::read(dir.path().join("spaces.sqlite")).expect("reads");
        for words in gone_words(&view, &steps, &arrived) {
            let kept = file.windows(words.len()).any(|window| window == words.as_bytes());
            prop_assert!(!kept, "{} is kept", words);
        }
        let mut anew = arrived.clone();
        anew.sort_by_key(|arrival| matches!(arrival, Arrival::Said(_)));
        view.wipe(&SPACE, 1, &[]).expect("wipes");
        read(&view, &entries, &anew, 1000, &reader);
        prop_assert_eq!(told(&view), live);
    }
}

const BOARD: EntryHash = EntryHash::from_bytes([77; 32]);

/// What `person` draws with entry number `n`.
fn drawing(n: usize, person: u8, clock: u64, fields: Vec<Field>) -> Opened {
    let mut number = [1; 32];
    number[..8].copy_from_slice(&(n as u64).to_be_bytes());
    Opened {
        position: n as u64,
        hash: EntryHash::from_bytes(number),
        author: DeviceId::from_bytes([person; 32]),
        person: Some(GroupId::from_bytes([person; 32])),
        level: Level::Write,
        seq: n as u64,
        clock: Hlc::from_bits(clock),
        plain: Op::Set { object: BOARD, fields }.encode().expect("encodes"),
    }
}

fn element(id: String, x: Option<i32>) -> Field {
    Field::Element { id, element: x.map(|x| Box::new(Element { x, ..rectangle() })) }
}

fn reader() -> Reader {
    Reader { person: GroupId::from_bytes([0; 32]), name: "Ann".into(), since: Hlc::default() }
}

#[test]
fn whoever_asks_what_changed_since_is_told_that_and_no_more() {
    let dir = tempfile::tempdir().expect("folder");
    let view = View::open(dir.path()).expect("view");
    let at = |clock, n, fields| view.apply(SPACE, &[drawing(n, 1, clock, fields)], Cursor::default(), &reader());
    assert!(view.drawn(&SPACE, &BOARD, Some(5)).expect("drawn").all, "a number that was never given");
    at(1, 1, vec![element("a".into(), Some(1)), element("b".into(), Some(1))]).expect("applies");
    let first = view.drawn(&SPACE, &BOARD, None).expect("drawn");
    assert!(first.all && first.elements.len() == 2);
    at(3, 2, vec![element("a".into(), Some(3))]).expect("applies");
    // Came late, and was over before it came.
    at(2, 3, vec![element("a".into(), Some(2)), element("b".into(), None)]).expect("applies");
    let next = view.drawn(&SPACE, &BOARD, Some(first.upto)).expect("drawn");
    let moved = Element { x: 3, ..rectangle() };
    assert!(!next.all);
    assert_eq!(next.elements, [("a".to_owned(), Some(moved)), ("b".to_owned(), None)]);
    assert_eq!(view.drawn(&SPACE, &BOARD, Some(next.upto)).expect("drawn").elements, []);
    // Taken in anew, the old numbers mean nothing; and so in a view that was deleted.
    view.wipe(&SPACE, 1, &[]).expect("wipes");
    assert!(view.drawn(&SPACE, &BOARD, Some(next.upto)).expect("drawn").all);
    at(1, 1, vec![element("c".into(), Some(1))]).expect("applies");
    let anew = view.drawn(&SPACE, &BOARD, Some(next.upto)).expect("drawn");
    assert!(anew.all && anew.elements.len() == 1);
    assert!(view.drawn(&SPACE, &BOARD, Some(anew.upto + 1)).expect("drawn").all, "nobody was given that");
    let other = tempfile::tempdir().expect("folder");
    let other = View::open(other.path()).expect("view");
    other
        .apply(SPACE, &[drawing(1, 1, 1, vec![element("d".into(), Some(1))])], Cursor::default(), &reader())
        .expect("applies");
    assert!(other.drawn(&SPACE, &BOARD, Some(anew.upto)).expect("drawn").all);
}

/// Somebody's program may write more than a board holds: everybody sees the same of it, in whatever order it came.
#[test]
fn a_board_that_is_too_full_shows_everybody_the_same() {
    const OVER: usize = 40;
    let mut entries: Vec<_> = (0..ELEMENTS + OVER)
        .collect::<Vec<_>>()
        .chunks(32)
        .enumerate()
        .map(|(n, ids)| {
            let fields = ids.iter().map(|id| element(format!("e{id}"), Some(1))).collect();
            drawing(n, 1, 10 + (n as u64 * 7919) % 1000, fields)
        })
        .collect();
    // One that is changed again does not lose its place.
    entries.push(drawing(entries.len(), 1, 5000, vec![element("e3".into(), Some(9))]));
    let told = |entries: &[Opened]| {
        let dir = tempfile::tempdir().expect("folder");
        let view = View::open(dir.path()).expect("view");
        let mut nonsense = 0;
        for page in entries.chunks(1000) {
            let changes = view.apply(SPACE, page, Cursor::default(), &reader()).expect("applies");
            nonsense += changes.iter().filter(|change| matches!(change, super::Change::Nonsense(..))).count();
        }
        let drawn = view.drawn(&SPACE, &BOARD, None).expect("drawn");
        // With room again, whoever has the old picture is handed all.
        let gone = (0..OVER).map(|n| element(format!("e{n}"), None)).collect::<Vec<_>>();
        for (n, gone) in gone.chunks(32).enumerate() {
            view.apply(SPACE, &[drawing(90_000 + n, 1, 9000, gone.to_vec())], Cursor::default(), &reader())
                .expect("applies");
        }
        let after = view.drawn(&SPACE, &BOARD, Some(drawn.upto)).expect("drawn");
        assert!(after.all && after.hidden == 0 && after.elements.len() == ELEMENTS);
        (drawn, nonsense)
    };
    let (forward, nonsense) = told(&entries);
    assert_eq!((forward.elements.len(), forward.hidden), (ELEMENTS, OVER));
    assert!(nonsense > 0, "it is told who did");
    entries.reverse();
    let (backward, _) = told(&entries);
    assert!(forward.elements == backward.elements, "the same ones");
}
