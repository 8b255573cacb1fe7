//! One side of a stream, with a limit on how long the peer may do nothing.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long a peer may neither send nor take a byte before its stream is given up.
pub const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// Bytes of the read buffer, which small frames are cut from.
const BUFFER: usize = 128 * 1024;

/// Why reading or writing failed.
#[derive(Debug)]
pub(crate) enum StreamError {
    /// Nothing moved for the limit.
    Stalled,
    /// The stream broke or ended early.
    Broken(io::Error),
}

impl StreamError {
    fn early_end() -> Self {
        Self::Broken(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Reads frames.
pub(crate) struct Reader<R> {
    stream: R,
    limit: Duration,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(crate) fn new(stream: R, limit: Duration) -> Self {
        Self { stream, limit, buffer: vec![0; BUFFER].into_boxed_slice(), start: 0, end: 0 }
    }

    /// Fills all of `out`.
    pub(crate) async fn fill(&mut self, out: &mut [u8]) -> Result<(), StreamError> {
        let buffered = (self.end - self.start).min(out.len());
        out[..buffered].copy_from_slice(&self.buffer[self.start..self.start + buffered]);
        self.start += buffered;
        let mut done = buffered;
        while done < out.len() {
            let rest = &mut out[done..];
            // What is larger than the buffer goes straight to its place.
            if rest.len() >= self.buffer.len() {
                let count = read(&mut self.stream, self.limit, rest).await?;
                if count == 0 {
                    return Err(StreamError::early_end());
                }
                done += count;
            } else {
                if !self.refill().await? {
                    return Err(StreamError::early_end());
                }
                let count = self.end.min(rest.len());
                rest[..count].copy_from_slice(&self.buffer[..count]);
                self.start = count;
                done += count;
            }
        }
        Ok(())
    }

    /// Reads an array.
    pub(crate) async fn array<const N: usize>(&mut self) -> Result<[u8; N], StreamError> {
        let mut out = [0; N];
        self.fill(&mut out).await?;
        Ok(out)
    }

    /// Whether the peer has closed its side and everything was read.
    pub(crate) async fn at_end(&mut self) -> Result<bool, StreamError> {
        Ok(self.start == self.end && !self.refill().await?)
    }

    /// Reads into the empty buffer; says whether anything came.
    async fn refill(&mut self) -> Result<bool, StreamError> {
        self.start = 0;
        self.end = 0;
        self.end = read(&mut self.stream, self.limit, &mut self.buffer).await?;
        Ok(self.end > 0)
    }
}

async fn read<R: AsyncRead + Unpin>(stream: &mut R, limit: Duration, out: &mut [u8]) -> Result<usize, StreamError> {
    match timeout(limit, stream.read(out)).await {
        Ok(done) => done.map_err(StreamError::Broken),
        Err(_) => Err(StreamError::Stalled),
    }
}

/// Writes frames.
pub(crate) struct Writer<W> {
    stream: W,
    limit: Duration,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(crate) fn new(stream: W, limit: Duration) -> Self {
        Self { stream, limit }
    }

    /// Writes all of `bytes`.
    pub(crate) async fn all(&mut self, mut bytes: &[u8]) -> Result<(), StreamError> {
        while !bytes.is_empty() {
            let count = match timeout(self.limit, self.stream.write(bytes)).await {
                Ok(done) => done.map_err(StreamError::Broken)?,
                Err(_) => return Err(StreamError::Stalled),
            };
            if count == 0 {
                return Err(StreamError::Broken(io::ErrorKind::WriteZero.into()));
            }
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Hands everything to the peer.
    pub(crate) async fn flush(&mut self) -> Result<(), StreamError> {
        match timeout(self.limit, self.stream.flush()).await {
            Ok(done) => done.map_err(StreamError::Broken),
            Err(_) => Err(StreamError::Stalled),
        }
    }

    /// Tells the peer that nothing more comes.
    pub(crate) async fn close(&mut self) -> Result<(), StreamError> {
        match timeout(self.limit, self.stream.shutdown()).await {
            Ok(done) => done.map_err(StreamError::Broken),
            Err(_) => Err(StreamError::Stalled),
        }
    }
}
