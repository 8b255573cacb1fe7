//! The end of a space, and spaces that are read-only.

use compeer_core::group::Level;
use compeer_spaces::model::{Field, SpacesEvent};
use compeer_spaces::{ActError, NewMessage, SpaceState};

use crate::peer::{LIMIT, Peer};

const WORDS: &str = "the words of the space, KQ7ZP2";

/// Who has not heard of the end, as `peer` tells it, by name.
async fn unheard(peer: &Peer, space: compeer_core::GroupId) -> Option<Vec<String>> {
    let end = peer.spaces.info(space).await.ok()?.end?;
    Some(end.unheard.into_iter().map(|one| one.name).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_takes_everything_along_and_says_who_has_not_heard() {
    let (ann, bo, cy) = (Peer::start("Ann").await, Peer::start("Bo").await, Peer::start("Cy").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    let other = ann.spaces.create("Other".into()).await.expect("space");
    for peer in [&bo, &cy] {
        ann.bring(space, peer, Level::Write).await;
    }
    ann.say(space, WORDS).await;
    bo.spaces.create_topic(space, format!("About {WORDS}")).await.expect("a topic");
    for peer in [&bo, &cy] {
        peer.hears(space, &[WORDS]).await;
    }
    ann.say(other, "what stays").await;
    for peer in [&ann, &bo] {
        peer.until("all names", || async {
            let names = peer.spaces.members(space).await.expect("members").into_iter().map(|member| member.name);
            let names: std::collections::BTreeSet<_> = names.collect();
            ["Ann", "Bo", "Cy"].iter().all(|name| names.contains(*name))
        })
        .await;
    }
    let cy = cy.stop().await;
    let refused = bo.spaces.end(space).await;
    assert!(matches!(refused, Err(ActError::NeedsManage)), "{refused:?}");
    ann.spaces.end(space).await.expect("ends");
    for peer in [&ann, &bo] {
        peer.until("only Cy has not heard", || async { unheard(peer, space).await.is_some_and(|who| who == ["Cy"]) })
            .await;
        let info = peer.spaces.info(space).await.expect("info");
        assert_eq!((info.state, info.name.as_str()), (SpaceState::Ended, "Quay"));
        assert_eq!(info.end.expect("an end").deed.by_name, "Ann");
        assert!(peer.log(space).await.is_empty());
        compeer_testkit::wait::eventually(LIMIT, "no trace", async || !peer.keeps(WORDS)).await;
        assert!(matches!(peer.spaces.send(space, NewMessage::text("x")).await, Err(ActError::Over)));
    }
    // It is honest after a restart, too, and ends when all have heard, although Bo has taken it off the list.
    let ann = ann.stop().await;
    bo.spaces.leave(space).await.expect("leaves");
    assert!(bo.spaces.info(space).await.is_err());
    let ann = ann.start().await;
    assert_eq!(unheard(&ann, space).await, Some(vec!["Cy".to_owned()]));
    let cy = cy.start().await;
    cy.until("it has ended", || async {
        cy.spaces.info(space).await.is_ok_and(|info| info.state == SpaceState::Ended)
    })
    .await;
    compeer_testkit::wait::eventually(LIMIT, "no trace", async || !cy.keeps(WORDS)).await;
    ann.until("all have heard", || async { ann.spaces.info(space).await.is_err() }).await;
    bo.until("nothing is left to tell", || async { bo.journal.topic(&space).is_none() }).await;
    assert_eq!(ann.texts(other).await, ["what stays"]);
    assert_eq!(cy.spaces.list().await.expect("lists").len(), 1, "Cy is shown that it ended");
    cy.spaces.leave(space).await.expect("leaves");
    assert!(cy.spaces.list().await.expect("lists").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_in_an_archived_space_until_it_is_taken_back() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let said = ann.say(space, "before").await;
    bo.hears(space, &["before"]).await;
    assert!(matches!(bo.spaces.archive(space, true).await, Err(ActError::NeedsManage)));
    ann.spaces.archive(space, true).await.expect("archives");
    ann.spaces.archive(space, true).await.expect("is archived already");
    for peer in [&ann, &bo] {
        peer.until("it is read-only", || async {
            peer.spaces.info(space).await.is_ok_and(|info| info.archived.is_some_and(|by| by.by_name == "Ann"))
        })
        .await;
        assert!(matches!(peer.spaces.send(space, NewMessage::text("x")).await, Err(ActError::Archived)));
        let pin = peer.spaces.change(space, said, vec![Field::Pinned { on: true }]).await;
        assert!(matches!(pin, Err(ActError::Archived)), "{pin:?}");
        assert_eq!(peer.texts(space).await, ["before"], "what was said stays readable");
    }
    assert!(ann.spaces.rename(space, "Pier".into()).await.is_err());
    // Somebody comes in to read.
    let cy = Peer::start("Cy").await;
    ann.bring(space, &cy, Level::Write).await;
    cy.hears(space, &["before"]).await;
    let mut events = bo.spaces.events();
    ann.spaces.archive(space, false).await.expect("takes it back");
    let told = async { while !matches!(events.recv().await, Ok(SpacesEvent::Space { .. })) {} };
    tokio::time::timeout(LIMIT, told).await.expect("is told");
    bo.until("it is open", || async { bo.spaces.info(space).await.is_ok_and(|info| info.archived.is_none()) }).await;
    bo.say(space, "after").await;
    ann.hears(space, &["after"]).await;
    ann.until("Cy's name", || async {
        ann.spaces.members(space).await.is_ok_and(|members| members.iter().any(|member| member.name == "Cy"))
    })
    .await;
}

/// Those who stay linked by another space hear of a leaving without turning the link away, so its end is watched for long.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_at_once_is_back() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let other = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(other, &bo, Level::Write).await;
    let space = ann.spaces.create("Crane".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    for n in 0..3 {
        bo.spaces.leave(space).await.expect("leaves");
        ann.until("he is out", || async {
            ann.journal.rules(&space).is_some_and(|rules| rules.level(&bo.journal.device()).is_none())
        })
        .await;
        ann.bring(space, &bo, Level::Write).await;
        let text = format!("back for the {n}th time");
        bo.say(space, &text).await;
        ann.hears(space, &[&text]).await;
        ann.say(space, &format!("welcome {n}")).await;
        bo.hears(space, &[&format!("welcome {n}")]).await;
    }
    // Also when this device comes to life again.
    let bo = bo.stop().await.start().await;
    bo.hears(space, &["welcome 2"]).await;
}
