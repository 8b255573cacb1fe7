//! `compeer discuss`: topics, and how much of a space is news.

use serde::Serialize;
use serde_json::json;

use super::Context;
use super::args::{Discuss, Hear};
use super::find::{find_message, find_space, find_topic, short};
use super::output::{table, time};
use crate::api::dto;
use crate::error::ApiError;

/// A topic as scripts see it.
#[derive(Serialize)]
struct Row {
    id: String,
    title: Option<String>,
    resolved: bool,
    unread: u64,
    mentions: u64,
    attention: dto::Attention,
    at: u64,
}

impl From<dto::Topic> for Row {
    fn from(topic: dto::Topic) -> Self {
        let dto::Topic { id, title, resolved, unread, mentions, attention, at, .. } = topic;
        Self { id, title, resolved, unread, mentions, attention, at }
    }
}

pub(super) async fn run(context: &Context, verb: Discuss) -> Result<(), ApiError> {
    let client = context.client()?;
    match verb {
        Discuss::List { space } => {
            let space = find_space(&client, &space).await?;
            let topics: Vec<dto::Topic> = client.get(&format!("/spaces/{space}/topics")).await?;
            let rows: Vec<Row> = topics.into_iter().map(Row::from).collect();
            context.out.either(&rows, || {
                let lines: Vec<_> = rows.iter().map(cells).collect();
                table(&["TOPIC", "UNREAD", "LAST", "ID", ""], &lines)
            })
        }
        Discuss::Start { space, title } => {
            let space = find_space(&client, &space).await?;
            let topic: dto::Topic = client.post(&format!("/spaces/{space}/topics"), &dto::NewTopic { title }).await?;
            context.out.either(&json!({ "id": topic.id }), || {
                let (space, topic) = (short(&space), short(&topic.id));
                let send = format!("`compeer chat send {space} TEXT --topic {topic}`");
                format!("Started. {} says something at it.\n", context.out.hint(&send))
            })
        }
        Discuss::Rename { space, topic, title } => {
            let change = dto::TopicChange { title: Some(title), resolved: None };
            change_topic(context, &client, &space, &topic, &change, "Renamed.\n").await
        }
        Discuss::Resolve { space, topic, undo } => {
            let change = dto::TopicChange { title: None, resolved: Some(!undo) };
            let words = if undo { "Open again.\n" } else { "Resolved.\n" };
            change_topic(context, &client, &space, &topic, &change, words).await
        }
        Discuss::Move { space, topic, messages } => {
            let space = find_space(&client, &space).await?;
            let place = find_topic(&client, &space, &topic).await?;
            let mut ids = Vec::with_capacity(messages.len());
            for message in messages {
                ids.push(find_message(&client, &space, &message).await?);
            }
            let moved: dto::Moved =
                client.post(&format!("/spaces/{space}/move"), &dto::Move { messages: ids, place }).await?;
            context.out.either(&json!({ "count": moved.count }), || match moved.count {
                0 => "Nothing moved: all of it was there already.\n".into(),
                1 => "Moved one message.\n".into(),
                count => format!("Moved {count} messages.\n"),
            })
        }
        Discuss::Hear { space, attention, topic } => {
            let space = find_space(&client, &space).await?;
            let place = match topic {
                Some(topic) => Some(find_topic(&client, &space, &topic).await?),
                None => None,
            };
            let (attention, words) = match attention {
                Hear::All => (Some(dto::Attention::All), "You hear of everything there.\n"),
                Hear::Mentions => (Some(dto::Attention::Mentions), "You hear only of what names you there.\n"),
                Hear::Muted => (Some(dto::Attention::Muted), "Muted: only what names you counts there.\n"),
                Hear::Default if place.is_some() => (None, "As much as of the space.\n"),
                Hear::Default => (None, "You hear of everything there.\n"),
            };
            let change = dto::AttentionChange { place, attention };
            let _: dto::Done = client.put(&format!("/spaces/{space}/attention"), &change).await?;
            context.out.either(&json!({}), || words.into())
        }
        Discuss::Unread { space, message } => {
            let space = find_space(&client, &space).await?;
            let from = find_message(&client, &space, &message).await?;
            let message: dto::Message = client.get(&format!("/spaces/{space}/messages/{from}")).await?;
            let place = message.place.map_or_else(|| dto::GENERAL.to_owned(), |place| place.id);
            let marker = dto::UnreadMarker { from, place: Some(place) };
            let _: dto::Done = client.post(&format!("/spaces/{space}/unread"), &marker).await?;
            context.out.either(&json!({}), || "Unread from there on.\n".into())
        }
    }
}

fn cells(row: &Row) -> Vec<String> {
    let title = row.title.clone().unwrap_or_else(|| match row.id.as_str() {
        dto::GENERAL => "General".into(),
        _ => "(its title is not here yet)".into(),
    });
    let marks = [
        (row.mentions > 0, "names you"),
        (row.resolved, "resolved"),
        (row.attention == dto::Attention::Muted, "muted"),
    ];
    let marks: Vec<_> = marks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| mark).collect();
    let last = if row.at == 0 { String::new() } else { time(row.at) };
    vec![title, row.unread.to_string(), last, short(&row.id).to_owned(), marks.join(", ")]
}

async fn change_topic(
    context: &Context,
    client: &super::client::Client,
    space: &str,
    topic: &str,
    change: &dto::TopicChange,
    words: &'static str,
) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let topic = find_topic(client, &space, topic).await?;
    if topic == dto::GENERAL {
        return Err(ApiError::bad_request(
            "The general talk has no title and is never resolved.",
            format!("`compeer discuss list {}` shows the topics.", short(&space)),
        ));
    }
    let changed: dto::Topic = client.patch(&format!("/spaces/{space}/topics/{topic}"), change).await?;
    context.out.either(&Row::from(changed), || words.into())
}
