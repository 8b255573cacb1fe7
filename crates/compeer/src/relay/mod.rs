//! Who may use the relay of `compeer relay`, and who did.
//!
//! `list` reads the file of devices that are let in, `door` decides by it and remembers, and `book` is what is
//! remembered in the home; `place` says under which address a relay can be told to others. What stands at the relay's door answers from memory; files are read and written by whoever
//! runs the relay, from time to time.

mod book;
mod door;
mod list;
mod place;

pub(crate) use book::Book;
pub(crate) use door::{Door, Refusal};
pub(crate) use list::{DeviceList, ListError};
pub(crate) use place::Place;
