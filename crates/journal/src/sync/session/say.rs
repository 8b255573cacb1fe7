//! The half of a session that says what is due.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use compeer_core::{DeviceId, GroupId, Tip};
use compeer_mesh::SendStream;
use tokio::time::{Instant, sleep_until};

use super::{End, Fresh, Session};
use crate::fork::Fork;
use crate::sync::receipts::in_crowd;
use crate::sync::shared::Shared;
use crate::sync::transfer;
use crate::sync::wire::{self, FORKS, Height, ITEMS, Message, Proof, Range, TopicDigest, VERSION};

/// Between two bursts: in a busy stretch what becomes due within it goes out together, which costs both sides little more
/// than one message does. What comes alone is not held up.
const PAUSE: Duration = Duration::from_millis(3);
/// In a large group more comes at once, from more sides, and each message wakes a device that has as many to wake: there the
/// pause grows with the number of devices.
const PAUSE_EACH: Duration = Duration::from_micros(500);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

impl Session {
    /// Sends what is due, whenever something is.
    pub(super) async fn write(&self, shared: &Arc<Shared>, mut send: SendStream) -> Result<(), End> {
        let mut pause = Instant::now();
        loop {
            let (is_due, announce_at) = {
                let state = self.state();
                (state.is_anything_due(Instant::now()), state.announce_at)
            };
            if !is_due {
                tokio::select! {
                    () = self.write.notified() => {}
                    () = sleep_until(announce_at.unwrap_or(pause)), if announce_at.is_some() => {}
                }
                continue;
            }
            sleep_until(pause).await;
            let due = self.state().take_due();
            // Opens the talk: nothing may go before it.
            if due.hello {
                let digest = shared.digest_with(&self.peer);
                wire::send(&mut send, &Message::Hello { version: VERSION, digest }).await?;
            }
            // What people wait for goes next.
            self.push(shared, &mut send, due.fresh).await?;
            for (topic, Tip { seq, hash, .. }) in due.held {
                if shared.journal.may_pull(&self.peer, &topic) {
                    let logs = vec![Height { author: self.peer, seq, hash, lacks: None }];
                    wire::send(&mut send, &Message::Have { topic, logs }).await?;
                }
            }
            if due.summary {
                let shared_topics = shared.journal.shared_with(&self.peer);
                let topics = shared_topics
                    .iter()
                    .take(ITEMS)
                    .filter_map(|topic| Some(TopicDigest { topic: *topic, digest: shared.journal.digest(topic)? }))
                    .collect();
                wire::send(&mut send, &Message::Summary { topics }).await?;
            }
            for (topic, answer) in due.heights {
                self.tell_heights(shared, &mut send, topic, answer).await?;
            }
            for topic in due.lazy {
                wire::send(&mut send, &Message::Lazy { topic }).await?;
            }
            let receipts: Vec<_> = due
                .receipts
                .into_iter()
                .filter(|receipt| shared.journal.may_pull(&self.peer, &receipt.topic))
                .collect();
            if !receipts.is_empty() {
                wire::send(&mut send, &Message::Receipts { receipts }).await?;
            }
            if due.addresses {
                let now = shared.whereabouts_for(&self.peer);
                let before = std::mem::replace(&mut self.state().told, now.clone());
                let news = now.into_iter().filter(|(device, place)| before.get(device) != Some(place));
                let devices: Vec<_> = news.map(|(_, place)| place).collect();
                if !devices.is_empty() {
                    wire::send(&mut send, &Message::Addresses { devices }).await?;
                }
            }
            pause = Instant::now() + in_crowd(PAUSE_EACH, shared.crowd_with(&self.peer)).clamp(PAUSE, LONGEST_PAUSE);
        }
    }

    /// Sends or announces what grew.
    async fn push(
        &self,
        shared: &Arc<Shared>,
        send: &mut SendStream,
        fresh: BTreeMap<(GroupId, DeviceId), Fresh>,
    ) -> Result<(), End> {
        let mut pushed: BTreeMap<GroupId, VecDeque<Range>> = BTreeMap::new();
        let mut announced: BTreeMap<GroupId, Vec<Height>> = BTreeMap::new();
        for ((topic, author), Fresh { first, tip, lacks, push }) in fresh {
            let mut state = self.state();
            let known = state.known.get(&(topic, author)).copied().unwrap_or(0);
            if known > tip.seq {
                continue;
            }
            if push {
                // Marked before it is sent: nothing is pushed twice, and if the stream breaks heights are compared.
                state.knows(topic, author, tip.seq.saturating_add(1));
                pushed.entry(topic).or_default().push_back(Range { author, from: first.max(known), to: tip.seq });
            } else {
                announced.entry(topic).or_default().push(Height { author, seq: tip.seq, hash: tip.hash, lacks });
            }
        }
        for (topic, ranges) in pushed {
            transfer::send_ranges(shared, &self.peer, send, topic, ranges, |_| {}).await?;
        }
        for (topic, logs) in announced {
            if shared.journal.may_pull(&self.peer, &topic) {
                for logs in logs.chunks(ITEMS) {
                    wire::send(send, &Message::Have { topic, logs: logs.to_vec() }).await?;
                }
            }
        }
        Ok(())
    }

    async fn tell_heights(
        &self,
        shared: &Shared,
        send: &mut SendStream,
        topic: GroupId,
        mut answer: bool,
    ) -> Result<(), End> {
        // A device that may not have the topic can still be asked for it: it may have let us in just now.
        let ends =
            if shared.journal.may_pull(&self.peer, &topic) { shared.journal.logs(&topic) } else { BTreeMap::new() };
        let mut logs: Vec<_> = ends.into_iter().map(|(author, log)| Height::of(author, log)).collect();
        if logs.is_empty() && !answer {
            return Ok(());
        }
        let forks = if logs.is_empty() { Vec::new() } else { shared.journal.forks(&topic) };
        let proof = |fork: &Fork| {
            let [one, other] = fork.headers().map(<[u8]>::to_vec);
            Proof { one, other }
        };
        let told = forks.iter().filter(|fork| fork.convinces(&topic));
        let mut forks: Vec<_> = told.take(FORKS).map(proof).collect();
        loop {
            let rest = logs.split_off(logs.len().min(ITEMS));
            let (answer, forks) = (std::mem::take(&mut answer), std::mem::take(&mut forks));
            wire::send(send, &Message::Heights { topic, logs, answer, forks }).await?;
            if rest.is_empty() {
                return Ok(());
            }
            logs = rest;
        }
    }
}
