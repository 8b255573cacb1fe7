//! What may stand in a name, a message and a file name.
//!
//! These are limits on what is stored. That a text does no harm where it is shown is the business of the place that
//! shows it: the page treats all of it as plain text, the terminal makes control characters visible.

use compeer_core::limits;

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or only blanks.
    #[error("a name needs at least one letter")]
    Empty,
    /// More characters than [`limits::NAME_CHARS`].
    #[error("a name has at most 80 characters")]
    TooLong,
    /// A line break or another control character, or one that changes the direction of text.
    #[error("a name has no control characters in it")]
    Control,
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

/// Checks the name of a person, device or space.
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.chars().take(limits::NAME_CHARS + 1).count() > limits::NAME_CHARS {
        Err(NameError::TooLong)
    } else if name.chars().any(|c| c.is_control() || turns_text(c)) {
        Err(NameError::Control)
    } else if name.chars().all(char::is_whitespace) {
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
        assert_eq!(check_name("a\u{202E}b"), Err(NameError::Control));
        assert_eq!(check_name(&"é".repeat(80)), Ok(()));
        assert_eq!(check_name(&"é".repeat(81)), Err(NameError::TooLong));
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
