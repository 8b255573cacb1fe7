//! The worker: reads updates into documents for the node, and trusts none of them.

use std::collections::HashMap;
use std::io;

use compeer_core::EntryHash;
use loro::{ExportMode, Frontiers, ID, IdSpan, LoroDoc, VersionVector};

use super::check::{Check, Fault};
use super::confine::{Confine, confine};
use super::wire::{Answer, Ask, Bad, Bytes, GREETING, read, write};
use super::{document, markdown};
use crate::model::update::{Run, read_runs};

/// Is the worker of a node until that closes the pipe. Whatever goes wrong ends the process, and the node sees that.
pub fn run_worker(limits: Confine) -> io::Result<()> {
    run_worker_with(limits, |_| {})
}

/// The same, with something to do before each update, for tests of what happens when an update breaks a worker.
pub fn run_worker_with(limits: Confine, mut before: impl FnMut(&[u8])) -> io::Result<()> {
    let (mut ears, mut mouth) = (io::stdin().lock(), io::stdout().lock());
    confine(limits)?;
    io::Write::write_all(&mut mouth, GREETING)?;
    io::Write::flush(&mut mouth)?;
    let mut documents: HashMap<u32, Document> = HashMap::new();
    while let Some(ask) = read::<Ask>(&mut ears)? {
        let answer = match ask {
            Ask::Begin { document, snapshot } => match Document::begin(snapshot.as_ref()) {
                Some(begun) => {
                    documents.insert(document, begun);
                    Answer::Done
                }
                None => Answer::Failed,
            },
            Ask::Take { document, updates } => match documents.get_mut(&document) {
                Some(found) => found.take(updates, &mut before),
                None => Answer::Failed,
            },
            Ask::Snapshot { document } => match documents.get(&document).and_then(Document::snapshot) {
                Some(bytes) => Answer::Snapshot { bytes: Bytes(bytes) },
                None => Answer::Failed,
            },
            Ask::Read { document } => match documents.get(&document) {
                Some(found) => Answer::Text { text: found.read() },
                None => Answer::Failed,
            },
            Ask::Forget { document } => {
                documents.remove(&document);
                Answer::Done
            }
            Ask::Export { document, runs } => match documents.get(&document).and_then(|found| found.export(&runs)) {
                Some(bytes) => Answer::Update { bytes: Bytes(bytes) },
                None => Answer::Failed,
            },
            Ask::ReadThen { document, runs } => match documents.get(&document).and_then(|found| found.then(&runs)) {
                Some(then) => Answer::Text { text: then.read() },
                None => Answer::Failed,
            },
            Ask::Compare { document, other, runs } => match (documents.get(&document), documents.get(&other)) {
                (Some(one), Some(other)) => Answer::Compared { same: one.is_continued_by(other, &runs) },
                _ => Answer::Failed,
            },
        };
        write(&mut mouth, &answer)?;
    }
    Ok(())
}

/// A page's document.
#[derive(Default)]
struct Document {
    doc: LoroDoc,
    check: Check,
    /// What goes on from what is not here.
    waiting: Vec<(EntryHash, Vec<Run>)>,
}

impl Document {
    fn begin(snapshot: Option<&Bytes>) -> Option<Self> {
        let begun = Self::default();
        if let Some(Bytes(bytes)) = snapshot {
            begun.doc.import(bytes).ok()?;
        }
        Some(begun)
    }

    fn take(&mut self, updates: Vec<(EntryHash, Bytes)>, before: &mut impl FnMut(&[u8])) -> Answer {
        let mut bad = Vec::new();
        for (update, Bytes(bytes)) in updates {
            before(&bytes);
            match self.take_one(&bytes) {
                Ok(runs) => self.waiting.push((update, runs)),
                Err(Fault { why, adrift }) => bad.push(Bad { update, why: why.into(), adrift }),
            }
        }
        // What has become part of the document is looked at, whenever it has come.
        for (update, runs) in std::mem::take(&mut self.waiting) {
            let there = self.doc.oplog_vv();
            if runs.iter().any(|run| there.get(&run.peer).is_none_or(|end| *end < run.end as i32)) {
                self.waiting.push((update, runs));
            } else if let Err(Fault { why, adrift }) =
                runs.into_iter().try_for_each(|run| self.check.run(&self.doc, run))
            {
                bad.push(Bad { update, why: why.into(), adrift });
            }
        }
        Answer::Taken { bad, waiting: self.waiting.iter().map(|(update, _)| *update).collect() }
    }

    fn take_one(&self, bytes: &[u8]) -> Result<Vec<Run>, Fault> {
        const NONE: &str = "writes something on a page that is no update";
        let runs = read_runs(bytes).map_err(|_| NONE)?;
        // Loro has to read out of it what everybody has read out of it.
        let meta = LoroDoc::decode_import_blob_meta(bytes, true).map_err(|_| NONE)?;
        let says = |run: &Run| {
            meta.partial_start_vv.get(&run.peer) == Some(&(run.first as i32))
                && meta.partial_end_vv.get(&run.peer) == Some(&(run.end as i32))
        };
        if meta.partial_end_vv.len() != runs.len() || !runs.iter().all(says) {
            return Err(NONE.into());
        }
        self.doc.import(bytes).map_err(|_| Fault { why: NONE, adrift: true })?;
        Ok(runs)
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.doc.export(ExportMode::Snapshot).ok()
    }

    /// These ops as one update.
    fn export(&self, runs: &[Run]) -> Option<Vec<u8>> {
        let spans = runs.iter().map(|run| IdSpan::new(run.peer, run.first as i32, run.end as i32)).collect::<Vec<_>>();
        self.doc.export(ExportMode::updates_in_range(spans)).ok()
    }

    /// What it was to whoever had just written the last ops of these.
    fn then(&self, runs: &[Run]) -> Option<Self> {
        let mut known = VersionVector::new();
        for run in runs {
            let last = ID::new(run.peer, i32::try_from(run.end).ok()?.checked_sub(1)?);
            known.merge(&self.doc.frontiers_to_vv(&Frontiers::from_id(last))?);
        }
        let doc = self.doc.fork_at(&self.doc.vv_to_frontiers(&known)).ok()?;
        Some(Self { doc, ..Self::default() })
    }

    /// Whether those of `runs` that are in this document are the same in the other one; of none, whether that has all ops of this.
    fn is_continued_by(&self, other: &Self, runs: &[Run]) -> bool {
        let (here, there) = (self.doc.oplog_vv(), other.doc.oplog_vv());
        if runs.is_empty() {
            return there.includes_vv(&here);
        }
        runs.iter().all(|run| {
            let has = |vv: &VersionVector| vv.get(&run.peer).copied().unwrap_or_default();
            let end = has(&here).min(has(&there)).min(run.end as i32);
            is_same(&self.doc, &other.doc, IdSpan::new(run.peer, run.first as i32, end))
        })
    }

    fn read(&self) -> super::Text {
        let page = document::read(&self.doc);
        super::Text { json: page.json().to_string(), markdown: markdown::write(&page), words: page.words() }
    }
}

/// Whether ops are the same in two documents. How many of them are said as one depends on how they came, so what looks different is
/// looked at in halves.
fn is_same(one: &LoroDoc, other: &LoroDoc, span: IdSpan) -> bool {
    let ops = |doc: &LoroDoc| {
        let changes = doc.export_json_in_id_span(span).into_iter();
        let changes = changes.map(|change| (change.id, change.lamport, change.deps, change.ops));
        format!("{:?}", changes.collect::<Vec<_>>())
    };
    let (first, end) = (span.counter.start, span.counter.end);
    if first >= end || ops(one) == ops(other) {
        return true;
    }
    let middle = first + (end - first) / 2;
    let part = |first, end| is_same(one, other, IdSpan::new(span.peer, first, end));
    end - first > 1 && part(first, middle) && part(middle, end)
}

/// What updates say together, read in this process: for tests of documents alone.
#[cfg(test)]
pub(crate) fn read_in_process(updates: impl Iterator<Item = (EntryHash, Vec<u8>)>) -> super::Text {
    let mut document = Document::default();
    let updates = updates.map(|(hash, bytes)| (hash, Bytes(bytes))).collect();
    match document.take(updates, &mut |_| {}) {
        Answer::Taken { bad, .. } => assert_eq!(bad, []),
        answer => panic!("{answer:?}"),
    }
    document.read()
}

#[cfg(test)]
mod tests {
    use super::super::write_markdown;
    use super::*;
    use loro::{LoroList, LoroMap};

    const PEER: u64 = 77;

    fn update(name: u8, write: impl FnOnce(&LoroDoc)) -> (EntryHash, Bytes) {
        let doc = LoroDoc::new();
        doc.set_peer_id(PEER).expect("sets");
        write(&doc);
        doc.commit();
        (EntryHash::from_bytes([name; 32]), Bytes(doc.export(ExportMode::all_updates()).expect("exports")))
    }

    /// Why an update cannot be part of a page.
    fn refusal(update: (EntryHash, Bytes)) -> Option<String> {
        match Document::default().take(vec![update], &mut |_| {}) {
            Answer::Taken { mut bad, .. } => bad.pop().map(|bad| bad.why),
            answer => panic!("{answer:?}"),
        }
    }

    fn nested(levels: usize) -> impl FnOnce(&LoroDoc) {
        move |doc: &LoroDoc| {
            let mut node = doc.get_map("doc");
            for _ in 0..levels {
                let list = node.insert_container("children", LoroList::new()).expect("inserts");
                node = list.push_container(LoroMap::new()).expect("inserts");
                node.insert("nodeName", "blockquote").expect("inserts");
            }
        }
    }

    #[test]
    fn what_pages_do_not_hold_is_refused() {
        assert_eq!(refusal(update(1, nested(super::super::DEPTH))), None);
        let deep = refusal(update(1, nested(super::super::DEPTH + 2))).expect("refused");
        assert!(deep.contains("into each other"), "{deep}");
        let very = refusal(update(1, nested(200))).expect("refused");
        assert!(very.contains("into each other"), "{very}");
        let write: [fn(&LoroDoc); 5] = [
            |doc| doc.get_text("text").insert(0, "beside").expect("inserts"),
            |doc| doc.get_tree("doc").create(None).map(drop).expect("creates"),
            |doc| drop(doc.get_map("doc").insert_container("children", loro::LoroMovableList::new()).expect("inserts")),
            |doc| doc.get_map("doc").insert(&"k".repeat(100), 1).expect("inserts"),
            |doc| doc.get_map("doc").insert("nodeName", vec![0_u8; 100]).expect("inserts"),
        ];
        for (at, write) in write.into_iter().enumerate() {
            assert!(refusal(update(1, write)).is_some(), "{at}");
        }
    }

    #[test]
    fn bytes_that_are_broken_are_refused_and_nothing_else_is() {
        let whole = write_markdown(PEER, "# Plan\n\n- one\n- [x] two **three**").expect("writes").remove(0);
        let named = |bytes: &[u8]| (EntryHash::from_bytes([1; 32]), Bytes(bytes.to_vec()));
        assert_eq!(refusal(named(&whole)), None);
        // The checksum finds what chance changes.
        for at in (0..whole.len()).step_by(7) {
            let mut broken = whole.clone();
            broken[at] ^= 0x20;
            if !(4..16).contains(&at) {
                assert!(refusal(named(&broken)).is_some(), "{at}");
            }
        }
        assert!(refusal(named(&whole[..whole.len() - 3])).is_some());
        assert!(refusal(named(b"")).is_some());
    }

    #[test]
    fn what_goes_on_from_what_is_not_here_waits_for_it() {
        let doc = LoroDoc::new();
        doc.set_peer_id(PEER).expect("sets");
        doc.get_map("doc").insert("nodeName", "doc").expect("inserts");
        doc.commit();
        let first = doc.export(ExportMode::all_updates()).expect("exports");
        let known = doc.oplog_vv();
        doc.get_map("doc").insert_container("children", LoroList::new()).expect("inserts");
        doc.commit();
        let second = doc.export(ExportMode::updates(&known)).expect("exports");
        let mut there = Document::default();
        let hash = |n| EntryHash::from_bytes([n; 32]);
        let mut take = |n, bytes| there.take(vec![(hash(n), Bytes(bytes))], &mut |_| {});
        assert_eq!(take(2, second), Answer::Taken { bad: vec![], waiting: vec![hash(2)] });
        assert_eq!(take(1, first), Answer::Taken { bad: vec![], waiting: vec![] });
    }

    /// What a letter-by-letter history says in one update is the same, and what says anything else is not.
    #[test]
    fn the_same_ops_said_in_other_parts_are_the_same() {
        let (typed, mut parts) = (LoroDoc::new(), Document::default());
        typed.set_peer_id(PEER).expect("sets");
        typed.config_default_text_style(Some(loro::StyleConfig { expand: loro::ExpandType::After }));
        let root = typed.get_map("doc");
        let list = root.insert_container("children", LoroList::new()).expect("inserts");
        let node = list.push_container(LoroMap::new()).expect("inserts");
        let text = node.insert_container("text", loro::LoroText::new()).expect("inserts");
        let acts: [&dyn Fn(); 9] = [
            &|| text.insert(0, "a\u{1F30A}").expect("inserts"),
            &|| text.insert(2, "bc").expect("inserts"),
            &|| text.insert(4, "def").expect("inserts"),
            &|| text.delete(5, 1).expect("deletes"),
            &|| text.delete(4, 1).expect("deletes"),
            &|| text.delete(3, 1).expect("deletes"),
            &|| text.delete(0, 2).expect("deletes"),
            &|| text.mark(0..2, "strong", true).expect("marks"),
            &|| list.push(1).expect("inserts"),
        ];
        for (n, act) in acts.into_iter().enumerate() {
            let known = parts.doc.oplog_vv();
            act();
            typed.commit();
            let update = typed.export(ExportMode::updates(&known)).expect("exports");
            let taken = parts.take(vec![(EntryHash::from_bytes([n as u8; 32]), Bytes(update))], &mut |_| {});
            assert_eq!(taken, Answer::Taken { bad: vec![], waiting: vec![] });
        }
        let end = parts.doc.oplog_vv()[&PEER] as u32;
        let run = |first, end| Run { peer: PEER, first, end };
        let bytes = parts.export(&[run(0, end)]).expect("exports");
        assert_eq!(read_runs(&bytes), Ok(vec![run(0, end)]));
        let taken = |bytes: &[u8]| {
            let mut document = Document::default();
            let _ = document.take(vec![(EntryHash::from_bytes([1; 32]), Bytes(bytes.to_vec()))], &mut |_| {});
            document
        };
        let whole = taken(&bytes);
        assert!(parts.is_continued_by(&whole, &[run(0, end)]) && whole.is_continued_by(&parts, &[run(0, end)]));
        // Less of it lacks something; where only less was, more is no difference.
        let less = taken(&parts.export(&[run(0, end - 1)]).expect("exports"));
        assert!(!whole.is_continued_by(&less, &[]) && less.is_continued_by(&whole, &[run(0, end)]));
        // Each letter, deletion and mark matters.
        let other = |change: &dyn Fn(&loro::LoroText)| {
            let doc = LoroDoc::new();
            doc.set_peer_id(PEER).expect("sets");
            let list = doc.get_map("doc").insert_container("children", LoroList::new()).expect("inserts");
            let node = list.push_container(LoroMap::new()).expect("inserts");
            change(&node.insert_container("text", loro::LoroText::new()).expect("inserts"));
            doc.get_map("doc").insert("rest", 1).expect("inserts");
            doc.commit();
            taken(&doc.export(ExportMode::all_updates()).expect("exports"))
        };
        let one = other(&|text| text.insert(0, "abcdef").expect("inserts"));
        let runs = [run(0, one.doc.oplog_vv()[&PEER] as u32)];
        assert!(one.is_continued_by(&other(&|text| text.insert(0, "abcdef").expect("inserts")), &runs));
        let differs: [&dyn Fn(&loro::LoroText); 3] = [
            &|text| text.insert(0, "abcdeg").expect("inserts"),
            &|text| {
                text.insert(0, "abcde").expect("inserts");
                text.insert(0, "f").expect("inserts");
            },
            &|text| {
                text.insert(0, "abcde").expect("inserts");
                text.delete(4, 1).expect("deletes");
            },
        ];
        for (n, change) in differs.into_iter().enumerate() {
            assert!(!one.is_continued_by(&other(change), &runs), "{n}");
        }
    }
}
