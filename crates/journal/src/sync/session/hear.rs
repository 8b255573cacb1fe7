//! The half of a session that hears: takes in entries, and finds out what is missing on either side.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use compeer_core::{DeviceId, GroupId};
use compeer_mesh::RecvStream;
use tokio::time::Instant;

use super::{End, GRACE, HINTS, Misconduct, Session};
use crate::run::{IngestReport, Refusal, Run};
use crate::shared::LogView;
use crate::sync::receipts::is_large;
use crate::sync::shared::Shared;
use crate::sync::transfer;
use crate::sync::wire::{BATCH_BYTES, Digest, FORKS, Frames, Height, ITEMS, Message, Proof, TopicDigest, VERSION};

impl Session {
    /// Reads until the other side ends the talk.
    pub(super) async fn read(
        &self,
        shared: &Arc<Shared>,
        mut frames: Frames<RecvStream>,
        first: Option<Message>,
    ) -> Result<(), End> {
        if let Some(message) = first {
            self.hear(shared, message).await?;
        }
        // Entries that have arrived together are taken in together: one write to the disk for all.
        let mut runs = Vec::new();
        let mut bytes = 0;
        loop {
            let message = if runs.is_empty() { frames.next().await? } else { frames.next_now()? };
            match message {
                Some(Message::Entries { topic, parts }) => {
                    bytes += transfer::bytes_of(&parts);
                    self.has(topic, &parts);
                    runs.extend(parts.into_iter().map(|part| part.into_run(topic)));
                    if bytes < BATCH_BYTES {
                        continue;
                    }
                    self.take_pushed(shared, std::mem::take(&mut runs)).await?;
                    bytes = 0;
                }
                None if runs.is_empty() => return Ok(()),
                other => {
                    if !runs.is_empty() {
                        self.take_pushed(shared, std::mem::take(&mut runs)).await?;
                        bytes = 0;
                    }
                    if let Some(message) = other {
                        self.hear(shared, message).await?;
                    }
                }
            }
        }
    }

    /// Takes in entries that came by themselves.
    async fn take_pushed(&self, shared: &Arc<Shared>, runs: Vec<Run>) -> Result<(), End> {
        let ends: HashMap<(GroupId, DeviceId), u64> =
            runs.iter().map(|run| ((run.topic, run.author), run.first + run.entries.len() as u64)).collect();
        let report = self.take_in(shared, runs).await?;
        if report.stored == 0 && report.known > 0 {
            // Others are quicker. What it wrote itself it goes on pushing.
            let topics = ends.keys().filter(|(_, author)| *author != self.peer);
            let topics: BTreeSet<_> = topics.map(|(topic, _)| shared.journal.tree(topic)).collect();
            if !topics.is_empty() {
                self.due(|state| state.lazy.extend(topics));
            }
        }
        for wanted in &report.wanted {
            if let Some(end) = ends.get(&(wanted.topic, wanted.author)) {
                shared.pulls().offer(self.peer, wanted.topic, wanted.author, end.saturating_sub(1));
            }
        }
        if !report.wanted.is_empty() {
            self.fetch.notify_one();
        }
        Ok(())
    }

    /// Hands entries to the journal and returns when they are on disk.
    pub(crate) async fn take_in(&self, shared: &Shared, runs: Vec<Run>) -> Result<IngestReport, End> {
        let report = shared.journal.ingest(self.peer, runs).await.map_err(|error| {
            tracing::warn!(peer = %self.peer.short(), %error, "entries were not taken in");
            End::Journal
        })?;
        for refused in &report.refused {
            match &refused.cause {
                Refusal::Invalid(why) => return Err(End::Misconduct(Misconduct::BadEntry(why.clone()))),
                Refusal::Frozen => {
                    shared.pulls().freeze(refused.topic, refused.author);
                    shared.tell_fork(refused.topic, refused.author);
                }
                cause => tracing::debug!(peer = %self.peer.short(), ?cause, "a run was not taken"),
            }
        }
        Ok(report)
    }

    async fn hear(&self, shared: &Arc<Shared>, message: Message) -> Result<(), End> {
        tracing::trace!(peer = %self.peer.short(), ?message, "hears");
        match message {
            Message::Hello { version, .. } if version != VERSION => return Err(End::Version(version)),
            Message::Hello { digest, .. } => self.compare(shared, digest),
            Message::Summary { topics } => self.compare_topics(shared, &topics).await,
            Message::Heights { topic, logs, answer, forks } => {
                self.hear_of_forks(shared, topic, &forks).await?;
                self.compare_heights(shared, topic, &logs, answer).await;
            }
            Message::Have { topic, logs } if shared.journal.wants(&topic) => self.hear_of(shared, topic, &logs),
            Message::Lazy { topic } if shared.journal.may_pull(&self.peer, &topic) => {
                let tree = shared.journal.tree(&topic);
                self.state().announce.insert(tree);
            }
            Message::Receipts { receipts } => {
                for receipt in receipts {
                    shared.hear_receipt(self.peer, receipt).map_err(End::Misconduct)?;
                }
            }
            Message::Addresses { devices } => {
                let unknown = shared.learn(devices);
                self.remember_places(unknown);
            }
            // We may have left the topic, or the other may have been removed from it, while this was on its way.
            Message::Have { .. } | Message::Lazy { .. } => {}
            Message::Want { .. } | Message::WantGroups { .. } | Message::Entries { .. } => {
                return Err(End::Misconduct(Misconduct::OutOfPlace));
            }
        }
        Ok(())
    }

    /// It has these: what is not here is asked for soon, should nobody push it.
    fn hear_of(&self, shared: &Shared, topic: GroupId, logs: &[Height]) {
        let me = shared.journal.device();
        let others: Vec<_> = logs.iter().filter(|log| log.author != me).collect();
        if shared.journal.may_pull(&self.peer, &topic) {
            let held: Vec<_> = logs.iter().filter_map(|log| Some((log.author, log.held()?))).collect();
            shared.journal.record_receipts(&self.peer, &topic, &held);
        }
        let mut state = self.state();
        for log in logs {
            state.knows(topic, log.author, log.seq.saturating_add(1));
        }
        if others.is_empty() {
            return;
        }
        for log in others {
            if state.hints.len() < HINTS {
                state.hints.insert((topic, log.author), log.seq);
            }
        }
        state.hints_at.get_or_insert(Instant::now() + GRACE);
        drop(state);
        self.fetch.notify_one();
    }

    /// It has found that somebody wrote two histories, and proves it.
    async fn hear_of_forks(&self, shared: &Shared, topic: GroupId, forks: &[Proof]) -> Result<(), End> {
        if !shared.journal.wants(&topic) || !shared.journal.may_pull(&self.peer, &topic) {
            return Ok(());
        }
        for Proof { one, other } in forks.iter().take(FORKS) {
            match shared.journal.hear_fork(topic, one, other).await {
                Ok(true) => {}
                Ok(false) => return Err(End::Misconduct(Misconduct::BadEntry("no proof of a fork".into()))),
                Err(error) => tracing::warn!(peer = %self.peer.short(), %error, "a fork was told and not noted"),
            }
        }
        Ok(())
    }

    fn compare(&self, shared: &Shared, digest: Digest) {
        if digest != shared.digest_with(&self.peer) {
            return self.due(|state| state.summary = true);
        }
        self.state().withheld.clear();
        // It may lack the same first, and have what is lacking behind that.
        for topic in shared.journal.shared_with(&self.peer).iter() {
            self.seek_bodies(shared, *topic, &shared.journal.logs(topic), |_| true);
        }
        if self.state().equal.replace(digest) != Some(digest) {
            for topic in shared.journal.shared_with(&self.peer).iter() {
                self.holds_the_same(shared, topic);
            }
        }
    }

    fn holds_the_same(&self, shared: &Shared, topic: &GroupId) {
        let held: Vec<_> = shared.journal.held(topic).into_iter().collect();
        if !held.is_empty() {
            shared.journal.record_receipts(&self.peer, topic, &held);
        }
    }

    /// Asks for the bodies that are lacking here, in the logs of which the other device has enough.
    fn seek_bodies(
        &self,
        shared: &Shared,
        topic: GroupId,
        ours: &BTreeMap<DeviceId, LogView>,
        has: impl Fn(&DeviceId) -> bool,
    ) {
        for (author, _) in ours.iter().filter(|(author, log)| log.lacks.is_some() && has(author)) {
            shared.pulls().offer_bodies(self.peer, topic, *author);
            self.fetch.notify_one();
        }
    }

    async fn compare_topics(&self, shared: &Shared, theirs: &[TopicDigest]) {
        let mut ours = BTreeSet::clone(&shared.journal.shared_with(&self.peer));
        let again = std::mem::replace(&mut self.state().compared, true);
        for TopicDigest { topic, digest } in theirs {
            let also_ours = ours.remove(topic);
            if !shared.journal.wants(topic) && !shared.takes_part(topic, &self.peer).await {
                continue;
            }
            if !again && shared.seeking().lacks(topic) {
                continue;
            }
            if shared.journal.digest(topic) != Some(*digest) {
                self.ask_heights(*topic);
            } else if also_ours {
                self.holds_the_same(shared, topic);
            }
        }
        if theirs.len() < ITEMS {
            self.state().withheld = ours.clone();
        }
        // In a large group somebody who comes back lacks the logs of many members, and everybody it is linked to would tell
        // it of all of them. It asks for them itself once it knows that they are members; should that come to nothing, they
        // are told when topics are compared again.
        if !again && is_large(shared.crowd_with(&self.peer)) {
            let direct = shared.shares(&self.peer);
            ours.retain(|topic| direct.contains(topic));
        }
        // These it does not have, or does not know that we may have them.
        self.due(|state| {
            for topic in ours {
                state.heights.entry(topic).or_insert(false);
            }
        });
    }

    async fn compare_heights(&self, shared: &Shared, topic: GroupId, theirs: &[Height], answer: bool) {
        if answer {
            self.due(|state| {
                state.heights.entry(topic).or_insert(false);
            });
        }
        if !shared.journal.wants(&topic) && !shared.takes_part(&topic, &self.peer).await {
            return;
        }
        if !theirs.is_empty() {
            self.state().withheld.remove(&topic);
        }
        let me = shared.journal.device();
        let mine = theirs.iter().find(|log| log.author == me).map(|log| log.seq);
        if mine.is_some() || theirs.len() < ITEMS {
            shared.journal.own_height_heard(topic, self.peer, mine).await;
            if !shared.journal.unheard(&topic).is_empty() {
                // Others are asked next.
                shared.wants_changed.notify_one();
            }
        }
        let logs = shared.journal.logs(&topic);
        self.seek_bodies(shared, topic, &logs, |author| theirs.iter().any(|log| log.author == *author));
        let ours: BTreeMap<_, _> = logs.into_iter().map(|(author, log)| (author, log.tip)).collect();
        for log in theirs {
            let here = ours.get(&log.author);
            self.state().knows(topic, log.author, log.seq.saturating_add(1));
            if here.is_none_or(|tip| tip.seq < log.seq) {
                shared.pulls().offer(self.peer, topic, log.author, log.seq);
            } else if here.is_some_and(|tip| tip.seq == log.seq && tip.hash != log.hash) {
                shared.pulls().suspect(self.peer, topic, log.author, log.seq);
            }
        }
        if shared.journal.may_pull(&self.peer, &topic) {
            // Another entry with that number is not the one that is here.
            let other =
                |log: &&Height| ours.get(&log.author).is_some_and(|tip| tip.seq == log.seq && tip.hash != log.hash);
            let held = theirs.iter().filter(|log| !other(log));
            let held: Vec<_> = held.filter_map(|log| Some((log.author, log.held()?))).collect();
            shared.journal.record_receipts(&self.peer, &topic, &held);
        }
        self.fetch.notify_one();
    }
}
