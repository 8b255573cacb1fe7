//! The control entries of a group as a graph: which are usable, in what order, and what each one's author had seen.
//!
//! An entry's parents are the heads it names and its author's entry before it: nobody can forget their own acts. Time
//! must run forwards along every edge, so sorting by clock, then hash, sorts by cause as well, and a graph with a cycle
//! cannot be built. Everything here goes by position in that order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::group::log::{GroupLog, Node};
use crate::id::{DeviceId, EntryHash};

/// The usable entries of one log, in order, each with its past.
#[derive(Debug, Default)]
pub(super) struct Dag {
    entries: Vec<Arc<Node>>,
    pasts: Vec<Past>,
    positions: HashMap<EntryHash, usize>,
    authors: HashMap<DeviceId, Vec<usize>>,
    malformed: HashSet<EntryHash>,
}

impl Dag {
    pub(super) fn new(log: &GroupLog) -> Self {
        let mut nodes: Vec<&Arc<Node>> = log.nodes().collect();
        nodes.sort_unstable_by_key(|node| (node.clock, node.hash));
        let clocks: HashMap<EntryHash, _> = nodes.iter().map(|node| (node.hash, node.clock)).collect();
        // The usable and the waiting entries of each author so far.
        let mut logs: HashMap<DeviceId, Vec<(u64, EntryHash)>> = HashMap::new();
        let mut dag = Self::default();
        for node in nodes {
            let backwards = node.heads.iter().any(|head| clocks.get(head).is_some_and(|clock| *clock >= node.clock));
            if backwards || node.heads.iter().any(|head| dag.malformed.contains(head)) {
                dag.malformed.insert(node.hash);
                continue;
            }
            let log = logs.entry(node.author).or_default();
            let own = log.iter().rev().find(|(seq, _)| *seq < node.seq).map(|(_, hash)| *hash);
            log.push((node.seq, node.hash));
            let parents: Option<Vec<usize>> =
                node.heads.iter().chain(&own).map(|parent| dag.positions.get(parent).copied()).collect();
            // A parent that is unknown, or waits itself: this entry waits too.
            let Some(parents) = parents else { continue };
            let at = dag.entries.len();
            dag.pasts.push(Past::of(&parents, &dag.pasts));
            dag.positions.insert(node.hash, at);
            dag.authors.entry(node.author).or_default().push(at);
            dag.entries.push(Arc::clone(node));
        }
        dag
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entry(&self, at: usize) -> &Node {
        &self.entries[at]
    }

    /// What the author of the entry at `at` had seen.
    pub(super) fn past(&self, at: usize) -> &Past {
        &self.pasts[at]
    }

    pub(super) fn position(&self, hash: &EntryHash) -> Option<usize> {
        self.positions.get(hash).copied()
    }

    /// Whether this entry can never count: its time runs backwards, or it builds on one whose time does.
    pub(super) fn is_malformed(&self, hash: &EntryHash) -> bool {
        self.malformed.contains(hash)
    }

    /// Positions of a device's entries, ascending.
    pub(super) fn by(&self, author: &DeviceId) -> &[usize] {
        self.authors.get(author).map_or(&[], Vec::as_slice)
    }

    /// What somebody has seen who names these entries.
    pub(super) fn seen(&self, tips: &[usize]) -> Past {
        Past::of(tips, &self.pasts)
    }

    /// What somebody has seen who has seen this, and the entry at `at` with its past.
    pub(super) fn seen_with(&self, seen: &Past, at: usize) -> Past {
        Past::of_two(seen, &Past::of(&[at], &self.pasts))
    }

    /// Those of the entries that `counts` lets through which none of the others has in its past, oldest first.
    pub(super) fn heads(&self, counts: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut heads = Vec::new();
        let mut covered = Past::default();
        for at in (0..self.len()).rev().filter(|at| counts(*at)) {
            if !covered.contains(at) {
                heads.push(at);
                covered = Past::of_two(&covered, &self.pasts[at]);
            }
        }
        heads.reverse();
        heads
    }
}

/// A set of positions that is mostly everything up to some point: all below `full`, and a bit set from there on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Past {
    full: usize,
    /// Bit `n` stands for position `full - full % 64 + n`.
    rest: Vec<u64>,
}

impl Past {
    /// The parents and all that is in their pasts.
    fn of(parents: &[usize], pasts: &[Self]) -> Self {
        let mut past = Self::default();
        for parent in parents {
            past = Self::of_two(&past, &pasts[*parent]);
            past.insert(*parent);
        }
        past
    }

    fn of_two(a: &Self, b: &Self) -> Self {
        if a.rest.is_empty() && b.rest.is_empty() {
            return Self { full: a.full.max(b.full), rest: Vec::new() };
        }
        let full = a.full.max(b.full);
        let length = a.words().max(b.words()).saturating_sub(full / 64);
        let rest = (full / 64..full / 64 + length).map(|word| a.word(word) | b.word(word)).collect();
        let mut past = Self { full, rest };
        past.settle();
        past
    }

    pub(super) fn contains(&self, at: usize) -> bool {
        at < self.full || self.word(at / 64) >> (at % 64) & 1 == 1
    }

    /// Everything below this position is in the set.
    pub(super) const fn full(&self) -> usize {
        self.full
    }

    fn insert(&mut self, at: usize) {
        if at < self.full {
            return;
        }
        let word = at / 64 - self.full / 64;
        if self.rest.len() <= word {
            self.rest.resize(word + 1, 0);
        }
        self.rest[word] |= 1 << (at % 64);
        self.settle();
    }

    /// The number of words that cover the set.
    fn words(&self) -> usize {
        self.full.div_ceil(64).max(self.full / 64 + self.rest.len())
    }

    /// The 64 positions from `64 * index` on.
    fn word(&self, index: usize) -> u64 {
        match index.checked_sub(self.full / 64) {
            None => u64::MAX,
            Some(offset) => {
                let below = if offset == 0 { (1 << (self.full % 64)) - 1 } else { 0 };
                self.rest.get(offset).copied().unwrap_or(0) | below
            }
        }
    }

    /// Moves `full` up as far as it goes and drops the words that this makes needless.
    fn settle(&mut self) {
        let first = self.full / 64;
        let mut index = first;
        while self.word(index) == u64::MAX {
            index += 1;
        }
        self.full = index * 64 + self.word(index).trailing_ones() as usize;
        self.rest.drain(..(index - first).min(self.rest.len()));
        let low = self.full % 64;
        if let Some(word) = self.rest.first_mut() {
            *word &= u64::MAX << low;
        }
        while self.rest.last() == Some(&0) {
            self.rest.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_holds_what_was_put_in() {
        let mut past = Past::default();
        let mut model = std::collections::BTreeSet::new();
        // 37 is coprime to 300: every position comes once, in a scattered order.
        for n in 0..300 {
            let at = n * 37 % 300;
            past.insert(at);
            model.insert(at);
            assert!((0..320).all(|at| past.contains(at) == model.contains(&at)), "after {at}");
            let full = (0..).find(|at| !model.contains(at));
            assert_eq!(Some(past.full()), full);
        }
        assert!(past.rest.is_empty());
    }

    #[test]
    fn the_union_of_two_pasts() {
        let set = |step: usize, below: usize| {
            let mut past = Past::default();
            (0..200).filter(|at| at % step == 0 || *at < below).for_each(|at| past.insert(at));
            past
        };
        for (a, b) in
            [(set(2, 0), set(3, 0)), (set(2, 70), set(7, 130)), (set(1, 200), set(5, 0)), (set(64, 64), set(2, 3))]
        {
            let both = Past::of_two(&a, &b);
            assert!((0..260).all(|at| both.contains(at) == (a.contains(at) || b.contains(at))));
            assert_eq!(both, Past::of_two(&b, &a));
        }
    }
}
