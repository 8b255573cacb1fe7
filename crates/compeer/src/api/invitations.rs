//! `/spaces/{space}/invitations` and `/spaces/join`: inviting and being invited.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use compeer_core::invite::{GuestAt, Invite};
use compeer_core::{DeviceId, GroupId, Millis};
use compeer_spaces::InviteRequest;

use super::extract::{Id, JsonBody, Path};
use super::{Api, Shared, convert, dto};
use crate::error::ApiError;
use crate::home::Mailed;
use crate::mail::{self, Mail};
use crate::qr;
use crate::text::shorten;

/// How long an invitation is good for when nothing else was said.
const USUAL_LIFE: &str = "7d";
/// Invitations of which it is noted for whom they are, the newest.
const NOTED: usize = 1000;
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
    let list = api.node.spaces().invitations(space).await?;
    let mailed = MailedTo::read(&api)?;
    Ok(Json(list.into_iter().map(|info| mailed.note(info.into())).collect()))
}

/// To whom invitations went that were made on this computer.
pub(super) struct MailedTo(Vec<Mailed>);

impl MailedTo {
    pub(super) fn read(api: &Api) -> Result<Self, ApiError> {
        Ok(Self(api.node.home().path().read_mailed()?))
    }

    /// The invitation with the address that it was made for.
    pub(super) fn note(&self, invitation: dto::Invitation) -> dto::Invitation {
        let to = self.0.iter().find(|mailed| mailed.invitation == invitation.id).map(|mailed| mailed.to.clone());
        dto::Invitation { mail: to, ..invitation }
    }
}

/// Makes an invitation. Its text is shown this once and can be used by whoever has it. One for a mail address is sent there if a
/// mail server is set; if that fails, the answer says why, and the invitation can be handed over another way.
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
    let (request, to) = checked(&body)?;
    let invite = api.node.spaces().invite(space, request).await?;
    Ok((StatusCode::CREATED, Json(hand_out(&api, &invite, to).await?)))
}

/// What an invitation shall allow, and the address that it goes to, once both make sense.
pub(super) fn checked(body: &dto::InviteRequest) -> Result<(InviteRequest, Option<String>), ApiError> {
    let life = body.expires.as_deref().unwrap_or(USUAL_LIFE);
    let expires_in = parse_life(life).ok_or_else(|| {
        ApiError::bad_request(
            format!("{} is no length of time.", shorten(&life.escape_default().to_string())),
            "Write a number and m, h or d: 30m, 12h, 7d.",
        )
    })?;
    let to = body.mail.as_deref().map(mail::address).transpose()?.map(|address| address.to_string());
    let uses = body.uses.unwrap_or(1);
    if to.is_some() && uses != 1 {
        return Err(ApiError::bad_request(
            "An invitation for one address is for one person.",
            "Leave the number of uses out, or make one without an address.",
        ));
    }
    Ok((InviteRequest { level: body.level.into(), expires_in, uses }, to))
}

/// A fresh invitation in all its forms, sent if it is for somebody's address.
pub(super) async fn hand_out(api: &Api, invite: &Invite, to: Option<String>) -> Result<dto::NewInvitation, ApiError> {
    let text = invite.to_string();
    let mail = written(invite, &text, to);
    Ok(dto::NewInvitation {
        id: invite.terms.key.to_string(),
        qr_svg: qr::svg(&text),
        mailto: mail::mailto(&mail),
        mail: send(api, invite, &mail).await?,
        file_name: file_name(&invite.space_name),
        expires: invite.terms.expires,
        level: invite.terms.level.into(),
        uses: invite.terms.uses,
        invite: text,
    })
}

/// The mail that hands an invitation over.
fn written(invite: &Invite, text: &str, to: Option<String>) -> Mail {
    // Names are one line each; a header of a mail can be broken by nothing else.
    let (name, space) = (&invite.inviter_name, &invite.space_name);
    let uses = if invite.terms.uses == 1 { "once".to_owned() } else { format!("{} times", invite.terms.uses) };
    let to_what = match invite.guest_at {
        None => format!("to the space \u{201c}{space}\u{201d}"),
        Some(at) => format!("as a guest to \u{201c}{space}\u{201d}, a room for one {},", guest_at(at)),
    };
    let seen = match invite.guest_at {
        None => String::new(),
        Some(_) => {
            format!(" You will see what is in this room and who is in it, and nothing else of the space of {name}.")
        }
    };
    Mail {
        to,
        subject: format!("{name} invites you to \u{201c}{space}\u{201d}"),
        text: format!(
            "{name} invites you {to_what} in Compeer, a program in which people work together \
             straight from computer to computer.{seen}\n\nIf you have Compeer, choose \u{201c}I have an invitation\u{201d} on its \
             page and paste this line, or give it to `compeer space join -`:\n\n{text}\n\nIt works {uses}, until {} UTC. \
             Whoever has this line can use it, so please pass it on to nobody.\n",
            until(invite.terms.expires)
        ),
    }
}

/// What a guest takes part in, in a word.
const fn guest_at(at: GuestAt) -> &'static str {
    match at {
        GuestAt::Topic => "topic",
        GuestAt::Board => "board",
    }
}

/// A time in UTC, to the minute.
fn until(at: Millis) -> String {
    let at = i64::try_from(at).ok().and_then(chrono::DateTime::from_timestamp_millis);
    at.map(|at| at.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

/// Notes for whom an invitation is, and sends it if a server is set. What goes wrong with the mail is part of the answer: the
/// invitation is made.
async fn send(api: &Api, invite: &Invite, mail: &Mail) -> Result<Option<dto::InvitationMail>, ApiError> {
    let Some(to) = mail.to.clone() else { return Ok(None) };
    {
        let _one_at_a_time = api.noting.lock().await;
        let home = api.node.home();
        let mut mailed = home.path().read_mailed()?;
        mailed.push(Mailed::new(invite.topic, invite.terms.key, to.clone(), api.node.now()));
        mailed.drain(..mailed.len().saturating_sub(NOTED));
        home.write_mailed(&mailed)?;
    }
    let problem = match api.node.home().path().read_mail() {
        Ok(None) => return Ok(Some(dto::InvitationMail { to, sent: false, problem: None })),
        Ok(Some(server)) => super::mail::send(api, &server, mail).await.err().map(ApiError::from),
        Err(error) => Some(error.into()),
    };
    let problem = problem.map(|error| format!("{} {}", error.detail, api.commands.complete_anywhere(&error.hint)));
    Ok(Some(dto::InvitationMail { to, sent: problem.is_none(), problem }))
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
        space: invite.topic.to_string(),
        expired: invite.terms.expires < api.node.now(),
        already_member: rules.is_some_and(|rules| rules.level(&api.node.device()).is_some()),
        level: invite.terms.level.into(),
        expires: invite.terms.expires,
        space_name: invite.space_name,
        inviter_name: invite.inviter_name,
        guest_at: invite.guest_at.map(Into::into),
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

#[cfg(test)]
mod tests {
    use compeer_core::group::Level;

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
    fn a_mail_says_who_invites_and_to_what() {
        let secret = [7; 32];
        let key = compeer_core::DeviceKey::from_seed(secret).id();
        let terms = compeer_core::group::InviteTerms { key, level: Level::Write, uses: 1, expires: 0 };
        let invite = |guest_at| Invite {
            topic: GroupId::from_bytes([1; 32]),
            secret: secret.into(),
            terms,
            space_name: "Quay walls".into(),
            inviter_name: "Ada".into(),
            hosts: Vec::new(),
            relays: Vec::new(),
            guest_at,
        };
        let said = |guest_at| written(&invite(guest_at), "compeer1x", None).text;
        assert!(said(None).starts_with("Ada invites you to the space \u{201c}Quay walls\u{201d} in Compeer"));
        let board = said(Some(GuestAt::Board));
        assert!(
            board.starts_with(
                "Ada invites you as a guest to \u{201c}Quay walls\u{201d}, a room for one board, in Compeer"
            )
        );
        assert!(board.contains("nothing else of the space of Ada."), "{board}");
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
}
