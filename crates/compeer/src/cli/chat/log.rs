//! Showing messages.

use serde::Serialize;

use super::super::Context;
use super::super::client::Client;
use super::super::find::short;
use super::super::output::time;
use super::SHUT_OUT;
use crate::api::dto;
use crate::error::ApiError;
use crate::text::{shorten, visible, visible_lines};

/// Messages asked for at once, at most.
const STEP: usize = 1000;

/// A message as scripts see it. What stands behind `held_by` is only told where there is something to tell.
#[derive(Serialize)]
struct Row {
    id: String,
    author: String,
    author_name: String,
    /// Whether its author is a guest.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    guest: bool,
    text: String,
    time: u64,
    held_by: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    undelivered: bool,
    /// The message it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<String>,
    /// When its text was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<dto::Reaction>,
    /// What it is said at; the general talk when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<dto::Place>,
    /// Who deleted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<dto::Deleted>,
    /// Who imported it; then it is only said to be by its author.
    #[serde(skip_serializing_if = "Option::is_none")]
    imported: Option<String>,
}

impl From<dto::Message> for Row {
    fn from(message: dto::Message) -> Self {
        Self {
            id: message.id,
            author: message.author,
            author_name: message.author_name,
            guest: message.guest,
            text: message.text,
            time: message.time,
            held_by: message.held_by,
            undelivered: message.state == dto::MessageState::Undelivered,
            reply: message.reply.map(|answered| answered.id),
            changed: message.changed,
            pinned: message.pinned,
            reactions: message.reactions,
            place: message.place,
            deleted: message.deleted,
            imported: message.imported,
        }
    }
}

/// What to do about messages that were not delivered.
fn undelivered_hint(space: &str, may_write: bool) -> String {
    let space = short(space);
    let discard = format!("`compeer chat discard {space}` shows it no more.");
    let how = match may_write {
        true => format!("`compeer chat resend {space}` sends it again, {discard}"),
        false => format!("You may only read now; {discard}"),
    };
    format!("\nWhat is not delivered was written while you had been removed, or could not write any more.\n{how}\n")
}

/// What a person has seen up to the newest shown message is read.
pub(super) async fn mark_read(
    client: &Client,
    space: &str,
    place: Option<String>,
    newest: String,
) -> Result<(), ApiError> {
    let marker = dto::ReadMarker { up_to: Some(newest), place, seen: None };
    let _: dto::Done = client.post(&format!("/spaces/{space}/read"), &marker).await?;
    Ok(())
}

/// Shows the pinned messages.
pub(super) async fn pins(context: &Context, client: &Client, space: &str) -> Result<(), ApiError> {
    let pinned: Vec<dto::Message> = client.get(&format!("/spaces/{space}/pinned")).await?;
    let words: String = pinned.iter().map(|message| words(message, false, false, true)).collect();
    let rows: Vec<Row> = pinned.into_iter().map(Row::from).collect();
    context.out.either(&rows, || if rows.is_empty() { "Nothing is pinned.\n".into() } else { words })
}

/// Shows the last `limit` messages, those at a place if one is given, with the beginnings of their `ids` if wanted. Returns the newest of them.
pub(super) async fn log(
    context: &Context,
    client: &Client,
    space: &str,
    place: Option<&str>,
    limit: usize,
    ids: bool,
) -> Result<Option<String>, ApiError> {
    let all = place.is_none();
    let place = place.map(|place| format!("&place={place}")).unwrap_or_default();
    let mut messages: Vec<dto::Message> = Vec::new();
    while messages.len() < limit {
        let step = (limit - messages.len()).min(STEP);
        let before = messages.first().map(|first| format!("&before={}", first.id)).unwrap_or_default();
        let page: dto::MessagePage =
            client.get(&format!("/spaces/{space}/messages?limit={step}{before}{place}")).await?;
        let more = page.more && !page.messages.is_empty();
        messages.splice(0..0, page.messages);
        if !more {
            break;
        }
    }
    let mut may_write = false;
    let words = if context.out.is_json() {
        String::new()
    } else {
        let now: dto::Space = client.get(&format!("/spaces/{space}")).await?;
        may_write = now.level != dto::Level::Read;
        let shut_out = now.state == dto::SpaceState::ShutOut;
        let lines: String = messages.iter().map(|message| words(message, shut_out, ids, all)).collect();
        if shut_out { format!("{lines}\n{SHUT_OUT}") } else { lines }
    };
    let rows: Vec<Row> = messages.into_iter().map(Row::from).collect();
    let undelivered = rows.iter().any(|row| row.undelivered);
    context.out.either(&rows, || match () {
        () if rows.is_empty() => "Nobody has said anything yet.\n".into(),
        () if undelivered => format!("{words}{}", context.out.hint(&undelivered_hint(space, may_write))),
        () => words,
    })?;
    Ok(rows.into_iter().next_back().map(|row| row.id))
}

fn words(message: &dto::Message, shut_out: bool, ids: bool, all: bool) -> String {
    let place = message.place.as_ref().filter(|_| all).map(|place| match &place.title {
        Some(title) => format!("  [{}]", visible(title)),
        None => "  [a topic whose title is not here]".into(),
    });
    let place = place.unwrap_or_default();
    let state = match message.state {
        dto::MessageState::Undelivered => "  (not delivered)".into(),
        _ if !message.mine || message.of <= 1 => String::new(),
        dto::MessageState::Waiting if shut_out => "  (reaches nobody)".into(),
        dto::MessageState::Waiting => "  (waiting)".into(),
        _ => format!("  (held by {} of {})", message.held_by, message.of),
    };
    let id = if ids { format!("{}  ", short(&message.id)) } else { String::new() };
    let marks = [(message.pinned, "  (pinned)"), (message.changed.is_some(), "  (edited)")];
    let marks: String = marks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| mark).collect();
    let deleted = message.deleted.as_ref().map(|deleted| match deleted.by == message.author {
        true => "[deleted]".into(),
        false => format!("[deleted by {}]", visible(&deleted.by_name)),
    });
    let answered = message.reply.as_ref().map(|answered| match (&answered.author_name, &answered.text) {
        (Some(name), _) if answered.deleted => format!("> {}: [deleted]", visible(name)),
        (Some(name), Some(text)) => format!("> {}: {}", visible(name), shorten(text)),
        _ => "> a message that is not here".into(),
    });
    let text = visible_lines(&message.text).replace('\n', "\n    ");
    let file = message.file.as_ref().map(|file| match &file.name {
        Some(name) => format!("[file: {}]", visible(name)),
        None => "[a file that is no longer listed]".into(),
    });
    let reaction = |reaction: &dto::Reaction| format!("{} {}", visible(&reaction.emoji), reaction.people.len());
    let reactions = message.reactions.iter().map(reaction).collect::<Vec<_>>().join("  ");
    let parts = [answered, deleted, Some(text), file, Some(reactions)].into_iter().flatten();
    let parts = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let name = visible(&message.author_name);
    let guest = if message.guest { " (guest)" } else { "" };
    format!("{id}{}  {name}{guest}{place}{state}{marks}\n    {}\n", time(message.time), parts.join("\n    "))
}
