//! Messages that are deleted: for everybody, with every trace of their words.

use compeer_core::group::Level;
use compeer_spaces::model::Field;
use compeer_spaces::{ActError, NewMessage, SpacesEvent};
use compeer_testkit::wait::eventually;

use crate::peer::{LIMIT, Peer};

const FIRST: &str = "the first words, KZ4QF7";
const LATER: &str = "the later words, W8XN2B";

impl Peer {
    /// Whether any file here holds these words.
    pub(crate) fn keeps(&self, words: &str) -> bool {
        self.keeps_bytes(words.as_bytes())
    }

    /// Whether any file here holds these bytes.
    pub(crate) fn keeps_bytes(&self, bytes: &[u8]) -> bool {
        fn lies_in(dir: &std::path::Path, words: &[u8]) -> bool {
            std::fs::read_dir(dir).expect("a folder").any(|entry| {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    return lies_in(&path, words);
                }
                std::fs::read(path).is_ok_and(|content| content.windows(words.len()).any(|window| window == words))
            })
        }
        lies_in(self.home.path(), bytes)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_deletes_is_gone_for_all_and_leaves_no_trace() {
    let (ann, bo, cy) = (Peer::start("Ann").await, Peer::start("Bo").await, Peer::start("Cy").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    ann.bring(space, &cy, Level::Write).await;
    let sent = bo.spaces.send(space, NewMessage::text(FIRST)).await.expect("sends");
    bo.spaces.change(space, sent.id, vec![Field::Text { text: LATER.into() }]).await.expect("changes");
    for peer in [&ann, &cy] {
        peer.until("the later words", || async { peer.log(space).await.iter().any(|message| message.text == LATER) })
            .await;
    }
    let reply = NewMessage { reply: Some(sent.id), ..NewMessage::text("an answer") };
    let answer = ann.spaces.send(space, reply).await.expect("answers");
    ann.spaces.change(space, sent.id, vec![Field::Pinned { on: true }]).await.expect("pins");
    bo.until("the answer", || async { bo.log(space).await.len() == 2 }).await;
    assert!([&ann, &bo, &cy].iter().all(|peer| peer.keeps(FIRST) && peer.keeps(LATER)));

    let refused = cy.spaces.delete_message(space, sent.id).await;
    assert!(matches!(refused, Err(ActError::NotYoursToDelete)), "{refused:?}");
    let mut events = ann.spaces.events();
    bo.spaces.delete_message(space, sent.id).await.expect("deletes");
    bo.spaces.delete_message(space, sent.id).await.expect("is deleted already");
    let told = async {
        loop {
            if let SpacesEvent::MessageChanged { message, .. } = events.recv().await.expect("events")
                && message.id == sent.id
            {
                return message;
            }
        }
    };
    let told = tokio::time::timeout(LIMIT, told).await.expect("in time");
    assert_eq!(told.deleted, Some((bo.me.person, "Bo".into())));
    for peer in [&ann, &bo, &cy] {
        let is_gone =
            || async { peer.spaces.message(space, sent.id).await.is_ok_and(|message| message.deleted.is_some()) };
        peer.until("a mark in its place", is_gone).await;
        let mark = peer.spaces.message(space, sent.id).await.expect("is there");
        assert_eq!((mark.text.as_str(), mark.author_name.as_str(), mark.time), ("", "Bo", sent.time));
        assert!(!mark.pinned && mark.reactions.is_empty() && mark.changed.is_none());
        assert!(peer.spaces.pinned(space).await.expect("pinned").is_empty());
        assert!(matches!(peer.spaces.versions(space, sent.id).await, Err(ActError::Deleted)));
        let words = vec![Field::Text { text: "again".into() }];
        assert!(matches!(peer.spaces.change(space, sent.id, words).await, Err(ActError::Deleted)));
        let answered = peer.spaces.message(space, answer.id).await.expect("is there").reply.expect("a reply");
        assert!(answered.deleted && answered.here.is_some_and(|(_, text)| text.is_empty()));
        // Nothing is told when a disk is clean.
        eventually(LIMIT, "no trace", async || !peer.keeps(FIRST) && !peer.keeps(LATER)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_deletes_what_others_wrote_and_newcomers_never_have_it() {
    let (ann, bo, cy) = (Peer::start("Ann").await, Peer::start("Bo").await, Peer::start("Cy").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let sent = bo.spaces.send(space, NewMessage::text(FIRST)).await.expect("sends");
    bo.spaces.send(space, NewMessage::text("what stays")).await.expect("sends");
    ann.hears(space, &[FIRST, "what stays"]).await;
    ann.spaces.delete_message(space, sent.id).await.expect("deletes");
    bo.until("deleted", || async { bo.log(space).await[0].deleted.is_some() }).await;
    assert_eq!(bo.log(space).await[0].deleted, Some((ann.me.person, "Ann".into())));
    ann.bring(space, &cy, Level::Write).await;
    cy.until("the same", || async { cy.log(space).await.len() == 2 }).await;
    let log = cy.log(space).await;
    assert_eq!((log[0].id, log[0].deleted.as_ref().map(|(by, _)| *by)), (sent.id, Some(ann.me.person)));
    assert_eq!((log[0].text.as_str(), log[1].text.as_str()), ("", "what stays"));
    assert!(!cy.keeps(FIRST));
    for peer in [&ann, &bo] {
        peer.until("no trace", || async { !peer.keeps(FIRST) }).await;
    }
}
