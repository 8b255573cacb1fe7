//! Labs: what is connected, what is translated how, and that nothing stays behind.

use compeer_testkit::{
    netns::{Host, Kind, Lab, Nat, NetnsError},
    wire::Wire,
};
use std::{
    fs,
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    process::Command,
    time::{Duration, Instant},
};

type Result = std::result::Result<(), NetnsError>;

const LIMIT: Duration = Duration::from_secs(5);
/// Long enough for a packet within this machine that is not lost.
const SILENCE: Duration = Duration::from_millis(200);

fn socket(host: &Host) -> UdpSocket {
    host.enter(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))).unwrap().unwrap()
}

/// The address of a host's socket on its LAN.
fn address(host: &Host, socket: &UdpSocket) -> SocketAddr {
    (host.address(), socket.local_addr().unwrap().port()).into()
}

/// The sender of the next datagram, if one comes.
fn received(socket: &UdpSocket, limit: Duration) -> Option<SocketAddr> {
    socket.set_read_timeout(Some(limit)).unwrap();
    match socket.recv_from(&mut [0; 2048]) {
        Ok((_, from)) => Some(from),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
        Err(error) => panic!("{error}"),
    }
}

fn say(socket: &UdpSocket, to: SocketAddr) {
    socket.send_to(b"hello", to).unwrap();
}

#[test]
fn hosts_on_a_lan_reach_each_other_and_cables_can_be_pulled() -> Result {
    let Some(lab) = Lab::new_or_skip() else { return Ok(()) };
    let lan = lab.lan("lan")?;
    let (a, b) = (lab.host("a", &lan)?, lab.host("b", &lan)?);
    let (from, to) = (socket(&a), socket(&b));
    say(&from, address(&b, &to));
    assert_eq!(received(&to, LIMIT), Some(address(&a, &from)));
    b.cut()?;
    say(&from, address(&b, &to));
    assert_eq!(received(&to, SILENCE), None);
    b.heal()?;
    let end = Instant::now() + LIMIT;
    // The neighbour may have been given up meanwhile, and has to be looked for again.
    while received(&to, SILENCE).is_none() {
        assert!(Instant::now() < end, "not healed within {LIMIT:?}");
        say(&from, address(&b, &to));
    }
    Ok(())
}

#[test]
fn a_host_can_move_to_another_lan() -> Result {
    let Some(lab) = Lab::new_or_skip() else { return Ok(()) };
    let (home, work) = (lab.lan("home")?, lab.lan("work")?);
    let (mut laptop, printer) = (lab.host("laptop", &home)?, lab.host("printer", &work)?);
    let before = laptop.address();
    laptop.plug_into(&work)?;
    assert_ne!(laptop.address(), before);
    let (from, to) = (socket(&laptop), socket(&printer));
    say(&from, address(&printer, &to));
    assert_eq!(received(&to, LIMIT), Some(address(&laptop, &from)));
    Ok(())
}

/// What two servers outside see of one socket inside, and which of them can answer it unasked.
struct Seen {
    ports: [u16; 2],
    own: u16,
    strangers_get_in: bool,
}

fn look_through(nat: Nat) -> std::result::Result<Option<Seen>, NetnsError> {
    let Some(lab) = Lab::new_or_skip() else { return Ok(None) };
    let outside = lab.lan("outside")?;
    let office = lab.lan_behind("office", &outside, nat)?;
    let (inner, one, other) = (lab.host("inner", &office)?, lab.host("one", &outside)?, lab.host("other", &outside)?);
    let (from, to_one, to_other) = (socket(&inner), socket(&one), socket(&other));
    let mut seen = Vec::new();
    for (host, to) in [(&one, &to_one), (&other, &to_other)] {
        say(&from, address(host, to));
        let translated = received(to, LIMIT).expect("it gets out");
        assert_eq!(Some(translated.ip()), office.outer_address().map(Into::into));
        say(to, translated);
        assert_eq!(received(&from, LIMIT), Some(address(host, to)), "answers get in");
        seen.push(translated);
    }
    // Another socket of a known host is a stranger where ports are restricted.
    let stranger = socket(&one);
    say(&stranger, seen[0]);
    let strangers_get_in = received(&from, SILENCE) == Some(address(&one, &stranger));
    let own = from.local_addr().map(|address| address.port()).unwrap_or_default();
    Ok(Some(Seen { ports: [seen[0].port(), seen[1].port()], own, strangers_get_in }))
}

#[test]
fn a_full_cone_lets_strangers_in() -> Result {
    if let Some(seen) = look_through(Nat::FullCone)? {
        assert_eq!(seen.ports, [seen.own; 2]);
        assert!(seen.strangers_get_in);
    }
    Ok(())
}

#[test]
fn a_port_restricted_cone_keeps_strangers_out() -> Result {
    if let Some(seen) = look_through(Nat::PortRestricted)? {
        assert_eq!(seen.ports, [seen.own; 2]);
        assert!(!seen.strangers_get_in);
    }
    Ok(())
}

#[test]
fn a_symmetric_nat_shows_each_destination_another_port() -> Result {
    if let Some(seen) = look_through(Nat::Symmetric)? {
        assert_ne!(seen.ports[0], seen.ports[1]);
        assert!(!seen.strangers_get_in);
    }
    Ok(())
}

/// Both sides send first to the other's outer address, as hole punching does.
fn punch(nats: [Nat; 2]) -> std::result::Result<Option<bool>, NetnsError> {
    let Some(lab) = Lab::new_or_skip() else { return Ok(None) };
    let outside = lab.lan("outside")?;
    let offices = [lab.lan_behind("left", &outside, nats[0])?, lab.lan_behind("right", &outside, nats[1])?];
    let server = lab.host("server", &outside)?;
    let hosts = [lab.host("a", &offices[0])?, lab.host("b", &offices[1])?];
    let sockets = [socket(&hosts[0]), socket(&hosts[1])];
    let rendezvous = socket(&server);
    let outer: Vec<SocketAddr> = sockets
        .iter()
        .map(|from| {
            say(from, address(&server, &rendezvous));
            received(&rendezvous, LIMIT).expect("it gets out")
        })
        .collect();
    for _ in 0..2 {
        say(&sockets[0], outer[1]);
        say(&sockets[1], outer[0]);
    }
    Ok(Some(received(&sockets[0], SILENCE).is_some() && received(&sockets[1], SILENCE).is_some()))
}

#[test]
fn holes_can_be_punched_through_cones_and_not_through_symmetric_nats() -> Result {
    use Nat::{FullCone, PortRestricted, Symmetric};
    for (nats, opens) in [
        ([PortRestricted, PortRestricted], true),
        ([FullCone, PortRestricted], true),
        ([PortRestricted, Symmetric], false),
        ([Symmetric, Symmetric], false),
    ] {
        if let Some(opened) = punch(nats)? {
            assert_eq!(opened, opens, "{nats:?}");
        }
    }
    Ok(())
}

#[test]
fn a_capture_sees_every_packet_even_to_strangers() -> Result {
    let Some(lab) = Lab::new_or_skip() else { return Ok(()) };
    let lan = lab.lan("lan")?;
    let (a, b) = (lab.host("a", &lan)?, lab.host("b", &lan)?);
    let (from, to) = (socket(&a), socket(&b));
    let stranger: SocketAddr = "203.0.113.7:53".parse().expect("a fixed address");
    let capture = a.capture()?;
    for _ in 0..500 {
        say(&from, address(&b, &to));
    }
    say(&from, stranger);
    let packets = capture.stop()?;
    let count = |to: SocketAddr| packets.iter().filter(|packet| packet.kind == Kind::Udp && packet.to == to).count();
    assert_eq!((count(address(&b, &to)), count(stranger)), (500, 1));
    assert!(packets.iter().any(|packet| packet.outgoing && packet.from == address(&a, &from)));
    assert!(packets.iter().all(|packet| !packet.to.ip().is_loopback()), "{packets:?}");
    Ok(())
}

#[test]
fn an_idle_host_is_silent() -> Result {
    let Some(lab) = Lab::new_or_skip() else { return Ok(()) };
    let lan = lab.lan("lan")?;
    let a = lab.island("a")?;
    let capture = a.capture()?;
    let mut a = a;
    a.plug_into(&lan)?;
    let idle = socket(&a);
    assert_eq!(received(&idle, SILENCE), None);
    assert_eq!(capture.stop()?, []);
    Ok(())
}

#[test]
fn programs_run_inside_and_end_with_their_handle() -> Result {
    let Some(lab) = Lab::new_or_skip() else { return Ok(()) };
    let lan = lab.lan("lan")?;
    let host = lab.host("host", &lan)?;
    let mut command = Command::new("sleep");
    command.arg("60");
    let mut child = host.spawn(command)?;
    let pid = child.process().id();
    let net = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/net")).unwrap();
    assert_ne!(net(&pid.to_string()), net("self"));
    drop(child);
    assert!(!fs::exists(format!("/proc/{pid}")).unwrap());
    Ok(())
}

#[tokio::test]
async fn tasks_run_inside() -> Result {
    let Some(lab) = Lab::new_or_skip() else { return Ok(()) };
    let lan = lab.lan("lan")?;
    let (a, b) = (lab.host("a", &lan)?, lab.host("b", &lan)?);
    let to = SocketAddr::from((b.address(), 4919));
    let server = b.spawn_task(async move {
        let socket = tokio::net::UdpSocket::bind(to).await.unwrap();
        let (_, from) = socket.recv_from(&mut [0; 16]).await.unwrap();
        from.ip()
    })?;
    let client = a.spawn_task(async move {
        let socket = tokio::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
        loop {
            socket.send_to(b"hello", to).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })?;
    let seen = tokio::time::timeout(LIMIT, server).await.expect("nothing came").unwrap();
    assert_eq!(seen, a.address());
    client.abort();
    Ok(())
}

#[tokio::test]
async fn islands_reach_each_other_over_a_wire_only() -> Result {
    let Some(lab) = Lab::new_or_skip() else { return Ok(()) };
    let (a, b) = (lab.island("a")?, lab.island("b")?);
    let bind = |host: &Host| host.enter(|| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let (from, to, near_a, near_b) = (bind(&a)?, bind(&b)?, bind(&a)?, bind(&b)?);
    let (from_address, to_address) = (from.local_addr().unwrap(), to.local_addr().unwrap());
    let wire = Wire::through(near_a, from_address, near_b, to_address, 1).unwrap();
    let answer = tokio::task::spawn_blocking(move || {
        // Past the wire: the address is a's own loopback.
        say(&from, to_address);
        assert_eq!(received(&to, SILENCE), None);
        say(&from, wire.toward_b());
        (received(&to, LIMIT), wire.toward_a())
    });
    let (seen, expected) = answer.await.unwrap();
    assert_eq!(seen, Some(expected));
    Ok(())
}

#[test]
fn a_rate_limit_holds() -> Result {
    let Some(lab) = Lab::new_or_skip() else { return Ok(()) };
    let lan = lab.lan("lan")?;
    let (a, b) = (lab.host("a", &lan)?, lab.host("b", &lan)?);
    let (from, to) = (socket(&a), socket(&b));
    // The bucket holds 64 KiB; 200 kB on top of that take 160 ms at 10 Mbit/s, of which 50 ms may wait.
    a.limit_rate(Some(10_000_000))?;
    for _ in 0..264 {
        from.send_to(&[0; 1000], address(&b, &to)).unwrap();
    }
    let count = |limit| std::iter::from_fn(|| received(&to, limit)).count();
    let arrived = count(SILENCE);
    assert!((64..200).contains(&arrived), "{arrived} of 264 arrived");
    a.limit_rate(None)?;
    for _ in 0..200 {
        say(&from, address(&b, &to));
    }
    assert_eq!(count(SILENCE), 200);
    Ok(())
}

#[test]
fn nothing_stays_behind() -> Result {
    let Some(lab) = Lab::new_or_skip() else { return Ok(()) };
    let mine = || {
        let prefix = format!("compeer-{}-", std::process::id());
        let names = fs::read_dir("/run/netns").unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(&prefix) && name.ends_with("-tidy")).count()
    };
    let lan = lab.lan("tidy")?;
    assert_eq!(mine(), 1);
    drop((lab, lan));
    assert_eq!(mine(), 0);
    // What a process that is gone left behind is removed when the next lab is made. No process has this id.
    let left = "compeer-4194304-0-left";
    let added = Command::new("ip").args(["netns", "add", left]).status().unwrap();
    assert!(added.success());
    let _lab = Lab::new()?;
    assert!(!fs::exists(format!("/run/netns/{left}")).unwrap());
    Ok(())
}
