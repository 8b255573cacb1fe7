//! What happens to datagrams on one way of a wire, as a pure model of a link: no sockets and no clock in here.
//!
//! A datagram first waits until the link has sent what came before it (`rate`, with a bounded queue in front), then
//! travels for `delay` give or take `jitter`. Jitter alone keeps the order, as on a real path; `reorder` says which
//! share is overtaken.

use crate::random::Random;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// How long a datagram that is to be overtaken is held back.
const HELD_BACK: Duration = Duration::from_millis(5);

/// The most bytes under way on one way of a wire, however long its delay: more is lost.
const MOST_UNDER_WAY: usize = 64 << 20;

/// What one way of a wire does to the datagrams on it. The default is a wire that does nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// Nothing passes.
    pub cut: bool,
    /// How long each datagram travels, to about a millisecond.
    pub delay: Duration,
    /// Each datagram travels up to this much longer or shorter, evenly spread.
    pub jitter: Duration,
    /// The share of datagrams that are lost, 0 to 1.
    pub loss: f64,
    /// The share of datagrams that are held back for 5 ms so that others overtake them, 0 to 1.
    pub reorder: f64,
    /// Bits per second; `None` is as fast as the machine.
    pub rate: Option<u64>,
    /// The bytes that may wait for their turn when there is a `rate`; what comes on top is lost.
    pub queue: usize,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            cut: false,
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: 0.0,
            reorder: 0.0,
            rate: None,
            queue: 256 << 10,
        }
    }
}

impl Conditions {
    /// Whether datagrams pass untouched.
    pub(super) fn is_clear(&self) -> bool {
        let default = Self { queue: self.queue, ..Self::default() };
        *self == default
    }
}

/// The datagrams under way.
#[derive(Debug)]
pub(super) struct Line<D> {
    random: Random,
    /// When the link has sent all that it took so far.
    free_at: Option<Instant>,
    /// The latest arrival that was promised to a datagram that keeps its place.
    latest: Option<Instant>,
    /// By arrival, then by order of departure.
    under_way: BTreeMap<(Instant, u64), (D, usize)>,
    bytes: usize,
    taken: u64,
}

impl<D> Line<D> {
    pub(super) fn new(random: Random) -> Self {
        Self { random, free_at: None, latest: None, under_way: BTreeMap::new(), bytes: 0, taken: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Takes a datagram of `size` bytes; false when it is lost.
    pub(super) fn take(&mut self, datagram: D, size: usize, now: Instant, conditions: &Conditions) -> bool {
        // Every datagram draws the same numbers whatever becomes of it, so that one that is lost for another reason
        // does not change the fate of those that follow.
        let lost = self.random.chance(conditions.loss);
        let held_back = self.random.chance(conditions.reorder);
        let spread = self.random.unit();
        if conditions.cut || lost || self.bytes + size > MOST_UNDER_WAY {
            return false;
        }
        let Some(sent) = self.send(size, now, conditions) else { return false };
        let jitter = conditions.jitter.mul_f64(2.0 * spread);
        let arrival = (sent + conditions.delay + jitter).checked_sub(conditions.jitter).unwrap_or(sent).max(sent);
        let arrival = if held_back {
            arrival + HELD_BACK
        } else {
            let in_order = self.latest.map_or(arrival, |latest| latest.max(arrival));
            self.latest = Some(in_order);
            in_order
        };
        self.under_way.insert((arrival, self.taken), (datagram, size));
        self.taken += 1;
        self.bytes += size;
        true
    }

    /// When the link has sent this datagram; none when the queue before it is full.
    fn send(&mut self, size: usize, now: Instant, conditions: &Conditions) -> Option<Instant> {
        let Some(rate) = conditions.rate else {
            self.free_at = None;
            return Some(now);
        };
        let start = self.free_at.map_or(now, |free_at| free_at.max(now));
        let waiting = (start - now).as_secs_f64() * rate as f64 / 8.0;
        if waiting + size as f64 > conditions.queue as f64 {
            return None;
        }
        let sent = start + Duration::from_secs_f64(size as f64 * 8.0 / rate.max(1) as f64);
        self.free_at = Some(sent);
        Some(sent)
    }

    /// When the next datagram arrives.
    pub(super) fn next_arrival(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|((arrival, _), _)| *arrival)
    }

    /// The next datagram that has arrived by now.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<D> {
        let first = self.under_way.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        let (datagram, size) = first.remove();
        self.bytes -= size;
        Some(datagram)
    }

    /// Loses all that is under way, and says how many that were.
    pub(super) fn clear(&mut self) -> usize {
        let lost = self.under_way.len();
        self.under_way.clear();
        self.bytes = 0;
        self.free_at = None;
        self.latest = None;
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Sends `count` datagrams of 1,000 bytes at once and returns (number, milliseconds until it arrived).
    fn arrivals(conditions: Conditions, count: u32, seed: u64) -> Vec<(u32, u128)> {
        let start = Instant::now();
        let mut line = Line::new(Random::new(seed));
        for number in 0..count {
            line.take(number, 1_000, start, &conditions);
        }
        let mut arrived = Vec::new();
        while let Some(at) = line.next_arrival() {
            assert_eq!(line.arrived(at - Duration::from_nanos(1)), None, "nothing arrives early");
            arrived.push((line.arrived(at).unwrap(), (at - start).as_millis()));
        }
        assert_eq!(line.bytes, 0);
        arrived
    }

    #[test]
    fn delay_is_the_same_for_all() {
        assert_eq!(arrivals(Conditions { delay: 30 * MS, ..Conditions::default() }, 2, 1), [(0, 30), (1, 30)]);
    }

    #[test]
    fn jitter_spreads_and_keeps_the_order() {
        let arrived = arrivals(Conditions { delay: 30 * MS, jitter: 10 * MS, ..Conditions::default() }, 100, 1);
        assert!(arrived.is_sorted());
        assert!(arrived.iter().all(|(_, ms)| (20..=40).contains(ms)));
        assert!(arrived.first().unwrap().1 < arrived.last().unwrap().1);
    }

    #[test]
    fn loss_is_a_share_and_repeats_with_its_seed() {
        let lossy = Conditions { loss: 0.2, ..Conditions::default() };
        let arrived = arrivals(lossy, 10_000, 5).len();
        assert!((7_800..8_200).contains(&arrived), "{arrived} of 10,000");
        assert_eq!(arrivals(lossy, 100, 5), arrivals(lossy, 100, 5));
        assert_ne!(arrivals(lossy, 100, 5), arrivals(lossy, 100, 6));
        assert!(arrivals(Conditions { loss: 1.0, ..Conditions::default() }, 100, 5).is_empty());
    }

    #[test]
    fn reordering_lets_others_overtake() {
        let arrived = arrivals(Conditions { reorder: 0.1, ..Conditions::default() }, 1_000, 5);
        let held_back = arrived.iter().filter(|(_, ms)| *ms == 5).count();
        assert_eq!(arrived.len(), 1_000);
        assert!((60..140).contains(&held_back), "{held_back} of 1,000");
    }

    #[test]
    fn rate_spaces_datagrams_and_a_full_queue_loses_them() {
        // 1,000 bytes at 1 Mbit/s take 8 ms.
        let slow = Conditions { rate: Some(1_000_000), queue: 5_000, ..Conditions::default() };
        assert_eq!(arrivals(slow, 100, 1), [(0, 8), (1, 16), (2, 24), (3, 32), (4, 40)]);
    }

    #[test]
    fn a_cut_loses_what_is_under_way() {
        let conditions = Conditions { delay: MS, ..Conditions::default() };
        let mut line = Line::new(Random::new(1));
        line.take((), 10, Instant::now(), &conditions);
        assert_eq!(line.clear(), 1);
        assert!(line.is_empty());
        assert!(!line.take((), 10, Instant::now(), &Conditions { cut: true, ..conditions }));
    }
}
