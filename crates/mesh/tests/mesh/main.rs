//! The mesh with real endpoints on loopback.

mod gates;
mod hostile;
mod links;
mod many;
mod relays;
mod support;
