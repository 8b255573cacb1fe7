//! One field of something in a space, and what it shall be from now on.

use compeer_core::{EntryHash, GroupId};
use minicbor::{Decode, Encode};

use super::element::{Element, ElementError, check_id};
use super::issue::{self, Day, Priority, Status};
use super::op::OpError;
use super::text::{NameError, check_message, check_title};
use super::update::{Stretch, read_runs};

/// Bytes of an emoji. The longest in use (families, flags of regions) take 35.
pub const EMOJI_BYTES: usize = 48;
/// Letters of what says which part of something a message is about.
const ANCHOR_BYTES: usize = 256;
/// Bytes of what says where a page stands among its siblings.
pub const ORDER_BYTES: usize = 64;
/// Characters of a title.
pub const TITLE_CHARS: usize = 200;

/// For how many days messages can be kept.
pub const RETENTION_DAYS: std::ops::RangeInclusive<u16> = 7..=3650;

/// One field of something, and what it shall be from now on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Field {
    /// The text of a message. By its author.
    #[n(0)]
    Text {
        /// As in [`super::Op::Message`].
        #[n(0)]
        text: String,
    },
    /// Whether the author of this operation reacts to a message with this emoji.
    #[n(1)]
    Reaction {
        /// At most [`EMOJI_BYTES`].
        #[n(0)]
        emoji: String,
        /// Whether it is there.
        #[n(1)]
        on: bool,
    },
    /// Whether a message is pinned. By anybody who may write.
    #[n(2)]
    Pinned {
        /// Whether it is.
        #[n(0)]
        on: bool,
    },
    /// What something that was made is called. By anybody who may write.
    #[n(3)]
    Title {
        /// One line of at most [`TITLE_CHARS`].
        #[n(0)]
        text: String,
    },
    /// Where a message stands, wherever it was said. By anybody who may write.
    #[n(4)]
    Place {
        /// What it is said at; none is the space's general talk.
        #[n(0)]
        at: Option<EntryHash>,
    },
    /// Whether there is nothing more to say about a topic, or to draw on a board or write on a page. By anybody who may write.
    #[n(5)]
    Resolved {
        /// Whether that is so.
        #[n(0)]
        on: bool,
    },
    /// How far an issue is. This and all that follow are by anybody who may write, but for `Prefix`.
    #[n(6)]
    Status {
        /// As it is now.
        #[n(0)]
        status: Status,
    },
    /// How much an issue matters.
    #[n(7)]
    Priority {
        /// As it is now.
        #[n(0)]
        priority: Priority,
    },
    /// Who does an issue, or leads a project.
    #[n(8)]
    Assignee {
        /// Nobody promises that they are a member.
        #[n(0)]
        person: Option<GroupId>,
    },
    /// How much work an issue is.
    #[n(9)]
    Estimate {
        /// At most [`issue::HIGHEST_ESTIMATE`].
        #[n(0)]
        points: Option<u16>,
    },
    /// By when an issue shall be done, and when a project or cycle ends.
    #[n(10)]
    Due {
        /// The last day.
        #[n(0)]
        day: Option<Day>,
    },
    /// What an issue is part of.
    #[n(11)]
    Parent {
        /// Nobody promises that there is one, or that it is not part of this one.
        #[n(0)]
        issue: Option<EntryHash>,
    },
    /// Whether an issue has a label: a register for each.
    #[n(12)]
    Label {
        /// Which.
        #[n(0)]
        label: EntryHash,
        /// Whether it has it.
        #[n(1)]
        on: bool,
    },
    /// Whether another issue can only be done after this one: a register for each.
    #[n(13)]
    Blocks {
        /// The other one.
        #[n(0)]
        issue: EntryHash,
        /// Whether that is so.
        #[n(1)]
        on: bool,
    },
    /// The project that an issue belongs to.
    #[n(14)]
    Project {
        /// Which.
        #[n(0)]
        project: Option<EntryHash>,
    },
    /// The cycle that an issue is planned for.
    #[n(15)]
    Cycle {
        /// Which.
        #[n(0)]
        cycle: Option<EntryHash>,
    },
    /// What an issue or project is about.
    #[n(16)]
    Description {
        /// Markdown, as long as a message may be; may be empty.
        #[n(0)]
        text: String,
    },
    /// The number in an issue's key. Counts only as it is made with it.
    #[n(17)]
    Number {
        /// From 1 to [`issue::HIGHEST_NUMBER`].
        #[n(0)]
        number: u32,
    },
    /// How the keys of a space begin. Of the space itself, by who may manage it.
    #[n(18)]
    Prefix {
        /// 2 to 5 letters from A to Z.
        #[n(0)]
        text: String,
    },
    /// Whether something is put away: it is there, but no longer offered.
    #[n(19)]
    Archived {
        /// Whether that is so.
        #[n(0)]
        on: bool,
    },
    /// When a project or cycle begins.
    #[n(20)]
    Start {
        /// The first day.
        #[n(0)]
        day: Option<Day>,
    },
    /// The colour of a label.
    #[n(21)]
    Hue {
        /// Degrees on the colour wheel, below 360.
        #[n(0)]
        degrees: u16,
    },
    /// Which issues a saved view shows.
    #[n(22)]
    Query {
        /// One line of at most [`issue::QUERY_BYTES`], as in the API.
        #[n(0)]
        text: String,
    },
    /// One element of a board, each a register of its own. By anybody who may write.
    #[n(40)]
    Element {
        /// Which, of 1 to 64 letters, digits, `-` and `_`.
        #[n(0)]
        id: String,
        /// What it is; none once it is deleted.
        #[n(1)]
        element: Option<Box<Element>>,
    },
    /// After how many days messages go. Of the space itself, by who may manage it.
    #[n(45)]
    Retention {
        /// From [`RETENTION_DAYS`]; none keeps them for good.
        #[n(0)]
        days: Option<u16>,
    },
    /// Which element of its board, or which words of its page, a message is about. By anybody who may write.
    #[n(41)]
    Anchor {
        /// The element's id, or where the words begin and end in the page's own letters: 1 to 256 letters, digits, `-`
        /// and `_`; none is the board or page as a whole.
        #[n(0)]
        element: Option<String>,
    },
    /// A part of what is written on a page. All of them together are its text; none takes the place of another. By anybody who
    /// may write.
    #[n(42)]
    Update {
        /// An update of Loro, whose ops are the author's own: see [`super::update`].
        #[cbor(n(0), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    },
    /// The page that a page stands under. By anybody who may write.
    #[n(43)]
    PageParent {
        /// None is the top. Nobody promises that there is one, or that it does not stand under this one.
        #[n(0)]
        page: Option<EntryHash>,
    },
    /// Where a page stands among those under the same page. By anybody who may write.
    #[n(44)]
    Order {
        /// Pages stand in the order of these texts: 1 to [`ORDER_BYTES`] letters and digits.
        #[n(0)]
        key: String,
    },
    /// The space that is a room. Counts only as a manager makes it with this.
    #[n(47)]
    Room {
        /// Nobody promises that there is one, or that it says the same.
        #[n(0)]
        room: GroupId,
    },
    /// What a room is for. By who may manage the space.
    #[n(48)]
    RoomOf {
        /// A topic or a board; none once the room has ended.
        #[n(0)]
        thing: Option<EntryHash>,
    },
    /// What its author wrote on a page in one stretch, said again as one [`Field::Update`] in the place of those that it is made
    /// of. By their author.
    #[n(49)]
    Squashed {
        /// What it stands for.
        #[n(0)]
        stretch: Stretch,
        /// As in [`Field::Update`].
        #[cbor(n(1), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    },
}

impl Field {
    /// Whether it is a part of what is written on a page.
    pub(crate) const fn is_written(&self) -> bool {
        matches!(self, Self::Update { .. } | Self::Squashed { .. })
    }

    pub(crate) fn check(&self) -> Result<(), OpError> {
        match self {
            Self::Text { text } => Ok(check_message(text)?),
            Self::Title { text } => Ok(check_title(text)?),
            Self::Reaction { emoji, .. } if !is_emoji(emoji) => Err(OpError::Emoji),
            Self::Element { id, element } => {
                check_id(id)?;
                Ok(element.as_ref().map_or(Ok(()), |element| element.check())?)
            }
            Self::Anchor { element: Some(anchor) } if !is_anchor(anchor) => Err(ElementError::Id.into()),
            Self::Anchor { .. } => Ok(()),
            Self::Update { bytes } => Ok(read_runs(bytes).map(drop)?),
            Self::Squashed { stretch, bytes } => {
                stretch.check()?;
                Ok(read_runs(bytes).map(drop)?)
            }
            Self::Order { key } if !is_order(key) => Err(OpError::Order),
            Self::Order { .. } | Self::PageParent { .. } | Self::Room { .. } | Self::RoomOf { .. } => Ok(()),
            Self::Reaction { .. } | Self::Pinned { .. } | Self::Place { .. } | Self::Resolved { .. } => Ok(()),
            Self::Retention { days } if days.is_some_and(|days| !RETENTION_DAYS.contains(&days)) => {
                Err(OpError::Retention)
            }
            Self::Retention { .. } => Ok(()),
            Self::Estimate { points } if points.is_some_and(|points| points > issue::HIGHEST_ESTIMATE) => {
                Err(OpError::Estimate)
            }
            Self::Due { day } | Self::Start { day } => issue::check_day(day.as_ref()),
            Self::Description { text } if text.is_empty() => Ok(()),
            Self::Description { text } => Ok(check_message(text)?),
            Self::Number { number } if !(1..=issue::HIGHEST_NUMBER).contains(number) => Err(OpError::Number),
            Self::Prefix { text } => issue::check_prefix(text),
            Self::Hue { degrees } if *degrees >= 360 => Err(OpError::Hue),
            Self::Query { text } if text.len() > issue::QUERY_BYTES => Err(OpError::TooLong),
            Self::Query { text } if text.chars().any(char::is_control) => Err(NameError::Control.into()),
            Self::Status { .. }
            | Self::Priority { .. }
            | Self::Assignee { .. }
            | Self::Estimate { .. }
            | Self::Parent { .. }
            | Self::Label { .. }
            | Self::Blocks { .. }
            | Self::Project { .. }
            | Self::Cycle { .. }
            | Self::Number { .. }
            | Self::Archived { .. }
            | Self::Hue { .. }
            | Self::Query { .. } => Ok(()),
        }
    }
}

fn is_anchor(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=ANCHOR_BYTES).contains(&text.len()) && text.bytes().all(plain)
}

/// Whether pages can be put in order by it.
fn is_order(key: &str) -> bool {
    (1..=ORDER_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether this can only be seen as pictures: no letters of any script, and nothing that acts on the line it stands in. The
/// ranges are those of Unicode's emoji list (UTS #51); which sequences a font has a picture for changes every year, so those
/// are not listed.
fn is_emoji(text: &str) -> bool {
    let draws = |c| {
        matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{2bff}')
            || matches!(c, '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
    };
    let joins = |c| matches!(c, '\u{200d}' | '\u{fe0f}' | '\u{e0020}'..='\u{e007f}');
    // A digit, * or # is one as a keycap only.
    let keycap =
        |text: &str| matches!(text.chars().collect::<Vec<_>>()[..], ['0'..='9' | '*' | '#', '\u{fe0f}', '\u{20e3}']);
    text.len() <= EMOJI_BYTES && (keycap(text) || text.chars().any(draws) && text.chars().all(|c| draws(c) || joins(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reaction_is_an_emoji() {
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";
        let scotland = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
        let keycap = "1\u{fe0f}\u{20e3}";
        for yes in [
            "\u{1f44d}",
            "\u{1f44d}\u{1f3fd}",
            "\u{2764}\u{fe0f}",
            "\u{1f1e9}\u{1f1ea}",
            family,
            scotland,
            keycap,
            "\u{2713}",
        ] {
            assert!(is_emoji(yes), "{yes}");
        }
        let long = "\u{1f44d}".repeat(13);
        let turned = "\u{1f44d}\u{202e}";
        for no in [
            "",
            " ",
            "a",
            "1",
            "+1",
            "\u{200d}",
            "\u{fe0f}",
            "\u{20e3}",
            "\u{1f44d} ",
            "\u{1f44d}!",
            turned,
            &long,
            "\u{3042}",
            "<b>",
        ] {
            assert!(!is_emoji(no), "{no}");
        }
    }
}
