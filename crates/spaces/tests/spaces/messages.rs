//! Messages about files.

use compeer_core::group::Level;
use compeer_core::{BlobHash, EntryHash};
use compeer_spaces::model::{Op, OpError, TextError};
use compeer_spaces::{ActError, MessageFile};

use crate::peer::Peer;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_can_be_about_a_file() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    std::fs::write(ann.path("plan.pdf"), "plan").expect("file");
    let plan = ann.spaces.put(space, vec![ann.path("plan.pdf")]).await.expect("lists").files.remove(0).0;
    let listed = Some(MessageFile { id: plan.id, listed: Some(("plan.pdf".into(), 4)) });
    let sent = ann.spaces.send(space, String::new(), None, Some(plan.id)).await.expect("sends");
    assert_eq!((sent.text.as_str(), &sent.file), ("", &listed));
    ann.spaces.send(space, "look".into(), None, Some(plan.id)).await.expect("sends");
    bo.hears(space, &["", "look"]).await;
    let log = bo.log(space).await;
    assert!(log.iter().all(|message| message.file == listed), "{log:?}");
    let last = || async { bo.spaces.info(space).await.expect("info").last.expect("a message").text };
    assert_eq!(last().await, "look");
    ann.spaces.send(space, String::new(), None, Some(plan.id)).await.expect("sends");
    bo.until("the third", || async { last().await == "plan.pdf" }).await;

    // Taken off the list, it is gone from the messages too; they stay.
    ann.spaces.unlist(space, plan.id).await.expect("unlists");
    bo.until("an empty list", || async { bo.spaces.files(space).await.is_ok_and(|files| files.is_empty()) }).await;
    let gone = Some(MessageFile { id: plan.id, listed: None });
    let log = bo.log(space).await;
    assert!(log.len() == 3 && log.iter().all(|message| message.file == gone), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_cannot_be_about_any_file() {
    let ann = Peer::start("Ann").await;
    let (space, other) = (
        ann.spaces.create("Quay".into()).await.expect("space"),
        ann.spaces.create("Other".into()).await.expect("space"),
    );
    std::fs::write(ann.path("plan.pdf"), "plan").expect("file");
    let plan = ann.spaces.put(other, vec![ann.path("plan.pdf")]).await.expect("lists").files.remove(0).0;
    let elsewhere = ann.spaces.send(space, "look".into(), None, Some(plan.id)).await;
    assert!(matches!(elsewhere, Err(ActError::UnknownFile)), "{elsewhere:?}");
    let empty = ann.spaces.send(space, String::new(), None, None).await;
    assert!(matches!(empty, Err(ActError::Content(OpError::Text(TextError::Empty)))), "{empty:?}");

    // Somebody's program may write it all the same. It is then about nothing, until there is such a file here.
    let message = |file| Op::Message { text: "look".into(), nonce: None, file: Some(file) }.encode().expect("encodes");
    let nothing = EntryHash::from_bytes([7; 32]);
    for id in [plan.id, nothing] {
        ann.journal.append(space, message(id)).await.expect("writes");
    }
    let file = Op::File { name: "late.txt".into(), size: 9, blob: BlobHash::from_bytes([8; 32]) };
    let late = ann.journal.append(space, file.encode().expect("encodes")).await.expect("writes");
    ann.journal.append(space, message(late.hash)).await.expect("writes");
    let files: Vec<_> = ann.log(space).await.into_iter().map(|message| message.file.expect("a file")).collect();
    let nowhere = |id| MessageFile { id, listed: None };
    let there = MessageFile { id: late.hash, listed: Some(("late.txt".into(), 9)) };
    assert_eq!(files, [nowhere(plan.id), nowhere(nothing), there]);
}
