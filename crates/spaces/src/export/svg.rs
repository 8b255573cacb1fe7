//! A board as a picture that every browser shows: plain lines where the page draws by hand, the same places and colours.
//!
//! Nothing in it runs or is fetched: texts are escaped, colours were checked when they were written (`model/element.rs`), and a
//! picture on the board is drawn as a frame with its name.

use std::fmt::Write as _;

use compeer_core::EntryHash;

use super::files::Exported;
use super::text::xml;
use crate::model::Element;
use crate::model::element::{Arrowhead, FillStyle, Line, Points, Shape, StrokeStyle, Text, TextAlign};

/// Room around everything, in pixels.
const MARGIN: f64 = 20.0;
/// How long the head of an arrow is, in pixels.
const HEAD: f64 = 16.0;

type FileOf<'a> = &'a dyn Fn(&EntryHash) -> Option<&'a Exported>;

/// The picture of all elements, what is below first.
pub(super) fn draw(title: &str, elements: &[(String, Element)], files: FileOf<'_>) -> String {
    let [left, top, right, bottom] = bounds(elements);
    let (width, height) = (right - left + 2.0 * MARGIN, bottom - top + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{:.2} {:.2} {width:.2} {height:.2}\" \
         width=\"{width:.2}\" height=\"{height:.2}\">\n<title>{}</title>\n\
         <rect x=\"{:.2}\" y=\"{:.2}\" width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        left - MARGIN,
        top - MARGIN,
        xml(title),
        left - MARGIN,
        top - MARGIN,
    );
    for (_, element) in elements {
        out.push_str(&element_svg(element, files));
    }
    out.push_str("</svg>\n");
    out
}

fn px(length: i32) -> f64 {
    f64::from(length) / 100.0
}

/// The box around one element: left, top, right, bottom, as it is turned.
fn bounds_of(element: &Element) -> [f64; 4] {
    let (x, y) = (px(element.x), px(element.y));
    let mut corners = vec![[x, y], [x + px(element.width), y + px(element.height)]];
    corners.extend(element.points().into_iter().flat_map(Points::places).map(|[dx, dy]| [x + px(dx), y + px(dy)]));
    let low = |axis: usize| corners.iter().map(|corner| corner[axis]).fold(f64::INFINITY, f64::min);
    let high = |axis: usize| corners.iter().map(|corner| corner[axis]).fold(f64::NEG_INFINITY, f64::max);
    let [left, top, right, bottom] = [low(0), low(1), high(0), high(1)];
    if element.angle == 0 {
        return [left, top, right, bottom];
    }
    let (cx, cy) = (f64::midpoint(left, right), f64::midpoint(top, bottom));
    let reach = (right - left).hypot(bottom - top) / 2.0;
    [cx - reach, cy - reach, cx + reach, cy + reach]
}

fn bounds(elements: &[(String, Element)]) -> [f64; 4] {
    let all = elements.iter().map(|(_, element)| bounds_of(element));
    let joined = all.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
    joined.unwrap_or([0.0, 0.0, 400.0, 300.0])
}

fn element_svg(element: &Element, files: FileOf<'_>) -> String {
    let (x, y, width, height) = (px(element.x), px(element.y), px(element.width), px(element.height));
    let (left, top) = (x.min(x + width), y.min(y + height));
    let (width, height) = (width.abs(), height.abs());
    let shape = match &element.shape {
        Shape::Rectangle => {
            let round = element.roundness.map_or(0.0, |_| (width.min(height) / 4.0).min(32.0));
            format!(
                "<rect x=\"{left:.2}\" y=\"{top:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" rx=\"{round:.2}\"/>"
            )
        }
        Shape::Diamond => format!(
            "<polygon points=\"{:.2},{top:.2} {:.2},{:.2} {:.2},{:.2} {left:.2},{:.2}\"/>",
            left + width / 2.0,
            left + width,
            top + height / 2.0,
            left + width / 2.0,
            top + height,
            top + height / 2.0
        ),
        Shape::Ellipse => format!(
            "<ellipse cx=\"{:.2}\" cy=\"{:.2}\" rx=\"{:.2}\" ry=\"{:.2}\"/>",
            left + width / 2.0,
            top + height / 2.0,
            width / 2.0,
            height / 2.0
        ),
        Shape::Line(line) | Shape::Arrow(line) => line_svg(element, line),
        Shape::Stroke(stroke) => format!("<path fill=\"none\" d=\"{}\"/>", path(x, y, &stroke.points)),
        Shape::Text(text) => text_svg(element, text),
        Shape::Image(image) => {
            let name = image.file.as_ref().and_then(files).map_or("picture", |file| file.name.as_str());
            framed(left, top, width, height, name)
        }
        Shape::Frame { name } => framed(left, top, width, height, name.as_deref().unwrap_or("Frame")),
    };
    format!("<g{}>{shape}</g>\n", attributes(element, [left, top, width, height]))
}

fn framed(left: f64, top: f64, width: f64, height: f64, name: &str) -> String {
    format!(
        "<rect x=\"{left:.2}\" y=\"{top:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" rx=\"4\" fill=\"none\" \
         stroke=\"#888888\"/><text x=\"{left:.2}\" y=\"{:.2}\" font-size=\"14\" font-family=\"sans-serif\" stroke=\"none\" \
         fill=\"#666666\">{}</text>",
        top - 6.0,
        xml(name)
    )
}

/// How it is drawn, and how far it is turned around its middle.
fn attributes(element: &Element, [left, top, width, height]: [f64; 4]) -> String {
    let stroke = element.stroke.as_deref().unwrap_or("#1e1e1e");
    let line = px(element.stroke_width.unwrap_or(200));
    let mut out = format!(" stroke=\"{}\" stroke-width=\"{line:.2}\" stroke-linecap=\"round\"", xml(stroke));
    // Writing into a text does not fail.
    let fill = element.background.as_deref().unwrap_or("none");
    let _ = write!(out, " stroke-linejoin=\"round\" fill=\"{}\"", xml(fill));
    if element.fill.is_some_and(|fill| fill != FillStyle::Solid) {
        let _ = write!(out, " fill-opacity=\"0.5\"");
    }
    match element.stroke_style {
        Some(StrokeStyle::Dashed) => drop(write!(out, " stroke-dasharray=\"8 {:.2}\"", 8.0 + line)),
        Some(StrokeStyle::Dotted) => drop(write!(out, " stroke-dasharray=\"1.5 {:.2}\"", 6.0 + line)),
        Some(StrokeStyle::Solid) | None => {}
    }
    if let Some(opacity) = element.opacity {
        let _ = write!(out, " opacity=\"{:.2}\"", f64::from(opacity) / 100.0);
    }
    if element.angle != 0 {
        let degrees = (f64::from(element.angle) / 10_000.0).to_degrees();
        let _ = write!(out, " transform=\"rotate({degrees:.3} {:.2} {:.2})\"", left + width / 2.0, top + height / 2.0);
    }
    out
}

fn path(x: f64, y: f64, points: &Points) -> String {
    let mut path = String::new();
    for (number, [dx, dy]) in points.places().enumerate() {
        let command = if number == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{command}{:.2} {:.2}", x + px(dx), y + px(dy));
    }
    // A single point is a dot.
    if points.len() == 1 { path + "l0.01 0" } else { path }
}

fn line_svg(element: &Element, line: &Line) -> String {
    let (x, y) = (px(element.x), px(element.y));
    let places: Vec<[f64; 2]> = line.points.places().map(|[dx, dy]| [x + px(dx), y + px(dy)]).collect();
    let closed = places.len() > 2 && places.first() == places.last();
    let fill = if closed { "" } else { " fill=\"none\"" };
    let mut out = format!("<path{fill} d=\"{}\"/>", path(x, y, &line.points));
    if let [first, second, ..] = places.as_slice() {
        out.push_str(&head(line.start_head, *second, *first));
    }
    if let [.., before, last] = places.as_slice() {
        out.push_str(&head(line.end_head, *before, *last));
    }
    out
}

/// The end of a line that comes from `from` and ends at `at`.
fn head(head: Option<Arrowhead>, from: [f64; 2], at: [f64; 2]) -> String {
    let (Some(head), length) = (head, (at[0] - from[0]).hypot(at[1] - from[1])) else { return String::new() };
    if length == 0.0 {
        return String::new();
    }
    let (ux, uy) = ((at[0] - from[0]) / length, (at[1] - from[1]) / length);
    let size = HEAD.min(length / 2.0);
    let side = |along: f64, across: f64| {
        [at[0] - ux * size * along - uy * size * across, at[1] - uy * size * along + ux * size * across]
    };
    let ([ax, ay], [bx, by], [x, y]) = (side(1.0, 0.5), side(1.0, -0.5), at);
    match head {
        Arrowhead::Arrow | Arrowhead::CrowfootMany | Arrowhead::CrowfootOneOrMany => {
            format!("<path fill=\"none\" d=\"M{ax:.2} {ay:.2}L{x:.2} {y:.2}L{bx:.2} {by:.2}\"/>")
        }
        Arrowhead::Bar | Arrowhead::CrowfootOne => {
            let ([ax, ay], [bx, by]) = (side(0.0, 0.5), side(0.0, -0.5));
            format!("<path fill=\"none\" d=\"M{ax:.2} {ay:.2}L{bx:.2} {by:.2}\"/>")
        }
        Arrowhead::Dot | Arrowhead::Circle | Arrowhead::CircleOutline => {
            let [cx, cy] = side(0.3, 0.0);
            format!("<circle cx=\"{cx:.2}\" cy=\"{cy:.2}\" r=\"{:.2}\"/>", size * 0.3)
        }
        Arrowhead::Triangle | Arrowhead::TriangleOutline => {
            format!("<polygon points=\"{x:.2},{y:.2} {ax:.2},{ay:.2} {bx:.2},{by:.2}\"/>")
        }
        Arrowhead::Diamond | Arrowhead::DiamondOutline => {
            let ([ax, ay], [bx, by], [ex, ey]) = (side(0.5, 0.4), side(0.5, -0.4), side(1.0, 0.0));
            format!("<polygon points=\"{x:.2},{y:.2} {ax:.2},{ay:.2} {ex:.2},{ey:.2} {bx:.2},{by:.2}\"/>")
        }
    }
}

fn text_svg(element: &Element, text: &Text) -> String {
    let (size, width) = (px(text.size), px(element.width));
    let step = size * f64::from(text.line_height) / 100.0;
    let (anchor, x) = match text.align {
        Some(TextAlign::Center) => ("middle", px(element.x) + width / 2.0),
        Some(TextAlign::Right) => ("end", px(element.x) + width),
        Some(TextAlign::Left) | None => ("start", px(element.x)),
    };
    // Excalidraw's fonts: 3 and 8 have letters of one width, 2, 6 and 9 are plain, the others are written by hand.
    let font = match text.font {
        3 | 8 => "monospace",
        2 | 6 | 9 => "sans-serif",
        _ => "cursive, sans-serif",
    };
    let colour = element.stroke.as_deref().unwrap_or("#1e1e1e");
    let mut out = format!(
        "<text font-size=\"{size:.2}\" font-family=\"{font}\" text-anchor=\"{anchor}\" stroke=\"none\" fill=\"{}\" \
         xml:space=\"preserve\">",
        xml(colour)
    );
    for (number, line) in text.text.lines().enumerate() {
        let y = px(element.y) + step * number as f64 + (step - size) / 2.0 + size * 0.8;
        let _ = write!(out, "<tspan x=\"{x:.2}\" y=\"{y:.2}\">{}</tspan>", xml(line));
    }
    out + "</text>"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::element::tests::rectangle;

    #[test]
    fn shapes_and_words_are_where_they_stand_and_nothing_runs() {
        let text = Text {
            text: "</text><script>alert(1)</script>\nsecond".into(),
            original: None,
            size: 2000,
            font: 5,
            align: None,
            vertical: None,
            container: None,
            fixed_width: false,
            line_height: 125,
        };
        let words = Element { shape: Shape::Text(text), ..rectangle() };
        let line =
            Line { points: Points::of([[0, 0], [10_000, 0]]), end_head: Some(Arrowhead::Arrow), ..Line::default() };
        let arrow = Element { shape: Shape::Arrow(line), ..rectangle() };
        let all = [("a".into(), rectangle()), ("b".into(), words), ("c".into(), arrow)];
        let svg = draw("Plan <1>", &all, &|_| None);
        assert!(
            svg.contains("<title>Plan &lt;1&gt;</title>") && svg.contains("<rect") && svg.contains("<path"),
            "{svg}"
        );
        assert!(!svg.contains("<script"), "{svg}");
        assert_eq!(svg.matches("<tspan").count(), 2);
    }
}
