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
        "c:\\x",
        "a\\b",
        "\\\\server\\share",
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
        "COM10",
        "日本語/ファイル.txt",
        "a b",
        " lead",
        "e\u{301}",
    ] {
        assert_eq!(join(Path::new("/base"), name).expect(name), Path::new("/base").join(name));
    }
}

/// What somebody on another system may well have is never refused. Where it can be held, it keeps its name.
#[test]
fn names_that_only_windows_cannot_hold() {
    let (full, deep) = ("x".repeat(MAX_COMPONENT), vec!["d"; MAX_DEPTH].join("/"));
    for name in ["CON", "a/aux.tar.gz", "a:b", "C:/x", "end./space ", "why?", "...", &full, &deep] {
        assert!(components(System::Windows, name).is_ok(), "{name:?}");
        let expected: Vec<_> = name.split('/').collect();
        assert_eq!(components(System::Unix, name).expect(name), expected);
    }
    let held = components(System::Windows, "C:/aux.h/why?").expect("held");
    assert_eq!(held, ["C_", "_aux.h", "why_"]);
}

#[test]
fn a_path_is_no_component() {
    for name in ["a/b", "../../outside", "/", "a\\b", "..", ""] {
        assert!(check_component(name).is_err(), "{name:?}");
    }
}

#[test]
fn a_long_name_gets_a_number_that_fits() {
    for (name, ending) in [("x".repeat(255), "x (10000)"), ("ü".repeat(126) + ".md", "ü (10000).md")] {
        let path = numbered(Path::new("/d").join(&name).as_path(), 10_000);
        let numbered = path.file_name().and_then(OsStr::to_str).expect("a name");
        assert!(numbered.len() <= MAX_COMPONENT && numbered.ends_with(ending), "{numbered}");
        assert!(check_component(numbered).is_ok());
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
fn folders_are_made_and_files_in_the_way_are_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = Folders::below(dir.path()).prepare("a/b/c.txt").expect("prepared");
    fs::write(&path, "x").expect("writes");
    assert!(Folders::below(dir.path()).prepare("a/b/d.txt").is_ok());
    assert!(matches!(Folders::below(dir.path()).prepare("a/b/c.txt/d"), Err(SafePathError::NotAFolder(_))));
}

#[cfg(unix)]
#[test]
fn links_on_the_way_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let outside = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(outside.path(), dir.path().join("out")).expect("links");
    std::os::unix::fs::symlink("/nowhere", dir.path().join("dangling")).expect("links");
    assert!(matches!(Folders::below(dir.path()).prepare("out/a.txt"), Err(SafePathError::Link(_))));
    assert!(matches!(Folders::below(dir.path()).prepare("dangling/a.txt"), Err(SafePathError::Link(_))));
}

#[test]
fn tamed_names_are_valid() {
    for (name, unix, windows) in [
        ("a/b", "a_b", "a_b"),
        ("..", "_", "_"),
        ("CON", "CON", "_CON"),
        ("C:\\x", "C:_x", "C__x"),
        ("end. ", "end. ", "end._"),
        ("", "_", "_"),
        ("fine.txt", "fine.txt", "fine.txt"),
    ] {
        assert_eq!(tame_for(System::Unix, name), unix, "{name:?}");
        assert_eq!(tame_for(System::Windows, name), windows, "{name:?}");
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
        if let Ok(held) = components(System::Windows, &name) {
            for component in held {
                prop_assert!(check_component(&component).is_ok(), "{:?} from {:?}", component, name);
                prop_assert_eq!(System::Windows.held(&component), component.as_ref());
            }
        }
    }

    #[test]
    fn whatever_is_tamed_is_valid(name in any::<String>()) {
        for system in [System::Unix, System::Windows] {
            let tamed = tame_for(system, &name);
            prop_assert!(check_component(&tamed).is_ok(), "{:?} from {:?}", tamed, name);
            prop_assert_eq!(system.held(&tamed), tamed.as_str());
        }
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
