//! What every source file keeps to: a head line, a size a person can hold in mind, no `unsafe`, no `unwrap()`.

use super::{
    Finding,
    mask::{code_only, test_code},
};
use std::collections::HashSet;

const MOST_LINES: usize = 800;

/// Files that may use `unsafe`, each with a comment there that says why. None yet.
const UNSAFE_ALLOWED: [&str; 0] = [];

/// A file, with its path from the workspace's folder.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

/// Rust and TypeScript that people wrote.
pub(super) fn is_source(path: &str) -> bool {
    let written = !path.contains(".gen.");
    written && [".rs", ".ts", ".tsx"].iter().any(|ending| path.ends_with(ending))
}

pub(super) fn check(files: &[Source]) -> Vec<Finding> {
    let codes: Vec<String> =
        files.iter().map(|file| if is_rust(file) { code_only(&file.text) } else { String::new() }).collect();
    let test_files = test_files(files, &codes);
    let mut findings = Vec::new();
    for (file, code) in files.iter().zip(&codes) {
        findings.extend(check_size(file));
        if is_rust(file) {
            findings.extend(check_head(file));
            findings.extend(check_unsafe(file, code));
            if !test_files.contains(file.path.as_str()) {
                findings.extend(check_unwrap(file, code));
            }
        }
    }
    findings
}

fn is_rust(file: &Source) -> bool {
    file.path.ends_with(".rs")
}

fn check_size(file: &Source) -> Option<Finding> {
    let lines = file.text.lines().count();
    (lines > MOST_LINES).then(|| {
        Finding::new(
            &file.path,
            MOST_LINES + 1,
            format!("{lines} lines, more than {MOST_LINES}: split it by what its parts do"),
        )
    })
}

fn check_head(file: &Source) -> Option<Finding> {
    let is_module = file.path.contains("/src/");
    (is_module && !file.text.starts_with("//!"))
        .then(|| Finding::new(&file.path, 1, "the first line is not `//!`: say in a line what this module is for"))
}

fn check_unsafe(file: &Source, code: &str) -> Vec<Finding> {
    if UNSAFE_ALLOWED.contains(&file.path.as_str()) {
        return Vec::new();
    }
    let what = "`unsafe` outside the named files: find a safe way, or name the file in xtask/src/tidy/sources.rs with the reason";
    words(code, "unsafe").map(|at| Finding::new(&file.path, line_of(code, at), what)).collect()
}

fn check_unwrap(file: &Source, code: &str) -> Vec<Finding> {
    let tests = test_code(code);
    let what = "`unwrap()` outside tests: return an error that names the cause";
    code.match_indices(".unwrap()")
        .filter(|(at, _)| !tests.ranges.iter().any(|range| range.contains(at)))
        .map(|(at, _)| Finding::new(&file.path, line_of(code, at), what))
        .collect()
}

/// Files that are tests as a whole: by their folder, their name, or because their parent says `#[cfg(test)] mod x;`.
fn test_files<'a>(files: &'a [Source], codes: &[String]) -> HashSet<&'a str> {
    let mut roots = Vec::new();
    for (file, code) in files.iter().zip(codes) {
        for module in test_code(code).modules {
            roots.push(format!("{}/{module}", modules_folder(&file.path)));
        }
    }
    let is_test = |path: &str| {
        path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples" | "tests.rs"))
            || roots
                .iter()
                .any(|root| path.strip_prefix(root).is_some_and(|rest| rest == ".rs" || rest.starts_with('/')))
    };
    files.iter().map(|file| file.path.as_str()).filter(|path| is_test(path)).collect()
}

/// Where the modules that a file declares lie.
fn modules_folder(path: &str) -> &str {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "mod.rs" | "lib.rs" | "main.rs" => folder,
        _ => path.trim_end_matches(".rs"),
    }
}

/// Where `word` stands in the code as a whole word.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part_of_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        !part_of_word(before) && !part_of_word(bytes.get(at + word.len()))
    })
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks `files` (path and text); each expectation is the beginning of a finding's line.
    #[track_caller]
    fn check_files(files: &[(&str, &str)], expected: &[&str]) {
        let files: Vec<Source> =
            files.iter().map(|(path, text)| Source { path: (*path).to_owned(), text: (*text).to_owned() }).collect();
        let lines: Vec<String> = check(&files).iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), expected.len(), "{lines:#?}");
        for (line, expected) in lines.iter().zip(expected) {
            assert!(line.starts_with(expected), "{line}\n  should begin with\n{expected}");
        }
    }

    #[test]
    fn sources_are_what_people_wrote() {
        assert!(is_source("crates/core/src/lib.rs"));
        assert!(is_source("ui/src/shell/App.tsx"));
        assert!(!is_source("ui/src/api/schema.gen.ts"));
        assert!(!is_source("ui/package.json"));
    }

    #[test]
    fn a_module_begins_with_what_it_is_for() {
        check_files(&[("crates/core/src/id.rs", "//! Ids.\n")], &[]);
        check_files(
            &[("crates/core/src/id.rs", "use std::io;\n//! Ids.\n")],
            &["crates/core/src/id.rs:1: the first line"],
        );
        check_files(&[("crates/core/src/id.rs", "")], &["crates/core/src/id.rs:1: the first line"]);
        check_files(&[("crates/core/tests/all.rs", "mod a;\n"), ("ui/src/main.tsx", "export {};\n")], &[]);
    }

    #[test]
    fn a_file_has_at_most_800_lines() {
        check_files(&[("ui/src/a.ts", &"x\n".repeat(800))], &[]);
        check_files(&[("ui/src/a.ts", &"x\n".repeat(801))], &["ui/src/a.ts:801: 801 lines, more than 800"]);
    }

    #[test]
    fn unsafe_needs_a_named_file() {
        let path = "crates/mesh/src/lib.rs";
        check_files(&[(path, "//! unsafe\n#![deny(unsafe_code)]\nconst A: &str = \"unsafe\";\n")], &[]);
        check_files(&[(path, "//! A\nfn f() {\n    unsafe { g() }\n}\n")], &["crates/mesh/src/lib.rs:3: `unsafe`"]);
    }

    #[test]
    fn unwrap_is_for_tests() {
        let path = "crates/mesh/src/lib.rs";
        check_files(&[(path, "//! A\nfn f() { g().unwrap() }\n")], &["crates/mesh/src/lib.rs:2: `unwrap()`"]);
        check_files(&[(path, "//! A .unwrap()\nfn f() { g().unwrap_or(1) }\n")], &[]);
        check_files(&[(path, "//! A\n#[cfg(test)]\nmod tests {\n    fn f() { g().unwrap() }\n}\n")], &[]);
        check_files(&[("crates/mesh/tests/all.rs", "fn f() { g().unwrap() }\n")], &[]);
    }

    #[test]
    fn a_module_under_cfg_test_is_a_test_file() {
        let unwrap = "//! A\nfn f() { g().unwrap() }\n";
        check_files(
            &[("crates/a/src/b.rs", "//! B\n#[cfg(test)]\nmod table;\n"), ("crates/a/src/b/table.rs", unwrap)],
            &[],
        );
        check_files(
            &[("crates/a/src/lib.rs", "//! B\n#[cfg(test)]\nmod table;\n"), ("crates/a/src/tables.rs", unwrap)],
            &["crates/a/src/tables.rs:2: `unwrap()`"],
        );
    }
}
