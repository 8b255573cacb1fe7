//! Spaces and their members: creating, listing, renaming, leaving, ending.

use compeer_core::group::{GroupKind, Level, Member, Rules, Said};
use compeer_core::{GroupId, Millis};

use super::chat::people;
use super::retention::NOTICE;
use super::topics::last_message;
use super::{People, Spaces, name_or_id};
use crate::error::ActError;
use crate::model::{Deed, Kind, MemberDevice, MemberInfo, Op, Retention, SpaceInfo, SpaceState, SpacesEvent};
use crate::view::Which;

impl Spaces {
    /// Makes a space with me as its manager.
    pub async fn create(&self, name: String) -> Result<GroupId, ActError> {
        let me = self.me().ok_or(ActError::NoPerson)?;
        let name = Op::Name { name }.encode()?;
        let profile = Op::Profile { profile: me.profile }.encode()?;
        let space = self.inner.journal.found(GroupKind::Space, Member::Group(me.person)).await?;
        self.inner.journal.append_all(space, vec![name, profile]).await?;
        self.catch_up(space).await;
        self.tell(SpacesEvent::Space { space });
        Ok(space)
    }

    /// All spaces on this device, by name.
    pub async fn list(&self) -> Result<Vec<SpaceInfo>, ActError> {
        let mut infos = Vec::new();
        for (space, _) in self.spaces() {
            match self.info(space).await {
                Ok(info) => infos.push(info),
                // It went meanwhile: one that ended goes by itself once all have heard.
                Err(ActError::UnknownSpace) => {}
                Err(error) => return Err(error),
            }
        }
        infos.sort_by(|a, b| a.name.to_lowercase().cmp(&b.name.to_lowercase()).then(a.space.cmp(&b.space)));
        Ok(infos)
    }

    /// One space at a glance.
    pub async fn info(&self, space: GroupId) -> Result<SpaceInfo, ActError> {
        let rules = self.rules(&space)?;
        self.catch_up(space).await;
        let ((name, direct), (unread, at, attention), (undelivered, retention), last, (names, device_names)) = self
            .inner
            .view
            .with(move |view| {
                let attention = view.attention(&space)?.space.unwrap_or_default();
                let at = (
                    view.unread_at(&space, Kind::Issue)?,
                    view.unread_at(&space, Kind::Board)?,
                    view.unread_at(&space, Kind::Page)?,
                );
                let unread = (view.unread(&space)?, at, attention);
                let (mut last, _) = view.messages(&space, Which::All, None, None, 1)?;
                let name = (view.name(&space)?, view.is_direct(&space)?);
                let names = (view.people(&space)?, view.devices(&space)?);
                let further = (view.count_undelivered(&space)?, view.retention(&space)?);
                Ok((name, unread, further, last.pop(), names))
            })
            .await?;
        let name = match direct {
            true => Some(self.direct_name(space, &rules).await?),
            false => name,
        };
        let room = self.room_info(space, &rules).await?;
        let name = room.as_ref().and_then(|room| room.title.clone()).or(name);
        let topic = self.inner.journal.topic(&space).ok_or(ActError::UnknownSpace)?;
        let state = match self.state_by(&rules) {
            SpaceState::Active if self.is_shut_out(&space) => SpaceState::ShutOut,
            SpaceState::Active if name.is_none() => SpaceState::Joining,
            state => state,
        };
        let linked = self.linked();
        let own = self.inner.journal.device();
        let is_here = |person: &GroupId| {
            rules
                .devices()
                .keys()
                .any(|device| (linked.contains(device) || *device == own) && rules.person_of(device) == Some(*person))
        };
        let epochs = self.inner.journal.epochs(&space);
        Ok(SpaceInfo {
            space,
            name: name.unwrap_or_default(),
            direct,
            room,
            level: rules.level(&own),
            archived: rules.archived().map(|said| deed(&rules, &names, &said)),
            retention: retention.map(|row| Retention {
                days: row.days,
                deed: Deed { by: Some(row.person), by_name: name_or_id(&names, &row.person), at: row.clock.millis() },
                from: row.clock.millis().saturating_add(NOTICE),
            }),
            end: rules.ended().map(|said| self.end_of(&space, &rules, &said, (&names, &device_names))),
            members: people(&rules).count(),
            here_now: people(&rules).filter(is_here).count(),
            unread: unread.messages,
            mentions: unread.mentions,
            unread_issues: at.0,
            unread_boards: at.1,
            unread_pages: at.2,
            attention,
            waiting: self.waiting(&space, &rules),
            undelivered,
            last: last.map(|row| last_message(row, &names)),
            created: rules.members().values().map(|member| member.since.millis()).min().unwrap_or_default(),
            state,
            disk_bytes: topic.bytes,
            epoch_number: epochs.len(),
            epoch_since: epochs.iter().map(|epoch| epoch.started.millis()).max().unwrap_or_default(),
        })
    }

    /// The members of a space: me first, then by name.
    pub async fn members(&self, space: GroupId) -> Result<Vec<MemberInfo>, ActError> {
        let rules = self.rules(&space)?;
        let me = self.me().map(|me| me.person);
        let (names, device_names) =
            self.inner.view.with(move |view| Ok((view.people(&space)?, view.devices(&space)?))).await?;
        let lacking = self.inner.journal.receipts(&space);
        let own = self.inner.journal.device();
        let devices_of = |person: &GroupId| {
            let devices = rules.devices().keys().filter(|device| rules.person_of(device) == Some(*person));
            devices
                .map(|device| MemberDevice {
                    device: *device,
                    name: device_names.get(device).cloned().unwrap_or_else(|| device.short()),
                    own: *device == own,
                    away: self.away_since(device),
                    missing: if *device == own { 0 } else { lacking.get(device).copied().unwrap_or_default() },
                })
                .collect()
        };
        let mut members: Vec<_> = rules
            .members()
            .iter()
            .filter_map(|(member, info)| match member {
                Member::Group(person) => Some((person, info)),
                Member::Device(_) => None,
            })
            .map(|(person, info)| MemberInfo {
                person: *person,
                name: name_or_id(&names, person),
                has_picture: names.get(person).is_some_and(|(_, picture)| *picture),
                level: info.level,
                guest: self.is_guest(&space, &rules, person),
                me: Some(*person) == me,
                joined: info.since.millis(),
                devices: devices_of(person),
            })
            .collect();
        members.sort_by(|a, b| {
            b.me.cmp(&a.me).then(a.name.to_lowercase().cmp(&b.name.to_lowercase())).then(a.person.cmp(&b.person))
        });
        Ok(members)
    }

    /// Gives a space another name.
    pub async fn rename(&self, space: GroupId, name: String) -> Result<(), ActError> {
        let plain = Op::Name { name }.encode()?;
        self.rules_for(&space, Level::Manage)?;
        self.check_named_here(&space)?;
        self.inner.journal.append(space, plain).await?;
        Ok(())
    }

    /// Gives a member another level.
    pub async fn set_level(&self, space: GroupId, person: GroupId, level: Level) -> Result<(), ActError> {
        let rules = self.rules_for(&space, Level::Manage)?;
        let member = Member::Group(person);
        if !rules.members().contains_key(&member) {
            return Err(ActError::UnknownPerson);
        }
        // In a room nobody can be made a manager instead, so this comes first.
        self.check_in_room(&space, &person, Some(level))?;
        if level < Level::Manage && self.is_last_manager(&rules, &person) {
            return Err(ActError::LastManager);
        }
        self.inner.journal.set_member(space, member, Some(level), None).await?;
        self.even_out_rooms(space).await;
        Ok(())
    }

    /// Removes a member. The next write starts a new epoch, so the removed person reads nothing new.
    pub async fn remove(&self, space: GroupId, person: GroupId) -> Result<(), ActError> {
        if self.person_id()? == person {
            return self.leave(space).await;
        }
        let rules = self.rules_for(&space, Level::Manage)?;
        let member = Member::Group(person);
        if !rules.members().contains_key(&member) {
            return Err(ActError::UnknownPerson);
        }
        self.check_in_room(&space, &person, None)?;
        self.inner.journal.set_member(space, member, None, None).await?;
        self.even_out_rooms(space).await;
        Ok(())
    }

    /// Leaves a space: the others are told, and it goes from this device. One that I was removed from just goes; one that
    /// has ended goes off the list, and from the disk once all others have heard of the end.
    pub async fn leave(&self, space: GroupId) -> Result<(), ActError> {
        let person = self.person_id()?;
        let rules = self.rules(&space)?;
        if self.state_by(&rules) == SpaceState::Ended {
            self.bury(space).await;
            return self.begin_farewell(space).await;
        }
        if self.state_by(&rules) == SpaceState::Active {
            self.check_in_room(&space, &person, None)?;
            if people(&rules).count() > 1 && self.is_last_manager(&rules, &person) {
                return Err(ActError::LastManager);
            }
            if people(&rules).count() == 1 {
                self.check_no_guests(&space)?;
            }
            self.leave_rooms(space).await?;
            self.inner.journal.set_member(space, Member::Group(person), None, None).await?;
            return self.begin_farewell(space).await;
        }
        self.drop_space(space).await
    }

    /// Ends a space and its rooms for everybody: content and keys go from each device as it hears of it. It stays on my list
    /// until all have, or I leave it.
    pub async fn end(&self, space: GroupId) -> Result<(), ActError> {
        self.rules_for(&space, Level::Manage)?;
        self.end_rooms(space).await?;
        self.end_alone(space).await
    }

    /// The same, and leaves its rooms.
    pub(super) async fn end_alone(&self, space: GroupId) -> Result<(), ActError> {
        self.inner.journal.end(space).await?;
        self.unlist_ended(space).await?;
        if self.all_have_heard(&space) {
            self.remove_copies(space).await?;
            return self.drop_space(space).await;
        }
        self.bury(space).await;
        self.tell(SpacesEvent::Space { space });
        Ok(())
    }

    /// Makes a space and its rooms read-only for everybody, or takes that back.
    pub async fn archive(&self, space: GroupId, on: bool) -> Result<(), ActError> {
        let rules = self.rules_for(&space, Level::Manage)?;
        if rules.archived().is_some() != on {
            self.inner.journal.archive(space, on).await?;
            self.tell(SpacesEvent::Space { space });
        }
        self.archive_rooms(space, on).await
    }

    fn is_last_manager(&self, rules: &Rules, person: &GroupId) -> bool {
        let managers = rules.members().iter().filter(|(_, info)| info.level == Level::Manage);
        managers.clone().count() == 1 && managers.clone().any(|(member, _)| *member == Member::Group(*person))
    }

    pub(super) fn now(&self) -> Millis {
        (self.inner.wall)()
    }
}

/// Who did something to a space, as far as that is known.
pub(super) fn deed(rules: &Rules, names: &People, said: &Said) -> Deed {
    let by = rules.owner_of(&said.by);
    let by_name = by.map_or_else(|| said.by.short(), |person| name_or_id(names, &person));
    Deed { by, by_name, at: said.clock.millis() }
}
