//! What requester and provider say to each other on one bidirectional stream. Pure encoders and decoders.
//!
//! A requester sends any number of requests, each a big-endian `u32` length and that many bytes of CBOR, and then
//! closes its side. The provider answers them in order, in fixed binary forms:
//!
//! ```text
//! request   = [version = 1, kind = 0, hash, with_list, count, wanted]     pieces of one blob
//!           | [version = 1, kind = 1, [hash, ...]]                        many small blobs
//!
//! answer 0  = status u8, size u64, list (32 bytes a piece, if asked for), piece*, end
//! piece     = index u32, length u32, bytes          ascending, and only pieces that were asked for
//! end       = 0xFFFFFFFF, 0                         a provider that has only some pieces may end early
//!           | 0xFFFFFFFF, 1                         the provider's file changed
//!
//! answer 1  = for each hash, in order: length u32, bytes
//!           | 0xFFFFFFFF                            not here
//!           | 0xFFFFFFFE                            larger than SMALL_LEN; ask for its pieces
//! ```
//!
//! A blob that the requester may not read is answered like one that is not here.

use compeer_core::BlobHash;
use minicbor::{Decoder, Encoder};

use crate::error::WireError;
use crate::piece::{PIECE_LEN, PieceSet};

/// Bytes of one encoded request. Room for [`MAX_HASHES`] hashes.
pub const MAX_REQUEST: usize = 192 * 1024;
/// Hashes in one request for small blobs.
pub const MAX_HASHES: usize = 4096;
/// Bytes of the largest blob that travels in an answer to a request for many.
pub const SMALL_LEN: u64 = PIECE_LEN;
/// Bytes of the answer that precedes a blob's list and pieces.
pub const ANSWER_LEN: usize = 9;
/// Bytes that precede each piece.
pub const PIECE_HEAD_LEN: usize = 8;
/// Bytes that precede each small blob.
pub const SMALL_HEAD_LEN: usize = 4;

const VERSION: u8 = 1;
const KIND_PIECES: u8 = 0;
const KIND_MANY: u8 = 1;
const MARK: u32 = u32::MAX;
const MARK_LARGE: u32 = u32::MAX - 1;

/// What a requester asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Pieces of one blob.
    Pieces {
        /// The blob.
        hash: BlobHash,
        /// Whether the piece list is wanted before the pieces.
        with_list: bool,
        /// The pieces wanted. Its count is the requester's idea of the blob; a provider with another sends none.
        wanted: PieceSet,
    },
    /// Whole small blobs, at most [`MAX_HASHES`].
    Many(Vec<BlobHash>),
}

/// What precedes a blob's pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The provider has the blob.
    Here {
        /// Bytes of the blob, as the provider tells.
        size: u64,
    },
    /// The provider does not have it, or this device may not read it.
    NotHere,
}

/// What precedes each piece, and what ends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceHead {
    /// `len` bytes of piece `index` follow.
    Piece {
        /// Which piece.
        index: u32,
        /// How many bytes.
        len: u32,
    },
    /// No more pieces.
    End,
    /// No more pieces, because the provider's file is no longer that blob.
    Changed,
}

/// What precedes each small blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmallHead {
    /// `len` bytes follow.
    Bytes {
        /// How many.
        len: u32,
    },
    /// The provider does not have it, or this device may not read it.
    NotHere,
    /// Larger than [`SMALL_LEN`].
    TooLarge,
}

/// Encodes a request, without its length.
#[must_use]
pub fn encode_request(request: &Request) -> Vec<u8> {
    let mut out = Vec::with_capacity(match request {
        Request::Pieces { wanted, .. } => 64 + wanted.as_bytes().len(),
        Request::Many(hashes) => 16 + 34 * hashes.len(),
    });
    let written = write_request(&mut Encoder::new(&mut out), request);
    // The vector that is written to has no way to fail.
    debug_assert!(written.is_ok());
    out
}

fn write_request(
    e: &mut Encoder<&mut Vec<u8>>,
    request: &Request,
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    match request {
        Request::Pieces { hash, with_list, wanted } => {
            e.array(6)?.u8(VERSION)?.u8(KIND_PIECES)?.encode(hash)?.bool(*with_list)?;
            e.u32(wanted.count())?.bytes(wanted.as_bytes())?;
        }
        Request::Many(hashes) => {
            e.array(3)?.u8(VERSION)?.u8(KIND_MANY)?.array(hashes.len() as u64)?;
            for hash in hashes {
                e.encode(hash)?;
            }
        }
    }
    Ok(())
}

/// Decodes a request, without its length.
///
/// # Errors
/// [`WireError`], naming what is wrong. Nothing is allocated beyond the limits of this module.
pub fn decode_request(bytes: &[u8]) -> Result<Request, WireError> {
    if bytes.len() > MAX_REQUEST {
        return Err(WireError::TooLong { len: bytes.len() });
    }
    let mut d = Decoder::new(bytes);
    let request = read_request(&mut d)?;
    if d.position() != bytes.len() {
        return Err(WireError::Trailing);
    }
    Ok(request)
}

fn read_request(d: &mut Decoder<'_>) -> Result<Request, WireError> {
    let fields = d.array()?;
    let (version, kind) = (d.u8()?, d.u8()?);
    match (version, kind, fields) {
        (VERSION, KIND_PIECES, Some(6)) => {
            let hash = d.decode()?;
            let with_list = d.bool()?;
            let count = d.u32()?;
            Ok(Request::Pieces { hash, with_list, wanted: PieceSet::from_bytes(count, d.bytes()?)? })
        }
        (VERSION, KIND_MANY, Some(3)) => {
            let count = d.array()?.ok_or(WireError::Malformed)?;
            if count == 0 || count > MAX_HASHES as u64 {
                return Err(WireError::HashCount { count });
            }
            let mut hashes = Vec::with_capacity(count as usize);
            for _ in 0..count {
                hashes.push(d.decode()?);
            }
            Ok(Request::Many(hashes))
        }
        (VERSION, KIND_PIECES | KIND_MANY, _) => Err(WireError::Malformed),
        (version, kind, _) => Err(WireError::Unknown { version, kind }),
    }
}

impl From<minicbor::decode::Error> for WireError {
    fn from(_: minicbor::decode::Error) -> Self {
        Self::Malformed
    }
}

/// Encodes what precedes a blob's pieces.
#[must_use]
pub fn encode_answer(answer: Answer) -> [u8; ANSWER_LEN] {
    let mut out = [0; ANSWER_LEN];
    match answer {
        Answer::Here { size } => out[1..].copy_from_slice(&size.to_be_bytes()),
        Answer::NotHere => out[0] = 1,
    }
    out
}

/// Decodes what precedes a blob's pieces.
///
/// # Errors
/// [`WireError::Answer`] for an unknown status.
pub fn decode_answer(bytes: &[u8; ANSWER_LEN]) -> Result<Answer, WireError> {
    let [status, size @ ..] = *bytes;
    match status {
        0 => Ok(Answer::Here { size: u64::from_be_bytes(size) }),
        1 => Ok(Answer::NotHere),
        code => Err(WireError::Answer { code }),
    }
}

/// Encodes what precedes a piece, or ends them.
#[must_use]
pub fn encode_piece_head(head: PieceHead) -> [u8; PIECE_HEAD_LEN] {
    let (index, len) = match head {
        PieceHead::Piece { index, len } => (index, len),
        PieceHead::End => (MARK, 0),
        PieceHead::Changed => (MARK, 1),
    };
    let mut out = [0; PIECE_HEAD_LEN];
    out[..4].copy_from_slice(&index.to_be_bytes());
    out[4..].copy_from_slice(&len.to_be_bytes());
    out
}

/// Decodes what precedes a piece, or ends them. Index and length are not judged here.
///
/// # Errors
/// [`WireError::Answer`] for an unknown end.
pub fn decode_piece_head(bytes: &[u8; PIECE_HEAD_LEN]) -> Result<PieceHead, WireError> {
    let [a, b, c, d, len @ ..] = *bytes;
    let len = u32::from_be_bytes(len);
    match (u32::from_be_bytes([a, b, c, d]), len) {
        (MARK, 0) => Ok(PieceHead::End),
        (MARK, 1) => Ok(PieceHead::Changed),
        (MARK, code) => Err(WireError::Answer { code: code as u8 }),
        (index, len) => Ok(PieceHead::Piece { index, len }),
    }
}

/// Encodes what precedes a small blob.
#[must_use]
pub fn encode_small_head(head: SmallHead) -> [u8; SMALL_HEAD_LEN] {
    match head {
        SmallHead::Bytes { len } => len.to_be_bytes(),
        SmallHead::NotHere => MARK.to_be_bytes(),
        SmallHead::TooLarge => MARK_LARGE.to_be_bytes(),
    }
}

/// Decodes what precedes a small blob. The length is not judged here.
#[must_use]
pub fn decode_small_head(bytes: &[u8; SMALL_HEAD_LEN]) -> SmallHead {
    match u32::from_be_bytes(*bytes) {
        MARK => SmallHead::NotHere,
        MARK_LARGE => SmallHead::TooLarge,
        len => SmallHead::Bytes { len },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_hash() -> impl Strategy<Value = BlobHash> {
        any::<[u8; 32]>().prop_map(BlobHash::from_bytes)
    }

    fn any_request() -> impl Strategy<Value = Request> {
        let pieces = (any_hash(), any::<bool>(), prop::collection::vec(any::<bool>(), 1..300)).prop_map(
            |(hash, with_list, bits)| {
                let mut wanted = PieceSet::empty(bits.len() as u32);
                for (index, bit) in bits.into_iter().enumerate() {
                    if bit {
                        wanted.insert(index as u32);
                    }
                }
                Request::Pieces { hash, with_list, wanted }
            },
        );
        prop_oneof![pieces, prop::collection::vec(any_hash(), 1..100).prop_map(Request::Many)]
    }

    proptest! {
        #[test]
        fn requests_round_trip(request in any_request()) {
            let bytes = encode_request(&request);
            prop_assert_eq!(decode_request(&bytes), Ok(request));
        }

        #[test]
        fn cut_or_lengthened_requests_are_refused(request in any_request(), cut in any::<prop::sample::Index>()) {
            let mut bytes = encode_request(&request);
            prop_assert!(decode_request(&bytes[..cut.index(bytes.len())]).is_err());
            bytes.push(0);
            prop_assert_eq!(decode_request(&bytes), Err(WireError::Trailing));
        }

        #[test]
        fn no_bytes_make_the_decoders_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode_request(&bytes);
            if let Some(head) = bytes.first_chunk() { let _ = decode_answer(head); }
            if let Some(head) = bytes.first_chunk() { let _ = decode_piece_head(head); }
        }

        #[test]
        fn heads_round_trip(size: u64, index in 0..u32::MAX, len: u32) {
            for answer in [Answer::Here { size }, Answer::NotHere] {
                prop_assert_eq!(decode_answer(&encode_answer(answer)), Ok(answer));
            }
            for head in [PieceHead::Piece { index, len }, PieceHead::End, PieceHead::Changed] {
                prop_assert_eq!(decode_piece_head(&encode_piece_head(head)), Ok(head));
            }
            for head in [SmallHead::Bytes { len: len >> 1 }, SmallHead::NotHere, SmallHead::TooLarge] {
                prop_assert_eq!(decode_small_head(&encode_small_head(head)), head);
            }
        }
    }

    #[test]
    fn fuzz_requests() {
        let hash = BlobHash::from_bytes([0xA5; 32]);
        let mut some = PieceSet::empty(300);
        some.insert(0);
        some.insert(299);
        let seeds = [
            Request::Pieces { hash, with_list: true, wanted: some },
            Request::Pieces { hash, with_list: false, wanted: PieceSet::full(8) },
            Request::Many(vec![hash; 3]),
        ];
        let seeds: Vec<_> = seeds.iter().map(encode_request).collect();
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Ok(request) = decode_request(bytes) else { return false };
            assert_eq!(decode_request(&encode_request(&request)), Ok(request));
            true
        });
    }

    /// The fixed forms, as they lie on the stream one after the other.
    #[test]
    fn fuzz_answers() {
        let answers = [Answer::Here { size: 3 << 20 }, Answer::NotHere].map(|answer| encode_answer(answer).to_vec());
        let heads = [PieceHead::Piece { index: 2, len: 9 }, PieceHead::End, PieceHead::Changed]
            .map(|head| encode_piece_head(head).to_vec());
        let small = [SmallHead::Bytes { len: 7 }, SmallHead::NotHere, SmallHead::TooLarge]
            .map(|head| encode_small_head(head).to_vec());
        let seeds = [answers.concat(), heads.concat(), small.concat()];
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let mut valid = false;
            for bytes in bytes.as_chunks().0 {
                if let Ok(answer) = decode_answer(bytes) {
                    // The size that goes with "not here" means nothing.
                    assert!(answer == Answer::NotHere || encode_answer(answer) == *bytes);
                    valid = true;
                }
            }
            for bytes in bytes.as_chunks().0 {
                if let Ok(head) = decode_piece_head(bytes) {
                    assert_eq!(encode_piece_head(head), *bytes);
                    valid = true;
                }
            }
            for bytes in bytes.as_chunks().0 {
                assert_eq!(encode_small_head(decode_small_head(bytes)), *bytes);
            }
            valid
        });
    }

    #[test]
    fn limits_hold_before_anything_is_allocated() {
        assert_eq!(decode_request(&vec![0; MAX_REQUEST + 1]), Err(WireError::TooLong { len: MAX_REQUEST + 1 }));
        // [1, 1, array of 2^32 hashes]
        let many = [0x83, 1, 1, 0x9B, 0, 0, 0, 1, 0, 0, 0, 0];
        assert_eq!(decode_request(&many), Err(WireError::HashCount { count: 1 << 32 }));
        assert_eq!(decode_request(&[0x83, 1, 1, 0x80]), Err(WireError::HashCount { count: 0 }));
        assert_eq!(decode_request(&[0x83, 2, 1, 0x80]), Err(WireError::Unknown { version: 2, kind: 1 }));
        let full = Request::Many(vec![BlobHash::from_bytes([0xFF; 32]); MAX_HASHES]);
        assert!(encode_request(&full).len() <= MAX_REQUEST);
    }
}
