//! Why starting, opening a stream or joining failed: one enum per operation.

use std::net::SocketAddr;

use iroh::endpoint::{BindError, InvalidSocketAddr};

use crate::event::DownReason;

/// Why a mesh did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Two of the addresses to listen on exclude each other.
    #[error("cannot listen on {address} as well")]
    Listen {
        /// The address that was one too many.
        address: SocketAddr,
        /// What the network library said.
        source: InvalidSocketAddr,
    },
    /// The sockets could not be bound: the port is taken, or the address is not ours.
    #[error("cannot bind the sockets")]
    Bind(#[source] BindError),
    /// The device's key is no usable key (or there is no randomness).
    #[error("this device's key cannot be used")]
    Key,
}

/// Why a stream was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The link is gone.
    #[error("the link is down: {0}")]
    Down(DownReason),
    /// The other side has as many streams open as it allows and finished none of them for a while.
    #[error("the other side accepts no more streams for now")]
    Busy,
}

/// Why nobody answered at the join door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The invitation was made by this very device.
    #[error("this device made the invitation itself")]
    Ourselves,
    /// Neither a direct address nor one of our relays leads there.
    #[error("no address of the device is known")]
    NoAddress,
    /// Nothing answered within the limit.
    #[error("the device did not answer in time")]
    TimedOut,
    /// It answered, and does not let us in: no invitation is open there, or too many guests.
    #[error("the device does not let us in: {0}")]
    Refused(DownReason),
    /// The mesh is shutting down.
    #[error("the mesh is shutting down")]
    ShuttingDown,
}
