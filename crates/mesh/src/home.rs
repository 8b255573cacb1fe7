//! Our home relay: which one it is, whether we are connected, and what to do when it was lost.
//!
//! iroh's relay client waits up to half a minute between attempts after a longer outage, and nothing can wake it
//! (`iroh/src/socket/transports/relay/actor.rs`, `sleep_backoff`). So while our relay is lost and no link is left that
//! could suffer, we knock at the relay ourselves, and once it answers the endpoint is replaced: a new one connects at
//! once. While there are links, they are worth more than the relay, and iroh is left to wait.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use iroh::{Endpoint, RelayUrl, Watcher as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::event::{MeshEvent, Problem};
use crate::mesh::Inner;
use crate::relay::{Greeting, RelaySpec, greet};

/// A relay lost for this long is a problem, and worth knocking at.
const RELAY_LOST: Duration = Duration::from_secs(3);
/// Between two knocks at a lost relay.
const RELAY_KNOCK: Duration = Duration::from_millis(1500);
/// How long the relay may take to answer a knock.
const RELAY_KNOCK_LIMIT: Duration = Duration::from_secs(2);
/// Between two looks at who answers there.
const RELAY_GREET: Duration = Duration::from_secs(60);
/// After the relay answered, iroh gets this long to connect by itself.
const RELAY_GRACE: Duration = Duration::from_secs(2);

/// Our home relay: the one at which peers can leave packets for us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HomeRelay {
    /// Which one; `None` while none was chosen (there are none, or none answered yet).
    pub url: Option<RelayUrl>,
    /// We are connected to it.
    pub connected: bool,
    /// It answered and does not admit us, although we hold its key: it has not listed us.
    pub refused: bool,
}

/// Watches our home relay. Returns when the endpoint should be replaced because its relay client sleeps.
pub(crate) async fn watch_relay(inner: &Arc<Inner>, endpoint: &Endpoint) {
    let mut changes = endpoint.home_relay_status().stream();
    let mut lost = Instant::now();
    // Since when the relay has answered our knocks while iroh does not connect.
    let mut answers: Option<Instant> = None;
    // When whoever answers there was asked who it is.
    let mut greeted: Option<Instant> = None;
    // The relay was out of reach since this endpoint was bound, so iroh may be waiting.
    let mut outage = false;
    loop {
        let wants = !inner.relays().is_empty() && !inner.home.borrow().connected;
        tokio::select! {
            Some(status) = changes.next() => {
                let before = inner.home.borrow().clone();
                let home = HomeRelay {
                    url: status.first().map(|relay| relay.url().clone()),
                    connected: status.iter().any(iroh::endpoint::RelayStatus::is_connected),
                    refused: status.iter().any(|relay| relay.auth_denied_reason().is_some()),
                };
                if before.connected && !home.connected {
                    (lost, answers, outage) = (Instant::now(), None, true);
                }
                relay_changed(inner, &before, &home);
                inner.home.send_replace(home);
            }
            () = inner.relays_changed.notified() => (lost, answers, greeted) = (Instant::now(), None, None),
            () = sleep(RELAY_KNOCK), if wants => {
                let home = inner.home.borrow().clone();
                if home.refused || lost.elapsed() < RELAY_LOST {
                    continue;
                }
                let relays = inner.relays();
                let Some(first) = relays.first() else { continue };
                let url = home.url.clone().unwrap_or_else(|| first.url().clone());
                let Some(relay) = knock(&relays).await else {
                    (answers, outage) = (None, true);
                    inner.problems.record(Problem::RelayUnreachable { url });
                    continue;
                };
                let since = *answers.get_or_insert_with(Instant::now);
                if home.url.is_none() {
                    // iroh looks for a home only every 20 seconds, or when its relays change.
                    endpoint.insert_relay(relay.url().clone(), Arc::new(relay.to_iroh())).await;
                }
                if since.elapsed() < RELAY_GRACE {
                    continue;
                }
                if outage {
                    if !linked(inner) {
                        return;
                    }
                } else if greeted.is_none_or(|at| at.elapsed() >= RELAY_GREET) {
                    // It was there all the time and iroh does not get through.
                    let (url, relay) = (relay.url().clone(), relay.clone());
                    let found = greet(&relay).await;
                    greeted = Some(Instant::now());
                    inner.problems.record(match found {
                        Greeting::NoRelay => Problem::NoRelay { url },
                        Greeting::OtherKey | Greeting::Ours => Problem::RelayRefused { url },
                    });
                }
            }
        }
    }
}

fn relay_changed(inner: &Arc<Inner>, before: &HomeRelay, now: &HomeRelay) {
    let Some(url) = now.url.clone().or_else(|| before.url.clone()) else { return };
    if now.refused && !before.refused {
        // Only who holds its key gets this far: the relay shows by the same key who it is.
        inner.problems.record(Problem::RelayNotListed { url: url.clone() });
    }
    if now.connected != before.connected {
        tracing::info!(%url, connected = now.connected, "relay");
        inner.emit(MeshEvent::Relay { url, connected: now.connected });
        if now.connected {
            inner.nudge_all();
        }
    }
}

fn linked(inner: &Inner) -> bool {
    inner.peers().values().any(|peer| peer.link().is_some())
}

/// Does one of our relays take a TCP connection?
async fn knock(relays: &[RelaySpec]) -> Option<&RelaySpec> {
    for relay in relays {
        let connect = TcpStream::connect((relay.host(), relay.port()));
        if let Ok(Ok(_)) = timeout(RELAY_KNOCK_LIMIT, connect).await {
            return Some(relay);
        }
    }
    None
}

impl Inner {
    /// Changes our relays. Adding is seamless; taking one out replaces the endpoint, because iroh keeps a home relay that
    /// is not in its map any more until it finds a better one.
    pub(crate) async fn set_relays(self: &Arc<Self>, relays: Vec<RelaySpec>) {
        let before =
            std::mem::replace(&mut *self.relays.lock().unwrap_or_else(PoisonError::into_inner), relays.clone());
        self.pins.set(&relays);
        if before.iter().any(|old| !relays.contains(old)) {
            return self.rebind.notify_one();
        }
        if let Some(endpoint) = self.endpoint() {
            for relay in relays.iter().filter(|relay| !before.contains(relay)) {
                endpoint.insert_relay(relay.url().clone(), Arc::new(relay.to_iroh())).await;
            }
        }
        self.relays_changed.notify_one();
        self.nudge_all();
    }
}
