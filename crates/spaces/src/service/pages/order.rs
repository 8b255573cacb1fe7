//! Places among siblings: texts between any two of which there is another ("fractional indexing": David Greenspan, Observable,
//! and the form of Rocicorp's `fractional-indexing`, which the page makes them with).
//!
//! A key is a whole number and digits after it. How many digits the whole number has is said by its first letter: `a` one, `b`
//! two, and so on; below zero `Z` one, `Y` two. Keys sort as texts do.

/// The digits, in their order.
const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A place after the last one. One that is none of these goes on with another digit.
pub(super) fn after(last: Option<&str>) -> String {
    let Some(last) = last.filter(|last| !last.is_empty()) else { return "a0".into() };
    next(last).unwrap_or_else(|| format!("{last}V"))
}

/// The next whole number.
fn next(key: &str) -> Option<String> {
    let (head, digits) = key.as_bytes().split_first()?;
    let count = match head {
        b'a'..=b'z' => usize::from(head - b'a') + 1,
        b'A'..=b'Z' => usize::from(b'Z' - head) + 1,
        _ => return None,
    };
    let mut digits = digits.get(..count)?.to_vec();
    for digit in digits.iter_mut().rev() {
        let at = DIGITS.iter().position(|known| known == digit)?;
        match DIGITS.get(at + 1) {
            Some(more) => {
                *digit = *more;
                return String::from_utf8([&[*head], &digits[..]].concat()).ok();
            }
            None => *digit = DIGITS[0],
        }
    }
    // All digits were the highest.
    match head {
        b'Z' => Some("a0".into()),
        b'z' => None,
        b'a'..=b'y' => String::from_utf8([&[head + 1], &digits[..], &DIGITS[..1]].concat()).ok(),
        _ => String::from_utf8([&[head + 1], &digits[1..]].concat()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_sorts_after() {
        for (last, wanted) in [
            ("a0", "a1"),
            ("a9", "aA"),
            ("az", "b00"),
            ("bzz", "c000"),
            ("Zz", "a0"),
            ("Yzz", "Z0"),
            ("a0V", "a1"),
            ("!", "!V"),
        ] {
            assert_eq!(after(Some(last)), wanted);
            assert!(wanted > last, "{last}");
        }
        assert_eq!(after(None), "a0");
        let mut key = after(None);
        for _ in 0..10_000 {
            let more = after(Some(&key));
            assert!(more > key, "{key} {more}");
            key = more;
        }
        assert!(key.len() < 6);
    }
}
