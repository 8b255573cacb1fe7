//! `/spaces/{space}/invitations` and `/spaces/join`: inviting and being invited.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use compeer_core::invite::Invite;
use compeer_core::{DeviceId, GroupId, Millis};
use compeer_spaces::InviteRequest;
use qrcodegen::{QrCode, QrCodeEcc};

use super::extract::{Id, JsonBody, Path};
use super::{Shared, convert, dto};
use crate::error::ApiError;
use crate::text::shorten;

/// How long an invitation is good for when nothing else was said.
const USUAL_LIFE: &str = "7d";
/// How long joining may take.
const JOIN_LIMIT: Duration = Duration::from_secs(60);

/// All invitations of a space, newest first.
#[utoipa::path(
    get, path = "/spaces/{space}/invitations", tag = "invitations",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = [dto::Invitation]))
)]
pub(super) async fn list(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
) -> Result<Json<Vec<dto::Invitation>>, ApiError> {
    Ok(Json(api.node.spaces().invitations(space).await?.into_iter().map(Into::into).collect()))
}

/// Makes an invitation. Its text is shown this once and can be used by whoever has it.
#[utoipa::path(
    post, path = "/spaces/{space}/invitations", tag = "invitations",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::InviteRequest,
    responses((status = 201, body = dto::NewInvitation))
)]
pub(super) async fn create(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::InviteRequest>,
) -> Result<(StatusCode, Json<dto::NewInvitation>), ApiError> {
    let life = body.expires.as_deref().unwrap_or(USUAL_LIFE);
    let expires_in = parse_life(life).ok_or_else(|| {
        ApiError::bad_request(
            format!("{} is no length of time.", shorten(&life.escape_default().to_string())),
            "Write a number and m, h or d: 30m, 12h, 7d.",
        )
    })?;
    let request = InviteRequest { level: body.level.into(), expires_in, uses: body.uses.unwrap_or(1) };
    let invite = api.node.spaces().invite(space, request).await?;
    let text = invite.to_string();
    let made = dto::NewInvitation {
        id: invite.terms.key.to_string(),
        qr_svg: qr_svg(&text),
        file_name: file_name(&invite.space_name),
        expires: invite.terms.expires,
        level: invite.terms.level.into(),
        uses: invite.terms.uses,
        invite: text,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Closes an invitation before its time.
#[utoipa::path(
    delete, path = "/spaces/{space}/invitations/{invitation}", tag = "invitations",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("invitation" = String, Path, description = "The invitation's id.")
    ),
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn revoke(
    State(api): Shared,
    Path((Id(space), Id(invitation))): Path<(Id<GroupId>, Id<DeviceId>)>,
) -> Result<Json<dto::Done>, ApiError> {
    api.node.spaces().revoke(space, invitation).await?;
    Ok(Json(dto::Done {}))
}

/// What an invitation says, without using it and without asking anybody.
#[utoipa::path(
    post, path = "/spaces/join/preview", tag = "invitations",
    request_body = dto::InviteText,
    responses((status = 200, body = dto::InvitePreview))
)]
pub(super) async fn preview(
    State(api): Shared,
    JsonBody(body): JsonBody<dto::InviteText>,
) -> Result<Json<dto::InvitePreview>, ApiError> {
    let invite: Invite = body.invite.parse()?;
    let rules = api.node.journal().rules(&invite.topic);
    Ok(Json(dto::InvitePreview {
        expired: invite.terms.expires < api.node.now(),
        already_member: rules.is_some_and(|rules| rules.level(&api.node.device()).is_some()),
        level: invite.terms.level.into(),
        expires: invite.terms.expires,
        space_name: invite.space_name,
        inviter_name: invite.inviter_name,
    }))
}

/// Uses an invitation. Answers once joined, or after at most a minute.
#[utoipa::path(
    post, path = "/spaces/join", tag = "invitations",
    request_body = dto::InviteText,
    responses((status = 200, body = dto::Space))
)]
pub(super) async fn join(
    State(api): Shared,
    JsonBody(body): JsonBody<dto::InviteText>,
) -> Result<Json<dto::Space>, ApiError> {
    let invite: Invite = body.invite.parse()?;
    let joined = tokio::time::timeout(JOIN_LIMIT, api.node.join(&invite)).await;
    let space = joined.map_err(|_| ApiError::invite_unreachable())??;
    Ok(Json(convert::space(&api.node, space).await?))
}

/// A length of time such as `30m`, `12h` or `7d`, in milliseconds.
pub(crate) fn parse_life(text: &str) -> Option<Millis> {
    let unit = match text.chars().last()? {
        'm' => 60_000,
        'h' => 60 * 60_000,
        'd' => 24 * 60 * 60_000,
        _ => return None,
    };
    let number = text.get(..text.len() - 1)?;
    // `parse` would also take a sign.
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<Millis>().ok()?.checked_mul(unit)
}

/// A file name made of what every system can store: `Harbour Quay` becomes `harbour-quay.compeer`.
fn file_name(space: &str) -> String {
    let plain = |char: char| if char.is_alphanumeric() { char.to_lowercase().next() } else { Some('-') };
    let name: String = space.chars().take(40).filter_map(plain).collect();
    let parts: Vec<_> = name.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "invitation.compeer".into() } else { format!("{}.compeer", parts.join("-")) }
}

/// The text as a QR code. Upper case fits the code's letters-and-digits mode, which makes it half as dense; reading an
/// invitation takes either case. Empty when the text is longer than a code can be.
fn qr_svg(text: &str) -> String {
    let Ok(code) = QrCode::encode_text(&text.to_uppercase(), QrCodeEcc::Low) else { return String::new() };
    let (size, border) = (code.size(), 4);
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{},{}h1v1h-1z", x + border, y + border));
        }
    }
    let side = size + 2 * border;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0,0h{side}v{side}h-{side}z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        let table = [
            ("30m", Some(1_800_000)),
            ("12h", Some(43_200_000)),
            ("7d", Some(604_800_000)),
            ("0d", Some(0)),
            ("", None),
            ("d", None),
            ("7", None),
            ("7w", None),
            ("-1d", None),
            ("+1d", None),
            ("1.5h", None),
            ("7 d", None),
            ("7ü", None),
            ("99999999999999999999d", None),
            ("9999999999999999999m", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_life(text), expected, "{text}");
        }
    }

    #[test]
    fn fuzz_lengths_of_time() {
        let seeds = ["30m", "12h", "7d", "99999999999999999999d"];
        compeer_testkit::fuzz::run(&seeds.map(|text| text.as_bytes().to_vec()), |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return false };
            let life = parse_life(text);
            assert!(life.is_none_or(|life| life % 60_000 == 0), "{text:?}");
            life.is_some()
        });
    }

    #[test]
    fn file_names_are_plain() {
        let table = [
            ("Harbour Quay", "harbour-quay.compeer"),
            ("Größe & Ort", "größe-ort.compeer"),
            ("../../etc", "etc.compeer"),
            ("", "invitation.compeer"),
            ("!!!", "invitation.compeer"),
        ];
        for (space, expected) in table {
            assert_eq!(file_name(space), expected);
        }
    }

    #[test]
    fn codes_are_pictures_and_never_fail() {
        let svg = qr_svg("compeer1abcdefgh234567");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
        assert_eq!(qr_svg(&"a".repeat(10_000)), "");
    }
}
