//! What may stand in a name, a message and a file name.
//!
//! These are limits on what is stored. That a text does no harm where it is shown is the business of the place that
//! shows it: the page treats all of it as plain text, the terminal makes control characters visible.

use compeer_core::limits;

use super::field::TITLE_CHARS;

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or only blanks.
    #[error("a name needs at least one letter")]
    Empty,
    /// More characters than this.
    #[error("a name has at most {0} characters")]
    TooLong(usize),
    /// A line break or another control character.
    #[error("a name has no control characters in it")]
    Control,
    /// A character that nobody sees: with it, two names that look the same would be two.
    #[error("a name has no invisible characters in it, and this one has U+{:04X}", u32::from(*.0))]
    Hidden(char),
}

/// Why a message or a file name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing, or only blanks.
    #[error("there is nothing in this message")]
    Empty,
    /// More bytes than [`limits::MESSAGE_BYTES`].
    #[error("a message has at most 32 KiB; put longer texts into a file")]
    TooLong,
    /// A control character other than a line break or tab.
    #[error("a message has no control characters besides line breaks and tabs")]
    Control,
    /// Not a relative path of plain names.
    #[error(transparent)]
    FileName(#[from] FileNameError),
}

/// Why a file cannot be listed under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    /// It starts or ends with a slash, has two in a row, or is none at all.
    #[error("a file or folder without a name")]
    Empty,
    /// A part is `.` or `..`.
    #[error("a name that leads out of its folder")]
    Climbs,
    /// A part has more bytes than common file systems hold.
    #[error("a name of {0} bytes, and 255 is the most")]
    PartTooLong(usize),
    /// The file's name and those of its folders have more bytes than are listed.
    #[error("a name of {0} bytes with its folders, and 1,024 is the most")]
    TooLong(usize),
    /// A control character, a backslash, or one that changes the direction of text.
    #[error("a name with the character {0:?}")]
    Character(char),
}

/// Whether a character can turn the text around it (Unicode bidirectional controls, UAX #9).
const fn turns_text(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character is never seen, wherever it stands: what turns text, separators of lines, fillers, and those of
/// Unicode's `Default_Ignorable_Code_Point` that no writing needs.
const fn is_invisible(c: char) -> bool {
    turns_text(c)
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{200B}'
            | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E00FF}' | '\u{E01F0}'..='\u{E0FFF}')
}

/// Whether joiners change how this character is written: letters of scripts that join them, and emoji.
const fn joins(c: char) -> bool {
    matches!(c,
        '\u{600}'..='\u{DFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{18AF}' | '\u{2190}'..='\u{2BFF}' | '\u{FE0F}'
        | '\u{1F000}'..='\u{1FAFF}')
}

/// Whether a character is not seen where it stands. Joiners and variation selectors are seen by what they do to those
/// beside them: Persian and Hindi need them, and so do many emoji.
#[must_use]
pub fn is_hidden(before: Option<char>, c: char, after: Option<char>) -> bool {
    match c {
        '\u{200C}' | '\u{200D}' => !(before.is_some_and(joins) && after.is_some_and(joins)),
        '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => {
            // The keycaps are an ASCII character, a selector, and the frame.
            before.is_none_or(|before| before.is_ascii()) && after != Some('\u{20E3}')
        }
        _ => is_invisible(c),
    }
}

/// The first character of a text that is not seen where it stands.
fn hidden(text: &str) -> Option<char> {
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if is_hidden(before, c, chars.peek().copied()) {
            return Some(c);
        }
        before = Some(c);
    }
    None
}

/// Blanks, the one of Braille included.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

/// Checks the name of a person, device or space.
pub fn check_name(name: &str) -> Result<(), NameError> {
    check_line(name, limits::NAME_CHARS)
}

/// Checks the title of something.
pub fn check_title(title: &str) -> Result<(), NameError> {
    check_line(title, TITLE_CHARS)
}

fn check_line(name: &str, most: usize) -> Result<(), NameError> {
    if name.chars().take(most + 1).count() > most {
        Err(NameError::TooLong(most))
    } else if name.chars().any(char::is_control) {
        Err(NameError::Control)
    } else if let Some(hidden) = hidden(name) {
        Err(NameError::Hidden(hidden))
    } else if name.chars().all(is_blank) {
        Err(NameError::Empty)
    } else {
        Ok(())
    }
}

/// Checks a chat message.
pub fn check_message(text: &str) -> Result<(), TextError> {
    if text.len() > limits::MESSAGE_BYTES {
        Err(TextError::TooLong)
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')) {
        Err(TextError::Control)
    } else if text.chars().all(char::is_whitespace) {
        Err(TextError::Empty)
    } else {
        Ok(())
    }
}

/// Checks the name under which a file is listed: a relative path with `/` between parts that are neither empty nor
/// dots, without control characters or backslashes. What a particular system cannot store is mapped when it is
/// fetched; here stands what no system should be asked to.
pub fn check_file_name(name: &str) -> Result<(), FileNameError> {
    const PATH_BYTES: usize = 1024;
    const PART_BYTES: usize = 255;
    if name.len() > PATH_BYTES {
        return Err(FileNameError::TooLong(name.len()));
    }
    if let Some(bad) = name.chars().find(|c| c.is_control() || *c == '\\' || turns_text(*c)) {
        return Err(FileNameError::Character(bad));
    }
    name.split('/').try_for_each(|part| match part {
        "" => Err(FileNameError::Empty),
        "." | ".." => Err(FileNameError::Climbs),
        part if part.len() > PART_BYTES => Err(FileNameError::PartTooLong(part.len())),
        _ => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(check_name("Ann Lee"), Ok(()));
        assert_eq!(check_name("עברית"), Ok(()));
        assert_eq!(check_name(" \u{3000}"), Err(NameError::Empty));
        assert_eq!(check_name("a\nb"), Err(NameError::Control));
        assert_eq!(check_name("\u{2800}"), Err(NameError::Empty));
        for hidden in
            ['\u{202E}', '\u{200B}', '\u{200D}', '\u{200C}', '\u{AD}', '\u{3164}', '\u{FEFF}', '\u{FE0F}', '\u{E0041}']
        {
            for name in [format!("Ann{hidden}"), format!("An{hidden}n"), format!("{hidden}Ann"), hidden.to_string()] {
                assert_eq!(check_name(&name), Err(NameError::Hidden(hidden)), "{name:?}");
            }
        }
        let said = NameError::Hidden('\u{200B}').to_string();
        assert_eq!(said, "a name has no invisible characters in it, and this one has U+200B");
        // Joined letters of Persian and Hindi, joined and coloured emoji, a keycap, a variant of a Japanese character.
        for name in ["می‌خواهم", "क्‍ष", "Ann 👩‍🚀", "❤️‍🔥", "👩🏽‍🚀", "Ann 1️⃣", "葛\u{E0100}城"]
        {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        assert_eq!(check_name(&"é".repeat(80)), Ok(()));
        assert_eq!(check_name(&"é".repeat(81)), Err(NameError::TooLong(80)));
    }

    #[test]
    fn messages() {
        assert_eq!(check_message("two\nlines\tand a tab"), Ok(()));
        assert_eq!(check_message("\u{202E}turned"), Ok(()), "text of any direction is content");
        assert_eq!(check_message("\u{1b}[2J"), Err(TextError::Control));
        assert_eq!(check_message(" \n"), Err(TextError::Empty));
    }

    #[test]
    fn file_names() {
        for good in ["a.txt", "folder/ä b/c", "...", ".hidden"] {
            assert_eq!(check_file_name(good), Ok(()), "{good}");
        }
        use FileNameError::{Character, Climbs, Empty, PartTooLong, TooLong};
        let (long, longer) = ("x".repeat(256), "x/".repeat(513));
        for (bad, why) in [
            ("", Empty),
            ("/a", Empty),
            ("a/", Empty),
            ("a//b", Empty),
            ("..", Climbs),
            ("a/../b", Climbs),
            ("./a", Climbs),
            ("a\\b", Character('\\')),
            ("a\0", Character('\0')),
            ("a\nb", Character('\n')),
            ("x\u{202E}gpj.exe", Character('\u{202E}')),
            (&long, PartTooLong(256)),
            (&longer, TooLong(1026)),
        ] {
            assert_eq!(check_file_name(bad), Err(why), "{bad:?}");
        }
    }

    /// What can be listed by one can be written by all.
    #[test]
    fn fuzz_listed_names() {
        let names = ["a.txt", "folder/ä b/c", "CON/aux.h", "a:b", "end./ ", &"d/".repeat(511), &"x".repeat(255)];
        compeer_testkit::fuzz::run(&names.map(|name| name.as_bytes().to_vec()), |bytes| {
            let Ok(name) = std::str::from_utf8(bytes) else { return false };
            let listed = check_file_name(name).is_ok();
            let written = compeer_blobs::safe_path::join(std::path::Path::new("/base"), name);
            assert!(!listed || written.is_ok(), "{name:?}: {written:?}");
            listed
        });
    }
}
