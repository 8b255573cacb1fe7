//! From logs to rules: first the groups that are members, then the group itself, then what is asked for often.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use crate::group::act::{Act, GroupKind, Level, Member};
use crate::group::dag::Dag;
use crate::group::ledger::{InviteStep, Ledger, Way};
use crate::group::log::{GroupLog, Logs};
use crate::group::reach::Reach;
use crate::group::removals;
use crate::group::rules::{DeviceAccess, InviteState, MemberInfo, Rules, Said};
use crate::id::{DeviceId, GroupId};
use crate::limits;

/// Reduces a group and the groups in it, each once.
pub(super) struct Reducer<'a> {
    logs: &'a dyn Logs,
    done: HashMap<GroupId, Arc<Rules>>,
}

impl<'a> Reducer<'a> {
    pub(super) fn new(logs: &'a dyn Logs) -> Self {
        Self { logs, done: HashMap::new() }
    }

    pub(super) fn reduce(&mut self, log: &GroupLog) -> Rules {
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
        finish(log, kind, ledger, groups, &unknown)
    }

    fn member_group(&mut self, log: &GroupLog) -> Arc<Rules> {
        if let Some(rules) = self.done.get(&log.id()) {
            return Arc::clone(rules);
        }
        // A person's rules follow from its log alone, and logs only grow.
        let before = self.logs.rules(&log.id()).filter(|_| log.kind() == Some(GroupKind::Person));
        let rules = match before.filter(|rules| rules.entries == log.len()) {
            Some(rules) => rules,
            None => Arc::new(self.reduce(log)),
        };
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
    log: &GroupLog,
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
    let takes = |at: &usize| match &dag.entry(*at).act {
        Act::Set { level, .. } => ledger.lowers(*at) || *level < Some(Level::Read) && counts(*at),
        _ => false,
    };
    let taken = (0..dag.len()).filter(takes).map(|at| dag.entry(at).clock);
    let taken = taken.chain(groups.values().map(|inner| inner.taken)).max().unwrap_or_default();
    let archived = ledger.archived(&everything).filter(|_| kind == Some(GroupKind::Space));
    let archived = archived.map(|at| said(dag, at));
    let ended = ledger.ends.first().map(|at| said(dag, *at));
    let invites = ledger.invites.iter().filter_map(|(key, steps)| Some((*key, invite_state(dag, steps)?))).collect();
    Rules {
        id: log.id(),
        entries: log.len(),
        kind,
        groups,
        everything,
        heads,
        members,
        devices,
        past_devices,
        invites,
        ended,
        archived,
        unknown_groups,
        taken,
        frontiers: Mutex::default(),
        ledger,
    }
}

fn said(dag: &Dag, at: usize) -> Said {
    let entry = dag.entry(at);
    Said { entry: entry.hash, by: entry.author, seq: entry.seq, clock: entry.clock }
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
    Some(InviteState { terms, by: entry.author, entry: entry.hash, made: entry.clock, used, revoked })
}
