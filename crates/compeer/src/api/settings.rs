//! `/settings`: what was chosen for this device; and `/attendance`: whether somebody is at a page.

use axum::extract::State;
use axum::{Extension, Json};
use chrono::Local;

use super::extract::JsonBody;
use super::guard::Caller;
use super::{Shared, dto, invitations};
use crate::error::ApiError;
use crate::home::Settings;
use crate::node::{Node, Report};
use crate::notify;
use crate::quiet::{Quiet, tomorrow};
use crate::text::shorten;

/// What was chosen for this device, and how its notifications do.
#[utoipa::path(get, path = "/settings", tag = "node", responses((status = 200, body = dto::Settings)))]
pub(super) async fn get_settings(State(api): Shared) -> Json<dto::Settings> {
    Json(settings(&api.node))
}

/// Changes some of it.
#[utoipa::path(
    patch, path = "/settings", tag = "node",
    request_body = dto::SettingsChange,
    responses((status = 200, body = dto::Settings))
)]
pub(super) async fn change(
    State(api): Shared,
    JsonBody(change): JsonBody<dto::SettingsChange>,
) -> Result<Json<dto::Settings>, ApiError> {
    let quiet = match change.quiet {
        None => None,
        Some(None) => Some(None),
        Some(Some(quiet)) => Some(Some(Quiet::new(&quiet.days, &quiet.from, &quiet.to).map_err(ApiError::from)?)),
    };
    let paused_until = change.pause.as_deref().map(|pause| until(&api.node, pause)).transpose()?;
    api.node.change_settings(|settings: &mut Settings| {
        settings.desktop = change.desktop.unwrap_or(settings.desktop);
        settings.words = change.words.unwrap_or(settings.words);
        settings.mentions_pass = change.mentions_pass.unwrap_or(settings.mentions_pass);
        settings.show_away = change.show_away.unwrap_or(settings.show_away);
        settings.paused_until = paused_until.unwrap_or(settings.paused_until);
        if let Some(quiet) = quiet {
            settings.quiet = quiet;
        }
    })?;
    Ok(Json(settings(&api.node)))
}

/// Shows a notification on the desktop, whatever is set.
#[utoipa::path(post, path = "/settings/test", tag = "node", responses((status = 200, body = dto::Done)))]
pub(super) async fn test(State(api): Shared) -> Result<Json<dto::Done>, ApiError> {
    notify::test(&api.node).await?;
    Ok(Json(dto::Done {}))
}

/// What a page says about who is at it. It counts while the page listens to events.
#[utoipa::path(
    post, path = "/attendance", tag = "node",
    request_body = dto::Attendance,
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn attend(
    State(api): Shared,
    Extension(caller): Extension<Caller>,
    JsonBody(body): JsonBody<dto::Attendance>,
) -> Json<dto::Done> {
    // A script is nobody.
    if let Caller::Page { session } = caller {
        api.node.attendance().report(&session, Report { active: body.active, tells: body.tells });
    }
    Json(dto::Done {})
}

/// Until when a pause lasts: a length of time, `tomorrow`, or `off`.
fn until(node: &Node, pause: &str) -> Result<u64, ApiError> {
    let now = node.now();
    let end = match pause {
        "off" => Some(0),
        "tomorrow" => tomorrow(now, &Local),
        length => invitations::parse_life(length).filter(|length| *length <= MOST).map(|length| now + length),
    };
    end.ok_or_else(|| {
        ApiError::bad_request(
            format!("{} is no length of a pause.", shorten(&pause.escape_default().to_string())),
            "Write a number and m, h or d, up to 30d; or tomorrow; or off.",
        )
    })
}

/// The longest pause, in milliseconds.
const MOST: u64 = 30 * 24 * 60 * 60_000;

pub(super) fn settings(node: &Node) -> dto::Settings {
    let chosen = node.settings();
    let (desktop_state, desktop_by) = match notify::program() {
        Ok(program) => (dto::DesktopState::Ready, Some(program.to_owned())),
        Err(notify::Absent::Session) => (dto::DesktopState::NoSession, None),
        Err(notify::Absent::Program) => (dto::DesktopState::NoProgram, None),
    };
    let failure = node.last_shown().failure();
    dto::Settings {
        desktop: chosen.desktop,
        words: chosen.words,
        quiet: chosen.quiet.as_ref().map(|quiet| dto::Quiet { days: quiet.days(), from: quiet.from(), to: quiet.to() }),
        paused_until: Some(chosen.paused_until).filter(|until| *until > node.now()),
        mentions_pass: chosen.mentions_pass,
        show_away: chosen.show_away,
        quiet_now: notify::is_quiet(node),
        desktop_state: match desktop_state {
            dto::DesktopState::Ready if failure.is_some() => dto::DesktopState::Failed,
            state => state,
        },
        desktop_by,
        desktop_failure: failure.map(crate::error::words::sentence_of),
    }
}
