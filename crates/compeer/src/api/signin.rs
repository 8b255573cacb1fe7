//! Signing a browser in by a one-time link, and out again.

use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::extract::Path;
use super::guard::Caller;
use super::session::SignIn;
use super::{Shared, dto};
use crate::error::ApiError;

/// Makes a link that signs one browser in within a minute. Needs the script token.
#[utoipa::path(post, path = "/signin-links", tag = "node", responses((status = 201, body = dto::SignInLink)))]
pub(super) async fn new_link(
    State(api): Shared,
    Extension(caller): Extension<Caller>,
) -> Result<(StatusCode, Json<dto::SignInLink>), ApiError> {
    scripts_only(&caller)?;
    let code = api.guard.sessions().new_code()?;
    let url = format!("{}/signin/{}", api.url, *code);
    Ok((StatusCode::CREATED, Json(dto::SignInLink { url })))
}

/// Signs this browser out.
#[utoipa::path(post, path = "/signout", tag = "node", responses((status = 200, body = dto::Done)))]
pub(super) async fn sign_out(State(api): Shared, Extension(caller): Extension<Caller>) -> Response {
    let mut response = Json(dto::Done {}).into_response();
    if let Caller::Page { session } = caller {
        api.guard.sessions().sign_out(&session);
        if let Ok(cookie) = HeaderValue::from_str(&api.guard.set_cookie(None)) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
    }
    response
}

/// Opens the page for whoever has a fresh link. With another one the page opens too, and says what is wrong with it and
/// how to get a new one, unless the browser is signed in anyway.
pub(super) async fn sign_in(State(api): Shared, Path(code): Path<String>) -> Result<Response, ApiError> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let page = match api.guard.sessions().sign_in(&code)? {
        SignIn::Opened(session) => {
            if let Ok(cookie) = HeaderValue::from_str(&api.guard.set_cookie(Some(&session))) {
                headers.insert(SET_COOKIE, cookie);
            }
            "/"
        }
        SignIn::Used => "/?link=used",
        SignIn::Stale => "/?link=old",
    };
    headers.insert(LOCATION, HeaderValue::from_static(page));
    Ok(response)
}

/// Refuses what a page may not ask for: it would reach beyond what the page shows.
pub(super) fn scripts_only(caller: &Caller) -> Result<(), ApiError> {
    match caller {
        Caller::Script => Ok(()),
        Caller::Page { .. } => Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "scripts-only",
            "Not from a browser",
            "Only the command line and scripts may do that.",
            "Use the `compeer` command on this computer.",
        )),
    }
}
