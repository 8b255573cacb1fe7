//! Why a developer command failed.

use std::{io, path::PathBuf, process::ExitStatus};

#[derive(Debug, thiserror::Error)]
pub(crate) enum TaskError {
    #[error("{path} could not be read: {source}", path = path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} could not be written: {source}", path = path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("`{command}` could not be started: {source}")]
    Start { command: String, source: io::Error },
    #[error("`{command}` failed ({status})")]
    Failed { command: String, status: ExitStatus },
    #[error("{what} is not the JSON that was expected: {source}")]
    Json { what: &'static str, source: serde_json::Error },
    #[error("the API description has no components.schemas")]
    NoSchemas,
    #[error("{path} does not match the program's API (first difference: line {line}); run `cargo xtask api` and commit it", path = path.display())]
    ClientStale { path: PathBuf, line: usize },
    #[error("{0} finding(s); each line above says what to do")]
    Findings(usize),
    #[error("usage: cargo xtask fuzz [TARGET] [--seconds N]")]
    FuzzUsage,
}
