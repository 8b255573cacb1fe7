//! `compeer file get`: asks the peer for files, and waits until they are whole and in place.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use super::super::Context;
use super::super::client::{Client, Events};
use super::super::find::{find_space, short};
use super::super::output::size;
use super::super::up::Signals;
use super::{absolute, files_named, find_file, not_found};
use crate::api::{EventName, dto};
use crate::error::ApiError;
use crate::text::visible;

/// After so long without a byte it is said why.
const QUIET: Duration = Duration::from_secs(2);
/// People named as having a file.
const NAMED: usize = 5;

pub(super) async fn get(
    context: &Context,
    client: &Client,
    space: &str,
    wanted: &str,
    to: Option<&Path>,
) -> Result<(), ApiError> {
    let mut signals = Signals::new()?;
    let to = to.map(absolute).transpose()?;
    let space = find_space(client, space).await?;
    // Listening starts before the transfer does, so that its end cannot be missed.
    let mut events = client.events().await?;
    let mut get = Get {
        context,
        client,
        space,
        folder: to.clone().unwrap_or_default(),
        to,
        open: BTreeMap::new(),
        failed: Vec::new(),
        last: None,
        elsewhere: false,
        again: false,
    };
    let mut below = get.ask(wanted).await?;
    get.wait(&mut events, &mut signals).await?;
    if get.elsewhere && get.failed.is_empty() {
        // What was on its way to another folder is here now, and comes to lie in this one, too.
        get.again = true;
        below = get.ask(wanted).await?;
        get.wait(&mut events, &mut signals).await?;
    }
    get.outcome()?;
    let path = get.path(below.as_deref());
    context.out.either(&json!({ "path": path }), || format!("{}\n", visible(&path)))
}

/// Files on their way, as far as one command asked for them.
struct Get<'a> {
    context: &'a Context,
    client: &'a Client,
    space: String,
    /// The folder that was asked for.
    to: Option<String>,
    /// The folder it goes to; without one that was asked for, where the peer puts it.
    folder: String,
    /// Those that are not over.
    open: BTreeMap<String, dto::Transfer>,
    failed: Vec<dto::Transfer>,
    /// The name and the place of one that is here.
    last: Option<(String, String)>,
    /// Something came to lie in another folder, where it was on its way to.
    elsewhere: bool,
    /// All of it was asked for once more.
    again: bool,
}

impl Get<'_> {
    /// Asks for a file, or for all files in a folder. Returns the folder.
    async fn ask(&mut self, wanted: &str) -> Result<Option<String>, ApiError> {
        let (client, space, to) = (self.client, &self.space, self.to.clone());
        let files = files_named(client, space, wanted).await?;
        let (transfers, below): (Vec<dto::Transfer>, _) = match find_file(&files, wanted)? {
            Some(file) => {
                let request = dto::FetchRequest { to };
                (vec![client.post(&format!("/spaces/{space}/files/{}/fetch", file.id), &request).await?], None)
            }
            None => {
                let folder = wanted.trim_end_matches('/').to_owned();
                let request = dto::FolderRequest { folder: folder.clone(), to };
                let asked = client.post(&format!("/spaces/{space}/files/fetch"), &request).await;
                let not_there =
                    |error: ApiError| if error.code == "file-not-found" { not_found(space, wanted) } else { error };
                (asked.map_err(not_there)?, Some(folder))
            }
        };
        if self.to.is_none()
            && let Some(first) = transfers.first()
        {
            self.folder.clone_from(&first.folder);
        }
        for transfer in transfers {
            self.take(transfer);
        }
        Ok(below)
    }

    /// Takes note of how a transfer goes. One that failed does not keep the others from coming.
    fn take(&mut self, transfer: dto::Transfer) {
        match transfer.state {
            dto::TransferState::Done => {
                self.open.remove(&transfer.id);
                if let Some(path) = transfer.path {
                    self.tell_if_renamed(&transfer.name, &path);
                    self.last = Some((transfer.name, path));
                }
            }
            dto::TransferState::Failed => {
                self.open.remove(&transfer.id);
                self.failed.push(transfer);
            }
            _ => {
                self.open.insert(transfer.id.clone(), transfer);
            }
        }
    }

    /// Takes note of transfers that ended as they should.
    fn take_done(&mut self, files: Vec<String>, folder: &str) {
        for id in files {
            let Some(transfer) = self.open.remove(&id) else { continue };
            let path = Path::new(folder).join(&transfer.name).display().to_string();
            self.tell_if_renamed(&transfer.name, &path);
            self.last = Some((transfer.name, path));
        }
    }

    /// A file that did not come to lie under its own name.
    fn tell_if_renamed(&mut self, name: &str, path: &str) {
        let folder = Path::new(&self.folder);
        if Path::new(path) == folder.join(name) {
            return;
        }
        if !Path::new(path).starts_with(folder) && !self.again {
            self.elsewhere = true;
            return;
        }
        let why = if Path::new(path).starts_with(folder) {
            "its own name is taken by something else there, or cannot be used on this computer"
        } else {
            "it was on its way there already"
        };
        let words = format!("{} is at {}: {why}.", visible(name), visible(path));
        self.context.out.news(&json!({ "event": "renamed", "name": name, "path": path }), &words);
    }

    /// Where the file lies, or the folder of the list.
    fn path(&self, below: Option<&str>) -> String {
        let Some((name, path)) = &self.last else {
            return Path::new(&self.folder).join(below.unwrap_or_default()).display().to_string();
        };
        let parts = |name: &str| name.split('/').count();
        let up = below.map_or(0, |folder| parts(name).saturating_sub(parts(folder)));
        Path::new(path).ancestors().nth(up).unwrap_or(Path::new(path)).display().to_string()
    }

    fn outcome(&self) -> Result<(), ApiError> {
        let Some(first) = self.failed.first() else { return Ok(()) };
        let others = match self.failed.len() - 1 {
            0 => String::new(),
            1 => " One other did not arrive either.".to_owned(),
            others => format!(" {others} others did not arrive either."),
        };
        let why = first.error.as_deref().unwrap_or_default();
        Err(ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "transfer-failed",
            "The file did not arrive",
            format!("{} did not arrive: {why}{others}", first.name),
            "Mend that and run the same command again; what has arrived is kept.",
        ))
    }

    fn is_idle(&self) -> bool {
        self.open.values().all(|transfer| transfer.state == dto::TransferState::Waiting)
    }

    /// What is not here yet, in a word or two.
    fn what(&self) -> String {
        match self.open.len() {
            1 => self.open.values().map(|one| one.name.clone()).collect(),
            several => format!("{several} files"),
        }
    }

    fn progress(&self) -> String {
        let sum = |figure: fn(&dto::Transfer) -> u64| self.open.values().map(figure).sum::<u64>();
        let rate: f64 = self.open.values().map(|transfer| transfer.rate).sum();
        // The rate is a few gigabytes a second at most; for a moment it is not known yet.
        let rate = if rate >= 1.0 { format!(", {}/s", size(rate as u64)) } else { String::new() };
        format!("{} of {}{rate}", size(sum(|one| one.done)), size(sum(|one| one.size)))
    }

    /// Waits until all transfers are over.
    async fn wait(&mut self, events: &mut Events, signals: &mut Signals) -> Result<(), ApiError> {
        let watched = !self.context.out.is_json() && std::io::stderr().is_terminal();
        let mut told = String::new();
        let mut said = false;
        while !self.open.is_empty() {
            let idle = self.is_idle();
            // What begins to come and stops again is said again.
            said &= idle;
            if watched && !idle {
                let progress = self.progress();
                if progress != told {
                    self.context.out.so_far(&progress);
                    told = progress;
                }
            }
            let event = tokio::select! {
                event = events.next() => event?,
                () = signals.wait() => return Err(self.interrupted()),
                () = tokio::time::sleep(QUIET), if idle && !said => {
                    said = true;
                    self.say_why().await?;
                    continue;
                }
            };
            let Some(event) = event else { return Err(ApiError::closing()) };
            match (event.event, event.transfer) {
                (EventName::TransferChanged, Some(transfer)) if self.open.contains_key(&transfer.id) => {
                    self.take(transfer);
                }
                // It may have been given up by another command, or taken off the list.
                (EventName::FileChanged | EventName::FileRemoved, None)
                    if event.id.as_ref().is_some_and(|id| self.open.contains_key(id))
                        && event.file.as_ref().is_none_or(|file| !file.here && file.transfer.is_none()) =>
                {
                    self.look_again().await?;
                }
                (EventName::TransfersDone, _) => {
                    self.take_done(event.files.unwrap_or_default(), &event.folder.unwrap_or_default());
                }
                // With a space it says that much came at once; what became of transfers is told all the same.
                (EventName::Lagged, _) if event.space.is_none() => self.look_again().await?,
                (EventName::SpaceLeft | EventName::SpaceEnded, _)
                    if event.space.as_deref() == Some(self.space.as_str()) =>
                {
                    return Err(ApiError::new(
                        StatusCode::CONFLICT,
                        "space-over",
                        "The space is over",
                        "The space ended before the file was whole.",
                        "Ask whoever has the file for it.",
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Says why nothing comes, and what to do about it.
    async fn say_why(&self) -> Result<(), ApiError> {
        let files: Vec<dto::File> = self.client.get(&format!("/spaces/{}/files", self.space)).await?;
        let (mut here, mut away) = (BTreeSet::new(), BTreeSet::new());
        for holder in files.into_iter().filter(|file| self.open.contains_key(&file.id)).flat_map(|file| file.holders) {
            if holder.online {
                here.insert(holder.name)
            } else {
                away.insert(holder.name)
            };
        }
        let what = self.what();
        let end = "Ctrl+C ends the waiting, not the fetching.";
        let words = match (here.is_empty(), away.is_empty()) {
            (true, true) => format!("Nobody who is known has {what}. It comes once somebody shares it again. {end}"),
            (true, false) => {
                format!(
                    "Nobody who has {what} is online: ask {} to start Compeer. It comes by itself then. {end}",
                    names(&away)
                )
            }
            (false, _) => format!(
                "{} should have {what} and is online, but does not send it; it may have been changed or moved there. It \
                 comes as soon as somebody can send it. {end}",
                names(&here)
            ),
        };
        let news = json!({ "event": "waiting", "files": self.open.len(), "online": here, "away": away });
        self.context.out.news(&news, &words);
        Ok(())
    }

    fn interrupted(&self) -> ApiError {
        let space = short(&self.space);
        let mut open = self.open.keys();
        // A folder goes by its name, which others made up.
        let file = open.next().filter(|_| self.open.len() == 1).map_or("FOLDER", String::as_str);
        ApiError::new(
            StatusCode::CONFLICT,
            "interrupted",
            "Interrupted",
            format!("The command ended before {} arrived; the peer goes on and keeps what is here.", self.what()),
            format!(
                "Run the same command again to wait for it, or give it up with `compeer file stop {space} {file}`."
            ),
        )
    }

    /// Finds out how transfers stand after events were missed.
    async fn look_again(&mut self) -> Result<(), ApiError> {
        let all: Vec<dto::Transfer> = self.client.get("/transfers").await?;
        let mut unlisted: BTreeSet<String> = self.open.keys().cloned().collect();
        for transfer in all {
            if transfer.space == self.space && unlisted.remove(&transfer.id) {
                self.take(transfer);
            }
        }
        if unlisted.is_empty() {
            return Ok(());
        }
        // Only the latest that are over are listed as transfers; the others show in the files.
        let files: Vec<dto::File> = self.client.get(&format!("/spaces/{}/files", self.space)).await?;
        for file in files.into_iter().filter(|file| file.here) {
            if unlisted.remove(&file.id) {
                self.open.remove(&file.id);
            }
        }
        match unlisted.iter().find_map(|id| self.open.get(id)) {
            None => Ok(()),
            Some(gone) => Err(ApiError::new(
                StatusCode::CONFLICT,
                "transfer-given-up",
                "The file did not arrive",
                format!("{} is no longer being fetched: somebody gave it up or took it off the list.", gone.name),
                format!("`compeer file list {}` shows whether it can still be asked for.", short(&self.space)),
            )),
        }
    }
}

/// Some names, in a row.
fn names(all: &BTreeSet<String>) -> String {
    let mut text = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > NAMED {
        text.push_str(" or another");
    }
    text
}
