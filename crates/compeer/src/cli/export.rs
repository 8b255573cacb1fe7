//! `compeer export` and `compeer import`: spaces as folders, and folders as spaces.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::Context;
use super::args::{Export, ExportVerb, Import};
use super::client::Client;
use super::file::absolute;
use super::find::find_space;
use super::output::{size, time};
use super::up::Signals;
use crate::api::dto;
use crate::error::ApiError;
use crate::text::visible;

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(150);

pub(super) async fn export(context: &Context, args: Export) -> Result<(), ApiError> {
    if let Some(ExportVerb::Verify { folder }) = args.verb {
        return verify(context, &folder);
    }
    let (Some(space), Some(folder)) = (args.space, args.folder) else {
        return Err(ApiError::usage("A space and a folder are needed.", "`compeer export SPACE FOLDER`"));
    };
    let client = context.client()?;
    let to = Some(absolute(&folder)?);
    let space = find_space(&client, &space).await?;
    let body = dto::NewExport { to, files: !args.no_files };
    let job: dto::Job = client.post(&format!("/spaces/{space}/export"), &body).await?;
    let job = wait(context, &client, job).await?;
    let value = json!({ "path": job.path, "files": job.files, "missing": job.missing, "bytes": job.bytes });
    context.out.either(&value, || {
        let missing = match job.missing {
            0 => String::new(),
            missing => format!(" Files that are listed and not part of it: {missing}."),
        };
        format!("{}\n{} in all.{missing}\n", visible(&job.path), size(job.bytes))
    })
}

fn verify(context: &Context, folder: &Path) -> Result<(), ApiError> {
    let verified = compeer_spaces::verify(folder).map_err(|error| ApiError::from(&error))?;
    let head = &verified.manifest.head;
    let value = json!({
        "name": head.name, "space": head.space, "exported": head.exported, "by": head.by, "device": head.device,
        "files": verified.manifest.files.len(), "bytes": verified.bytes,
    });
    context.out.either(&value, || {
        format!(
            "Whole: {} files, {}.\n{}, exported {} on the device {} (by its own word {}'s).\n",
            verified.manifest.files.len(),
            size(verified.bytes),
            visible(&head.name),
            time(head.exported),
            verified.device.short(),
            visible(&head.by)
        )
    })
}

pub(super) async fn import(context: &Context, args: Import) -> Result<(), ApiError> {
    let client = context.client()?;
    let body = dto::NewImport { path: absolute(&args.path)?, private: args.private, stream: args.stream };
    let job: dto::Job = client.post("/imports", &body).await?;
    let job = wait(context, &client, job).await?;
    let value = json!({
        "space": job.space, "name": job.name, "files": job.files, "private": job.private, "lost": job.lost,
    });
    context.out.either(&value, || {
        let mut text = format!("{} is here.\n", visible(&job.name));
        if job.private > 0 {
            text.push_str(&format!(
                "Left out: {} private conversations. `--private` takes them in; everybody in the space will read them.\n",
                job.private
            ));
        }
        if job.lost > 0 {
            text.push_str(&format!("Left out: {} reactions and files that cannot be shown here.\n", job.lost));
        }
        text
    })
}

/// Waits until a job is over, and tells how far it is. Ctrl+C stops it.
async fn wait(context: &Context, client: &Client, mut job: dto::Job) -> Result<dto::Job, ApiError> {
    let mut signals = Signals::new()?;
    let watched = !context.out.is_json() && std::io::stderr().is_terminal();
    let mut stopped = false;
    let path = format!("/jobs/{}", job.id);
    loop {
        match job.state {
            dto::JobState::Running => {}
            dto::JobState::Done => return Ok(job),
            dto::JobState::Cancelled => {
                return Err(ApiError::new(
                    axum::http::StatusCode::CONFLICT,
                    "cancelled",
                    "Cancelled",
                    "It was cancelled; nothing of it is left.",
                    "Run the same command again when you like.",
                ));
            }
            dto::JobState::Failed => {
                let error = job.error.map_or_else(|| ApiError::internal("It failed."), ApiError::from);
                return Err(error);
            }
        }
        if watched && job.all > 0 {
            context.out.so_far(&format!("{} of {} steps", job.done, job.all));
        }
        tokio::select! {
            () = signals.wait(), if !stopped => {
                stopped = true;
                let _: dto::Done = client.delete(&path).await?;
            }
            () = tokio::time::sleep(LOOK) => {}
        }
        job = client.get(&path).await?;
    }
}
