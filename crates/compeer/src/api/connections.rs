//! The connections of the API: each is served by a task of its own, and none can keep the others out.
//!
//! Every program on this computer can connect, so what has not yet proven who it is gets little: there are at most
//! [`UNPROVEN`] such connections, the oldest gives way to a newcomer, and each has [`HEAD_LIMIT`] for the head of a
//! request. A connection is proven by its first request that carries the token or an open session.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections that have not proven themselves.
const UNPROVEN: usize = 128;
/// From the end of an answer, or from the beginning, until the head of the next request is there.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// Bytes kept of a connection before they are taken in, and of a request's head.
const BUFFER_LIMIT: usize = 64 * 1024;
/// When the system has no more descriptors for us.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `stop`, and then until the answers under way have ended.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let unproven = Arc::new(Unproven::default());
    let tasks = TaskTracker::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match stream {
            Ok((stream, _)) => {
                // Events are small and must not wait for each other.
                let _ = stream.set_nodelay(true);
                let visitor = unproven.enter();
                tasks.spawn(connection(stream, router.clone(), visitor, stop.clone()));
            }
            // The other side was gone already, or there is no room: neither ends the API.
            Err(error) => {
                tracing::debug!(%error, "no connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

async fn connection<S>(stream: S, router: Router, visitor: Arc<Visitor>, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let dropped = visitor.dropped.clone();
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(visitor.clone());
        hyper::service::Service::call(&router, request.map(Body::new))
    });
    let mut served = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_LIMIT)
            .max_buf_size(BUFFER_LIMIT)
            .serve_connection(TokioIo::new(stream), service)
            // A board that is open goes on as a WebSocket.
            .with_upgrades()
    );
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = dropped.cancelled() => return,
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The connections that have not proven themselves, oldest first.
#[derive(Default)]
struct Unproven(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    next: u64,
    visitors: BTreeMap<u64, CancellationToken>,
}

impl Unproven {
    fn list(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection in, in place of the oldest if there are too many.
    fn enter(self: &Arc<Self>) -> Arc<Visitor> {
        let mut list = self.list();
        if list.visitors.len() >= UNPROVEN
            && let Some((_, oldest)) = list.visitors.pop_first()
        {
            oldest.cancel();
        }
        let number = list.next;
        list.next += 1;
        let dropped = CancellationToken::new();
        list.visitors.insert(number, dropped.clone());
        Arc::new(Visitor { unproven: self.clone(), number, dropped })
    }
}

/// A connection. It leaves the list when it is proven, or with its end.
pub(super) struct Visitor {
    unproven: Arc<Unproven>,
    number: u64,
    dropped: CancellationToken,
}

impl Visitor {
    /// A request showed the token or an open session: from here on only its own side ends this connection.
    pub(super) fn proven(&self) {
        self.unproven.list().visitors.remove(&self.number);
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.proven();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
    use tokio::time::{Instant, sleep, timeout};

    const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";

    /// The other side of a connection that is served, and the list it is on. An answer takes a minute.
    fn connected() -> (DuplexStream, Arc<Unproven>) {
        let slow = || async {
            sleep(Duration::from_secs(60)).await;
            "done"
        };
        let (ours, theirs) = tokio::io::duplex(BUFFER_LIMIT);
        let unproven = Arc::new(Unproven::default());
        let router = Router::new().route("/", get(slow));
        tokio::spawn(connection(ours, router, unproven.enter(), CancellationToken::new()));
        (theirs, unproven)
    }

    /// How long after `since` the connection is ended, without a word.
    async fn ended_after(stream: &mut DuplexStream, since: Instant) -> Duration {
        let mut said = Vec::new();
        let read = timeout(Duration::from_secs(600), stream.read_to_end(&mut said)).await.expect("is ended");
        assert!(read.is_ok() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
        since.elapsed()
    }

    fn is_the_limit(took: Duration) -> bool {
        took >= HEAD_LIMIT && took < HEAD_LIMIT + Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_come_ends_the_connection() {
        for begun in [&b""[..], b"GET / HTTP/1.1\r\nHost: "] {
            let (mut stream, unproven) = connected();
            stream.write_all(begun).await.expect("is taken");
            let took = ended_after(&mut stream, Instant::now()).await;
            assert!(is_the_limit(took), "{took:?} after {begun:?}");
            assert!(unproven.list().visitors.is_empty(), "its place is free");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_byte_now_and_then_gets_no_further() {
        let (mut stream, _unproven) = connected();
        let since = Instant::now();
        for byte in ASK.iter().take(29) {
            stream.write_all(std::slice::from_ref(byte)).await.expect("is taken");
            sleep(Duration::from_secs(1)).await;
        }
        let took = ended_after(&mut stream, since).await;
        assert!(is_the_limit(took), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_take_longer_and_the_next_head_has_the_same_time() {
        let (mut stream, _unproven) = connected();
        stream.write_all(ASK).await.expect("is taken");
        let mut answer = Vec::new();
        while !answer.ends_with(b"done") {
            let read = stream.read_buf(&mut answer).await.expect("goes on");
            assert_ne!(read, 0, "{}", String::from_utf8_lossy(&answer));
        }
        let took = ended_after(&mut stream, Instant::now()).await;
        assert!(is_the_limit(took), "{took:?}");
    }
}
