//! The requester's side for one blob: pieces from any number of providers, verified before they are written, kept
//! across restarts, and put in place in one step.
//!
//! A [`Download`] is what is known and on disk of one blob. [`Download::pull`] takes pieces from one provider's stream
//! and may run for several providers at once, each with a set of its own; which provider gets which pieces is
//! decided above. [`fetch`] is the simple case of one provider for everything.

mod part;
mod progress;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::part::Part;
pub(crate) use self::part::publish;
pub(crate) use self::progress::Meter;
pub use self::progress::{Control, Progress};
use crate::disk::{blocking, joined};
use crate::error::FetchError;
use crate::piece::{PieceList, PieceSet};
use crate::store::record::Place;
use crate::store::{BlobInfo, BlobStore};
use crate::stream::{IDLE_LIMIT, Reader, StreamError, Writer};
use crate::wire::{Answer, PieceHead, Request, decode_answer, decode_piece_head, encode_request};

/// Bytes received but not yet verified and written.
const IN_FLIGHT: u64 = 4 << 20;

/// A blob that is wanted here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// Name and size as announced by whoever shared it. A provider that tells another size is refused.
    pub info: BlobInfo,
    /// Where it shall lie.
    pub target: Target,
}

/// Where a blob shall lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// In the store's own folder.
    Owned,
    /// At a path of the user's. Its folder exists; see [`crate::safe_path::prepare`].
    File {
        /// The path.
        path: PathBuf,
        /// What to do with a file that is there.
        existing: Existing,
    },
}

/// What to do with another file at the target. A file that already is the blob is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Replace it, in one step when the new one is whole.
    Replace,
    /// Leave it, and call the new one `name (2).ext`.
    KeepBoth,
}

/// A blob that is here now, recorded and on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Name and size.
    pub info: BlobInfo,
    /// Where it lies, absolute. Not always where it was wanted; see [`Existing::KeepBoth`].
    pub path: PathBuf,
}

impl Target {
    pub(crate) fn place(&self, store: &BlobStore, info: &BlobInfo) -> Result<(Place, Existing), FetchError> {
        match self {
            Self::Owned => Ok((BlobStore::owned_place(&info.hash), Existing::Replace)),
            Self::File { path, existing } => {
                let path = std::path::absolute(path).map_err(|_| FetchError::Target { path: path.clone() })?;
                if path.file_name().is_none() || path.starts_with(store.owned_dir()) {
                    return Err(FetchError::Target { path });
                }
                Ok((Place { path, owned: false }, *existing))
            }
        }
    }
}

/// One blob on its way here. Dropping it keeps what was fetched for the next time.
#[derive(Debug)]
pub struct Download {
    part: Arc<Part>,
}

impl Download {
    /// Takes up the download of a blob, where it was left or from the start. Pieces that are said to be on disk are
    /// verified first. Waits while another download has the same target.
    ///
    /// # Errors
    /// [`FetchError`] if the target cannot be used or the records not read.
    pub async fn open(store: &BlobStore, want: &Want, control: Control) -> Result<Self, FetchError> {
        let (place, existing) = want.target.place(store, &want.info)?;
        let stop = control.stop.clone();
        let claim = or_stop(&stop, async { Ok(store.claim(&store.absolute(&place)).await) }).await?;
        let (store, info) = (store.clone(), want.info);
        let part = blocking(move || Part::open(store, claim, info, place, existing, control)).await?;
        Ok(Self { part: Arc::new(part) })
    }

    /// The pieces that are not here yet.
    #[must_use]
    pub fn missing(&self) -> PieceSet {
        self.part.missing()
    }

    /// Takes pieces from one provider, until it has given what it has of `wanted`. May run several times at once.
    ///
    /// Succeeds also if the provider had only some; look at [`Self::missing`].
    ///
    /// # Errors
    /// [`FetchError`]. What was verified before stays; [`FetchError::is_misbehaviour`] tells whether the provider should
    /// be avoided.
    pub async fn pull<R, W>(&self, wanted: &PieceSet, recv: R, send: W) -> Result<(), FetchError>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        if wanted.is_empty() {
            return Ok(());
        }
        let (recv, send) = (Reader::new(recv, IDLE_LIMIT), Writer::new(send, IDLE_LIMIT));
        or_stop(self.part.stop(), Box::pin(self.pull_all(wanted, recv, send))).await
    }

    async fn pull_all<R, W>(
        &self,
        wanted: &PieceSet,
        mut recv: Reader<R>,
        mut send: Writer<W>,
    ) -> Result<(), FetchError>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let info = self.part.info();
        let known = self.part.pieces();
        let request = Request::Pieces { hash: info.hash, with_list: known.is_none(), wanted: wanted.clone() };
        send_request(&mut send, &request).await?;
        send.close().await?;

        match decode_answer(&recv.array().await?).map_err(FetchError::Answer)? {
            Answer::NotHere => return Err(FetchError::NotServed),
            Answer::Here { size } if size != info.size => {
                return Err(FetchError::SizeMismatch { expected: info.size, told: size });
            }
            Answer::Here { .. } => {}
        }
        // As long as the caller's size asks for, whatever the provider says.
        let mut list = vec![0; if known.is_none() { self.part.layout().list_len() } else { 0 }];
        recv.fill(&mut list).await?;
        let part = Arc::clone(&self.part);
        let pieces = blocking(move || part.start(known, &list)).await?;
        self.receive(wanted, &pieces, recv).await
    }

    /// Receives pieces; up to [`IN_FLIGHT`] bytes of them are verified and written meanwhile.
    async fn receive<R>(&self, wanted: &PieceSet, pieces: &PieceList, mut recv: Reader<R>) -> Result<(), FetchError>
    where
        R: AsyncRead + Unpin,
    {
        let layout = pieces.layout();
        let depth = (IN_FLIGHT / layout.piece_len()).max(2) as usize;
        let mut writing: JoinSet<Result<Vec<u8>, FetchError>> = JoinSet::new();
        let mut spare: Vec<Vec<u8>> = Vec::with_capacity(depth);
        let mut turns = wanted.iter();
        loop {
            let (index, len) = match decode_piece_head(&recv.array().await?).map_err(FetchError::Answer)? {
                PieceHead::Piece { index, len } => (index, len),
                PieceHead::End => break,
                PieceHead::Changed => return Err(FetchError::ProviderChanged),
            };
            // In order and asked for, so each at most once. A provider may leave out what it does not have.
            if !turns.any(|turn| turn == index) {
                return Err(FetchError::UnexpectedPiece { index });
            }
            let expected = layout.len_of(index);
            if len as usize != expected {
                return Err(FetchError::WrongLength { expected: expected as u64, told: u64::from(len) });
            }
            let mut buffer = spare.pop().unwrap_or_default();
            if writing.len() >= depth
                && let Some(done) = writing.join_next().await
            {
                buffer = joined(done)??;
            }
            // Grows once; later pieces find it large enough.
            buffer.resize(expected, 0);
            recv.fill(&mut buffer).await?;
            self.touch(index, wanted).await?;
            let (part, pieces) = (Arc::clone(&self.part), pieces.clone());
            let permit = self.part.writer().await?;
            writing.spawn_blocking(move || {
                let _permit = permit;
                part.write(&pieces, index, &buffer)?;
                Ok(buffer)
            });
        }
        while let Some(done) = writing.join_next().await {
            joined(done)??;
        }
        Ok(())
    }

    /// Notes that a piece may be on disk soon.
    async fn touch(&self, index: u32, wanted: &PieceSet) -> Result<(), FetchError> {
        if !self.part.needs_touch(index) {
            return Ok(());
        }
        let (part, wanted) = (Arc::clone(&self.part), wanted.clone());
        blocking(move || part.touch(index, &wanted)).await
    }

    /// Puts the whole blob in place and records it; it is on disk when this returns.
    ///
    /// # Errors
    /// [`FetchError::Incomplete`] if pieces are missing; otherwise the disk or the records failed. What was fetched is
    /// kept.
    pub async fn finish(self) -> Result<Fetched, FetchError> {
        let missing = self.missing().len();
        if missing > 0 {
            return Err(FetchError::Incomplete { missing });
        }
        // A pull that was dropped may still have a piece to write, which would change the file's stamp.
        self.part.last_writer().await?;
        let part = self.part;
        blocking(move || part.finish()).await
    }

    /// Gives up: what was fetched is removed.
    ///
    /// # Errors
    /// [`FetchError`] if the file or the record could not be removed.
    pub async fn discard(self) -> Result<(), FetchError> {
        self.part.last_writer().await?;
        let part = self.part;
        blocking(move || part.discard()).await
    }
}

/// Fetches one blob from one provider.
///
/// # Errors
/// [`FetchError`]. What was verified is kept, and the next call goes on from there.
pub async fn fetch<R, W>(
    store: &BlobStore,
    want: &Want,
    recv: R,
    send: W,
    control: Control,
) -> Result<Fetched, FetchError>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let download = Download::open(store, want, control).await?;
    download.pull(&download.missing(), recv, send).await?;
    download.finish().await
}

/// Removes what an interrupted fetch left behind for `want`, if anything. Waits while the fetch is still winding down.
///
/// # Errors
/// [`FetchError`] if the file or the record could not be removed.
pub async fn discard(store: &BlobStore, want: &Want) -> Result<(), FetchError> {
    let (place, _) = want.target.place(store, &want.info)?;
    let claim = store.claim(&store.absolute(&place)).await;
    let store = store.clone();
    blocking(move || {
        let _claim = claim;
        part::remove(&store, &place)
    })
    .await
}

/// Sends one request with its length.
pub(crate) async fn send_request<W>(send: &mut Writer<W>, request: &Request) -> Result<(), StreamError>
where
    W: AsyncWrite + Unpin,
{
    let body = encode_request(request);
    let mut frame = Vec::with_capacity(4 + body.len());
    // Far below 4 GiB: hashes and pieces in a request are bounded.
    frame.extend_from_slice(&(body.len() as u32).to_be_bytes());
    frame.extend_from_slice(&body);
    send.all(&frame).await?;
    send.flush().await
}

/// `work`, until the caller stops it.
pub(crate) async fn or_stop<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(FetchError::Stopped),
        done = work => done,
    }
}

impl From<StreamError> for FetchError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Stalled => Self::Stalled,
            StreamError::Broken(source) => Self::Stream(source),
        }
    }
}
