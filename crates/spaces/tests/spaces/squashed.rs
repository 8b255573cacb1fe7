//! What was typed on a page is said again in few entries, and nobody is shown anything else.

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId, cbor};
use compeer_spaces::model::Op;
use compeer_spaces::model::update::{Stretch, peer_of};
use compeer_spaces::{ActError, Field, ImportWish, PageRun, SpacesEvent};
use compeer_testkit::wait::eventually;
use loro::{ExportMode, IdSpan, LoroDoc, UndoManager, cursor::Side};

use crate::export::assert_same;
use crate::pages::{Open, text, until_says};
use crate::peer::{LIMIT, Peer, Stopped};
use crate::pruning::{DAY, entries};

/// The stretches of writing, but for what they are called: whose, from when to when, and how much.
async fn stretches(peer: &Peer, space: GroupId, page: EntryHash) -> Vec<PageRun> {
    let mut history = peer.spaces.page_history(space, page).await.expect("history");
    history.iter_mut().for_each(|run| run.id = page);
    history
}

/// What the page said at the end of each.
async fn versions(peer: &Peer, space: GroupId, page: EntryHash) -> Vec<String> {
    let mut said = Vec::new();
    for run in peer.spaces.page_history(space, page).await.expect("history") {
        said.push(peer.spaces.page_version(space, page, run.id).await.expect("reads").1);
    }
    said
}

fn without_view(peer: &Stopped) {
    for name in ["spaces.sqlite", "spaces.sqlite-wal", "spaces.sqlite-shm"] {
        let _ = std::fs::remove_file(peer.path(name));
    }
}

async fn two_on_a_page() -> (Peer, Peer, GroupId, EntryHash) {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let page = ann.spaces.create_page(space, "Plan".into(), None, "# Plan\n\nOnce".into()).await.expect("page").id;
    until_says(&bo, space, page, "Once").await;
    (ann, bo, space, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_becomes_few_entries_and_the_page_stays_what_it_is() {
    let (ann, bo, space, page) = two_on_a_page().await;
    let (mut at_ann, mut at_bo) = (Open::at(&ann, space, page).await, Open::at(&bo, space, page).await);
    for round in 0..5 {
        at_ann.types(&format!(" upon {round} a time")).await;
        at_bo.hears(&format!("{round} a time")).await;
        at_bo.types(&format!(" there {round} was")).await;
        at_ann.hears(&format!("{round} was")).await;
    }
    drop((at_ann, at_bo));
    let (said, then, when) =
        (text(&ann, space, page).await, versions(&ann, space, page).await, stretches(&ann, space, page).await);
    let before = entries(&ann, space, &ann).0;
    assert!(before > 75, "{before}");

    // A day has not passed.
    let (ann, bo) = (ann.stop().await, bo.stop().await);
    let (ann, bo) = (ann.start_later(DAY / 2).await, bo.start_later(DAY / 2).await);
    ann.say(space, "in the evening").await;
    bo.hears(space, &["in the evening"]).await;
    assert_eq!(entries(&bo, space, &ann).0, before + 1);

    // It has, for Bo, who has the page open and types, while what Ann typed is said again.
    let (ann, bo) = (ann.stop().await, bo.stop().await);
    let bo = bo.start_later(2 * DAY).await;
    let mut at_bo = Open::at(&bo, space, page).await;
    let mut undo = UndoManager::new(&at_bo.doc);
    let place = at_bo.last_text().get_cursor(9, Side::Left).expect("a place");
    let known = at_bo.doc.oplog_vv();
    at_bo.types("!").await;
    let ann = ann.start_later(2 * DAY).await;
    for peer in [&ann, &bo] {
        for of in [&ann, &bo] {
            // Of each about 40 of 45 were typed in one stretch.
            eventually(LIMIT, "it went", async || entries(peer, space, of).0 < 25).await;
        }
    }
    ann.say(space, "afterwards").await;
    bo.hears(space, &["afterwards"]).await;
    assert_eq!(entries(&ann, space, &ann), entries(&bo, space, &ann), "the same everywhere");
    let mut at_ann = Open::at(&ann, space, page).await;
    at_ann.hears("was!").await;
    // The open page was not closed, takes in what is said again as what it has, and goes on.
    at_ann.types("?").await;
    at_bo.hears("was!?").await;
    let at = at_bo.doc.get_cursor_pos(&place).expect("is there").current.pos;
    assert_eq!(at, 9, "what was pointed at is where it was");
    let before = at_bo.doc.oplog_vv();
    assert!(undo.undo().expect("undoes"), "there is something to take back");
    at_bo.keep(&before).await;
    until_says(&ann, space, page, "was?").await;
    assert_eq!(text(&ann, space, page).await, said.trim_end().to_owned() + "?\n");
    assert!(at_ann.doc.oplog_vv().includes_vv(&known), "the same ops under the same ids");
    drop((at_ann, at_bo));

    // Who comes later reads the same, and so does who reads anew.
    let cy = Peer::start_at("Cy", 2 * DAY).await;
    ann.bring(space, &cy, Level::Write).await;
    until_says(&cy, space, page, "was?").await;
    let bo = bo.stop().await;
    without_view(&bo);
    let bo = bo.start_later(2 * DAY).await;
    for peer in [&ann, &bo, &cy] {
        assert_eq!(text(peer, space, page).await, text(&ann, space, page).await);
        // The last two are of today.
        assert_eq!(stretches(peer, space, page).await[2..], when[..]);
        assert_eq!(versions(peer, space, page).await[2..], then[..]);
    }
    eventually(LIMIT, "all of it", async || cy.journal.held(&space) == ann.journal.held(&space)).await;
    for peer in [ann, bo, cy] {
        peer.stop().await;
    }
}

/// Somebody says again what they never said. Whoever had read what they said reads what they say now, as a newcomer does.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_again_as_something_else_is_what_everybody_reads() {
    let (ann, mallory, space, page) = two_on_a_page().await;
    let mut at_ann = Open::at(&ann, space, page).await;
    let mut at_mallory = Open::at(&mallory, space, page).await;
    let first = mallory.journal.heights(&space)[&mallory.journal.device()];
    at_mallory.types(" good").await;
    at_ann.hears("Once good").await;
    at_ann.types(" day").await;
    at_mallory.hears("good day").await;
    // The same ids, other letters.
    let doc = LoroDoc::new();
    let others = at_mallory.doc.oplog_vv();
    let peer = at_mallory.session.peer();
    let spans = others.iter().filter(|(other, _)| **other != peer);
    let spans: Vec<_> = spans.map(|(peer, end)| IdSpan::new(*peer, 0, *end)).collect();
    let base = at_mallory.doc.export(ExportMode::updates_in_range(spans)).expect("exports");
    doc.import(&base).expect("imports");
    doc.set_peer_id(peer).expect("sets");
    let other = Open { session: mallory.spaces.open_page(space, page).await.expect("opens"), doc };
    let words = other.last_text();
    for letter in " evil".chars() {
        words.insert(words.len_unicode(), &letter.to_string()).expect("inserts");
    }
    other.doc.commit();
    let bytes = other.doc.export(ExportMode::updates_in_range(vec![IdSpan::new(peer, 0, 5)])).expect("exports");
    let (entry, stretch) = (mallory.journal.heights(&space)[&mallory.journal.device()], first.seq + 1);
    let own = mallory.journal.own(&space, stretch, 10).expect("reads").0;
    assert_eq!((own.len(), entry.seq), (5, stretch + 4));
    let stretch = Stretch { first: stretch, last: entry.seq, began: own[0].clock, ended: own[4].clock, updates: 5 };
    let op = Op::Set { object: page, fields: vec![Field::Squashed { stretch, bytes }] };
    let gone = vec![(stretch.first, stretch.last)];
    mallory.journal.append_pruning(space, vec![cbor::encode(&op)], gone).await.expect("appends");
    until_says(&ann, space, page, "evil").await;
    // What Ann has open is not what the page is any more: she is told to open it anew.
    let told = async {
        loop {
            if let Err(error) = at_ann.session.next().await {
                break error;
            }
        }
    };
    let told = tokio::time::timeout(LIMIT, told).await.expect("in time");
    assert!(matches!(told, ActError::PageAnew), "{told}");
    let cy = Peer::start("Cy").await;
    ann.bring(space, &cy, Level::Write).await;
    until_says(&cy, space, page, "evil").await;
    eventually(LIMIT, "the same", async || text(&cy, space, page).await == text(&ann, space, page).await).await;
    let read = text(&ann, space, page).await;
    assert!(!read.contains("good") && read.contains("day"), "{read}");
    let mut at_ann = Open::at(&ann, space, page).await;
    at_ann.types(".").await;
    until_says(&cy, space, page, "day.").await;
    for peer in [ann, mallory, cy] {
        peer.stop().await;
    }
}

/// What others wrote on top of it does not fit any more then, and they are not to blame.
#[tokio::test(flavor = "multi_thread")]
async fn who_wrote_on_top_of_what_is_said_again_as_something_else_goes_on_writing() {
    let (ann, mallory, space, page) = two_on_a_page().await;
    let bo = Peer::start("Bo").await;
    ann.bring(space, &bo, Level::Write).await;
    let mut events = ann.spaces.events();
    // More often than somebody may break whoever reads a page.
    for round in 0..5 {
        let first = mallory.journal.heights(&space)[&mallory.journal.device()].seq + 1;
        let mut at_mallory = Open::at(&mallory, space, page).await;
        at_mallory.write(&format!("Come {round} and write in here")).await;
        until_says(&bo, space, page, &format!("Come {round}")).await;
        Open::at(&bo, space, page).await.types(" as I do").await;
        until_says(&ann, space, page, "as I do").await;
        // As many ops, and no paragraph among them.
        let peer = at_mallory.session.peer();
        let doc = LoroDoc::new();
        doc.set_peer_id(peer).expect("sets");
        for n in 0..at_mallory.doc.oplog_vv()[&peer] {
            doc.get_map("doc").insert("nothing", n).expect("inserts");
        }
        doc.commit();
        let bytes = doc.export(ExportMode::all_updates()).expect("exports");
        let own = mallory.journal.own(&space, first, 10).expect("reads").0.remove(0);
        let stretch = Stretch { first, last: first, began: own.clock, ended: own.clock, updates: 1 };
        let op = Op::Set { object: page, fields: vec![Field::Squashed { stretch, bytes }] };
        mallory.journal.append_pruning(space, vec![cbor::encode(&op)], vec![(first, first)]).await.expect("appends");
        for peer in [&ann, &bo, &mallory] {
            peer.until("that it is gone", || async { !text(peer, space, page).await.contains("as I do") }).await;
        }
    }
    let mut at_bo = Open::at(&bo, space, page).await;
    at_bo.types(" Still here").await;
    until_says(&ann, space, page, "Still here").await;
    let cy = Peer::start("Cy").await;
    ann.bring(space, &cy, Level::Write).await;
    until_says(&cy, space, page, "Still here").await;
    eventually(LIMIT, "the same", async || text(&cy, space, page).await == text(&ann, space, page).await).await;
    let mut named = std::collections::BTreeSet::new();
    while let Ok(event) = events.try_recv() {
        if let SpacesEvent::Nonsense { device, .. } = event {
            named.insert(device);
        }
    }
    assert_eq!(named, std::collections::BTreeSet::from([mallory.journal.device()]));
    for peer in [ann, bo, mallory, cy] {
        peer.stop().await;
    }
}

/// What stands for others is exported where those were, so what goes on from it comes after it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_again_can_be_carried_over() {
    let ann = Peer::start("Ann").await;
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    let page = ann.spaces.create_page(space, "Plan".into(), None, "Once".into()).await.expect("page").id;
    // By one number of Loro's all along, as in a page that is left open for days.
    let doc = LoroDoc::new();
    doc.import(&ann.spaces.page_state(space, page).await.expect("state")).expect("imports");
    doc.set_peer_id(peer_of(&ann.journal.device(), 7)).expect("sets");
    let session = ann.spaces.open_page(space, page).await.expect("opens");
    let mut open = Open { session, doc };
    open.types(" upon a time, long ago, there was somewhere").await;
    let Open { session, doc } = open;
    drop(session);
    let ann = ann.stop().await.start_later(DAY / 2).await;
    let mut open = Open { session: ann.spaces.open_page(space, page).await.expect("opens"), doc };
    open.types(" a crane").await;
    drop(open);
    let ann = ann.stop().await.start_later(DAY + DAY / 4).await;
    eventually(LIMIT, "it went", async || entries(&ann, space, &ann).0 < 20).await;
    let said = text(&ann, space, page).await;
    assert_eq!(said, "Once upon a time, long ago, there was somewhere a crane\n");
    let stretches_there = stretches(&ann, space, page).await;
    let folders = tempfile::tempdir().expect("folder");
    let first = folders.path().join("first");
    ann.export(space, &first).await;
    ann.stop().await;

    let bo = Peer::start_at("Bo", 2 * DAY).await;
    let space = bo.import(&first, ImportWish::default()).await.space.expect("a space");
    let page = bo.spaces.pages(space).await.expect("pages")[0].id;
    assert_eq!(text(&bo, space, page).await, said);
    let when = |run: &PageRun| (run.from, run.to, run.updates);
    let here: Vec<_> = stretches(&bo, space, page).await.iter().map(when).collect();
    assert_eq!(here, stretches_there.iter().map(when).collect::<Vec<_>>());
    let second = folders.path().join("second");
    bo.export(space, &second).await;
    assert_same(&first, &second);
    bo.stop().await;
}

/// Bytes of what is stored of somebody's log.
fn stored(peer: &Peer, space: GroupId, of: &Peer) -> usize {
    let author = of.journal.device();
    let (mut next, mut bytes) = (0, 0);
    let end = peer.journal.heights(&space)[&author].seq + 1;
    while next < end {
        let run = peer.journal.run(&space, &author, next, 10_000, 16 << 20).expect("reads");
        bytes += run.entries.iter().map(|raw| raw.header.len() + raw.body.as_ref().map_or(0, Vec::len)).sum::<usize>();
        next = run.first + run.entries.len() as u64;
    }
    bytes
}

/// Opens the page with no view there; how long the view takes, and then the text.
async fn opened_cold(ann: Stopped, space: GroupId, page: EntryHash) -> Peer {
    without_view(&ann);
    let began = std::time::Instant::now();
    let ann = ann.start_later(0).await;
    while ann.spaces.page(space, page).await.is_err() || ann.spaces.page_history(space, page).await.is_err() {}
    let view = began.elapsed();
    let began = std::time::Instant::now();
    let read = text(&ann, space, page).await;
    println!("start with a new view: {view:?}; then the text of {} bytes: {:?}", read.len(), began.elapsed());
    ann
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: an hour of typing, a letter in each tenth of a second"]
async fn an_hour_of_typing() {
    let ann = Peer::start("Ann").await;
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    let page = ann.spaces.create_page(space, "Plan".into(), None, "Once".into()).await.expect("page").id;
    let open = Open::at(&ann, space, page).await;
    for n in 0..360 {
        let mut updates = Vec::new();
        for letter in format!("{n} times upon a time ").chars().cycle().take(100) {
            let before = open.doc.oplog_vv();
            let words = open.last_text();
            words.insert(words.len_unicode(), &letter.to_string()).expect("inserts");
            open.doc.commit();
            let bytes = open.doc.export(ExportMode::updates(&before)).expect("exports");
            let fields = vec![Field::Update { bytes }];
            updates.push(Op::Set { object: page, fields }.encode().expect("encodes"));
        }
        ann.journal.append_all(space, updates).await.expect("appends");
    }
    until_says(&ann, space, page, "359 times").await;
    drop(open);
    let size = |peer: &Peer, name: &str| {
        let of = |end: &str| std::fs::metadata(peer.path(&format!("{name}{end}"))).map_or(0, |file| file.len());
        (of("") + of("-wal")) / 1024
    };
    let report = |peer: &Peer, what: &str| {
        let (here, _) = entries(peer, space, peer);
        let bytes = stored(peer, space, peer) / 1024;
        let files = (size(peer, "journal.sqlite"), size(peer, "spaces.sqlite"));
        println!("{what}: {here} entries of {bytes} KiB; journal and view {files:?} KiB");
    };
    let ann = opened_cold(ann.stop().await, space, page).await;
    report(&ann, "typed");
    let began = std::time::Instant::now();
    let ann = ann.stop().await.start_later(2 * DAY).await;
    let mut open = ann.spaces.open_page(space, page).await.expect("opens");
    eventually(LIMIT * 5, "it went", async || entries(&ann, space, &ann).0 < 40).await;
    println!("squashed after {:?}", began.elapsed());
    let began = std::time::Instant::now();
    while open.next().await.expect("stays open").written.is_empty() {}
    println!("told to an open page after {:?}", began.elapsed());
    drop(open);
    let ann = opened_cold(ann.stop().await, space, page).await;
    report(&ann, "squashed");
    ann.stop().await;
}
