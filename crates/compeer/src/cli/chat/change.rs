//! Changing messages that were sent.

use serde_json::json;

use super::super::Context;
use super::super::client::Client;
use super::super::find::{find_message, find_space};
use super::super::output::time;
use crate::api::dto;
use crate::error::ApiError;
use crate::text::visible_lines;

/// Changes a message, and says so in `words`.
pub(super) async fn change(
    context: &Context,
    client: &Client,
    space: &str,
    message: &str,
    change: &dto::MessageChange,
    words: &str,
) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let message = find_message(client, &space, message).await?;
    let changed: dto::Message = client.patch(&format!("/spaces/{space}/messages/{message}"), change).await?;
    context.out.either(&json!({ "id": changed.id }), || words.to_owned())
}

/// Deletes a message for everybody.
pub(super) async fn delete(context: &Context, client: &Client, space: &str, message: &str) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let message = find_message(client, &space, message).await?;
    let _: dto::Done = client.delete(&format!("/spaces/{space}/messages/{message}")).await?;
    context.out.either(&json!({ "id": message }), || {
        "Deleted. Whoever is away drops its text when they are back.\n".to_owned()
    })
}

/// Shows the texts that a message has had.
pub(super) async fn history(context: &Context, client: &Client, space: &str, message: &str) -> Result<(), ApiError> {
    let space = find_space(client, space).await?;
    let message = find_message(client, &space, message).await?;
    let versions: Vec<dto::Version> = client.get(&format!("/spaces/{space}/messages/{message}/versions")).await?;
    let words = |version: &dto::Version| {
        format!("{}\n    {}\n", time(version.time), visible_lines(&version.text).replace('\n', "\n    "))
    };
    context.out.either(&versions, || versions.iter().map(words).collect())
}
