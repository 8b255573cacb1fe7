//! Member groups of which nothing has come yet, and whom they are asked of. Pure.
//!
//! Without their logs nobody can tell who is in. Whoever lets many in at once, or comes back after long, lacks many of them:
//! they are asked for all together, of one device at a time, and what that one does not have is asked of the next. When all
//! have been asked, it begins anew after a pause, each time a longer one.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use compeer_core::{DeviceId, GroupId};
use tokio::time::Instant;

/// Until everybody is asked anew. Whoever has not answered by then is not waited for.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Groups in one request.
pub(crate) const GROUPS: usize = 512;

/// The state of all asking.
#[derive(Debug, Default)]
pub(crate) struct Seeking {
    lacking: BTreeSet<GroupId>,
    /// Those of them that somebody is being asked for.
    flying: BTreeSet<GroupId>,
    /// What was asked of whom, since it last began anew.
    asked: HashMap<DeviceId, BTreeSet<GroupId>>,
    /// When it begins anew, and the pause until then.
    again: Option<(Instant, Duration)>,
}

impl Seeking {
    /// These are lacking now. Whether some were not before.
    pub(crate) fn lack(&mut self, groups: BTreeSet<GroupId>, now: Instant) -> bool {
        let news = groups.iter().any(|group| !self.lacking.contains(group));
        self.lacking = groups;
        if news {
            self.again = Some((now + FIRST_PAUSE, FIRST_PAUSE));
        }
        self.forget();
        news
    }

    /// Whether this group is asked for.
    pub(crate) fn lacks(&self, group: &GroupId) -> bool {
        self.lacking.contains(group)
    }

    /// What to ask `peer` for, as far as it has not come in another way. It counts as being asked for until
    /// [`Seeking::done`].
    pub(crate) fn plan(&mut self, peer: &DeviceId, has_come: impl Fn(&GroupId) -> bool) -> BTreeSet<GroupId> {
        if self.lacking.is_empty() {
            return BTreeSet::new();
        }
        self.lacking.retain(|group| !has_come(group));
        let asked = self.asked.entry(*peer).or_default();
        let open = self.lacking.iter().filter(|group| !self.flying.contains(*group) && !asked.contains(*group));
        let groups: BTreeSet<GroupId> = open.take(GROUPS).copied().collect();
        asked.extend(&groups);
        self.flying.extend(&groups);
        self.forget();
        groups
    }

    /// What was asked for has come, or has not. Whether there is more to ask for.
    pub(crate) fn done(&mut self, groups: &BTreeSet<GroupId>, has_come: impl Fn(&GroupId) -> bool) -> bool {
        self.flying.retain(|group| !groups.contains(group));
        self.lacking.retain(|group| !has_come(group));
        self.forget();
        !self.lacking.is_empty()
    }

    /// When it begins anew.
    pub(crate) fn again_at(&self) -> Option<Instant> {
        self.again.map(|(at, _)| at)
    }

    /// Begins anew, if it is time.
    pub(crate) fn again(&mut self, now: Instant) -> bool {
        let Some((_, pause)) = self.again.take_if(|(at, _)| *at <= now) else { return false };
        let pause = (pause * 2).min(LONGEST_PAUSE);
        self.again = Some((now + pause, pause));
        self.asked.clear();
        self.flying.clear();
        true
    }

    /// `peer` is not there any more.
    pub(crate) fn gone(&mut self, peer: &DeviceId) {
        self.asked.remove(peer);
    }

    /// Nothing is remembered of what is not lacking.
    fn forget(&mut self) {
        if self.lacking.is_empty() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(n: u8) -> GroupId {
        GroupId::from_bytes([n; 32])
    }

    fn device(n: u8) -> DeviceId {
        DeviceId::from_bytes([n; 32])
    }

    fn groups(of: impl IntoIterator<Item = u8>) -> BTreeSet<GroupId> {
        of.into_iter().map(group).collect()
    }

    fn nothing(_: &GroupId) -> bool {
        false
    }

    #[test]
    fn what_one_does_not_have_is_asked_of_the_next() {
        let mut seeking = Seeking::default();
        assert!(seeking.lack(groups(1..=4), Instant::now()));
        assert_eq!(seeking.plan(&device(1), nothing), groups(1..=4));
        assert_eq!(seeking.plan(&device(2), nothing), groups([]), "one at a time");
        assert!(seeking.done(&groups(1..=4), |come| *come <= group(2)));
        assert_eq!(seeking.plan(&device(1), nothing), groups([]), "it was asked");
        assert_eq!(seeking.plan(&device(2), |come| *come == group(3)), groups([4]));
        assert!(!seeking.done(&groups([4]), |_| true));
        assert_eq!(seeking.again_at(), None);
        assert!(seeking.asked.is_empty() && seeking.flying.is_empty());
    }

    #[test]
    fn everybody_is_asked_anew_after_longer_and_longer_pauses() {
        let (mut seeking, now) = (Seeking::default(), Instant::now());
        seeking.lack(groups([1]), now);
        assert_eq!(seeking.plan(&device(1), nothing), groups([1]));
        assert!(!seeking.lack(groups([1]), now + FIRST_PAUSE / 2), "nothing new");
        assert!(!seeking.again(now + FIRST_PAUSE / 2));
        // It has not answered, and the next is asked as well.
        assert!(seeking.again(now + FIRST_PAUSE));
        assert_eq!(seeking.again_at(), Some(now + 3 * FIRST_PAUSE));
        assert_eq!(seeking.plan(&device(2), nothing), groups([1]));
        for _ in 0..10 {
            let at = seeking.again_at().expect("goes on");
            assert!(seeking.again(at) && seeking.again_at() <= Some(at + LONGEST_PAUSE));
        }
        seeking.lack(groups([1, 2]), now);
        assert_eq!(seeking.again_at(), Some(now + FIRST_PAUSE));
        seeking.lack(groups([]), now);
        assert_eq!(seeking.again_at(), None);
    }

    #[test]
    fn one_request_is_not_endless_and_who_comes_back_is_asked() {
        let mut seeking = Seeking::default();
        let many: BTreeSet<GroupId> = (0..GROUPS as u64 + 1)
            .map(|n| {
                let mut bytes = [0; 32];
                bytes[..8].copy_from_slice(&n.to_be_bytes());
                GroupId::from_bytes(bytes)
            })
            .collect();
        seeking.lack(many, Instant::now());
        let first = seeking.plan(&device(1), nothing);
        assert_eq!(first.len(), GROUPS);
        assert_eq!(seeking.plan(&device(1), nothing).len(), 1);
        seeking.done(&first, nothing);
        seeking.gone(&device(1));
        assert_eq!(seeking.plan(&device(1), nothing), first);
    }
}
