//! `compeer space`: spaces, invitations and members.

use std::io::{IsTerminal, Read};

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::Context;
use super::args::Space;
use super::client::Client;
use super::output::table;
use crate::api::dto;
use crate::error::ApiError;
use crate::name::{composed, same};
use crate::text::{shorten, visible};

/// Bytes of the longest invitation or message that is read from stdin.
const MAX_STDIN: u64 = 256 * 1024;

/// Ids that a hint lists, at most.
const MOST_IDS: usize = 5;

#[derive(Serialize)]
struct Row {
    space: String,
    name: String,
    members: u64,
    unread: u64,
    #[serde(skip)]
    state: dto::SpaceState,
}

#[derive(Serialize)]
struct MemberRow {
    person: String,
    name: String,
    level: dto::Level,
    devices: Vec<dto::MemberDevice>,
}

const BACK: &str = "is joined. What you wrote before, when you had been removed, reached nobody: `compeer chat log` shows it, \
                    `compeer chat resend` sends it again.";

pub(super) async fn run(context: &Context, verb: Space) -> Result<(), ApiError> {
    let client = context.client()?;
    match verb {
        Space::Create { name } => {
            let space: dto::Space = client.post("/spaces", &dto::SpaceName { name }).await?;
            // A name that a shell or this program would read otherwise is left to its id.
            let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',');
            let named =
                if space.name.chars().all(plain) && !space.name.starts_with('-') { &space.name } else { &space.space };
            let next = format!("is ready. Invite somebody with `compeer space invite \"{named}\"`.");
            tell(context, &space, &context.out.hint(&next))
        }
        Space::List => list(context, &client).await,
        Space::Invite { space, level, expires, uses } => {
            let space = find_space(&client, &space).await?;
            let request = dto::InviteRequest { level, expires: Some(expires), uses: Some(uses) };
            let made: dto::NewInvitation = client.post(&format!("/spaces/{space}/invitations"), &request).await?;
            context.out.either(&json!({ "invite": made.invite }), || format!("{}\n", made.invite))
        }
        Space::Join { invite } => {
            if invite != "-" {
                return Err(ApiError::usage(
                    "An invitation is a secret and is not given as an argument, where others could see it.",
                    "Type `compeer space join -` and paste it, or pipe it in.",
                ));
            }
            if std::io::stdin().is_terminal() {
                context.out.progress("Paste the invitation, then press Enter and Ctrl+D.");
            }
            let invite = read_stdin()?;
            let before: Vec<dto::Space> = client.get("/spaces").await?;
            let space: dto::Space = client.post("/spaces/join", &dto::InviteText { invite }).await?;
            let was_in = before
                .iter()
                .find(|known| known.space == space.space && known.state == dto::SpaceState::Active)
                .map(|known| known.level);
            match was_in {
                None if space.undelivered > 0 => tell(context, &space, &context.out.hint(BACK)),
                None => tell(context, &space, "is joined."),
                Some(level) if level == space.level => tell(context, &space, "is one of your spaces already."),
                Some(_) => tell(context, &space, "is one of your spaces already; what you may do there has changed."),
            }
        }
        Space::Members { space } => members(context, &client, &space).await,
        Space::Level { space, person, level } => set_level(context, &client, &space, &person, level).await,
        Space::Rename { space, name } => rename(context, &client, &space, name).await,
        Space::Remove { space, person } => {
            let (space, space_name) = space_typed(&client, &space, Typed::Whole).await?;
            let (person, name) = find_member(&client, &space, &person, Typed::Whole).await?;
            let _: dto::Done = client.delete(&format!("/spaces/{space}/members/{person}")).await?;
            context.out.either(&json!({}), || {
                let (name, space) = (visible(&name), visible(&space_name));
                format!("{name} is removed from {space}. Nothing new reaches that person.\n")
            })
        }
        Space::Leave { space } => {
            let (space, name) = space_typed(&client, &space, Typed::Whole).await?;
            let _: dto::Done = client.post(&format!("/spaces/{space}/leave"), &json!({})).await?;
            context
                .out
                .either(&json!({}), || format!("You have left {}; it is gone from this computer.\n", visible(&name)))
        }
        Space::Delete { space } => {
            let (space, name) = space_typed(&client, &space, Typed::Whole).await?;
            let _: dto::Done = client.delete(&format!("/spaces/{space}")).await?;
            context.out.either(&json!({}), || format!("{} is ended for everybody.\n", visible(&name)))
        }
    }
}

fn tell(context: &Context, space: &dto::Space, what: &str) -> Result<(), ApiError> {
    context.out.either(&json!({ "space": space.space }), || {
        let name = if space.name.is_empty() { "The space" } else { &space.name };
        format!("{} {what}\n  id  {}\n", visible(name), space.space)
    })
}

async fn list(context: &Context, client: &Client) -> Result<(), ApiError> {
    let spaces: Vec<dto::Space> = client.get("/spaces").await?;
    let row = |space: dto::Space| Row {
        space: space.space,
        name: space.name,
        members: space.members,
        unread: space.unread,
        state: space.state,
    };
    let rows: Vec<Row> = spaces.into_iter().map(row).collect();
    context.out.either(&rows, || {
        if rows.is_empty() {
            return context
                .out
                .hint("There is no space yet. Make one with `compeer space create NAME`.\n")
                .into_owned();
        }
        let cells =
            |row: &Row| vec![called_so(row), row.members.to_string(), row.unread.to_string(), row.space.clone()];
        table(&["name", "members", "unread", "id"], &rows.iter().map(cells).collect::<Vec<_>>())
    })
}

/// A space's name, and what else than in use it is.
fn called_so(row: &Row) -> String {
    match row.state {
        dto::SpaceState::Active => row.name.clone(),
        dto::SpaceState::Joining => format!("{} (joining)", row.name).trim_start().to_owned(),
        dto::SpaceState::ShutOut => format!("{} (those online do not let you in)", row.name),
        dto::SpaceState::Removed => format!("{} (you were removed)", row.name),
        dto::SpaceState::Ended => format!("{} (ended)", row.name),
    }
}

async fn set_level(
    context: &Context,
    client: &Client,
    space: &str,
    person: &str,
    level: dto::Level,
) -> Result<(), ApiError> {
    let (space, space_name) = space_typed(client, space, Typed::Start).await?;
    let (person, name) = find_member(client, &space, person, Typed::Start).await?;
    let path = format!("/spaces/{space}/members/{person}");
    let member: dto::Member = client.patch(&path, &dto::LevelChange { level }).await?;
    context.out.either(&json!({ "person": member.person, "level": member.level }), || {
        let (name, space) = (visible(&name), visible(&space_name));
        match level {
            dto::Level::Read => format!("{name} can read in {space} from now on.\n"),
            dto::Level::Write => format!("{name} can read and write in {space} from now on.\n"),
            dto::Level::Manage => format!("{name} is a manager of {space} from now on.\n"),
        }
    })
}

async fn rename(context: &Context, client: &Client, space: &str, name: String) -> Result<(), ApiError> {
    let (space, before) = space_typed(client, space, Typed::Start).await?;
    let renamed: dto::Space = client.patch(&format!("/spaces/{space}"), &dto::SpaceName { name }).await?;
    context.out.either(&json!({ "space": renamed.space }), || {
        format!("{} is called {} from now on.\n", visible(&before), visible(&renamed.name))
    })
}

async fn members(context: &Context, client: &Client, space: &str) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let members: Vec<dto::Member> = client.get(&format!("/spaces/{space}/members")).await?;
    let words = if context.out.is_json() { String::new() } else { member_table(&members) };
    let row = |member: dto::Member| MemberRow {
        person: member.person,
        name: member.name,
        level: member.level,
        devices: member.devices,
    };
    let rows: Vec<MemberRow> = members.into_iter().map(row).collect();
    context.out.either(&rows, || words)
}

fn member_table(members: &[dto::Member]) -> String {
    let rows: Vec<_> = members
        .iter()
        .map(|member| {
            let level = match member.level {
                dto::Level::Read => "read",
                dto::Level::Write => "write",
                dto::Level::Manage => "manage",
            };
            let devices: Vec<_> = member.devices.iter().map(device_words).collect();
            vec![member.name.clone(), level.to_owned(), devices.join(", "), member.person.clone()]
        })
        .collect();
    table(&["name", "level", "devices", "id"], &rows)
}

fn device_words(device: &dto::MemberDevice) -> String {
    let path = match device.path {
        dto::DevicePath::Own => "this computer",
        dto::DevicePath::Direct => "direct",
        dto::DevicePath::Relay => "relay",
        dto::DevicePath::None => "away",
    };
    match device.missing {
        0 => format!("{} ({path})", device.name),
        missing => format!("{} ({path}, {missing} wait for it)", device.name),
    }
}

/// What stands on stdin, as text.
pub(super) fn read_stdin() -> Result<String, ApiError> {
    let mut text = String::new();
    let read = std::io::stdin().take(MAX_STDIN + 1).read_to_string(&mut text);
    if read.is_err() || text.len() as u64 > MAX_STDIN {
        return Err(ApiError::usage(
            "What stands on stdin is no text, or too long.",
            "Give it at most 256 KiB of text.",
        ));
    }
    Ok(text)
}

/// The id of the space that somebody means by a name or id.
pub(super) async fn find_space(client: &Client, wanted: &str) -> Result<String, ApiError> {
    Ok(space_typed(client, wanted, Typed::Start).await?.0)
}

/// The id and the name of the space that is meant.
async fn space_typed(client: &Client, wanted: &str, typed: Typed) -> Result<(String, String), ApiError> {
    let spaces: Vec<dto::Space> = client.get("/spaces").await?;
    let known: Vec<_> = spaces.into_iter().map(|space| (space.space, space.name)).collect();
    let found = find(&known, wanted, typed).map_err(|miss| match miss {
        Miss::None => ApiError::new(
            StatusCode::NOT_FOUND,
            "space-not-found",
            "No such space",
            format!("There is no space {} on this computer.", called(wanted)),
            "`compeer space list` shows them.",
        ),
        Miss::Several(ids) => ambiguous(wanted, &ids),
    })?;
    Ok(with_name(known, found))
}

fn with_name(known: Vec<(String, String)>, found: String) -> (String, String) {
    let name = known.into_iter().find(|(id, _)| *id == found).map(|(_, name)| name).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| found.clone());
    (found, name)
}

/// The id and the name of the member that is meant.
async fn find_member(client: &Client, space: &str, wanted: &str, typed: Typed) -> Result<(String, String), ApiError> {
    let members: Vec<dto::Member> = client.get(&format!("/spaces/{space}/members")).await?;
    let known: Vec<_> = members.into_iter().map(|member| (member.person, member.name)).collect();
    let found = find(&known, wanted, typed).map_err(|miss| match miss {
        Miss::None => ApiError::new(
            StatusCode::NOT_FOUND,
            "member-not-found",
            "No such person",
            format!("There is nobody {} in this space.", called(wanted)),
            "`compeer space members SPACE` shows them.",
        ),
        Miss::Several(ids) => ambiguous(wanted, &ids),
    })?;
    Ok(with_name(known, found))
}

/// What was typed as a name, in a sentence about nothing that has it.
pub(super) fn called(wanted: &str) -> String {
    if wanted.trim().is_empty() { "without a name".to_owned() } else { format!("called {}", shorten(wanted)) }
}

/// Several things go by that name.
pub(super) fn ambiguous(wanted: &str, ids: &[String]) -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "ambiguous",
        "Several are called that",
        format!("Several are called {}.", shorten(wanted)),
        format!("Use an id instead: {}.", several(ids)),
    )
}

/// Some ids, not all of very many.
fn several(ids: &[String]) -> String {
    match ids {
        [some @ .., _] if ids.len() > MOST_IDS => {
            let shown = some.get(..MOST_IDS).unwrap_or(some);
            format!("{} and {} more", shown.join(", "), ids.len() - shown.len())
        }
        all => all.join(", "),
    }
}

/// Why a name leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Miss {
    None,
    Several(Vec<String>),
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

/// The one that is meant: by its id, or else its exact name, or else its name in any case, or else how the name starts.
/// The first of these rules that fits anything must fit only one.
pub(super) fn find(known: &[(String, String)], wanted: &str, typed: Typed) -> Result<String, Miss> {
    // What has no name yet is not meant by naming nothing.
    if wanted.is_empty() {
        return Err(Miss::None);
    }
    let plain = |name: &str| composed(name).to_lowercase();
    let lower = plain(wanted);
    let rules: [Rule<'_>; 5] = [
        &|id, _| id == wanted,
        &|_, name| name == wanted,
        &|_, name| same(name, wanted),
        &|_, name| plain(name) == lower,
        &|_, name| typed == Typed::Start && plain(name).starts_with(&lower),
    ];
    for rule in rules {
        let mut fits: Vec<String> =
            known.iter().filter(|(id, name)| rule(id, name)).map(|(id, _)| id.clone()).collect();
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

    #[test]
    fn names_lead_to_one_or_to_none() {
        let known: Vec<_> =
            [("1", "Harbour"), ("2", "harbour quay"), ("3", "Bo"), ("4", "Bo"), ("5", "BO"), ("6", ""), ("7", "Zoë")]
                .map(|(id, name)| (id.to_owned(), name.to_owned()))
                .into();
        let several = |ids: &[&str]| Err(Miss::Several(ids.iter().map(|id| (*id).to_owned()).collect()));
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
        assert_eq!(find(&known, "harbour q", Typed::Whole), Err(Miss::None));
        assert_eq!(find(&known, "harbour QUAY", Typed::Whole), Ok("2".to_owned()));
    }
}
