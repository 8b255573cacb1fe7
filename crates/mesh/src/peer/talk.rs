//! What is said between two devices: the greeting on a new connection, and the service of a link while it is up.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use iroh::endpoint::{Connection, RecvStream, SendStream, Side};
use tokio::time::sleep;

use crate::address::{Addresses, Source};
use crate::control::{self, Control, ControlError};
use crate::event::{DownReason, MeshEvent, Problem};
use crate::link::Link;
use crate::mesh::Inner;
use crate::path::Path;
use crate::stream::StreamKind;

/// Between two signs of life. Shorter than QUIC's keep-alive, which it makes superfluous on the selected path.
const ALIVE: Duration = Duration::from_millis(2500);
/// Address messages are read no faster than this, so a peer that floods us is slowed by flow control.
const READ_PACE: Duration = Duration::from_millis(100);

/// Gets the control stream (the dialler opens it), says our hello if we are not the one who decides, and reads theirs.
pub(super) async fn greeting(
    conn: &Connection,
    says: Option<Control>,
) -> Result<(SendStream, RecvStream, u64, Addresses), ControlError> {
    let (mut send, mut recv) = match conn.side() {
        Side::Client => {
            let (mut send, recv) = conn.open_bi().await.map_err(|_| ControlError::Ended)?;
            // Alone these two bytes already make the stream visible to the other side.
            send.write_all(&StreamKind::CONTROL.number().to_be_bytes()).await.map_err(|_| ControlError::Ended)?;
            (send, recv)
        }
        Side::Server => {
            let (send, mut recv) = conn.accept_bi().await.map_err(|_| ControlError::Ended)?;
            let mut kind = [0; 2];
            recv.read_exact(&mut kind).await.map_err(|_| ControlError::Ended)?;
            if kind != StreamKind::CONTROL.number().to_be_bytes() {
                return Err(ControlError::OutOfPlace);
            }
            (send, recv)
        }
    };
    if let Some(hello) = says {
        control::write(&mut send, &hello).await?;
    }
    match control::read(&mut recv).await? {
        Control::Hello { session, addresses } => Ok((send, recv, session, addresses)),
        Control::Addresses(_) | Control::Alive => Err(ControlError::OutOfPlace),
    }
}

/// Serves a link until it is down: its streams, both directions of its control stream, and its path.
pub(super) async fn serve(inner: Arc<Inner>, link: Link, mut send: SendStream, mut recv: RecvStream) -> DownReason {
    let device = link.device();
    let streams = async {
        while let Ok((send, recv)) = link.conn().accept_bi().await {
            let (inner, link) = (inner.clone(), link.clone());
            inner.clone().tasks.spawn(async move {
                inner.handlers.dispatch(link, send, recv, &inner.problems).await;
            });
        }
        std::future::pending::<()>().await;
    };
    let tell = async {
        let mut mine = inner.mine.subscribe();
        // What we said in our hello may be old by now.
        mine.mark_changed();
        let decides = inner.device < device;
        loop {
            let news = tokio::select! {
                Ok(()) = mine.changed() => Control::Addresses(mine.borrow_and_update().clone()),
                () = sleep(ALIVE), if decides => Control::Alive,
                else => break,
            };
            if control::write(&mut send, &news).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let hear = async {
        loop {
            match control::read(&mut recv).await {
                Ok(Control::Addresses(addresses)) => inner.learn(device, addresses, Source::Itself),
                Ok(Control::Alive) => {}
                // Either the link is going down, or the peer ended the stream, which an honest one never does.
                Err(ControlError::Ended) => break,
                Ok(Control::Hello { .. }) | Err(_) => {
                    inner.problems.record(Problem::BadControl { device });
                    break;
                }
            }
            sleep(READ_PACE).await;
        }
    };
    let watch = async {
        let mut changes = link.conn().path_events();
        let mut last = Path::None;
        loop {
            let (path, rtt_ms) = link.way();
            if path != last {
                if let Path::Direct(address) = path {
                    inner.learn(device, Addresses::direct([address]), Source::Live);
                }
                last = path.clone();
                tracing::debug!(?path, rtt_ms, "path");
                inner.emit(MeshEvent::PathChanged { device, path, rtt_ms });
            }
            if changes.next().await.is_none() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        biased;
        reason = link.closed() => reason,
        () = hear => {
            match link.down() {
                Some(reason) => reason,
                None => {
                    link.close_with(DownReason::BadControl);
                    DownReason::BadControl
                }
            }
        }
        () = streams => DownReason::Closed,
        () = tell => DownReason::Closed,
        () = watch => DownReason::Closed,
    }
}
