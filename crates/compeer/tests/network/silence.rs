//! No packet goes to, or comes from, anybody but the peers and the relay that the user named. Strangers would be reached
//! over the default route, so whatever is sent to them passes the cable on which is listened.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use compeer_testkit::netns::Nat::PortRestricted;
use compeer_testkit::netns::{Capture, Host, Kind, Packet};

use super::world::{DIRECT, HEALED, Offices, RELAY_PORT, SOON, wait_out};

/// How long the programs are left alone.
const IDLE: Duration = Duration::from_secs(20);
/// Multicast DNS (RFC 6762).
const MDNS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// Where the kernel reports that somebody listens to a multicast address (IGMPv3, RFC 3376).
const IGMP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 22);

/// Whom a computer may exchange packets with.
struct Allowed {
    own: Ipv4Addr,
    gateway: Ipv4Addr,
    relay: Option<Ipv4Addr>,
    peers: Vec<Ipv4Addr>,
    multicast: bool,
}

impl Allowed {
    fn allows(&self, packet: &Packet) -> bool {
        let (near, far) = if packet.outgoing { (packet.from, packet.to) } else { (packet.to, packet.from) };
        let (IpAddr::V4(near), IpAddr::V4(far_ip)) = (near.ip(), far.ip()) else { return false };
        let mine = near == self.own;
        match packet.kind {
            // The computer and its gateway ask for each other.
            Kind::Arp => [self.own, self.gateway].contains(&far_ip) && [self.own, self.gateway].contains(&near),
            // What was sent to somebody who is not there any more comes back as "unreachable", from there or the gateway.
            Kind::Icmp if self.relay == Some(far_ip) || self.gateway == far_ip => mine && !packet.outgoing,
            Kind::Udp if self.multicast && far_ip == MDNS => mine && far.port() == 5353,
            Kind::Ip(2) if self.multicast => mine && [MDNS, IGMP].contains(&far_ip),
            Kind::Udp | Kind::Tcp if self.relay == Some(far_ip) => mine && far.port() == RELAY_PORT,
            Kind::Udp | Kind::Icmp => mine && self.peers.contains(&far_ip),
            _ => false,
        }
    }
}

/// Compares a recording with what is allowed, and prints what there was.
fn judge(who: &str, capture: Capture, allowed: &Allowed) {
    let packets = capture.stop().expect("a whole recording");
    let strange: Vec<_> = packets.iter().filter(|packet| !allowed.allows(packet)).collect();
    assert!(
        strange.is_empty(),
        "{who}: {} of {} packets, first {:#?}",
        strange.len(),
        packets.len(),
        &strange[..strange.len().min(5)]
    );
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    for packet in packets.iter().filter(|packet| packet.outgoing) {
        *seen.entry((packet.to.ip(), format!("{:?}", packet.kind))).or_default() += 1;
    }
    println!("{who} sent packets to {seen:?}");
    assert!(!seen.is_empty(), "{who} sent something, so that the recording is one");
    let multicast = packets.iter().any(|packet| packet.to.ip() == IpAddr::V4(MDNS));
    assert_eq!(multicast, allowed.multicast, "{who} looks for others on the LAN exactly when it is told to");
}

fn only_the_named_are_talked_to(arguments: &[&str], multicast: bool) {
    let Some(mut offices) = Offices::quiet([PortRestricted, PortRestricted]) else { return };
    let record = |host: &Host| host.capture().expect("records");
    let captures = [&offices.ada.host, &offices.bo.host, &offices.relay.host].map(record);
    let arguments = [arguments, &["--relay", &offices.relay.url]].concat();
    offices.ada.up(&arguments);
    offices.bo.up(&arguments);
    // Alone, before they know each other; then at work; then idle while linked; then without the relay.
    let invite = offices.ada.invites();
    offices.bo.joins(&invite);
    offices.reach_each_other("direct", DIRECT);
    work(&offices, "Before");
    wait_out(IDLE);
    offices.relay.kill();
    work(&offices, "Without a relay");
    wait_out(HEALED);

    let [left, right] = offices.outer_addresses();
    let relay = offices.relay.host.address();
    let (ada, bo) = (offices.ada.host.address(), offices.bo.host.address());
    let inside = |own, gateway, peers| Allowed { own, gateway, relay: Some(relay), peers, multicast };
    let allowed = [
        ("Ada", inside(ada, offices.left.gateway(), vec![bo, right])),
        ("Bo", inside(bo, offices.right.gateway(), vec![ada, left])),
    ];
    let [at_ada, at_bo, at_relay] = captures;
    for ((who, allowed), capture) in allowed.iter().zip([at_ada, at_bo]) {
        judge(who, capture, allowed);
    }
    // The relay answers and never begins.
    let packets = at_relay.stop().expect("a whole recording");
    let strange = packets.iter().find(|packet| {
        let (near, far) = if packet.outgoing { (packet.from, packet.to) } else { (packet.to, packet.from) };
        let from_us = near.ip() == IpAddr::V4(relay) && (near.port() == RELAY_PORT || packet.kind == Kind::Icmp);
        let known = [left, right].map(IpAddr::V4).contains(&far.ip());
        packet.kind != Kind::Arp && !(from_us && known)
    });
    assert_eq!(strange, None, "the relay");
}

/// They talk, and one hands the other a file.
fn work(offices: &Offices, text: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let name = format!("{text}.bin");
    let path = folder.path().join(&name);
    std::fs::write(&path, vec![7; 300_000]).expect("a file");
    let mut log = offices.ada.log();
    for (computer, who) in [(&offices.ada, "Ada"), (&offices.bo, "Bo")] {
        let text = format!("{text}, says {who}");
        computer.says(&text);
        log.push(text);
    }
    offices.ada.has_heard(SOON, &log);
    offices.bo.has_heard(SOON, &log);
    offices.ada.peer.ask(&["file", "put", super::world::SPACE, path.to_str().expect("plain")]).expect("shares");
    let to = tempfile::tempdir().expect("a folder");
    let get = ["file", "get", super::world::SPACE, &name, "--to", to.path().to_str().expect("plain")];
    compeer_testkit::wait::eventually_blocking(SOON, "the file", || offices.bo.peer.ask(&get));
}

#[test]
fn with_lan_discovery_only_the_named_and_the_lan_are_talked_to() {
    only_the_named_are_talked_to(&[], true);
}

#[test]
fn without_lan_discovery_only_the_named_are_talked_to() {
    only_the_named_are_talked_to(&["--no-lan"], false);
}
