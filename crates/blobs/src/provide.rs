//! The provider's side: answers the requests on one stream, with bytes that were verified as they left the disk.
//!
//! Reading and hashing run ahead of sending on the threads for blocking work, by a bounded number of bytes. No
//! thread is held while the requester is slow.

use std::collections::VecDeque;
use std::sync::Arc;

use compeer_core::BlobHash;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tracing::warn;

use crate::disk::{blocking, joined};
use crate::error::{ReadError, ServeError, WireError};
use crate::piece::PieceSet;
use crate::store::record::Found;
use crate::store::{BlobReader, BlobStore};
use crate::stream::{IDLE_LIMIT, Reader, StreamError, Writer};
use crate::wire::{
    Answer, MAX_REQUEST, PIECE_HEAD_LEN, PieceHead, Request, SMALL_LEN, SmallHead, decode_request, encode_answer,
    encode_piece_head, encode_small_head,
};

/// Bytes read ahead of what is being sent.
const AHEAD: u64 = 4 << 20;
/// Small blobs read by one job: enough to make its start-up negligible, few enough to read several jobs at once.
const GROUP: usize = 64;
/// Bytes read by one job for small blobs; exceeded by at most one blob.
const GROUP_LEN: u64 = 1 << 20;
/// Jobs for small blobs at once.
const GROUPS_AHEAD: usize = 4;

/// Who may have a blob. Made for one requester, so it knows who asks.
pub trait Access: Send + Sync + 'static {
    /// Which of these blobs the requester may read, in their order. Called where blocking is allowed, with every blob
    /// asked for; one without an answer may not be read.
    fn may_read(&self, hashes: &[BlobHash]) -> Vec<bool>;
}

impl<F: Fn(&[BlobHash]) -> Vec<bool> + Send + Sync + 'static> Access for F {
    fn may_read(&self, hashes: &[BlobHash]) -> Vec<bool> {
        self(hashes)
    }
}

/// Anyone may have anything: for a device that serves itself.
#[derive(Debug, Clone, Copy)]
pub struct Anyone;

impl Access for Anyone {
    fn may_read(&self, hashes: &[BlobHash]) -> Vec<bool> {
        vec![true; hashes.len()]
    }
}

/// What one stream was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Served {
    /// Pieces of larger blobs.
    pub pieces: u64,
    /// Whole small blobs.
    pub blobs: u64,
    /// Content bytes of both.
    pub bytes: u64,
}

/// Answers all requests on one stream, until the requester closes its side.
///
/// # Errors
/// [`ServeError`] if the stream breaks or stalls, a request is malformed, or the store fails. A blob that is missing,
/// changed or not allowed is an answer, not an error.
pub async fn serve<A, R, W>(store: &BlobStore, access: Arc<A>, recv: R, send: W) -> Result<Served, ServeError>
where
    A: Access,
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut requests = Reader::new(recv, IDLE_LIMIT);
    let mut provider =
        Provider { store: store.clone(), access, send: Writer::new(send, IDLE_LIMIT), served: Served::default() };
    while !requests.at_end().await? {
        let len = u32::from_be_bytes(requests.array().await?) as usize;
        if len > MAX_REQUEST {
            return Err(WireError::TooLong { len }.into());
        }
        let mut bytes = vec![0; len];
        requests.fill(&mut bytes).await?;
        match decode_request(&bytes)? {
            Request::Pieces { hash, with_list, wanted } => Box::pin(provider.pieces(hash, with_list, wanted)).await?,
            Request::Many(hashes) => Box::pin(provider.many(hashes)).await?,
        }
        provider.send.flush().await?;
    }
    provider.send.close().await?;
    Ok(provider.served)
}

/// A frame of one piece, and whether its bytes are good.
type ReadAhead = (Vec<u8>, Result<(), ReadError>);

struct Provider<A, W> {
    store: BlobStore,
    access: Arc<A>,
    send: Writer<W>,
    served: Served,
}

impl<A: Access, W: AsyncWrite + Unpin> Provider<A, W> {
    async fn pieces(&mut self, hash: BlobHash, with_list: bool, wanted: PieceSet) -> Result<(), ServeError> {
        let (store, access) = (self.store.clone(), Arc::clone(&self.access));
        let reader = blocking(move || {
            if access.may_read(&[hash]) != [true] {
                return Ok(None);
            }
            match store.open_blocking(&hash) {
                Ok(reader) => Ok(reader),
                Err(ReadError::Store(error)) => Err(ServeError::Store(error)),
                Err(error) => {
                    warn!(hash = %hash.short(), %error, "a shared file cannot be read");
                    Ok(None)
                }
            }
        })
        .await?;
        let Some(reader) = reader else {
            return Ok(self.send.all(&encode_answer(Answer::NotHere)).await?);
        };
        let layout = reader.layout();
        self.send.all(&encode_answer(Answer::Here { size: layout.size() })).await?;
        // A requester that counts other pieces was told another size. It has the true one now, and nothing to gain.
        let end = if wanted.count() == layout.count() {
            if with_list {
                self.send.all(reader.pieces().as_bytes()).await?;
            }
            self.send_pieces(&reader, &wanted).await?
        } else {
            PieceHead::End
        };
        Ok(self.send.all(&encode_piece_head(end)).await?)
    }

    /// Sends the wanted pieces, read ahead; says how to end them.
    async fn send_pieces(&mut self, reader: &BlobReader, wanted: &PieceSet) -> Result<PieceHead, ServeError> {
        let layout = reader.layout();
        let depth = (AHEAD / layout.piece_len()).max(2) as usize;
        let mut next = wanted.iter();
        let mut reading: VecDeque<JoinHandle<ReadAhead>> = VecDeque::with_capacity(depth);
        let mut spare: Vec<Vec<u8>> = Vec::with_capacity(depth);
        loop {
            while reading.len() < depth
                && let Some(index) = next.next()
            {
                let reader = reader.clone();
                let mut frame = spare.pop().unwrap_or_default();
                reading.push_back(tokio::task::spawn_blocking(move || {
                    let len = reader.layout().len_of(index);
                    frame.resize(PIECE_HEAD_LEN + len, 0);
                    let (head, piece) = frame.split_at_mut(PIECE_HEAD_LEN);
                    head.copy_from_slice(&encode_piece_head(PieceHead::Piece { index, len: len as u32 }));
                    let done = reader.read_piece_blocking(index, piece);
                    (frame, done)
                }));
            }
            let Some(read) = reading.pop_front() else { return Ok(PieceHead::End) };
            let (frame, done) = joined(read.await)?;
            match done {
                Ok(()) => {}
                Err(ReadError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    warn!(hash = %reader.hash().short(), %error, "stopped serving");
                    return Ok(PieceHead::Changed);
                }
            }
            self.send.all(&frame).await?;
            self.served.pieces += 1;
            self.served.bytes += (frame.len() - PIECE_HEAD_LEN) as u64;
            spare.push(frame);
        }
    }

    async fn many(&mut self, hashes: Vec<BlobHash>) -> Result<(), ServeError> {
        let (store, access) = (self.store.clone(), Arc::clone(&self.access));
        let mut groups = blocking(move || find_groups(&store, &*access, &hashes)).await?.into_iter();
        let mut reading: VecDeque<JoinHandle<(Vec<u8>, Served)>> = VecDeque::with_capacity(GROUPS_AHEAD);
        let mut spare: Vec<Vec<u8>> = Vec::with_capacity(GROUPS_AHEAD);
        loop {
            while reading.len() < GROUPS_AHEAD
                && let Some(group) = groups.next()
            {
                let store = self.store.clone();
                let mut out = spare.pop().unwrap_or_default();
                reading.push_back(tokio::task::spawn_blocking(move || {
                    out.clear();
                    let mut served = Served::default();
                    for (hash, found) in group {
                        read_small(&store, &hash, found, &mut out, &mut served);
                    }
                    (out, served)
                }));
            }
            let Some(read) = reading.pop_front() else { return Ok(()) };
            let (out, served) = joined(read.await)?;
            self.send.all(&out).await?;
            self.served.blobs += served.blobs;
            self.served.bytes += served.bytes;
            spare.push(out);
        }
    }
}

type Group = Vec<(BlobHash, Option<Found>)>;

/// Looks up what may be served, in groups to be read by one job each.
fn find_groups<A: Access>(store: &BlobStore, access: &A, hashes: &[BlobHash]) -> Result<Vec<Group>, ServeError> {
    let may_read = access.may_read(hashes).into_iter().chain(std::iter::repeat(false));
    let found = store.find_blocking(hashes)?;
    let mut groups = Vec::with_capacity(hashes.len().div_ceil(GROUP));
    let mut group = Vec::new();
    let mut len = 0;
    for ((hash, found), may_read) in hashes.iter().zip(found).zip(may_read) {
        let found = found.filter(|_| may_read);
        len += found.as_ref().map_or(0, |found| found.size.min(SMALL_LEN));
        group.push((*hash, found));
        if group.len() == GROUP || len >= GROUP_LEN {
            groups.push(std::mem::take(&mut group));
            len = 0;
        }
    }
    groups.push(group);
    Ok(groups)
}

/// Appends one small blob, or that it is not here, to `out`.
fn read_small(store: &BlobStore, hash: &BlobHash, found: Option<Found>, out: &mut Vec<u8>, served: &mut Served) {
    let Some(found) = found else {
        return out.extend_from_slice(&encode_small_head(SmallHead::NotHere));
    };
    if found.size > SMALL_LEN {
        return out.extend_from_slice(&encode_small_head(SmallHead::TooLarge));
    }
    let len = found.size;
    let start = out.len();
    out.extend_from_slice(&encode_small_head(SmallHead::Bytes { len: len as u32 }));
    let bytes = out.len();
    out.resize(bytes + len as usize, 0);
    let read = match store.open_found(hash, found) {
        Ok(Some(reader)) => reader.read_piece_blocking(0, &mut out[bytes..]).map(|()| true),
        Ok(None) => Ok(false),
        Err(error) => Err(error),
    };
    match read {
        Ok(true) => {
            served.blobs += 1;
            served.bytes += len;
            return;
        }
        Ok(false) => {}
        Err(error) => warn!(hash = %hash.short(), %error, "a shared file cannot be read"),
    }
    out.truncate(start);
    out.extend_from_slice(&encode_small_head(SmallHead::NotHere));
}

impl From<StreamError> for ServeError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Stalled => Self::Stalled,
            StreamError::Broken(source) => Self::Stream(source),
        }
    }
}
