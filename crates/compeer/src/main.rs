//! `compeer`: see `compeer help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    compeer::cli::run()
}
