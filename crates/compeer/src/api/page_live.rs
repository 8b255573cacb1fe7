//! `/spaces/{space}/pages/{page}/live`: a page that somebody has open, over a WebSocket (RFC 6455).
//!
//! Texts are [`dto::PageLive`] as JSON, from the node. Binary messages begin with a byte that says what follows. From the page: 1,
//! an update of Loro; 2, where its person writes, in the page's own words. From the node: 1, an update that was not written on
//! this socket; 2, a device's id of 32 bytes and where its person writes.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::http::HeaderMap;
use axum::response::Response;
use compeer_core::{DeviceId, EntryHash, GroupId};
use compeer_spaces::{ActError, BoardPerson, PageNews, PageSession};

use super::board_live::{WAITING_BYTES, check_origin, no_socket};
use super::extract::{Id, Path};
use super::guard::Caller;
use super::{Api, Shared, dto, events};
use crate::error::ApiError;

/// Bytes of one message of the page: an update and the byte before it.
const MESSAGE_BYTES: usize = compeer_spaces::model::update::UPDATE_BYTES + 1;
/// An update follows.
const UPDATE: u8 = 1;
/// Where somebody writes follows.
const SHOWN: u8 = 2;
/// Why a socket is closed, where the page shall throw away what it has and read anew.
const ANEW: u16 = 4001;

/// Opens a page: a WebSocket on which texts are `PageLive` from the node, and binary messages go both ways: a byte 1 and an
/// update of Loro, or a byte 2 and up to 1 KiB about where somebody writes (from the node with the 32 bytes of the device's id
/// before it). After the hello the page asks for the state; what is written later is told here. Closed with code 4001, the page
/// throws away what it has of others and begins anew.
#[utoipa::path(
    get, path = "/spaces/{space}/pages/{page}/live", tag = "pages",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("page" = String, Path, description = "The page's id.")
    ),
    responses((status = 101, description = "The socket is open.", body = dto::PageLive))
)]
pub(super) async fn live(
    State(api): Shared,
    Extension(caller): Extension<Caller>,
    Path((Id(space), Id(page))): Path<(Id<GroupId>, Id<EntryHash>)>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    check_origin(&caller, &headers)?;
    // What is not there is said whatever it was asked for.
    api.node.spaces().page(space, page).await?;
    let upgrade = upgrade.map_err(|_| no_socket("A page that is open is told over a WebSocket."))?;
    let session = api.node.spaces().open_page(space, page).await?;
    let upgrade =
        upgrade.max_message_size(MESSAGE_BYTES).max_frame_size(MESSAGE_BYTES).max_write_buffer_size(WAITING_BYTES);
    Ok(upgrade.on_upgrade(move |socket| talk(api, caller, socket, session)))
}

async fn talk(api: Arc<Api>, caller: Caller, mut socket: WebSocket, mut session: PageSession) {
    let over = events::over(&api, &caller);
    let mut over = std::pin::pin!(over);
    let hello = dto::PageHello { peer: session.peer().to_string(), can_write: session.can_write() };
    if say(&mut socket, dto::PageLive { hello: Some(hello), ..Default::default() }).await.is_none() {
        return;
    }
    let mut kept = 0;
    let (code, reason) = loop {
        tokio::select! {
            // First, so that nothing is told to whoever signed out before it happened.
            biased;
            () = &mut over => break (close_code::POLICY, "over"),
            said = socket.recv() => match said {
                Some(Ok(Message::Binary(bytes))) => match bytes.split_first() {
                    Some((&UPDATE, update)) => {
                        let answer = match session.write(update.to_vec()).await {
                            Ok(()) => {
                                kept += 1;
                                dto::PageLive { kept: Some(kept), ..Default::default() }
                            }
                            Err(error) => {
                                let refused = Some(ApiError::from(error).detail.into_owned());
                                dto::PageLive { refused, ..Default::default() }
                            }
                        };
                        if say(&mut socket, answer).await.is_none() { return }
                    }
                    Some((&SHOWN, cursor)) if session.show(cursor.to_vec()).is_ok() => {}
                    _ => break (close_code::POLICY, "nothing that a page says"),
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Text(_))) => break (close_code::POLICY, "nothing that a page says"),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            news = session.next() => match news {
                Ok(news) => if tell(&mut socket, news).await.is_none() { return },
                Err(ActError::PageAnew) => break (ANEW, "anew"),
                Err(_) => break (close_code::POLICY, "the page is not open to you any more"),
            }
        }
    };
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    // Whoever does not hear it sees the connection end.
    let _ = socket.send(Message::Close(Some(frame))).await;
}

async fn say(socket: &mut WebSocket, text: dto::PageLive) -> Option<()> {
    let json = serde_json::to_string(&text).ok()?;
    socket.send(Message::Text(json.into())).await.ok()
}

async fn tell(socket: &mut WebSocket, news: PageNews) -> Option<()> {
    let PageNews { written, here, shown } = news;
    for update in written {
        socket.send(Message::Binary([&[UPDATE], &update[..]].concat().into())).await.ok()?;
    }
    if let Some(here) = here {
        let device = |(device, person): (DeviceId, BoardPerson)| dto::BoardDevice {
            device: device.to_string(),
            person: person.person.to_string(),
            name: person.name,
        };
        let here = Some(here.into_iter().map(device).collect());
        say(socket, dto::PageLive { here, ..Default::default() }).await?;
    }
    for (device, cursor) in shown {
        socket.send(Message::Binary([&[SHOWN], &device.as_bytes()[..], &cursor].concat().into())).await.ok()?;
    }
    Some(())
}
