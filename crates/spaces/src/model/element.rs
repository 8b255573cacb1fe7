//! One element of a board, as it travels: what Excalidraw draws, without what it can work out again.
//!
//! The shapes and their fields are those of Excalidraw's open file (version 2, `excalidraw/element/types.ts`). Left out is what
//! follows from the rest: which elements are bound to which (the bound one says so), version numbers (the journal decides
//! which one counts), and what was deleted (an element that is no more has no value). Lengths are whole hundredths of a
//! pixel, so every number is finite, bounded and short; what is as Excalidraw has it to begin with is not written.

use compeer_core::{EntryHash, cbor};
use minicbor::{Decode, Encode};

/// Bytes of an element's id, and of the ids of groups.
pub const ID_BYTES: usize = 64;
/// Bytes of one element as it is written.
pub const ELEMENT_BYTES: usize = 128 * 1024;
/// Points of one line or stroke.
pub const POINTS: usize = 10_000;
/// Bytes of the text of one element.
pub const TEXT_BYTES: usize = 32 * 1024;
/// No part of a board lies further from its middle, in hundredths of a pixel: ten thousand screens.
pub const FURTHEST: i32 = 1_000_000 * 100;
/// Bytes of a link.
const LINK_BYTES: usize = 2048;
/// Bytes of a colour: the longest is `rgba(255, 255, 255, 0.123456)`.
const COLOR_BYTES: usize = 40;
/// Bytes of an element's place in the order. It grows by one for about six elements put at the same place.
const ORDER_BYTES: usize = 256;
/// Groups inside groups.
const GROUPS: usize = 32;
/// Characters of a frame's name.
const FRAME_NAME: usize = 200;
/// A full turn, in ten-thousandths of a radian, rounded up.
const TURN: u32 = 62_832;

/// Why an element is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ElementError {
    /// The id of an element, a group or a frame.
    #[error("an id has 1 to 64 letters, digits, - and _")]
    Id,
    /// Something lies or reaches too far out, or a number is not within its bounds.
    #[error("a number is out of bounds")]
    Number,
    /// None of the ways to write a colour.
    #[error("a colour is written as #rrggbb, by its name, or as rgb() or hsl()")]
    Color,
    /// Not a place in the order.
    #[error("not a fractional index")]
    Order,
    /// A link that leads elsewhere than to a page or to a mailbox.
    #[error("a link begins with http:, https: or mailto:")]
    Link,
    /// A text with control characters, or a longer one than is kept.
    #[error("a text on a board has at most 32 KiB and no control characters")]
    Text,
    /// Too many points, or fewer than make a line.
    #[error("a line has 1 to 10,000 points")]
    Points,
    /// More bytes than [`ELEMENT_BYTES`], or more groups than are kept.
    #[error("the element is too large")]
    TooLarge,
}

/// A list of words that are written as numbers.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($number:literal $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
        #[cbor(index_only)]
        pub enum $name {
            $(#[doc = concat!("Called `", $word, "`.")] #[n($number)] $variant,)+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// What Excalidraw calls it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one that Excalidraw calls so.
            #[must_use]
            pub fn of(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words!(
    /// How a shape is filled.
    FillStyle { 0 Solid = "solid", 1 Hachure = "hachure", 2 CrossHatch = "cross-hatch", 3 Zigzag = "zigzag", }
);
words!(
    /// How a line is drawn.
    StrokeStyle { 0 Solid = "solid", 1 Dashed = "dashed", 2 Dotted = "dotted", }
);
words!(
    /// How a text lies between left and right.
    TextAlign { 0 Left = "left", 1 Center = "center", 2 Right = "right", }
);
words!(
    /// How a text lies between top and bottom.
    VerticalAlign { 0 Top = "top", 1 Middle = "middle", 2 Bottom = "bottom", }
);
words!(
    /// The end of a line.
    Arrowhead {
        0 Arrow = "arrow", 1 Bar = "bar", 2 Dot = "dot", 3 Circle = "circle", 4 CircleOutline = "circle_outline",
        5 Triangle = "triangle", 6 TriangleOutline = "triangle_outline", 7 Diamond = "diamond",
        8 DiamondOutline = "diamond_outline", 9 CrowfootOne = "crowfoot_one", 10 CrowfootMany = "crowfoot_many",
        11 CrowfootOneOrMany = "crowfoot_one_or_many",
    }
);

/// An element of a board.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Element {
    /// What it is.
    #[n(0)]
    pub shape: Shape,
    /// From the left, in hundredths of a pixel, as all lengths here.
    #[n(1)]
    pub x: i32,
    /// From the top.
    #[n(2)]
    pub y: i32,
    /// How wide it is; may be negative while it is drawn from right to left.
    #[n(3)]
    pub width: i32,
    /// How high it is.
    #[n(4)]
    pub height: i32,
    /// How far it is turned, in ten-thousandths of a radian.
    #[cbor(n(5), skip_if = "is_default")]
    pub angle: u32,
    /// The colour of its lines; none is `#1e1e1e`.
    #[n(6)]
    pub stroke: Option<String>,
    /// The colour it is filled with; none is `transparent`.
    #[n(7)]
    pub background: Option<String>,
    /// None is solid.
    #[n(8)]
    pub fill: Option<FillStyle>,
    /// None is 2 pixels.
    #[n(9)]
    pub stroke_width: Option<i32>,
    /// None is solid.
    #[n(10)]
    pub stroke_style: Option<StrokeStyle>,
    /// How round its corners are.
    #[n(11)]
    pub roundness: Option<Roundness>,
    /// How roughly it is drawn, in hundredths; none is 1.
    #[n(12)]
    pub roughness: Option<u16>,
    /// Of 100; none is 100.
    #[n(13)]
    pub opacity: Option<u8>,
    /// By which a rough shape looks the same to everybody.
    #[n(14)]
    pub seed: u32,
    /// Its place between those below and those above it: a fractional index (rocicorp/fractional-indexing). Two may have the
    /// same; then the id decides.
    #[n(15)]
    pub order: Option<String>,
    /// The groups it is in, the innermost first.
    #[cbor(n(16), skip_if = "is_default")]
    pub groups: Vec<String>,
    /// The frame it lies in.
    #[n(17)]
    pub frame: Option<String>,
    /// Where a click on its link leads.
    #[n(18)]
    pub link: Option<String>,
    /// Whether it is kept from being moved by accident.
    #[cbor(n(19), skip_if = "is_default")]
    pub locked: bool,
}

/// What an element is. There is nothing that brings other pages onto the board.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Shape {
    /// A rectangle.
    #[n(0)]
    Rectangle,
    /// A diamond.
    #[n(1)]
    Diamond,
    /// An ellipse.
    #[n(2)]
    Ellipse,
    /// A line through points.
    #[n(3)]
    Line(#[n(0)] Line),
    /// A line that leads somewhere.
    #[n(4)]
    Arrow(#[n(0)] Line),
    /// A stroke of a pen.
    #[n(5)]
    Stroke(#[n(0)] Stroke),
    /// Words.
    #[n(6)]
    Text(#[n(0)] Text),
    /// A picture.
    #[n(7)]
    Image(#[n(0)] Image),
    /// A frame around others.
    #[n(8)]
    Frame {
        /// What it is called.
        #[n(0)]
        name: Option<String>,
    },
}

/// How round corners are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Roundness {
    /// 1 to 3, as Excalidraw numbers them.
    #[n(0)]
    pub kind: u8,
    /// The radius, where it was chosen.
    #[n(1)]
    pub value: Option<i32>,
}

/// Where a line goes and how it ends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Line {
    /// Where it goes.
    #[n(0)]
    pub points: Points,
    /// What its first point is bound to.
    #[n(1)]
    pub start: Option<Binding>,
    /// What its last point is bound to.
    #[n(2)]
    pub end: Option<Binding>,
    /// How it begins.
    #[n(3)]
    pub start_head: Option<Arrowhead>,
    /// How it ends.
    #[n(4)]
    pub end_head: Option<Arrowhead>,
    /// Whether it turns at right angles only, and how.
    #[n(5)]
    pub elbow: Option<Elbow>,
}

/// What the end of a line is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Binding {
    /// An element.
    #[n(0)]
    pub to: String,
    /// How far beside its middle the line aims, in ten-thousandths.
    #[n(1)]
    pub focus: i32,
    /// How far before it the line ends.
    #[n(2)]
    pub gap: i32,
    /// The point of it that the line is fixed to, in ten-thousandths of its size.
    #[n(3)]
    pub fixed: Option<[i32; 2]>,
}

/// An arrow that turns at right angles.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Elbow {
    /// Its parts that were fixed by hand: number of the point at the end, start, end.
    #[n(0)]
    pub fixed: Vec<FixedPart>,
    /// Whether its first part is hidden.
    #[n(1)]
    pub start_special: bool,
    /// Whether its last part is hidden.
    #[n(2)]
    pub end_special: bool,
}

/// A part of an arrow that was fixed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct FixedPart {
    /// Which: the number of the point where it ends.
    #[n(0)]
    pub index: u32,
    /// Where it starts.
    #[n(1)]
    pub start: [i32; 2],
    /// Where it ends.
    #[n(2)]
    pub end: [i32; 2],
}

/// A stroke of a pen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Stroke {
    /// Where it goes.
    #[n(0)]
    pub points: Points,
    /// How hard the pen was pressed at each point, of 255; empty where it is made up.
    #[cbor(n(1), with = "minicbor::bytes", skip_if = "is_default")]
    pub pressures: Vec<u8>,
    /// Whether the pressure is made up, as for a mouse.
    #[cbor(n(2), skip_if = "is_default")]
    pub simulated: bool,
}

/// Words on a board.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Text {
    /// As it stands there, broken into lines.
    #[n(0)]
    pub text: String,
    /// As it was written, where that is not the same.
    #[n(1)]
    pub original: Option<String>,
    /// In hundredths of a pixel.
    #[n(2)]
    pub size: i32,
    /// Excalidraw's number of the font.
    #[n(3)]
    pub font: u8,
    /// None is left.
    #[n(4)]
    pub align: Option<TextAlign>,
    /// None is top.
    #[n(5)]
    pub vertical: Option<VerticalAlign>,
    /// The element it is written into.
    #[n(6)]
    pub container: Option<String>,
    /// Whether it keeps its width and breaks lines.
    #[cbor(n(7), skip_if = "is_default")]
    pub fixed_width: bool,
    /// Of its size, in hundredths.
    #[n(8)]
    pub line_height: u16,
}

/// A picture on a board.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Image {
    /// The entry that listed its file; none while it is on its way. Nobody promises that there is one.
    #[n(0)]
    pub file: Option<EntryHash>,
    /// Whether it is mirrored from left to right, and from top to bottom.
    #[cbor(n(1), skip_if = "is_default")]
    pub flipped: [bool; 2],
    /// What of it is seen: left, top, width, height, and the width and height of all of it.
    #[n(2)]
    pub crop: Option<[i32; 6]>,
}

/// Where a line goes: each point as its distance from the one before, first to the right, then down. Neighbours are near, so
/// that takes about half the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Points(#[n(0)] Vec<i32>);

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Points {
    /// Points by where they lie, seen from the element's `x` and `y`.
    #[must_use]
    pub fn of(points: impl IntoIterator<Item = [i32; 2]>) -> Self {
        let mut last = [0i32; 2];
        let mut steps = Vec::new();
        for point in points {
            steps.extend([point[0].saturating_sub(last[0]), point[1].saturating_sub(last[1])]);
            last = point;
        }
        Self(steps)
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len() / 2
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where they lie. Of points that were checked no sum overflows.
    pub fn places(&self) -> impl Iterator<Item = [i32; 2]> + '_ {
        self.0.chunks_exact(2).scan([0i32; 2], |last, step| {
            *last = [last[0].saturating_add(step[0]), last[1].saturating_add(step[1])];
            Some(*last)
        })
    }

    /// How many of the first points of both are the same.
    pub(crate) fn shared(&self, other: &Self) -> usize {
        self.0.chunks_exact(2).zip(other.0.chunks_exact(2)).take_while(|(one, other)| one == other).count()
    }

    /// The points after the first `count`, each still as its distance from the one before.
    pub(crate) fn after(&self, count: usize) -> Self {
        Self(self.0.get(count * 2..).unwrap_or_default().to_vec())
    }

    /// These points up to `count`, then the steps of `tail`.
    pub(crate) fn continued(&self, count: usize, tail: &Self) -> Option<Self> {
        let head = self.0.get(..count * 2)?;
        Some(Self([head, &tail.0].concat()))
    }

    fn check(&self) -> Result<(), ElementError> {
        if self.0.is_empty() || !self.0.len().is_multiple_of(2) || self.len() > POINTS {
            return Err(ElementError::Points);
        }
        let mut at = [0i64; 2];
        for step in self.0.chunks_exact(2) {
            at = [at[0] + i64::from(step[0]), at[1] + i64::from(step[1])];
            let far = i64::from(FURTHEST);
            if at.iter().any(|at| !(-far..=far).contains(at)) {
                return Err(ElementError::Number);
            }
        }
        Ok(())
    }
}

impl Element {
    /// What can be read of it: the words of a text, the name of a frame.
    pub fn words(&self) -> Option<&str> {
        match &self.shape {
            Shape::Text(text) => Some(text.original.as_ref().unwrap_or(&text.text)),
            Shape::Frame { name } => name.as_deref(),
            _ => None,
        }
    }

    /// The bytes by which it is kept and handed on.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads what was kept.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        cbor::decode(bytes, ELEMENT_BYTES).ok()
    }

    /// The points it is drawn through, if it is a line or a stroke.
    pub(crate) fn points(&self) -> Option<&Points> {
        match &self.shape {
            Shape::Line(line) | Shape::Arrow(line) => Some(&line.points),
            Shape::Stroke(stroke) => Some(&stroke.points),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(crate) fn points_mut(&mut self) -> Option<&mut Points> {
        match &mut self.shape {
            Shape::Line(line) | Shape::Arrow(line) => Some(&mut line.points),
            Shape::Stroke(stroke) => Some(&mut stroke.points),
            _ => None,
        }
    }

    /// Whether it can be drawn by everybody.
    pub fn check(&self) -> Result<(), ElementError> {
        far(self.x)?;
        far(self.y)?;
        far(self.width)?;
        far(self.height)?;
        within(self.angle <= TURN)?;
        within(self.stroke_width.is_none_or(|width| (0..=10_000).contains(&width)))?;
        within(self.roughness.is_none_or(|roughness| roughness <= 1000))?;
        within(self.opacity.is_none_or(|opacity| opacity <= 100))?;
        within(self.seed <= i32::MAX as u32)?;
        if let Some(Roundness { kind, value }) = self.roundness {
            within((1..=3).contains(&kind) && value.is_none_or(|value| (0..=FURTHEST).contains(&value)))?;
        }
        self.stroke.iter().chain(&self.background).try_for_each(|color| check_color(color))?;
        if self.order.as_ref().is_some_and(|order| !is_order(order)) {
            return Err(ElementError::Order);
        }
        if self.groups.len() > GROUPS {
            return Err(ElementError::TooLarge);
        }
        self.groups.iter().chain(&self.frame).try_for_each(|id| check_id(id))?;
        self.link.iter().try_for_each(|link| check_link(link))?;
        self.shape.check()?;
        if self.encode().len() > ELEMENT_BYTES { Err(ElementError::TooLarge) } else { Ok(()) }
    }
}

impl Shape {
    fn check(&self) -> Result<(), ElementError> {
        match self {
            Self::Rectangle | Self::Diamond | Self::Ellipse | Self::Frame { name: None } => Ok(()),
            Self::Line(line) | Self::Arrow(line) => line.check(),
            Self::Stroke(stroke) => {
                stroke.points.check()?;
                let pressed = stroke.pressures.len();
                if pressed > stroke.points.len() { Err(ElementError::Points) } else { Ok(()) }
            }
            Self::Text(text) => {
                check_text(&text.text)?;
                text.original.iter().try_for_each(|original| check_text(original))?;
                within((100..=1_000_000).contains(&text.size) && (50..=1000).contains(&text.line_height))?;
                text.container.iter().try_for_each(|id| check_id(id))
            }
            Self::Image(image) => match image.crop {
                Some(crop) => {
                    crop.iter().try_for_each(|length| far(*length))?;
                    within(crop[2..].iter().all(|length| *length > 0))
                }
                None => Ok(()),
            },
            Self::Frame { name: Some(name) } if name.chars().count() > FRAME_NAME => Err(ElementError::Text),
            Self::Frame { name: Some(name) } => check_text(name),
        }
    }
}

impl Line {
    fn check(&self) -> Result<(), ElementError> {
        self.points.check()?;
        for Binding { to, focus, gap, fixed } in self.start.iter().chain(&self.end) {
            check_id(to)?;
            far(*focus)?;
            far(*gap)?;
            fixed.iter().flatten().try_for_each(|part| far(*part))?;
        }
        if let Some(Elbow { fixed, .. }) = &self.elbow {
            within(fixed.len() <= self.points.len())?;
            for part in fixed {
                within((part.index as usize) < POINTS)?;
                part.start.iter().chain(&part.end).try_for_each(|part| far(*part))?;
            }
        }
        Ok(())
    }
}

fn within(is: bool) -> Result<(), ElementError> {
    if is { Ok(()) } else { Err(ElementError::Number) }
}

fn far(length: i32) -> Result<(), ElementError> {
    within((-FURTHEST..=FURTHEST).contains(&length))
}

/// Checks the id of an element.
pub fn check_id(id: &str) -> Result<(), ElementError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=ID_BYTES).contains(&id.len()) && id.bytes().all(plain) { Ok(()) } else { Err(ElementError::Id) }
}

fn check_text(text: &str) -> Result<(), ElementError> {
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if text.len() > TEXT_BYTES || text.chars().any(control) { Err(ElementError::Text) } else { Ok(()) }
}

/// A colour as CSS writes it, but nothing that names anything else (`url()`, `var()`).
fn check_color(color: &str) -> Result<(), ElementError> {
    let known = color.len() <= COLOR_BYTES
        && match color.strip_prefix('#') {
            Some(hex) => matches!(hex.len(), 3 | 4 | 6 | 8) && hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
            None => match color.split_once('(') {
                Some((function, rest)) => {
                    matches!(function, "rgb" | "rgba" | "hsl" | "hsla")
                        && rest.strip_suffix(')').is_some_and(|parts| {
                            parts.bytes().all(|byte| byte.is_ascii_digit() || b"., %".contains(&byte))
                        })
                }
                None => !color.is_empty() && color.bytes().all(|byte| byte.is_ascii_alphabetic()),
            },
        };
    if known { Ok(()) } else { Err(ElementError::Color) }
}

fn check_link(link: &str) -> Result<(), ElementError> {
    let lower = link.get(..8).unwrap_or(link).to_ascii_lowercase();
    let leads = ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    let plain = !link.chars().any(|c| c.is_control() || c.is_whitespace());
    if leads && plain && link.len() <= LINK_BYTES { Ok(()) } else { Err(ElementError::Link) }
}

/// Whether this is a key of rocicorp/fractional-indexing in base 62 (`validateOrderKey`): a head that says how long the whole
/// part is, and a fraction that does not end with 0.
fn is_order(order: &str) -> bool {
    let bytes = order.as_bytes();
    let whole = match bytes.first() {
        Some(head @ b'a'..=b'z') => usize::from(head - b'a') + 2,
        Some(head @ b'A'..=b'Z') => usize::from(b'Z' - head) + 2,
        _ => return false,
    };
    let smallest = bytes.len() == 27 && bytes[0] == b'A' && bytes[1..].iter().all(|byte| *byte == b'0');
    bytes.len() <= ORDER_BYTES
        && bytes.len() >= whole
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && !smallest
        && (bytes.len() == whole || bytes.last() != Some(&b'0'))
}

#[cfg(test)]
pub(crate) mod tests;
