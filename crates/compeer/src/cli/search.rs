//! `compeer search`: people, spaces, messages and files by their words.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use super::Context;
use super::args::Search;
use super::client::Client;
use super::find::find_space;
use super::output::time;
use crate::api::dto;
use crate::error::ApiError;
use crate::text::visible;

/// Results asked for at once, at most.
const STEP: usize = 100;
/// How long what has just come may take until it is indexed.
const PATIENCE: Duration = Duration::from_secs(10);
const ASK_EVERY: Duration = Duration::from_millis(50);

pub(super) async fn run(context: &Context, args: Search) -> Result<(), ApiError> {
    let client = context.client()?;
    let space = match &args.space {
        Some(space) => Some(find_space(&client, space).await?),
        None => None,
    };
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let answer = ask(&client, &args.words.join(" "), space.as_deref(), limit).await?;
    if let Some(note) = answer.notes.first() {
        return Err(refusal(note));
    }
    if !answer.complete {
        context.out.progress("Something that has just come is not looked at yet; there may be more.");
    }
    let mark = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    context.out.either(&answer, || match answer.results.is_empty() {
        true => "Nothing was found.\n".into(),
        false => answer.results.iter().map(|found| words(found, mark)).collect(),
    })?;
    if answer.next.is_some() && !context.out.is_json() {
        context.out.progress("There are more: --limit shows them.");
    }
    Ok(())
}

/// The best `limit` results, once all is indexed.
async fn ask(client: &Client, query: &str, space: Option<&str>, limit: usize) -> Result<dto::SearchAnswer, ApiError> {
    let since = Instant::now();
    loop {
        let mut answer = page(client, query, space, limit, None).await?;
        if !answer.complete && since.elapsed() < PATIENCE {
            tokio::time::sleep(ASK_EVERY).await;
            continue;
        }
        while answer.results.len() < limit
            && let Some(next) = &answer.next
        {
            let more = page(client, query, space, limit - answer.results.len(), Some(next)).await?;
            answer.results.extend(more.results);
            answer.complete &= more.complete;
            answer.count = answer.count.max(answer.results.len() as u64);
            answer.next = more.next;
        }
        return Ok(answer);
    }
}

async fn page(
    client: &Client,
    query: &str,
    space: Option<&str>,
    limit: usize,
    cursor: Option<&str>,
) -> Result<dto::SearchAnswer, ApiError> {
    let mut asked = form_urlencoded::Serializer::new(String::new());
    asked.append_pair("q", query).append_pair("limit", &limit.min(STEP).to_string());
    asked.extend_pairs(space.map(|space| ("space", space)).into_iter().chain(cursor.map(|cursor| ("cursor", cursor))));
    client.get(&format!("/search?{}", asked.finish())).await
}

/// What of the query makes no sense, or names nobody.
fn refusal(note: &dto::SearchNote) -> ApiError {
    let (text, hint) = (note.text.clone(), note.hint.clone());
    match note.code.as_str() {
        "no-person" => ApiError::new(StatusCode::NOT_FOUND, "no-person", "No such person", text, hint),
        "no-topic" => ApiError::new(StatusCode::NOT_FOUND, "no-topic", "No such topic", text, hint),
        "no-space" => ApiError::new(StatusCode::NOT_FOUND, "no-space", "No such space", text, hint),
        _ => ApiError::usage(text, hint),
    }
}

/// A result as a person reads it; `mark`: with what was looked for in bold.
fn words(found: &dto::Found, mark: bool) -> String {
    let part = |part: &dto::Part| match part.found && mark {
        true => format!("\x1b[1m{}\x1b[22m", visible(&part.text)),
        false => visible(&part.text).into_owned(),
    };
    let (title, text): (String, String) =
        (found.title.iter().map(part).collect(), found.text.iter().map(part).collect());
    let space = match found.room {
        true => format!("the room {}", visible(&found.space_name)),
        false => visible(&found.space_name).into_owned(),
    };
    let guest = if found.guest { " (a guest)" } else { "" };
    let topic = found.topic_title.as_deref().map(|title| format!(", at {}", visible(title))).unwrap_or_default();
    let author = found.author_name.as_deref().map(visible).unwrap_or_default();
    let when = found.time.map(time).unwrap_or_default();
    match found.kind {
        dto::FoundKind::Person if found.guest => format!("{title}  (a guest in {space})\n"),
        dto::FoundKind::Person => format!("{title}  (in {space})\n"),
        dto::FoundKind::Space if found.room => format!("{title}  (a room with guests)\n"),
        dto::FoundKind::Space => format!("{title}  (a space)\n"),
        dto::FoundKind::Topic => format!("{title}  (a topic in {space})\n"),
        dto::FoundKind::Issue | dto::FoundKind::Board | dto::FoundKind::Page => {
            let kind = match found.kind {
                dto::FoundKind::Issue => "an issue",
                dto::FoundKind::Board => "a board",
                _ => "a page",
            };
            let text = if text.is_empty() { text } else { format!("    {text}\n") };
            format!("{title}  ({kind} in {space})\n{text}")
        }
        dto::FoundKind::File => format!("{when}  {author}{guest} in {space}\n    [file: {title}]\n"),
        dto::FoundKind::Message => {
            let file = if title.is_empty() { title } else { format!("[file: {title}]") };
            let lines = [text, file].into_iter().filter(|line| !line.is_empty());
            format!("{when}  {author}{guest} in {space}{topic}\n    {}\n", lines.collect::<Vec<_>>().join("\n    "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_for_stands_out_and_does_nothing() {
        let part = |text: &str, found| dto::Part { text: text.into(), found };
        let found = dto::Found {
            kind: dto::FoundKind::Message,
            id: String::new(),
            space: String::new(),
            space_name: "Quay".into(),
            room: false,
            guest: false,
            topic: None,
            topic_title: Some("Crane".into()),
            author: None,
            author_name: Some("Ann".into()),
            time: Some(0),
            title: vec![part("plan.pdf", false)],
            text: vec![part("the ", false), part("cra\u{1b}[2Jne", true)],
        };
        let plain = "1970-01-01 00:00  Ann in Quay, at Crane\n    the cra\\u{1b}[2Jne\n    [file: plan.pdf]\n";
        assert_eq!(words(&found, false), plain);
        let by_guest = dto::Found { room: true, guest: true, ..found.clone() };
        assert!(words(&by_guest, false).starts_with("1970-01-01 00:00  Ann (a guest) in the room Quay, at Crane\n"));
        let room = dto::Found { kind: dto::FoundKind::Space, title: vec![part("Quay", true)], ..by_guest };
        assert_eq!(words(&room, false), "Quay  (a room with guests)\n");
        assert!(words(&found, true).contains("the \x1b[1mcra\\u{1b}[2Jne\x1b[22m\n"));
    }
}
