//! Taking part in topics, leaving them, and knowing how far our own log on them has come.

use std::time::{Duration, Instant};

use compeer_core::group::topic_tag;
use compeer_core::{DeviceId, GroupId};

use crate::engine::Engine;
use crate::identity::Asking;
use crate::store::{StoreError, write};
use crate::topic::Topic;

/// How often it is looked whether a restore is long enough ago.
const LOOK: Duration = Duration::from_secs(60);

impl Engine {
    /// Whether a write on this topic has to wait until it is known how far our log had come, and for how many devices.
    pub(crate) fn must_ask(&self, topic: &Topic) -> Option<usize> {
        Some(topic.unheard(&self.me).count()).filter(|devices| topic.asking != Asking::No && *devices > 0)
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
                let was_here = write::was_forgotten(&self.db, &topic_tag(&id, &self.me))?;
                let asking = if was_here { Asking::Returned } else { Asking::No };
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
        self.scrub.note(&self.db)?;
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
    pub(crate) fn hear_own_height(
        &mut self,
        id: GroupId,
        from: DeviceId,
        height: Option<u64>,
    ) -> Result<(), StoreError> {
        let topic = self.topics.0.get_mut(&id).filter(|topic| topic.asking != Asking::No);
        let Some(topic) = topic else { return Ok(()) };
        // That it has access may show only later, and it does not answer twice.
        topic.told.insert(from, height);
        self.check_own_height(id)
    }

    /// Stops asking once it is known how far our own log had come: see [`crate::identity`].
    pub(crate) fn check_own_height(&mut self, id: GroupId) -> Result<(), StoreError> {
        let patient = !self.is_patience_over();
        let Some(topic) = self.topics.0.get(&id) else { return Ok(()) };
        let all = topic.rules.founded() && topic.unheard(&self.me).next().is_none();
        let here = topic.own_height(&self.me);
        let known = match topic.asking {
            Asking::No => return Ok(()),
            Asking::Returned => match topic.told.values().max() {
                Some(told @ Some(_)) => here >= *told,
                _ => all,
            },
            Asking::Restored => {
                let heard =
                    topic.others(&self.me).any(|device| topic.told.get(device).is_some_and(|told| *told <= here));
                // Who is alone may be about to hear that somebody else was added later.
                let alone = topic.others(&self.me).next().is_none();
                !alone && (all || (!patient && heard))
            }
        };
        if known { self.stop_asking(id) } else { Ok(()) }
    }

    /// Whether a restore is so long ago that nobody else is waited for who is away.
    fn is_patience_over(&self) -> bool {
        let Some(restored) = self.restored else { return true };
        let passed = Duration::from_millis(self.shared.now().saturating_sub(restored));
        passed >= self.options.patience && self.opened.elapsed() >= self.options.settling
    }

    /// Looks whether it is time to go on without those who are away.
    pub(crate) fn look_at_asking(&mut self) -> Result<(), StoreError> {
        let asking: Vec<GroupId> = self.asking().collect();
        asking.into_iter().try_for_each(|id| self.check_own_height(id))?;
        let more = self.asking().next().is_some();
        self.look_due = more.then(|| Instant::now() + LOOK);
        Ok(())
    }

    fn asking(&self) -> impl Iterator<Item = GroupId> {
        self.topics.0.iter().filter(|(_, topic)| topic.asking != Asking::No).map(|(id, _)| *id)
    }

    pub(crate) fn stop_asking(&mut self, id: GroupId) -> Result<(), StoreError> {
        let Some(topic) = self.topics.0.get_mut(&id) else { return Ok(()) };
        topic.asking = Asking::No;
        topic.told.clear();
        write::put_topic(&self.db, &id, topic.adopted, Asking::No, topic.generation)?;
        self.touch(id);
        self.schedule_grants(&id, false);
        Ok(())
    }

    pub(crate) fn trust_local(&mut self) -> Result<(), StoreError> {
        let asking: Vec<GroupId> = self.asking().collect();
        asking.into_iter().try_for_each(|id| self.stop_asking(id))
    }
}
