//! What is known of a group: its control entries, in any order, not yet judged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::clock::Hlc;
use crate::entry::{BodyClass, SignedHeader};
use crate::group::act::{Act, GroupKind, Member, founding_id};
use crate::group::rules::Rules;
use crate::id::{DeviceId, EntryHash, GroupId};

/// A control entry, reduced to what the rules look at.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) hash: EntryHash,
    pub(super) author: DeviceId,
    pub(super) seq: u64,
    pub(super) clock: Hlc,
    pub(super) heads: Vec<EntryHash>,
    pub(super) act: Act,
}

/// The control entries known of one group, in any order. Nothing is judged here.
#[derive(Debug, Clone)]
pub struct GroupLog {
    id: GroupId,
    nodes: HashMap<EntryHash, Arc<Node>>,
    kind: Option<GroupKind>,
    missing: BTreeSet<EntryHash>,
    groups: BTreeSet<GroupId>,
    latest: Hlc,
}

impl GroupLog {
    /// The empty log of a group.
    #[must_use]
    pub fn new(id: GroupId) -> Self {
        Self {
            id,
            nodes: HashMap::new(),
            kind: None,
            missing: BTreeSet::new(),
            groups: BTreeSet::new(),
            latest: Hlc::default(),
        }
    }

    /// Takes one control entry whose signature and body have been checked; `act` is its decoded body. `false` when it
    /// was known, or is no control entry of this group.
    pub fn insert(&mut self, header: &SignedHeader, act: Act) -> bool {
        let hash = header.hash();
        if header.class != BodyClass::Control || header.topic != self.id || self.nodes.contains_key(&hash) {
            return false;
        }
        match &act {
            Act::Found { founder: Member::Group(group), .. } | Act::Set { member: Member::Group(group), .. } => {
                self.groups.insert(*group);
            }
            _ => {}
        }
        let node = Node {
            hash,
            author: header.author,
            seq: header.seq,
            clock: header.clock,
            heads: header.heads.clone(),
            act,
        };
        if let Some(kind) = node.founds(&self.id) {
            self.kind = Some(kind);
        }
        self.missing.remove(&hash);
        self.missing.extend(node.heads.iter().filter(|head| !self.nodes.contains_key(head)));
        self.latest = self.latest.max(node.clock);
        self.nodes.insert(hash, Arc::new(node));
        true
    }

    /// Entries that others name as heads and that are not known.
    #[must_use]
    pub const fn missing(&self) -> &BTreeSet<EntryHash> {
        &self.missing
    }

    /// Whether this entry is known.
    #[must_use]
    pub fn contains(&self, hash: &EntryHash) -> bool {
        self.nodes.contains_key(hash)
    }

    /// How many entries are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whose log this is.
    #[must_use]
    pub const fn id(&self) -> GroupId {
        self.id
    }

    /// What the group stands for, once the act that founded it is known.
    #[must_use]
    pub const fn kind(&self) -> Option<GroupKind> {
        self.kind
    }

    /// The newest timestamp in it. A control entry must be dated later than those it names, or it counts for nothing, so a
    /// writer's clock must have observed this.
    #[must_use]
    pub const fn latest(&self) -> Hlc {
        self.latest
    }

    /// Groups named as members by any entry, whether it counts or not: their logs are wanted too.
    #[must_use]
    pub const fn member_groups(&self) -> &BTreeSet<GroupId> {
        &self.groups
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.nodes.values()
    }
}

impl Node {
    /// The kind of the group `id` when this is the act that founds it.
    pub(super) fn founds(&self, id: &GroupId) -> Option<GroupKind> {
        match &self.act {
            Act::Found { kind, device, .. }
                if self.seq == 0
                    && self.heads.is_empty()
                    && *device == self.author
                    && founding_id(&self.act.encode()) == *id =>
            {
                Some(*kind)
            }
            _ => None,
        }
    }
}

/// Where the logs of member groups are found while reducing.
pub trait Logs {
    /// What is known of this group.
    fn log(&self, id: &GroupId) -> Option<&GroupLog>;

    /// What its rules were when they were last worked out, if that is remembered: reducing a large space again for each
    /// newcomer would otherwise work out everybody's devices again, too.
    fn rules(&self, _id: &GroupId) -> Option<Arc<Rules>> {
        None
    }
}

impl Logs for HashMap<GroupId, GroupLog> {
    fn log(&self, id: &GroupId) -> Option<&GroupLog> {
        self.get(id)
    }
}

impl Logs for BTreeMap<GroupId, GroupLog> {
    fn log(&self, id: &GroupId) -> Option<&GroupLog> {
        self.get(id)
    }
}
