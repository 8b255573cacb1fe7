//! HTTP on loopback: `/api/v1` for the page, the command line and scripts, and the page's own files.
//!
//! [`guard`] judges every request from its head before anything else happens. There is one module for each noun; `dto`
//! holds what travels, `convert` makes it from what the floors below hand out, `feed` turns their events into one
//! numbered stream.

mod board_live;
mod boards;
mod connections;
mod content;
mod convert;
pub mod dto;
mod elements;
mod events;
mod extract;
mod feed;
mod files;
mod guard;
mod guests;
mod headers;
mod invitations;
mod issues;
mod jobs;
mod mail;
mod members;
mod messages;
mod openapi;
mod page_live;
mod pages;
mod problems;
mod profile;
mod search;
mod session;
mod settings;
mod signin;
mod spaces;
mod status;
mod topics;
mod transfers;
mod upload;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use compeer_core::DeviceId;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::commands::Commands;
use crate::error::ApiError;
use crate::home::{HomeError, RunningApi};
use crate::node::Node;
use crate::page;
pub use events::{Event, EventName};
pub(crate) use invitations::parse_life;
pub use openapi::description;

use guard::Guard;

/// The port that is tried when none was asked for.
const USUAL_PORT: u16 = 4918;
/// Bytes of the largest body but for uploads: a profile picture of 64 KiB in base64, with room.
const BODY_LIMIT: usize = 256 * 1024;
/// How long answers under way may take during a shutdown.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(2);

/// What every handler needs.
pub(crate) struct Api {
    node: Node,
    guard: Guard,
    feed: feed::Feed,
    /// Mails that were sent lately.
    mails: crate::mail::Limit,
    /// Held while it is noted to whom invitations went.
    noting: tokio::sync::Mutex<()>,
    /// How people are told to call this program.
    commands: Commands,
    /// Our own URL, without a closing slash.
    url: String,
    /// Ends streams that would go on forever.
    stop: CancellationToken,
}

type Shared = State<Arc<Api>>;

/// Why the API does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address belongs to other computers, too.
    #[error("{0} is not an address of this computer alone")]
    NotLoopback(SocketAddr),
    /// The port is taken.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The token could not be made, or the note of the address not be written.
    #[error(transparent)]
    Home(#[from] HomeError),
}

/// A listening API.
pub struct Server {
    api: Arc<Api>,
    running: RunningApi,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on `address`, or on the usual port, or if that is taken on another that stays the same for this device, so
    /// that its pages and their bookmarks find it again; and leaves a note of it in the home.
    /// `commands`: how people are told to call this program.
    pub async fn start(node: Node, address: Option<SocketAddr>, commands: Commands) -> Result<Self, ServeError> {
        let listener = listen(address, own_port(&node.device())).await?;
        let failed = |source| ServeError::Listen { address: address.unwrap_or(usual()), source };
        let address = listener.local_addr().map_err(failed)?;
        let home = node.home();
        upload::clear_interrupted(home.path());
        let token = home.api_token()?;
        let sessions = session::Sessions::load(home.path().sessions(), node.options().wall.clone());
        let running = RunningApi { address, pid: std::process::id(), device: node.device().to_string() };
        let stop = CancellationToken::new();
        let api = Arc::new(Api {
            feed: feed::Feed::start(&node),
            mails: crate::mail::Limit::default(),
            noting: tokio::sync::Mutex::default(),
            guard: Guard::new(address, &token, sessions),
            commands,
            url: running.url(),
            stop: stop.clone(),
            node,
        });
        let router = router(Arc::clone(&api));
        let task = tokio::spawn(connections::serve(listener, router, stop));
        api.node.home().write_running_api(&running)?;
        Ok(Self { api, running, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn running(&self) -> &RunningApi {
        &self.running
    }

    /// Stops listening, ends event streams, and lets other answers end within a limit.
    pub async fn shutdown(self) {
        self.api.node.home().remove_running_api();
        self.api.stop.cancel();
        let abort = self.task.abort_handle();
        if tokio::time::timeout(SHUTDOWN_LIMIT, self.task).await.is_err() {
            tracing::warn!("requests under way are cut off");
            abort.abort();
        }
    }
}

fn usual() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, USUAL_PORT).into()
}

/// Plain HTTP with a token is for this computer alone.
pub fn check_address(address: SocketAddr) -> Result<(), ServeError> {
    if address.ip().is_loopback() { Ok(()) } else { Err(ServeError::NotLoopback(address)) }
}

/// The port of a device that finds the usual one taken: one of the dynamic ones (RFC 6335, section 6), by its id.
fn own_port(device: &DeviceId) -> u16 {
    let [first, second, ..] = *device.as_bytes();
    49_152 | u16::from_be_bytes([first, second]) >> 2
}

async fn listen(address: Option<SocketAddr>, own_port: u16) -> Result<TcpListener, ServeError> {
    let bind = async |address: SocketAddr| {
        TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })
    };
    match address {
        Some(address) => {
            check_address(address)?;
            bind(address).await
        }
        None => match bind(usual()).await {
            Ok(listener) => Ok(listener),
            Err(_) => match bind((Ipv4Addr::LOCALHOST, own_port).into()).await {
                Ok(listener) => Ok(listener),
                Err(_) => bind((Ipv4Addr::LOCALHOST, 0).into()).await,
            },
        },
    }
}

/// All routes, in the order of the description.
fn router(api: Arc<Api>) -> Router {
    let v1 = Router::new()
        .route("/status", get(status::get_status))
        .route("/problems/{id}/dismiss", post(problems::dismiss))
        .route("/profile", post(profile::change))
        .route("/people/{person}/picture", get(profile::picture))
        .route("/settings", get(settings::get_settings).patch(settings::change))
        .route("/settings/test", post(settings::test))
        .route("/mail", get(mail::get_server).put(mail::set_server).delete(mail::forget))
        .route("/mail/test", post(mail::test))
        .route("/attendance", post(settings::attend))
        .route("/signin-links", post(signin::new_link))
        .route("/signout", post(signin::sign_out))
        .route("/spaces", get(spaces::list).post(spaces::create))
        .route("/direct", post(spaces::direct))
        .route("/spaces/join", post(invitations::join))
        .route("/spaces/join/preview", post(invitations::preview))
        .route("/spaces/{space}", get(spaces::get_one).patch(spaces::rename).delete(spaces::end))
        .route("/spaces/{space}/leave", post(spaces::leave))
        .route("/spaces/{space}/archive", post(spaces::archive))
        .route("/spaces/{space}/restore", post(spaces::restore))
        .route("/spaces/{space}/retention", put(spaces::retention))
        .route("/spaces/{space}/members", get(members::list))
        .route("/spaces/{space}/members/{person}", axum::routing::patch(members::set_level).delete(members::remove))
        .route("/spaces/{space}/invitations", get(invitations::list).post(invitations::create))
        .route("/spaces/{space}/invitations/{invitation}", delete(invitations::revoke))
        .route("/spaces/{space}/rooms", get(guests::list).post(guests::invite))
        .route("/spaces/{space}/messages", get(messages::list).post(messages::send))
        .route(
            "/spaces/{space}/messages/{message}",
            get(messages::get_one).patch(messages::change).delete(messages::remove),
        )
        .route("/spaces/{space}/messages/{message}/versions", get(messages::versions))
        .route("/spaces/{space}/pinned", get(messages::pinned))
        .route("/spaces/{space}/messages/{message}/holders", get(messages::holders))
        .route("/spaces/{space}/undelivered/send", post(messages::say_again))
        .route("/spaces/{space}/undelivered/discard", post(messages::give_up))
        .route("/spaces/{space}/topics", get(topics::list).post(topics::create))
        .route("/spaces/{space}/topics/{topic}", get(topics::get_one).patch(topics::change))
        .route("/spaces/{space}/move", post(topics::move_messages))
        .route("/spaces/{space}/issues", get(issues::list).post(issues::create))
        .route("/spaces/{space}/issues/change", post(issues::change_many))
        .route("/spaces/{space}/issues/setup", get(issues::setup).patch(issues::set_prefix))
        .route("/spaces/{space}/issues/things", post(issues::create_thing))
        .route("/spaces/{space}/issues/things/{thing}", axum::routing::patch(issues::change_thing))
        .route("/spaces/{space}/issues/export", get(issues::export))
        .route("/spaces/{space}/issues/import", post(issues::import).layer(DefaultBodyLimit::max(issues::TABLE_LIMIT)))
        .route("/spaces/{space}/issues/{issue}", get(issues::get_one).patch(issues::change))
        .route("/spaces/{space}/issues/{issue}/activity", get(issues::activity))
        .route("/spaces/{space}/issues/{issue}/descriptions", get(issues::descriptions))
        .route("/issues/mine", get(issues::mine))
        .route("/spaces/{space}/attention", put(topics::attention))
        .route("/spaces/{space}/read", post(topics::mark_read))
        .route("/spaces/{space}/unread", post(topics::mark_unread))
        .route("/spaces/{space}/typing", post(messages::typing))
        .route("/spaces/{space}/boards", get(boards::list).post(boards::create))
        .route("/spaces/{space}/boards/{board}", get(boards::get_one).patch(boards::change))
        .route(
            "/spaces/{space}/boards/{board}/elements",
            get(boards::drawing).post(boards::draw).layer(DefaultBodyLimit::max(boards::BODY_LIMIT)),
        )
        .route("/spaces/{space}/boards/{board}/comments", get(boards::comments).post(boards::comment))
        .route("/spaces/{space}/boards/{board}/live", get(board_live::live))
        .route(
            "/spaces/{space}/pages",
            get(pages::list).post(pages::create).layer(DefaultBodyLimit::max(pages::BODY_LIMIT)),
        )
        .route("/spaces/{space}/pages/{page}", get(pages::get_one).patch(pages::change))
        .route("/spaces/{space}/pages/{page}/state", get(pages::state))
        .route("/spaces/{space}/pages/{page}/markdown", get(pages::markdown))
        .route("/spaces/{space}/pages/{page}/history", get(pages::history))
        .route("/spaces/{space}/pages/{page}/history/{version}", get(pages::version))
        .route("/spaces/{space}/pages/{page}/comments", get(pages::comments).post(pages::comment))
        .route("/spaces/{space}/pages/{page}/live", get(page_live::live))
        .route("/spaces/{space}/files", get(files::list).post(upload::upload).layer(DefaultBodyLimit::disable()))
        .route("/spaces/{space}/files/local", post(files::share_local))
        .route("/spaces/{space}/files/fetch", post(transfers::fetch_folder))
        .route("/spaces/{space}/files/unlist", post(files::unlist_folder))
        .route("/spaces/{space}/files/{file}", delete(files::unlist))
        .route("/spaces/{space}/files/{file}/content", get(content::content))
        .route("/spaces/{space}/files/{file}/fetch", post(transfers::fetch))
        .route("/spaces/{space}/files/{file}/pause", post(transfers::pause))
        .route("/spaces/{space}/files/{file}/resume", post(transfers::resume))
        .route("/spaces/{space}/files/{file}/cancel", post(transfers::cancel))
        .route("/transfers", get(transfers::list))
        .route("/spaces/{space}/export", post(jobs::export))
        .route("/imports", post(jobs::import))
        .route("/imports/file", post(jobs::import_file).layer(DefaultBodyLimit::disable()))
        .route("/jobs", get(jobs::list))
        .route("/jobs/{job}", get(jobs::get_one).delete(jobs::cancel))
        .route("/search", get(search::find))
        .route("/events", get(events::stream))
        .route("/openapi.json", get(openapi::serve))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .method_not_allowed_fallback(wrong_method)
        .fallback(no_route);
    Router::new()
        .nest("/api/v1", v1)
        .route("/api", axum::routing::any(no_route))
        .route("/api/{*rest}", axum::routing::any(no_route))
        .route("/signin/{code}", get(signin::sign_in))
        .fallback(page::serve)
        .layer(middleware::from_fn_with_state(Arc::clone(&api), judge))
        .with_state(api)
}

/// Lets the guard judge a request, and sets the headers of every answer, refusals included.
async fn judge(State(api): Shared, mut request: Request, next: Next) -> Response {
    let judged = api.guard.judge(request.method(), request.uri(), request.headers());
    let mut response = match judged {
        Ok(caller) => {
            if let Some(caller) = caller {
                if let Some(visitor) = request.extensions().get::<Arc<connections::Visitor>>() {
                    visitor.proven();
                }
                request.extensions_mut().insert(caller);
            }
            let page = matches!(request.extensions().get(), Some(guard::Caller::Page { .. }));
            let response = next.run(request).await;
            // Scripts and the command line are told in their own words.
            let failure = response.extensions().get::<ApiError>().filter(|_| page).cloned();
            failure.map_or(response, |error| for_the_page(&api, error).into_response())
        }
        Err(refused) => for_the_page(&api, refused).into_response(),
    };
    headers::add(response.headers_mut());
    response
}

/// A failure whose hint names commands that can be typed in any terminal of this computer.
fn for_the_page(api: &Api, error: ApiError) -> ApiError {
    let hint = api.commands.complete_anywhere(&error.hint).into_owned();
    ApiError { hint: hint.into(), ..error }
}

async fn no_route(uri: Uri) -> ApiError {
    page::not_found(uri.path())
}

async fn wrong_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "wrong-method",
        "Wrong method",
        "This address does not take that method.",
        "`/api/v1/openapi.json` describes what it takes.",
    )
}
