//! `/spaces/{space}/boards/{board}/live`: a board that a page has open, over a WebSocket (RFC 6455).
//!
//! Thirty times a second in both directions is too often for requests, and a browser opens only six connections to one
//! address for all of its tabs; sockets are not counted among them. It is guarded as everything else is: host, site, origin
//! and session are judged from the head of the request that opens it, and it ends with the session.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use compeer_core::{EntryHash, GroupId};
use compeer_spaces::BoardSession;

use super::boards::Since;
use super::extract::{Id, Path, Query};
use super::guard::Caller;
use super::{Api, Shared, dto, elements, events};
use crate::error::ApiError;

/// Bytes that a page may show at once.
const SHOWN_BYTES: usize = 1 << 20;
/// Bytes that wait for a page that does not take them. Then it is given up, and opens the board again when it can.
pub(super) const WAITING_BYTES: usize = 64 << 20;

/// A browser always names the page that opens a socket; the guard has refused all but ours.
pub(super) fn check_origin(caller: &Caller, headers: &HeaderMap) -> Result<(), ApiError> {
    if matches!(caller, Caller::Page { .. }) && !headers.contains_key(ORIGIN) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "origin-missing",
            "No origin",
            "A browser that opens a socket must say which page asked for it.",
            "Scripts use the token in the home folder instead of a cookie.",
        ));
    }
    Ok(())
}

/// This is no request for a WebSocket.
pub(super) fn no_socket(detail: &'static str) -> ApiError {
    let hint = "Ask for what stands there instead, or open a WebSocket.";
    ApiError::new(StatusCode::UPGRADE_REQUIRED, "no-socket", "Not a WebSocket", detail, hint)
}

/// Opens a board: a WebSocket on which texts are `BoardNews` as JSON from the node, and `BoardShowing` from the page. The
/// first news are all there is, or what has changed since `since`.
#[utoipa::path(
    get, path = "/spaces/{space}/boards/{board}/live", tag = "boards",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("board" = String, Path, description = "The board's id."),
        Since
    ),
    responses(
        (status = 101, description = "The socket is open.", body = dto::BoardNews),
        (status = 426, description = "This is no request for a WebSocket.", body = dto::BoardShowing)
    )
)]
pub(super) async fn live(
    State(api): Shared,
    Extension(caller): Extension<Caller>,
    Path((Id(space), Id(board))): Path<(Id<GroupId>, Id<EntryHash>)>,
    Query(since): Query<Since>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    check_origin(&caller, &headers)?;
    // What is not there is said whatever it was asked for.
    api.node.spaces().board(space, board).await?;
    let upgrade = upgrade.map_err(|_| no_socket("A board that is open is told over a WebSocket."))?;
    let session = api.node.spaces().open_board(space, board, since.since).await?;
    let upgrade =
        upgrade.max_message_size(SHOWN_BYTES).max_frame_size(SHOWN_BYTES).max_write_buffer_size(WAITING_BYTES);
    Ok(upgrade.on_upgrade(move |socket| talk(api, caller, socket, session)))
}

async fn talk(api: Arc<Api>, caller: Caller, mut socket: WebSocket, mut session: BoardSession) {
    let over = events::over(&api, &caller);
    let mut over = std::pin::pin!(over);
    let goodbye = loop {
        tokio::select! {
            // First, so that nothing is told to whoever signed out before it happened.
            biased;
            () = &mut over => break Some("over"),
            said = socket.recv() => match said {
                Some(Ok(Message::Text(text))) => if !show(&session, &text) { break Some("nothing that can be shown") },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => break Some("not a text"),
                Some(Ok(Message::Close(_)) | Err(_)) | None => break None,
            },
            news = session.next() => {
                let Ok(news) = news else { break Some("the board is not open to you any more") };
                let Ok(json) = serde_json::to_string(&dto::BoardNews::from(news)) else { break Some("no JSON") };
                if socket.send(Message::Text(json.into())).await.is_err() { break None }
            }
        }
    };
    if let Some(reason) = goodbye {
        let frame = CloseFrame { code: close_code::POLICY, reason: Utf8Bytes::from_static(reason) };
        // Whoever does not hear it sees the connection end.
        let _ = socket.send(Message::Close(Some(frame))).await;
    }
}

fn show(session: &BoardSession, text: &str) -> bool {
    let Ok(showing) = serde_json::from_str::<dto::BoardShowing>(text) else { return false };
    elements::read_showing(showing).is_ok_and(|showing| session.show(showing).is_ok())
}
