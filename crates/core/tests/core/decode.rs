//! Decoders of what peers send, on arbitrary and on nearly right bytes.

use compeer_core::cbor::CborError;
use compeer_core::entry::{Body, BodyClass, Entry, EntryError, SignedHeader};
use compeer_core::epoch::Wrap;
use compeer_core::group::{Act, Cut, CutElsewhere, GroupKind, InviteTerms, KeyGrant, Level, Member};
use compeer_core::{DeviceId, DeviceKey, EntryHash, EpochId, GroupId, Hlc, limits};
use proptest::prelude::*;

fn acts() -> Vec<Act> {
    let device = DeviceId::from_bytes([1; 32]);
    let cut = Cut { device, seq: 300, hash: EntryHash::from_bytes([2; 32]) };
    let key = DeviceId::from_bytes([3; 32]);
    vec![
        Act::Found { kind: GroupKind::Space, nonce: [4; 32], founder: Member::Device(device), device },
        Act::Set {
            member: Member::Group(GroupId::from_bytes([5; 32])),
            level: None,
            invite: Some(key),
            cuts: vec![cut; 3],
            elsewhere: vec![CutElsewhere { tag: [6; 16], cut }; 2],
        },
        Act::Invite { terms: InviteTerms { key, level: Level::Read, uses: 1, expires: u64::MAX } },
        Act::Revoke { key },
        Act::End,
    ]
}

fn grant() -> KeyGrant {
    let wrap = Wrap { device: DeviceId::from_bytes([1; 32]), sealed: vec![0; 80] };
    KeyGrant { epochs: vec![EpochId::from_bytes([7; 16]); 2], wraps: vec![wrap; 3] }
}

fn header() -> Vec<u8> {
    let body = Body { class: BodyClass::Control, epoch: EpochId::NONE, bytes: Act::End.encode() };
    let heads = vec![EntryHash::from_bytes([8; 32]); 2];
    let key = DeviceKey::from_seed([9; 32]);
    let entry = Entry::create(&key, GroupId::from_bytes([1; 32]), None, Hlc::new(1, 2), heads, body);
    entry.expect("an entry").header.bytes().to_vec()
}

#[test]
fn acts_and_grants_round_trip() {
    for act in acts() {
        assert_eq!(Act::decode(&act.encode()), Ok(act));
    }
    assert_eq!(KeyGrant::decode(&grant().encode()), Ok(grant()));
}

#[test]
fn too_many_bytes_are_refused_unread() {
    let long = vec![0; limits::BODY_BYTES + 1];
    assert!(matches!(Act::decode(&long), Err(CborError::TooLong { .. })));
    assert!(matches!(KeyGrant::decode(&long), Err(CborError::TooLong { .. })));
    let long = vec![0; limits::HEADER_BYTES + 1];
    assert!(matches!(SignedHeader::decode(&long), Err(EntryError::Encoding(CborError::TooLong { .. }))));
}

#[test]
fn a_length_that_promises_more_than_there_is_costs_nothing() {
    // Arrays and byte strings that claim 2^32 - 1 and 2^64 - 1 items.
    for start in [[0x82, 0x9A], [0x82, 0x9B], [0x82, 0x5A], [0x82, 0x5B], [0x9A, 0xFF], [0x9B, 0xFF]] {
        let mut bytes = start.to_vec();
        bytes.extend([0xFF; 8]);
        assert!(KeyGrant::decode(&bytes).is_err());
        assert!(Act::decode(&bytes).is_err());
    }
}

/// Whatever is accepted is what it would be encoded as.
fn check(bytes: &[u8]) {
    if let Ok(act) = Act::decode(bytes) {
        assert_eq!(act.encode(), bytes);
    }
    if let Ok(grant) = KeyGrant::decode(bytes) {
        assert_eq!(grant.encode(), bytes);
    }
    if let Ok(header) = SignedHeader::decode(bytes) {
        assert_eq!(header.bytes(), bytes);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        check(&bytes);
    }

    #[test]
    fn nearly_right_bytes(which in 0..7usize, at in any::<prop::sample::Index>(), with in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = match which {
            0..5 => acts()[which].encode(),
            5 => grant().encode(),
            _ => header(),
        };
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] = with;
        }
        check(&bytes);
    }
}
