//! File names that Windows, macOS and Linux can all hold, and that none of them takes for another one's.

use std::collections::{HashMap, HashSet};

use compeer_blobs::safe_path::{numbered_name, tame_everywhere};
use unicode_normalization::UnicodeNormalization as _;

/// Bytes of one name: a path of a few folders stays below the 260 characters that Windows takes.
const BYTES: usize = 100;

/// The names that were given away, by folder.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: HashSet<(String, String)>,
    /// What the folders of listed files became.
    folders: HashMap<(String, String), String>,
}

impl Names {
    /// A free name in `folder` that is as close to `wanted` as it can be. `suffix` goes with it, such as an extension.
    pub(crate) fn free(&mut self, folder: &str, wanted: &str, suffix: &str) -> String {
        let stem = portable(wanted, BYTES - suffix.len().min(BYTES / 2));
        let mut copy = 1;
        loop {
            // Without a suffix the name has an extension of its own, which stays the last.
            let name = match (suffix, copy) {
                (_, 1) => format!("{stem}{suffix}"),
                ("", _) => numbered_name(&stem, copy),
                _ => format!("{stem} ({copy}){suffix}"),
            };
            let name = tame_everywhere(&name);
            if self.taken.insert((folder.to_owned(), folded(&name))) {
                return name;
            }
            copy += 1;
        }
    }

    /// The path of a listed file below `root`: its folders are the same for all files in them.
    pub(crate) fn path(&mut self, root: &str, name: &str) -> String {
        let mut folder = root.to_owned();
        let mut parts: Vec<&str> = name.split('/').collect();
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            let key = (folder.clone(), part.to_owned());
            let held = match self.folders.get(&key) {
                Some(held) => held.clone(),
                None => {
                    let held = self.free(&folder, part, "");
                    self.folders.insert(key, held.clone());
                    held
                }
            };
            folder = format!("{folder}/{held}");
        }
        let name = self.free(&folder, last, "");
        format!("{folder}/{name}")
    }
}

/// What names are compared by where case and composition do not count.
fn folded(name: &str) -> String {
    name.nfkc().collect::<String>().to_uppercase()
}

/// A name that every system can hold, of at most `bytes` bytes.
fn portable(name: &str, bytes: usize) -> String {
    let name: String = name.nfc().collect();
    let tamed = tame_everywhere(name.trim().trim_start_matches('.'));
    if tamed.len() <= bytes {
        return tamed;
    }
    let (stem, extension) = match tamed.rfind('.').filter(|at| tamed.len() - at <= 16) {
        Some(at) => tamed.split_at(at),
        None => (tamed.as_str(), ""),
    };
    let mut stem = stem.to_owned();
    while stem.len() + extension.len() > bytes {
        stem.pop();
    }
    tame_everywhere(&format!("{}{extension}", stem.trim_end()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_portable(name: &str) -> bool {
        const DEVICES: [&str; 8] = ["con", "prn", "aux", "nul", "com1", "lpt9", "conin$", "conout$"];
        let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
        !name.is_empty()
            && name.len() <= 255
            && !name.contains(['<', '>', ':', '"', '/', '\\', '|', '?', '*'])
            && !name.chars().any(char::is_control)
            && !name.ends_with(['.', ' '])
            && !name.starts_with('.')
            && !DEVICES.contains(&stem.as_str())
    }

    proptest! {
        #[test]
        fn any_name_can_be_held_everywhere(wanted in prop::collection::vec("\\PC{0,300}|[A-Za-z .:/\\\\]{0,12}|(con|NUL|Com1|lpt9)(\\.txt)?[ .]*", 1..12)) {
            let mut names = Names::default();
            let mut taken = HashSet::new();
            for wanted in &wanted {
                for suffix in ["", ".excalidraw"] {
                    let name = names.free("boards", wanted, suffix);
                    prop_assert!(is_portable(&name), "{wanted:?} became {name:?}");
                    prop_assert!(name.ends_with(suffix));
                    let folded = name.nfd().collect::<String>().to_lowercase();
                    prop_assert!(taken.insert(folded), "{name:?} is there already");
                }
            }
        }

        #[test]
        fn paths_stay_below_their_root(name in "(\\PC{0,20}/){0,5}\\PC{0,20}|(\\.\\./){1,3}etc") {
            let path = Names::default().path("files", &name);
            prop_assert!(path.starts_with("files/"));
            prop_assert!(path.split('/').all(is_portable), "{name:?} became {path:?}");
        }
    }

    #[test]
    fn folders_are_shared_and_names_told_apart() {
        let mut names = Names::default();
        assert_eq!(names.path("files", "Plans/a.pdf"), "files/Plans/a.pdf");
        assert_eq!(names.path("files", "Plans/A.pdf"), "files/Plans/A (2).pdf");
        assert_eq!(names.path("files", "plans/b.pdf"), "files/plans (2)/b.pdf");
        assert_eq!(names.path("files", "Plans/c.pdf"), "files/Plans/c.pdf");
        assert_eq!(names.free("boards", "caf\u{e9}", ".svg"), "caf\u{e9}.svg");
        assert_eq!(names.free("boards", "cafe\u{301}", ".svg"), "caf\u{e9} (2).svg");
    }
}
