//! What somebody shows of themselves on a board or a page while they are there: where they point, what they have selected, and
//! what they are drawing just now; where they write. Nothing of it is kept.
//!
//! It is told as what has changed since it was last told on the same stream, so that a stroke of a thousand points costs its
//! newest ones; and always the newest state, so that whoever is slow skips what lies between.

use minicbor::{Decode, Encode};

use super::element::{ELEMENT_BYTES, Element, ElementError, FURTHEST, Shape, check_id};

/// Elements that somebody is drawing or moving at once. More are seen when they are let go.
pub const DRAWING: usize = 64;
/// Elements that somebody is shown to have selected.
pub const SELECTED: usize = 256;
/// Bytes of what a page shows of somebody who writes.
pub const CURSOR_BYTES: usize = 1024;
/// Bytes of what is being drawn, in all.
const DRAWING_BYTES: usize = ELEMENT_BYTES + 32 * 1024;

/// Where somebody points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Pointer {
    /// From the left, in hundredths of a pixel of the board.
    #[n(0)]
    pub x: i32,
    /// From the top.
    #[n(1)]
    pub y: i32,
    /// Whether it leaves a trail of light.
    #[n(2)]
    pub laser: bool,
    /// Whether it is pressed.
    #[n(3)]
    pub down: bool,
}

/// What somebody shows on a board or a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Showing {
    /// Where they point, if anywhere.
    pub pointer: Option<Pointer>,
    /// The ids of what they have selected.
    pub selected: Vec<String>,
    /// What they are drawing or moving, by id.
    pub drawing: Vec<(String, Element)>,
    /// Where they write on a page, in the page's own words: at most [`CURSOR_BYTES`].
    pub cursor: Vec<u8>,
}

/// How one [`Showing`] becomes the next.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Step {
    /// Where they point now.
    #[n(0)]
    pub pointer: Option<Pointer>,
    /// What they have selected now, if that is something else.
    #[n(1)]
    pub selected: Option<Vec<String>>,
    /// All that they are drawing now. What is not named has ended.
    #[n(2)]
    pub drawing: Option<Vec<Part>>,
    /// Where they write now, if that is elsewhere.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub cursor: Option<Vec<u8>>,
}

/// One element that is being drawn.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Part {
    /// Which.
    #[n(0)]
    pub id: String,
    /// How many of its points are as they were.
    #[n(1)]
    pub keep: u32,
    /// What it is now, without those points; none when nothing of it changed.
    #[n(2)]
    pub element: Option<Box<Element>>,
}

/// Why a step is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// An element that nobody can draw.
    #[error(transparent)]
    Element(#[from] ElementError),
    /// More than is shown at once.
    #[error("more is shown at once than is looked at")]
    TooMuch,
    /// It goes on from something that was not there.
    #[error("a part that goes on from nothing")]
    Nowhere,
}

impl Showing {
    /// Whether it is within bounds.
    pub fn check(&self) -> Result<(), StepError> {
        if self.drawing.len() > DRAWING || self.selected.len() > SELECTED || self.cursor.len() > CURSOR_BYTES {
            return Err(StepError::TooMuch);
        }
        if let Some(Pointer { x, y, .. }) = self.pointer
            && [x, y].iter().any(|at| !(-FURTHEST..=FURTHEST).contains(at))
        {
            return Err(ElementError::Number.into());
        }
        self.selected.iter().try_for_each(|id| check_id(id))?;
        let mut bytes = 0;
        for (id, element) in &self.drawing {
            check_id(id)?;
            element.check()?;
            bytes += element.encode().len();
        }
        if bytes > DRAWING_BYTES { Err(StepError::TooMuch) } else { Ok(()) }
    }

    /// How `last` becomes this; `None` when it is the same.
    #[must_use]
    pub fn since(&self, last: &Self) -> Option<Step> {
        let part = |(id, element): &(String, Element)| {
            let before = last.drawing.iter().find(|(other, _)| other == id).map(|(_, element)| element);
            if before == Some(element) {
                return Part { id: id.clone(), keep: 0, element: None };
            }
            let keep = before.map_or(0, |before| shared(before, element));
            Part { id: id.clone(), keep: keep as u32, element: Some(Box::new(without(element, keep))) }
        };
        let step = Step {
            pointer: self.pointer,
            selected: (self.selected != last.selected).then(|| self.selected.clone()),
            drawing: (self.drawing != last.drawing).then(|| self.drawing.iter().map(part).collect()),
            cursor: (self.cursor != last.cursor).then(|| self.cursor.clone()),
        };
        let rest = step.selected.is_none() && step.drawing.is_none() && step.cursor.is_none();
        let same = step.pointer == last.pointer && rest;
        (!same).then_some(step)
    }

    /// Takes a step that came from outside. What is refused changes nothing.
    pub fn take(&mut self, step: Step) -> Result<(), StepError> {
        let drawing = match step.drawing {
            None => self.drawing.clone(),
            Some(parts) if parts.len() > DRAWING => return Err(StepError::TooMuch),
            Some(parts) => parts.into_iter().map(|part| self.whole(part)).collect::<Result<_, _>>()?,
        };
        let selected = step.selected.unwrap_or_else(|| self.selected.clone());
        let cursor = step.cursor.unwrap_or_else(|| self.cursor.clone());
        let next = Self { pointer: step.pointer, selected, drawing, cursor };
        next.check()?;
        *self = next;
        Ok(())
    }

    fn whole(&self, part: Part) -> Result<(String, Element), StepError> {
        let before = || self.drawing.iter().find(|(id, _)| *id == part.id).map(|(_, element)| element);
        let Some(element) = part.element else {
            return before().cloned().map(|element| (part.id.clone(), element)).ok_or(StepError::Nowhere);
        };
        let mut element = *element;
        if part.keep > 0 {
            let before = before().ok_or(StepError::Nowhere)?;
            join(before, &mut element, part.keep as usize).ok_or(StepError::Nowhere)?;
        }
        Ok((part.id, element))
    }
}

fn pressures(element: &Element) -> &[u8] {
    match &element.shape {
        Shape::Stroke(stroke) => &stroke.pressures,
        _ => &[],
    }
}

/// How many first points, and pressures at them, of both are the same.
fn shared(before: &Element, now: &Element) -> usize {
    let (Some(one), Some(other)) = (before.points(), now.points()) else { return 0 };
    let points = one.shared(other);
    let (one, other) = (pressures(before), pressures(now));
    let pressed = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    // Where there are none there is nothing to keep; otherwise points are kept only with all that was pressed before them.
    if one.is_empty() && other.is_empty() { points } else { points.min(pressed) }
}

fn without(element: &Element, keep: usize) -> Element {
    let mut rest = element.clone();
    if let Some(points) = rest.points_mut() {
        *points = points.after(keep);
    }
    if let Shape::Stroke(stroke) = &mut rest.shape {
        stroke.pressures = stroke.pressures.get(keep..).unwrap_or_default().to_vec();
    }
    rest
}

fn join(before: &Element, rest: &mut Element, keep: usize) -> Option<()> {
    let whole = before.points()?.continued(keep, rest.points()?)?;
    *rest.points_mut()? = whole;
    if let (Shape::Stroke(one), Shape::Stroke(other)) = (&before.shape, &mut rest.shape)
        && !one.pressures.is_empty()
    {
        other.pressures = [one.pressures.get(..keep)?, &other.pressures].concat();
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::element::tests::rectangle;
    use crate::model::element::{Points, Stroke};
    use compeer_core::cbor;

    fn stroke(points: usize, pressed: bool) -> Element {
        let stroke = Stroke {
            points: Points::of((0..points as i32).map(|at| [at * 300, at * at])),
            pressures: if pressed { (0..points).map(|at| at as u8).collect() } else { Vec::new() },
            simulated: !pressed,
        };
        Element { shape: Shape::Stroke(stroke), ..rectangle() }
    }

    fn drawing(elements: &[(&str, Element)]) -> Showing {
        Showing {
            drawing: elements.iter().map(|(id, element)| ((*id).into(), element.clone())).collect(),
            ..Showing::default()
        }
    }

    #[test]
    fn steps_lead_from_one_state_to_the_next() {
        let pointer = Some(Pointer { x: 5, y: -5, laser: false, down: true });
        let states = [
            Showing::default(),
            Showing { pointer, ..Showing::default() },
            Showing { pointer, selected: vec!["a".into()], ..drawing(&[("a", rectangle())]) },
            Showing { cursor: vec![7; 9], ..Showing::default() },
            drawing(&[("s", stroke(3, true))]),
            drawing(&[("s", stroke(9, true)), ("t", stroke(2, false))]),
            drawing(&[("t", stroke(40, false)), ("s", stroke(9, true))]),
            drawing(&[("t", stroke(20, false))]),
            drawing(&[("t", rectangle())]),
            Showing::default(),
        ];
        let mut there = Showing::default();
        for one in &states {
            for other in &states {
                there
                    .take(one.since(&there).unwrap_or_else(|| there.since(&Showing::default()).unwrap_or_default()))
                    .expect("takes");
                assert_eq!(&there, one);
                match other.since(one) {
                    Some(step) => {
                        there.take(cbor::decode(&cbor::encode(&step), 1 << 20).expect("decodes")).expect("takes")
                    }
                    None => assert_eq!(one, other),
                }
                assert_eq!(&there, other);
            }
        }
    }

    #[test]
    fn a_stroke_that_goes_on_costs_its_newest_points() {
        let (before, now) = (drawing(&[("s", stroke(1000, false))]), drawing(&[("s", stroke(1002, false))]));
        let step = now.since(&before).expect("a step");
        assert!(cbor::encode(&step).len() < 100, "{}", cbor::encode(&step).len());
    }

    #[test]
    fn what_is_not_within_bounds_changes_nothing() {
        let part = |id: &str, keep, element| Part { id: id.into(), keep, element: Some(Box::new(element)) };
        let of = |parts: Vec<Part>| Step { drawing: Some(parts), ..Step::default() };
        let bad = Element { x: i32::MAX, ..rectangle() };
        let many = (0..DRAWING + 1).map(|at| part(&format!("n{at}"), 0, rectangle())).collect();
        let full: Vec<_> = (0..DRAWING).map(|at| part(&format!("n{at}"), 0, stroke(2000, false))).collect();
        let table = [
            of(vec![part("s", 1, stroke(4, false))]),
            of(vec![part("a", 99, stroke(4, false))]),
            of(vec![part("a", 1, rectangle())]),
            of(vec![Part { id: "gone".into(), keep: 0, element: None }]),
            of(vec![part("b", 0, bad)]),
            of(vec![part("", 0, rectangle())]),
            of(many),
            of(full),
            Step { selected: Some(vec!["x".into(); SELECTED + 1]), ..Step::default() },
            Step { cursor: Some(vec![0; CURSOR_BYTES + 1]), ..Step::default() },
            Step { pointer: Some(Pointer { x: 0, y: i32::MIN, laser: false, down: false }), ..Step::default() },
        ];
        let before = drawing(&[("a", stroke(3, false))]);
        for step in table {
            let mut there = before.clone();
            assert!(there.take(step.clone()).is_err(), "{step:?}");
            assert_eq!(there, before);
        }
    }

    #[test]
    fn fuzz_steps() {
        let states = [drawing(&[("a", stroke(3, true)), ("b", rectangle())]), drawing(&[("a", stroke(5, true))])];
        let pointing = Showing { pointer: Some(Pointer { x: 1, y: 2, laser: true, down: false }), ..states[1].clone() };
        let steps = [states[0].since(&Showing::default()), states[1].since(&states[0]), pointing.since(&states[1])];
        let seeds: Vec<_> = steps.iter().map(|step| cbor::encode(step.as_ref().expect("a step"))).collect();
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Ok(step) = cbor::decode::<Step>(bytes, 1 << 16) else { return false };
            let mut there = states[0].clone();
            let taken = there.take(step).is_ok();
            assert_eq!(there.check(), Ok(()));
            taken
        });
    }
}
