//! Relays: our own, named by address and key, and no other.
//!
//! A relay forwards encrypted packets between devices that cannot reach each other, and tells a device under which
//! address the world sees it (QUIC address discovery), which hole punching needs. A relay is named by one text,
//! `https://HOST:PORT/#KEY`, and listens on that port over TCP (TLS, for forwarding) and UDP (QUIC, for address
//! discovery). The key does two things: the relay's TLS key pair is derived from it, so a device recognises the relay
//! without any certificate authority; and so is the token that a device must present to be let in.
//!
//! Whoever holds the key could pose as the relay towards others who use it. That gains nothing but what a relay has
//! anyway: who talks to whom, how much, and the power not to deliver. Contents are encrypted between the devices.

mod greet;
mod pin;
mod server;
mod spec;

pub(crate) use greet::{Greeting, greet};
pub(crate) use pin::Pins;
pub use server::{Doorkeeper, RelayAccess, RelayMetrics, RelayServer, RelayServerConfig, RelayStartError};
pub use spec::{RelayKey, RelaySpec, RelaySpecError};
