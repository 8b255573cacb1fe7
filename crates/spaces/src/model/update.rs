//! What an update of a page says about itself: which ops of which authors are in it.
//!
//! A page's text is a document of Loro (<https://loro.dev>), and an update is what Loro 1.x exports in its mode "fast updates"
//! (`loro-internal`, `encoding.rs` and `oplog/change_store/block_encode.rs`): `loro`, 16 bytes of which the last four are a
//! checksum, the mode as two bytes, then blocks, each with its length before it as LEB128. A block is what `postcard` makes of
//! numbers and byte strings, and begins: first counter, count of ops, first lamport, count of lamports, count of changes, header.
//! The header begins with a list of Loro's peers, the first of which wrote all ops of the block.
//!
//! Only this much is read here, without any allocation on somebody's word, because everybody has to decide the same from it:
//! whose ops these are, and whether they go on where the author's earlier ones ended. What the ops are is looked at by Loro, in
//! a process of its own ([`crate::pages`]), which also checks that Loro reads the same out of it.

use compeer_core::{DeviceId, Hlc};
use minicbor::{Decode, Encode};

/// Bytes of one update.
pub const UPDATE_BYTES: usize = 160 * 1024;
/// Ops in one update, as Loro counts them: each letter is one.
pub const UPDATE_OPS: u32 = 1 << 20;
/// Blocks in one update; each has up to 4 KiB when Loro makes it.
const BLOCKS: usize = 4096;
/// No honest counter gets there: a page holds fewer ops.
const HIGHEST: u32 = 1 << 30;
/// How an update begins.
const MAGIC: &[u8] = b"loro";
/// Bytes before the mode.
const CHECKSUM: usize = 16;
/// The mode "fast updates".
const MODE: [u8; 2] = [0, 4];

/// Ops of one of Loro's peers, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Run {
    /// Loro's peer: see [`peer_of`].
    #[n(0)]
    pub peer: u64,
    /// The first one's counter.
    #[n(1)]
    pub first: u32,
    /// The counter after the last one's.
    #[n(2)]
    pub end: u32,
}

/// Updates that one update stands for: all that its author wrote on the page, and did not import, with numbers of the author's log
/// from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Stretch {
    /// The number of the first.
    #[n(0)]
    pub first: u64,
    /// The number of the last.
    #[n(1)]
    pub last: u64,
    /// When the first was written.
    #[n(2)]
    pub began: Hlc,
    /// When the last was written.
    #[n(3)]
    pub ended: Hlc,
    /// How many there are, as its author says.
    #[n(4)]
    pub updates: u32,
}

impl Stretch {
    pub(super) const fn check(&self) -> Result<(), UpdateError> {
        let forward = self.first <= self.last && self.began.bits() <= self.ended.bits();
        let some = self.updates > 0 && (self.updates as u64 - 1) <= self.last.saturating_sub(self.first);
        if forward && some { Ok(()) } else { Err(UpdateError::Stretch) }
    }

    /// Whether an entry with this number and time may stand for it: it was all there before.
    pub(crate) fn is_before(&self, seq: u64, clock: Hlc) -> bool {
        self.last < seq && self.ended < clock
    }
}

/// Why an update is refused by everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// More than [`UPDATE_BYTES`].
    #[error("an update of a page has at most 160 KiB")]
    TooLarge,
    /// Not what Loro exports, or more in it than is looked at.
    #[error("this is no update of a page")]
    Form,
    /// More than [`UPDATE_OPS`], or counters that no page gets to.
    #[error("an update of a page with too many or impossible ops")]
    Ops,
    /// The ops of one author do not follow each other.
    #[error("an update of a page with a gap in it")]
    Gap,
    /// Two in one entry.
    #[error("an entry holds at most one update of a page")]
    Several,
    /// The ops are not by whoever wrote the entry.
    #[error("writes on a page as somebody else")]
    Author,
    /// It stands for what cannot have been there before it.
    #[error("writes in the place of what was not written on a page before")]
    Stretch,
    /// Another one stands for it.
    #[error("said again by another update")]
    Again,
    /// They do not go on where the author's earlier ones ended.
    #[error("writes on a page under numbers that do not follow the ones before")]
    Order,
}

/// The number that Loro knows a device by in one session: the first 40 bits of BLAKE3(`compeer page peer` ‖ device), then the 24
/// bits of the session.
#[must_use]
pub fn peer_of(device: &DeviceId, session: u32) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"compeer page peer").update(device.as_bytes());
    let [a, b, c, d, e, ..] = *hasher.finalize().as_bytes();
    let [_, x, y, z] = session.to_be_bytes();
    u64::from_be_bytes([a, b, c, d, e, x, y, z])
}

/// Whether a number is one of a device's.
#[must_use]
pub fn is_peer_of(peer: u64, device: &DeviceId) -> bool {
    peer >> 24 == peer_of(device, 0) >> 24
}

/// The ops that are in an update, by author; at least one.
pub fn read_runs(update: &[u8]) -> Result<Vec<Run>, UpdateError> {
    if update.len() > UPDATE_BYTES {
        return Err(UpdateError::TooLarge);
    }
    let mut rest = Bytes(update);
    if rest.take(MAGIC.len())? != MAGIC {
        return Err(UpdateError::Form);
    }
    rest.take(CHECKSUM)?;
    if rest.take(MODE.len())? != MODE {
        return Err(UpdateError::Form);
    }
    let (mut runs, mut ops, mut blocks): (Vec<Run>, u32, usize) = (Vec::new(), 0, 0);
    while !rest.0.is_empty() {
        blocks += 1;
        if blocks > BLOCKS {
            return Err(UpdateError::Form);
        }
        let length = rest.number()? as usize;
        let run = read_block(Bytes(rest.take(length)?))?;
        ops = ops.saturating_add(run.end - run.first);
        match runs.iter_mut().find(|known| known.peer == run.peer) {
            Some(known) if known.end == run.first => known.end = run.end,
            Some(_) => return Err(UpdateError::Gap),
            None => runs.push(run),
        }
    }
    match runs.len() {
        0 => Err(UpdateError::Form),
        _ if ops > UPDATE_OPS => Err(UpdateError::Ops),
        _ => Ok(runs),
    }
}

fn read_block(mut block: Bytes<'_>) -> Result<Run, UpdateError> {
    let [first, ops, lamport, lamports, changes] =
        [block.number()?, block.number()?, block.number()?, block.number()?, block.number()?];
    let end = |first: u32, count: u32| first.checked_add(count).filter(|end| *end <= HIGHEST).ok_or(UpdateError::Ops);
    let last = end(first, ops)?;
    end(lamport, lamports)?;
    // Loro reserves room for as many changes as are named.
    if ops == 0 || changes == 0 || changes > ops || changes as usize > block.0.len() {
        return Err(UpdateError::Ops);
    }
    let length = block.number()? as usize;
    let mut header = Bytes(block.take(length)?);
    if header.number()? == 0 {
        return Err(UpdateError::Form);
    }
    let peer = header.take(8)?.try_into().map_err(|_| UpdateError::Form)?;
    Ok(Run { peer: u64::from_le_bytes(peer), first, end: last })
}

/// What is left to read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], UpdateError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(UpdateError::Form)?;
        self.0 = rest;
        Ok(taken)
    }

    /// LEB128 of at most 32 bits.
    fn number(&mut self) -> Result<u32, UpdateError> {
        let mut number = 0;
        for at in 0..5 {
            let byte = u32::from(self.take(1)?[0]);
            if at == 4 && byte > 0x0F {
                return Err(UpdateError::Form);
            }
            number |= (byte & 0x7F) << (7 * at);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(UpdateError::Form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loro::{ExportMode, LoroDoc};

    /// A document with some hundred changes of several authors.
    fn document() -> LoroDoc {
        let doc = LoroDoc::new();
        for round in 0..300_u64 {
            let other = doc.fork();
            other.set_peer_id(1 + round % 3).expect("sets");
            other.get_text("text").insert(0, &format!("words {round} ")).expect("inserts");
            other.get_map("map").insert("round", round as i64).expect("inserts");
            other.commit();
            doc.import(&other.export(ExportMode::updates(&doc.oplog_vv())).expect("exports")).expect("imports");
        }
        doc
    }

    #[test]
    fn what_is_read_is_what_loro_reads() {
        let doc = document();
        let whole = doc.export(ExportMode::all_updates()).expect("exports");
        let runs = read_runs(&whole).expect("reads");
        let meta = LoroDoc::decode_import_blob_meta(&whole, true).expect("reads");
        assert_eq!(runs.len(), 3);
        for run in runs {
            assert_eq!(meta.partial_start_vv.get(&run.peer), Some(&(run.first as i32)));
            assert_eq!(meta.partial_end_vv.get(&run.peer), Some(&(run.end as i32)));
        }
        let part = doc.export(ExportMode::updates_in_range(vec![loro::IdSpan::new(2, 7, 400)])).expect("exports");
        assert_eq!(read_runs(&part), Ok(vec![Run { peer: 2, first: 7, end: 400 }]));
    }

    #[test]
    fn what_is_none_is_refused() {
        let whole = document().export(ExportMode::all_updates()).expect("exports");
        let snapshot = document().export(ExportMode::Snapshot).expect("exports");
        for none in [&b""[..], b"loro", &[7; 500], &whole[..whole.len() - 1], &whole[..22], &whole[1..], &snapshot] {
            assert!(read_runs(none).is_err(), "{none:?}");
        }
        assert_eq!(read_runs(&vec![0; UPDATE_BYTES + 1]), Err(UpdateError::TooLarge));
    }

    #[test]
    fn sessions_of_a_device_are_its_own() {
        let (one, other) = (DeviceId::from_bytes([1; 32]), DeviceId::from_bytes([2; 32]));
        let peer = peer_of(&one, 0xFF_00_FE);
        assert!(is_peer_of(peer, &one) && !is_peer_of(peer, &other));
        assert_eq!(peer & 0xFF_FFFF, 0xFF_00_FE);
        assert_ne!(peer, peer_of(&one, 1));
    }

    #[test]
    fn fuzz_updates() {
        let doc = document();
        let small = doc.export(ExportMode::updates_in_range(vec![loro::IdSpan::new(1, 0, 20)])).expect("exports");
        let more = doc.export(ExportMode::updates_in_range(vec![loro::IdSpan::new(2, 0, 9)])).expect("exports");
        compeer_testkit::fuzz::run(&[small, more], |bytes| {
            let Ok(runs) = read_runs(bytes) else { return false };
            assert!(runs.iter().all(|run| run.first < run.end));
            true
        });
    }
}
