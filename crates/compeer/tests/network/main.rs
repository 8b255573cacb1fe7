//! Whole programs on networks of their own: NATs, outages, a laptop that moves, strangers, and what leaves a computer.
//!
//! Each test makes its computers and cables out of Linux network namespaces (`compeer_testkit::netns`), and says so and
//! ends where the rights for that are missing. What was measured is printed.

#[cfg(target_os = "linux")]
mod lan;
#[cfg(target_os = "linux")]
mod nat;
#[cfg(target_os = "linux")]
mod outage;
#[cfg(target_os = "linux")]
mod silence;
#[cfg(target_os = "linux")]
mod strangers;
#[cfg(target_os = "linux")]
mod world;
