//! Rooms beside their parents: what they take over from them, what they hold, and what becomes of them when people go.

use compeer_core::EntryHash;
use compeer_core::group::Level;
use compeer_spaces::model::{Field, Op};
use compeer_spaces::{
    ActError, ImportOptions, InvitationState, InviteRequest, IssueFilter, IssueSort, Kind, NewMessage, SpaceState,
};

use super::guests::{invite, terms, topic, until_in, with_room};
use super::peer::{LIMIT, Peer};

/// Waits until a space is called so, and still is after a look at all that has come.
async fn until_called(peer: &Peer, space: compeer_core::GroupId, name: &str) {
    peer.until(name, || async { peer.spaces.info(space).await.is_ok_and(|info| info.name == name) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_a_space_does_not_leave_guests_alone() {
    let (ann, gus) = (Peer::start("Ann").await, Peer::start("Gus").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    let thing = topic(&ann, space).await;
    let room = ann.spaces.open_room(space, thing).await.expect("a room");
    invite(&ann, room, &gus, Level::Write).await;
    until_in(&gus, room).await;
    for refused in [ann.spaces.leave(space).await, ann.spaces.remove(space, ann.person()).await] {
        assert!(matches!(refused, Err(ActError::GuestsLeft { guests: 1, rooms: 1 })), "{refused:?}");
    }
    assert_eq!(ann.spaces.info(space).await.expect("info").state, SpaceState::Active);
    gus.say(room, "still here").await;
    ann.hears(room, &["still here"]).await;
    // Once the guest is out, nothing is in the way.
    ann.spaces.remove(room, gus.person()).await.expect("removes");
    ann.spaces.leave(space).await.expect("leaves");
    assert!(ann.spaces.list().await.expect("lists").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_room_nobody_is_told_to_make_others_managers() {
    let (ann, gus) = (Peer::start("Ann").await, Peer::start("Gus").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    let thing = topic(&ann, space).await;
    let room = ann.spaces.open_room(space, thing).await.expect("a room");
    invite(&ann, room, &gus, Level::Write).await;
    // Ann is the only manager there, and none of the ways out of that exists in a room.
    for refused in [ann.spaces.leave(room).await, ann.spaces.set_level(room, ann.person(), Level::Read).await] {
        assert!(matches!(refused, Err(ActError::FollowsSpace)), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_goes_by_the_name_of_what_it_is_for() {
    let (ann, bo, space, thing, room) = with_room().await;
    let gus = Peer::start("Gus").await;
    invite(&ann, room, &gus, Level::Write).await;
    until_called(&gus, room, "Crane").await;
    // Bo only writes; the devices of managers have the room follow.
    bo.spaces.change_topic(space, thing, Some("Crane rails".into()), None).await.expect("renames");
    for peer in [&ann, &bo, &gus] {
        until_called(peer, room, "Crane rails").await;
    }
    let rooms = bo.spaces.guest_rooms(space).await.expect("rooms");
    assert_eq!(rooms[0].name, "Crane rails");
    let refused = ann.spaces.rename(room, "Other".into()).await;
    assert!(matches!(refused, Err(ActError::NamedBySpace)), "{refused:?}");

    // Two managers: both follow, and the last title is the name everywhere.
    ann.spaces.set_level(space, bo.person(), Level::Manage).await.expect("raises");
    bo.until("that Bo manages", || async {
        bo.spaces.info(room).await.is_ok_and(|info| info.level == Some(Level::Manage))
    })
    .await;
    let (one, other) = tokio::join!(
        ann.spaces.change_topic(space, thing, Some("Quay wall".into()), None),
        bo.spaces.change_topic(space, thing, Some("Quay walls".into()), None)
    );
    one.expect("renames");
    other.expect("renames");
    ann.spaces.change_topic(space, thing, Some("Berth 4".into()), None).await.expect("renames");
    for peer in [&ann, &bo, &gus] {
        until_called(peer, room, "Berth 4").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_of_a_room_is_named_with_it_and_by_no_guest() {
    let (ann, gus) = (Peer::start("Ann").await, Peer::start("Gus").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    let board = ann.spaces.create_board(space, "Plan".into()).await.expect("board").id;
    let room = ann.spaces.open_room(space, board).await.expect("a room");
    invite(&ann, room, &gus, Level::Write).await;
    gus.until("the board", || async {
        gus.spaces.info(room).await.is_ok_and(|info| info.room.is_some_and(|room| room.board.is_some()))
    })
    .await;
    let inner = gus.spaces.info(room).await.expect("info").room.and_then(|room| room.board).expect("a board");
    for refused in [
        gus.spaces.change_board(room, inner, Some("Mine".into()), None).await,
        gus.spaces.change_board(room, inner, None, Some(true)).await,
        ann.spaces.change_board(room, inner, Some("Mine".into()), None).await,
    ] {
        assert!(matches!(refused, Err(ActError::NamedBySpace)), "{refused:?}");
    }
    // A program of the guest's own says so all the same, and nobody takes it up.
    let fields = vec![Field::Title { text: "Mine".into() }, Field::Resolved { on: true }];
    gus.journal.append(room, Op::Set { object: inner, fields }.encode().expect("encodes")).await.expect("appends");
    let note = NewMessage { place: Some(inner), ..NewMessage::text("renamed it") };
    gus.spaces.send(room, note).await.expect("sends");
    ann.hears(room, &["renamed it"]).await;
    for peer in [&ann, &gus] {
        let boards = peer.spaces.boards(room).await.expect("boards");
        let seen: Vec<_> = boards.iter().map(|one| (one.id, one.title.as_deref(), one.archived)).collect();
        assert_eq!(seen, [(inner, Some("Plan"), false)]);
        let said = peer.log(room).await.pop().and_then(|message| message.place).expect("a place");
        assert_eq!(said.title.as_deref(), Some("Plan"));
    }
    ann.spaces.change_board(space, board, Some("Berth plan".into()), None).await.expect("renames");
    gus.until("the new name", || async {
        let boards = gus.spaces.boards(room).await.expect("boards");
        boards[0].title.as_deref() == Some("Berth plan") && !boards[0].archived
    })
    .await;
    // What is said in the room of a board without naming it is said at the board: there is nothing else.
    let said = gus.spaces.send(room, NewMessage::text("about this")).await.expect("sends");
    assert_eq!(said.place.map(|place| place.id), Some(inner));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_holds_one_thing_whoever_says_otherwise() {
    let (ann, bo, _, _, room) = with_room().await;
    let gus = Peer::start("Gus").await;
    invite(&ann, room, &gus, Level::Write).await;
    until_in(&gus, room).await;
    let title = || vec![Field::Title { text: "More".into() }];
    for peer in [&ann, &gus] {
        let spaces = &peer.spaces;
        let refused = [
            spaces.create_topic(room, "More".into()).await.err(),
            spaces.create_board(room, "More".into()).await.err(),
            spaces.create_page(room, "More".into(), None, String::new()).await.err(),
            spaces.create_issue(room, title()).await.err(),
            spaces.create_thing(room, Kind::Label, title()).await.err(),
            spaces.import_issues(room, "title\nMore\n", ImportOptions::default()).await.err(),
        ];
        assert!(refused.iter().all(|error| matches!(error, Some(ActError::OneThing))), "{refused:?}");
    }
    // A program of the guest's own makes them all the same, and says something there: nobody is shown any of it.
    let mut made = Vec::new();
    for kind in [Kind::Topic, Kind::Board, Kind::Page, Kind::Issue, Kind::Label] {
        let mut fields = title();
        fields.extend((kind == Kind::Issue).then_some(Field::Number { number: 1 }));
        let op = Op::Make { kind, fields }.encode().expect("encodes");
        made.push(gus.journal.append(room, op).await.expect("appends").hash);
    }
    for place in made.iter().copied().chain([EntryHash::from_bytes([5; 32])]) {
        let op = Op::Message { text: "aside".into(), nonce: None, file: None, reply: None, place: Some(place) };
        gus.journal.append(room, op.encode().expect("encodes")).await.expect("appends");
    }
    gus.say(room, "in the open").await;
    for peer in [&ann, &bo] {
        peer.hears(room, &["in the open"]).await;
        let spaces = &peer.spaces;
        let topics = spaces.topics(room).await.expect("topics");
        assert_eq!(topics.iter().map(|one| one.id).collect::<Vec<_>>(), [None], "the talk alone");
        assert!(spaces.boards(room).await.expect("boards").is_empty());
        assert!(spaces.pages(room).await.expect("pages").is_empty());
        let filter = IssueFilter { sort: IssueSort::Updated, limit: 10, ..IssueFilter::default() };
        assert!(spaces.issues(room, filter).await.expect("issues").0.is_empty());
        assert!(spaces.issue_setup(room).await.expect("setup").labels.is_empty());
        let info = spaces.info(room).await.expect("info");
        assert_eq!((info.unread, info.unread_boards, info.unread_pages, info.unread_issues), (1, 0, 0, 0));
        for place in &made {
            let said = NewMessage { place: Some(*place), ..NewMessage::text("me, too") };
            let refused = spaces.send(room, said).await;
            assert!(matches!(refused, Err(ActError::UnknownTopic)), "{refused:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_falls_with_whoever_made_it_and_says_so() {
    let (ann, bo, space, _, room) = with_room().await;
    ann.spaces.set_level(space, bo.person(), Level::Manage).await.expect("raises");
    bo.until("that Bo manages", || async {
        bo.spaces.info(room).await.is_ok_and(|info| info.level == Some(Level::Manage))
    })
    .await;
    let request = InviteRequest { uses: 5, ..terms(Level::Write) };
    let by_bo = bo.spaces.invite(room, request).await.expect("invitation");
    ann.until("Bo's invitation", || async {
        ann.spaces.guest_rooms(space).await.is_ok_and(|rooms| rooms[0].invitations.len() == 1)
    })
    .await;
    bo.spaces.leave(space).await.expect("leaves");
    ann.until("that it has fallen", || async {
        ann.spaces.guest_rooms(space).await.is_ok_and(|rooms| rooms[0].invitations.is_empty())
    })
    .await;
    let all = ann.spaces.invitations(room).await.expect("invitations");
    assert_eq!(all.iter().map(|one| one.state).collect::<Vec<_>>(), [InvitationState::Lapsed]);
    let gus = Peer::start("Gus").await;
    assert!(gus.spaces.join(&by_bo).await.is_err(), "it lets nobody in");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_by_an_invitation_is_not_told_that_it_is_used_up() {
    let (ann, _bo, _, _, room) = with_room().await;
    let gus = Peer::start("Gus").await;
    let invite = ann.spaces.invite(room, terms(Level::Write)).await.expect("invitation");
    assert_eq!(gus.spaces.join(&invite).await.expect("joins"), room);
    ann.spaces.set_level(room, gus.person(), Level::Read).await.expect("lowers");
    let again = tokio::time::timeout(LIMIT, gus.spaces.join(&invite)).await.expect("in time");
    assert_eq!(again.expect("is in already"), room);
    let members = ann.spaces.members(room).await.expect("members");
    let level = members.iter().find(|one| one.person == gus.person()).map(|one| one.level);
    assert_eq!(level, Some(Level::Read), "it gives nothing back");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_a_space_and_comes_back_has_its_rooms_again() {
    let (ann, bo, space, _, room) = with_room().await;
    bo.spaces.leave(space).await.expect("leaves");
    ann.until("that Bo is out of both", || async {
        let is_out = |members: Vec<compeer_spaces::MemberInfo>| members.iter().all(|one| one.person != bo.person());
        ann.spaces.members(space).await.is_ok_and(is_out) && ann.spaces.members(room).await.is_ok_and(is_out)
    })
    .await;
    bo.until("that nothing is on the list", || async { bo.spaces.list().await.is_ok_and(|list| list.is_empty()) })
        .await;
    let invite = ann.spaces.invite(space, terms(Level::Write)).await.expect("invitation");
    assert_eq!(bo.spaces.join(&invite).await.expect("joins"), space);
    until_in(&bo, room).await;
    bo.say(room, "back").await;
    ann.hears(room, &["back"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_archived_and_forgets_with_its_space() {
    let (ann, bo, space, _, room) = with_room().await;
    ann.spaces.set_retention(space, Some(90)).await.expect("sets");
    bo.until("the time in the room", || async {
        bo.spaces.info(room).await.is_ok_and(|info| info.retention.is_some_and(|time| time.days == 90))
    })
    .await;
    // A room that is made later has it from the beginning.
    let other = ann.spaces.open_room(space, topic(&ann, space).await).await.expect("a room");
    let days = |info: compeer_spaces::SpaceInfo| info.retention.map(|time| time.days);
    assert_eq!(days(ann.spaces.info(other).await.expect("info")), Some(90));
    ann.spaces.set_retention(space, None).await.expect("sets");
    for room in [room, other] {
        assert_eq!(days(ann.spaces.info(room).await.expect("info")), None);
    }
    // What is said of the room itself later counts there.
    ann.spaces.set_retention(other, Some(30)).await.expect("sets");
    bo.until("the room's own time", || async { bo.spaces.info(other).await.is_ok_and(|info| days(info) == Some(30)) })
        .await;

    ann.spaces.archive(space, true).await.expect("archives");
    bo.until("that nobody writes there", || async {
        matches!(bo.spaces.send(room, NewMessage::text("x")).await, Err(ActError::Archived))
    })
    .await;
    ann.spaces.archive(space, false).await.expect("restores");
    bo.until("that it is in use again", || async { bo.spaces.send(room, NewMessage::text("y")).await.is_ok() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_shut_out_of_a_space_is_a_guest_in_its_room() {
    let (ann, bo, space, _, room) = with_room().await;
    ann.spaces.remove(space, bo.person()).await.expect("removes");
    invite(&ann, room, &bo, Level::Write).await;
    ann.say(room, "welcome back").await;
    bo.hears(room, &["welcome back"]).await;
    // Nobody tells him of the removal; that those online do not share the space with him is noticed above.
    bo.spaces.set_shut_out(space, true);
    let info = bo.spaces.info(room).await.expect("info").room.expect("a room");
    assert_eq!((info.parent, info.thing, info.guests), (None, None, 1));
    let members = bo.spaces.members(room).await.expect("members");
    assert!(members.iter().all(|one| one.guest == one.me), "{members:?}");
}
