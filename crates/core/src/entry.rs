//! One record of the journal: a signed header in its author's hash chain, and a body kept apart from it.
//!
//! The header names the hash of the body as stored (sealed or clear), so the body of data can be dropped while the chain
//! still verifies ([`BodyClass::Drop`]). The hash of a header covers its signature, so in a contiguous run from one author the last signature and
//! the hashes authenticate everything: 100,000 entries cost one signature check.
//!
//! Encoding: the header as a canonical CBOR array, followed by the 64 bytes of its signature.

use minicbor::{Decode, Encode};

use crate::cbor::{self, CborError};
use crate::clock::Hlc;
use crate::epoch::{EpochId, Place};
use crate::id::{DeviceId, EntryHash, GroupId};
use crate::key::{DeviceKey, Signature};
use crate::limits;

/// The only version there is. It stands first, so a later one can change everything behind it.
pub const VERSION: u8 = 1;
const SIGN_DOMAIN: &str = "compeer entry v1";
const HASH_CONTEXT: &str = "compeer 2026 entry hash v1";
const BODY_CONTEXT: &str = "compeer 2026 body hash v1";
const SIGNATURE_BYTES: usize = 64;

/// What a body is, and so who can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum BodyClass {
    /// An act of the group's rules ([`crate::group::Act`]), in clear: whoever may Pull must be able to judge it.
    #[n(0)]
    Control,
    /// Epoch keys wrapped for devices ([`crate::group::KeyGrant`]), in clear around the wraps.
    #[n(1)]
    Keys,
    /// Everything else, sealed under the epoch that the header names.
    #[n(2)]
    Data,
    /// Names data whose bodies are to be dropped ([`crate::group::Drops`]), in clear: whoever holds them must see that.
    #[n(3)]
    Drop,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Header {
    /// [`VERSION`].
    #[n(0)]
    pub version: u8,
    /// What the body is.
    #[n(1)]
    pub class: BodyClass,
    /// The group whose journal this is.
    #[n(2)]
    pub topic: GroupId,
    /// The device that wrote it.
    #[n(3)]
    pub author: DeviceId,
    /// Its number in the author's log on this topic, from 0.
    #[n(4)]
    pub seq: u64,
    /// The author's entry before it; all zero for the first.
    #[n(5)]
    pub prev: EntryHash,
    /// When, later than the author's entry before it.
    #[n(6)]
    pub clock: Hlc,
    /// The control entries nobody had yet followed up when this was written, in ascending order: the author's view of
    /// the group's rules, and what its rights are judged by. Empty only for the act that founds the group.
    #[n(7)]
    pub heads: Vec<EntryHash>,
    /// What the body is sealed under; [`EpochId::NONE`] for a clear one.
    #[n(8)]
    pub epoch: EpochId,
    /// Hash of the body as stored and sent.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub body_hash: [u8; 32],
    /// Length of the body as stored and sent.
    #[n(10)]
    pub body_len: u32,
}

/// Why a header or an entry is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Too long, not CBOR, or not canonical.
    #[error("unreadable header: {0}")]
    Encoding(#[from] CborError),
    /// Shorter than a signature.
    #[error("no signature")]
    NoSignature,
    /// From a version that this program does not know.
    #[error("written by a newer version ({0})")]
    Version(u8),
    /// A field that can have no meaning; which one.
    #[error("impossible header: {0}")]
    Impossible(&'static str),
    /// Not signed by the author it names.
    #[error("the signature is not the author's")]
    Signature,
    /// The body is not the one that the header names.
    #[error("the body does not match its header")]
    Body,
    /// Does not follow the entry before it.
    #[error("does not continue the author's log: {0}")]
    Chain(&'static str),
}

/// A header with its signature, encoded form and hash. The signature has not necessarily been checked: see
/// [`Entry::verify`] and [`verify_run`].
#[derive(Clone, PartialEq, Eq)]
pub struct SignedHeader {
    header: Header,
    bytes: Vec<u8>,
    hash: EntryHash,
}

impl std::fmt::Debug for SignedHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Header { class, author, seq, .. } = &self.header;
        write!(f, "{class:?} {}#{seq} {}", author.short(), self.hash.short())
    }
}

impl std::ops::Deref for SignedHeader {
    type Target = Header;

    fn deref(&self) -> &Header {
        &self.header
    }
}

impl SignedHeader {
    /// Reads header and signature. Checks limits, canonical form and fields that need nothing else; not the signature.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > limits::HEADER_BYTES {
            return Err(CborError::TooLong { got: bytes.len(), limit: limits::HEADER_BYTES }.into());
        }
        let split = bytes.len().checked_sub(SIGNATURE_BYTES).ok_or(EntryError::NoSignature)?;
        let header: Header = cbor::decode(&bytes[..split], limits::HEADER_BYTES)?;
        header.check()?;
        Ok(Self { header, bytes: bytes.to_vec(), hash: hash_header(bytes) })
    }

    /// The encoded form: header, then signature.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What other entries call this one.
    #[must_use]
    pub const fn hash(&self) -> EntryHash {
        self.hash
    }

    /// Checks the author's signature.
    pub fn verify(&self) -> Result<(), EntryError> {
        let (signed, signature) = self.bytes.split_last_chunk::<SIGNATURE_BYTES>().ok_or(EntryError::NoSignature)?;
        if self.author.verify(SIGN_DOMAIN, signed, &Signature::from_bytes(*signature)) {
            Ok(())
        } else {
            Err(EntryError::Signature)
        }
    }
}

impl Header {
    /// The place that binds the body's seal.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place { topic: self.topic, author: self.author, seq: self.seq }
    }

    fn check(&self) -> Result<(), EntryError> {
        if self.version != VERSION {
            return Err(EntryError::Version(self.version));
        }
        if self.heads.len() > limits::HEADS {
            return Err(EntryError::Impossible("too many heads"));
        }
        if !self.heads.is_sorted_by(|a, b| a < b) {
            return Err(EntryError::Impossible("heads out of order"));
        }
        if self.body_len as usize > limits::BODY_BYTES {
            return Err(EntryError::Impossible("body too long"));
        }
        if (self.seq == 0) != (self.prev == EntryHash::from_bytes([0; 32])) {
            return Err(EntryError::Impossible("first entry with a predecessor, or a later one without"));
        }
        if (self.class == BodyClass::Data) == (self.epoch == EpochId::NONE) {
            return Err(EntryError::Impossible("data without an epoch, or a clear body with one"));
        }
        Ok(())
    }
}

/// A body's hash, as headers name it.
#[must_use]
pub fn hash_body(body: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(BODY_CONTEXT);
    hasher.update(body);
    *hasher.finalize().as_bytes()
}

fn hash_header(bytes: &[u8]) -> EntryHash {
    let mut hasher = blake3::Hasher::new_derive_key(HASH_CONTEXT);
    hasher.update(bytes);
    EntryHash::from_bytes(*hasher.finalize().as_bytes())
}

/// A body as stored and sent: sealed, or clear for control acts and key grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// What it is.
    pub class: BodyClass,
    /// What it is sealed under; [`EpochId::NONE`] when clear.
    pub epoch: EpochId,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Where a log ends: what its next entry must follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// Number of the last entry.
    pub seq: u64,
    /// Its hash.
    pub hash: EntryHash,
    /// Its time.
    pub clock: Hlc,
}

/// A signed header and, unless it was dropped, its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The header.
    pub header: SignedHeader,
    /// The body as stored; `None` when it was dropped or never sent here.
    pub body: Option<Vec<u8>>,
}

impl Entry {
    /// Writes the entry that follows `tip` in this device's log. `heads` may be in any order.
    ///
    /// # Errors
    /// [`EntryError::Impossible`] when the body is too long or there are too many heads.
    pub fn create(
        key: &DeviceKey,
        topic: GroupId,
        tip: Option<Tip>,
        clock: Hlc,
        mut heads: Vec<EntryHash>,
        body: Body,
    ) -> Result<Self, EntryError> {
        heads.sort_unstable();
        heads.dedup();
        let body_len = u32::try_from(body.bytes.len()).map_err(|_| EntryError::Impossible("body too long"))?;
        let header = Header {
            version: VERSION,
            class: body.class,
            topic,
            author: key.id(),
            seq: tip.map_or(0, |tip| tip.seq + 1),
            prev: tip.map_or(EntryHash::from_bytes([0; 32]), |tip| tip.hash),
            clock,
            heads,
            epoch: body.epoch,
            body_hash: hash_body(&body.bytes),
            body_len,
        };
        header.check()?;
        let mut bytes = cbor::encode(&header);
        let signature = key.sign(SIGN_DOMAIN, &bytes);
        bytes.extend_from_slice(signature.as_bytes());
        let hash = hash_header(&bytes);
        Ok(Self { header: SignedHeader { header, bytes, hash }, body: Some(body.bytes) })
    }

    /// Where a log that ends with this entry stands.
    #[must_use]
    pub fn tip(&self) -> Tip {
        Tip { seq: self.header.seq, hash: self.header.hash, clock: self.header.clock }
    }

    /// Checks the signature and the body of one entry.
    pub fn verify(&self) -> Result<(), EntryError> {
        self.check_body()?;
        self.header.verify()
    }

    fn check_body(&self) -> Result<(), EntryError> {
        let Some(body) = &self.body else { return Ok(()) };
        if body.len() == self.header.body_len as usize && hash_body(body) == self.header.body_hash {
            Ok(())
        } else {
            Err(EntryError::Body)
        }
    }

    fn follows(&self, tip: Option<&Tip>) -> Result<(), EntryError> {
        match tip {
            None if self.header.seq == 0 => Ok(()),
            None => Err(EntryError::Chain("the log starts elsewhere")),
            Some(tip) if tip.seq.checked_add(1) != Some(self.header.seq) => {
                Err(EntryError::Chain("a number is missing"))
            }
            Some(tip) if tip.hash != self.header.prev => Err(EntryError::Chain("another predecessor")),
            Some(tip) if tip.clock >= self.header.clock => Err(EntryError::Chain("time stands still")),
            Some(_) => Ok(()),
        }
    }
}

/// Whether these two headers prove that their author has written two histories: both are signed by it, and they stand at
/// one number, or follow each other without the one naming the other.
#[must_use]
pub fn proves_fork(one: &SignedHeader, other: &SignedHeader) -> bool {
    let (first, second) = if one.seq <= other.seq { (one, other) } else { (other, one) };
    let contradict = match second.seq - first.seq {
        0 => first.hash() != second.hash(),
        1 => second.prev != first.hash(),
        _ => false,
    };
    let same_log = first.author == second.author && first.topic == second.topic;
    same_log && contradict && first.verify().is_ok() && second.verify().is_ok()
}

/// Checks a contiguous run of one author's entries that follows `tip`, and returns where it ends. One signature, the
/// last, is checked: each header's hash covers the signature before it.
///
/// An author can sign an entry in the middle wrongly on purpose, so a run that is cut there fails with
/// [`EntryError::Signature`] while a longer one passes: extend the run before giving the author up.
pub fn verify_run(tip: Option<Tip>, run: &[Entry]) -> Result<Option<Tip>, EntryError> {
    let Some(last) = run.last() else { return Ok(tip) };
    let mut end = tip;
    for entry in run {
        if entry.header.author != last.header.author || entry.header.topic != last.header.topic {
            return Err(EntryError::Chain("more than one log in a run"));
        }
        entry.follows(end.as_ref())?;
        entry.check_body()?;
        end = Some(entry.tip());
    }
    last.header.verify()?;
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(length: usize) -> Vec<Entry> {
        let key = DeviceKey::from_seed([1; 32]);
        let mut tip = None;
        (0..length)
            .map(|n| {
                let body = Body {
                    class: BodyClass::Data,
                    epoch: EpochId::from_bytes([1; 16]),
                    bytes: format!("body {n}").into_bytes(),
                };
                let heads = vec![EntryHash::from_bytes([5; 32]), EntryHash::from_bytes([4; 32])];
                let clock = Hlc::new(1_000 + n as u64, 0);
                let entry = Entry::create(&key, GroupId::from_bytes([9; 32]), tip, clock, heads, body).expect("entry");
                tip = Some(entry.tip());
                entry
            })
            .collect()
    }

    #[test]
    fn headers_round_trip_and_any_changed_byte_is_noticed() {
        let entry = log(2).pop().expect("two entries");
        let bytes = entry.header.bytes().to_vec();
        assert!(bytes.len() < 340, "{}", bytes.len());
        assert_eq!(SignedHeader::decode(&bytes).expect("decodes"), entry.header);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x01;
            if let Ok(header) = SignedHeader::decode(&changed) {
                assert_eq!(header.verify(), Err(EntryError::Signature), "byte {at}");
                assert_ne!(header.hash(), entry.header.hash());
            }
        }
    }

    #[test]
    fn a_run_is_checked_by_its_last_signature_and_the_chain() {
        let run = log(5);
        assert_eq!(verify_run(None, &run), Ok(Some(run[4].tip())));
        assert_eq!(verify_run(Some(run[1].tip()), &run[2..]), Ok(Some(run[4].tip())));
        assert!(matches!(verify_run(None, &run[1..]), Err(EntryError::Chain(_))));
        let mut gap = run.clone();
        gap.remove(2);
        assert!(matches!(verify_run(None, &gap), Err(EntryError::Chain(_))));
        let mut other_body = run.clone();
        other_body[3].body = Some(b"body 9".to_vec());
        assert_eq!(verify_run(None, &other_body), Err(EntryError::Body));
        let mut dropped = run;
        dropped[3].body = None;
        assert!(verify_run(None, &dropped).is_ok());
    }

    #[test]
    fn a_forged_signature_in_the_middle_breaks_the_chain_behind_it() {
        let mut run = log(3);
        let mut bytes = run[1].header.bytes().to_vec();
        let end = bytes.len() - 1;
        bytes[end] ^= 1;
        run[1].header = SignedHeader::decode(&bytes).expect("decodes");
        assert_eq!(verify_run(None, &run), Err(EntryError::Chain("another predecessor")));
    }

    #[test]
    fn two_histories_prove_a_fork_and_one_does_not() {
        let (one, mut other) = (log(4), log(2));
        let key = DeviceKey::from_seed([1; 32]);
        let body = Body { class: BodyClass::Data, epoch: EpochId::from_bytes([1; 16]), bytes: b"another".to_vec() };
        let (topic, tip) = (one[0].header.topic, other[1].tip());
        other.push(Entry::create(&key, topic, Some(tip), Hlc::new(2_000, 0), vec![], body).expect("entry"));
        let at = |log: &[Entry], n: usize| log[n].header.clone();
        assert!(proves_fork(&at(&one, 2), &at(&other, 2)));
        assert!(proves_fork(&at(&one, 3), &at(&other, 2)) && proves_fork(&at(&other, 2), &at(&one, 3)));
        for (a, b) in [(0, 1), (1, 1), (2, 3), (0, 3)] {
            assert!(!proves_fork(&at(&one, a), &at(&one, b)), "{a} {b}");
        }
        let mut forged = at(&other, 2).bytes().to_vec();
        let end = forged.len() - 1;
        forged[end] ^= 1;
        assert!(!proves_fork(&at(&one, 2), &SignedHeader::decode(&forged).expect("decodes")));
    }

    #[test]
    fn impossible_headers_are_refused() {
        let key = DeviceKey::from_seed([1; 32]);
        let body = |class, epoch, len| Body { class, epoch, bytes: vec![0; len] };
        let topic = GroupId::from_bytes([9; 32]);
        let create = |heads: u8, body| {
            let heads = (0..heads).map(|n| EntryHash::from_bytes([n; 32])).collect();
            Entry::create(&key, topic, None, Hlc::new(1, 0), heads, body)
        };
        assert!(create(16, body(BodyClass::Control, EpochId::NONE, 10)).is_ok());
        assert!(create(17, body(BodyClass::Control, EpochId::NONE, 10)).is_err());
        assert!(create(1, body(BodyClass::Data, EpochId::NONE, 10)).is_err());
        assert!(create(1, body(BodyClass::Control, EpochId::from_bytes([1; 16]), 10)).is_err());
        assert!(create(1, body(BodyClass::Keys, EpochId::NONE, limits::BODY_BYTES + 1)).is_err());
    }
}
