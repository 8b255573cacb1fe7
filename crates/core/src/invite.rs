//! Invitations: one piece of text that lets somebody who is known to nobody find a space and be let in.
//!
//! The text is `compeer1` followed by lower-case base32 (RFC 4648, section 6, no padding) of a canonical CBOR array and
//! a four-byte checksum of it. The digit is the version. It carries the seed of a key pair whose public half stands in
//! the group's log: whoever holds the text can prove it without showing it.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::cbor;
use crate::group::InviteTerms;
use crate::id::{DeviceId, GroupId, from_base32, to_base32};
use crate::key::{DeviceKey, Signature};
use crate::limits;

const PREFIX: &str = "compeer";
const VERSION: &str = "1";
const CHECKSUM_BYTES: usize = 4;
const CHECKSUM_CONTEXT: &str = "compeer 2026 invitation checksum v1";
const PROOF_DOMAIN: &str = "compeer invitation proof v1";

/// Bytes of an invitation before it becomes text.
pub const INVITE_BYTES: usize = 2048;
/// Devices that one invitation may name.
pub const HOSTS: usize = 8;
/// Addresses per device.
pub const ADDRESSES: usize = 8;
/// Relays that one invitation may name.
pub const RELAYS: usize = 4;

/// A device that can let the newcomer in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Host {
    /// Which.
    #[n(0)]
    pub device: DeviceId,
    /// Where it was reachable when the invitation was made.
    #[n(1)]
    pub addrs: Vec<SocketAddr>,
}

/// What a guest is invited to take part in, instead of a whole space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum GuestAt {
    /// One topic.
    #[n(0)]
    Topic,
    /// One board.
    #[n(1)]
    Board,
}

/// An invitation. Its text is a secret: who has it can join.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    /// The space.
    pub topic: GroupId,
    /// Seed of the key whose public half is `terms.key`.
    pub secret: Zeroizing<[u8; 32]>,
    /// The terms as they stand in the group's log.
    pub terms: InviteTerms,
    /// The space's name, to be shown before joining. Only a claim.
    pub space_name: String,
    /// Who invites, to be shown before joining. Only a claim.
    pub inviter_name: String,
    /// Devices to ask, best first.
    pub hosts: Vec<Host>,
    /// Relays by which they may be reached (URLs).
    pub relays: Vec<String>,
    /// What it is for, if whoever uses it comes as a guest, to be shown before joining. Only a claim.
    pub guest_at: Option<GuestAt>,
}

/// Why a text is no usable invitation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// Does not start like an invitation.
    #[error("this is not an invitation")]
    NotAnInvitation,
    /// Starts like an invitation, but characters are missing, added or changed.
    #[error("this invitation is damaged or incomplete")]
    Damaged,
    /// Made by a version of the program that this one does not know.
    #[error("this invitation was made by a newer version")]
    NewerVersion,
    /// Arrived whole, but says something impossible; what.
    #[error("this invitation makes no sense: {0}")]
    Impossible(&'static str),
}

#[derive(Encode, Decode)]
struct Wire {
    #[n(0)]
    topic: GroupId,
    #[cbor(n(1), with = "minicbor::bytes")]
    secret: [u8; 32],
    #[n(2)]
    terms: InviteTerms,
    #[n(3)]
    space_name: String,
    #[n(4)]
    inviter_name: String,
    #[n(5)]
    hosts: Vec<Host>,
    #[n(6)]
    relays: Vec<String>,
    #[n(7)]
    guest_at: Option<GuestAt>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret);
    }
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invite({} to {:?})", self.terms.key.short(), self.topic)
    }
}

impl fmt::Display for Invite {
    /// The whole text, secret included.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.encode();
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        write!(f, "{PREFIX}{VERSION}{}", *Zeroizing::new(to_base32(&bytes)))
    }
}

impl FromStr for Invite {
    type Err = InviteError;

    /// Reads the text of an invitation. White space anywhere and upper case are tolerated, because mail programs wrap
    /// lines and QR codes shout. Whether it has expired is for the caller to say.
    fn from_str(text: &str) -> Result<Self, InviteError> {
        // Room for the prefix and for a line break after every few characters; what is longer was never ours.
        if text.len() > 4 * INVITE_BYTES {
            return Err(InviteError::NotAnInvitation);
        }
        let invisible = |c: char| c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}');
        let compact: Zeroizing<String> =
            Zeroizing::new(text.chars().filter(|c| !invisible(*c)).map(|c| c.to_ascii_lowercase()).collect());
        let rest = compact.strip_prefix(PREFIX).ok_or(InviteError::NotAnInvitation)?;
        let Some(payload) = rest.strip_prefix(VERSION) else {
            // 1 is no letter of base32 and neither are 8 and 9, but 2 to 7 are: the digit right here is the version.
            let newer = rest.starts_with(|c: char| c.is_ascii_digit() && c != '0');
            return Err(if newer { InviteError::NewerVersion } else { InviteError::NotAnInvitation });
        };
        let bytes = Zeroizing::new(from_base32(payload).ok_or(InviteError::Damaged)?);
        let (body, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(InviteError::Damaged)?;
        if checksum(body) != *sum {
            return Err(InviteError::Damaged);
        }
        let wire: Wire = cbor::decode(body, INVITE_BYTES).map_err(|_| InviteError::Impossible("unreadable"))?;
        let invite = Self {
            topic: wire.topic,
            secret: Zeroizing::new(wire.secret),
            terms: wire.terms,
            space_name: wire.space_name.clone(),
            inviter_name: wire.inviter_name.clone(),
            hosts: wire.hosts.clone(),
            relays: wire.relays.clone(),
            guest_at: wire.guest_at,
        };
        invite.check()?;
        Ok(invite)
    }
}

impl Invite {
    /// Whether it is within the limits and its secret belongs to its terms. Call it before showing the text of a new
    /// one; reading a text does so by itself.
    pub fn check(&self) -> Result<(), InviteError> {
        let too_long = |name: &String| name.chars().count() > limits::NAME_CHARS;
        if DeviceKey::from_seed(*self.secret).id() != self.terms.key {
            return Err(InviteError::Impossible("the secret belongs to another invitation"));
        }
        if too_long(&self.space_name) || too_long(&self.inviter_name) {
            return Err(InviteError::Impossible("a name is too long"));
        }
        if self.hosts.len() > HOSTS || self.hosts.iter().any(|host| host.addrs.len() > ADDRESSES) {
            return Err(InviteError::Impossible("too many addresses"));
        }
        if self.relays.len() > RELAYS || self.relays.iter().any(|url| url.len() > 256) {
            return Err(InviteError::Impossible("too many relays, or too long ones"));
        }
        if self.encode().len() > INVITE_BYTES {
            return Err(InviteError::Impossible("too much in it"));
        }
        Ok(())
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(cbor::encode(&Wire {
            topic: self.topic,
            secret: *self.secret,
            terms: self.terms,
            space_name: self.space_name.clone(),
            inviter_name: self.inviter_name.clone(),
            hosts: self.hosts.clone(),
            relays: self.relays.clone(),
            guest_at: self.guest_at,
        }))
    }
}

/// Proves to hold an invitation's secret. `transcript` must be fresh and name both sides, or the proof can be replayed.
#[must_use]
pub fn proof(secret: &[u8; 32], transcript: &[u8]) -> Signature {
    DeviceKey::from_seed(*secret).sign(PROOF_DOMAIN, transcript)
}

/// Whether `signature` proves over `transcript` that its maker holds the secret of the invitation with this public key.
#[must_use]
pub fn verify_proof(key: &DeviceId, transcript: &[u8], signature: &Signature) -> bool {
    key.verify(PROOF_DOMAIN, transcript, signature)
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key(CHECKSUM_CONTEXT);
    let mut sum = [0; CHECKSUM_BYTES];
    hasher.update(body).finalize_xof().fill(&mut sum);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::Level;
    use compeer_testkit::fuzz;

    fn invite() -> Invite {
        let secret = [7; 32];
        let terms =
            InviteTerms { key: DeviceKey::from_seed(secret).id(), level: Level::Write, uses: 1, expires: u64::MAX };
        let addrs =
            vec![SocketAddr::from(([192, 0, 2, 1], 7000)), SocketAddr::from(([0x2001, 0, 0, 0, 0, 0, 0, 1], 7000))];
        Invite {
            topic: GroupId::from_bytes([1; 32]),
            secret: Zeroizing::new(secret),
            terms,
            space_name: "Küche".to_owned(),
            inviter_name: "Ada".to_owned(),
            hosts: vec![Host { device: terms.key, addrs }],
            relays: vec!["https://relay.example:443".to_owned()],
            guest_at: Some(GuestAt::Board),
        }
    }

    #[test]
    fn an_invitation_to_a_space_reads_as_it_did_before_there_were_guests() {
        let seven = 0x87;
        assert_eq!(Invite { guest_at: None, ..invite() }.encode().first(), Some(&seven));
    }

    /// Anybody can make the checksum, so it keeps no broken content away from the decoder behind it.
    #[test]
    fn fuzz_invitations() {
        fuzz::run(&[invite().encode().to_vec()], |body| {
            let whole = [body, &checksum(body)].concat();
            let read = format!("{PREFIX}{VERSION}{}", to_base32(&whole)).parse::<Invite>();
            if let Ok(read) = &read {
                assert_eq!(read.encode().as_slice(), body);
            }
            read.is_ok()
        });
    }

    #[test]
    fn fuzz_invitation_texts() {
        fuzz::run(&[invite().to_string().into_bytes()], |text| {
            let read = std::str::from_utf8(text).ok().and_then(|text| text.parse::<Invite>().ok());
            read.is_some_and(|read| read == invite())
        });
    }
}
