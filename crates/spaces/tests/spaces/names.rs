//! Under what names members see each other, also those who may not write.

use std::time::Duration;

use compeer_core::group::{GroupKind, Level, Member};
use compeer_core::{DeviceKey, GroupId, system_wall};
use compeer_journal::{Cursor, Journal, JournalConfig, Page};
use compeer_spaces::model::Op;
use compeer_spaces::{Me, MemberInfo, Profile};

use crate::peer::Peer;

/// A picture as small as one can be.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n";

impl Peer {
    async fn sees(&self, space: GroupId, person: GroupId) -> Option<MemberInfo> {
        let members = self.spaces.members(space).await.expect("members");
        members.into_iter().find(|member| member.person == person)
    }

    async fn knows(&self, space: GroupId, other: &Self, name: &str, device_name: &str) {
        self.until(&format!("the name {name}"), || async {
            let seen = self.sees(space, other.person()).await;
            seen.is_some_and(|member| member.name == name && member.devices[0].name == device_name)
        })
        .await;
    }

    /// The introductions of others that are in the journal here.
    fn introductions(&self, space: GroupId) -> Vec<Op> {
        let Ok(Page::Rebuild { generation }) = self.journal.read(&space, Cursor::default(), 1) else {
            panic!("no generation is 0");
        };
        let page = self.journal.read(&space, Cursor { generation, position: 0 }, 10_000).expect("reads");
        let Page::Entries { entries, more: false, .. } = page else { panic!("not all at once: {page:?}") };
        let ops = entries.iter().map(|entry| Op::decode(&entry.plain).expect("an operation"));
        ops.filter(|op| matches!(op, Op::Introduce { .. })).collect()
    }

    async fn is_called(&self, name: &str, picture: Option<&[u8]>) {
        let profile = Profile { name: name.into(), device_name: "desk".into(), picture: picture.map(<[u8]>::to_vec) };
        self.spaces.set_me(Me { person: self.person(), profile }).await.expect("takes it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_has_a_name() {
    let (ann, bo, cy) = (Peer::start("Ann").await, Peer::start("Bo").await, Peer::start("Cy").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &bo, Level::Write).await;
    ann.bring(space, &cy, Level::Read).await;
    for peer in [&ann, &bo, &cy] {
        peer.knows(space, &cy, "Cy", "Cy's laptop").await;
    }

    // A new name and a picture come as well; each was written once, by one of the two who may.
    cy.is_called("Cyrus", Some(PICTURE)).await;
    for peer in [&ann, &bo, &cy] {
        peer.knows(space, &cy, "Cyrus", "desk").await;
        assert!(peer.sees(space, cy.person()).await.is_some_and(|member| member.has_picture));
        assert_eq!(peer.introductions(space).len(), 2);
    }
    let shown = ann.spaces.person(cy.person()).await.expect("reads");
    assert_eq!(shown, Some(("Cyrus".into(), Some(PICTURE.to_vec()))));

    // Let to write, they say it themselves, and nobody speaks for them any more.
    ann.spaces.set_level(space, cy.person(), Level::Write).await.expect("raises");
    cy.until("the level", || async { cy.spaces.info(space).await.is_ok_and(|info| info.level == Some(Level::Write)) })
        .await;
    cy.is_called("Cyril", None).await;
    for peer in [&ann, &bo] {
        peer.knows(space, &cy, "Cyril", "desk").await;
    }
    let claim = Profile { name: "Villain".into(), device_name: "trap".into(), picture: None };
    let claim = Op::Introduce { person: cy.person(), device: cy.journal.device(), profile: claim };
    bo.journal.append(space, claim.encode().expect("encodes")).await.expect("writes");
    bo.say(space, "that was me").await;
    ann.hears(space, &["that was me"]).await;
    ann.knows(space, &cy, "Cyril", "desk").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_is_introduced_as_soon_as_somebody_who_may_write_is_there() {
    let (ann, cy) = (Peer::start("Ann").await, Peer::start("Cy").await);
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.bring(space, &cy, Level::Read).await;
    cy.knows(space, &cy, "Cy", "Cy's laptop").await;
    let ann = ann.stop().await;
    cy.is_called("Cyrus", None).await;
    let ann = ann.start().await;
    ann.knows(space, &cy, "Cyrus", "desk").await;

    // A restart does not ask again for what is known.
    cy.knows(space, &cy, "Cyrus", "desk").await;
    let before = ann.introductions(space).len();
    let ann = ann.stop().await.start().await;
    ann.say(space, "back").await;
    cy.hears(space, &["back"]).await;
    assert_eq!(cy.introductions(space).len(), before);
}

/// Somebody's journal, with their person and nothing else: what is in it is carried by hand.
async fn journal() -> (Journal, GroupId, tempfile::TempDir) {
    let (dir, key) = (tempfile::tempdir().expect("home"), DeviceKey::generate().expect("key"));
    let config = JournalConfig::new(dir.path().to_owned(), key.clone(), system_wall());
    let journal = Journal::open(config).await.expect("journal");
    let person = journal.found(GroupKind::Person, Member::Device(key.id())).await.expect("person");
    (journal, person, dir)
}

/// Carries all of a topic.
async fn carry(topic: GroupId, from: &Journal, to: &Journal) {
    let heights = from.heights(&topic);
    let runs = heights.keys().map(|author| from.run(&topic, author, 0, 10_000, 16 << 20).expect("reads")).collect();
    let report = to.ingest(from.device(), runs).await.expect("takes");
    assert_eq!(report.refused, []);
}

#[tokio::test]
async fn a_newcomer_has_a_name_although_the_log_of_a_member_does_not_come() {
    let (bo, (ann, ann_person, _a), (cy, cy_person, _c)) = (Peer::start("Bo").await, journal().await, journal().await);
    let space = ann.found(GroupKind::Space, Member::Group(ann_person)).await.expect("space");
    for (person, journal) in [(cy_person, &cy), (bo.person(), &bo.journal)] {
        ann.attach(person).await.expect("attached");
        carry(person, journal, &ann).await;
        ann.set_member(space, Member::Group(person), Some(Level::Write), None).await.expect("added");
    }
    ann.append(space, Op::Name { name: "Quay".into() }.encode().expect("encodes")).await.expect("written");

    // All of it comes to Bo but Cy's log.
    bo.journal.adopt(space).await.expect("adopted");
    bo.journal.attach(ann_person).await.expect("attached");
    carry(ann_person, &ann, &bo.journal).await;
    carry(space, &ann, &bo.journal).await;
    bo.until("the space's name", || async { bo.spaces.info(space).await.is_ok_and(|info| info.name == "Quay") }).await;
    assert!(bo.journal.rules(&space).is_some_and(|rules| !rules.unknown_groups().is_empty()));
    // A clock that stands goes on only when there is nothing else to do: whatever the above has set off is over.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!bo.journal.heights(&space).contains_key(&bo.journal.device()), "nothing is written yet");
    // Nothing happens any more, and the time for the log to come passes.
    tokio::time::sleep(Duration::from_secs(30)).await;
    tokio::time::resume();
    bo.knows(space, &bo, "Bo", "Bo's laptop").await;
    bo.spaces.shutdown().await;
}
