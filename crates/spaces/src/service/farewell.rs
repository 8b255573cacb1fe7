//! Going: a space that I left goes from this device, but not before somebody else knows, or nobody ever would. Of one that
//! has ended, content and keys go at once; what is left tells the others until all of them have heard.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::PoisonError;
use std::time::Duration;

use compeer_core::group::{Rules, Said};
use compeer_core::{DeviceId, GroupId, Millis};
use compeer_mesh::DownReason;
use tokio::sync::broadcast::error::RecvError;

use super::groups::deed;
use super::{People, Spaces, name_or_id};
use crate::error::ActError;
use crate::model::{End, SpacesEvent, Unheard};

/// How often it is looked whether others know, besides at every change of a link.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// For how long a device goes on telling of an end that somebody has taken off their list.
const TELL_FOR: Millis = 30 * 24 * 60 * 60 * 1000;

impl Spaces {
    /// Takes a space off the list now, and off the disk as soon as others know.
    pub(super) async fn begin_farewell(&self, space: GroupId) -> Result<(), ActError> {
        self.forget_transfers(space).await;
        self.inner.view.with(move |view| view.begin_farewell(&space)).await?;
        self.leaving().insert(space);
        self.unfollow(&space);
        self.tell(SpacesEvent::SpaceGone { space });
        self.begin_to_see_off(space);
        Ok(())
    }

    /// Stops going, because I am about to come in again. Whether I was going.
    pub(super) async fn come_back(&self, space: GroupId) -> Result<bool, ActError> {
        let _turn = self.inner.parting.lock().await;
        let was_leaving = self.leaving().remove(&space);
        if was_leaving {
            self.inner.view.with(move |view| view.end_farewell(&space)).await?;
        }
        Ok(was_leaving)
    }

    /// Takes out what a space that has ended held, if that has not been done; the journal does the same with its own.
    pub(super) async fn bury(&self, space: GroupId) {
        self.forget_transfers(space).await;
        let turn = self.inner.catching_up.lock().await;
        let buried = match self.remove_copies(space).await {
            Ok(()) => self.inner.view.with(move |view| view.bury(&space)).await.map_err(ActError::from),
            Err(error) => Err(error),
        };
        drop(turn);
        match buried {
            Ok(true) => {
                self.unfollow(&space);
                self.inner.rooms.rebuilt(space);
                self.inner.texts.forget(&space).await;
                self.tell(SpacesEvent::Undelivered { space, messages: 0, files: Vec::new() });
                self.tell(SpacesEvent::Much { space });
                if self.ended_by_me().contains(&space) {
                    self.begin_to_see_off(space);
                }
            }
            Ok(false) => {}
            Err(error) => {
                tracing::error!(space = %space.short(), %error, "what an ended space held was not removed; it is tried again");
            }
        }
    }

    /// Removes the copies of a space's files that lie in Compeer's own folder, unless another space has them, too. What
    /// somebody shared from, or fetched to, a folder of theirs stays there.
    pub(super) async fn remove_copies(&self, space: GroupId) -> Result<(), ActError> {
        let blobs = self.inner.view.with(move |view| view.blobs_of_this_alone(&space)).await?;
        let failed = compeer_blobs::AddError::from;
        for blob in blobs {
            for place in self.inner.blobs.places(blob).await.map_err(failed)? {
                if place.starts_with(&self.inner.downloads)
                    && let Err(error) = tokio::fs::remove_file(&place).await
                {
                    tracing::warn!(%error, "the copy of a file of an ended space was not removed");
                }
            }
            self.inner.blobs.forget(blob).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Watches from now on whether others know of a farewell or an end; then the space is dropped.
    pub(super) fn begin_to_see_off(&self, space: GroupId) {
        if self.inner.seen_off.lock().unwrap_or_else(PoisonError::into_inner).insert(space) {
            self.inner.tasks.spawn(self.clone().see_off(space));
        }
    }

    async fn see_off(self, space: GroupId) {
        let mut links = self.inner.mesh.events();
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut over = true;
        while let Some(rules) = self.inner.journal.rules(&space) {
            let is_left = self.leaving().contains(&space);
            if rules.ended().is_none() && !is_left {
                // The end turned out not to count.
                over = false;
                break;
            }
            if self.is_told(&space, &rules, is_left) {
                break;
            }
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                _ = look.tick() => {}
                event = links.recv() => if matches!(event, Err(RecvError::Closed)) { return },
            }
        }
        let turn = self.inner.parting.lock().await;
        // Whoever has come back meanwhile stays.
        let ended = self.inner.journal.rules(&space).is_some_and(|rules| rules.ended().is_some());
        over &= ended || self.leaving().contains(&space);
        if over && let Err(error) = self.drop_space(space).await {
            tracing::warn!(space = %space.short(), %error, "a space that was left could not be removed; it is tried at the next start");
        }
        drop(turn);
        self.inner.seen_off.lock().unwrap_or_else(PoisonError::into_inner).remove(&space);
        // It may be a room of a space that I have come back into meanwhile.
        self.inner.rooms_due.notify_one();
    }

    /// Whether all have heard of the end of a space that has ended, or somebody of my leaving.
    fn is_told(&self, space: &GroupId, rules: &Rules, is_left: bool) -> bool {
        match rules.ended() {
            Some(end) => {
                let told_long = is_left && self.now() > end.clock.millis().saturating_add(TELL_FOR);
                told_long || self.unheard(space, rules, &end).is_empty()
            }
            None => self.is_known_elsewhere(space, rules),
        }
    }

    /// Whether somebody else has our last word, or there is nobody to tell. Whoever has heard that we left acknowledges
    /// nothing any more: it does not let us in.
    fn is_known_elsewhere(&self, space: &GroupId, rules: &Rules) -> bool {
        let own = self.inner.journal.device();
        let is_member = |device: &DeviceId| *device != own && rules.level(device).is_some();
        let acknowledged = self
            .inner
            .journal
            .heights(space)
            .get(&own)
            .is_none_or(|tip| self.inner.journal.holders(space, &own, tip.seq).iter().any(|device| *device != own));
        // A link that failed for another reason is no word about it.
        let turned_away = self.inner.mesh.peers().iter().any(|peer| {
            is_member(&peer.device) && matches!(peer.failure, Some(DownReason::Refused | DownReason::Unwanted))
        });
        acknowledged || turned_away || !rules.devices().keys().any(is_member)
    }

    /// The devices of members that are not known to have heard of the end.
    fn unheard(&self, space: &GroupId, rules: &Rules, end: &Said) -> BTreeSet<DeviceId> {
        let heard = self.inner.journal.holders(space, &end.by, end.seq);
        let own = self.inner.journal.device();
        let others = rules.devices().keys().filter(|device| **device != own && **device != end.by);
        others.filter(|device| !heard.contains(device)).copied().collect()
    }

    /// Whether a space has ended and nobody is left to tell.
    pub(super) fn all_have_heard(&self, space: &GroupId) -> bool {
        let rules = self.inner.journal.rules(space);
        rules.is_some_and(|rules| rules.ended().is_some_and(|end| self.unheard(space, &rules, &end).is_empty()))
    }

    /// How a space ended, and who has not heard of it yet.
    pub(super) fn end_of(
        &self,
        space: &GroupId,
        rules: &Rules,
        end: &Said,
        (names, device_names): (&People, &HashMap<DeviceId, String>),
    ) -> End {
        let mut unheard: BTreeMap<GroupId, Unheard> = BTreeMap::new();
        for device in self.unheard(space, rules, end) {
            // A device that is a member by itself stands for nobody.
            let person = rules.person_of(&device).unwrap_or_else(|| GroupId::from_bytes(*device.as_bytes()));
            let name = || name_or_id(names, &person);
            let of = unheard.entry(person).or_insert_with(|| Unheard { person, name: name(), devices: Vec::new() });
            of.devices.push(device_names.get(&device).cloned().unwrap_or_else(|| device.short()));
        }
        let mut unheard: Vec<Unheard> = unheard.into_values().collect();
        unheard.iter_mut().for_each(|one| one.devices.sort());
        unheard.sort_by(|a, b| a.name.to_lowercase().cmp(&b.name.to_lowercase()).then(a.person.cmp(&b.person)));
        End { deed: deed(rules, names, end), unheard }
    }

    /// The spaces on the list that somebody who uses this device has ended.
    pub(super) fn ended_by_me(&self) -> Vec<GroupId> {
        let Some(me) = self.me() else { return Vec::new() };
        let mine = |rules: &Rules| rules.ended().is_some_and(|end| rules.owner_of(&end.by) == Some(me.person));
        self.spaces().into_iter().filter(|(_, rules)| mine(rules)).map(|(space, _)| space).collect()
    }

    /// Takes a space off this device.
    pub(super) async fn drop_space(&self, space: GroupId) -> Result<(), ActError> {
        self.forget_transfers(space).await;
        self.inner.journal.forget(space).await?;
        self.inner.view.with(move |view| view.forget(&space)).await?;
        let was_leaving = self.leaving().remove(&space);
        self.unfollow(&space);
        self.forget_room(space);
        if !was_leaving {
            self.tell(SpacesEvent::SpaceGone { space });
        }
        Ok(())
    }

    pub(super) fn leaving(&self) -> std::sync::MutexGuard<'_, BTreeSet<GroupId>> {
        self.inner.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
