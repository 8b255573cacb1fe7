//! Under which address a relay that listens on all of them can be told to others.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// An address of documentation (RFC 5737): nobody has it, so the way to it is the way out.
const FAR: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// The host by which a relay is named when nobody gave it a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It listens on one address, which is its name.
    Here(IpAddr),
    /// It listens on all; this is the one by which this computer reaches others.
    Outward(Ipv4Addr),
    /// It listens on all, and this computer is on no network.
    Alone,
}

impl Place {
    /// Of a relay that listens there.
    pub(crate) fn of(listen: SocketAddr) -> Self {
        match listen.ip() {
            ip if !ip.is_unspecified() => Self::Here(ip),
            _ => outward().map_or(Self::Alone, Self::Outward),
        }
    }

    /// The host in the relay's address.
    pub(crate) fn host(self) -> String {
        match self {
            Self::Here(IpAddr::V6(ip)) => format!("[{ip}]"),
            Self::Here(IpAddr::V4(ip)) => ip.to_string(),
            Self::Outward(ip) => ip.to_string(),
            Self::Alone => Ipv4Addr::LOCALHOST.to_string(),
        }
    }
}

/// Asks the system from which address it would send to others. A UDP socket that is connected has sent nothing.
fn outward() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(FAR).ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(ip) if !ip.is_unspecified() && !ip.is_loopback() => Some(ip),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_named_by_an_address_that_it_has() {
        let of = |text: &str| Place::of(text.parse().expect("an address"));
        assert_eq!(of("192.0.2.7:1"), Place::Here(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))));
        assert_eq!(of("127.0.0.1:1").host(), "127.0.0.1");
        for everywhere in ["0.0.0.0:1", "[::]:1"] {
            match of(everywhere) {
                Place::Outward(ip) => assert!(UdpSocket::bind((ip, 0)).is_ok(), "{ip}"),
                alone => assert_eq!(alone, Place::Alone),
            }
        }
    }
}
