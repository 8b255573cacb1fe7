//! Invitations that do not work, and those that work once.

use compeer_core::group::{Level, Member};
use compeer_core::{DeviceKey, GroupId};
use compeer_journal::sync::JoinError;

use crate::support::{Peer, in_an_hour, until_equal};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bad_invitation_says_what_is_wrong_with_it() {
    let (ann, bo, cy) = (Peer::new().await, Peer::new().await, Peer::new().await);
    let topic = ann.space().await;

    let once = ann.invite(topic, 1, in_an_hour()).await;
    bo.join(&once).await.expect("the first");
    assert_eq!(cy.join(&once).await, Err(JoinError::Used));

    let revoked = ann.invite(topic, 1, in_an_hour()).await;
    ann.journal.revoke(topic, revoked.terms.key).await.expect("revoked");
    assert_eq!(cy.join(&revoked).await, Err(JoinError::Revoked));

    let old = ann.invite(topic, 1, 1_000).await;
    assert_eq!(cy.join(&old).await, Err(JoinError::Expired));
    // A newcomer whose clock is wrong, or who lies about the terms, hears the same from the host.
    let mut stretched = old.clone();
    stretched.terms.expires = in_an_hour();
    assert_eq!(cy.join(&stretched).await, Err(JoinError::Expired));

    let good = ann.invite(topic, 1, in_an_hour()).await;
    let mut altered = good.clone();
    altered.secret = [7; 32].into();
    assert_eq!(cy.join(&altered).await, Err(JoinError::Altered));
    altered.terms.key = DeviceKey::from_seed([7; 32]).id();
    assert_eq!(cy.join(&altered).await, Err(JoinError::Altered));
    // Whether a topic is here is not told to those who hold no invitation to it.
    let mut elsewhere = good.clone();
    elsewhere.topic = GroupId::from_bytes([8; 32]);
    assert_eq!(cy.join(&elsewhere).await, Err(JoinError::Altered));

    let mut raised = good.clone();
    raised.terms.level = Level::Manage;
    cy.join(&raised).await.expect("joins, by the terms in the group's log");
    assert_eq!(cy.journal.rules(&topic).and_then(|rules| rules.level(&cy.device())), Some(Level::Write));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_and_nobody_open_are_told_apart() {
    let (ann, bo, cy) = (Peer::new().await, Peer::new().await, Peer::new().await);
    let topic = ann.space().await;
    let mut invite = ann.invite(topic, 1, in_an_hour()).await;
    // Bo manages nothing that anybody is invited to.
    invite.hosts = vec![bo.as_host()];
    assert_eq!(cy.join(&invite).await, Err(JoinError::Refused));
    invite.hosts = vec![ann.as_host()];
    ann.stop().await;
    assert_eq!(cy.join(&invite).await, Err(JoinError::Unreachable { tried: vec![ann.device()] }));
    // Somebody else's person is no way in.
    assert_eq!(cy.sync.join(&invite, bo.person).await, Err(JoinError::NotThisPerson));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_manager_can_let_in_and_a_lost_answer_is_given_again() {
    let (ann, bo, cy) = (Peer::new().await, Peer::new().await, Peer::new().await);
    let topic = ann.space().await;
    let managers = ann.invite_at(topic, Level::Manage, 1, in_an_hour()).await;
    bo.join(&managers).await.expect("bo");
    let mut invite = ann.invite(topic, 1, in_an_hour()).await;
    until_equal(&[&ann, &bo], topic).await;
    invite.hosts.push(bo.as_host());
    ann.stop().await;
    cy.join(&invite).await.expect("by bo");
    // As if the first answer had never come.
    cy.journal.forget(topic).await.expect("forgotten");
    cy.join(&invite).await.expect("again");
    let rules = bo.journal.rules(&topic).expect("rules");
    assert_eq!(rules.members().len(), 3);
    assert_eq!(rules.invites()[&invite.terms.key].used, [Member::Group(cy.person)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_for_one_lets_in_one_even_by_two_managers_at_once() {
    let (ann, bo, cy, di) = (Peer::new().await, Peer::new().await, Peer::new().await, Peer::new().await);
    let topic = ann.space().await;
    let managers = ann.invite_at(topic, Level::Manage, 1, in_an_hour()).await;
    bo.join(&managers).await.expect("bo");
    let by_ann = ann.invite(topic, 1, in_an_hour()).await;
    until_equal(&[&ann, &bo], topic).await;
    let mut by_bo = by_ann.clone();
    by_bo.hosts = vec![bo.as_host()];
    let (cy_in, di_in) = tokio::join!(cy.join(&by_ann), di.join(&by_bo));
    assert!(cy_in.is_ok() || di_in.is_ok(), "{cy_in:?} {di_in:?}");
    until_equal(&[&ann, &bo], topic).await;
    for manager in [&ann, &bo] {
        let rules = manager.journal.rules(&topic).expect("rules");
        assert_eq!(rules.members().len(), 3, "{:?}", rules.members());
    }
    let of = |peer: &Peer| ann.journal.rules(&topic).is_some_and(|rules| rules.level(&peer.device()).is_some());
    assert!(of(&cy) != of(&di));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_in_by_an_invitation_is_in_when_they_use_it_again() {
    let (ann, bo) = (Peer::new().await, Peer::new().await);
    let topic = ann.space().await;
    let invite = ann.invite(topic, 1, in_an_hour()).await;
    bo.join(&invite).await.expect("joins");
    let level = |peer: &Peer| ann.journal.rules(&topic).and_then(|rules| rules.level(&peer.device()));
    let rules = ann.journal.rules(&topic).expect("rules");
    let member = *rules.members().keys().find(|member| rules.devices()[&bo.device()].via == **member).expect("Bo");
    ann.journal.set_member(topic, member, Some(Level::Read), None).await.expect("lowers");
    bo.join(&invite).await.expect("is in");
    assert_eq!(level(&bo), Some(Level::Read), "it gives nothing back");
    // Once out, it lets nobody in.
    ann.journal.set_member(topic, member, None, None).await.expect("removes");
    assert!(bo.join(&invite).await.is_err());
    assert_eq!(level(&bo), None);
}
