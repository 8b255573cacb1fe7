//! `compeer chat`: messages.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::Context;
use super::args::Chat;
use super::client::Client;
use super::find::{find_space, short};
use super::output::time;
use super::space::read_stdin;
use crate::api::{EventName, dto};
use crate::error::ApiError;
use crate::text::{visible, visible_lines};

/// Messages asked for at once, at most.
const STEP: usize = 1000;
/// How long it is watched what becomes of a message that was sent.
const A_MOMENT: Duration = Duration::from_secs(2);

/// Of a space in which everybody who is online refuses this computer.
pub(super) const SHUT_OUT: &str = "Those in this space who are online do not let this computer in: you were probably \
    removed. Ask a manager for a new invitation.\n";

#[derive(Serialize)]
struct Row {
    id: String,
    author: String,
    author_name: String,
    text: String,
    time: u64,
    held_by: u64,
    /// Only told where it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    undelivered: bool,
}

pub(super) async fn run(context: &Context, verb: Chat) -> Result<(), ApiError> {
    let client = context.client()?;
    match verb {
        Chat::Send { space, text } => {
            let text = if text == "-" { read_stdin()?.trim_end_matches(['\r', '\n']).to_owned() } else { text };
            let space = find_space(&client, &space).await?;
            send(context, &client, &space, text).await
        }
        Chat::Resend { space, messages } => {
            let settled = settle(&client, &space, messages, "send").await?;
            context.out.either(&json!({ "count": settled.count }), || match settled.count {
                0 => "Nothing was sent again: all is delivered, or the files have changed since.\n".into(),
                1 => "Sent again: one message or file.\n".into(),
                count => format!("Sent again: {count} messages and files.\n"),
            })
        }
        Chat::Discard { space, messages } => {
            let settled = settle(&client, &space, messages, "discard").await?;
            context.out.either(&json!({ "count": settled.count }), || match settled.count {
                0 => "Nothing was undelivered.\n".into(),
                1 => "Discarded: one message or file.\n".into(),
                count => format!("Discarded: {count} messages and files.\n"),
            })
        }
        Chat::Log { space, limit, keep_unread } => {
            let space = find_space(&client, &space).await?;
            let newest = log(context, &client, &space, usize::try_from(limit).unwrap_or(usize::MAX)).await?;
            match newest {
                Some(newest) if !keep_unread && !context.out.is_json() => mark_read(&client, &space, newest).await,
                _ => Ok(()),
            }
        }
    }
}

/// Sends again or discards what is undelivered in a space.
async fn settle(client: &Client, space: &str, messages: Vec<String>, how: &str) -> Result<dto::Settled, ApiError> {
    let space = find_space(client, space).await?;
    let which = dto::Undelivered { only: (!messages.is_empty()).then_some(messages) };
    client.post(&format!("/spaces/{space}/undelivered/{how}"), &which).await
}

async fn send(context: &Context, client: &Client, space: &str, text: String) -> Result<(), ApiError> {
    let message = dto::NewMessage { text, nonce: None, file: None };
    let path = format!("/spaces/{space}/messages");
    if context.out.is_json() {
        let sent: dto::Message = client.post(&path, &message).await?;
        return context.out.json(&json!({ "id": sent.id }));
    }
    let now: dto::Space = client.get(&format!("/spaces/{space}")).await?;
    if now.state == dto::SpaceState::ShutOut {
        let _: dto::Message = client.post(&path, &message).await?;
        return context.out.raw(
            "Written down here, but it reaches nobody: those in this space who are online do not let this computer in. You \
             were probably removed. Ask a manager for a new invitation; what you wrote can be sent again then.\n",
        );
    }
    let members: Vec<dto::Member> = client.get(&format!("/spaces/{space}/members")).await?;
    let is_here = |member: &&dto::Member| member.devices.iter().any(|device| device.path != dto::DevicePath::None);
    let here = members.iter().filter(is_here).count() as u64;
    // Listening starts before it is sent, so that nothing about it can be missed.
    let mut events = client.events().await?;
    let mut sent: dto::Message = client.post(&path, &message).await?;
    // It is on this disk already; whatever happens to the stream of events from here on takes nothing from that.
    let end = Instant::now() + A_MOMENT;
    while sent.held_by < here
        && let Ok(Ok(Some(event))) = timeout_at(end, events.next()).await
    {
        if event.event == EventName::ChatState && event.id.as_deref() == Some(&sent.id) {
            sent.held_by = event.held_by.unwrap_or(sent.held_by);
            sent.of = event.of.unwrap_or(sent.of);
        }
    }
    context.out.raw(&whereabouts(sent.held_by, sent.of, here))
}

/// Where a message is that was just sent: `held` of `of` members have it, and `here` of them are online.
fn whereabouts(held: u64, of: u64, here: u64) -> String {
    match held {
        _ if of <= 1 => "Written down. Nobody else is in this space yet.\n".into(),
        2.. => format!("Sent: held by {held} of {of}.\n"),
        _ if here > 1 => "Waiting: nobody else has said yet that they have it. It goes out by itself.\n".into(),
        _ => "Waiting: nobody else in this space is online. It goes out by itself as soon as somebody is.\n".into(),
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
async fn mark_read(client: &Client, space: &str, newest: String) -> Result<(), ApiError> {
    let marker = dto::ReadMarker { up_to: newest };
    let _: dto::Done = client.post(&format!("/spaces/{space}/read"), &marker).await?;
    Ok(())
}

/// Shows the last `limit` messages. Returns the newest of them.
async fn log(context: &Context, client: &Client, space: &str, limit: usize) -> Result<Option<String>, ApiError> {
    let mut messages: Vec<dto::Message> = Vec::new();
    while messages.len() < limit {
        let step = (limit - messages.len()).min(STEP);
        let before = messages.first().map(|first| format!("&before={}", first.id)).unwrap_or_default();
        let page: dto::MessagePage = client.get(&format!("/spaces/{space}/messages?limit={step}{before}")).await?;
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
        let lines: String = messages.iter().map(|message| words(message, shut_out)).collect();
        if shut_out { format!("{lines}\n{SHUT_OUT}") } else { lines }
    };
    let row = |message: dto::Message| Row {
        id: message.id,
        author: message.author,
        author_name: message.author_name,
        text: message.text,
        time: message.time,
        held_by: message.held_by,
        undelivered: message.state == dto::MessageState::Undelivered,
    };
    let rows: Vec<Row> = messages.into_iter().map(row).collect();
    let undelivered = rows.iter().any(|row| row.undelivered);
    context.out.either(&rows, || match () {
        () if rows.is_empty() => "Nobody has said anything yet.\n".into(),
        () if undelivered => format!("{words}{}", context.out.hint(&undelivered_hint(space, may_write))),
        () => words,
    })?;
    Ok(rows.into_iter().next_back().map(|row| row.id))
}

fn words(message: &dto::Message, shut_out: bool) -> String {
    let state = match message.state {
        dto::MessageState::Undelivered => "  (not delivered)".into(),
        _ if !message.mine || message.of <= 1 => String::new(),
        dto::MessageState::Waiting if shut_out => "  (reaches nobody)".into(),
        dto::MessageState::Waiting => "  (waiting)".into(),
        _ => format!("  (held by {} of {})", message.held_by, message.of),
    };
    let text = visible_lines(&message.text).replace('\n', "\n    ");
    let file = message.file.as_ref().map(|file| match &file.name {
        Some(name) => format!("[file: {}]", visible(name)),
        None => "[a file that is no longer listed]".into(),
    });
    let text = [Some(text).filter(|text| !text.is_empty()), file].into_iter().flatten().collect::<Vec<_>>();
    format!("{}  {}{state}\n    {}\n", time(message.time), visible(&message.author_name), text.join("\n    "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_message_is_true() {
        let table = [
            ((1, 1, 1), "Written down. Nobody else"),
            ((1, 3, 1), "Waiting: nobody else in this space is online."),
            ((1, 3, 2), "Waiting: nobody else has said yet"),
            ((2, 3, 2), "Sent: held by 2 of 3."),
            ((3, 3, 3), "Sent: held by 3 of 3."),
        ];
        for ((held, of, here), start) in table {
            let words = whereabouts(held, of, here);
            assert!(words.starts_with(start) && words.ends_with('\n'), "{words}");
        }
    }
}
