//! `compeer events`: what happens, one JSON object a line.

use super::Context;
use crate::error::ApiError;
use crate::text::visible_json;

/// Prints until the peer ends. The lines are the same with and without `--json`: they are for programs.
pub(super) async fn run(context: &Context) -> Result<(), ApiError> {
    let mut events = context.client()?.events().await?;
    while let Some(text) = events.next_text().await? {
        context.out.raw(&format!("{}\n", visible_json(&text)))?;
    }
    Err(ApiError::closing())
}
