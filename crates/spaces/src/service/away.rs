//! Whether somebody is at a device: what it tells those it is linked with, and what they make of it.
//!
//! A device that says nothing is taken to have somebody at it, as one that cannot say it. What others say is kept for devices
//! that are linked, one moment each, so it cannot grow.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use compeer_core::{DeviceId, Millis};
use compeer_mesh::{Link, MeshEvent};
use tokio::sync::broadcast::error::RecvError;

use super::Spaces;
use super::presence::Sign;
use crate::model::SpacesEvent;

/// The longest absence that is believed (a year).
const LONGEST: Millis = 366 * 24 * 60 * 60 * 1000;
/// Of one other device it is told at most this often that it changed. What it said last counts all the same.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// Since when nobody has been at a device.
#[derive(Default)]
pub(super) struct Away(Mutex<Known>);

#[derive(Default)]
struct Known {
    own: Option<Millis>,
    /// Of linked devices.
    others: HashMap<DeviceId, Heard>,
}

/// What another device said.
#[derive(Default)]
struct Heard {
    since: Option<Millis>,
    /// When it was last told here that it changed.
    told: Option<Instant>,
    /// Whether it is about to be told.
    pending: bool,
}

impl Away {
    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what a linked device says. If that is to be told, returns after how long; [`Away::told`] says that it was.
    fn hear(&self, device: DeviceId, since: Option<Millis>, now: Instant) -> Option<Duration> {
        let mut known = self.lock();
        let heard = known.others.entry(device).or_default();
        let changed = heard.since.is_some() != since.is_some();
        heard.since = since;
        if !changed || heard.pending {
            return None;
        }
        heard.pending = true;
        Some(heard.told.map_or(Duration::ZERO, |told| TOLD_EVERY.saturating_sub(now.duration_since(told))))
    }

    /// That a device changed is told.
    fn told(&self, device: &DeviceId, now: Instant) {
        if let Some(heard) = self.lock().others.get_mut(device) {
            (heard.pending, heard.told) = (false, Some(now));
        }
    }
}

impl Spaces {
    /// Says since when nobody has been at this device; `None` when somebody is, or when nobody is to know. Returns whether that is
    /// new.
    pub fn set_away(&self, since: Option<Millis>) -> bool {
        {
            let mut known = self.inner.away.lock();
            if known.own == since {
                return false;
            }
            known.own = since;
        }
        for link in self.inner.mesh.links() {
            self.tell_away(link);
        }
        self.tell(SpacesEvent::Presence { device: self.inner.journal.device() });
        true
    }

    /// Since when nobody has been at a device, as it says.
    pub(super) fn away_since(&self, device: &DeviceId) -> Option<Millis> {
        let known = self.inner.away.lock();
        if *device == self.inner.journal.device() {
            return known.own;
        }
        known.others.get(device).and_then(|heard| heard.since)
    }

    /// Tells it to one device, if it is of somebody I share a space with.
    fn tell_away(&self, link: Link) {
        let device = link.device();
        if device != self.inner.journal.device() && self.person_behind(&device).is_some() {
            let own = self.inner.away.lock().own;
            let age = own.map(|since| self.now().saturating_sub(since));
            self.send_sign(link, &Sign::Away { age });
        }
    }

    /// Somebody says whether there is anybody at their device.
    pub(super) fn somebody_is_away(&self, device: DeviceId, age: Option<u64>) {
        // Only of those who are linked: what is kept goes with the link.
        if self.inner.mesh.link(device).is_none() || self.person_behind(&device).is_none() {
            return;
        }
        let since = age.map(|age| self.now().saturating_sub(age.min(LONGEST)));
        if let Some(wait) = self.inner.away.hear(device, since, Instant::now()) {
            let spaces = self.clone();
            self.inner.tasks.spawn(async move {
                tokio::select! {
                    () = spaces.inner.stop.cancelled() => return,
                    () = tokio::time::sleep(wait) => {}
                }
                spaces.inner.away.told(&device, Instant::now());
                spaces.tell(SpacesEvent::Presence { device });
            });
        }
    }

    /// The task that tells newcomers, and forgets those who go.
    pub(super) async fn follow_presence(self) {
        let mut links = self.inner.mesh.events();
        loop {
            let event = tokio::select! {
                () = self.inner.stop.cancelled() => return,
                event = links.recv() => event,
            };
            match event {
                Ok(MeshEvent::PeerUp { device, .. }) => {
                    let away = self.inner.away.lock().own.is_some();
                    if let Some(link) = self.inner.mesh.link(device).filter(|_| away) {
                        self.tell_away(link);
                    }
                }
                Ok(MeshEvent::PeerDown { device, .. }) => drop(self.inner.away.lock().others.remove(&device)),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    let linked = self.linked();
                    self.inner.away.lock().others.retain(|device, _| linked.contains(device));
                }
                Err(RecvError::Closed) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_last_counts_however_often_it_changes() {
        let (away, device, start) = (Away::default(), DeviceId::from_bytes([7; 32]), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        let since = || away.lock().others[&device].since;
        assert_eq!(away.hear(device, None, at(0)), None, "as one that says nothing");
        assert_eq!(away.hear(device, Some(9), at(1)), Some(Duration::ZERO));
        away.told(&device, at(1));
        assert_eq!(away.hear(device, None, at(31)), Some(Duration::from_millis(70)));
        // It is about to be told, so nothing more is to be done until then.
        for step in 32..100 {
            assert_eq!(away.hear(device, (step % 2 == 0).then_some(step), at(step)), None);
        }
        assert_eq!(since(), None);
        away.told(&device, at(101));
        assert_eq!(away.hear(device, Some(8), at(900)), Some(Duration::ZERO));
        away.told(&device, at(900));
        assert_eq!(away.hear(device, Some(7), at(2000)), None, "still away");
        assert_eq!((since(), away.lock().others.len()), (Some(7), 1));
    }
}
