//! Pages between real peers: written together and apart, and by somebody who means no good.

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId, cbor};
use compeer_spaces::model::Op;
use compeer_spaces::model::update::peer_of;
use compeer_spaces::{ActError, Field, PageChange, PageSession, SpacesEvent};
use loro::{ExportMode, IdSpan, LoroDoc, LoroList, LoroMap, LoroText};

use crate::page_worker::{BREAK, GROW, HANG};
use crate::peer::{LIMIT, Peer};

/// A page as a browser has it open.
pub(crate) struct Open {
    pub(crate) session: PageSession,
    pub(crate) doc: LoroDoc,
}

impl Open {
    pub(crate) async fn at(peer: &Peer, space: GroupId, page: EntryHash) -> Self {
        let session = peer.spaces.open_page(space, page).await.expect("opens");
        let doc = LoroDoc::new();
        doc.import(&peer.spaces.page_state(space, page).await.expect("state")).expect("imports");
        doc.set_peer_id(session.peer()).expect("sets");
        Self { session, doc }
    }

    fn children(&self) -> LoroList {
        let children = self.doc.get_map("doc").get("children").expect("the root is there");
        children.into_container().expect("a container").into_list().expect("a list")
    }

    /// Adds a paragraph, and keeps it.
    pub(crate) async fn write(&mut self, words: &str) {
        let before = self.doc.oplog_vv();
        add_paragraph(&self.children(), words);
        self.keep(&before).await;
    }

    /// Types letters at the end of the last paragraph, each kept by itself.
    pub(crate) async fn types(&mut self, letters: &str) {
        for letter in letters.chars() {
            let before = self.doc.oplog_vv();
            let text = self.last_text();
            text.insert(text.len_unicode(), &letter.to_string()).expect("inserts");
            self.keep(&before).await;
        }
    }

    pub(crate) fn last_text(&self) -> LoroText {
        let list = self.children();
        let node = list.get(list.len() - 1).expect("something").into_container().expect("a container");
        let inside = node.into_map().expect("a map").get("children").expect("children").into_container();
        let inside = inside.expect("a container").into_list().expect("a list").get(0).expect("words");
        inside.into_container().expect("a container").into_text().expect("a text")
    }

    /// Keeps what was done since.
    pub(crate) async fn keep(&mut self, before: &loro::VersionVector) {
        self.doc.commit();
        let update = self.doc.export(ExportMode::updates(before)).expect("exports");
        self.session.write(update).await.expect("is kept");
    }

    /// All that was written here, once more.
    fn again(&self) -> Vec<u8> {
        let peer = self.session.peer();
        let end = self.doc.oplog_vv().get(&peer).copied().expect("something of its own");
        self.doc.export(ExportMode::updates_in_range(vec![IdSpan::new(peer, 0, end)])).expect("exports")
    }

    /// Waits until the page says something.
    pub(crate) async fn hears(&mut self, words: &str) {
        let wait = async {
            while !format!("{:?}", self.doc.get_deep_value()).contains(words) {
                for update in self.session.next().await.expect("news").written {
                    self.doc.import(&update).expect("imports");
                }
            }
        };
        tokio::time::timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("not in time: {words}"));
    }
}

fn add_paragraph(list: &LoroList, words: &str) {
    let node = list.push_container(LoroMap::new()).expect("inserts");
    node.insert("nodeName", "paragraph").expect("inserts");
    let inside = node.insert_container("children", LoroList::new()).expect("inserts");
    inside.push_container(LoroText::new()).expect("inserts").insert(0, words).expect("inserts");
}

pub(crate) async fn text(peer: &Peer, space: GroupId, page: EntryHash) -> String {
    peer.spaces.page_text(space, page).await.expect("reads").1
}

pub(crate) async fn until_says(peer: &Peer, space: GroupId, page: EntryHash, words: &str) {
    peer.until(words, || async {
        match peer.spaces.page_text(space, page).await {
            Ok((_, markdown)) => markdown.contains(words),
            Err(ActError::UnknownPage) => false,
            Err(error) => panic!("{error}"),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_write_one_page_together_and_apart() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Harbour".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let markdown = "# Crane\n\nIt stands *here*.\n\n- [x] oil it\n- [ ] paint it\n";
    let page = ann.spaces.create_page(space, "Plan".into(), None, markdown.into()).await.expect("page").id;
    assert_eq!(text(&ann, space, page).await, markdown);
    until_says(&bo, space, page, "paint it").await;
    assert_eq!(text(&bo, space, page).await, markdown);
    let (mut at_ann, mut at_bo) = (Open::at(&ann, space, page).await, Open::at(&bo, space, page).await);
    at_ann.write("Ann was here.").await;
    at_bo.hears("Ann was here.").await;
    at_bo.write("Bo, too.").await;
    at_ann.hears("Bo, too.").await;
    at_ann.session.show(vec![1, 2, 3]).expect("shows");
    let shown = async {
        loop {
            let news = at_bo.session.next().await.expect("news");
            if news.shown.iter().any(|(device, at)| *device == ann.journal.device() && at == &[1, 2, 3]) {
                break;
            }
        }
    };
    tokio::time::timeout(LIMIT, shown).await.expect("Bo sees where Ann writes");
    drop((at_ann, at_bo));
    // Apart: each writes while the other is gone.
    let bo = bo.stop().await;
    let mut at_ann = Open::at(&ann, space, page).await;
    at_ann.write("Alone, Ann.").await;
    drop(at_ann);
    let (ann, bo) = (ann.stop().await, bo.start().await);
    let mut at_bo = Open::at(&bo, space, page).await;
    at_bo.write("Alone, Bo.").await;
    assert!(!text(&bo, space, page).await.contains("Alone, Ann."));
    let ann = ann.start().await;
    until_says(&ann, space, page, "Alone, Bo.").await;
    at_bo.hears("Alone, Ann.").await;
    until_says(&bo, space, page, "Alone, Ann.").await;
    assert_eq!(text(&ann, space, page).await, text(&bo, space, page).await);
    // Each has written in one stretch, and the page is shown as each had it at its end.
    let history = ann.spaces.page_history(space, page).await.expect("history");
    let mut people: Vec<_> = history.iter().map(|stretch| stretch.person.person).collect();
    people.sort_unstable();
    let mut both = vec![ann.person(), bo.person()];
    both.sort_unstable();
    assert_eq!(people, both);
    for stretch in history {
        let (_, then) = ann.spaces.page_version(space, page, stretch.id).await.expect("reads");
        let is_ann = stretch.person.person == ann.person();
        let (wrote, did_not_know) = if is_ann { ("Alone, Ann.", "Alone, Bo.") } else { ("Alone, Bo.", "Alone, Ann.") };
        assert!(then.contains("paint it") && then.contains("Bo, too."), "{then}");
        assert!(then.contains(wrote) && !then.contains(did_not_know), "{then}");
    }
    for peer in [ann, bo] {
        peer.stop().await;
    }
}

/// Somebody whose program does as it likes.
struct Mallory {
    peer: Peer,
    space: GroupId,
}

impl Mallory {
    async fn write(&self, page: EntryHash, bytes: Vec<u8>) {
        let op = Op::Set { object: page, fields: vec![Field::Update { bytes }] };
        self.peer.journal.append(self.space, cbor::encode(&op)).await.expect("appends");
    }

    /// An update by this device in some session, on top of what the page says.
    async fn update(&self, page: EntryHash, session: u32, write: impl FnOnce(&LoroDoc)) -> Vec<u8> {
        let doc = LoroDoc::new();
        doc.import(&self.peer.spaces.page_state(self.space, page).await.expect("state")).expect("imports");
        doc.set_peer_id(peer_of(&self.peer.journal.device(), session)).expect("sets");
        let before = doc.oplog_vv();
        write(&doc);
        doc.commit();
        doc.export(ExportMode::updates(&before)).expect("exports")
    }
}

fn says(words: &str) -> impl FnOnce(&LoroDoc) {
    let words = words.to_owned();
    move |doc: &LoroDoc| {
        let children = doc.get_map("doc").get("children").expect("the root is there");
        add_paragraph(&children.into_container().expect("a container").into_list().expect("a list"), &words);
    }
}

fn deep(doc: &LoroDoc) {
    let mut node = doc.get_map("doc");
    for _ in 0..1000 {
        let list = node.insert_container("deep", LoroList::new()).expect("inserts");
        node = list.push_container(LoroMap::new()).expect("inserts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_somebody_writes_the_page_stays_and_the_author_is_named() {
    let (ann, mallory) = (Peer::start("Ann").await, Peer::start("Mallory").await);
    let space = ann.spaces.create("Harbour".into()).await.expect("space");
    ann.bring(space, &mallory, Level::Write).await;
    let mallory = Mallory { peer: mallory, space };
    let device = mallory.peer.journal.device();
    for case in 0..10 {
        let page = ann.spaces.create_page(space, format!("Page {case}"), None, "good".into()).await.expect("page").id;
        until_says(&mallory.peer, space, page, "good").await;
        let mut events = ann.spaces.events();
        let good = mallory.update(page, 1, says("first")).await;
        let bad = match case {
            0 => b"garbage".to_vec(),
            1 => good[..good.len() / 2].to_vec(),
            2 => {
                let doc = LoroDoc::new();
                doc.set_peer_id(peer_of(&ann.journal.device(), 5)).expect("sets");
                doc.get_map("doc").insert("nodeName", "mine").expect("inserts");
                doc.export(ExportMode::all_updates()).expect("exports")
            }
            3 => {
                // Goes on from what was never written: counters from 1,000 on.
                let whole = mallory.update(page, 9, says(&"x".repeat(2000))).await;
                let doc = LoroDoc::new();
                doc.import(&mallory.peer.spaces.page_state(space, page).await.expect("state")).expect("imports");
                doc.import(&whole).expect("imports");
                let span = IdSpan::new(peer_of(&device, 9), 1000, 1500);
                doc.export(ExportMode::updates_in_range(vec![span])).expect("exports")
            }
            // The same numbers again, for something else.
            4 => mallory.update(page, 1, says("other")).await,
            5 => mallory.update(page, 2, deep).await,
            6 => {
                // A million ops, it says, in forty bytes.
                let peer = peer_of(&device, 2).to_le_bytes();
                let header = [&[1], &peer[..]].concat();
                let million = [0x80, 0x80, 0x40];
                let block = [&[0], &million[..], &[0], &million, &[1, header.len() as u8], &header, &[0; 7]].concat();
                [b"loro", &[0; 16][..], &[0, 4, block.len() as u8], &block].concat()
            }
            7 => mallory.update(page, 2, says(HANG)).await,
            8 => mallory.update(page, 2, says(GROW)).await,
            _ => mallory.update(page, 2, says(BREAK)).await,
        };
        mallory.write(page, good).await;
        mallory.write(page, bad).await;
        let later = mallory.update(page, 3, says("later")).await;
        mallory.write(page, later).await;
        until_says(&ann, space, page, "later").await;
        let read = text(&ann, space, page).await;
        assert_eq!(read, "good\n\nfirst\n\nlater\n", "case {case}");
        let named = async {
            while !matches!(events.recv().await, Ok(SpacesEvent::Nonsense { device: by, .. }) if by == device) {}
        };
        tokio::time::timeout(LIMIT, named).await.unwrap_or_else(|_| panic!("case {case}: nobody is named"));
        let mut open = Open::at(&ann, space, page).await;
        open.write("still good").await;
        assert!(text(&ann, space, page).await.ends_with("still good\n"), "case {case}");
    }
    ann.stop().await;
    mallory.peer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_would_refuse_is_refused_where_it_is_written() {
    let ann = Peer::start("Ann").await;
    let space = ann.spaces.create("Harbour".into()).await.expect("space");
    let page = ann.spaces.create_page(space, "Plan".into(), None, String::new()).await.expect("page").id;
    let mut open = Open::at(&ann, space, page).await;
    open.write("kept").await;
    for bad in [b"garbage".to_vec(), open.again(), open.doc.export(ExportMode::Snapshot).expect("exports")] {
        assert!(matches!(open.session.write(bad).await, Err(ActError::Content(_))));
    }
    open.write("kept, too").await;
    assert_eq!(text(&ann, space, page).await, "kept\n\nkept, too\n");
    ann.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_stand_under_each_other_and_never_under_themselves() {
    let ann = Peer::start("Ann").await;
    let space = ann.spaces.create("Harbour".into()).await.expect("space");
    let make = async |title: &str, parent| {
        ann.spaces.create_page(space, title.into(), parent, String::new()).await.expect("page").id
    };
    let top = make("Top", None).await;
    let one = make("One", Some(top)).await;
    let two = make("Two", Some(top)).await;
    let under = |parent| PageChange { parent: Some(Some(parent)), ..PageChange::default() };
    let circle = ann.spaces.change_page(space, top, under(one)).await;
    assert!(matches!(circle, Err(ActError::PageCircle)));
    let itself = ann.spaces.change_page(space, top, under(top)).await;
    assert!(matches!(itself, Err(ActError::PageCircle)));
    assert_eq!(ann.spaces.change_page(space, two, under(one)).await.expect("moves").parent, Some(one));
    // Two people could do so at once: then both stand at the top.
    let moved = |object, page| Op::Set { object, fields: vec![Field::PageParent { page: Some(page) }] };
    ann.journal.append(space, moved(one, two).encode().expect("encodes")).await.expect("appends");
    let pages = ann.spaces.pages(space).await.expect("pages");
    let parents = |id| pages.iter().find(|page| page.id == id).expect("is there").parent;
    assert_eq!((parents(one), parents(two), parents(top)), (None, None, None));
    ann.stop().await;
}
