//! Elements between Excalidraw's open file, in pixels and words, and the form in which they are kept.

use std::f64::consts::TAU;

use compeer_spaces::model::element::{
    Arrowhead, Binding, Elbow, ElementError, FillStyle, FixedPart, Image, Line, Points, Roundness, Shape, Stroke,
    StrokeStyle, Text, TextAlign, VerticalAlign,
};
use compeer_spaces::model::{Part, Pointer, Showing, Step};
use compeer_spaces::{BoardInfo, BoardNews, BoardPerson, BoardShown, Drawing, Element};

use super::dto;

const STROKE: &str = "#1e1e1e";
const BACKGROUND: &str = "transparent";
/// Hundredths of a pixel.
const FINE: f64 = 100.0;
/// Ten-thousandths.
const FINER: f64 = 10_000.0;

/// Why an element cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadElement {
    /// Nothing of the kind is drawn here.
    #[error("there are no elements of the type {0}")]
    Kind(String),
    /// A field has a word that it cannot have.
    #[error("{1} is no {0}")]
    Word(&'static str, String),
    /// The file of a picture.
    #[error("a picture names a file of the space by its id")]
    File,
    /// It breaks a limit.
    #[error(transparent)]
    Content(#[from] ElementError),
}

/// An element by its id; `None` is deleted.
pub(super) type Named = (String, Option<Element>);

/// Reads what a page or a file says.
pub(super) fn read(element: dto::BoardElement) -> Result<Named, BadElement> {
    if element.is_deleted {
        return Ok((element.id, None));
    }
    let shape = shape(&element)?;
    let background = element.background_color.filter(|color| color != BACKGROUND);
    let read = Element {
        shape,
        x: fine(element.x)?,
        y: fine(element.y)?,
        width: fine(element.width)?,
        height: fine(element.height)?,
        angle: scaled(element.angle.rem_euclid(TAU), FINER)?.cast_unsigned(),
        stroke: element.stroke_color.filter(|color| color != STROKE),
        background,
        fill: word("fill", element.fill_style, FillStyle::of)?.filter(|fill| *fill != FillStyle::Solid),
        stroke_width: element.stroke_width.map(fine).transpose()?.filter(|width| *width != 200),
        stroke_style: word("stroke", element.stroke_style, StrokeStyle::of)?
            .filter(|style| *style != StrokeStyle::Solid),
        roundness: element
            .roundness
            .map(|roundness| {
                Ok::<_, BadElement>(Roundness { kind: roundness.kind, value: roundness.value.map(fine).transpose()? })
            })
            .transpose()?,
        roughness: element.roughness.map(|value| within(value, FINE, 1000)).transpose()?.filter(|value| *value != 100),
        opacity: element.opacity.map(|value| within(value, 1.0, 100)).transpose()?.filter(|value| *value != 100),
        // Numbers that are too large for a seed come from elsewhere, and any will do.
        seed: (element.seed.abs() as u64 & 0x7FFF_FFFF) as u32,
        order: element.index,
        groups: element.group_ids,
        frame: element.frame_id,
        link: element.link,
        locked: element.locked,
    };
    read.check()?;
    Ok((element.id, Some(read)))
}

fn shape(element: &dto::BoardElement) -> Result<Shape, BadElement> {
    Ok(match element.kind.as_str() {
        "rectangle" => Shape::Rectangle,
        "diamond" => Shape::Diamond,
        "ellipse" => Shape::Ellipse,
        "line" => Shape::Line(line(element)?),
        "arrow" => Shape::Arrow(line(element)?),
        "freedraw" => Shape::Stroke(Stroke {
            points: points(element)?,
            pressures: element
                .pressures
                .iter()
                .flatten()
                .map(|pressed| (pressed.clamp(0.0, 1.0) * 255.0).round() as u8)
                .collect(),
            simulated: element.simulate_pressure.unwrap_or(false),
        }),
        "text" => {
            let text = element.text.clone().unwrap_or_default();
            Shape::Text(Text {
                original: element.original_text.clone().filter(|original| *original != text),
                text,
                size: fine(element.font_size.unwrap_or(20.0))?,
                font: element.font_family.unwrap_or(5),
                align: word("alignment", element.text_align.clone(), TextAlign::of)?
                    .filter(|align| *align != TextAlign::Left),
                vertical: word("alignment", element.vertical_align.clone(), VerticalAlign::of)?
                    .filter(|align| *align != VerticalAlign::Top),
                container: element.container_id.clone(),
                fixed_width: element.auto_resize == Some(false),
                line_height: within(element.line_height.unwrap_or(1.25), FINE, 1000)?,
            })
        }
        "image" => {
            let file = element.file_id.as_ref().map(|file| file.parse().map_err(|_| BadElement::File)).transpose()?;
            let scale = element.scale.unwrap_or([1.0, 1.0]);
            let crop = |crop: &dto::Crop| {
                let all = [crop.x, crop.y, crop.width, crop.height, crop.natural_width, crop.natural_height];
                let mut lengths = [0; 6];
                for (length, value) in lengths.iter_mut().zip(all) {
                    *length = fine(value)?;
                }
                Ok::<_, BadElement>(lengths)
            };
            let crop = element.crop.as_ref().map(crop).transpose()?;
            Shape::Image(Image { file, flipped: scale.map(|scale| scale < 0.0), crop })
        }
        "frame" => Shape::Frame { name: element.name.clone() },
        other => return Err(BadElement::Kind(other.chars().take(40).collect())),
    })
}

fn line(element: &dto::BoardElement) -> Result<Line, BadElement> {
    let head = |head: &Option<String>| word("arrowhead", head.clone(), Arrowhead::of);
    let elbow = match element.elbowed {
        Some(true) => {
            let part = |part: &dto::FixedSegment| {
                Ok::<_, BadElement>(FixedPart {
                    index: part.index,
                    start: pair(part.start, FINE)?,
                    end: pair(part.end, FINE)?,
                })
            };
            Some(Elbow {
                fixed: element.fixed_segments.iter().flatten().map(part).collect::<Result<_, _>>()?,
                start_special: element.start_is_special.unwrap_or(false),
                end_special: element.end_is_special.unwrap_or(false),
            })
        }
        _ => None,
    };
    Ok(Line {
        points: points(element)?,
        start: element.start_binding.as_ref().map(binding).transpose()?,
        end: element.end_binding.as_ref().map(binding).transpose()?,
        start_head: head(&element.start_arrowhead)?,
        end_head: head(&element.end_arrowhead)?,
        elbow,
    })
}

fn binding(binding: &dto::Binding) -> Result<Binding, BadElement> {
    Ok(Binding {
        to: binding.element_id.clone(),
        focus: scaled(binding.focus, FINER)?,
        gap: fine(binding.gap)?,
        fixed: binding.fixed_point.map(|point| pair(point, FINER)).transpose()?,
    })
}

fn points(element: &dto::BoardElement) -> Result<Points, BadElement> {
    let points = element.points.iter().flatten().map(|point| pair(*point, FINE)).collect::<Result<Vec<_>, _>>()?;
    Ok(Points::of(points))
}

fn word<T>(field: &'static str, word: Option<String>, of: impl Fn(&str) -> Option<T>) -> Result<Option<T>, BadElement> {
    word.map(|word| of(&word).ok_or_else(|| BadElement::Word(field, word.chars().take(40).collect()))).transpose()
}

fn fine(value: f64) -> Result<i32, BadElement> {
    scaled(value, FINE)
}

fn scaled(value: f64, by: f64) -> Result<i32, BadElement> {
    let value = (value * by).round();
    // Also not for what is not a number.
    if value.abs() <= f64::from(i32::MAX) { Ok(value as i32) } else { Err(ElementError::Number.into()) }
}

fn pair(values: [f64; 2], by: f64) -> Result<[i32; 2], BadElement> {
    Ok([scaled(values[0], by)?, scaled(values[1], by)?])
}

fn within<T: TryFrom<i32>>(value: f64, by: f64, most: i32) -> Result<T, BadElement> {
    let value = scaled(value, by)?;
    let kept = T::try_from(value).ok().filter(|_| (0..=most).contains(&value));
    kept.ok_or(ElementError::Number.into())
}

/// An element as Excalidraw's file has it.
pub(super) fn write(id: String, element: &Element) -> dto::BoardElement {
    let mut written = dto::BoardElement {
        id,
        x: coarse(element.x),
        y: coarse(element.y),
        width: coarse(element.width),
        height: coarse(element.height),
        angle: f64::from(element.angle) / FINER,
        stroke_color: Some(element.stroke.clone().unwrap_or_else(|| STROKE.into())),
        background_color: Some(element.background.clone().unwrap_or_else(|| BACKGROUND.into())),
        fill_style: Some(element.fill.unwrap_or(FillStyle::Solid).word().into()),
        stroke_width: Some(coarse(element.stroke_width.unwrap_or(200))),
        stroke_style: Some(element.stroke_style.unwrap_or(StrokeStyle::Solid).word().into()),
        roundness: element
            .roundness
            .map(|roundness| dto::Roundness { kind: roundness.kind, value: roundness.value.map(coarse) }),
        roughness: Some(f64::from(element.roughness.unwrap_or(100)) / FINE),
        opacity: Some(f64::from(element.opacity.unwrap_or(100))),
        seed: f64::from(element.seed),
        index: element.order.clone(),
        group_ids: element.groups.clone(),
        frame_id: element.frame.clone(),
        link: element.link.clone(),
        locked: element.locked,
        ..dto::BoardElement::default()
    };
    written.kind = match &element.shape {
        Shape::Rectangle => "rectangle",
        Shape::Diamond => "diamond",
        Shape::Ellipse => "ellipse",
        Shape::Line(line) => {
            write_line(&mut written, line);
            "line"
        }
        Shape::Arrow(line) => {
            write_line(&mut written, line);
            written.elbowed = Some(line.elbow.is_some());
            if let Some(elbow) = &line.elbow {
                let part = |part: &FixedPart| dto::FixedSegment {
                    index: part.index,
                    start: part.start.map(coarse),
                    end: part.end.map(coarse),
                };
                written.fixed_segments =
                    Some(elbow.fixed.iter().map(part).collect::<Vec<_>>()).filter(|all| !all.is_empty());
                written.start_is_special = Some(elbow.start_special);
                written.end_is_special = Some(elbow.end_special);
            }
            "arrow"
        }
        Shape::Stroke(stroke) => {
            written.points = Some(places(&stroke.points, 0));
            written.pressures = Some(stroke.pressures.iter().map(|pressed| f64::from(*pressed) / 255.0).collect());
            written.simulate_pressure = Some(stroke.simulated);
            "freedraw"
        }
        Shape::Text(text) => {
            written.original_text = Some(text.original.clone().unwrap_or_else(|| text.text.clone()));
            written.text = Some(text.text.clone());
            written.font_size = Some(coarse(text.size));
            written.font_family = Some(text.font);
            written.text_align = Some(text.align.unwrap_or(TextAlign::Left).word().into());
            written.vertical_align = Some(text.vertical.unwrap_or(VerticalAlign::Top).word().into());
            written.container_id = text.container.clone();
            written.auto_resize = Some(!text.fixed_width);
            written.line_height = Some(f64::from(text.line_height) / FINE);
            "text"
        }
        Shape::Image(image) => {
            written.file_id = image.file.map(|file| file.to_string());
            written.scale = Some(image.flipped.map(|flipped| if flipped { -1.0 } else { 1.0 }));
            written.crop = image.crop.map(|crop| {
                let [x, y, width, height, natural_width, natural_height] = crop.map(coarse);
                dto::Crop { x, y, width, height, natural_width, natural_height }
            });
            "image"
        }
        Shape::Frame { name } => {
            written.name = name.clone();
            "frame"
        }
    }
    .into();
    written
}

fn write_line(written: &mut dto::BoardElement, line: &Line) {
    let binding = |binding: &Binding| dto::Binding {
        element_id: binding.to.clone(),
        focus: f64::from(binding.focus) / FINER,
        gap: coarse(binding.gap),
        fixed_point: binding.fixed.map(|point| point.map(|part| f64::from(part) / FINER)),
    };
    written.points = Some(places(&line.points, 0));
    written.start_binding = line.start.as_ref().map(binding);
    written.end_binding = line.end.as_ref().map(binding);
    written.start_arrowhead = line.start_head.map(|head| head.word().into());
    written.end_arrowhead = line.end_head.map(|head| head.word().into());
}

fn coarse(length: i32) -> f64 {
    f64::from(length) / FINE
}

fn places(points: &Points, after: usize) -> Vec<[f64; 2]> {
    points.places().skip(after).map(|place| place.map(coarse)).collect()
}

/// What a page says that it shows.
pub(super) fn read_showing(showing: dto::BoardShowing) -> Result<Showing, BadElement> {
    let pointer = |pointer: dto::BoardPointer| {
        Ok::<_, BadElement>(Pointer {
            x: fine(pointer.x)?,
            y: fine(pointer.y)?,
            laser: pointer.laser,
            down: pointer.down,
        })
    };
    let mut drawing = Vec::with_capacity(showing.drawing.len());
    for element in showing.drawing {
        if let (id, Some(element)) = read(element)? {
            drawing.push((id, element));
        }
    }
    let pointer = showing.pointer.map(pointer).transpose()?;
    Ok(Showing { pointer, selected: showing.selected, drawing, ..Showing::default() })
}

fn write_shown(shown: BoardShown) -> dto::BoardShown {
    let BoardShown { device, step: Step { pointer, selected, drawing, .. }, now } = shown;
    let part = |Part { id, keep, element }: Part| {
        // The step's own points are steps from the last that is kept; where they lie only the whole says.
        let whole = now.drawing.iter().find(|(other, _)| *other == id).map(|(_, element)| element);
        let element = element.and(whole).map(|whole| {
            let mut written = write(id.clone(), whole);
            for list in written.points.iter_mut() {
                *list = list.split_off((keep as usize).min(list.len()));
            }
            for list in written.pressures.iter_mut() {
                *list = list.split_off((keep as usize).min(list.len()));
            }
            written
        });
        dto::BoardPart { id, keep, element }
    };
    dto::BoardShown {
        device: device.to_string(),
        pointer: pointer.map(|pointer| dto::BoardPointer {
            x: coarse(pointer.x),
            y: coarse(pointer.y),
            laser: pointer.laser,
            down: pointer.down,
        }),
        selected,
        drawing: drawing.map(|parts| parts.into_iter().map(part).collect()),
    }
}

fn person(person: BoardPerson) -> dto::BoardPerson {
    dto::BoardPerson { person: person.person.to_string(), name: person.name }
}

impl From<BoardInfo> for dto::Board {
    fn from(info: BoardInfo) -> Self {
        Self {
            id: info.id.to_string(),
            title: info.title,
            archived: info.archived,
            elements: info.elements as u64,
            created: info.created,
            by: person(info.by),
            at: info.at,
            here: info.here.into_iter().map(person).collect(),
            unread: info.unread,
        }
    }
}

impl From<Drawing> for dto::Drawing {
    fn from(drawing: Drawing) -> Self {
        let (mut elements, mut deleted) = (Vec::with_capacity(drawing.elements.len()), Vec::new());
        for (id, element) in drawing.elements {
            match element {
                Some(element) => elements.push(write(id, &element)),
                None => deleted.push(id),
            }
        }
        Self { all: drawing.all, elements, deleted, upto: drawing.upto, hidden: drawing.hidden as u64 }
    }
}

impl From<BoardNews> for dto::BoardNews {
    fn from(news: BoardNews) -> Self {
        let device = |(device, person): (compeer_core::DeviceId, BoardPerson)| dto::BoardDevice {
            device: device.to_string(),
            person: person.person.to_string(),
            name: person.name,
        };
        Self {
            drawn: news.drawn.map(Into::into),
            here: news.here.map(|here| here.into_iter().map(device).collect()),
            shown: news.shown.into_iter().map(write_shown).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> dto::BoardElement {
        serde_json::from_str(text).expect("an element")
    }

    /// One of each, as Excalidraw 0.18 writes them.
    fn file() -> Vec<&'static str> {
        vec![
            r##"{"id":"box-1_a","type":"rectangle","x":10.123,"y":-4.5,"width":100,"height":50.004,"angle":-0.5,"strokeColor":"#1e1e1e","backgroundColor":"#ffec99","fillStyle":"solid","strokeWidth":2,"strokeStyle":"dashed","roughness":1,"opacity":40,"groupIds":["g"],"frameId":null,"index":"a1","roundness":{"type":3},"seed":1278240551,"version":7,"versionNonce":5,"isDeleted":false,"boundElements":[{"id":"t","type":"text"}],"updated":1,"link":"https://example.org/","locked":true,"customData":{"x":1}}"##,
            r#"{"id":"d","type":"diamond","x":1,"y":1,"width":1,"height":1,"fillStyle":"cross-hatch","strokeWidth":4,"roughness":0,"seed":1}"#,
            r#"{"id":"l","type":"line","x":1,"y":1,"width":10,"height":10,"seed":1,"points":[[0,0],[10.55,-10.5]],"startBinding":null,"endBinding":null,"startArrowhead":null,"endArrowhead":null}"#,
            r#"{"id":"w","type":"arrow","x":1,"y":1,"width":10,"height":10,"seed":1,"points":[[0,0],[5,0],[5,9]],"startBinding":{"elementId":"box-1_a","focus":0.1234,"gap":5.5,"fixedPoint":[0.5001,1]},"endBinding":null,"startArrowhead":"dot","endArrowhead":"triangle_outline","elbowed":true,"fixedSegments":[{"index":2,"start":[5,0],"end":[5,9]}],"startIsSpecial":false,"endIsSpecial":true}"#,
            r#"{"id":"p","type":"freedraw","x":1,"y":1,"width":10,"height":10,"seed":1,"points":[[0,0],[3,4]],"pressures":[0,1],"simulatePressure":false}"#,
            r#"{"id":"t","type":"text","x":1,"y":1,"width":10,"height":10,"seed":1,"text":"quay\nwall","originalText":"quay wall","fontSize":23.456,"fontFamily":5,"textAlign":"center","verticalAlign":"middle","containerId":"box-1_a","autoResize":false,"lineHeight":1.25}"#,
            r#"{"id":"i","type":"image","x":1,"y":1,"width":10,"height":10,"seed":1,"fileId":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","scale":[-1,1],"crop":{"x":0,"y":1,"width":5,"height":6,"naturalWidth":9,"naturalHeight":9}}"#,
            r#"{"id":"f","type":"frame","x":1,"y":1,"width":10,"height":10,"seed":1,"name":"Plan"}"#,
        ]
    }

    #[test]
    fn what_was_read_is_written_as_it_was() {
        for text in file() {
            let (id, element) = read(json(text)).expect("reads");
            let element = element.expect("is there");
            let written = write(id.clone(), &element);
            assert_eq!(read(written.clone()).expect("reads"), (id, Some(element)), "{text}");
            // All that stands in the file and is kept has the same value, but for what is rounded.
            let (before, after): (serde_json::Value, _) =
                (serde_json::from_str(text).expect("JSON"), serde_json::to_value(&written).expect("JSON"));
            for (key, value) in before.as_object().expect("an object") {
                let passed_over = ["version", "versionNonce", "boundElements", "updated", "customData"];
                if passed_over.contains(&key.as_str()) || value.is_null() || key == "angle" {
                    continue;
                }
                let near = match (value.as_f64(), after[key].as_f64()) {
                    (Some(before), Some(after)) => (before - after).abs() <= 0.005,
                    _ => serde_json::to_string(value)
                        .is_ok_and(|text| text.replace(".0", "") == after[key].to_string().replace(".0", "")),
                };
                assert!(near, "{key}: {value} became {}", after[key]);
            }
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let deleted = read(json(r#"{"id":"x","isDeleted":true,"type":"iframe"}"#));
        assert_eq!(deleted, Ok(("x".into(), None)));
        let base = r#""id":"x","x":0,"y":0,"width":1,"height":1,"seed":1"#;
        for (rest, why) in [
            (r#""type":"embeddable","link":"https://example.org""#, BadElement::Kind("embeddable".into())),
            (r#""type":"iframe""#, BadElement::Kind("iframe".into())),
            (r#""type":"rectangle","fillStyle":"url(x)""#, BadElement::Word("fill", "url(x)".into())),
            (r#""type":"image","fileId":"../../etc""#, BadElement::File),
            (r#""type":"rectangle","angle":1e300,"strokeWidth":1e300"#, BadElement::Content(ElementError::Number)),
            (r#""type":"line","points":[]"#, BadElement::Content(ElementError::Points)),
            (r#""type":"rectangle","opacity":-1"#, BadElement::Content(ElementError::Number)),
            (r#""type":"rectangle","link":"javascript:alert(1)""#, BadElement::Content(ElementError::Link)),
        ] {
            assert_eq!(read(json(&format!("{{{base},{rest}}}"))), Err(why), "{rest}");
        }
    }

    #[test]
    fn fuzz_board_elements() {
        let seeds: Vec<_> = file().into_iter().map(|text| text.as_bytes().to_vec()).collect();
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Ok(element) = serde_json::from_slice::<dto::BoardElement>(bytes) else { return false };
            match read(element) {
                Ok((id, Some(element))) => {
                    assert_eq!(read(write(id.clone(), &element)), Ok((id, Some(element))));
                    true
                }
                Ok((_, None)) => true,
                Err(_) => false,
            }
        });
    }
}
