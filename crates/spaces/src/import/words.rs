//! Words of other programs as Compeer says them: what may stand in a name or a message, and emoji by their names.

use compeer_core::limits;

use crate::model::{TITLE_CHARS, check_message, check_name, check_title, is_hidden};

/// A name of a person that can be shown, as close to `name` as can be.
pub(super) fn name(name: &str, otherwise: &str) -> String {
    let line = line(name, limits::NAME_CHARS);
    if check_name(&line).is_ok() { line } else { otherwise.to_owned() }
}

/// A title, in the same way.
pub(super) fn title(title: &str, otherwise: &str) -> String {
    let line = line(title, TITLE_CHARS);
    if check_title(&line).is_ok() { line } else { otherwise.to_owned() }
}

/// One line of what can be seen.
fn line(text: &str, most: usize) -> String {
    let chars: Vec<char> = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let seen = (0..chars.len()).filter(|at| {
        let before = at.checked_sub(1).map(|before| chars[before]);
        !is_hidden(before, chars[*at], chars.get(at + 1).copied())
    });
    seen.map(|at| chars[at]).take(most).collect::<String>().trim().to_owned()
}

/// A text as one message or several: none may be longer than a message is. Nothing when there is nothing to say.
pub(super) fn messages(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let mut rest = text.trim_end();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let mut end = rest.len().min(limits::MESSAGE_BYTES);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        // Better between two lines than within one.
        if end < rest.len()
            && let Some(at) = rest[..end].rfind('\n').filter(|at| *at > end / 2)
        {
            end = at + 1;
        }
        let (part, after) = rest.split_at(end);
        rest = after;
        parts.push(part.to_owned());
    }
    parts.retain(|part| check_message(part).is_ok());
    parts
}

/// The emoji that Slack and Zulip call so, of those that are used most. Slack adds a tone of skin behind `::`.
pub(super) fn emoji(name: &str) -> Option<&'static str> {
    let name = name.split("::").next().unwrap_or_default();
    EMOJI.iter().find(|(names, _)| names.split(' ').any(|one| one == name)).map(|(_, emoji)| *emoji)
}

/// The emoji of a code as Zulip writes it: numbers in hexadecimal with `-` between them.
pub(super) fn emoji_of_code(code: &str) -> Option<String> {
    let char = |part: &str| u32::from_str_radix(part, 16).ok().and_then(char::from_u32);
    code.split('-').map(char).collect()
}

const EMOJI: &[(&str, &str)] = &[
    ("+1 thumbsup thumbs_up", "\u{1f44d}"),
    ("-1 thumbsdown thumbs_down", "\u{1f44e}"),
    ("heart red_heart", "\u{2764}\u{fe0f}"),
    ("smile", "\u{1f604}"),
    ("smiley", "\u{1f603}"),
    ("grinning", "\u{1f600}"),
    ("grin", "\u{1f601}"),
    ("joy", "\u{1f602}"),
    ("rolling_on_the_floor_laughing rofl", "\u{1f923}"),
    ("laughing satisfied", "\u{1f606}"),
    ("sweat_smile", "\u{1f605}"),
    ("slightly_smiling_face simple_smile", "\u{1f642}"),
    ("blush", "\u{1f60a}"),
    ("wink", "\u{1f609}"),
    ("heart_eyes", "\u{1f60d}"),
    ("thinking_face thinking", "\u{1f914}"),
    ("neutral_face", "\u{1f610}"),
    ("confused", "\u{1f615}"),
    ("cry", "\u{1f622}"),
    ("sob", "\u{1f62d}"),
    ("open_mouth", "\u{1f62e}"),
    ("scream", "\u{1f631}"),
    ("rage", "\u{1f621}"),
    ("sunglasses", "\u{1f60e}"),
    ("sleeping", "\u{1f634}"),
    ("partying_face", "\u{1f973}"),
    ("tada", "\u{1f389}"),
    ("confetti_ball", "\u{1f38a}"),
    ("rocket", "\u{1f680}"),
    ("fire", "\u{1f525}"),
    ("100", "\u{1f4af}"),
    ("eyes", "\u{1f440}"),
    ("wave", "\u{1f44b}"),
    ("clap", "\u{1f44f}"),
    ("pray", "\u{1f64f}"),
    ("raised_hands", "\u{1f64c}"),
    ("muscle", "\u{1f4aa}"),
    ("ok_hand", "\u{1f44c}"),
    ("point_up", "\u{261d}\u{fe0f}"),
    ("point_right", "\u{1f449}"),
    ("facepalm face_palm", "\u{1f926}"),
    ("shrug", "\u{1f937}"),
    ("white_check_mark check_mark", "\u{2705}"),
    ("heavy_check_mark check", "\u{2714}\u{fe0f}"),
    ("x cross_mark", "\u{274c}"),
    ("warning", "\u{26a0}\u{fe0f}"),
    ("question", "\u{2753}"),
    ("exclamation", "\u{2757}"),
    ("bulb light_bulb", "\u{1f4a1}"),
    ("star", "\u{2b50}"),
    ("sparkles", "\u{2728}"),
    ("bug", "\u{1f41b}"),
    ("memo", "\u{1f4dd}"),
    ("calendar", "\u{1f4c5}"),
    ("coffee", "\u{2615}"),
    ("beers", "\u{1f37b}"),
    ("cake", "\u{1f370}"),
    ("sunny", "\u{2600}\u{fe0f}"),
    ("zap", "\u{26a1}"),
    ("construction", "\u{1f6a7}"),
    ("lock", "\u{1f512}"),
    ("key", "\u{1f511}"),
    ("hourglass", "\u{231b}"),
    ("repeat", "\u{1f501}"),
    ("arrow_up", "\u{2b06}\u{fe0f}"),
    ("arrow_down", "\u{2b07}\u{fe0f}"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Field;

    #[test]
    fn every_emoji_is_one_that_can_be_reacted_with() {
        for (names, emoji) in EMOJI {
            assert!(Field::Reaction { emoji: (*emoji).into(), on: true }.check().is_ok(), "{names}");
        }
        assert_eq!(emoji("+1::skin-tone-3"), Some("\u{1f44d}"));
        assert_eq!(emoji_of_code("1f1e9-1f1ea").as_deref(), Some("\u{1f1e9}\u{1f1ea}"));
        assert_eq!(emoji_of_code("d800"), None);
    }

    #[test]
    fn long_texts_become_several_messages_and_names_are_cleaned() {
        let long = "x".repeat(limits::MESSAGE_BYTES) + "\nend";
        assert_eq!(messages(&long).concat(), long);
        assert!(messages(" \n").is_empty());
        assert_eq!(name(" Ann\u{202e}\nLee ", "?"), "Ann Lee");
        assert_eq!(name("\u{200b}", "somebody"), "somebody");
    }
}
