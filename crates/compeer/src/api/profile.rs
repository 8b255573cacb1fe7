//! `/profile` and `/people`: names and pictures.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use compeer_core::GroupId;
use compeer_core::id::to_base32;
use compeer_spaces::model::picture_type;
use data_encoding::BASE64;

use super::extract::{Id, JsonBody, Path};
use super::{Shared, dto, status};
use crate::error::ApiError;
use crate::node::Introduction;

/// Introduces the person who uses this device, or changes names and picture.
#[utoipa::path(
    post, path = "/profile", tag = "node",
    request_body = dto::ProfileChange,
    responses((status = 200, body = dto::Status))
)]
pub(super) async fn change(
    State(api): Shared,
    JsonBody(change): JsonBody<dto::ProfileChange>,
) -> Result<Json<dto::Status>, ApiError> {
    let picture = match change.picture {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(BASE64.decode(text.as_bytes()).map_err(|_| {
            ApiError::bad_request("The picture is not base64.", "Send the picture's bytes in base64, with padding.")
        })?)),
    };
    let introduction = Introduction { name: change.name, device_name: change.device_name, picture };
    api.node.introduce(introduction).await?;
    Ok(Json(status::status(&api).await?))
}

/// A person's picture.
#[utoipa::path(
    get, path = "/people/{person}/picture", tag = "node",
    params(("person" = String, Path, description = "The person's id.")),
    responses((status = 200, content_type = "image/*"))
)]
pub(super) async fn picture(
    State(api): Shared,
    Path(Id(person)): Path<Id<GroupId>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let own = api.node.identity().filter(|me| me.person == person);
    let bytes = match own {
        Some(me) => me.picture,
        None => api.node.spaces().person(person).await?.and_then(|(_, picture)| picture),
    };
    // Checked again where it is shown: what a peer calls a picture is served as one of three kinds or not at all.
    let found = bytes.and_then(|bytes| picture_type(&bytes).map(|media| (bytes, media)));
    let Some((bytes, media)) = found else {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "no-picture",
            "No picture",
            "This person has no picture here.",
            "It shows as soon as the person has chosen one and it has arrived.",
        ));
    };
    let tag = format!("\"{}\"", to_base32(&blake3::hash(&bytes).as_bytes()[..10]));
    let fresh = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if fresh { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(Body::from(bytes)) };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    Ok(response)
}
