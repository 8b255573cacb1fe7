//! The figures of docs/benchmarks.md: whole peers on one machine, and rivals in the same run.
//!
//! `make bench` runs all; `cargo bench --bench figures -- latency files` runs some and writes nothing down.

mod browser;
mod files;
mod http;
mod large;
mod messages;
mod peer;
mod report;
mod search;
mod texts;

use std::path::Path;

use http::Failure;
use report::Report;

type Part = fn(&Path, &mut Report) -> Result<(), Failure>;
const PARTS: [(&str, Part); 11] = [
    ("idle", messages::idle),
    ("latency", messages::latency),
    ("throughput", messages::throughput),
    ("newcomer", messages::newcomer),
    ("search", search::run),
    ("large", large::run),
    ("many", large::many),
    ("carried", large::carried),
    ("browser", browser::run),
    ("files", files::run),
    ("crowd", messages::crowd),
];

fn main() -> Result<(), Failure> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut report = Report::default();
    let mut failed = false;
    for (name, part) in PARTS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        // Files are measured in memory: disks differ by more than programs do.
        let dir = match name {
            "files" => tempfile::Builder::new().prefix("compeer-bench").tempdir_in("/dev/shm")?,
            _ => tempfile::Builder::new().prefix("compeer-bench").tempdir()?,
        };
        println!("==> {name}");
        if let Err(error) = part(dir.path(), &mut report) {
            failed = true;
            report.note(format!("The part \"{name}\" was not measured to its end: {error}"));
        }
    }
    let size = std::fs::metadata(peer::program()?)?.len() as f64 / 1e6;
    report.row("the program, stripped, with its page", size, "MB", "40 MB");
    if wanted.is_empty() {
        report.write(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/benchmarks.md")))?;
        println!("written to docs/benchmarks.md");
    }
    if failed { Err("some parts were not measured to their end".into()) } else { Ok(()) }
}
