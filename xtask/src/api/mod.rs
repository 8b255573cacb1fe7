//! `cargo xtask api`: the page's types, written from what the program says about its own HTTP API.
//!
//! The program's hidden command `api-description` prints its OpenAPI document; the schemas in it become
//! `ui/src/api/schema.gen.ts`, which is committed, so that a change of the API shows in review and breaks the page's
//! build where the page has to follow.

mod typescript;

use crate::{error::TaskError, tools};
use serde_json::Value;
use std::{env, fs, path::Path, process::Command};

const CLIENT: &str = "ui/src/api/schema.gen.ts";

/// Writes the types.
pub(crate) fn write(root: &Path) -> Result<(), TaskError> {
    let types = generate(root)?;
    let path = root.join(CLIENT);
    if path.exists() && tools::read(&path)? == types {
        return Ok(());
    }
    let failed = |source| TaskError::Write { path: path.clone(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(&path, types).map_err(failed)?;
    eprintln!("{CLIENT} is written");
    Ok(())
}

/// Fails when the committed types are not what the program says.
pub(crate) fn check(root: &Path) -> Result<(), TaskError> {
    let types = generate(root)?;
    let path = root.join(CLIENT);
    let committed = if path.exists() { tools::read(&path)? } else { String::new() };
    match first_difference(&committed, &types) {
        None => Ok(()),
        Some(line) => Err(TaskError::ClientStale { path: CLIENT.into(), line }),
    }
}

fn generate(root: &Path) -> Result<String, TaskError> {
    let mut command = match env::var_os("COMPEER_BIN") {
        Some(program) => Command::new(program),
        None => {
            let mut cargo = Command::new("cargo");
            cargo.args(["run", "--quiet", "--package", "compeer", "--bin", "compeer", "--"]);
            cargo
        }
    };
    let description = tools::output(command.arg("api-description").current_dir(root))?;
    let description: Value = serde_json::from_slice(&description)
        .map_err(|source| TaskError::Json { what: "`compeer api-description`", source })?;
    let schemas = description["components"]["schemas"].as_object().ok_or(TaskError::NoSchemas)?;
    Ok(typescript::module(schemas))
}

fn first_difference(old: &str, new: &str) -> Option<usize> {
    if old == new {
        return None;
    }
    let same = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn names_the_first_line_that_differs() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
        assert_eq!(first_difference("", "a\n"), Some(1));
    }
}
