//! Which names a system can hold, among those that are no danger to any.

use std::borrow::Cow;

use super::MAX_COMPONENT;

/// A system with rules of its own for names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    /// Holds every name without a slash: Linux, macOS.
    Unix,
    /// Keeps some names and characters for itself, and drops dots and spaces at the end of a name. See "Naming Files,
    /// Paths, and Namespaces" in the documentation of Windows.
    Windows,
}

/// Names that Windows gives to devices, with any extension and in any case.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

impl System {
    /// The one that this program runs on.
    pub(super) const HERE: Self = if cfg!(windows) { Self::Windows } else { Self::Unix };

    /// `name` if the system can hold it, or else the closest name that it can. `name` is of a length that all can hold,
    /// and so is the result.
    pub(super) fn held(self, name: &str) -> Cow<'_, str> {
        if self == Self::Unix || can_windows_hold(name) {
            return Cow::Borrowed(name);
        }
        let mut held: String = name.chars().map(|c| if is_kept_by_windows(c) { '_' } else { c }).collect();
        if is_device(&held) {
            held.insert(0, '_');
            if held.len() > MAX_COMPONENT {
                held.pop();
            }
        }
        if held.ends_with(['.', ' ']) {
            held.pop();
            held.push('_');
        }
        Cow::Owned(held)
    }
}

fn can_windows_hold(name: &str) -> bool {
    !name.contains(is_kept_by_windows) && !name.ends_with(['.', ' ']) && !is_device(name)
}

fn is_kept_by_windows(c: char) -> bool {
    matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    if DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device)) {
        return true;
    }
    // COM1 to COM9 and LPT1 to LPT9, also with superscript digits.
    let mut chars = stem.chars();
    let prefix: String = chars.by_ref().take(3).collect();
    let numbered = prefix.eq_ignore_ascii_case("COM") || prefix.eq_ignore_ascii_case("LPT");
    let digit = chars.next().is_some_and(|c| matches!(c, '0'..='9' | '\u{B9}' | '\u{B2}' | '\u{B3}'));
    numbered && digit && chars.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_gets_names_that_it_can_hold() {
        for (name, expected) in [
            ("plan.pdf", "plan.pdf"),
            ("con sole.txt", "con sole.txt"),
            ("COM10", "COM10"),
            ("CON", "_CON"),
            ("aux.tar.gz", "_aux.tar.gz"),
            ("con .txt", "_con .txt"),
            ("lpt\u{B9}", "_lpt\u{B9}"),
            ("conin$", "_conin$"),
            ("C:", "C_"),
            ("a:b", "a_b"),
            ("why?*.txt", "why__.txt"),
            ("end.", "end_"),
            ("end. ", "end._"),
            ("...", ".._"),
            ("nul ", "_nul_"),
        ] {
            let held = System::Windows.held(name);
            assert_eq!(held, expected, "{name:?}");
            assert!(can_windows_hold(&held), "{held:?}");
            assert_eq!(System::Unix.held(name), name);
        }
    }

    #[test]
    fn a_name_that_is_full_has_room_all_the_same() {
        let name = format!("CON.{}", "x".repeat(251));
        assert_eq!(System::Windows.held(&name).len(), 255);
    }
}
