//! Going: a space that I left or ended goes from this device, but not before somebody else knows, or nobody ever would.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use compeer_core::GroupId;
use compeer_core::group::Rules;

use super::Spaces;
use crate::error::ActError;
use crate::model::SpacesEvent;

impl Spaces {
    /// Takes a space off the list now, and off the disk as soon as another device has our last word on it.
    pub(super) async fn begin_farewell(&self, space: GroupId) -> Result<(), ActError> {
        self.forget_transfers(space).await;
        self.inner.view.with(move |view| view.begin_farewell(&space)).await?;
        self.leaving().insert(space);
        self.unfollow(&space);
        self.tell(SpacesEvent::SpaceGone { space });
        if let Some(rules) = self.inner.journal.rules(&space) {
            self.finish_farewell(space, &rules).await;
        }
        Ok(())
    }

    /// Whether a space is on its way out; if somebody else knows by now, it goes.
    pub(super) async fn finish_farewell(&self, space: GroupId, rules: &Rules) -> bool {
        if !self.leaving().contains(&space) {
            return false;
        }
        let own = self.inner.journal.device();
        let told =
            self.inner.journal.heights(&space).get(&own).is_none_or(|tip| {
                self.inner.journal.holders(&space, &own, tip.seq).iter().any(|device| *device != own)
            });
        let alone = rules.devices().keys().all(|device| *device == own);
        if (told || alone)
            && let Err(error) = self.drop_space(space).await
        {
            tracing::warn!(space = %space.short(), %error, "a space that was left could not be removed yet");
        }
        true
    }

    /// Takes a space off this device.
    pub(super) async fn drop_space(&self, space: GroupId) -> Result<(), ActError> {
        self.forget_transfers(space).await;
        self.inner.journal.forget(space).await?;
        self.inner.view.with(move |view| view.forget(&space)).await?;
        let was_leaving = self.leaving().remove(&space);
        self.unfollow(&space);
        if !was_leaving {
            self.tell(SpacesEvent::SpaceGone { space });
        }
        Ok(())
    }

    pub(super) fn leaving(&self) -> std::sync::MutexGuard<'_, BTreeSet<GroupId>> {
        self.inner.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
