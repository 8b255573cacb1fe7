//! `cargo xtask tidy`: the house rules that neither the compiler nor clippy knows.
//!
//! Each rule is a pure function from text to findings, so that its tests are tables. A finding is one line,
//! `path:line: what is wrong, and what to do`.

mod arrows;
mod map;
mod mask;
mod sources;

use crate::{error::TaskError, tools};
use std::{fmt, path::Path, process::Command};

/// One broken rule. `line` 0 means the file as a whole.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.into(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line.max(1), self.what)
    }
}

pub(crate) fn run(root: &Path) -> Result<(), TaskError> {
    let mut findings = check(root)?;
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() { Ok(()) } else { Err(TaskError::Findings(findings.len())) }
}

fn check(root: &Path) -> Result<Vec<Finding>, TaskError> {
    let metadata = tools::output(
        Command::new("cargo").args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).current_dir(root),
    )?;
    let packages = arrows::packages(&metadata)?;
    let mut findings = arrows::check(&packages);

    let architecture = root.join(map::PATH);
    let text = if architecture.exists() { Some(tools::read(&architecture)?) } else { None };
    findings.extend(map::check(text.as_deref(), &packages));

    let mut files = Vec::new();
    for folder in ["crates", "xtask", "ui"] {
        for path in tools::files_below(&root.join(folder))? {
            let Ok(relative) = path.strip_prefix(root) else { continue };
            let relative = relative.to_string_lossy().replace('\\', "/");
            if sources::is_source(&relative) {
                files.push(sources::Source { path: relative, text: tools::read(&path)? });
            }
        }
    }
    findings.extend(sources::check(&files));
    Ok(findings)
}
