//! `compeer space`: spaces, invitations and members.

pub(super) mod invitations;

use std::io::{IsTerminal, Read};
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::Context;
use super::args::Space;
use super::chat::SHUT_OUT;
use super::client::Client;
use super::find::{Typed, find_member, find_space, short, space_typed, twins};
use super::guest;
use super::output::{table, time};
use crate::api::dto;
use crate::error::ApiError;
use crate::text::visible;

/// Bytes of the longest invitation or message that is read from stdin.
const MAX_STDIN: u64 = 256 * 1024;

#[derive(Serialize)]
struct Row {
    space: String,
    name: String,
    members: u64,
    unread: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<dto::Room>,
    #[serde(skip)]
    state: dto::SpaceState,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived: Option<dto::Archived>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention: Option<dto::Retention>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<dto::End>,
}

#[derive(Serialize)]
struct MemberRow {
    person: String,
    name: String,
    level: dto::Level,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    guest: bool,
    presence: dto::Presence,
    devices: Vec<dto::MemberDevice>,
}

/// After so long it is said what is being waited for.
const A_MOMENT: Duration = Duration::from_secs(1);

/// Said of a space that goes.
const FILES_STAY: &str = "What was said in it is gone from this computer; files that you fetched stay in their folder.";

/// Said of a space that is deleted for everybody.
const COPIES_GO: &str = "What was said and shared in it is gone from this computer, and goes from the others as they hear of \
    it; files that lie in other folders than Compeer's stay.";

/// Said to whoever comes back.
fn back(space: &str) -> String {
    let space = short(space);
    format!(
        "is joined. What you wrote before, when you had been removed, reached nobody: `compeer chat log {space}` shows it, \
         `compeer chat resend {space}` sends it again."
    )
}

pub(super) async fn run(context: &Context, verb: Space) -> Result<(), ApiError> {
    let client = context.client()?;
    match verb {
        Space::Create { name } => {
            let space: dto::Space = client.post("/spaces", &dto::SpaceName { name }).await?;
            let alone = tell_of_twins(context, &client, &space).await;
            // A name that a shell or this program would read otherwise is left to its id.
            let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',');
            let is_plain = alone && space.name.chars().all(plain) && !space.name.starts_with('-');
            let named = if is_plain { &space.name } else { &space.space };
            let next = format!("is ready. Invite somebody with `compeer space invite \"{named}\"`.");
            tell(context, &space, &context.out.hint(&next))
        }
        Space::List => list(context, &client).await,
        Space::Invite { space, level, terms } => {
            let space = find_space(&client, &space).await?;
            let path = format!("/spaces/{space}/invitations");
            let made: dto::NewInvitation = client.post(&path, &terms.request(level)).await?;
            invitations::hand_out(context, &made, json!({}), terms.qr)
        }
        Space::Invitations { space, all } => invitations::list(context, &client, &space, all).await,
        Space::Revoke { space, invitation } => invitations::revoke(context, &client, &space, &invitation).await,
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
            let invite = dto::InviteText { invite };
            let preview: dto::InvitePreview = client.post("/spaces/join/preview", &invite).await?;
            if let Some(at) = preview.guest_at.filter(|_| !preview.already_member && !context.out.is_json()) {
                context.out.progress(&guest::invited(&preview, at));
            }
            let joining = client.post("/spaces/join", &invite);
            tokio::pin!(joining);
            let space: dto::Space = tokio::select! {
                space = &mut joining => space?,
                () = tokio::time::sleep(A_MOMENT) => {
                    if !context.out.is_json() {
                        context.out.progress("Asking those who can let you in; one of them has to be online.");
                    }
                    joining.await?
                }
            };
            let known = before.iter().find(|known| known.space == space.space);
            joined(context, known.filter(|known| known.state == dto::SpaceState::Active), &space)
        }
        Space::Members { space } => members(context, &client, &space).await,
        Space::Level { space, person, level } => set_level(context, &client, &space, &person, level).await,
        Space::Rename { space, name } => rename(context, &client, &space, name).await,
        Space::Remove { space, person } => {
            let (space, space_name) = space_typed(&client, &space, Typed::Whole).await?;
            let (person, name) = find_member(&client, &space, &person, Typed::Whole).await?;
            let rooms = guest::rooms_of(context, &client, &space).await?;
            let _: dto::Done = client.delete(&format!("/spaces/{space}/members/{person}")).await?;
            context.out.either(&json!({}), || {
                let (name, space) = (visible(&name), visible(&space_name));
                let rooms = rooms.map_or_else(String::new, |rooms| format!(" and from its {rooms}"));
                format!("{name} is removed from {space}{rooms}. Nothing new reaches that person.\n")
            })
        }
        Space::Show { space } => show(context, &client, &space).await,
        Space::Archive { space } => {
            let (space, name) = space_typed(&client, &space, Typed::Whole).await?;
            let rooms = guest::rooms_of(context, &client, &space).await?;
            let now: dto::Space = client.post(&format!("/spaces/{space}/archive"), &json!({})).await?;
            let words = "is archived: everybody in it can read it, and nobody writes in it.";
            context.out.either(&json!({ "archived": now.archived }), || {
                let rooms = rooms.map_or_else(String::new, |rooms| format!(" The same goes for its {rooms}."));
                format!("{} {words}{rooms}\n", visible(&name))
            })
        }
        Space::Restore { space } => {
            let (space, name) = space_typed(&client, &space, Typed::Start).await?;
            let _: dto::Space = client.post(&format!("/spaces/{space}/restore"), &json!({})).await?;
            context.out.either(&json!({ "archived": null }), || format!("{} is in use again.\n", visible(&name)))
        }
        Space::Retention { space, days } => {
            let (space, name) = space_typed(&client, &space, Typed::Whole).await?;
            let rooms = guest::rooms_of(context, &client, &space).await?;
            let change = dto::RetentionChange { days: days.0 };
            let now: dto::Space = client.put(&format!("/spaces/{space}/retention"), &change).await?;
            context.out.either(&json!({ "retention": now.retention }), || {
                let words = now.retention.as_ref().map_or_else(|| "Messages are kept for good.".into(), how_long);
                let rooms = rooms.map_or_else(String::new, |rooms| format!(" The same goes for its {rooms}."));
                format!("{}: {words}{rooms}\n", visible(&name))
            })
        }
        Space::Leave { space } => {
            let (space, name) = space_typed(&client, &space, Typed::Whole).await?;
            let _: dto::Done = client.post(&format!("/spaces/{space}/leave"), &json!({})).await?;
            context.out.either(&json!({}), || format!("You have left {}. {FILES_STAY}\n", visible(&name)))
        }
        Space::Delete { space } => {
            let (space, name) = space_typed(&client, &space, Typed::Whole).await?;
            let rooms = guest::rooms_of(context, &client, &space).await?;
            let _: dto::Done = client.delete(&format!("/spaces/{space}")).await?;
            // Where nobody is to be told, it is gone already.
            let now: Vec<dto::Space> = client.get("/spaces").await?;
            let unheard = now.into_iter().find(|one| one.space == space).and_then(|one| one.end).map(|end| end.unheard);
            let unheard = unheard.unwrap_or_default();
            context.out.either(&json!({ "unheard": unheard }), || {
                let waits = not_heard(&unheard).map_or_else(String::new, |waits| format!(" By now {waits}."));
                let rooms = rooms.map_or_else(String::new, |rooms| format!(", and its {rooms} along with it"));
                format!("{} is deleted for everybody{rooms}. {COPIES_GO}{waits}\n", visible(&name))
            })
        }
    }
}

/// What an invitation has changed. `before`: how the space was, if it was one of those here.
fn joined(context: &Context, before: Option<&dto::Space>, space: &dto::Space) -> Result<(), ApiError> {
    match before {
        Some(_) if space.here_now <= 1 => {
            tell(context, space, "is one of your spaces already, as far as is known here: nobody else in it is online.")
        }
        Some(before) if before.level != space.level => {
            tell(context, space, "is one of your spaces already; what you may do there has changed.")
        }
        Some(before) if before.here_now > 1 => tell(context, space, "is one of your spaces already."),
        // Nobody was there to say whether one still was.
        _ if space.undelivered > 0 => tell(context, space, &context.out.hint(&back(&space.space))),
        _ => tell(context, space, "is joined."),
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
        room: space.room,
        state: space.state,
        archived: space.archived,
        retention: space.retention,
        end: space.end,
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

/// How long messages are kept.
fn how_long(retention: &dto::Retention) -> String {
    let dto::Retention { days, from, .. } = retention;
    format!(
        "Messages older than {days} days are deleted on every computer, from {} UTC on. Pinned ones stay.",
        time(*from)
    )
}

/// Who has not heard of the end of a space, in one sentence.
fn not_heard(unheard: &[dto::Unheard]) -> Option<String> {
    let who = |one: &dto::Unheard| {
        let devices: Vec<_> = one.devices.iter().map(|device| visible(device).into_owned()).collect();
        format!("{} ({})", visible(&one.name), devices.join(", "))
    };
    let names: Vec<_> = unheard.iter().map(who).collect();
    (!names.is_empty()).then(|| format!("not heard of it yet: {}", names.join(", ")))
}

async fn show(context: &Context, client: &Client, space: &str) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let space: dto::Space = client.get(&format!("/spaces/{space}")).await?;
    let rooms = guest::rooms_of(context, client, &space.space).await?;
    context.out.either(&space, || {
        let level = match space.level {
            dto::Level::Read => "you can read",
            dto::Level::Write => "you can read and write",
            dto::Level::Manage => "you can read, write and manage",
        };
        let people = if space.members == 1 { "1 person".to_owned() } else { format!("{} people", space.members) };
        let mut lines = vec![visible(&space.name).into_owned(), format!("  id  {}", space.space)];
        let mut line = |words: String| lines.push(format!("  {words}"));
        let said = |deed: &dto::Deed| format!("by {} on {} UTC", visible(&deed.by_name), time(deed.at));
        if let Some(end) = &space.end {
            line(format!("Deleted for everybody {}.", said(&end.deed)));
            line(not_heard(&end.unheard).unwrap_or_else(|| "everybody has heard of it".into()));
        } else {
            line(format!("{people}, {level}"));
            if let Some(room) = &space.room {
                let guests = match room.guests {
                    0 => "no guests yet".to_owned(),
                    1 => "1 guest".to_owned(),
                    guests => format!("{guests} guests"),
                };
                line(format!("A room for guests; {guests}"));
            }
            if let Some(rooms) = rooms {
                let rooms = if rooms.starts_with("room") { format!("a {rooms}") } else { rooms };
                let list = format!("{rooms}: `compeer guest list {}`", short(&space.space));
                line(context.out.hint(&list).into_owned());
            }
        }
        if let Some(archived) = &space.archived {
            line(format!("Archived {}: nobody writes in it.", said(&archived.deed)));
        }
        if space.end.is_none() {
            line(space.retention.as_ref().map_or_else(|| "Messages are kept for good.".into(), how_long));
        }
        lines.join("\n") + "\n"
    })
}

/// A space's name, and what else than in use it is.
fn called_so(row: &Row) -> String {
    match row.state {
        dto::SpaceState::Active if row.archived.is_some() => format!("{} (archived)", row.name),
        dto::SpaceState::Active if row.room.is_some() => format!("{} (a room with guests)", row.name),
        dto::SpaceState::Active => row.name.clone(),
        dto::SpaceState::Joining => format!("{} (joining)", row.name).trim_start().to_owned(),
        dto::SpaceState::ShutOut => format!("{} (those online do not let you in)", row.name),
        dto::SpaceState::Removed => format!("{} (you were removed)", row.name),
        dto::SpaceState::Ended => match row.end.as_ref().and_then(|end| not_heard(&end.unheard)) {
            Some(waits) => format!("{} (ended; {waits})", row.name),
            None => format!("{} (ended)", row.name),
        },
    }
}

/// Tells a person if another space is called like this one. Programs go by ids. Returns whether it has its name alone, as
/// far as that matters.
async fn tell_of_twins(context: &Context, client: &Client, space: &dto::Space) -> bool {
    if context.out.is_json() {
        return true;
    }
    // What the command was for is done; that this cannot be said takes nothing from it.
    let twins = twins(client, space).await.unwrap_or_default();
    if twins.is_empty() {
        return true;
    }
    let hint = context.out.hint("Say which one you mean by its id, or rename one: `compeer space rename ID NAME`.");
    let words = format!(
        "Another space on this computer is called {}, too ({}). {hint}",
        visible(&space.name),
        twins.join(", ")
    );
    context.out.progress(&words);
    false
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
    tell_of_twins(context, client, &renamed).await;
    context.out.either(&json!({ "space": renamed.space }), || {
        format!("{} is called {} from now on.\n", visible(&before), visible(&renamed.name))
    })
}

async fn members(context: &Context, client: &Client, space: &str) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let members: Vec<dto::Member> = client.get(&format!("/spaces/{space}/members")).await?;
    let words = if context.out.is_json() {
        String::new()
    } else {
        let now: dto::Space = client.get(&format!("/spaces/{space}")).await?;
        let shut_out = if now.state == dto::SpaceState::ShutOut { SHUT_OUT } else { "" };
        format!("{}{shut_out}", member_table(&members))
    };
    let row = |member: dto::Member| MemberRow {
        person: member.person,
        name: member.name,
        level: member.level,
        guest: member.guest,
        presence: member.presence,
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
            let level = if member.guest { format!("{level}, as a guest") } else { level.to_owned() };
            vec![member.name.clone(), level, devices.join(", "), member.person.clone()]
        })
        .collect();
    table(&["name", "level", "devices", "id"], &rows)
}

/// Whether somebody is at a device, and how it is reached.
fn device_words(device: &dto::MemberDevice) -> String {
    let path = match device.path {
        dto::DevicePath::Own => ", this computer",
        dto::DevicePath::Direct => ", direct",
        dto::DevicePath::Relay => ", relay",
        dto::DevicePath::None => "",
    };
    let path = match (device.path, device.away_since, device.last_seen) {
        (dto::DevicePath::None, _, Some(seen)) => format!("offline, last seen {} UTC", time(seen)),
        (dto::DevicePath::None, _, None) => "offline".to_owned(),
        (_, Some(since), _) => format!("away since {} UTC{path}", time(since)),
        (_, None, _) => format!("online{path}"),
    };
    match device.missing {
        0 => format!("{} ({path})", device.name),
        1 => format!("{} ({path}, lacks 1 entry)", device.name),
        missing => format!("{} ({path}, lacks {missing} entries)", device.name),
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
