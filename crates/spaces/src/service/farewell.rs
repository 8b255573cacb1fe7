//! Going: a space that I left or ended goes from this device, but not before somebody else knows, or nobody ever would.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use compeer_core::group::Rules;
use compeer_core::{DeviceId, GroupId};
use compeer_mesh::DownReason;
use tokio::sync::broadcast::error::RecvError;

use super::Spaces;
use crate::error::ActError;
use crate::model::SpacesEvent;

/// How often it is looked whether somebody knows, besides at every change of a link.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Spaces {
    /// Takes a space off the list now, and off the disk as soon as somebody else knows.
    pub(super) async fn begin_farewell(&self, space: GroupId) -> Result<(), ActError> {
        self.forget_transfers(space).await;
        self.inner.view.with(move |view| view.begin_farewell(&space)).await?;
        self.leaving().insert(space);
        self.unfollow(&space);
        self.tell(SpacesEvent::SpaceGone { space });
        self.inner.tasks.spawn(self.clone().see_off(space));
        Ok(())
    }

    /// Keeps a space that I left or ended until somebody else knows; then drops it.
    pub(super) async fn see_off(self, space: GroupId) {
        let mut links = self.inner.mesh.events();
        let mut look = tokio::time::interval(LOOK_EVERY);
        while let Some(rules) = self.inner.journal.rules(&space) {
            if self.is_known_elsewhere(&space, &rules) {
                break;
            }
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                _ = look.tick() => {}
                event = links.recv() => if matches!(event, Err(RecvError::Closed)) { return },
            }
        }
        if let Err(error) = self.drop_space(space).await {
            tracing::warn!(space = %space.short(), %error, "a space that was left could not be removed; it is tried at the next start");
        }
    }

    /// Whether somebody else has our last word, or there is nobody to tell. The end of a space is acknowledged like
    /// everything else. Whoever has heard that we left acknowledges nothing any more: it does not let us in.
    fn is_known_elsewhere(&self, space: &GroupId, rules: &Rules) -> bool {
        let own = self.inner.journal.device();
        let is_member = |device: &DeviceId| *device != own && rules.level(device).is_some();
        let acknowledged = self
            .inner
            .journal
            .heights(space)
            .get(&own)
            .is_none_or(|tip| self.inner.journal.holders(space, &own, tip.seq).iter().any(|device| *device != own));
        // An end turns nobody away, and a link that failed for another reason is no word about it.
        let turned_away = rules.ended().is_none()
            && self.inner.mesh.peers().iter().any(|peer| {
                is_member(&peer.device) && matches!(peer.failure, Some(DownReason::Refused | DownReason::Unwanted))
            });
        acknowledged || turned_away || !rules.devices().keys().any(is_member)
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
