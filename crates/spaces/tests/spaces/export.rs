//! A space as a folder: written, taken in by somebody else, written again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use compeer_core::GroupId;
use compeer_core::group::Level;
use compeer_spaces::model::element::{Element, Image, Line, Points, Shape};
use compeer_spaces::model::{Field, Kind, Priority, Status};
use compeer_spaces::{
    At, ExportError, ImportError, ImportWish, JobInfo, JobState, ManifestError, MessageRange, NewMessage, verify,
};
use serde_json::{Value, json};

use crate::peer::Peer;

impl Peer {
    /// Waits until a job is over.
    pub(crate) async fn finish(&self, job: JobInfo) -> JobInfo {
        let is_over = || async { !matches!(self.spaces.job(job.id).expect("job").state, JobState::Running) };
        self.until("the end of the job", is_over).await;
        self.spaces.job(job.id).expect("job")
    }

    pub(crate) async fn export(&self, space: GroupId, folder: &Path) -> JobInfo {
        let job = self.spaces.export(space, folder.to_path_buf(), true, draw).await.expect("begins");
        self.finish(job).await
    }

    pub(crate) async fn import(&self, path: &Path, wish: ImportWish) -> JobInfo {
        self.finish(self.spaces.import(path.to_path_buf(), wish, None).expect("begins")).await
    }

    /// What is said in all of a space, with who is said to have said it.
    pub(crate) async fn said(&self, space: GroupId) -> Vec<(String, String)> {
        let range = MessageRange { limit: 1000, ..MessageRange::default() };
        let (messages, _) = self.spaces.messages(space, range).await.expect("messages");
        messages.into_iter().map(|message| (message.author_name, message.text)).collect()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as the node's is")]
fn draw(id: String, element: &Element) -> Value {
    json!({ "id": id, "x": element.x, "shape": format!("{:?}", element.shape) })
}

/// Every file of a folder but the manifest, which says when and by whom, by its path.
fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(root, &path, all);
            } else {
                all.insert(path.strip_prefix(root).expect("inside").into(), std::fs::read(&path).expect("reads"));
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(folder, folder, &mut all);
    all.retain(|path, _| !path.starts_with("manifest.json") && !path.starts_with("manifest.sig"));
    all
}

fn shape(shape: Shape) -> Element {
    Element {
        shape,
        x: 1000,
        y: -2000,
        width: 30_000,
        height: 20_000,
        angle: 0,
        stroke: None,
        background: Some("#ffc9c9".into()),
        fill: None,
        stroke_width: None,
        stroke_style: None,
        roundness: None,
        roughness: None,
        opacity: None,
        seed: 7,
        order: Some("a0".into()),
        groups: Vec::new(),
        frame: None,
        link: None,
        locked: false,
    }
}

/// A space of Ann's and Bo's with something of everything in it.
async fn everything(ann: &Peer, bo: &Peer) -> GroupId {
    let space = ann.spaces.create("Harbour: Quay?".into()).await.expect("space");
    ann.bring(space, bo, Level::Write).await;
    let first = ann.say(space, "# do we *have* a <crane>?").await;
    bo.hears(space, &["# do we *have* a <crane>?"]).await;
    let answer = NewMessage { reply: Some(first), ..NewMessage::text("yes\n\n**Ann** · 2020-01-01 00:00") };
    let answer = bo.spaces.send(space, answer).await.expect("answers").id;
    bo.spaces
        .change(space, first, vec![Field::Reaction { emoji: "\u{1f44d}".into(), on: true }])
        .await
        .expect("reacts");
    bo.spaces.change(space, answer, vec![Field::Text { text: "yes, two".into() }]).await.expect("edits");
    ann.hears(space, &["yes, two"]).await;
    ann.spaces.change(space, answer, vec![Field::Pinned { on: true }]).await.expect("pins");
    let mine = ann.say(space, "gone by myself").await;
    let his = bo.say(space, "gone by the manager").await;
    ann.hears(space, &["gone by the manager"]).await;
    ann.spaces.delete_message(space, mine).await.expect("deletes");
    ann.spaces.delete_message(space, his).await.expect("deletes");
    topics(ann, bo, space).await;
    files(ann, bo, space).await;
    issues(ann, bo, space).await;
    boards(ann, bo, space).await;
    pages(ann, bo, space).await;
    ann.spaces.rename(space, "Harbour Quay".into()).await.expect("renames");
    space
}

async fn topics(ann: &Peer, bo: &Peer, space: GroupId) {
    let oil = ann.spaces.create_topic(space, "Oil / CON".into()).await.expect("topic").id;
    let twin = ann.spaces.create_topic(space, "oil / con".into()).await.expect("topic").id;
    bo.until("the topics", || async { bo.spaces.topics(space).await.expect("topics").len() == 3 }).await;
    bo.spaces.send(space, NewMessage { place: oil, ..NewMessage::text("which oil?") }).await.expect("says");
    let stray = bo.say(space, "this belongs to oil").await;
    ann.hears(space, &["this belongs to oil"]).await;
    ann.spaces.move_messages(space, vec![stray], oil).await.expect("moves");
    ann.spaces.change_topic(space, twin.expect("an id"), None, Some(true)).await.expect("resolves");
    ann.spaces.open_room(space, oil.expect("an id")).await.expect("a room for guests");
}

async fn files(ann: &Peer, bo: &Peer, space: GroupId) {
    for (name, text) in [("plan.txt", "the plan"), ("PLAN.txt", "another plan"), ("old.txt", "taken off")] {
        std::fs::write(ann.path(name), text).expect("writes");
        ann.spaces.put(space, vec![ann.path(name)]).await.expect("shares");
    }
    std::fs::write(bo.path("far.txt"), "only with Bo").expect("writes");
    bo.spaces.put(space, vec![bo.path("far.txt")]).await.expect("shares");
    ann.until("Bo's file", || async { ann.spaces.files(space).await.expect("files").len() == 4 }).await;
    let all = ann.spaces.files(space).await.expect("files");
    let named = |name: &str| all.iter().find(|file| file.name == name).expect("listed").id;
    ann.spaces.unlist(space, named("old.txt")).await.expect("takes off");
    let about = NewMessage { file: Some(named("plan.txt")), ..NewMessage::text("look") };
    ann.spaces.send(space, about).await.expect("says");
}

async fn issues(ann: &Peer, bo: &Peer, space: GroupId) {
    ann.spaces.set_key_prefix(space, "QUAY".into()).await.expect("prefix");
    let title = |text: &str| Field::Title { text: text.into() };
    let label = ann.spaces.create_thing(space, Kind::Label, vec![title("Crane"), Field::Hue { degrees: 20 }]).await;
    let project = ann.spaces.create_thing(space, Kind::Project, vec![title("Spring")]).await.expect("project").id;
    let view = vec![title("Mine"), Field::Query { text: "assignee=me".into() }];
    ann.spaces.create_thing(space, Kind::SavedView, view).await.expect("view");
    let first =
        ann.spaces.create_issue(space, vec![title("Crane creaks"), Field::Status { status: Status::Todo }]).await;
    let first = first.expect("issue").issue.id;
    let part = vec![title("=oil it"), Field::Parent { issue: Some(first) }, Field::Blocks { issue: first, on: true }];
    let part = ann.spaces.create_issue(space, part).await.expect("issue").issue.id;
    bo.until("the issues", || async { bo.spaces.issue(space, part).await.is_ok() }).await;
    let changes = vec![
        Field::Status { status: Status::Doing },
        Field::Priority { priority: Priority::High },
        Field::Assignee { person: Some(bo.person()) },
        Field::Label { label: label.expect("label").id, on: true },
        Field::Project { project: Some(project) },
        Field::Description { text: "It creaks\nat night.".into() },
    ];
    bo.spaces.change_issues(space, vec![first], changes).await.expect("changes");
    bo.spaces.send(space, NewMessage { place: Some(first), ..NewMessage::text("I am at it") }).await.expect("says");
    ann.hears(space, &["I am at it"]).await;
    ann.spaces.change_issues(space, vec![part], vec![Field::Archived { on: true }]).await.expect("puts away");
}

async fn boards(ann: &Peer, bo: &Peer, space: GroupId) {
    let board = ann.spaces.create_board(space, "Plan".into()).await.expect("board").id;
    let picture = ann.spaces.files(space).await.expect("files")[0].id;
    let line = Line { points: Points::of([[0, 0], [500, 900]]), ..Line::default() };
    let image = Image { file: Some(picture), flipped: [false; 2], crop: None };
    let elements = vec![
        ("box".into(), Some(shape(Shape::Rectangle))),
        ("way".into(), Some(Element { order: Some("a1".into()), ..shape(Shape::Arrow(line)) })),
        ("photo".into(), Some(shape(Shape::Image(image)))),
    ];
    ann.spaces.draw(space, board, elements).await.expect("draws");
    bo.until("the board", || async { bo.spaces.board(space, board).await.is_ok() }).await;
    bo.spaces.comment(space, board, "a crane here?".into(), Some("box".into())).await.expect("comments");
    ann.hears(space, &["a crane here?"]).await;
    let empty = ann.spaces.create_board(space, "plan".into()).await.expect("board").id;
    ann.spaces.change_board(space, empty, None, Some(true)).await.expect("puts away");
}

async fn pages(ann: &Peer, bo: &Peer, space: GroupId) {
    let text = "# Before\n\n- [ ] look at the **crane**\n".to_owned();
    let plan = ann.spaces.create_page(space, "Plan".into(), None, text).await.expect("page").id;
    bo.until("the page", || async { bo.spaces.page(space, plan).await.is_ok() }).await;
    bo.spaces.create_page(space, "Steps".into(), Some(plan), "one\n\ntwo\n".into()).await.expect("page");
    ann.until("both", || async { ann.spaces.pages(space).await.is_ok_and(|pages| pages.len() == 2) }).await;
}

pub(crate) fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (content(one), content(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (path, bytes) in &one {
        let (text, again) = (String::from_utf8_lossy(bytes), String::from_utf8_lossy(&other[path]));
        assert!(text == again, "{} differs:\n{text}\n--- and again ---\n{again}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_survives_the_way_through_a_folder() {
    let (ann, bo, cy) = (Peer::start("Ann").await, Peer::start("Bo").await, Peer::start("Cy").await);
    let space = everything(&ann, &bo).await;
    let (first, second) = (ann.path("out/first"), cy.path("second"));
    let job = ann.export(space, &first).await;
    assert!(matches!(job.state, JobState::Exported { files: 2, missing: 1, .. }), "{job:?}");
    assert!(
        matches!(ann.export(space, &first).await.state, JobState::ExportFailed(error) if matches!(*error, ExportError::Exists(_)))
    );
    let read = |path: &str| std::fs::read_to_string(first.join(path)).expect(path);
    assert_eq!(read("pages/Plan.md"), "# Before\n\n- [ ] look at the **crane**\n");
    assert_eq!(read("pages/Plan/Steps.md"), "one\n\ntwo\n");
    let verified = verify(&first).expect("whole");
    assert_eq!((verified.device, verified.manifest.head.members.len()), (ann.journal.device(), 2));
    assert_eq!(std::fs::read_dir(ann.path("out")).expect("folder").count(), 1, "nothing else is left there");

    let job = cy.import(&first, ImportWish::default()).await;
    assert!(matches!(&job.state, JobState::Imported(done) if done.files == 2), "{job:?}");
    let copy = job.space.expect("a space");
    let info = cy.spaces.info(copy).await.expect("info");
    assert_eq!(
        (info.name.as_str(), info.level, info.members, info.unread),
        ("Harbour Quay", Some(Level::Manage), 1, 0)
    );
    // What others said is theirs by name alone.
    assert_eq!(cy.said(copy).await.len(), ann.said(space).await.len());
    let (log, was) = (cy.log(copy).await, ann.log(space).await);
    for (message, was) in log.iter().zip(&was) {
        assert_eq!((&message.text, message.time), (&was.text, was.time));
        assert_eq!(message.author_name, format!("{} (imported)", was.author_name));
        assert_eq!((message.imported.as_deref(), message.mine), (Some("Cy"), false));
        assert!(message.author != was.author && message.id != was.id);
    }
    assert!(cy.spaces.guest_rooms(copy).await.expect("rooms").is_empty(), "an imported space has no rooms");
    let issue = cy.spaces.find_issue(copy, "QUAY-1").await.expect("its key");
    let issue = cy.spaces.issue(copy, issue).await.expect("issue");
    assert_eq!(issue.issue.assignee.map(|(_, name)| name).as_deref(), Some("Bo (imported)"));

    let job = cy.export(copy, &second).await;
    assert!(matches!(job.state, JobState::Exported { files: 2, missing: 1, .. }), "{job:?}");
    assert_same(&first, &second);

    // And those who join the copy see the same, whatever came first.
    let dora = Peer::start("Dora").await;
    cy.bring(copy, &dora, Level::Read).await;
    dora.until("everything", || async { dora.said(copy).await.len() == was.len() }).await;
    assert_eq!(dora.said(copy).await, cy.said(copy).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_after_an_import_goes_along() {
    let (ann, bo, cy) = (Peer::start("Ann").await, Peer::start("Bo").await, Peer::start("Cy").await);
    let space = everything(&ann, &bo).await;
    ann.export(space, &ann.path("first")).await;
    let copy = cy.import(&ann.path("first"), ImportWish::default()).await.space.expect("a space");
    let log = cy.log(copy).await;
    let first = log.iter().find(|message| message.text.starts_with("# do we")).expect("is there");
    let reply = NewMessage { reply: Some(first.id), ..NewMessage::text("my own answer") };
    cy.spaces.send(copy, reply).await.expect("answers");
    let refused = cy.spaces.change(copy, first.id, vec![Field::Text { text: "forged".into() }]).await;
    assert!(refused.is_err(), "nobody edits what somebody else is said to have said");
    // Whoever manages the space can delete it, and then no trace of it is left.
    let gone = log.iter().find(|message| message.text == "yes, two").expect("is there").id;
    cy.spaces.delete_message(copy, gone).await.expect("deletes");
    cy.until("that it is gone", || async { cy.log(copy).await.iter().all(|message| message.id != gone) }).await;

    cy.export(copy, &cy.path("second")).await;
    let dora = Peer::start("Dora").await;
    let job = dora.import(&cy.path("second"), ImportWish::default()).await;
    let third = job.space.unwrap_or_else(|| panic!("{job:?}"));
    dora.export(third, &dora.path("third")).await;
    assert_same(&cy.path("second"), &dora.path("third"));
    let log = dora.log(third).await;
    let own = log.iter().find(|message| message.text == "my own answer").expect("came along");
    assert_eq!(own.author_name, "Cy (imported)");
    let answered = own.reply.as_ref().and_then(|reply| reply.here.clone()).expect("what it answers is here");
    assert_eq!(answered.0, "Ann (imported)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_was_changed_is_refused_by_name() {
    let ann = Peer::start("Ann").await;
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.say(space, "hello").await;
    let folder = ann.path("first");
    ann.export(space, &folder).await;
    let spaces = ann.spaces.list().await.expect("list").len();
    let refused = async |expected: &str| {
        assert_eq!(verify(&folder).expect_err("is refused").to_string(), expected);
        let job = ann.import(&folder, ImportWish::default()).await;
        let JobState::ImportFailed(error) = &job.state else { panic!("{job:?}") };
        assert!(matches!(&**error, ImportError::Manifest(_)), "{error}");
        assert_eq!(ann.spaces.list().await.expect("list").len(), spaces, "nothing is left");
    };
    let record = folder.join("record.jsonl");
    let whole = std::fs::read(&record).expect("reads");
    let mut turned = whole.clone();
    turned[20] ^= 1;
    std::fs::write(&record, &turned).expect("writes");
    refused("record.jsonl is not as it was exported").await;
    std::fs::remove_file(&record).expect("removes");
    assert!(matches!(verify(&folder), Err(ManifestError::Missing(file)) if file == "record.jsonl"));
    std::fs::write(&record, &whole).expect("writes");
    std::fs::write(folder.join("messages/more.md"), "x").expect("writes");
    refused("messages/more.md was not exported").await;
    std::fs::remove_file(folder.join("messages/more.md")).expect("removes");
    let manifest = folder.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("reads");
    std::fs::write(&manifest, text.replace("Quay", "Quai")).expect("writes");
    refused("manifest.sig is not the signature of manifest.json").await;
    std::fs::write(&manifest, text).expect("writes");
    verify(&folder).expect("whole again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_or_cannot_be_written_leaves_nothing() {
    let ann = Peer::start("Ann").await;
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.say(space, "hello").await;
    let room = ann.path("room");
    std::fs::create_dir(&room).expect("makes");
    let job = ann.spaces.export(space, room.join("first"), true, draw).await.expect("begins");
    ann.spaces.cancel_job(job.id).expect("cancels");
    let job = ann.finish(job).await;
    // It may have been faster.
    let left = usize::from(matches!(job.state, JobState::Exported { .. }));
    assert!(left == 1 || matches!(job.state, JobState::Cancelled), "{job:?}");
    assert_eq!(std::fs::read_dir(&room).expect("folder").count(), left);
    std::fs::write(room.join("file"), "in the way").expect("writes");
    let job = ann.export(space, &room.join("file/inside")).await;
    assert!(
        matches!(&job.state, JobState::ExportFailed(error) if matches!(&**error, ExportError::Disk { .. })),
        "{job:?}"
    );
    let talk = ann.spaces.topics(space).await.expect("topics");
    assert_eq!(talk.len(), 1);
    let range = MessageRange { at: At::Place(None), limit: 10, ..MessageRange::default() };
    assert_eq!(ann.spaces.messages(space, range).await.expect("messages").0.len(), 1);
}
