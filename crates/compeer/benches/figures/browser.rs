//! Figures that only a browser can take: the scripts `ui/e2e/*.load.mjs`, over this program.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::http::Failure;
use crate::peer::{Peer, program};
use crate::report::Report;

/// A line that begins so is a figure, as JSON.
const FIGURE: &str = "FIGURE ";

#[derive(Deserialize)]
struct Figure {
    what: String,
    value: f64,
    unit: String,
    goal: String,
}

/// Runs a script of `ui/e2e`, and hands out what it measured.
fn figures(script: &str, arguments: &[&str], set: &[(&str, &str)]) -> Result<Vec<Figure>, Failure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/e2e");
    let mut child = Command::new("node")
        .arg(folder.join(script))
        .args(arguments)
        .env("COMPEER_BIN", program()?)
        .envs(set.iter().copied())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut figures = Vec::new();
    for line in BufReader::new(child.stdout.take().ok_or("no output")?).lines() {
        if let Some((_, figure)) = line?.split_once(FIGURE) {
            figures.push(serde_json::from_str(figure)?);
        }
    }
    if !child.wait()?.success() {
        return Err(format!("{script} did not come to its end").into());
    }
    Ok(figures)
}

pub(crate) fn run(_dir: &Path, report: &mut Report) -> Result<(), Failure> {
    for figure in figures("run.mjs", &[".load"], &[])? {
        report.row(&figure.what, figure.value, &figure.unit, &figure.goal);
    }
    Ok(())
}

/// Milliseconds from asking for the page until the peer's only space can be used, in a browser that has nothing of it yet.
pub(crate) fn open(peer: &Peer) -> Result<f64, Failure> {
    let signin = Command::new(program()?).args(["open", "--print", "--json", "--home"]).arg(&peer.home).output()?;
    let signin: serde_json::Value = serde_json::from_slice(&signin.stdout)?;
    let url = signin["url"].as_str().ok_or("no page to open")?;
    let figures = figures("open.mjs", &[], &[("COMPEER_PAGES", url)])?;
    figures.first().map(|figure| figure.value).ok_or_else(|| "the browser said nothing".into())
}
