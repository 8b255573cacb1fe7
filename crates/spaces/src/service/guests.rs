//! Guests: people from outside who take part in one topic or board of a space, and see nothing else of it.
//!
//! A guest is never in the space. A topic or board has a *room* for them, a space of its own; nothing below this crate knows
//! of that. The parent says in its journal which rooms it has, and a room which parent it has, in a way that tells guests
//! nothing. How the members of the parent come into its rooms and out of them again is in [`keep`].

mod keep;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use compeer_core::group::{GroupKind, Level, Member, Rules};
use compeer_core::invite::GuestAt;
use compeer_core::{EntryHash, GroupId, Hlc, Millis, limits};

use super::Spaces;
use super::chat::people;
use crate::error::{ActError, ViewError};
use crate::model::{Field, GuestRoom, InvitationState, Kind, Op, RoomInfo, SpaceState, SpacesEvent, room_tag};
use crate::view::{ListedRoom, RoomRow, View};

/// Rooms that a space can have. Of more, those that were made first count.
const ROOMS: usize = 200;
/// For so long a room that somebody else has made and that has not come is waited for before another one is made.
const WAITED_FOR: Millis = 24 * 60 * 60 * 1000;

/// The spaces here that are rooms. Asked for at every message, so it is in memory.
#[derive(Default)]
pub(super) struct GuestRooms(Mutex<BTreeMap<GroupId, RoomRow>>);

impl GuestRooms {
    fn get(&self, space: &GroupId) -> Option<RoomRow> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(space).copied()
    }

    fn set(&self, space: GroupId, row: Option<RoomRow>) {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match row {
            Some(row) => rooms.insert(space, row),
            None => rooms.remove(&space),
        };
    }
}

impl Spaces {
    /// Reads which of the spaces here are rooms.
    pub(super) fn load_rooms(&self) -> Result<(), ViewError> {
        for space in self.inner.view.all_rooms()? {
            self.inner.guest_rooms.set(space, self.inner.view.room(&space)?);
        }
        Ok(())
    }

    /// Looks again at whether a space is a room, and which rooms it has.
    pub(super) async fn look_at_rooms(&self, space: GroupId) {
        match self.inner.view.with(move |view| view.room(&space)).await {
            Ok(row) => self.inner.guest_rooms.set(space, row),
            Err(error) => tracing::error!(space = %space.short(), %error, "a room could not be looked at"),
        }
        self.inner.rooms_due.notify_one();
    }

    /// It is off this device.
    pub(super) fn forget_room(&self, space: GroupId) {
        self.inner.guest_rooms.set(space, None);
    }

    /// The space on this device that a room belongs to by what the room says.
    fn parent_of(&self, room: &GroupId) -> Option<GroupId> {
        let row = self.inner.guest_rooms.get(room)?;
        let topics = self.inner.journal.topics();
        let spaces = topics.iter().filter(|topic| topic.adopted && topic.kind == Some(GroupKind::Space));
        spaces.map(|topic| topic.topic).find(|space| room_tag(space, room) == row.parent)
    }

    /// The space that a room belongs to, while I am in it, too.
    fn my_parent_of(&self, room: &GroupId) -> Option<(GroupId, std::sync::Arc<Rules>)> {
        let parent = self.parent_of(room)?;
        let rules = self.rules(&parent).ok().filter(|rules| self.state_by(rules) == SpaceState::Active)?;
        // Whoever was removed is told so by nobody, and is in the room, if at all, as a guest.
        (!self.is_shut_out(&parent)).then_some((parent, rules))
    }

    /// The rooms on this device that are in use and belong to a space.
    fn rooms_under(&self, space: &GroupId) -> Vec<GroupId> {
        let rooms = self.spaces().into_iter().filter(|(_, rules)| self.state_by(rules) == SpaceState::Active);
        rooms.map(|(room, _)| room).filter(|room| self.parent_of(room) == Some(*space)).collect()
    }

    async fn listed_rooms(&self, space: GroupId) -> Result<Vec<ListedRoom>, ViewError> {
        self.inner.view.with(move |view| view.listed_rooms(&space, ROOMS)).await
    }

    /// What a space that I am in says of its room, if it says that this is one and the room says the same.
    pub(super) async fn my_room(&self, room: GroupId) -> Result<Option<ListedRoom>, ViewError> {
        let Some((parent, _)) = self.my_parent_of(&room) else { return Ok(None) };
        Ok(self.listed_rooms(parent).await?.into_iter().find(|listed| listed.room == room))
    }

    /// Whether somebody is, or was, a guest in a space: they came into a room by an invitation, as members of its parent never do,
    /// and are not in its parent as far as is known here.
    pub(super) fn is_guest(&self, space: &GroupId, rules: &Rules, person: &GroupId) -> bool {
        if self.inner.guest_rooms.get(space).is_none() || !came_by_invitation(rules, person) {
            return false;
        }
        self.my_parent_of(space).is_none_or(|(_, parent)| !parent.members().contains_key(&Member::Group(*person)))
    }

    /// Whether somebody is in a room because they are in its parent.
    fn follows_parent(&self, room: &GroupId, person: &GroupId) -> bool {
        self.my_parent_of(room).is_some_and(|(_, parent)| parent.members().contains_key(&Member::Group(*person)))
    }

    /// What a space is to guests, if it is a room.
    pub(super) async fn room_info(&self, space: GroupId, rules: &Rules) -> Result<Option<RoomInfo>, ActError> {
        let Some(row) = self.inner.guest_rooms.get(&space) else { return Ok(None) };
        let parent = self.my_parent_of(&space).map(|(parent, _)| parent);
        let look = move |view: &View| {
            let board = if row.kind == Kind::Board { view.first_board(&space)? } else { None };
            let Some(parent) = parent else { return Ok((board, None, None)) };
            let listed = view.listed_rooms(&parent, ROOMS)?.into_iter().find(|listed| listed.room == space);
            let thing = listed.map(|listed| listed.thing);
            Ok((board, thing, thing.map(|thing| view.title(&parent, &thing)).transpose()?.flatten()))
        };
        let (board, thing, title) = self.inner.view.with(look).await?;
        let guests = people(rules).filter(|person| self.is_guest(&space, rules, person)).count();
        Ok(Some(RoomInfo { kind: row.kind, board, parent, thing, title, guests }))
    }

    /// The rooms of a space that are on this device, with their guests and the invitations that can still be used.
    pub async fn guest_rooms(&self, space: GroupId) -> Result<Vec<GuestRoom>, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let mut rooms = Vec::new();
        for ListedRoom { room, thing, .. } in self.listed_rooms(space).await? {
            let Some(row) = self.inner.guest_rooms.get(&room) else { continue };
            if self.parent_of(&room) != Some(space) || self.rules(&room).is_err() {
                continue;
            }
            let mut guests = self.members(room).await?;
            guests.retain(|member| member.guest);
            let mut invitations = self.invitations(room).await?;
            invitations.retain(|invitation| invitation.state == InvitationState::Open);
            // By whatever it is named for: so it is called wherever one says which one is meant.
            let named = move |view: &View| Ok(view.title(&space, &thing)?.or(view.name(&room)?));
            let name = self.inner.view.with(named).await?.unwrap_or_default();
            rooms.push(GuestRoom { room, name, kind: row.kind, thing, guests, invitations });
        }
        Ok(rooms)
    }

    /// The room of a topic or board of a space: the one there is, or a new one, which all members of the space are in.
    pub async fn open_room(&self, space: GroupId, thing: EntryHash) -> Result<GroupId, ActError> {
        let me = self.me().ok_or(ActError::NoPerson)?;
        self.rules_for(&space, Level::Manage)?;
        self.rules_for(&space, Level::Write)?;
        self.catch_up(space).await;
        let look = move |view: &View| {
            Ok((view.is_direct(&space)?, view.kind(&space, &thing)?, view.title_said(&space, &thing)?))
        };
        let (direct, kind, titled) = self.inner.view.with(look).await?;
        let kind = kind.ok_or(ActError::UnknownTopic)?;
        if !matches!(kind, Kind::Topic | Kind::Board) || direct || self.inner.guest_rooms.get(&space).is_some() {
            return Err(ActError::NoRooms);
        }
        // One after the other, so that asking twice makes one.
        let _turn = self.inner.listing.lock().await;
        if let Some(room) = self.room_for(space, thing).await? {
            return Ok(room);
        }
        let (title, since) = titled.unwrap_or_else(|| (kind.word().to_owned(), Hlc::default()));
        let mut after = vec![
            Op::RoomName { name: name_for(&title), since }.encode()?,
            Op::Profile { profile: me.profile }.encode()?,
        ];
        if kind == Kind::Board {
            after.push(Op::Make { kind, fields: vec![Field::Title { text: title }] }.encode()?);
        }
        let room = self.inner.journal.found(GroupKind::Space, Member::Group(me.person)).await?;
        // First of all, so that whoever knows its name knows what it is.
        let mut ops = vec![Op::Room { kind, parent: room_tag(&space, &room) }.encode()?];
        ops.append(&mut after);
        self.inner.journal.append_all(room, ops).await?;
        self.catch_up(room).await;
        let fields = vec![Field::Room { room }, Field::RoomOf { thing: Some(thing) }];
        self.inner.journal.append(space, Op::Make { kind: Kind::Room, fields }.encode()?).await?;
        self.catch_up(space).await;
        self.even_out_rooms(space).await;
        self.tell(SpacesEvent::Space { space: room });
        Ok(room)
    }

    /// The room that a topic or board has already.
    async fn room_for(&self, space: GroupId, thing: EntryHash) -> Result<Option<GroupId>, ActError> {
        let listed = self.listed_rooms(space).await?;
        let mut coming = false;
        for ListedRoom { room, clock, .. } in listed.into_iter().filter(|listed| listed.thing == thing) {
            match self.rules(&room).map(|rules| self.state_by(&rules)) {
                Ok(SpaceState::Active) if self.parent_of(&room) == Some(space) => return Ok(Some(room)),
                Ok(SpaceState::Ended) => {}
                _ => coming |= clock.millis().saturating_add(WAITED_FOR) > self.now(),
            }
        }
        if coming { Err(ActError::RoomNotHere) } else { Ok(None) }
    }

    /// Refuses what a manager cannot do to somebody in a room: members of the parent follow that, and guests do not manage.
    pub(super) fn check_in_room(
        &self,
        space: &GroupId,
        person: &GroupId,
        level: Option<Level>,
    ) -> Result<(), ActError> {
        if self.inner.guest_rooms.get(space).is_none() {
            return Ok(());
        }
        if self.follows_parent(space, person) {
            return Err(ActError::FollowsSpace);
        }
        if level == Some(Level::Manage) { Err(ActError::GuestsManageNothing) } else { Ok(()) }
    }

    /// The rules of a space in which I may make something.
    pub(super) fn rules_to_make(&self, space: &GroupId) -> Result<std::sync::Arc<Rules>, ActError> {
        let rules = self.rules_for(space, Level::Write)?;
        if self.inner.guest_rooms.get(space).is_some() { Err(ActError::OneThing) } else { Ok(rules) }
    }

    /// Refuses another name for a room or for what is in it: it is called as what it was made for.
    pub(super) fn check_named_here(&self, space: &GroupId) -> Result<(), ActError> {
        if self.inner.guest_rooms.get(space).is_some() { Err(ActError::NamedBySpace) } else { Ok(()) }
    }

    /// What guests are invited to, if a space is a room.
    pub(super) fn guest_at(&self, space: &GroupId) -> Option<GuestAt> {
        let row = self.inner.guest_rooms.get(space)?;
        Some(if row.kind == Kind::Board { GuestAt::Board } else { GuestAt::Topic })
    }

    /// The board of a room for one.
    pub(super) async fn board_in(&self, space: GroupId) -> Result<Option<EntryHash>, ViewError> {
        match self.inner.guest_rooms.get(&space) {
            Some(row) if row.kind == Kind::Board => self.inner.view.with(move |view| view.first_board(&space)).await,
            _ => Ok(None),
        }
    }

    /// Refuses that the last person goes while there are guests whom I could let go before: nobody else could, ever.
    pub(super) fn check_no_guests(&self, space: &GroupId) -> Result<(), ActError> {
        let me = self.person_id()?;
        let mine = self.rooms_under(space).into_iter().filter_map(|room| self.rules_for(&room, Level::Manage).ok());
        let (mut guests, mut rooms) = (BTreeSet::new(), 0);
        for rules in mine {
            let there: BTreeSet<GroupId> = people(&rules).filter(|person| *person != me).collect();
            rooms += usize::from(!there.is_empty());
            guests.extend(there);
        }
        if guests.is_empty() { Ok(()) } else { Err(ActError::GuestsLeft { guests: guests.len(), rooms }) }
    }

    /// Refuses an invitation into a room by which a guest would manage it.
    pub(super) fn check_invitation(&self, space: &GroupId, level: Level) -> Result<(), ActError> {
        let too_much = level == Level::Manage && self.inner.guest_rooms.get(space).is_some();
        if too_much { Err(ActError::GuestsManageNothing) } else { Ok(()) }
    }
}

/// What the room of something with this title is called.
fn name_for(title: &str) -> String {
    title.chars().take(limits::NAME_CHARS).collect()
}

/// Whether somebody ever came in by an invitation.
fn came_by_invitation(rules: &Rules, person: &GroupId) -> bool {
    rules.invites().values().any(|invite| invite.used.contains(&Member::Group(*person)))
}
