//! Guests between real peers: what they see and what they do not, who comes into rooms and who goes, and what somebody makes of
//! that who means no good.

use compeer_core::group::{Level, Member};
use compeer_core::{EntryHash, GroupId};
use compeer_spaces::model::{Field, Op, room_tag};
use compeer_spaces::{ActError, InvitationState, InviteRequest, Kind, NewMessage, SpaceState, SpacesEvent};

use super::peer::{LIMIT, Peer};

const SECRET: &str = "the words of the parent, XW4MR9";
const PARENT: &str = "Harbour Quay ZJ6TL3";

pub(crate) fn terms(level: Level) -> InviteRequest {
    InviteRequest { level, expires_in: 3_600_000, uses: 1 }
}

/// Lets a guest into a room.
pub(crate) async fn invite(from: &Peer, room: GroupId, guest: &Peer, level: Level) {
    let invite = from.spaces.invite(room, terms(level)).await.expect("invitation");
    let joined = tokio::time::timeout(LIMIT, guest.spaces.join(&invite)).await.expect("in time").expect("joins");
    assert_eq!(joined, room);
}

pub(crate) async fn topic(peer: &Peer, space: GroupId) -> EntryHash {
    peer.spaces.create_topic(space, "Crane".into()).await.expect("topic").id.expect("an id")
}

/// Who is in a space and with what level, guests with a mark, by name.
async fn people(peer: &Peer, space: GroupId) -> Vec<String> {
    let members = peer.spaces.members(space).await.unwrap_or_default();
    let word = |guest| if guest { " as a guest" } else { "" };
    let mut people: Vec<_> =
        members.iter().map(|one| format!("{} {:?}{}", one.name, one.level, word(one.guest))).collect();
    people.sort();
    people
}

async fn until_people(peer: &Peer, space: GroupId, expected: &[&str]) {
    peer.until(&format!("{expected:?}"), || async { people(peer, space).await == expected }).await;
}

/// Waits until somebody is in a room, with its content.
pub(crate) async fn until_in(peer: &Peer, room: GroupId) {
    peer.until("the room", || async {
        peer.spaces.info(room).await.is_ok_and(|info| info.state == SpaceState::Active && info.room.is_some())
    })
    .await;
}

async fn until_out(peer: &Peer, room: GroupId, of: &Peer) {
    peer.until("that they are out", || async {
        peer.spaces.members(room).await.is_ok_and(|all| all.iter().all(|one| one.person != of.person()))
    })
    .await;
}

/// A space of Ann's, with Bo in it, and the room of its topic.
pub(crate) async fn with_room() -> (Peer, Peer, GroupId, EntryHash, GroupId) {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create(PARENT.into()).await.expect("space");
    ann.say(space, SECRET).await;
    ann.bring(space, &bo, Level::Write).await;
    bo.hears(space, &[SECRET]).await;
    let topic = topic(&ann, space).await;
    let room = ann.spaces.open_room(space, topic).await.expect("a room");
    until_in(&bo, room).await;
    (ann, bo, space, topic, room)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_takes_part_in_a_room_and_sees_nothing_of_its_space() {
    let (ann, bo, space, thing, room) = with_room().await;
    let gus = Peer::start("Gus").await;
    assert_eq!(ann.spaces.open_room(space, thing).await.expect("the same"), room, "asking twice makes one");
    invite(&ann, room, &gus, Level::Write).await;
    until_in(&gus, room).await;
    gus.say(room, "hello from outside").await;
    for peer in [&ann, &bo] {
        peer.hears(room, &["hello from outside"]).await;
        until_people(peer, room, &["Ann Manage", "Bo Write", "Gus Write as a guest"]).await;
        let log = peer.log(room).await;
        assert!(log.iter().any(|message| message.guest && message.author_name == "Gus"), "{log:?}");
        let info = peer.spaces.info(room).await.expect("info");
        let what = info.room.expect("a room");
        assert_eq!((what.kind, what.parent, what.thing, what.guests), (Kind::Topic, Some(space), Some(thing), 1));
        assert_eq!(info.name, "Crane");
    }
    bo.say(room, "hello from inside").await;
    gus.hears(room, &["hello from inside"]).await;
    until_people(&gus, room, &["Ann Manage", "Bo Write", "Gus Write as a guest"]).await;
    assert!(gus.log(room).await.iter().all(|message| message.guest == (message.author_name == "Gus")));
    let info = gus.spaces.info(room).await.expect("info").room.expect("a room");
    assert_eq!((info.parent, info.thing), (None, None), "a guest is told of no parent");

    // Not a byte of the space is on the guest's disk, in whatever form it would be kept.
    gus.meets(&bo).await;
    let spaces: Vec<_> = gus.spaces.list().await.expect("lists").into_iter().map(|info| info.space).collect();
    assert_eq!(spaces, [room]);
    assert!(!gus.keeps(&space.to_string()));
    for trace in [SECRET.as_bytes(), PARENT.as_bytes(), space.as_bytes(), thing.as_bytes()] {
        assert!(!gus.keeps_bytes(trace), "{}", String::from_utf8_lossy(trace));
        assert!(bo.keeps_bytes(trace), "the search finds what is there");
    }

    // Guests never manage, and members follow the space.
    let refused = ann.spaces.invite(room, terms(Level::Manage)).await;
    assert!(matches!(refused, Err(ActError::GuestsManageNothing)), "{refused:?}");
    let refused = ann.spaces.set_level(room, gus.person(), Level::Manage).await;
    assert!(matches!(refused, Err(ActError::GuestsManageNothing)), "{refused:?}");
    for refused in [
        ann.spaces.set_level(room, bo.person(), Level::Read).await,
        ann.spaces.remove(room, bo.person()).await,
        bo.spaces.leave(room).await,
    ] {
        assert!(matches!(refused, Err(ActError::FollowsSpace)), "{refused:?}");
    }
    ann.spaces.set_level(room, gus.person(), Level::Read).await.expect("lowers");
    gus.until("that it only reads", || async {
        matches!(gus.spaces.send(room, NewMessage::text("x")).await, Err(ActError::NeedsWrite))
    })
    .await;
    ann.spaces.remove(room, gus.person()).await.expect("removes");
    until_people(&bo, room, &["Ann Manage", "Bo Write"]).await;
    // What a guest said is a guest's still.
    assert!(bo.log(room).await.iter().any(|message| message.guest && message.author == gus.person()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_of_a_board_has_one_and_invitations_are_listed_and_closed() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create(PARENT.into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let board = ann.spaces.create_board(space, "Plan".into()).await.expect("board").id;
    bo.until("the board", || async { bo.spaces.board(space, board).await.is_ok() }).await;
    let refused = bo.spaces.open_room(space, board).await;
    assert!(matches!(refused, Err(ActError::NeedsManage)), "{refused:?}");
    let room = ann.spaces.open_room(space, board).await.expect("a room");
    until_in(&bo, room).await;
    let info = bo.spaces.info(room).await.expect("info").room.expect("a room");
    let inner = info.board.expect("a board in it");
    assert_ne!(inner, board);
    let boards = bo.spaces.boards(room).await.expect("boards");
    assert_eq!(boards.iter().map(|one| (one.id, one.title.as_deref())).collect::<Vec<_>>(), [(inner, Some("Plan"))]);

    let invite = ann.spaces.invite(room, terms(Level::Read)).await.expect("invitation");
    let rooms = ann.spaces.guest_rooms(space).await.expect("rooms");
    let [listed] = &rooms[..] else { panic!("{rooms:?}") };
    assert_eq!((listed.room, listed.thing, listed.kind), (room, board, Kind::Board));
    assert_eq!(listed.guests.len(), 0);
    let [open] = &listed.invitations[..] else { panic!("{:?}", listed.invitations) };
    assert_eq!((open.id, open.level, open.state), (invite.terms.key, Level::Read, InvitationState::Open));
    ann.spaces.revoke(room, open.id).await.expect("closes");
    assert!(ann.spaces.guest_rooms(space).await.expect("rooms")[0].invitations.is_empty());
    let gus = Peer::start("Gus").await;
    assert!(gus.spaces.join(&invite).await.is_err(), "it lets nobody in");

    // A room has no rooms, and neither has a direct talk.
    let refused = ann.spaces.open_room(room, inner).await;
    assert!(matches!(refused, Err(ActError::NoRooms)), "{refused:?}");
    let refused = ann.spaces.open_room(space, EntryHash::from_bytes([9; 32])).await;
    assert!(matches!(refused, Err(ActError::UnknownTopic)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_into_a_space_comes_into_its_rooms_and_who_goes_goes() {
    let (ann, bo, space, _, room) = with_room().await;
    let (cy, gus) = (Peer::start("Cy").await, Peer::start("Gus").await);
    ann.say(room, "said before Cy").await;
    invite(&ann, room, &gus, Level::Read).await;
    ann.bring(space, &cy, Level::Write).await;
    until_in(&cy, room).await;
    cy.hears(room, &["said before Cy"]).await;
    until_people(&bo, room, &["Ann Manage", "Bo Write", "Cy Write", "Gus Read as a guest"]).await;
    cy.say(room, "hello from Cy").await;
    bo.hears(room, &["hello from Cy"]).await;

    // Levels follow at once where they were given.
    ann.spaces.set_level(space, bo.person(), Level::Manage).await.expect("raises");
    until_people(&cy, room, &["Ann Manage", "Bo Manage", "Cy Write", "Gus Read as a guest"]).await;
    ann.spaces.set_level(space, bo.person(), Level::Read).await.expect("lowers");
    until_people(&cy, room, &["Ann Manage", "Bo Read", "Cy Write", "Gus Read as a guest"]).await;

    ann.spaces.remove(space, cy.person()).await.expect("removes");
    until_people(&bo, room, &["Ann Manage", "Bo Read", "Gus Read as a guest"]).await;
    ann.say(room, "said after Cy").await;
    bo.hears(room, &["said after Cy"]).await;
    assert!(!cy.texts(room).await.contains(&"said after Cy".to_owned()));

    // Who was removed comes back into the rooms with the space, and as a guest with a new invitation alone.
    ann.bring(space, &cy, Level::Write).await;
    cy.hears(room, &["said after Cy"]).await;
    bo.spaces.leave(space).await.expect("leaves");
    bo.until("that the room is gone, too", || async { bo.spaces.list().await.is_ok_and(|all| all.is_empty()) }).await;
    until_people(&cy, room, &["Ann Manage", "Cy Write", "Gus Read as a guest"]).await;
    ann.spaces.remove(space, cy.person()).await.expect("removes");
    until_people(&ann, room, &["Ann Manage", "Gus Read as a guest"]).await;
    invite(&ann, room, &cy, Level::Write).await;
    until_people(&ann, room, &["Ann Manage", "Cy Write as a guest", "Gus Read as a guest"]).await;
    cy.say(room, "back as a guest").await;
    ann.hears(room, &["back as a guest"]).await;
    until_people(&ann, room, &["Ann Manage", "Cy Write as a guest", "Gus Read as a guest"]).await;

    // A guest who becomes a member and is removed is no guest any more.
    ann.bring(space, &gus, Level::Write).await;
    until_people(&ann, room, &["Ann Manage", "Cy Write as a guest", "Gus Write"]).await;
    gus.hears(space, &[SECRET]).await;
    ann.until("Gus's own name in the space", || async {
        ann.spaces.members(space).await.is_ok_and(|all| all.iter().any(|one| one.name == "Gus"))
    })
    .await;
    ann.spaces.remove(space, gus.person()).await.expect("removes");
    until_people(&ann, room, &["Ann Manage", "Cy Write as a guest"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_space_ends_its_rooms() {
    let (ann, bo, space, thing, room) = with_room().await;
    let gus = Peer::start("Gus").await;
    invite(&ann, room, &gus, Level::Write).await;
    // A room that ended is off the list of the space, and there can be another one.
    ann.spaces.end(room).await.expect("ends");
    gus.until("the end", || async { gus.spaces.info(room).await.is_ok_and(|info| info.state == SpaceState::Ended) })
        .await;
    let another = ann.spaces.open_room(space, thing).await.expect("another room");
    assert_ne!(another, room);
    until_in(&bo, another).await;
    let rooms = bo.spaces.guest_rooms(space).await.expect("rooms");
    assert_eq!(rooms.iter().map(|listed| listed.room).collect::<Vec<_>>(), [another]);
    // A newcomer hears only of the one that is there.
    let cy = Peer::start("Cy").await;
    ann.bring(space, &cy, Level::Write).await;
    until_in(&cy, another).await;
    assert!(cy.journal.topic(&room).is_none());

    invite(&ann, another, &gus, Level::Write).await;
    until_in(&gus, another).await;
    ann.spaces.end(space).await.expect("ends");
    for peer in [&bo, &cy, &gus] {
        peer.until("the end of the room", || async {
            peer.spaces.info(another).await.map_or(true, |info| info.state == SpaceState::Ended)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_space_ends_rooms_that_whoever_ended_it_was_not_in() {
    let (ann, bo, space, _, room) = with_room().await;
    ann.spaces.set_level(space, bo.person(), Level::Manage).await.expect("raises");
    bo.until("that Bo manages", || async {
        bo.spaces.info(room).await.is_ok_and(|info| info.level == Some(Level::Manage))
    })
    .await;
    let ann = ann.stop().await;
    // The journal alone is asked: nobody's program ends the room along with it.
    bo.journal.end(space).await.expect("ends");
    let ann = ann.start().await;
    for peer in [&ann, &bo] {
        peer.until("the end of the room", || async {
            peer.spaces.info(room).await.map_or(true, |info| info.state == SpaceState::Ended)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_managers_let_in_and_take_out_at_once() {
    let (ann, bo, space, _, room) = with_room().await;
    ann.spaces.set_level(space, bo.person(), Level::Manage).await.expect("raises");
    bo.until("that Bo manages", || async {
        bo.spaces.info(room).await.is_ok_and(|info| info.level == Some(Level::Manage))
    })
    .await;
    let (cy, di) = (Peer::start("Cy").await, Peer::start("Di").await);
    // Each lets in somebody, and the other's device hears of it as soon; both see to the room.
    tokio::join!(ann.bring(space, &cy, Level::Write), bo.bring(space, &di, Level::Write));
    for peer in [&ann, &bo, &cy, &di] {
        until_people(peer, room, &["Ann Manage", "Bo Manage", "Cy Write", "Di Write"]).await;
    }
    cy.say(room, "from Cy").await;
    di.hears(room, &["from Cy"]).await;
    // Both do the same to one person at the same time.
    let (one, other) = tokio::join!(
        ann.journal.set_member(space, Member::Group(cy.person()), None, None),
        bo.journal.set_member(space, Member::Group(cy.person()), None, None)
    );
    one.expect("removes");
    other.expect("removes");
    for peer in [&ann, &bo, &di] {
        until_out(peer, room, &cy).await;
    }
    di.say(room, "after Cy").await;
    for peer in [&ann, &bo] {
        peer.hears(room, &["after Cy"]).await;
        until_people(peer, room, &["Ann Manage", "Bo Manage", "Di Write"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_manage_makes_no_rooms_and_brings_nobody_into_one() {
    let (ann, mallory, space, thing, room) = with_room().await;
    let gus = Peer::start("Gus").await;
    // A space of Mallory's that says it is a room, with Ann put in by Mallory, and listed by her in the space.
    let trap = mallory.spaces.create("Trap".into()).await.expect("space");
    let says = Op::Room { kind: Kind::Topic, parent: room_tag(&space, &trap) };
    mallory.journal.append(trap, says.encode().expect("encodes")).await.expect("appends");
    mallory.journal.set_member(trap, Member::Group(ann.person()), Some(Level::Write), None).await.expect("adds");
    let fields = vec![Field::Room { room: trap }, Field::RoomOf { thing: Some(thing) }];
    let list = Op::Make { kind: Kind::Room, fields };
    let mut events = ann.spaces.events();
    mallory.journal.append(space, list.encode().expect("encodes")).await.expect("appends");
    let told = async {
        loop {
            if let SpacesEvent::Nonsense { device, what, .. } = events.recv().await.expect("events") {
                assert_eq!(device, mallory.journal.device());
                return what;
            }
        }
    };
    let what = tokio::time::timeout(LIMIT, told).await.expect("a recorded problem");
    assert!(what.contains("without being a manager"), "{what}");
    // She lists that the room has ended, too, and who is let in is as before.
    let listed = ann.spaces.guest_rooms(space).await.expect("rooms");
    assert_eq!(listed.iter().map(|listed| listed.room).collect::<Vec<_>>(), [room]);
    let refused = mallory.spaces.invite(room, terms(Level::Write)).await;
    assert!(matches!(refused, Err(ActError::NeedsManage)), "{refused:?}");
    let refused = mallory.journal.set_member(room, Member::Group(gus.person()), Some(Level::Write), None).await;
    assert!(refused.is_err(), "{refused:?}");
    ann.say(space, "after the trap").await;
    mallory.hears(space, &["after the trap"]).await;
    assert!(ann.journal.topic(&trap).is_none(), "Ann takes no part in it");
    assert_eq!(people(&ann, room).await, ["Ann Manage", "Bo Write"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_room_harms_nobody() {
    // Mallory manages a space of her own, in which Ann is; and is in a space of Ann's.
    let (ann, mallory) = (Peer::start("Ann").await, Peer::start("Mallory").await);
    let private = ann.spaces.create("Private".into()).await.expect("space");
    ann.say(private, SECRET).await;
    let lure = mallory.spaces.create("Lure".into()).await.expect("space");
    mallory.bring(lure, &ann, Level::Manage).await;
    let thing = topic(&mallory, lure).await;
    let (other, trap) = (topic(&mallory, lure).await, mallory.spaces.create("Trap".into()).await.expect("space"));
    mallory.journal.set_member(trap, Member::Group(ann.person()), Some(Level::Write), None).await.expect("adds");
    // She lists a space of Ann's, Ann herself, nothing at all, and a space that does not say it is a room.
    let made_up = [private, ann.person(), GroupId::from_bytes([7; 32]), trap];
    for room in made_up {
        let fields = vec![Field::Room { room }, Field::RoomOf { thing: Some(thing) }];
        let list = Op::Make { kind: Kind::Room, fields };
        mallory.journal.append(lure, list.encode().expect("encodes")).await.expect("appends");
    }
    mallory.say(lure, "listed").await;
    ann.hears(lure, &["listed"]).await;
    // What is no room is left again, and nothing else has changed.
    mallory
        .until("that Ann is out of it", || async { mallory.spaces.members(trap).await.is_ok_and(|all| all.len() == 1) })
        .await;
    // A real room works all the same.
    let room = mallory.spaces.open_room(lure, other).await.expect("a room");
    until_in(&ann, room).await;
    ann.until("that the trap is gone", || async { ann.spaces.info(trap).await.is_err() }).await;
    assert_eq!(people(&ann, private).await, ["Ann Manage"]);
    assert_eq!(ann.texts(private).await, [SECRET]);
    assert!(ann.journal.rules(&ann.person()).expect("there").level(&ann.journal.device()).is_some());
    assert!(ann.spaces.info(private).await.expect("info").room.is_none());
    let listed = ann.spaces.guest_rooms(lure).await.expect("rooms");
    assert_eq!(listed.iter().map(|listed| listed.room).collect::<Vec<_>>(), [room]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_of_another_space_cannot_be_claimed() {
    // Ann manages two spaces; Mallory manages the second, too, and is a guest in a room of the first.
    let (ann, bo, _, _, room) = with_room().await;
    let (mallory, eve) = (Peer::start("Mallory").await, Peer::start("Eve").await);
    invite(&ann, room, &mallory, Level::Write).await;
    let lure = ann.spaces.create("Lure".into()).await.expect("space");
    ann.bring(lure, &mallory, Level::Manage).await;
    ann.bring(lure, &eve, Level::Write).await;
    let thing = topic(&mallory, lure).await;
    let fields = vec![Field::Room { room }, Field::RoomOf { thing: Some(thing) }];
    let list = Op::Make { kind: Kind::Room, fields };
    mallory.journal.append(lure, list.encode().expect("encodes")).await.expect("appends");
    mallory.say(lure, "listed").await;
    ann.hears(lure, &["listed"]).await;
    eve.hears(lure, &["listed"]).await;
    // Ann's device, which manages both, takes nobody out of the room and lets nobody in.
    let another = ann.spaces.open_room(lure, topic(&ann, lure).await).await.expect("a room");
    until_in(&eve, another).await;
    assert_eq!(people(&ann, room).await, ["Ann Manage", "Bo Write", "Mallory Write as a guest"]);
    bo.say(room, "still here").await;
    mallory.hears(room, &["still here"]).await;
    assert!(eve.spaces.info(room).await.is_err());
}
