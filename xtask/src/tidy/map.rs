//! `docs/architecture.md` names every crate there is, and none that is not: `crates/NAME` is a crate's name there.

use super::{Finding, arrows::Package};

pub(super) const PATH: &str = "docs/architecture.md";

/// `text` is the page's text, if there is such a page.
pub(super) fn check(text: Option<&str>, packages: &[Package]) -> Vec<Finding> {
    let Some(text) = text else {
        return vec![Finding::new(
            PATH,
            0,
            "the map of the house is missing: write it, naming each crate as crates/NAME",
        )];
    };
    let mut findings = Vec::new();
    let mut named = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for crate_folder in mentions(line) {
            if !packages.iter().any(|package| package.folder == crate_folder) {
                let what = format!("{crate_folder} does not exist: remove it from the map, or create it");
                findings.push(Finding::new(PATH, number + 1, what));
            }
            named.push(crate_folder);
        }
    }
    for package in packages {
        if package.folder.starts_with("crates/") && !named.contains(&package.folder) {
            let what = format!("{} is not on the map: say what it is for and what it must never do", package.folder);
            findings.push(Finding::new(PATH, 0, what));
        }
    }
    findings
}

/// Every `crates/NAME` in a line.
fn mentions(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, prefix) in line.match_indices("crates/") {
        let rest = &line[start + prefix.len()..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
        if end > 0 {
            found.push(line[start..start + prefix.len() + end].to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(text: Option<&str>, expected: &[&str]) {
        let package = |name: &str| Package { name: String::new(), folder: name.to_owned(), arrows: Vec::new() };
        let findings = check(text, &[package("crates/core"), package("crates/mesh"), package("xtask")]);
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn names_what_exists() {
        check_text(Some("`crates/core` and [mesh](../crates/mesh/src/lib.rs), below `crates/`."), &[]);
    }

    #[test]
    fn a_missing_page_is_one_finding() {
        check_text(
            None,
            &["docs/architecture.md:1: the map of the house is missing: write it, naming each crate as crates/NAME"],
        );
    }

    #[test]
    fn a_crate_that_is_gone_and_one_that_is_not_named() {
        check_text(
            Some("# Map\ncrates/core, crates/grid"),
            &[
                "docs/architecture.md:2: crates/grid does not exist: remove it from the map, or create it",
                "docs/architecture.md:1: crates/mesh is not on the map: say what it is for and what it must never do",
            ],
        );
    }
}
