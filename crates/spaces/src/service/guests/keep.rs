//! Keeps the members of rooms those of their parents. Each device takes part in the rooms that managers of its spaces list, and
//! asks the others for them; managers' devices let the members of the parent in, give them its levels, and take them out.
//!
//! Nobody is brought into a room by a message: what is listed is written in the parent by somebody who managed it, and what a room
//! says of itself must name that parent. Who does what is no matter: two devices that do the same at once say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use compeer_core::group::{GroupKind, Level, Member, Rules};
use compeer_core::{EntryHash, GroupId, Hlc};
use tokio::time::Instant;

use super::{came_by_invitation, name_for};
use crate::error::ActError;
use crate::model::{Field, Kind, Op, SpaceState, SpacesEvent};
use crate::service::Spaces;
use crate::service::chat::people;
use crate::service::introduce::link_up;
use crate::view::{ListedRoom, Said, View, itself};

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
            } else if parent_rules.level(&own) == Some(Level::Manage)
                && let Some(listed) = self.my_room(space).await?
            {
                self.take_over(parent, &listed).await;
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

    /// Says in a room what its parent has said since of the room's name and of how long messages stay.
    async fn take_over(&self, parent: GroupId, listed: &ListedRoom) {
        let ListedRoom { room, thing, .. } = *listed;
        let look = move |view: &View| {
            let board = if view.room(&room)?.is_some_and(|row| row.kind == Kind::Board) {
                view.first_board(&room)?
            } else {
                None
            };
            Ok((view.title_said(&parent, &thing)?, view.said(&parent)?, view.said(&room)?, board))
        };
        let done = async {
            let (title, there, here, board) = self.inner.view.with(look).await?;
            let ops = taken_over(title, there, here, (room, board));
            let ops = ops.iter().map(Op::encode).collect::<Result<Vec<_>, _>>()?;
            if ops.is_empty() || self.rules_for(&room, Level::Write).is_err() {
                return Ok(());
            }
            self.inner.journal.append_all(room, ops).await?;
            self.catch_up(room).await;
            Ok::<(), ActError>(())
        };
        if let Err(error) = done.await {
            tracing::warn!(space = %room.short(), %error, "a room could not follow what its parent says");
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
            match self.my_room(room).await {
                Ok(Some(listed)) => self.take_over(space, &listed).await,
                Ok(None) => {}
                Err(error) => tracing::warn!(space = %room.short(), %error, "a room could not be looked up"),
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

    /// Makes the rooms of a space read-only along with it, or takes that back.
    pub(in crate::service) async fn archive_rooms(&self, space: GroupId, on: bool) -> Result<(), ActError> {
        for room in self.rooms_under(&space) {
            if self.rules_for(&room, Level::Manage).is_ok_and(|rules| rules.archived().is_some() != on) {
                self.inner.journal.archive(room, on).await?;
                self.tell(SpacesEvent::Space { space: room });
            }
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

/// What is to be said in a room, so that it says what its parent has said later: what it is called, which is the title of what it
/// was made for, and after how many days messages go. A time that was set later in the room itself stays; a name counts by when
/// it was given as a title, so that a device that has not heard of the last one undoes nothing, whenever it speaks.
fn taken_over(
    title: Option<(String, Hlc)>,
    there: Said,
    here: Said,
    (room, board): (GroupId, Option<EntryHash>),
) -> Vec<Op> {
    let mut ops = Vec::new();
    if let Some((title, since)) = title
        && here.name.is_none_or(|(_, said)| said < since)
    {
        ops.push(Op::RoomName { name: name_for(&title), since });
        // By its own title it is known where the room is exported to.
        ops.extend(board.map(|object| Op::Set { object, fields: vec![Field::Title { text: title }] }));
    }
    let (days, since) = there.days.unwrap_or_default();
    let (now, said) = here.days.unwrap_or_default();
    if days != now && said < since {
        ops.push(Op::Set { object: itself(&room), fields: vec![Field::Retention { days }] });
    }
    ops
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

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: GroupId = GroupId::from_bytes([1; 32]);
    const BOARD: EntryHash = EntryHash::from_bytes([2; 32]);

    fn at(clock: u64) -> Hlc {
        Hlc::new(clock, 0)
    }

    fn said(name: Option<(&str, u64)>, days: Option<(Option<u16>, u64)>) -> Said {
        Said {
            name: name.map(|(name, clock)| (name.into(), at(clock))),
            days: days.map(|(days, clock)| (days, at(clock))),
        }
    }

    #[test]
    fn a_room_takes_over_only_what_its_parent_has_said_later() {
        let named = |title: &str, since, name| {
            taken_over(Some((title.into(), at(since))), said(None, None), said(name, None), (ROOM, None))
        };
        let name = |name: &str| vec![Op::RoomName { name: name.into(), since: at(5) }];
        assert_eq!(named("Crane", 5, None), name("Crane"));
        assert_eq!(named("Crane", 5, Some(("Quay", 4))), name("Crane"));
        // It was said, here or by another manager's device, which may have heard of a title that has not come here.
        assert_eq!(named("Crane", 5, Some(("Crane", 5))), []);
        assert_eq!(named("Crane", 5, Some(("Quay", 6))), []);
        let long = "x".repeat(crate::model::TITLE_CHARS);
        assert_eq!(named(&long, 5, None), name(&name_for(&long)), "a name can be shorter than a title");
        let title = Some(("Crane".to_owned(), at(5)));
        let ops = taken_over(title, said(None, None), said(None, None), (ROOM, Some(BOARD)));
        assert!(matches!(&ops[..], [Op::RoomName { .. }, Op::Set { object: BOARD, .. }]), "{ops:?}");

        let kept = |there, here| taken_over(None, said(None, there), said(None, here), (ROOM, None));
        let days = |days| vec![Op::Set { object: itself(&ROOM), fields: vec![Field::Retention { days }] }];
        assert_eq!(kept(Some((Some(90), 5)), None), days(Some(90)));
        assert_eq!(kept(Some((None, 5)), Some((Some(90), 4))), days(None));
        assert_eq!(kept(Some((Some(90), 5)), Some((Some(30), 6))), [], "the room has one of its own");
        assert_eq!(kept(Some((Some(90), 5)), Some((Some(90), 4))), []);
        assert_eq!(kept(None, Some((Some(30), 6))), []);
        assert_eq!(kept(None, None), []);
    }
}
