//! Taking part in topics, leaving them, and knowing how far our own log on them has come.

use compeer_core::group::topic_tag;
use compeer_core::{DeviceId, GroupId};

use crate::engine::Engine;
use crate::store::{StoreError, write};
use crate::topic::Topic;

impl Engine {
    /// Whether a write on this topic has to wait for a peer to tell our own height.
    pub(crate) fn must_ask(&self, topic: &Topic) -> Option<usize> {
        let others = topic.rules.devices().keys().filter(|device| **device != self.me).count();
        (topic.asking && others > 0).then_some(others)
    }

    /// Adds a topic, or changes whether we take part in one.
    pub(crate) fn join_topic(&mut self, id: GroupId, adopt: bool) -> Result<(), StoreError> {
        let now = self.shared.now();
        match self.topics.0.get_mut(&id) {
            Some(topic) if topic.adopted || !adopt => return Ok(()),
            Some(topic) => {
                topic.adopted = true;
                write::put_topic(&self.db, &id, true, topic.asking, topic.generation)?;
            }
            None => {
                // Having been here before, we may have written more than we know.
                let asking = write::was_forgotten(&self.db, &topic_tag(&id, &self.me))?;
                let row = write::put_topic(&self.db, &id, adopt, asking, now)?;
                self.topics.0.insert(id, Topic::empty(row, id, adopt, asking, now));
            }
        }
        let touched = self.touch(id);
        touched.rules = true;
        touched.adopted = adopt;
        Ok(())
    }

    /// Drops a topic, and the groups that were only here because they are members of it.
    pub(crate) fn forget(&mut self, id: GroupId) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.remove(&id) else { return Ok(()) };
        if topic.logs.contains_key(&self.me) {
            write::note_forgotten(&self.db, &topic_tag(&id, &self.me))?;
        }
        let logs: Vec<i64> = topic.logs.values().map(|log| log.row).collect();
        write::forget(&self.db, topic.row, &logs)?;
        self.touch(id);
        self.carried.forget(&id);
        self.grants_due.remove(&id);
        self.uncounted.retain(|(of, _)| *of != id);
        self.vacuum_wal = true;
        for group in topic.log.member_groups() {
            let named = self.topics.0.values().any(|other| other.log.member_groups().contains(group));
            if !named && self.topics.0.get(group).is_some_and(|inner| !inner.adopted) {
                self.forget(*group)?;
            }
        }
        // Still a member of another group: its rules are needed, and come again from peers.
        if self.topics.0.values().any(|other| other.log.member_groups().contains(&id)) {
            self.join_topic(id, false)?;
        }
        Ok(())
    }

    /// `from` has told how far our own log has come on this topic at its place.
    ///
    /// One who has at least what is here knows how far it was; our log only has to get there. One who has less knows
    /// nothing: it takes the word of all others to say that nobody knows more.
    pub(crate) fn hear_own_height(
        &mut self,
        id: GroupId,
        from: DeviceId,
        height: Option<u64>,
    ) -> Result<(), StoreError> {
        let me = self.me;
        let Some(topic) = self.topics.0.get_mut(&id).filter(|topic| topic.asking) else { return Ok(()) };
        let here = topic.logs.get(&me).and_then(|log| log.tip).map(|tip| tip.seq);
        if height.is_some() && height >= here {
            topic.own_height = topic.own_height.max(height);
        }
        topic.answered.insert(from);
        self.check_own_height(id)
    }

    /// Whether our own log has come as far as somebody told it had been, or nobody knows of more.
    pub(crate) fn check_own_height(&mut self, id: GroupId) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get(&id).filter(|topic| topic.asking) else { return Ok(()) };
        let here = topic.logs.get(&self.me).and_then(|log| log.tip).map(|tip| tip.seq);
        let mut others = topic.rules.devices().keys().filter(|device| **device != self.me);
        let known = match topic.own_height {
            Some(height) => here >= Some(height),
            None => topic.rules.founded() && others.all(|device| topic.answered.contains(device)),
        };
        if known { self.stop_asking(id) } else { Ok(()) }
    }

    pub(crate) fn stop_asking(&mut self, id: GroupId) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(()) };
        topic.asking = false;
        topic.own_height = None;
        topic.answered.clear();
        write::put_topic(&self.db, &id, topic.adopted, false, topic.generation)?;
        self.touch(id);
        self.schedule_grants(&id);
        Ok(())
    }

    pub(crate) fn trust_local(&mut self) -> Result<(), StoreError> {
        let asking: Vec<GroupId> = self.topics.0.iter().filter(|(_, topic)| topic.asking).map(|(id, _)| *id).collect();
        asking.into_iter().try_for_each(|id| self.stop_asking(id))
    }
}
