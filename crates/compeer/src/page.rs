//! The web page's files, built into the program. They are the same for everybody and hold nobody's data.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;

/// One file of the page.
struct PageFile {
    /// As the browser asks for it, with the leading slash.
    path: &'static str,
    media: &'static str,
    /// An entity tag, quotes included.
    tag: &'static str,
    bytes: &'static [u8],
}

/// All files, sorted by path.
static FILES: &[PageFile] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Serves the file of that path. The page makes up addresses for its own views, so an unknown path is the page itself.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if method != Method::GET && method != Method::HEAD {
        return not_found(path).into_response();
    }
    let view = !path.starts_with("/assets/") && !path.starts_with("/signin/");
    match find(path).or_else(|| view.then(|| find("/index.html")).flatten()) {
        Some(file) => answer(file, &headers),
        None => not_found(path).into_response(),
    }
}

/// There is no such path.
pub(crate) fn not_found(path: &str) -> ApiError {
    let path: String = path.chars().take(100).collect();
    ApiError::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "Not there",
        format!("There is nothing at {path}."),
        "`/api/v1/openapi.json` describes what there is.",
    )
}

fn find(path: &str) -> Option<&'static PageFile> {
    FILES.binary_search_by(|file| file.path.cmp(path)).ok().and_then(|at| FILES.get(at))
}

fn answer(file: &'static PageFile, headers: &HeaderMap) -> Response {
    // The build names what lies in assets after its content, so it never changes.
    let caching = if file.path.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let fresh = headers.get(IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == file.tag.as_bytes());
    let mut response =
        if fresh { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(Body::from(file.bytes)) };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.media));
    headers.insert(ETAG, HeaderValue::from_static(file.tag));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}
