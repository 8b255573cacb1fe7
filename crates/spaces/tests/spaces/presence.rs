//! Whether somebody is at a device, as real peers tell each other, and what a modified program can make of it.

use compeer_core::group::Level;
use compeer_core::{GroupId, Millis, system_wall};
use compeer_spaces::{PRESENCE, SpacesEvent};
use minicbor::Encode;

use super::peer::Peer;

const HOUR: Millis = 3_600_000;

/// The sign that nobody is at a device, as a modified program may write it.
#[derive(Encode)]
enum Sign {
    #[n(3)]
    Away {
        #[n(0)]
        age: Option<u64>,
    },
}

/// Since when nobody is at `of`'s device, as `peer` knows.
async fn away(peer: &Peer, space: GroupId, of: GroupId) -> Option<Millis> {
    let members = peer.spaces.members(space).await.expect("members");
    let member = members.into_iter().find(|member| member.person == of).expect("a member");
    member.devices.first().and_then(|device| device.away)
}

async fn two() -> (Peer, Peer, GroupId) {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Harbour".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    ann.meets(&bo).await;
    bo.say(space, "here").await;
    ann.hears(space, &["here"]).await;
    (ann, bo, space)
}

#[tokio::test(flavor = "multi_thread")]
async fn others_know_since_when_nobody_is_here() {
    let (ann, bo, space) = two().await;
    assert_eq!(away(&bo, space, ann.person()).await, None);
    let since = system_wall()() - HOUR;
    assert!(ann.spaces.set_away(Some(since)));
    assert!(!ann.spaces.set_away(Some(since)), "nothing new");
    assert_eq!(away(&ann, space, ann.person()).await, Some(since));
    bo.until("she is away", || async { away(&bo, space, ann.person()).await.is_some() }).await;
    let heard = away(&bo, space, ann.person()).await.expect("away");
    assert!(heard.abs_diff(since) < HOUR / 60, "{heard} {since}");
    // Who comes later is told, too.
    let person = ann.person();
    let bo = bo.stop().await.start().await;
    bo.until("she is still away", || async { away(&bo, space, person).await.is_some() }).await;
    ann.spaces.set_away(None);
    bo.until("she is back", || async { away(&bo, space, person).await.is_none() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_modified_program_says_is_bounded() {
    let (mallory, bo, space) = two().await;
    let link = mallory.mesh.link(bo.journal.device()).expect("a link");
    let say = async |bytes: Vec<u8>| {
        let Ok((mut send, _recv)) = link.open(PRESENCE).await else { return };
        let _ = send.write_all(&bytes).await;
        let _ = send.finish();
    };
    let mut events = bo.spaces.events();
    say(compeer_core::cbor::encode(&Sign::Away { age: Some(u64::MAX) })).await;
    bo.until("he is away", || async { away(&bo, space, mallory.person()).await.is_some() }).await;
    let since = away(&bo, space, mallory.person()).await.expect("away");
    assert!(since > system_wall()() - 367 * 24 * HOUR, "nobody is away for longer than a year");
    say(vec![0xFF; 64]).await;
    let began = std::time::Instant::now();
    for step in 0..200 {
        let age = (step % 2 == 0).then_some(step);
        say(compeer_core::cbor::encode(&Sign::Away { age })).await;
    }
    // Everything that was sent is heard before what is said after it.
    mallory.say(space, "the end").await;
    bo.hears(space, &["the end"]).await;
    let mut told = 0;
    while let Ok(event) = events.try_recv() {
        told += u128::from(matches!(event, SpacesEvent::Presence { .. }));
    }
    let most = 3 + began.elapsed().as_millis() / 100;
    assert!(told <= most, "told {told} times in {most} tenths of a second");
}
