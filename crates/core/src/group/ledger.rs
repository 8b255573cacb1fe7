//! What counts so far: the entries of one group, weighed one after another in order.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::clock::Hlc;
use crate::group::act::{Act, GroupKind, InviteTerms, Level, Member};
use crate::group::dag::{Dag, Past};
use crate::group::reach::{LastAccepted, Reach, Spot};
use crate::group::standing::{Cap, Grip, Standing};
use crate::group::verdict::{InviteFault, VoidReason};
use crate::id::{DeviceId, GroupId};
use crate::limits;

/// A way by which a device is in the group.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) member: Member,
    pub(super) reach: Arc<Reach>,
}

/// An effective act on one member.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) at: usize,
    pub(super) level: Option<Level>,
    /// Whether this lowers or removes, and so is strong.
    pub(super) lowers: bool,
}

/// An effective act on an invitation.
#[derive(Debug, Clone, Copy)]
pub(super) enum InviteStep {
    Opened(InviteTerms),
    Used(Member),
    Revoked,
}

/// The effective entries of a group and what they add up to. Everything goes by position in the [`Dag`].
#[derive(Debug)]
pub(super) struct Ledger {
    kind: Option<GroupKind>,
    root: Option<usize>,
    pub(super) dag: Dag,
    /// How devices are in the group by members named in the log, whether those acts count or not.
    pub(super) ways: HashMap<DeviceId, Vec<Way>>,
    /// Where each act on a member cuts a device's log.
    cuts: HashMap<(usize, DeviceId), LastAccepted>,
    /// Lowerings that are effective come what may: removals that crossed, once settled.
    pub(super) settled: HashSet<usize>,
    /// The lowerings that reach beyond what their author had seen, by member, ascending.
    pub(super) strong: HashMap<Member, Vec<usize>>,
    /// What came out for each entry weighed so far; whether it lowers.
    verdicts: Vec<Result<bool, VoidReason>>,
    pub(super) members: BTreeMap<Member, Vec<Change>>,
    pub(super) invites: BTreeMap<DeviceId, Vec<(usize, InviteStep)>>,
    pub(super) ends: Vec<usize>,
    /// When it was made read-only, and when that was taken back.
    archives: Vec<(usize, bool)>,
    present: usize,
}

impl Ledger {
    pub(super) fn new(id: &GroupId, kind: Option<GroupKind>, dag: Dag, ways: HashMap<DeviceId, Vec<Way>>) -> Self {
        let mut cuts = HashMap::new();
        for at in 0..dag.len() {
            if let Act::Set { cuts: named, .. } = &dag.entry(at).act {
                for cut in named {
                    let last = cuts.entry((at, cut.device)).or_insert((cut.seq, cut.hash));
                    *last = (*last).min((cut.seq, cut.hash));
                }
            }
        }
        Self {
            kind,
            root: (0..dag.len()).find(|at| dag.entry(*at).founds(id).is_some()),
            dag,
            ways,
            cuts,
            settled: HashSet::new(),
            strong: HashMap::new(),
            verdicts: Vec::new(),
            members: BTreeMap::new(),
            invites: BTreeMap::new(),
            ends: Vec::new(),
            archives: Vec::new(),
            present: 0,
        }
    }

    /// What came out for the entry at `at`.
    pub(super) fn verdict(&self, at: usize) -> Result<(), VoidReason> {
        self.verdicts[at].map(|_| ())
    }

    /// Whether the entry at `at` counts and lowers or removes a member.
    pub(super) fn lowers(&self, at: usize) -> bool {
        self.verdicts[at] == Ok(true)
    }

    /// Whether this was ever a member.
    pub(super) fn was_in(&self, member: &Member) -> bool {
        self.members.get(member).is_some_and(|history| history.iter().any(|change| change.level.is_some()))
    }

    pub(super) fn founded(&self) -> bool {
        self.root.is_some()
    }

    /// Whether somebody who has seen this can act at all.
    pub(super) fn open_to(&self, seen: &Past) -> Result<(), VoidReason> {
        if !self.root.is_some_and(|root| seen.contains(root)) {
            return Err(VoidReason::Unfounded);
        }
        if self.ends.iter().any(|end| seen.contains(*end)) {
            return Err(VoidReason::Ended);
        }
        Ok(())
    }

    /// The act by which the group is read-only, according to somebody who has seen this. Of acts that crossed, the last in
    /// order counts.
    pub(super) fn archived(&self, seen: &Past) -> Option<usize> {
        let (at, on) = self.archives.iter().rev().find(|(at, _)| seen.contains(*at))?;
        on.then_some(*at)
    }

    /// Weighs all entries that were not weighed yet.
    pub(super) fn weigh_all(&mut self) {
        for at in self.verdicts.len()..self.dag.len() {
            let verdict = if self.settled.contains(&at) { Ok(true) } else { self.weigh(at) };
            if let Ok(lowers) = verdict {
                self.apply(at, lowers);
            }
            self.verdicts.push(verdict);
        }
    }

    /// Forgets what came out for the entries from `at` on.
    pub(super) fn unwind(&mut self, at: usize) {
        while self.verdicts.len() > at {
            if self.verdicts.pop().is_some_and(|verdict| verdict.is_ok()) {
                self.take_back(self.verdicts.len());
            }
        }
    }

    fn apply(&mut self, at: usize, lowers: bool) {
        match &self.dag.entry(at).act {
            Act::Found { founder, .. } => self.change(*founder, Change { at, level: Some(Level::Manage), lowers }),
            Act::Set { member, level, invite, .. } => {
                let (member, level, invite) = (*member, *level, *invite);
                self.change(member, Change { at, level, lowers });
                if let Some(key) = invite {
                    self.invites.entry(key).or_default().push((at, InviteStep::Used(member)));
                }
            }
            Act::Invite { terms } => {
                let terms = *terms;
                self.invites.entry(terms.key).or_default().push((at, InviteStep::Opened(terms)));
            }
            Act::Revoke { key } => {
                let key = *key;
                self.invites.entry(key).or_default().push((at, InviteStep::Revoked));
            }
            Act::End => self.ends.push(at),
            Act::Archive { on } => {
                let on = *on;
                self.archives.push((at, on));
            }
        }
    }

    fn change(&mut self, member: Member, change: Change) {
        let history = self.members.entry(member).or_default();
        let was_in = history.last().is_some_and(|last| last.level.is_some());
        self.present = self.present + usize::from(change.level.is_some()) - usize::from(was_in);
        history.push(change);
    }

    fn take_back(&mut self, at: usize) {
        let (member, invite) = match &self.dag.entry(at).act {
            Act::Found { founder, .. } => (Some(*founder), None),
            Act::Set { member, invite, .. } => (Some(*member), *invite),
            Act::Invite { terms } => (None, Some(terms.key)),
            Act::Revoke { key } => (None, Some(*key)),
            Act::End => {
                self.ends.pop();
                (None, None)
            }
            Act::Archive { .. } => {
                self.archives.pop();
                (None, None)
            }
        };
        if let Some(Entry::Occupied(mut history)) = member.map(|member| self.members.entry(member)) {
            let is_in = |change: Option<&Change>| usize::from(change.is_some_and(|change| change.level.is_some()));
            self.present -= is_in(history.get_mut().pop().as_ref());
            self.present += is_in(history.get().last());
            if history.get().is_empty() {
                history.remove();
            }
        }
        if let Some(Entry::Occupied(mut steps)) = invite.map(|key| self.invites.entry(key)) {
            steps.get_mut().pop();
            if steps.get().is_empty() {
                steps.remove();
            }
        }
    }

    /// Whether the entry at `at` counts, and if so, whether it lowers. Only what its author had seen is asked, except
    /// for invitations and for the limit on members, where what comes first in the order of all entries is served first.
    fn weigh(&self, at: usize) -> Result<bool, VoidReason> {
        let (node, past) = (self.dag.entry(at), self.dag.past(at));
        if self.root == Some(at) {
            return Ok(false);
        }
        self.open_to(past)?;
        let standing = self.standing(&node.author, past, Some(at));
        let spot = Spot { seq: node.seq, hash: node.hash, clock: node.clock };
        match &node.act {
            Act::Found { .. } => Err(VoidReason::SecondFounding),
            Act::Set { member, level, invite, .. } => {
                let before = self.level_of(member, past);
                let lowers = level.is_none() || *level < before;
                if !(lowers && invite.is_none() && standing.leaves(member, &spot)) {
                    self.demand(&standing, &spot, Level::Manage)?;
                }
                if let Some(key) = invite {
                    if lowers {
                        return Err(VoidReason::Invitation(InviteFault::AlreadyIn));
                    }
                    self.redeem(key, *member, *level, node.clock, past)?;
                }
                if level.is_some() && self.is_full(member) {
                    return Err(VoidReason::Full);
                }
                Ok(lowers)
            }
            Act::Invite { terms } => {
                self.demand(&standing, &spot, Level::Manage)?;
                let mut steps = self.invites.get(&terms.key).into_iter().flatten();
                if steps.any(|(_, step)| matches!(step, InviteStep::Opened(_))) {
                    return Err(VoidReason::Invitation(InviteFault::KeyTaken));
                }
                Ok(false)
            }
            Act::Revoke { .. } | Act::End | Act::Archive { .. } => {
                self.demand(&standing, &spot, Level::Manage).map(|()| false)
            }
        }
    }

    /// Whether the entry at `spot`, by somebody of this standing, may do what needs this level.
    pub(super) fn demand(&self, standing: &Standing, spot: &Spot, needs: Level) -> Result<(), VoidReason> {
        let has = standing.level(spot);
        if has >= Some(needs) {
            return Ok(());
        }
        match standing.lowered_by(spot, needs) {
            Some(by) => Err(VoidReason::Removed { by: self.dag.entry(by).hash }),
            None => Err(VoidReason::Rights { has, needs }),
        }
    }

    fn is_full(&self, member: &Member) -> bool {
        let history = self.members.get(member);
        match self.kind {
            Some(GroupKind::Person) => history.is_none() && self.members.len() >= limits::DEVICES_PER_PERSON,
            _ => {
                let is_in = history.and_then(|history| history.last()).is_some_and(|last| last.level.is_some());
                !is_in && self.present >= limits::MEMBERS_PER_GROUP
            }
        }
    }

    /// Whether `member` may come in at `level` by this invitation, according to somebody who has seen this.
    pub(super) fn redeem(
        &self,
        key: &DeviceId,
        member: Member,
        level: Option<Level>,
        clock: Hlc,
        seen: &Past,
    ) -> Result<(), VoidReason> {
        let fault = |fault| Err(VoidReason::Invitation(fault));
        let steps = self.invites.get(key).map_or(&[][..], Vec::as_slice);
        let opened = steps.iter().find_map(|(at, step)| match step {
            InviteStep::Opened(terms) if seen.contains(*at) => Some((*at, terms)),
            _ => None,
        });
        let Some((opened, terms)) = opened else { return fault(InviteFault::Unknown) };
        if steps.iter().any(|(at, step)| matches!(step, InviteStep::Revoked) && seen.contains(*at)) {
            return fault(InviteFault::Revoked);
        }
        if clock.millis() > terms.expires {
            return fault(InviteFault::Expired);
        }
        if level != Some(terms.level) {
            return fault(InviteFault::OtherLevel);
        }
        if self.level_then(&self.dag.entry(opened).author, seen, clock) < Some(Level::Manage) {
            return fault(InviteFault::InviterGone);
        }
        let mut used = HashSet::new();
        for (at, step) in steps {
            if let InviteStep::Used(who) = step {
                if *who == member && seen.contains(*at) {
                    return fault(InviteFault::UsedUp);
                }
                used.insert(*who);
            }
        }
        if !used.contains(&member) && used.len() >= terms.uses as usize {
            return fault(InviteFault::UsedUp);
        }
        Ok(())
    }

    /// A device's level at a time, according to somebody who has seen this.
    fn level_then(&self, device: &DeviceId, seen: &Past, clock: Hlc) -> Option<Level> {
        let ways = self.ways.get(device).into_iter().flatten();
        ways.map(|way| self.level_of(&way.member, seen).min(way.reach.by_clock(clock))).max().flatten()
    }

    /// A member's level, according to somebody who has seen this. Of acts that crossed, a lowering wins, or else the
    /// last in order.
    pub(super) fn level_of(&self, member: &Member, seen: &Past) -> Option<Level> {
        let history = self.members.get(member)?;
        let last = history.iter().rposition(|change| seen.contains(change.at))?;
        let knew = self.dag.past(history[last].at);
        let crossed = history[..last]
            .iter()
            .rev()
            .take_while(|change| change.at >= knew.full())
            .any(|change| change.lowers && seen.contains(change.at) && !knew.contains(change.at));
        if !crossed {
            return history[last].level;
        }
        let lowerings: Vec<&Change> =
            history.iter().filter(|change| change.lowers && seen.contains(change.at)).collect();
        let undone = |one: &Change| lowerings.iter().any(|other| self.dag.past(other.at).contains(one.at));
        let standing: Vec<&Change> = lowerings.iter().filter(|one| !undone(one)).copied().collect();
        let knew_all =
            |change: &&Change| standing.iter().all(|lowering| self.dag.past(change.at).contains(lowering.at));
        match history.iter().rev().filter(|change| seen.contains(change.at)).find(knew_all) {
            Some(later) => later.level,
            None => standing.iter().map(|lowering| lowering.level).min().flatten(),
        }
    }

    /// What a device may do, according to somebody who has seen this; `at` is the entry in question when it is a
    /// control entry.
    pub(super) fn standing(&self, device: &DeviceId, seen: &Past, at: Option<usize>) -> Standing {
        let mut grips = Vec::new();
        for way in self.ways.get(device).into_iter().flatten() {
            let Some(level) = self.level_of(&way.member, seen) else { continue };
            let lowerings = self.strong.get(&way.member).map_or(&[][..], Vec::as_slice);
            let strong = lowerings.iter().rev().take_while(|by| **by >= seen.full());
            let caps = strong.filter(|by| !seen.contains(**by) && at.is_none_or(|at| self.crossed(**by, at)));
            let caps = caps.map(|by| Cap { by: *by, level: self.set_to(*by), cut: self.cut(*by, device) }).collect();
            grips.push(Grip { member: way.member, level, caps, reach: Arc::clone(&way.reach) });
        }
        Standing { device: *device, archived: self.archived(seen).is_some(), grips }
    }

    /// Whether neither of two entries had seen the other.
    pub(super) fn crossed(&self, a: usize, b: usize) -> bool {
        a != b && !self.dag.past(a).contains(b) && !self.dag.past(b).contains(a)
    }

    /// The last entry of `device` that the act at `at` accepts.
    pub(super) fn cut(&self, at: usize, device: &DeviceId) -> Option<LastAccepted> {
        self.cuts.get(&(at, *device)).copied()
    }

    fn set_to(&self, at: usize) -> Option<Level> {
        match &self.dag.entry(at).act {
            Act::Set { level, .. } => *level,
            _ => None,
        }
    }
}
