//! Whatever comes in whatever order, the index says what one made anew would say, and a search finds what reading all finds.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use compeer_core::group::Level;
use compeer_core::{BlobHash, DeviceId, EntryHash, GroupId, Hlc};
use compeer_journal::{Cursor as JournalCursor, Opened};
use proptest::prelude::*;

use super::*;
use crate::model::element::tests::rectangle;
use crate::model::element::{Shape, Text};
use crate::model::{Element, Field, Kind, Op};
use crate::search::query::Query;
use crate::search::tokens::tokens;
use crate::view::entries::orders;
use crate::view::{Reader, View, Which};

const SPACE: GroupId = GroupId::from_bytes([9; 32]);
const OTHER: GroupId = GroupId::from_bytes([8; 32]);
const LONG: Duration = Duration::from_secs(60);

/// Words in several writings; some begin others, and some are within others.
const WORDS: [&str; 14] = [
    "quay",
    "quayside",
    "Größe",
    "grosse",
    "crane",
    "the",
    "a",
    "東京都",
    "京都",
    "부산항에서",
    "مَرْحَبًا",
    "\u{1f44d}",
    "https://a.b/quay",
    "ท่าเรือ",
];

fn person(n: u8) -> GroupId {
    GroupId::from_bytes([n; 32])
}

fn hash(n: usize) -> EntryHash {
    EntryHash::from_bytes(std::array::from_fn(|at| if at == 0 { (n * 89 % 251) as u8 } else { n as u8 }))
}

fn opened(n: usize, by: u8, clock: u64, op: &Op) -> Opened {
    Opened {
        position: n as u64,
        hash: hash(n),
        author: DeviceId::from_bytes([by; 32]),
        person: Some(person(by)),
        level: Level::Write,
        seq: n as u64,
        clock: Hlc::new(clock, 0),
        plain: op.encode().expect("encodes"),
    }
}

fn message(text: &str, file: Option<EntryHash>) -> Op {
    Op::Message { text: text.into(), nonce: None, file, reply: None, place: None }
}

fn text_of(object: EntryHash, text: &str) -> Op {
    Op::Set { object, fields: vec![Field::Text { text: text.into() }] }
}

fn view() -> (tempfile::TempDir, View) {
    let dir = tempfile::tempdir().expect("folder");
    let view = View::open(dir.path()).expect("opens");
    (dir, view)
}

fn reader() -> Reader {
    Reader { person: person(0), name: "Ann".into(), since: Hlc::new(0, 0) }
}

fn apply(view: &View, entries: &[Opened]) {
    view.apply(SPACE, entries, JournalCursor::default(), &reader()).expect("applies");
}

fn index(view: &View) {
    while view.index(LONG).expect("indexes") {}
}

fn wanted(query: &str, limit: usize, cursor: Cursor) -> Wanted {
    Wanted {
        query: Query::parse(query, 0, 0).expect("a query"),
        people: None,
        not_people: BTreeSet::new(),
        places: None,
        not_places: BTreeSet::new(),
        spaces: BTreeSet::from([SPACE]),
        some_spaces: false,
        limit,
        cursor,
        until: Instant::now() + LONG,
    }
}

/// All that is found, page by page, in the order of the pages.
fn pages(view: &View, query: &str, limit: usize) -> Vec<EntryHash> {
    let (mut all, mut cursor) = (Vec::new(), Cursor::START);
    loop {
        let found = view.find(&Stop::default(), &wanted(query, limit, cursor)).expect("finds");
        assert!(found.complete && found.documents.len() <= limit && found.count >= found.documents.len());
        all.extend(found.documents.into_iter().map(|found| found.document.object));
        match found.next {
            Some(next) => cursor = next.to_string().parse().expect("a cursor"),
            None => return all,
        }
    }
}

fn found(view: &View, query: &str) -> BTreeSet<EntryHash> {
    let all = pages(view, query, 7);
    let set: BTreeSet<EntryHash> = all.iter().copied().collect();
    assert_eq!(set.len(), all.len(), "nothing comes twice");
    set
}

/// What the tables of the index hold, but for its own numbers.
fn told(view: &View) -> String {
    let connection = view.lock();
    let sql = format!("SELECT {} FROM doc ORDER BY object", documents::COLUMNS);
    let mut statement = connection.prepare(&sql).expect("prepares");
    let rows = statement.query_map([], documents::stored).expect("reads");
    let documents: Vec<_> = rows.map(|row| row.expect("reads").expect("a kind")).collect();
    connection
        .execute_batch("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'words', 'row')")
        .expect("makes");
    let words: Vec<(String, i64, i64)> = connection
        .prepare("SELECT term, doc, cnt FROM temp.vocabulary ORDER BY term")
        .expect("prepares")
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .expect("reads")
        .map(|row| row.expect("reads"))
        .collect();
    connection.execute_batch("DROP TABLE temp.vocabulary").expect("drops");
    format!("{documents:#?}{words:#?}")
}

/// The messages and files that have these words in a row, by reading all of them.
fn by_reading(view: &View, words: &[String], prefix: bool) -> BTreeSet<EntryHash> {
    let fits = |text: &str| {
        let here: Vec<String> = tokens(text).map(|token| token.word).collect();
        here.windows(words.len()).any(|window| {
            let (last, first) = window.split_last().expect("words");
            let (asked, asked_first) = words.split_last().expect("words");
            first == asked_first && if prefix { last.starts_with(asked.as_str()) } else { last == asked }
        })
    };
    let (messages, _) = view.messages(&SPACE, Which::All, None, None, 1000).expect("messages");
    let messages = messages.into_iter().filter(|row| {
        let name = row.file.as_ref().and_then(|file| file.listed.as_ref()).map(|(name, _)| name.as_str());
        fits(&row.text) || name.is_some_and(fits)
    });
    let files = view.files(&SPACE).expect("files").into_iter().filter(|row| fits(&row.name));
    messages.map(|row| row.hash).chain(files.map(|row| row.hash)).collect()
}

#[derive(Debug, Clone)]
struct Step {
    by: u8,
    clock: u64,
    what: u8,
    object: usize,
    words: Vec<usize>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let words = proptest::collection::vec(0..WORDS.len(), 1..5);
    let step = (0..3u8, 0..3u64, 0..10u8, 0..6usize, words).prop_map(|(by, clock, what, object, words)| Step {
        by,
        clock,
        what,
        object,
        words,
    });
    proptest::collection::vec(step, 1..40).prop_map(|mut steps| {
        steps.iter_mut().take(4).for_each(|step| step.what = 0);
        steps
    })
}

fn entry(n: usize, step: &Step) -> Opened {
    let text = step.words.iter().map(|word| WORDS[*word]).collect::<Vec<_>>().join(" ");
    let object = hash(step.object);
    let op = match step.what {
        0..4 => message(&text, None),
        4 => message(&text, Some(object)),
        5 | 6 => text_of(object, &text),
        7 if step.clock == 0 => Op::Set { object, fields: vec![Field::Place { at: (step.by > 0).then_some(object) }] },
        7 => Op::Set { object, fields: vec![Field::Pinned { on: step.by > 0 }] },
        8 => Op::File { name: format!("{n}-crane.txt"), size: 1, blob: BlobHash::from_bytes([1; 32]) },
        _ => Op::Unlist { file: object },
    };
    opened(n, step.by, step.clock, &op)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_says_what_the_view_says(
        (entries, shuffled) in steps().prop_flat_map(|steps| {
            let entries: Vec<_> = steps.iter().enumerate().map(|(n, step)| entry(n, step)).collect();
            (Just(entries.clone()), Just(entries).prop_shuffle())
        }),
        page in 1..8usize,
        wiped in any::<bool>(),
    ) {
        let (_dir, view) = view();
        apply(&view, &entries);
        index(&view);
        let whole = told(&view);
        if wiped {
            // As when the space is taken in anew: some of it is left out at first.
            view.wipe(&SPACE, 1, &[]).expect("wipes");
            if page % 2 == 0 {
                index(&view);
                prop_assert!(view.lock().query_row("SELECT count(*) = 0 FROM doc", [], |row| row.get::<_, bool>(0)).expect("counts"));
            }
            apply(&view, &entries);
            index(&view);
            prop_assert_eq!(&told(&view), &whole);
        }
        let (_other_dir, other) = self::view();
        for page in shuffled.chunks(page) {
            apply(&other, page);
            // A little at a time, and some of it twice.
            other.index(Duration::ZERO).expect("indexes");
            apply(&other, page);
        }
        index(&other);
        prop_assert_eq!(&told(&other), &whole);

        for word in WORDS {
            let words: Vec<String> = tokens(word).map(|token| token.word).collect();
            prop_assert_eq!(found(&other, &format!("\"{word}\"")), by_reading(&other, &words, false), "{}", word);
            prop_assert_eq!(found(&other, word), by_reading(&other, &words, true), "{}", word);
            let first: String = tokens(word).next().expect("a word").word.chars().take(1).collect();
            prop_assert_eq!(found(&other, &first), by_reading(&other, std::slice::from_ref(&first), true), "{}", first);
        }
        let two = ["quay".to_owned(), "crane".to_owned()];
        prop_assert_eq!(found(&other, "quay \"crane\""), by_reading(&other, &two[..1], false).intersection(&by_reading(&other, &two[1..], false)).copied().collect::<BTreeSet<_>>());
        prop_assert_eq!(found(&other, "\"quay crane\""), by_reading(&other, &two, false));
        let all = found(&other, "has:file");
        let without: BTreeSet<_> = by_reading(&other, &two[1..], false).difference(&all).copied().collect();
        prop_assert_eq!(found(&other, "\"crane\" -has:file"), without);
        // All that is there, page by page.
        let everything: BTreeSet<_> = other.messages(&SPACE, Which::All, None, None, 1000).expect("messages").0.into_iter().map(|row| row.hash)
            .chain(other.files(&SPACE).expect("files").into_iter().map(|row| row.hash)).collect();
        prop_assert_eq!(found(&other, "-nothing"), everything);
    }
}

#[test]
fn a_file_that_goes_before_it_was_looked_at_leaves_no_name_at_its_message() {
    let (_dir, view) = view();
    let file = Op::File { name: "crane.txt".into(), size: 1, blob: BlobHash::from_bytes([1; 32]) };
    apply(&view, &[opened(0, 0, 1, &message("look", Some(hash(1)))), opened(1, 0, 2, &file)]);
    // The message is looked at, and says the name; the file is not yet.
    view.index(Duration::ZERO).expect("indexes");
    apply(&view, &[opened(2, 0, 3, &Op::Unlist { file: hash(1) })]);
    index(&view);
    assert_eq!((found(&view, "crane").len(), found(&view, "has:file").len(), found(&view, "look").len()), (0, 0, 1));
}

/// A text on a board, or a frame of that name.
fn written(text: &str) -> Element {
    let frame = text.strip_prefix('#').map(|name| Shape::Frame { name: Some(name.into()) });
    let shape = frame.unwrap_or_else(|| {
        Shape::Text(Text {
            text: text.into(),
            original: None,
            size: 2000,
            font: 5,
            align: None,
            vertical: None,
            container: None,
            fixed_width: false,
            line_height: 125,
        })
    });
    Element { shape, ..rectangle() }
}

#[test]
fn what_is_written_on_a_board_is_found_in_whatever_order_it_came() {
    let board = Op::Make { kind: Kind::Board, fields: vec![Field::Title { text: "Quay".into() }] };
    let write = |n: usize, id: &str, text: Option<&str>| {
        let element = text.map(|text| Box::new(written(text)));
        let op = Op::Set { object: hash(0), fields: vec![Field::Element { id: id.into(), element }] };
        opened(n, n as u8 % 3, n as u64, &op)
    };
    let entries = [
        opened(0, 0, 0, &board),
        write(1, "a", Some("crane steel")),
        write(2, "b", Some("#northern berth")),
        write(3, "a", Some("crane rust")),
        write(4, "b", None),
    ];
    for order in orders(&entries) {
        let (_dir, view) = view();
        for entry in &order {
            apply(&view, std::slice::from_ref(entry));
            view.index(Duration::ZERO).expect("indexes");
        }
        index(&view);
        let is_found = |query: &str| found(&view, query) == BTreeSet::from([hash(0)]);
        assert!(is_found("crane") && is_found("is:board rust") && is_found("quay"));
        assert!(!is_found("steel") && !is_found("berth"), "what was there before is not");
    }
    let (_dir, view) = view();
    apply(&view, &entries[..3]);
    index(&view);
    assert_eq!(found(&view, "northern berth"), BTreeSet::from([hash(0)]));
}

/// One message for each text, a minute after the other.
fn said(texts: &[&str]) -> (tempfile::TempDir, View) {
    let (dir, view) = view();
    let entries: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| opened(n, n as u8 % 3, n as u64 * 60_000, &message(text, None)))
        .collect();
    apply(&view, &entries);
    index(&view);
    (dir, view)
}

#[test]
fn substrings_of_writings_without_blanks_are_found() {
    let texts = [
        "東京都の港で",
        "京都の東",
        "부산항에서 만나요",
        "サーバーを再起動",
        "مَرْحَبًا بالعالم",
        "ok \u{1f44d}\u{1f3fd}",
        "ท่าเรือกรุงเทพ",
    ];
    let (_dir, view) = said(&texts);
    let table: &[(&str, &[usize])] = &[
        ("京都", &[0, 1]),
        ("東京都", &[0]),
        ("都の", &[0, 1]),
        ("都港", &[]),
        ("산항", &[2]),
        ("만나", &[2]),
        ("再起", &[3]),
        ("ーバ", &[3]),
        ("ｻｰﾊﾞ", &[3]),
        ("مرحبا", &[4]),
        ("العالم", &[]),
        ("بالع", &[4]),
        ("\u{1f44d}", &[5]),
        ("เรือ", &[6]),
        ("กรุงเทพ", &[6]),
    ];
    for (query, expected) in table {
        assert_eq!(found(&view, query), expected.iter().map(|n| hash(*n)).collect(), "{query}");
    }
}

#[test]
fn what_fits_better_comes_first_and_then_what_is_newer() {
    let long = format!("a crane {}", "and more words about nothing ".repeat(20));
    let (_dir, view) = said(&["crane", "the cranes", &long, "Crane!"]);
    assert_eq!(pages(&view, "crane", 10), [3, 0, 2, 1].map(hash));
    assert_eq!(pages(&view, "crane", 3), [3, 0, 2, 1].map(hash), "in pages, too");
    assert_eq!(pages(&view, "-nothing", 10), [3, 1, 0].map(hash), "by time, where nothing else tells");
}

#[test]
fn pages_go_on_beyond_a_stretch() {
    let texts: Vec<String> = (0..250).map(|n| format!("word {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (_dir, view) = said(&texts);
    // Hashes of this test repeat their first byte only.
    assert_eq!(found(&view, "word").len(), 250);
    let first = view.find(&Stop::default(), &wanted("word", 10, Cursor::START)).expect("finds");
    assert_eq!((first.documents.len(), first.count), (10, 200), "as far as was counted");
}

#[test]
fn days_and_people_are_looked_at_exactly() {
    let (_dir, view) = view();
    let day = 86_400_000;
    // More in one millisecond than ids have room for, just before midnight and just after.
    let entries: Vec<_> =
        (0..200).map(|n| opened(n, (n % 2) as u8, if n < 150 { day - 1 } else { day }, &message("x", None))).collect();
    apply(&view, &entries);
    index(&view);
    assert_eq!(found(&view, "x on:1970-01-01").len(), 150);
    assert_eq!(found(&view, "x after:1970-01-01").len(), 50);
    assert_eq!(found(&view, "x before:1970-01-02").len(), 150);
    assert_eq!(found(&view, "on:1970-01-02").len(), 50);
    let of = |people: BTreeSet<GroupId>| {
        let wanted = Wanted { people: Some(people), ..wanted("x", 100, Cursor::START) };
        view.find(&Stop::default(), &wanted).expect("finds").documents.len()
    };
    assert_eq!(of(BTreeSet::from([person(1)])), 100);
    assert_eq!(of(BTreeSet::from([person(0), person(7)])), 100);
    assert_eq!(of(BTreeSet::new()), 0);
    let elsewhere = Wanted { spaces: BTreeSet::from([OTHER]), some_spaces: true, ..wanted("x", 100, Cursor::START) };
    assert!(view.find(&Stop::default(), &elsewhere).expect("finds").documents.is_empty());
    // Not even if the index is not asked for it.
    let elsewhere = Wanted { some_spaces: false, ..elsewhere };
    assert!(view.find(&Stop::default(), &elsewhere).expect("finds").documents.is_empty());
}

#[test]
fn what_was_said_at_a_topic_is_found_there() {
    let (_dir, view) = view();
    let at = |text: &str, place| Op::Message { text: text.into(), nonce: None, file: None, reply: None, place };
    let topic = hash(7);
    let moved = Op::Set { object: hash(1), fields: vec![Field::Place { at: Some(topic) }] };
    apply(
        &view,
        &[opened(0, 0, 1, &at("x", Some(topic))), opened(1, 0, 2, &at("x", None)), opened(2, 0, 3, &at("x", None))],
    );
    index(&view);
    let found = |places: Option<Option<EntryHash>>, not: Option<Option<EntryHash>>| {
        let places = places.map(|place| BTreeSet::from([place]));
        let wanted = Wanted { places, not_places: not.into_iter().collect(), ..wanted("x", 100, Cursor::START) };
        let found = view.find(&Stop::default(), &wanted).expect("finds").documents;
        found.into_iter().map(|found| found.document.object).collect::<Vec<_>>()
    };
    assert_eq!(found(Some(Some(topic)), None), [hash(0)]);
    assert_eq!(found(Some(None), None), [hash(2), hash(1)]);
    apply(&view, &[opened(3, 1, 4, &moved)]);
    index(&view);
    assert_eq!(found(Some(Some(topic)), None), [hash(1), hash(0)]);
    assert_eq!(found(Some(None), None), [hash(2)]);
    assert_eq!(found(None, Some(Some(topic))), [hash(2)]);
    assert_eq!(found(None, Some(None)), [hash(1), hash(0)]);
}

#[test]
fn an_answer_says_when_it_does_not_know_all() {
    let (_dir, view) = view();
    apply(&view, &[opened(0, 0, 1, &message("old words", None))]);
    index(&view);
    apply(&view, &[opened(1, 0, 2, &text_of(hash(0), "new ones"))]);
    let before = view.find(&Stop::default(), &wanted("old", 10, Cursor::START)).expect("finds");
    assert!(!before.complete && before.documents.is_empty(), "it is not handed out as it was");
    index(&view);
    let after = view.find(&Stop::default(), &wanted("new", 10, Cursor::START)).expect("finds");
    assert!(after.complete && after.documents.len() == 1);
    assert!(found(&view, "old").is_empty());
}

/// All files of a folder, as one.
fn bytes_of(dir: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).expect("folder").map(|file| file.expect("file").path());
    files.flat_map(|file| std::fs::read(file).expect("reads")).collect()
}

#[test]
fn what_goes_leaves_no_byte_in_the_index() {
    let (dir, view) = view();
    let many = (1..300).map(|n| opened(n, 0, n as u64, &message("other words for company", None)));
    let entries: Vec<_> = std::iter::once(opened(0, 0, 1, &message("zebrastripe", None))).chain(many).collect();
    apply(&view, &entries);
    index(&view);
    let holds = |needle: &str| bytes_of(dir.path()).windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(holds("zebrastripe"), "it is written in plain where it is");
    // As whoever takes a message out of the view does.
    view.lock().execute("DELETE FROM message WHERE hash = ?1", [hash(0).as_bytes()]).expect("deletes");
    {
        let mut connection = view.lock();
        let transaction = connection.transaction().expect("begins");
        note_objects(&transaction, &SPACE, std::iter::once(&hash(0))).expect("notes");
        transaction.commit().expect("commits");
    }
    index(&view);
    assert!(view.clear_log().expect("clears"));
    // The index shortens words that begin like those before them, so a part of it is looked for, too.
    for part in ["zebrastripe", "zebrastr", "brastripe"] {
        assert!(!holds(part), "{part}");
    }
    assert_eq!(found(&view, "company").len(), 299);
}
