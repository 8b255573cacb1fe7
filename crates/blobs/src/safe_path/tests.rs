//! Names as tables, links on a real disk, and no name that escapes.

use std::path::Component;

use proptest::prelude::*;

use super::*;

#[test]
fn names_that_are_refused() {
    let long = "x".repeat(MAX_COMPONENT + 1);
    let deep = vec!["d"; MAX_DEPTH + 1].join("/");
    for name in [
        "",
        "/",
        "/etc/passwd",
        "..",
        ".",
        "a/../b",
        "../a",
        "a/.",
        "a//b",
        "a/",
        "C:",
        "c:\\x",
        "C:/x",
        "a\\b",
        "\\\\server\\share",
        "nul",
        "NUL.txt",
        "Con",
        "a/aux.tar.gz",
        "COM1",
        "lpt9.x",
        "COM\u{B9}",
        "con .txt",
        "dot.",
        "space ",
        "a./b",
        "a\0b",
        "a\nb",
        "\u{7f}",
        "a\u{85}b",
        "photo\u{202e}gpj.exe",
        &long,
        &deep,
    ] {
        assert!(join(Path::new("/base"), name).is_err(), "{name:?}");
    }
}

#[test]
fn names_that_are_fine() {
    for name in [
        "a",
        "a/b/c.txt",
        "..a",
        "a..b",
        ".profile",
        "Übersicht 2024 (final).pdf",
        "con sole.txt",
        "common",
        "COM",
        "COM10",
        "日本語/ファイル.txt",
        "a b",
        " lead",
        "e\u{301}",
    ] {
        assert_eq!(join(Path::new("/base"), name).expect(name), Path::new("/base").join(name));
    }
}

#[test]
fn copies_keep_their_extension() {
    for (path, copy, expected) in [
        ("/d/a.txt", 1, "/d/a.txt"),
        ("/d/a.txt", 2, "/d/a (2).txt"),
        ("/d/a.tar.gz", 3, "/d/a (3).tar.gz"),
        ("/d/.profile", 2, "/d/.profile (2)"),
        ("/d/plain", 2, "/d/plain (2)"),
        ("/d/.tar.gz", 2, "/d/.tar (2).gz"),
    ] {
        assert_eq!(numbered(Path::new(path), copy), Path::new(expected));
    }
}

#[test]
fn the_first_free_name_is_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("a.txt");
    assert_eq!(free(&path).expect("free"), path);
    fs::write(&path, "1").expect("writes");
    fs::write(dir.path().join("a (2).txt"), "2").expect("writes");
    assert_eq!(free(&path).expect("free"), dir.path().join("a (3).txt"));
}

#[test]
fn folders_are_made_and_files_in_the_way_are_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = prepare(dir.path(), "a/b/c.txt").expect("prepared");
    fs::write(&path, "x").expect("writes");
    assert!(prepare(dir.path(), "a/b/d.txt").is_ok());
    assert!(matches!(prepare(dir.path(), "a/b/c.txt/d"), Err(SafePathError::NotAFolder(_))));
}

#[cfg(unix)]
#[test]
fn links_on_the_way_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let outside = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(outside.path(), dir.path().join("out")).expect("links");
    std::os::unix::fs::symlink("/nowhere", dir.path().join("dangling")).expect("links");
    assert!(matches!(prepare(dir.path(), "out/a.txt"), Err(SafePathError::Link(_))));
    assert!(matches!(prepare(dir.path(), "dangling/a.txt"), Err(SafePathError::Link(_))));
    // The name itself may be taken by a link: `free` steps aside, and a rename replaces the link, not its target.
    assert_eq!(free(&dir.path().join("dangling")).expect("free"), dir.path().join("dangling (2)"));
}

#[test]
fn tamed_names_are_valid() {
    for (name, expected) in [
        ("a/b", "a_b"),
        ("..", "_"),
        ("CON", "_CON"),
        ("C:\\x", "C__x"),
        ("end. ", "end"),
        ("", "_"),
        ("fine.txt", "fine.txt"),
    ] {
        assert_eq!(tame(name), expected, "{name:?}");
    }
    let tamed = tame(&format!("{}.jpeg", "ü".repeat(300)));
    assert!(tamed.ends_with(".jpeg") && check_component(&tamed).is_ok());
}

proptest! {
    #[test]
    fn whatever_is_accepted_stays_inside(name in "\\PC{0,40}|[a-c./\\\\: ]{0,12}") {
        if let Ok(path) = join(Path::new("/base"), &name) {
            let below = path.strip_prefix("/base").expect("inside");
            prop_assert!(below.components().all(|part| matches!(part, Component::Normal(_))));
            prop_assert!(below.components().count() >= 1);
        }
    }

    #[test]
    fn whatever_is_tamed_is_valid(name in any::<String>()) {
        let tamed = tame(&name);
        prop_assert!(check_component(&tamed).is_ok(), "{:?} from {:?}", tamed, name);
    }
}

#[test]
fn fuzz_file_names() {
    let seeds = ["a/b/c.txt", "Übersicht 2024 (final).pdf", "con sole.tar.gz", "日本語/ファイル.txt", "..a/.b"];
    compeer_testkit::fuzz::run(&seeds.map(|name| name.as_bytes().to_vec()), |bytes| {
        let Ok(name) = std::str::from_utf8(bytes) else { return false };
        assert!(check_component(&tame(name)).is_ok(), "{name:?}");
        let Ok(path) = join(Path::new("/base"), name) else { return false };
        let below = path.strip_prefix("/base").expect("inside");
        assert!(below.components().all(|part| matches!(part, Component::Normal(_))), "{name:?}");
        assert_eq!(below.components().count(), name.split('/').count(), "{name:?}");
        assert_eq!(numbered(&path, 2).parent(), path.parent(), "{name:?}");
        true
    });
}
