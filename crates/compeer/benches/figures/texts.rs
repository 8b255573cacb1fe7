//! Made-up texts with words as often as people use them.

use compeer_testkit::random::Random;

const VOCABULARY: usize = 30_000;

/// Made-up words of two to four syllables, all different.
pub(crate) fn vocabulary(random: &mut Random) -> Vec<String> {
    let mut words = std::collections::BTreeSet::new();
    let mut list = Vec::with_capacity(VOCABULARY);
    while list.len() < VOCABULARY {
        let syllable = |random: &mut Random| {
            let (consonant, vowel) = (*random.pick(b"bcdfghklmnprstvwz"), *random.pick(b"aeiou"));
            [char::from(consonant), char::from(vowel)]
        };
        let word: String = (0..random.within(1..5)).flat_map(|_| syllable(random)).collect();
        if words.insert(word.clone()) {
            list.push(word);
        }
    }
    list
}

/// A word as often as its rank says (Zipf's law, by inversion): the first ones all the time, most hardly ever.
pub(crate) fn word<'a>(vocabulary: &'a [String], random: &mut Random) -> &'a str {
    let rank = (vocabulary.len() as f64).powf(random.unit()) as usize - 1;
    &vocabulary[rank.min(vocabulary.len() - 1)]
}

pub(crate) fn text(vocabulary: &[String], random: &mut Random) -> String {
    (0..random.within(1..25)).map(|_| word(vocabulary, random)).collect::<Vec<_>>().join(" ")
}
