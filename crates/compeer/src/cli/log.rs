//! What is logged to stderr, and the variable that says it.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use super::args::Command;
use crate::error::ApiError;
use crate::text::shorten;

/// The environment variable that says what is logged, as in `info` or `compeer_mesh=debug`.
const VARIABLE: &str = "COMPEER_LOG";

/// Starts the log: what our own parts find degraded where a peer runs for long, and only what has failed elsewhere. The
/// libraries below report to those parts, which turn it into problems and sentences; their own lines are for whoever
/// asks for them.
pub(super) fn start(command: &Command) -> Result<(), ApiError> {
    let level = if matches!(command, Command::Up(_) | Command::Relay(_)) { "warn" } else { "error" };
    let filter = match std::env::var_os(VARIABLE).filter(|wish| !wish.is_empty()) {
        // A target is the start of a module's path, so this is all our crates.
        None => EnvFilter::new(format!("off,compeer={level}")),
        Some(wish) => {
            let wish = wish.to_string_lossy();
            EnvFilter::try_new(&wish).map_err(|_| {
                ApiError::usage(
                    format!("The variable {VARIABLE} says nothing that can be logged: {}.", shorten(&wish)),
                    "Use a level (error, warn, info, debug, trace) or levels of parts, as in compeer_mesh=debug,iroh=info.",
                )
            })?
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    Ok(())
}
