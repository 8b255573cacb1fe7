//! Commands that are printed to be copied: each repeats the home that this one was given.

use std::borrow::Cow;
use std::path::Path;

use crate::text::quoted;

/// How a command begins in a sentence.
const COMMAND: &str = "`compeer ";

/// What has to stand in printed commands.
#[derive(Debug, Clone, Default)]
pub(super) struct Commands {
    /// The home, if one was named, as a shell takes it.
    home: Option<String>,
}

impl Commands {
    /// For a command on `home`; `None` where it is the usual one.
    pub(super) fn on(home: Option<&Path>) -> Self {
        // Copied in another folder, it still means the same one.
        let whole = |home: &Path| std::path::absolute(home).map_or_else(|_| quoted(home), |home| quoted(&home));
        Self { home: home.map(whole) }
    }

    /// The text, with every command of ours in it (between backticks) made good for copying.
    pub(super) fn complete<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(home) = &self.home else { return Cow::Borrowed(text) };
        let mut pieces = text.split(COMMAND);
        let mut whole = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            whole.push_str(COMMAND);
            // Some are about another home.
            if !piece.starts_with("--home ") {
                whole.push_str(&format!("--home {home} "));
            }
            whole.push_str(piece);
        }
        Cow::Owned(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_repeat_a_home_that_was_named() {
        let hint = "Run `compeer init --name NAME`, then `compeer up`, or name another `--home`.";
        assert_eq!(Commands::on(None).complete(hint), hint);
        let named = Commands::on(Some(Path::new("/tmp/ann")));
        assert_eq!(
            named.complete(hint),
            "Run `compeer --home /tmp/ann init --name NAME`, then `compeer --home /tmp/ann up`, or name another `--home`."
        );
        let other = "Use `compeer --home DIR init --name NAME` with another folder.";
        assert_eq!(named.complete(other), other);
        assert_eq!(named.complete("Choose another name."), "Choose another name.");
    }
}
