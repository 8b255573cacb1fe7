//! Epoch keys: what entries are sealed under, and how a key reaches the devices that may read.
//!
//! An epoch is one random 32-byte key; its id is derived from it, so a key that arrives can be checked and two devices
//! that start an epoch at once simply make two. Bodies are sealed with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03)
//! under a random 24-byte nonce that goes in front.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::id::{DeviceId, GroupId};
use crate::key::{DeviceKey, KeyError, random_bytes, seal_to};

/// Bytes that sealing adds to a body: the nonce (24) and the tag (16).
pub const SEAL_OVERHEAD: usize = 40;
const WRAP_INFO: &str = "compeer epoch key v1";

/// Names an epoch: the first 16 bytes of a hash of its key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct EpochId(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]);

impl EpochId {
    /// The id of no epoch: what entries with a clear body carry.
    pub const NONE: Self = Self([0; 16]);

    /// Takes the 16 bytes as they are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl std::fmt::Debug for EpochId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EpochId({})", &crate::id::to_base32(&self.0)[..8])
    }
}

/// The key of one epoch. Wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct EpochKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EpochKey of {:?}", self.id())
    }
}

impl EpochKey {
    /// A new random key.
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self(Zeroizing::new(random_bytes()?)))
    }

    /// The key made of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The 32 bytes, to be stored where only the owner can read them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The id that belongs to this key.
    #[must_use]
    pub fn id(&self) -> EpochId {
        let hash = blake3::derive_key("compeer 2026 epoch id v1", self.0.as_slice());
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        EpochId(id)
    }

    /// Seals a body for its place in the journal. Moved to another place, it does not open.
    pub fn seal(&self, place: &Place, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let nonce: [u8; 24] = random_bytes()?;
        let payload = Payload { msg: plain, aad: &place.aad() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| KeyError::Sealed)?;
        let mut body = Vec::with_capacity(sealed.len() + nonce.len());
        body.extend_from_slice(&nonce);
        body.extend_from_slice(&sealed);
        Ok(body)
    }

    /// Opens a sealed body that stands at `place`.
    pub fn open(&self, place: &Place, body: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (nonce, sealed) = body.split_first_chunk::<24>().ok_or(KeyError::Sealed)?;
        let payload = Payload { msg: sealed, aad: &place.aad() };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| KeyError::Sealed)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.as_bytes().into())
    }
}

/// Where in the journal a body stands: what binds a ciphertext to its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The topic.
    pub topic: GroupId,
    /// The device that wrote it.
    pub author: DeviceId,
    /// Its number in that device's log.
    pub seq: u64,
}

impl Place {
    fn aad(&self) -> [u8; 72] {
        let mut aad = [0; 72];
        aad[..32].copy_from_slice(self.topic.as_bytes());
        aad[32..64].copy_from_slice(self.author.as_bytes());
        aad[64..].copy_from_slice(&self.seq.to_be_bytes());
        aad
    }
}

/// A set of epoch keys sealed for one device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Wrap {
    /// Whom it is for.
    #[n(0)]
    pub device: DeviceId,
    /// HPKE over the 32-byte keys, one after another.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}

impl Wrap {
    /// Seals `keys` for `device`.
    pub fn seal(device: DeviceId, keys: &[EpochKey]) -> Result<Self, KeyError> {
        let mut plain = Zeroizing::new(Vec::with_capacity(keys.len() * 32));
        for key in keys {
            plain.extend_from_slice(key.as_bytes());
        }
        Ok(Self { device, sealed: seal_to(&device, WRAP_INFO, &plain)? })
    }

    /// The keys in it, for the device it was sealed for.
    pub fn open(&self, key: &DeviceKey) -> Result<Vec<EpochKey>, KeyError> {
        let plain = key.open(WRAP_INFO, &self.sealed)?;
        let (keys, rest) = plain.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(KeyError::Sealed);
        }
        Ok(keys.iter().map(|bytes| EpochKey::from_bytes(*bytes)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { topic: GroupId::from_bytes([1; 32]), author: DeviceId::from_bytes([2; 32]), seq: 3 }
    }

    #[test]
    fn a_body_opens_only_in_its_place_and_whole() {
        let key = EpochKey::generate().expect("randomness");
        let body = key.seal(&place(), b"hello").expect("seals");
        assert_eq!(body.len(), 5 + SEAL_OVERHEAD);
        assert_eq!(key.open(&place(), &body).as_deref(), Ok(b"hello".as_slice()));
        assert_eq!(key.open(&Place { seq: 4, ..place() }, &body), Err(KeyError::Sealed));
        let mut changed = body.clone();
        changed[30] ^= 1;
        assert_eq!(key.open(&place(), &changed), Err(KeyError::Sealed));
        assert_eq!(key.open(&place(), &body[..20]), Err(KeyError::Sealed));
        assert_eq!(EpochKey::from_bytes([0; 32]).open(&place(), &body), Err(KeyError::Sealed));
    }

    #[test]
    fn wraps_carry_many_keys_to_one_device() {
        let device = DeviceKey::from_seed([9; 32]);
        let keys = [EpochKey::from_bytes([1; 32]), EpochKey::from_bytes([2; 32])];
        let wrap = Wrap::seal(device.id(), &keys).expect("seals");
        assert_eq!(wrap.open(&device).as_deref(), Ok(keys.as_slice()));
        assert!(wrap.open(&DeviceKey::from_seed([8; 32])).is_err());
    }
}
