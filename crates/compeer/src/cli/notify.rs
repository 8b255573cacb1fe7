//! `compeer notify`: when and how this computer says that something is new.

use serde_json::json;

use super::Context;
use super::args::{Notify, NotifySet};
use super::output::{Output, time};
use crate::api::dto;
use crate::error::ApiError;
use crate::quiet::{Quiet, QuietError};
use crate::text::visible;

pub(super) async fn run(context: &Context, verb: Notify) -> Result<(), ApiError> {
    let client = context.client()?;
    let settings: dto::Settings = match verb {
        Notify::Show => client.get("/settings").await?,
        Notify::Set(args) => client.patch("/settings", &change(args)?).await?,
        Notify::Pause { time } => {
            let pause = dto::SettingsChange { pause: Some(time), ..Default::default() };
            client.patch("/settings", &pause).await?
        }
        Notify::Test => {
            let _: dto::Done = client.post("/settings/test", &json!({})).await?;
            return context.out.either(&json!({}), || "Shown on the desktop.\n".to_owned());
        }
    };
    context.out.either(&settings, || words(&settings, &context.out))
}

fn change(args: NotifySet) -> Result<dto::SettingsChange, ApiError> {
    let quiet = match args.quiet.as_deref() {
        None => None,
        Some("off") => Some(None),
        Some(range) => {
            let (from, to) = range.split_once('-').ok_or(QuietError::Time)?;
            let quiet = Quiet::parse(&args.days, from.trim(), to.trim())?;
            Some(Some(dto::Quiet { days: quiet.days(), from: quiet.from(), to: quiet.to() }))
        }
    };
    Ok(dto::SettingsChange {
        desktop: args.desktop.map(|switch| switch.is_on()),
        words: args.words.map(|switch| switch.is_on()),
        quiet,
        pause: None,
        mentions_pass: args.mentions.map(|switch| switch.is_on()),
        show_away: args.show_away.map(|switch| switch.is_on()),
    })
}

fn words(settings: &dto::Settings, out: &Output) -> String {
    let switch = |on| if on { "on" } else { "off" };
    let quiet = match &settings.quiet {
        None => "off".to_owned(),
        Some(quiet) => format!("{}-{}, beginning on {}", quiet.from, quiet.to, quiet.days.join(", ")),
    };
    let pause = settings.paused_until.map_or("off".to_owned(), |until| format!("until {} UTC", time(until)));
    let now = if settings.quiet_now { "  (it is quiet now)" } else { "" };
    format!(
        "desktop       {}, {}\nwords         {}\nquiet hours   {quiet}{now}\npause         {pause}\nmentions      {}\n\
         shown away    {}\n",
        switch(settings.desktop),
        out.hint(&desktop_words(settings)),
        if settings.words { "shown" } else { "only where something is new" },
        if settings.mentions_pass { "told while it is quiet, too" } else { "quiet as all else" },
        switch(settings.show_away),
    )
}

/// Whether the desktop can show notifications.
pub(super) fn desktop_words(settings: &dto::Settings) -> String {
    match settings.desktop_state {
        dto::DesktopState::Ready => {
            format!("shown by {}", visible(settings.desktop_by.as_deref().unwrap_or("the desktop")))
        }
        dto::DesktopState::NoSession => "but there is no desktop that this peer could reach".into(),
        dto::DesktopState::NoProgram => "but notify-send is missing (on Debian: the package libnotify-bin)".into(),
        dto::DesktopState::Failed => {
            let failure = settings.desktop_failure.as_deref().unwrap_or_default().trim_end_matches('.');
            format!("but the last one was not shown: {}", visible(failure))
        }
    }
}
