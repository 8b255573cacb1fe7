//! Printing: data for people or programs, never a control character of somebody else's.

use std::borrow::Cow;
use std::io::{self, Write};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;
use compeer_core::Millis;
use serde::Serialize;

use crate::commands::Commands;
use crate::error::{ApiError, ProblemDocument};
use crate::text::{shorten_words, visible, visible_json, visible_lines};

/// How to print.
#[derive(Debug, Clone)]
pub(super) struct Output {
    json: bool,
    commands: Commands,
    /// Whether the terminal's last line says how far something is, and goes before anything else is printed.
    line: Arc<AtomicBool>,
}

impl Output {
    pub(super) fn new(json: bool, commands: Commands) -> Self {
        Self { json, commands, line: Arc::default() }
    }

    /// Whether JSON was asked for.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// How commands are told.
    pub(super) fn commands(&self) -> &Commands {
        &self.commands
    }

    /// A sentence of ours that names commands, good for copying them. Never a text of somebody else's.
    pub(super) fn hint<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.commands.complete(text)
    }

    /// One JSON value on a line of its own.
    pub(super) fn json<T: Serialize>(&self, value: &T) -> Result<(), ApiError> {
        let text = serde_json::to_string(value).map_err(|error| ApiError::internal(format!("{error}.")))?;
        self.raw(&format!("{}\n", visible_json(&text)))
    }

    /// The value as JSON if that was asked for, or else the words for people.
    pub(super) fn either<T: Serialize>(&self, value: &T, words: impl FnOnce() -> String) -> Result<(), ApiError> {
        if self.json { self.json(value) } else { self.raw(&words()) }
    }

    /// Text as it is. A reader who has gone away wants no more of it.
    pub(super) fn raw(&self, text: &str) -> Result<(), ApiError> {
        self.clear_line();
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => process::exit(0),
            Err(error) => Err(ApiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "output-failed",
                "The output was not taken",
                format!("What was to be printed cannot be written: {error}."),
                "The command itself was carried out. Look where its output goes, and whether there is room.",
            )),
        }
    }

    /// A line about what is going on, on stderr.
    pub(super) fn progress(&self, line: &str) {
        self.say(&visible(line));
    }

    /// How far something is, in one line that is written over. For terminals.
    pub(super) fn so_far(&self, line: &str) {
        self.line.store(true, Ordering::Relaxed);
        let _ = write!(io::stderr(), "\r{}\x1b[K", visible(line));
    }

    fn clear_line(&self) {
        if self.line.swap(false, Ordering::Relaxed) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    fn say(&self, text: &str) {
        self.clear_line();
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Something that happened while a command runs, on stderr: one JSON value a line with `--json`, or else words.
    pub(super) fn news<T: Serialize>(&self, value: &T, words: &str) {
        let text = if self.json {
            visible_json(&serde_json::to_string(value).unwrap_or_default()).into_owned()
        } else {
            visible_lines(words).into_owned()
        };
        self.say(&text);
    }

    /// A failure, on stderr: its problem document with `--json`, or else two lines.
    pub(super) fn failure(&self, error: &ApiError) {
        let (detail, hint) = (shorten_words(&error.detail), self.hint(&error.hint));
        let text = if self.json {
            let document = ProblemDocument { detail: detail.into_owned(), hint: hint.into_owned(), ..error.document() };
            visible_json(&serde_json::to_string(&document).unwrap_or_default()).into_owned()
        } else {
            format!("compeer: {}\n  {}", visible(&detail), visible(&hint))
        };
        self.say(&text);
    }
}

/// Rows under a head, in columns as wide as they need to be. Cells are made visible here.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| visible(cell).into_owned()).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(head.get(column).map(|name| name.chars().count())).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut row = String::new();
        for (cell, width) in cells.zip(&widths) {
            row.push_str(cell);
            // Counted in characters: a wide one shifts its row by one column, which does no harm.
            row.push_str(&" ".repeat(width - cell.chars().count() + 2));
        }
        text.push_str(row.trim_end());
        text.push('\n');
    };
    line(&mut head.iter().copied());
    for row in &rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

/// A size as the page shows it: whole below a megabyte, with one decimal from there on.
pub(super) fn size(bytes: u64) -> String {
    // A double holds sizes up to 2^53 exactly, which is more than is shown.
    let bytes = bytes as f64;
    // The unit is chosen after rounding, so that 999,999 bytes are 1.0 MB and not 1000 KB.
    match bytes {
        ..1e3 => format!("{bytes} B"),
        ..999_500.0 => format!("{:.0} KB", bytes / 1e3),
        ..999_950_000.0 => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.1} GB", bytes / 1e9),
    }
}

/// A time in UTC, to the minute: `2026-11-23 07:05`. The calendar follows Howard Hinnant, "chrono-Compatible Low-Level
/// Date Algorithms", `civil_from_days`.
pub(super) fn time(at: Millis) -> String {
    let minutes = at / 60_000;
    let (day, minute) = (minutes / 1440, minutes % 1440);
    // Days since 0000-03-01, in eras of 400 years.
    let shifted = day + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up_and_show_what_is_hidden() {
        let rows = vec![vec!["Ada".into(), "1".into()], vec!["B\u{1b}[2Jo".into(), "22".into()]];
        let expected = "name         n\nAda          1\nB\\u{1b}[2Jo  22\n";
        assert_eq!(table(&["name", "n"], &rows), expected);
    }

    #[test]
    fn times_and_sizes() {
        assert_eq!(time(0), "1970-01-01 00:00");
        assert_eq!(time(951_782_400_000), "2000-02-29 00:00");
        assert_eq!(time(1_795_417_500_000), "2026-11-23 07:05");
        assert_eq!(time(4_107_542_399_999), "2100-02-28 23:59");
        assert_eq!(size(0), "0 B");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_500), "2 KB");
        assert_eq!(size(999_499), "999 KB");
        assert_eq!(size(999_999), "1.0 MB");
        assert_eq!(size(1 << 30), "1.1 GB");
    }
}
