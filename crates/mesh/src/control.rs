//! The small stream that every member link has: it settles which connection counts, and carries our addresses.
//!
//! Two devices may dial each other at the same moment. Exactly one connection must survive, both sides must agree which,
//! and no stream that carried data may be lost. So no data flows before this is settled: the device with the smaller id
//! *decides*. On every new connection the other side says [`Control::Hello`] at once; the deciding side answers with its
//! own `Hello` on the connection it chooses and closes the rest. A link is up for the deciding side when it chose, for
//! the other side when the answer arrives.
//!
//! `session` tells a second dial of the same moment (same session: close it) from a device that lost its link or was
//! restarted (new session: it replaces the old link). It is random and drawn anew whenever a link ends.
//!
//! On the wire: frames of a big-endian `u16` length and a canonical CBOR array.
//! `[0, session, [direct…], [relay…]]` is a hello, `[1, [direct…], [relay…]]` are new addresses, `[2]` a sign of life. A
//! direct address is a byte string: 4 or 16 bytes of IP and 2 of port, big-endian; a relay is its URL as text.
//!
//! The sign of life is there because QUIC's own keep-alive does not keep a quiet direct path beside a relay path: in noq
//! 1.4.0 every packet sent, even a bare acknowledgement of the other path, puts off the path's keep-alive
//! (`packet_builder.rs`, `reset_keep_alive`), so one side hears nothing on the direct path and gives it up. Stream data
//! travels on the selected path and so does its acknowledgement, so one such frame keeps it alive in both directions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use compeer_core::cbor::{self, CborError};
use iroh::RelayUrl;
use iroh::endpoint::{RecvStream, SendStream};
use minicbor::bytes::ByteSlice;
use minicbor::decode::{Decode, Decoder, Error as DecodeError};
use minicbor::encode::{Encode, Encoder, Error as EncodeError, Write};

use crate::address::{Addresses, DIRECT_PER_DEVICE, RELAY_URL_BYTES, RELAYS_PER_DEVICE};

/// Bytes of one frame's content.
pub(crate) const FRAME_BYTES: usize = 2048;

/// What is said on a control stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Control {
    /// The first message in either direction.
    Hello {
        /// See the module's page.
        session: u64,
        /// Where the sender can be reached.
        addresses: Addresses,
    },
    /// Where the sender can be reached from now on.
    Addresses(Addresses),
    /// Nothing new. Sent every few seconds by the side that decides.
    Alive,
}

/// Why nothing sensible was read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// The stream or its connection ended.
    #[error("the stream ended")]
    Ended,
    /// The bytes are not what they should be.
    #[error(transparent)]
    Bad(#[from] CborError),
    /// A sound message at a moment when it makes no sense, or another protocol's stream in place of ours.
    #[error("out of place")]
    OutOfPlace,
}

/// Reads one frame. Not safe to cancel halfway.
pub(crate) async fn read(recv: &mut RecvStream) -> Result<Control, ControlError> {
    let mut length = [0; 2];
    recv.read_exact(&mut length).await.map_err(|_| ControlError::Ended)?;
    let length = usize::from(u16::from_be_bytes(length));
    if length > FRAME_BYTES {
        return Err(CborError::TooLong { got: length, limit: FRAME_BYTES }.into());
    }
    let mut bytes = vec![0; length];
    recv.read_exact(&mut bytes).await.map_err(|_| ControlError::Ended)?;
    Ok(cbor::decode(&bytes, FRAME_BYTES)?)
}

/// Writes one frame.
pub(crate) async fn write(send: &mut SendStream, control: &Control) -> Result<(), ControlError> {
    let bytes = cbor::encode(control);
    // Addresses are tidied before they get here, so the frame is always far below the limit.
    let length = u16::try_from(bytes.len()).map_err(|_| ControlError::Ended)?;
    let mut frame = Vec::with_capacity(2 + bytes.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&bytes);
    send.write_all(&frame).await.map_err(|_| ControlError::Ended)
}

impl<C> Encode<C> for Control {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        let addresses = match self {
            Self::Hello { session, addresses } => {
                e.array(4)?.u8(0)?.u64(*session)?;
                addresses
            }
            Self::Addresses(addresses) => {
                e.array(3)?.u8(1)?;
                addresses
            }
            Self::Alive => return e.array(1)?.u8(2)?.ok(),
        };
        e.array(addresses.direct.len() as u64)?;
        for address in &addresses.direct {
            let mut bytes = Vec::with_capacity(18);
            match address.ip() {
                IpAddr::V4(ip) => bytes.extend_from_slice(&ip.octets()),
                IpAddr::V6(ip) => bytes.extend_from_slice(&ip.octets()),
            }
            bytes.extend_from_slice(&address.port().to_be_bytes());
            e.bytes(&bytes)?;
        }
        e.array(addresses.relays.len() as u64)?;
        for url in &addresses.relays {
            e.str(url.as_str())?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Control {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        let fields = d.array()?;
        match (fields, d.u8()?) {
            (Some(4), 0) => Ok(Self::Hello { session: d.u64()?, addresses: addresses(d, ctx)? }),
            (Some(3), 1) => Ok(Self::Addresses(addresses(d, ctx)?)),
            (Some(1), 2) => Ok(Self::Alive),
            _ => Err(DecodeError::message("no control message")),
        }
    }
}

fn addresses<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Addresses, DecodeError> {
    let mut addresses = Addresses::default();
    for _ in 0..count(d, DIRECT_PER_DEVICE)? {
        let bytes: &ByteSlice = d.decode_with(ctx)?;
        addresses.direct.push(direct(bytes).ok_or_else(|| DecodeError::message("no socket address"))?);
    }
    for _ in 0..count(d, RELAYS_PER_DEVICE)? {
        let text = d.str()?;
        if text.len() > RELAY_URL_BYTES {
            return Err(DecodeError::message("relay URL too long"));
        }
        let url: RelayUrl = text.parse().map_err(|_| DecodeError::message("no relay URL"))?;
        addresses.relays.push(url);
    }
    Ok(addresses)
}

fn count(d: &mut Decoder<'_>, limit: usize) -> Result<usize, DecodeError> {
    let count = d.array()?.ok_or_else(|| DecodeError::message("a definite length is expected"))?;
    usize::try_from(count).ok().filter(|count| *count <= limit).ok_or_else(|| DecodeError::message("too many"))
}

fn direct(bytes: &[u8]) -> Option<SocketAddr> {
    let (ip, port) = bytes.split_last_chunk::<2>()?;
    let ip = match ip.len() {
        4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(ip).ok()?)),
        16 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?)),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes(*port)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(bytes: &[u8]) -> Result<Control, CborError> {
        cbor::decode(bytes, FRAME_BYTES)
    }

    fn any_addresses() -> impl Strategy<Value = Addresses> {
        let direct = proptest::collection::vec(any::<SocketAddr>(), 0..=DIRECT_PER_DEVICE);
        let relays = proptest::collection::vec("https://[a-z]{1,20}\\.example/", 0..=RELAYS_PER_DEVICE);
        (direct, relays).prop_map(|(direct, relays)| Addresses {
            // Flow labels and zones do not travel.
            direct: direct.into_iter().map(|address| SocketAddr::new(address.ip(), address.port())).collect(),
            relays: relays.into_iter().map(|url| url.parse().expect("a URL")).collect(),
        })
    }

    proptest! {
        #[test]
        fn messages_round_trip(session: u64, addresses in any_addresses()) {
            for control in [Control::Hello { session, addresses: addresses.clone() }, Control::Addresses(addresses)] {
                let bytes = cbor::encode(&control);
                prop_assert!(bytes.len() <= FRAME_BYTES);
                prop_assert_eq!(decode(&bytes), Ok(control));
            }
        }

        #[test]
        fn noise_is_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(control) = decode(&bytes) {
                prop_assert_eq!(cbor::encode(&control), bytes);
            }
        }

        #[test]
        fn a_changed_byte_never_panics(addresses in any_addresses(), at: prop::sample::Index, to: u8) {
            let mut bytes = cbor::encode(&Control::Addresses(addresses));
            let at = at.index(bytes.len());
            bytes[at] = to;
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn fuzz_control() {
        let full = Addresses {
            direct: vec!["10.0.0.1:4433".parse().expect("address"), "[2001:db8::1]:9".parse().expect("address")],
            relays: vec!["https://relay.example:4433/".parse().expect("a URL")],
        };
        let seeds = [
            Control::Hello { session: u64::MAX, addresses: full.clone() },
            Control::Addresses(full),
            Control::Addresses(Addresses::default()),
            Control::Alive,
        ];
        let seeds: Vec<Vec<u8>> = seeds.iter().map(cbor::encode).collect();
        compeer_testkit::fuzz::run(&seeds, |bytes| decode(bytes).is_ok());
    }

    #[test]
    fn limits_hold() {
        // 17 direct addresses.
        let mut bytes = vec![0x83, 0x01, 0x91];
        for _ in 0..17 {
            bytes.extend_from_slice(&[0x46, 10, 0, 0, 1, 0, 1]);
        }
        bytes.push(0x80);
        assert!(matches!(decode(&bytes), Err(CborError::Malformed(_))));
        // A huge announced length allocates nothing.
        assert!(decode(&[0x83, 0x01, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
        // A five-byte socket address, an unknown message, a trailing byte, an indefinite array.
        assert!(decode(&[0x83, 0x01, 0x81, 0x45, 1, 2, 3, 4, 5, 0x80]).is_err());
        assert!(decode(&[0x83, 0x02, 0x80, 0x80]).is_err());
        assert!(decode(&[0x83, 0x01, 0x80, 0x80, 0x00]).is_err());
        assert!(decode(&[0x83, 0x01, 0x9f, 0xff, 0x80]).is_err());
        assert!(decode(&[0x83, 0x01, 0x80, 0x80]).is_ok());
        assert_eq!(decode(&[0x81, 0x02]), Ok(Control::Alive));
    }

    #[test]
    fn control_characters_in_a_relay_url_do_not_survive() {
        let url = "https://a\u{1b}[31m.example/";
        let mut bytes = vec![0x83, 0x01, 0x80, 0x81, 0x60 + u8::try_from(url.len()).expect("short")];
        bytes[4] = 0x78;
        bytes.push(u8::try_from(url.len()).expect("short"));
        bytes.extend_from_slice(url.as_bytes());
        assert!(decode(&bytes).is_err());
    }
}
