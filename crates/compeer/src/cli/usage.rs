//! Arguments that make no sense: what clap says about them, in the words and the shape of every other failure.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::output::Output;
use crate::commands::Commands;
use crate::error::ApiError;
use crate::error::words::sentence_of;
use crate::text::{shorten, visible};

/// The exit code of wrong usage, as everywhere.
const WRONG: u8 = 2;

/// Prints what was asked for instead of a command (help and version go to stdout and are no failures), or what is wrong.
pub(super) fn explain(error: Error) -> ExitCode {
    // Nothing was parsed, so it is not known in any better way how the failure is wanted.
    let json = std::env::args_os().take_while(|argument| argument != "--").any(|argument| argument == "--json");
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !json => {
            let _ = writeln!(io::stderr(), "{}", error.render());
            ExitCode::from(WRONG)
        }
        _ => {
            let failure = in_our_words(error);
            Output::new(json, Commands::default()).failure(&failure);
            failure.exit_code()
        }
    }
}

/// clap's text is paragraphs: what is wrong, tips, the usage, and where to read on.
fn in_our_words(mut error: Error) -> ApiError {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return ApiError::usage("A command is missing.", "For more information, try '--help'.");
    }
    clean(&mut error);
    let text = error.render().to_string();
    let mut paragraphs = text.trim().split("\n\n").map(|paragraph| {
        let lines: Vec<_> = paragraph.lines().map(str::trim).collect();
        sentence_of(lines.join(" ").trim_start_matches("error: ").to_owned())
    });
    let detail = paragraphs.next().unwrap_or_default();
    ApiError::usage(detail, paragraphs.collect::<Vec<_>>().join(" "))
}

/// Makes what was typed harmless and short before clap puts it into its text.
fn clean(error: &mut Error) {
    let tidy = |text: &String| shorten(&visible(text)).into_owned();
    let known: Vec<_> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    let mut changed = false;
    for (kind, value) in known {
        let tidied = match &value {
            ContextValue::String(text) => ContextValue::String(tidy(text)),
            ContextValue::Strings(texts) => ContextValue::Strings(texts.iter().map(tidy).collect()),
            _ => continue,
        };
        changed |= tidied != value;
        error.insert(kind, tidied);
    }
    if changed {
        // A tip repeats what was typed, and helps nobody with that.
        error.insert(ContextKind::Suggested, ContextValue::None);
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::args::Arguments;
    use super::*;

    #[track_caller]
    fn said(arguments: &[&str]) -> (String, String) {
        let error = Arguments::try_parse_from([&["compeer"], arguments].concat()).expect_err("no sense");
        let failure = in_our_words(error);
        (failure.detail.into_owned(), failure.hint.into_owned())
    }

    #[test]
    fn one_sentence_and_what_to_do() {
        let (detail, hint) = said(&["relay"]);
        assert_eq!(detail, "The following required arguments were not provided: --listen <ADDR:PORT>.");
        assert_eq!(hint, "Usage: compeer relay --listen <ADDR:PORT>. For more information, try '--help'.");
        let (detail, hint) = said(&["up", "--api", "nowhere"]);
        assert_eq!(detail, "Invalid value 'nowhere' for '--api <ADDR:PORT>': invalid socket address syntax.");
        assert_eq!(hint, "For more information, try '--help'.");
        let (detail, hint) = said(&["doctr"]);
        assert_eq!(detail, "Unrecognized subcommand 'doctr'.");
        assert!(hint.starts_with("Tip: a similar subcommand exists: 'doctor'. Usage: compeer"), "{hint}");
    }

    #[test]
    fn what_was_typed_is_harmless_and_short() {
        let long = "x".repeat(10_000);
        let bad = ["\u{1b}]0;title\u{7}", "--a\n\nUsage: none", "\u{202e}txt", &long, &format!("--{long}")];
        for argument in bad {
            for command in [&["status"][..], &[], &["up", "--api"], &["space", "invite", "x", "--level"]] {
                let (detail, hint) = said(&[command, &[argument]].concat());
                let text = format!("{detail} {hint}");
                assert_eq!(visible(&text), text);
                assert!(text.len() < 700 && detail.len() < 300, "{text}");
                assert!(hint.contains("--help"), "{hint}");
            }
        }
    }
}
