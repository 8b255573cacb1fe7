//! `compeer chat`: messages.

mod change;
mod log;

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::Context;
use super::args::Chat;
use super::client::Client;
use super::find::{find_message, find_person, find_space, find_topic};
use super::space::read_stdin;
use crate::api::{EventName, dto};
use crate::error::ApiError;

/// How long it is watched what becomes of a message that was sent.
const A_MOMENT: Duration = Duration::from_secs(2);

/// Of a space in which everybody who is online refuses this computer.
pub(super) const SHUT_OUT: &str = "Those in this space who are online do not let this computer in: you were probably \
    removed. Ask a manager for a new invitation.\n";

pub(super) async fn run(context: &Context, verb: Chat) -> Result<(), ApiError> {
    let client = context.client()?;
    match verb {
        Chat::Send { space, text, reply, topic } => {
            let text = typed(text)?;
            let space = find_space(&client, &space).await?;
            let reply = match reply {
                Some(message) => Some(find_message(&client, &space, &message).await?),
                None => None,
            };
            let place = match topic {
                Some(topic) => Some(find_topic(&client, &space, &topic).await?),
                None => None,
            };
            send(context, &client, &space, dto::NewMessage { text, reply, place, ..dto::NewMessage::default() }).await
        }
        Chat::Direct { people } => {
            let mut ids = Vec::with_capacity(people.len());
            for person in people {
                ids.push(find_person(&client, &person).await?);
            }
            let talk: dto::Space = client.post("/direct", &dto::DirectTalk { people: ids }).await?;
            context.out.either(&json!({ "space": talk.space }), || format!("{}\n", talk.space))
        }
        Chat::Edit { space, message, text } => {
            let change = dto::MessageChange { text: Some(typed(text)?), ..dto::MessageChange::default() };
            change::change(context, &client, &space, &message, &change, "Changed.\n").await
        }
        Chat::Delete { space, message } => change::delete(context, &client, &space, &message).await,
        Chat::React { space, message, emoji, undo } => {
            let reaction = Some(dto::MyReaction { emoji, on: !undo });
            let change = dto::MessageChange { reaction, ..dto::MessageChange::default() };
            let words = if undo { "Taken back.\n" } else { "Reacted.\n" };
            change::change(context, &client, &space, &message, &change, words).await
        }
        Chat::Pin { space, message, undo } => {
            let change = dto::MessageChange { pinned: Some(!undo), ..dto::MessageChange::default() };
            let words = if undo { "Not pinned any more.\n" } else { "Pinned.\n" };
            change::change(context, &client, &space, &message, &change, words).await
        }
        Chat::Pins { space } => log::pins(context, &client, &find_space(&client, &space).await?).await,
        Chat::History { space, message } => change::history(context, &client, &space, &message).await,
        Chat::Resend { space, messages } => {
            let space = find_space(&client, &space).await?;
            let settled = settle(&client, &space, messages, "send").await?;
            let now: dto::Space = client.get(&format!("/spaces/{space}")).await?;
            context.out.either(&json!({ "count": settled.count }), || match settled.count {
                0 if now.state == dto::SpaceState::ShutOut => format!("Nothing was sent again. {SHUT_OUT}"),
                0 => "Nothing was sent again: all is delivered, or the files have changed since.\n".into(),
                1 => "Sent again: one message or file.\n".into(),
                count => format!("Sent again: {count} messages and files.\n"),
            })
        }
        Chat::Discard { space, messages } => {
            let space = find_space(&client, &space).await?;
            let settled = settle(&client, &space, messages, "discard").await?;
            context.out.either(&json!({ "count": settled.count }), || match settled.count {
                0 => "Nothing was undelivered.\n".into(),
                1 => "Discarded: one message or file.\n".into(),
                count => format!("Discarded: {count} messages and files.\n"),
            })
        }
        Chat::Log { space, limit, keep_unread, ids, topic } => {
            let space = find_space(&client, &space).await?;
            let place = match topic {
                Some(topic) => Some(find_topic(&client, &space, &topic).await?),
                None => None,
            };
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let newest = log::log(context, &client, &space, place.as_deref(), limit, ids).await?;
            match newest {
                Some(newest) if !keep_unread && !context.out.is_json() => {
                    log::mark_read(&client, &space, place, newest).await
                }
                _ => Ok(()),
            }
        }
    }
}

/// Sends again or discards what is undelivered in a space.
async fn settle(client: &Client, space: &str, messages: Vec<String>, how: &str) -> Result<dto::Settled, ApiError> {
    let which = dto::Undelivered { only: (!messages.is_empty()).then_some(messages) };
    client.post(&format!("/spaces/{space}/undelivered/{how}"), &which).await
}

/// A text as it was typed, or from stdin.
pub(super) fn typed(text: String) -> Result<String, ApiError> {
    Ok(if text == "-" { read_stdin()?.trim_end_matches(['\r', '\n']).to_owned() } else { text })
}

async fn send(context: &Context, client: &Client, space: &str, message: dto::NewMessage) -> Result<(), ApiError> {
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
    // What cannot be found out about others takes nothing from the message either.
    let refused = sent.held_by <= 1 && refuses(client, &members).await.unwrap_or(false);
    context.out.raw(&whereabouts(sent.held_by, sent.of, here, refused))
}

/// Whether a device of one of these members is there and does not let this one in.
async fn refuses(client: &Client, members: &[dto::Member]) -> Result<bool, ApiError> {
    let status: dto::Status = client.get("/status").await?;
    let is_theirs = |id: &str| members.iter().flat_map(|member| &member.devices).any(|device| device.device == id);
    Ok(status.peers.iter().any(|peer| peer.refuses && is_theirs(&peer.device)))
}

/// Where a message is that was just sent: `held` of `of` members have it, and `here` of them are online. `refused`: somebody
/// is online and does not let this computer in.
fn whereabouts(held: u64, of: u64, here: u64, refused: bool) -> String {
    match held {
        _ if of <= 1 => "Written down. Nobody else is in this space yet.\n".into(),
        2.. => format!("Sent: held by {held} of {of}.\n"),
        _ if refused => {
            "Waiting: somebody in this space is online, but does not let this computer in at the moment.\n".into()
        }
        _ if here > 1 => "Waiting: nobody else has said yet that they have it. It goes out by itself.\n".into(),
        _ => "Waiting: nobody else in this space is online. It goes out by itself as soon as somebody is.\n".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_message_is_true() {
        let table = [
            ((1, 1, 1, false), "Written down. Nobody else"),
            ((1, 3, 1, false), "Waiting: nobody else in this space is online."),
            ((1, 3, 1, true), "Waiting: somebody in this space is online, but does not let"),
            ((1, 3, 2, false), "Waiting: nobody else has said yet"),
            ((2, 3, 2, true), "Sent: held by 2 of 3."),
            ((3, 3, 3, false), "Sent: held by 3 of 3."),
        ];
        for ((held, of, here, refused), start) in table {
            let words = whereabouts(held, of, here, refused);
            assert!(words.starts_with(start) && words.ends_with('\n'), "{words}");
        }
    }
}
