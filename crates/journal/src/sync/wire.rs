//! What two devices say to each other about the topics they share, and how it is laid on a stream.
//!
//! A stream carries frames: four bytes of length (big endian), then one [`Message`] in canonical CBOR. The length is
//! checked before anything is kept, and no more is kept than has arrived.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use compeer_core::cbor::{self, CborError};
use compeer_core::{DeviceId, EntryHash, GroupId, Signature, limits};
use minicbor::decode::{Decode, Decoder, Error as DecodeError};
use minicbor::encode::{Encode, Encoder, Error as EncodeError, Write};
use minicbor::{Decode as DeriveDecode, Encode as DeriveEncode};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::run::{RawEntry, Run};
use crate::shared::LogView;

/// The version of this conversation. A device that hears another one stays linked but does not replicate.
pub(crate) const VERSION: u16 = 5;
/// Bytes of one frame's content.
pub(crate) const FRAME_BYTES: usize = 1024 * 1024;
/// Entries are put into one message until it has this many bytes; the one that passes the mark is still in.
pub(crate) const BATCH_BYTES: usize = 512 * 1024;
/// Items (topics, logs, ranges) in one message; what is more goes into the next.
pub(crate) const ITEMS: usize = 8192;
/// Entries in one message.
pub(crate) const BATCH_ENTRIES: usize = 2048;
const CHUNK: usize = 64 * 1024;
/// Forks that one message tells of.
pub(crate) const FORKS: usize = 16;
const RECEIPT_DOMAIN: &str = "compeer receipt v1";

/// Everything that is said. The talk of a link is one long stream of these; [`Message::Want`] and [`Message::WantGroups`]
/// open a stream of their own, on which only [`Message::Entries`] come back.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEncode, DeriveDecode)]
pub(crate) enum Message {
    /// Opens the talk, and is said again from time to time: one digest over all topics shared with the other device. When
    /// it is the other's too, nothing more needs to be said.
    #[n(0)]
    Hello {
        /// [`VERSION`].
        #[n(0)]
        version: u16,
        /// Over all shared topics.
        #[cbor(n(1), with = "minicbor::bytes")]
        digest: Digest,
    },
    /// The digest of each shared topic: said when the digests over all of them differ.
    #[n(1)]
    Summary {
        /// Topics and their digests.
        #[n(0)]
        topics: Vec<TopicDigest>,
    },
    /// Where the logs of one topic end here. A log that is not named is not held, unless there are more than [`ITEMS`].
    #[n(2)]
    Heights {
        /// The topic.
        #[n(0)]
        topic: GroupId,
        /// The logs.
        #[n(1)]
        logs: Vec<Height>,
        /// Whether the other's heights are asked for in return.
        #[n(2)]
        answer: bool,
        /// Logs in which their author has written two histories, at most [`FORKS`].
        #[n(3)]
        forks: Vec<Proof>,
    },
    /// Asks for entries: those that are not here, or whose bodies are lacking here.
    #[n(3)]
    Want {
        /// The topic.
        #[n(0)]
        topic: GroupId,
        /// From which logs what.
        #[n(1)]
        ranges: Vec<Range>,
    },
    /// Entries: fresh ones, or those that were asked for.
    #[n(4)]
    Entries {
        /// The topic.
        #[n(0)]
        topic: GroupId,
        /// Parts of logs.
        #[n(1)]
        parts: Vec<Part>,
    },
    /// New entries are held here that are not pushed to you: take them, should they not reach you another way. Of your own
    /// log it says that they have arrived.
    #[n(5)]
    Have {
        /// The topic.
        #[n(0)]
        topic: GroupId,
        /// The logs that grew.
        #[n(1)]
        logs: Vec<Height>,
    },
    /// What you push comes to me sooner by others: announce it with [`Message::Have`] instead. Does not concern what you
    /// write yourself. A [`Message::Want`] takes it back.
    #[n(6)]
    Lazy {
        /// The topic.
        #[n(0)]
        topic: GroupId,
    },
    /// Who holds what durably.
    #[n(7)]
    Receipts {
        /// The receipts, each signed by its device.
        #[n(0)]
        receipts: Vec<Receipt>,
    },
    /// Where other members of shared topics were reached.
    #[n(8)]
    Addresses {
        /// The devices.
        #[n(0)]
        devices: Vec<Whereabouts>,
    },
    /// Asks for all that is held of these groups, of which the asker has nothing: there are many of them, and each has little.
    #[n(9)]
    WantGroups {
        /// The groups.
        #[n(0)]
        groups: Vec<GroupId>,
    },
}

/// A BLAKE3 hash over heights, or over the digests of topics.
pub(crate) type Digest = [u8; 32];

/// The digest of one topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, DeriveEncode, DeriveDecode)]
pub(crate) struct TopicDigest {
    /// The topic.
    #[n(0)]
    pub(crate) topic: GroupId,
    /// Over all its heights.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) digest: Digest,
}

/// Where one log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, DeriveEncode, DeriveDecode)]
pub(crate) struct Height {
    /// Whose log.
    #[n(0)]
    pub(crate) author: DeviceId,
    /// The number of its last entry.
    #[n(1)]
    pub(crate) seq: u64,
    /// The hash of its last entry.
    #[n(2)]
    pub(crate) hash: EntryHash,
    /// The number of the first entry whose body is lacking: not here, and not dropped by an entry that counts.
    #[n(3)]
    pub(crate) lacks: Option<u64>,
}

impl Height {
    /// Where a log ends here.
    pub(crate) fn of(author: DeviceId, log: LogView) -> Self {
        Self { author, seq: log.tip.seq, hash: log.tip.hash, lacks: log.lacks }
    }

    /// The number of the last entry up to which all is held.
    pub(crate) fn held(&self) -> Option<u64> {
        self.lacks.map_or(Some(self.seq), |lacks| lacks.min(self.seq.saturating_add(1)).checked_sub(1))
    }
}

/// Two encoded headers that prove a fork: see [`crate::Fork`].
#[derive(Debug, Clone, PartialEq, Eq, DeriveEncode, DeriveDecode)]
pub(crate) struct Proof {
    /// One of them.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) one: Vec<u8>,
    /// The other.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) other: Vec<u8>,
}

/// A part of one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, DeriveEncode, DeriveDecode)]
pub(crate) struct Range {
    /// Whose log.
    #[n(0)]
    pub(crate) author: DeviceId,
    /// The number of the first entry.
    #[n(1)]
    pub(crate) from: u64,
    /// The number of the last entry, included.
    #[n(2)]
    pub(crate) to: u64,
}

/// A device's word that it holds logs up to these heights on disk. Signed, so that others can pass it on.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEncode, DeriveDecode)]
pub(crate) struct Receipt {
    /// The topic.
    #[n(0)]
    pub(crate) topic: GroupId,
    /// Who holds them.
    #[n(1)]
    pub(crate) device: DeviceId,
    /// Logs that grew, or from time to time all of them. What is held stays held, so the order of receipts does not
    /// matter.
    #[n(2)]
    pub(crate) logs: Vec<Held>,
    /// Over all of the above.
    #[n(3)]
    pub(crate) signature: Signature,
}

/// One log in a [`Receipt`]: whose, and the number of the last entry held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, DeriveEncode, DeriveDecode)]
pub(crate) struct Held {
    /// Whose log.
    #[n(0)]
    pub(crate) author: DeviceId,
    /// The number of the last entry held.
    #[n(1)]
    pub(crate) seq: u64,
}

/// Where a device was reached.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEncode, DeriveDecode)]
pub(crate) struct Whereabouts {
    /// The device.
    #[n(0)]
    pub(crate) device: DeviceId,
    /// Socket addresses as text.
    #[n(1)]
    pub(crate) addrs: Vec<String>,
    /// URLs of its relays.
    #[n(2)]
    pub(crate) relays: Vec<String>,
}

/// Consecutive entries of one log.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEncode, DeriveDecode)]
pub(crate) struct Part {
    /// Whose log.
    #[n(0)]
    pub(crate) author: DeviceId,
    /// The number of the first entry.
    #[n(1)]
    pub(crate) first: u64,
    /// The entries, in order.
    #[n(2)]
    pub(crate) entries: Vec<RawEntry>,
    /// How many entries before the first one are not here.
    #[n(3)]
    pub(crate) pruned: u64,
}

impl Part {
    /// The same as the journal takes it in.
    pub(crate) fn into_run(self, topic: GroupId) -> Run {
        Run { topic, author: self.author, first: self.first, pruned: self.pruned, entries: self.entries }
    }

    /// The number from which on it says what there is. `None` when it leaves out more than there can be.
    pub(crate) const fn start(&self) -> Option<u64> {
        self.first.checked_sub(self.pruned)
    }

    /// The number after its last entry's.
    pub(crate) const fn end(&self) -> u64 {
        self.first.saturating_add(self.entries.len() as u64)
    }
}

impl From<Run> for Part {
    fn from(run: Run) -> Self {
        Self { author: run.author, first: run.first, entries: run.entries, pruned: run.pruned }
    }
}

/// An entry travels as an array of its signed header and its body (null when dropped or lacking).
impl<C> Encode<C> for RawEntry {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.array(2)?.bytes(&self.header)?;
        match &self.body {
            Some(body) => e.bytes(body)?.ok(),
            None => e.null()?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for RawEntry {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let at = d.position();
        if d.array()? != Some(2) {
            return Err(DecodeError::message("header and body expected").at(at));
        }
        let header = d.bytes()?;
        if header.len() > limits::HEADER_BYTES {
            return Err(DecodeError::message("header too long").at(at));
        }
        let header = header.to_vec();
        if d.datatype()? == minicbor::data::Type::Null {
            d.null()?;
            return Ok(Self { header, body: None });
        }
        let body = d.bytes()?;
        if body.len() > limits::BODY_BYTES {
            return Err(DecodeError::message("body too long").at(at));
        }
        Ok(Self { header, body: Some(body.to_vec()) })
    }
}

impl Receipt {
    /// Signs for `key`'s device.
    pub(crate) fn sign(key: &compeer_core::DeviceKey, topic: GroupId, logs: Vec<Held>) -> Self {
        let mut receipt = Self { topic, device: key.id(), logs, signature: Signature::from_bytes([0; 64]) };
        receipt.signature = key.sign(RECEIPT_DOMAIN, &receipt.signed_bytes());
        receipt
    }

    /// Whether the device it names has signed it.
    pub(crate) fn verify(&self) -> bool {
        self.device.verify(RECEIPT_DOMAIN, &self.signed_bytes(), &self.signature)
    }

    fn signed_bytes(&self) -> Vec<u8> {
        cbor::encode(&(self.topic, self.device, &self.logs))
    }
}

/// Why a stream cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// The stream broke.
    #[error("the stream broke: {0}")]
    Io(#[from] std::io::Error),
    /// A frame longer than [`FRAME_BYTES`].
    #[error("a frame of {0} bytes")]
    TooLong(usize),
    /// The content of a frame is not a message.
    #[error(transparent)]
    Content(#[from] CborError),
    /// The stream ended within a frame.
    #[error("the stream ended within a frame")]
    Cut,
}

impl WireError {
    /// Whether the other side said something wrong, rather than just went away.
    pub(crate) const fn is_misconduct(&self) -> bool {
        matches!(self, Self::TooLong(_) | Self::Content(_))
    }
}

/// The frame of a message.
pub(crate) fn frame<T: minicbor::Encode<()>>(message: &T) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    // A Vec takes any number of bytes and our types have no encoding errors of their own, so this cannot fail.
    let _: Result<(), EncodeError<std::convert::Infallible>> = minicbor::encode(message, &mut bytes);
    let length = u32::try_from(bytes.len() - 4).unwrap_or(u32::MAX);
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

/// Writes one message.
pub(crate) async fn send<T: minicbor::Encode<()>>(
    stream: &mut (impl AsyncWrite + Unpin),
    message: &T,
) -> Result<(), WireError> {
    Ok(stream.write_all(&frame(message)).await?)
}

/// Reads frames off a stream.
pub(crate) struct Frames<R> {
    stream: R,
    buffer: VecDeque<u8>,
    ended: bool,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(crate) const fn new(stream: R) -> Self {
        Self { stream, buffer: VecDeque::new(), ended: false }
    }

    /// The next message; `None` when the stream has ended properly. Nothing is lost when the call is given up.
    pub(crate) async fn next<T>(&mut self) -> Result<Option<T>, WireError>
    where
        T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>,
    {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            if self.ended {
                return if self.buffer.is_empty() { Ok(None) } else { Err(WireError::Cut) };
            }
            std::future::poll_fn(|context| self.poll_fill(context)).await?;
        }
    }

    /// The next message if all of it has already arrived.
    pub(crate) fn next_now<T>(&mut self) -> Result<Option<T>, WireError>
    where
        T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>,
    {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            // Whoever calls `next` afterwards registers its own waker.
            match self.poll_fill(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(filled) if !self.ended => filled?,
                Poll::Ready(filled) => return filled.map(|()| None),
                Poll::Pending => return Ok(None),
            }
        }
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        let mut chunk = [std::mem::MaybeUninit::uninit(); CHUNK];
        let mut chunk = ReadBuf::uninit(&mut chunk);
        match Pin::new(&mut self.stream).poll_read(context, &mut chunk) {
            Poll::Ready(Ok(())) => {
                self.ended = chunk.filled().is_empty();
                self.buffer.extend(chunk.filled());
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
            Poll::Pending => Poll::Pending,
        }
    }

    fn take<T>(&mut self) -> Result<Option<T>, WireError>
    where
        T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>,
    {
        if self.buffer.len() < 4 {
            return Ok(None);
        }
        let bytes = self.buffer.make_contiguous();
        let (length, rest) = bytes.split_at(4);
        let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        if length > FRAME_BYTES {
            return Err(WireError::TooLong(length));
        }
        let Some(content) = rest.get(..length) else { return Ok(None) };
        let message = cbor::decode(content, FRAME_BYTES)?;
        self.buffer.drain(..4 + length);
        if self.buffer.is_empty() && self.buffer.capacity() > 2 * CHUNK {
            self.buffer = VecDeque::new();
        }
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests;
