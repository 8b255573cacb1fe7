//! Wires between peers that can be cut, slowed and made unreliable, in plain user space.
//!
//! A [`Wire`] stands between two UDP sockets. Each peer sends to the wire's near end as if it were the other peer, and
//! what comes out at the far end comes from one fixed address, so that each sees exactly one address for the other.
//! Nothing else is forwarded. Both ways of a wire have [`Conditions`] of their own, which can change at any time; the
//! same seed drops, holds back and delays the same datagrams of the same sequence.
//!
//! A [`Net`] keeps the wires between many peers, so that a test can say "these three are cut off from those two".
//!
//! **What a wire cannot do by itself:** peers that learn each other's real addresses (iroh offers every socket's own
//! address as a hole-punching candidate) can talk past it on the same loopback interface. Put such peers where only
//! the wire reaches both: two peers on `127.0.0.1` and `[::1]`, or each in an own network namespace
//! (`netns::Lab::island`).

mod line;
mod way;

pub use line::Conditions;
pub use way::Traffic;

use crate::random::Random;
use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{sync::watch, task::JoinHandle};

/// One direction of a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the peer named first to the one named second.
    AToB,
    /// From the peer named second to the one named first.
    BToA,
}

/// A forwarder between two UDP addresses. Dropping it ends it.
#[derive(Debug)]
pub struct Wire {
    toward_a: SocketAddr,
    toward_b: SocketAddr,
    ways: [Lane; 2],
}

#[derive(Debug)]
struct Lane {
    conditions: watch::Sender<Conditions>,
    traffic: Arc<way::Counters>,
    task: JoinHandle<()>,
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Wire {
    /// A wire on loopback between two sockets there. Needs a tokio runtime, on which it runs.
    ///
    /// # Errors
    /// When no socket can be bound.
    pub fn between(a: SocketAddr, b: SocketAddr, seed: u64) -> io::Result<Self> {
        Self::through(UdpSocket::bind(beside(a))?, a, UdpSocket::bind(beside(b))?, b, seed)
    }

    /// A wire with ends of the caller's choice, each of which may lie in a network namespace of its own: `near_a` is
    /// what `a` takes for `b`, and `near_b` what `b` takes for `a`.
    ///
    /// # Errors
    /// When a socket cannot be used without blocking.
    pub fn through(near_a: UdpSocket, a: SocketAddr, near_b: UdpSocket, b: SocketAddr, seed: u64) -> io::Result<Self> {
        let mut random = Random::new(seed);
        let (toward_b, toward_a) = (near_a.local_addr()?, near_b.local_addr()?);
        let ends = (Arc::new(way::End::new(near_a, a)?), Arc::new(way::End::new(near_b, b)?));
        let mut lane = |from: &Arc<way::End>, to: &Arc<way::End>| {
            let (conditions, changes) = watch::channel(Conditions::default());
            let traffic = Arc::new(way::Counters::default());
            let way = way::run(from.clone(), to.clone(), changes, random.split(), traffic.clone());
            Lane { conditions, traffic, task: tokio::spawn(way) }
        };
        let ways = [lane(&ends.0, &ends.1), lane(&ends.1, &ends.0)];
        Ok(Self { toward_a, toward_b, ways })
    }

    /// The address at which `a` reaches `b`, and from which `a` hears `b`.
    pub fn toward_b(&self) -> SocketAddr {
        self.toward_b
    }

    /// The address at which `b` reaches `a`, and from which `b` hears `a`.
    pub fn toward_a(&self) -> SocketAddr {
        self.toward_a
    }

    /// Sets the same conditions on both ways.
    pub fn set(&self, conditions: Conditions) {
        for way in &self.ways {
            way.conditions.send_replace(conditions);
        }
    }

    /// Sets the conditions of one way.
    pub fn set_way(&self, way: Way, conditions: Conditions) {
        self.ways[way as usize].conditions.send_replace(conditions);
    }

    /// Lets nothing through any more, what is under way included. The other conditions stay.
    pub fn cut(&self) {
        self.set_cut(true);
    }

    /// Undoes [`Wire::cut`].
    pub fn heal(&self) {
        self.set_cut(false);
    }

    /// What went through one way so far.
    pub fn traffic(&self, way: Way) -> Traffic {
        self.ways[way as usize].traffic.now()
    }

    fn set_cut(&self, cut: bool) {
        for way in &self.ways {
            way.conditions.send_modify(|conditions| conditions.cut = cut);
        }
    }
}

/// A free port on the loopback address of the same family.
fn beside(peer: SocketAddr) -> SocketAddr {
    match peer {
        SocketAddr::V4(_) => (Ipv4Addr::LOCALHOST, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::LOCALHOST, 0).into(),
    }
}

/// The wires between many peers on loopback, each peer named by its socket's address.
#[derive(Debug)]
pub struct Net {
    random: Mutex<Random>,
    wires: Mutex<BTreeMap<(SocketAddr, SocketAddr), Arc<Wire>>>,
}

impl Net {
    /// No wires yet. Wires get their seeds in the order in which they are asked for.
    pub fn new(seed: u64) -> Self {
        Self { random: Mutex::new(Random::new(seed)), wires: Mutex::default() }
    }

    /// The wire between two peers, made when first asked for; [`Wire::toward_b`] is what the first of them dials.
    /// Asked for the other way round, it is the same wire: `a` is the smaller address (see [`Net::dial`]).
    ///
    /// # Errors
    /// When no socket can be bound.
    pub fn wire(&self, one: SocketAddr, other: SocketAddr) -> io::Result<Arc<Wire>> {
        let (a, b) = (one.min(other), one.max(other));
        let mut wires = self.wires.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wire) = wires.get(&(a, b)) {
            return Ok(wire.clone());
        }
        let seed = self.random.lock().unwrap_or_else(PoisonError::into_inner).bits();
        let wire = Arc::new(Wire::between(a, b, seed)?);
        wires.insert((a, b), wire.clone());
        Ok(wire)
    }

    /// The address that `from` has to dial to reach `to` over their wire.
    ///
    /// # Errors
    /// When no socket can be bound.
    pub fn dial(&self, from: SocketAddr, to: SocketAddr) -> io::Result<SocketAddr> {
        let wire = self.wire(from, to)?;
        Ok(if from < to { wire.toward_b() } else { wire.toward_a() })
    }

    /// Cuts every wire between a peer of one side and a peer of the other, and no wire within a side.
    pub fn part(&self, one_side: &[SocketAddr], other_side: &[SocketAddr]) {
        self.each(|a, b, wire| {
            let crosses = |x, y| one_side.contains(&x) && other_side.contains(&y);
            if crosses(a, b) || crosses(b, a) {
                wire.cut();
            }
        });
    }

    /// Heals every wire.
    pub fn heal(&self) {
        self.each(|_, _, wire| wire.heal());
    }

    /// Sets the same conditions on every wire there is.
    pub fn set(&self, conditions: Conditions) {
        self.each(|_, _, wire| wire.set(conditions));
    }

    fn each(&self, act: impl Fn(SocketAddr, SocketAddr, &Wire)) {
        for ((a, b), wire) in self.wires.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            act(*a, *b, wire);
        }
    }
}
