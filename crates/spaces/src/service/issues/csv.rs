//! Tables as comma-separated values (RFC 4180), written so that a spreadsheet takes no cell for a formula.
//!
//! Spreadsheets run what begins with `=`, `+`, `-`, `@`, a tab or a line break. Such a cell is written with a `'` before it, as
//! OWASP advises, and so is one that begins with such a mark itself; reading takes one `'` away again. So every text comes back
//! as it was.

/// Why a text is no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// A quotation mark that is never closed: from which line on, the first being 1.
    #[error("a quotation mark in line {0} is never closed")]
    Open(usize),
    /// Something follows a closing quotation mark.
    #[error("line {0} goes on after a closing quotation mark")]
    AfterQuote(usize),
    /// More rows than this.
    #[error("more than {0} rows")]
    TooMany(usize),
}

/// Rows of cells, each row with the line it begins in.
pub(super) fn read(text: &str, most: usize) -> Result<Vec<(usize, Vec<String>)>, CsvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    read_with(text, separator(text), most)
}

/// What stands between the cells: whatever the first line has most of. Spreadsheets of countries that write 1,5 use `;`.
fn separator(text: &str) -> char {
    let count = |separator: char| {
        let mut quoted = false;
        let head = text.chars().take_while(|c| {
            quoted ^= *c == '"';
            quoted || *c != '\n'
        });
        head.filter(|c| *c == separator).count()
    };
    // Of those that are there as often, the last; a comma when there is none at all.
    [';', '\t', ','].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(',')
}

fn read_with(text: &str, separator: char, most: usize) -> Result<Vec<(usize, Vec<String>)>, CsvError> {
    let mut rows = Vec::new();
    let (mut row, mut line, mut begun) = (Vec::new(), 1, 1);
    let mut chars = text.chars().peekable();
    while chars.peek().is_some() {
        let mut cell = String::new();
        if chars.next_if_eq(&'"').is_some() {
            let opened = line;
            loop {
                match chars.next() {
                    Some('"') if chars.next_if_eq(&'"').is_some() => cell.push('"'),
                    Some('"') => break,
                    Some(c) => {
                        line += usize::from(c == '\n');
                        cell.push(c);
                    }
                    None => return Err(CsvError::Open(opened)),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| *c != separator && *c != '\n' && *c != '\r') {
                cell.push(c);
            }
        }
        row.push(plain(&cell).to_owned());
        match chars.next() {
            Some(c) if c == separator => {
                // A line that ends after a separator has one more cell, which is empty.
                if chars.peek().is_none() {
                    row.push(String::new());
                }
                continue;
            }
            Some('\r') => {
                chars.next_if_eq(&'\n');
            }
            Some('\n') | None => {}
            Some(_) => return Err(CsvError::AfterQuote(line)),
        }
        // A line with nothing in it is no row.
        if row.iter().any(|cell| !cell.is_empty()) {
            rows.push((begun, std::mem::take(&mut row)));
            if rows.len() > most {
                return Err(CsvError::TooMany(most));
            }
        }
        row.clear();
        line += 1;
        begun = line;
    }
    // The text ended after a separator.
    if row.iter().any(|cell| !cell.is_empty()) {
        rows.push((begun, row));
    }
    Ok(rows)
}

/// The cells of one line, for a cell that holds a list.
pub(super) fn read_list(text: &str) -> Vec<String> {
    match read_with(text, ',', 1) {
        Ok(rows) => rows.into_iter().flat_map(|(_, row)| row).collect(),
        // Somebody else's list, in which a quotation mark means nothing.
        Err(_) => text.split(',').map(str::to_owned).collect(),
    }
}

pub(crate) fn write(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    rows.into_iter().map(|row| write_list(&row) + "\r\n").collect()
}

pub(super) fn write_list(row: &[String]) -> String {
    row.iter().map(|cell| quoted(&safe(cell))).collect::<Vec<_>>().join(",")
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', ';', '\t', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.into()
    }
}

fn is_risky(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

fn safe(cell: &str) -> String {
    if is_risky(cell) { format!("'{cell}") } else { cell.to_owned() }
}

fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|_| is_risky(cell)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        read(text, 100).expect("a table").into_iter().map(|(_, row)| row).collect()
    }

    #[test]
    fn tables_are_read() {
        for (text, rows) in [
            ("a,b\r\nc,d\r\n", vec![vec!["a", "b"], vec!["c", "d"]]),
            ("a,b\nc,d", vec![vec!["a", "b"], vec!["c", "d"]]),
            ("\u{feff}a;b\n1;2,5", vec![vec!["a", "b"], vec!["1", "2,5"]]),
            ("a\tb\n\"x\ty\"\tz", vec![vec!["a", "b"], vec!["x\ty", "z"]]),
            ("a,b\n\"two\nlines\",\"a \"\"word\"\"\"\n", vec![vec!["a", "b"], vec!["two\nlines", "a \"word\""]]),
            ("a,b\n\n,\nc,\n", vec![vec!["a", "b"], vec!["c", ""]]),
            ("a,b\nc,", vec![vec!["a", "b"], vec!["c", ""]]),
            ("a\n'=1+1\n'quoted'\n", vec![vec!["a"], vec!["=1+1"], vec!["'quoted'"]]),
            ("", vec![]),
        ] {
            assert_eq!(cells(text), rows, "{text:?}");
        }
        assert_eq!(read("a,b\nc,\"d\n", 9), Err(CsvError::Open(2)));
        assert_eq!(read("a,b\n\"c\"d,e", 9), Err(CsvError::AfterQuote(2)));
        assert_eq!(read("a\nb\nc", 2), Err(CsvError::TooMany(2)));
        let lines: Vec<_> = read("a\n\"b\nb\"\n\nc", 9).expect("a table").into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 2, 5]);
    }

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@sum", "\t=1", "'=1", "\r=1"] {
            let written = write_list(&[cell.to_owned()]);
            assert!(written.trim_start_matches('"').starts_with('\''), "{written}");
        }
        assert_eq!(write_list(&["it's".into(), "'so'".into()]), "it's,'so'");
    }

    #[test]
    fn fuzz_tables() {
        let seeds = ["a,b\r\n\"c\"\"\",d\r\n", "a;b\n1;2", "'=1,\"x\ny\"\n"].map(|text| text.as_bytes().to_vec());
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return false };
            let Ok(rows) = read(text, 1000) else { return false };
            let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
            let again: Vec<_> =
                read_with(&write(rows.clone()), ',', 1000).expect("ours").into_iter().map(|(_, row)| row).collect();
            assert_eq!(again, rows, "what is read is read again as it is written");
            true
        });
    }

    proptest! {
        #[test]
        fn every_table_comes_back(rows in proptest::collection::vec(proptest::collection::vec("(?s)['=+@\"a,;\t\r\n -]{0,6}|.{0,4}", 3), 0..6)) {
            let head = vec!["one".to_owned(), "two".into(), "three".into()];
            let table: Vec<_> = std::iter::once(head).chain(rows.into_iter().filter(|row| row.iter().any(|cell| !cell.is_empty()))).collect();
            prop_assert_eq!(cells(&write(table.clone())), table.clone());
            for row in table.iter().filter(|row| row.iter().all(|cell| !cell.is_empty())) {
                prop_assert_eq!(&read_list(&write_list(row)), row);
            }
        }
    }
}
