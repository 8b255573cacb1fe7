//! Boards between real peers: what is drawn at the same time is merged, and who is there is seen.

use std::time::{Duration, Instant};

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId, cbor};
use compeer_mesh::SendStream;
use compeer_spaces::model::element::{ELEMENT_BYTES, Points, Roundness, Shape, Stroke};
use compeer_spaces::model::{ElementError, Field, Op, OpError};
use compeer_spaces::{
    ActError, BOARDS, BoardNews, BoardSession, Element, NewMessage, Pointer, Showing, SpacesEvent, StepError,
};
use minicbor::Encode;

use crate::peer::{LIMIT, Peer};

pub(crate) fn rectangle(x: i32) -> Element {
    Element {
        shape: Shape::Rectangle,
        x,
        y: 5000,
        width: 20_000,
        height: 10_000,
        angle: 0,
        stroke: None,
        background: Some("#ffec99".into()),
        fill: None,
        stroke_width: None,
        stroke_style: None,
        roundness: Some(Roundness { kind: 3, value: None }),
        roughness: None,
        opacity: None,
        seed: 1_278_240_551,
        order: Some("a1".into()),
        groups: Vec::new(),
        frame: None,
        link: None,
        locked: false,
    }
}

fn stroke(points: i32) -> Element {
    let points = Points::of((0..points).map(|at| [at * 300, at * 200]));
    Element { shape: Shape::Stroke(Stroke { points, ..Stroke::default() }), ..rectangle(0) }
}

pub(crate) fn one(id: &str, element: Element) -> Vec<(String, Option<Element>)> {
    vec![(id.into(), Some(element))]
}

pub(crate) async fn elements(peer: &Peer, space: GroupId, board: EntryHash) -> Vec<(String, Option<Element>)> {
    match peer.spaces.drawing(space, board, None).await {
        Ok(drawing) => drawing.elements,
        Err(ActError::UnknownBoard) => Vec::new(),
        Err(error) => panic!("{error}"),
    }
}

/// Two people in a space, with a board that both have.
async fn two() -> (Peer, Peer, GroupId, EntryHash) {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let board = ann.spaces.create_board(space, "Plan".into()).await.expect("board").id;
    bo.until("the board", || async { bo.spaces.board(space, board).await.is_ok() }).await;
    (ann, bo, space, board)
}

/// Waits until so many elements stand on a board. What is drawn is told to whoever has it open.
async fn shows(peer: &Peer, space: GroupId, board: EntryHash, count: usize) {
    let mut session = peer.spaces.open_board(space, board, None).await.expect("opens");
    let mut there = std::collections::BTreeSet::new();
    told(&mut session, &format!("{count} elements"), |news| {
        for (id, element) in news.drawn.iter().flat_map(|drawn| &drawn.elements) {
            if element.is_some() {
                there.insert(id.clone())
            } else {
                there.remove(id)
            };
        }
        there.len() == count
    })
    .await;
}

/// The next news for which `is` holds.
async fn told(session: &mut BoardSession, what: &str, mut is: impl FnMut(&BoardNews) -> bool) -> BoardNews {
    let wait = async {
        loop {
            let news = session.next().await.expect("goes on");
            if is(&news) {
                return news;
            }
        }
    };
    tokio::time::timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_draw_at_once_and_apart() {
    let (ann, bo, space, board) = two().await;
    ann.spaces.draw(space, board, one("box", rectangle(1))).await.expect("draws");
    bo.spaces.draw(space, board, one("pen", stroke(5))).await.expect("draws");
    for peer in [&ann, &bo] {
        shows(peer, space, board, 2).await;
    }
    // The same again is no change.
    let heights = ann.journal.heights(&space);
    assert_eq!(ann.spaces.draw(space, board, one("box", rectangle(1))).await.expect("is so").0, 0);
    assert_eq!(ann.spaces.draw(space, board, vec![("never".into(), None)]).await.expect("is so").0, 0);
    assert_eq!(ann.journal.heights(&space), heights);

    // Apart, both go on: the same element and others, one deletes what the other moves.
    let bo = bo.stop().await;
    let many: Vec<_> = (0..100).map(|n| (format!("a{n}"), Some(rectangle(n)))).collect();
    assert_eq!(ann.spaces.draw(space, board, many).await.expect("draws").0, 100);
    ann.spaces.draw(space, board, one("box", rectangle(2))).await.expect("draws");
    ann.spaces.draw(space, board, vec![("pen".into(), None)]).await.expect("deletes");
    let ann = ann.stop().await;
    let bo = bo.start().await;
    bo.spaces.draw(space, board, one("box", rectangle(3))).await.expect("draws");
    bo.spaces.draw(space, board, one("b0", rectangle(4))).await.expect("draws");
    let ann = ann.start().await;
    shows(&ann, space, board, 102).await;
    shows(&bo, space, board, 102).await;
    let both = elements(&ann, space, board).await;
    assert_eq!(both, elements(&bo, space, board).await);
    let now = |id: &str| both.iter().find(|(other, _)| other == id).and_then(|(_, element)| element.clone());
    assert_eq!(now("box"), Some(rectangle(3)), "the last word");
    assert_eq!((now("pen"), now("b0")), (None, Some(rectangle(4))));
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_are_made_named_and_put_away() {
    let (ann, bo, space, board) = two().await;
    let made = ann.spaces.board(space, board).await.expect("board");
    assert_eq!((made.title.as_deref(), made.archived, made.elements), (Some("Plan"), false, 0));
    assert_eq!((made.by.person, made.by.name.as_str()), (ann.person(), "Ann"));
    bo.spaces.change_board(space, board, Some("Quay wall".into()), Some(true)).await.expect("changes");
    let here = || async { ann.spaces.board(space, board).await.expect("board") };
    ann.until("its name", || async { here().await.title.as_deref() == Some("Quay wall") }).await;
    assert!(here().await.archived);
    let second = bo.spaces.create_board(space, "Second".into()).await.expect("board").id;
    ann.until("two", || async { ann.spaces.boards(space).await.expect("boards").len() == 2 }).await;
    ann.spaces.draw(space, second, one("box", rectangle(1))).await.expect("draws");
    assert_eq!(elements(&ann, space, board).await, [], "one board is not another");
    // A board is no topic, and can be talked at.
    assert_eq!(ann.spaces.topics(space).await.expect("topics").len(), 1);
    let said = ann.spaces.send(space, NewMessage { place: Some(second), ..NewMessage::text("look") }).await;
    assert_eq!(said.expect("says").place.expect("a place").title.as_deref(), Some("Second"));

    // Some of it is about one element; others see that.
    ann.spaces.comment(space, second, "this one".into(), Some("box".into())).await.expect("comments");
    let about = || async {
        let comments = bo.spaces.comments(space, second).await.expect("comments");
        comments.into_iter().map(|(message, element)| (message.text, element)).collect::<Vec<_>>()
    };
    bo.until("a comment", || async {
        about().await == [("look".into(), None), ("this one".into(), Some("box".to_owned()))]
    })
    .await;
    let nowhere = ann.spaces.comment(space, second, "x".into(), Some("a b".into())).await;
    assert!(matches!(nowhere, Err(ActError::Content(OpError::Element(ElementError::Id)))), "{nowhere:?}");
    assert_eq!(about().await.len(), 2, "nothing was said");

    let unknown = ann.spaces.draw(space, EntryHash::from_bytes([7; 32]), one("box", rectangle(1))).await;
    assert!(matches!(unknown, Err(ActError::UnknownBoard)), "{unknown:?}");
    let twice = ann.spaces.draw(space, board, [one("box", rectangle(1)), one("box", rectangle(2))].concat()).await;
    assert!(matches!(twice, Err(ActError::Twice)), "{twice:?}");
    let bad = Element { link: Some("javascript:alert(1)".into()), ..rectangle(1) };
    let bad = ann.spaces.draw(space, board, one("box", bad)).await;
    assert!(matches!(bad, Err(ActError::Content(OpError::Element(ElementError::Link)))), "{bad:?}");
    let topic = ann.spaces.create_topic(space, "Talk".into()).await.expect("topic").id.expect("an id");
    assert!(matches!(ann.spaces.board(space, topic).await, Err(ActError::UnknownBoard)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_and_points_and_draws_nothing() {
    let (ann, bo, space, board) = two().await;
    ann.spaces.set_level(space, bo.person(), Level::Read).await.expect("sets");
    ann.spaces.draw(space, board, one("box", rectangle(1))).await.expect("draws");
    shows(&bo, space, board, 1).await;
    let refused = bo.spaces.draw(space, board, one("pen", stroke(4))).await;
    assert!(matches!(refused, Err(ActError::NeedsWrite)), "{refused:?}");
    let mut at_ann = ann.spaces.open_board(space, board, None).await.expect("opens");
    let at_bo = bo.spaces.open_board(space, board, None).await.expect("opens");
    let pointer = Some(Pointer { x: 10, y: 20, laser: false, down: true });
    at_bo
        .show(Showing {
            pointer,
            selected: vec!["box".into()],
            drawing: vec![("pen".into(), stroke(4))],
            ..Showing::default()
        })
        .expect("shows");
    let news = told(&mut at_ann, "Bo's pointer", |news| news.shown.iter().any(|one| one.now.pointer == pointer)).await;
    assert_eq!(news.shown[0].now.drawing, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_on_a_board_see_each_other() {
    let (ann, bo, space, board) = two().await;
    let cy = Peer::start("Cy").await;
    ann.bring(space, &cy, Level::Write).await;
    cy.until("the board", || async { cy.spaces.board(space, board).await.is_ok() }).await;
    let mut at_ann = ann.spaces.open_board(space, board, None).await.expect("opens");
    let first = at_ann.next().await.expect("news");
    assert!(first.drawn.is_some_and(|drawn| drawn.all) && first.here == Some(Vec::new()));
    let at_bo = bo.spaces.open_board(space, board, None).await.expect("opens");
    let came = told(&mut at_ann, "Bo", |news| news.here.as_ref().is_some_and(|here| !here.is_empty())).await;
    let here = came.here.expect("who is here").remove(0);
    assert_eq!((here.0, here.1.person, here.1.name.as_str()), (bo.journal.device(), bo.person(), "Bo"));
    assert_eq!(ann.spaces.board(space, board).await.expect("board").here[0].name, "Bo");

    // A stroke is seen while it is drawn; then it is an entry, told once. Nothing of the first is written.
    let written = || bo.journal.heights(&space).get(&bo.journal.device()).copied();
    let before = written();
    for points in 2..40 {
        at_bo.show(Showing { drawing: vec![("pen".into(), stroke(points))], ..Showing::default() }).expect("shows");
    }
    let last = |news: &BoardNews| news.shown.iter().any(|one| one.now.drawing == [("pen".into(), stroke(39))]);
    told(&mut at_ann, "the stroke", last).await;
    assert_eq!(written(), before);
    bo.spaces.draw(space, board, one("pen", stroke(39))).await.expect("draws");
    let drawn = |news: &BoardNews| news.drawn.as_ref().is_some_and(|drawn| !drawn.elements.is_empty());
    let news = told(&mut at_ann, "the entry", drawn).await.drawn.expect("drawn");
    assert!(!news.all && news.elements == [("pen".into(), Some(stroke(39)))], "{news:?}");

    // Whoever has another board open, or none, is told nothing.
    let mut events = cy.spaces.events();
    at_bo
        .show(Showing { pointer: Some(Pointer { x: 1, y: 1, laser: true, down: false }), ..Showing::default() })
        .expect("shows");
    told(&mut at_ann, "the pointer", |news| news.shown.iter().any(|one| one.now.pointer.is_some())).await;
    while let Ok(event) = events.try_recv() {
        assert!(!matches!(event, SpacesEvent::Typing { .. }), "{event:?}");
    }
    drop(at_bo);
    told(&mut at_ann, "that Bo left", |news| news.here.as_ref().is_some_and(Vec::is_empty)).await;
    assert_eq!(ann.spaces.board(space, board).await.expect("board").here, []);

    // Who comes back after a while is there again.
    let bo = bo.stop().await.start().await;
    let _at_bo = bo.spaces.open_board(space, board, None).await.expect("opens");
    told(&mut at_ann, "Bo again", |news| news.here.as_ref().is_some_and(|here| !here.is_empty())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_member_is_on_no_board() {
    let (ann, bo, space, board) = two().await;
    let mut at_ann = ann.spaces.open_board(space, board, None).await.expect("opens");
    let mut at_bo = bo.spaces.open_board(space, board, None).await.expect("opens");
    told(&mut at_ann, "Bo", |news| news.here.as_ref().is_some_and(|here| !here.is_empty())).await;
    told(&mut at_bo, "Ann", |news| news.here.as_ref().is_some_and(|here| !here.is_empty())).await;
    ann.spaces.remove(space, bo.person()).await.expect("removes");
    at_ann.show(Showing { selected: vec!["secret".into()], ..Showing::default() }).expect("shows");
    told(&mut at_ann, "that Bo is gone", |news| news.here.as_ref().is_some_and(Vec::is_empty)).await;
    at_bo.show(Showing { selected: vec!["mine".into()], ..Showing::default() }).expect("shows");
    let seen =
        tokio::time::timeout(Duration::from_millis(300), told(&mut at_bo, "", |news| !news.shown.is_empty())).await;
    assert!(seen.is_err(), "{seen:?}");
}

#[derive(Encode)]
struct Hello(#[n(0)] GroupId, #[n(1)] EntryHash);

async fn say(send: &mut SendStream, bytes: &[u8]) -> bool {
    let length = (bytes.len() as u32).to_be_bytes();
    send.write_all(&[&length, bytes].concat()).await.is_ok()
}

/// Somebody's own program can send whatever it likes: it is shut out of the board, or slowed down, and nobody else notices.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_presence_is_bounded() {
    let (ann, bo, space, board) = two().await;
    let mut at_ann = ann.spaces.open_board(space, board, None).await.expect("opens");
    at_ann.next().await.expect("news");
    let link = bo.mesh.link(ann.journal.device()).expect("a link");
    let hello = cbor::encode(&Hello(space, board));

    // Nonsense ends the stream, in the first word and later.
    let huge = u32::MAX.to_be_bytes();
    let pointing = |x| Showing { pointer: Some(Pointer { x, y: 0, laser: false, down: false }), ..Showing::default() };
    let far = cbor::encode(&pointing(i32::MAX).since(&Showing::default()).expect("a step"));
    for (first, then) in [
        (&b"what"[..], None),
        (&hello, Some(&b"what"[..])),
        (&hello, Some(&far)),
        (&cbor::encode(&Hello(space, EntryHash::from_bytes([7; 32]))), None),
    ] {
        let (mut send, _recv) = link.open(BOARDS).await.expect("opens");
        assert!(say(&mut send, first).await);
        if let Some(then) = then {
            say(&mut send, then).await;
        }
        tokio::time::timeout(LIMIT, send.stopped()).await.expect("is ended").expect("was open");
    }
    let (mut send, _recv) = link.open(BOARDS).await.expect("opens");
    assert!(say(&mut send, &hello).await);
    send.write_all(&huge).await.expect("writes");
    tokio::time::timeout(LIMIT, send.stopped()).await.expect("is ended").expect("was open");
    told(&mut at_ann, "nobody", |news| news.here.as_ref().is_some_and(Vec::is_empty)).await;

    // A flood is taken in no faster than a person moves; the rest waits where it comes from.
    let (mut send, _recv) = link.open(BOARDS).await.expect("opens");
    assert!(say(&mut send, &hello).await);
    let began = Instant::now();
    let flood = async {
        let mut last = Showing::default();
        for x in 0.. {
            let next = pointing(x);
            let step = next.since(&last).expect("a step");
            if !say(&mut send, &cbor::encode(&step)).await {
                return;
            }
            last = next;
        }
    };
    let mut seen = 0;
    tokio::select! {
        () = flood => panic!("the stream was ended"),
        () = async {
            while seen < 50 {
                let news = at_ann.next().await.expect("goes on");
                seen += usize::from(!news.shown.is_empty());
            }
        } => {}
    }
    // Fifty pictures at one for each 14 ms, however many were sent.
    assert!(began.elapsed() >= Duration::from_millis(50 * 14), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_shown_is_refused_here() {
    let (ann, _bo, space, board) = two().await;
    let at_ann = ann.spaces.open_board(space, board, None).await.expect("opens");
    let shown = at_ann.show(Showing { selected: vec!["a b".into()], ..Showing::default() });
    assert_eq!(shown, Err(StepError::Element(ElementError::Id)));
    let full = (0..40).map(|n| (format!("n{n}"), stroke(5000))).collect();
    assert_eq!(at_ann.show(Showing { drawing: full, ..Showing::default() }), Err(StepError::TooMuch));
    assert!(stroke(10_000).encode().len() < ELEMENT_BYTES);
}

/// A program of somebody else writes elements to a board that nobody knows yet, or that is none.
#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn elements_may_come_before_their_board() {
    let (ann, bo, space, board) = two().await;
    let topic = bo.spaces.create_topic(space, "Talk".into()).await.expect("topic").id.expect("an id");
    let field = Field::Element { id: "box".into(), element: Some(Box::new(rectangle(1))) };
    let op = Op::Set { object: topic, fields: vec![field] }.encode().expect("encodes");
    bo.journal.append(space, op).await.expect("writes");
    bo.say(space, "done").await;
    ann.hears(space, &["done"]).await;
    assert_eq!(elements(&ann, space, topic).await, []);
    assert_eq!(elements(&ann, space, board).await, []);
}
