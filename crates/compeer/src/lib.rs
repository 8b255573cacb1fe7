//! The program: the node that joins the floors, its HTTP API, its command line and its embedded page.
//!
//! Rooms: `home` (the folder a device lives in), `node` (start and stop order of everything below), `api` (HTTP on
//! loopback, its guards and its description), `page` (the web page's files, built in), `relay` (who may use a relay of
//! ours), `cli` (the command line, which speaks to a running node only through the API), `error` (failures in words, for
//! the API and the terminal), `commands` (commands that people are told to type), `files` (reading files that somebody names), `mail` (sending invitations), `name` (when two names are one), `notify` (what the desktop is told), `quiet` (quiet hours), `qr` (invitations as pictures), `text` (text
//! from others, made safe to show).

pub mod api;
pub mod cli;
pub mod commands;
pub mod error;
mod files;
pub mod home;
mod mail;
mod name;
pub mod node;
mod notify;
mod page;
mod qr;
mod quiet;
mod relay;
pub mod text;
