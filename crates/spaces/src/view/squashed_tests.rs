//! Updates that stand for others: whoever knows which of them in whatever order, everybody reads the same.

use std::collections::BTreeMap;

use compeer_core::{DeviceId, EntryHash, Hlc};
use compeer_journal::{Cursor, Opened};
use compeer_testkit::random::Random;
use loro::{ExportMode, IdSpan, LoroDoc};
use proptest::prelude::*;

use super::View;
use super::page_tests::{Author, PAGE, SPACE, Told, reader, told, view};
use crate::model::update::{Stretch, read_runs};
use crate::model::{Field, Op};
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
