//! What a search cannot do, and what in a query matches nothing.

use axum::http::StatusCode;
use compeer_spaces::{Note, SearchError};

use super::ApiError;
use super::words::sentence;
use crate::text::shorten;

impl From<SearchError> for ApiError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::TooLong | SearchError::TooMany => Self::new(
                StatusCode::BAD_REQUEST,
                "bad-query",
                "Too much to look for",
                sentence(&error),
                "Look for fewer words at a time.",
            ),
            SearchError::Cursor => Self::bad_request(
                sentence(&error),
                "Take `next` of the page before, or leave the cursor out for the first page.",
            ),
            SearchError::Space(error) => error.into(),
            SearchError::View(error) => compeer_spaces::ActError::View(error).into(),
        }
    }
}

/// A note's code, what it says, and what to do about it.
pub(crate) fn note(note: &Note) -> (&'static str, String, &'static str) {
    match note {
        Note::Date(text) => (
            "bad-date",
            format!("“{}” is no day.", shorten(text)),
            "A day is written as 2026-11-27, 2026-11 or 2026, or as today or yesterday.",
        ),
        Note::NoPerson(name) => (
            "no-person",
            format!("Nobody is called “{}” here.", shorten(name)),
            "Write from: and some letters of a name.",
        ),
        Note::NoSpace(name) => (
            "no-space",
            format!("No space is called “{}” here.", shorten(name)),
            "Write in: and some letters of a name.",
        ),
        Note::NoTopic(title) => (
            "no-topic",
            format!("No topic is called “{}” here.", shorten(title)),
            "Write topic: and some letters of a title.",
        ),
        Note::NoSuch { operator: "has", value } => (
            "bad-operator",
            format!("Nothing can be found that has “{}”.", shorten(value)),
            "There are has:file and has:link.",
        ),
        Note::NoSuch { value, .. } => (
            "bad-operator",
            format!("Nothing can be found that is “{}”.", shorten(value)),
            "There are is:message, is:file, is:issue, is:board, is:page, is:person, is:space, is:topic and is:pinned.",
        ),
    }
}
