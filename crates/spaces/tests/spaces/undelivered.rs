//! What somebody writes before they hear that it does not count is kept, and said to be undelivered.

use compeer_core::group::Level;
use compeer_spaces::{ActError, MessageState, NewMessage, SpacesEvent};

use crate::peer::Peer;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_after_a_removal_is_kept_and_can_be_said_again() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    bo.say(space, "before").await;
    ann.hears(space, &["before"]).await;
    ann.spaces.remove(space, bo.person()).await.expect("removes");
    // Nobody tells Bo, so he goes on.
    bo.say(space, "one").await;
    std::fs::write(bo.path("plan.pdf"), "plan").expect("file");
    let plan = bo.spaces.put(space, vec![bo.path("plan.pdf")]).await.expect("lists").files.remove(0).0;
    bo.spaces.send(space, NewMessage { file: Some(plan.id), ..NewMessage::text("two") }).await.expect("sends");
    let mut events = bo.spaces.events();
    ann.bring(space, &bo, Level::Write).await;
    ann.say(space, "welcome back").await;
    bo.hears(space, &["before", "one", "two", "welcome back"]).await;
    let undelivered = || async {
        let log = bo.log(space).await.into_iter();
        log.filter(|message| message.state == MessageState::Undelivered).map(|message| message.text).collect::<Vec<_>>()
    };
    bo.until("it is known", || async { undelivered().await == ["one", "two"] }).await;
    assert_eq!(bo.spaces.info(space).await.expect("info").undelivered, 3);
    assert_eq!(ann.texts(space).await, ["before", "welcome back"]);
    let told = loop {
        if let SpacesEvent::Undelivered { messages, files, .. } = events.recv().await.expect("an event") {
            break (messages, files);
        }
    };
    assert_eq!(told, (2, vec!["plan.pdf".to_owned()]));

    // It survives a restart.
    let bo = bo.stop().await.start().await;
    assert_eq!(bo.spaces.info(space).await.expect("info").undelivered, 3);
    assert_eq!(bo.spaces.say_again(space, None).await.expect("says"), 3);
    ann.hears(space, &["one", "two"]).await;
    let log = ann.log(space).await;
    let two = log.iter().find(|message| message.text == "two").expect("is there");
    let listed = two.file.as_ref().and_then(|file| file.listed.as_ref());
    assert_eq!(listed.map(|(name, _)| name.as_str()), Some("plan.pdf"), "{two:?}");
    for _ in 0..2 {
        assert_eq!(bo.texts(space).await, ["before", "welcome back", "one", "two"]);
        assert_eq!(bo.spaces.info(space).await.expect("info").undelivered, 0);
        // Neither does a view that is made anew bring it back.
        ann.spaces.remove(space, bo.person()).await.expect("removes");
        ann.bring(space, &bo, Level::Write).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_by_somebody_who_may_only_read_by_then_is_kept_until_given_up() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    ann.say(space, "hello").await;
    bo.hears(space, &["hello"]).await;
    // He writes while she is away, who has lowered him meanwhile.
    let bo = bo.stop().await;
    ann.spaces.set_level(space, bo.person(), Level::Read).await.expect("lowers");
    let ann = ann.stop().await;
    let bo = bo.start().await;
    let kept = bo.say(space, "late").await;
    bo.say(space, "later").await;
    let ann = ann.start().await;
    bo.until("it is known", || async {
        bo.log(space).await.iter().filter(|message| message.state == MessageState::Undelivered).count() == 2
    })
    .await;
    assert_eq!(ann.texts(space).await, ["hello"]);
    let again = bo.spaces.say_again(space, None).await;
    assert!(matches!(again, Err(ActError::NeedsWrite)), "{again:?}");
    assert_eq!(bo.spaces.give_up(space, Some(vec![kept])).await.expect("gives up"), 1);
    let twice = bo.spaces.give_up(space, Some(vec![kept])).await;
    assert!(matches!(twice, Err(ActError::NotUndelivered)), "{twice:?}");
    assert_eq!(bo.texts(space).await, ["hello", "later"]);
    // Who may write again can say the rest.
    ann.spaces.set_level(space, bo.person(), Level::Write).await.expect("raises");
    bo.until("may write", || async { bo.spaces.info(space).await.is_ok_and(|info| info.level == Some(Level::Write)) })
        .await;
    assert_eq!(bo.spaces.say_again(space, None).await.expect("says"), 1);
    ann.hears(space, &["later"]).await;
    assert_eq!(bo.texts(space).await, ["hello", "later"]);
}
