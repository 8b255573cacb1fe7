//! Direct talks between real peers, and what somebody makes of them who means no good.

use std::time::Duration;

use compeer_core::group::Level;
use compeer_spaces::{InviteRequest, PRESENCE, SpacesEvent};
use minicbor::Encode;

use super::peer::{LIMIT, Peer};

/// The sign that brings somebody into a direct talk, as a modified program may write it.
#[derive(Encode)]
enum Sign {
    #[n(2)]
    Welcome {
        #[n(0)]
        invite: String,
    },
}

async fn welcome(from: &Peer, to: &Peer, invite: String) {
    let link = from.mesh.link(to.journal.device()).expect("a link");
    let (mut send, _recv) = link.open(PRESENCE).await.expect("a stream");
    send.write_all(&compeer_core::cbor::encode(&Sign::Welcome { invite })).await.expect("sends");
    send.finish().expect("ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_brought_into_a_space_they_did_not_agree_to() {
    let (mallory, bo) = (Peer::start("Mallory").await, Peer::start("Bo").await);
    let space = mallory.spaces.create("Quay".into()).await.expect("space");
    mallory.bring(space, &bo, Level::Write).await;
    mallory.meets(&bo).await;
    let spam = mallory.spaces.create("Buy now".into()).await.expect("space");
    let request = InviteRequest { level: Level::Write, expires_in: 3_600_000, uses: 1 };
    let invite = mallory.spaces.invite(spam, request).await.expect("invitation");
    let mut events = bo.spaces.events();
    welcome(&mallory, &bo, "compeer1nonsense".into()).await;
    welcome(&mallory, &bo, invite.to_string()).await;
    let mut told = false;
    let wait = async {
        loop {
            match events.recv().await.expect("events") {
                SpacesEvent::Nonsense { device, what, .. } if what.contains("direct talk") => {
                    assert_eq!(device, mallory.journal.device());
                    told = true;
                }
                SpacesEvent::SpaceGone { space } if space == spam => return,
                _ => {}
            }
        }
    };
    tokio::time::timeout(LIMIT, wait).await.expect("it goes again");
    assert!(told, "it is a recorded problem");
    let left = bo.spaces.list().await.expect("lists");
    assert!(left.iter().all(|info| info.space == space), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_bring_nobody_anywhere_and_nobody_without_end() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    ann.meets(&bo).await;
    // One that is a direct talk, but of somebody whom Bo shares no space with any more.
    let talk = ann.spaces.direct(vec![bo.person()]).await.expect("starts");
    bo.until("the talk", || async { bo.spaces.info(talk).await.is_ok_and(|info| info.direct) }).await;
    assert_eq!(bo.spaces.info(talk).await.expect("is there").name, "Ann");
    bo.spaces.leave(talk).await.expect("leaves");
    bo.until("that it is gone", || async { bo.spaces.info(talk).await.is_err() }).await;
    // Who left it comes back only into a new one.
    ann.until("that Bo left", || async { ann.spaces.members(talk).await.is_ok_and(|all| all.len() == 1) }).await;
    let again = ann.spaces.direct(vec![bo.person()]).await.expect("starts");
    assert_ne!(again, talk);
    bo.until("the new talk", || async { bo.spaces.info(again).await.is_ok_and(|info| info.direct) }).await;
    // A flood of them does not fill Bo's list.
    for n in 0..30 {
        let spam = ann.spaces.create(format!("Space {n}")).await.expect("space");
        let request = InviteRequest { level: Level::Write, expires_in: 3_600_000, uses: 1 };
        let invite = ann.spaces.invite(spam, request).await.expect("invitation");
        welcome(&ann, &bo, invite.to_string()).await;
    }
    ann.say(space, "after the flood").await;
    bo.hears(space, &["after the flood"]).await;
    tokio::time::timeout(Duration::from_secs(60), async {
        while bo.spaces.list().await.expect("lists").len() > 2 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("what nobody agreed to is left again");
}
