//! What I wrote and nobody counts: telling of it, saying it again, giving it up.

use std::collections::{HashMap, HashSet};

use compeer_core::group::Level;
use compeer_core::{BlobHash, EntryHash, GroupId};
use compeer_journal::ReadError;

use super::Spaces;
use crate::error::ActError;
use crate::model::{Op, SpacesEvent};

impl Spaces {
    /// Says again, with the time of now and in the old order, what is undelivered: all of it, or those of `only` that are.
    /// A file that no longer lies here as it was stays where it is. How many messages and files were said.
    pub async fn say_again(&self, space: GroupId, only: Option<Vec<EntryHash>>) -> Result<usize, ActError> {
        self.rules_for(&space, Level::Write)?;
        // Whoever asks for the same at the same time waits, and then finds it said.
        let turn = self.inner.listing.lock().await;
        let chosen: HashSet<EntryHash> = self.chosen(space, only).await?.into_iter().collect();
        let ops = self.voided_ops(space).await?;
        let here = self.blobs_here(ops.iter().filter_map(|(_, op)| file_blob(op)).collect()).await?;
        let mut said: HashMap<EntryHash, EntryHash> = HashMap::new();
        for (entry, op) in ops.into_iter().filter(|(entry, _)| chosen.contains(entry)) {
            let op = match op {
                // What it is about, or answers, has another entry by now, if it was said again, too.
                Op::Message { text, file, reply, place, .. } => {
                    let now = |entry: EntryHash| said.get(&entry).copied().unwrap_or(entry);
                    Op::Message { text, nonce: None, file: file.map(now), reply: reply.map(now), place: place.map(now) }
                }
                Op::File { blob, .. } if !here.contains(&blob) => continue,
                op => op,
            };
            // One by one, so that a stop between two of them says nothing twice but the one it falls on.
            let appended = self.inner.journal.append(space, op.encode()?).await?;
            said.insert(entry, appended.hash);
            self.inner.view.with(move |view| view.settle_undelivered(&space, &[entry])).await?;
        }
        drop(turn);
        self.catch_up(space).await;
        self.look_again(space).await;
        Ok(said.len())
    }

    /// Shows no more what is undelivered: nothing of it, or nothing of `only`. How much that was.
    pub async fn give_up(&self, space: GroupId, only: Option<Vec<EntryHash>>) -> Result<usize, ActError> {
        self.rules(&space)?;
        let chosen = self.chosen(space, only).await?;
        let count = chosen.len();
        self.inner.view.with(move |view| view.settle_undelivered(&space, &chosen)).await?;
        self.look_again(space).await;
        Ok(count)
    }

    /// Tells of everything that is undelivered, for those who begin to listen.
    pub async fn tell_undelivered(&self) -> Result<(), ActError> {
        for space in self.list().await?.into_iter().filter(|space| space.undelivered > 0) {
            self.look_again(space.space).await;
        }
        Ok(())
    }

    /// After the view was made anew: what others wrote may be gone from it, and what I wrote may count no longer.
    pub(super) async fn after_rebuild(&self, space: GroupId) {
        if let Err(error) = self.hold_again(space).await {
            tracing::warn!(space = %space.short(), %error, "could not say again which files are here");
        }
        self.look_again(space).await;
        self.tell_unread(space).await;
    }

    /// Tells everybody who shows this space to look at it again, and what in it is undelivered.
    async fn look_again(&self, space: GroupId) {
        match self.inner.view.with(move |view| view.undelivered(&space)).await {
            Ok(undelivered) => {
                self.unwatch(space, undelivered.iter().map(|one| one.entry));
                let messages = undelivered.iter().filter(|one| one.file.is_none()).count();
                let files = undelivered.into_iter().filter_map(|one| one.file).collect();
                self.tell(SpacesEvent::Undelivered { space, messages, files });
            }
            Err(error) => tracing::error!(space = %space.short(), %error, "what is undelivered could not be read"),
        }
        self.tell(SpacesEvent::Much { space });
        self.tell(SpacesEvent::Space { space });
    }

    /// That this device holds files is no less true when nobody counts that it said so.
    async fn hold_again(&self, space: GroupId) -> Result<(), ActError> {
        if self.rules_for(&space, Level::Write).is_err() {
            return Ok(());
        }
        let held = self.voided_ops(space).await?.into_iter().flat_map(|(_, op)| match op {
            Op::Holds { blobs } => blobs,
            _ => Vec::new(),
        });
        let held: HashSet<BlobHash> = held.collect();
        let here = self.blobs_here(held.into_iter().collect()).await?;
        self.announce_holding(space, here.into_iter().collect()).await;
        Ok(())
    }

    /// What is undelivered, or those of `only` that are.
    async fn chosen(&self, space: GroupId, only: Option<Vec<EntryHash>>) -> Result<Vec<EntryHash>, ActError> {
        let undelivered = self.inner.view.with(move |view| view.undelivered(&space)).await?;
        let all: Vec<EntryHash> = undelivered.into_iter().map(|one| one.entry).collect();
        let Some(only) = only else { return Ok(all) };
        let known: HashSet<EntryHash> = all.into_iter().collect();
        match only.iter().all(|entry| known.contains(entry)) {
            true => Ok(only),
            false => Err(ActError::NotUndelivered),
        }
    }

    /// What this device wrote in a space and nobody counts, oldest first.
    async fn voided_ops(&self, space: GroupId) -> Result<Vec<(EntryHash, Op)>, ActError> {
        let journal = self.inner.journal.clone();
        let voided = tokio::task::spawn_blocking(move || journal.voided(&space)).await;
        let voided = voided.map_err(|_| ReadError::Closed)??;
        Ok(voided.into_iter().filter_map(|entry| Some((entry.hash, Op::decode(&entry.plain).ok()?))).collect())
    }

    async fn blobs_here(&self, blobs: Vec<BlobHash>) -> Result<HashSet<BlobHash>, ActError> {
        let here = self.inner.blobs.has_many(blobs.clone()).await.map_err(compeer_blobs::AddError::from)?;
        Ok(blobs.into_iter().zip(here).filter_map(|(blob, here)| here.then_some(blob)).collect())
    }
}

fn file_blob(op: &Op) -> Option<BlobHash> {
    match op {
        Op::File { blob, .. } => Some(*blob),
        _ => None,
    }
}
