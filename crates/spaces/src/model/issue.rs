//! Issues: what their fields may be, and the pictures of them that are handed out.

use compeer_core::{EntryHash, GroupId, Millis};
use minicbor::{Decode, Encode};

use super::op::OpError;

/// Letters of the prefix of a space's keys, at least and at most.
pub const PREFIX_LETTERS: std::ops::RangeInclusive<usize> = 2..=5;
/// The highest number an issue can have.
pub const HIGHEST_NUMBER: u32 = 999_999_999;
/// The most points an issue can be estimated at.
pub const HIGHEST_ESTIMATE: u16 = 1000;
/// The last day that can be named: the end of the year 9999.
pub const LAST_DAY: u32 = 2_932_896;
/// Bytes of the query of a saved view.
pub const QUERY_BYTES: usize = 2048;

/// How far an issue is. The order is that of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Status {
    /// Somebody has to look whether it is one at all.
    #[n(0)]
    Triage,
    /// Perhaps some day.
    #[default]
    #[n(1)]
    Backlog,
    /// Comes next.
    #[n(2)]
    Todo,
    /// Somebody is at it.
    #[n(3)]
    Doing,
    /// Made; somebody else looks at it.
    #[n(4)]
    Review,
    /// Done.
    #[n(5)]
    Done,
    /// Will not be done.
    #[n(6)]
    Cancelled,
}

impl Status {
    /// All, in order.
    pub const ALL: [Self; 7] =
        [Self::Triage, Self::Backlog, Self::Todo, Self::Doing, Self::Review, Self::Done, Self::Cancelled];

    /// The number it is written as.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The status with this number.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The word for it in the API, in exports and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        ["triage", "backlog", "todo", "doing", "review", "done", "cancelled"][self as usize]
    }

    /// The status that a word names.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Whether there is nothing more to do.
    #[must_use]
    pub fn is_over(self) -> bool {
        self >= Self::Done
    }
}

/// How much an issue matters. The order is that of the numbers written, which is not that of the list: none comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Priority {
    /// Nobody has said.
    #[default]
    #[n(0)]
    None,
    /// Now, before all else.
    #[n(1)]
    Urgent,
    /// Soon.
    #[n(2)]
    High,
    /// As it comes.
    #[n(3)]
    Medium,
    /// When there is time.
    #[n(4)]
    Low,
}

impl Priority {
    /// All, the most urgent first.
    pub const ALL: [Self; 5] = [Self::Urgent, Self::High, Self::Medium, Self::Low, Self::None];

    /// The number it is written as.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The priority with this number.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.number() == number)
    }

    /// The word for it in the API, in exports and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        ["none", "urgent", "high", "medium", "low"][self as usize]
    }

    /// The priority that a word names.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.word() == word)
    }
}

/// A day of the calendar, without time or zone: days since the first of January 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Day(#[n(0)] pub u32);

impl Day {
    /// Reads `2026-11-27` (ISO 8601), from 1970 to 9999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let mut part = |digits: usize| {
            let text = parts.next()?;
            (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<u32>().ok())?
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        if year < 1970 || !(1..=12).contains(&month) || day < 1 {
            return None;
        }
        let found = Self(days_before(year, month) + day - 1);
        // A day that the month does not have would be one of the next.
        (found.to_string() == text).then_some(found)
    }
}

/// Days from 1970 to the first of a month: Howard Hinnant's `days_from_civil`, with March as the first month.
const fn days_before(year: u32, month: u32) -> u32 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 - 719_468
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Howard Hinnant's `civil_from_days`.
        let days = self.0.min(LAST_DAY) + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + u32::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

pub(super) fn check_day(day: Option<&Day>) -> Result<(), OpError> {
    if day.is_some_and(|day| day.0 > LAST_DAY) { Err(OpError::Day) } else { Ok(()) }
}

pub(super) fn check_prefix(text: &str) -> Result<(), OpError> {
    let fits = PREFIX_LETTERS.contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_uppercase());
    if fits { Ok(()) } else { Err(OpError::Prefix) }
}

/// The prefix of a space's keys while nobody has chosen one: the first letters of the first word of its name.
#[must_use]
pub fn prefix_of(name: &str) -> String {
    let letters = |word: &str| -> String {
        word.chars().filter(char::is_ascii_alphabetic).take(3).collect::<String>().to_ascii_uppercase()
    };
    name.split_whitespace().map(letters).find(|word| word.len() >= 2).unwrap_or_else(|| "ISS".into())
}

/// What an issue is called by people, or asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The space's prefix, upper case.
    pub prefix: String,
    /// Its number.
    pub number: u32,
    /// How its id begins, where several have that number.
    pub suffix: Option<String>,
}

impl Key {
    /// Reads `WEB-123` or `web-123-k7`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let prefix = parts.next()?.to_ascii_uppercase();
        check_prefix(&prefix).ok()?;
        let digits = parts.next()?;
        let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
        let suffix = parts.next().map(str::to_ascii_lowercase);
        let is_base32 = |text: &String| {
            (2..=52).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
        };
        (1..=HIGHEST_NUMBER).contains(&number).then_some(())?;
        suffix.as_ref().is_none_or(is_base32).then_some(Self { prefix, number, suffix })
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.prefix, self.number)?;
        self.suffix.as_ref().map_or(Ok(()), |suffix| write!(f, "-{suffix}"))
    }
}

/// The suffixes of issues that have the same number: each the beginning of its id, two letters or as many more as it takes to
/// tell it from the others. Whoever is alone has none.
#[must_use]
pub fn suffixes(same: &[EntryHash]) -> Vec<Option<String>> {
    let ids: Vec<String> = same.iter().map(EntryHash::to_string).collect();
    let common = |one: &str, other: &str| one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let suffix = |(at, id): (usize, &String)| {
        let others = ids.iter().enumerate().filter(|(other, _)| *other != at);
        let longest = others.map(|(_, other)| common(id, other)).max()?;
        Some(id[..(longest + 1).clamp(2, id.len())].to_owned())
    };
    ids.iter().enumerate().map(suffix).collect()
}

/// Another issue, as far as a line about it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueRef {
    /// The entry that made it.
    pub id: EntryHash,
    /// What it is called by people.
    pub key: String,
    /// Its title.
    pub title: String,
    /// How far it is.
    pub status: Status,
}

/// An issue as it stands in a list. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueInfo {
    /// The entry that made it.
    pub id: EntryHash,
    /// What it is called by people.
    pub key: String,
    /// Its title.
    pub title: String,
    /// How far it is.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// Who does it, by id and name.
    pub assignee: Option<(GroupId, String)>,
    /// Points.
    pub estimate: Option<u16>,
    /// By when.
    pub due: Option<Day>,
    /// The issue it is part of. Nobody promises that there is one.
    pub parent: Option<EntryHash>,
    /// Its labels.
    pub labels: Vec<EntryHash>,
    /// Its project.
    pub project: Option<EntryHash>,
    /// Its cycle.
    pub cycle: Option<EntryHash>,
    /// Whether one that blocks it is not over.
    pub blocked: bool,
    /// How many issues are part of it.
    pub parts: u64,
    /// How many of those are over.
    pub parts_over: u64,
    /// Messages said at it.
    pub comments: u64,
    /// How many of those I have not read.
    pub unread: u64,
    /// How many of those name me.
    pub mentions: u64,
    /// When it was made.
    pub created: Millis,
    /// When a field of it was last set.
    pub updated: Millis,
    /// Who made it, by id and name.
    pub author: (GroupId, String),
    /// Whether it was put away.
    pub archived: bool,
}

/// Everything about one issue but what is said at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueDetail {
    /// As in a list.
    pub issue: IssueInfo,
    /// Markdown.
    pub description: String,
    /// What it is part of, the nearest first. An issue that stands twice ends it.
    pub above: Vec<IssueRef>,
    /// What is part of it.
    pub parts: Vec<IssueRef>,
    /// What cannot be done before it.
    pub blocks: Vec<IssueRef>,
    /// What has to be done before it.
    pub blocked_by: Vec<IssueRef>,
    /// The oldest message at it that I have not read.
    pub first_unread: Option<EntryHash>,
}

/// One change of an issue. The first is its making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// When.
    pub time: Millis,
    /// Who, by id and name.
    pub person: (GroupId, String),
    /// Which field; `None` for its making.
    pub field: Option<&'static str>,
    /// What that was before, in words; `None` for nothing, and for a text, which is too long for a line.
    pub from: Option<String>,
    /// What it became.
    pub to: Option<String>,
}

/// A label, project, cycle or saved view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThingInfo {
    /// The entry that made it.
    pub id: EntryHash,
    /// Its title.
    pub title: String,
    /// A label's colour, in degrees.
    pub hue: Option<u16>,
    /// A project's or cycle's first day.
    pub start: Option<Day>,
    /// A project's or cycle's last day.
    pub due: Option<Day>,
    /// Who leads a project, by id and name.
    pub lead: Option<(GroupId, String)>,
    /// A project's description, in Markdown.
    pub description: String,
    /// What a saved view asks for.
    pub query: String,
    /// Whether it was put away.
    pub archived: bool,
    /// How many issues are in it, put away ones aside.
    pub issues: u64,
    /// How many of those are over.
    pub over: u64,
}

/// What the issues of a space are sorted into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueSetup {
    /// How the keys begin.
    pub prefix: String,
    /// Its labels, by title.
    pub labels: Vec<ThingInfo>,
    /// Its projects, by title.
    pub projects: Vec<ThingInfo>,
    /// Its cycles, the last first.
    pub cycles: Vec<ThingInfo>,
    /// Its saved views, by title.
    pub views: Vec<ThingInfo>,
}

/// By what issues are sorted. Those that are the same come by when they were made, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IssueSort {
    /// The most urgent first, those without last.
    #[default]
    Priority,
    /// The newest first.
    Created,
    /// The last changed first.
    Updated,
    /// The first due first, those without last.
    Due,
    /// In the order of the work.
    Status,
    /// From A to Z.
    Title,
}

/// Which issues. A list that is empty asks for nothing; of several values in one, one has to fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IssueFilter {
    /// How far they are.
    pub status: Vec<Status>,
    /// How much they matter.
    pub priority: Vec<Priority>,
    /// Who does them; `None` is nobody.
    pub assignee: Vec<Option<GroupId>>,
    /// Who made them.
    pub author: Vec<GroupId>,
    /// A label they have.
    pub label: Vec<EntryHash>,
    /// Their project; `None` is none.
    pub project: Vec<Option<EntryHash>>,
    /// Their cycle; `None` is none.
    pub cycle: Vec<Option<EntryHash>>,
    /// What they are part of.
    pub parent: Option<EntryHash>,
    /// Due at or before this day.
    pub due_by: Option<Day>,
    /// Words that their title or key has in it, whatever the case.
    pub text: String,
    /// Those that were put away instead of the others.
    pub archived: bool,
    /// By what they are sorted.
    pub sort: IssueSort,
    /// How many to leave out at the beginning.
    pub offset: usize,
    /// At most this many (1 to 5,000).
    pub limit: usize,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (text, day) in [
            ("1970-01-01", 0),
            ("1970-03-01", 59),
            ("2000-02-29", 11_016),
            ("2026-11-27", 20_784),
            ("9999-12-31", LAST_DAY),
        ] {
            assert_eq!(Day::parse(text), Some(Day(day)), "{text}");
            assert_eq!(Day(day).to_string(), text);
        }
        for text in ["", "2026", "2026-2-3", "2026-02-30", "2100-02-29", "2026-13-01", "2026-00-01", "1969-12-31"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        for text in ["2026-01-01 ", "+026-01-01", "10000-01-01", "2026-01-01-01", "２０２６-01-01"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn words_and_numbers_name_the_same() {
        for status in Status::ALL {
            assert_eq!((Status::named(status.word()), Status::of(status.number())), (Some(status), Some(status)));
        }
        for priority in Priority::ALL {
            assert_eq!(Priority::named(priority.word()), Some(priority));
            assert_eq!(Priority::of(priority.number()), Some(priority));
        }
        assert_eq!((Status::of(7), Priority::of(5), Status::named("Done")), (None, None, None));
    }

    #[test]
    fn prefixes_come_from_names() {
        for (name, prefix) in
            [("Website", "WEB"), ("Harbour Quay", "HAR"), ("A big team", "BIG"), ("Ops", "OPS"), ("IT", "IT")]
        {
            assert_eq!(prefix_of(name), prefix);
        }
        for name in ["", "埠頭", "7", "É a"] {
            assert_eq!(prefix_of(name), "ISS", "{name}");
        }
    }

    #[test]
    fn keys_are_read_as_they_are_written() {
        for text in ["WEB-1", "WEB-123-k7", "AB-999999999-abcdefg"] {
            assert_eq!(Key::parse(text).expect("a key").to_string(), text);
        }
        assert_eq!(Key::parse("web-12-K7").expect("a key").to_string(), "WEB-12-k7");
        for text in ["", "WEB", "WEB-", "-1", "WEB-0", "WEB-1-", "WEB-1-k", "WEB-1-k9", "W-1", "WEBSIT-1", "WEB-+1"] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
        assert_eq!(Key::parse("WEB-1000000000"), None);
    }

    proptest! {
        /// However alike ids are, suffixes tell them apart, and each is how its id begins.
        #[test]
        fn suffixes_tell_apart(ids in proptest::collection::btree_set((0..3u8, 0..3u8, any::<u8>()), 1..9)) {
            let hash = |(a, b, c): &(u8, u8, u8)| {
                EntryHash::from_bytes(std::array::from_fn(|at| [*a, 0, *b, *c].get(at).copied().unwrap_or(7)))
            };
            let hashes: Vec<_> = ids.iter().map(hash).collect();
            let suffixes = suffixes(&hashes);
            prop_assert_eq!(suffixes.iter().all(Option::is_none), hashes.len() == 1);
            for (at, suffix) in suffixes.iter().enumerate().filter_map(|(at, suffix)| Some((at, suffix.as_ref()?))) {
                prop_assert!(suffix.len() >= 2);
                let begun: Vec<_> =
                    (0..hashes.len()).filter(|n| hashes[*n].to_string().starts_with(suffix.as_str())).collect();
                prop_assert_eq!(begun, vec![at]);
            }
        }
    }
}
