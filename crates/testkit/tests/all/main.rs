//! The testkit's own tests, each with real sockets, processes and namespaces.
#![allow(clippy::unwrap_used)]

#[cfg(target_os = "linux")]
mod netns;
#[cfg(unix)]
mod process;
mod quic;
mod wait;
mod wire;
