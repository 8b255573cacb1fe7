//! Names of people and spaces, found by a few letters and in spite of a slip.

use compeer_core::GroupId;

use super::tokens::tokens;

/// How well a name fits. The smaller, the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// It is the name.
    Whole,
    /// Each word is one of the name's.
    Words,
    /// Each word begins one of the name's.
    Beginnings,
    /// The same, but for slips.
    Slips,
}

/// A name that something goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name<T> {
    /// Where it goes by it.
    pub(crate) space: GroupId,
    /// The person, the space itself, or the topic.
    pub(crate) of: T,
    pub(crate) name: String,
    words: Vec<Vec<char>>,
}

impl<T> Name<T> {
    pub(crate) fn new(space: GroupId, of: T, name: String) -> Self {
        let words = words(&name);
        Self { space, of, name, words }
    }

    /// How well the name fits what is asked for, if it does.
    pub(crate) fn fit(&self, asked: &[Vec<char>]) -> Option<Fit> {
        if asked.is_empty() {
            return None;
        }
        if self.words == asked {
            return Some(Fit::Whole);
        }
        let fits = asked.iter().map(|word| self.words.iter().filter_map(|own| fit(own, word)).min());
        fits.collect::<Option<Vec<Fit>>>()?.into_iter().max()
    }
}

/// The words of a name or of what is asked for.
pub(crate) fn words(text: &str) -> Vec<Vec<char>> {
    tokens(text).map(|token| token.word.chars().collect()).collect()
}

/// How well one word of a name fits one that was typed.
fn fit(own: &[char], typed: &[char]) -> Option<Fit> {
    if own == typed {
        Some(Fit::Words)
    } else if own.starts_with(typed) {
        Some(Fit::Beginnings)
    } else {
        (slips(typed, own) <= forgiven(typed.len())).then_some(Fit::Slips)
    }
}

/// Slips that are forgiven in a word of so many letters.
const fn forgiven(letters: usize) -> usize {
    match letters {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    }
}

/// The fewest slips between what was typed and the word, or a beginning of it that is about as long: a letter too many, too
/// few, another, or two swapped. (Optimal string alignment, the restricted Damerau-Levenshtein distance; Boytsov, "Indexing
/// methods for approximate dictionary searching", 2011.)
fn slips(typed: &[char], word: &[char]) -> usize {
    let most = forgiven(typed.len());
    if most == 0 || word.len() + most < typed.len() {
        return usize::MAX;
    }
    // What comes after a beginning that is longer by all the slips cannot make it any better.
    let word = &word[..word.len().min(typed.len() + most)];
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=word.len()).collect());
    for (row, typed_letter) in typed.iter().enumerate() {
        let mut now = vec![row + 1];
        for (column, letter) in word.iter().enumerate() {
            let mut best =
                (last[column] + usize::from(typed_letter != letter)).min(last[column + 1] + 1).min(now[column] + 1);
            if row > 0 && column > 0 && typed[row - 1] == *letter && *typed_letter == word[column - 1] {
                best = best.min(before[column - 1] + 1);
            }
            now.push(best);
        }
        before = std::mem::replace(&mut last, now);
    }
    last.into_iter().min().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: GroupId = GroupId::from_bytes([1; 32]);

    #[test]
    fn names_are_found_in_spite_of_slips() {
        use Fit::{Beginnings, Slips, Whole, Words};
        let table = [
            ("Ann Lee", "ann lee", Some(Whole)),
            ("Ann Lee", "lee", Some(Words)),
            ("Ann Lee", "lee ann", Some(Words)),
            ("Ann Lee", "l", Some(Beginnings)),
            ("Ann Lee", "le an", Some(Beginnings)),
            ("Ann Lee", "lea", None),
            ("Bo Tanaka", "tanka", Some(Slips)),
            ("Bo Tanaka", "tnaaka", Some(Slips)),
            ("Bo Tanaka", "tanakka", Some(Slips)),
            ("Bo Tanaka", "tamaka", Some(Slips)),
            ("Bo Tanaka", "timaka", None),
            ("Bo Tanaka", "bo timaka", None),
            ("Bo Tanaka", "bob", None),
            ("Harbour Quay", "habour", Some(Slips)),
            ("Harbour Quay", "hrab", Some(Slips)),
            ("Harbour Quay", "qaay", Some(Slips)),
            ("Harbour Quay", "qay", None),
            ("Wolfeschlegelstein", "wolfschlegelstien", Some(Slips)),
            ("Wolfeschlegelstein", "wolfshlegelstien", None),
            ("Müller", "mueller", Some(Slips)),
            ("Müller", "MULLER", Some(Whole)),
            ("Ørsted", "orsted", Some(Whole)),
            ("田中 太郎", "田中", Some(Words)),
            ("Ann", "", None),
            ("Ann", "-", None),
        ];
        for (name, asked, expected) in table {
            let fit = Name::new(SPACE, SPACE, name.into()).fit(&words(asked));
            assert_eq!(fit, expected, "{asked} for {name}");
        }
    }

    /// Beside the same distance by its definition.
    #[test]
    fn slips_are_counted_right() {
        fn distance(a: &[char], b: &[char]) -> usize {
            match (a, b) {
                ([], rest) | (rest, []) => rest.len(),
                ([.., a1], [.., b1]) => {
                    let (a_less, b_less) = (&a[..a.len() - 1], &b[..b.len() - 1]);
                    let mut best = (distance(a_less, b) + 1).min(distance(a, b_less) + 1);
                    best = best.min(distance(a_less, b_less) + usize::from(a1 != b1));
                    if let ([.., a2, _], [.., b2, _]) = (a, b)
                        && a1 == b2
                        && a2 == b1
                    {
                        best = best.min(distance(&a[..a.len() - 2], &b[..b.len() - 2]) + 1);
                    }
                    best
                }
            }
        }
        let all: Vec<Vec<char>> = (0..5usize.pow(3) * 8)
            .map(|n| (0..4 + n % 2).map(|at| ['a', 'b', 'c'][(n / 3usize.pow(at as u32)) % 3]).collect())
            .collect();
        for (n, typed) in all.iter().enumerate().step_by(7) {
            let word = &all[(n * 31) % all.len()];
            let nearest = (0..=word.len()).map(|end| distance(typed, &word[..end])).min().expect("some");
            let counted = slips(typed, word);
            assert!(counted == nearest || counted > 1 && nearest > 1, "{typed:?} {word:?}: {counted} {nearest}");
        }
    }
}
