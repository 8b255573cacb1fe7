//! The codec on its own: round trips, limits, and any bytes at all.

use super::*;
use compeer_core::DeviceKey;
use proptest::prelude::*;

fn topic() -> GroupId {
    GroupId::from_bytes([9; 32])
}

fn part(count: usize, body: usize) -> Part {
    let entry = |n: usize| RawEntry { header: vec![n as u8; 330], body: Some(vec![n as u8; body]) };
    Part { author: DeviceId::from_bytes([3; 32]), first: 5, entries: (0..count).map(entry).collect(), pruned: 2 }
}

fn samples() -> Vec<Message> {
    let author = DeviceId::from_bytes([3; 32]);
    let height = Height { author, seq: 7, hash: EntryHash::from_bytes([4; 32]), lacks: None };
    let lacking = Height { lacks: Some(3), ..height };
    let mut dropped = part(2, 10);
    dropped.entries[0].body = None;
    let key = DeviceKey::from_seed([1; 32]);
    vec![
        Message::Hello { version: VERSION, digest: [5; 32] },
        Message::Summary { topics: vec![TopicDigest { topic: topic(), digest: [6; 32] }] },
        Message::Heights {
            topic: topic(),
            logs: vec![height, lacking],
            answer: true,
            forks: vec![Proof { one: vec![1], other: vec![2; 9] }],
        },
        Message::Want { topic: topic(), ranges: vec![Range { author, from: 0, to: u64::MAX }] },
        Message::Entries { topic: topic(), parts: vec![dropped] },
        Message::Have { topic: topic(), logs: vec![height] },
        Message::Lazy { topic: topic() },
        Message::Receipts { receipts: vec![Receipt::sign(&key, topic(), vec![Held { author, seq: 7 }])] },
        Message::Addresses {
            devices: vec![Whereabouts { device: author, addrs: vec!["127.0.0.1:4".into()], relays: vec![] }],
        },
        Message::WantGroups { groups: vec![topic(), GroupId::from_bytes([8; 32])] },
    ]
}

async fn read_all(bytes: &[u8]) -> Result<Vec<Message>, WireError> {
    let mut frames = Frames::new(bytes);
    let mut messages = Vec::new();
    while let Some(message) = frames.next().await? {
        messages.push(message);
    }
    Ok(messages)
}

#[tokio::test]
async fn messages_round_trip() {
    let bytes: Vec<u8> = samples().iter().flat_map(frame).collect();
    assert_eq!(read_all(&bytes).await.expect("reads"), samples());
    let mut frames = Frames::new(bytes.as_slice());
    let mut now: Vec<Message> = Vec::new();
    while let Some(message) = frames.next_now().expect("reads") {
        now.push(message);
    }
    assert_eq!(now, samples());
}

#[tokio::test]
async fn a_full_batch_fits_a_frame() {
    // Just under the mark, and then the largest entry there can be.
    let mut batch = part(BATCH_BYTES / 331, 1);
    batch.entries.push(RawEntry { header: vec![0; limits::HEADER_BYTES], body: Some(vec![0; limits::BODY_BYTES]) });
    let bytes = frame(&Message::Entries { topic: topic(), parts: vec![batch] });
    assert!(bytes.len() > BATCH_BYTES + limits::BODY_BYTES && bytes.len() <= FRAME_BYTES, "{}", bytes.len());
    assert_eq!(read_all(&bytes).await.expect("reads").len(), 1);
    // The most items of the largest kind.
    let (author, hash) = (DeviceId::from_bytes([3; 32]), EntryHash::from_bytes([4; 32]));
    let height = Height { author, seq: u64::MAX, hash, lacks: Some(u64::MAX) };
    let bytes = frame(&Message::Heights { topic: topic(), logs: vec![height; ITEMS], answer: true, forks: vec![] });
    assert!(bytes.len() <= FRAME_BYTES, "{}", bytes.len());
}

#[tokio::test]
async fn oversized_cut_and_stray_frames_are_refused() {
    let long = u32::try_from(FRAME_BYTES + 1).expect("fits").to_be_bytes();
    assert!(matches!(read_all(&long).await, Err(WireError::TooLong(_))));
    let whole = frame(&samples()[0]);
    assert!(matches!(read_all(&whole[..whole.len() - 1]).await, Err(WireError::Cut)));
    assert!(matches!(read_all(&[0, 0, 0, 1, 0xFF]).await, Err(WireError::Content(_))));
    let mut trailing = whole.clone();
    trailing.push(0);
    trailing[3] += 1;
    assert!(matches!(read_all(&trailing).await, Err(WireError::Content(_))));
}

#[test]
fn receipts_hold_only_as_signed() {
    let key = DeviceKey::from_seed([1; 32]);
    let receipt = Receipt::sign(&key, topic(), vec![Held { author: key.id(), seq: 7 }]);
    assert!(receipt.verify());
    let elsewhere = Receipt { topic: GroupId::from_bytes([8; 32]), ..receipt.clone() };
    assert!(!elsewhere.verify());
    let mut more = receipt.clone();
    more.logs[0].seq += 1;
    assert!(!more.verify());
    let other = Receipt { device: DeviceKey::from_seed([2; 32]).id(), ..receipt };
    assert!(!other.verify());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut frames = Frames::new(bytes.as_slice());
        while let Ok(Some(_)) = frames.next_now::<Message>() {}
    }

    #[test]
    fn changed_messages_are_read_without_panic(which in 0usize..9, at in 4usize..2000, to in any::<u8>()) {
        let mut bytes = frame(&samples()[which]);
        let at = 4 + (at - 4) % (bytes.len() - 4);
        bytes[at] = to;
        let mut frames = Frames::new(bytes.as_slice());
        if let Ok(Some(message)) = frames.next_now::<Message>() {
            // What is accepted is in the one canonical form.
            prop_assert_eq!(frame(&message), bytes);
        }
    }
}

/// Whole streams: frames one after the other, as a member may send them.
#[test]
fn fuzz_messages() {
    let each: Vec<Vec<u8>> = samples().iter().map(frame).collect();
    let mut seeds = each.clone();
    seeds.push(each.concat());
    compeer_testkit::fuzz::run(&seeds, |bytes| {
        let mut frames = Frames::new(bytes);
        let mut again = Vec::new();
        while let Ok(Some(message)) = frames.next_now::<Message>() {
            if let Message::Receipts { receipts } = &message {
                receipts.iter().for_each(|receipt| assert!(!receipt.verify() || samples().contains(&message)));
            }
            if let Message::Entries { topic, parts } = &message {
                parts.iter().for_each(|part| assert!(part.end() >= part.clone().into_run(*topic).first));
            }
            again.extend(frame(&message));
        }
        assert!(bytes.starts_with(&again), "what is accepted is in the one canonical form");
        !again.is_empty()
    });
}
