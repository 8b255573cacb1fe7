//! The cut and the proofs against plain BLAKE3.

use proptest::prelude::*;

use super::*;

const MIB: u64 = PIECE_LEN;

/// Bytes that differ everywhere, so that swapped pieces are noticed.
fn content(size: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; size];
    let mut reader = blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof();
    reader.fill(&mut bytes);
    bytes
}

fn hashes(layout: &Layout, bytes: &[u8]) -> Vec<[u8; ENTRY_LEN]> {
    (0..layout.count())
        .map(|index| {
            let range = layout.range(index).expect("in range");
            let mut hasher = PieceHasher::new(layout, index);
            // Odd steps, as reads may give them.
            for part in bytes[range.start as usize..range.end as usize].chunks(70_001) {
                hasher.update(part);
            }
            hasher.finish()
        })
        .collect()
}

fn check(bytes: &[u8]) -> PieceList {
    let layout = Layout::of(bytes.len() as u64).expect("fits");
    let list = PieceList::build(layout, hashes(&layout, bytes)).expect("one hash per piece");
    assert_eq!(list.root().as_bytes(), blake3::hash(bytes).as_bytes(), "{} bytes", bytes.len());
    assert_eq!(PieceList::prove(list.root(), layout, list.as_bytes()), Ok(list.clone()));
    for index in 0..layout.count() {
        let range = layout.range(index).expect("in range");
        assert!(list.verify(index, &bytes[range.start as usize..range.end as usize]));
    }
    list
}

#[test]
fn sizes_around_every_boundary_agree_with_plain_blake3() {
    let mib = MIB as usize;
    for size in [0, 1, 63, 64, 65, 1023, 1024, 1025, mib - 1, mib, mib + 1, mib + 1024, mib + 1025] {
        check(&content(size, 1));
    }
    for pieces in 2..=9 {
        for extra in [0, 1, mib - 1] {
            check(&content(pieces * mib + extra, 2));
        }
    }
}

#[test]
fn huge_blobs_get_larger_pieces() {
    let cases = [
        (0, MIB, 1),
        (MIB, MIB, 1),
        (MIB + 1, MIB, 2),
        (64 << 30, MIB, MAX_PIECES),
        ((64 << 30) + 1, 2 * MIB, MAX_PIECES / 2 + 1),
        (MAX_BLOB_LEN, MAX_PIECE_LEN, MAX_PIECES),
    ];
    for (size, piece_len, count) in cases {
        let layout = Layout::of(size).expect("fits");
        assert_eq!((layout.piece_len(), layout.count()), (piece_len, count), "{size}");
        let last = layout.range(count - 1).expect("the last piece");
        assert_eq!(last.end, size);
        assert_eq!(layout.range(count), None);
    }
    assert_eq!(Layout::of(MAX_BLOB_LEN + 1), Err(PieceError::TooLarge { size: MAX_BLOB_LEN + 1 }));
}

#[test]
fn larger_pieces_are_subtrees_too() {
    // What a blob beyond 64 GiB uses, on few bytes.
    let bytes = content(5 * MIB as usize + 17, 3);
    let layout = Layout { size: bytes.len() as u64, piece_len: 2 * MIB };
    let list = PieceList::build(layout, hashes(&layout, &bytes)).expect("one hash per piece");
    assert_eq!(list.root().as_bytes(), blake3::hash(&bytes).as_bytes());
}

#[test]
fn a_list_for_another_size_of_the_same_root_proves_no_piece() {
    // The parents of four pieces merge to the same root as a list of two. Such a list proves, but no bytes fit it.
    let bytes = content(4 * MIB as usize, 4);
    let list = check(&bytes);
    let entries: Vec<[u8; 32]> = list.entries.chunks(2).map(merge).collect();
    let half = Layout::of(2 * MIB).expect("fits");
    let forged = PieceList::prove(list.root(), half, entries.as_flattened()).expect("merges to the same root");
    for (index, piece) in bytes.chunks(MIB as usize).enumerate() {
        assert!(!forged.verify(index as u32, piece));
    }
}

#[test]
fn pieces_that_hold_a_range() {
    let layout = Layout::of(3 * MIB + 5).expect("fits");
    assert_eq!(layout.pieces_of(&(0..1)), 0..1);
    assert_eq!(layout.pieces_of(&(MIB - 1..MIB + 1)), 0..2);
    assert_eq!(layout.pieces_of(&(3 * MIB..u64::MAX)), 3..4);
    assert_eq!(layout.pieces_of(&(4 * MIB..5 * MIB)), 0..0);
    assert_eq!(layout.pieces_of(&(7..7)), 0..0);
}

#[test]
fn sets_refuse_what_does_not_fit() {
    assert!(PieceSet::from_bytes(9, &[0xFF, 1]).is_ok());
    assert!(PieceSet::from_bytes(9, &[0xFF, 2]).is_err());
    assert!(PieceSet::from_bytes(9, &[0xFF]).is_err());
    assert!(PieceSet::from_bytes(MAX_PIECES + 1, &vec![0; 8193]).is_err());
    assert_eq!(PieceSet::full(9).as_bytes(), [0xFF, 1]);
    assert_eq!(PieceSet::full(16).as_bytes(), [0xFF, 0xFF]);
    assert!(PieceSet::full(0).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_size_agrees_and_any_flipped_bit_is_caught(
        size in prop_oneof![0..5000usize, (MIB as usize - 2000..MIB as usize + 2000), 0..6 * MIB as usize],
        seed: u64,
        position: prop::sample::Index,
        bit in 0..8u8,
    ) {
        let mut bytes = content(size, seed);
        let list = check(&bytes);
        if size > 0 {
            let at = position.index(size);
            bytes[at] ^= 1 << bit;
            let index = (at as u64 / MIB) as u32;
            let range = list.layout().range(index).expect("in range");
            prop_assert!(!list.verify(index, &bytes[range.start as usize..range.end as usize]));
        }
        // A flipped bit in the list is caught as well.
        let mut entries = list.as_bytes().to_vec();
        if !entries.is_empty() {
            let at = position.index(entries.len());
            entries[at] ^= 1 << bit;
            prop_assert_eq!(PieceList::prove(list.root(), list.layout(), &entries), Err(PieceError::WrongList));
        }
    }

    #[test]
    fn wrong_lengths_are_refused_without_a_panic(size in 0..3 * MIB, len in 0..2 * MIB as usize, index in 0..5u32) {
        let layout = Layout::of(size).expect("fits");
        let hashes = vec![[7; 32]; layout.count() as usize];
        let list = PieceList::build(layout, hashes).expect("one hash per piece");
        prop_assert!(!list.verify(index, &vec![0; len]));
    }

    #[test]
    fn sets_behave_as_sets(count in 0..200u32, indexes in prop::collection::btree_set(0..220u32, 0..60)) {
        let mut set = PieceSet::empty(count);
        for index in &indexes {
            prop_assert_eq!(set.insert(*index), *index < count);
            prop_assert!(!set.insert(*index));
        }
        let kept: Vec<u32> = indexes.into_iter().filter(|index| *index < count).collect();
        prop_assert_eq!(set.iter().collect::<Vec<_>>(), kept.clone());
        prop_assert_eq!(set.len() as usize, kept.len());
        prop_assert_eq!(set.complement().len() as usize, count as usize - kept.len());
        prop_assert_eq!(PieceSet::from_bytes(count, set.as_bytes()), Ok(set));
    }
}

/// A count, then the bits of a set, as requests and saved downloads carry them.
#[test]
fn fuzz_piece_sets() {
    let seeds = [(9, vec![0xFF, 1]), (8, vec![0x55]), (0, vec![]), (MAX_PIECES, vec![0xFF; 8192])];
    let seeds = seeds.map(|(count, bits): (u32, _)| [count.to_be_bytes().to_vec(), bits].concat());
    compeer_testkit::fuzz::run(&seeds, |bytes| {
        let Some((count, bits)) = bytes.split_first_chunk() else { return false };
        let count = u32::from_be_bytes(*count);
        let Ok(set) = PieceSet::from_bytes(count, bits) else { return false };
        assert_eq!(set.as_bytes(), bits);
        assert!(set.len() <= count && set.iter().all(|index| index < count));
        true
    });
}

/// A size, then the list that a provider or a saved download claims for it. No list but the true one is proven.
#[test]
fn fuzz_piece_lists() {
    let layout = Layout::of(3 * MIB + 5).expect("fits");
    let list = PieceList::build(layout, (0..4).map(|n| [n; ENTRY_LEN]).collect()).expect("one hash per piece");
    let largest = PieceList::build(Layout::of(MAX_BLOB_LEN).expect("fits"), vec![[7; ENTRY_LEN]; MAX_PIECES as usize]);
    let seed = |list: &PieceList| [&list.layout().size().to_be_bytes(), list.as_bytes()].concat();
    compeer_testkit::fuzz::run(&[seed(&list), seed(&largest.expect("one hash per piece"))], |bytes| {
        let Some((size, entries)) = bytes.split_first_chunk() else { return false };
        let Ok(layout) = Layout::of(u64::from_be_bytes(*size)) else { return false };
        let Ok(proven) = PieceList::prove(list.root(), layout, entries) else { return false };
        assert!(layout.count() == 1 || (layout.count() == 4 && proven.as_bytes() == list.as_bytes()));
        assert!(!proven.verify(layout.count(), b"") && !proven.verify(u32::MAX, entries));
        true
    });
}
