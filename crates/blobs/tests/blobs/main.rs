//! Stores and streams together: what is shared on one side arrives on the other, whatever happens between.

mod crash;
mod disk;
mod hostile;
mod many;
mod store;
mod support;
mod transfer;
