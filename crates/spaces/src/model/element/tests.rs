//! What stands on a board is what everybody can draw, and nothing else.

use super::*;

/// A plain rectangle.
pub(crate) fn rectangle() -> Element {
    Element {
        shape: Shape::Rectangle,
        x: 12_050,
        y: -8025,
        width: 20_000,
        height: 10_000,
        angle: 0,
        stroke: None,
        background: Some("#ffec99".into()),
        fill: None,
        stroke_width: None,
        stroke_style: None,
        roundness: Some(Roundness { kind: 3, value: None }),
        roughness: None,
        opacity: None,
        seed: 1_278_240_551,
        order: Some("a1V".into()),
        groups: Vec::new(),
        frame: None,
        link: None,
        locked: false,
    }
}

fn shaped(shape: Shape) -> Element {
    Element { shape, ..rectangle() }
}

fn text() -> Text {
    Text {
        text: "quay\nwall".into(),
        original: Some("quay wall".into()),
        size: 2000,
        font: 5,
        align: Some(TextAlign::Center),
        vertical: Some(VerticalAlign::Middle),
        container: Some("box".into()),
        fixed_width: true,
        line_height: 125,
    }
}

fn line() -> Line {
    let binding = Binding { to: "box".into(), focus: -1234, gap: 500, fixed: Some([5001, 10_000]) };
    Line {
        points: Points::of([[0, 0], [10_000, 5000], [9000, -5000]]),
        start: None,
        end: Some(binding),
        start_head: None,
        end_head: Some(Arrowhead::Arrow),
        elbow: None,
    }
}

fn elements() -> Vec<Element> {
    let part = FixedPart { index: 2, start: [1, 2], end: [3, 4] };
    let elbow = Elbow { fixed: vec![part], start_special: true, end_special: false };
    let stroke = Stroke { points: Points::of([[0, 0], [1, 2]]), pressures: vec![0, 255], simulated: false };
    let image =
        Image { file: Some(EntryHash::from_bytes([3; 32])), flipped: [true, false], crop: Some([0, 0, 5, 5, 9, 9]) };
    let mut all = vec![
        rectangle(),
        shaped(Shape::Diamond),
        shaped(Shape::Ellipse),
        shaped(Shape::Line(line())),
        shaped(Shape::Arrow(Line { elbow: Some(elbow), ..line() })),
        shaped(Shape::Stroke(stroke)),
        shaped(Shape::Text(text())),
        shaped(Shape::Image(image)),
        shaped(Shape::Frame { name: Some("Plan".into()) }),
    ];
    all.push(Element {
        angle: 31_416,
        stroke: Some("rgba(1, 2, 3, 0.5)".into()),
        fill: Some(FillStyle::Zigzag),
        stroke_width: Some(400),
        stroke_style: Some(StrokeStyle::Dotted),
        roughness: Some(0),
        opacity: Some(40),
        groups: vec!["inner".into(), "outer".into()],
        frame: Some("frame".into()),
        link: Some("https://example.org/a?b#c".into()),
        locked: true,
        ..rectangle()
    });
    all
}

#[test]
fn elements_round_trip() {
    for element in elements() {
        assert_eq!(element.check(), Ok(()), "{element:?}");
        assert_eq!(Element::decode(&element.encode()), Some(element));
    }
}

#[test]
fn a_moved_rectangle_is_short() {
    assert!(rectangle().encode().len() <= 60, "{}", rectangle().encode().len());
}

#[test]
fn points_are_steps_and_can_be_continued() {
    let places = [[0, 0], [5, -5], [1000, 4], [1000, 4]];
    let (all, head) = (Points::of(places), Points::of(places.into_iter().take(2)));
    assert!(all.places().eq(places));
    assert_eq!((all.len(), all.shared(&head)), (4, 2));
    assert_eq!(head.continued(2, &all.after(2)), Some(all.clone()));
    assert_eq!(head.continued(3, &all.after(3)), None, "there are no three to keep");
}

#[test]
fn fuzz_elements() {
    let seeds: Vec<_> = elements().iter().map(Element::encode).collect();
    compeer_testkit::fuzz::run(&seeds, |bytes| {
        let Some(element) = Element::decode(bytes) else { return false };
        assert_eq!(element.encode(), bytes);
        element.check().is_ok()
    });
}

#[test]
fn what_nobody_can_draw_is_refused() {
    use ElementError::{Color, Id, Link, Number, Order, Points as Lines, Text as Words, TooLarge};
    let base = rectangle;
    let stroke = |points: Points| shaped(Shape::Stroke(Stroke { points, ..Stroke::default() }));
    let many = Points::of((0..POINTS as i32 + 1).map(|at| [at, 0]));
    let table = [
        (Element { x: FURTHEST + 1, ..base() }, Number),
        (Element { height: i32::MIN, ..base() }, Number),
        (Element { angle: TURN + 1, ..base() }, Number),
        (Element { opacity: Some(101), ..base() }, Number),
        (Element { stroke_width: Some(-1), ..base() }, Number),
        (Element { seed: u32::MAX, ..base() }, Number),
        (Element { roundness: Some(Roundness { kind: 9, value: None }), ..base() }, Number),
        (Element { stroke: Some("url(http://x)".into()), ..base() }, Color),
        (Element { background: Some("#12345".into()), ..base() }, Color),
        (Element { background: Some(String::new()), ..base() }, Color),
        (Element { stroke: Some("red;x:expression()".into()), ..base() }, Color),
        (Element { order: Some("a0V0".into()), ..base() }, Order),
        (Element { order: Some("0".into()), ..base() }, Order),
        (Element { order: Some("a".into()), ..base() }, Order),
        (Element { order: Some("a1é".into()), ..base() }, Order),
        (Element { order: Some(format!("a1{}", "V".repeat(ORDER_BYTES))), ..base() }, Order),
        (Element { link: Some("javascript:alert(1)".into()), ..base() }, Link),
        (Element { link: Some("https://a b".into()), ..base() }, Link),
        (Element { link: Some(format!("https://{}", "a".repeat(LINK_BYTES))), ..base() }, Link),
        (Element { groups: vec!["a b".into()], ..base() }, Id),
        (Element { groups: vec!["g".into(); GROUPS + 1], ..base() }, TooLarge),
        (Element { frame: Some(String::new()), ..base() }, Id),
        (stroke(Points::default()), Lines),
        (stroke(Points(vec![1])), Lines),
        (stroke(many), Lines),
        (stroke(Points(vec![FURTHEST, 0, 1, 0])), Number),
        (stroke(Points(vec![i32::MAX; 2 * POINTS])), Number),
        (
            shaped(Shape::Stroke(Stroke { points: Points::of([[0, 0]]), pressures: vec![1, 2], simulated: false })),
            Lines,
        ),
        (shaped(Shape::Text(Text { text: "x".repeat(TEXT_BYTES + 1), ..text() })), Words),
        (shaped(Shape::Text(Text { text: "\u{1b}[2J".into(), ..text() })), Words),
        (shaped(Shape::Text(Text { size: 0, ..text() })), Number),
        (shaped(Shape::Text(Text { container: Some("../x".into()), ..text() })), Id),
        (shaped(Shape::Image(Image { file: None, flipped: [false; 2], crop: Some([0, 0, 0, 5, 9, 9]) })), Number),
        (shaped(Shape::Frame { name: Some("x".repeat(FRAME_NAME + 1)) }), Words),
        (
            shaped(Shape::Line(Line {
                end: Some(Binding { to: "?".into(), focus: 0, gap: 0, fixed: None }),
                ..line()
            })),
            Id,
        ),
    ];
    for (element, why) in table {
        assert_eq!(element.check(), Err(why), "{element:?}");
    }
    for id in ["", "a b", "ä", "a/b", &"x".repeat(ID_BYTES + 1)] {
        assert_eq!(check_id(id), Err(Id), "{id:?}");
    }
}

#[test]
fn words_are_numbers_and_back() {
    assert!(Arrowhead::ALL.iter().all(|head| Arrowhead::of(head.word()) == Some(*head)));
    assert!(FillStyle::ALL.iter().all(|fill| FillStyle::of(fill.word()) == Some(*fill)));
    assert_eq!(StrokeStyle::of("wavy"), None);
}

#[test]
fn the_order_is_that_of_fractional_indexing() {
    for good in ["a0", "Zz", "a1V", "b00", "b0A5", "zzzzzzzzzzzzzzzzzzzzzzzzzzz"] {
        assert!(is_order(good), "{good}");
    }
    for bad in ["", "a", "b0", "a00", &format!("A{}", "0".repeat(26))] {
        assert!(!is_order(bad), "{bad}");
    }
}
