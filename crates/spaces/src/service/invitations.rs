//! Invitations: making, listing, closing, using.

use compeer_core::GroupId;
use compeer_core::group::{GroupKind, InviteTerms, Level};
use compeer_core::invite::{Host, Invite};
use compeer_core::key::DeviceKey;
use compeer_core::{DeviceId, EntryHash, Millis};

use super::{Spaces, name_or_id};
use crate::error::{ActError, JoinSpaceError};
use crate::model::{InvitationInfo, InvitationState, InviteRequest, SpacesEvent};

const MINUTE: Millis = 60_000;
const YEAR: Millis = 366 * 24 * 60 * MINUTE;
const USES: u32 = 1000;
/// Managers' devices that an invitation names. More would make the text long without making it reach further.
const HOSTS: usize = 4;

/// Refuses an expiry or a number of uses that no invitation has.
fn check_terms(request: &InviteRequest) -> Result<(), ActError> {
    let fits = (MINUTE..=YEAR).contains(&request.expires_in) && (1..=USES).contains(&request.uses);
    if fits { Ok(()) } else { Err(ActError::BadTerms) }
}

impl Spaces {
    /// Invites a guest to a topic or board of a space: into its room, which is made if there is none. Nothing is made for an
    /// invitation that cannot be.
    pub async fn invite_guest(
        &self,
        space: GroupId,
        thing: EntryHash,
        request: InviteRequest,
    ) -> Result<(GroupId, Invite), ActError> {
        check_terms(&request)?;
        if request.level == Level::Manage {
            return Err(ActError::GuestsManageNothing);
        }
        let room = self.open_room(space, thing).await?;
        Ok((room, self.invite(room, request).await?))
    }

    /// Makes an invitation. Any manager's device that is online can honour it.
    pub async fn invite(&self, space: GroupId, request: InviteRequest) -> Result<Invite, ActError> {
        let rules = self.rules_for(&space, Level::Manage)?;
        let me = self.me().ok_or(ActError::NoPerson)?;
        self.check_invitation(&space, request.level)?;
        check_terms(&request)?;
        let key = DeviceKey::generate()?;
        let terms = InviteTerms {
            key: key.id(),
            level: request.level,
            uses: request.uses,
            expires: self.now().saturating_add(request.expires_in),
        };
        self.inner.journal.invite(space, terms).await?;
        let name = self.inner.view.with(move |view| view.name(&space)).await?;
        let own = self.inner.journal.device();
        let mine = self.inner.mesh.my_addresses();
        let others = rules.devices().iter().filter(|(device, access)| access.level == Level::Manage && **device != own);
        let mut hosts = vec![Host { device: own, addrs: mine.direct.clone() }];
        hosts.extend(others.take(HOSTS - 1).map(|(device, _)| Host {
            device: *device,
            addrs: self.inner.mesh.known_addresses(*device).map(|known| known.direct).unwrap_or_default(),
        }));
        Ok(Invite {
            topic: space,
            secret: key.seed(),
            terms,
            space_name: name.unwrap_or_default(),
            inviter_name: me.profile.name,
            hosts,
            relays: self.inner.mesh.relays().iter().map(ToString::to_string).collect(),
            guest_at: self.guest_at(&space),
        })
    }

    /// All invitations of a space, newest first.
    pub async fn invitations(&self, space: GroupId) -> Result<Vec<InvitationInfo>, ActError> {
        let rules = self.rules(&space)?;
        let names = self.inner.view.with(move |view| view.people(&space)).await?;
        let now = self.now();
        let mut list: Vec<_> = rules
            .invites()
            .iter()
            .map(|(id, invite)| InvitationInfo {
                id: *id,
                level: invite.terms.level,
                uses: invite.terms.uses,
                used: invite.used.len(),
                expires: invite.terms.expires,
                created: invite.made.millis(),
                by_name: rules.person_of(&invite.by).map_or_else(String::new, |person| name_or_id(&names, &person)),
                state: if invite.revoked {
                    InvitationState::Revoked
                } else if invite.used.len() >= invite.terms.uses as usize {
                    InvitationState::Used
                } else if rules.level(&invite.by) != Some(Level::Manage) {
                    InvitationState::Lapsed
                } else if invite.terms.expires < now {
                    InvitationState::Expired
                } else {
                    InvitationState::Open
                },
            })
            .collect();
        list.sort_by_key(|invite| (std::cmp::Reverse(invite.created), invite.id));
        Ok(list)
    }

    /// Closes an invitation before its time.
    pub async fn revoke(&self, space: GroupId, invitation: DeviceId) -> Result<(), ActError> {
        let rules = self.rules_for(&space, Level::Manage)?;
        if !rules.invites().contains_key(&invitation) {
            return Err(ActError::UnknownInvitation);
        }
        self.inner.journal.revoke(space, invitation).await?;
        Ok(())
    }

    /// Takes off this device what a join has left behind that was cut off before it let me in: there is nothing in it, nobody
    /// keeps it up to date, and the invitation can be used again.
    pub(super) async fn drop_unfinished_joins(&self) {
        let own = self.inner.journal.device();
        let leaving = self.leaving().clone();
        for topic in self.inner.journal.topics().into_iter().filter(|topic| topic.adopted) {
            let space = topic.topic;
            let Some(rules) = self.inner.journal.rules(&space).filter(|_| !leaving.contains(&space)) else { continue };
            let is_other = rules.kind().is_some_and(|kind| kind != GroupKind::Space);
            let wrote = self.inner.journal.heights(&space).contains_key(&own);
            if is_other || wrote || rules.past_devices().contains_key(&own) {
                continue;
            }
            tracing::info!(space = %space.short(), "a join that was cut off is taken back");
            // A room that has not come is taken up again.
            self.welcomed().remove(&space);
            if let Err(error) = self.drop_space(space).await {
                tracing::warn!(space = %space.short(), %error, "a join that was cut off could not be taken back");
            }
        }
    }

    /// Uses an invitation. When this returns, the space is on this device and I am a member; its content is arriving.
    pub async fn join(&self, invite: &Invite) -> Result<GroupId, JoinSpaceError> {
        let me = self.me().ok_or(JoinSpaceError::NoPerson)?;
        let was_leaving = self.come_back(invite.topic).await?;
        let joined = self.inner.sync.join(invite, me.person).await;
        if was_leaving && joined.is_err() {
            self.begin_farewell(invite.topic).await?;
        }
        let space = joined?;
        self.set_shut_out(space, false);
        self.catch_up(space).await;
        self.tell(SpacesEvent::Space { space });
        Ok(space)
    }
}
