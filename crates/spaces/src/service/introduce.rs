//! Names in a space: who may write puts their own into it; who may only read asks somebody who may write to do it.
//!
//! A reader's device asks one linked writer at a time, and only while its own view shows it under no name or another
//! one. The introduction comes back as an entry, which ends the asking everywhere: nobody writes twice, and writers need
//! not agree on who does it. What is written on somebody's behalf is the writer's word, and never beats the person's own.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use compeer_core::group::{Level, Member, Rules};
use compeer_core::{DeviceId, GroupId};
use compeer_mesh::{Door, MeshEvent};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::presence::Sign;
use super::{Me, Spaces};
use crate::model::{Op, Profile, SpaceState};

/// How long a writer has to introduce us before the next one is asked.
const ANSWER: Duration = Duration::from_secs(10);
/// When everybody who is here was asked in vain, it begins again after this.
const AGAIN: Duration = Duration::from_secs(600);
/// Readers cannot write, so they must not make others write without end: so many requests of one person are heard …
const HEARD: u32 = 8;
/// … and one more each time this has passed.
const ONE_MORE: Duration = Duration::from_secs(600);
/// People whose requests are counted.
const REMEMBERED: usize = 1024;

/// The requests of each person in each space: how many count still, and since when.
#[derive(Default)]
pub(super) struct Requests(Mutex<HashMap<(GroupId, GroupId), (u32, Instant)>>);

impl Requests {
    pub(super) fn passes(&self, space: GroupId, person: GroupId, now: Instant) -> bool {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() >= REMEMBERED {
            requests.retain(|_, (_, since)| now.duration_since(*since) < ONE_MORE);
        }
        if requests.len() >= REMEMBERED && !requests.contains_key(&(space, person)) {
            return false;
        }
        let (count, since) = requests.entry((space, person)).or_insert((0, now));
        while *count > 0 && now.duration_since(*since) >= ONE_MORE {
            *count -= 1;
            *since += ONE_MORE;
        }
        if *count == 0 {
            *since = now;
        }
        if *count >= HEARD {
            return false;
        }
        *count += 1;
        true
    }
}

/// How far the asking in one space has got.
#[derive(Default)]
struct Asking {
    /// What is asked for.
    profile: Profile,
    /// Who was asked.
    writers: BTreeSet<DeviceId>,
    /// When the last of them was.
    last: Option<Instant>,
    /// The space has shown it. Asked for again only when it changes: two devices of a person that know it under
    /// different names would otherwise take turns for ever.
    done: bool,
}

impl Spaces {
    /// Writes my profile into a space that does not have it from me yet, as soon as I can seal for its readers. Where I
    /// may only read, somebody else is asked.
    pub(super) async fn introduce(&self, space: GroupId) {
        // Called for every message, so it first asks what is in memory.
        if self.is_introduced(space) {
            return;
        }
        let (Some(me), Ok(rules)) = (self.me(), self.rules(&space)) else { return };
        if self.state_by(&rules) != SpaceState::Active || rules.archived().is_some() {
            return;
        }
        if rules.level(&self.inner.journal.device()) < Some(Level::Write) {
            self.inner.nameless.notify_one();
            return;
        }
        // While the log of some member has not come, its devices look like strangers who hold the space's key, and writing
        // would start an epoch: each newcomer to a large space would. The log brings us here again.
        if !rules.unknown_groups().is_empty() && !self.has_waited_for_members(space) {
            return;
        }
        // The space's name is sealed like everything else: once it is here, so is the key, and writing needs no epoch
        // of its own.
        let person = me.person;
        let known = self.inner.view.with(move |view| {
            let own = view.profile(&space, &person)?.is_some_and(|shown| shown.own);
            Ok(view.name(&space)?.is_some().then_some(own))
        });
        let Some(own) = known.await.ok().flatten() else { return };
        if !self.is_first_introduction(space) || own {
            return;
        }
        let Ok(op) = (Op::Profile { profile: me.profile }).encode() else { return };
        if let Err(error) = self.inner.journal.append(space, op).await {
            tracing::warn!(space = %space.short(), %error, "could not introduce myself");
            self.introduction_failed(space);
        }
    }

    /// The task of a device whose person may only read in some spaces: asks those who may write for an introduction.
    pub(super) async fn ask_for_introductions(self) {
        let mut links = self.inner.mesh.events();
        let mut asking = HashMap::new();
        loop {
            let next = self.ask_everywhere(&mut asking).await;
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                () = self.inner.nameless.notified() => {}
                () = link_up(&mut links) => {}
                () = tokio::time::sleep(next.unwrap_or(AGAIN)), if next.is_some() => {}
            }
        }
    }

    /// Asks where it is time to. Returns after what time it may be time again, if nothing happens until then.
    async fn ask_everywhere(&self, asking: &mut HashMap<GroupId, Asking>) -> Option<Duration> {
        let me = self.me()?;
        let device = self.inner.journal.device();
        let mut spaces = self.spaces();
        spaces.retain(|(_, rules)| {
            rules.level(&device) == Some(Level::Read) && rules.ended().is_none() && rules.archived().is_none()
        });
        asking.retain(|space, _| spaces.iter().any(|(other, _)| other == space));
        let mut next = None;
        for (space, rules) in spaces {
            let state = asking.entry(space).or_default();
            if state.profile != me.profile {
                *state = Asking { profile: me.profile.clone(), ..Asking::default() };
            }
            if !state.done {
                let wait = self.ask_in(space, &rules, &me, state).await;
                next = [next, wait].into_iter().flatten().min();
            }
        }
        next
    }

    async fn ask_in(&self, space: GroupId, rules: &Rules, me: &Me, state: &mut Asking) -> Option<Duration> {
        // Before the space's name is here, it is not known what it shows.
        state.done = self.shows(space, me.person, self.inner.journal.device(), &me.profile).await?;
        if state.done {
            return None;
        }
        let ago = state.last.map_or(AGAIN, |last| last.elapsed());
        if ago < ANSWER {
            return Some(ANSWER - ago);
        }
        if ago >= AGAIN {
            state.writers.clear();
        }
        let host = rules.members().get(&Member::Group(me.person)).map(|member| member.by);
        let mut writers = self.inner.mesh.links();
        writers.retain(|link| link.door() == Door::Member && rules.level(&link.device()) >= Some(Level::Write));
        writers.retain(|link| !state.writers.contains(&link.device()));
        // Who let us in first: it was there a moment ago, and knows whom it let in.
        let Some(link) = writers.into_iter().min_by_key(|link| (Some(link.device()) != host, link.device())) else {
            // With nobody here, the next link wakes us.
            return (!state.writers.is_empty()).then(|| AGAIN.saturating_sub(ago).max(ANSWER));
        };
        state.writers.insert(link.device());
        state.last = Some(Instant::now());
        self.send_sign(link, &Sign::Introduce { space, profile: me.profile.clone() });
        Some(ANSWER)
    }

    /// A reader asks to be introduced: by whom it is, its link has proven.
    pub(super) async fn introduce_reader(&self, space: GroupId, device: DeviceId, profile: Profile) {
        let Ok(rules) = self.rules_for(&space, Level::Write) else { return };
        let (Some(Level::Read), Some(person)) = (rules.level(&device), rules.person_of(&device)) else { return };
        let Ok(op) = (Op::Introduce { person, device, profile: profile.clone() }).encode() else { return };
        if !self.inner.requests.passes(space, person, Instant::now()) {
            return;
        }
        // One after the other, so that two requests for the same are one entry.
        let _turn = self.inner.introducing.lock().await;
        self.catch_up(space).await;
        if self.shows(space, person, device, &profile).await != Some(false) {
            return;
        }
        match self.inner.journal.append(space, op).await {
            Ok(_) => self.catch_up(space).await,
            Err(error) => tracing::warn!(space = %space.short(), %error, "could not introduce a reader"),
        }
    }

    /// Whether a space shows a person as `profile` says, or as they said themselves, which an introduction cannot
    /// change. `None` until the space's name has arrived.
    async fn shows(&self, space: GroupId, person: GroupId, device: DeviceId, profile: &Profile) -> Option<bool> {
        let profile = profile.clone();
        let look = self.inner.view.with(move |view| {
            if view.name(&space)?.is_none() {
                return Ok(None);
            }
            let Some(shown) = view.profile(&space, &person)? else { return Ok(Some(false)) };
            let device_name = view.devices(&space)?.remove(&device);
            let same = shown.name == profile.name && shown.picture == profile.picture;
            Ok(Some(shown.own || same && device_name.as_ref() == Some(&profile.device_name)))
        });
        look.await.ok().flatten()
    }
}

/// Returns when some device is linked.
pub(super) async fn link_up(events: &mut Receiver<MeshEvent>) {
    loop {
        match events.recv().await {
            Ok(MeshEvent::PeerUp { .. }) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            // The mesh has ended, and this service is about to.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_is_not_heard_without_end() {
        let (requests, start) = (Requests::default(), Instant::now());
        let (space, person, other) =
            (GroupId::from_bytes([1; 32]), GroupId::from_bytes([2; 32]), GroupId::from_bytes([3; 32]));
        let heard = |person, now| (0..100).filter(|_| requests.passes(space, person, now)).count();
        assert_eq!(heard(person, start), HEARD as usize);
        assert_eq!(heard(other, start), HEARD as usize, "each has their own");
        assert_eq!(heard(person, start + ONE_MORE / 2), 0);
        assert_eq!(heard(person, start + ONE_MORE), 1);
        assert_eq!(heard(person, start + ONE_MORE * 3), 2);
        assert_eq!(heard(person, start + ONE_MORE * 100), HEARD as usize, "a pause saves nothing up");
    }

    #[test]
    fn the_counts_are_bounded() {
        let (requests, start) = (Requests::default(), Instant::now());
        let person = |n: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            GroupId::from_bytes(bytes)
        };
        let space = person(0);
        let heard = (0..2 * REMEMBERED).filter(|n| requests.passes(space, person(*n), start)).count();
        assert_eq!(heard, REMEMBERED);
        assert!(requests.passes(space, person(2 * REMEMBERED), start + ONE_MORE), "room again, later");
    }
}
