//! Commands that people are told to type: each begins as this program was called, and names the home that it was given.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

use crate::text::quoted;

/// How a command of ours stands in a sentence.
const COMMAND: &str = "`compeer ";

/// What has to stand in such commands.
#[derive(Debug, Clone)]
pub struct Commands {
    /// The program as it was called here.
    program: String,
    /// The same for a terminal in any folder.
    anywhere: String,
    /// The home, if one was named, as a shell takes it.
    home: Option<String>,
}

impl Default for Commands {
    fn default() -> Self {
        Self { program: "compeer".to_owned(), anywhere: "compeer".to_owned(), home: None }
    }
}

impl Commands {
    /// For the program that was called by this name (`argv[0]`).
    #[must_use]
    pub fn of(called: Option<&OsStr>) -> Self {
        let Some(called) = called.map(Path::new) else { return Self::default() };
        // A name alone was looked up on the path, and is found there again.
        if called.components().count() < 2 {
            return Self::default();
        }
        Self { program: quoted(called), anywhere: quoted(&whole(called)), home: None }
    }

    /// For a command on `home`; `None` where it is the usual one.
    #[must_use]
    pub fn on(self, home: Option<&Path>) -> Self {
        // Copied in another folder, it still means the same one.
        Self { home: home.map(|home| quoted(&whole(home))), ..self }
    }

    /// How a command begins that is typed where this one was.
    #[must_use]
    pub fn here(&self) -> String {
        self.begin(&self.program)
    }

    /// How a command begins that is typed in any terminal of this computer.
    #[must_use]
    pub fn anywhere(&self) -> String {
        self.begin(&self.anywhere)
    }

    fn begin(&self, program: &str) -> String {
        self.home.as_ref().map_or_else(|| program.to_owned(), |home| format!("{program} --home {home}"))
    }

    /// The text, with every command of ours in it (between backticks) made good for typing it where this one was.
    #[must_use]
    pub fn complete<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.complete_for(&self.program, text)
    }

    /// The same for any terminal of this computer: what is shown on the page.
    #[must_use]
    pub fn complete_anywhere<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.complete_for(&self.anywhere, text)
    }

    fn complete_for<'a>(&self, program: &str, text: &'a str) -> Cow<'a, str> {
        let mut pieces = text.split(COMMAND);
        let mut whole = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            // Some are about another home.
            let begin = if piece.starts_with("--home ") { program.to_owned() } else { self.begin(program) };
            whole.push_str(&format!("`{begin} {piece}"));
        }
        if whole == text { Cow::Borrowed(text) } else { Cow::Owned(whole) }
    }
}

/// A path that means the same in every folder.
fn whole(path: &Path) -> Cow<'_, Path> {
    std::path::absolute(path).map_or(Cow::Borrowed(path), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HINT: &str = "Run `compeer init --name NAME`, then `compeer up`, or name another `--home`.";

    fn called(name: &str) -> Commands {
        Commands::of(Some(OsStr::new(name)))
    }

    #[test]
    fn commands_repeat_a_home_that_was_named() {
        assert_eq!(called("compeer").complete(HINT), HINT);
        let named = called("compeer").on(Some(Path::new("/tmp/ann")));
        assert_eq!(
            named.complete(HINT),
            "Run `compeer --home /tmp/ann init --name NAME`, then `compeer --home /tmp/ann up`, or name another `--home`."
        );
        assert_eq!(named.here(), "compeer --home /tmp/ann");
        let other = "Use `compeer --home DIR init --name NAME` with another folder.";
        assert_eq!(named.complete(other), other);
        assert_eq!(named.complete("Choose another name."), "Choose another name.");
    }

    #[cfg(unix)]
    #[test]
    fn commands_begin_as_the_program_was_called() {
        let here = called("./bin/compeer");
        assert_eq!(here.complete("Run `compeer doctor`."), "Run `./bin/compeer doctor`.");
        let folder = std::env::current_dir().expect("a folder");
        let whole = quoted(&folder.join("bin/compeer"));
        assert_eq!(here.complete_anywhere("Run `compeer doctor`."), format!("Run `{whole} doctor`."));
        assert_eq!(here.on(Some(Path::new("/tmp/ann"))).anywhere(), format!("{whole} --home /tmp/ann"));
        assert_eq!(
            called("/opt/Ann's tools/compeer").complete("`compeer --home DIR up`"),
            "`'/opt/Ann'\\''s tools/compeer' --home DIR up`"
        );
        // Found on the path, it is found in any folder.
        assert_eq!(called("compeer").anywhere(), "compeer");
        assert_eq!(Commands::of(None).here(), "compeer");
    }
}
