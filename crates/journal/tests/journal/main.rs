//! The journal from outside: what it promises to those who use it, over crashes, hostile peers and full disks.

mod basics;
mod common;
mod drops;
mod ends;
mod exchange;
mod groups;
mod hostile;
mod persons;
mod prunes;
mod safety;
mod speed;
