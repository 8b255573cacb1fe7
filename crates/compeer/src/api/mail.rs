//! `/mail`: the server that invitations are sent through.

use std::time::Instant;

use axum::Json;
use axum::extract::State;

use super::extract::JsonBody;
use super::{Api, Shared, dto};
use crate::error::ApiError;
use crate::home::{MailServer, Security};
use crate::mail::{self, Mail, MailError};

/// The server that is set, without its password.
#[utoipa::path(get, path = "/mail", tag = "mail", responses((status = 200, body = dto::MailSettings)))]
pub(super) async fn get_server(State(api): Shared) -> Result<Json<dto::MailSettings>, ApiError> {
    Ok(Json(shown(api.node.home().path().read_mail()?)))
}

/// Sets the server. A password that is left out stays, if server and user do.
#[utoipa::path(
    put, path = "/mail", tag = "mail",
    request_body = dto::MailChange,
    responses((status = 200, body = dto::MailSettings))
)]
pub(super) async fn set_server(
    State(api): Shared,
    JsonBody(change): JsonBody<dto::MailChange>,
) -> Result<Json<dto::MailSettings>, ApiError> {
    let home = api.node.home();
    let trimmed = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let (host, user) = (change.host.trim().to_owned(), change.user.and_then(trimmed));
    // Never to another server, or for somebody else, than it was typed for.
    let known = home.path().read_mail()?.filter(|known| known.host == host && known.user == user);
    let server = MailServer {
        password: user.as_ref().and_then(|_| change.password.or_else(|| known.and_then(|known| known.password))),
        port: change.port,
        security: change.security.into(),
        from: change.from.trim().to_owned(),
        authority: change.authority.and_then(trimmed),
        host,
        user,
    };
    mail::check(&server)?;
    home.write_mail(Some(&server))?;
    Ok(Json(shown(Some(server))))
}

/// Forgets the server and its password.
#[utoipa::path(delete, path = "/mail", tag = "mail", responses((status = 200, body = dto::MailSettings)))]
pub(super) async fn forget(State(api): Shared) -> Result<Json<dto::MailSettings>, ApiError> {
    api.node.home().write_mail(None)?;
    Ok(Json(shown(None)))
}

/// Sends a mail that says that it works; to the address that mails come from when no other is given.
#[utoipa::path(
    post, path = "/mail/test", tag = "mail",
    request_body = dto::MailTest,
    responses((status = 200, body = dto::MailSent))
)]
pub(super) async fn test(
    State(api): Shared,
    JsonBody(body): JsonBody<dto::MailTest>,
) -> Result<Json<dto::MailSent>, ApiError> {
    let server = api.node.home().path().read_mail()?.ok_or(MailError::NotSet)?;
    let to = body.to.unwrap_or_else(|| server.from.clone()).trim().to_owned();
    let text = "This mail was sent by Compeer, to see that invitations can be sent this way. They can.\n";
    let mail = Mail { to: Some(to.clone()), subject: "Mail from Compeer works".into(), text: text.into() };
    send(&api, &server, &mail).await?;
    Ok(Json(dto::MailSent { to }))
}

/// Sends a mail in the name of whoever uses this device, unless there were too many lately.
pub(super) async fn send(api: &Api, server: &MailServer, mail: &Mail) -> Result<(), MailError> {
    mail::address(mail.to.as_deref().unwrap_or_default())?;
    api.mails.take(Instant::now())?;
    let name = api.node.identity().map(|me| me.name).unwrap_or_default();
    mail::send(server, &name, mail).await
}

fn shown(server: Option<MailServer>) -> dto::MailSettings {
    let Some(server) = server else { return dto::MailSettings::default() };
    dto::MailSettings {
        set: true,
        host: server.host,
        port: server.port,
        security: server.security.into(),
        user: server.user,
        has_password: server.password.is_some(),
        from: server.from,
        authority: server.authority.is_some(),
    }
}

impl From<Security> for dto::MailSecurity {
    fn from(security: Security) -> Self {
        match security {
            Security::Tls => Self::Tls,
            Security::StartTls => Self::StartTls,
            Security::None => Self::None,
        }
    }
}

impl From<dto::MailSecurity> for Security {
    fn from(security: dto::MailSecurity) -> Self {
        match security {
            dto::MailSecurity::Tls => Self::Tls,
            dto::MailSecurity::StartTls => Self::StartTls,
            dto::MailSecurity::None => Self::None,
        }
    }
}
