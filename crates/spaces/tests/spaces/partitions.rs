//! Random histories of five people who are together in ever other parts, over every tool. When all are together again they see
//! the same, field by field, and so does a view that is made anew.

use std::fmt::Write as _;

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId};
use compeer_spaces::model::element::{Roundness, Shape};
use compeer_spaces::{
    Element, Field, IssueFilter, IssueInfo, Kind, MessageInfo, MessageState, NewMessage, PageChange, PageInfo,
    Priority, Status,
};
use compeer_testkit::random::Random;
use compeer_testkit::wait::eventually;

use crate::pages::Open;
use crate::peer::{LIMIT, Peer, Stopped};
use crate::pruning::{DAY, entries};

const NAMES: [&str; 5] = ["Ann", "Bo", "Cy", "Dee", "Eli"];
/// Times that the five come together in other parts.
const ROUNDS: usize = 2;
/// When they are all together again: what they typed in the last part is a day old as well.
const AFTERWARDS: u64 = 2 * DAY * ROUNDS as u64;
/// What each does in a round.
const ACTS: usize = 8;

fn title(text: String) -> Field {
    Field::Title { text }
}

fn element(random: &mut Random) -> Element {
    Element {
        shape: Shape::Rectangle,
        x: random.within(0..500) as i32 * 100,
        y: random.within(0..500) as i32 * 100,
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
        seed: 1,
        order: Some(format!("a{}", random.within(1..9))),
        groups: Vec::new(),
        frame: None,
        link: None,
        locked: random.chance(0.1),
    }
}

async fn issues(peer: &Peer, space: GroupId) -> Vec<IssueInfo> {
    let filter = IssueFilter { limit: 1000, ..IssueFilter::default() };
    peer.spaces.issues(space, filter).await.expect("lists").0
}

/// One of these, if there are any.
fn one<T: Copy>(random: &mut Random, items: &[T]) -> Option<T> {
    (!items.is_empty()).then(|| *random.pick(items))
}

/// Somebody does something. What cannot be done any more, as to a message that is deleted, is left.
async fn act(peer: &Peer, space: GroupId, random: &mut Random, n: usize) {
    let spaces = &peer.spaces;
    let text = format!("{} says {n}", peer.me.profile.name);
    let log: Vec<MessageInfo> = peer.log(space).await.into_iter().filter(|message| message.deleted.is_none()).collect();
    let all: Vec<EntryHash> = log.iter().map(|message| message.id).collect();
    let mine: Vec<EntryHash> = log.iter().filter(|message| message.mine).map(|message| message.id).collect();
    let topics: Vec<EntryHash> =
        spaces.topics(space).await.expect("topics").into_iter().filter_map(|topic| topic.id).collect();
    let boards: Vec<EntryHash> = spaces.boards(space).await.expect("boards").iter().map(|board| board.id).collect();
    let pages: Vec<EntryHash> = spaces.pages(space).await.expect("pages").iter().map(|page| page.id).collect();
    let tracked: Vec<EntryHash> = issues(peer, space).await.iter().map(|issue| issue.id).collect();
    let places: Vec<EntryHash> = topics.iter().chain(&boards).chain(&pages).chain(&tracked).copied().collect();
    let (message, place, on) = (one(random, &all), one(random, &places), random.chance(0.6));
    match random.within(0..20) {
        0..3 => drop(spaces.send(space, NewMessage { place, reply: message, ..NewMessage::text(text) }).await),
        3 => drop(spaces.create_topic(space, text).await.expect("a topic")),
        4 => {
            if let Some(id) = one(random, &topics) {
                spaces.change_topic(space, id, Some(text), Some(on)).await.expect("changes");
            }
        }
        5 => {
            if let Some(id) = message {
                let to = one(random, &topics);
                spaces.move_messages(space, vec![id], to).await.expect("moves");
            }
        }
        6 => {
            if let Some(id) = message {
                let emoji = random.pick(&["\u{1f44d}", "\u{2764}"]).to_string();
                let fields = vec![Field::Reaction { emoji, on }, Field::Pinned { on }];
                spaces.change(space, id, fields).await.expect("changes");
            }
        }
        7 => {
            if let Some(id) = one(random, &mine) {
                spaces.change(space, id, vec![Field::Text { text }]).await.expect("changes");
            }
        }
        8 => {
            if let Some(id) = one(random, &mine) {
                spaces.delete_message(space, id).await.expect("deletes");
            }
        }
        9 => {
            let label = spaces.create_thing(space, Kind::Label, vec![title(format!("label {}", n % 3))]).await;
            let label = Field::Label { label: label.expect("a label").id, on };
            spaces.create_issue(space, vec![title(text), label]).await.expect("an issue");
        }
        10..13 => {
            if let Some(id) = one(random, &tracked) {
                let other = one(random, &tracked).filter(|other| *other != id);
                let field = match random.within(0..7) {
                    0 => title(text),
                    1 => Field::Status { status: *random.pick(&[Status::Todo, Status::Doing, Status::Done]) },
                    2 => Field::Priority { priority: *random.pick(&[Priority::Urgent, Priority::Low]) },
                    3 => Field::Assignee { person: on.then(|| peer.person()) },
                    4 => Field::Description { text },
                    5 => Field::Parent { issue: other },
                    _ => match other {
                        Some(issue) => Field::Blocks { issue, on },
                        None => Field::Resolved { on },
                    },
                };
                // A circle of parents, seen from here, is refused.
                let _ = spaces.change_issues(space, vec![id], vec![field]).await;
            }
        }
        16 => drop(spaces.create_page(space, text.clone(), one(random, &pages), text).await.expect("a page")),
        17 => {
            if let Some(page) = one(random, &pages) {
                let (title, parent) = (Some(text), Some(one(random, &pages).filter(|_| on)));
                let change = PageChange { title, parent, order: None, archived: Some(random.chance(0.2)) };
                // A page under itself, seen from here, is refused.
                let _ = spaces.change_page(space, page, change).await;
            }
        }
        18 | 19 => {
            if let Some(page) = one(random, &pages) {
                let mut open = Open::at(peer, space, page).await;
                open.write(&text).await;
                if on {
                    open.types("letter by letter, until it is worth to be said in fewer").await;
                }
            }
        }
        13 if boards.len() < 3 => drop(spaces.create_board(space, text).await.expect("a board")),
        _ => {
            if let Some(board) = one(random, &boards) {
                let elements = (0..random.within(1..4)).map(|at| {
                    let id = format!("e{}", at * 4 + random.within(0..4));
                    (id, random.chance(0.8).then(|| element(random)))
                });
                let elements = elements.collect();
                spaces.draw(space, board, elements).await.expect("draws");
                if on {
                    spaces.comment(space, board, text, Some("e1".into())).await.expect("comments");
                }
            }
        }
    }
}

/// All that everybody shall see alike, a line for each thing.
async fn seen(peer: &Peer, space: GroupId) -> String {
    let spaces = &peer.spaces;
    let mut told = String::new();
    let mut line = |what: String| {
        let _ = writeln!(told, "{what}");
    };
    for message in peer.log(space).await {
        let versions = match message.deleted {
            Some(_) => Vec::new(),
            None => spaces.versions(space, message.id).await.expect("versions"),
        };
        let mut message = MessageInfo {
            // These are each one's own.
            state: MessageState::Held,
            held_by: 0,
            mine: false,
            unread: false,
            mention: false,
            ..message
        };
        message.reactions.iter_mut().for_each(|reaction| reaction.mine = false);
        line(format!("{message:?} {versions:?}"));
    }
    for topic in spaces.topics(space).await.expect("topics") {
        line(format!("{:?} {:?} {} {:?} {}", topic.id, topic.title, topic.resolved, topic.last, topic.at));
    }
    let pinned: Vec<_> = spaces.pinned(space).await.expect("pinned").iter().map(|message| message.id).collect();
    line(format!("{pinned:?}"));
    for issue in issues(peer, space).await {
        let detail = spaces.issue(space, issue.id).await.expect("is there");
        let activity = spaces.issue_activity(space, issue.id).await.expect("activity");
        let descriptions = spaces.issue_descriptions(space, issue.id).await.expect("descriptions");
        let issue = IssueInfo { unread: 0, mentions: 0, ..issue };
        let related = (detail.description, detail.blocks, detail.blocked_by);
        line(format!("{issue:?} {related:?} {activity:?} {descriptions:?}"));
    }
    line(format!("{:?}", spaces.issue_setup(space).await.expect("setup")));
    for board in spaces.boards(space).await.expect("boards") {
        let mut elements = spaces.drawing(space, board.id, None).await.expect("drawing").elements;
        elements.sort_by(|one, other| one.0.cmp(&other.0));
        let comments = spaces.comments(space, board.id).await.expect("comments");
        let comments: Vec<_> = comments.into_iter().map(|(message, at)| (message.id, at)).collect();
        line(format!("{:?} {:?} {} {:?} {elements:?} {comments:?}", board.id, board.title, board.at, board.by));
    }
    for page in spaces.pages(space).await.expect("pages") {
        let (_, text) = spaces.page_text(space, page.id).await.expect("text");
        for run in spaces.page_history(space, page.id).await.expect("history") {
            let (_, then) = spaces.page_version(space, page.id, run.id).await.expect("version");
            line(format!("{run:?} {then:?}"));
        }
        let page = PageInfo { here: Vec::new(), unread: 0, ..page };
        line(format!("{page:?} {text:?}"));
    }
    let info = spaces.info(space).await.expect("info");
    line(format!("{} {} {:?}", info.name, info.members, info.last));
    told
}

/// The first line in which two differ.
fn difference(one: &str, other: &str) -> Option<String> {
    let mut lines = one.lines().zip(other.lines());
    let differ = lines.find(|(one, other)| one != other).map(|(one, other)| format!("{one}\n{other}"));
    differ.or_else(|| (one != other).then(|| format!("{one}\n\nis not\n\n{other}")))
}

/// Splits the five into parts of one to three.
fn parts(random: &mut Random) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..NAMES.len()).collect();
    random.shuffle(&mut order);
    let mut parts = Vec::new();
    while !order.is_empty() {
        let size = random.within(1..4).min(order.len());
        parts.push(order.split_off(order.len() - size));
    }
    parts
}

/// Waits until these have all that each of them has.
async fn agree(peers: &[&Peer], space: GroupId) {
    for peer in peers {
        for other in peers {
            let other = other.journal.heights(&space);
            peer.until("all that the others have", || async {
                let here = peer.journal.heights(&space);
                other.iter().all(|(device, tip)| here.get(device).is_some_and(|here| here.seq >= tip.seq))
            })
            .await;
        }
    }
}

/// Whether everybody has let go of what somebody typed and said again.
fn squashed(five: &[Peer], space: GroupId) -> bool {
    let gone = |peer: &Peer| five.iter().map(|of| entries(peer, space, of)).map(|(here, end)| end - here as u64).sum();
    let gone: Vec<u64> = five.iter().map(gone).collect();
    gone[0] >= 32 && gone.iter().all(|other| *other == gone[0])
}

async fn history(seed: u64) {
    let mut random = Random::new(seed);
    let mut five = Vec::new();
    for name in NAMES {
        five.push(Peer::start(name).await);
    }
    let space = five[0].spaces.create("Quay".into()).await.expect("space");
    for other in &five[1..] {
        five[0].bring(space, other, Level::Write).await;
    }
    // Something that all know, to cross each other at.
    five[0].say(space, "all").await;
    five[0].spaces.create_topic(space, "all".into()).await.expect("a topic");
    five[0].spaces.create_issue(space, vec![title("all".into())]).await.expect("an issue");
    five[0].spaces.create_board(space, "all".into()).await.expect("a board");
    five[0].spaces.create_page(space, "all".into(), None, "all".into()).await.expect("a page");
    agree(&five.iter().collect::<Vec<_>>(), space).await;
    // So that any two of them find each other later.
    for (at, peer) in five.iter().enumerate() {
        for other in &five[..at] {
            peer.meets(other).await;
        }
    }
    let mut off: Vec<Option<Stopped>> = Vec::new();
    for peer in five {
        off.push(Some(peer.stop().await));
    }
    for round in 0..ROUNDS {
        for part in parts(&mut random) {
            let mut here = Vec::new();
            for at in &part {
                let days = 2 * DAY * round as u64;
                here.push(off[*at].take().expect("is off").start_later(days).await);
            }
            for n in 0..ACTS * here.len() {
                let peer = &here[random.within(0..here.len())];
                act(peer, space, &mut random, round * 100 + n).await;
            }
            agree(&here.iter().collect::<Vec<_>>(), space).await;
            for (at, peer) in part.into_iter().zip(here) {
                off[at] = Some(peer.stop().await);
            }
        }
    }
    let mut five = Vec::new();
    for peer in off {
        five.push(peer.expect("is off").start_later(AFTERWARDS).await);
    }
    // What is said again while they come together is still on its way.
    let mut first = String::new();
    let mut differs = None;
    let same = async || {
        agree(&five.iter().collect::<Vec<_>>(), space).await;
        first = seen(&five[0], space).await;
        differs = None;
        for other in &five[1..] {
            differs = difference(&first, &seen(other, space).await);
            if differs.is_some() {
                return false;
            }
        }
        squashed(&five, space)
    };
    // Given up here and not there, so as to say what is different.
    if tokio::time::timeout(LIMIT, eventually(2 * LIMIT, "the same", same)).await.is_err() {
        panic!("seed {seed}: {differs:?}");
    }
    for tool in ["MessageInfo", "IssueInfo", "Rectangle", "PageInfo", "\\n\\n"] {
        assert!(first.contains(tool), "{tool} was used");
    }

    // The same from the journal alone.
    let anew = five.swap_remove(1).stop().await;
    for name in ["spaces.sqlite", "spaces.sqlite-wal", "spaces.sqlite-shm"] {
        match std::fs::remove_file(anew.path(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
    }
    let anew = anew.start_later(AFTERWARDS).await;
    assert_eq!(difference(&first, &seen(&anew, space).await), None, "made anew, seed {seed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_people_in_ever_other_parts_end_with_the_same() {
    history(20_261_127).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_others_in_ever_other_parts_end_with_the_same() {
    history(7).await;
}
