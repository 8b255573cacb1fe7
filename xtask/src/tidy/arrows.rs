//! Which crate may depend on which: arrows point down only, and crates on one floor never know each other.

use super::Finding;
use crate::error::TaskError;
use serde_json::Value;

/// The floors of the house (docs/architecture.md). A crate depends only on crates of lower floors.
const FLOORS: [(&str, u8); 13] = [
    ("compeer-core", 0),
    ("compeer-mesh", 1),
    ("compeer-blobs", 1),
    ("compeer-journal", 2),
    ("compeer-company", 3),
    ("compeer-spaces", 3),
    ("compeer-files", 3),
    ("compeer-rollout", 3),
    ("compeer-grid", 3),
    ("compeer-flows", 3),
    ("compeer-sites", 3),
    ("compeer-balance", 3),
    ("compeer", 4),
];

/// Stands beside the house: others use it in their tests only, and it may use the floors below the capabilities.
const TESTKIT: &str = "compeer-testkit";
const TESTKIT_SEES: u8 = 2;

/// Stands outside the house, so that it builds while the house does not.
const XTASK: &str = "xtask";

/// A package of this workspace, and those of its dependencies that lie in the workspace too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    /// Its folder, relative to the workspace: `crates/core`.
    pub(super) folder: String,
    pub(super) arrows: Vec<Arrow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrow {
    pub(super) to: String,
    /// Used by tests and benchmarks only.
    pub(super) dev: bool,
}

/// Reads the output of `cargo metadata --no-deps --format-version 1`.
pub(super) fn packages(metadata: &[u8]) -> Result<Vec<Package>, TaskError> {
    let metadata: Value =
        serde_json::from_slice(metadata).map_err(|source| TaskError::Json { what: "cargo metadata", source })?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let root = text(&metadata["workspace_root"]);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut packages = Vec::new();
    for package in list(&metadata["packages"]) {
        let manifest = text(&package["manifest_path"]);
        let folder = manifest.strip_prefix(&root).unwrap_or(&manifest).trim_end_matches("Cargo.toml").trim_matches('/');
        let arrows = list(&package["dependencies"])
            .iter()
            .filter(|dependency| dependency["path"].is_string())
            .map(|dependency| Arrow { to: text(&dependency["name"]), dev: dependency["kind"] == "dev" })
            .collect();
        packages.push(Package { name: text(&package["name"]), folder: folder.to_owned(), arrows });
    }
    Ok(packages)
}

pub(super) fn check(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let manifest = format!("{}/Cargo.toml", package.folder);
        if package.name != TESTKIT && package.name != XTASK && floor(&package.name).is_none() {
            let what = format!("{} stands on no floor: give it one in xtask/src/tidy/arrows.rs", package.name);
            findings.push(Finding::new(manifest.clone(), 0, what));
            continue;
        }
        for arrow in &package.arrows {
            if let Some(why) = forbidden(&package.name, arrow) {
                findings.push(Finding::new(manifest.clone(), 0, format!("{} -> {}: {why}", package.name, arrow.to)));
            }
        }
    }
    findings
}

fn forbidden(from: &str, arrow: &Arrow) -> Option<String> {
    if from == XTASK || arrow.to == XTASK {
        return Some("xtask neither uses nor serves the other crates: remove the dependency".to_owned());
    }
    if arrow.to == TESTKIT {
        return (!arrow.dev).then(|| "testkit is for tests: move it to [dev-dependencies]".to_owned());
    }
    // A dependency on no floor is reported at its own manifest.
    let below = floor(&arrow.to)?;
    if from == TESTKIT {
        return (below > TESTKIT_SEES)
            .then(|| format!("testkit uses floors 0 to {TESTKIT_SEES}: move the helper to that crate's own tests"));
    }
    let above = floor(from)?;
    (below >= above).then(|| {
        format!(
            "arrows point down, and this goes from floor {above} to floor {below}: move what is shared further down"
        )
    })
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, arrows: &[(&str, bool)]) -> Package {
        let arrows = arrows.iter().map(|(to, dev)| Arrow { to: (*to).to_owned(), dev: *dev }).collect();
        Package { name: name.to_owned(), folder: format!("crates/{}", name.trim_start_matches("compeer-")), arrows }
    }

    #[track_caller]
    fn check_one(name: &str, to: &str, dev: bool, allowed: bool) {
        let findings = check(&[package(name, &[(to, dev)])]);
        assert_eq!(findings.is_empty(), allowed, "{name} -> {to} (dev: {dev}): {findings:?}");
    }

    #[test]
    fn arrows_point_down() {
        check_one("compeer-journal", "compeer-core", false, true);
        check_one("compeer", "compeer-spaces", false, true);
        check_one("compeer-core", "compeer-mesh", false, false);
        check_one("compeer-core", "compeer-mesh", true, false);
        check_one("compeer-spaces", "compeer", false, false);
    }

    #[test]
    fn neighbours_do_not_know_each_other() {
        check_one("compeer-blobs", "compeer-mesh", false, false);
        check_one("compeer-spaces", "compeer-files", false, false);
        check_one("compeer-spaces", "compeer-files", true, false);
    }

    #[test]
    fn testkit_is_for_tests() {
        check_one("compeer-journal", "compeer-testkit", true, true);
        check_one("compeer-journal", "compeer-testkit", false, false);
        check_one("compeer-testkit", "compeer-journal", false, true);
        check_one("compeer-testkit", "compeer-spaces", false, false);
    }

    #[test]
    fn xtask_stands_alone() {
        check_one("xtask", "compeer-core", false, false);
        check_one("compeer", "xtask", true, false);
    }

    #[test]
    fn a_new_crate_needs_a_floor() {
        let findings = check(&[package("compeer-telepathy", &[])]);
        assert_eq!(
            findings[0].to_string(),
            "crates/telepathy/Cargo.toml:1: compeer-telepathy stands on no floor: give it one in xtask/src/tidy/arrows.rs"
        );
    }

    #[test]
    fn reads_cargo_metadata() {
        let metadata = br#"{"workspace_root": "/w", "packages": [{
            "name": "compeer-mesh", "manifest_path": "/w/crates/mesh/Cargo.toml", "dependencies": [
                {"name": "compeer-core", "path": "/w/crates/core", "kind": null},
                {"name": "compeer-testkit", "path": "/w/crates/testkit", "kind": "dev"},
                {"name": "tokio", "kind": null}]}]}"#;
        let expected = package("compeer-mesh", &[("compeer-core", false), ("compeer-testkit", true)]);
        assert_eq!(packages(metadata).unwrap(), [expected]);
    }
}
