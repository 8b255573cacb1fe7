//! `compeer relay`: forwards between peers that cannot reach each other.

use std::sync::Arc;
use std::time::Duration;

use compeer_core::system_wall;
use compeer_mesh::RelayKey;
use compeer_mesh::relay::{RelayAccess, RelayServer, RelayServerConfig};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::Context;
use super::args::Relay;
use super::output::Output;
use super::up::Signals;
use crate::error::ApiError;
use crate::home::{self, HomeError, HomePath};
use crate::relay::{Book, DeviceList, Door, Place, Refusal};
use crate::text::visible;

/// How often the list of devices is read again, and what is remembered is written.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is noted that who is connected is still here, in looks.
const LOOKS_TO_NOTE: u32 = 600;

/// Runs until it is told to end. Whoever has the URL may use it, or those of them who are on the list: the key is part of
/// the URL, kept in the home, the same each time until another is asked for.
pub(super) async fn run(context: &Context, args: Relay) -> Result<(), ApiError> {
    let mut signals = Signals::new()?;
    let list = args.devices.map(DeviceList::open).transpose()?;
    let generate = || RelayKey::generate().map(|key| key.to_string());
    let text =
        if args.new_key { context.home.new_relay_secret(generate)? } else { context.home.relay_secret(generate)? };
    let key: RelayKey =
        text.parse().map_err(|_| ApiError::from(HomeError::BadKey { path: context.home.relay_key() }))?;
    let book = Book::read(&context.home).unwrap_or_else(|error| {
        context.out.progress(&format!("What is known of earlier devices is forgotten: {error}."));
        Book::default()
    });
    let listed = list.as_ref().map(|list| list.devices().clone());
    let (door, refusals) = Door::new(listed, book, system_wall());
    let door = Arc::new(door);
    let access = RelayAccess::KeyAnd(door.clone());
    let server = RelayServer::start(RelayServerConfig { listen: args.listen, key, access }).await?;
    // Whoever named a host answers for it.
    let place = if args.host.is_some() { None } else { Some(Place::of(server.address())) };
    let host = args.host.or(place.map(Place::host)).unwrap_or_default();
    let spec = server.spec_for(&host).map_err(|error| {
        ApiError::usage(
            format!("This is no name of a relay: {error}."),
            "Name a host by which peers reach it with `--host NAME`, such as relay.example.org.",
        )
    })?;
    if args.new_key {
        // Only now is it sure that the new one can be used.
        context.home.write_relay_secret(&text)?;
    }
    let told = tell(&context.out, &spec.to_string(), place, args.new_key, list.as_ref());
    let mut keeper =
        Keeper { out: &context.out, home: &context.home, server: &server, door: &door, list, failing: false };
    if told.is_ok() {
        tokio::select! {
            () = signals.wait() => {}
            () = keeper.keep(refusals) => {}
        }
    }
    keeper.write(true).await;
    server.shutdown().await;
    told
}

/// Says that it runs, where, and for whom.
fn tell(
    out: &Output,
    url: &str,
    place: Option<Place>,
    new_key: bool,
    list: Option<&DeviceList>,
) -> Result<(), ApiError> {
    let devices = list.map(|list| list.devices().len());
    let ready = json!({ "ready": true, "url": url, "new_key": new_key, "devices": devices });
    out.either(&ready, || words(url, place, new_key, list))
}

fn words(url: &str, place: Option<Place>, new_key: bool, list: Option<&DeviceList>) -> String {
    let place = match place {
        Some(Place::Outward(ip)) => format!(
            "It listens on all addresses of this computer, and {ip} is the one by which it reaches others. If peers reach it \
             by another, or from the internet, start it with `--host NAME`.\n"
        ),
        Some(Place::Alone) => {
            "This computer is on no network that leads out, so only peers on it reach the relay at that \
             address. Start it with `--host NAME`, where NAME is what others reach it by.\n"
                .into()
        }
        Some(Place::Here(ip)) if ip.is_loopback() => "Only peers on this computer reach it there.\n".into(),
        Some(Place::Here(_)) | None => String::new(),
    };
    let key = if new_key {
        "Its key is new: addresses that it printed before no longer work, in invitations neither. Give the new one to all \
         who use it.\n"
    } else {
        ""
    };
    let whom = match list {
        None => "The part after # is its key: share it only with those who may use it.".to_owned(),
        Some(list) => format!(
            "The part after # is its key. Of those who have it, only devices listed in {} are let in: {} now. Changes of \
             that file count within a second.",
            visible(&list.path().to_string_lossy()),
            list.devices().len()
        ),
    };
    format!(
        "The relay is running. Peers use it with\n  compeer up --relay '{url}'\n{place}{key}{whom} Ctrl+C ends it.\n"
    )
}

/// What is done while the relay runs.
struct Keeper<'a> {
    out: &'a Output,
    home: &'a HomePath,
    server: &'a RelayServer,
    door: &'a Door,
    list: Option<DeviceList>,
    /// The last write failed.
    failing: bool,
}

impl Keeper<'_> {
    /// Reads the list again and again, drops who is not on it any more, writes what is remembered, and names those who
    /// are refused. Does not end by itself.
    async fn keep(&mut self, mut refusals: mpsc::Receiver<Refusal>) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looked = 0_u32;
        loop {
            tokio::select! {
                Some(Refusal(device)) = refusals.recv() => self.name(&device.to_string()),
                _ = looks.tick() => {
                    looked = looked.wrapping_add(1);
                    self.look();
                    self.write(looked.is_multiple_of(LOOKS_TO_NOTE)).await;
                }
            }
        }
    }

    fn look(&mut self) {
        let Some(list) = &mut self.list else { return };
        match list.refresh() {
            Ok(false) => {}
            Ok(true) => {
                self.door.set_listed(list.devices().clone());
                let devices = list.devices().len();
                let words = format!("The list of devices has changed: {devices} on it now.");
                self.out.news(&json!({ "event": "list-changed", "devices": devices }), &words);
            }
            Err(error) => {
                let error = ApiError::from(error);
                let words = format!("{} The last good list stays in force.", error.detail);
                self.out.news(&json!({ "event": "list-failed", "problem": error.document() }), &words);
            }
        }
        for device in self.door.unwelcome() {
            if self.server.disconnect(device) {
                let device = device.to_string();
                let words = format!("The device {device} is no longer listed and was dropped.");
                self.out.news(&json!({ "event": "dropped", "device": device }), &words);
            }
        }
    }

    /// Names a device that is refused, with the line that would let it in.
    fn name(&self, device: &str) {
        let Some(list) = &self.list else { return };
        let words = format!(
            "A device with the key was refused, because it is not listed. To let it in, add this line to {}:\n  {device}",
            list.path().display()
        );
        self.out.news(&json!({ "event": "refused", "device": device, "line": device }), &words);
    }

    /// Writes who was seen, if that has changed.
    async fn write(&mut self, all: bool) {
        let Some(text) = self.door.take_unwritten(all) else { return };
        let path = self.home.relay_devices();
        let written = tokio::task::spawn_blocking(move || home::write_private(&path, &text)).await;
        let failure = match written {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(ApiError::from(error)),
            Err(_) => Some(ApiError::internal("Writing ended unexpectedly.")),
        };
        let failed_before = std::mem::replace(&mut self.failing, failure.is_some());
        if let Some(error) = failure {
            self.door.keep_unwritten();
            if !failed_before {
                let words = format!("Who was seen cannot be written down: {}", error.detail);
                self.out.news(&json!({ "event": "not-written", "problem": error.document() }), &words);
            }
        }
    }
}
