//! The bytes of a file that is here, for the page to show or save.
//!
//! Anybody in a space can share anything, so what is served must not become a page of ours: only a few kinds are shown
//! at all, each under a fixed media type and in a sandbox; everything else is saved as a file.

use std::ops::Range;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use compeer_blobs::{BlobReader, ReadError};
use compeer_core::{EntryHash, GroupId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use super::extract::{Id, Path, Query};
use crate::error::ApiError;

/// What is read, verified and sent at once. One piece, so that each is read only once.
const STEP: u64 = 1 << 20;

/// How to serve a file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// `1` saves the file instead of showing it.
    download: Option<u8>,
}

/// A file's bytes, if it is here. Takes one `Range`.
#[utoipa::path(
    get, path = "/spaces/{space}/files/{file}/content", tag = "files",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("file" = String, Path, description = "The file's id."),
        How
    ),
    responses((status = 200, content_type = "application/octet-stream"))
)]
pub(super) async fn content(
    State(api): Shared,
    method: Method,
    Path((Id(space), Id(file))): Path<(Id<GroupId>, Id<EntryHash>)>,
    Query(how): Query<How>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let info = api.node.spaces().file(space, file).await?;
    let Some(reader) = api.node.blobs().reader(info.blob).await? else { return Err(not_here()) };
    let size = reader.info().size;
    let (status, range) = match headers.get(RANGE).and_then(|value| value.to_str().ok()) {
        None => (StatusCode::OK, 0..size),
        Some(text) => match parse_range(text, size) {
            Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
            Asked::Whole => (StatusCode::OK, 0..size),
            Asked::Outside => return Err(outside(size)),
        },
    };
    let shown = shown_as(&info.name).filter(|_| how.download != Some(1));
    let length = range.end - range.start;
    let body = if method == Method::HEAD { Body::empty() } else { body(reader, range.clone()) };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let mut set = |name, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set(CONTENT_TYPE, shown.unwrap_or("application/octet-stream").to_owned());
    set(CONTENT_DISPOSITION, disposition(shown.is_some(), &info.name));
    set(CONTENT_LENGTH, length.to_string());
    set(CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; frame-ancestors 'none'".to_owned());
    set(ACCEPT_RANGES, "bytes".to_owned());
    set(ETAG, format!("\"{}\"", info.blob));
    // Its name is its content's, so it stays; but only in this person's browser.
    set(CACHE_CONTROL, "private, no-cache".to_owned());
    if status == StatusCode::PARTIAL_CONTENT {
        set(CONTENT_RANGE, format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1)));
    }
    Ok(response)
}

/// The media type under which a file may be shown in the page; `None` for what can only be saved. Pictures that are
/// programs (SVG) and everything that a browser would run are not among them.
pub(super) fn shown_as(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "bmp" => "image/bmp",
        "txt" | "md" | "log" | "csv" => "text/plain; charset=utf-8",
        "pdf" => "application/pdf",
        _ => return None,
    })
}

/// The name by which a browser saves it (RFC 6266): the last part, with a plain form for old readers.
fn disposition(inline: bool, name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or_default();
    let plain: String = name
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_' | ' ') { char } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let kind = if inline { "inline" } else { "attachment" };
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

fn body(reader: BlobReader, range: Range<u64>) -> Body {
    let parts = futures_util::stream::unfold(Some((reader, range)), |state| async {
        let (reader, range) = state?;
        if range.is_empty() {
            return None;
        }
        // Up to the next multiple of a step, so that the parts lie on the pieces' bounds.
        let end = range.end.min((range.start / STEP + 1) * STEP);
        match reader.read_range(range.start..end).await {
            Ok(bytes) => Some((Ok::<_, ReadError>(Bytes::from(bytes)), Some((reader, end..range.end)))),
            // The connection breaks off, so that the browser knows that something is missing.
            Err(error) => Some((Err(error), None)),
        }
    });
    Body::from_stream(parts)
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// One part.
    Part(Range<u64>),
    /// Something that may be answered by the whole: several parts, or another unit (RFC 9110, section 14.2).
    Whole,
    /// A part that is not there.
    Outside,
}

fn parse_range(text: &str, size: u64) -> Asked {
    let Some(spec) = text.strip_prefix("bytes=").map(str::trim) else { return Asked::Whole };
    let Some((first, last)) = spec.split_once('-') else { return Asked::Whole };
    let range = match (first.parse::<u64>().ok(), last.parse::<u64>().ok()) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        (None, Some(last)) if first.is_empty() => size.saturating_sub(last)..size,
        _ => return Asked::Whole,
    };
    if range.start < range.end { Asked::Part(range) } else { Asked::Outside }
}

fn not_here() -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "file-not-here",
        "Not on this computer",
        "This file is not on this computer, or has been changed here.",
        "Fetch it first.",
    )
}

fn outside(size: u64) -> ApiError {
    ApiError::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "outside",
        "Past the end",
        format!("The file has {size} bytes."),
        "Ask for a part that is there.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let table = [
            ("bytes=0-9", Asked::Part(0..10)),
            ("bytes=90-", Asked::Part(90..100)),
            ("bytes=-10", Asked::Part(90..100)),
            ("bytes=-1000", Asked::Part(0..100)),
            ("bytes=50-1000", Asked::Part(50..100)),
            ("bytes=0-18446744073709551615", Asked::Part(0..100)),
            ("bytes=100-", Asked::Outside),
            ("bytes=200-300", Asked::Outside),
            ("bytes=-0", Asked::Outside),
            ("bytes=5-3", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("lines=0-1", Asked::Whole),
        ];
        for (text, expected) in table {
            assert_eq!(parse_range(text, 100), expected, "{text}");
        }
        assert_eq!(parse_range("bytes=0-", 0), Asked::Outside);
    }

    #[test]
    fn fuzz_ranges() {
        let seeds = ["bytes=0-9", "bytes=90-", "bytes=-10", "bytes=0-18446744073709551615", "bytes=0-1,5-6"];
        compeer_testkit::fuzz::run(&seeds.map(|text| text.as_bytes().to_vec()), |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return false };
            let mut valid = false;
            for size in [0, 1, 100, u64::MAX] {
                if let Asked::Part(range) = parse_range(text, size) {
                    assert!(range.start < range.end && range.end <= size, "{range:?} of {size}");
                    valid = true;
                }
            }
            valid
        });
    }

    #[test]
    fn fuzz_file_names_in_headers() {
        let seeds = ["a/b.png", "Größe \"7\".pdf", "x\r\nSet-Cookie: c=d\u{202e}.png"];
        compeer_testkit::fuzz::run(&seeds.map(|text| text.as_bytes().to_vec()), |bytes| {
            let Ok(name) = std::str::from_utf8(bytes) else { return false };
            for inline in [false, true] {
                let value = disposition(inline, name);
                assert!(HeaderValue::from_str(&value).is_ok(), "{value:?}");
                assert_eq!(value.matches('"').count(), 2, "{value:?}");
            }
            true
        });
    }

    #[test]
    fn only_harmless_kinds_are_shown() {
        assert_eq!(shown_as("a/b.PNG"), Some("image/png"));
        for name in ["a.svg", "a.html", "a.xhtml", "a.js", "a.png.html", "png", "a.", "a.xml", "a.mht"] {
            assert_eq!(shown_as(name), None, "{name}");
        }
    }

    #[test]
    fn names_cannot_break_out_of_the_header() {
        let hostile = "x/a\"; filename=\"b\r\nSet-Cookie: c=d\u{202e}.png";
        let value = disposition(false, hostile);
        assert!(HeaderValue::from_str(&value).is_ok());
        assert_eq!(value.matches('"').count(), 2);
        assert!(value.starts_with("attachment; filename=\"a__ filename__b__Set-Cookie_ c_d_.png\""), "{value}");
    }
}
