//! `docs/architecture.md` names every crate there is, and none that is not. There, `crates/NAME` is a crate, and so is
//! a package's whole name in backticks.

use super::{Finding, arrows::Package};

pub(super) const PATH: &str = "docs/architecture.md";

/// `text` is the page's text, if there is such a page.
pub(super) fn check(text: Option<&str>, packages: &[Package]) -> Vec<Finding> {
    let Some(text) = text else {
        return vec![Finding::new(PATH, 0, "the map of the house is missing: write it, naming every crate there is")];
    };
    let mut findings = Vec::new();
    let mut named = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for name in folders(line).chain(names(line)) {
            match packages.iter().find(|package| package.folder == name || package.name == name) {
                Some(package) => named.push(package.name.as_str()),
                None => {
                    let what = format!("{name} does not exist: remove it from the map, or create it");
                    findings.push(Finding::new(PATH, number + 1, what));
                }
            }
        }
    }
    for package in packages.iter().filter(|package| !named.contains(&package.name.as_str())) {
        let what = format!("{} is not on the map: say what it is for and what it must never do", package.name);
        findings.push(Finding::new(PATH, 0, what));
    }
    findings
}

/// Every `crates/NAME` in a line.
fn folders(line: &str) -> impl Iterator<Item = &str> {
    const PREFIX: &str = "crates/";
    line.match_indices(PREFIX).filter_map(|(start, _)| {
        let rest = &line[start + PREFIX.len()..];
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
        (length > 0).then(|| &line[start..start + PREFIX.len() + length])
    })
}

/// Every package's name in backticks: `xtask`, `compeer` and what begins with `compeer-`.
fn names(line: &str) -> impl Iterator<Item = &str> {
    // Every second piece between backticks lies inside a pair of them.
    line.split('`').skip(1).step_by(2).filter(|word| {
        let is_name = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        is_name && (matches!(*word, "xtask" | "compeer") || word.starts_with("compeer-"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(text: Option<&str>, expected: &[&str]) {
        let package =
            |name: &str, folder: &str| Package { name: name.to_owned(), folder: folder.to_owned(), arrows: Vec::new() };
        let packages =
            [package("compeer-core", "crates/core"), package("compeer", "crates/compeer"), package("xtask", "xtask")];
        let findings = check(text, &packages);
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn names_what_exists() {
        check_text(
            Some("`compeer-core`: see [it](../crates/core/src/lib.rs), `compeer` below `crates/`, `xtask`."),
            &[],
        );
        check_text(Some("crates/core, crates/compeer, and `cargo xtask tidy` by `xtask`; run `compeer relay`."), &[]);
    }

    #[test]
    fn a_missing_page_is_one_finding() {
        check_text(
            None,
            &["docs/architecture.md:1: the map of the house is missing: write it, naming every crate there is"],
        );
    }

    #[test]
    fn a_crate_that_is_gone_and_one_that_is_not_named() {
        check_text(
            Some("# Map\ncrates/core, crates/grid, `xtask`\n`compeer-flows`"),
            &[
                "docs/architecture.md:2: crates/grid does not exist: remove it from the map, or create it",
                "docs/architecture.md:3: compeer-flows does not exist: remove it from the map, or create it",
                "docs/architecture.md:1: compeer is not on the map: say what it is for and what it must never do",
            ],
        );
    }
}
