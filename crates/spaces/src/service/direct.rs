//! Direct talks: a space between a few people, without a name and furniture of its own.
//!
//! Whoever starts one invites the others to it as to any space, but the invitation goes over the link to their devices, which
//! use it by themselves: from people one shares a space with that is no more than a message. It is sent again whenever one of
//! their devices comes by, until they are in.

use std::collections::BTreeSet;
use std::time::Instant;

use compeer_core::group::{GroupKind, Level, Member, Rules};
use compeer_core::invite::Invite;
use compeer_core::{DeviceId, GroupId, Millis};

use super::chat::people;
use super::introduce::link_up;
use super::presence::Sign;
use super::{Spaces, name_or_id};
use crate::error::ActError;
use crate::model::{InviteRequest, Op, SpaceState, SpacesEvent};

/// People in a direct talk, me included. More are a space.
const PEOPLE: usize = 9;
/// What the name is in entries, where every space has one. Nobody is shown it.
const NAME: &str = "Direct talk";
/// How long somebody may be away until they are in.
const EXPIRES: Millis = 365 * 24 * 60 * 60 * 1000;
/// Whose requests are counted where no space is meant.
const NO_SPACE: GroupId = GroupId::from_bytes([0; 32]);

impl Spaces {
    /// The direct talk between me and these people: the one there is, or a new one.
    pub async fn direct(&self, others: Vec<GroupId>) -> Result<GroupId, ActError> {
        let me = self.me().ok_or(ActError::NoPerson)?;
        let others: BTreeSet<GroupId> = others.into_iter().filter(|person| *person != me.person).collect();
        if others.len() + 1 > PEOPLE {
            return Err(ActError::TooMany(PEOPLE - 1));
        }
        if others.is_empty() || others.iter().any(|person| !self.is_known(person)) {
            return Err(ActError::UnknownPerson);
        }
        // One after the other, so that asking twice makes one.
        let _turn = self.inner.listing.lock().await;
        if let Some(space) = self.direct_with(&others).await? {
            return Ok(space);
        }
        let name = Op::Name { name: NAME.into() }.encode()?;
        let (direct, profile) = (Op::Direct {}.encode()?, Op::Profile { profile: me.profile }.encode()?);
        let space = self.inner.journal.found(GroupKind::Space, Member::Group(me.person)).await?;
        self.inner.journal.append_all(space, vec![name, direct, profile]).await?;
        self.catch_up(space).await;
        for person in others {
            // In such a talk all are equal.
            let request = InviteRequest { level: Level::Manage, expires_in: EXPIRES, uses: 1 };
            let invite = self.invite(space, request).await?.to_string();
            self.inner.view.with(move |view| view.add_welcome(&space, &person, &invite)).await?;
        }
        self.inner.welcomes.notify_one();
        self.tell(SpacesEvent::Space { space });
        Ok(space)
    }

    /// The oldest direct talk that is between me and just these people, those included who are not in it yet.
    async fn direct_with(&self, others: &BTreeSet<GroupId>) -> Result<Option<GroupId>, ActError> {
        let me = self.person_id()?;
        let welcomes = self.inner.view.with(|view| view.welcomes()).await?;
        let mut found = Vec::new();
        for (space, rules) in self.spaces() {
            if self.state_by(&rules) != SpaceState::Active
                || !self.inner.view.with(move |view| view.is_direct(&space)).await?
            {
                continue;
            }
            let coming = coming(space, &rules, &welcomes);
            let between: BTreeSet<GroupId> = people(&rules).chain(coming).filter(|person| *person != me).collect();
            if between == *others {
                found.push((founded(&rules), space));
            }
        }
        Ok(found.into_iter().min().map(|(_, space)| space))
    }

    /// Whether I share a space with somebody.
    fn is_known(&self, person: &GroupId) -> bool {
        let spaces = self.spaces();
        spaces.iter().any(|(_, rules)| {
            self.state_by(rules) == SpaceState::Active && rules.members().contains_key(&Member::Group(*person))
        })
    }

    /// What a direct talk is called: by the names of the others in it, those included who are still to come.
    pub(super) async fn direct_name(&self, space: GroupId, rules: &Rules) -> Result<String, ActError> {
        let me = self.me().map(|me| me.person);
        let (names, welcomes) = self.inner.view.with(move |view| Ok((view.people(&space)?, view.welcomes()?))).await?;
        let coming = coming(space, rules, &welcomes);
        let others: BTreeSet<GroupId> = people(rules).chain(coming).filter(|person| Some(*person) != me).collect();
        let mut called = Vec::new();
        for person in others {
            let here = names.get(&person).map(|(name, _)| name.clone());
            let elsewhere = match here {
                None => self.person(person).await?.map(|(name, _)| name),
                here => here,
            };
            called.push(elsewhere.unwrap_or_else(|| name_or_id(&names, &person)));
        }
        called.sort_by_key(|name| name.to_lowercase());
        Ok(if called.is_empty() { "Just you".into() } else { called.join(", ") })
    }

    /// The task that brings people into direct talks.
    pub(super) async fn send_welcomes(self) {
        let mut links = self.inner.mesh.events();
        loop {
            if let Err(error) = self.send_welcomes_once().await {
                tracing::error!(%error, "people could not be brought into direct talks");
            }
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                () = self.inner.welcomes.notified() => {}
                () = link_up(&mut links) => {}
            }
        }
    }

    async fn send_welcomes_once(&self) -> Result<(), ActError> {
        for (space, person, invite) in self.inner.view.with(|view| view.welcomes()).await? {
            let rules = self.rules(&space).ok().filter(|rules| self.state_by(rules) == SpaceState::Active);
            if rules.is_none_or(|rules| !is_open(&rules, &invite)) {
                self.inner.view.with(move |view| view.drop_welcome(&space, &person)).await?;
                continue;
            }
            for link in self.inner.mesh.links() {
                if self.person_behind(&link.device()) == Some(person) {
                    self.send_sign(link, &Sign::Welcome { invite: invite.clone() });
                }
            }
        }
        Ok(())
    }

    /// Whom a device belongs to, in a space that I share with them.
    pub(super) fn person_behind(&self, device: &DeviceId) -> Option<GroupId> {
        let spaces = self.spaces();
        let active = spaces.iter().filter(|(_, rules)| self.state_by(rules) == SpaceState::Active);
        active.filter(|(_, rules)| rules.level(device).is_some()).find_map(|(_, rules)| rules.person_of(device))
    }

    /// Somebody brings me into a direct talk.
    pub(super) async fn be_welcomed(&self, device: DeviceId, invite: &str) {
        let Some(person) = self.person_behind(&device).filter(|person| self.is_known(person)) else { return };
        let Ok(invite) = invite.parse::<Invite>() else { return };
        let space = invite.topic;
        let is_here = self.inner.journal.topic(&space).is_some_and(|topic| topic.adopted);
        if is_here || !self.inner.requests.passes(NO_SPACE, person, Instant::now()) {
            return;
        }
        let noted = self.inner.view.with(move |view| view.note_welcomed(&space, &person)).await;
        if let Err(error) = noted {
            tracing::error!(%error, "a direct talk could not be noted");
            return;
        }
        self.welcomed().insert(space);
        if let Err(error) = self.join(&invite).await {
            self.welcomed().remove(&space);
            tracing::warn!(space = %space.short(), %error, "a direct talk could not be joined");
            let _ = self.inner.view.with(move |view| view.drop_welcomed(&space)).await;
        }
    }

    /// A space that I was brought into by itself must be a direct talk, or a room of a space that I am in: I never said yes to
    /// anything else.
    pub(super) async fn check_welcome(&self, space: GroupId) {
        // Called for every message, so it first asks what is in memory.
        if !self.welcomed().contains(&space) {
            return;
        }
        let look = self.inner.view.with(move |view| {
            let Some(by) = view.welcomed_by(&space)? else { return Ok(None) };
            // The name comes with what says that it is one.
            let known = view.name(&space)?.is_some();
            Ok(Some((by, known, view.is_direct(&space)?)))
        });
        let failed = |error: &crate::error::ViewError| {
            tracing::error!(space = %space.short(), %error, "what somebody was brought into could not be looked at");
        };
        let Some((by, known, direct)) = look.await.inspect_err(failed).ok().flatten() else { return };
        if !known {
            return;
        }
        let Ok(room) = self.my_room(space).await.inspect_err(failed) else { return };
        if direct || room.is_some() {
            self.welcomed().remove(&space);
            let _ = self.inner.view.with(move |view| view.drop_welcomed(&space)).await.inspect_err(failed);
            return;
        }
        let device = self
            .rules(&space)
            .ok()
            .and_then(|rules| rules.devices().keys().copied().find(|device| rules.person_of(device) == Some(by)));
        if let Some(device) = device {
            let what = "brings people into a space as if it were a direct talk or a room".into();
            self.tell(SpacesEvent::Nonsense { space, device, what });
        }
        if let Err(error) = Box::pin(self.leave(space)).await {
            tracing::warn!(space = %space.short(), %error, "a space that nobody agreed to could not be left");
        }
    }
}

impl Spaces {
    pub(super) fn welcomed(&self) -> std::sync::MutexGuard<'_, BTreeSet<GroupId>> {
        self.inner.welcomed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Who is still to come into a direct talk.
fn coming<'a>(
    space: GroupId,
    rules: &'a Rules,
    welcomes: &'a [(GroupId, GroupId, String)],
) -> impl Iterator<Item = GroupId> + 'a {
    let open = welcomes.iter().filter(move |(of, _, invite)| *of == space && is_open(rules, invite));
    open.map(|(_, person, _)| *person)
}

/// Whether the person that an invitation was made for has not come by it yet, and still may.
fn is_open(rules: &Rules, invite: &str) -> bool {
    let invite = invite.parse::<Invite>().ok().and_then(|invite| rules.invites().get(&invite.terms.key));
    invite.is_some_and(|invite| !invite.revoked && invite.used.is_empty())
}

/// When a group was founded.
fn founded(rules: &Rules) -> Millis {
    rules.members().values().map(|member| member.since.millis()).min().unwrap_or_default()
}
