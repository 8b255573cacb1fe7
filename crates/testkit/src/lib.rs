//! Many peers under one roof, for tests only.
//!
//! - [`wire`]: UDP between peers in one process, with cuts, delay, loss, reordering and rates.
//! - [`netns`]: whole computers, offices and NATs as Linux network namespaces (needs root).
//! - [`process`]: real `compeer` programs with homes of their own: started, asked, killed, started again.
//! - [`wait`]: the one place where a test lets time pass.
//! - [`fuzz`]: broken input for decoders.
//! - [`random`]: the same seed, the same run.
//!
//! Nothing here knows what a capability does, and no program contains any of it.

pub mod fuzz;
#[cfg(target_os = "linux")]
pub mod netns;
pub mod process;
pub mod random;
mod skip;
pub mod wait;
pub mod wire;

pub use skip::skip;
