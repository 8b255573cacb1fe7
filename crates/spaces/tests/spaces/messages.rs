//! Messages about files and other messages, and what becomes of them: changed, reacted to, pinned.

use compeer_core::group::Level;
use compeer_core::{BlobHash, EntryHash};
use compeer_spaces::model::{Field, Op, OpError, TextError};
use compeer_spaces::{ActError, MessageFile, NewMessage, SpacesEvent};

use crate::peer::{LIMIT, Peer};

fn about(text: &str, file: EntryHash) -> NewMessage {
    NewMessage { file: Some(file), ..NewMessage::text(text) }
}

fn words(text: &str) -> Vec<Field> {
    vec![Field::Text { text: text.into() }]
}

fn reaction(emoji: &str, on: bool) -> Vec<Field> {
    vec![Field::Reaction { emoji: emoji.into(), on }]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_can_be_about_a_file() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    std::fs::write(ann.path("plan.pdf"), "plan").expect("file");
    let plan = ann.spaces.put(space, vec![ann.path("plan.pdf")]).await.expect("lists").files.remove(0).0;
    let listed = Some(MessageFile { id: plan.id, listed: Some(("plan.pdf".into(), 4)) });
    let sent = ann.spaces.send(space, about("", plan.id)).await.expect("sends");
    assert_eq!((sent.text.as_str(), &sent.file), ("", &listed));
    ann.spaces.send(space, about("look", plan.id)).await.expect("sends");
    bo.hears(space, &["", "look"]).await;
    let log = bo.log(space).await;
    assert!(log.iter().all(|message| message.file == listed), "{log:?}");
    let last = || async { bo.spaces.info(space).await.expect("info").last.expect("a message").text };
    assert_eq!(last().await, "look");
    ann.spaces.send(space, about("", plan.id)).await.expect("sends");
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
    let elsewhere = ann.spaces.send(space, about("look", plan.id)).await;
    assert!(matches!(elsewhere, Err(ActError::UnknownFile)), "{elsewhere:?}");
    let empty = ann.spaces.send(space, NewMessage::default()).await;
    assert!(matches!(empty, Err(ActError::Content(OpError::Text(TextError::Empty)))), "{empty:?}");

    // Somebody's program may write it all the same. It is then about nothing, until there is such a file here.
    let message = |file| {
        Op::Message { text: "look".into(), nonce: None, file: Some(file), reply: None, place: None }
            .encode()
            .expect("encodes")
    };
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

#[tokio::test(flavor = "multi_thread")]
async fn words_can_be_changed_by_whoever_wrote_them() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let id = ann.say(space, "helo").await;
    bo.hears(space, &["helo"]).await;
    let theirs = bo.spaces.change(space, id, words("mine now")).await;
    assert!(matches!(theirs, Err(ActError::NotYours)), "{theirs:?}");
    let empty = ann.spaces.change(space, id, words(" ")).await;
    assert!(matches!(empty, Err(ActError::Content(OpError::Text(TextError::Empty)))), "{empty:?}");
    let nothing = ann.spaces.change(space, id, vec![]).await;
    assert!(matches!(nothing, Err(ActError::Content(OpError::Empty))), "{nothing:?}");
    let unknown = ann.spaces.change(space, EntryHash::from_bytes([7; 32]), words("what?")).await;
    assert!(matches!(unknown, Err(ActError::UnknownMessage)), "{unknown:?}");

    let changed = ann.spaces.change(space, id, words("hello")).await.expect("changes");
    assert!(changed.text == "hello" && changed.changed.is_some_and(|at| at >= changed.time), "{changed:?}");
    bo.hears(space, &["hello"]).await;
    // The same once more is no change.
    let entries = ann.journal.heights(&space);
    ann.spaces.change(space, id, words("hello")).await.expect("is so");
    assert_eq!(ann.journal.heights(&space), entries);
    let texts: Vec<_> =
        bo.spaces.versions(space, id).await.expect("versions").into_iter().map(|one| one.text).collect();
    assert_eq!(texts, ["helo", "hello"]);

    // Somebody's program may write it all the same: nothing comes of it, and it is told who did.
    let mut events = ann.spaces.events();
    let forged = Op::Set { object: id, fields: vec![Field::Text { text: "forged".into() }] };
    bo.journal.append(space, forged.encode().expect("encodes")).await.expect("writes");
    let nonsense = async {
        loop {
            if let SpacesEvent::Nonsense { device, .. } = events.recv().await.expect("goes on") {
                return device;
            }
        }
    };
    let device = tokio::time::timeout(LIMIT, nonsense).await.expect("in time");
    assert_eq!(device, bo.journal.device());
    assert_eq!((ann.texts(space).await, bo.texts(space).await), (vec!["hello".into()], vec!["hello".into()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_react_answer_and_pin() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let id = ann.say(space, "crane is here").await;
    bo.hears(space, &["crane is here"]).await;
    let thumb = "\u{1f44d}";
    let by_bo = bo.spaces.change(space, id, reaction(thumb, true)).await.expect("reacts");
    assert!(by_bo.reactions.len() == 1 && by_bo.reactions[0].mine, "{by_bo:?}");
    let no_emoji = bo.spaces.change(space, id, reaction("yes", true)).await;
    assert!(matches!(no_emoji, Err(ActError::Content(OpError::Emoji))), "{no_emoji:?}");
    let reactions = || async { ann.spaces.message(space, id).await.expect("is there").reactions };
    ann.until("a reaction", || async { !reactions().await.is_empty() }).await;
    assert!(!reactions().await[0].mine);
    ann.spaces.change(space, id, reaction(thumb, true)).await.expect("reacts");
    let names: Vec<_> = reactions().await.remove(0).people.into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["Bo", "Ann"]);
    bo.spaces.change(space, id, reaction(thumb, false)).await.expect("takes back");
    ann.until("one less", || async { reactions().await[0].people.len() == 1 }).await;

    let answer = NewMessage { reply: Some(id), ..NewMessage::text("I see it") };
    bo.spaces.send(space, answer).await.expect("answers");
    ann.hears(space, &["I see it"]).await;
    let answered = ann.log(space).await.remove(1).reply.expect("an answer");
    assert_eq!((answered.id, answered.here), (id, Some(("Ann".into(), "crane is here".into()))));
    let nothing = NewMessage { reply: Some(EntryHash::from_bytes([7; 32])), ..NewMessage::text("what?") };
    assert!(matches!(bo.spaces.send(space, nothing).await, Err(ActError::UnknownMessage)));

    assert_eq!(bo.spaces.pinned(space).await.expect("pins"), []);
    bo.spaces.change(space, id, vec![Field::Pinned { on: true }]).await.expect("pins");
    ann.until("a pin", || async { ann.spaces.message(space, id).await.is_ok_and(|message| message.pinned) }).await;
    assert_eq!(ann.spaces.pinned(space).await.expect("pins").remove(0).id, id);
    ann.spaces.change(space, id, vec![Field::Pinned { on: false }]).await.expect("unpins");
    bo.until("no pin", || async { bo.spaces.pinned(space).await.is_ok_and(|pinned| pinned.is_empty()) }).await;
}
