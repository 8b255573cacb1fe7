//! Computers, offices and NATs on one machine, out of Linux network namespaces (Linux only).
//!
//! Needs root, or its rights within a user namespace, which `make test` takes where the system lets it.
//!
//! A [`Lab`] holds [`Lan`]s and [`Host`]s. A LAN is a switch with a gateway; one made by [`Lab::lan_behind`] is an
//! office whose gateway translates addresses to an outer LAN. A host has one interface, `eth0`, one address, and its
//! LAN's gateway as default route, so that what it sends to strangers leaves it and can be seen by
//! [`Host::capture`]. Everything lies in `10.77.0.0/16` inside the namespaces; no packet ever leaves them, because no
//! LAN is connected to the machine's own network. IPv6 is off, so that the kernel itself is silent.
//!
//! Whole programs run in a host with [`Host::spawn`]; peers of this process run there with [`Host::spawn_task`], whose
//! threads all lie inside the namespace.
//!
//! Everything ends when it is dropped. What a killed test leaves behind is removed when the next lab is made.

mod capture;
mod host;
mod namespace;
mod nat;
mod pcap;

pub use capture::Capture;
pub use host::{Child, Host};
pub(crate) use namespace::Namespace;
pub use nat::Nat;
pub use pcap::{Kind, Packet};

use rustix::thread::{CapabilitySet, capabilities};
use std::{
    io,
    net::Ipv4Addr,
    process,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
};

/// Why the network could not be made.
#[derive(Debug, thiserror::Error)]
pub enum NetnsError {
    /// Namespaces need root.
    #[error("network namespaces need root")]
    NotRoot,
    /// A program is not installed (`ip`, `nft`, `tc` or `tcpdump`).
    #[error("`{0}` is not installed")]
    Missing(&'static str),
    /// A command refused.
    #[error("`{command}` failed: {stderr}")]
    Command {
        /// The whole command.
        command: String,
        /// What it said.
        stderr: String,
    },
    /// The operating system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A lab has at most 250 LANs, and a LAN at most 250 hosts.
    #[error("there is no address left")]
    Full,
    /// The capture missed packets, so that it cannot say what was not there.
    #[error("the capture lost {0} packets")]
    CaptureLost(u64),
    /// The capture is not what it should be.
    #[error("the capture cannot be read: {0}")]
    CaptureBroken(&'static str),
}

/// A small world of its own.
#[derive(Debug)]
pub struct Lab {
    /// Begins the names of all its namespaces; unique on this machine.
    prefix: String,
    lans: AtomicU8,
}

/// A switch with a gateway, at `10.77.N.1`, for up to 250 hosts.
#[derive(Debug, Clone)]
pub struct Lan {
    namespace: Arc<Namespace>,
    subnet: u8,
    plugs: Arc<AtomicU8>,
    /// The gateway's own connection to the outer LAN.
    uplink: Option<Arc<Plug>>,
}

/// One end of a cable in a LAN's switch.
#[derive(Debug)]
struct Plug {
    lan: Arc<Namespace>,
    port: String,
    address: Ipv4Addr,
}

impl Lab {
    /// An empty lab; also removes what processes that are gone left behind.
    ///
    /// # Errors
    /// [`NetnsError::NotRoot`] and [`NetnsError::Missing`] when this machine cannot do it.
    pub fn new() -> Result<Self, NetnsError> {
        static LABS: AtomicU32 = AtomicU32::new(0);
        let needed = CapabilitySet::SYS_ADMIN | CapabilitySet::NET_ADMIN | CapabilitySet::NET_RAW;
        let rights =
            capabilities(None).map_err(|errno| NetnsError::System { what: "ask for rights", source: errno.into() })?;
        if !rights.effective.contains(needed) {
            return Err(NetnsError::NotRoot);
        }
        namespace::sweep()?;
        let prefix = format!("{}{}-{}-", namespace::PREFIX, process::id(), LABS.fetch_add(1, Ordering::Relaxed));
        Ok(Self { prefix, lans: AtomicU8::new(1) })
    }

    /// A lab, or none with a line that says why ([`crate::skip`]): for the first line of a test.
    ///
    /// # Panics
    /// When the lab fails for another reason than a missing right or program.
    pub fn new_or_skip() -> Option<Self> {
        match Self::new() {
            Ok(lab) => Some(lab),
            Err(error @ (NetnsError::NotRoot | NetnsError::Missing(_))) => {
                crate::skip(&error.to_string());
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// A LAN whose gateway leads nowhere: what is sent to strangers is lost there without an answer.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn lan(&self, name: &str) -> Result<Lan, NetnsError> {
        let subnet = next(&self.lans)?;
        let namespace = Arc::new(Namespace::new(&format!("{}{name}", self.prefix))?);
        // A switch that looks into multicast asks who is there, all the time.
        namespace.ip(&["link", "add", "lan0", "type", "bridge", "mcast_snooping", "0"])?;
        namespace.ip(&["address", "add", &format!("{}/24", address(subnet, 1)), "dev", "lan0"])?;
        namespace.ip(&["link", "set", "lan0", "up"])?;
        Ok(Lan { namespace, subnet, plugs: Arc::new(AtomicU8::new(2)), uplink: None })
    }

    /// A LAN whose gateway is plugged into `outer` and translates addresses.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn lan_behind(&self, name: &str, outer: &Lan, nat: Nat) -> Result<Lan, NetnsError> {
        let mut lan = self.lan(name)?;
        let uplink = outer.plug(&lan.namespace, "wan0")?;
        lan.namespace.write("/proc/sys/net/ipv4/ip_forward", "1")?;
        lan.namespace.nft(&nat.rules())?;
        lan.uplink = Some(Arc::new(uplink));
        Ok(lan)
    }

    /// A host that is plugged into a LAN.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn host(&self, name: &str, lan: &Lan) -> Result<Host, NetnsError> {
        let mut host = self.island(name)?;
        host.plug_into(lan)?;
        Ok(host)
    }

    /// A host with nothing but loopback: reached only through sockets made inside it ([`Host::enter`]), such as a
    /// wire's end ([`crate::wire::Wire::through`]).
    ///
    /// # Errors
    /// When the system refuses.
    pub fn island(&self, name: &str) -> Result<Host, NetnsError> {
        Ok(Host::new(Namespace::new(&format!("{}{name}", self.prefix))?))
    }
}

impl Lan {
    /// The gateway's address inside the LAN.
    pub fn gateway(&self) -> Ipv4Addr {
        address(self.subnet, 1)
    }

    /// The gateway's address on the outer LAN, which is what others see of the hosts behind it.
    pub fn outer_address(&self) -> Option<Ipv4Addr> {
        self.uplink.as_ref().map(|plug| plug.address)
    }

    /// Pulls the cable between the gateway and the outer LAN. Nothing happens where there is none.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut(&self) -> Result<(), NetnsError> {
        self.uplink.as_ref().map_or(Ok(()), |plug| plug.set("down"))
    }

    /// Plugs the gateway's cable in again.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn heal(&self) -> Result<(), NetnsError> {
        self.uplink.as_ref().map_or(Ok(()), |plug| plug.set("up"))
    }

    /// Lays a cable from this LAN's switch to a new interface in `namespace`, with an address and a default route.
    fn plug(&self, namespace: &Namespace, interface: &str) -> Result<Plug, NetnsError> {
        let number = next(&self.plugs)?;
        let port = format!("port{number}");
        let address = address(self.subnet, number);
        let lan = &self.namespace;
        lan.ip(&["link", "add", &port, "type", "veth", "peer", "name", interface, "netns", &namespace.name])?;
        lan.ip(&["link", "set", &port, "master", "lan0", "up"])?;
        namespace.ip(&["address", "add", &format!("{address}/24"), "dev", interface])?;
        namespace.ip(&["link", "set", interface, "up"])?;
        namespace.ip(&["route", "add", "default", "via", &self.gateway().to_string()])?;
        Ok(Plug { lan: lan.clone(), port, address })
    }
}

impl Plug {
    fn set(&self, state: &str) -> Result<(), NetnsError> {
        self.lan.ip(&["link", "set", &self.port, state])
    }
}

fn address(subnet: u8, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, subnet, host)
}

fn next(counter: &AtomicU8) -> Result<u8, NetnsError> {
    let add = |number: u8| (number < 252).then(|| number + 1);
    counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).map_err(|_| NetnsError::Full)
}
