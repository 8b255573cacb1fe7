//! The one place where failures become words: problem documents for the API, sentences and exit codes for the terminal.
//!
//! Lower floors have one error enum per operation. `words` turns each of them into an [`ApiError`]; nothing else in the
//! program makes up sentences for failures.

mod export;
mod meet;
pub(crate) mod search;
pub(crate) mod trouble;
pub(crate) mod words;

use std::borrow::Cow;
use std::fmt;
use std::process::ExitCode;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text::shorten_words;

/// A problem document as it travels (RFC 9457, with `code` and `hint` added).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// Always `about:blank`: `code` says what it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// What went wrong, in a few words that are the same each time.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong, for programs.
    pub code: String,
    /// What went wrong this time, in one sentence.
    pub detail: String,
    /// What to do about it, in one sentence.
    pub hint: String,
}

/// A failure in words: what, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status it travels under.
    pub status: StatusCode,
    /// A name for programs, such as `space-not-found`.
    pub code: Cow<'static, str>,
    /// A few words that are the same each time.
    pub title: Cow<'static, str>,
    /// What happened this time, one sentence.
    pub detail: Cow<'static, str>,
    /// What to do, one sentence.
    pub hint: Cow<'static, str>,
}

impl ApiError {
    /// A failure with its words. `hint` comes separately because it often is the last thing one knows.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, code: code.into(), title: title.into(), detail: detail.into(), hint: hint.into() }
    }

    /// What was sent makes no sense.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>, hint: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "The request makes no sense", detail, hint)
    }

    /// The command line asks for something that it cannot ask for.
    pub fn usage(detail: impl Into<Cow<'static, str>>, hint: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, USAGE, "Wrong usage", detail, hint)
    }

    /// Something failed that neither the caller nor a peer can help.
    pub fn internal(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong inside",
            detail,
            "Run `compeer doctor`; the peer's own output says more.",
        )
    }

    /// The peer is shutting down.
    #[must_use]
    pub fn closing() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "closing",
            "The peer is closing",
            "This peer is shutting down.",
            "Start it again with `compeer up`.",
        )
    }

    /// The exit code of a command that ends with this: 2 for wrong usage, 1 for everything else.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(if self.code == USAGE { 2 } else { 1 })
    }

    /// As it travels.
    #[must_use]
    pub fn document(&self) -> ProblemDocument {
        ProblemDocument {
            kind: "about:blank".to_owned(),
            title: self.title.clone().into_owned(),
            status: self.status.as_u16(),
            code: self.code.clone().into_owned(),
            detail: self.detail.clone().into_owned(),
            hint: self.hint.clone().into_owned(),
        }
    }
}

/// The code of a command line that asks for something it cannot ask for.
const USAGE: &str = "usage";

impl From<ProblemDocument> for ApiError {
    fn from(document: ProblemDocument) -> Self {
        Self {
            status: StatusCode::from_u16(document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: document.code.into(),
            title: document.title.into(),
            detail: document.detail.into(),
            hint: document.hint.into(),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let document = self.document();
        let document = ProblemDocument { detail: shorten_words(&document.detail).into_owned(), ..document };
        let mut response = (self.status, Json(document)).into_response();
        let media = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        // For whoever passes the response on and has more to say.
        response.extensions_mut().insert(self);
        response
    }
}
