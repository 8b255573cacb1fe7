//! `compeer chat`: messages.

use serde::Serialize;
use serde_json::json;

use super::Context;
use super::args::Chat;
use super::client::Client;
use super::output::time;
use super::space::{find_space, read_stdin};
use crate::api::dto;
use crate::error::ApiError;
use crate::text::{visible, visible_lines};

/// Messages asked for at once, at most.
const STEP: usize = 1000;

#[derive(Serialize)]
struct Row {
    id: String,
    author: String,
    author_name: String,
    text: String,
    time: u64,
    held_by: u64,
}

pub(super) async fn run(context: &Context, verb: Chat) -> Result<(), ApiError> {
    let client = context.client()?;
    match verb {
        Chat::Send { space, text } => {
            let text = if text == "-" { read_stdin()?.trim_end_matches(['\r', '\n']).to_owned() } else { text };
            let space = find_space(&client, &space).await?;
            let message = dto::NewMessage { text, nonce: None, file: None };
            let sent: dto::Message = client.post(&format!("/spaces/{space}/messages"), &message).await?;
            context.out.either(&json!({ "id": sent.id }), || {
                match sent.state {
                    dto::MessageState::Waiting if sent.of > 1 => "Waiting: nobody else has it yet.\n",
                    _ => "Sent.\n",
                }
                .into()
            })
        }
        Chat::Log { space, limit } => log(context, &client, &space, limit).await,
    }
}

async fn log(context: &Context, client: &Client, space: &str, limit: usize) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
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
    let words = if context.out.is_json() { String::new() } else { messages.iter().map(words).collect() };
    let row = |message: dto::Message| Row {
        id: message.id,
        author: message.author,
        author_name: message.author_name,
        text: message.text,
        time: message.time,
        held_by: message.held_by,
    };
    let rows: Vec<Row> = messages.into_iter().map(row).collect();
    context.out.either(&rows, || if rows.is_empty() { "Nobody has said anything yet.\n".into() } else { words })
}

fn words(message: &dto::Message) -> String {
    let state = match message.state {
        _ if !message.mine || message.of <= 1 => String::new(),
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
