//! Who is not a member does not get in: a device that was never invited, and one that was removed.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use compeer_core::{DeviceId, DeviceKey};
use compeer_mesh::{Addresses, Admission, DownReason, Mesh, MeshConfig, Source};
use compeer_testkit::netns::Lab;
use compeer_testkit::wait::eventually;

use super::world::{Computer, SOON, SPACE, wait_out};

/// The port that programs listen on when nobody says otherwise.
const USUAL_PORT: u16 = 4919;
/// Longer than a pause between two attempts of a device that is refused.
const TRIED: Duration = Duration::from_secs(5);

/// Ada and Bo share a space on a LAN.
fn together(lab: &Lab) -> (compeer_testkit::netns::Lan, Computer, Computer) {
    let lan = lab.lan("lan").expect("a LAN");
    let [ada, bo] = [("ada", "Ada"), ("bo", "Bo")]
        .map(|(host, name)| Computer::running(lab.host(host, &lan).expect("a host"), name, &[]));
    bo.joins(&ada.invites());
    (lan, ada, bo)
}

/// Knocks at both doors of these devices. Every door has to stay shut; returns what the last one said.
async fn knock(key: DeviceKey, targets: &[(DeviceId, SocketAddr)]) -> DownReason {
    // A mesh whose gate lets everybody in stands for a changed program: what it does not keep, others must.
    let open = |_, _| Admission::Member;
    let mesh = Mesh::builder(MeshConfig::new(key), open).start().await.expect("starts");
    for (device, address) in targets {
        mesh.learn(*device, Addresses::direct([*address]), Source::Given);
    }
    mesh.want(targets.iter().map(|(device, _)| *device).collect::<BTreeSet<_>>());
    eventually(SOON, "refused by all", async || {
        let peers = mesh.peers();
        let refused = peers.iter().filter(|peer| peer.failure == Some(DownReason::Refused)).count();
        if refused == targets.len() { Ok(()) } else { Err(peers) }
    })
    .await;
    // And the other door of the last, who has no invitation open.
    let (last, address) = targets[targets.len() - 1];
    let refused = match mesh.join(last, Addresses::direct([address]), SOON).await {
        Ok(link) => link.closed().await,
        Err(compeer_mesh::JoinError::Refused(reason)) => reason,
        Err(error) => panic!("{error}"),
    };
    mesh.shutdown().await;
    refused
}

#[test]
fn an_uninvited_device_is_refused_and_recorded() {
    let Some(lab) = Lab::new_or_skip() else { return };
    let (lan, ada, bo) = together(&lab);
    let stranger = lab.host("stranger", &lan).expect("a host");
    let key = DeviceKey::generate().expect("a key");
    let id = key.id();
    let targets: Vec<(DeviceId, SocketAddr)> = [&ada, &bo]
        .map(|target| (target.device().parse().expect("an id"), (target.host.address(), USUAL_PORT).into()))
        .to_vec();
    let inside = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { tokio::time::timeout(SOON * 2, knock(key, &targets)).await })
    };
    let refused = stranger.enter(inside).expect("enters").expect("in time");
    assert_eq!(refused, DownReason::Refused);
    for computer in [&ada, &bo] {
        let problem = computer.problem("refused");
        let text = problem["text"].as_str().expect("a text");
        assert!(text.contains(&id.short().to_string()), "{text}");
        assert_eq!(computer.path_to(&id.to_string()), "none");
    }
}

#[test]
fn a_member_that_was_removed_meanwhile_is_refused_and_recorded() {
    let Some(lab) = Lab::new_or_skip() else { return };
    let (_lan, ada, mut bo) = together(&lab);
    ada.says("For both");
    bo.has_heard(SOON, &["For both".into()]);
    bo.peer.terminate().expect("ends");
    ada.peer.ask(&["space", "remove", SPACE, "Bo"]).expect("removes");
    ada.says("For Ada alone");
    bo.up(&[]);
    let bo_device = bo.device().to_owned();
    let problem = ada.problem("refused");
    assert!(problem["text"].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    wait_out(TRIED);
    assert_eq!(ada.path_to(&bo_device), "none");
    bo.has_heard(SOON, &["For both".into()]);
}

#[test]
fn a_member_that_is_removed_while_linked_is_cut_off() {
    let Some(lab) = Lab::new_or_skip() else { return };
    let (_lan, ada, bo) = together(&lab);
    ada.says("For both");
    bo.has_heard(SOON, &["For both".into()]);
    ada.reaches(bo.device(), "direct", SOON);
    ada.peer.ask(&["space", "remove", SPACE, "Bo"]).expect("removes");
    ada.says("For Ada alone");
    ada.reaches(bo.device(), "none", SOON);
    wait_out(TRIED);
    assert_eq!(ada.path_to(bo.device()), "none");
    let heard = bo.peer.ask(&["chat", "log", SPACE]).map(|log| log.to_string()).unwrap_or_default();
    assert!(!heard.contains("For Ada alone"), "{heard}");
}
