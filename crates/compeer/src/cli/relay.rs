//! `compeer relay`: forwards between peers that cannot reach each other.

use compeer_mesh::RelayKey;
use compeer_mesh::relay::{RelayAccess, RelayServer, RelayServerConfig};
use serde_json::json;

use super::Context;
use super::args::Relay;
use super::up::Signals;
use crate::error::ApiError;

/// Runs until it is told to end. Whoever has the URL may use it: the key is part of it, kept in the home, the same each
/// time.
pub(super) async fn run(context: &Context, args: Relay) -> Result<(), ApiError> {
    let mut signals = Signals::new()?;
    let text = context.home.relay_secret(|| RelayKey::generate().map(|key| key.to_string()))?;
    let key: RelayKey =
        text.parse().map_err(|_| ApiError::from(crate::home::HomeError::BadKey { path: context.home.relay_key() }))?;
    let server = RelayServer::start(RelayServerConfig { listen: args.listen, key, access: RelayAccess::Key }).await?;
    let spec = match &args.host {
        Some(host) => server.spec_for(host),
        None => server.spec(),
    };
    let spec = spec.map_err(|error| {
        ApiError::usage(format!("This is no name of a relay: {error}."), "Name a host such as relay.example.org.")
    })?;
    let told = if context.out.is_for_a_person() {
        context.out.raw(&format!(
            "The relay is running. Peers use it with\n  compeer up --relay '{spec}'\nThe part after # is its key: share \
             it only with those who may use it. Ctrl+C ends it.\n"
        ))
    } else {
        context.out.json(&json!({ "ready": true, "url": spec.to_string() }))
    };
    if told.is_ok() {
        signals.wait().await;
    }
    server.shutdown().await;
    told
}
