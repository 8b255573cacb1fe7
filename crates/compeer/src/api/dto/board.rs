//! Boards, what stands on them, and what people show there.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Somebody, by id and name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BoardPerson {
    /// The person's id.
    pub person: String,
    /// The name: content, never markup.
    pub name: String,
}

/// A board.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Board {
    /// Its id.
    pub id: String,
    /// What it is called: content, never markup.
    #[schema(required = true)]
    pub title: Option<String>,
    /// Whether it was put away.
    pub archived: bool,
    /// How many elements stand on it.
    pub elements: u64,
    /// When it was made.
    pub created: u64,
    /// By whom.
    pub by: BoardPerson,
    /// When something was last drawn on it, or it was made.
    pub at: u64,
    /// Who of the others has it open now.
    pub here: Vec<BoardPerson>,
    /// Comments of others that I have not read.
    pub unread: u64,
}

/// A board to make.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBoard {
    /// What it is called: one line of at most 200 characters.
    pub title: String,
}

/// What shall be different about a board; what is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardChange {
    /// Another title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether it is put away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// How round corners are.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Roundness {
    /// 1 to 3, as Excalidraw numbers them.
    #[serde(rename = "type")]
    pub kind: u8,
    /// The radius, where it was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub value: Option<f64>,
}

/// What the end of a line is bound to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// An element.
    pub element_id: String,
    /// How far beside its middle the line aims.
    pub focus: f64,
    /// How far before it the line ends.
    pub gap: f64,
    /// The point of it that the line is fixed to, as parts of its size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fixed_point: Option<[f64; 2]>,
}

/// A part of an arrow that was fixed by hand.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FixedSegment {
    /// The number of the point where it ends.
    pub index: u32,
    /// Where it starts.
    pub start: [f64; 2],
    /// Where it ends.
    pub end: [f64; 2],
}

/// What of a picture is seen.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Crop {
    /// From its left.
    pub x: f64,
    /// From its top.
    pub y: f64,
    /// How wide.
    pub width: f64,
    /// How high.
    pub height: f64,
    /// How wide all of it is.
    pub natural_width: f64,
    /// How high all of it is.
    pub natural_height: f64,
}

/// An element of a board, as Excalidraw's open file has it (version 2). Which fields there are depends on `type`. What
/// Excalidraw can work out again is left out; on the way in it is passed over.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BoardElement {
    /// 1 to 64 letters, digits, `-` and `_`.
    pub id: String,
    /// `rectangle`, `diamond`, `ellipse`, `line`, `arrow`, `freedraw`, `text`, `image` or `frame`; of one that is deleted it says
    /// nothing.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Whether it is there no more.
    #[serde(default)]
    pub is_deleted: bool,
    /// From the left, in pixels.
    #[serde(default)]
    pub x: f64,
    /// From the top.
    #[serde(default)]
    pub y: f64,
    /// How wide.
    #[serde(default)]
    pub width: f64,
    /// How high.
    #[serde(default)]
    pub height: f64,
    /// How far it is turned, in radians.
    #[serde(default)]
    pub angle: f64,
    /// The colour of its lines.
    #[serde(default)]
    pub stroke_color: Option<String>,
    /// The colour it is filled with.
    #[serde(default)]
    pub background_color: Option<String>,
    /// `solid`, `hachure`, `cross-hatch` or `zigzag`.
    #[serde(default)]
    pub fill_style: Option<String>,
    /// In pixels.
    #[serde(default)]
    pub stroke_width: Option<f64>,
    /// `solid`, `dashed` or `dotted`.
    #[serde(default)]
    pub stroke_style: Option<String>,
    /// How round its corners are.
    #[serde(default)]
    pub roundness: Option<Roundness>,
    /// How roughly it is drawn, from 0.
    #[serde(default)]
    pub roughness: Option<f64>,
    /// Of 100.
    #[serde(default)]
    pub opacity: Option<f64>,
    /// By which a rough shape looks the same to everybody.
    #[serde(default)]
    pub seed: f64,
    /// Its place between those below and those above it: a fractional index.
    #[serde(default)]
    pub index: Option<String>,
    /// The groups it is in, the innermost first.
    #[serde(default)]
    pub group_ids: Vec<String>,
    /// The frame it lies in.
    #[serde(default)]
    pub frame_id: Option<String>,
    /// Where a click on its link leads: a page or a mailbox.
    #[serde(default)]
    pub link: Option<String>,
    /// Whether it is kept from being moved by accident.
    #[serde(default)]
    pub locked: bool,
    /// Of lines and strokes: where they go, seen from `x` and `y`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub points: Option<Vec<[f64; 2]>>,
    /// Of strokes: how hard the pen was pressed at each point, of 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pressures: Option<Vec<f64>>,
    /// Of strokes: whether that is made up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub simulate_pressure: Option<bool>,
    /// Of lines: what the first point is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_binding: Option<Binding>,
    /// Of lines: what the last point is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_binding: Option<Binding>,
    /// Of lines: how they begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_arrowhead: Option<String>,
    /// Of lines: how they end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_arrowhead: Option<String>,
    /// Of arrows: whether they turn at right angles only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub elbowed: Option<bool>,
    /// Of those: the parts that were fixed by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_segments: Option<Vec<FixedSegment>>,
    /// Of those: whether the first part is hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_is_special: Option<bool>,
    /// Of those: whether the last part is hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_is_special: Option<bool>,
    /// Of texts: the words, broken into lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text: Option<String>,
    /// Of texts: the words as they were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub original_text: Option<String>,
    /// Of texts: in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub font_size: Option<f64>,
    /// Of texts: Excalidraw's number of the font.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub font_family: Option<u8>,
    /// Of texts: `left`, `center` or `right`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text_align: Option<String>,
    /// Of texts: `top`, `middle` or `bottom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub vertical_align: Option<String>,
    /// Of texts: the element they are written into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_id: Option<String>,
    /// Of texts: whether they are as wide as their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub auto_resize: Option<bool>,
    /// Of texts: of the size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub line_height: Option<f64>,
    /// Of pictures: the id of the file in the space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_id: Option<String>,
    /// Of pictures: -1 where they are mirrored, from left to right and from top to bottom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub scale: Option<[f64; 2]>,
    /// Of pictures: what of them is seen, if not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
    /// Of frames: what they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Elements to draw.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewElements {
    /// At most 5,000, each as it shall be from now on.
    pub elements: Vec<BoardElement>,
}

/// How many elements changed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ElementsDrawn {
    /// Those that were otherwise before.
    pub count: u64,
    /// Whoever was told with this `upto`, or a later one, has been told of them.
    pub upto: i64,
}

/// What stands on a board, or what has changed there.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Drawing {
    /// Whether this is all there is, instead of what has changed.
    pub all: bool,
    /// The elements that are there, or changed.
    pub elements: Vec<BoardElement>,
    /// The ids of those that are there no more. Of all that there is, none is.
    pub deleted: Vec<String>,
    /// What to ask with next time.
    pub upto: i64,
    /// Elements that are not shown because the board has too many.
    pub hidden: u64,
}

/// Something said at a board.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Comment {
    /// What was said.
    pub message: super::Message,
    /// The element it is about; null for the board as a whole. Nobody promises that there is one.
    #[schema(required = true)]
    pub element: Option<String>,
}

/// Something to say at a board.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewComment {
    /// At most 32 KiB.
    pub text: String,
    /// The element it is about; the board as a whole when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element: Option<String>,
}

/// Where somebody points on a board.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardPointer {
    /// From the left, in pixels of the board.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// Whether it leaves a trail of light.
    pub laser: bool,
    /// Whether it is pressed.
    pub down: bool,
}

/// What a page shows to the others who have the board open, in place of what it showed before.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardShowing {
    /// Where it points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<BoardPointer>,
    /// The ids of what is selected, at most 256.
    #[serde(default)]
    pub selected: Vec<String>,
    /// What is being drawn or moved just now, at most 64 elements.
    #[serde(default)]
    pub drawing: Vec<BoardElement>,
}

/// A device on a board.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BoardDevice {
    /// Its id.
    pub device: String,
    /// Whose it is.
    pub person: String,
    /// That person's name: content, never markup.
    pub name: String,
}

/// An element that somebody is drawing just now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BoardPart {
    /// Which.
    pub id: String,
    /// How many of its points, and of the pressures at them, are as they were.
    pub keep: u32,
    /// What it is now, without those; null when nothing of it changed.
    #[schema(required = true)]
    pub element: Option<BoardElement>,
}

/// What somebody shows now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BoardShown {
    /// On which device.
    pub device: String,
    /// Where they point.
    #[schema(required = true)]
    pub pointer: Option<BoardPointer>,
    /// What they have selected, if that is something else than before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub selected: Option<Vec<String>>,
    /// All that they are drawing, if that is something else than before. What is not named has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub drawing: Option<Vec<BoardPart>>,
}

/// What is new on a board that a page has open.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BoardNews {
    /// What was drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub drawn: Option<Drawing>,
    /// The other devices that have it open, when some came or went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub here: Option<Vec<BoardDevice>>,
    /// What they show, of those that show something else than before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<BoardShown>,
}
