//! Updates that stand for others: whoever knows which of them in whatever order, everybody reads the same.

use std::collections::BTreeMap;

use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use compeer_journal::{Cursor, Opened};
use compeer_testkit::random::Random;
use loro::{ExportMode, IdSpan, LoroDoc};
use proptest::prelude::*;

use super::page_tests::{Author, PAGE, SPACE, Told, reader, told, view};
use super::{Change, View};
use crate::model::update::{Stretch, read_runs};
use crate::model::{Field, Imported, Importer, Op, Rename as _};
use crate::pages::write_markdown;

/// Updates of one author, in order.
type Log = Vec<Opened>;

fn stands_for(of: &[&Opened], bytes: Vec<u8>) -> Field {
    let (first, last) = (of.first().expect("some"), of.last().expect("some"));
    let stretch =
        Stretch { first: first.seq, last: last.seq, began: first.clock, ended: last.clock, updates: of.len() as u32 };
    Field::Squashed { stretch, bytes }
}

impl Author {
    fn field(&mut self, n: usize, clock: u64, field: Field) -> Opened {
        self.operation(n, clock, &Op::Set { object: PAGE, fields: vec![field] })
    }

    /// Ops of this author, from where these updates begin to where they end.
    fn said_by(&self, of: &[&Opened]) -> Vec<u8> {
        let runs: Vec<_> = of.iter().flat_map(|entry| read_runs(&bytes_of(entry)).expect("reads")).collect();
        let (first, end) = (runs.first().expect("some").first, runs.last().expect("some").end);
        let span = IdSpan::new(self.peer, first as i32, end as i32);
        self.doc.export(ExportMode::updates_in_range(vec![span])).expect("exports")
    }
}

fn fields_of(entry: &Opened) -> Vec<Field> {
    match Op::decode(&entry.plain).expect("an operation") {
        Op::Set { fields, .. } | Op::Make { fields, .. } => fields,
        other => panic!("{other:?}"),
    }
}

fn bytes_of(entry: &Opened) -> Vec<u8> {
    match fields_of(entry).remove(0) {
        Field::Update { bytes } | Field::Squashed { bytes, .. } => bytes,
        other => panic!("{other:?}"),
    }
}

fn stretch_of(entry: &Opened) -> Option<Stretch> {
    match fields_of(entry).remove(0) {
        Field::Squashed { stretch, .. } => Some(stretch),
        _ => None,
    }
}

/// The numbers that an entry is about: its own, or those that it stands for.
fn range_of(entry: &Opened) -> (u64, u64) {
    stretch_of(entry).map_or((entry.seq, entry.seq), |it| (it.first, it.last))
}

fn is_usable(entry: &Opened) -> bool {
    stretch_of(entry).is_none_or(|it| it.last < entry.seq && it.ended < entry.clock)
}

/// Whether somebody may have pruned it: a later one of the same author stands for it.
fn is_replaced(entry: &Opened, all: &[Opened]) -> bool {
    let (first, last) = range_of(entry);
    all.iter()
        .filter(|other| other.author == entry.author && other.seq > entry.seq && is_usable(other))
        .any(|other| stretch_of(other).is_some_and(|it| it.first <= first && last <= it.last))
}

/// What some people write who hear of each other now and then.
fn written(random: &mut Random) -> (Vec<Author>, BTreeMap<DeviceId, Log>) {
    let mut authors: Vec<Author> = (1..=random.within(2..5) as u8).map(Author::new).collect();
    let first = write_markdown(authors[0].peer, "# Plan\n\nfirst").expect("writes").remove(0);
    authors[0].doc.import(&first).expect("imports");
    authors[0].written = authors[0].doc.oplog_vv().get(&authors[0].peer).copied().expect("its own");
    let mut logs: BTreeMap<DeviceId, Log> = BTreeMap::new();
    let entry = authors[0].entry(1, 10, first);
    logs.entry(authors[0].device).or_default().push(entry);
    for n in 2..random.within(20..60) {
        let at = random.within(0..authors.len());
        if random.chance(0.5) {
            let other = random.within(0..authors.len());
            let news = authors[other].doc.export(ExportMode::updates(&authors[at].doc.oplog_vv())).expect("exports");
            authors[at].doc.import(&news).expect("imports");
        }
        let author = &mut authors[at];
        if let Some(bytes) = author.edit(random) {
            let entry = author.entry(n, n as u64 * 10, bytes);
            logs.entry(author.device).or_default().push(entry);
        }
    }
    (authors, logs)
}

/// A part of a log, of at least one entry.
fn part<'a>(random: &mut Random, log: &[&'a Opened]) -> Vec<&'a Opened> {
    let first = random.within(0..log.len());
    log[first..random.within(first + 1..log.len() + 1)].to_vec()
}

/// All of these, and of those that another stands for each with this chance, in any order.
fn some(random: &mut Random, all: &[Opened], chance: f64) -> Vec<Opened> {
    let mut known: Vec<Opened> =
        all.iter().filter(|entry| !is_replaced(entry, all) || random.chance(chance)).cloned().collect();
    random.shuffle(&mut known);
    known
}

/// What counts and what does not, of what is not replaced, and what is to be read.
type Decided = (Vec<(EntryHash, Option<String>, bool)>, Vec<Vec<u8>>);

fn decided(view: &View, entries: &[Opened], random: &mut Random) -> Decided {
    view.wipe(&SPACE, 0, &[]).expect("wipes");
    let mut rest = entries;
    while !rest.is_empty() {
        let (page, after) = rest.split_at(random.within(1..rest.len() + 1));
        view.apply(SPACE, page, Cursor::default(), &reader()).expect("applies");
        rest = after;
    }
    let updates = view.page_updates(&SPACE, &PAGE, i64::MIN).expect("reads");
    (view.page_verdicts(&SPACE, &PAGE).expect("reads"), updates.into_iter().map(|update| update.bytes).collect())
}

fn flat(logs: &BTreeMap<DeviceId, Log>) -> Vec<Opened> {
    logs.values().flatten().cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Also of what was said again once more, as part of more.
    #[test]
    fn what_is_said_again_reads_the_same(seed in any::<u64>()) {
        let mut random = Random::new(seed);
        let (mut authors, mut logs) = written(&mut random);
        let (_dir, view) = view();
        let before: Told = told(&view, &flat(&logs), &mut random);
        for n in 0..random.within(1..8) {
            let at = random.within(0..authors.len());
            let author = &mut authors[at];
            let Some(log) = logs.get_mut(&author.device) else { continue };
            let own: Vec<&Opened> = log.iter().filter(|entry| stretch_of(entry).is_none()).collect();
            let of = part(&mut random, &own);
            let (first, last) = (of[0].seq, of[of.len() - 1].seq);
            // Not across what was said again already.
            let crosses = |entry: &&Opened| stretch_of(entry).is_some_and(|it| {
                it.first <= last && first <= it.last && (it.first < first || last < it.last)
            });
            if log.iter().any(|entry| crosses(&entry)) {
                continue;
            }
            let (said, count) = (author.said_by(&of), 1000 + n);
            let field = stands_for(&of, said);
            let entry = author.field(count, count as u64 * 10, field);
            log.push(entry);
        }
        let all = flat(&logs);
        for chance in [1.0, 0.5, 0.0] {
            let known = some(&mut random, &all, chance);
            view.wipe(&SPACE, 0, &[]).expect("wipes");
            let (verdicts, text) = told(&view, &known, &mut random);
            prop_assert_eq!(&text, &before.1);
            prop_assert!(verdicts.iter().all(|(_, refused, beyond)| refused.is_none() && !beyond));
        }
    }

    /// Whatever an author says to stand for what: other ops, of others, more or less, across each other, behind itself.
    #[test]
    fn whatever_stands_for_whatever_everybody_agrees(seed in any::<u64>()) {
        let mut random = Random::new(seed);
        let (mut authors, mut logs) = written(&mut random);
        let everything = flat(&logs);
        for n in 0..random.within(1..12) {
            let bytes = bytes_of(random.pick(&everything));
            let at = random.within(0..authors.len());
            let author = &mut authors[at];
            let Some(log) = logs.get_mut(&author.device) else { continue };
            let of = part(&mut random, &log.iter().collect::<Vec<_>>());
            let bytes = match random.within(0..4) {
                0 => bytes,
                1 => bytes_of(of[0]),
                2 => {
                    // Something else under the same ids.
                    let doc = LoroDoc::new();
                    doc.set_peer_id(author.peer).expect("sets");
                    doc.get_map("doc").insert("other", n as i64).expect("inserts");
                    doc.get_text("text").insert(0, &"x".repeat(random.within(1..40))).expect("inserts");
                    doc.export(ExportMode::all_updates()).expect("exports")
                }
                _ => {
                    let own: Vec<&Opened> = log.iter().filter(|entry| stretch_of(entry).is_none()).collect();
                    author.said_by(&part(&mut random, &own))
                }
            };
            let mut field = stands_for(&of, bytes);
            if let Field::Squashed { stretch, .. } = &mut field {
                (stretch.first, stretch.last) = match random.within(0..4) {
                    0 => (of[0].seq, of[0].seq + random.within(0..80) as u64),
                    1 => (random.within(0..3) as u64, author.seq),
                    _ => (of[0].seq, of[of.len() - 1].seq),
                };
                stretch.updates = 1;
                if random.chance(0.1) {
                    stretch.ended = Hlc::from_bits(1 << 40);
                }
            }
            let count = 1000 + n;
            let entry = author.field(count, count as u64 * 10, field);
            log.push(entry);
        }
        let all = flat(&logs);
        let (_dir, view) = view();
        let first = decided(&view, &all, &mut random);
        for chance in [1.0, 0.7, 0.3, 0.0] {
            let known = some(&mut random, &all, chance);
            prop_assert_eq!(&decided(&view, &known, &mut random), &first);
        }
    }
}

/// A page of one author with an update for each letter.
fn letters(author: &mut Author, count: usize) -> Log {
    let mut log = vec![author.entry(1, 10, write_markdown(author.peer, "first").expect("writes").remove(0))];
    let first = bytes_of(&log[0]);
    author.doc.import(&first).expect("imports");
    for n in 0..count {
        let before = author.doc.oplog_vv();
        author.doc.get_map("doc").insert("n", n as i64).expect("inserts");
        author.doc.commit();
        let bytes = author.doc.export(ExportMode::updates(&before)).expect("exports");
        log.push(author.entry(2 + n, 20 + n as u64, bytes));
    }
    log
}

fn counted(view: &View, page: &EntryHash) -> Vec<EntryHash> {
    view.page_updates(&SPACE, page, i64::MIN).expect("reads").into_iter().map(|update| update.hash).collect()
}

#[test]
fn what_stands_for_what_cannot_have_been_before_it_is_named_and_nothing_else() {
    let mut ann = Author::new(1);
    let log = letters(&mut ann, 5);
    let said = ann.said_by(&log[1..].iter().collect::<Vec<_>>());
    let right = stands_for(&log[1..].iter().collect::<Vec<_>>(), said);
    let changed: [fn(&mut Stretch); 3] = [
        // Itself, and what is behind it.
        |stretch| stretch.last += 1,
        |stretch| stretch.last += 100,
        // Later than itself.
        |stretch| stretch.ended = Hlc::from_bits(1 << 40),
    ];
    for change in changed {
        let (_dir, view) = view();
        let Field::Squashed { mut stretch, bytes } = right.clone() else { panic!("it is one") };
        change(&mut stretch);
        ann.seq = log.len() as u64;
        let wrong = ann.field(50, 100, Field::Squashed { stretch, bytes });
        let changes = view.apply(SPACE, &[log.clone(), vec![wrong]].concat(), Cursor::default(), &reader());
        let named = |change: &Change| matches!(change, Change::Nonsense(device, _) if *device == ann.device);
        assert_eq!(changes.expect("applies").iter().filter(|change| named(change)).count(), 1);
        assert_eq!(counted(&view, &PAGE), log.iter().map(|entry| entry.hash).collect::<Vec<_>>());
    }
    // And what cannot be at all is no operation.
    for (first, last, updates) in [(2, 1, 1), (1, 2, 0), (1, 2, 3)] {
        let Field::Squashed { stretch, bytes } = right.clone() else { panic!("it is one") };
        let stretch = Stretch { first, last, updates, ..stretch };
        assert!(Op::Set { object: PAGE, fields: vec![Field::Squashed { stretch, bytes }] }.encode().is_err());
    }
    let (_dir, view) = view();
    ann.seq = log.len() as u64;
    let right = ann.field(50, 100, right);
    let changes = view.apply(SPACE, &[log.clone(), vec![right.clone()]].concat(), Cursor::default(), &reader());
    assert!(!changes.expect("applies").iter().any(|change| matches!(change, Change::Nonsense(..))));
    assert_eq!(counted(&view, &PAGE), [log[0].hash, right.hash]);
    let written = view.page_written(&SPACE, &PAGE).expect("reads");
    assert_eq!(written[1].updates, 5);
    assert_eq!((written[1].began, written[1].ended), (log[1].clock, log[5].clock));
    assert_eq!(view.page_written(&SPACE, &PAGE).expect("reads").len(), 2);
}

/// What was written elsewhere has numbers of another log: nothing stands for it, and it stands for nothing.
#[test]
fn what_is_imported_is_in_nobodys_place() {
    let mut author = Author::new(2);
    let importer = DeviceId::from_bytes([1; 32]);
    let by = Importer { space: SPACE, device: importer };
    let log = letters(&mut author, 5);
    let page = by.entry(PAGE);
    let imported = |entry: &Opened, seq: u64, op: &Op| {
        let person = entry.person.expect("a person");
        let (id, clock, device) = (entry.hash, entry.clock, entry.author);
        let op = Some(op.encode().expect("encodes"));
        let plain = Op::Imported { imported: Imported { id, clock, person, device, manages: false, op } };
        Opened {
            author: importer,
            person: Some(GroupId::from_bytes([1; 32])),
            seq,
            clock: Hlc::from_bits(1000 + seq),
            plain: plain.encode().expect("encodes"),
            ..entry.clone()
        }
    };
    let op = |entry: &Opened| Op::decode(&entry.plain).expect("decodes");
    // The importer has the first, and then one for the others, and itself says again what has the same numbers.
    let rest: Vec<&Opened> = log[1..].iter().collect();
    let said = author.said_by(&rest);
    let again = author.field(60, 500, stands_for(&rest, said));
    let entries = [imported(&log[0], 1, &op(&log[0])), imported(&again, 2, &op(&again))];
    let mut own = Author { device: importer, seq: 2, ..Author::new(1) };
    let own_page = |entry: Opened| {
        let Op::Set { fields, .. } = op(&entry) else { panic!("it is one") };
        Opened { plain: Op::Set { object: page, fields }.encode().expect("encodes"), ..entry }
    };
    own.doc.set_peer_id(own.peer).expect("sets");
    own.doc.get_map("doc").insert("own", 1).expect("inserts");
    let bytes = own.doc.export(ExportMode::all_updates()).expect("exports");
    let stretch = Stretch { first: 1, last: 2, began: Hlc::from_bits(1), ended: Hlc::from_bits(2), updates: 1 };
    let own = own_page(own.field(70, 2000, Field::Squashed { stretch, bytes }));
    let (_dir, view) = view();
    let all = [entries.to_vec(), vec![own]].concat();
    for order in [all.clone(), all.into_iter().rev().collect()] {
        view.wipe(&SPACE, 0, &[]).expect("wipes");
        for entry in order {
            view.apply(SPACE, &[entry], Cursor::default(), &reader()).expect("applies");
        }
        assert_eq!(counted(&view, &page).len(), 3);
    }
}
