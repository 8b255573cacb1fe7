//! Spaces between real peers: each has its own journal, blobs and endpoint; they meet over links on loopback.

mod boards;
mod deleted;
mod direct;
mod ends;
mod export;
mod guests;
mod imports;
mod issues;
mod messages;
mod names;
mod page_worker;
mod pages;
mod partitions;
mod peer;
mod presence;
mod pruning;
mod retention;
mod rooms;
mod squashed;
mod undelivered;

use compeer_core::group::Level;
use compeer_spaces::model::Op;
use compeer_spaces::{
    ActError, At, FileState, InvitationState, InviteRequest, JoinSpaceError, Listed, MessageState, NewMessage,
    SpaceState, TransferId,
};

use peer::{LIMIT, Peer};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_open_a_space_and_talk() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Harbour Quay".into()).await.expect("space");
    let first = ann.say(space, "before you came").await;
    assert_eq!(ann.log(space).await[0].state, MessageState::Waiting, "nobody else is there yet");
    ann.bring(space, &bo, Level::Write).await;
    bo.hears(space, &["before you came"]).await;
    bo.say(space, "hello Ann").await;
    ann.hears(space, &["hello Ann"]).await;

    // Names travel, and so does the news of who holds what.
    bo.until("the space's name", || async {
        bo.spaces.info(space).await.is_ok_and(|info| info.name == "Harbour Quay" && info.state == SpaceState::Active)
    })
    .await;
    ann.until("Bo's name", || async { ann.log(space).await.iter().any(|message| message.author_name == "Bo") }).await;
    ann.until("that Bo holds it", || async {
        ann.log(space).await.iter().all(|message| message.state == MessageState::Held && message.held_by == 2)
    })
    .await;
    let holders = ann.spaces.message_holders(space, first).await.expect("holders");
    assert!(holders.iter().all(|holder| holder.holds), "{holders:?}");

    // Unread counts what others wrote, and goes when it is read.
    let info = ann.spaces.info(space).await.expect("info");
    assert_eq!((info.unread, info.members, info.here_now, info.waiting), (1, 2, 2, 0));
    let last = ann.log(space).await.pop().expect("a message");
    ann.spaces.mark_read(space, At::Anywhere, last.id).await.expect("marks");
    assert_eq!(ann.spaces.info(space).await.expect("info").unread, 0);
    ann.spaces.mark_read(space, At::Anywhere, first).await.expect("marks");
    assert_eq!(ann.spaces.info(space).await.expect("info").unread, 0, "a marker never moves back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_survives_anyones_absence() {
    let (ann, bo, cy) = (Peer::start("Ann").await, Peer::start("Bo").await, Peer::start("Cy").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Manage).await;
    ann.bring(space, &cy, Level::Write).await;
    ann.say(space, "one").await;
    bo.hears(space, &["one"]).await;
    cy.hears(space, &["one"]).await;

    bo.meets(&cy).await;

    // The founder goes; the others go on, and a manager who is left brings somebody new.
    let ann = ann.stop().await;
    bo.say(space, "two").await;
    cy.hears(space, &["two"]).await;
    let dee = Peer::start("Dee").await;
    bo.bring(space, &dee, Level::Write).await;
    dee.hears(space, &["one", "two"]).await;
    dee.say(space, "three").await;
    cy.hears(space, &["three"]).await;

    // She comes back to everything, and everybody sees what she wrote.
    let ann = ann.start().await;
    ann.hears(space, &["one", "two", "three"]).await;
    ann.say(space, "four").await;
    dee.hears(space, &["four"]).await;
    let everywhere = ann.texts(space).await;
    for peer in [&bo, &cy, &dee] {
        peer.hears(space, &["four"]).await;
        assert_eq!(peer.texts(space).await, everywhere);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_member_reads_nothing_new() {
    let (ann, bo, cy) = (Peer::start("Ann").await, Peer::start("Bo").await, Peer::start("Cy").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    ann.bring(space, &cy, Level::Write).await;
    ann.say(space, "for all").await;
    bo.hears(space, &["for all"]).await;
    cy.hears(space, &["for all"]).await;
    ann.spaces.remove(space, cy.person()).await.expect("removes");
    ann.say(space, "not for Cy").await;
    bo.hears(space, &["not for Cy"]).await;
    assert!(!cy.texts(space).await.contains(&"not for Cy".to_owned()));
    bo.until("that Cy is out", || async { bo.spaces.members(space).await.is_ok_and(|members| members.len() == 2) })
        .await;
    let forbidden = bo.spaces.remove(space, ann.person()).await;
    assert!(matches!(forbidden, Err(ActError::NeedsManage)), "{forbidden:?}");
    let last = ann.spaces.set_level(space, ann.person(), Level::Write).await;
    assert!(matches!(last, Err(ActError::LastManager)), "{last:?}");
}

/// Nobody tells them that they are out, so they may think that they are in; a new invitation counts all the same.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_removed_comes_back_by_a_new_invitation() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    ann.say(space, "with Bo").await;
    bo.hears(space, &["with Bo"]).await;
    ann.spaces.remove(space, bo.person()).await.expect("removes");
    ann.say(space, "without Bo").await;
    ann.bring(space, &bo, Level::Write).await;
    ann.say(space, "with Bo again").await;
    bo.hears(space, &["with Bo again"]).await;
    bo.say(space, "I am back").await;
    ann.hears(space, &["I am back"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_reaches_who_was_away() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let kept = ann.spaces.create("Kept".into()).await.expect("space");
    ann.bring(kept, &bo, Level::Write).await;
    let over = ann.spaces.create("Over".into()).await.expect("space");
    ann.bring(over, &bo, Level::Write).await;
    ann.say(over, "before").await;
    bo.hears(over, &["before"]).await;
    let bo = bo.stop().await;
    ann.spaces.end(over).await.expect("ends");
    let bo = bo.start().await;
    bo.until("the end", || async { bo.spaces.info(over).await.is_ok_and(|info| info.state == SpaceState::Ended) })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_run_out() {
    let (ann, bo, cy) = (Peer::start("Ann").await, Peer::start("Bo").await, Peer::start("Cy").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    let once = InviteRequest { level: Level::Read, expires_in: 600_000, uses: 1 };
    let invite = ann.spaces.invite(space, once).await.expect("invitation");
    assert_eq!(bo.spaces.join(&invite).await.expect("joins"), space);
    assert_eq!(bo.spaces.join(&invite).await.expect("is in already"), space);
    let used = cy.spaces.join(&invite).await;
    assert!(matches!(used, Err(JoinSpaceError::Join(_))), "{used:?}");
    let revoked = ann.spaces.invite(space, once).await.expect("invitation");
    ann.spaces.revoke(space, revoked.terms.key).await.expect("revokes");
    assert!(cy.spaces.join(&revoked).await.is_err());
    let states: Vec<_> = ann.spaces.invitations(space).await.expect("list").into_iter().map(|one| one.state).collect();
    assert!(states.contains(&InvitationState::Used) && states.contains(&InvitationState::Revoked), "{states:?}");
    let forever = InviteRequest { expires_in: u64::MAX, ..once };
    assert!(matches!(ann.spaces.invite(space, forever).await, Err(ActError::BadTerms)));
    // Who may only read is told so before anything is written.
    let mute = bo.spaces.send(space, NewMessage::text("hm")).await;
    assert!(matches!(mute, Err(ActError::NeedsWrite)), "{mute:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_straight_from_disk_to_disk() {
    let (ann, bo, cy) = (Peer::start("Ann").await, Peer::start("Bo").await, Peer::start("Cy").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    ann.bring(space, &cy, Level::Write).await;
    let folder = ann.path("drawings");
    std::fs::create_dir_all(folder.join("deep")).expect("folder");
    let big: Vec<u8> = (0..5_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    std::fs::write(folder.join("plan.dwg"), &big).expect("file");
    for n in 0..50 {
        std::fs::write(folder.join(format!("deep/note {n}.txt")), format!("note {n}")).expect("file");
    }
    let listed = ann.spaces.put(space, vec![folder.clone()]).await.expect("lists");
    assert_eq!((listed.files.len(), listed.left_out.count), (51, 0));
    assert!(listed.files.iter().all(|(file, how)| file.state == FileState::Here && *how == Listed::New));
    bo.until("the list", || async { bo.spaces.files(space).await.is_ok_and(|files| files.len() == 51) }).await;

    let files = bo.spaces.files(space).await.expect("files");
    assert!(files.iter().all(|file| file.state == FileState::Remote && file.holders == vec![ann.person()]));
    let to = bo.path("got");
    let ids = files.iter().map(|file| file.id).collect();
    bo.spaces.fetch_all(space, ids, Some(to.clone())).await.expect("asks");
    for file in &files {
        let id = TransferId { space, file: file.id };
        let got = tokio::time::timeout(LIMIT, bo.spaces.fetched(id)).await.expect("in time").expect("known");
        assert_eq!(got, Ok(to.join(&file.name)));
    }
    assert_eq!(std::fs::read(to.join("drawings/plan.dwg")).expect("here"), big);
    assert_eq!(std::fs::read(to.join("drawings/deep/note 7.txt")).expect("here"), b"note 7");

    // Now two people have it; the third gets it although the first is gone.
    cy.until("that Bo holds all", || async {
        cy.spaces.files(space).await.is_ok_and(|files| files.iter().all(|file| file.holders.contains(&bo.person())))
    })
    .await;
    cy.meets(&bo).await;
    let _gone = ann.stop().await;
    let plan = files.iter().find(|file| file.name.ends_with("plan.dwg")).expect("listed");
    cy.spaces.fetch(space, plan.id, None).await.expect("asks");
    let id = TransferId { space, file: plan.id };
    let path =
        tokio::time::timeout(LIMIT, cy.spaces.fetched(id)).await.expect("in time").expect("known").expect("whole");
    assert_eq!(std::fs::read(path).expect("here"), big);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_waits_for_whoever_has_it_and_survives_a_restart() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let file = ann.path("report.pdf");
    std::fs::write(&file, vec![7; 3_000_000]).expect("file");
    let listed = ann.spaces.put(space, vec![file]).await.expect("lists").files.remove(0).0;
    bo.until("the list", || async { bo.spaces.files(space).await.is_ok_and(|files| files.len() == 1) }).await;
    let ann = ann.stop().await;
    let to = bo.path("got");
    bo.spaces.fetch(space, listed.id, Some(to.clone())).await.expect("asks");
    let bo = bo.stop().await.start().await;
    let ann = ann.start().await;
    let id = TransferId { space, file: listed.id };
    bo.until("the file", || async { to.join("report.pdf").exists() }).await;
    assert!(bo.spaces.transfers().iter().any(|transfer| transfer.id == id));

    // A file that is saved anew under its name replaces the earlier listing; taken off the list, it is gone for all.
    let file = ann.path("report.pdf");
    std::fs::write(&file, vec![8; 10]).expect("file");
    let again = ann.spaces.put(space, vec![file]).await.expect("lists").files.remove(0).0;
    assert_ne!(again.id, listed.id);
    bo.until("the new one", || async {
        bo.spaces.files(space).await.is_ok_and(|files| files.len() == 1 && files[0].id == again.id)
    })
    .await;
    let forbidden = bo.spaces.unlist(space, again.id).await;
    assert!(matches!(forbidden, Err(ActError::NeedsManage)), "{forbidden:?}");
    ann.spaces.unlist(space, again.id).await.expect("unlists");
    bo.until("an empty list", || async { bo.spaces.files(space).await.is_ok_and(|files| files.is_empty()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_is_served_only_to_those_who_may_read_it() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let (shared, private) = (
        ann.spaces.create("Shared".into()).await.expect("space"),
        ann.spaces.create("Private".into()).await.expect("space"),
    );
    ann.bring(shared, &bo, Level::Write).await;
    std::fs::write(ann.path("secret.txt"), "secret").expect("file");
    let secret = ann.spaces.put(private, vec![ann.path("secret.txt")]).await.expect("lists").files.remove(0).0;
    let device = bo.journal.device();
    let may_read = || ann.spaces.may_read_blobs(&device, &[secret.blob]) == [true];
    assert!(!may_read());

    // Bo has learned the hash and lists it where he may read: that opens nothing on Ann's disk.
    let claim = Op::File { name: "mine.txt".into(), size: 6, blob: secret.blob };
    bo.journal.append(shared, claim.encode().expect("encodes")).await.expect("lists");
    ann.until("Bo's claim", || async { ann.spaces.files(shared).await.is_ok_and(|files| files.len() == 1) }).await;
    assert!(!may_read());

    // Offered by Ann herself, it does.
    ann.spaces.put(shared, vec![ann.path("secret.txt")]).await.expect("lists");
    assert!(may_read());
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_and_ending() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let alone = ann.spaces.leave(space).await;
    assert!(matches!(alone, Err(ActError::LastManager)), "{alone:?}");
    let mut changes = bo.journal.subscribe();
    bo.spaces.leave(space).await.expect("leaves");
    assert!(bo.spaces.list().await.expect("list").is_empty());
    ann.until("that Bo left", || async { ann.spaces.members(space).await.is_ok_and(|members| members.len() == 1) })
        .await;
    let forgotten = async {
        while bo.journal.topic(&space).is_some() {
            assert!(changes.recv().await.is_ok());
        }
    };
    tokio::time::timeout(LIMIT, forgotten).await.expect("off the disk in time");

    let second = ann.spaces.create("Short".into()).await.expect("space");
    ann.bring(second, &bo, Level::Write).await;
    ann.spaces.end(second).await.expect("ends");
    bo.until("the end", || async { bo.spaces.info(second).await.is_ok_and(|info| info.state == SpaceState::Ended) })
        .await;
    let over = bo.spaces.send(second, NewMessage::text("hello?")).await;
    assert!(matches!(over, Err(ActError::Over)), "{over:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_was_cut_off_leaves_nothing_behind() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    // As if Bo's computer had stopped with the first entries here, before anybody had let it in.
    bo.journal.adopt(space).await.expect("adopts");
    let author = ann.journal.device();
    let run = ann.journal.run(&space, &author, 0, 1, 1 << 20).expect("reads");
    bo.journal.ingest(author, vec![run]).await.expect("takes");
    let bo = bo.stop().await.start().await;
    assert_eq!(bo.spaces.list().await.expect("lists"), []);
    assert!(bo.journal.topic(&space).is_none());
    ann.bring(space, &bo, Level::Write).await;
    ann.say(space, "welcome").await;
    bo.hears(space, &["welcome"]).await;
    // Who has been in and was removed keeps what there was.
    ann.spaces.remove(space, bo.person()).await.expect("removes");
    ann.say(space, "without Bo").await;
    let bo = bo.stop().await.start().await;
    assert_eq!(bo.spaces.list().await.expect("lists").len(), 1);
}
