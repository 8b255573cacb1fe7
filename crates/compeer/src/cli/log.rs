//! What is logged to stderr, and the variable that says it.

use std::io::{self, IsTerminal as _, Write};

use tracing_subscriber::EnvFilter;

use super::args::Command;
use crate::error::ApiError;
use crate::text::shorten;

/// The environment variable that says what is logged, as in `info` or `compeer_mesh=debug`.
const VARIABLE: &str = "COMPEER_LOG";

/// A log that cannot be written, on a full disk or with nobody at the other end of the pipe, harms nothing else. Told of a
/// failure, the library would say so on stderr and panic, in the middle of whatever was logged.
struct Unfailing<W>(W);

impl<W: Write> Write for Unfailing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.0.write(bytes).unwrap_or(bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().or(Ok(()))
    }
}

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
        .with_writer(|| Unfailing(io::stderr()))
        .with_ansi(io::stderr().is_terminal())
        .init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn a_log_that_cannot_be_written_is_nobodys_business() {
        let mut log = Unfailing(Full);
        assert!(log.write_all(b"something happened").is_ok());
        assert!(log.flush().is_ok());
    }
}
