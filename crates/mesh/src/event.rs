//! What the mesh tells the floors above as it happens, and how a link ends.

use compeer_core::DeviceId;
use iroh::RelayUrl;
use iroh::endpoint::{ConnectionError, VarInt};

use crate::path::Path;

/// Something happened. Sent over a broadcast channel; who lags loses the oldest and should read [`crate::Mesh::peers`].
#[derive(Debug, Clone, PartialEq)]
pub enum MeshEvent {
    /// A link is up: both sides agreed on this connection, and streams can be opened.
    PeerUp {
        /// The other device, proven by its key.
        device: DeviceId,
        /// How it is reached at this moment.
        path: Path,
        /// We dialled.
        outgoing: bool,
    },
    /// The link of that device is down. Comes exactly once for each `PeerUp`.
    PeerDown {
        /// The other device.
        device: DeviceId,
        /// Why.
        reason: DownReason,
    },
    /// Traffic of a link now takes another path.
    PathChanged {
        /// The other device.
        device: DeviceId,
        /// The path taken now.
        path: Path,
        /// Round trip in milliseconds, as far as measured.
        rtt_ms: f64,
    },
    /// What we know about a device's addresses changed: time to save it.
    AddressesLearned {
        /// Whose addresses.
        device: DeviceId,
    },
    /// Our home relay was reached or lost.
    Relay {
        /// Which relay.
        url: RelayUrl,
        /// Reached, or lost.
        connected: bool,
    },
    /// Something a person may want to know. At most one a minute of one kind about one device.
    Problem(Problem),
}

/// Something that went wrong and is worth recording. None of them needs an answer to keep the mesh running.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Problem {
    /// A device that the gate does not know completed a handshake and was turned away.
    #[error("device {} was refused", device.short())]
    Refused {
        /// Who knocked.
        device: DeviceId,
    },
    /// So many handshakes were under way that new ones were turned away unread.
    #[error("too many handshakes at once")]
    TooManyHandshakes,
    /// More people hold open invitations and knock than are served at once.
    #[error("too many guests at once")]
    TooManyGuests,
    /// A peer sent something on its control stream that no honest peer sends. Its link was dropped.
    #[error("device {} broke the protocol", device.short())]
    BadControl {
        /// Who.
        device: DeviceId,
    },
    /// A peer opened a stream that nobody here serves, or that its door does not allow.
    #[error("device {} opened a stream of unknown kind {kind}", device.short())]
    UnknownStream {
        /// Who.
        device: DeviceId,
        /// The number it asked for.
        kind: u16,
    },
    /// A handler did not take a peer's streams quickly enough; they were reset.
    #[error("streams of kind {kind} from device {} were not taken in time", device.short())]
    StreamsNotTaken {
        /// Who.
        device: DeviceId,
        /// Which protocol.
        kind: u16,
    },
    /// Our home relay has been out of reach for a few seconds.
    #[error("the relay {url} cannot be reached")]
    RelayUnreachable {
        /// Which.
        url: RelayUrl,
    },
    /// A relay answers at the relay's address and cannot prove to be the one we mean, or takes us in and then does not serve
    /// us: most often, the key in the address is wrong.
    #[error("the relay {url} does not admit this device")]
    RelayRefused {
        /// Which.
        url: RelayUrl,
    },
    /// The relay has proved to be the one we mean, and turned us away although we hold its key: it lets in whom it has listed.
    #[error("the relay {url} has not listed this device")]
    RelayNotListed {
        /// Which.
        url: RelayUrl,
    },
    /// Something takes connections at the relay's address and does not speak as relays do.
    #[error("what answers at {url} is no relay")]
    NoRelay {
        /// Which.
        url: RelayUrl,
    },
    /// Multicast is not available, so devices on this network are not found by themselves.
    #[error("devices on the local network cannot be discovered")]
    LanDiscovery,
    /// The sockets were lost and cannot be bound again for now; it is tried on.
    #[error("the sockets cannot be bound again")]
    Rebind,
}

/// Why a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DownReason {
    /// The other side closed it without a particular reason, or its program went away properly.
    #[error("closed")]
    Closed,
    /// The other side's gate does not know us.
    #[error("refused")]
    Refused,
    /// The other side serves as many as it can.
    #[error("busy")]
    Busy,
    /// Both dialled at once and the other connection was chosen.
    #[error("duplicate")]
    Duplicate,
    /// A newer connection between the same two devices took its place.
    #[error("replaced")]
    Replaced,
    /// Nobody on the closing side wants this link any more.
    #[error("not wanted")]
    Unwanted,
    /// Something was sent that no honest peer sends.
    #[error("protocol broken")]
    BadControl,
    /// The closing side shuts down.
    #[error("shutting down")]
    ShuttingDown,
    /// Nothing was heard for longer than the idle limit.
    #[error("timed out")]
    TimedOut,
    /// The other side does not know this connection (it restarted).
    #[error("reset")]
    Reset,
    /// The transport ended it for a technical reason.
    #[error("transport error")]
    Transport,
}

impl DownReason {
    /// The code that goes into QUIC's CONNECTION_CLOSE. Part of the protocol: never renumber.
    pub(crate) fn code(self) -> VarInt {
        let code: u32 = match self {
            Self::Closed | Self::TimedOut | Self::Reset | Self::Transport => 0,
            Self::Refused => 1,
            Self::Busy => 2,
            Self::Duplicate => 3,
            Self::Replaced => 4,
            Self::Unwanted => 5,
            Self::BadControl => 6,
            Self::ShuttingDown => 7,
        };
        VarInt::from_u32(code)
    }

    fn from_code(code: u64) -> Self {
        match code {
            1 => Self::Refused,
            2 => Self::Busy,
            3 => Self::Duplicate,
            4 => Self::Replaced,
            5 => Self::Unwanted,
            6 => Self::BadControl,
            7 => Self::ShuttingDown,
            _ => Self::Closed,
        }
    }
}

impl From<&ConnectionError> for DownReason {
    fn from(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::ApplicationClosed(close) => Self::from_code(close.error_code.into_inner()),
            ConnectionError::LocallyClosed => Self::Closed,
            ConnectionError::TimedOut => Self::TimedOut,
            ConnectionError::Reset => Self::Reset,
            _ => Self::Transport,
        }
    }
}
