//! Messages that go after a time.

use compeer_core::group::Level;
use compeer_spaces::model::{Field, SpacesEvent};
use compeer_spaces::{ActError, NewMessage};

use crate::peer::{LIMIT, Peer};

const DAY: u64 = 24 * 60 * 60 * 1000;
const OLD: &str = "the old words, HX3VW9";
const LATER: &str = "what the old words became, TB6CN4";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_goes_from_every_disk_and_what_is_pinned_or_said_at_an_issue_stays() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let old = bo.say(space, OLD).await;
    bo.spaces.change(space, old, vec![Field::Text { text: LATER.into() }]).await.expect("changes");
    let pinned = bo.say(space, "pinned").await;
    bo.spaces.change(space, pinned, vec![Field::Pinned { on: true }]).await.expect("pins");
    let Some(topic) = bo.spaces.create_topic(space, "Crane".into()).await.expect("a topic").id else { panic!("an id") };
    let issue =
        bo.spaces.create_issue(space, vec![Field::Title { text: "Creaks".into() }]).await.expect("an issue").issue.id;
    for (place, text) in [(topic, "at the topic"), (issue, "at the issue")] {
        bo.spaces.send(space, NewMessage { place: Some(place), ..NewMessage::text(text) }).await.expect("sends");
    }
    ann.hears(space, &[LATER, "pinned"]).await;
    assert!(matches!(bo.spaces.set_retention(space, Some(7)).await, Err(ActError::NeedsManage)));
    assert!(matches!(ann.spaces.set_retention(space, Some(6)).await, Err(ActError::Content(_))));
    ann.spaces.set_retention(space, Some(7)).await.expect("sets");
    bo.until("it is shown", || async {
        bo.spaces
            .info(space)
            .await
            .is_ok_and(|info| info.retention.is_some_and(|it| it.days == 7 && it.deed.by_name == "Ann"))
    })
    .await;
    assert_eq!(ann.texts(space).await.len(), bo.texts(space).await.len());
    // Nine days later, on all computers.
    let (ann, bo) = (ann.stop().await, bo.stop().await);
    let (ann, bo) = (ann.start_later(9 * DAY).await, bo.start_later(9 * DAY).await);
    bo.say(space, "new").await;
    for peer in [&ann, &bo] {
        peer.until("the old ones are gone", || async { !peer.texts(space).await.iter().any(|text| text == LATER) })
            .await;
        peer.hears(space, &["pinned", "new"]).await;
        let mut texts = peer.texts(space).await;
        texts.sort();
        assert_eq!(texts, ["at the issue", "new", "pinned"]);
        compeer_testkit::wait::eventually(LIMIT, "no trace", async || !peer.keeps(OLD) && !peer.keeps(LATER)).await;
        assert!(peer.spaces.message(space, old).await.is_err(), "no mark is left of it");
    }
    // Who comes later never has them.
    let cy = Peer::start_at("Cy", 9 * DAY).await;
    ann.bring(space, &cy, Level::Write).await;
    cy.hears(space, &["pinned", "new", "at the issue"]).await;
    assert_eq!(cy.texts(space).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_leaps_deletes_nothing_until_somebody_has_looked_at_it() {
    let ann = Peer::start("Ann").await;
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.spaces.set_retention(space, Some(30)).await.expect("sets");
    for n in 0..120 {
        ann.say(space, &format!("message {n}")).await;
    }
    let ann = ann.stop().await.start_later(365 * DAY).await;
    let mut events = ann.spaces.events();
    // It is looked again when the time is asked about; the first look may have been before we listened.
    let waits = async {
        loop {
            if let SpacesEvent::RetentionWaits { due: 120, all: 120, .. } = events.recv().await.expect("events") {
                return;
            }
        }
    };
    ann.spaces.look_at_retention();
    tokio::time::timeout(LIMIT, waits).await.expect("is told");
    assert_eq!(ann.log(space).await.len(), 120);
    // A manager says that it is right so.
    ann.spaces.set_retention(space, Some(30)).await.expect("sets");
    let ann = ann.stop().await.start_later(367 * DAY).await;
    ann.until("they are gone", || async { ann.log(space).await.is_empty() }).await;
}
