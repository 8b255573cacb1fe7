//! Which bodies shall be dropped everywhere.
//!
//! An entry that drops others names them by author and number. It counts as far as [`Rules::drops`](super::Rules::drops)
//! says, for data only (rules and keys stay), and only for entries that are dated before it: who could drop what has not been
//! written yet could silence everybody for good with a few bytes. What it names need not be here yet.
//!
//! A dropped body leaves its header, since the chain is made of them. An author who says so of its own log lets the headers go,
//! too: the entries are **pruned**. Whoever takes the log over is told how many numbers are left out; that the chain behind
//! them belongs to the one before them is the author's signed word, as everything in it is.

use minicbor::{Decode, Encode};

use crate::cbor::{self, CborError};
use crate::entry::SignedHeader;
use crate::id::DeviceId;
use crate::limits;

/// Consecutive entries of one author's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct DropRange {
    /// Whose log.
    #[n(0)]
    pub author: DeviceId,
    /// The number of the first entry.
    #[n(1)]
    pub first: u64,
    /// The number of the last entry, included.
    #[n(2)]
    pub last: u64,
}

/// The body of an entry that drops others.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Drops {
    /// The entries, at most [`limits::DROP_RANGES`] ranges.
    #[n(0)]
    pub ranges: Vec<DropRange>,
    /// `Some(true)`: the entries go as a whole. All of them are of the author's own log and come before this one. Absent
    /// where only bodies go.
    #[n(1)]
    pub prune: Option<bool>,
}

impl Drops {
    /// The body of an entry.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads the body of an entry. No more is kept than its bytes can say, which are counted first.
    pub fn decode(body: &[u8]) -> Result<Self, CborError> {
        let drops: Self = cbor::decode(body, limits::DROPS_BYTES)?;
        let got = drops.ranges.len();
        if got > limits::DROP_RANGES {
            return Err(CborError::TooLong { got, limit: limits::DROP_RANGES });
        }
        if drops.ranges.iter().any(|range| range.first > range.last) {
            return Err(CborError::Malformed("a range that ends before it begins".into()));
        }
        if drops.prune == Some(false) {
            return Err(CborError::Malformed("more is said than is needed".into()));
        }
        Ok(drops)
    }

    /// Whether what it names goes as a whole, given the header it came with.
    #[must_use]
    pub fn prunes(&self, header: &SignedHeader) -> bool {
        let own = |range: &DropRange| range.author == header.author && range.last < header.seq;
        self.prune == Some(true) && self.ranges.iter().all(own)
    }
}
