//! `/search`: people, spaces, messages and files, in all spaces of this device.

use axum::Json;
use axum::extract::State;
use compeer_core::GroupId;
use compeer_spaces::{Hit, Part, RESULTS, SearchAnswer, SearchRequest, Target};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Id, Query};
use super::{Shared, dto};
use crate::error::{ApiError, search};

/// Results handed out when nothing else was said.
const USUAL_LIMIT: usize = 20;
/// Minutes between the zones that are furthest from Greenwich and Greenwich, with room.
const FURTHEST: i32 = 24 * 60;

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct What {
    /// Words, all of which are to be there; the last one may be the beginning of a word. Also: `"a phrase"`, `begin*`,
    /// `-without`, `from:NAME`, `in:SPACE`, `topic:TITLE`, `has:file`, `has:link`, `is:message`, `is:file`, `is:person`,
    /// `is:space`, `is:topic`, `is:pinned`, and `before:`, `after:` and `on:` with a day such as `2026-11-27`, `2026-11`, `2026`, `today` or `yesterday`.
    /// At most 1,024 bytes and 16 words and operators.
    q: String,
    /// How many at most, 1 to 100; 20 when left out.
    limit: Option<usize>,
    /// Where the page before ended: its `next`.
    cursor: Option<String>,
    /// Only in this space.
    #[param(value_type = Option<String>)]
    space: Option<Id<GroupId>>,
    /// Minutes that the asker's clocks are ahead of UTC, for days; 0 when left out.
    offset: Option<i32>,
}

/// Looks for words in all that was written and shared in the spaces of this device, and for names. Slips in names are
/// forgiven. It only looks at what is here, and asks nobody.
#[utoipa::path(
    get, path = "/search", tag = "search",
    params(What),
    responses((status = 200, body = dto::SearchAnswer))
)]
pub(super) async fn find(State(api): Shared, Query(what): Query<What>) -> Result<Json<dto::SearchAnswer>, ApiError> {
    let limit = what.limit.unwrap_or(USUAL_LIMIT);
    if !(1..=RESULTS).contains(&limit) {
        return Err(ApiError::bad_request("The limit is out of range.", "Ask for 1 to 100 results."));
    }
    let offset = what.offset.unwrap_or_default();
    if !(-FURTHEST..=FURTHEST).contains(&offset) {
        return Err(ApiError::bad_request("No clock is that far from UTC.", "The offset is in minutes."));
    }
    let space = what.space.map(|Id(space)| space);
    let request = SearchRequest { query: what.q, space, limit, cursor: what.cursor, offset };
    Ok(Json(api.node.spaces().search(request).await?.into()))
}

impl From<SearchAnswer> for dto::SearchAnswer {
    fn from(answer: SearchAnswer) -> Self {
        let note = |note| {
            let (code, text, hint) = search::note(note);
            dto::SearchNote { code: code.to_owned(), text, hint: hint.to_owned() }
        };
        Self {
            results: answer.hits.into_iter().map(Into::into).collect(),
            count: answer.count as u64,
            next: answer.next,
            complete: answer.complete,
            notes: answer.notes.iter().map(note).collect(),
        }
    }
}

impl From<Hit> for dto::Found {
    fn from(hit: Hit) -> Self {
        let (kind, id) = match hit.target {
            Target::Message(id) => (dto::FoundKind::Message, id.to_string()),
            Target::File(id) => (dto::FoundKind::File, id.to_string()),
            Target::Person(id) => (dto::FoundKind::Person, id.to_string()),
            Target::Space(id) => (dto::FoundKind::Space, id.to_string()),
            Target::Topic(id) => (dto::FoundKind::Topic, id.to_string()),
            Target::Issue(id) => (dto::FoundKind::Issue, id.to_string()),
            Target::Board(id) => (dto::FoundKind::Board, id.to_string()),
            Target::Page(id) => (dto::FoundKind::Page, id.to_string()),
        };
        let parts = |parts: Vec<Part>| parts.into_iter().map(|part| dto::Part { text: part.text, found: part.found });
        let (topic, topic_title) = hit.topic.map(|(topic, title)| (topic.to_string(), title)).unzip();
        let (author, author_name) = hit.author.map(|(person, name)| (person.to_string(), name)).unzip();
        Self {
            kind,
            id,
            space: hit.space.to_string(),
            space_name: hit.space_name,
            room: hit.room,
            guest: hit.guest,
            topic,
            topic_title: topic_title.flatten(),
            author,
            author_name,
            time: hit.time,
            title: parts(hit.title).collect(),
            text: parts(hit.text).collect(),
        }
    }
}
