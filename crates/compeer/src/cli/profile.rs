//! `compeer profile`: who uses this computer, as others see it.

use std::path::Path;

use compeer_spaces::model::PICTURE_BYTES;
use data_encoding::BASE64;
use serde::Serialize;

use super::Context;
use super::args::{Profile, ProfileSet};
use crate::api::dto;
use crate::error::ApiError;
use crate::files;
use crate::text::{shorten, visible};

#[derive(Serialize)]
struct Shown {
    person: Option<String>,
    name: Option<String>,
    /// Whether there is one.
    picture: bool,
    device: String,
    device_name: String,
}

pub(super) async fn run(context: &Context, verb: Profile) -> Result<(), ApiError> {
    let client = context.client()?;
    let status: dto::Status = match verb {
        Profile::Show => client.get("/status").await?,
        Profile::Set(args) => client.post("/profile", &change(args)?).await?,
    };
    let shown = Shown {
        person: status.person,
        name: status.name,
        picture: status.picture.is_some(),
        device: status.device,
        device_name: status.device_name,
    };
    context.out.either(&shown, || words(context, &shown))
}

fn change(args: ProfileSet) -> Result<dto::ProfileChange, ApiError> {
    let picture = match args.picture {
        Some(path) => Some(Some(picture(&path)?)),
        None => args.no_picture.then_some(None),
    };
    Ok(dto::ProfileChange { name: args.name, device_name: args.device_name, picture })
}

/// A picture as it travels. Whether it is one is for the peer to say.
fn picture(path: &Path) -> Result<String, ApiError> {
    let bytes = files::read(path, PICTURE_BYTES as u64).map_err(|error| {
        ApiError::usage(
            format!("{} cannot be your picture: {error}.", shorten(&path.to_string_lossy())),
            "Name a PNG, JPEG or WebP file of at most 64 KiB.",
        )
    })?;
    Ok(BASE64.encode(&bytes))
}

fn words(context: &Context, shown: &Shown) -> String {
    let Some(name) = &shown.name else {
        return context
            .out
            .hint("Nobody has introduced themselves here yet. Run `compeer init --name NAME`.\n")
            .into_owned();
    };
    let picture = if shown.picture { "with a picture" } else { "without a picture" };
    format!(
        "{}, {picture}\n  person  {}\n  device  {}  {}\n",
        visible(name),
        shown.person.as_deref().unwrap_or_default(),
        shown.device,
        visible(&shown.device_name)
    )
}
