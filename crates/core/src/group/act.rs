//! What a control entry or a key entry can say.

use minicbor::{Decode, Encode};

use crate::cbor::{self, CborError};
use crate::clock::Millis;
use crate::epoch::{EpochId, Wrap};
use crate::id::{DeviceId, EntryHash, GroupId};
use crate::limits;

/// What a group stands for. The rules are the same for all, and a group takes in only groups of a lower kind: people are
/// in companies, both are in spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum GroupKind {
    /// A human being: members are devices.
    #[n(0)]
    Person,
    /// Members are people.
    #[n(1)]
    Company,
    /// Members are people or whole companies, with tools in it.
    #[n(2)]
    Space,
}

/// What a member may do; each level includes those below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Level {
    /// Hold and pass on entries as ciphertext.
    #[n(0)]
    Pull,
    /// Read.
    #[n(1)]
    Read,
    /// Write, and start epochs.
    #[n(2)]
    Write,
    /// Add, change and remove members; invite; end the group.
    #[n(3)]
    Manage,
}

/// Who can be a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Member {
    /// One computer.
    #[n(0)]
    Device(#[n(0)] DeviceId),
    /// Everybody in another group.
    #[n(1)]
    Group(#[n(0)] GroupId),
}

/// The last entry of a removed device that still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Cut {
    /// The removed device.
    #[n(0)]
    pub device: DeviceId,
    /// The number of its last accepted entry.
    #[n(1)]
    pub seq: u64,
    /// The hash of that entry, so that a forked log cannot slip another one in.
    #[n(2)]
    pub hash: EntryHash,
}

/// A cut on a topic that is not named openly, because a person's control entries are seen by everybody they share any
/// group with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct CutElsewhere {
    /// The topic, as [`topic_tag`] names it.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub tag: [u8; 16],
    /// The last accepted entry there.
    #[n(1)]
    pub cut: Cut,
}

/// The terms of an invitation, as the group's log knows them. Its secret never stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct InviteTerms {
    /// The invitation's public key: whoever proves to hold the secret half may be added.
    #[n(0)]
    pub key: DeviceId,
    /// What the newcomer may do.
    #[n(1)]
    pub level: Level,
    /// How many different members it may add.
    #[n(2)]
    pub uses: u32,
    /// Until when (the clock of the entry that adds the newcomer decides).
    #[n(3)]
    pub expires: Millis,
}

/// One act on a group.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Act {
    /// Founds the group; its hash is the group's id. Only as the author's first entry, with no heads.
    #[n(0)]
    Found {
        /// What it stands for.
        #[n(0)]
        kind: GroupKind,
        /// Random, so that no two groups are the same.
        #[cbor(n(1), with = "minicbor::bytes")]
        nonce: [u8; 32],
        /// The first manager: the author's device, or the person it belongs to.
        #[n(2)]
        founder: Member,
        /// The device that may author this act.
        #[n(3)]
        device: DeviceId,
    },
    /// Adds a member, gives one another level, or removes one (`level` is `None`). This needs Manage, except that a
    /// device may lower its own membership (leave), or that of a group it manages.
    ///
    /// Lowering is strong: what the member's devices write after `cuts` without knowing of this act counts for at most
    /// the new level, whatever heads and clock it claims.
    #[n(1)]
    Set {
        /// Who.
        #[n(0)]
        member: Member,
        /// The new level; `None` removes.
        #[n(1)]
        level: Option<Level>,
        /// The invitation by which the member comes in; the act counts only while that is open. It adds no right: the
        /// author must be a manager who honours it.
        #[n(2)]
        invite: Option<DeviceId>,
        /// When lowering: the last accepted entry of each of the member's devices. A device not named has none.
        #[n(3)]
        cuts: Vec<Cut>,
        /// When a person removes a device: where that device's logs end on other topics, named by [`topic_tag`].
        #[n(4)]
        elsewhere: Vec<CutElsewhere>,
    },
    /// Opens an invitation.
    #[n(2)]
    Invite {
        /// Its terms.
        #[n(0)]
        terms: InviteTerms,
    },
    /// Closes an invitation before its time.
    #[n(3)]
    Revoke {
        /// Its public key.
        #[n(0)]
        key: DeviceId,
    },
    /// Ends the group for everybody.
    #[n(4)]
    End,
    /// Makes the group read-only, or takes that back: data that knows of it counts for nothing. Keys are handed out and
    /// bodies dropped all the same.
    #[n(5)]
    Archive {
        /// Whether it is read-only from now on.
        #[n(0)]
        on: bool,
    },
}

/// Keys for devices: of a new epoch, or of earlier ones for somebody who came later.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct KeyGrant {
    /// The epochs whose keys are in the wraps, in the order in which they lie there.
    #[n(0)]
    pub epochs: Vec<EpochId>,
    /// One wrap per device.
    #[n(1)]
    pub wraps: Vec<Wrap>,
}

impl Act {
    /// The body of a control entry.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads the body of a control entry.
    pub fn decode(body: &[u8]) -> Result<Self, CborError> {
        cbor::decode(body, limits::BODY_BYTES)
    }
}

impl KeyGrant {
    /// The body of a key entry.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads the body of a key entry.
    pub fn decode(body: &[u8]) -> Result<Self, CborError> {
        cbor::decode(body, limits::BODY_BYTES)
    }
}

/// The id of the group that this body of an [`Act::Found`] founds.
#[must_use]
pub fn founding_id(body: &[u8]) -> GroupId {
    GroupId::from_bytes(blake3::derive_key("compeer 2026 group id v1", body))
}

/// Names `topic` in a cut of `device` to those who know the topic, and to nobody else.
#[must_use]
pub fn topic_tag(topic: &GroupId, device: &DeviceId) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_derive_key("compeer 2026 topic tag v1");
    hasher.update(topic.as_bytes()).update(device.as_bytes());
    let mut tag = [0; 16];
    hasher.finalize_xof().fill(&mut tag);
    tag
}
