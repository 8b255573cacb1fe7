//! Joining by invitation, at the join door: both sides.
//!
//! ```text
//! newcomer                               host (any device that manages the group)
//!    opens a stream  ─────────────────▶
//!                    ◀───── Challenge   a fresh nonce
//!    Request  ────────────────────────▶ checks the proof, the invitation and the person, and adds the member
//!                    ◀───── Answer      accepted, or why not
//! ```
//!
//! The TLS handshake pins the host's device id, which stands in the invitation. The proof is a signature by the
//! invitation's secret over everything that matters, both device ids and the nonce included, so it cannot be replayed,
//! passed on, or turned to another group. What the group is comes afterwards by ordinary replication, and proves itself:
//! the group's id is the hash of the act that founded it, and everything follows from that by signatures.

mod host;
mod newcomer;

use std::time::Duration;

use compeer_core::group::Member;
use compeer_core::{DeviceId, GroupId, Signature, cbor};
use minicbor::{Decode, Encode};

use super::wire::Part;
use crate::error::WriteError;

pub(crate) use host::Reception;
pub(crate) use newcomer::join;

/// Reaching one host, and each step of talking to it.
const STEP_LIMIT: Duration = Duration::from_secs(10);

/// Why joining failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The invitation's time is over.
    #[error("the invitation has expired")]
    Expired,
    /// It has let in as many as it may.
    #[error("the invitation is used up")]
    Used,
    /// It was closed before its time.
    #[error("the invitation was revoked")]
    Revoked,
    /// No device that answered knows of it: it was changed, or made for another group.
    #[error("nobody there knows this invitation")]
    Altered,
    /// None of the devices it names could be reached.
    #[error("none of the devices in the invitation could be reached")]
    Unreachable {
        /// Those that were tried.
        tried: Vec<DeviceId>,
    },
    /// They were reached and let nobody in: no invitation is open there, or they are too busy.
    #[error("the devices in the invitation let nobody in")]
    Refused,
    /// The person who wants to join is not known here, or this device does not belong to it.
    #[error("this device does not belong to the person who wants to join")]
    NotThisPerson,
    /// A host let us in, but the group's entries did not come, or do not say so. Asking again does no harm.
    #[error("let in, but the group has not arrived")]
    NotArrived,
    /// Our own journal did not take it.
    #[error(transparent)]
    Journal(#[from] WriteError),
    /// Replication is shutting down.
    #[error("shutting down")]
    ShuttingDown,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
enum JoinMessage {
    /// From the host, at once.
    #[n(0)]
    Challenge {
        #[cbor(n(0), with = "minicbor::bytes")]
        nonce: [u8; 32],
    },
    /// From the newcomer.
    #[n(1)]
    Request {
        #[n(0)]
        topic: GroupId,
        /// The invitation's public key.
        #[n(1)]
        key: DeviceId,
        /// Who joins: the newcomer's device, or the person it belongs to.
        #[n(2)]
        member: Member,
        /// All entries of that person's group.
        #[n(3)]
        person: Vec<Part>,
        #[n(4)]
        proof: Signature,
    },
    /// From the host: in.
    #[n(2)]
    Accepted {
        /// The number of the newest entry of the host's own log in that group: who is in by then.
        #[n(0)]
        seq: u64,
    },
    /// From the host: not in.
    #[n(3)]
    Refused {
        #[n(0)]
        cause: Cause,
    },
}

/// Why a host refuses. Who does not prove to hold an invitation hears [`Cause::Unknown`], whatever is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
enum Cause {
    #[n(0)]
    Unknown,
    #[n(1)]
    Expired,
    #[n(2)]
    Used,
    #[n(3)]
    Revoked,
    #[n(4)]
    Person,
    #[n(5)]
    Busy,
}

/// What the proof is over.
fn transcript(
    topic: GroupId,
    key: DeviceId,
    member: Member,
    newcomer: DeviceId,
    host: DeviceId,
    nonce: &[u8; 32],
) -> Vec<u8> {
    cbor::encode(&(topic, key, member, newcomer, host, minicbor::bytes::ByteArray::from(*nonce)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::RawEntry;
    use crate::sync::wire::{self, Frames};
    use proptest::prelude::*;

    fn samples() -> [JoinMessage; 4] {
        let device = DeviceId::from_bytes([1; 32]);
        let entry = RawEntry { header: vec![7; 330], body: Some(vec![8; 40]) };
        let refused = JoinMessage::Refused { cause: Cause::Used };
        let request = JoinMessage::Request {
            topic: GroupId::from_bytes([2; 32]),
            key: device,
            member: Member::Device(device),
            person: vec![Part { author: device, first: 0, entries: vec![entry], pruned: 0 }],
            proof: Signature::from_bytes([3; 64]),
        };
        [JoinMessage::Challenge { nonce: [4; 32] }, request, JoinMessage::Accepted { seq: 5 }, refused]
    }

    #[test]
    fn messages_round_trip() {
        for message in samples() {
            let mut frames = Frames::new(&*Box::leak(wire::frame(&message).into_boxed_slice()));
            assert_eq!(frames.next_now::<JoinMessage>().expect("reads"), Some(message));
        }
    }

    #[test]
    fn fuzz_joins() {
        let seeds = samples().map(|message| cbor::encode(&message));
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Ok(message) = cbor::decode::<JoinMessage>(bytes, wire::FRAME_BYTES) else { return false };
            assert_eq!(cbor::encode(&message), bytes);
            true
        });
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = cbor::decode::<JoinMessage>(&bytes, wire::FRAME_BYTES);
        }
    }
}
