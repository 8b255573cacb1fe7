//! `compeer up`: runs this computer's peer until it is told to end.

use std::io;
use std::path::Path;

use axum::http::StatusCode;
use compeer_mesh::RelaySpec;
use serde::Serialize;

use super::Context;
use super::args::Up;
use super::output::Output;
use crate::api::{Server, check_address};
use crate::error::ApiError;
use crate::files;
use crate::home::Home;
use crate::node::{Node, NodeOptions};
use crate::text::shorten;

/// Bytes of the largest file that is read as a relay's address.
const MAX_RELAY_FILE: u64 = 4096;

/// What is printed once it can be used.
#[derive(Serialize)]
struct Ready {
    ready: bool,
    api: String,
    device: String,
    pid: u32,
    /// Somebody has introduced themselves here.
    #[serde(skip)]
    introduced: bool,
}

fn words(ready: &Ready, out: &Output) -> String {
    let mut text = format!("Compeer is running at {}.\n", ready.api);
    if !ready.introduced {
        text.push_str(&out.hint(
            "Nobody has introduced themselves here yet: open the page with `compeer open` in another terminal and do it \
             there, or run `compeer init --name NAME`. Until then no space can be made or joined.\n",
        ));
    } else {
        text.push_str(&out.hint("Open the page with `compeer open` in another terminal.\n"));
    }
    text.push_str("Ctrl+C ends it.\n");
    text
}

pub(super) async fn run(context: &Context, args: Up) -> Result<(), ApiError> {
    let relays = args.relay.iter().map(|relay| parse_relay(relay)).collect::<Result<_, _>>()?;
    args.api.map_or(Ok(()), check_address)?;
    let mut signals = Signals::new()?;
    let home = Home::enter(context.home.clone())?;
    let options = NodeOptions {
        listen: args.listen,
        relays,
        lan_discovery: !args.no_lan,
        trust_home: args.trust_home,
        ..NodeOptions::default()
    };
    let node = Node::start(home, options).await?;
    let server = match Server::start(node.clone(), args.api, context.out.commands().clone()).await {
        Ok(server) => server,
        Err(error) => {
            node.shutdown().await;
            return Err(error.into());
        }
    };
    let running = server.running();
    let ready = Ready {
        ready: true,
        api: running.url(),
        device: running.device.clone(),
        pid: running.pid,
        introduced: node.identity().is_some(),
    };
    let told = context.out.either(&ready, || words(&ready, &context.out));
    if told.is_ok() {
        signals.wait().await;
        tracing::info!("shutting down");
    }
    tokio::select! {
        () = shut_down(server, node) => told,
        // Whoever asks twice means now. Everything acknowledged is on disk.
        () = signals.wait() => Err(ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "cut-short",
            "The shutdown was cut short",
            "It was told to end twice, so the shutdown was cut short.",
            "Nothing that was accepted is lost. Start it again with `compeer up`.",
        )),
    }
}

async fn shut_down(server: Server, node: Node) {
    server.shutdown().await;
    node.shutdown().await;
}

/// A relay as it was typed, or the file that holds it: its address holds a secret that others could see in the list of
/// processes.
fn parse_relay(text: &str) -> Result<RelaySpec, ApiError> {
    let text = match text.strip_prefix('@') {
        Some(path) => {
            let read = files::read(Path::new(path), MAX_RELAY_FILE).map_err(|error| {
                ApiError::usage(
                    format!("{} cannot be read: {error}.", shorten(path)),
                    "Name a file that holds the relay's address and nothing else.",
                )
            })?;
            String::from_utf8_lossy(&read).trim().to_owned()
        }
        None => text.to_owned(),
    };
    text.parse().map_err(|error| {
        ApiError::usage(
            format!("This is no relay: {error}."),
            "Copy what the relay printed when it started: https://HOST:PORT/#KEY, in quotes.",
        )
    })
}

/// Somebody or the system asks the program to end.
pub(super) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Starts listening, so that a signal during the start is not lost.
    pub(super) fn new() -> Result<Self, ApiError> {
        Self::listen().map_err(|error| ApiError::internal(format!("Signals cannot be received: {error}.")))
    }

    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(not(unix))]
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next one.
    pub(super) async fn wait(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
