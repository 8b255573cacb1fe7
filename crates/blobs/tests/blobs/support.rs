//! Stores in temporary folders, streams between them, and providers that do as they are told.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use compeer_blobs::wire::{Request, decode_request};
use compeer_blobs::{BlobInfo, BlobStore, Existing, ServeError, Served, Target, Want, serve};
use compeer_core::BlobHash;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream, ReadBuf, ReadHalf, WriteHalf, duplex, split};
use tokio::task::JoinHandle;

pub(crate) const MIB: usize = 1 << 20;

/// Longer than anything here takes, so that a hanging test ends.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A store, and a folder for the user's files.
pub(crate) struct Home {
    pub(crate) dir: TempDir,
    pub(crate) store: BlobStore,
}

impl Home {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let store = BlobStore::open(dir.path().join("store")).await.expect("opens");
        Self { dir, store }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file and shares it.
    pub(crate) async fn share(&self, name: &str, bytes: &[u8]) -> BlobInfo {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("writes");
        self.store.add_file(path).await.expect("adds")
    }

    /// Answers one stream; the other end and what was served.
    pub(crate) fn provide(&self) -> (Halves, JoinHandle<Result<Served, ServeError>>) {
        self.provide_if(|_| true)
    }

    pub(crate) fn provide_if(
        &self,
        allow: impl Fn(&BlobHash) -> bool + Send + Sync + 'static,
    ) -> (Halves, JoinHandle<Result<Served, ServeError>>) {
        let (near, far) = duplex(64 * 1024);
        let store = self.store.clone();
        let served = tokio::spawn(async move {
            let (recv, send) = split(far);
            let allow = move |hashes: &[BlobHash]| hashes.iter().map(&allow).collect::<Vec<_>>();
            serve(&store, Arc::new(allow), recv, send).await
        });
        (split(near), served)
    }
}

pub(crate) type Halves = (ReadHalf<DuplexStream>, WriteHalf<DuplexStream>);

/// Bytes that differ everywhere.
pub(crate) fn content(size: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

pub(crate) fn info_of(bytes: &[u8]) -> BlobInfo {
    BlobInfo { hash: BlobHash::from_bytes(*blake3::hash(bytes).as_bytes()), size: bytes.len() as u64 }
}

pub(crate) fn want(info: BlobInfo, path: impl AsRef<Path>) -> Want {
    Want { info, target: Target::File { path: path.as_ref().to_path_buf(), existing: Existing::Replace } }
}

pub(crate) fn want_beside(info: BlobInfo, path: impl AsRef<Path>) -> Want {
    Want { info, target: Target::File { path: path.as_ref().to_path_buf(), existing: Existing::KeepBoth } }
}

/// The part files in a folder.
pub(crate) fn parts(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("reads").map(|entry| entry.expect("reads").path());
    entries.filter(|path| path.to_string_lossy().ends_with(".compeer-part")).collect()
}

/// Reads the first request of a stream.
pub(crate) async fn request(recv: &mut (impl AsyncRead + Unpin)) -> Request {
    let len = recv.read_u32().await.expect("a length");
    let mut bytes = vec![0; len as usize];
    recv.read_exact(&mut bytes).await.expect("a request");
    decode_request(&bytes).expect("decodes")
}

/// A reader that ends, as a broken stream does, after a number of bytes.
pub(crate) struct Cut<R> {
    pub(crate) inner: R,
    pub(crate) left: usize,
}

impl<R: AsyncRead + Unpin> AsyncRead for Cut<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Ok(()));
        }
        let mut part = out.take(self.left);
        let before = part.filled().len();
        let done = Pin::new(&mut self.inner).poll_read(cx, &mut part);
        let count = part.filled().len() - before;
        // The bytes were initialised by the inner reader, in the same buffer.
        out.initialize_unfilled_to(count);
        out.advance(count);
        self.left -= count;
        done
    }
}

/// Forwards what is written, and rings once when a number of bytes has passed.
pub(crate) struct Trip<W> {
    pub(crate) inner: W,
    pub(crate) left: usize,
    pub(crate) bell: Option<tokio::sync::oneshot::Sender<()>>,
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Trip<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let done = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = done {
            self.left = self.left.saturating_sub(count);
            if self.left == 0
                && let Some(bell) = self.bell.take()
            {
                let _ = bell.send(());
            }
        }
        done
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Forwards what is written, and keeps a copy.
pub(crate) struct Spy<W> {
    pub(crate) inner: W,
    pub(crate) seen: Arc<std::sync::Mutex<Vec<u8>>>,
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Spy<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let done = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = done {
            self.seen.lock().expect("no panic").extend_from_slice(&bytes[..count]);
        }
        done
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
