//! What the control entries of a group mean: who is in, who may do what, and which entries count.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Hlc;
use crate::entry::{BodyClass, SignedHeader};
use crate::group::act::{Act, GroupKind, InviteTerms, Level, Member, topic_tag};
use crate::group::dag::{Dag, Past};
use crate::group::ledger::{InviteStep, Ledger, Standing, Way};
use crate::group::log::{GroupLog, Logs};
use crate::group::reach::{Bound, Reach, Spot, Track};
use crate::group::removals;
use crate::id::{DeviceId, EntryHash, GroupId};
use crate::limits;

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

/// An invitation as the group's log tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteState {
    /// Its terms.
    pub terms: InviteTerms,
    /// The device that opened it.
    pub by: DeviceId,
    /// The entry that opened it.
    pub entry: EntryHash,
    /// The members who came in by it, in order.
    pub used: Vec<Member>,
    /// Whether it was closed before its time.
    pub revoked: bool,
}

/// Whether an entry counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Accepted,
    /// It does not, by what is known now.
    Void(VoidReason),
    /// Cannot be told yet: control entries before it are not known, or those of a group that its author may be in by.
    Waiting,
}

/// Why an entry does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VoidReason {
    /// Of another group.
    #[error("it belongs to another group")]
    Foreign,
    /// It is dated before a control entry it names, or builds on one that is.
    #[error("its time runs backwards")]
    Backwards,
    /// Does not build on the act that founded the group.
    #[error("it does not build on the act that founded the group")]
    Unfounded,
    /// Founds a group that is founded, or another one.
    #[error("it founds another group, or this one a second time")]
    SecondFounding,
    /// Its author had seen the end of the group.
    #[error("the group had ended")]
    Ended,
    /// Its author did not have the right.
    #[error("its author may not do that")]
    Rights {
        /// What the author might do; `None` when it was no member.
        has: Option<Level>,
        /// What this takes.
        needs: Level,
    },
    /// A removal, or a lowering, that its author had not seen took the right.
    #[error("its author had been removed or lowered")]
    Removed {
        /// The entry that did.
        by: EntryHash,
    },
    /// The invitation it makes or uses is no good.
    #[error("{0}")]
    Invitation(InviteFault),
    /// The group has as many members as it may have.
    #[error("the group is full")]
    Full,
}

/// What is wrong with an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InviteFault {
    /// The group knows of no such invitation.
    #[error("there is no such invitation")]
    Unknown,
    /// It was closed before its time.
    #[error("the invitation was revoked")]
    Revoked,
    /// Its time is over.
    #[error("the invitation has expired")]
    Expired,
    /// It is for another level.
    #[error("the invitation is for another level")]
    OtherLevel,
    /// It has let in as many members as it may, or this member once before.
    #[error("the invitation is used up")]
    UsedUp,
    /// The device that made it may no longer manage the group.
    #[error("whoever made the invitation may no longer invite")]
    InviterGone,
    /// The member is in already, with more rights.
    #[error("the member is in already, with more rights")]
    AlreadyIn,
    /// Another invitation has the same key.
    #[error("another invitation has the same key")]
    KeyTaken,
}

/// What the control entries of one group mean: a pure function of the set of them, and of those of its member groups.
#[derive(Debug)]
pub struct Rules {
    id: GroupId,
    kind: Option<GroupKind>,
    ledger: Ledger,
    groups: HashMap<GroupId, Arc<Rules>>,
    everything: Past,
    heads: Vec<EntryHash>,
    members: BTreeMap<Member, MemberInfo>,
    devices: BTreeMap<DeviceId, DeviceAccess>,
    past_devices: BTreeMap<DeviceId, Member>,
    invites: BTreeMap<DeviceId, InviteState>,
    unknown_groups: BTreeSet<GroupId>,
    frontiers: Mutex<HashMap<Vec<usize>, Frontier>>,
}

/// What somebody has seen, and what follows from it for those who were asked about.
#[derive(Debug)]
struct Frontier {
    seen: Past,
    open: Result<(), VoidReason>,
    standings: HashMap<DeviceId, Arc<Standing>>,
}

impl Rules {
    /// Works out what counts. A group takes in only groups of a lower kind (people, then companies, then spaces), so
    /// there are no circles; members that are groups of the same or a higher kind are members in name only.
    #[must_use]
    pub fn reduce(log: &GroupLog, logs: &dyn Logs) -> Self {
        Reducer { logs, done: HashMap::new() }.reduce(log)
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

    /// The entry that ended the group. Its members and devices stay listed, so that the end can reach them.
    #[must_use]
    pub fn ended(&self) -> Option<EntryHash> {
        self.ledger.ends.first().map(|at| self.ledger.dag.entry(*at).hash)
    }

    /// What a new entry of this topic must name: the entries that count and that no other such entry follows, oldest
    /// first, at most [`limits::HEADS`].
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
        let ways = self.ledger.ways.get(device).into_iter().flatten();
        let groups = ways.filter(|way| self.ledger.was_in(&way.member)).filter_map(|way| match &way.member {
            Member::Group(group) => self.groups.get(group),
            Member::Device(_) => None,
        });
        let people = groups.filter_map(|group| group.person_of(device));
        people.min_by_key(|person| (!self.has_acted_in(person, device), *person))
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
        let known = |hash: &EntryHash| self.ledger.dag.position(hash).ok_or_else(|| self.unusable(hash));
        let weighed = match header.class {
            BodyClass::Control => match known(&header.hash()) {
                Ok(at) => self.ledger.verdict(at),
                Err(verdict) => return verdict,
            },
            BodyClass::Keys | BodyClass::Data => match header.heads.iter().map(known).collect() {
                Ok(tips) => self.weigh(header, tips),
                Err(verdict) => return verdict,
            },
        };
        match weighed {
            Ok(()) => Verdict::Accepted,
            // The author may yet turn out to be in by a group that is not known here.
            Err(VoidReason::Rights { .. }) if !self.unknown_groups.is_empty() => Verdict::Waiting,
            Err(reason) => Verdict::Void(reason),
        }
    }

    fn unusable(&self, hash: &EntryHash) -> Verdict {
        if self.ledger.dag.is_malformed(hash) { Verdict::Void(VoidReason::Backwards) } else { Verdict::Waiting }
    }

    fn weigh(&self, header: &SignedHeader, mut tips: Vec<usize>) -> Result<(), VoidReason> {
        // Nobody can forget their own acts.
        let dag = &self.ledger.dag;
        let own = dag.by(&header.author);
        let before = own.partition_point(|at| dag.entry(*at).seq < header.seq);
        tips.extend(before.checked_sub(1).map(|last| own[last]));
        tips.sort_unstable();
        tips.dedup();
        let standing = {
            let mut frontiers = self.frontiers.lock().unwrap_or_else(PoisonError::into_inner);
            if frontiers.len() >= FRONTIERS && !frontiers.contains_key(&tips) {
                frontiers.clear();
            }
            let frontier = frontiers.entry(tips).or_insert_with_key(|tips| {
                let seen = dag.seen(tips);
                Frontier { open: self.ledger.open_to(&seen), seen, standings: HashMap::new() }
            });
            frontier.open?;
            let seen = &frontier.seen;
            let standings = &mut frontier.standings;
            let new = || Arc::new(self.ledger.standing(&header.author, seen, None));
            Arc::clone(standings.entry(header.author).or_insert_with(new))
        };
        let spot = Spot { seq: header.seq, hash: header.hash(), clock: header.clock };
        self.ledger.demand(&standing, &spot, Level::Write)
    }

    fn has_acted_in(&self, person: &GroupId, device: &DeviceId) -> bool {
        if let Some(rules) = self.groups.get(person) {
            return rules.ledger.dag.by(device).iter().any(|at| rules.ledger.verdict(*at).is_ok());
        }
        self.groups.values().any(|group| group.has_acted_in(person, device))
    }

    /// How a device reaches another topic of which this group is a member.
    fn reach(&self, topic: &GroupId, device: &DeviceId) -> Reach {
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

/// Reduces a group and the groups in it, each once.
struct Reducer<'a> {
    logs: &'a dyn Logs,
    done: HashMap<GroupId, Arc<Rules>>,
}

impl Reducer<'_> {
    fn reduce(&mut self, log: &GroupLog) -> Rules {
        let kind = log.kind();
        let mut groups = HashMap::new();
        for id in log.member_groups() {
            let Some(inner) = self.logs.log(id).filter(|inner| inner.kind().is_some()) else { continue };
            if inner.kind() < kind {
                groups.insert(*id, self.member_group(inner));
            }
        }
        let dag = Dag::new(log);
        let ways = ways(&log.id(), &dag, &groups);
        let mut ledger = Ledger::new(&log.id(), kind, dag, ways);
        removals::settle(&mut ledger);
        let logs = self.logs;
        let unknown = |id: &GroupId| logs.log(id).is_none_or(|inner| inner.kind().is_none());
        finish(log.id(), kind, ledger, groups, &unknown)
    }

    fn member_group(&mut self, log: &GroupLog) -> Arc<Rules> {
        if let Some(rules) = self.done.get(&log.id()) {
            return Arc::clone(rules);
        }
        let rules = Arc::new(self.reduce(log));
        self.done.insert(log.id(), Arc::clone(&rules));
        rules
    }
}

/// By which members, named in the log by acts that count or not, devices are in.
fn ways(id: &GroupId, dag: &Dag, groups: &HashMap<GroupId, Arc<Rules>>) -> HashMap<DeviceId, Vec<Way>> {
    let named: BTreeSet<Member> = (0..dag.len())
        .filter_map(|at| match &dag.entry(at).act {
            Act::Found { founder, .. } => Some(*founder),
            Act::Set { member, .. } => Some(*member),
            _ => None,
        })
        .collect();
    let whole = Arc::new(Reach::whole());
    let mut ways: HashMap<DeviceId, Vec<Way>> = HashMap::new();
    for member in named {
        match member {
            Member::Device(device) => {
                ways.entry(device).or_default().push(Way { member, reach: Arc::clone(&whole) });
            }
            Member::Group(group) => {
                let Some(rules) = groups.get(&group) else { continue };
                for device in rules.past_devices.keys() {
                    let reach = Arc::new(rules.reach(id, device));
                    ways.entry(*device).or_default().push(Way { member, reach });
                }
            }
        }
    }
    ways
}

/// Everything that follows from the ledger and is asked for often.
fn finish(
    id: GroupId,
    kind: Option<GroupKind>,
    ledger: Ledger,
    groups: HashMap<GroupId, Arc<Rules>>,
    unknown: &dyn Fn(&GroupId) -> bool,
) -> Rules {
    let dag = &ledger.dag;
    let counts = |at: usize| ledger.verdict(at).is_ok();
    let heads = dag.heads(counts).into_iter().map(|at| dag.entry(at).hash).take(limits::HEADS).collect();
    let everything = dag.seen(&dag.heads(|_| true));
    let mut members = BTreeMap::new();
    let mut unknown_groups = BTreeSet::new();
    for (member, history) in &ledger.members {
        if let Member::Group(group) = member {
            unknown_groups.extend(Some(*group).filter(unknown));
            unknown_groups.extend(groups.get(group).into_iter().flat_map(|inner| &inner.unknown_groups));
        }
        let Some(level) = ledger.level_of(member, &everything) else { continue };
        let came = history.iter().rev().take_while(|change| change.level.is_some()).last();
        if let Some(entry) = came.or(history.last()).map(|change| dag.entry(change.at)) {
            members.insert(*member, MemberInfo { level, since: entry.clock, by: entry.author, entry: entry.hash });
        }
    }
    let mut devices = BTreeMap::new();
    let mut past_devices = BTreeMap::new();
    for (device, ways) in &ledger.ways {
        let ways = || ways.iter().filter(|way| ledger.was_in(&way.member));
        let now = |way: &&Way| {
            let level = members.get(&way.member)?.level;
            way.reach.now().map(|reach| DeviceAccess { level: reach.min(level), via: way.member })
        };
        // Of equal ways the first: they are in the order of their members.
        let best = ways().filter_map(|way| now(&way)).rev().max_by_key(|access| access.level);
        devices.extend(best.map(|access| (*device, access)));
        let via = best.map(|access| access.via).or_else(|| ways().next().map(|way| way.member));
        past_devices.extend(via.map(|via| (*device, via)));
    }
    let invites = ledger.invites.iter().filter_map(|(key, steps)| Some((*key, invite_state(dag, steps)?))).collect();
    Rules {
        id,
        kind,
        groups,
        everything,
        heads,
        members,
        devices,
        past_devices,
        invites,
        unknown_groups,
        frontiers: Mutex::default(),
        ledger,
    }
}

fn invite_state(dag: &Dag, steps: &[(usize, InviteStep)]) -> Option<InviteState> {
    let opened = |(at, step): &(usize, InviteStep)| match step {
        InviteStep::Opened(terms) => Some((*at, *terms)),
        _ => None,
    };
    let (at, terms) = steps.iter().find_map(opened)?;
    let mut used = Vec::new();
    for (_, step) in steps {
        if let InviteStep::Used(member) = step
            && !used.contains(member)
        {
            used.push(*member);
        }
    }
    let revoked = steps.iter().any(|(_, step)| matches!(step, InviteStep::Revoked));
    let entry = dag.entry(at);
    Some(InviteState { terms, by: entry.author, entry: entry.hash, used, revoked })
}
