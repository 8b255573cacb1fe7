//! `compeer init`: introduces the person who uses this computer.

use axum::http::StatusCode;
use compeer_core::system_wall;
use compeer_journal::Journal;
use serde::Serialize;

use super::Context;
use super::args::Init;
use crate::api::dto;
use crate::error::ApiError;
use crate::home::Home;
use crate::node::{Introduction, found_person};
use crate::text::visible;

#[derive(Serialize)]
struct Introduced {
    person: String,
    device: String,
}

pub(super) async fn run(context: &Context, args: Init) -> Result<(), ApiError> {
    let (introduced, next) = if context.home.is_locked() {
        (through_the_api(context, args).await?, "Its peer is running: open the page with `compeer open`.")
    } else {
        (alone(context, args).await?, "Start it with `compeer up`.")
    };
    context.out.either(&introduced, || {
        format!(
            "You are introduced on this computer.\n  person  {}\n  device  {}\n{}\n",
            introduced.person,
            introduced.device,
            context.out.hint(next)
        )
    })
}

/// On a home where no peer runs.
async fn alone(context: &Context, args: Init) -> Result<Introduced, ApiError> {
    if let Some(identity) = context.home.read_identity()? {
        let change = "Start it with `compeer up`; then `compeer profile set --name NAME` changes the name. Or name another `--home`.";
        return Err(already(&identity.name, change));
    }
    let introduction = Introduction { name: Some(args.name), device_name: args.device_name, picture: None };
    introduction.check()?;
    let home = Home::enter(context.home.clone())?;
    let config = home.journal(system_wall())?;
    let device = config.key.id().to_string();
    let journal = Journal::open(config).await?;
    let founded = found_person(&home, &journal, introduction).await;
    journal.close().await;
    Ok(Introduced { person: founded?.person.to_string(), device })
}

/// Where a peer runs already, it holds the journal.
async fn through_the_api(context: &Context, args: Init) -> Result<Introduced, ApiError> {
    let client = context.client()?;
    let status: dto::Status = client.get("/status").await?;
    if let Some(name) = status.name {
        return Err(already(
            &name,
            "Change the name with `compeer profile set --name NAME`, or name another `--home`.",
        ));
    }
    let change = dto::ProfileChange { name: Some(args.name), device_name: args.device_name, picture: None };
    let status: dto::Status = client.post("/profile", &change).await?;
    Ok(Introduced { person: status.person.unwrap_or_default(), device: status.device })
}

fn already(name: &str, hint: &'static str) -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "already-introduced",
        "Somebody is introduced already",
        format!("This home belongs to {} already; nothing was changed.", visible(name)),
        hint,
    )
}
