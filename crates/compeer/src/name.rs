//! Names as people mean them: one letter can be written as one character or as a base and an accent, by keyboard and
//! system, and looks the same (Unicode Standard Annex 15). Comparing composes both sides; nothing stored is changed.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// The text with every letter composed (NFC).
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfc().collect())
}

/// Whether two names are one to whoever reads them.
pub(crate) fn same(one: &str, other: &str) -> bool {
    composed(one) == composed(other)
}

/// Whether a file of the list lies below a folder of it.
pub(crate) fn is_below(name: &str, folder: &str) -> bool {
    let rest = |name: &str, folder: &str| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    rest(&composed(name), &composed(folder.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_ways_to_write_a_letter_are_one_name() {
        let (one, two) = ("Pläne/Übersicht.pdf", "Pla\u{308}ne/U\u{308}bersicht.pdf");
        assert!(one != two && same(one, two));
        assert!(is_below(one, "Pla\u{308}ne") && is_below(two, "Pläne/"));
        assert!(!same("Plane", "Pläne") && !is_below(one, "Plane") && !is_below(one, "Pl") && !is_below(one, one));
    }

    /// A letter, an accent, or something that may stand in a name beside them.
    fn name() -> impl Strategy<Value = String> {
        let char = prop_oneof![
            Just('/'),
            proptest::sample::select(vec!['a', 'e', 'o', 'ä', 'é', 'ệ', '한', '가', 'Å']),
            proptest::sample::select(vec!['\u{301}', '\u{308}', '\u{323}', '\u{302}', '\u{11a8}', '\u{338}']),
            any::<char>(),
        ];
        proptest::collection::vec(char, 0..12).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn the_form_of_a_name_makes_no_difference(name in name(), other in name()) {
            let (nfc, nfd): (String, String) = (name.nfc().collect(), name.nfd().collect());
            prop_assert!(same(&nfc, &nfd) && same(&name, &nfd) && same(&name, &nfc));
            prop_assert_eq!(same(&name, &other), same(&nfd, &other));
            prop_assert_eq!(is_below(&name, &other), is_below(&nfd, &other));
            prop_assert_eq!(is_below(&other, &name), is_below(&other, &nfd));
        }

        #[test]
        fn what_is_put_into_a_folder_lies_in_it(folder in name(), file in name()) {
            let below = format!("{}/{file}", folder.trim_end_matches('/'));
            prop_assert!(is_below(&below, &folder.nfd().collect::<String>()));
            prop_assert!(is_below(&below.nfd().collect::<String>(), &folder));
        }
    }
}
