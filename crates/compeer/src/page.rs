//! The web page's files, built into the program. They are the same for everybody and hold nobody's data.

use std::io::Read;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;

use crate::error::ApiError;

/// One file of the page.
struct PageFile {
    /// As the browser asks for it, with the leading slash.
    path: &'static str,
    media: &'static str,
    /// A weak entity tag (RFC 9110, 8.8.1), quotes included: packed or not, it says the same.
    tag: &'static str,
    /// How many bytes it has when it is packed (gzip) in the program, which keeps the program small.
    packed: Option<usize>,
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
    let as_it_lies = file.packed.is_none() || takes_gzip(headers);
    let mut response = match file.packed {
        _ if fresh => StatusCode::NOT_MODIFIED.into_response(),
        Some(length) if !as_it_lies => Response::new(Body::from(unpack(file.bytes, length))),
        _ => Response::new(Body::from(file.bytes)),
    };
    let headers = response.headers_mut();
    if file.packed.is_some() {
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if as_it_lies && !fresh {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.media));
    headers.insert(ETAG, HeaderValue::from_static(file.tag));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

/// Whether who asks can unpack gzip. Every browser says so in plain words; whoever weighs it (`gzip;q=0`) gets the plain bytes.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let said = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    said.flat_map(|value| value.split(',')).any(|coding| coding.trim().eq_ignore_ascii_case("gzip"))
}

/// The plain bytes of a file. What was packed when the program was built can be unpacked; should it not be, as much as can.
fn unpack(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut plain = Vec::with_capacity(length);
    if let Err(error) = GzDecoder::new(bytes).take(length as u64).read_to_end(&mut plain) {
        tracing::error!(%error, "a file of the page does not unpack");
    }
    plain
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn body(file: &'static PageFile, headers: &[(&'static str, &'static str)]) -> (Response, Vec<u8>) {
        let headers = headers
            .iter()
            .map(|(name, value)| (axum::http::HeaderName::from_static(name), HeaderValue::from_static(value)));
        let (parts, body) = answer(file, &headers.collect()).into_parts();
        let bytes = body.collect().await.expect("reads").to_bytes().to_vec();
        (Response::from_parts(parts, Body::empty()), bytes)
    }

    #[tokio::test]
    async fn what_is_packed_comes_packed_only_to_who_takes_it() {
        for file in FILES {
            let (response, plain) = body(file, &[("accept-encoding", "identity, gzip;q=0")]).await;
            assert!(!response.headers().contains_key(CONTENT_ENCODING), "{}", file.path);
            assert_eq!(plain.len(), file.packed.unwrap_or(file.bytes.len()), "{}", file.path);
            let (response, bytes) = body(file, &[("accept-encoding", "deflate, gzip, br")]).await;
            assert_eq!(response.headers().contains_key(CONTENT_ENCODING), file.packed.is_some(), "{}", file.path);
            let unpacked = file.packed.map_or_else(|| bytes.clone(), |length| unpack(&bytes, length));
            assert_eq!(unpacked, plain, "{}", file.path);
            let (response, bytes) = body(file, &[("if-none-match", file.tag), ("accept-encoding", "gzip")]).await;
            assert_eq!((response.status(), bytes.len()), (StatusCode::NOT_MODIFIED, 0));
        }
    }
}
