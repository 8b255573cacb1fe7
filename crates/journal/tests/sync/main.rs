//! Replication between real endpoints on the loopback interface.

mod basics;
mod drops;
mod ears;
mod forks;
mod hostile;
mod joining;
mod many;
mod removal;
mod support;
