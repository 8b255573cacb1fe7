//! Issues say the same whatever came first; no key means two of them; and circles end.

use std::collections::BTreeSet;

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use compeer_journal::{Cursor, Opened};
use proptest::prelude::*;

use super::apply::Change;
use super::{Reader, View, itself};
use crate::model::{Day, Field, IssueFilter, IssueSort, Key, Kind, Op, Priority, Status};

const SPACE: GroupId = GroupId::from_bytes([9; 32]);
/// Entries that others name: some are issues, some labels, some are never made.
const THINGS: usize = 6;

fn person(n: u8) -> GroupId {
    GroupId::from_bytes([n; 32])
}

/// Ids that begin alike.
fn hash(n: usize) -> EntryHash {
    EntryHash::from_bytes(std::array::from_fn(|at| match at {
        0 => (n % 2) as u8,
        3 => n as u8,
        _ => 0,
    }))
}

fn view() -> (tempfile::TempDir, View) {
    let dir = tempfile::tempdir().expect("folder");
    let view = View::open(dir.path()).expect("opens");
    (dir, view)
}

fn opened(n: usize, by: u8, clock: u64, op: &Op) -> Opened {
    Opened {
        position: n as u64,
        hash: hash(n),
        author: DeviceId::from_bytes([by; 32]),
        person: Some(person(by)),
        // The first of them manages the space.
        level: if by == 0 { Level::Manage } else { Level::Write },
        seq: n as u64,
        clock: Hlc::from_bits(clock),
        plain: op.encode().expect("encodes"),
    }
}

fn put(view: &View, entries: &[Opened]) -> Vec<Change> {
    let reader = Reader { person: person(0), name: "Ann".into(), since: Hlc::default() };
    view.apply(SPACE, entries, Cursor::default(), &reader).expect("applies")
}

fn issue(number: u32, mut fields: Vec<Field>) -> Op {
    fields.push(Field::Number { number });
    Op::Make { kind: Kind::Issue, fields }
}

fn title(text: &str) -> Field {
    Field::Title { text: text.into() }
}

fn set(n: usize, field: Field) -> Op {
    Op::Set { object: hash(n), fields: vec![field] }
}

fn all() -> IssueFilter {
    IssueFilter { limit: 1000, ..IssueFilter::default() }
}

/// All that is said of issues.
fn told(view: &View) -> String {
    let sorts = [
        IssueSort::Priority,
        IssueSort::Created,
        IssueSort::Updated,
        IssueSort::Due,
        IssueSort::Status,
        IssueSort::Title,
    ];
    let lists: Vec<_> =
        sorts.map(|sort| view.issues(&SPACE, &IssueFilter { sort, ..all() }).expect("lists")).into_iter().collect();
    let archived = view.issues(&SPACE, &IssueFilter { archived: true, ..all() }).expect("lists");
    let labelled = view.issues(&SPACE, &IssueFilter { label: vec![hash(1), hash(2)], ..all() }).expect("lists");
    let mine = view.issues(&SPACE, &IssueFilter { assignee: vec![Some(person(1)), None], ..all() }).expect("lists");
    let each: Vec<_> = (0..40)
        .map(|n| {
            let id = hash(n);
            (
                view.issue(&SPACE, &id).expect("issue"),
                view.description(&SPACE, &id).expect("description"),
                view.above(&SPACE, &id).expect("above"),
                view.parts(&SPACE, &id).expect("parts"),
                view.blocks(&SPACE, &id).expect("blocks"),
                view.blocked_by(&SPACE, &id).expect("blocked by"),
                view.history(&SPACE, &id, 100).expect("history"),
                view.title(&SPACE, &id).expect("title"),
            )
        })
        .collect();
    let things: Vec<_> = [Kind::Label, Kind::Project, Kind::Cycle, Kind::SavedView]
        .map(|kind| view.things(&SPACE, kind, 100).expect("things"))
        .into_iter()
        .collect();
    let space = (view.prefix(&SPACE).expect("prefix"), view.history(&SPACE, &itself(&SPACE), 100).expect("history"));
    let next = view.next_number(&SPACE).expect("next");
    format!("{lists:#?}{archived:#?}{labelled:#?}{mine:#?}{each:#?}{things:#?}{space:#?}{next}")
}

/// Any field about one of few things, with one of few values, so that many meet.
fn field() -> impl Strategy<Value = Field> {
    let thing = || (0..THINGS).prop_map(hash);
    let some = move || proptest::option::of((0..THINGS).prop_map(hash));
    prop_oneof![
        "[a-cÄ]{1,3}".prop_map(|text| Field::Title { text }),
        "[a-c\n]{0,3}"
            .prop_filter("blank", |text| text.is_empty() || !text.trim().is_empty())
            .prop_map(|text| Field::Description { text }),
        (0..7u8).prop_map(|n| Field::Status { status: Status::of(n).expect("a status") }),
        (0..5u8).prop_map(|n| Field::Priority { priority: Priority::of(n).expect("a priority") }),
        proptest::option::of(0..3u8).prop_map(|n| Field::Assignee { person: n.map(person) }),
        proptest::option::of(0..3u16).prop_map(|points| Field::Estimate { points }),
        proptest::option::of(0..3u32).prop_map(|day| Field::Due { day: day.map(Day) }),
        proptest::option::of(0..3u32).prop_map(|day| Field::Start { day: day.map(Day) }),
        some().prop_map(|issue| Field::Parent { issue }),
        some().prop_map(|project| Field::Project { project }),
        some().prop_map(|cycle| Field::Cycle { cycle }),
        (thing(), any::<bool>()).prop_map(|(label, on)| Field::Label { label, on }),
        (thing(), any::<bool>()).prop_map(|(issue, on)| Field::Blocks { issue, on }),
        any::<bool>().prop_map(|on| Field::Archived { on }),
        (0..3u16).prop_map(|degrees| Field::Hue { degrees }),
        "[a-c]{0,2}".prop_map(|text| Field::Query { text }),
        (1..4u32).prop_map(|number| Field::Number { number }),
        Just(Field::Prefix { text: "AB".into() }),
        Just(Field::Prefix { text: "XYZ".into() }),
        any::<bool>().prop_map(|on| Field::Pinned { on }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let fields = || proptest::collection::vec(field(), 1..4);
    let object = prop_oneof![9 => (0..THINGS).prop_map(hash), 1 => Just(itself(&SPACE))];
    prop_oneof![
        4 => (1..4u32, fields()).prop_map(|(number, mut fields)| {
            fields.retain(|field| !matches!(field, Field::Number { .. }));
            issue(number, fields)
        }),
        1 => (2..6u8, fields()).prop_map(|(kind, fields)| Op::Make { kind: Kind::of(kind).expect("a kind"), fields }),
        6 => (object, fields()).prop_map(|(object, fields)| Op::Set { object, fields }),
        1 => (0..THINGS).prop_map(|n| {
            Op::Message { text: "so".into(), nonce: None, file: None, reply: None, place: Some(hash(n)) }
        }),
        1 => "[A-Za-c]{1,3}".prop_map(|name| Op::Name { name }),
    ]
}

fn entries() -> impl Strategy<Value = Vec<Opened>> {
    proptest::collection::vec((0..3u8, 0..3u64, op()), 1..30)
        .prop_map(|all| all.iter().enumerate().map(|(n, (by, clock, op))| opened(n, *by, *clock, op)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_does_not_matter(
        (entries, shuffled) in entries().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        page in 1..8usize,
    ) {
        let (_dir, view) = view();
        put(&view, &entries);
        let whole = told(&view);
        view.wipe(&SPACE, 1, &[]).expect("wipes");
        for page in shuffled.chunks(page) {
            put(&view, page);
            // What comes twice changes nothing.
            put(&view, page);
        }
        prop_assert_eq!(told(&view), whole);
    }

    /// People make issues offline and take the same numbers. However they come together, at each moment every key names one
    /// issue, whoever is alone has no suffix, and a key of before either names the same issue still, or several.
    #[test]
    fn no_key_ever_means_two_issues(
        numbers in proptest::collection::vec(1..5u32, 1..14).prop_shuffle(),
        shuffle in any::<prop::sample::Index>(),
    ) {
        let (_dir, view) = view();
        let mut made: Vec<Opened> = numbers.iter().enumerate().map(|(n, number)| opened(n, 1, 5, &issue(*number, vec![]))).collect();
        let middle = shuffle.index(made.len());
        made.rotate_left(middle);
        let mut before: Vec<(String, EntryHash)> = Vec::new();
        for entry in &made {
            put(&view, std::slice::from_ref(entry));
            let (rows, _) = view.issues(&SPACE, &all()).expect("lists");
            let keys: BTreeSet<_> = rows.iter().map(|row| row.key.clone()).collect();
            prop_assert_eq!(keys.len(), rows.len());
            for row in &rows {
                let key = Key::parse(&row.key).expect("a key");
                let found = view.by_key(&SPACE, &key).expect("finds");
                prop_assert_eq!(&found, &[(row.hash, row.key.clone())]);
                let alone = rows.iter().filter(|other| Key::parse(&other.key).is_some_and(|other| other.number == key.number)).count() == 1;
                prop_assert_eq!(key.suffix.is_none(), alone);
            }
            for (key, hash) in &before {
                let found = view.by_key(&SPACE, &Key::parse(key).expect("a key")).expect("finds");
                prop_assert!(found.iter().any(|(other, _)| other == hash), "{key} is lost");
            }
            before.extend(rows.into_iter().map(|row| (row.key, row.hash)));
        }
    }

    /// A filter finds what it should, and nothing else: the same as looking at each.
    #[test]
    fn filters_find_what_fits(
        entries in entries(),
        status in proptest::collection::vec(0..7u8, 0..3),
        priority in proptest::collection::vec(0..5u8, 0..3),
        assignee in proptest::collection::vec(proptest::option::of(0..3u8), 0..3),
        label in proptest::collection::vec(0..THINGS, 0..2),
        project in proptest::collection::vec(proptest::option::of(0..THINGS), 0..3),
        due_by in proptest::option::of(0..3u32),
        text in "[a-cÄä]{0,2}",
    ) {
        let (_dir, view) = view();
        put(&view, &entries);
        let filter = IssueFilter {
            status: status.iter().filter_map(|n| Status::of(*n)).collect(),
            priority: priority.iter().filter_map(|n| Priority::of(*n)).collect(),
            assignee: assignee.iter().map(|one| one.map(person)).collect(),
            label: label.iter().map(|n| hash(*n)).collect(),
            project: project.iter().map(|one| one.map(hash)).collect(),
            due_by: due_by.map(Day),
            text: text.clone(),
            ..all()
        };
        let (found, total) = view.issues(&SPACE, &filter).expect("lists");
        prop_assert_eq!(found.len() as u64, total);
        let (every, _) = view.issues(&SPACE, &all()).expect("lists");
        let fits = |row: &&super::IssueRow| {
            (filter.status.is_empty() || filter.status.contains(&row.status))
                && (filter.priority.is_empty() || filter.priority.contains(&row.priority))
                && (filter.assignee.is_empty() || filter.assignee.contains(&row.assignee))
                && (filter.label.is_empty() || filter.label.iter().any(|label| row.labels.contains(label)))
                && (filter.project.is_empty() || filter.project.contains(&row.project))
                && filter.due_by.is_none_or(|by| row.due.is_some_and(|due| due <= by))
                && row.title.to_lowercase().contains(&text.to_lowercase())
        };
        let expected: Vec<_> = every.iter().filter(fits).cloned().collect();
        prop_assert_eq!(&found, &expected);
        // In pages it is the same.
        let mut paged = Vec::new();
        while paged.len() < found.len() {
            paged.extend(view.issues(&SPACE, &IssueFilter { limit: 2, offset: paged.len(), ..filter.clone() }).expect("lists").0);
        }
        prop_assert_eq!(paged, found);
    }
}

fn nonsense(changes: &[Change]) -> usize {
    changes.iter().filter(|change| matches!(change, Change::Nonsense(..))).count()
}

/// What a member's program can write although it should not.
#[test]
fn what_makes_no_sense_counts_for_nothing_and_is_told() {
    let (_dir, view) = view();
    put(&view, &[opened(0, 1, 5, &issue(7, vec![title("crane")]))]);
    let before = told(&view);
    let other_number = set(0, Field::Number { number: 8 });
    let prefix = Op::Set { object: itself(&SPACE), fields: vec![Field::Prefix { text: "MINE".into() }] };
    let prefix_of_issue = set(0, Field::Prefix { text: "MINE".into() });
    for (by, op) in [(1, &other_number), (1, &prefix), (0, &prefix_of_issue)] {
        let entry = opened(20, by, 9, op);
        assert_eq!(nonsense(&put(&view, &[entry])), 1, "{op:?}");
        // Only when it was last touched may differ.
        assert_eq!(told(&view), before, "{op:?}");
    }
    let mut broken = opened(21, 1, 9, &other_number);
    for fields in
        [vec![], vec![Field::Number { number: 0 }], vec![Field::Hue { degrees: 999 }, Field::Number { number: 1 }]]
    {
        broken.plain = compeer_core::cbor::encode(&Op::Make { kind: Kind::Issue, fields });
        assert_eq!(nonsense(&put(&view, std::slice::from_ref(&broken))), 1);
        assert_eq!(told(&view), before);
    }
    // A manager may, and what was written down before stays right.
    put(&view, &[opened(22, 0, 9, &prefix)]);
    assert_eq!(view.issue(&SPACE, &hash(0)).expect("reads").expect("is there").key, "MINE-7");
    for key in ["ISS-7", "MINE-7"] {
        assert_eq!(view.by_key(&SPACE, &Key::parse(key).expect("a key")).expect("finds").len(), 1, "{key}");
    }
    assert_eq!(view.by_key(&SPACE, &Key::parse("YOUR-7").expect("a key")).expect("finds"), []);
}

#[test]
fn nobody_can_use_up_the_numbers() {
    let (_dir, view) = view();
    put(&view, &[opened(0, 1, 5, &issue(3, vec![])), opened(1, 1, 5, &issue(crate::model::HIGHEST_NUMBER, vec![]))]);
    assert_eq!(view.next_number(&SPACE).expect("counts"), 4);
}

#[test]
fn circles_end() {
    let (_dir, view) = view();
    let part_of = |n: usize, of: usize| set(n, Field::Parent { issue: Some(hash(of)) });
    let blocks = |n: usize, other: usize| set(n, Field::Blocks { issue: hash(other), on: true });
    put(&view, &(0..4).map(|n| opened(n, 1, 5, &issue(n as u32 + 1, vec![]))).collect::<Vec<_>>());
    let links = [part_of(0, 1), part_of(1, 2), part_of(2, 0), part_of(3, 3), blocks(0, 1), blocks(1, 0)];
    let links = links.iter().enumerate().map(|(n, op)| opened(10 + n, 1, 6, op));
    put(&view, &links.collect::<Vec<_>>());
    let above = |n| view.above(&SPACE, &hash(n)).expect("above").into_iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(above(0), [hash(1), hash(2)]);
    assert_eq!(above(3), []);
    assert!(view.would_circle(&SPACE, &hash(3), &hash(0)).expect("looks"), "a circle of others is no parent either");
    let (rows, _) = view.issues(&SPACE, &all()).expect("lists");
    assert_eq!(rows.iter().filter(|row| row.blocked).count(), 2);
}

/// What is listed quickly with two thousand is listed quickly with twenty thousand.
#[test]
fn many_issues_are_listed_and_filtered_quickly() {
    let (_dir, view) = view();
    let label = opened(0, 1, 5, &Op::Make { kind: Kind::Label, fields: vec![title("bug")] });
    let label_id = label.hash;
    let name = |n: u32| EntryHash::from_bytes(std::array::from_fn(|at| n.to_be_bytes().get(at).copied().unwrap_or(1)));
    let make = |n: u32| {
        let mut fields = vec![
            title(&format!("issue {n}")),
            Field::Status { status: Status::of((n % 7) as u8).expect("a status") },
            Field::Priority { priority: Priority::of((n % 5) as u8).expect("a priority") },
            Field::Assignee { person: Some(person((n % 9) as u8)) },
        ];
        if n.is_multiple_of(3) {
            fields.push(Field::Label { label: label_id, on: true });
        }
        Opened { hash: name(n), ..opened(1, 1, 5 + u64::from(n), &issue(n, fields)) }
    };
    put(&view, &[label]);
    put(&view, &(1..=20_000).map(make).collect::<Vec<_>>());
    let filter = IssueFilter { status: vec![Status::Doing], label: vec![label_id], text: "issue".into(), ..all() };
    let begun = std::time::Instant::now();
    let (rows, total) = view.issues(&SPACE, &filter).expect("lists");
    let took = begun.elapsed();
    assert!(total > 900 && rows.len() == 1000.min(total as usize), "{total}");
    let begun_things = std::time::Instant::now();
    assert_eq!(view.things(&SPACE, Kind::Label, 100).expect("labels")[0].issues, 20_000 / 3);
    let took = took + begun_things.elapsed();
    // An unoptimised build on a busy machine has ten times what a person notices.
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}
