//! `compeer open`: the page in a browser, signed in by a one-time link.

use std::process::{Command, Stdio};

use serde_json::json;

use super::Context;
use super::args::Open;
use crate::api::dto;
use crate::error::ApiError;

pub(super) async fn run(context: &Context, args: Open) -> Result<(), ApiError> {
    let link: dto::SignInLink = context.client()?.post("/signin-links", &json!({})).await?;
    // The link is good for one browser and one minute, so that it may pass through a list of processes.
    if !args.print && !open(&link.url) {
        context.out.progress("No browser could be opened here; open this link within a minute:");
    }
    context.out.either(&link, || format!("{}\n", link.url))
}

/// Hands the link to the system; false where there is nothing to hand it to.
fn open(url: &str) -> bool {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        Command::new("explorer")
    } else {
        let screen = ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
        if !screen {
            return false;
        }
        Command::new("xdg-open")
    };
    let started = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    started.is_ok()
}
