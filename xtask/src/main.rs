//! Developer commands, run as `cargo xtask COMMAND`. Depends on no Compeer crate, so it builds in seconds and still
//! works while they do not compile.

mod api;
mod error;
mod fuzz;
mod tidy;
mod tools;
mod ui;

use std::{env, path::PathBuf, process::ExitCode};

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  tidy                            check the house rules: arrows between crates, module heads, file sizes, the map
  api [--check]                   write (or check) the page's types from the program's API description
  ui                              build the page, if anything in it changed
  fuzz [TARGET] [--seconds N]     feed broken input to the decoders, longer than `make test` does (60 s each)";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = root();
    let result = match words.as_slice() {
        ["tidy"] => tidy::run(&root),
        ["api"] => api::write(&root),
        ["api", "--check"] => api::check(&root),
        ["ui"] => ui::run(&root),
        ["fuzz", rest @ ..] => fuzz::run(&root, rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder: cargo says where this package lies; a bare run of the binary takes the current folder.
fn root() -> PathBuf {
    match env::var_os("CARGO_MANIFEST_DIR") {
        Some(package) => PathBuf::from(package).join(".."),
        None => PathBuf::from("."),
    }
}
