//! What handlers take from a request, with failures in our own words.

use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// A JSON body. Its `Content-Type` must say so: a form on another site cannot send that without asking first.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not-json",
                "Not JSON",
                "The body must be JSON and say so.",
                "Send the header `Content-Type: application/json`.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                return too_large();
            }
            ApiError::bad_request("The request's body did not arrive whole.", "Send it again.")
        })?;
        object(&bytes).map(Self)
    }
}

/// The JSON object that a body is.
fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let unexpected = |what: &dyn std::fmt::Display| {
        ApiError::bad_request(
            format!("The body is not what is expected here: {what}."),
            "`/api/v1/openapi.json` describes the body.",
        )
    };
    // Serde takes a list for an object whose fields it fills in order; `[]` would be one with nothing said.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(unexpected(&"it is no object"));
    }
    serde_json::from_slice(bytes).map_err(|error| unexpected(&error))
}

/// A body beyond the limit.
pub(crate) fn too_large() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        "Too large",
        "The body is larger than anything that is expected here.",
        "Send less, or share a file instead.",
    )
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

/// The variable parts of the path.
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => Err(ApiError::bad_request(
                format!("The address is not what is expected here: {}.", error.body_text()),
                "An id has 52 letters and digits.",
            )),
            Err(_) => Err(ApiError::internal("A route has no such part.")),
        }
    }
}

/// What follows the question mark.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(QueryRejection::FailedToDeserializeQueryString(error)) => Err(ApiError::bad_request(
                format!("What follows the question mark is not what is expected here: {}.", error.body_text()),
                "`/api/v1/openapi.json` describes what may stand there.",
            )),
            Err(_) => Err(ApiError::bad_request("The address cannot be read.", "Check it.")),
        }
    }
}

/// An id in a path, parsed by serde through its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id<T>(pub(crate) T);

impl<'de, T> serde::Deserialize<'de> for Id<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::api::dto;

    /// Whether the bytes are such a body. What is accepted means the same when it is said again, and says no more.
    fn is<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> bool {
        let body: T = match object(bytes) {
            Ok(body) => body,
            Err(error) => {
                assert_eq!((error.status, &*error.code), (StatusCode::BAD_REQUEST, "bad-request"));
                return false;
            }
        };
        let said = serde_json::to_value(&body).expect("JSON");
        let again: T = object(&serde_json::to_vec(&body).expect("JSON")).expect("what is accepted can be said");
        assert_eq!(serde_json::to_value(&again).expect("JSON"), said);
        let sent: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
        for field in sent.as_object().expect("an object").keys() {
            assert!(said.get(field).is_some() || sent[field].is_null(), "{field} was passed over");
        }
        true
    }

    fn seeds(texts: &[&str]) -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    #[test]
    fn fuzz_bodies_about_spaces() {
        let seeds = seeds(&[
            r#"{"name":"Harbour Quay"}"#,
            r#"{"invite":"compeer1aaaa"}"#,
            r#"{"level":"manage"}"#,
            r#"{"level":"read","expires":"7d","uses":1,"mail":"a@b.c"}"#,
            r#"{"name":"Ann","device_name":"desk","picture":null}"#,
            r#"{"picture":"iVBORw0KGgo="}"#,
            r#"{"thing":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#,
            r#"{"thing":"aaaaaaaa","invite":{"level":"read","expires":"7d","uses":5}}"#,
            r#"{"people":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]}"#,
        ]);
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let taken = [
                is::<dto::SpaceName>(bytes),
                is::<dto::InviteText>(bytes),
                is::<dto::LevelChange>(bytes),
                is::<dto::InviteRequest>(bytes),
                is::<dto::ProfileChange>(bytes),
                is::<dto::DirectTalk>(bytes),
                is::<dto::NewGuest>(bytes),
            ];
            taken.contains(&true)
        });
    }

    #[test]
    fn fuzz_bodies_about_this_device() {
        let seeds = seeds(&[
            r#"{"desktop":true,"words":false,"quiet":{"days":["mon"],"from":"22:00","to":"07:00"},"pause":"1h"}"#,
            r#"{"quiet":null,"mentions_pass":true,"show_away":false}"#,
            r#"{"active":true,"tells":false}"#,
            r#"{"host":"a","port":587,"security":"starttls","user":"u","password":"p","from":"a@b.c","authority":"x"}"#,
            r#"{"to":"a@b.c"}"#,
        ]);
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let taken = [
                is::<dto::SettingsChange>(bytes),
                is::<dto::Attendance>(bytes),
                is::<dto::MailChange>(bytes),
                is::<dto::MailTest>(bytes),
            ];
            taken.contains(&true)
        });
    }

    #[test]
    fn fuzz_bodies_about_messages() {
        let seeds = seeds(&[
            r#"{"text":"hello\n\u00fc","nonce":"n1"}"#,
            r#"{"text":"","file":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#,
            r#"{"up_to":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","place":"general","seen":["a"]}"#,
            r#"{"from":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","place":"general"}"#,
            r#"{"title":"Quay wall","resolved":true}"#,
            r#"{"title":"Quay wall"}"#,
            r#"{"messages":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],"place":"general"}"#,
            r#"{"place":"general","attention":"muted"}"#,
            r#"{"days":90}"#,
            r#"{"days":null}"#,
            r#"{"text":"other","pinned":true,"reaction":{"emoji":"\u00a9","on":false}}"#,
        ]);
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let taken = [
                is::<dto::NewMessage>(bytes),
                is::<dto::ReadMarker>(bytes),
                is::<dto::Undelivered>(bytes),
                is::<dto::MessageChange>(bytes),
                is::<dto::Typing>(bytes),
                is::<dto::NewTopic>(bytes),
                is::<dto::TopicChange>(bytes),
                is::<dto::Move>(bytes),
                is::<dto::AttentionChange>(bytes),
                is::<dto::RetentionChange>(bytes),
                is::<dto::UnreadMarker>(bytes),
            ];
            taken.contains(&true)
        });
    }

    #[test]
    fn fuzz_bodies_about_issues() {
        let seeds = seeds(&[
            r#"{"title":"Crane","status":"doing","priority":"high","assignee":"me","estimate":3,"due":"2026-11-27","parent":null}"#,
            r#"{"project":null,"cycle":"a","description":"b","archived":true,"add_labels":["a"],"remove_labels":["b"]}"#,
            r#"{"add_blocks":["WEB-1"],"remove_blocks":["WEB-2-k7"],"estimate":null,"due":null,"assignee":null}"#,
            r#"{"issues":["WEB-1"],"change":{"status":"done"}}"#,
            r#"{"prefix":"WEB"}"#,
            r#"{"kind":"label","fields":{"title":"bug","hue":20,"start":null,"due":"2026-11-27","lead":"me"}}"#,
            r#"{"description":"a","query":"status=doing","archived":false}"#,
            r#"{"table":"Title\nCrane","look":true,"skip":false}"#,
        ]);
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let taken = [
                is::<dto::IssueChange>(bytes),
                is::<dto::IssuesChange>(bytes),
                is::<dto::KeyPrefix>(bytes),
                is::<dto::NewIssueThing>(bytes),
                is::<dto::IssueThingChange>(bytes),
                is::<dto::IssueImport>(bytes),
            ];
            taken.contains(&true)
        });
    }

    #[test]
    fn fuzz_bodies_about_boards() {
        let seeds = seeds(&[
            r#"{"title":"Plan"}"#,
            r#"{"text":"look","element":"a"}"#,
            r#"{"title":"Plan","archived":true}"#,
            r#"{"elements":[{"id":"a","type":"rectangle","x":1.5,"points":[[0,1]],"roundness":{"type":3}}]}"#,
            r#"{"pointer":{"x":1,"y":2.5,"laser":false,"down":true},"selected":["a"],"drawing":[{"id":"a"}]}"#,
        ]);
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            // Elements come from files of others, with fields that are passed over.
            let taken = [
                is::<dto::NewBoard>(bytes),
                is::<dto::BoardChange>(bytes),
                is::<dto::NewComment>(bytes),
                object::<dto::NewElements>(bytes).is_ok(),
                object::<dto::BoardShowing>(bytes).is_ok(),
            ];
            taken.contains(&true)
        });
    }

    #[test]
    fn fuzz_bodies_about_jobs() {
        let seeds = seeds(&[
            r#"{"to":"/home/ann/out","files":true}"#,
            r#"{"files":false}"#,
            r#"{"path":"/home/ann/slack.zip","private":true,"stream":"cranes"}"#,
        ]);
        compeer_testkit::fuzz::run(&seeds, |bytes| is::<dto::NewExport>(bytes) | is::<dto::NewImport>(bytes));
    }

    #[test]
    fn fuzz_bodies_about_pages() {
        let seeds = seeds(&[
            r##"{"title":"Plan","parent":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","markdown":"# Plan"}"##,
            r#"{"title":"Plan","parent":null,"order":"a0","archived":true}"#,
            r#"{"title":"Plan"}"#,
        ]);
        compeer_testkit::fuzz::run(&seeds, |bytes| is::<dto::NewPage>(bytes) | is::<dto::PageChange>(bytes));
    }

    #[test]
    fn fuzz_bodies_about_files() {
        let seeds = seeds(&[
            r#"{"paths":["/home/ann/plan.pdf","C:\\Users"]}"#,
            r#"{"to":"/home/ann"}"#,
            r#"{"folder":"plans","to":"/home/ann"}"#,
            "{}",
        ]);
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            is::<dto::LocalFiles>(bytes) | is::<dto::FetchRequest>(bytes) | is::<dto::FolderRequest>(bytes)
        });
    }
}
