//! Identifiers: 32 bytes each, written as 52 characters of lower-case base32 without padding (RFC 4648, section 6).
//!
//! Each kind is a type of its own, so a group can never be passed where a device is meant.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD, Encoding, Specification};
use minicbor::decode::{Decode, Decoder, Error as DecodeError};
use minicbor::encode::{Encode, Encoder, Error as EncodeError, Write};
use std::sync::LazyLock;

/// Lower-case base32 that also reads upper case, because people type and QR codes shout.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    spec.translate.from.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    spec.translate.to.push_str("abcdefghijklmnopqrstuvwxyz");
    spec.encoding().unwrap_or(BASE32_NOPAD)
});

/// Bytes as lower-case base32 without padding.
#[must_use]
pub fn to_base32(bytes: &[u8]) -> String {
    BASE32.encode(bytes)
}

/// The bytes behind base32 text of either case; `None` for anything else, trailing bits included.
#[must_use]
pub fn from_base32(text: &str) -> Option<Vec<u8>> {
    BASE32.decode(text.as_bytes()).ok()
}

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text has the wrong length for 32 bytes in base32.
    #[error("an id has 52 characters, this has {0}")]
    Length(usize),
    /// The text holds characters outside base32, or bits beyond the 32 bytes.
    #[error("an id has only the letters a to z and the digits 2 to 7")]
    Alphabet,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes the 32 bytes as they are.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The first ten characters: enough for a log line, never for a decision.
            #[must_use]
            pub fn short(&self) -> String {
                let mut text = self.to_string();
                text.truncate(10);
                text
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_base32(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if text.len() != 52 {
                    return Err(IdError::Length(text.chars().count()));
                }
                let bytes = from_base32(text).ok_or(IdError::Alphabet)?;
                bytes.try_into().map(Self).map_err(|_| IdError::Alphabet)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
                let at = d.position();
                d.bytes()?.try_into().map(Self).map_err(|_| DecodeError::message("32 bytes expected").at(at))
            }
        }
    };
}

id! {
    /// A computer running Compeer: its Ed25519 public key, which is also its iroh endpoint id.
    DeviceId
}
id! {
    /// A person, company or space, and at the same time the topic that carries its entries: the hash of the control
    /// record that founded it, so nobody can found a second group of the same name.
    GroupId
}
id! {
    /// One entry: the hash of its signed header.
    EntryHash
}
id! {
    /// Immutable bytes: their BLAKE3 root hash.
    BlobHash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_in_both_cases() {
        let id = DeviceId::from_bytes([0xA5; 32]);
        let text = id.to_string();
        assert_eq!(text.len(), 52);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.to_uppercase().parse(), Ok(id));
    }

    #[test]
    fn wrong_texts_say_what_is_wrong() {
        assert_eq!("abc".parse::<DeviceId>(), Err(IdError::Length(3)));
        assert_eq!("1".repeat(52).parse::<DeviceId>(), Err(IdError::Alphabet));
        // 52 characters carry 260 bits; the last four must be zero or two texts would name one id.
        assert_eq!(format!("{}b", "a".repeat(51)).parse::<DeviceId>(), Err(IdError::Alphabet));
    }

    #[test]
    fn cbor_refuses_other_lengths() {
        let bytes = minicbor::to_vec(minicbor::bytes::ByteVec::from(vec![1u8; 31])).expect("encodes");
        assert!(minicbor::decode::<DeviceId>(&bytes).is_err());
    }
}
