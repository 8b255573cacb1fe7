//! Collects figures and writes them down.

use std::fmt::Write as _;
use std::process::Command;

use crate::http::Failure;

/// Figures in the order in which they were taken.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<(String, f64, String, String)>,
    notes: Vec<String>,
}

/// The value below which `percent` of the sorted figures lie.
pub(crate) fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

impl Report {
    pub(crate) fn row(&mut self, what: &str, figure: f64, unit: &str, goal: &str) {
        println!(
            "{what}: {} {unit}{}",
            number(figure),
            if goal.is_empty() { String::new() } else { format!(" (goal {goal})") }
        );
        self.rows.push((what.into(), figure, unit.into(), goal.into()));
    }

    /// Something the reader should know, such as a rival that is not installed.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        println!("note: {note}");
        self.notes.push(note);
    }

    pub(crate) fn write(&self, path: &std::path::Path) -> Result<(), Failure> {
        let mut text = String::from(
            "# Benchmarks\n\nWritten by `make bench`. Absolute figures drift with the machine; compare the ratios, which were \
             taken in one run. Peers are whole processes on one machine over loopback, each with its own home on disk; file \
             figures use a memory file system, so that they measure programs and not the disk.\n\n",
        );
        for (what, command, arguments) in [
            (
                "Machine",
                "sh",
                vec![
                    "-c",
                    "grep -m1 'model name' /proc/cpuinfo | cut -d: -f2; nproc; free -h | awk '/Mem:/{print $2}'",
                ],
            ),
            ("System", "sh", vec!["-c", ". /etc/os-release; echo \"$PRETTY_NAME\"; uname -r"]),
            ("Rust", "rustc", vec!["--version"]),
            (
                "Syncthing",
                "sh",
                vec!["-c", "syncthing --version 2>/dev/null | cut -d' ' -f1,2 || echo 'not installed'"],
            ),
        ] {
            let output = Command::new(command).args(arguments).output()?;
            let line = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
            writeln!(text, "- {what}: {line}")?;
        }
        writeln!(text, "\n| what | figure | goal |\n| --- | ---: | ---: |")?;
        for (what, figure, unit, goal) in &self.rows {
            writeln!(text, "| {what} | {} {unit} | {goal} |", number(*figure))?;
        }
        for note in &self.notes {
            writeln!(text, "\n{note}")?;
        }
        std::fs::write(path, text)?;
        Ok(())
    }
}

fn number(figure: f64) -> String {
    match figure {
        f if f >= 100.0 => format!("{f:.0}"),
        f if f >= 10.0 => format!("{f:.1}"),
        f => format!("{f:.2}"),
    }
}
