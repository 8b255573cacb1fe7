//! What stands on pages: Loro's documents, and the process of its own in which others' updates are read.
//!
//! An update is a program of sorts for a large library, written by somebody else. So no update is imported in the node: a child
//! process does it, the same program started as a worker, which may have so much memory and time and can open nothing
//! ([`confine`]). If it dies, another is started, and the update that did it is left out. What comes back is a document that
//! holds what pages may hold ([`check`]), and the page in the browser is handed no update that was not read before.

mod check;
mod confine;
mod document;
mod markdown;
mod parse;
mod process;
mod wire;
mod worker;
mod write;

pub use self::confine::Confine;
pub use self::process::WorkerCommand;
pub(crate) use self::process::{Worker, WorkerError};
pub(crate) use self::wire::{Answer, Ask, Bad, Bytes, Text};
#[cfg(test)]
pub(crate) use self::worker::read_in_process;
pub use self::worker::{run_worker, run_worker_with};
pub(crate) use self::write::{MARKDOWN_BYTES, write_markdown};

/// The container of Loro in which a page's text stands.
pub(crate) const ROOT: &str = "doc";
/// The field of a node that names what it is.
const NAME: &str = "nodeName";
/// The field of a node that holds its attributes.
const ATTRIBUTES: &str = "attributes";
/// The field of a node that holds what is in it.
const CHILDREN: &str = "children";
/// Nodes inside of nodes.
pub(crate) const DEPTH: usize = 32;
