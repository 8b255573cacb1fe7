//! Tests that cannot run on this computer say so, and are not counted as passed.

use std::{env, fs::OpenOptions, io::Write};

/// Says that the rest of a test cannot run here, and why ("needs root"). The test runner sees a test that passed, so
/// the reason also goes into the file named by `COMPEER_TEST_SKIPS`, from which `make test` corrects its count.
pub fn skip(reason: &str) {
    println!("skipped: {reason}");
    let Some(path) = env::var_os("COMPEER_TEST_SKIPS") else { return };
    let noted = OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| {
        // One write, so that lines of tests that run at the same time do not mix.
        file.write_all(format!("skipped: {reason}\n").as_bytes())
    });
    if let Err(error) = noted {
        eprintln!("the skipped test could not be noted: {error}");
    }
}
