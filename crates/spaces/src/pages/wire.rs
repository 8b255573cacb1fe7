//! What the node asks of its worker and what it answers: CBOR, each with its length before it as four bytes.

use std::io::{self, Read, Write};

use compeer_core::{EntryHash, cbor};
use minicbor::{Decode, Encode};

use crate::model::update::Run;

/// How a worker begins to speak. What comes before is passed over, such as what a test's own program says.
pub(super) const GREETING: &[u8] = b"\ncompeer page worker 1\n";
/// Bytes of one question or answer: all updates of a page, and what is around them.
pub(super) const FRAME_BYTES: usize = 64 << 20;

/// Bytes of an update or a document.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub(crate) struct Bytes(#[cbor(n(0), with = "minicbor::bytes")] pub(crate) Vec<u8>);

/// What the worker shall do. Documents go by numbers that the node chooses.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Ask {
    /// Begin a document: from what a worker had made of one, or from nothing.
    #[n(0)]
    Begin {
        #[n(0)]
        document: u32,
        #[n(1)]
        snapshot: Option<Bytes>,
    },
    /// Take updates into a document.
    #[n(1)]
    Take {
        #[n(0)]
        document: u32,
        #[n(1)]
        updates: Vec<(EntryHash, Bytes)>,
    },
    /// Write all of a document down.
    #[n(2)]
    Snapshot {
        #[n(0)]
        document: u32,
    },
    /// Say what a document says.
    #[n(3)]
    Read {
        #[n(0)]
        document: u32,
    },
    /// Forget a document.
    #[n(4)]
    Forget {
        #[n(0)]
        document: u32,
    },
    /// Write these ops of a document down as one update.
    #[n(5)]
    Export {
        #[n(0)]
        document: u32,
        #[n(1)]
        runs: Vec<Run>,
    },
    /// Say what a document said to whoever had just written the last of each of these.
    #[n(6)]
    ReadThen {
        #[n(0)]
        document: u32,
        #[n(1)]
        runs: Vec<Run>,
    },
    /// Say whether what two documents have of these ops is the same; of none, whether the other has all that the first has.
    #[n(7)]
    Compare {
        #[n(0)]
        document: u32,
        #[n(1)]
        other: u32,
        #[n(2)]
        runs: Vec<Run>,
    },
}

/// What the worker answers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Answer {
    /// It is done.
    #[n(0)]
    Done,
    /// The updates were taken in.
    #[n(1)]
    Taken {
        /// Those that cannot be part of a page. The document is spoilt by them.
        #[n(0)]
        bad: Vec<Bad>,
        /// All that go on from what is not here.
        #[n(1)]
        waiting: Vec<EntryHash>,
    },
    /// A document.
    #[n(2)]
    Snapshot {
        #[n(0)]
        bytes: Bytes,
    },
    /// What a document says.
    #[n(3)]
    Text {
        #[n(0)]
        text: Text,
    },
    /// There is no such document, or it could not be written down.
    #[n(4)]
    Failed,
    /// An update.
    #[n(5)]
    Update {
        #[n(0)]
        bytes: Bytes,
    },
    /// Whether two documents agree.
    #[n(6)]
    Compared {
        #[n(0)]
        same: bool,
    },
}

/// An update that cannot be part of a page.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Bad {
    #[n(0)]
    pub(crate) update: EntryHash,
    #[n(1)]
    pub(crate) why: String,
    /// Whether it may be for what it goes on from, which others wrote.
    #[n(2)]
    pub(crate) adrift: bool,
}

/// What a page says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub(crate) struct Text {
    /// As ProseMirror's JSON.
    #[n(0)]
    pub(crate) json: String,
    /// As Markdown.
    #[n(1)]
    pub(crate) markdown: String,
    /// Its words alone.
    #[n(2)]
    pub(crate) words: String,
}

/// A message with its length before it.
pub(super) fn frame<T: Encode<()>>(message: &T) -> Vec<u8> {
    let bytes = cbor::encode(message);
    [&(bytes.len() as u32).to_be_bytes(), &bytes[..]].concat()
}

/// Reads a message from a pipe that waits; `None` when it ended.
pub(super) fn read<T: for<'a> Decode<'a, ()>>(pipe: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match pipe.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > FRAME_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    pipe.take(length as u64).read_to_end(&mut bytes)?;
    minicbor::decode(&bytes).map(Some).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Writes a message into a pipe that waits.
pub(super) fn write<T: Encode<()>>(pipe: &mut impl Write, message: &T) -> io::Result<()> {
    pipe.write_all(&frame(message))?;
    pipe.flush()
}
