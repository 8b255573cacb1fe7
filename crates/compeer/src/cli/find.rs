//! What somebody means by what they typed: a space or a person, by name or id.

use axum::http::StatusCode;

use super::client::Client;
use crate::api::dto;
use crate::error::ApiError;
use crate::name::{composed, same};
use crate::text::shorten;

/// Choices that a failure lists, at most.
const MOST_CHOICES: usize = 5;
/// Characters of an id that can stand for the whole one, if no other begins so. Nobody can make an id that begins as
/// somebody else's does: these are 40 bits.
const SHORT_ID: usize = 8;

/// Something that can be meant.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: String,
    pub(super) name: String,
    /// What tells it from others of its name, in a word or two.
    pub(super) about: String,
}

/// The id of the space that somebody means by a name or id.
pub(super) async fn find_space(client: &Client, wanted: &str) -> Result<String, ApiError> {
    Ok(space_typed(client, wanted, Typed::Start).await?.0)
}

/// The id and the name of the space that is meant.
pub(super) async fn space_typed(client: &Client, wanted: &str, typed: Typed) -> Result<(String, String), ApiError> {
    let known = known_spaces(client.get("/spaces").await?);
    let found = find(&known, wanted, typed).map_err(|miss| match miss {
        Miss::None => ApiError::new(
            StatusCode::NOT_FOUND,
            "space-not-found",
            "No such space",
            format!("There is no space {} on this computer.", called(wanted)),
            "`compeer space list` shows them.",
        ),
        Miss::Begins(ids) => whole_needed(format!("There is no space {}", called(wanted)), &choices(&known, &ids)),
        Miss::Several(ids) => ambiguous(wanted, &choices(&known, &ids)),
    })?;
    Ok(with_name(known, found))
}

fn known_spaces(spaces: Vec<dto::Space>) -> Vec<Known> {
    let known = |space: dto::Space| Known {
        id: space.space,
        about: match space.members {
            1 => "1 member".to_owned(),
            members => format!("{members} members"),
        },
        name: space.name,
    };
    spaces.into_iter().map(known).collect()
}

/// The other spaces on this computer that are called like this one, as much of their ids as tells all apart.
pub(super) async fn twins(client: &Client, space: &dto::Space) -> Result<Vec<String>, ApiError> {
    let known = known_spaces(client.get("/spaces").await?);
    let length = telling_length(&known);
    let twins = known.iter().filter(|other| other.id != space.space && plain(&other.name) == plain(&space.name));
    Ok(twins.map(|other| start(&other.id, length).to_owned()).collect())
}

fn with_name(known: Vec<Known>, found: String) -> (String, String) {
    let name = known.into_iter().find(|one| one.id == found).map(|one| one.name).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| found.clone());
    (found, name)
}

/// The id and the name of the member that is meant.
pub(super) async fn find_member(
    client: &Client,
    space: &str,
    wanted: &str,
    typed: Typed,
) -> Result<(String, String), ApiError> {
    let members: Vec<dto::Member> = client.get(&format!("/spaces/{space}/members")).await?;
    let known = |member: dto::Member| Known {
        about: member.devices.iter().map(|device| device.name.as_str()).collect::<Vec<_>>().join(" and "),
        id: member.person,
        name: member.name,
    };
    let known: Vec<_> = members.into_iter().map(known).collect();
    let found = find(&known, wanted, typed).map_err(|miss| match miss {
        Miss::None => ApiError::new(
            StatusCode::NOT_FOUND,
            "member-not-found",
            "No such person",
            format!("There is nobody {} in this space.", called(wanted)),
            format!("`compeer space members {}` shows them.", short(space)),
        ),
        Miss::Begins(ids) => {
            whole_needed(format!("There is nobody {} in this space", called(wanted)), &choices(&known, &ids))
        }
        Miss::Several(ids) => ambiguous(wanted, &choices(&known, &ids)),
    })?;
    Ok(with_name(known, found))
}

/// The id of the person that is meant, of all who share a space with me.
pub(super) async fn find_person(client: &Client, wanted: &str) -> Result<String, ApiError> {
    let spaces: Vec<dto::Space> = client.get("/spaces").await?;
    let mut known: Vec<Known> = Vec::new();
    for space in spaces {
        let members: Vec<dto::Member> = client.get(&format!("/spaces/{}/members", space.space)).await?;
        for member in members.into_iter().filter(|member| !member.me) {
            if known.iter().all(|one| one.id != member.person) {
                known.push(Known { id: member.person, name: member.name, about: format!("in {}", space.name) });
            }
        }
    }
    find(&known, wanted, Typed::Start).map_err(|miss| match miss {
        Miss::None | Miss::Begins(_) => ApiError::new(
            StatusCode::NOT_FOUND,
            "member-not-found",
            "No such person",
            format!("There is nobody {} in any of your spaces.", called(wanted)),
            "`compeer space members SPACE` shows who is in a space.",
        ),
        Miss::Several(ids) => ambiguous(wanted, &choices(&known, &ids)),
    })
}

/// The id of the message that is meant. The beginning of one is looked for among the newest thousand.
pub(super) async fn find_message(client: &Client, space: &str, wanted: &str) -> Result<String, ApiError> {
    let is_id = |text: &str| text.parse::<compeer_core::EntryHash>().is_ok();
    if is_id(wanted) {
        return Ok(wanted.to_owned());
    }
    let page: dto::MessagePage = client.get(&format!("/spaces/{space}/messages?limit=1000")).await?;
    let known = |message: dto::Message| Known {
        about: shorten(&message.text).into_owned(),
        id: message.id,
        name: String::new(),
    };
    let known: Vec<_> = page.messages.into_iter().map(known).collect();
    find(&known, wanted, Typed::Whole).map_err(|miss| match miss {
        Miss::None | Miss::Begins(_) => ApiError::new(
            StatusCode::NOT_FOUND,
            "message-not-found",
            "No such message",
            format!("No message's id begins with {}.", shorten(wanted)),
            format!("`compeer chat log {} --ids` shows the first eight letters of them.", short(space)),
        ),
        Miss::Several(ids) => ambiguous(wanted, &choices(&known, &ids)),
    })
}

/// The id of the topic that is meant, or of the general talk.
pub(super) async fn find_topic(client: &Client, space: &str, wanted: &str) -> Result<String, ApiError> {
    let topics: Vec<dto::Topic> = client.get(&format!("/spaces/{space}/topics")).await?;
    let known = |topic: dto::Topic| Known {
        about: topic.last.map(|last| shorten(&last.text).into_owned()).unwrap_or_else(|| "nothing said yet".to_owned()),
        name: topic.title.unwrap_or_else(|| if topic.id == dto::GENERAL { "General".into() } else { String::new() }),
        id: topic.id,
    };
    let known: Vec<_> = topics.into_iter().map(known).collect();
    find_titled(&known, wanted, Typed::Start).map_err(|miss| match miss {
        Miss::None | Miss::Begins(_) => ApiError::new(
            StatusCode::NOT_FOUND,
            "topic-not-found",
            "No such topic",
            format!("There is no topic {} in this space.", called(wanted)),
            format!(
                "`compeer discuss list {0}` shows them, `compeer discuss start {0} TITLE` starts one.",
                short(space)
            ),
        ),
        Miss::Several(ids) => ambiguous(wanted, &choices(&known, &ids)),
    })
}

/// The id of one of `things`, each with its id, title, and what tells it from others of that title.
pub(super) fn find_thing(
    space: &str,
    word: &str,
    things: Vec<(String, String, String)>,
    wanted: &str,
) -> Result<String, ApiError> {
    let known: Vec<_> = things.into_iter().map(|(id, name, about)| Known { id, name, about }).collect();
    find(&known, wanted, Typed::Whole).map_err(|miss| match miss {
        Miss::None | Miss::Begins(_) => ApiError::new(
            StatusCode::NOT_FOUND,
            "issue-thing-not-found",
            "Not there",
            format!("There is no {word} {} in this space.", called(wanted)),
            format!("`compeer issue setup {}` shows them.", short(space)),
        ),
        Miss::Several(ids) => ambiguous(wanted, &choices(&known, &ids)),
    })
}

/// The id of the board that is meant.
pub(super) async fn find_board(client: &Client, space: &str, wanted: &str) -> Result<String, ApiError> {
    let boards: Vec<dto::Board> = client.get(&format!("/spaces/{space}/boards")).await?;
    let known = |board: dto::Board| Known {
        about: format!("{} elements", board.elements),
        name: board.title.unwrap_or_default(),
        id: board.id,
    };
    let known: Vec<_> = boards.into_iter().map(known).collect();
    find_titled(&known, wanted, Typed::Start).map_err(|miss| match miss {
        Miss::None | Miss::Begins(_) => ApiError::new(
            StatusCode::NOT_FOUND,
            "board-not-found",
            "No such board",
            format!("There is no board {} in this space.", called(wanted)),
            format!("`compeer board list {0}` shows them, `compeer board create {0} TITLE` makes one.", short(space)),
        ),
        Miss::Several(ids) => ambiguous(wanted, &choices(&known, &ids)),
    })
}

/// The id and the title of the topic or board that is meant.
pub(super) async fn find_talked(client: &Client, space: &str, wanted: &str) -> Result<(String, String), ApiError> {
    let topics: Vec<dto::Topic> = client.get(&format!("/spaces/{space}/topics")).await?;
    let boards: Vec<dto::Board> = client.get(&format!("/spaces/{space}/boards")).await?;
    let topics = topics.into_iter().filter(|topic| topic.id != dto::GENERAL);
    let known =
        |id, title: Option<String>, about: &str| Known { id, name: title.unwrap_or_default(), about: about.to_owned() };
    let known: Vec<_> = topics
        .map(|topic| known(topic.id, topic.title, "a topic"))
        .chain(boards.into_iter().map(|board| known(board.id, board.title, "a board")))
        .collect();
    let found = find_titled(&known, wanted, Typed::Start).map_err(|miss| match miss {
        Miss::None | Miss::Begins(_) => ApiError::new(
            StatusCode::NOT_FOUND,
            "topic-not-found",
            "No such topic or board",
            format!("There is no topic or board {} in this space.", called(wanted)),
            format!("`compeer discuss list {0}` and `compeer board list {0}` show them.", short(space)),
        ),
        Miss::Several(ids) => ambiguous(wanted, &choices(&known, &ids)),
    })?;
    Ok(with_name(known, found))
}

/// The id and the name of the guest in a room who is meant.
pub(super) fn find_guest(
    space: &str,
    room: &dto::GuestRoom,
    wanted: &str,
    typed: Typed,
) -> Result<(String, String), ApiError> {
    let known = |guest: &dto::Member| Known {
        id: guest.person.clone(),
        name: guest.name.clone(),
        about: guest.devices.iter().map(|device| device.name.as_str()).collect::<Vec<_>>().join(" and "),
    };
    let known: Vec<_> = room.guests.iter().map(known).collect();
    let found = find(&known, wanted, typed).map_err(|miss| match miss {
        Miss::None => ApiError::new(
            StatusCode::NOT_FOUND,
            "member-not-found",
            "No such guest",
            format!("There is no guest {} there.", called(wanted)),
            format!("`compeer guest list {}` shows them.", short(space)),
        ),
        Miss::Begins(ids) => {
            whole_needed(format!("There is no guest {} there", called(wanted)), &choices(&known, &ids))
        }
        Miss::Several(ids) => ambiguous(wanted, &choices(&known, &ids)),
    })?;
    Ok(with_name(known, found))
}

/// The id of the page that is meant.
pub(super) async fn find_page(client: &Client, space: &str, wanted: &str) -> Result<String, ApiError> {
    let pages: Vec<dto::Page> = client.get(&format!("/spaces/{space}/pages")).await?;
    let known = |page: dto::Page| Known {
        about: format!("changed by {}", shorten(&page.changed_by.name)),
        name: page.title.unwrap_or_default(),
        id: page.id,
    };
    let known: Vec<_> = pages.into_iter().map(known).collect();
    find_titled(&known, wanted, Typed::Start).map_err(|miss| match miss {
        Miss::None | Miss::Begins(_) => ApiError::new(
            StatusCode::NOT_FOUND,
            "page-not-found",
            "No such page",
            format!("There is no page {} in this space.", called(wanted)),
            format!("`compeer page list {0}` shows them, `compeer page create {0} TITLE` makes one.", short(space)),
        ),
        Miss::Several(ids) => ambiguous(wanted, &choices(&known, &ids)),
    })
}

/// What was typed as a name, in a sentence about nothing that has it.
pub(super) fn called(wanted: &str) -> String {
    if wanted.trim().is_empty() { "without a name".to_owned() } else { format!("called {}", shorten(wanted)) }
}

/// Several things go by that name. The choices may hold names, which others made up: they belong into no hint.
pub(super) fn ambiguous(wanted: &str, choices: &[String]) -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "ambiguous",
        "Several are called that",
        format!("Several are called {}: {}.", shorten(wanted), several(choices)),
        "Use an id instead of the name.",
    )
}

/// What cannot be taken back is not done to something whose name only begins as was typed.
fn whole_needed(missing: String, choices: &[String]) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "whole-name-needed",
        "The whole name is needed",
        format!("{missing}, only what begins so: {}.", several(choices)),
        "This cannot be taken back, so give the whole name, or an id.",
    )
}

/// As much of an id as can stand for it.
pub(super) fn short(id: &str) -> &str {
    start(id, SHORT_ID)
}

/// Each of `ids`, as much of it as tells it from all that are known, with what it is.
fn choices(known: &[Known], ids: &[String]) -> Vec<String> {
    let length = telling_length(known);
    let chosen = known.iter().filter(|one| ids.contains(&one.id));
    let choice = |one: &Known| {
        let about = [one.name.as_str(), one.about.as_str()].into_iter().filter(|text| !text.is_empty());
        format!("{} ({})", start(&one.id, length), about.collect::<Vec<_>>().join(", "))
    };
    chosen.map(choice).collect()
}

/// How many characters of their ids tell all apart.
fn telling_length(known: &[Known]) -> usize {
    let mut ids: Vec<&str> = known.iter().map(|one| one.id.as_str()).collect();
    ids.sort_unstable();
    let common = |(one, other): (&&str, &&str)| one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let longest = ids.iter().zip(ids.iter().skip(1)).map(common).max().unwrap_or_default();
    SHORT_ID.max(longest + 1)
}

fn start(id: &str, length: usize) -> &str {
    id.get(..length).unwrap_or(id)
}

/// Some choices, not all of very many.
fn several(choices: &[String]) -> String {
    match choices.get(..MOST_CHOICES) {
        Some(shown) if choices.len() > MOST_CHOICES => {
            format!("{} and {} more", shown.join(", "), choices.len() - shown.len())
        }
        _ => choices.join(", "),
    }
}

/// Why a name leads nowhere.
#[derive(Debug, PartialEq, Eq)]
enum Miss {
    None,
    Several(Vec<String>),
    /// The whole name has to be typed, and it is only how these begin.
    Begins(Vec<String>),
}

/// Whether an id and a name fit what was typed.
type Rule<'a> = &'a dyn Fn(&str, &str) -> bool;

/// How much of a name has to be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    /// How it starts is enough.
    Start,
    /// The whole name: what cannot be taken back must not hit something by accident.
    Whole,
}

/// A name as people compare it.
fn plain(name: &str) -> String {
    composed(name).to_lowercase()
}

/// The one that is meant: by its id, or else how that begins, or else its exact name, or else its name in any case, or
/// else how the name starts. The first of these rules that fits anything must fit only one.
///
/// Of people and spaces, which name themselves, how an id begins comes before a name: nobody is reached by being called so.
fn find(known: &[Known], wanted: &str, typed: Typed) -> Result<String, Miss> {
    first_fit(known, wanted, typed, false)
}

/// The same of things that somebody has given a title: what is called exactly so comes before what has an id that begins so.
fn find_titled(known: &[Known], wanted: &str, typed: Typed) -> Result<String, Miss> {
    first_fit(known, wanted, typed, true)
}

fn first_fit(known: &[Known], wanted: &str, typed: Typed, titled: bool) -> Result<String, Miss> {
    // What has no name yet is not meant by naming nothing.
    if wanted.is_empty() {
        return Err(Miss::None);
    }
    let lower = plain(wanted);
    let mut rules: [Rule<'_>; 6] = [
        &|id, _| id == wanted,
        &|id, _| wanted.len() >= SHORT_ID && id.starts_with(wanted),
        &|_, name| name == wanted,
        &|_, name| same(name, wanted),
        &|_, name| plain(name) == lower,
        &|_, name| plain(name).starts_with(&lower),
    ];
    if titled {
        rules.swap(1, 2);
    }
    for (at, rule) in rules.iter().enumerate() {
        let mut fits: Vec<String> =
            known.iter().filter(|one| rule(&one.id, &one.name)).map(|one| one.id.clone()).collect();
        if at + 1 == rules.len() && typed == Typed::Whole && !fits.is_empty() {
            return Err(Miss::Begins(fits));
        }
        if fits.len() > 1 {
            return Err(Miss::Several(fits));
        }
        if let Some(id) = fits.pop() {
            return Ok(id);
        }
    }
    Err(Miss::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(all: &[(&str, &str)]) -> Vec<Known> {
        let one = |(id, name): &(&str, &str)| Known { id: (*id).into(), name: (*name).into(), about: "desk".into() };
        all.iter().map(one).collect()
    }

    fn several(ids: &[&str]) -> Result<String, Miss> {
        Err(Miss::Several(ids.iter().map(|id| (*id).to_owned()).collect()))
    }

    #[test]
    fn names_lead_to_one_or_to_none() {
        let known = known(&[
            ("1", "Harbour"),
            ("2", "harbour quay"),
            ("3", "Bo"),
            ("4", "Bo"),
            ("5", "BO"),
            ("6", ""),
            ("7", "Zoë"),
        ]);
        let table = [
            ("1", Ok("1".to_owned())),
            ("Harbour", Ok("1".to_owned())),
            ("HARBOUR", Ok("1".to_owned())),
            ("harbour q", Ok("2".to_owned())),
            ("harb", several(&["1", "2"])),
            ("Bo", several(&["3", "4"])),
            ("BO", Ok("5".to_owned())),
            ("bo", several(&["3", "4", "5"])),
            ("Zoe\u{308}", Ok("7".to_owned())),
            ("zoe\u{308}", Ok("7".to_owned())),
            ("nothing", Err(Miss::None)),
            ("", Err(Miss::None)),
        ];
        for (wanted, expected) in table {
            assert_eq!(find(&known, wanted, Typed::Start), expected, "{wanted}");
        }
        assert_eq!(find(&known, "harbour q", Typed::Whole), Err(Miss::Begins(vec!["2".to_owned()])));
        assert_eq!(find(&known, "harbour QUAY", Typed::Whole), Ok("2".to_owned()));
    }

    #[test]
    fn the_beginning_of_an_id_is_an_id() {
        // Somebody is called like the beginning of another's id, which leads to nobody but that other.
        let known = known(&[("abcdefgh22", "Bo"), ("abcdefgh33", "Bo"), ("zyxwvuts22", "abcdefgh2")]);
        for typed in [Typed::Start, Typed::Whole] {
            assert_eq!(find(&known, "abcdefgh2", typed), Ok("abcdefgh22".to_owned()));
            assert_eq!(find(&known, "abcdefgh", typed), several(&["abcdefgh22", "abcdefgh33"]));
            assert_eq!(find(&known, "zyxwvuts", typed), Ok("zyxwvuts22".to_owned()));
            assert_eq!(find(&known, "zyxwvut", typed), Err(Miss::None), "too short for an id");
        }
    }

    #[test]
    fn an_exact_title_comes_before_the_beginning_of_an_id() {
        let known = known(&[("abcdefgh22", "Crane"), ("zyxwvuts22", "abcdefgh"), ("zyxwvuts33", "ABCDEFGH")]);
        assert_eq!(find_titled(&known, "abcdefgh", Typed::Start), Ok("zyxwvuts22".to_owned()));
        assert_eq!(find_titled(&known, "abcdefgh2", Typed::Start), Ok("abcdefgh22".to_owned()));
        assert_eq!(find_titled(&known, "abcdefgh22", Typed::Start), Ok("abcdefgh22".to_owned()));
        assert_eq!(find_titled(&known, "zyxwvuts", Typed::Start), several(&["zyxwvuts22", "zyxwvuts33"]));
    }

    #[test]
    fn choices_can_be_typed_and_told_apart() {
        let known = known(&[("abcdefgh22", "Bo"), ("abcdefgh33", "Bo"), ("zyxwvuts22", "")]);
        let all: Vec<String> = known.iter().map(|one| one.id.clone()).collect();
        assert_eq!(choices(&known, &all), ["abcdefgh2 (Bo, desk)", "abcdefgh3 (Bo, desk)", "zyxwvuts2 (desk)"]);
        let error = ambiguous("Bo", &choices(&known, &all[..2]));
        assert_eq!(error.detail, "Several are called Bo: abcdefgh2 (Bo, desk), abcdefgh3 (Bo, desk).");
        let many: Vec<String> = (0..8).map(|n| n.to_string()).collect();
        assert_eq!(super::several(&many), "0, 1, 2, 3, 4 and 3 more");
        assert_eq!(super::several(&many[..5]), "0, 1, 2, 3, 4");
    }
}
