//! What is out of use goes from every disk, and nobody is shown anything else.

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId};
use compeer_spaces::Element;
use compeer_testkit::wait::eventually;

use crate::boards::{elements, one, rectangle};
use crate::peer::{LIMIT, Peer};

pub(crate) const DAY: u64 = 24 * 60 * 60 * 1000;

/// How many entries of somebody's log lie on a peer's disk, and how many there were.
pub(crate) fn entries(peer: &Peer, space: GroupId, of: &Peer) -> (usize, u64) {
    let author = of.journal.device();
    let end = peer.journal.heights(&space)[&author].seq + 1;
    let (mut next, mut here) = (0, 0);
    while next < end {
        let run = peer.journal.run(&space, &author, next, 10_000, 16 << 20).expect("reads");
        here += run.entries.len();
        next = run.first + run.entries.len() as u64;
    }
    (here, end)
}

async fn moves(peer: &Peer, space: GroupId, board: EntryHash, id: &str, to: std::ops::Range<i32>) {
    for x in to {
        peer.spaces.draw(space, board, one(id, rectangle(x))).await.expect("draws");
    }
}

type Shown = Vec<(String, Option<Element>)>;

async fn until_shown(peer: &Peer, space: GroupId, board: EntryHash, shown: &Shown) {
    eventually(LIMIT, "the board", async || elements(peer, space, board).await == *shown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_element_that_was_moved_for_long_is_what_it_is_and_no_more() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let board = ann.spaces.create_board(space, "Plan".into()).await.expect("board").id;
    bo.until("the board", || async { bo.spaces.board(space, board).await.is_ok() }).await;
    ann.say(space, "words stay").await;
    moves(&ann, space, board, "crane", 0..60).await;
    // Taken over by somebody else, and taken away: the mark that it is gone has to stay.
    moves(&ann, space, board, "buoy", 0..10).await;
    until_shown(&bo, space, board, &elements(&ann, space, board).await).await;
    moves(&bo, space, board, "buoy", 100..103).await;
    moves(&ann, space, board, "skip", 0..5).await;
    ann.spaces.draw(space, board, vec![("skip".into(), None)]).await.expect("deletes");
    let both = async || elements(&ann, space, board).await == elements(&bo, space, board).await;
    eventually(LIMIT, "both have both", both).await;
    let shown = elements(&ann, space, board).await;
    assert_eq!(shown.len(), 2);
    let (before, _) = entries(&ann, space, &ann);

    // What is out of use for a week is not for long enough.
    let (ann, bo) = (ann.stop().await, bo.stop().await);
    let (ann, bo) = (ann.start_later(7 * DAY).await, bo.start_later(7 * DAY).await);
    ann.hears(space, &["words stay"]).await;
    assert_eq!(entries(&ann, space, &ann).0, before);

    let (ann, bo) = (ann.stop().await, bo.stop().await);
    let (ann, bo) = (ann.start_later(40 * DAY).await, bo.start_later(40 * DAY).await);
    ann.say(space, "a month later").await;
    for peer in [&ann, &bo] {
        // Of the crane 58 of 60, of the buoy 9 of 10 (the first stays), of the skip 4 of 6; in their place one that says so.
        eventually(LIMIT, "it went", async || entries(peer, space, &ann).0 <= before - 71 + 2).await;
        peer.hears(space, &["words stay", "a month later"]).await;
        until_shown(peer, space, board, &shown).await;
    }
    assert_eq!(entries(&ann, space, &ann), entries(&bo, space, &ann), "the same everywhere");
    // Who comes later has the same, and misses nothing.
    let cy = Peer::start_at("Cy", 40 * DAY).await;
    ann.bring(space, &cy, Level::Write).await;
    cy.hears(space, &["words stay", "a month later"]).await;
    until_shown(&cy, space, board, &shown).await;
    eventually(LIMIT, "all of it", async || cy.journal.held(&space) == ann.journal.held(&space)).await;
    assert_eq!(entries(&cy, space, &ann).0, entries(&ann, space, &ann).0);
    // A view that is made anew shows the same.
    let bo = bo.stop().await;
    for name in ["spaces.sqlite", "spaces.sqlite-wal", "spaces.sqlite-shm"] {
        let _ = std::fs::remove_file(bo.path(name));
    }
    let bo = bo.start_later(40 * DAY).await;
    until_shown(&bo, space, board, &shown).await;
    // And what was moved goes on from where it is.
    moves(&bo, space, board, "crane", 500..501).await;
    until_shown(&cy, space, board, &elements(&bo, space, board).await).await;
}
