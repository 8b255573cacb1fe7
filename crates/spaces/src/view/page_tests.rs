//! Whatever comes of a page in whatever order, everybody refuses the same updates and reads the same text.

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use compeer_journal::{Cursor, Opened};
use compeer_testkit::random::Random;
use loro::{ExportMode, IdSpan, LoroDoc, LoroList, LoroMap, LoroText};
use proptest::prelude::*;

use super::{Reader, View};
use crate::model::update::peer_of;
use crate::model::{Field, Imported, Importer, Kind, Op, Rename as _};
use crate::pages::{Text, read_in_process, write_markdown};

pub(super) const SPACE: GroupId = GroupId::from_bytes([9; 32]);
pub(super) const PAGE: EntryHash = hash(0);

const fn hash(n: u8) -> EntryHash {
    EntryHash::from_bytes([n; 32])
}

/// Somebody who writes: their document, and how much of it they have written down.
pub(super) struct Author {
    pub(super) device: DeviceId,
    pub(super) doc: LoroDoc,
    pub(super) peer: u64,
    pub(super) written: i32,
    pub(super) seq: u64,
}

impl Author {
    pub(super) fn new(number: u8) -> Self {
        let device = DeviceId::from_bytes([number; 32]);
        let (doc, peer) = (LoroDoc::new(), peer_of(&device, 7));
        doc.set_peer_id(peer).expect("sets");
        Self { device, doc, peer, written: 0, seq: 0 }
    }

    fn children(&self) -> LoroList {
        let children = self.doc.get_map("doc").get("children").expect("the root is there");
        children.into_container().expect("a container").into_list().expect("a list")
    }

    /// Changes something, if the page is here, and hands out what is new of it.
    pub(super) fn edit(&mut self, random: &mut Random) -> Option<Vec<u8>> {
        if self.doc.get_map("doc").get("children").is_some() {
            let list = self.children();
            match random.within(0..4) {
                0 => {
                    let node =
                        list.insert_container(random.within(0..list.len() + 1), LoroMap::new()).expect("inserts");
                    node.insert("nodeName", "paragraph").expect("inserts");
                    let inside = node.insert_container("children", LoroList::new()).expect("inserts");
                    inside.push_container(LoroText::new()).expect("inserts").insert(0, "new ").expect("inserts");
                }
                1 if list.len() > 1 => list.delete(random.within(0..list.len()), 1).expect("deletes"),
                _ => self.write_words(random),
            }
            self.doc.commit();
        }
        let end = self.doc.oplog_vv().get(&self.peer).copied().unwrap_or(0);
        (end > self.written).then(|| {
            let span = IdSpan::new(self.peer, self.written, end);
            self.written = end;
            self.doc.export(ExportMode::updates_in_range(vec![span])).expect("exports")
        })
    }

    fn write_words(&self, random: &mut Random) {
        let list = self.children();
        let Some(node) = list.get(random.within(0..list.len().max(1))) else { return };
        let node = node.into_container().expect("a container").into_map().expect("a map");
        let inside =
            node.get("children").expect("children").into_container().expect("a list").into_list().expect("a list");
        let Some(text) = inside.get(0) else { return };
        let text = text.into_container().expect("a text").into_text().expect("a text");
        let at = random.within(0..text.len_unicode() + 1);
        if random.chance(0.3) && at < text.len_unicode() {
            text.delete(at, 1).expect("deletes");
        } else {
            text.insert(at, ["a", "be", "sea ", "\u{1F30A}"][random.within(0..4)]).expect("inserts");
        }
    }

    pub(super) fn entry(&mut self, n: usize, clock: u64, bytes: Vec<u8>) -> Opened {
        self.operation(n, clock, &Op::Set { object: PAGE, fields: vec![Field::Update { bytes }] })
    }

    pub(super) fn operation(&mut self, n: usize, clock: u64, op: &Op) -> Opened {
        self.seq += 1;
        let mut number = [3; 32];
        number[..8].copy_from_slice(&(n as u64).to_be_bytes());
        Opened {
            position: n as u64,
            hash: EntryHash::from_bytes(number),
            author: self.device,
            person: Some(GroupId::from_bytes(*self.device.as_bytes())),
            level: Level::Write,
            seq: self.seq,
            clock: Hlc::from_bits(clock),
            plain: op.encode().expect("encodes"),
        }
    }
}

pub(super) fn reader() -> Reader {
    Reader { person: GroupId::from_bytes([1; 32]), name: "Ann".into(), since: Hlc::default() }
}

/// What some people write who hear of each other now and then. Some of it is what nobody may write: something said again, with a
/// part left out, or as somebody else.
fn written(random: &mut Random) -> Vec<Opened> {
    let mut authors: Vec<Author> = (1..=random.within(3..6) as u8).map(Author::new).collect();
    let first = write_markdown(authors[0].peer, "# Plan\n\nfirst").expect("writes").remove(0);
    authors[0].doc.import(&first).expect("imports");
    authors[0].written = authors[0].doc.oplog_vv().get(&authors[0].peer).copied().expect("its own");
    let mut entries = vec![authors[0].entry(1, 1, first.clone())];
    let mut said = vec![first];
    for n in 2..random.within(20..60) {
        let at = random.within(0..authors.len());
        if random.chance(0.4) {
            let other = random.within(0..authors.len());
            let known = authors[at].doc.oplog_vv();
            let news = authors[other].doc.export(ExportMode::updates(&known)).expect("exports");
            authors[at].doc.import(&news).expect("imports");
        }
        let clock = n as u64 * 10 + random.within(0..30) as u64;
        let author = &mut authors[at];
        let bytes = if random.chance(0.1) {
            Some(random.pick(&said).clone())
        } else if random.chance(0.05) {
            // What is new is never written, so that what comes after has a gap before it.
            author.edit(random);
            None
        } else {
            author.edit(random)
        };
        if let Some(bytes) = bytes {
            said.push(bytes.clone());
            entries.push(author.entry(n, clock, bytes));
        }
    }
    entries
}

pub(super) type Told = (Vec<(EntryHash, Option<String>, bool)>, Text);

/// What a view says that was told of these entries in parts.
pub(super) fn told(view: &View, entries: &[Opened], random: &mut Random) -> Told {
    let mut rest = entries;
    while !rest.is_empty() {
        let (page, after) = rest.split_at(random.within(1..rest.len() + 1));
        view.apply(SPACE, page, Cursor::default(), &reader()).expect("applies");
        rest = after;
    }
    let updates = view.page_updates(&SPACE, &PAGE, i64::MIN).expect("reads");
    let text = read_in_process(updates.into_iter().map(|update| (update.hash, update.bytes)));
    (view.page_verdicts(&SPACE, &PAGE).expect("reads"), text)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_the_same_is_refused_and_read(seed in any::<u64>()) {
        let mut random = Random::new(seed);
        let mut entries = written(&mut random);
        let dir = tempfile::tempdir().expect("folder");
        let view = View::open(dir.path()).expect("view");
        let first = told(&view, &entries, &mut random);
        prop_assert!(first.1.markdown.contains("# ") || first.1.words.len() < 4000);
        for _ in 0..4 {
            random.shuffle(&mut entries);
            view.wipe(&SPACE, 0, &[]).expect("wipes");
            prop_assert_eq!(&told(&view, &entries, &mut random), &first);
        }
        // What came again is no news.
        prop_assert_eq!(&told(&view, &entries, &mut random), &first);
    }
}

pub(super) fn view() -> (tempfile::TempDir, View) {
    let dir = tempfile::tempdir().expect("folder");
    let view = View::open(dir.path()).expect("view");
    (dir, view)
}

#[test]
fn what_is_refused_is_said_with_its_author_and_its_reason() {
    let (_dir, view) = view();
    let (mut ann, mut bo) = (Author::new(1), Author::new(2));
    let first = write_markdown(ann.peer, "first").expect("writes").remove(0);
    let apply = |entry: Opened| view.apply(SPACE, &[entry], Cursor::default(), &reader()).expect("applies");
    let nonsense = |changes: Vec<super::Change>| {
        changes.into_iter().find_map(|change| match change {
            super::Change::Nonsense(device, why) => Some((device, why)),
            _ => None,
        })
    };
    assert_eq!(nonsense(apply(ann.entry(1, 1, first.clone()))), None);
    let again = nonsense(apply(ann.entry(2, 2, first.clone()))).expect("refused");
    assert!(again.0 == ann.device && again.1.contains("numbers"), "{again:?}");
    let other = nonsense(apply(bo.entry(3, 3, first))).expect("refused");
    assert!(other.0 == bo.device && other.1.contains("somebody else"), "{other:?}");
    let count = view.page_updates(&SPACE, &PAGE, i64::MIN).expect("reads").len();
    assert_eq!(count, 1);
}

#[test]
fn what_comes_before_what_was_taken_for_the_first_begins_the_page_anew() {
    let (_dir, view) = view();
    let mut ann = Author::new(1);
    let first = write_markdown(ann.peer, "first").expect("writes").remove(0);
    let other = write_markdown(ann.peer, "something else").expect("writes").remove(0);
    let (early, late) = (ann.entry(1, 1, first), ann.entry(2, 2, other));
    view.apply(SPACE, std::slice::from_ref(&late), Cursor::default(), &reader()).expect("applies");
    let before = view.page_updates(&SPACE, &PAGE, i64::MIN).expect("reads");
    assert_eq!(before.iter().map(|update| update.hash).collect::<Vec<_>>(), [late.hash]);
    view.apply(SPACE, std::slice::from_ref(&early), Cursor::default(), &reader()).expect("applies");
    assert!(view.page_floors(&SPACE, &PAGE).expect("reads").floor > before[0].number, "whoever has read it reads anew");
    let after = view.page_updates(&SPACE, &PAGE, i64::MIN).expect("reads");
    assert_eq!(after.iter().map(|update| update.hash).collect::<Vec<_>>(), [early.hash]);
}

#[test]
fn a_page_holds_what_was_written_first() {
    let (_dir, view) = view();
    let mut authors = [Author::new(1), Author::new(2)];
    let text = "a".repeat(crate::model::update::UPDATE_BYTES - 4096);
    // More than fits, from the last to the first.
    let count = super::pages::PAGE_OPS as usize / text.len() + 3;
    let mut entries: Vec<Opened> = (1..=count)
        .map(|n| {
            let author = &mut authors[n % 2];
            let doc = LoroDoc::new();
            doc.set_peer_id(peer_of(&author.device, n as u32)).expect("sets");
            doc.get_text("text").insert(0, &text).expect("inserts");
            author.entry(n, n as u64, doc.export(ExportMode::all_updates()).expect("exports"))
        })
        .collect();
    let held = |view: &View| -> Vec<EntryHash> {
        let held = view.page_updates(&SPACE, &PAGE, i64::MIN).expect("reads");
        held.into_iter().map(|update| update.hash).collect()
    };
    view.apply(SPACE, &entries, Cursor::default(), &reader()).expect("applies");
    let first = held(&view);
    assert!(
        first.len() < count && first == entries.iter().map(|entry| entry.hash).take(first.len()).collect::<Vec<_>>()
    );
    entries.reverse();
    view.wipe(&SPACE, 0, &[]).expect("wipes");
    for entry in entries {
        view.apply(SPACE, &[entry], Cursor::default(), &reader()).expect("applies");
    }
    assert_eq!(held(&view), first);
}

#[test]
fn a_page_has_a_place() {
    let (_dir, view) = view();
    let mut ann = Author::new(1);
    let mut entry = ann.entry(1, 1, write_markdown(ann.peer, "").expect("writes").remove(0));
    let fields = vec![
        Field::Title { text: "Plan".into() },
        Field::Order { key: "a1".into() },
        Field::PageParent { page: Some(hash(4)) },
    ];
    entry.plain = Op::Make { kind: Kind::Page, fields }.encode().expect("encodes");
    view.apply(SPACE, std::slice::from_ref(&entry), Cursor::default(), &reader()).expect("applies");
    let page = view.page(&SPACE, &entry.hash).expect("reads").expect("is there");
    assert_eq!((page.title.as_deref(), page.order.as_str(), page.parent), (Some("Plan"), "a1", Some(hash(4))));
}

fn bytes_of(field: &Field) -> Vec<u8> {
    match field {
        Field::Update { bytes } => bytes.clone(),
        other => panic!("{other:?}"),
    }
}

/// Who imports says what others wrote. Where one of them writes there by the same number, only their own word counts, whatever
/// came first.
#[test]
fn what_is_imported_of_somebody_counts_until_they_write_by_that_number() {
    let mut author = Author::new(2);
    let importer = DeviceId::from_bytes([1; 32]);
    let by = Importer { space: SPACE, device: importer };
    let (then, page) = (hash(50), by.entry(hash(50)));
    let update = |words: &str| Field::Update { bytes: write_markdown(author.peer, words).expect("writes").remove(0) };
    let (said, own) = (update("said"), update("written"));
    let op = Op::Make { kind: Kind::Page, fields: vec![said] }.encode().expect("encodes");
    let person = GroupId::from_bytes([2; 32]);
    let imported =
        Imported { id: then, clock: Hlc::from_bits(1), person, device: author.device, manages: false, op: Some(op) };
    let mut made = author.entry(1, 10, bytes_of(&own));
    made.author = importer;
    made.person = Some(GroupId::from_bytes([1; 32]));
    made.plain = Op::Imported { imported }.encode().expect("encodes");
    author.seq = 0;
    let mut genuine = author.entry(2, 20, bytes_of(&own));
    genuine.plain = Op::Set { object: page, fields: vec![own] }.encode().expect("encodes");
    let counts = |entries: &[&Opened]| {
        let (_dir, view) = view();
        for entry in entries {
            view.apply(SPACE, std::slice::from_ref(*entry), Cursor::default(), &reader()).expect("applies");
        }
        let updates = view.page_updates(&SPACE, &page, i64::MIN).expect("reads");
        updates.into_iter().map(|update| update.hash).collect::<Vec<_>>()
    };
    assert_eq!(counts(&[&made]), [page]);
    assert_eq!(counts(&[&made, &genuine]), [genuine.hash]);
    assert_eq!(counts(&[&genuine, &made]), [genuine.hash]);
}
