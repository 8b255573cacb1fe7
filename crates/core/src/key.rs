//! A device's key pair: it signs (Ed25519) and it opens what others sealed for it (HPKE over X25519).
//!
//! One 32-byte seed serves both: the X25519 key is the Montgomery form of the Ed25519 key, so knowing a device's id is
//! enough to seal something for it and no second key has to be certified. The joint use is analysed in Thormarker,
//! "On using the same key pair for Ed25519 and an X25519 based KEM" (IACR ePrint 2021/509); every signature carries a
//! domain prefix and every HPKE context its own `info` string, as that analysis asks for.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use minicbor::decode::{Decode, Decoder, Error as DecodeError};
use minicbor::encode::{Encode, Encoder, Error as EncodeError, Write};
use zeroize::Zeroizing;

use crate::id::DeviceId;

type DhKem = X25519HkdfSha256;

/// Bytes that [`seal_to`] adds to what it seals: the encapsulated key (32) and the tag (16).
pub const SEAL_OVERHEAD: usize = 48;

/// Why something could not be signed for, sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Randomness,
    /// A device id that is no point on the curve, or one of its small-order points.
    #[error("this device id is not a usable public key")]
    BadPublicKey,
    /// The sealed bytes were not made for this key and context, or were changed.
    #[error("sealed for another key or context, or changed on the way")]
    Sealed,
}

/// 32 random bytes from the operating system.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| KeyError::Randomness)?;
    Ok(bytes)
}

/// An Ed25519 signature: 64 bytes (RFC 8032).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Takes the 64 bytes as they are; whether they verify is another matter.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signature")
    }
}

impl<C> Encode<C> for Signature {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Signature {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let at = d.position();
        d.bytes()?.try_into().map(Self).map_err(|_| DecodeError::message("64 bytes expected").at(at))
    }
}

/// The secret half of a device. Cloning is cheap; the seed is wiped when the last copy goes.
#[derive(Clone)]
pub struct DeviceKey {
    signing: SigningKey,
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceKey({})", self.id().short())
    }
}

impl DeviceKey {
    /// A new key from the operating system's randomness.
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self::from_seed(*Zeroizing::new(random_bytes()?)))
    }

    /// The key that belongs to a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { signing: SigningKey::from_bytes(&seed) }
    }

    /// The seed, to be written where only its owner can read it.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.signing.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        DeviceId::from_bytes(self.signing.verifying_key().to_bytes())
    }

    /// Signs `message` under `domain`, so that no signature for one purpose is good for another.
    #[must_use]
    pub fn sign(&self, domain: &str, message: &[u8]) -> Signature {
        Signature(self.signing.sign(&in_domain(domain, message)).to_bytes())
    }

    /// Opens what [`seal_to`] sealed for this device under the same `info`.
    pub fn open(&self, info: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (encapped, ciphertext) = sealed.split_at_checked(32).ok_or(KeyError::Sealed)?;
        let scalar = Zeroizing::new(self.signing.to_scalar_bytes());
        let secret = <DhKem as Kem>::PrivateKey::from_bytes(&*scalar).map_err(|_| KeyError::BadPublicKey)?;
        let encapped = <DhKem as Kem>::EncappedKey::from_bytes(encapped).map_err(|_| KeyError::Sealed)?;
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, DhKem>(
            &OpModeR::Base,
            &secret,
            &encapped,
            info.as_bytes(),
            ciphertext,
            &[],
        )
        .map(Zeroizing::new)
        .map_err(|_| KeyError::Sealed)
    }
}

impl DeviceId {
    /// Whether `signature` is this device's over `message` under `domain`. Strict verification (RFC 8032, section 5.1.7,
    /// without small-order keys), so all devices agree on the answer.
    #[must_use]
    pub fn verify(&self, domain: &str, message: &[u8], signature: &Signature) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(self.as_bytes()) else {
            return false;
        };
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(&in_domain(domain, message), &signature).is_ok()
    }
}

/// Seals `plain` for `device` with HPKE (RFC 9180: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
/// ChaCha20-Poly1305). The result is the encapsulated key followed by the ciphertext.
pub fn seal_to(device: &DeviceId, info: &str, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
    let key = VerifyingKey::from_bytes(device.as_bytes()).map_err(|_| KeyError::BadPublicKey)?;
    if key.is_weak() {
        return Err(KeyError::BadPublicKey);
    }
    let public =
        <DhKem as Kem>::PublicKey::from_bytes(&key.to_montgomery().to_bytes()).map_err(|_| KeyError::BadPublicKey)?;
    let (encapped, ciphertext) = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, DhKem>(
        &OpModeS::Base,
        &public,
        info.as_bytes(),
        plain,
        &[],
    )
    .map_err(|_| KeyError::BadPublicKey)?;
    let mut sealed = Vec::with_capacity(plain.len() + SEAL_OVERHEAD);
    sealed.extend_from_slice(&encapped.to_bytes());
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

/// The domain, a zero byte (domains never hold one), the message.
fn in_domain(domain: &str, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(domain.len() + 1 + message.len());
    bytes.extend_from_slice(domain.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(message);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_hold_only_in_their_domain() {
        let key = DeviceKey::from_seed([7; 32]);
        let signature = key.sign("a", b"hello");
        assert!(key.id().verify("a", b"hello", &signature));
        assert!(!key.id().verify("b", b"hello", &signature));
        assert!(!key.id().verify("a", b"hallo", &signature));
        assert!(!DeviceKey::from_seed([8; 32]).id().verify("a", b"hello", &signature));
    }

    #[test]
    fn what_is_sealed_for_one_device_opens_for_it_alone() {
        let key = DeviceKey::from_seed([7; 32]);
        let sealed = seal_to(&key.id(), "test", b"secret").expect("seals");
        assert_eq!(sealed.len(), 6 + SEAL_OVERHEAD);
        assert_eq!(**key.open("test", &sealed).expect("opens"), *b"secret");
        assert_eq!(key.open("other", &sealed), Err(KeyError::Sealed));
        assert_eq!(DeviceKey::from_seed([8; 32]).open("test", &sealed), Err(KeyError::Sealed));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open("test", &changed), Err(KeyError::Sealed), "byte {at}");
        }
        assert_eq!(key.open("test", &sealed[..31]), Err(KeyError::Sealed));
    }

    #[test]
    fn weak_public_keys_are_refused() {
        assert_eq!(seal_to(&DeviceId::from_bytes([0; 32]), "test", b"x"), Err(KeyError::BadPublicKey));
    }
}
