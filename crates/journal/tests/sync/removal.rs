//! Who was removed gets nothing new.

use compeer_core::group::{Level, Member};
use compeer_journal::sync::JoinError;
use compeer_testkit::wait::eventually;

use crate::support::{LIMIT, Peer, in_an_hour, peers_in_a_space, until_equal};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_member_gets_nothing_new_and_is_not_let_in() {
    let (peers, topic) = peers_in_a_space(3).await;
    let [ann, bo, cy] = peers.as_slice() else { panic!("three") };
    until_equal(&[ann, bo, cy], topic).await;
    let mut refusals = ann.mesh.events();
    ann.journal.set_member(topic, Member::Group(cy.person), None, None).await.expect("removed");
    ann.say(topic, "without cy").await;
    bo.until_reads(topic, &["without cy"]).await;
    eventually(LIMIT, "no link to cy", async || {
        [ann, bo]
            .iter()
            .all(|peer| peer.mesh.link(cy.device()).is_none() && !peer.sync.talking_to().contains(&cy.device()))
    })
    .await;
    let of_bo = cy.journal.heights(&topic).get(&bo.device()).copied();
    for n in 0..20 {
        bo.say(topic, &format!("still without cy {n}")).await;
    }
    until_equal(&[ann, bo], topic).await;
    // What cy writes now counts for nobody, and cy does not get what the others write.
    let _ = cy.journal.append(topic, b"let me in".to_vec()).await;
    // Cy knocks as often as it likes.
    eventually(LIMIT, "cy is refused", async || {
        while let Ok(event) = refusals.try_recv() {
            if let compeer_mesh::MeshEvent::Problem(compeer_mesh::Problem::Refused { device }) = event {
                return device == cy.device();
            }
        }
        cy.mesh.nudge(ann.device());
        false
    })
    .await;
    assert!(!cy.texts(topic).iter().any(|text| text.contains("without cy")));
    assert_eq!(cy.journal.heights(&topic).get(&bo.device()).copied(), of_bo);
    assert!(!ann.texts(topic).contains("let me in"));
}

/// Nobody tells a removed member of the removal: it shows when it asks to be let in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_removed_hears_so_by_asking_and_comes_back_with_a_new_invitation() {
    let (peers, topic) = peers_in_a_space(2).await;
    let [ann, cy] = peers.as_slice() else { panic!("two") };
    let once = ann.invite(topic, 1, in_an_hour()).await;
    let old = ann.invite(topic, 1, 1_000).await;
    let other = Peer::new().await;
    other.join(&once).await.expect("the only one");
    // Whoever is in is in, whatever became of the invitation.
    for invite in [&once, &old] {
        assert_eq!(cy.join(invite).await, Ok(topic));
    }
    ann.journal.set_member(topic, Member::Group(cy.person), None, None).await.expect("removed");
    eventually(LIMIT, "no link to cy", async || ann.mesh.link(cy.device()).is_none()).await;
    assert_eq!(cy.join(&once).await, Err(JoinError::Used));
    assert_eq!(cy.join(&old).await, Err(JoinError::Expired));
    let new = ann.invite(topic, 1, in_an_hour()).await;
    assert_eq!(cy.join(&new).await, Ok(topic));
    cy.say(topic, "here again").await;
    ann.until_reads(topic, &["here again"]).await;
    // While nobody is there, nobody says that we are out.
    ann.stop().await;
    other.stop().await;
    assert_eq!(cy.join(&once).await, Ok(topic));
}

/// Who still shares something else stays linked, and sees that this is not shared any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_member_that_shares_something_else_sees_what_is_withheld() {
    let (peers, topic) = peers_in_a_space(2).await;
    let [ann, cy] = peers.as_slice() else { panic!("two") };
    let other = ann.space().await;
    ann.journal.set_member(other, Member::Group(cy.person), Some(Level::Write), None).await.expect("added");
    cy.journal.adopt(other).await.expect("adopted");
    until_equal(&[ann, cy], topic).await;
    until_equal(&[ann, cy], other).await;
    assert!(cy.sync.withheld_by(&ann.device()).is_empty());
    ann.journal.set_member(topic, Member::Group(cy.person), None, None).await.expect("removed");
    let withheld = async || cy.sync.withheld_by(&ann.device());
    eventually(LIMIT, "it is not shared any more", async || withheld().await == [topic].into()).await;
    assert!(ann.sync.withheld_by(&cy.device()).is_empty(), "Ann expects nothing of whom she removed");
    ann.journal.set_member(topic, Member::Group(cy.person), Some(Level::Write), None).await.expect("added");
    eventually(LIMIT, "it is shared again", async || withheld().await.is_empty()).await;
    ann.say(topic, "welcome back").await;
    cy.until_reads(topic, &["welcome back"]).await;
}
