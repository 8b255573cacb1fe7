//! Decoders of what peers send, on arbitrary and on nearly right bytes.

use compeer_core::cbor::CborError;
use compeer_core::entry::{Body, BodyClass, Entry, EntryError, SignedHeader};
use compeer_core::epoch::{EpochKey, Place, Wrap};
use compeer_core::group::{Act, Cut, CutElsewhere, DropRange, Drops, GroupKind, InviteTerms, KeyGrant, Level, Member};
use compeer_core::{DeviceId, DeviceKey, EntryHash, EpochId, GroupId, Hlc, limits};
use compeer_testkit::fuzz;
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
        Act::Archive { on: true },
        Act::Archive { on: false },
    ]
}

fn grant() -> KeyGrant {
    let wrap = Wrap { device: DeviceId::from_bytes([1; 32]), sealed: vec![0; 80] };
    KeyGrant { epochs: vec![EpochId::from_bytes([7; 16]); 2], wraps: vec![wrap; 3] }
}

fn drops(count: usize) -> Drops {
    let range = |n: usize| DropRange { author: DeviceId::from_bytes([1; 32]), first: n as u64, last: u64::MAX };
    Drops { ranges: (0..count).map(range).collect(), prune: None }
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
    let most = drops(limits::DROP_RANGES);
    assert_eq!(Drops::decode(&most.encode()), Ok(most));
}

#[test]
fn drops_are_few_and_run_forwards() {
    let limit = limits::DROP_RANGES;
    let many = drops(limit + 1).encode();
    assert_eq!(Drops::decode(&many), Err(CborError::TooLong { got: limit + 1, limit }));
    let mut backwards = drops(2);
    (backwards.ranges[1].first, backwards.ranges[1].last) = (5, 4);
    assert!(matches!(Drops::decode(&backwards.encode()), Err(CborError::Malformed(_))));
}

#[test]
fn too_many_bytes_are_refused_unread() {
    let long = vec![0; limits::BODY_BYTES + 1];
    assert!(matches!(Act::decode(&long), Err(CborError::TooLong { .. })));
    assert!(matches!(KeyGrant::decode(&long), Err(CborError::TooLong { .. })));
    assert!(matches!(Drops::decode(&long[..=limits::DROPS_BYTES]), Err(CborError::TooLong { .. })));
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
        assert!(Drops::decode(&bytes).is_err());
        assert!(Act::decode(&bytes).is_err());
    }
}

/// Whatever is accepted is what it would be encoded as. Says whether any decoder accepted it.
fn check(bytes: &[u8]) -> bool {
    let (act, grant, header) = (Act::decode(bytes), KeyGrant::decode(bytes), SignedHeader::decode(bytes));
    if let Ok(act) = &act {
        assert_eq!(act.encode(), bytes);
    }
    if let Ok(grant) = &grant {
        assert_eq!(grant.encode(), bytes);
    }
    if let Ok(header) = &header {
        assert_eq!(header.bytes(), bytes);
    }
    let drops = Drops::decode(bytes);
    if let Ok(drops) = &drops {
        assert_eq!(drops.encode(), bytes);
        assert!(
            drops.ranges.len() <= limits::DROP_RANGES && drops.ranges.iter().all(|range| range.first <= range.last)
        );
    }
    drops.is_ok() || act.is_ok() || grant.is_ok() || header.is_ok()
}

#[test]
fn fuzz_acts_and_grants() {
    let seeds: Vec<_> = acts().iter().map(Act::encode).chain([grant().encode()]).collect();
    fuzz::run(&seeds, check);
}

#[test]
fn fuzz_drops() {
    fuzz::run(&[drops(3).encode(), drops(0).encode()], check);
}

#[test]
fn fuzz_entry_headers() {
    fuzz::run(&[header()], check);
}

/// What a member's device may send as a body and as wrapped keys. Nothing that was changed opens.
#[test]
fn fuzz_seals() {
    let (key, device) = (EpochKey::from_bytes([1; 32]), DeviceKey::from_seed([2; 32]));
    let place = Place { topic: GroupId::from_bytes([3; 32]), author: device.id(), seq: 4 };
    let body = key.seal(&place, b"hello").expect("seals");
    fuzz::run(std::slice::from_ref(&body), |bytes| {
        let opened = key.open(&place, bytes).is_ok();
        assert_eq!(opened, bytes == body);
        opened
    });
    let wrap = Wrap::seal(device.id(), &[key.clone(), key]).expect("seals");
    fuzz::run(std::slice::from_ref(&wrap.sealed), |bytes| {
        let opened = Wrap { device: device.id(), sealed: bytes.to_vec() }.open(&device).is_ok();
        assert_eq!(opened, bytes == wrap.sealed);
        opened
    });
}

#[test]
fn fuzz_ids() {
    let seeds = [DeviceId::from_bytes([0xA5; 32]).to_string(), DeviceId::from_bytes([0; 32]).to_string()];
    fuzz::run(&seeds.map(String::into_bytes), |bytes| {
        let text = std::str::from_utf8(bytes).ok();
        let id = text.and_then(|text| text.parse::<DeviceId>().ok());
        if let (Some(id), Some(text)) = (&id, text) {
            assert_eq!(id.to_string(), text.to_ascii_lowercase(), "one text, one id");
        }
        id.is_some()
    });
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
