//! Keeps the members of rooms those of their parents. Each device takes part in the rooms that managers of its spaces list, and
//! asks the others for them; managers' devices let the members of the parent in, give them its levels, and take them out.
//!
//! Nobody is brought into a room by a message: what is listed is written in the parent by somebody who managed it, and what a room
//! says of itself must name that parent. Who does what is no matter: two devices that do the same at once say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use compeer_core::group::{GroupKind, Level, Member, Rules};
use compeer_core::{GroupId, Hlc};
use tokio::time::Instant;

use super::came_by_invitation;
use crate::error::ActError;
use crate::model::{Field, Op, SpaceState};
use crate::service::Spaces;
use crate::service::chat::people;
use crate::service::introduce::link_up;
use crate::view::{ListedRoom, View};

/// Before a device gives somebody back in a room what they had lost there, it waits so long for the parent's journal to say why.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be done about one member of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    person: GroupId,
    level: Option<Level>,
    /// They had more in the room before: perhaps somebody has just taken it from them, and the parent says so, too.
    restores: bool,
}

/// By room and person: since when something waits to be given back.
type Waits = BTreeMap<(GroupId, GroupId), Instant>;

impl Spaces {
    /// The task that keeps rooms.
    pub(in crate::service) async fn keep_rooms(self) {
        let mut links = self.inner.mesh.events();
        let mut waits = Waits::new();
        loop {
            let next = tokio::select! {
                () = self.inner.stop.cancelled() => return,
                next = self.keep_rooms_once(&mut waits) => next,
            };
            let next = next.unwrap_or_else(|error| {
                tracing::error!(%error, "the rooms of spaces could not be looked at");
                None
            });
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                () = self.inner.rooms_due.notified() => {}
                () = link_up(&mut links) => {}
                () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
            }
        }
    }

    /// Looks at all rooms once. Returns when to look again, should nothing happen until then.
    async fn keep_rooms_once(&self, waits: &mut Waits) -> Result<Option<Instant>, ActError> {
        let own = self.inner.journal.device();
        let mut now_waiting = Waits::new();
        for (space, rules) in self.spaces() {
            if self.state_by(&rules) != SpaceState::Active || rules.level(&own) < Some(Level::Read) {
                continue;
            }
            // A room has no rooms.
            if self.inner.guest_rooms.get(&space).is_none() {
                for listed in self.listed_rooms(space).await? {
                    self.take_part(space, &rules, &listed).await?;
                }
                continue;
            }
            if rules.level(&own) < Some(Level::Manage) {
                continue;
            }
            let Some(parent) = self.parent_of(&space) else { continue };
            let Some(parent_rules) = self.inner.journal.rules(&parent) else { continue };
            if parent_rules.ended().is_some() {
                if let Err(error) = self.end_alone(space).await {
                    tracing::warn!(space = %space.short(), %error, "the room of a space that has ended could not be ended");
                }
            } else if parent_rules.level(&own) == Some(Level::Manage) && self.is_my_room(space).await? {
                for step in self.steps(parent, &parent_rules, &rules).await? {
                    let key = (space, step.person);
                    let since = waits.get(&key).copied().unwrap_or_else(Instant::now);
                    if step.restores && since.elapsed() < PATIENCE {
                        now_waiting.insert(key, since);
                    } else {
                        self.take(space, step).await;
                    }
                }
            }
        }
        *waits = now_waiting;
        Ok(waits.values().min().map(|since| *since + PATIENCE))
    }

    /// Takes part in a room that managers of `space` list, and asks for it until it is here.
    async fn take_part(&self, space: GroupId, rules: &Rules, listed: &ListedRoom) -> Result<(), ActError> {
        let room = listed.room;
        if self.leaving().contains(&room) {
            return Ok(());
        }
        match self.inner.journal.topic(&room) {
            // What has shown to be no room of this space is not taken up again.
            None if self.welcomed().contains(&room) => return Ok(()),
            None => {
                let person = listed.person;
                self.inner.view.with(move |view| view.note_welcomed(&room, &person)).await?;
                self.welcomed().insert(room);
                self.inner.journal.adopt(room).await?;
            }
            // It is known as something else, such as somebody's person.
            Some(topic) if !topic.adopted => return Ok(()),
            Some(topic) if topic.kind.is_some_and(|kind| kind != GroupKind::Space) => {
                if self.welcomed().contains(&room) {
                    self.inner.journal.forget(room).await?;
                }
                return Ok(());
            }
            Some(_) => {}
        }
        let rules_here = self.inner.journal.rules(&room);
        if rules_here.as_ref().is_none_or(|rules| !rules.founded()) {
            for link in self.inner.mesh.links() {
                if rules.level(&link.device()) >= Some(Level::Read) {
                    self.inner.sync.ask(room, &link.device());
                }
            }
        }
        if rules_here.is_some_and(|rules| rules.ended().is_some()) {
            self.unlist_room(space, room).await?;
        }
        Ok(())
    }

    /// Says in `space` that a room has ended, as managers do.
    async fn unlist_room(&self, space: GroupId, room: GroupId) -> Result<(), ActError> {
        if self.rules_for(&space, Level::Manage).is_err() || self.rules_for(&space, Level::Write).is_err() {
            return Ok(());
        }
        let listed = self.listed_rooms(space).await?.into_iter().filter(|listed| listed.room == room);
        let op = |listed: ListedRoom| Op::Set { object: listed.made, fields: vec![Field::RoomOf { thing: None }] };
        let ops: Vec<_> = listed.map(|listed| op(listed).encode()).collect::<Result<_, _>>()?;
        if !ops.is_empty() {
            self.inner.journal.append_all(space, ops).await?;
            self.catch_up(space).await;
        }
        Ok(())
    }

    /// What is to be done so that a room has the members of its parent.
    async fn steps(&self, parent: GroupId, parent_rules: &Rules, rules: &Rules) -> Result<Vec<Step>, ActError> {
        let outside: Vec<GroupId> = people(rules).filter(|person| !is_in(parent_rules, person)).collect();
        let was_in = move |view: &View| {
            outside.iter().map(|person| Ok((*person, view.was_in(&parent, person)?))).collect::<Result<_, _>>()
        };
        let was_in: BTreeMap<GroupId, Option<Hlc>> = self.inner.view.with(was_in).await?;
        let me = self.person_id()?;
        Ok(steps(parent_rules, rules, &|person| was_in.get(person).copied().flatten(), &me))
    }

    async fn take(&self, room: GroupId, step: Step) {
        let Step { person, level, .. } = step;
        // Another task of this device may have done it.
        let now = self.rules(&room).map(|rules| level_in(&rules, &person));
        if now.is_err() || now.is_ok_and(|now| now == level) {
            return;
        }
        if let Err(error) = self.inner.journal.set_member(room, Member::Group(person), level, None).await {
            tracing::warn!(space = %room.short(), person = %person.short(), ?level, %error, "a member of a room could not follow its parent");
        }
    }

    /// Does at once in the rooms of a space what this device has just decided there. What fails is tried again later.
    pub(in crate::service) async fn even_out_rooms(&self, space: GroupId) {
        let own = self.inner.journal.device();
        for room in self.rooms_under(&space) {
            let (Some(parent), Ok(rules)) = (self.inner.journal.rules(&space), self.rules(&room)) else { continue };
            if rules.level(&own) < Some(Level::Manage) {
                continue;
            }
            match self.steps(space, &parent, &rules).await {
                Ok(steps) => {
                    for step in steps {
                        self.take(room, step).await;
                    }
                }
                Err(error) => tracing::warn!(space = %room.short(), %error, "a room could not be looked at"),
            }
        }
        self.inner.rooms_due.notify_one();
    }

    /// Leaves the rooms of a space that I am about to leave. Its managers have been let into them by then, if they could be.
    pub(in crate::service) async fn leave_rooms(&self, space: GroupId) -> Result<(), ActError> {
        self.even_out_rooms(space).await;
        let me = self.person_id()?;
        for room in self.rooms_under(&space) {
            self.inner.journal.set_member(room, Member::Group(me), None, None).await?;
            self.begin_farewell(room).await?;
        }
        Ok(())
    }

    /// Ends the rooms of a space that is about to end.
    pub(in crate::service) async fn end_rooms(&self, space: GroupId) -> Result<(), ActError> {
        for room in self.rooms_under(&space) {
            if self.rules_for(&room, Level::Manage).is_ok() {
                self.end_alone(room).await?;
            }
        }
        Ok(())
    }

    /// Says in the space that a room belongs to that the room has ended, if it is one.
    pub(in crate::service) async fn unlist_ended(&self, space: GroupId) -> Result<(), ActError> {
        match self.my_parent_of(&space) {
            Some((parent, _)) => self.unlist_room(parent, space).await,
            None => Ok(()),
        }
    }
}

fn level_in(rules: &Rules, person: &GroupId) -> Option<Level> {
    rules.members().get(&Member::Group(*person)).map(|info| info.level)
}

fn is_in(rules: &Rules, person: &GroupId) -> bool {
    level_in(rules, person).is_some()
}

/// Whether somebody is or ever was in a group, with any device.
fn was_ever_in(rules: &Rules, person: &GroupId) -> bool {
    is_in(rules, person) || rules.past_devices().values().any(|via| *via == Member::Group(*person))
}

/// What is to be done so that a room has the members of its parent with their levels. `was_in`: when somebody last said in the
/// parent what they are called. `me` comes last, because I may lose the right to do the rest.
fn steps(parent: &Rules, room: &Rules, was_in: &dyn Fn(&GroupId) -> Option<Hlc>, me: &GroupId) -> Vec<Step> {
    let everybody: BTreeSet<GroupId> = [parent, room].into_iter().flat_map(people).collect();
    let step = |person: GroupId| {
        let (there, here) = (level_in(parent, &person), level_in(room, &person));
        let level = match there {
            Some(level) => Some(level),
            // Somebody has let them in because of what the parent's journal has not told here yet.
            None if !came_by_invitation(room, &person) && !was_ever_in(parent, &person) => here,
            None if !was_ever_in(parent, &person) || came_back_as_guest(room, &person, was_in(&person)) => {
                here.map(|level| level.min(Level::Write))
            }
            None => None,
        };
        (level != here).then(|| Step { person, level, restores: level > here && was_ever_in(room, &person) })
    };
    let mut steps: Vec<Step> = everybody.into_iter().filter_map(step).collect();
    // Rights are given before they are taken: somebody is to be left who manages the room.
    steps.sort_by_key(|step| (step.person == *me, step.level < level_in(room, &step.person)));
    steps
}

/// Whether somebody who is no longer in the parent was invited into the room after they had been: they came into it, by an
/// invitation, after the last time they said in the parent what they are called.
fn came_back_as_guest(room: &Rules, person: &GroupId, was_in: Option<Hlc>) -> bool {
    let since = room.members().get(&Member::Group(*person)).map(|info| info.since);
    came_by_invitation(room, person) && since.zip(was_in).is_some_and(|(since, was_in)| was_in < since)
}
