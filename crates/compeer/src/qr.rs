//! An invitation as a QR code, for a page and for a terminal.

use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of white around a code; readers need four (ISO/IEC 18004).
const BORDER: i32 = 4;

/// Upper case fits the code's letters-and-digits mode, which makes it half as dense; reading an invitation takes either case.
fn code(text: &str) -> Option<QrCode> {
    QrCode::encode_text(&text.to_uppercase(), QrCodeEcc::Low).ok()
}

/// The text as an SVG picture. Empty when the text is longer than a code can be.
pub(crate) fn svg(text: &str) -> String {
    let Some(code) = code(text) else { return String::new() };
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{},{}h1v1h-1z", x + BORDER, y + BORDER));
        }
    }
    let side = size + 2 * BORDER;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0,0h{side}v{side}h-{side}z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    )
}

/// The text in half blocks, two rows of modules to a line, for a terminal with light letters on a dark ground: there, blocks are
/// the white ones. `None` when the text is longer than a code can be.
pub(crate) fn blocks(text: &str) -> Option<String> {
    let code = code(text)?;
    let range = -BORDER..code.size() + BORDER;
    let mut out = String::new();
    for y in range.clone().step_by(2) {
        out.extend(range.clone().map(|x| match (code.get_module(x, y), code.get_module(x, y + 1)) {
            (false, false) => '█',
            (false, true) => '▀',
            (true, false) => '▄',
            (true, true) => ' ',
        }));
        out.push('\n');
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_pictures_and_never_fail() {
        let picture = svg("compeer1abcdefgh234567");
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>"));
        assert_eq!(svg(&"a".repeat(10_000)), "");
        assert_eq!(blocks(&"a".repeat(10_000)), None);
    }

    /// Both draw the same modules.
    #[test]
    fn a_terminal_shows_what_a_page_shows() {
        let text = "compeer1abcdefgh234567";
        let (picture, blocks) = (svg(text), blocks(text).expect("a code"));
        let lines: Vec<Vec<char>> = blocks.lines().map(|line| line.chars().collect()).collect();
        let mut dark = 0;
        for (line, row) in lines.iter().enumerate() {
            for (x, block) in row.iter().enumerate() {
                for (half, is_dark) in [(0, matches!(block, '▄' | ' ')), (1, matches!(block, '▀' | ' '))] {
                    dark += usize::from(is_dark);
                    assert_eq!(picture.contains(&format!("M{x},{}h1v1", 2 * line + half)), is_dark, "{x} {line}");
                }
            }
        }
        assert_eq!(picture.matches("h1v1").count(), dark);
    }
}
