//! Reads what `tcpdump` writes: pcap files of the "Linux cooked capture v2" kind (draft-ietf-opsawg-pcap, and
//! tcpdump.org's LINKTYPE_LINUX_SLL2), down to addresses and ports.

use std::{
    io::{self, ErrorKind, Read},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// A packet that went over one of a host's interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// Sent by the host itself, not received.
    pub outgoing: bool,
    /// What is in it.
    pub kind: Kind,
    /// Where it comes from; port 0 where there are no ports, address 0.0.0.0 where there is none.
    pub from: SocketAddr,
    /// Where it goes to.
    pub to: SocketAddr,
    /// Its length from the IP header on, in bytes.
    pub length: u32,
}

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// ICMP for either version of IP.
    Icmp,
    /// Address resolution on the LAN; `from` and `to` are the asked and asking IPv4 addresses.
    Arp,
    /// Another protocol over IP, by its number.
    Ip(u8),
    /// Something else, by its Ethernet type.
    Other(u16),
}

/// Loopback's hardware type (ARPHRD_LOOPBACK).
const LOOPBACK: u16 = 772;
const LINKTYPE_LINUX_SLL2: u32 = 276;
const COOKED_HEADER: usize = 20;
/// The link layer says "sent by us" (PACKET_OUTGOING).
const OUTGOING: u8 = 4;
/// `tcpdump` never writes more of one packet than this.
const LONGEST: u32 = 256 << 10;

/// A packet and whether it went over loopback.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) packet: Packet,
    pub(super) loopback: bool,
}

/// A stream of packets in the byte order of this machine, as `tcpdump` writes it.
#[derive(Debug)]
pub(super) struct Reader<R> {
    stream: R,
}

impl<R: Read> Reader<R> {
    /// Reads the file's head.
    pub(super) fn new(mut stream: R) -> io::Result<Self> {
        let mut head = [0; 24];
        stream.read_exact(&mut head)?;
        if u32_at(&head, 0) != Some(0xa1b2_c3d4) || u32_at(&head, 20) != Some(LINKTYPE_LINUX_SLL2) {
            return Err(io::Error::new(ErrorKind::InvalidData, "not a pcap file of the expected kind"));
        }
        Ok(Self { stream })
    }

    /// The next packet; none at the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        let mut head = [0; 16];
        match self.stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let (captured, length) = (u32_at(&head, 8).unwrap_or(0), u32_at(&head, 12).unwrap_or(0));
        if captured > LONGEST {
            return Err(io::Error::new(ErrorKind::InvalidData, "a packet is longer than any can be"));
        }
        let mut bytes = vec![0; captured as usize];
        self.stream.read_exact(&mut bytes)?;
        record(&bytes, length)
            .map(Some)
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "a packet is shorter than its head"))
    }
}

fn record(bytes: &[u8], length: u32) -> Option<Record> {
    let (ethernet_type, hardware) = (be16(bytes, 0)?, be16(bytes, 8)?);
    let outgoing = *bytes.get(10)? == OUTGOING;
    let payload = bytes.get(COOKED_HEADER..)?;
    let (kind, from, to) = match ethernet_type {
        0x0800 => ipv4(payload)?,
        0x86dd => ipv6(payload)?,
        0x0806 => {
            let address = |at: usize| Some(SocketAddr::from((octets::<4>(payload, at)?, 0)));
            (Kind::Arp, address(14)?, address(24)?)
        }
        other => (Kind::Other(other), nowhere(), nowhere()),
    };
    let length = length.saturating_sub(COOKED_HEADER as u32);
    Some(Record { packet: Packet { outgoing, kind, from, to, length }, loopback: hardware == LOOPBACK })
}

/// RFC 791.
fn ipv4(bytes: &[u8]) -> Option<(Kind, SocketAddr, SocketAddr)> {
    let header = usize::from(bytes.first()? & 0x0f) * 4;
    let (from, to) = (Ipv4Addr::from(octets::<4>(bytes, 12)?), Ipv4Addr::from(octets::<4>(bytes, 16)?));
    // Only the first fragment carries the ports.
    let first = be16(bytes, 6)? & 0x1fff == 0;
    Some(above_ip(*bytes.get(9)?, bytes.get(header..).filter(|_| first), from.into(), to.into()))
}

/// RFC 8200; extension headers count as a protocol of their own.
fn ipv6(bytes: &[u8]) -> Option<(Kind, SocketAddr, SocketAddr)> {
    let (from, to) = (Ipv6Addr::from(octets::<16>(bytes, 8)?), Ipv6Addr::from(octets::<16>(bytes, 24)?));
    Some(above_ip(*bytes.get(6)?, bytes.get(40..), from.into(), to.into()))
}

fn above_ip(protocol: u8, payload: Option<&[u8]>, from: IpAddr, to: IpAddr) -> (Kind, SocketAddr, SocketAddr) {
    let kind = match protocol {
        1 | 58 => Kind::Icmp,
        6 => Kind::Tcp,
        17 => Kind::Udp,
        other => Kind::Ip(other),
    };
    let has_ports = matches!(kind, Kind::Udp | Kind::Tcp);
    let port = |at| payload.filter(|_| has_ports).and_then(|payload| be16(payload, at)).unwrap_or(0);
    (kind, SocketAddr::new(from, port(0)), SocketAddr::new(to, port(2)))
}

fn nowhere() -> SocketAddr {
    (Ipv4Addr::UNSPECIFIED, 0).into()
}

fn octets<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    octets(bytes, at).map(u16::from_be_bytes)
}

/// The file's own numbers are in the byte order of the machine that wrote it.
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    octets(bytes, at).map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UDP_ON_LOOPBACK: [u8; 49] = [
        // cooked header: IPv4, interface 1, loopback, sent by us
        0x08, 0, 0, 0, 0, 0, 0, 1, 0x03, 0x04, 4, 6, 0, 0, 0, 0, 0, 0, 0, 0, //
        // IPv4: UDP from 127.0.0.1 to 127.0.0.2
        0x45, 0, 0, 29, 0x2f, 0x89, 0x40, 0, 64, 17, 0x0d, 0x45, 127, 0, 0, 1, 127, 0, 0, 2, //
        // UDP: ports 49813 and 9, one byte
        0xc2, 0x95, 0, 9, 0, 9, 0xfe, 0x1c, 0x78,
    ];

    fn file(packets: &[&[u8]]) -> Vec<u8> {
        let mut file = Vec::new();
        for number in [0xa1b2_c3d4, 0, 0, 0, 0x4000, LINKTYPE_LINUX_SLL2] {
            file.extend_from_slice(&u32::to_ne_bytes(number));
        }
        for packet in packets {
            for number in [0, 0, packet.len() as u32, packet.len() as u32] {
                file.extend_from_slice(&u32::to_ne_bytes(number));
            }
            file.extend_from_slice(packet);
        }
        file
    }

    #[test]
    fn reads_addresses_and_ports() {
        let file = file(&[&UDP_ON_LOOPBACK]);
        let mut reader = Reader::new(file.as_slice()).unwrap();
        let packet = Packet {
            outgoing: true,
            kind: Kind::Udp,
            from: "127.0.0.1:49813".parse().unwrap(),
            to: "127.0.0.2:9".parse().unwrap(),
            length: 29,
        };
        assert_eq!(reader.next().unwrap(), Some(Record { packet, loopback: true }));
        assert_eq!(reader.next().unwrap(), None);
    }

    #[test]
    fn refuses_other_files_and_cut_off_packets() {
        assert!(Reader::new(&[0_u8; 24][..]).is_err());
        assert!(Reader::new(&[][..]).is_err());
        for length in 0..COOKED_HEADER + 20 {
            let file = file(&[&UDP_ON_LOOPBACK[..length]]);
            assert!(Reader::new(file.as_slice()).unwrap().next().is_err(), "{length} bytes");
        }
    }

    #[test]
    fn fuzz_packets() {
        crate::fuzz::run(&[file(&[&UDP_ON_LOOPBACK, &UDP_ON_LOOPBACK])], |input| {
            let Ok(mut reader) = Reader::new(input) else { return false };
            while let Ok(record) = reader.next() {
                if record.is_none() {
                    return true;
                }
            }
            false
        });
    }
}
