//! `cargo xtask ui`: builds the page into `ui/dist`, and only when something it is made of has changed.
//!
//! What was last installed and built is remembered as a hash under `ui/node_modules`, which `npm ci` deletes: a new
//! set of modules therefore always means a new build.

use crate::{error::TaskError, tools};
use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::Hasher,
    path::{Path, PathBuf},
};

pub(crate) fn run(root: &Path) -> Result<(), TaskError> {
    let ui = &root.join("ui");
    let memory = ui.join("node_modules/.cache/compeer");
    once_for(&memory.join("modules"), &[ui.join("package-lock.json")], true, || {
        eprintln!("    install the page's modules (npm ci)");
        tools::run(ui, "npm", &["ci", "--loglevel", "error", "--no-audit", "--no-fund"])
    })?;
    let inputs = tools::files_below(ui)?;
    once_for(&memory.join("built"), &inputs, ui.join("dist/index.html").exists(), || {
        eprintln!("    build the page (npm run build)");
        tools::run(ui, "npm", &["run", "--silent", "build"])
    })
}

/// Does the work unless `result_is_there` and it was last done for the same contents of `inputs`.
fn once_for(
    memory: &Path,
    inputs: &[PathBuf],
    result_is_there: bool,
    work: impl FnOnce() -> Result<(), TaskError>,
) -> Result<(), TaskError> {
    let hash = hash(inputs)?;
    if result_is_there && fs::read_to_string(memory).is_ok_and(|last| last == hash) {
        return Ok(());
    }
    work()?;
    let failed = |source| TaskError::Write { path: memory.to_owned(), source };
    if let Some(folder) = memory.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(memory, hash).map_err(failed)
}

/// Tells changes apart; not meant to withstand an attacker.
fn hash(inputs: &[PathBuf]) -> Result<String, TaskError> {
    let mut hasher = DefaultHasher::new();
    for path in inputs {
        let bytes = fs::read(path).map_err(|source| TaskError::Read { path: path.clone(), source })?;
        hasher.write(path.as_os_str().as_encoded_bytes());
        hasher.write_usize(bytes.len());
        hasher.write(&bytes);
    }
    Ok(format!("{:016x}", hasher.finish()))
}
