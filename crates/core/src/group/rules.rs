//! What the control entries of a group mean: who is in, who may do what, and which entries count.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Hlc;
use crate::entry::{BodyClass, SignedHeader};
use crate::group::act::{Act, GroupKind, InviteTerms, Level, Member, topic_tag};
use crate::group::dag::Past;
use crate::group::ledger::Ledger;
use crate::group::log::{GroupLog, Logs};
use crate::group::reach::{Bound, Reach, Spot, Track};
use crate::group::reduce::Reducer;
use crate::group::standing::Standing;
use crate::group::verdict::{InviteFault, Verdict, VoidReason};
use crate::id::{DeviceId, EntryHash, GroupId};

/// Frontiers remembered by [`Rules::judge`] before it starts afresh.
const FRONTIERS: usize = 1024;

/// A member as it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberInfo {
    /// What it may do.
    pub level: Level,
    /// When it came in, this time.
    pub since: Hlc,
    /// The device that let it in.
    pub by: DeviceId,
    /// The entry that let it in.
    pub entry: EntryHash,
}

/// A device that has access now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceAccess {
    /// What it may do: the best of the ways by which it is in.
    pub level: Level,
    /// The member of this group that it belongs to, or is.
    pub via: Member,
}

/// An act that bears on the whole group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// The entry.
    pub entry: EntryHash,
    /// The device that wrote it.
    pub by: DeviceId,
    /// Its number in that device's log.
    pub seq: u64,
    /// When it was written.
    pub clock: Hlc,
}

/// An invitation as the group's log tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteState {
    /// Its terms.
    pub terms: InviteTerms,
    /// The device that opened it.
    pub by: DeviceId,
    /// The entry that opened it.
    pub entry: EntryHash,
    /// When it was opened.
    pub made: Hlc,
    /// The members who came in by it, in order.
    pub used: Vec<Member>,
    /// Whether it was closed before its time.
    pub revoked: bool,
}

/// What the control entries of one group mean: a pure function of the set of them, and of those of its member groups.
#[derive(Debug)]
pub struct Rules {
    pub(super) id: GroupId,
    /// How many control entries were known.
    pub(super) entries: usize,
    pub(super) kind: Option<GroupKind>,
    pub(super) ledger: Ledger,
    pub(super) groups: HashMap<GroupId, Arc<Rules>>,
    pub(super) everything: Past,
    pub(super) heads: Vec<EntryHash>,
    pub(super) members: BTreeMap<Member, MemberInfo>,
    pub(super) devices: BTreeMap<DeviceId, DeviceAccess>,
    pub(super) past_devices: BTreeMap<DeviceId, Member>,
    pub(super) invites: BTreeMap<DeviceId, InviteState>,
    pub(super) ended: Option<Said>,
    pub(super) archived: Option<Said>,
    pub(super) unknown_groups: BTreeSet<GroupId>,
    /// When rights were last taken from somebody, or reading refused, here or in a group that is a member.
    pub(super) taken: Hlc,
    pub(super) frontiers: Mutex<HashMap<Vec<EntryHash>, Frontier>>,
}

type Weighed<T> = Result<T, VoidReason>;

/// What somebody has seen who names certain heads, and what follows from it for those who were asked about: by their
/// device, and by their own last act where it is not among what the heads tell.
#[derive(Debug)]
pub(super) struct Frontier {
    seen: Past,
    standings: HashMap<(DeviceId, Option<usize>), Weighed<Arc<Standing>>>,
}

impl Rules {
    /// Works out what counts. A group takes in only groups of a lower kind (people, then companies, then spaces), so
    /// there are no circles; members that are groups of the same or a higher kind are members in name only.
    #[must_use]
    pub fn reduce(log: &GroupLog, logs: &dyn Logs) -> Self {
        Reducer::new(logs).reduce(log)
    }

    /// Which group.
    #[must_use]
    pub const fn id(&self) -> GroupId {
        self.id
    }

    /// What it stands for; `None` while the act that founded it is not known.
    #[must_use]
    pub const fn kind(&self) -> Option<GroupKind> {
        self.kind
    }

    /// Whether the act that founded it is known.
    #[must_use]
    pub fn founded(&self) -> bool {
        self.ledger.founded()
    }

    /// What ended the group. Its members and devices stay listed, so that the end can reach them.
    #[must_use]
    pub const fn ended(&self) -> Option<Said> {
        self.ended
    }

    /// What made the group read-only, if it is. Only spaces can be.
    #[must_use]
    pub const fn archived(&self) -> Option<Said> {
        self.archived
    }

    /// What a new entry of this topic must name: the entries that count and that no other such entry follows, oldest
    /// first, at most [`HEADS`](crate::limits::HEADS).
    #[must_use]
    pub fn heads(&self) -> &[EntryHash] {
        &self.heads
    }

    /// The members now.
    #[must_use]
    pub const fn members(&self) -> &BTreeMap<Member, MemberInfo> {
        &self.members
    }

    /// The devices that have access now, those of member groups included.
    #[must_use]
    pub const fn devices(&self) -> &BTreeMap<DeviceId, DeviceAccess> {
        &self.devices
    }

    /// All devices that ever had access, with the member they came by.
    #[must_use]
    pub const fn past_devices(&self) -> &BTreeMap<DeviceId, Member> {
        &self.past_devices
    }

    /// What a device may do now.
    #[must_use]
    pub fn level(&self, device: &DeviceId) -> Option<Level> {
        self.devices.get(device).map(|access| access.level)
    }

    /// The person that a device belongs or belonged to. When several claim it: one in whose log it has acted, or else
    /// the one with the smallest id.
    #[must_use]
    pub fn person_of(&self, device: &DeviceId) -> Option<GroupId> {
        if !self.past_devices.contains_key(device) {
            return None;
        }
        if self.kind == Some(GroupKind::Person) {
            return Some(self.id);
        }
        self.people_of(device).into_iter().min_by_key(|person| (!self.has_acted_in(person, device), *person))
    }

    /// All people that claim a device as theirs.
    fn people_of(&self, device: &DeviceId) -> BTreeSet<GroupId> {
        if self.kind == Some(GroupKind::Person) {
            return self.past_devices.contains_key(device).then_some(self.id).into_iter().collect();
        }
        let ways = self.ledger.ways.get(device).into_iter().flatten();
        let groups = ways.filter(|way| self.ledger.was_in(&way.member)).filter_map(|way| match &way.member {
            Member::Group(group) => self.groups.get(group),
            Member::Device(_) => None,
        });
        groups.flat_map(|group| group.people_of(device)).collect()
    }

    /// The person whose device this is beyond doubt: a person's log can name a stranger's device, so where several claim
    /// one, only one in whose log it has acted has it.
    #[must_use]
    pub fn owner_of(&self, device: &DeviceId) -> Option<GroupId> {
        let claimed = self.people_of(device);
        let mut owners = match claimed.len() {
            0 | 1 => claimed,
            _ => claimed.into_iter().filter(|person| self.has_acted_in(person, device)).collect(),
        };
        owners.pop_first().filter(|_| owners.is_empty())
    }

    /// Whether both are one device, or one person's beyond doubt.
    #[must_use]
    pub fn is_same_person(&self, one: &DeviceId, other: &DeviceId) -> bool {
        one == other || self.owner_of(one).is_some_and(|person| self.owner_of(other) == Some(person))
    }

    /// Whether this entry ([`BodyClass::Drop`]), if it is [`Verdict::Accepted`], drops what `author` wrote: they are one
    /// person, or it was written by a manager. `None` while nothing is known of `author`, who may turn out to be a member.
    #[must_use]
    pub fn drops(&self, drop: &SignedHeader, author: &DeviceId) -> Option<bool> {
        if self.level_at(drop) >= Some(Level::Manage) || drop.author == *author {
            return Some(true);
        }
        self.past_devices.contains_key(author).then(|| self.is_same_person(&drop.author, author))
    }

    /// The invitations ever opened, by their public key.
    #[must_use]
    pub const fn invites(&self) -> &BTreeMap<DeviceId, InviteState> {
        &self.invites
    }

    /// Whether `member` could come in by this invitation now, at this time.
    pub fn check_invite(&self, key: &DeviceId, member: Member, now: Hlc) -> Result<InviteTerms, InviteFault> {
        let terms = self.invites.get(key).ok_or(InviteFault::Unknown)?.terms;
        if self.members.get(&member).is_some_and(|info| info.level > terms.level) {
            return Err(InviteFault::AlreadyIn);
        }
        match self.ledger.redeem(key, member, Some(terms.level), now, &self.everything) {
            Err(VoidReason::Invitation(fault)) => Err(fault),
            _ => Ok(terms),
        }
    }

    /// Member groups, or groups in those, whose logs are not known, so that nobody is in by them yet.
    #[must_use]
    pub const fn unknown_groups(&self) -> &BTreeSet<GroupId> {
        &self.unknown_groups
    }

    /// Judges any entry of this topic by the rights of its author at the heads it names.
    ///
    /// A control entry must be in the log that was reduced, or it is [`Verdict::Waiting`]. Judging many entries that
    /// name the same heads is cheap.
    #[must_use]
    pub fn judge(&self, header: &SignedHeader) -> Verdict {
        if header.topic != self.id {
            return Verdict::Void(VoidReason::Foreign);
        }
        let weighed = match header.class {
            BodyClass::Control => self.position(&header.hash()).map(|at| self.ledger.verdict(at)),
            BodyClass::Keys | BodyClass::Data | BodyClass::Drop => {
                let spot = Spot { seq: header.seq, hash: header.hash(), clock: header.clock };
                let may = |who: Arc<Standing>| {
                    self.ledger.demand(&who, &spot, Level::Write)?;
                    let closed = who.archived && header.class == BodyClass::Data && self.kind == Some(GroupKind::Space);
                    if closed { Err(VoidReason::Archived) } else { Ok(()) }
                };
                self.standing(header).map(|standing| standing.and_then(may))
            }
        };
        match weighed {
            Ok(Ok(())) => Verdict::Accepted,
            // The author may yet turn out to be in by a group that is not known here.
            Ok(Err(VoidReason::Rights { .. })) if !self.unknown_groups.is_empty() => Verdict::Waiting,
            Ok(Err(reason)) => Verdict::Void(reason),
            Err(unusable) => unusable,
        }
    }

    /// The most that the author of this entry might do when it wrote it, weighed as [`judge`](Self::judge) does; `None`
    /// when it was no member, or that cannot be told yet.
    #[must_use]
    pub fn level_at(&self, header: &SignedHeader) -> Option<Level> {
        let spot = Spot { seq: header.seq, hash: header.hash(), clock: header.clock };
        let who = self.standing(header).ok()?.ok()?;
        let levels = [Level::Manage, Level::Write, Level::Read, Level::Pull];
        levels.into_iter().find(|level| self.ledger.demand(&who, &spot, *level).is_ok())
    }

    fn position(&self, hash: &EntryHash) -> Result<usize, Verdict> {
        let dag = &self.ledger.dag;
        let unusable = if dag.is_malformed(hash) { Verdict::Void(VoidReason::Backwards) } else { Verdict::Waiting };
        dag.position(hash).ok_or(unusable)
    }

    /// What the author of an entry might do by what it had seen, remembered for the next entry like it.
    fn standing(&self, header: &SignedHeader) -> Result<Weighed<Arc<Standing>>, Verdict> {
        let dag = &self.ledger.dag;
        let mut frontiers = self.frontiers.lock().unwrap_or_else(PoisonError::into_inner);
        if !frontiers.contains_key(header.heads.as_slice()) {
            let tips: Result<Vec<usize>, Verdict> = header.heads.iter().map(|hash| self.position(hash)).collect();
            let frontier = Frontier { seen: dag.seen(&tips?), standings: HashMap::new() };
            if frontiers.len() >= FRONTIERS {
                frontiers.clear();
            }
            frontiers.insert(header.heads.clone(), frontier);
        }
        let Some(frontier) = frontiers.get_mut(header.heads.as_slice()) else { return Err(Verdict::Waiting) };
        // Nobody can forget their own acts.
        let acts = dag.by(&header.author);
        let before = acts.partition_point(|at| dag.entry(*at).seq < header.seq);
        let own = before.checked_sub(1).map(|last| acts[last]).filter(|at| !frontier.seen.contains(*at));
        let seen = &frontier.seen;
        let standing = frontier.standings.entry((header.author, own)).or_insert_with(|| match own {
            None => self.standing_at(&header.author, seen),
            Some(own) => self.standing_at(&header.author, &dag.seen_with(seen, own)),
        });
        Ok(standing.clone())
    }

    fn standing_at(&self, device: &DeviceId, seen: &Past) -> Weighed<Arc<Standing>> {
        self.ledger.open_to(seen)?;
        Ok(Arc::new(self.ledger.standing(device, seen, None)))
    }

    fn has_acted_in(&self, person: &GroupId, device: &DeviceId) -> bool {
        if let Some(rules) = self.groups.get(person) {
            return rules.ledger.dag.by(device).iter().any(|at| rules.ledger.verdict(*at).is_ok());
        }
        self.groups.values().any(|group| group.has_acted_in(person, device))
    }

    /// How a device reaches another topic of which this group is a member.
    pub(super) fn reach(&self, topic: &GroupId, device: &DeviceId) -> Reach {
        let mut reach = Reach::default();
        for way in self.ledger.ways.get(device).into_iter().flatten().filter(|way| self.ledger.was_in(&way.member)) {
            let inner = match &way.member {
                Member::Device(_) => Reach::whole(),
                Member::Group(group) => self.groups.get(group).map_or_else(Reach::default, |g| g.reach(topic, device)),
            };
            for mut tracks in inner.ways {
                tracks.push(self.track(&way.member, topic, device));
                reach.ways.push(tracks);
            }
        }
        reach
    }

    fn track(&self, member: &Member, topic: &GroupId, device: &DeviceId) -> Track {
        let dag = &self.ledger.dag;
        let history = self.ledger.members.get(member).map_or(&[][..], Vec::as_slice);
        let mut bounds = Vec::new();
        for lowering in history.iter().filter(|change| change.lowers) {
            let entry = dag.entry(lowering.at);
            let Act::Set { level, elsewhere, .. } = &entry.act else { continue };
            let tag = topic_tag(topic, device);
            let named = elsewhere.iter().filter(|other| other.tag == tag && other.cut.device == *device);
            let later = history.iter().filter(|change| dag.past(change.at).contains(lowering.at));
            bounds.push(Bound {
                cut: named.map(|other| (other.cut.seq, other.cut.hash)).min(),
                clock: entry.clock,
                after: later.map(|change| change.level).max().flatten().max(*level),
            });
        }
        let end = self.ledger.ends.first().map(|at| dag.entry(*at).clock);
        bounds.extend(end.map(|clock| Bound { cut: None, clock, after: None }));
        Track {
            now: self.members.get(member).filter(|_| end.is_none()).map(|info| info.level),
            peak: history.iter().map(|change| change.level).max().flatten(),
            bounds,
        }
    }
}
