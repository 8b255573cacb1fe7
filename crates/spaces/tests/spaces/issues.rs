//! Issues between people who are offline: the same number twice, changes that cross, comments, tables.

use std::collections::BTreeSet;

use compeer_core::GroupId;
use compeer_core::group::Level;
use compeer_spaces::model::{Op, OpError};
use compeer_spaces::{
    ActError, At, Day, Field, ImportOptions, IssueFilter, IssueInfo, Kind, MessageRange, NewMessage, Priority,
    SpacesEvent, Status,
};

use crate::peer::{LIMIT, Peer};

fn title(text: &str) -> Field {
    Field::Title { text: text.into() }
}

async fn listed(peer: &Peer, space: GroupId) -> Vec<IssueInfo> {
    let filter = IssueFilter { limit: 1000, ..IssueFilter::default() };
    peer.spaces.issues(space, filter).await.expect("lists").0
}

async fn keys(peer: &Peer, space: GroupId) -> BTreeSet<String> {
    listed(peer, space).await.into_iter().map(|issue| issue.key).collect()
}

/// What an issue says, but for what is only this peer's.
fn facts(issues: Vec<IssueInfo>) -> Vec<IssueInfo> {
    issues.into_iter().map(|issue| IssueInfo { unread: 0, mentions: 0, ..issue }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_offline_take_the_same_number_and_no_key_means_two() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Website".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let first = ann.spaces.create_issue(space, vec![title("before")]).await.expect("makes").issue;
    assert_eq!((first.key.as_str(), first.status, first.author.1.as_str()), ("WEB-1", Status::Backlog, "Ann"));
    bo.until("the first", || async { keys(&bo, space).await.contains("WEB-1") }).await;

    // Nobody hears the other; each goes on.
    let bo = bo.stop().await;
    let here = ann.spaces.create_issue(space, vec![title("crane")]).await.expect("makes").issue;
    let status = Field::Status { status: Status::Doing };
    ann.spaces.change_issues(space, vec![first.id], vec![status]).await.expect("changes");
    let ann = ann.stop().await;
    let bo = bo.start().await;
    let there = bo.spaces.create_issue(space, vec![title("ladder")]).await.expect("makes").issue;
    assert_eq!((here.key.as_str(), there.key.as_str()), ("WEB-2", "WEB-2"));
    let urgent = vec![Field::Priority { priority: Priority::Urgent }, Field::Blocks { issue: there.id, on: true }];
    bo.spaces.change_issues(space, vec![first.id], urgent).await.expect("changes");
    assert_eq!(bo.spaces.find_issue(space, "web-2").await.expect("finds"), there.id);

    let ann = ann.start().await;
    ann.meets(&bo).await;
    for peer in [&ann, &bo] {
        peer.until("all three", || async { keys(peer, space).await.len() == 3 }).await;
        let several = peer.spaces.find_issue(space, "WEB-2").await;
        let Err(ActError::SeveralIssues(found)) = several else { panic!("{several:?}") };
        assert_eq!(found.len(), 2);
        for issue in listed(peer, space).await {
            assert_eq!(peer.spaces.find_issue(space, &issue.key).await.expect("finds"), issue.id);
            assert_eq!(issue.key.len() > "WEB-2".len(), issue.id != first.id, "{}", issue.key);
        }
        // Both changed the same issue, and nothing of it is lost.
        peer.until("both changes", || async {
            let issue = peer.spaces.issue(space, first.id).await.expect("is there").issue;
            (issue.status, issue.priority) == (Status::Doing, Priority::Urgent)
        })
        .await;
        let blocked = peer.spaces.issue(space, there.id).await.expect("is there");
        assert!(blocked.issue.blocked && blocked.blocked_by[0].id == first.id, "{blocked:?}");
    }
    assert_eq!(facts(listed(&ann, space).await), facts(listed(&bo, space).await));
    // The next number is free.
    let next = bo.spaces.create_issue(space, vec![title("next")]).await.expect("makes").issue;
    assert_eq!(next.key, "WEB-3");

    // The prefix is a manager's; what was written down stays right.
    assert!(matches!(bo.spaces.set_key_prefix(space, "SITE".into()).await, Err(ActError::NeedsManage)));
    let bad = ann.spaces.set_key_prefix(space, "site".into()).await;
    assert!(matches!(bad, Err(ActError::Content(OpError::Prefix))), "{bad:?}");
    ann.spaces.set_key_prefix(space, "SITE".into()).await.expect("sets");
    bo.until("the prefix", || async { keys(&bo, space).await.contains("SITE-3") }).await;
    for key in ["WEB-3", "SITE-3", "#3"] {
        assert_eq!(bo.spaces.find_issue(space, key).await.expect("finds"), next.id, "{key}");
    }
    assert!(matches!(bo.spaces.find_issue(space, "OPS-3").await, Err(ActError::UnknownIssue)));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_talk_at_an_issue_and_see_what_became_of_it() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let bug = ann.spaces.create_thing(space, Kind::Label, vec![title("bug")]).await.expect("makes");
    let same = ann.spaces.create_thing(space, Kind::Label, vec![title("BUG")]).await.expect("is there");
    assert_eq!(bug.id, same.id);
    let fields = vec![title("crane creaks"), Field::Label { label: bug.id, on: true }];
    let issue = ann.spaces.create_issue(space, fields).await.expect("makes").issue;
    bo.until("the issue", || async { bo.spaces.issue(space, issue.id).await.is_ok() }).await;

    let mut events = ann.spaces.events();
    let comment = NewMessage { place: Some(issue.id), ..NewMessage::text("@Ann I hear it, too") };
    bo.spaces.send(space, comment).await.expect("says");
    ann.hears(space, &["@Ann I hear it, too"]).await;
    let now = ann.spaces.issue(space, issue.id).await.expect("is there");
    assert_eq!((now.issue.comments, now.issue.unread, now.issue.mentions), (1, 1, 1));
    let range = MessageRange { at: At::Place(Some(issue.id)), limit: 10, ..MessageRange::default() };
    let (said, _) = ann.spaces.messages(space, range).await.expect("messages");
    assert_eq!(said[0].place.as_ref().and_then(|place| place.title.as_deref()), Some("crane creaks"));
    let (general, _) = ann
        .spaces
        .messages(space, MessageRange { at: At::Place(None), limit: 10, ..MessageRange::default() })
        .await
        .expect("messages");
    assert_eq!(general, []);
    ann.spaces.mark_read(space, At::Place(Some(issue.id)), said[0].id).await.expect("marks");
    assert_eq!(ann.spaces.issue(space, issue.id).await.expect("is there").issue.unread, 0);

    let changes = vec![
        Field::Assignee { person: Some(ann.person()) },
        Field::Due { day: Day::parse("2026-12-24") },
        Field::Description { text: "It *creaks*.".into() },
        Field::Label { label: bug.id, on: false },
    ];
    bo.spaces.change_issues(space, vec![issue.id], changes).await.expect("changes");
    ann.until("the change", || async {
        ann.spaces.issue(space, issue.id).await.is_ok_and(|issue| issue.description == "It *creaks*.")
    })
    .await;
    let told = async {
        loop {
            if let SpacesEvent::Issue { issue: Some(id), .. } = events.recv().await.expect("goes on") {
                return id;
            }
        }
    };
    assert_eq!(tokio::time::timeout(LIMIT, told).await.expect("in time"), issue.id);
    let activity = ann.spaces.issue_activity(space, issue.id).await.expect("activity");
    let words: BTreeSet<_> = activity
        .iter()
        .skip(1)
        .map(|one| (one.field.unwrap_or_default(), one.from.clone(), one.to.clone(), one.person.1.as_str()))
        .collect();
    let expected = BTreeSet::from([
        ("assignee", None, Some("Ann".to_owned()), "Bo"),
        ("due", None, Some("2026-12-24".to_owned()), "Bo"),
        ("description", None, None, "Bo"),
        ("label", Some("bug".to_owned()), None, "Bo"),
    ]);
    assert_eq!(words, expected);
    assert!(activity[0].field.is_none() && activity[0].person.1 == "Ann");
    assert_eq!(ann.spaces.my_issues(space).await.expect("mine").len(), 1);

    // What is so already is not written again.
    let heights = bo.journal.heights(&space);
    let again = vec![Field::Due { day: Day::parse("2026-12-24") }, title("crane creaks")];
    bo.spaces.change_issues(space, vec![issue.id], again).await.expect("is so");
    assert_eq!(bo.journal.heights(&space), heights);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_and_what_others_write_all_the_same_is_told() {
    let (ann, bo) = (Peer::start("Ann").await, Peer::start("Bo").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    let one = ann.spaces.create_issue(space, vec![title("one")]).await.expect("makes").issue.id;
    let two =
        ann.spaces.create_issue(space, vec![title("two"), Field::Parent { issue: Some(one) }]).await.expect("makes");
    let change = async |issue, field| ann.spaces.change_issues(space, vec![issue], vec![field]).await;
    let circle = change(one, Field::Parent { issue: Some(two.issue.id) }).await;
    assert!(matches!(circle, Err(ActError::Circle)), "{circle:?}");
    assert!(matches!(change(one, Field::Blocks { issue: one, on: true }).await, Err(ActError::Circle)));
    let nobody = GroupId::from_bytes([7; 32]);
    assert!(matches!(change(one, Field::Assignee { person: Some(nobody) }).await, Err(ActError::UnknownPerson)));
    let no_label = change(one, Field::Label { label: one, on: true }).await;
    assert!(matches!(no_label, Err(ActError::UnknownThing(Kind::Label))), "{no_label:?}");
    let no_issue = change(ann.say(space, "words").await, Field::Status { status: Status::Done }).await;
    assert!(matches!(no_issue, Err(ActError::UnknownIssue)), "{no_issue:?}");
    assert!(ann.spaces.create_issue(space, vec![title("")]).await.is_err());
    assert!(ann.spaces.create_issue(space, vec![Field::Estimate { points: Some(1001) }]).await.is_err());

    let mut events = ann.spaces.events();
    let renumber = Op::Set { object: one, fields: vec![Field::Number { number: 9 }] };
    bo.until("the issue", || async { bo.spaces.issue(space, one).await.is_ok() }).await;
    bo.journal.append(space, renumber.encode().expect("encodes")).await.expect("writes");
    let told = async {
        loop {
            if let SpacesEvent::Nonsense { device, .. } = events.recv().await.expect("goes on") {
                return device;
            }
        }
    };
    assert_eq!(tokio::time::timeout(LIMIT, told).await.expect("in time"), bo.journal.device());
    assert_eq!(ann.spaces.issue(space, one).await.expect("is there").issue.key, "QUA-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_comes_back_as_it_went() {
    let ann = Peer::start("Ann").await;
    let (from, to) =
        (ann.spaces.create("From".into()).await.expect("space"), ann.spaces.create("To".into()).await.expect("space"));
    let label = |text: &str| ann.spaces.create_thing(from, Kind::Label, vec![title(text)]);
    let (bug, odd) = (label("bug").await.expect("makes").id, label("a, \"b\"; c").await.expect("makes").id);
    let project = ann.spaces.create_thing(from, Kind::Project, vec![title("=cmd()")]).await.expect("makes").id;
    let parent = ann
        .spaces
        .create_issue(from, vec![title("-1 is a title"), Field::Project { project: Some(project) }])
        .await
        .expect("makes")
        .issue
        .id;
    let fields = vec![
        title("crane, \"creaks\""),
        Field::Description { text: "two\n\nlines; 'quoted'".into() },
        Field::Status { status: Status::Review },
        Field::Priority { priority: Priority::Low },
        Field::Assignee { person: Some(ann.person()) },
        Field::Estimate { points: Some(3) },
        Field::Due { day: Day::parse("2028-02-29") },
        Field::Parent { issue: Some(parent) },
        Field::Label { label: bug, on: true },
        Field::Label { label: odd, on: true },
        Field::Blocks { issue: parent, on: true },
    ];
    ann.spaces.create_issue(from, fields).await.expect("makes");
    let away = ann.spaces.create_issue(from, vec![title("put away")]).await.expect("makes").issue.id;
    ann.spaces.change_issues(from, vec![away], vec![Field::Archived { on: true }]).await.expect("changes");

    let table = ann.spaces.export_issues(from).await.expect("exports");
    let looked = ann.spaces.import_issues(to, &table, ImportOptions { look: true, skip: false }).await.expect("looks");
    assert_eq!((looked.rows, looked.good, looked.made.len(), looked.new.len()), (3, 3, 0, 3));
    assert!(listed(&ann, to).await.is_empty(), "only looked");
    let report = ann.spaces.import_issues(to, &table, ImportOptions::default()).await.expect("imports");
    assert_eq!((report.made.len(), report.errors.len(), report.notes.len()), (3, 0, 0), "{report:?}");
    // The same, but for the keys' prefix and what the import itself says: when, and by whom.
    let without_times = |table: &str| -> Vec<String> {
        table
            .replace("FRO-", "TO-")
            .split("\r\n")
            .map(|line| line.rsplitn(4, ',').nth(3).unwrap_or(line).to_owned())
            .collect()
    };
    let again = ann.spaces.export_issues(to).await.expect("exports");
    assert_eq!(without_times(&again), without_times(&table));

    // One bad row stops all of it, unless it shall be left out.
    let bad = "Title,Status\nfine,doing\n,todo\n";
    let report = ann.spaces.import_issues(to, bad, ImportOptions::default()).await.expect("reports");
    assert_eq!((report.made.len(), report.errors.len(), report.good), (0, 1, 1));
    let report = ann.spaces.import_issues(to, bad, ImportOptions { look: false, skip: true }).await.expect("imports");
    assert_eq!((report.made.len(), report.errors[0].0), (1, 3));
}
