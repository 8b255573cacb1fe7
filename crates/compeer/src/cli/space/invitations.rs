//! `compeer space invite`, `invitations` and `revoke`.

use serde_json::{Value, json};

use super::super::Context;
use super::super::client::Client;
use super::super::find::{Typed, space_typed};
use super::super::output::{table, time};
use crate::api::dto;
use crate::error::ApiError;
use crate::qr;
use crate::text::{shorten, visible};

/// Letters of an id that are enough to name an invitation.
const SHORT: usize = 8;

/// Shows an invitation that was made. `about`: what else a program is told of it.
pub(in crate::cli) fn hand_out(
    context: &Context,
    made: &dto::NewInvitation,
    about: Value,
    with_code: bool,
) -> Result<(), ApiError> {
    let mut value = about;
    value["id"] = json!(made.id);
    value["invite"] = json!(made.invite);
    if let Some(mail) = &made.mail {
        value["mail"] = json!(mail);
        value["mailto"] = json!(made.mailto);
    }
    context.out.either(&value, || format!("{}\n", made.invite))?;
    if context.out.is_json() {
        return Ok(());
    }
    if with_code {
        let code = qr::blocks(&made.invite).unwrap_or_else(|| "The invitation is too long for a QR code.".into());
        code.lines().for_each(|line| context.out.progress(line));
    }
    context.out.progress(&terms(made));
    match &made.mail {
        Some(dto::InvitationMail { to, sent: true, .. }) => {
            context.out.progress(&format!("It was sent to {}.", visible(to)));
        }
        Some(dto::InvitationMail { to, problem: Some(problem), .. }) => {
            context.out.progress(&format!("It was not sent to {}. {}", visible(to), visible(problem)));
            by_hand(context, made);
        }
        Some(_) => by_hand(context, made),
        None => {}
    }
    Ok(())
}

/// What an invitation is good for.
fn terms(made: &dto::NewInvitation) -> String {
    let people = if made.uses == 1 { "one person".to_owned() } else { format!("{} people", made.uses) };
    let level = match made.level {
        dto::Level::Read => "read",
        dto::Level::Write => "read and write",
        dto::Level::Manage => "read, write and manage",
    };
    format!("It lets in {people}, to {level}, until {} UTC. Hand it over as you would a key.", time(made.expires))
}

/// Hands a mail over to the user's own program.
fn by_hand(context: &Context, made: &dto::NewInvitation) {
    context.out.progress("Open this link, and your own mail program has it ready to be sent:");
    context.out.progress(&made.mailto);
}

/// Lists the invitations of a space, those that can be used or all.
pub(super) async fn list(context: &Context, client: &Client, space: &str, all: bool) -> Result<(), ApiError> {
    let (space, name) = space_typed(client, space, Typed::Start).await?;
    let mut list: Vec<dto::Invitation> = client.get(&format!("/spaces/{space}/invitations")).await?;
    list.retain(|invitation| all || invitation.state == dto::InvitationState::Open);
    context.out.either(&list, || {
        if list.is_empty() {
            return format!("No invitation to {} can be used.\n", visible(&name));
        }
        let rows: Vec<_> = list.iter().map(row).collect();
        table(&["id", "for", "level", "used", "until (UTC)", "made by", "state"], &rows)
    })
}

fn row(invitation: &dto::Invitation) -> Vec<String> {
    let level = match invitation.level {
        dto::Level::Read => "read",
        dto::Level::Write => "write",
        dto::Level::Manage => "manage",
    };
    let state = match invitation.state {
        dto::InvitationState::Open => "open",
        dto::InvitationState::Used => "used",
        dto::InvitationState::Expired => "expired",
        dto::InvitationState::Revoked => "revoked",
        dto::InvitationState::Lapsed => "lapsed: who made it manages no more",
    };
    vec![
        invitation.id.chars().take(SHORT).collect(),
        invitation.mail.clone().unwrap_or_else(|| "whoever has it".into()),
        level.to_owned(),
        format!("{} of {}", invitation.used, invitation.uses),
        time(invitation.expires),
        invitation.by_name.clone(),
        state.to_owned(),
    ]
}

/// Closes an invitation.
pub(in crate::cli) async fn revoke(
    context: &Context,
    client: &Client,
    space: &str,
    typed: &str,
) -> Result<(), ApiError> {
    let (space, name) = space_typed(client, space, Typed::Start).await?;
    let list: Vec<dto::Invitation> = client.get(&format!("/spaces/{space}/invitations")).await?;
    let long_enough = typed.len() >= SHORT;
    let mut found = list.into_iter().filter(|invitation| long_enough && invitation.id.starts_with(typed));
    let (Some(invitation), None) = (found.next(), found.next()) else {
        return Err(ApiError::unknown_invitation(format!(
            "{} is no invitation to {}.",
            shorten(&visible(typed)),
            visible(&name)
        )));
    };
    let _: dto::Done = client.delete(&format!("/spaces/{space}/invitations/{}", invitation.id)).await?;
    context.out.either(&json!({ "id": invitation.id }), || "The invitation lets nobody in any more.\n".to_owned())
}
