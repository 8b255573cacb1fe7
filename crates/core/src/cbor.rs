//! Canonical CBOR (RFC 8949, section 4.2): one value has one encoding, and anything else is refused.
//!
//! What is signed or hashed is decoded and encoded again; if the bytes differ, they were not canonical. That is simpler
//! and stricter than a list of rules about shortest integers and lengths. Structures are encoded as arrays, so there is
//! no order of keys to agree on.

use minicbor::{Decode, Encode};

/// Why bytes are not the value they claim to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// More bytes than the limit for this kind of value. Nothing was decoded.
    #[error("{got} bytes, the limit is {limit}")]
    TooLong {
        /// How many there were.
        got: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Not CBOR, or not of the expected shape.
    #[error("malformed: {0}")]
    Malformed(String),
    /// Decodes, but there is a shorter or more regular way to say the same, or something follows it.
    #[error("not in canonical form")]
    NotCanonical,
}

/// The canonical encoding of `value`.
#[must_use]
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    // A Vec takes any number of bytes and our types have no encoding errors of their own, so this cannot fail.
    let _: Result<(), minicbor::encode::Error<std::convert::Infallible>> = minicbor::encode(value, &mut bytes);
    bytes
}

/// Decodes a value from all of `bytes`, which must be at most `limit` long and canonical.
pub fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8], limit: usize) -> Result<T, CborError> {
    if bytes.len() > limit {
        return Err(CborError::TooLong { got: bytes.len(), limit });
    }
    let value: T = minicbor::decode(bytes).map_err(|error| CborError::Malformed(error.to_string()))?;
    if encode(&value) != bytes {
        return Err(CborError::NotCanonical);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_longer_ways_to_say_the_same() {
        assert_eq!(decode::<u32>(&[0x05], 8), Ok(5));
        assert_eq!(decode::<u32>(&[0x18, 0x05], 8), Err(CborError::NotCanonical));
        assert_eq!(decode::<u32>(&[0x05, 0x00], 8), Err(CborError::NotCanonical));
        assert_eq!(decode::<u32>(&[0x05; 9], 8), Err(CborError::TooLong { got: 9, limit: 8 }));
        assert!(matches!(decode::<u32>(&[0x61], 8), Err(CborError::Malformed(_))));
    }
}
