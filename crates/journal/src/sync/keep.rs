//! Keeps the links and the talks that are wanted, and compares digests from time to time.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use compeer_core::DeviceId;
use compeer_mesh::{Link, MeshEvent};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until};
use tracing::Instrument as _;

use super::receipts::in_crowd;
use super::shared::Shared;
use super::wire::Frames;
use super::{Fault, SYNC, SyncOptions, talk};
use crate::event::JournalEvent;

/// The first pause after a talk ended while the link is up; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a link stays that is not needed any more, and how many such links there are at most.
const LINGER: Duration = Duration::from_secs(120);
const LINGERING: usize = 16;
/// Changes of members are gathered for this long, and changes of addresses: each costs a look at everybody, and a message to
/// everybody we are linked to. In a large group they are gathered longer, by so much for each device.
const GATHER: Duration = Duration::from_millis(20);
const GATHER_EACH: Duration = Duration::from_millis(2);
const GATHER_ADDRESSES: Duration = Duration::from_secs(1);
const GATHER_ADDRESSES_EACH: Duration = Duration::from_millis(50);
/// No longer than this.
const GATHER_MOST: Duration = Duration::from_secs(1);
const GATHER_ADDRESSES_MOST: Duration = Duration::from_secs(15);
/// Receipts that name all logs are sent every so many comparisons of digests.
const FULL_RECEIPTS_EVERY: u32 = 10;

/// Runs until the end.
pub(super) async fn keep(
    shared: Arc<Shared>,
    mut mesh_events: broadcast::Receiver<MeshEvent>,
    mut journal_events: broadcast::Receiver<JournalEvent>,
    options: SyncOptions,
) {
    // Spread by device id, so that not everybody compares at the same moment.
    let spread = f64::from(shared.journal.device().as_bytes()[0]) / 512.0 + 0.75;
    let repair = options.repair.mul_f64(spread);
    let mut repairs = interval_at(Instant::now() + repair, repair);
    repairs.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = interval_at(Instant::now() + options.away, options.away / 3);
    let mut rounds = 0_u32;
    let mut keeper = Keeper {
        shared: shared.clone(),
        talks: HashMap::new(),
        missing: HashMap::new(),
        away: BTreeSet::new(),
        lingering: HashMap::new(),
    };
    let mut members_at = Some(Instant::now());
    let mut addresses_at: Option<Instant> = None;
    for link in shared.mesh.links() {
        keeper.linked(&link);
    }
    loop {
        let next = members_at.into_iter().chain(addresses_at).chain(shared.seeking().again_at()).min();
        tokio::select! {
            () = shared.stop.cancelled() => return,
            event = journal_events.recv() => match event {
                Ok(JournalEvent::Rules { .. } | JournalEvent::Adopted { .. } | JournalEvent::Forgotten { .. })
                | Err(RecvError::Lagged(_)) => {
                    members_at.get_or_insert(Instant::now() + keeper.gather());
                }
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            },
            () = shared.wants_changed.notified() => members_at = Some(Instant::now()),
            event = mesh_events.recv() => match event {
                Ok(MeshEvent::PeerUp { device, .. }) => {
                    if let Some(link) = shared.mesh.link(device) {
                        keeper.linked(&link);
                    }
                }
                Ok(MeshEvent::AddressesLearned { .. }) => {
                    addresses_at.get_or_insert(Instant::now() + keeper.gather_addresses());
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => shared.mesh.links().iter().for_each(|link| keeper.linked(link)),
                Err(RecvError::Closed) => return,
            },
            _ = repairs.tick() => {
                rounds = rounds.wrapping_add(1);
                // One side of each link is enough.
                shared.sessions().iter().filter(|session| session.link.outgoing()).for_each(|session| session.say_hello());
                if rounds.is_multiple_of(FULL_RECEIPTS_EVERY) {
                    shared.say_full_receipts();
                }
            }
            _ = looks.tick() => {
                if keeper.look(options.away) {
                    members_at.get_or_insert(Instant::now());
                }
            }
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                let now = Instant::now();
                if shared.seeking().again(now) {
                    shared.seek();
                }
                if addresses_at.take_if(|at| *at <= now).is_some() {
                    shared.sessions().iter().for_each(|session| session.say_addresses());
                }
                if members_at.take_if(|at| *at <= now).is_some() {
                    keeper.refresh();
                    shared.adopt_ours().await;
                    addresses_at.get_or_insert(now + keeper.gather_addresses());
                }
            }
        }
    }
}

struct Keeper {
    shared: Arc<Shared>,
    /// By device: the link on which a task of ours opens the talk.
    talks: HashMap<DeviceId, u64>,
    /// Wanted devices without a link, and since when.
    missing: HashMap<DeviceId, Instant>,
    away: BTreeSet<DeviceId>,
    /// Linked devices that are not wanted any more, and until when they stay linked.
    lingering: HashMap<DeviceId, Instant>,
}

impl Keeper {
    /// How long changes of members are gathered.
    fn gather(&self) -> Duration {
        GATHER + in_crowd(GATHER_EACH, self.shared.crowd()).min(GATHER_MOST)
    }

    /// How long changes of addresses are gathered.
    fn gather_addresses(&self) -> Duration {
        GATHER_ADDRESSES + in_crowd(GATHER_ADDRESSES_EACH, self.shared.crowd()).min(GATHER_ADDRESSES_MOST)
    }

    /// A link is up: whoever dialled opens the talk.
    fn linked(&mut self, link: &Link) {
        if link.outgoing() && self.talks.insert(link.device(), link.id()) != Some(link.id()) {
            self.shared.tasks.spawn(keep_talking(self.shared.clone(), link.clone()).in_current_span());
        }
    }

    fn refresh(&mut self) {
        let now = Instant::now();
        let wanted = self.shared.refresh(&self.away);
        // Who is not needed any more stays linked for a while: when many come and go, the choice moves to and fro.
        for device in self.missing.keys().filter(|device| !wanted.contains(device)) {
            self.lingering.entry(*device).or_insert(now + LINGER);
        }
        let shared = &self.shared;
        self.lingering.retain(|device, until| {
            *until > now
                && !wanted.contains(device)
                && shared.gate.is_member(device)
                && shared.mesh.link(*device).is_some()
        });
        let links: BTreeSet<_> = wanted.iter().chain(self.lingering.keys().take(LINGERING)).copied().collect();
        // Also closes links to devices that the gate refuses by now.
        shared.mesh.want(links);
        self.missing.retain(|device, _| wanted.contains(device));
        for device in wanted {
            self.missing.entry(device).or_insert(now);
        }
    }

    /// Whether other devices than before count as away, or somebody has lingered enough.
    fn look(&mut self, limit: Duration) -> bool {
        let now = Instant::now();
        for (device, since) in &mut self.missing {
            if self.shared.mesh.link(*device).is_some() {
                *since = now;
            }
        }
        let away = self.missing.iter().filter(|(_, since)| now.duration_since(**since) > limit);
        let away: BTreeSet<_> = away.map(|(device, _)| *device).collect();
        let changed = away != self.away || self.lingering.values().any(|until| *until <= now);
        self.away = away;
        changed
    }
}

/// Opens the talk on a link that the other side dialled and whose talk ended because our own disk failed, once it works
/// again: the other side cannot know, and may pause for long.
pub(super) async fn talk_again(shared: &Arc<Shared>, link: &Link, mut recoveries: watch::Receiver<u64>) {
    // Each talk that the other side opens meanwhile fails as well, and one of us is enough.
    if !shared.begin_waiting(link.device()) {
        return;
    }
    loop {
        tokio::select! {
            changed = recoveries.changed() => if changed.is_err() { break },
            _ = link.closed() => break,
            () = shared.stop.cancelled() => break,
        }
        if shared.session(&link.device()).is_some() || shared.shunned_until(&link.device()).is_some() {
            break;
        }
        let Ok((send, recv)) = link.open(SYNC).await else { break };
        if talk(shared, link, send, Frames::new(recv), None).await != Fault::Ours {
            break;
        }
    }
    shared.end_waiting(&link.device());
}

/// Opens the talk on a link that we dialled, and again after a pause, for as long as the link is up.
async fn keep_talking(shared: Arc<Shared>, link: Link) {
    let mut pause = FIRST_PAUSE;
    while link.down().is_none() && !shared.stop.is_cancelled() {
        if let Some(until) = shared.shunned_until(&link.device()) {
            tokio::select! {
                () = sleep_until(until) => continue,
                _ = link.closed() => return,
                () = shared.stop.cancelled() => return,
            }
        }
        let began = Instant::now();
        let mut recoveries = shared.journal.recoveries();
        let mut ours = false;
        if let Ok((send, recv)) = link.open(SYNC).await {
            ours = talk(&shared, &link, send, Frames::new(recv), None).await == Fault::Ours;
        }
        if began.elapsed() > LONGEST_PAUSE {
            pause = FIRST_PAUSE;
        }
        tokio::select! {
            () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            // It waits only for our own disk.
            Ok(()) = recoveries.changed(), if ours => pause = FIRST_PAUSE,
            _ = link.closed() => return,
            () = shared.stop.cancelled() => return,
        }
    }
}
