//! `compeer mail`: the server that invitations are sent through.

use std::io::IsTerminal;

use super::Context;
use super::args::{Mail, MailSet};
use super::space::read_stdin;
use crate::api::dto;
use crate::error::ApiError;
use crate::files;
use crate::text::{shorten, visible};

/// Bytes of a file with certificates.
const MAX_AUTHORITY: u64 = 64 * 1024;

pub(super) async fn run(context: &Context, verb: Mail) -> Result<(), ApiError> {
    let client = context.client()?;
    let settings: dto::MailSettings = match verb {
        Mail::Show => client.get("/mail").await?,
        Mail::Set(args) => client.put("/mail", &change(context, args)?).await?,
        Mail::Forget => client.delete("/mail").await?,
        Mail::Test { to } => {
            let sent: dto::MailSent = client.post("/mail/test", &dto::MailTest { to }).await?;
            return context.out.either(&sent, || format!("The server has taken a mail to {}.\n", visible(&sent.to)));
        }
    };
    context.out.either(&settings, || words(context, &settings))
}

fn change(context: &Context, args: MailSet) -> Result<dto::MailChange, ApiError> {
    let password = match &args.user {
        Some(_) if !args.keep_password => {
            if std::io::stdin().is_terminal() {
                context.out.progress("Type the password, then press Enter and Ctrl+D. It shows as you type.");
            }
            Some(read_stdin()?.trim_end_matches(['\r', '\n']).to_owned())
        }
        _ => None,
    };
    let authority = args.authority.map(|path| {
        let bytes = files::read(&path, MAX_AUTHORITY).map_err(|error| {
            ApiError::usage(
                format!("{} cannot be read: {error}.", shorten(&path.to_string_lossy())),
                "Name a file that begins with -----BEGIN CERTIFICATE-----.",
            )
        })?;
        Ok::<_, ApiError>(String::from_utf8_lossy(&bytes).into_owned())
    });
    let usual = if args.security == dto::MailSecurity::Tls { 465 } else { 587 };
    Ok(dto::MailChange {
        host: args.host,
        port: args.port.unwrap_or(usual),
        security: args.security,
        user: args.user,
        password,
        from: args.from,
        authority: authority.transpose()?,
    })
}

fn words(context: &Context, settings: &dto::MailSettings) -> String {
    if !settings.set {
        return context
            .out
            .hint("No mail server is set; mails are made ready for your own program. `compeer mail set` sets one.\n")
            .into_owned();
    }
    let security = match settings.security {
        dto::MailSecurity::Tls => "TLS",
        dto::MailSecurity::StartTls => "STARTTLS",
        dto::MailSecurity::None => "no TLS, on this computer",
    };
    let user = settings.user.as_deref().unwrap_or("nobody in particular");
    let password = if settings.has_password { ", with a password" } else { "" };
    format!(
        "server  {} {}, {security}\nuser    {}{password}\nfrom    {}\n",
        visible(&settings.host),
        settings.port,
        visible(user),
        visible(&settings.from)
    )
}
