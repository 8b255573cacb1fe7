//! Streams: each opens by naming its protocol, and is handed to whoever registered for it.

use std::collections::HashMap;
use std::time::Duration;

use compeer_core::DeviceId;
use iroh::endpoint::VarInt;
pub use iroh::endpoint::{RecvStream, SendStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::event::Problem;
use crate::gate::Door;
use crate::link::Link;
use crate::problem::Problems;

/// Which protocol a stream speaks. On the wire: the first two bytes of the stream, big-endian.
///
/// Numbers below 16 belong to the mesh; the floors above choose from 16 on, and never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKind(u16);

impl StreamKind {
    /// The mesh's own stream, one on every member link.
    pub(crate) const CONTROL: Self = Self(0);
    /// Talking about an invitation: the only kind that a guest may open.
    pub const JOIN: Self = Self(1);

    /// The kind with that number.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// A stream that somebody opened to us. Dropping both halves ends it.
#[derive(Debug)]
pub struct IncomingStream {
    /// Who opened it, proven by the link's handshake.
    pub device: DeviceId,
    /// Through which door the link came: [`Door::Join`] means a guest, known only by holding an invitation.
    pub door: Door,
    /// The protocol it speaks.
    pub kind: StreamKind,
    /// The link it belongs to, to open further streams.
    pub link: Link,
    /// Towards the opener. Implements tokio's `AsyncWrite`.
    pub send: SendStream,
    /// From the opener. Implements tokio's `AsyncRead`.
    pub recv: RecvStream,
}

/// How long an opener may take for the two bytes that name the protocol.
const HEADER_LIMIT: Duration = Duration::from_secs(5);
/// How long a handler may leave a stream waiting before it is reset.
const TAKE_LIMIT: Duration = Duration::from_secs(10);
/// The code on streams that nobody takes.
const REFUSED: VarInt = VarInt::from_u32(1);

/// Who serves which protocol. Fixed when the mesh is built.
#[derive(Debug, Default)]
pub(crate) struct Handlers {
    by_kind: HashMap<StreamKind, mpsc::Sender<IncomingStream>>,
}

impl Handlers {
    pub(crate) fn register(&mut self, kind: StreamKind, capacity: usize) -> mpsc::Receiver<IncomingStream> {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        self.by_kind.insert(kind, sender);
        receiver
    }

    /// Reads what the stream is for and hands it over, or resets it.
    pub(crate) async fn dispatch(&self, link: Link, mut send: SendStream, mut recv: RecvStream, problems: &Problems) {
        let mut header = [0; 2];
        if !matches!(timeout(HEADER_LIMIT, recv.read_exact(&mut header)).await, Ok(Ok(()))) {
            return refuse(&mut send, &mut recv);
        }
        let kind = StreamKind(u16::from_be_bytes(header));
        let allowed = link.door() == Door::Member || kind == StreamKind::JOIN;
        let device = link.device();
        let Some(handler) = self.by_kind.get(&kind).filter(|_| allowed) else {
            problems.record(Problem::UnknownStream { device, kind: kind.0 });
            return refuse(&mut send, &mut recv);
        };
        match timeout(TAKE_LIMIT, handler.reserve()).await {
            Ok(Ok(place)) => {
                place.send(IncomingStream { device, door: link.door(), kind, link, send, recv });
            }
            // The handler is gone: the program is shutting down.
            Ok(Err(_)) => refuse(&mut send, &mut recv),
            Err(_) => {
                problems.record(Problem::StreamsNotTaken { device, kind: kind.0 });
                refuse(&mut send, &mut recv);
            }
        }
    }
}

fn refuse(send: &mut SendStream, recv: &mut RecvStream) {
    // Either may be closed already, which is as good.
    let _ = send.reset(REFUSED);
    let _ = recv.stop(REFUSED);
}
