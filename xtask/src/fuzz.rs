//! `cargo xtask fuzz`: runs the fuzz tests of every crate (or those whose name holds TARGET) for a given time each.
//!
//! A fuzz target is an ordinary test named `fuzz_…` that calls `compeer_testkit::fuzz::run`; in `make test` it runs a
//! fixed number of rounds, here until its time is over, with a new seed that is printed when it fails.

use crate::{error::TaskError, tools};
use std::{path::Path, process::Command};

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), TaskError> {
    let (target, seconds) = parse(arguments).ok_or(TaskError::FuzzUsage)?;
    let mut command = Command::new("cargo");
    command
        .args(["test", "--workspace", "--lib", "--bins", "--tests", "--"])
        .arg(target)
        .args(["--nocapture", "--test-threads", "1"])
        .env("COMPEER_FUZZ_SECONDS", seconds.to_string())
        .current_dir(root);
    tools::run_command(&mut command)
}

/// `[TARGET] [--seconds N]`, in either order.
fn parse<'a>(arguments: &[&'a str]) -> Option<(&'a str, u64)> {
    match *arguments {
        [] => Some(("fuzz_", 60)),
        [target] if !target.starts_with('-') => Some((target, 60)),
        ["--seconds", seconds] => Some(("fuzz_", seconds.parse().ok()?)),
        [target, "--seconds", seconds] | ["--seconds", seconds, target] if !target.starts_with('-') => {
            Some((target, seconds.parse().ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_target_and_time_in_either_order() {
        assert_eq!(parse(&[]), Some(("fuzz_", 60)));
        assert_eq!(parse(&["entry"]), Some(("entry", 60)));
        assert_eq!(parse(&["entry", "--seconds", "5"]), Some(("entry", 5)));
        assert_eq!(parse(&["--seconds", "5", "entry"]), Some(("entry", 5)));
        assert_eq!(parse(&["--seconds", "soon"]), None);
        assert_eq!(parse(&["--minutes"]), None);
    }
}
